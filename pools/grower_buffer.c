/* pools/grower_buffer.c - memory from a buffer of the caller's. */
#include <torc/grower.h>
#include <torc/status.h>

static void *grow(struct torc_grower *grower, size_t size, size_t *grown) {
    struct torc_grower_buffer *self = (struct torc_grower_buffer *)grower;
    unsigned char *old = self->memory + self->used;
    if (size > self->size - self->used) {
        return NULL;
    }
    self->used += size;
    *grown = size;
    return old;
}

static size_t shrink(struct torc_grower *grower, size_t size) {
    struct torc_grower_buffer *self = (struct torc_grower_buffer *)grower;
    size_t take = size < self->used ? size : self->used;
    self->used -= take;
    return take;
}

int torc_grower_buffer_init(struct torc_grower_buffer *self, void *memory, size_t size) {
    if (self == NULL || memory == NULL) {
        return TORC_INVALID;
    }
    *self = (struct torc_grower_buffer){.grower = {grow, shrink, NULL}, .memory = memory, .size = size};
    return TORC_OK;
}
