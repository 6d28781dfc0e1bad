/* SPDX-License-Identifier: MIT
 *
 * One accepted connection that speaks in lines: libuv below, TLS in between once asked for, bounded
 * lines up, text down. Knows nothing of SMTP.
 *
 *   socket ─▶ [TLS records ─▶ OpenSSL] ─▶ line buffer ─▶ on_line ... mu_lab_channel_write ─▶ socket
 */
#ifndef MU_LAB_CHANNEL_H
#define MU_LAB_CHANNEL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct mu_lab_channel;

struct mu_lab_channel_ops {
    /* One line without its CRLF (a bare LF ends one too), NUL-terminated; `cut`: it was longer than
     * MU_LIMIT_LAB_LINE and lacks its rest. */
    void (*line)(void *ud, const char *text, size_t len, bool cut);
    /* The connection is over and the channel gone when this returns; called exactly once. */
    void (*closed)(void *ud, const char *why);
};

/* Accepts what waits at the listener; never NULL. A client that is gone already is reported by
 * `closed`, like any other. */
struct mu_lab_channel *mu_lab_channel_accept(uv_stream_t *listener,
                                             const struct mu_lab_channel_ops *, void *ud);
/* "127.0.0.1:40312". */
const char *mu_lab_channel_peer(const struct mu_lab_channel *);
void mu_lab_channel_write(struct mu_lab_channel *, const char *text, size_t len);
/* Forgets what was received and not yet read (RFC 3207 4.2 and CVE-2011-0411: nothing sent in the
 * clear may count as sent under TLS), then begins the handshake. */
void mu_lab_channel_start_tls(struct mu_lab_channel *, SSL_CTX *);
/* Closes once all that was written has left; lines are no longer delivered. */
void mu_lab_channel_finish(struct mu_lab_channel *);
/* Closes now. */
void mu_lab_channel_abort(struct mu_lab_channel *, const char *why);

#endif
