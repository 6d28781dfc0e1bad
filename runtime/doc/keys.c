/* SPDX-License-Identifier: MIT
 *
 * What is to be said of a playbook's header and of muster.lua, from their tables of keys. */
#include <string.h>

#include "doc/page.h"
#include "playbook/config.h"
#include "playbook/header.h"

static const char *const shapes[] = {[MU_HEADER_TEXT] = "a text",
                                     [MU_HEADER_DURATION] = "a duration",
                                     [MU_HEADER_TEXTS] = "a list of texts",
                                     [MU_HEADER_TABLE] = "a table",
                                     [MU_HEADER_COUNT] = "a whole number from 1"};

void page_header(struct page *page)
{
    page->ops->section(page, "Keys of playbook { }");
    for (const struct mu_header_key *key = mu_header_keys; key->path; key++) {
        struct mu_buf note = {0};
        mu_buf_addf(&note, "%s%s%s%s", shapes[key->shape], key->required ? ", required" : "",
                    key->otherwise ? ", default " : "", key->otherwise ? key->otherwise : "");
        page->ops->term(page, key->path, mu_buf_text(&note), key->doc);
        mu_buf_free(&note);
    }
}

void page_config(struct page *page)
{
    page->ops->title(
        page, "muster.lua",
        "Configuration: domains, DNS hosts, people, channels. The nearest one upward from "
        "where you are, else /etc/muster/muster.lua; or --config FILE.");
    page->ops->para(page,
                    "It is Lua in a scope without effects, and returns a table. Beside it, "
                    "muster.d/*.lua are merged in name order; a key set twice is an error that "
                    "names both files. Unknown keys are errors. NAME stands for a name of yours.");
    page->ops->section(page, "Keys");
    for (const struct mu_config_key *key = mu_config_keys; key->path; key++) {
        struct mu_buf path = {0};
        for (const char *p = key->path; *p; p++)
            mu_buf_adds(&path, *p == '*' ? "NAME" : (char[]){*p, 0});
        page->ops->term(page, mu_buf_text(&path), mu_config_type_name(key->type), key->doc);
        mu_buf_free(&path);
    }
}
