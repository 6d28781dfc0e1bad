/* SPDX-License-Identifier: MIT
 *
 * Lua's own word on a text; see syntax.h. */
#include "playbook/syntax.h"

#include <lua.h>

#include "lua/sandbox.h"
#include "lua/vm.h"

enum mu_err mu_syntax_check(const char *text, size_t len, const char *file, struct mu_fail *fail)
{
    struct mu_vm *vm = mu_vm_new(1);
    if (vm == NULL)
        return mu_fail_set(fail, MU_INTERNAL, "no memory for Lua");
    lua_State *L = mu_vm_state(vm);
    lua_pushnil(L); /* the function is never called: any environment will do */
    enum mu_err err = mu_vm_load(L, text, len, file, -1, fail);
    mu_vm_free(vm);
    return err;
}

struct naming {
    mu_syntax_name_cb *cb;
    void *ud;
};

static int name_allowed(lua_State *L)
{
    struct naming *naming = lua_touserdata(L, 1);
    mu_sandbox_push_env(L);
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1))
        naming->cb(lua_tostring(L, -2), naming->ud);
    return 0;
}

void mu_syntax_names(mu_syntax_name_cb *cb, void *ud)
{
    struct naming naming = {cb, ud};
    struct mu_vm *vm = mu_vm_new(1);
    if (vm == NULL)
        return;
    (void)!mu_vm_protect(vm, name_allowed, &naming, NULL);
    mu_vm_free(vm);
}
