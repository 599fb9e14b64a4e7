/* soak.h - everything at once, for as long as one likes.
 *
 * A life is one bus from creation to destruction: publishers that come and go on two topics, readers that stay and
 * readers that visit, actors, a janitor who releases what others kept and detaches visitors, and an end that comes at
 * any moment. At the quiet point after each life the books must balance: what was written was read, slots are
 * conserved, nothing is held. */
#ifndef TORC_SOAK_H
#define TORC_SOAK_H

#include "../stress/engine.h"

#include <pthread.h>

enum { TOPICS = 2, ACTORS = 2, STEADY = TOPICS, VISITORS = 3, PUBLISHERS = 4, BAG = 64, MESSAGE = 999 };

struct soak_topic {
    struct torc_topic *topic;
    pthread_mutex_t lock; /* of written */
    struct stress_sum written;
};

/* A visitor's place: the janitor may detach who sits there. */
struct soak_seat {
    pthread_mutex_t lock;
    struct torc_reader *reader;
};

struct soak {
    struct torc_bus *bus;
    struct soak_topic topics[TOPICS];
    struct torc_actor *actors[ACTORS];
    struct torc_reader *steady[STEADY];
    struct soak_seat seats[VISITORS];
    pthread_mutex_t bag_lock;
    struct torc_ringptr bag[BAG]; /* kept, to be released by the janitor */
    size_t bagged;
    atomic_uint threads; /* numbers the threads: seeds and authors */
    atomic_bool over;    /* for visitors and the janitor */
    uint64_t seed;       /* of this life, for its threads */
    uint64_t random;     /* the main thread's */
};

/* What was done in all lives. */
struct soak_tally {
    atomic_uint_fast64_t events, messages, handled, kept, released, opened, visits, detached, aborted, late, dry,
        closed;
};
extern struct soak_tally soak_tally;

/* soak_release: gives a reference back; must be live. With the planted defect one of every soak_forget is not. */
extern uint64_t soak_forget;
extern atomic_uint_fast64_t soak_forgotten;
void soak_release(struct torc_ringptr ptr);
/* soak_put_aside: the janitor's from now on. */
void soak_put_aside(struct soak *soak, struct torc_ringptr ptr);

/* The parts. Each is a thread's body; the argument is the soak, but for seats and steady readers. */
void *soak_publish(void *soak);
void *soak_read_steadily(void *role);
void *soak_visit(void *role);
void *soak_clean_up(void *soak);
struct soak_role {
    struct soak *soak;
    size_t index;
    struct stress_sum read;
};
enum torc_action soak_on_message(void *soak, struct torc_ringptr message);
enum torc_action soak_on_event(void *soak, struct torc_reader *reader, const struct torc_event *event);

#endif
