/* SPDX-License-Identifier: MIT
 *
 * State folders of tests, and that nothing of them stays. All of one muster's lie in one folder, which a process beside
 * it, the keeper, makes and removes: when everybody who holds the other end of its socket has died, the tests included
 * and of whatever (Ctrl-C, SIGTERM, SIGKILL). Who ends in peace removes the folder and the keeper.
 *
 *   muster test ◀──socket──▶ keeper: makes muster-test.XXXXXX, waits for the end, removes it
 *        └──fork──▶ test: muster-test.XXXXXX/1 */
#define _XOPEN_SOURCE 700 /* nftw */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "testing/testing.h"

static struct {
    char *folder; /* NULL: none */
    pid_t keeper;
    int held; /* our end of the socket */
    int count;
    unsigned made;
} place;

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_all(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Its name goes through the socket; nothing: there is no place. */
static char *make_folder(int end)
{
    const char *places[] = {getenv("TMPDIR"), "/dev/shm", "/tmp"};
    for (size_t i = 0; i < MU_COUNT(places); i++) {
        char *folder = places[i] ? mu_xasprintf("%s/muster-test.XXXXXX", places[i]) : NULL;
        if (folder && mkdtemp(folder)) {
            dprintf(end, "%s\n", folder);
            return folder;
        }
        free(folder);
    }
    return NULL;
}

/* It holds neither the terminal nor a pipe of whoever started muster, and no signal of theirs means it. */
static MU_NORETURN void keep(int end)
{
    static const int theirs[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    char none;
    for (size_t i = 0; i < MU_COUNT(theirs); i++)
        signal(theirs[i], SIG_IGN);
    setsid();
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(nowhere, fd);
    char *folder = make_folder(end);
    shutdown(end, SHUT_WR);
    while (read(end, &none, 1) < 0 && errno == EINTR)
        ;
    if (folder)
        remove_all(folder);
    _exit(0);
}

static void end_keeper(void)
{
    kill(place.keeper, SIGKILL);
    while (waitpid(place.keeper, NULL, 0) < 0 && errno == EINTR)
        ;
    close(place.held);
}

/* Up to the end of the line. */
static char *hear_name(int end)
{
    struct mu_buf name = {0};
    char c;
    ssize_t got;
    while ((got = read(end, &c, 1)) == 1 || (got < 0 && errno == EINTR)) {
        if (got == 1 && c == '\n')
            return mu_buf_take(&name);
        if (got == 1)
            mu_buf_addc(&name, c);
    }
    mu_buf_free(&name);
    return NULL;
}

static bool make_place(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    fflush(NULL);
    place.keeper = fork();
    if (place.keeper == 0) {
        close(ends[0]);
        keep(ends[1]);
    }
    close(ends[1]);
    place.held = ends[0];
    if (place.keeper < 0) {
        close(place.held);
        return false;
    }
    place.folder = hear_name(place.held);
    if (place.folder == NULL)
        end_keeper();
    return place.folder != NULL;
}

static void leave_place(void)
{
    remove_all(place.folder);
    end_keeper();
    free(place.folder);
    place.folder = NULL;
}

char *mu_test_state_new(struct mu_fail *fail)
{
    if (place.folder || make_place()) {
        char *state = mu_xasprintf("%s/%u", place.folder, ++place.made);
        if (mkdir(state, 0700) == 0) {
            place.count++;
            return state;
        }
        free(state);
    }
    mu_fail_set(fail, MU_STORAGE,
                "no place for a test's state folder: neither $TMPDIR nor /tmp can be written");
    return NULL;
}

void mu_test_state_free(char *state)
{
    if (state == NULL)
        return;
    remove_all(state);
    free(state);
    if (--place.count == 0)
        leave_place();
}
