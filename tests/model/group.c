/* group.c - groups: each event goes to one member, leaving and finishing exclude each other, and nobody who waits is
 * forgotten. What the members read is the entry itself: a publisher that overwrote it too early would be a race. */
#include "world.h"

#include "../../src/group.h"

static struct torc_group *group;
static struct torc_member *members[3];
static struct torc_delivery first; /* in the hand of members[0] from setup on */
static uint64_t got[3];            /* by thread: what it was given, 0: nothing */
static uint32_t attempt[3];
static int status_of[3];

static void open_members(uint32_t count, uint64_t events) {
    struct torc_config config = tiny_config();
    struct torc_group_config group_config = {.members = 3, .hold = 1};
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(torc_group_open(w.topic, &group_config, &group), TORC_OK);
    model_name(group, "group");
    for (uint32_t i = 0; i < 3; i++) {
        members[i] = NULL;
        got[i] = attempt[i] = 0;
        status_of[i] = TORC_OK;
        if (i < count) {
            model_assert_status(torc_group_join(group, &members[i]), TORC_OK);
            model_name(members[i], "member%u", i);
        }
    }
    for (uint64_t i = 1; i <= events; i++) {
        model_assert_status(put(w.publisher, i, 8), TORC_OK);
    }
}

static void close_members(void) {
    for (uint32_t i = 0; i < 3; i++) {
        if (members[i] != NULL) {
            model_assert_status(torc_member_close(members[i]), TORC_OK);
        }
    }
    model_assert_status(torc_group_close(group), TORC_OK);
    close_world();
}

/* Reads it and is done with it. The defect of those that say so: the other way round. */
static void work(uint32_t who, const struct torc_delivery *delivery, bool too_early) {
    attempt[who] = delivery->attempt;
    if (too_early) {
        model_assert_status(torc_member_done(members[who], delivery), TORC_OK);
    }
    got[who] = number_of(&delivery->event);
    if (!too_early) {
        model_assert_status(torc_member_done(members[who], delivery), TORC_OK);
    }
}

static void take_try(uint32_t who) {
    struct torc_delivery delivery;
    model_assert_status(torc_member_next(members[who], &delivery), TORC_OK);
    work(who, &delivery, model_broken());
}
static void take_wait(uint32_t who) {
    struct torc_delivery delivery;
    status_of[who] = torc_member_next_until(members[who], &delivery, TORC_FOREVER);
    if (status_of[who] == TORC_OK) {
        work(who, &delivery, false);
    }
}
static void try_first(void) {
    take_try(0);
}
static void try_second(void) {
    take_try(1);
}
static void wait_first(void) {
    take_wait(0);
}
static void wait_second(void) {
    take_wait(1);
}
static void wait_third(void) {
    take_wait(2);
}

/* --- handing out, and the gate ------------------------------------------------------------------------------------ */

static void setup_two(void) {
    open_members(2, 2);
}
static void publish_third(void) {
    model_assert_status(put(w.publisher, 3, 8), TORC_OK);
}
static void check_two(void) {
    model_assert(got[0] + got[1] == 3 && got[0] != got[1], "one event each");
    close_members();
}
MODEL_SCENARIO(bus_group_hand_out, .claim = "two members get one event each; a publisher waits for the oldest",
               .hazards = "4, 8", .broken = "a member reads after it is done", .setup = setup_two,
               .thread = {try_first, try_second, publish_third}, .check = check_two, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(bus_group_hand_out_fences, .claim = "the same without membarrier", .hazards = "4, 8",
               .broken = "a member reads after it is done", .setup = setup_two,
               .thread = {try_first, try_second, publish_third}, .check = check_two, .fences = true, .preemptions = 2,
               .quick = 1);

/* --- leaving against finishing ------------------------------------------------------------------------------------ */

static void setup_held(void) {
    open_members(2, 1);
    model_assert_status(torc_member_next(members[0], &first), TORC_OK);
}
static void finish(void) {
    status_of[0] = torc_member_done(members[0], &first);
    got[0] = status_of[0] == TORC_OK || model_broken();
}
static void leave_for_it(void) {
    model_assert_status(torc_member_leave(members[0]), TORC_OK);
}
static void take_if_any(void) {
    struct torc_delivery delivery;
    status_of[1] = torc_member_next(members[1], &delivery);
    if (status_of[1] == TORC_OK) {
        work(1, &delivery, false);
    }
}
static void check_finished_once(void) {
    if (status_of[1] == TORC_EMPTY) {
        take_if_any();
    }
    model_assert(status_of[0] == TORC_OK || status_of[0] == TORC_CLOSED, "finished, or given back");
    model_assert_equal(got[0] + got[1], 1);
    model_assert(status_of[1] != TORC_OK || attempt[1] == 2, "handed out again says so");
    close_members();
}
MODEL_SCENARIO(bus_group_leave, .claim = "what one member finishes and another leaves for is finished once",
               .hazards = "8", .broken = "a member that was left for goes on", .setup = setup_held,
               .thread = {finish, leave_for_it, take_if_any}, .check = check_finished_once,
               .preemptions = MODEL_UNBOUNDED, .quick = 2);

/* --- asleep ------------------------------------------------------------------------------------------------------- */

static void setup_none(void) {
    open_members(2, 0);
}
static void publish_two(void) {
    for (uint64_t i = 1; i <= 2; i++) {
        if (model_broken()) {
            torc_store_relaxed32(&w.topic->record->sleepers, 0);
        }
        model_assert_status(put(w.publisher, i, 8), TORC_OK);
    }
}
MODEL_SCENARIO(bus_group_sleep, .claim = "of two that wait each is woken for an event", .hazards = "19",
               .broken = "the mark of the sleeper is lost", .setup = setup_none,
               .thread = {publish_two, wait_first, wait_second}, .check = check_two, .preemptions = 1,
               .quick = MODEL_NOT_QUICK);
MODEL_SCENARIO(bus_group_sleep_fences, .claim = "the same without membarrier", .hazards = "19",
               .broken = "the mark of the sleeper is lost", .setup = setup_none,
               .thread = {publish_two, wait_first, wait_second}, .check = check_two, .fences = true, .preemptions = 1,
               .quick = MODEL_NONE);

/* The watcher's deadline passes: another one watches. */
static void wait_briefly(void) {
    struct torc_delivery delivery;
    status_of[0] = torc_member_next_until(members[0], &delivery, torc_deadline_ms(5));
    if (status_of[0] == TORC_OK) {
        work(0, &delivery, false);
    }
}
static void check_second(void) {
    model_assert_status(status_of[1], TORC_OK);
    model_assert(got[1] != 0 && got[1] == 3 - (got[0] != 0 ? got[0] : 2), "in order, each once");
    close_members();
}
MODEL_SCENARIO(bus_group_deadline, .claim = "where the one that watches gives up, another watches", .hazards = "19",
               .setup = setup_none, .thread = {publish_two, wait_briefly, wait_second}, .check = check_second,
               .timeouts = 1, .preemptions = 1, .quick = MODEL_NONE, .fences = true);

static void setup_three(void) {
    open_members(3, 1);
    model_assert_status(torc_member_next(members[0], &first), TORC_OK);
}
static void return_it(void) {
    model_assert_status(torc_member_leave(members[0]), TORC_OK);
}
static void publish_second(void) {
    model_assert_status(put(w.publisher, 2, 8), TORC_OK);
}
static void check_returned(void) {
    model_assert(got[1] + got[2] == 3 && got[1] != got[2], "one event each");
    model_assert_equal(attempt[got[1] == 1 ? 1 : 2], 2);
    close_members();
}
MODEL_SCENARIO(bus_group_return, .claim = "what a member leaves behind wakes one that waits", .hazards = "8, 19",
               .setup = setup_three, .thread = {return_it, publish_second, wait_second, wait_third},
               .check = check_returned, .preemptions = 1, .quick = MODEL_NONE, .fences = true);

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void end_bus(void) {
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
}
static void finish_it(void) {
    got[0] = 1; /* plain: who learns of the end sees what was done */
    model_assert_status(torc_member_done(members[0], &first), TORC_OK);
    if (model_broken()) {
        got[0] = 2;
    }
}
static void wait_for_end(void) {
    struct torc_delivery delivery;
    model_assert_status(torc_member_next_until(members[1], &delivery, TORC_FOREVER), TORC_CLOSED);
    model_assert_equal(got[0], 1);
}
MODEL_SCENARIO(bus_group_close, .claim = "the end comes when all is finished, and wakes those that wait for it",
               .hazards = "20", .broken = "a member works on after it is done", .setup = setup_held,
               .thread = {end_bus, finish_it, wait_for_end}, .check = close_members, .preemptions = 1,
               .quick = MODEL_NOT_QUICK);
MODEL_SCENARIO(bus_group_close_fences, .claim = "the same without membarrier", .hazards = "20",
               .broken = "a member works on after it is done", .setup = setup_held,
               .thread = {end_bus, finish_it, wait_for_end}, .check = close_members, .fences = true, .preemptions = 2,
               .quick = 1);
