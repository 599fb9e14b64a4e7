/* policies.c - all policies side by side: one publisher at full rate, and readers of every policy (followers.h). */
#include "followers.h"

static void run(uint64_t events, uint32_t lane_entries, size_t largest, uint32_t inline_bytes) {
    struct follower followers[] = {
        {"gate", GATE, {.policy = TORC_POLICY_GATE}, .spin = 4},
        {"oldest", LOSSY, {.policy = TORC_POLICY_LOSSY}, .spin = 500},
        {"newest", LOSSY, {.policy = TORC_POLICY_LOSSY, .resume = TORC_RESUME_NEWEST}, .spin = 2000, .absent = 20000},
        {"conflate", CONFLATE, {.policy = TORC_POLICY_CONFLATE}, .spin = 1000},
        {"types",
         PER_TYPE,
         {.policy = TORC_POLICY_CONFLATE, .conflate_types = FOLLOWED_TYPES},
         .spin = 300,
         .absent = 5000},
        {"few", PER_TYPE, {.policy = TORC_POLICY_CONFLATE, .conflate_types = FOLLOWED_TYPES / 2}, .spin = 30},
        {"evict", EVICT, {.policy = TORC_POLICY_EVICT, .evict_after_ns = 50000}, .absent = 100000},
        {"leave",
         LEAVE,
         {.policy = TORC_POLICY_EVICT, .evicted = TORC_EVICTED_LEAVE, .evict_after_ns = 100000},
         .absent = 100000}};
    follow_all(followers, sizeof followers / sizeof followers[0], stress_scaled(events), lane_entries, largest,
               inline_bytes);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "policies", STRESS_SUM, "a reader does not always count what was conflated away");
    run(200000, 1024, TORC_INLINE_BYTES, 0);
    run(100000, 32, TORC_INLINE_BYTES, 0);
    run(50000, 256, STRESS_LARGEST, 0);
    run(20000, 16, STRESS_LARGEST, 0);
    run(50000, 64, TORC_S_BYTES, TORC_S_BYTES);
    run(20000, 16, STRESS_LARGEST, TORC_L_BYTES);
    return stress_end();
}
