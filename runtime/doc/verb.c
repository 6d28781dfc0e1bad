/* SPDX-License-Identifier: MIT
 *
 * What is to be said of a verb, from its row. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "doc/page.h"

void page_paraf(struct page *page, const char *fmt, ...)
{
    char text[2000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    page->ops->para(page, text);
}

void page_codef(struct page *page, const char *fmt, ...)
{
    char text[2000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    page->ops->code(page, text);
}

size_t page_first_sentence(const char *doc)
{
    const char *end = strstr(doc, ". ");
    return end ? (size_t)(end - doc) + 1 : strlen(doc);
}

char *page_sentence(const char *doc)
{
    return mu_xstrndup(doc, page_first_sentence(doc));
}

void page_verb_signature(const struct mu_verb *verb, struct mu_buf *out)
{
    bool options = false, first = true;
    mu_buf_addf(out, "%s(", verb->name);
    for (const struct mu_field *field = verb->params; field->name; field++) {
        bool option = field->flags & MU_F_OPTION;
        mu_buf_addf(out, "%s%s%s%s", first ? "" : ", ", option && !options ? "{ " : "", field->name,
                    field->flags & MU_F_REQUIRED ? "" : "?");
        options = options || option;
        first = false;
    }
    mu_buf_adds(out, options ? " })" : ")");
}

/* "duration [ms], default "15s"" */
static void note_of(const struct mu_field *field, bool result, struct mu_buf *out)
{
    bool items = result && (field->flags & MU_F_ITEMS);
    mu_buf_addf(out, "%s%s", items ? "list of " : "", mu_type_name(field->type));
    if (field->unit && (result || field->type != MU_T_DURATION))
        mu_buf_addf(out, " in %s", field->unit);
    if (field->choices) {
        mu_buf_adds(out, ": ");
        for (const char *p = field->choices; *p; p++)
            mu_buf_adds(out, *p == '|' ? " | " : (char[]){*p, 0});
    }
    if (!result && (field->flags & MU_F_REQUIRED))
        mu_buf_adds(out, ", required");
    if (field->otherwise)
        mu_buf_addf(out, ", default %s", field->otherwise);
    if (field->flags & MU_F_SECRET)
        mu_buf_adds(out, ", secret");
}

static void fields(struct page *page, const struct mu_field *field, bool result, int only_options)
{
    for (; field->name; field++) {
        struct mu_buf note = {0};
        if (only_options >= 0 && !!(field->flags & MU_F_OPTION) != !!only_options)
            continue;
        note_of(field, result, &note);
        page->ops->term(page, field->name, mu_buf_text(&note), field->doc ? field->doc : "");
        mu_buf_free(&note);
    }
}

static bool has(const struct mu_verb *verb, unsigned flag, bool set)
{
    for (const struct mu_field *field = verb->params; field->name; field++)
        if (!!(field->flags & flag) == set)
            return true;
    return false;
}

static void arguments(struct page *page, const struct mu_verb *verb)
{
    if (has(verb, MU_F_OPTION, false)) {
        page->ops->section(page, "Arguments");
        fields(page, verb->params, false, 0);
    }
    if (has(verb, MU_F_OPTION, true)) {
        page->ops->section(page, "Options, by name in one table behind the arguments");
        fields(page, verb->params, false, 1);
    }
}

static void result(struct page *page, const struct mu_verb *verb)
{
    page->ops->section(page, "Result");
    if (verb->kind == MU_PROBE) {
        page->ops->term(page, "ok", "boolean", "it could find out, and nothing is wrong");
        page->ops->term(page, "why", "string", "in words; of one that is not ok, what happened");
    }
    fields(page, verb->returns, true, -1);
}

static void errors(struct page *page, const struct mu_verb *verb)
{
    page->ops->section(page, "Errors");
    if (verb->kind == MU_ACT)
        page->ops->para(
            page, "Raises { verb, class, why, in_doubt, src } when it fails; pcall hands that "
                  "over. in_doubt: it may have taken effect all the same.");
    else if (verb->kind == MU_PROBE)
        page->ops->para(page, "Never raises: a look that fails has ok = false, why and class.");
    page->ops->para(page, "Wrong arguments raise with file and line.");
}

static void when_in_doubt(struct page *page, const struct mu_verb *verb)
{
    char text[MU_TIME_TEXT];
    page->ops->section(page, "After a crash or a lost reply");
    if (verb->in_doubt == MU_READBACK)
        page_paraf(
            page,
            "The far side is asked whether it took effect%s%s%s; only what certainly did not is "
            "sent again. Where that can't be told, a person decides (muster decide).",
            verb->settle_ms ? ", " : "",
            verb->settle_ms ? mu_duration_text(verb->settle_ms, text) : "",
            verb->settle_ms ? " after it was sent at the earliest" : "");
    else if (verb->in_doubt == MU_REPEATABLE)
        page->ops->para(page, "Done again, marked as a possible duplicate.");
    else if (verb->in_doubt == MU_KEYED)
        page_paraf(
            page,
            "Sent again with the same idempotency key%s%s; after that a person decides (muster "
            "decide).",
            verb->key_ttl_s ? " within " : "",
            verb->key_ttl_s ? mu_duration_text((int64_t)verb->key_ttl_s * 1000, text) : "");
    else if (verb->in_doubt == MU_AS_PREPARED)
        page->ops->para(page, "As muster.lua says of it (in_doubt): a person decides (muster "
                              "decide), it is done again, or done again with the same key.");
    else
        page->ops->para(
            page, "Nothing can be known: the run parks, and a person decides (muster decide).");
}

static void act(struct page *page, const struct mu_verb *verb)
{
    page->ops->section(page, "In may_change");
    if (verb->target) {
        page_codef(page, "may_change = { \"%s:{param}\" }", verb->name);
        page_paraf(page, "Behind the colon stands its %s; \"%s\" alone allows any.", verb->target,
                   verb->name);
    } else {
        page_codef(page, "may_change = { \"%s\" }", verb->name);
    }
    when_in_doubt(page, verb);
    page->ops->section(page, "Undo");
    page->ops->para(page, verb->invert
                              ? "Recorded by itself, and offered to a person (muster undo)."
                              : "None of its own: undo(title, verb, ...) before it gives one.");
}

static void in_a_dry_run(struct page *page, const struct mu_verb *verb)
{
    page->ops->section(page, "In a dry run");
    if (verb->kind == MU_ACT)
        page->ops->para(page, verb->foresee
                                  ? "Checked, never sent; what would come back is foreseen."
                                  : "Checked, never sent; what would come back can't be foreseen.");
    else
        page->ops->para(
            page,
            verb->under || verb->composite
                ? "Looks for real, under what was foreseen before it."
                : "Looks for real; where something was foreseen before it, the dry run ends here.");
}

void page_verb(struct page *page, const struct mu_module *module, const struct mu_verb *verb,
               bool inside)
{
    static const char *const kinds[] = {[MU_PURE] = "Pure: it computes from its arguments.",
                                        [MU_PROBE] = "A probe: it only looks.",
                                        [MU_ACT] =
                                            "An act: it changes something or reaches somebody."};
    struct mu_buf signature = {0};
    char *line = page_sentence(verb->doc);
    const char *more = verb->doc + strlen(line);
    if (inside)
        page->ops->part(page, verb->name);
    if (inside)
        page->ops->para(page, line);
    else
        page->ops->title(page, verb->name, line);
    page_verb_signature(verb, &signature);
    page->ops->code(page, mu_buf_text(&signature));
    if (more[0])
        page->ops->para(page, more + 1);
    page_paraf(page, "%s Module %s %s.", kinds[verb->kind], module->name, module->version);
    arguments(page, verb);
    result(page, verb);
    errors(page, verb);
    if (verb->kind == MU_ACT)
        act(page, verb);
    in_a_dry_run(page, verb);
    if (verb->example) {
        page->ops->section(page, "Example");
        page->ops->code(page, verb->example);
    }
    free(line);
    mu_buf_free(&signature);
}
