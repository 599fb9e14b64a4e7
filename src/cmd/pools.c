/* pools.c - `torc pools`: how much memory each preset takes, as plain text or Markdown. */
#include <getopt.h>
#include <inttypes.h>

#include <torc.h>

#include "cmd.h"

static const char *const presets[] = {"mobile", "default", "server"};
#define PRESETS 3

static const char *const shirt_names[TORC_SHIRTS] = {"XS", "S", "M", "L", "XL"};
static const size_t shirt_bytes[TORC_SHIRTS] = {TORC_XS_BYTES, TORC_S_BYTES, TORC_M_BYTES, TORC_L_BYTES, TORC_XL_BYTES};

/* One row after the other; a row is started, gets its cells, and is ended. */
static void row_start(bool markdown, const char *first) {
    printf(markdown ? "| %s |" : "  %-24s", first);
}

static void cell_text(bool markdown, const char *text) {
    printf(markdown ? " %s |" : " %11s", text);
}

static void cell_number(bool markdown, uint64_t number) {
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, number);
    cell_text(markdown, text);
}

static void row_end(void) {
    putchar('\n');
}

/* The line between head and body that Markdown wants: names left, numbers right. */
static void rule(bool markdown, int cells) {
    if (!markdown) {
        return;
    }
    fputs("|---|", stdout);
    for (int i = 0; i < cells; i++) {
        fputs("---:|", stdout);
    }
    row_end();
}

static uint64_t pool_bytes(uint32_t slots, size_t size) {
    return TORC_POOL_CTL_BYTES + TORC_POOL_BYTES(slots, size);
}

static uint64_t bank_bytes(const struct torc_config *config) {
    uint64_t bytes = pool_bytes(config->xxl, 0);
    for (int i = 0; i < TORC_SHIRTS; i++) {
        bytes += pool_bytes(config->slots[i], shirt_bytes[i]);
    }
    return bytes;
}

static uint64_t bank_payload(const struct torc_config *config) {
    uint64_t bytes = 0;
    for (int i = 0; i < TORC_SHIRTS; i++) {
        bytes += (uint64_t)config->slots[i] * shirt_bytes[i];
    }
    return bytes;
}

static void bank_head(bool markdown) {
    printf("%s\n\n", "One publisher's bank: slots, and bytes with their control words");
    row_start(markdown, "shirt");
    cell_text(markdown, "payload");
    for (int i = 0; i < PRESETS; i++) {
        cell_text(markdown, presets[i]);
        cell_text(markdown, "bytes");
    }
    row_end();
    rule(markdown, 1 + 2 * PRESETS);
}

static void bank_row(bool markdown, int shirt, const struct torc_config *configs) {
    char size[24];
    (void)snprintf(size, sizeof size, "%zu", shirt < TORC_SHIRTS ? shirt_bytes[shirt] : (size_t)TORC_XL_BYTES + 1);
    row_start(markdown, shirt < TORC_SHIRTS ? shirt_names[shirt] : "XXL (descriptors)");
    cell_text(markdown, shirt < TORC_SHIRTS ? size : "> 16384");
    for (int i = 0; i < PRESETS; i++) {
        uint32_t slots = shirt < TORC_SHIRTS ? configs[i].slots[shirt] : configs[i].xxl;
        cell_number(markdown, slots);
        cell_number(markdown, pool_bytes(slots, shirt < TORC_SHIRTS ? shirt_bytes[shirt] : 0));
    }
    row_end();
}

static void bank_sum(bool markdown, const char *name, const struct torc_config *configs,
                     uint64_t (*bytes)(const struct torc_config *)) {
    row_start(markdown, name);
    cell_text(markdown, "");
    for (int i = 0; i < PRESETS; i++) {
        cell_text(markdown, "");
        cell_number(markdown, bytes(&configs[i]));
    }
    row_end();
}

static void bank_table(bool markdown, const struct torc_config *configs) {
    bank_head(markdown);
    for (int shirt = 0; shirt <= TORC_SHIRTS; shirt++) {
        bank_row(markdown, shirt, configs);
    }
    bank_sum(markdown, "bank", configs, bank_bytes);
    bank_sum(markdown, "of which payload", configs, bank_payload);
    row_end();
}

static void bus_row(bool markdown, const char *name, uint64_t a, uint64_t b, uint64_t c) {
    row_start(markdown, name);
    cell_number(markdown, a);
    cell_number(markdown, b);
    cell_number(markdown, c);
    row_end();
}

static void bus_head(bool markdown) {
    printf("%s\n\n", "The whole bus: how many of each at most, and bytes");
    row_start(markdown, "part");
    for (int i = 0; i < PRESETS; i++) {
        cell_text(markdown, presets[i]);
    }
    row_end();
    rule(markdown, PRESETS);
}

#define ROW(name, array, field) bus_row(markdown, name, (array)[0].field, (array)[1].field, (array)[2].field)

static void bus_table(bool markdown, const struct torc_config *configs, const struct torc_bus_bytes *bytes) {
    bus_head(markdown);
    ROW("topics", configs, topics);
    ROW("publishers", configs, publishers);
    ROW("readers", configs, readers);
    ROW("actors", configs, actors);
    ROW("entries per lane", configs, lane_entries);
    ROW("keep slots per reader", configs, keep_slots);
    ROW("header, bytes", bytes, header);
    ROW("topics, bytes", bytes, topics);
    ROW("waitpoints, bytes", bytes, waitpoints);
    ROW("lanes, bytes", bytes, lanes);
    ROW("cursors, bytes", bytes, cells);
    ROW("pools: payload, bytes", bytes, pool_payload);
    ROW("pools: control, bytes", bytes, pool_control);
    ROW("keep pools, bytes", bytes, keep);
    ROW("XXL areas, bytes", bytes, xxl_areas);
    ROW("total, bytes", bytes, total);
}

static int print_tables(bool markdown) {
    struct torc_config configs[PRESETS];
    struct torc_bus_bytes bytes[PRESETS];
    for (int i = 0; i < PRESETS; i++) {
        int status = torc_config_preset(presets[i], &configs[i]);
        if (status == TORC_OK) {
            status = torc_bus_size_table(&configs[i], &bytes[i]);
        }
        if (status != TORC_OK) {
            complain("preset %s: %s", presets[i], torc_strerror(status));
            return EXIT_FAILED;
        }
    }
    bank_table(markdown, configs);
    bus_table(markdown, configs, bytes);
    return EXIT_FINE;
}

int command_pools(int argc, char **argv) {
    static const struct option options[] = {
        {"markdown", no_argument, NULL, 'm'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool markdown = false;
    int option;
    while ((option = getopt_long(argc, argv, "mh", options, NULL)) != -1) {
        if (option == 'h') {
            help_pools(stdout);
            return EXIT_FINE;
        }
        if (option != 'm') {
            return usage_error(argv[0]);
        }
        markdown = true;
    }
    if (optind < argc) {
        complain("%s takes no argument '%s'", argv[0], argv[optind]);
        return usage_error(argv[0]);
    }
    return print_tables(markdown);
}
