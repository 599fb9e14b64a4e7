/* input.h - the list of what a run reads: arguments, and the files that directories among them hold. */
#ifndef TORC_CMD_INPUT_H
#define TORC_CMD_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct input {
    char *path;
    bool standard; /* standard input; path is its name in messages */
};

struct inputs {
    struct input *items;
    size_t count;
    size_t capacity;
    uint64_t skipped; /* links, devices and the like met in directories, and the output directory */
    bool failed;      /* something could not be read; it has been told what */
    bool avoiding;    /* the output directory exists already */
    dev_t avoid_device;
    ino_t avoid_inode;
};

/* inputs_collect: fills *inputs from `count` paths (none: standard input); `out` (may be NULL) is left out.
 * Directories are walked in the order of names, so that a list is the same every time. false: no memory. Give it
 * back with inputs_free. */
bool inputs_collect(struct inputs *inputs, char *const *paths, int count, const char *out);
void inputs_free(struct inputs *inputs);

#endif
