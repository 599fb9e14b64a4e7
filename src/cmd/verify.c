/* verify.c - `torc verify`: reads a log again and believes nothing.
 *
 * Segment and index are walked side by side and must agree on every length, kind and offset; every payload must hash to
 * what the index says; their ends must coincide, and number, size and root must be those in root.torc. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "scan.h"

enum file { SEGMENT_FILE = 0, INDEX_FILE, ROOT_FILE, FILES };

static const struct {
    const char *name;
    const char *magic;
} parts[FILES] = {{SEGMENT_NAME, SEGMENT_MAGIC}, {INDEX_NAME, INDEX_MAGIC}, {ROOT_NAME, ROOT_MAGIC}};

struct verify {
    const char *directory;
    bool dump;
    int fds[FILES];
    struct scan segment;
    struct scan index;
    unsigned char root_file[ROOT_BYTES];
    struct hasher hasher;
    struct mmr mmr;
    uint64_t records;
    bool differs;            /* a payload does not hash to what the index says; the first such: */
    uint64_t differs_record; /* its offset in the segment */
    uint64_t differs_entry;  /* the hash's offset in the index */
};

/* One fault: which file, where, what. Always false. */
static bool fault(const struct verify *verify, enum file file, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static bool fault(const struct verify *verify, enum file file, uint64_t offset, const char *format, ...) {
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    complain("%s/%s: offset %" PRIu64 ": %s", verify->directory, parts[file].name, offset, text);
    return false;
}

/* A file that cannot be had at all. */
static bool unreadable(const struct verify *verify, enum file file, const char *why) {
    complain("%s/%s: %s", verify->directory, parts[file].name, why);
    return false;
}

/* O_NONBLOCK: a pipe in place of a file shall not make us wait. */
static bool open_file(struct verify *verify, int directory, enum file file) {
    struct stat state;
    int fd = openat(directory, parts[file].name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    verify->fds[file] = fd;
    if (fd < 0) {
        return unreadable(verify, file, errno == ENOENT ? "missing" : strerror(errno));
    }
    if (fstat(fd, &state) != 0) {
        return unreadable(verify, file, strerror(errno));
    }
    return S_ISREG(state.st_mode) || unreadable(verify, file, "not a regular file");
}

static bool open_files(struct verify *verify) {
    bool fine = true;
    int directory = open(verify->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        complain("%s: %s", verify->directory, strerror(errno));
        return false;
    }
    for (int file = 0; file < FILES && fine; file++) {
        fine = open_file(verify, directory, (enum file)file);
    }
    close(directory);
    return fine;
}

/* Header fields in their order, so that the first wrong one is named. `size` is the file's. */
static bool check_header(const struct verify *verify, enum file file, const unsigned char *header, uint32_t state) {
    if (memcmp(header, parts[file].magic, MAGIC_BYTES) != 0) {
        return fault(verify, file, 0, "not a torc file of this kind (wrong magic)");
    }
    if (get_u32(header + VERSION_OFFSET) != FORMAT_VERSION) {
        return fault(verify, file, VERSION_OFFSET, "version %" PRIu32 ", this program reads %u",
                     get_u32(header + VERSION_OFFSET), FORMAT_VERSION);
    }
    if (get_u32(header + STATE_OFFSET) == state) {
        return true;
    }
    if (file == ROOT_FILE && get_u32(header + STATE_OFFSET) == LOG_OPEN) {
        return fault(verify, file, STATE_OFFSET, "not complete: the run that wrote this log did not finish");
    }
    return fault(verify, file, STATE_OFFSET, "unknown state %" PRIu32, get_u32(header + STATE_OFFSET));
}

static bool read_header(struct verify *verify, enum file file, struct scan *scan) {
    unsigned char header[HEADER_BYTES];
    if (!scan_open(scan, verify->fds[file])) {
        return unreadable(verify, file, strerror(errno));
    }
    if (scan->size < HEADER_BYTES) {
        return fault(verify, file, scan->size, "truncated inside the header");
    }
    if (!scan_take(scan, header, sizeof header)) {
        return unreadable(verify, file, strerror(errno));
    }
    return check_header(verify, file, header, LOG_OPEN);
}

static bool read_root(struct verify *verify) {
    struct scan scan;
    bool fine = scan_open(&scan, verify->fds[ROOT_FILE]);
    if (!fine) {
        (void)unreadable(verify, ROOT_FILE, strerror(errno));
    } else if (scan.size < ROOT_BYTES) {
        fine = fault(verify, ROOT_FILE, scan.size, "truncated: %d bytes expected", ROOT_BYTES);
    } else if (scan.size > ROOT_BYTES) {
        fine = fault(verify, ROOT_FILE, ROOT_BYTES, "trailing bytes");
    } else {
        fine = scan_take(&scan, verify->root_file, ROOT_BYTES) || unreadable(verify, ROOT_FILE, strerror(errno));
    }
    scan_close(&scan);
    return fine && check_header(verify, ROOT_FILE, verify->root_file, LOG_COMPLETE);
}

static void dump(const struct verify *verify, uint64_t offset, uint32_t length, uint32_t kind,
                 const unsigned char *hash) {
    char text[2 * HASH_BYTES + 1];
    hash_text(hash, text);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu32 " %s %s\n", verify->records, offset, length, kind_name(kind), text);
}

/* The payload is next in the segment; its length was checked. */
static bool check_payload(struct verify *verify, const unsigned char *entry, uint64_t record) {
    unsigned char hash[HASH_BYTES];
    uint32_t length = get_u32(entry + ENTRY_LENGTH);
    if (!scan_payload(&verify->segment, length, &verify->mmr, &verify->hasher, hash)) {
        return unreadable(verify, SEGMENT_FILE, strerror(errno));
    }
    if (memcmp(hash, entry + ENTRY_HASH, HASH_BYTES) != 0 && !verify->differs) {
        verify->differs = true;
        verify->differs_record = record;
        verify->differs_entry = verify->index.offset - ENTRY_BYTES + ENTRY_HASH;
    }
    if (verify->dump) {
        dump(verify, record, length, get_u32(entry + ENTRY_KIND), hash);
    }
    return true;
}

/* What the index says of the next record against what the segment says itself. */
static bool check_prefix(const struct verify *verify, const unsigned char *entry, const unsigned char *prefix,
                         uint64_t record) {
    uint64_t at = verify->index.offset - ENTRY_BYTES;
    uint32_t length = get_u32(prefix);
    uint32_t kind = get_u32(prefix + PREFIX_KIND);
    if (get_u64(entry) != record) {
        return fault(verify, INDEX_FILE, at, "record %" PRIu64 " is at %" PRIu64 " in the segment, not at %" PRIu64,
                     verify->records, record, get_u64(entry));
    }
    if (length != get_u32(entry + ENTRY_LENGTH)) {
        return fault(verify, SEGMENT_FILE, record, "length %" PRIu32 ", but %" PRIu32 " in %s at offset %" PRIu64,
                     length, get_u32(entry + ENTRY_LENGTH), INDEX_NAME, at + ENTRY_LENGTH);
    }
    if (kind != get_u32(entry + ENTRY_KIND)) {
        return fault(verify, SEGMENT_FILE, record + PREFIX_KIND,
                     "kind %" PRIu32 ", but %" PRIu32 " in %s at offset %" PRIu64, kind, get_u32(entry + ENTRY_KIND),
                     INDEX_NAME, at + ENTRY_KIND);
    }
    if (kind_name(kind) == NULL) {
        return fault(verify, SEGMENT_FILE, record + PREFIX_KIND, "unknown kind %" PRIu32, kind);
    }
    if (length > scan_left(&verify->segment)) {
        return fault(verify, SEGMENT_FILE, verify->segment.size, "truncated inside the record at %" PRIu64, record);
    }
    return true;
}

static bool check_record(struct verify *verify) {
    unsigned char entry[ENTRY_BYTES];
    unsigned char prefix[PREFIX_BYTES];
    uint64_t record = verify->segment.offset;
    if (scan_left(&verify->index) < ENTRY_BYTES) {
        return fault(verify, INDEX_FILE, verify->index.size, "truncated inside record %" PRIu64, verify->records);
    }
    if (scan_left(&verify->segment) < PREFIX_BYTES) {
        return fault(verify, SEGMENT_FILE, verify->segment.size, "truncated inside the record at %" PRIu64, record);
    }
    if (!scan_take(&verify->index, entry, sizeof entry)) {
        return unreadable(verify, INDEX_FILE, strerror(errno));
    }
    if (!scan_take(&verify->segment, prefix, sizeof prefix)) {
        return unreadable(verify, SEGMENT_FILE, strerror(errno));
    }
    if (!check_prefix(verify, entry, prefix, record) || !check_payload(verify, entry, record)) {
        return false;
    }
    verify->records++;
    return true;
}

/* One of the two files goes on where the other has ended: root.torc says which of them is right. */
static bool check_ends(const struct verify *verify) {
    uint64_t records = get_u64(verify->root_file + ROOT_RECORDS);
    uint64_t segment = scan_left(&verify->segment);
    uint64_t index = scan_left(&verify->index);
    if (segment == 0 && index == 0) {
        return true;
    }
    if (segment == 0) {
        return verify->records == records
                   ? fault(verify, INDEX_FILE, verify->index.offset, "%" PRIu64 " trailing bytes", index)
                   : fault(verify, SEGMENT_FILE, verify->segment.size,
                           "truncated: ends after %" PRIu64 " records, %s goes on", verify->records, INDEX_NAME);
    }
    return verify->records == records
               ? fault(verify, SEGMENT_FILE, verify->segment.offset, "%" PRIu64 " trailing bytes", segment)
               : fault(verify, INDEX_FILE, verify->index.size, "truncated: ends after %" PRIu64 " records, %s goes on",
                       verify->records, SEGMENT_NAME);
}

/* The root is made of payloads alone: if it is the right one, the payload was right and the index's hash is wrong. */
static bool check_root(struct verify *verify, unsigned char root[HASH_BYTES]) {
    const unsigned char *said = verify->root_file;
    bool same;
    if (!mmr_root(&verify->mmr, root)) {
        return unreadable(verify, SEGMENT_FILE, "the root hash cannot be computed");
    }
    same = memcmp(root, said + ROOT_HASH, HASH_BYTES) == 0;
    if (verify->differs && same) {
        return fault(verify, INDEX_FILE, verify->differs_entry, "the hash is not that of the record at %" PRIu64,
                     verify->differs_record);
    }
    if (verify->differs) {
        return fault(verify, SEGMENT_FILE, verify->differs_record,
                     "the payload of this record does not have the hash that %s says", INDEX_NAME);
    }
    if (get_u64(said + ROOT_RECORDS) != verify->records) {
        return fault(verify, ROOT_FILE, ROOT_RECORDS, "%" PRIu64 " records said, %" PRIu64 " found",
                     get_u64(said + ROOT_RECORDS), verify->records);
    }
    if (get_u64(said + ROOT_SEGMENT) != verify->segment.size) {
        return fault(verify, ROOT_FILE, ROOT_SEGMENT, "%" PRIu64 " bytes of segment said, %" PRIu64 " found",
                     get_u64(said + ROOT_SEGMENT), verify->segment.size);
    }
    return same || fault(verify, ROOT_FILE, ROOT_HASH, "wrong root: it is not that of the records found");
}

/* As long as both files go on; what one has beyond the other is for check_ends. */
static bool check_records(struct verify *verify) {
    while (scan_left(&verify->segment) != 0 && scan_left(&verify->index) != 0) {
        if (!check_record(verify)) {
            return false;
        }
    }
    return check_ends(verify);
}

static bool check_log(struct verify *verify, unsigned char root[HASH_BYTES]) {
    if (!hasher_open(&verify->hasher) || !mmr_open(&verify->mmr)) {
        complain("libcrypto: no SHA-256");
        return false;
    }
    return open_files(verify) && read_root(verify) && read_header(verify, SEGMENT_FILE, &verify->segment) &&
           read_header(verify, INDEX_FILE, &verify->index) && check_records(verify) && check_root(verify, root);
}

static int verify_directory(const char *directory, bool want_dump) {
    struct verify verify = {.directory = directory, .dump = want_dump, .fds = {-1, -1, -1}};
    unsigned char root[HASH_BYTES];
    char text[2 * HASH_BYTES + 1];
    bool fine = check_log(&verify, root);
    if (fine) {
        hash_text(root, text);
        printf("torc verify: records=%" PRIu64 " root=%s ok\n", verify.records, text);
    }
    for (int file = 0; file < FILES; file++) {
        if (verify.fds[file] >= 0) {
            close(verify.fds[file]);
        }
    }
    scan_close(&verify.segment);
    scan_close(&verify.index);
    hasher_close(&verify.hasher);
    mmr_close(&verify.mmr);
    return fine ? EXIT_FINE : EXIT_FAILED;
}

int command_verify(int argc, char **argv) {
    static const struct option options[] = {
        {"dump", no_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool want_dump = false;
    int option;
    while ((option = getopt_long(argc, argv, "dh", options, NULL)) != -1) {
        if (option == 'h') {
            help_verify(stdout);
            return EXIT_FINE;
        }
        if (option != 'd') {
            return usage_error(argv[0]);
        }
        want_dump = true;
    }
    if (argc - optind != 1) {
        complain("%s needs one directory", argv[0]);
        return usage_error(argv[0]);
    }
    return verify_directory(argv[optind], want_dump);
}
