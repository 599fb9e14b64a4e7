/* main.c - the sweep: every scenario, every call of it made to fail in turn.
 *
 * A scenario is played once to count its calls; then once for each n with its n-th call failing, and once with that and
 * all later ones failing; every time after that it is played again undisturbed. It checks for itself what calls answer;
 * here follows what must hold whatever happened: nothing is held that was not held before, no descriptor is open, every
 * barrier of the process was passed.
 *
 * With --broken the first block that the library frees after a failure is forgotten, as if a clean-up had left it out:
 * the program then succeeds only if it reports that. */
#include "inject.h"
#include "scenarios.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_SECONDS = 600, MOST_WAITS = 40 };

static const struct scenario *playing;
static char how[96] = "nothing fails";
static bool broken;
static bool leak_expected;

_Noreturn void faults_found(const char *file, int line, const char *format, ...) {
    va_list arguments;
    (void)fprintf(stderr, "faults: %s:%d: %s; %s (%s): ", file, line, playing == NULL ? "start" : playing->name, how,
                  inject_first());
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    if (broken && leak_expected) {
        (void)printf("faults: broken on purpose (a clean-up forgets a block): detected\nok\n");
        (void)fflush(stdout);
        _exit(0);
    }
    _exit(1);
}

/* A crash or a hang is a finding as well; only the last words differ. */
static void crashed(int signal) {
    char text[256];
    int length = snprintf(text, sizeof text, "faults: %s; %s (%s): %s\n", playing == NULL ? "start" : playing->name,
                          how, inject_first(), signal == SIGALRM ? "HANGS" : "CRASHES");
    if (length > 0) {
        (void)!write(STDERR_FILENO, text, (size_t)length);
    }
    _exit(1);
}

static unsigned descriptors(void) {
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;
    MUST(directory != NULL, "no /proc/self/fd");
    while (readdir(directory) != NULL) {
        count++;
    }
    (void)closedir(directory);
    return count;
}

/* Plays once and checks what must hold afterwards. */
static void play_here(const struct scenario *scenario) {
    uint64_t held = inject_held();
    unsigned open = descriptors();
    (void)alarm(LIMIT_SECONDS);
    scenario->play();
    (void)alarm(0);
    inject_disarm();
    leak_expected = true;
    MUST(inject_complaint() == NULL, "%s", inject_complaint());
    MUST(inject_held() == held, "%" PRIu64 " more held than before, the last a %s", inject_held() - held,
         inject_holding());
    leak_expected = false;
    MUST(descriptors() == open, "%u descriptors where %u were open", descriptors(), open);
    MUST(!inject_slept_without_barrier(), "a thread slept after its barrier of the process had been refused");
}

static void play(const struct scenario *scenario) {
    pid_t child;
    int status = 0;
    playing = scenario;
    if (!scenario->alone) {
        play_here(scenario);
        return;
    }
    (void)fflush(NULL);
    child = fork();
    MUST(child >= 0, "no process for the test itself");
    if (child == 0) {
        play_here(scenario);
        _exit(0);
    }
    MUST(waitpid(child, &status, 0) == child, "a process of the test cannot be waited for");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        _exit(1); /* it has said what it found */
    }
    inject_disarm();
}

static void play_undisturbed(const struct scenario *scenario) {
    (void)snprintf(how, sizeof how, "nothing fails");
    inject_arm(INJECT_RESOURCE, INJECT_NONE, 0, false);
    play(scenario);
}

/* One injection; the scenario must work again afterwards. False if there was no n-th call. */
static bool inject(const struct scenario *scenario, enum inject_class class, enum inject_mode mode, uint64_t nth,
                   bool other) {
    bool reached;
    (void)snprintf(how, sizeof how, "%s call %" PRIu64 "%s fail%s", class == INJECT_WAIT ? "waiting" : "resource", nth,
                   mode == INJECT_FROM ? " and all later" : "", other ? ", second error" : "");
    inject_arm(class, mode, nth, other);
    play(scenario);
    reached = inject_failed() != 0;
    play_undisturbed(scenario);
    return reached;
}

struct tally {
    uint64_t calls;
    uint64_t injected;
};

static void sweep_class(const struct scenario *scenario, enum inject_class class, struct tally *tally) {
    uint64_t calls;
    play_undisturbed(scenario);
    calls = inject_calls(class);
    tally->calls = calls;
    for (uint64_t nth = 1;; nth++) {
        bool reached = false;
        for (int variant = 0; variant < 4; variant++) {
            bool done =
                inject(scenario, class, (variant & 1) != 0 ? INJECT_FROM : INJECT_ONCE, nth, (variant & 2) != 0);
            tally->injected += done;
            reached |= done;
        }
        if (!reached || (class == INJECT_WAIT && nth == MOST_WAITS)) {
            MUST(class == INJECT_WAIT || nth == calls + 1, "%" PRIu64 " calls, but the %" PRIu64 "th cannot be reached",
                 calls, nth);
            return;
        }
    }
}

static void set_up(void) {
    struct sigaction action = {.sa_handler = crashed};
    const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        (void)sigaction(signals[i], &action, NULL);
    }
}

int main(int argc, char **argv) {
    struct tally all = {0, 0};
    broken = argc == 2 && strcmp(argv[1], "--broken") == 0;
    if (argc > 2 || (argc == 2 && !broken)) {
        (void)fprintf(stderr, "usage: faults [--broken]\n");
        return 2;
    }
    inject_set_up();
    inject_lose_a_block = broken;
    set_up();
    for (size_t i = 0; i < scenario_count; i++) {
        struct tally resource = {0, 0};
        struct tally wait = {0, 0};
        if (broken && scenarios[i].alone) {
            continue; /* the first to find it ends this process */
        }
        play_undisturbed(&scenarios[i]); /* what is taken once per process is taken here */
        sweep_class(&scenarios[i], INJECT_RESOURCE, &resource);
        sweep_class(&scenarios[i], INJECT_WAIT, &wait);
        (void)printf("faults: %-38s %3" PRIu64 " calls, %3" PRIu64 " waits; %4" PRIu64 " injections\n",
                     scenarios[i].name, resource.calls, wait.calls, resource.injected + wait.injected);
        all.calls += resource.calls + wait.calls;
        all.injected += resource.injected + wait.injected;
    }
    if (broken) {
        (void)fprintf(stderr, "faults: broken on purpose: NOT DETECTED\n");
        return 1;
    }
    (void)printf("faults: %zu scenarios, %" PRIu64 " calls, %" PRIu64 " injections, nothing leaked, all usable\n",
                 scenario_count, all.calls, all.injected);
    return 0;
}
