/* SPDX-License-Identifier: MIT
 *
 * Sub calls: a composite verb asks other probes by name, through the same world, facts and redaction.
 * They leave no row of their own: their parent's result carries what they found. Completions wait in
 * run->subs_done, so that a callback never runs from inside mu_sub(). */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"

static void refuse(struct call *sub, enum mu_err class, const char *why)
{
    sub->errand->result =
        json_pack("{s:b, s:s, s:s}", "ok", 0, "why", why, "class", mu_err_name(class));
    sub->state = MU_CALL_ARRIVED;
    call_queue_push(&sub->run->subs_done, sub);
}

/* Composite verbs may only look; the host itself may also tell people. */
static void start(struct call *sub, json_t *args, bool may_act)
{
    struct run *run = sub->run;
    struct mu_fail fail;
    const struct mu_module *module;
    sub->errand->pub.verb = mu_registry_find(run->registry, sub->name, &module);
    if (sub->errand->pub.verb == NULL || (sub->errand->pub.verb->kind == MU_ACT && !may_act)) {
        refuse(sub, MU_INTERNAL, "a verb asked for a probe that does not exist");
        return;
    }
    enum mu_err err =
        mu_args_check(sub->errand->pub.verb, args, true, &sub->errand->pub.args, &fail);
    if (err == MU_OK)
        err = mu_registry_open(run->registry, module, &run->host, &sub->errand->pub.module_state,
                               &fail);
    if (err != MU_OK)
        refuse(sub, err, fail.text);
    else if (sub->errand->pub.verb->kind == MU_ACT)
        call_prepare(sub);
    else
        run->world->probe(sub);
}

void mu_sub(struct mu_call *parent, const char *verb, json_t *args_take, mu_sub_cb *done, void *ud)
{
    struct call *above = call_of(parent);
    struct call *sub = call_new(above->run, NULL, MU_CALL_SUB, run_text(above->run, verb));
    sub->errand->parent = above;
    sub->src = above->src;
    sub->errand->sub_done = done;
    sub->errand->sub_ud = ud;
    sub->errand->sibling = above->errand->subs;
    above->errand->subs = sub;
    start(sub, args_take, false);
    json_decref(args_take);
}

static struct call *host_call_new(struct run *run, const char *name, sub_done_cb *done, void *ud)
{
    struct call *sub = call_new(run, NULL, MU_CALL_SUB, run_text(run, name));
    sub->errand->host_done = done;
    sub->errand->sub_ud = ud;
    sub->errand->sibling = run->host_calls;
    run->host_calls = sub;
    return sub;
}

void sub_host_call(struct run *run, const char *verb, json_t *args_take, const char *dedup,
                   bool repeated, sub_done_cb *done, void *ud)
{
    char hex[MU_SHA256_HEX];
    struct call *sub = host_call_new(run, verb, done, ud);
    mu_sha256_hex(dedup, strlen(dedup), hex);
    sub->errand->key = mu_xstrndup(hex, 32);
    sub->errand->pub.key = sub->errand->key;
    sub->errand->pub.repeated = repeated;
    start(sub, args_take, true);
    json_decref(args_take);
}

void sub_host_doctor(struct run *run, const struct mu_module *module, void *module_state,
                     sub_done_cb *done, void *ud)
{
    struct call *sub = host_call_new(run, module->name, done, ud);
    sub->errand->doctor = MU_NEW(struct mu_verb);
    *sub->errand->doctor =
        (struct mu_verb){.name = module->name, .kind = MU_PROBE, .start = module->doctor};
    sub->errand->pub.verb = sub->errand->doctor;
    sub->errand->pub.module_state = module_state;
    sub->errand->pub.args = json_object();
    call_send(sub);
}

bool sub_host_busy(const struct run *run)
{
    return run->host_calls != NULL;
}

static void unlink_sub(struct call *sub)
{
    struct call *parent = sub->errand->parent;
    struct call **at = parent ? &parent->errand->subs : &sub->run->host_calls;
    for (; *at; at = &(*at)->errand->sibling)
        if (*at == sub) {
            *at = sub->errand->sibling;
            return;
        }
}

void sub_deliver(struct run *run)
{
    for (struct call *sub; (sub = call_queue_pop(&run->subs_done)) != NULL;) {
        unlink_sub(sub);
        if (sub->errand->parent)
            sub->errand->sub_done(&sub->errand->parent->errand->pub, sub->errand->result,
                                  sub->errand->sub_ud);
        else
            sub->errand->host_done(run, sub->errand->result, sub->errand->sub_ud);
        call_queue_push(&run->garbage, sub);
    }
}

static void cancel_list(struct run *run, struct call **list)
{
    for (struct call *sub; (sub = *list) != NULL;) {
        *list = sub->errand->sibling;
        call_queue_remove(&run->subs_done, sub);
        call_cancel(sub);
    }
}

void sub_cancel_all(struct call *parent)
{
    cancel_list(parent->run, &parent->errand->subs);
}

void sub_host_cancel(struct run *run)
{
    cancel_list(run, &run->host_calls);
}
