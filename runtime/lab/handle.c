/* SPDX-License-Identifier: MIT
 *
 * A lab seen from outside: started as a child process, or found by its folder; both are then asked
 * through the control port that DIR/lab.json names.
 *
 *   parent                       child
 *     socketpair, fork ────────▶ mu_lab_run_until(lifeline)
 *     read "ok\n" or a reason ◀── ready
 *     ...                        serves
 *     close (or die) ──────────▶ lifeline ends, stops, exits */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "lab/client.h"
#include "lab/files.h"
#include "lab/lab.h"
#include "lab/run.h"

struct mu_lab {
    char *dir, *config, *control, *token;
    pid_t child;  /* 0 when somebody else runs it */
    int lifeline; /* -1 then */
    bool fresh;   /* the folder is ours to remove */
};

/* ---- finding ---- */

static enum mu_err no_lab(const char *dir, struct mu_fail *fail)
{
    return mu_fail_set(fail, MU_NET,
                       "no lab runs in %s. Start one with `muster lab up`, or name its folder with "
                       "--dir",
                       dir);
}

static enum mu_err read_address(struct mu_lab *lab, struct mu_fail *fail)
{
    char *path = mu_xasprintf("%s/lab.json", lab->dir);
    char *text = mu_lab_file_read(path, NULL);
    json_t *info = text ? mu_json_parse(text, strlen(text), NULL) : NULL;
    const char *control = mu_json_str(info, "control", NULL);
    const char *token = mu_json_str(info, "token", NULL);
    enum mu_err err = MU_OK;
    if (control == NULL || token == NULL) {
        err = no_lab(lab->dir, fail);
    } else {
        lab->control = mu_xstrdup(control);
        lab->token = mu_xstrdup(token);
        lab->config = mu_xasprintf("%s/muster.lua", lab->dir);
    }
    json_decref(info);
    free(text);
    free(path);
    return err;
}

static void free_lab(struct mu_lab *lab)
{
    free(lab->dir);
    free(lab->config);
    free(lab->control);
    free(lab->token);
    free(lab);
}

enum mu_err mu_lab_open(const char *dir, struct mu_lab **out, struct mu_fail *fail)
{
    char full[PATH_MAX];
    struct mu_lab *lab = MU_NEW(struct mu_lab);
    lab->lifeline = -1;
    lab->dir = mu_xstrdup(realpath(dir, full) ? full : dir);
    enum mu_err err = read_address(lab, fail);
    if (err == MU_OK && mu_lab_status(lab, NULL, NULL) != MU_OK)
        err = no_lab(lab->dir, fail); /* lab.json of one that died */
    if (err == MU_OK)
        *out = lab;
    else
        free_lab(lab);
    return err;
}

/* ---- starting ---- */

static void say(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t done = send(fd, text, len, MSG_NOSIGNAL);
        if (done < 0 && errno != EINTR)
            return; /* the parent is gone; the lifeline will say so */
        if (done > 0) {
            text += done;
            len -= (size_t)done;
        }
    }
}

static void on_ready(const json_t *status, void *ud)
{
    (void)status;
    const int *lifeline = ud;
    say(*lifeline, "ok\n");
}

static MU_NORETURN void be_child(const struct mu_lab_options *options, int lifeline)
{
    static const int of_terminal[] = {SIGINT, SIGQUIT, SIGHUP};
    struct mu_fail fail = {MU_OK, ""};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    for (size_t i = 0; i < MU_COUNT(of_terminal); i++)
        sigaction(of_terminal[i], &ignore, NULL); /* Ctrl-C is for the parent to answer */
    const struct mu_lab_observer observer = {.ready = on_ready, .ud = &lifeline};
    enum mu_err err = mu_lab_run_until(options, &observer, lifeline, &fail);
    if (err != MU_OK)
        say(lifeline, fail.text);
    _exit(err == MU_OK ? 0 : 1); /* not exit(): the parent's buffers and handlers are not ours */
}

/* Until "ok\n" or the end: what the child has to say. */
static enum mu_err hear_child(int lifeline, struct mu_fail *fail)
{
    char text[MU_FAIL_TEXT];
    size_t len = 0;
    for (;;) {
        ssize_t got = recv(lifeline, text + len, sizeof text - 1 - len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        len += (size_t)got;
        if (len == 3 && memcmp(text, "ok\n", 3) == 0)
            return MU_OK;
        if (len == sizeof text - 1)
            break;
    }
    text[len] = '\0';
    return mu_fail_set(fail, MU_NET, "the lab does not start: %s", len ? text : "its process died");
}

static enum mu_err start_child(struct mu_lab *lab, const struct mu_lab_options *options,
                               struct mu_fail *fail)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return mu_fail_set(fail, MU_INTERNAL, "no socket pair: %s", strerror(errno));
    lab->child = fork();
    if (lab->child == 0) {
        close(ends[0]);
        be_child(options, ends[1]);
    }
    close(ends[1]);
    lab->lifeline = ends[0];
    if (lab->child > 0)
        return hear_child(ends[0], fail);
    lab->child = 0;
    return mu_fail_set(fail, MU_INTERNAL, "can't start a process for the lab: %s", strerror(errno));
}

static char *fresh_folder(struct mu_fail *fail)
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    base = base && access(base, W_OK | X_OK) == 0 ? base : "/tmp";
    char *dir = mu_xasprintf("%s/muster-lab.XXXXXX", base);
    if (mkdtemp(dir) != NULL)
        return dir;
    mu_fail_set(fail, MU_STORAGE, "can't make a folder for the lab in %s: %s", base,
                strerror(errno));
    free(dir);
    return NULL;
}

enum mu_err mu_lab_start(const struct mu_lab_options *options, struct mu_lab **out,
                         struct mu_fail *fail)
{
    struct mu_lab *lab = MU_NEW(struct mu_lab);
    lab->lifeline = -1;
    lab->fresh = options == NULL || options->dir == NULL;
    char *dir = lab->fresh ? fresh_folder(fail) : mu_xstrdup(options->dir);
    struct mu_lab_options own = {.dir = dir, .playbooks = options ? options->playbooks : NULL};
    enum mu_err err = dir ? start_child(lab, &own, fail) : MU_STORAGE;
    char full[PATH_MAX];
    if (dir != NULL)
        lab->dir = mu_xstrdup(realpath(dir, full) ? full : dir);
    if (err == MU_OK)
        err = read_address(lab, fail);
    free(dir);
    if (err == MU_OK)
        *out = lab;
    else
        mu_lab_stop(lab);
    return err;
}

void mu_lab_stop(struct mu_lab *lab)
{
    if (lab == NULL)
        return;
    if (lab->lifeline >= 0)
        close(lab->lifeline);
    while (lab->child > 0 && waitpid(lab->child, NULL, 0) < 0 && errno == EINTR)
        ;
    if (lab->fresh && lab->dir != NULL)
        mu_lab_folder_remove(lab->dir);
    free_lab(lab);
}

/* ---- asking ---- */

const char *mu_lab_dir(const struct mu_lab *lab)
{
    return lab->dir;
}

const char *mu_lab_config(const struct mu_lab *lab)
{
    return lab->config;
}

enum mu_err mu_lab_set(struct mu_lab *lab, const char *host, enum mu_lab_state state,
                       struct mu_fail *fail)
{
    for (const char *p = host; *p != '\0'; p++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *p) == NULL)
            return mu_fail_set(fail, MU_USAGE, "\"%.64s\" is no host name", host);
    char *path = mu_xasprintf("/hosts/%s", host);
    json_t *body = json_pack("{ss}", "state", mu_lab_state_word(state));
    enum mu_err err = mu_lab_client_ask(lab->control, lab->token, "PUT", path, body, NULL, fail);
    json_decref(body);
    free(path);
    return err;
}

enum mu_err mu_lab_status(struct mu_lab *lab, json_t **out, struct mu_fail *fail)
{
    return mu_lab_client_ask(lab->control, lab->token, "GET", "/status", NULL, out, fail);
}

enum mu_err mu_lab_inbox(struct mu_lab *lab, json_t **out, struct mu_fail *fail)
{
    return mu_lab_client_ask(lab->control, lab->token, "GET", "/inbox", NULL, out, fail);
}
