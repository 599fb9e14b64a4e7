/* thread_exit.c - threads that end where nobody expects it: they return, exit or are cancelled while they hold handles,
 * inside a reader's handler, or while they wait for an event or for space. What they leave behind can be closed and
 * released by others, nothing leaks and nothing hangs. */
#include "engine.h"
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

enum { HELD = 12, ENTRIES = 16 };
enum manner { RETURNS, EXITS, IS_CANCELLED, MANNERS };

struct scene {
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_reader *reader;
    struct stress_writer writer;
    struct stress_seen seen;
    enum manner manner;
    enum torc_wait wait;
    struct torc_ringptr held[HELD];
    size_t have;
    atomic_bool there; /* the thread is where it is to end */
};

static void open_scene(struct scene *scene, uint64_t number) {
    struct torc_config config = stress_small(1, 2, ENTRIES);
    memset(scene, 0, sizeof *scene);
    scene->manner = (enum manner)(number % MANNERS);
    scene->wait = stress_waits[number / MANNERS % 4];
    scene->bus = stress_bus(&config);
    scene->topic = stress_topic(scene->bus, "scene");
    scene->reader = stress_reader(scene->topic, scene->wait, TORC_JOIN_NEXT);
    scene->seen.from_start = true;
    stress_writer_open(&scene->writer, scene->topic, scene->wait);
}

static void close_scene(struct scene *scene) {
    stress_reader_end(scene->reader);
    stress_writer_end(&scene->writer);
    stress_bus_end(scene->bus);
}

/* Only here threads of this program can be cancelled, unless the library waits in a call that can be as well. */
static void end_here(struct scene *scene) {
    atomic_store(&scene->there, true);
    if (scene->manner == EXITS) {
        pthread_exit(scene);
    }
    while (scene->manner == IS_CANCELLED) {
        pthread_testcancel();
        (void)sched_yield();
    }
}

static void wait_until_there(struct scene *scene) {
    while (!atomic_load(&scene->there)) {
        (void)sched_yield();
    }
}

static void end_of(struct scene *scene, struct stress_thread *thread) {
    void *result;
    wait_until_there(scene);
    if (scene->manner == IS_CANCELLED) {
        stress_cancel(thread);
    }
    result = stress_join(thread);
    CHECK(result == (scene->manner == IS_CANCELLED ? PTHREAD_CANCELED : (void *)scene), "the thread ended otherwise");
}

/* --- with handles --- */

static void *keep_and_end(void *argument) {
    struct scene *scene = argument;
    struct torc_event event;
    while (scene->have < HELD) {
        stress_doing("reads and keeps");
        OK(torc_next_until(scene->reader, &event, TORC_FOREVER));
        stress_see(&scene->seen, &event);
        OK(torc_keep(scene->reader, &event, &scene->held[scene->have++]));
    }
    end_here(scene);
    return scene;
}

static void holding_handles(uint64_t number) {
    struct scene scene;
    struct stress_thread *thread;
    open_scene(&scene, number);
    thread = stress_spawn("holder", keep_and_end, &scene);
    for (size_t i = 0; i < HELD; i++) {
        stress_write(&scene.writer, STRESS_TAG + stress_size(&scene.writer.random, TORC_S_BYTES));
    }
    end_of(&scene, thread);
    for (size_t i = 0; i < HELD; i++) {
        struct torc_ringptr ptr = scene.held[i];
        (void)stress_verify_tagged(torc_ringptr_data(ptr), torc_ringptr_length(ptr), torc_ringptr_type(ptr));
        if (!stress_broken || i != 0) { /* the defect: one is forgotten */
            OK(torc_ringptr_release(ptr));
        }
    }
    close_scene(&scene);
}

/* --- inside a handler --- */

static enum torc_action handle_and_end(void *context, const struct torc_event *event) {
    struct scene *scene = context;
    stress_see(&scene->seen, event);
    if (scene->seen.met == HELD) {
        end_here(scene);
    }
    return TORC_CONTINUE;
}

static void *poll_and_end(void *argument) {
    struct scene *scene = argument;
    stress_doing("polls");
    while (scene->seen.met < HELD) {
        int status = torc_poll_until(scene->reader, handle_and_end, scene, 5, TORC_FOREVER);
        CHECK(status > 0, "%s", torc_status_name(status));
    }
    return scene;
}

/* The reader was left in the middle of its handler: it must not gate, hang a detach, or keep the bus. */
static void inside_handler(uint64_t number) {
    struct scene scene;
    struct stress_thread *thread;
    open_scene(&scene, number);
    thread = stress_spawn("handler", poll_and_end, &scene);
    for (size_t i = 0; i < HELD; i++) {
        stress_write(&scene.writer, stress_size(&scene.writer.random, TORC_S_BYTES));
    }
    end_of(&scene, thread);
    stress_doing("detaches what an ended thread left");
    OK(torc_reader_detach(scene.reader));
    for (size_t i = 0; i < 2 * ENTRIES; i++) {
        stress_write(&scene.writer, stress_size(&scene.writer.random, TORC_S_BYTES));
    }
    close_scene(&scene);
}

/* --- waiting for an event --- */

static void *wait_for_ever(void *argument) {
    struct scene *scene = argument;
    struct torc_event event;
    atomic_store(&scene->there, true);
    stress_doing("waits for events");
    while (torc_next_until(scene->reader, &event, TORC_FOREVER) == TORC_OK) {
        stress_see(&scene->seen, &event);
        pthread_testcancel();
    }
    return NULL;
}

/* The publisher goes on until the thread is gone: a lane that fills up must not stop that, so it only tries. */
static void waiting_for_event(uint64_t number) {
    struct scene scene;
    struct stress_thread *thread;
    void *result = NULL;
    int status;
    open_scene(&scene, number);
    scene.manner = IS_CANCELLED;
    thread = stress_spawn("waiter", wait_for_ever, &scene);
    wait_until_there(&scene);
    stress_spin(&number, 20000);
    stress_cancel(thread);
    stress_doing("publishes until the cancelled reader's thread is gone");
    while (!stress_try_join(thread, &result)) {
        status = stress_write_until(&scene.writer, 8, TORC_NO_WAIT);
        CHECK(status == TORC_OK || status == TORC_WOULD_BLOCK, "%s", torc_status_name(status));
        (void)sched_yield();
    }
    CHECK(result == PTHREAD_CANCELED, "the thread was not cancelled");
    stress_doing("closes a cancelled thread's reader");
    status = torc_reader_detach(scene.reader); /* the thread may have ended with a borrow in hand */
    CHECK(status == TORC_OK || status == TORC_BUSY, "%s", torc_status_name(status));
    close_scene(&scene);
}

/* --- waiting for space --- */

static void *publish_for_ever(void *argument) {
    struct scene *scene = argument;
    struct stress_writer *writer = &scene->writer;
    atomic_store(&scene->there, true);
    stress_doing("publishes");
    while (stress_write_until(writer, stress_size(&writer->random, TORC_S_BYTES), TORC_FOREVER) == TORC_OK) {
        pthread_testcancel();
    }
    return NULL;
}

static void waiting_for_space(uint64_t number) {
    struct scene scene;
    struct stress_thread *thread;
    struct torc_event event;
    void *result = NULL;
    int status;
    open_scene(&scene, number);
    thread = stress_spawn("publisher", publish_for_ever, &scene);
    wait_until_there(&scene);
    stress_spin(&number, 20000);
    stress_cancel(thread);
    stress_doing("reads until the cancelled publisher's thread is gone");
    while (!stress_try_join(thread, &result)) {
        status = torc_next(scene.reader, &event);
        CHECK(status == TORC_OK || status == TORC_EMPTY, "%s", torc_status_name(status));
        if (status == TORC_OK) {
            stress_see(&scene.seen, &event);
        }
        OK(torc_advance(scene.reader));
    }
    CHECK(result == PTHREAD_CANCELED, "the thread was not cancelled");
    while (torc_next(scene.reader, &event) == TORC_OK) {
        stress_see(&scene.seen, &event);
    }
    stress_same(&scene.writer.sum, &scene.seen.sum, "reader");
    close_scene(&scene);
}

int main(int argc, char **argv) {
    uint64_t rounds;
    stress_begin(argc, argv, "thread_exit", STRESS_AUDIT, "a handle of an ended thread is forgotten");
    rounds = stress_scaled(600);
    for (uint64_t i = 0; i < rounds; i++) {
        holding_handles(i);
        inside_handler(i);
        waiting_for_event(i);
        waiting_for_space(i);
        stress_progress(i + 1);
    }
    stress_say("threads ended %" PRIu64 " times each: with handles, in a handler, waiting for an event, for space",
               rounds);
    return stress_end();
}
