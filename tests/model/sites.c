/* sites.c - the places in the source where atomic operations stand, and how each can be made one notch weaker. */
#include "explorer.h"

#include <stdlib.h>
#include <string.h>

extern struct model_site *const __start_model_sites[];
extern struct model_site *const __stop_model_sites[];

#define MAX_SITES 2048

static struct model_site *sites[MAX_SITES + 1];
static uint32_t site_total;

static bool same_place(const struct model_site *a, const struct model_site *b) {
    return a->line == b->line && a->op == b->op && strcmp(a->file, b->file) == 0 && strcmp(a->name, b->name) == 0 &&
           strcmp(a->text, b->text) == 0;
}

static int by_place(const void *a, const void *b) {
    const struct model_site *x = *(struct model_site *const *)a;
    const struct model_site *y = *(struct model_site *const *)b;
    int files = strcmp(x->file, y->file);
    if (files != 0) {
        return files;
    }
    if (x->line != y->line) {
        return x->line < y->line ? -1 : 1;
    }
    return strcmp(x->text, y->text);
}

void sites_begin(void) {
    size_t count = ((uintptr_t)__stop_model_sites - (uintptr_t)__start_model_sites) / sizeof(struct model_site *);
    struct model_site **all = malloc(count * sizeof *all + 1);
    if (all == NULL || count > MAX_SITES) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        all[i] = __start_model_sites[i];
    }
    qsort(all, count, sizeof *all, by_place);
    for (size_t i = 0; i < count; i++) {
        struct model_site *site = all[i];
        site->same = NULL;
        for (uint32_t k = site_total; k > 0 && sites[k]->line == site->line && site->same == NULL; k--) {
            site->same = same_place(sites[k], site) ? sites[k] : NULL;
        }
        if (site->same == NULL) {
            site->same = site;
            site->number = (uint16_t)++site_total;
            sites[site_total] = site;
        }
    }
    free(all);
}

uint32_t sites_count(void) {
    return site_total;
}

struct model_site *site_at(uint32_t number) {
    return sites[number];
}

const char *short_file(const char *file) {
    return strncmp(file, "./", 2) == 0 ? file + 2 : file;
}

const char *order_name(uint8_t order) {
    switch (order) {
    case MODEL_RELAXED:
        return "relaxed";
    case MODEL_ACQUIRE:
        return "acquire";
    case MODEL_RELEASE:
        return "release";
    case MODEL_ACQ_REL:
        return "acq_rel";
    default:
        return "seq_cst";
    }
}

/* --- weakening ---------------------------------------------------------------------------------------------------- */

static void add(struct mutation *out, uint32_t *count, const struct model_site *site, int order, const char *text) {
    out[(*count)++] = (struct mutation){site->number, (uint8_t)order, site->fail, 1, text};
}

uint32_t mutations_of(const struct model_site *site, struct mutation *out) {
    uint32_t count = 0;
    switch (site->op) {
    case MODEL_FENCE:
    case MODEL_LIGHT:
        add(out, &count, site, MODEL_ACQ_REL, "acq_rel");
        add(out, &count, site, MODEL_RELAXED, "none");
        return count;
    case MODEL_HEAVY:
        add(out, &count, site, MODEL_SEQ_CST, "own fence only");
        out[0].heavy = 0;
        return count;
    case MODEL_PAUSE:
        return 0;
    default:
        break;
    }
    if (site->order == MODEL_ACQ_REL) {
        add(out, &count, site, MODEL_ACQUIRE, "acquire");
        add(out, &count, site, MODEL_RELEASE, "release");
    } else if (site->order != MODEL_RELAXED) {
        add(out, &count, site, MODEL_RELAXED, "relaxed");
    }
    if (site->fail != MODEL_RELAXED) {
        add(out, &count, site, site->order, "failure relaxed");
        out[count - 1].fail = MODEL_RELAXED;
    }
    return count;
}

void mutation_apply(const struct mutation *mutation) {
    struct model_site *site = sites[mutation->site];
    site->now = mutation->order;
    site->now_fail = mutation->fail;
    site->heavy = mutation->heavy;
}

/* On top of others, perhaps at the same site: the weakest of all. */
void mutation_add(const struct mutation *mutation) {
    struct model_site *site = sites[mutation->site];
    site->now &= mutation->order;
    site->now_fail &= mutation->fail;
    site->heavy &= mutation->heavy;
}

void mutations_undo(void) {
    for (uint32_t i = 1; i <= site_total; i++) {
        sites[i]->now = sites[i]->order;
        sites[i]->now_fail = sites[i]->fail;
        sites[i]->heavy = 1;
    }
}

static bool file_matches(const char *file, const char *wanted, size_t length) {
    size_t all = strlen(file);
    return all >= length && memcmp(file + all - length, wanted, length) == 0;
}

/* FILE:LINE[:VARIANT]. FILE may be the end of a path; without a variant the first one is taken. */
bool mutation_parse(const char *text) {
    const char *colon = strchr(text, ':');
    const char *variant;
    uint32_t line;
    char *end;
    bool found = false;
    if (colon == NULL) {
        return false;
    }
    line = (uint32_t)strtoul(colon + 1, &end, 10);
    variant = *end == ':' ? end + 1 : NULL;
    for (uint32_t i = 1; i <= site_total; i++) {
        struct mutation out[4];
        uint32_t count = mutations_of(sites[i], out);
        if (sites[i]->line != line || !file_matches(sites[i]->file, text, (size_t)(colon - text))) {
            continue;
        }
        for (uint32_t k = 0; k < count; k++) {
            if (variant == NULL || strcmp(variant, out[k].text) == 0) {
                mutation_apply(&out[k]);
                printf("weakened: %s:%u %s(%s) -> %s\n", short_file(sites[i]->file), line, sites[i]->name,
                       sites[i]->text, out[k].text);
                found = true;
                break;
            }
        }
    }
    return found;
}

void sites_list(void) {
    uint32_t variants = 0;
    for (uint32_t i = 1; i <= site_total; i++) {
        struct mutation out[4];
        uint32_t count = mutations_of(sites[i], out);
        printf("%s:%u %s  %s(%s)", short_file(sites[i]->file), sites[i]->line, sites[i]->function, sites[i]->name,
               sites[i]->text);
        for (uint32_t k = 0; k < count; k++) {
            printf("%s%s", k == 0 ? "  -> " : " | ", out[k].text);
        }
        printf("\n");
        variants += count;
    }
    printf("%u sites, %u ways to weaken one of them\n", site_total, variants);
}

/* --- which were used ---------------------------------------------------------------------------------------------- */

static bool used[MAX_SITES + 1];

bool site_used(uint32_t number) {
    return used[number];
}

void site_mark_used(uint32_t number) {
    used[number] = true;
}

void sites_unused(void) {
    memset(used, 0, sizeof used);
}
