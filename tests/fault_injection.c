/* Loaded before libc: counts what a program does to a disk, and makes the n-th of these fail or be its last. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long armed = 0, done = 0, at = 0;
static int how = 0; /* 0: only count; 1: kill; 2: kill halfway through a write; otherwise an errno, from there on */

void fault_arm(long n, int what) { at = n; how = what; done = 0; armed = 1; }
long fault_disarm(void) { armed = 0; return done; }

static int fails(void) {
    if (!armed) return 0;
    done++;
    if (how == 0 || done < at) return 0;
    if (how > 2) { errno = how; return 1; }
    return how;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = dlsym(RTLD_NEXT, #name)
#define LAST raise(SIGKILL)
#define GUARD do { int f = fails(); if (f && how > 2) return -1; if (f) LAST; } while (0)

ssize_t write(int fd, const void *b, size_t n) {
    REAL(write);
    struct stat s;
    if (fstat(fd, &s) || !S_ISREG(s.st_mode)) return real(fd, b, n);
    int f = fails();
    if (f && how > 2) return -1;
    if (f) { if (how == 2) real(fd, b, n / 2); LAST; }
    return real(fd, b, n);
}
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) {
    REAL(pwrite64);
    int f = fails();
    if (f && how > 2) return -1;
    if (f) { if (how == 2) real(fd, b, n / 2, o); LAST; }
    return real(fd, b, n, o);
}
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { return pwrite64(fd, b, n, o); }
int rename(const char *a, const char *b) { REAL(rename); GUARD; return real(a, b); }
int renameat(int d, const char *a, int e, const char *b) { REAL(renameat); GUARD; return real(d, a, e, b); }
int link(const char *a, const char *b) { REAL(link); GUARD; return real(a, b); }
int linkat(int d, const char *a, int e, const char *b, int f) { REAL(linkat); GUARD; return real(d, a, e, b, f); }
int mkdir(const char *a, mode_t m) { REAL(mkdir); GUARD; return real(a, m); }
int fsync(int fd) { REAL(fsync); GUARD; return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); GUARD; return real(fd); }
/* A full disk still lets go of what it holds: these are never refused, only a program's last. */
#define LETS_GO do { if (armed) { done++; if (done == at && (how == 1 || how == 2)) LAST; } } while (0)
int unlink(const char *a) { REAL(unlink); LETS_GO; return real(a); }
int unlinkat(int d, const char *a, int f) { REAL(unlinkat); LETS_GO; return real(d, a, f); }
int rmdir(const char *a) { REAL(rmdir); LETS_GO; return real(a); }
int ftruncate64(int fd, off64_t n) { REAL(ftruncate64); LETS_GO; return real(fd, n); }
int ftruncate(int fd, off_t n) { return ftruncate64(fd, n); }
int chmod(const char *a, mode_t m) { REAL(chmod); LETS_GO; return real(a, m); }
