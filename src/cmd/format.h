/* format.h - the three files of a log directory, byte by byte.
 *
 * All integers are unsigned and little-endian; nothing is padded; a file ends where its last record ends. Every byte is
 * checked by `torc verify`: there is none that could change unnoticed.
 *
 *   segment.torc   header, then per record: u32 length, u32 kind, `length` bytes of payload
 *   index.torc     header, then per record: u64 offset of the record in segment.torc, u32 length, u32 kind,
 *                  32 bytes SHA-256 of the payload
 *   root.torc      header, then u64 records, u64 bytes of segment.torc, 32 bytes root hash (mmr.h)
 *
 *   header         8 bytes magic, u32 version, u32 state
 *
 * State is 0 in segment and index. In root.torc it is 0 while a run writes the log and 1 once the log is complete: the
 * whole file is laid down first and only rewritten in place at the end, so that a full disk cannot prevent it. */
#ifndef TORC_CMD_FORMAT_H
#define TORC_CMD_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SEGMENT_NAME  "segment.torc"
#define INDEX_NAME    "index.torc"
#define ROOT_NAME     "root.torc"
#define SEGMENT_MAGIC "TORCSEG\n"
#define INDEX_MAGIC   "TORCIDX\n"
#define ROOT_MAGIC    "TORCROOT"

#define FORMAT_VERSION 1u
#define HASH_BYTES     32

enum log_state { LOG_OPEN = 0, LOG_COMPLETE = 1 };

/* Sizes and offsets. */
enum {
    MAGIC_BYTES = 8,
    VERSION_OFFSET = 8,
    STATE_OFFSET = 12,
    HEADER_BYTES = 16,
    PREFIX_BYTES = 8, /* length and kind, before each payload */
    PREFIX_KIND = 4,
    ENTRY_BYTES = 48, /* one record in the index */
    ENTRY_LENGTH = 8,
    ENTRY_KIND = 12,
    ENTRY_HASH = 16,
    ROOT_RECORDS = 16,
    ROOT_SEGMENT = 24,
    ROOT_HASH = 32,
    ROOT_BYTES = 64
};

/* The kind of a record: the type of its event. */
enum record_kind { KIND_LINE = 1, KIND_TEXT = 2, KIND_BINARY = 3 };

static inline const char *kind_name(uint32_t kind) {
    static const char *const names[] = {NULL, "line", "text", "binary"};
    return kind < sizeof names / sizeof names[0] ? names[kind] : NULL;
}

static inline void put_u32(unsigned char *at, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

static inline void put_u64(unsigned char *at, uint64_t value) {
    put_u32(at, (uint32_t)value);
    put_u32(at + 4, (uint32_t)(value >> 32));
}

static inline uint32_t get_u32(const unsigned char *at) {
    uint32_t value = 0;
    for (int i = 3; i >= 0; i--) {
        value = value << 8 | at[i];
    }
    return value;
}

static inline uint64_t get_u64(const unsigned char *at) {
    return (uint64_t)get_u32(at + 4) << 32 | get_u32(at);
}

static inline void format_header(unsigned char header[HEADER_BYTES], const char *magic, enum log_state state) {
    memcpy(header, magic, MAGIC_BYTES);
    put_u32(header + VERSION_OFFSET, FORMAT_VERSION);
    put_u32(header + STATE_OFFSET, (uint32_t)state);
}

#endif
