/* SPDX-License-Identifier: MIT
 *
 * Looking at the hosts of an MX set; see look.h.
 *
 *   per host: A and AAAA side by side ─▶ all hosts known ─▶ queue of (host, address) ─▶ smtp.probe
 *
 * Never two connections to one address at once (some hosts count them as abuse), and at most
 * AT_ONCE altogether. */
#include "look.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

#define AT_ONCE   8
#define HOSTS_MAX 32 /* of one MX set; senders give up earlier */

struct family_question {
    struct mu_mail_look *look;
    json_t *host; /* of the sight */
    const char *type;
};

enum state { WAITING, RUNNING, DONE };

struct target {
    struct mu_mail_look *look;
    enum state state;
    const char *host;
    const char *address; /* both of the sight */
    json_t *entry;       /* {address, probe} of the sight */
};

struct mu_mail_look {
    struct mu_call *call;
    struct mu_mail_dialogue dialogue;
    mu_mail_look_cb *done;
    void *ud;
    json_t *sight;
    struct family_question questions[2 * HOSTS_MAX];
    size_t unanswered;
    struct target targets[MU_LIMIT_SERVERS];
    size_t target_count, running, left;
};

static void start_probing(struct mu_mail_look *);
static void pump(struct mu_mail_look *);

void mu_mail_look_free(struct mu_mail_look *look)
{
    if (look == NULL)
        return;
    json_decref(look->sight);
    free(look);
}

static void complete(struct mu_mail_look *look)
{
    json_t *sight = json_incref(look->sight);
    struct mu_call *call = look->call;
    mu_mail_look_cb *done = look->done;
    void *ud = look->ud;
    mu_mail_look_free(look);
    done(call, sight, ud);
}

/* --- addresses ------------------------------------------------------------------------------- */

/* "found" wins over "failed" (one family is enough to look at), "failed" over "none" (it may be
 * there). */
static void note_lookup(json_t *host, const char *lookup, const char *why)
{
    static const char *const ranks[] = {"none", "failed", "found"};
    size_t before = 0, now = 0;
    for (size_t i = 0; i < MU_COUNT(ranks); i++) {
        before = strcmp(mu_json_str(host, "lookup", "none"), ranks[i]) == 0 ? i : before;
        now = strcmp(lookup, ranks[i]) == 0 ? i : now;
    }
    if (now < before)
        return;
    json_object_set_new(host, "lookup", json_string(lookup));
    if (why)
        json_object_set_new(host, "why", json_string(why));
    if (now == 2)
        json_object_del(host, "why");
}

static void note_failure(json_t *host, const json_t *result)
{
    if (strcmp(mu_json_str(result, "rcode", ""), "NXDOMAIN") == 0) {
        note_lookup(host, "none", "does not exist (NXDOMAIN)");
        return;
    }
    char *why = mu_xasprintf("can't be looked up: %s", mu_json_str(result, "why", "no answer"));
    note_lookup(host, "failed", why);
    free(why);
}

static void take_addresses(json_t *host, const json_t *result)
{
    json_t *addresses = json_object_get(host, "addresses"), *text;
    size_t i;
    json_array_foreach(json_object_get(result, "records"), i, text)
        json_array_append_new(addresses, json_pack("{s:O}", "address", text));
    if (mu_json_get(result, "canonical"))
        json_object_set(host, "canonical", mu_json_get(result, "canonical"));
    if (json_array_size(json_object_get(result, "records")) > 0)
        note_lookup(host, "found", NULL);
    else if (mu_json_bool(result, "ok", false))
        note_lookup(host, "none", "has no address");
    else
        note_failure(host, result);
}

static void on_addresses(struct mu_call *call, const json_t *result, void *ud)
{
    struct family_question *question = ud;
    struct mu_mail_look *look = question->look;
    (void)call;
    take_addresses(question->host, result);
    if (--look->unanswered == 0)
        start_probing(look);
}

static void ask_addresses(struct mu_mail_look *look, json_t *host)
{
    static const char *const types[] = {"A", "AAAA"};
    for (size_t i = 0; i < MU_COUNT(types); i++) {
        struct family_question *question = &look->questions[look->unanswered++];
        *question = (struct family_question){.look = look, .host = host, .type = types[i]};
        mu_sub(look->call, "dns.query",
               json_pack("{s:s, s:s}", "name", mu_json_str(host, "host", ""), "type", types[i]),
               on_addresses, question);
    }
}

/* --- dialogues ------------------------------------------------------------------------------- */

static void on_probe(struct mu_call *call, const json_t *result, void *ud)
{
    struct target *target = ud;
    struct mu_mail_look *look = target->look;
    (void)call;
    target->state = DONE;
    json_object_set_new(target->entry, "probe", json_deep_copy(result));
    look->running--;
    look->left--;
    mu_call_progress(look->call, "%zu/%zu addresses tried", look->target_count - look->left,
                     look->target_count);
    if (look->left == 0)
        complete(look);
    else
        pump(look);
}

static void probe(struct target *target)
{
    struct mu_mail_look *look = target->look;
    json_t *args = json_pack("{s:s, s:s, s:s*}", "host", target->host, "address", target->address,
                             "rcpt", look->dialogue.rcpt);
    if (look->dialogue.port)
        json_object_set_new(args, "port", json_integer(look->dialogue.port));
    target->state = RUNNING;
    look->running++;
    mu_sub(look->call, "smtp.probe", args, on_probe, target);
}

static bool is_busy(const struct mu_mail_look *look, const char *address)
{
    for (size_t i = 0; i < look->target_count; i++)
        if (look->targets[i].state == RUNNING && strcmp(look->targets[i].address, address) == 0)
            return true;
    return false;
}

static void pump(struct mu_mail_look *look)
{
    for (size_t i = 0; i < look->target_count && look->running < AT_ONCE; i++)
        if (look->targets[i].state == WAITING && !is_busy(look, look->targets[i].address))
            probe(&look->targets[i]);
}

static void add_targets(struct mu_mail_look *look, json_t *host)
{
    json_t *addresses = json_object_get(host, "addresses"), *entry;
    for (size_t i = 0; i < json_array_size(addresses); i++) {
        if (look->target_count == MU_COUNT(look->targets)) { /* untried ones must not look tried */
            json_array_remove(addresses, i--);
            continue;
        }
        entry = json_array_get(addresses, i);
        look->targets[look->target_count++] =
            (struct target){.look = look,
                            .host = mu_json_str(host, "host", ""),
                            .address = mu_json_str(entry, "address", ""),
                            .entry = entry};
    }
}

static void start_probing(struct mu_mail_look *look)
{
    size_t i;
    json_t *host;
    json_array_foreach(look->sight, i, host) add_targets(look, host);
    look->left = look->target_count;
    if (look->left == 0)
        complete(look);
    else
        pump(look);
}

/* --- from outside ---------------------------------------------------------------------------- */

struct mu_mail_look *mu_mail_look_start(struct mu_call *call, const json_t *mx,
                                        struct mu_mail_dialogue dialogue, mu_mail_look_cb *done,
                                        void *ud)
{
    struct mu_mail_look *look = MU_NEW(struct mu_mail_look);
    size_t i;
    json_t *item;
    look->call = call;
    look->dialogue = dialogue;
    look->done = done;
    look->ud = ud;
    look->sight = json_array();
    json_array_foreach(mx, i, item) if (i < HOSTS_MAX) json_array_append_new(
        look->sight,
        json_pack("{s:O, s:O, s:s, s:[]}", "host", json_object_get(item, "host"), "preference",
                  json_object_get(item, "preference"), "lookup", "none", "addresses"));
    json_array_foreach(look->sight, i, item) ask_addresses(look, item);
    return look;
}

const char *mu_mail_recipient(const struct mu_call *call, const char *domain)
{
    const json_t *section = mu_json_get(mu_config(call->host, "domains"), domain);
    return mu_json_str(call->args, "recipient", mu_json_str(section, "recipient", NULL));
}
