/* pools/bank.h - one publisher's five pools and its XXL table behind one question: a slot for this many bytes.
 *
 * Owner only. */
#ifndef TORC_POOLS_BANK_H
#define TORC_POOLS_BANK_H

#include "pool.h"

#include <torc/arena.h>
#include <torc/publisher.h>

/* Pools of a bank: XS, S, M, L, XL, XXL, at consecutive numbers. */
#define TORC_BANK_POOLS (TORC_SHIRTS + 1u)

/* How hard a bank tries: within one sweep; one of many looks while its owner waits; at every slot. */
enum torc_look { TORC_LOOK_FIRST = 0, TORC_LOOK_AGAIN, TORC_LOOK_EVERYWHERE };

struct torc_bank {
    const struct torc_bus *bus;
    uint32_t first; /* pool number of XS */
    enum torc_dry dry;
    enum torc_look look; /* but for the first, this allocation was found dry before and is being tried again */
    struct torc_gate gate;
};

/* Payload bytes of a shirt; 0 for TORC_XXL. */
uint32_t torc_shirt_bytes(uint32_t shirt);

/* torc_bank_take: a slot for `length` bytes, count 1; *id is its handle, *data its payload. Follows the dry policy as
 * far as it can without waiting. TORC_POOL_DRY, also where the XXL area is full; TORC_NO_MEMORY: the XXL provider
 * failed;
 * TORC_TOO_BIG: no pool of this bank can ever hold that many bytes. */
int torc_bank_take(struct torc_bank *bank, size_t length, uint64_t *id, void **data);

/* torc_bank_lend: an XXL descriptor for what is written in an arena's buffer, count 1. The buffer is the bank's until
 * the last release. TORC_POOL_DRY. TORC_NO_ROOM: this bank has no descriptors. TORC_STALE: the buffer was given away
 * already. torc_bank_unlend: undoes it; nobody has seen it. */
int torc_bank_lend(struct torc_bank *bank, const struct torc_buffer *buffer, uint64_t *id);
void torc_bank_unlend(struct torc_bank *bank, uint64_t id, const struct torc_buffer *buffer);

/* torc_bank_put_back: undoes a take that nobody has seen. torc_bank_drop_all: every ring reference goes. */
void torc_bank_put_back(struct torc_bank *bank, uint64_t id);
void torc_bank_drop_all(struct torc_bank *bank);

#endif
