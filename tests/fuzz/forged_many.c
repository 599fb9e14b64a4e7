/* forged_many.c [COUNT] - 10^7 forged handles, the same ones every time. */
#include "forged_world.h"

#include <stdio.h>
#include <stdlib.h>

const char *const target_name = "forged_many";
const uint64_t target_functions = 0;
const bool target_states = false;

static uint64_t next(uint64_t *state) {
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

int main(int argc, char **argv) {
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 0) : 10000000;
    uint64_t state = UINT64_C(0x746f7263), refused = 0, live = 0;
    worlds_open();
    while (refused < wanted) {
        struct world *world = &worlds[next(&state) % WORLDS];
        uint32_t kind = (uint32_t)(next(&state) >> 40);
        if (try_forged(world, forge(world, kind, next(&state)))) {
            refused++;
        } else {
            live++; /* the id of a slot that is live: forged or not, nobody can tell */
        }
        if (refused % 100000 == 0) {
            check_world(world);
        }
    }
    check_world(&worlds[0]);
    check_world(&worlds[1]);
    worlds_close();
    printf("forged_many: %llu forged handles refused, %llu were ids of live slots and not tried\n",
           (unsigned long long)refused, (unsigned long long)live);
    return 0;
}
