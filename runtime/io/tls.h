/* SPDX-License-Identifier: MIT
 *
 * What HTTP and SMTP share about TLS: the trust anchors (the system's and, beside them, tls.ca_file
 * of muster.lua) and the description of the certificate a server showed. Handshakes are curl's. */
#ifndef MU_IO_TLS_H
#define MU_IO_TLS_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

struct mu_tls_trust;
struct ssl_st;

/* Cheap: nothing is read before the first mu_tls_trust_load(). ca_file may be NULL. */
struct mu_tls_trust *mu_tls_trust_new(const char *ca_file);
void mu_tls_trust_free(struct mu_tls_trust *);
/* Takes the anchors that this process, or the one it was forked from, has read already; reads them
 * (tens of ms) when nobody has, or their files were changed since. MU_CONFIG when ca_file can't be used. */
enum mu_err mu_tls_trust_load(struct mu_tls_trust *, struct mu_fail *);
/* A CURLOPT_SSL_CTX_FUNCTION whose CURLOPT_SSL_CTX_DATA is a trust; loads it when nobody has yet,
 * and answers CURLE_SSL_CACERT_BADFILE when that fails. One store for every connection: curl would
 * read the system's bundle again for each. */
CURLcode mu_tls_trust_apply(CURL *easy, void *ssl_ctx, void *trust);

/* {subject, issuer, names[], not_before, not_after, days_left, verified, verify_error?,
 * host_matches, version, cipher}, a new reference; NULL when the server showed none. Judges the chain as OpenSSL saw
 * it in the handshake and the name by RFC 6125, whatever was demanded of them. host may be an IP
 * literal. */
json_t *mu_tls_certificate(struct ssl_st *, const char *host, int64_t now_ms);

/* What the server sent, its own certificate first: [{certificate_sha256, certificate_sha512, key_sha256, key_sha512 (of the
 * DER of the whole, and of SubjectPublicKeyInfo; hexadecimal), in_force, signed_by_next}], a new reference. */
json_t *mu_tls_chain(struct ssl_st *);

#endif
