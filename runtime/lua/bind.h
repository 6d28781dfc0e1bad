/* SPDX-License-Identifier: MIT
 *
 * A Lua call → the gateway. bind.c turns `dns.mx("example.com")` into (verb, canonical args, source
 * line), hands it to the engine and yields; the engine resumes with (ok, text, length): a boolean, light
 * userdata pointing at the canonical text of the value or of the error object, and its length.
 * It knows neither calls nor tasks: the engine gives it this table of functions. */
#ifndef MU_LUA_BIND_H
#define MU_LUA_BIND_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct mu_bind_ops {
    /* Each is said by the running task. MU_OK = the task yields until it has its result; a failure is
     * misuse and raises with the source line in front. */
    enum mu_err (*call)(void *ud, const char *verb, const char *args, size_t len, const char *src,
                        struct mu_fail *);
    enum mu_err (*gate)(void *ud, const char *kind, const char *args, size_t len, const char *src,
                        struct mu_fail *);
    enum mu_err (*timer)(void *ud, int64_t ms, const char *src, struct mu_fail *);
    /* Written without waiting; the task goes on unless stopping() says that it ended the run. */
    enum mu_err (*note)(void *ud, const char *verb, const char *value, size_t len, const char *src,
                        struct mu_fail *);
    bool (*stopping)(void *ud);
    int64_t (*now_ms)(void *ud);
    int64_t (*started_ms)(void *ud);
    const char *(*run_name)(void *ud);
    const char *(*nearest_verb)(void *ud, const char *name);
};

/* Pushes the table of primitives that prelude/words.lua is given: call, gate, timer, note, now_ms,
 * started_ms, run_name, misuse, verb_of, duration_text. The engine adds those of its tasks. */
void mu_bind_push_primitives(lua_State *, const struct mu_bind_ops *, void *ud);
/* Makes one verb reachable in the table at env: "dns.mx" as env.dns.mx, "notify" as env.notify. */
void mu_bind_verb(lua_State *, int env, const char *name, const struct mu_bind_ops *, void *ud);
/* Locks the namespaces made by mu_bind_verb: an unknown verb raises with the nearest known one. */
void mu_bind_lock(lua_State *, int env, const struct mu_bind_ops *, void *ud);

#define MU_BIND_NO_YIELD                                                                    \
    "%s here: not at the top level of a playbook and not inside table.sort or string.gsub " \
    "callbacks; "                                                                           \
    "do it in main or detect"
/* Raises "what here: ..." with the playbook's line where a task can't wait. */
void mu_bind_check_yieldable(lua_State *, const char *what);

/* "playbook.lua:17" of the innermost frame that is the playbook's own; buf is returned. */
#define MU_BIND_SRC 160
const char *mu_bind_src(lua_State *, char buf[MU_BIND_SRC]);

/* The prelude as text, embedded by the build from prelude/words.lua. */
extern const char mu_prelude_words[];
extern const size_t mu_prelude_words_len;
#define MU_PRELUDE_CHUNK \
    "muster/words.lua" /* frames of chunks under muster/ are never "the source line" */

#endif
