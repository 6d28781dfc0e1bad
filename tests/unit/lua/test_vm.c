/* SPDX-License-Identifier: MIT
 *
 * The state itself: ceilings of memory and work, stops that nothing in Lua can swallow, one hash
 * seed. */
#include "script.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "harness/slowed.h"

/* --- the seed --- */

static void self_test_passes(void **state)
{
    (void)state;
    assert_true(mu_vm_self_test());
}

/* The order in which Lua itself walks a table, as a child process sees it. */
static void order_in_child(uint32_t seed, char *out, size_t room)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct mu_vm *vm = mu_vm_new(seed);
        lua_State *L = mu_vm_state(vm);
        lua_newtable(L);
        for (int i = 0; i < 60; i++) {
            lua_pushfstring(L, "name-%d", i * 7919);
            lua_pushinteger(L, i);
            lua_rawset(L, -3);
        }
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
            dprintf(ends[1], "%d ", (int)lua_tointeger(L, -1));
        mu_vm_free(vm);
        _exit(0);
    }
    close(ends[1]);
    size_t len = 0;
    for (ssize_t got; (got = read(ends[0], out + len, room - 1 - len)) > 0;)
        len += (size_t)got;
    out[len] = '\0';
    close(ends[0]);
    waitpid(child, NULL, 0);
}

static void two_processes_order_alike(void **state)
{
    (void)state;
    char one[1024], two[1024], other[1024];
    order_in_child(42, one, sizeof one);
    order_in_child(42, two, sizeof two);
    order_in_child(43, other, sizeof other);
    assert_true(strlen(one) > 100);
    assert_string_equal(one, two);
    assert_string_not_equal(one, other);
}

static void random_follows_the_seed(void **state)
{
    (void)state;
    static const char script[] = "return math.random(1e9) .. ' ' .. math.random(1e9)";
    char first[100], second[100];
    struct mu_vm *vm = mu_vm_new(1);
    snprintf(first, sizeof first, "%s", run_script_in(vm, script));
    mu_vm_free(vm);
    vm = mu_vm_new(1);
    assert_string_equal(run_script_in(vm, script), first);
    mu_vm_free(vm);
    vm = mu_vm_new(2);
    snprintf(second, sizeof second, "%s", run_script_in(vm, script));
    mu_vm_free(vm);
    assert_string_not_equal(first, second);
}

/* --- plain runs --- */

static void errors_name_file_and_line(void **state)
{
    (void)state;
    static const struct script_case cases[] = {
        {"return 1 + 1", "=2"},
        {"\n\nlocal x = nil + 1", "!test.lua:3: attempt to perform arithmetic on a nil value"},
        {"x = = 2", "!test.lua:1: unexpected symbol near '='"},
        {"error { why = 'so' }", "!error() was called with a table"},
        {"return select('#', nil, nil)", "=2"},
    };
    check_scripts(cases, MU_COUNT(cases));
}

static void runaways_are_stopped(void **state)
{
    (void)state;
    static const struct script_case cases[] = {
        {"while true do end", "!test.lua:1: still computing after 2 million instructions"},
        {"while true do pcall(function() while true do end end) end", "!still computing"},
        {"while true do pcall(error, 'x') end", "!still computing"},
        {"while true do pcall(string.gsub, ('x'):rep(10), '.', function() while true do end end) "
         "end",
         "!still computing"},
        {"while true do pcall(table.sort, {3, 2, 1}, function() while true do end end) end",
         "!still computing"},
        {"local function f() return pcall(f) end while true do f() end", "!"},
        {"local function f() pcall(f) f() end f()", "!"},
        {"pcall(pcall, pcall, function() while true do end end) return 'survived'",
         "!still computing"},
        {"local t = {} for i = 1, 1e12 do t[1] = i end", "!still computing"},
        {"goto a ::a:: goto a", "!still computing"},
    };
    check_scripts(cases, MU_COUNT(cases));
}

static void a_vm_survives_a_stopped_plain_run(void **state)
{
    (void)state;
    struct mu_vm *vm = mu_vm_new(7);
    assert_non_null(strstr(run_script_in(vm, "while true do end"), "still computing"));
    assert_false(mu_vm_stopped(vm));
    assert_string_equal(run_script_in(vm, "return 'fine'"), "=fine");
    mu_vm_free(vm);
}

/* --- memory --- */

static void bombs_hit_the_ceiling(void **state)
{
    (void)state;
    static const char *const bombs[] = {
        "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000):rep(100) .. i end",
        "local ok, e = pcall(function() local t = {} for i = 1, 1e9 do t[i] = "
        "('x'):rep(1000):rep(100) .. i end end) return 'survived'",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do pcall(function() for i = 1, 1e9 do t[#t + 1] = "
        "('x'):rep(1000):rep(100) .. i end end) end",
    };
    for (size_t i = 0; i < MU_COUNT(bombs); i++) {
        struct mu_vm *vm = mu_vm_new(7);
        const char *got = run_script_in(vm, bombs[i]);
        if (strstr(got, "more than 128 MiB") == NULL)
            fail_msg("%s\n gave %s", bombs[i], got);
        assert_true(mu_vm_out_of_memory(vm));
        assert_true(mu_vm_memory(vm) <= MU_LIMIT_LUA_HARD);
        mu_vm_free(vm);
    }
}

/* Half a gigabyte goes through, 400 KB of it at a time are alive; in portions, as each run is held to
 * seconds of CPU time, which a sanitizer lengthens. */
static void garbage_is_not_counted(void **state)
{
    (void)state;
    struct mu_vm *vm = mu_vm_new(7);
    for (int i = 0; i < SLOWED(10, 2); i++) {
        assert_string_equal(
            run_script_in(
                vm, "local s for i = 1, 120 do s = ('x'):rep(1000):rep(400) .. i end return #s"),
            "=400003");
        assert_string_equal(
            run_script_in(
                vm, "local n = 0 for i = 1, 20 do n = n + #('x'):rep(4000):rep(1000) end return n"),
            "=80000000");
    }
    assert_false(mu_vm_out_of_memory(vm));
    assert_false(mu_vm_over_soft(vm));
    mu_vm_free(vm);
}

static void live_memory_passes_the_soft_ceiling(void **state)
{
    (void)state;
    struct mu_vm *vm = mu_vm_new(7);
    lua_State *L = mu_vm_state(vm);
    mu_sandbox_push_env(L);
    static const char script[] =
        "local t = {} for i = 1, 80 do t[i] = ('x'):rep(1000):rep(1000) .. i end return t";
    assert_int_equal(mu_vm_load(L, script, strlen(script), "test.lua", -1, NULL), MU_OK);
    assert_int_equal(mu_vm_run_plain(vm, 0, 1, SCRIPT_TICKS, NULL), MU_OK);
    assert_true(mu_vm_over_soft(vm));
    lua_settop(L, 0);
    assert_false(mu_vm_over_soft(vm));
    assert_false(mu_vm_out_of_memory(vm));
    mu_vm_free(vm);
}

/* --- threads, as the engine runs them --- */

static bool stop_at_third(lua_State *L, void *ud)
{
    (void)L;
    return ++*(int *)ud >= 3;
}

/* Starts the script in a thread with a hook; returns what lua_resume says. */
static int start(struct mu_vm *vm, lua_State **thread, const char *script)
{
    lua_State *L = mu_vm_state(vm);
    int results;
    mu_sandbox_push_env(L);
    *thread = lua_newthread(L);
    lua_pushvalue(L, -2);
    lua_xmove(L, *thread, 1);
    assert_int_equal(mu_vm_load(*thread, script, strlen(script), "test.lua", 1, NULL), MU_OK);
    mu_vm_hook(*thread);
    return lua_resume(*thread, L, 0, &results);
}

static void a_stop_passes_every_pcall(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "while true do pcall(function() while true do end end) end",
        "pcall(table.sort, {3, 2, 1}, function() while true do end end) return 'swallowed'",
        "pcall(string.gsub, 'a', 'a', function() pcall(function() while 1 do end end) end)",
        "while true do end",
    };
    for (size_t i = 0; i < MU_COUNT(scripts); i++) {
        int ticks = 0;
        lua_State *thread;
        struct mu_vm *vm = mu_vm_new(7);
        mu_vm_set_tick(vm, stop_at_third, &ticks);
        int status = start(vm, &thread, scripts[i]);
        assert_true(mu_vm_stopped(vm));
        assert_int_equal(status, LUA_YIELD);
        assert_int_equal(ticks, 3);
        mu_vm_free(vm);
    }
}

static int give_back(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    (void)ctx;
    return lua_gettop(L);
}

static int l_wait(lua_State *L)
{
    lua_settop(L, 0);
    return lua_yieldk(L, 0, 0, give_back);
}

static void yields_cross_pcall(void **state)
{
    (void)state;
    struct mu_vm *vm = mu_vm_new(7);
    lua_State *L = mu_vm_state(vm);
    int results;
    mu_sandbox_push_env(L);
    lua_pushcfunction(L, l_wait);
    lua_setfield(L, -2, "wait");
    static const char script[] =
        "local ok, a = pcall(function() local x = wait() assert(x == 'one') error('two') end)\n"
        "local yes, b = pcall(pcall, wait)\n"
        "return tostring(ok) .. a .. tostring(yes) .. tostring(b)";
    lua_State *thread = lua_newthread(L);
    assert_int_equal(mu_vm_load(L, script, strlen(script), "test.lua", 1, NULL), MU_OK);
    lua_xmove(L, thread, 1);
    mu_vm_hook(thread);
    assert_int_equal(lua_resume(thread, L, 0, &results), LUA_YIELD);
    lua_pushstring(thread, "one");
    assert_int_equal(lua_resume(thread, L, 1, &results), LUA_YIELD);
    lua_pushstring(thread, "three");
    assert_int_equal(lua_resume(thread, L, 1, &results), LUA_OK);
    assert_string_equal(lua_tostring(thread, -1), "falsetest.lua:1: twotruetrue");
    assert_false(mu_vm_stopped(vm));
    mu_vm_free(vm);
}

static void plain_runs_cannot_yield(void **state)
{
    (void)state;
    struct mu_vm *vm = mu_vm_new(7);
    lua_State *L = mu_vm_state(vm);
    struct mu_fail fail;
    lua_pushcfunction(L, l_wait);
    assert_int_equal(mu_vm_run_plain(vm, 0, 0, 1, &fail), MU_USAGE);
    assert_non_null(strstr(fail.text, "yield"));
    mu_vm_free(vm);
}

static int add_to_buf(lua_State *L, const void *bytes, size_t len, void *ud)
{
    (void)L;
    mu_buf_add(ud, bytes, len);
    return 0;
}

static void bytecode_is_refused(void **state)
{
    (void)state;
    struct mu_vm *vm = mu_vm_new(7);
    lua_State *L = mu_vm_state(vm);
    struct mu_buf code = {0};
    struct mu_fail fail;
    mu_sandbox_push_env(L);
    assert_int_equal(mu_vm_load(L, "return 1", 8, "test.lua", 1, NULL), MU_OK);
    lua_dump(L, add_to_buf, &code, 0);
    assert_int_equal(mu_vm_load(L, code.data, code.len, "test.lua", 1, &fail), MU_USAGE);
    assert_non_null(strstr(fail.text, "attempt to load a binary chunk"));
    mu_buf_free(&code);
    mu_vm_free(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(self_test_passes),
        cmocka_unit_test(two_processes_order_alike),
        cmocka_unit_test(random_follows_the_seed),
        cmocka_unit_test(errors_name_file_and_line),
        cmocka_unit_test(runaways_are_stopped),
        cmocka_unit_test(a_vm_survives_a_stopped_plain_run),
        cmocka_unit_test(bombs_hit_the_ceiling),
        cmocka_unit_test(garbage_is_not_counted),
        cmocka_unit_test(live_memory_passes_the_soft_ceiling),
        cmocka_unit_test(a_stop_passes_every_pcall),
        cmocka_unit_test(yields_cross_pcall),
        cmocka_unit_test(plain_runs_cannot_yield),
        cmocka_unit_test(bytecode_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
