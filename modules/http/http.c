/* SPDX-License-Identifier: MIT
 *
 * Module http: asking a URL (http.get, a probe) and telling one something (http.post, an act). The
 * smallest module there is: copy it to start your own. It checks nothing that the tables below say,
 * and knows nothing of TLS, redirects or retries: that is io/http.h's business.
 *
 *   start ─▶ mu_http_start ─▶ on_got / on_posted ─▶ mu_call_done or mu_call_fail, exactly once
 *   cancel ─▶ mu_op_cancel: after it nothing is completed any more
 *
 * To add a verb: a params table, a returns table, a start function, an entry in `verbs`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/excerpt.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/http.h"
#include "module/module.h"

#define HEADERS_MAX 64  /* of one request */
#define SHOWN_BODY  200 /* octets of a refusal's body that are repeated in `why` */

/* --- params and returns ---------------------------------------------------------------------- */

/* clang-format off */
#define HEADERS {"headers", MU_T_OBJECT, MU_F_OPTION, NULL, NULL, NULL, \
                 "name = text, or name = secret; secrets are never recorded"}
#define TIMEOUT {"timeout", MU_T_DURATION, MU_F_OPTION, "ms", "\"15s\"", NULL, "for the whole exchange"}

static const struct mu_field get_params[] = {
    {"url", MU_T_URL, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL, "what is asked"},
    HEADERS,
    TIMEOUT,
    {"expect", MU_T_LIST, MU_F_OPTION, NULL, NULL, NULL,
     "statuses that are fine, like { 200, 404 }; otherwise 200 to 299"},
    {"follow", MU_T_BOOL, MU_F_OPTION, NULL, "true", NULL,
     "go where a redirect points to (same scheme, ten times at most); false: that is the answer"},
    {0},
};

static const struct mu_field post_params[] = {
    {"url", MU_T_URL, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL, "who is told"},
    {"json", MU_T_ANY, MU_F_OPTION, NULL, NULL, NULL, "sent as application/json"},
    {"body", MU_T_STRING, MU_F_OPTION, NULL, NULL, NULL, "sent as it is, instead of json"},
    HEADERS,
    TIMEOUT,
    {"key_header", MU_T_STRING, MU_F_OPTION, NULL, "\"Idempotency-Key\"", NULL,
     "the header that carries the call's key, the same at every repetition: a receiver that "
     "honours it acts once"},
    {0},
};

static const struct mu_field returns[] = {
    {"status", MU_T_INTEGER, 0, NULL, NULL, NULL, "200, 404 ...; nil when no answer came"},
    {"headers", MU_T_OBJECT, 0, NULL, NULL, NULL,
     "of the answer, names in lower case; several of one name are joined by \", \""},
    {"body", MU_T_STRING, 0, NULL, NULL, NULL, "of the answer, \"\" without one"},
    {"json", MU_T_ANY, 0, NULL, NULL, NULL, "the body as a value, when it is JSON"},
    {"server", MU_T_STRING, 0, NULL, NULL, NULL, "the address that answered"},
    {"ms", MU_T_INTEGER, 0, "ms", NULL, NULL, "from start to answer"},
    {"class", MU_T_STRING, 0, NULL, NULL, NULL, "when not ok: net, proto, remote, config or usage"},
    {0},
};
/* clang-format on */

/* --- what a verb keeps while it runs --------------------------------------------------------- */

struct exchange {
    struct mu_op *op;
    char *body;
    char *lines[HEADERS_MAX + 3]; /* owned; then plain and secret point at them, NULL-terminated */
    size_t count;
    const char *plain[HEADERS_MAX + 3], *secret[HEADERS_MAX + 3];
    size_t plain_count, secret_count;
};

static void exchange_free(struct exchange *x)
{
    for (size_t i = 0; i < x->count; i++)
        free(x->lines[i]);
    free(x->body);
    free(x);
}

static void cancel(struct mu_call *call)
{
    struct exchange *x = call->state;
    if (x == NULL)
        return;
    mu_op_cancel(x->op);
    exchange_free(x);
    call->state = NULL;
}

/* --- the request ----------------------------------------------------------------------------- */

static void add_header(struct exchange *x, const char *name, const char *value, bool secret)
{
    char *line = mu_xasprintf("%s: %s", name, value);
    x->lines[x->count++] = line;
    if (secret)
        x->secret[x->secret_count++] = line;
    else
        x->plain[x->plain_count++] = line;
}

/* NULL, or why these headers can't be sent. */
static const char *add_headers(struct mu_call *call, struct exchange *x)
{
    const char *name;
    json_t *value, *headers = mu_json_get(call->args, "headers");
    if (json_object_size(headers) > HEADERS_MAX)
        return "more than 64 headers";
    json_object_foreach(headers, name, value)
    {
        const char *text = mu_secret(call->host, value);
        if (text == NULL)
            return json_is_object(value) ? "a header names a secret that nobody knows"
                                         : "the value of a header is text or a secret";
        add_header(x, name, text, json_is_object(value));
    }
    return NULL;
}

/* A drill's act goes elsewhere. */
static const char *where(const struct mu_call *call)
{
    return mu_json_str(call->redirect, "url", mu_json_str(call->args, "url", ""));
}

static void begin(struct mu_call *call, const char *method, struct exchange *x, mu_http_cb *done)
{
    struct mu_http_request request = {
        .method = method,
        .url = where(call),
        .headers = x->plain,
        .secret_headers = x->secret,
        .body = x->body,
        .body_len = x->body ? strlen(x->body) : 0,
        .timeout_ms = (int)mu_json_int(call->args, "timeout", 0),
        .stay = !mu_json_bool(call->args, "follow", true),
    };
    call->state = x;
    x->op = mu_http_start(call->host->http, &request, done, call);
}

static void refuse(struct mu_call *call, struct exchange *x, const char *why)
{
    exchange_free(x);
    mu_call_fail(call, MU_USAGE, false, "%s", why);
}

/* --- the answer ------------------------------------------------------------------------------ */

static json_t *headers_json(const char *const *lines)
{
    json_t *all = json_object();
    for (; *lines != NULL; lines++) {
        const char *value = strchr(*lines, ':') + 2;
        char *name = mu_xstrndup(*lines, (size_t)(value - 2 - *lines));
        const char *before = mu_json_str(all, name, NULL);
        char *both = before ? mu_xasprintf("%s, %s", before, value) : NULL;
        json_t *text = mu_json_lenient_string(both ? both : value, strlen(both ? both : value));
        json_object_set_new(all, name, text);
        free(both);
        free(name);
    }
    return all;
}

/* NULL unless the answer calls itself JSON and is. */
static json_t *body_json(const struct mu_http_response *r)
{
    const char *type = mu_http_header(r, "content-type");
    if (type == NULL || strstr(type, "json") == NULL)
        return NULL;
    return mu_json_parse_foreign(r->body, r->body_len, NULL);
}

static json_t *answer_json(const struct mu_http_response *r)
{
    return json_pack("{s:b, s:o?, s:o, s:o, s:o?, s:s, s:I}", "ok", 1, "status",
                     r->status ? json_integer(r->status) : NULL, "headers",
                     headers_json(r->headers), "body", mu_json_lenient_string(r->body, r->body_len),
                     "json", body_json(r), "server", r->server, "ms", (json_int_t)r->ms);
}

static void set_failed(json_t *result, enum mu_err class, const char *why)
{
    json_object_set_new(result, "ok", json_false());
    json_object_set_new(result, "class", json_string(mu_err_name(class)));
    json_object_set_new(result, "why", mu_json_lenient_string(why, strlen(why)));
}

/* --- http.get -------------------------------------------------------------------------------- */

static bool expected(const json_t *expect, int64_t status)
{
    size_t i;
    json_t *value;
    if (!json_is_array(expect))
        return status >= 200 && status <= 299;
    json_array_foreach(expect, i, value)
    {
        if (json_is_integer(value) && json_integer_value(value) == status)
            return true;
    }
    return false;
}

/* Says no to a result whose status nobody expected. */
static json_t *judge_status(const struct mu_call *call, json_t *result_take)
{
    char why[128];
    const json_t *expect = mu_json_get(call->args, "expect");
    int64_t status = mu_json_int(result_take, "status", 0);
    if (expected(expect, status))
        return result_take;
    snprintf(why, sizeof why, "status %lld%s", (long long)status,
             expect ? " is not an expected one" : ", expected 2xx");
    set_failed(result_take, MU_REMOTE, why);
    return result_take;
}

static void on_got(const struct mu_http_response *r, void *ud)
{
    struct mu_call *call = ud;
    json_t *result = answer_json(r);
    exchange_free(call->state);
    call->state = NULL;
    if (r->err != MU_OK)
        set_failed(result, r->err, r->why);
    else
        result = judge_status(call, result);
    mu_call_done(call, result);
}

static void start_get(struct mu_call *call)
{
    struct exchange *x = MU_NEW(struct exchange);
    const char *why = add_headers(call, x);
    if (why != NULL)
        refuse(call, x, why);
    else
        begin(call, "GET", x, on_got);
}

/* --- worlds that assume instead of asking ---------------------------------------------------- */

/* The answer that a fact {status, body} describes; body may be text or, for JSON, any value. */
static json_t *assumed(const json_t *fact)
{
    const json_t *body = mu_json_get(fact, "body");
    bool is_text = body == NULL || json_is_string(body);
    char *text = is_text ? mu_xstrdup(body ? json_string_value(body) : "") : mu_json_text(body);
    json_t *value =
        is_text ? mu_json_parse_foreign(text, strlen(text), NULL) : json_deep_copy(body);
    json_t *result = json_pack("{s:b, s:I, s:{}, s:s, s:o?, s:s, s:i}", "ok", 1, "status",
                               (json_int_t)mu_json_int(fact, "status", 200), "headers", "body",
                               text, "json", value, "server", "", "ms", 0);
    free(text);
    return result;
}

static const json_t *fact_about(const struct mu_call *call, const struct mu_facts *facts,
                                const char *method)
{
    char *key = mu_xasprintf("%s %s", method, mu_json_str(call->args, "url", ""));
    const json_t *fact = mu_facts_get(facts, MU_FACT_API, key);
    free(key);
    return fact;
}

static json_t *under_get(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    const json_t *fact = fact_about(call, facts, "GET");
    if (fact != NULL) {
        json_decref(real_take);
        return judge_status(call, assumed(fact));
    }
    if (real_take != NULL)
        return real_take;
    const char *no_headers[] = {NULL};
    struct mu_http_response nothing = {.body = "", .server = "", .headers = no_headers};
    json_t *result = answer_json(&nothing);
    char *why =
        mu_xasprintf("this world has no fact api \"GET %s\"", mu_json_str(call->args, "url", ""));
    set_failed(result, MU_NET, why);
    free(why);
    return result;
}

/* --- http.post ------------------------------------------------------------------------------- */

static void on_refusal(struct mu_call *call, const struct mu_http_response *r)
{
    char *words = mu_excerpt(r->body, r->body_len, SHOWN_BODY);
    bool in_doubt = mu_http_may_have_acted(r->status);
    mu_call_fail(call, MU_REMOTE, in_doubt, "POST: %s answered %d%s%s%s", r->server, r->status,
                 *words ? ": " : "", words, in_doubt ? " (it may have acted all the same)" : "");
    free(words);
}

static void on_posted(const struct mu_http_response *r, void *ud)
{
    struct mu_call *call = ud;
    exchange_free(call->state);
    call->state = NULL;
    if (r->err != MU_OK)
        mu_call_fail(call, r->err, r->sent, "POST: %s", r->why);
    else if (r->status < 200 || r->status > 299)
        on_refusal(call, r);
    else
        mu_call_done(call, answer_json(r));
}

static const char *add_body(struct mu_call *call, struct exchange *x)
{
    const json_t *json = mu_json_get(call->args, "json");
    const char *body = mu_json_str(call->args, "body", NULL);
    if (json != NULL && body != NULL)
        return "takes json or body, not both";
    x->body = json ? mu_json_text(json) : mu_xstrdup(body ? body : "");
    if (json != NULL)
        add_header(x, "Content-Type", "application/json", false);
    return NULL;
}

static void start_post(struct mu_call *call)
{
    struct exchange *x = MU_NEW(struct exchange);
    const char *why = add_body(call, x);
    if (why == NULL)
        why = add_headers(call, x);
    if (why != NULL) {
        refuse(call, x, why);
        return;
    }
    if (call->key != NULL)
        add_header(x, mu_json_str(call->args, "key_header", "Idempotency-Key"), call->key, false);
    begin(call, "POST", x, on_posted);
}

/* What the intent row tells people: where to, without a query that may hold a token. */
static void prepare_post(struct mu_call *call)
{
    const char *url = where(call);
    mu_call_done(call, json_pack("{s:o}", "target",
                                 json_sprintf("POST %.*s", (int)strcspn(url, "?#"), url)));
}

/* The receiver's answer can't be known: a fact about it, or an empty "200 OK". */
static json_t *foresee_post(struct mu_call *call, struct mu_facts *facts)
{
    return assumed(fact_about(call, facts, "POST"));
}

/* --- in a drill ------------------------------------------------------------------------------ */

/* Up to a boundary: "https://hooks.example.net" is not the beginning of "https://hooks.example.net.evil.example". */
static bool begins_with(const char *url, const char *from)
{
    size_t len = strlen(from);
    return len > 0 && strncmp(url, from, len) == 0 &&
           (from[len - 1] == '/' || strchr("/?#", url[len]) != NULL);
}

static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {"://127.0.0.1:", "://127.0.0.1/",
                                        "://localhost:", "://localhost/", "://[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        const char *at = strstr(url, "://");
        bool named =
            at && memchr(at + 3, '@', strcspn(at + 3, "/?#")); /* the host stands behind it */
        if (at && !named && strncmp(at, hosts[i], strlen(hosts[i])) == 0)
            return true;
    }
    return false;
}

/* The longest beginning in drill.urls counts; in the lab, what is on this machine. */
static json_t *redirect_post(struct mu_call *call, struct mu_fail *fail)
{
    const char *url = mu_json_str(call->args, "url", ""), *from, *best = NULL, *to = NULL;
    json_t *value, *lab = (json_t *)mu_config(call->host, "lab");
    json_object_foreach((json_t *)mu_config(call->host, "drill.urls"), from, value)
    {
        if (begins_with(url, from) && (!best || strlen(from) > strlen(best))) {
            best = from;
            to = json_string_value(value);
        }
    }
    if (best)
        return json_pack("{s:o}", "url", json_sprintf("%s%s", to, url + strlen(best)));
    if (json_is_true(lab) && is_loopback(url))
        return json_pack("{s:s}", "url", url);
    mu_fail_set(fail, MU_REFUSED, "drill.urls of muster.lua has nothing for %.*s",
                (int)strcspn(url, "?#"), url);
    return NULL;
}

/* --- the module ------------------------------------------------------------------------------ */

static const struct mu_verb verbs[] = {
    {
        .name = "http.get",
        .kind = MU_PROBE,
        .params = get_params,
        .returns = returns,
        .doc =
            "Asks a URL. ok means a status of 200 to 299, or one of `expect`; redirects within the "
            "scheme are followed.",
        .example =
            "local status = http.get(\"https://status.example.net/api\", { timeout = \"5s\" })",
        .start = start_get,
        .cancel = cancel,
        .under = under_get,
    },
    {
        .name = "http.post",
        .kind = MU_ACT,
        .params = post_params,
        .returns = returns,
        .doc = "Sends JSON or text to a URL. Fails unless the answer is 200 to 299. The call's "
               "key goes along in `key_header`; when the answer is lost, or one that does not say "
               "that nothing was done (3xx but 307 and 308, 408, 5xx but 501 and 505), a person "
               "decides, since not every receiver honours keys.",
        .example = "http.post(\"https://hooks.example.net/mx\", { json = { state = \"moved\" } })",
        .target = "url",
        .start = start_post,
        .cancel = cancel,
        .in_doubt = MU_ASK,
        .prepare = prepare_post,
        .foresee = foresee_post,
        .redirect = redirect_post,
    },
    {0},
};

extern const struct mu_module mu_module_http;
const struct mu_module mu_module_http = {
    .abi = MU_MODULE_ABI,
    .verb_size = sizeof(struct mu_verb),
    .name = "http",
    .version = MUSTER_VERSION,
    .doc = "Asking and telling URLs.",
    .verbs = verbs,
};
