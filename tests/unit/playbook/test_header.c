/* SPDX-License-Identifier: MIT
 *
 * Headers: what a good one says, and one clear error with file and line for each bad one. */
#include "words.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "playbook/header.h"

static const char good[] =
    "playbook {\n"
    "  name = \"mx-failover\", version = \"3.0.0\", owner = \"mail-platform\",\n"
    "  summary = \"Move inbound mail.\",\n"
    "  may_change = { \"zone.set_mx:{domain}\", \"notify\", \"zone.*\" },\n"
    "  exclusive = \"mx:{domain}\", stale_after = \"20m\", followed_by = \"mx-failback\",\n"
    "  watch = { every = \"1m\", confirm = 3, clear = 2, again_after = \"30m\" },\n"
    "  budget = { acts = 20 },\n"
    "  params = {\n"
    "    domain  = param.domain \"Domain\",\n"
    "    standby = param.host \"Standby\" { from = \"domains[domain].standby\" },\n"
    "    how     = param.choice \"How\" { \"swap\", \"add\", default = \"swap\" },\n"
    "    settle  = param.duration \"Watch\" { default = \"15m\", min = \"1m\", max = \"2h\" },\n"
    "    many    = param.list(param.domain) \"Many\" { default = { \"Example.COM.\" } },\n"
    "    none    = param.list(param.host) \"None\" { default = {} },\n"
    "    port    = param.integer \"Port\" { default = 25, min = 1, max = 65535 },\n"
    "    key     = param.secret \"Key\" { from = \"providers[how].key\" },\n"
    "  },\n"
    "  changelog = { [\"3.0.0\"] = \"Third\", [\"2.9.0-rc.1+b2\"] = \"Before\" },\n"
    "}\n"
    "local mx = dns.mx\n"
    "local helper = function() return mx, zone.set_mx end\n"
    "function detect(p) return mail.inbound(p.domain) end\n"
    "function main(p) step \"x\" end\n";

static void a_good_header_is_read(void **state)
{
    (void)state;
    struct mu_header *header;
    struct mu_fail fail = {.text = ""};
    struct mu_bundle *bundle = bundle_of(good);
    if (mu_header_read(bundle, &header, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    assert_string_equal(header->name, "mx-failover");
    assert_string_equal(header->exclusive, "mx:{domain}");
    assert_int_equal(header->stale_after_ms, 1200000);
    assert_true(header->has_detect);
    assert_int_equal(header->param_count, 8);
    assert_string_equal(header->params[0].name, "domain");
    assert_int_equal(header->params[0].line, 9);
    assert_string_equal(header->params[1].from, "domains[domain].standby");
    assert_int_equal(header->params[3].min, 60000);
    assert_string_equal(json_string_value(json_array_get(header->params[4].otherwise, 0)),
                        "example.com");
    assert_int_equal(json_array_size(header->params[5].otherwise), 0);
    assert_int_equal(mu_json_int(header->watch, "every_ms", 0), 60000);
    assert_int_equal(mu_json_int(header->watch, "clear", 0), 2);
    json_t *json = mu_header_json(header);
    char *text = mu_json_text(json);
    assert_non_null(strstr(text, "\"items\":\"domain\""));
    assert_non_null(strstr(text, "\"budget\":{\"acts\":20}"));
    free(text);
    json_decref(json);
    mu_header_free(header);
    mu_bundle_free(bundle);
}

static const char *read_error(const char *text)
{
    static struct mu_fail fail;
    struct mu_header *header;
    struct mu_bundle *bundle = bundle_of(text);
    fail = (struct mu_fail){.text = "(no error)"};
    if (mu_header_read(bundle, &header, &fail) == MU_OK)
        mu_header_free(header);
    mu_bundle_free(bundle);
    return fail.text;
}

#define HEAD                                                                                      \
    "playbook {\n name = 'x', version = '1.0.0', owner = 'o', summary = 's', may_change = {},\n " \
    "changelog = { ['1.0.0'] = 'f' },\n"
#define MAIN "}\nfunction main() end\n"

static void bad_headers_say_what_and_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"function main() end", "playbook.lua:1: there is no header"},
        {"x = = 1", "playbook.lua:1: unexpected symbol near '='"},
        {"playbook 'x'", "playbook.lua:1: playbook takes a table"},
        {HEAD "}\nplaybook {}", "playbook.lua:5: playbook { ... } stands twice"},
        {HEAD "}\n", "playbook.lua:1: there is no function main(p)"},
        {HEAD "}\nmain = 5", "there is no function main(p)"},
        {"playbook { 'x' }\nfunction main() end", "playbook.lua:1: the header names its keys"},
        {HEAD " may_chnge = {},\n" MAIN,
         "playbook.lua:4: unknown key \"may_chnge\": did you mean may_change?"},
        {HEAD " colour = 'red',\n" MAIN,
         "playbook.lua:4: unknown key \"colour\": there are name, version"},
        {HEAD " exclusive = 5,\n" MAIN,
         "playbook.lua:4: exclusive is a text: exclusive = \"mx:{domain}\""},
        {HEAD " stale_after = '15 min',\n" MAIN, "playbook.lua:4: stale_after is a duration"},
        {HEAD " exclusive = 'mx:{domian}', params = { domain = param.domain 'd' },\n" MAIN,
         "playbook.lua:4: \"mx:{domian}\" names the param \"domian\", which there is none of: did "
         "you mean domain?"},
        {HEAD " exclusive = 'mx:{domain',\n" MAIN, "playbook.lua:4: \"mx:{domain\" opens a hole"},
        {HEAD " watch = { every = '1m' },\n" MAIN,
         "playbook.lua:4: watch needs a function detect(p)"},
        {HEAD " watch = { evry = '1m' },\n}\nfunction detect() end\nfunction main() end",
         "playbook.lua:4: unknown key \"evry\": did you mean every?"},
        {HEAD " watch = { every = 60 },\n}\nfunction detect() end\nfunction main() end",
         "playbook.lua:4: watch.every is a duration"},
        {HEAD " watch = { confirm = 0 },\n}\nfunction detect() end\nfunction main() end",
         "playbook.lua:4: watch.confirm is how many looks"},
        {HEAD " watch = { every = function() end },\n}\nfunction detect() end\nfunction main() end",
         "playbook.lua: watch.every: a function can't stand here"},
        {HEAD " budget = { acts = 0 },\n" MAIN,
         "playbook.lua:4: budget.acts is a whole number above zero"},
        {HEAD " budget = { act = 1 },\n" MAIN,
         "playbook.lua:4: unknown key \"act\": did you mean acts?"},
        {HEAD " followed_by = 'Mx Failback',\n" MAIN,
         "playbook.lua:4: followed_by \"Mx Failback\" must be the name of a playbook"},
        {HEAD " params = { domain = 'd' },\n" MAIN, "params.domain is not a param"},
        {HEAD " params = { domain = param.domain },\n" MAIN, "params.domain is not a param"},
        {HEAD " params = {\n  d = param.domian 'd' },\n" MAIN,
         "playbook.lua:5: there is no param.domian"},
        {HEAD " params = {\n  d = param.domain() },\n" MAIN,
         "playbook.lua:5: param.domain takes what it is for"},
        {HEAD " params = {\n  d = param.domain 'd' { defualt = 1 } },\n" MAIN,
         "playbook.lua:5: a param has no option \"defualt\""},
        {HEAD " params = {\n  d = param.list(5) 'd' },\n" MAIN,
         "playbook.lua:5: param.list takes a kind"},
        {HEAD " params = {\n\n  d = param.integer 'd' { default = 'x' } },\n" MAIN,
         "playbook.lua:6: the default of d: parameter d (d) takes a integer, not \"x\""},
        {HEAD " params = {\n  d = param.integer 'd' { default = 9, max = 5 } },\n" MAIN,
         "playbook.lua:5: the default of d"},
        {HEAD " params = {\n  d = param.domain 'd' { default = 'not a domain' } },\n" MAIN,
         "playbook.lua:5: the default of d"},
        {HEAD " params = {\n  d = param.duration 'd' { default = '5 m' } },\n" MAIN,
         "playbook.lua:5: the default of d: parameter d (d) takes a duration"},
        {HEAD " params = {\n  d = param.duration 'd' { min = 5 } },\n" MAIN,
         "playbook.lua:5: param d: min is a duration"},
        {HEAD " params = {\n  d = param.domain 'd' { min = 5 } },\n" MAIN,
         "playbook.lua:5: param d: a domain has no min"},
        {HEAD " params = {\n  d = param.choice 'd' },\n" MAIN,
         "playbook.lua:5: param d: a choice lists its texts"},
        {HEAD " params = {\n  d = param.choice 'd' { 'a', default = 'b' } },\n" MAIN,
         "playbook.lua:5: the default of d"},
        {HEAD " params = {\n  d = param.domain 'd' { 'a' } },\n" MAIN,
         "playbook.lua:5: param d: a domain takes options by name"},
        {HEAD " params = {\n  d = param.secret 'd' { default = 'hunter22' } },\n" MAIN,
         "playbook.lua:5: param d: a secret has no default"},
        {HEAD " params = {\n  d = param.host 'd' { from = 'domains[domain].x' } },\n" MAIN,
         "playbook.lua:5: \"domains[domain].x\" names the param \"domain\""},
        {HEAD " params = {\n  d = param.host 'd' { from = 5 } },\n" MAIN,
         "playbook.lua:5: param d: from is a path"},
        {HEAD " params = {\n  D = param.host 'd' },\n" MAIN,
         "playbook.lua:5: param \"D\" must be lower-case"},
        {"playbook { name = 'X Y', version = '1.0.0', owner = 'o', summary = 's', may_change = {}, "
         "changelog = { ['1.0.0'] = 'f' } }\nfunction main() end",
         "playbook.lua:1: name \"X Y\" must be lower-case"},
        {"playbook { name = 'x', version = '1.0', owner = 'o', summary = 's', may_change = {}, "
         "changelog = { ['1.0'] = 'f' } }\nfunction main() end",
         "playbook.lua:1: version \"1.0\" must be a semantic version"},
        {"playbook { name = 'x', version = '1.00.0', owner = 'o', summary = 's', may_change = {}, "
         "changelog = { ['1.00.0'] = 'f' } }\nfunction main() end",
         "must be a semantic version"},
        {"playbook { name = 'x', version = '1.0.1', owner = 'o', summary = 's', may_change = {}, "
         "changelog = { ['1.0.0'] = 'f' } }\nfunction main() end",
         "changelog has no line for version 1.0.1"},
        {"playbook { name = 'x', version = '1.0.0', owner = 'o', summary = 's', changelog = { "
         "['1.0.0'] = 'f' } }\nfunction main() end",
         "the header lacks may_change: may_change = { \"notify\" }"},
        {"playbook { name = 'x', version = '1.0.0', owner = '', summary = 's', may_change = {}, "
         "changelog = { ['1.0.0'] = 'f' } }\nfunction main() end",
         "owner is a text"},
        {"playbook { name = 'x', version = '1.0.0', owner = 'o', summary = 's', may_change = "
         "'notify', changelog = { ['1.0.0'] = 'f' } }\nfunction main() end",
         "may_change is a list of texts"},
        {"playbook { name = 'x', version = '1.0.0', owner = 'o', summary = 's', may_change = "
         "{\n'zone set' }, changelog = { ['1.0.0'] = 'f' } }\nfunction main() end",
         "playbook.lua:2: may_change \"zone set\" must be a verb"},
        {"playbook { name = 'x', version = '1.0.0', owner = 'o', summary = 's', may_change = { "
         "'notify',\n'zone.set:{x}' }, changelog = { ['1.0.0'] = 'f' } }\nfunction main() end",
         "playbook.lua:2: \"zone.set:{x}\" names the param \"x\""},
        {HEAD MAIN "\nnotify('x', 'y')", "playbook.lua:7: notify can't be called while the header "
                                         "is read: use it inside main or detect"},
        {HEAD MAIN "zone.set_mx('example.com', {})",
         "playbook.lua:6: zone.set_mx can't be called while the header is read"},
        {HEAD MAIN "local x = now() + 1", "playbook.lua:6: now can't be called"},
        {HEAD MAIN "io.open('/etc/passwd')", "playbook.lua:6: io.open can't be called"},
        {HEAD MAIN "while true do end", "playbook.lua:6: still computing"},
        {HEAD MAIN "while true do pcall(function() while true do end end) end",
         "playbook.lua:6: still computing"},
        {HEAD MAIN "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000):rep(1000) .. i end",
         "more than 128 MiB"},
        {HEAD MAIN "string.find(('a'):rep(26), ('a-'):rep(26) .. 'b')",
         "playbook.lua:6: this pattern takes too long"},
        {HEAD " params = setmetatable({}, {}),\n" MAIN,
         "playbook.lua:4: setmetatable can't be called"},
        {HEAD " exclusive = notify,\n" MAIN, "playbook.lua:4: exclusive is a text"},
    };
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        const char *said = read_error(cases[i].text);
        if (strstr(said, cases[i].said) == NULL)
            fail_msg("%s\n  said   %s\n  wanted %s", cases[i].text, said, cases[i].said);
        if (strncmp(said, "playbook.lua", 12) != 0)
            fail_msg("no file in: %s", said);
    }
}

/* DIR and name in one; valid until the fourth next call. */
static const char *in(const char *dir, const char *name)
{
    static char paths[4][300];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static void put(const char *dir, const char *name, const char *text, size_t len)
{
    FILE *file = fopen(in(dir, name), "wb");
    assert_non_null(file);
    fwrite(text, 1, len, file);
    fclose(file);
}

static void load_error(const char *typed, const char *const *search, const char *said)
{
    struct mu_bundle *bundle;
    struct mu_fail fail = {.text = "(no error)"};
    if (mu_bundle_load(typed, search, &bundle, &fail) == MU_OK)
        mu_bundle_free(bundle);
    if (strstr(fail.text, said) == NULL)
        fail_msg("%s: said %s, wanted %s", typed, fail.text, said);
}

static void folders_are_read_with_care(void **state)
{
    (void)state;
    char dir[] = "/tmp/muster-test-XXXXXX", folder[100], templates[120];
    struct mu_bundle *bundle;
    struct mu_header *header;
    struct mu_fail fail = {.text = ""};
    assert_non_null(mkdtemp(dir));
    snprintf(folder, sizeof folder, "%s/mx-failover", dir);
    snprintf(templates, sizeof templates, "%s/templates", folder);
    const char *search[] = {"/nonexistent", dir, NULL};
    load_error("mx-failover", search, "no playbook \"mx-failover\"");
    mkdir(folder, 0755);
    mkdir(templates, 0755);
    load_error("mx-failovr", search, "did you mean mx-failover?");
    load_error(folder, search, "playbook.lua");
    put(folder, "playbook.lua", good, strlen(good));
    put(templates, "a.md", "hello", 5);
    put(templates, "a.md~", "\xff", 1);
    put(templates, ".swp", "\xff", 1);
    if (mu_bundle_load("mx-failover", search, &bundle, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    assert_string_equal(mu_bundle_folder(bundle), folder);
    assert_non_null(mu_bundle_file(bundle, "templates/a.md", NULL));
    assert_null(mu_bundle_file(bundle, "templates/a.md~", NULL));
    assert_int_equal(mu_header_read(bundle, &header, &fail), MU_OK);
    mu_header_free(header);
    char one[MU_SHA256_HEX], two[MU_SHA256_HEX];
    mu_bundle_digest(bundle, one);
    mu_bundle_add(bundle, "templates/a.md", "hallo", 5);
    mu_bundle_digest(bundle, two);
    assert_string_not_equal(one, two);
    mu_bundle_free(bundle);
    put(templates, "b.md", "one\ntwo \xc0\xaf\n", 11);
    load_error(folder, search, "b.md:2: not UTF-8");
    put(templates, "b.md", "\033Lua", 4);
    load_error(folder, search, "compiled Lua");
    unlink(in(templates, "b.md"));
    assert_int_equal(symlink("/etc/passwd", in(templates, "b.md")), 0);
    load_error(folder, search, "b.md: it is a link");
    unlink(in(templates, "b.md"));
    assert_int_equal(mkfifo(in(templates, "b.md"), 0600), 0);
    load_error(folder, search, "not a regular file");
    unlink(in(templates, "b.md"));
    assert_int_equal(rename(folder, in(dir, "moved")), 0);
    assert_int_equal(mu_bundle_load(in(dir, "moved/playbook.lua"), NULL, &bundle, &fail), MU_OK);
    assert_int_equal(mu_header_read(bundle, &header, &fail), MU_USAGE);
    assert_string_equal(fail.text, "playbook.lua:2: name \"mx-failover\" differs from its folder "
                                   "\"moved\": rename one of them");
    mu_bundle_free(bundle);
    static const char *const left[] = {"moved/templates/a.md", "moved/templates/a.md~",
                                       "moved/templates/.swp", "moved/playbook.lua"};
    for (size_t i = 0; i < MU_COUNT(left); i++)
        unlink(in(dir, left[i]));
    rmdir(in(dir, "moved/templates"));
    rmdir(in(dir, "moved"));
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_header_is_read),
        cmocka_unit_test(bad_headers_say_what_and_where),
        cmocka_unit_test(folders_are_read_with_care),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
