/* torc/version.h - which torc this is. The Makefile reads the numbers from here. */
#ifndef TORC_VERSION_H
#define TORC_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

#define TORC_VERSION_MAJOR 0
#define TORC_VERSION_MINOR 1
#define TORC_VERSION_PATCH 0
#define TORC_VERSION       "0.1.0"

/* torc_version: the version of the library in use, as text. Any thread; static. */
const char *torc_version(void);

#ifdef __cplusplus
}
#endif
#endif
