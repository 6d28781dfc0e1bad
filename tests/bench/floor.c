/* SPDX-License-Identifier: MIT
 *
 * The floor of a durable step: append 400 octets and fdatasync, over and over, in a folder.
 *   floor DIR COUNT  →  seconds */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char path[4096], row[400];
    if (argc != 3)
        return 2;
    snprintf(path, sizeof path, "%s/floor", argv[1]);
    memset(row, 'x', sizeof row);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
        if (write(fd, row, sizeof row) != (ssize_t)sizeof row || fdatasync(fd) != 0)
            return 1;
    clock_gettime(CLOCK_MONOTONIC, &end);
    close(fd);
    unlink(path);
    printf("%.6f\n", (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
    return 0;
}
