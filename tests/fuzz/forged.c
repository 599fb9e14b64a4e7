/* forged.c - the forged target: handles that nobody was given, to every function that takes one. */
#include "forged_world.h"

const char *const target_name = "forged";
const uint64_t target_functions = UINT64_C(1) << F_torc_actor_send;
const bool target_states = false;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, data + size};
    struct world *world;
    worlds_open();
    world = &worlds[take_below(&input, WORLDS)];
    for (uint32_t step = 1; !input_ended(&input); step++) {
        uint32_t kind = take_byte(&input);
        at_step(step, "forged");
        (void)try_forged(world, kind >= 128 ? take_word(&input) : forge(world, kind, take_word(&input)));
    }
    check_world(world);
    return 0;
}
