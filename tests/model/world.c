/* SPDX-License-Identifier: MIT
 *
 * The tests' world and its clock; see world.h. An act applies halfway through its time and answers at the
 * end of it; with the fault "lose" the answer is lost, with "halt" it was never applied and the answer is
 * lost, both only at the first try; with "fail" it is refused. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "io/loop.h"
#include "module/module.h"

struct world world;

/* --- time --- */

struct mu_timer {
    int64_t due;
    uint64_t order;
    mu_timer_cb *cb;
    void *ud;
    struct mu_timer *next;
};

static int64_t now_ms;
static uint64_t started;
static struct mu_timer *timers; /* by due, then order */

int64_t __wrap_mu_clock_real_ms(void);
int64_t __wrap_mu_clock_mono_ms(void);
int64_t __wrap_mu_clock_boot_ms(void);
struct mu_timer *__wrap_mu_timer_start(struct mu_loop *, int64_t ms, mu_timer_cb *, void *ud);
void __wrap_mu_timer_cancel(struct mu_timer *);
bool __wrap_mu_loop_turn(struct mu_loop *, bool wait);

int64_t world_now(void)
{
    return now_ms;
}

int64_t __wrap_mu_clock_real_ms(void)
{
    return now_ms;
}

int64_t __wrap_mu_clock_mono_ms(void)
{
    return now_ms;
}

int64_t __wrap_mu_clock_boot_ms(void)
{
    return now_ms;
}

struct mu_timer *__wrap_mu_timer_start(struct mu_loop *loop, int64_t ms, mu_timer_cb *cb, void *ud)
{
    (void)loop;
    struct mu_timer *timer = MU_NEW(struct mu_timer);
    *timer = (struct mu_timer){now_ms + (ms > 0 ? ms : 0), ++started, cb, ud, NULL};
    struct mu_timer **at = &timers;
    while (*at && (*at)->due <= timer->due)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
    return timer;
}

void __wrap_mu_timer_cancel(struct mu_timer *timer)
{
    for (struct mu_timer **at = &timers; timer && *at; at = &(*at)->next)
        if (*at == timer) {
            *at = timer->next;
            free(timer);
            return;
        }
}

/* Everything due at the next instant, or now; what is started meanwhile waits for the next turn. */
bool __wrap_mu_loop_turn(struct mu_loop *loop, bool wait)
{
    (void)loop;
    uint64_t last = started;
    if (timers == NULL && wait) {
        world.stuck = true;
        fprintf(stderr, "the engine waits for nothing\n");
        abort();
    }
    if (wait && timers->due > now_ms)
        now_ms = timers->due;
    while (timers && timers->due <= now_ms && timers->order <= last) {
        struct mu_timer *timer = timers;
        timers = timer->next;
        mu_timer_cb *cb = timer->cb;
        void *ud = timer->ud;
        free(timer);
        cb(ud);
    }
    return timers != NULL;
}

void world_quiet(void)
{
    while (timers)
        __wrap_mu_timer_cancel(timers);
}

/* --- what was ever asked of it --- */

struct world_deed {
    char key[64];
    int64_t began; /* of the first try */
    int64_t result;
    bool applied;
};

static struct world_deed *deed_of(const struct mu_call *call)
{
    const struct call *inside = call_of((struct mu_call *)call); /* probes have no key */
    char key[64];
    if (call->key[0])
        snprintf(key, sizeof key, "%s", call->key);
    else
        snprintf(key, sizeof key, "%.40s#%lld", inside->task->path, (long long)inside->seq);
    for (size_t i = 0; i < world.deed_count; i++)
        if (strcmp(world.deeds[i].key, key) == 0)
            return &world.deeds[i];
    if (world.deed_count == world.deed_room) {
        world.deed_room = world.deed_room ? world.deed_room * 2 : 64;
        world.deeds = mu_xrealloc(world.deeds, world.deed_room, sizeof *world.deeds);
    }
    struct world_deed *deed = &world.deeds[world.deed_count++];
    *deed = (struct world_deed){.began = now_ms};
    memcpy(deed->key, key, sizeof deed->key);
    return deed;
}

void world_reset(int64_t now)
{
    struct mu_journal *journal = world.journal;
    memset(world.slips, 0, sizeof world.slips);
    memset(world.writes, 0, sizeof world.writes);
    world.count = world.deed_count = 0;
    world.journal = journal;
    now_ms = now;
}

static int slip_of(const struct mu_call *call)
{
    const char *name = mu_json_str(call->args, "slip", "");
    for (int i = 0; i < PROGRAM_SLIPS; i++)
        if (strcmp(program_slips[i], name) == 0)
            return i;
    return 0;
}

static int verb_of(const struct mu_call *call)
{
    int verb = 0;
    while (strcmp(program_verbs[verb], call->verb->name) != 0)
        verb++;
    return verb;
}

static void put_down(struct world_effect effect)
{
    if (effect.verb != VERB_RING) {
        world.slips[effect.slip] = effect.value;
        world.writes[effect.slip]++;
    }
    if (world.count % 64 == 0)
        world.effects = mu_xrealloc(world.effects, world.count + 64, sizeof *world.effects);
    world.effects[world.count++] = effect;
}

void world_cut(const struct world_effect *whole, size_t count, int64_t gsn, size_t more,
               int64_t now)
{
    memset(world.slips, 0, sizeof world.slips);
    memset(world.writes, 0, sizeof world.writes);
    world.count = 0;
    for (size_t i = 0; i < world.deed_count; i++)
        world.deeds[i].applied = false;
    for (size_t i = 0; i < count; i++) {
        struct world_effect effect = whole[i];
        if (effect.gsn > gsn || (effect.gsn == gsn && more-- == 0))
            break;
        put_down(effect);
        for (size_t k = 0; k < world.deed_count; k++)
            if (strcmp(world.deeds[k].key, effect.key) == 0)
                world.deeds[k].applied = true;
    }
    now_ms = now;
}

/* --- acts --- */

struct doing { /* call->state */
    struct mu_timer *applies, *answers;
    bool lost;
};

static int64_t given(const struct mu_call *call, const char *name)
{
    return mu_json_int(call->args, name, 0);
}

static bool has(const struct mu_call *call, const char *name)
{
    return mu_json_bool(call->args, name, false);
}

static int64_t latency(struct mu_call *call)
{
    if (world.shuffled)
        return 1 + program_dice(&world.draw, 300);
    return given(call, "ms");
}

static json_t *done_value(struct world_deed *deed)
{
    return json_pack("{s:b, s:I}", "ok", 1, "value", (json_int_t)deed->result);
}

static void apply(struct mu_call *call)
{
    struct world_deed *deed = deed_of(call);
    struct world_effect effect = {.ts = now_ms,
                                  .gsn = mu_journal_last_gsn(world.journal),
                                  .verb = verb_of(call),
                                  .slip = slip_of(call),
                                  .value = given(call, "value"),
                                  .repeated = deed->applied};
    if (effect.verb == VERB_KEY && deed->applied)
        return;
    snprintf(effect.key, sizeof effect.key, "%s", call->key);
    if (effect.verb == VERB_KEY)
        effect.value += world.slips[effect.slip];
    put_down(effect);
    deed->applied = true;
    deed->result = effect.verb == VERB_RING ? 1 : world.writes[effect.slip];
}

static void applies(void *ud)
{
    struct mu_call *call = ud;
    ((struct doing *)call->state)->applies = NULL;
    apply(call);
}

static void free_doing(struct mu_call *call)
{
    struct doing *doing = call->state;
    mu_timer_cancel(doing->applies);
    mu_timer_cancel(doing->answers);
    free(doing);
    call->state = NULL;
}

static void answers(void *ud)
{
    struct mu_call *call = ud;
    struct doing *doing = call->state;
    bool lost = doing->lost;
    doing->answers = NULL;
    free_doing(call);
    if (has(call, "fail"))
        mu_call_fail(call, MU_REMOTE, false, "refused");
    else if (lost)
        mu_call_fail(call, MU_NET, true, "no answer");
    else
        mu_call_done(call, done_value(deed_of(call)));
}

/* Which try is it at, and how far is it? Tries follow each other without a pause. */
MU_API void world_act(struct mu_call *call);
void world_act(struct mu_call *call)
{
    struct world_deed *deed = deed_of(call);
    int64_t ms = latency(call), passed = world.shuffled ? 0 : now_ms - deed->began;
    bool faulty = has(call, "lose") || has(call, "halt");
    bool first = world.shuffled ? deed->result == 0 && !deed->applied : passed < ms;
    int64_t into = first ? passed : passed - ms; /* this try */
    bool never = has(call, "fail") || (first && has(call, "halt"));
    struct doing *doing = call->state = MU_NEW(struct doing);
    doing->lost = faulty && first;
    if (world.shuffled)
        deed->result = 1; /* it has been tried */
    if (!never && into >= ms / 2 && deed->applied && call->repeated)
        apply(call); /* it was out, and is done once more */
    else if (!never)
        doing->applies = mu_timer_start(call->host->loop, ms / 2 - into, applies, call);
    doing->answers = mu_timer_start(call->host->loop, ms - into, answers, call);
}

MU_API void world_cancel(struct mu_call *call);
void world_cancel(struct mu_call *call)
{
    if (call->state)
        free_doing(call);
}

/* The answer comes when the act's own would have come. */
static void told(void *ud)
{
    struct mu_call *call = ud;
    ((struct doing *)call->state)->answers = NULL;
    free_doing(call);
    mu_call_readback(call, MU_APPLIED, done_value(deed_of(call)), NULL);
}

MU_API void world_readback(struct mu_call *call);
void world_readback(struct mu_call *call)
{
    struct world_deed *deed = deed_of(call);
    if (!deed->applied) {
        mu_call_readback(call, MU_NOT_APPLIED, NULL, NULL);
        return;
    }
    int64_t ms = given(call, "ms"), passed = now_ms - deed->began;
    int64_t end = has(call, "halt") ? 2 * ms : ms; /* the second try was the one */
    if (passed >= end || world.shuffled) {
        mu_call_readback(call, MU_APPLIED, done_value(deed), NULL);
        return;
    }
    struct doing *doing = call->state = MU_NEW(struct doing);
    doing->answers = mu_timer_start(call->host->loop, end - passed, told, call);
}

/* --- probes --- */

static void looked(void *ud)
{
    struct mu_call *call = ud;
    struct doing *doing = call->state;
    doing->answers = NULL;
    free_doing(call);
    if (has(call, "fail"))
        mu_call_fail(call, MU_NET, false, "unseen");
    else
        mu_call_done(call, json_pack("{s:b, s:I}", "ok", 1, "value",
                                     (json_int_t)world.slips[slip_of(call)]));
}

MU_API void world_look(struct mu_call *call);
void world_look(struct mu_call *call)
{
    int64_t passed = world.shuffled ? 0 : now_ms - deed_of(call)->began;
    struct doing *doing = call->state = MU_NEW(struct doing);
    doing->answers = mu_timer_start(call->host->loop, latency(call) - passed, looked, call);
}

/* --- before an act, and instead of it --- */

static int64_t seen(struct mu_call *call)
{
    const char *name = mu_json_str(call->args, "slip", "");
    const json_t *fact = mu_facts_get(call->facts, MU_FACT_API, name);
    return fact ? mu_json_int(fact, "body", 0) : world.slips[slip_of(call)];
}

MU_API void world_prepare(struct mu_call *call);
void world_prepare(struct mu_call *call)
{
    int verb = verb_of(call);
    int64_t before = seen(call), value = given(call, "value");
    if (verb == VERB_RING)
        mu_call_done(call, json_pack("{s:[s]}", "recipients", "everybody"));
    else
        mu_call_done(call, json_pack("{s:I, s:I}", "before", (json_int_t)before, "after",
                                     (json_int_t)(verb == VERB_KEY ? before + value : value)));
}

MU_API json_t *world_invert(struct mu_call *call);
json_t *world_invert(struct mu_call *call)
{
    return json_pack("{s:s, s:[s, I]}", "verb", "m.put", "args",
                     mu_json_str(call->args, "slip", ""),
                     (json_int_t)mu_json_int(call->prepared, "before", 0));
}

MU_API json_t *world_foresee(struct mu_call *call, struct mu_facts *facts);
json_t *world_foresee(struct mu_call *call, struct mu_facts *facts)
{
    if (verb_of(call) != VERB_RING)
        mu_facts_set(facts, MU_FACT_API, mu_json_str(call->args, "slip", ""),
                     json_pack("{s:i, s:I}", "status", 200, "body",
                               (json_int_t)mu_json_int(call->prepared, "after", 0)));
    return json_pack("{s:b, s:i}", "ok", 1, "value", 0);
}

MU_API json_t *world_under(struct mu_call *call, const struct mu_facts *facts, json_t *real_take);
json_t *world_under(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    const json_t *fact = mu_facts_get(facts, MU_FACT_API, mu_json_str(call->args, "slip", ""));
    if (fact && mu_json_bool(real_take, "ok", false))
        json_object_set(real_take, "value", json_object_get(fact, "body"));
    return real_take;
}
