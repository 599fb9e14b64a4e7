/* arena_cross.c - one thread allocates from an arena and fills, others check every byte and release, by one store each.
 * The owner fills again what comes back at once, in a store with room for little more than what is out; some buffers
 * grow while they are written. At the end nothing is out and all was seen.
 *
 * Then many short arenas, destroyed while their last buffers are still being released. */
#include "engine.h"
#include <inttypes.h>
#include <sched.h>
#include <string.h>

enum { CHECKERS = 3, SLOTS = 32, LARGEST = 3000, STORE = CHECKERS * SLOTS * (LARGEST / 2) };

/* From the owner to one checker: a ring of buffers, each position written by one side at a time. */
struct post {
    struct torc_buffer buffer[SLOTS];
    _Alignas(64) atomic_uint_fast64_t sent;
    _Alignas(64) atomic_uint_fast64_t taken;
    uint64_t seen;
    uint32_t author;
};

static struct post posts[CHECKERS];
static atomic_bool ended;

static void *check(void *argument) {
    struct post *post = argument;
    uint64_t random = post->author + 1;
    for (;;) {
        uint64_t at = atomic_load_explicit(&post->taken, memory_order_relaxed);
        bool last = atomic_load(&ended);
        struct torc_buffer *buffer = &post->buffer[at % SLOTS];
        if (atomic_load_explicit(&post->sent, memory_order_acquire) == at) {
            if (last) {
                return NULL;
            }
            (void)sched_yield();
            continue;
        }
        DETECT(STRESS_PAYLOAD, stress_match(buffer->data, buffer->length, post->author, at),
               "buffer %" PRIu64 " of %zu bytes does not hold what its owner wrote", at, buffer->length);
        stress_spin(&random, 100);
        DETECT(STRESS_PAYLOAD, torc_buffer_release(buffer) == TORC_OK, "buffer %" PRIu64 " was released by another",
               at);
        atomic_store_explicit(&post->taken, at + 1, memory_order_release);
        post->seen++;
        stress_progress(post->seen);
    }
}

/* A buffer with the pattern of this post's next position, written at once or grown in pieces. */
static int compose(struct torc_arena *arena, const struct post *post, uint64_t at, uint64_t *random,
                   struct torc_buffer *buffer) {
    static unsigned char bytes[LARGEST];
    size_t size = (size_t)stress_below(random, LARGEST), written = 0;
    struct torc_extendable message;
    int status;
    if (stress_below(random, 4) != 0) {
        status = torc_arena_alloc_aligned(arena, size, (size_t)16 << stress_below(random, 4), buffer);
        if (status == TORC_OK) {
            stress_fill(buffer->data, size, post->author, at);
            CHECK(torc_buffer_advance(buffer, size) == size, "a buffer is smaller than it says");
        }
        return status;
    }
    stress_fill(bytes, size, post->author, at);
    status = torc_arena_open(arena, 16, &message);
    while (status == TORC_OK && written < size) {
        size_t piece = size - written < 100 ? size - written : 100;
        size_t done = torc_extend_write(&message, bytes + written, piece);
        written += done;
        if (done < piece) {
            OK(torc_extend_cancel(&message));
            return TORC_POOL_DRY;
        }
    }
    return status == TORC_OK ? torc_extend_finish(&message, buffer) : status;
}

/* The defect: a buffer is given back before it is handed over, as if its checker had released it already. */
static void maybe_break(const struct torc_buffer *buffer, uint64_t at) {
    if (stress_broken && at == 1000) {
        torc_store_release64(torc_guard_of(buffer->data), buffer->word & TORC_GUARD_LINK);
    }
}

static void send(struct torc_arena *arena, struct post *post, uint64_t *random, uint64_t *dry) {
    uint64_t at = atomic_load_explicit(&post->sent, memory_order_relaxed);
    struct torc_buffer buffer;
    int status;
    if (at - atomic_load_explicit(&post->taken, memory_order_acquire) == SLOTS) {
        (void)sched_yield();
        return;
    }
    status = compose(arena, post, at, random, &buffer);
    if (status == TORC_POOL_DRY) {
        (*dry)++;
        (void)sched_yield();
        return;
    }
    OK(status);
    maybe_break(&buffer, at);
    post->buffer[at % SLOTS] = buffer;
    atomic_store_explicit(&post->sent, at + 1, memory_order_release);
    while (stress_broken &&
           at == 1000) { /* until its checker has found out: what is allocated now could hide the defect */
        (void)sched_yield();
    }
}

static void cross(void) {
    uint64_t events = stress_scaled(400000), random = 5, dry = 0, sent = 0;
    struct stress_thread *threads[CHECKERS];
    struct torc_arena *arena;
    uint64_t out = 0;
    OK(torc_arena_create(STORE, &arena));
    for (uint32_t i = 0; i < CHECKERS; i++) {
        posts[i].author = i + 1;
        threads[i] = stress_spawn("checker", check, &posts[i]);
    }
    while (sent < events) {
        sent = 0;
        for (uint32_t i = 0; i < CHECKERS; i++) {
            send(arena, &posts[i], &random, &dry);
            sent += atomic_load_explicit(&posts[i].sent, memory_order_relaxed);
        }
        if (sent % 4096 < CHECKERS) {
            DETECT(STRESS_PAYLOAD, torc_arena_is_valid(arena) == TORC_OK, "the guards do not lead through the store");
        }
    }
    atomic_store(&ended, true);
    DETECT(STRESS_PAYLOAD, torc_arena_destroy(&arena, TORC_FOREVER, &out) == TORC_OK,
           "%" PRIu64 " buffers never came back", out);
    for (uint32_t i = 0; i < CHECKERS; i++) {
        (void)stress_join(threads[i]);
        DETECT(STRESS_PAYLOAD, posts[i].seen == atomic_load(&posts[i].sent), "a checker did not see all");
    }
    stress_say("%" PRIu64 " buffers crossed, the store was clogged %" PRIu64 " times", sent, dry);
}

/* --- destroyed under the releasers' hands ------------------------------------------------------------------------ */

struct last {
    struct torc_buffer buffer;
    uint64_t round;
};

static void *release_last(void *argument) {
    struct last *last = argument;
    uint64_t random = last->round + 1;
    stress_spin(&random, 3000);
    stress_verify(last->buffer.data, last->buffer.length, 1, last->round);
    OK(torc_buffer_release(&last->buffer));
    return NULL;
}

static void destroy_round(uint64_t round) {
    struct torc_arena *arena;
    struct last last[2] = {{.round = round}, {.round = round}};
    struct stress_thread *threads[2];
    OK(torc_arena_create(1000, &arena));
    for (int i = 0; i < 2; i++) {
        OK(torc_arena_alloc(arena, 200, &last[i].buffer));
        stress_fill(last[i].buffer.data, 200, 1, round);
        (void)torc_buffer_advance(&last[i].buffer, 200);
        threads[i] = stress_spawn("releaser", release_last, &last[i]);
    }
    OK(round % 2 == 0 ? torc_arena_destroy(&arena, TORC_FOREVER, NULL) : torc_arena_abandon(&arena));
    for (int i = 0; i < 2; i++) {
        (void)stress_join(threads[i]);
    }
}

int main(int argc, char **argv) {
    uint64_t rounds;
    stress_begin(argc, argv, "arena_cross", STRESS_PAYLOAD, "a buffer's place is given back before it is read");
    rounds = stress_scaled(2000);
    cross();
    for (uint64_t i = 0; i < rounds && !stress_broken; i++) {
        destroy_round(i);
    }
    stress_say("%" PRIu64 " arenas destroyed or abandoned while their buffers came back", rounds);
    return stress_end();
}
