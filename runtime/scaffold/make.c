/* SPDX-License-Identifier: MIT
 *
 * From answers to files; see scaffold.h. Answers stand inside strings of Lua only, and are escaped for those. */
#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/json.h"
#include "scaffold/scaffold.h"

#define MU_SCAFFOLD_FILE(kind, path, symbol) \
    extern const char symbol[];              \
    extern const size_t symbol##_len;
#include "scaffold_files.def"
#undef MU_SCAFFOLD_FILE

static const struct {
    const char *kind, *path, *text;
    const size_t *len;
} files[] = {
#define MU_SCAFFOLD_FILE(kind, path, symbol) {kind, path, symbol, &symbol##_len},
#include "scaffold_files.def"
#undef MU_SCAFFOLD_FILE
};

/* People of the tests: they must not have the name of a team or audience that was given. */
static const char *const names[] = {"ana", "bo", "cleo", "dev", "eli", "fay", "gus", "hana"};

static const char *person(const json_t *answers, size_t nth)
{
    for (size_t i = 0; i < MU_COUNT(names); i++) {
        bool taken = false;
        const char *field;
        json_t *value;
        json_object_foreach((json_t *)answers, field, value)
        {
            taken = taken || strcmp(json_string_value(value), names[i]) == 0;
        }
        if (!taken && nth-- == 0)
            return names[i];
    }
    return names[0];
}

static void add_escaped(struct mu_buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            mu_buf_addc(out, '\\');
        mu_buf_addc(out, *p);
    }
}

/* An audience of the tests; none where a team of theirs has that name. */
static void add_audiences(struct mu_buf *out, const json_t *answers)
{
    const char *tell = mu_json_str(answers, "tell", "");
    if (strcmp(tell, mu_json_str(answers, "owner", "")) == 0 ||
        strcmp(tell, mu_json_str(answers, "ask", "")) == 0)
        return;
    mu_buf_adds(out, "  audiences = { [\"");
    add_escaped(out, tell);
    mu_buf_adds(out, "\"] = { { \"push:status\", \"chat:status\" } } },\n");
}

/* What stands between @ and @; false: nothing of ours, so it is text. */
static bool add_answer(struct mu_buf *out, const char *word, size_t len, const json_t *answers)
{
    static const struct {
        const char *word;
        size_t nth;
    } people[] = {{"person", 0}, {"other", 1}};
    for (size_t i = 0; i < MU_COUNT(people); i++)
        if (strlen(people[i].word) == len && memcmp(people[i].word, word, len) == 0) {
            mu_buf_adds(out, person(answers, people[i].nth));
            return true;
        }
    if (len == strlen("audiences") && memcmp(word, "audiences", len) == 0) {
        add_audiences(out, answers);
        return true;
    }
    const char *value = json_string_value(json_object_getn(answers, word, len));
    if (value)
        add_escaped(out, value);
    return value != NULL;
}

static void fill(struct mu_buf *out, const char *text, const json_t *answers)
{
    for (const char *p = text; *p;) {
        size_t len = *p == '@' ? strspn(p + 1, "abcdefghijklmnopqrstuvwxyz") : 0;
        if (len > 0 && p[len + 1] == '@' && add_answer(out, p + 1, len, answers))
            p += len + 2;
        else
            mu_buf_addc(out, *p++);
    }
}

struct mu_bundle *mu_scaffold_make(const struct mu_scaffold_kind *kind, const json_t *answers)
{
    struct mu_bundle *bundle = mu_bundle_new();
    struct mu_buf text = {0};
    for (size_t i = 0; i < MU_COUNT(files); i++) {
        if (strcmp(files[i].kind, kind->name) != 0)
            continue;
        mu_buf_reset(&text);
        fill(&text, files[i].text, answers);
        mu_bundle_add(bundle, files[i].path, mu_buf_text(&text), text.len);
    }
    mu_buf_free(&text);
    return bundle;
}
