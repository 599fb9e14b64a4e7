/* process_exit.c - exit() at a random moment while publishers, readers and actors run and hold handles: the process
 * ends with its own status and does not hang. Each round is a process of its own, started anew from this program. */
#include "engine.h"
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_STATUS = 23, BROKEN_STATUS = 24 };

extern char **environ;

struct cast {
    struct torc_reader *reader;
    struct torc_actor *actor;
    struct stress_writer writer;
    struct stress_seen seen;
};

static enum torc_action on_message(void *context, struct torc_ringptr message) {
    (void)context;
    (void)stress_verify_tagged(torc_ringptr_data(message), torc_ringptr_length(message), torc_ringptr_type(message));
    return TORC_CONTINUE;
}

static void *publish(void *argument) {
    struct stress_writer *writer = argument;
    int status;
    do {
        status = stress_write_until(writer, STRESS_TAG + stress_size(&writer->random, TORC_XL_BYTES), TORC_FOREVER);
    } while (status == TORC_OK);
    OK(status);
    return NULL;
}

static void *dispatch(void *argument) {
    struct cast *all = argument;
    struct torc_event event;
    struct torc_ringptr ptr;
    while (torc_next_until(all->reader, &event, TORC_FOREVER) == TORC_OK) {
        stress_see(&all->seen, &event);
        OK(torc_keep_until(all->reader, &event, TORC_FOREVER, &ptr));
        OK(torc_actor_send(all->actor, ptr, TORC_FOREVER));
    }
    stress_fail_at(__FILE__, __LINE__, "torc_next_until", "the bus was closed by nobody");
}

/* Everything stays reachable from here, so that a leak checker sees what exit() leaves to the system. */
static struct cast cast;
static struct torc_bus *bus;

static int play(uint64_t seed) {
    struct torc_config config = stress_small(1, 1, 64);
    struct torc_actor_config actor = {.on_message = on_message, .mailbox = 7};
    enum torc_wait wait = stress_waits[seed % 4];
    struct torc_topic *topic;
    bus = stress_bus(&config);
    topic = stress_topic(bus, "exit");
    actor.wait = wait;
    OK(torc_actor_start(bus, &actor, &cast.actor));
    cast.reader = stress_reader(topic, wait, TORC_JOIN_NEXT);
    cast.seen.from_start = true;
    stress_writer_open(&cast.writer, topic, wait);
    (void)stress_spawn("publisher", publish, &cast.writer);
    (void)stress_spawn("dispatcher", dispatch, &cast);
    stress_spin(&seed, 500000);
    exit(stress_broken ? BROKEN_STATUS : EXIT_STATUS);
}

/* Where programs are run by another one (TORC_RUNNER), the kernel cannot start this file by itself. */
static int start_anew(uint64_t seed) {
    char number[32];
    char child[] = "--child";
    char broken[] = "--broken";
    char self[4096] = "";
    char *runner = getenv("TORC_RUNNER");
    bool direct = runner == NULL || *runner == '\0';
    char *arguments[] = {runner, self, child, number, stress_broken ? broken : NULL, NULL};
    char **start = direct ? arguments + 1 : arguments;
    pid_t pid;
    int status = 0;
    int error;
    CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0, "own name: %s", strerror(errno));
    (void)snprintf(number, sizeof number, "%" PRIu64, seed);
    error = posix_spawnp(&pid, start[0], NULL, NULL, start, environ);
    CHECK(error == 0, "spawn: %s", strerror(error));
    stress_doing("waits for the child to end");
    while (waitpid(pid, &status, 0) < 0) {
        CHECK(errno == EINTR, "waitpid: %s", strerror(errno));
    }
    return status;
}

/* ThreadSanitizer waits a second at every exit, which is what this program consists of. */
static void exit_at_once(void) {
    const char *options = getenv("TSAN_OPTIONS");
    char more[1024];
    (void)snprintf(more, sizeof more, "%s atexit_sleep_ms=0", options != NULL ? options : "");
    CHECK(setenv("TSAN_OPTIONS", more, 1) == 0, "no memory");
}

int main(int argc, char **argv) {
    const char *defect = "the child exits with another status";
    uint64_t rounds;
    if (argc >= 3 && strcmp(argv[1], "--child") == 0) {
        stress_begin(argc - 2, argv + 2, "process_exit child", STRESS_STATUS, defect);
        return play(strtoull(argv[2], NULL, 10));
    }
    stress_begin(argc, argv, "process_exit", STRESS_STATUS, defect);
    rounds = stress_scaled(200);
    exit_at_once();
    for (uint64_t i = 0; i < rounds; i++) {
        int status = start_anew(i);
        DETECT(STRESS_STATUS, WIFEXITED(status) && WEXITSTATUS(status) == EXIT_STATUS,
               "the child of seed %" PRIu64 " ended with %s %d", i, WIFEXITED(status) ? "status" : "signal",
               WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        stress_progress(i + 1);
    }
    stress_say("%" PRIu64 " processes ended by exit() while their threads ran", rounds);
    return stress_end();
}
