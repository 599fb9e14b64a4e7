// flow.hpp - what threads do with a queue, for every topology; each peer brings the queue, and gets loops with its code inlined.
//
// A queue is a template over the size of its events:
//
//     template <size_t N> struct queue {
//         static constexpr bool broadcast;       // every consumer sees every event (else: a queue for each consumer)
//         static constexpr bool many_producers;  // may have several (else: a queue for each producer, read in turns)
//         static constexpr bool blocks;          // push_block and pop_block sleep
//         static constexpr bool stages;          // optional: consumers follow each other as plan.shape says (else: each passes on)
//         static constexpr bool total;           // optional: all producers' events have one order (and if so, many_producers)
//         static constexpr bool variable;        // events of any length: push_bytes, pop_bytes (else: malloc, and a pointer sent)
//         queue(const suite_plan &, unsigned producers, unsigned consumers);
//         struct in { bool push(F fill); };      // fill(event<N>&) writes the event in place
//                 or { using copied = event<N>; bool push(const event<N> &); };
//         struct out { bool pop(F use); };       // use(const event<N>&) reads it, in place where the queue can
//         in make_in(unsigned); out make_out(unsigned);
//     };
//
// Optional in `in`: unsigned push_some(unsigned count, F fill) with fill(event<N>&, k), or push_range(const event<N> *, count), and in
// `out`: unsigned pop_some(most, F use), void done() at the end of a slice. Endpoints are small and copied: a loop works on its own copy, in registers.
#ifndef TORC_BENCH_FLOW_HPP
#define TORC_BENCH_FLOW_HPP

#include "event.hpp"
#include <cstdlib>
#include <memory>
#include <vector>

namespace bench {

// A pointer to malloc'ed bytes, for queues of fixed-size events.
struct boxed {
    unsigned char *data;
    uint64_t length;
};

template <class T, class = void>
struct copies : std::false_type {};
template <class T>
struct copies<T, std::void_t<typename T::copied>> : std::true_type {};
template <class T, class F, class = void>
struct has_push_some : std::false_type {};
template <class T, class F>
struct has_push_some<T, F, std::void_t<decltype(std::declval<T &>().push_some(1u, std::declval<F &>()))>>
    : std::true_type {};
template <class T, class = void>
struct has_push_range : std::false_type {};
template <class T>
struct has_push_range<
    T, std::void_t<decltype(std::declval<T &>().push_range(std::declval<const typename T::copied *>(), 1u))>>
    : std::true_type {};
template <class T, class = void>
struct has_stages : std::false_type {};
template <class T>
struct has_stages<T, std::void_t<decltype(T::stages)>> : std::bool_constant<T::stages> {};
template <class T, class = void>
struct in_order : std::false_type {};
template <class T>
struct in_order<T, std::void_t<decltype(T::total)>> : std::bool_constant<T::total> {};
template <class T, class F, class = void>
struct has_pop_some : std::false_type {};
template <class T, class F>
struct has_pop_some<T, F, std::void_t<decltype(std::declval<T &>().pop_some(1u, std::declval<F &>()))>>
    : std::true_type {};
template <class T, class = void>
struct has_done : std::false_type {};
template <class T>
struct has_done<T, std::void_t<decltype(std::declval<T &>().done())>> : std::true_type {};

// --- one endpoint ---

template <suite_waiting W, class In, class F>
inline __attribute__((always_inline)) void push_one(In &in, F &&fill_it) {
    if constexpr (copies<In>::value) {
        typename In::copied e;
        fill_it(e);
        if constexpr (W == SUITE_BLOCK) {
            in.push_block(e);
        } else {
            waiter<W> wait;
            while (!in.push(e)) {
                wait();
            }
        }
    } else if constexpr (W == SUITE_BLOCK) {
        in.push_block(fill_it);
    } else {
        waiter<W> wait;
        while (!in.push(fill_it)) {
            wait();
        }
    }
}

// Events first .. first + count - 1.
template <suite_waiting W, size_t N, class In>
inline void push_batch(In &in, uint64_t first, unsigned count) {
    auto write = [&first](event<N> &e, unsigned k) { fill(e, first + k); };
    if constexpr (has_push_some<In, decltype(write)>::value && W != SUITE_BLOCK) {
        waiter<W> wait;
        for (unsigned done = 0; done < count;) {
            unsigned more = in.push_some(count - done, write);
            done += more;
            first += more;
            if (more == 0) {
                wait();
            }
        }
    } else if constexpr (has_push_range<In>::value && W != SUITE_BLOCK) {
        event<N> events[SUITE_BATCH];
        waiter<W> wait;
        for (unsigned k = 0; k < count; k++) {
            write(events[k], k);
        }
        for (unsigned done = 0; done < count;) {
            unsigned more = in.push_range(events + done, count - done);
            done += more;
            if (more == 0) {
                wait();
            }
        }
    } else {
        for (unsigned k = 0; k < count; k++) {
            push_one<W>(in, [&](event<N> &e) { write(e, k); });
        }
    }
}

// As many as are there, at most `most`; 0: none.
template <size_t N, class Out, class F>
inline __attribute__((always_inline)) unsigned pop_up_to(Out &out, unsigned most, F &&use) {
    if constexpr (has_pop_some<Out, F>::value) {
        if (most > 1) {
            return out.pop_some(most, use);
        }
    }
    unsigned got = 0;
    while (got < most && out.pop(use)) {
        got++;
    }
    return got;
}

// --- the endpoints of a thread: one, which is what most have, or several in turns ---

template <class T>
struct single {
    T end;
    template <class F>
    inline __attribute__((always_inline)) void each(F &&f) {
        f(end);
    }
    inline __attribute__((always_inline)) T &next() {
        return end;
    }
};
template <class T>
struct several {
    T *ends;
    size_t count, turn;
    template <class F>
    inline void each(F &&f) {
        for (size_t i = 0; i < count; i++) {
            f(ends[i]);
        }
    }
    inline T &next() {
        turn = turn + 1 < count ? turn + 1 : 0;
        return ends[turn];
    }
};

// --- what threads do ---

template <suite_waiting W, size_t N, class Ins>
uint64_t produce(Ins &ins, uint64_t n, unsigned batch) {
    if (batch == 1) {
        for (uint64_t i = 1; i <= n; i++) {
            ins.each([i](auto &in) { push_one<W>(in, [i](event<N> &e) { fill(e, i); }); });
        }
    } else {
        for (uint64_t i = 1; i <= n; i += batch) {
            unsigned count = n - i + 1 < batch ? unsigned(n - i + 1) : batch;
            ins.each([i, count](auto &in) { push_batch<W, N>(in, i, count); });
        }
    }
    return total_of<N>(n);
}

// Calls use for `n` events.
template <suite_waiting W, size_t N, class Outs, class F>
inline __attribute__((always_inline)) void take(Outs &outs, uint64_t n, unsigned batch, F &&use, uint64_t *stall) {
    if constexpr (W == SUITE_BLOCK) {
        uint64_t last = suite_ticks(), longest = 0;
        for (uint64_t i = 0; i < n; i++) {
            outs.next().pop_block(use);
            uint64_t now = suite_ticks();
            longest = now - last > longest ? now - last : longest;
            last = now;
        }
        *stall = longest;
    } else if (batch == 1) {
        waiter<W> wait;
        for (uint64_t i = 0; i < n; i++) {
            while (!outs.next().pop(use)) {
                wait();
            }
        }
    } else {
        waiter<W> wait;
        for (uint64_t i = 0; i < n;) {
            unsigned got = pop_up_to<N>(outs.next(), n - i < batch ? unsigned(n - i) : batch, use);
            i += got;
            if (got == 0) {
                wait();
            }
        }
    }
}

// At the end of a slice.
template <class Outs>
inline void finish(Outs &outs) {
    outs.each([](auto &out) {
        if constexpr (has_done<std::remove_reference_t<decltype(out)>>::value) {
            out.done();
        }
    });
}

template <suite_waiting W, size_t N, class Outs>
uint64_t consume(Outs &outs, uint64_t n, unsigned batch, uint64_t *stall) {
    uint64_t sum = 0;
    take<W, N>(
        outs, n, batch, [&sum](const event<N> &e) { sum += sum_of(e); }, stall);
    finish(outs);
    return sum;
}

template <suite_waiting W, size_t N, class Ins, class Outs>
uint64_t pass_on(Ins &ins, Outs &outs, uint64_t n) {
    uint64_t sum = 0, stall;
    take<W, N>(
        outs, n, 1,
        [&](const event<N> &e) {
            sum += sum_of(e);
            ins.each([&e](auto &in) { push_one<W>(in, [&e](event<N> &copy) { copy = e; }); });
        },
        &stall);
    finish(outs);
    return sum;
}

template <size_t N, class Ins, class Outs>
uint64_t serve(Ins &ins, Outs &outs, uint64_t n, uint32_t *samples) {
    uint64_t sum = 0, stall, last = suite_ticks();
    for (uint64_t i = 1; i <= n; i++) {
        ins.each([i](auto &in) { push_one<SUITE_HOT>(in, [i](event<N> &e) { fill(e, i); }); });
        take<SUITE_HOT, N>(
            outs, 1, 1, [&sum](const event<N> &e) { sum += sum_of(e); }, &stall);
        uint64_t now = suite_ticks();
        samples[i - 1] = uint32_t(now - last);
        last = now;
    }
    finish(outs);
    return sum;
}

template <size_t N, class Ins, class Outs>
uint64_t give_back(Ins &ins, Outs &outs, uint64_t n) {
    uint64_t sum = 0, stall;
    for (uint64_t i = 1; i <= n; i++) {
        take<SUITE_HOT, N>(
            outs, 1, 1, [&sum](const event<N> &e) { sum += sum_of(e); }, &stall);
        ins.each([i](auto &in) { push_one<SUITE_HOT>(in, [i](event<N> &e) { fill(e, i); }); });
    }
    finish(outs);
    return sum;
}

// One event at a time, and only once the consumer sleeps; its first word says when it was sent.
template <size_t N, class Ins>
uint64_t wake(Ins &ins, suite_job *job) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < job->n; i++) {
        job->settle(job);
        ins.each([&sum](auto &in) {
            push_one<SUITE_BLOCK>(in, [&sum](event<N> &e) {
                uint64_t now = suite_ticks();
                fill(e, now);
                sum += sum_of(e);
            });
        });
    }
    return sum;
}

template <size_t N, class Outs>
uint64_t sleep_and_wake(Outs &outs, suite_job *job) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < job->n; i++) {
        outs.next().pop_block([&](const event<N> &e) {
            job->samples[i] = uint32_t(suite_ticks() - e.word[0]);
            sum += sum_of(e);
        });
        __atomic_store_n(&job->seen, i + 1, __ATOMIC_RELEASE);
    }
    return sum;
}

// --- events of any length ---

template <suite_waiting W, class In>
inline void push_line(In &in, const unsigned char *data, size_t length) {
    if constexpr (In::variable) {
        if constexpr (W == SUITE_BLOCK) {
            in.push_bytes_block(data, length);
        } else {
            waiter<W> wait;
            while (!in.push_bytes(data, length)) {
                wait();
            }
        }
    } else {
        boxed box = {static_cast<unsigned char *>(std::malloc(length + 1)), length};
        if (box.data == nullptr) {
            bench_die("malloc", "no memory");
        }
        std::memcpy(box.data, data, length);
        push_one<W>(in, [&box](event<16> &e) { std::memcpy(&e, &box, sizeof box); });
    }
}

template <suite_waiting W, class Ins>
uint64_t produce_lines(Ins &ins, uint64_t n, const suite_trace *trace) {
    uint64_t line = 0;
    for (uint64_t i = 0; i < n; i++) {
        const unsigned char *data = trace->text + trace->begin[line];
        size_t length = trace->begin[line + 1] - trace->begin[line];
        ins.each([data, length](auto &in) { push_line<W>(in, data, length); });
        line = line + 1 < trace->count ? line + 1 : 0;
    }
    return n / trace->count * trace->sum; // whole passes
}

template <suite_waiting W, class Outs>
uint64_t consume_lines(Outs &outs, uint64_t n) {
    uint64_t sum = 0, stall;
    if constexpr (std::remove_reference_t<decltype(outs.next())>::variable) {
        auto use = [&sum](const void *data, size_t length) { sum += sum_of_bytes(data, length); };
        waiter<W> wait;
        for (uint64_t i = 0; i < n; i++) {
            if constexpr (W == SUITE_BLOCK) {
                outs.next().pop_bytes_block(use);
            } else {
                while (!outs.next().pop_bytes(use)) {
                    wait();
                }
            }
        }
    } else {
        take<W, 16>(
            outs, n, 1,
            [&sum](const event<16> &e) {
                boxed box;
                std::memcpy(&box, &e, sizeof box);
                sum += sum_of_bytes(box.data, box.length);
                std::free(box.data);
            },
            &stall);
    }
    finish(outs);
    return sum;
}

} // namespace bench
#endif
