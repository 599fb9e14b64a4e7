/* pools/region.h - what lies in a region's storage: a head, then the nodes.
 *
 * All blocks and gaps form one ring by rising offset, closed by node 0, which counts as a block, so that nobody
 * has to ask whether there is a neighbour. Gaps are besides in a bin by their size:
 *
 *   bins 1..511    one size each, in granules: a list
 *   bins 512..     a sixteenth of a power of two each: a balanced tree by size, then offset
 *
 * A bit per bin says whether it has any, a bit per word of these whether one is set: the next bin with a gap is two
 * bit scans away. */
#ifndef TORC_POOLS_REGION_H
#define TORC_POOLS_REGION_H

#include <torc/layout.h>
#include <torc/region.h>

#define REGION_EXACT     512u                                /* sizes with a list of their own */
#define REGION_STEPS     16u                                 /* bins per power of two above */
#define REGION_BINS      (REGION_EXACT + 55u * REGION_STEPS) /* exponents 9..63 */
#define REGION_WORDS     ((REGION_BINS + 63u) / 64u)
#define REGION_NONE      0u /* node 0 is in no bin and in no list */
#define REGION_NODE_MASK ((UINT32_C(1) << 26) - 1)

struct region_node {
    uint64_t offset;
    uint64_t size;
    uint32_t before : 26; /* neighbours by offset */
    uint32_t height : 6;  /* gap in a tree: of the subtree below it */
    uint32_t after : 26;  /* spare node: the next one */
    uint32_t block : 1;   /* handed out; 0: a gap, or spare */
    uint32_t spare : 5;
    uint32_t left;  /* gap: left child, or previous in the list; block: its serial */
    uint32_t right; /* gap: right child, or next in the list */
};
TORC_STATIC_ASSERT(sizeof(struct region_node) == TORC_REGION_NODE_BYTES, "node as in torc/region.h");

struct torc_region {
    uint64_t base;
    uint64_t length;
    uint64_t available; /* bytes of all gaps */
    uint32_t granule_bits;
    uint32_t serial;  /* of the last block handed out */
    uint32_t nodes;   /* all there are, node 0 included */
    uint32_t touched; /* from here on never used since init or reset, and not written yet */
    uint32_t in_use;  /* blocks and gaps, and node 0 */
    uint32_t spares;  /* first of those given back, or REGION_NONE */

    uint64_t words; /* bit per word of `bins` that is not 0 */
    uint64_t bins[REGION_WORDS];
    uint32_t gap[REGION_BINS]; /* head of the list or root of the tree; undefined while the bin's bit is 0 */
} TORC_ALIGNED_LINE;
TORC_STATIC_ASSERT(sizeof(struct torc_region) == TORC_REGION_HEAD_BYTES, "head as in torc/region.h");
TORC_STATIC_ASSERT(REGION_WORDS <= 64, "one word for all words");

static inline struct region_node *region_nodes(const struct torc_region *region) {
    return (struct region_node *)(uintptr_t)(region + 1);
}
static inline struct region_node *region_node(const struct torc_region *region, uint32_t node) {
    return region_nodes(region) + node;
}

static inline uint32_t region_bin_of(const struct torc_region *region, uint64_t size) {
    uint64_t granules = size >> region->granule_bits;
    uint32_t exponent;
    if (TORC_LIKELY(granules < REGION_EXACT)) {
        return (uint32_t)granules;
    }
    exponent = 63u - (uint32_t)__builtin_clzll(granules);
    return REGION_EXACT + (exponent - 9) * REGION_STEPS + ((uint32_t)(granules >> (exponent - 4)) & (REGION_STEPS - 1));
}

static inline bool region_bin_used(const struct torc_region *region, uint32_t bin) {
    return (region->bins[bin / 64] >> (bin % 64) & 1u) != 0;
}

/* region_bins.c. Gaps enter and leave their bin; the node's size and offset are those it has or had in there. */
void torc_region_bins_clear(struct torc_region *region);
void torc_region_bins_add(struct torc_region *region, uint32_t node);
void torc_region_bins_remove(struct torc_region *region, uint32_t node);
uint32_t torc_region_bins_fit(const struct torc_region *region, uint64_t size); /* best fit, or REGION_NONE */
uint64_t torc_region_bins_largest(const struct torc_region *region);            /* bytes, or 0 */

/* region_tree.c. *root is a tree of gaps by size, then offset. */
void torc_region_tree_add(struct region_node *nodes, uint32_t *root, uint32_t node);
void torc_region_tree_remove(struct region_node *nodes, uint32_t *root, uint32_t node);
uint32_t torc_region_tree_fit(const struct region_node *nodes, uint32_t root, uint64_t size);

#endif
