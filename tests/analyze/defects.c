/* defects.c - what the analyzers must report. Never linked into anything: a line marked PLANTED names the tools that
 * have to name it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc.h>

int null_dereference(int given);
int null_dereference(int given) {
    int *nothing = given > 3 ? &given : NULL;
    if (nothing == NULL) {
        (void)puts("nothing");
    }
    return *nothing; /* PLANTED for tidy: reached with NULL */
}

int null_always(void);
int null_always(void) {
    const int *nothing = NULL;
    return *nothing; /* PLANTED for tidy cppcheck: NULL */
}

char *leak(size_t size);
char *leak(size_t size) {
    char *first = malloc(size);
    char *second = malloc(size);
    if (second == NULL) {
        return NULL; /* PLANTED for tidy cppcheck: first is not freed */
    }
    free(first);
    return second;
}

int uninitialised_read(int given);
int uninitialised_read(int given) {
    int value;
    if (given > 10) {
        value = given;
    }
    return value + 1; /* PLANTED for tidy cppcheck: not set if given is 10 or less */
}

int uninitialised_always(void);
int uninitialised_always(void) {
    int value;
    return value; /* PLANTED for tidy cppcheck: never set */
}

void use_after_free(char *text);
void use_after_free(char *text) {
    free(text);
    (void)puts(text); /* PLANTED for tidy: freed */
}

int past_the_end(void);
int past_the_end(void) {
    int numbers[4] = {1, 2, 3, 4};
    return numbers[4]; /* PLANTED for tidy cppcheck: four numbers, the fifth is read */
}

/* A handle that is used although getting it failed. */
uint64_t handle_not_set(struct torc_reader *reader, const struct torc_event *event);
uint64_t handle_not_set(struct torc_reader *reader, const struct torc_event *event) {
    struct torc_ringptr kept;
    (void)torc_keep(reader, event, &kept);
    kept = (struct torc_ringptr){.bus = NULL};
    return kept.bus->pool_count; /* PLANTED for tidy: NULL by its own assignment */
}

void division(int given, int *out);
void division(int given, int *out) {
    if (given == 0) {
        *out = INT_MAX / given; /* PLANTED for tidy: by zero */
    }
}
