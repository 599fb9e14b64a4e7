/* once.c - pthread_once and thread-specific values, given to the explorer: a key is a number and its values are kept
 * nowhere, for no thread of a scenario runs destructors. */
#include "explorer.h"

#include <pthread.h>

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int __wrap_pthread_once(pthread_once_t *once, void (*routine)(void));
int __wrap_pthread_once(pthread_once_t *once, void (*routine)(void)) {
    (void)__wrap_pthread_mutex_lock(&lock);
    if (*once == PTHREAD_ONCE_INIT) {
        routine();
        *once = PTHREAD_ONCE_INIT + 1;
    }
    (void)__wrap_pthread_mutex_unlock(&lock);
    return 0;
}

int __wrap_pthread_key_create(pthread_key_t *key, void (*destructor)(void *));
int __wrap_pthread_key_create(pthread_key_t *key, void (*destructor)(void *)) {
    (void)destructor;
    race_plain((uintptr_t)key, sizeof *key, true, __builtin_return_address(0));
    *key = 1;
    return 0;
}

int __wrap_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_setspecific(pthread_key_t key, const void *value) {
    (void)key, (void)value;
    return 0;
}
