/* Says when it began to run, then prints the time twice a second. Usage: talker RECORDS */

#include <stdio.h>

#include "record.h"

int main(int count, char **words)
{
    int failed = say_begun(count, words);
    if (failed)
        return failed;
    /* Begun together, they must not all print at the same moment. */
    struct timespec pause = {.tv_nsec = (long)(getpid() % 500) * 1000000};
    for (;;) {
        nanosleep(&pause, NULL);
        dprintf(STDOUT_FILENO, "%llu\n", (unsigned long long)nanoseconds_now());
        pause.tv_nsec = 500000000;
    }
}
