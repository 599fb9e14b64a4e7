/* src/output.c - text in parts: numbers, columns and escaped names, without the C library's formatting or memory. */
#include "figures.h"

#include <string.h>
#include <torc/status.h>

static void flush(struct output *out) {
    if (out->used != 0 && out->status == TORC_OK) {
        int status = out->write(out->context, out->part, out->used);
        out->status = status < 0 ? status : TORC_OK;
    }
    out->used = 0;
}

static void put_character(struct output *out, char c) {
    if (out->used == sizeof out->part) {
        flush(out);
    }
    out->part[out->used++] = c;
}

void torc_put(struct output *out, const char *text) {
    for (; *text != '\0'; text++) {
        put_character(out, *text);
    }
}

/* The digits end at `end`. */
static char *digits(char *end, uint64_t value) {
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return end;
}

void torc_put_number(struct output *out, uint64_t value) {
    char text[21] = {0};
    torc_put(out, digits(text + 20, value));
}

void torc_put_column(struct output *out, const char *text, size_t width) {
    size_t length = strlen(text);
    size_t shown = length < width ? length : width;
    for (size_t i = shown; i < width; i++) {
        put_character(out, ' ');
    }
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)text[i];
        put_character(out, c < 0x20 || c == 0x7F ? '?' : (char)c);
    }
}

void torc_put_number_column(struct output *out, uint64_t value, size_t width) {
    char text[21] = {0};
    torc_put_column(out, digits(text + 20, value), width);
}

/* Bytes of the UTF-8 character at `text`; 0: there is none. Overlong forms, surrogates and what is above U+10FFFF are
 * none. */
static size_t character_bytes(const unsigned char *text) {
    static const struct {
        unsigned char first, last, low, high; /* lead bytes, and what may follow at once */
        size_t bytes;
    } forms[] = {{0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                 {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
                 {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    size_t i = 0;
    while (i < sizeof forms / sizeof forms[0] && (text[0] < forms[i].first || text[0] > forms[i].last)) {
        i++;
    }
    if (i == sizeof forms / sizeof forms[0]) {
        return 0;
    }
    for (size_t k = 1; k < forms[i].bytes; k++) {
        unsigned char low = k == 1 ? forms[i].low : 0x80;
        unsigned char high = k == 1 ? forms[i].high : 0xBF;
        if (text[k] < low || text[k] > high) {
            return 0;
        }
    }
    return forms[i].bytes;
}

static void put_control(struct output *out, unsigned char c, bool json) {
    static const char hex[] = "0123456789abcdef";
    if (c == '\n') {
        torc_put(out, "\\n");
    } else if (json) {
        torc_put(out, "\\u00");
        put_character(out, hex[c >> 4]);
        put_character(out, hex[c & 15]);
    } else {
        put_character(out, (char)c); /* Prometheus escapes nothing else */
    }
}

void torc_put_escaped(struct output *out, const char *text, bool json) {
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        size_t bytes = character_bytes(at);
        if (bytes == 0) {
            torc_put(out, "\xEF\xBF\xBD");
            at++;
        } else if (*at < 0x20) {
            put_control(out, *at++, json);
        } else {
            if (*at == '"' || *at == '\\') {
                put_character(out, '\\');
            }
            for (; bytes > 0; bytes--) {
                put_character(out, (char)*at++);
            }
        }
    }
}

int torc_put_end(struct output *out) {
    flush(out);
    return out->status;
}
