/* SPDX-License-Identifier: MIT
 *
 * Options and words of usage lines. */
#include "cli/usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cli/cli.h"

/* "--list --item=N|TITLE --html?=FILE", then " / " and the words. */
static const char *said(const char *usage, struct mu_buf *out)
{
    struct usage_option option;
    char word[80];
    bool repeats;
    mu_buf_reset(out);
    for (size_t n = 0; usage_option(usage, n, &option); n++)
        mu_buf_addf(out, "%s%s%s%s ", option.name, option.may_be_alone ? "?" : "",
                    option.value[0] ? "=" : "", option.value);
    mu_buf_adds(out, "/");
    for (size_t n = 0; usage_word(usage, n, word, &repeats); n++)
        mu_buf_addf(out, " %s%s", word, repeats ? "..." : "");
    return mu_buf_text(out);
}

static void options_and_words(void **state)
{
    (void)state;
    static const struct {
        const char *usage, *said;
    } cases[] = {
        {"version", "/"},
        {"undo RUN [--list] [--item N|TITLE] [--detach|--wait]",
         "--list --item=N|TITLE --detach --wait / RUN"},
        {"runs [--state running|parked] [--limit N]", "--state=running|parked --limit=N /"},
        {"report [RUN|INC-n] [--md | --html [FILE] | --json]",
         "--md --html?=FILE --json / RUN|INC-n"},
        {"freeze [ZONE|--all] [--reason TEXT]", "--all --reason=TEXT / ZONE"},
        {"decide RUN [ACT] [retry|skip|--result JSON] --reason TEXT",
         "--result=JSON --reason=TEXT / RUN ACT retry|skip"},
        {"lab [up | break HOST [HOW] | demo [--yes]] [--dir DIR]",
         "--yes --dir=DIR / up break HOST HOW demo"},
        {"check PLAYBOOK ... [--json]", "--json / PLAYBOOK..."},
        {"run PLAYBOOK [key=value ...]", "/ PLAYBOOK key=value..."},
        {"export RUN --to FILE.tar.gz", "--to=FILE.tar.gz / RUN"},
    };
    struct mu_buf out = {0};
    for (size_t i = 0; i < MU_COUNT(cases); i++)
        assert_string_equal(said(cases[i].usage, &out), cases[i].said);
    mu_buf_free(&out);
}

static void alternatives(void **state)
{
    (void)state;
    char one[80];
    assert_true(usage_alternative("CODE|RUN", 0, one));
    assert_string_equal(one, "CODE");
    assert_true(usage_alternative("CODE|RUN", 1, one));
    assert_string_equal(one, "RUN");
    assert_false(usage_alternative("CODE|RUN", 2, one));
}

/* A line that can't be read has words in it that nobody types. */
static bool every_line_is_read(const struct mu_command *command, void *ud)
{
    (void)ud;
    struct usage_option option;
    char word[80];
    bool repeats;
    for (size_t n = 0; usage_option(command->usage, n, &option); n++)
        assert_true(n < 16 && strlen(option.name) > 2);
    for (size_t n = 0; usage_word(command->usage, n, word, &repeats); n++)
        assert_true(n < 16 && strpbrk(word, "[]") == NULL && strlen(word) < 79);
    assert_int_equal(strncmp(command->usage, command->name, strlen(command->name)), 0);
    return true;
}

static void lines_of_all_commands(void **state)
{
    (void)state;
    mu_command_each(every_line_is_read, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words),
        cmocka_unit_test(alternatives),
        cmocka_unit_test(lines_of_all_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
