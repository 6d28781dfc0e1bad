/* SPDX-License-Identifier: MIT
 *
 * The demonstration; see lab_demo.h. It runs muster itself (/proc/self/exe) on this terminal, as a
 * person would, and only tells what it does. */
#include "cli/lab_demo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/lab_screen.h"
#include "lab/lab.h"
#include "cli/say.h"

static const char *const outcomes[] = {
    [MU_EXIT_OK] = "finished",
    [MU_EXIT_FAILED] = "ended in failure",
    [MU_EXIT_USAGE] = "was refused",
    [MU_EXIT_PARKED] = "is parked: a person is needed",
    [MU_EXIT_DECLINED] = "was declined",
    [MU_EXIT_CANCELLED] = "was cancelled",
    [MU_EXIT_EXPIRED] = "was not answered in time",
};

static const char *outcome(int code)
{
    if (code >= 0 && code < (int)MU_COUNT(outcomes))
        return outcomes[code];
    return code == MU_EXIT_TEMPORARY ? "stopped and can be resumed" : "broke off";
}

/* What the child says goes to log instead of the terminal, when there is one. */
static void be_quiet(const char *log)
{
    int fd = log ? open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (fd < 0)
        return;
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

/* Ctrl-C is the child's while it runs, as under a shell. */
static int run_muster(const char *config, const char *const *words, size_t count, const char *log)
{
    const char *argv[16] = {"muster", "--config", config};
    for (size_t i = 0; i < count; i++)
        argv[3 + i] = words[i];
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    fflush(NULL);
    sigaction(SIGINT, &ignore, &old);
    pid_t child = fork();
    if (child == 0) {
        sigaction(SIGINT, &old, NULL);
        be_quiet(log);
        execv("/proc/self/exe", (char *const *)argv);
        say_err("muster lab: can't start muster: %s\n", strerror(errno));
        _exit(MU_EXIT_INTERNAL);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGINT, &old, NULL);
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : MU_EXIT_INTERNAL;
}

static enum mu_err break_primaries(struct mu_lab *lab, struct mu_fail *fail)
{
    enum mu_err err = mu_lab_set(lab, "mx1", MU_LAB_HANG, fail);
    return err ? err : mu_lab_set(lab, "mx2", MU_LAB_REFUSE, fail);
}

static void show_mx(struct mu_lab *lab, const char *label)
{
    json_t *status = NULL;
    if (mu_lab_status(lab, &status, NULL) != MU_OK)
        return;
    char *mx = lab_mx_text(status, "example.com");
    say("  %-9s example.com %s\n", label, mx);
    free(mx);
    json_decref(status);
}

static void show_told(struct mu_lab *lab)
{
    json_t *messages = NULL;
    if (mu_lab_inbox(lab, &messages, NULL) != MU_OK)
        return;
    size_t count = json_array_size(messages);
    say("  %-9s %zu message%s reached the inbox\n", "told", count, count == 1 ? "" : "s");
    lab_show_inbox(messages, false);
    json_decref(messages);
}

static int run_quietly(struct mu_lab *lab, const char *const *words, size_t count)
{
    char *log = mu_xasprintf("%s/demo.log", mu_lab_dir(lab));
    int code = run_muster(mu_lab_config(lab), words, count, log);
    free(log);
    return code;
}

/* Ctrl-C ends the view, never the run; but without its lab a run has nothing to do. `cancel`
 * refuses when the run has ended by itself. */
static bool end_left_run(struct mu_lab *lab)
{
    static const char *const cancel[] = {"cancel", "last", "--reason", "the demo was left"};
    static const char *const watch[] = {"watch", "last"};
    if (run_quietly(lab, cancel, MU_COUNT(cancel)) != MU_EXIT_OK)
        return false;
    run_quietly(lab, watch, MU_COUNT(watch)); /* until it has ended */
    return true;
}

static void write_report(struct mu_lab *lab)
{
    char *path = mu_xasprintf("%s/report.html", mu_lab_dir(lab));
    const char *const words[] = {"report", "last", "--html", path};
    if (run_quietly(lab, words, MU_COUNT(words)) == MU_EXIT_OK)
        say("  %-9s %s\n", "report", path);
    else
        say("  %-9s none could be written, see %s/demo.log\n", "report", mu_lab_dir(lab));
    free(path);
}

static void heading(const char *text)
{
    say("\n%s%s%s\n", mu_cli_color("bold"), text, mu_cli_color("reset"));
}

static int play(struct mu_lab *lab, bool yes)
{
    static const char *const words[] = {"run",      "mx-failover", "domain=example.com",
                                        "every=2s", "--wait",      "--yes"};
    size_t count = MU_COUNT(words) - (yes ? 0 : 2);
    heading("An outage");
    show_mx(lab, "before");
    say("  %-9s mx1 takes connections and says nothing, mx2 refuses them\n", "broken");
    heading("$ muster run mx-failover domain=example.com every=2s");
    int code = run_muster(mu_lab_config(lab), words, count, NULL);
    bool left = end_left_run(lab);
    code = left ? MU_EXIT_CANCELLED : code;
    heading("What happened");
    show_mx(lab, "now");
    say("  %-9s the run %s%s\n", "end", outcome(code), left ? ": you left it" : "");
    show_told(lab);
    write_report(lab);
    say("  %-9s %s, yours to read and to remove\n", "folder", mu_lab_dir(lab));
    return code;
}

static char *fresh_folder(void)
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    base = base && access(base, W_OK | X_OK) == 0 ? base : "/tmp";
    char *dir = mu_xasprintf("%s/muster-demo.XXXXXX", base);
    if (mkdtemp(dir) != NULL)
        return dir;
    free(dir);
    return NULL;
}

int lab_demo(struct mu_cli *cli, const char *dir, bool yes)
{
    if (!yes && !isatty(STDIN_FILENO))
        return mu_cli_fail(cli, "lab", MU_EXIT_USAGE,
                           "the demo asks questions and this is no terminal; with --yes it answers "
                           "them itself");
    char *folder = dir ? mu_xstrdup(dir) : fresh_folder();
    if (folder == NULL)
        return mu_cli_fail(cli, "lab", MU_EXIT_USAGE, "can't make a folder for the demo: %s",
                           strerror(errno));
    struct mu_lab_options options = {.dir = folder};
    struct mu_lab *lab = NULL;
    struct mu_fail fail;
    enum mu_err err = mu_lab_start(&options, &lab, &fail);
    free(folder);
    if (err != MU_OK)
        return mu_cli_fail(cli, "lab", mu_cli_exit_for(err), "%s", fail.text);
    say("A mail site on loopback: DNS, mail hosts, a DNS provider, an inbox.\n"
        "Nothing leaves this machine.\n");
    err = break_primaries(lab, &fail);
    int code =
        err ? mu_cli_fail(cli, "lab", mu_cli_exit_for(err), "%s", fail.text) : play(lab, yes);
    mu_lab_stop(lab);
    return code;
}
