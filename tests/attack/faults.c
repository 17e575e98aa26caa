/* Makes system calls on regular files fail: loaded before the C library by LD_PRELOAD.
 *
 * GANAS_FAULT is "CALL NUMBER ERRNO MODE": from the call of this kind with this number on (mode "from"), or at this call only
 * (mode "once"), the error is returned. CALL is "write", "sync" or "read". Standard streams and pipes never fail.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;

static int fails(const char *kind, int fd) {
    const char *fault = getenv("GANAS_FAULT");
    char wanted[16], mode[16];
    long number;
    int error;
    struct stat status;
    if (fault == NULL || sscanf(fault, "%15s %ld %d %15s", wanted, &number, &error, mode) != 4) return 0;
    if (strcmp(kind, wanted) != 0 || fd <= 2 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (strcmp(mode, "once") == 0 ? call != number : call < number) return 0;
    errno = error;
    return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
    return fails("write", fd) ? -1 : NEXT(write)(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t place) {
    return fails("write", fd) ? -1 : NEXT(pwrite)(fd, data, size, place);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t place) {
    return fails("write", fd) ? -1 : NEXT(pwrite64)(fd, data, size, place);
}

ssize_t read(int fd, void *data, size_t size) {
    return fails("read", fd) ? -1 : NEXT(read)(fd, data, size);
}

ssize_t pread(int fd, void *data, size_t size, off_t place) {
    return fails("read", fd) ? -1 : NEXT(pread)(fd, data, size, place);
}

ssize_t pread64(int fd, void *data, size_t size, off64_t place) {
    return fails("read", fd) ? -1 : NEXT(pread64)(fd, data, size, place);
}

int fsync(int fd) {
    return fails("sync", fd) ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd) {
    return fails("sync", fd) ? -1 : NEXT(fdatasync)(fd);
}

int ftruncate(int fd, off_t length) {
    return fails("write", fd) ? -1 : NEXT(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length) {
    return fails("write", fd) ? -1 : NEXT(ftruncate64)(fd, length);
}
