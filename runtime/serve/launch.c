/* SPDX-License-Identifier: MIT
 *
 * Making the run of a tick; see launch.h. */
#include "serve/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/share.h"
#include "base/storage.h"
#include "engine/run.h"

#define BEGUN_MS \
    10000             /* an executor says within milliseconds that it has begun; a loaded machine */
#define SETTLE_MS 500 /* a monitor that was just forked is not seen at once */

/* --- what it starts from --- */

enum mu_err launch_load(struct mu_store *store, const struct mu_config *config,
                        const char *playbook, const json_t *params, bool live,
                        struct launch_playbook *out, struct mu_fail *fail)
{
    char **search = mu_config_playbook_path(config);
    *out = (struct launch_playbook){.header = NULL};
    enum mu_err err =
        mu_choose(store, config, playbook, (const char *const *)search, live, &out->choice, fail);
    mu_config_playbook_path_free(search);
    if (err == MU_OK)
        err = mu_header_read(out->choice.bundle, &out->header, fail);
    if (err == MU_OK)
        err = mu_params_resolve_values(out->header, params, config->values, &out->params, fail);
    return err;
}

enum mu_err launch_drill(const struct mu_config *config, const struct mu_schedule *schedule,
                         const struct launch_playbook *playbook, json_t **out, struct mu_fail *fail)
{
    struct mu_drill_wish wish = {.scenario = schedule->scenario,
                                 .faults = schedule->faults,
                                 .dry_people = schedule->dry_people,
                                 .every_ms = schedule->look_every_ms};
    *out = NULL;
    return strcmp(schedule->world, "drill") == 0
               ? mu_drill_plan(playbook->header, playbook->params, config, &wish, out, fail)
               : MU_OK;
}

void launch_fini(struct launch_playbook *playbook)
{
    mu_choice_fini(&playbook->choice);
    if (playbook->header)
        mu_header_free(playbook->header);
    json_decref(playbook->params);
    *playbook = (struct launch_playbook){.header = NULL};
}

/* --- making it --- */

static char *who_name(const struct launch *launch)
{
    return mu_xasprintf("%s:%s", launch->kind, launch->name);
}

void launch_row(const struct launch *launch, struct mu_store_run *row, char **who, char **subject,
                char bundle[MU_SHA256_HEX])
{
    const struct mu_header *header = launch->playbook->header;
    char *lock = header->exclusive ? mu_params_fill(header->exclusive, launch->playbook->params)
                                   : mu_xstrdup("");
    const char *colon = strchr(lock, ':');
    *subject = mu_xstrdup(colon ? colon + 1 : lock);
    *who = who_name(launch);
    free(lock);
    mu_bundle_digest(launch->playbook->choice.bundle, bundle);
    *row = (struct mu_store_run){.playbook = header->name,
                                 .version = header->version,
                                 .world = launch->world,
                                 .subject = *subject,
                                 .who = *who,
                                 .bundle = bundle,
                                 .exit = -1};
}

static json_t *who_json(const struct launch *launch)
{
    char host[256] = "", *name = who_name(launch);
    gethostname(host, sizeof host - 1);
    json_t *who = json_pack("{s:s, s:s, s:i, s:s, s:s}", "name", name, "account", "", "uid",
                            (int)getuid(), "host", host, "tty", "");
    free(name);
    return who;
}

static void await_begin(int wake_fd)
{
    struct pollfd fd = {.fd = wake_fd, .events = POLLIN};
    (void)!poll(&fd, 1, BEGUN_MS);
    close(wake_fd);
}

static bool is_executed(const char *path)
{
    struct mu_monitor monitor;
    return mu_journal_lock_holder(path) > 0 || mu_monitor_look(path, &monitor);
}

enum mu_err launch_executor(struct launch *launch, const char *path, struct mu_fail *fail)
{
    int wake_fd;
    pid_t monitor;
    json_t *who = who_json(launch);
    struct mu_execute execute = {.path = path,
                                 .config = launch->config,
                                 .state_dir = launch->state_dir,
                                 .who = who,
                                 .wake_fd = -1};
    enum mu_err err = MU_OK;
    if (!is_executed(path)) {
        mu_store_close(launch->store); /* never carried across a fork */
        launch->store = NULL;
        err = mu_monitor_start(&execute, &wake_fd, &monitor, fail);
        if (err == MU_OK)
            await_begin(wake_fd);
    }
    if (launch->store == NULL && err == MU_OK)
        err = mu_store_open(launch->state_dir, &launch->store, fail);
    json_decref(who);
    return err;
}

static bool note_ended(const struct mu_store_run *run, void *ud)
{
    *(bool *)ud = run->ended != 0;
    return false;
}

enum mu_err launch_make(const struct mu_store_taken *taken, int64_t tick, void *ud,
                        struct mu_fail *fail)
{
    struct launch *launch = ud;
    struct mu_run_created reserved, made;
    bool ended = false, before = access(taken->path, F_OK) == 0;
    snprintf(reserved.name, sizeof reserved.name, "%s", taken->run);
    snprintf(reserved.path, sizeof reserved.path, "%s", taken->path);
    snprintf(reserved.incident, sizeof reserved.incident, "%s", taken->incident);
    json_t *who = who_json(launch),
           *trigger = json_pack("{s:s, s:s, s:I}", "kind", launch->kind, "name", launch->name, "at",
                                (json_int_t)tick);
    struct mu_run_request request = {.bundle = launch->playbook->choice.bundle,
                                     .source = launch->playbook->choice.source,
                                     .header = launch->playbook->header,
                                     .params = launch->playbook->params,
                                     .config = launch->config,
                                     .world = launch->world,
                                     .drill = launch->drill,
                                     .reason = launch->reason,
                                     .who = who,
                                     .samples = launch->samples,
                                     .trigger = trigger,
                                     .reserved = &reserved,
                                     .lab = mu_json_bool(launch->config->values, "lab", false)};
    bool lost = before ? false : mu_run_lost(launch->store, taken->run, &ended);
    if (lost) /* what became of it is not this tick's matter: it was started */
        mu_warn("serve", "%s was executed, and its run file %s is gone", taken->run, taken->path);
    enum mu_err err = lost ? MU_OK : mu_run_create(launch->store, &request, &made, fail);
    json_decref(who);
    json_decref(trigger);
    if (err != MU_OK || lost)
        return err;
    if (before) /* somebody died behind making it: perhaps it has an executor, perhaps it is over */
        nanosleep(&(struct timespec){.tv_nsec = SETTLE_MS * 1000000}, NULL);
    err = mu_store_run_find(launch->store, taken->run, note_ended, &ended, fail);
    return err != MU_OK || ended ? err : launch_executor(launch, taken->path, fail);
}

enum mu_err launch_alone(const char *state_dir, struct mu_fail *fail)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char *path = mu_xasprintf("%s/turns.lock", state_dir);
    int fd = mu_share_open(path, O_RDWR | O_CREAT), got = -1;
    while (fd >= 0 && (got = fcntl(fd, F_SETLKW, &lock)) != 0 && errno == EINTR)
        ;
    enum mu_err err =
        got == 0 ? MU_OK : mu_storage_fail(fail, path, "waiting to make a run", NULL, errno);
    free(path);
    return err; /* the descriptor stays open: closing it would give the lock away */
}
