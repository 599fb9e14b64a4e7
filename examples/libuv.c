/* libuv - a reader in a loop of libuv, beside a timer.
 *
 * Needs libuv; where it was not found when this was built, the program says so and is skipped (make libuv installs
 * it). */
#include <stdio.h>

enum { SKIPPED = 77 };

#ifndef HAVE_LIBUV

int main(void) {
    printf("libuv: built without libuv: run \"make libuv\"\n");
    return SKIPPED;
}

#else

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <torc.h>
#include <uv.h>

enum { TICK = 1, TICKS = 20000, HANDFUL = 64 };

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "libuv: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "libuv: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

struct world {
    struct torc_bus *bus;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
    uv_poll_t poll;
    uv_timer_t timer;
    uint64_t ticks, turns, timeouts;
};

static void *publish(void *context) {
    struct world *world = context;
    for (uint64_t tick = 0; tick < TICKS; tick++) {
        must(torc_publish(world->publisher, TICK, &tick, sizeof tick), "publish");
    }
    must(torc_bus_close(world->bus), "close the bus");
    return NULL;
}

/* A handful of events per turn; the rest keeps the descriptor readable. At the end both handles leave the loop, which
 * ends it. */
static void on_readable(uv_poll_t *poll, int failed, int events) {
    struct world *world = poll->data;
    struct torc_event event;
    int status = TORC_OK;
    expect(failed == 0 && (events & UV_READABLE) != 0, "the descriptor is readable");
    world->turns++;
    for (int i = 0; i < HANDFUL && status == TORC_OK; i++) {
        status = torc_next(world->reader, &event);
        if (status == TORC_OK) {
            expect(*torc_view(&event, uint64_t) == world->ticks, "every tick comes, in order");
            world->ticks++;
        }
    }
    if (status == TORC_CLOSED) {
        uv_close((uv_handle_t *)&world->poll, NULL);
        uv_close((uv_handle_t *)&world->timer, NULL);
    }
}

static void on_timer(uv_timer_t *timer) {
    ((struct world *)timer->data)->timeouts++;
}

int main(void) {
    struct world world = {.ticks = 0};
    struct torc_topic *topic;
    pthread_t thread;
    uv_loop_t loop;
    int fd;

    must(torc_bus_create(NULL, &world.bus), "create the bus");
    must(torc_topic_open(world.bus, "ticks", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &world.reader), "open the reader");
    must(torc_publisher_open(topic, NULL, &world.publisher), "open the publisher");
    must(fd = torc_reader_fd(world.reader), "get the reader's descriptor");

    expect(uv_loop_init(&loop) == 0, "start the loop");
    expect(uv_poll_init(&loop, &world.poll, fd) == 0 && uv_timer_init(&loop, &world.timer) == 0, "add to the loop");
    world.poll.data = world.timer.data = &world;
    expect(uv_poll_start(&world.poll, UV_READABLE, on_readable) == 0, "wait for the reader");
    expect(uv_timer_start(&world.timer, on_timer, 0, 1) == 0, "start a timer");
    expect(pthread_create(&thread, NULL, publish, &world) == 0, "start the publisher");

    expect(uv_run(&loop, UV_RUN_DEFAULT) == 0, "the loop runs until the reader is at its end");

    expect(world.ticks == TICKS, "all ticks arrived");
    expect(pthread_join(thread, NULL) == 0, "join the publisher");
    expect(uv_loop_close(&loop) == 0, "close the loop");
    must(torc_publisher_close(world.publisher), "close the publisher");
    must(torc_reader_close(world.reader), "close the reader");
    must(torc_bus_destroy(&world.bus, NULL), "destroy the bus");
    printf("libuv: ok: %d events in %llu turns of a libuv loop, %llu timeouts beside\n", TICKS,
           (unsigned long long)world.turns, (unsigned long long)world.timeouts);
    return EXIT_SUCCESS;
}

#endif
