/* inject.c - calls of the torc command that fail by order of the environment.
 *
 *     TORC_FAULT=17      the 17th call of those below fails
 *     TORC_FAULT=17+     that and all later ones
 *     TORC_FAULT_COUNT=F how many were made is written to F at the end, and the name of the first that failed
 *     TORC_FAULT_LIE=1   a write that is to fail says that it succeeded: the planted defect */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dirent.h>

static atomic_ulong calls;
static unsigned long nth;
static bool and_later;
static bool lies;
static _Atomic(const char *) first = "nothing";
static const char *count_file;

__attribute__((constructor)) static void read_order(void) {
    const char *order = getenv("TORC_FAULT");
    char *end = NULL;
    nth = order == NULL ? 0 : strtoul(order, &end, 10);
    and_later = end != NULL && *end == '+';
    lies = getenv("TORC_FAULT_LIE") != NULL;
    count_file = getenv("TORC_FAULT_COUNT");
}

__attribute__((destructor)) static void write_count(void) {
    FILE *file = count_file == NULL ? NULL : fopen(count_file, "w");
    if (file != NULL) {
        (void)fprintf(file, "%lu %s\n", atomic_load(&calls), atomic_load(&first));
        (void)fclose(file);
    }
}

static bool fails(const char *name, int error) {
    unsigned long number = atomic_fetch_add(&calls, 1) + 1;
    if (nth == 0 || number < nth || (!and_later && number != nth)) {
        return false;
    }
    if (number == nth) {
        atomic_store(&first, name);
    }
    errno = error;
    return true;
}

#define WRAP(type, name, parameters, arguments, failure, error)                                                        \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters {                                                                                    \
        return fails(#name, error) ? (failure) : __real_##name arguments;                                              \
    }

WRAP(void *, malloc, (size_t size), (size), NULL, ENOMEM)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), NULL, ENOMEM)
WRAP(void *, realloc, (void *block, size_t size), (block, size), NULL, ENOMEM)
WRAP(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size), NULL, ENOMEM)
WRAP(char *, strdup, (const char *text), (text), NULL, ENOMEM)
WRAP(void *, mmap, (void *base, size_t size, int protection, int flags, int fd, off_t offset),
     (base, size, protection, flags, fd, offset), MAP_FAILED, ENOMEM)
WRAP(int, pthread_create, (pthread_t * thread, const pthread_attr_t *how, void *(*body)(void *), void *argument),
     (thread, how, body, argument), EAGAIN, EAGAIN)
WRAP(int, pthread_mutex_init, (pthread_mutex_t * mutex, const pthread_mutexattr_t *how), (mutex, how), ENOMEM, ENOMEM)
WRAP(int, pthread_cond_init, (pthread_cond_t * cond, const pthread_condattr_t *how), (cond, how), ENOMEM, ENOMEM)
WRAP(int, fsync, (int fd), (fd), -1, EIO)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), -1, EIO)
WRAP(off_t, lseek, (int fd, off_t offset, int whence), (fd, offset, whence), -1, EIO)
WRAP(int, stat, (const char *path, struct stat *out), (path, out), -1, EACCES)
WRAP(int, lstat, (const char *path, struct stat *out), (path, out), -1, EACCES)
WRAP(int, fstat, (int fd, struct stat *out), (fd, out), -1, EIO)
WRAP(int, fstatat, (int fd, const char *path, struct stat *out, int flags), (fd, path, out, flags), -1, EACCES)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), -1, ENOSPC)
WRAP(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags), -1, EACCES)
WRAP(int, scandir,
     (const char *path, struct dirent ***names, int (*filter)(const struct dirent *),
      int (*order)(const struct dirent **, const struct dirent **)),
     (path, names, filter, order), -1, ENOMEM)
WRAP(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), NULL, ENOMEM)
WRAP(int, EVP_DigestInit_ex, (EVP_MD_CTX * context, const EVP_MD *type, ENGINE *engine), (context, type, engine), 0,
     ENOMEM)
WRAP(int, EVP_DigestUpdate, (EVP_MD_CTX * context, const void *data, size_t size), (context, data, size), 0, ENOMEM)
WRAP(int, EVP_DigestFinal_ex, (EVP_MD_CTX * context, unsigned char *out, unsigned *size), (context, out, size), 0,
     ENOMEM)

/* What is written to an eventfd is one number, and read from it likewise: neither can go wrong on a valid one. */
static atomic_bool is_event[1024];

int __real_eventfd(unsigned value, int flags);
int __wrap_eventfd(unsigned value, int flags);
int __wrap_eventfd(unsigned value, int flags) {
    int fd = fails("eventfd", EMFILE) ? -1 : __real_eventfd(value, flags);
    if (fd >= 0 && fd < 1024) {
        atomic_store(&is_event[fd], true);
    }
    return fd;
}

static bool of_events(int fd) {
    return fd >= 0 && fd < 1024 && atomic_load(&is_event[fd]);
}

ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size) {
    return !of_events(fd) && fails("read", EIO) ? -1 : __real_read(fd, data, size);
}

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size) {
    if (!of_events(fd) && fails("write", ENOSPC)) {
        return lies ? (ssize_t)size : -1;
    }
    return __real_write(fd, data, size);
}

/* Closed it is in any case. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd) {
    bool failing = fails("close", EIO);
    int status;
    if (of_events(fd)) {
        atomic_store(&is_event[fd], false);
    }
    status = __real_close(fd);
    errno = failing ? EIO : errno;
    return failing ? -1 : status;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
    va_list list;
    unsigned mode;
    va_start(list, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(list, unsigned) : 0;
    va_end(list);
    return fails("open", EMFILE) ? -1 : __real_open(path, flags, mode);
}

int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...) {
    va_list list;
    unsigned mode;
    va_start(list, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(list, unsigned) : 0;
    va_end(list);
    return fails("openat", EMFILE) ? -1 : __real_openat(fd, path, flags, mode);
}
