/* SPDX-License-Identifier: MIT
 *
 * Texts of strangers lose what a terminal obeys, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/plain.h"

#define GONE "\xEF\xBF\xBD"

static const struct {
    const char *text, *line, *lines;
} texts[] = {
    {"plain \"text\" 100%", "plain \"text\" 100%", "plain \"text\" 100%"},
    {"Größe 日本 \U0001F600", "Größe 日本 \U0001F600", "Größe 日本 \U0001F600"},
    {"a\033[2Jb", "a" GONE "[2Jb", "a" GONE "[2Jb"},
    {"a\x07\x7f", "a" GONE GONE, "a" GONE GONE},
    {"a\nb\tc", "a b c", "a\nb\tc"},
    {"a\r\nb\rc", "a b c", "a\nbc"},
    {"\u202Egnp.exe", GONE "gnp.exe", GONE "gnp.exe"},
    {"\u200E\u200F\u061C\u2066\u2069\u2028\u2029", GONE GONE GONE GONE GONE GONE GONE,
     GONE GONE GONE GONE GONE GONE GONE},
    {"\xC2\x9B"
     "31m",
     GONE "31m", GONE "31m"},                         /* CSI as one character */
    {"\x9B\xFF\xC3", GONE GONE GONE, GONE GONE GONE}, /* no UTF-8 */
    {"\xEF\xBF\xBE|\xEF\xBF\xBF|\xEF\xBF\xBD", GONE "|" GONE "|" GONE, GONE "|" GONE "|" GONE},
    {"\xE0\x80\xBC|\xED\xA0\x80|\xF4\x90\x80\x80", /* "<" too long, a surrogate, behind the last */
     GONE GONE GONE "|" GONE GONE GONE "|" GONE GONE GONE GONE,
     GONE GONE GONE "|" GONE GONE GONE "|" GONE GONE GONE GONE},
    {"\U000E0041", GONE, GONE}, /* a tag */
    {"caf\u00E9", "caf\u00E9", "caf\u00E9"},
};

static void is_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(texts); i++) {
        struct mu_buf line = {0}, lines = {0};
        mu_plain(&line, texts[i].text, false);
        mu_plain(&lines, texts[i].text, true);
        assert_string_equal(mu_buf_text(&line), texts[i].line);
        assert_string_equal(mu_buf_text(&lines), texts[i].lines);
        mu_buf_free(&line);
        mu_buf_free(&lines);
    }
}

static void json_is_escaped(void **state)
{
    struct mu_buf out = {0};
    (void)state;
    mu_plain_json(&out, "{\"a\":\"\u202E\xC2\x9B\x7f\U000E0041\xEF\xBF\xBF Größe\"}");
    assert_string_equal(mu_buf_text(&out),
                        "{\"a\":\"\\u202E\\u009B\\u007F\\uDB40\\uDC41\\uFFFF Größe\"}");
    mu_buf_free(&out);
}

static void columns_are_counted(void **state)
{
    (void)state;
    assert_int_equal(mu_plain_columns("abc"), 3);
    assert_int_equal(mu_plain_columns("日本"), 4);
    assert_int_equal(mu_plain_columns("e\u0301"), 1);
    assert_int_equal(mu_plain_columns("Größe"), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_plain),
        cmocka_unit_test(json_is_escaped),
        cmocka_unit_test(columns_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
