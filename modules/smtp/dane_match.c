/* SPDX-License-Identifier: MIT
 *
 * TLSA records against certificates; see dane.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "dane.h"

struct tlsa {
    unsigned usage, selector, matching;
    const char *data; /* hexadecimal */
};

static bool read_record(const char *record, struct tlsa *tlsa)
{
    char *end;
    tlsa->usage = (unsigned)strtoul(record, &end, 10);
    tlsa->selector = (unsigned)strtoul(end, &end, 10);
    tlsa->matching = (unsigned)strtoul(end, &end, 10);
    tlsa->data = end + strspn(end, " ");
    return (tlsa->usage == 2 || tlsa->usage == 3) && tlsa->selector <= 1 && tlsa->matching <= 2 &&
           tlsa->data[0] != '\0';
}

static int nibble(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Matching type 0 has all octets: their digest is what can be compared. False: they are none. */
static bool digest_of_octets(const char *hex, char digest[MU_SHA256_HEX])
{
    size_t len = strlen(hex) / 2;
    uint8_t *octets = mu_xcalloc(len + 1, 1);
    bool good = strlen(hex) % 2 == 0;
    for (size_t i = 0; i < len && good; i++) {
        int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
        good = high >= 0 && low >= 0;
        octets[i] = (uint8_t)(good ? high << 4 | low : 0);
    }
    if (good)
        mu_sha256_hex(octets, len, digest);
    free(octets);
    return good;
}

static bool is_named(const struct tlsa *tlsa, const json_t *certificate)
{
    char digest[MU_SHA256_HEX] = "";
    bool wide = tlsa->matching == 2;
    const char *have =
        mu_json_str(certificate,
                    tlsa->selector == 0 ? wide ? "certificate_sha512" : "certificate_sha256"
                    : wide              ? "key_sha512"
                                        : "key_sha256",
                    "");
    if (tlsa->matching == 0 && !digest_of_octets(tlsa->data, digest))
        return false;
    return have[0] && strcasecmp(have, tlsa->matching == 0 ? digest : tlsa->data) == 0;
}

/* From the server's own certificate up to that one. */
static enum dane_match judge_path(const json_t *chain, size_t upto, bool name_matches)
{
    for (size_t i = 0; i < upto; i++)
        if (!mu_json_bool(json_array_get(chain, i), "signed_by_next", false))
            return DANE_NOT_LINKED;
    for (size_t i = 0; i <= upto; i++)
        if (!mu_json_bool(json_array_get(chain, i), "in_force", false))
            return DANE_EXPIRED;
    return name_matches ? DANE_MATCHES : DANE_WRONG_NAME;
}

enum dane_match dane_match(const char *record, const json_t *chain, bool name_matches)
{
    struct tlsa tlsa;
    if (!read_record(record, &tlsa))
        return DANE_UNUSABLE;
    if (tlsa.usage == 3) /* names and dates do not count (RFC 7672 3.1.1) */
        return is_named(&tlsa, json_array_get(chain, 0)) ? DANE_MATCHES : DANE_DIFFERS;
    enum dane_match best = DANE_DIFFERS;
    for (size_t i = 0; i < json_array_size(chain); i++) {
        if (!is_named(&tlsa, json_array_get(chain, i)))
            continue;
        enum dane_match match = judge_path(chain, i, name_matches);
        best = match > best ? match : best;
    }
    return best;
}
