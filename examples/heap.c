/* heap - a general-purpose allocator without a bus: in a buffer of yours, and shared by threads.
 *
 * The first heap lives in a static array: what it gives out never leaves it, and when it is full it says so. The second
 * lives in a reserved range and has two threads: one allocates, the other frees, without a lock between them. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc.h>

enum { MESSAGES = 1000 };

static _Alignas(64) unsigned char buffer[64 * 1024];

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "heap: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void in_a_buffer(void) {
    struct torc_grower_buffer grower;
    struct torc_heap_config config = {.threads = 1, .step = 4096};
    struct torc_heap *heap;
    uint64_t out;
    char *name, *longer;

    expect(torc_grower_buffer_init(&grower, buffer, sizeof buffer) == TORC_OK, "any buffer will do");
    expect(torc_heap_create(&grower.grower, &config, &heap) == TORC_OK, "a heap fits into 64 KiB");

    name = torc_heap_alloc(heap, 6);
    expect(name != NULL && (unsigned char *)name > buffer && (unsigned char *)name < buffer + sizeof buffer,
           "blocks lie in the buffer");
    memcpy(name, "hello", 6);
    longer = torc_heap_realloc(heap, name, 1000);
    expect(longer != NULL && strcmp(longer, "hello") == 0, "a block that grows keeps what is in it");
    expect(torc_heap_alloc(heap, sizeof buffer) == NULL, "what does not fit is refused");

    expect(torc_heap_destroy(&heap, &out) == TORC_BUSY && out == 1, "a heap knows what is out");
    expect(torc_heap_free(heap, longer) == TORC_OK, "free");
    expect(torc_heap_free(heap, longer) == TORC_STALE, "a second free is refused");
    expect(torc_heap_destroy(&heap, &out) == TORC_OK, "then it can go");
}

struct message {
    struct message *next;
    int number;
};

static struct torc_heap *shared;

/* Frees what another thread allocated: each block goes back to its owner in one atomic step. */
static void *free_all(void *list) {
    struct message *message = list;
    long sum = 0;
    while (message != NULL) {
        struct message *next = message->next;
        sum += message->number;
        expect(torc_heap_free(shared, message) == TORC_OK, "any thread may free");
        message = next;
    }
    expect(sum == (long)MESSAGES * (MESSAGES - 1) / 2, "every message arrived whole");
    return NULL;
}

static void between_threads(void) {
    struct torc_grower_mmap grower;
    struct message *list = NULL;
    struct torc_heap_stats stats;
    pthread_t thread;

    expect(torc_grower_mmap_open(&grower, (size_t)1 << 30) == TORC_OK,
           "addresses for 1 GiB; memory only as it is needed");
    expect(torc_heap_create(&grower.grower, NULL, &shared) == TORC_OK, "a heap");
    for (int i = 0; i < MESSAGES; i++) {
        struct message *message = torc_heap_alloc(shared, sizeof *message);
        expect(message != NULL, "memory for a message");
        *message = (struct message){list, i};
        list = message;
    }
    expect(pthread_create(&thread, NULL, free_all, list) == 0 && pthread_join(thread, NULL) == 0, "a second thread");
    (void)torc_heap_trim(shared);
    expect(torc_heap_stats(shared, &stats) == TORC_OK && stats.blocks == 0, "all is free again");
    expect(torc_heap_is_valid(shared, NULL), "every tag is right");
    expect(torc_heap_destroy(&shared, NULL) == TORC_OK, "the end");
    torc_grower_mmap_close(&grower);
}

int main(void) {
    in_a_buffer();
    between_threads();
    printf("heap: ok: blocks in a buffer of ours, and %d blocks freed by another thread\n", MESSAGES);
    return EXIT_SUCCESS;
}
