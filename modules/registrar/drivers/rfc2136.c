/* SPDX-License-Identifier: MIT
 *
 * Any primary that takes dynamic updates: BIND, Knot, PowerDNS, Windows (RFC 2136, TSIG by RFC
 * 8945).
 *
 *   muster.lua   providers["knot"] = { driver = "rfc2136", server = "192.0.2.53:53", tsig =
 *                  { name = "key.", algorithm = "hmac-sha256", secret = secret "knot" } }
 *   read         SOA of the name ─▶ zone and serial; then the rrset. Signed, so that the view we
 *                will change answers
 *   list         SOA, then AXFR
 *   write        one UPDATE, all or nothing, compare-and-set by prerequisites:
 *
 *     zone          example.com. SOA
 *     prerequisite  example.com. MX 10 mx1.example.com.   each record of `before` (2.4.2), or: no
 *                                                         such rrset (2.4.3) when there was none
 *     update        delete the rrset (2.5.2), add each record of `after` (2.5.1)
 *
 * Prerequisites do not look at TTLs. Everything goes over TCP: no spoofing by port guessing, no
 * truncation. */
#include "../driver.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../rrset.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/dns.h"
#include "io/dns_packet.h"
#include "io/dns_stream.h"
#include "tsig.h"

#define DNS_PORT    53
#define RECORDS_MAX 50000 /* of a snapshot; about 4 MiB of JSON, MU_LIMIT_VALUE */

struct exchange; /* job->state */
typedef void exchange_cb(struct mu_zone_job *, const struct exchange *, const ldns_pkt *);

struct exchange {
    struct mu_tsig tsig;
    exchange_cb *then; /* with a checked, well-formed answer, whatever its rcode */
    bool write;
    /* A transfer only: */
    size_t soas, records;
};

static enum mu_err server_address(const struct mu_zone_provider *provider,
                                  struct sockaddr_storage *addr, struct mu_fail *fail)
{
    const char *server = mu_json_str(provider->config, "server", "");
    if (mu_addr_parse(server, DNS_PORT, addr))
        return MU_OK;
    return mu_fail_set(
        fail, MU_CONFIG,
        "muster.lua: providers[\"%s\"].server must be the primary's address, as \"192.0.2.53\" or "
        "\"[2001:db8::53]:5353\" (a name could not be looked up in an outage)",
        provider->name);
}

static enum mu_err configured(const struct mu_host *host, const struct mu_zone_provider *provider,
                              struct mu_fail *fail)
{
    struct sockaddr_storage addr;
    struct mu_tsig tsig;
    enum mu_err err = server_address(provider, &addr, fail);
    return err ? err : mu_tsig_init(&tsig, host, provider, fail);
}

/* --- one signed message out, one checked message back --- */

static void fail_job(struct mu_zone_job *job, enum mu_err class, bool in_doubt, const char *text)
{
    mu_zone_job_fail(job, class, in_doubt, "%s (%s): %s%s", job->provider.name,
                     mu_json_str(job->provider.config, "server", "?"), text,
                     in_doubt ? "; whether the change took effect is unknown" : "");
}

static void on_answer(const struct mu_dns_raw_answer *answer, void *ud)
{
    struct mu_zone_job *job = ud;
    struct exchange *exchange =
        job->state; /* taken over: `then` may send the next message of this job */
    ldns_pkt *packet = NULL;
    struct mu_fail fail;
    bool in_doubt = false;
    job->op = NULL;
    job->state = NULL;
    if (answer->err != MU_OK)
        fail_job(job, answer->err, exchange->write && answer->sent, answer->why);
    else if ((packet = mu_dns_packet_read(answer->wire, answer->wire_len)) == NULL)
        fail_job(job, MU_PROTO, exchange->write, "the answer is not a DNS message");
    else if (mu_tsig_check(&exchange->tsig, packet, answer->wire, answer->wire_len, true, &in_doubt,
                           &fail) != MU_OK)
        fail_job(job, fail.class, exchange->write && in_doubt, fail.text);
    else
        exchange->then(job, exchange, packet);
    ldns_pkt_free(packet);
    free(exchange);
}

/* Signs and encodes; the exchange is then job->state. NULL when the job has failed. free() it. */
static uint8_t *encode(struct mu_zone_job *job, ldns_pkt *packet_take, struct exchange *exchange,
                       size_t *len)
{
    struct mu_fail fail;
    uint16_t id;
    uint8_t *wire = NULL;
    enum mu_err err = mu_tsig_init(&exchange->tsig, job->host, &job->provider, &fail);
    mu_random_bytes(&id, sizeof id);
    ldns_pkt_set_id(packet_take, id);
    if (err == MU_OK)
        err = mu_tsig_sign(&exchange->tsig, packet_take, &fail);
    if (err == MU_OK && ldns_pkt2wire(&wire, packet_take, len) != LDNS_STATUS_OK)
        err = mu_fail_set(&fail, MU_USAGE, "the message would be larger than 65,535 octets");
    ldns_pkt_free(packet_take);
    if (err != MU_OK) {
        free(exchange);
        fail_job(job, err, false, fail.text);
        return NULL;
    }
    job->state = exchange;
    return wire;
}

static struct exchange *new_exchange(exchange_cb *then, bool write)
{
    struct exchange *exchange = MU_NEW(struct exchange);
    exchange->then = then;
    exchange->write = write;
    return exchange;
}

static void send_packet(struct mu_zone_job *job, ldns_pkt *packet_take, bool write,
                        exchange_cb *then)
{
    struct sockaddr_storage server;
    size_t len;
    uint8_t *wire = encode(job, packet_take, new_exchange(then, write), &len);
    if (wire == NULL)
        return;
    server_address(&job->provider, &server, NULL); /* configured() saw it is one */
    job->op = mu_dns_send_raw(job->host->dns, (const struct sockaddr *)&server, wire, len, true,
                              job->provider.timeout_ms, on_answer, job);
    free(wire);
}

static ldns_pkt *question(const char *name, uint16_t type)
{
    ldns_rdf *owner = ldns_dname_new_frm_str(name);
    return ldns_pkt_query_new(owner, (ldns_rr_type)type, LDNS_RR_CLASS_IN, 0);
}

static void ask(struct mu_zone_job *job, const char *name, uint16_t type, exchange_cb *then)
{
    send_packet(job, question(name, type), false, then);
}

/* What every answer to a question must be. False: the job has failed. */
static bool authoritative(struct mu_zone_job *job, const ldns_pkt *packet, const char *name)
{
    int rcode = ldns_pkt_get_rcode(packet);
    char text[320], buf[16];
    if (rcode == LDNS_RCODE_SERVFAIL)
        snprintf(text, sizeof text,
                 "answers SERVFAIL when asked about %s: is the zone loaded there?", name);
    else if (rcode != LDNS_RCODE_NOERROR && rcode != LDNS_RCODE_NXDOMAIN)
        snprintf(text, sizeof text,
                 "answers %s when asked about %s: is it the primary of this zone, and may the key "
                 "read it?",
                 mu_dns_rcode_text(rcode, buf), name);
    else if (!ldns_pkt_aa(packet))
        snprintf(text, sizeof text, "is not authoritative for %s: is it the primary of this zone?",
                 name);
    else
        return true;
    fail_job(job, MU_REMOTE, false, text);
    return false;
}

/* --- which zone, which serial: job->step counts the labels taken off --- */

static const char *asked_name(const struct mu_zone_job *job)
{
    const char *name = job->zone[0] ? job->zone : job->name;
    for (int i = 0; i < job->step && name; i++) {
        name = strchr(name, '.');
        name = name ? name + 1 : NULL;
    }
    return name;
}

/* The SOA whose owner is a parent of the name, in answer or authority. */
static const ldns_rr *covering_soa(const ldns_pkt *packet, const char *name,
                                   char owner[MU_NAME_TEXT])
{
    const ldns_rr_list *sections[] = {ldns_pkt_answer(packet), ldns_pkt_authority(packet)};
    for (size_t s = 0; s < MU_COUNT(sections); s++)
        for (size_t i = 0; sections[s] && i < ldns_rr_list_rr_count(sections[s]); i++) {
            const ldns_rr *rr = ldns_rr_list_rr(sections[s], i);
            if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA || ldns_rr_rd_count(rr) != 7)
                continue;
            char *text = ldns_rdf2str(ldns_rr_owner(rr));
            bool fits =
                text && mu_name_owner(text, owner, NULL) == MU_OK && mu_name_within(name, owner);
            free(text);
            if (fits)
                return rr;
        }
    return NULL;
}

static void find_zone(struct mu_zone_job *job, exchange_cb *then)
{
    const char *name = asked_name(job);
    if (name == NULL || *name == '\0')
        fail_job(job, MU_CONFIG, false,
                 "no zone of this server holds the name: is it the provider of this domain?");
    else
        ask(job, name, LDNS_RR_TYPE_SOA, then);
}

/* True when zone and serial are in the job. Otherwise the job went on by itself: to the parent (an
 * alias hides the zone), or to its end. */
static bool zone_came(struct mu_zone_job *job, const ldns_pkt *packet, exchange_cb *then)
{
    char owner[MU_NAME_TEXT];
    if (!authoritative(job, packet, asked_name(job)))
        return false;
    const ldns_rr *soa = covering_soa(packet, asked_name(job), owner);
    if (soa == NULL || (job->zone[0] && strcmp(owner, job->zone) != 0)) {
        job->step++;
        find_zone(job, then);
        return false;
    }
    snprintf(job->zone, sizeof job->zone, "%s", owner);
    snprintf(job->witness, sizeof job->witness, "%u", ldns_rdf2native_int32(ldns_rr_rdf(soa, 2)));
    return true;
}

/* --- read --- */

static void on_rrset(struct mu_zone_job *job, const struct exchange *exchange,
                     const ldns_pkt *packet)
{
    int64_t ttl;
    (void)exchange;
    if (!authoritative(job, packet, job->name))
        return;
    json_t *records = mu_zone_records_among(ldns_pkt_answer(packet), job->name, job->type, &ttl);
    job->rrset = mu_zone_rrset(ttl, records);
    mu_zone_job_done(job);
}

static void on_zone_then_rrset(struct mu_zone_job *job, const struct exchange *exchange,
                               const ldns_pkt *packet)
{
    (void)exchange;
    if (zone_came(job, packet, on_zone_then_rrset))
        ask(job, job->name, job->type, on_rrset);
}

static void read_rrset(struct mu_zone_job *job)
{
    find_zone(job, on_zone_then_rrset);
}

/* --- write --- */

static void push(ldns_rr_list *list, const char *owner, uint16_t type, ldns_rr_class class)
{
    ldns_rr *rr = ldns_rr_new();
    ldns_rr_set_owner(rr, ldns_dname_new_frm_str(owner));
    ldns_rr_set_type(rr, (ldns_rr_type)type);
    ldns_rr_set_class(rr, class);
    ldns_rr_set_ttl(rr, 0);
    ldns_rr_list_push_rr(list, rr);
}

static void push_records(ldns_rr_list *list, const struct mu_zone_job *job, const json_t *rrset,
                         uint32_t ttl)
{
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(rrset, "records"), i, record)
    {
        ldns_rr *rr = mu_zone_record_rr(job->name, job->type, ttl, json_string_value(record), NULL);
        if (rr) /* always: records are in normal form */
            ldns_rr_list_push_rr(list, rr);
    }
}

static ldns_pkt *update_packet(const struct mu_zone_job *job)
{
    ldns_rr_list *prerequisites = ldns_rr_list_new(), *updates = ldns_rr_list_new(),
                 *additional = ldns_rr_list_new();
    if (mu_zone_rrset_empty(job->before))
        push(prerequisites, job->name, job->type, LDNS_RR_CLASS_NONE);
    else
        push_records(prerequisites, job, job->before, 0);
    push(updates, job->name, job->type, LDNS_RR_CLASS_ANY);
    push_records(updates, job, job->after, (uint32_t)mu_json_int(job->after, "ttl", 0));
    ldns_pkt *packet = ldns_update_pkt_new(ldns_dname_new_frm_str(job->zone), LDNS_RR_CLASS_IN,
                                           prerequisites, updates, additional);
    ldns_rr_list_deep_free(prerequisites);
    ldns_rr_list_deep_free(updates);
    ldns_rr_list_deep_free(additional);
    return packet;
}

/* What an rcode means for an UPDATE (RFC 2136 3.1 to 3.4). */
static const struct {
    int rcode;
    enum mu_err class;
    const char *text;
} refusals[] = {
    {LDNS_RCODE_NXRRSET, MU_CONFLICT,
     "the zone is no longer what you saw: a record we saw is gone or changed (NXRRSET); nothing "
     "was written"},
    {LDNS_RCODE_YXRRSET, MU_CONFLICT,
     "the zone is no longer what you saw: somebody created the rrset meanwhile (YXRRSET); nothing "
     "was written"},
    {LDNS_RCODE_NXDOMAIN, MU_CONFLICT,
     "the zone is no longer what you saw: the name is gone (NXDOMAIN); nothing was written"},
    {LDNS_RCODE_YXDOMAIN, MU_CONFLICT,
     "the zone is no longer what you saw: the name came into being (YXDOMAIN); nothing was "
     "written"},
    {LDNS_RCODE_REFUSED, MU_CONFIG,
     "the server refuses the update (REFUSED): its policy (acl, update-policy, allow-update) must "
     "let this TSIG key change this name; BIND also refuses an MX inside the zone that has no "
     "address"},
    {LDNS_RCODE_NOTAUTH, MU_CONFIG, "the server is not the primary of this zone (NOTAUTH)"},
    {LDNS_RCODE_NOTZONE, MU_CONFIG, "the name is not inside the zone for this server (NOTZONE)"},
    {LDNS_RCODE_NOTIMPL, MU_CONFIG, "the server does not take dynamic updates (NOTIMP)"},
    {LDNS_RCODE_FORMERR, MU_REMOTE, "the server cannot read the update (FORMERR)"},
};

static void on_updated(struct mu_zone_job *job, const struct exchange *exchange,
                       const ldns_pkt *packet)
{
    int rcode = ldns_pkt_get_rcode(packet);
    char text[200], buf[16];
    (void)exchange;
    if (rcode == LDNS_RCODE_NOERROR) {
        mu_zone_job_done(job);
        return;
    }
    for (size_t i = 0; i < MU_COUNT(refusals); i++)
        if (refusals[i].rcode == rcode) {
            fail_job(job, refusals[i].class, false, refusals[i].text);
            return;
        }
    /* SERVFAIL and the like: a server that forwards updates says so when its primary is silent. */
    snprintf(text, sizeof text, "the server answers %s to the update",
             mu_dns_rcode_text(rcode, buf));
    fail_job(job, MU_REMOTE, true, text);
}

static void write_rrset(struct mu_zone_job *job)
{
    ldns_pkt *packet = update_packet(job);
    if (packet)
        send_packet(job, packet, true, on_updated);
    else
        fail_job(job, MU_INTERNAL, false, "the update cannot be built");
}

/* --- list: AXFR (RFC 5936) --- */

static void add_record(struct mu_zone_job *job, const ldns_rr *rr)
{
    char type[16], name[MU_NAME_TEXT];
    char *owner = ldns_rdf2str(ldns_rr_owner(rr));
    if (owner == NULL || mu_name_owner(owner, name, NULL) != MU_OK)
        snprintf(name, sizeof name, "%s",
                 owner ? owner : "?"); /* no name people use: kept as it is */
    const char *type_text = mu_dns_type_text((uint16_t)ldns_rr_get_type(rr), type);
    char *key = mu_xasprintf("%s %s", name, type_text), *record = mu_zone_rr_record(rr);
    json_t *rrset = json_object_get(job->keep, key);
    if (rrset == NULL) {
        rrset = json_pack("{s:s, s:s, s:I, s:[]}", "name", name, "type", type_text, "ttl",
                          (json_int_t)ldns_rr_ttl(rr), "records");
        json_object_set_new(job->keep, key, rrset);
    }
    json_array_append_new(json_object_get(rrset, "records"), json_string(record));
    free(owner);
    free(key);
    free(record);
}

static void finish_list(struct mu_zone_job *job)
{
    const char *key;
    json_t *rrset;
    job->records = json_array();
    json_object_foreach(job->keep, key, rrset)
    {
        json_t *records;
        uint16_t type = mu_dns_type_number(mu_json_str(rrset, "type", ""));
        if (mu_zone_records_normal(type, json_object_get(rrset, "records"), &records, NULL) ==
            MU_OK)
            json_object_set_new(rrset, "records", records);
        json_array_append(job->records, rrset);
    }
    mu_zone_job_done(job);
}

/* One message of the transfer; NULL when it is fine, else why it is not. */
static const char *take_message(struct mu_zone_job *job, struct exchange *exchange,
                                const ldns_pkt *packet)
{
    const ldns_rr_list *answers = ldns_pkt_answer(packet);
    if (ldns_pkt_get_rcode(packet) == LDNS_RCODE_REFUSED ||
        ldns_pkt_get_rcode(packet) == LDNS_RCODE_NOTAUTH)
        return "the server refuses the zone transfer: its policy (acl, allow-transfer) must let "
               "this TSIG key transfer";
    if (ldns_pkt_get_rcode(packet) != LDNS_RCODE_NOERROR)
        return "the server cannot transfer the zone now";
    for (size_t i = 0; i < ldns_rr_list_rr_count(answers) && exchange->soas < 2; i++) {
        const ldns_rr *rr = ldns_rr_list_rr(answers, i);
        bool soa = ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA;
        exchange->soas += soa;
        if (exchange->soas == 0)
            return "the transfer does not begin with the SOA";
        if (++exchange->records > RECORDS_MAX)
            return "the zone has more records than a snapshot holds";
        if (!soa || exchange->soas == 1)
            add_record(job, rr);
    }
    return NULL;
}

static bool on_transfer(const struct mu_dns_raw_answer *answer, void *ud)
{
    struct mu_zone_job *job = ud;
    struct exchange *exchange = job->state;
    ldns_pkt *packet = NULL;
    struct mu_fail fail = {0};
    bool in_doubt;
    bool first = exchange->records == 0;
    const char *why = NULL;
    if (answer->err != MU_OK)
        mu_fail_set(&fail, answer->err, "%s", answer->why);
    else if ((packet = mu_dns_packet_read(answer->wire, answer->wire_len)) == NULL)
        mu_fail_set(&fail, MU_PROTO, "a message of the transfer cannot be read");
    else if (mu_tsig_check(&exchange->tsig, packet, answer->wire, answer->wire_len, first,
                           &in_doubt, &fail) == MU_OK &&
             (why = take_message(job, exchange, packet)) != NULL)
        mu_fail_set(&fail, MU_REMOTE, "%s", why);
    ldns_pkt_free(packet);
    bool over = fail.class != MU_OK || exchange->soas == 2;
    if (!over)
        return true;
    job->op = NULL;
    if (fail.class != MU_OK)
        fail_job(job, fail.class, false, fail.text);
    else
        finish_list(job);
    return false;
}

static void on_zone_then_transfer(struct mu_zone_job *job, const struct exchange *exchange,
                                  const ldns_pkt *packet)
{
    struct sockaddr_storage server;
    size_t len;
    (void)exchange;
    if (!zone_came(job, packet, on_zone_then_transfer))
        return;
    uint8_t *wire =
        encode(job, question(job->zone, LDNS_RR_TYPE_AXFR), new_exchange(NULL, false), &len);
    if (wire == NULL)
        return;
    json_decref(job->keep);
    job->keep =
        json_object(); /* rrsets as they come: {"example.com MX": {name, type, ttl, records}} */
    server_address(&job->provider, &server, NULL);
    job->op = mu_dns_stream(job->host->dns, (const struct sockaddr *)&server, wire, len,
                            job->provider.timeout_ms, on_transfer, job);
    free(wire);
}

static void list_zone(struct mu_zone_job *job)
{
    find_zone(job, on_zone_then_transfer);
}

/* --- doctor --- */

/* Without a domain there is no zone to ask about: any signed answer proves the key. */
static void on_any_answer(struct mu_zone_job *job, const struct exchange *exchange,
                          const ldns_pkt *packet)
{
    (void)exchange;
    (void)packet;
    mu_zone_job_done(job);
}

static void on_check_zone(struct mu_zone_job *job, const struct exchange *exchange,
                          const ldns_pkt *packet)
{
    (void)exchange;
    if (zone_came(job, packet, on_check_zone))
        mu_zone_job_done(job);
}

static void check(struct mu_zone_job *job)
{
    if (job->name[0] != '\0')
        find_zone(job, on_check_zone);
    else
        ask(job, ".", LDNS_RR_TYPE_SOA, on_any_answer);
}

const struct mu_zone_driver mu_zone_rfc2136 = {
    .name = "rfc2136",
    .race = "compare-and-set",
    .compare_and_set = true,
    .configured = configured,
    .read = read_rrset,
    .list = list_zone,
    .write = write_rrset,
    .check = check,
};
