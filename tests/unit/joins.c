/* joins.c - see joins.h. */
#include "joins.h"

struct torc_reader *join(struct torc_reader_config config, int expected) {
    struct torc_reader *reader = NULL;
    assert_status(torc_reader_open(t.topic, &config, &reader), expected);
    ck_assert(expected == TORC_OK ? reader != NULL : reader == NULL);
    return reader;
}

struct torc_reader *join_last(uint64_t last, enum torc_policy policy) {
    return join((struct torc_reader_config){.join = TORC_JOIN_LAST, .last = last, .policy = policy}, TORC_OK);
}

struct torc_reader *join_at(struct torc_position *at, enum torc_policy policy) {
    return join((struct torc_reader_config){.join = TORC_JOIN_AT, .at = at, .at_count = 1, .policy = policy}, TORC_OK);
}

struct torc_position only(uint64_t sequence) {
    return (struct torc_position){.sequence = sequence, .missed = 77, .lane = TORC_ONLY_LANE};
}

/* With the reader gone the lane keeps some history, and its publisher never waits. */
void open_history(uint64_t published) {
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    put_run(t.publisher, 0, published);
}

uint64_t tell(struct torc_reader *reader) {
    struct torc_position position;
    ck_assert_int_eq(torc_reader_tell(reader, &position, 1), 1);
    ck_assert_uint_eq(position.lane, torc_publisher_lane(t.publisher));
    return position.sequence;
}

/* The reader's next event is this one, and nothing is missing to the end. */
void reads_from(struct torc_reader *reader, uint64_t first, uint64_t end) {
    ck_assert_uint_eq(tell(reader), first);
    if (first < end) {
        take_run(reader, first, end - first);
    }
    take_none(reader);
}

struct torc_reader *open_after(struct torc_reader *const *leaders, size_t count) {
    return join((struct torc_reader_config){.after = leaders, .after_count = count}, TORC_OK);
}

struct torc_reader *open_behind(struct torc_reader *leader) {
    return open_after(&leader, 1);
}

void pass(struct torc_reader *reader, uint64_t first, uint64_t count) {
    take_run(reader, first, count);
    take_none(reader);
}
