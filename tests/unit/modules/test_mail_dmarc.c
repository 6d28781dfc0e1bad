/* SPDX-License-Identifier: MIT
 *
 * mail.dmarc: records (RFC 9989, 4.7), the walk up the tree (4.10), whose record is applied and by which tag (4.10.1), the
 * organizational domain (4.10.2), and what RFC 7489 makes of the same. DNS is a table of TXT records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "harness/harness.h"

static struct mu_harness *h;
static json_t *zone; /* {"name/TYPE": [text], or a text: the rcode of a failure} */

static json_t *answer(const json_t *args, void *ud)
{
    char key[300];
    (void)ud;
    const char *name = mu_json_str(args, "name", ""), *type = mu_json_str(args, "type", "");
    snprintf(key, sizeof key, "%s/%s", name, type);
    json_t *known = json_object_get(zone, key), *records = json_array(), *text;
    size_t i;
    if (json_is_string(known) || known == NULL) {
        const char *rcode = known ? json_string_value(known) : "NXDOMAIN";
        json_decref(records);
        return mu_harness_json("{'ok': false, 'rcode': '%s', 'why': 'says %s', 'records': []}",
                               rcode, rcode);
    }
    json_array_foreach(known, i, text) json_array_append_new(
        records, strcmp(type, "TXT") == 0 ? json_sprintf("\"%s\"", json_string_value(text))
                                          : json_incref(text));
    return json_pack("{s:b, s:s, s:o}", "ok", 1, "rcode", "NOERROR", "records", records);
}

static json_t *look(const char *domain, const char *zonedata)
{
    zone = mu_harness_json("%s", zonedata);
    json_t *result = mu_harness_call(h, "mail.dmarc", mu_harness_json("['%s']", domain));
    json_decref(zone);
    zone = NULL;
    return result;
}

/* policy, tag, whose record, organizational domain; NULL: nil. */
static void expect(const char *domain, const char *zonedata, const char *policy, const char *tag,
                   const char *of, const char *org)
{
    json_t *r = look(domain, zonedata);
    if (strcmp(mu_json_str(r, "policy", "nil"), policy) != 0 ||
        strcmp(mu_json_str(r, "tag", "nil"), tag) != 0 ||
        strcmp(mu_json_str(r, "domain", "nil"), of) != 0 ||
        strcmp(mu_json_str(r, "org_domain", "nil"), org) != 0) {
        char *text = mu_json_text(r);
        fail_msg("%s: %s", zonedata, text);
    }
    json_decref(r);
}

static void applies_the_nearest(void **state)
{
    (void)state;
    expect("example.com", "{}", "absent", "nil", "nil", "example.com");
    expect("example.com", "{'_dmarc.example.com/TXT': ['v=DMARC1; p=reject']}", "reject", "p",
           "example.com", "example.com");
    /* of the domain itself before that of the organization; the fewest labels name the organization (4.10.2, 3) */
    expect("a.mail.example.com",
           "{'_dmarc.a.mail.example.com/TXT': ['v=DMARC1; p=none; sp=reject'], "
           "'_dmarc.example.com/TXT': ['v=DMARC1; "
           "p=quarantine']}",
           "none", "p", "a.mail.example.com", "example.com");
    expect("a.mail.example.com",
           "{'_dmarc.mail.example.com/TXT': ['v=DMARC1; p=none'], '_dmarc.example.com/TXT': "
           "['v=DMARC1; p=quarantine']}",
           "quarantine", "p", "example.com", "example.com");
    expect("a.example.com", "{'_dmarc.example.com/TXT': ['v=DMARC1; p=none; sp=reject']}", "reject",
           "sp", "example.com", "example.com");
}

static void heeds_psd(void **state)
{
    (void)state;
    /* psd=n: that one is the organization (4.10.2, 1) */
    expect("a.mail.example.com",
           "{'_dmarc.mail.example.com/TXT': ['v=DMARC1; psd=n; p=none'], '_dmarc.example.com/TXT': "
           "['v=DMARC1; p=reject']}",
           "none", "p", "mail.example.com", "mail.example.com");
    /* psd=y: one label below it (4.10.2, 2); its policy is applied where the organization has none */
    expect("a.mail.example.com", "{'_dmarc.com/TXT': ['v=DMARC1; psd=y; p=reject; sp=quarantine']}",
           "quarantine", "sp", "com", "example.com");
    expect("a.mail.example.com",
           "{'_dmarc.example.com/TXT': ['v=DMARC1; p=none'], '_dmarc.com/TXT': ['v=DMARC1; psd=y; "
           "p=reject']}",
           "none", "p", "example.com", "example.com");
    /* a public suffix that sends itself: what it says of itself */
    expect("gov.example", "{'_dmarc.gov.example/TXT': ['v=DMARC1; psd=y; p=reject']}", "reject",
           "p", "gov.example", "gov.example");
}

/* np is for names that do not exist: no A, AAAA or MX (3.2.10). */
static void tells_whether_it_exists(void **state)
{
    (void)state;
#define NP "'_dmarc.example.com/TXT': ['v=DMARC1; p=none; sp=quarantine; np=reject']"
    expect("ghost.example.com", "{" NP "}", "reject", "np", "example.com", "example.com");
    expect("ghost.example.com",
           "{" NP
           ", 'ghost.example.com/A': [], 'ghost.example.com/AAAA': [], 'ghost.example.com/MX': "
           "['10 mx.']}",
           "quarantine", "sp", "example.com", "example.com");
    expect("example.com", "{" NP "}", "none", "p", "example.com", "example.com");
    json_t *r = look("ghost.example.com", "{" NP ", 'ghost.example.com/A': 'SERVFAIL'}");
    assert_false(mu_json_bool(r, "ok", true));
    assert_string_equal(mu_json_str(r, "class", ""), "net");
    json_decref(r);
}

/* Above the domain's own record nobody answers: that record is applied all the same. */
static void goes_by_its_own_record(void **state)
{
    (void)state;
    expect("example.com",
           "{'_dmarc.example.com/TXT': ['v=DMARC1; p=reject'], '_dmarc.com/TXT': 'REFUSED'}",
           "reject", "p", "example.com", "nil");
    json_t *r =
        look("a.example.com",
             "{'_dmarc.example.com/TXT': ['v=DMARC1; p=reject'], '_dmarc.com/TXT': 'REFUSED'}");
    assert_false(mu_json_bool(r, "ok", true));
    assert_string_equal(mu_json_str(r, "why", ""),
                        "the DMARC policy can't be found out: says REFUSED");
    json_decref(r);
}

/* Eight names at most: the second has seven labels (4.10). */
static void shortens_the_walk(void **state)
{
    static const char *const asked[] = {"a.b.c.d.e.f.g.h.i.j.mail.example.com",
                                        "g.h.i.j.mail.example.com",
                                        "h.i.j.mail.example.com",
                                        "i.j.mail.example.com",
                                        "j.mail.example.com",
                                        "mail.example.com",
                                        "example.com",
                                        "com"};
    (void)state;
    json_t *r = look(asked[0], "{}"), *walk = json_object_get(r, "walk");
    assert_int_equal(json_array_size(walk), MU_COUNT(asked));
    for (size_t i = 0; i < MU_COUNT(asked); i++)
        assert_string_equal(mu_json_str(json_array_get(walk, i), "domain", ""), asked[i]);
    json_decref(r);
}

static const struct {
    const char *record, *policy, *problem; /* NULL: none */
} records[] = {
    {"v=DMARC1", "none", "without p it counts as p=none"},
    {"v=DMARC1;p=REJECT;", "reject", NULL},
    {" v = DMARC1 ; p = quarantine ; t=y", "quarantine", NULL},
    {"v=DMARC1; p=monitor", "absent", "p=monitor: none, quarantine or reject are wanted"},
    {"v=DMARC1; p=monitor; rua=mailto:d@example.com", "none", "p=monitor"},
    {"v=DMARC1; p=reject; sp=x; rua=mailto:d@example.com", "none", "sp=x"},
    {"v=DMARC1; sp=reject; p=none", "none", NULL}, /* in any order */
    {"v=DMARC1; p=reject; pct=20", "reject", "pct is no tag any more since RFC 9989"},
    {"v=DMARC1; p=reject; future=1", "reject", NULL}, /* unknown tags are ignored */
    {"v=DMARC1; p=reject; adkim=strict", "reject", "adkim=strict: one of"},
    {"v=DMARC1; p=reject; rua=d@example.com", "reject", "rua: \\\"d@example.com\\\" is no URI"},
    {"v=DMARC1; p=reject; rua=mailto:d@example.com!10m", "reject", "a size behind ! is ignored"},
    {"v=DMARC1; p=reject; rubbish", "reject", "is no tag: name=value is wanted"},
    {"v=DMARC2; p=reject", "absent", NULL},
    {"v=dmarc1; p=reject", "absent", NULL}, /* case-sensitive */
    {"p=reject; v=DMARC1", "absent", NULL}, /* v comes first */
    {"v=DMARC1x; p=reject", "absent", NULL},
};

static void reads_records(void **state)
{
    char text[400];
    (void)state;
    for (size_t i = 0; i < MU_COUNT(records); i++) {
        snprintf(text, sizeof text, "{'_dmarc.example.com/TXT': ['other', '%s']}",
                 records[i].record);
        json_t *r = look("example.com", text);
        char *problems = mu_json_text(json_object_get(r, "problems"));
        bool said = records[i].problem ? strstr(problems, records[i].problem) != NULL
                                       : strcmp(problems, "[]") == 0;
        if (strcmp(mu_json_str(r, "policy", "nil"), records[i].policy) != 0 || !said)
            fail_msg("%s: %s, %s", records[i].record, mu_json_str(r, "policy", "nil"), problems);
        free(problems);
        json_decref(r);
    }
    expect("example.com",
           "{'_dmarc.example.com/TXT': ['v=DMARC1; p=reject', 'v=DMARC1; p=reject']}", "absent",
           "nil", "nil", "example.com"); /* 4.10, step 2 */
}

/* RFC 7489, 7.1: whoever gets reports of another organization must say so. */
static void asks_who_takes_reports(void **state)
{
    (void)state;
    const char *zonedata = "{'_dmarc.example.com/TXT': ['v=DMARC1; p=none; "
                           "rua=mailto:a@reports.example.com,mailto:b@good.example.net, "
                           "mailto:c@bad.example.org; ruf=https://example.org/x'],"
                           " 'example.com._report._dmarc.good.example.net/TXT': ['v=DMARC1']}";
    json_t *r = look("example.com", zonedata);
    json_t *problems = json_object_get(r, "problems");
    assert_int_equal(json_array_size(problems), 1);
    assert_string_equal(
        json_string_value(json_array_get(problems, 0)),
        "bad.example.org does not say that it takes reports of others: it needs TXT "
        "example.com._report._dmarc.bad.example.org \"v=DMARC1;\"");
    assert_int_equal(json_array_size(json_object_get(r, "rua")), 3);
    assert_true(mu_json_bool(r, "ok", false));
    json_decref(r);
}

/* Receivers that go by the public suffix list ask two names only. */
static void tells_what_older_ones_find(void **state)
{
    (void)state;
    json_t *r =
        look("a.b.example.co.uk", "{'_dmarc.b.example.co.uk/TXT': ['v=DMARC1; psd=n; p=reject']}");
    assert_string_equal(mu_json_str(r, "policy", ""), "reject");
    json_t *older = json_object_get(r, "rfc7489");
    assert_string_equal(mu_json_str(older, "org_domain", ""), "example.co.uk");
    assert_string_equal(mu_json_str(older, "policy", ""), "absent");
    assert_string_equal(
        mu_json_str(r, "why", ""),
        "reject (p= of b.example.co.uk); receivers that go by RFC 7489 apply absent");
    json_decref(r);
}

static int open_world(void **state)
{
    (void)state;
    h = mu_harness_new(NULL);
    mu_harness_answer_with(h, "dns.query", answer, NULL);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    mu_harness_free(h);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applies_the_nearest),     cmocka_unit_test(heeds_psd),
        cmocka_unit_test(tells_whether_it_exists), cmocka_unit_test(shortens_the_walk),
        cmocka_unit_test(goes_by_its_own_record),  cmocka_unit_test(reads_records),
        cmocka_unit_test(asks_who_takes_reports),  cmocka_unit_test(tells_what_older_ones_find),
    };
    return cmocka_run_group_tests_name("modules.mail_dmarc", tests, open_world, close_world);
}
