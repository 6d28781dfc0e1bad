/* SPDX-License-Identifier: MIT
 *
 * What tests with real servers stand on: loopback addresses and free ports, temporary folders,
 * servers of the distribution started and stopped by pid. Everything is static, so that tests
 * without the harness can use it; what goes wrong here ends the program with a message. */
#ifndef MU_TESTS_PROCESS_H
#define MU_TESTS_PROCESS_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"

static inline MU_NORETURN void test_die(const char *what)
{
    fprintf(stderr, "test: %s: %s\n", what, strerror(errno));
    abort();
}

static inline void test_sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* --- addresses and ports --------------------------------------------------------------------- */

/* An address of this test program's own inside 127.0.0.0/8, so that programs don't meet. */
static inline const char *test_loopback(unsigned host, char buf[32])
{
    unsigned pid = (unsigned)getpid();
    snprintf(buf, 32, "127.%u.%u.%u", 1 + (pid >> 8) % 254, pid % 256, host);
    return buf;
}

static inline struct sockaddr_in test_address(const char *address, uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &in.sin_addr);
    return in;
}

static inline uint16_t test_port_of(int fd)
{
    struct sockaddr_in in = {0};
    socklen_t len = sizeof in;
    getsockname(fd, (struct sockaddr *)&in, &len);
    return ntohs(in.sin_port);
}

/* -1 when it is taken. */
static inline int test_bind(int type, const char *address, uint16_t port)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    struct sockaddr_in in = test_address(address, port);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&in, sizeof in) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Free for UDP and TCP on that address; other addresses of this program then have it free too. */
static inline uint16_t test_free_port(const char *address)
{
    for (int i = 0; i < 100; i++) {
        int tcp = test_bind(SOCK_STREAM, address, 0);
        uint16_t port = test_port_of(tcp);
        int udp = test_bind(SOCK_DGRAM, address, port);
        close(tcp);
        if (udp >= 0) {
            close(udp);
            return port;
        }
    }
    test_die("no free port");
}

/* Until somebody listens there. */
static inline void test_wait_port(const char *address, uint16_t port)
{
    struct sockaddr_in in = test_address(address, port);
    for (int i = 0; i < 500; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int err = connect(fd, (struct sockaddr *)&in, sizeof in);
        close(fd);
        if (err == 0)
            return;
        test_sleep_ms(20);
    }
    test_die("the server did not come up: is it installed?");
}

/* --- files ----------------------------------------------------------------------------------- */

static inline FILE *test_file(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        test_die(path);
    return file;
}

static inline MU_PRINTF(3, 4) void test_write(const char *folder, const char *name, const char *fmt,
                                              ...)
{
    va_list ap;
    FILE *file = test_file(folder, name);
    va_start(ap, fmt);
    vfprintf(file, fmt, ap);
    va_end(ap);
    fclose(file);
}

/* --- processes ------------------------------------------------------------------------------- */

/* argv ends with NULL; output goes to FOLDER/log. Ends with this program at the latest. */
static inline pid_t test_spawn(const char *folder, const char *const *argv)
{
    char path[512];
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(path, sizeof path, "%s/log", folder);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    dup2(log, 1);
    dup2(log, 2);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    snprintf(path, sizeof path, "/usr/sbin/%s", argv[0]);
    execv(path, (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* Runs to its end; the exit code. */
static inline int test_run(const char *folder, const char *const *argv)
{
    int status = 0;
    pid_t pid = test_spawn(folder, argv);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Asks it to end; a second later it has to. */
static inline void test_stop(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGTERM);
    for (int i = 0; i < 100; i++) {
        if (waitpid(pid, NULL, WNOHANG) == pid)
            return;
        test_sleep_ms(10);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* A folder that mkdtemp() made, with all that is in it. */
static inline void test_remove(const char *folder)
{
    const char *argv[] = {"rm", "-rf", "--", folder, NULL};
    test_run("/tmp", argv);
}

#endif
