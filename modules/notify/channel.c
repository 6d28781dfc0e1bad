/* SPDX-License-Identifier: MIT
 *
 * From a contact point to its channel; see channel.h. Configuration is checked when a channel is
 * used, not when the module opens: one wrong channel must not keep the others from working. */
#include "notify/channel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/people.h"
#include "base/redact.h"

#define DEADLINE_MS   60000 /* then the next contact point: a page that comes later helps less */
#define DEADLINE_MAX  3600000
#define URL_TOKEN_MIN 16 /* shorter paths ("/hooks/muster") are names, not tokens */

static const struct channel_class *const classes[] = {
    &mu_notify_email,
    &mu_notify_slack,
    &mu_notify_webhook,
    &mu_notify_ntfy,
};

static enum mu_err find_class(struct channel *, struct mu_fail *);
static enum mu_err read_times(struct channel *, struct mu_fail *);

static enum mu_err unknown_channel(const json_t *channels, const char *point, struct mu_fail *fail)
{
    size_t len;
    mu_people_point(point, &len);
    char *typed = mu_xstrndup(point, len);
    struct mu_near near = {.typed = typed};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)channels, name, value) mu_near_try(&near, name);
    enum mu_err err = mu_fail_set(
        fail, MU_CONFIG, "\"%s\" is no person, team or channel in muster.lua%s%s%s", typed,
        near.best ? "; did you mean \"" : "", near.best ? near.best : "", near.best ? "\"?" : "");
    free(typed);
    return err;
}

/* Everything but the class's own check. */
static enum mu_err find(const struct mu_host *host, const char *point, struct channel *out,
                        struct mu_fail *fail)
{
    const json_t *channels = mu_config(host, "channels");
    size_t len;
    *out = (struct channel){.address = mu_people_point(point, &len)};
    out->config = channels ? json_object_getn(channels, point, len) : NULL;
    if (out->config == NULL)
        return unknown_channel(channels, point, fail);
    if (len >= sizeof out->name)
        return mu_fail_set(fail, MU_CONFIG, "channel %.40s...: the name is longer than %zu octets",
                           point, sizeof out->name - 1);
    memcpy(out->name, point, len);
    return find_class(out, fail);
}

enum mu_err mu_notify_channel_alone(const struct mu_host *host, const char *name,
                                    struct channel *out, struct mu_fail *fail)
{
    enum mu_err err = find(host, name, out, fail);
    if (err == MU_OK)
        err = read_times(out, fail);
    return err == MU_OK ? out->class->check(host, out, fail) : err;
}

enum mu_err mu_notify_channel_find(const struct mu_host *host, const char *point,
                                   struct channel *out, struct mu_fail *fail)
{
    enum mu_err err = mu_notify_channel_alone(host, point, out, fail);
    if (err != MU_OK || out->class->check_address == NULL)
        return err;
    if (out->address[0] == '\0')
        return mu_fail_set(fail, MU_CONFIG,
                           "contact point \"%s\" needs an address: write \"%s:ADDRESS\"", point,
                           out->name);
    return out->class->check_address(out, fail);
}

json_t *mu_notify_redirect(struct mu_call *call, struct mu_fail *fail)
{
    const json_t *channels = mu_config(call->host, "drill.channels");
    if (json_object_size(channels) > 0)
        return json_pack("{s:O}", "channels", channels);
    if (json_is_true(mu_config(call->host, "lab")))
        return json_pack("{s:b}", "lab", 1);
    mu_fail_set(fail, MU_REFUSED,
                "muster.lua has no drill.channels: nobody can be told in a drill");
    return NULL;
}

/* "push:ana" by way of {push = "drill-push"} is "drill-push:ana"; one that names an address takes everything. */
static char *point_elsewhere(const char *point, const char *to)
{
    return strchr(to, ':') ? mu_xstrdup(to) : mu_xasprintf("%s%s", to, point + strcspn(point, ":"));
}

char *mu_notify_point_now(const struct mu_call *call, const char *point, struct mu_fail *fail)
{
    size_t len;
    mu_people_point(point, &len);
    char *channel = mu_xstrndup(point, len), *now = NULL;
    const json_t *channels = mu_json_get(call->redirect, "channels");
    const json_t *fact = mu_facts_get(call->facts, MU_FACT_CHANNEL, channel);
    const char *to = mu_json_str(channels, channel, NULL);
    if (call->redirect && strcmp(mu_json_str(fact, "state", "up"), "up") != 0)
        mu_fail_set(fail, MU_NET, "%s: %s", channel,
                    mu_json_str(fact, "why", "down, in this drill"));
    else if (channels == NULL)
        now = mu_xstrdup(point);
    else if (to)
        now = point_elsewhere(point, to);
    else
        mu_fail_set(fail, MU_REFUSED, "drill.channels of muster.lua has nothing for %s", channel);
    free(channel);
    return now;
}

static enum mu_err find_class(struct channel *channel, struct mu_fail *fail)
{
    const char *kind = mu_json_str(channel->config, "kind", NULL);
    struct mu_near near = {.typed = kind ? kind : ""};
    for (size_t i = 0; i < MU_COUNT(classes); i++) {
        if (kind != NULL && strcmp(classes[i]->kind, kind) == 0) {
            channel->class = classes[i];
            return MU_OK;
        }
        mu_near_try(&near, classes[i]->kind);
    }
    return mu_fail_set(
        fail, MU_CONFIG,
        "channels.%s in muster.lua: kind %s%s%s is none of email, slack, webhook, ntfy%s%s%s",
        channel->name, kind ? "\"" : "", kind ? kind : "is missing;", kind ? "\"" : " it",
        near.best ? "; did you mean \"" : "", near.best ? near.best : "", near.best ? "\"?" : "");
}

static enum mu_err read_time(const struct channel *channel, const char *key, int otherwise,
                             int *ms_out, struct mu_fail *fail)
{
    const json_t *value = mu_json_get(channel->config, key);
    int64_t ms = otherwise;
    bool good = value == NULL ||
                (json_is_string(value) && mu_duration_parse(json_string_value(value), &ms));
    if (!good || ms < 1 || ms > DEADLINE_MAX)
        return mu_fail_set(
            fail, MU_CONFIG,
            "channels.%s.%s in muster.lua: expected a duration such as \"10s\", at most 1h",
            channel->name, key);
    *ms_out = (int)ms;
    return MU_OK;
}

static enum mu_err read_times(struct channel *channel, struct mu_fail *fail)
{
    enum mu_err err =
        read_time(channel, "timeout", channel->class->timeout_ms, &channel->timeout_ms, fail);
    return err == MU_OK ? read_time(channel, "deadline", DEADLINE_MS, &channel->deadline_ms, fail)
                        : err;
}

enum mu_err mu_notify_channel_loops(const struct channel *channel, const struct failing *failing,
                                    struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    for (size_t i = 0; i < failing->count && err == MU_OK && channel->class->loops != NULL; i++)
        err = channel->class->loops(channel, failing->names[i], fail);
    return err;
}

char *mu_notify_point_shown(const struct mu_host *host, const char *point)
{
    struct channel channel;
    bool hide = find(host, point, &channel, NULL) == MU_OK && channel.address[0] != '\0' &&
                channel.class->hides_address != NULL && channel.class->hides_address(&channel);
    return hide ? mu_xasprintf("%s:(hidden)", channel.name) : mu_xstrdup(point);
}

const char *mu_notify_channel_text(const struct mu_host *host, const struct channel *channel,
                                   const char *key)
{
    const json_t *value = mu_json_get(channel->config, key);
    return value ? mu_secret(host, value) : NULL;
}

/* "customer-example.com": a domain in a URL is no password, and as a secret it would be taken out of every text. */
static bool is_name(const char *text, size_t len)
{
    size_t plain = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.");
    return plain >= len && memchr(text, '.', len) != NULL;
}

static void guard(const char *label, const char *text, size_t len)
{
    if (len < URL_TOKEN_MIN || is_name(text, len))
        return;
    char *token = mu_xstrndup(text, len);
    struct mu_fail ignored; /* a refusal says "too short", which it is not */
    (void)!mu_redact_register(label, token, &ignored);
    free(token);
}

/* A webhook's URL is its password; errors of proxies and servers love to repeat it, whole or the part
 * that matters to them: a segment of the path, a value of the query. */
static void guard_url(const char *name, const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;
    if (path == NULL)
        return;
    char *label = mu_xasprintf("channels.%s.url", name);
    guard(label, path + 1, strlen(path + 1));
    for (const char *part = path + 1; *part; part += strcspn(part, "/?&=#")) {
        part += strspn(part, "/?&=#");
        guard(label, part, strcspn(part, "/?&=#"));
    }
    free(label);
}

void mu_notify_channel_guard(const struct mu_host *host)
{
    const char *name;
    json_t *config;
    json_object_foreach((json_t *)mu_config(host, "channels"), name, config)
    {
        const json_t *ref = mu_json_get(config, "url");
        const char *url = ref ? mu_secret(host, ref) : NULL;
        if (url != NULL)
            guard_url(name, url);
    }
}

void mu_notify_answer(struct channel_answer *answer, enum channel_verdict verdict, const char *fmt,
                      ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(answer->why, sizeof answer->why, fmt, ap);
    va_end(ap);
    answer->verdict = verdict;
}
