/* src/figures.h - what there is in a snapshot, as tables that the writers walk. Private to snapshot's writers
 * (write_*.c). */
#ifndef TORC_SRC_FIGURES_H
#define TORC_SRC_FIGURES_H

#include <stdbool.h>
#include <torc/snapshot.h>

enum figure_kind {
    FIGURE_GAUGE = 0,
    FIGURE_COUNTER,
    /* These tell rows apart. */
    LABEL_NUMBER,
    LABEL_TEXT,   /* characters in place */
    LABEL_TOPIC,  /* an index, written as the topic's name */
    LABEL_SHIRT,  /* written as XS .. XXL */
    LABEL_POLICY, /* written as gate .. evict */
    LABEL_KEEP    /* written as lane or keep */
};

struct figure {
    const char *name;
    const char *help;
    enum figure_kind kind;
    size_t offset;
};

/* One kind of row. */
struct figure_set {
    const char *name;   /* of one row */
    const char *plural; /* NULL: the snapshot itself */
    const struct figure *figures;
    size_t figure_count;
    size_t stride;
    size_t rows;  /* offset of the pointer in the snapshot */
    size_t count; /* offset of the count */
};

#define FIGURE_SETS 6
extern const struct figure_set torc_figure_sets[FIGURE_SETS];

static inline bool figure_is_label(const struct figure *figure) {
    return figure->kind >= LABEL_NUMBER;
}

/* Row `index`, or NULL past the last. */
const void *torc_figure_row(const struct torc_snapshot *snapshot, const struct figure_set *set, uint64_t index);
static inline uint64_t figure_value(const void *row, const struct figure *figure) {
    return *(const uint64_t *)(const void *)((const unsigned char *)row + figure->offset);
}
/* A label as text; NULL for LABEL_NUMBER. */
const char *torc_figure_text(const struct torc_snapshot *snapshot, const void *row, const struct figure *figure);

/* --- where the text goes ---------------------------------------------------------------------------------------- */

struct output {
    torc_write write;
    void *context;
    int status;
    size_t used;
    char part[256];
};

void torc_put(struct output *out, const char *text);
void torc_put_number(struct output *out, uint64_t value);
/* Right-aligned in `width` columns; a text is cut. */
void torc_put_column(struct output *out, const char *text, size_t width);
void torc_put_number_column(struct output *out, uint64_t value, size_t width);
/* A name as both formats quote it: a backslash before quotes and backslashes, a newline as \n, other control characters
 * as \u00XX (JSON) or as they are (Prometheus knows no escape for them); what is not UTF-8 becomes U+FFFD. */
void torc_put_escaped(struct output *out, const char *text, bool json);
/* What is left goes out. The result of it all. */
int torc_put_end(struct output *out);

void torc_write_text(struct output *out, const struct torc_snapshot *snapshot, const struct torc_snapshot_style *style);
void torc_write_json(struct output *out, const struct torc_snapshot *snapshot, const char *name);
void torc_write_prometheus(struct output *out, const struct torc_snapshot *snapshot, const char *name);

#endif
