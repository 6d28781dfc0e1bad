/* SPDX-License-Identifier: MIT
 *
 * The header of a playbook; see header.h. Its words are Lua (lua/prelude/header.lua), run by
 * scope.c; here what was said is judged. To add a key: a row in mu_header_keys, its field
 * in struct mu_header, a line in fill(). */
#include "playbook/header.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/semver.h"
#include "playbook/lexer.h"
#include "playbook/param.h"
#include "playbook/scenario.h"
#include "playbook/scope.h"
#include "playbook/uses.h"

extern const char mu_prelude_header[];
extern const size_t mu_prelude_header_len;

#define FILE_NAME      "playbook.lua"
#define STALE_AFTER_MS 900000 /* design J8 */
#define NAME_MAX_LEN   64

static const char *const kind_names[] = {
    [MU_PARAM_DOMAIN] = "domain",   [MU_PARAM_HOST] = "host",     [MU_PARAM_DURATION] = "duration",
    [MU_PARAM_INTEGER] = "integer", [MU_PARAM_NUMBER] = "number", [MU_PARAM_STRING] = "string",
    [MU_PARAM_BOOLEAN] = "boolean", [MU_PARAM_CHOICE] = "choice", [MU_PARAM_MAILBOX] = "mailbox",
    [MU_PARAM_SECRET] = "secret",   [MU_PARAM_LIST] = "list",
};

/* clang-format off */
const struct mu_header_key mu_header_keys[] = {
    {"name", MU_HEADER_TEXT, true, NULL, "name = \"mx-failover\"",
     "the playbook's name: that of its folder"},
    {"version", MU_HEADER_TEXT, true, NULL, "version = \"1.0.0\"",
     "semantic version: MAJOR.MINOR.PATCH"},
    {"owner", MU_HEADER_TEXT, true, NULL, "owner = \"mail-platform\"",
     "the team that is told when a run parks or fails"},
    {"summary", MU_HEADER_TEXT, true, NULL, "summary = \"What it does, in one sentence.\"",
     "what it does, in one sentence"},
    {"may_change", MU_HEADER_TEXTS, true, NULL,
     "may_change = { \"notify\" }, or {} when it changes nothing",
     "the whole blast radius: verbs, with targets where they have one: \"zone.set_mx:{domain}\", "
     "\"notify\", \"zone.*\". Anything else is refused"},
    {"params", MU_HEADER_TABLE, false, NULL, "params = { host = param.host \"The relay\" }",
     "what it takes: a param word each, with a text for people"},
    {"exclusive", MU_HEADER_TEXT, false, NULL, "exclusive = \"mx:{domain}\"",
     "one such run at a time; behind the colon stands what it is about, where muster guard looks"},
    {"stale_after", MU_HEADER_DURATION, false, "15m", "stale_after = \"15m\"",
     "nobody executed the run for longer: a person is asked before the next change"},
    {"followed_by", MU_HEADER_TEXT, false, NULL, "followed_by = \"mx-failback\"",
     "the playbook offered to a person afterwards"},
    {"watch", MU_HEADER_TABLE, false, NULL,
     "watch = { every = \"1m\", confirm = 3, clear = 3, again_after = \"30m\" }",
     "how the verdicts of detect become runs"},
    {"watch.every", MU_HEADER_DURATION, false, "1m", "every = \"1m\"", "how often to look"},
    {"watch.confirm", MU_HEADER_COUNT, false, "3", "confirm = 3",
     "how many looks in a row must be bad before a run starts"},
    {"watch.clear", MU_HEADER_COUNT, false, "3", "clear = 3",
     "how many looks in a row must be good before it counts as over"},
    {"watch.again_after", MU_HEADER_DURATION, false, "30m", "again_after = \"30m\"",
     "how long after a run the next one may start"},
    {"changelog", MU_HEADER_TABLE, true, NULL, "changelog = { [\"1.0.0\"] = \"First version\" }",
     "one line a version; the current version must have one"},
    {"budget", MU_HEADER_TABLE, false, NULL, "budget = { acts = 20 }",
     "what a run may use up before a person is asked, below muster's own ceilings"},
    {"budget.acts", MU_HEADER_COUNT, false, NULL, "acts = 20", "acts"},
    {"budget.rows", MU_HEADER_COUNT, false, NULL, "rows = 5000", "rows of its journal"},
    {"budget.cpu_s", MU_HEADER_COUNT, false, NULL, "cpu_s = 60", "seconds of computing"},
    {"budget.memory_mb", MU_HEADER_COUNT, false, NULL, "memory_mb = 16", "MiB of memory"},
    {"budget.output_kb", MU_HEADER_COUNT, false, NULL, "output_kb = 1024", "KiB of its journal"},
    {"drill", MU_HEADER_TABLE, false, NULL,
     "drill = { every = \"30d\", targets = { decide = \"10m\" }, scenarios = { silent = { faults = { \"smtp_down mx1.example.com\" } } } }",
     "how it is drilled: docs/drills.md"},
    {"drill.every", MU_HEADER_DURATION, false, NULL, "every = \"30d\"",
     "a drill that went well is older than this: muster drills says that one is overdue"},
    {"drill.targets", MU_HEADER_TABLE, false, NULL,
     "targets = { detect = \"3m\", acknowledge = \"5m\", decide = \"10m\", mitigate = \"15m\" }",
     "how long each may take, counted from the moment it breaks"},
    {"drill.targets.detect", MU_HEADER_DURATION, false, NULL, "detect = \"3m\"",
     "until the playbook says that it was detected"},
    {"drill.targets.acknowledge", MU_HEADER_DURATION, false, NULL, "acknowledge = \"5m\"",
     "until the first person answers"},
    {"drill.targets.decide", MU_HEADER_DURATION, false, NULL, "decide = \"10m\"",
     "until it is decided what to do"},
    {"drill.targets.mitigate", MU_HEADER_DURATION, false, NULL, "mitigate = \"15m\"",
     "until the change is made"},
    {"drill.scenarios", MU_HEADER_TABLE, false, NULL,
     "scenarios = { silent = { faults = { \"smtp_down mx1.{domain}\" }, result = \"failed_over\" } }",
     "what goes wrong, by a name of yours; muster drill takes --scenario, else the first by name"},
    {"drill.scenarios.*", MU_HEADER_TABLE, false, NULL,
     "silent = { faults = { \"smtp_down mx1.{domain}\" } }", "one scenario"},
    {"drill.scenarios.*.faults", MU_HEADER_TEXTS, false, NULL,
     "faults = { \"smtp_down mx1.{domain}\", \"person ana yes 2m\" }",
     "what is different from the real world: words of a world (docs/testing.md), {domain} stands for a parameter. People answer in drills with --dry-people only"},
    {"drill.scenarios.*.result", MU_HEADER_TEXT, false, NULL, "result = \"failed_over\"",
     "expected: how it ends"},
    {"drill.scenarios.*.acts", MU_HEADER_TEXTS, false, NULL, "acts = { \"zone.set_mx {domain}\" }",
     "expected: acts that take effect, in this order, others may stand between; each is how one begins"},
    {"drill.scenarios.*.told", MU_HEADER_TEXTS, false, NULL, "told = { \"stakeholders\" }",
     "expected: audiences and people that are told"},
    {"drill.scenarios.*.targets", MU_HEADER_TABLE, false, NULL, "targets = { detect = \"3m\" }",
     "how long each may take in this one, in place of drill.targets: in one that ends without a change nothing is mitigated"},
    {0}};
/* clang-format on */

struct header { /* what is behind a struct mu_header */
    struct mu_header pub;
    json_t *root; /* what scope.c read; every text of pub is in here */
    json_t *said; /* the table given to playbook { }, in root */
    struct mu_places places;
    int line; /* of playbook { */
    struct mu_fail *fail;
    mu_header_problem_cb *say; /* NULL: the first problem is the last */
    void *ud;
};

const char *mu_param_kind_name(enum mu_param_kind kind)
{
    return (unsigned)kind < MU_COUNT(kind_names) ? kind_names[kind] : "?";
}

/* --- errors with a place --- */

static enum mu_err wrong(struct header *h, const char *path, const char *fmt, ...) MU_PRINTF(3, 4);

static enum mu_err wrong(struct header *h, const char *path, const char *fmt, ...)
{
    const struct mu_place *place = mu_places_find(&h->places, path);
    va_list ap;
    va_start(ap, fmt);
    mu_fail_setv(h->fail, MU_USAGE, fmt, ap);
    va_end(ap);
    if (h->say)
        h->say(path, place ? place->line : h->line, place ? place->column : 1, h->fail->text,
               h->ud);
    return mu_fail_prefix(h->fail, FILE_NAME ":%d", place ? place->line : h->line);
}

/* What a row is called inside this section ("" is the header itself); NULL when it is not in it. */
static const char *inside(const struct mu_header_key *key, const char *section)
{
    size_t len = strlen(section);
    bool in = len == 0 || (strncmp(key->path, section, len) == 0 && key->path[len] == '.');
    const char *name = in ? key->path + len + (len > 0) : NULL;
    return name && strchr(name, '.') == NULL ? name : NULL;
}

static const struct mu_header_key *find_key(const char *section, const char *typed)
{
    for (const struct mu_header_key *key = mu_header_keys; key->path; key++) {
        const char *name = inside(key, section);
        if (name && strcmp(name, typed) == 0)
            return key;
    }
    return NULL;
}

static enum mu_err unknown_key(struct header *h, const char *path, const char *section,
                               const char *typed)
{
    struct mu_near near = {.typed = typed};
    struct mu_buf all = {.max = 400};
    for (const struct mu_header_key *key = mu_header_keys; key->path; key++) {
        const char *name = inside(key, section);
        if (name == NULL)
            continue;
        mu_buf_addf(&all, "%s%s", all.len ? ", " : "", name);
        mu_near_try(&near, name);
    }
    if (near.best)
        wrong(h, path, "unknown key \"%.60s\": did you mean %s?", typed, near.best);
    else
        wrong(h, path, "unknown key \"%.60s\": there are %s", typed, mu_buf_text(&all));
    mu_buf_free(&all);
    return MU_USAGE;
}

static bool is_texts(const json_t *value)
{
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        if (!json_is_string(item))
            return false;
    }
    return json_is_array(value) || (json_is_object(value) && json_object_size(value) == 0);
}

/* path: where it stands, which for a key of a scenario is not key->path. */
static enum mu_err check_shape(struct header *h, const struct mu_header_key *key, const char *path,
                               const json_t *value)
{
    int64_t ms;
    bool empty_list = json_is_array(value) && json_array_size(value) == 0;
    switch (key->shape) {
    case MU_HEADER_TEXT:
        if (json_is_string(value) && json_string_length(value) > 0)
            return MU_OK;
        return wrong(h, path, "%s is a text: %s", path, key->example);
    case MU_HEADER_DURATION:
        if (json_is_string(value) && mu_duration_parse(json_string_value(value), &ms))
            return MU_OK;
        return wrong(h, path, "%s is a duration: %s", path, key->example);
    case MU_HEADER_TEXTS:
        return is_texts(value) ? MU_OK
                               : wrong(h, path, "%s is a list of texts: %s", path, key->example);
    case MU_HEADER_TABLE:
    case MU_HEADER_COUNT: /* stands in a table only */
        break;
    }
    return json_is_object(value) || empty_list
               ? MU_OK
               : wrong(h, path, "%s is a table: %s", path, key->example);
}

static enum mu_err check_keys(struct header *h)
{
    const char *name;
    json_t *value;
    if (!json_is_object(h->said))
        return wrong(h, "",
                     "the header names its keys: playbook { name = \"...\", version = \"...\" }");
    json_object_foreach(h->said, name, value)
    {
        const struct mu_header_key *key = find_key("", name);
        if (key == NULL)
            return unknown_key(h, name, "", name);
        if (check_shape(h, key, key->path, value) != MU_OK)
            return MU_USAGE;
    }
    for (const struct mu_header_key *key = mu_header_keys; key->path; key++)
        if (key->required && json_object_get(h->said, key->path) == NULL)
            return wrong(h, "", "the header lacks %s: %s", key->path, key->example);
    return MU_OK;
}

/* --- texts with a form --- */

bool mu_header_is_name(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len > 0 && len <= NAME_MAX_LEN && text[len] == '\0' && text[0] != '-';
}

static enum mu_err check_identity(struct header *h)
{
    const struct mu_header *pub = &h->pub;
    if (!mu_header_is_name(pub->name))
        return wrong(h, "name",
                     "name \"%.80s\" must be lower-case letters, digits and hyphens, at most %d",
                     pub->name, NAME_MAX_LEN);
    if (!mu_semver_valid(pub->version))
        return wrong(h, "version", "version \"%.80s\" must be a semantic version such as \"1.0.0\"",
                     pub->version);
    if (!json_is_string(json_object_get(pub->changelog, pub->version)))
        return wrong(h, "changelog",
                     "changelog has no line for version %.40s: add [\"%.40s\"] = \"What changed\"",
                     pub->version, pub->version);
    if (pub->followed_by && !mu_header_is_name(pub->followed_by))
        return wrong(h, "followed_by", "followed_by \"%.80s\" must be the name of a playbook",
                     pub->followed_by);
    return MU_OK;
}

static enum mu_err check_changelog(struct header *h)
{
    const char *version;
    json_t *text;
    json_object_foreach(h->pub.changelog, version, text)
    {
        if (!mu_semver_valid(version) || !json_is_string(text))
            return wrong(
                h, "changelog",
                "changelog maps versions to texts: [\"1.0.0\"] = \"What changed\", not \"%.60s\"",
                version);
    }
    return MU_OK;
}

static enum mu_err check_folder(struct header *h, const struct mu_bundle *bundle)
{
    const char *folder = mu_bundle_folder(bundle), *slash = strrchr(folder, '/'),
               *last = slash ? slash + 1 : folder;
    if (last[0] == '\0' || strcmp(last, h->pub.name) == 0)
        return MU_OK;
    return wrong(h, "name", "name \"%.80s\" differs from its folder \"%.80s\": rename one of them",
                 h->pub.name, last);
}

/* --- holes: "mx:{domain}", "domains[domain].standby" --- */

static bool has_param(const struct header *h, const char *name, size_t len)
{
    for (size_t i = 0; i < h->pub.param_count; i++)
        if (strlen(h->pub.params[i].name) == len && memcmp(h->pub.params[i].name, name, len) == 0)
            return true;
    return false;
}

static enum mu_err unknown_hole(struct header *h, const char *path, const char *text,
                                const char *name, size_t len)
{
    char *typed = mu_xstrndup(name, len);
    struct mu_near near = {.typed = typed};
    for (size_t i = 0; i < h->pub.param_count; i++)
        mu_near_try(&near, h->pub.params[i].name);
    wrong(h, path, "\"%.100s\" names the param \"%.60s\", which there is none of%s%s%s", text,
          typed, near.best ? ": did you mean " : "", near.best ? near.best : "",
          near.best ? "?" : "");
    free(typed);
    return MU_USAGE;
}

static enum mu_err check_holes(struct header *h, const char *path, const char *text, char open,
                               char close)
{
    for (const char *p = text; (p = strchr(p, open)) != NULL;) {
        const char *end = strchr(++p, close);
        if (end == NULL)
            return wrong(h, path, "\"%.100s\" opens a hole with %c and does not close it", text,
                         open);
        if (!has_param(h, p, (size_t)(end - p)))
            return unknown_hole(h, path, text, p, (size_t)(end - p));
        p = end + 1;
    }
    return MU_OK;
}

/* "zone.set_mx", "zone.*", "notify", each with an optional ":target". */
static bool is_entry(const char *text)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t len = strspn(text, word);
    const char *p = text + len;
    if (len == 0)
        return false;
    if (*p == '.')
        p += p[1] == '*' ? 2 : 1 + strspn(p + 1, word);
    return p[-1] != '.' && (*p == '\0' || (*p == ':' && p[1] != '\0'));
}

static enum mu_err check_may_change(struct header *h)
{
    size_t i;
    json_t *item;
    json_array_foreach(h->pub.may_change, i, item)
    {
        char path[40];
        const char *text = json_string_value(item);
        snprintf(path, sizeof path, "may_change[%zu]", i + 1);
        if (!is_entry(text))
            return wrong(h, path,
                         "may_change \"%.100s\" must be a verb, with its target where it has one: "
                         "\"zone.set_mx:{domain}\", \"notify\"",
                         text);
        if (check_holes(h, path, text, '{', '}') != MU_OK)
            return MU_USAGE;
    }
    return h->pub.exclusive ? check_holes(h, "exclusive", h->pub.exclusive, '{', '}') : MU_OK;
}

/* --- watch and budget --- */

static enum mu_err watch_duration(struct header *h, const json_t *said, const char *key,
                                  const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(said, key);
    char path[40];
    int64_t ms = otherwise;
    snprintf(path, sizeof path, "watch.%s", key);
    if (value &&
        (!json_is_string(value) || !mu_duration_parse(json_string_value(value), &ms) || ms < 1000))
        return wrong(h, path, "watch.%s is a duration of at least a second: %s = \"1m\"", key, key);
    json_object_set_new(h->pub.watch, name, json_integer(ms));
    return MU_OK;
}

static enum mu_err watch_count(struct header *h, const json_t *said, const char *key)
{
    const json_t *value = json_object_get(said, key);
    json_int_t count = value ? json_integer_value(value) : 3;
    char path[40];
    snprintf(path, sizeof path, "watch.%s", key);
    if (count < 1 || count > 1000)
        return wrong(h, path, "watch.%s is how many looks in a row count: %s = 3", key, key);
    json_object_set_new(h->pub.watch, key, json_integer(count));
    return MU_OK;
}

static enum mu_err check_watch(struct header *h)
{
    const json_t *said = json_object_get(h->said, "watch");
    const char *name;
    json_t *value;
    if (said == NULL)
        return MU_OK;
    if (!h->pub.has_detect)
        return wrong(h, "watch", "watch needs a function detect(p): what should it look at?");
    json_object_foreach((json_t *)said, name, value)
    {
        if (find_key("watch", name) == NULL)
            return unknown_key(h, "watch", "watch", name);
    }
    h->pub.watch = json_object();
    enum mu_err err = watch_duration(h, said, "every", "every_ms", 60000);
    err = err == MU_OK ? watch_count(h, said, "confirm") : err;
    err = err == MU_OK ? watch_count(h, said, "clear") : err;
    return err == MU_OK ? watch_duration(h, said, "again_after", "again_after_ms", 1800000) : err;
}

static enum mu_err check_budget(struct header *h)
{
    const char *name;
    json_t *value;
    json_object_foreach(h->pub.budget, name, value)
    {
        char path[80];
        if (find_key("budget", name) == NULL)
            return unknown_key(h, "budget", "budget", name);
        snprintf(path, sizeof path, "budget.%s", name);
        if (json_integer_value(value) < 1)
            return wrong(h, path, "budget.%s is a whole number above zero", name);
    }
    return MU_OK;
}

/* --- drill --- */

/* Shape and keys of one table. at: where it stands; "drill.scenarios.*" is the section of each scenario. */
static enum mu_err drill_table(struct header *h, const json_t *table, const char *at,
                               const char *section)
{
    const char *name;
    json_t *value;
    if (!json_is_object(table) && json_array_size(table) > 0)
        return wrong(h, at, "%s is a table", at);
    json_object_foreach((json_t *)table, name, value)
    {
        char path[300];
        const struct mu_header_key *key = find_key(section, name);
        snprintf(path, sizeof path, "%.160s.%.80s", at, name);
        if (key == NULL)
            return unknown_key(h, path, section, name);
        if (check_shape(h, key, path, value) != MU_OK)
            return MU_USAGE;
    }
    return MU_OK;
}

static json_t *drill_targets(const json_t *said)
{
    json_t *targets = json_object(), *value;
    const char *name;
    int64_t ms;
    json_object_foreach((json_t *)said, name, value)
    {
        char key[40];
        snprintf(key, sizeof key, "%.30s_ms", name);
        if (mu_duration_parse(json_string_value(value), &ms))
            json_object_set_new(targets, key, json_integer(ms));
    }
    return targets;
}

static enum mu_err drill_faults(struct header *h, const json_t *faults, const char *at)
{
    size_t i;
    json_t *text;
    json_array_foreach(faults, i, text)
    {
        char path[200];
        struct mu_fail why;
        json_t *one = json_pack("[O]", text);
        enum mu_err err = mu_scenario_check(one, &h->pub, NULL, &why);
        json_decref(one);
        snprintf(path, sizeof path, "%s.faults[%zu]", at, i + 1);
        if (err != MU_OK)
            return wrong(h, path, "%s", why.text);
    }
    return MU_OK;
}

static enum mu_err drill_scenario(struct header *h, const char *name, const json_t *said)
{
    char at[160], at_targets[180];
    bool plain = strchr(name, '-') == NULL;
    snprintf(at, sizeof at, plain ? "drill.scenarios.%.80s" : "drill.scenarios[\"%.80s\"]", name);
    if (!mu_header_is_name(name))
        return wrong(h, "drill.scenarios",
                     "the scenario \"%.60s\" must be lower-case letters, digits and hyphens", name);
    if (drill_table(h, said, at, "drill.scenarios.*") != MU_OK)
        return MU_USAGE;
    const json_t *faults = json_object_get(said, "faults"),
                 *targets = json_object_get(said, "targets");
    snprintf(at_targets, sizeof at_targets, "%s.targets", at);
    if (drill_faults(h, faults, at) != MU_OK ||
        drill_table(h, targets, at_targets, "drill.targets") != MU_OK)
        return MU_USAGE;
    json_t *expect = json_deep_copy((json_t *)said);
    json_object_del(expect, "faults");
    json_object_del(expect, "targets");
    json_object_set_new(json_object_get(h->pub.drill, "scenarios"), name,
                        json_pack("{s:o, s:o, s:o*}", "faults",
                                  faults ? json_deep_copy(faults) : json_array(), "expect", expect,
                                  "targets", targets ? drill_targets(targets) : NULL));
    return MU_OK;
}

static enum mu_err check_drill(struct header *h)
{
    const json_t *said = json_object_get(h->said, "drill"),
                 *targets = json_object_get(said, "targets"),
                 *every = json_object_get(said, "every");
    const char *name;
    json_t *value;
    int64_t ms = 0;
    if (said == NULL)
        return MU_OK;
    if (drill_table(h, said, "drill", "drill") != MU_OK ||
        drill_table(h, targets, "drill.targets", "drill.targets") != MU_OK)
        return MU_USAGE;
    if (every)
        (void)mu_duration_parse(json_string_value(every), &ms);
    h->pub.drill = json_pack("{s:I, s:o, s:{}}", "every_ms", (json_int_t)ms, "targets",
                             drill_targets(targets), "scenarios");
    json_object_foreach(json_object_get(said, "scenarios"), name, value)
    {
        if (drill_scenario(h, name, value) != MU_OK)
            return MU_USAGE;
    }
    return MU_OK;
}

/* --- params --- */

static enum mu_err read_bound(struct header *h, const struct mu_param *param, const char *which,
                              const json_t *value, bool *has, int64_t *bound)
{
    char path[160];
    bool duration = param->kind == MU_PARAM_DURATION,
         number = param->kind == MU_PARAM_INTEGER || param->kind == MU_PARAM_NUMBER;
    snprintf(path, sizeof path, "params.%.80s.%s", param->name, which);
    if (value == NULL)
        return MU_OK;
    if (!duration && !number)
        return wrong(h, path, "param %.60s: a %s has no %s", param->name,
                     mu_param_kind_name(param->kind), which);
    if (duration ? !json_is_string(value) || !mu_duration_parse(json_string_value(value), bound)
                 : !json_is_integer(value))
        return wrong(h, path, "param %.60s: %s is %s", param->name, which,
                     duration ? "a duration like \"5m\"" : "a whole number");
    if (number)
        *bound = json_integer_value(value);
    *has = true;
    return MU_OK;
}

static enum mu_err read_default(struct header *h, struct mu_param *param, const json_t *value)
{
    char path[160], where[160];
    snprintf(path, sizeof path, "params.%.80s.default", param->name);
    snprintf(where, sizeof where, "the default of %.80s", param->name);
    if (value == NULL)
        return MU_OK;
    if (param->kind == MU_PARAM_SECRET)
        return wrong(h, path,
                     "param %.60s: a secret has no default; take it `from` muster.lua, where "
                     "secret.file stands",
                     param->name);
    if (param_read_value(param, value, where, &param->otherwise, h->fail) == MU_OK)
        return MU_OK;
    struct mu_fail why = *h->fail;
    return wrong(h, path, "%s", why.text);
}

static enum mu_err read_options(struct header *h, struct mu_param *param, const json_t *said)
{
    const json_t *from = json_object_get(said, "from");
    char path[160];
    snprintf(path, sizeof path, "params.%.80s.from", param->name);
    if (from && !json_is_string(from))
        return wrong(
            h, path,
            "param %.60s: from is a path in muster.lua: from = \"domains[domain].standby\"",
            param->name);
    param->from = json_string_value(from);
    if (read_bound(h, param, "min", json_object_get(said, "min"), &param->has_min, &param->min) !=
            MU_OK ||
        read_bound(h, param, "max", json_object_get(said, "max"), &param->has_max, &param->max) !=
            MU_OK)
        return MU_USAGE;
    snprintf(path, sizeof path, "params.%.80s.min", param->name);
    if (param->has_min && param->has_max && param->min > param->max)
        return wrong(h, path, "param %.60s: min is larger than max: no value fits", param->name);
    return read_default(h, param,
                        json_object_get(said, "default")); /* last: it must fit all the others */
}

static enum mu_err read_choices(struct header *h, struct mu_param *param, const json_t *choices)
{
    char path[160];
    snprintf(path, sizeof path, "params.%.80s", param->name);
    bool some = json_array_size(choices) > 0,
         choice = param->kind == MU_PARAM_CHOICE ||
                  (param->kind == MU_PARAM_LIST && param->items == MU_PARAM_CHOICE);
    if (some && !choice)
        return wrong(h, path, "param %.60s: a %s takes options by name: { default = ... }",
                     param->name, mu_param_kind_name(param->kind));
    if (choice && (!some || !is_texts(choices)))
        return wrong(
            h, path,
            "param %.60s: a choice lists its texts: param.choice \"%.60s\" { \"a\", \"b\" }",
            param->name, param->doc);
    param->choices = choice ? (json_t *)choices : NULL;
    return MU_OK;
}

static bool kind_named(const char *name, enum mu_param_kind *kind)
{
    for (int i = 0; name && i <= MU_PARAM_LIST; i++)
        if (strcmp(mu_param_kind_name((enum mu_param_kind)i), name) == 0) {
            *kind = (enum mu_param_kind)i;
            return true;
        }
    return false;
}

static bool is_identifier(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return len > 0 && len <= NAME_MAX_LEN && text[len] == '\0' && islower((unsigned char)text[0]);
}

static enum mu_err read_param(struct header *h, struct mu_param *param, const json_t *said)
{
    const char *name = mu_json_str(said, "name", "?");
    char path[160];
    snprintf(path, sizeof path, "params.%.100s", name);
    param->name = name;
    param->doc = mu_json_str(said, "doc", NULL);
    param->line = (int)mu_json_int(said, "line", 0);
    if (param->doc == NULL || !kind_named(mu_json_str(said, "kind", NULL), &param->kind))
        return wrong(
            h, path,
            "param %.60s must be made by a param word: %.60s = param.string \"What it is\"", name,
            name);
    if (!is_identifier(name))
        return wrong(h, path, "param \"%.60s\" must be lower-case letters, digits and underscores",
                     name);
    if (param->kind == MU_PARAM_LIST &&
        (!kind_named(mu_json_str(said, "items", NULL), &param->items) ||
         param->items >= MU_PARAM_SECRET))
        return wrong(h, path, "param %.60s: a list holds plain values, no secrets and no lists",
                     name);
    enum mu_err err = read_choices(h, param, json_object_get(said, "choices"));
    return err == MU_OK ? read_options(h, param, said) : err;
}

static int by_line(const void *a, const void *b)
{
    const struct mu_param *one = a, *two = b;
    return one->line != two->line ? (one->line > two->line) - (one->line < two->line)
                                  : strcmp(one->name, two->name);
}

static enum mu_err check_params(struct header *h)
{
    json_t *said = json_object_get(h->root, "params"), *one;
    size_t k;
    h->pub.params = mu_xcalloc(json_array_size(said) + 1, sizeof *h->pub.params);
    json_array_foreach(said, k, one)
    {
        if (read_param(h, &h->pub.params[h->pub.param_count++], one) != MU_OK)
            return MU_USAGE;
    }
    qsort(h->pub.params, h->pub.param_count, sizeof *h->pub.params, by_line);
    for (size_t i = 0; i < h->pub.param_count; i++) {
        char path[160];
        const struct mu_param *param = &h->pub.params[i];
        snprintf(path, sizeof path, "params.%.80s", param->name);
        if (param->from && check_holes(h, path, param->from, '[', ']') != MU_OK)
            return MU_USAGE;
    }
    return MU_OK;
}

/* --- reading --- */

/* The places of the header's keys, from the text. */
static void find_places(struct header *h, const char *text, size_t len)
{
    struct mu_tokens tokens;
    mu_lex(text, len, &tokens);
    for (size_t i = 0; i + 2 < tokens.count; i++) {
        size_t open = i + 1 + mu_token_is(&tokens.items[i + 1], "(");
        if (!mu_token_is(&tokens.items[i], "playbook") || !mu_token_is(&tokens.items[open], "{"))
            continue;
        mu_places_of_table(&tokens, open, "", &h->places);
        break;
    }
    mu_tokens_free(&tokens);
}

/* Makes a list of what Lua could only call {}. */
static json_t *as_list(json_t *root, const char *key)
{
    if (!json_is_array(json_object_get(root, key)))
        json_object_set_new(root, key, json_array());
    return json_object_get(root, key);
}

static void fill(struct header *h)
{
    struct mu_header *pub = &h->pub;
    int64_t ms;
    pub->name = mu_json_str(h->said, "name", "");
    pub->version = mu_json_str(h->said, "version", "");
    pub->owner = mu_json_str(h->said, "owner", "");
    pub->summary = mu_json_str(h->said, "summary", "");
    pub->exclusive = mu_json_str(h->said, "exclusive", NULL);
    pub->followed_by = mu_json_str(h->said, "followed_by", NULL);
    pub->may_change = as_list(h->said, "may_change");
    pub->changelog = json_object_get(h->said, "changelog");
    pub->budget = json_object_get(h->said, "budget");
    const char *stale = mu_json_str(h->said, "stale_after", NULL);
    pub->stale_after_ms = stale && mu_duration_parse(stale, &ms) ? ms : STALE_AFTER_MS;
}

static enum mu_err judge(struct header *h, const struct mu_bundle *bundle)
{
    enum mu_err (*const checks[])(struct header *) = {
        check_params, check_identity, check_changelog, check_may_change,
        check_watch,  check_budget,   check_drill};
    if (h->said == NULL)
        return wrong(h, "",
                     "there is no header: a playbook begins with playbook { name = \"...\", ... }");
    if (check_keys(h) != MU_OK)
        return MU_USAGE;
    fill(h);
    h->pub.has_detect = mu_json_bool(h->root, "detect", false);
    enum mu_err err = MU_OK;
    for (size_t i = 0; i < MU_COUNT(checks) && (err == MU_OK || h->say); i++)
        if (checks[i](h) != MU_OK)
            err = MU_USAGE;
    if ((err == MU_OK || h->say) && !mu_json_bool(h->root, "main", false))
        err = wrong(h, "", "there is no function main(p): what should it do?");
    if ((err == MU_OK || h->say) && check_folder(h, bundle) != MU_OK)
        err = MU_USAGE;
    return err;
}

enum mu_err mu_header_read(const struct mu_bundle *bundle, struct mu_header **out,
                           struct mu_fail *fail)
{
    return mu_header_judge(bundle, out, NULL, NULL, fail);
}

enum mu_err mu_header_judge(const struct mu_bundle *bundle, struct mu_header **out,
                            mu_header_problem_cb *say, void *ud, struct mu_fail *fail)
{
    struct mu_fail own;
    size_t len;
    const char *text = mu_bundle_file(bundle, FILE_NAME, &len);
    *out = NULL;
    fail = fail ? fail : &own;
    if (text == NULL)
        return mu_fail_set(fail, MU_USAGE, "there is no " FILE_NAME);
    struct header *h = MU_NEW(struct header);
    h->fail = fail;
    h->say = say;
    h->ud = ud;
    const struct scope_text all = {text, len, FILE_NAME, bundle};
    enum mu_err err = mu_uses_check(bundle, fail);
    if (err == MU_OK)
        err = scope_read(mu_prelude_header, mu_prelude_header_len, "muster/header.lua", &all, NULL,
                         NULL, &h->root, fail);
    if (err == MU_OK) {
        h->said = mu_json_get(h->root, "header");
        h->line = (int)mu_json_int(h->root, "line", 1);
        find_places(h, text, len);
        err = judge(h, bundle);
    }
    if (err == MU_OK)
        *out = &h->pub;
    else
        mu_header_free(&h->pub);
    return err;
}

void mu_header_set_exclusive(struct mu_header *pub, const char *lock)
{
    struct header *h = (struct header *)pub; /* pub is its first member */
    json_object_set_new(h->said, "exclusive", json_string(lock));
    pub->exclusive = mu_json_str(h->said, "exclusive", NULL);
}

void mu_header_free(struct mu_header *pub)
{
    struct header *h = (struct header *)pub; /* pub is its first member */
    if (h == NULL)
        return;
    for (size_t i = 0; i < pub->param_count; i++)
        json_decref(pub->params[i].otherwise);
    free(pub->params);
    json_decref(pub->watch);
    json_decref(pub->drill);
    json_decref(h->root);
    mu_places_free(&h->places);
    free(h);
}

static json_t *param_json(const struct mu_param *param)
{
    json_t *out =
        json_pack("{s:s, s:s, s:s, s:i, s:O?, s:s?, s:O?}", "name", param->name, "doc", param->doc,
                  "kind", mu_param_kind_name(param->kind), "line", param->line, "default",
                  param->otherwise, "from", param->from, "choices", param->choices);
    if (param->kind == MU_PARAM_LIST)
        json_object_set_new(out, "items", json_string(mu_param_kind_name(param->items)));
    if (param->has_min)
        json_object_set_new(out, "min", json_integer(param->min));
    if (param->has_max)
        json_object_set_new(out, "max", json_integer(param->max));
    return out;
}

json_t *mu_header_json(const struct mu_header *header)
{
    json_t *params = json_array();
    for (size_t i = 0; i < header->param_count; i++)
        json_array_append_new(params, param_json(&header->params[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:O, s:I, s:O?, s:O, s:O?, s:O?, s:o, s:b}",
                     "name", header->name, "version", header->version, "owner", header->owner,
                     "summary", header->summary, "exclusive", header->exclusive, "followed_by",
                     header->followed_by, "may_change", header->may_change, "stale_after_ms",
                     (json_int_t)header->stale_after_ms, "watch", header->watch, "changelog",
                     header->changelog, "budget", header->budget, "drill", header->drill, "params",
                     params, "detect", header->has_detect);
}
