/* SPDX-License-Identifier: MIT
 *
 * What playbooks can and can't reach of Lua, and in which order they see things. */
#include "script.h"

#include "base/mem.h"

#include <stdlib.h>

/* A library is an empty table in front of the real one, which scripts can't see. */
static const char *names_behind(const char *library)
{
    static char out[500];
    struct mu_vm *vm = mu_vm_new(7);
    lua_State *L = mu_vm_state(vm);
    mu_sandbox_push_env(L);
    lua_getfield(L, -1, library);
    lua_pushnil(L);
    assert_int_equal(lua_next(L, -2), 0);
    assert_int_equal(luaL_getmetafield(L, -1, "__index"), LUA_TTABLE);
    lua_setfield(L, -3, "names");
    lua_pop(L, 1);
    const char *script = "local n = '' for k in pairs(names) do n = n .. ' ' .. k end return n";
    assert_int_equal(mu_vm_load(L, script, strlen(script), "test.lua", -1, NULL), MU_OK);
    assert_int_equal(mu_vm_run_plain(vm, 0, 1, SCRIPT_TICKS, NULL), MU_OK);
    snprintf(out, sizeof out, "%s", lua_tostring(L, -1));
    mu_vm_free(vm);
    return out;
}

static void the_allow_list_is_all_there_is(void **state)
{
    (void)state;
    assert_string_equal(
        run_script(
            "local n = {} for k in pairs(_ENV) do n[#n + 1] = k end return table.concat(n, ' ')"),
        "=assert error ipairs math pairs pcall select string table tonumber tostring type utf8");
    assert_string_equal(names_behind("string"),
                        " byte char find format gmatch gsub len lower match rep reverse sub upper");
    assert_string_equal(names_behind("table"), " concat insert pack remove sort unpack");
    assert_string_equal(run_script("return math.randomseed"), "=nil");
}

static void escapes_are_closed(void **state)
{
    (void)state;
    static const struct script_case cases[] = {
        {"return getmetatable", "=nil"},
        {"return (''):gsub('', tostring) and ('x').dump", "=nil"},
        {"('x').foo = 1", "!attempt to index a string value"},
        {"return '10' + 1 .. ' ' .. 2 * '3' .. ' ' .. -'4'", "=11 6 -4"},
        {"return -'90s'",
         "!test.lua:1: attempt to perform arithmetic on a string value that is no number"},
        {"return 1 + 'x'", "!attempt to perform arithmetic on a string value that is no number"},
        {"return '1' + {}", "!attempt to perform arithmetic on a table value"},
        {"return '1' + nil", "!attempt to perform arithmetic on a nil value"},
        {"string.rep = function() return 'mine' end return ('x'):rep(2)",
         "!test.lua:1: the library string can't be changed"},
        {"string.upper = nil return ('x'):upper()", "!the library string can't be changed"},
        {"utf8.mark = 1", "!the library utf8 can't be changed"},
        {"math.pi = 3", "!the library math can't be changed"},
        {"table.insert(table, 1)", "!the library table can't be changed"},
        {"table.remove(string)", "!the library string can't be changed"},
        {"return load", "=nil"},
        {"return io", "=nil"},
        {"return os", "=nil"},
        {"return debug", "=nil"},
        {"return package", "=nil"},
        {"return require", "=nil"},
        {"return coroutine", "=nil"},
        {"return collectgarbage", "=nil"},
        {"return _G", "=nil"},
        {"return tostring({})", "=table"},
        {"return tostring(print or pairs)", "=function"},
        {"return string.format('%s %s %d', {}, pairs, 3)", "=table function 3"},
        {"return string.format('%5.1f|%-4s|%q', 2.25, {}, 'a')", "=  2.2|table|\"a\""},
        {"return string.format('%p', {})", "!%p (an address)"},
        {"return string.format('a\\0%p', {})", "!%p (an address)"},
        {"return string.format('%%p %s', 1)", "=%p 1"},
        {"return tostring(1e15) .. tostring(nil) .. tostring(true) .. 'x'", "=1e+15niltruex"},
        {"return #string.rep('x', 1 << 40)", "!string.rep: the result would pass 4 MiB"},
        {"return string.rep('', 1 << 60)", "="},
        {"return string.rep('a', 3, '-')", "=a-a-a"},
        {"return string.rep('a', -1)", "="},
        {"local t = {} for i = 1, 50 do t[i] = ('x'):rep(100000) end return #table.concat(t)",
         "!table.concat: the result would pass 4 MiB"},
        {"return table.concat({1, 'a', 2.5}, ', ')", "=1, a, 2.5"},
        {"return table.concat({1, {}, 3})", "!table.concat: item 2 is a table"},
        {"return table.concat({}, ',') .. table.concat({1, 2, 3}, ',', 2, 3) .. table.concat({1}, "
         "'x', 5)",
         "=2,3"},
        {"return table.unpack({}, 1, 1e8)", "!too many results to unpack"},
        {"local x <close> = {}", "!got a non-closable value"},
        {"return table.pack(pcall(error)).n", "=2"},
        {"return select(2, pcall(error, 'x', 0))", "=x"},
    };
    check_scripts(cases, MU_COUNT(cases));
}

static void environments_share_nothing_that_changes(void **state)
{
    (void)state;
    struct mu_vm *vm = mu_vm_new(7);
    assert_string_equal(run_script_in(vm, "mark = 1 return mark"), "=1");
    assert_string_equal(run_script_in(vm, "return mark"), "=nil");
    mu_vm_free(vm);
}

static void pairs_is_sorted(void **state)
{
    (void)state;
    static const struct script_case cases[] = {
        {"local s = '' for k, v in pairs { zeta = 1, alpha = 2, [10] = 3, mid = 4, [2] = 5, [2.5] "
         "= 6, [true] = 7, [false] = 8, [-1] = 9 }\n"
         "do s = s .. tostring(k) .. '=' .. v .. ' ' end return s",
         "=false=8 true=7 -1=9 2=5 2.5=6 10=3 alpha=2 mid=4 zeta=1 "},
        {"local s = '' for k in pairs { 'a', 'b', 'c', x = 1 } do s = s .. k end return s",
         "=123x"},
        {"local s = '' for k, v in pairs { 'a', 'b', 'c' } do s = s .. k .. v end return s",
         "=1a2b3c"},
        {"for k in pairs {} do error(k) end return 'none'", "=none"},
        {"local s, t = '', { a = 1, b = 2, c = 3 } for k in pairs(t) do s = s .. k t.b = nil t.z = "
         "1 end return s",
         "=ac"},
        {"local s, t = '', { 1, 2, 3, 4 } for k in pairs(t) do s = s .. k t[2] = nil t[#t + 1] = 9 "
         "end return s",
         "=134"},
        {"local t = { 1, 2, 3 } for k in pairs(t) do t[k] = nil end return #t", "=0"},
        {"for k in pairs { [{}] = 1 } do end", "!pairs: a table as a key has no stable order"},
        {"for k in pairs { a = 1, [pairs] = 1 } do end",
         "!pairs: a function as a key has no stable order"},
        {"for k in pairs(nil) do end", "!table expected, got nil"},
        {"local s = '' for k in pairs { a = 1, ['a\\0'] = 1, ['a\\0b'] = 1, aaaaaaaab = 1, "
         "aaaaaaaaa = 1, [''] = 1, ['\\255'] = 1 } do s = s .. #k end return s",
         "=0123991"},
        {"local t, n = {}, 0 for i = 1, 5000 do t['k' .. (i * 7919 % 5003)] = i t[-i] = 1 t[i + "
         "0.5] = 1 end\n"
         "local last for k in pairs(t) do n = n + 1 if type(k) == type(last) then assert(last < k) "
         "end last = k end return n",
         "=15000"},
        {"local s = '' for k in pairs { [math.mininteger] = 1, [-2^63 - 4096] = 2, [2^53] = 3, "
         "[2^53 + 1] = 4, [1e300] = 5, [math.maxinteger] = 6, [-math.huge] = 7 }\n"
         "do s = s .. (k == math.mininteger and 'm' or k == math.maxinteger and 'M' or k == "
         "-math.huge and 'i' or k < 0 and 'f' or k == 2^53 and 'a' or k == 1e300 and 'z' or 'b') "
         "end return s",
         "=ifmaMz"},
    };
    check_scripts(cases, MU_COUNT(cases));
}

static void sort_is_stable(void **state)
{
    (void)state;
    static const struct script_case cases[] = {
        {"local t = { 3, 1, 2 } table.sort(t) return table.concat(t, ' ')", "=1 2 3"},
        {"local t = { 'b', 'a', 'B' } table.sort(t) return table.concat(t, ' ')", "=B a b"},
        {"local t = { 2, 1.5, 3, -1 } table.sort(t) return table.concat(t, ' ')", "=-1 1.5 2 3"},
        {"local t = { 1, 2, 3 } table.sort(t, function(a, b) return a > b end) return "
         "table.concat(t, ' ')",
         "=3 2 1"},
        {"local t = {} for i = 1, 100 do t[i] = { k = i % 3, i = i } end table.sort(t, function(a, "
         "b) return a.k < b.k end)\n"
         "for i = 2, 100 do assert(t[i - 1].k < t[i].k or t[i - 1].i < t[i].i) end return 'stable'",
         "=stable"},
        {"table.sort({ 1, 2, 3 }, function() error('mine') end)", "!mine"},
        {"table.sort { 1, 'a' }", "!attempt to compare"},
        {"table.sort { {}, {} }", "!attempt to compare two table values"},
        {"local t = { 3, 2, 1 } table.sort(t, function() return true end) return #t", "=3"},
        {"local t = { 3, 2, 1 } table.sort(t, function(a, b) t[1] = nil return a < b end) return "
         "table.concat(t, ' ')",
         "=1 2 3"},
        {"local a, b, t = ('x'):rep(1 << 20) .. 'a', ('x'):rep(1 << 20) .. 'b', {} for i = 1, 99 "
         "do t[i] = "
         "i % 2 == 0 and a or b end table.sort(t)",
         "!the texts have more than 64 MiB together"},
        {"table.sort({ 1, 2 }, 'x')", "!function expected"},
        {"local t = {} for i = 1, 20000 do t[i] = (i * 7919) % 20011 end table.sort(t) for i = 2, "
         "#t do assert(t[i - 1] <= t[i]) end return 'ok'",
         "=ok"},
        {"local t = { 0/0, 1, 0/0, 2 } table.sort(t) return #t", "=4"},
    };
    check_scripts(cases, MU_COUNT(cases));
}

static void lists_grow_and_shrink_as_in_lua(void **state)
{
    (void)state;
    static const struct script_case cases[] = {
        {"local t = { 1, 3 } table.insert(t, 2, 2) table.insert(t, 4) table.insert(t, 1, 0) return "
         "table.concat(t, ' ')",
         "=0 1 2 3 4"},
        {"local t = { 1, 2, 3 } return table.remove(t, 1) .. table.remove(t) .. table.concat(t) .. "
         "#t",
         "=1321"},
        {"local t = {} return tostring(table.remove(t)) .. tostring(table.remove(t, 0)) .. #t",
         "=nilnil0"},
        {"local t = { 1 } return tostring(table.remove(t, 2)) .. #t", "=nil1"},
        {"table.insert({}, 3, 1)", "!position out of bounds"},
        {"table.insert({ 1 }, 0, 1)", "!position out of bounds"},
        {"table.remove({ 1 }, 3)", "!position out of bounds"},
        {"table.insert({})", "!takes a list, a place"},
        {"table.insert({}, 1, 2, 3)", "!takes a list, a place"},
        {"table.insert(nil, 1)", "!table expected"},
        {"local t = {} for k = 61, 0, -1 do t[1 << k] = k end table.insert(t, 1, 0)",
         "!table.insert: a list with holes"},
        {"local t = {} for k = 61, 0, -1 do t[1 << k] = k end table.remove(t, 1)",
         "!table.remove: a list with holes"},
    };
    check_scripts(cases, MU_COUNT(cases));
}

static const char *run_strict(const char *script)
{
    static char out[1000];
    struct mu_vm *vm = mu_vm_new(7);
    lua_State *L = mu_vm_state(vm);
    struct mu_fail fail = {.text = "fine"};
    mu_sandbox_push_env(L);
    mu_sandbox_strict(L, -1);
    if (mu_vm_load(L, script, strlen(script), "test.lua", -1, &fail) == MU_OK)
        (void)!mu_vm_run_plain(vm, 0, 0, SCRIPT_TICKS, &fail);
    snprintf(out, sizeof out, "%s", fail.text);
    mu_vm_free(vm);
    return out;
}

static void strict_globals_name_the_nearest(void **state)
{
    (void)state;
    assert_string_equal(run_strict("x = 1 function f() return x end f()"), "fine");
    assert_string_equal(run_strict("\nreturn asert(1)"),
                        "test.lua:2: unknown name \"asert\": did you mean assert?");
    assert_non_null(
        strstr(run_strict("return zzzzzzzz"), "unknown name \"zzzzzzzz\": it is neither"));
    assert_string_equal(run_strict("local function f()\n y = 1 end f()"),
                        "test.lua:2: assignment to the unknown name \"y\": say \"local y = ...\"");
}

/* Loads into a scope in front of the words, makes it strict, calls f. */
static const char *run_scoped(const char *script)
{
    static char out[1000];
    struct mu_vm *vm = mu_vm_new(7);
    lua_State *L = mu_vm_state(vm);
    struct mu_fail fail = {.text = "fine"};
    mu_sandbox_push_env(L);
    mu_sandbox_push_scope(L, -1);
    int scope = lua_gettop(L);
    if (mu_vm_load(L, script, strlen(script), "test.lua", scope, &fail) == MU_OK &&
        mu_vm_run_plain(vm, 0, 0, SCRIPT_TICKS, &fail) == MU_OK) {
        mu_sandbox_strict(L, scope);
        lua_getfield(L, scope, "f");
        (void)!mu_vm_run_plain(vm, 0, 0, SCRIPT_TICKS, &fail);
    }
    assert_int_equal(lua_gettop(L), scope);
    snprintf(out, sizeof out, "%s", fail.text);
    mu_vm_free(vm);
    return out;
}

static void words_stay_what_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *script, *says;
    } cases[] = {
        {"x = 1 function f() x = x + tonumber('1') assert(x == 2) end", "fine"},
        {"function pcall() end", "test.lua:1: pcall is a word of the language"},
        {"_ENV.error = 1", "test.lua:1: error is a word of the language"},
        {"_ENV[1] = 1", "test.lua:1: a global is named by a text, not by a number"},
        {"function f()\n pcall = 1 end", "test.lua:2: pcall is a word of the language"},
        {"function f() y = 1 end", "assignment to the unknown name \"y\""},
        {"function f() return yy end", "unknown name \"yy\""},
        {"counter = 0 function f() conter = conter + 1 end", "did you mean counter?"},
        {"function f() return pcal end", "did you mean pcall?"},
        {"function f() f = nil end", "fine"},
    };
    for (size_t i = 0; i < MU_COUNT(cases); i++)
        if (strstr(run_scoped(cases[i].script), cases[i].says) == NULL)
            fail_msg("%s says %s", cases[i].script, run_scoped(cases[i].script));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_allow_list_is_all_there_is),
        cmocka_unit_test(escapes_are_closed),
        cmocka_unit_test(environments_share_nothing_that_changes),
        cmocka_unit_test(pairs_is_sorted),
        cmocka_unit_test(sort_is_stable),
        cmocka_unit_test(words_stay_what_they_are),
        cmocka_unit_test(lists_grow_and_shrink_as_in_lua),
        cmocka_unit_test(strict_globals_name_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
