/* torc/atomic.h - the only door to atomics and fences.
 *
 * The order of an operation is part of its name, and the cells are structs, so a plain access cannot happen by
 * accident. The same source can be built against another implementation of these names (a checker that explores
 * interleavings and stale reads) by defining TORC_ATOMIC_HEADER. The built-ins used here have the C11 semantics and,
 * unlike _Atomic, compile as C++ as well.
 *
 * Named pairs. Each acquire/release pair has a name that stands in a comment at both ends:
 *
 *   name        release side (store)                        acquire side (load)            what it hands over
 *   STAMP       publisher: entry.stamp = sequence + 1       reader: torc_next, poll        the event's header and payload
 *   CURSOR      reader: cell.cursor = next to read          publisher: gate scan           permission to overwrite and reap
 *               the same                                    readers after it               what it did with the events
 *   LEFT        a reader that leaves: reader.after of       reader after it                whom it is after from now on
 *   CONSUMED    reader: reader.consumed                     monitor                        the stamps of what it consumed
 *   PUBLISHED   publisher: lane.published                   joiner, monitor, drain         the position a reader joins at
 *   FREE        last release: slot.word, count to 0         bank: allocation               the payload, to be overwritten
 *   DROP        earlier release: slot.word, count - 1       last release (same RMW chain)  this owner's reads are over
 *   GUARD       buffer's release: guard, in use to free     arena: search, destroy         the buffer's bytes
 *   LANES       publisher_open: topic.lanes, lane.topic     reader: refresh; drain         cells and lane set up for it
 *   GATING      reader_open: topic.readers, version         publisher: gate scan           the new member's cursor cell
 *   ENDED       publisher_close: lane.state                 reader: lane end               the lane's last published
 *   STATE       bus_close: bus.state                        readers, publishers            room = 0 in every publisher
 *   CLAIMED     publisher: lane.claimed                     reader after close, drain      no claim is still open
 *   REWRITE     publisher: entry words, after the stamp     copying reader: entry words    the stamp of the rewriting
 *   EVICT       publisher: reader.evicted, then GATING      copying reader: reader.evicted what it lets be overwritten
 *   RETURNED    last release of a block: area.returned      bank: before an XXL allocation the block, to be handed out again
 *   ROOM        sequencer, under its lock: base             the others, before a claim     what CURSOR gave it
 *   WAKE        waker: waitpoint.seq + 1                    sleeper: waitpoint.seq         what it was waiting for
 *   HEAP        first allocation: the process's heap        every other: the heap          a heap that is set up
 *   REMOTE      freeing thread: local.remote                owner: local.remote, to 0      a heap's block and its payload
 *
 * Asymmetric Dekker pairs: one side pays torc_barrier_light() (a compiler barrier), the other torc_barrier_heavy()
 * (membarrier: a full fence in every running thread of the process). Where the kernel has no membarrier, both
 * are full fences; `fence` in the publisher and reader objects says so. A 0 in its place: where it takes a fence, nobody
 * comes by here.
 *
 *   name        light side: store, then load                heavy side: store, then load
 *   SLEEP       stamp (or mailbox slot), topic.sleepers     topic.sleepers + waitpoint.waiting or notify.armed,
 *                                                           re-check of the stamps
 *   SPACE       cursor cell, slot word or stamp of a
 *               shared lane, waitpoint.waiting              waitpoint.waiting, re-scan of the gate and the pool
 *   AFTER       cursor cell, point.drains                   point.drains + waitpoint.waiting, re-check of the cursors
 *   CLOSE       lane.claimed, publisher.room                publisher.room, lane.claimed
 *   COPY        lane.claimed, publisher.copied              publisher.copied, lane.claimed
 *   REAP        pool.alone, publisher.copied                publisher.copied, pool.alone before each pin
 *   LATER       slot word FREEING, pool.later               pool.later, look for FREEING slot words
 *   RETURN      arena guard, point.watched                  point.watched + waitpoint.waiting, re-check of the guards
 *   DETACH      reader.busy, reader.closing                 reader.closing, reader.busy
 *   JOIN        lane.gate, topic.version                    topic.version, lane.gate and lane.published; and seek */
#ifndef TORC_ATOMIC_H
#define TORC_ATOMIC_H

#include <stdint.h>

#ifdef TORC_ATOMIC_HEADER
#include TORC_ATOMIC_HEADER
#else

/* Cells. 64-bit cells are 8-byte aligned on 32-bit targets too. */
typedef struct torc_a64 {
    uint64_t v __attribute__((aligned(8)));
} torc_a64;
typedef struct torc_a32 {
    uint32_t v;
} torc_a32;

static inline uint64_t torc_load_relaxed64(const torc_a64 *a) {
    return __atomic_load_n(&a->v, __ATOMIC_RELAXED);
}
static inline uint64_t torc_load_acquire64(const torc_a64 *a) {
    return __atomic_load_n(&a->v, __ATOMIC_ACQUIRE);
}
static inline void torc_store_relaxed64(torc_a64 *a, uint64_t v) {
    __atomic_store_n(&a->v, v, __ATOMIC_RELAXED);
}
static inline void torc_store_release64(torc_a64 *a, uint64_t v) {
    __atomic_store_n(&a->v, v, __ATOMIC_RELEASE);
}
static inline uint64_t torc_add_relaxed64(torc_a64 *a, uint64_t n) {
    return __atomic_fetch_add(&a->v, n, __ATOMIC_RELAXED);
}
static inline uint64_t torc_or_release64(torc_a64 *a, uint64_t bits) {
    return __atomic_fetch_or(&a->v, bits, __ATOMIC_RELEASE);
}
static inline uint64_t torc_and_release64(torc_a64 *a, uint64_t bits) {
    return __atomic_fetch_and(&a->v, bits, __ATOMIC_RELEASE);
}
/* Compare-and-swap; on failure *expected is what was found (read relaxed). Never fails spuriously. */
static inline int torc_cas_relaxed64(torc_a64 *a, uint64_t *expected, uint64_t desired) {
    return __atomic_compare_exchange_n(&a->v, expected, desired, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}
static inline int torc_cas_acq_rel64(torc_a64 *a, uint64_t *expected, uint64_t desired) {
    return __atomic_compare_exchange_n(&a->v, expected, desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}
static inline int torc_cas_release64(torc_a64 *a, uint64_t *expected, uint64_t desired) {
    return __atomic_compare_exchange_n(&a->v, expected, desired, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}
static inline uint64_t torc_xchg_acquire64(torc_a64 *a, uint64_t v) {
    return __atomic_exchange_n(&a->v, v, __ATOMIC_ACQUIRE);
}

static inline uint32_t torc_load_relaxed32(const torc_a32 *a) {
    return __atomic_load_n(&a->v, __ATOMIC_RELAXED);
}
static inline uint32_t torc_load_acquire32(const torc_a32 *a) {
    return __atomic_load_n(&a->v, __ATOMIC_ACQUIRE);
}
static inline void torc_store_relaxed32(torc_a32 *a, uint32_t v) {
    __atomic_store_n(&a->v, v, __ATOMIC_RELAXED);
}
static inline void torc_store_release32(torc_a32 *a, uint32_t v) {
    __atomic_store_n(&a->v, v, __ATOMIC_RELEASE);
}
static inline uint32_t torc_add_release32(torc_a32 *a, uint32_t n) {
    return __atomic_fetch_add(&a->v, n, __ATOMIC_RELEASE);
}
static inline uint32_t torc_add_relaxed32(torc_a32 *a, uint32_t n) {
    return __atomic_fetch_add(&a->v, n, __ATOMIC_RELAXED);
}
/* The value found; it was replaced if it equals `expected`. */
static inline uint32_t torc_cas_acq_rel32(torc_a32 *a, uint32_t expected, uint32_t desired) {
    (void)__atomic_compare_exchange_n(&a->v, &expected, desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    return expected;
}
static inline uint32_t torc_xchg_acq_rel32(torc_a32 *a, uint32_t v) {
    return __atomic_exchange_n(&a->v, v, __ATOMIC_ACQ_REL);
}

#if defined(__SANITIZE_THREAD__)
#define TORC_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TORC_TSAN 1
#endif
#endif

/* A full fence. ThreadSanitizer does not model stand-alone fences; a locked exchange it does. */
static inline void torc_fence_full(void) {
#ifdef TORC_TSAN
    uint32_t cell = 0;
    (void)__atomic_exchange_n(&cell, 1, __ATOMIC_SEQ_CST);
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Keeps the compiler from moving accesses across; with `fence` set, the processor too. */
static inline void torc_barrier_light(uint32_t fence) {
    if (__builtin_expect(fence != 0, 0)) {
        torc_fence_full();
    } else {
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
}

/* A number that tells threads apart: the address of something each has one of. */
extern __thread char torc_thread_anchor __attribute__((tls_model("initial-exec")));
static inline uint64_t torc_thread_token(void) {
    return (uint64_t)(uintptr_t)&torc_thread_anchor;
}

/* A hint to the processor that this is a spin loop. */
static inline void torc_cpu_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || (defined(__ARM_ARCH) && __ARM_ARCH >= 7)
    __asm__ volatile("yield" ::: "memory");
#else
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
#endif
}

#endif /* TORC_ATOMIC_HEADER */
#endif
