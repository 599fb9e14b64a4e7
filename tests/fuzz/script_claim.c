/* script_claim.c - claims: taken one by one and in batches, settled in any order, once. */
#include "script.h"

#include <string.h>

static struct claim *free_claim(struct publisher *publisher) {
    for (uint32_t i = 0; i < CLAIMS; i++) {
        if (!publisher->claim[i].open) {
            return &publisher->claim[i];
        }
    }
    return NULL;
}

static uint32_t open_claims(const struct publisher *publisher) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < CLAIMS; i++) {
        count += publisher->claim[i].open;
    }
    return count;
}

/* The library's claim must be the one that the model has just noted. */
static void note_claim(struct publisher *publisher, const struct torc_claim *claim, const struct asked *asked,
                       const struct event *event) {
    struct claim *self = free_claim(publisher);
    uint64_t sequence = model.lane[publisher->lane].claimed - 1;
    MUST(claim->sequence == model.config.first_sequence + sequence, "a claim of sequence %llu instead of %llu",
         (unsigned long long)claim->sequence, (unsigned long long)(model.config.first_sequence + sequence));
    MUST(claim->length == asked->length && claim->type == asked->type, "a claim of %zu bytes, type %u", claim->length,
         claim->type);
    MUST((uintptr_t)claim->data % (event->in_slot ? 64 : 16) == 0, "a claim at %p is not aligned", claim->data);
    fill_pattern(claim->data, claim->length, asked->serial);
    *self = (struct claim){*claim, sequence, asked->serial, true};
}

static int claim_by(struct publisher *publisher, uint32_t form, uint32_t type, size_t length,
                    struct torc_claim *claim) {
    switch (form) {
    case 0:
        return CALL(torc_claim, publisher->ptr, type, length, claim);
    case 1:
        return CALL(torc_try_claim, publisher->ptr, type, length, claim);
    default:
        return CALL(torc_claim_until, publisher->ptr, type, length, form == 2 ? TORC_NO_WAIT : PAST, claim);
    }
}

void op_claim(void) {
    struct publisher *publisher = choose_publisher();
    uint32_t form = choose(4), serial = model.next_serial++;
    size_t length = choose_length();
    struct asked asked = {publisher, serial, type_of(serial), length, form == 3 ? TORC_TIMED_OUT : TORC_WOULD_BLOCK};
    struct torc_claim claim;
    uint64_t taken[POOLS];
    struct event *event;
    int status;
    if (publisher == NULL || free_claim(publisher) == NULL) {
        return;
    }
    form = form == 0 && !returns(publisher, length, 1) ? 1 : form;
    status = claim_by(publisher, form, asked.type, length, &claim);
    watch_pools(publisher, taken);
    event = judge_event(&asked, status, taken);
    if (event != NULL) {
        note_claim(publisher, &claim, &asked, event);
    }
}

static int claim_batch_by(struct publisher *publisher, uint32_t form, uint32_t type, size_t length,
                          struct torc_claim *claims, size_t count) {
    switch (form) {
    case 0:
        return CALL(torc_claim_batch, publisher->ptr, type, length, claims, count);
    case 1:
        return CALL(torc_try_claim_batch, publisher->ptr, type, length, claims, count);
    default:
        return CALL(torc_claim_batch_until, publisher->ptr, type, length, claims, count,
                    form == 2 ? TORC_NO_WAIT : PAST);
    }
}

/* All claims of a batch have one type, so its events have one serial. */
void op_claim_batch(void) {
    struct publisher *publisher = choose_publisher();
    uint32_t form = choose(4), serial = model.next_serial++, count = choose(4) + 1;
    size_t length = choose_length();
    struct asked asked = {publisher, serial, type_of(serial), length, form == 3 ? TORC_TIMED_OUT : TORC_WOULD_BLOCK};
    struct torc_claim claims[CLAIMS];
    uint64_t taken[POOLS];
    int got;
    if (publisher == NULL || count > CLAIMS - open_claims(publisher)) {
        return;
    }
    form = form == 0 && !returns(publisher, length, 1) ? 1 : form;
    got = claim_batch_by(publisher, form, asked.type, length, claims, count);
    watch_pools(publisher, taken);
    if (count > model.config.lane_entries) {
        expect(got, TORC_INVALID, "more claims than a lane has entries");
        return;
    }
    MUST(got != 0 && got <= (int)count, "%d claims of %u", got, count);
    if (got < 0) {
        (void)judge_event(&asked, got, taken);
        return;
    }
    for (int i = 0; i < got; i++) {
        note_claim(publisher, &claims[i], &asked, judge_event(&asked, TORC_OK, taken));
    }
    if (got < (int)count) {
        judge_short(&asked);
    }
}

/* --- settling ----------------------------------------------------------------------------------------------- */

static void settle_commit(struct publisher *publisher, struct claim *claim) {
    struct lane *lane = &model.lane[publisher->lane];
    struct event *event = &lane->event[claim->sequence];
    if (published_of(lane) != claim->sequence) {
        reached(S_committed_out_of_order);
    }
    if (model.closed) {
        reached(S_commit_after_close);
    }
    event->state = COMMITTED;
    event->length = (uint32_t)claim->claim.length;
    claim->open = false;
    if (event->block != NONE) {
        model.block[event->block].claimed = false;
        model.block[event->block].ring = true;
        model.block[event->block].length = event->length;
    }
}

/* `last_goes_back`: the newest claim gives its sequence back, an earlier one leaves a tombstone. */
static void settle_abort(struct publisher *publisher, struct claim *claim, bool last_goes_back) {
    struct lane *lane = &model.lane[publisher->lane];
    struct event *event = &lane->event[claim->sequence];
    uint32_t block = event->block;
    event->state = SKIPPED;
    event->block = NONE;
    claim->open = false;
    if (block != NONE) {
        lane->allocations[model.block[block].shirt]--;
        model.block[block].claimed = false;
        block_free_if_unused(block);
    }
    if (last_goes_back && claim->sequence + 1 == lane->claimed) {
        lane->claimed--;
    }
}

void claims_forget(struct publisher *publisher) {
    for (uint32_t i = 0; i < CLAIMS; i++) {
        if (publisher->claim[i].open) {
            settle_abort(publisher, &publisher->claim[i], false);
        }
    }
}

/* Settled again, also through a copy made before, it must be refused. A copy can only be told from a later claim while
 * its sequence was not given back. */
static void settle_again(struct publisher *publisher, struct claim *claim, struct torc_claim *copy, bool committed) {
    if (choose(4) == 0) {
        expect(CALL(torc_commit, publisher->ptr, &claim->claim), TORC_INVALID, "a claim committed twice");
        expect(CALL(torc_abort, publisher->ptr, &claim->claim), TORC_INVALID, "a settled claim aborted");
    }
    if (committed && choose(4) == 0) {
        expect(CALL(torc_abort, publisher->ptr, copy), TORC_INVALID, "a copy of a settled claim aborted");
        expect(CALL(torc_commit, publisher->ptr, copy), TORC_INVALID, "a copy of a settled claim committed");
    }
}

static struct claim *choose_claim(struct publisher *publisher) {
    uint32_t start = choose(CLAIMS);
    for (uint32_t i = 0; publisher != NULL && i < CLAIMS; i++) {
        struct claim *claim = &publisher->claim[(start + i) % CLAIMS];
        if (claim->open) {
            return claim;
        }
    }
    return NULL;
}

void op_settle(void) {
    struct publisher *publisher = choose_publisher();
    struct claim *claim = choose_claim(publisher);
    struct torc_claim copy;
    uint32_t how = choose(8);
    if (claim == NULL) {
        return;
    }
    copy = claim->claim;
    if (how == 0) {
        claim->claim.length++;
        expect(CALL(torc_commit, publisher->ptr, &claim->claim), TORC_INVALID, "a claim that grew");
        claim->claim.length--;
    }
    if (how < 3) {
        expect(CALL(torc_abort, publisher->ptr, &claim->claim), TORC_OK, "aborting a claim");
        settle_abort(publisher, claim, true);
    } else {
        claim->claim.length -= how == 3 ? claim->claim.length / 2 : 0;
        expect(CALL(torc_commit, publisher->ptr, &claim->claim), TORC_OK, "committing a claim");
        settle_commit(publisher, claim);
    }
    settle_again(publisher, claim, &copy, how >= 3);
}

/* Claims of consecutive sequences from the oldest on. */
static uint32_t consecutive(struct publisher *publisher, struct claim **run) {
    uint64_t sequence = published_of(&model.lane[publisher->lane]);
    uint32_t count = 0;
    for (uint32_t i = 0; i < CLAIMS; i++) {
        if (publisher->claim[i].open && publisher->claim[i].sequence == sequence) {
            run[count++] = &publisher->claim[i];
            sequence++;
            i = NONE; /* look again from the first */
        }
    }
    return count;
}

void op_settle_batch(void) {
    struct publisher *publisher = choose_publisher();
    struct torc_claim claims[CLAIMS];
    struct claim *run[CLAIMS];
    uint32_t count, wanted = choose(CLAIMS) + 1, how = choose(4);
    if (publisher == NULL || (count = consecutive(publisher, run)) == 0) {
        return;
    }
    count = count < wanted ? count : wanted;
    for (uint32_t i = 0; i < count; i++) {
        claims[i] = run[i]->claim;
    }
    if (how == 0 && count > 1) {
        claims[count - 1].sequence++;
        expect(CALL(torc_commit_batch, publisher->ptr, claims, count), TORC_INVALID, "a batch with a gap");
        claims[count - 1] = run[count - 1]->claim;
    }
    if (how < 2) {
        expect(CALL(torc_abort_batch, publisher->ptr, claims, count), TORC_OK, "aborting a batch");
    } else {
        expect(CALL(torc_commit_batch, publisher->ptr, claims, count), TORC_OK, "committing a batch");
    }
    for (uint32_t i = count; i > 0 && how < 2; i--) {
        settle_abort(publisher, run[i - 1], true);
    }
    for (uint32_t i = 0; i < count && how >= 2; i++) {
        settle_commit(publisher, run[i]);
    }
    expect(CALL(torc_commit_batch, publisher->ptr, claims, count), TORC_INVALID, "a batch settled twice");
}

void op_bad_claim(void) {
    struct publisher *publisher = choose_publisher();
    struct torc_claim claim;
    memset(&claim, 0x5A, sizeof claim);
    expect(CALL(torc_claim, NULL, 1, 1, &claim), TORC_INVALID, "no publisher");
    expect(CALL(torc_try_claim, NULL, 1, 1, &claim), TORC_INVALID, "no publisher");
    expect(CALL(torc_claim_until, NULL, 1, 1, PAST, &claim), TORC_INVALID, "no publisher");
    expect(CALL(torc_claim_batch, NULL, 1, 1, &claim, 1), TORC_INVALID, "no publisher");
    expect(CALL(torc_commit, NULL, &claim), TORC_INVALID, "no publisher");
    expect(CALL(torc_abort, NULL, &claim), TORC_INVALID, "no publisher");
    if (publisher == NULL) {
        return;
    }
    claim.sequence = take_word(&script.input);
    expect(CALL(torc_commit, publisher->ptr, &claim), TORC_INVALID, "a claim that never was");
    expect(CALL(torc_abort_batch, publisher->ptr, &claim, 1), TORC_INVALID, "a claim that never was");
    expect(CALL(torc_commit, publisher->ptr, NULL), TORC_INVALID, "no claim");
    expect(CALL(torc_commit_batch, publisher->ptr, &claim, 0), TORC_INVALID, "no claims");
    expect(CALL(torc_claim_until, publisher->ptr, 1, 1, PAST, NULL), TORC_INVALID, "no claim");
    expect(CALL(torc_claim_batch, publisher->ptr, 1, 1, &claim, 0), TORC_INVALID, "no claims");
    expect(CALL(torc_try_claim_batch, publisher->ptr, 1, 1, NULL, 1), TORC_INVALID, "no claims");
    expect(CALL(torc_claim_batch_until, publisher->ptr, 1, 1, &claim, model.config.lane_entries + 1, PAST),
           TORC_INVALID, "more claims than entries");
}
