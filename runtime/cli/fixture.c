/* SPDX-License-Identifier: MIT
 *
 * `muster fixture RUN`: a test made out of a run. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/evidence.h"
#include "cli/say.h"
#include "testing/fixture.h"

/* "test("as in mx-failover.1"" as it begins in the text; new. */
static char *head_of(const struct mu_buf *text)
{
    const char *begin = strstr(mu_buf_text(text), "\ntest("),
               *end = begin ? strstr(begin, ", function(") : NULL;
    return end ? mu_xstrndup(begin + 1, (size_t)(end - begin - 1)) : mu_xstrdup("");
}

/* What a file has, or "" of one that is not there; new. */
static char *content_of(const char *path)
{
    char *content = mu_xcalloc(1, MU_LIMIT_FILE + 1);
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(content, 1, MU_LIMIT_FILE, file) : 0;
    content[len] = '\0';
    if (file)
        fclose(file);
    return content;
}

/* Two tests of one name make a test.lua that can't be read. */
static bool is_there(const char *path, const struct mu_buf *text)
{
    char *head = head_of(text), *content = content_of(path);
    bool there = head[0] && strstr(content, head) != NULL;
    free(content);
    free(head);
    return there;
}

/* The run had the folder's muster.lua; what it names there, a config of the file's own must name, too. */
static void say_config(const char *path)
{
    char *content = content_of(path), *at = strstr(content, "config");
    while (at && ((at != content && at[-1] != '\n') || strspn(at + 6, " ({") == 0))
        at = strstr(at + 6, "config");
    if (at)
        say("%s has a config of its own, and the run had that of the folder: the people, ladders, "
            "audiences, channels and providers of the run must stand in it. Who does not is asked "
            "nothing, and a gate expires.\n",
            path);
    free(content);
}

/* Behind what is there: a test.lua grows by one test. */
static int append(struct mu_cli *cli, const char *path, const struct mu_buf *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && write(fd, text->data, text->len) == (ssize_t)text->len;
    int trouble = errno;
    if (fd >= 0)
        close(fd);
    if (!ok)
        return mu_cli_fail(cli, "fixture", MU_EXIT_USAGE, "%s can't be written: %s", path,
                           strerror(trouble));
    say("one more test in %s; play it: muster test --only \"as in\"\n", path);
    say_config(path);
    return MU_EXIT_OK;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    char path[EVIDENCE_PATH], incident[32];
    const char *into = NULL;
    struct mu_fail fail;
    struct mu_buf text = {0};
    mu_cli_option(&argc, argv, "--into", &into);
    int code = mu_cli_no_more_options(&mu_command_fixture, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_fixture, argc, 1, 1);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code == 0)
        code = evidence_find(cli, "fixture", argv[1], path, incident);
    if (code == 0 && mu_fixture_of(path, &text, &fail) != MU_OK)
        code = mu_cli_fail(cli, "fixture", MU_EXIT_USAGE, "%s", fail.text);
    if (code == 0 && into && is_there(into, &text))
        code = mu_cli_fail(cli, "fixture", MU_EXIT_USAGE,
                           "%s has a test of this run already: rename or remove it there, and a "
                           "new one can be added",
                           into);
    else if (code == 0 && into)
        code = append(cli, into, &text);
    else if (code == 0)
        say_document(&text);
    mu_buf_free(&text);
    return code;
}

const struct mu_command mu_command_fixture = {
    .name = "fixture",
    .usage = "fixture RUN|FILE [--into test.lua]",
    .summary = "make a test out of a run",
    .help = "What its probes found, what its acts met and who said what becomes a simulated world; "
            "what it\n"
            "did is expected of it. The night that went wrong never goes wrong like that again. "
            "Printed, or\n"
            "added to a file.\n"
            "\n"
            "  --into FILE   add the test to this test.lua\n",
    .run = run,
    .without_secrets = true};
