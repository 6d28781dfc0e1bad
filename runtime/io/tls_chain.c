/* SPDX-License-Identifier: MIT
 *
 * The certificates that a server sent, as what DANE compares (RFC 6698 2.1); see tls.h. */
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/tls.h"

#define MOST 10 /* certificates; nobody sends more than five */

static json_t *digest_of(const uint8_t *der, int len, const EVP_MD *kind)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    struct mu_buf text = {0};
    if (len <= 0 || EVP_Digest(der, (size_t)len, digest, &size, kind, NULL) != 1)
        return NULL;
    for (unsigned i = 0; i < size; i++)
        mu_buf_addf(&text, "%02x", digest[i]);
    json_t *json = json_string(mu_buf_text(&text));
    mu_buf_free(&text);
    return json;
}

static void add_digests(json_t *row, const char *what, const uint8_t *der, int len)
{
    char key[24];
    snprintf(key, sizeof key, "%s_sha256", what);
    json_object_set_new(row, key, digest_of(der, len, EVP_sha256()));
    snprintf(key, sizeof key, "%s_sha512", what);
    json_object_set_new(row, key, digest_of(der, len, EVP_sha512()));
}

static bool signed_by(X509 *one, X509 *issuer)
{
    return X509_check_issued(issuer, one) == X509_V_OK &&
           X509_verify(one, X509_get0_pubkey(issuer)) == 1;
}

static json_t *row_of(X509 *one, X509 *next)
{
    uint8_t *der = NULL;
    int len = i2d_X509(one, &der);
    json_t *row = json_pack("{s:b, s:b}", "in_force",
                            X509_cmp_current_time(X509_get0_notBefore(one)) < 0 &&
                                X509_cmp_current_time(X509_get0_notAfter(one)) > 0,
                            "signed_by_next", next != NULL && signed_by(one, next));
    add_digests(row, "certificate", der, len);
    OPENSSL_free(der);
    der = NULL;
    len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(one), &der);
    add_digests(row, "key", der, len);
    OPENSSL_free(der);
    return row;
}

json_t *mu_tls_chain(struct ssl_st *ssl)
{
    STACK_OF(X509) *chain =
        SSL_get_peer_cert_chain(ssl); /* of a client: its own certificate is the first */
    json_t *rows = json_array();
    for (int i = 0; i < sk_X509_num(chain) && i < MOST; i++)
        json_array_append_new(
            rows, row_of(sk_X509_value(chain, i),
                         i + 1 < sk_X509_num(chain) ? sk_X509_value(chain, i + 1) : NULL));
    return rows;
}
