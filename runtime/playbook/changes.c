/* SPDX-License-Identifier: MIT
 *
 * What changes for people from one outline of a playbook to another; see outline.h. Pure. Each area is a
 * function and a line in `areas`; items without a name of their own (acts, gates) are paired by what they have
 * in common, most of it first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "playbook/code.h"
#include "playbook/outline.h"
#include "playbook/sequence.h"

#define BRIEF 160 /* octets of an old and a new value that people compare at a glance */

struct changing {
    const json_t *before, *after;
    json_t *out;
    const char *area;
};

static const char *text_of(const json_t *object, const char *key)
{
    return mu_json_str(object, key, "");
}

static void add(struct changing *c, const char *kind, const char *fmt, ...) MU_PRINTF(3, 4);

static void add(struct changing *c, const char *kind, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = mu_xvasprintf(fmt, ap);
    va_end(ap);
    json_array_append_new(
        c->out, json_pack("{s:s, s:s, s:s}", "area", c->area, "kind", kind, "text", text));
    free(text);
}

/* As people write it: "15m", 3, true; "none" where there is nothing. New text. */
static char *said(const json_t *value)
{
    if (value == NULL || json_is_null(value))
        return mu_xstrdup("none");
    if (json_is_string(value))
        return mu_xasprintf("\"%s\"", json_string_value(value));
    return mu_json_text(value);
}

static char *said_ms(const json_t *value)
{
    char text[MU_TIME_TEXT];
    return json_is_integer(value) ? mu_xstrdup(mu_duration_text(json_integer_value(value), text))
                                  : said(value);
}

static bool none(const json_t *value)
{
    return value == NULL || json_is_null(value);
}

static bool same(const json_t *one, const json_t *other)
{
    return none(one) || none(other) ? none(one) == none(other) : json_equal(one, other);
}

/* --- params --- */

static const char *const param_keys[] = {"kind", "items", "choices", "default",
                                         "from", "min",   "max",     "doc"};

static const json_t *named(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (strcmp(text_of(item, "name"), name) == 0)
            return item;
    }
    return NULL;
}

static void say_param(struct changing *c, const char *kind, const json_t *param)
{
    struct mu_buf text = {0};
    mu_buf_addf(&text, "%s: %s", text_of(param, "name"), text_of(param, "kind"));
    for (size_t i = 1; i < MU_COUNT(param_keys); i++) {
        const json_t *value = mu_json_get(param, param_keys[i]);
        char *shown = said(value);
        if (value)
            mu_buf_addf(&text, ", %s %s", param_keys[i], shown);
        free(shown);
    }
    if (!mu_json_get(param, "default") && !mu_json_get(param, "from"))
        mu_buf_adds(&text, "; must be given");
    add(c, kind, "%s", mu_buf_text(&text));
    mu_buf_free(&text);
}

static void compare_param(struct changing *c, const json_t *before, const json_t *after)
{
    struct mu_buf text = {0};
    for (size_t i = 0; i < MU_COUNT(param_keys); i++) {
        const json_t *one = mu_json_get(before, param_keys[i]),
                     *other = mu_json_get(after, param_keys[i]);
        char *from = said(one), *to = said(other);
        if (!same(one, other))
            mu_buf_addf(&text, "%s%s %s -> %s", text.len ? ", " : "", param_keys[i], from, to);
        free(from);
        free(to);
    }
    if (text.len)
        add(c, "changed", "%s: %s", text_of(after, "name"), mu_buf_text(&text));
    mu_buf_free(&text);
}

static void params(struct changing *c)
{
    const json_t *before = mu_json_get(c->before, "params"),
                 *after = mu_json_get(c->after, "params");
    size_t i;
    json_t *item;
    json_array_foreach(after, i, item)
    {
        const json_t *old = named(before, text_of(item, "name"));
        if (old)
            compare_param(c, old, item);
        else
            say_param(c, "added", item);
    }
    json_array_foreach(before, i, item)
    {
        if (named(after, text_of(item, "name")) == NULL)
            say_param(c, "removed", item);
    }
}

/* --- may_change --- */

/* Everything that `narrow` allows, `wide` allows, too. */
static bool covers(const char *wide, const char *narrow)
{
    size_t wide_len = strcspn(wide, ":"), narrow_len = strcspn(narrow, ":");
    bool any = wide_len >= 2 && wide[wide_len - 1] == '*' && wide[wide_len - 2] == '.';
    bool verb = any ? narrow_len >= wide_len - 1 && strncmp(wide, narrow, wide_len - 1) == 0
                    : wide_len == narrow_len && strncmp(wide, narrow, wide_len) == 0;
    return verb && (wide[wide_len] == '\0' || strcmp(wide + wide_len, narrow + narrow_len) == 0);
}

static bool covered(const json_t *list, const char *entry)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (covers(json_string_value(item), entry))
            return true;
    }
    return false;
}

static bool holds(const json_t *list, const char *entry)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (strcmp(json_string_value(item), entry) == 0)
            return true;
    }
    return false;
}

static void compare_entries(struct changing *c, const json_t *list, const json_t *other,
                            const char *kind, const char *reach)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *entry = json_string_value(item);
        if (holds(other, entry))
            continue;
        const char *how = covered(other, entry) ? "same" : reach;
        add(c, kind, "%s: %s", entry,
            strcmp(how, "wider") == 0      ? "it may change more"
            : strcmp(how, "narrower") == 0 ? "it may change less"
                                           : "the same, another entry covers it");
        json_t *last = json_array_get(c->out, json_array_size(c->out) - 1);
        json_object_set_new(last, "reach", json_string(how));
    }
}

static void may_change(struct changing *c)
{
    const json_t *before = mu_json_get(c->before, "may_change"),
                 *after = mu_json_get(c->after, "may_change");
    compare_entries(c, after, before, "added", "wider");
    compare_entries(c, before, after, "removed", "narrower");
}

const char *mu_changes_reach(const json_t *changes)
{
    bool wider = false, narrower = false;
    size_t i;
    json_t *item;
    json_array_foreach(changes, i, item)
    {
        wider = wider || strcmp(text_of(item, "reach"), "wider") == 0;
        narrower = narrower || strcmp(text_of(item, "reach"), "narrower") == 0;
    }
    return wider && narrower ? "other" : wider ? "wider" : narrower ? "narrower" : "same";
}

/* --- pairs of items without a name --- */

#define LEVELS 3

struct pairs {
    const json_t *before, *after;
    size_t *of; /* for each one of before: its partner in after, plus one; 0 = none */
    bool *taken;
};

typedef bool alike_fn(const json_t *one, const json_t *other, int level);

static void pair_up(struct pairs *p, alike_fn *alike)
{
    size_t count = json_array_size(p->before), others = json_array_size(p->after);
    p->of = mu_xcalloc(count + 1, sizeof *p->of);
    p->taken = mu_xcalloc(others + 1, sizeof *p->taken);
    for (int level = 0; level < LEVELS; level++)
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < others && p->of[i] == 0; j++)
                if (!p->taken[j] &&
                    alike(json_array_get(p->before, i), json_array_get(p->after, j), level)) {
                    p->of[i] = j + 1;
                    p->taken[j] = true;
                }
}

static void pairs_fini(struct pairs *p)
{
    free(p->of);
    free(p->taken);
}

static bool equal(const json_t *one, const json_t *other, const char *key)
{
    return strcmp(text_of(one, key), text_of(other, key)) == 0;
}

/* A step that has another name now is no other place. */
static bool same_place(const struct changing *c, const json_t *before, const json_t *after)
{
    const char *old = text_of(before, "step"), *now = text_of(after, "step");
    return strcmp(old, now) == 0 || (!holds(mu_json_get(c->after, "steps"), old) &&
                                     !holds(mu_json_get(c->before, "steps"), now));
}

/* --- acts --- */

static bool acts_alike(const json_t *one, const json_t *other, int level)
{
    bool step = equal(one, other, "step"), what = equal(one, other, "what");
    bool all = what && same(mu_json_get(one, "args"), mu_json_get(other, "args")) &&
               same(mu_json_get(one, "options"), mu_json_get(other, "options"));
    return level == 0 ? step && all : level == 1 ? all : step && equal(one, other, "verb");
}

static const char *written(const json_t *value)
{
    return value ? json_string_value(value) : "none";
}

/* Octets that both begin with, or end with (step -1), up to a blank. */
static size_t in_common(const char *one, const char *other, size_t most, int step)
{
    size_t len = 0, whole = 0;
    while (len < most && *one == *other) {
        len++;
        whole = *one == ' ' ? len : whole;
        one += step;
        other += step;
    }
    return whole;
}

/* "one -> other"; of long ones what differs, and "..." for what both begin or end with. */
static void add_differing(struct mu_buf *text, const char *one, const char *other)
{
    size_t len = strlen(one), other_len = strlen(other), most = len < other_len ? len : other_len;
    bool brief = len + other_len > BRIEF;
    size_t front = brief ? in_common(one, other, most, 1) : 0;
    size_t end = brief ? in_common(one + len - 1, other + other_len - 1, most - front, -1) : 0;
    const char *before = front ? "... " : "", *after = end ? " ..." : "";
    mu_buf_addf(text, "%s%.*s%s -> %s%.*s%s", before, (int)(len - front - end), one + front, after,
                before, (int)(other_len - front - end), other + front, after);
}

static void add_written(struct mu_buf *text, const char *name, const json_t *before,
                        const json_t *after)
{
    if (!same(before, after)) {
        mu_buf_addf(text, "%s%s ", text->len ? ", " : "", name);
        add_differing(text, written(before), written(after));
    }
}

/* "only_if before -> nil": arguments from the n-th on, and options. */
static void add_arguments(struct mu_buf *text, const json_t *before, const json_t *after, size_t n)
{
    const json_t *old = mu_json_get(before, "args"), *now = mu_json_get(after, "args");
    const char *key;
    json_t *value;
    for (size_t i = n; i < json_array_size(old) || i < json_array_size(now); i++) {
        char *name = mu_xasprintf("argument %zu", i + 1);
        add_written(text, name, json_array_get(old, i), json_array_get(now, i));
        free(name);
    }
    old = mu_json_get(before, "options");
    now = mu_json_get(after, "options");
    json_object_foreach((json_t *)now, key, value)
    {
        add_written(text, key, mu_json_get(old, key), value);
    }
    json_object_foreach((json_t *)old, key, value)
    {
        if (json_object_get(now, key) == NULL)
            add_written(text, key, value, NULL);
    }
}

/* Quoted; a library's function, or what stands in front of the first one, has none. New text. */
static char *step_of(const json_t *item)
{
    const char *step = text_of(item, "step");
    return step[0] ? mu_xasprintf("\"%s\"", step) : mu_xstrdup("outside of steps");
}

static void compare_act(struct changing *c, const json_t *before, const json_t *after)
{
    struct mu_buf text = {0};
    bool what = equal(before, after, "what");
    if (!what)
        mu_buf_addf(&text, "%s -> %s", text_of(before, "what"), text_of(after, "what"));
    add_arguments(&text, before, after, what ? 0 : 2);
    char *from = step_of(before), *to = step_of(after);
    if (text.len)
        add(c, "changed", "%s%s%s, %s%s", what ? text_of(after, "what") : "", what ? ": " : "",
            mu_buf_text(&text), to[0] == '"' ? "in " : "", to);
    else if (!same_place(c, before, after))
        add(c, "moved", "%s: from %s to %s", text_of(after, "what"), from, to);
    free(from);
    free(to);
    mu_buf_free(&text);
}

static void say_act(struct changing *c, const char *kind, const json_t *act)
{
    char *step = step_of(act);
    add(c, kind, "%s, %s%s (%s:%d)", text_of(act, "what"), step[0] == '"' ? "in " : "", step,
        text_of(act, "file"), (int)mu_json_int(act, "line", 0));
    free(step);
}

/* --- gates --- */

static bool gates_alike(const json_t *one, const json_t *other, int level)
{
    bool step = equal(one, other, "step"), title = equal(one, other, "title"),
         word = equal(one, other, "word");
    return word && (level == 0 ? step && title : level == 1 ? title : step);
}

static void add_option(struct mu_buf *text, const char *key, const json_t *before,
                       const json_t *after)
{
    if (same(before, after))
        return;
    char *from = said(before), *to = said(after);
    mu_buf_addf(text, "%s%s %s -> %s", text->len ? ", " : "", key, from, to);
    free(from);
    free(to);
}

/* approve "Go?"; a title that is made stands as it is written: approve "Move " .. domain */
static char *gate_named(const json_t *gate)
{
    const char *title = text_of(gate, "title"), *quote = strchr(title, '"') ? "" : "\"";
    return mu_xasprintf("%s %s%s%s", text_of(gate, "word"), quote, title, quote);
}

static void compare_gate(struct changing *c, const json_t *before, const json_t *after)
{
    struct mu_buf text = {0};
    const json_t *old = mu_json_get(before, "options"), *now = mu_json_get(after, "options");
    const char *key;
    json_t *value;
    add_option(&text, "question", mu_json_get(before, "title"), mu_json_get(after, "title"));
    if (!same_place(c, before, after))
        add_option(&text, "step", mu_json_get(before, "step"), mu_json_get(after, "step"));
    json_object_foreach((json_t *)now, key, value)
    {
        add_option(&text, key, mu_json_get(old, key), value);
    }
    json_object_foreach((json_t *)old, key, value)
    {
        if (json_object_get(now, key) == NULL)
            add_option(&text, key, value, NULL);
    }
    char *name = gate_named(after);
    if (text.len)
        add(c, "changed", "%s: %s", name, mu_buf_text(&text));
    free(name);
    mu_buf_free(&text);
}

static void say_gate(struct changing *c, const char *kind, const json_t *gate)
{
    struct mu_buf text = {0};
    const char *key;
    json_t *value;
    json_object_foreach(mu_json_get(gate, "options"), key, value)
    {
        mu_buf_addf(&text, ", %s %s", key, json_string_value(value));
    }
    char *step = step_of(gate), *name = gate_named(gate);
    add(c, kind, "%s%s, %s%s", name, mu_buf_text(&text), step[0] == '"' ? "in " : "", step);
    free(name);
    free(step);
    mu_buf_free(&text);
}

/* --- both --- */

static void compare_pairs(struct changing *c, const char *key, alike_fn *alike,
                          void (*compare)(struct changing *, const json_t *, const json_t *),
                          void (*say)(struct changing *, const char *, const json_t *))
{
    struct pairs p = {.before = mu_json_get(c->before, key), .after = mu_json_get(c->after, key)};
    pair_up(&p, alike);
    for (size_t j = 0; j < json_array_size(p.after); j++)
        if (!p.taken[j])
            say(c, "added", json_array_get(p.after, j));
    for (size_t i = 0; i < json_array_size(p.before); i++) {
        const json_t *item = json_array_get(p.before, i);
        if (p.of[i])
            compare(c, item, json_array_get(p.after, p.of[i] - 1));
        else
            say(c, "removed", item);
    }
    pairs_fini(&p);
}

static void acts(struct changing *c)
{
    compare_pairs(c, "acts", acts_alike, compare_act, say_act);
}

static void gates(struct changing *c)
{
    compare_pairs(c, "gates", gates_alike, compare_gate, say_gate);
}

/* --- steps --- */

struct steps {
    const json_t *before, *after;
    size_t count, others;
    bool *kept, *kept_after; /* stand in the same order in both */
};

static bool titles_equal(const struct steps *s, size_t i, size_t j)
{
    return json_equal(json_array_get(s->before, i), json_array_get(s->after, j));
}

static const char *title(const json_t *list, size_t i)
{
    return json_string_value(json_array_get(list, i));
}

/* One that stands in both, at another place. */
static bool say_moved(struct changing *c, struct steps *s, size_t i)
{
    for (size_t j = 0; j < s->others; j++)
        if (!s->kept_after[j] && titles_equal(s, i, j)) {
            s->kept[i] = s->kept_after[j] = true;
            add(c, "moved", "\"%s\" is step %zu now, was %zu", title(s->before, i), j + 1, i + 1);
            return true;
        }
    return false;
}

/* What is left between the same two neighbours is taken for the same step under another name. */
static void say_renamed(struct changing *c, struct steps *s)
{
    for (size_t i = 0, j = 0; i < s->count || j < s->others;) {
        bool old = i < s->count && !s->kept[i], now = j < s->others && !s->kept_after[j];
        if (old && now)
            add(c, "changed", "step %zu: \"%s\" -> \"%s\"", j + 1, title(s->before, i),
                title(s->after, j));
        else if (now)
            add(c, "added", "step %zu: \"%s\"", j + 1, title(s->after, j));
        else if (old)
            add(c, "removed", "step %zu: \"%s\"", i + 1, title(s->before, i));
        bool both = !old && !now;
        i += (old || both) && i < s->count;
        j += (now || both) && j < s->others;
    }
}

static void steps(struct changing *c)
{
    struct steps s = {.before = mu_json_get(c->before, "steps"),
                      .after = mu_json_get(c->after, "steps")};
    s.count = json_array_size(s.before);
    s.others = json_array_size(s.after);
    s.kept = mu_xcalloc(s.count + 1, sizeof *s.kept);
    s.kept_after = mu_xcalloc(s.others + 1, sizeof *s.kept_after);
    sequence_common(s.before, s.after, s.kept, s.kept_after);
    for (size_t i = 0; i < s.count; i++)
        if (!s.kept[i])
            say_moved(c, &s, i);
    say_renamed(c, &s);
    free(s.kept);
    free(s.kept_after);
}

/* --- templates, rules, about --- */

static void templates(struct changing *c)
{
    const json_t *before = mu_json_get(c->before, "templates"),
                 *after = mu_json_get(c->after, "templates");
    const char *name;
    json_t *digest;
    json_object_foreach((json_t *)after, name, digest)
    {
        const json_t *old = json_object_get(before, name);
        if (old == NULL)
            add(c, "added", "%s", name);
        else if (!json_equal(old, digest))
            add(c, "changed", "%s says something else", name);
    }
    json_object_foreach((json_t *)before, name, digest)
    {
        if (json_object_get(after, name) == NULL)
            add(c, "removed", "%s", name);
    }
}

static void compare_leaf(struct changing *c, const char *path, const json_t *before,
                         const json_t *after)
{
    size_t len = strlen(path);
    bool ms = len > 3 && strcmp(path + len - 3, "_ms") == 0;
    char *name = mu_xstrndup(path, ms ? len - 3 : len);
    char *from = ms ? said_ms(before) : said(before), *to = ms ? said_ms(after) : said(after);
    if (before && after)
        add(c, "changed", "%s: %s -> %s", name, from, to);
    else
        add(c, after ? "added" : "removed", "%s: %s", name, after ? to : from);
    free(from);
    free(to);
    free(name);
}

static void compare_under(struct changing *c, const char *path, const json_t *before,
                          const json_t *after);

/* The keys of one side; of both only where the other side has none. */
static void compare_keys(struct changing *c, const char *path, const json_t *of,
                         const json_t *before, const json_t *after, bool missing_only)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)of, key, value)
    {
        const json_t *old = json_object_get(before, key), *now = json_object_get(after, key);
        bool layer = strcmp(key, "expect") == 0; /* none of the header: outline.c puts it there */
        char *inner = layer ? mu_xstrdup(path) : mu_xasprintf("%s.%s", path, key);
        if (!missing_only || now == NULL)
            compare_under(c, inner, old, now);
        free(inner);
    }
}

/* Table by table, so that a line tells one value: drill.scenarios.silent.targets.detect: 4m -> 5m */
static void compare_under(struct changing *c, const char *path, const json_t *before,
                          const json_t *after)
{
    bool tables = (json_is_object(before) || none(before)) &&
                  (json_is_object(after) || none(after)); /* at least one, as they differ */
    if (same(before, after))
        return;
    if (!tables) {
        compare_leaf(c, path, before, after);
        return;
    }
    compare_keys(c, path, after, before, after, false);
    compare_keys(c, path, before, before, after, true);
}

static void compare_values(struct changing *c, const char *key)
{
    compare_under(c, key, mu_json_get(c->before, key), mu_json_get(c->after, key));
}

static void rules(struct changing *c)
{
    compare_values(c, "exclusive");
    compare_values(c, "stale_after_ms");
    compare_values(c, "watch");
    compare_values(c, "budget");
    compare_values(c, "followed_by");
    compare_values(c, "detect");
    compare_values(c, "drill");
}

static void about(struct changing *c)
{
    compare_values(c, "name");
    compare_values(c, "owner");
    compare_values(c, "summary");
}

/* --- code --- */

static const json_t *same_function(const json_t *pieces, const json_t *like)
{
    size_t i;
    json_t *piece;
    json_array_foreach(pieces, i, piece)
    {
        if (equal(piece, like, "file") && equal(piece, like, "function"))
            return piece;
    }
    return NULL;
}

/* "main", "outside of functions" */
static const char *place_of(const json_t *piece)
{
    const char *function = text_of(piece, "function");
    return function[0] ? function : "outside of functions";
}

static void compare_code(struct changing *c, const json_t *before, const json_t *after)
{
    char *lines = code_differs(before, after);
    if (lines)
        add(c, "changed", "%s: other conditions, order or code, %s:%s", place_of(after),
            text_of(after, "file"), lines);
    free(lines);
}

static void code(struct changing *c)
{
    const json_t *before = mu_json_get(c->before, "code"), *after = mu_json_get(c->after, "code");
    size_t i;
    json_t *piece;
    json_array_foreach(after, i, piece)
    {
        const json_t *old = same_function(before, piece);
        if (old)
            compare_code(c, old, piece);
        else
            add(c, "added", "%s (%s:%d)", place_of(piece), text_of(piece, "file"),
                (int)mu_json_int(piece, "line", 0));
    }
    json_array_foreach(before, i, piece)
    {
        if (same_function(after, piece) == NULL)
            add(c, "removed", "%s (%s)", place_of(piece), text_of(piece, "file"));
    }
}

json_t *mu_changes(const json_t *before, const json_t *after)
{
    static const struct {
        const char *area;
        void (*compare)(struct changing *);
    } areas[] = {{"params", params}, {"may_change", may_change}, {"acts", acts},
                 {"gates", gates},   {"steps", steps},           {"templates", templates},
                 {"rules", rules},   {"about", about},           {"code", code}};
    struct changing c = {.before = before, .after = after, .out = json_array()};
    for (size_t i = 0; i < MU_COUNT(areas); i++) {
        c.area = areas[i].area;
        areas[i].compare(&c);
    }
    return c.out;
}
