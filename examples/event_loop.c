/* event_loop - a reader in a loop of epoll, beside a pipe.
 *
 * The loop knows nothing of torc: it waits for descriptors, and the reader's is one of them. Each call reads at most a
 * handful of events; what is left keeps the descriptor readable, so the loop comes back for it. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <torc.h>
#include <unistd.h>

enum { TICK = 1, TICKS = 20000, BYTES = 100, HANDFUL = 16 };

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "event_loop: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "event_loop: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

struct source {
    struct torc_publisher *publisher;
    struct torc_bus *bus;
    int pipe;
};

/* Ticks through the bus, and a byte through the pipe now and then. */
static void *publish(void *context) {
    struct source *source = context;
    for (uint64_t tick = 0; tick < TICKS; tick++) {
        must(torc_publish(source->publisher, TICK, &tick, sizeof tick), "publish");
        if (tick % (TICKS / BYTES) == 0) {
            expect(write(source->pipe, "x", 1) == 1, "the pipe takes a byte");
        }
    }
    must(torc_bus_close(source->bus), "close the bus");
    expect(close(source->pipe) == 0, "close the pipe");
    return NULL;
}

/* Called by the loop when the reader's descriptor is readable. False at the end. */
static bool on_events(struct torc_reader *reader, uint64_t *expected) {
    struct torc_event event;
    int status = TORC_OK;
    for (int i = 0; i < HANDFUL && status == TORC_OK; i++) {
        status = torc_next(reader, &event);
        if (status == TORC_OK) {
            expect(*torc_view(&event, uint64_t) == *expected, "every tick comes, in order");
            ++*expected;
        }
    }
    expect(status == TORC_OK || status == TORC_EMPTY || status == TORC_CLOSED, "nothing else can come");
    return status != TORC_CLOSED;
}

static void watch(int loop, int fd, void *what) {
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = what};
    expect(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &wanted) == 0, "the loop takes a descriptor");
}

/* Until both have ended. */
static uint64_t run(struct torc_reader *reader, int pipe) {
    uint64_t ticks = 0, bytes = 0, turns = 0;
    int open = 2, loop = epoll_create1(EPOLL_CLOEXEC), fd = torc_reader_fd(reader);
    expect(loop >= 0 && fd >= 0, "the reader has a descriptor");
    watch(loop, fd, reader);
    watch(loop, pipe, NULL);
    for (; open > 0; turns++) {
        struct epoll_event ready;
        int count = epoll_wait(loop, &ready, 1, -1);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        expect(count == 1, "the loop waits");
        if (ready.data.ptr == reader) {
            if (!on_events(reader, &ticks)) {
                expect(epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL) == 0, "a reader at its end leaves the loop");
                open--;
            }
        } else {
            char byte;
            bytes += read(pipe, &byte, 1) == 1 ? 1 : 0;
            if ((ready.events & EPOLLHUP) != 0 && bytes == BYTES) {
                (void)epoll_ctl(loop, EPOLL_CTL_DEL, pipe, NULL);
                open--;
            }
        }
    }
    expect(ticks == TICKS && bytes == BYTES, "all ticks and all bytes arrived");
    expect(close(loop) == 0, "close the loop");
    return turns;
}

int main(void) {
    struct source source;
    struct torc_topic *topic;
    struct torc_reader *reader;
    pthread_t thread;
    int ends[2];
    uint64_t turns;

    expect(pipe(ends) == 0, "make a pipe");
    must(torc_bus_create(NULL, &source.bus), "create the bus");
    must(torc_topic_open(source.bus, "ticks", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &reader), "open the reader");
    must(torc_publisher_open(topic, NULL, &source.publisher), "open the publisher");
    source.pipe = ends[1];
    expect(pthread_create(&thread, NULL, publish, &source) == 0, "start the publisher");

    turns = run(reader, ends[0]);

    expect(pthread_join(thread, NULL) == 0, "join the publisher");
    expect(close(ends[0]) == 0, "close the pipe");
    must(torc_publisher_close(source.publisher), "close the publisher");
    must(torc_reader_close(reader), "close the reader");
    must(torc_bus_destroy(&source.bus, NULL), "destroy the bus");
    printf("event_loop: ok: %d events and %d bytes from one epoll loop in %llu turns\n", TICKS, BYTES,
           (unsigned long long)turns);
    return EXIT_SUCCESS;
}
