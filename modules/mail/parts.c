/* SPDX-License-Identifier: MIT
 *
 * See parts.h. */
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#define LOOKUPS_WARN 9 /* of SPF's ten */

static const char *const states[] = {
#define X(id, name) name,
    MU_MAIL_STATES(X)
#undef X
};

const char *mu_mail_state_name(enum mu_mail_state state)
{
    return states[state];
}

/* Nobody could tell, rather than: it is wrong. */
static bool is_unknown(const json_t *result)
{
    return !mu_json_bool(result, "ok", false) &&
           strcmp(mu_json_str(result, "class", ""), "net") == 0;
}

static char *why_of(const json_t *result)
{
    return mu_xstrdup(mu_json_str(result, "why", ""));
}

/* Not ok is wrong, unless nobody could tell. */
static enum mu_mail_state plain(const json_t *result, char **why_out)
{
    *why_out = why_of(result);
    return mu_json_bool(result, "ok", false) ? MU_MAIL_PASS
           : is_unknown(result)              ? MU_MAIL_UNKNOWN
                                             : MU_MAIL_FAIL;
}

/* --- one part each --- */

/* "10 mx1.example.com, 20 mx2.example.com  TTL 3600" */
static char *mx_text(const json_t *result)
{
    struct mu_buf text = {0};
    size_t i;
    json_t *one;
    json_array_foreach(mu_json_get(result, "mx"), i, one)
    {
        mu_buf_addf(&text, "%s%lld %s", i ? ", " : "", (long long)mu_json_int(one, "preference", 0),
                    mu_json_str(one, "host", ""));
    }
    if (mu_json_int(result, "ttl", -1) >= 0)
        mu_buf_addf(&text, "  TTL %lld", (long long)mu_json_int(result, "ttl", 0));
    return mu_buf_take(&text);
}

static enum mu_mail_state judge_mx(const json_t *result, char **why_out)
{
    size_t count = json_array_size(mu_json_get(result, "mx"));
    bool gone = strcmp(mu_json_str(result, "rcode", ""), "NXDOMAIN") == 0;
    if (!mu_json_bool(result, "ok", false)) {
        *why_out = why_of(result);
        return gone ? MU_MAIL_FAIL : MU_MAIL_UNKNOWN;
    }
    if (mu_json_bool(result, "null_mx", false)) {
        *why_out = mu_xstrdup("a null MX: the domain takes no mail (RFC 7505)");
        return MU_MAIL_ABSENT;
    }
    if (count == 0) {
        *why_out = mu_xstrdup("no MX: senders try the domain's own address (RFC 5321, 5.1)");
        return MU_MAIL_WARN;
    }
    if (!mu_json_bool(result, "consistent", true)) {
        *why_out = mu_xasprintf("the authoritative servers do not agree: %s",
                                mu_json_str(result, "why", ""));
        return MU_MAIL_WARN;
    }
    *why_out = mx_text(result);
    return MU_MAIL_PASS;
}

static enum mu_mail_state judge_inbound(const json_t *result, char **why_out)
{
    const char *verdict = mu_json_str(result, "verdict", "");
    *why_out = why_of(result);
    return strcmp(verdict, "up") == 0              ? MU_MAIL_PASS
           : mu_json_bool(result, "broken", false) ? MU_MAIL_FAIL
                                                   : MU_MAIL_UNKNOWN;
}

static enum mu_mail_state judge_spf(const json_t *result, char **why_out)
{
    if (strcmp(mu_json_str(result, "result", ""), "none") == 0) {
        *why_out = mu_xstrdup("no SPF record: receivers can't tell who may send for it");
        return MU_MAIL_WARN;
    }
    enum mu_mail_state state = plain(result, why_out);
    bool many = mu_json_int(result, "lookups", 0) >= LOOKUPS_WARN;
    return state == MU_MAIL_PASS && many ? MU_MAIL_WARN : state;
}

static enum mu_mail_state judge_dmarc(const json_t *result, char **why_out)
{
    const char *policy = mu_json_str(result, "policy", NULL);
    enum mu_mail_state state = plain(result, why_out);
    if (state != MU_MAIL_PASS || policy == NULL)
        return state;
    bool weak = strcmp(policy, "absent") == 0 || strcmp(policy, "none") == 0 ||
                mu_json_bool(result, "testing", false);
    return weak || json_array_size(mu_json_get(result, "problems")) > 0 ? MU_MAIL_WARN
                                                                        : MU_MAIL_PASS;
}

/* Which selectors there are DNS does not tell. */
static enum mu_mail_state judge_dkim(const json_t *result, char **why_out)
{
    enum mu_mail_state state = plain(result, why_out);
    bool nothing = json_array_size(mu_json_get(result, "keys")) == 0;
    return nothing && !mu_json_bool(result, "named", true) ? MU_MAIL_UNKNOWN : state;
}

static enum mu_mail_state judge_sts(const json_t *result, char **why_out)
{
    enum mu_mail_state state = plain(result, why_out);
    const char *mode = mu_json_str(result, "mode", "");
    if (strcmp(mode, "absent") == 0)
        return MU_MAIL_ABSENT;
    bool mild = strcmp(mode, "testing") == 0 || mode[0] == '\0'; /* senders deliver all the same */
    return state == MU_MAIL_FAIL && mild ? MU_MAIL_WARN : state;
}

static enum mu_mail_state judge_presence(const json_t *result, char **why_out)
{
    enum mu_mail_state state = plain(result, why_out);
    if (state == MU_MAIL_PASS && !mu_json_bool(result, "present", false))
        return MU_MAIL_ABSENT;
    return state == MU_MAIL_FAIL ? MU_MAIL_WARN : state;
}

const struct mu_mail_part mu_mail_parts[MU_MAIL_PARTS] = {
    {"mx", "dns.mx", false, judge_mx},
    {"inbound", "mail.inbound", true, judge_inbound},
    {"spf", "mail.spf", false, judge_spf},
    {"dkim", "mail.dkim", false, judge_dkim},
    {"dmarc", "mail.dmarc", false, judge_dmarc},
    {"mta-sts", "mail.mta_sts", false, judge_sts},
    {"tls-rpt", "mail.tls_rpt", false, judge_presence},
    {"bimi", "mail.bimi", false, judge_presence},
};

/* --- all of it --- */

/* "FAIL inbound: DOWN ...; 1 more fails", "6 pass, 1 warn (spf: ...)" */
static char *sum_up(const json_t *parts, const int counts[MU_MAIL_STATE_COUNT])
{
    struct mu_buf text = {0};
    enum mu_mail_state worst = MU_MAIL_PASS;
    size_t i;
    json_t *part;
    for (int state = MU_MAIL_WARN; state < MU_MAIL_STATE_COUNT; state++)
        if (counts[state])
            worst = (enum mu_mail_state)state;
    for (int state = MU_MAIL_STATE_COUNT; state-- > 0;)
        if (counts[state])
            mu_buf_addf(&text, "%s%d %s", text.len ? ", " : "", counts[state], states[state]);
    json_array_foreach(parts, i, part)
    {
        if (worst == MU_MAIL_PASS || strcmp(mu_json_str(part, "state", ""), states[worst]) != 0)
            continue;
        mu_buf_addf(&text, "; %s: %s", mu_json_str(part, "part", ""), mu_json_str(part, "why", ""));
        break;
    }
    return mu_buf_take(&text);
}

json_t *mu_mail_picture_of(json_t *const results[MU_MAIL_PARTS])
{
    int counts[MU_MAIL_STATE_COUNT] = {0};
    json_t *parts = json_array(), *count = json_object();
    for (size_t i = 0; i < MU_MAIL_PARTS; i++) {
        char *why = NULL;
        if (results[i] == NULL)
            continue;
        enum mu_mail_state state = mu_mail_parts[i].judge(results[i], &why);
        counts[state]++;
        json_array_append_new(parts, json_pack("{s:s, s:s, s:o, s:O}", "part",
                                               mu_mail_parts[i].name, "state", states[state], "why",
                                               mu_json_lenient_string(why, strlen(why)), "result",
                                               results[i]));
        free(why);
    }
    for (int state = 0; state < MU_MAIL_STATE_COUNT; state++)
        json_object_set_new(count, states[state], json_integer(counts[state]));
    char *why = sum_up(parts, counts);
    json_t *value =
        json_pack("{s:b, s:o, s:o, s:o}", "ok", counts[MU_MAIL_FAIL] == 0, "why",
                  mu_json_lenient_string(why, strlen(why)), "parts", parts, "counts", count);
    free(why);
    return value;
}
