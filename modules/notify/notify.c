/* SPDX-License-Identifier: MIT
 *
 * The module that reaches people: notify, page, notify.direct, notify.ladder. Here are the verbs'
 * tables; what is told is made in message.c, sent in deliver.c, over the channels of channel.c.
 *
 * Every message may go out twice: after a crash between sending and writing it down it is sent
 * again, marked as a possible duplicate where the far side can't drop it by its key. Telling people
 * twice does less harm than not telling them. */
#include "module/module.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/people.h"
#include "notify/channel.h"
#include "notify/deliver.h"
#include "notify/doctor.h"
#include "notify/message.h"

/* --- telling --- */

static const struct telling telling_notify = {
    .audience = "audience", .kind = "notify", .template = true};
static const struct telling telling_page = {
    .audience = "who", .kind = "page", .template = true, .people_only = true, .urgent = true};
static const struct telling telling_direct = {.audience = "to"};

static void prepare(struct mu_call *call, const struct telling *telling)
{
    struct mu_fail fail;
    json_t *prepared;
    enum mu_err err = mu_notify_prepare(call, telling, &prepared, &fail);
    if (err == MU_OK)
        mu_call_done(call, prepared);
    else
        mu_call_fail(call, err, false, "%s", fail.text);
}

static void prepare_notify(struct mu_call *call)
{
    prepare(call, &telling_notify);
}

static void prepare_page(struct mu_call *call)
{
    prepare(call, &telling_page);
}

static void prepare_direct(struct mu_call *call)
{
    prepare(call, &telling_direct);
}

static bool is_skipped(const json_t *recipient, const char *point)
{
    size_t i;
    json_t *skipped;
    json_array_foreach(mu_json_get(recipient, "skipped"), i, skipped)
    {
        if (strcmp(mu_json_str(skipped, "point", ""), point) == 0)
            return true;
    }
    return false;
}

/* The first of the contact points whose channel works, as far as is assumed; NULL: none does. */
static const char *working_point(const json_t *recipient, const struct mu_facts *facts)
{
    size_t i, len;
    json_t *point;
    json_array_foreach(mu_json_get(recipient, "points"), i, point)
    {
        const char *text = json_string_value(point);
        mu_people_point(text, &len);
        char *channel = mu_xstrndup(text, len);
        const json_t *fact = mu_facts_get(facts, MU_FACT_CHANNEL, channel);
        bool up = strcmp(mu_json_str(fact, "state", "up"), "up") == 0;
        free(channel);
        if (up && !is_skipped(recipient, text))
            return text;
    }
    return NULL;
}

static json_t *foreseen_recipient(const json_t *recipient, const struct mu_facts *facts)
{
    const char *point = working_point(recipient, facts);
    size_t len = 0;
    const char *address = point ? mu_people_point(point, &len) : "";
    return json_pack("{s:O, s:b, s:s%, s:s, s:i, s:i}", "recipient",
                     mu_json_get(recipient, "recipient"), "ok", point != NULL, "channel",
                     point ? point : "", len, "address", address, "attempts", 0, "ms", 0);
}

/* Nobody is told; who would be, and that the message then exists. */
static json_t *foresee(struct mu_call *call, struct mu_facts *facts)
{
    json_t *sent = json_array(), *names = json_array(), *recipient;
    size_t i;
    int reached = 0;
    json_array_foreach(mu_json_get(call->prepared, "recipients"), i, recipient)
    {
        json_t *line = foreseen_recipient(recipient, facts);
        reached += mu_json_bool(line, "ok", false);
        json_array_append_new(sent, line);
        json_array_append(names, mu_json_get(recipient, "recipient"));
    }
    mu_facts_set(facts, MU_FACT_MESSAGE, call->key ? call->key : "",
                 json_pack("{s:O, s:O, s:o}", "audience", mu_json_get(call->prepared, "audience"),
                           "template", mu_json_get(call->prepared, "template"), "recipients",
                           names));
    json_t *value = json_pack("{s:b, s:i, s:i, s:o}", "ok", reached > 0, "reached", reached,
                              "failed", (int)json_array_size(sent) - reached, "sent", sent);
    if (reached == 0)
        json_object_set_new(value, "why", json_string("nobody was reached: no channel works"));
    return value;
}

/* --- ladders --- */

/* The people of those rungs, each once: where they stand first. Takes rungs. */
static json_t *rung_a_person(const json_t *config, json_t *rungs_take)
{
    json_t *out = json_array(), *seen = json_object(), *rung, *name;
    size_t i, j;
    json_array_foreach(rungs_take, i, rung)
    {
        json_t *members = mu_people_members(config, mu_json_str(rung, "who", ""));
        json_array_foreach(members, j, name)
        {
            if (json_object_get(seen, json_string_value(name)) == NULL)
                json_array_append_new(out, json_pack("{s:O, s:O*}", "who", name, "ack_within",
                                                     mu_json_get(rung, "ack_within")));
            json_object_set_new(seen, json_string_value(name), json_true());
        }
        json_decref(members);
    }
    json_decref(seen);
    json_decref(rungs_take);
    return out;
}

static json_t *ladder(const struct mu_call *call)
{
    struct mu_fail fail;
    json_t *rungs;
    const json_t *config = call->host->config;
    enum mu_err err = mu_people_ladder(config, mu_json_str(call->args, "name", ""), &rungs, &fail);
    if (err == MU_OK && mu_json_bool(call->args, "people", false))
        rungs = rung_a_person(config, rungs);
    if (err != MU_OK)
        return json_pack("{s:b, s:s, s:s, s:[]}", "ok", 0, "why", fail.text, "class",
                         mu_err_name(err), "rungs");
    return json_pack("{s:b, s:o}", "ok", 1, "rungs", rungs);
}

static void start_ladder(struct mu_call *call)
{
    mu_call_done(call, ladder(call));
}

/* A ladder stands in muster.lua: no fact changes it. */
static json_t *under_ladder(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    (void)facts;
    return real_take ? real_take : ladder(call);
}

static void cancel_nothing(struct mu_call *call)
{
    (void)call; /* completes inside start */
}

/* --- tables --- */

#define FAILING_FIELD                                                                             \
    {                                                                                             \
        "domain", MU_T_DOMAIN, MU_F_OPTION, NULL, NULL, NULL,                                     \
            "What fails: no e-mail about it travels through it. vars.domain and vars.host count " \
            "too"                                                                                 \
    }

static const struct mu_field notify_params[] = {
    {"audience", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL,
     "An audience, person, team or contact point of muster.lua"},
    {"template", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL,
     "templates/NAME.md or NAME.txt of the playbook"},
    {"vars", MU_T_OBJECT, MU_F_PROSE, NULL, "{}", NULL, "What the template's {{names}} stand for"},
    {"prefix", MU_T_STRING, MU_F_OPTION | MU_F_PROSE, NULL, NULL, NULL,
     "Put before subject and text"},
    FAILING_FIELD,
    {0},
};

static const struct mu_field page_params[] = {
    {"who", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL, "A person or a team"},
    {"template", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL,
     "templates/NAME.md or NAME.txt of the playbook"},
    {"vars", MU_T_OBJECT, MU_F_PROSE, NULL, "{}", NULL, "What the template's {{names}} stand for"},
    {"ack_within", MU_T_DURATION, MU_F_OPTION, "ms", NULL, NULL,
     "Said in the text; the waiting is done by the language"},
    {"footer", MU_T_STRING, MU_F_OPTION | MU_F_PROSE, NULL, NULL, NULL,
     "The last lines of the text: how to acknowledge"},
    {"prefix", MU_T_STRING, MU_F_OPTION | MU_F_PROSE, NULL, NULL, NULL,
     "Put before subject and text"},
    FAILING_FIELD,
    {0},
};

static const struct mu_field direct_params[] = {
    {"to", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL,
     "A person, team, audience or contact point"},
    {"subject", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN | MU_F_PROSE, NULL, NULL, NULL, "One line"},
    {"text", MU_T_STRING, MU_F_REQUIRED | MU_F_PROSE, NULL, NULL, NULL, "Sent as it is"},
    {"kind", MU_T_STRING, MU_F_OPTION, NULL, "\"message\"", NULL,
     "gate, reminder, parked, poisoned and died are urgent"},
    FAILING_FIELD,
    {0},
};

static const struct mu_field telling_returns[] = {
    {"ok", MU_T_BOOL, 0, NULL, NULL, NULL, "Somebody was reached"},
    {"reached", MU_T_INTEGER, 0, NULL, NULL, NULL, "How many recipients were"},
    {"failed", MU_T_INTEGER, 0, NULL, NULL, NULL, "How many were not"},
    {"sent", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "One for each recipient: {recipient, channel, address, ok, why, id, attempts, ms}"},
    {0},
};

static const struct mu_field ladder_params[] = {
    {"name", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL,
     "A ladder, person or team of muster.lua"},
    {"people", MU_T_BOOL, MU_F_OPTION, NULL, "false", NULL,
     "a rung for each person instead of teams, each person once"},
    {0},
};

static const struct mu_field ladder_returns[] = {
    {"rungs", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "{who, ack_within in seconds}, in the order they are paged"},
    {0},
};

/* clang-format off */
#define TELLING                                                                                    \
    .kind = MU_ACT, .returns = telling_returns, .in_doubt = MU_REPEATABLE,                         \
    .start = mu_notify_deliver, .cancel = mu_notify_deliver_cancel, .foresee = foresee,    \
    .redirect = mu_notify_redirect, .tells = true
/* clang-format on */

static const struct mu_verb verbs[] = {
    {
        .name = "notify",
        TELLING,
        .params = notify_params,
        .doc = "Tells an audience. Everybody in it at once, each over their contact points in "
               "order until one takes the message; fails only when nobody was reached.",
        .example = "notify(\"stakeholders\", \"mail-failing\", { domain = p.domain })",
        .target = "audience",
        .prepare = prepare_notify,
    },
    {
        .name = "page",
        TELLING,
        .params = page_params,
        .doc = "Pages a person or a team with high priority. With ack_within a playbook waits "
               "until one of them acknowledges.",
        .example =
            "page(\"incident-lead\", \"smtp-down\", { host = p.host }, { ack_within = \"5m\" })",
        .target = "who",
        .prepare = prepare_page,
    },
    {
        .name = "notify.direct",
        TELLING,
        .params = direct_params,
        .doc = "Sends a subject and a text without a template. What muster itself uses to ask and "
               "to remind people.",
        .example =
            "notify.direct(\"ana\", \"Disk of jump1 is full\", \"Please look after it today.\")",
        .target = "to",
        .prepare = prepare_direct,
    },
    {
        .name = "notify.ladder",
        .kind = MU_PROBE,
        .params = ladder_params,
        .returns = ladder_returns,
        .doc = "Looks up who is paged in turn, and how long each has. A person or team is a "
               "ladder of one rung.",
        .example = "local found = notify.ladder(\"mail-oncall\")",
        .start = start_ladder,
        .cancel = cancel_nothing,
        .under = under_ladder,
    },
    {.name = NULL},
};

extern const struct mu_module mu_module_notify;
const struct mu_module mu_module_notify = {
    .abi = MU_MODULE_ABI,
    .verb_size = sizeof(struct mu_verb),
    .name = "notify",
    .version = MUSTER_VERSION,
    .doc = "Reaches people: audiences, pages, ladders; over e-mail, Slack, webhooks and ntfy.",
    .verbs = verbs,
    .doctor = mu_notify_doctor,
    .guard = mu_notify_channel_guard,
};
