// net.hpp - a plan's queues and who is at which end of them; the suite_flow of a peer.
#ifndef TORC_BENCH_NET_HPP
#define TORC_BENCH_NET_HPP

#include "flow.hpp"

namespace bench {

struct net_base {
    virtual ~net_base() = default;
    virtual void run(suite_job *job) = 0;
};

template <template <size_t> class Q, size_t N>
class net final : public net_base {
    using queue = Q<N>;
    struct in : queue::in {
        static constexpr bool variable = queue::variable;
    };
    struct out : queue::out {
        static constexpr bool variable = queue::variable;
    };
    struct place {
        std::vector<in> ins;
        std::vector<out> outs;
        unsigned producers = 0; // of what it takes
    };
    suite_plan plan;
    std::vector<std::unique_ptr<queue>> queues;
    place places[SUITE_THREADS];

    static in as_in(typename queue::in end) {
        in wrapped;
        static_cast<typename queue::in &>(wrapped) = end;
        return wrapped;
    }
    static out as_out(typename queue::out end) {
        out wrapped;
        static_cast<typename queue::out &>(wrapped) = end;
        return wrapped;
    }

    queue &add(unsigned producers, unsigned consumers) {
        queues.push_back(std::make_unique<queue>(plan, producers, consumers));
        return *queues.back();
    }

    // Everything that threads p0 .. p0+producers-1 send reaches each of c0 .. c0+consumers-1.
    void connect(unsigned p0, unsigned producers, unsigned c0, unsigned consumers) {
        for (unsigned c = 0; c < consumers; c++) {
            places[c0 + c].producers = producers;
        }
        if constexpr (queue::broadcast) {
            queue &all = add(producers, consumers);
            for (unsigned c = 0; c < consumers; c++) {
                places[c0 + c].outs.push_back(as_out(all.make_out(c)));
            }
            for (unsigned p = 0; p < producers; p++) {
                places[p0 + p].ins.push_back(as_in(all.make_in(p)));
            }
            return;
        }
        for (unsigned c = 0; c < consumers; c++) {
            for (unsigned lane = 0; lane < (queue::many_producers ? 1 : producers); lane++) {
                queue &one = add(queue::many_producers ? producers : 1, 1);
                places[c0 + c].outs.push_back(as_out(one.make_out(0)));
                if constexpr (queue::many_producers) {
                    for (unsigned p = 0; p < producers; p++) {
                        places[p0 + p].ins.push_back(as_in(one.make_in(p)));
                    }
                } else {
                    places[p0 + lane].ins.push_back(as_in(one.make_in(0)));
                }
            }
        }
    }

    // One queue, and stages that follow each other in it; else a queue between any two stages.
    void connect_stages() {
        bool diamond = plan.shape == SUITE_DIAMOND;
        if constexpr (has_stages<queue>::value) {
            connect(0, 1, 1, diamond ? 3 : plan.consumers);
            return;
        }
        if (diamond) {
            connect(0, 1, 1, 2);
            connect(1, 2, 3, 1);
            return;
        }
        for (unsigned stage = 0; stage < plan.consumers; stage++) {
            connect(stage, 1, stage + 1, 1);
        }
    }

    template <suite_waiting W, class Ins, class Outs>
    void play(Ins &ins, Outs &outs, place &at, suite_job *job) {
        uint64_t incoming = job->n * at.producers;
        if (at.ins.empty()) {
            job->sum = plan.trace != nullptr ? consume_here<W>(outs, incoming)
                                             : consume<W, N>(outs, incoming, plan.batch, &job->stall);
            if (has_stages<queue>::value && plan.shape == SUITE_DIAMOND && job->thread == 3) {
                job->sum *= 2; // both sides hand it the same event
            }
        } else if (at.outs.empty()) {
            job->sum = plan.trace != nullptr ? produce_here<W>(ins, job->n) : produce<W, N>(ins, job->n, plan.batch);
        } else if constexpr (N == 40) {
            job->sum = pass_on<W, N>(ins, outs, incoming);
        }
    }
    template <suite_waiting W, class Outs>
    uint64_t consume_here(Outs &outs, uint64_t n) {
        if constexpr (N == 16) {
            return consume_lines<W>(outs, n);
        } else {
            return n - n;
        }
    }
    template <suite_waiting W, class Ins>
    uint64_t produce_here(Ins &ins, uint64_t n) {
        if constexpr (N == 16) {
            return produce_lines<W>(ins, n, plan.trace);
        } else {
            return n - n;
        }
    }

    template <class Ins, class Outs>
    void play_any(Ins &ins, Outs &outs, place &at, suite_job *job) {
        if (plan.shape == SUITE_PINGPONG) {
            if constexpr (N == 40 || N == 1024) {
                job->sum =
                    job->thread == 0 ? serve<N>(ins, outs, job->n, job->samples) : give_back<N>(ins, outs, job->n);
            }
        } else if (plan.shape == SUITE_WAKEUP) {
            if constexpr (queue::blocks && N == 40) {
                job->sum = job->thread == 0 ? wake<N>(ins, job) : sleep_and_wake<N>(outs, job);
            }
        } else if (plan.waiting == SUITE_SPIN) {
            play<SUITE_SPIN>(ins, outs, at, job);
        } else if constexpr (N == 40 || N == 16) {
            if (plan.waiting == SUITE_YIELD) {
                play<SUITE_YIELD>(ins, outs, at, job);
            } else if constexpr (queue::blocks) {
                play<SUITE_BLOCK>(ins, outs, at, job);
            }
        }
    }

  public:
    explicit net(const suite_plan &wanted) : plan(wanted) {
        switch (plan.shape) {
        case SUITE_PINGPONG:
            connect(0, 1, 1, 1);
            connect(1, 1, 0, 1);
            break;
        case SUITE_PIPELINE:
        case SUITE_DIAMOND:
            connect_stages();
            break;
        default:
            connect(0, plan.producers, plan.producers, plan.consumers);
        }
    }

    void run(suite_job *job) override {
        place &at = places[job->thread];
        if (at.ins.size() <= 1 && at.outs.size() <= 1) {
            // On copies that nobody else can see: they can stay in registers.
            single<in> ins{at.ins.empty() ? in{} : at.ins[0]};
            single<out> outs{at.outs.empty() ? out{} : at.outs[0]};
            play_any(ins, outs, at, job);
            if (!at.ins.empty()) {
                at.ins[0] = ins.end;
            }
            if (!at.outs.empty()) {
                at.outs[0] = outs.end;
            }
        } else if constexpr (N == 40 || N == 16) {
            several<in> ins{at.ins.data(), at.ins.size(), 0};
            several<out> outs{at.outs.data(), at.outs.size(), 0};
            play_any(ins, outs, at, job);
        }
    }
};

template <template <size_t> class Q>
class flow {
    using probe = Q<40>;
    template <size_t N>
    static void *make(const suite_plan &plan) {
        return static_cast<net_base *>(new net<Q, N>(plan));
    }
    // Nobody can sleep on several queues at once, and not every queue of several producers has one order.
    static bool possible(const suite_plan &plan) {
        if (plan.total && !in_order<probe>::value) {
            return false;
        }
        bool lanes = !probe::broadcast && !probe::many_producers && plan.producers > 1;
        bool asleep = plan.waiting == SUITE_BLOCK || plan.shape == SUITE_WAKEUP;
        return !asleep || (probe::blocks && !lanes);
    }

  public:
    static void *open(const suite_plan *plan) {
        if (!possible(*plan)) {
            return nullptr;
        }
        if (plan->trace != nullptr) {
            return make<16>(*plan);
        }
        switch (plan->bytes) {
        case 8:
            return make<8>(*plan);
        case 40:
            return make<40>(*plan);
        case 64:
            return make<64>(*plan);
        case 256:
            return make<256>(*plan);
        case 1024:
            return make<1024>(*plan);
        case 4096:
            return make<4096>(*plan);
        case 16384:
            return make<16384>(*plan);
        case 65536:
            return make<65536>(*plan);
        default:
            return nullptr;
        }
    }
    static void run(void *state, suite_job *job) {
        static_cast<net_base *>(state)->run(job);
    }
    static void close(void *state) {
        delete static_cast<net_base *>(state);
    }
    static constexpr suite_flow functions = {open, run, close, nullptr};
};

} // namespace bench

// The plug-in of a peer that has queues and nothing else.
#define BENCH_PEER(queue, name, settings)                                                                              \
    extern "C" const suite_plugin suite_plugin;                                                                        \
    static const suite_flow peer_flow = bench::flow<queue>::functions;                                                 \
    const struct suite_plugin suite_plugin = {name, settings, &peer_flow, nullptr, nullptr}
#endif
