/* engine_pattern.c - payloads that name their author, sequence and size; random numbers and sizes. */
#include "engine.h"
#include <inttypes.h>
#include <string.h>

#define STEP UINT64_C(0x9E3779B97F4A7C15)

static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 31)) * UINT64_C(0x7FB5D329728EA185);
    x = (x ^ (x >> 27)) * UINT64_C(0x81DADEF4BC2DD44D);
    return x ^ (x >> 33);
}

uint64_t stress_random(uint64_t *state) {
    *state += STEP;
    return mix(*state);
}

uint64_t stress_below(uint64_t *state, uint64_t n) {
    return stress_random(state) % n;
}

void stress_spin(uint64_t *state, uint64_t most) {
    for (uint64_t n = stress_below(state, most + 1); n != 0; n--) {
        torc_cpu_relax();
    }
}

size_t stress_size(uint64_t *state, size_t largest) {
    static const size_t edges[] = {
        0, TORC_INLINE_BYTES, TORC_XS_BYTES, TORC_S_BYTES, TORC_M_BYTES, TORC_L_BYTES, TORC_XL_BYTES, STRESS_LARGEST};
    /* Of 64 events: how many are inline, XS, S, M, L, XL, XXL. Few large ones, or bytes would be all that is moved. */
    static const unsigned share[] = {32, 10, 10, 6, 3, 2, 1};
    uint64_t pick = stress_below(state, 64);
    size_t class = 0;
    size_t size;
    while (pick >= share[class]) {
        pick -= share[class];
        class ++;
    }
    if (stress_below(state, 4) == 0) {
        size = edges[class] + (size_t)stress_below(state, 2); /* the class before, full, or this one's smallest */
    } else {
        size = edges[class] + 1 + (size_t)stress_below(state, edges[class + 1] - edges[class]);
    }
    return size <= largest ? size : (size_t)stress_below(state, (uint64_t)largest + 1);
}

static uint64_t key_of(uint32_t author, uint64_t sequence, size_t size) {
    return mix(sequence * STEP + author) + (uint64_t)size * UINT64_C(0xD1342543DE82EF95);
}

uint64_t stress_digest(uint32_t author, uint64_t sequence, size_t size) {
    return mix(key_of(author, sequence, size));
}

struct tag {
    uint64_t sequence;
    uint32_t author;
    uint32_t size;
};
_Static_assert(sizeof(struct tag) == STRESS_TAG, "the tag is what payloads begin with");

void stress_fill(void *data, size_t size, uint32_t author, uint64_t sequence) {
    unsigned char *out = data;
    uint64_t word = key_of(author, sequence, size);
    size_t i = 0;
    if (size >= STRESS_TAG) {
        struct tag tag = {sequence, author, (uint32_t)size};
        memcpy(out, &tag, sizeof tag);
        i = sizeof tag;
    }
    for (; i + sizeof word <= size; i += sizeof word) {
        memcpy(out + i, &word, sizeof word);
        word += STEP;
    }
    memcpy(out + i, &word, size - i);
}

/* Compares whole words and looks at the sum of differences at the end: every byte counts and the loop has no branch. */
static bool match_from(const unsigned char *in, size_t i, size_t size, uint64_t word) {
    uint64_t difference = 0;
    uint64_t last = 0;
    for (; i + sizeof word <= size; i += sizeof word) {
        uint64_t found;
        memcpy(&found, in + i, sizeof found);
        difference |= found ^ word;
        word += STEP;
    }
    memcpy(&last, &word, size - i);
    return difference == 0 && memcmp(in + i, &last, size - i) == 0;
}

bool stress_match(const void *data, size_t size, uint32_t author, uint64_t sequence) {
    size_t i = 0;
    if (size == 0) {
        return true;
    }
    if (size >= STRESS_TAG) {
        struct tag tag;
        memcpy(&tag, data, sizeof tag);
        if (tag.sequence != sequence || tag.author != author || tag.size != size) {
            return false;
        }
        i = sizeof tag;
    }
    return match_from(data, i, size, key_of(author, sequence, size));
}

void stress_verify(const void *data, size_t size, uint32_t author, uint64_t sequence) {
    struct tag tag = {0, 0, 0};
    if (stress_match(data, size, author, sequence)) {
        return;
    }
    if (size >= sizeof tag) {
        memcpy(&tag, data, sizeof tag);
    }
    DETECT(STRESS_PAYLOAD, false,
           "payload of author %" PRIu32 ", sequence %" PRIu64 ", %zu bytes; it says author %" PRIu32
           ", sequence %" PRIu64 ", %" PRIu32 " bytes",
           author, sequence, size, tag.author, tag.sequence, tag.size);
}

uint64_t stress_verify_tagged(const void *data, size_t size, uint32_t author) {
    struct tag tag;
    CHECK(size >= sizeof tag, "%zu bytes carry no tag", size);
    DETECT(STRESS_PAYLOAD, data != NULL, "no payload");
    memcpy(&tag, data, sizeof tag);
    stress_verify(data, size, author, tag.sequence);
    return tag.sequence;
}

void stress_add(struct stress_sum *sum, uint32_t author, uint64_t sequence, size_t size) {
    sum->events++;
    sum->bytes += size;
    sum->digest += stress_digest(author, sequence, size);
}

void stress_merge(struct stress_sum *sum, const struct stress_sum *other) {
    sum->events += other->events;
    sum->bytes += other->bytes;
    sum->digest += other->digest;
}

void stress_same(const struct stress_sum *written, const struct stress_sum *read, const char *who) {
    DETECT(STRESS_SUM,
           written->events == read->events && written->bytes == read->bytes && written->digest == read->digest,
           "%s: written %" PRIu64 " events, %" PRIu64 " bytes, digest %" PRIx64 "; read %" PRIu64 " events, %" PRIu64
           " bytes, digest %" PRIx64,
           who, written->events, written->bytes, written->digest, read->events, read->bytes, read->digest);
}
