/* soak.c [--broken] SECONDS - lives one after another until the time is up; reports what happened and whether memory
 * grew. */
#include "soak.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WARM_UP_LIVES = 20, LIFE_LIMIT_SECONDS = 900, FORGET_EVERY = 10000, GROWTH_KB = 4096 };

/* --- one life ----------------------------------------------------------------------------------------------------- */

static void begin(struct soak *soak) {
    static const uint32_t entries[] = {4, 64, 1024};
    struct torc_config config =
        stress_small(PUBLISHERS, STEADY + VISITORS + ACTORS, entries[stress_below(&soak->random, 3)]);
    config.flags = stress_below(&soak->random, 4) == 0 ? TORC_HUGE_PAGES : TORC_NO_PREFAULT;
    soak->bus = stress_bus(&config);
    CHECK(pthread_mutex_init(&soak->bag_lock, NULL) == 0, "mutex");
    for (size_t i = 0; i < TOPICS; i++) {
        soak->topics[i].topic = stress_topic(soak->bus, i == 0 ? "even" : "odd");
        CHECK(pthread_mutex_init(&soak->topics[i].lock, NULL) == 0, "mutex");
        soak->steady[i] =
            stress_reader(soak->topics[i].topic, stress_waits[stress_below(&soak->random, 4)], TORC_JOIN_NEXT);
    }
    for (size_t i = 0; i < VISITORS; i++) {
        CHECK(pthread_mutex_init(&soak->seats[i].lock, NULL) == 0, "mutex");
    }
    for (size_t i = 0; i < ACTORS; i++) {
        const struct torc_actor_config actor = {.context = soak,
                                                .on_message = soak_on_message,
                                                .on_event = soak_on_event,
                                                .mailbox = 1u << stress_below(&soak->random, 8),
                                                .full = (enum torc_mailbox_full)stress_below(&soak->random, 2),
                                                .wait = stress_waits[stress_below(&soak->random, 4)],
                                                .topics = &soak->topics[i % TOPICS].topic,
                                                .topic_count = stress_below(&soak->random, 2)};
        OK(torc_actor_start(soak->bus, &actor, &soak->actors[i]));
    }
}

/* The end of publishing: by itself, or at any moment. */
static void end_publishing(struct soak *soak, struct stress_thread **publishers) {
    if (stress_below(&soak->random, 3) == 0) {
        uint64_t enough = atomic_load(&soak_tally.events) + stress_below(&soak->random, 2000);
        void *result;
        bool joined = false;
        stress_doing("waits for the moment to close");
        while (!joined && atomic_load(&soak_tally.events) < enough) {
            joined = stress_try_join(publishers[0], &result);
        }
        (void)atomic_fetch_add(&soak_tally.closed, 1);
        OK(torc_bus_close(soak->bus));
        publishers += joined;
        for (size_t i = joined; i < PUBLISHERS; i++) {
            (void)stress_join(*publishers++);
        }
        return;
    }
    stress_doing("waits for the publishers");
    for (size_t i = 0; i < PUBLISHERS; i++) {
        (void)stress_join(publishers[i]);
    }
    stress_doing("drains");
    OK(torc_bus_drain(soak->bus, TORC_FOREVER));
    OK(torc_bus_close(soak->bus));
}

static void stop_actors(struct soak *soak) {
    struct torc_actor_stats stats;
    for (size_t i = 0; i < ACTORS; i++) {
        OK(torc_actor_stop(soak->actors[i], stress_below(&soak->random, 2) == 0 ? TORC_STOP_DRAIN : TORC_STOP_DROP,
                           &stats));
        DETECT(STRESS_SUM, stats.sent == stats.messages + stats.dropped,
               "an actor was sent %" PRIu64 ", handled %" PRIu64 ", dropped %" PRIu64, stats.sent, stats.messages,
               stats.dropped);
    }
}

static void end(struct soak *soak, const struct soak_role *readers) {
    struct torc_ringptr *bag = soak->bag;
    for (size_t i = 0; i < soak->bagged; i++) {
        soak_release(bag[i]);
    }
    for (size_t i = 0; i < TOPICS; i++) {
        stress_same(&soak->topics[i].written, &readers[i].read, "a steady reader");
        stress_reader_end(soak->steady[i]);
        CHECK(pthread_mutex_destroy(&soak->topics[i].lock) == 0, "mutex");
    }
    stress_bus_end(soak->bus);
}

static void live(struct soak *soak) {
    struct soak_role readers[STEADY] = {0};
    struct soak_role visitors[VISITORS] = {0};
    struct stress_thread *publishers[PUBLISHERS];
    struct stress_thread *others[STEADY + VISITORS + 1];
    begin(soak);
    for (size_t i = 0; i < STEADY; i++) {
        readers[i] = (struct soak_role){.soak = soak, .index = i};
        others[i] = stress_spawn("steady reader", soak_read_steadily, &readers[i]);
    }
    for (size_t i = 0; i < VISITORS; i++) {
        visitors[i] = (struct soak_role){.soak = soak, .index = i};
        others[STEADY + i] = stress_spawn("visitor", soak_visit, &visitors[i]);
    }
    others[STEADY + VISITORS] = stress_spawn("janitor", soak_clean_up, soak);
    for (size_t i = 0; i < PUBLISHERS; i++) {
        publishers[i] = stress_spawn("publisher", soak_publish, soak);
    }
    end_publishing(soak, publishers);
    stress_doing("waits for the others");
    atomic_store(&soak->over, true);
    for (size_t i = 0; i < STEADY + VISITORS + 1; i++) {
        (void)stress_join(others[i]);
    }
    stop_actors(soak);
    end(soak, readers);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { MEMORY_IS_SANITIZERS = 1 };
#else
enum { MEMORY_IS_SANITIZERS = 0 };
#endif

static uint64_t resident_kb(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    uint64_t pages = 0;
    CHECK(file != NULL && fscanf(file, "%*u %" SCNu64, &pages) == 1, "no /proc/self/statm");
    (void)fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

struct memory {
    uint64_t lives, warm_kb, last_kb, peak_kb;
};

/* At a quiet point. What the allocator merely keeps for later is given back first. */
static void look_at_memory(struct memory *memory) {
    memory->lives++;
    memory->peak_kb = resident_kb() > memory->peak_kb ? resident_kb() : memory->peak_kb;
    (void)malloc_trim(0);
    memory->last_kb = resident_kb();
    if (memory->lives <= WARM_UP_LIVES && memory->last_kb > memory->warm_kb) {
        memory->warm_kb = memory->last_kb;
    }
    DETECT(STRESS_SUM, MEMORY_IS_SANITIZERS || memory->last_kb <= memory->warm_kb + GROWTH_KB,
           "memory grows: %" PRIu64 " KB at a quiet point, at most %" PRIu64 " KB in the first %d lives",
           memory->last_kb, memory->warm_kb, (int)WARM_UP_LIVES);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void hangs(int signal) {
    (void)signal;
    (void)fprintf(stderr, "soak: HANGS: one life takes more than %d s\n", (int)LIFE_LIMIT_SECONDS);
    stress_diagnose();
    _exit(1);
}

static void report(const struct memory *memory, uint64_t seconds) {
    const struct soak_tally *t = &soak_tally;
    stress_say("%" PRIu64 " lives in %" PRIu64 " s, %" PRIuFAST64 " of them closed in full flow", memory->lives,
               seconds, t->closed);
    stress_say("%" PRIuFAST64 " events, %" PRIuFAST64 " claims aborted, %" PRIuFAST64 " refused in time, %" PRIuFAST64
               " by dry pools; %" PRIuFAST64 " publishers opened",
               t->events, t->aborted, t->late, t->dry, t->opened);
    stress_say("%" PRIuFAST64 " kept, %" PRIuFAST64 " releases, %" PRIuFAST64 " messages sent, %" PRIuFAST64
               " handled; %" PRIuFAST64 " visits, %" PRIuFAST64 " detached",
               t->kept, t->released, t->messages, t->handled, t->visits, t->detached);
    stress_say("resident at quiet points: %" PRIu64 " KB after %d lives, %" PRIu64 " KB at the end, peak %" PRIu64
               " KB%s",
               memory->warm_kb, (int)WARM_UP_LIVES, memory->last_kb, memory->peak_kb,
               MEMORY_IS_SANITIZERS ? " (a sanitizer's, not judged)" : "");
}

static void all_lives(uint64_t seconds, uint64_t seed, struct memory *memory) {
    uint64_t start = torc_now();
    while (torc_now() - start < seconds * UINT64_C(1000000000)) {
        struct soak *soak = calloc(1, sizeof *soak);
        CHECK(soak != NULL, "no memory");
        soak->seed = ++seed * UINT64_C(1000003);
        soak->random = soak->seed;
        (void)alarm(LIFE_LIMIT_SECONDS);
        live(soak);
        (void)alarm(0);
        free(soak);
        look_at_memory(memory);
        if (soak_forgotten != 0) {
            break;
        }
    }
}

int main(int argc, char **argv) {
    struct memory memory = {0, 0, 0, 0};
    uint64_t seconds = argc > 1 ? strtoull(argv[argc - 1], NULL, 10) : 0;
    bool broken = argc == 3 && strcmp(argv[1], "--broken") == 0;
    if (seconds == 0 || argc > 3 || (argc == 3 && !broken)) {
        (void)fprintf(stderr, "usage: soak [--broken] SECONDS\n  --broken: one release of %d is left out\n",
                      (int)FORGET_EVERY);
        return 2;
    }
    (void)mallopt(M_ARENA_MAX, 2);
    (void)signal(SIGALRM, hangs);
    stress_begin_unwatched("soak", broken, STRESS_AUDIT, "one release in ten thousand is left out");
    soak_forget = broken ? FORGET_EVERY : 0;
    all_lives(seconds, (uint64_t)getpid(), &memory);
    report(&memory, seconds);
    if (broken) {
        (void)fprintf(stderr, "soak: broken on purpose: %s\n",
                      soak_forgotten == 0 ? "too few releases in this time to leave one out" : "NOT DETECTED");
        return 1;
    }
    stress_say("ok");
    return 0;
}
