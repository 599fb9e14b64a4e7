/* coroutine.c - a stack per model thread, and switching between them. On x86-64 by hand, for speed; elsewhere by
 * ucontext.
 *
 * A coroutine that is left for good is simply forgotten: the next execution starts it anew on the same stack. */
#include "explorer.h"

#include <stdlib.h>
#include <sys/mman.h>

void *__real_mmap(void *at, size_t bytes, int protection, int flags, int fd, long offset);

#define STACK_BYTES ((size_t)256 << 10)

static unsigned char *stacks;

static unsigned char *stack_of(const struct thread *thread) {
    if (stacks == NULL) {
        stacks = __real_mmap(NULL, MAX_THREADS * STACK_BYTES, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (stacks == MAP_FAILED) {
            abort();
        }
        for (size_t i = 0; i < MAX_THREADS; i++) {
            (void)mprotect(stacks + i * STACK_BYTES, 4096, PROT_NONE);
        }
    }
    return stacks + thread->number * STACK_BYTES;
}

bool coroutine_on_stack(uintptr_t at) {
    return at - (uintptr_t)stacks < MAX_THREADS * STACK_BYTES;
}

#if defined(__x86_64__)

__asm__(".text\n"
        ".globl coroutine_switch\n"
        ".type coroutine_switch, @function\n"
        "coroutine_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size coroutine_switch, . - coroutine_switch\n");

void coroutine_start(struct thread *thread, void (*entry)(void)) {
    void **top = (void **)(void *)(stack_of(thread) + STACK_BYTES);
    *--top = NULL;          /* where entry would return to: it does not */
    *--top = (void *)entry; /* taken by ret, which leaves the stack as after a call */
    for (int i = 0; i < 6; i++) {
        *--top = NULL;
    }
    thread->stack_pointer = top;
}

#else

#include <ucontext.h>

/* A stack pointer is a context here: the starting ones of the threads, and those that were left. */
static ucontext_t context[MAX_THREADS + 1];

void coroutine_switch(void **from, void *to) {
    ucontext_t here;
    *from = &here;
    (void)swapcontext(&here, to);
}

void coroutine_start(struct thread *thread, void (*entry)(void)) {
    ucontext_t *start = &context[thread->number];
    (void)getcontext(start);
    start->uc_stack.ss_sp = stack_of(thread);
    start->uc_stack.ss_size = STACK_BYTES;
    start->uc_link = NULL;
    makecontext(start, entry, 0);
    thread->stack_pointer = start;
}

#endif
