/* torc/batch.h - events of one size that exist already, in an array: the quickest way to publish small ones.
 *
 *     struct tick ticks[16];
 *     torc_publish_array(publisher, TICK, ticks, sizeof ticks[0], 16, NULL);
 *
 * An event costs what torc_publish stores in its entry and no more: room is looked for, and sleepers are, once for up
 * to TORC_ARRAY_RUN events. Readers see each as it is written, those that sleep are woken behind the run. Where sizes
 * or types differ: torc_publish_batch. Where events are to be built in their place, and are large: torc_claim_batch. */
#ifndef TORC_BATCH_H
#define TORC_BATCH_H

#include <stddef.h>
#include <stdint.h>
#include <torc/publisher.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TORC_ARRAY_RUN ((size_t)64)

/* torc_publish_array: publishes `count` events of `size` bytes each, one behind the other at `data`, in order. Waits
 * and answers as torc_publish does; *published (may be NULL) receives how many were, also on error. */
TORC_INLINE int torc_publish_array(struct torc_publisher *publisher, uint32_t type, const void *data, size_t size,
                                   size_t count, size_t *published);
int torc_try_publish_array(struct torc_publisher *publisher, uint32_t type, const void *data, size_t size, size_t count,
                           size_t *published);
int torc_publish_array_until(struct torc_publisher *publisher, uint32_t type, const void *data, size_t size,
                             size_t count, uint64_t deadline, size_t *published);

/* One run: as many as there are entries for, TORC_ARRAY_RUN at most; 0: this is not for the fast way. */
static inline __attribute__((always_inline)) size_t
torc_array_run(struct torc_publisher *publisher, uint32_t type, const unsigned char *data, size_t size, size_t count) {
    uint64_t sequence = torc_load_relaxed64(&publisher->lane->claimed);
    uint64_t used = sequence - publisher->base, room = torc_load_relaxed64(&publisher->room);
    uint64_t end;
    if (TORC_UNLIKELY(size >= publisher->inline_limit || used >= room ||
                      torc_load_relaxed64(&publisher->lane->published) != sequence)) {
        return 0;
    }
    count = count < TORC_ARRAY_RUN ? count : TORC_ARRAY_RUN;
    count = count < room - used ? count : (size_t)(room - used);
    end = sequence + count;
    /* As in torc_publish: the claims first, then another look whether the bus is open (CLOSE, COPY). */
    torc_store_release64(&publisher->lane->claimed, end); /* CLAIMED: also what was aborted before */
    torc_barrier_light(0);
    if (TORC_UNLIKELY(torc_load_relaxed64(&publisher->room) == 0)) {
        torc_store_release64(&publisher->lane->claimed, sequence); /* CLAIMED: what was aborted before */
        return 0;
    }
    for (; sequence != end; sequence++, data += size) {
        struct torc_entry *entry = torc_entry_at(publisher->entries, publisher->mask, publisher->stride, sequence);
        torc_copy_small(torc_entry_bytes(entry), data, size);
        entry->header = (uint32_t)size;
        entry->type = type;
        torc_store_release64(&entry->stamp, sequence + 1); /* STAMP */
    }
    /* Whoever goes to sleep over an event of this run looks once more after it has said so: the event is there, or this
     * sees it. */
    torc_store_release64(&publisher->lane->published, end); /* PUBLISHED */
    torc_barrier_light(0);                                  /* SLEEP */
    if (TORC_UNLIKELY(torc_load_relaxed32(publisher->sleepers) != 0)) {
        torc_wake_readers_slow(publisher);
    }
    return count;
}

TORC_INLINE int torc_publish_array(struct torc_publisher *publisher, uint32_t type, const void *data, size_t size,
                                   size_t count, size_t *published) {
    const unsigned char *from = (const unsigned char *)data;
    size_t done = 0, run = 1;
    int status = TORC_OK;
    if (TORC_LIKELY(TORC_DEBUG == 0 && publisher != NULL && data != NULL)) {
        for (; done != count && run != 0; done += run) {
            run = torc_array_run(publisher, type, from + done * size, size, count - done);
        }
    }
    if (TORC_UNLIKELY(done == 0 || done != count)) {
        from = done != 0 ? from + done * size : from;
        status = torc_publish_array_until(publisher, type, from, size, count - done, TORC_FOREVER, &run);
        done += run;
    }
    if (published != NULL) {
        *published = done;
    }
    return status;
}

#ifdef __cplusplus
}
#endif
#endif
