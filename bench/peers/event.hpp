// event.hpp - the payload: every word written by the producer, every word added up by the consumer.
#ifndef TORC_BENCH_EVENT_HPP
#define TORC_BENCH_EVENT_HPP

#include "../suite/suite.h"
#include <cstring>
#include <sched.h>

namespace bench {

template <size_t N>
struct event {
    static constexpr size_t words = N / 8;
    uint64_t word[words];
};

template <size_t N>
inline __attribute__((always_inline)) void fill(event<N> &e, uint64_t i) {
    for (size_t k = 0; k < event<N>::words; k++) {
        e.word[k] = i + k;
    }
}

template <size_t N>
inline __attribute__((always_inline)) uint64_t sum_of(const event<N> &e) {
    uint64_t sum = 0;
    for (size_t k = 0; k < event<N>::words; k++) {
        sum += e.word[k];
    }
    return sum;
}

// What the events 1..n add up to, so that the producer need not.
template <size_t N>
inline uint64_t total_of(uint64_t n) {
    const uint64_t words = event<N>::words;
    return words * (n * (n + 1) / 2) + n * (words * (words - 1) / 2);
}

// Of an event of any length.
inline uint64_t sum_of_bytes(const void *data, size_t length) {
    const unsigned char *at = static_cast<const unsigned char *>(data);
    uint64_t sum = length, word;
    for (; length >= 8; length -= 8, at += 8) {
        std::memcpy(&word, at, 8);
        sum += word;
    }
    if (length > 0) {
        word = 0;
        std::memcpy(&word, at, length);
        sum += word;
    }
    return sum;
}

// Between tries that fail. Everybody waits in the same way.
template <suite_waiting W>
class waiter {
    static constexpr unsigned patience = W == SUITE_YIELD ? 32 : 20000;
    unsigned tries = 0;

  public:
    inline __attribute__((always_inline)) void operator()() {
        if (W != SUITE_HOT) {
            bench_relax();
        }
        if (__builtin_expect(++tries >= patience, 0)) {
            tries = 0;
            (void)sched_yield();
        }
    }
};

} // namespace bench
#endif
