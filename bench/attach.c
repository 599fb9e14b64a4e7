/* attach.c - what two protocols for readers that come and go would cost.
 *
 *     RCU         every publish is a read-side section of liburcu (memb flavour); attaching waits for a grace period
 *     membarrier  publish pays nothing; attaching sends one membarrier to all running threads
 *
 * publish_drained: one publish while a reader on the other core drains the lane. publish_alone: the same with no reader
 * at all, so that only the instructions count. attach: one grace period, or one membarrier, while a publisher runs at
 * full rate. */
#define URCU_INLINE_SMALL_FUNCTIONS /* the read side inlined: RCU at its best */
#include "bench.h"
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <torc.h>
#include <unistd.h>
#include <urcu/urcu-memb.h>

struct line {
    struct torc_bus *bus;
    struct torc_publisher *publisher;
    struct torc_reader *reader; /* NULL: nobody reads */
    uint32_t stop __attribute__((aligned(BENCH_MEMORY)));
    uint64_t ns; /* how long the attaches took */
};

static struct line *line_new(int read) {
    struct line *line = bench_memory(sizeof *line);
    struct torc_publisher_config writing = {.wait = TORC_WAIT_SPIN};
    struct torc_reader_config reading = {.wait = TORC_WAIT_SPIN};
    struct torc_topic *topic;
    bench_check(torc_bus_create(NULL, &line->bus), "torc_bus_create");
    bench_check(torc_topic_open(line->bus, "line", 0, &topic), "torc_topic_open");
    bench_check(torc_publisher_open(topic, &writing, &line->publisher), "torc_publisher_open");
    if (read) {
        bench_check(torc_reader_open(topic, &reading, &line->reader), "torc_reader_open");
    }
    return line;
}

static void *open_drained(void) {
    return line_new(1);
}

static void *open_alone(void) {
    return line_new(0);
}

static void line_close(void *state) {
    struct line *line = state;
    if (line->reader != NULL) {
        bench_check(torc_reader_close(line->reader), "torc_reader_close");
    }
    bench_check(torc_publisher_close(line->publisher), "torc_publisher_close");
    bench_check(torc_bus_destroy(&line->bus, NULL), "torc_bus_destroy");
    free(line);
}

/* --- the two ways to publish --- */
static inline void publish_plain(struct torc_publisher *publisher, uint64_t n) {
    struct bench_event event;
    bench_fill(&event, n);
    bench_check(torc_publish(publisher, 1, &event, sizeof event), "torc_publish");
}

static inline void publish_rcu(struct torc_publisher *publisher, uint64_t n) {
    urcu_memb_read_lock();
    publish_plain(publisher, n);
    urcu_memb_read_unlock();
}

static uint64_t plain_left(void *state, uint64_t n) {
    struct torc_publisher *publisher = ((struct line *)state)->publisher;
    for (uint64_t i = 1; i <= n; i++) {
        publish_plain(publisher, i);
    }
    return bench_total(n);
}

static uint64_t rcu_left(void *state, uint64_t n) {
    struct torc_publisher *publisher = ((struct line *)state)->publisher;
    for (uint64_t i = 1; i <= n; i++) {
        publish_rcu(publisher, i);
    }
    return bench_total(n);
}

static uint64_t drain_right(void *state, uint64_t n) {
    struct torc_reader *reader = ((struct line *)state)->reader;
    struct torc_event event;
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= n; i++) {
        int status;
        while ((status = torc_next(reader, &event)) == TORC_EMPTY) {
            bench_relax();
        }
        if (__builtin_expect(status != TORC_OK, 0)) {
            bench_die("torc_next", torc_strerror(status));
        }
        sum += bench_sum(event.data);
    }
    bench_check(torc_advance(reader), "torc_advance");
    return sum;
}

static uint64_t nobody_right(void *state, uint64_t n) {
    (void)state;
    return bench_total(n);
}

static uint64_t plain_drained(void *state, struct bench_duo *duo, uint64_t n) {
    return bench_duo_run(duo, plain_left, drain_right, state, n);
}

static uint64_t rcu_drained(void *state, struct bench_duo *duo, uint64_t n) {
    return bench_duo_run(duo, rcu_left, drain_right, state, n);
}

static uint64_t plain_alone(void *state, struct bench_duo *duo, uint64_t n) {
    return bench_duo_run(duo, plain_left, nobody_right, state, n);
}

static uint64_t rcu_alone(void *state, struct bench_duo *duo, uint64_t n) {
    return bench_duo_run(duo, rcu_left, nobody_right, state, n);
}

/* --- the two ways to attach, each beside the publisher that belongs to it --- */
static uint64_t plain_until_stop(void *state, uint64_t n) {
    struct line *line = state;
    for (uint64_t i = 1; !__atomic_load_n(&line->stop, __ATOMIC_RELAXED); i++) {
        publish_plain(line->publisher, i);
    }
    return n;
}

static uint64_t rcu_until_stop(void *state, uint64_t n) {
    struct line *line = state;
    for (uint64_t i = 1; !__atomic_load_n(&line->stop, __ATOMIC_RELAXED); i++) {
        publish_rcu(line->publisher, i);
    }
    return n;
}

static uint64_t attach_membarrier(void *state, uint64_t n) {
    struct line *line = state;
    uint64_t begins = bench_now();
    for (uint64_t i = 0; i < n; i++) {
        if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) {
            bench_die("membarrier", strerror(errno));
        }
    }
    line->ns = bench_now() - begins;
    __atomic_store_n(&line->stop, 1, __ATOMIC_RELAXED);
    return n;
}

static uint64_t attach_grace(void *state, uint64_t n) {
    struct line *line = state;
    uint64_t begins = bench_now();
    for (uint64_t i = 0; i < n; i++) {
        urcu_memb_synchronize_rcu();
    }
    line->ns = bench_now() - begins;
    __atomic_store_n(&line->stop, 1, __ATOMIC_RELAXED);
    return n;
}

static uint64_t slice_membarrier(void *state, struct bench_duo *duo, uint64_t n) {
    struct line *line = state;
    line->stop = 0;
    (void)bench_duo_run(duo, plain_until_stop, attach_membarrier, line, n);
    return line->ns;
}

static uint64_t slice_grace(void *state, struct bench_duo *duo, uint64_t n) {
    struct line *line = state;
    line->stop = 0;
    (void)bench_duo_run(duo, rcu_until_stop, attach_grace, line, n);
    return line->ns;
}

static const struct bench_impl drained_rcu = {"rcu section", open_drained, rcu_drained, line_close, 0};
static const struct bench_impl drained_plain = {"plain", open_drained, plain_drained, line_close, 0};
static const struct bench_impl alone_rcu = {"rcu section", open_alone, rcu_alone, line_close, 0};
static const struct bench_impl alone_plain = {"plain", open_alone, plain_alone, line_close, 0};
static const struct bench_impl attach_rcu = {"grace period", open_alone, slice_grace, line_close, 0};
static const struct bench_impl attach_mb = {"membarrier", open_alone, slice_membarrier, line_close, 0};
static const struct bench_impl *const drained[] = {&drained_rcu, &drained_plain};
static const struct bench_impl *const alone[] = {&alone_rcu, &alone_plain};
static const struct bench_impl *const attach[] = {&attach_rcu, &attach_mb};

static const struct bench_case pub_drained = {"pub_drained", "publish", "ns", 0, 2, 60, 10 * BENCH_LANE, 1, drained, 2};
static const struct bench_case pub_alone = {"pub_alone", "publish", "ns", 0, 2, 60, 10 * BENCH_LANE, 1, alone, 2};
static const struct bench_case attaching = {"attach", "attach", "ns", 0, 2, 60, 20, 1, attach, 2};
static const struct bench_case *const cases[] = {&pub_drained, &pub_alone, &attaching};

int main(int argc, char **argv) {
    int status;
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0) {
        bench_die("membarrier, register", strerror(errno));
    }
    urcu_memb_register_thread();
    status = bench_main(argc, argv, "membership protocols", cases, sizeof cases / sizeof *cases);
    urcu_memb_unregister_thread();
    return status;
}
