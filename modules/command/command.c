/* SPDX-License-Identifier: MIT
 *
 * Module command: programs that muster.lua names in commands{}. A playbook says which and gives typed
 * parameters; what is run, where and with which environment is configuration's word alone (plan.c).
 *
 *   command.run    an act: journaled with the argv before it begins; simulated and dry runs never run it
 *   command.probe  one that is declared to look only
 *
 * An act whose end nobody saw is in doubt like any other; what may be done then stands in commands{}. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/excerpt.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/process.h"
#include "module/module.h"
#include "plan.h"

#define OUTPUT_KB  64
#define TIMEOUT_MS 30000
#define SAID_MOST  200 /* octets of what it said that are repeated in `why` */
#define ENV_MOST   40
#define PATH       "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* clang-format off */
static const struct mu_field params[] = {
    {"name", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL, "an entry of commands{} in muster.lua"},
    {"params", MU_T_OBJECT, MU_F_SHOWN, NULL, NULL, NULL, "what stands for {NAME} in its argv, by name"},
    {0},
};

static const struct mu_field returns[] = {
    {"exit_code", MU_T_INTEGER, 0, NULL, NULL, NULL, "what it ended with; nil when it did not"},
    {"stdout", MU_T_STRING, 0, NULL, NULL, NULL, "what it said, as far as it is kept"},
    {"stderr", MU_T_STRING, 0, NULL, NULL, NULL, "what it complained of, likewise"},
    {"cut", MU_T_BOOL, 0, NULL, NULL, NULL, "it said more than is kept"},
    {"ms", MU_T_INTEGER, 0, "ms", NULL, NULL, "how long it took"},
    {"class", MU_T_STRING, 0, NULL, NULL, NULL, "when not ok: remote (it said no), net (too slow), config, usage or refused"},
    {0},
};
/* clang-format on */

static const json_t *commands(const struct mu_call *call)
{
    return mu_config(call->host, "commands");
}

static const char *name_of(const struct mu_call *call)
{
    /* a drill's is another one */
    return mu_json_str(call->redirect, "name", mu_json_str(call->args, "name", ""));
}

static const json_t *entry_of(const struct mu_call *call)
{
    return mu_json_get(commands(call), name_of(call));
}

static enum mu_err plan(const struct mu_call *call, json_t **out, struct mu_fail *fail)
{
    return mu_argv_plan(commands(call), name_of(call), call->verb->kind == MU_PROBE,
                        mu_json_get(call->args, "params"), out, fail);
}

static void fail_call(struct mu_call *call, const struct mu_fail *fail)
{
    mu_call_fail(call, fail->class, false, "%s: %s", name_of(call), fail->text);
}

/* --- what comes of it --- */

static json_t *result_of(const struct mu_process_end *end)
{
    return json_pack("{s:b, s:o?, s:o, s:o, s:b, s:I}", "ok", 1, "exit_code",
                     end->code >= 0 ? json_integer(end->code) : NULL, "stdout",
                     mu_json_lenient_string(end->out, end->out_len), "stderr",
                     mu_json_lenient_string(end->error, end->error_len), "cut", end->cut, "ms",
                     (json_int_t)end->ms);
}

/* Why it is not fine; a new text, NULL: it is. */
static char *trouble(const struct mu_call *call, const struct mu_process_end *end)
{
    if (end->err != MU_OK)
        return mu_xstrdup(end->why);
    if (end->signal == 0 && mu_argv_code_ok(entry_of(call), end->code))
        return NULL;
    char *said = end->error_len ? mu_excerpt_last_line(end->error, end->error_len, SAID_MOST)
                                : mu_excerpt_last_line(end->out, end->out_len, SAID_MOST);
    char *why = end->signal
                    ? mu_xasprintf("it died of signal %d", end->signal)
                    : mu_xasprintf("it ended with %d%s%s", end->code, said[0] ? ": " : "", said);
    free(said);
    return why;
}

static void on_act_ended(const struct mu_process_end *end, void *ud)
{
    struct mu_call *call = ud;
    char *why = trouble(call, end);
    bool unknown = end->started && (end->err != MU_OK || end->signal != 0);
    call->state = NULL;
    if (end->goes_on) /* a second one beside it is what nobody has allowed */
        json_object_set_new(call->prepared, "in_doubt", json_string("ask"));
    if (why)
        mu_call_fail(call, end->err != MU_OK ? end->err : MU_REMOTE, unknown, "%s: %s",
                     name_of(call), why);
    else
        mu_call_done(call, result_of(end));
    free(why);
}

static void on_probe_ended(const struct mu_process_end *end, void *ud)
{
    struct mu_call *call = ud;
    char *why = trouble(call, end);
    json_t *result = result_of(end);
    call->state = NULL;
    if (why) {
        enum mu_err class = end->err != MU_OK ? end->err : MU_REMOTE;
        json_object_set_new(result, "ok", json_false());
        json_object_set_new(result, "why", json_string(why));
        json_object_set_new(result, "class", json_string(mu_err_name(class)));
    }
    mu_call_done(call, result);
    free(why);
}

/* --- running it --- */

struct environment {
    char *lines[ENV_MOST + 1]; /* NULL-terminated */
    size_t count;
};

static void add_line(struct environment *env, const char *name, const char *value)
{
    if (env->count < ENV_MOST && value)
        env->lines[env->count++] = mu_xasprintf("%s=%s", name, value);
}

static void fill_environment(const struct mu_call *call, struct environment *env)
{
    const char *name;
    json_t *value;
    env->lines[env->count++] = mu_xstrdup(PATH);
    add_line(env, "LANG", "C.UTF-8");
    add_line(env, "MUSTER_RUN", call->run);
    add_line(env, "MUSTER_INCIDENT", call->incident);
    add_line(env, "MUSTER_KEY", call->key);
    add_line(env, "MUSTER_REPEATED", call->repeated ? "1" : "0");
    json_object_foreach(mu_json_get(entry_of(call), "env"), name, value)
    {
        add_line(env, name, json_string_value(value));
    }
}

static int64_t duration_of(const json_t *entry, const char *key, int64_t otherwise)
{
    int64_t ms = otherwise;
    (void)!mu_duration_parse(mu_json_str(entry, key, ""), &ms);
    return ms;
}

static void run(struct mu_call *call, const json_t *argv, mu_process_cb *done)
{
    const json_t *entry = entry_of(call);
    size_t count = json_array_size(argv);
    const char **words = mu_xcalloc(count + 1, sizeof *words);
    struct environment env = {.count = 0};
    const char *in = mu_json_str(entry, "cwd", "/");
    char *cwd = in[0] == '/' ? mu_xstrdup(in) : mu_xasprintf("%s/%s", call->host->config_dir, in);
    for (size_t i = 0; i < count; i++)
        words[i] = json_string_value(json_array_get(argv, i));
    fill_environment(call, &env);
    struct mu_process what = {
        .argv = words,
        .env = (const char *const *)env.lines,
        .cwd = cwd,
        .timeout_ms = (int)duration_of(entry, "timeout", TIMEOUT_MS),
        .output_max = (size_t)mu_json_int(entry, "output_kb", OUTPUT_KB) << 10,
    };
    call->state = mu_process_start(call->host->loop, &what, done, call);
    for (size_t i = 0; i < env.count; i++)
        free(env.lines[i]);
    free(cwd);
    free(words);
}

static void cancel(struct mu_call *call)
{
    mu_op_cancel(call->state);
    call->state = NULL;
}

/* --- command.run --- */

/* What the intent holds is what is run, whatever muster.lua says by then. */
static json_t *prepared_of(json_t *plan_take, int64_t ttl_ms)
{
    json_t *prepared = json_pack(
        "{s:O, s:O, s:O, s:O, s:O, s:I}", "target", json_object_get(plan_take, "shown"), "argv",
        json_object_get(plan_take, "argv"), "names", json_object_get(plan_take, "names"), "changes",
        json_object_get(plan_take, "changes"), "in_doubt", json_object_get(plan_take, "in_doubt"),
        "key_ttl_s", (json_int_t)(ttl_ms / 1000));
    json_decref(plan_take);
    return prepared;
}

static void prepare_run(struct mu_call *call)
{
    struct mu_fail fail;
    json_t *found;
    if (plan(call, &found, &fail) != MU_OK) {
        fail_call(call, &fail);
        return;
    }
    mu_call_done(call, prepared_of(found, duration_of(entry_of(call), "key_ttl", 0)));
}

static json_t *prepare_under(struct mu_call *call, const struct mu_facts *facts,
                             struct mu_fail *fail)
{
    json_t *found = NULL;
    (void)facts;
    if (plan(call, &found, fail) != MU_OK)
        return NULL;
    return prepared_of(found, 0);
}

static void start_run(struct mu_call *call)
{
    if (entry_of(call) == NULL)
        mu_call_fail(call, MU_CONFIG, false, "%s: commands{} of muster.lua has it no more",
                     name_of(call));
    else
        run(call, mu_json_get(call->prepared, "argv"), on_act_ended);
}

/* --- worlds that assume instead of running --- */

/* What a fact says it ends with; without one, well and silently. */
static json_t *assumed(const struct mu_call *call, const struct mu_facts *facts)
{
    const json_t *fact = mu_facts_get(facts, MU_FACT_COMMAND, name_of(call));
    const char *out = mu_json_str(fact, "stdout", ""), *error = mu_json_str(fact, "stderr", "");
    struct mu_process_end end = {.code = (int)mu_json_int(fact, "exit_code", 0),
                                 .out = out,
                                 .out_len = strlen(out),
                                 .error = error,
                                 .error_len = strlen(error),
                                 .ms = mu_json_int(fact, "ms", 0)};
    json_t *result = result_of(&end);
    char *why = trouble(call, &end);
    if (why) {
        json_object_set_new(result, "ok", json_false());
        json_object_set_new(result, "class", json_string(mu_err_name(MU_REMOTE)));
        json_object_set_new(result, "why",
                            call->verb->kind == MU_ACT ? json_sprintf("%s: %s", name_of(call), why)
                                                       : json_string(why));
    }
    free(why);
    return result;
}

static json_t *foresee_run(struct mu_call *call, struct mu_facts *facts)
{
    return assumed(call, facts);
}

static json_t *not_known(const char *why, bool unforeseen)
{
    json_t *result = json_pack("{s:b, s:s, s:s}", "ok", 0, "why", why, "class",
                               mu_err_name(unforeseen ? MU_NET : MU_USAGE));
    if (unforeseen)
        json_object_set_new(result, MU_UNFORESEEN, json_true());
    return result;
}

static json_t *under_probe(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    struct mu_fail fail;
    json_t *found = NULL;
    if (real_take)
        return real_take;
    if (plan(call, &found, &fail) != MU_OK)
        return not_known(fail.text, false);
    json_decref(found);
    if (mu_facts_get(facts, MU_FACT_COMMAND, name_of(call)) == NULL)
        return not_known("this world does not say what it finds: world:command(name, { ... })",
                         false);
    return assumed(call, facts);
}

/* --- command.probe --- */

static void start_probe(struct mu_call *call)
{
    struct mu_fail fail;
    json_t *found;
    bool dry = strcmp(call->world, "dry-run") == 0;
    if (plan(call, &found, &fail) != MU_OK) {
        fail_call(call, &fail);
        return;
    }
    if (dry && !mu_json_bool(entry_of(call), "dry_run", false))
        mu_call_done(call, not_known("a dry run does not run it", true));
    else
        run(call, json_object_get(found, "argv"), on_probe_ended);
    json_decref(found);
}

/* --- are they there? --- */

/* NULL: it can be run, and by nobody's leave but root's or ours be changed. */
static const char *program_trouble(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return "is not there";
    if (!S_ISREG(info.st_mode) || access(path, X_OK) != 0)
        return "is no program that may be run here";
    if ((info.st_mode & S_IWOTH) || (info.st_uid != 0 && info.st_uid != geteuid()))
        return "can be changed by others: it runs with muster's rights";
    return NULL;
}

/* Said before a drill finds it out. */
static void check_drills(const struct mu_call *call, json_t *checks)
{
    const char *name;
    json_t *other;
    json_object_foreach((json_t *)mu_config(call->host, "drill.commands"), name, other)
    {
        const char *stands_for = json_string_value(other);
        bool ok = mu_json_get(commands(call), name) && mu_json_get(commands(call), stands_for);
        char *what = mu_xasprintf("drill command %s", name);
        char *why = mu_xasprintf("drill.commands runs %s instead%s", stands_for,
                                 ok ? "" : ": both must be entries of commands{}");
        json_array_append_new(checks,
                              json_pack("{s:s, s:b, s:s}", "what", what, "ok", ok, "why", why));
        free(why);
        free(what);
    }
}

static void doctor(struct mu_call *call)
{
    json_t *checks = json_array(), *entry;
    const char *name;
    json_object_foreach((json_t *)commands(call), name, entry)
    {
        struct mu_fail fail;
        char *what = mu_xasprintf("command %s", name);
        bool ok = mu_argv_check(commands(call), name, &fail) == MU_OK;
        const char *path = json_string_value(json_array_get(mu_json_get(entry, "argv"), 0));
        const char *wrong = ok ? program_trouble(path) : fail.text;
        char *why =
            wrong && ok ? mu_xasprintf("%s %s", path, wrong) : mu_xstrdup(wrong ? wrong : path);
        json_array_append_new(
            checks, json_pack("{s:s, s:b, s:s}", "what", what, "ok", wrong == NULL, "why", why));
        free(why);
        free(what);
    }
    check_drills(call, checks);
    mu_call_done(call, json_pack("{s:o}", "checks", checks));
}

/* In a drill: the entry of commands{} that drill.commands names for it. */
static json_t *redirect_run(struct mu_call *call, struct mu_fail *fail)
{
    const char *name = mu_json_str(call->args, "name", "");
    const char *other = mu_json_str(mu_config(call->host, "drill.commands"), name, NULL);
    if (other)
        return json_pack("{s:s}", "name", other);
    mu_fail_set(fail, MU_REFUSED, "drill.commands of muster.lua has nothing for %s", name);
    return NULL;
}

static const struct mu_verb verbs[] = {
    {
        .name = "command.run",
        .kind = MU_ACT,
        .params = params,
        .returns = returns,
        .doc = "Runs a program that commands{} of muster.lua names, with typed parameters. No "
               "shell; fails "
               "unless it ends with 0, or one of its ok codes. Dry runs and simulated worlds never "
               "run it.",
        .example = "command.run(\"flush-queue\", { queue = \"deferred\" })",
        .target = "name",
        .start = start_run,
        .cancel = cancel,
        .in_doubt = MU_AS_PREPARED,
        .prepare = prepare_run,
        .prepare_under = prepare_under,
        .foresee = foresee_run,
        .redirect = redirect_run,
    },
    {
        .name = "command.probe",
        .kind = MU_PROBE,
        .params = params,
        .returns = returns,
        .doc = "Runs a program that commands{} declares to look only. ok means that it ended with "
               "0, or one of "
               "its ok codes. A dry run ends there unless the entry says dry_run = true.",
        .example = "local queue = command.probe(\"queue-length\")",
        .start = start_probe,
        .cancel = cancel,
        .under = under_probe,
    },
    {0},
};

extern const struct mu_module mu_module_command;
const struct mu_module mu_module_command = {
    .abi = MU_MODULE_ABI,
    .verb_size = sizeof(struct mu_verb),
    .name = "command",
    .version = MUSTER_VERSION,
    .doc = "Programs that muster.lua names.",
    .verbs = verbs,
    .doctor = doctor,
};
