/* copy_world.h - what the scenarios over readers that copy share. Event `sequence` has the number sequence + 1. */
#ifndef TORC_TESTS_MODEL_COPY_WORLD_H
#define TORC_TESTS_MODEL_COPY_WORLD_H

#include "world.h"

#include "../../src/core.h"

/* What a reader was given: every sequence from the first on came or was lost, or the sum does not add up. */
struct came {
    uint64_t next; /* the sequence that comes next, or is lost */
    uint64_t events, lost, evictions;
    uint64_t unwarned; /* lost while no eviction had been told */
};

/* One topic with a publisher, a lane of so many entries, and `slots` XS slots. */
void open_copied(uint32_t entries, uint32_t slots);
struct torc_reader *open_copier(const struct torc_reader_config *config);

/* One torc_next, checked: events are whole, and their sequence is the one that is due. Returns its status. */
int take_copy(struct torc_reader *reader, struct came *came);
void note_copy(const struct torc_event *event, struct came *came);
/* As take_copy, of a reader that joined while claims were taken back: sequences may be stepped over. Was there
 * anything? */
bool take_or_skip(struct torc_reader *reader, struct came *came);
/* Until all sequences before `end` came or were lost; pauses when there is none. */
void take_copies(struct torc_reader *reader, struct came *came, uint64_t end);
/* In check(): the reader's own sums are the same. */
void model_came_is(struct torc_reader *reader, const struct came *came, uint64_t end);

/* Publishes the events with these sequences. */
void put_run(uint64_t first, uint64_t end, size_t length);

#endif
