/* worker.c - each implementation of a case in a process of its own, for all its rounds: one that crashes or hangs is
 * missed, not waited for, and takes nobody along.
 *
 * They are forked from this program, so that all see the same addresses and the same traces; between their turns they
 * wait for the next byte of a socket. What an implementation starts (a daemon, a JVM) belongs to its worker's process
 * group. */
#include "harness.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REHEARSE = 'r', MEASURE = 'm', LEAVE = 'l' };
#define LEAVE_MS 10000 /* to put away a daemon */

/* The names in the sample are literals of this program: the same addresses on both sides of a fork. */
struct answer {
    bool can;
    struct suite_sample sample;
};

static _Noreturn void serve(int socket, const struct suite_case *which, const struct suite_plugin *plugin) {
    char wish;
    while (recv(socket, &wish, 1, 0) == 1 && wish != LEAVE) {
        struct answer answer = {.sample = {.rehearsal = wish == REHEARSE}};
        answer.can = which->measure(which, plugin, &answer.sample);
        if (send(socket, &answer, sizeof answer, MSG_NOSIGNAL) != (ssize_t)sizeof answer) {
            break;
        }
    }
    exit(0);
}

void suite_worker_start(struct suite_worker *worker, const struct suite_case *which,
                        const struct suite_plugin *plugin) {
    int ends[2];
    pid_t parent = getpid();
    (void)fflush(NULL); /* or both would write it */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0 || (worker->process = fork()) < 0) {
        bench_die("worker", strerror(errno));
    }
    if (worker->process == 0) {
        (void)setpgid(0, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(1);
        }
        (void)close(ends[0]);
        serve(ends[1], which, plugin);
    }
    (void)setpgid(worker->process, worker->process); /* whoever of the two is first */
    (void)close(ends[1]);
    worker->socket = ends[0];
}

/* The worker and all that it has started. Its own end, if it has come to one, is kept for waitpid. */
static int bury(struct suite_worker *worker) {
    int status = 0;
    (void)kill(-worker->process, SIGKILL);
    while (waitpid(worker->process, &status, 0) < 0) {
        if (errno != EINTR) {
            bench_die("waitpid", strerror(errno));
        }
    }
    (void)close(worker->socket);
    worker->process = 0;
    return status;
}

/* Something to read, or the end of the worker; false: neither, in all that time. */
static bool heard(const struct suite_worker *worker, uint64_t ms) {
    uint64_t until = bench_now() + ms * 1000000u;
    struct pollfd end = {.fd = worker->socket, .events = POLLIN};
    for (;;) {
        uint64_t now = bench_now();
        int ready = now < until ? poll(&end, 1, (int)((until - now) / 1000000u) + 1) : 0;
        if (ready >= 0 || errno != EINTR) {
            return ready > 0;
        }
    }
}

static void say_how(char *how, size_t size, int status) {
    if (WIFSIGNALED(status)) {
        (void)snprintf(how, size, "killed by signal %d, %s", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        (void)snprintf(how, size, "ended with status %d", WEXITSTATUS(status));
    }
}

enum suite_fate suite_worker_turn(struct suite_worker *worker, bool rehearsal, struct suite_sample *sample) {
    char wish = rehearsal ? REHEARSE : MEASURE;
    struct answer answer;
    (void)send(worker->socket, &wish, 1, MSG_NOSIGNAL); /* to one that has died: the read says so */
    if (!heard(worker, suite_settings.patience_s * UINT64_C(1000))) {
        (void)bury(worker);
        (void)snprintf(worker->how, sizeof worker->how, "no answer in %u s", suite_settings.patience_s);
        return SUITE_STUCK;
    }
    if (recv(worker->socket, &answer, sizeof answer, 0) != (ssize_t)sizeof answer) {
        say_how(worker->how, sizeof worker->how, bury(worker));
        return SUITE_FAILED;
    }
    *sample = answer.sample;
    return answer.can ? SUITE_FIT : SUITE_UNFIT;
}

void suite_worker_stop(struct suite_worker *worker) {
    char wish = LEAVE;
    if (worker->process != 0) {
        (void)send(worker->socket, &wish, 1, MSG_NOSIGNAL);
        (void)heard(worker, LEAVE_MS);
        (void)bury(worker);
    }
}
