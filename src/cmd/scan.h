/* scan.h - reading a log's files from front to back, through a buffer and by checked lengths only.
 *
 * read() and not mmap(): a file that shrinks while it is read is an error then, not a SIGBUS. */
#ifndef TORC_CMD_SCAN_H
#define TORC_CMD_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format.h"
#include "mmr.h"

struct scan {
    int fd;
    uint64_t size;   /* of the file when it was opened */
    uint64_t offset; /* of the next byte to be taken */
    unsigned char *buffer;
    size_t start;
    size_t end;
};

/* scan_open: from the file's first byte on. The fd stays the caller's. false: errno. */
bool scan_open(struct scan *scan, int fd);
void scan_close(struct scan *scan);

/* scan_left: bytes up to the end of the file. */
static inline uint64_t scan_left(const struct scan *scan) {
    return scan->size - scan->offset;
}

/* scan_take: the next `length` bytes, which scan_left() must cover, copied. scan_piece: some of the next bytes in
 * place, between 1 and `most`; valid until the next call. false, 0: errno. */
bool scan_take(struct scan *scan, void *out, size_t length);
size_t scan_piece(struct scan *scan, uint64_t most, const unsigned char **piece);

/* scan_payload: reads `length` bytes, covered by scan_left(), into the next leaf of `mmr` and, unless NULL, a hash
 * of their own. false: errno (EIO if libcrypto failed). */
bool scan_payload(struct scan *scan, uint64_t length, struct mmr *mmr, struct hasher *hasher,
                  unsigned char hash[HASH_BYTES]);

/* scan_measure: how many of the first `limit` records of this segment are there in full, where the last of these
 * ends, and their root. false: errno. */
bool scan_measure(int fd, uint64_t limit, uint64_t *records, uint64_t *bytes, unsigned char root[HASH_BYTES]);

#endif
