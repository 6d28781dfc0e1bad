/* SPDX-License-Identifier: MIT
 *
 * Pages as files: docs/reference/ and man pages. The same tables give the same octets; nothing in them
 * depends on the day or the machine. */
#include <stdlib.h>

#include "base/files.h"
#include "base/mem.h"
#include "base/version.h"
#include "doc/page.h"

struct writing {
    const struct mu_doc *doc;
    const char *dir;
    struct page page;
    struct mu_buf buf, list; /* list: of the pages there are */
    const struct mu_module *module;
    enum mu_err err;
    struct mu_fail *fail;
};

static void put(struct writing *w, const char *name)
{
    if (w->err == MU_OK)
        w->err = mu_files_write(w->dir, name, &w->buf, w->fail);
    mu_buf_reset(&w->buf);
}

static bool verb_of_module(const struct mu_module *module, const struct mu_verb *verb, void *ud)
{
    struct writing *w = ud;
    if (w->module == NULL || module == w->module)
        page_verb(&w->page, module, verb, true);
    return true;
}

/* --- Markdown --- */

static void made(struct writing *w)
{
    mu_buf_adds(&w->buf,
                "<!-- Made by `muster doc --markdown` from the tables in the source: change "
                "those. -->\n");
}

static void put_markdown(struct writing *w, const char *name, const char *title)
{
    mu_buf_addf(&w->list, "- [%s](%s)\n", title, name);
    put(w, name);
    made(w);
}

static bool markdown_module(const struct mu_module *module, void *ud)
{
    struct writing *w = ud;
    char *name = mu_xasprintf("%s.md", module->name),
         *title = mu_xasprintf("Module %s", module->name);
    w->module = module;
    w->page.ops->title(&w->page, title, module->doc);
    mu_registry_each(w->doc->registry, verb_of_module, w);
    put_markdown(w, name, title);
    free(title);
    free(name);
    return true;
}

static void all_words(struct writing *w)
{
    for (int theme = 0; theme < MU_THEME_COUNT; theme++) {
        w->page.ops->part(&w->page, mu_theme_title((enum mu_theme)theme));
        if (theme == MU_THEME_LUA)
            w->page.ops->para(&w->page,
                              "As the manual of Lua 5.4 has it, but for what is said here. "
                              "Nothing else of Lua is there.");
        page_words_of(&w->page, (enum mu_theme)theme);
    }
    page_types(&w->page);
}

static void all_commands(struct writing *w)
{
    for (size_t i = 0; i < w->doc->count; i++)
        page_command(&w->page, &w->doc->commands[i], NULL, true);
    w->page.ops->part(&w->page, "Exit codes");
    w->page.ops->code(&w->page, w->doc->exit_codes);
}

enum mu_err mu_doc_markdown(const struct mu_doc *doc, const char *dir, struct mu_fail *fail)
{
    struct writing w = {.doc = doc, .dir = dir, .fail = fail};
    w.page = (struct page){&page_markdown, &w.buf};
    w.err = mu_files_folder(dir, fail);
    made(&w);
    mu_registry_each_module(doc->registry, markdown_module, &w);
    w.page.ops->title(&w.page, "Words", "The words of the language, and what there is of Lua.");
    all_words(&w);
    put_markdown(&w, "words.md", "Words");
    w.page.ops->title(&w.page, "The header of a playbook", "");
    page_header(&w.page);
    put_markdown(&w, "playbook.md", "The header of a playbook");
    page_config(&w.page);
    put_markdown(&w, "configuration.md", "muster.lua");
    w.page.ops->title(&w.page, "Commands", "");
    all_commands(&w);
    put_markdown(&w, "commands.md", "Commands");
    mu_buf_addf(&w.buf, "# Reference\n\n%s", mu_buf_text(&w.list));
    put(&w, "README.md");
    mu_buf_free(&w.buf);
    mu_buf_free(&w.list);
    return w.err;
}

/* --- man pages --- */

static void heading(struct writing *w, const char *name, int section, const char *line)
{
    mu_buf_addf(
        &w->buf,
        ".\\\" Made by muster doc --man from the tables in the source\n.TH \"%s\" \"%d\" \"\" "
        "\"muster %s\" \"muster\"\n.nh\n.ad l\n.SH NAME\n%s \\- %s\n",
        name, section, mu_version(), name, line);
}

static void man_overview(struct writing *w)
{
    const struct page_ops *ops = w->page.ops;
    heading(w, "muster", 1, "run incident playbooks for domain e\\-mail");
    ops->part(&w->page, "SYNOPSIS");
    ops->code(&w->page, "muster [--config FILE] [--socket FILE] [--json] COMMAND ...");
    ops->part(&w->page, "DESCRIPTION");
    ops->para(&w->page,
              "muster runs incident playbooks: it looks, asks people, changes DNS, tells, and "
              "keeps a journal that survives a crash at any line. Each command has a page of "
              "its own: muster-run(1).");
    ops->part(&w->page, "COMMANDS");
    for (size_t i = 0; i < w->doc->count; i++)
        ops->term(&w->page, w->doc->commands[i].name, "", w->doc->commands[i].summary);
    ops->part(&w->page, "OPTIONS");
    ops->term(&w->page, "--config FILE", "", "this muster.lua instead of the nearest one upward, or /etc/muster/muster.lua");
    ops->term(&w->page, "--socket FILE", "",
              "have muster serve run it, which listens there; by itself where the state folder is not "
              "for you");
    ops->term(&w->page, "--json", "", "for programs: one JSON value a line");
    ops->part(&w->page, "EXIT STATUS");
    ops->code(&w->page, w->doc->exit_codes);
    ops->part(&w->page, "ENVIRONMENT");
    ops->term(&w->page, "MUSTER_STATE", "", "the state folder, when muster.lua names none");
    ops->term(&w->page, "NO_COLOR", "", "no colours");
    ops->part(&w->page, "FILES");
    ops->term(&w->page, "muster.lua", "", "configuration: muster.lua(5)");
    ops->term(&w->page, "~/.local/state/muster", "",
              "journals and control store, when nothing else is said");
    ops->part(&w->page, "SEE ALSO");
    ops->para(&w->page, "muster-playbook(5), muster.lua(5), muster-verbs(7)");
    put(w, "man1/muster.1");
}

static void man_command(struct writing *w, const struct mu_doc_command *command)
{
    char *name = mu_xasprintf("muster-%s", command->name),
         *file = mu_xasprintf("man1/muster-%s.1", command->name);
    heading(w, name, 1, command->summary);
    page_command(&w->page, command, NULL, false);
    w->page.ops->part(&w->page, "SEE ALSO");
    w->page.ops->para(&w->page, "muster(1)");
    put(w, file);
    free(file);
    free(name);
}

static void man_others(struct writing *w)
{
    heading(w, "muster-playbook", 5, "what a playbook is written with");
    w->page.ops->part(&w->page, "DESCRIPTION");
    w->page.ops->para(&w->page,
                      "A playbook is a folder: playbook.lua and templates/. It begins with its "
                      "header, and defines main and, to be watched, detect.");
    page_header(&w->page);
    all_words(w);
    w->page.ops->part(&w->page, "SEE ALSO");
    w->page.ops->para(&w->page, "muster(1), muster-verbs(7), muster.lua(5)");
    put(w, "man5/muster-playbook.5");
    heading(w, "muster.lua", 5, "configuration of muster");
    page_config(&w->page);
    put(w, "man5/muster.lua.5");
    heading(w, "muster-verbs", 7, "what playbooks can look at and change");
    w->module = NULL;
    mu_registry_each(w->doc->registry, verb_of_module, w);
    put(w, "man7/muster-verbs.7");
}

enum mu_err mu_doc_man(const struct mu_doc *doc, const char *dir, struct mu_fail *fail)
{
    static const char *const sections[] = {"man1", "man5", "man7"};
    struct writing w = {.doc = doc, .dir = dir, .fail = fail};
    w.page = (struct page){&page_roff, &w.buf};
    for (size_t i = 0; i < MU_COUNT(sections) && w.err == MU_OK; i++) {
        char *folder = mu_xasprintf("%s/%s", dir, sections[i]);
        w.err = mu_files_folder(folder, fail);
        free(folder);
    }
    man_overview(&w);
    for (size_t i = 0; i < doc->count; i++)
        man_command(&w, &doc->commands[i]);
    man_others(&w);
    mu_buf_free(&w.buf);
    return w.err;
}
