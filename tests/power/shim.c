// Preloaded into a program, writes down in order what it does to the files of one folder: writes, syncs, renames, and the marks
// it sets when it promises something. tests/power/replay.h reads the trace and says what a power cut could have left of the
// files.
//   POWER_FOLDER: the folder, empty at first    POWER_TRACE: the file to write the trace to
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { most_fds = 1024, name_size = 24 };
struct event {
    char kind;              // W write, S sync of a file, D sync of the folder, O open, R rename, U unlink, T truncate, M mark
    char lasting;           // of W: on the disk when it returned (O_DSYNC, O_SYNC)
    char name[name_size];   // of O, R, U
    char to[name_size];     // of R
    uint64_t file, offset, size;   // file: a number per opened file that follows it through renames
};

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static char folder[4096];
static struct {
    uint64_t file;
    int lasting;
} opened[most_fds];   // file 0: not followed
static struct {
    char name[name_size];
    uint64_t file;
} names[64];
static uint64_t files;
static int folder_fds[most_fds];

#define REAL(result, name, ...)         \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static void put(const void* bytes, size_t size) {
    for (const char* at = bytes; size > 0;) {
        const long n = syscall(SYS_write, trace, at, size);
        if (n <= 0) abort();
        at += n, size -= (size_t)n;
    }
}
static void tell(struct event e, const void* bytes) {
    put(&e, sizeof e);
    if (bytes) put(bytes, e.size);
}

__attribute__((constructor)) static void start(void) {
    const char *to = getenv("POWER_TRACE"), *where = getenv("POWER_FOLDER");
    if (!to || !where) return;
    snprintf(folder, sizeof folder, "%s/", where);
    trace = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

// The part of a path below the folder, when it is one of the files that matter.
static const char* followed(const char* path) {
    const size_t n = strlen(folder);
    if (trace < 0 || strncmp(path, folder, n) != 0) return NULL;
    const char* wanted[] = {"data.mdb", "data.mdb.new", "state", "state.new"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; ++i)
        if (strcmp(path + n, wanted[i]) == 0) return wanted[i];
    return NULL;
}
static uint64_t* slot(const char* name) {
    for (int i = 0; i < 64; ++i) {
        if (names[i].name[0] == 0) strcpy(names[i].name, name);
        if (strcmp(names[i].name, name) == 0) return &names[i].file;
    }
    abort();
}

static void note_open(const char* path, int fd, int flags) {
    if (fd < 0 || fd >= most_fds) return;
    pthread_mutex_lock(&one_at_a_time);
    opened[fd].file = 0;
    folder_fds[fd] = trace >= 0 && strlen(path) + 1 == strlen(folder) && strncmp(path, folder, strlen(path)) == 0;
    const char* name = followed(path);
    if (name) {
        uint64_t* file = slot(name);
        if (*file == 0) {
            *file = ++files;
            struct event e = {.kind = 'O', .file = *file};
            strcpy(e.name, name);
            tell(e, NULL);
        } else if (flags & O_TRUNC) {
            tell((struct event){.kind = 'T', .file = *file}, NULL);
        }
        opened[fd].file = *file;
        opened[fd].lasting = (flags & O_DSYNC) != 0;
    }
    pthread_mutex_unlock(&one_at_a_time);
}

#define OPEN(name)                                                            \
    int name(const char* path, int flags, ...) {                              \
        REAL(int, name, const char*, int, ...);                               \
        va_list more;                                                         \
        va_start(more, flags);                                                \
        const unsigned mode = (flags & O_CREAT) ? va_arg(more, unsigned) : 0; \
        va_end(more);                                                         \
        const int fd = real(path, flags, mode);                               \
        note_open(path, fd, flags);                                           \
        return fd;                                                            \
    }
OPEN(open)
OPEN(open64)
#define OPEN_2(name)                        \
    int name(const char* path, int flags);  \
    int name(const char* path, int flags) { \
        REAL(int, name, const char*, int);  \
        const int fd = real(path, flags);   \
        note_open(path, fd, flags);         \
        return fd;                          \
    }
OPEN_2(__open_2)
OPEN_2(__open64_2)

int close(int fd) {
    REAL(int, close, int);
    if (fd >= 0 && fd < most_fds) opened[fd].file = 0, folder_fds[fd] = 0;
    return real(fd);
}

static int follows(int fd) { return fd >= 0 && fd < most_fds && opened[fd].file != 0; }
static ssize_t note_write(int fd, ssize_t done, const struct iovec* pieces, int count, uint64_t offset) {
    if (done > 0) {
        struct event e = {
            .kind = 'W', .lasting = (char)opened[fd].lasting, .file = opened[fd].file, .offset = offset, .size = (uint64_t)done};
        tell(e, NULL);
        for (size_t left = (size_t)done; count > 0 && left > 0; ++pieces, --count) {
            const size_t n = pieces->iov_len < left ? pieces->iov_len : left;
            put(pieces->iov_base, n);
            left -= n;
        }
    }
    return done;
}
#define GUARDED(result, call, note)       \
    if (!follows(fd)) return call;        \
    pthread_mutex_lock(&one_at_a_time);   \
    const result done = call;             \
    const int error = errno;              \
    note;                                 \
    pthread_mutex_unlock(&one_at_a_time); \
    errno = error;                        \
    return done;

#define PWRITE(name)                                                                               \
    ssize_t name(int fd, const void* bytes, size_t size, off_t at) {                               \
        REAL(ssize_t, name, int, const void*, size_t, off_t);                                      \
        const struct iovec piece = {(void*)bytes, size};                                           \
        GUARDED(ssize_t, real(fd, bytes, size, at), note_write(fd, done, &piece, 1, (uint64_t)at)) \
    }
PWRITE(pwrite)
PWRITE(pwrite64)
#define PWRITEV(name)                                                                                    \
    ssize_t name(int fd, const struct iovec* pieces, int count, off_t at) {                              \
        REAL(ssize_t, name, int, const struct iovec*, int, off_t);                                       \
        GUARDED(ssize_t, real(fd, pieces, count, at), note_write(fd, done, pieces, count, (uint64_t)at)) \
    }
PWRITEV(pwritev)
PWRITEV(pwritev64)
static uint64_t position(int fd, ssize_t done) { return (uint64_t)(lseek(fd, 0, SEEK_CUR) - (done > 0 ? done : 0)); }
ssize_t write(int fd, const void* bytes, size_t size) {
    REAL(ssize_t, write, int, const void*, size_t);
    const struct iovec piece = {(void*)bytes, size};
    GUARDED(ssize_t, real(fd, bytes, size), note_write(fd, done, &piece, 1, position(fd, done)))
}
ssize_t writev(int fd, const struct iovec* pieces, int count) {
    REAL(ssize_t, writev, int, const struct iovec*, int);
    GUARDED(ssize_t, real(fd, pieces, count), note_write(fd, done, pieces, count, position(fd, done)))
}

static void note_sync(int fd, ssize_t done) {
    if (done == 0) tell((struct event){.kind = 'S', .file = opened[fd].file}, NULL);
}
int fdatasync(int fd) {
    REAL(int, fdatasync, int);
    GUARDED(int, real(fd), note_sync(fd, done))
}
int fsync(int fd) {
    REAL(int, fsync, int);
    if (fd >= 0 && fd < most_fds && folder_fds[fd]) {
        pthread_mutex_lock(&one_at_a_time);
        const int result = real(fd);
        if (result == 0) tell((struct event){.kind = 'D'}, NULL);
        pthread_mutex_unlock(&one_at_a_time);
        return result;
    }
    GUARDED(int, real(fd), note_sync(fd, done))
}
int ftruncate(int fd, off_t size) {
    REAL(int, ftruncate, int, off_t);
    GUARDED(int, real(fd, size), tell(((struct event){.kind = 'T', .file = opened[fd].file, .offset = (uint64_t)size}), NULL))
}

int rename(const char* from, const char* to) {
    REAL(int, rename, const char*, const char*);
    const char *old = followed(from), *next = followed(to);
    if (!old || !next) return real(from, to);
    pthread_mutex_lock(&one_at_a_time);
    const int done = real(from, to);
    if (done == 0) {
        struct event e = {.kind = 'R', .file = *slot(old)};
        strcpy(e.name, old);
        strcpy(e.to, next);
        tell(e, NULL);
        *slot(next) = *slot(old);
        *slot(old) = 0;
    }
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}
int unlink(const char* path) {
    REAL(int, unlink, const char*);
    const char* name = followed(path);
    if (!name) return real(path);
    pthread_mutex_lock(&one_at_a_time);
    const int done = real(path);
    if (done == 0) {
        struct event e = {.kind = 'U', .file = *slot(name)};
        strcpy(e.name, name);
        tell(e, NULL);
        *slot(name) = 0;
    }
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}

// Called by the program under test, when somebody else may rely on it from now on.
void power_mark(uint64_t value);
void power_mark(uint64_t value) {
    pthread_mutex_lock(&one_at_a_time);
    if (trace >= 0) tell((struct event){.kind = 'M', .offset = value}, NULL);
    pthread_mutex_unlock(&one_at_a_time);
}
