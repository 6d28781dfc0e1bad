/* SPDX-License-Identifier: MIT
 *
 * Signing versions from the shell; see signing.h. */
#include "cli/signing.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/versions.h"

enum mu_err signing_sign(struct mu_cli *cli, const char *key, const char *person,
                         struct mu_signed *what, char **signature, struct mu_fail *fail)
{
    struct mu_publish_rules rules;
    char fingerprint[MU_SIGNATURE_KEY];
    mu_publish_rules(cli->config, &rules);
    *signature = NULL;
    if (rules.signers == NULL)
        return mu_fail_set(fail, MU_USAGE,
                           "muster.lua asks for no signatures: publish = { signers = "
                           "\"allowed_signers\" }");
    if (key == NULL && rules.key == NULL)
        return mu_fail_set(fail, MU_USAGE,
                           "versions are signed here (publish.signers in muster.lua): say with "
                           "which ssh key, --key ~/.ssh/id_ed25519, or set publish.key");
    char *path = key ? mu_xstrdup(key) : mu_publish_path(cli->config, rules.key);
    char *signers = mu_publish_path(cli->config, rules.signers);
    what->person = person;
    what->at = mu_clock_real_ms() / 1000 * 1000;
    enum mu_err err = mu_signature_make(what, path, signature, fail);
    if (err == MU_OK)
        err = mu_signature_check(what, *signature, signers, fingerprint, fail);
    if (err != MU_OK) {
        free(*signature);
        *signature = NULL;
    }
    free(path);
    free(signers);
    return err;
}
