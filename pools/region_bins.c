/* pools/region_bins.c - gaps by size: a list per small size, a tree per range of larger ones, and bits over both. */
#include "region.h"

void torc_region_bins_clear(struct torc_region *region) {
    region->words = 0;
    for (uint32_t i = 0; i < REGION_WORDS; i++) {
        region->bins[i] = 0;
    }
}

static void mark(struct torc_region *region, uint32_t bin) {
    region->bins[bin / 64] |= UINT64_C(1) << (bin % 64);
    region->words |= UINT64_C(1) << (bin / 64);
}

static void unmark(struct torc_region *region, uint32_t bin) {
    region->bins[bin / 64] &= ~(UINT64_C(1) << (bin % 64));
    if (region->bins[bin / 64] == 0) {
        region->words &= ~(UINT64_C(1) << (bin / 64));
    }
}

/* The first bin from `bin` on that has a gap, or REGION_BINS. */
static uint32_t next_used(const struct torc_region *region, uint32_t bin) {
    uint64_t bits;
    uint32_t word = bin / 64;
    if (bin >= REGION_BINS) {
        return REGION_BINS;
    }
    bits = region->bins[word] & (~UINT64_C(0) << (bin % 64));
    if (bits == 0) {
        uint64_t words = word == 63 ? 0 : region->words & (~UINT64_C(0) << (word + 1));
        if (words == 0) {
            return REGION_BINS;
        }
        word = (uint32_t)__builtin_ctzll(words);
        bits = region->bins[word];
    }
    return word * 64 + (uint32_t)__builtin_ctzll(bits);
}

static void list_add(struct torc_region *region, uint32_t bin, uint32_t node, uint32_t head) {
    struct region_node *nodes = region_nodes(region);
    nodes[node].left = REGION_NONE;
    nodes[node].right = head;
    if (head != REGION_NONE) {
        nodes[head].left = node;
    }
    region->gap[bin] = node;
}

static void list_remove(struct torc_region *region, uint32_t bin, uint32_t node) {
    struct region_node *nodes = region_nodes(region);
    uint32_t previous = nodes[node].left;
    uint32_t next = nodes[node].right;
    if (previous != REGION_NONE) {
        nodes[previous].right = next;
    } else {
        region->gap[bin] = next;
    }
    if (next != REGION_NONE) {
        nodes[next].left = previous;
    }
}

void torc_region_bins_add(struct torc_region *region, uint32_t node) {
    uint32_t bin = region_bin_of(region, region_node(region, node)->size);
    uint32_t head = region_bin_used(region, bin) ? region->gap[bin] : REGION_NONE;
    if (TORC_LIKELY(bin < REGION_EXACT)) {
        list_add(region, bin, node, head);
    } else {
        region->gap[bin] = head;
        torc_region_tree_add(region_nodes(region), &region->gap[bin], node);
    }
    mark(region, bin);
}

void torc_region_bins_remove(struct torc_region *region, uint32_t node) {
    uint32_t bin = region_bin_of(region, region_node(region, node)->size);
    if (TORC_LIKELY(bin < REGION_EXACT)) {
        list_remove(region, bin, node);
    } else {
        torc_region_tree_remove(region_nodes(region), &region->gap[bin], node);
    }
    if (region->gap[bin] == REGION_NONE) {
        unmark(region, bin);
    }
}

uint32_t torc_region_bins_fit(const struct torc_region *region, uint64_t size) {
    const struct region_node *nodes = region_nodes(region);
    uint32_t bin = region_bin_of(region, size);
    if (bin >= REGION_EXACT && region_bin_used(region, bin)) {
        uint32_t node = torc_region_tree_fit(nodes, region->gap[bin], size);
        if (node != REGION_NONE) {
            return node;
        }
        bin++; /* all in there are too small */
    }
    bin = next_used(region, bin);
    if (bin < REGION_EXACT) {
        return region->gap[bin];
    }
    return bin < REGION_BINS ? torc_region_tree_fit(nodes, region->gap[bin], size) : REGION_NONE;
}

uint64_t torc_region_bins_largest(const struct torc_region *region) {
    const struct region_node *nodes = region_nodes(region);
    uint32_t word;
    uint32_t node;
    if (region->words == 0) {
        return 0;
    }
    word = 63u - (uint32_t)__builtin_clzll(region->words);
    node = region->gap[word * 64 + 63u - (uint32_t)__builtin_clzll(region->bins[word])];
    if (region_bin_of(region, nodes[node].size) >= REGION_EXACT) {
        while (nodes[node].right != REGION_NONE) {
            node = nodes[node].right;
        }
    }
    return nodes[node].size;
}
