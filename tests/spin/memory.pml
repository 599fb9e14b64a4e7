/* memory.pml - what Spin does not have: stores that other threads see late.
 *
 * Spin's variables are sequentially consistent. What a torc thread stores on its fast path goes through a first-in-
 * first-out buffer of BUFFER stores instead (as on x86; release stores keep their order on other machines as well), which
 * empties at any later time. A light barrier orders nothing here: it keeps the compiler out, not the store buffer.
 *
 * A cell is an index of mem[]. Buffered cells have one writer at a time, which knows its own last value, so no load ever
 * needs to look into a buffer. The including file says how many BUFFERED threads and CELLS it has; the buffered threads'
 * numbers are 0, 1, .. */
#ifndef BUFFER
#define BUFFER 2
#endif

byte mem[CELLS];
chan buffer[BUFFERED] = [BUFFER] of { byte, byte };

active [BUFFERED] proctype memory() {
    byte cell, value;
end:
    do
    :: d_step { buffer[_pid]?cell, value -> mem[cell] = value; cell = 0; value = 0 }
    od
}

#define STORE(thread, cell, value) buffer[thread]!cell, value

/* The thread's own full fence, also in every read-modify-write: goes on once its buffer is empty. */
#define FENCE(thread) (thread == NOBODY || empty(buffer[thread]))
#define NOBODY        255 /* a thread without a buffer */

/* The control lock (bus.lock). */
bool locked;
#define LOCK   atomic { !locked -> locked = true }
#define UNLOCK locked = false

/* torc_barrier_heavy: a full fence in every other thread, in one after the other, not in all at the same moment. */
#if BUFFERED == 1
#define HEAVY empty(buffer[0])
#elif BUFFERED == 2
#define HEAVY empty(buffer[0]); empty(buffer[1])
#elif BUFFERED == 3
#define HEAVY empty(buffer[0]); empty(buffer[1]); empty(buffer[2])
#else
#define HEAVY empty(buffer[0]); empty(buffer[1]); empty(buffer[2]); empty(buffer[3])
#endif
#define NO_BARRIER skip
