/* SPDX-License-Identifier: MIT
 *
 * What the scenarios of drills name: providers, channels, people and verbs that fail, acts, audiences and results that
 * are expected. A misspelt one is met in front of everybody who was called to the drill. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/people.h"
#include "playbook/lint.h"
#include "playbook/scenario.h"

struct scenario {
    struct lint *lint;
    const char *name;
    bool config; /* muster.lua says who and what there is */
};

/* The place of an item of one of its lists, of a key, or of the key's list where n is 0. */
static const struct mu_token *place_of(const struct scenario *scenario, const char *key, size_t n)
{
    bool plain = strchr(scenario->name, '-') == NULL;
    char *path = mu_xasprintf(plain ? "drill.scenarios.%s.%s" : "drill.scenarios[\"%s\"].%s",
                              scenario->name, key);
    char *item = n ? mu_xasprintf("%s[%zu]", path, n) : mu_xstrdup(path);
    const struct mu_token *at = lint_header_place(scenario->lint, item);
    free(item);
    free(path);
    return at;
}

/* --- faults --- */

static void check_verb(const struct scenario *scenario, const json_t *op, const struct mu_token *at)
{
    struct lint *lint = scenario->lint;
    const char *verb = mu_json_str(op, "verb", ""), *how = mu_json_str(op, "how", "");
    char kind = lint->words->kind(verb, lint->words->ud);
    const char *near = lint->words->nearest(verb, lint->words->ud);
    char *mend = near ? mu_xasprintf("did you mean %s?", near) : NULL;
    if (kind != 'a' && kind != 'p')
        lint_say(lint, LINT_DRILL_NAME, at, mend ? mend : "muster doc lists the verbs",
                 "there is no verb \"%s\" to fail", verb);
    else if (kind == 'p' && strcmp(how, "refused") != 0 && strcmp(how, "timeout") != 0)
        lint_say(lint, LINT_DRILL_NAME, at, "refused or timeout", "%s only looks: it can't be %s",
                 verb, how);
    free(mend);
}

/* "smtp_down A B": B would be what A says. */
static bool check_host(const struct scenario *scenario, const json_t *op, const struct mu_token *at)
{
    const char *said = mu_json_str(mu_json_get(op, "value"), "why", "");
    bool host = strcmp(mu_json_str(op, "fact", ""), "smtp.host") == 0 && strchr(said, '.') &&
                strpbrk(said, "abcdefghijklmnopqrstuvwxyz") && said[strcspn(said, " ")] == '\0';
    if (host)
        lint_say(scenario->lint, LINT_DRILL_NAME, at, "give it a text of its own",
                 "%s would be what %s says, not another host", said, mu_json_str(op, "key", "?"));
    return host;
}

static void check_op(const struct scenario *scenario, const json_t *op, const struct mu_token *at)
{
    struct mu_fail fail;
    if (check_host(scenario, op, at))
        return;
    if (mu_scenario_drills(op, &fail) != MU_OK)
        lint_say(scenario->lint, LINT_DRILL_NAME, at, NULL, "%s", fail.text);
    else if (strcmp(mu_json_str(op, "op", ""), "fault") == 0)
        check_verb(scenario, op, at);
    else if (scenario->config &&
             mu_scenario_names(op, scenario->lint->around->config, &fail) != MU_OK)
        lint_say(scenario->lint, LINT_DRILL_NAME, at, "correct the name, or add it to muster.lua",
                 "%s", fail.text);
}

/* A text with a hole is only known when the drill is started. */
static void check_faults(const struct scenario *scenario, const json_t *faults)
{
    size_t i, k;
    json_t *text, *op;
    json_array_foreach(faults, i, text)
    {
        json_t *ops = NULL, *one = json_pack("[O]", text);
        struct mu_fail fail;
        bool hole = strchr(json_string_value(text), '{') != NULL;
        if (!hole && mu_scenario_check(one, scenario->lint->header, &ops, &fail) == MU_OK)
            json_array_foreach(ops, k, op)
            {
                check_op(scenario, op, place_of(scenario, "faults", i + 1));
            }
        json_decref(ops);
        json_decref(one);
    }
}

/* --- what is expected --- */

static void check_who(const struct scenario *scenario, const char *name, const struct mu_token *at)
{
    struct mu_fail fail;
    json_t *found = NULL;
    if (!scenario->config || strchr(name, '{'))
        return;
    if (mu_people_recipients(scenario->lint->around->config, name, &found, &fail) != MU_OK)
        lint_say(scenario->lint, LINT_DRILL_NAME, at, "correct the name, or add it to muster.lua",
                 "%s", fail.text);
    json_decref(found);
}

static void check_told(const struct scenario *scenario, const json_t *told)
{
    size_t i;
    json_t *who;
    json_array_foreach(told, i, who)
    {
        check_who(scenario, json_string_value(who), place_of(scenario, "told", i + 1));
    }
}

struct message {
    const char *path; /* without its end: "templates/down" */
    bool found;
};

static bool try_template(const char *path, const char *bytes, size_t len, void *ud)
{
    struct message *message = ud;
    (void)bytes, (void)len;
    size_t stem = strlen(message->path);
    message->found =
        strncmp(path, message->path, stem) == 0 && (path[stem] == '.' || path[stem] == '\0');
    return !message->found;
}

/* "notify stakeholders mail-failing": who is told, and the message. The scorecard goes by whole words (base/begins.h). */
static void check_message(const struct scenario *scenario, const char *act,
                          const struct mu_token *at)
{
    char verb[20], who[200], name[100], path[120];
    bool sends = sscanf(act, "%19s %199s %99s", verb, who, name) == 3 &&
                 (strcmp(verb, "notify") == 0 || strcmp(verb, "page") == 0);
    struct message message = {path, false};
    if (!sends)
        return;
    check_who(scenario, who, at);
    snprintf(path, sizeof path, "templates/%s", name);
    mu_bundle_each(scenario->lint->bundle, try_template, &message);
    if (strchr(name, '{') == NULL && !message.found)
        lint_say(scenario->lint, LINT_DRILL_NAME, at, "name a file of templates/, without its end",
                 "\"%s\" sends no message there is: %s", act, path);
}

static void check_act(const struct scenario *scenario, const char *act, const struct mu_token *at)
{
    struct lint *lint = scenario->lint;
    char *verb = mu_xstrndup(act, strcspn(act, " "));
    const char *near = lint->words->nearest(verb, lint->words->ud);
    const char *does = lint_act_of_word(verb);
    bool other = does && strcmp(does, verb) != 0;
    char *mend = other  ? mu_xasprintf("write \"%s\", which is the act of %s", does, verb)
                 : near ? mu_xasprintf("did you mean %s?", near)
                        : NULL;
    bool whole = act[strlen(verb)] != '\0' && strchr(verb, '{') == NULL;
    if (strchr(verb, '{') == NULL && (other || !lint_is_act(lint, verb)))
        lint_say(lint, LINT_DRILL_NAME, at,
                 mend ? mend : "begin with an act: muster doc lists the verbs",
                 "no act begins with \"%s\"", verb);
    else if (whole && !lint_may_change_names(lint, verb))
        lint_say(lint, LINT_DRILL_NAME, at, "name an act that may_change has",
                 "this playbook may not do %s", verb);
    else
        check_message(scenario, act, at);
    free(mend);
    free(verb);
}

/* --- results --- */

struct results {
    json_t *known;
    bool open; /* one of them is not written out */
};

static bool look_for_result(struct mu_node *node, void *ud)
{
    struct results *results = ud;
    struct mu_node view;
    if (!lint_calls(node, "finish"))
        return true;
    const char *result = lint_text(lint_arg(mu_node_call(node, &view), 0));
    if (result)
        json_object_set_new(results->known, result, json_true());
    else
        results->open = true;
    return true;
}

/* The words of runs that no finish ended are known, too (docs/authoring.md). */
static void check_result(const struct scenario *scenario, const char *wanted)
{
    static const char *const ends[] = {"done", "failed", "error", "declined", "expired"};
    struct results results = {json_object(), false};
    struct mu_near near = {.typed = wanted ? wanted : ""};
    const char *name;
    json_t *value;
    for (size_t i = 0; i < MU_COUNT(ends); i++)
        json_object_set_new(results.known, ends[i], json_true());
    lint_walk(scenario->lint, look_for_result, &results);
    json_object_foreach(results.known, name, value)
    {
        mu_near_try(&near, name);
    }
    if (wanted && !results.open && json_object_get(results.known, wanted) == NULL) {
        char *mend = near.best ? mu_xasprintf("did you mean %s?", near.best) : NULL;
        lint_say(scenario->lint, LINT_DRILL_NAME, place_of(scenario, "result", 0),
                 mend ? mend : "write what finish is called with", "no run ends with \"%s\"",
                 wanted);
        free(mend);
    }
    json_decref(results.known);
}

/* --- the whole --- */

static void check_scenario(const struct scenario *scenario, const json_t *said)
{
    size_t i;
    json_t *act, *expect = mu_json_get(said, "expect");
    check_faults(scenario, mu_json_get(said, "faults"));
    check_told(scenario, mu_json_get(expect, "told"));
    json_array_foreach(mu_json_get(expect, "acts"), i, act)
    {
        check_act(scenario, json_string_value(act), place_of(scenario, "acts", i + 1));
    }
    check_result(scenario, mu_json_str(expect, "result", NULL));
}

void lint_drill(struct lint *lint)
{
    json_t *said, *scenarios = lint->header ? mu_json_get(lint->header->drill, "scenarios") : NULL;
    bool config = json_object_size(mu_json_get(lint->around->config, "people")) > 0;
    const char *name;
    json_object_foreach(scenarios, name, said)
    {
        check_scenario(&(struct scenario){lint, name, config}, said);
    }
}
