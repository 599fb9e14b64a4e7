/* event_fd.c - readers behind an eventfd and in a wait-set: no wake-up is lost, and none keeps the descriptor readable
 * for nothing.
 *
 * An eventfd is a word that the kernel changes under a lock of its own: an exchange and a futex. What an event loop
 * does is to sleep until it is not 0. */
#include "world.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST_FD 100
#define FDS      2

static struct {
    torc_a32 count;
    bool open;
} fds[FDS];

static torc_a32 *count_of(long fd) {
    model_assert(fd >= FIRST_FD && fd < FIRST_FD + FDS && fds[fd - FIRST_FD].open, "an open descriptor");
    return &fds[fd - FIRST_FD].count;
}

static long open_fd(long count) {
    for (long i = 0; i < FDS; i++) {
        if (!fds[i].open) {
            fds[i].open = true;
            torc_store_relaxed32(&fds[i].count, (uint32_t)count);
            return FIRST_FD + i;
        }
    }
    errno = EMFILE;
    return -1;
}

/* What block.c passes on. */
long model_fd_call(long number, const long *arg);
long model_fd_call(long number, const long *arg) {
    torc_a32 *count;
    if (number == SYS_eventfd2) {
        return open_fd(arg[0]);
    }
    count = count_of(arg[0]);
    if (number == SYS_close) {
        fds[arg[0] - FIRST_FD].open = false;
    } else if (number == SYS_read) {
        if (torc_xchg_acq_rel32(count, 0) == 0) {
            errno = EAGAIN;
            return -1;
        }
    } else {
        model_assert_equal(torc_xchg_acq_rel32(count, 1), 0); /* one wake-up at a time */
        (void)syscall(SYS_futex, count, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
    }
    return 8;
}

static void loop_waits(int fd) {
    torc_a32 *count = count_of(fd);
    while (torc_load_acquire32(count) == 0) {
        (void)syscall(SYS_futex, count, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
    }
}

static int fd;
static uint64_t came;

static void setup(void) {
    struct torc_config config = tiny_config();
    struct torc_event event;
    open_world(&config);
    fd = torc_reader_fd(w.reader);
    model_assert(fd >= 0, "the reader has a descriptor");
    model_assert_status(torc_next(w.reader, &event), TORC_EMPTY);
    model_assert_equal(torc_load_relaxed32(count_of(fd)), 0);
}

static void publish_two(void) {
    for (uint64_t i = 1; i <= 2; i++) {
        model_assert_status(put(w.publisher, i, 8), TORC_OK);
    }
}

/* Until EMPTY, as an edge-triggered loop must; `lazily` one per turn, as a level-triggered one may. */
static void serve(uint64_t until, bool lazily) {
    while (came != until) {
        struct torc_event event;
        int status = TORC_OK;
        loop_waits(fd);
        while (status == TORC_OK) {
            status = torc_next(w.reader, &event);
            if (status == TORC_OK) {
                model_assert_equal(number_of(&event), ++came);
            } else {
                model_assert_status(status, TORC_EMPTY);
            }
            if (lazily) {
                break;
            }
        }
        if (model_broken()) {
            uint64_t count;
            (void)syscall(SYS_read, fd, &count, sizeof count);
        }
    }
}
static void serve_two(void) {
    serve(2, false);
}
static void serve_lazily(void) {
    serve(2, true);
}
static void check(void) {
    model_assert_equal(came, 2);
    close_world();
}
MODEL_SCENARIO(bus_fd, .claim = "every event makes the descriptor of a reader that saw EMPTY readable, once",
               .hazards = "19", .broken = "the loop empties the descriptor itself, after it has read", .setup = setup,
               .thread = {publish_two, serve_two}, .check = check, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(bus_fd_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup,
               .thread = {publish_two, serve_two}, .check = check, .fences = true, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(bus_fd_lazy, .claim = "a loop that reads one event per turn is called again for the rest",
               .hazards = "19", .setup = setup, .thread = {publish_two, serve_lazily}, .check = check, .preemptions = 2,
               .quick = 1);

/* Another sleeper of the topic: its wakers take the announcement back for both. */
static void setup_beside(void) {
    struct torc_config config = tiny_config();
    struct torc_event event;
    config.readers = 2;
    open_world(&config);
    w.second = open_reader(TORC_JOIN_NEXT);
    fd = torc_reader_fd(w.reader);
    model_assert_status(torc_next(w.reader, &event), TORC_EMPTY);
}
static void publish_one(void) {
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
}
static void serve_one(void) {
    serve(1, false);
}
static void sleep_beside(void) {
    struct torc_event event;
    model_assert_status(torc_next_until(w.second, &event, TORC_FOREVER), TORC_OK);
    model_assert_equal(number_of(&event), 1);
}
MODEL_SCENARIO(bus_fd_beside, .claim = "a reader behind a descriptor and one that sleeps are both woken",
               .hazards = "19", .setup = setup_beside, .thread = {publish_one, serve_one, sleep_beside},
               .check = close_world, .preemptions = 1, .quick = 1);

static void close_the_bus(void) {
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
}
static void serve_to_the_end(void) {
    struct torc_event event;
    int status = TORC_EMPTY;
    while (status != TORC_CLOSED) {
        loop_waits(fd);
        status = torc_next(w.reader, &event);
        model_assert(status == TORC_EMPTY || status == TORC_CLOSED, "nothing was published");
    }
    model_assert_equal(torc_load_relaxed32(count_of(fd)), 1);
}
MODEL_SCENARIO(bus_fd_close, .claim = "closing makes the descriptor readable, and it stays so", .hazards = "20",
               .setup = setup, .thread = {close_the_bus, serve_to_the_end}, .check = close_world, .preemptions = 2,
               .quick = 1);

/* The reader is closed while a publisher is about to write. */
static void leave(void) {
    model_assert_status(torc_reader_close(w.reader), TORC_OK);
    w.reader = NULL;
}
static void check_closed(void) {
    model_assert(!fds[0].open, "the descriptor is closed");
    close_world();
}
MODEL_SCENARIO(bus_fd_leave, .claim = "nobody writes to a descriptor that was closed", .hazards = "8", .setup = setup,
               .thread = {publish_one, leave}, .check = check_closed, .preemptions = 2, .quick = 1);
