/* SPDX-License-Identifier: MIT
 *
 * Our own lack of descriptors; see scarce.h. */
#include "base/scarce.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

int mu_scarce_look(void)
{
    int fds[WANTED], count = 0, errnum = 0;
    while (count < WANTED && errnum == 0) { /* doubles cost less than opening again */
        fds[count] = count == 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC)
                                : fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
        if (fds[count] >= 0)
            count++;
        else
            errnum = errno;
    }
    while (count > 0)
        close(fds[--count]);
    return mu_scarce(errnum) ? errnum : 0; /* a container may have no /dev/null */
}
