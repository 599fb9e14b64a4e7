/* pools/heap_provider.c - a heap as the source of a bus's blocks above 16 KiB. */
#include <torc/heap.h>
#include <torc/layout.h>
#include <torc/status.h>

static void *provide(void *state, size_t size) {
    return torc_heap_alloc_aligned(state, TORC_LINE, size);
}

static void take_back(void *state, void *block, size_t size) {
    (void)size;
    (void)torc_heap_free(state, block);
}

int torc_heap_xxl_provider(struct torc_heap *heap, struct torc_xxl_provider *provider) {
    if (heap == NULL || provider == NULL) {
        return TORC_INVALID;
    }
    *provider = (struct torc_xxl_provider){provide, take_back, heap};
    return TORC_OK;
}
