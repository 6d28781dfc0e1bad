/* SPDX-License-Identifier: MIT
 *
 * Trust anchors; see tls.h. OpenSSL takes tens of milliseconds to parse the system's bundle, more than all
 * else of a probe. So a process parses it once, whoever asks; children that are forked behind that have it,
 * too. What was read is known by the files it came from: when one of them is another file or was changed, the
 * next who asks reads anew. Connections that are open keep what they were verified with. */
#include "io/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"

struct mu_tls_trust {
    char *ca_file;
    X509_STORE *store; /* NULL until loaded */
};

static struct {
    char *origin; /* the files it was read from, as they were before that */
    X509_STORE *store;
} latest;

static char *origin_of(const char *ca_file);
static X509_STORE *read_anchors(const char *ca_file, struct mu_fail *);

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

enum mu_err mu_tls_trust_load(struct mu_tls_trust *trust, struct mu_fail *fail)
{
    if (trust->store != NULL)
        return MU_OK;
    char *origin = origin_of(trust->ca_file);
    if (latest.origin == NULL || strcmp(latest.origin, origin) != 0) {
        X509_STORE *store = read_anchors(trust->ca_file, fail);
        if (store == NULL) {
            free(origin);
            return MU_CONFIG;
        }
        X509_STORE_free(latest.store);
        free(latest.origin);
        latest.store = store;
        latest.origin = origin;
    } else {
        free(origin);
    }
    X509_STORE_up_ref(latest.store);
    trust->store = latest.store;
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

/* --- where they come from --- */

static const char *from_env(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value ? value : otherwise;
}

static const char *system_file(void)
{
    return from_env(X509_get_default_cert_file_env(), X509_get_default_cert_file());
}

static const char *system_folder(void)
{
    return from_env(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
}

/* By ctime, which nobody can set back. */
static void add_origin(struct mu_buf *text, const char *path)
{
    struct stat st = {.st_ino = 0};
    if (stat(path, &st) != 0)
        st = (struct stat){.st_ino = 0};
    mu_buf_addf(text, "%s %llu:%llu %lld %lld.%09ld\n", path, (unsigned long long)st.st_dev,
                (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_ctim.tv_sec,
                st.st_ctim.tv_nsec);
}

static char *origin_of(const char *ca_file)
{
    struct mu_buf text = {0};
    add_origin(&text, system_file());
    add_origin(&text, system_folder());
    if (ca_file != NULL)
        add_origin(&text, ca_file);
    return mu_buf_take(&text);
}

/* --- reading them --- */

/* The system's bundle and hashed folder, where OpenSSL looks for them; missing ones are no failure:
 * then ca_file alone decides. Not X509_STORE_set_default_paths(): in OpenSSL 3 it also reads the
 * whole folder again for every chain whose root is unknown, which is most of what a probe meets. */
static void load_system(X509_STORE *store)
{
    X509_STORE_load_file(store, system_file());
    X509_STORE_load_path(store, system_folder());
    ERR_clear_error();
}

static bool load_own(X509_STORE *store, const char *ca_file, struct mu_fail *fail)
{
    if (ca_file == NULL || X509_STORE_load_file(store, ca_file) == 1)
        return true;
    unsigned long code = ERR_peek_error();
    const char *reason =
        ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
    mu_fail_set(fail, MU_CONFIG, "tls.ca_file %s: %s; give a PEM file of CA certificates", ca_file,
                reason ? reason : "no certificate in it");
    ERR_clear_error();
    return false;
}

/* NULL: ca_file can't be used. It comes first: one that is broken costs no more than itself. */
static X509_STORE *read_anchors(const char *ca_file, struct mu_fail *fail)
{
    X509_STORE *store = X509_STORE_new();
    if (store == NULL)
        abort();
    if (!load_own(store, ca_file, fail)) {
        X509_STORE_free(store);
        return NULL;
    }
    load_system(store);
    SSL_CTX_free(
        SSL_CTX_new(TLS_client_method())); /* OpenSSL looks up its algorithms at the first */
    /* An intermediate in ca_file is an anchor too, as everywhere in curl. */
    X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    return store;
}
