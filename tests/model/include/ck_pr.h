/* include/ck_pr.h - in the place of CK's: the atomics that ck_ring.h uses, given to the explorer, so that CK's own ring
 * code is explored.
 *
 * CK's loads, stores and swaps have no order of their own; its fences order. They have no exact C11 counterpart: a load
 * fence is taken as an acquire fence, a store fence as a release fence, the least that covers what CK uses them for (a
 * release fence also orders earlier loads before later stores, which the ring relies on after copying an element
 * out). */
#ifndef CK_PR_H
#define CK_PR_H

#include <ck_cc.h>
#include <ck_limits.h>
#include <ck_md.h>
#include <ck_stdbool.h>
#include <ck_stdint.h>
#include <torc/atomic.h>

#define ck_pr_load_uint(a)         ((unsigned)model_load(MODEL_SITE(MODEL_LOAD, MODEL_RELAXED, 0, "ck load", #a), (a), 4))
#define ck_pr_store_uint(a, v)     model_store(MODEL_SITE(MODEL_STORE, MODEL_RELAXED, 0, "ck store", #a), (a), 4, (v))
#define ck_pr_fence_load()         model_fence(MODEL_SITE(MODEL_FENCE, MODEL_ACQUIRE, 0, "ck fence load", ""))
#define ck_pr_fence_store()        model_fence(MODEL_SITE(MODEL_FENCE, MODEL_RELEASE, 0, "ck fence store", ""))
#define ck_pr_fence_store_atomic() model_fence(MODEL_SITE(MODEL_FENCE, MODEL_RELEASE, 0, "ck fence store_atomic", ""))
#define ck_pr_stall()              model_relax(MODEL_SITE(MODEL_PAUSE, 0, 0, "ck stall", ""))

static inline bool model_ck_cas(struct model_site *site, unsigned *at, unsigned expected, unsigned desired,
                                unsigned *found) {
    *found = (unsigned)model_cas(site, at, 4, expected, desired);
    return *found == expected;
}
#define ck_pr_cas_uint_value(a, e, d, found)                                                                           \
    model_ck_cas(MODEL_SITE(MODEL_CAS, MODEL_RELAXED, 0, "ck cas", #a), (a), (e), (d), (found))
#define ck_pr_cas_uint(a, e, d)                                                                                        \
    ({                                                                                                                 \
        unsigned model_found;                                                                                          \
        ck_pr_cas_uint_value(a, e, d, &model_found);                                                                   \
    })

#endif
