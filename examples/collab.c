/* collab - a real document, typed again keystroke by keystroke through the bus.
 *
 *     collab              replays every trace in ../shared/data; skipped (exit status 77) where there is none
 *     collab TRACE        replays this one, gzipped or not
 *     collab -            replays standard input
 *
 * A trace has one transaction per line: [[position, deleted, "inserted"], ...], positions in bytes. main publishes each
 * line as an event; a document actor applies the edits. One edit lost, doubled or out of order and the text comes out
 * wrong: at the end it must equal the trace's .end.txt, or, where there is none, a replay of the same lines without a
 * bus. */
#define _POSIX_C_SOURCE 200809L
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <torc.h>

enum { TRANSACTION = 1, SKIPPED = 77 };

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "collab: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "collab: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* The document: text with a gap where the last edit was, since the next one is seldom far away. */
struct document {
    char *text;
    size_t gap, gap_end, capacity; /* the document is text[0 .. gap) and text[gap_end .. capacity) */
    uint64_t transactions;
    uint64_t broken; /* the first transaction that is not one, counted from 1; 0: all are well */
};

static size_t document_length(const struct document *doc) {
    return doc->capacity - (doc->gap_end - doc->gap);
}

static int document_at(const struct document *doc, size_t index) {
    return (unsigned char)doc->text[index < doc->gap ? index : index + (doc->gap_end - doc->gap)];
}

static bool document_move_gap(struct document *doc, size_t position) {
    if (position > document_length(doc)) {
        return false;
    }
    if (position < doc->gap) {
        doc->gap_end -= doc->gap - position;
        memmove(doc->text + doc->gap_end, doc->text + position, doc->gap - position);
    } else if (position > doc->gap) {
        memmove(doc->text + doc->gap, doc->text + doc->gap_end, position - doc->gap);
        doc->gap_end += position - doc->gap;
    }
    doc->gap = position;
    return true;
}

static void document_widen_gap(struct document *doc, size_t room) {
    size_t tail = doc->capacity - doc->gap_end;
    if (doc->gap_end - doc->gap >= room) {
        return;
    }
    doc->capacity = 2 * doc->capacity + room;
    doc->text = realloc(doc->text, doc->capacity);
    expect(doc->text != NULL, "there is memory for the document");
    memmove(doc->text + doc->capacity - tail, doc->text + doc->gap_end, tail);
    doc->gap_end = doc->capacity - tail;
}

/* What is left of a line while it is read. Every reader below takes what it knows or answers false. */
struct line {
    const char *at, *end;
};

static bool take(struct line *line, char wanted) {
    if (line->at == line->end || *line->at != wanted) {
        return false;
    }
    line->at++;
    return true;
}

static bool take_number(struct line *line, size_t *number) {
    const char *start = line->at;
    *number = 0;
    for (; line->at < line->end && *line->at >= '0' && *line->at <= '9'; line->at++) {
        if (line->at - start == 9) {
            return false; /* ten digits: no document is that long */
        }
        *number = *number * 10 + (size_t)(*line->at - '0');
    }
    return line->at - start == 1 || (line->at > start && *start != '0');
}

/* After a backslash: one letter, or u and four hexadecimal digits. Positions count bytes, so only ASCII is told that
 * way. */
static bool take_escape(struct line *line, char *out) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char digits[5] = "";
    const char *letter;
    if (line->at == line->end) {
        return false;
    }
    letter = memchr(letters, *line->at, sizeof letters - 1);
    if (letter != NULL) {
        *out = meanings[letter - letters];
        line->at++;
        return true;
    }
    if (!take(line, 'u') || line->end - line->at < 4) {
        return false;
    }
    memcpy(digits, line->at, 4);
    line->at += 4;
    *out = (char)strtoul(digits, NULL, 16);
    return strspn(digits, "0123456789abcdefABCDEF") == 4 && strtoul(digits, NULL, 16) < 0x80;
}

/* A string goes straight into the gap, which is wide enough: no escape is shorter than what it stands for. */
static bool take_string(struct line *line, struct document *doc) {
    if (!take(line, '"')) {
        return false;
    }
    document_widen_gap(doc, (size_t)(line->end - line->at));
    while (!take(line, '"')) {
        char byte;
        if (line->at == line->end || (unsigned char)*line->at < 0x20) {
            return false;
        }
        byte = *line->at++;
        if (byte == '\\' && !take_escape(line, &byte)) {
            return false;
        }
        doc->text[doc->gap++] = byte;
    }
    return true;
}

static bool take_patch(struct line *line, struct document *doc) {
    size_t position, deleted;
    if (!take(line, '[') || !take_number(line, &position) || !take(line, ',') || !take_number(line, &deleted) ||
        !take(line, ',') || !document_move_gap(doc, position) || deleted > doc->capacity - doc->gap_end) {
        return false;
    }
    doc->gap_end += deleted;
    return take_string(line, doc) && take(line, ']');
}

static void document_apply(struct document *doc, const char *data, size_t length) {
    struct line line = {data, data + length};
    bool good = take(&line, '[');
    if (good && !take(&line, ']')) {
        do {
            good = take_patch(&line, doc);
        } while (good && take(&line, ','));
        good = good && take(&line, ']');
    }
    doc->transactions++;
    if (doc->broken == 0 && !(good && line.at == line.end)) {
        doc->broken = doc->transactions;
    }
}

/* The document actor: its thread alone touches the document, so there is no lock. */
static enum torc_action on_event(void *context, struct torc_reader *reader, const struct torc_event *event) {
    (void)reader;
    document_apply(context, event->data, event->length);
    return TORC_CONTINUE;
}

/* gzip -f passes on what is not compressed. The name travels in the environment, so that the shell never reads it. */
static FILE *open_text(const char *path) {
    FILE *file;
    if (strcmp(path, "-") == 0) {
        return stdin;
    }
    file = setenv("COLLAB_FILE", path, 1) == 0 ? popen("exec gzip -dcf < \"$COLLAB_FILE\"", "r") : NULL;
    expect(file != NULL, "gzip starts");
    return file;
}

static void close_text(FILE *file) {
    expect(ferror(file) == 0, "the file was read without an error");
    expect(file == stdin || pclose(file) == 0, "the file could be opened and unpacked");
}

/* The text that belongs to a trace: x.ndjson[.gz] ends as x.end.txt[.gz]. */
static bool find_end_text(const char *trace, char *path, size_t room) {
    const char *suffix = strstr(trace, ".ndjson");
    int length;
    if (suffix == NULL || (strcmp(suffix, ".ndjson") != 0 && strcmp(suffix, ".ndjson.gz") != 0)) {
        return false;
    }
    length = snprintf(path, room, "%.*s.end.txt", (int)(suffix - trace), trace);
    if (length < 0 || (size_t)length + sizeof ".gz" > room) {
        return false;
    }
    if (access(path, R_OK) != 0) {
        memcpy(path + length, ".gz", sizeof ".gz");
    }
    return access(path, R_OK) == 0;
}

static void expect_text(const struct document *doc, const char *path) {
    FILE *file = open_text(path);
    size_t index = 0;
    for (int byte; (byte = getc(file)) != EOF; index++) {
        expect(index < document_length(doc) && document_at(doc, index) == byte, "the document equals the end text");
    }
    expect(index == document_length(doc), "the document ends where the end text does");
    close_text(file);
}

static void expect_same(const struct document *doc, const struct document *other) {
    expect(document_length(doc) == document_length(other), "the document is as long as the one made without the bus");
    for (size_t index = 0; index < document_length(doc); index++) {
        expect(document_at(doc, index) == document_at(other, index),
               "the document equals the one made without the bus");
    }
}

/* Publishes every line; `direct`, where there is one, gets it by hand. Returns how many. */
static uint64_t publish_lines(struct torc_publisher *publisher, FILE *trace, struct document *direct) {
    uint64_t count = 0;
    char *line = NULL;
    size_t room = 0;
    for (ssize_t got; (got = getline(&line, &room, trace)) > 0; count++) {
        size_t length = (size_t)got - (line[got - 1] == '\n');
        must(torc_publish(publisher, TRANSACTION, line, length), "publish");
        if (direct != NULL) {
            document_apply(direct, line, length);
        }
    }
    free(line);
    return count;
}

/* One trace through a bus of its own. */
static uint64_t send_through_bus(const char *path, struct document *doc, struct document *direct) {
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_actor *actor;
    FILE *trace = open_text(path);
    uint64_t count;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "edits", 0, &topic), "open the topic");
    struct torc_actor_config config = {
        .name = "document", .context = doc, .on_event = on_event, .topics = &topic, .topic_count = 1};
    must(torc_actor_start(bus, &config, &actor), "start the document actor");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");

    count = publish_lines(publisher, trace, direct);
    close_text(trace);

    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL), "stop the document actor");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    return count;
}

static void replay(const char *path) {
    struct document doc = {NULL, 0, 0, 0, 0, 0}, direct = {NULL, 0, 0, 0, 0, 0};
    char end_text[4096];
    bool has_end_text = find_end_text(path, end_text, sizeof end_text);
    uint64_t count = send_through_bus(path, &doc, has_end_text ? NULL : &direct);

    if (doc.broken != 0) {
        fprintf(stderr, "collab: %s: line %llu is not a transaction\n", path, (unsigned long long)doc.broken);
        exit(EXIT_FAILURE);
    }
    expect(count > 0, "the trace has a transaction");
    expect(doc.transactions == count, "the document actor saw every transaction");
    if (has_end_text) {
        expect_text(&doc, end_text);
    } else {
        expect_same(&doc, &direct);
    }
    printf("%s: %llu transactions, %zu bytes, as in %s\n", path, (unsigned long long)count, document_length(&doc),
           has_end_text ? end_text : "a replay without the bus");
    free(doc.text);
    free(direct.text);
}

int main(int argc, char **argv) {
    glob_t traces;
    if (argc > 2) {
        fprintf(stderr, "usage: collab [TRACE|-]\n");
        return EXIT_FAILURE;
    }
    if (argc == 2) {
        replay(argv[1]);
        printf("collab: ok: the trace went through the bus and the document is the expected one\n");
        return EXIT_SUCCESS;
    }
    if (glob("../shared/data/*.ndjson*", 0, NULL, &traces) != 0) {
        printf("collab: skipped: no traces in ../shared/data; name one, or - for standard input\n");
        return SKIPPED;
    }
    for (size_t i = 0; i < traces.gl_pathc; i++) {
        replay(traces.gl_pathv[i]);
    }
    printf("collab: ok: %zu traces went through the bus and each document is the expected one\n", traces.gl_pathc);
    globfree(&traces);
    return EXIT_SUCCESS;
}
