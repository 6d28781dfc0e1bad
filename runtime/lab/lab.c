/* SPDX-License-Identifier: MIT
 *
 * Life of the range: one libuv loop that every server shares, started in an order in which each
 * finds what it needs, stopped until uv_loop_close() says that nothing is left. See lab.h; starting
 * it in a child and talking to it from outside is in handle.c. */
#include "lab/lab.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "lab/config.h"
#include "lab/control.h"
#include "lab/files.h"
#include "lab/range.h"
#include "lab/run.h"

static const char *const state_words[] = {
#define X(id, word, what) [MU_LAB_##id] = word,
    MU_LAB_STATES(X)
#undef X
};
static const char *const state_whats[] = {
#define X(id, word, what) [MU_LAB_##id] = what,
    MU_LAB_STATES(X)
#undef X
};

const char *mu_lab_state_word(enum mu_lab_state state)
{
    assert(state < MU_LAB_STATE_COUNT);
    return state_words[state];
}

const char *mu_lab_state_what(enum mu_lab_state state)
{
    assert(state < MU_LAB_STATE_COUNT);
    return state_whats[state];
}

bool mu_lab_state_parse(const char *word, enum mu_lab_state *out)
{
    for (int i = 0; i < MU_LAB_STATE_COUNT; i++) {
        if (strcasecmp(state_words[i], word) == 0) {
            *out = (enum mu_lab_state)i;
            return true;
        }
    }
    return false;
}

/* ---- the folder ---- */

static enum mu_err take_lock(struct mu_lab_range *range, struct mu_fail *fail)
{
    char *path = mu_xasprintf("%s/lab.lock", range->dir);
    range->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum mu_err err = MU_OK;
    if (range->lock < 0)
        err = mu_fail_set(fail, MU_STORAGE, "can't open %s: %s", path, strerror(errno));
    else if (flock(range->lock, LOCK_EX | LOCK_NB) != 0)
        err = mu_fail_set(fail, MU_CONFLICT,
                          "a lab runs already in %s. Use it, stop it, or choose another folder "
                          "with --dir",
                          range->dir);
    free(path);
    return err;
}

static enum mu_err make_folders(struct mu_lab_range *range, const char *dir, struct mu_fail *fail)
{
    static const char *const below[] = {"tls", "state", "playbooks", "muster.d"};
    char full[PATH_MAX];
    enum mu_err err = mu_lab_folder_make(dir, fail);
    if (err != MU_OK)
        return err;
    if (realpath(dir, full) == NULL)
        return mu_fail_set(fail, MU_STORAGE, "can't find %s: %s", dir, strerror(errno));
    range->dir = mu_xstrdup(full);
    for (size_t i = 0; i < MU_COUNT(below) && err == MU_OK; i++) {
        char *path = mu_xasprintf("%s/%s", full, below[i]);
        err = mu_lab_folder_make(path, fail);
        free(path);
    }
    return err ? err : take_lock(range, fail);
}

/* ---- starting ---- */

static enum mu_err start_tls(struct mu_lab_range *range, struct mu_fail *fail)
{
    char *dir = mu_xasprintf("%s/tls", range->dir);
    enum mu_err err = mu_lab_tls_new(dir, &range->tls, fail);
    free(dir);
    return err;
}

static enum mu_err start_inbox(struct mu_lab_range *range, struct mu_fail *fail)
{
    char *dir = mu_xasprintf("%s/inbox", range->dir);
    enum mu_err err =
        mu_lab_inbox_new(dir, range->hook_secret, range->observer, &range->inbox, fail);
    free(dir);
    if (err != MU_OK)
        return err;
    return mu_lab_http_start(&range->loop, MU_LAB_INBOX_ADDRESS, mu_lab_inbox_handle, range->inbox,
                             &range->inbox_http, &range->inbox_url, fail);
}

static enum mu_err start_dns(struct mu_lab_range *range, struct mu_fail *fail)
{
    enum mu_err err = mu_lab_zones_init(&range->zones, mu_clock_real_ms(), fail);
    return err ? err
               : mu_lab_dns_start(&range->loop, &range->zones, &range->dns, &range->dns_port, fail);
}

static enum mu_err start_api(struct mu_lab_range *range, struct mu_fail *fail)
{
    range->api = (struct mu_lab_api){
        .zones = &range->zones, .key = range->api_key, .observer = range->observer};
    return mu_lab_http_start(&range->loop, MU_LAB_API_ADDRESS, mu_lab_api_handle, &range->api,
                             &range->api_http, &range->api_url, fail);
}

static enum mu_err start_smtp(struct mu_lab_range *range, struct mu_fail *fail)
{
    range->smtp.loop = &range->loop;
    range->smtp.inbox = range->inbox;
    range->smtp.observer = range->observer;
    range->smtp.password = range->relay_password;
    return mu_lab_smtp_start(&range->smtp, range->tls, fail);
}

static enum mu_err start_control(struct mu_lab_range *range, struct mu_fail *fail)
{
    return mu_lab_http_start(&range->loop, MU_LAB_CONTROL_ADDRESS, mu_lab_control_handle, range,
                             &range->control_http, &range->control_url, fail);
}

static enum mu_err write_config(struct mu_lab_range *range, struct mu_fail *fail)
{
    return mu_lab_config_write(range, fail);
}

/* Last of all: who finds lab.json finds a lab that answers. */
static enum mu_err publish(struct mu_lab_range *range, struct mu_fail *fail)
{
    json_t *info = json_pack("{ss ss si ss}", "control", range->control_url, "token", range->token,
                             "pid", (int)getpid(), "dir", range->dir);
    char *text = json_dumps(info, JSON_INDENT(2) | JSON_SORT_KEYS);
    enum mu_err err = mu_lab_file_write(range->dir, "lab.json", text, strlen(text), fail);
    free(text);
    json_decref(info);
    return err;
}

static enum mu_err start_all(struct mu_lab_range *range, struct mu_fail *fail)
{
    static enum mu_err (*const steps[])(struct mu_lab_range *, struct mu_fail *) = {
        start_tls,  start_inbox,   start_dns,    start_api,
        start_smtp, start_control, write_config, publish};
    enum mu_err err = MU_OK;
    for (size_t i = 0; i < MU_COUNT(steps) && err == MU_OK; i++)
        err = steps[i](range, fail);
    return err;
}

/* ---- running and stopping ---- */

struct stopper { /* what ends the loop */
    uv_signal_t signals[3];
    uv_poll_t lifeline;
    bool opened, has_lifeline;
};

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    uv_stop(handle->loop);
}

/* Readable means closed: nobody writes to a lifeline. */
static void on_lifeline(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    uv_stop(poll->loop);
}

/* A child under a terminal leaves Ctrl-C to its parent: the lifeline tells it when to end. */
static void watch_for_end(struct stopper *stopper, uv_loop_t *loop, int lifeline)
{
    for (size_t i = 0; i < MU_COUNT(stop_signals); i++) {
        uv_signal_init(loop, &stopper->signals[i]);
        if (lifeline < 0 || stop_signals[i] == SIGTERM)
            uv_signal_start(&stopper->signals[i], on_signal, stop_signals[i]);
    }
    stopper->opened = true;
    if (lifeline >= 0 && uv_poll_init(loop, &stopper->lifeline, lifeline) == 0) {
        stopper->has_lifeline = true;
        uv_poll_start(&stopper->lifeline, UV_READABLE | UV_DISCONNECT, on_lifeline);
    }
}

static void stop_all(struct mu_lab_range *range, struct stopper *stopper)
{
    mu_lab_http_stop(range->control_http);
    mu_lab_http_stop(range->api_http);
    mu_lab_http_stop(range->inbox_http);
    mu_lab_dns_stop(range->dns);
    mu_lab_smtp_stop(&range->smtp);
    for (size_t i = 0; stopper->opened && i < MU_COUNT(stop_signals); i++)
        uv_close((uv_handle_t *)&stopper->signals[i], NULL);
    if (stopper->has_lifeline)
        uv_close((uv_handle_t *)&stopper->lifeline, NULL);
    uv_run(&range->loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&range->loop);
    assert(left == 0);
    (void)left;
}

/* lab.json goes before the lock: whoever finds the folder free finds no stale address. */
static void leave_folder(struct mu_lab_range *range)
{
    char *path = mu_xasprintf("%s/lab.json", range->dir);
    unlink(path);
    free(path);
    close(range->lock);
}

static void free_all(struct mu_lab_range *range)
{
    mu_lab_http_free(range->control_http);
    mu_lab_http_free(range->api_http);
    mu_lab_http_free(range->inbox_http);
    mu_lab_dns_free(range->dns);
    mu_lab_smtp_fini(&range->smtp);
    mu_lab_inbox_free(range->inbox);
    mu_lab_tls_free(range->tls);
    mu_lab_zones_fini(&range->zones);
    free(range->control_url);
    free(range->api_url);
    free(range->inbox_url);
    free(range->playbooks);
    free(range->dir);
    free(range);
}

static enum mu_err run_range(struct mu_lab_range *range, int lifeline, struct mu_fail *fail)
{
    struct stopper stopper = {.opened = false};
    int failed = uv_loop_init(&range->loop);
    if (failed != 0)
        return mu_fail_set(fail, MU_INTERNAL, "no event loop: %s", uv_strerror(failed));
    enum mu_err err = start_all(range, fail);
    if (err == MU_OK) {
        watch_for_end(&stopper, &range->loop, lifeline);
        if (range->observer && range->observer->ready) {
            json_t *status = mu_lab_control_status(range);
            range->observer->ready(status, range->observer->ud);
            json_decref(status);
        }
        uv_run(&range->loop, UV_RUN_DEFAULT);
        range->observer = NULL; /* cutting the open connections is no news */
        range->smtp.observer = NULL;
    }
    stop_all(range, &stopper);
    return err;
}

enum mu_err mu_lab_run_until(const struct mu_lab_options *options,
                             const struct mu_lab_observer *observer, int lifeline,
                             struct mu_fail *fail)
{
    assert(options->dir != NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL); /* a visitor that goes away is an error of write() */
    struct mu_lab_range *range = MU_NEW(struct mu_lab_range);
    range->observer = observer;
    range->lock = -1;
    range->playbooks = mu_lab_config_playbooks(options->playbooks);
    mu_lab_secret_make(range->api_key);
    mu_lab_secret_make(range->relay_password);
    mu_lab_secret_make(range->hook_secret);
    mu_lab_secret_make(range->token);
    enum mu_err err = make_folders(range, options->dir, fail);
    bool locked = err == MU_OK;
    if (locked)
        err = run_range(range, lifeline, fail);
    if (locked)
        leave_folder(range);
    else if (range->lock >= 0)
        close(range->lock);
    free_all(range);
    return err;
}

enum mu_err mu_lab_run(const struct mu_lab_options *options, const struct mu_lab_observer *observer,
                       struct mu_fail *fail)
{
    return mu_lab_run_until(options, observer, -1, fail);
}
