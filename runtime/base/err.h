/* SPDX-License-Identifier: MIT
 *
 * How a function says that it failed. A function that can fail returns `enum mu_err`, 0 on success,
 * and takes a `struct mu_fail *` where a person will read the reason: what happened, where, and what
 * to do next. Misuse by a programmer is an assert, never one of these. */
#ifndef MU_BASE_ERR_H
#define MU_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/attr.h"

/* The classes people and playbooks see (`err.class` in Lua); `name` is that text. */
#define MU_ERR_CLASSES(X)                                                                          \
    X(MU_USAGE, "usage")       /* the caller asked for something that can't be: change the call */ \
    X(MU_CONFIG, "config")     /* muster.lua or a credential is wrong or missing */                \
    X(MU_REFUSED, "refused")   /* policy: may_change, freeze, RBAC, a loop in our own channels */  \
    X(MU_NET, "net")           /* no answer: refused, unreachable, timed out */                    \
    X(MU_PROTO, "proto")       /* an answer that breaks its protocol */                            \
    X(MU_REMOTE, "remote")     /* a well-formed answer that says no (4xx, 5xx, SERVFAIL) */        \
    X(MU_CONFLICT, "conflict") /* compare-and-set: the world is no longer what the caller saw */   \
    X(MU_STORAGE, "storage")   /* journal or control store can't be read or written */             \
    X(MU_CANCELLED, "cancelled")                                                                   \
    X(MU_INTERNAL, "internal")   /* a bug of ours */                                               \
    X(MU_RESOURCES, "resources") /* this host ran out of descriptors: says nothing of others */

enum mu_err {
    MU_OK = 0,
#define X(id, name) id,
    MU_ERR_CLASSES(X)
#undef X
};

#define MU_FAIL_TEXT 768 /* one paragraph; longer texts are cut with "..." */

struct mu_fail {
    enum mu_err class;
    char text[MU_FAIL_TEXT];
};

/* "usage", "net" ...; "ok" for MU_OK. Static. */
MU_API const char *mu_err_name(enum mu_err);
/* False when no class is called so; *out is then as it was. */
bool mu_err_of_name(const char *name, enum mu_err *out);

/* Fills *fail (which may be NULL) and returns class, so that `return mu_fail_set(fail, MU_NET, ...)`. */
MU_API enum mu_err mu_fail_set(struct mu_fail *fail, enum mu_err class, const char *fmt, ...)
    MU_PRINTF(3, 4);
enum mu_err mu_fail_setv(struct mu_fail *fail, enum mu_err class, const char *fmt, va_list)
    MU_PRINTF(3, 0);

/* Puts "fmt: " before the text already there; returns the class already there. */
enum mu_err mu_fail_prefix(struct mu_fail *fail, const char *fmt, ...) MU_PRINTF(2, 3);

#endif
