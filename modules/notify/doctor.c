/* SPDX-License-Identifier: MIT
 *
 * Would people be reached? Looks at each channel's configuration, at whether e-mail depends on a
 * domain we watch, and connects to every channel. Tells nobody anything. (Who is reachable at all
 * is mu_people_check()'s business.) */
#include "notify/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "notify/channel.h"

struct look {
    struct checkup *checkup;
    struct channel channel;
};

struct checkup {
    struct mu_call *call;
    json_t *checks;
    struct look *looks;
    size_t count, open;
};

static void look_at(struct look *, const char *name);
static void check_domains(struct checkup *, const struct channel *);
static void finish(struct checkup *);

static void add_check(struct checkup *checkup, const char *what, const char *why)
{
    json_t *check = json_pack("{s:o, s:b}", "what", mu_json_lenient_string(what, strlen(what)),
                              "ok", why == NULL);
    if (why != NULL)
        json_object_set_new(check, "why", mu_json_lenient_string(why, strlen(why)));
    json_array_append_new(checkup->checks, check);
}

void mu_notify_doctor(struct mu_call *call)
{
    struct checkup *checkup = MU_NEW(struct checkup);
    json_t *channels = (json_t *)mu_config(call->host, "channels"), *config;
    const char *name;
    size_t i = 0;
    checkup->call = call;
    checkup->checks = json_array();
    checkup->count = json_object_size(channels);
    checkup->looks = mu_xcalloc(checkup->count, sizeof *checkup->looks);
    checkup->open = 1; /* ours, until all are under way */
    json_object_foreach(channels, name, config)
    {
        checkup->looks[i].checkup = checkup;
        look_at(&checkup->looks[i++], name);
    }
    finish(checkup);
}

static void checkup_free(struct checkup *checkup)
{
    json_decref(checkup->checks);
    free(checkup->looks);
    free(checkup);
}

static void on_looked(const struct channel_answer *answer, void *ud)
{
    struct look *look = ud;
    char what[96];
    snprintf(what, sizeof what, "channel %s answers", look->channel.name);
    add_check(look->checkup, what, answer->verdict == CHANNEL_SENT ? NULL : answer->why);
    finish(look->checkup);
}

static void look_at(struct look *look, const char *name)
{
    struct mu_fail fail;
    char what[96];
    snprintf(what, sizeof what, "channel %.64s", name);
    if (mu_notify_channel_alone(look->checkup->call->host, name, &look->channel, &fail) != MU_OK) {
        add_check(look->checkup, what, fail.text);
        return;
    }
    check_domains(look->checkup, &look->channel);
    struct channel_request request = {
        .host = look->checkup->call->host,
        .channel = &look->channel,
        .timeout_ms = look->channel.timeout_ms,
    };
    look->checkup->open++;
    (void)look->channel.class->look(&request, on_looked, look);
}

/* A channel that depends on a domain we watch is refused on the very day it is needed. */
static void check_domains(struct checkup *checkup, const struct channel *channel)
{
    const char *domain;
    json_t *config;
    json_object_foreach((json_t *)mu_config(checkup->call->host, "domains"), domain, config)
    {
        struct failing failing = {.count = 1};
        struct mu_fail fail;
        char what[400];
        snprintf(failing.names[0], sizeof failing.names[0], "%s", domain);
        if (mu_notify_channel_loops(channel, &failing, &fail) == MU_OK)
            continue;
        snprintf(what, sizeof what, "channel %s works while %s fails", channel->name, domain);
        add_check(checkup, what, fail.text);
    }
}

static void finish(struct checkup *checkup)
{
    if (--checkup->open > 0)
        return;
    struct mu_call *call = checkup->call;
    json_t *value = json_pack("{s:O}", "checks", checkup->checks);
    checkup_free(checkup);
    mu_call_done(call, value);
}
