/* log.c - a log directory while a run writes it. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "scan.h"

static bool tell(const struct log *log, const char *name) {
    int error = errno;
    complain("%s/%s: %s", log->directory, name, strerror(error));
    return false;
}

static bool open_directory(struct log *log) {
    if (mkdir(log->directory, 0777) != 0 && errno != EEXIST) {
        complain("%s: cannot be created: %s", log->directory, strerror(errno));
        return false;
    }
    log->directory_fd = open(log->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (log->directory_fd < 0) {
        complain("%s: %s", log->directory, strerror(errno));
        return false;
    }
    return true;
}

/* Any of the three files is a log that somebody may want to keep. */
static bool check_absent(const struct log *log) {
    static const char *const names[] = {SEGMENT_NAME, INDEX_NAME, ROOT_NAME};
    for (int i = 0; i < 3; i++) {
        struct stat state;
        if (fstatat(log->directory_fd, names[i], &state, AT_SYMLINK_NOFOLLOW) == 0) {
            complain("%s: holds a log already (%s); --force replaces it", log->directory, names[i]);
            return false;
        }
        if (errno != ENOENT) {
            return tell(log, names[i]);
        }
    }
    return true;
}

/* The old files are unlinked rather than truncated: whatever stands there (a link, a pipe) is not written to. */
static bool remove_old(const struct log *log) {
    static const char *const names[] = {SEGMENT_NAME, INDEX_NAME, ROOT_NAME};
    for (int i = 0; i < 3; i++) {
        if (unlinkat(log->directory_fd, names[i], 0) != 0 && errno != ENOENT) {
            return tell(log, names[i]);
        }
    }
    return true;
}

/* A new file with its first bytes in it; what cannot be completed is removed. */
static bool create_file(const struct log *log, const char *name, const void *bytes, size_t length, int *fd) {
    *fd = openat(log->directory_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (*fd < 0) {
        return tell(log, name);
    }
    return write_all(*fd, bytes, length) || tell(log, name);
}

static bool create_files(struct log *log) {
    unsigned char bytes[ROOT_BYTES] = {0};
    format_header(bytes, SEGMENT_MAGIC, LOG_OPEN);
    if (!create_file(log, SEGMENT_NAME, bytes, HEADER_BYTES, &log->segment_fd)) {
        return false;
    }
    format_header(bytes, INDEX_MAGIC, LOG_OPEN);
    if (!create_file(log, INDEX_NAME, bytes, HEADER_BYTES, &log->index_fd)) {
        return false;
    }
    format_header(bytes, ROOT_MAGIC, LOG_OPEN);
    return create_file(log, ROOT_NAME, bytes, ROOT_BYTES, &log->root_fd);
}

bool log_create(struct log *log, const char *directory, bool force) {
    *log = (struct log){.directory = directory, .directory_fd = -1, .segment_fd = -1, .index_fd = -1, .root_fd = -1};
    if (directory == NULL) {
        return true;
    }
    if (!open_directory(log) || !(force ? remove_old(log) : check_absent(log))) {
        log_close(log);
        return false;
    }
    if (!create_files(log)) {
        log_discard(log);
        return false;
    }
    return true;
}

/* Both files end where their last common record ends. */
static bool cut_back(const struct log *log, struct log_end *end) {
    uint64_t records = 0;
    struct stat state;
    if (fstat(log->index_fd, &state) != 0) {
        return tell(log, INDEX_NAME);
    }
    if ((uint64_t)state.st_size > HEADER_BYTES) {
        records = ((uint64_t)state.st_size - HEADER_BYTES) / ENTRY_BYTES;
    }
    if (!scan_measure(log->segment_fd, records, &end->records, &end->bytes, end->root)) {
        return tell(log, SEGMENT_NAME);
    }
    if (ftruncate(log->segment_fd, (off_t)end->bytes) != 0) {
        return tell(log, SEGMENT_NAME);
    }
    if (ftruncate(log->index_fd, (off_t)(HEADER_BYTES + end->records * ENTRY_BYTES)) != 0) {
        return tell(log, INDEX_NAME);
    }
    return true;
}

/* EINVAL: this file system has nothing to sync there (directories on some). */
static bool sync_file(const struct log *log, int fd, const char *name) {
    return fsync(fd) == 0 || errno == EINVAL || tell(log, name);
}

/* In place: the file has had its full length from the beginning. */
static bool write_root(const struct log *log, const struct log_end *end) {
    unsigned char bytes[ROOT_BYTES];
    format_header(bytes, ROOT_MAGIC, LOG_COMPLETE);
    put_u64(bytes + ROOT_RECORDS, end->records);
    put_u64(bytes + ROOT_SEGMENT, end->bytes);
    memcpy(bytes + ROOT_HASH, end->root, HASH_BYTES);
    if (lseek(log->root_fd, 0, SEEK_SET) != 0 || !write_all(log->root_fd, bytes, sizeof bytes)) {
        return tell(log, ROOT_NAME);
    }
    return sync_file(log, log->root_fd, ROOT_NAME);
}

/* root.torc last: it says that the other two are complete, so they have to be on the disk before it. */
bool log_complete(struct log *log, bool whole, struct log_end *end) {
    if (log->directory == NULL) {
        return true;
    }
    if (!whole && !cut_back(log, end)) {
        return false;
    }
    if (!sync_file(log, log->segment_fd, SEGMENT_NAME) || !sync_file(log, log->index_fd, INDEX_NAME) ||
        !write_root(log, end)) {
        return false;
    }
    return sync_file(log, log->directory_fd, ".");
}

static void close_one(int *fd) {
    if (*fd >= 0) {
        close(*fd); /* nothing to lose: what counts was synced */
    }
    *fd = -1;
}

void log_close(struct log *log) {
    close_one(&log->segment_fd);
    close_one(&log->index_fd);
    close_one(&log->root_fd);
    close_one(&log->directory_fd);
}

/* Only what this run created itself; the old log of a --force is gone by then. */
void log_discard(struct log *log) {
    if (log->segment_fd >= 0) {
        (void)unlinkat(log->directory_fd, SEGMENT_NAME, 0);
    }
    if (log->index_fd >= 0) {
        (void)unlinkat(log->directory_fd, INDEX_NAME, 0);
    }
    if (log->root_fd >= 0) {
        (void)unlinkat(log->directory_fd, ROOT_NAME, 0);
    }
    log_close(log);
}
