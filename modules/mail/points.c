/* SPDX-License-Identifier: MIT
 *
 * The points of a pre-flight; see points.h. One function a point; the tables say of what each is
 * asked.
 *
 * To add a point: a function, and its line in of_domain, of_host or of_address. A point that starts
 * to be judged leaves not_judged. */
#include "points.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "io/smtp.h"
#include "judge.h"

#define TTL_GOOD_S     900 /* a quarter of an hour of stale caches is bearable in an incident */
#define CERT_WARN_DAYS 14

enum state { PASS, WARN, FAIL, UNKNOWN, STATES };

static const char *const state_names[STATES] = {
    [PASS] = "pass", [WARN] = "warn", [FAIL] = "fail", [UNKNOWN] = "unknown"};

struct point {
    enum state state;
    char why[400];
};

static struct point say(enum state state, const char *fmt, ...) MU_PRINTF(2, 3);

static struct point say(enum state state, const char *fmt, ...)
{
    struct point point = {.state = state};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(point.why, sizeof point.why, fmt, ap);
    va_end(ap);
    return point;
}

/* --- of the set and the domain --------------------------------------------------------------- */

static struct point judge_set(const struct mu_mail_candidate *c)
{
    size_t i;
    json_t *item;
    if (json_array_size(c->mx) == 0)
        return say(FAIL, "no host is given: never leave a domain without an MX");
    json_array_foreach(
        c->mx, i, item) if (strcmp(mu_json_str(item, "host", ""), ".") ==
                            0) return say(FAIL, "a null MX makes every mail bounce (RFC 7505)");
    return say(PASS, "%s", "");
}

static struct point judge_present(const struct mu_mail_candidate *c)
{
    const char *why = mu_json_str(c->current, "why", "no answer");
    if (!mu_json_bool(c->current, "ok", false))
        return say(c->add ? FAIL : UNKNOWN, "the present MX set can't be read%s: %s",
                   c->add ? ", so nothing can be added to it" : "", why);
    if (!mu_json_bool(c->current, "consistent", true))
        return say(WARN, "the authoritative servers do not agree: %s", why);
    return say(PASS, "%s", "");
}

static struct point judge_ttl(const struct mu_mail_candidate *c)
{
    int64_t ttl = mu_json_int(c->current, "ttl", -1);
    char text[MU_TIME_TEXT];
    if (ttl < 0)
        return say(UNKNOWN, "the TTL of the present MX set is not known");
    if (ttl > TTL_GOOD_S)
        return say(WARN, "TTL %lld: caches keep the present MX set for up to %s", (long long)ttl,
                   mu_duration_text(ttl * 1000, text));
    return say(PASS, "TTL %lld", (long long)ttl);
}

/* What is not covered by a policy in force bounces, in the end, for senders that honour it. A policy that others have kept from
 * earlier nobody can see: where one is served and covers, it is the one that was served. */
static struct point judge_sts(const struct mu_mail_candidate *c)
{
    const char *mode = mu_json_str(c->sts, "mode", NULL), *why = mu_json_str(c->sts, "why", "");
    if (mode == NULL)
        return say(strcmp(mu_json_str(c->sts, "class", ""), "net") == 0 ? UNKNOWN : WARN, "%s",
                   why);
    if (mu_json_bool(c->sts, "ok", false))
        return say(PASS, "%s", strcmp(mode, "absent") == 0 ? "" : why);
    return say(strcmp(mode, "enforce") == 0 ? FAIL : WARN, "%s", why);
}

/* --- of a host ------------------------------------------------------------------------------- */

static struct point judge_lookup(const json_t *host)
{
    const char *lookup = mu_json_str(host, "lookup", "failed"), *why = mu_json_str(host, "why", "");
    if (strcmp(lookup, "found") == 0)
        return say(PASS, "%s", "");
    return say(strcmp(lookup, "none") == 0 ? FAIL : UNKNOWN, "%s", why);
}

static struct point judge_alias(const json_t *host)
{
    const char *canonical = mu_json_str(host, "canonical", NULL);
    if (canonical)
        return say(
            FAIL,
            "it is an alias of %s: an MX names a host with addresses of its own (RFC 2181 10.3)",
            canonical);
    if (strcmp(mu_json_str(host, "lookup", ""), "failed") == 0)
        return say(UNKNOWN, "the name could not be looked up");
    return say(PASS, "%s", "");
}

/* --- of an address --------------------------------------------------------------------------- */

/* How far the dialogue came; MU_SMTP_QUIT when all went well. */
static enum mu_smtp_phase reached(const json_t *probe)
{
    const char *name = mu_json_str(probe, "phase", "");
    for (int phase = 0; phase < MU_SMTP_PHASES; phase++)
        if (strcmp(mu_smtp_phase_name((enum mu_smtp_phase)phase), name) == 0)
            return (enum mu_smtp_phase)phase;
    return mu_mail_judge_address(probe) == MU_MAIL_UP ? MU_SMTP_QUIT : MU_SMTP_CONNECT;
}

static bool is_no(const json_t *probe)
{
    enum mu_mail_verdict verdict = mu_mail_judge_address(probe);
    return verdict == MU_MAIL_DOWN || verdict == MU_MAIL_REJECTING;
}

static const char *reason(const json_t *probe)
{
    return mu_json_str(probe, "why", "gave no reason");
}

static struct point judge_port(const struct mu_mail_candidate *c, const json_t *probe)
{
    (void)c;
    if (reached(probe) > MU_SMTP_GREETING)
        return say(PASS, "%s", "");
    return say(is_no(probe) ? FAIL : UNKNOWN, "%s", reason(probe));
}

static struct point judge_starttls(const struct mu_mail_candidate *c, const json_t *probe)
{
    (void)c;
    if (reached(probe) <= MU_SMTP_EHLO)
        return say(UNKNOWN, "the dialogue did not get so far");
    if (!mu_json_bool(probe, "starttls", false))
        return say(
            WARN, "not offered: mail comes in clear, and senders that insist on TLS don't deliver");
    if (!mu_json_bool(probe, "tls", false))
        return say(WARN, "offered, but fails (%s): senders that insist on TLS don't deliver",
                   mu_json_str(probe, "starttls_error", "no reason given"));
    return say(PASS, "%s", "");
}

static struct point judge_certificate(const struct mu_mail_candidate *c, const json_t *probe)
{
    const json_t *certificate = mu_json_get(probe, "certificate");
    int64_t days = mu_json_int(certificate, "days_left", INT64_MAX);
    (void)c;
    if (certificate == NULL)
        return say(UNKNOWN, "no TLS session came about");
    if (days < 0)
        return say(WARN, "it ended %lld days ago: senders that verify it don't deliver",
                   (long long)-days);
    if (!mu_json_bool(certificate, "host_matches", false))
        return say(WARN, "its names do not match: senders that verify it don't deliver");
    if (!mu_json_bool(certificate, "verified", false))
        return say(WARN, "its chain does not verify (%s): senders that verify it don't deliver",
                   mu_json_str(certificate, "verify_error", "no reason given"));
    if (days < CERT_WARN_DAYS)
        return say(WARN, "it ends in %lld days", (long long)days);
    return say(PASS, "%s", "");
}

static struct point judge_recipient(const struct mu_mail_candidate *c, const json_t *probe)
{
    enum mu_smtp_phase phase = reached(probe);
    if (c->recipient == NULL)
        return say(UNKNOWN, "no recipient is known: set domains[\"%s\"].recipient in muster.lua",
                   c->domain);
    if (phase > MU_SMTP_RCPT)
        return say(PASS, "%s is accepted", c->recipient);
    if (phase == MU_SMTP_RCPT && mu_mail_judge_address(probe) == MU_MAIL_REJECTING)
        return say(FAIL, "it refuses %s: %s", c->recipient, reason(probe));
    return say(UNKNOWN, "%s",
               phase < MU_SMTP_MAIL ? "the dialogue did not get so far" : reason(probe));
}

/* --- tables ---------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    struct point (*judge)(const struct mu_mail_candidate *);
} of_domain[] = {
    {"set", judge_set}, {"present set", judge_present}, {"ttl", judge_ttl}, {"mta-sts", judge_sts}};

static const struct {
    const char *name;
    struct point (*judge)(const json_t *host);
} of_host[] = {{"address", judge_lookup}, {"no alias", judge_alias}};

static const struct {
    const char *name;
    struct point (*judge)(const struct mu_mail_candidate *, const json_t *probe);
} of_address[] = {{"port 25", judge_port},
                  {"starttls", judge_starttls},
                  {"certificate", judge_certificate},
                  {"recipient", judge_recipient}};

static const struct {
    const char *name, *why;
} not_judged[] = {
    {"dane", "not looked at: do TLSA records of the candidate, where its zone is signed, match?"},
    {"spf of bounces", "not looked at: may the candidate send bounces in the domain's name?"},
    {"second vantage point", "only seen from this host"},
};

/* --- gathering ------------------------------------------------------------------------------- */

struct gathering {
    const struct mu_mail_candidate *candidate;
    json_t *points;
    size_t counts[STATES];
    bool essential; /* every host has an address that answers on its port */
};

static void add_point(struct gathering *g, const char *name, const json_t *host,
                      const json_t *entry, struct point point)
{
    g->counts[point.state]++;
    json_array_append_new(g->points, json_pack("{s:s, s:O*, s:O*, s:s, s:s*}", "point", name,
                                               "host", json_object_get(host, "host"), "address",
                                               json_object_get(entry, "address"), "state",
                                               state_names[point.state], "why",
                                               point.why[0] ? point.why : NULL));
}

/* An address that fails while another of the host takes mail is one that senders pass over. */
static struct point soften(const json_t *host, struct point point)
{
    if (point.state == FAIL && mu_mail_judge_host(host) == MU_MAIL_UP)
        point.state = WARN;
    return point;
}

static bool add_address(struct gathering *g, const json_t *host, const json_t *entry)
{
    const json_t *probe = json_object_get(entry, "probe");
    for (size_t i = 0; i < MU_COUNT(of_address); i++)
        add_point(g, of_address[i].name, host, entry,
                  soften(host, of_address[i].judge(g->candidate, probe)));
    return judge_port(g->candidate, probe).state == PASS;
}

static void add_host(struct gathering *g, const json_t *host)
{
    bool answers = false;
    size_t i;
    json_t *entry;
    for (i = 0; i < MU_COUNT(of_host); i++)
        add_point(g, of_host[i].name, host, NULL, of_host[i].judge(host));
    json_array_foreach(json_object_get(host, "addresses"), i, entry) answers |=
        add_address(g, host, entry);
    g->essential &= answers;
}

static void gather(struct gathering *g)
{
    size_t i;
    json_t *host;
    g->essential = json_array_size(g->candidate->sight) > 0;
    for (i = 0; i < MU_COUNT(of_domain); i++)
        add_point(g, of_domain[i].name, NULL, NULL, of_domain[i].judge(g->candidate));
    json_array_foreach(g->candidate->sight, i, host) add_host(g, host);
    for (i = 0; i < MU_COUNT(not_judged); i++)
        add_point(g, not_judged[i].name, NULL, NULL, say(UNKNOWN, "%s", not_judged[i].why));
}

/* --- the result ------------------------------------------------------------------------------ */

static void tell_point(struct mu_buf *out, const json_t *point)
{
    const char *host = mu_json_str(point, "host", NULL),
               *address = mu_json_str(point, "address", NULL);
    mu_buf_addf(out, "%s%s%s%s%s: %s", host ? host : "", address ? " " : "", address ? address : "",
                host ? " " : "", mu_json_str(point, "point", ""), mu_json_str(point, "why", ""));
}

static const json_t *first_of(const json_t *points, enum state state)
{
    size_t i;
    json_t *point;
    json_array_foreach(points, i, point) if (strcmp(mu_json_str(point, "state", ""),
                                                    state_names[state]) == 0) return point;
    return NULL;
}

/* "GO: 9 pass, 1 warn (TTL 3600: ...), 3 unknown" or "NO: mx2.example.net port 25: no connection
 * ..." */
static void tell(const struct gathering *g, bool go, struct mu_buf *out)
{
    if (g->counts[FAIL]) {
        mu_buf_adds(out, "NO: ");
        tell_point(out, first_of(g->points, FAIL));
        if (g->counts[FAIL] > 1)
            mu_buf_addf(out, "; %zu more fail", g->counts[FAIL] - 1);
        return;
    }
    if (!go) {
        mu_buf_adds(out, "NO: it could not be found out whether every candidate answers: ");
        tell_point(out, first_of(g->points, UNKNOWN));
        return;
    }
    mu_buf_addf(out, "GO: %zu pass", g->counts[PASS]);
    if (g->counts[WARN])
        mu_buf_addf(out, ", %zu warn (%s)", g->counts[WARN],
                    mu_json_str(first_of(g->points, WARN), "why", ""));
    mu_buf_addf(out, ", %zu unknown", g->counts[UNKNOWN]);
}

static void put_set(json_t *result, const struct mu_mail_candidate *c)
{
    int64_t present_ttl = mu_json_int(c->current, "ttl", -1);
    int64_t ttl = mu_mail_mx_ttl(c->ttl, present_ttl);
    json_object_set_new(result, "mx",
                        mu_mail_mx_set(c->mx, json_object_get(c->current, "mx"), c->add, ttl));
    json_object_set_new(result, "ttl", json_integer(ttl));
    if (present_ttl < 0)
        return;
    json_object_set_new(result, "ttl_now", json_integer(present_ttl));
    json_object_set_new(result, "cached_until", json_integer(c->now_s + present_ttl));
}

json_t *mu_mail_preflight_judge(const struct mu_mail_candidate *candidate)
{
    struct gathering g = {.candidate = candidate, .points = json_array()};
    struct mu_buf why = {0};
    gather(&g);
    bool go = g.counts[FAIL] == 0 && g.essential;
    tell(&g, go, &why);
    json_t *result = json_pack("{s:b, s:o, s:o}", "ok", go, "why",
                               mu_json_lenient_string(why.data, why.len), "points", g.points);
    json_object_set_new(result, "counts",
                        json_pack("{s:I, s:I, s:I, s:I}", "pass", (json_int_t)g.counts[PASS],
                                  "warn", (json_int_t)g.counts[WARN], "fail",
                                  (json_int_t)g.counts[FAIL], "unknown",
                                  (json_int_t)g.counts[UNKNOWN]));
    put_set(result, candidate);
    mu_buf_free(&why);
    return result;
}
