/* SPDX-License-Identifier: MIT
 *
 * Trust anchors and certificates; see tls.h. */
#include "io/tls.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <openssl/err.h>
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

struct mu_tls_trust {
    char *ca_file;
    X509_STORE *store; /* NULL until loaded */
};

struct mu_tls_trust *mu_tls_trust_new(const char *ca_file)
{
    struct mu_tls_trust *trust = MU_NEW(struct mu_tls_trust);
    trust->ca_file = ca_file ? mu_xstrdup(ca_file) : NULL;
    return trust;
}

void mu_tls_trust_free(struct mu_tls_trust *trust)
{
    if (trust == NULL)
        return;
    X509_STORE_free(trust->store);
    free(trust->ca_file);
    free(trust);
}

static const char *from_env(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value ? value : otherwise;
}

/* The system's bundle and hashed folder, where OpenSSL looks for them; missing ones are no failure:
 * then ca_file alone decides. Not X509_STORE_set_default_paths(): in OpenSSL 3 it also reads the
 * whole folder again for every chain whose root is unknown, which is most of what a probe meets. */
static void load_system(X509_STORE *store)
{
    X509_STORE_load_file(store,
                         from_env(X509_get_default_cert_file_env(), X509_get_default_cert_file()));
    X509_STORE_load_path(store,
                         from_env(X509_get_default_cert_dir_env(), X509_get_default_cert_dir()));
    ERR_clear_error();
}

enum mu_err mu_tls_trust_load(struct mu_tls_trust *trust, struct mu_fail *fail)
{
    if (trust->store != NULL)
        return MU_OK;
    X509_STORE *store = X509_STORE_new();
    if (store == NULL)
        abort();
    load_system(store);
    if (trust->ca_file != NULL && X509_STORE_load_file(store, trust->ca_file) != 1) {
        unsigned long code = ERR_peek_error();
        const char *reason =
            ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
        mu_fail_set(fail, MU_CONFIG, "tls.ca_file %s: %s; give a PEM file of CA certificates",
                    trust->ca_file, reason ? reason : "no certificate in it");
        ERR_clear_error();
        X509_STORE_free(store);
        return MU_CONFIG;
    }
    /* An intermediate in ca_file is an anchor too, as everywhere in curl. */
    X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    trust->store = store;
    return MU_OK;
}

CURLcode mu_tls_trust_apply(CURL *easy, void *ssl_ctx, void *trust)
{
    (void)easy;
    if (mu_tls_trust_load(trust, NULL) != MU_OK)
        return CURLE_SSL_CACERT_BADFILE;
    SSL_CTX_set1_cert_store(ssl_ctx, ((struct mu_tls_trust *)trust)->store);
    return CURLE_OK;
}

/* --- describing a certificate --- */

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
    X509_free(certificate);
    return json;
}
