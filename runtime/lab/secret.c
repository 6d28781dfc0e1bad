/* SPDX-License-Identifier: MIT
 *
 * Secrets of the lab; see secret.h. */
#include "lab/secret.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/digest.h"

void mu_lab_secret_make(char out[MU_LAB_SECRET_TEXT])
{
    uint8_t bytes[(MU_LAB_SECRET_TEXT - 1) / 2];
    mu_random_bytes(bytes, sizeof bytes);
    mu_hex(bytes, sizeof bytes, out);
}

bool mu_lab_secret_equal(const char *given, const char *secret)
{
    size_t len = strlen(secret);
    return given != NULL && strlen(given) == len && CRYPTO_memcmp(given, secret, len) == 0;
}
