/* SPDX-License-Identifier: MIT
 *
 * mail.dkim: key records (RFC 6376, 3.6.1; RFC 8301; RFC 8463) with keys that are made here, and what is said of the selectors of
 * a domain, named or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "harness/harness.h"
#include "mail/dkim/key.h"

/* --- keys --- */

/* The base64 of an RSA key of so many bits: as SubjectPublicKeyInfo, or bare (RSAPublicKey). */
static char *rsa_key(unsigned bits, bool bare)
{
    EVP_PKEY *key = EVP_RSA_gen(bits);
    unsigned char *der = NULL;
    int len = bare ? i2d_PublicKey(key, &der) : i2d_PUBKEY(key, &der);
    char *text = mu_xcalloc((size_t)len * 2 + 8, 1);
    EVP_EncodeBlock((unsigned char *)text, der, len);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    return text;
}

/* The key of RFC 8463, appendix A.2. */
#define ED25519 "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

/* front and key make the record. */
static struct dkim_key read_key(const char *front, const char *key)
{
    json_t *records = json_array();
    json_array_append_new(records, json_sprintf("\"%s%s\"", front, key));
    struct dkim_key read = dkim_key_read(records);
    json_decref(records);
    return read;
}

static void measures_keys(void **state)
{
    static const struct {
        unsigned bits;
        bool bare;
        enum dkim_state state;
        const char *why;
    } rows[] = {
        {512, false, DKIM_WEAK, "512 bits: receivers count nothing below 1024 (RFC 8301)"},
        {1024, false, DKIM_VALID, "1024 bits: 2048 are advised"},
        {2048, false, DKIM_VALID, ""},
        {2048, true, DKIM_VALID, ""},
    };
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        char *text = rsa_key(rows[i].bits, rows[i].bare);
        struct dkim_key key = read_key("v=DKIM1; k=rsa; p=", text);
        if (key.state != rows[i].state || key.bits != (int)rows[i].bits ||
            !strstr(key.why, rows[i].why))
            fail_msg("%u: %s, %d, %s", rows[i].bits, dkim_state_name(key.state), key.bits, key.why);
        free(text);
    }
}

static void reads_records(void **state)
{
    static const struct {
        const char *record;
        enum dkim_state state;
        const char *type, *why;
    } rows[] = {
        {"v=DKIM1; k=ed25519; p=" ED25519, DKIM_VALID, "ed25519", ""},
        {"k=ed25519;p=11qYAYKxCrfVS/7T yWQHOg7hcvPapiMlrwIa aPcHURo=", DKIM_VALID, "ed25519",
         ""}, /* white space in p */
        {"v=DKIM1; k=ed25519; t=y:s; p=" ED25519, DKIM_VALID, "ed25519",
         "t=y: receivers take mail"},
        {"v=DKIM1; k=ed25519; s=tlsrpt; p=" ED25519, DKIM_BROKEN, "ed25519",
         "s=tlsrpt: it is not for e-mail"},
        {"v=DKIM1; k=ed25519; s=other:email; p=" ED25519, DKIM_VALID, "ed25519", ""},
        {"v=DKIM1; p=", DKIM_REVOKED, "rsa", "revoked"},
        {"v=DKIM1; k=rsa", DKIM_BROKEN, "rsa", "it has no p="},
        {"v=DKIM2; p=" ED25519, DKIM_BROKEN, "rsa", "v=DKIM2"},
        {"k=ed25519; v=DKIM1; p=" ED25519, DKIM_BROKEN, "ed25519", "in front is wanted"},
        {"v=DKIM1; k=dsa; p=" ED25519, DKIM_BROKEN, "dsa", "k=dsa: rsa or ed25519 are known"},
        {"v=DKIM1; k=rsa; p=" ED25519, DKIM_BROKEN, "rsa", "p= is no RSA key"},
        {"v=DKIM1; k=ed25519; p=AAAA", DKIM_BROKEN, "ed25519",
         "p= has 3 octets, an Ed25519 key 32"},
        {"v=DKIM1; p=*not base64*", DKIM_BROKEN, "rsa", "p= is no base64"},
        {"v=DKIM1; k=ed25519; x=y; n=a note; h=sha256; p=" ED25519, DKIM_VALID, "ed25519", ""},
        {"hello", DKIM_BROKEN, "rsa", "it has no p="},
    };
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        struct dkim_key key = read_key("", rows[i].record);
        if (key.state != rows[i].state || strcmp(key.type, rows[i].type) != 0 ||
            !strstr(key.why, rows[i].why))
            fail_msg("%s: %s, %s, %s", rows[i].record, dkim_state_name(key.state), key.type,
                     key.why);
    }
    json_t *two = mu_harness_json("['\\\"p=\\\"', '\\\"p=\\\"']");
    assert_int_equal(dkim_key_read(two).state, DKIM_BROKEN);
    json_decref(two);
    assert_int_equal(dkim_key_read(NULL).state, DKIM_ABSENT);
}

/* --- the verb --- */

static struct mu_harness *h;

static json_t *answer(const json_t *args, void *ud)
{
    const char *name = mu_json_str(args, "name", "");
    (void)ud;
    if (strncmp(name, "good.", 5) == 0 || strncmp(name, "google.", 7) == 0)
        return mu_harness_json(
            "{'ok': true, 'rcode': 'NOERROR', 'canonical': 'key.provider.test', 'records': "
            "['\\\"v=DKIM1; k=ed25519; p=" ED25519 "\\\"']}");
    if (strncmp(name, "gone.", 5) == 0)
        return mu_harness_json(
            "{'ok': true, 'rcode': 'NOERROR', 'records': ['\\\"v=DKIM1; p=\\\"']}");
    if (strncmp(name, "lame.", 5) == 0)
        return mu_harness_json(
            "{'ok': false, 'rcode': 'SERVFAIL', 'why': 'says SERVFAIL', 'records': []}");
    return mu_harness_json("{'ok': false, 'rcode': 'NXDOMAIN', 'why': 'x', 'records': []}");
}

/* ok, a piece of why, and the keys' states in one text. */
static void expect(const char *args, bool ok, const char *why, const char *states)
{
    json_t *r = mu_harness_call(h, "mail.dkim", mu_harness_json("%s", args)), *key;
    char text[400] = "";
    size_t i;
    json_array_foreach(json_object_get(r, "keys"), i, key)
    {
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, "%s%s %s", i ? ", " : "",
                 mu_json_str(key, "selector", ""), mu_json_str(key, "state", ""));
    }
    if (mu_json_bool(r, "ok", !ok) != ok || !strstr(mu_json_str(r, "why", ""), why) ||
        strcmp(text, states) != 0)
        fail_msg("%s: %s, %s", args, mu_json_str(r, "why", ""), text);
    json_decref(r);
}

static void judges_selectors(void **state)
{
    (void)state;
    expect("['example.com']", true, "1 valid key", "google valid");
    expect("['example.com', {'selectors': ['good']}]", true, "1 valid key", "good valid");
    expect("['example.com', {'selectors': ['good', 'gone']}]", true, "1 valid key",
           "good valid, gone revoked");
    expect("['example.com', {'selectors': ['good', 'none']}]", false, "1 valid key; none: absent",
           "good valid, none absent");
    expect("['example.com', {'selectors': ['good', 'lame']}]", false,
           "lame: can't be looked up: says SERVFAIL", "good valid, lame unknown");
    expect("['example.com', {'selectors': ['good', 7]}]", false, "a selector is a text", "");
    expect("['configured.test']", true, "1 valid key", "good valid"); /* domains[domain].dkim */
    json_t *r = mu_harness_call(h, "mail.dkim",
                                mu_harness_json("['example.com', {'selectors': ['good']}]"));
    const json_t *key = json_array_get(json_object_get(r, "keys"), 0);
    assert_string_equal(mu_json_str(key, "delegated_to", ""), "key.provider.test");
    assert_int_equal(mu_json_int(key, "bits", 0), 256);
    assert_true(mu_json_bool(r, "named", false));
    json_decref(r);
}

static int open_world(void **state)
{
    (void)state;
    h = mu_harness_new(mu_harness_json("{'domains': {'configured.test': {'dkim': ['good']}}}"));
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
        cmocka_unit_test(measures_keys),
        cmocka_unit_test(reads_records),
        cmocka_unit_test(judges_selectors),
    };
    return cmocka_run_group_tests_name("modules.mail_dkim", tests, open_world, close_world);
}
