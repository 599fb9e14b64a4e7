/* glibc.c - glibc's own functions, asked for by name. */
#include "glibc.h"
#include "bench.h"
#include <dlfcn.h>

/* POSIX lets dlsym answer with a function; ISO C has no cast for it. */
static void symbol(void *library, const char *name, void *function) {
    void *found = dlsym(library, name);
    if (found == NULL) {
        bench_die("dlsym", name);
    }
    *(void **)function = found;
}

struct bench_malloc bench_glibc_open(void) {
    struct bench_malloc glibc = {NULL, NULL, dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD)};
    if (glibc.library == NULL) {
        bench_die("dlopen", "libc.so.6 is not loaded");
    }
    symbol(glibc.library, "malloc", &glibc.take);
    symbol(glibc.library, "free", &glibc.give);
    return glibc;
}

void bench_glibc_close(const struct bench_malloc *glibc) {
    if (glibc->library != NULL) {
        (void)dlclose(glibc->library);
    }
}
