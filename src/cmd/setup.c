/* setup.c - builds what a run needs, in order, and takes it down in the opposite one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "run.h"

/* One failed call of the library. */
static bool fail(struct run *run, const char *what, int status) {
    if (status == TORC_SYSTEM) {
        complain("%s: %s", what, strerror(errno));
    } else {
        complain("%s: %s", what, torc_strerror(status));
    }
    run->failed = true;
    return false;
}

/* The preset's lanes and pools, for as many as take part. The keep pool gets a slot more than a mailbox holds, so
 * that the mailbox is what limits how far the actors may fall behind. */
static bool open_bus(struct run *run) {
    int status = torc_config_preset(run->options.preset, &run->config);
    if (status == TORC_OK) {
        run->config.topics = 1;
        run->config.publishers = run->options.producers;
        run->config.readers = 1;
        run->config.actors = WORKERS;
        if (run->config.keep_slots < MAILBOX + 1) {
            run->config.keep_slots = MAILBOX + 1;
        }
        status = torc_bus_create(&run->config, &run->bus);
    }
    if (status == TORC_OK) {
        status = torc_topic_open(run->bus, "records", 0, &run->topic);
    }
    return status == TORC_OK || fail(run, "bus", status);
}

static bool open_workers(struct run *run) {
    const int files[WORKERS] = {[SEGMENT] = run->log.segment_fd, [MMR] = -1, [INDEX] = run->log.index_fd};
    for (int i = 0; i < WORKERS; i++) {
        struct worker *worker = &run->workers[i];
        struct torc_actor_config config = {.mailbox = MAILBOX, .full = TORC_MAILBOX_WAIT, .wait = run->options.wait};
        int status;
        if (!worker_open(worker, (enum worker_name)i, &run->control, run->log.directory, files[i])) {
            return false;
        }
        config.name = worker->name;
        config.context = worker;
        config.on_message = worker->handle;
        status = torc_actor_start(run->bus, &config, &worker->actor);
        if (status != TORC_OK) {
            return fail(run, worker->name, status);
        }
    }
    return true;
}

/* The reader is there before the first publisher: it sees every event. */
static bool open_reader(struct run *run) {
    struct torc_reader_config config = {.wait = run->options.wait, .join = TORC_JOIN_NEXT};
    int status;
    run->dispatcher.workers = run->workers;
    run->dispatcher.control = &run->control;
    status = torc_reader_open(run->topic, &config, &run->dispatcher.reader);
    return status == TORC_OK || fail(run, "reader", status);
}

static bool open_producers(struct run *run) {
    struct torc_publisher_config config = {.wait = run->options.wait, .dry = TORC_DRY_WAIT};
    size_t bytes = run->options.producers * sizeof *run->producers;
    run->producers = aligned_alloc(alignof(struct producer), bytes);
    if (run->producers == NULL) {
        return fail(run, "producers", TORC_NO_MEMORY);
    }
    memset(run->producers, 0, bytes);
    for (uint32_t i = 0; i < run->options.producers; i++) {
        struct producer *producer = &run->producers[i];
        int status = torc_publisher_open(run->topic, &config, &producer->publisher);
        if (status != TORC_OK) {
            return fail(run, "publisher", status);
        }
        atomic_init(&producer->events, 0);
        atomic_init(&producer->bytes, 0);
        atomic_init(&producer->published, 0);
        producer->feed = &run->feed;
    }
    return true;
}

/* A single input of lines is shared by all producers; otherwise each takes the next input that is left. */
static void open_feed(struct run *run) {
    struct feed *feed = &run->feed;
    const struct input *first = run->inputs.items;
    feed->inputs = &run->inputs;
    feed->records = run->options.records;
    feed->control = &run->control;
    atomic_init(&feed->next, 0);
    atomic_init(&feed->failed, false);
    run->shared_fd = -1;
    if (run->options.producers > 1 && run->inputs.count == 1 && feed_lines(feed, first)) {
        run->shared_fd = feed_open(feed, first);
        atomic_init(&feed->next, 1); /* taken, also if it could not be opened */
    }
    if (run->shared_fd >= 0) {
        lines_open(&run->shared, &run->control, run->shared_fd, first->path);
        feed->shared = &run->shared;
    }
}

static bool start_dispatcher(struct run *run) {
    int error = pthread_create(&run->dispatcher.thread, NULL, dispatch_main, &run->dispatcher);
    if (error != 0) {
        complain("dispatcher: %s", strerror(error));
    }
    run->dispatching = error == 0;
    return run->dispatching;
}

bool setup_open(struct run *run) {
    uint64_t leaked;
    if (!control_open(&run->control)) {
        return false;
    }
    if (!log_create(&run->log, run->options.out, run->options.force)) {
        control_close(&run->control);
        return false;
    }
    open_feed(run);
    if (open_bus(run) && watch_open(&run->watch, run->bus, run->options.stats_every) && open_workers(run) &&
        open_reader(run) && open_producers(run) && start_dispatcher(run)) {
        return true;
    }
    if (run->bus != NULL) {
        setup_finish(run);
    }
    log_discard(&run->log);
    setup_close(run, &leaked);
    return false;
}

static void stop_actor(struct run *run, struct worker *worker) {
    int status;
    if (worker->actor == NULL) {
        return;
    }
    status = torc_actor_stop(worker->actor, TORC_STOP_DRAIN, &worker->stats);
    worker->actor = NULL;
    if (status != TORC_OK) {
        (void)fail(run, worker->name, status);
    }
}

void setup_finish(struct run *run) {
    int status = torc_bus_close(run->bus);
    if (status != TORC_OK) {
        (void)fail(run, "closing the bus", status);
    }
    if (run->dispatching) {
        (void)pthread_join(run->dispatcher.thread, NULL); /* joinable, joined once, not this thread */
    }
    run->dispatching = false;
    for (int i = 0; i < WORKERS; i++) {
        stop_actor(run, &run->workers[i]);
        worker_flush(&run->workers[i]);
    }
}

static void close_producers(struct run *run) {
    for (uint32_t i = 0; run->producers != NULL && i < run->options.producers; i++) {
        struct torc_publisher *publisher = run->producers[i].publisher;
        int status = publisher != NULL ? torc_publisher_close(publisher) : TORC_OK;
        if (status != TORC_OK) {
            (void)fail(run, "publisher", status);
        }
    }
    free(run->producers);
    run->producers = NULL;
}

static void close_bus(struct run *run, uint64_t *leaked) {
    int status = run->dispatcher.reader != NULL ? torc_reader_close(run->dispatcher.reader) : TORC_OK;
    if (status != TORC_OK) {
        (void)fail(run, "reader", status);
    }
    run->dispatcher.reader = NULL;
    status = run->bus != NULL ? torc_bus_destroy(&run->bus, leaked) : TORC_OK;
    if (status != TORC_OK) {
        (void)fail(run, "bus", status);
    }
}

void setup_close(struct run *run, uint64_t *leaked) {
    *leaked = 0;
    watch_close(&run->watch);
    close_producers(run);
    close_bus(run, leaked);
    for (int i = 0; i < WORKERS; i++) {
        worker_close(&run->workers[i]);
    }
    if (run->feed.shared != NULL) {
        lines_close(&run->shared);
    }
    if (run->shared_fd >= 0) {
        feed_close(run->inputs.items, run->shared_fd);
    }
    log_close(&run->log);
    control_close(&run->control);
}
