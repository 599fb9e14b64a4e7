/* fan_in.c - four publishers to one and two readers, with every wait strategy; every publisher's order is kept. */
#include "engine.h"

int main(int argc, char **argv) {
    stress_begin(argc, argv, "fan_in", STRESS_PAYLOAD, "a reader checks against the wrong sequence");
    for (size_t w = 0; w < 4; w++) {
        for (uint32_t readers = 1; readers <= 2; readers++) {
            struct stress_flow flow = {.publishers = 4,
                                       .readers = readers,
                                       .wait = stress_waits[w],
                                       .lane_entries = 512,
                                       .events = 40000,
                                       .largest = STRESS_LARGEST};
            stress_flow(&flow);
        }
    }
    return stress_end();
}
