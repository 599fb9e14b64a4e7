/* search.c - runs a scenario over and over: setup once, then one execution per path of decisions.
 *
 * Which threads ever write, read or fence where is learned on the way and decides where threads need to be switched;
 * when an execution learns something that would have mattered before, the search starts anew with that knowledge. */
#include "explorer.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_OUTCOMES 64

struct explorer ex;
struct outcome outcomes[MAX_OUTCOMES];
uint32_t outcome_count;

int __real_clock_gettime(clockid_t clock, struct timespec *time);

double seconds_now(void) {
    struct timespec now;
    (void)__real_clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Of this process: other programs do not shorten a search. */
static double seconds_used(void) {
    struct timespec used;
    (void)__real_clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

void model_outcome(const char *format, ...) {
    char text[sizeof outcomes[0].text];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    for (uint32_t i = 0; i < outcome_count; i++) {
        if (strcmp(outcomes[i].text, text) == 0) {
            outcomes[i].times++;
            return;
        }
    }
    if (outcome_count == MAX_OUTCOMES) {
        violation("more than %d outcomes", MAX_OUTCOMES);
    }
    memcpy(outcomes[outcome_count].text, text, sizeof text);
    outcomes[outcome_count++].times = 1;
}

bool model_broken(void) {
    return ex.broken;
}

void model_prune(void) {
    sched_end(VERDICT_PRUNED);
}

uint32_t model_choose(uint32_t n) {
    uint32_t values[64];
    if (n == 0 || n > 64 || !exploring()) {
        violation("model_choose: 1..64 choices, in a thread");
    }
    for (uint32_t i = 0; i < n; i++) {
        values[i] = i;
    }
    ex.step++;
    return n == 1 ? 0 : decide('c', values, n, false);
}

/* --- accidents ---------------------------------------------------------------------------------------------------- */

static void on_crash(int number, siginfo_t *info, void *context) {
    (void)context;
    if (ex.phase == PHASE_IDLE) {
        (void)signal(number, SIG_DFL);
        return;
    }
    violation("%s at %p", number == SIGSEGV ? "crash: invalid access" : "crash", info->si_addr);
}

/* Once a second: an execution that goes on without any step is in an endless loop. */
static void on_alarm(int number) {
    static uint32_t run, step, same;
    (void)number;
    same = ex.phase != PHASE_IDLE && run == ex.run && step == ex.step ? same + 1 : 0;
    run = ex.run;
    step = ex.step;
    if (same >= 3) {
        same = 0;
        violation("an endless loop without atomic operations");
    }
}

static void watch(void) {
    static unsigned char stack[64 << 10];
    static bool done;
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    struct sigaction tick = {.sa_handler = on_alarm, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_RESTART};
    struct itimerval second = {{1, 0}, {1, 0}};
    if (done) {
        return;
    }
    done = true;
    (void)sigaltstack(&alternate, NULL);
    (void)sigaction(SIGSEGV, &crash, NULL);
    (void)sigaction(SIGBUS, &crash, NULL);
    (void)sigaction(SIGFPE, &crash, NULL);
    (void)sigaction(SIGILL, &crash, NULL);
    (void)sigaction(SIGALRM, &tick, NULL);
    (void)setitimer(ITIMER_REAL, &second, NULL);
}

/* --- one execution ------------------------------------------------------------------------------------------------ */

static void setup_main(void) {
    if (ex.scenario->setup != NULL) {
        ex.scenario->setup();
    }
    sched_end(VERDICT_DONE);
}

static void check_main(void) {
    if (ex.scenario->check != NULL) {
        ex.scenario->check();
    }
    sched_end(VERDICT_DONE);
}

static enum verdict run_alone(enum phase phase, void (*entry)(void)) {
    ex.phase = phase;
    ex.running = &ex.thread[0];
    ex.running->number = 0;
    coroutine_start(ex.running, entry);
    coroutine_switch(&ex.main_stack_pointer, ex.running->stack_pointer);
    ex.phase = PHASE_IDLE;
    return ex.verdict;
}

static void reset(void) {
    ex.run++;
    ex.step = 0;
    ex.trace_count = 0;
    ex.fences = ex.changes = 0;
    ex.clock_read = false;
    ex.sc_past = ex.places = 0;
    memset(&ex.sc, 0, sizeof ex.sc);
    ex.now = UINT64_C(1000000000);
    ex.preemptions = ex.mode == MODE_SEARCH ? ex.bound : UINT32_MAX;
    ex.timeouts = (uint32_t)ex.scenario->timeouts;
    ex.spurious = (uint32_t)ex.scenario->spurious;
    ex.impatience = (uint32_t)ex.scenario->impatience;
    for (uint32_t i = 0; ex.mode == MODE_RANDOM && i < 3; i++) {
        ex.change_at[i] = (uint32_t)(decide_random() % (ex.longest + 1));
    }
    decide_begin();
    threads_begin();
}

static enum verdict run_once(void) {
    heap_restore();
    reset();
    ex.phase = PHASE_RUN;
    sched_first();
    ex.phase = PHASE_IDLE;
    ex.longest = ex.step > ex.longest ? ex.step : ex.longest;
    return ex.verdict == VERDICT_DONE ? run_alone(PHASE_CHECK, check_main) : ex.verdict;
}

/* --- the search --------------------------------------------------------------------------------------------------- */

static bool begin(const struct model_scenario *scenario, enum mode mode) {
    watch();
    ex.scenario = scenario;
    ex.mode = mode;
    ex.fencers = 0;
    ex.now = UINT64_C(1000000000);
    ex.longest = 100;
    ex.trace_count = 0;
    outcome_count = 0;
    names_forget();
    locations_forget();
    decide_reset();
    states_forget();
    heap_begin();
    if (run_alone(PHASE_SETUP, setup_main) == VERDICT_VIOLATION) {
        return false;
    }
    heap_keep();
    return true;
}

static uint32_t bound_of(const struct model_scenario *scenario, const struct limits *limits) {
    int bound = scenario->preemptions == 0 ? 2 : scenario->preemptions;
    if (limits->preemptions >= 0) {
        return (uint32_t)limits->preemptions;
    }
    bound = limits->quick && scenario->quick > 0 ? scenario->quick : bound;
    bound = limits->deep && scenario->deep > 0 ? scenario->deep : bound;
    return bound == MODEL_NONE ? 0 : (uint32_t)bound;
}

static bool over(const struct result *result, const struct limits *limits, double start) {
    uint64_t all = result->executions + result->pruned;
    return (limits->executions != 0 && all >= limits->executions) ||
           (limits->random != 0 && result->executions >= limits->random) ||
           (limits->seconds > 0 && all % 256 == 0 && seconds_used() - start > limits->seconds);
}

static void explore(struct result *result, const struct limits *limits, double start) {
    for (;;) {
        enum verdict verdict = run_once();
        result->steps += ex.step;
        result->violated = verdict == VERDICT_VIOLATION;
        result->executions += verdict == VERDICT_DONE || verdict == VERDICT_VIOLATION;
        result->pruned += verdict == VERDICT_PRUNED;
        if (verdict == VERDICT_RESTART) {
            decide_reset();
            states_forget();
            continue;
        }
        if (result->violated || (ex.mode == MODE_SEARCH && !decide_next())) {
            result->complete = !result->violated && ex.mode == MODE_SEARCH;
            return;
        }
        if (over(result, limits, start)) {
            return;
        }
    }
}

struct result search(const struct model_scenario *scenario, const struct limits *limits) {
    struct result result = {.bound = bound_of(scenario, limits)};
    double start = seconds_used();
    ex.bound = result.bound;
    decide_seed(limits->seed);
    sites_unused();
    if (!begin(scenario, limits->random != 0 ? MODE_RANDOM : MODE_SEARCH)) {
        result.violated = true;
    } else {
        explore(&result, limits, start);
    }
    result.seconds = seconds_used() - start;
    return result;
}

bool replay(const struct model_scenario *scenario, const char *text) {
    enum verdict verdict;
    if (!decide_replay(text)) {
        return false;
    }
    if (!begin(scenario, MODE_REPLAY)) {
        report_violation();
        return true;
    }
    verdict = run_once();
    if (verdict != VERDICT_VIOLATION) {
        (void)snprintf(ex.violation, sizeof ex.violation, "no violation%s",
                       verdict == VERDICT_DONE ? "" : ", the execution did not end");
    }
    report_violation();
    return true;
}

bool replays(const struct model_scenario *scenario) {
    static char text[256 << 10];
    static char before[sizeof ex.violation];
    FILE *to = fmemopen(text, sizeof text, "w");
    if (to == NULL) {
        return false;
    }
    decide_print(to);
    (void)fclose(to);
    text[strcspn(text, "\n")] = '\0';
    memcpy(before, ex.violation, sizeof before);
    return decide_replay(text) && (!begin(scenario, MODE_REPLAY) || run_once() == VERDICT_VIOLATION) &&
           strcmp(ex.violation, before) == 0;
}
