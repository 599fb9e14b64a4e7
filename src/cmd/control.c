/* control.c - how a run is stopped. */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cmd.h"

/* All the handler does is to note the signal. Only the main thread runs it: the others have the signals blocked. */
static volatile sig_atomic_t caught;

static void note_signal(int number) {
    caught = number;
}

int control_signal(void) {
    return (int)caught;
}

static const int handled[] = {SIGINT, SIGTERM, SIGHUP};

/* Whoever started us with a signal ignored (nohup) wants it so. SA_RESETHAND: the second one ends the process. */
static bool install_handler(int number) {
    struct sigaction action, before;
    if (sigaction(number, NULL, &before) != 0) {
        return false;
    }
    if (before.sa_handler == SIG_IGN) {
        return true;
    }
    memset(&action, 0, sizeof action);
    action.sa_handler = note_signal;
    action.sa_flags = (int)SA_RESETHAND;
    return sigaction(number, &action, NULL) == 0;
}

static bool block_signals(struct control *control) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++) {
        sigaddset(&set, handled[i]);
        if (!install_handler(handled[i])) {
            return false;
        }
    }
    return pthread_sigmask(SIG_BLOCK, &set, &control->outside) == 0;
}

bool control_open(struct control *control) {
    atomic_init(&control->stop, false);
    atomic_init(&control->failed, false);
    atomic_init(&control->running, 0);
    control->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    control->stopped = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (control->wake < 0 || control->stopped < 0 || !block_signals(control)) {
        complain("cannot prepare for signals: %s", strerror(errno));
        control_close(control);
        return false;
    }
    return true;
}

void control_close(struct control *control) {
    if (control->wake >= 0) {
        close(control->wake);
    }
    if (control->stopped >= 0) {
        close(control->stopped);
    }
}

/* An eventfd's counter can only fail to take the 1 when it is so full that the reader is awake anyway. */
static void post(int fd) {
    uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof one);
    (void)written;
}

void control_fail(struct control *control) {
    atomic_store_explicit(&control->failed, true, memory_order_release);
    post(control->wake);
}

void control_producer_ended(struct control *control) {
    atomic_fetch_sub_explicit(&control->running, 1, memory_order_acq_rel);
    post(control->wake);
}

bool control_readable(struct control *control, int fd) {
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = control->stopped, .events = POLLIN}};
    for (;;) {
        int ready = poll(fds, 2, -1);
        if (control_stopping(control)) {
            return false;
        }
        /* Errors are read()'s to report: it knows the right words. */
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return true;
        }
    }
}

static void stop(struct control *control, struct torc_bus *bus) {
    int status;
    atomic_store_explicit(&control->stop, true, memory_order_release);
    post(control->stopped);
    status = torc_bus_close(bus);
    if (status != TORC_OK) {
        complain("closing the bus: %s", torc_strerror(status));
    }
}

static void drain(int fd) {
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got; /* nothing to read: somebody else's news was taken together with ours */
}

void control_wait(struct control *control, struct torc_bus *bus, void (*tick)(void *), void *context) {
    struct timespec interval = {.tv_sec = 0, .tv_nsec = 200 * 1000 * 1000};
    struct pollfd wake = {.fd = control->wake, .events = POLLIN};
    while (atomic_load_explicit(&control->running, memory_order_acquire) != 0) {
        /* The signals are open only in here: one that comes at any other time is kept until then. */
        int ready = ppoll(&wake, 1, tick != NULL ? &interval : NULL, &control->outside);
        if (ready > 0) {
            drain(control->wake);
        }
        if ((caught != 0 || atomic_load_explicit(&control->failed, memory_order_acquire)) &&
            !control_stopping(control)) {
            stop(control, bus);
        }
        if (tick != NULL) {
            tick(context);
        }
    }
    /* From here on the work is only to write out what is queued; a second signal may cut it short. */
    (void)pthread_sigmask(SIG_SETMASK, &control->outside, NULL);
}
