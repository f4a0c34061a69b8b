/* Says when it began to run, prints lines of 200 bytes for ten seconds as fast as it can, writes how many bytes that were
   and how many nanoseconds it took into RECORDS.written, and waits to be stopped. Usage: flooder RECORDS */

#include <stdio.h>
#include <string.h>

#include "record.h"

enum { LINE = 200, LINES = 320 };

int main(int count, char **words)
{
    int failed = say_begun(count, words);
    if (failed)
        return failed;
    static char lines[LINE * LINES];
    memset(lines, 'x', sizeof lines);
    for (int end = LINE; end <= LINE * LINES; end += LINE)
        lines[end - 1] = '\n';
    uint64_t begun = nanoseconds_now(), now = begun, written = 0;
    while ((now = nanoseconds_now()) < begun + 10000000000u) {
        ssize_t taken = write(STDOUT_FILENO, lines, sizeof lines);
        if (taken > 0)
            written += (uint64_t)taken;
    }
    char path[4096];
    snprintf(path, sizeof path, "%s.written", words[1]);
    FILE *file = fopen(path, "w");
    if (!file)
        return 1;
    fprintf(file, "%llu %llu\n", (unsigned long long)written, (unsigned long long)(now - begun));
    fclose(file);
    for (;;)
        pause();
}
