/* SPDX-License-Identifier: MIT
 *
 * `muster doc`: the reference, on the screen and as files. What is said is made in doc/. */
#include <string.h>

#include "cli/cli.h"
#include "cli/completion.h"
#include "cli/manual.h"
#include "cli/say.h"

struct wish { /* at most one of them */
    const char *markdown, *man, *editor, *completion;
    bool luacats;
};

static int index_of(struct manual *manual)
{
    struct mu_buf out = {0};
    mu_doc_index(&manual->doc, &out);
    (void)!say_document(&out);
    mu_buf_free(&out);
    return MU_EXIT_OK;
}

static int luacats(struct manual *manual)
{
    struct mu_buf out = {0};
    mu_doc_luacats(&manual->doc, &out);
    (void)!say_document(&out);
    mu_buf_free(&out);
    return MU_EXIT_OK;
}

static int files(struct mu_cli *cli, struct manual *manual, const struct wish *wish)
{
    struct mu_fail fail;
    enum mu_err err = wish->markdown ? mu_doc_markdown(&manual->doc, wish->markdown, &fail)
                      : wish->man    ? mu_doc_man(&manual->doc, wish->man, &fail)
                                     : mu_doc_editor(&manual->doc, wish->editor, &fail);
    if (err != MU_OK)
        return mu_cli_fail(cli, "doc", MU_EXIT_USAGE, "%s", fail.text);
    if (wish->editor)
        say("%s/.luarc.json and %s/.muster/library/muster.lua: commit both, and make them again "
            "after an "
            "upgrade of muster.\n",
            wish->editor, wish->editor);
    return MU_EXIT_OK;
}

static int make(struct mu_cli *cli, const struct wish *wish)
{
    struct manual manual;
    if (wish->completion)
        return completion_script(cli, wish->completion);
    int code = manual_open(cli, "doc", &manual);
    if (code)
        return code;
    if (wish->luacats)
        code = luacats(&manual);
    else if (wish->markdown || wish->man || wish->editor)
        code = files(cli, &manual, wish);
    else
        code = index_of(&manual);
    manual_close(&manual);
    return code;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct wish wish = {.luacats = mu_cli_option(&argc, argv, "--luacats", NULL)};
    int wishes = wish.luacats;
    wishes += mu_cli_option(&argc, argv, "--markdown", &wish.markdown);
    wishes += mu_cli_option(&argc, argv, "--man", &wish.man);
    wishes += mu_cli_option(&argc, argv, "--install-editor", &wish.editor);
    wishes += mu_cli_option(&argc, argv, "--completion", &wish.completion);
    int code = mu_cli_no_more_options(&mu_command_doc, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_doc, argc, 0, wishes ? 0 : 1);
    if (code == 0 && wishes > 1)
        code = mu_cli_fail(cli, "doc", MU_EXIT_USAGE, "one of its options at a time");
    if (code)
        return code;
    return argc > 1 ? manual_topic(cli, "doc", argv[1]) : make(cli, &wish);
}

const struct mu_command mu_command_doc = {
    .name = "doc",
    .usage =
        "doc [NAME | --markdown DIR | --man DIR | --luacats | --install-editor DIR | --completion "
        "bash|zsh]",
    .summary = "what playbooks are written with: every verb, word and key",
    .help =
        "NAME is a verb (zone.set_mx), a word (wait_until), a module or namespace (zone, param), a "
        "command,\n"
        "playbook or muster.lua. Without one, the index. Verbs of your own modules are in all of "
        "it.\n"
        "\n"
        "  --markdown DIR        the reference as Markdown pages\n"
        "  --man DIR             man pages, into DIR/man1, man5 and man7\n"
        "  --luacats             definitions for lua-language-server\n"
        "  --install-editor DIR  sets a folder of playbooks up for it: .luarc.json and the "
        "definitions\n"
        "  --completion SHELL    the completion script for bash or zsh\n",
    .run = run,
    .without_secrets = true};
