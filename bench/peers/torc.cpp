// torc.cpp - torc's own twin: a topic with a lane per publisher, or one lane for all where one order is asked for; every
// reader sees every event.
#include "torc.hpp"
#include "net.hpp"
#include "raw.hpp"
#include <torc.h>

template <size_t N>
struct topic {
    static constexpr bool broadcast = true, many_producers = true, blocks = true, stages = true, variable = true;
    using event = bench::event<N>;

    torc_bus *bus;
    torc_topic *stream;
    torc_publisher_config writing;
    bool pooled;
    std::vector<torc_publisher *> publishers;
    std::vector<torc_reader *> readers;

    topic(const suite_plan &plan, unsigned producers, unsigned consumers) : writing(), pooled(plan.pooled) {
        torc_config config = TORC_CONFIG_DEFAULT_INIT;
        config.publishers = producers != 0 ? producers : 1; // none: all share a sequencer
        config.readers = consumers;
        if (N > TORC_INLINE_BYTES && plan.trace == nullptr && !plan.pooled) {
            fit(config, plan.entries);
        }
        bench_check(torc_bus_create(&config, &bus), "torc_bus_create");
        bench_check(torc_topic_open(bus, "events", producers != 0 ? 0 : TORC_TOPIC_TOTAL_ORDER, &stream),
                    "torc_topic_open");
        torc_reader_config reading = {};
        bool asleep = plan.waiting == SUITE_BLOCK || plan.shape == SUITE_WAKEUP;
        writing.wait = reading.wait = asleep                        ? TORC_WAIT_BLOCK
                                      : plan.waiting == SUITE_YIELD ? TORC_WAIT_YIELD
                                                                    : TORC_WAIT_SPIN;
        for (unsigned p = 0; p < producers; p++) {
            publishers.push_back(nullptr);
            bench_check(torc_publisher_open(stream, &writing, &publishers.back()), "torc_publisher_open");
        }
        for (unsigned c = 0; c < consumers; c++) {
            torc_reader *reader;
            follow(plan.shape, c, reading);
            bench_check(torc_reader_open(stream, &reading, &reader), "torc_reader_open");
            readers.push_back(reader);
        }
    }
    // As one would who knows the size of his events: in the lane, or in an area for as many as the lane holds.
    static void fit(torc_config &config, uint64_t entries) {
        config.lane_entries = uint32_t(entries);
        config.keep_slots = 0; // nobody keeps
        if (N <= TORC_MAX_INLINE_BYTES) {
            config.inline_bytes = N;
        } else {
            config.xxl = uint32_t(entries);
            config.xxl_bytes = entries * N;
        }
    }
    // A stage is after the one before it, the last of a diamond after both sides.
    void follow(suite_shape shape, unsigned reader, torc_reader_config &reading) {
        bool chained = shape == SUITE_PIPELINE && reader > 0, joins = shape == SUITE_DIAMOND && reader == 2;
        reading.after = chained || joins ? &readers[joins ? 0 : reader - 1] : nullptr;
        reading.after_count = chained ? 1 : joins ? 2 : 0;
    }
    ~topic() {
        for (torc_reader *reader : readers) {
            bench_check(torc_reader_close(reader), "torc_reader_close");
        }
        for (torc_publisher *publisher : publishers) {
            bench_check(torc_publisher_close(publisher), "torc_publisher_close");
        }
        bench_check(torc_bus_destroy(&bus, nullptr), "torc_bus_destroy");
    }

    struct in {
        torc_publisher *publisher;
        bool two_lines; // its entries are of two lines
        template <class F>
        inline __attribute__((always_inline)) bool push(F &&write) {
            if constexpr (N <= TORC_INLINE_BYTES) {
                event e;
                write(e);
                torc_must(torc_publish(publisher, 1, &e, sizeof e), "torc_publish");
            } else {
                torc_claim_in_place(publisher, N, [&](void *place) { write(*static_cast<event *>(place)); });
            }
            return true; // waits by itself
        }
        template <class F>
        unsigned push_some(unsigned count, F &&write) {
            if (N <= TORC_INLINE_BYTES || (N <= 112 && two_lines)) { // where a copy is faster than in place
                event events[SUITE_BATCH];
                for (unsigned k = 0; k < count; k++) {
                    write(events[k], k);
                }
                torc_must(torc_publish_array(publisher, 1, events, sizeof(event), count, nullptr),
                          "torc_publish_array");
                return count; // waits by itself
            }
            struct torc_claim claims[SUITE_BATCH];
            int got = torc_claim_batch(publisher, 1, N, claims, count);
            torc_must(got > 0 ? TORC_OK : got, "torc_claim_batch");
            for (unsigned k = 0; k < unsigned(got); k++) {
                write(*static_cast<event *>(claims[k].data), k);
            }
            torc_must(torc_commit_batch(publisher, claims, size_t(got)), "torc_commit_batch");
            return unsigned(got);
        }
        template <class F>
        inline void push_block(F &&write) {
            (void)push(write);
        }
        bool push_bytes(const void *data, size_t length) {
            torc_must(torc_publish(publisher, 1, data, length), "torc_publish");
            return true;
        }
        void push_bytes_block(const void *data, size_t length) {
            (void)push_bytes(data, length);
        }
    };
    struct out {
        torc_reader *reader;
        template <class F>
        inline __attribute__((always_inline)) bool pop(F &&use) {
            torc_event e;
            int status = torc_next(reader, &e);
            if (status == TORC_EMPTY) {
                return false;
            }
            torc_must(status == TORC_OK && e.length != N ? TORC_CORRUPT : status, "torc_next");
            use(*static_cast<const event *>(e.data));
            return true;
        }
        template <class F>
        void pop_block(F &&use) {
            torc_event e;
            if (torc_next(reader, &e) != TORC_OK) {
                torc_must(torc_next_until(reader, &e, TORC_FOREVER), "torc_next_until");
            }
            use(*static_cast<const event *>(e.data));
        }
        template <class F>
        bool pop_bytes(F &&use) {
            torc_event e;
            int status = torc_next(reader, &e);
            if (status == TORC_EMPTY) {
                return false;
            }
            torc_must(status, "torc_next");
            use(e.data, e.length);
            return true;
        }
        template <class F>
        void pop_bytes_block(F &&use) {
            torc_event e;
            torc_must(torc_next_until(reader, &e, TORC_FOREVER), "torc_next_until");
            use(e.data, e.length);
        }
        void done() {
            torc_must(torc_advance(reader), "torc_advance");
        }
    };
    in make_in(unsigned p) {
        return {publishers[p], !pooled};
    }
    out make_out(unsigned c) {
        return {readers[c]};
    }
};

// One order: all producers share a sequencer. Reading is the same.
template <size_t N>
struct sequenced {
    static constexpr bool broadcast = true, many_producers = true, blocks = true, variable = false, total = true;
    using event = bench::event<N>;
    using out = typename topic<N>::out;

    topic<N> events;
    torc_sequencer *sequencer;

    sequenced(const suite_plan &plan, unsigned, unsigned consumers) : events(plan, 0, consumers), sequencer(nullptr) {
        bench_check(torc_sequencer_open(events.stream, &events.writing, &sequencer), "torc_sequencer_open");
    }
    ~sequenced() {
        bench_check(torc_sequencer_close(sequencer), "torc_sequencer_close");
    }

    struct in {
        torc_sequencer *sequencer;
        template <class F>
        bool push(F &&write) {
            if constexpr (N <= TORC_INLINE_BYTES) {
                event e;
                write(e);
                torc_must(torc_sequencer_publish(sequencer, 1, &e, sizeof e, TORC_FOREVER, nullptr), "publish");
            } else {
                struct torc_claim claim;
                torc_must(torc_sequencer_claim(sequencer, 1, N, TORC_FOREVER, &claim), "claim");
                write(*static_cast<event *>(claim.data));
                torc_must(torc_sequencer_commit(sequencer, &claim), "commit");
            }
            return true;
        }
        template <class F>
        void push_block(F &&write) {
            (void)push(write);
        }
    };
    in make_in(unsigned) {
        return {sequencer};
    }
    out make_out(unsigned c) {
        return events.make_out(c);
    }
};

static void *topic_open(const suite_plan *plan) {
    return plan->total ? bench::flow<sequenced>::open(plan) : bench::flow<topic>::open(plan);
}
static const suite_flow topic_flow = {topic_open, bench::flow<topic>::run, bench::flow<topic>::close, nullptr};
const suite_plugin suite_torc = {
    "torc",
    "default preset; events above 48 bytes in a lane as long as the others' rings, inline_bytes of their size, "
    "above 16 KiB an area for as many; up to 48 bytes torc_publish, above claim, fill in place, commit; "
    "torc_next; batches of 16: torc_publish_array, above 112 bytes torc_claim_batch; one order: "
    "torc_sequencer_publish; "
    "blocks: torc_ringptr_claim and _release",
    &topic_flow, &torc_slots, &torc_handles};

// Events of more than 48 bytes in the pools, as they are without inline_bytes: readers keep them without a copy.
static void *pool_open(const suite_plan *plan) {
    suite_plan pooled = *plan;
    pooled.pooled = true;
    return plan->bytes > TORC_INLINE_BYTES && plan->bytes <= TORC_MAX_INLINE_BYTES ? bench::flow<topic>::open(&pooled)
                                                                                   : nullptr;
}
static const suite_flow pool_flow = {pool_open, bench::flow<topic>::run, bench::flow<topic>::close, nullptr};
const suite_plugin suite_torc_pool = {"torc_pool",
                                      "default preset: payloads above 48 bytes in the bank's slots; else as torc",
                                      &pool_flow, nullptr, nullptr};
