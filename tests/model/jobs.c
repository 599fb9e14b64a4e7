/* jobs.c - independent pieces of work for several processes: each takes the next one until none is left. */
#include "explorer.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_JOBS 16

/* Memory that all jobs see. */
void *jobs_share(size_t bytes) {
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        perror("model: memory for several jobs");
        exit(2);
    }
    return at;
}

/* Taken by one process at a time; given back when that one ends, however it ends. */
static int lock_file = -1;

static void lock_begin(void) {
    FILE *file = tmpfile();
    if (file == NULL) {
        perror("model: a temporary file");
        exit(2);
    }
    lock_file = fileno(file);
}

void jobs_lock(bool taken) {
    if (lock_file >= 0 && lockf(lock_file, taken ? F_LOCK : F_ULOCK, 0) != 0) {
        perror("model: lock");
        exit(2);
    }
}

static void work_on(uint32_t *next, uint32_t pieces, void (*work)(uint32_t piece)) {
    uint32_t piece;
    while ((piece = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED)) < pieces) {
        work(piece);
    }
    (void)fflush(stdout);
    _exit(0);
}

bool in_jobs(uint32_t jobs, uint32_t pieces, void (*work)(uint32_t piece)) {
    static uint32_t *next;
    pid_t child[MAX_JOBS];
    bool good = true;
    if (next == NULL) {
        next = jobs_share(sizeof *next);
        lock_begin();
    }
    *next = 0;
    jobs = jobs == 0 ? 1 : jobs > MAX_JOBS ? MAX_JOBS : jobs;
    (void)fflush(stdout);
    for (uint32_t job = 0; job < jobs; job++) {
        child[job] = fork();
        if (child[job] == 0) {
            work_on(next, pieces, work);
        }
        good = good && child[job] > 0;
    }
    for (uint32_t job = 0; job < jobs; job++) {
        int status;
        good = child[job] > 0 && waitpid(child[job], &status, 0) > 0 && status == 0 && good;
    }
    if (!good) {
        printf("a job ended early\n");
    }
    return good;
}
