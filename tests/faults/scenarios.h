/* scenarios.h - what the sweep plays with failing calls. */
#ifndef TORC_FAULTS_SCENARIOS_H
#define TORC_FAULTS_SCENARIOS_H

#include <stdbool.h>
#include <stddef.h>

/* A scenario sets everything up, uses it, checks what it got, and takes everything down again, whatever failed on the
 * way. */
struct scenario {
    const char *name;
    void (*play)(void);
    bool alone; /* each time in a new process: it does what a process does once only */
};
extern const struct scenario scenarios[];
extern const size_t scenario_count;

/* faults_found: reports what was expected and did not hold, with the failure that was injected; ends the program. */
_Noreturn void faults_found(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define MUST(condition, ...)                                                                                           \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            faults_found(__FILE__, __LINE__, __VA_ARGS__);                                                             \
        }                                                                                                              \
    } while (0)

#endif
