/* copy_world.c - see copy_world.h. */
#include "copy_world.h"

void open_copied(uint32_t entries, uint32_t slots) {
    struct torc_config config = tiny_config();
    config.readers = 2;
    config.lane_entries = entries;
    config.slots[TORC_XS] = slots;
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
}

struct torc_reader *open_copier(const struct torc_reader_config *config) {
    struct torc_reader *reader = NULL;
    model_assert_status(torc_reader_open(w.topic, config, &reader), TORC_OK);
    return reader;
}

void note_copy(const struct torc_event *event, struct came *came) {
    came->lost += event->lost;
    came->next += event->lost;
    model_assert_equal(event->sequence, came->next);
    model_assert_equal(number_of(event), event->sequence + 1);
    came->next++;
    came->events++;
}

int take_copy(struct torc_reader *reader, struct came *came) {
    struct torc_event event;
    int status = torc_next(reader, &event);
    if (status == TORC_LAPPED) {
        model_assert(event.lost != 0 && event.data == NULL, "a loss is of something, and not an event");
        came->lost += event.lost;
        came->next += event.lost;
        came->unwarned += came->evictions == 0 ? event.lost : 0;
    } else if (status == TORC_OK) {
        note_copy(&event, came);
    }
    came->evictions += status == TORC_EVICTED;
    return status;
}

bool take_or_skip(struct torc_reader *reader, struct came *came) {
    struct torc_event event;
    int status = torc_next(reader, &event);
    if (status == TORC_LAPPED) {
        came->next += event.lost;
    } else if (status == TORC_OK) {
        model_assert(!sequence_before(event.sequence, came->next), "forward only");
        came->next = event.sequence;
        note_copy(&event, came);
    }
    return status != TORC_EMPTY;
}

void take_copies(struct torc_reader *reader, struct came *came, uint64_t end) {
    while (came->next != end) {
        int status = take_copy(reader, came);
        if (status == TORC_EMPTY) {
            model_pause();
        } else {
            model_assert(status == TORC_OK || status == TORC_LAPPED || status == TORC_EVICTED, "an event or a loss");
        }
        model_assert(!sequence_before(end, came->next), "nothing came or was lost that was not published");
    }
}

void model_came_is(struct torc_reader *reader, const struct came *came, uint64_t end) {
    struct torc_reader_state state;
    struct torc_event event;
    model_assert_equal(came->next, end);
    model_assert_status(torc_next(reader, &event), TORC_EMPTY);
    model_assert_status(torc_reader_state(reader, &state), TORC_OK);
    model_assert_equal(state.consumed, came->events);
    model_assert_equal(state.lost, came->lost);
    model_assert_equal(state.lag, 0);
}

void put_run(uint64_t first, uint64_t end, size_t length) {
    for (uint64_t sequence = first; sequence != end; sequence++) {
        model_assert_status(put(w.publisher, sequence + 1, length), TORC_OK);
    }
}
