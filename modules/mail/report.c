/* SPDX-License-Identifier: MIT
 *
 * The result of mail.inbound: verdict, the line people read at 3 am, and the evidence. Pure; see
 * judge.h.
 *
 *   DOWN: mx1.example.com 192.0.2.10, 2001:db8::10 connect timeout; control targets fine */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "judge.h"

#define NAMED 4 /* groups of addresses named in `why`; the rest is counted */

/* What is told of an address: its probe's reason, or what it did well. */
static const char *reason_of(const json_t *entry)
{
    const json_t *probe = json_object_get(entry, "probe");
    if (mu_mail_judge_address(probe) == MU_MAIL_UP)
        return "takes mail";
    return mu_json_str(probe, "why", "gave no reason");
}

/* Worth a word: what made the verdict when it is up, what stands in the way otherwise. */
static bool is_told(const json_t *entry, enum mu_mail_verdict of_all)
{
    enum mu_mail_verdict own = mu_mail_judge_address(json_object_get(entry, "probe"));
    return of_all == MU_MAIL_UP || own != MU_MAIL_UP;
}

static bool told_before(const json_t *addresses, size_t i)
{
    for (size_t before = 0; before < i; before++)
        if (strcmp(reason_of(json_array_get(addresses, before)),
                   reason_of(json_array_get(addresses, i))) == 0)
            return true;
    return false;
}

/* "mx1.example.com 192.0.2.10, 2001:db8::10 connect timeout" */
static void tell_addresses(struct mu_buf *out, const json_t *host, size_t first)
{
    const json_t *addresses = json_object_get(host, "addresses");
    const char *reason = reason_of(json_array_get(addresses, first));
    mu_buf_addf(out, "%s ", mu_json_str(host, "host", "?"));
    for (size_t i = first; i < json_array_size(addresses); i++)
        if (strcmp(reason_of(json_array_get(addresses, i)), reason) == 0)
            mu_buf_addf(out, "%s%s", i > first ? ", " : "",
                        mu_json_str(json_array_get(addresses, i), "address", "?"));
    mu_buf_addf(out, " %s", reason);
}

struct telling {
    struct mu_buf *out;
    size_t told, more;
};

static bool tell_next(struct telling *telling)
{
    if (telling->told == NAMED) {
        telling->more++;
        return false;
    }
    mu_buf_adds(telling->out, telling->told++ ? "; " : "");
    return true;
}

static void tell_host(struct telling *telling, const json_t *host, enum mu_mail_verdict of_all)
{
    const json_t *addresses = json_object_get(host, "addresses");
    if (json_array_size(addresses) == 0 && tell_next(telling))
        mu_buf_addf(telling->out, "%s %s", mu_json_str(host, "host", "?"),
                    mu_json_str(host, "why", "has no address"));
    for (size_t i = 0; i < json_array_size(addresses); i++)
        if (is_told(json_array_get(addresses, i), of_all) && !told_before(addresses, i) &&
            tell_next(telling))
            tell_addresses(telling->out, host, i);
}

static const char *controls_text(enum mu_mail_verdict verdict, enum mu_mail_controls controls)
{
    if (!mu_mail_needs_controls(verdict))
        return "";
    if (controls == MU_MAIL_CONTROLS_FINE)
        return "; control targets fine";
    if (controls == MU_MAIL_CONTROLS_NONE)
        return "; it may be our own network: no control target is configured (smtp.control)";
    if (verdict == MU_MAIL_REJECTING)
        return "; but the control targets refuse us as well: our address seems to be blocked";
    return "; but the control targets fail as well: our own port 25 seems blocked, or our network "
           "is down";
}

static void tell(struct mu_buf *out, const json_t *sight, enum mu_mail_verdict seen,
                 enum mu_mail_controls controls)
{
    static const char *const words[MU_MAIL_VERDICTS] = {
        "UP", "REJECTING", "DOWN", "INCONCLUSIVE", "INCONCLUSIVE",
    };
    struct telling telling = {.out = out};
    size_t i;
    json_t *host;
    mu_buf_addf(out, "%s: ", words[mu_mail_judge_with_controls(seen, controls)]);
    json_array_foreach(sight, i, host) tell_host(&telling, host, seen);
    if (telling.more)
        mu_buf_addf(out, "; %zu more", telling.more);
    mu_buf_adds(out, controls_text(seen, controls));
}

/* The fields of a probe that belong to its address as evidence. */
static json_t *address_evidence(const json_t *entry)
{
    static const char *const fields[] = {"code", "enhanced_code", "phase",
                                         "ms",   "tls",           "transcript"};
    const json_t *probe = json_object_get(entry, "probe");
    json_t *evidence =
        json_pack("{s:O, s:s, s:s}", "address", json_object_get(entry, "address"), "verdict",
                  mu_mail_verdict_name(mu_mail_judge_address(probe)), "why", reason_of(entry));
    for (size_t i = 0; i < MU_COUNT(fields); i++)
        if (mu_json_get(probe, fields[i]))
            json_object_set(evidence, fields[i], mu_json_get(probe, fields[i]));
    return evidence;
}

static json_t *host_evidence(const json_t *host)
{
    json_t *list = json_array(), *entry;
    size_t i;
    json_array_foreach(json_object_get(host, "addresses"), i, entry)
        json_array_append_new(list, address_evidence(entry));
    return json_pack("{s:O, s:O, s:s, s:s*, s:o}", "host", json_object_get(host, "host"),
                     "preference", json_object_get(host, "preference"), "verdict",
                     mu_mail_verdict_name(mu_mail_judge_host(host)), "why",
                     mu_json_str(host, "why", NULL), "addresses", list);
}

static json_t *all_hosts_evidence(const json_t *sight)
{
    json_t *list = json_array(), *host;
    size_t i;
    json_array_foreach(sight, i, host) json_array_append_new(list, host_evidence(host));
    return list;
}

static json_t *controls_evidence(const json_t *controls)
{
    json_t *list = json_array(), *control;
    size_t i;
    json_array_foreach(controls, i, control)
    {
        json_t *probe = json_object_get(control, "probe");
        json_array_append_new(list, json_pack("{s:O, s:s, s:s*}", "target",
                                              json_object_get(control, "target"), "verdict",
                                              mu_json_str(probe, "verdict", "inconclusive"), "why",
                                              mu_json_str(probe, "why", NULL)));
    }
    return list;
}

static json_t *start_report(enum mu_mail_verdict verdict, const char *why, size_t len)
{
    return json_pack("{s:b, s:s, s:b, s:o}", "ok", verdict == MU_MAIL_UP, "verdict",
                     mu_mail_verdict_name(verdict), "broken",
                     verdict == MU_MAIL_DOWN || verdict == MU_MAIL_REJECTING, "why",
                     mu_json_lenient_string(why, len));
}

json_t *mu_mail_report(const json_t *sight, const json_t *controls)
{
    struct mu_buf why = {0};
    enum mu_mail_verdict seen = mu_mail_judge(sight);
    enum mu_mail_controls judged = mu_mail_judge_controls(controls, seen);
    tell(&why, sight, seen, judged);
    json_t *report = start_report(mu_mail_judge_with_controls(seen, judged), why.data, why.len);
    json_object_set_new(report, "hosts", all_hosts_evidence(sight));
    json_object_set_new(report, "control", controls_evidence(controls));
    mu_buf_free(&why);
    return report;
}

json_t *mu_mail_report_nothing(const char *why)
{
    struct mu_buf line = {0};
    mu_buf_addf(&line, "INCONCLUSIVE: %s", why);
    json_t *report = start_report(MU_MAIL_INCONCLUSIVE, line.data, line.len);
    json_object_set_new(report, "hosts", json_array());
    json_object_set_new(report, "control", json_array());
    mu_buf_free(&line);
    return report;
}
