/* views.c - what a thread knows: happens-before by vector clocks, and what full fences add for coherence.
 *
 * A release store (or one after a release fence) carries its thread's view; an acquire load of it, or a relaxed load
 * with an acquire fence after it, joins that view. A RMW also carries what the store it read carried: the release
 * sequence. A plain store of the same thread does not, as in C++20: C11 as published would let it, so what passes here
 * passes there.
 *
 * Full fences are totally ordered, in the order of execution. What happens before one of them may not be read past by
 * anybody after a later one (`sc`), but data is not ordered by that (`hb`): as in RC11, two fences alone do not
 * synchronise. */
#include "explorer.h"

void view_tick(struct thread *self) {
    uint8_t me = self->number;
    self->view.hb.at[me]++;
    self->view.sc.at[me] = self->view.hb.at[me];
}

void view_acquire(struct thread *self, const struct store *store, uint8_t order) {
    if (!store->releases) {
        return;
    }
    if ((order & MODEL_ACQUIRE) != 0) {
        view_join(&self->view, &store->release);
    } else {
        view_join(&self->acquired, &store->release);
        self->has_acquired = true;
    }
}

void view_release(struct thread *self, struct store *store, uint8_t order) {
    if ((order & MODEL_RELEASE) != 0) {
        view_join(&store->release, &self->view);
        store->releases = true;
    } else if (self->has_released) {
        view_join(&store->release, &self->released);
        store->releases = true;
    }
}

void view_fence(struct thread *self, uint8_t order) {
    if ((order & MODEL_ACQUIRE) != 0 && self->has_acquired) {
        view_join(&self->view, &self->acquired);
    }
    if (order == MODEL_SEQ_CST) {
        clock_join(&self->view.sc, &ex.sc);
        ex.sc = self->view.sc;
    }
    if ((order & MODEL_RELEASE) != 0) {
        self->released = self->view;
        self->has_released = true;
    }
}
