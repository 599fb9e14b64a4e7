/* later_release.c - a bus that is to go with its last handle, against the releases of those handles and the end of its
 * publisher: it goes exactly once, nobody touches it afterwards (the explorer knows freed memory), and nothing stays on
 * the heap. */
#include "world.h"

#include "../../src/core.h"

static struct torc_ringptr first, second;
static uint32_t gone;

static void note_gone(void *context) {
    (void)context;
    gone++;
}

static void open_with_handles(bool shared) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 2;
    config.flags |= TORC_DESTROY_LATER;
    gone = 0;
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(torc_ringptr_claim(w.publisher, 1, 8, &first, NULL), TORC_OK);
    model_assert_status(torc_ringptr_claim(w.publisher, 1, 8, &second, NULL), TORC_OK);
    if (shared) {
        model_assert_status(torc_ringptr_release(second), TORC_OK);
        model_assert_status(torc_ringptr_clone(first, &second), TORC_OK);
    }
}
static void setup(void) {
    open_with_handles(false);
    model_assert_status(torc_publisher_close(w.publisher), TORC_OK);
}
static void setup_shared(void) {
    open_with_handles(true);
    model_assert_status(torc_publisher_close(w.publisher), TORC_OK);
}
static void setup_open(void) {
    open_with_handles(false);
    model_assert_status(torc_ringptr_release(second), TORC_OK);
}

static void destroy(void) {
    model_assert_status(torc_bus_destroy_later(&w.bus, note_gone, NULL), TORC_OK);
    model_assert(w.bus == NULL, "the pointer is gone");
}

static void release_first(void) {
    model_assert_status(torc_ringptr_release(first), TORC_OK);
}
/* The defect: this one looks at the bus when its reference is gone. */
static void release_second(void) {
    model_assert_status(torc_ringptr_release(second), TORC_OK);
    if (model_broken()) {
        (void)torc_ringptr_is_valid(second);
    }
}
static void close_publisher(void) {
    model_assert_status(torc_publisher_close(w.publisher), TORC_OK);
    if (model_broken()) {
        (void)torc_ringptr_is_valid(first);
    }
}

static void check(void) {
    model_assert_equal(gone, 1);
    model_assert_equal(model_heap_live(), 0);
}

/* `gone` is plain: whoever takes the bus down comes after everybody's last access. */
MODEL_SCENARIO(later_release, .claim = "two last releases against the deferred destroy", .hazards = "21, 22",
               .broken = "a handle is looked at after its release", .setup = setup,
               .thread = {destroy, release_first, release_second}, .check = check, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(later_shared, .claim = "two releases of one slot against it", .hazards = "21, 22",
               .broken = "a handle is looked at after its release", .setup = setup_shared,
               .thread = {destroy, release_first, release_second}, .check = check, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(later_close, .claim = "the last publisher and the last handle against it", .hazards = "21, 22",
               .broken = "a handle is looked at after the end", .setup = setup_open,
               .thread = {destroy, release_first, close_publisher}, .check = check, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(later_fences, .claim = "the first without membarrier", .hazards = "21, 22", .setup = setup,
               .thread = {destroy, release_first, release_second}, .check = check, .fences = true, .preemptions = 2,
               .quick = 1);
