/* threads.c - the life of a model thread, and pthread_create and its relations for threads that the library makes. */
#include "explorer.h"

#include <errno.h>
#include <pthread.h>

static void thread_main(void) {
    struct thread *self = ex.running;
    if (self->body != NULL) {
        self->body();
    } else {
        self->result = self->routine(self->argument);
    }
    thread_finish(self);
}

void thread_finish(struct thread *self) {
    heavy_finish(self);
    self->state = THREAD_DONE;
    sched_changed();
    sched_block(self);
    __builtin_unreachable();
}

static void thread_new(struct thread *thread, uint8_t number) {
    thread->number = number;
    thread->state = THREAD_READY;
    for (uint32_t i = 0; i < MAX_THREADS; i++) {
        thread->view.hb.at[i] = thread->view.sc.at[i] = 0;
        thread->acquired = thread->released = thread->view;
    }
    thread->has_acquired = thread->has_released = false;
    thread->restricted = false;
    thread->pending = PENDING_NONE;
    thread->seen_count = 0;
    thread->learned = true;
    thread->fruitless_ok = false;
    thread->fruitless = 0;
    thread->inject_for = 0;
    thread->inject_now = false;
    thread->doing = NULL;
    thread->body = NULL;
    thread->routine = NULL;
    thread->deadline = FOREVER;
    thread->past = number;
    thread->random_priority = ex.mode == MODE_RANDOM ? (uint32_t)decide_random() : 0;
    coroutine_start(thread, thread_main);
}

/* All know of all that setup did (clock 0). */
void threads_begin(void) {
    uint8_t number = 1;
    for (uint32_t i = 0; i < MODEL_SCENARIO_THREADS; i++) {
        if (ex.scenario->thread[i] != NULL) {
            struct thread *thread = &ex.thread[number];
            thread_new(thread, number++);
            thread->body = ex.scenario->thread[i];
            view_tick(thread);
        }
    }
    ex.threads = number;
}

uint32_t model_thread(void) {
    return exploring() ? ex.running->number : 0;
}

uint64_t model_token(void) {
    return 0x7000u + 16u * model_thread();
}

int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument) {
    struct thread *parent = ex.running;
    struct thread *child = &ex.thread[ex.threads];
    (void)attributes;
    if (!exploring()) {
        violation("setup and check cannot start threads: start actors in a thread of the scenario");
    }
    if (ex.threads == MAX_THREADS) {
        return EAGAIN;
    }
    thread_new(child, (uint8_t)ex.threads++);
    child->routine = routine;
    child->argument = argument;
    child->view = parent->view;
    state_learn(parent, child->number);
    state_learn(child, parent->past);
    view_tick(child);
    view_tick(parent);
    ex.step++;
    sched_changed();
    *out = child->number;
    return 0;
}

int __wrap_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_join(pthread_t thread, void **result) {
    struct thread *self = ex.running;
    struct thread *other = &ex.thread[thread];
    if (!exploring()) {
        return 0; /* in check() all threads are done */
    }
    ex.step++;
    if (other->state != THREAD_DONE) {
        self->state = THREAD_JOIN;
        self->joins = other->number;
        sched_block(self);
    }
    view_join(&self->view, &other->view);
    state_learn(self, other->past);
    if (result != NULL) {
        *result = other->result;
    }
    return 0;
}

pthread_t __wrap_pthread_self(void);
pthread_t __wrap_pthread_self(void) {
    return model_thread() + 1000u;
}

int __wrap_pthread_setcanceltype(int type, int *before);
int __wrap_pthread_setcanceltype(int type, int *before) {
    if (before != NULL) {
        *before = type;
    }
    return 0;
}

int __wrap_pthread_setname_np(pthread_t thread, const char *name);
int __wrap_pthread_setname_np(pthread_t thread, const char *name) {
    (void)thread, (void)name;
    return 0;
}

/* Cells destroyed and made anew: nothing to do. */
int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes) {
    (void)condition, (void)attributes;
    return 0;
}
int __wrap_pthread_cond_destroy(pthread_cond_t *condition);
int __wrap_pthread_cond_destroy(pthread_cond_t *condition) {
    (void)condition;
    return 0;
}
