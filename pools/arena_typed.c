/* pools/arena_typed.c - arrays of elements of one size in a fixed buffer. */
#include "arena.h"

#include <torc/buffers.h>

int torc_arena_typed(struct torc_arena *arena, size_t most, size_t size, size_t alignment, struct torc_typed *typed) {
    struct torc_buffer buffer;
    size_t bytes;
    int status;
    if (typed == NULL || size == 0 || alignment == 0 || size % alignment != 0) {
        return TORC_INVALID;
    }
    if (__builtin_mul_overflow(most, size, &bytes)) {
        return TORC_TOO_BIG;
    }
    status = torc_arena_alloc_aligned(arena, bytes, alignment, &buffer);
    if (status == TORC_OK) {
        *typed = (struct torc_typed){.buffer = buffer, .size = size, .most = most};
    }
    return status;
}

static bool is_open(const struct torc_typed *typed) {
    return typed != NULL && typed->buffer.arena != NULL;
}

static unsigned char *place(const struct torc_typed *typed, size_t index) {
    return typed->buffer.data + index * typed->size;
}

static void set_count(struct torc_typed *typed, size_t count) {
    typed->count = count;
    typed->buffer.length = count * typed->size;
}

/* An element of the array itself has moved up with the others. */
static const unsigned char *after_move(const struct torc_typed *typed, size_t index, const void *element) {
    uintptr_t begin = (uintptr_t)place(typed, index), at = (uintptr_t)element;
    return (const unsigned char *)element +
           (at >= begin && at - begin < (typed->count - index) * typed->size ? typed->size : 0);
}

int torc_typed_insert(struct torc_typed *typed, size_t index, const void *element) {
    if (!is_open(typed) || element == NULL || index > typed->count) {
        return TORC_INVALID;
    }
    if (typed->count == typed->most) {
        return TORC_NO_ROOM;
    }
    memmove(place(typed, index + 1), place(typed, index), (typed->count - index) * typed->size);
    memcpy(place(typed, index), after_move(typed, index, element), typed->size);
    set_count(typed, typed->count + 1);
    return TORC_OK;
}

int torc_typed_push(struct torc_typed *typed, const void *element) {
    return is_open(typed) ? torc_typed_insert(typed, typed->count, element) : TORC_INVALID;
}

static int look(const struct torc_typed *typed, size_t index, void *element) {
    if (!is_open(typed) || index >= typed->count) {
        return TORC_INVALID;
    }
    if (element != NULL) {
        memcpy(element, place(typed, index), typed->size);
    }
    return TORC_OK;
}

int torc_typed_remove(struct torc_typed *typed, size_t index, void *element) {
    int status = look(typed, index, element);
    if (status == TORC_OK) {
        memmove(place(typed, index), place(typed, index + 1), (typed->count - index - 1) * typed->size);
        set_count(typed, typed->count - 1);
    }
    return status;
}

int torc_typed_swap_remove(struct torc_typed *typed, size_t index, void *element) {
    int status = look(typed, index, element);
    if (status == TORC_OK) {
        if (index != typed->count - 1) {
            memcpy(place(typed, index), place(typed, typed->count - 1), typed->size);
        }
        set_count(typed, typed->count - 1);
    }
    return status;
}

int torc_typed_pop(struct torc_typed *typed, void *element) {
    if (is_open(typed) && typed->count == 0) {
        return TORC_EMPTY;
    }
    return is_open(typed) ? torc_typed_remove(typed, typed->count - 1, element) : TORC_INVALID;
}

int torc_typed_finish(struct torc_typed *typed, struct torc_buffer *buffer) {
    if (!is_open(typed) || buffer == NULL) {
        return TORC_INVALID;
    }
    *buffer = typed->buffer;
    typed->buffer = TORC_BUFFER_NULL;
    return TORC_OK;
}

int torc_typed_release(struct torc_typed *typed) {
    return typed == NULL ? TORC_INVALID : torc_buffer_release(&typed->buffer);
}
