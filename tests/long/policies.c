/* policies.c - one policy, so many events: policies POLICY EVENTS [--broken].
 *
 * No payload mixes two sequences, and what came plus what was lost is what was published, to the event
 * (tests/stress/followers.h). Most payloads stand in the entry, the others in slots. Evicted readers join anew where
 * they were, and learn what they have missed. */
#include "../stress/followers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 4096, LARGEST = 64, MOST = 2 };

static const struct policy {
    const char *name;
    uint32_t count;
    struct follower followers[MOST];
} policies[] = {
    {"gate",
     2,
     {{"gate", GATE, {.policy = TORC_POLICY_GATE}, .absent = 5000, .seldom = 4096},
      {"gate", GATE, {.policy = TORC_POLICY_GATE}, .absent = 5000, .seldom = 4096}}},
    {"lossy",
     2,
     {{"oldest", LOSSY, {.policy = TORC_POLICY_LOSSY}, .absent = 5000, .seldom = 4096},
      {"newest", LOSSY, {.policy = TORC_POLICY_LOSSY, .resume = TORC_RESUME_NEWEST}, .absent = 5000, .seldom = 4096}}},
    {"conflate",
     2,
     {{"conflate", CONFLATE, {.policy = TORC_POLICY_CONFLATE}, .absent = 5000, .seldom = 4096},
      {"types",
       PER_TYPE,
       {.policy = TORC_POLICY_CONFLATE, .conflate_types = FOLLOWED_TYPES},
       .absent = 5000,
       .seldom = 4096}}},
    {"evict",
     2,
     {{"evict",
       EVICT,
       {.policy = TORC_POLICY_EVICT, .evict_after_ns = 50000},
       .absent = 20000,
       .seldom = 65536,
       .again = 100000},
      {"leave",
       LEAVE,
       {.policy = TORC_POLICY_EVICT, .evicted = TORC_EVICTED_LEAVE, .evict_after_ns = 50000},
       .absent = 20000,
       .seldom = 65536,
       .again = 1}}}};

static const struct policy *policy_of(const char *name) {
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        if (strcmp(name, policies[i].name) == 0) {
            return &policies[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv) {
    const struct policy *policy = argc < 3 ? NULL : policy_of(argv[1]);
    uint64_t events = argc < 3 ? 0 : strtoull(argv[2], NULL, 10);
    struct follower followers[MOST];
    uint64_t began;
    double seconds;
    if (policy == NULL || events == 0) {
        (void)fprintf(stderr, "usage: %s gate|lossy|conflate|evict EVENTS [--broken]\n", argv[0]);
        return 2;
    }
    stress_begin(argc - 2, argv + 2, "long", STRESS_SUM, "a reader does not always count what was conflated away");
    memcpy(followers, policy->followers, sizeof followers);
    began = torc_now();
    follow_all(followers, policy->count, events, ENTRIES, LARGEST, 0);
    seconds = (double)(torc_now() - began) / 1e9;
    stress_say("%s: %" PRIu64 " events in %.1f s, %.1f million a second", policy->name, events, seconds,
               (double)events / seconds / 1e6);
    return stress_end();
}
