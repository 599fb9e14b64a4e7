/* actors.c - mail between many senders and actors that are stopped at random moments, with DRAIN and with DROP, by
 * themselves or from outside, under fire or after it. However it ends: what was accepted was handled or dropped, what
 * was not accepted stayed with its sender, and every slot comes back. */
#include "engine.h"
#include <inttypes.h>
#include <sched.h>

enum { ACTORS = 3, SENDERS = 3 };

/* How an actor comes to its end. */
enum ending { UNDER_FIRE, BY_ITSELF, AFTER_FIRE, ENDINGS };

struct post {
    struct torc_actor *actor;
    struct post *next; /* gets some of this actor's mail; stopped after it */
    enum torc_mailbox_full full;
    enum ending ending;
    uint64_t last_message;         /* BY_ITSELF: at this one */
    uint64_t random;               /* the actor's own */
    uint64_t handled;              /* by the handler, the actor's own */
    struct stress_sum sum;         /* the same in detail */
    atomic_uint_fast64_t accepted; /* sends that answered TORC_OK */
    atomic_uint_fast64_t digest;   /* of what they carried */
    atomic_uint senders;           /* that have not seen it closed yet */
    atomic_bool stopping;          /* the handler holds still while there are senders */
    atomic_bool held;
    atomic_bool leave; /* AFTER_FIRE: senders leave by themselves */
};

struct sender {
    struct post *posts;
    struct torc_publisher *publisher;
    uint64_t seed;
    uint32_t author;
};

static struct stress_sum all;
static uint64_t all_dropped;

/* Passes the reference on, or answers why it still is the caller's. */
static int send(struct post *post, struct torc_ringptr ptr, uint64_t deadline) {
    uint64_t digest = stress_digest(torc_ringptr_type(ptr), 0, torc_ringptr_length(ptr));
    int status = torc_actor_send(post->actor, ptr, deadline);
    if (status == TORC_OK) {
        atomic_fetch_add(&post->accepted, 1);
        atomic_fetch_add(&post->digest, digest);
    } else {
        DETECT(STRESS_STATUS,
               status == TORC_CLOSED || (status == TORC_WOULD_BLOCK && post->full != TORC_MAILBOX_DROP) ||
                   (status == TORC_TIMED_OUT && post->full == TORC_MAILBOX_WAIT),
               "send: %s", torc_status_name(status));
    }
    return status;
}

static void forward(struct post *post, struct torc_ringptr message) {
    struct torc_ringptr clone;
    uint64_t pick = stress_below(&post->random, 8);
    if (stress_broken || pick > 1 || (pick == 1 && post->next == NULL)) {
        return;
    }
    OK(torc_ringptr_clone(message, &clone));
    /* To itself only if there is space: waiting for space would be waiting for itself. */
    if (send(pick == 0 ? post : post->next, clone, pick == 0 ? TORC_NO_WAIT : TORC_FOREVER) != TORC_OK) {
        OK(torc_ringptr_release(clone));
    }
}

static enum torc_action on_message(void *context, struct torc_ringptr message) {
    struct post *post = context;
    size_t size = torc_ringptr_length(message);
    (void)stress_verify_tagged(torc_ringptr_data(message), size, torc_ringptr_type(message));
    stress_add(&post->sum, torc_ringptr_type(message), 0, size);
    post->handled++;
    if (stress_broken) {
        OK(torc_ringptr_release(message)); /* the defect: the reference is the mailbox's */
    }
    if (atomic_load(&post->stopping)) {
        atomic_store(&post->held, true);
        while (atomic_load(&post->senders) != 0) {
            (void)sched_yield();
        }
    } else {
        forward(post, message);
    }
    return post->ending == BY_ITSELF && post->handled >= post->last_message ? TORC_STOP : TORC_CONTINUE;
}

/* One message to one actor; false if it takes no more from here. */
static bool mail(struct sender *sender, struct post *post, uint64_t sequence, uint64_t *random) {
    struct torc_ringptr ptr;
    void *bytes;
    size_t size = STRESS_TAG + (size_t)stress_below(random, TORC_S_BYTES - STRESS_TAG);
    uint64_t patience = stress_below(random, 3);
    int status;
    if (atomic_load(&post->leave)) {
        return false;
    }
    stress_doing("claims a slot");
    OK(torc_ringptr_claim(sender->publisher, sender->author, size, &ptr, &bytes));
    stress_fill(bytes, size, sender->author, sequence);
    stress_doing("sends");
    status = send(post, ptr,
                  patience == 0   ? TORC_NO_WAIT
                  : patience == 1 ? torc_deadline_ns(stress_below(random, 50000))
                                  : TORC_FOREVER);
    if (status != TORC_OK) {
        OK(torc_ringptr_release(ptr));
    }
    return status != TORC_CLOSED;
}

static void *send_until_closed(void *argument) {
    struct sender *sender = argument;
    uint64_t random = sender->seed;
    bool closed[ACTORS] = {false};
    size_t open = ACTORS;
    for (uint64_t i = 0; open != 0; i++) {
        size_t to = (size_t)stress_below(&random, ACTORS);
        stress_progress(i);
        if (!closed[to] && !mail(sender, &sender->posts[to], i, &random)) {
            closed[to] = true;
            open--;
            atomic_fetch_sub(&sender->posts[to].senders, 1);
        }
    }
    return NULL;
}

static void start_actor(struct torc_bus *bus, struct post *post, uint64_t *random) {
    struct torc_actor_config config = {.name = "post", .context = post, .on_message = on_message, .mailbox = 7};
    config.full = (enum torc_mailbox_full)stress_below(random, 3);
    config.wait = stress_waits[stress_below(random, 4)];
    post->full = config.full;
    post->ending = (enum ending)stress_below(random, ENDINGS);
    post->last_message = 1 + stress_below(random, 200);
    post->random = stress_random(random);
    atomic_store(&post->senders, SENDERS);
    OK(torc_actor_start(bus, &config, &post->actor));
}

static void check_actor(const struct post *post, enum torc_stop how, const struct torc_actor_stats *stats) {
    uint64_t accepted = atomic_load(&post->accepted);
    DETECT(STRESS_SUM, accepted == stats->messages + stats->dropped && stats->messages == post->handled,
           "accepted %" PRIu64 ", handled %" PRIu64 " (the handler says %" PRIu64 "), dropped %" PRIu64, accepted,
           stats->messages, post->handled, stats->dropped);
    DETECT(STRESS_SUM, stats->sent == accepted || post->full == TORC_MAILBOX_DROP, "sent %" PRIu64 " of %" PRIu64,
           stats->sent, accepted);
    if (how == TORC_STOP_DRAIN && post->full != TORC_MAILBOX_DROP && post->ending != BY_ITSELF) {
        DETECT(STRESS_SUM, stats->dropped == 0, "%" PRIu64 " dropped", stats->dropped);
    }
    if (stats->dropped == 0) {
        DETECT(STRESS_SUM, post->sum.digest == atomic_load(&post->digest), "other messages than were sent");
    }
    stress_merge(&all, &post->sum);
    all_dropped += stats->dropped;
}

/* Nobody may send once the stop has returned. So either all senders have left before, or the handler holds the actor
 * until all of them have been told. */
static void stop_actor(struct post *post, uint64_t *random) {
    enum torc_stop how = stress_below(random, 2) == 0 ? TORC_STOP_DRAIN : TORC_STOP_DROP;
    struct torc_actor_stats stats;
    stress_spin(random, 20000);
    if (post->ending == UNDER_FIRE) {
        stress_doing("waits until the actor holds still");
        atomic_store(&post->stopping, true);
        while (!atomic_load(&post->held)) {
            (void)sched_yield();
        }
    } else {
        stress_doing("waits until the senders have left");
        atomic_store(&post->leave, post->ending == AFTER_FIRE);
        while (atomic_load(&post->senders) != 0) {
            (void)sched_yield();
        }
    }
    stress_doing("stops an actor");
    OK(torc_actor_stop(post->actor, how, &stats));
    check_actor(post, how, &stats);
}

static void play_round(uint64_t number) {
    struct torc_config config = stress_small(SENDERS, 0, 4);
    struct post posts[ACTORS] = {{.actor = NULL}};
    struct sender senders[SENDERS];
    struct stress_thread *threads[SENDERS];
    struct torc_bus_stats stats;
    struct torc_bus *bus;
    struct torc_topic *topic;
    uint64_t random = number;
    config.slots[TORC_S] = 64; /* more than all mailboxes take, or a sender would wait for a slot instead */
    bus = stress_bus(&config);
    topic = stress_topic(bus, "slots");
    for (size_t i = 0; i < ACTORS; i++) {
        posts[i].next = i + 1 < ACTORS ? &posts[i + 1] : NULL;
        start_actor(bus, &posts[i], &random);
    }
    for (size_t i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.posts = posts, .seed = stress_random(&random), .author = (uint32_t)i};
        senders[i].publisher = stress_publisher(topic, TORC_WAIT_BLOCK, TORC_DRY_WAIT);
        threads[i] = stress_spawn("sender", send_until_closed, &senders[i]);
    }
    for (size_t i = 0; i < ACTORS; i++) {
        stop_actor(&posts[i], &random);
    }
    for (size_t i = 0; i < SENDERS; i++) {
        (void)stress_join(threads[i]);
        stress_publisher_end(senders[i].publisher);
    }
    OK(torc_bus_stats(bus, &stats));
    DETECT(STRESS_STALE, stats.stale_refused == 0, "%" PRIu64 " handles were stale", stats.stale_refused);
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    uint64_t rounds;
    stress_begin(argc, argv, "actors", STRESS_STALE, "a handler releases the mailbox's reference");
    rounds = stress_scaled(60);
    for (uint64_t i = 0; i < rounds; i++) {
        play_round(i);
        stress_progress(i + 1);
    }
    stress_say("%" PRIu64 " rounds of %d actors and %d senders: %" PRIu64 " messages handled, %" PRIu64 " dropped",
               rounds, (int)ACTORS, (int)SENDERS, all.events, all_dropped);
    return stress_end();
}
