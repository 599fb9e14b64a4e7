/* scan.c - reading a log's files from front to back. */
#include "scan.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCAN_BUFFER ((size_t)256 * 1024)

bool scan_open(struct scan *scan, int fd) {
    struct stat state;
    *scan = (struct scan){.fd = fd};
    if (fstat(fd, &state) != 0 || lseek(fd, 0, SEEK_SET) != 0) {
        return false;
    }
    scan->size = (uint64_t)state.st_size;
    scan->buffer = malloc(SCAN_BUFFER);
    return scan->buffer != NULL;
}

void scan_close(struct scan *scan) {
    free(scan->buffer);
    scan->buffer = NULL;
}

size_t scan_piece(struct scan *scan, uint64_t most, const unsigned char **piece) {
    size_t length;
    if (scan->start == scan->end) {
        ssize_t got;
        do {
            got = read(scan->fd, scan->buffer, SCAN_BUFFER);
        } while (got < 0 && errno == EINTR);
        if (got <= 0) {
            errno = got == 0 ? ENODATA : errno; /* shorter than it was when it was opened */
            return 0;
        }
        scan->start = 0;
        scan->end = (size_t)got;
    }
    length = scan->end - scan->start;
    if (length > most) {
        length = (size_t)most;
    }
    *piece = scan->buffer + scan->start;
    scan->start += length;
    scan->offset += length;
    return length;
}

bool scan_take(struct scan *scan, void *out, size_t length) {
    unsigned char *at = out;
    while (length != 0) {
        const unsigned char *piece;
        size_t got = scan_piece(scan, length, &piece);
        if (got == 0) {
            return false;
        }
        memcpy(at, piece, got);
        at += got;
        length -= got;
    }
    return true;
}

static bool crypto_failed(void) {
    errno = EIO;
    return false;
}

bool scan_payload(struct scan *scan, uint64_t length, struct mmr *mmr, struct hasher *hasher,
                  unsigned char hash[HASH_BYTES]) {
    if (!mmr_leaf_begin(mmr) || (hasher != NULL && !hash_begin(hasher))) {
        return crypto_failed();
    }
    while (length != 0) {
        const unsigned char *piece;
        size_t got = scan_piece(scan, length, &piece);
        if (got == 0) {
            return false;
        }
        if (!mmr_leaf_add(mmr, piece, got) || (hasher != NULL && !hash_add(hasher, piece, got))) {
            return crypto_failed();
        }
        length -= got;
    }
    return (mmr_leaf_end(mmr) && (hasher == NULL || hash_end(hasher, hash))) || crypto_failed();
}

static bool measure(struct scan *scan, struct mmr *mmr, uint64_t limit, uint64_t *records, uint64_t *bytes) {
    unsigned char prefix[PREFIX_BYTES];
    if (scan_left(scan) < HEADER_BYTES) {
        errno = ENODATA;
        return false;
    }
    for (size_t i = 0; i < HEADER_BYTES / PREFIX_BYTES; i++) {
        if (!scan_take(scan, prefix, PREFIX_BYTES)) {
            return false;
        }
    }
    *bytes = scan->offset;
    for (*records = 0; *records < limit && scan_left(scan) >= PREFIX_BYTES; ++*records) {
        if (!scan_take(scan, prefix, PREFIX_BYTES)) {
            return false;
        }
        if (get_u32(prefix) > scan_left(scan)) {
            return true;
        }
        if (!scan_payload(scan, get_u32(prefix), mmr, NULL, NULL)) {
            return false;
        }
        *bytes = scan->offset;
    }
    return true;
}

bool scan_measure(int fd, uint64_t limit, uint64_t *records, uint64_t *bytes, unsigned char root[HASH_BYTES]) {
    struct scan scan;
    struct mmr mmr;
    bool fine = false;
    if (!mmr_open(&mmr)) {
        return crypto_failed();
    }
    if (scan_open(&scan, fd)) {
        fine = measure(&scan, &mmr, limit, records, bytes) && (mmr_root(&mmr, root) || crypto_failed());
    }
    scan_close(&scan);
    mmr_close(&mmr);
    return fine;
}
