/* mmr.h - a Merkle Mountain Range over SHA-256.
 *
 * Leaves are appended for ever; what is kept is one hash per perfect binary tree (a peak), at most 64 of them.
 *
 *   leaf(payload)      = SHA-256(0x00 || payload)
 *   node(left, right)  = SHA-256(0x01 || left || right)
 *   peaks              : n leaves are split into perfect trees by the binary digits of n, the largest one leftmost
 *   root(p1 .. pk)     = node(p1, node(p2, ... node(p(k-1), pk))): the peaks, bagged from right to left
 *   root of no leaves  = SHA-256 of nothing
 *
 * The first byte keeps leaves and nodes apart, so no payload can pose as an inner node. Bagged this way the root is
 * also the tree hash that Certificate Transparency defines (RFC 6962, section 2.1). */
#ifndef TORC_CMD_MMR_H
#define TORC_CMD_MMR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash.h"

struct mmr {
    struct hasher hasher;
    uint64_t leaves;
    unsigned char peaks[64][HASH_BYTES]; /* [h]: the tree of 2^h leaves; in use if bit h of `leaves` is set */
};

bool mmr_open(struct mmr *mmr);
void mmr_close(struct mmr *mmr);

/* A leaf in pieces, or at once. false: libcrypto failed, and the range is not usable any more. */
bool mmr_leaf_begin(struct mmr *mmr);
bool mmr_leaf_add(struct mmr *mmr, const void *data, size_t length);
bool mmr_leaf_end(struct mmr *mmr);
bool mmr_append(struct mmr *mmr, const void *data, size_t length);

bool mmr_root(struct mmr *mmr, unsigned char root[HASH_BYTES]);

#endif
