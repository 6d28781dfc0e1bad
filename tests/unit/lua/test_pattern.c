/* SPDX-License-Identifier: MIT
 *
 * Patterns: the same answers as Lua's own, and an end to those that would take for ever. */
#include "script.h"

#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"

static uint64_t dice = 88172645463325252u;

static unsigned roll(unsigned sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (unsigned)(dice % sides);
}

static void push_random(lua_State *L, const char *const *pieces, size_t count, unsigned most)
{
    luaL_Buffer buf;
    luaL_buffinit(L, &buf);
    for (unsigned i = roll(most + 1); i > 0; i--)
        luaL_addstring(&buf, pieces[roll((unsigned)count)]);
    if (roll(12) == 0)
        luaL_addchar(&buf, '\0');
    luaL_pushresult(&buf);
}

/* All results of a call as one text; "error" for any error. */
static void push_outcome(lua_State *L, int function, int first, int count)
{
    int base = lua_gettop(L);
    lua_pushvalue(L, function);
    for (int i = 0; i < count; i++)
        lua_pushvalue(L, first + i);
    if (lua_pcall(L, count, LUA_MULTRET, 0) != LUA_OK) {
        lua_settop(L, base);
        lua_pushliteral(L, "error");
        return;
    }
    int top = lua_gettop(L);
    luaL_Buffer buf;
    luaL_buffinit(L, &buf);
    for (int i = base + 1; i <= top; i++) {
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&buf);
        luaL_addchar(&buf, '|');
    }
    luaL_pushresult(&buf);
    lua_replace(L, base + 1);
    lua_settop(L, base + 1);
}

static void compare(lua_State *L, const char *name, int own, int ours, int args)
{
    int first = lua_gettop(L) - args + 1;
    lua_getfield(L, own, name);
    int theirs = lua_gettop(L);
    lua_getfield(L, ours, name);
    push_outcome(L, theirs, first, args);
    push_outcome(L, theirs + 1, first, args);
    if (!lua_rawequal(L, -1, -2))
        fail_msg("%s(%s, %s): Lua gives %s, we give %s", name, lua_tostring(L, first),
                 lua_tostring(L, first + 1), lua_tostring(L, -2), lua_tostring(L, -1));
}

static void answers_are_those_of_lua(void **state)
{
    (void)state;
    static const char *const texts[] = {"a", "b", "ab", "(", ")", "1", " ", "x", "."};
    static const char *const parts[] = {
        "a", "b", ".", "%a", "%d", "%S",  "[ab]", "[^a]", "[a-b]", "[%d%s]", "[]]", "[^]x]",
        "*", "+", "-", "?",  "(",  ")",   "()",   "%1",   "%b()",  "%f[%w]", "^",   "$",
        "%", "[", "]", "%%", "x",  "[a-", "%2",   "-",    "*",     "(a)",    "(.-)"};
    static const char *const replacements[] = {"<", "%0", "%1", "%2", "%%", ">", "%", "z"};
    struct mu_vm *vm = mu_vm_new(7);
    lua_State *L = mu_vm_state(vm);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "string");
    int own = lua_gettop(L);
    mu_sandbox_push_env(L);
    lua_getfield(L, -1, "string");
    int ours = lua_gettop(L);
    for (int i = 0; i < 60000; i++) {
        push_random(L, texts, MU_COUNT(texts), 8);
        push_random(L, parts, MU_COUNT(parts), 5);
        switch (roll(4)) {
        case 0:
            compare(L, "find", own, ours, 2);
            break;
        case 1:
            lua_pushinteger(L, (lua_Integer)roll(14) - 5);
            compare(L, "match", own, ours, 3);
            break;
        case 2:
            push_random(L, replacements, MU_COUNT(replacements), 3);
            compare(L, "gsub", own, ours, 3);
            break;
        default:
            lua_pushinteger(L, (lua_Integer)roll(14) - 5);
            lua_pushboolean(L, roll(2) == 0);
            compare(L, "find", own, ours, 4);
        }
        lua_settop(L, ours);
    }
    mu_vm_free(vm);
}

static void gmatch_and_callbacks(void **state)
{
    (void)state;
    static const struct script_case cases[] = {
        {"local s = '' for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do s = s .. k .. v end "
         "return s",
         "=a1b2"},
        {"local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n", "=4"},
        {"local s = '' for w in ('one two'):gmatch('%a+', 3) do s = s .. w .. '.' end return s",
         "=e.two."},
        {"return (('hello'):gsub('l', { l = 'L' }))", "=heLLo"},
        {"return (('hello'):gsub('.', function(c) if c ~= 'l' then return c:upper() end end))",
         "=HEllO"},
        {"return (('abc'):gsub('%w', '%0%0', 2))", "=aabbc"},
        {"return (('x'):gsub('x', function() return {} end))",
         "!invalid replacement value (a table)"},
        {"return (('x'):gsub('x', true))", "!string/function/table expected"},
        {"return select('#', ('x'):find('y'))", "=1"},
        {"return ('a.b'):find('.', 2, true)", "=2"},
        {"return (('x'):rep(1000):rep(1000):gsub('x', 'xxxxxxxxxx'))",
         "!string.gsub: the result would pass 4 MiB"},
        {"return (('a'):find(('a'):rep(501)))", "!at most 500 octets"},
        {"return (('a'):match(('%a'):rep(300)))", "!a pattern may have 500 octets"},
    };
    check_scripts(cases, MU_COUNT(cases));
}

/* Each of these keeps Lua's own matcher busy from hours to the end of the universe. */
static void endless_patterns_end(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "return string.find(('a'):rep(26), ('a-'):rep(26) .. 'b')",
        "return string.find(('a'):rep(400), '.-.-.-.-.-b$')",
        "return string.match(('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(41))",
        "return (string.gsub(('a'):rep(300), ('a*'):rep(20) .. 'b', ''))",
        "for _ in string.gmatch(('a'):rep(300), ('a*'):rep(20) .. 'b') do end",
    };
    for (size_t i = 0; i < MU_COUNT(scripts); i++) {
        int64_t start = mu_clock_mono_ms();
        const char *got = run_script(scripts[i]);
        if (strstr(got, "!test.lua:1: this pattern takes too long on a text of") == NULL)
            fail_msg("%s\n gave %s", scripts[i], got);
        assert_true(mu_clock_mono_ms() - start < 20000);
    }
    assert_string_equal(
        run_script(
            "local ok, e = pcall(string.find, ('a'):rep(26), ('a-'):rep(26) .. 'b') return ok"),
        "=false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_those_of_lua),
        cmocka_unit_test(gmatch_and_callbacks),
        cmocka_unit_test(endless_patterns_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
