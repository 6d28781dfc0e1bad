/* SPDX-License-Identifier: MIT
 *
 * JSON of strangers: RFC 8259 as it is met in the wild. A parser of its own because what a provider
 * or a log sends must neither be refused for one stray byte nor silently changed:
 *
 *   99999999999999999999            ─▶ "99999999999999999999"     outside int64: a string, no digit
 * lost 1e999                           ─▶ "1e999"                    no finite double
 *   {"banner": "caf\xe9"}           ─▶ {"banner": "caf\uFFFD", "banner_raw_b64": "Y2Fm6Q=="}
 *   "\ud800"                        ─▶ "\uFFFD"                   a lone surrogate
 *   {"a": 1, "a": 2}                ─▶ {"a": 2}                   the last one counts, as elsewhere
 *
 * Everything else that is not JSON fails with the byte offset. Depth and size are bounded. */
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"

#define NUMBER_MAX  400 /* octets of one number: longer ones are nobody's */
#define REPLACEMENT "\xEF\xBF\xBD"

struct reader {
    const char *start, *p, *end;
    int room; /* nesting still allowed */
    struct mu_fail *fail;
};

static json_t *read_value(struct reader *);
static void skip_space(struct reader *);
static json_t *refuse(struct reader *, const char *what);
static bool make_lenient(const char *bytes, size_t len, struct mu_buf *out);

json_t *mu_json_parse_foreign(const char *text, size_t len, struct mu_fail *fail)
{
    struct reader reader = {text, text, text + len, MU_LIMIT_DEPTH, fail};
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        reader.p += 3; /* a byte order mark, as some Windows tools put it */
    json_t *value = read_value(&reader);
    skip_space(&reader);
    if (value == NULL || reader.p == reader.end)
        return value;
    json_decref(value);
    return refuse(&reader, "something follows the value");
}

json_t *mu_json_lenient_string(const char *bytes, size_t len)
{
    struct mu_buf buf = {.max = 3 * len + 1};
    make_lenient(bytes, len, &buf);
    json_t *string = json_stringn_nocheck(mu_buf_text(&buf), buf.len);
    mu_buf_free(&buf);
    return string;
}

/* --- UTF-8 --- */

/* Octets of the well-formed character at p, 0 when there is none (Unicode 15, table 3-7). *bad:
 * octets one U+FFFD stands for (the longest start of a character that could have been). */
static size_t character(const unsigned char *p, size_t room, size_t *bad)
{
    static const struct {
        unsigned char lead_min, lead_max, second_min, second_max, len;
    } forms[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    *bad = 1;
    if (p[0] < 0x80)
        return 1;
    for (size_t i = 0; i < MU_COUNT(forms); i++) {
        if (p[0] < forms[i].lead_min || p[0] > forms[i].lead_max)
            continue;
        size_t n = 1;
        if (n < room && p[1] >= forms[i].second_min && p[1] <= forms[i].second_max)
            for (n = 2; n < forms[i].len && n < room && (p[n] & 0xC0) == 0x80;)
                n++;
        *bad = n;
        return n == forms[i].len ? n : 0;
    }
    return 0;
}

/* Appends with U+FFFD for what is no UTF-8; true when nothing had to be replaced. */
static bool make_lenient(const char *bytes, size_t len, struct mu_buf *out)
{
    bool clean = true;
    for (size_t i = 0; i < len;) {
        size_t bad, good = character((const unsigned char *)bytes + i, len - i, &bad);
        if (good)
            mu_buf_add(out, bytes + i, good);
        else
            mu_buf_adds(out, REPLACEMENT);
        clean = clean && good != 0;
        i += good ? good : bad;
    }
    return clean;
}

static void put_point(struct mu_buf *buf, uint32_t point)
{
    if (point < 0x80) {
        mu_buf_addc(buf, (char)point);
    } else if (point < 0x800) {
        mu_buf_addc(buf, (char)(0xC0 | point >> 6));
        mu_buf_addc(buf, (char)(0x80 | (point & 0x3F)));
    } else if (point < 0x10000) {
        mu_buf_addc(buf, (char)(0xE0 | point >> 12));
        mu_buf_addc(buf, (char)(0x80 | (point >> 6 & 0x3F)));
        mu_buf_addc(buf, (char)(0x80 | (point & 0x3F)));
    } else {
        mu_buf_addc(buf, (char)(0xF0 | point >> 18));
        mu_buf_addc(buf, (char)(0x80 | (point >> 12 & 0x3F)));
        mu_buf_addc(buf, (char)(0x80 | (point >> 6 & 0x3F)));
        mu_buf_addc(buf, (char)(0x80 | (point & 0x3F)));
    }
}

/* --- strings --- */

static json_t *refuse(struct reader *reader, const char *what)
{
    mu_fail_set(reader->fail, MU_PROTO, "not JSON at byte %zu: %s",
                (size_t)(reader->p - reader->start), what);
    return NULL;
}

/* Four hex digits at p, or -1. */
static int32_t four_hex(const char *p, const char *end)
{
    int32_t point = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i], low = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            point = point << 4 | (c - '0');
        else if (low >= 'a' && low <= 'f')
            point = point << 4 | (low - 'a' + 10);
        else
            return -1;
    }
    return point;
}

/* After "\u". A surrogate without its partner is U+FFFD. */
static bool read_unicode(struct reader *reader, struct mu_buf *raw)
{
    int32_t point = four_hex(reader->p, reader->end);
    if (point < 0)
        return refuse(reader, "\\u wants four hex digits"), false;
    reader->p += 4;
    if (point >= 0xD800 && point < 0xDC00 && reader->end - reader->p >= 6 &&
        memcmp(reader->p, "\\u", 2) == 0) {
        int32_t low = four_hex(reader->p + 2, reader->end);
        if (low >= 0xDC00 && low < 0xE000) {
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
            reader->p += 6;
        }
    }
    put_point(raw, point >= 0xD800 && point < 0xE000 ? 0xFFFD : (uint32_t)point);
    return true;
}

static bool read_escape(struct reader *reader, struct mu_buf *raw)
{
    static const char letters[] = "\"\\/bfnrt", stands_for[] = "\"\\/\b\f\n\r\t";
    char c = reader->p < reader->end ? *reader->p : '\0';
    const char *letter = c ? strchr(letters, c) : NULL;
    if (c == 'u') {
        reader->p++;
        return read_unicode(reader, raw);
    }
    if (letter == NULL)
        return refuse(reader, "unknown escape in a string"), false;
    mu_buf_addc(raw, stands_for[letter - letters]);
    reader->p++;
    return true;
}

/* At the opening quote; the octets it stands for, escapes resolved, go into raw. */
static bool read_octets(struct reader *reader, struct mu_buf *raw)
{
    raw->max = (size_t)(reader->end - reader->p) + 4;
    for (reader->p++; reader->p < reader->end && *reader->p != '"';) {
        unsigned char c = (unsigned char)*reader->p;
        if (c < 0x20)
            return refuse(reader, "a control character in a string"), false;
        if (c != '\\') {
            mu_buf_addc(raw, *reader->p++);
            continue;
        }
        reader->p++;
        if (!read_escape(reader, raw))
            return false;
    }
    if (reader->p == reader->end)
        return refuse(reader, "a string without its end"), false;
    reader->p++;
    return true;
}

/* *raw_b64 gets the original when octets had to be replaced; it may be NULL. */
static json_t *read_string(struct reader *reader, struct mu_buf *raw_b64)
{
    struct mu_buf raw = {0}, clean = {0};
    json_t *string = NULL;
    if (read_octets(reader, &raw)) {
        clean.max = 3 * raw.len + 1;
        if (!make_lenient(mu_buf_text(&raw), raw.len, &clean) && raw_b64 != NULL)
            mu_base64_add(raw_b64, raw.data, raw.len);
        string = json_stringn_nocheck(mu_buf_text(&clean), clean.len);
    }
    mu_buf_free(&raw);
    mu_buf_free(&clean);
    return string;
}

/* --- numbers and words --- */

static size_t digits(const struct reader *reader, size_t from)
{
    size_t n = from;
    while (reader->p + n < reader->end && reader->p[n] >= '0' && reader->p[n] <= '9')
        n++;
    return n - from;
}

static bool next_is(const struct reader *reader, size_t at, const char *any)
{
    return reader->p + at < reader->end && reader->p[at] && strchr(any, reader->p[at]) != NULL;
}

/* Length of the number at p in the grammar of RFC 8259, section 6; 0 when there is none. */
static size_t number_len(const struct reader *reader, bool *real)
{
    size_t n = next_is(reader, 0, "-"), count = digits(reader, n);
    *real = false;
    if (count == 0 || (count > 1 && reader->p[n] == '0'))
        return 0;
    n += count;
    if (next_is(reader, n, ".")) {
        *real = true;
        if ((count = digits(reader, n + 1)) == 0)
            return 0;
        n += 1 + count;
    }
    if (next_is(reader, n, "eE")) {
        size_t sign = next_is(reader, n + 1, "+-");
        *real = true;
        if ((count = digits(reader, n + 1 + sign)) == 0)
            return 0;
        n += 1 + sign + count;
    }
    return n;
}

static json_t *read_number(struct reader *reader)
{
    char text[NUMBER_MAX + 1];
    bool real;
    size_t len = number_len(reader, &real);
    if (len == 0 || len > NUMBER_MAX)
        return refuse(reader, len ? "a number too long to be one" : "not a number");
    memcpy(text, reader->p, len);
    text[len] = '\0';
    reader->p += len;
    errno = 0;
    if (!real) {
        long long whole = strtoll(text, NULL, 10);
        return errno ? json_string(text) : json_integer(whole);
    }
    double value = strtod(text, NULL);
    return isfinite(value) ? json_real(value) : json_string(text);
}

static json_t *read_word(struct reader *reader)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < MU_COUNT(words); i++) {
        size_t len = strlen(words[i]);
        if ((size_t)(reader->end - reader->p) < len || memcmp(reader->p, words[i], len) != 0)
            continue;
        reader->p += len;
        return i == 0 ? json_true() : i == 1 ? json_false() : json_null();
    }
    return refuse(reader, "neither a value nor true, false or null");
}

/* --- arrays and objects --- */

static void skip_space(struct reader *reader)
{
    while (reader->p < reader->end &&
           (*reader->p == ' ' || *reader->p == '\t' || *reader->p == '\n' || *reader->p == '\r'))
        reader->p++;
}

static bool take(struct reader *reader, char c)
{
    skip_space(reader);
    if (reader->p == reader->end || *reader->p != c)
        return false;
    reader->p++;
    return true;
}

/* After an item: true when another follows; *done when the closing bracket was there. */
static bool another(struct reader *reader, char close, bool *done)
{
    if (take(reader, ','))
        return true;
    *done = take(reader, close);
    if (!*done)
        refuse(reader, close == ']' ? "',' or ']' expected" : "',' or '}' expected");
    return false;
}

static json_t *read_array(struct reader *reader)
{
    json_t *array = json_array();
    bool done = take(reader, ']');
    while (!done) {
        json_t *item = read_value(reader);
        if (item == NULL)
            break;
        json_array_append_new(array, item);
        if (!another(reader, ']', &done))
            break;
    }
    if (!done)
        json_decref(array);
    return done ? array : NULL;
}

/* A key can't hold NUL octets in our values: they become U+FFFD. */
static char *read_key(struct reader *reader)
{
    skip_space(reader);
    if (reader->p == reader->end || *reader->p != '"')
        return refuse(reader, "a key in quotes expected"), NULL;
    json_t *string = read_string(reader, NULL);
    if (string == NULL)
        return NULL;
    struct mu_buf key = {.max = 3 * json_string_length(string) + 1};
    for (size_t i = 0; i < json_string_length(string); i++)
        if (json_string_value(string)[i])
            mu_buf_addc(&key, json_string_value(string)[i]);
        else
            mu_buf_adds(&key, REPLACEMENT);
    json_decref(string);
    return mu_buf_take(&key);
}

static bool read_member(struct reader *reader, json_t *object)
{
    char *key = read_key(reader);
    struct mu_buf raw_b64 = {0};
    json_t *value = NULL;
    if (key == NULL)
        return false;
    if (!take(reader, ':'))
        refuse(reader, "':' expected");
    else if (skip_space(reader), reader->p < reader->end && *reader->p == '"')
        value = read_string(reader, &raw_b64);
    else
        value = read_value(reader);
    if (value != NULL)
        json_object_set_new_nocheck(object, key, value);
    if (value != NULL && raw_b64.len != 0) {
        char *beside = mu_xasprintf("%s_raw_b64", key);
        json_object_set_new_nocheck(object, beside, json_string(mu_buf_text(&raw_b64)));
        free(beside);
    }
    mu_buf_free(&raw_b64);
    free(key);
    return value != NULL;
}

static json_t *read_object(struct reader *reader)
{
    json_t *object = json_object();
    bool done = take(reader, '}');
    while (!done)
        if (!read_member(reader, object) || !another(reader, '}', &done))
            break;
    if (!done)
        json_decref(object);
    return done ? object : NULL;
}

static json_t *read_value(struct reader *reader)
{
    skip_space(reader);
    if (reader->p == reader->end)
        return refuse(reader, "it ends where a value should be");
    char c = *reader->p;
    if (c == '"')
        return read_string(reader, NULL);
    if (c == '-' || (c >= '0' && c <= '9'))
        return read_number(reader);
    if (c != '[' && c != '{')
        return read_word(reader);
    if (reader->room == 0) {
        mu_fail_set(reader->fail, MU_PROTO, "JSON nested deeper than %d", MU_LIMIT_DEPTH);
        return NULL;
    }
    reader->room--;
    reader->p++;
    json_t *value = c == '[' ? read_array(reader) : read_object(reader);
    reader->room++;
    return value;
}
