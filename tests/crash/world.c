/* SPDX-License-Identifier: MIT
 *
 * The world of the crash tests: a file of effects outside the state folder, which survives every crash
 * and power cut, and verbs of every kind of doubt that add to it. Both sides of each effect are points
 * where the process can be killed.
 *
 *   world.look TEXT {size, leak}   looks; answers after a time derived from TEXT           probe
 *                                  size: octets of ballast, leak: a secret is in the answer
 *   world.set NAME VALUE {only_if} READBACK, with before-image and undo
 *   world.tell TEXT                REPEATABLE: the engine says "again" when it may be the second time
 *   world.pay TEXT                 KEYED: the far side knows the key and does it once
 *   world.post TEXT                ASK: only a person who looks at the file can tell
 *   world.late TEXT {shy}          READBACK: accepted at once, visible later: PENDING, or with shy
 *                                  NOT_APPLIED until then (settle_ms is what protects it)
 *
 * Options of acts: ms = how long it takes, fail = "text" (refused), lose = true (done, reply lost),
 * halt = true (not done, no reply). A line of the file: KEY VERB again|- TEXT. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "crash.h"
#include "io/loop.h"
#include "module/module.h"

#define LINE_MAX 600
/* After which a late effect is to be seen: long enough for the next executor to come too early, also on a busy
 * machine. settle_ms of its verb is more, by what such a machine takes between two of our lines. */
#define APPLY_MS  1500
#define SETTLE_MS 4000

static const char *arg(const struct mu_call *call, const char *name)
{
    return mu_json_str(call->args, name, "");
}

static bool add_line(const char *file, const char *line)
{
    int fd = open(crash_world_path(file), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* The last line of a file that starts with this; false when there is none. */
static bool find_line(const char *file, const char *start, char out[LINE_MAX])
{
    char line[LINE_MAX];
    bool found = false;
    FILE *in = fopen(crash_world_path(file), "re");
    while (in && fgets(line, sizeof line, in)) {
        if (strncmp(line, start, strlen(start)) != 0)
            continue;
        memcpy(out, line, sizeof line);
        out[strcspn(out, "\n")] = '\0';
        found = true;
    }
    if (in)
        fclose(in);
    return found;
}

static bool done_already(const struct mu_call *call, char line[LINE_MAX])
{
    return find_line("world", call->key, line);
}

static const char *what(const struct mu_call *call, char text[LINE_MAX])
{
    if (strcmp(call->verb->name, "world.set") == 0)
        snprintf(text, LINE_MAX, "%.200s=%.200s", arg(call, "name"), arg(call, "value"));
    else
        snprintf(text, LINE_MAX, "%.400s", arg(call, "text"));
    return text;
}

/* --- probes --- */

static void drop_timer(struct mu_call *call)
{
    mu_timer_cancel(call->state);
    call->state = NULL;
}

static void looked(void *ud)
{
    struct mu_call *call = ud;
    int64_t size = mu_json_int(call->args, "size", 0);
    call->state = NULL;
    const char *secret = getenv("CRASH_TOKEN");
    char *value = mu_xasprintf("%s%s", arg(call, "text"),
                               mu_json_bool(call->args, "leak", false) ? secret : "");
    char *bulk = mu_xcalloc((size_t)size + 1, 1);
    memset(bulk, 'a' + (int)(strlen(arg(call, "text")) % 26), (size_t)size);
    mu_call_done(call, json_pack("{s:b, s:s, s:s}", "ok", 1, "value", value, "bulk", bulk));
    free(bulk);
    free(value);
}

static void look_start(struct mu_call *call)
{
    uint64_t seed = 7 + crash_shuffle();
    for (const char *p = arg(call, "text"); *p; p++)
        seed = seed * 31 + (unsigned char)*p;
    uint64_t ms = crash_random(&seed) % 4;
    if (ms == 0)
        looked(call);
    else
        call->state = mu_timer_start(call->host->loop, (int64_t)ms - 1, looked, call);
}

/* --- acts --- */

/* The effect, with a place to die on both sides of it. */
static bool happen(struct mu_call *call)
{
    char text[LINE_MAX], line[LINE_MAX * 2];
    snprintf(line, sizeof line, "%s %s %s %s\n", call->key, call->verb->name,
             call->repeated ? "again" : "-", what(call, text));
    bool after = crash_step(EVENT_BEFORE);
    bool ok = add_line("world", line);
    crash_effect();
    if (after)
        crash_die();
    if (crash_step(EVENT_AFTER))
        crash_die();
    return ok;
}

static void reply(struct mu_call *call, bool ok)
{
    if (!ok)
        mu_call_fail(call, MU_STORAGE, false, "the world can't be written: %s", strerror(errno));
    else if (mu_json_bool(call->args, "lose", false) && !call->repeated)
        mu_call_fail(call, MU_NET, true, "the reply got lost");
    else
        mu_call_done(call, json_pack("{s:b}", "ok", 1));
}

static void act_now(void *ud)
{
    struct mu_call *call = ud;
    char line[LINE_MAX];
    call->state = NULL;
    const char *refusal = mu_json_str(call->args, "fail", NULL);
    bool keyed = call->verb->in_doubt == MU_KEYED;
    if (refusal)
        mu_call_fail(call, MU_REMOTE, false, "%s", refusal);
    else if (mu_json_bool(call->args, "halt", false))
        mu_call_fail(call, MU_NET, true, "no reply");
    else if (keyed && done_already(call, line))
        reply(call, true); /* the far side knows the key */
    else
        reply(call, happen(call));
}

static void act_later(struct mu_call *call)
{
    int64_t ms = mu_json_int(call->args, "ms", 0);
    if (ms == 0)
        act_now(call);
    else
        call->state = mu_timer_start(call->host->loop, ms, act_now, call);
}

static void act_start(struct mu_call *call)
{
    crash_act_leaves();
    act_later(call);
}

/* --- world.set: a slip has a value --- */

/* What the file says that stands on a slip: VERB and TEXT behind the key. */
static void slip_now(const char *name, char key[33], char value[LINE_MAX])
{
    char line[LINE_MAX], text[LINE_MAX], found[40];
    size_t len = strlen(name);
    key[0] = value[0] = '\0';
    FILE *in = fopen(crash_world_path("world"), "re");
    while (in && fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%32s world.set %*s %599[^\n]", found, text) != 2 ||
            strncmp(text, name, len) != 0 || text[len] != '=')
            continue;
        memcpy(key, found, 33);
        snprintf(value, LINE_MAX, "%s", text + len + 1);
    }
    if (in)
        fclose(in);
}

static void set_start(struct mu_call *call)
{
    char key[33], value[LINE_MAX];
    crash_act_leaves();
    const char *only_if = mu_json_str(call->args, "only_if", NULL);
    slip_now(arg(call, "name"), key, value);
    if (only_if && strcmp(value, only_if) != 0) {
        mu_call_fail(call, MU_CONFLICT, false, "%s is \"%s\", not \"%s\"", arg(call, "name"), value,
                     only_if);
        return;
    }
    act_later(call);
}

static void set_prepare(struct mu_call *call)
{
    char key[33], value[LINE_MAX];
    slip_now(arg(call, "name"), key, value);
    mu_call_done(call, json_pack("{s:s, s:s, s:s}", "target", arg(call, "name"), "before", value,
                                 "after", arg(call, "value")));
}

static void set_readback(struct mu_call *call)
{
    char key[33], value[LINE_MAX];
    slip_now(arg(call, "name"), key, value);
    if (strcmp(value, arg(call, "value")) == 0)
        mu_call_readback(call, MU_APPLIED, json_pack("{s:b}", "ok", 1), NULL);
    else if (strcmp(value, mu_json_str(call->prepared, "before", "")) == 0)
        mu_call_readback(call, MU_NOT_APPLIED, NULL, NULL);
    else
        mu_call_readback(call, MU_CHANGED, NULL, "somebody else wrote on it");
}

static json_t *set_invert(struct mu_call *call)
{
    return json_pack("{s:s, s:[s, s, {s:s}]}", "verb", "world.set", "args", arg(call, "name"),
                     mu_json_str(call->prepared, "before", ""), "only_if", arg(call, "value"));
}

/* --- world.late: accepted now, visible APPLY_MS later --- */

static bool due_of(const struct mu_call *call, int64_t *due)
{
    char line[LINE_MAX];
    long long at;
    if (!find_line("late", call->key, line) || sscanf(line, "%*s %lld", &at) != 1)
        return false;
    *due = at;
    return true;
}

static void late_look(void *ud)
{
    struct mu_call *call = ud;
    int64_t due = 0;
    call->state = NULL;
    if (due_of(call, &due) && crash_now_ms() >= due)
        mu_call_done(call, json_pack("{s:b}", "ok", 1));
    else
        call->state = mu_timer_start(call->host->loop, 2, late_look, call);
}

static void late_start(struct mu_call *call)
{
    char line[LINE_MAX];
    crash_act_leaves();
    snprintf(line, sizeof line, "%s %lld\n", call->key, (long long)crash_now_ms() + APPLY_MS);
    add_line("late", line);
    if (happen(call))
        late_look(call);
    else
        reply(call, false);
}

/* The line in `late` is written first: it counts only when the effect's own line is there. */
static void late_readback(struct mu_call *call)
{
    int64_t due = 0;
    char line[LINE_MAX];
    bool accepted = done_already(call, line) && due_of(call, &due);
    if (accepted && crash_now_ms() >= due)
        mu_call_readback(call, MU_APPLIED, json_pack("{s:b}", "ok", 1), NULL);
    else if (accepted && !mu_json_bool(call->args, "shy", false))
        mu_call_readback(call, MU_PENDING, NULL, "accepted, not yet to be seen");
    else
        mu_call_readback(call, MU_NOT_APPLIED, NULL, NULL);
}

/* --- tables --- */

#define TEXT_PARAM                                                                              \
    {                                                                                           \
        .name = "text", .type = MU_T_STRING, .flags = MU_F_REQUIRED | MU_F_SHOWN, .doc = "what" \
    }
#define OPTION(n, t, o, d)                                                           \
    {                                                                                \
        .name = (n), .type = (t), .flags = MU_F_OPTION, .otherwise = (o), .doc = (d) \
    }
#define ACT_OPTIONS                                                  \
    OPTION("ms", MU_T_INTEGER, "0", "how long it takes"),            \
        OPTION("fail", MU_T_STRING, NULL, "refused with this text"), \
        OPTION("lose", MU_T_BOOL, "false", "done, reply lost"),      \
        OPTION("halt", MU_T_BOOL, "false", "not done, reply lost"),  \
        OPTION("note", MU_T_ANY, NULL, "kept in the journal only")

static const struct mu_field look_params[] = {
    TEXT_PARAM,
    OPTION("size", MU_T_INTEGER, "0", "octets of ballast in the result"),
    OPTION("leak", MU_T_BOOL, "false", "a secret is in the answer"),
    {0}};
static const struct mu_field text_params[] = {TEXT_PARAM, ACT_OPTIONS, {0}};
static const struct mu_field late_params[] = {
    TEXT_PARAM, OPTION("shy", MU_T_BOOL, "false", "says no until it is to be seen"), {0}};
static const struct mu_field set_params[] = {
    {.name = "name", .type = MU_T_STRING, .flags = MU_F_REQUIRED | MU_F_SHOWN, .doc = "slip"},
    {.name = "value", .type = MU_T_STRING, .flags = MU_F_REQUIRED | MU_F_SHOWN, .doc = "text"},
    OPTION("only_if", MU_T_STRING, NULL, "what must be on it"),
    ACT_OPTIONS,
    {0}};
static const struct mu_field nothing[] = {{0}};

#define ACT(n, p, s, d)                                                                          \
    .name = (n), .kind = MU_ACT, .params = (p), .returns = nothing, .doc = "Changes the world.", \
    .start = (s), .cancel = drop_timer, .in_doubt = (d)

static const struct mu_verb verbs[] = {
    {.name = "world.look",
     .kind = MU_PROBE,
     .params = look_params,
     .returns = nothing,
     .doc = "Looks.",
     .start = look_start,
     .cancel = drop_timer},
    {ACT("world.set", set_params, set_start, MU_READBACK), .target = "name", .prepare = set_prepare,
     .readback = set_readback, .invert = set_invert},
    {ACT("world.tell", text_params, act_start, MU_REPEATABLE)},
    {ACT("world.pay", text_params, act_start, MU_KEYED), .key_ttl_s = 86400},
    {ACT("world.post", text_params, act_start, MU_ASK)},
    {ACT("world.late", late_params, late_start, MU_READBACK), .settle_ms = SETTLE_MS,
     .readback = late_readback},
    {0},
};

MU_API extern const struct mu_module muster_module;
const struct mu_module muster_module = {.abi = MU_MODULE_ABI,
                                        .verb_size = sizeof(struct mu_verb),
                                        .name = "world",
                                        .version = "1.0.0",
                                        .doc = "The world of the crash tests.",
                                        .verbs = verbs};
