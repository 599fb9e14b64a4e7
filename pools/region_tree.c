/* pools/region_tree.c - a balanced (AVL) tree of gaps, by size and then offset, linked by node numbers.
 *
 * A subtree's two sides differ in height by one at most, so a path is no longer than 1.44 log2(n). There are no links
 * to parents: add and remove remember the links they came along, and walk back only as far as heights change. */
#include "region.h"

/* 1.44 * 26, rounded up: the longest path in a tree of 2^26 nodes. */
#define LONGEST 40

struct path {
    uint32_t *link[LONGEST];
    uint32_t length;
};

static bool less(const struct region_node *a, const struct region_node *b) {
    return a->size != b->size ? a->size < b->size : a->offset < b->offset;
}

static uint32_t height(const struct region_node *nodes, uint32_t node) {
    return node == REGION_NONE ? 0 : nodes[node].height;
}

static void measure(struct region_node *nodes, uint32_t node) {
    uint32_t left = height(nodes, nodes[node].left);
    uint32_t right = height(nodes, nodes[node].right);
    nodes[node].height = ((left > right ? left : right) + 1) & 63u;
}

/* The left child comes up, its parent goes down to the right; and the mirror image. */
static void rotate_right(struct region_node *nodes, uint32_t *link) {
    uint32_t down = *link;
    uint32_t up = nodes[down].left;
    nodes[down].left = nodes[up].right;
    nodes[up].right = down;
    *link = up;
    measure(nodes, down);
    measure(nodes, up);
}

static void rotate_left(struct region_node *nodes, uint32_t *link) {
    uint32_t down = *link;
    uint32_t up = nodes[down].right;
    nodes[down].right = nodes[up].left;
    nodes[up].left = down;
    *link = up;
    measure(nodes, down);
    measure(nodes, up);
}

/* Balances the subtree at *link, whose sides are balanced. False if its height is what it was. */
static bool balance(struct region_node *nodes, uint32_t *link) {
    struct region_node *top = &nodes[*link];
    uint32_t before = top->height;
    uint32_t left = height(nodes, top->left);
    uint32_t right = height(nodes, top->right);
    if (left > right + 1) {
        if (height(nodes, nodes[top->left].left) < height(nodes, nodes[top->left].right)) {
            rotate_left(nodes, &top->left);
        }
        rotate_right(nodes, link);
    } else if (right > left + 1) {
        if (height(nodes, nodes[top->right].right) < height(nodes, nodes[top->right].left)) {
            rotate_right(nodes, &top->right);
        }
        rotate_left(nodes, link);
    } else {
        measure(nodes, *link);
    }
    return nodes[*link].height != before;
}

static void walk_back(struct region_node *nodes, struct path *path) {
    while (path->length > 0 && balance(nodes, path->link[path->length - 1])) {
        path->length--;
    }
}

void torc_region_tree_add(struct region_node *nodes, uint32_t *root, uint32_t node) {
    struct path path = {.length = 0};
    uint32_t *link = root;
    while (*link != REGION_NONE) {
        path.link[path.length++] = link;
        link = less(&nodes[node], &nodes[*link]) ? &nodes[*link].left : &nodes[*link].right;
    }
    *link = node;
    nodes[node].left = REGION_NONE;
    nodes[node].right = REGION_NONE;
    nodes[node].height = 1;
    walk_back(nodes, &path);
}

/* `node` at *link has two children: the next larger takes its place. Its way down is added to the path. */
static void replace(struct region_node *nodes, uint32_t *link, uint32_t node, struct path *path) {
    uint32_t first = path->length;
    uint32_t *at = &nodes[node].right;
    uint32_t next;
    for (; nodes[*at].left != REGION_NONE; at = &nodes[*at].left) {
        path->link[path->length++] = at;
    }
    next = *at;
    *at = nodes[next].right;
    nodes[next].left = nodes[node].left;
    nodes[next].right = nodes[node].right;
    nodes[next].height = nodes[node].height;
    *link = next;
    if (path->length > first) {
        path->link[first] = &nodes[next].right; /* was the right link of `node` */
    }
}

void torc_region_tree_remove(struct region_node *nodes, uint32_t *root, uint32_t node) {
    struct path path = {.length = 0};
    uint32_t *link = root;
    while (*link != node) {
        path.link[path.length++] = link;
        link = less(&nodes[node], &nodes[*link]) ? &nodes[*link].left : &nodes[*link].right;
    }
    if (nodes[node].left != REGION_NONE && nodes[node].right != REGION_NONE) {
        path.link[path.length++] = link;
        replace(nodes, link, node, &path);
    } else {
        *link = nodes[node].left != REGION_NONE ? nodes[node].left : nodes[node].right;
    }
    walk_back(nodes, &path);
}

uint32_t torc_region_tree_fit(const struct region_node *nodes, uint32_t root, uint64_t size) {
    uint32_t best = REGION_NONE;
    while (root != REGION_NONE) {
        bool fits = nodes[root].size >= size;
        best = fits ? root : best;
        root = fits ? nodes[root].left : nodes[root].right;
    }
    return best;
}
