/* SPDX-License-Identifier: MIT
 *
 * E-mail through a relay that has nothing to do with the domains we watch: a message about an
 * outage of example.com is refused when relay, From or recipient lie in example.com, because it
 * would wait in the very queue it tells of.
 *
 *   relay's addresses (io/dns) ─▶ first that connects (io/smtp): EHLO, STARTTLS, AUTH, MAIL, RCPT,
 *                                 DATA
 *
 *   channels = { relay = { kind = "email", relay = "mail.oncall.example:587",
 *                          from = "muster@oncall.example", user = "muster",
 *                          password = secret.file "relay", tls = "require" } }
 *   tls:           require (verified; default), try, none
 *   contact point  "relay:ana@oncall.example"
 *
 * The Message-ID comes from the key, so that stores which drop doubles can. Not all do: the channel
 * does not count as keyed. */
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/excerpt.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "io/dns.h"
#include "io/smtp.h"
#include "notify/channel.h"
#include "notify/channels/mime.h"

#define SUBMISSION_PORT "587" /* RFC 6409 */
#define MAILBOX_TEXT    (320 + MU_NAME_TEXT)
#define ADDRESSES_MAX   8   /* of one relay that are tried */
#define SAID_MOST       160 /* octets of a reply that are repeated */

struct relay {
    char host[MU_NAME_TEXT];
    uint16_t port;
};

struct session {
    struct mu_op op;
    const struct mu_host *host;
    struct mu_op *step; /* the lookup, then the SMTP session */
    struct relay relay;
    struct sockaddr_storage addresses[ADDRESSES_MAX];
    size_t count, next;
    enum mu_smtp_tls tls;
    const char *user, *password; /* borrowed from configuration */
    bool look;                   /* no MAIL: only see that it would work */
    char from[MAILBOX_TEXT], to[MAILBOX_TEXT];
    char *data;
    int timeout_ms;
    char id[160];
    channel_done *done;
    void *ud;
};

static const struct {
    const char *name;
    enum mu_smtp_tls tls;
} tls_modes[] = {
    {"require", MU_SMTP_TLS_REQUIRE}, {"try", MU_SMTP_TLS_TRY}, {"none", MU_SMTP_TLS_NONE}};

static void on_addresses(const struct mu_dns_addresses *, void *ud);
static void try_next(struct session *);

/* --- configuration --- */

static bool read_tls(const struct channel *channel, enum mu_smtp_tls *out)
{
    const char *mode = mu_json_str(channel->config, "tls", "require");
    for (size_t i = 0; i < MU_COUNT(tls_modes); i++)
        if (strcmp(tls_modes[i].name, mode) == 0) {
            *out = tls_modes[i].tls;
            return true;
        }
    return false;
}

/* "mail.example.net:587", "192.0.2.1", "[2001:db8::1]:25" */
static enum mu_err read_relay(const struct channel *channel, struct relay *out,
                              struct mu_fail *fail)
{
    const char *text = mu_json_str(channel->config, "relay", "");
    bool bracket = text[0] == '[';
    const char *start = text + bracket;
    size_t len = strcspn(start, bracket ? "]" : ":");
    const char *rest = start + len + (bracket && start[len] == ']');
    const char *port_text = rest[0] == ':' ? rest + 1 : SUBMISSION_PORT;
    char *end;
    unsigned long port = strtoul(port_text, &end, 10);
    bool good = len > 0 && len < sizeof out->host && port > 0 && port < 65536 &&
                (rest[0] == '\0' || rest[0] == ':') && isdigit((unsigned char)port_text[0]) &&
                *end == '\0';
    if (!good)
        return mu_fail_set(fail, MU_CONFIG,
                           "channels.%s.relay in muster.lua: expected \"host:587\", got \"%.80s\"",
                           channel->name, text);
    snprintf(out->host, sizeof out->host, "%.*s", (int)len, start);
    for (char *p = out->host; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    out->port = (uint16_t)port;
    if (port == 465)
        return mu_fail_set(fail, MU_CONFIG,
                           "channels.%s.relay in muster.lua: port 465 begins with TLS, which is "
                           "not spoken here; use 587",
                           channel->name);
    return MU_OK;
}

static enum mu_err read_mailbox(const struct channel *channel, const char *what, const char *typed,
                                char out[MAILBOX_TEXT], struct mu_fail *fail)
{
    struct mu_fail why;
    enum mu_err err = mu_name_mailbox(typed, out, &why);
    for (const char *p = typed; err == MU_OK && *p != '\0' && *p != '@'; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p > 0x7e || *p == '<' || *p == '>')
            err = mu_fail_set(&why, MU_USAGE,
                              "no character but visible ASCII may stand before the @");
    if (err != MU_OK)
        return mu_fail_set(fail, MU_CONFIG, "channel %s, %s \"%.100s\": %.300s", channel->name,
                           what, typed, why.text);
    return MU_OK;
}

static enum mu_err check_login(const struct mu_host *host, const struct channel *channel,
                               enum mu_smtp_tls tls, struct mu_fail *fail)
{
    bool user = mu_json_get(channel->config, "user") != NULL;
    bool password = mu_json_get(channel->config, "password") != NULL;
    if (user != password)
        return mu_fail_set(fail, MU_CONFIG,
                           "channels.%s in muster.lua: user and password go together",
                           channel->name);
    if (user && tls != MU_SMTP_TLS_REQUIRE)
        return mu_fail_set(fail, MU_CONFIG,
                           "channels.%s in muster.lua: a password is only sent under verified TLS; "
                           "set tls = \"require\"",
                           channel->name);
    if (user && (mu_notify_channel_text(host, channel, "user") == NULL ||
                 mu_notify_channel_text(host, channel, "password") == NULL))
        return mu_fail_set(
            fail, MU_CONFIG,
            "channels.%s.password in muster.lua is unknown: its file is missing or unreadable",
            channel->name);
    return MU_OK;
}

static enum mu_err check(const struct mu_host *host, const struct channel *channel,
                         struct mu_fail *fail)
{
    char mailbox[MAILBOX_TEXT];
    struct relay relay;
    enum mu_smtp_tls tls;
    if (!read_tls(channel, &tls))
        return mu_fail_set(fail, MU_CONFIG,
                           "channels.%s.tls in muster.lua: write \"require\", \"try\" or \"none\"",
                           channel->name);
    enum mu_err err = read_relay(channel, &relay, fail);
    if (err == MU_OK)
        err =
            read_mailbox(channel, "from", mu_json_str(channel->config, "from", ""), mailbox, fail);
    return err == MU_OK ? check_login(host, channel, tls, fail) : err;
}

static enum mu_err check_address(const struct channel *channel, struct mu_fail *fail)
{
    char mailbox[MAILBOX_TEXT];
    return read_mailbox(channel, "address", channel->address, mailbox, fail);
}

static enum mu_err in_failing(const struct channel *channel, const char *what, const char *name,
                              const char *failing, struct mu_fail *fail)
{
    if (!mu_name_typed_within(name, failing))
        return MU_OK;
    return mu_fail_set(fail, MU_REFUSED,
                       "channel %s: the %s %s lies in %s, which is what fails: this e-mail would "
                       "not arrive; use a %s outside it",
                       channel->name, what, name, failing, what);
}

static enum mu_err loops(const struct channel *channel, const char *failing, struct mu_fail *fail)
{
    char from[MAILBOX_TEXT], to[MAILBOX_TEXT];
    struct relay relay;
    enum mu_err err = read_relay(channel, &relay, fail);
    if (err == MU_OK)
        err = read_mailbox(channel, "from", mu_json_str(channel->config, "from", ""), from, fail);
    if (err == MU_OK)
        err = in_failing(channel, "relay", relay.host, failing, fail);
    if (err == MU_OK)
        err = in_failing(channel, "sender", strrchr(from, '@') + 1, failing, fail);
    if (err != MU_OK || channel->address[0] == '\0')
        return err;
    err = read_mailbox(channel, "address", channel->address, to, fail);
    return err == MU_OK ? in_failing(channel, "recipient", strrchr(to, '@') + 1, failing, fail)
                        : err;
}

/* --- sending --- */

static void session_free(struct session *session)
{
    free(session->data);
    free(session);
}

static void session_cancel(struct mu_op *op)
{
    struct session *session = (struct session *)op;
    mu_op_cancel(session->step);
    session_free(session);
}

static const struct mu_op_class session_class = {"notify.email", session_cancel};

static void finish(struct session *session, struct channel_answer *answer)
{
    channel_done *done = session->done;
    void *ud = session->ud;
    answer->retry_after_ms = -1;
    memcpy(answer->id, session->id, sizeof answer->id);
    session_free(session);
    done(answer, ud);
}

static char *message_data(const struct session *session, const struct channel_request *send)
{
    const struct message *message = send->message;
    const char *thread = message->incident[0] ? message->incident : message->run;
    const char *domain = strrchr(session->from, '@') + 1;
    char *thread_id = thread[0] ? mu_xasprintf("%s.muster@%s", thread, domain) : mu_xstrdup("");
    struct mu_buf out = {0};
    mu_notify_mime(
        &(struct mime_message){
            .from_label = "muster",
            .from = session->from,
            .to_label = strcmp(send->label, session->to) == 0 ? "" : send->label,
            .to = session->to,
            .subject = message->subject,
            .text = message->text,
            .message_id = session->id,
            .thread_id = thread_id,
            .run = message->run,
            .incident = message->incident,
            .urgent = message->priority == MU_PRIORITY_HIGH,
            .date_ms = message->created_ms,
        },
        &out);
    free(thread_id);
    return mu_buf_take(&out);
}

/* The configuration was checked when the channel was found: nothing here can fail. */
static struct session *session_new(const struct channel_request *request, channel_done *done,
                                   void *ud)
{
    const struct channel *channel = request->channel;
    struct session *session = MU_NEW(struct session);
    session->op.class = &session_class;
    session->host = request->host;
    session->user = mu_notify_channel_text(request->host, channel, "user");
    session->password = mu_notify_channel_text(request->host, channel, "password");
    session->timeout_ms = request->timeout_ms;
    session->done = done;
    session->ud = ud;
    (void)!read_tls(channel, &session->tls);
    (void)!read_relay(channel, &session->relay, NULL);
    (void)!mu_name_mailbox(mu_json_str(channel->config, "from", ""), session->from, NULL);
    return session;
}

static struct mu_op *begin(struct session *session)
{
    session->step = mu_dns_resolve(session->host->dns, session->relay.host, on_addresses, session);
    return &session->op;
}

static struct mu_op *send_email(const struct channel_request *send, channel_done *done, void *ud)
{
    struct session *session = session_new(send, done, ud);
    (void)!mu_name_mailbox(send->channel->address, session->to, NULL);
    snprintf(session->id, sizeof session->id, "%s@%.120s", send->key,
             strrchr(session->from, '@') + 1);
    session->data = message_data(session, send);
    return begin(session);
}

static struct mu_op *look(const struct channel_request *request, channel_done *done, void *ud)
{
    struct session *session = session_new(request, done, ud);
    session->look = true;
    return begin(session);
}

static void on_addresses(const struct mu_dns_addresses *found, void *ud)
{
    struct session *session = ud;
    session->step = NULL;
    if (found->err != MU_OK) {
        struct channel_answer answer = {0};
        mu_notify_answer(&answer, CHANNEL_LATER, "relay %.80s: %s", session->relay.host,
                         found->why);
        finish(session, &answer);
        return;
    }
    for (size_t i = 0; i < found->count && session->count < ADDRESSES_MAX; i++) {
        session->addresses[session->count] = found->list[i];
        mu_addr_set_port(&session->addresses[session->count++], session->relay.port);
    }
    try_next(session);
}

/* A reply to one command: fine, not now (4xx), or never (5xx). */
static bool reply_says(const struct mu_smtp_reply *reply, const char *command,
                       struct channel_answer *answer)
{
    if (reply->code >= 200 && reply->code < 400)
        return true;
    char *line = mu_excerpt(reply->text, strlen(reply->text), SAID_MOST);
    mu_notify_answer(answer, reply->code >= 500 ? CHANNEL_NEVER : CHANNEL_LATER,
                     "%s answered %d%s%s %s", command, reply->code, reply->enhanced[0] ? " " : "",
                     reply->enhanced, line);
    free(line);
    return false;
}

static void judge(const struct session *session, const struct mu_smtp_result *result,
                  struct channel_answer *answer)
{
    static const struct mu_smtp_reply none = {0};
    answer->verdict = CHANNEL_SENT;
    if (result->err != MU_OK && result->sent)
        mu_notify_answer(answer, CHANNEL_MAYBE,
                         "%s after the message was sent: it may have arrived", result->why);
    else if (result->err != MU_OK)
        mu_notify_answer(answer,
                         result->err == MU_NET || result->err == MU_RESOURCES ? CHANNEL_LATER
                                                                              : CHANNEL_NEVER,
                         "%s", result->why);
    else if (reply_says(&result->greeting, "greeting", answer) &&
             reply_says(&result->ehlo, "EHLO", answer) && !session->look &&
             reply_says(&result->mail, "MAIL", answer) &&
             reply_says(result->rcpt_count ? &result->rcpt[0] : &none, "RCPT", answer))
        reply_says(&result->data, "DATA", answer);
}

static void on_result(const struct mu_smtp_result *result, void *ud)
{
    struct session *session = ud;
    struct channel_answer answer = {0};
    session->step = NULL;
    if (result->err == MU_NET && result->phase == MU_SMTP_CONNECT &&
        session->next < session->count) {
        try_next(session);
        return;
    }
    judge(session, result, &answer);
    finish(session, &answer);
}

static void try_next(struct session *session)
{
    const char *rcpt[] = {session->to, NULL};
    struct mu_smtp_request request = {
        .host = session->relay.host,
        .addr = (const struct sockaddr *)&session->addresses[session->next++],
        .tls = session->tls,
        .verify = session->tls == MU_SMTP_TLS_REQUIRE,
        .user = session->user,
        .password = session->password,
        .mail_from = session->look ? NULL : session->from,
        .rcpt = session->look ? NULL : rcpt,
        .data = session->data,
        .connect_timeout_ms = session->timeout_ms / 2 + 1, /* leaves time for the next address */
        .phase_timeout_ms = session->timeout_ms,
    };
    session->step = mu_smtp_start(session->host->smtp, &request, on_result, session);
}

const struct channel_class mu_notify_email = {
    .kind = "email",
    .timeout_ms = 15000,
    .check = check,
    .check_address = check_address,
    .loops = loops,
    .send = send_email,
    .look = look,
};
