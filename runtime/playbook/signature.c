/* SPDX-License-Identifier: MIT
 *
 * Signatures by ssh-keygen; see signature.h. */
#include "playbook/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"

#define NAMESPACE     "muster-publish"
#define SIGN_WAIT_S   180 /* somebody types a passphrase or touches a key */
#define CHECK_WAIT_S  20
#define SAID_MOST     (64u << 10)
#define SIGNATURE_MIN "-----BEGIN SSH SIGNATURE-----"

static char *text_of(const struct mu_signed *what)
{
    char at[MU_TIME_TEXT];
    return mu_xasprintf(NAMESPACE
                        " 1\nplaybook %s\nversion %s\nbundle sha256:%s\nrole %s\nperson %s\n"
                        "at %s\n",
                        what->playbook, what->version, what->digest, what->role, what->person,
                        mu_time_utc(what->at, at));
}

enum mu_err mu_signature_make(const struct mu_signed *what, const char *key, char **out,
                              struct mu_fail *fail)
{
    char *text = text_of(what);
    const char *const argv[] = {"ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", key, NULL};
    struct mu_child child = {.argv = argv,
                             .input = text,
                             .input_len = strlen(text),
                             .timeout_s = SIGN_WAIT_S,
                             .out = {.max = SAID_MOST},
                             .err = {.max = SAID_MOST}};
    enum mu_err err = access(key, R_OK) == 0
                          ? mu_child_run(&child, fail)
                          : mu_fail_set(fail, MU_USAGE, "the key %.400s can't be read", key);
    if (err == MU_OK && (child.code != 0 || strncmp(mu_buf_text(&child.out), SIGNATURE_MIN,
                                                    strlen(SIGNATURE_MIN)) != 0))
        err = mu_fail_set(fail, MU_USAGE, "%.300s did not sign: %.300s", key,
                          mu_child_complaint(&child));
    *out = err == MU_OK ? mu_buf_take(&child.out) : NULL;
    mu_child_fini(&child);
    free(text);
    return err;
}

/* "Good "muster-publish" signature for ana with ED25519 key SHA256:..." */
static void read_key(const char *said, char key[MU_SIGNATURE_KEY])
{
    const char *found = strstr(said, " key SHA256:");
    size_t len = found ? strcspn(found + 5, " \r\n") : 0;
    snprintf(key, MU_SIGNATURE_KEY, "%.*s", (int)len, found ? found + 5 : "");
}

/* In UTC, as ssh-keygen(1) writes times; with "Z" from OpenSSH 9.1 on. */
static void when(int64_t at, char *out, size_t size)
{
    char utc[MU_TIME_TEXT];
    mu_time_utc(at, utc);
    size_t n = (size_t)snprintf(out, size, "verify-time=");
    for (const char *p = utc; *p && n + 2 < size; p++)
        if (strchr("-:T", *p) == NULL)
            out[n++] = *p;
    out[n] = '\0';
}

enum mu_err mu_signature_check(const struct mu_signed *what, const char *signature,
                               const char *signers, char key_out[MU_SIGNATURE_KEY],
                               struct mu_fail *fail)
{
    char *text = text_of(what), at[64];
    when(what->at, at, sizeof at);
    const char *const argv[] = {"ssh-keygen", "-Y",    "verify", "-n",         NAMESPACE,
                                "-f",         signers, "-I",     what->person, "-s",
                                "/dev/fd/3",  "-O",    at,       NULL};
    struct mu_child child = {.argv = argv,
                             .input = text,
                             .input_len = strlen(text),
                             .files = {{signature, strlen(signature)}},
                             .file_count = 1,
                             .timeout_s = CHECK_WAIT_S,
                             .out = {.max = SAID_MOST},
                             .err = {.max = SAID_MOST}};
    enum mu_err err =
        access(signers, R_OK) == 0
            ? mu_child_run(&child, fail)
            : mu_fail_set(fail, MU_CONFIG,
                          "publish.signers: the file of allowed signers %.400s can't be read",
                          signers);
    if (err == MU_OK) {
        read_key(mu_buf_text(&child.out), key_out);
        if (child.code != 0 || key_out[0] == '\0')
            err = mu_fail_set(fail, MU_REFUSED,
                              "the %s's signature of %.64s@%.64s as %.64s does not hold (%.200s): "
                              "is %.64s's key in %.200s?",
                              what->role, what->playbook, what->version, what->person,
                              mu_child_complaint(&child), what->person, signers);
    }
    mu_child_fini(&child);
    free(text);
    return err;
}
