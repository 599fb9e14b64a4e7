/* machine.c - says what this machine is like as far as torc cares, and checks that the kernel reads torc's deadlines as
 * they are meant: the width of a futex call's times does not follow the C library's time_t.
 *
 * The program is linked with --wrap=syscall: a sleep whose deadline lies decades ahead must never be refused as invalid
 * or time out. (That would be no failure of the call that waits, which looks again; it would spin instead of sleeping.)
 *
 * With an argument it does nothing: it can be run to see whether it can be run. */
#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <torc.h>

enum { EVENTS = 20 };

/* In seconds: what overflows 31, 32 and 33 bits by little, and what is far beyond. */
static const uint64_t decades[] = {UINT64_C(1) << 31, (UINT64_C(1) << 32) + 1, (UINT64_C(3) << 32) + 7,
                                   UINT64_C(18000000000)};

static atomic_int entered; /* futex sleeps with a deadline that were entered */
static atomic_int misread; /* and those whose deadline was taken for another */

#ifdef SYS_futex_time64
enum { NEW_FUTEX = SYS_futex_time64 };
#else
enum { NEW_FUTEX = SYS_futex };
#endif

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...) {
    va_list list;
    long argument[6];
    bool sleeps;
    long result;
    va_start(list, number);
    for (int i = 0; i < 6; i++) {
        argument[i] = va_arg(list, long);
    }
    va_end(list);
    sleeps = (number == SYS_futex || number == NEW_FUTEX) && (argument[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
    if (sleeps) {
        atomic_fetch_add(&entered, 1);
    }
    result = __real_syscall(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
    if (sleeps && result == -1 && (errno == EINVAL || errno == ETIMEDOUT)) {
        atomic_fetch_add(&misread, 1);
    }
    return result;
}

static void expect(int status, const char *call) {
    if (status != TORC_OK) {
        (void)fprintf(stderr, "machine: %s: %s\n", call, torc_status_name(status));
        exit(1);
    }
}

static void *read_all(void *argument) {
    struct torc_event event;
    for (size_t i = 0; i < EVENTS; i++) {
        uint64_t deadline = decades[i % (sizeof decades / sizeof decades[0])] * UINT64_C(1000000000);
        expect(torc_next_until(argument, &event, deadline), "torc_next_until");
    }
    return NULL;
}

/* Publishes an event whenever the reader has gone to sleep once more. */
static void exchange(struct torc_bus *bus) {
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
    pthread_t thread;
    expect(torc_topic_open(bus, "t", 0, &topic), "torc_topic_open");
    expect(torc_publisher_open(topic, NULL, &publisher), "torc_publisher_open");
    expect(torc_reader_open(topic, NULL, &reader), "torc_reader_open");
    if (pthread_create(&thread, NULL, read_all, reader) != 0) {
        exit(1);
    }
    for (int i = 0; i < EVENTS; i++) {
        while (atomic_load(&entered) <= i) {
            (void)sched_yield();
        }
        expect(torc_publish(publisher, 0, &i, sizeof i), "torc_publish");
    }
    (void)pthread_join(thread, NULL);
    expect(torc_reader_close(reader), "torc_reader_close");
    expect(torc_publisher_close(publisher), "torc_publisher_close");
}

int main(int argc, char **argv) {
    const uint16_t one = 1;
    struct torc_config config;
    struct torc_bus_stats stats;
    struct torc_bus *bus;
    (void)argv;
    if (argc > 1) {
        return 0;
    }
    expect(torc_config_preset("mobile", &config), "torc_config_preset");
    expect(torc_bus_create(&config, &bus), "torc_bus_create");
    exchange(bus);
    expect(torc_bus_stats(bus, &stats), "torc_bus_stats");
    expect(torc_bus_destroy(&bus, NULL), "torc_bus_destroy");
    (void)printf(
        "%zu-bit, %s-endian, time_t of %zu bits; 64-bit cells %s; membarrier %s; %d far deadlines, %d misread\n",
        8 * sizeof(void *), *(const unsigned char *)&one == 1 ? "little" : "big", 8 * sizeof(time_t),
        __atomic_always_lock_free(8, 0) ? "lock-free" : "WITH LOCKS", stats.membarrier ? "yes" : "no (fences)",
        atomic_load(&entered), atomic_load(&misread));
    return __atomic_always_lock_free(8, 0) && atomic_load(&entered) > 0 && atomic_load(&misread) == 0 ? 0 : 1;
}
