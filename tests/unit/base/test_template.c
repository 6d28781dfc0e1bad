/* SPDX-License-Identifier: MIT
 *
 * base/template: what a template becomes, and that every mistake names file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/template.h"

static json_t *vars_of(const char *text)
{
    char *json = mu_xstrdup(text);
    for (char *p = json; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    json_t *vars = json_loads(json, 0, NULL);
    free(json);
    assert_non_null(vars);
    return vars;
}

static void becomes(const char *template, const char *vars_text, const char *expected)
{
    json_t *vars = vars_of(vars_text);
    struct mu_rendered rendered;
    struct mu_fail fail = {0};
    if (mu_template_render("t.md", template, strlen(template), vars, &rendered, &fail) != MU_OK)
        fail_msg("%s\n%s", template, fail.text);
    assert_string_equal(rendered.body, expected);
    mu_rendered_free(&rendered);
    json_decref(vars);
}

static void fails(const char *template, const char *vars_text, const char *expected)
{
    json_t *vars = vars_of(vars_text);
    struct mu_rendered rendered;
    struct mu_fail fail = {0};
    enum mu_err err =
        mu_template_render("t.md", template, strlen(template), vars, &rendered, &fail);
    assert_int_equal(err, MU_USAGE);
    if (strstr(fail.text, expected) == NULL)
        fail_msg("expected: %s\ngot:      %s", expected, fail.text);
    json_decref(vars);
}

static void values(void **state)
{
    (void)state;
    becomes("{{a}} {{ b.c }} {{n}} {{x}} {{t}}",
            "{'a': 'A', 'b': {'c': 'C'}, 'n': 7, 'x': 1.5, 't': true}", "A C 7 1.5 true");
    becomes("{{a}}", "{'a': '{{b}} {{#x}} <b>&'}", "{{b}} {{#x}} <b>&"); /* never parsed again */
    becomes("{{a}}|", "{'a': 'x\\u001b[2J\\u0007y\\r\\nz\\u007f'}", "x[2Jy\nz|");
    becomes("a } b }} { c\r\nd", "{}", "a } b }} { c\nd");
    fails("one\n{{nope}}", "{}", "t.md:2: {{nope}} is not given");
    fails("{{a.b.c}}", "{'a': {'b': 1}}", "t.md:1: {{a.b.c}} is not given");
    fails("{{a}}", "{'a': null}", "is not given");
    fails("{{a}}", "{'a': [1]}", "{{a}} is a list: name a field, or use {{#a}}");
}

static void sections(void **state)
{
    (void)state;
    becomes("{{#l}}{{.}},{{/l}}", "{'l': ['a', 'b', 3]}", "a,b,3,");
    becomes("{{#l}}{{host}}@{{zone}} {{/l}}",
            "{'l': [{'host': 'a'}, {'host': 'b', 'zone': 'y'}], 'zone': 'x'}", "a@x b@y ");
    becomes("{{#o}}{{p.q}}{{z}}{{/o}}", "{'o': {'p': {'q': 1}}, 'z': 2}", "12");
    becomes("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{'a': 0}", "yes"); /* as in Lua */
    static const char *const falsy[] = {"{}",        "{'a': null}", "{'a': false}",
                                        "{'a': ''}", "{'a': []}",   "{'a': {}}"};
    for (size_t i = 0; i < sizeof falsy / sizeof falsy[0]; i++)
        becomes("{{#a}}{{never.given}}{{/a}}{{^a}}no{{/a}}", falsy[i], "no");
    becomes("{{#a}}{{#b}}{{x}}{{/b}}{{/a}}",
            "{'a': [{'b': [{'x': 1}, {'x': 2}]}, {'b': [{'x': 3}]}]}", "123");
    /* a tag alone on its line leaves no line behind */
    becomes("one\n  {{#a}}  \ntwo\n{{/a}}\r\nthree\n{{! remark }}\nfour", "{'a': true}",
            "one\ntwo\nthree\nfour");
    becomes("{{#l}}\n- {{.}}\n{{/l}}\n", "{'l': ['x', 'y']}", "- x\n- y\n");
    becomes("a{{#l}}\n{{/l}}b", "{'l': true}", "a\nb");
}

static void filters(void **state)
{
    (void)state;
    becomes("{{t|time}} {{u | time}}", "{'t': 1795402267, 'u': '2026-11-23T02:51:07+01:00'}",
            "2026-11-23T02:51:07Z (03:51:07 CET) 2026-11-23T01:51:07Z (02:51:07 CET)");
    becomes("{{t|time}}", "{'t': 1795390200}", "2026-11-22T23:30:00Z (2026-11-23 00:30:00 CET)");
    becomes("{{d|duration}} {{e|duration}} {{f|duration}}", "{'d': 362, 'e': '15m', 'f': 0.5}",
            "6m02s 15m 500ms");
    becomes("{{a|duration}} {{b|duration}} {{c|duration}}",
            "{'a': '20m38s', 'b': '2d3h', 'c': '6m02s'}", "20m38s 2d3h 6m02s");
    fails("{{t|duration}}", "{'t': '38s20m'}", "the filter \"duration\" takes");
    fails("{{t|duration}}", "{'t': '20m soon'}", "the filter \"duration\" takes");
    fails("{{t|duration}}", "{'t': '20m20m'}", "the filter \"duration\" takes");
    fails("{{t|duration}}", "{'t': ''}", "the filter \"duration\" takes");
    becomes("{{v|upper}} {{d|duration|upper}}", "{'v': 'down \\u00e9', 'd': 60}",
            "DOWN \xc3\xa9 1M");
    fails("\n\n{{t|time}}", "{'t': 'yesterday'}",
          "t.md:3: {{t}}: the filter \"time\" takes unix seconds");
    fails("{{t|time}}", "{'t': 1795402267000}", "takes unix seconds");
    fails("{{t|duration}}", "{'t': '99999999999999999999d'}", "the filter \"duration\" takes");
    fails("{{t|tiem}}", "{'t': 1}", "there is no filter \"tiem\"; did you mean \"time\"?");
    fails("{{t|}}x{{t||upper}}", "{'t': 1}", "there is no filter \"\"");
}

static void mistakes_of_form(void **state)
{
    (void)state;
    fails("a\n{{#x}}\n{{#y}}\n{{/x}}", "{}", "t.md:4: {{/x}} does not close {{#y}} of line 3");
    fails("a\n{{^x}}b", "{}", "t.md:2: {{^x}} is never closed");
    fails("{{/x}}", "{}", "t.md:1: {{/x}} closes nothing");
    fails("a {{x", "{'x': 1}", "t.md:1: this {{ has no }} on its line");
    fails("{{x\n}}", "{'x': 1}", "has no }}");
    fails("{{}}", "{}", "expected a name");
    fails("{{{x}}}", "{'x': 1}", "expected a name");
    fails("{{>x}}", "{'x': 1}", "expected a name");
    fails("{{a..b}}", "{}", "expected a name");
    fails("{{#a|upper}}{{/a}}", "{}", "a section takes no filter");
    fails("", "{}", "has no text");
    struct mu_buf deep = {0};
    for (int i = 0; i < 40; i++)
        mu_buf_adds(&deep, "{{#x}}");
    fails(mu_buf_text(&deep), "{}", "nested deeper than 32");
    mu_buf_reset(&deep);
    for (int i = 0; i < 5000; i++)
        mu_buf_adds(&deep, "{{x}}");
    fails(mu_buf_text(&deep), "{'x': 1}", "more than 4096 tags");
    mu_buf_free(&deep);
}

static void size_is_bounded(void **state)
{
    (void)state;
    json_t *list = json_array(), *vars = json_pack("{s:o}", "l", list);
    for (int i = 0; i < 1000; i++)
        json_array_append_new(list, json_integer(i));
    struct mu_rendered rendered;
    struct mu_fail fail;
    const char bomb[] = "{{#l}}{{#l}}{{#l}}xxxxxxxxxx{{/l}}{{/l}}{{/l}}";
    assert_int_equal(mu_template_render("t.md", bomb, strlen(bomb), vars, &rendered, &fail),
                     MU_USAGE);
    assert_non_null(strstr(fail.text, "longer than"));
    json_decref(vars);
}

static void heads(void **state)
{
    (void)state;
    static const char template[] = "Subject: {{what}} fails\npriority: {{p}}\n\nBody: {{what}}\n";
    json_t *vars = vars_of("{'what': 'mail\\r\\nBcc: all@example.com\\n\\nx', 'p': 'high'}");
    struct mu_rendered rendered;
    struct mu_fail fail;
    assert_int_equal(mu_template_render("t.md", template, strlen(template), vars, &rendered, &fail),
                     MU_OK);
    assert_string_equal(rendered.subject, "mail Bcc: all@example.com  x fails");
    assert_int_equal(rendered.priority, MU_PRIORITY_HIGH);
    assert_string_equal(rendered.body, "Body: mail\nBcc: all@example.com\n\nx\n");
    mu_rendered_free(&rendered);
    json_decref(vars);
    becomes("Note: this is no head\n\nx", "{}", "Note: this is no head\n\nx");
    becomes("\nSubject: nor is this", "{}", "\nSubject: nor is this");
    fails("Subject: x\nbody", "{}", "t.md:2: a blank line must stand between");
    fails("Subjet: x\n\nbody", "{}", "t.md:1: unknown head line; did you mean \"Subject:\"?");
    fails("Subject: x\nPriority: urgent\n\nbody", "{}",
          "Priority is \"urgent\": write low, normal or high");
    fails("Subject: x\nSubject: y\n\nbody", "{}", "t.md:2: Subject is given twice");
    fails("Subject: x\n\n", "{}", "has no text");
    fails("Subject: {{#x}}\n\nbody {{/x}}", "{}", "t.md:1: {{#x}} is never closed");
    fails("Subject: x\n\nbody\n{{y}}", "{}", "t.md:4: {{y}} is not given");
}

static bool note_tag(enum mu_template_tag tag, const char *path, int line, void *ud)
{
    mu_buf_addf(ud, "%c%s %d;", "=#^/"[tag], path, line);
    return strcmp(path, "stop") != 0;
}

static void tags_are_listed(void **state)
{
    (void)state;
    static const char template[] =
        "Subject: {{s}}\n\n{{a.b|upper}}{{#l}}\n{{x}}{{.}}{{#y}}{{/y}}{{/l}}{{^m}}{{z}}{{/m}}{{! "
        "no }}"
        "{{b}}{{stop}}{{c}}";
    struct mu_buf found = {0};
    struct mu_fail fail;
    assert_int_equal(
        mu_template_each_tag("t.md", template, strlen(template), note_tag, &found, &fail), MU_OK);
    assert_string_equal(mu_buf_text(&found),
                        "=s 1;=a.b 3;#l 3;=x 4;=. 4;#y 4;/ 4;/ 4;^m 4;=z 4;/ 4;=b 4;=stop 4;");
    mu_buf_free(&found);
    assert_int_equal(mu_template_each_tag("t.md", "{{#x}}", 6, note_tag, NULL, &fail), MU_USAGE);
}

int main(void)
{
    setenv("TZ", "CET-1", 1); /* a fixed zone that needs no zone files */
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),          cmocka_unit_test(sections),
        cmocka_unit_test(filters),         cmocka_unit_test(mistakes_of_form),
        cmocka_unit_test(size_is_bounded), cmocka_unit_test(heads),
        cmocka_unit_test(tags_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
