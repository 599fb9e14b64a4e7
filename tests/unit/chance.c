/* chance.c - decisions from a seed or from bytes, and patterns. */
#include "chance.h"

uint64_t random_next(uint64_t *state) {
    /* A 64-bit counter put through a mixer: every state gives another number. */
    uint64_t x = (*state += UINT64_C(0x9E3779B97F4A7C15));
    x = (x ^ (x >> 31)) * UINT64_C(0xD6E8FEB86659FD93);
    x = (x ^ (x >> 29)) * UINT64_C(0xA24BAED4963EE407);
    return x ^ (x >> 32);
}

static unsigned char pattern_at(uint32_t seed, size_t i) {
    return (unsigned char)(seed + i * 31u + (i >> 8) * 7u);
}

void fill(void *data, size_t length, uint32_t seed) {
    unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++) {
        bytes[i] = pattern_at(seed, i);
    }
}

bool filled(const void *data, size_t length, uint32_t seed) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != pattern_at(seed, i)) {
            return false;
        }
    }
    return true;
}

/* As few bytes as the limit needs. */
uint64_t chance_below(struct chance *chance, uint64_t limit) {
    uint64_t value = 0;
    if (chance->at == NULL) {
        return random_next(&chance->random) % limit;
    }
    for (uint64_t rest = limit - 1; rest != 0; rest >>= 8) {
        value = value << 8 | (chance->at == chance->end ? 0 : *chance->at++);
    }
    return value % limit;
}

bool chance_over(const struct chance *chance) {
    return chance->at != NULL && chance->at == chance->end;
}
