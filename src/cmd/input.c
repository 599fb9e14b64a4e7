/* input.c - the list of what a run reads. */
#include "input.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd.h"

static void tell(struct inputs *inputs, const char *path) {
    complain("%s: %s", path, strerror(errno));
    inputs->failed = true;
}

/* Takes over `path`. */
static bool append(struct inputs *inputs, char *path, bool standard) {
    if (inputs->count == inputs->capacity) {
        size_t capacity = inputs->capacity == 0 ? 64 : 2 * inputs->capacity;
        struct input *items = realloc(inputs->items, capacity * sizeof *items);
        if (items == NULL) {
            free(path);
            return false;
        }
        inputs->items = items;
        inputs->capacity = capacity;
    }
    inputs->items[inputs->count++] = (struct input){.path = path, .standard = standard};
    return true;
}

static bool append_copy(struct inputs *inputs, const char *path, bool standard) {
    char *copy = strdup(path);
    return copy != NULL && append(inputs, copy, standard);
}

static char *join(const char *directory, const char *name) {
    size_t length = strlen(directory);
    const char *slash = length != 0 && directory[length - 1] == '/' ? "" : "/";
    size_t room = length + strlen(slash) + strlen(name) + 1;
    char *path = malloc(room);
    if (path != NULL) {
        (void)snprintf(path, room, "%s%s%s", directory, slash, name);
    }
    return path;
}

/* By bytes, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *entry) {
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static bool is_avoided(const struct inputs *inputs, const struct stat *state) {
    return inputs->avoiding && state->st_dev == inputs->avoid_device && state->st_ino == inputs->avoid_inode;
}

static bool walk(struct inputs *inputs, const char *directory);

/* One name in a directory. Links are not followed: the walk cannot go round in circles. Takes over `path`. */
static bool visit(struct inputs *inputs, char *path) {
    struct stat state;
    bool fine = true;
    if (lstat(path, &state) != 0) {
        tell(inputs, path);
    } else if (S_ISREG(state.st_mode)) {
        return append(inputs, path, false);
    } else if (S_ISDIR(state.st_mode) && !is_avoided(inputs, &state)) {
        fine = walk(inputs, path);
    } else {
        inputs->skipped++;
    }
    free(path);
    return fine;
}

static bool walk(struct inputs *inputs, const char *directory) {
    struct dirent **names = NULL;
    bool fine = true;
    int count = scandir(directory, &names, not_dots, by_name);
    if (count < 0) {
        tell(inputs, directory);
        return errno != ENOMEM;
    }
    for (int i = 0; i < count; i++) {
        char *path = fine ? join(directory, names[i]->d_name) : NULL;
        fine = path != NULL && visit(inputs, path);
        free(names[i]);
    }
    free(names);
    return fine;
}

/* What the user names is opened whatever it is; only directories are special. */
static bool add_argument(struct inputs *inputs, const char *path) {
    struct stat state;
    if (strcmp(path, "-") == 0) {
        return append_copy(inputs, "standard input", true);
    }
    if (stat(path, &state) != 0) {
        tell(inputs, path);
        return true;
    }
    if (!S_ISDIR(state.st_mode)) {
        return append_copy(inputs, path, false);
    }
    if (is_avoided(inputs, &state)) {
        complain("%s: is the output directory and cannot be input too", path);
        inputs->failed = true;
        return true;
    }
    return walk(inputs, path);
}

bool inputs_collect(struct inputs *inputs, char *const *paths, int count, const char *out) {
    struct stat state;
    *inputs = (struct inputs){0};
    if (out != NULL && stat(out, &state) == 0 && S_ISDIR(state.st_mode)) {
        inputs->avoiding = true;
        inputs->avoid_device = state.st_dev;
        inputs->avoid_inode = state.st_ino;
    }
    if (count == 0) {
        return append_copy(inputs, "standard input", true);
    }
    for (int i = 0; i < count; i++) {
        if (!add_argument(inputs, paths[i])) {
            return false;
        }
    }
    return true;
}

void inputs_free(struct inputs *inputs) {
    for (size_t i = 0; i < inputs->count; i++) {
        free(inputs->items[i].path);
    }
    free(inputs->items);
    *inputs = (struct inputs){0};
}
