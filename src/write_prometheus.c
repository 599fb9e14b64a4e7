/* src/write_prometheus.c - a snapshot in Prometheus's text exposition format 0.0.4: a metric per figure, a sample per
 * row. */
#include "figures.h"

static void put_label(struct output *out, const char *name, const char *text, uint64_t number, bool *any) {
    torc_put(out, *any ? "," : "{");
    *any = true;
    torc_put(out, name);
    torc_put(out, "=\"");
    if (text != NULL) {
        torc_put_escaped(out, text, false);
    } else {
        torc_put_number(out, number);
    }
    torc_put(out, "\"");
}

static void put_labels(struct output *out, const struct torc_snapshot *snapshot, const struct figure_set *set,
                       const void *row, const char *name) {
    bool any = false;
    if (name != NULL) {
        put_label(out, "bus", name, 0, &any);
    }
    for (size_t i = 0; i < set->figure_count && figure_is_label(&set->figures[i]); i++) {
        const struct figure *figure = &set->figures[i];
        const char *text = torc_figure_text(snapshot, row, figure);
        put_label(out, figure->name, text, text == NULL ? figure_value(row, figure) : 0, &any);
    }
    torc_put(out, any ? "}" : "");
}

static void put_metric(struct output *out, const struct figure_set *set, const struct figure *figure) {
    torc_put(out, "torc_");
    torc_put(out, set->name);
    torc_put(out, "_");
    torc_put(out, figure->name);
    torc_put(out, figure->kind == FIGURE_COUNTER ? "_total" : "");
}

static void put_figure(struct output *out, const struct torc_snapshot *snapshot, const struct figure_set *set,
                       const struct figure *figure, const char *name) {
    const void *row;
    torc_put(out, "# HELP ");
    put_metric(out, set, figure);
    torc_put(out, " ");
    torc_put(out, figure->help);
    torc_put(out, "\n# TYPE ");
    put_metric(out, set, figure);
    torc_put(out, figure->kind == FIGURE_COUNTER ? " counter\n" : " gauge\n");
    for (uint64_t i = 0; (row = torc_figure_row(snapshot, set, i)) != NULL; i++) {
        put_metric(out, set, figure);
        put_labels(out, snapshot, set, row, name);
        torc_put(out, " ");
        torc_put_number(out, figure_value(row, figure));
        torc_put(out, "\n");
    }
}

void torc_write_prometheus(struct output *out, const struct torc_snapshot *snapshot, const char *name) {
    for (size_t s = 0; s < FIGURE_SETS; s++) {
        const struct figure_set *set = &torc_figure_sets[s];
        for (size_t i = 0; i < set->figure_count; i++) {
            if (!figure_is_label(&set->figures[i]) && torc_figure_row(snapshot, set, 0) != NULL) {
                put_figure(out, snapshot, set, &set->figures[i], name);
            }
        }
    }
}
