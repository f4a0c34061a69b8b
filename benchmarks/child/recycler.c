/* A worker that ends itself after so many jobs, as `queue:work --max-jobs=50`: one byte for each job goes into RECORDS.jobs.
   Usage: recycler RECORDS */

#include <stdio.h>

#include "record.h"

enum { JOBS = 50, MILLISECONDS_A_JOB = 30 };

int main(int count, char **words)
{
    char path[4096];
    int failed = say_begun(count, words);
    if (failed)
        return failed;
    snprintf(path, sizeof path, "%s.jobs", words[1]);
    int jobs = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (jobs < 0)
        return 1;
    for (int done = 0; done < JOBS; done++) {
        nanosleep(&(struct timespec){.tv_nsec = MILLISECONDS_A_JOB * 1000000L}, NULL);
        if (write(jobs, ".", 1) != 1)
            return 1;
    }
    return 0;
}
