/* planted.c CASE [--sound] - defects that a sanitizer must report, each in a few lines of otherwise ordinary use of
 * torc.
 *
 * planted.sh runs every case twice, under the sanitizer that is in charge of it and with the options of the test jobs:
 * with the defect the job must fail by that sanitizer's report, with --sound it must pass. So neither a sanitizer that
 * sees nothing nor one that cries at everything goes unnoticed. */
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc.h>

enum { ROUNDS = 2000, XXL_SIZE = 32768 };

static bool sound;
static uint64_t result; /* of what was read, so that reading is not optimised away */

static struct torc_bus *bus;
static struct torc_topic *topic;
static struct torc_publisher *publisher;
static struct torc_reader *reader;

#define OK(call)                                                                                                       \
    do {                                                                                                               \
        if ((call) != TORC_OK) {                                                                                       \
            (void)fprintf(stderr, "planted: line %d: %s failed\n", __LINE__, #call);                                   \
            exit(2);                                                                                                   \
        }                                                                                                              \
    } while (0)

static void set_up(const struct torc_config *config, uint32_t manual) {
    const struct torc_reader_config how = {.manual_advance = manual};
    OK(torc_bus_create(config, &bus));
    OK(torc_topic_open(bus, "planted", 0, &topic));
    OK(torc_reader_open(topic, &how, &reader));
    OK(torc_publisher_open(topic, NULL, &publisher));
}

static void take_down(void) {
    OK(torc_publisher_close(publisher));
    OK(torc_reader_close(reader));
    OK(torc_bus_destroy(&bus, NULL));
}

static void next(struct torc_event *event) {
    OK(torc_next_until(reader, event, TORC_FOREVER));
}

static void both(void *(*writing)(void *), void (*reading)(void)) {
    pthread_t thread;
    OK(pthread_create(&thread, NULL, writing, NULL));
    reading();
    OK(pthread_join(thread, NULL));
}

/* --- ThreadSanitizer ---------------------------------------------------------------------------------------------- */

/* The publisher goes on writing to what it has committed. */
static void *fill_late(void *unused) {
    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct torc_claim claim;
        uint64_t *data;
        OK(torc_claim(publisher, 1, sizeof *data, &claim));
        data = claim.data;
        *data = i;
        OK(torc_commit(publisher, &claim));
        if (!sound) {
            *data = i + 1;
        }
    }
    return unused;
}

static void read_all(void) {
    struct torc_event event;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t value;
        next(&event);
        memcpy(&value, event.data, sizeof value);
        result += value;
    }
}

static void race_late_fill(void) {
    set_up(NULL, 0);
    both(fill_late, read_all);
    take_down();
}

/* The reader goes on reading what it has given back, while the publisher fills the same slot anew. Two events more than
 * are read: nothing that the reader does after its last look orders that before what comes into the same slot, however
 * the threads are scheduled. */
static void *fill_slots(void *unused) {
    static const unsigned char bytes[1000] = {1};
    for (int i = 0; i < ROUNDS + 2; i++) {
        OK(torc_publish(publisher, 1, bytes, sizeof bytes));
    }
    return unused;
}

static void read_given_back(void) {
    struct torc_event event;
    for (int i = 0; i < ROUNDS; i++) {
        next(&event);
        if (sound) {
            result += *(const unsigned char *)event.data;
        }
        OK(torc_advance(reader));
        if (!sound) {
            result += *(const unsigned char *)event.data;
        }
    }
}

static void race_recycled_slot(void) {
    struct torc_config config = {
        .topics = 1, .publishers = 1, .readers = 1, .lane_entries = 4, .slots = {2, 2, 2, 2, 2}, .keep_slots = 2};
    set_up(&config, 1);
    both(fill_slots, read_given_back);
    take_down();
}

/* --- AddressSanitizer --------------------------------------------------------------------------------------------- */

static void use_after_release(void) {
    struct torc_ringptr block;
    void *data;
    set_up(NULL, 0);
    OK(torc_ringptr_claim(publisher, 1, XXL_SIZE, &block, &data));
    memset(data, 1, XXL_SIZE);
    if (sound) {
        result += *(unsigned char *)data;
    }
    OK(torc_ringptr_release(block));
    if (!sound) {
        result += *(volatile unsigned char *)data;
    }
    take_down();
}

static void use_after_close(void) {
    struct torc_event event;
    set_up(NULL, 0);
    OK(torc_publish(publisher, 1, "x", 1));
    if (sound) {
        OK(torc_next(reader, &event));
    }
    OK(torc_reader_close(reader));
    if (!sound) {
        OK(torc_next(reader, &event));
    }
    OK(torc_reader_open(topic, NULL, &reader));
    take_down();
}

static void write_past_the_end(void) {
    struct torc_claim claim;
    set_up(NULL, 0);
    OK(torc_claim(publisher, 1, XXL_SIZE, &claim));
    for (size_t i = 0; i < claim.length + (sound ? 0 : 1); i++) {
        ((volatile unsigned char *)claim.data)[i] = 1;
    }
    OK(torc_commit(publisher, &claim));
    take_down();
}

/* --- LeakSanitizer ------------------------------------------------------------------------------------------------ */

static void *provide(void *state, size_t size) {
    (void)state;
    return aligned_alloc(64, (size + 63) / 64 * 64);
}

static void forget(void *state, void *block, size_t size) {
    (void)state;
    (void)size;
    if (sound) {
        free(block);
    }
}

static void leaking_provider(void) {
    struct torc_config config;
    struct torc_ringptr block;
    OK(torc_config_preset("mobile", &config));
    config.xxl_provider = (struct torc_xxl_provider){provide, forget, NULL};
    set_up(&config, 0);
    for (int i = 0; i < 100; i++) {
        OK(torc_ringptr_claim(publisher, 1, XXL_SIZE, &block, NULL));
        OK(torc_ringptr_release(block));
    }
    take_down();
}

/* --- UndefinedBehaviorSanitizer ----------------------------------------------------------------------------------- */

static enum torc_action add_up(void *context, const struct torc_event *event) {
    int *sum = context;
    *sum += *(const int *)event->data;
    return TORC_CONTINUE;
}

static void signed_overflow(void) {
    const int large = INT_MAX;
    int sum = sound ? -1 : 1;
    set_up(NULL, 0);
    OK(torc_publish(publisher, 1, &large, sizeof large));
    if (torc_poll(reader, add_up, &sum, 1) != 1) {
        exit(2);
    }
    result += (unsigned)sum;
    take_down();
}

static void misaligned_read(void) {
    struct torc_event event;
    set_up(NULL, 0);
    OK(torc_publish(publisher, 1, "0123456789abcdef", 16));
    OK(torc_next(reader, &event));
    result += *(const volatile uint64_t *)(const void *)((const char *)event.data + (sound ? 8 : 1));
    take_down();
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"race-late-fill", race_late_fill},         {"race-recycled-slot", race_recycled_slot},
    {"use-after-release", use_after_release},   {"use-after-close", use_after_close},
    {"write-past-the-end", write_past_the_end}, {"leaking-provider", leaking_provider},
    {"signed-overflow", signed_overflow},       {"misaligned-read", misaligned_read},
};

int main(int argc, char **argv) {
    sound = argc == 3 && strcmp(argv[2], "--sound") == 0;
    for (size_t i = 0; argc >= 2 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            (void)printf("planted: %s%s ran to its end (%u)\n", argv[1], sound ? ", sound," : "",
                         (unsigned)(result & 1));
            return 0;
        }
    }
    (void)fprintf(stderr, "usage: planted CASE [--sound]\n");
    return 2;
}
