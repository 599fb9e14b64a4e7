/* trace.c - recorded editing sessions as events, one line each; where they are absent, a stand-in of the same sizes. */
#include "harness.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As the readers count it (event.hpp): the words, what is left, and the length. */
static uint64_t sum_of_line(const unsigned char *at, size_t length) {
    uint64_t sum = length, word;
    for (; length >= 8; length -= 8, at += 8) {
        memcpy(&word, at, 8);
        sum += word;
    }
    word = 0;
    memcpy(&word, at, length);
    return sum + word;
}

static void cut(struct suite_trace *trace, const unsigned char *text, size_t length) {
    size_t room = 1, count = 0, from = 0;
    uint32_t *begin;
    for (size_t i = 0; i < length; i++) {
        room += text[i] == '\n';
    }
    begin = bench_memory((room + 1) * sizeof *begin);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            begin[count++] = (uint32_t)from;
            trace->sum += sum_of_line(text + from, i + 1 - from);
            from = i + 1;
        }
    }
    begin[count] = (uint32_t)from;
    trace->text = text;
    trace->begin = begin;
    trace->count = count;
}

static bool grow(unsigned char **text, size_t *room) {
    unsigned char *larger = realloc(*text, *room * 2);
    if (larger == NULL) {
        bench_die("realloc", strerror(errno));
    }
    *text = larger;
    *room *= 2;
    return true;
}

/* The unpacked file; empty if it is not there. */
static size_t unpack(const char *directory, const char *name, unsigned char **text) {
    char command[4300];
    size_t length = 0, room = 1 << 20, got;
    FILE *pipe;
    if (strchr(directory, '\'') != NULL) {
        bench_die("--trace", "no quotes, please");
    }
    (void)snprintf(command, sizeof command, "zcat '%s/%s.ndjson.gz' 2>/dev/null", directory, name);
    *text = malloc(room);
    pipe = popen(command, "r");
    if (pipe == NULL || *text == NULL) {
        bench_die("popen", strerror(errno));
    }
    while ((got = fread(*text + length, 1, room - length, pipe)) > 0) {
        length += got;
        if (length == room) {
            (void)grow(text, &room);
        }
    }
    (void)pclose(pipe);
    return length;
}

/* 36981 lines, 977 in 1000 of 14 to 48 bytes and the rest up to 4096: roughly what a session in an editor looks
 * like. */
static size_t stand_in(unsigned char **text) {
    uint64_t random = 88172645463325252u;
    size_t length = 0, lines = 36981;
    *text = malloc(lines * 4096);
    if (*text == NULL) {
        bench_die("malloc", strerror(errno));
    }
    for (size_t i = 0; i < lines; i++) {
        size_t size;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size = random % 1000 < 977 ? 14 + random / 1000 % 35 : 49 + random / 1000 % (random % 64 == 0 ? 4000 : 200);
        memset(*text + length, 'a' + (int)(random % 26), size - 1);
        (*text)[length + size - 1] = '\n';
        length += size;
    }
    return length;
}

bool suite_prepare_trace(struct suite_case *which) {
    static const char *const places[] = {"../shared/data", "../../shared/data"};
    static struct suite_trace trace;
    static const char *kind;
    if (trace.count == 0) {
        unsigned char *text = NULL;
        size_t length = 0;
        kind = "rustcode";
        if (suite_settings.trace != NULL) {
            length = unpack(suite_settings.trace, kind, &text);
        }
        for (size_t i = 0; suite_settings.trace == NULL && length == 0 && i < sizeof places / sizeof *places; i++) {
            free(text);
            length = unpack(places[i], kind, &text);
        }
        if (length == 0) {
            kind = "generated lines: the recorded traces are not here";
            length = stand_in(&text);
        }
        cut(&trace, text, length);
    }
    printf("%s: %llu events, %s\n", which->name, (unsigned long long)trace.count, kind);
    which->plan.trace = &trace;
    return true;
}
