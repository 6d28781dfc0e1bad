/* SPDX-License-Identifier: MIT
 *
 * Signatures of published versions, with the ssh keys that people have: ssh-keygen -Y, namespace
 * "muster-publish". Signed is a text that names everything it stands for, so that a signature is of no
 * use for another version, another role or another person:
 *
 *   muster-publish 1
 *   playbook mx-failover
 *   version 3.0.0
 *   bundle sha256:9f31...
 *   role author
 *   person ana
 *   at 2026-11-20T09:12:00Z                                                                          */
#ifndef MU_PLAYBOOK_SIGNATURE_H
#define MU_PLAYBOOK_SIGNATURE_H

#include <stdint.h>

#include "base/err.h"

#define MU_SIGNATURE_KEY 80 /* "SHA256:..." of a key */

struct mu_signed {
    const char *playbook, *version, *digest;
    const char *role;   /* author, reviewer */
    const char *person; /* name in people{}, and principal in the file of allowed signers */
    int64_t at;         /* wall ms; whole seconds count */
};

/* key: a private key's file, or a public one whose private half an agent holds. ssh-keygen asks for a
 * passphrase on the terminal. *out: the armored signature, free() it. */
enum mu_err mu_signature_make(const struct mu_signed *, const char *key, char **out,
                              struct mu_fail *);
/* signers: a file in the format of ALLOWED SIGNERS in ssh-keygen(1). A key that was removed from it counts no
 * more; one that has expired (valid-before) counts for what it signed before. key_out: the key's fingerprint. */
enum mu_err mu_signature_check(const struct mu_signed *, const char *signature, const char *signers,
                               char key_out[MU_SIGNATURE_KEY], struct mu_fail *);

#endif
