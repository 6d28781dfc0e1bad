/* SPDX-License-Identifier: MIT
 *
 * The SMTP dialogue; see smtp_session.h. */
#include "lab/smtp_session.h"

#include <ctype.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/name.h"
#include "lab/channel.h"
#include "lab/event.h"
#include "lab/secret.h"

#define PATH_MAX_OCTETS 320 /* RFC 5321 4.5.3.1: 64 + "@" + 255 */
#define ERRORS_MAX      20  /* then the client talks nonsense */

enum mode { COMMANDS, MESSAGE, AUTH_PLAIN, AUTH_USER, AUTH_PASSWORD };

struct mu_lab_smtp_session {
    struct mu_lab_channel *channel;
    struct mu_lab_smtp_host *host;
    struct mu_lab_smtp_session *next;
    enum mode mode;
    bool greeted, tls, authenticated, user_known, has_sender, delivered;
    bool line_cut; /* a line of the message was too long */
    char sender[PATH_MAX_OCTETS + 1];
    json_t *recipients;    /* array of text */
    struct mu_buf message; /* full: too large */
    int errors;
    char said[160]; /* the commands so far, for the event: "EHLO STARTTLS EHLO MAIL RCPT" */
    char last[64];  /* the last reply */
};

typedef struct mu_lab_smtp_session session;

/* ---- what a state says ---- */

static const char *const greetings[MU_LAB_STATE_COUNT] = {
    [MU_LAB_UP] = "220 %s ESMTP muster lab",
    [MU_LAB_BUSY] = "421 4.3.2 %s Service not available, try again later",
    [MU_LAB_REJECT] = "220 %s ESMTP muster lab",
    [MU_LAB_GREYLIST] = "220 %s ESMTP muster lab",
};
static const char *const recipient_answers[MU_LAB_STATE_COUNT] = {
    [MU_LAB_REJECT] = "550 5.1.1 <%s>: Recipient address rejected: User unknown",
    [MU_LAB_GREYLIST] = "450 4.2.0 <%s>: Recipient address rejected: Greylisted, try again later",
};

/* ---- replies ---- */

static void reply(session *s, const char *fmt, ...) MU_PRINTF(2, 3);
static void reply(session *s, const char *fmt, ...)
{
    char line[MU_LIMIT_LAB_LINE];
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(line, sizeof line - 2, fmt, ap);
    va_end(ap);
    if (len < 0)
        return;
    if (len > (int)sizeof line - 3)
        len = (int)sizeof line - 3;
    snprintf(s->last, sizeof s->last, "%.60s", line);
    if (line[0] == '5' && ++s->errors > ERRORS_MAX) {
        static const char enough[] = "421 4.7.0 Too many errors\r\n";
        mu_lab_channel_write(s->channel, enough, sizeof enough - 1);
        mu_lab_channel_finish(s->channel);
        return;
    }
    line[len] = '\r';
    line[len + 1] = '\n';
    mu_lab_channel_write(s->channel, line, (size_t)len + 2);
}

/* Table texts with one %s: kept out of reply()'s format check, checked by hand above. */
static void reply_about(session *s, const char *text, const char *what)
{
    const char *hole = strstr(text, "%s");
    size_t before = hole ? (size_t)(hole - text) : strlen(text);
    reply(s, "%.*s%s%s", (int)before, text, hole ? what : "", hole ? hole + 2 : "");
}

static void forget_mail(session *s)
{
    s->has_sender = s->line_cut = false;
    s->mode = COMMANDS;
    json_array_clear(s->recipients);
    mu_buf_free(&s->message);
}

/* ---- commands ---- */

static void do_helo(session *s, const char *arg)
{
    forget_mail(s);
    if (*arg == '\0') {
        reply(s, "501 5.5.4 Say who you are");
        return;
    }
    s->greeted = true;
    reply(s, "250 %s", s->host->plan->name);
}

static void do_ehlo(session *s, const char *arg)
{
    forget_mail(s);
    if (*arg == '\0') {
        reply(s, "501 5.5.4 Say who you are");
        return;
    }
    s->greeted = true;
    reply(s, "250-%s greets you", s->host->plan->name);
    reply(s, "250-PIPELINING");
    reply(s, "250-SIZE %u", MU_LIMIT_LAB_MESSAGE);
    if (!s->tls)
        reply(s, "250-STARTTLS");
    if (s->tls && s->host->plan->submission)
        reply(s, "250-AUTH PLAIN LOGIN");
    reply(s, "250-ENHANCEDSTATUSCODES");
    reply(s, "250 8BITMIME");
}

static void do_starttls(session *s, const char *arg)
{
    if (*arg != '\0') {
        reply(s, "501 5.5.4 STARTTLS takes no parameter");
    } else if (s->tls) {
        reply(s, "503 5.5.1 TLS is already on");
    } else {
        reply(s, "220 2.0.0 Ready to start TLS");
        forget_mail(s);
        s->tls = true;
        s->greeted = false; /* RFC 3207 4.2: back to the beginning */
        mu_lab_channel_start_tls(s->channel, s->host->tls);
    }
}

static void end_auth(session *s, bool right)
{
    s->mode = COMMANDS;
    s->authenticated = right;
    if (right)
        reply(s, "235 2.7.0 Authentication successful");
    else
        reply(s, "535 5.7.8 Authentication credentials invalid");
}

static bool is_text(const uint8_t *bytes, size_t len, const char *text)
{
    char given[MU_LIMIT_LAB_LINE + 1];
    if (bytes == NULL || len >= sizeof given || memchr(bytes, '\0', len) != NULL)
        return false;
    memcpy(given, bytes, len);
    given[len] = '\0';
    return mu_lab_secret_equal(given, text);
}

/* RFC 4616: [authzid] NUL user NUL password. */
static void take_plain(session *s, const char *text)
{
    size_t len = 0;
    uint8_t *bytes = mu_base64_decode(text, &len);
    uint8_t *user = bytes ? memchr(bytes, '\0', len) : NULL;
    size_t left = user ? len - (size_t)(user - bytes) - 1 : 0;
    uint8_t *password = user ? memchr(user + 1, '\0', left) : NULL;
    bool right =
        password != NULL && is_text(user + 1, (size_t)(password - user) - 1, MU_LAB_RELAY_USER) &&
        is_text(password + 1, len - (size_t)(password - bytes) - 1, s->host->smtp->password);
    free(bytes);
    end_auth(s, right);
}

static void take_login(session *s, const char *text)
{
    size_t len = 0;
    uint8_t *bytes = mu_base64_decode(text, &len);
    if (s->mode == AUTH_USER) {
        s->user_known = is_text(bytes, len, MU_LAB_RELAY_USER);
        s->mode = AUTH_PASSWORD;
        reply(s, "334 UGFzc3dvcmQ6");
    } else {
        end_auth(s, is_text(bytes, len, s->host->smtp->password) && s->user_known);
    }
    free(bytes);
}

static void do_auth(session *s, const char *arg)
{
    if (!s->host->plan->submission || !s->tls || s->authenticated) {
        reply(s, "503 5.5.1 AUTH is not possible here");
    } else if (strncasecmp(arg, "PLAIN ", 6) == 0) {
        take_plain(s, arg + 6);
    } else if (strcasecmp(arg, "PLAIN") == 0) {
        s->mode = AUTH_PLAIN;
        reply(s, "334 ");
    } else if (strncasecmp(arg, "LOGIN ", 6) == 0) {
        s->mode = AUTH_USER;
        take_login(s, arg + 6);
    } else if (strcasecmp(arg, "LOGIN") == 0) {
        s->mode = AUTH_USER;
        reply(s, "334 VXNlcm5hbWU6");
    } else {
        reply(s, "504 5.5.4 Unknown mechanism: PLAIN and LOGIN are known");
    }
}

/* "FROM:<a@b> SIZE=12" → "a@b"; returns what follows ">", NULL when it is no path. */
static const char *read_path(const char *arg, const char *keyword, char *out)
{
    size_t len = strlen(keyword);
    if (strncasecmp(arg, keyword, len) != 0)
        return NULL;
    arg += len;
    arg += strspn(arg, " ");
    const char *end = *arg == '<' ? strchr(arg, '>') : NULL;
    if (end == NULL || (end[1] != '\0' && end[1] != ' ') || end - arg - 1 > PATH_MAX_OCTETS)
        return NULL;
    for (const char *p = arg + 1; p < end; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '<')
            return NULL;
    memcpy(out, arg + 1, (size_t)(end - arg - 1));
    out[end - arg - 1] = '\0';
    return end + 1;
}

static bool announces_too_much(const char *parameters)
{
    for (const char *p = parameters; (p = strchr(p, ' ')) != NULL; p++)
        if (strncasecmp(p + 1, "SIZE=", 5) == 0)
            return strtoull(p + 6, NULL, 10) > MU_LIMIT_LAB_MESSAGE;
    return false;
}

static void do_mail(session *s, const char *arg)
{
    char path[PATH_MAX_OCTETS + 1];
    const char *parameters = read_path(arg, "FROM:", path);
    if (!s->greeted) {
        reply(s, "503 5.5.1 EHLO first");
    } else if (s->has_sender) {
        reply(s, "503 5.5.1 Nested MAIL command");
    } else if (parameters == NULL) {
        reply(s, "501 5.1.7 Syntax: MAIL FROM:<address>");
    } else if (announces_too_much(parameters)) {
        reply(s, "552 5.3.4 Message size exceeds %u", MU_LIMIT_LAB_MESSAGE);
    } else {
        snprintf(s->sender, sizeof s->sender, "%s", path);
        s->has_sender = true;
        reply(s, "250 2.1.0 Ok");
    }
}

/* Our MXs take mail for the lab's own domains, as an MX of a site does. */
static bool is_ours(const char *path)
{
    const char *at = strrchr(path, '@');
    return at != NULL &&
           (strcasecmp(at + 1, "example.com") == 0 || strcasecmp(at + 1, "example.net") == 0);
}

static void do_rcpt(session *s, const char *arg)
{
    char path[PATH_MAX_OCTETS + 1];
    const char *answer = recipient_answers[s->host->state];
    if (!s->has_sender)
        reply(s, "503 5.5.1 MAIL first");
    else if (read_path(arg, "TO:", path) == NULL || path[0] == '\0')
        reply(s, "501 5.1.3 Syntax: RCPT TO:<address>");
    else if (answer != NULL)
        reply_about(s, answer, path);
    else if (!s->host->plan->takes_any && !is_ours(path))
        reply(s, "554 5.7.1 <%s>: Relay access denied", path);
    else if (json_array_size(s->recipients) >= MU_LIMIT_LAB_RCPT)
        reply(s, "452 4.5.3 Too many recipients");
    else {
        json_array_append_new(s->recipients, mu_json_lenient_string(path, strlen(path)));
        reply(s, "250 2.1.5 Ok");
    }
}

static void do_data(session *s, const char *arg)
{
    (void)arg;
    if (json_array_size(s->recipients) == 0) {
        reply(s, "503 5.5.1 No valid recipients");
        return;
    }
    s->mode = MESSAGE;
    s->message.max = MU_LIMIT_LAB_MESSAGE;
    reply(s, "354 End data with <CR><LF>.<CR><LF>");
}

static void do_rset(session *s, const char *arg)
{
    (void)arg;
    forget_mail(s);
    reply(s, "250 2.0.0 Ok");
}

static void do_noop(session *s, const char *arg)
{
    (void)arg;
    reply(s, "250 2.0.0 Ok");
}

static void do_vrfy(session *s, const char *arg)
{
    (void)arg;
    reply(s, "252 2.0.0 Try to send mail to find out");
}

static void do_quit(session *s, const char *arg)
{
    (void)arg;
    reply(s, "221 2.0.0 Bye");
    mu_lab_channel_finish(s->channel);
}

static const struct {
    const char *verb;
    void (*run)(session *, const char *arg);
} commands[] = {
    {"EHLO", do_ehlo}, {"HELO", do_helo}, {"STARTTLS", do_starttls}, {"AUTH", do_auth},
    {"MAIL", do_mail}, {"RCPT", do_rcpt}, {"DATA", do_data},         {"RSET", do_rset},
    {"NOOP", do_noop}, {"VRFY", do_vrfy}, {"QUIT", do_quit},
};

static void note_said(session *s, const char *verb)
{
    size_t len = strlen(s->said);
    snprintf(s->said + len, sizeof s->said - len, "%s%s", len ? " " : "", verb);
}

static void take_command(session *s, const char *text, size_t len, bool cut)
{
    if (cut || memchr(text, '\0', len) != NULL) {
        reply(s, "500 5.5.2 Line too long or not text");
        return;
    }
    size_t verb_len = strcspn(text, " ");
    for (size_t i = 0; i < MU_COUNT(commands); i++) {
        if (strlen(commands[i].verb) != verb_len ||
            strncasecmp(commands[i].verb, text, verb_len) != 0)
            continue;
        note_said(s, commands[i].verb);
        commands[i].run(s, text + verb_len + strspn(text + verb_len, " "));
        return;
    }
    reply(s, "500 5.5.2 Command not recognized");
}

/* ---- the message ---- */

static void end_message(session *s)
{
    if (s->line_cut) {
        reply(s, "554 5.6.0 A line is longer than %d octets", MU_LIMIT_LAB_LINE);
    } else if (s->message.full) {
        reply(s, "552 5.3.4 Message larger than %u octets", MU_LIMIT_LAB_MESSAGE);
    } else {
        mu_lab_inbox_mail(s->host->smtp->inbox, s->host->plan->name, s->sender, s->recipients,
                          mu_buf_text(&s->message), s->message.len);
        s->delivered = true;
        reply(s, "250 2.0.0 Ok: taken into the inbox");
    }
    forget_mail(s);
}

/* A cut line lost its rest, so the message would not be what was sent: it is refused at the end. */
static void take_message_line(session *s, const char *text, size_t len, bool cut)
{
    if (len == 1 && text[0] == '.' && !cut) {
        end_message(s);
        return;
    }
    if (len > 0 && text[0] == '.') {
        text++;
        len--;
    }
    mu_buf_add(&s->message, text, len);
    mu_buf_adds(&s->message, "\r\n");
    s->line_cut = s->line_cut || cut;
}

static void take_auth_line(session *s, const char *text)
{
    if (strcmp(text, "*") == 0) {
        s->mode = COMMANDS;
        reply(s, "501 5.7.0 Authentication cancelled");
    } else if (s->mode == AUTH_PLAIN) {
        take_plain(s, text);
    } else {
        take_login(s, text);
    }
}

static void on_line(void *ud, const char *text, size_t len, bool cut)
{
    session *s = ud;
    if (s->host->state == MU_LAB_HANG || s->host->state == MU_LAB_BUSY)
        return; /* whatever is said */
    if (s->mode == MESSAGE)
        take_message_line(s, text, len, cut);
    else if (s->mode == COMMANDS)
        take_command(s, text, len, cut);
    else
        take_auth_line(s, text);
}

/* ---- life ---- */

static void on_closed(void *ud, const char *why)
{
    session *s = ud;
    struct mu_lab_smtp_host *host = s->host;
    session **p = &host->sessions;
    while (*p != s)
        p = &(*p)->next;
    *p = s->next;
    host->session_count--;
    if (host->state == MU_LAB_HANG)
        mu_lab_event(host->smtp->observer, host->plan->name, "visitor gave up waiting (%s)", why);
    else if (!s->delivered && s->last[0] != '\0')
        mu_lab_event(host->smtp->observer, host->plan->name, "visit: %s%slast reply %s", s->said,
                     s->said[0] ? "; " : "", s->last);
    json_decref(s->recipients);
    mu_buf_free(&s->message);
    free(s);
}

void mu_lab_smtp_session_start(struct mu_lab_smtp_host *host, uv_stream_t *listener)
{
    static const struct mu_lab_channel_ops ops = {.line = on_line, .closed = on_closed};
    session *s = MU_NEW(session);
    s->host = host;
    s->recipients = json_array();
    s->next = host->sessions;
    host->sessions = s;
    host->session_count++;
    host->visits++;
    s->channel = mu_lab_channel_accept(listener, &ops, s);
    if (host->session_count > MU_LIMIT_LAB_SESSIONS) {
        reply(s, "421 4.7.0 %s Too many connections", host->plan->name);
        mu_lab_channel_finish(s->channel);
        return;
    }
    if (greetings[host->state] != NULL)
        reply_about(s, greetings[host->state], host->plan->name);
    if (host->state == MU_LAB_BUSY)
        mu_lab_channel_finish(s->channel);
}

void mu_lab_smtp_sessions_abort(struct mu_lab_smtp_host *host)
{
    for (session *s = host->sessions; s != NULL; s = s->next)
        mu_lab_channel_abort(s->channel, "host changed");
}
