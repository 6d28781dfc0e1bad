/* SPDX-License-Identifier: MIT
 *
 * Questions as text; see question.h. */
#include "serve/question.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

static const char *const kinds[] = {
    [MU_ASK_STATUS] = "status", [MU_ASK_RELOAD] = "reload", [MU_ASK_COMMAND] = "command"};

/* --- reading --- */

static bool read_words(const json_t *words, struct mu_question *question)
{
    size_t count = json_array_size(words), i;
    json_t *word;
    if (count < 1 || count > MU_QUESTION_WORDS)
        return false;
    question->argv = mu_xcalloc(count + 1, sizeof *question->argv);
    json_array_foreach(words, i, word)
    {
        if (!json_is_string(word) || json_string_length(word) != strlen(json_string_value(word)))
            return false;
        question->argv[question->argc++] = mu_xstrdup(json_string_value(word));
    }
    return true;
}

static bool read_kind(const char *ask, struct mu_question *question)
{
    for (size_t i = 0; i < MU_COUNT(kinds); i++)
        if (strcmp(kinds[i], ask) == 0) {
            question->kind = (enum mu_question_kind)i;
            return true;
        }
    return false;
}

enum mu_err mu_question_read(const char *line, size_t len, struct mu_question *out,
                             struct mu_fail *fail)
{
    json_t *json = len <= MU_QUESTION_OCTETS ? mu_json_parse(line, len, NULL) : NULL;
    int64_t columns = mu_json_int(json, "columns", 0);
    *out = (struct mu_question){.color = mu_json_bool(json, "color", false),
                                .json = mu_json_bool(json, "json", false)};
    out->columns = columns > 0 && columns <= MU_QUESTION_WIDE ? (int)columns : 0;
    bool good = read_kind(mu_json_str(json, "ask", ""), out) &&
                (out->kind != MU_ASK_COMMAND || read_words(json_object_get(json, "argv"), out));
    json_decref(json);
    if (good)
        return MU_OK;
    mu_question_fini(out);
    return mu_fail_set(fail, MU_USAGE, "this muster serve does not know what was asked");
}

void mu_question_fini(struct mu_question *question)
{
    for (int i = 0; i < question->argc; i++)
        free(question->argv[i]);
    free(question->argv);
    *question = (struct mu_question){.argc = 0};
}

/* --- writing --- */

char *mu_question_line(const struct mu_question *question)
{
    json_t *json = json_pack("{s:s}", "ask", kinds[question->kind]), *words = json_array();
    for (int i = 0; i < question->argc; i++) /* a terminal may be in Latin 1 */
        json_array_append_new(words,
                              mu_json_lenient_string(question->argv[i], strlen(question->argv[i])));
    if (question->kind == MU_ASK_COMMAND) {
        json_object_set(json, "argv", words);
        json_object_set_new(json, "columns", json_integer(question->columns));
        json_object_set_new(json, "color", json_boolean(question->color));
        json_object_set_new(json, "json", json_boolean(question->json));
    }
    char *text = mu_json_text(json);
    char *line = strlen(text) <= MU_QUESTION_OCTETS && question->argc <= MU_QUESTION_WORDS
                     ? mu_xasprintf("%s\n", text)
                     : NULL;
    free(text);
    json_decref(words);
    json_decref(json);
    return line;
}
