/* sharing.c - several who share one place in a topic, while calls fail: groups, merged readers, sequencers. */
#include "world.h"

static void put(struct torc_sequencer *sequencer, uint64_t number) {
    SURE(torc_sequencer_publish(sequencer, 1, &number, sizeof number, TORC_NO_WAIT, NULL));
}

/* What one member leaves behind the other gets. */
static void pass_on(struct torc_group *group, struct torc_sequencer *sequencer) {
    struct torc_member *first = NULL, *second = NULL;
    struct torc_delivery delivery;
    put(sequencer, 1);
    if (ATTEMPT(torc_group_join(group, &first), MAY_LACK_MEMORY)) {
        SURE(torc_member_next(first, &delivery));
        if (ATTEMPT(torc_group_join(group, &second), MAY_LACK_MEMORY)) {
            SURE(torc_member_leave(first));
            SURE(torc_member_next_until(second, &delivery, TORC_FOREVER));
            MUST(delivery.attempt == 2, "attempt %u", delivery.attempt);
            SURE(torc_member_done(second, &delivery));
            MUST(torc_member_next_until(second, &delivery, torc_deadline_ns(1000)) == TORC_TIMED_OUT,
                 "an event too many");
            SURE(torc_member_close(second));
        }
        SURE(torc_member_close(first));
    }
}

/* The second opening needs memory as well, and none of it in the end. */
static void share_sequencer(struct torc_topic *topic, struct torc_group *group) {
    struct torc_sequencer *sequencer = NULL, *again = NULL;
    if (ATTEMPT(torc_sequencer_open(topic, NULL, &sequencer), MAY_LACK_MEMORY)) {
        if (ATTEMPT(torc_sequencer_open(topic, NULL, &again), MAY_LACK_MEMORY)) {
            MUST(again == sequencer, "two sequencers");
            SURE(torc_sequencer_close(again));
        }
        pass_on(group, sequencer);
        SURE(torc_sequencer_close(sequencer));
    }
}

void group_life(void) {
    struct world world;
    struct torc_topic *topic = NULL;
    struct torc_group *group = NULL;
    if (world_open(&world, 0) &&
        ATTEMPT(torc_topic_open(world.bus, "order", TORC_TOPIC_TOTAL_ORDER, &topic), MAY_LACK_MEMORY) &&
        ATTEMPT(torc_group_open(topic, NULL, &group), MAY_LACK_MEMORY)) {
        share_sequencer(topic, group);
        SURE(torc_group_close(group));
    }
    world_close(&world);
}

static uint64_t time_of(void *context, const struct torc_event *event) {
    (void)context;
    return event->sequence;
}

void merge_life(void) {
    struct torc_merge_config config = {.time_of = time_of};
    struct world world;
    struct torc_merge *merge = NULL;
    struct torc_merged merged;
    if (world_open(&world, 0) && ATTEMPT(torc_merge_open(world.topic, &config, &merge), MAY_LACK_MEMORY)) {
        uint64_t number = 1;
        SURE(torc_publish(world.publisher, 1, &number, sizeof number));
        SURE(torc_merge_next_until(merge, &merged, TORC_FOREVER));
        MUST(torc_merge_next_until(merge, &merged, torc_deadline_ns(1000)) == TORC_TIMED_OUT, "an event too many");
        SURE(torc_merge_close(merge));
    }
    world_close(&world);
}

/* Two types, of which one comes twice: the reader keeps what it has not handed on. */
void conflate_life(void) {
    struct torc_reader_config config = {.policy = TORC_POLICY_CONFLATE, .conflate_types = 4};
    struct torc_reader *reader = NULL;
    struct world world;
    struct torc_event event;
    if (world_open(&world, 0) && ATTEMPT(torc_reader_open(world.topic, &config, &reader), MAY_LACK_MEMORY)) {
        for (uint32_t i = 0; i < 3; i++) {
            SURE(torc_publish(world.publisher, i % 2, &i, sizeof i));
        }
        for (uint32_t type = 0; type < 2; type++) {
            SURE(torc_next_until(reader, &event, TORC_FOREVER));
            MUST(event.type == type && event.lost == 1 - type, "type %u, %llu lost", event.type,
                 (unsigned long long)event.lost);
        }
        MUST(torc_next_until(reader, &event, torc_deadline_ns(1000)) == TORC_TIMED_OUT, "an event too many");
        SURE(torc_reader_close(reader));
    }
    world_close(&world);
}
