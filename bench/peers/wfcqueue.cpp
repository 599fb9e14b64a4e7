// wfcqueue.cpp - liburcu's wfcqueue: a list of nodes. Each producer goes round in nodes of its own; the consumer marks them read.
#include "net.hpp"
#define _LGPL_SOURCE
#include <urcu/wfcqueue.h>

template <size_t N>
struct urcu_queue {
    static constexpr bool broadcast = false, many_producers = true, blocks = false, variable = false, total = true;
    using event = bench::event<N>;
    struct node {
        cds_wfcq_node link;
        uint64_t busy;
        event payload;
    };

    alignas(BENCH_MEMORY) __cds_wfcq_head head;
    alignas(BENCH_MEMORY) cds_wfcq_tail tail;
    size_t entries;
    std::vector<node *> nodes;

    urcu_queue(const suite_plan &plan, unsigned producers, unsigned) : head(), tail(), entries(plan.entries) {
        __cds_wfcq_init(&head, &tail);
        for (unsigned p = 0; p < producers; p++) {
            nodes.push_back(static_cast<node *>(bench_memory(entries * sizeof(node))));
        }
    }
    ~urcu_queue() {
        for (node *one : nodes) {
            std::free(one);
        }
    }

    // In C a pointer of either kind turns into this by itself.
    cds_wfcq_head_ptr_t list() {
        cds_wfcq_head_ptr_t pointer;
        pointer._h = &head;
        return pointer;
    }

    struct in {
        urcu_queue *queue;
        node *nodes;
        size_t next, entries;
        template <class F>
        bool push(F &&write) {
            node *one = &nodes[next];
            if (__atomic_load_n(&one->busy, __ATOMIC_ACQUIRE) != 0) {
                return false;
            }
            next = next + 1 < entries ? next + 1 : 0;
            write(one->payload);
            one->busy = 1;
            cds_wfcq_node_init(&one->link);
            (void)cds_wfcq_enqueue(queue->list(), &queue->tail, &one->link);
            return true;
        }
    };
    struct out {
        urcu_queue *queue;
        template <class F>
        bool pop(F &&use) {
            cds_wfcq_node *link = __cds_wfcq_dequeue_nonblocking(queue->list(), &queue->tail);
            if (link == nullptr || link == CDS_WFCQ_WOULDBLOCK) {
                return false;
            }
            node *one = reinterpret_cast<node *>(link); // its first member
            use(static_cast<const event &>(one->payload));
            __atomic_store_n(&one->busy, 0, __ATOMIC_RELEASE);
            return true;
        }
    };
    in make_in(unsigned p) {
        return {this, nodes[p], 0, entries};
    }
    out make_out(unsigned) {
        return {this};
    }
};

BENCH_PEER(urcu_queue, "wfcqueue",
           "static inline calls, single consumer without lock, events in preallocated nodes that go round; one by one "
           "in batches too");
