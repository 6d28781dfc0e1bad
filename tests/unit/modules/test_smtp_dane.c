/* SPDX-License-Identifier: MIT
 *
 * One TLSA record against what a server showed: each usage, selector and matching type, and what usage 2 asks of the chain
 * (RFC 6698 2.1, RFC 7672 3.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/json.h"
#include "smtp/dane.h"

/* A server's certificate, one between, an anchor; digests are letters. */
static json_t *chain_of(bool first_linked, bool second_linked, bool in_force)
{
    return json_pack("[{s:s, s:s, s:s, s:s, s:b, s:b}, {s:s, s:s, s:b, s:b}, {s:s, s:s, s:b, s:b}]",
                     "certificate_sha256", "aa", "certificate_sha512", "ab", "key_sha256", "ac",
                     "key_sha512", "ad", "in_force", 1, "signed_by_next", first_linked,
                     "certificate_sha256", "ba", "key_sha256", "bc", "in_force", in_force,
                     "signed_by_next", second_linked, "certificate_sha256", "ca", "key_sha256",
                     "cc", "in_force", 1, "signed_by_next", 0);
}

static enum dane_match match(const char *record, bool first, bool second, bool in_force, bool name)
{
    json_t *chain = chain_of(first, second, in_force);
    enum dane_match result = dane_match(record, chain, name);
    json_decref(chain);
    return result;
}

static void of_the_server_itself(void **state)
{
    (void)state;
    assert_int_equal(match("3 0 1 AA", false, false, false, false), DANE_MATCHES);
    assert_int_equal(match("3 0 2 ab", false, false, false, false), DANE_MATCHES);
    assert_int_equal(match("3 1 1 ac", false, false, false, false), DANE_MATCHES);
    assert_int_equal(match("3 1 2 ad", false, false, false, false), DANE_MATCHES);
    assert_int_equal(match("3 1 1 aa", true, true, true, true), DANE_DIFFERS);
    assert_int_equal(match("3 0 1 ba", true, true, true, true), DANE_DIFFERS);
}

static void of_an_anchor(void **state)
{
    (void)state;
    assert_int_equal(match("2 0 1 ca", true, true, true, true), DANE_MATCHES);
    assert_int_equal(match("2 1 1 bc", true, false, true, true), DANE_MATCHES);
    assert_int_equal(match("2 0 1 aa", false, false, true, true), DANE_MATCHES);
    assert_int_equal(match("2 0 1 ca", true, false, true, true), DANE_NOT_LINKED);
    assert_int_equal(match("2 0 1 ca", false, true, true, true), DANE_NOT_LINKED);
    assert_int_equal(match("2 0 1 ca", true, true, false, true), DANE_EXPIRED);
    assert_int_equal(match("2 0 1 ca", true, true, true, false), DANE_WRONG_NAME);
    assert_int_equal(match("2 0 1 dd", true, true, true, true), DANE_DIFFERS);
}

static void of_no_kind(void **state)
{
    static const char *const records[] = {"0 0 1 aa", "1 1 1 ac", "4 0 1 aa", "3 2 1 aa",
                                          "3 0 3 aa", "3 0 1",    "3 0 1 ",   "",
                                          "x",        "3",        "-1 0 1 aa"};
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++)
        assert_int_equal(match(records[i], true, true, true, true), DANE_UNUSABLE);
}

static void with_all_octets(void **state)
{
    /* sha256 of "abc" */
    json_t *chain = json_pack("[{s:s}]", "certificate_sha256",
                              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    (void)state;
    assert_int_equal(dane_match("3 0 0 616263", chain, false), DANE_MATCHES);
    assert_int_equal(dane_match("3 0 0 616264", chain, false), DANE_DIFFERS);
    assert_int_equal(dane_match("3 0 0 61626", chain, false), DANE_DIFFERS);
    assert_int_equal(dane_match("3 0 0 61zz63", chain, false), DANE_DIFFERS);
    assert_int_equal(dane_match("3 0 0 616263", NULL, false), DANE_DIFFERS);
    json_decref(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_the_server_itself),
                                       cmocka_unit_test(of_an_anchor), cmocka_unit_test(of_no_kind),
                                       cmocka_unit_test(with_all_octets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
