/* torc/buffers.h - what an arena's buffers can be besides fixed: extendable, typed, frozen.
 *
 *   extendable  its length is not known yet: it grows where it is while it is written, and becomes a fixed buffer
 *   typed       elements of one size: push, pop, insert, remove
 *   frozen      read-only, cloned and released on any thread; the last one gives the storage back
 *
 *     struct torc_extendable message;                          struct torc_frozen mine, theirs;
 *     torc_arena_open(arena, 16, &message);                    torc_buffer_freeze(&buffer, &mine);
 *     while (more) torc_extend_write(&message, part, n);       torc_frozen_clone(&mine, &theirs);
 *     torc_extend_finish(&message, &buffer);                   hand_over(theirs);
 *                                                              torc_frozen_release(&mine);
 *
 * Every call checks its handle: TORC_INVALID for NULL or an empty one. A call that ends a handle leaves it empty. */
#ifndef TORC_BUFFERS_H
#define TORC_BUFFERS_H

#include <torc/arena.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- extendable: owner only ----------------------------------------------------------------------------------- */

/* `buffer` as of a fixed one; its address may change with every call that grows it. Read it, do not release it. */
struct torc_extendable {
    struct torc_buffer buffer;
    size_t alignment; /* library's */
};

/* torc_arena_open: an empty extendable buffer whose data is aligned to `alignment`. At most one is open per arena.
 * TORC_BUSY: one is. Else as torc_arena_alloc_aligned. */
int torc_arena_open(struct torc_arena *arena, size_t alignment, struct torc_extendable *extendable);

/* torc_extend_write: appends and returns how many bytes: less than `length` only if the store has no room to grow in,
 * neither behind the buffer nor, after a copy, anywhere else. What was written stays. 0 for a handle that is not
 * open. */
TORC_INLINE size_t torc_extend_write(struct torc_extendable *extendable, const void *data, size_t length);

/* torc_extend_reserve: makes `spare` bytes at buffer.data + buffer.length writable; count them with
 * torc_buffer_advance.
 * TORC_POOL_DRY: as far as there was room it grew. TORC_TOO_BIG. TORC_WRONG_THREAD. TORC_STALE: not open. */
int torc_extend_reserve(struct torc_extendable *extendable, size_t spare);

/* torc_extend_finish: *buffer receives what was written, as a fixed buffer without spare; the rest goes back to the
 * store at once. torc_extend_cancel: all of it goes back. TORC_WRONG_THREAD. TORC_STALE: not open. */
int torc_extend_finish(struct torc_extendable *extendable, struct torc_buffer *buffer);
int torc_extend_cancel(struct torc_extendable *extendable);

/* --- typed ---------------------------------------------------------------------------------------------------- */

/* `count` elements of `size` bytes, of at most `most`. The buffer's length follows. */
struct torc_typed {
    struct torc_buffer buffer;
    size_t size;
    size_t count;
    size_t most;
};

/* torc_arena_typed: an empty array for `most` elements of `size` bytes, aligned to `alignment`. Owner only; everything
 * below on any thread, one at a time. TORC_INVALID: size 0, or not a multiple of the alignment. Else as
 * torc_arena_alloc_aligned. */
int torc_arena_typed(struct torc_arena *arena, size_t most, size_t size, size_t alignment, struct torc_typed *typed);

/* torc_typed_at: element `index`, or NULL if there is none. */
static inline void *torc_typed_at(const struct torc_typed *typed, size_t index) {
    return typed != NULL && typed->buffer.arena != NULL && index < typed->count
               ? typed->buffer.data + index * typed->size
               : NULL;
}

/* push appends, insert moves what is at `index` and behind one up. TORC_NO_ROOM: full. TORC_INVALID: index > count,
 * element NULL. pop takes the last, remove closes the gap in order, swap_remove with the last element; *element (may be
 * NULL) receives what was taken. What push and insert add may be an element of the array itself. TORC_EMPTY: pop of
 * nothing. TORC_INVALID: index >= count. */
int torc_typed_push(struct torc_typed *typed, const void *element);
int torc_typed_insert(struct torc_typed *typed, size_t index, const void *element);
int torc_typed_pop(struct torc_typed *typed, void *element);
int torc_typed_remove(struct torc_typed *typed, size_t index, void *element);
int torc_typed_swap_remove(struct torc_typed *typed, size_t index, void *element);

/* torc_typed_finish: *buffer receives the elements as a fixed buffer (to publish, to freeze, to release).
 * torc_typed_release. */
int torc_typed_finish(struct torc_typed *typed, struct torc_buffer *buffer);
int torc_typed_release(struct torc_typed *typed);

/* --- frozen --------------------------------------------------------------------------------------------------- */

/* One of several handles to the same bytes. The count is in the guard: 20 bits. */
struct torc_frozen {
    struct torc_arena *arena; /* NULL: no buffer */
    const unsigned char *data;
    size_t length;
    uint64_t word; /* library's: the guard, less its count */
};
#define TORC_FROZEN_LIMIT UINT64_C(0x80000) /* clones at one time */

/* torc_buffer_freeze: what is written in `buffer` can only be read from now on; *frozen is its first handle. Any
 * thread.
 * TORC_STALE: it was released. */
int torc_buffer_freeze(struct torc_buffer *buffer, struct torc_frozen *frozen);

/* torc_frozen_clone: one more handle. Any thread that owns `frozen`. TORC_REF_LIMIT: TORC_FROZEN_LIMIT exist.
 * TORC_STALE. torc_frozen_release: one less; the last gives the storage back. Any thread, once per handle. TORC_STALE:
 * refused, all handles of this buffer were released before (one of several released twice is noticed by its being empty
 * only). */
int torc_frozen_clone(const struct torc_frozen *frozen, struct torc_frozen *clone);
int torc_frozen_release(struct torc_frozen *frozen);

/* torc_frozen_count: handles at this moment; 0 for one that is not alive. */
uint64_t torc_frozen_count(const struct torc_frozen *frozen);

/* The path that is not worth inlining. */
size_t torc_extend_write_slow(struct torc_extendable *extendable, const void *data, size_t length);

TORC_INLINE size_t torc_extend_write(struct torc_extendable *extendable, const void *data, size_t length) {
    if (TORC_UNLIKELY(extendable == NULL || data == NULL || length > torc_buffer_spare(&extendable->buffer))) {
        return torc_extend_write_slow(extendable, data, length);
    }
    return torc_buffer_write(&extendable->buffer, data, length);
}

#ifdef __cplusplus
}
#endif
#endif
