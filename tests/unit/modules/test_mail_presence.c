/* SPDX-License-Identifier: MIT
 *
 * mail.tls_rpt (RFC 8460, 3) and mail.bimi: tables of records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/json.h"
#include "harness/harness.h"
#include "mail/presence.h"

static void judges_tls_rpt(void **state)
{
    static const struct {
        const char *records;
        bool ok, present;
        size_t rua;
    } rows[] = {
        {"['\\\"v=TLSRPTv1;rua=mailto:reports@example.com\\\"']", true, true, 1},
        {"['\\\"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt\\\"']", true, true, 1},
        {"['\\\"v=TLSRPTv1; rua=mailto:a@b.c,\\\" \\\" https://d.e/f; x=y\\\"']", true, true, 2},
        {"['\\\"v=spf1 -all\\\"', '\\\"v=TLSRPTv1;rua=mailto:a@b.c\\\"']", true, true, 1},
        {"['\\\"v=TLSRPTv1\\\"']", false, true, 0},
        {"['\\\"v=TLSRPTv1; rua=ftp://x\\\"']", false, true, 0},
        {"['\\\"v=TLSRPTv2; rua=mailto:a@b.c\\\"']", true, false, 0},
        {"['\\\"v=TLSRPTv1;rua=mailto:a@b.c\\\"', '\\\"v=TLSRPTv1;rua=mailto:a@b.c\\\"']", false,
         true, 0},
        {"[]", true, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        json_t *records = mu_harness_json("%s", rows[i].records),
               *r = mu_mail_tls_rpt_judge(records);
        if (mu_json_bool(r, "ok", !rows[i].ok) != rows[i].ok ||
            mu_json_bool(r, "present", !rows[i].present) != rows[i].present ||
            json_array_size(json_object_get(r, "rua")) != rows[i].rua)
            fail_msg("%s: %s", rows[i].records, mu_json_str(r, "why", ""));
        json_decref(records);
        json_decref(r);
    }
}

static void judges_bimi(void **state)
{
    static const struct {
        const char *records, *logo, *certificate, *why;
        bool ok;
    } rows[] = {
        {"['\\\"v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/vmc.pem\\\"']",
         "https://example.com/logo.svg", "https://example.com/vmc.pem", "a logo with a certificate",
         true},
        {"['\\\"v=BIMI1; l=https://example.com/logo.svg; a=\\\"']", "https://example.com/logo.svg",
         "", "without a certificate", true},
        {"['\\\"v=BIMI1; l=; a=;\\\"']", "", "", "wants no logo", true},
        {"['\\\"v=BIMI1; l=http://example.com/logo.svg\\\"']", "http://example.com/logo.svg", "",
         "l= is no https:", false},
        {"['\\\"v=BIMI1; l=https://a/b\\\"', '\\\"v=BIMI1; l=https://a/b\\\"']", "", "",
         "2 BIMI records", false},
        {"[]", "", "", "no BIMI", true},
    };
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        json_t *records = mu_harness_json("%s", rows[i].records), *r = mu_mail_bimi_judge(records);
        if (mu_json_bool(r, "ok", !rows[i].ok) != rows[i].ok ||
            strcmp(mu_json_str(r, "logo", ""), rows[i].logo) != 0 ||
            strcmp(mu_json_str(r, "certificate", ""), rows[i].certificate) != 0 ||
            !strstr(mu_json_str(r, "why", ""), rows[i].why))
            fail_msg("%s: %s", rows[i].records, mu_json_str(r, "why", ""));
        json_decref(records);
        json_decref(r);
    }
}

/* The names that are asked for, and an answer that says nothing. */
static void asks(void **state)
{
    struct mu_harness *h = mu_harness_new(NULL);
    (void)state;
    mu_harness_answer(
        h, "dns.query",
        mu_harness_json(
            "{'ok': false, 'rcode': 'SERVFAIL', 'why': 'says SERVFAIL', 'records': []}"));
    json_t *r = mu_harness_call(h, "mail.tls_rpt", mu_harness_json("['example.com']"));
    assert_string_equal(mu_json_str(r, "class", ""), "net");
    json_decref(r);
    json_decref(
        mu_harness_call(h, "mail.bimi", mu_harness_json("['example.com', {'selector': 'v2'}]")));
    const json_t *asked = mu_harness_asked(h);
    assert_string_equal(mu_json_str(json_object_get(json_array_get(asked, 0), "args"), "name", ""),
                        "_smtp._tls.example.com");
    assert_string_equal(mu_json_str(json_object_get(json_array_get(asked, 1), "args"), "name", ""),
                        "v2._bimi.example.com");
    mu_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_tls_rpt),
        cmocka_unit_test(judges_bimi),
        cmocka_unit_test(asks),
    };
    return cmocka_run_group_tests_name("modules.mail_presence", tests, NULL, NULL);
}
