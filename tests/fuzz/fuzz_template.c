/* SPDX-License-Identifier: MIT
 *
 * Templates and the values put into them: template text, a NUL, the variables as JSON. Templates
 * are an author's, values often a stranger's. */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"
#include "base/template.h"

/* Every section that opens is closed. */
static bool any_tag(enum mu_template_tag tag, const char *path, int line, void *ud)
{
    size_t *open = ud;
    promise(tag <= MU_TEMPLATE_END && line > 0 && (*path != '\0' || tag == MU_TEMPLATE_END));
    promise(tag != MU_TEMPLATE_END || *open > 0);
    *open += tag == MU_TEMPLATE_SECTION || tag == MU_TEMPLATE_INVERTED;
    *open -= tag == MU_TEMPLATE_END;
    return true;
}

static bool is_control(unsigned char c)
{
    return (c < ' ' && c != '\n' && c != '\t') || c == 127;
}

/* True when no octet of the input is a control, so that none may come out either. */
static bool is_clean(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (is_control((unsigned char)text[i]))
            return false;
    return true;
}

static void check_rendered(const struct mu_rendered *rendered, bool clean)
{
    promise(strlen(rendered->body) <= MU_TEMPLATE_MAX);
    promise(strpbrk(rendered->subject, "\r\n") == NULL);
    promise(rendered->priority <= MU_PRIORITY_HIGH);
    if (clean)
        promise(is_clean(rendered->body, strlen(rendered->body)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const uint8_t *end = memchr(bytes, 0, len);
    size_t text_len = end ? (size_t)(end - bytes) : len;
    struct mu_fail fail = {0};
    struct mu_rendered rendered;
    char *text = malloc(text_len + 1); /* its own block: reading past its end shows */
    memcpy(text, bytes, text_len);
    json_t *vars =
        end ? mu_json_parse((const char *)end + 1, len - text_len - 1, &fail) : json_object();
    if (json_is_object(vars)) {
        size_t open = 0;
        enum mu_err listed = mu_template_each_tag("fuzz.md", text, text_len, any_tag, &open, &fail);
        promise(listed != MU_OK || open == 0);
        enum mu_err err = mu_template_render("fuzz.md", text, text_len, vars, &rendered, &fail);
        promise(err == MU_OK || (err == MU_USAGE && fail.text[0] != '\0'));
        promise(err != MU_OK || listed == MU_OK);
        if (err == MU_OK) {
            check_rendered(&rendered, is_clean(text, text_len));
            mu_rendered_free(&rendered);
        }
    }
    json_decref(vars);
    free(text);
    return 0;
}
