/* SPDX-License-Identifier: MIT
 *
 * What a peer says to the supervisor's socket: it is refused in words, or it is bounded, and written again it is the
 * same question. */
#include "fuzz.h"

#include <string.h>

#include "serve/question.h"

static void check_bounds(const struct mu_question *question)
{
    size_t octets = 0;
    promise(question->columns >= 0 && question->columns <= MU_QUESTION_WIDE);
    promise((question->kind == MU_ASK_COMMAND) == (question->argc > 0));
    promise(question->argc <= MU_QUESTION_WORDS);
    promise(question->argc == 0 || question->argv[question->argc] == NULL);
    for (int i = 0; i < question->argc; i++)
        octets += strlen(question->argv[i]);
    promise(octets <= MU_QUESTION_OCTETS);
}

/* Escapes may make it longer than it was: then it has no line. */
static void check_again(const struct mu_question *question)
{
    struct mu_question again;
    struct mu_fail fail;
    char *line = mu_question_line(question);
    if (line == NULL)
        return;
    promise(mu_question_read(line, strlen(line) - 1, &again, &fail) == MU_OK);
    promise(again.kind == question->kind && again.argc == question->argc);
    promise(question->kind != MU_ASK_COMMAND ||
            (again.columns == question->columns && again.color == question->color &&
             again.json == question->json));
    for (int i = 0; i < again.argc; i++)
        promise(strcmp(again.argv[i], question->argv[i]) == 0);
    mu_question_fini(&again);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct mu_question question;
    struct mu_fail fail = {0};
    if (mu_question_read((const char *)bytes, len, &question, &fail) != MU_OK) {
        promise(fail.class == MU_USAGE && fail.text[0] && question.argv == NULL);
        return 0;
    }
    check_bounds(&question);
    check_again(&question);
    mu_question_fini(&question);
    return 0;
}
