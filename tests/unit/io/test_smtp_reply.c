/* SPDX-License-Identifier: MIT
 *
 * The SMTP reply parser, row by row: RFC 5321 4.2, RFC 2034, and what real servers send instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "io/smtp_reply.h"

static const struct {
    const char *bytes;
    int code; /* 0 = not a reply */
    const char *enhanced, *text;
} rows[] = {
    {"250 OK\r\n", 250, "", "OK"},
    {"250\r\n", 250, "", ""},
    {"250 \r\n", 250, "", ""},
    {"250 OK\n", 250, "", "OK"}, /* bare LF */
    {"250 OK", 250, "", "OK"},   /* the end of the bytes is a line end */
    {"250-a\r\n250-b\r\n250 c\r\n", 250, "", "a\nb\nc"},
    {"250-a\n250\n", 250, "", "a\n"},
    {"550 5.1.1 no such user\r\n", 550, "5.1.1", "no such user"},
    {"550-5.7.1 one\r\n550 5.7.1 two\r\n", 550, "5.7.1", "one\ntwo"},
    {"550-5.7.1 one\r\n550 two\r\n", 550, "5.7.1", "one\ntwo"},
    {"451 4.7.651 slow down\r\n", 451, "4.7.651", "slow down"},
    {"250 2.1.5\r\n", 250, "2.1.5", ""},
    {"571 5.7.1 denied\r\n", 571, "5.7.1", "denied"}, /* Exchange */
    {"550 4.1.1 wrong class\r\n", 550, "", "4.1.1 wrong class"},
    {"250 2.1.5555 long\r\n", 250, "", "2.1.5555 long"},
    {"250 2.1 short\r\n", 250, "", "2.1 short"},
    {"250 2.1.5x\r\n", 250, "", "2.1.5x"},
    {"354 3.0.0 go on\r\n", 354, "", "3.0.0 go on"}, /* RFC 3463: only 2, 4 and 5 */
    {"250 tab\there\r\n", 250, "", "tab\there"},
    {"250 \x1b[2Jgone\x7f\r\n", 250, "", "?[2Jgone?"}, /* terminals are not for strangers */
    {"250 gr\xc3\xbc\xc3\x9f"
     "e\r\n",
     250, "",
     "gr\xc3\xbc\xc3\x9f"
     "e"},
    {"", 0, "", ""},
    {"\r\n", 0, "", ""},
    {"250-a\r\n", 0, "", ""},          /* unfinished */
    {"250-a\r\n251 b\r\n", 0, "", ""}, /* two codes */
    {"250 a\r\n250 b\r\n", 0, "", ""}, /* two replies */
    {"250x a\r\n", 0, "", ""},
    {"25 a\r\n", 0, "", ""},
    {"2500 a\r\n", 0, "", ""},
    {"150 a\r\n", 0, "", ""},
    {"650 a\r\n", 0, "", ""},
    {" 250 a\r\n", 0, "", ""},
    {"+OK POP3 ready\r\n", 0, "", ""},
    {"HTTP/1.1 400 Bad Request\r\n", 0, "", ""},
    {"SSH-2.0-OpenSSH_9.2\r\n", 0, "", ""},
};

static void parses_replies(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        struct mu_smtp_reply reply = {0};
        bool is = mu_smtp_reply_parse(rows[i].bytes, strlen(rows[i].bytes), &reply);
        if (is != (rows[i].code != 0) || reply.code != rows[i].code)
            fail_msg("%s: code %d", rows[i].bytes, reply.code);
        assert_string_equal(reply.enhanced, rows[i].enhanced);
        assert_string_equal(reply.text, rows[i].text);
    }
}

static void takes_a_nul(void **state)
{
    (void)state;
    struct mu_smtp_reply reply;
    assert_true(mu_smtp_reply_parse("250 a\0b\r\n", 9, &reply));
    assert_string_equal(reply.text, "a?b");
}

/* `prefix` and so many x, as one line. */
static char *long_line(const char *prefix, size_t len)
{
    char *line = mu_xcalloc(len + 3, 1);
    memset(line, 'x', len);
    memcpy(line, prefix, strlen(prefix));
    memcpy(line + len, "\r\n", 2);
    return line;
}

static void bounds_lines_and_replies(void **state)
{
    (void)state;
    struct mu_smtp_reply reply;
    char *line = long_line("250 ", MU_LIMIT_SMTP_LINE - 2);
    assert_true(mu_smtp_reply_parse(line, strlen(line), &reply));
    assert_int_equal(strlen(reply.text), sizeof reply.text - 1); /* cut */
    free(line);
    line = long_line("250 ", MU_LIMIT_SMTP_LINE);
    assert_false(mu_smtp_reply_parse(line, strlen(line), &reply));
    free(line);

    struct mu_smtp_reader reader = {0};
    line = long_line("250-", 1000);
    enum mu_smtp_got got = MU_SMTP_MORE;
    for (int i = 0; i < 20 && got == MU_SMTP_MORE; i++)
        got = mu_smtp_reader_line(&reader, line, strlen(line));
    assert_int_equal(got, MU_SMTP_BROKEN);
    assert_string_equal(reader.fault, "a reply of more than 16 KiB");
    mu_smtp_reader_free(&reader);
    free(line);
}

/* Every prefix and every one-byte change of good replies: no crash, no read beyond the end (ASan).
 */
static void survives_changed_bytes(void **state)
{
    (void)state;
    struct mu_smtp_reply reply;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        size_t len = strlen(rows[i].bytes);
        for (size_t at = 0; at < len; at++) {
            char *bytes = mu_xcalloc(1, len - at + (len == at));
            memcpy(bytes, rows[i].bytes, len - at);
            mu_smtp_reply_parse(bytes, len - at, &reply);
            for (int value = 0; value < 256; value += 5) {
                bytes[(len - at) / 2] = (char)value;
                mu_smtp_reply_parse(bytes, len - at, &reply);
            }
            free(bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_replies),
        cmocka_unit_test(takes_a_nul),
        cmocka_unit_test(bounds_lines_and_replies),
        cmocka_unit_test(survives_changed_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
