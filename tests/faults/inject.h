/* inject.h - calls of the library that are made to fail, and the books of what it holds.
 *
 * The linker passes every call listed in `calls` through a wrapper here (--wrap). Two classes of calls are failed
 * separately: how many of the first a scenario makes does not depend on timing, of the second it does. */
#ifndef TORC_FAULTS_INJECT_H
#define TORC_FAULTS_INJECT_H

#include <stdbool.h>
#include <stdint.h>

enum inject_class {
    INJECT_RESOURCE, /* memory, threads, locks, registrations */
    INJECT_WAIT,     /* sleeping, and barriers of the process */
    INJECT_CLASSES
};
enum inject_mode {
    INJECT_NONE,
    INJECT_ONCE, /* the n-th call */
    INJECT_FROM  /* the n-th call and all later ones */
};

void inject_set_up(void);
/* inject_arm: counts from 1 anew; from now on calls of this class fail so. `other` chooses each call's second error. */
void inject_arm(enum inject_class class, enum inject_mode mode, uint64_t nth, bool other);
void inject_disarm(void);
/* Since arming: calls of a class made, calls failed, the name of the first that was. */
uint64_t inject_calls(enum inject_class class);
uint64_t inject_failed(void);
const char *inject_first(void);
/* Is the n-th call the only one to fail, so that what failed must now succeed? */
bool inject_was_single(void);

/* What is held at this moment: blocks, mappings, locked ranges, threads, locks, conditions. */
uint64_t inject_held(void);
/* inject_complaint: NULL, or what was wrong about giving back (something not held, another length); and the first thing
 * that is held, in words. */
const char *inject_complaint(void);
const char *inject_holding(void);
/* Does the calling thread owe a barrier of the process that was refused? Did any thread sleep while it did? */
bool inject_barrier_owed(void);
bool inject_slept_without_barrier(void);

/* The planted defect: the first block freed after a failure is forgotten instead. */
extern bool inject_lose_a_block;

#endif
