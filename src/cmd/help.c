/* help.c - the texts behind --help. */
#include "cmd.h"

void help_general(FILE *out) {
    fputs("usage: torc COMMAND [OPTION]... [ARGUMENT]...\n"
          "\n"
          "An event bus at work: records are published by producer threads, dispatched by\n"
          "one reader, and handled by three actors that write a verifiable log.\n"
          "\n"
          "  torc run [OPTION]... [PATH|-]...  read input, publish every record, write a log\n"
          "  torc verify [--dump] DIR          check a log written by torc run\n"
          "  torc pools [--markdown]           how much memory each preset takes\n"
          "  torc demo                         the life of one event of each size\n"
          "\n"
          "  -h, --help     this text; 'torc COMMAND --help' says more\n"
          "  -V, --version  the version\n"
          "\n"
          "Exit code: 0 all is well, 1 something failed, 2 the command line is not valid.\n",
          out);
}

void help_run(FILE *out) {
    fputs("usage: torc run [OPTION]... [PATH|-]...\n"
          "\n"
          "N producers publish every record of the input on a bus. One reader dispatches:\n"
          "it keeps each event and sends clones of the handle to three actors. 'segment'\n"
          "writes the records, 'index' their offsets and hashes, 'mmr' folds the payloads\n"
          "into one root hash. Nothing is ever dropped: a slow disk slows the input down.\n"
          "\n"
          "  -n, --producers N      producer threads, 1 to 64 (1)\n"
          "  -w, --wait HOW         how threads wait: spin, yield, backoff, block (block)\n"
          "  -p, --preset NAME      dimensions of the bus: mobile, default, server (default)\n"
          "  -r, --records KIND     lines: every line is a record, without its newline; an\n"
          "                         empty line too, and a last line that has no newline.\n"
          "                         files: every file is a record.\n"
          "                         By default PATHs are read as files, '-' as lines.\n"
          "  -o, --out DIR          write the log to DIR, which is created (one level).\n"
          "                         Without it records are formatted, hashed and counted\n"
          "                         all the same, but nothing is written.\n"
          "  -f, --force            replace the log that DIR holds\n"
          "  -s, --stats-every TIME write all figures of the bus to standard error this often\n"
          "                         while it runs (1s, 500ms; from 200ms on) and at the end\n"
          "  -h, --help             this text\n"
          "\n"
          "PATH is a file, a pipe, or a directory, which is walked in the order of names;\n"
          "symbolic links, pipes, devices and DIR itself are skipped in there and counted.\n"
          "'-', or no PATH at all, is standard input.\n"
          "\n"
          "An event's type is its kind of record: 1 a line, 2 a text file, 3 a binary file\n"
          "(one with a zero byte in its first 16 KiB).\n"
          "\n"
          "Several producers take the input file by file; with a single input read as lines\n"
          "they take turns at stretches of consecutive lines. Within one producer records\n"
          "keep their order; with one producer the log is in the order of the input.\n"
          "\n"
          "A path that cannot be read is named, the rest is processed, and the exit code is\n"
          "1. If the log cannot be written the run stops, and segment and index are cut\n"
          "back to the records that both hold. SIGINT, SIGTERM and SIGHUP stop the input,\n"
          "write out what was read, and end with 128 + the signal's number; a second one\n"
          "ends the process at once.\n"
          "\n"
          "The last line of output is for programs:\n"
          "torc run: events=N bytes=N published=N dispatched=N segment=N mmr=N index=N lost=N leaked=N root=HEX\n"
          "events: records read; segment, mmr, index: handled by each actor; lost: events\n"
          "less the smallest of these three; leaked: slots somebody still held at the end.\n",
          out);
}

void help_verify(FILE *out) {
    fputs("usage: torc verify [--dump] DIR\n"
          "\n"
          "Reads the log in DIR again, compares every record with the index, and computes\n"
          "the root hash anew. Prints 'torc verify: records=N root=HEX ok', or names the\n"
          "first fault with its file and offset and ends with 1.\n"
          "\n"
          "  -d, --dump  one line per record before: number, offset of the record in the\n"
          "              segment, length, kind, SHA-256 of the payload\n"
          "  -h, --help  this text\n",
          out);
}

void help_pools(FILE *out) {
    fputs("usage: torc pools [--markdown]\n"
          "\n"
          "Prints for each preset how many slots each shirt has and how many bytes every\n"
          "part of the bus takes. All of it is taken when a bus is created.\n"
          "\n"
          "  -m, --markdown  as Markdown tables\n"
          "  -h, --help      this text\n",
          out);
}

void help_demo(FILE *out) {
    fputs("usage: torc demo\n"
          "\n"
          "Publishes one event of each size on a bus and tells what happens to it until its\n"
          "last reference is released. Every figure is read from the live bus.\n"
          "\n"
          "  -h, --help  this text\n",
          out);
}
