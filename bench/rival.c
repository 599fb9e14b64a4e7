/* rival.c - malloc, free and realloc of three libraries in one program. Linking mimalloc and jemalloc replaces malloc
 * in all of it, so each library is asked for its own by name. */
#include "rival.h"
#include <dlfcn.h>
#include <jemalloc/jemalloc.h>
#include <mimalloc.h>

/* POSIX lets dlsym answer with a function; ISO C has no cast for it. */
static void symbol(void *library, const char *name, void *function) {
    void *found = dlsym(library, name);
    if (found == NULL) {
        bench_die("dlsym", name);
    }
    *(void **)function = found;
}

/* Of a library that is loaded, and stays so. */
static struct bench_rival from(const char *name) {
    struct bench_rival rival;
    void *library = dlopen(name, RTLD_NOW | RTLD_NOLOAD);
    if (library == NULL) {
        bench_die(name, "is not loaded");
    }
    symbol(library, "malloc", &rival.take);
    symbol(library, "free", &rival.give);
    symbol(library, "realloc", &rival.resize);
    return rival;
}

struct bench_rival bench_rival_glibc(void) {
    return from("libc.so.6");
}

struct bench_rival bench_rival_mimalloc(void) {
    return (struct bench_rival){mi_malloc, mi_free, mi_realloc};
}

/* The call is what makes the linker keep the library. */
struct bench_rival bench_rival_jemalloc(void) {
    const char *version;
    size_t bytes = sizeof version;
    if (mallctl("version", &version, &bytes, NULL, 0) != 0) {
        bench_die("mallctl", "version");
    }
    return from("libjemalloc.so.2");
}
