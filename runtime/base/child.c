/* SPDX-License-Identifier: MIT
 *
 * Child processes; see child.h. What a child reads lies in files that have no name any more, so that
 * nothing is left behind and no pipe can fill up; what it says comes through two pipes. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define FIRST_FILE 3

extern char **environ;

/* A file of this content without a name, at its begin; -1 and errno. */
static int nameless_file(const char *bytes, size_t len)
{
    const char *dir = getenv("TMPDIR");
    char *path = mu_xasprintf("%s/muster-XXXXXX", dir && dir[0] == '/' ? dir : "/tmp");
    int fd = mkstemp(path);
    if (fd >= 0)
        unlink(path);
    free(path);
    while (fd >= 0 && len > 0) {
        ssize_t put = write(fd, bytes, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            close(fd);
            return -1;
        }
        bytes += put;
        len -= (size_t)put;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

/* A descriptor that lies above all that the child is given: nothing is overwritten before it is moved. */
static int above(int fd)
{
    int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FILE + MU_CHILD_FILES);
    if (fd >= 0)
        close(fd);
    return moved;
}

struct plumbing {
    int in, out[2], err[2], files[MU_CHILD_FILES];
};

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_inner(struct plumbing *p)
{
    close_one(&p->in);
    close_one(&p->out[1]);
    close_one(&p->err[1]);
    for (size_t i = 0; i < MU_CHILD_FILES; i++)
        close_one(&p->files[i]);
}

static void close_all(struct plumbing *p)
{
    close_inner(p);
    close_one(&p->out[0]);
    close_one(&p->err[0]);
}

static bool open_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return false;
    for (int i = 0; i < 2; i++)
        ends[i] = above(ends[i]);
    return ends[0] >= 0 && ends[1] >= 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

static bool open_all(const struct mu_child *child, struct plumbing *p)
{
    *p = (struct plumbing){-1, {-1, -1}, {-1, -1}, {-1, -1}};
    p->in = above(child->input ? nameless_file(child->input, child->input_len)
                               : open("/dev/null", O_RDONLY | O_CLOEXEC));
    bool ok = p->in >= 0;
    for (size_t i = 0; ok && i < child->file_count; i++) {
        p->files[i] = above(nameless_file(child->files[i].bytes, child->files[i].len));
        ok = p->files[i] >= 0;
    }
    return ok && open_pipe(p->out) && open_pipe(p->err);
}

static char **environment(void)
{
    size_t count = 0, n = 0;
    while (environ[count])
        count++;
    char **list = mu_xcalloc(count + 3, sizeof *list);
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "GIT_", 4) != 0 && strncmp(environ[i], "LC_", 3) != 0)
            list[n++] = environ[i];
    list[n++] = (char *)"LC_ALL=C";
    list[n++] = (char *)"GIT_OPTIONAL_LOCKS=0"; /* looking changes nothing */
    return list;
}

/* errno of the spawn. */
static int spawn(const struct mu_child *child, const struct plumbing *p, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    char **env = environment();
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, p->in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, p->out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, p->err[1], STDERR_FILENO);
    for (size_t i = 0; i < child->file_count; i++)
        posix_spawn_file_actions_adddup2(&actions, p->files[i], FIRST_FILE + (int)i);
    int errnum = posix_spawnp(pid, child->argv[0], &actions, NULL, (char *const *)child->argv, env);
    posix_spawn_file_actions_destroy(&actions);
    free(env);
    return errnum;
}

/* False when the other end is closed. */
static bool read_some(int fd, struct mu_buf *into)
{
    char bytes[8192];
    ssize_t got = read(fd, bytes, sizeof bytes);
    if (got > 0)
        mu_buf_add(into, bytes, (size_t)got);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* NULL, or why it has to be ended. */
static const char *listen_to(struct mu_child *child, struct plumbing *p)
{
    int64_t until = mu_clock_mono_ms() + (int64_t)child->timeout_s * 1000;
    while (p->out[0] >= 0 || p->err[0] >= 0) {
        struct pollfd ends[] = {{.fd = p->out[0], .events = POLLIN},
                                {.fd = p->err[0], .events = POLLIN}};
        int64_t left = until - mu_clock_mono_ms();
        if (left <= 0)
            return "it took too long";
        if (poll(ends, 2, (int)left) < 0 && errno != EINTR)
            return strerror(errno);
        if (ends[0].revents && !read_some(p->out[0], &child->out))
            close_one(&p->out[0]);
        if (ends[1].revents && !read_some(p->err[0], &child->err))
            close_one(&p->err[0]);
        if (child->out.full || child->err.full)
            return "it said more than anybody reads";
    }
    return NULL;
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum mu_err mu_child_run(struct mu_child *child, struct mu_fail *fail)
{
    struct plumbing p;
    pid_t pid = -1;
    const char *program = child->argv[0];
    int errnum = open_all(child, &p) ? spawn(child, &p, &pid) : errno;
    close_inner(&p);
    if (errnum) {
        close_all(&p);
        return mu_fail_set(fail, MU_CONFIG, "can't run %s: %s", program,
                           errnum == ENOENT ? "it is not installed (or not in PATH)"
                                            : strerror(errnum));
    }
    const char *why = listen_to(child, &p);
    if (why)
        kill(pid, SIGKILL);
    close_all(&p);
    child->code = wait_for(pid);
    return why ? mu_fail_set(fail, MU_CONFIG, "%s was ended: %s", program, why) : MU_OK;
}

void mu_child_fini(struct mu_child *child)
{
    mu_buf_free(&child->out);
    mu_buf_free(&child->err);
}

const char *mu_child_complaint(struct mu_child *child)
{
    struct mu_buf *said = child->err.len ? &child->err : &child->out;
    if (said->len == 0)
        mu_buf_addf(said, "exit code %d", child->code);
    said->data[strcspn(said->data, "\r\n")] = '\0';
    return said->data;
}
