/* mmr.c - a Merkle Mountain Range over SHA-256. */
#include "mmr.h"

#include <string.h>

static const unsigned char leaf_mark = 0x00;
static const unsigned char node_mark = 0x01;

bool mmr_open(struct mmr *mmr) {
    mmr->leaves = 0;
    return hasher_open(&mmr->hasher);
}

void mmr_close(struct mmr *mmr) {
    hasher_close(&mmr->hasher);
}

/* `out` may be one of the inputs. */
static bool node(struct hasher *hasher, const unsigned char *left, const unsigned char *right, unsigned char *out) {
    return hash_begin(hasher) && hash_add(hasher, &node_mark, 1) && hash_add(hasher, left, HASH_BYTES) &&
           hash_add(hasher, right, HASH_BYTES) && hash_end(hasher, out);
}

bool mmr_leaf_begin(struct mmr *mmr) {
    return hash_begin(&mmr->hasher) && hash_add(&mmr->hasher, &leaf_mark, 1);
}

bool mmr_leaf_add(struct mmr *mmr, const void *data, size_t length) {
    return hash_add(&mmr->hasher, data, length);
}

/* Adding a leaf is adding one to a binary number: every digit that carries merges two peaks into one. */
bool mmr_leaf_end(struct mmr *mmr) {
    unsigned char carry[HASH_BYTES];
    unsigned height = 0;
    if (!hash_end(&mmr->hasher, carry)) {
        return false;
    }
    for (; mmr->leaves >> height & 1; height++) {
        if (!node(&mmr->hasher, mmr->peaks[height], carry, carry)) {
            return false;
        }
    }
    memcpy(mmr->peaks[height], carry, HASH_BYTES);
    mmr->leaves++;
    return true;
}

bool mmr_append(struct mmr *mmr, const void *data, size_t length) {
    return mmr_leaf_begin(mmr) && mmr_leaf_add(mmr, data, length) && mmr_leaf_end(mmr);
}

bool mmr_root(struct mmr *mmr, unsigned char root[HASH_BYTES]) {
    bool found = false;
    if (mmr->leaves == 0) {
        return hash_begin(&mmr->hasher) && hash_end(&mmr->hasher, root);
    }
    for (unsigned height = 0; height < 64; height++) { /* from the rightmost, smallest peak on */
        if ((mmr->leaves >> height & 1) == 0) {
            continue;
        }
        if (!found) {
            memcpy(root, mmr->peaks[height], HASH_BYTES);
        } else if (!node(&mmr->hasher, mmr->peaks[height], root, root)) {
            return false;
        }
        found = true;
    }
    return true;
}
