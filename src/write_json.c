/* src/write_json.c - a snapshot as one JSON object: {"torc":1,"at":N,"name":"...","bus":{...},"topics":[{...}],...}. */
#include "figures.h"

static void put_string(struct output *out, const char *text) {
    torc_put(out, "\"");
    torc_put_escaped(out, text, true);
    torc_put(out, "\"");
}

static void put_row(struct output *out, const struct torc_snapshot *snapshot, const struct figure_set *set,
                    const void *row) {
    for (size_t i = 0; i < set->figure_count; i++) {
        const struct figure *figure = &set->figures[i];
        const char *text = torc_figure_text(snapshot, row, figure);
        torc_put(out, i == 0 ? "{" : ",");
        put_string(out, figure->name);
        torc_put(out, ":");
        if (text != NULL) {
            put_string(out, text);
        } else {
            torc_put_number(out, figure_value(row, figure));
        }
    }
    torc_put(out, "}");
}

static void put_set(struct output *out, const struct torc_snapshot *snapshot, const struct figure_set *set) {
    const void *row;
    torc_put(out, ",");
    put_string(out, set->plural != NULL ? set->plural : set->name);
    torc_put(out, set->plural != NULL ? ":[" : ":");
    for (uint64_t i = 0; (row = torc_figure_row(snapshot, set, i)) != NULL; i++) {
        torc_put(out, i == 0 ? "" : ",");
        put_row(out, snapshot, set, row);
    }
    torc_put(out, set->plural != NULL ? "]" : "");
}

void torc_write_json(struct output *out, const struct torc_snapshot *snapshot, const char *name) {
    torc_put(out, "{\"torc\":1,\"at\":");
    torc_put_number(out, snapshot->at);
    if (name != NULL) {
        torc_put(out, ",\"name\":");
        put_string(out, name);
    }
    for (size_t i = 0; i < FIGURE_SETS; i++) {
        put_set(out, snapshot, &torc_figure_sets[i]);
    }
    torc_put(out, "}\n");
}
