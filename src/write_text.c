/* src/write_text.c - a snapshot as tables for people, with rates if there is an earlier one to compare with. */
#include "figures.h"

#include <string.h>

#define NUMBER_WIDTH 13
#define LABEL_WIDTH  8

static size_t width_of(const struct figure *figure) {
    size_t width = figure_is_label(figure) ? LABEL_WIDTH : NUMBER_WIDTH;
    return figure->kind == LABEL_TEXT || figure->kind == LABEL_TOPIC ? 2 * LABEL_WIDTH : width;
}

/* The same row in an earlier snapshot: rows may have come and gone between. */
static const void *row_before(const struct torc_snapshot *before, const struct figure_set *set, const void *row) {
    const void *found;
    for (uint64_t i = 0; (found = torc_figure_row(before, set, i)) != NULL; i++) {
        bool same = true;
        for (size_t k = 0; k < set->figure_count && figure_is_label(&set->figures[k]); k++) {
            const struct figure *figure = &set->figures[k];
            same = same && (figure->kind == LABEL_TEXT || figure_value(row, figure) == figure_value(found, figure));
        }
        if (same) {
            return found;
        }
    }
    return NULL;
}

/* What happens most in such a row. */
static const struct figure *rated(const struct figure_set *set) {
    static const char *const names[] = {"published", "consumed", "allocations", "messages"};
    for (size_t i = 0; i < set->figure_count; i++) {
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
            if (strcmp(set->figures[i].name, names[k]) == 0) {
                return &set->figures[i];
            }
        }
    }
    return NULL;
}

static uint64_t per_second(uint64_t count, uint64_t ns) {
    return ns == 0 ? 0 : (uint64_t)((double)count * 1e9 / (double)ns);
}

static void put_rate(struct output *out, const struct torc_snapshot *now, const struct torc_snapshot *before,
                     const struct figure_set *set, const void *row) {
    const struct figure *figure = rated(set);
    const void *earlier = figure == NULL ? NULL : row_before(before, set, row);
    if (figure != NULL) {
        uint64_t was = earlier == NULL ? figure_value(row, figure) : figure_value(earlier, figure);
        uint64_t count = figure_value(row, figure) > was ? figure_value(row, figure) - was : 0;
        torc_put_number_column(out, per_second(count, now->at - before->at), NUMBER_WIDTH);
    }
}

static void put_heading(struct output *out, const struct figure_set *set, bool rates) {
    for (size_t i = 0; i < set->figure_count; i++) {
        torc_put_column(out, set->figures[i].name, width_of(&set->figures[i]));
        torc_put(out, " ");
    }
    torc_put_column(out, rates && rated(set) != NULL ? "per second" : "", rates ? NUMBER_WIDTH : 0);
    torc_put(out, "\n");
}

static void put_row(struct output *out, const struct torc_snapshot *snapshot, const struct figure_set *set,
                    const void *row) {
    for (size_t i = 0; i < set->figure_count; i++) {
        const struct figure *figure = &set->figures[i];
        const char *text = torc_figure_text(snapshot, row, figure);
        if (text != NULL) {
            torc_put_column(out, text, width_of(figure));
        } else {
            torc_put_number_column(out, figure_value(row, figure), width_of(figure));
        }
        torc_put(out, " ");
    }
}

static void put_set(struct output *out, const struct torc_snapshot *now, const struct torc_snapshot *before,
                    const struct figure_set *set) {
    const void *row;
    torc_put(out, set->plural != NULL ? set->plural : set->name);
    torc_put(out, "\n");
    put_heading(out, set, before != NULL);
    for (uint64_t i = 0; (row = torc_figure_row(now, set, i)) != NULL; i++) {
        put_row(out, now, set, row);
        if (before != NULL) {
            put_rate(out, now, before, set, row);
        }
        torc_put(out, "\n");
    }
}

void torc_write_text(struct output *out, const struct torc_snapshot *snapshot,
                     const struct torc_snapshot_style *style) {
    if (style->name != NULL) {
        torc_put(out, style->name);
        torc_put(out, "\n");
    }
    for (size_t i = 0; i < FIGURE_SETS; i++) {
        if (torc_figure_row(snapshot, &torc_figure_sets[i], 0) != NULL) {
            put_set(out, snapshot, style->before, &torc_figure_sets[i]);
        }
    }
}
