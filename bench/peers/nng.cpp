// nng.cpp - nng's inproc transport: pair, or push sockets to one pull where there are several producers.
#include "net.hpp"
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <string>

static void nng_must(int answer, const char *what) {
    if (answer != 0) {
        bench_die(what, nng_strerror(answer));
    }
}

template <size_t N>
struct nng_queue {
    static constexpr bool broadcast = false, many_producers = true, blocks = true, variable = true;
    using event = bench::event<N>;

    nng_socket pull;
    std::vector<nng_socket> push;

    static void buffers(nng_socket socket, const char *which, size_t entries) {
        int most = int(entries < 8192 ? entries : 8192);
        int answer = nng_socket_set_int(socket, which, most);
        if (answer != 0 && answer != NNG_ENOTSUP) { // push and pull have none in some versions
            nng_must(answer, which);
        }
    }
    nng_queue(const suite_plan &plan, unsigned producers, unsigned) {
        static unsigned number;
        std::string url = "inproc://bench-" + std::to_string(number++);
        nng_must(producers > 1 ? nng_pull0_open(&pull) : nng_pair0_open(&pull), "nng_open");
        buffers(pull, NNG_OPT_RECVBUF, plan.entries / 2);
        nng_must(nng_listen(pull, url.c_str(), nullptr, 0), "nng_listen");
        for (unsigned p = 0; p < producers; p++) {
            nng_socket one;
            nng_must(producers > 1 ? nng_push0_open(&one) : nng_pair0_open(&one), "nng_open");
            buffers(one, NNG_OPT_SENDBUF, plan.entries / 2);
            nng_must(nng_dial(one, url.c_str(), nullptr, 0), "nng_dial");
            push.push_back(one);
        }
    }
    ~nng_queue() {
        for (nng_socket one : push) {
            (void)nng_close(one);
        }
        (void)nng_close(pull);
    }

    struct in {
        nng_socket socket;
        bool send(nng_msg *message, int flags) {
            int answer = nng_sendmsg(socket, message, flags);
            if (answer == NNG_EAGAIN) {
                nng_msg_free(message);
                return false;
            }
            nng_must(answer, "nng_sendmsg");
            return true;
        }
        template <class F>
        bool push_with(F &&write, int flags) {
            nng_msg *message;
            nng_must(nng_msg_alloc(&message, N), "nng_msg_alloc");
            write(*static_cast<event *>(nng_msg_body(message)));
            return send(message, flags);
        }
        template <class F>
        bool push(F &&write) {
            return push_with(write, NNG_FLAG_NONBLOCK);
        }
        template <class F>
        void push_block(F &&write) {
            (void)push_with(write, 0);
        }
        bool push_bytes_with(const void *data, size_t length, int flags) {
            nng_msg *message;
            nng_must(nng_msg_alloc(&message, length), "nng_msg_alloc");
            std::memcpy(nng_msg_body(message), data, length);
            return send(message, flags);
        }
        bool push_bytes(const void *data, size_t length) {
            return push_bytes_with(data, length, NNG_FLAG_NONBLOCK);
        }
        void push_bytes_block(const void *data, size_t length) {
            (void)push_bytes_with(data, length, 0);
        }
    };
    struct out {
        nng_socket socket;
        template <class F>
        bool receive(F &&use, int flags) {
            nng_msg *message;
            int answer = nng_recvmsg(socket, &message, flags);
            if (answer == NNG_EAGAIN) {
                return false;
            }
            nng_must(answer, "nng_recvmsg");
            use(static_cast<const void *>(nng_msg_body(message)), nng_msg_len(message));
            nng_msg_free(message);
            return true;
        }
        template <class F>
        bool pop(F &&use) {
            return receive([&use](const void *data, size_t) { use(*static_cast<const event *>(data)); },
                           NNG_FLAG_NONBLOCK);
        }
        template <class F>
        void pop_block(F &&use) {
            (void)receive([&use](const void *data, size_t) { use(*static_cast<const event *>(data)); }, 0);
        }
        template <class F>
        bool pop_bytes(F &&use) {
            return receive(use, NNG_FLAG_NONBLOCK);
        }
        template <class F>
        void pop_bytes_block(F &&use) {
            (void)receive(use, 0);
        }
    };
    in make_in(unsigned p) {
        return {push[p]};
    }
    out make_out(unsigned) {
        return {pull};
    }
};

BENCH_PEER(nng_queue, "nng_inproc",
           "inproc pair0 (push0 to pull0 for several producers), buffers of half the ring's entries at both ends, "
           "messages filled in place, "
           "NONBLOCK unless the case blocks");
