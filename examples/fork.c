/* fork - a parent with a bus forks workers: what a child may not do, and what it does instead.
 *
 * A child must not use a bus that it inherited: every call on it answers TORC_FORKED and touches nothing. One child
 * makes a bus of its own, with publisher and reader; another leaves all of it behind by exec. The parent's bus never
 * notices: what was published before the children came is read after they are gone, and what it holds is still its own
 * to release. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <torc.h>
#include <unistd.h>

enum { NUMBER = 1, NUMBERS = 100, SQUARED = 12 * 12 };

/* One bus with a topic and both its ends. */
struct world {
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
};

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "fork: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "fork: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void open_world(struct world *world) {
    must(torc_bus_create(NULL, &world->bus), "create a bus");
    must(torc_topic_open(world->bus, "numbers", 0, &world->topic), "open the topic");
    must(torc_reader_open(world->topic, NULL, &world->reader), "open the reader");
    must(torc_publisher_open(world->topic, NULL, &world->publisher), "open the publisher");
}

static void end_world(struct world *world) {
    must(torc_publisher_close(world->publisher), "close the publisher");
    must(torc_reader_close(world->reader), "close the reader");
    must(torc_bus_destroy(&world->bus, NULL), "destroy the bus");
}

static void publish_number(struct world *world, uint32_t number) {
    must(torc_publish(world->publisher, NUMBER, &number, sizeof number), "publish");
}

static uint32_t read_number(struct world *world) {
    struct torc_event event;
    must(torc_next_until(world->reader, &event, TORC_FOREVER), "read");
    return *torc_view(&event, uint32_t);
}

/* The inherited objects are copies of somebody else's. Each call says so, and none can do any harm. */
static void try_what_is_inherited(const struct world *inherited, struct torc_ringptr kept) {
    struct torc_bus *bus = inherited->bus;
    struct torc_event event;
    uint32_t number = 0;
    expect(torc_publish(inherited->publisher, NUMBER, &number, sizeof number) == TORC_FORKED, "it cannot publish");
    expect(torc_next(inherited->reader, &event) == TORC_FORKED, "nor read");
    expect(torc_ringptr_release(kept) == TORC_FORKED, "nor release what the parent holds");
    expect(torc_publisher_close(inherited->publisher) == TORC_FORKED, "nor close the parent's ends");
    expect(torc_bus_destroy(&bus, NULL) == TORC_FORKED, "nor destroy the bus");
}

/* A bus of its own is like any other. The exit status is its result; the inherited bus is simply left alone. */
static void work_on_a_bus_of_its_own(const struct world *inherited, struct torc_ringptr kept) {
    struct world own;
    uint32_t number;
    try_what_is_inherited(inherited, kept);
    open_world(&own);
    publish_number(&own, 12);
    number = read_number(&own);
    end_world(&own);
    _exit((int)(number * number));
}

/* Nothing of torc survives exec, and nothing needs to be closed before it. */
static void become_another_program(void) {
    (void)execlp("sh", "sh", "-c", "exit 7", (char *)NULL);
    _exit(127);
}

static int wait_for(pid_t child) {
    int how = 0;
    expect(child > 0, "fork");
    expect(waitpid(child, &how, 0) == child && WIFEXITED(how), "the child ends by itself");
    return WEXITSTATUS(how);
}

int main(void) {
    struct world world;
    struct torc_event event;
    struct torc_ringptr kept;
    pid_t child;

    open_world(&world);
    for (uint32_t i = 0; i < NUMBERS; i++) {
        publish_number(&world, i);
    }
    must(torc_next(world.reader, &event), "read the first");
    must(torc_keep(world.reader, &event, &kept), "keep it");

    child = fork();
    if (child == 0) {
        work_on_a_bus_of_its_own(&world, kept);
    }
    expect(wait_for(child) == SQUARED, "the first child worked with a bus of its own");
    child = fork();
    if (child == 0) {
        become_another_program();
    }
    expect(wait_for(child) == 7, "the second became another program");

    for (uint32_t i = 1; i < NUMBERS; i++) {
        expect(read_number(&world) == i, "the parent reads on where it was");
    }
    must(torc_ringptr_release(kept), "release what was kept");
    must(torc_audit(world.bus, NULL), "audit");
    end_world(&world);
    printf("fork: ok: one child had a bus of its own, one became another program, the parent's bus noticed neither\n");
    return EXIT_SUCCESS;
}
