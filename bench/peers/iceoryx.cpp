// iceoryx.cpp - Eclipse iceoryx through its C binding, publishers and subscribers in this process, its daemon beside it.
//
// Subscribers have queues of at most 256 chunks, however many entries the others get.
#include "net.hpp"
#include <cerrno>
#include <csignal>
#include <dlfcn.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
extern "C" {
#include <iceoryx_binding_c/enums.h>
#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/subscriber.h>
#include <iceoryx_binding_c/types.h>
}

extern "C" const suite_plugin suite_plugin;

static pid_t daemon_process, started_by;

static void stop_daemon() {
    if (getpid() == started_by) {
        (void)kill(daemon_process, SIGTERM);
        (void)waitpid(daemon_process, nullptr, 0);
    }
}

// Once per process; its configuration lies beside this file.
static void start() {
    Dl_info here;
    if (started_by != 0 || dladdr(&suite_plugin, &here) == 0) {
        return;
    }
    std::string path = here.dli_fname;
    path = path.substr(0, path.rfind('/')) + "/iceoryx.toml";
    daemon_process = fork();
    if (daemon_process < 0) {
        bench_die("fork", std::strerror(errno));
    }
    if (daemon_process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)!freopen("/dev/null", "w", stdout);
        (void)!freopen("/dev/null", "w", stderr);
        (void)execlp("iox-roudi", "iox-roudi", "-m", "off", "-l", "off", "-c", path.c_str(),
                     static_cast<char *>(nullptr));
        _exit(127);
    }
    started_by = getpid();
    (void)std::atexit(stop_daemon);
    iox_set_loglevel(Iceoryx_LogLevel_Error);
    iox_runtime_init(("torc-bench-" + std::to_string(getpid())).c_str()); // waits for the daemon
}

template <size_t N>
struct iceoryx_topic {
    static constexpr bool broadcast = true, many_producers = true, blocks = false, variable = false;
    using event = bench::event<N>;

    struct publisher {
        iox_pub_storage_t storage;
        iox_pub_t handle;
    };
    struct subscriber {
        iox_sub_storage_t storage;
        iox_sub_t handle;
    };
    std::vector<std::unique_ptr<publisher>> publishers;
    std::vector<std::unique_ptr<subscriber>> subscribers;

    iceoryx_topic(const suite_plan &plan, unsigned producers, unsigned consumers) {
        static unsigned number;
        std::string name = "topic-" + std::to_string(number++);
        iox_pub_options_t writing;
        iox_sub_options_t reading;
        iox_pub_options_init(&writing);
        iox_sub_options_init(&reading);
        writing.historyCapacity = 0;
        writing.subscriberTooSlowPolicy = ConsumerTooSlowPolicy_WAIT_FOR_CONSUMER;
        reading.queueCapacity = plan.entries < 256 ? plan.entries : 256;
        reading.queueFullPolicy = QueueFullPolicy_BLOCK_PRODUCER;
        for (unsigned p = 0; p < producers; p++) {
            publishers.push_back(std::make_unique<publisher>());
            publishers.back()->handle =
                iox_pub_init(&publishers.back()->storage, "torc", "bench", name.c_str(), &writing);
        }
        for (unsigned c = 0; c < consumers; c++) {
            subscribers.push_back(std::make_unique<subscriber>());
            subscribers.back()->handle =
                iox_sub_init(&subscribers.back()->storage, "torc", "bench", name.c_str(), &reading);
        }
        wait_until_connected();
    }
    ~iceoryx_topic() {
        for (auto &one : subscribers) {
            iox_sub_deinit(one->handle);
        }
        for (auto &one : publishers) {
            iox_pub_deinit(one->handle);
        }
    }
    // The daemon introduces them to each other every 100 ms, and nobody says when it is through with all pairs.
    void wait_until_connected() {
        for (auto &one : publishers) {
            while (!iox_pub_has_subscribers(one->handle)) {
                (void)usleep(1000);
            }
        }
        if (publishers.size() > 1 || subscribers.size() > 1) {
            (void)usleep(300000);
        }
    }

    struct in {
        iox_pub_t publisher;
        template <class F>
        bool push(F &&write) {
            void *chunk;
            if (iox_pub_loan_chunk(publisher, &chunk, uint32_t(N)) != AllocationResult_SUCCESS) {
                return false;
            }
            write(*static_cast<event *>(chunk));
            iox_pub_publish_chunk(publisher, chunk); // waits while a subscriber's queue is full
            return true;
        }
    };
    struct out {
        iox_sub_t subscriber;
        template <class F>
        bool pop(F &&use) {
            const void *chunk;
            if (iox_sub_take_chunk(subscriber, &chunk) != ChunkReceiveResult_SUCCESS) {
                return false;
            }
            use(*static_cast<const event *>(chunk));
            iox_sub_release_chunk(subscriber, chunk);
            return true;
        }
    };
    in make_in(unsigned p) {
        return {publishers[p]->handle};
    }
    out make_out(unsigned c) {
        return {subscribers[c]->handle};
    }
};

// A child of the process that the daemon knows must not speak for it.
static void *open_plan(const suite_plan *plan) {
    if (started_by != 0 && started_by != getpid()) {
        return nullptr;
    }
    if (plan->trace != nullptr || plan->waiting == SUITE_BLOCK) {
        return nullptr;
    }
    start();
    return bench::flow<iceoryx_topic>::open(plan);
}

static const suite_flow iceoryx_flow = {open_plan, bench::flow<iceoryx_topic>::run, bench::flow<iceoryx_topic>::close,
                                        nullptr};
const struct suite_plugin suite_plugin = {"iceoryx",
                                          "C binding, RouDi without monitoring, chunks loaned, filled in place, taken "
                                          "and released; publishers wait for subscribers; queues of at "
                                          "most 256 chunks (its limit); polling",
                                          &iceoryx_flow, nullptr, nullptr};
