/* SPDX-License-Identifier: MIT
 *
 * TSIG of one key; see tsig.h. ldns makes and checks the MAC; time and error codes are judged here.
 */
#include "tsig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"

#define FUDGE_S 300 /* RFC 8945 10 */

enum {
    FIELD_ALGORITHM,
    FIELD_TIME,
    FIELD_FUDGE,
    FIELD_MAC,
    FIELD_ID,
    FIELD_ERROR,
    FIELD_OTHER,
    FIELDS
};
enum { BADSIG = 16, BADKEY = 17, BADTIME = 18, BADTRUNC = 22 }; /* RFC 8945 3 */

/* As written in muster.lua → as in the packet. */
static const struct {
    const char *typed, *wire;
} algorithms[] = {
    {"hmac-sha256", "hmac-sha256."},
    {"hmac-sha512", "hmac-sha512."},
    {"hmac-sha1", "hmac-sha1."},
    {"hmac-md5", "hmac-md5.sig-alg.reg.int."},
};

static const char *find_algorithm(const char *typed)
{
    for (size_t i = 0; i < MU_COUNT(algorithms); i++)
        if (strcmp(algorithms[i].typed, typed) == 0)
            return algorithms[i].wire;
    return NULL;
}

static bool is_base64(const char *text)
{
    size_t len;
    uint8_t *bytes = mu_base64_decode(text, &len);
    bool yes = bytes != NULL && len > 0;
    free(bytes);
    return yes;
}

/* Any name will do, one label and underscores too: it never stands in a zone. */
static bool is_key_name(const char *name)
{
    ldns_rdf *parsed = *name && strlen(name) <= MU_LIMIT_NAME ? ldns_dname_new_frm_str(name) : NULL;
    ldns_rdf_deep_free(parsed);
    return parsed != NULL;
}

enum mu_err mu_tsig_init(struct mu_tsig *tsig, const struct mu_host *host,
                         const struct mu_zone_provider *provider, struct mu_fail *fail)
{
    const json_t *config = mu_json_get(provider->config, "tsig");
    const char *name = mu_json_str(config, "name", ""),
               *algorithm = mu_json_str(config, "algorithm", "hmac-sha256");
    memset(tsig, 0, sizeof *tsig);
    if (!is_key_name(name))
        return mu_fail_set(
            fail, MU_CONFIG,
            "muster.lua: providers[\"%s\"].tsig.name %s%.60s: the key's name as in the server's "
            "configuration",
            provider->name, name[0] ? "can't be a name: " : "is missing", name);
    tsig->algorithm = find_algorithm(algorithm);
    if (tsig->algorithm == NULL)
        return mu_fail_set(fail, MU_CONFIG,
                           "muster.lua: providers[\"%s\"].tsig.algorithm '%.40s' is unknown: "
                           "hmac-sha256, hmac-sha512, hmac-sha1 or hmac-md5",
                           provider->name, algorithm);
    tsig->secret = mu_secret(host, mu_json_get(config, "secret"));
    if (tsig->secret == NULL || !is_base64(tsig->secret))
        return mu_fail_set(fail, MU_CONFIG,
                           "muster.lua: providers[\"%s\"].tsig.secret is missing, names a secret "
                           "that is not set, or is not base64",
                           provider->name);
    bool dotted = name[strlen(name) - 1] == '.';
    snprintf(tsig->name, sizeof tsig->name, "%s%s", name, dotted ? "" : ".");
    return MU_OK;
}

/* --- MACs --- */

static void keep_mac(struct mu_tsig *tsig, const ldns_pkt *packet)
{
    const ldns_rdf *mac = ldns_rr_rdf(ldns_pkt_tsig(packet), FIELD_MAC);
    tsig->mac_len = mac && ldns_rdf_size(mac) <= sizeof tsig->mac ? ldns_rdf_size(mac) : 0;
    if (tsig->mac_len != 0)
        memcpy(tsig->mac, ldns_rdf_data(mac), tsig->mac_len);
}

enum mu_err mu_tsig_sign(struct mu_tsig *tsig, ldns_pkt *packet, struct mu_fail *fail)
{
    ldns_status status =
        ldns_pkt_tsig_sign(packet, tsig->name, tsig->secret, FUDGE_S, tsig->algorithm, NULL);
    if (status != LDNS_STATUS_OK)
        return mu_fail_set(fail, MU_CONFIG, "signing with the TSIG key %s failed: %s", tsig->name,
                           ldns_get_errorstr_by_id(status));
    keep_mac(tsig, packet);
    return MU_OK;
}

/* --- checking --- */

static int64_t time_field(const ldns_rdf *field)
{
    int64_t time = 0;
    for (size_t i = 0; field && i < ldns_rdf_size(field) && i < 6; i++)
        time = time << 8 | ldns_rdf_data(field)[i];
    return time;
}

/* BADTIME: the server puts its own clock into Other Data (length, then 48 bits). */
static int64_t server_clock(const ldns_rr *rr)
{
    const ldns_rdf *other = ldns_rr_rdf(rr, FIELD_OTHER);
    int64_t time = 0;
    if (other == NULL || ldns_rdf_size(other) < 8)
        return -1;
    for (size_t i = 2; i < 8; i++)
        time = time << 8 | ldns_rdf_data(other)[i];
    return time;
}

static enum mu_err told_error(const struct mu_tsig *tsig, const ldns_rr *rr, int code,
                              struct mu_fail *fail)
{
    int64_t now = mu_clock_real_ms() / 1000, theirs = server_clock(rr);
    switch (code) {
    case BADKEY:
        return mu_fail_set(
            fail, MU_CONFIG,
            "the server does not know the TSIG key %s with %s (BADKEY): check tsig.name and "
            "tsig.algorithm against its configuration",
            tsig->name, tsig->algorithm);
    case BADSIG:
        return mu_fail_set(
            fail, MU_CONFIG,
            "the server has another secret for the TSIG key %s (BADSIG): check tsig.secret",
            tsig->name);
    case BADTIME:
        if (theirs < 0)
            return mu_fail_set(
                fail, MU_CONFIG,
                "the server's clock and ours differ by more than %d s (BADTIME): set both by NTP",
                FUDGE_S);
        return mu_fail_set(fail, MU_CONFIG,
                           "the server's clock is %lld s %s ours (BADTIME): set both by NTP",
                           (long long)(theirs > now ? theirs - now : now - theirs),
                           theirs > now ? "ahead of" : "behind");
    case BADTRUNC:
        return mu_fail_set(
            fail, MU_CONFIG,
            "the server does not take MACs of this length (BADTRUNC) for the TSIG key %s",
            tsig->name);
    default:
        return mu_fail_set(fail, MU_REMOTE, "the server refuses the signature with TSIG error %d",
                           code);
    }
}

/* An unsigned answer is believed only where disbelief would not help: when it says it cannot check
 * signatures at all. */
static enum mu_err unsigned_answer(const struct mu_tsig *tsig, const ldns_pkt *packet,
                                   bool *in_doubt, struct mu_fail *fail)
{
    ldns_pkt_rcode rcode = ldns_pkt_get_rcode(packet);
    char *text = ldns_pkt_rcode2str(rcode);
    *in_doubt = rcode == LDNS_RCODE_NOERROR;
    if (rcode == LDNS_RCODE_NOERROR)
        mu_fail_set(fail, MU_PROTO,
                    "the answer is not signed with the TSIG key %s: it may come from somebody else",
                    tsig->name);
    else
        mu_fail_set(
            fail, MU_REMOTE,
            "answers %s, unsigned: does it serve this zone, and does it know the TSIG key %s?",
            text ? text : "an unknown rcode", tsig->name);
    free(text);
    return fail->class;
}

static bool mac_matches(struct mu_tsig *tsig, ldns_pkt *packet, const uint8_t *wire,
                        size_t wire_len, bool first)
{
    ldns_rr *rr = ldns_pkt_tsig(packet);
    ldns_rdf *asked = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_INT16_DATA, tsig->mac_len, tsig->mac);
    bool matches = asked && ldns_pkt_tsig_verify_next(packet, wire, wire_len, tsig->name,
                                                      tsig->secret, asked, first ? 0 : 1);
    if (ldns_pkt_tsig(packet) == NULL) /* ldns takes it out, and forgets it when it gives up */
        ldns_pkt_set_tsig(packet, rr);
    ldns_rdf_deep_free(asked);
    return matches;
}

enum mu_err mu_tsig_check(struct mu_tsig *tsig, ldns_pkt *packet, const uint8_t *wire,
                          size_t wire_len, bool first, bool *in_doubt, struct mu_fail *fail)
{
    const ldns_rr *rr = ldns_pkt_tsig(packet);
    *in_doubt = false;
    if (rr == NULL || ldns_rr_rd_count(rr) < FIELDS)
        return unsigned_answer(tsig, packet, in_doubt, fail);
    int code = ldns_rdf2native_int16(ldns_rr_rdf(rr, FIELD_ERROR));
    if (code != 0)
        return told_error(tsig, rr, code, fail);
    int64_t signed_at = time_field(ldns_rr_rdf(rr, FIELD_TIME)),
            fudge = ldns_rdf2native_int16(ldns_rr_rdf(rr, FIELD_FUDGE));
    int64_t off = mu_clock_real_ms() / 1000 - signed_at;
    *in_doubt = true; /* from here on somebody in between may be speaking */
    if (!mac_matches(tsig, packet, wire, wire_len, first))
        return mu_fail_set(
            fail, MU_PROTO,
            "the answer's TSIG does not fit the key %s: somebody in between, or another secret",
            tsig->name);
    if (off > fudge || off < -fudge)
        return mu_fail_set(fail, MU_CONFIG,
                           "the answer was signed %lld s %s our clock: set both clocks by NTP",
                           (long long)(off < 0 ? -off : off), off < 0 ? "ahead of" : "behind");
    *in_doubt = false;
    keep_mac(tsig, packet);
    return MU_OK;
}
