/* SPDX-License-Identifier: MIT
 *
 * The tree of a text: which local a name is, what literals are worth, where it gives up. That it agrees with
 * Lua's own compiler on every text is what tests/fuzz/fuzz_playbook_tree.c is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "playbook/tree.h"

static bool note_name(struct mu_node *node, void *ud)
{
    if (node->kind == MU_NODE_NAME)
        mu_buf_addf(ud, "%s%s%d ", node->text, node->local ? ":" : "!",
                    node->local && node->local->decl ? node->local->decl->at->column : 0);
    return true;
}

/* "x:7 y!0": each name with the column of its declaration, or ! for a global. */
static void names_find_their_locals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *names;
    } cases[] = {
        {"local x = x; f(x)", "x!0 f!0 x:7 "},
        {"local function f() f() end f()", "f:16 f:16 "},
        {"do local x end f(x)", "f!0 x!0 "},
        {"repeat local x until x", "x:14 "},
        {"for i = i, 2 do f(i) end f(i)", "i!0 f!0 i:5 f!0 i!0 "},
        {"for k, v in k do f(k, v) end", "k!0 f!0 k:5 v:8 "},
        {"function t:m(a) return self, a end", "t!0 self:0 a:14 "},
        {"local x, x = 1 f(x)", "f!0 x:10 "},
        {"local a <const>, b <close> = 1 f(a, b)", "f!0 a:7 b:18 "},
        {"--\rf(x)", "f!0 x!0 "}, /* Lua ends a comment there, too: nothing hides behind it */
        {"goto x ::x:: local t = { x = 1, [x] = x }", "x!0 x!0 "},
    };
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        struct mu_tree tree;
        struct mu_buf said = {0};
        assert_int_equal(mu_tree_read(cases[i].text, strlen(cases[i].text), &tree, NULL), MU_OK);
        mu_node_walk(tree.root, note_name, &said);
        assert_string_equal(mu_buf_text(&said), cases[i].names);
        mu_buf_free(&said);
        mu_tree_free(&tree);
    }
}

static void strings_have_their_values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *value;
    } cases[] = {{"'a\\x41\\65\\n'", "aAA\n"},
                 {"\"\\u{20AC}\\u{41}\"", "\xe2\x82\xac"
                                          "A"},
                 {"[==[\na]]b]==]", "a]]b"},
                 {"'a\\z\n   b'", "ab"},
                 {"'a\\0b'", NULL},
                 {"'\\\\\\''", "\\'"}};
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        struct mu_tree tree;
        char text[64];
        snprintf(text, sizeof text, "return %s", cases[i].text);
        assert_int_equal(mu_tree_read(text, strlen(text), &tree, NULL), MU_OK);
        const struct mu_node *node = tree.root->first->first;
        assert_int_equal(node->kind, MU_NODE_STRING);
        if (cases[i].value)
            assert_string_equal(node->text, cases[i].value);
        else
            assert_null(node->text);
        mu_tree_free(&tree);
    }
}

/* Whoever walks a tree recurses: what is deeper than that is not read. */
static void too_deep_is_refused(void **state)
{
    (void)state;
    struct mu_buf text = {0};
    struct mu_tree tree;
    struct mu_fail fail;
    mu_buf_adds(&text, "return 1");
    for (int i = 0; i < MU_TREE_DEPTH + 10; i++)
        mu_buf_adds(&text, " + 1");
    assert_int_equal(mu_tree_read(text.data, text.len, &tree, &fail), MU_USAGE);
    assert_non_null(strstr(fail.text, "nested too deep"));
    mu_buf_reset(&text);
    for (int i = 0; i < 300; i++)
        mu_buf_adds(&text, "do ");
    assert_int_equal(mu_tree_read(text.data, text.len, &tree, &fail), MU_USAGE);
    mu_buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_find_their_locals),
                                       cmocka_unit_test(strings_have_their_values),
                                       cmocka_unit_test(too_deep_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
