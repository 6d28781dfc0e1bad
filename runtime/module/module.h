/* SPDX-License-Identifier: MIT
 *
 * THE contract between muster and what it can do: a module is a table of verbs, and everything a
 * playbook does to the world is a call of one of them. From this table come argument checks, the
 * journal, dry runs, `muster call`, `muster help VERB`, the linter's knowledge and redaction.
 *
 * To add a verb: one entry in the module's table, one start function. docs/HACKING.md walks through
 * it in ten steps; modules/http/ is the smallest module to copy.
 *
 * A module knows base/, io/ and this file. It never includes another module, nor Lua, nor the engine.
 * To look at the world through another verb it asks mu_sub().
 *
 * The life of a call (engine/call.c):
 *
 *   probe:  checked ─▶ sent (start) ─▶ done
 *   act:    checked ─▶ prepared (prepare) ─▶ intended (journal, durable) ─▶ sent (start) ─▶ done (durable)
 *                                             └─ crash or lost reply: readback ─▶ applied, not applied, ask
 */
#ifndef MU_MODULE_H
#define MU_MODULE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "module/facts.h"

#define MU_MODULE_ABI 2

struct mu_loop;
struct mu_dns;
struct mu_http;
struct mu_smtp;
struct mu_call;

/* --- types of fields ------------------------------------------------------------------------- */

/* id, name in docs, what is accepted. A module gets in call->args: of a duration integer milliseconds, of a
 * time integer seconds, of an mx set {ttl: seconds or null, mx: [{preference, host}] by preference, host}, of
 * an rrset {ttl or null, records}. */
/* clang-format off */
#define MU_TYPES(X)                                                                              \
    X(MU_T_ANY, "any", "any value, as it is")                                                    \
    X(MU_T_STRING, "string", "a text")                                                           \
    X(MU_T_BOOL, "boolean", "true or false")                                                     \
    X(MU_T_INTEGER, "integer", "a whole number")                                                 \
    X(MU_T_NUMBER, "number", "an integer or a real number")                                      \
    X(MU_T_DOMAIN, "domain", "a domain; normalised: lower case, A-labels, no final dot")         \
    X(MU_T_HOST, "host", "a host's name, normalised like a domain; one label is allowed")        \
    X(MU_T_OWNER, "owner name", "normalised like a domain; \"_\" and \"*\" are allowed")         \
    X(MU_T_MAILBOX, "mailbox", "local@domain")                                                   \
    X(MU_T_ADDRESS, "address", "an IP address, optionally with port: \"192.0.2.1\", \"[2001:db8::1]:53\"") \
    X(MU_T_URL, "url", "http or https")                                                          \
    X(MU_T_DURATION, "duration", "\"90s\", \"15m\", \"2h\", \"45d\", or seconds") \
    X(MU_T_TIME, "time", "Unix seconds, or RFC 3339 text")        \
    X(MU_T_CHOICE, "choice", "one of the texts listed")                                          \
    X(MU_T_MX, "mx set", "a list of { preference, host, ttl? }, or a result that holds one in mx") \
    X(MU_T_RRSET, "rrset", "{ ttl?, records = { texts } }, or a list of texts") \
    X(MU_T_LIST, "list", "a list")                                                               \
    X(MU_T_OBJECT, "object", "a table with names")
/* clang-format on */

enum mu_type {
#define X(id, name, doc) id,
    MU_TYPES(X)
#undef X
};

enum mu_field_flag {
    MU_F_REQUIRED = 1, /* positional or option that must be there */
    MU_F_OPTION = 2,   /* given by name in the options table; all others are positional, in order */
    MU_F_SECRET = 4,   /* the value is registered for redaction and never shown */
    MU_F_SHOWN = 8,    /* worth showing to people in one line ("zone.set_mx example.com ...") */
    MU_F_ITEMS = 16,   /* in `returns`: a list of this type */
    MU_F_PROSE =
        32, /* acts: words for people, who may be told "[secret NAME]"; in any other value it is
                          refused, as what leaves would not be what is meant */
};

struct mu_field {
    const char *name;
    enum mu_type type;
    unsigned flags;
    const char *unit;      /* "ms", "s", "octets"; NULL = none */
    const char *otherwise; /* default as JSON text ("25", "\"swap\""); NULL = null */
    const char *choices;   /* MU_T_CHOICE: "swap|add" */
    const char *doc;
};

/* --- verbs ----------------------------------------------------------------------------------- */

enum mu_kind {
    MU_PURE,  /* computes from its arguments; journaled like a probe */
    MU_PROBE, /* only looks. Result is an object with `ok`, `why` when not ok; never fails */
    MU_ACT    /* changes something or reaches somebody. Fails with a classed error */
};

/* What to do with an act whose intent is durable and whose outcome is unknown (design J6). */
enum mu_in_doubt {
    MU_ASK,        /* nothing can be known: a person decides */
    MU_READBACK,   /* readback() tells */
    MU_REPEATABLE, /* doing it twice does no harm; the recipient may be told "possible duplicate" */
    MU_KEYED, /* repeated with the same call->key within key_ttl_s, the far side does it once, and answers as it did: a
                 refusal of the repetition (MU_REMOTE, MU_REFUSED, MU_CONFLICT) says that it was not done */
    MU_AS_PREPARED /* prepared.in_doubt of this very act says it: "ask", "repeatable" or "keyed" (with key_ttl_s) */
};

enum mu_known {                 /* what readback() found */
                MU_APPLIED,     /* the world is as the act wanted it, and was not before */
                MU_NOT_APPLIED, /* the world is as it was; the witness is unchanged */
                MU_PENDING,     /* accepted by the far side, not visible yet: ask again later */
                MU_CHANGED,     /* neither before nor ours: somebody else was there */
                MU_UNKNOWN      /* could not be found out (no answer) */
};

struct mu_verb {
    const char *name; /* "dns.mx" or, for the few words of the language, "notify" */
    enum mu_kind kind;
    const struct mu_field *params; /* positional first, then options; ends with {0} */
    const struct mu_field
        *returns;        /* of `value`; ends with {0}; `ok`, `why`, `ms` are implied for probes */
    const char *doc;     /* first sentence stands alone */
    const char *example; /* one line of playbook */
    const char *target;  /* acts: param that names what is touched, for may_change ("domain") */

    void (*start)(struct mu_call *); /* then exactly one mu_call_done() or mu_call_fail() */
    void (*cancel)(
        struct mu_call *); /* drop every operation and free call->state; no completion after */

    /* Probes: the result given these facts. real = what the world said (take it, return it or a new
     * one); NULL in the simulated world. Without it a dry run that has facts stops at this verb. */
    json_t *(*under)(struct mu_call *, const struct mu_facts *, json_t *real_take);
    bool composite; /* looks only through mu_sub(): needs no `under` */

    /* Acts. */
    enum mu_in_doubt in_doubt;
    uint32_t settle_ms; /* a late-applying API may still apply within this; 0: "not applied" is
                           believed at once, and the act sent again (docs/HACKING.md) */
    uint32_t key_ttl_s; /* MU_KEYED: how long the far side remembers a key; 0: for ever */
    /* Reads only; completes with mu_call_done(object) that becomes call->prepared and goes into the
     * intent row: {target: text for people, before: before-image, witness: serial or ETag,
     * after: what will be there, recipients: [...], name: what it changes in DNS, names: [domains and hosts it is
     * about beside verb.target], changes: what exactly it changes, where provider, name and type do not say it, ...}; freeze
     * and guard go by them. A fact in call->facts stands for what was
     * read: an act before it in a dry run has changed that. NULL = nothing to prepare. */
    void (*prepare)(struct mu_call *);
    /* Completes with mu_call_readback(). call->prepared is as it was when the intent was written. */
    void (*readback)(struct mu_call *);
    /* The undo as data, from call->args and call->prepared: {verb, args: [as a playbook would write
     * them]}, a new reference; NULL = can't be undone. Pure. An act whose value says changed = false has written
     * nothing (somebody else had done the same): it is not undone. */
    json_t *(*invert)(struct mu_call *);
    /* The value a dry run gets; writes what would then hold into facts. Pure, uses call->prepared. In the
     * simulated world it is what happens: {ok: false, why, class} there says that these facts make it fail. */
    json_t *(*foresee)(struct mu_call *, struct mu_facts *);
    /* What prepare() completes with in the simulated world, where these facts are all there is; NULL with
     * *fail set: it fails. Without it prepare() is called, which must then ask nobody. */
    json_t *(*prepare_under)(struct mu_call *, const struct mu_facts *, struct mu_fail *);
    /* In a drill: where it goes instead of to what its arguments name, from call->args and drill{} of muster.lua.
     * A new reference; it becomes call->redirect and stands in the intent row: prepare, start and readback
     * go there. NULL with *fail set (MU_REFUSED): there is no such place, and nothing leaves. Without this
     * function there never is. Pure. */
    json_t *(*redirect)(struct mu_call *, struct mu_fail *);
    bool tells; /* it reaches people: a drill without people foresees it instead */
};

/* --- what a verb's functions get ------------------------------------------------------------- */

/* Services of the executor; the same for every call of a process. */
struct mu_host {
    struct mu_loop *loop;
    struct mu_dns *dns;
    struct mu_http *http;
    struct mu_smtp *smtp;
    const json_t
        *config; /* muster.lua as JSON, read live; a module's own section is under its name */
    const char *config_dir; /* relative paths in muster.lua start here */
};

struct mu_call {
    const struct mu_verb *verb;
    const struct mu_host *host;
    void *module_state; /* from mu_module.open */
    json_t *
        args; /* every declared param by name, checked, normalised, defaults filled in; null = absent */
    json_t *prepared; /* acts: what prepare() returned; NULL before, and for probes */
    const char
        *key; /* acts: idempotency key, the same at every retry of this call; 32 hex digits */
    const char *run;              /* "mx-failover.12"; "" from `muster call` */
    const char *incident;         /* "INC-118" or "" */
    const char *world;            /* "live", "dry-run", ... */
    const struct mu_facts *facts; /* what is assumed in this world; NULL or empty in the live one */
    bool
        repeated; /* an earlier sending of this act may have taken effect: the policy or a person sends it again */
    void *state;      /* the verb's own while it runs */
    json_t *redirect; /* acts in a drill: what redirect() returned; NULL in all other worlds */
};

/* What a probe that may not look in this world completes with beside ok and why: {unforeseen: true}. A dry run
 * ends there. */
#define MU_UNFORESEEN "unforeseen"

/* Completion: exactly one of these per start/prepare/readback, also from inside that function. */
MU_API void mu_call_done(struct mu_call *, json_t *value_take);
/* in_doubt: the request may have taken effect (timeout after sending, lost reply). For probes the
 * engine turns this into {ok = false, why = ..., class = ...}. */
MU_API void mu_call_fail(struct mu_call *, enum mu_err class, bool in_doubt, const char *fmt, ...)
    MU_PRINTF(4, 5);
/* An act that took effect, and what should have followed did not (a name server is late): the playbook gets an error
 * with done = true, and undo takes it back. From start(). */
MU_API void mu_call_fail_done(struct mu_call *, enum mu_err class, const char *fmt, ...)
    MU_PRINTF(3, 4);
/* An act that was repeated, and it is in doubt again: it is not sent a third time by itself, the playbook gets an error
 * with in_doubt = true. */
MU_API void mu_call_fail_unknown(struct mu_call *, enum mu_err class, const char *fmt, ...)
    MU_PRINTF(3, 4);
/* value: the result for APPLIED (as start would have returned), evidence for CHANGED; may be NULL. */
MU_API void mu_call_readback(struct mu_call *, enum mu_known, json_t *value_take, const char *why);

/* One line for the live view and the timeline: "3/4 authoritative addresses serve it". */
MU_API void mu_call_progress(struct mu_call *, const char *fmt, ...) MU_PRINTF(2, 3);

/* Asks another probe by name, in the same world, under the same facts, politeness and redaction. args:
 * an object by param name. `done` is called once, never from inside mu_sub(), unless the parent is
 * cancelled (the engine cancels its subs). result is borrowed, always an object with `ok`. */
typedef void mu_sub_cb(struct mu_call *parent, const json_t *result, void *ud);
MU_API void mu_sub(struct mu_call *parent, const char *verb, json_t *args_take, mu_sub_cb *done,
                   void *ud);

/* A file of the playbook's bundle ("templates/mail-failing.md"); NULL when there is none. Borrowed. */
MU_API const char *mu_call_file(struct mu_call *, const char *path, size_t *len);

/* muster.lua's section for this module or, with a dotted path, any value ("domains"); NULL when absent. */
MU_API const json_t *mu_config(const struct mu_host *, const char *path);
/* The text of a secret that stands in configuration as {"$secret": NAME}; a plain string is returned
 * as it is. NULL when ref is neither or the secret is unknown. Never log or return it. */
MU_API const char *mu_secret(const struct mu_host *, const json_t *ref);

/* --- modules --------------------------------------------------------------------------------- */

struct mu_module {
    uint32_t abi;       /* MU_MODULE_ABI */
    uint32_t verb_size; /* sizeof(struct mu_verb): the loader steps by it */
    const char *name, *version, *doc;
    /* Either may be NULL. open: checks the module's own configuration. */
    enum mu_err (*open)(const struct mu_host *, const json_t *config, void **state,
                        struct mu_fail *);
    void (*close)(void *state);
    const struct mu_verb *verbs; /* ends with name == NULL */
    /* Read-only health of what this module depends on, for `muster doctor`: completes the call with
     * {checks: [{what, ok, why}]}. NULL = nothing to check. */
    void (*doctor)(struct mu_call *);
    /* Registers (base/redact.h) what of the configuration is a secret beside the values of secret{}: the token in a
     * URL, say. Called before anything of a run is read, so that a replay scrubs as the run did; host has its config
     * alone. NULL = nothing. */
    void (*guard)(const struct mu_host *);
};

/* A shared object exports this one symbol. */
#define MU_MODULE_SYMBOL "muster_module"

#endif
