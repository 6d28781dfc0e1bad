/* SPDX-License-Identifier: MIT
 *
 * Trust anchors that are read once: for whom they count, that children have them, and that a bundle which was
 * changed counts as it is now. Two certificate authorities of the lab sign what is judged. */
#include "io/tls.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/tls.h"

struct authority {
    char folder[32], ca_file[64];
    struct mu_lab_tls *tls;
    SSL_CTX *host; /* with a certificate of it */
};
static struct authority ours, theirs;
static char bundle[64]; /* what stands here is changed */

static void make(struct authority *authority)
{
    struct mu_fail fail;
    snprintf(authority->folder, sizeof authority->folder, "/tmp/muster-trust.XXXXXX");
    assert_non_null(mkdtemp(authority->folder));
    snprintf(authority->ca_file, sizeof authority->ca_file, "%s/ca.pem", authority->folder);
    assert_int_equal(mu_lab_tls_new(authority->folder, &authority->tls, &fail), MU_OK);
    assert_int_equal(
        mu_lab_tls_host(authority->tls, "mx.example.com", "127.0.0.1", &authority->host, &fail),
        MU_OK);
}

static int make_authorities(void **state)
{
    (void)state;
    make(&ours);
    make(&theirs);
    snprintf(bundle, sizeof bundle, "%s/bundle.pem", ours.folder);
    return 0;
}

static int remove_authorities(void **state)
{
    (void)state;
    char command[100];
    mu_lab_tls_free(ours.tls);
    mu_lab_tls_free(theirs.tls);
    SSL_CTX_free(ours.host);
    SSL_CTX_free(theirs.host);
    snprintf(command, sizeof command, "rm -r '%s' '%s'", ours.folder, theirs.folder);
    return system(command); /* NOLINT(cert-env33-c): our own mkdtemp folders */
}

/* Another file of that name, as update-ca-certificates makes it. */
static void put_bundle(const char *from)
{
    char fresh[80], text[16384];
    snprintf(fresh, sizeof fresh, "%s.new", bundle);
    FILE *in = fopen(from, "r"), *out = fopen(fresh, "w");
    assert_true(in && out);
    size_t len = fread(text, 1, sizeof text, in);
    assert_int_equal(fwrite(text, 1, len, out), len);
    fclose(in);
    fclose(out);
    assert_int_equal(rename(fresh, bundle), 0);
}

/* What a connection of a client with this ca_file verifies by; NULL: it would not be made. */
static X509_STORE *store_of(const char *ca_file)
{
    struct mu_tls_trust *trust = mu_tls_trust_new(ca_file);
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    X509_STORE *store = NULL;
    if (mu_tls_trust_apply(NULL, client, trust) == CURLE_OK) {
        store = SSL_CTX_get_cert_store(client);
        X509_STORE_up_ref(store);
    }
    SSL_CTX_free(client);
    mu_tls_trust_free(trust);
    return store;
}

static bool trusts(const char *ca_file, SSL_CTX *host)
{
    X509_STORE *store = store_of(ca_file);
    X509_STORE_CTX *judging = X509_STORE_CTX_new();
    assert_non_null(store);
    assert_int_equal(X509_STORE_CTX_init(judging, store, SSL_CTX_get0_certificate(host), NULL), 1);
    bool good = X509_verify_cert(judging) == 1;
    X509_STORE_CTX_free(judging);
    X509_STORE_free(store);
    return good;
}

static void is_read_once(void **state)
{
    (void)state;
    X509_STORE *first = store_of(ours.ca_file), *second = store_of(ours.ca_file);
    assert_ptr_equal(first, second);
    pid_t child = fork();
    if (child == 0) /* a copy: the same place */
        _exit(store_of(ours.ca_file) == first ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    X509_STORE_free(first);
    X509_STORE_free(second);
}

static void counts_for_who_asked_alone(void **state)
{
    (void)state;
    assert_true(trusts(ours.ca_file, ours.host));
    assert_false(trusts(NULL, ours.host));
    assert_false(trusts(theirs.ca_file, ours.host));
    assert_true(trusts(theirs.ca_file, theirs.host));
    assert_true(trusts(ours.ca_file, ours.host));
}

static void follows_a_changed_file(void **state)
{
    (void)state;
    put_bundle(ours.ca_file);
    assert_true(trusts(bundle, ours.host));
    put_bundle(theirs.ca_file);
    assert_false(trusts(bundle, ours.host));
    assert_true(trusts(bundle, theirs.host));
    assert_int_equal(truncate(bundle, 0), 0); /* the same file, changed */
    assert_null(store_of(bundle));
    assert_int_equal(unlink(bundle), 0);
    assert_null(store_of(bundle));
    put_bundle(ours.ca_file);
    assert_true(trusts(bundle, ours.host));
}

static void follows_the_systems_bundle(void **state)
{
    (void)state;
    put_bundle(ours.ca_file);
    setenv("SSL_CERT_FILE", bundle, 1);
    assert_true(trusts(NULL, ours.host));
    put_bundle(theirs.ca_file);
    assert_false(trusts(NULL, ours.host));
    assert_true(trusts(NULL, theirs.host));
    assert_true(trusts(ours.ca_file, theirs.host)); /* beside one's own */
    unsetenv("SSL_CERT_FILE");
    assert_false(trusts(NULL, theirs.host));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_once),
        cmocka_unit_test(counts_for_who_asked_alone),
        cmocka_unit_test(follows_a_changed_file),
        cmocka_unit_test(follows_the_systems_bundle),
    };
    return cmocka_run_group_tests(tests, make_authorities, remove_authorities);
}
