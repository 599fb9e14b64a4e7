/* include/urcu/urcu-bp.h - in the place of liburcu's, which the explorer takes for granted: calls of it are one step each, so a
 * read-side section or a grace period has nothing to do. */
#ifndef TORC_TESTS_MODEL_URCU_BP_H
#define TORC_TESTS_MODEL_URCU_BP_H

static inline void urcu_bp_read_lock(void) {
}
static inline void urcu_bp_read_unlock(void) {
}
static inline void urcu_bp_synchronize_rcu(void) {
}

#endif
