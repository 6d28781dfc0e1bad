/* SPDX-License-Identifier: MIT
 *
 * Programs on the loop; see process.h. Not uv_spawn(): a program must not outlive an executor that is killed, and
 * for that it has to say so itself before it begins (PR_SET_PDEATHSIG).
 *
 *   fork ─▶ child: group, death signal, /dev/null, pipes, cwd, execve ─(errno through a pipe when that fails)
 *       └─▶ pidfd, two pipes and a timer on the loop ─▶ the end, once
 *
 * What a program that has ended left behind (a daemon, say) is none of ours, and its pipes are not waited for. */
#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/scarce.h"

#define CHUNK       65536
#define PATIENCE_MS 200 /* for one that was killed to be dead */

struct stream {
    uv_poll_t poll;
    bool open; /* the handle is made, and to be closed */
    int fd;    /* -1: it ended, or there is none */
    struct mu_buf text;
    bool cut;
    struct process *process;
};

struct process {
    struct mu_op op; /* first, so that one casts to the other */
    struct mu_loop *loop;
    mu_process_cb *done;
    void *ud;
    pid_t pid;                     /* 0: it is over, or never began */
    struct stream out, error, end; /* of end, the descriptor is a pidfd */
    struct mu_timer *timer;
    int closing;
    int64_t began_ms;
    struct mu_process_end result;
    char why[400];
};

/* --- the child's side: nothing but what a signal handler may do --- */

struct start {
    const struct mu_process *what;
    pid_t parent;
    int null, out, error, report; /* report is closed by a successful execve */
};

static void say_errno(const struct start *start)
{
    int errnum = errno;
    (void)!write(start->report, &errnum, sizeof errnum);
    _exit(127);
}

static void default_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_others(int but)
{
    for (int fd = 3; fd < 1024;
         fd++) /* most of ours are close-on-exec: this is for those of libraries */
        if (fd != but)
            close(fd);
}

static void be_child(const struct start *start)
{
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != start->parent) /* it died before we could say so */
        _exit(127);
    default_signals();
    if (dup2(start->null, 0) < 0 || dup2(start->out, 1) < 0 || dup2(start->error, 2) < 0)
        say_errno(start);
    close_others(start->report);
    if (chdir(start->what->cwd) != 0)
        say_errno(start);
    execve(start->what->argv[0], (char *const *)start->what->argv, (char *const *)start->what->env);
    say_errno(start);
}

/* --- the end --- */

static void forget(struct process *process)
{
    mu_buf_free(&process->out.text);
    mu_buf_free(&process->error.text);
    free(process);
}

static void on_closed(uv_handle_t *handle)
{
    struct process *process = ((struct stream *)handle->data)->process;
    if (--process->closing == 0)
        forget(process);
}

static void close_stream(struct stream *stream)
{
    if (stream->fd < 0)
        return;
    if (stream->open)
        uv_poll_stop(&stream->poll);
    close(stream->fd);
    stream->fd = -1;
}

static void let_go(struct process *process)
{
    struct stream *all[] = {&process->out, &process->error, &process->end};
    mu_timer_cancel(process->timer);
    process->timer = NULL;
    for (size_t i = 0; i < MU_COUNT(all); i++) {
        close_stream(all[i]);
        process->closing += all[i]->open;
    }
    for (size_t i = 0; i < MU_COUNT(all); i++)
        if (all[i]->open)
            uv_close((uv_handle_t *)&all[i]->poll, on_closed);
    if (process->closing == 0)
        forget(process);
}

/* With everything it started, unless that left its group. False: it goes on, for all we know. One that became another
 * user (sudo) is none that we may kill, and one that waits for a disk does not die; neither is waited for. */
static bool kill_group(struct process *process)
{
    pid_t pid = process->pid;
    process->pid = 0;
    if (pid <= 0)
        return true;
    bool refused = kill(-pid, SIGKILL) != 0 && errno == EPERM;
    for (int ms = 0; ms < PATIENCE_MS; ms++) {
        pid_t gone = waitpid(pid, NULL, WNOHANG); /* no zombie stays */
        if (gone == pid || (gone < 0 && errno == ECHILD))
            return true;
        if (refused)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

static void finish(struct process *process)
{
    struct mu_process_end *end = &process->result;
    end->out = mu_buf_text(&process->out.text);
    end->out_len = process->out.text.len;
    end->error = mu_buf_text(&process->error.text);
    end->error_len = process->error.text.len;
    end->cut = process->out.cut || process->error.cut;
    end->ms = mu_clock_mono_ms() - process->began_ms;
    process->done(end, process->ud);
    let_go(process);
}

static void cancel(struct mu_op *op)
{
    struct process *process = (struct process *)op;
    (void)!kill_group(process);
    let_go(process);
}

static const struct mu_op_class class = {.name = "process", .cancel = cancel};

/* --- what happens --- */

/* False: nothing more will come. */
static bool read_some(struct stream *stream, size_t max)
{
    char bytes[CHUNK];
    ssize_t got = read(stream->fd, bytes, sizeof bytes);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    size_t room = max - stream->text.len, keep = (size_t)got < room ? (size_t)got : room;
    if (got > 0)
        mu_buf_add(&stream->text, bytes, keep);
    stream->cut = stream->cut || keep < (size_t)got;
    return got > 0;
}

static void on_output(uv_poll_t *poll, int status, int events)
{
    struct stream *stream = poll->data;
    (void)events;
    if (status < 0 || !read_some(stream, stream->text.max))
        close_stream(stream);
}

/* What lies in the pipe by now; a daemon that holds it open is not waited for. */
static void drain(struct stream *stream)
{
    for (int i = 0; stream->fd >= 0 && i < 1000; i++) {
        size_t before = stream->text.len;
        if (!read_some(stream, stream->text.max) || stream->text.len == before)
            return;
    }
}

/* Who waits for it in our place has its exit code. */
static void ended_unseen(struct process *process)
{
    process->result.err = MU_INTERNAL;
    process->result.why = "it ended, and how can't be learnt";
    process->result.code = -1;
}

/* False: it goes on. */
static bool has_ended(struct process *process)
{
    int state = 0;
    pid_t gone = waitpid(process->pid, &state, WNOHANG);
    if (gone == 0)
        return false;
    process->pid = 0;
    if (gone < 0)
        ended_unseen(process);
    process->result.code = gone > 0 && WIFEXITED(state) ? WEXITSTATUS(state) : -1;
    process->result.signal = WIFSIGNALED(state) ? WTERMSIG(state) : 0;
    drain(&process->out);
    drain(&process->error);
    finish(process);
    return true;
}

static void on_end(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    (void)!has_ended(((struct stream *)poll->data)->process);
}

/* Where we stood still ourselves (SIGSTOP, a suspended machine) it may have ended in time. */
static void on_timeout(void *ud)
{
    struct process *process = ud;
    process->timer = NULL;
    if (has_ended(process))
        return;
    process->result.goes_on = !kill_group(process);
    drain(&process->out);
    drain(&process->error);
    process->result.err = MU_NET;
    process->result.why = process->result.goes_on
                              ? "it took too long, can't be killed (it runs as another user, or "
                                "waits for a disk) and goes on"
                              : "it took too long and was killed";
    process->result.code = -1;
    finish(process);
}

static void on_ended_early(void *ud)
{
    struct process *process = ud;
    process->timer = NULL;
    finish(process);
}

/* --- the start --- */

static bool pipe_pair(int ends[2])
{
    return pipe(ends) == 0 && fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 &&
           fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0;
}

static void close_pair(int ends[2])
{
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
}

/* errno of the start; 0: it runs. */
static int begin(struct process *process, const struct mu_process *what, int out[2], int error[2])
{
    int report[2] = {-1, -1}, errnum = 0;
    struct start start = {.what = what, .parent = getpid(), .null = -1};
    start.null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (start.null < 0 || !pipe_pair(out) || !pipe_pair(error) || !pipe_pair(report)) {
        errnum = errno;
        goto out;
    }
    start.out = out[1];
    start.error = error[1];
    start.report = report[1];
    process->pid = fork();
    if (process->pid == 0)
        be_child(&start);
    if (process->pid < 0)
        errnum = errno;
    close(report[1]);
    report[1] = -1;
    if (errnum == 0 && read(report[0], &errnum, sizeof errnum) != (ssize_t)sizeof errnum)
        errnum = 0;
    if (errnum != 0)
        (void)!kill_group(process);
out:
    if (start.null >= 0)
        close(start.null);
    close_pair(report);
    return errnum;
}

/* The descriptor is the stream's from here on. */
static bool listen_to(struct process *process, struct stream *stream, int fd, uv_poll_cb cb)
{
    stream->fd = fd;
    if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return false;
    stream->open = uv_poll_init(mu_loop_uv(process->loop), &stream->poll, fd) == 0;
    stream->poll.data = stream;
    return stream->open && uv_poll_start(&stream->poll, UV_READABLE, cb) == 0;
}

/* errno; ESRCH: it ended, and somebody else waited for it. */
static int listen_to_all(struct process *process, int out, int error)
{
    bool heard = listen_to(process, &process->out, out, on_output);
    heard = listen_to(process, &process->error, error, on_output) && heard;
    int pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0), errnum = pidfd < 0 ? errno : 0;
    heard = listen_to(process, &process->end, pidfd, on_end) && heard;
    return heard ? 0 : errnum != 0 ? errnum : EMFILE;
}

static void failed_start(struct process *process, const char *program, int errnum)
{
    char lack[MU_FAIL_TEXT];
    if (mu_scarce(errnum))
        mu_scarce_text(errnum, lack);
    snprintf(process->why, sizeof process->why, "can't run %.120s: %.200s", program,
             mu_scarce(errnum) ? lack : strerror(errnum));
    process->result.err = mu_scarce(errnum) ? MU_RESOURCES : MU_CONFIG;
    process->result.why = process->why;
    process->result.code = -1;
}

struct mu_op *mu_process_start(struct mu_loop *loop, const struct mu_process *what,
                               mu_process_cb *done, void *ud)
{
    struct process *process = MU_NEW(struct process);
    int out[2] = {-1, -1}, error[2] = {-1, -1};
    *process = (struct process){
        .op = {&class}, .loop = loop, .done = done, .ud = ud, .began_ms = mu_clock_mono_ms()};
    process->out.text.max = process->error.text.max = what->output_max;
    process->out.process = process->error.process = process->end.process = process;
    process->out.fd = process->error.fd = process->end.fd = -1;
    int errnum = begin(process, what, out, error);
    process->result.started = errnum == 0;
    if (errnum == 0) {
        errnum = listen_to_all(process, out[0], error[0]);
        out[0] = error[0] = -1;
        if (errnum != 0)
            (void)!kill_group(process);
    }
    if (errnum == ESRCH)
        ended_unseen(process);
    else if (errnum != 0)
        failed_start(process, what->argv[0], errnum);
    process->timer = errnum == 0 ? mu_timer_start(loop, what->timeout_ms, on_timeout, process)
                                 : mu_timer_start(loop, 0, on_ended_early, process);
    close_pair(out);
    close_pair(error);
    return &process->op;
}
