/* SPDX-License-Identifier: MIT
 *
 * Names and addresses as people type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/name.h"

typedef enum mu_err normaliser(const char *, char *, struct mu_fail *);

static const struct {
    normaliser *normalise;
    const char *typed, *want, *why; /* want NULL: refused, and `why` is in the reason */
} names[] = {
    {mu_name_domain, "Example.COM.", "example.com", NULL},
    {mu_name_domain, "Bücher.example", "xn--bcher-kva.example", NULL},
    {mu_name_domain, "straße.example", "xn--strae-oqa.example",
     NULL}, /* not "strasse": non-transitional */
    {mu_name_domain, "ＥＸＡＭＰＬＥ。com", "example.com", NULL}, /* full width, ideographic dot */
    {mu_name_domain, "xn--ls8h.la", "xn--ls8h.la", NULL}, /* exists, though IDNA2008 would not */
    {mu_name_domain, "1e100.net", "1e100.net", NULL},
    {mu_name_domain, "localhost", NULL, "one label"},
    {mu_name_domain, "", NULL, "empty"},
    {mu_name_domain, ".", NULL, "empty label"},
    {mu_name_domain, "a..b", NULL, "empty label"},
    {mu_name_domain, "example.com..", NULL, "empty label"},
    {mu_name_domain, "https://example.com", NULL, "URL"},
    {mu_name_domain, "ana@example.com", NULL, "mail address"},
    {mu_name_domain, "example.com:25", NULL, "port"},
    {mu_name_domain, "192.0.2.1", NULL, "IP address"},
    {mu_name_domain, "2001:db8::1", NULL, "IP address"},
    {mu_name_domain, "192.0.2", NULL, "number"},
    {mu_name_domain, "foo bar.com", NULL, "space"},
    {mu_name_domain, "foo\nbar.com", NULL, "control"},
    {mu_name_domain, "_dmarc.example.com", NULL, "'_'"},
    {mu_name_domain, "exa$mple.com", NULL, "'$'"},
    {mu_name_domain, "-a.example.com", NULL, "'-'"},
    {mu_name_domain, "a-.example.com", NULL, "'-'"},
    {mu_name_domain, "\xff\xfe.com", NULL, "IDNA2008"},
    {mu_name_domain, "💩.la", NULL, "xn--"},
    {mu_name_host, "LOCALHOST", "localhost", NULL},
    {mu_name_host, "mx1.example.net.", "mx1.example.net", NULL},
    {mu_name_host, "12345", NULL, "number"},
    {mu_name_owner, "_DMARC.example.com", "_dmarc.example.com", NULL},
    {mu_name_owner, "*.example.com", "*.example.com", NULL},
    {mu_name_owner, "_25._tcp.mx1.example.com", "_25._tcp.mx1.example.com", NULL},
    {mu_name_owner, "a.*.example.com", NULL, "'*'"},
    {mu_name_mailbox, "Ana.Ruiz@Example.COM", "Ana.Ruiz@example.com", NULL},
    {mu_name_mailbox, "\"a b\\\"c\"@example.com", "\"a b\\\"c\"@example.com", NULL},
    {mu_name_mailbox, "root@localhost", "root@localhost", NULL},
    {mu_name_mailbox, "a@b@example.com", NULL, "before the @"},
    {mu_name_mailbox, ".a@example.com", NULL, "before the @"},
    {mu_name_mailbox, "a..b@example.com", NULL, "before the @"},
    {mu_name_mailbox, "@example.com", NULL, "before the @"},
    {mu_name_mailbox, "\"a\"b\"@example.com", NULL, "before the @"},
    {mu_name_mailbox, "\"a\\\"@example.com", NULL, "before the @"},
    {mu_name_mailbox, "a\r\nRCPT TO:<b>@example.com", NULL, "before the @"},
    {mu_name_mailbox, "example.com", NULL, "no @"},
};

static void names_become_one_form_or_say_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(names); i++) {
        char out[320 + MU_NAME_TEXT] = "";
        struct mu_fail fail = {0};
        enum mu_err err = names[i].normalise(names[i].typed, out, &fail);
        if (names[i].want != NULL) {
            if (err != MU_OK)
                print_message("%s: %s\n", names[i].typed, fail.text);
            assert_int_equal(err, MU_OK);
            assert_string_equal(out, names[i].want);
        } else {
            if (err != MU_USAGE || strstr(fail.text, names[i].why) == NULL)
                print_message("%s: %s\n", names[i].typed, fail.text);
            assert_int_equal(err, MU_USAGE);
            assert_non_null(strstr(fail.text, names[i].why));
        }
    }
}

static void lengths_are_those_of_rfc_1035(void **state)
{
    (void)state;
    char name[300], out[MU_NAME_TEXT];
    struct mu_fail fail;
    memset(name, 'a', sizeof name);
    memcpy(name + 63, ".com", 5);
    assert_int_equal(mu_name_domain(name, out, &fail), MU_OK);
    memset(name, 'a', 64);
    memcpy(name + 64, ".com", 5);
    assert_int_equal(mu_name_domain(name, out, &fail), MU_USAGE);
    for (size_t i = 0; i < 260; i++)
        name[i] = i % 2 ? '.' : 'a';
    name[253] = '\0';
    assert_int_equal(mu_name_domain(name, out, &fail), MU_OK);
    assert_int_equal(strlen(out), 253);
    memcpy(name + 253, "bc", 3);
    name[253] = 'b';
    assert_int_equal(mu_name_domain(name, out, &fail), MU_USAGE);
}

static void within_minds_the_dot(void **state)
{
    (void)state;
    assert_true(mu_name_within("a.example.com", "example.com"));
    assert_true(mu_name_within("example.com", "example.com"));
    assert_false(mu_name_within("badexample.com", "example.com"));
    assert_false(mu_name_within("com", "example.com"));
    assert_true(mu_name_typed_within("A.Example.COM.", "example.com"));
    assert_false(mu_name_typed_within("badexample.com.", "example.com"));
}

static void addresses_keep_their_port(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *want;
    } good[] = {
        {"192.0.2.1", "192.0.2.1:25"},
        {"192.0.2.1:53", "192.0.2.1:53"},
        {"2001:DB8::1", "[2001:db8::1]:25"},
        {"[2001:db8::1]", "[2001:db8::1]:25"},
        {"[2001:db8::1]:5353", "[2001:db8::1]:5353"},
        {"::ffff:192.0.2.1", "[::ffff:192.0.2.1]:25"},
    };
    static const char *const bad[] = {"",
                                      "192.0.2",
                                      "192.0.2.1:",
                                      "192.0.2.1:65536",
                                      "192.0.2.1:+5",
                                      "[192.0.2.1]:5",
                                      "[2001:db8::1",
                                      "2001:db8::g",
                                      "192.0.2.1 ",
                                      "example.com"};
    struct sockaddr_storage addr;
    char text[MU_ADDR_TEXT];
    for (size_t i = 0; i < MU_COUNT(good); i++) {
        assert_true(mu_addr_parse(good[i].typed, 25, &addr));
        assert_string_equal(mu_addr_text((struct sockaddr *)&addr, true, text), good[i].want);
        mu_addr_set_port(&addr, 4711);
        assert_int_equal(mu_addr_port((struct sockaddr *)&addr), 4711);
    }
    for (size_t i = 0; i < MU_COUNT(bad); i++)
        assert_false(mu_addr_parse(bad[i], 25, &addr));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_one_form_or_say_why),
        cmocka_unit_test(lengths_are_those_of_rfc_1035),
        cmocka_unit_test(within_minds_the_dot),
        cmocka_unit_test(addresses_keep_their_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
