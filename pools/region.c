/* pools/region.c - blocks and gaps: splitting, merging, resizing. Who fits where is for region_bins.c. */
#include "region.h"

/* --- nodes -------------------------------------------------------------------------------------------------- */

static uint32_t nodes_left(const struct torc_region *region) {
    return region->nodes - region->in_use;
}

/* The caller has seen that one is left. */
static uint32_t take_node(struct torc_region *region) {
    uint32_t node = region->spares;
    region->in_use++;
    if (node == REGION_NONE) {
        return region->touched++;
    }
    region->spares = region_node(region, node)->after;
    return node;
}

static void give_node(struct torc_region *region, uint32_t node) {
    struct region_node *self = region_node(region, node);
    self->block = 0;
    self->after = region->spares & REGION_NODE_MASK;
    region->spares = node;
    region->in_use--;
}

/* A new node right after `before`, in no bin yet. */
static uint32_t put_after(struct torc_region *region, uint32_t before, uint64_t offset, uint64_t size) {
    uint32_t node = take_node(region);
    struct region_node *self = region_node(region, node);
    struct region_node *left = region_node(region, before);
    self->offset = offset;
    self->size = size;
    self->before = before & REGION_NODE_MASK;
    self->after = left->after;
    self->block = 0;
    self->height = 0;
    region_node(region, left->after)->before = node & REGION_NODE_MASK;
    left->after = node & REGION_NODE_MASK;
    return node;
}

/* The node after `node` is no more; its bytes are already `node`'s. */
static void absorb_next(struct torc_region *region, uint32_t node) {
    struct region_node *self = region_node(region, node);
    uint32_t gone = self->after;
    self->after = region_node(region, gone)->after;
    region_node(region, self->after)->before = node & REGION_NODE_MASK;
    give_node(region, gone);
}

static void gap_appears(struct torc_region *region, uint32_t node) {
    region_node(region, node)->block = 0;
    torc_region_bins_add(region, node);
}

/* Gap `node`, in no bin any more, becomes a block. */
static void hand_out(struct torc_region *region, uint32_t node, struct torc_region_block *block) {
    struct region_node *self = region_node(region, node);
    region->serial = region->serial == UINT32_MAX ? 1 : region->serial + 1;
    region->available -= self->size;
    self->block = 1;
    self->left = region->serial;
    *block = (struct torc_region_block){self->offset, self->size, node, region->serial};
}

/* --- setting up --------------------------------------------------------------------------------------------- */

/* Nothing is out, the range is one gap; nodes are as good as never written. */
static void lay_out(struct torc_region *region) {
    struct region_node *end = region_node(region, 0);
    *end = (struct region_node){.block = 1};
    region->touched = 1;
    region->in_use = 1;
    region->spares = REGION_NONE;
    region->available = region->length;
    torc_region_bins_clear(region);
    torc_region_bins_add(region, put_after(region, 0, region->base, region->length));
}

static bool range_fits(uint64_t base, uint64_t length, uint64_t granule) {
    return granule != 0 && (granule & (granule - 1)) == 0 && (base & (granule - 1)) == 0 && length >= granule &&
           length <= UINT64_MAX - base;
}

int torc_region_init(void *storage, size_t bytes, uint64_t base, uint64_t length, uint64_t granule,
                     struct torc_region **out) {
    struct torc_region *region = storage;
    size_t nodes;
    if (storage == NULL || out == NULL || (uintptr_t)storage % TORC_REGION_STORAGE_ALIGN != 0 ||
        bytes < TORC_REGION_BYTES(1) || !range_fits(base, length, granule)) {
        return TORC_INVALID;
    }
    nodes = (bytes - TORC_REGION_HEAD_BYTES) / TORC_REGION_NODE_BYTES;
    region->nodes = nodes > TORC_REGION_MAX_NODES ? TORC_REGION_MAX_NODES + 1 : (uint32_t)nodes;
    region->base = base;
    region->length = length & ~(granule - 1);
    region->granule_bits = (uint32_t)__builtin_ctzll(granule);
    region->serial = 0;
    lay_out(region);
    *out = region;
    return TORC_OK;
}

int torc_region_reset(struct torc_region *region) {
    if (region == NULL) {
        return TORC_INVALID;
    }
    lay_out(region);
    return TORC_OK;
}

int torc_region_grow(struct torc_region *region, uint64_t more) {
    uint64_t end;
    uint32_t last;
    if (region == NULL) {
        return TORC_INVALID;
    }
    more = more >> region->granule_bits << region->granule_bits;
    end = region->base + region->length;
    last = region_node(region, 0)->before;
    if (more == 0 || more > UINT64_MAX - end) {
        return TORC_INVALID;
    }
    if (region_node(region, last)->block) {
        if (nodes_left(region) == 0) {
            return TORC_NO_NODES;
        }
        last = put_after(region, last, end, more);
    } else {
        torc_region_bins_remove(region, last);
        region_node(region, last)->size += more;
    }
    region->length += more;
    region->available += more;
    torc_region_bins_add(region, last);
    return TORC_OK;
}

/* --- alloc -------------------------------------------------------------------------------------------------- */

/* In whole granules; 0: more than the range can ever have. */
static uint64_t rounded(const struct torc_region *region, uint64_t size) {
    uint64_t rest = (UINT64_C(1) << region->granule_bits) - 1;
    return size > region->length ? 0 : (size + rest) & ~rest;
}

/* Takes `size` bytes, `skip` bytes into the gap `node`: up to two gaps remain, each with a node of its own. */
static int carve(struct torc_region *region, uint32_t node, uint64_t skip, uint64_t size,
                 struct torc_region_block *block) {
    struct region_node *self = region_node(region, node);
    uint64_t rest = self->size - skip - size;
    if (nodes_left(region) < (uint32_t)(skip != 0) + (uint32_t)(rest != 0)) {
        return TORC_NO_NODES;
    }
    torc_region_bins_remove(region, node);
    if (rest != 0) {
        torc_region_bins_add(region, put_after(region, node, self->offset + skip + size, rest));
    }
    self->size = size;
    if (skip != 0) {
        self->size = skip;
        torc_region_bins_add(region, node);
        node = put_after(region, node, self->offset + skip, size);
    }
    hand_out(region, node, block);
    return TORC_OK;
}

int torc_region_alloc(struct torc_region *region, uint64_t size, struct torc_region_block *block) {
    uint64_t want;
    uint32_t node;
    if (region == NULL || block == NULL || size == 0) {
        return TORC_INVALID;
    }
    want = rounded(region, size);
    node = want == 0 ? REGION_NONE : torc_region_bins_fit(region, want);
    return node == REGION_NONE ? TORC_NO_MEMORY : carve(region, node, 0, want, block);
}

/* Bytes from the start of the gap to the first aligned offset. */
static uint64_t skip_in(const struct torc_region *region, uint32_t node, uint64_t alignment) {
    return (0 - region_node(region, node)->offset) & (alignment - 1);
}

int torc_region_alloc_aligned(struct torc_region *region, uint64_t size, uint64_t alignment,
                              struct torc_region_block *block) {
    uint64_t want;
    uint64_t slack;
    uint32_t node;
    if (region == NULL || block == NULL || size == 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) {
        return TORC_INVALID;
    }
    want = rounded(region, size);
    node = want == 0 ? REGION_NONE : torc_region_bins_fit(region, want);
    if (node == REGION_NONE) {
        return TORC_NO_MEMORY;
    }
    if (skip_in(region, node, alignment) > region_node(region, node)->size - want) {
        slack = alignment - (UINT64_C(1) << region->granule_bits); /* here the alignment is above the granule */
        node = slack > region->length - want ? REGION_NONE : torc_region_bins_fit(region, want + slack);
    }
    return node == REGION_NONE ? TORC_NO_MEMORY : carve(region, node, skip_in(region, node, alignment), want, block);
}

/* --- free and resize ---------------------------------------------------------------------------------------- */

static bool owns(const struct torc_region *region, const struct torc_region_block *block) {
    const struct region_node *self;
    if (block->node == 0 || block->node >= region->touched) {
        return false;
    }
    self = region_node(region, block->node);
    return self->block && self->left == block->serial && self->offset == block->offset && self->size == block->size;
}

int torc_region_free(struct torc_region *region, struct torc_region_block block) {
    uint32_t node = block.node;
    struct region_node *self;
    struct region_node *left;
    struct region_node *right;
    if (region == NULL) {
        return TORC_INVALID;
    }
    if (!owns(region, &block)) {
        return TORC_STALE;
    }
    self = region_node(region, node);
    left = region_node(region, self->before);
    right = region_node(region, self->after);
    region->available += self->size;
    if (!right->block) {
        torc_region_bins_remove(region, self->after);
        self->size += right->size;
        absorb_next(region, node);
    }
    if (!left->block) {
        node = self->before;
        torc_region_bins_remove(region, node);
        left->size += self->size;
        absorb_next(region, node);
    }
    gap_appears(region, node);
    return TORC_OK;
}

/* The border between block `node` and the gap behind it moves to where the block has `size` bytes. */
static void move_border(struct torc_region *region, uint32_t node, uint64_t size) {
    struct region_node *self = region_node(region, node);
    struct region_node *right = region_node(region, self->after);
    uint64_t both = self->size + right->size;
    torc_region_bins_remove(region, self->after);
    if (both == size) {
        absorb_next(region, node);
    } else {
        right->offset = self->offset + size;
        right->size = both - size;
        torc_region_bins_add(region, self->after);
    }
    self->size = size;
}

static int resize(struct torc_region *region, uint32_t node, uint64_t size) {
    struct region_node *self = region_node(region, node);
    const struct region_node *right = region_node(region, self->after);
    if (size == 0 || (size > self->size && (right->block || right->size < size - self->size))) {
        return TORC_NO_MEMORY;
    }
    if (!right->block) {
        move_border(region, node, size);
        return TORC_OK;
    }
    if (size == self->size) {
        return TORC_OK;
    }
    if (nodes_left(region) == 0) {
        return TORC_NO_NODES;
    }
    gap_appears(region, put_after(region, node, self->offset + size, self->size - size));
    self->size = size;
    return TORC_OK;
}

int torc_region_try_resize(struct torc_region *region, struct torc_region_block *block, uint64_t size) {
    int status;
    if (region == NULL || block == NULL || size == 0) {
        return TORC_INVALID;
    }
    if (!owns(region, block)) {
        return TORC_STALE;
    }
    status = resize(region, block->node, rounded(region, size));
    if (status == TORC_OK) {
        region->available += block->size;
        hand_out(region, block->node, block);
    }
    return status;
}
