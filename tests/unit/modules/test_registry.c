/* SPDX-License-Identifier: MIT
 *
 * The registry: the tables of the built-in modules are sound, verbs are found, and a third party's
 * shared object is taken in or refused with its reason. The objects are compiled here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "harness/harness.h"
#include "module/registry.h"
#include "module/values.h"

/* --- built-in tables --- */

static void check_field(const struct mu_verb *verb, const struct mu_field *field, bool *optional)
{
    if (field->doc == NULL || field->doc[0] == '\0')
        fail_msg("%s: %s has no doc", verb->name, field->name);
    if (field->type == MU_T_CHOICE && (field->choices == NULL || field->choices[0] == '\0'))
        fail_msg("%s: %s is a choice of nothing", verb->name, field->name);
    if ((field->flags & MU_F_REQUIRED) && field->otherwise)
        fail_msg("%s: %s is required and has a default", verb->name, field->name);
    if (!(field->flags & MU_F_OPTION) && (field->flags & MU_F_REQUIRED) && *optional)
        fail_msg("%s: %s is required and stands behind an optional value", verb->name, field->name);
    *optional = *optional || (!(field->flags & MU_F_OPTION) && !(field->flags & MU_F_REQUIRED));
    if (field->otherwise == NULL)
        return;
    struct mu_fail fail = {0};
    json_t *out = NULL, *value = mu_json_parse(field->otherwise, strlen(field->otherwise), &fail);
    if (value == NULL ||
        (!json_is_null(value) && mu_value_take(field, value, &out, &fail) != MU_OK))
        fail_msg("%s: the default of %s, %s: %s", verb->name, field->name, field->otherwise,
                 fail.text);
    json_decref(value);
    json_decref(out);
}

static bool has_param(const struct mu_verb *verb, const char *name)
{
    for (const struct mu_field *field = verb->params; field->name; field++)
        if (strcmp(field->name, name) == 0)
            return true;
    return false;
}

static bool check_verb(const struct mu_module *module, const struct mu_verb *verb, void *ud)
{
    const struct mu_module *found = NULL;
    bool optional = false, options = false;
    assert_ptr_equal(mu_registry_find(ud, verb->name, &found), verb);
    assert_ptr_equal(found, module);
    if (verb->doc == NULL || verb->example == NULL || verb->start == NULL || verb->cancel == NULL ||
        verb->returns == NULL)
        fail_msg("%s lacks doc, example, start, cancel or returns", verb->name);
    if (verb->kind == MU_ACT && (verb->target == NULL || verb->foresee == NULL))
        fail_msg("%s is an act and lacks target or foresee", verb->name);
    if (verb->invert && !has_param(verb, "only_if"))
        fail_msg("%s has an inverse, and no only_if that keeps it from clobbering", verb->name);
    if (verb->in_doubt == MU_READBACK && (verb->readback == NULL || verb->prepare == NULL))
        fail_msg("%s is read back and lacks readback or prepare", verb->name);
    for (const struct mu_field *field = verb->params; field->name; field++) {
        check_field(verb, field, &optional);
        if (!(field->flags & MU_F_OPTION) && options)
            fail_msg("%s: %s is positional and stands behind an option", verb->name, field->name);
        options = options || (field->flags & MU_F_OPTION);
    }
    return true;
}

static void the_built_in_tables_are_sound(void **state)
{
    (void)state;
    struct mu_registry *registry = mu_registry_new();
    mu_registry_each(registry, check_verb, registry);
    mu_registry_free(registry);
}

static void verbs_are_found_or_something_near(void **state)
{
    (void)state;
    const struct mu_module *module = NULL;
    struct mu_registry *registry = mu_registry_new();
    assert_non_null(mu_registry_find(registry, "zone.set_mx", &module));
    assert_string_equal(module->name, "registrar");
    assert_null(mu_registry_find(registry, "zone.set_mxx", NULL));
    assert_null(mu_registry_find(registry, "", NULL));
    assert_string_equal(mu_registry_nearest(registry, "zone.setmx"), "zone.set_mx");
    assert_string_equal(mu_registry_nearest(registry, "dns.xm"), "dns.mx");
    assert_null(mu_registry_nearest(registry, "something.else.entirely"));
    mu_registry_free(registry);
}

/* --- shared objects --- */

static const char source[] =
    "#include <stddef.h>\n#include \"module/module.h\"\n"
    "struct old_verb { const char *name; enum mu_kind kind; const struct mu_field *params, "
    "*returns; const char *doc, *example, *target;\n"
    "  void (*start)(struct mu_call *); void (*cancel)(struct mu_call *); };\n"
    "static void nothing(struct mu_call *call) { (void)call; }\n"
    "static const struct mu_field params[] = {{\"host\", MU_T_HOST, MU_F_REQUIRED, 0, 0, 0, "
    "\"who\"}, {0}}, returns[] = {{0}};\n"
    "static const struct VERB verbs[] = {\n"
    "  {.name = NAME, .kind = MU_PROBE, .params = params, .returns = returns, .doc = \"Looks.\", "
    ".example = \"x\", .start = nothing, .cancel = CANCEL},\n"
    "  {.name = \"ours.second\", .kind = MU_PURE, .params = params, .returns = returns, .doc = "
    "\"Looks.\", .start = nothing, .cancel = nothing},\n"
    "  {0}};\n"
    "static int opened;\n"
    "static enum mu_err open_it(const struct mu_host *host, const json_t *config, void **state, "
    "struct mu_fail *fail)\n"
    "{ (void)host; (void)fail; *state = &opened; opened++; return config ? MU_OK : MU_CONFIG; }\n"
    "MU_API extern const struct mu_module SYMBOL;\n"
    "const struct mu_module SYMBOL = {.abi = ABI, .verb_size = sizeof(struct VERB), .name = "
    "\"ours\", .version = \"1\", .doc = \"Ours.\", .open = open_it,\n"
    "  .verbs = (const struct mu_verb *)(const void *)verbs};\n";

struct folder {
    char path[64];
    char object[96];
};

static int make_folder(void **state)
{
    struct folder *folder = MU_NEW(struct folder);
    snprintf(folder->path, sizeof folder->path, "/tmp/muster-registry-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->object, sizeof folder->object, "%s/ours.so", folder->path);
    *state = folder;
    return 0;
}

static int drop_folder(void **state)
{
    struct folder *folder = *state;
    char text[96];
    unlink(folder->object);
    snprintf(text, sizeof text, "%s/ours.c", folder->path);
    unlink(text);
    assert_int_equal(rmdir(folder->path), 0);
    free(folder);
    return 0;
}

static void compile(const struct folder *folder, const char *verb, const char *name,
                    const char *symbol, const char *abi, const char *cancel)
{
    char text[96], defines[5][64];
    snprintf(text, sizeof text, "%s/ours.c", folder->path);
    FILE *file = fopen(text, "w");
    assert_non_null(file);
    fputs(source, file);
    fclose(file);
    snprintf(defines[0], 64, "-DVERB=%s", verb);
    snprintf(defines[1], 64, "-DNAME=\"%s\"", name);
    snprintf(defines[2], 64, "-DSYMBOL=%s", symbol);
    snprintf(defines[3], 64, "-DABI=%s", abi);
    snprintf(defines[4], 64, "-DCANCEL=%s", cancel);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("cc", "cc", "-std=c11", "-shared", "-fPIC", "-I" MUSTER_SOURCE "/runtime",
               defines[0], defines[1], defines[2], defines[3], defines[4], "-o", folder->object,
               text, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void expect_refused(const struct folder *folder, const char *why)
{
    struct mu_registry *registry = mu_registry_new();
    struct mu_fail fail = {0};
    enum mu_err err = mu_registry_load(registry, folder->object, &fail);
    if (err != MU_CONFIG || strstr(fail.text, why) == NULL)
        fail_msg("wanted %s, got %s", why, fail.text);
    assert_null(mu_registry_find(registry, "ours.second", NULL));
    mu_registry_free(registry);
}

/* The table of an object that was built against a shorter struct mu_verb is stepped through
 * rightly. */
static void shared_objects_are_taken_in(void **state)
{
    const struct folder *folder = *state;
    static const char *const layouts[] = {"mu_verb", "old_verb"};
    for (size_t i = 0; i < MU_COUNT(layouts); i++) {
        struct mu_registry *registry = mu_registry_new();
        const struct mu_module *module;
        struct mu_fail fail = {0};
        void *first = NULL, *second = NULL;
        compile(folder, layouts[i], "ours.first", "muster_module", "MU_MODULE_ABI", "nothing");
        if (mu_registry_load(registry, folder->object, &fail) != MU_OK)
            fail_msg("%s", fail.text);
        const struct mu_verb *verb = mu_registry_find(registry, "ours.second", &module);
        assert_non_null(verb);
        assert_string_equal(module->name, "ours");
        assert_string_equal(verb->params[0].name, "host");
        assert_null(verb->under);
        assert_int_equal(
            mu_registry_open(registry, module, &(struct mu_host){.config = NULL}, &first, &fail),
            MU_CONFIG);
        json_t *config = json_pack("{s:{}}", "ours");
        struct mu_host host = {.config = config};
        assert_int_equal(mu_registry_open(registry, module, &host, &first, &fail), MU_OK);
        assert_int_equal(mu_registry_open(registry, module, &host, &second, &fail), MU_OK);
        assert_int_equal(*(int *)first, 2); /* the failed try and one more: then it stays open */
        assert_ptr_equal(first, second);
        json_decref(config);
        mu_registry_free(registry);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    const struct folder *folder = *state;
    struct mu_registry *registry = mu_registry_new();
    struct mu_fail fail;
    assert_int_equal(mu_registry_load(registry, "libours.so", &fail), MU_CONFIG);
    assert_non_null(strstr(fail.text, "./libours.so"));
    mu_registry_free(registry);
    expect_refused(folder, "no such file");
    compile(folder, "mu_verb", "ours.first", "another_name", "MU_MODULE_ABI", "nothing");
    expect_refused(folder, "does not export \"muster_module\"");
    compile(folder, "mu_verb", "ours.first", "muster_module", "99", "nothing");
    expect_refused(folder, "built for module interface 99");
    compile(folder, "mu_verb", "ours.first", "muster_module", "MU_MODULE_ABI", "NULL");
    expect_refused(folder, "verb ours.first lacks start or cancel");
    compile(folder, "mu_verb", "dns.mx", "muster_module", "MU_MODULE_ABI", "nothing");
    expect_refused(folder, "verb dns.mx has the name of a verb of another module");
    chmod(folder->object, 0777);
    expect_refused(folder, "everybody may write to it");
    FILE *file = fopen(folder->object, "w");
    fputs("no ELF", file);
    fclose(file);
    chmod(folder->object, 0700);
    expect_refused(folder, "can't be loaded");
}

int main(void)
{
    /* The harness gives the functions that modules complete their calls with. */
    mu_harness_free(mu_harness_new(NULL));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_tables_are_sound),
        cmocka_unit_test(verbs_are_found_or_something_near),
        cmocka_unit_test_setup_teardown(shared_objects_are_taken_in, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused, make_folder, drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
