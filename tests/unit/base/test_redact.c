/* SPDX-License-Identifier: MIT
 *
 * No canary gets through, in any form, anywhere in a value; innocent text stays as it is; and it is
 * fast enough to stand in front of the journal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"

#define CANARY "s3cr/t \"K\"+ü%41\\key" /* holds what every encoding has to touch */

static int clear(void **state)
{
    (void)state;
    mu_redact_clear();
    return 0;
}

static void expect(const char *text, const char *want)
{
    char *got = mu_redact_text(text);
    assert_string_equal(got, want);
    free(got);
}

/* No run of five characters of the encoded canary may be left. */
static void expect_gone(const char *encoded, size_t skip)
{
    char *text = mu_xasprintf("<%s>", encoded);
    char *got = mu_redact_text(text);
    assert_non_null(strstr(got, "[secret k]"));
    for (size_t i = skip; i + 5 <= strlen(encoded) - skip; i++) {
        char part[6] = {0};
        memcpy(part, encoded + i, 5);
        if (strstr(got, part) != NULL)
            print_message("left of %s: %s\n", encoded, got);
        assert_null(strstr(got, part));
    }
    assert_int_equal(got[0], '<');
    assert_int_equal(got[strlen(got) - 1], '>');
    assert_true(mu_redact_hits(text, strlen(text)));
    free(got);
    free(text);
}

static void every_form_is_found(void **state)
{
    (void)state;
    char hex[128], percent[256] = "", percent_all[256] = "";
    assert_int_equal(mu_redact_register("k", CANARY, NULL), MU_OK);
    expect_gone(CANARY, 0);
    mu_hex((const uint8_t *)CANARY, strlen(CANARY), hex);
    expect_gone(hex, 0);
    for (char *p = hex; *p; p++)
        *p = (char)(*p >= 'a' && (p - hex) % 3 ? *p - 32 : *p); /* mixed case */
    expect_gone(hex, 0);
    for (const char *p = CANARY; *p; p++) {
        size_t n = strlen(percent), m = strlen(percent_all);
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');
        snprintf(percent + n, sizeof percent - n, plain ? "%c" : "%%%02X",
                 plain ? *p : (unsigned char)*p);
        snprintf(percent_all + m, sizeof percent_all - m, "%%%02x", (unsigned char)*p);
    }
    expect_gone(percent, 0);
    expect_gone(percent_all, 0);
    struct mu_buf json = {0};
    mu_json_canon_string(&json, CANARY, strlen(CANARY));
    json.data[json.len - 1] = '\0';
    expect_gone(json.data + 1, 0);
    mu_buf_free(&json);
    expect_gone("s3cr\\/t \\u0022K\\u0022\\u002B\\u00FC%41\\\\key",
                0); /* PHP and Java write it so */
}

static void base64_is_found_wherever_it_starts(void **state)
{
    (void)state;
    static const char *const lengths[] = {"hunter22", "hunter222", "hunter2222", CANARY};
    for (size_t i = 0; i < MU_COUNT(lengths); i++) {
        mu_redact_clear();
        assert_int_equal(mu_redact_register("k", lengths[i], NULL), MU_OK);
        for (size_t before = 0; before < 7; before++)
            for (size_t after = 0; after < 4; after++) {
                char *plain = mu_xasprintf("%.*s%s%.*s", (int)before, "user:ab", lengths[i],
                                           (int)after, "tail");
                struct mu_buf buf = {0};
                mu_base64_add(&buf, plain, strlen(plain));
                size_t first = before * 8 / 6, end = ((before + strlen(lengths[i])) * 8 + 5) / 6;
                char *own =
                    mu_xstrndup(buf.data + first, end - first); /* all it decides, edges too */
                char *got = mu_redact_text(buf.data);
                assert_non_null(strstr(got, "[secret k]"));
                assert_null(strstr(got, own));
                char *mark = strstr(got, "[secret k]");
                assert_int_equal(mark - got, first);
                for (char *p = buf.data; *p; p++) /* the URL-safe alphabet, without padding */
                    *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
                buf.data[strcspn(buf.data, "=")] = '\0';
                assert_true(mu_redact_hits(buf.data, strlen(buf.data)));
                free(got);
                free(own);
                free(plain);
                mu_buf_free(&buf);
            }
    }
}

static void innocent_text_stays(void **state)
{
    (void)state;
    expect("nothing is known yet: hunter22", "nothing is known yet: hunter22");
    assert_int_equal(mu_redact_register("k", "hunter22", NULL), MU_OK);
    expect("", "");
    expect("h", "h");
    expect("hunter2", "hunter2");
    expect("%68unter %zz \\u00", "%68unter %zz \\u00");
    expect("hunter22", "[secret k]");
    expect("a hunter22, b hunter22!", "a [secret k], b [secret k]!");
    expect("hunter22hunter22", "[secret k][secret k]");
    expect("%68unter2%32", "[secret k]");
}

static void overlapping_secrets_go_together(void **state)
{
    (void)state;
    assert_int_equal(mu_redact_register("short", "abcdefgh", NULL), MU_OK);
    assert_int_equal(mu_redact_register("long", "abcdefghijkl", NULL), MU_OK);
    assert_int_equal(mu_redact_register("tail", "jklmnopqr", NULL), MU_OK);
    expect("abcdefghijkl", "[secret long]");
    expect("xabcdefghijklmnopqrx", "x[secret long]x");
}

/* What is left of UTF-8 is UTF-8, also when the secret is not: a value has to stay one. */
static void whole_characters_go(void **state)
{
    (void)state;
    assert_int_equal(mu_redact_register("k", "password\xc3", NULL), MU_OK);
    assert_int_equal(mu_redact_register("l", "\xa9password", NULL), MU_OK);
    expect("a password\xc3\xa9 b", "a [secret k] b");
    expect("a \xc3\xa9password b", "a [secret l] b");
    expect("a \xe2\x82\xa9password b", "a [secret l] b");
}

static void values_are_scrubbed_with_their_keys(void **state)
{
    (void)state;
    assert_int_equal(mu_redact_register("k", "hunter22", NULL), MU_OK);
    struct mu_fail fail;
    const char *text =
        "{\"a\":[\"hunter22\",1,{\"b\":\"x hunter22\"}],\"hunter22\":\"c\\u0000hunter22\"}";
    json_t *value = mu_redact_json(mu_json_parse(text, strlen(text), &fail));
    char *got = mu_json_text(value);
    assert_string_equal(got, "{\"[secret k]\":\"c\\u0000[secret k]\",\"a\":[\"[secret "
                             "k]\",1,{\"b\":\"x [secret k]\"}]}");
    free(got);
    json_decref(value);
    value = mu_redact_json(json_string("hunter22"));
    assert_string_equal(json_string_value(value), "[secret k]");
    json_decref(value);
}

static void secrets_are_answered_by_name(void **state)
{
    (void)state;
    struct mu_fail fail;
    assert_int_equal(mu_redact_register("k", "1234567", &fail), MU_CONFIG);
    assert_non_null(strstr(fail.text, "\"k\""));
    assert_null(strstr(fail.text, "1234567"));
    assert_null(mu_redact_secret("k"));
    assert_int_equal(mu_redact_register("k", "old-secret", NULL), MU_OK);
    assert_int_equal(mu_redact_register("k", "new-secret", NULL), MU_OK);
    assert_string_equal(mu_redact_secret("k"), "new-secret");
    expect("old-secret new-secret", "[secret k] [secret k]");
    assert_int_equal(mu_redact_register("k", "old-secret", NULL), MU_OK); /* rolled back */
    assert_string_equal(mu_redact_secret("k"), "old-secret");
}

/* 50,000 values of 300 octets a second, with a plain build; sanitizers take a tenfold. */
static void it_is_fast_enough(void **state)
{
    (void)state;
    char name[16], secret[64];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "key%d", i);
        snprintf(secret, sizeof secret, "%dvery-secret-token-%d", i * 7919, i);
        assert_int_equal(mu_redact_register(name, secret, NULL), MU_OK);
    }
    const char *value =
        "{\"code\":220,\"ms\":12,\"ok\":true,\"transcript\":\"S: 220 mx1.example.com ESMTP Postfix "
        "(Debian)"
        "\\nC: EHLO probe.example.net\\nS: 250-mx1.example.com\\nS: 250-PIPELINING\\nS: 250-SIZE "
        "52428800"
        "\\nS: 250-STARTTLS\\nS: 250 CHUNKING\\nC: QUIT\\nS: 221 2.0.0 Bye\",\"verdict\":\"up\"}";
    int64_t from = mu_clock_mono_us();
    for (int i = 0; i < 5000; i++)
        assert_false(mu_redact_hits(value, strlen(value)));
    int64_t us = mu_clock_mono_us() - from;
    print_message("%.2f us a value of %zu octets\n", (double)us / 5000, strlen(value));
    assert_true(us < 1000000);
}

/* What a text was cut to ends within a secret. */
static void a_part_at_the_end_goes(void **state)
{
    (void)state;
    struct mu_fail fail;
    assert_int_equal(mu_redact_register("k", "correct-horse-battery-staple", &fail), MU_OK);
    expect("it said correct-horse-batt", "it said [secret k]");
    expect("it said Y29ycmVjdC1ob3JzZS1iYXR0ZX", "it said [secret k]");
    expect("it said correct-horse", "it said correct-horse"); /* less than half, or than 12 */
    expect("correct-horse-batt said it", "correct-horse-batt said it");
}

static void form_encoding_and_json_in_json_are_read(void **state)
{
    (void)state;
    struct mu_fail fail;
    assert_int_equal(mu_redact_register("k", "horse \"b\"\\ \xc3\xbc battery", &fail), MU_OK);
    expect("q=horse+%22b%22%5C+%C3%BC+battery&x", "q=[secret k]&x");
    expect("{\"a\":\"{\\\"b\\\":\\\"horse \\\\\\\"b\\\\\\\"\\\\\\\\ \\\\u00fc battery\\\"}\"}",
           "{\"a\":\"{\\\"b\\\":\\\"[secret k]\\\"}\"}");
}

#define SIGNS "Tok&one<two\"three'four=5" /* holds what pages, mails and shells have to touch */

static void pages_mails_and_shells_are_read(void **state)
{
    (void)state;
    assert_int_equal(mu_redact_register("k", SIGNS, NULL), MU_OK);
    static const char *const forms[] = {
        "Tok&amp;one&lt;two&quot;three&#39;four=5", /* HTML */
        "Tok&#38;one&#x3C;two&#34;three&#x00027;four&#61;5",
        "&#84;&#111;&#107;&AMP;one&LT;two&QUOT;three&apos;four=5",
        "Tok&amp;amp;one&amp;lt;two&amp;quot;three&amp;#39;four=5",         /* a page in a page */
        "Tok\\u0026amp;one\\u0026lt;two\\u0026quot;three\\u0026#39;four=5", /* a page in JSON */
        "Tok%2526one%253Ctwo%2522three%2527four%253d5",
        "Tok&one<two\"three'four=3D5", /* quoted-printable */
        "=54ok=26one<tw=\r\no\"three'four=3D5",
        "Tok\\x26one\\x3ctwo\\x22three\\'four=5", /* C */
        "Tok\\046one\\074two\\042three\\047four=5",
        "Tok\\&one\\<two\\\"three\\'four\\=5", /* a shell */
    };
    for (size_t i = 0; i < MU_COUNT(forms); i++) {
        expect(forms[i], "[secret k]");
        char *text = mu_xasprintf("t=%s&amp;", forms[i]);
        expect(text, "t=[secret k]&amp;");
        free(text);
    }
    expect("Tok&amp;one&lt;two&quot;three&quot;four=5",
           "Tok&amp;one&lt;two&quot;three&quot;four=5");
    expect("Tok&#3a8;one &#; &#x; &amp &", "Tok&#3a8;one &#; &#x; &amp &");
}

static void a_secret_may_begin_as_escapes_do(void **state)
{
    (void)state;
    static const char *const secrets[][2] = {
        {"=Tok=one=two", "=3DTok=3Done=3Dtwo"},
        {"%Tok%one%two", "%25Tok%25one%25two"},
        {"&Tok&one&two", "&amp;Tok&amp;one&amp;two"},
        {"\\Tok\\one\\two", "\\\\Tok\\x5cone\\134two"},
    };
    for (size_t i = 0; i < MU_COUNT(secrets); i++) {
        mu_redact_clear();
        assert_int_equal(mu_redact_register("k", secrets[i][0], NULL), MU_OK);
        expect(secrets[i][1], "[secret k]");
        expect(secrets[i][0], "[secret k]");
    }
}

/* Encodings of mail and of tools are broken at 64 or 76 characters; terminals and YAML indent. */
static void breaks_are_passed_over(void **state)
{
    (void)state;
    assert_int_equal(mu_redact_register("k", "correct-horse battery", NULL), MU_OK);
    expect("a correct-ho\nrse battery b", "a [secret k] b");
    expect("a c\r\n   orrect-horse \r\n\tbattery b", "a [secret k] b");
    expect("Y29ycmVjdC1o\nb3JzZSBiYXR0\r\n ZXJ5", "[secret k]");
    expect("{\"a\":\"Y29ycmVjdC1o\\nb3JzZSBiYXR0\\r\\nZXJ5\"}", "{\"a\":\"[secret k]\"}");
    expect("correct-ho\\\nrse battery", "[secret k]"); /* a shell's continuation */
    expect("63:6F:72:72:65:63:74:2D:68:6F:72:73:65:20:62:61:74:74:65:72:79", "[secret k]");
    expect("636f 7272 6563 742d 686f 7273 6520 6261\n7474 6572 79", "[secret k]");
    expect("correct-ho rse battery", "correct-ho rse battery");
    char *far = mu_xasprintf("correct-ho\n%100srse battery", "");
    expect(far, far); /* nor over any distance: a line of blanks must not be read again and again */
    free(far);
}

static void an_escape_that_was_cut_goes_too(void **state)
{
    (void)state;
    assert_int_equal(mu_redact_register("k", "correct-horse&battery", NULL), MU_OK);
    expect("it said correct-horse&am", "it said [secret k]");
    expect("it said correct-horse%2", "it said [secret k]");
    expect("it said correct-horse&lt;", "it said correct-horse&lt;");
}

/* In the canonical text of a value, what a string escapes is escaped once more: the value is looked at. */
static void canonical_text_is_read_as_a_value(void **state)
{
    (void)state;
    struct mu_fail fail;
    assert_int_equal(mu_redact_register("k", "pa\"ss\\word-1", &fail), MU_OK);
    json_t *value = json_pack("{s:s}", "body", "{\"echo\":\"pa\\\"ss\\\\word-1\"}");
    char *text = mu_json_text(value), *clean = mu_redact_canonical(text, strlen(text));
    assert_non_null(clean);
    assert_string_equal(clean, "{\"body\":\"{\\\"echo\\\":\\\"[secret k]\\\"}\"}");
    assert_null(mu_redact_canonical(clean, strlen(clean)));
    free(clean);
    free(text);
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_part_at_the_end_goes, clear),
        cmocka_unit_test_teardown(form_encoding_and_json_in_json_are_read, clear),
        cmocka_unit_test_teardown(pages_mails_and_shells_are_read, clear),
        cmocka_unit_test_teardown(a_secret_may_begin_as_escapes_do, clear),
        cmocka_unit_test_teardown(breaks_are_passed_over, clear),
        cmocka_unit_test_teardown(an_escape_that_was_cut_goes_too, clear),
        cmocka_unit_test_teardown(canonical_text_is_read_as_a_value, clear),
        cmocka_unit_test_teardown(every_form_is_found, clear),
        cmocka_unit_test_teardown(base64_is_found_wherever_it_starts, clear),
        cmocka_unit_test_teardown(innocent_text_stays, clear),
        cmocka_unit_test_teardown(overlapping_secrets_go_together, clear),
        cmocka_unit_test_teardown(whole_characters_go, clear),
        cmocka_unit_test_teardown(values_are_scrubbed_with_their_keys, clear),
        cmocka_unit_test_teardown(secrets_are_answered_by_name, clear),
        cmocka_unit_test_teardown(it_is_fast_enough, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
