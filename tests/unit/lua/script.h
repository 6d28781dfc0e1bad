/* SPDX-License-Identifier: MIT
 *
 * Runs a piece of Lua in the sandbox and gives back its first result, or its error, as text. */
#ifndef TEST_LUA_SCRIPT_H
#define TEST_LUA_SCRIPT_H

#include <lauxlib.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lua/sandbox.h"
#include "lua/vm.h"

#define SCRIPT_TICKS 200 /* two million instructions */

/* "=result" or "!error"; valid until the next call. */
static const char *run_script_in(struct mu_vm *vm, const char *text)
{
    static char out[2048];
    lua_State *L = mu_vm_state(vm);
    struct mu_fail fail = {0};
    int top = lua_gettop(L);
    mu_sandbox_push_env(L);
    enum mu_err err = mu_vm_load(L, text, strlen(text), "test.lua", -1, &fail);
    if (err == MU_OK)
        err = mu_vm_run_plain(vm, 0, 1, SCRIPT_TICKS, &fail);
    if (err != MU_OK)
        snprintf(out, sizeof out, "!%s", fail.text);
    else if (lua_isboolean(L, -1))
        snprintf(out, sizeof out, "=%s", lua_toboolean(L, -1) ? "true" : "false");
    else
        snprintf(out, sizeof out, "=%s", lua_isnil(L, -1) ? "nil" : luaL_checkstring(L, -1));
    lua_settop(L, top);
    return out;
}

static inline const char *run_script(const char *text)
{
    struct mu_vm *vm = mu_vm_new(7);
    assert_non_null(vm);
    const char *out = run_script_in(vm, text);
    mu_vm_free(vm);
    return out;
}

struct script_case {
    const char *script, *result; /* of an error: a part of it */
};

static inline void check_scripts(const struct script_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = run_script(cases[i].script), *want = cases[i].result;
        bool fine = want[0] == '!' ? got[0] == '!' && strstr(got, want + 1) != NULL
                                   : strcmp(got, want) == 0;
        if (!fine)
            fail_msg("%s\n  gave   %s\n  wanted %s", cases[i].script, got, want);
    }
}

#endif
