/* SPDX-License-Identifier: MIT
 *
 * may_change: which entry lets which verb on which target through, and that nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/internal.h"

static const struct mu_verb set_mx = {.name = "zone.set_mx", .kind = MU_ACT, .target = "domain"};
static const struct mu_verb set = {.name = "zone.set", .kind = MU_ACT, .target = "domain"};
static const struct mu_verb notify = {.name = "notify", .kind = MU_ACT};
static const struct mu_verb direct = {.name = "notify.direct", .kind = MU_ACT};
static const struct mu_verb mx = {.name = "zone.mx", .kind = MU_PROBE};

static const struct {
    const char *entry;
    const struct mu_verb *verb;
    const char *target; /* NULL: the verb names none */
    bool may;
} cases[] = {
    {"zone.set_mx:example.com", &set_mx, "example.com", true},
    {"zone.set_mx:example.com", &set_mx, "example.org", false},
    {"zone.set_mx:example.com", &set_mx, "mail.example.com", false},
    {"zone.set_mx:example.com", &set_mx, "example.co", false},
    {"zone.set_mx:example.com", &set_mx, NULL, false},
    {"zone.set_mx:", &set_mx, "example.com", false},
    {"zone.set_mx", &set_mx, "example.com", true},
    {"zone.set", &set_mx, "example.com", false}, /* no prefix of a name is the name */
    {"zone.set_mx", &set, "example.com", false},
    {"zone.*", &set_mx, "example.com", true},
    {"zone.*:example.com", &set_mx, "example.com", true},
    {"zone.*:example.com", &set_mx, "example.org", false},
    {"zon.*", &set_mx, "example.com", false},
    {"zone*", &set_mx, "example.com", false}, /* a star stands for all of a module, nothing less */
    {"zone.set*", &set_mx, "example.com", false},
    {"*", &set_mx, "example.com", false},
    {".*", &set_mx, "example.com", false},
    {"notify", &notify, NULL, true},
    {"notify", &direct, NULL, false},
    {"notify.*", &direct, NULL, true},
    {"notify.*", &notify, NULL, false},
    {"zone.set_mx", &mx, "example.com", true}, /* looking is always allowed */
};

static enum mu_err ask(const char *entry, const struct mu_verb *verb, const char *target,
                       struct mu_fail *fail)
{
    struct run run = {.may_change = entry ? json_pack("[s]", entry) : json_array()};
    json_t *args = target ? json_pack("{s:s}", "domain", target) : json_object();
    enum mu_err err = policy_may(&run, verb, args, fail);
    json_decref(args);
    json_decref(run.may_change);
    return err;
}

static void entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mu_fail fail;
        enum mu_err err = ask(cases[i].entry, cases[i].verb, cases[i].target, &fail);
        if ((err == MU_OK) != cases[i].may)
            fail_msg("%s for %s on %s: %d", cases[i].entry, cases[i].verb->name,
                     cases[i].target ? cases[i].target : "nothing", (int)err);
    }
}

static void nothing_allows_nothing(void **state)
{
    (void)state;
    struct mu_fail fail;
    assert_int_equal(ask(NULL, &set_mx, "example.com", &fail), MU_REFUSED);
    assert_non_null(strstr(fail.text, "zone.set_mx on example.com"));
    assert_non_null(strstr(fail.text, "\"zone.set_mx:example.com\""));
    assert_int_equal(ask(NULL, &mx, NULL, &fail), MU_OK);
}

static void named_whatever_the_target(void **state)
{
    (void)state;
    json_t *list = json_pack("[s, s]", "zone.set_mx:example.com", "drawer.*:a");
    assert_true(policy_verb_named(list, "zone.set_mx"));
    assert_true(policy_verb_named(list, "drawer.put"));
    assert_false(policy_verb_named(list, "zone.set"));
    assert_false(policy_verb_named(list, "drawer"));
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries),
        cmocka_unit_test(nothing_allows_nothing),
        cmocka_unit_test(named_whatever_the_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
