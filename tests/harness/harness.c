/* SPDX-License-Identifier: MIT
 *
 * See harness.h. A call here is what the engine's would be without journal and policy:
 *
 *   open ─▶ begin(step) ─▶ ... mu_call_done / fail / readback ─▶ finished ─▶ [sub: deliver] ─▶
 * close
 *
 * Sub calls are calls with a parent; their completion reaches the parent from a timer, never from
 * inside mu_sub(), as the contract demands. */
#include "harness/harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/dns.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/smtp.h"
#include "module/registry.h"

#define RESOLVERS_MAX 8

struct answer {
    struct answer *next;
    char *verb;
    json_t *value;
    mu_harness_answer_fn *fn;
    void *ud;
};

struct mu_harness {
    struct mu_host host; /* first: mu_config() and mu_secret() come with the host */
    struct mu_registry *registry;
    const struct mu_verb *verbs;
    json_t *config, *files, *secrets, *asked;
    struct answer *answers;
    struct mu_facts *facts;
    bool no_world;
    size_t subs, subs_most;
    char *progress;
    struct mu_fail fail;
};

struct call {
    struct mu_call base; /* first: modules hold this one */
    struct mu_harness *harness;
    bool running;
    struct mu_harness_outcome outcome;
    json_t *value;
    char *why;
    char key[33];
    /* A sub call: */
    struct call *parent;
    struct call *subs, *next; /* of this call; of the same parent */
    mu_sub_cb *done;
    void *ud;
    struct mu_timer *delivery;
};

static MU_NORETURN MU_PRINTF(1, 2) void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("harness: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    abort();
}

static struct call *own(struct mu_call *call)
{
    return (struct call *)call;
}

static const struct call *own_const(const struct mu_call *call)
{
    return (const struct call *)call;
}

/* --- life of the harness --------------------------------------------------------------------- */

static struct mu_dns *open_dns(struct mu_harness *h)
{
    const json_t *section = mu_json_get(h->config, "dns");
    const char *resolvers[RESOLVERS_MAX + 1] = {"127.0.0.1:1"},
                                          *fallback[RESOLVERS_MAX + 1] = {NULL};
    size_t i;
    json_t *item;
    json_array_foreach(mu_json_get(section, "resolvers"), i, item) if (i < RESOLVERS_MAX)
        resolvers[i] = json_string_value(item);
    json_array_foreach(mu_json_get(section, "fallback"), i, item) if (i < RESOLVERS_MAX)
        fallback[i] = json_string_value(item);
    int64_t timeout_ms = 0;
    mu_duration_parse(mu_json_str(section, "timeout", "1s"), &timeout_ms);
    struct mu_dns_config config = {
        .resolvers = resolvers,
        .fallback = fallback,
        .authoritative_port = (uint16_t)mu_json_int(section, "port", 0),
        .timeout_ms = (int)timeout_ms,
    };
    struct mu_dns *dns;
    if (mu_dns_new(h->host.loop, &config, &dns, &h->fail) != MU_OK)
        die("dns: %s", h->fail.text);
    return dns;
}

struct mu_harness *mu_harness_new(json_t *config_take)
{
    struct mu_harness *h = MU_NEW(struct mu_harness);
    h->config = config_take ? config_take : json_object();
    h->files = json_object();
    h->secrets = json_object();
    h->asked = json_array();
    h->facts = mu_facts_new();
    h->registry = mu_registry_new();
    h->progress = mu_xstrdup("");

    const char *ca_file = mu_json_str(mu_json_get(h->config, "tls"), "ca_file", NULL);
    const char *helo = mu_json_str(mu_json_get(h->config, "smtp"), "helo", "probe.invalid");
    h->host.config = h->config;
    h->host.config_dir = ".";
    h->host.loop = mu_loop_new();
    h->host.dns = open_dns(h);
    h->host.http =
        mu_http_new(h->host.loop, h->host.dns, &(struct mu_http_config){.ca_file = ca_file});
    h->host.smtp = mu_smtp_new(h->host.loop, ca_file, helo);
    return h;
}

static void forget_answers(struct mu_harness *h, const char *verb)
{
    for (struct answer **at = &h->answers; *at;) {
        struct answer *answer = *at;
        if (verb && strcmp(verb, answer->verb) != 0) {
            at = &answer->next;
            continue;
        }
        *at = answer->next;
        json_decref(answer->value);
        free(answer->verb);
        free(answer);
    }
}

void mu_harness_free(struct mu_harness *h)
{
    if (h == NULL)
        return;
    if (h->subs != 0)
        die("%zu sub calls are still running at the end", h->subs);
    mu_registry_free(h->registry); /* modules may hold timers: before the loop */
    mu_smtp_free(h->host.smtp);
    mu_http_free(h->host.http);
    mu_dns_free(h->host.dns);
    mu_loop_free(h->host.loop);
    forget_answers(h, NULL);
    mu_facts_free(h->facts);
    json_decref(h->config);
    json_decref(h->files);
    json_decref(h->secrets);
    json_decref(h->asked);
    free(h->progress);
    free(h);
}

const struct mu_host *mu_harness_host(const struct mu_harness *h)
{
    return &h->host;
}

void mu_harness_verbs(struct mu_harness *h, const struct mu_verb *verbs)
{
    h->verbs = verbs;
}

void mu_harness_file(struct mu_harness *h, const char *path, const char *text)
{
    json_object_set_new(h->files, path, json_string(text));
}

void mu_harness_secret(struct mu_harness *h, const char *name, const char *text)
{
    json_object_set_new(h->secrets, name, json_string(text));
}

struct mu_facts *mu_harness_facts(struct mu_harness *h)
{
    return h->facts;
}

void mu_harness_no_world(struct mu_harness *h, bool no_world)
{
    h->no_world = no_world;
}

static void add_answer(struct mu_harness *h, const char *verb, json_t *value,
                       mu_harness_answer_fn *fn, void *ud)
{
    forget_answers(h, verb);
    struct answer *answer = MU_NEW(struct answer);
    *answer = (struct answer){
        .next = h->answers, .verb = mu_xstrdup(verb), .value = value, .fn = fn, .ud = ud};
    h->answers = answer;
}

void mu_harness_answer(struct mu_harness *h, const char *verb, json_t *value_take)
{
    add_answer(h, verb, value_take, NULL, NULL);
}

void mu_harness_answer_with(struct mu_harness *h, const char *verb, mu_harness_answer_fn *fn,
                            void *ud)
{
    add_answer(h, verb, NULL, fn, ud);
}

const json_t *mu_harness_asked(const struct mu_harness *h)
{
    return h->asked;
}

size_t mu_harness_asked_at_once(const struct mu_harness *h)
{
    return h->subs_most;
}

const char *mu_harness_progress(const struct mu_harness *h)
{
    return h->progress;
}

json_t *mu_harness_json(const char *fmt, ...)
{
    char text[8192];
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (len < 0 || (size_t)len >= sizeof text)
        die("JSON text longer than %zu", sizeof text);
    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    struct mu_fail fail;
    json_t *value = mu_json_parse(text, (size_t)len, &fail);
    if (value == NULL)
        die("%s in %s", fail.text, text);
    return value;
}

/* --- opening and closing calls --------------------------------------------------------------- */

static const struct mu_verb *find_verb(const struct mu_harness *h, const char *name,
                                       const struct mu_module **module)
{
    *module = NULL;
    for (const struct mu_verb *verb = h->verbs; verb && verb->name; verb++)
        if (strcmp(verb->name, name) == 0)
            return verb;
    return mu_registry_find(h->registry, name, module);
}

/* NULL with h->fail set when verb or arguments are refused. */
static struct call *open_call(struct mu_harness *h, const char *name, json_t *args_take)
{
    const struct mu_module *module;
    const struct mu_verb *verb = find_verb(h, name, &module);
    if (verb == NULL)
        die("no verb '%s', neither built in nor given by mu_harness_verbs()", name);
    json_t *args = NULL;
    enum mu_err err = mu_args_check(verb, args_take, json_is_object(args_take), &args, &h->fail);
    json_decref(args_take);
    if (err != MU_OK)
        return NULL;

    static unsigned long count;
    struct call *call = MU_NEW(struct call);
    call->harness = h;
    snprintf(call->key, sizeof call->key, "%032lx", ++count);
    call->base = (struct mu_call){.verb = verb,
                                  .host = &h->host,
                                  .args = args,
                                  .key = call->key,
                                  .run = "harness.1",
                                  .incident = "",
                                  .world = h->no_world ? "sim" : "live",
                                  .facts = h->facts};
    mu_registry_guard(h->registry, &h->host);
    if (module && mu_registry_open(h->registry, module, &h->host, &call->base.module_state,
                                   &h->fail) != MU_OK)
        die("module %s: %s", module->name, h->fail.text);
    return call;
}

static void clear_outcome(struct call *call)
{
    json_decref(call->value);
    free(call->why);
    call->value = NULL;
    call->why = NULL;
    call->outcome = (struct mu_harness_outcome){.why = ""};
}

static void stop_call(struct call *call);

static void free_call(struct call *call)
{
    while (call->subs) {
        struct call *sub = call->subs;
        call->subs = sub->next;
        stop_call(sub);
        call->harness->subs--;
        free_call(sub);
    }
    mu_timer_cancel(call->delivery);
    clear_outcome(call);
    json_decref(call->base.args);
    json_decref(call->base.prepared);
    free(call);
}

static void stop_call(struct call *call)
{
    if (!call->running)
        return;
    if (call->base.verb && call->base.verb->cancel)
        call->base.verb->cancel(&call->base);
    call->running = false;
}

struct mu_call *mu_harness_open(struct mu_harness *h, const char *verb, json_t *args_take)
{
    struct call *call = open_call(h, verb, args_take);
    if (call == NULL)
        die("%s", h->fail.text);
    return &call->base;
}

void mu_harness_close(struct mu_call *call)
{
    stop_call(own(call));
    free_call(own(call));
}

const char *mu_harness_refused(struct mu_harness *h, const char *verb, json_t *args_take)
{
    struct call *call = open_call(h, verb, args_take);
    if (call == NULL)
        return h->fail.text;
    free_call(call);
    return NULL;
}

/* --- running one step ------------------------------------------------------------------------ */

static void wait_for(struct call *call)
{
    int64_t end = mu_clock_mono_ms() + MU_HARNESS_WAIT_MS;
    struct mu_loop *loop = call->base.host->loop;
    while (call->running) {
        bool alive = mu_loop_turn(loop, true);
        if (call->running && (!alive || mu_clock_mono_ms() > end))
            die("%s did not complete: %s", call->base.verb->name,
                alive ? "time is up" : "nothing is left on the loop that could complete it");
    }
}

static void begin(struct call *call, void (*step)(struct mu_call *))
{
    if (call->running)
        die("%s: a step is still running", call->base.verb->name);
    clear_outcome(call);
    call->running = true;
    step(&call->base);
}

static const struct mu_harness_outcome *run_step(struct mu_call *base,
                                                 void (*step)(struct mu_call *))
{
    begin(own(base), step);
    wait_for(own(base));
    return &own(base)->outcome;
}

const struct mu_harness_outcome *mu_harness_prepare(struct mu_call *call)
{
    if (call->verb->prepare == NULL) {
        clear_outcome(own(call));
        return &own(call)->outcome;
    }
    const struct mu_harness_outcome *outcome = run_step(call, call->verb->prepare);
    if (outcome->err == MU_OK) {
        json_decref(call->prepared);
        call->prepared = json_incref(own(call)->value);
    }
    return outcome;
}

const struct mu_harness_outcome *mu_harness_start(struct mu_call *call)
{
    return run_step(call, call->verb->start);
}

const struct mu_harness_outcome *mu_harness_readback(struct mu_call *call)
{
    if (call->verb->readback == NULL)
        die("%s has no readback", call->verb->name);
    return run_step(call, call->verb->readback);
}

json_t *mu_harness_invert(struct mu_call *call)
{
    return call->verb->invert ? call->verb->invert(call) : NULL;
}

json_t *mu_harness_foresee(struct mu_call *call)
{
    return call->verb->foresee ? call->verb->foresee(call, own(call)->harness->facts) : NULL;
}

struct mu_call *mu_harness_act(struct mu_harness *h, const char *verb, json_t *args_take)
{
    struct mu_call *call = mu_harness_open(h, verb, args_take);
    if (mu_harness_prepare(call)->err == MU_OK)
        mu_harness_start(call);
    return call;
}

const struct mu_harness_outcome *mu_harness_outcome(const struct mu_call *call)
{
    return &own_const(call)->outcome;
}

void mu_harness_begin(struct mu_call *call)
{
    begin(own(call), call->verb->start);
}

void mu_harness_cancel(struct mu_call *call)
{
    stop_call(own(call));
}

static void wake(void *ud)
{
    *(bool *)ud = true;
}

void mu_harness_run_for(struct mu_harness *h, int64_t ms)
{
    bool over = false;
    mu_timer_start(h->host.loop, ms, wake, &over);
    while (!over)
        mu_loop_turn(h->host.loop, true);
}

/* --- probes ---------------------------------------------------------------------------------- */

static bool answered_by_facts_alone(const struct call *call)
{
    return call->harness->no_world && call->base.verb->under;
}

/* The outcome of a probe as the engine would hand it on. A new reference. */
static json_t *probe_result(struct call *call)
{
    struct mu_harness *h = call->harness;
    const struct mu_verb *verb = call->base.verb;
    if (answered_by_facts_alone(call))
        return verb->under(&call->base, h->facts, NULL);
    json_t *result = call->outcome.err == MU_OK
                         ? json_incref(call->value)
                         : json_pack("{s:b, s:s, s:s}", "ok", 0, "why", call->outcome.why, "class",
                                     mu_err_name(call->outcome.err));
    if (verb->under && !mu_facts_empty(h->facts))
        result = verb->under(&call->base, h->facts, result);
    return result;
}

json_t *mu_harness_call(struct mu_harness *h, const char *verb, json_t *args_take)
{
    struct mu_call *call = mu_harness_open(h, verb, args_take);
    if (!answered_by_facts_alone(own(call)))
        mu_harness_start(call);
    json_t *result = probe_result(own(call));
    mu_harness_close(call);
    return result;
}

struct wanted {
    const char *name;
    const struct mu_module *found;
};

static bool is_wanted(const struct mu_module *module, void *ud)
{
    struct wanted *wanted = ud;
    if (strcmp(module->name, wanted->name) == 0)
        wanted->found = module;
    return wanted->found == NULL;
}

json_t *mu_harness_doctor(struct mu_harness *h, const char *name)
{
    static const struct mu_field none[] = {{0}};
    struct wanted wanted = {.name = name};
    mu_registry_each_module(h->registry, is_wanted, &wanted);
    if (wanted.found == NULL || wanted.found->doctor == NULL)
        die("no module '%s' with a doctor", name);
    const struct mu_verb *own_verbs = h->verbs, verbs[] = {{.name = "harness.doctor",
                                                            .kind = MU_PROBE,
                                                            .params = none,
                                                            .returns = none,
                                                            .start = wanted.found->doctor},
                                                           {0}};
    h->verbs = verbs;
    struct mu_call *call = mu_harness_open(h, "harness.doctor", json_array());
    if (mu_registry_open(h->registry, wanted.found, &h->host, &call->module_state, &h->fail) !=
        MU_OK)
        die("module %s: %s", name, h->fail.text);
    mu_harness_start(call);
    json_t *result = probe_result(own(call));
    mu_harness_close(call);
    h->verbs = own_verbs;
    return result;
}

/* --- what modules call ----------------------------------------------------------------------- */

static void finished(struct call *call);

static struct call *completing(struct mu_call *base, const char *how)
{
    struct call *call = own(base);
    if (!call->running)
        die("%s: %s after completion or cancel", base->verb ? base->verb->name : "sub call", how);
    clear_outcome(call);
    return call;
}

void mu_call_done(struct mu_call *base, json_t *value_take)
{
    struct call *call = completing(base, "mu_call_done");
    call->value = value_take;
    call->outcome.value = value_take;
    finished(call);
}

MU_PRINTF(5, 0)
static void failed(struct call *call, enum mu_err class, bool in_doubt, bool done, const char *fmt,
                   va_list ap)
{
    struct mu_fail fail;
    mu_fail_setv(&fail, class, fmt, ap);
    call->why = mu_xstrdup(fail.text);
    call->outcome.err = class;
    call->outcome.in_doubt = in_doubt;
    call->outcome.done = done;
    call->outcome.why = call->why;
    finished(call);
}

void mu_call_fail(struct mu_call *base, enum mu_err class, bool in_doubt, const char *fmt, ...)
{
    struct call *call = completing(base, "mu_call_fail");
    va_list ap;
    va_start(ap, fmt);
    failed(call, class, in_doubt, false, fmt, ap);
    va_end(ap);
}

void mu_call_fail_unknown(struct mu_call *base, enum mu_err class, const char *fmt, ...)
{
    struct call *call = completing(base, "mu_call_fail_unknown");
    va_list ap;
    va_start(ap, fmt);
    failed(call, class, true, false, fmt, ap);
    call->outcome.last = true;
    va_end(ap);
}

void mu_call_fail_done(struct mu_call *base, enum mu_err class, const char *fmt, ...)
{
    struct call *call = completing(base, "mu_call_fail_done");
    va_list ap;
    va_start(ap, fmt);
    failed(call, class, false, true, fmt, ap);
    va_end(ap);
}

void mu_call_readback(struct mu_call *base, enum mu_known known, json_t *value_take,
                      const char *why)
{
    struct call *call = completing(base, "mu_call_readback");
    call->value = value_take;
    call->why = mu_xstrdup(why ? why : "");
    call->outcome.known = known;
    call->outcome.value = value_take;
    call->outcome.why = call->why;
    finished(call);
}

void mu_call_progress(struct mu_call *base, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    struct mu_harness *h = own(base)->harness;
    free(h->progress);
    h->progress = mu_xstrdup(line);
}

const char *mu_call_file(struct mu_call *base, const char *path, size_t *len)
{
    const json_t *file = mu_json_get(own(base)->harness->files, path);
    if (file && len)
        *len = json_string_length(file);
    return json_string_value(file);
}

const json_t *mu_config(const struct mu_host *host, const char *path)
{
    const json_t *at = host->config;
    while (at && *path) {
        size_t len = strcspn(path, ".");
        char *key = mu_xstrndup(path, len);
        at = mu_json_get(at, key);
        free(key);
        path += len + (path[len] == '.');
    }
    return at;
}

const char *mu_secret(const struct mu_host *host, const json_t *ref)
{
    if (json_is_string(ref))
        return json_string_value(ref);
    const char *name = mu_json_str(ref, "$secret", NULL);
    const struct mu_harness *h = (const struct mu_harness *)host;
    return name ? mu_json_str(h->secrets, name, NULL) : NULL;
}

/* --- sub calls ------------------------------------------------------------------------------- */

static void unlink_sub(struct call *sub)
{
    struct call **at = &sub->parent->subs;
    while (*at != sub)
        at = &(*at)->next;
    *at = sub->next;
    sub->harness->subs--;
}

static void deliver(void *ud)
{
    struct call *sub = ud;
    sub->delivery = NULL;
    unlink_sub(sub);
    json_t *result = sub->base.verb ? probe_result(sub) : json_incref(sub->value);
    sub->done(&sub->parent->base, result, sub->ud);
    json_decref(result);
    free_call(sub);
}

static void finished(struct call *call)
{
    call->running = false;
    if (call->parent)
        call->delivery = mu_timer_start(call->base.host->loop, 0, deliver, call);
}

/* The prepared answer to this sub call, NULL when the real verb shall run. A new reference. */
static json_t *canned(const struct mu_harness *h, const char *verb, const json_t *args)
{
    for (const struct answer *answer = h->answers; answer; answer = answer->next)
        if (strcmp(answer->verb, verb) == 0)
            return answer->fn ? answer->fn(args, answer->ud) : json_deep_copy(answer->value);
    return NULL;
}

static struct call *open_canned(struct mu_harness *h, json_t *answer, json_t *args_take)
{
    struct call *sub = MU_NEW(struct call);
    sub->harness = h;
    sub->base.host = &h->host;
    sub->base.args = args_take;
    sub->value = answer;
    return sub;
}

void mu_sub(struct mu_call *parent, const char *verb, json_t *args_take, mu_sub_cb *done, void *ud)
{
    struct mu_harness *h = own(parent)->harness;
    json_array_append_new(h->asked, json_pack("{s:s, s:O}", "verb", verb, "args", args_take));
    json_t *answer = canned(h, verb, args_take);
    struct call *sub = answer ? open_canned(h, answer, args_take) : open_call(h, verb, args_take);
    if (sub == NULL)
        die("sub call of %s: %s", parent->verb->name, h->fail.text);
    sub->parent = own(parent);
    sub->done = done;
    sub->ud = ud;
    sub->next = sub->parent->subs;
    sub->parent->subs = sub;
    if (++h->subs > h->subs_most)
        h->subs_most = h->subs;
    if (answer || answered_by_facts_alone(sub))
        finished(sub);
    else
        begin(sub, sub->base.verb->start);
}
