/* SPDX-License-Identifier: MIT
 *
 * The table of words against what a playbook, a header, muster.lua and test.lua really find: every name in either is in
 * the other. The preludes are run as they are, over primitives that do nothing. */
#include "lua/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include <cmocka.h>

#include "base/json.h"
#include "lua/sandbox.h"
#include "lua/vm.h"
#include "playbook/header.h"

extern const char mu_prelude_words[], mu_prelude_header[], mu_prelude_config[], mu_prelude_test[];
extern const size_t mu_prelude_words_len, mu_prelude_header_len, mu_prelude_config_len,
    mu_prelude_test_len;

static int l_nothing(lua_State *L)
{
    lua_pushcfunction(L, l_nothing);
    return 1;
}

static int l_setmetatable(lua_State *L)
{
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int l_misuse(lua_State *L)
{
    return luaL_error(L, "%s", lua_tostring(L, 1));
}

/* Whatever it is called: a primitive. */
static void push_primitives(lua_State *L)
{
    lua_newtable(L);
    lua_pushcfunction(L, l_misuse);
    lua_setfield(L, -2, "misuse");
    lua_pushcfunction(L, l_setmetatable);
    lua_setfield(L, -2, "setmetatable");
    lua_newtable(L);
    lua_pushcfunction(L, l_nothing);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

/* Adds `name`, or what is in the table on top of the stack: libraries stand behind an empty table's __index. */
static void note(lua_State *L, json_t *found, const char *name)
{
    int table = lua_gettop(L);
    bool library = lua_istable(L, -1) && luaL_getmetafield(L, -1, "__index") == LUA_TTABLE;
    if (lua_istable(L, -1) && (library || !luaL_getmetafield(L, table, "__call"))) {
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
            char inner[128];
            snprintf(inner, sizeof inner, "%s.%s", name, lua_tostring(L, -2));
            json_object_set_new(found, inner, json_true());
        }
    } else {
        json_object_set_new(found, name, json_true());
    }
    lua_settop(L, table);
}

/* A state with an environment at 1, after this prelude. */
static struct mu_vm *with_prelude(const char *prelude, size_t len)
{
    struct mu_fail fail;
    struct mu_vm *vm = mu_vm_new(1);
    lua_State *L = mu_vm_state(vm);
    mu_sandbox_init(L);
    mu_sandbox_push_env(L);
    assert_int_equal(mu_vm_load(L, prelude, len, "prelude", 1, &fail), MU_OK);
    push_primitives(L);
    lua_pushvalue(L, 1);
    assert_int_equal(mu_vm_run_plain(vm, 2, 1, 1000, &fail), MU_OK);
    return vm;
}

/* "param" is left to the caller: it hides what it has. */
static void look(const char *prelude, size_t len, json_t *found)
{
    struct mu_vm *vm = with_prelude(prelude, len);
    lua_State *L = mu_vm_state(vm);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
        if (strcmp(lua_tostring(L, -2), "param") != 0)
            note(L, found, lua_tostring(L, -2));
    mu_vm_free(vm);
}

static json_t *offered(void)
{
    json_t *found = json_object();
    look(mu_prelude_words, mu_prelude_words_len, found);
    look(mu_prelude_header, mu_prelude_header_len, found);
    look(mu_prelude_config, mu_prelude_config_len, found);
    look(mu_prelude_test, mu_prelude_test_len, found);
    for (int kind = 0; kind <= MU_PARAM_LIST; kind++) {
        char name[64];
        snprintf(name, sizeof name, "param.%s", mu_param_kind_name((enum mu_param_kind)kind));
        json_object_set_new(found, name, json_true());
    }
    return found;
}

static void every_name_that_is_offered_is_listed(void **state)
{
    (void)state;
    json_t *found = offered(), *value;
    const char *name;
    assert_true(json_object_size(found) > 80);
    json_object_foreach(found, name, value)
    {
        if (mu_word_find(name) == NULL)
            fail_msg("%s is offered and stands in no row of words.c", name);
    }
    json_decref(found);
}

static void every_row_is_offered(void **state)
{
    (void)state;
    json_t *found = offered();
    for (const struct mu_word *word = mu_words_all; word->name; word++)
        if (!word->yours && strchr(word->name, ':') == NULL &&
            json_object_get(found, word->name) == NULL)
            fail_msg("%s stands in words.c and nobody offers it", word->name);
    json_decref(found);
}

/* --- methods of a test's world and of its runs --- */

static json_t *methods;

/* The test's body: notes what there is in the world it gets, and in a run. */
static int l_body(lua_State *L)
{
    lua_getfield(L, 1, "run");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    for (int which = 1; which <= 2; which++)
        for (lua_pushnil(L); lua_next(L, which); lua_pop(L, 1)) {
            char name[128];
            snprintf(name, sizeof name, "%s:%s", which == 1 ? "world" : "run", lua_tostring(L, -2));
            if (lua_isfunction(L, -1) && strcmp(name, "world:op") != 0)
                json_object_set_new(methods, name, json_true());
        }
    return luaL_error(L, "seen");
}

static int l_src(lua_State *L)
{
    lua_pushliteral(L, "test.lua:1");
    return 1;
}

/* What becomes of a run: nothing. */
static int l_run(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_setfield(L, -2, "rows");
    return 1;
}

/* The prelude's second result plays a test. */
static void play_test(struct mu_vm *vm, const char *prelude, size_t len)
{
    struct mu_fail fail;
    lua_State *L = mu_vm_state(vm);
    assert_int_equal(mu_vm_load(L, prelude, len, "prelude", 1, &fail), MU_OK);
    push_primitives(L);
    lua_pushcfunction(L, l_run);
    lua_setfield(L, -2, "run");
    lua_pushcfunction(L, l_src);
    lua_setfield(L, -2, "src");
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 2, 2, 0) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    lua_getfield(L, 1, "test");
    lua_pushliteral(L, "looks");
    lua_pushcfunction(L, l_body);
    assert_int_equal(lua_pcall(L, 2, 0, 0), LUA_OK);
    lua_pushinteger(L, 1);
    assert_int_equal(lua_pcall(L, 1, 0, 0), LUA_ERRRUN);
    assert_non_null(strstr(lua_tostring(L, -1), "seen"));
}

static void methods_are_those_a_test_finds(void **state)
{
    (void)state;
    struct mu_vm *vm = mu_vm_new(1);
    const char *name;
    json_t *value;
    int listed = 0;
    mu_sandbox_init(mu_vm_state(vm));
    mu_sandbox_push_env(mu_vm_state(vm));
    methods = json_object();
    play_test(vm, mu_prelude_test, mu_prelude_test_len);
    json_object_foreach(methods, name, value)
    {
        if (mu_word_find(name) == NULL)
            fail_msg("%s is offered and stands in no row of words.c", name);
    }
    for (const struct mu_word *word = mu_words_all; word->name; word++)
        if (strchr(word->name, ':')) {
            listed++;
            if (json_object_get(methods, word->name) == NULL)
                fail_msg("%s stands in words.c and nobody offers it", word->name);
        }
    assert_true(listed > 30);
    json_decref(methods);
    mu_vm_free(vm);
}

/* --- options --- */

static void set_wrong_option(lua_State *L)
{
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "no_such_option");
}

/* Arguments that are all right but for an option nobody knows. Returns how many. */
static int push_arguments(lua_State *L, const struct mu_word *word)
{
    int count = 0;
    bool options = false;
    if (word->one_table) {
        lua_newtable(L);
        set_wrong_option(L);
        return 1;
    }
    for (const struct mu_word_field *field = word->params; field->name; field++) {
        if ((field->flags & MU_W_OPTION) && options)
            continue;
        options = options || (field->flags & MU_W_OPTION);
        if (strncmp(field->type, "fun", 3) == 0 && !(field->flags & MU_W_OPTION))
            lua_pushcfunction(L, l_nothing);
        else if (strcmp(field->type, "string") == 0 && !(field->flags & MU_W_OPTION))
            lua_pushliteral(L, "text");
        else
            lua_newtable(L);
        if (field->flags & MU_W_OPTION)
            set_wrong_option(L);
        count++;
    }
    return count;
}

static bool is_named(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = strstr(list, name); at; at = strstr(at + 1, name))
        if ((at[-1] == ' ') && (at[len] == ',' || at[len] == '\0'))
            return true;
    return false;
}

/* 'wait_until has no option "no_such_option": it takes every, meanwhile, stable' */
static void compare_options(const struct mu_word *word, const char *said)
{
    const char *list = said ? strstr(said, "it takes") : NULL;
    size_t named = 0, listed = 1;
    if (list == NULL)
        fail_msg("%s does not say which options it takes: %s", word->name, said);
    for (const char *comma = strchr(list, ','); comma; comma = strchr(comma + 1, ','))
        listed++;
    for (const struct mu_word_field *field = word->params; field->name; field++) {
        if (!(field->flags & MU_W_OPTION))
            continue;
        named++;
        if (!is_named(list, field->name))
            fail_msg("%s has no option %s: %s", word->name, field->name, list);
    }
    if (named != listed)
        fail_msg("%s takes more options than its row says: %s", word->name, list);
}

static bool has_options(const struct mu_word *word)
{
    for (const struct mu_word_field *field = word->params; field && field->name; field++)
        if (field->flags & MU_W_OPTION)
            return strpbrk(word->name, ".:") == NULL;
    return false;
}

static void options_are_those_the_words_take(void **state)
{
    (void)state;
    struct mu_vm *vm = with_prelude(mu_prelude_words, mu_prelude_words_len);
    lua_State *L = mu_vm_state(vm);
    int words = 0;
    for (const struct mu_word *word = mu_words_all; word->name; word++) {
        if (!has_options(word))
            continue;
        lua_getfield(L, 1, word->name);
        assert_int_equal(lua_pcall(L, push_arguments(L, word), 0, 0), LUA_ERRRUN);
        compare_options(word, lua_tostring(L, -1));
        lua_settop(L, 1);
        words++;
    }
    assert_true(words >= 7);
    mu_vm_free(vm);
}

static bool known_type(const char *name)
{
    for (const struct mu_word_type *type = mu_word_types; type->name; type++)
        if (strcmp(type->name, name) == 0)
            return true;
    return strcmp(name, "muster.header") == 0 || strcmp(name, "muster.secret") == 0;
}

/* Every type of ours that a row names is one. */
static void check_types(const char *word, const struct mu_word_field *field)
{
    for (; field && field->name; field++)
        for (const char *at = strstr(field->type, "muster."); at; at = strstr(at + 1, "muster.")) {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)strspn(at, "abcdefghijklmnopqrstuvwxyz._"),
                     at);
            if (!known_type(name))
                fail_msg("%s: there is no type %s", word, name);
        }
}

static void rows_are_whole(void **state)
{
    (void)state;
    enum mu_theme theme = 0;
    for (const struct mu_word *word = mu_words_all; word->name; word++) {
        assert_true(word->theme >= theme);
        theme = word->theme;
        if (word->doc == NULL || word->doc[0] == '\0' || word->returns == NULL ||
            (word->example == NULL && word->theme != MU_THEME_LUA))
            fail_msg("%s lacks doc, returns or example", word->name);
        check_types(word->name, word->params);
        check_types(word->name, word->returns);
    }
    for (const struct mu_word_type *type = mu_word_types; type->name; type++)
        check_types(type->name, type->fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_that_is_offered_is_listed),
        cmocka_unit_test(every_row_is_offered),
        cmocka_unit_test(methods_are_those_a_test_finds),
        cmocka_unit_test(options_are_those_the_words_take),
        cmocka_unit_test(rows_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
