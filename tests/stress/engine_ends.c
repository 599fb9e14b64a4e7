/* engine_ends.c - writers and readers that check what they move. */
#include "engine.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Authors are numbered through the whole program; a reader looks up where an author began. The base is written before
 * the author's first event, so whoever reads one of its events may read it. */
enum { AUTHORS = 1 << 18 };
static uint64_t bases[AUTHORS];
static atomic_uint_fast32_t authors;

void stress_writer_adopt(struct stress_writer *writer, struct torc_publisher *publisher) {
    memset(writer, 0, sizeof *writer);
    writer->publisher = publisher;
    writer->author = (uint32_t)atomic_fetch_add(&authors, 1);
    CHECK(writer->author < AUTHORS, "more than %d authors", (int)AUTHORS);
    writer->base = torc_publisher_sequence(publisher);
    writer->next = writer->base;
    bases[writer->author] = writer->base;
    writer->random = (uint64_t)writer->author * 7919 + 1;
    writer->scratch = malloc(STRESS_LARGEST);
    CHECK(writer->scratch != NULL, "no memory");
}

void stress_writer_open(struct stress_writer *writer, struct torc_topic *topic, enum torc_wait wait) {
    stress_writer_adopt(writer, stress_publisher(topic, wait, TORC_DRY_WAIT));
}

void stress_writer_end(struct stress_writer *writer) {
    uint64_t taken = torc_publisher_sequence(writer->publisher);
    DETECT(STRESS_ORDER, taken == writer->next, "the lane took %" PRIu64 " sequences, its writer %" PRIu64, taken,
           writer->next);
    stress_publisher_end(writer->publisher);
    free(writer->scratch);
    writer->scratch = NULL;
}

static int write_copy(struct stress_writer *writer, size_t size, uint64_t deadline) {
    stress_fill(writer->scratch, size, writer->author, writer->next);
    if (deadline == TORC_FOREVER) {
        return torc_publish(writer->publisher, writer->author, writer->scratch, size);
    }
    if (deadline == TORC_NO_WAIT) {
        return torc_try_publish(writer->publisher, writer->author, writer->scratch, size);
    }
    return torc_publish_until(writer->publisher, writer->author, writer->scratch, size, deadline);
}

static int write_in_place(struct stress_writer *writer, size_t size, uint64_t deadline) {
    struct torc_claim claim;
    int status;
    if (deadline == TORC_FOREVER) {
        status = torc_claim(writer->publisher, writer->author, size, &claim);
    } else if (deadline == TORC_NO_WAIT) {
        status = torc_try_claim(writer->publisher, writer->author, size, &claim);
    } else {
        status = torc_claim_until(writer->publisher, writer->author, size, deadline, &claim);
    }
    if (status != TORC_OK) {
        return status;
    }
    DETECT(STRESS_ORDER, claim.sequence == writer->next, "claimed %" PRIu64 " instead of %" PRIu64, claim.sequence,
           writer->next);
    CHECK(claim.length == size && ((uintptr_t)claim.data & 15) == 0, "claim of %zu bytes at %p for %zu", claim.length,
          claim.data, size);
    stress_fill(claim.data, size, writer->author, writer->next);
    return torc_commit(writer->publisher, &claim);
}

int stress_write_until(struct stress_writer *writer, size_t size, uint64_t deadline) {
    bool copy = stress_below(&writer->random, 2) == 0;
    int status = copy ? write_copy(writer, size, deadline) : write_in_place(writer, size, deadline);
    if (status == TORC_OK) {
        stress_add(&writer->sum, writer->author, writer->next, size);
        writer->next++;
        stress_progress(writer->sum.events);
    }
    return status;
}

void stress_write(struct stress_writer *writer, size_t size) {
    stress_doing("publishes");
    OK(stress_write_until(writer, size, TORC_FOREVER));
}

static void check_position(struct stress_seen *seen, const struct torc_event *event) {
    uint32_t lane = event->lane;
    CHECK(lane < TORC_MAX_PUBLISHERS, "lane %" PRIu32, lane);
    CHECK(event->type < AUTHORS, "type %" PRIu32 " is no author", event->type);
    if (!seen->lanes[lane].any || seen->lanes[lane].author != event->type) {
        if (!seen->lanes[lane].any) {
            seen->lanes[lane].first = event->sequence;
        }
        seen->lanes[lane].next = seen->from_start ? bases[event->type] : event->sequence;
        seen->lanes[lane].any = true;
        seen->lanes[lane].author = event->type;
    }
    while (seen->gap != NULL && seen->lanes[lane].next < event->sequence &&
           seen->gap(seen->context, event->type, seen->lanes[lane].next)) {
        seen->lanes[lane].next++;
    }
    DETECT(STRESS_ORDER, event->sequence == seen->lanes[lane].next,
           "lane %" PRIu32 ", author %" PRIu32 ": sequence %" PRIu64 " where %" PRIu64 " is due", lane, event->type,
           event->sequence, seen->lanes[lane].next);
    seen->lanes[lane].next++;
}

static bool overlooked(struct stress_seen *seen, const struct torc_event *event) {
    if (seen->drop_at == 0) {
        return false;
    }
    CHECK(event->lane < TORC_MAX_PUBLISHERS, "lane %" PRIu32, event->lane);
    if (seen->lanes[event->lane].counted != event->type + 1) {
        seen->lanes[event->lane].counted = event->type + 1;
        seen->lanes[event->lane].met = 0;
    }
    return ++seen->lanes[event->lane].met % seen->drop_at == 0;
}

void stress_see(struct stress_seen *seen, const struct torc_event *event) {
    bool wrong = seen->wrong_at != 0 && seen->sum.events + 1 >= seen->wrong_at && event->length >= STRESS_TAG;
    seen->met++;
    if (overlooked(seen, event)) {
        return;
    }
    check_position(seen, event);
    CHECK(((uintptr_t)event->data & 15) == 0 || event->length == 0, "payload at %p", event->data);
    stress_verify(event->data, event->length, event->type, event->sequence + (wrong ? 1 : 0));
    stress_add(&seen->sum, event->type, event->sequence, event->length);
    stress_progress(seen->sum.events);
}

static enum torc_action see_one(void *context, const struct torc_event *event) {
    struct stress_seen *seen = context;
    stress_see(seen, event);
    return (seen->sum.events & 31) == 0 ? TORC_STOP : TORC_CONTINUE;
}

/* One turn of reading; false once the reader has seen everything. */
static bool read_some(struct torc_reader *reader, struct stress_seen *seen, uint64_t *random) {
    struct torc_event event;
    uint64_t way = stress_below(random, 3);
    size_t limit = 1 + (size_t)stress_below(random, 300);
    int status = TORC_OK;
    if (way == 0) {
        stress_doing("polls");
        status = torc_poll_until(reader, see_one, seen, limit, TORC_FOREVER);
        CHECK(status == TORC_CLOSED || (status > 0 && (size_t)status <= limit), "poll of %zu: %d", limit, status);
        return status != TORC_CLOSED;
    }
    if (way == 1) {
        stress_doing("waits until readable");
        status = torc_wait_readable(reader, TORC_FOREVER);
    }
    for (; limit != 0 && status == TORC_OK; limit--) {
        stress_doing("waits for the next event");
        status = way == 1 ? torc_next(reader, &event) : torc_next_until(reader, &event, TORC_FOREVER);
        if (status == TORC_OK) {
            stress_see(seen, &event);
        }
    }
    CHECK(status == TORC_OK || status == TORC_CLOSED || (way == 1 && status == TORC_EMPTY), "%s",
          torc_status_name(status));
    return status != TORC_CLOSED;
}

void stress_read_to_end(struct torc_reader *reader, struct stress_seen *seen, uint64_t seed) {
    uint64_t random = seed;
    while (read_some(reader, seen, &random)) {
    }
    stress_doing("has read everything");
}
