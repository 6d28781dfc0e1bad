/* SPDX-License-Identifier: MIT
 *
 * Reading a message for people: its Subject (RFC 2047 words decoded) and its first plain text
 * (base64 and quoted-printable decoded, RFC 2045). Only for showing; the raw bytes are kept beside.
 */
#ifndef MU_LAB_MAIL_H
#define MU_LAB_MAIL_H

#include <stddef.h>

struct mu_lab_mail {
    char *subject, *text; /* never NULL; may hold any bytes but NUL */
};

void mu_lab_mail_read(const char *bytes, size_t len, struct mu_lab_mail *out);
void mu_lab_mail_fini(struct mu_lab_mail *);

#endif
