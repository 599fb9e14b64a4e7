/* crowd.c - eight threads per wait strategy, more than there are cores, on lanes so short that both sides wait all the
 * time: nobody may spin for ever while the one it waits for has no core. */
#include "engine.h"

int main(int argc, char **argv) {
    stress_begin(argc, argv, "crowd", STRESS_PAYLOAD, "a reader checks against the wrong sequence");
    for (size_t w = 0; w < 4; w++) {
        for (uint32_t entries = 4; entries <= 64; entries *= 16) {
            struct stress_flow flow = {.publishers = 4,
                                       .readers = 4,
                                       .wait = stress_waits[w],
                                       .lane_entries = entries,
                                       .events = entries == 4 ? 1000 : 10000,
                                       .largest = TORC_XL_BYTES};
            stress_flow(&flow);
        }
    }
    return stress_end();
}
