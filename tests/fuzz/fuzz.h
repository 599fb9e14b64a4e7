/* fuzz.h - what the fuzz targets share: bytes in, findings out, and the table of what was seen.
 *
 * A target is one function, LLVMFuzzerTestOneInput: libFuzzer calls it, or driver.c does. It decodes its input into
 * calls of the library; whatever the bytes are, every call is a legal one or one whose refusal is promised. A broken
 * promise is a finding: it is printed and the program aborts. */
#ifndef TORC_TESTS_FUZZ_H
#define TORC_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <torc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- input: zeros follow its end ---------------------------------------------------------------------------- */

struct input {
    const uint8_t *at, *end;
};
static inline bool input_ended(const struct input *input) {
    return input->at == input->end;
}
static inline uint32_t take_byte(struct input *input) {
    return input_ended(input) ? 0 : *input->at++;
}
/* A number below `n`; one byte for up to 256. */
static inline uint32_t take_below(struct input *input, uint32_t n) {
    uint32_t value = take_byte(input);
    if (n > 256) {
        value = value << 8 | take_byte(input);
    }
    return value % n;
}
static inline uint64_t take_word(struct input *input) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | take_byte(input);
    }
    return value;
}

/* --- findings ----------------------------------------------------------------------------------------------- */

/* finding: prints what is wrong, at which step of the input, and aborts. */
_Noreturn void finding(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* at_step: what the target is doing, for the report; kept, not copied. FUZZ_TRACE in the environment prints each. */
void at_step(uint32_t number, const char *what);

#define MUST(condition, ...)                                                                                           \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            finding(__VA_ARGS__);                                                                                      \
        }                                                                                                              \
    } while (0)

/* --- what was seen ------------------------------------------------------------------------------------------ */

/* A status as a bit: OK and counts 0, the codes by their number. */
#define BIT(status)  (1u << -(TORC_##status))
#define OK           BIT(OK)
#define EMPTY        BIT(EMPTY)
#define WOULD_BLOCK  BIT(WOULD_BLOCK)
#define TIMED_OUT    BIT(TIMED_OUT)
#define CLOSED       BIT(CLOSED)
#define POOL_DRY     BIT(POOL_DRY)
#define STALE        BIT(STALE)
#define REF_LIMIT    BIT(REF_LIMIT)
#define TOO_BIG      BIT(TOO_BIG)
#define INVALID      BIT(INVALID)
#define NO_MEMORY    BIT(NO_MEMORY)
#define NO_ROOM      BIT(NO_ROOM)
#define BUSY         BIT(BUSY)
#define WRONG_THREAD BIT(WRONG_THREAD)
#define NOT_FOUND    BIT(NOT_FOUND)
static inline uint32_t status_bit(int status) {
    return status > 0 ? 1u : 1u << -status;
}

/* The functions, and what a script can get from each. Whatever else one answers is a finding; what it never answered in
 * a whole run is a hole of that run. */
#define SPACE (OK | CLOSED | POOL_DRY | TOO_BIG | NO_MEMORY)
#define FUNCTIONS(X)                                                                                                   \
    X(torc_config_check, OK | INVALID)                                                                                 \
    X(torc_bus_create, OK | INVALID)                                                                                   \
    X(torc_bus_create_at, OK | INVALID)                                                                                \
    X(torc_bus_close, OK | INVALID)                                                                                    \
    X(torc_bus_drain, OK | WOULD_BLOCK | TIMED_OUT | INVALID)                                                          \
    X(torc_bus_destroy, OK | BUSY | INVALID)                                                                           \
    X(torc_topic_open, OK | CLOSED | NO_ROOM | INVALID)                                                                \
    X(torc_topic_find, OK | NOT_FOUND | INVALID)                                                                       \
    X(torc_bus_stats, OK | INVALID)                                                                                    \
    X(torc_bus_pool_stats, OK | INVALID)                                                                               \
    X(torc_bus_keep_stats, OK | INVALID)                                                                               \
    X(torc_audit, OK | INVALID)                                                                                        \
    X(torc_publisher_open, OK | CLOSED | NO_ROOM | INVALID)                                                            \
    X(torc_publisher_close, OK | INVALID)                                                                              \
    X(torc_publish, SPACE | INVALID)                                                                                   \
    X(torc_try_publish, SPACE | WOULD_BLOCK | INVALID)                                                                 \
    X(torc_publish_until, SPACE | WOULD_BLOCK | TIMED_OUT | INVALID)                                                   \
    X(torc_publish_batch, SPACE | INVALID)                                                                             \
    X(torc_try_publish_batch, SPACE | WOULD_BLOCK | INVALID)                                                           \
    X(torc_publish_batch_until, SPACE | WOULD_BLOCK | TIMED_OUT | INVALID)                                             \
    X(torc_claim, SPACE | INVALID)                                                                                     \
    X(torc_try_claim, SPACE | WOULD_BLOCK | INVALID)                                                                   \
    X(torc_claim_until, SPACE | WOULD_BLOCK | TIMED_OUT | INVALID)                                                     \
    X(torc_claim_batch, SPACE | INVALID)                                                                               \
    X(torc_try_claim_batch, SPACE | WOULD_BLOCK | INVALID)                                                             \
    X(torc_claim_batch_until, SPACE | WOULD_BLOCK | TIMED_OUT | INVALID)                                               \
    X(torc_commit, OK | INVALID)                                                                                       \
    X(torc_abort, OK | INVALID)                                                                                        \
    X(torc_commit_batch, OK | INVALID)                                                                                 \
    X(torc_abort_batch, OK | INVALID)                                                                                  \
    X(torc_ringptr_claim, SPACE | INVALID)                                                                             \
    X(torc_ringptr_claim_until, SPACE | WOULD_BLOCK | TIMED_OUT | INVALID)                                             \
    X(torc_publisher_pool_stats, OK | INVALID)                                                                         \
    X(torc_reader_open, OK | CLOSED | NO_ROOM | INVALID)                                                               \
    X(torc_reader_detach, OK | BUSY | INVALID)                                                                         \
    X(torc_reader_close, OK | WRONG_THREAD | INVALID)                                                                  \
    X(torc_next, OK | EMPTY | CLOSED | BUSY | INVALID)                                                                 \
    X(torc_next_until, OK | EMPTY | TIMED_OUT | CLOSED | BUSY | INVALID)                                               \
    X(torc_poll, OK | CLOSED | BUSY | INVALID)                                                                         \
    X(torc_poll_until, OK | TIMED_OUT | CLOSED | BUSY | INVALID)                                                       \
    X(torc_wait_readable, OK | EMPTY | TIMED_OUT | CLOSED | BUSY | INVALID)                                            \
    X(torc_advance, OK | INVALID)                                                                                      \
    X(torc_keep, OK | POOL_DRY | REF_LIMIT | INVALID)                                                                  \
    X(torc_keep_until, OK | POOL_DRY | TIMED_OUT | CLOSED | REF_LIMIT | INVALID)                                       \
    X(torc_reader_state, OK | CLOSED | INVALID)                                                                        \
    X(torc_ringptr_clone, OK | STALE | REF_LIMIT | INVALID)                                                            \
    X(torc_ringptr_release, OK | STALE | REF_LIMIT | INVALID)                                                          \
    X(torc_ringptr_is_valid, OK | STALE)                                                                               \
    X(torc_ringptr_data, OK | STALE)                                                                                   \
    X(torc_actor_send, OK | STALE | INVALID)

#define FUNCTION_ENUM(name, statuses) F_##name,
enum function { FUNCTIONS(FUNCTION_ENUM) FUNCTION_COUNT };

/* seen: notes an answer in the table and returns it. CALL: calls and notes. */
int seen(enum function function, int status);
#define CALL(function, ...) seen(F_##function, function(__VA_ARGS__))

/* States worth reaching; each counts how often a target was in it. */
#define STATES(X)                                                                                                      \
    X(lane_full)                                                                                                       \
    X(lane_wrapped)                                                                                                    \
    X(pool_dry_wait)                                                                                                   \
    X(pool_dry_fail)                                                                                                   \
    X(took_bigger)                                                                                                     \
    X(took_xxl_for_dry)                                                                                                \
    X(xxl_event)                                                                                                       \
    X(provider_failed)                                                                                                 \
    X(slot_reaped)                                                                                                     \
    X(slots_retired)                                                                                                   \
    X(lagging_reader)                                                                                                  \
    X(two_lanes_read)                                                                                                  \
    X(joined_oldest_with_history)                                                                                      \
    X(lane_reopened)                                                                                                   \
    X(lane_moved_to_topic)                                                                                             \
    X(tombstone_skipped)                                                                                               \
    X(committed_out_of_order)                                                                                          \
    X(commit_after_close)                                                                                              \
    X(closed_with_open_claims)                                                                                         \
    X(detached_while_borrowed)                                                                                         \
    X(detached_in_handler)                                                                                             \
    X(published_in_handler)                                                                                            \
    X(kept_slot)                                                                                                       \
    X(kept_copy)                                                                                                       \
    X(keep_pool_dry)                                                                                                   \
    X(handle_outlived_publisher)                                                                                       \
    X(destroy_refused)                                                                                                 \
    X(reference_limit)                                                                                                 \
    X(sequence_edge_passed)
#define STATE_ENUM(name) S_##name,
enum state { STATES(STATE_ENUM) STATE_COUNT };
void reached(enum state state);

/* print_table: what was seen so far; returns how many holes it has. `functions`: a bit per enum function that
 * counts. */
uint32_t print_table(uint64_t functions, bool states);

/* Set by each target: what a complete run of it must have seen. */
extern const char *const target_name;
extern const uint64_t target_functions;
extern const bool target_states;

/* --- payloads ----------------------------------------------------------------------------------------------- */

/* Byte `at` of the payload of event number `serial`, and its type: both tell any two events apart. */
static inline uint8_t pattern(uint32_t serial, size_t at) {
    uint32_t mixed = (serial + 1) * 0x9E3779B1u + (uint32_t)at * 0x85EBCA6Bu;
    return (uint8_t)((mixed ^ mixed >> 15) >> 8);
}
static inline uint32_t type_of(uint32_t serial) {
    return serial * 0x9E3779B1u + 7;
}
void fill_pattern(void *data, size_t length, uint32_t serial);
bool has_pattern(const void *data, size_t length, uint32_t serial);

#endif
