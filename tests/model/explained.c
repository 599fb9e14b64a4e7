/* explained.c - the table of memory orders whose weakening no scenario can notice, and why: FILE | OPERAND | VARIANT |
 * reason.
 *
 * FILE may end in :FUNCTION where the same operand stands more than once in a file, and in :FUNCTION#N for the Nth in
 * there; all are as --sites prints them, * stands for any operand or variant. A line that explains nothing is out of
 * date, and fails the run as a survivor does. */
#include "mutate.h"

#include <string.h>

#define MAX_LINES 512

struct explanation {
    char file[80], text[120], variant[32], reason[400];
    bool used;
};
static struct explanation explanations[MAX_LINES];
static uint32_t explanation_count;

static void trimmed(char *to, size_t bytes, const char *from, const char *end) {
    while (from < end && (*from == ' ' || *from == '\t')) {
        from++;
    }
    while (end > from && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\n')) {
        end--;
    }
    (void)snprintf(to, bytes, "%.*s", (int)(end - from), from);
}

/* An operand may itself contain bars, but not with a space on either side. */
static bool parse_line(const char *line, struct explanation *out) {
    const char *bar[3];
    const char *at = line;
    for (int i = 0; i < 3; i++) {
        bar[i] = strstr(at, " | ");
        if (bar[i] == NULL) {
            return false;
        }
        at = bar[i] + 3;
    }
    trimmed(out->file, sizeof out->file, line, bar[0]);
    trimmed(out->text, sizeof out->text, bar[0] + 3, bar[1]);
    trimmed(out->variant, sizeof out->variant, bar[1] + 3, bar[2]);
    trimmed(out->reason, sizeof out->reason, bar[2] + 3, line + strlen(line));
    return out->reason[0] != '\0';
}

bool explanations_read(const char *file) {
    char line[800];
    bool good = true;
    FILE *in = fopen(file, "r");
    if (in == NULL) {
        fprintf(stderr, "model: cannot read %s\n", file);
        return false;
    }
    while (good && fgets(line, sizeof line, in) != NULL) {
        if (line[0] == '#' || line[0] == '\n') {
            continue;
        }
        good = explanation_count < MAX_LINES && parse_line(line, &explanations[explanation_count]);
        explanation_count += good;
        if (!good) {
            fprintf(stderr, "model: %s: not FILE | OPERAND | VARIANT | reason: %s", file, line);
        }
    }
    (void)fclose(in);
    return good;
}

static bool field_matches(const char *pattern, const char *text) {
    return strcmp(pattern, "*") == 0 || strcmp(pattern, text) == 0;
}

/* The how-manieth of its operand in its function: sites are in the order of their lines. */
static uint32_t rank_of(uint32_t number) {
    const struct model_site *site = site_at(number);
    uint32_t rank = 1;
    for (uint32_t i = 1; i < number; i++) {
        const struct model_site *other = site_at(i);
        rank += strcmp(other->file, site->file) == 0 && strcmp(other->function, site->function) == 0 &&
                strcmp(other->text, site->text) == 0;
    }
    return rank;
}

static bool place_matches(const char *pattern, uint32_t number) {
    char place[240];
    const struct model_site *site = site_at(number);
    const char *file = short_file(site->file);
    if (strchr(pattern, ':') == NULL) {
        return field_matches(pattern, file);
    }
    (void)snprintf(place, sizeof place, "%s:%s#%u", file, site->function, rank_of(number));
    if (strchr(pattern, '#') == NULL) {
        *strchr(place, '#') = '\0';
    }
    return strcmp(pattern, place) == 0;
}

int32_t explanation_of(const struct mutation *mutant) {
    const struct model_site *site = site_at(mutant->site);
    for (uint32_t i = 0; i < explanation_count; i++) {
        const struct explanation *line = &explanations[i];
        if (place_matches(line->file, mutant->site) && field_matches(line->text, site->text) &&
            field_matches(line->variant, mutant->text)) {
            return (int32_t)i;
        }
    }
    return -1;
}

const char *explanation_use(int32_t line) {
    explanations[line].used = true;
    return explanations[line].reason;
}

uint32_t explanations_stale(const char *of) {
    uint32_t stale = 0;
    for (uint32_t i = 0; i < explanation_count; i++) {
        const struct explanation *line = &explanations[i];
        if (!line->used && (of == NULL || strncmp(line->file, of, strlen(of)) == 0)) {
            printf("STALE     %s | %s | %s  explains no survivor\n", line->file, line->text, line->variant);
            stale++;
        }
    }
    return stale;
}
