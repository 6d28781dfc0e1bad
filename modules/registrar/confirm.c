/* SPDX-License-Identifier: MIT
 *
 * Asking every authoritative address until it serves what was written; see servers.h. Each address
 * goes its own way; what is shared is the deadline and the count.
 *
 *   ask ─▶ same rrset? ─yes▶ ok, never asked again
 *    ▲         └─no──▶ pause (0.5 s, growing to 5 s) ─┐
 *    └────────────────────────────────────────────────┘ */
#include "servers.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/name.h"
#include "io/dns.h"
#include "rrset.h"

#define PAUSE_MS     500
#define PAUSE_MAX_MS 5000
#define LAGGING_TEXT 420 /* has to fit one failure text with its frame */

struct asked {
    struct mu_zone_confirm *confirm;
    struct sockaddr_storage addr;
    bool askable, ok;
    int64_t pause_ms;
    json_t *result; /* {server, address, ok, ttl, records, why} */
    struct mu_op *op;
    struct mu_timer *pause;
};

struct mu_zone_confirm {
    const struct mu_host *host;
    char name[MU_NAME_TEXT];
    uint16_t type;
    json_t *rrset;
    mu_zone_confirm_progress_cb *progress;
    mu_zone_confirmed_cb *done;
    void *ud;
    struct mu_timer *deadline;
    struct asked asked[MU_LIMIT_SERVERS];
    size_t count, askable, serving;
};

static void stop_asking(struct mu_zone_confirm *confirm)
{
    mu_timer_cancel(confirm->deadline);
    confirm->deadline = NULL;
    for (size_t i = 0; i < confirm->count; i++) {
        mu_op_cancel(confirm->asked[i].op);
        mu_timer_cancel(confirm->asked[i].pause);
        confirm->asked[i].op = NULL;
        confirm->asked[i].pause = NULL;
    }
}

void mu_zone_confirm_cancel(struct mu_zone_confirm *confirm)
{
    if (confirm == NULL)
        return;
    stop_asking(confirm);
    for (size_t i = 0; i < confirm->count; i++)
        json_decref(confirm->asked[i].result);
    json_decref(confirm->rrset);
    free(confirm);
}

/* --- the end --- */

static void add_lagging(struct mu_buf *buf, const json_t *result)
{
    const char *why = mu_json_str(result, "why", "not asked"),
               *address = mu_json_str(result, "address", "no address");
    bool named = strstr(why, address) != NULL; /* "timeout after 3 tries at 192.0.2.2:53" */
    mu_buf_addf(buf, "%s%s%s%s: %.160s", buf->len ? "; " : "", mu_json_str(result, "server", "?"),
                named ? "" : " ", named ? "" : address, why);
}

static void finish(struct mu_zone_confirm *confirm)
{
    struct mu_buf lagging = {.max = LAGGING_TEXT};
    struct mu_zone_confirmed confirmed = {
        .serving = confirm->serving, .asked = confirm->askable, .servers = json_array()};
    stop_asking(confirm);
    confirmed.all = confirm->askable > 0 && confirm->serving == confirm->askable;
    for (size_t i = 0; i < confirm->count; i++) {
        const struct asked *asked = &confirm->asked[i];
        json_array_append(confirmed.servers, asked->result);
        if (asked->askable && !asked->ok)
            add_lagging(&lagging, asked->result);
    }
    confirmed.lagging = mu_buf_text(&lagging);
    confirm->done(&confirmed, confirm->ud);
    json_decref(confirmed.servers);
    mu_buf_free(&lagging);
    mu_zone_confirm_cancel(confirm);
}

static void on_deadline(void *ud)
{
    struct mu_zone_confirm *confirm = ud;
    confirm->deadline = NULL;
    finish(confirm);
}

/* --- one address --- */

static void ask_address(void *ud);

static void note_answer(struct asked *asked, json_t *rrset_take, const char *why)
{
    json_object_set(asked->result, "ttl", json_object_get(rrset_take, "ttl"));
    json_object_set(asked->result, "records", json_object_get(rrset_take, "records"));
    json_object_set_new(asked->result, "ok", json_boolean(asked->ok));
    json_object_set_new(asked->result, "why", why ? json_string(why) : json_null());
    json_decref(rrset_take);
}

/* Why this answer does not count at all; "" when it does. */
static void judge_answer(const struct mu_dns_answer *answer, char why[160])
{
    char rcode[16];
    why[0] = '\0';
    if (answer->err != MU_OK)
        snprintf(why, 160, "%s", answer->why);
    else if (answer->rcode != LDNS_RCODE_NOERROR && answer->rcode != LDNS_RCODE_NXDOMAIN)
        snprintf(why, 160, "answers %s", mu_dns_rcode_text(answer->rcode, rcode));
    else if (!answer->aa)
        snprintf(why, 160, "is not authoritative for it (lame delegation?)");
}

static void on_answer(const struct mu_dns_answer *answer, void *ud)
{
    struct asked *asked = ud;
    struct mu_zone_confirm *confirm = asked->confirm;
    char why[160];
    asked->op = NULL;
    judge_answer(answer, why);
    if (why[0] != '\0') {
        note_answer(asked, mu_zone_rrset(-1, json_array()), why);
    } else {
        int64_t ttl;
        json_t *records = mu_zone_records_among(ldns_pkt_answer(answer->packet), confirm->name,
                                                confirm->type, &ttl);
        json_t *rrset = mu_zone_rrset(ttl, records);
        asked->ok = mu_zone_rrset_is(rrset, confirm->rrset);
        char *text = mu_zone_rrset_text(rrset), *serves = mu_xasprintf("still serves %s", text);
        note_answer(asked, rrset, asked->ok ? NULL : serves);
        free(text);
        free(serves);
    }
    if (!asked->ok) {
        asked->pause = mu_timer_start(confirm->host->loop, asked->pause_ms, ask_address, asked);
        asked->pause_ms = asked->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : asked->pause_ms * 2;
        return;
    }
    confirm->serving++;
    confirm->progress(confirm->serving, confirm->askable, confirm->ud);
    if (confirm->serving == confirm->askable)
        finish(confirm);
}

static void ask_address(void *ud)
{
    struct asked *asked = ud;
    struct mu_zone_confirm *confirm = asked->confirm;
    struct mu_fail fail;
    struct mu_dns_question question = {.name = confirm->name,
                                       .type = confirm->type,
                                       .server = (const struct sockaddr *)&asked->addr};
    asked->pause = NULL;
    asked->op = mu_dns_query(confirm->host->dns, &question, on_answer, asked, &fail);
    if (asked->op == NULL)
        note_answer(asked, mu_zone_rrset(-1, json_array()), fail.text);
}

/* --- start --- */

static void add_server(struct mu_zone_confirm *confirm, const json_t *server)
{
    struct asked *asked = &confirm->asked[confirm->count++];
    const char *why = mu_json_str(server, "why", NULL),
               *address = mu_json_str(server, "address", NULL);
    asked->confirm = confirm;
    asked->pause_ms = PAUSE_MS;
    asked->result = json_copy((json_t *)server);
    asked->askable = why == NULL && address && mu_addr_parse(address, 53, &asked->addr);
    note_answer(asked, mu_zone_rrset(-1, json_array()), why ? why : "no answer in time");
    confirm->askable += asked->askable;
}

struct mu_zone_confirm *mu_zone_confirm_start(const struct mu_host *host, const json_t *servers,
                                              const char *name, uint16_t type, const json_t *rrset,
                                              int64_t within_ms,
                                              mu_zone_confirm_progress_cb *progress,
                                              mu_zone_confirmed_cb *done, void *ud)
{
    struct mu_zone_confirm *confirm = MU_NEW(struct mu_zone_confirm);
    size_t i;
    json_t *server;
    *confirm = (struct mu_zone_confirm){
        .host = host, .type = type, .progress = progress, .done = done, .ud = ud};
    confirm->rrset = json_deep_copy(rrset);
    snprintf(confirm->name, sizeof confirm->name, "%s", name);
    json_array_foreach(servers, i, server)
    {
        if (confirm->count < MU_LIMIT_SERVERS)
            add_server(confirm, server);
    }
    confirm->deadline =
        mu_timer_start(host->loop, confirm->askable ? within_ms : 0, on_deadline, confirm);
    for (i = 0; i < confirm->count; i++)
        if (confirm->asked[i].askable)
            ask_address(&confirm->asked[i]);
    return confirm;
}
