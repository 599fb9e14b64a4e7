/* waitpoint.pml - torc_waitpoint_wake and the sleep of torc_await (src/wait.c). Needs memory.pml and POINTS.
 *
 * At each point one thread sleeps, so that instead of the number seq the model has the answer to the only question about
 * it: is it what the sleeper saw? A sleep ends by a wake-up only: neither deadlines nor early returns hide one that was
 * lost. The sleeper's part (sleep_once) is BEFORE_SLEEP, its further announcements, its heavy barrier, its second look, and
 * then FUTEX_WAIT or STAY_UP. */
bool seen[POINTS]; /* seq is what the sleeper saw */
bool waiting[POINTS];
bool asleep[POINTS];

#ifdef BROKEN_SEEN_LATE
#define BEFORE_SLEEP(point) waiting[point] = true; seen[point] = true
#else
#define BEFORE_SLEEP(point) seen[point] = true; waiting[point] = true
#endif

#define STAY_UP(point) seen[point] = false

/* The kernel compares and queues in one step. */
#define FUTEX_WAIT(point)                                                                                              \
    d_step { asleep[point] = seen[point]; seen[point] = false };                                                       \
    !asleep[point]

/* torc_waitpoint_wake: takes the announcement back, bumps seq, wakes. `got` is the caller's variable. */
#define TAKE_BACK(point, got) d_step { got = waiting[point]; waiting[point] = false }
#define FUTEX_WAKE(point, got) d_step { asleep[point] = asleep[point] && !got; got = false }
#ifdef BROKEN_WAKE_ORDER
#define WAKE(thread, point, got) FENCE(thread); seen[point] = false; TAKE_BACK(point, got); FUTEX_WAKE(point, got)
#else
#define WAKE(thread, point, got) FENCE(thread); TAKE_BACK(point, got); seen[point] = false; FUTEX_WAKE(point, got)
#endif
