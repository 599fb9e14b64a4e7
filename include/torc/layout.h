/* torc/layout.h - what lies in the bus region, bit by bit.
 *
 * Nothing here is a pointer: the region can be mapped at any address. Fields are grouped by who writes them; fields
 * with different writers sit on different cache lines. Users need none of this to publish or read: it is public because
 * the hot path is inline. */
#ifndef TORC_LAYOUT_H
#define TORC_LAYOUT_H

#include <stddef.h>
#include <stdint.h>
#include <torc/atomic.h>

#define TORC_LINE         64
#define TORC_ALIGNED_LINE __attribute__((aligned(TORC_LINE)))

#ifdef __cplusplus
#define TORC_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define TORC_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#define TORC_LIKELY(x)   __builtin_expect(!!(x), 1)
#define TORC_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* 0: nothing. 1: publishers and readers refuse to be used by two threads at the same time. 2: freed payloads are
 * poisoned as well. A program and the library it links must agree on it: torc.pc says what the library was built
 * with. */
#ifndef TORC_DEBUG
#define TORC_DEBUG 0
#endif

/* Public inlines carry this mark; src/ffi.c redefines it to emit them as ordinary symbols for other languages. */
#ifndef TORC_INLINE
#define TORC_INLINE static inline __attribute__((always_inline))
#endif

/* Shirts: payload bytes of the five pools; above the largest an event is XXL and comes from the bank's area or a
 * provider. */
enum torc_shirt { TORC_XS = 0, TORC_S, TORC_M, TORC_L, TORC_XL, TORC_XXL, TORC_INLINE_EVENT };
#define TORC_SHIRTS   5
#define TORC_XS_BYTES 64
#define TORC_S_BYTES  256
#define TORC_M_BYTES  1024
#define TORC_L_BYTES  4096
#define TORC_XL_BYTES 16384
#define TORC_XS_BITS  6
#define TORC_XL_BITS  14

/* The largest event: 1 GiB - 1 (the entry's length field has 30 bits). */
#define TORC_MAX_EVENT ((size_t)0x3FFFFFFF)

/* One cell of a lane: a cache line, so that one release store of the stamp makes header and payload visible together.
 * Where the bus has wide entries (config.inline_bytes) the payload goes on in the lines behind it. */
#define TORC_INLINE_BYTES 48 /* unless the bus says otherwise */
struct torc_entry {
    torc_a64
        stamp; /* sequence + 1 once published (STAMP); while it is rewritten for copying readers, sequence (REWRITE) */
    union {
        uint32_t header; /* length in bits 0..29, TORC_ENTRY_* in bits 30..31 */
        torc_a32 header_word;
    };
    union {
        uint32_t type; /* the caller's */
        torc_a32 type_word;
    };
    union {
        unsigned char bytes[TORC_INLINE_BYTES]; /* the payload itself; all of it: torc_entry_bytes */
        uint64_t slot;                          /* or, with TORC_ENTRY_SLOT, the handle's id */
        torc_a64 word[TORC_INLINE_BYTES / 8];   /* either, as copying readers see it; all: torc_entry_words */
    } body;
} TORC_ALIGNED_LINE;
TORC_STATIC_ASSERT(sizeof(struct torc_entry) == 64, "an entry is one cache line");
TORC_STATIC_ASSERT(offsetof(struct torc_entry, body) == 16, "the inline payload is 16-byte aligned");

/* The entry of a sequence. Entries lie `stride` bytes apart, a multiple of the line; hence no array of them. */
static inline __attribute__((always_inline)) struct torc_entry *torc_entry_at(unsigned char *entries, uint64_t mask,
                                                                              size_t stride, uint64_t sequence) {
    return (struct torc_entry *)(void *)(entries + (size_t)(sequence & mask) * stride);
}
/* The payload of an entry, as long as the bus made it. */
static inline __attribute__((always_inline)) unsigned char *torc_entry_bytes(struct torc_entry *entry) {
    return (unsigned char *)entry + offsetof(struct torc_entry, body);
}
static inline __attribute__((always_inline)) torc_a64 *torc_entry_words(struct torc_entry *entry) {
    return (torc_a64 *)(void *)torc_entry_bytes(entry);
}

#define TORC_ENTRY_SLOT   UINT32_C(0x80000000) /* the payload is in a slot */
#define TORC_ENTRY_SKIP   UINT32_C(0x40000000) /* an aborted claim: readers step over it */
#define TORC_ENTRY_LENGTH UINT32_C(0x3FFFFFFF)

/* Slot word: reference count in the high 24 bits, generation in the low 40. A carry out of the count falls off the end
 * instead of into the generation. Count 0 = free; count 0 with the last generation = retired, never handed out
 * again. */
#define TORC_COUNT_SHIFT     40
#define TORC_COUNT_ONE       (UINT64_C(1) << TORC_COUNT_SHIFT)
#define TORC_GENERATION_MASK (TORC_COUNT_ONE - 1)
#define TORC_GENERATION_LAST TORC_GENERATION_MASK
#define TORC_RECENT_LAST                                                                                               \
    (TORC_COUNT_ONE / 2) /* from here on a slot is handed out in its turn only: others wear as well */
#define TORC_COUNT_LIMIT UINT64_C(0x800000) /* clone refuses to go above this */
#define TORC_COUNT_SATURATED                                                                                           \
    UINT64_C(0xC00000) /* from here on the slot is leaked on purpose: never freed, never wrapped */

#define TORC_NO_SLOT UINT32_MAX

/* The record of a slot. Four share a line; most are handed out in the order of the array. */
struct torc_slot {
    torc_a64 word; /* count and generation; RMW while count > 0, written by the bank's owner alone while it is 0 */
    torc_a64 meta; /* length in the low 32 bits, type in the high 32; written before the handle is handed out */
};
TORC_STATIC_ASSERT(sizeof(struct torc_slot) == 16, "four slot records to a line");

/* A handle's id: bits 0..39 generation, 40..62 slot number on the bus, 63 hint. */
#define TORC_ID_SHARED     (UINT64_C(1) << 63)
#define TORC_ID_SLOT_SHIFT 40
#define TORC_ID_SLOT_BITS  23
#define TORC_ID_NUMBER(id) ((uint32_t)((id) >> TORC_ID_SLOT_SHIFT) & ((UINT32_C(1) << TORC_ID_SLOT_BITS) - 1))

/* The records of all pools form one array, indexed by slot number: from a handle to its slot word is one load, which
 * matters between two locked operations. A pool's numbers begin at a multiple of this, so that a small table says which
 * pool a number belongs to. The numbers that fill a pool up to the next multiple have records that are never handed
 * out. */
#define TORC_SLOT_GRANULE 16u

/* A place to sleep: one futex word and the mark of those who do. */
struct torc_waitpoint {
    torc_a32 seq;     /* futex word, bumped by wakers (WAKE) */
    torc_a32 waiting; /* != 0: somebody sleeps here or is about to (SLEEP, SPACE) */
    torc_a32 drains; /* on a lane's waitpoint, who watches its cursors (SPACE): torc_bus_drain calls in the low 16 bits;
                         above them readers that sleep until one they are after gives back (AFTER) */
    torc_a64 sleeps; /* how often somebody went to sleep here */
    torc_a64 wakeups; /* how often a sleeper came back because it was woken */
} TORC_ALIGNED_LINE;
TORC_STATIC_ASSERT(sizeof(struct torc_waitpoint) == 64, "a waitpoint has a line of its own");

/* A lane's control block. First line: written by its publisher on every event. Second line: written rarely. */
struct torc_lane {
    torc_a64 claimed;   /* next sequence to claim; > published while claims are open (CLAIMED) */
    torc_a64 published; /* all below is committed or skipped (PUBLISHED); of a shared lane: torc_lane_published */
    unsigned char pad0[TORC_LINE - 16];

    torc_a32 state; /* enum torc_lane_state (ENDED) */
    torc_a32 topic; /* index of the topic it belongs to; only under the bus's control lock */
    torc_a64
        gate; /* the publisher's cached gate, for joiners: from here on the lane's history is whole, slots included */
    torc_a64 stalls; /* how often the publisher found no space */
    torc_a64 origin; /* where its history in this topic begins */
    torc_a32 shared; /* 1: several threads claim, and published is brought up to date by who needs it; control lock */
    unsigned char pad1[TORC_LINE - 40];
} TORC_ALIGNED_LINE;
TORC_STATIC_ASSERT(sizeof(struct torc_lane) == 128, "a lane's control block is two lines");
TORC_STATIC_ASSERT(offsetof(struct torc_lane, state) == 64, "rarely written fields are off the hot line");

enum torc_lane_state { TORC_LANE_FREE = 0, TORC_LANE_OPEN, TORC_LANE_ENDED };

/* A reader's cursor in one lane; one line each, written by that reader only (while it is a member). */
struct torc_cell {
    torc_a64 cursor; /* the next sequence it will read: everything below is finished with (CURSOR) */
    torc_a32 joined; /* 1: the reader follows this lane; 0: it has read it to its end */
    torc_a32 point;  /* index of the waitpoint at which the reader sleeps */
    unsigned char pad[TORC_LINE - 16];
} TORC_ALIGNED_LINE;
TORC_STATIC_ASSERT(sizeof(struct torc_cell) == 64, "a cursor has a line of its own");

/* Control block of a pool, in the region; written by who allocates from it; `recent` by who did so before, too. */
struct torc_pool_ctl {
    torc_a64 allocations; /* up to when `next` was `counted`; since then one per step */
    torc_a64 dry;
    torc_a32 high_water;
    torc_a32 next;    /* the slot to try next */
    torc_a32 counted; /* see allocations */
    uint32_t limit;   /* from here on the slow path looks after things: census, end of the table */
    uint32_t shirt;
    uint32_t census_at;   /* next slot the census looks at */
    uint32_t census_used; /* how many of those before it were in use */
    uint32_t probe;       /* where the second part of a search goes on */
    torc_a64
        alone; /* slots published at sequences below are the owner's and handles' alone: nobody may pin them (REAP) */
    torc_a32 recent; /* number of the slot that the owner released last, probably still free; TORC_NO_SLOT: none */
    unsigned char pad[2 * TORC_LINE - 60];
};
TORC_STATIC_ASSERT(sizeof(struct torc_pool_ctl) == 128, "a pool's control block is two lines");

/* A bus destroyed later: not possible, possible, asked for. */
enum torc_later { TORC_LATER_NEVER = 0, TORC_LATER_MAYBE, TORC_LATER_DUE };

/* This process's view of one pool, one line: private copies of its geometry, so a damaged region cannot lead outside of
 * it. */
struct torc_pool_view {
    struct torc_slot *slots;
    unsigned char *payload; /* NULL for the XXL table */
    struct torc_pool_ctl *ctl;
    uint32_t first;               /* number of slot 0 */
    torc_a32 later;               /* enum torc_later: may the bus go with its last handle? (LATER) */
    uint32_t size;                /* payload bytes per slot; 0 for the XXL table */
    uint32_t capacity;            /* number of slots */
    struct torc_waitpoint *space; /* where the owner of the pool waits for a slot */
    struct torc_xxl_table *xxl;   /* private, pools/xxl.h: blocks of an XXL table; else NULL */
    torc_a64 owner;               /* the thread that allocates, for the sole-owner release; seldom changes */
} TORC_ALIGNED_LINE;
TORC_STATIC_ASSERT(sizeof(struct torc_pool_view) == 64, "a pool view is one line");

/* The part of a bus object that the hot path reads; constant after creation. */
struct torc_bus {
    struct torc_slot *slots; /* by slot number */
    uint32_t slot_count;
    uint32_t fence;                        /* 1: no membarrier, light barriers must be fences */
    struct torc_pool_view *const *pool_of; /* by slot number / TORC_SLOT_GRANULE */
    struct torc_pool_view *pools;
    uint32_t pool_count;
    torc_a64 *refused; /* handles refused with TORC_STALE */
};

#endif
