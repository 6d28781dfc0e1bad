/* SPDX-License-Identifier: MIT
 *
 * Reading SMTP replies line by line (RFC 5321 4.2, enhanced codes RFC 2034 and 3463). Pure: bytes
 * in, verdict out. Strict about what makes a reply, forgiving about the line end: a bare LF is
 * taken.
 *
 *   250-mx.example at your service     "-": more lines follow, all with the same code
 *   250-SIZE 10240000
 *   250 2.1.0 Sender ok                " " or nothing: the last line; 2.1.0 is the enhanced code */
#ifndef MU_IO_SMTP_REPLY_H
#define MU_IO_SMTP_REPLY_H

#include "base/buf.h"
#include "io/smtp.h"

enum mu_smtp_got {
    MU_SMTP_MORE,  /* the line belongs to a reply that goes on */
    MU_SMTP_WHOLE, /* the line ended a reply */
    MU_SMTP_BROKEN /* the line belongs to no reply: reader->fault says why */
};

struct mu_smtp_reader {
    int code;
    struct mu_buf lines; /* texts without reply codes, joined by "\n"; controls became "?" */
    bool begun;
    const char *fault;
};

/* One line with or without its CRLF. After MU_SMTP_WHOLE the next line begins a new reply. */
enum mu_smtp_got mu_smtp_reader_line(struct mu_smtp_reader *, const char *line, size_t len);
/* The reply that was just completed. */
void mu_smtp_reader_reply(const struct mu_smtp_reader *, struct mu_smtp_reply *out);
/* Appends text of strangers, controls but tabs as "?". */
void mu_smtp_add_tame(struct mu_buf *, const char *text, size_t len);
void mu_smtp_reader_free(struct mu_smtp_reader *);

#endif
