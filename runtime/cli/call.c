/* SPDX-License-Identifier: MIT
 *
 * `muster call VERB ...`: any verb from the shell. A probe runs here and now and leaves nothing behind;
 * an act becomes a run of its own, journaled, resumable and undoable like any other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/probe.h"
#include "cli/say.h"
#include "cli/start.h"
#include "engine/run.h"
#include "module/registry.h"

/* 25, true, {"a":1}, [1] and null are JSON; everything else is a string. */
static json_t *value_of(const char *word)
{
    json_t *value = mu_json_parse(word, strlen(word), NULL);
    return value ? value : json_string(word);
}

static const struct mu_field *field_named(const struct mu_verb *verb, const char *name, size_t len)
{
    for (const struct mu_field *field = verb->params; field && field->name; field++)
        if ((field->flags & MU_F_OPTION) && strlen(field->name) == len &&
            strncmp(field->name, name, len) == 0)
            return field;
    return NULL;
}

/* Words in order are positional; name=value of a declared option goes into the options table. */
static json_t *args_of(const struct mu_verb *verb, int argc, char **argv)
{
    json_t *args = json_array(), *named = json_object();
    for (int i = 0; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        const struct mu_field *field =
            equals ? field_named(verb, argv[i], (size_t)(equals - argv[i])) : NULL;
        if (field)
            json_object_set_new(named, field->name, value_of(equals + 1));
        else
            json_array_append_new(args, value_of(argv[i]));
    }
    if (json_object_size(named))
        json_array_append_new(args, named);
    else
        json_decref(named);
    return args;
}

static int print_result(const json_t *result)
{
    char *text = json_dumps(result, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    say_json(text ? text : "null");
    free(text);
    return mu_json_bool(result, "ok", true) ? MU_EXIT_OK : MU_EXIT_FAILED;
}

static int call_probe(struct mu_cli *cli, const struct mu_verb *verb, const json_t *args)
{
    json_t *result;
    int code = probe_once(cli, "call", verb->name, args, &result);
    if (code == 0)
        code = print_result(result);
    json_decref(result);
    return code;
}

static int call_act(struct mu_cli *cli, const struct mu_verb *verb, const json_t *args,
                    const struct start *how)
{
    struct mu_fail fail;
    struct mu_header *header = NULL;
    struct mu_bundle *bundle = probe_bundle(cli, verb->name, args, true);
    json_t *params = json_object();
    int code = mu_header_read(bundle, &header, &fail) == MU_OK
                   ? start_run(cli, "call", bundle, header, params, how)
                   : mu_cli_fail(cli, "call", MU_EXIT_INTERNAL, "%s", fail.text);
    json_decref(params);
    if (header)
        mu_header_free(header);
    mu_bundle_free(bundle);
    return code;
}

static int call(struct mu_cli *cli, const struct mu_verb *verb, int argc, char **argv,
                const struct start *how)
{
    struct mu_fail fail;
    json_t *args = args_of(verb, argc, argv), *checked = NULL;
    if (mu_args_check(verb, args, false, &checked, &fail) != MU_OK) {
        json_decref(args);
        return mu_cli_fail(cli, "call", MU_EXIT_USAGE, "%s", fail.text);
    }
    char *text = mu_json_text(args);
    bool kept = mu_cli_holds_secret(cli, "call", text);
    free(text);
    if (kept) {
        json_decref(args);
        json_decref(checked);
        return MU_EXIT_USAGE;
    }
    int code = verb->kind == MU_ACT ? call_act(cli, verb, args, how) : call_probe(cli, verb, args);
    json_decref(args);
    json_decref(checked);
    return code;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct start how = {0};
    const struct mu_module *module;
    how.dry = mu_cli_option(&argc, argv, "--dry-run", NULL);
    mu_cli_option(&argc, argv, "--reason", &how.reason);
    mu_cli_option(&argc, argv, "--incident", &how.incident);
    int code = mu_cli_no_more_options(&mu_command_call, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_call, argc, 1, -1);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code)
        return code;
    struct mu_registry *registry;
    struct mu_fail fail;
    if (mu_run_registry(cli->config, &registry, &fail) != MU_OK) {
        mu_registry_free(registry);
        return mu_cli_fail(cli, "call", MU_EXIT_USAGE, "%s", fail.text);
    }
    const struct mu_verb *verb = mu_registry_find(registry, argv[1], &module);
    const char *near = verb ? NULL : mu_registry_nearest(registry, argv[1]);
    if (verb)
        code = call(cli, verb, argc - 2, argv + 2, &how);
    else
        code =
            mu_cli_fail(cli, "call", MU_EXIT_USAGE, "unknown verb %s%s%s%s (muster doc lists them)",
                        argv[1], near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
    mu_registry_free(registry);
    return code;
}

const struct mu_command mu_command_call = {
    .name = "call",
    .usage = "call VERB [ARG ...] [option=value ...] [--dry-run] [--reason TEXT] "
             "[--incident INC-n]",
    .summary = "call one verb from the shell",
    .help = "Arguments are words or JSON: muster call dns.mx example.com at=authoritative\n"
            "A probe prints its result as JSON (exit 1 when it is not ok) and leaves nothing "
            "behind. An act\n"
            "becomes a run: journaled, resumable, undoable.\n",
    .run = run};
