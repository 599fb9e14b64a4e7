/* state.c - executions that come to the same state go on in the same ways: only the first of them is followed.
 *
 * What a thread will do follows from what it has learned from others, in its order: its past. A store takes its
 * thread's past along; who reads it learns it. So all pasts, the modification order of each location, and where each
 * thread stands in the schedule make up the state; the order in which independent steps were made does not. The search
 * goes depth first and pasts only grow, so a state that is met again has been explored to the end, unless it was with
 * fewer preemptions left. States are told apart by 64 bits. --every does without; the self-test compares. */
#include "explorer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_SLOTS ((size_t)1 << 16)
#define MAX_SLOTS   ((size_t)1 << 24) /* then no more are remembered */

void *__real_mmap(void *at, size_t bytes, int protection, int flags, int fd, long offset);
int __real_munmap(void *at, size_t bytes);

/* 0: free. `left`: preemptions that were left, at most. */
static uint64_t *key_in;
static uint8_t *left_in;
static size_t slots, taken;

static uint64_t mix(uint64_t a, uint64_t b) {
    a = (a + UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);
    a = ((a ^ a >> 32) + b) * UINT64_C(0xBF58476D1CE4E5B9);
    a = (a ^ a >> 30) * UINT64_C(0x94D049BB133111EB);
    return a ^ a >> 31;
}

/* --- what the state consists of ----------------------------------------------------------------------------------- */

void state_learn(struct thread *self, uint64_t what) {
    self->past = mix(self->past, what);
}

uint64_t state_store(const struct store *store) {
    return mix(store->past, store->value);
}

static void part_is(struct location *location, uint64_t part) {
    ex.places ^= location->part ^ part;
    location->part = part;
}

static void part_anew(struct location *location) {
    uint64_t part = mix(location->address, location->handed_past);
    for (const struct store *store = location->first; store != NULL; store = store->newer) {
        part = mix(part, state_store(store));
    }
    part_is(location, part);
}

void state_placed(struct location *location) {
    part_anew(location);
}

void state_dropped(struct location *location) {
    part_is(location, 0);
}

void state_handed(const struct thread *self, struct location *location) {
    location->handed_past = mix(location->handed_past, self->past);
    part_anew(location);
}

/* Of one that was preempted: what it may go on with. */
static uint64_t restriction_of(const struct thread *thread) {
    uint64_t newer = 0;
    if (thread->pending == PENDING_FENCE) {
        return ex.fences > thread->pending_serial;
    }
    for (const struct store *store = thread->pending_at->last; store != NULL; store = store->older) {
        newer += store->serial > thread->pending_serial ? state_store(store) : 0;
    }
    return mix(newer, thread->pending_at->serial > thread->pending_serial);
}

static uint64_t thread_key(const struct thread *thread) {
    uint64_t flags = (uint64_t)thread->state | (uint64_t)thread->restricted << 8 | (uint64_t)thread->inject_for << 16 |
                     (uint64_t)thread->inject_now << 24;
    if (thread->state == THREAD_PAUSED && thread->seen_count == 0) {
        flags |= (uint64_t)(thread->pending_serial != ex.changes) << 25;
    }
    return mix(thread->past, thread->restricted ? mix(flags, restriction_of(thread)) : flags);
}

static uint64_t key_now(const struct thread *self, const struct location *before) {
    uint64_t key = mix(ex.places, ex.sc_past);
    key = mix(key, (uint64_t)self->number | (uint64_t)(before != NULL) << 8 | (uint64_t)ex.clock_read << 9 |
                       (uint64_t)ex.timeouts << 16 | (uint64_t)ex.impatience << 32);
    key = mix(key, ex.now);
    for (uint32_t i = 1; i < ex.threads; i++) {
        key = mix(key, thread_key(&ex.thread[i]));
    }
    return key != 0 ? key : 1;
}

/* --- those met before --------------------------------------------------------------------------------------------- */

static void *pages(size_t bytes) {
    void *at = __real_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        abort();
    }
    return at;
}

static size_t slot_of(uint64_t key) {
    size_t at = (size_t)key & (slots - 1);
    while (key_in[at] != 0 && key_in[at] != key) {
        at = (at + 1) & (slots - 1);
    }
    return at;
}

static void slots_are(size_t count) {
    uint64_t *old_keys = key_in;
    uint8_t *old_left = left_in;
    size_t before = slots;
    key_in = pages(count * sizeof *key_in);
    left_in = pages(count);
    slots = count;
    for (size_t i = 0; i < before; i++) {
        if (old_keys[i] != 0) {
            size_t at = slot_of(old_keys[i]);
            key_in[at] = old_keys[i];
            left_in[at] = old_left[i];
        }
    }
    if (before != 0) {
        (void)__real_munmap(old_keys, before * sizeof *old_keys);
        (void)__real_munmap(old_left, before);
    }
}

void states_forget(void) {
    if (taken != 0) {
        (void)__real_munmap(key_in, slots * sizeof *key_in);
        (void)__real_munmap(left_in, slots);
        slots = taken = 0;
    }
}

static bool met_before(uint64_t key, uint8_t left) {
    size_t at;
    if (slots == 0 || (taken > slots / 4 * 3 && slots < MAX_SLOTS)) {
        slots_are(slots == 0 ? FIRST_SLOTS : 2 * slots);
    }
    at = slot_of(key);
    if (key_in[at] == key) {
        if (left_in[at] >= left) {
            return true;
        }
        left_in[at] = left;
    } else if (taken <= slots / 4 * 3) {
        key_in[at] = key;
        left_in[at] = left;
        taken++;
    }
    return false;
}

void state_look(struct thread *self, const struct location *before) {
    if (ex.mode != MODE_SEARCH || ex.plain || ex.every) {
        return;
    }
    if (decide_beyond() && met_before(key_now(self, before), (uint8_t)(ex.preemptions < 255 ? ex.preemptions : 255))) {
        sched_end(VERDICT_PRUNED);
    }
    state_learn(self, 0); /* so that no execution comes to one state twice */
}
