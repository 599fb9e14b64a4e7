/* family.c - malloc and its family as programs see them; run with libtorc-malloc.so preloaded (tests/malloc_test.sh).
 * Contracts and errno of every function, fork from a program with busy threads, threads whose destructors allocate,
 * allocation before this file's own constructor. Prints nothing if all is well; the first thing that is not ends it
 * with status 1. */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "family: line %d: %s\n", __LINE__, #condition);                                      \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

/* Compilers and analyzers know these functions too well: through here they do not know what is called. */
static void *(*volatile do_malloc)(size_t) = malloc;
static void *(*volatile do_calloc)(size_t, size_t) = calloc;
static void *(*volatile do_realloc)(void *, size_t) = realloc;
static void *(*volatile do_aligned_alloc)(size_t, size_t) = aligned_alloc;
static void *(*volatile do_memalign)(size_t, size_t) = memalign;
static void (*volatile do_free)(void *) = free;

static bool aligned_to(const void *block, size_t alignment) {
    return block != NULL && (uintptr_t)block % alignment == 0;
}

static void *early;
__attribute__((constructor(101))) static void before_others(void) {
    early = do_malloc(1000);
    MUST(early != NULL);
    (void)memset(early, 7, 1000);
}

static void is_preloaded(void) {
    Dl_info info;
    MUST(dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) != 0 && strstr(info.dli_fname, "torc-malloc") != NULL);
    MUST(((unsigned char *)early)[999] == 7);
    free(early);
}

static void malloc_and_calloc(void) {
    for (size_t size = 0; size < 5000; size += 7) {
        unsigned char *block = do_malloc(size), *zeros;
        MUST(aligned_to(block, _Alignof(max_align_t)) && malloc_usable_size(block) >= size);
        (void)memset(block, 0xFF, size);
        free(block);
        zeros = do_calloc(1, size);
        MUST(zeros != NULL);
        for (size_t i = 0; i < size; i++) {
            MUST(zeros[i] == 0);
        }
        free(zeros);
    }
    errno = 0;
    MUST(do_calloc(SIZE_MAX / 2, 3) == NULL && errno == ENOMEM);
    errno = 0;
    MUST(do_malloc(SIZE_MAX - 100) == NULL && errno == ENOMEM);
    errno = 0;
    MUST(do_malloc(SIZE_MAX / 2) == NULL && errno == ENOMEM);
    free(NULL);
    MUST(malloc_usable_size(NULL) == 0);
}

static void free_keeps_errno(void) {
    void *huge = do_malloc((size_t)300 << 20), *small = do_malloc(10);
    MUST(huge != NULL && small != NULL);
    errno = 12345;
    free(huge);
    free(small);
    MUST(errno == 12345);
    errno = 0;
}

static void reallocs(void) {
    char *block = do_realloc(NULL, 10);
    char *larger;
    MUST(block != NULL);
    memcpy(block, "a string", sizeof "a string");
    for (size_t size = 10; size < 10000000; size = size * 3 / 2) {
        block = do_realloc(block, size);
        MUST(block != NULL && strcmp(block, "a string") == 0);
    }
    errno = 0;
    MUST(do_realloc(block, SIZE_MAX / 2) == NULL && errno == ENOMEM && strcmp(block, "a string") == 0);
    errno = 0;
    larger = reallocarray(block, SIZE_MAX / 2, 4);
    MUST(larger == NULL && errno == ENOMEM);
    larger = reallocarray(block, 5, 7);
    MUST(larger != NULL);
    block = larger;
    MUST(block != NULL && strcmp(block, "a string") == 0);
    MUST(do_realloc(block, 0) == NULL);
}

static void alignments(void) {
    void *block = NULL;
    for (size_t alignment = sizeof(void *); alignment <= (size_t)1 << 20; alignment *= 2) {
        MUST(posix_memalign(&block, alignment, 100) == 0 && aligned_to(block, alignment));
        free(block);
        block = aligned_alloc(alignment, 2 * alignment);
        MUST(aligned_to(block, alignment));
        free(block);
        block = memalign(alignment, 33);
        MUST(aligned_to(block, alignment));
        free(block);
    }
    errno = 0;
    block = &errno;
    MUST(posix_memalign(&block, 3, 100) == EINVAL && posix_memalign(&block, 4, 100) == EINVAL);
    MUST(posix_memalign(&block, 0, 100) == EINVAL && posix_memalign(&block, 64, SIZE_MAX / 2) == ENOMEM);
    MUST(errno == 0 && block == &errno);
    block = do_aligned_alloc(48, 96);
    MUST(block == NULL && errno == EINVAL);
    errno = 0;
    block = do_aligned_alloc(0, 96);
    MUST(block == NULL && errno == EINVAL);
    block = do_memalign(48, 10);
    MUST(aligned_to(block, 64));
    free(block);
    errno = 0;
    MUST(do_memalign(SIZE_MAX, 10) == NULL && errno == EINVAL);
    block = valloc(10);
    MUST(aligned_to(block, (size_t)sysconf(_SC_PAGESIZE)));
    free(block);
    block = pvalloc(1);
    MUST(aligned_to(block, (size_t)sysconf(_SC_PAGESIZE)) &&
         malloc_usable_size(block) >= (size_t)sysconf(_SC_PAGESIZE));
    free(block);
    errno = 0;
    MUST(pvalloc(SIZE_MAX) == NULL && errno == ENOMEM);
}

/* --- threads --- */

static atomic_bool enough;

static void *churn(void *seed) {
    uintptr_t random = (uintptr_t)seed;
    void *held[64] = {NULL};
    while (!atomic_load(&enough)) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        free(held[random >> 58]);
        held[random >> 58] = do_malloc((random >> 20) % ((random >> 33) % 50 == 0 ? 300000 : 3000));
    }
    for (int i = 0; i < 64; i++) {
        free(held[i]);
    }
    return NULL;
}

static void no_memory(void) {
    volatile size_t much = SIZE_MAX / 2;
    void *none;
    errno = 0;
    MUST(do_aligned_alloc(64, much) == NULL && errno == ENOMEM);
    errno = 0;
    MUST(memalign(64, much) == NULL && errno == ENOMEM);
    errno = 0;
    MUST(valloc(much) == NULL && errno == ENOMEM);
    errno = 0;
    none = reallocarray(NULL, much, 3);
    MUST(none == NULL && errno == ENOMEM);
}

/* Freed twice, wherever it lay: on a quick list, merged, in memory that the system has back. */
static void freed_twice(void) {
    static const size_t sizes[] = {10, 5000, 200000, (size_t)100 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *before = do_malloc(sizes[i] / 4), *block = do_malloc(sizes[i]);
        MUST(before != NULL && block != NULL);
        free(before);
        do_free(block);
        do_free(block);
        MUST(malloc_usable_size(block) == 0);
    }
}

static void use_all_sizes(void) {
    static void *block[300];
    for (size_t i = 0; i < 300; i++) {
        block[i] = do_malloc(i * i * 4);
        MUST(block[i] != NULL);
        (void)memset(block[i], (int)i, i * i * 4);
    }
    for (size_t i = 1; i < 300; i++) {
        MUST(((unsigned char *)block[i])[i * i * 4 - 1] == (unsigned char)i);
        free(block[i]);
    }
    free(block[0]);
}

/* The child has threads, allocates on, and forks itself. */
static void in_child(void *parents) {
    pthread_t thread;
    int status;
    pid_t child;
    free(parents);
    use_all_sizes();
    atomic_store(&enough, true);
    MUST(pthread_create(&thread, NULL, churn, (void *)(uintptr_t)3) == 0 && pthread_join(thread, NULL) == 0);
    child = fork();
    MUST(child >= 0);
    if (child == 0) {
        use_all_sizes();
        _exit(0);
    }
    MUST(waitpid(child, &status, 0) == child && status == 0);
    _exit(0);
}

/* Whichever thread forks: main, and one that has just begun. */
static void *fork_often(void *times) {
    for (uintptr_t i = 0; i < (uintptr_t)times; i++) {
        void *block = do_malloc(100);
        int status = 0;
        pid_t child = fork();
        MUST(child >= 0);
        if (child == 0) {
            in_child(block);
        }
        MUST(waitpid(child, &status, 0) == child && status == 0);
        free(block);
    }
    return NULL;
}

static void forks(void) {
    pthread_t churning[3], forking;
    for (uintptr_t i = 0; i < 3; i++) {
        MUST(pthread_create(&churning[i], NULL, churn, (void *)(i + 1)) == 0);
    }
    MUST(pthread_create(&forking, NULL, fork_often, (void *)(uintptr_t)30) == 0);
    (void)fork_often((void *)(uintptr_t)30);
    MUST(pthread_join(forking, NULL) == 0);
    atomic_store(&enough, true);
    for (int i = 0; i < 3; i++) {
        MUST(pthread_join(churning[i], NULL) == 0);
    }
}

static pthread_key_t keys[40];

/* Runs up to the last round there is, and each time frees and allocates. */
static void late(void *block) {
    free(block);
    (void)pthread_setspecific(keys[39], do_malloc(500));
    (void)pthread_setspecific(keys[3], do_malloc(50));
}

static void *end_late(void *unused) {
    for (int i = 0; i < 40; i++) {
        (void)pthread_setspecific(keys[i], do_malloc(200));
    }
    return unused;
}

static void thread_ends(void) {
    for (int i = 0; i < 40; i++) {
        MUST(pthread_key_create(&keys[i], late) == 0);
    }
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        MUST(pthread_create(&thread, NULL, end_late, NULL) == 0 && pthread_join(thread, NULL) == 0);
    }
}

int main(void) {
    is_preloaded();
    malloc_and_calloc();
    free_keeps_errno();
    reallocs();
    alignments();
    no_memory();
    freed_twice();
    use_all_sizes();
    thread_ends();
    forks();
    MUST(malloc_trim(0) == 1);
    use_all_sizes();
    return 0;
}
