/* SPDX-License-Identifier: MIT
 *
 * The certificate a server showed, described; see tls.h. Whom we trust: tls_trust.c. */
#include "io/tls.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"

#define NAMES_MAX  100 /* of one certificate; public CAs stop at 100 too */
#define DAY_MS     INT64_C(86400000)
#define NAME_FLAGS (XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) /* "CN=mx,O=Ü": UTF-8 as it is */

static json_t *name_json(const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(bio, name, 0, NAME_FLAGS);
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    json_t *json = mu_json_lenient_string(text ? text : "", len > 0 ? (size_t)len : 0);
    BIO_free(bio);
    return json;
}

static json_t *general_name_json(const GENERAL_NAME *name)
{
    if (name->type == GEN_DNS)
        return mu_json_lenient_string((const char *)ASN1_STRING_get0_data(name->d.dNSName),
                                      (size_t)ASN1_STRING_length(name->d.dNSName));
    if (name->type != GEN_IPADD)
        return NULL;
    const ASN1_OCTET_STRING *ip = name->d.iPAddress;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    char text[MU_ADDR_TEXT];
    if (ASN1_STRING_length(ip) == sizeof v4.sin_addr) {
        memcpy(&v4.sin_addr, ASN1_STRING_get0_data(ip), sizeof v4.sin_addr);
        return json_string(mu_addr_text((const struct sockaddr *)&v4, false, text));
    }
    if (ASN1_STRING_length(ip) == sizeof v6.sin6_addr) {
        memcpy(&v6.sin6_addr, ASN1_STRING_get0_data(ip), sizeof v6.sin6_addr);
        return json_string(mu_addr_text((const struct sockaddr *)&v6, false, text));
    }
    return NULL;
}

static json_t *names_json(const X509 *certificate)
{
    json_t *names = json_array();
    GENERAL_NAMES *list = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(list) && json_array_size(names) < NAMES_MAX; i++) {
        json_t *name = general_name_json(sk_GENERAL_NAME_value(list, i));
        if (name != NULL)
            json_array_append_new(names, name);
    }
    GENERAL_NAMES_free(list);
    return names;
}

static bool time_ms(const ASN1_TIME *time, int64_t *ms)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(time, &tm) != 1)
        return false;
    *ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

static json_t *time_json(const ASN1_TIME *time)
{
    char text[MU_TIME_TEXT];
    int64_t ms;
    return time_ms(time, &ms) ? json_string(mu_time_utc(ms, text)) : json_null();
}

static bool host_matches(X509 *certificate, const char *host)
{
    struct sockaddr_storage literal;
    if (mu_addr_parse(host, 0, &literal))
        return X509_check_ip_asc(certificate, host, 0) == 1;
    return X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

json_t *mu_tls_certificate(struct ssl_st *ssl, const char *host, int64_t now_ms)
{
    X509 *certificate = SSL_get1_peer_certificate(ssl);
    if (certificate == NULL)
        return NULL;
    json_t *json = json_object();
    int64_t until;
    long verdict = SSL_get_verify_result(ssl);
    json_object_set_new(json, "subject", name_json(X509_get_subject_name(certificate)));
    json_object_set_new(json, "issuer", name_json(X509_get_issuer_name(certificate)));
    json_object_set_new(json, "names", names_json(certificate));
    json_object_set_new(json, "not_before", time_json(X509_get0_notBefore(certificate)));
    json_object_set_new(json, "not_after", time_json(X509_get0_notAfter(certificate)));
    if (time_ms(X509_get0_notAfter(certificate), &until))
        json_object_set_new(json, "days_left", json_integer((until - now_ms) / DAY_MS));
    json_object_set_new(json, "verified", json_boolean(verdict == X509_V_OK));
    if (verdict != X509_V_OK)
        json_object_set_new(json, "verify_error",
                            json_string(X509_verify_cert_error_string(verdict)));
    json_object_set_new(json, "host_matches", json_boolean(host_matches(certificate, host)));
    json_object_set_new(json, "version", json_string(SSL_get_version(ssl)));
    json_object_set_new(json, "cipher", json_string(SSL_get_cipher_name(ssl)));
    X509_free(certificate);
    return json;
}
