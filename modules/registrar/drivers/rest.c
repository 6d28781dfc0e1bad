/* SPDX-License-Identifier: MIT
 *
 * JSON over HTTP for drivers; see rest.h. */
#include "rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/excerpt.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/http.h"

#define BUSY_MS    1000 /* a 429 that names no time */
#define WORDS_MOST 300  /* octets of what an API says that are repeated */

struct exchange { /* job->state */
    mu_rest_cb *then;
    bool write, take_unusable;
    const char *credential;
    char text[512]; /* "PATCH http://127.0.0.1:8081/api/..." for people */
};

/* The provider's own words, from the members most APIs use. A new text. */
static char *words_of(const struct mu_http_response *response, const json_t *body)
{
    static const char *const members[] = {"error", "message", "detail", "errors"};
    for (size_t i = 0; i < MU_COUNT(members); i++) {
        const json_t *value = json_object_get(body, members[i]);
        if (json_is_string(value))
            return mu_excerpt(json_string_value(value), json_string_length(value), WORDS_MOST);
        if (json_is_object(value) || json_is_array(value)) {
            char *text = mu_json_text(value), *words = mu_excerpt(text, strlen(text), WORDS_MOST);
            free(text);
            return words;
        }
    }
    return mu_excerpt(response->body, response->body_len, WORDS_MOST);
}

static void refused(struct mu_zone_job *job, const struct exchange *exchange,
                    const struct mu_http_response *response, const char *words)
{
    bool in_doubt = exchange->write && mu_http_may_have_acted(response->status);
    const char *all_the_same = in_doubt ? " (it may have been done all the same)" : "";
    if (response->status == 401 || response->status == 403)
        mu_zone_job_fail(job, MU_CONFIG, false,
                         "%s refuses the credential (HTTP %d): check muster.lua, "
                         "providers[\"%s\"].%s. %s said: %s",
                         job->provider.name, response->status, job->provider.name,
                         exchange->credential, exchange->text, words);
    else if (response->status >= 300 && response->status < 400)
        mu_zone_job_fail(
            job, MU_PROTO, in_doubt,
            "%s: %s is redirected (HTTP %d)%s; set the final address in providers[\"%s\"].url",
            job->provider.name, exchange->text, response->status, all_the_same, job->provider.name);
    else
        mu_zone_job_fail(job, MU_REMOTE, in_doubt, "%s answers HTTP %d to %s: %s%s",
                         job->provider.name, response->status, exchange->text, words, all_the_same);
}

static void sort_answer(struct mu_zone_job *job, struct exchange *exchange,
                        const struct mu_http_response *response, const json_t *body)
{
    int64_t retry_after = mu_http_retry_after_ms(response, mu_clock_real_ms());
    bool fine = (response->status >= 200 && response->status < 300) || response->status == 404;
    if (fine) {
        exchange->then(job, response->status, body);
    } else if (response->status == 429) {
        mu_zone_job_busy(job, retry_after >= 0 ? retry_after : BUSY_MS,
                         "%s answers HTTP 429 (too many requests) to %s", job->provider.name,
                         exchange->text);
    } else {
        char *words = words_of(response, body);
        refused(job, exchange, response, words);
        free(words);
    }
}

static void lost(struct mu_zone_job *job, const struct exchange *exchange,
                 const struct mu_http_response *response)
{
    bool in_doubt = exchange->write && response->sent;
    mu_zone_job_fail(job, response->err, in_doubt, "%s: %s: %s%s", job->provider.name,
                     exchange->text, response->why,
                     in_doubt ? "; the request was sent, whether it took effect is unknown" : "");
}

static void on_response(const struct mu_http_response *response, void *ud)
{
    struct mu_zone_job *job = ud;
    struct exchange *exchange =
        job->state; /* taken over: `then` may send the next request of this job */
    struct mu_fail fail;
    json_t *body = NULL;
    job->op = NULL;
    job->state = NULL;
    if (response->err == MU_PROTO && exchange->take_unusable) {
        exchange->then(job, 0, NULL);
    } else if (response->err != MU_OK) {
        lost(job, exchange, response);
    } else {
        if (response->body_len != 0)
            body = mu_json_parse_foreign(response->body, response->body_len, &fail);
        bool success = response->status >= 200 && response->status < 300;
        if (success && response->body_len != 0 && body == NULL)
            mu_zone_job_fail(job, MU_PROTO, exchange->write,
                             "%s: the answer to %s is %s; is providers[\"%s\"].url the API?",
                             job->provider.name, exchange->text, fail.text, job->provider.name);
        else
            sort_answer(job, exchange, response, body);
    }
    json_decref(body);
    free(exchange);
}

void mu_rest_send(struct mu_zone_job *job, const struct mu_rest_request *request)
{
    static const char *const json_headers[] = {"Accept: application/json",
                                               "Content-Type: application/json", NULL};
    static const char *const plain_headers[] = {"Accept: application/json", NULL};
    const char *secret_headers[] = {request->secret_header, NULL};
    struct exchange *exchange = MU_NEW(struct exchange);
    *exchange = (struct exchange){.then = request->then,
                                  .write = request->write,
                                  .take_unusable = request->take_unusable,
                                  .credential = request->credential};
    snprintf(exchange->text, sizeof exchange->text, "%s %s", request->method, request->url);
    char *body = request->body_take ? mu_json_text(request->body_take) : NULL;
    json_decref(request->body_take);
    struct mu_http_request http = {
        .method = request->method,
        .url = request->url,
        .headers = body ? json_headers : plain_headers,
        .secret_headers = secret_headers,
        .body = body,
        .body_len = body ? strlen(body) : 0,
        .timeout_ms = job->provider.timeout_ms,
    };
    job->state = exchange;
    job->op = mu_http_start(job->host->http, &http, on_response, job);
    free(body);
}

void mu_rest_add_encoded(struct mu_buf *buf, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool unreserved = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || strchr("-._~", c) != NULL;
        if (unreserved)
            mu_buf_addc(buf, (char)c);
        else
            mu_buf_addf(buf, "%%%02X", c);
    }
}
