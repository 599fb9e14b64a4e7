/* watch.c - the bus's figures on stderr while it runs. */
#include "watch.h"

#include <stdlib.h>

#include "cmd.h"

bool watch_open(struct watch *watch, struct torc_bus *bus, uint64_t every) {
    *watch = (struct watch){.every = every};
    if (every == 0) {
        return true;
    }
    watch->bytes = torc_snapshot_size(bus);
    for (int i = 0; i < 2; i++) {
        watch->memory[i] = malloc(watch->bytes);
        if (watch->memory[i] == NULL) {
            complain("figures: out of memory");
            watch_close(watch);
            return false;
        }
    }
    watch->due = torc_deadline_ns(every);
    return true;
}

void watch_close(struct watch *watch) {
    free(watch->memory[0]);
    free(watch->memory[1]);
    *watch = (struct watch){0};
}

static int to_stderr(void *context, const char *text, size_t length) {
    (void)context;
    return fwrite(text, 1, length, stderr) == length ? TORC_OK : TORC_SYSTEM;
}

void watch_show(struct watch *watch, struct torc_bus *bus) {
    struct torc_snapshot_style style = {.format = TORC_TEXT, .before = watch->last};
    struct torc_snapshot *now;
    if (watch->every == 0 || torc_snapshot_take(bus, watch->memory[watch->taken % 2], watch->bytes, &now) != TORC_OK) {
        return;
    }
    watch->taken++;
    (void)torc_snapshot_write(now, &style, to_stderr, NULL); /* figures that nobody can see are no reason to stop */
    watch->last = now;
}

void watch_tick(struct watch *watch, struct torc_bus *bus) {
    uint64_t now = torc_now();
    if (watch->every == 0 || now < watch->due) {
        return;
    }
    watch_show(watch, bus);
    while (watch->due <= now) {
        watch->due += watch->every;
    }
}
