/* waits.h - every call that can wait, as a case: how it comes to wait, and what makes it succeed. test_deadlines.c runs
 * them. */
#ifndef TORC_TESTS_UNIT_WAITS_H
#define TORC_TESTS_UNIT_WAITS_H

#include "helpers.h"

/* All work on `t` and on what their file has for them. */
struct wait_case {
    const char *name;
    void (*prepare)(void);
    int (*until)(uint64_t deadline);
    int (*tries)(void); /* NULL: there is no such form but `until` */
    int (*plain)(void); /* the form that waits for ever; NULL: there is none */
    void (*release)(void);
    void (*end)(void);   /* what is left of it goes; NULL: nothing is */
    bool (*waits)(void); /* can it be seen that it does? NULL: no */
    int would_block;     /* what it answers with TORC_NO_WAIT */
    int done;            /* and when it got what it waited for */
    bool mine;           /* only the thread that prepared it may call it */
    bool once;           /* a try that fails has done what was asked for: release, then another call, tells nothing */
};

/* Those of each file, by number; NULL: no more. */
const struct wait_case *publishing_case(int which);
const struct wait_case *reading_case(int which);
const struct wait_case *working_case(int which);
const struct wait_case *sharing_case(int which);

/* Of use to several. */
void nothing(void);
void put_one(void);
void fill_lane(void);
void pass_all(void);
bool publisher_waits(void);
bool reader_waits(void);
int released(int status, struct torc_ringptr ptr); /* a handle that was got goes again */

#endif
