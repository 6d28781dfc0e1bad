/* SPDX-License-Identifier: MIT
 *
 * Where a secret was scrubbed (design J12), "[secret NAME]" stands for it. People can be told that; sent to a
 * machine it would be taken for the value, and an image of what was there could neither be compared nor put
 * back. Such an act is refused before its intent, by what the texts hold alone: replay refuses it, too. */
#include <stdlib.h>

#include "base/json.h"
#include "base/redact.h"
#include "engine/internal.h"

/* The first mark in a value; MU_OK: none. `what` is said of it. */
static enum mu_err refuse_marked(const json_t *value, const char *subject, const char *what,
                                 struct mu_fail *fail)
{
    size_t len = 0;
    if (value == NULL)
        return MU_OK;
    char *text = mu_json_text(value);
    const char *mark = mu_redact_mark(text, &len);
    enum mu_err err =
        mark ? mu_fail_set(fail, MU_USAGE, "%s holds %.*s, %s", subject, (int)len, mark, what)
             : MU_OK;
    free(text);
    return err;
}

enum mu_err scrubbed_args(const struct call *call, struct mu_fail *fail)
{
    const struct mu_verb *verb = call->errand->pub.verb;
    if (call->kind != MU_CALL_VERB || verb->kind != MU_ACT)
        return MU_OK;
    enum mu_err err = MU_OK;
    for (const struct mu_field *field = verb->params; field->name && err == MU_OK; field++)
        if (!(field->flags & MU_F_PROSE))
            err = refuse_marked(json_object_get(call->errand->pub.args, field->name), field->name,
                                "in place of a secret that playbooks can't read: it would be sent "
                                "like that, so it was not. A verb that takes a secret is handed "
                                "the secret parameter itself",
                                fail);
    return err;
}

enum mu_err scrubbed_prepared(const struct call *call, struct mu_fail *fail)
{
    static const char *const compared[] = {"before", "witness", "after"};
    enum mu_err err = MU_OK;
    for (size_t i = 0; i < MU_COUNT(compared) && err == MU_OK; i++)
        err =
            refuse_marked(json_object_get(call->errand->pub.prepared, compared[i]), "what is there",
                          "in place of a secret, which the journal must not keep: nothing could be "
                          "compared or put back. Let a person change it: todo()",
                          fail);
    return err;
}
