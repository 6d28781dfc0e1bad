/* SPDX-License-Identifier: MIT
 *
 * The lab's pure parts: DNS answers (wildcards, CNAMEs, truncation, EDNS) and reading mail, and
 * both with bytes that a hostile peer would send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "lab/dns_answer.h"
#include "lab/event.h"
#include "lab/mail.h"
#include "lab/zone.h"

#define NOON 1795521600000 /* 2026-11-24T12:00Z */

static struct mu_lab_zones zones;

static void plant(const char *name, const char *type, const char *content, bool disabled)
{
    struct mu_fail fail;
    uint16_t number = (uint16_t)ldns_get_rr_type_by_name(type);
    struct mu_lab_zone *zone = *mu_lab_zones_for(&zones, name);
    struct mu_lab_rrset *set = mu_lab_zone_find(zone, name, number);
    bool fresh = set == NULL;
    if (fresh)
        set = mu_lab_rrset_new(name, number, 60);
    assert_int_equal(mu_lab_rrset_add(set, content, disabled, &fail), MU_OK);
    if (fresh)
        assert_int_equal(mu_lab_zone_put(zone, set, &fail), MU_OK);
}

static uint8_t *query_for(const char *name, const char *type, uint16_t edns, size_t *len)
{
    ldns_pkt *pkt = ldns_pkt_query_new(ldns_dname_new_frm_str(name), ldns_get_rr_type_by_name(type),
                                       LDNS_RR_CLASS_IN, 0);
    ldns_pkt_set_id(pkt, 4711);
    if (edns != 0)
        ldns_pkt_set_edns_udp_size(pkt, edns);
    uint8_t *wire = NULL;
    assert_int_equal(ldns_pkt2wire(&wire, pkt, len), LDNS_STATUS_OK);
    ldns_pkt_free(pkt);
    return wire;
}

static size_t last_len;

static ldns_pkt *ask(const char *name, const char *type, enum mu_lab_dns_role role, uint16_t edns,
                     bool tcp)
{
    size_t len;
    uint8_t *query = query_for(name, type, edns, &len), *wire;
    ldns_pkt *pkt = NULL;
    assert_true(mu_lab_dns_answer(&zones, role, query, len, tcp, &wire, &last_len));
    assert_int_equal(ldns_wire2pkt(&pkt, wire, last_len), LDNS_STATUS_OK);
    assert_int_equal(ldns_pkt_id(pkt), 4711);
    assert_true(ldns_pkt_qr(pkt));
    free(query);
    free(wire);
    return pkt;
}

static void expect(const char *name, const char *type, int rcode, size_t answers, size_t authority)
{
    ldns_pkt *pkt = ask(name, type, MU_LAB_AUTHORITATIVE, 1232, false);
    assert_int_equal(ldns_pkt_get_rcode(pkt), rcode);
    assert_int_equal(ldns_pkt_ancount(pkt), answers);
    assert_int_equal(ldns_pkt_nscount(pkt), authority);
    ldns_pkt_free(pkt);
}

static void names_exist_as_rfc_4592_says(void **state)
{
    (void)state;
    plant("*.wild.example.com.", "A", "127.0.0.99", false);
    plant("deep.empty.example.com.", "A", "127.0.0.98", false);
    plant("off.example.com.", "A", "127.0.0.97", true);
    expect("a.wild.example.com", "A", LDNS_RCODE_NOERROR, 1, 0);
    expect("a.b.wild.example.com", "A", LDNS_RCODE_NOERROR, 1, 0);
    expect("a.wild.example.com", "MX", LDNS_RCODE_NOERROR, 0, 1);
    expect("empty.example.com", "A", LDNS_RCODE_NOERROR, 0, 1); /* RFC 8020 */
    expect("other.empty.example.com", "A", LDNS_RCODE_NXDOMAIN, 0, 1);
    expect("off.example.com", "A", LDNS_RCODE_NOERROR, 0, 1);
    expect("xexample.com", "A", LDNS_RCODE_REFUSED, 0, 0);
    expect("example.com", "ANY", LDNS_RCODE_NOERROR, 1, 0);
    ldns_pkt *pkt = ask("q.wild.example.com", "A", MU_LAB_RESOLVER, 0, false);
    char *owner = ldns_rdf2str(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_answer(pkt), 0)));
    assert_string_equal(owner, "q.wild.example.com."); /* the name asked for, not "*" */
    assert_false(ldns_pkt_aa(pkt));
    assert_true(ldns_pkt_ra(pkt));
    free(owner);
    ldns_pkt_free(pkt);
}

static void cnames_are_followed_and_end(void **state)
{
    (void)state;
    plant("c1.example.com.", "CNAME", "c2.example.net.", false);
    plant("c2.example.net.", "CNAME", "mx1.example.com.", false);
    plant("round.example.com.", "CNAME", "round.example.com.", false);
    plant("away.example.com.", "CNAME", "host.example.org.", false);
    expect("c1.example.com", "A", LDNS_RCODE_NOERROR, 3, 0);
    expect("c1.example.com", "CNAME", LDNS_RCODE_NOERROR, 1, 0);
    expect("away.example.com", "A", LDNS_RCODE_NOERROR, 1, 0);
    ldns_pkt *pkt = ask("round.example.com", "A", MU_LAB_RESOLVER, 0, false);
    assert_in_range(ldns_pkt_ancount(pkt), 1, 16);
    ldns_pkt_free(pkt);
}

static void large_answers_are_cut_over_udp_only(void **state)
{
    (void)state;
    for (char c = 'a'; c <= 'z'; c++) {
        char content[64] = "\"0123456789012345678901234567890123456789x\"";
        content[41] = c;
        plant("large.example.com.", "TXT", content, false);
    }
    static const struct {
        uint16_t edns;
        bool tcp, cut;
        size_t max;
    } cases[] = {{0, false, true, 512},
                 {100, false, true, 512},
                 {1232, false, true, 1232},
                 {65535, false, true, 1232},
                 {1232, true, false, 65535}};
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        ldns_pkt *pkt =
            ask("large.example.com", "TXT", MU_LAB_AUTHORITATIVE, cases[i].edns, cases[i].tcp);
        assert_int_equal(ldns_pkt_tc(pkt), cases[i].cut);
        assert_int_equal(ldns_pkt_ancount(pkt), cases[i].cut ? 0 : 26);
        assert_int_equal(ldns_pkt_edns(pkt), cases[i].edns != 0);
        assert_true(last_len <= cases[i].max);
        ldns_pkt_free(pkt);
    }
}

static void what_is_no_query_is_told_so(void **state)
{
    (void)state;
    size_t len;
    uint8_t *query = query_for("example.com", "MX", 0, &len), *wire;
    query[2] |= 0x80; /* an answer: two servers must not talk to each other for ever */
    assert_false(mu_lab_dns_answer(&zones, MU_LAB_RESOLVER, query, len, false, &wire, &last_len));
    assert_false(mu_lab_dns_answer(&zones, MU_LAB_RESOLVER, query, 11, false, &wire, &last_len));
    query[2] = 5 << 3; /* UPDATE */
    assert_true(mu_lab_dns_answer(&zones, MU_LAB_RESOLVER, query, len, false, &wire, &last_len));
    assert_int_equal(wire[3] & 15, LDNS_RCODE_NOTIMPL);
    free(wire);
    free(query);
}

static void serial_is_powerdns_default(void **state)
{
    (void)state;
    struct mu_lab_zone *zone = mu_lab_zone_copy(zones.list[0]);
    assert_int_equal(mu_lab_zone_serial(zone), 2026112401);
    mu_lab_zone_bump(zone, NOON);
    assert_int_equal(mu_lab_zone_serial(zone), 2026112402);
    mu_lab_zone_bump(zone, NOON + 86400000);
    assert_int_equal(mu_lab_zone_serial(zone), 2026112501);
    mu_lab_zone_bump(zone, NOON); /* a clock that goes back takes no serial back */
    assert_int_equal(mu_lab_zone_serial(zone), 2026112502);
    mu_lab_zone_free(zone);
}

static void read_as(const char *message, const char *subject, const char *text)
{
    struct mu_lab_mail mail;
    mu_lab_mail_read(message, strlen(message), &mail);
    assert_string_equal(mail.subject, subject);
    assert_string_equal(mail.text, text);
    mu_lab_mail_fini(&mail);
}

static const char multipart[] =
    "Subject: =?utf-8?B?w6k=?=\r\n =?utf-8?Q?_a?= b\r\n"
    "Content-Type: multipart/alternative; boundary=\"xx\"\r\n\r\n"
    "--xx\r\nContent-Type: text/html\r\n\r\n<p>no</p>\r\n"
    "--xx\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "eWVz\r\n--xx--\r\n";

static void mail_is_read_for_people(void **state)
{
    (void)state;
    read_as("Subject: plain\n\nbody\n", "plain", "body\n");
    read_as("no head at all", "", "");
    read_as("\r\n\r\n", "", "");
    read_as(multipart, "\xc3\xa9 a b", "yes");
    read_as("Subject: =?x\n\n=?", "=?x", "=?");
    read_as("Content-Transfer-Encoding: base64\n\nno base64!", "", "no base64!");
    read_as("Content-Transfer-Encoding: quoted-printable\n\na=3Db=\r\nc=", "", "a=bc=");
}

static void terminals_are_safe(void **state)
{
    (void)state;
    char text[] = "a\x1b[2J\xc3\xa9\xc2\x9b\xff\xed\xa0\x80\xf4\x90\x80\x80z\x7f";
    mu_lab_printable(text);
    assert_string_equal(text, "a?[2J\xc3\xa9??????????z?");
}

static unsigned seed = 20261123;

static void damage(uint8_t *bytes, size_t len)
{
    for (int i = rand_r(&seed) % 6; i >= 0 && len > 0; i--)
        bytes[(size_t)rand_r(&seed) % len] = (uint8_t)(rand_r(&seed) >> 6);
}

static void damaged_queries_do_no_harm(void **state)
{
    (void)state;
    static const char *const names[] = {"example.com", "a.wild.example.com", "round.example.com",
                                        "large.example.com", "www.example.org"};
    static const char *const types[] = {"MX", "A", "TXT", "ANY", "SOA"};
    for (int i = 0; i < 20000; i++) {
        size_t len;
        uint8_t *query = query_for(names[i % 5], types[i / 5 % 5], i % 3 ? 1232 : 0, &len), *wire;
        damage(query, len);
        size_t cut = rand_r(&seed) % 4 ? len : (size_t)rand_r(&seed) % (len + 1);
        bool tcp = i % 7 == 0;
        if (mu_lab_dns_answer(&zones, (enum mu_lab_dns_role)(i % 2), query, cut, tcp, &wire,
                              &last_len)) {
            assert_true(last_len >= 12 && last_len <= (tcp ? 65535u : 1232u));
            assert_memory_equal(wire, query, 2);
            assert_true(wire[2] & 0x80);
            free(wire);
        }
        free(query);
    }
}

static void damaged_mail_does_no_harm(void **state)
{
    (void)state;
    char bytes[sizeof multipart];
    for (int i = 0; i < 20000; i++) {
        memcpy(bytes, multipart, sizeof bytes);
        damage((uint8_t *)bytes, sizeof bytes - 1);
        struct mu_lab_mail mail;
        mu_lab_mail_read(bytes, (size_t)rand_r(&seed) % sizeof bytes, &mail);
        mu_lab_printable(mail.text);
        mu_lab_mail_fini(&mail);
    }
}

static int start(void **state)
{
    (void)state;
    struct mu_fail fail;
    return mu_lab_zones_init(&zones, NOON, &fail) == MU_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    mu_lab_zones_fini(&zones);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serial_is_powerdns_default),
        cmocka_unit_test(names_exist_as_rfc_4592_says),
        cmocka_unit_test(cnames_are_followed_and_end),
        cmocka_unit_test(large_answers_are_cut_over_udp_only),
        cmocka_unit_test(what_is_no_query_is_told_so),
        cmocka_unit_test(mail_is_read_for_people),
        cmocka_unit_test(terminals_are_safe),
        cmocka_unit_test(damaged_queries_do_no_harm),
        cmocka_unit_test(damaged_mail_does_no_harm),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
