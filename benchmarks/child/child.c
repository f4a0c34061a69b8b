/* A process to be supervised: says when it began to run, then waits to be stopped. Usage: child RECORDS */

#include "record.h"

int main(int count, char **words)
{
    int failed = say_begun(count, words);
    if (failed)
        return failed;
    for (;;)
        pause();
}
