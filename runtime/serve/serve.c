/* SPDX-License-Identifier: MIT
 *
 * The supervisor's life; see serve.h. */
#include "serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/share.h"
#include "base/storage.h"
#include "serve/internal.h"

#define DRAIN_MS 30000 /* who makes a run then is done, or is found by the next supervisor */

/* --- one a state folder --- */

/* A record lock: workers and the runs they start do not inherit it. */
static enum mu_err take_lock(const char *state_dir, struct mu_fail *fail)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET}, holder = lock;
    char *path = mu_xasprintf("%s/serve.lock", state_dir);
    int fd = mu_share_open(path, O_RDWR | O_CREAT);
    enum mu_err err = MU_OK;
    if (fd < 0)
        err = mu_storage_fail(fail, path, "opening the supervisor's lock", NULL, errno);
    else if (fcntl(fd, F_SETLK, &lock) != 0)
        err = mu_fail_set(fail, MU_CONFLICT,
                          "another muster serve (process %d) serves %.400s: muster status",
                          fcntl(fd, F_GETLK, &holder) == 0 ? (int)holder.l_pid : 0, state_dir);
    free(path);
    return err; /* the descriptor stays open as long as we live */
}

/* --- settings --- */

enum mu_err serve_reload(struct serve *serve, struct mu_fail *fail)
{
    struct mu_config *config = NULL;
    struct settings fresh;
    notify_send("RELOADING=1");
    enum mu_err err = mu_config_load(serve->config_path, &config, fail);
    if (err == MU_OK)
        err = settings_read(config, serve->store, true, &fresh, fail);
    if (err == MU_OK) {
        plans_meet(serve, &fresh);
        watches_meet(serve, &fresh);
        settings_fini(&serve->settings);
        serve->settings = fresh;
        unread_meet(serve);
        serve->reloaded = mu_clock_real_ms();
        serve->beat_due_ms = 0;
        serve->reload_why[0] = '\0';
        mu_info("serve", "%s was read again: %zu watches, %zu schedules", fresh.config->path,
                fresh.watch_count, fresh.schedules.count);
    } else {
        snprintf(serve->reload_why, sizeof serve->reload_why, "%s", fail->text);
        mu_error("serve", "the configuration was not taken, the old one stays: %s", fail->text);
    }
    notify_send("READY=1");
    return err;
}

/* --- workers --- */

static void close_inherited(uv_handle_t *handle, void *ud)
{
    int fd;
    (void)ud;
    if (uv_fileno(handle, &fd) == 0)
        close(fd);
}

void serve_leave(struct serve *serve)
{
    mu_store_close(serve->store);
    serve->store = NULL;
    uv_walk(mu_loop_uv(serve->loop), close_inherited, NULL);
    close(uv_backend_fd(mu_loop_uv(serve->loop)));
}

enum mu_err serve_worker_store(struct serve *serve, struct launch *launch, struct mu_fail *fail)
{
    launch->config = serve->settings.config;
    launch->state_dir = serve->state_dir;
    enum mu_err err = launch_alone(serve->state_dir, fail);
    return err == MU_OK ? mu_store_open(serve->state_dir, &launch->store, fail) : err;
}

/* --- turns --- */

static void begin_drain(struct serve *serve)
{
    if (serve->draining)
        return;
    serve->draining = true;
    serve->drain_until_ms = mu_clock_mono_ms() + DRAIN_MS;
    notify_send("STOPPING=1");
    mu_info("serve", "ends: nothing new is begun; runs go on without it");
    workers_drain(serve);
}

/* Somebody may have replaced the control store under us. */
static void check_store(struct serve *serve)
{
    struct mu_fail fail;
    struct mu_store *fresh;
    if (mu_store_in_place(serve->store, &fail) == MU_OK)
        return;
    if (mu_store_open(serve->state_dir, &fresh, &fail) != MU_OK) {
        if (!serve->store_failing)
            mu_error("serve", "%s", fail.text);
        serve->store_failing = true;
        return;
    }
    mu_store_close(serve->store);
    serve->store = fresh;
    plans_meet(serve, &serve->settings);
}

static void on_turn(uv_timer_t *timer)
{
    struct serve *serve = timer->data;
    workers_reap(serve);
    notify_turn(serve);
    socket_turn(serve);
    if (serve->draining) {
        serve->over = worker_count(serve, NULL) == 0 || mu_clock_mono_ms() > serve->drain_until_ms;
        return;
    }
    check_store(serve);
    plans_turn(serve);
    watches_turn(serve);
    runs_turn(serve);
    unread_turn(serve);
    tell_turn(serve);
    heartbeat_turn(serve);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct serve *serve = handle->data;
    struct mu_fail fail;
    if (number == SIGCHLD)
        workers_reap(serve);
    else if (number == SIGHUP)
        (void)!serve_reload(serve, &fail);
    else
        begin_drain(serve);
}

#define SIGNALS 4
struct handles {
    uv_timer_t timer;
    uv_signal_t signals[SIGNALS];
};

static void open_handles(struct serve *serve, struct handles *handles)
{
    static const int numbers[SIGNALS] = {SIGCHLD, SIGHUP, SIGTERM, SIGINT};
    struct uv_loop_s *loop = mu_loop_uv(serve->loop);
    signal(SIGPIPE, SIG_IGN);
    uv_timer_init(loop, &handles->timer);
    handles->timer.data = serve;
    uv_timer_start(&handles->timer, on_turn, 0, SERVE_TURN_MS);
    for (int i = 0; i < SIGNALS; i++) {
        uv_signal_init(loop, &handles->signals[i]);
        handles->signals[i].data = serve;
        uv_signal_start(&handles->signals[i], on_signal, numbers[i]);
    }
}

static void close_handles(struct serve *serve, struct handles *handles)
{
    socket_close(serve);
    runs_fini(serve);
    uv_close((uv_handle_t *)&handles->timer, NULL);
    for (int i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&handles->signals[i], NULL);
}

static enum mu_err serve_until_told(struct serve *serve, struct mu_fail *fail)
{
    struct handles handles;
    serve->loop = mu_loop_new();
    open_handles(serve, &handles);
    enum mu_err err = socket_open(serve, fail);
    if (err == MU_OK) {
        notify_send("READY=1");
        size_t unread = unread_count(&serve->settings);
        mu_info("serve", "serves %s: %zu watches, %zu schedules%s", serve->state_dir,
                serve->settings.watch_count, serve->settings.schedules.count,
                unread ? "; some playbooks do not load: muster status" : "");
    }
    while (err == MU_OK && !serve->over && mu_loop_turn(serve->loop, true))
        ;
    close_handles(serve, &handles);
    mu_loop_free(serve->loop);
    return err;
}

enum mu_err mu_serve(const struct mu_serve_start *start, struct mu_fail *fail)
{
    struct serve serve = {.config_path = start->config_path,
                          .command = start->command,
                          .state_dir = mu_config_state_dir(start->config),
                          .started = mu_clock_real_ms()};
    if (getenv("MUSTER_LOG") == NULL)
        mu_log_level_set(MU_LOG_INFO);
    enum mu_err err = mu_store_open(serve.state_dir, &serve.store, fail);
    if (err == MU_OK)
        err = take_lock(serve.state_dir, fail);
    if (err == MU_OK)
        err = settings_read(start->config, serve.store, false, &serve.settings, fail);
    else
        mu_config_free(start->config);
    if (err == MU_OK) {
        serve.reloaded = serve.started;
        plans_meet(&serve, &serve.settings);
        watches_meet(&serve, &serve.settings);
        unread_meet(&serve);
        err = serve_until_told(&serve, fail);
    }
    mu_store_close(serve.store);
    settings_fini(&serve.settings);
    free(serve.state_dir);
    return err;
}
