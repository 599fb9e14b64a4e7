/* script_handle.c - handles: cloned, released, looked at, released again. */
#include "script.h"

static bool same_id(uint64_t a, uint64_t b) {
    return ((a ^ b) & ~TORC_ID_SHARED) == 0;
}

/* Everything that a live handle tells. */
void check_handle(const struct handle *handle) {
    const struct block *block = &model.block[handle->block];
    struct torc_ringptr ptr = handle->ptr;
    struct range ring = ring_holds(block);
    uint64_t count = torc_ringptr_count(ptr);
    const void *data = torc_ringptr_data(ptr);
    (void)seen(F_torc_ringptr_is_valid, torc_ringptr_is_valid(ptr) ? TORC_OK : TORC_STALE);
    (void)seen(F_torc_ringptr_data, data != NULL ? TORC_OK : TORC_STALE);
    MUST(torc_ringptr_is_valid(ptr) && !torc_ringptr_is_null(ptr), "a handle that owns a reference is not valid");
    MUST(count >= block->users + ring.lo && count <= block->users + ring.hi, "%llu references instead of %llu + %llu",
         (unsigned long long)count, (unsigned long long)block->users, (unsigned long long)ring.lo);
    MUST(torc_ringptr_length(ptr) == block->length, "length %zu of a handle to %u bytes", torc_ringptr_length(ptr),
         block->length);
    MUST(torc_ringptr_type(ptr) == block->type, "type %u of a handle to type %u", torc_ringptr_type(ptr), block->type);
    MUST(torc_ringptr_shirt(ptr) == (int)block->shirt, "shirt %d instead of %u", torc_ringptr_shirt(ptr), block->shirt);
    MUST(data != NULL && (uintptr_t)data % 64 == 0, "the payload of a handle is at %p", data);
    MUST(has_pattern(data, block->length, block->serial), "the payload of a handle changed");
    MUST(same_id(ptr.id, block->id), "a handle changed its id");
    MUST(torc_ringptr_generation(ptr) == (block->id & TORC_GENERATION_MASK), "a handle's generation");
    if (block->bank < LANES && model.lane[block->bank].state == LANE_ENDED) {
        reached(S_handle_outlived_publisher);
    }
}

void op_inspect(void) {
    struct handle *handle = choose_handle(true), *other = choose_handle(true);
    if (handle != NULL) {
        check_handle(handle);
        MUST(torc_ringptr_equal(handle->ptr, other->ptr) == (handle->block == other->block), "equal is wrong");
    }
}

void op_clone(void) {
    struct handle *handle = choose_handle(true), *copy = free_handle();
    struct block *block;
    uint64_t least;
    int status;
    expect(CALL(torc_ringptr_clone, TORC_RINGPTR_NULL, NULL), TORC_INVALID, "cloning nothing");
    if (handle == NULL || copy == NULL) {
        return;
    }
    expect(CALL(torc_ringptr_clone, handle->ptr, NULL), TORC_INVALID, "a clone to nowhere");
    block = &model.block[handle->block];
    least = block->users + ring_holds(block).lo;
    *copy = (struct handle){TORC_RINGPTR_NULL, false, NONE};
    status = CALL(torc_ringptr_clone, handle->ptr, &copy->ptr);
    if (status == TORC_REF_LIMIT) {
        MUST(block->users + ring_holds(block).hi >= TORC_COUNT_LIMIT, "REF_LIMIT with %llu references",
             (unsigned long long)block->users);
        return;
    }
    expect(status, TORC_OK, "cloning a handle");
    MUST(least < TORC_COUNT_LIMIT, "a clone beyond the limit");
    MUST(copy->ptr.bus == script.bus && same_id(copy->ptr.id, block->id), "a clone is of another slot");
    block->users++;
    *copy = (struct handle){copy->ptr, true, handle->block};
}

void release_handle(struct handle *handle) {
    struct block *block = &model.block[handle->block];
    uint32_t number = handle->block;
    expect(CALL(torc_ringptr_release, handle->ptr), TORC_OK, "releasing a handle");
    handle->live = false;
    block->users--;
    if (block->users == 0 && block->bank >= LANES && (block->id & TORC_GENERATION_MASK) + 1 == TORC_GENERATION_LAST) {
        model.keep_retired[block->bank - LANES]++;
    }
    block_free_if_unused(number);
}

void op_release(void) {
    struct handle *handle = choose_handle(true);
    expect(CALL(torc_ringptr_release, TORC_RINGPTR_NULL), TORC_INVALID, "releasing nothing");
    if (handle != NULL) {
        if (choose(2) != 0) {
            check_handle(handle);
        }
        if (choose(4) == 0 && model.block[handle->block].shirt != TORC_XXL) {
            handle->ptr.id ^= TORC_ID_SHARED; /* a hint and no more */
        }
        release_handle(handle);
    }
}

/* A handle whose reference was given back. While other references to the slot exist nobody can tell it from theirs;
 * once the slot is free, everything about it is refused. */
void op_stale(void) {
    struct handle *handle = choose_handle(false);
    struct torc_ringptr clone = TORC_RINGPTR_NULL;
    struct range ring = {0, 0};
    bool valid;
    if (handle == NULL || (handle->block != NONE && model.block[handle->block].users != 0)) {
        return;
    }
    if (handle->block != NONE) {
        ring = ring_holds(&model.block[handle->block]);
    }
    valid = torc_ringptr_is_valid(handle->ptr);
    (void)seen(F_torc_ringptr_is_valid, valid ? TORC_OK : TORC_STALE);
    MUST(valid ? ring.hi != 0 : ring.lo == 0, "a handle without a reference is %s valid", valid ? "" : "not");
    if (valid) {
        return;
    }
    if (handle->block != NONE) {
        block_leave_ring(handle->block); /* the slot was reaped */
    }
    expect(CALL(torc_ringptr_release, handle->ptr), TORC_STALE, "releasing twice");
    expect(CALL(torc_ringptr_clone, handle->ptr, &clone), TORC_STALE, "cloning a stale handle");
    MUST(torc_ringptr_is_null(clone), "an error changed the clone");
    (void)seen(F_torc_ringptr_data, torc_ringptr_data(handle->ptr) != NULL ? TORC_OK : TORC_STALE);
    MUST(torc_ringptr_data(handle->ptr) == NULL && torc_ringptr_count(handle->ptr) == 0 &&
             torc_ringptr_length(handle->ptr) == 0 && torc_ringptr_shirt(handle->ptr) == -1,
         "a stale handle tells something");
    model.refused += 2;
}

/* --- the limit of references -------------------------------------------------------------------------------- */

static void set_count(struct torc_ringptr ptr, uint64_t count) {
    torc_store_relaxed64(&torc_slot_of(ptr.bus, ptr.id)->word,
                         count << TORC_COUNT_SHIFT | torc_ringptr_generation(ptr));
}

/* Nobody waits for 2^23 clones: the slot's count is set near the limit, and back afterwards. */
void op_limit(void) {
    struct handle *handle = choose_handle(true);
    struct torc_ringptr clone = TORC_RINGPTR_NULL;
    uint32_t below = choose(3);
    uint64_t count;
    if (handle == NULL) {
        return;
    }
    count = torc_ringptr_count(handle->ptr);
    set_count(handle->ptr, TORC_COUNT_LIMIT - below);
    for (uint32_t i = 0; i < below; i++) {
        expect(CALL(torc_ringptr_clone, handle->ptr, &clone), TORC_OK, "a clone below the limit");
    }
    MUST(torc_ringptr_count(handle->ptr) == TORC_COUNT_LIMIT, "the limit was not reached");
    expect(CALL(torc_ringptr_clone, handle->ptr, &clone), TORC_REF_LIMIT, "a clone at the limit");
    for (uint32_t i = 0; i < READERS; i++) {
        struct reader *reader = &model.reader[i];
        if (reader->ptr != NULL && reader->borrowed &&
            model.lane[reader->given[0].lane].event[reader->given[0].sequence].block == handle->block) {
            expect(CALL(torc_keep, reader->ptr, &reader->given[0].event, &clone), TORC_REF_LIMIT, "keep at the limit");
            expect(CALL(torc_keep_until, reader->ptr, &reader->given[0].event, PAST, &clone), TORC_REF_LIMIT,
                   "keep at the limit");
        }
    }
    set_count(handle->ptr, TORC_COUNT_SATURATED);
    expect(CALL(torc_ringptr_release, handle->ptr), TORC_REF_LIMIT, "releasing a saturated slot");
    MUST(torc_ringptr_count(handle->ptr) == TORC_COUNT_SATURATED, "a saturated count changed");
    set_count(handle->ptr, count);
    reached(S_reference_limit);
}
