/* SPDX-License-Identifier: MIT
 *
 * monitor: a poke reaches the executor of the run and nobody else, whatever pid a killed one left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/run.h"

static char folder[64], path[96], lock[112];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/muster-monitor-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.1.run", folder);
    snprintf(lock, sizeof lock, "%s.lock", path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(lock);
    return rmdir(folder);
}

/* Waits to be killed; one byte says that it is ready. opens: it has the lock's file open. */
static pid_t bystander(bool opens)
{
    int ready[2];
    char byte = 'x';
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = opens ? open(lock, O_RDONLY) : -1;
        if ((opens && fd < 0) || write(ready[1], &byte, 1) != 1)
            _exit(70);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

/* How it ended: by the poke, or alive until we end it. */
static int signal_of(pid_t pid)
{
    int status;
    usleep(50000);
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void hold(int fd, pid_t said)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)said);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, text, (size_t)len, 0), len);
    assert_int_equal(flock(fd, LOCK_EX), 0);
}

static void a_stranger_is_not_signalled(void **state)
{
    (void)state;
    pid_t stranger = bystander(false);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    hold(fd, stranger);
    assert_true(mu_run_poke(path)); /* somebody executes it and has not said yet who it is */
    assert_int_equal(signal_of(stranger), SIGTERM);
    assert_true(mu_run_poke(path)); /* its pid is nobody's now */
    close(fd);
    assert_false(mu_run_poke(path));
}

static void the_executor_is_signalled(void **state)
{
    (void)state;
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    pid_t executor = bystander(true);
    hold(fd, executor);
    assert_true(mu_run_poke(path));
    assert_int_equal(signal_of(executor), SIGUSR1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stranger_is_not_signalled, setup, teardown),
        cmocka_unit_test_setup_teardown(the_executor_is_signalled, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
