/* SPDX-License-Identifier: MIT
 *
 * Preparing a message; see message.h. */
#include "notify/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/people.h"
#include "notify/channels/web.h"

#define SUBJECT_MAX  200 /* octets; more is no subject */
#define TARGET_NAMES 6   /* recipients named in one line for people, then "and 25 more" */
#define TEMPLATE_MAX 64

static const char *const priority_names[] = {
    [MU_PRIORITY_LOW] = "low", [MU_PRIORITY_NORMAL] = "normal", [MU_PRIORITY_HIGH] = "high"};

/* The host's own messages that somebody has to act on. */
static const char *const urgent_kinds[] = {"gate",     "reminder", "parked",
                                           "poisoned", "died",     "page"};

static enum mu_err render(struct mu_call *, const struct telling *, struct mu_rendered *,
                          struct mu_fail *);
static enum mu_err add_recipients(struct mu_call *, const struct telling *, json_t *prepared,
                                  struct mu_fail *);
static json_t *find_failing(const json_t *args);
static char *finish_text(const struct mu_call *, const char *body);
static char *finish_subject(const json_t *args, const struct mu_rendered *);
static char *target_text(const char *audience, const json_t *recipients);

static bool is_urgent(const char *kind)
{
    for (size_t i = 0; i < MU_COUNT(urgent_kinds); i++)
        if (strcmp(urgent_kinds[i], kind) == 0)
            return true;
    return false;
}

static void set_text(json_t *object, const char *key, char *text_take)
{
    json_object_set_new(object, key, mu_json_lenient_string(text_take, strlen(text_take)));
    free(text_take);
}

enum mu_err mu_notify_prepare(struct mu_call *call, const struct telling *telling, json_t **out,
                              struct mu_fail *fail)
{
    const char *audience = mu_json_str(call->args, telling->audience, "");
    const char *kind = telling->kind ? telling->kind : mu_json_str(call->args, "kind", "message");
    struct mu_rendered rendered;
    *out = NULL;
    enum mu_err err = render(call, telling, &rendered, fail);
    if (err != MU_OK)
        return err;
    bool urgent = telling->urgent || is_urgent(kind);
    json_t *prepared = json_pack("{s:s, s:s, s:s, s:s, s:o}", "audience", audience, "template",
                                 mu_json_str(call->args, "template", ""), "kind", kind, "priority",
                                 priority_names[urgent ? MU_PRIORITY_HIGH : rendered.priority],
                                 "failing", find_failing(call->args));
    set_text(prepared, "subject", finish_subject(call->args, &rendered));
    set_text(prepared, "text", finish_text(call, rendered.body));
    mu_rendered_free(&rendered);
    err = add_recipients(call, telling, prepared, fail);
    if (err == MU_OK)
        *out = prepared;
    else
        json_decref(prepared);
    return err;
}

/* --- words --- */

static bool good_template_name(const char *name)
{
    size_t len = strlen(name);
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return len > 0 && len <= TEMPLATE_MAX && strspn(name, allowed) == len && name[0] != '.';
}

static enum mu_err render_file(struct mu_call *call, struct mu_rendered *out, struct mu_fail *fail)
{
    static const char *const endings[] = {".md", ".txt"};
    const char *name = mu_json_str(call->args, "template", "");
    if (!good_template_name(name))
        return mu_fail_set(fail, MU_USAGE,
                           "template \"%.80s\": name a file of templates/ without its ending, like "
                           "\"mail-failing\"",
                           name);
    for (size_t i = 0; i < MU_COUNT(endings); i++) {
        char path[TEMPLATE_MAX + 32];
        size_t len;
        snprintf(path, sizeof path, "templates/%s%s", name, endings[i]);
        const char *text = mu_call_file(call, path, &len);
        if (text != NULL)
            return mu_template_render(path, text, len, mu_json_get(call->args, "vars"), out, fail);
    }
    return mu_fail_set(fail, MU_USAGE,
                       "there is no templates/%s.md in the playbook: add it, or correct the name",
                       name);
}

static enum mu_err check_length(const json_t *args, const char *param, struct mu_fail *fail)
{
    size_t len = strlen(mu_json_str(args, param, ""));
    if (len <= MU_TEMPLATE_MAX)
        return MU_OK;
    return mu_fail_set(
        fail, MU_USAGE,
        "%s has %zu octets, at most %u can be sent: pass less, the journal has it all", param, len,
        MU_TEMPLATE_MAX);
}

static enum mu_err render(struct mu_call *call, const struct telling *telling,
                          struct mu_rendered *out, struct mu_fail *fail)
{
    enum mu_err err = check_length(call->args, "footer", fail);
    if (err == MU_OK && telling->template)
        return render_file(call, out, fail);
    if (err == MU_OK)
        err = check_length(call->args, "text", fail);
    if (err != MU_OK)
        return err;
    *out = (struct mu_rendered){
        .subject = mu_xstrdup(mu_json_str(call->args, "subject", "")),
        .body = mu_xstrdup(mu_json_str(call->args, "text", "")),
        .priority = MU_PRIORITY_NORMAL,
    };
    return MU_OK;
}

/* Without a Subject the first line of the text stands for it. One line, no controls. */
static char *finish_subject(const json_t *args, const struct mu_rendered *rendered)
{
    const char *prefix = mu_json_str(args, "prefix", "");
    const char *from = rendered->subject[0] ? rendered->subject : rendered->body;
    from += strspn(from, " \t\r\n");
    char *line = mu_xstrndup(from, strcspn(from, "\r\n"));
    struct mu_buf subject = {0};
    mu_buf_addf(&subject, "%.60s%s", prefix, prefix[0] ? " " : "");
    mu_notify_add_cut(&subject, line, SUBJECT_MAX);
    for (size_t i = 0; i < subject.len; i++)
        if ((unsigned char)subject.data[i] < 0x20 || subject.data[i] == 0x7f)
            subject.data[i] = ' ';
    free(line);
    return mu_buf_take(&subject);
}

static void add_trimmed(struct mu_buf *out, const char *text)
{
    text += strspn(text, "\r\n");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    mu_buf_add(out, text, len);
}

/* prefix, body, how to acknowledge, and where this comes from. */
static char *finish_text(const struct mu_call *call, const char *body)
{
    const char *prefix = mu_json_str(call->args, "prefix", "");
    const char *footer = mu_json_str(call->args, "footer", "");
    int64_t ack_ms = mu_json_int(call->args, "ack_within", 0);
    char ack[MU_TIME_TEXT];
    struct mu_buf text = {0};
    mu_buf_addf(&text, "%.60s%s", prefix, prefix[0] ? " " : "");
    add_trimmed(&text, body);
    if (ack_ms > 0 || footer[0] != '\0')
        mu_buf_adds(&text, "\n");
    if (ack_ms > 0)
        mu_buf_addf(&text, "\nPlease acknowledge within %s.", mu_duration_text(ack_ms, ack));
    if (footer[0] != '\0') {
        mu_buf_adds(&text, "\n");
        add_trimmed(&text, footer);
    }
    mu_buf_addf(&text, "\n\nmuster%s%s%s%s\n", call->run[0] ? " " : "", call->run,
                call->incident[0] ? " " : "", call->incident);
    return mu_buf_take(&text);
}

/* --- people --- */

/* args.domain, vars.domain and vars.host: as far as a playbook tells, these are what fails. */
static json_t *find_failing(const json_t *args)
{
    const json_t *vars = mu_json_get(args, "vars");
    const char *typed[] = {mu_json_str(args, "domain", ""), mu_json_str(vars, "domain", ""),
                           mu_json_str(vars, "host", "")};
    json_t *names = json_array();
    for (size_t i = 0; i < MU_COUNT(typed); i++) {
        char name[MU_NAME_TEXT];
        if (typed[i][0] != '\0' && mu_name_host(typed[i], name, NULL) == MU_OK)
            json_array_append_new(names, json_string(name));
    }
    return names;
}

void mu_notify_failing(const json_t *prepared, struct failing *out)
{
    const json_t *names = mu_json_get(prepared, "failing");
    size_t i;
    json_t *name;
    out->count = 0;
    json_array_foreach(names, i,
                       name) if (out->count < MU_COUNT(out->names) && json_is_string(name))
        snprintf(out->names[out->count++], sizeof out->names[0], "%s", json_string_value(name));
}

/* Which contact points can't be used is known before anything is sent. */
static json_t *prepare_recipient(const struct mu_call *call, const json_t *live,
                                 const struct failing *failing, size_t *usable,
                                 struct mu_fail *last)
{
    const struct mu_host *host = call->host;
    json_t *points = json_array(), *skipped = json_array(), *point;
    size_t i;
    json_array_foreach(mu_json_get(live, "points"), i, point)
    {
        struct channel channel;
        struct mu_fail fail;
        char *now = mu_notify_point_now(call, json_string_value(point), &fail);
        char *shown = mu_notify_point_shown(host, now ? now : json_string_value(point));
        enum mu_err err = now ? mu_notify_channel_find(host, now, &channel, &fail) : fail.class;
        if (err == MU_OK)
            err = mu_notify_channel_loops(&channel, failing, &fail);
        free(now);
        if (err != MU_OK)
            json_array_append_new(skipped,
                                  json_pack("{s:s, s:s}", "point", shown, "why", fail.text));
        if (err == MU_REFUSED || (err != MU_OK && last->class != MU_REFUSED))
            *last = fail;
        *usable += err == MU_OK;
        json_array_append_new(points, json_string(shown));
        free(shown);
    }
    char *name = mu_notify_point_shown(host, mu_json_str(live, "name", ""));
    char *label = mu_notify_point_shown(host, mu_json_str(live, "label", ""));
    json_t *recipient = json_pack("{s:s, s:s, s:o, s:o}", "recipient", name, "label", label,
                                  "points", points, "skipped", skipped);
    free(name);
    free(label);
    return recipient;
}

static enum mu_err check_who(const struct mu_host *host, const struct telling *telling,
                             const char *audience, struct mu_fail *fail)
{
    json_t *members = telling->people_only ? mu_people_members(host->config, audience) : NULL;
    bool nobody = members != NULL && json_array_size(members) == 0;
    json_decref(members);
    if (!nobody)
        return MU_OK;
    return mu_fail_set(
        fail, MU_USAGE,
        "page takes a person or a team, which \"%s\" is not; notify takes audiences and channels",
        audience);
}

static enum mu_err add_recipients(struct mu_call *call, const struct telling *telling,
                                  json_t *prepared, struct mu_fail *fail)
{
    const char *audience = mu_json_str(prepared, "audience", "");
    struct failing failing;
    struct mu_fail last = {.class = MU_CONFIG, .text = "no contact points in muster.lua"};
    size_t usable = 0, i;
    json_t *live, *one, *recipients;
    mu_notify_failing(prepared, &failing);
    enum mu_err err = mu_people_recipients(call->host->config, audience, &live, fail);
    if (err == MU_OK)
        err = check_who(call->host, telling, audience, fail);
    if (err != MU_OK) {
        json_decref(live);
        return err;
    }
    recipients = json_array();
    json_array_foreach(live, i, one)
        json_array_append_new(recipients, prepare_recipient(call, one, &failing, &usable, &last));
    json_decref(live);
    set_text(prepared, "target", target_text(audience, recipients));
    json_object_set_new(prepared, "recipients", recipients);
    if (usable > 0)
        return MU_OK;
    return mu_fail_set(fail, last.class, "nobody of %s can be told: %s", audience, last.text);
}

/* "stakeholders: Ana Ruiz, status and 12 more" */
static char *target_text(const char *audience, const json_t *recipients)
{
    struct mu_buf text = {0};
    size_t i, count = json_array_size(recipients);
    json_t *recipient;
    const char *only =
        count == 1 ? mu_json_str(json_array_get(recipients, 0), "recipient", "") : NULL;
    if (only == NULL || strcmp(only, audience) != 0)
        mu_buf_addf(&text, "%s: ", strchr(audience, ':') ? "channel" : audience);
    json_array_foreach(recipients, i, recipient)
    {
        if (i == TARGET_NAMES) {
            mu_buf_addf(&text, " and %zu more", count - i);
            break;
        }
        mu_buf_addf(&text, "%s%s", i ? ", " : "", mu_json_str(recipient, "label", ""));
    }
    return mu_buf_take(&text);
}
