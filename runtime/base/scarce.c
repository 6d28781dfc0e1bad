/* SPDX-License-Identifier: MIT
 *
 * Our own lack of descriptors; see scarce.h. */
#include "base/scarce.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define WANTED \
    10 /* an act may look a name up over two servers and connect to two addresses at once; a program has 8 at its start */

bool mu_scarce(int errnum)
{
    return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM;
}

void mu_scarce_text(int errnum, char *text)
{
    struct rlimit limit;
    if (errnum == EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0)
        snprintf(text, MU_FAIL_TEXT,
                 "this process has no file descriptor left (%s; it may have %llu: ulimit -n)",
                 strerror(errnum), (unsigned long long)limit.rlim_cur);
    else
        snprintf(text, MU_FAIL_TEXT, "this host has no room left for a connection (%s)",
                 strerror(errnum));
}

/* Are so many of the highest descriptors this process may have free? They are given out from below, so that
 * this is so nearly always, and one call tells. */
static bool room_at_the_top(void)
{
    struct rlimit limit;
    struct pollfd top[WANTED];
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < WANTED)
        return false;
    int highest = limit.rlim_cur > INT_MAX ? INT_MAX : (int)limit.rlim_cur - 1;
    for (int i = 0; i < WANTED; i++)
        top[i] = (struct pollfd){.fd = highest - i};
    if (poll(top, WANTED, 0) != WANTED)
        return false;
    for (int i = 0; i < WANTED; i++)
        if (top[i].revents != POLLNVAL)
            return false;
    return true;
}

/* 0, or the errno of taking so many. */
static int take(int wanted)
{
    int fds[WANTED], count = 0, errnum = 0;
    while (count < wanted && errnum == 0) {
        fds[count] = count == 0 ? eventfd(0, EFD_CLOEXEC)
                                : fcntl(fds[0], F_DUPFD_CLOEXEC, 0); /* doubles cost less */
        if (fds[count] >= 0)
            count++;
        else
            errnum = errno;
    }
    while (count > 0)
        close(fds[--count]);
    return errnum;
}

int mu_scarce_look(void)
{
    int errnum = take(room_at_the_top() ? 1 : WANTED); /* the host may have none left */
    return mu_scarce(errnum) ? errnum : 0;
}
