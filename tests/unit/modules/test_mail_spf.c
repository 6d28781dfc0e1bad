/* SPDX-License-Identifier: MIT
 *
 * mail.spf: the RFC 7208 suite of ../shared/conformance/spf, 203 tests, against a resolver that is scripted from its zone
 * data, time-outs and errors included. Then what the suite has no test for, rows cited. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "harness/harness.h"

static struct mu_harness *h;
static json_t *zone; /* {name: [record]}, as the suite writes it */

/* --- the scripted resolver ------------------------------------------------------------------- */

/* "\065" and "\." as they were before they were written for a zone file. */
static char *plain_name(const char *name)
{
    struct mu_buf out = {0};
    while (*name) {
        if (name[0] == '\\' && isdigit((unsigned char)name[1])) {
            mu_buf_addc(&out, (char)((name[1] - '0') * 100 + (name[2] - '0') * 10 + name[3] - '0'));
            name += 4;
        } else {
            mu_buf_addc(&out, *name++);
        }
    }
    return mu_buf_take(&out);
}

static const json_t *records_of(const char *name)
{
    const char *key;
    json_t *records;
    json_object_foreach(zone, key, records)
    {
        if (strcasecmp(key, name) == 0)
            return records;
    }
    return NULL;
}

static json_t *failing(const char *rcode)
{
    return rcode ? mu_harness_json("{'ok': false, 'rcode': '%s', 'why': 'says %s', 'records': []}",
                                   rcode, rcode)
                 : mu_harness_json("{'ok': false, 'why': 'timeout after 3 tries', 'records': []}");
}

/* As ldns writes a string of a TXT record. */
static void quote(struct mu_buf *out, const json_t *string)
{
    const unsigned char *c = (const unsigned char *)json_string_value(string);
    mu_buf_addc(out, '"');
    for (const unsigned char *end = c + json_string_length(string); c < end; c++)
        if (*c == '"' || *c == '\\')
            mu_buf_addf(out, "\\%c", *c);
        else if (*c < ' ' || *c > '~')
            mu_buf_addf(out, "\\%03u", *c);
        else
            mu_buf_addc(out, (char)*c);
    mu_buf_addc(out, '"');
}

static json_t *shown(const json_t *value, const char *type)
{
    struct mu_buf text = {0};
    size_t i;
    json_t *part;
    if (strcmp(type, "TXT") == 0 && json_is_string(value)) {
        quote(&text, value);
    } else if (strcmp(type, "TXT") == 0) {
        json_array_foreach(value, i, part)
        {
            mu_buf_adds(&text, i ? " " : "");
            quote(&text, part);
        }
    } else if (json_is_array(value)) { /* MX: [preference, host] */
        mu_buf_addf(&text, "%" JSON_INTEGER_FORMAT " %s.",
                    json_integer_value(json_array_get(value, 0)),
                    json_string_value(json_array_get(value, 1)));
    } else {
        mu_buf_adds(&text, json_string_value(value));
        mu_buf_adds(&text, strcmp(type, "PTR") == 0 ? "." : "");
    }
    json_t *string = json_string(mu_buf_text(&text));
    mu_buf_free(&text);
    return string;
}

static bool has_type(const json_t *records, const char *type)
{
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        if (json_object_get(record, type))
            return true;
    }
    return false;
}

/* A SPF entry also stands for TXT unless a TXT entry is given; NONE hides it. */
static json_t *value_of(const json_t *records, const json_t *record, const char *type)
{
    json_t *value = json_object_get(record, type);
    if (value == NULL && strcmp(type, "TXT") == 0 && !has_type(records, "TXT"))
        value = json_object_get(record, "SPF");
    return json_is_string(value) && strcmp(json_string_value(value), "NONE") == 0 ? NULL : value;
}

/* A time-out hides what has no record of its own; an SPF entry is one of TXT. NULL: there is none. */
static json_t *trouble_of(const json_t *records, const char *type)
{
    bool silent = false, known = false;
    size_t i;
    json_t *record, *code;
    json_array_foreach(records, i, record)
    {
        if ((code = json_object_get(record, "RCODE")) != NULL)
            return failing(json_integer_value(code) == 3 ? "NXDOMAIN" : "SERVFAIL");
        silent = silent || json_is_string(record);
        known = known || (json_is_object(record) && value_of(records, record, type));
    }
    return silent && !known ? failing(NULL) : NULL;
}

static json_t *answer(const json_t *args, void *ud)
{
    char *name = plain_name(mu_json_str(args, "name", ""));
    const char *type = mu_json_str(args, "type", "");
    (void)ud;
    const json_t *records = records_of(name);
    for (int hops = 0;
         records && hops < 8 && has_type(records, "CNAME") && strcmp(type, "CNAME") != 0; hops++)
        records =
            records_of(json_string_value(json_object_get(json_array_get(records, 0), "CNAME")));
    free(name);
    if (records == NULL)
        return failing("NXDOMAIN");
    json_t *result = trouble_of(records, type), *list = json_array(), *record;
    size_t i;
    json_array_foreach(records, i, record)
    {
        json_t *value = json_is_object(record) ? value_of(records, record, type) : NULL;
        if (value)
            json_array_append_new(list, shown(value, type));
    }
    if (result)
        json_decref(list);
    else
        result = json_pack("{s:b, s:s, s:o}", "ok", 1, "rcode", "NOERROR", "records", list);
    return result;
}

static json_t *spf(const char *sender, const char *ip, const char *helo)
{
    json_t *options = json_object();
    if (ip) /* NULL: there is no client */
        json_object_set_new(options, "ip", json_string(ip));
    if (helo)
        json_object_set_new(options, "helo", json_string(helo));
    return mu_harness_call(h, "mail.spf", json_pack("[s, o]", sender, options));
}

/* --- the suite ------------------------------------------------------------------------------- */

static bool is_among(const json_t *wanted, const char *got)
{
    return json_is_array(wanted) ? mu_json_lists(wanted, got)
                                 : strcmp(json_string_value(wanted), got) == 0;
}

static bool explains(const json_t *test, const json_t *result)
{
    const char *wanted = mu_json_str(test, "explanation", NULL);
    if (wanted == NULL)
        return true;
    return strcmp(mu_json_str(result, "explanation", "DEFAULT"), wanted) == 0;
}

static bool passes(const char *name, const json_t *test)
{
    json_t *result = spf(mu_json_str(test, "mailfrom", ""), mu_json_str(test, "host", ""),
                         mu_json_str(test, "helo", ""));
    bool good = is_among(json_object_get(test, "result"), mu_json_str(result, "result", "")) &&
                explains(test, result);
    if (!good) {
        char *wanted = mu_json_text(json_object_get(test, "result")), *text = mu_json_text(result);
        print_error("%s (%s): wants %s \"%s\", got %s\n", name, mu_json_str(test, "spec", ""),
                    wanted, mu_json_str(test, "explanation", ""), text);
        free(wanted);
        free(text);
    }
    json_decref(result);
    return good;
}

static void passes_the_suite(void **state)
{
    const char *path = MUSTER_SOURCE "/../shared/conformance/spf/rfc7208-tests.json";
    (void)state;
    json_t *suite = json_load_file(path, JSON_ALLOW_NUL, NULL), *scenario, *test;
    size_t i, count = 0, good = 0;
    const char *name;
    if (access(path, R_OK) != 0) {
        printf("SKIPPED: the SPF suite: %s is not there\n", path);
        skip();
    }
    json_array_foreach(suite, i, scenario)
    {
        zone = json_object_get(scenario, "zonedata");
        json_object_foreach(json_object_get(scenario, "tests"), name, test)
        {
            count++;
            good += passes(name, test);
        }
    }
    zone = NULL;
    json_decref(suite);
    printf("RFC 7208 suite: %zu of %zu\n", good, count);
    assert_int_equal(count, 203);
    assert_int_equal(good, count);
}

/* --- what the suite has no test for ---------------------------------------------------------- */

static json_t *check(const char *sender, const char *ip, const char *zonedata)
{
    zone = mu_harness_json("%s", zonedata);
    json_t *result = spf(sender, ip, "mx.test");
    json_decref(zone);
    zone = NULL;
    return result;
}

#define EXPECT(sender, ip, zonedata, wanted, reason)                                \
    do {                                                                            \
        json_t *r_ = check(sender, ip, zonedata);                                   \
        assert_string_equal(mu_json_str(r_, "result", ""), wanted);                 \
        if (strstr(mu_json_str(r_, "why", ""), reason) == NULL)                     \
            fail_msg("\"%s\" is not said: %s", reason, mu_json_str(r_, "why", "")); \
        json_decref(r_);                                                            \
    } while (0)

/* Which term decided, and why nothing could be decided. */
static void says_why(void **state)
{
    (void)state;
    const char *mail =
        "{'a.test': [{'TXT': 'v=spf1 include:b.test -all'}], 'b.test': [{'TXT': 'v=spf1 "
        "ip4:192.0.2.0/25 ?all'}]}";
    EXPECT("x@a.test", "192.0.2.9", mail, "pass",
           "PASS by include:b.test of a.test, 1 of 10 lookups");
    EXPECT("x@a.test", "192.0.2.200", mail, "fail", "FAIL by -all of a.test");
    EXPECT("a.test", "::ffff:192.0.2.9", mail, "pass", "PASS");
    EXPECT("x@a.test", "192.0.2.9", "{'a.test': [{'TXT': 'v=spf1 include:c.test -all'}]}",
           "permerror",
           "include:c.test of a.test: nothing can be included, that domain has no policy");
    EXPECT("x@a.test", "192.0.2.9", "{'a.test': [{'TXT': 'v=spf1 redirect=c.test'}]}", "permerror",
           "redirect=c.test: that domain has no policy");
    EXPECT("x@a.test", "192.0.2.9", "{'a.test': [{'TXT': 'v=spf1 ip4:192.0.2.0/33 -all'}]}",
           "permerror", "a.test: \"ip4:192.0.2.0/33\": no such prefix length");
    EXPECT("x@a.test", "192.0.2.9",
           "{'a.test': [{'TXT': 'v=spf1 mx -all'}, {'TXT': 'v=spf1 -all'}]}", "permerror",
           "a.test has more than one SPF record (RFC 7208, 4.5)");
    EXPECT("x@a.test", "192.0.2.9", "{}", "none", "a.test has no SPF record");
    EXPECT("x@a..test", "192.0.2.9", "{}", "none", "\"a..test\" is no domain");
    EXPECT("x@a.test", "192.0.2.9", "{'a.test': [{'RCODE': 2}]}", "temperror",
           "the policy of a.test can't be read: says SERVFAIL");
}

/* Without a client: all that the record leads to. */
static void walks_the_record(void **state)
{
    (void)state;
    const char *deep = "{'a.test': [{'TXT': 'v=spf1 a mx include:b.test ip4:192.0.2.1 -all'}],"
                       " 'b.test': [{'TXT': 'v=spf1 exists:%{i}.x.test ptr redirect=c.test'}],"
                       " 'c.test': [{'TXT': 'v=spf1 +all'}]}";
    EXPECT("a.test", NULL, deep, "neutral", "well-formed, 6 of 10 lookups");
    EXPECT("a.test", NULL,
           "{'a.test': [{'TXT': 'v=spf1 ip4:192.0.2.1 +all a a a a a a a a a a a'}]}", "permerror",
           "more than 10 lookups");
    EXPECT("a.test", NULL,
           "{'a.test': [{'TXT': 'v=spf1 include:b.test'}], 'b.test': [{'TXT': 'v=spf1 "
           "inc1ude:c.test'}]}",
           "permerror", "b.test: \"inc1ude:c.test\": nobody knows such a mechanism");
}

/* A name that SPF makes, and nobody would type: an octet that is no letter is asked for as it is (7.3). */
static void asks_for_any_octets(void **state)
{
    (void)state;
    const char *mail = "{'a.test': [{'TXT': 'v=spf1 exists:%{l}.x.a.test -all'}],"
                       " 'b+c=d.x.a.test': [{'A': '127.0.0.2'}]}";
    EXPECT("b+c=d@a.test", "192.0.2.9", mail, "pass", "PASS by exists:%{l}.x.a.test");
    EXPECT("b-c=d@a.test", "192.0.2.9", mail, "fail", "FAIL by -all");
}

/* RFC 7208, 11.1: a record may lead to itself for ever. */
static void ends_a_loop(void **state)
{
    (void)state;
    EXPECT("a.test", "192.0.2.9", "{'a.test': [{'TXT': 'v=spf1 include:a.test -all'}]}",
           "permerror", "more than 10 lookups (RFC 7208, 4.6.4)");
    EXPECT("a.test", NULL, "{'a.test': [{'TXT': 'v=spf1 redirect=a.test'}]}", "permerror",
           "more than 10 lookups (RFC 7208, 4.6.4)");
}

static int open_world(void **state)
{
    (void)state;
    h = mu_harness_new(NULL);
    mu_harness_answer_with(h, "dns.raw", answer, NULL);
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
        cmocka_unit_test(passes_the_suite), cmocka_unit_test(says_why),
        cmocka_unit_test(walks_the_record), cmocka_unit_test(asks_for_any_octets),
        cmocka_unit_test(ends_a_loop),
    };
    return cmocka_run_group_tests_name("modules.mail_spf", tests, open_world, close_world);
}
