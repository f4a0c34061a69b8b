/* The wall clock of a machine that a test sets, for whatever is started with this library before its others.

   TABLE is a file of struct step, in order: from which moment of the true clock on the shown one is how much ahead. The
   times of files follow it as they would on such a machine: each is moved by what held when it was written. What is
   monotonic is left alone. Nothing is locked or kept elsewhere, so that whoever is killed leaves nothing behind. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define STEPS 4096

struct step { int64_t from_seconds, ahead_seconds; };

static const struct step *table;

__attribute__((constructor)) static void open_table(void)
{
    int file = open(TABLE, O_RDONLY | O_CLOEXEC);
    void *found = file < 0 ? MAP_FAILED : mmap(NULL, STEPS * sizeof *table, PROT_READ, MAP_SHARED, file, 0);
    if (file >= 0)
        close(file);
    table = found == MAP_FAILED ? NULL : found;
}

/* A step is complete once the moment from which it holds is there: 0 is the end. */
static int64_t ahead_at(int64_t seconds)
{
    int64_t ahead = 0;
    for (int i = 0; table && i < STEPS; i++) {
        int64_t from = __atomic_load_n(&table[i].from_seconds, __ATOMIC_ACQUIRE);
        if (from == 0 || from > seconds)
            break;
        ahead = table[i].ahead_seconds;
    }
    return ahead;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (failed == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += ahead_at(now->tv_sec);
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec exactly;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exactly);
    now->tv_sec = exactly.tv_sec;
    now->tv_usec = exactly.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *seconds)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds)
        *seconds = now.tv_sec;
    return now.tv_sec;
}

/* What is built for large files calls functions of other names, though on 64 bits they do the same. */
#define STAT(name, declared, passed) \
    int name declared \
    { \
        static int (*real) declared; \
        if (!real) \
            real = (int (*) declared)dlsym(RTLD_NEXT, #name); \
        int failed = real passed; \
        if (failed == 0) { \
            found->st_atim.tv_sec += ahead_at(found->st_atim.tv_sec); \
            found->st_mtim.tv_sec += ahead_at(found->st_mtim.tv_sec); \
            found->st_ctim.tv_sec += ahead_at(found->st_ctim.tv_sec); \
        } \
        return failed; \
    }
#define STATS(suffix, type) \
    STAT(stat##suffix, (const char *restrict path, type *restrict found), (path, found)) \
    STAT(lstat##suffix, (const char *restrict path, type *restrict found), (path, found)) \
    STAT(fstat##suffix, (int file, type *found), (file, found)) \
    STAT(fstatat##suffix, (int folder, const char *restrict path, type *restrict found, int flags), \
         (folder, path, found, flags))

STATS(, struct stat)
STATS(64, struct stat64)
