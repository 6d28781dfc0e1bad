/* SPDX-License-Identifier: MIT
 *
 * A module for benchmarks, loaded as a third party's shared object. What the gateway itself costs is measured
 * with it.
 *
 *   ledger.look WHAT     answers at once, with what it was given                            probe
 *   ledger.ready         answers when a file "go" lies beside muster.lua: many runs begin together   probe
 *   ledger.hang          never answers                                                       probe
 *   ledger.append TEXT   adds "KEY RUN MICROSECONDS TEXT" to FILE.RUN with one write         act, read back
 *
 * A file for each run: a hundred runs that append to one would measure the lock of its inode.
 *
 *   muster.lua: modules = { "ledger.so" }, ledger = { file = "ledger", delay_ms = 0 } */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "io/loop.h"
#include "module/module.h"

#define LOOK_MS   20 /* for the file "go"; two hundred runs look */
#define PATH_SIZE 4300

struct ledger {
    char path[4096], go[4200];
    int64_t delay_ms;
};

static enum mu_err ledger_open(const struct mu_host *host, const json_t *config, void **state, struct mu_fail *fail)
{
    const char *file = mu_json_str(config, "file", "ledger");
    (void)fail;
    struct ledger *ledger = calloc(1, sizeof *ledger);
    snprintf(ledger->path, sizeof ledger->path, "%s%s%s", file[0] == '/' ? "" : host->config_dir, file[0] == '/' ? "" : "/", file);
    snprintf(ledger->go, sizeof ledger->go, "%s/go", host->config_dir);
    ledger->delay_ms = mu_json_int(config, "delay_ms", 0);
    *state = ledger;
    return MU_OK;
}

static void look(struct mu_call *call)
{
    mu_call_done(call, json_pack("{s:b, s:O, s:i}", "ok", 1, "what", json_object_get(call->args, "what"), "ms", 0));
}

static void ready_look(void *ud)
{
    struct mu_call *call = ud;
    const struct ledger *ledger = call->module_state;
    call->state = NULL;
    if (access(ledger->go, F_OK) == 0)
        mu_call_done(call, json_pack("{s:b}", "ok", 1));
    else
        call->state = mu_timer_start(call->host->loop, LOOK_MS, ready_look, call);
}

static void ready(struct mu_call *call)
{
    ready_look(call);
}

static void hang(struct mu_call *call)
{
    (void)call;
}

static void look_cancel(struct mu_call *call)
{
    (void)call; /* it is complete before it could be cancelled */
}

static json_t *look_under(struct mu_call *call, const struct mu_facts *facts, json_t *real)
{
    (void)call;
    (void)facts;
    return real;
}

static void path_of(const struct mu_call *call, char path[PATH_SIZE])
{
    const struct ledger *ledger = call->module_state;
    snprintf(path, PATH_SIZE, "%s.%.128s", ledger->path, call->run);
}

static void write_line(struct mu_call *call)
{
    char line[500], path[PATH_SIZE];
    path_of(call, path);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int len = snprintf(line, sizeof line, "%s %.128s %lld %.200s\n", call->key, call->run,
                       (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000, json_string_value(json_object_get(call->args, "line")));
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, line, (size_t)len) == len;
    if (fd >= 0)
        close(fd);
    if (ok)
        mu_call_done(call, json_pack("{s:b}", "ok", 1));
    else
        mu_call_fail(call, MU_STORAGE, false, "can't write to %s", path);
}

static void write_late(void *ud)
{
    struct mu_call *call = ud;
    call->state = NULL;
    write_line(call);
}

static void append(struct mu_call *call)
{
    struct ledger *ledger = call->module_state;
    if (ledger->delay_ms == 0)
        write_line(call);
    else
        call->state = mu_timer_start(call->host->loop, ledger->delay_ms, write_late, call);
}

static void append_cancel(struct mu_call *call)
{
    mu_timer_cancel(call->state);
    call->state = NULL;
}

static void append_readback(struct mu_call *call)
{
    char line[400], path[PATH_SIZE];
    bool found = false;
    path_of(call, path);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        found = found || strncmp(line, call->key, strlen(call->key)) == 0;
    if (file)
        fclose(file);
    mu_call_readback(call, found ? MU_APPLIED : MU_NOT_APPLIED, found ? json_pack("{s:b}", "ok", 1) : NULL, NULL);
}

static json_t *append_foresee(struct mu_call *call, struct mu_facts *facts)
{
    (void)call;
    (void)facts;
    return json_pack("{s:b}", "ok", 1);
}

static const struct mu_field nothing[] = {{0}};
static const struct mu_field look_params[] = {{.name = "what", .type = MU_T_ANY, .doc = "handed back"}, {0}};
static const struct mu_field look_returns[] = {{.name = "what", .type = MU_T_ANY, .doc = "as given"}, {0}};
static const struct mu_field append_returns[] = {{.name = "ok", .type = MU_T_BOOL, .doc = "true"}, {0}};
static const struct mu_field append_params[] = {
    {.name = "line", .type = MU_T_STRING, .flags = MU_F_REQUIRED | MU_F_SHOWN, .doc = "what to write"}, {0}};

static const struct mu_verb verbs[] = {
    {.name = "ledger.look", .kind = MU_PROBE, .params = look_params, .returns = look_returns, .doc = "Answers at once.", .start = look, .cancel = look_cancel, .under = look_under},
    {.name = "ledger.ready", .kind = MU_PROBE, .params = nothing, .returns = nothing, .doc = "Answers when all may begin.", .start = ready, .cancel = append_cancel, .under = look_under},
    {.name = "ledger.hang", .kind = MU_PROBE, .params = nothing, .returns = nothing, .doc = "Never answers.", .start = hang, .cancel = look_cancel, .under = look_under},
    {.name = "ledger.append", .kind = MU_ACT, .params = append_params, .returns = append_returns, .doc = "Adds a line to the ledger.", .start = append,
     .cancel = append_cancel, .in_doubt = MU_READBACK, .readback = append_readback, .foresee = append_foresee},
    {0},
};

MU_API extern const struct mu_module muster_module;
const struct mu_module muster_module = {.abi = MU_MODULE_ABI, .verb_size = sizeof(struct mu_verb), .name = "ledger", .version = "1.0.0",
                                        .doc = "A ledger for tests and benchmarks.", .open = ledger_open, .close = free, .verbs = verbs};
