/* SPDX-License-Identifier: MIT
 *
 * The floor of a durable step: append 400 octets and fdatasync, over and over, in a folder, by so many processes
 * at once, each with a file of its own. They begin at one moment, when all of them stand.
 *   floor DIR COUNT [PROCESSES]  →  seconds until the last of them has done COUNT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* One of the processes: opens its file, waits for the end of the pipe, appends. Its exit code. */
static int append(const char *folder, long number, long count, int begin)
{
    char path[4096], row[400];
    snprintf(path, sizeof path, "%s/floor.%ld", folder, number);
    memset(row, 'x', sizeof row);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
    if (fd < 0 || read(begin, row, 1) != 0)
        return 1;
    for (; count > 0; count--)
        if (write(fd, row, sizeof row) != (ssize_t)sizeof row || fdatasync(fd) != 0)
            return 1;
    close(fd);
    return unlink(path) != 0;
}

int main(int argc, char **argv)
{
    int go[2], status;
    if (argc < 3 || argc > 4 || pipe(go) != 0)
        return 2;
    long count = strtol(argv[2], NULL, 10), processes = argc == 4 ? strtol(argv[3], NULL, 10) : 1;
    for (long n = 0; n < processes; n++) {
        pid_t pid = fork();
        if (pid < 0)
            return 1;
        if (pid == 0) {
            close(go[1]);
            _exit(append(argv[1], n, count, go[0]));
        }
    }
    sleep(1); /* all have opened their files */
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    close(go[1]);
    while (wait(&status) > 0)
        if (status != 0)
            return 1;
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f\n",
           (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
    return 0;
}
