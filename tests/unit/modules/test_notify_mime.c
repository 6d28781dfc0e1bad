/* SPDX-License-Identifier: MIT
 *
 * notify/channels/mime: the bytes of an e-mail, and that no value gets out of its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "notify/channels/mime.h"

static void words(const char *text, const char *expected)
{
    struct mu_buf out = {0};
    mu_notify_mime_words(&out, text, " ");
    assert_string_equal(mu_buf_text(&out), expected);
    mu_buf_free(&out);
}

static void headers_are_encoded_words(void **state)
{
    (void)state;
    words("plain ASCII", "plain ASCII");
    words("K\xc3\xa4se", "=?UTF-8?B?S8Okc2U=?=");
    words("=?not? a word", "=?UTF-8?B?PT9ub3Q/IGEgd29yZA==?=");
    words("a\r\nBcc: x@y\tz", "a  Bcc: x@y z");
}

/* Every word whole characters only, at most 75 octets, and together the text. */
static void long_headers_are_split_between_characters(void **state)
{
    (void)state;
    char text[300] = "";
    struct mu_buf out = {0}, again = {0};
    for (int i = 0; i < 70; i++)
        strcat(text, i % 3 ? "\xe2\x82\xac" : "x");
    mu_notify_mime_words(&out, text, " ");
    char *copy = mu_buf_take(&out), *rest = copy, *word;
    while ((word = strsep(&rest, " ")) != NULL) {
        size_t len = strlen(word), decoded_len;
        assert_true(len <= 75);
        assert_memory_equal(word, "=?UTF-8?B?", 10);
        word[len - 2] = '\0';
        uint8_t *decoded = mu_base64_decode(word + 10, &decoded_len);
        assert_non_null(decoded);
        assert_int_not_equal(decoded[0] & 0xc0, 0x80);
        mu_buf_add(&again, decoded, decoded_len);
        free(decoded);
    }
    assert_string_equal(mu_buf_text(&again), text);
    mu_buf_free(&again);
    free(copy);
}

static char *built(const char *subject, const char *text, const char *label)
{
    struct mu_buf out = {0};
    mu_notify_mime(&(struct mime_message){.from_label = "muster",
                                          .from = "muster@oncall.example",
                                          .to_label = label,
                                          .to = "ana@oncall.example",
                                          .subject = subject,
                                          .text = text,
                                          .message_id = "k1@oncall.example",
                                          .thread_id = "INC-118.muster@oncall.example",
                                          .run = "mx-failover.12",
                                          .incident = "INC-118",
                                          .urgent = true,
                                          .date_ms = 1795402267000},
                   &out);
    return mu_buf_take(&out);
}

static void a_message(void **state)
{
    (void)state;
    char *message =
        built("Mail fails", "Down since 02:51.\n\nK\xc3\xa4se = 1 \n.\n", "Ana \"A\" Ruiz");
    assert_string_equal(message, "Date: Mon, 23 Nov 2026 02:51:07 +0000\r\n"
                                 "From: \"muster\"\r\n <muster@oncall.example>\r\n"
                                 "To: \"Ana \\\"A\\\" Ruiz\"\r\n <ana@oncall.example>\r\n"
                                 "Message-ID: <k1@oncall.example>\r\n"
                                 "References: <INC-118.muster@oncall.example>\r\n"
                                 "Subject: Mail fails\r\n"
                                 "Auto-Submitted: auto-generated\r\n"
                                 "Importance: high\r\nX-Priority: 1\r\n"
                                 "X-Muster-Run: mx-failover.12\r\n"
                                 "X-Muster-Incident: INC-118\r\n"
                                 "MIME-Version: 1.0\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Transfer-Encoding: quoted-printable\r\n"
                                 "\r\n"
                                 "Down since 02:51.\r\n\r\nK=C3=A4se =3D 1=20\r\n.\r\n");
    free(message);
}

static void lines_stay_short_and_values_in_place(void **state)
{
    (void)state;
    char subject[400] = "", text[2000] = "";
    for (int i = 0; i < 40; i++)
        strcat(strcat(subject, i % 2 ? "word " : "\xc3\xa4rger"), "");
    for (int i = 0; i < 90; i++)
        strcat(text, i % 7 ? "lorem ipsum " : "=\xe2\x82\xac");
    strcat(subject, "\r\nBcc: everybody@example.com");
    char *message = built(subject, text, "x\r\nBcc: everybody@example.com");
    assert_null(strstr(message, "\nBcc:"));
    char *rest = message, *line;
    while ((line = strsep(&rest, "\n")) != NULL && rest != NULL) {
        size_t len = strlen(line);
        assert_true(len > 0 && line[len - 1] == '\r');
        assert_true(len <= 78 + 1);
        for (size_t i = 0; i < len - 1; i++)
            assert_in_range((unsigned char)line[i], 0x20, 0x7e);
    }
    free(message);
    char words_only[500] = "";
    for (int i = 0; i < 60; i++)
        strcat(words_only, "plain ");
    message = built(words_only, "x", "");
    assert_non_null(strstr(message, "plain\r\n plain"));
    free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_encoded_words),
        cmocka_unit_test(long_headers_are_split_between_characters),
        cmocka_unit_test(a_message),
        cmocka_unit_test(lines_stay_short_and_values_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
