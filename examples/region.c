/* region - a file's space handed out by a region: the allocator never touches the file, the program never moves a
 * record.
 *
 * Records of any size come and go in a file of limited length. The region says where each may lie (best fit, whole
 * blocks of 512 bytes) and merges what is given back. All its books are in a static array: after init nothing is
 * allocated. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc/region.h>
#include <unistd.h>

enum { FILE_BYTES = 1 << 20, RECORDS = 100, ROUNDS = 20000, LARGEST = 16000 };

struct record {
    struct torc_region_block block;
    size_t length; /* 0: none */
    unsigned char seed;
};

static _Alignas(TORC_REGION_STORAGE_ALIGN) unsigned char books[TORC_REGION_BYTES(TORC_REGION_NODES(RECORDS))];
static struct record records[RECORDS];

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "region: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void put(int file, struct record *record) {
    static unsigned char data[LARGEST];
    memset(data, record->seed, record->length);
    expect(pwrite(file, data, record->length, (off_t)record->block.offset) == (ssize_t)record->length,
           "a record is written");
}

/* Every byte of the record is still the one that was written. */
static void check_and_free(struct torc_region *region, int file, struct record *record) {
    static unsigned char data[LARGEST];
    expect(pread(file, data, record->length, (off_t)record->block.offset) == (ssize_t)record->length,
           "a record is read");
    for (size_t i = 0; i < record->length; i++) {
        expect(data[i] == record->seed, "no record lies on another");
    }
    expect(torc_region_free(region, record->block) == TORC_OK, "a record's space is given back");
    expect(torc_region_free(region, record->block) == TORC_STALE, "but not twice");
    record->length = 0;
}

int main(void) {
    struct torc_region *region;
    FILE *stream = tmpfile();
    int file = stream == NULL ? -1 : fileno(stream);
    unsigned full = 0;
    expect(file >= 0, "there is a temporary file");
    expect(torc_region_init(books, sizeof books, 0, FILE_BYTES, 512, &region) == TORC_OK, "the region is set up");

    srand(1);
    for (int i = 0; i < ROUNDS; i++) {
        struct record *record = &records[rand() % RECORDS];
        if (record->length != 0) {
            check_and_free(region, file, record);
        }
        record->length = 1 + (size_t)(rand() % LARGEST);
        record->seed = (unsigned char)i;
        if (torc_region_alloc(region, record->length, &record->block) == TORC_OK) {
            put(file, record);
        } else {
            record->length = 0; /* no gap is large enough: the file is full, not the program's memory */
            full++;
        }
    }
    for (int i = 0; i < RECORDS; i++) {
        if (records[i].length != 0) {
            check_and_free(region, file, &records[i]);
        }
    }
    expect(torc_region_is_empty(region) && torc_region_largest(region) == FILE_BYTES, "at the end the file is one gap");
    expect(torc_region_is_valid(region), "and the books are right");
    (void)fclose(stream);
    printf("region: ok: %d records in a file of %d bytes, no two on one place, %u refused for want of space, books %zu "
           "bytes\n",
           ROUNDS - (int)full, FILE_BYTES, full, sizeof books);
    return EXIT_SUCCESS;
}
