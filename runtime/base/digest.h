/* SPDX-License-Identifier: MIT
 *
 * SHA-256, HMAC-SHA-256 and base64, over OpenSSL's libcrypto. */
#ifndef MU_BASE_DIGEST_H
#define MU_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"

#define MU_SHA256     32
#define MU_SHA256_HEX 65 /* with the NUL */

struct mu_sha256; /* a running digest; reuse it, making one costs more than a short digest */

struct mu_sha256 *mu_sha256_new(void);
void mu_sha256_free(struct mu_sha256 *);
void mu_sha256_reset(struct mu_sha256 *);
void mu_sha256_add(struct mu_sha256 *, const void *bytes, size_t len);
/* Ends the digest; reset before the next use. */
void mu_sha256_end(struct mu_sha256 *, uint8_t out[MU_SHA256]);

MU_API void mu_sha256_once(const void *bytes, size_t len, uint8_t out[MU_SHA256]);
MU_API void mu_hex(const uint8_t *bytes, size_t len, char *out); /* out holds 2*len+1 */
MU_API void mu_sha256_hex(const void *bytes, size_t len, char out[MU_SHA256_HEX]);
MU_API void mu_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                           uint8_t out[MU_SHA256]);

/* RFC 4648 section 4, with padding, no line breaks. */
MU_API void mu_base64_add(struct mu_buf *, const void *bytes, size_t len);
/* Decodes into a new allocation (free() it); NULL if text is not base64. */
MU_API uint8_t *mu_base64_decode(const char *text, size_t *len);

/* Unpredictable bytes from the kernel; aborts when there are none. Under a simulated clock (base/clock.h) always the
 * same ones: nothing is real there, secrets neither. */
MU_API void mu_random_bytes(void *out, size_t len);

#endif
