/* include/ck_backoff.h - in the place of CK's: a pause is a pause, however long. */
#ifndef TORC_TESTS_MODEL_CK_BACKOFF_H
#define TORC_TESTS_MODEL_CK_BACKOFF_H

#include <torc/atomic.h>

#define CK_BACKOFF_INITIALIZER (1 << 9)
typedef unsigned int ck_backoff_t;

#define ck_backoff_eb(pauses) ((void)(pauses), torc_cpu_relax())

#endif
