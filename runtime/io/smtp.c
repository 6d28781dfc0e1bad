/* SPDX-License-Identifier: MIT
 *
 * The life of an SMTP session: the request checked and copied, one phase after the other with its
 * clock and its timeout, the result told once. Which words are exchanged is not known here.
 *
 *   CONNECT ─▶ GREETING ─▶ EHLO ─▶ STARTTLS ─▶ EHLO ─▶ AUTH ─▶ MAIL ─▶ RCPT… ─▶ DATA ─▶ QUIT
 *                 └───────────┴────────┴──── a refusal goes to QUIT, silence and garbage to the end
 */
#include "io/smtp.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/redact.h"
#include "io/smtp_session.h"

#define CONNECT_TIMEOUT_MS 10000
#define PHASE_TIMEOUT_MS   15000
#define QUIT_TIMEOUT_MS    5000 /* all is known by then: only politeness is left */

#define TO(phase) (1u << MU_SMTP_##phase)
static const struct {
    const char *name;
    unsigned next; /* phases that may follow */
} phases[MU_SMTP_PHASES] = {
    [MU_SMTP_CONNECT] = {"connect", TO(GREETING)},
    [MU_SMTP_GREETING] = {"greeting", TO(EHLO) | TO(QUIT)},
    [MU_SMTP_EHLO] = {"ehlo", TO(EHLO) | TO(STARTTLS) | TO(AUTH) | TO(MAIL) | TO(QUIT)},
    [MU_SMTP_STARTTLS] = {"starttls", TO(EHLO) | TO(MAIL) | TO(QUIT)},
    [MU_SMTP_AUTH] = {"auth", TO(AUTH) | TO(MAIL) | TO(QUIT)},
    [MU_SMTP_MAIL] = {"mail", TO(RCPT) | TO(QUIT)},
    [MU_SMTP_RCPT] = {"rcpt", TO(RCPT) | TO(DATA) | TO(QUIT)},
    [MU_SMTP_DATA] = {"data", TO(DATA) | TO(QUIT)},
    [MU_SMTP_QUIT] = {"quit", TO(QUIT)},
};
#undef TO

static enum mu_err take_request(struct session *, const struct mu_smtp_request *);
static void arm_connect(struct session *);
static void cancel(struct mu_op *);
static void on_refused(void *session);
static void session_free(struct session *);

static const struct mu_op_class smtp_class = {.name = "smtp", .cancel = cancel};

struct mu_smtp *mu_smtp_new(struct mu_loop *loop, const char *ca_file, const char *helo)
{
    struct mu_smtp *client = MU_NEW(struct mu_smtp);
    client->loop = loop;
    client->trust = mu_tls_trust_new(ca_file);
    client->helo = mu_xstrdup(helo && *helo ? helo : "localhost");
    return client;
}

void mu_smtp_free(struct mu_smtp *client)
{
    if (client == NULL)
        return;
    mu_tls_trust_free(client->trust);
    free(client->helo);
    free(client);
}

const char *mu_smtp_phase_name(enum mu_smtp_phase phase)
{
    return phase < MU_SMTP_PHASES ? phases[phase].name : "unknown";
}

struct mu_op *mu_smtp_start(struct mu_smtp *client, const struct mu_smtp_request *request,
                            mu_smtp_cb *cb, void *ud)
{
    struct session *s = MU_NEW(struct session);
    s->op.class = &smtp_class;
    s->client = client;
    s->cb = cb;
    s->ud = ud;
    s->bare = s->socket = CURL_SOCKET_BAD;
    s->refused = MU_SMTP_QUIT;
    s->transcript.max = MU_LIMIT_TRANSCRIPT;
    s->capability_text.max = MU_LIMIT_SMTP_REPLY;
    for (int phase = 1; phase < MU_SMTP_PHASES; phase++)
        s->spent_us[phase] = -1;
    s->started_us = s->phase_us = mu_clock_mono_us();
    if (take_request(s, request) == MU_OK && smtp_open(s) == MU_OK)
        arm_connect(s);
    else /* never from inside here: op.h */
        s->timer = mu_timer_start(client->loop, 0, on_refused, s);
    return &s->op;
}

/* --- the request --- */

/* What goes into a command must not hold a second one. */
static bool one_line(const char *text)
{
    return text == NULL || strpbrk(text, "\r\n") == NULL;
}

static enum mu_err check_request(struct session *s, const struct mu_smtp_request *request)
{
    if (request->addr == NULL)
        return mu_fail_set(&s->fail, MU_USAGE, "an SMTP session needs an address");
    bool fine = one_line(request->helo) && one_line(request->user) && one_line(request->mail_from);
    size_t count = 0;
    for (; request->rcpt != NULL && request->rcpt[count] != NULL; count++)
        fine = fine && one_line(request->rcpt[count]);
    if (!fine || (request->helo && strpbrk(request->helo, " \t")))
        return mu_fail_set(&s->fail, MU_USAGE, "a line break in helo, user, sender or recipient");
    if (count > MU_LIMIT_SMTP_RCPT)
        return mu_fail_set(&s->fail, MU_USAGE, "%zu recipients; one session takes %d", count,
                           MU_LIMIT_SMTP_RCPT);
    if (request->user != NULL && request->tls == MU_SMTP_TLS_NONE)
        return mu_fail_set(&s->fail, MU_USAGE,
                           "a password is not sent without TLS: set tls to \"require\"");
    s->rcpt_asked = count;
    return MU_OK;
}

static char *copy(const char *text)
{
    return text ? mu_xstrdup(text) : NULL;
}

static enum mu_err take_request(struct session *s, const struct mu_smtp_request *request)
{
    char peer[MU_ADDR_TEXT] = "";
    if (check_request(s, request) != MU_OK)
        return s->fail.class;
    s->peer = mu_xstrdup(mu_addr_text(request->addr, true, peer));
    s->host = mu_xstrdup(
        request->host && *request->host ? request->host : mu_addr_text(request->addr, false, peer));
    s->helo = mu_xstrdup(request->helo && *request->helo ? request->helo : s->client->helo);
    s->user = copy(request->user);
    s->password = copy(request->password);
    s->mail_from = copy(request->mail_from);
    s->data = copy(request->data);
    s->rcpt = mu_xcalloc(s->rcpt_asked + 1, sizeof *s->rcpt);
    s->rcpt_replies = mu_xcalloc(s->rcpt_asked + 1, sizeof *s->rcpt_replies);
    for (size_t i = 0; i < s->rcpt_asked; i++)
        s->rcpt[i] = mu_xstrdup(request->rcpt[i]);
    /* A password may only travel under TLS, so with one "try" means "require". */
    s->tls = request->user ? MU_SMTP_TLS_REQUIRE : request->tls;
    s->verify = request->verify;
    s->connect_timeout_ms =
        request->connect_timeout_ms > 0 ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    s->phase_timeout_ms =
        request->phase_timeout_ms > 0 ? request->phase_timeout_ms : PHASE_TIMEOUT_MS;
    return MU_OK;
}

/* --- phases --- */

static void on_timeout(void *);

static void arm(struct session *s, int64_t ms)
{
    mu_timer_cancel(s->timer);
    s->timer = mu_timer_start(s->client->loop, ms, on_timeout, s);
}

static int64_t timeout_of(const struct session *s, enum mu_smtp_phase phase)
{
    if (phase == MU_SMTP_QUIT && s->phase_timeout_ms > QUIT_TIMEOUT_MS)
        return QUIT_TIMEOUT_MS;
    return s->phase_timeout_ms;
}

static void enter_at(struct session *s, enum mu_smtp_phase phase, int64_t now_us)
{
    assert(phases[s->phase].next & (1u << phase));
    mu_debug("io.smtp", "%s: %s -> %s", s->peer, phases[s->phase].name, phases[phase].name);
    s->spent_us[s->phase] += now_us - s->phase_us;
    if (s->spent_us[phase] < 0)
        s->spent_us[phase] = 0;
    s->phase = phase;
    s->phase_us = now_us;
    arm(s, timeout_of(s, phase) - (mu_clock_mono_us() - now_us) / 1000);
}

void smtp_enter(struct session *s, enum mu_smtp_phase phase)
{
    enter_at(s, phase, mu_clock_mono_us());
}

void smtp_notice_connected(struct session *s)
{
    curl_off_t us = 0;
    if (s->phase != MU_SMTP_CONNECT || s->easy == NULL)
        return;
    curl_easy_getinfo(s->easy, CURLINFO_CONNECT_TIME_T, &us);
    if (us > 0)
        enter_at(s, MU_SMTP_GREETING, s->started_us + us);
}

/* Not yet connected, or so it seemed at the last look: looked at again before either timeout can
 * have passed, so that a greeting that never comes is noticed on time. */
static void arm_connect(struct session *s)
{
    int64_t left = s->connect_timeout_ms - (mu_clock_mono_us() - s->started_us) / 1000;
    arm(s, left < s->phase_timeout_ms ? left : s->phase_timeout_ms);
}

static bool connecting(struct session *s)
{
    if (s->phase != MU_SMTP_CONNECT)
        return false;
    smtp_notice_connected(s);
    if (s->phase != MU_SMTP_CONNECT) /* the greeting's timeout is armed now */
        return mu_clock_mono_us() - s->phase_us < s->phase_timeout_ms * (int64_t)1000;
    if (mu_clock_mono_us() - s->started_us >= s->connect_timeout_ms * (int64_t)1000)
        return false;
    arm_connect(s);
    return true;
}

static void on_timeout(void *ud)
{
    struct session *s = ud;
    s->timer = NULL;
    if (connecting(s))
        return;
    s->result.timed_out = s->phase != MU_SMTP_QUIT;
    if (s->phase == MU_SMTP_CONNECT)
        smtp_fail(s, MU_NET, "no connection within %d ms", s->connect_timeout_ms);
    else if (s->phase != MU_SMTP_QUIT)
        smtp_fail(s, MU_NET, "%s within %d ms",
                  s->reader.begun ? "an unfinished reply" : "no reply", s->phase_timeout_ms);
    smtp_end(s);
}

/* --- what comes of it --- */

void smtp_fail(struct session *s, enum mu_err class, const char *fmt, ...)
{
    struct mu_fail what;
    if (s->fail.class != MU_OK)
        return;
    va_list ap;
    va_start(ap, fmt);
    mu_fail_setv(&what, class, fmt, ap);
    va_end(ap);
    mu_fail_set(&s->fail, class, "%s: %s: %s", s->peer, phases[s->phase].name, what.text);
    s->failed = s->phase;
}

void smtp_note(struct session *s, char side, const char *text, size_t len)
{
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    mu_buf_addf(&s->transcript, "%c: ", side);
    mu_smtp_add_tame(&s->transcript, text, len);
    mu_buf_addc(&s->transcript, '\n');
}

static struct mu_smtp_reply *slot(struct session *s)
{
    switch (s->phase) {
    case MU_SMTP_GREETING:
        return &s->result.greeting;
    case MU_SMTP_EHLO:
        return &s->result.ehlo;
    case MU_SMTP_STARTTLS:
        return &s->result.starttls;
    case MU_SMTP_MAIL:
        return &s->result.mail;
    case MU_SMTP_RCPT:
        return &s->rcpt_replies[s->result.rcpt_count < s->rcpt_asked ? s->result.rcpt_count++ : 0];
    case MU_SMTP_DATA:
        return &s->result.data;
    case MU_SMTP_QUIT:
        return &s->result.quit;
    default:
        return &s->auth;
    }
}

enum mu_smtp_got smtp_take_line(struct session *s, const char *line, size_t len,
                                struct mu_smtp_reply *reply)
{
    bool challenge = s->phase == MU_SMTP_AUTH && len >= 3 && memcmp(line, "334", 3) == 0;
    smtp_note(s, 'S', challenge ? "334 [hidden]" : line, challenge ? 12 : len);
    enum mu_smtp_got got = mu_smtp_reader_line(&s->reader, line, len);
    if (got == MU_SMTP_BROKEN)
        smtp_fail(s, MU_PROTO, "the server sent %s", s->reader.fault);
    if (got != MU_SMTP_WHOLE)
        return got;
    mu_smtp_reader_reply(&s->reader, reply);
    if (s->phase != MU_SMTP_EHLO || s->result.ehlo.code == 0 || reply->code / 100 == 2)
        *slot(s) = *reply; /* a refused HELO does not hide why EHLO was refused */
    if (reply->code >= 400 && s->refused == MU_SMTP_QUIT)
        s->refused = s->phase;
    else if (s->phase == MU_SMTP_EHLO && s->refused == MU_SMTP_EHLO && reply->code / 100 == 2)
        s->refused = MU_SMTP_QUIT; /* HELO will do */
    return got;
}

const char *smtp_capability(const struct session *s, const char *keyword)
{
    size_t len = strlen(keyword);
    const char *line = mu_buf_text(&s->capability_text);
    for (const char *end = line + s->capability_text.len; line < end; line += strlen(line) + 1)
        if (strncasecmp(line, keyword, len) == 0 && (line[len] == '\0' || line[len] == ' '))
            return line + len + (line[len] == ' ');
    return NULL;
}

/* --- the end --- */

static const char **capability_list(const struct mu_buf *text)
{
    size_t count = 0, i = 0;
    for (size_t at = 0; at < text->len; at++)
        count += text->data[at] == '\0';
    const char **list = mu_xcalloc(count + 1, sizeof *list);
    for (const char *line = text->data; i < count; line += strlen(line) + 1)
        list[i++] = line;
    return list;
}

static void deliver(struct session *s)
{
    struct mu_smtp_result *result = &s->result;
    int64_t now_us = mu_clock_mono_us();
    char *why = s->fail.class != MU_OK ? mu_redact_text(s->fail.text) : NULL;
    const char **capabilities = capability_list(&s->capability_text);
    s->spent_us[s->phase] += now_us - s->phase_us;
    for (int phase = 0; phase < MU_SMTP_PHASES; phase++)
        result->phase_ms[phase] = s->spent_us[phase] < 0 ? -1 : s->spent_us[phase] / 1000;
    result->ms = (now_us - s->started_us) / 1000;
    result->err = s->fail.class;
    result->phase = s->fail.class != MU_OK ? s->failed : s->refused;
    result->why = why;
    result->rcpt = s->rcpt_replies;
    result->capabilities = capabilities;
    result->transcript = mu_buf_text(&s->transcript);
    mu_debug("io.smtp", "%s: %s in %lld ms", s->peer ? s->peer : "", why ? why : "done",
             (long long)result->ms);
    s->cb(result, s->ud);
    free(capabilities);
    free(why);
}

void smtp_end(struct session *s)
{
    mu_timer_cancel(s->timer);
    s->timer = NULL;
    deliver(s);
    session_free(s);
}

static void on_refused(void *ud)
{
    struct session *s = ud;
    s->timer = NULL;
    smtp_end(s);
}

static void cancel(struct mu_op *op)
{
    session_free((struct session *)op);
}

static void forget(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static void session_free(struct session *s)
{
    s->ending = true;
    mu_timer_cancel(s->timer);
    smtp_talk_free(s);
    smtp_shut(s);
    mu_smtp_reader_free(&s->reader);
    mu_buf_free(&s->transcript);
    mu_buf_free(&s->capability_text);
    json_decref(s->result.certificate);
    json_decref(s->result.chain);
    for (size_t i = 0; i < s->rcpt_asked && s->rcpt != NULL; i++)
        free(s->rcpt[i]);
    free(s->rcpt);
    free(s->rcpt_replies);
    free(s->host);
    free(s->peer);
    free(s->helo);
    forget(s->user);
    forget(s->password);
    free(s->mail_from);
    free(s->data);
    free(s);
}
