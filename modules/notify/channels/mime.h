/* SPDX-License-Identifier: MIT
 *
 * A plain-text e-mail message as bytes for DATA. Pure. RFC 5322, 2045, 2047, 3834. */
#ifndef MU_NOTIFY_MIME_H
#define MU_NOTIFY_MIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct mime_message {
    const char *from_label, *from; /* label may be "" */
    const char *to_label, *to;
    const char *subject, *text; /* UTF-8 */
    const char *message_id;     /* local@domain, without brackets */
    const char *thread_id;      /* the message all of one run hang under; "" = none */
    const char *run, *incident; /* "" = none */
    bool urgent;
    int64_t date_ms;
};

/* Appends the message, lines ending in CRLF. */
void mu_notify_mime(const struct mime_message *, struct mu_buf *out);
/* Appends a header's text: as it is when plain ASCII, else as encoded words (RFC 2047) with `gap`
 * between them ("\r\n " folds). Line breaks and controls become blanks: a value can't begin a
 * header. */
void mu_notify_mime_words(struct mu_buf *out, const char *text, const char *gap);

#endif
