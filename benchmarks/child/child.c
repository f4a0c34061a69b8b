/* A process to be supervised: says when it began to run, then waits to be stopped. Usage: child RECORDS */

#include <fcntl.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

struct record {
    uint64_t nanoseconds; /* CLOCK_MONOTONIC, the same clock for every process of the host */
    uint32_t pid;
    uint32_t parent;
};

int main(int count, char **words)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (count != 2)
        return 2;
    struct record record = {
        .nanoseconds = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
        .pid = (uint32_t)getpid(),
        .parent = (uint32_t)getppid(),
    };
    /* With O_APPEND the kernel moves to the end and writes in one step, so records never mix (open(2)). */
    int records = open(words[1], O_WRONLY | O_APPEND | O_CLOEXEC);
    if (records < 0 || write(records, &record, sizeof record) != sizeof record)
        return 1;
    close(records);
    for (;;)
        pause();
}
