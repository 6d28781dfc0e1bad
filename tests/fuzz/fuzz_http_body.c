/* SPDX-License-Identifier: MIT
 *
 * Answers of hostile HTTP servers, from the header lines to what a playbook or an undo gets: the verbs
 * of module http, and the DNS host's driver (its zone reading, its refusals, its doctor). The real
 * functions run; only the socket is missing: mu_http_start() is ours, and so are the functions that
 * modules complete their calls with.
 *
 *   octet 0      who asked (index into askers[])
 *   octet 1, 2   the status; 0 = the answer broke off
 *   rest         header lines up to an empty one, then the body */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "io/http_internal.h"
#include "module/module.h"
#include <ldns/ldns.h>

#include "registrar/driver.h"
#include "registrar/rrset.h"

extern const struct mu_module mu_module_http;

/* --- the transport: keeps who asked --- */

static struct {
    mu_http_cb *done;
    void *ud;
} asked;

struct mu_op *mu_http_start(struct mu_http *http, const struct mu_http_request *request,
                            mu_http_cb *done, void *ud)
{
    (void)http;
    promise(request->url != NULL && request->method != NULL);
    promise(asked.done == NULL); /* one question at a time */
    asked.done = done;
    asked.ud = ud;
    return NULL;
}

#define HEADERS_MAX 256

struct answer {
    struct exchange exchange; /* what the real functions collect header and body in */
    const char *lines[HEADERS_MAX + 1];
    struct mu_http_response response;
};

/* Header lines as curl hands them over, up to the empty one; returns where the body begins. */
static size_t take_headers(struct exchange *exchange, char *bytes, size_t len)
{
    size_t at = 0;
    while (at < len) {
        char *end = memchr(bytes + at, '\n', len - at);
        size_t line = end ? (size_t)(end - bytes) + 1 - at : len - at;
        bool empty = line == 1 || (line == 2 && bytes[at] == '\r');
        if (!empty && http_on_header(bytes + at, 1, line, exchange) != line)
            return len;
        at += line;
        if (empty)
            break;
    }
    return at;
}

static void list_headers(struct answer *answer)
{
    const struct mu_buf *names = &answer->exchange.names;
    size_t count = 0;
    for (size_t at = 0; at < names->len && count < HEADERS_MAX; at += strlen(names->data + at) + 1)
        answer->lines[count++] = names->data + at;
    answer->lines[count] = NULL;
}

static void make_answer(struct answer *answer, int status, char *bytes, size_t len)
{
    size_t body = take_headers(&answer->exchange, bytes, len);
    http_on_body(bytes + body, 1, len - body, &answer->exchange);
    list_headers(answer);
    answer->response = (struct mu_http_response){.err = status ? MU_OK : MU_NET,
                                                 .why = status ? NULL : "the answer broke off",
                                                 .sent = true,
                                                 .status = status,
                                                 .body = mu_buf_text(&answer->exchange.answer),
                                                 .body_len = answer->exchange.answer.len,
                                                 .headers = answer->lines,
                                                 .server = "192.0.2.80:443"};
    promise(mu_http_retry_after_ms(&answer->response, 0) >= -1);
}

/* Questions are answered as long as new ones come: all with the same answer. */
static void reply(const struct mu_http_response *response)
{
    for (int i = 0; i < 200 && asked.done; i++) {
        mu_http_cb *done = asked.done;
        asked.done = NULL;
        done(response, asked.ud);
    }
    promise(asked.done == NULL);
}

/* --- the verbs --- */

static int completions;

static void check_value(const json_t *value)
{
    char *text = mu_json_text(value);
    struct mu_fail fail;
    json_t *again = mu_json_parse(text, strlen(text), &fail);
    promise(json_equal(again, value));
    json_decref(again);
    free(text);
}

void mu_call_done(struct mu_call *call, json_t *value_take)
{
    (void)call;
    completions++;
    promise(json_is_boolean(json_object_get(value_take, "ok")));
    check_value(value_take);
    json_decref(value_take);
}

void mu_call_fail(struct mu_call *call, enum mu_err class, bool in_doubt, const char *fmt, ...)
{
    (void)call, (void)in_doubt;
    struct mu_fail fail;
    va_list ap;
    va_start(ap, fmt);
    mu_fail_setv(&fail, class, fmt, ap);
    va_end(ap);
    completions++;
    promise(class != MU_OK && fail.text[0] != '\0');
}

const char *mu_secret(const struct mu_host *host, const json_t *ref)
{
    (void)host;
    return json_string_value(ref);
}

static void ask_verb(size_t verb, const char *args, const struct mu_http_response *response)
{
    static const struct mu_host host;
    struct mu_fail fail;
    struct mu_call call = {.verb = &mu_module_http.verbs[verb],
                           .host = &host,
                           .args = mu_json_parse(args, strlen(args), &fail),
                           .key = "0123456789abcdef0123456789abcdef"};
    completions = 0;
    call.verb->start(&call);
    reply(response);
    promise(completions == 1 && call.state == NULL);
    json_decref(call.args);
}

/* --- the DNS host --- */

static int ends;

static void on_end(struct mu_zone_job *job)
{
    ends++;
    promise(job->fail.class == MU_OK || job->fail.text[0] != '\0');
}

void mu_zone_job_done(struct mu_zone_job *job)
{
    on_end(job);
}

void mu_zone_job_fail(struct mu_zone_job *job, enum mu_err class, bool in_doubt, const char *fmt,
                      ...)
{
    va_list ap;
    va_start(ap, fmt);
    mu_fail_setv(&job->fail, class, fmt, ap);
    va_end(ap);
    job->in_doubt = in_doubt;
    on_end(job);
}

void mu_zone_job_busy(struct mu_zone_job *job, int64_t retry_after_ms, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    mu_fail_setv(&job->fail, MU_REMOTE, fmt, ap);
    va_end(ap);
    promise(retry_after_ms >= 0);
    on_end(job);
}

/* What was read can be written back and read again: an undo depends on it. */
static void check_read(const struct mu_zone_job *job)
{
    struct mu_fail fail;
    json_t *again;
    if (job->rrset == NULL)
        return;
    check_value(job->rrset);
    const json_t *records = json_object_get(job->rrset, "records");
    promise(mu_zone_records_normal(job->type, records, &again, &fail) == MU_OK);
    promise(json_equal(records, again));
    json_decref(again);
}

static void end_job(struct mu_zone_job *job)
{
    json_decref(job->rrset);
    json_decref(job->records);
    json_decref(job->keep);
    job->rrset = job->records = job->keep = NULL;
}

static void ask_host(void (*question)(struct mu_zone_job *), uint16_t type, bool for_change,
                     const struct mu_http_response *response)
{
    static json_t *config, *rrset;
    struct mu_fail fail;
    static const char settings[] = "{\"key\":\"0123456789\",\"url\":\"http://192.0.2.1:8081\"}",
                      one[] = "{\"records\":[\"10 mx1.example.com.\"],\"ttl\":300}";
    config = config ? config : mu_json_parse(settings, sizeof settings - 1, &fail);
    rrset = rrset ? rrset : mu_json_parse(one, sizeof one - 1, &fail);
    struct mu_zone_job job = {.provider = {.name = "fuzz",
                                           .config = config,
                                           .driver = &mu_zone_powerdns,
                                           .timeout_ms = 1000},
                              .name = "mail.shop.example.com",
                              .type = type,
                              .for_change = for_change,
                              .before = rrset,
                              .after = rrset,
                              .retry_after_ms = -1,
                              .done = on_end};
    static const struct mu_host host;
    job.host = &host;
    if (question == mu_zone_powerdns.write)
        snprintf(job.zone, sizeof job.zone, "example.com");
    ends = 0;
    question(&job);
    reply(response);
    promise(ends == 1 && job.state == NULL);
    check_read(&job);
    if (job.records)
        check_value(job.records);
    end_job(&job);
}

enum asker {
    GET,
    GET_EXPECTING,
    POST,
    READ_MX,
    READ_TXT,
    READ_FOR_CHANGE,
    LIST,
    WRITE,
    CHECK,
    ASKERS
};

static void ask(enum asker asker, const struct mu_http_response *response)
{
    static const char url[] = "{\"url\":\"https://api.example.net/\"}",
                      expecting[] = "{\"expect\":[200,404],\"url\":\"https://api.example.net/\"}";
    switch (asker) {
    case GET:
        ask_verb(0, url, response);
        break;
    case GET_EXPECTING:
        ask_verb(0, expecting, response);
        break;
    case POST:
        ask_verb(1, url, response);
        break;
    case READ_MX:
        ask_host(mu_zone_powerdns.read, LDNS_RR_TYPE_MX, false, response);
        break;
    case READ_TXT:
        ask_host(mu_zone_powerdns.read, LDNS_RR_TYPE_TXT, false, response);
        break;
    case READ_FOR_CHANGE:
        ask_host(mu_zone_powerdns.read, LDNS_RR_TYPE_MX, true, response);
        break;
    case LIST:
        ask_host(mu_zone_powerdns.list, 0, false, response);
        break;
    case WRITE:
        ask_host(mu_zone_powerdns.write, LDNS_RR_TYPE_MX, true, response);
        break;
    default:
        ask_host(mu_zone_powerdns.check, LDNS_RR_TYPE_SOA, false, response);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 3)
        return 0;
    struct answer *answer = MU_NEW(struct answer);
    char *own = malloc(len - 3 + 1); /* its own block: reading past its end shows */
    memcpy(own, bytes + 3, len - 3);
    int status = bytes[1] == 0 && bytes[2] == 0 ? 0 : 100 + (bytes[1] << 8 | bytes[2]) % 500;
    make_answer(answer, status, own, len - 3);
    ask(bytes[0] % ASKERS, &answer->response);
    mu_buf_free(&answer->exchange.answer);
    mu_buf_free(&answer->exchange.names);
    free(answer);
    free(own);
    return 0;
}
