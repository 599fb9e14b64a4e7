/* shapes.c - five bugs that rings and reference counts in wide use have shipped with, each in a few lines, and how it
 * is done right. x86 shows none of them. */
#include "model.h"

#include <stdlib.h>

static torc_a64 head, tail, taken, stamp, seq;
static torc_a64 word_a, word_b;
static uint64_t slot[2];
static uint64_t r1;

#define WRONG(id, text, found, ...)                                                                                    \
    MODEL_SCENARIO(shape_##id##_wrong, .claim = text, .finds = found, .preemptions = MODEL_UNBOUNDED, __VA_ARGS__)
#define RIGHT(id, text, ...) MODEL_SCENARIO(shape_##id, .claim = text, .preemptions = MODEL_UNBOUNDED, __VA_ARGS__)

/* --- 1. a ring that publishes "slot consumed" without release: the next element goes over the one being read ------ */

static void ring_put(void) {
    for (uint64_t i = 1; i <= 3; i++) {
        while (i - torc_load_acquire64(&head) > 2) {
            torc_cpu_relax();
        }
        slot[i & 1] = i;
        torc_store_release64(&tail, i);
    }
}
static void ring_await(uint64_t i) {
    while (torc_load_acquire64(&tail) < i) {
        torc_cpu_relax();
    }
    model_assert_equal(slot[i & 1], i);
}
static void ring_get_relaxed(void) {
    for (uint64_t i = 1; i <= 3; i++) {
        ring_await(i);
        torc_store_relaxed64(&head, i);
    }
}
static void ring_get(void) {
    for (uint64_t i = 1; i <= 3; i++) {
        ring_await(i);
        torc_store_release64(&head, i);
    }
}
WRONG(consumed, "a slot given back without release is overwritten while it is read", "data race",
      .thread = {ring_put, ring_get_relaxed});
RIGHT(consumed, "a slot given back with release is not", .thread = {ring_put, ring_get});

/* --- 2. a move-head whose read of the tail is not ordered after that of the head: more entries than the ring holds  */

static void produce_two(void) {
    slot[0] = 1;
    torc_store_release64(&tail, 1);
    slot[1] = 2;
    torc_store_release64(&tail, 2);
}
/* Entries that can be taken from `at` on; the difference must never be negative. */
static uint64_t available(uint64_t at) {
    uint64_t entries = torc_load_acquire64(&tail) - at;
    model_assert(entries <= 2, "no more entries than the ring has");
    return entries;
}
static void move_head_unordered(void) {
    uint64_t at = torc_load_relaxed64(&head);
    if (available(at) != 0 && torc_cas_relaxed64(&head, &at, at + 1)) {
        r1 = slot[at];
    }
}
static void move_head(void) {
    uint64_t at = torc_load_acquire64(&head);
    if (available(at) != 0 && torc_cas_acq_rel64(&head, &at, at + 1)) {
        model_assert_equal(slot[at], at + 1);
    }
}
WRONG(move_head, "a head that is newer than the tail read with it", "no more entries than the ring has",
      .thread = {produce_two, move_head_unordered, move_head_unordered});
RIGHT(move_head, "a head that brings the tail with it", .thread = {produce_two, move_head, move_head});

/* --- 3. a last reference dropped with relaxed order: freed while an earlier owner still reads --------------------- */

static torc_a64 references;
static uint64_t *object;

static void make_object(void) {
    object = malloc(sizeof *object);
    *object = 7;
    torc_store_relaxed64(&references, 3);
}
static void drop_relaxed(void) {
    model_assert_equal(*object, 7);
    if (torc_add_relaxed64(&references, UINT64_MAX) == 1) {
        free(object);
    }
}
static void drop(void) {
    uint64_t found = 2;
    model_assert_equal(*object, 7);
    while (!torc_cas_acq_rel64(&references, &found, found - 1)) {
    }
    if (found == 1) {
        free(object);
    }
}
static void nothing_left(void) {
    model_assert_equal(model_heap_live(), 0);
}
WRONG(last_drop, "the last owner frees what another still reads", "by T", .setup = make_object,
      .thread = {drop_relaxed, drop_relaxed, drop_relaxed});
RIGHT(last_drop, "drops in acquire-release order", .setup = make_object, .thread = {drop, drop, drop},
      .check = nothing_left);

/* --- 4. a seqlock whose second check is not ordered after the reads: two versions mixed --------------------------- */

static void version_write(void) {
    for (uint64_t i = 1; i <= 2; i++) {
        torc_store_relaxed64(&seq, 2 * i - 1);
        torc_store_release64(&word_a, i);
        torc_store_release64(&word_b, i);
        torc_store_release64(&seq, 2 * i);
    }
}
static void version_read_unordered(void) {
    uint64_t before = torc_load_acquire64(&seq);
    uint64_t a = torc_load_relaxed64(&word_a);
    uint64_t b = torc_load_relaxed64(&word_b);
    if ((before & 1) == 0 && torc_load_acquire64(&seq) == before) {
        model_assert(a == b, "both words are of one version");
    }
}
static void version_read(void) {
    uint64_t before = torc_load_acquire64(&seq);
    uint64_t a = torc_load_acquire64(&word_a);
    uint64_t b = torc_load_acquire64(&word_b);
    if ((before & 1) == 0 && torc_load_relaxed64(&seq) == before) {
        model_assert(a == b, "both words are of one version");
    }
}
WRONG(seqlock, "a second check that may come before the reads", "one version",
      .thread = {version_write, version_read_unordered});
RIGHT(seqlock, "a second check that comes after them", .thread = {version_write, version_read});

/* --- 5. a gate that a joining reader slips under: the writer never counted it, and laps it ------------------------ */

static torc_a64 member, cursor, gate, version;

/* The smallest sequence somebody may still read. A scan during which somebody came is made again. */
static uint64_t scan(void) {
    uint64_t seen;
    uint64_t slowest;
    torc_barrier_light(0);
    do {
        seen = torc_load_acquire64(&version);
        slowest = torc_load_relaxed64(&stamp);
        if (torc_load_acquire64(&member) != 0 && torc_load_acquire64(&cursor) < slowest) {
            slowest = torc_load_acquire64(&cursor);
        }
        torc_store_release64(&gate, slowest);
        torc_barrier_light(0);
    } while (torc_load_acquire64(&version) != seen);
    return slowest;
}
static void write_under_gate(void) {
    uint64_t passed = 0;
    for (uint64_t next = 0; next < 4; next++) {
        while (next - passed >= 2) {
            passed = scan();
            if (next - passed >= 2) {
                torc_cpu_relax();
            }
        }
        slot[next & 1] = next;
        torc_store_release64(&stamp, next + 1);
    }
}
static void read_from(uint64_t at) {
    for (; torc_load_acquire64(&stamp) > at; at++) {
        model_assert_equal(slot[at & 1], at);
        torc_store_release64(&cursor, at + 1);
    }
    torc_store_release64(&taken, 1);
    torc_store_release64(&cursor, UINT64_MAX);
}
static void announce(void) {
    torc_store_relaxed64(&cursor, torc_load_acquire64(&gate));
    torc_store_release64(&member, 1);
    torc_store_release64(&version, 1);
}
static void join_without_barrier(void) {
    uint64_t at;
    announce();
    at = torc_load_acquire64(&stamp);
    torc_store_release64(&cursor, at > 0 ? at - 1 : 0);
    read_from(at > 0 ? at - 1 : 0);
}
static uint64_t join_position(void) {
    uint64_t at = torc_load_acquire64(&stamp);
    uint64_t low = torc_load_acquire64(&gate);
    return at > low ? at - 1 : at;
}
static void join(void) {
    uint64_t at;
    announce();
    torc_barrier_heavy(0);
    at = join_position();
    torc_store_release64(&cursor, at);
    read_from(at);
}
WRONG(gate, "a reader that joins without a barrier is lapped", "slot[at & 1]|data race",
      .thread = {write_under_gate, join_without_barrier});
RIGHT(gate, "one that joins behind a barrier is not", .thread = {write_under_gate, join});
