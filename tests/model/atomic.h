/* tests/model/atomic.h - the names of torc/atomic.h, given to the explorer (TORC_ATOMIC_HEADER).
 *
 * Each use of an operation is a site: where it stands, what it does, in which order. The order is read from the site
 * when the operation runs, so a test can weaken one site without building anything anew. Inline functions of headers
 * give one site per file that includes them; sites of the same place are one site to the explorer (sites.c). */
#ifndef TORC_TESTS_MODEL_ATOMIC_H
#define TORC_TESTS_MODEL_ATOMIC_H

#include <stdint.h>

typedef struct torc_a64 {
    uint64_t v __attribute__((aligned(8)));
} torc_a64;
typedef struct torc_a32 {
    uint32_t v;
} torc_a32;

enum model_op {
    MODEL_LOAD = 1,
    MODEL_STORE,
    MODEL_ADD,
    MODEL_OR,
    MODEL_AND,
    MODEL_XCHG,
    MODEL_CAS,
    MODEL_FENCE,
    MODEL_LIGHT,
    MODEL_HEAVY,
    MODEL_PAUSE
};
enum model_order { MODEL_RELAXED = 0, MODEL_ACQUIRE = 1, MODEL_RELEASE = 2, MODEL_ACQ_REL = 3, MODEL_SEQ_CST = 7 };

struct model_site {
    const char *file;
    const char *name; /* the operation, as the source calls it */
    const char *text; /* its operand */
    uint32_t line;
    uint8_t op;
    uint8_t order;           /* as written */
    uint8_t fail;            /* of a failing compare-and-swap */
    uint8_t now, now_fail;   /* as they are now: weakened or not */
    uint8_t heavy;           /* MODEL_HEAVY: the fences in the other threads are not left out */
    uint16_t number;         /* of this place in the list of sites; from 1 */
    struct model_site *same; /* the one that stands for all sites of this place */
    const char *function;
};

#define MODEL_SITE(op, order, fail, name, text)                                                                        \
    ({                                                                                                                 \
        static struct model_site model_site __attribute__((section("model_site_data"))) = {                            \
            __FILE__, name, text, __LINE__, op, order, fail, order, fail, 1, 0, 0, __func__};                          \
        static struct model_site *const model_site_at __attribute__((section("model_sites"), used)) = &model_site;     \
        (void)model_site_at;                                                                                           \
        &model_site;                                                                                                   \
    })

uint64_t model_load(struct model_site *site, const void *at, uint32_t bytes);
void model_store(struct model_site *site, void *at, uint32_t bytes, uint64_t value);
uint64_t model_rmw(struct model_site *site, void *at, uint32_t bytes, uint64_t operand);
uint64_t model_cas(struct model_site *site, void *at, uint32_t bytes, uint64_t expected, uint64_t desired);
void model_fence(struct model_site *site);
void model_light(struct model_site *site, uint32_t fence);
void model_heavy(struct model_site *site, uint32_t fence);
void model_relax(struct model_site *site);
uint64_t model_token(void);

/* The types are checked where the macro is used; the operations work on bytes. */
static inline const void *model_const64(const torc_a64 *a) {
    return a;
}
static inline const void *model_const32(const torc_a32 *a) {
    return a;
}
static inline void *model_cell64(torc_a64 *a) {
    return a;
}
static inline void *model_cell32(torc_a32 *a) {
    return a;
}
static inline int model_cas64(struct model_site *site, torc_a64 *a, uint64_t *expected, uint64_t desired) {
    uint64_t wanted = *expected;
    uint64_t found = model_cas(site, a, 8, wanted, desired);
    if (found != wanted) {
        *expected = found;
    }
    return found == wanted;
}

#define MODEL_LOAD_OF(bits, order, name, a, text)                                                                      \
    model_load(MODEL_SITE(MODEL_LOAD, order, 0, name, text), model_const##bits(a), bits / 8)
#define MODEL_STORE_OF(bits, order, name, a, v, text)                                                                  \
    model_store(MODEL_SITE(MODEL_STORE, order, 0, name, text), model_cell##bits(a), bits / 8, (v))
#define MODEL_RMW_OF(bits, op, order, name, a, v, text)                                                                \
    model_rmw(MODEL_SITE(op, order, 0, name, text), model_cell##bits(a), bits / 8, (v))

#define torc_load_relaxed64(a)      MODEL_LOAD_OF(64, MODEL_RELAXED, "load relaxed", a, #a)
#define torc_load_acquire64(a)      MODEL_LOAD_OF(64, MODEL_ACQUIRE, "load acquire", a, #a)
#define torc_store_relaxed64(a, v)  MODEL_STORE_OF(64, MODEL_RELAXED, "store relaxed", a, v, #a)
#define torc_store_release64(a, v)  MODEL_STORE_OF(64, MODEL_RELEASE, "store release", a, v, #a)
#define torc_add_relaxed64(a, n)    MODEL_RMW_OF(64, MODEL_ADD, MODEL_RELAXED, "add relaxed", a, n, #a)
#define torc_or_release64(a, bits)  MODEL_RMW_OF(64, MODEL_OR, MODEL_RELEASE, "or release", a, bits, #a)
#define torc_and_release64(a, bits) MODEL_RMW_OF(64, MODEL_AND, MODEL_RELEASE, "and release", a, bits, #a)
#define torc_cas_relaxed64(a, e, d)                                                                                    \
    model_cas64(MODEL_SITE(MODEL_CAS, MODEL_RELAXED, MODEL_RELAXED, "cas relaxed", #a), a, e, d)
#define torc_cas_acq_rel64(a, e, d)                                                                                    \
    model_cas64(MODEL_SITE(MODEL_CAS, MODEL_ACQ_REL, MODEL_RELAXED, "cas acq_rel", #a), a, e, d)
#define torc_cas_release64(a, e, d)                                                                                    \
    model_cas64(MODEL_SITE(MODEL_CAS, MODEL_RELEASE, MODEL_RELAXED, "cas release", #a), a, e, d)
#define torc_xchg_acquire64(a, v) MODEL_RMW_OF(64, MODEL_XCHG, MODEL_ACQUIRE, "xchg acquire", a, v, #a)

#define torc_load_relaxed32(a)     ((uint32_t)MODEL_LOAD_OF(32, MODEL_RELAXED, "load relaxed", a, #a))
#define torc_load_acquire32(a)     ((uint32_t)MODEL_LOAD_OF(32, MODEL_ACQUIRE, "load acquire", a, #a))
#define torc_store_relaxed32(a, v) MODEL_STORE_OF(32, MODEL_RELAXED, "store relaxed", a, v, #a)
#define torc_store_release32(a, v) MODEL_STORE_OF(32, MODEL_RELEASE, "store release", a, v, #a)
#define torc_add_release32(a, n)   ((uint32_t)MODEL_RMW_OF(32, MODEL_ADD, MODEL_RELEASE, "add release", a, n, #a))
#define torc_add_relaxed32(a, n)   ((uint32_t)MODEL_RMW_OF(32, MODEL_ADD, MODEL_RELAXED, "add relaxed", a, n, #a))
#define torc_xchg_acq_rel32(a, v)  ((uint32_t)MODEL_RMW_OF(32, MODEL_XCHG, MODEL_ACQ_REL, "xchg acq_rel", a, v, #a))
#define torc_cas_acq_rel32(a, e, d)                                                                                    \
    ((uint32_t)model_cas(MODEL_SITE(MODEL_CAS, MODEL_ACQ_REL, MODEL_ACQUIRE, "cas acq_rel", #a), model_cell32(a), 4,   \
                         (e), (d)))

#define torc_fence_full()         model_fence(MODEL_SITE(MODEL_FENCE, MODEL_SEQ_CST, 0, "fence full", ""))
#define torc_barrier_light(fence) model_light(MODEL_SITE(MODEL_LIGHT, MODEL_SEQ_CST, 0, "barrier light", ""), fence)
#define torc_barrier_heavy(fence) model_heavy(MODEL_SITE(MODEL_HEAVY, MODEL_SEQ_CST, 0, "barrier heavy", ""), fence)
#define torc_thread_token()       model_token()
#define torc_atfork(prepare, parent, child)                                                                            \
    ((void)(prepare), (void)(parent), (void)(child), 0) /* the explorer itself forks */
#define torc_cpu_relax() model_relax(MODEL_SITE(MODEL_PAUSE, 0, 0, "relax", ""))

#endif
