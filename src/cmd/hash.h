/* hash.h - SHA-256 by libcrypto, in pieces. One hasher per thread; false from any call: libcrypto failed. */
#ifndef TORC_CMD_HASH_H
#define TORC_CMD_HASH_H

#include <stdbool.h>
#include <stddef.h>

#include "format.h"

struct hasher {
    void *context; /* EVP_MD_CTX */
};

bool hasher_open(struct hasher *hasher);
void hasher_close(struct hasher *hasher); /* also after a failed or missing open, if all zero */

bool hash_begin(struct hasher *hasher);
bool hash_add(struct hasher *hasher, const void *data, size_t length);
bool hash_end(struct hasher *hasher, unsigned char out[HASH_BYTES]);

/* hash_text: 64 hexadecimal digits and a NUL. */
void hash_text(const unsigned char hash[HASH_BYTES], char text[2 * HASH_BYTES + 1]);

#endif
