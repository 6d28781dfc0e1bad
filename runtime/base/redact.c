/* SPDX-License-Identifier: MIT
 *
 * Secrets and where they hide; see redact.h.
 *
 * A secret becomes a handful of needles, one a form. A needle is matched by reading the text one
 * character at a time the way the form would be read back, so that every spelling of it is found:
 * %41 and %61 in either case, \u0041, \/ and the URL-safe base64 alphabet.
 *
 *   form      needle                                   a text character is read as
 *   raw       the secret                               itself
 *   percent   the secret                               %XX decoded, + also as a space
 *   escaped   the secret                               \n \" \uXXXX (JSON), \xXX \042 \& (C, shells) decoded
 *   entities  the secret                               &amp; &#38; &#x26; decoded
 *   quoted    the secret                               =XX decoded (quoted-printable)
 *   hex       its digits, lower case                   lower case; "41:42", "41 42", "41-42" as "4142"
 *   base64    for 0, 1 and 2 octets before it, the     %XX and \/ decoded, - as +, _ as /
 *             characters that only the secret decides; the one at either edge that it shares with
 *             its neighbours, and padding, go with it
 *
 * Where it makes a difference there are forms of two layers as well: percent of percent, JSON in a string
 * of JSON, entities of entities, entities in JSON. To add a form, start at `forms`.
 *
 * A form may be broken over lines: a break within a needle, spelled as the form does, and what the next line is
 * indented by, are passed over.
 *
 * A text that was cut to a limit may end within a secret: at its end, half of a needle (and at least
 * PART_MIN characters of it) is a match as well.
 *
 * Nearly every text holds no secret: a bitmap of the pairs of octets any needle can start with
 * turns it away at about a nanosecond an octet. */
#include "base/redact.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

#define PART_MIN   12
#define ESCAPE_MAX 12 /* octets, of the longest escape: a surrogate pair, \uD834\uDD1E */
#define GAP_MAX    64 /* octets between two characters of a needle: a line's end and indentation */

enum form {
    RAW,
    PERCENT,
    PERCENT_TWICE,
    ESCAPED,
    ESCAPED_TWICE,
    ENTITY,
    ENTITY_TWICE,
    ENTITY_IN_JSON,
    QUOTED,
    HEX,
    BASE64,
};

struct needle {
    enum form form;
    char *bytes;
    size_t len;
    bool edge_before, edge_after; /* base64: a shared character before, after */
    size_t secret;                /* index in secrets */
};

static struct {
    struct secret {
        char *name, *text;
    } * secrets;
    size_t secret_count;
    struct needle *needles;
    size_t needle_count;
    uint8_t pairs[65536 / 8]; /* the first two octets any needle can start with */
    struct starters {         /* needles a text with this first octet can start, by index */
        size_t *at, count;
    } starters[256];
} known;

static void add_needles(size_t secret);
static size_t match_at(const char *text, size_t len, size_t at, size_t *from, const char **name);
static json_t *scrub_value(json_t *value);

static bool may_start(const char *p)
{
    unsigned pair = (unsigned)(uint8_t)p[0] << 8 | (uint8_t)p[1];
    return known.pairs[pair / 8] >> pair % 8 & 1;
}

enum mu_err mu_redact_register(const char *name, const char *secret, struct mu_fail *fail)
{
    if (strlen(secret) < MU_LIMIT_SECRET_MIN)
        return mu_fail_set(
            fail, MU_CONFIG,
            "secret \"%s\" has fewer than %d octets: keeping it out of the journal would scrub "
            "innocent text; use a longer one",
            name, MU_LIMIT_SECRET_MIN);
    bool new_text = true;
    for (size_t i = 0; i < known.secret_count; i++)
        if (strcmp(known.secrets[i].text, secret) == 0) {
            new_text = false;
            if (strcmp(known.secrets[i].name, name) == 0 &&
                mu_redact_secret(name) == known.secrets[i].text)
                return MU_OK;
        }
    known.secrets = mu_xrealloc(known.secrets, known.secret_count + 1, sizeof *known.secrets);
    known.secrets[known.secret_count++] = (struct secret){mu_xstrdup(name), mu_xstrdup(secret)};
    if (new_text)
        add_needles(known.secret_count - 1);
    return MU_OK;
}

const char *mu_redact_secret(const char *name)
{
    for (size_t i = known.secret_count; i-- > 0;)
        if (strcmp(known.secrets[i].name, name) == 0)
            return known.secrets[i].text;
    return NULL;
}

bool mu_redact_hits(const char *bytes, size_t len)
{
    size_t from;
    const char *name;
    if (known.needle_count == 0)
        return false;
    for (size_t i = 0; i + 1 < len; i++)
        if (may_start(bytes + i) && match_at(bytes, len, i, &from, &name) != 0)
            return true;
    return false;
}

/* A secret that is not UTF-8 may end or begin within a character of the text around it: the whole
 * character goes, so that what is left is UTF-8 if the text was. */
static void widen_to_characters(const char *text, size_t len, size_t *from, size_t *end)
{
    size_t start = *from;
    for (int i = 0; i < 3 && start > 0 && start < len && ((uint8_t)text[start] & 0xC0) == 0x80; i++)
        start--;
    if ((uint8_t)text[start] >= 0xC0)
        *from = start;
    for (int i = 0; i < 3 && *end < len && ((uint8_t)text[*end] & 0xC0) == 0x80; i++)
        ++*end;
}

static char *scrub(const char *text, size_t len, size_t *out_len)
{
    struct mu_buf buf = {.max = SIZE_MAX / 2};
    size_t kept = 0, i = 0;
    while (known.needle_count != 0 && i + 1 < len) {
        const char *name, *other;
        size_t from = i, end = may_start(text + i) ? match_at(text, len, i, &from, &name) : 0;
        if (end == 0) {
            i++;
            continue;
        }
        for (size_t j = i + 1; j + 1 < len && j < end; j++) { /* secrets that overlap go together */
            size_t more, at;
            if (may_start(text + j) && (more = match_at(text, len, j, &at, &other)) > end)
                end = more;
        }
        widen_to_characters(text, len, &from, &end);
        if (from < kept) /* the edge belongs to what is gone already */
            from = kept;
        mu_buf_add(&buf, text + kept, from - kept);
        mu_buf_addf(&buf, "[secret %s]", name);
        kept = i = end;
    }
    mu_buf_add(&buf, text + kept, len - kept);
    *out_len = buf.len;
    return mu_buf_take(&buf);
}

const char *mu_redact_mark(const char *text, size_t *len)
{
    static const char opening[] = "[secret ";
    for (const char *at = strstr(text, opening); at; at = strstr(at + 1, opening)) {
        size_t name = strcspn(at + sizeof opening - 1, "[] \"\\\n");
        const char *end = at + sizeof opening - 1 + name;
        if (name == 0 || *end != ']')
            continue;
        *len = (size_t)(end + 1 - at);
        return at;
    }
    return NULL;
}

char *mu_redact_text(const char *text)
{
    size_t len;
    return scrub(text, strlen(text), &len);
}

json_t *mu_redact_json(json_t *value)
{
    return known.needle_count == 0 ? value : scrub_value(value);
}

/* Whether a value holds a secret can't always be seen from its canonical text: what is escaped in a
 * string is escaped once more there. */
char *mu_redact_canonical(const char *text, size_t len)
{
    if (known.needle_count == 0 || (memchr(text, '\\', len) == NULL && !mu_redact_hits(text, len)))
        return NULL;
    json_t *value = mu_json_parse(text, len, NULL);
    if (value == NULL) /* no value: still nothing may get through */
        return mu_redact_hits(text, len) ? scrub(text, len, &len) : NULL;
    value = mu_redact_json(value);
    char *clean = mu_json_text(value);
    json_decref(value);
    if (strlen(clean) != len || memcmp(clean, text, len) != 0)
        return clean;
    free(clean);
    return NULL;
}

void mu_redact_clear(void)
{
    for (size_t i = 0; i < known.secret_count; i++) {
        free(known.secrets[i].name);
        free(known.secrets[i].text);
    }
    for (size_t i = 0; i < known.needle_count; i++)
        free(known.needles[i].bytes);
    for (size_t i = 0; i < MU_COUNT(known.starters); i++)
        free(known.starters[i].at);
    free(known.secrets);
    free(known.needles);
    memset(&known, 0, sizeof known);
}

/* --- values --- */

static json_t *scrub_string(json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value), new_len;
    if (!mu_redact_hits(text, len))
        return value;
    char *clean = scrub(text, len, &new_len);
    json_t *replaced = json_stringn_nocheck(clean, new_len);
    free(clean);
    json_decref(value);
    return replaced;
}

static bool keys_hit(const json_t *object)
{
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)object, key, item)
    {
        if (mu_redact_hits(key, strlen(key)))
            return true;
    }
    return false;
}

/* In place; a new object only where a key itself has to go. */
static json_t *scrub_object(json_t *object)
{
    const char *key;
    json_t *item;
    void *next;
    json_object_foreach_safe(object, next, key, item)
    {
        json_t *clean = scrub_value(json_incref(item));
        if (clean != item)
            json_object_set_nocheck(object, key, clean);
        json_decref(clean);
    }
    if (!keys_hit(object))
        return object;
    json_t *renamed = json_object();
    json_object_foreach(object, key, item)
    {
        char *clean = mu_redact_text(key);
        json_object_set_nocheck(renamed, clean, item);
        free(clean);
    }
    json_decref(object);
    return renamed;
}

static json_t *scrub_value(json_t *value)
{
    size_t i;
    json_t *item;
    if (json_is_string(value))
        return scrub_string(value);
    if (json_is_object(value))
        return scrub_object(value);
    json_array_foreach(value, i, item)
    {
        json_t *clean = scrub_value(json_incref(item));
        if (clean != item)
            json_array_set(value, i, clean);
        json_decref(clean);
    }
    return value;
}

/* --- reading a text the way a form would be read back --- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The escape at p: what it stands for into out, its length in the text returned; 0 = none. */
typedef size_t decode_fn(const char *p, size_t room, char out[4], size_t *out_len);

/* A sign and two hex digits. */
static size_t signed_octet(char sign, const char *p, size_t room, char out[4], size_t *out_len)
{
    if (room < 3 || p[0] != sign || hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
        return 0;
    out[0] = (char)(hex_digit(p[1]) << 4 | hex_digit(p[2]));
    *out_len = 1;
    return 3;
}

static size_t percent_octet(const char *p, size_t room, char out[4], size_t *out_len)
{
    return signed_octet('%', p, room, out, out_len);
}

/* "=" before a line's end is a soft break (RFC 2045, section 6.7). */
static size_t quoted_octet(const char *p, size_t room, char out[4], size_t *out_len)
{
    size_t used = signed_octet('=', p, room, out, out_len);
    if (used == 0 && room >= 2 && p[0] == '=' && (p[1] == '\r' || p[1] == '\n')) {
        out[0] = p[1];
        *out_len = 1;
        return 2;
    }
    return used;
}

static int32_t unicode_escape(const char *p, size_t room)
{
    int32_t point = 0;
    if (room < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        if (hex_digit(p[i]) < 0)
            return -1;
        point = point << 4 | hex_digit(p[i]);
    }
    return point;
}

static size_t put_utf8(uint32_t point, char out[4])
{
    if (point < 0x80)
        return out[0] = (char)point, 1;
    size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
    for (size_t i = more; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3F));
    out[0] = (char)(lead[more] | point);
    return more + 1;
}

static size_t json_unicode(const char *p, size_t room, char out[4], size_t *out_len)
{
    int32_t point = unicode_escape(p, room);
    size_t len = 6;
    if (point >= 0xD800 && point < 0xDC00) {
        int32_t low = unicode_escape(p + 6, room - 6);
        if (low >= 0xDC00 && low < 0xE000) {
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
            len = 12;
        }
    }
    if (point < 0)
        return 0;
    *out_len = put_utf8((uint32_t)point, out);
    return len;
}

static bool is_octal(const char *p)
{
    return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' && p[2] <= '7';
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* What JSON, C, Python and shells write: any of them reads a sign behind a backslash as itself. */
static size_t backslash_escape(const char *p, size_t room, char out[4], size_t *out_len)
{
    static const char letters[] = "abefnrtv", stands_for[] = "\a\b\x1b\f\n\r\t\v";
    size_t used = json_unicode(p, room, out, out_len);
    if (used || room < 2 || p[0] != '\\')
        return used;
    const char *letter = p[1] ? strchr(letters, p[1]) : NULL;
    *out_len = 1;
    if (p[1] == 'x' && room >= 4 && hex_digit(p[2]) >= 0 && hex_digit(p[3]) >= 0) {
        out[0] = (char)(hex_digit(p[2]) << 4 | hex_digit(p[3]));
        return 4;
    }
    if (room >= 4 && is_octal(p + 1)) {
        out[0] = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
        return 4;
    }
    out[0] = letter ? stands_for[letter - letters] : p[1];
    return letter || !is_alphanumeric(p[1]) ? 2 : 0;
}

/* &#38; and &#x26; */
static size_t numeric_entity(const char *p, size_t room, char out[4], size_t *out_len)
{
    uint32_t point = 0;
    bool hex = room >= 3 && (p[2] | 0x20) == 'x';
    size_t first = hex ? 3 : 2, i = first;
    if (room < 4 || p[1] != '#')
        return 0;
    for (int digit; i < room && i < ESCAPE_MAX - 1; i++) {
        digit = hex_digit(p[i]);
        if (digit < 0 || (digit > 9 && !hex))
            break;
        point = point * (hex ? 16 : 10) + (uint32_t)digit;
    }
    if (i == first || i == room || p[i] != ';' || point > 0x10FFFF)
        return 0;
    *out_len = put_utf8(point, out);
    return i + 1;
}

/* The names that escaping needs; those of letters are for people who type. */
static size_t entity(const char *p, size_t room, char out[4], size_t *out_len)
{
    static const struct {
        const char *name;
        char stands_for;
    } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    if (room < 4 || p[0] != '&')
        return 0;
    for (size_t i = 0; i < MU_COUNT(names); i++) {
        size_t len = strlen(names[i].name);
        if (len <= room && strncasecmp(p, names[i].name, len) == 0) {
            out[0] = names[i].stands_for;
            *out_len = 1;
            return len;
        }
    }
    return numeric_entity(p, room, out, out_len);
}

/* base64 in a URL, and in JSON: "\/", and "\n" where it is broken over lines. */
static size_t escape_of_base64(const char *p, size_t room, char out[4], size_t *out_len)
{
    if (p[0] == '\\' && room >= 2 && p[1] && strchr("/nr", p[1]))
        return backslash_escape(p, room, out, out_len);
    return percent_octet(p, room, out, out_len);
}

/* escapes: what one starts with. inner: what the text is that the outer escapes stand for. */
static const struct layers {
    const char *escapes;
    decode_fn *outer, *inner;
} forms[] = {
    [RAW] = {"", NULL, NULL},
    [PERCENT] = {"%", percent_octet, NULL},
    [PERCENT_TWICE] = {"%", percent_octet, percent_octet},
    [ESCAPED] = {"\\", backslash_escape, NULL},
    [ESCAPED_TWICE] = {"\\", backslash_escape, backslash_escape},
    [ENTITY] = {"&", entity, NULL},
    [ENTITY_TWICE] = {"&", entity, entity},
    [ENTITY_IN_JSON] = {"&\\", backslash_escape, entity},
    [QUOTED] = {"=", quoted_octet, NULL},
    [HEX] = {"", NULL, NULL},
    [BASE64] = {"%\\", escape_of_base64, NULL},
};

/* The escape of a text that is escaped once more: `\\"` stands for `\"`, which stands for `"`. */
static size_t twice_escape(const struct layers *layers, const char *p, size_t room, char out[4],
                           size_t *out_len)
{
    char once[ESCAPE_MAX + 4];
    size_t ends[ESCAPE_MAX + 4], count = 0, at = 0, octets;
    while (count + 4 <= sizeof once && at < room) {
        size_t used = layers->outer(p + at, room - at, once + count, &octets);
        if (used == 0) {
            once[count] = p[at];
            used = octets = 1;
        }
        for (at += used; octets > 0; octets--)
            ends[count++] = at;
    }
    size_t escape = count ? layers->inner(once, count, out, out_len) : 0;
    return escape ? ends[escape - 1] : 0;
}

static bool starts_escape(enum form form, char c)
{
    return c != '\0' && strchr(forms[form].escapes, c) != NULL;
}

/* Reads one step of the text in this form: up to four octets into out; returns octets of text used.
 */
static size_t read_step(enum form form, const char *p, size_t room, char out[4], size_t *out_len)
{
    const struct layers *layers = &forms[form];
    size_t used = 0;
    if (starts_escape(form, p[0])) {
        used = layers->inner ? twice_escape(layers, p, room, out, out_len) : 0;
        if (used == 0)
            used = layers->outer(p, room, out, out_len);
    }
    if (used == 0) {
        out[0] = p[0];
        used = *out_len = 1;
    }
    if (form == BASE64)
        out[0] = out[0] == '-' ? '+' : out[0] == '_' ? '/' : out[0];
    if (form == HEX && out[0] >= 'A' && out[0] <= 'F')
        out[0] |= 0x20;
    return used;
}

/* Form encoding writes a space so. */
static bool plus_is_space(const struct needle *needle, const char *octets, size_t done)
{
    return (needle->form == PERCENT || needle->form == PERCENT_TWICE) && octets[0] == '+' &&
           needle->bytes[done] == ' ';
}

/* What may stand between two characters of a needle: a break, what the line behind it is indented by, and what
 * separates octets in hex. `gap`: octets passed over so far; broken: a break was read last. */
static bool is_gap(const struct needle *needle, char c, size_t done, size_t gap, bool broken)
{
    if (done == 0 || gap >= GAP_MAX)
        return false;
    if (needle->form == HEX && done % 2 == 0 && (c == ':' || c == ' ' || c == '-'))
        return true;
    return c == '\n' || c == '\r' || (broken && (c == ' ' || c == '\t'));
}

static bool is_part(const struct needle *needle, size_t done)
{
    return done >= PART_MIN && done >= needle->len / 2;
}

/* The end of the needle that starts at p, or NULL. cut: the text ends within an escape, perhaps. */
static const char *needle_end(const struct needle *needle, const char *p, const char *end)
{
    size_t done = 0, gap = 0, used = 0;
    bool broken = false, cut = false;
    for (; done < needle->len && p < end; p += used) {
        char octets[4];
        size_t count;
        used = read_step(needle->form, p, (size_t)(end - p), octets, &count);
        cut = cut || (used == 1 && end - p < ESCAPE_MAX && starts_escape(needle->form, p[0]) &&
                      is_part(needle, done));
        bool is_break = octets[0] == '\n' || octets[0] == '\r';
        if (count <= needle->len - done && (memcmp(octets, needle->bytes + done, count) == 0 ||
                                            plus_is_space(needle, octets, done))) {
            done += count;
            gap = 0;
            broken = is_break;
        } else if (is_gap(needle, octets[0], done, gap, broken)) {
            gap += used;
            broken = broken || is_break;
        } else {
            break;
        }
    }
    if (done == needle->len)
        return p;
    return cut || (p == end && is_part(needle, done)) ? end : NULL;
}

static bool is_base64(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c && strchr("+/-_", c));
}

/* The characters at the edges of a base64 needle, and padding. */
static void widen(const struct needle *needle, const char *text, const char *limit,
                  const char **start, const char **end)
{
    char octets[4];
    size_t count;
    if (needle->edge_before && *start > text && is_base64((*start)[-1])) {
        *start -= 1;
        if (*start - text >= 2 && percent_octet(*start - 2, 3, octets, &count))
            *start -= 2;
    }
    for (int i = 0; i < 3 && *end < limit; i++) {
        size_t used = read_step(BASE64, *end, (size_t)(limit - *end), octets, &count);
        bool edge = i == 0 && needle->edge_after && is_base64(octets[0]);
        if (!edge && octets[0] != '=')
            break;
        *end += used;
    }
}

/* The longest needle at `at`: its end, or 0. *from may lie before `at` (a base64 edge). */
static size_t match_at(const char *text, size_t len, size_t at, size_t *from, const char **name)
{
    size_t best = 0;
    const struct starters *starters = &known.starters[(uint8_t)text[at]];
    for (size_t i = 0; i < starters->count; i++) {
        const struct needle *needle = &known.needles[starters->at[i]];
        const char *start = text + at, *end = needle_end(needle, start, text + len);
        if (end == NULL)
            continue;
        if (needle->form == BASE64)
            widen(needle, text, text + len, &start, &end);
        if ((size_t)(end - text) > best) {
            best = (size_t)(end - text);
            *from = (size_t)(start - text);
            *name = known.secrets[needle->secret].name;
        }
    }
    return best;
}

/* --- making needles --- */

static void allow_pair(char first, char second)
{
    unsigned pair = (unsigned)(uint8_t)first << 8 | (uint8_t)second;
    known.pairs[pair / 8] |= (uint8_t)(1u << pair % 8);
}

/* Every octet a text may have where this form spells c: c itself, its case or alphabet twins, and
 * what starts an escape. */
static size_t spellings(enum form form, char c, char out[5])
{
    size_t n = 0;
    out[n++] = c;
    if (form == HEX && c >= 'a')
        out[n++] = (char)(c & ~0x20);
    if (form == BASE64 && (c == '+' || c == '/'))
        out[n++] = c == '+' ? '-' : '_';
    if ((form == PERCENT || form == PERCENT_TWICE) && c == ' ')
        out[n++] = '+';
    for (const char *p = forms[form].escapes; *p; p++)
        out[n++] = *p;
    return n;
}

/* The second octets of escapes that this one starts. */
static void allow_escapes(char first)
{
    for (char c = ' '; c < 0x7f; c++)
        if (first == '&' ? strchr("#algqALGQ", c) != NULL : first == '\\' || hex_digit(c) >= 0)
            allow_pair(first, c);
}

static void add_starter(char first, size_t needle)
{
    struct starters *starters = &known.starters[(uint8_t)first];
    starters->at = mu_xrealloc(starters->at, starters->count + 1, sizeof *starters->at);
    starters->at[starters->count++] = needle;
}

static void allow_starts(const struct needle *needle)
{
    char first[5], second[7];
    size_t firsts = spellings(needle->form, needle->bytes[0], first);
    size_t seconds = spellings(needle->form, needle->bytes[1], second);
    second[seconds++] = '\n';
    second[seconds++] = '\r';
    for (size_t i = 0; i < firsts; i++) {
        if (needle->form == BASE64 && first[i] == '\\' && needle->bytes[0] != '/')
            continue; /* "\n": only between two characters */
        if (i > 0 && first[i] == needle->bytes[0])
            continue; /* a secret that begins as escapes do */
        add_starter(first[i], (size_t)(needle - known.needles));
        if (starts_escape(needle->form, first[i]))
            allow_escapes(first[i]);
        for (size_t j = 0; j < seconds; j++)
            allow_pair(first[i], second[j]);
    }
}

static void add_needle(struct needle needle)
{
    known.needles = mu_xrealloc(known.needles, known.needle_count + 1, sizeof *known.needles);
    known.needles[known.needle_count++] = needle;
    allow_starts(&known.needles[known.needle_count - 1]);
}

/* The characters of base64 that only the secret decides when `before` octets precede it in its
 * group. */
static void add_base64(const char *text, size_t len, size_t before, size_t secret)
{
    char *padded = mu_xcalloc(before + len, 1);
    memcpy(padded + before, text, len);
    struct mu_buf buf = {0};
    mu_base64_add(&buf, padded, before + len);
    size_t first = (before * 8 + 5) / 6,
           end = (before + len) * 8 / 6; /* whole characters of 6 bits */
    add_needle((struct needle){
        .form = BASE64,
        .bytes = mu_xstrndup(buf.data + first, end - first),
        .len = end - first,
        .edge_before = before != 0,
        .edge_after = (before + len) % 3 != 0,
        .secret = secret,
    });
    mu_buf_free(&buf);
    memset(padded, 0, before + len);
    free(padded);
}

/* Whether the form of one layer is another text than the secret, so that that of two layers is another one yet.
 */
static bool changes(enum form form, const char *text)
{
    for (const char *p = text; *p; p++) {
        bool ascii = *p >= 0x20 && *p < 0x7f;
        if (!ascii || (form == PERCENT_TWICE   ? !is_alphanumeric(*p) && strchr("-._~", *p) == NULL
                       : form == ESCAPED_TWICE ? strchr("\"'\\/&<>", *p) != NULL
                                               : strchr("\"'&<>", *p) != NULL))
            return true;
    }
    return false;
}

static void add_needles(size_t secret)
{
    const char *text = known.secrets[secret].text;
    size_t len = strlen(text);
    for (enum form form = RAW; form < HEX; form++) {
        if (forms[form].inner == NULL || changes(form, text))
            add_needle((struct needle){
                .form = form, .bytes = mu_xstrdup(text), .len = len, .secret = secret});
    }
    char *hex = mu_xcalloc(2 * len + 1, 1);
    mu_hex((const uint8_t *)text, len, hex);
    add_needle((struct needle){.form = HEX, .bytes = hex, .len = 2 * len, .secret = secret});
    for (size_t before = 0; before < 3; before++)
        add_base64(text, len, before, secret);
}
