/* SPDX-License-Identifier: MIT
 *
 * The part of an SMTP session that we speak, over the channel that curl opened (RFC 5321 4.1): one
 * command, its reply, the next command. The whole dialogue is the table of steps.
 *
 *   MAIL ─2xx▶ RCPT… ─▶ DATA ─354▶ message ─▶ QUIT
 *     └─no──────┴─nobody accepted, or nothing to send─▶ [RSET] ─▶ QUIT        421 anywhere: the end
 *
 * The channel is curl's (maybe under TLS) or the bare socket that curl gave up. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/limits.h"
#include "base/mem.h"
#include "io/smtp_session.h"

enum step { STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_MESSAGE, STEP_RESET, STEP_QUIT, STEP_END };

enum { AGAIN = -1, BROKEN = -2 }; /* of send and recv; 0 = the other side closed */

struct channel_ops {
    long (*send)(struct session *, const char *bytes, size_t len);
    long (*recv)(struct session *, char *bytes, size_t len);
};

struct talk {
    uv_poll_t poll;
    struct session *session; /* NULL once the session is gone */
    const struct channel_ops *channel;
    enum step step;
    size_t accepted; /* recipients */
    struct mu_buf out;
    size_t sent;
    char inbox[MU_LIMIT_SMTP_LINE * 2];
    size_t inbox_len;
};

static const struct channel_ops curl_channel, bare_channel;

static void begin(struct session *, enum step);
static void on_ready(uv_poll_t *, int status, int events);

void smtp_talk(struct session *s, bool only_quit)
{
    struct talk *talk = MU_NEW(struct talk);
    talk->session = s;
    talk->channel = s->bare != CURL_SOCKET_BAD ? &bare_channel : &curl_channel;
    curl_socket_t socket = s->bare;
    if (socket == CURL_SOCKET_BAD)
        curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &socket);
    int err = uv_poll_init_socket(mu_loop_uv(s->client->loop), &talk->poll, socket);
    if (err != 0) {
        free(talk);
        smtp_fail(s, MU_INTERNAL, "socket %d can't be watched: %s", (int)socket, uv_strerror(err));
        smtp_end(s);
        return;
    }
    s->talk = talk;
    begin(s, only_quit || s->mail_from == NULL ? STEP_QUIT : STEP_MAIL);
}

static void on_talk_closed(uv_handle_t *handle)
{
    struct talk *talk = (struct talk *)handle;
    mu_buf_free(&talk->out);
    free(talk);
}

void smtp_talk_free(struct session *s)
{
    if (s->talk == NULL)
        return;
    s->talk->session = NULL;
    uv_close((uv_handle_t *)&s->talk->poll, on_talk_closed);
    s->talk = NULL;
}

/* --- channels --- */

static long curl_send(struct session *s, const char *bytes, size_t len)
{
    size_t sent = 0;
    CURLcode code = curl_easy_send(s->easy, bytes, len, &sent);
    return code == CURLE_OK ? (long)sent : code == CURLE_AGAIN ? AGAIN : BROKEN;
}

static long curl_recv(struct session *s, char *bytes, size_t len)
{
    size_t got = 0;
    CURLcode code = curl_easy_recv(s->easy, bytes, len, &got);
    return code == CURLE_OK ? (long)got : code == CURLE_AGAIN ? AGAIN : BROKEN;
}

static long verdict(ssize_t count)
{
    if (count >= 0)
        return (long)count;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? AGAIN : BROKEN;
}

static long bare_send(struct session *s, const char *bytes, size_t len)
{
    return verdict(send(s->bare, bytes, len, MSG_NOSIGNAL));
}

static long bare_recv(struct session *s, char *bytes, size_t len)
{
    return verdict(recv(s->bare, bytes, len, 0));
}

static const struct channel_ops curl_channel = {.send = curl_send, .recv = curl_recv};
static const struct channel_ops bare_channel = {.send = bare_send, .recv = bare_recv};

/* --- the steps --- */

static bool all_ascii(const char *text)
{
    while (*text > 0)
        text++;
    return *text == '\0';
}

static void write_mail(struct session *s, struct mu_buf *out)
{
    bool utf8 = !all_ascii(s->mail_from);
    for (size_t i = 0; i < s->rcpt_asked; i++)
        utf8 = utf8 || !all_ascii(s->rcpt[i]);
    mu_buf_addf(out, "MAIL FROM:<%s>", s->mail_from);
    if (s->data != NULL && !all_ascii(s->data) && smtp_capability(s, "8BITMIME") != NULL)
        mu_buf_adds(out, " BODY=8BITMIME"); /* RFC 6152 */
    if (utf8 && smtp_capability(s, "SMTPUTF8") != NULL)
        mu_buf_adds(out, " SMTPUTF8"); /* RFC 6531 */
    mu_buf_adds(out, "\r\n");
}

static void write_rcpt(struct session *s, struct mu_buf *out)
{
    mu_buf_addf(out, "RCPT TO:<%s>\r\n", s->rcpt[s->result.rcpt_count]);
}

static void write_data(struct session *s, struct mu_buf *out)
{
    (void)s;
    mu_buf_adds(out, "DATA\r\n");
}

/* Every kind of line end becomes CRLF, a dot at the start of a line is doubled (RFC 5321 4.5.2):
 * what looks like the end of the message to one server and not to another never leaves (smuggling).
 */
static void write_message(struct session *s, struct mu_buf *out)
{
    const char *at = s->data;
    while (*at != '\0') {
        size_t len = strcspn(at, "\r\n");
        if (*at == '.')
            mu_buf_addc(out, '.');
        mu_buf_add(out, at, len);
        mu_buf_adds(out, "\r\n");
        at += len;
        if (at[0] == '\r' && at[1] == '\n')
            at++;
        at += *at != '\0';
    }
    mu_buf_adds(out, ".\r\n");
}

static void write_reset(struct session *s, struct mu_buf *out)
{
    (void)s;
    mu_buf_adds(out, "RSET\r\n");
}

static void write_quit(struct session *s, struct mu_buf *out)
{
    (void)s;
    mu_buf_adds(out, "QUIT\r\n");
}

static enum step after_rcpts(const struct session *s)
{
    if (s->result.rcpt_count < s->rcpt_asked)
        return STEP_RCPT;
    return s->data != NULL && s->talk->accepted > 0 ? STEP_DATA : STEP_RESET;
}

static enum step after_mail(const struct session *s, int code)
{
    return code / 100 == 2 ? after_rcpts(s) : STEP_QUIT;
}

static enum step after_rcpt(const struct session *s, int code)
{
    s->talk->accepted += code / 100 == 2;
    return after_rcpts(s);
}

static enum step after_data(const struct session *s, int code)
{
    (void)s;
    return code == 354 ? STEP_MESSAGE : STEP_RESET;
}

static enum step then_quit(const struct session *s, int code)
{
    (void)s, (void)code;
    return STEP_QUIT;
}

static enum step then_end(const struct session *s, int code)
{
    (void)s, (void)code;
    return STEP_END;
}

static const struct {
    enum mu_smtp_phase phase;
    void (*write)(struct session *, struct mu_buf *out);
    enum step (*after)(const struct session *, int code);
} steps[] = {
    [STEP_MAIL] = {MU_SMTP_MAIL, write_mail, after_mail},
    [STEP_RCPT] = {MU_SMTP_RCPT, write_rcpt, after_rcpt},
    [STEP_DATA] = {MU_SMTP_DATA, write_data, after_data},
    [STEP_MESSAGE] = {MU_SMTP_DATA, write_message, then_quit},
    [STEP_RESET] = {MU_SMTP_QUIT, write_reset, then_quit},
    [STEP_QUIT] = {MU_SMTP_QUIT, write_quit, then_end},
};

/* --- sending --- */

static void note_command(struct session *s, const struct talk *talk)
{
    char text[64];
    if (talk->step != STEP_MESSAGE) {
        smtp_note(s, 'C', talk->out.data, talk->out.len);
        return;
    }
    int len = snprintf(text, sizeof text, "(message, %zu octets)", talk->out.len);
    smtp_note(s, 'C', text, (size_t)len);
}

/* In QUIT all is known: a server that is gone by then did nothing wrong. */
static void lost(struct session *s, const char *how)
{
    if (s->phase != MU_SMTP_QUIT)
        smtp_fail(s, MU_NET, "the server closed the connection%s", how);
    smtp_end(s);
}

/* False when the session has ended. */
static bool flush(struct session *s)
{
    struct talk *talk = s->talk;
    while (talk->sent < talk->out.len) {
        long count =
            talk->channel->send(s, talk->out.data + talk->sent, talk->out.len - talk->sent);
        if (count == AGAIN)
            break;
        if (count <= 0) {
            lost(s, " while we were sending");
            return false;
        }
        talk->sent += (size_t)count;
    }
    bool all = talk->sent == talk->out.len;
    if (all && talk->step == STEP_MESSAGE)
        s->result.sent = true;
    uv_poll_start(&talk->poll, all ? UV_READABLE : UV_READABLE | UV_WRITABLE, on_ready);
    return true;
}

static void begin(struct session *s, enum step step)
{
    struct talk *talk = s->talk;
    if (step == STEP_END) {
        smtp_end(s);
        return;
    }
    talk->step = step;
    talk->sent = 0;
    mu_buf_reset(&talk->out);
    steps[step].write(s, &talk->out);
    smtp_enter(s, steps[step].phase);
    note_command(s, talk);
    if (talk->out.full) {
        smtp_fail(s, MU_USAGE, "the message is larger than %u MiB", MU_LIMIT_BUF >> 20);
        smtp_end(s);
        return;
    }
    flush(s);
}

/* --- receiving --- */

static void answered(struct session *s, const struct mu_smtp_reply *reply)
{
    begin(s, reply->code == 421 ? STEP_END : steps[s->talk->step].after(s, reply->code));
}

/* Takes whole lines out of the inbox. False when there is none left, or the session has ended. */
static bool take_reply(struct talk *talk)
{
    struct session *s = talk->session;
    struct mu_smtp_reply reply;
    const char *end = memchr(talk->inbox, '\n', talk->inbox_len);
    if (end == NULL && talk->inbox_len < sizeof talk->inbox)
        return false;
    size_t len = end ? (size_t)(end - talk->inbox) + 1 : talk->inbox_len;
    enum mu_smtp_got got = smtp_take_line(s, talk->inbox, len, &reply);
    memmove(talk->inbox, talk->inbox + len, talk->inbox_len - len);
    talk->inbox_len -= len;
    if (got == MU_SMTP_BROKEN)
        smtp_end(s);
    else if (got == MU_SMTP_WHOLE)
        answered(s, &reply);
    return got != MU_SMTP_BROKEN;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct talk *talk = (struct talk *)poll;
    (void)status; /* an error of the socket comes out of recv */
    if ((events & UV_WRITABLE) && !flush(talk->session))
        return;
    while (talk->session != NULL) {
        long count = talk->channel->recv(talk->session, talk->inbox + talk->inbox_len,
                                         sizeof talk->inbox - talk->inbox_len);
        if (count == AGAIN)
            return;
        if (count <= 0) {
            lost(talk->session, talk->session->reader.begun || talk->inbox_len > 0
                                    ? " in the middle of a reply"
                                    : "");
            return;
        }
        talk->inbox_len += (size_t)count;
        while (talk->session != NULL && take_reply(talk))
            ;
    }
}
