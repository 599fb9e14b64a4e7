/* src/status.c - status codes as text, and the version. */
#include <torc/status.h>
#include <torc/version.h>

const char *torc_strerror(int status) {
    if (status > 0) {
        return torc_strerror(TORC_OK);
    }
    switch (status) {
#define TORC_STATUS_TEXT(name, value, text)                                                                            \
    case value:                                                                                                        \
        return text;
        TORC_STATUS_MAP(TORC_STATUS_TEXT)
#undef TORC_STATUS_TEXT
    default:
        return "unknown status code";
    }
}

const char *torc_status_name(int status) {
    switch (status) {
#define TORC_STATUS_NAME(name, value, text)                                                                            \
    case value:                                                                                                        \
        return #name;
        TORC_STATUS_MAP(TORC_STATUS_NAME)
#undef TORC_STATUS_NAME
    default:
        return "TORC_?";
    }
}

const char *torc_version(void) {
    return TORC_VERSION;
}
