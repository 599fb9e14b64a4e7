/* handlers.h - a handler that follows a script, for test_handler.c and test_handler_end.c. */
#ifndef TORC_TESTS_UNIT_HANDLERS_H
#define TORC_TESTS_UNIT_HANDLERS_H

#include "helpers.h"

/* What a handler does at which event number, and what it saw. Published by the handler's end (torc_handler_join). */
struct script {
    enum torc_verdict verdict; /* for `number`, `times` times; else OK */
    uint64_t number;
    uint64_t times;
    uint64_t release_at; /* + 1; 0: never */
    uint64_t stop_at;    /* + 1: torc_handler_stop from inside */
    uint64_t seen[64];
    size_t count;
    size_t ends;
    size_t sizes[16];
    size_t batches;
    enum torc_ended why;
    int stops, starts;
    int status;
    uint64_t lost;
    int evicted;
    int timeouts;
};
#define ANY UINT64_MAX
extern struct script script;
extern struct torc_handler_thread *handler;

/* config_of: begins a script. The events lie in the lane before the handler starts, so its batches are known. */
struct torc_handler_config config_of(void);
void start(const struct torc_handler_config *config);
/* Lets it handle all there is. */
struct torc_handler_stats finish(void);
/* It was handed these numbers, in this order. */
void saw(const uint64_t *numbers, size_t count);
#define SAW(...) saw((const uint64_t[]){__VA_ARGS__}, sizeof(const uint64_t[]){__VA_ARGS__} / sizeof(uint64_t))

#endif
