/* pools/bank.c - from a length to a slot, and what to do when the fitting pool is dry. */
#include "bank.h"
#include "xxl.h"

/* Defined where it is not used: its address is then taken the cheap way everywhere. */
__thread char torc_thread_anchor __attribute__((tls_model("initial-exec")));

static const uint32_t shirt_bytes[TORC_BANK_POOLS] = {TORC_XS_BYTES, TORC_S_BYTES,  TORC_M_BYTES,
                                                      TORC_L_BYTES,  TORC_XL_BYTES, 0};

uint32_t torc_shirt_bytes(uint32_t shirt) {
    return shirt < TORC_BANK_POOLS ? shirt_bytes[shirt] : 0;
}

/* The block of a descriptor just taken. An area that is full may be so because of events that everybody has read. */
static int take_block(struct torc_bank *bank, uint32_t number, uint32_t index, size_t length) {
    struct torc_pool_view *pool = &bank->bus->pools[number];
    int status = torc_xxl_alloc(pool, index, length);
    if (status == TORC_POOL_DRY && torc_pool_reap(bank->bus, number, &bank->gate) != 0) {
        status = torc_xxl_alloc(pool, index, length);
    }
    if (status != TORC_OK) {
        torc_pool_put_back(pool, index);
    }
    if (status == TORC_POOL_DRY && bank->look == TORC_LOOK_FIRST) {
        torc_pool_note_full(pool);
    }
    return status;
}

/* An index in the pool of this shirt, or TORC_NO_SLOT. */
static uint32_t take_index(struct torc_bank *bank, uint32_t shirt) {
    uint32_t number = bank->first + shirt;
    uint32_t index = bank->look == TORC_LOOK_EVERYWHERE ? torc_pool_take_anywhere(bank->bus, number, &bank->gate)
                     : bank->look == TORC_LOOK_AGAIN    ? torc_pool_take_again(bank->bus, number, &bank->gate)
                                                        : torc_pool_take(bank->bus, number, &bank->gate);
    if (index == TORC_NO_SLOT && bank->look == TORC_LOOK_FIRST) {
        torc_pool_note_dry(&bank->bus->pools[number]);
    }
    return index;
}

/* One shirt, one try. */
static int take_shirt(struct torc_bank *bank, uint32_t shirt, size_t length, uint64_t *id, void **data) {
    uint32_t number = bank->first + shirt;
    struct torc_pool_view *pool = &bank->bus->pools[number];
    uint32_t index = take_index(bank, shirt);
    if (index == TORC_NO_SLOT) {
        return TORC_POOL_DRY;
    }
    if (pool->xxl != NULL) {
        int status = take_block(bank, number, index, length);
        if (status != TORC_OK) {
            return status;
        }
    }
    *id = torc_pool_id(bank->bus, number, index);
    *data = pool->xxl != NULL ? pool->xxl->block[index].data : pool->payload + (size_t)index * pool->size;
    return TORC_OK;
}

/* The smallest shirt that fits and that this bank has slots of; TORC_BANK_POOLS if none. */
static uint32_t first_fit(const struct torc_bank *bank, size_t length) {
    const struct torc_pool_view *pools = &bank->bus->pools[bank->first];
    uint32_t shirt = torc_shirt_of(length);
    while (shirt < TORC_BANK_POOLS && (pools[shirt].capacity == 0 || !torc_xxl_can_hold(&pools[shirt], length))) {
        shirt++;
    }
    return shirt;
}

/* The shirt to try after `shirt` was dry, or TORC_BANK_POOLS. */
static uint32_t next_choice(enum torc_dry dry, uint32_t shirt) {
    if (dry == TORC_DRY_BIGGER && shirt < TORC_XL) {
        return shirt + 1;
    }
    return dry == TORC_DRY_XXL && shirt < TORC_XXL ? (uint32_t)TORC_XXL : TORC_BANK_POOLS;
}

int torc_bank_take(struct torc_bank *bank, size_t length, uint64_t *id, void **data) {
    uint32_t shirt = first_fit(bank, length);
    int status = shirt == TORC_BANK_POOLS ? TORC_TOO_BIG : TORC_POOL_DRY;
    while (shirt < TORC_BANK_POOLS && status == TORC_POOL_DRY) {
        status = take_shirt(bank, shirt, length, id, data);
        shirt = next_choice(bank->dry, shirt);
    }
    return status;
}

int torc_bank_lend(struct torc_bank *bank, const struct torc_buffer *buffer, uint64_t *id) {
    uint32_t number = bank->first + TORC_XXL;
    struct torc_pool_view *pool = &bank->bus->pools[number];
    uint32_t index = pool->capacity == 0 ? TORC_NO_SLOT : take_index(bank, TORC_XXL);
    int status;
    if (index == TORC_NO_SLOT) {
        return pool->capacity == 0 ? TORC_NO_ROOM : TORC_POOL_DRY;
    }
    status = torc_xxl_lend(pool, index, buffer);
    if (status != TORC_OK) {
        torc_pool_put_back(pool, index);
        return status;
    }
    *id = torc_pool_id(bank->bus, number, index);
    return TORC_OK;
}

void torc_bank_unlend(struct torc_bank *bank, uint64_t id, const struct torc_buffer *buffer) {
    struct torc_pool_view *pool = torc_pool_of(bank->bus, id);
    torc_xxl_return(pool, torc_id_index(bank->bus, id), buffer);
    torc_pool_put_back(pool, torc_id_index(bank->bus, id));
}

void torc_bank_put_back(struct torc_bank *bank, uint64_t id) {
    struct torc_pool_view *pool = torc_pool_of(bank->bus, id);
    uint32_t index = torc_id_index(bank->bus, id);
    if (pool->xxl != NULL) {
        torc_xxl_free(pool, index);
    }
    torc_pool_put_back(pool, index);
}

void torc_bank_drop_all(struct torc_bank *bank) {
    for (uint32_t shirt = 0; shirt < TORC_BANK_POOLS; shirt++) {
        struct torc_pool_view *pool = &bank->bus->pools[bank->first + shirt];
        for (uint32_t i = 0; i < pool->capacity; i++) {
            if (torc_load_relaxed64(torc_pool_mark(pool, i)) & 1u) {
                (void)torc_pool_drop(bank->bus, bank->first + shirt, i);
            }
        }
    }
}
