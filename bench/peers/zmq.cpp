// zmq.cpp - ZeroMQ's inproc transport: a PAIR, or PUSH sockets to one PULL where there are several producers.
#include "net.hpp"
#include <string>
#include <zmq.h>

static void zmq_must(int answer, const char *what) {
    if (answer < 0) {
        bench_die(what, zmq_strerror(zmq_errno()));
    }
}

template <size_t N>
struct zmq_queue {
    static constexpr bool broadcast = false, many_producers = true, blocks = true, variable = true;
    using event = bench::event<N>;

    void *context = zmq_ctx_new();
    void *pull;
    std::vector<void *> push;

    void *socket(int type, int mark) {
        void *made = zmq_socket(context, type);
        int linger = 0;
        if (made == nullptr) {
            bench_die("zmq_socket", zmq_strerror(zmq_errno()));
        }
        zmq_must(zmq_setsockopt(made, ZMQ_SNDHWM, &mark, sizeof mark), "ZMQ_SNDHWM");
        zmq_must(zmq_setsockopt(made, ZMQ_RCVHWM, &mark, sizeof mark), "ZMQ_RCVHWM");
        zmq_must(zmq_setsockopt(made, ZMQ_LINGER, &linger, sizeof linger), "ZMQ_LINGER");
        return made;
    }
    zmq_queue(const suite_plan &plan, unsigned producers, unsigned) {
        int mark = int(plan.entries / 2); // the ends' marks add up
        zmq_must(zmq_ctx_set(context, ZMQ_IO_THREADS, 0), "ZMQ_IO_THREADS");
        pull = socket(producers > 1 ? ZMQ_PULL : ZMQ_PAIR, mark);
        zmq_must(zmq_bind(pull, "inproc://bench"), "zmq_bind");
        for (unsigned p = 0; p < producers; p++) {
            push.push_back(socket(producers > 1 ? ZMQ_PUSH : ZMQ_PAIR, mark));
            zmq_must(zmq_connect(push.back(), "inproc://bench"), "zmq_connect");
        }
    }
    ~zmq_queue() {
        for (void *one : push) {
            (void)zmq_close(one);
        }
        (void)zmq_close(pull);
        (void)zmq_ctx_term(context);
    }

    struct in {
        void *socket;
        bool send(zmq_msg_t *message, int flags) {
            if (zmq_msg_send(message, socket, flags) >= 0) {
                return true;
            }
            if (zmq_errno() != EAGAIN) {
                bench_die("zmq_msg_send", zmq_strerror(zmq_errno()));
            }
            (void)zmq_msg_close(message);
            return false;
        }
        template <class F>
        bool push_with(F &&write, int flags) {
            zmq_msg_t message;
            zmq_must(zmq_msg_init_size(&message, N), "zmq_msg_init_size");
            write(*static_cast<event *>(zmq_msg_data(&message)));
            return send(&message, flags);
        }
        template <class F>
        bool push(F &&write) {
            return push_with(write, ZMQ_DONTWAIT);
        }
        template <class F>
        void push_block(F &&write) {
            (void)push_with(write, 0);
        }
        bool push_bytes_with(const void *data, size_t length, int flags) {
            zmq_msg_t message;
            zmq_must(zmq_msg_init_size(&message, length), "zmq_msg_init_size");
            std::memcpy(zmq_msg_data(&message), data, length);
            return send(&message, flags);
        }
        bool push_bytes(const void *data, size_t length) {
            return push_bytes_with(data, length, ZMQ_DONTWAIT);
        }
        void push_bytes_block(const void *data, size_t length) {
            (void)push_bytes_with(data, length, 0);
        }
    };
    struct out {
        void *socket;
        template <class F>
        bool receive(F &&use, int flags) {
            zmq_msg_t message;
            (void)zmq_msg_init(&message);
            if (zmq_msg_recv(&message, socket, flags) < 0) {
                if (zmq_errno() != EAGAIN) {
                    bench_die("zmq_msg_recv", zmq_strerror(zmq_errno()));
                }
                return false;
            }
            use(static_cast<const void *>(zmq_msg_data(&message)), zmq_msg_size(&message));
            (void)zmq_msg_close(&message);
            return true;
        }
        template <class F>
        bool pop(F &&use) {
            return receive([&use](const void *data, size_t) { use(*static_cast<const event *>(data)); }, ZMQ_DONTWAIT);
        }
        template <class F>
        void pop_block(F &&use) {
            (void)receive([&use](const void *data, size_t) { use(*static_cast<const event *>(data)); }, 0);
        }
        template <class F>
        bool pop_bytes(F &&use) {
            return receive(use, ZMQ_DONTWAIT);
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

BENCH_PEER(zmq_queue, "zeromq_inproc",
           "inproc PAIR (PUSH to PULL for several producers), high-water marks that add up to the ring's entries, no "
           "I/O thread, messages "
           "filled in place, DONTWAIT unless the case blocks");
