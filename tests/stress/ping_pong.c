/* ping_pong.c - one event at a time between two blocking readers: every event needs its own wake-up, and a single lost
 * one stops the game for good. Random pauses move the moment of publishing across the moment of falling asleep. Played
 * with one lane per direction and with several that take turns. */
#include "engine.h"
#include <inttypes.h>

enum { LANES = 3 };

struct side {
    const char *name;
    struct torc_reader *hears;
    struct torc_publisher *says[LANES];
    uint32_t lanes;
    uint64_t rounds;
    uint64_t random;
    bool serves;
    uint64_t pause;
};

static void say(struct side *side, uint64_t round) {
    unsigned char ball[TORC_INLINE_BYTES];
    stress_doing("answers");
    stress_fill(ball, sizeof ball, 1, round);
    OK(torc_publish(side->says[stress_below(&side->random, side->lanes)], 1, ball, sizeof ball));
}

static void hear(struct side *side, uint64_t round) {
    struct torc_event event;
    stress_doing("sleeps until the other has answered");
    stress_spin(&side->random, side->pause);
    if (stress_below(&side->random, 4) == 0) {
        OK(torc_wait_readable(side->hears, TORC_FOREVER));
    }
    OK(torc_next_until(side->hears, &event, TORC_FOREVER));
    stress_verify(event.data, event.length, 1, round);
}

static void *play(void *argument) {
    struct side *side = argument;
    for (uint64_t round = 0; round < side->rounds; round++) {
        /* The defect: one ball is answered with the one before. */
        uint64_t ball = stress_broken && !side->serves && round == side->rounds / 2 ? round + 1 : round;
        if (side->serves) {
            say(side, round);
            hear(side, round);
        } else {
            hear(side, round);
            say(side, ball);
        }
        stress_progress(round + 1);
    }
    return NULL;
}

static void open_side(struct side *side, struct torc_topic *out, struct torc_topic *in) {
    side->hears = stress_reader(in, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
    for (uint32_t i = 0; i < side->lanes; i++) {
        side->says[i] = stress_publisher(out, TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    }
}

static void close_side(struct side *side) {
    for (uint32_t i = 0; i < side->lanes; i++) {
        stress_publisher_end(side->says[i]);
    }
    stress_reader_end(side->hears);
}

static void game(uint32_t lanes, uint64_t rounds, uint64_t pause) {
    struct torc_config config = stress_small(2 * LANES, 2, 4);
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *there = stress_topic(bus, "ping");
    struct torc_topic *back = stress_topic(bus, "pong");
    struct side sides[2] = {{.name = "ping", .serves = true, .random = 1}, {.name = "pong", .random = 2}};
    struct stress_thread *threads[2];
    for (size_t i = 0; i < 2; i++) {
        sides[i].lanes = lanes;
        sides[i].rounds = stress_scaled(rounds);
        sides[i].pause = pause;
        open_side(&sides[i], i == 0 ? there : back, i == 0 ? back : there);
    }
    for (size_t i = 0; i < 2; i++) {
        threads[i] = stress_spawn(sides[i].name, play, &sides[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        (void)stress_join(threads[i]);
    }
    stress_say("%" PRIu64 " rounds, lanes %u, pauses up to %" PRIu64, sides[0].rounds, (unsigned)lanes, pause);
    close_side(&sides[0]);
    close_side(&sides[1]);
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "ping_pong", STRESS_PAYLOAD, "one ball is answered with another one");
    game(1, 100000, 0);
    game(1, 50000, 2000);
    game(LANES, 50000, 0);
    game(LANES, 25000, 2000);
    return stress_end();
}
