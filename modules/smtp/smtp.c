/* SPDX-License-Identifier: MIT
 *
 * Module smtp: smtp.probe asks one mail server, at one address, whether it would take mail, and
 * says what that means. The dialogue is io/smtp.h's, the verdict judge.c's; here are the arguments,
 * the order of things and the result.
 *
 *   look up (unless `address`) ─▶ session ─▶ result
 *                                    └ TLS broken, tls = "try" and recipients to ask?
 *                                      ─▶ a second session without TLS, as a sender would do
 *
 * Nothing is ever delivered: the transaction ends after RCPT. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/name.h"
#include "dane.h"
#include "io/dns.h"
#include "judge.h"
#include "module/module.h"

#define SMTP_PORT          25
#define CONNECT_TIMEOUT_MS 10000
#define PHASE_TIMEOUT_MS \
    15000 /* RFC 5321 4.5.3.2 says minutes; nobody waits that long for a probe */

/* clang-format off */
#define OPTION (MU_F_OPTION | MU_F_SHOWN)

static const struct mu_field probe_params[] = {
    {"host", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL,
     "the mail server: a host name or an IP address, each also with \":port\""},
    {"port", MU_T_INTEGER, OPTION, NULL, NULL, NULL,
     "otherwise that of muster.lua's smtp {}, otherwise 25"},
    {"address", MU_T_ADDRESS, OPTION, NULL, NULL, NULL,
     "connect there instead of looking the host up"},
    {"tls", MU_T_CHOICE, OPTION, NULL, "\"try\"", "try|require|none",
     "\"require\": without TLS it counts as down"},
    {"helo", MU_T_HOST, MU_F_OPTION, NULL, NULL, NULL, "our name in EHLO"},
    {"from", MU_T_STRING, MU_F_OPTION, NULL, NULL, NULL,
     "envelope sender; \"\" is the null reverse-path"},
    {"rcpt", MU_T_ANY, OPTION, NULL, NULL, NULL,
     "a recipient known to be good, or a list of them: asked with RCPT, never written to"},
    {"chain", MU_T_BOOL, MU_F_OPTION, NULL, "false", NULL,
     "keep in certificate.chain what smtp.dane compares"},
    {"connect_timeout", MU_T_DURATION, MU_F_OPTION, "ms", NULL, NULL,
     "otherwise muster.lua's, otherwise 10s"},
    {"phase_timeout", MU_T_DURATION, MU_F_OPTION, "ms", NULL, NULL,
     "for the greeting and each reply; otherwise muster.lua's, otherwise 15s"},
    {0},
};

static const struct mu_field probe_returns[] = {
    {"verdict", MU_T_CHOICE, 0, NULL, NULL, "up|down|rejecting|inconclusive",
     "up, down, rejecting or inconclusive; ok means up"},
    {"phase", MU_T_STRING, 0, NULL, NULL, NULL,
     "where it ended: lookup, connect, greeting, ehlo, starttls, mail, rcpt; nil when up"},
    {"code", MU_T_INTEGER, 0, NULL, NULL, NULL, "the reply code that decided; nil when none came"},
    {"enhanced_code", MU_T_STRING, 0, NULL, NULL, NULL, "like \"5.1.1\"; nil when there was none"},
    {"host", MU_T_STRING, 0, NULL, NULL, NULL, "as asked"},
    {"address", MU_T_STRING, 0, NULL, NULL, NULL,
     "the address that was asked; nil when none was found"},
    {"port", MU_T_INTEGER, 0, NULL, NULL, NULL, ""},
    {"capabilities", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL, "of the last EHLO"},
    {"starttls", MU_T_BOOL, 0, NULL, NULL, NULL, "STARTTLS is offered"},
    {"starttls_error", MU_T_STRING, 0, NULL, NULL, NULL,
     "why TLS was not had although offered; nil when there was no trouble"},
    {"tls", MU_T_BOOL, 0, NULL, NULL, NULL, "the session was under TLS"},
    {"certificate", MU_T_OBJECT, 0, NULL, NULL, NULL,
     "subject, issuer, names, not_before, not_after, days_left, verified, verify_error, "
     "host_matches, version and cipher of the session, chain where it was asked for; nil without TLS"},
    {"phases", MU_T_OBJECT, 0, NULL, NULL, NULL,
     "connect_ms, greeting_ms, ehlo_ms ...; only those that were reached"},
    {"greeting", MU_T_STRING, 0, NULL, NULL, NULL, "text of the greeting; nil when none came"},
    {"rcpt", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "{ recipient, code, enhanced_code, text } for each that was answered"},
    {"no_route", MU_T_BOOL, 0, NULL, NULL, NULL, "this host has no way there (no IPv6, for one)"},
    {"transcript", MU_T_STRING, 0, NULL, NULL, NULL, "both sides, line by line"},
    {"class", MU_T_STRING, 0, NULL, NULL, NULL, "when not ok: net, proto, remote, config or usage"},
    {0},
};

static const struct mu_field dane_params[] = {
    {"host", MU_T_HOST, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL, "an MX host"},
    {"address", MU_T_ADDRESS, OPTION, NULL, NULL, NULL, "ask the server there"},
    {"port", MU_T_INTEGER, OPTION, NULL, NULL, NULL, "of the TLSA records, otherwise 25, and of the server"},
    {"probe", MU_T_OBJECT, MU_F_OPTION, NULL, NULL, NULL,
     "what smtp.probe with chain = true returned: then nobody is connected to"},
    {0},
};

static const struct mu_field dane_returns[] = {
    {"verdict", MU_T_CHOICE, 0, NULL, NULL, "ok|none|insecure|unusable|mismatch|no-tls|bogus|unknown",
     "ok: the records fit; none; insecure: they count for nobody, as a zone on the way is not signed; unusable: of no kind that SMTP has; mismatch, no-tls, bogus: senders "
     "that honour DANE do not deliver; unknown"},
    {"class", MU_T_STRING, 0, NULL, NULL, NULL, "when not ok: remote (they do not deliver) or net"},
    {"records", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL, "the TLSA records"},
    {0},
};
/* clang-format on */

/* --- what the verb keeps while it runs ------------------------------------------------------- */

struct probe {
    struct mu_call *call;
    struct mu_op *op;
    char host[MU_NAME_TEXT];
    struct sockaddr_storage address;
    bool has_address;
    uint16_t port;
    struct mu_smtp_request request; /* of the session that runs, or ran last */
    enum mu_smtp_tls tls;
    char *from; /* NULL = nobody is asked about recipients */
    char *rcpt[MU_LIMIT_SMTP_RCPT + 1];
    char *starttls_error, *first_transcript; /* of a session whose TLS broke */
};

static void probe_free(struct probe *p)
{
    for (size_t i = 0; p->rcpt[i] != NULL; i++)
        free(p->rcpt[i]);
    free(p->from);
    free(p->starttls_error);
    free(p->first_transcript);
    free(p);
}

static void cancel(struct mu_call *call)
{
    struct probe *p = call->state;
    if (p == NULL)
        return;
    mu_op_cancel(p->op);
    probe_free(p);
    call->state = NULL;
}

/* --- arguments ------------------------------------------------------------------------------- */

static const char *setting(const struct mu_call *call, const char *name)
{
    const char *given = mu_json_str(call->args, name, NULL);
    return given ? given : mu_json_str(mu_config(call->host, "smtp"), name, NULL);
}

static int timeout_ms(const struct mu_call *call, const char *name, int otherwise)
{
    int64_t ms = mu_json_int(call->args, name, 0);
    const json_t *value = mu_json_get(mu_config(call->host, "smtp"), name);
    if (ms == 0 && json_is_integer(value))
        ms = json_integer_value(value) * 1000;
    else if (ms == 0 && json_is_string(value) && !mu_duration_parse(json_string_value(value), &ms))
        ms = 0;
    return ms > 0 && ms < INT32_MAX ? (int)ms : otherwise;
}

/* "mx.example.com:2525": the port goes to *port, the name to host. False when it is neither. */
static bool split_host(struct probe *p, const char *typed, uint16_t *port, struct mu_fail *fail)
{
    const char *colon = strchr(typed, ':');
    char *end = NULL;
    if (colon != NULL) {
        long number = strtol(colon + 1, &end, 10);
        if (end == colon + 1 || *end != '\0' || number < 1 || number > 65535)
            return mu_fail_set(fail, MU_USAGE, "\"%s\" has no port from 1 to 65535 after its colon",
                               typed) == MU_OK;
        *port = (uint16_t)number;
    }
    char *name = mu_xstrndup(typed, colon ? (size_t)(colon - typed) : strlen(typed));
    enum mu_err err = mu_name_host(name, p->host, fail);
    free(name);
    return err == MU_OK;
}

static bool take_place(struct probe *p, const json_t *args, struct mu_fail *fail)
{
    const char *typed = mu_json_str(args, "host", ""),
               *address = mu_json_str(args, "address", NULL);
    int64_t port =
        mu_json_int(args, "port", mu_json_int(mu_config(p->call->host, "smtp"), "port", SMTP_PORT));
    if (port < 1 || port > 65535)
        return mu_fail_set(fail, MU_USAGE, "port %lld is not from 1 to 65535", (long long)port) ==
               MU_OK;
    p->port = (uint16_t)port;
    if (mu_addr_parse(typed, p->port, &p->address)) {
        p->has_address = true;
        mu_addr_text((const struct sockaddr *)&p->address, false, p->host);
    } else if (!split_host(p, typed, &p->port, fail))
        return false;
    if (address != NULL)
        p->has_address = mu_addr_parse(address, p->port, &p->address);
    return true;
}

/* The mailbox in its one form, a new allocation; NULL when it is none. */
static char *mailbox(const json_t *value, struct mu_fail *fail)
{
    char text[320 + MU_NAME_TEXT];
    if (!json_is_string(value)) {
        mu_fail_set(fail, MU_USAGE, "takes a mailbox (local@domain), or for rcpt a list of them");
        return NULL;
    }
    return mu_name_mailbox(json_string_value(value), text, fail) == MU_OK ? mu_xstrdup(text) : NULL;
}

/* rcpt is one mailbox or a list of them. */
static bool take_recipients(struct probe *p, const json_t *rcpt, struct mu_fail *fail)
{
    size_t count = json_is_array(rcpt) ? json_array_size(rcpt) : rcpt != NULL;
    if (count > MU_LIMIT_SMTP_RCPT) {
        mu_fail_set(fail, MU_USAGE, "%zu recipients; one session takes %d", count,
                    MU_LIMIT_SMTP_RCPT);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if ((p->rcpt[i] = mailbox(json_is_array(rcpt) ? json_array_get(rcpt, i) : rcpt, fail)) ==
            NULL)
            return false;
    return true;
}

/* The envelope sender; "" is the null reverse-path. */
static bool take_sender(struct probe *p, struct mu_fail *fail)
{
    const char *from = setting(p->call, "from");
    if (from == NULL || *from == '\0') {
        p->from = mu_xstrdup("");
        return true;
    }
    json_t *value = json_string(from);
    p->from = mailbox(value, fail);
    json_decref(value);
    return p->from != NULL;
}

static enum mu_smtp_tls tls_of(const char *word)
{
    if (strcmp(word, "require") == 0)
        return MU_SMTP_TLS_REQUIRE;
    return strcmp(word, "none") == 0 ? MU_SMTP_TLS_NONE : MU_SMTP_TLS_TRY;
}

/* --- the result ------------------------------------------------------------------------------ */

/* What every result of this verb holds, also when nothing was learnt. Lists are empty, never nil.
 */
static json_t *result_json(enum mu_smtp_verdict verdict, const char *phase, const char *why,
                           const char *host)
{
    json_t *result =
        json_pack("{s:b, s:s, s:s?, s:s, s:[], s:[], s:{}, s:b, s:b, s:b, s:s, s:i}", "ok",
                  verdict == MU_SMTP_UP, "verdict", mu_smtp_verdict_name(verdict), "phase", phase,
                  "host", host, "capabilities", "rcpt", "phases", "starttls", 0, "tls", 0,
                  "no_route", 0, "transcript", "", "ms", 0);
    if (verdict != MU_SMTP_UP)
        json_object_set_new(result, "why", mu_json_lenient_string(why, strlen(why)));
    return result;
}

static void set_text(json_t *result, const char *key, const char *text)
{
    if (text != NULL && *text != '\0')
        json_object_set_new(result, key, mu_json_lenient_string(text, strlen(text)));
}

static void add_phases(json_t *phases, const struct mu_smtp_result *r)
{
    for (int phase = 0; phase < MU_SMTP_PHASES; phase++) {
        if (r->phase_ms[phase] < 0)
            continue;
        char *key = mu_xasprintf("%s_ms", mu_smtp_phase_name((enum mu_smtp_phase)phase));
        json_object_set_new(phases, key, json_integer(r->phase_ms[phase]));
        free(key);
    }
}

static void add_recipients(json_t *list, const struct probe *p, const struct mu_smtp_result *r)
{
    for (size_t i = 0; i < r->rcpt_count; i++) {
        json_t *item = json_pack("{s:s, s:i}", "recipient", p->rcpt[i], "code", r->rcpt[i].code);
        set_text(item, "enhanced_code", r->rcpt[i].enhanced);
        json_object_set_new(item, "text",
                            mu_json_lenient_string(r->rcpt[i].text, strlen(r->rcpt[i].text)));
        json_array_append_new(list, item);
    }
}

static void add_place(json_t *result, const struct probe *p)
{
    char text[MU_ADDR_TEXT];
    const struct sockaddr *addr = (const struct sockaddr *)&p->address;
    if (p->has_address)
        json_object_set_new(result, "address", json_string(mu_addr_text(addr, false, text)));
    json_object_set_new(result, "port",
                        json_integer(p->has_address ? mu_addr_port(addr) : p->port));
}

static void add_session(json_t *result, const struct probe *p, const struct mu_smtp_result *r)
{
    char *transcript =
        mu_xasprintf("%s%s", p->first_transcript ? p->first_transcript : "", r->transcript);
    for (const char *const *line = r->capabilities; *line != NULL; line++)
        json_array_append_new(json_object_get(result, "capabilities"),
                              mu_json_lenient_string(*line, strlen(*line)));
    add_phases(json_object_get(result, "phases"), r);
    add_recipients(json_object_get(result, "rcpt"), p, r);
    json_object_set_new(result, "starttls",
                        json_boolean(r->offers_starttls || p->starttls_error != NULL));
    json_object_set_new(result, "tls", json_boolean(r->tls));
    if (r->certificate != NULL)
        json_object_set(result, "certificate", r->certificate);
    if (r->certificate != NULL && mu_json_bool(p->call->args, "chain", false))
        json_object_set(r->certificate, "chain", r->chain);
    set_text(result, "greeting", r->greeting.text);
    set_text(result, "transcript", transcript);
    json_object_set_new(result, "ms", json_integer(r->ms));
    free(transcript);
}

static char *failure(const struct probe *p, const struct mu_smtp_result *r)
{
    char why[MU_FAIL_TEXT];
    mu_smtp_failure(r, &p->request, why, sizeof why);
    return mu_xstrdup(why);
}

/* Why there is no TLS although it was offered and tried; NULL when all is well. */
static char *tls_trouble(const struct probe *p, const struct mu_smtp_result *r)
{
    if (r->err != MU_OK && r->phase == MU_SMTP_STARTTLS)
        return failure(p, r);
    if (r->starttls.code >= 400)
        return mu_xasprintf("starttls: %d %s", r->starttls.code, r->starttls.text);
    return NULL;
}

static json_t *judged(const struct probe *p, const struct mu_smtp_result *r)
{
    struct mu_smtp_judgement judgement = mu_smtp_judge(r, &p->request);
    bool up = judgement.verdict == MU_SMTP_UP;
    json_t *result = result_json(judgement.verdict, up ? NULL : mu_smtp_phase_name(judgement.phase),
                                 judgement.why, p->host);
    char *trouble = p->starttls_error ? mu_xstrdup(p->starttls_error) : tls_trouble(p, r);
    add_place(result, p);
    add_session(result, p, r);
    set_text(result, "starttls_error", trouble);
    free(trouble);
    if (judgement.reply != NULL && judgement.reply->code != 0) {
        json_object_set_new(result, "code", json_integer(judgement.reply->code));
        set_text(result, "enhanced_code", judgement.reply->enhanced);
    }
    if (r->os_error != 0 && judgement.verdict == MU_SMTP_INCONCLUSIVE)
        json_object_set_new(result, "no_route", json_true());
    if (!up)
        json_object_set_new(result, "class", json_string(mu_err_name(r->err ? r->err : MU_REMOTE)));
    return result;
}

static void complete(struct probe *p, json_t *result_take)
{
    struct mu_call *call = p->call;
    call->state = NULL;
    probe_free(p);
    mu_call_done(call, result_take);
}

/* --- the session ----------------------------------------------------------------------------- */

static void begin_session(struct probe *p, enum mu_smtp_tls tls);

/* Senders that only try TLS deliver without it when it breaks: then that is how recipients are
 * asked. */
static bool try_without_tls(struct probe *p, const struct mu_smtp_result *r)
{
    if (r->err == MU_OK || r->phase != MU_SMTP_STARTTLS || p->tls != MU_SMTP_TLS_TRY ||
        p->rcpt[0] == NULL || p->starttls_error != NULL)
        return false;
    p->starttls_error = failure(p, r);
    p->first_transcript = mu_xstrdup(r->transcript);
    begin_session(p, MU_SMTP_TLS_NONE);
    return true;
}

static void on_session(const struct mu_smtp_result *r, void *ud)
{
    struct probe *p = ud;
    p->op = NULL;
    if (!try_without_tls(p, r))
        complete(p, judged(p, r));
}

static void begin_session(struct probe *p, enum mu_smtp_tls tls)
{
    p->request = (struct mu_smtp_request){
        .host = p->host,
        .addr = (const struct sockaddr *)&p->address,
        .tls = tls,
        .helo = setting(p->call, "helo"),
        .mail_from = p->rcpt[0] ? p->from : NULL,
        .rcpt = (const char *const *)p->rcpt,
        .connect_timeout_ms = timeout_ms(p->call, "connect_timeout", CONNECT_TIMEOUT_MS),
        .phase_timeout_ms = timeout_ms(p->call, "phase_timeout", PHASE_TIMEOUT_MS),
    };
    p->op = mu_smtp_start(p->call->host->smtp, &p->request, on_session, p);
}

/* --- looking the host up --------------------------------------------------------------------- */

/* "There is no address" is an answer about the server; no answer is only about our resolvers. */
static json_t *not_found(const struct probe *p, enum mu_err err, const char *why)
{
    enum mu_smtp_verdict verdict = err == MU_REMOTE ? MU_SMTP_DOWN : MU_SMTP_INCONCLUSIVE;
    json_t *result = result_json(verdict, "lookup", why, p->host);
    json_object_set_new(result, "class", json_string(mu_err_name(err)));
    add_place(result, p);
    return result;
}

static void on_addresses(const struct mu_dns_addresses *found, void *ud)
{
    struct probe *p = ud;
    p->op = NULL;
    if (found->err != MU_OK) {
        complete(p, not_found(p, found->err, found->why));
        return;
    }
    p->address = found->list[0];
    p->has_address = true;
    mu_addr_set_port(&p->address, p->port);
    begin_session(p, p->tls);
}

static void start_probe(struct mu_call *call)
{
    struct mu_fail fail;
    struct probe *p = MU_NEW(struct probe);
    p->call = call;
    p->tls = tls_of(mu_json_str(call->args, "tls", "try"));
    if (!take_place(p, call->args, &fail) ||
        !take_recipients(p, mu_json_get(call->args, "rcpt"), &fail) || !take_sender(p, &fail)) {
        probe_free(p);
        mu_call_fail(call, MU_USAGE, false, "%s", fail.text);
        return;
    }
    call->state = p;
    if (p->has_address)
        begin_session(p, p->tls);
    else
        p->op = mu_dns_resolve(call->host->dns, p->host, on_addresses, p);
}

/* --- worlds that assume instead of asking ---------------------------------------------------- */

static const struct {
    const char *state;
    enum mu_smtp_verdict verdict;
    const char *phase, *why;
    int code;
    enum mu_err class;
} states[] = {
    {"up", MU_SMTP_UP, NULL, "", 250, MU_OK},
    {"refused", MU_SMTP_DOWN, "connect", "connect: Connection refused", 0, MU_NET},
    {"timeout", MU_SMTP_DOWN, "connect", "connect: no connection in time", 0, MU_NET},
    {"busy", MU_SMTP_INCONCLUSIVE, "greeting", "greeting: 421 too busy", 421, MU_REMOTE},
    {"rejecting", MU_SMTP_REJECTING, "rcpt", "rcpt: 550 refused", 550, MU_REMOTE},
};

/* The fact about this server: the narrowest key wins, "ADDRESS:PORT", then ADDRESS, then HOST. */
static const json_t *fact_about(const struct probe *p, const struct mu_facts *facts)
{
    char text[MU_ADDR_TEXT];
    const json_t *fact = NULL;
    const struct sockaddr *addr = (const struct sockaddr *)&p->address;
    if (p->has_address)
        fact = mu_facts_get(facts, MU_FACT_SMTP_HOST, mu_addr_text(addr, true, text));
    if (p->has_address && fact == NULL)
        fact = mu_facts_get(facts, MU_FACT_SMTP_HOST, mu_addr_text(addr, false, text));
    return fact ? fact : mu_facts_get(facts, MU_FACT_SMTP_HOST, p->host);
}

/* A server that is spoken to has TLS as the fact says; without a word about it there is none. */
static void add_assumed_tls(json_t *result, const json_t *fact)
{
    json_t *certificate = mu_json_get(fact, "certificate");
    bool offered = mu_json_bool(fact, "starttls", certificate != NULL);
    json_object_set_new(result, "starttls", json_boolean(offered));
    json_object_set_new(result, "tls", json_boolean(certificate != NULL));
    if (certificate)
        json_object_set(result, "certificate", certificate);
    else if (offered)
        json_object_set_new(result, "starttls_error", json_string("the handshake fails"));
}

static json_t *assumed(const struct probe *p, const json_t *fact)
{
    const char *state = mu_json_str(fact, "state", "up");
    size_t i = 0;
    while (i < MU_COUNT(states) && strcmp(states[i].state, state) != 0)
        i++;
    if (i == MU_COUNT(states))
        return not_found(
            p, MU_USAGE,
            "the fact smtp.host has none of the states up, refused, timeout, busy, rejecting");
    json_t *result = result_json(states[i].verdict, states[i].phase,
                                 mu_json_str(fact, "why", states[i].why), p->host);
    add_place(result, p);
    if (states[i].code != 0)
        json_object_set_new(result, "code", json_integer(states[i].code));
    if (states[i].class != MU_OK)
        json_object_set_new(result, "class", json_string(mu_err_name(states[i].class)));
    if (states[i].phase == NULL || strcmp(states[i].phase, "rcpt") == 0)
        add_assumed_tls(result, fact);
    return result;
}

static json_t *under_probe(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    struct mu_fail fail;
    struct probe p = {.call = call};
    if (!take_place(&p, call->args, &fail)) {
        if (real_take != NULL)
            return real_take;
        return not_found(&p, MU_USAGE, fail.text);
    }
    const char *found = mu_json_str(real_take, "address", NULL);
    if (!p.has_address && found != NULL)
        p.has_address =
            mu_addr_parse(found, (uint16_t)mu_json_int(real_take, "port", p.port), &p.address);
    const json_t *fact = fact_about(&p, facts);
    if (fact == NULL && real_take != NULL)
        return real_take;
    json_decref(real_take);
    if (fact != NULL)
        return assumed(&p, fact);
    char *why = mu_xasprintf("this world has no fact smtp.host \"%s\"", p.host);
    json_t *result = not_found(&p, MU_NET, why);
    free(why);
    return result;
}

/* --- the module ------------------------------------------------------------------------------ */

static const struct mu_verb verbs[] = {
    {
        .name = "smtp.probe",
        .kind = MU_PROBE,
        .params = probe_params,
        .returns = probe_returns,
        .doc = "Asks a mail server whether it would take mail: greeting, EHLO, STARTTLS and, with "
               "`rcpt`, MAIL and RCPT. Nothing is delivered; one address is asked.",
        .example =
            "local mx = smtp.probe(\"mx1.example.com\", { rcpt = \"postmaster@example.com\" })",
        .start = start_probe,
        .cancel = cancel,
        .under = under_probe,
    },
    {
        .name = "smtp.dane",
        .kind = MU_PROBE,
        .params = dane_params,
        .returns = dane_returns,
        .doc = "Would senders that honour DANE deliver to an MX host (RFC 7672)? Its TLSA records, "
               "by our own look at DNSSEC, against "
               "what the server shows. Not ok: they would not, or it could not be found out.",
        .example = "local d = smtp.dane(\"mx1.example.com\")",
        .start = mu_smtp_dane_start,
        .cancel = mu_smtp_dane_cancel,
        .composite = true,
    },
    {0},
};

extern const struct mu_module mu_module_smtp;
const struct mu_module mu_module_smtp = {
    .abi = MU_MODULE_ABI,
    .verb_size = sizeof(struct mu_verb),
    .name = "smtp",
    .version = MUSTER_VERSION,
    .doc = "Asking mail servers.",
    .verbs = verbs,
};
