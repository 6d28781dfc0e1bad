/* SPDX-License-Identifier: MIT
 *
 * mail.inbound: does the domain receive mail?
 *
 *   mx given? ──no──▶ dns.mx ─▶ none: the domain itself (RFC 5321 5.1); null MX: nothing to look at
 *      └──▶ look at every address (look.h) ─▶ fails everywhere? ─▶ control targets
 *                                                 └──────────────────┴──▶ report (judge.h)
 *
 * Only the flow stands here. The control targets are asked last and only when needed: they belong
 * to others, and a healthy domain needs no alibi. */
#include "inbound.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "judge.h"
#include "look.h"

#define CONTROLS_MAX 4

struct control {
    struct inbound *of;
    json_t *entry; /* {target, probe} of controls */
};

struct inbound {
    struct mu_call *call;
    int64_t started_ms;
    struct mu_mail_look *look;
    json_t *mx; /* [{preference, host}] as looked at */
    json_t *sight, *controls;
    struct control control[CONTROLS_MAX];
    size_t pending;
};

static void free_inbound(struct inbound *inbound)
{
    mu_mail_look_free(inbound->look);
    json_decref(inbound->mx);
    json_decref(inbound->sight);
    json_decref(inbound->controls);
    inbound->call->state = NULL;
    free(inbound);
}

void mu_mail_inbound_cancel(struct mu_call *call)
{
    if (call->state)
        free_inbound(call->state);
}

static void complete(struct inbound *inbound, json_t *report)
{
    struct mu_call *call = inbound->call;
    json_object_set_new(report, "mx", json_incref(inbound->mx));
    json_object_set_new(report, "ms", json_integer(mu_clock_mono_ms() - inbound->started_ms));
    free_inbound(inbound);
    mu_call_done(call, report);
}

/* --- control targets ------------------------------------------------------------------------- */

static void on_control(struct mu_call *call, const json_t *result, void *ud)
{
    struct control *control = ud;
    struct inbound *inbound = control->of;
    (void)call;
    json_object_set_new(control->entry, "probe", json_deep_copy(result));
    if (--inbound->pending == 0)
        complete(inbound, mu_mail_report(inbound->sight, inbound->controls));
}

static void ask_controls(struct inbound *inbound)
{
    const json_t *targets = mu_config(inbound->call->host, "smtp.control");
    size_t i;
    json_t *target;
    json_array_foreach(targets, i, target)
    {
        if (!json_is_string(target) || inbound->pending == CONTROLS_MAX)
            continue;
        struct control *control = &inbound->control[inbound->pending++];
        control->of = inbound;
        control->entry = json_pack("{s:O}", "target", target);
        json_array_append_new(inbound->controls, control->entry);
        mu_sub(inbound->call, "smtp.probe", json_pack("{s:O}", "host", target), on_control,
               control);
    }
    if (inbound->pending == 0)
        complete(inbound, mu_mail_report(inbound->sight, inbound->controls));
    else
        mu_call_progress(inbound->call, "nothing gets through: trying the control targets");
}

static void on_look(struct mu_call *call, json_t *sight_take, void *ud)
{
    struct inbound *inbound = ud;
    (void)call;
    inbound->look = NULL;
    inbound->sight = sight_take;
    if (mu_mail_needs_controls(mu_mail_judge(sight_take)))
        ask_controls(inbound);
    else
        complete(inbound, mu_mail_report(inbound->sight, inbound->controls));
}

/* --- whom to look at ------------------------------------------------------------------------- */

static void look_at(struct inbound *inbound, const json_t *mx)
{
    struct mu_call *call = inbound->call;
    const char *domain = mu_json_str(call->args, "domain", "");
    struct mu_mail_dialogue dialogue = {.rcpt = mu_mail_recipient(call, domain),
                                        .port = mu_json_int(call->args, "port", 0)};
    json_decref(inbound->mx);
    inbound->mx = json_deep_copy(mx);
    inbound->look = mu_mail_look_start(call, inbound->mx, dialogue, on_look, inbound);
}

static bool is_null_mx(const json_t *mx)
{
    return json_array_size(mx) == 1 &&
           strcmp(mu_json_str(json_array_get(mx, 0), "host", ""), ".") == 0;
}

static void take_mx(struct inbound *inbound, const json_t *mx)
{
    const char *domain = mu_json_str(inbound->call->args, "domain", "");
    char why[512];
    if (is_null_mx(mx)) {
        snprintf(why, sizeof why, "%s accepts no mail, and says so with a null MX (RFC 7505)",
                 domain);
        json_decref(inbound->mx);
        inbound->mx = json_deep_copy(mx);
        complete(inbound, mu_mail_report_nothing(why));
    } else if (json_array_size(mx) == 0) {
        json_t *implicit = json_pack("[{s:i, s:s}]", "preference", 0, "host", domain);
        look_at(inbound, implicit); /* the implicit MX */
        json_decref(implicit);
    } else {
        look_at(inbound, mx);
    }
}

static void on_mx(struct mu_call *call, const json_t *result, void *ud)
{
    struct inbound *inbound = ud;
    char why[512];
    if (mu_json_bool(result, "ok", false)) {
        take_mx(inbound, json_object_get(result, "mx"));
        return;
    }
    snprintf(why, sizeof why, "the MX set of %s can't be read: %s",
             mu_json_str(call->args, "domain", ""), mu_json_str(result, "why", "no answer"));
    complete(inbound, mu_mail_report_nothing(why));
}

void mu_mail_inbound_start(struct mu_call *call)
{
    struct inbound *inbound = MU_NEW(struct inbound);
    const json_t *given = mu_json_get(call->args, "mx");
    call->state = inbound;
    inbound->call = call;
    inbound->started_ms = mu_clock_mono_ms();
    inbound->mx = json_array();
    inbound->controls = json_array();
    if (given)
        take_mx(inbound, json_object_get(given, "mx"));
    else
        mu_sub(call, "dns.mx", json_pack("{s:O}", "domain", json_object_get(call->args, "domain")),
               on_mx, inbound);
}
