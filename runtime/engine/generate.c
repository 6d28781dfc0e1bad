/* SPDX-License-Identifier: MIT
 *
 * Playbooks that muster writes itself, so that there is no second way to act: `muster undo RUN` and
 * `muster call VERB` become ordinary bundles, run, journaled and reported like any other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"

/* --- values as Lua source --- */

static void lua_value(struct mu_buf *buf, const json_t *value);

static void lua_string(struct mu_buf *buf, const char *text, size_t len)
{
    mu_buf_addc(buf, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            mu_buf_addf(buf, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            mu_buf_addf(buf, "\\%03u", c);
        else
            mu_buf_addc(buf, (char)c);
    }
    mu_buf_addc(buf, '"');
}

static void lua_table(struct mu_buf *buf, const json_t *value)
{
    const char *key, *comma = "";
    size_t i;
    json_t *item;
    mu_buf_adds(buf, "{");
    json_array_foreach(value, i, item)
    {
        mu_buf_adds(buf, comma);
        lua_value(buf, item);
        comma = ", ";
    }
    json_object_foreach((json_t *)value, key, item)
    {
        if (json_is_null(item))
            continue;
        mu_buf_addf(buf, "%s[", comma);
        lua_string(buf, key, strlen(key));
        mu_buf_adds(buf, "] = ");
        lua_value(buf, item);
        comma = ", ";
    }
    mu_buf_adds(buf, "}");
}

static void lua_value(struct mu_buf *buf, const json_t *value)
{
    if (json_is_object(value) || json_is_array(value))
        lua_table(buf, value);
    else if (json_is_string(value))
        lua_string(buf, json_string_value(value), json_string_length(value));
    else if (json_is_null(value))
        mu_buf_adds(buf, "nil");
    else
        mu_json_canon(value, buf);
}

void mu_lua_literal(struct mu_buf *buf, const json_t *value)
{
    lua_value(buf, value);
}

static void lua_args(struct mu_buf *buf, const json_t *args)
{
    size_t i;
    json_t *item;
    json_array_foreach(args, i, item)
    {
        if (i)
            mu_buf_adds(buf, ", ");
        lua_value(buf, item);
    }
}

static struct mu_bundle *bundle_of(struct mu_buf *source)
{
    struct mu_bundle *bundle = mu_bundle_new();
    mu_bundle_add(bundle, "playbook.lua", mu_buf_text(source), source->len);
    mu_buf_free(source);
    return bundle;
}

/* --- muster call --- */

struct mu_bundle *mu_call_bundle(const char *verb, const json_t *args, bool act, const char *owner)
{
    struct mu_buf source = {0};
    mu_buf_adds(&source, "playbook {\n  name = \"call\", version = \"1.0.0\", owner = ");
    lua_string(&source, owner, strlen(owner));
    mu_buf_addf(&source,
                ", summary = \"One call from the shell\",\n"
                "  may_change = {%s%s%s}, params = {}, changelog = { [\"1.0.0\"] = \"Made by "
                "muster call\" },\n}\n"
                "function main()\n  local result = %s(",
                act ? "\"" : "", act ? verb : "", act ? "\"" : "", verb);
    lua_args(&source, args);
    mu_buf_addf(&source,
                ")\n  if type(result) == \"table\" and result.ok == false then fail(result.why) "
                "end\n  finish(\"done\", \"%s\")\nend\n",
                verb);
    return bundle_of(&source);
}

/* --- muster undo --- */

static const char *lock_of(const struct mu_undo *undo)
{
    return json_string_value(json_array_get(json_object_get(undo->start, "locks"), 0));
}

/* A header would take braces in the name for a hole; mu_undo_make() says such a name behind it. */
static bool is_writable(const char *lock)
{
    return lock && strpbrk(lock, "{}") == NULL;
}

static void write_header(struct mu_buf *source, const struct mu_undo *undo, const json_t *items)
{
    const char *run = mu_json_str(undo->start, "run", "?"), *lock = lock_of(undo);
    mu_buf_adds(source, "playbook {\n  name = \"undo\", version = \"1.0.0\", owner = ");
    const char *owner =
        mu_json_str(json_object_get(undo->start, "playbook"), "owner", MU_OWNER_NOBODY);
    lua_string(source, owner, strlen(owner));
    mu_buf_addf(source, ",\n  summary = \"Take back what %s changed\",\n", run);
    if (is_writable(lock)) {
        mu_buf_adds(source, "  exclusive = ");
        lua_string(source, lock, strlen(lock));
        mu_buf_adds(source, ",\n");
    }
    mu_buf_adds(source, "  may_change = {");
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        mu_buf_addf(source, "%s\"%s\"", i ? ", " : "", mu_json_str(item, "verb", ""));
    }
    mu_buf_adds(source,
                "}, params = {}, changelog = { [\"1.0.0\"] = \"Made by muster undo\" },\n}\n");
}

/* What is said of an item that could not be taken back. An inverse that is refused because the world is
 * not what it expects has found somebody else's work, or an act that never took effect. */
static const char left_function[] =
    "local done, left = 0, {}\n"
    "local function say(title, doubted, ok, err)\n"
    "  local skipped = ok and type(err) == \"table\" and err.skipped\n"
    "  if ok and not skipped then done = done + 1 return end\n"
    "  if not ok and type(err) == \"table\" and err.done then\n"
    "    done = done + 1\n"
    "    finding(\"warn\", \"taken back, with an error\", title .. \": \" .. err.why)\n"
    "    return\n"
    "  end\n"
    "  local why = skipped and \"nobody knows, a person said: skip\"\n"
    "              or type(err) == \"table\" and err.why or tostring(err)\n"
    "  if not ok and type(err) == \"table\" and err.class == \"conflict\" then\n"
    "    why = (doubted and \"it is not what the act in doubt would have left: not touched (\"\n"
    "           or \"it is no longer what we set: not touched (\") .. why .. \")\"\n"
    "  end\n"
    "  left[#left + 1] = title .. \": \" .. why\n"
    "  finding(\"high\", \"not taken back\", title .. \": \" .. why)\n"
    "end\n";

/* Each item stands alone: one that can't be taken back doesn't keep the others from it. One step an item:
 * undo_runs.c reads from the steps which act belongs to which item. */
static void write_main(struct mu_buf *source, const json_t *items)
{
    size_t i;
    json_t *item;
    mu_buf_adds(source, left_function);
    mu_buf_adds(source, "function main()\n");
    json_array_foreach(items, i, item)
    {
        const char *title = mu_json_str(item, "title", "");
        bool doubted = mu_undo_is_doubted(item);
        mu_buf_adds(source, "  step ");
        lua_string(source, title, strlen(title));
        mu_buf_adds(source, "\n  say(");
        lua_string(source, title, strlen(title));
        mu_buf_addf(source, ", %s, pcall(%s, ", doubted ? "true" : "false",
                    mu_json_str(item, "verb", ""));
        lua_args(source, json_object_get(item, "args"));
        mu_buf_adds(source, "))\n");
    }
    mu_buf_addf(source,
                "  if #left > 0 then fail(done .. \" of %zu taken back; left alone: \" .. "
                "table.concat(left, \"; \")) end\n"
                "  finish(\"undone\", done .. \" of %zu taken back\")\nend\n",
                json_array_size(items), json_array_size(items));
}

struct mu_bundle *mu_undo_bundle(const struct mu_undo *undo, const json_t *items)
{
    struct mu_buf source = {0};
    write_header(&source, undo, items);
    write_main(&source, items);
    return bundle_of(&source);
}

/* Where the secrets come from that an inverse only names, as the run that is taken back had it; NULL = it names none. */
static json_t *secrets_of(const json_t *args, const json_t *start)
{
    json_t *sources = json_object(), *source;
    char *text = mu_json_text(args);
    const char *name;
    json_object_foreach(json_object_get(start, "secrets"), name, source)
    {
        char *quoted = mu_xasprintf("\"%s\"", name);
        if (strstr(text, quoted))
            json_object_set(sources, name, source);
        free(quoted);
    }
    free(text);
    if (json_object_size(sources) > 0)
        return sources;
    json_decref(sources);
    return NULL;
}

/* For row 1 of the undo run: which items its steps are, what they are about, which undo runs that can't be read are said
 * not to have taken them back, and where their secrets are. */
static json_t *items_for_start(const json_t *items, const json_t *start)
{
    json_t *out = json_array(), *item;
    size_t i;
    json_array_foreach(items, i, item)
    {
        const json_t *args = json_object_get(item, "args");
        json_array_append_new(
            out, json_pack("{s:O, s:O, s:O, s:O, s:O, s:O*, s:O*, s:o*}", "number",
                           json_object_get(item, "number"), "task", json_object_get(item, "task"),
                           "seq", json_object_get(item, "seq"), "title",
                           json_object_get(item, "title"), "verb", json_object_get(item, "verb"),
                           "names", json_object_get(item, "names"), "despite",
                           json_object_get(item, "despite"), "secrets", secrets_of(args, start)));
    }
    return out;
}

enum mu_err mu_undo_make(const char *path, struct mu_store *store, const json_t *despite,
                         const char *wanted, struct mu_bundle **bundle, struct mu_header **header,
                         json_t **items_out, struct mu_fail *fail)
{
    struct mu_undo undo;
    json_t *items = NULL;
    enum mu_err err = mu_undo_read(path, store, despite, &undo, fail);
    if (err == MU_OK)
        err = mu_undo_pick(&undo, wanted, &items, fail);
    *bundle = err == MU_OK ? mu_undo_bundle(&undo, items) : NULL;
    if (err == MU_OK)
        err = mu_header_read(*bundle, header, fail);
    if (err == MU_OK && lock_of(&undo))
        mu_header_set_exclusive(*header, lock_of(&undo));
    if (err == MU_OK) /* what is too old for the run is too old for its undo */
        (*header)->stale_after_ms =
            mu_json_int(undo.start, "stale_after_ms", (*header)->stale_after_ms);
    if (err == MU_OK)
        *items_out = items_for_start(items, undo.start);
    else
        mu_bundle_free(*bundle);
    json_decref(items);
    mu_undo_fini(&undo);
    return err;
}
