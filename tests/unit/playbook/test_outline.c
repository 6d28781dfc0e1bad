/* SPDX-License-Identifier: MIT
 *
 * playbook: what a playbook is to people, and what changes for them: every area, both ways, and what must
 * not be told as a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "playbook/outline.h"
#include "words.h"

static const char base[] =
    "playbook { name = \"x\", version = \"1.0.0\", owner = \"ana\", summary = \"s\",\n"
    " may_change = { \"zone.set_mx:{domain}\", \"notify\" },\n"
    " exclusive = \"mx:{domain}\", stale_after = \"15m\",\n"
    " params = { domain = param.domain \"D\", settle = param.duration \"S\" { default = \"15m\" } "
    "},\n"
    " changelog = { [\"1.0.0\"] = \".\" } }\n"
    "function main(p)\n"
    " step \"One\"\n"
    " notify(\"stakeholders\", \"failing\", { domain = p.domain })\n"
    " step \"Two\"\n"
    " local a = approve { \"Go?\", by = \"lead\", deadline = \"10m\", quorum = 1 }\n"
    " zone.set_mx(p.domain, a.mx, { only_if = a })\n"
    " step \"Three\"\n"
    "end\n";

static json_t *outline(const char *text, const char *message)
{
    struct mu_bundle *bundle = mu_bundle_new();
    struct mu_fail fail;
    json_t *out;
    mu_bundle_add(bundle, "playbook.lua", text, strlen(text));
    mu_bundle_add(bundle, "templates/failing.md", message, strlen(message));
    if (mu_outline(bundle, &test_words, &out, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    mu_bundle_free(bundle);
    return out;
}

/* base with `from` replaced by `to`, each "" = as it is. */
static char *edited(const char *from, const char *to)
{
    const char *at = strstr(base, from);
    assert_non_null(at);
    return mu_xasprintf("%.*s%s%s", (int)(at - base), base, to, at + strlen(from));
}

static json_t *changes_of(const char *from, const char *to, bool back)
{
    char *text = edited(from, to);
    json_t *one = outline(base, "m"), *other = outline(text, "m");
    json_t *changes = back ? mu_changes(other, one) : mu_changes(one, other);
    json_decref(one);
    json_decref(other);
    free(text);
    return changes;
}

/* Exactly this: "area kind text", and what becomes of what it may change. */
static void changes(const char *from, const char *to, const char *area, const char *kind,
                    const char *part, const char *reach)
{
    json_t *found = changes_of(from, to, false);
    char *all = mu_json_text(found);
    bool there = false;
    for (size_t i = 0; i < json_array_size(found); i++) {
        const json_t *item = json_array_get(found, i);
        there = there || (strcmp(mu_json_str(item, "area", ""), area) == 0 &&
                          strcmp(mu_json_str(item, "kind", ""), kind) == 0 &&
                          strstr(mu_json_str(item, "text", ""), part));
    }
    if (!there)
        fail_msg("no %s %s \"%s\" in %s", area, kind, part, all);
    assert_string_equal(mu_changes_reach(found), reach);
    free(all);
    json_decref(found);
}

static void outlined(void **state)
{
    json_t *out = outline(base, "m"), *acts = json_object_get(out, "acts"),
           *gate = json_array_get(json_object_get(out, "gates"), 0);
    (void)state;
    assert_int_equal(json_array_size(acts), 2);
    assert_string_equal(mu_json_str(json_array_get(acts, 0), "what", ""),
                        "notify(\"stakeholders\", \"failing\", ...)");
    assert_string_equal(mu_json_str(json_array_get(acts, 1), "verb", ""), "zone.set_mx");
    assert_string_equal(mu_json_str(json_array_get(acts, 1), "step", ""), "Two");
    assert_int_equal(mu_json_int(json_array_get(acts, 1), "line", 0), 11);
    assert_string_equal(mu_json_str(gate, "title", ""), "Go?");
    assert_string_equal(mu_json_str(json_object_get(gate, "options"), "by", ""), "lead");
    assert_int_equal(json_array_size(json_object_get(out, "steps")), 3);
    json_decref(out);
}

/* Comments, blanks, lines, the number: no run does anything else for them. */
static void nothing(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {{" step \"Three\"\n", " step   \"Three\" -- at last\n\n"},
                 {"zone.set_mx(p.domain, a.mx,", "zone.set_mx( --[[ whose? ]] p.domain,\n  a.mx,"},
                 {"function main(p)\n", "function main(\n p\n)\n"},
                 {"[\"1.0.0\"] = \".\"", "[\"1.0.0\"] = \"First\""}};
    (void)state;
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        json_t *found = changes_of(cases[i].from, cases[i].to, false);
        char *all = mu_json_text(found);
        if (json_array_size(found) > 0)
            fail_msg("%s", all);
        assert_string_equal(mu_changes_reach(found), "same");
        free(all);
        json_decref(found);
    }
}

/* Whatever else a run would do otherwise is said, with its place, if only as code to be read. */
static void code(void **state)
{
    static const struct {
        const char *from, *to, *kind, *part;
    } cases[] = {
        {" step \"Three\"\n", " step \"Three\" local x = 1\n", "changed",
         "main: other conditions, order or code, playbook.lua:12"},
        {" zone.set_mx(p.domain, a.mx, { only_if = a })\n",
         " if a.yes then zone.set_mx(p.domain, a.mx, { only_if = a }) end\n", "changed",
         "playbook.lua:11"},
        {" local a =", " if p.domain then step \"x\" end local a =", "changed", "playbook.lua:10"},
        {"function main(p)\n", "function main(p)\n local p = { domain = p.domain .. \".x\" }\n",
         "changed", "playbook.lua:7"},
        {"function main(p)\n", "local n = 1\nfunction main(p)\n", "changed",
         "outside of functions: other conditions, order or code, playbook.lua:6"},
        {"function main(p)\n", "local function look() end\nfunction main(p)\n", "added",
         "look (playbook.lua:6)"},
        {"function main(p)\n", "zone = nil\nfunction main(p)\n", "changed", "outside of functions"},
        {" step \"Three\"\n", " local f = zone[\"set_\" .. p.domain] f()\n", "changed",
         "playbook.lua:12"},
        {"quorum = 1", "quorum = 1, show = { p }", "changed", "playbook.lua:10"},
        {" notify(\"stakeholders\", \"failing\", { domain = p.domain })\n step \"Two\"\n local a = "
         "approve { \"Go?\", by = \"lead\", deadline = \"10m\", quorum = 1 }\n",
         " local a = approve { \"Go?\", by = \"lead\", deadline = \"10m\", quorum = 1 }\n "
         "notify(\"stakeholders\", \"failing\", { domain = p.domain })\n step \"Two\"\n",
         "changed", "playbook.lua:8"},
    };
    (void)state;
    for (size_t i = 0; i < MU_COUNT(cases); i++)
        changes(cases[i].from, cases[i].to, "code", cases[i].kind, cases[i].part, "same");
}

/* What the lists tell in full is not told again as code. */
static void listed(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {{" step \"Three\"", " page(\"ana\", \"failing\") step \"Three\""},
                 {"only_if = a", "only_if = nil"},
                 {"quorum = 1", "quorum = 2"},
                 {" step \"Three\"\n", " step \"Three\" step \"More\"\n"},
                 {"default = \"15m\"", "default = \"30m\""}};
    (void)state;
    for (size_t i = 0; i < MU_COUNT(cases); i++)
        for (int back = 0; back < 2; back++) {
            json_t *found = changes_of(cases[i].from, cases[i].to, back);
            char *all = mu_json_text(found);
            if (json_array_size(found) != 1 || strstr(all, "\"code\""))
                fail_msg("%s", all);
            free(all);
            json_decref(found);
        }
}

/* However long an argument is, what it was and what it is stand there; an act outside of steps says so. */
static void long_arguments(void **state)
{
    struct mu_buf long_one = {0}, start = {0};
    (void)state;
    for (int i = 0; i < 60; i++)
        mu_buf_addf(&long_one, "\"host%03d.example.net\", ", i);
    mu_buf_addf(&start,
                " notify(\"stakeholders\", \"failing\", { %s\"safe\", \"last\" }) step \"Two\"\n",
                mu_buf_text(&long_one));
    char *before = edited(" step \"Two\"\n", mu_buf_text(&start)), *after = mu_xstrdup(before),
         *safe = strstr(after, "safe");
    memcpy(safe, "evil", 4);
    json_t *one = outline(before, "m"), *other = outline(after, "m"),
           *found = mu_changes(one, other);
    const char *text = mu_json_str(json_array_get(found, 0), "text", "");
    assert_int_equal(json_array_size(found), 1);
    assert_non_null(
        strstr(text, ": argument 3 ... \"safe\", ... -> ... \"evil\", ..., in \"One\""));
    json_decref(one);
    json_decref(other);
    json_decref(found);
    free(before);
    free(after);
    mu_buf_free(&long_one);
    mu_buf_free(&start);
    changes(" step \"One\"\n", " page(\"ana\", \"failing\") step \"One\"\n", "acts", "added",
            "page(\"ana\", \"failing\"), outside of steps (playbook.lua:7)", "same");
}

/* An act is one by whatever way it is called. */
static void ways_to_an_act(void **state)
{
    static const struct {
        const char *to, *part;
    } cases[] = {
        {" local s = zone.set_mx s(p.domain, { 1 })\n step \"Three\"",
         "zone.set_mx(p.domain, { 1 }), in \"Two\" (playbook.lua:12)"},
        {" local z, key = zone, \"set_mx\" z[key](p.domain, { 1 })\n step \"Three\"",
         "zone.set_mx(p.domain, { 1 })"},
        {" pcall(zone.set_mx, \"example.org\", { 1 })\n step \"Three\"",
         "zone.set_mx(\"example.org\", { 1 })"},
        {" local s = zone.set_mx pcall(s, \"example.org\", { 1 })\n step \"Three\"",
         "zone.set_mx(\"example.org\", { 1 })"},
        {" undo(\"Put it back\", zone.set_mx, p.domain, a)\n step \"Three\"",
         "undo by zone.set_mx(p.domain, a)"},
        {" each({ 1 }, notify)\n step \"Three\"", "notify, handed to each({ 1 }, notify)"},
        {" local t = { f = escalate }\n step \"Three\"", "escalate, kept as a value"},
        {" local s s = zone.set_mx s(p.domain)\n step \"Three\"", "zone.set_mx, kept as a value"},
    };
    (void)state;
    for (size_t i = 0; i < MU_COUNT(cases); i++)
        changes(" step \"Three\"", cases[i].to, "acts", "added", cases[i].part, "same");
}

static void areas(void **state)
{
    static const struct {
        const char *from, *to, *area, *kind, *part, *reach;
    } cases[] = {
        {"default = \"15m\"", "default = \"30m\"", "params", "changed",
         "settle: default \"15m\" -> \"30m\"", "same"},
        {"domain = param.domain \"D\",",
         "domain = param.domain \"D\", n = param.integer \"N\" { min = 2 },", "params", "added",
         "n: integer, min 2, doc \"N\"; must be given", "same"},
        {", settle = param.duration \"S\" { default = \"15m\" }", "", "params", "removed",
         "settle: duration", "same"},
        {"\"notify\" }", "\"notify\", \"page\" }", "may_change", "added",
         "page: it may change more", "wider"},
        {"\"zone.set_mx:{domain}\"", "\"zone.set_mx\"", "may_change", "added", "it may change more",
         "wider"},
        {"\"zone.set_mx:{domain}\"", "\"zone.*:{domain}\"", "may_change", "removed",
         "another entry covers it", "wider"},
        {", \"notify\" }", " }", "may_change", "removed", "notify: it may change less", "narrower"},
        {"\"notify\" }", "\"page\" }", "may_change", "added", "page", "other"},
        {" step \"Three\"", " page(\"ana\", \"failing\") step \"Three\"", "acts", "added",
         "page(\"ana\", \"failing\"), in \"Two\" (playbook.lua:12)", "same"},
        {"\"stakeholders\"", "\"everyone\"", "acts", "changed", "notify(\"everyone\"", "same"},
        {" zone.set_mx(p.domain, a.mx, { only_if = a })\n step \"Three\"\n",
         " step \"Three\"\n zone.set_mx(p.domain, a.mx, { only_if = a })\n", "acts", "moved",
         "from \"Two\" to \"Three\"", "same"},
        {"{ only_if = a }", "{ only_if = nil }", "acts", "changed",
         "zone.set_mx(p.domain, a.mx, ...): only_if a -> nil, in \"Two\"", "same"},
        {", { only_if = a }", "", "acts", "changed", "only_if a -> none", "same"},
        {", { only_if = a }", ", { [\"only_if\"] = a, [1] = 2 }", "acts", "changed",
         "argument 3 none -> {", "same"},
        {"{ domain = p.domain }", "{ domain = \"a  b\" }", "acts", "changed",
         "domain p.domain -> \"a  b\"", "same"},
        {"by = \"lead\", deadline = \"10m\"", "by = \"duty\", deadline = \"5m\"", "gates",
         "changed", "by \"lead\" -> \"duty\"", "same"},
        {"quorum = 1", "quorum = 2", "gates", "changed", "quorum \"1\" -> \"2\"", "same"},
        {", quorum = 1", "", "gates", "changed", "quorum \"1\" -> none", "same"},
        {"approve { \"Go?\", by", "ask { \"Go?\", by", "gates", "removed", "approve \"Go?\"",
         "same"},
        {" step \"Three\"", " step \"Third\"", "steps", "changed", "step 3: \"Three\" -> \"Third\"",
         "same"},
        {" step \"Three\"", " step \"Three\" step \"Four\"", "steps", "added", "step 4: \"Four\"",
         "same"},
        {" step \"Three\"", "", "steps", "removed", "step 3: \"Three\"", "same"},
        {"function main(p)\n", "function main(p)\n step \"Three\"\n", "steps", "added",
         "step 1: \"Three\"", "same"},
        {"\"mx:{domain}\", stale_after = \"15m\"", "\"all\", stale_after = \"1h\"", "rules",
         "changed", "stale_after: 15m -> 1h", "same"},
        {"\"mx:{domain}\", stale", "\"all\", stale", "rules", "changed",
         "exclusive: \"mx:{domain}\" -> \"all\"", "same"},
        {"stale_after = \"15m\"", "budget = { acts = 2 }", "rules", "added", "budget.acts: 2",
         "same"},
        {"owner = \"ana\"", "owner = \"bo\"", "about", "changed", "owner: \"ana\" -> \"bo\"",
         "same"},
    };
    (void)state;
    for (size_t i = 0; i < MU_COUNT(cases); i++)
        changes(cases[i].from, cases[i].to, cases[i].area, cases[i].kind, cases[i].part,
                cases[i].reach);
}

/* A step with another name takes what stands under it along. */
static void renamed(void **state)
{
    (void)state;
    json_t *found = changes_of(" step \"Two\"", " step \"Second\"", false);
    assert_int_equal(json_array_size(found), 1);
    assert_string_equal(mu_json_str(json_array_get(found, 0), "text", ""),
                        "step 2: \"Two\" -> \"Second\"");
    json_decref(found);
}

static void moved(void **state)
{
    static const char before[] = "function main(p)\n step \"One\"\n";
    (void)state;
    json_t *found = changes_of(before, "function main(p)\n step \"Zero\" step \"One\"\n", true);
    assert_int_equal(json_array_size(found), 1);
    assert_string_equal(mu_json_str(json_array_get(found, 0), "kind", ""), "removed");
    json_decref(found);
    char *without = edited(" step \"Three\"\n", ""), *at = strstr(without, before) + 18;
    char *text = mu_xasprintf("%.*s step \"Three\"\n%s", (int)(at - without), without, at);
    json_t *one = outline(base, "m"), *other = outline(text, "m");
    found = mu_changes(one, other);
    char *all = mu_json_text(found);
    assert_non_null(strstr(all, "\\\"Three\\\" is step 1 now, was 3"));
    assert_int_equal(json_array_size(found), 1);
    free(all);
    free(text);
    free(without);
    json_decref(found);
    json_decref(one);
    json_decref(other);
}

static void messages(void **state)
{
    json_t *one = outline(base, "m"), *other = outline(base, "n"), *found = mu_changes(one, other);
    (void)state;
    assert_int_equal(json_array_size(found), 1);
    assert_string_equal(mu_json_str(json_array_get(found, 0), "text", ""),
                        "failing says something else");
    json_decref(found);
    json_decref(one);
    json_decref(other);
}

/* Whatever the text is, reading it stays within it. */
static void cut_off(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof base; len++) {
        struct mu_bundle *bundle = mu_bundle_new();
        json_t *out;
        mu_bundle_add(bundle, "playbook.lua", base, len);
        if (mu_outline(bundle, &test_words, &out, NULL) == MU_OK)
            json_decref(out);
        mu_bundle_free(bundle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outlined),       cmocka_unit_test(nothing),
        cmocka_unit_test(code),           cmocka_unit_test(listed),
        cmocka_unit_test(ways_to_an_act), cmocka_unit_test(long_arguments),
        cmocka_unit_test(areas),          cmocka_unit_test(renamed),
        cmocka_unit_test(moved),          cmocka_unit_test(messages),
        cmocka_unit_test(cut_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
