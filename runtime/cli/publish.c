/* SPDX-License-Identifier: MIT
 *
 * `muster publish`: a folder's content becomes a version that nobody changes any more. --review signs one as
 * a second person; --rollback makes an earlier one current. Everything is looked at first; then one transaction
 * writes all of it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"
#include "base/semver.h"
#include "cli/cli.h"
#include "cli/origin.h"
#include "cli/published.h"
#include "cli/say.h"
#include "cli/signing.h"
#include "engine/run.h"
#include "playbook/header.h"

#define FOLDERS_MAX 64

struct one { /* folder to be published */
    struct mu_bundle *bundle;
    struct mu_header *header;
    char digest[MU_SHA256_HEX], commit[ORIGIN_COMMIT];
    bool dirty;
    struct mu_store_file *files;
    size_t file_count;
    struct mu_store_signature signature;
};

struct publishing {
    struct mu_cli *cli;
    json_t *who;
    const char *key;
    struct one *items;
    struct mu_store_publishing *rows;
    size_t count;
};

static const char *who_is(const json_t *who, const char *key)
{
    return mu_json_str(who, key, "");
}

static bool add_row(const char *path, const char *bytes, size_t len, void *ud)
{
    struct one *one = ud;
    one->files = mu_xrealloc(one->files, one->file_count + 1, sizeof *one->files);
    one->files[one->file_count++] = (struct mu_store_file){path, bytes, len};
    return true;
}

/* --- looking at the folders --- */

/* Kept for good, a secret could never be taken out again. */
static enum mu_err check_secrets(const struct one *one, struct mu_fail *fail)
{
    for (size_t i = 0; i < one->file_count; i++)
        if (mu_redact_hits(one->files[i].bytes, one->files[i].len))
            return mu_fail_set(
                fail, MU_USAGE,
                "%.300s/%.200s holds a secret of muster.lua, and what is published is "
                "kept for good: take it out",
                mu_bundle_folder(one->bundle), one->files[i].path);
    return MU_OK;
}

static enum mu_err read_folder(struct publishing *p, const char *typed, struct mu_fail *fail)
{
    struct one *one = &p->items[p->count++];
    if (strchr(typed, '@'))
        return mu_fail_set(fail, MU_USAGE,
                           "%.200s: a folder is published; its number stands in its playbook.lua",
                           typed);
    if (mu_bundle_load(typed, mu_cli_playbook_path(p->cli), &one->bundle, fail) != MU_OK ||
        mu_header_read(one->bundle, &one->header, fail) != MU_OK)
        return fail->class;
    const char *folder = mu_bundle_folder(one->bundle);
    if (mu_check(one->bundle, mu_run_words(p->cli->config), NULL, published_problem, one->bundle) >
        0)
        return mu_fail_set(fail, MU_USAGE, "%.300s has errors (muster check shows warnings, too)",
                           folder);
    for (struct one *other = p->items; other < one; other++)
        if (strcmp(other->header->name, one->header->name) == 0)
            return mu_fail_set(fail, MU_USAGE, "%.64s is named twice: by %.200s and %.200s",
                               one->header->name, mu_bundle_folder(other->bundle), folder);
    mu_bundle_digest(one->bundle, one->digest);
    origin_of(one->bundle, one->commit, &one->dirty);
    mu_bundle_each(one->bundle, add_row, one);
    return check_secrets(one, fail);
}

static void fill_row(struct publishing *p, size_t i, int64_t now)
{
    const struct one *one = &p->items[i];
    p->rows[i] = (struct mu_store_publishing){
        .version = {.playbook = one->header->name,
                    .version = one->header->version,
                    .digest = one->digest,
                    .who = who_is(p->who, "name"),
                    .account = who_is(p->who, "account"),
                    .host = who_is(p->who, "host"),
                    .folder = mu_bundle_folder(one->bundle),
                    .commit = one->commit,
                    .dirty = one->dirty,
                    .at = now},
        .files = one->files,
        .file_count = one->file_count,
        .signature = one->signature.signature ? &one->signature : NULL};
}

/* --- numbers that are taken --- */

/* The first free number behind what is published. */
static void next_number(const json_t *list, char next[3][MU_SEMVER_TEXT])
{
    const char *highest = mu_json_str(mu_versions_highest(list), "version", "0.0.0");
    mu_semver_next(highest, MU_SEMVER_PATCH, next[0]);
    mu_semver_next(highest, MU_SEMVER_MINOR, next[1]);
    mu_semver_next(highest, MU_SEMVER_MAJOR, next[2]);
}

static enum mu_err refuse_taken(struct publishing *p, const struct one *one, const json_t *list,
                                const json_t *old, struct mu_fail *fail)
{
    struct mu_bundle *before = NULL;
    char next[3][MU_SEMVER_TEXT], when[MU_TIME_TEXT];
    if (mu_versions_bundle(p->cli->store, old, &before, fail) != MU_OK)
        return fail->class;
    char *files = published_differing(before, one->bundle);
    next_number(list, next);
    mu_fail_set(
        fail, MU_CONFLICT,
        "%.64s@%.64s is published, by %.64s %s, and stays as it is; the folder differs in "
        "%.250s. The next number is %.64s, or %.64s or %.64s if it is more than a correction",
        one->header->name, mu_json_str(old, "version", ""), mu_json_str(old, "who", ""),
        mu_time_local(mu_json_int(old, "at", 0), when), files, next[0], next[1], next[2]);
    free(files);
    mu_bundle_free(before);
    return MU_CONFLICT;
}

static bool has_signature(const json_t *version, const char *role, const char *person)
{
    size_t i;
    json_t *one;
    json_array_foreach(mu_json_get(version, "signatures"), i, one)
    {
        if (strcmp(mu_json_str(one, "role", ""), role) == 0 &&
            (person == NULL || strcmp(mu_json_str(one, "person", ""), person) == 0))
            return true;
    }
    return false;
}

static enum mu_err sign(struct publishing *p, struct one *one, struct mu_fail *fail)
{
    char *text = NULL;
    struct mu_signed what = {.playbook = one->header->name,
                             .version = one->header->version,
                             .digest = one->digest,
                             .role = "author"};
    enum mu_err err = signing_sign(p->cli, p->key, who_is(p->who, "name"), &what, &text, fail);
    one->signature = (struct mu_store_signature){what.playbook, what.version, what.role,
                                                 what.person,   text,         what.at};
    return err;
}

/* Taken by other content: refused. Not signed yet by anybody: now it is. */
static enum mu_err look_at_number(struct publishing *p, struct one *one, struct mu_fail *fail)
{
    struct mu_publish_rules rules;
    json_t *list = NULL;
    mu_publish_rules(p->cli->config, &rules);
    enum mu_err err = mu_versions(p->cli->store, p->cli->config, one->header->name, &list, fail);
    const json_t *old = err == MU_OK ? mu_versions_numbered(list, one->header->version) : NULL;
    if (old && strcmp(mu_json_str(old, "digest", ""), one->digest) != 0)
        err = refuse_taken(p, one, list, old, fail);
    else if (err == MU_OK && rules.signers && !has_signature(old, "author", NULL))
        err = sign(p, one, fail);
    else if (err == MU_OK && p->key && !rules.signers)
        err = mu_fail_set(fail, MU_USAGE,
                          "--key: muster.lua asks for no signatures (publish.signers)");
    json_decref(list);
    return err;
}

/* --- writing, and saying so --- */

static void say_state(const json_t *list, const struct one *one)
{
    const json_t *item = mu_versions_numbered(list, one->header->version), *current = NULL;
    const char *state = mu_json_str(item, "state", "");
    struct mu_fail ignored;
    (void)!mu_versions_pick(list, one->header->name, "", &current, &ignored);
    if (strcmp(state, "current") == 0)
        say("It is the current version: muster run %s takes it.\n", one->header->name);
    else if (strcmp(state, "unreviewed") == 0)
        say("It counts when a second person has reviewed it: muster publish --review %s@%s\n",
            one->header->name, one->header->version);
    else if (current)
        say("Current is %s: muster run %s takes that one.\n", mu_json_str(current, "version", ""),
            one->header->name);
}

static void say_published(struct publishing *p, size_t i)
{
    const struct one *one = &p->items[i];
    bool added = p->rows[i].added;
    struct mu_fail fail;
    json_t *list = NULL;
    if (mu_versions(p->cli->store, p->cli->config, one->header->name, &list, &fail) != MU_OK)
        return;
    const json_t *item = mu_versions_numbered(list, one->header->version);
    if (p->cli->json) {
        json_t *row = json_deep_copy(item);
        json_object_set_new(row, "added", json_boolean(added));
        say_json_take(row);
        json_decref(list);
        return;
    }
    char when[MU_TIME_TEXT];
    say(added ? "Published %s@%s, on disk, as %s: %zu file%s, digest %.12s%s%.12s%s\n"
              : "%s@%s is published already, with this very content, by %s: %zu file%s, digest "
                "%.12s%s%.12s%s\n",
        one->header->name, one->header->version, mu_json_str(item, "who", ""), one->file_count,
        one->file_count == 1 ? "" : "s", one->digest, one->commit[0] ? ", git " : "", one->commit,
        one->commit[0] && one->dirty ? " and changes that are not in it" : "");
    if (!added)
        say("since %s; nothing was changed%s.\n", mu_time_local(mu_json_int(item, "at", 0), when),
            one->signature.signature ? " but that it is signed now" : "");
    say_state(list, one);
    json_decref(list);
}

/* The same content was there already, without a signature. */
static enum mu_err sign_later(struct publishing *p, struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    for (size_t i = 0; err == MU_OK && i < p->count; i++)
        if (!p->rows[i].added && p->items[i].signature.signature)
            err = mu_store_sign(p->cli->store, &p->items[i].signature, fail);
    return err;
}

static enum mu_err publish(struct publishing *p, int argc, char **argv, struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    int64_t now = mu_clock_real_ms();
    for (int i = 1; err == MU_OK && i < argc; i++)
        err = read_folder(p, argv[i], fail);
    for (size_t i = 0; err == MU_OK && i < p->count; i++)
        err = look_at_number(p, &p->items[i], fail);
    for (size_t i = 0; err == MU_OK && i < p->count; i++)
        fill_row(p, i, now);
    if (err == MU_OK)
        err = mu_store_publish(p->cli->store, p->rows, p->count, fail);
    if (err == MU_OK)
        err = sign_later(p, fail);
    return err;
}

static void publishing_fini(struct publishing *p)
{
    for (size_t i = 0; i < p->count; i++) {
        mu_bundle_free(p->items[i].bundle);
        mu_header_free(p->items[i].header);
        free(p->items[i].files);
        free((char *)p->items[i].signature.signature);
    }
    free(p->items);
    free(p->rows);
    json_decref(p->who);
}

static int publish_folders(struct mu_cli *cli, const char *key, int argc, char **argv)
{
    struct mu_fail fail;
    char *here[] = {argv[0], (char *)".", NULL};
    if (argc == 1) {
        argv = here;
        argc = 2;
    }
    struct publishing p = {.cli = cli,
                           .who = mu_cli_who(cli),
                           .key = key,
                           .items = mu_xcalloc((size_t)argc, sizeof *p.items),
                           .rows = mu_xcalloc((size_t)argc, sizeof *p.rows)};
    enum mu_err err = publish(&p, argc, argv, &fail);
    for (size_t i = 0; err == MU_OK && i < p.count; i++)
        say_published(&p, i);
    publishing_fini(&p);
    return err == MU_OK ? MU_EXIT_OK
                        : mu_cli_fail(cli, "publish", MU_EXIT_USAGE, "%s%s", fail.text,
                                      argc > 2 ? "; nothing was published" : "");
}

/* --- a second person --- */

static enum mu_err find_version(struct mu_cli *cli, const char *name, const char *version,
                                json_t **list, const json_t **item, struct mu_fail *fail)
{
    enum mu_err err = mu_versions(cli->store, cli->config, name, list, fail);
    return err == MU_OK ? mu_versions_pick(*list, name, version, item, fail) : err;
}

static enum mu_err review_one(struct mu_cli *cli, const char *key, const char *person,
                              const json_t *item, struct mu_fail *fail)
{
    char *text = NULL;
    struct mu_signed what = {.playbook = mu_json_str(item, "playbook", ""),
                             .version = mu_json_str(item, "version", ""),
                             .digest = mu_json_str(item, "digest", ""),
                             .role = "reviewer"};
    if (has_signature(item, "author", person) || strcmp(mu_json_str(item, "who", ""), person) == 0)
        return mu_fail_set(fail, MU_REFUSED,
                           "%.64s wrote %.64s@%.64s: a second person has to look at it", person,
                           what.playbook, what.version);
    enum mu_err err = signing_sign(cli, key, person, &what, &text, fail);
    if (err == MU_OK) {
        json_t *with = json_deep_copy(item); /* would it count? */
        json_array_insert_new(json_object_get(with, "signatures"), 0,
                              json_pack("{s:s, s:s, s:s, s:I}", "role", "reviewer", "person",
                                        person, "signature", text, "at", (json_int_t)what.at));
        err = mu_versions_verify(with, cli->config, fail);
        json_decref(with);
    }
    struct mu_store_signature signature = {what.playbook, what.version, what.role,
                                           what.person,   text,         what.at};
    if (err == MU_OK)
        err = mu_store_sign(cli->store, &signature, fail);
    free(text);
    return err;
}

static int review(struct mu_cli *cli, const char *typed, const char *key)
{
    struct mu_fail fail;
    char *name;
    const char *version;
    json_t *list = NULL;
    const json_t *item = NULL;
    int code = published_named(cli, "publish", typed, &name, &version);
    if (code)
        return code;
    json_t *who = mu_cli_who(cli);
    enum mu_err err = find_version(cli, name, version, &list, &item, &fail);
    if (err == MU_OK)
        err = review_one(cli, key, who_is(who, "name"), item, &fail);
    if (err != MU_OK)
        code = mu_cli_fail(cli, "publish", MU_EXIT_USAGE, "%s", fail.text);
    else if (cli->json)
        say_json_take(json_pack("{s:s, s:s}", "reviewed", typed, "who", who_is(who, "name")));
    else
        say("Reviewed and signed %s, on disk, as %s (muster diff shows what changes). "
            "muster versions %s\n",
            typed, who_is(who, "name"), name);
    json_decref(list);
    json_decref(who);
    free(name);
    return code;
}

/* --- going back --- */

static int say_rolled_back(struct mu_cli *cli, const char *name, const char *version,
                           const json_t *who)
{
    struct mu_fail fail;
    json_t *list = NULL;
    const json_t *current = NULL;
    if (mu_versions(cli->store, cli->config, name, &list, &fail) == MU_OK)
        (void)!mu_versions_pick(list, name, "", &current, &fail);
    const char *now = mu_json_str(current, "version", "none");
    if (cli->json)
        say_json_take(json_pack("{s:s, s:s, s:s, s:s}", "playbook", name, "rolled_back_to", version,
                                "current", now, "who", who_is(who, "name")));
    else
        say("Rolled back %s to %s, on disk, as %s. Current is %s: muster run %s takes it. What was "
            "published above it is taken only when it is named in full.\n",
            name, version, who_is(who, "name"), now, name);
    json_decref(list);
    return MU_EXIT_OK;
}

static int roll_back(struct mu_cli *cli, const char *typed, const char *reason)
{
    struct mu_fail fail;
    char *name;
    const char *version;
    json_t *list = NULL;
    const json_t *item = NULL;
    int code = mu_cli_need_reason(cli, "publish", reason,
                                  "say why, whoever runs it next will read it: --reason \"...\"");
    if (code == 0)
        code = published_named(cli, "publish", typed, &name, &version);
    if (code)
        return code;
    char *said = mu_cli_said(cli, reason);
    json_t *who = mu_cli_who(cli);
    enum mu_err err = find_version(cli, name, version, &list, &item, &fail);
    struct mu_store_rollback back = {.playbook = name,
                                     .version = mu_json_str(item, "version", ""),
                                     .who = who_is(who, "name"),
                                     .account = who_is(who, "account"),
                                     .host = who_is(who, "host"),
                                     .reason = said,
                                     .at = mu_clock_real_ms()};
    if (err == MU_OK)
        err = mu_store_roll_back(cli->store, &back, &fail);
    code = err == MU_OK ? say_rolled_back(cli, name, back.version, who)
                        : mu_cli_fail(cli, "publish", MU_EXIT_USAGE, "%s", fail.text);
    json_decref(list);
    json_decref(who);
    free(said);
    free(name);
    return code;
}

/* --- the command --- */

/* One of the three, and only what belongs to it. */
static int check_words(struct mu_cli *cli, int argc, const char *to_review, const char *back,
                       const char *reason, const char *key)
{
    const char *wrong = to_review && back ? "--review and --rollback are two things"
                        : (to_review || back) && argc > 1
                            ? "--review and --rollback take one NAME@VERSION"
                        : reason && !back    ? "--reason belongs to --rollback; why a version "
                                               "is new stands in its changelog"
                        : key && back        ? "--key: a rollback is not signed"
                        : argc > FOLDERS_MAX ? "that many folders at once"
                                             : NULL;
    return wrong ? mu_cli_fail(cli, "publish", MU_EXIT_USAGE, "%s", wrong) : 0;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    const char *to_review = NULL, *back = NULL, *reason = NULL, *key = NULL;
    mu_cli_option(&argc, argv, "--review", &to_review);
    mu_cli_option(&argc, argv, "--rollback", &back);
    mu_cli_option(&argc, argv, "--reason", &reason);
    mu_cli_option(&argc, argv, "--key", &key);
    int code = mu_cli_no_more_options(&mu_command_publish, argc, argv);
    if (code == 0)
        code = check_words(cli, argc, to_review, back, reason, key);
    if (code == 0)
        code = mu_cli_store(cli);
    if (code)
        return code;
    if (to_review)
        return review(cli, to_review, key);
    return back ? roll_back(cli, back, reason) : publish_folders(cli, key, argc, argv);
}

const struct mu_command mu_command_publish = {
    .name = "publish",
    .usage = "publish [FOLDER ...] [--key FILE] [--review NAME@VERSION] [--rollback NAME@VERSION] "
             "[--reason TEXT]",
    .summary = "make a version of a playbook that nobody changes any more",
    .help = "Keeps the folder's files (. when none is named) under the number that stands in its "
            "header, with\n"
            "who, when, from where, and the git commit. The same content again changes nothing; "
            "other content\n"
            "under a number that is taken is refused, and so is what muster check finds errors in. "
            "Of several\n"
            "folders all are published, or none.\n"
            "\n"
            "  --rollback  make an earlier version the current one; needs --reason. History stays\n"
            "  --review    sign a version as its second person (publish.reviewer in muster.lua)\n"
            "  --key       the ssh key to sign with, where publish.signers asks for it\n",
    .run = run};
