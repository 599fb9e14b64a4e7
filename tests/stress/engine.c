/* engine.c - arguments, failure, watchdog and threads of the stress programs. */
#include "engine.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define STRESS_ASAN
#include <sanitizer/asan_interface.h>
enum { LEFT_FRAMES = 128 << 10 };
#endif

enum { THREADS = 256, WATCHDOG_SECONDS = 120 };

struct stress_thread {
    char name[32];
    bool used;
    bool joining;
    pthread_t thread;
    void *(*body)(void *);
    void *argument;
    _Atomic(const char *) doing;
    atomic_uint_fast64_t progress;
};

bool stress_broken;
static const char *program = "stress";
static enum stress_kind announced;
static const char *defect_text;
static uint64_t percent = 100;

static struct stress_thread threads[THREADS];
static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct stress_thread *self;

static pthread_t watchdog;
static pthread_mutex_t end_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t end_signal;
static bool ended;

static const char *const kind_names[] = {"payload", "order", "sum", "audit", "stale", "late", "status"};

/* Ends the process once: a second thread that fails meanwhile waits here to be ended with it. */
static void last_word(void) {
    static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
    (void)pthread_mutex_lock(&once);
    (void)fflush(stdout);
}

static _Noreturn void quit(int status) {
    (void)fflush(stdout);
    (void)fflush(stderr);
    _exit(status);
}

static void report(const char *file, int line, const char *what, const char *format, va_list arguments) {
    (void)fprintf(stderr, "%s: %s:%d: thread %s: %s: ", program, file, line, self ? self->name : "?", what);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
}

_Noreturn void stress_fail_at(const char *file, int line, const char *what, const char *format, ...) {
    va_list arguments;
    last_word();
    va_start(arguments, format);
    report(file, line, what, format, arguments);
    va_end(arguments);
    stress_diagnose();
    (void)fprintf(stderr, "%s: FAILED\n", program);
    quit(1);
}

/* Threads that have ended but were not joined would be taken for leaks. The lock stays: nobody begins or joins one any
 * more. */
static void let_go_of_threads(void) {
    (void)pthread_mutex_lock(&threads_lock);
    for (size_t i = 1; i < THREADS; i++) {
        if (threads[i].used && !threads[i].joining) {
            (void)pthread_detach(threads[i].thread);
        }
    }
}

_Noreturn void stress_found_at(const char *file, int line, enum stress_kind kind, const char *what, const char *format,
                               ...) {
    bool expected = stress_broken && kind == announced;
    va_list arguments;
    last_word();
    va_start(arguments, format);
    report(file, line, what, format, arguments);
    va_end(arguments);
    if (expected) {
        (void)printf("%s: broken on purpose (%s): detected\nok\n", program, defect_text);
        let_go_of_threads();
        quit(0);
    }
    stress_diagnose();
    (void)fprintf(stderr, "%s: FAILED (%s)\n", program, kind_names[kind]);
    quit(1);
}

_Noreturn void stress_skip(const char *format, ...) {
    va_list arguments;
    last_word();
    (void)printf("%s: skipped: ", program);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar('\n');
    quit(77);
}

void stress_say(const char *format, ...) {
    va_list arguments;
    (void)printf("%s: ", program);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar('\n');
    (void)fflush(stdout);
}

uint64_t stress_scaled(uint64_t n) {
    uint64_t scaled = n * percent / 100;
    return scaled != 0 ? scaled : 1;
}

/* Changes when any thread gets on. */
static uint64_t signs_of_life(void) {
    uint64_t signs = 0;
    for (size_t i = 0; i < THREADS; i++) {
        signs = signs * 31 + atomic_load_explicit(&threads[i].progress, memory_order_relaxed);
        signs = signs * 31 + (uint64_t)(uintptr_t)atomic_load_explicit(&threads[i].doing, memory_order_relaxed);
    }
    return signs;
}

/* Hangs only: no result depends on how long something took. What counts is seconds that the watchdog has lived through
 * itself, one after the other, in which no other thread got on: a machine that is slow or stops for a while does not
 * look like a hang. */
static void *watch(void *unused) {
    uint64_t limit = WATCHDOG_SECONDS * (percent > 100 ? percent : 100) / 100;
    uint64_t before = signs_of_life();
    uint64_t quiet = 0;
    (void)unused;
    (void)pthread_mutex_lock(&end_lock);
    while (!ended && quiet < limit) {
        struct timespec until;
        uint64_t now;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        while (!ended && pthread_cond_timedwait(&end_signal, &end_lock, &until) != ETIMEDOUT) {
        }
        now = signs_of_life();
        quiet = now == before ? quiet + 1 : 0;
        before = now;
    }
    if (!ended) {
        last_word();
        (void)fprintf(stderr, "%s: HANGS: no end in sight; threads and objects at this moment:\n", program);
        stress_diagnose();
        quit(1);
    }
    (void)pthread_mutex_unlock(&end_lock);
    return NULL;
}

static void start_watchdog(void) {
    pthread_condattr_t attributes;
    CHECK(pthread_condattr_init(&attributes) == 0, "no condition attributes");
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0, "no monotonic clock");
    CHECK(pthread_cond_init(&end_signal, &attributes) == 0, "no condition");
    CHECK(pthread_condattr_destroy(&attributes) == 0, "condition attributes");
    CHECK(pthread_create(&watchdog, NULL, watch, NULL) == 0, "no thread for the watchdog");
}

static void read_percent(void) {
    const char *text = getenv("TORC_STRESS");
    char *end;
    unsigned long value;
    if (text == NULL || *text == '\0') {
        return;
    }
    value = strtoul(text, &end, 10);
    if (*end != '\0' || value == 0 || value > 100000) {
        (void)fprintf(stderr, "%s: TORC_STRESS is a percentage from 1 to 100000, not \"%s\"\n", program, text);
        exit(2);
    }
    percent = value;
}

void stress_begin_unwatched(const char *name, bool broken, enum stress_kind kind, const char *defect) {
    program = name;
    announced = kind;
    defect_text = defect;
    stress_broken = broken;
    read_percent();
    self = &threads[0];
    self->used = true;
    (void)snprintf(self->name, sizeof self->name, "main");
    stress_doing("starts");
}

void stress_begin(int argc, char **argv, const char *name, enum stress_kind kind, const char *defect) {
    if (argc > 2 || (argc == 2 && strcmp(argv[1], "--broken") != 0)) {
        (void)fprintf(stderr, "usage: %s [--broken]\n  --broken: with a defect that must be detected: %s\n", name,
                      defect);
        exit(2);
    }
    stress_begin_unwatched(name, argc == 2, kind, defect);
    start_watchdog();
}

int stress_end(void) {
    CHECK(pthread_mutex_lock(&end_lock) == 0, "mutex");
    ended = true;
    CHECK(pthread_cond_signal(&end_signal) == 0, "condition");
    CHECK(pthread_mutex_unlock(&end_lock) == 0, "mutex");
    CHECK(pthread_join(watchdog, NULL) == 0, "the watchdog does not end");
    CHECK(pthread_cond_destroy(&end_signal) == 0, "condition");
    if (stress_broken) {
        (void)fprintf(stderr, "%s: broken on purpose (%s): NOT DETECTED\n", program, defect_text);
        return 1;
    }
    (void)printf("%s: ok\n", program);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* A cancelled thread leaves frames without returning from them. AddressSanitizer learns of that only where the compiler
 * sees it, and would take the marks they left on the stack for an overflow of the thread's own end. */
static void forget_frames(void *unused) {
    (void)unused;
#ifdef STRESS_ASAN
    unsigned char *here = __builtin_frame_address(0);
    __asan_unpoison_memory_region(here - LEFT_FRAMES, LEFT_FRAMES);
#endif
}

static void *run(void *argument) {
    void *result;
    self = argument;
    pthread_cleanup_push(forget_frames, NULL);
    result = self->body(self->argument);
    pthread_cleanup_pop(0);
    return result;
}

struct stress_thread *stress_spawn(const char *name, void *(*body)(void *), void *argument) {
    size_t i = 0;
    CHECK(pthread_mutex_lock(&threads_lock) == 0, "mutex");
    while (i < THREADS && threads[i].used) {
        i++;
    }
    CHECK(i < THREADS, "more than %d threads", (int)THREADS);
    threads[i].used = true;
    threads[i].joining = false;
    (void)snprintf(threads[i].name, sizeof threads[i].name, "%s", name);
    threads[i].body = body;
    threads[i].argument = argument;
    atomic_store(&threads[i].doing, "starts");
    atomic_store(&threads[i].progress, 0);
    CHECK(pthread_create(&threads[i].thread, NULL, run, &threads[i]) == 0, "no thread for %s", name);
    CHECK(pthread_mutex_unlock(&threads_lock) == 0, "mutex");
    return &threads[i];
}

static void forget(struct stress_thread *thread) {
    CHECK(pthread_mutex_lock(&threads_lock) == 0, "mutex");
    thread->used = false;
    CHECK(pthread_mutex_unlock(&threads_lock) == 0, "mutex");
}

void *stress_join(struct stress_thread *thread) {
    void *result = NULL;
    int error;
    CHECK(pthread_mutex_lock(&threads_lock) == 0, "mutex");
    thread->joining = true;
    CHECK(pthread_mutex_unlock(&threads_lock) == 0, "mutex");
    error = pthread_join(thread->thread, &result);
    CHECK(error == 0, "join of %s: %s", thread->name, strerror(error));
    forget(thread);
    return result;
}

bool stress_try_join(struct stress_thread *thread, void **result) {
    int error = pthread_tryjoin_np(thread->thread, result);
    CHECK(error == 0 || error == EBUSY, "join of %s: %s", thread->name, strerror(error));
    if (error == 0) {
        forget(thread);
    }
    return error == 0;
}

void stress_cancel(struct stress_thread *thread) {
    int error = pthread_cancel(thread->thread);
    CHECK(error == 0, "cancel of %s: %s", thread->name, strerror(error));
}

void stress_doing(const char *what) {
    if (self != NULL) {
        atomic_store_explicit(&self->doing, what, memory_order_relaxed);
    }
}

void stress_progress(uint64_t n) {
    if (self != NULL) {
        atomic_store_explicit(&self->progress, n, memory_order_relaxed);
    }
}

void stress_diagnose_threads(void) {
    /* Without the lock: this runs when things have gone wrong, and a torn name is better than no diagnosis. */
    for (size_t i = 0; i < THREADS; i++) {
        const char *doing = atomic_load(&threads[i].doing);
        if (threads[i].used && doing != NULL) {
            (void)fprintf(stderr, "  thread %-20s after %" PRIuFAST64 ": %s\n", threads[i].name,
                          atomic_load(&threads[i].progress), doing);
        }
    }
}
