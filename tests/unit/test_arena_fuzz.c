/* test_arena_fuzz.c - random allocations, growth and releases against a model: a list of what is out, each filled with a pattern.
 *
 * The model knows three things that must always hold: nothing out overlaps anything else out, every pattern is intact, and the
 * bytes and buffers the arena counts are those of the list. */
#include "arenas.h"
#include <stdlib.h>

/* check writes a record for every assertion it evaluates: too much for what is looked at this often. */
#define HOLDS(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            ck_abort_msg("%s:%d: %s", __FILE__, __LINE__, #condition);                                                 \
        }                                                                                                              \
    } while (0)

enum { MOST = 200, STEPS = 60000, LOOK_EVERY = 64 };

struct model {
    struct torc_arena *arena;
    struct torc_buffer out[MOST];
    uint32_t seed[MOST];
    size_t count;
    struct torc_extendable open;
    uint32_t open_seed;
    uint64_t random;
    uint64_t dry;
    size_t store;
};

static size_t below(struct model *model, size_t n) {
    return (size_t)(random_next(&model->random) % n);
}

static size_t random_size(struct model *model) {
    static const size_t most[4] = {16, 100, 500, 3000};
    return below(model, most[below(model, 4)]);
}

static void disjoint(const struct torc_buffer *one, const struct torc_buffer *other) {
    HOLDS(one->data + one->capacity <= other->data - 8 || other->data + other->capacity <= one->data - 8);
}

static void look_over(struct model *model) {
    struct torc_arena_stats stats = arena_stats(model->arena);
    bool open = model->open.buffer.arena != NULL;
    size_t used = 0;
    assert_arena(model->arena);
    for (size_t i = 0; i < model->count; i++) {
        HOLDS(filled(model->out[i].data, model->out[i].length, model->seed[i]));
        used += TORC_ARENA_REGION(model->out[i].capacity);
        for (size_t k = 0; k < i; k++) {
            disjoint(&model->out[i], &model->out[k]);
        }
        if (open) {
            disjoint(&model->out[i], &model->open.buffer);
        }
    }
    used += open ? TORC_ARENA_REGION(model->open.buffer.capacity) : 0;
    HOLDS(stats.buffers == model->count + open);
    HOLDS(stats.used == used);
}

static void keep(struct model *model, struct torc_buffer buffer, uint32_t seed) {
    model->out[model->count] = buffer;
    model->seed[model->count++] = seed;
}

static void allocate(struct model *model) {
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    size_t size = random_size(model), alignment = (size_t)1 << below(model, 8);
    uint32_t seed = (uint32_t)random_next(&model->random);
    int status;
    if (model->count == MOST) {
        return;
    }
    status = below(model, 3) == 0 ? torc_arena_alloc_aligned(model->arena, size, alignment, &buffer)
                                  : torc_arena_alloc(model->arena, size, &buffer);
    if (status != TORC_OK) {
        HOLDS(status == TORC_POOL_DRY || (status == TORC_TOO_BIG && TORC_ARENA_REGION(size) > model->store) ||
              (status == TORC_TOO_BIG && alignment > model->store));
        model->dry++;
        return;
    }
    HOLDS((uintptr_t)buffer.data % 16 == 0);
    HOLDS(buffer.capacity == size);
    fill(buffer.data, size, seed);
    HOLDS(torc_buffer_advance(&buffer, size) == size);
    keep(model, buffer, seed);
}

static void release(struct model *model, size_t i) {
    struct torc_buffer copy = model->out[i];
    HOLDS(filled(copy.data, copy.length, model->seed[i]));
    assert_ok(torc_buffer_release(&model->out[i]));
    assert_status(torc_buffer_release(&copy), TORC_STALE);
    model->out[i] = model->out[--model->count];
    model->seed[i] = model->seed[model->count];
}

/* The pattern depends on the position, so it is written anew as a whole: what was there before is checked first. */
static void extend(struct model *model) {
    struct torc_buffer *buffer = &model->open.buffer;
    size_t more = random_size(model), before = buffer->length;
    unsigned char scratch[3000];
    HOLDS(filled(buffer->data, before, model->open_seed));
    fill(scratch, more, 1);
    HOLDS(torc_extend_write(&model->open, scratch, more) <= more);
    HOLDS(filled(buffer->data, before, model->open_seed));
    HOLDS(filled(buffer->data + before, buffer->length - before, 1));
    fill(buffer->data, buffer->length, model->open_seed);
}

static void open_or_extend(struct model *model) {
    if (model->open.buffer.arena != NULL) {
        extend(model);
    } else {
        int status = torc_arena_open(model->arena, (size_t)1 << below(model, 8), &model->open);
        model->open_seed = (uint32_t)random_next(&model->random);
        HOLDS(status == TORC_OK || status == TORC_POOL_DRY || (status == TORC_TOO_BIG && model->store < 1000));
    }
}

static void finish(struct model *model) {
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    if (model->open.buffer.arena == NULL || model->count == MOST) {
        return;
    }
    if (below(model, 4) == 0) {
        assert_ok(torc_extend_cancel(&model->open));
        return;
    }
    HOLDS(filled(model->open.buffer.data, model->open.buffer.length, model->open_seed));
    assert_ok(torc_extend_finish(&model->open, &buffer));
    keep(model, buffer, model->open_seed);
}

static void step(struct model *model, bool fifo) {
    switch (below(model, 8)) {
    case 0:
    case 1:
    case 2:
        allocate(model);
        break;
    case 3:
    case 4:
        open_or_extend(model);
        break;
    case 5:
        finish(model);
        break;
    default:
        if (model->count != 0) {
            release(model, fifo ? 0 : below(model, model->count));
        }
    }
}

static void run(size_t store, uint64_t seed, bool fifo) {
    struct model *model = calloc(1, sizeof *model);
    model->random = seed;
    model->store = store;
    assert_ok(torc_arena_create(store, &model->arena));
    for (int i = 0; i < STEPS; i++) {
        step(model, fifo);
        if (i % LOOK_EVERY == 0) {
            look_over(model);
        }
    }
    look_over(model);
    if (model->open.buffer.arena != NULL) {
        assert_ok(torc_extend_cancel(&model->open));
    }
    while (model->count != 0) {
        release(model, 0);
    }
    look_over(model);
    assert_ok(torc_arena_destroy(&model->arena, TORC_NO_WAIT, NULL));
    free(model);
}

START_TEST(a_tight_store) {
    run(8000, 11 + (uint64_t)_i, _i % 2 != 0);
}
END_TEST

START_TEST(a_roomy_store) {
    run(200000, 1001 + (uint64_t)_i, _i % 2 != 0);
}
END_TEST

START_TEST(a_tiny_store) {
    run(100, 5001 + (uint64_t)_i, _i % 2 != 0);
}
END_TEST

Suite *arena_fuzz_suite(void) {
    Suite *suite = suite_create("arena_fuzz");
    TCase *tcase = add_case(suite, "against a model", NULL);
    tcase_add_loop_test(tcase, a_tight_store, 0, 4);
    tcase_add_loop_test(tcase, a_roomy_store, 0, 4);
    tcase_add_loop_test(tcase, a_tiny_store, 0, 4);
    return suite;
}
