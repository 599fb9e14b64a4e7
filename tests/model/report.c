/* report.c - what happened in an execution, and what went wrong, in terms of source lines. */
#include "explorer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_NAMES 4096

static struct named {
    const void *at;
    char text[40];
} names[MAX_NAMES];
static uint32_t name_count;

void names_forget(void) {
    name_count = 0;
}

void model_name(const void *at, const char *format, ...) {
    va_list list;
    if (name_count == MAX_NAMES) {
        return;
    }
    names[name_count].at = at;
    va_start(list, format);
    (void)vsnprintf(names[name_count].text, sizeof names[0].text, format, list);
    va_end(list);
    name_count++;
}

/* The name at or closest before. */
const char *name_of(const void *at) {
    static char text[80];
    const struct named *best = NULL;
    for (uint32_t i = 0; i < name_count; i++) {
        if ((uintptr_t)names[i].at <= (uintptr_t)at && (best == NULL || (uintptr_t)names[i].at > (uintptr_t)best->at)) {
            best = &names[i];
        }
    }
    if (best == NULL || (uintptr_t)at - (uintptr_t)best->at >= 65536) {
        (void)snprintf(text, sizeof text, "%p", at);
    } else if (best->at == at) {
        (void)snprintf(text, sizeof text, "%s", best->text);
    } else {
        (void)snprintf(text, sizeof text, "%s+%zu", best->text, (size_t)((uintptr_t)at - (uintptr_t)best->at));
    }
    return text;
}

static char *in_the_tree(char *path) {
    char here[200];
    size_t length = getcwd(here, sizeof here) != NULL ? strlen(here) : 0;
    return length != 0 && strncmp(path, here, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

/* Where a plain access was made from. Asked only when there is something to report. */
const char *place_of(uint32_t pc) {
    static char text[2][200];
    static unsigned turn;
    char command[300];
    char *line = text[turn++ % 2];
    FILE *pipe;
    (void)snprintf(line, sizeof text[0], "%#x", pc);
    (void)snprintf(command, sizeof command, "addr2line -e /proc/%d/exe %#x 2>/dev/null", (int)getpid(), pc - 1);
    pipe = popen(command, "r");
    if (pipe != NULL) {
        char *end = fgets(line, sizeof text[0], pipe);
        (void)pclose(pipe);
        if (end != NULL) {
            line[strcspn(line, " \n")] = '\0';
            line = in_the_tree(line);
        }
    }
    return line;
}

void trace_add(struct step step) {
    step.thread = step.thread != 0 ? step.thread : ex.running->number;
    if (step.site->number != 0) {
        site_mark_used(step.site->number);
    }
    if (ex.trace_count < MAX_STEPS) {
        ex.trace[ex.trace_count++] = step;
    }
}

void model_say(const char *format, ...) {
    static struct model_site site = {"scenario", "says", "", 0, MODEL_PAUSE, 0, 0, 0, 0, 1, 0, &site, ""};
    va_list list;
    char *text;
    if (!exploring()) {
        return;
    }
    text = pool_take(100);
    va_start(list, format);
    (void)vsnprintf(text, 100, format, list);
    va_end(list);
    trace_add((struct step){.site = &site, .note = text});
}

static const char *code_of(const struct model_site *site, uint8_t order) {
    static char text[60];
    if (order == site->order || site->op < MODEL_LOAD || site->op > MODEL_HEAVY) {
        return site->name;
    }
    (void)snprintf(text, sizeof text, "%s, now %s", site->name, order_name(order));
    return text;
}

static void print_values(const struct step *step) {
    switch (step->site->op) {
    case MODEL_LOAD:
        printf(" = %#llx", (unsigned long long)step->read);
        break;
    case MODEL_STORE:
        printf(" <- %#llx", (unsigned long long)step->wrote);
        break;
    case MODEL_FENCE:
    case MODEL_LIGHT:
    case MODEL_HEAVY:
        break;
    case MODEL_PAUSE:
        if (step->at != NULL) {
            printf(" (%llu)", (unsigned long long)step->read);
        }
        break;
    default:
        printf(step->failed ? " = %#llx, fails" : " = %#llx <- %#llx", (unsigned long long)step->read,
               (unsigned long long)step->wrote);
        break;
    }
}

static void print_step(uint32_t number, const struct step *step) {
    const struct model_site *site = step->site;
    printf("  %4u  %*sT%u %s %s", number, step->thread * 2 - 2, "", step->thread,
           code_of(site, step->failed ? site->order : step->order), step->note != NULL ? step->note : site->text);
    if (step->at != NULL) {
        printf(" [%s]", name_of(step->at));
    }
    print_values(step);
    if (step->stale) {
        printf(step->from != 0 ? "   STALE: from step %u" : "   STALE: from before", step->from);
    } else if (step->from != 0) {
        printf("   from step %u", step->from);
    }
    if (step->placed) {
        printf("   BEFORE newer stores in modification order");
    }
    if (site->line != 0) {
        printf("   %s:%u", short_file(site->file), site->line);
    }
    printf("\n");
}

void report_violation(void) {
    printf("--- %s: %s\n", ex.scenario->name, ex.violation);
    for (uint32_t i = 0; i < ex.trace_count; i++) {
        print_step(i + 1, &ex.trace[i]);
    }
    printf("    replay: --only %s%s --replay ", ex.scenario->name, ex.broken ? " --broken" : "");
    decide_print(stdout);
}

void violation(const char *format, ...) {
    va_list list;
    va_start(list, format);
    (void)vsnprintf(ex.violation, sizeof ex.violation, format, list);
    va_end(list);
    if (ex.phase == PHASE_IDLE) {
        fprintf(stderr, "model: %s\n", ex.violation);
        exit(2);
    }
    sched_end(VERDICT_VIOLATION);
}

void model_fail(const char *file, int line, const char *format, ...) {
    char text[400];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    violation("%s:%d: %s", short_file(file), line, text);
}
