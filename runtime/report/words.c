/* SPDX-License-Identifier: MIT
 *
 * Values in words; see words.h. Shapes it knows: results of probes (ok, why, verdict), MX sets
 * ({ttl, mx}), rrsets ({ttl, records}); all else is shown as it is. */
#include "report/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#define DIFF_MOST 65536 /* octets of either side: lines are compared each with each */
#define LINE_MOST 300   /* octets of a result in a line; the whole stands in the details */

/* Appends at most `most` octets, cut at a character's start. */
static void add_cut(struct mu_buf *buf, const char *text, size_t most)
{
    size_t len = strlen(text), end = len;
    if (len > most)
        for (end = most; end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80;)
            end--;
    mu_buf_add(buf, text, end);
    if (end < len)
        mu_buf_adds(buf, "...");
}

/* --- values --- */

static void add_mx_set(struct mu_buf *buf, const json_t *set)
{
    size_t i;
    json_t *mx;
    json_array_foreach(mu_json_get(set, "mx"), i, mx)
    {
        mu_buf_addf(buf, "%s%lld %s", i ? ", " : "", (long long)mu_json_int(mx, "preference", 0),
                    mu_json_str(mx, "host", "?"));
    }
}

static void add_texts(struct mu_buf *buf, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        char *text = json_is_string(item) ? NULL : mu_json_text(item);
        mu_buf_addf(buf, "%s%s", i ? ", " : "", text ? text : json_string_value(item));
        free(text);
    }
}

static bool is_list_of(const json_t *value, const char *key)
{
    return json_array_size(mu_json_get(value, key)) != 0;
}

/* A list of {preference, host} and nothing more, but perhaps a ttl. */
static bool is_exchanges(const json_t *value)
{
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        size_t known =
            (mu_json_get(item, "host") != NULL) + (mu_json_get(item, "preference") != NULL);
        if (known != 2 || json_object_size(item) != known + (json_object_get(item, "ttl") != NULL))
            return false;
    }
    return json_array_size(value) != 0;
}

char *words_value(const json_t *value, size_t most)
{
    struct mu_buf line = {0}, out = {0};
    if (json_is_string(value))
        mu_buf_adds(&line, json_string_value(value));
    else if (is_list_of(value, "mx"))
        add_mx_set(&line, value);
    else if (is_list_of(value, "records"))
        add_texts(&line, mu_json_get(value, "records"));
    else if (is_exchanges(value)) {
        json_t *set = json_pack("{s:O}", "mx", value);
        add_mx_set(&line, set);
        json_decref(set);
    } else if (json_is_array(value))
        add_texts(&line, value);
    else
        mu_json_canon(value, &line);
    add_cut(&out, mu_buf_text(&line), most);
    mu_buf_free(&line);
    return mu_buf_take(&out);
}

/* The records of a set, and their TTL. */
static void add_found(struct mu_buf *buf, const json_t *value)
{
    int64_t ttl = mu_json_int(value, "ttl", -1);
    if (!is_list_of(value, "mx") && !is_list_of(value, "records"))
        return;
    char *text = words_value(value, LINE_MOST);
    mu_buf_adds(buf, text);
    if (ttl >= 0)
        mu_buf_addf(buf, " (TTL %lld)", (long long)ttl);
    free(text);
}

char *words_result(const json_t *value)
{
    struct mu_buf buf = {0}, cut = {0};
    const char *verdict = mu_json_str(value, "verdict", NULL), *why = mu_json_str(value, "why", "");
    bool ok = mu_json_bool(value, "ok", true);
    if (!json_is_object(value))
        return words_value(value, LINE_MOST);
    if (verdict && strncasecmp(why, verdict, strlen(verdict)) == 0)
        mu_buf_adds(&buf, why); /* it says so itself */
    else if (verdict)
        mu_buf_addf(&buf, "%s%s%s", verdict, why[0] ? ": " : "", why);
    else if (!ok)
        mu_buf_addf(&buf, "failed: %s", why[0] ? why : "no reason given");
    else if (why[0])
        mu_buf_adds(&buf, why);
    else
        add_found(&buf, value);
    if (buf.len == 0)
        mu_buf_adds(&buf, "ok");
    add_cut(&cut, mu_buf_text(&buf), LINE_MOST);
    mu_buf_free(&buf);
    return mu_buf_take(&cut);
}

char *words_verdict(const json_t *value)
{
    const char *verdict = mu_json_str(value, "verdict", NULL);
    if (verdict)
        return mu_xstrdup(verdict);
    return mu_json_bool(value, "ok", true) ? words_result(value) : mu_xstrdup("failed");
}

char *words_args(const char *args)
{
    struct mu_buf buf = {0};
    json_t *list = mu_json_parse(args, strlen(args), NULL), *item;
    size_t i;
    json_array_foreach(list, i, item)
    {
        const char *key;
        json_t *value;
        if (json_is_object(item) && !is_list_of(item, "mx") && !is_list_of(item, "records")) {
            json_object_foreach(item, key, value)
            {
                char *text = words_value(value, 80);
                mu_buf_addf(&buf, "%s%s=%s", buf.len ? " " : "", key, text);
                free(text);
            }
            continue;
        }
        char *text = json_is_null(item) ? mu_xstrdup("") : words_value(item, 120);
        mu_buf_addf(&buf, "%s%s", buf.len && text[0] ? " " : "", text);
        free(text);
    }
    json_decref(list);
    return mu_buf_take(&buf);
}

char *words_who(const json_t *who)
{
    struct mu_buf buf = {0};
    if (json_is_string(who))
        return mu_xstrdup(json_string_value(who));
    mu_buf_adds(&buf, mu_json_str(who, "name", "somebody"));
    static const char *const places[] = {"host", "tty"};
    for (size_t i = 0; i < MU_COUNT(places); i++) {
        const char *place = mu_json_str(who, places[i], "");
        if (place[0])
            mu_buf_addf(&buf, ", %s%s", i ? "" : "on ", place);
    }
    return mu_buf_take(&buf);
}

const char *words_when(int64_t ms, char buf[WORDS_WHEN])
{
    char utc[MU_TIME_TEXT], local[MU_TIME_TEXT];
    mu_time_utc(ms, utc);
    mu_time_local(ms, local);
    bool usual = strlen(utc) == 20 &&
                 strlen(local) > 20; /* "2026-11-23T02:51:07Z", "2026-11-23 03:51:07 CET" */
    if (usual)
        utc[10] = ' ';
    bool same_day = usual && strncmp(utc, local, 11) == 0;
    if (usual && strncmp(utc, local, 19) == 0)
        snprintf(buf, WORDS_WHEN, "%s", utc);
    else
        snprintf(buf, WORDS_WHEN, "%s (%s)", utc, local + (same_day ? 11 : 0));
    return buf;
}

/* --- lines and differences --- */

/* "3600 " of the item, or else of its set. */
static void add_ttl(struct mu_buf *buf, const json_t *set, const json_t *item)
{
    int64_t ttl = mu_json_int(item, "ttl", mu_json_int(set, "ttl", -1));
    if (ttl >= 0)
        mu_buf_addf(buf, "%lld ", (long long)ttl);
}

static void add_exchange_lines(struct mu_buf *buf, const json_t *set, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *host = mu_json_str(item, "host", "?");
        bool absolute = host[0] && host[strlen(host) - 1] == '.';
        add_ttl(buf, set, item);
        mu_buf_addf(buf, "MX %lld %s%s\n", (long long)mu_json_int(item, "preference", 0), host,
                    absolute ? "" : ".");
    }
}

static void add_record_lines(struct mu_buf *buf, const json_t *set)
{
    size_t i;
    json_t *item;
    json_array_foreach(mu_json_get(set, "records"), i, item)
    {
        add_ttl(buf, set, NULL);
        if (mu_json_str(set, "type", NULL))
            mu_buf_addf(buf, "%s ", mu_json_str(set, "type", ""));
        mu_buf_addf(buf, "%s\n", json_is_string(item) ? json_string_value(item) : "?");
    }
}

char *words_lines(const json_t *value)
{
    struct mu_buf buf = {0};
    size_t i;
    json_t *item;
    if (value == NULL || json_is_null(value))
        return mu_xstrdup("");
    if (json_is_string(value))
        mu_buf_addf(&buf, "%s\n", json_string_value(value));
    else if (is_exchanges(value))
        add_exchange_lines(&buf, NULL, value);
    else if (is_list_of(value, "mx"))
        add_exchange_lines(&buf, value, mu_json_get(value, "mx"));
    else if (mu_json_get(value, "mx") || mu_json_get(value, "records"))
        add_record_lines(&buf, value);
    else if (json_is_array(value))
        json_array_foreach(value, i, item)
        {
            char *text = words_value(item, 2000);
            mu_buf_addf(&buf, "%s\n", text);
            free(text);
        }
    else {
        char *text = json_dumps(value, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        mu_buf_addf(&buf, "%s\n", text ? text : "");
        free(text);
    }
    return mu_buf_take(&buf);
}

static bool has_line(const char *text, const char *line, size_t len)
{
    for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
        if (strcspn(p, "\n") == len && memcmp(p, line, len) == 0)
            return true;
    return false;
}

/* The lines of `text` that are, or are not, in `other`, behind a mark. */
static void add_marked(struct mu_buf *buf, const char *text, const char *other, bool shared,
                       const char *mark)
{
    for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
        size_t len = strcspn(p, "\n");
        if (has_line(other, p, len) != shared)
            continue;
        mu_buf_adds(buf, mark);
        mu_buf_add(buf, p, len);
        mu_buf_addc(buf, '\n');
    }
}

char *words_diff(const json_t *before, const json_t *after)
{
    struct mu_buf buf = {0};
    char *old = words_lines(before), *new = words_lines(after);
    if (strlen(old) > DIFF_MOST || strlen(new) > DIFF_MOST) {
        mu_buf_adds(&buf, "  too much to be compared here; the journal has both sides\n");
    } else if (strcmp(old, new) != 0) {
        add_marked(&buf, old, new, true, "  ");
        add_marked(&buf, old, new, false, "- ");
        add_marked(&buf, new, old, false, "+ ");
    }
    free(old);
    free(new);
    return mu_buf_take(&buf);
}

/* --- blocks --- */

static bool is_block(const json_t *value)
{
    return json_is_string(value) && strchr(json_string_value(value), '\n') != NULL;
}

/* A transcript may be one text, or a list of lines. */
static bool is_transcript(const char *key, const json_t *value)
{
    return strcmp(key, "transcript") == 0 && json_array_size(value) != 0 &&
           json_is_string(json_array_get(value, 0));
}

static void report_block(const char *path, const json_t *value, words_block_cb *cb, void *ud)
{
    struct mu_buf buf = {0};
    size_t i;
    json_t *line;
    if (json_is_string(value)) {
        cb(path, json_string_value(value), ud);
        return;
    }
    json_array_foreach(value, i, line)
    {
        mu_buf_addf(&buf, "%s\n", json_is_string(line) ? json_string_value(line) : "?");
    }
    cb(path, mu_buf_text(&buf), ud);
    mu_buf_free(&buf);
}

/* A name for people: "transcript of 192.0.2.10" where the object says whose it is. */
static char *block_name(const json_t *object, const char *key)
{
    static const char *const owners[] = {"address", "server", "host", "name", "url"};
    for (size_t i = 0; i < MU_COUNT(owners); i++)
        if (mu_json_str(object, owners[i], NULL))
            return mu_xasprintf("%s, %s", key, mu_json_str(object, owners[i], ""));
    return mu_xstrdup(key);
}

void words_blocks(const json_t *value, words_block_cb *cb, void *ud)
{
    const char *key;
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        words_blocks(item, cb, ud);
    }
    json_object_foreach((json_t *)value, key, item)
    {
        if (is_block(item) || is_transcript(key, item)) {
            char *name = block_name(value, key);
            report_block(name, item, cb, ud);
            free(name);
        } else {
            words_blocks(item, cb, ud);
        }
    }
}

static void outline(struct mu_buf *, const json_t *value, int indent);

static bool is_flat(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static bool is_flat_list(const json_t *value)
{
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        if (!is_flat(item))
            return false;
    }
    return json_is_array(value);
}

/* What fits in a line: a scalar, a list of scalars, a set of records. */
static bool is_short(const json_t *value)
{
    return is_flat(value) || is_flat_list(value) || is_exchanges(value) ||
           is_list_of(value, "mx") || is_list_of(value, "records");
}

static void add_short(struct mu_buf *buf, const char *key, const json_t *value)
{
    struct mu_buf found = {0};
    if (json_is_object(value))
        add_found(&found, value);
    char *text = found.len ? mu_buf_take(&found) : words_value(value, 4000);
    mu_buf_addf(buf, "%s: %s", key,
                json_is_array(value) && json_array_size(value) == 0 ? "none" : text);
    free(text);
}

static bool is_left_out(const char *key, const json_t *value)
{
    bool empty = json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
    return empty || is_block(value) || is_transcript(key, value);
}

static void outline_list(struct mu_buf *buf, const json_t *list, int indent)
{
    size_t i;
    json_t *item, *member;
    const char *key;
    json_array_foreach(list, i, item)
    {
        size_t shown = 0;
        mu_buf_addf(buf, "%*s- ", indent, "");
        json_object_foreach(item, key, member)
        {
            if (is_left_out(key, member) || !is_short(member))
                continue;
            mu_buf_adds(buf, shown++ ? "; " : "");
            add_short(buf, key, member);
        }
        if (is_short(item)) {
            char *text = words_value(item, 4000);
            mu_buf_adds(buf, json_is_object(item) ? "" : text);
            free(text);
        }
        mu_buf_addc(buf, '\n');
        json_object_foreach(item, key, member)
        {
            if (is_left_out(key, member) || is_short(member))
                continue;
            mu_buf_addf(buf, "%*s%s:\n", indent + 2, "", key);
            outline(buf, member, indent + 4);
        }
        if (json_is_array(item) && !is_short(item))
            outline_list(buf, item, indent + 2);
    }
}

static void outline(struct mu_buf *buf, const json_t *value, int indent)
{
    const char *key;
    json_t *member;
    if (json_is_array(value))
        outline_list(buf, value, indent);
    json_object_foreach((json_t *)value, key, member)
    {
        if (is_left_out(key, member))
            continue;
        mu_buf_addf(buf, "%*s", indent, "");
        if (is_short(member)) {
            add_short(buf, key, member);
            mu_buf_addc(buf, '\n');
        } else {
            mu_buf_addf(buf, "%s:\n", key);
            outline(buf, member, indent + 2);
        }
    }
}

char *words_outline(const json_t *value)
{
    struct mu_buf buf = {0};
    if (json_is_array(value) || json_is_object(value)) {
        /* By key, whatever order they were written in. */
        char *text = mu_json_text(value);
        json_t *sorted = mu_json_parse(text, strlen(text), NULL);
        outline(&buf, sorted, 0);
        json_decref(sorted);
        free(text);
    } else if (value && !json_is_null(value) && !is_block(value)) {
        char *text = words_value(value, 4000);
        mu_buf_adds(&buf, text);
        free(text);
    }
    return mu_buf_take(&buf);
}

char *words_source(const json_t *source)
{
    struct mu_buf buf = {0};
    const json_t *published = mu_json_get(source, "published");
    const char *digest = mu_json_str(source, "digest", ""),
               *commit = mu_json_str(published, "commit", ""),
               *folder = mu_json_str(source, "folder", ""), *why = mu_json_str(source, "why", "");
    if (source == NULL)
        return mu_buf_take(&buf);
    mu_buf_adds(&buf, why);
    if (strstr(why, "draft ") == NULL && digest[0]) /* a draft's why begins with its digest */
        mu_buf_addf(&buf, "; files %.12s", digest);
    if (commit[0])
        mu_buf_addf(&buf, ", git %.12s%s", commit,
                    mu_json_bool(published, "dirty", false) ? " and changes that are not in it"
                                                            : "");
    if (folder[0])
        mu_buf_addf(&buf, "; from %s", folder);
    return mu_buf_take(&buf);
}
