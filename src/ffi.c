/* ffi.c - the public inline functions once more, as ordinary symbols.
 *
 * C and C++ programs get torc_publish, torc_publish_array, torc_claim, torc_commit, torc_next, torc_ringptr_clone and
 * torc_ringptr_release inlined from the headers.
 * A caller that can only look up symbols (dlsym, another language) finds them here: with TORC_INLINE empty, the same
 * text defines them with external linkage. */
#define TORC_INLINE

#include <torc.h>
