/* SPDX-License-Identifier: MIT
 *
 * Digests over libcrypto; see digest.h. */
#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/mem.h"

struct mu_sha256 {
    EVP_MD_CTX *ctx;
    EVP_MD *md;
};

static void must(int ok)
{
    if (ok != 1)
        abort(); /* SHA-256 is in the default provider; without it nothing can be trusted */
}

struct mu_sha256 *mu_sha256_new(void)
{
    struct mu_sha256 *sha = MU_NEW(struct mu_sha256);
    sha->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    sha->ctx = EVP_MD_CTX_new();
    must(sha->md != NULL && sha->ctx != NULL);
    mu_sha256_reset(sha);
    return sha;
}

void mu_sha256_free(struct mu_sha256 *sha)
{
    if (sha == NULL)
        return;
    EVP_MD_CTX_free(sha->ctx);
    EVP_MD_free(sha->md);
    free(sha);
}

void mu_sha256_reset(struct mu_sha256 *sha)
{
    must(EVP_DigestInit_ex2(sha->ctx, sha->md, NULL));
}

void mu_sha256_add(struct mu_sha256 *sha, const void *bytes, size_t len)
{
    must(EVP_DigestUpdate(sha->ctx, bytes, len));
}

void mu_sha256_end(struct mu_sha256 *sha, uint8_t out[MU_SHA256])
{
    must(EVP_DigestFinal_ex(sha->ctx, out, NULL));
}

void mu_sha256_once(const void *bytes, size_t len, uint8_t out[MU_SHA256])
{
    static _Thread_local struct mu_sha256 *sha; /* making one costs more than a short digest */
    if (sha == NULL)
        sha = mu_sha256_new();
    mu_sha256_reset(sha);
    mu_sha256_add(sha, bytes, len);
    mu_sha256_end(sha, out);
}

void mu_hex(const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

void mu_sha256_hex(const void *bytes, size_t len, char out[MU_SHA256_HEX])
{
    uint8_t raw[MU_SHA256];
    mu_sha256_once(bytes, len, raw);
    mu_hex(raw, sizeof raw, out);
}

void mu_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                    uint8_t out[MU_SHA256])
{
    unsigned out_len = MU_SHA256;
    if (HMAC(EVP_sha256(), key, (int)key_len, bytes, len, out, &out_len) == NULL)
        abort();
}

void mu_base64_add(struct mu_buf *buf, const void *bytes, size_t len)
{
    size_t room = 4 * ((len + 2) / 3) + 1;
    unsigned char *text = mu_xcalloc(room, 1);
    int n = EVP_EncodeBlock(text, bytes, (int)len);
    mu_buf_add(buf, text, (size_t)n);
    free(text);
}

uint8_t *mu_base64_decode(const char *text, size_t *len)
{
    size_t n = strlen(text);
    uint8_t *out = mu_xcalloc(n / 4 * 3 + 4, 1);
    int got = n % 4 == 0 ? EVP_DecodeBlock(out, (const unsigned char *)text, (int)n) : -1;
    if (got < 0) {
        free(out);
        return NULL;
    }
    size_t pad = n >= 1 && text[n - 1] == '=' ? (n >= 2 && text[n - 2] == '=' ? 2 : 1) : 0;
    *len = (size_t)got - pad;
    return out;
}

/* The same ones in every simulated world: a test that is played again is the same test. */
static void simulated_bytes(uint8_t *out, size_t len)
{
    static uint64_t drawn;
    uint8_t block[MU_SHA256];
    for (size_t i = 0; i < len; i++) {
        if (i % MU_SHA256 == 0) {
            drawn++;
            mu_sha256_once(&drawn, sizeof drawn, block);
        }
        out[i] = block[i % MU_SHA256];
    }
}

void mu_random_bytes(void *out, size_t len)
{
    if (mu_clock_simulated())
        simulated_bytes(out, len);
    else if (getentropy(out, len) != 0)
        abort();
}
