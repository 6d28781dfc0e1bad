/* SPDX-License-Identifier: MIT
 *
 * A module for the scenarios: a drawer with slips of paper. It stands for everything out there that a
 * playbook changes, and can be as bad as the real thing: slow, deaf, applied but not answered.
 *
 *   drawer.read NAME                what is on a slip                    probe, foreseeable
 *   drawer.peek NAME                the same, but can't be foreseen      probe, ends a dry run
 *   drawer.wait MS                  answers after that time              probe, foreseeable
 *   drawer.put NAME VALUE {...}     writes a slip                        act with before-image, read back, undo
 *   drawer.post NAME VALUE {...}    writes a slip, nobody can tell       act that a person decides in doubt
 *   drawer.pay NAME VALUE {...}     writes a slip                        act with a key, kept for 3 seconds
 *   drawer.late NAME VALUE {ms=}    accepted after ms, without a reply; done two seconds later   act, read back
 *   drawer.ring TEXT {...}          one more line in the file "bell"     act that may be repeated
 *
 * Options of acts: ms = how long it takes, fail = "text" (refused, nothing changed;
 * "no descriptor": it could not leave), lose = true (done,
 * the reply is lost), short = true (done, and what should follow is not: an error), leave = true (done,
 * and it ends the process by exit(1), as a library may), halt = true (never done, the reply is lost). Every act that happens adds its line
 * "VERB NAME VALUE" to the file "acts", with "again" behind it when the engine said so.
 *
 * In a drill put and ring go to slips and a bell of another name: "drill-NAME". post has no such place.
 *
 *   muster.lua: drawer = { dir = "drawer" } */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "io/loop.h"
#include "module/module.h"

#define TEXT_MAX 400
#define LATE_MS  2000

struct drawer {
    char dir[4096];
};

static enum mu_err drawer_open(const struct mu_host *host, const json_t *config, void **state,
                               struct mu_fail *fail)
{
    const char *dir = mu_json_str(config, "dir", "drawer");
    struct drawer *drawer = calloc(1, sizeof *drawer);
    snprintf(drawer->dir, sizeof drawer->dir, "%s%s%s", dir[0] == '/' ? "" : host->config_dir,
             dir[0] == '/' ? "" : "/", dir);
    if (mkdir(drawer->dir, 0700) != 0 && errno != EEXIST) {
        free(drawer);
        return mu_fail_set(fail, MU_CONFIG, "drawer.dir can't be made");
    }
    *state = drawer;
    return MU_OK;
}

/* --- slips --- */

static void path_of(const struct mu_call *call, const char *name, char *path, size_t size)
{
    const struct drawer *drawer = call->module_state;
    snprintf(path, size, "%s/%.100s", drawer->dir, name);
}

static const char *slip_read(const struct mu_call *call, const char *name, char text[TEXT_MAX])
{
    char path[4300];
    path_of(call, name, path, sizeof path);
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(text, 1, TEXT_MAX - 1, file) : 0;
    if (file)
        fclose(file);
    text[len] = '\0';
    return text;
}

static bool line_add(const struct mu_call *call, const char *name, const char *line)
{
    char path[4300];
    path_of(call, name, path, sizeof path);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Whole or not at all, also when the executor is killed meanwhile. */
static bool slip_write(const struct mu_call *call, const char *name, const char *text)
{
    char path[4300], draft[4300];
    path_of(call, name, path, sizeof path);
    path_of(call, ".draft", draft, sizeof draft);
    int fd = open(draft, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return ok && rename(draft, path) == 0;
}

static const char *arg(const struct mu_call *call, const char *name)
{
    return mu_json_str(call->args, name, "");
}

/* --- probes --- */

static void read_start(struct mu_call *call)
{
    char text[TEXT_MAX];
    mu_call_done(
        call, json_pack("{s:b, s:s}", "ok", 1, "value", slip_read(call, arg(call, "name"), text)));
}

static json_t *read_under(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    const json_t *slip = mu_facts_get(facts, MU_FACT_API, arg(call, "name"));
    if (slip)
        json_object_set(real_take, "value", json_object_get(slip, "body"));
    return real_take;
}

static void waited(void *ud)
{
    struct mu_call *call = ud;
    call->state = NULL;
    mu_call_done(call, json_pack("{s:b}", "ok", 1));
}

static void wait_start(struct mu_call *call)
{
    call->state = mu_timer_start(call->host->loop, mu_json_int(call->args, "ms", 0), waited, call);
}

static json_t *wait_under(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    (void)call;
    (void)facts;
    return real_take;
}

static void drop_timer(struct mu_call *call)
{
    mu_timer_cancel(call->state);
    call->state = NULL;
}

/* --- acts --- */

static bool is_bell(const struct mu_call *call)
{
    return strcmp(call->verb->name, "drawer.ring") == 0;
}

/* The slip that an act is about. */
static const char *slip_of(const struct mu_call *call)
{
    return mu_json_str(call->redirect, "slip", is_bell(call) ? "bell" : arg(call, "name"));
}

static json_t *redirect(struct mu_call *call, struct mu_fail *fail)
{
    (void)fail;
    return json_pack("{s:o}", "slip", json_sprintf("drill-%.100s", slip_of(call)));
}

static bool apply(struct mu_call *call)
{
    char line[TEXT_MAX];
    const char *name = slip_of(call), *value = arg(call, is_bell(call) ? "text" : "value");
    snprintf(line, sizeof line, "%s %.100s %.100s%s\n", call->verb->name + strlen("drawer."), name,
             value, call->repeated ? " again" : "");
    return (is_bell(call) || slip_write(call, name, value)) && line_add(call, "acts", line);
}

static void apply_and_lose(void *ud)
{
    struct mu_call *call = ud;
    call->state = NULL;
    apply(call);
    mu_call_fail(call, MU_NET, true, "no reply");
}

static void act_now(void *ud)
{
    struct mu_call *call = ud;
    call->state = NULL;
    const char *refusal = mu_json_str(call->args, "fail", NULL);
    if (refusal)
        mu_call_fail(call, strcmp(refusal, "no descriptor") == 0 ? MU_RESOURCES : MU_REMOTE, false,
                     "%s", refusal);
    else if (mu_json_bool(call->args, "halt", false))
        mu_call_fail(call, MU_NET, true, "no reply");
    else if (mu_json_bool(call->args, "lose", false) && !call->repeated)
        apply_and_lose(call);
    else if (mu_json_bool(call->args, "leave", false) && apply(call))
        exit(1);
    else if (mu_json_bool(call->args, "short", false) && apply(call))
        mu_call_fail_done(call, MU_REMOTE, "written, and not everybody sees it");
    else if (apply(call))
        mu_call_done(call, json_pack("{s:b, s:s}", "ok", 1, "value",
                                     arg(call, is_bell(call) ? "text" : "value")));
    else
        mu_call_fail(call, MU_STORAGE, false, "can't write: %s", strerror(errno));
}

static void act_start(struct mu_call *call)
{
    const char *only_if = mu_json_str(call->args, "only_if", NULL);
    char text[TEXT_MAX];
    if (only_if && strcmp(slip_read(call, slip_of(call), text), only_if) != 0)
        mu_call_fail(call, MU_CONFLICT, false, "%s is \"%s\", not \"%s\"", arg(call, "name"), text,
                     only_if);
    else if (mu_json_int(call->args, "ms", 0) == 0)
        act_now(call);
    else
        call->state =
            mu_timer_start(call->host->loop, mu_json_int(call->args, "ms", 0), act_now, call);
}

/* --- a far side that takes its time --- */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Accepted now, seen on the slip some time later, whatever becomes of us. */
static void accept_late(void *ud)
{
    struct mu_call *call = ud;
    char line[TEXT_MAX], due[TEXT_MAX];
    call->state = NULL;
    snprintf(line, sizeof line, "late %.100s %.100s\n", arg(call, "name"), arg(call, "value"));
    snprintf(due, sizeof due, "%lld %.200s", (long long)(now_ms() + LATE_MS), arg(call, "value"));
    if (line_add(call, "acts", line) && slip_write(call, "due", due))
        mu_call_fail(call, MU_NET, true, "accepted, and no reply");
    else
        mu_call_fail(call, MU_STORAGE, false, "can't write: %s", strerror(errno));
}

static void late_start(struct mu_call *call)
{
    call->state =
        mu_timer_start(call->host->loop, mu_json_int(call->args, "ms", 0), accept_late, call);
}

static void late_readback(struct mu_call *call)
{
    char text[TEXT_MAX], *rest;
    int64_t due = strtoll(slip_read(call, "due", text), &rest, 10);
    if (due != 0 && now_ms() >= due && strcmp(rest + 1, arg(call, "value")) == 0)
        mu_call_readback(call, MU_APPLIED, json_pack("{s:b}", "ok", 1), NULL);
    else
        mu_call_readback(call, MU_NOT_APPLIED, NULL, NULL);
}

static void look_first(void *ud)
{
    struct mu_call *call = ud;
    char text[TEXT_MAX];
    call->state = NULL;
    mu_call_done(call,
                 json_pack("{s:s, s:s, s:s}", "target", slip_of(call), "before",
                           slip_read(call, slip_of(call), text), "after", arg(call, "value")));
}

static void put_prepare(struct mu_call *call)
{
    int64_t ms = mu_json_int(call->args, "look_ms", 0);
    if (ms == 0)
        look_first(call);
    else
        call->state = mu_timer_start(call->host->loop, ms, look_first, call);
}

static void put_readback(struct mu_call *call)
{
    char text[TEXT_MAX];
    slip_read(call, slip_of(call), text);
    if (strcmp(text, arg(call, "value")) == 0)
        mu_call_readback(call, MU_APPLIED, json_pack("{s:b, s:s}", "ok", 1, "value", text), NULL);
    else if (strcmp(text, mu_json_str(call->prepared, "before", "")) == 0)
        mu_call_readback(call, MU_NOT_APPLIED, NULL, NULL);
    else
        mu_call_readback(call, MU_CHANGED, NULL, "somebody else wrote on it");
}

static json_t *put_invert(struct mu_call *call)
{
    return json_pack("{s:s, s:[s, s, {s:s}]}", "verb", "drawer.put", "args", arg(call, "name"),
                     mu_json_str(call->prepared, "before", ""), "only_if", arg(call, "value"));
}

static json_t *put_foresee(struct mu_call *call, struct mu_facts *facts)
{
    mu_facts_set(facts, MU_FACT_API, arg(call, "name"),
                 json_pack("{s:i, s:s}", "status", 200, "body", arg(call, "value")));
    return json_pack("{s:b, s:s}", "ok", 1, "value", arg(call, "value"));
}

/* --- tables --- */

static const struct mu_field name_param[] = {
    {.name = "name", .type = MU_T_STRING, .flags = MU_F_REQUIRED | MU_F_SHOWN, .doc = "slip"}, {0}};
static const struct mu_field wait_params[] = {
    {.name = "ms", .type = MU_T_INTEGER, .flags = MU_F_REQUIRED, .doc = "how long"}, {0}};
static const struct mu_field value_return[] = {
    {.name = "value", .type = MU_T_STRING, .doc = "what is on it"}, {0}};

#define ACT_OPTIONS                                                                    \
    {.name = "ms",                                                                     \
     .type = MU_T_INTEGER,                                                             \
     .flags = MU_F_OPTION,                                                             \
     .otherwise = "0",                                                                 \
     .doc = "how long it takes"},                                                      \
        {.name = "fail",                                                               \
         .type = MU_T_STRING,                                                          \
         .flags = MU_F_OPTION,                                                         \
         .doc = "refused with this text"},                                             \
        {.name = "lose",                                                               \
         .type = MU_T_BOOL,                                                            \
         .flags = MU_F_OPTION,                                                         \
         .otherwise = "false",                                                         \
         .doc = "done, reply lost"},                                                   \
        {.name = "short",                                                              \
         .type = MU_T_BOOL,                                                            \
         .flags = MU_F_OPTION,                                                         \
         .otherwise = "false",                                                         \
         .doc = "done, and then an error"},                                            \
        {.name = "leave",                                                              \
         .type = MU_T_BOOL,                                                            \
         .flags = MU_F_OPTION,                                                         \
         .otherwise = "false",                                                         \
         .doc = "done, and then exit()"},                                              \
    {                                                                                  \
        .name = "halt", .type = MU_T_BOOL, .flags = MU_F_OPTION, .otherwise = "false", \
        .doc = "not done, reply lost"                                                  \
    }

static const struct mu_field put_params[] = {
    {.name = "name", .type = MU_T_STRING, .flags = MU_F_REQUIRED | MU_F_SHOWN, .doc = "slip"},
    {.name = "value",
     .type = MU_T_STRING,
     .flags = MU_F_REQUIRED | MU_F_SHOWN,
     .doc = "what to write"},
    {.name = "only_if", .type = MU_T_STRING, .flags = MU_F_OPTION, .doc = "what must be on it"},
    {.name = "look_ms",
     .type = MU_T_INTEGER,
     .flags = MU_F_OPTION,
     .otherwise = "0",
     .doc = "how long it is looked at first"},
    ACT_OPTIONS,
    {0}};
static const struct mu_field ring_params[] = {{.name = "text",
                                               .type = MU_T_STRING,
                                               .flags = MU_F_REQUIRED | MU_F_SHOWN,
                                               .doc = "what to ring"},
                                              {.name = "bulk",
                                               .type = MU_T_STRING,
                                               .flags = MU_F_OPTION,
                                               .doc = "makes its rows long, and no sound"},
                                              ACT_OPTIONS,
                                              {0}};

static const struct mu_verb verbs[] = {
    {.name = "drawer.read",
     .kind = MU_PROBE,
     .params = name_param,
     .returns = value_return,
     .doc = "Reads a slip.",
     .start = read_start,
     .cancel = drop_timer,
     .under = read_under},
    {.name = "drawer.peek",
     .kind = MU_PROBE,
     .params = name_param,
     .returns = value_return,
     .doc = "Reads a slip.",
     .start = read_start,
     .cancel = drop_timer},
    {.name = "drawer.wait",
     .kind = MU_PROBE,
     .params = wait_params,
     .returns = value_return,
     .doc = "Answers later.",
     .start = wait_start,
     .cancel = drop_timer,
     .under = wait_under},
    {.name = "drawer.put",
     .kind = MU_ACT,
     .params = put_params,
     .returns = value_return,
     .doc = "Writes a slip.",
     .target = "name",
     .start = act_start,
     .cancel = drop_timer,
     .in_doubt = MU_READBACK,
     .prepare = put_prepare,
     .readback = put_readback,
     .invert = put_invert,
     .foresee = put_foresee,
     .redirect = redirect},
    {.name = "drawer.post",
     .kind = MU_ACT,
     .params = put_params,
     .returns = value_return,
     .doc = "Writes a slip.",
     .target = "name",
     .start = act_start,
     .cancel = drop_timer,
     .in_doubt = MU_ASK},
    {.name = "drawer.pay",
     .kind = MU_ACT,
     .params = put_params,
     .returns = value_return,
     .doc = "Writes a slip, once for each key.",
     .target = "name",
     .start = act_start,
     .cancel = drop_timer,
     .in_doubt = MU_KEYED,
     .key_ttl_s = 3},
    {.name = "drawer.late",
     .kind = MU_ACT,
     .params = put_params,
     .returns = value_return,
     .doc = "Asks for a slip to be written, which happens later.",
     .in_doubt = MU_READBACK,
     .settle_ms = LATE_MS * 3 / 2,
     .start = late_start,
     .cancel = drop_timer,
     .readback = late_readback,
     .foresee = put_foresee},
    {.name = "drawer.ring",
     .kind = MU_ACT,
     .params = ring_params,
     .returns = value_return,
     .doc = "Rings.",
     .start = act_start,
     .cancel = drop_timer,
     .in_doubt = MU_REPEATABLE,
     .redirect = redirect},
    {0},
};

MU_API extern const struct mu_module muster_module;
const struct mu_module muster_module = {.abi = MU_MODULE_ABI,
                                        .verb_size = sizeof(struct mu_verb),
                                        .name = "drawer",
                                        .version = "1.0.0",
                                        .doc = "A drawer for scenarios.",
                                        .open = drawer_open,
                                        .close = free,
                                        .verbs = verbs};
