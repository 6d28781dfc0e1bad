/* SPDX-License-Identifier: MIT
 *
 * The lab's certificate authority and the certificates of its hosts, made fresh at every start.
 * Keys stay in memory; only certificates are written (DIR/tls/ca.pem is what muster.lua trusts).
 * The CA may sign for example.com, example.net and 127.0.0.0/8 alone (name constraints, RFC
 * 5280 4.2.1.10). */
#ifndef MU_LAB_TLS_H
#define MU_LAB_TLS_H

#include <openssl/ssl.h>

#include "base/err.h"

struct mu_lab_tls;

/* Writes dir/ca.pem. */
enum mu_err mu_lab_tls_new(const char *dir, struct mu_lab_tls **out, struct mu_fail *);
void mu_lab_tls_free(struct mu_lab_tls *);
/* A server context with a certificate for name and address; writes dir/NAME.pem. SSL_CTX_free() it.
 */
enum mu_err mu_lab_tls_host(struct mu_lab_tls *, const char *name, const char *address,
                            SSL_CTX **out, struct mu_fail *);

#endif
