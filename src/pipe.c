/* src/pipe.c - pipes: a handler whose verdicts come from a publisher. */
#include "core.h"

#include <stdlib.h>
#include <string.h>
#include <torc/pipe.h>

/* How long a try waits for space: how soon a stop is noticed. */
#define TRY_NS UINT64_C(10000000)

struct torc_pipe {
    struct torc_pipe_config config;
    struct torc_handler_thread *handler;
    struct torc_publisher *publisher;
    torc_a64 passed, dropped, waits;
    torc_a32 failed; /* the destination's status, negated */
};

static void count(torc_a64 *counter) {
    torc_store_relaxed64(counter, torc_load_relaxed64(counter) + 1);
}

static enum torc_pass copy(const struct torc_event *event, struct torc_claim *out) {
    out->length = out->length < event->length ? out->length : event->length;
    if (out->length != 0) {
        memcpy(out->data, event->data, out->length);
    }
    return TORC_PASS;
}

static enum torc_verdict fill(struct torc_pipe *pipe, const struct torc_event *event, struct torc_claim *claim) {
    const struct torc_pipe_config *config = &pipe->config;
    enum torc_pass pass =
        config->transform != NULL ? config->transform(config->context, event, claim) : copy(event, claim);
    int status = pass == TORC_PASS ? torc_commit(pipe->publisher, claim) : torc_abort(pipe->publisher, claim);
    if (status != TORC_OK) { /* transform made it longer than it was */
        claim->length = 0;
        (void)torc_abort(pipe->publisher, claim);
        torc_store_relaxed32(&pipe->failed, (uint32_t)-status);
        return TORC_VERDICT_STOP;
    }
    count(pass == TORC_PASS ? &pipe->passed : &pipe->dropped);
    return TORC_VERDICT_OK;
}

static enum torc_verdict on_event(void *context, struct torc_handler_thread *handler, const struct torc_event *event,
                                  int end_of_batch) {
    struct torc_pipe *pipe = context;
    const struct torc_pipe_config *config = &pipe->config;
    size_t room = config->room != NULL ? config->room(config->context, event) : event->length;
    struct torc_claim claim;
    int status = torc_try_claim(pipe->publisher, event->type, room, &claim);
    (void)end_of_batch;
    if (status == TORC_WOULD_BLOCK) {
        (void)torc_handler_release(handler); /* what was passed must not hold the source up meanwhile */
        status = torc_claim_until(pipe->publisher, event->type, room, torc_deadline_ns(TRY_NS), &claim);
    }
    if (status == TORC_OK) {
        return fill(pipe, event, &claim);
    }
    if (status == TORC_TIMED_OUT) {
        count(&pipe->waits);
        return TORC_VERDICT_RETRY;
    }
    torc_store_relaxed32(&pipe->failed, (uint32_t)-status);
    return TORC_VERDICT_STOP;
}

int torc_pipe_start(struct torc_topic *from, struct torc_topic *to, const struct torc_pipe_config *config,
                    struct torc_pipe **out) {
    static const struct torc_pipe_config defaults;
    struct torc_handler_config handler;
    struct torc_pipe *pipe;
    int status;
    config = config == NULL ? &defaults : config;
    if (from == NULL || to == NULL || from == to || out == NULL) {
        return TORC_INVALID;
    }
    pipe = calloc(1, sizeof *pipe);
    if (pipe == NULL) {
        return TORC_NO_MEMORY;
    }
    pipe->config = *config;
    handler = (struct torc_handler_config){.name = config->name != NULL ? config->name : "torc-pipe",
                                           .context = pipe,
                                           .on_event = on_event,
                                           .reader = config->reader,
                                           .max_batch = config->max_batch,
                                           .attempts = UINT32_MAX};
    status = torc_publisher_open(to, &config->publisher, &pipe->publisher);
    if (status == TORC_OK) {
        status = torc_handler_start(from, &handler, &pipe->handler);
        if (status != TORC_OK) {
            (void)torc_publisher_close(pipe->publisher);
        }
    }
    if (status != TORC_OK) {
        free(pipe);
        return status;
    }
    *out = pipe;
    return TORC_OK;
}

int torc_pipe_stop(struct torc_pipe *pipe) {
    return pipe == NULL ? TORC_INVALID : torc_handler_stop(pipe->handler);
}

int torc_pipe_join(struct torc_pipe *pipe, uint64_t deadline) {
    return pipe == NULL ? TORC_INVALID : torc_handler_join(pipe->handler, deadline);
}

int torc_pipe_close(struct torc_pipe *pipe) {
    int status = pipe == NULL ? TORC_INVALID : torc_handler_close(pipe->handler);
    if (status == TORC_OK) {
        (void)torc_publisher_close(pipe->publisher);
        free(pipe);
    }
    return status;
}

int torc_pipe_stats(const struct torc_pipe *pipe, struct torc_pipe_stats *stats) {
    struct torc_handler_stats handler;
    if (pipe == NULL || stats == NULL) {
        return TORC_INVALID;
    }
    (void)torc_handler_stats(pipe->handler, &handler);
    *stats = (struct torc_pipe_stats){.passed = torc_load_relaxed64(&pipe->passed),
                                      .dropped = torc_load_relaxed64(&pipe->dropped),
                                      .lost = handler.lost,
                                      .waits = torc_load_relaxed64(&pipe->waits),
                                      .ended = handler.ended,
                                      .status = -(int)torc_load_relaxed32(&pipe->failed)};
    return TORC_OK;
}
