/* SPDX-License-Identifier: MIT
 *
 * Certificates of the lab; see tls.h. */
#include "lab/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/mem.h"
#include "lab/files.h"

#define DAY    (24L * 60 * 60)
#define VALID  (90 * DAY) /* a lab that runs longer is started again */
#define BEFORE DAY        /* clocks differ */
#define CONSTRAINTS \
    "permitted;DNS:example.com,permitted;DNS:example.net,permitted;IP:127.0.0.0/255.0.0.0"

struct mu_lab_tls {
    char *dir;
    EVP_PKEY *key;
    X509 *cert;
};

struct extension {
    int nid;
    const char *value;
};

static enum mu_err complain(struct mu_fail *fail, const char *what)
{
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    return mu_fail_set(fail, MU_INTERNAL, "the lab can't make its %s: %s", what, text);
}

static bool set_name(X509_NAME *name, const char *common)
{
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"muster lab",
                                      -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1,
                                      -1, 0) == 1;
}

static bool set_serial(X509 *cert)
{
    uint64_t serial;
    return RAND_bytes((unsigned char *)&serial, sizeof serial) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1) == 1;
}

static bool extend(X509 *cert, X509 *issuer, const struct extension *list, size_t count)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, list[i].nid, list[i].value);
        bool added = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
        X509_EXTENSION_free(extension);
        if (!added)
            return false;
    }
    return true;
}

/* issuer NULL: self-signed with its own key. */
static X509 *make(const char *common, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
                  const struct extension *list, size_t count)
{
    X509 *cert = X509_new();
    if (cert == NULL)
        return NULL;
    X509 *from = issuer ? issuer : cert;
    bool ok = X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
              X509_gmtime_adj(X509_getm_notBefore(cert), -BEFORE) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(cert), VALID) != NULL &&
              set_name(X509_get_subject_name(cert), common) &&
              X509_set_issuer_name(cert, X509_get_subject_name(from)) == 1 &&
              X509_set_pubkey(cert, key) == 1 && extend(cert, from, list, count) &&
              X509_sign(cert, issuer_key ? issuer_key : key, EVP_sha256()) > 0;
    if (ok)
        return cert;
    X509_free(cert);
    return NULL;
}

static enum mu_err write_cert(const struct mu_lab_tls *tls, const char *name, X509 *cert,
                              struct mu_fail *fail)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    enum mu_err err = MU_OK;
    if (bio == NULL || PEM_write_bio_X509(bio, cert) != 1) {
        err = complain(fail, "certificate");
    } else {
        long len = BIO_get_mem_data(bio, &bytes);
        err = mu_lab_file_write(tls->dir, name, bytes, (size_t)len, fail);
    }
    BIO_free(bio);
    return err;
}

enum mu_err mu_lab_tls_new(const char *dir, struct mu_lab_tls **out, struct mu_fail *fail)
{
    static const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign"},
        {NID_name_constraints, "critical," CONSTRAINTS},
        {NID_subject_key_identifier, "hash"},
    };
    struct mu_lab_tls *tls = MU_NEW(struct mu_lab_tls);
    *out = tls;
    tls->dir = mu_xstrdup(dir);
    tls->key = EVP_EC_gen("P-256");
    if (tls->key != NULL)
        tls->cert = make("muster lab CA", tls->key, NULL, NULL, extensions, MU_COUNT(extensions));
    if (tls->cert == NULL)
        return complain(fail, "certificate authority");
    return write_cert(tls, "ca.pem", tls->cert, fail);
}

void mu_lab_tls_free(struct mu_lab_tls *tls)
{
    if (tls == NULL)
        return;
    X509_free(tls->cert);
    EVP_PKEY_free(tls->key);
    free(tls->dir);
    free(tls);
}

static SSL_CTX *make_ctx(EVP_PKEY *key, X509 *cert)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        return NULL;
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
        SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

enum mu_err mu_lab_tls_host(struct mu_lab_tls *tls, const char *name, const char *address,
                            SSL_CTX **out, struct mu_fail *fail)
{
    char *names = mu_xasprintf("DNS:%s,IP:%s", name, address);
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_alt_name, names},
        {NID_authority_key_identifier, "keyid"},
    };
    char *file = mu_xasprintf("%s.pem", name);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert =
        key ? make(name, key, tls->cert, tls->key, extensions, MU_COUNT(extensions)) : NULL;
    SSL_CTX *ctx = cert ? make_ctx(key, cert) : NULL;
    enum mu_err err = ctx ? write_cert(tls, file, cert, fail) : complain(fail, "host certificate");
    if (err == MU_OK)
        *out = ctx;
    else
        SSL_CTX_free(ctx);
    X509_free(cert);
    EVP_PKEY_free(key);
    free(file);
    free(names);
    return err;
}
