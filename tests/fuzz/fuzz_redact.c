/* SPDX-License-Identifier: MIT
 *
 * Redaction: whatever stands around a secret, in whatever form it came, none of it is left, and a value
 * stays one that can be journaled.
 *
 *   line 1   the secret
 *   rest     text; an octet 1 ... 8 or 14 ... 18 in it stands for the secret in one of its forms */
#include "fuzz.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/redact.h"

static void add_base64(struct mu_buf *out, const char *text, size_t len, size_t skip)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char with[600];
    memset(with, 'x', skip);
    memcpy(with + skip, text, len);
    len += skip;
    for (size_t i = 0; i < len; i += 3) {
        unsigned v = 0;
        for (size_t j = 0; j < 3; j++)
            v = v << 8 | (i + j < len ? (unsigned char)with[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            mu_buf_addc(out, j <= len - i ? digits[v >> (18 - 6 * j) & 63] : '=');
    }
}

static void add_hex(struct mu_buf *out, const char *text, size_t len, const char *digits)
{
    for (size_t i = 0; i < len; i++) {
        mu_buf_addc(out, digits[(unsigned char)text[i] >> 4]);
        mu_buf_addc(out, digits[(unsigned char)text[i] & 15]);
    }
}

static void add_percent(struct mu_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (isalnum((unsigned char)text[i]) || (text[i] && strchr("-._~", text[i])))
            mu_buf_addc(out, text[i]);
        else
            mu_buf_addf(out, "%%%02X", (unsigned)(unsigned char)text[i]);
}

static void add_json(struct mu_buf *out, const char *text, size_t len)
{
    struct mu_buf quoted = {0};
    mu_json_canon_string(&quoted, text, len);
    mu_buf_add(out, quoted.data + 1, quoted.len - 2);
    mu_buf_free(&quoted);
}

static void add_percent_twice(struct mu_buf *out, const char *text, size_t len)
{
    struct mu_buf once = {0};
    add_percent(&once, text, len);
    add_percent(out, mu_buf_text(&once), once.len);
    mu_buf_free(&once);
}

/* Each octet but letters and digits between what the form writes before and behind its number. */
static void add_escaped(struct mu_buf *out, const char *text, size_t len, int form)
{
    for (size_t i = 0; i < len; i++) {
        unsigned octet = (unsigned char)text[i];
        if (isalnum(octet) || (form == 15 && octet >= 0x80)) /* an entity stands for a character */
            mu_buf_addc(out, text[i]);
        else if (form == 15)
            mu_buf_addf(out, "&#%u;", octet);
        else
            mu_buf_addf(out, form == 16 ? "=%02X" : "\\x%02x", octet);
    }
}

static void add_hex_with_colons(struct mu_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        mu_buf_addf(out, "%s%02X", i ? ":" : "", (unsigned)(unsigned char)text[i]);
}

static void add_form(struct mu_buf *out, int form, const char *secret, size_t len)
{
    switch (form) {
    case 1:
    case 2:
    case 3:
        add_base64(out, secret, len, (size_t)form - 1);
        break;
    case 4:
        add_percent(out, secret, len);
        break;
    case 5:
        add_hex(out, secret, len, "0123456789abcdef");
        break;
    case 6:
        add_hex(out, secret, len, "0123456789ABCDEF");
        break;
    case 7:
        add_json(out, secret, len);
        break;
    case 14:
        add_percent_twice(out, secret, len);
        break;
    case 15:
    case 16:
    case 17:
        add_escaped(out, secret, len, form);
        break;
    case 18:
        add_hex_with_colons(out, secret, len);
        break;
    default:
        mu_buf_add(out, secret, len);
    }
}

static bool is_planted(char c)
{
    return (c >= 1 && c <= 8) || (c >= 14 && c <= 18);
}

static void expand(struct mu_buf *out, const char *text, size_t len, const char *secret,
                   size_t secret_len)
{
    for (size_t i = 0; i < len; i++)
        if (is_planted(text[i]))
            add_form(out, text[i], secret, secret_len);
        else if (text[i] != '\0')
            mu_buf_addc(out, text[i]);
}

static void check_text(const char *text, bool planted)
{
    promise(!planted || mu_redact_hits(text, strlen(text)));
    char *clean = mu_redact_text(text);
    promise(!mu_redact_hits(clean, strlen(clean)));
    if (!mu_redact_hits(text, strlen(text)))
        promise(strcmp(clean, text) == 0);
    free(clean);
}

/* plain: no quote or backslash in the secret, so that the marks of the canonical text itself can't look
 * like it ("a\u0010" is no secret's text, its canonical form may be; nor is the "f" of "\f" in front of
 * what else would be the secret in base64). */
static void check_json(const char *text, bool plain)
{
    json_t *string = mu_json_lenient_string(text, strlen(text));
    json_t *value =
        json_pack("{s:[O, {s:O}], s:O}", "list", string, "inner", string, "top", string);
    json_object_set(value, json_string_value(string), json_true()); /* keys are scrubbed too */
    value = mu_redact_json(value);
    char *written = mu_json_text(value);
    promise(!plain || strchr(written, '\\') || !mu_redact_hits(written, strlen(written)));
    const char *top = mu_json_str(value, "top", NULL);
    promise(top == NULL || !mu_redact_hits(top, strlen(top)));
    struct mu_fail fail;
    json_t *again = mu_json_parse(written, strlen(written), &fail);
    promise(json_equal(again, value));
    json_decref(again);
    free(written);
    json_decref(value);
    json_decref(string);
}

/* A secret that overlaps with "[secret fuzz]" would be found in what replaces it. */
static bool like_the_mark(const char *secret, size_t len)
{
    static const char mark[] = "secret fuzz";
    bool inside = false;
    for (size_t i = 0; i + len < sizeof mark; i++)
        inside |= memcmp(mark + i, secret, len) == 0;
    return inside || memchr(secret, '[', len) || memchr(secret, ']', len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const uint8_t *line = memchr(bytes, '\n', len);
    size_t secret_len = line ? (size_t)(line - bytes) : 0;
    struct mu_fail fail = {0};
    if (line == NULL || secret_len > 500 || memchr(bytes, 0, secret_len) ||
        like_the_mark((const char *)bytes, secret_len))
        return 0;
    char secret[501];
    memcpy(secret, bytes, secret_len);
    secret[secret_len] = '\0';
    mu_redact_clear();
    if (mu_redact_register("fuzz", secret, &fail) != MU_OK) {
        promise(fail.text[0] != '\0');
        return 0;
    }
    promise(strcmp(mu_redact_secret("fuzz"), secret) == 0);
    const char *text = (const char *)line + 1;
    size_t text_len = len - secret_len - 1;
    struct mu_buf full = {0};
    expand(&full, text, text_len, secret, secret_len);
    bool planted = false;
    for (size_t i = 0; i < text_len; i++)
        planted |= is_planted(text[i]);
    check_text(mu_buf_text(&full), planted);
    check_json(mu_buf_text(&full), strpbrk(secret, "\"\\") == NULL);
    mu_buf_free(&full);
    return 0;
}
