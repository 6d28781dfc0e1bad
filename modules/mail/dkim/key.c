/* SPDX-License-Identifier: MIT
 *
 * See key.h. */
#include "key.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../txt.h"
#include "base/json.h"
#include "base/mem.h"

#define WEAK_BITS    1024 /* RFC 8301, 3.2: shorter keys are not to be counted */
#define GOOD_BITS    2048
#define ED25519_SIZE 32 /* octets of p (RFC 8463, 4) */
#define MOST_KEY     4096

static const char *const states[] = {"valid", "weak", "revoked", "broken", "absent"};

const char *dkim_state_name(enum dkim_state state)
{
    return states[state];
}

static void say(struct dkim_key *key, enum dkim_state state, const char *fmt, ...) MU_PRINTF(3, 4);
static void say(struct dkim_key *key, enum dkim_state state, const char *fmt, ...)
{
    va_list ap;
    key->state = state;
    va_start(ap, fmt);
    vsnprintf(key->why, sizeof key->why, fmt, ap);
    va_end(ap);
}

/* --- the key itself --- */

/* Base64 without its white space, decoded into out (MOST_KEY octets); its length, -1: it is none. */
static int decode(const char *text, unsigned char *out)
{
    char *packed = mu_xcalloc(strlen(text) + 1, 1);
    size_t len = 0;
    for (; *text; text++)
        if (!strchr(" \t\r\n", *text))
            packed[len++] = *text;
    int got = len % 4 == 0 && len / 4 * 3 <= MOST_KEY
                  ? EVP_DecodeBlock(out, (const unsigned char *)packed, (int)len)
                  : -1;
    for (int i = 1; i <= 2 && got > 0 && len >= (size_t)i && packed[len - (size_t)i] == '='; i++)
        got--;
    free(packed);
    return got;
}

/* A SubjectPublicKeyInfo, as everybody publishes it, or a bare RSAPublicKey, as RFC 6376 has it. */
static int rsa_bits(const unsigned char *der, int len)
{
    const unsigned char *at = der;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, len);
    if (key == NULL) {
        at = der;
        key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, len);
    }
    int bits = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && at == der + len
                   ? EVP_PKEY_get_bits(key)
                   : 0;
    EVP_PKEY_free(key);
    return bits;
}

static void take_rsa(struct dkim_key *key, const unsigned char *der, int len)
{
    key->bits = rsa_bits(der, len);
    if (key->bits == 0)
        say(key, DKIM_BROKEN, "p= is no RSA key");
    else if (key->bits < WEAK_BITS)
        say(key, DKIM_WEAK, "an RSA key of %d bits: receivers count nothing below %d (RFC 8301)",
            key->bits, WEAK_BITS);
    else if (key->bits < GOOD_BITS)
        say(key, DKIM_VALID, "an RSA key of %d bits: %d are advised (RFC 8301)", key->bits,
            GOOD_BITS);
}

static void take_key(struct dkim_key *key, const char *p)
{
    unsigned char der[MOST_KEY + 3];
    int len = decode(p, der);
    if (len <= 0)
        say(key, DKIM_BROKEN, "p= is no base64");
    else if (strcmp(key->type, "rsa") == 0)
        take_rsa(key, der, len);
    else if (len != ED25519_SIZE)
        say(key, DKIM_BROKEN, "p= has %d octets, an Ed25519 key %d", len, ED25519_SIZE);
    else
        key->bits = ED25519_SIZE * 8;
}

/* --- the record --- */

struct tags { /* values of the record, NULL: not there */
    const char *v, *k, *p, *s, *t;
    bool v_first;
};

/* Into the copy's own memory. Tags are case-sensitive, the first of a name counts (3.2). */
static struct tags read_tags(char *copy)
{
    struct tags tags = {.v_first = true};
    struct mu_mail_tag tag;
    char *rest = copy;
    for (int n = 0; mu_mail_tag_next(&rest, &tag); n++) {
        const char **slot = strcmp(tag.name, "v") == 0   ? &tags.v
                            : strcmp(tag.name, "k") == 0 ? &tags.k
                            : strcmp(tag.name, "p") == 0 ? &tags.p
                            : strcmp(tag.name, "s") == 0 ? &tags.s
                            : strcmp(tag.name, "t") == 0 ? &tags.t
                                                         : NULL;
        if (tag.value && slot && *slot == NULL) {
            *slot = tag.value;
            tags.v_first = tags.v_first && (slot != &tags.v || n == 0);
        }
    }
    return tags;
}

/* "y:s" has y. */
static bool lists(const char *value, const char *word)
{
    size_t len = strlen(word);
    while (value && *value) {
        value += strspn(value, " \t:");
        size_t part = strcspn(value, " \t:");
        if (part == len && strncmp(value, word, len) == 0)
            return true;
        value += part;
    }
    return false;
}

static void take_record(struct dkim_key *key, const struct tags *tags)
{
    snprintf(key->type, sizeof key->type, "%s", tags->k ? tags->k : "rsa");
    key->testing = lists(tags->t, "y");
    key->strict = lists(tags->t, "s");
    bool known = strcmp(key->type, "rsa") == 0 || strcmp(key->type, "ed25519") == 0;
    if (tags->v && (strcmp(tags->v, "DKIM1") != 0 || !tags->v_first))
        say(key, DKIM_BROKEN, "v=%.40s: \"v=DKIM1\" in front is wanted, or nothing", tags->v);
    else if (tags->p == NULL)
        say(key, DKIM_BROKEN, "it has no p=");
    else if (tags->p[0] == '\0')
        say(key, DKIM_REVOKED, "p= is empty: the key was revoked");
    else if (!known)
        say(key, DKIM_BROKEN, "k=%.40s: rsa or ed25519 are known", key->type);
    else if (tags->s && !lists(tags->s, "*") && !lists(tags->s, "email"))
        say(key, DKIM_BROKEN, "s=%.40s: it is not for e-mail", tags->s);
    else
        take_key(key, tags->p);
    if (key->state == DKIM_VALID && key->testing)
        say(key, DKIM_VALID, "t=y: receivers take mail signed with it for unsigned");
}

struct dkim_key dkim_key_read(const json_t *shown)
{
    struct dkim_key key = {.state = DKIM_ABSENT};
    size_t count = json_array_size(shown);
    if (count == 0)
        return key;
    key.state = DKIM_VALID;
    if (count > 1) { /* 3.6.2.2: what comes of it is undefined */
        say(&key, DKIM_BROKEN, "%zu records, one is allowed", count);
        return key;
    }
    char *text = mu_mail_txt_join(json_string_value(json_array_get(shown, 0)));
    struct tags tags = read_tags(text);
    take_record(&key, &tags);
    free(text);
    return key;
}
