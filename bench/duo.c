/* duo.c - two threads on two cores that run a slice of work together.
 *
 *     left  (the caller)   publish a job, wait for READY, say GO, work          , wait for DONE
 *     right (the worker)   spin for a job, say READY, spin for GO, work, say DONE
 *
 * Both spin all the time, so a slice never contains a wake-up by the kernel. */
#include "bench.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum phase { IDLE = 0, JOB, READY, GO, DONE, QUIT };

struct bench_duo {
    uint32_t phase __attribute__((aligned(BENCH_MEMORY)));
    bench_side right __attribute__((aligned(BENCH_MEMORY)));
    void *state;
    uint64_t n;
    uint64_t sum;  /* what the right side returned */
    uint64_t ends; /* and when */
    struct bench_cores cores;
    pthread_t thread;
};

/* Spins until the phase is one of two; gives the processor away now and then, in case both threads share one after
 * all. */
static uint32_t wait_phase(struct bench_duo *duo, uint32_t one, uint32_t other) {
    for (uint32_t spins = 1;; spins++) {
        uint32_t phase = __atomic_load_n(&duo->phase, __ATOMIC_ACQUIRE);
        if (phase == one || phase == other) {
            return phase;
        }
        bench_relax();
        if (spins % 65536 == 0) {
            (void)sched_yield();
        }
    }
}

static void set_phase(struct bench_duo *duo, uint32_t phase) {
    __atomic_store_n(&duo->phase, phase, __ATOMIC_RELEASE);
}

static void *right_thread(void *argument) {
    struct bench_duo *duo = argument;
    bench_pin(duo->cores.right);
    while (wait_phase(duo, JOB, QUIT) == JOB) {
        set_phase(duo, READY);
        (void)wait_phase(duo, GO, GO);
        duo->sum = duo->right(duo->state, duo->n);
        duo->ends = bench_now();
        set_phase(duo, DONE);
    }
    return NULL;
}

struct bench_duo *bench_duo_start(struct bench_cores cores) {
    struct bench_duo *duo = bench_memory(sizeof *duo);
    int error;
    duo->cores = cores;
    bench_pin(cores.left);
    error = pthread_create(&duo->thread, NULL, right_thread, duo);
    if (error != 0) {
        bench_die("pthread_create", strerror(error));
    }
    return duo;
}

uint64_t bench_duo_run(struct bench_duo *duo, bench_side left, bench_side right, void *state, uint64_t n) {
    uint64_t begins, ends, sum;
    duo->right = right;
    duo->state = state;
    duo->n = n;
    set_phase(duo, JOB);
    (void)wait_phase(duo, READY, READY);
    begins = bench_now();
    set_phase(duo, GO);
    sum = left(state, n);
    ends = bench_now();
    (void)wait_phase(duo, DONE, DONE);
    if (sum != duo->sum) {
        bench_die("checksum", "what was consumed is not what was produced");
    }
    return (duo->ends > ends ? duo->ends : ends) - begins;
}

void bench_duo_stop(struct bench_duo *duo) {
    int error;
    set_phase(duo, QUIT);
    error = pthread_join(duo->thread, NULL);
    if (error != 0) {
        bench_die("pthread_join", strerror(error));
    }
    free(duo);
}
