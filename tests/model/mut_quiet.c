/* mut_quiet.c - those who only look: figures at any moment, the audit at a quiet point that was reached by a flag and
 * nothing else. */
#include "world.h"

#include "../../src/core.h"

static struct torc_ringptr handle;
static torc_a32 quiet;

/* An event in a slot that was read, a block of the area that was given back, and one that is out. */
static void setup(void) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 1;
    config.xxl = 1;
    config.xxl_bytes = TORC_XL_BYTES + TORC_LINE;
    torc_store_relaxed32(&quiet, 0);
    open_world(&config);
    model_assert_status(torc_ringptr_claim(w.publisher, 1, TORC_XL_BYTES + 1, &handle, NULL), TORC_OK);
}
static void use_and_rest(void) {
    model_assert_status(put(w.publisher, 1, 56), TORC_OK);
    if (model_broken()) {
        torc_store_release32(&quiet, 1);
    }
    take_run(w.reader, 1, 1);
    model_assert_status(torc_advance(w.reader), TORC_OK);
    model_assert_status(torc_ringptr_release(handle), TORC_OK);
    model_assert_status(torc_publisher_close(w.publisher),
                        TORC_OK); /* from here on the audit looks at the area's books */
    w.publisher = NULL;
    torc_store_release32(&quiet, 1);
}
static void audit_when_quiet(void) {
    while (torc_load_acquire32(&quiet) == 0) {
        model_pause();
    }
    audit_world(0);
}
MODEL_SCENARIO(mut_audit, .claim = "an audit at a quiet point finds everything in its place", .hazards = "22",
               .broken = "it is not quiet yet", .setup = setup, .thread = {use_and_rest, audit_when_quiet},
               .check = close_world, .preemptions = MODEL_UNBOUNDED, .quick = 1);

static void setup_figures(void) {
    struct torc_config config = tiny_config();
    open_world(&config);
}
static void publish_two(void) {
    model_assert_status(put(w.publisher, 1, 16), TORC_OK);
    model_assert_status(put(w.publisher, 2, 16), TORC_OK);
}
static void look_twice(void) {
    struct torc_bus_stats first, second;
    model_assert_status(torc_bus_stats(w.bus, &first), TORC_OK);
    model_assert_status(torc_bus_stats(w.bus, &second), TORC_OK);
    model_assert(first.published <= second.published && second.published <= 2, "it counts up, to what there was");
}
MODEL_SCENARIO(mut_stats, .claim = "figures never go back", .setup = setup_figures, .thread = {publish_two, look_twice},
               .check = close_world, .preemptions = MODEL_UNBOUNDED, .quick = 1);

/* --- where the bus stands ----------------------------------------------------------------------------------------- */

static void close_bus_beside(void) {
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
}
static void look_at_state(void) {
    int first = torc_bus_state(w.bus);
    int second = torc_bus_state(w.bus);
    model_assert(first >= TORC_BUS_OPEN && first <= second && second <= TORC_BUS_CLOSED, "it goes one way");
}
static void halt_it(void) {
    int before = torc_bus_state(w.bus);
    model_assert_status(torc_bus_halt(w.bus), TORC_OK);
    model_assert(before != TORC_BUS_CLOSED || model_broken(), "nobody has closed it before");
    model_assert_status(torc_bus_state(w.bus), model_broken() ? TORC_BUS_DRAINING : TORC_BUS_CLOSED);
}
MODEL_SCENARIO(mut_bus_state, .claim = "open, draining, closed: in that order for whoever looks", .hazards = "20",
               .setup = setup_figures, .thread = {close_bus_beside, look_at_state}, .check = close_world,
               .preemptions = MODEL_UNBOUNDED, .quick = 2);
MODEL_SCENARIO(mut_bus_halted, .claim = "once halted it is closed", .hazards = "20",
               .broken = "it is believed to drain still", .setup = setup_figures, .thread = {halt_it, look_at_state},
               .check = close_world, .preemptions = MODEL_UNBOUNDED, .quick = 2);
