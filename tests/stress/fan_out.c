/* fan_out.c - one publisher to one, two, three and four readers, with every wait strategy. */
#include "engine.h"

int main(int argc, char **argv) {
    stress_begin(argc, argv, "fan_out", STRESS_PAYLOAD, "a reader checks against the wrong sequence");
    for (size_t w = 0; w < 4; w++) {
        for (uint32_t readers = 1; readers <= 4; readers++) {
            struct stress_flow flow = {.publishers = 1,
                                       .readers = readers,
                                       .wait = stress_waits[w],
                                       .lane_entries = 1024,
                                       .events = 200000 / readers,
                                       .largest = STRESS_LARGEST};
            stress_flow(&flow);
        }
    }
    return stress_end();
}
