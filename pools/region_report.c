/* pools/region_report.c - what a region has, and whether its books are right. */
#include "region.h"

uint64_t torc_region_capacity(const struct torc_region *region) {
    return region == NULL ? 0 : region->length;
}

uint64_t torc_region_available(const struct torc_region *region) {
    return region == NULL ? 0 : region->available;
}

uint64_t torc_region_largest(const struct torc_region *region) {
    return region == NULL ? 0 : torc_region_bins_largest(region);
}

uint32_t torc_region_nodes_left(const struct torc_region *region) {
    return region == NULL ? 0 : region->nodes - region->in_use;
}

bool torc_region_is_empty(const struct torc_region *region) {
    return region != NULL && region->available == region->length;
}

bool torc_region_next_gap(const struct torc_region *region, struct torc_region_gap *gap) {
    uint32_t node;
    if (region == NULL || gap == NULL || gap->node >= region->touched) {
        return false;
    }
    node = region_node(region, gap->node)->after;
    while (node != 0 && region_node(region, node)->block) {
        node = region_node(region, node)->after;
    }
    if (node == 0) {
        return false;
    }
    *gap = (struct torc_region_gap){region_node(region, node)->offset, region_node(region, node)->size, node};
    return true;
}

/* --- validity ----------------------------------------------------------------------------------------------- */

/* What the walk by offset finds, for the walk by size to agree with. */
struct census {
    uint64_t blocks, gaps, bytes_free;
};

static bool in_range(const struct torc_region *region, uint32_t node) {
    return node != 0 && node < region->touched;
}

/* By offset: without holes and overlaps, whole granules, no two gaps side by side, links that agree. */
static bool ring_holds(const struct torc_region *region, struct census *census) {
    uint64_t rest = (UINT64_C(1) << region->granule_bits) - 1;
    uint64_t offset = region->base;
    uint32_t before = 0;
    uint32_t node = region_node(region, 0)->after;
    for (; node != 0; before = node, node = region_node(region, node)->after) {
        const struct region_node *self = region_node(region, node);
        if (!in_range(region, node) || census->blocks + census->gaps >= region->nodes || self->before != before ||
            self->offset != offset || self->size == 0 || (self->size & rest) != 0 ||
            self->size > region->base + region->length - offset ||
            (!self->block && !region_node(region, before)->block)) {
            return false;
        }
        offset += self->size;
        census->blocks += self->block;
        census->gaps += !self->block;
        census->bytes_free += self->block ? 0 : self->size;
    }
    return region_node(region, 0)->before == before && offset == region->base + region->length;
}

/* A gap that this bin may hold, and that the walk by offset met too. */
static bool gap_holds(const struct torc_region *region, uint32_t node, uint32_t bin) {
    const struct region_node *self;
    if (!in_range(region, node)) {
        return false;
    }
    self = region_node(region, node);
    return !self->block && region_bin_of(region, self->size) == bin && region_node(region, self->before)->after == node;
}

static bool list_holds(const struct torc_region *region, uint32_t bin, uint64_t *found) {
    uint32_t previous = REGION_NONE;
    for (uint32_t node = region->gap[bin]; node != REGION_NONE; node = region_node(region, node)->right) {
        if (!gap_holds(region, node, bin) || region_node(region, node)->left != previous || ++*found > region->nodes) {
            return false;
        }
        previous = node;
    }
    return true;
}

/* By order: everything in the subtree lies above *last, which moves on. Bounded by the heights, which fall
 * downwards. */
static bool tree_holds(const struct torc_region *region, uint32_t bin, uint32_t node, uint32_t *last, uint64_t *found) {
    const struct region_node *self = region_node(region, node);
    const struct region_node *low;
    uint32_t left;
    uint32_t right;
    if (node == REGION_NONE) {
        return true;
    }
    if (!gap_holds(region, node, bin) || (self->left != REGION_NONE && !in_range(region, self->left)) ||
        (self->right != REGION_NONE && !in_range(region, self->right))) {
        return false;
    }
    left = self->left == REGION_NONE ? 0 : region_node(region, self->left)->height;
    right = self->right == REGION_NONE ? 0 : region_node(region, self->right)->height;
    if (self->height != (left > right ? left : right) + 1u || left > right + 1u || right > left + 1u ||
        !tree_holds(region, bin, self->left, last, found)) {
        return false;
    }
    low = region_node(region, *last);
    if (*last != REGION_NONE && (low->size > self->size || (low->size == self->size && low->offset >= self->offset))) {
        return false;
    }
    *last = node;
    return ++*found <= region->nodes && tree_holds(region, bin, self->right, last, found);
}

/* By size: every gap is in the bin of its size, and nothing else; the bits say which bins have any. */
static bool bins_hold(const struct torc_region *region, const struct census *census) {
    uint64_t found = 0;
    for (uint32_t bin = 0; bin < REGION_BINS; bin++) {
        uint32_t last = REGION_NONE;
        bool used = region_bin_used(region, bin);
        if (used && (region->gap[bin] == REGION_NONE ||
                     (bin < REGION_EXACT ? !list_holds(region, bin, &found)
                                         : !tree_holds(region, bin, region->gap[bin], &last, &found)))) {
            return false;
        }
    }
    for (uint32_t word = 0; word < REGION_WORDS; word++) {
        if ((region->bins[word] != 0) != (region->words >> word & 1u)) {
            return false;
        }
    }
    return found == census->gaps;
}

static bool spares_hold(const struct torc_region *region, const struct census *census) {
    uint64_t spares = 0;
    for (uint32_t node = region->spares; node != REGION_NONE; node = region_node(region, node)->after) {
        if (!in_range(region, node) || region_node(region, node)->block || ++spares > region->nodes) {
            return false;
        }
    }
    return region->touched <= region->nodes && region->in_use == 1 + census->blocks + census->gaps &&
           region->in_use + spares == region->touched;
}

bool torc_region_is_valid(const struct torc_region *region) {
    struct census census = {0};
    return region != NULL && ring_holds(region, &census) && census.bytes_free == region->available &&
           bins_hold(region, &census) && spares_hold(region, &census);
}
