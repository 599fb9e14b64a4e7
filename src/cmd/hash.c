/* hash.c - SHA-256 by libcrypto. */
#include "hash.h"

#include <openssl/evp.h>

bool hasher_open(struct hasher *hasher) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        return false;
    }
    hasher->context = context;
    return true;
}

void hasher_close(struct hasher *hasher) {
    EVP_MD_CTX_free(hasher->context);
    hasher->context = NULL;
}

/* No digest named: libcrypto goes on with the one it has, which spares it a look-up per hash. */
bool hash_begin(struct hasher *hasher) {
    return EVP_DigestInit_ex(hasher->context, NULL, NULL) == 1;
}

bool hash_add(struct hasher *hasher, const void *data, size_t length) {
    return EVP_DigestUpdate(hasher->context, data, length) == 1;
}

bool hash_end(struct hasher *hasher, unsigned char out[HASH_BYTES]) {
    unsigned length = 0;
    return EVP_DigestFinal_ex(hasher->context, out, &length) == 1 && length == HASH_BYTES;
}

void hash_text(const unsigned char hash[HASH_BYTES], char text[2 * HASH_BYTES + 1]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < HASH_BYTES; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    text[2 * HASH_BYTES] = '\0';
}
