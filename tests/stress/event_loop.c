/* event_loop.c - one event at a time between two threads that sleep in epoll: every event needs its own wake-up, and a
 * single lost one stops the game for good. When a side has seen that there is nothing, its descriptor must be quiet: a
 * stale wake-up would keep a level-triggered loop busy for ever. Played with several lanes that take turns, and with a
 * second reader asleep beside. */
#include "engine.h"
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { LANES = 3 };

struct side {
    struct torc_reader *hears;
    struct torc_publisher *says[LANES];
    uint64_t rounds;
    uint64_t random;
    int loop, fd;
    bool serves, edge;
    uint64_t wakes;
};

static void say(struct side *side, uint64_t round) {
    unsigned char ball[TORC_INLINE_BYTES];
    stress_doing("answers");
    stress_fill(ball, sizeof ball, 1, round);
    OK(torc_publish(side->says[stress_below(&side->random, LANES)], 1, ball, sizeof ball));
}

static bool unreadable(const struct side *side) {
    struct pollfd wanted = {.fd = side->fd, .events = POLLIN};
    return poll(&wanted, 1, 0) == 0;
}

/* Whoever published the ball may have been held up before it told us: we had read it, and were armed anew, by then.
 * That is one wake-up for nothing, and the next look takes it away. (With the defect that look would hide it.) */
static bool quiet(const struct side *side) {
    struct torc_event event;
    return unreadable(side) || (!stress_broken && torc_next(side->hears, &event) == TORC_EMPTY && unreadable(side));
}

/* One call of the loop: all there is, or one event with the rest left to the next call. */
static uint64_t on_readable(struct side *side, uint64_t round) {
    struct torc_event event;
    uint64_t came = 0;
    int status;
    do {
        status = torc_next(side->hears, &event);
        if (status == TORC_OK) {
            stress_verify(event.data, event.length, 1, round);
            came++;
        }
    } while (status == TORC_OK && (side->edge || stress_below(&side->random, 2) == 0) && !stress_broken);
    CHECK(status == TORC_OK || status == TORC_EMPTY, "%s", torc_status_name(status));
    /* Once the ball has come nobody serves before we answer. The defect: the end of a call is taken for the end of the
     * events. */
    DETECT(STRESS_STATUS, came == 0 || (status == TORC_OK && !stress_broken) || quiet(side),
           "readable although there is nothing, after %llu wake-ups", (unsigned long long)side->wakes);
    return came;
}

static void hear(struct side *side, uint64_t round) {
    uint64_t came = 0;
    stress_doing("sleeps in epoll until the other has answered");
    stress_spin(&side->random, 500);
    while (came == 0) {
        struct epoll_event ready;
        int count = epoll_wait(side->loop, &ready, 1, -1);
        if (count < 0 && errno == EINTR) { /* the process was stopped, and goes on */
            continue;
        }
        CHECK(count == 1, "epoll_wait");
        side->wakes++;
        came = on_readable(side, round);
    }
    CHECK(came == 1, "one ball at a time");
}

static void *play(void *argument) {
    struct side *side = argument;
    for (uint64_t round = 0; round < side->rounds; round++) {
        if (side->serves) {
            say(side, round);
        }
        hear(side, round);
        if (!side->serves) {
            say(side, round);
        }
        stress_progress(round + 1);
    }
    return NULL;
}

static void open_side(struct side *side, struct torc_topic *out, struct torc_topic *in) {
    struct epoll_event wanted = {.events = side->edge ? EPOLLIN | EPOLLET : EPOLLIN};
    side->hears = stress_reader(in, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
    side->fd = torc_reader_fd(side->hears);
    CHECK(side->fd >= 0, "a descriptor");
    side->loop = epoll_create1(EPOLL_CLOEXEC);
    CHECK(side->loop >= 0 && epoll_ctl(side->loop, EPOLL_CTL_ADD, side->fd, &wanted) == 0, "epoll");
    for (uint32_t i = 0; i < LANES; i++) {
        side->says[i] = stress_publisher(out, TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    }
}

/* Reads what comes, asleep in torc_next_until, so that announcements are taken back for two. */
static void *listen(void *reader) {
    struct torc_event event;
    stress_doing("listens");
    while (torc_next_until(reader, &event, TORC_FOREVER) == TORC_OK) {
    }
    return NULL;
}

static void game(uint64_t rounds, bool edge, bool beside) {
    struct torc_config config = stress_small(2 * LANES, 3, 16);
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *topics[2] = {stress_topic(bus, "ping"), stress_topic(bus, "pong")};
    struct side sides[2] = {{.serves = true, .random = 1}, {.random = 2}};
    struct torc_reader *beside_reader = NULL;
    struct stress_thread *threads[2], *listener = NULL;
    for (size_t i = 0; i < 2; i++) {
        sides[i].rounds = stress_scaled(rounds);
        sides[i].edge = edge;
        open_side(&sides[i], topics[i], topics[1 - i]);
    }
    if (beside) {
        beside_reader = stress_reader(topics[0], TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
        listener = stress_spawn("listener", listen, beside_reader);
    }
    for (size_t i = 0; i < 2; i++) {
        threads[i] = stress_spawn(i == 0 ? "ping" : "pong", play, &sides[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        (void)stress_join(threads[i]);
    }
    OK(torc_bus_close(bus));
    if (beside) {
        (void)stress_join(listener);
        stress_reader_end(beside_reader);
    }
    stress_say("%llu rounds, %s-triggered%s: %llu wake-ups", (unsigned long long)sides[0].rounds,
               edge ? "edge" : "level", beside ? ", a sleeper beside" : "",
               (unsigned long long)sides[0].wakes + (unsigned long long)sides[1].wakes);
    for (size_t i = 0; i < 2; i++) {
        DETECT(STRESS_STATUS, !quiet(&sides[i]), "closed, and the descriptor is not readable");
        for (uint32_t lane = 0; lane < LANES; lane++) {
            stress_publisher_end(sides[i].says[lane]);
        }
        stress_reader_end(sides[i].hears);
        (void)close(sides[i].loop);
    }
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "event_loop", STRESS_STATUS, "the end of a call is taken for the end of the events");
    game(60000, false, false);
    game(40000, true, false);
    game(40000, false, true);
    return stress_end();
}
