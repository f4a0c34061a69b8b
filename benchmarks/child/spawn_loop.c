/* The floor: nothing but posix_spawn, and again for each child that dies. Usage: spawn_loop COUNT CHILD RECORDS
 *
 * Prints the CLOCK_MONOTONIC nanoseconds before the first spawn. SIGTERM ends the children, then the loop. */

#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static posix_spawnattr_t attributes;
static char **child_words;

static pid_t spawn(void)
{
    pid_t pid;
    int error = posix_spawn(&pid, child_words[0], NULL, &attributes, child_words, environ);
    if (error != 0) {
        fprintf(stderr, "cannot spawn %s: %s\n", child_words[0], strerror(error));
        exit(1);
    }
    return pid;
}

static void restart_the_dead(pid_t *pids, int count)
{
    pid_t dead;
    while ((dead = waitpid(-1, NULL, WNOHANG)) > 0)
        for (int i = 0; i < count; i++)
            if (pids[i] == dead)
                pids[i] = spawn();
}

static void stop_all(const pid_t *pids, int count)
{
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGTERM);
    for (int i = 0; i < count; i++)
        waitpid(pids[i], NULL, 0);
}

int main(int count, char **words)
{
    if (count != 4 || atoi(words[1]) < 1)
        return 2;
    int children = atoi(words[1]);
    pid_t *pids = calloc((size_t)children, sizeof *pids);
    child_words = words + 2;

    sigset_t awaited, none;
    sigemptyset(&none);
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGTERM);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);

    struct timespec begun;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (int i = 0; i < children; i++)
        pids[i] = spawn();
    printf("%llu\n", (unsigned long long)begun.tv_sec * 1000000000ull + (unsigned long long)begun.tv_nsec);
    fflush(stdout);

    for (;;) {
        int received = sigwaitinfo(&awaited, NULL);
        if (received == SIGCHLD)
            restart_the_dead(pids, children);
        if (received == SIGTERM) {
            stop_all(pids, children);
            return 0;
        }
    }
}
