/* slow_readers - what becomes of a reader that is slower than its publisher: its policy says.
 *
 * Four readers of one topic do not read at all while prices of three symbols are published, many more than the lane
 * holds. None of them makes the publisher wait, or not for long: LOSSY and CONFLATE are overtaken, EVICT is left behind
 * after its time. What each is told adds up to what was published, to the event. (A reader of the default policy, GATE,
 * would have stopped the publisher.) */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { LANE = 64, PRICES = 1000, SYMBOLS = 3 };

struct told {
    uint64_t came, lost;
    bool evicted;
    uint64_t price[SYMBOLS]; /* the last one that came */
};

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "slow_readers: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "slow_readers: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* Everything that is there for it to read or to be told. The symbol is the event's type. */
static struct told read_all(struct torc_reader *reader) {
    struct told told = {.came = 0};
    struct torc_event event;
    int status;
    while ((status = torc_next(reader, &event)) != TORC_EMPTY) {
        if (status == TORC_EVICTED) {
            told.evicted = true;
            continue;
        }
        told.lost += event.lost; /* TORC_LAPPED says so before an event, CONFLATE with it */
        if (status == TORC_OK) {
            told.came++;
            told.price[event.type] = *torc_view(&event, uint64_t);
        }
    }
    expect(told.came + told.lost == PRICES, "what came and what was lost is what was published");
    return told;
}

static struct torc_reader *open_reader(struct torc_topic *topic, const struct torc_reader_config *config) {
    struct torc_reader *reader;
    must(torc_reader_open(topic, config, &reader), "open a reader");
    return reader;
}

int main(void) {
    struct torc_config config;
    struct torc_reader_config log = {.policy = TORC_POLICY_LOSSY, .resume = TORC_RESUME_OLDEST};
    struct torc_reader_config last = {.policy = TORC_POLICY_CONFLATE};
    struct torc_reader_config board = {.policy = TORC_POLICY_CONFLATE, .conflate_types = SYMBOLS};
    struct torc_reader_config client = {.policy = TORC_POLICY_EVICT, .evict_after_ns = 1000000};
    const struct torc_reader_config *configs[] = {&log, &last, &board, &client};
    struct torc_bus *bus;
    struct torc_topic *prices;
    struct torc_publisher *publisher;
    struct torc_reader *readers[4];
    struct told told[4];

    must(torc_config_preset("mobile", &config), "take a preset");
    config.lane_entries = LANE;
    must(torc_bus_create(&config, &bus), "create the bus");
    must(torc_topic_open(bus, "prices", 0, &prices), "open the topic");
    must(torc_publisher_open(prices, NULL, &publisher), "open the publisher");
    for (size_t i = 0; i < 4; i++) {
        readers[i] = open_reader(prices, configs[i]);
    }
    for (uint64_t i = 0; i < PRICES; i++) {
        must(torc_publish(publisher, (uint32_t)(i % SYMBOLS), &i, sizeof i), "publish a price"); /* once waits 1 ms */
    }
    for (size_t i = 0; i < 4; i++) {
        told[i] = read_all(readers[i]);
        must(torc_reader_close(readers[i]), "close a reader");
    }
    expect(told[0].came > 1 && !told[0].evicted, "LOSSY goes on at the oldest that is still there");
    expect(told[1].came == 1 && told[1].price[(PRICES - 1) % SYMBOLS] == PRICES - 1, "CONFLATE gets the newest");
    expect(told[2].came == SYMBOLS, "or the newest of each type");
    for (uint64_t i = PRICES - SYMBOLS; i < PRICES; i++) {
        expect(told[2].price[i % SYMBOLS] == i, "which is the last price of each symbol");
    }
    expect(told[3].evicted, "EVICT gates for its time, and then it is told");
    printf("slow_readers: ok: of %d prices LOSSY got %llu, CONFLATE %llu, CONFLATE per type %llu, EVICT %llu\n", PRICES,
           (unsigned long long)told[0].came, (unsigned long long)told[1].came, (unsigned long long)told[2].came,
           (unsigned long long)told[3].came);

    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    return 0;
}
