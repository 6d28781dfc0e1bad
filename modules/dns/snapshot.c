/* SPDX-License-Identifier: MIT
 *
 * dns.snapshot, dns.diff; see snapshot.h. Two rounds of dns.query, side by side in each:
 *
 *   of the domain: MX, NS, SPF, DMARC, MTA-STS, TLS-RPT, BIMI, DKIM, CAA, DS ─▶ of its MX hosts: A, AAAA, TLSA
 *
 * A snapshot is {"example.com/MX": {records: [texts], alias?}, ...}: what does not exist is there with no records, what could
 * not be found out is left out and named. */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "records.h"

#define MOST_QUESTIONS 120
#define MOST_HOSTS     12 /* of an MX set, whose addresses are kept */

static const struct {
    const char *prefix, *type;
} of_domain[] = {{"", "MX"},
                 {"", "NS"},
                 {"", "TXT"}, /* of which only SPF is kept */
                 {"", "CAA"},
                 {"", "DS"},
                 {"_dmarc.", "TXT"},
                 {"_mta-sts.", "TXT"},
                 {"mta-sts.", "A"},
                 {"mta-sts.", "AAAA"},
                 {"_smtp._tls.", "TXT"},
                 {"default._bimi.", "TXT"}},
  of_host[] = {{"", "A"}, {"", "AAAA"}, {"_25._tcp.", "TLSA"}};

struct snapshot {
    struct mu_call *call;
    int64_t started_ms;
    bool compares;
    json_t *records; /* "NAME/TYPE" → {records, alias?} */
    json_t *unknown; /* "NAME/TYPE: why" */
    struct asked {
        struct snapshot *of;
        char *key;
    } asked[MOST_QUESTIONS];
    size_t count, pending;
    bool hosts_asked;
};

static void snapshot_free(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++)
        free(snapshot->asked[i].key);
    json_decref(snapshot->records);
    json_decref(snapshot->unknown);
    snapshot->call->state = NULL;
    free(snapshot);
}

void mu_dns_snapshot_cancel(struct mu_call *call)
{
    if (call->state)
        snapshot_free(call->state);
}

/* --- the difference --- */

static void compare(json_t *changes, const char *key, const json_t *was, const json_t *is)
{
    const char *slash = strrchr(key, '/');
    if (json_equal(was, is))
        return;
    json_array_append_new(changes,
                          json_pack("{s:o, s:s, s:O*, s:O*}", "name",
                                    json_stringn(key, slash ? (size_t)(slash - key) : strlen(key)),
                                    "type", slash ? slash + 1 : "", "was", was, "is", is));
}

/* As written by people: records in the one form, and in order. */
static json_t *normal(const char *key, const json_t *entry)
{
    const char *slash = strrchr(key, '/');
    const json_t *records = json_is_array(entry) ? entry : mu_json_get(entry, "records");
    json_t *out =
        json_pack("{s:o, s:O*}", "records",
                  mu_dns_records_normal(records, mu_dns_type_number(slash ? slash + 1 : "")),
                  "alias", json_is_object(entry) ? mu_json_get(entry, "alias") : NULL);
    return out;
}

/* What the snapshot kept, and what has come since. What can't be found out now, or was not asked for
 * (a host that the MX does not name any more), is no change. */
static json_t *changes_of(const struct snapshot *snapshot)
{
    const json_t *kept = mu_json_get(snapshot->call->args, "snapshot");
    json_t *changes = json_array(), *entry, *before = json_object();
    const char *key;
    kept = json_is_object(mu_json_get(kept, "records")) ? mu_json_get(kept, "records") : kept;
    json_object_foreach((json_t *)kept, key, entry)
    {
        json_t *was = normal(key, entry);
        json_object_set(before, key, was);
        if (json_object_get(snapshot->records, key))
            compare(changes, key, was, json_object_get(snapshot->records, key));
        json_decref(was);
    }
    json_object_foreach(snapshot->records, key, entry)
    {
        bool some = json_array_size(json_object_get(entry, "records")) > 0;
        if (some && !json_object_get(before, key))
            compare(changes, key, NULL, entry);
    }
    json_decref(before);
    return changes;
}

static void say_changes(json_t *value, const json_t *changes)
{
    struct mu_buf why = {0};
    size_t i;
    json_t *change;
    json_array_foreach(changes, i, change)
    {
        mu_buf_addf(&why, "%s%s %s", i ? ", " : "", mu_json_str(change, "type", ""),
                    mu_json_str(change, "name", ""));
    }
    mu_buf_adds(&why, i == 1 ? " is not as it was" : " are not as they were");
    if (i > 0)
        json_object_set_new(value, "why", mu_json_lenient_string(why.data, why.len));
    mu_buf_free(&why);
}

/* --- ends --- */

static void finish(struct snapshot *snapshot)
{
    struct mu_call *call = snapshot->call;
    size_t unknown = json_array_size(snapshot->unknown);
    json_t *changes = snapshot->compares ? changes_of(snapshot) : NULL;
    json_t *value =
        json_pack("{s:b, s:O, s:O, s:I}", "ok", unknown == 0 && json_array_size(changes) == 0,
                  "records", snapshot->records, "unknown", snapshot->unknown, "ms",
                  (json_int_t)(mu_clock_mono_ms() - snapshot->started_ms));
    if (unknown)
        json_object_set(value, "why", json_array_get(snapshot->unknown, 0));
    if (changes) {
        json_object_set_new(value, "changed", json_boolean(json_array_size(changes) > 0));
        say_changes(value, changes);
        json_object_set_new(value, "changes", changes);
    }
    if (!mu_json_bool(value, "ok", false))
        json_object_set_new(
            value, "class",
            json_string(mu_err_name(json_array_size(changes) ? MU_REMOTE : MU_NET)));
    snapshot_free(snapshot);
    mu_call_done(call, value);
}

/* --- asking --- */

static void on_answer(struct mu_call *call, const json_t *result, void *ud);

static void ask(struct snapshot *snapshot, const char *prefix, const char *name, const char *type)
{
    if (snapshot->count == MOST_QUESTIONS)
        return;
    struct asked *asked = &snapshot->asked[snapshot->count++];
    *asked = (struct asked){snapshot, mu_xasprintf("%s%s/%s", prefix, name, type)};
    snapshot->pending++;
    mu_sub(snapshot->call, "dns.query",
           json_pack("{s:o, s:s, s:s}", "name", json_sprintf("%s%s", prefix, name), "type", type,
                     "at", mu_json_str(snapshot->call->args, "at", "resolver")),
           on_answer, asked);
}

static void ask_hosts(struct snapshot *snapshot)
{
    char *key = mu_xasprintf("%s/MX", mu_json_str(snapshot->call->args, "domain", ""));
    const json_t *mx = json_object_get(json_object_get(snapshot->records, key), "records");
    size_t i;
    json_t *record;
    snapshot->hosts_asked = true;
    json_array_foreach(mx, i, record)
    {
        int64_t preference;
        char host[MU_NAME_TEXT];
        if (i == MOST_HOSTS || !mu_dns_mx_parse(json_string_value(record), &preference, host) ||
            strcmp(host, ".") == 0)
            continue;
        for (size_t k = 0; k < MU_COUNT(of_host); k++)
            ask(snapshot, of_host[k].prefix, host, of_host[k].type);
    }
    free(key);
}

/* Of the domain's own texts many come and go, tokens that prove something to somebody. */
static json_t *kept_of(const struct snapshot *snapshot, const char *key, const json_t *result)
{
    json_t *records = json_array(), *record;
    size_t i, len = strlen(mu_json_str(snapshot->call->args, "domain", ""));
    bool own_texts = strncmp(key, mu_json_str(snapshot->call->args, "domain", ""), len) == 0 &&
                     strcmp(key + len, "/TXT") == 0;
    json_array_foreach(json_object_get(result, "records"), i, record)
    {
        if (!own_texts || strncmp(json_string_value(record), "\"v=spf1", 7) == 0)
            json_array_append(records, record);
    }
    return json_pack("{s:o, s:O*}", "records", records, "alias", mu_json_get(result, "canonical"));
}

static void on_answer(struct mu_call *call, const json_t *result, void *ud)
{
    struct asked *asked = ud;
    struct snapshot *snapshot = asked->of;
    (void)call;
    if (mu_dns_told(result))
        json_object_set_new(snapshot->records, asked->key, kept_of(snapshot, asked->key, result));
    else
        json_array_append_new(
            snapshot->unknown,
            json_sprintf("%s: %s", asked->key, mu_json_str(result, "why", "no answer")));
    snapshot->pending--;
    if (snapshot->pending == 0 && !snapshot->hosts_asked)
        ask_hosts(snapshot);
    if (snapshot->pending == 0)
        finish(snapshot);
}

static void ask_selectors(struct snapshot *snapshot, const char *domain)
{
    const json_t *section = mu_json_get(mu_config(snapshot->call->host, "domains"), domain),
                 *given = mu_json_get(snapshot->call->args, "selectors");
    size_t i;
    json_t *selector;
    json_array_foreach(given ? given : mu_json_get(section, "dkim"), i, selector)
    {
        char *prefix = mu_xasprintf("%s._domainkey.", json_string_value(selector));
        ask(snapshot, prefix, domain, "TXT");
        free(prefix);
    }
}

static void start(struct mu_call *call, bool compares)
{
    struct snapshot *snapshot = MU_NEW(struct snapshot);
    const char *domain = mu_json_str(call->args, "domain", "");
    call->state = snapshot;
    snapshot->call = call;
    snapshot->compares = compares;
    snapshot->started_ms = mu_clock_mono_ms();
    snapshot->records = json_object();
    snapshot->unknown = json_array();
    for (size_t i = 0; i < MU_COUNT(of_domain); i++)
        ask(snapshot, of_domain[i].prefix, domain, of_domain[i].type);
    ask_selectors(snapshot, domain);
}

void mu_dns_snapshot_start(struct mu_call *call)
{
    start(call, false);
}

void mu_dns_diff_start(struct mu_call *call)
{
    start(call, true);
}
