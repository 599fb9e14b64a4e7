/* torc/status.h - what a call can answer.
 *
 * Every call that can fail returns an int: TORC_OK (0) or a positive count on success, one of the negative codes
 * below otherwise. A code names the caller's next action, not the place where things went wrong. */
#ifndef TORC_STATUS_H
#define TORC_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* All codes and their texts in one place: X(name, value, text). */
#define TORC_STATUS_MAP(X)                                                                                             \
    X(TORC_OK, 0, "success")                                                                                           \
    X(TORC_EMPTY, -1, "nothing to read yet: come back later")                                                          \
    X(TORC_WOULD_BLOCK, -2, "not now: no space, or somebody is not ready; try again later")                            \
    X(TORC_TIMED_OUT, -3, "the deadline passed; nothing was done")                                                     \
    X(TORC_CLOSED, -4, "closed: no further event will pass")                                                           \
    X(TORC_POOL_DRY, -5, "no free slot of a fitting size: release handles or enlarge the pool")                        \
    X(TORC_STALE, -6, "the handle no longer owns a reference: refused, nothing was touched")                           \
    X(TORC_REF_LIMIT, -7, "the slot carries as many references as can be counted: release some")                       \
    X(TORC_TOO_BIG, -8, "larger than any event can be")                                                                \
    X(TORC_INVALID, -9, "an argument is NULL, out of range or not usable here")                                        \
    X(TORC_NO_MEMORY, -10, "the allocator or the kernel has no memory left")                                           \
    X(TORC_NO_ROOM, -11, "the maximum set in torc_config is reached: close some or configure more")                    \
    X(TORC_BUSY, -12, "still in use: close or release what is out and try again")                                      \
    X(TORC_WRONG_THREAD, -13, "not callable from this thread or from inside this callback")                            \
    X(TORC_CORRUPT, -14, "an invariant is broken: the memory was damaged")                                             \
    X(TORC_SYSTEM, -15, "a system call failed: errno tells which way")                                                 \
    X(TORC_NOT_FOUND, -16, "nothing of this name exists")                                                              \
    X(TORC_LAPPED, -17, "events were overwritten before they were read: they are counted, go on")                      \
    X(TORC_EVICTED, -18, "too slow for too long: publishers no longer wait for this reader")                           \
    X(TORC_NO_NODES, -19, "the allocator's node storage is used up: free blocks or give it more nodes")                \
    X(TORC_FORKED, -20, "inherited over fork(): it belongs to the parent, nothing was touched")                        \
    X(TORC_WRONG_END, -21, "a topic of total order takes sequencers, any other takes publishers")

enum torc_status {
#define TORC_STATUS_ENUM(name, value, text) name = (value),
    TORC_STATUS_MAP(TORC_STATUS_ENUM)
#undef TORC_STATUS_ENUM
};

/* torc_strerror: the text of a status code. Any thread; never NULL; the string is static. Positive values (counts)
 * read as success. */
const char *torc_strerror(int status);

/* torc_status_name: the identifier of a status code as text ("TORC_CLOSED"), or "TORC_?" for an unknown one. */
const char *torc_status_name(int status);

#ifdef __cplusplus
}
#endif
#endif
