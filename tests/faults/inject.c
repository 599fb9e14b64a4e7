/* inject.c - the wrappers, and the books of what the library holds. */
#include "inject.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

bool inject_lose_a_block;

void *__real_mmap(void *base, size_t size, int protection, int flags, int fd, off_t offset);

/* --- what fails, and when ----------------------------------------------------------------------------------------- */

/* Shared with the processes that play a scenario alone. */
static struct armed {
    enum inject_class class;
    enum inject_mode mode;
    uint64_t nth;
    bool other;
    atomic_uint_fast64_t calls[INJECT_CLASSES];
    atomic_uint_fast64_t failed;
    _Atomic(const char *) first;
    atomic_bool lost;
} * armed;

void inject_set_up(void) {
    armed = __real_mmap(NULL, sizeof *armed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void inject_arm(enum inject_class class, enum inject_mode mode, uint64_t nth, bool other) {
    armed->class = class;
    armed->nth = nth;
    armed->other = other;
    for (int i = 0; i < INJECT_CLASSES; i++) {
        atomic_store(&armed->calls[i], 0);
    }
    atomic_store(&armed->failed, 0);
    atomic_store(&armed->first, NULL);
    atomic_store(&armed->lost, false);
    armed->mode = mode;
}

void inject_disarm(void) {
    armed->mode = INJECT_NONE;
}

uint64_t inject_calls(enum inject_class class) {
    return atomic_load(&armed->calls[class]);
}
uint64_t inject_failed(void) {
    return atomic_load(&armed->failed);
}
const char *inject_first(void) {
    const char *first = atomic_load(&armed->first);
    return first == NULL ? "nothing" : first;
}
bool inject_was_single(void) {
    return armed->mode == INJECT_ONCE && inject_failed() == 1;
}

/* Counts one call. 0, or the error it is to fail with. */
static int fate(enum inject_class class, const char *name, int error, int other) {
    uint64_t number = atomic_fetch_add(&armed->calls[class], 1) + 1;
    if (armed->mode == INJECT_NONE || armed->class != class || number < armed->nth ||
        (armed->mode == INJECT_ONCE && number != armed->nth)) {
        return 0;
    }
    if (atomic_fetch_add(&armed->failed, 1) == 0) {
        atomic_store(&armed->first, name);
    }
    return armed->other ? other : error;
}

/* --- the books ---------------------------------------------------------------------------------------------------- */

enum kind { BLOCK, MAPPING, LOCKED, THREAD, MUTEX, COND, DESCRIPTOR };
static const char *const kind_names[] = {"block", "mapping",   "locked range", "thread",
                                         "mutex", "condition", "descriptor"};

enum { ITEMS = 4096 };
static struct item {
    enum kind kind;
    uintptr_t what; /* 0: free */
    size_t size;
} items[ITEMS];
static pthread_mutex_t books = PTHREAD_MUTEX_INITIALIZER;
static uint64_t held;
static char complaint[128];
static atomic_bool asleep_without_barrier;

static struct item *look_up(enum kind kind, uintptr_t what) {
    for (size_t i = 0; i < ITEMS; i++) {
        if (items[i].what == what && (what == 0 || items[i].kind == kind)) {
            return &items[i];
        }
    }
    return NULL;
}

static void complain(const char *text, enum kind kind) {
    if (complaint[0] == '\0') {
        (void)snprintf(complaint, sizeof complaint, "%s: %s", kind_names[kind], text);
    }
}

static void took(enum kind kind, uintptr_t what, size_t size) {
    struct item *item;
    (void)pthread_mutex_lock(&books);
    item = look_up(kind, 0);
    if (item == NULL) {
        complain("more than can be counted", kind);
    } else {
        *item = (struct item){kind, what, size};
        held++;
    }
    (void)pthread_mutex_unlock(&books);
}

static void gave(enum kind kind, uintptr_t what, size_t size) {
    struct item *item;
    (void)pthread_mutex_lock(&books);
    item = look_up(kind, what);
    if (item == NULL) {
        complain("given back, but not held", kind);
    } else {
        if (item->size != size) {
            complain("given back with another size", kind);
        }
        item->what = 0;
        held--;
    }
    (void)pthread_mutex_unlock(&books);
}

uint64_t inject_held(void) {
    uint64_t now;
    (void)pthread_mutex_lock(&books);
    now = held;
    (void)pthread_mutex_unlock(&books);
    return now;
}
const char *inject_complaint(void) {
    return complaint[0] == '\0' ? NULL : complaint;
}
const char *inject_holding(void) {
    for (size_t i = ITEMS; i > 0; i--) {
        if (items[i - 1].what != 0) {
            return kind_names[items[i - 1].kind];
        }
    }
    return "nothing";
}
bool inject_slept_without_barrier(void) {
    return atomic_load(&asleep_without_barrier);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

void *__real_calloc(size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *block);
int __real_munmap(void *base, size_t size);
int __real_madvise(void *base, size_t size, int advice);
int __real_mprotect(void *base, size_t size, int protection);
void *__real_sbrk(intptr_t increment);

static void *keep_block(void *block) {
    if (block != NULL) {
        took(BLOCK, (uintptr_t)block, 0);
    }
    return block;
}

/* True if the call is to fail, with errno set. */
static bool refused(const char *name, int error, int other) {
    int code = fate(INJECT_RESOURCE, name, error, other);
    errno = code != 0 ? code : errno;
    return code != 0;
}

void *__wrap_calloc(size_t count, size_t size) {
    return refused("calloc", ENOMEM, ENOMEM) ? NULL : keep_block(__real_calloc(count, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return refused("aligned_alloc", ENOMEM, ENOMEM) ? NULL : keep_block(__real_aligned_alloc(alignment, size));
}

void __wrap_free(void *block) {
    if (block == NULL || (inject_lose_a_block && inject_failed() != 0 && !atomic_exchange(&armed->lost, true))) {
        return;
    }
    gave(BLOCK, (uintptr_t)block, 0);
    __real_free(block);
}

/* There may be no huge pages here: ordinary ones stand in for them, so that this way is gone as well. */
void *__wrap_mmap(void *base, size_t size, int protection, int flags, int fd, off_t offset) {
    void *got;
    if (refused((flags & MAP_HUGETLB) != 0 ? "mmap of huge pages" : "mmap", ENOMEM, EAGAIN)) {
        return MAP_FAILED;
    }
    got = __real_mmap(base, size, protection, flags & ~MAP_HUGETLB, fd, offset);
    if (got != MAP_FAILED) {
        took(MAPPING, (uintptr_t)got, size);
    }
    return got;
}

int __wrap_munmap(void *base, size_t size) {
    gave(MAPPING, (uintptr_t)base, size);
    return __real_munmap(base, size);
}

int __wrap_madvise(void *base, size_t size, int advice) {
    return refused("madvise", EINVAL, EAGAIN) ? -1 : (void)__real_madvise(base, size, advice), 0;
}

int __wrap_mprotect(void *base, size_t size, int protection) {
    return refused("mprotect", ENOMEM, EACCES) ? -1 : __real_mprotect(base, size, protection);
}

/* Asking where the segment ends cannot fail. */
void *__wrap_sbrk(intptr_t increment) {
    return increment != 0 && refused("sbrk", ENOMEM, ENOMEM) ? (void *)-1 : __real_sbrk(increment);
}

/* Whether this process may lock so much does not matter: the books are kept, nothing is locked. */
int __wrap_mlock(const void *base, size_t size) {
    if (refused("mlock", EPERM, ENOMEM)) {
        return -1;
    }
    took(LOCKED, (uintptr_t)base, size);
    return 0;
}

int __wrap_munlock(const void *base, size_t size) {
    gave(LOCKED, (uintptr_t)base, size);
    return 0;
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument);
int __real_pthread_join(pthread_t thread, void **result);
int __real_pthread_setname_np(pthread_t thread, const char *name);
int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __real_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __real_pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attributes);
int __real_pthread_cond_destroy(pthread_cond_t *cond);
int __real_pthread_key_create(pthread_key_t *key, void (*destructor)(void *));
int __real_pthread_setspecific(pthread_key_t key, const void *value);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    int error = fate(INJECT_RESOURCE, "pthread_create", EAGAIN, EPERM);
    error = error != 0 ? error : __real_pthread_create(thread, attributes, body, argument);
    if (error == 0) {
        took(THREAD, (uintptr_t)*thread, 0);
    }
    return error;
}

int __wrap_pthread_join(pthread_t thread, void **result) {
    gave(THREAD, (uintptr_t)thread, 0);
    return __real_pthread_join(thread, result);
}

int __wrap_pthread_setname_np(pthread_t thread, const char *name) {
    int error = fate(INJECT_RESOURCE, "pthread_setname_np", ERANGE, ENOENT);
    return error != 0 ? error : __real_pthread_setname_np(thread, name);
}

/* Handlers are registered once per process, by the first bus that is created. */
int __real_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
    int error = fate(INJECT_RESOURCE, "pthread_atfork", ENOMEM, EAGAIN);
    return error != 0 ? error : __real_pthread_atfork(prepare, parent, child);
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes) {
    int error = fate(INJECT_RESOURCE, "pthread_mutex_init", ENOMEM, EAGAIN);
    error = error != 0 ? error : __real_pthread_mutex_init(mutex, attributes);
    if (error == 0) {
        took(MUTEX, (uintptr_t)mutex, 0);
    }
    return error;
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex) {
    gave(MUTEX, (uintptr_t)mutex, 0);
    return __real_pthread_mutex_destroy(mutex);
}

int __wrap_pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attributes) {
    int error = fate(INJECT_RESOURCE, "pthread_cond_init", ENOMEM, EAGAIN);
    error = error != 0 ? error : __real_pthread_cond_init(cond, attributes);
    if (error == 0) {
        took(COND, (uintptr_t)cond, 0);
    }
    return error;
}

int __wrap_pthread_cond_destroy(pthread_cond_t *cond) {
    gave(COND, (uintptr_t)cond, 0);
    return __real_pthread_cond_destroy(cond);
}

int __wrap_pthread_key_create(pthread_key_t *key, void (*destructor)(void *)) {
    int error = fate(INJECT_RESOURCE, "pthread_key_create", EAGAIN, ENOMEM);
    return error != 0 ? error : __real_pthread_key_create(key, destructor);
}

int __wrap_pthread_setspecific(pthread_key_t key, const void *value) {
    int error = fate(INJECT_RESOURCE, "pthread_setspecific", ENOMEM, ENOMEM);
    return error != 0 ? error : __real_pthread_setspecific(key, value);
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

long __real_syscall(long number, ...);
int __real_clock_nanosleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *remain);

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *remain) {
    int error = fate(INJECT_WAIT, "clock_nanosleep", EINTR, EINTR);
    return error != 0 ? error : __real_clock_nanosleep(clock, flags, request, remain);
}

/* The barrier of a registered process needs memory in the kernel (ENOMEM), the global one a processor that ticks
 * (EINVAL). Whoever was refused must have got one of the two before it goes on. At most three fail in a row. */
static _Thread_local unsigned refused_barriers;

bool inject_barrier_owed(void) {
    return refused_barriers != 0;
}

static int barrier_fate(long command) {
    int error = 0;
    if (command == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) {
        return fate(INJECT_RESOURCE, "membarrier registration", ENOSYS, EPERM);
    }
    if (command == MEMBARRIER_CMD_PRIVATE_EXPEDITED && refused_barriers < 3) {
        error = fate(INJECT_WAIT, "membarrier", ENOMEM, ENOMEM);
    } else if (command == MEMBARRIER_CMD_GLOBAL) {
        error = armed->other ? EINVAL : 0;
    }
    if (error == 0) {
        refused_barriers = 0;
    } else if (command == MEMBARRIER_CMD_PRIVATE_EXPEDITED) {
        refused_barriers++;
    }
    return error;
}

static int syscall_fate(long number, long first, long second) {
    if (number == SYS_membarrier) {
        return barrier_fate(first);
    }
    /* A wake-up of a valid address cannot fail; a wait ends early for many reasons. */
    if (number == SYS_futex && (second & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET) {
        if (inject_barrier_owed()) {
            atomic_store(&asleep_without_barrier, true);
        }
        return fate(INJECT_WAIT, "futex wait", EINTR, EAGAIN);
    }
    /* Reading and writing an eventfd that is one's own and does not block cannot fail but for what is no failure. */
    return number == SYS_eventfd2 ? fate(INJECT_RESOURCE, "eventfd", EMFILE, ENOMEM) : 0;
}

long __wrap_syscall(long number, ...) {
    long argument[6];
    va_list list;
    long result;
    int error;
    va_start(list, number);
    for (size_t i = 0; i < 6; i++) {
        argument[i] = va_arg(list, long);
    }
    va_end(list);
    error = syscall_fate(number, argument[0], argument[1]);
    if (error != 0) {
        errno = error;
        return -1;
    }
    if (number == SYS_membarrier && argument[0] == MEMBARRIER_CMD_GLOBAL) {
        argument[0] = MEMBARRIER_CMD_PRIVATE_EXPEDITED; /* as good for one process, and faster */
    }
    if (number == SYS_close) {
        gave(DESCRIPTOR, (uintptr_t)argument[0], 0);
    }
    result = __real_syscall(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
    if (number == SYS_eventfd2 && result >= 0) {
        took(DESCRIPTOR, (uintptr_t)result, 0);
    }
    return result;
}
