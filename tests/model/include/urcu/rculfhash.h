/* include/urcu/rculfhash.h - in the place of liburcu's lock-free hash table: a list. Each call is one step to the explorer;
 * what liburcu guarantees about its own memory order is taken for granted. */
#ifndef TORC_TESTS_MODEL_RCULFHASH_H
#define TORC_TESTS_MODEL_RCULFHASH_H

#include <stddef.h>
#include <stdlib.h>

struct cds_lfht_node {
    struct cds_lfht_node *next;
    unsigned long hash;
};
struct cds_lfht {
    struct cds_lfht_node *first;
};
struct cds_lfht_iter {
    struct cds_lfht_node *node;
};

#define caa_container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define cds_lfht_new_flavor(...)                ((struct cds_lfht *)calloc(1, sizeof(struct cds_lfht)))
#define cds_lfht_for_each(table, iter, found)                                                                          \
    for ((iter)->node = (table)->first, (found) = (iter)->node; (found) != NULL; (found) = (found)->next)

/* Not watched: liburcu orders these accesses by itself. */
#define CDS_LFHT_TRUSTED __attribute__((no_sanitize("thread"), noinline)) static

CDS_LFHT_TRUSTED void cds_lfht_node_init(struct cds_lfht_node *node) {
    node->next = NULL;
}
CDS_LFHT_TRUSTED void cds_lfht_add(struct cds_lfht *table, unsigned long hash, struct cds_lfht_node *node) {
    node->hash = hash;
    node->next = table->first;
    table->first = node;
}
CDS_LFHT_TRUSTED void cds_lfht_lookup(struct cds_lfht *table, unsigned long hash,
                                      int (*match)(struct cds_lfht_node *, const void *), const void *key,
                                      struct cds_lfht_iter *iter) {
    iter->node = table->first;
    while (iter->node != NULL && (iter->node->hash != hash || !match(iter->node, key))) {
        iter->node = iter->node->next;
    }
}
static inline struct cds_lfht_node *cds_lfht_iter_get_node(struct cds_lfht_iter *iter) {
    return iter->node;
}
static inline int cds_lfht_del(struct cds_lfht *table, struct cds_lfht_node *node) {
    (void)table, (void)node;
    return 0;
}
static inline int cds_lfht_destroy(struct cds_lfht *table, void *attributes) {
    (void)attributes;
    free(table);
    return 0;
}

#endif
