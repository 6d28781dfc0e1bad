/* SPDX-License-Identifier: MIT
 *
 * The linter: what is wrong is said once, with file, line and column; what is right is not said. */
#include "words.h"

#include "base/buf.h"
#include "playbook/lexer.h"

/* What these small texts are full of; it has cases of its own in tests/check/. */
static bool is_beside(const char *rule)
{
    static const char *const beside[] = {"unused-param", "unused-local", "answer-ignored",
                                         "extra-argument", "shadowed-word"};
    for (size_t i = 0; i < MU_COUNT(beside); i++)
        if (strcmp(beside[i], rule) == 0)
            return true;
    return false;
}

static int errors_said; /* by the linter's last call, of the rules that are not beside */

static void add_problem(const struct mu_problem *problem, void *ud)
{
    if (is_beside(problem->rule))
        return;
    errors_said += problem->error;
    mu_buf_addf(ud, "%s%s:%d:%d: %s%s%s%s\n", problem->error ? "" : "warning ", problem->file,
                problem->line, problem->column, problem->what, problem->mend ? " (" : "",
                problem->mend ? problem->mend : "", problem->mend ? ")" : "");
}

/* What the linter says, one problem a line. */
static char *lint(struct mu_bundle *bundle, int *errors)
{
    struct mu_buf said = {0};
    errors_said = 0;
    (void)!mu_check(bundle, &test_words, NULL, add_problem, &said);
    *errors = errors_said;
    mu_bundle_free(bundle);
    return mu_buf_take(&said);
}

struct bad {
    const char *text;
    const char *said; /* all of it; NULL: nothing */
};

static void check_all(const struct bad *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int errors, wanted = 0;
        char *said = lint(bundle_of(cases[i].text), &errors);
        for (const char *p = said; (p = strchr(p, '\n')) != NULL; p++)
            wanted++;
        if (strcmp(said, cases[i].said ? cases[i].said : "") != 0)
            fail_msg("%s\n  said   %s  wanted %s", cases[i].text, said,
                     cases[i].said ? cases[i].said : "nothing");
        for (const char *p = said; (p = strstr(p, "warning ")) != NULL; p++)
            wanted--;
        assert_int_equal(errors, wanted);
        free(said);
    }
}

#define MAIN(may_change, body) HEADER_WITH(may_change) "function main(p)\n" body "\nend\n"

static void text_and_header(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"\033Lua", "playbook.lua:1:1: compiled Lua: playbooks are text (keep the source, so that "
                    "people can read what will run)\n"},
        {"-- \xff\n", "playbook.lua:1:1: not UTF-8 text (save it as UTF-8)\n"},
        {"function main() end end", "playbook.lua:1:24: <eof> expected near 'end'\n"},
        {"\n\nx = = 1", "playbook.lua:3:5: unexpected symbol near '='\n"},
        {MAIN("", "finish('done')"), NULL},
    };
    check_all(cases, MU_COUNT(cases));
}

static void globals(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {MAIN("", "  stpe 'x'"), "playbook.lua:3:3: unknown name \"stpe\" (did you mean step?)\n"},
        {MAIN("", "  local n = 1\n  finsh('x', n)"),
         "playbook.lua:4:3: unknown name \"finsh\" (did you mean finish?)\n"},
        {MAIN("", "  for i, v in iparis({}) do step(v) end"),
         "playbook.lua:3:15: unknown name \"iparis\" (did you mean ipairs?)\n"},
        {MAIN("", "  os.execute('x')"),
         "playbook.lua:3:3: unknown name \"os\" (now() and started() are the time; a playbook has "
         "no files and no environment)\n"},
        {MAIN("", "  count = 1"), "playbook.lua:3:3: assignment to the unknown name \"count\" "
                                  "inside a function (write local in front of it)\n"},
        {HEADER_WITH("") "limit = 5\nfunction main() step(limit) end", NULL},
        {HEADER_WITH("") "local limit = 5\nlocal function helper(notify) return notify.x, limit "
                         "end\nfunction main() step(helper {}) end",
         NULL},
        {HEADER_WITH("") "step = nil\nfunction main() end",
         "playbook.lua:2:1: \"step\" is a word of the language and is assigned (choose "
         "another name)\n"},
        {MAIN("", "  local e = _ENV"), "playbook.lua:3:13: _ENV is used "
                                       "(name things directly)\n"},
        {MAIN("", "  local t = { stpe = 1 } return t.stpe, t:stpe()"), NULL},
        {MAIN("", "  this_is_a_global_with_a_name_longer_than_forty_octets()"),
         "playbook.lua:3:3: unknown name \"this_is_a_global_with_a_name_longer_than_forty_octets\" "
         "(declare it with local, or correct the name)\n"},
    };
    check_all(cases, MU_COUNT(cases));
}

static void verbs(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {MAIN("", "  local a = dns.mx(p.domain)\n  local b = mail.inbound(p.domain) step(a, b)"),
         NULL},
        {MAIN("", "  dns.mxx(p.domain)"),
         "playbook.lua:3:3: unknown verb dns.mxx (did you mean dns.mx?)\n"},
        {MAIN("'zone.set_mx:{domain}'", "  zone.setmx(p.domain, {})"),
         "warning playbook.lua:1:123: no call needs \"zone.set_mx:{domain}\" of may_change (remove "
         "it)\n"
         "playbook.lua:3:3: unknown verb zone.setmx (did you mean zone.set_mx?)\n"},
        {MAIN("", "  zone.set_mx(p.domain, {})"),
         "playbook.lua:3:3: zone.set_mx on {domain} changes something that may_change does not name "
         "(add \"zone.set_mx:{domain}\" to may_change, or leave the call out)\n"},
        {MAIN("", "  zone.set_mx('example.com', {})"),
         "playbook.lua:3:3: zone.set_mx on example.com changes something that may_change does not "
         "name (add \"zone.set_mx:example.com\" to may_change, or leave "
         "the call out)\n"},
        {MAIN("'zone.set_mx:example.org'",
              "  zone.set_mx('example.org', {}) zone.set_mx('example.com', {})"),
         "playbook.lua:3:34: zone.set_mx on example.com changes something that may_change does not "
         "name (add \"zone.set_mx:example.com\" to may_change, or "
         "leave the call out)\n"},
        {MAIN("'zone.*:{domain}'", "  zone.set_mx(p.domain, {}) zone.set(p.domain, {})"), NULL},
        {MAIN("'zone.*'", "  zone.set_mx(p.domain, {}) zone.set(p.domain, {})"),
         "warning playbook.lua:1:123: \"zone.*\" of may_change allows any target, and each call "
         "has "
         "the parameter domain (write \"zone.*:{domain}\")\n"},
        {MAIN("'zone.set_mx:{domain}'", "  zone.set_mx(p.domain, {})"), NULL},
        {MAIN("'zone.set_mx:{domain}'", "  undo('back', zone.set_mx, p.domain)"), NULL},
        {MAIN("", "  undo('back', zone.set_mx, p.domain)"), NULL},
        {MAIN("'zone.set'", "  step 'x'"),
         "warning playbook.lua:1:123: no call needs \"zone.set\" of may_change (remove it)\n"},
        {MAIN("", "  local zone = { set_mx = step } zone.set_mx('x')"), NULL},
    };
    check_all(cases, MU_COUNT(cases));
}

static void gates(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {MAIN("", "  approve { 'Move it?', by = 'lead', deadline = '10m' }"), NULL},
        {MAIN("", "  approve { 'Move it?', by = 'lead' }"),
         "warning playbook.lua:3:3: approve has no deadline (add deadline = "
         "\"10m\", and then_ask for who is asked next)\n"},
        {MAIN("", "  approve({ 'Move it?', show = { deadline = 1 }, deadline = '1m' })"),
         "playbook.lua:3:3: approve does not say who may answer (add by = \"incident-lead\" (a "
         "person or a team))\n"},
        {MAIN("", "  ask { 'Which?', by = 'lead', deadline = '1m', choices = { 'a', 'b' } }"),
         NULL},
        {MAIN("", "  todo { 'Call', by = 'lead', deadlin = '1m' }"),
         "warning playbook.lua:3:3: todo has no deadline (add deadline = \"10m\", and then_ask for "
         "who is asked next)\n"
         "playbook.lua:3:31: todo has no option \"deadlin\" (did you mean deadline?)\n"},
        {MAIN("", "  ask { 'Which?', by = 'lead', deadline = '1m', quorum = 2 }"),
         "playbook.lua:3:49: ask has no option \"quorum\" (it takes by, deadline, then_ask, "
         "remind, "
         "show, choices, default)\n"},
        {MAIN("", "  approve { 'Go?', by = 'lead', then_ask = 'duty' }"),
         "playbook.lua:3:3: approve has a then_ask and no deadline (add "
         "deadline = \"10m\")\n"},
        {MAIN("", "  local o = {} approve(o)"), NULL},
    };
    check_all(cases, MU_COUNT(cases));
}

static void templates(void **state)
{
    (void)state;
    static const struct {
        const char *body, *template, *said;
    } cases[] = {
        {"notify('all', 'down', { host = 1, why = 2 })",
         "{{host}}: {{why}}{{#more}} {{.}}{{/more}}", ""},
        {"notify('all', 'down', { host = 1, wyh = 2 })", "{{host}}: {{why}}",
         "playbook.lua:3:15: templates/down.md needs {{why}}, which this call does not pass (is it "
         "the \"wyh\" that the call passes?)\n"},
        {"notify('all', 'down')", "{{host}}",
         "playbook.lua:3:15: templates/down.md needs {{host}}, which this call does not pass (pass "
         "host = ... in the call)\n"},
        {"local v = {} notify('all', 'down', v)", "{{host}}",
         "playbook.lua:3:28: templates/down.md needs {{host}}, which this call does not pass (pass "
         "host = ... in the call)\n"},
        {"local v = {} v.host = 1 notify('all', 'down', v)", "{{host}}", ""},
        {"notify('all', 'dwon', {})", "x",
         "warning templates/down.md:1:1: this template is not used (remove it, or send it)\n"},
        {"local name = 'down' notify('all', name, {})", "x", ""},
        {"escalate('ladder', 'down', { host = 1 })", "{{#host}}", "templates/down.md:1:1: "},
        {"notify('all', 'down', { ['host'] = function(a, b) return a, b end, why = { host = 1 } })",
         "{{host}} {{why}}", ""},
    };
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        int errors;
        char text[1000];
        snprintf(text, sizeof text,
                 HEADER_WITH("'notify', 'page'") "function main(p)\n%s page('x', 'down', p)\n "
                                                 "notify('x', 'down', p) end\n",
                 cases[i].body);
        if (strstr(cases[i].said, "is not used"))
            snprintf(text, sizeof text, HEADER_WITH("'notify'") "function main(p)\n%s\nend\n",
                     cases[i].body);
        struct mu_bundle *bundle = bundle_of(text);
        mu_bundle_add(bundle, "templates/down.md", cases[i].template, strlen(cases[i].template));
        char *said = lint(bundle, &errors);
        if (cases[i].said[0] ? strstr(said, cases[i].said) == NULL : said[0] != '\0')
            fail_msg("%s\n  said   %s  wanted %s", cases[i].body, said, cases[i].said);
        free(said);
    }
}

static void a_missing_template_has_a_neighbour(void **state)
{
    (void)state;
    int errors;
    struct mu_bundle *bundle =
        bundle_of(MAIN("'notify'", "notify('a', 'dwon', {}) notify('a', 'down', {})"));
    mu_bundle_add(bundle, "templates/down.md", "x", 1);
    char *said = lint(bundle, &errors);
    assert_string_equal(
        said,
        "playbook.lua:3:13: there is no template templates/dwon.md (did you mean \"down\"?)\n");
    free(said);
}

static const char sample[] =
    MAIN("'notify'", "  if p.x then notify('a', \"b\\n\", { k = [[v]] }) end\n  for i = 1, 3 do "
                     "step('x' .. i) end -- [[ c ]]\n"
                     "  goto done\n  ::done::\n  local a <const> = 0x1p-3 .. 1.5e+3");

/* Whatever the octets are, nothing is read outside of them. */
static void damaged_texts_are_survived(void **state)
{
    (void)state;
    uint64_t dice = 88172645463325252u;
    for (int i = 0; i < 1500; i++) {
        char *text =
            malloc(sizeof sample); /* exactly its size, so that ASan sees any step too far */
        memcpy(text, sample, sizeof sample);
        size_t len = sizeof sample - 1;
        for (int hits = 0; hits < 4; hits++) {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            text[dice % len] = "{}()[]'\"\\=-\n\0enda"[dice >> 32 & 15];
        }
        struct mu_tokens tokens;
        size_t cut = i % 2 ? len : dice % len;
        char *exact = malloc(cut ? cut : 1);
        memcpy(exact, text, cut);
        mu_lex(exact, cut, &tokens);
        for (size_t k = 0; k < tokens.count; k++) {
            struct mu_places places = {0};
            free(mu_token_string(&tokens.items[k]));
            (void)mu_token_close(&tokens, k);
            if (k % 16 == 0 && mu_token_is(&tokens.items[k], "{"))
                mu_places_of_table(&tokens, k, "", &places);
            mu_places_free(&places);
        }
        mu_tokens_free(&tokens);
        struct mu_bundle *bundle = mu_bundle_new();
        mu_bundle_add(bundle, "playbook.lua", exact, cut);
        mu_check(bundle, &test_words, NULL, NULL, NULL);
        mu_bundle_free(bundle);
        free(exact);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_header),
        cmocka_unit_test(globals),
        cmocka_unit_test(verbs),
        cmocka_unit_test(gates),
        cmocka_unit_test(templates),
        cmocka_unit_test(a_missing_template_has_a_neighbour),
        cmocka_unit_test(damaged_texts_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
