/* group - a queue of jobs and a group of workers: each job goes to one of them, and what a worker leaves behind another
 * one takes up.
 *
 * The first worker is told to stop in the middle of a job: it leaves without having finished, and the job comes again
 * before anything newer, marked as a second attempt. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { JOB = 1, JOBS = 20000, WORKERS = 3, QUITS_AT = 50 };

static struct torc_group *group;
static atomic_uint finished[JOBS];

struct worker {
    bool quits; /* in the middle of its QUITS_AT-th job */
    uint64_t jobs, second_attempts;
};

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "group: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "group: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void *work(void *argument) {
    struct worker *self = argument;
    struct torc_delivery delivery;
    struct torc_member *member;
    int status;
    must(torc_group_join(group, &member), "join the group");
    while ((status = torc_member_next_until(member, &delivery, TORC_FOREVER)) == TORC_OK) {
        if (self->quits && self->jobs == QUITS_AT) {
            break; /* the job is still in hand */
        }
        atomic_fetch_add(&finished[*torc_view(&delivery.event, uint64_t)], 1);
        self->jobs++;
        self->second_attempts += delivery.attempt == 2;
        must(torc_member_done(member, &delivery), "finish a job");
    }
    expect(self->quits || status == TORC_CLOSED, "a worker ends when the bus is closed and all jobs are finished");
    must(torc_member_close(member), "leave the group");
    return NULL;
}

static void publish(struct torc_publisher *publisher, uint64_t first, uint64_t end) {
    for (uint64_t job = first; job < end; job++) {
        must(torc_publish(publisher, JOB, &job, sizeof job), "publish a job");
    }
}

int main(void) {
    struct torc_bus *bus;
    struct torc_topic *jobs;
    struct torc_publisher *publisher;
    struct worker workers[WORKERS] = {{.quits = true}};
    pthread_t threads[WORKERS];
    uint64_t sum = 0, second_attempts = 0;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "jobs", 0, &jobs), "open the topic");
    must(torc_group_open(jobs, NULL, &group), "open the group");
    must(torc_publisher_open(jobs, NULL, &publisher), "open the publisher");

    publish(publisher, 0, QUITS_AT + 1);
    expect(pthread_create(&threads[0], NULL, work, &workers[0]) == 0, "pthread_create");
    expect(pthread_join(threads[0], NULL) == 0, "pthread_join"); /* the last job is not finished */
    for (size_t i = 1; i < WORKERS; i++) {
        expect(pthread_create(&threads[i], NULL, work, &workers[i]) == 0, "pthread_create");
    }
    publish(publisher, QUITS_AT + 1, JOBS);
    must(torc_bus_close(bus), "close the bus");
    for (size_t i = 0; i < WORKERS; i++) {
        expect(i == 0 || pthread_join(threads[i], NULL) == 0, "pthread_join");
        sum += workers[i].jobs;
        second_attempts += workers[i].second_attempts;
    }

    for (size_t job = 0; job < JOBS; job++) {
        expect(atomic_load(&finished[job]) == 1, "every job is finished once");
    }
    expect(sum == JOBS && second_attempts == 1, "one job was taken up by another worker");
    must(torc_group_close(group), "close the group");
    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("group: ok: %d jobs by %d workers, one of them at the second attempt\n", JOBS, WORKERS);
    return EXIT_SUCCESS;
}
