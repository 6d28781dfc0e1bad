/* SPDX-License-Identifier: MIT
 *
 * `muster verify FILE.tar.gz`: every file against the manifest, and every journal. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/archive.h"
#include "cli/verify_archive.h"
#include "journal/journal.h"
#include "cli/say.h"

struct checking {
    const char *anchor;
    json_t *manifest, *files; /* files that are still to come */
    char *dir;
    char folder[300]; /* "INC-1/", or "": exports of earlier versions were flat */
    int count, journals, bad, anchored;
};

static void bad(struct checking *checking, const char *name, const char *why)
{
    checking->bad++;
    say("%sDAMAGED%s  %.200s: %s\n", mu_cli_color("red"), mu_cli_color("reset"), name, why);
}

static bool spit(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0;
    for (size_t done = 0; ok && done < len;) {
        ssize_t put = write(fd, (const char *)bytes + done, len - done);
        ok = put > 0;
        done += ok ? (size_t)put : 0;
    }
    return fd >= 0 && close(fd) == 0 && ok;
}

static void check_journal(struct checking *checking, const char *name, const void *bytes,
                          size_t len, const char *told)
{
    struct mu_journal_verdict verdict = {0};
    struct mu_fail fail = {.text = "it can't be written to a temporary folder"};
    char head[2 * MU_SHA256 + 1], *path = mu_xasprintf("%s/journal.run", checking->dir);
    bool readable = spit(path, bytes, len) &&
                    mu_journal_verify_anchor(path, checking->anchor, &verdict, &fail) == MU_OK;
    archive_forget(path);
    free(path);
    mu_hex(verdict.head, MU_SHA256, head);
    checking->journals++;
    if (!readable)
        bad(checking, name, fail.text);
    else if (!verdict.ok)
        bad(checking, name, verdict.why);
    else if (strcmp(head, told) != 0)
        bad(checking, name, "its head is not the one in the manifest");
    else
        say("%sholds%s    %s: %lld rows, %s, head %s\n", mu_cli_color("green"),
            mu_cli_color("reset"), name, (long long)verdict.rows,
            verdict.sealed ? "sealed" : "not sealed", head);
    if (verdict.anchored) {
        checking->anchored++;
        say("anchor   row %lld of %s\n", (long long)verdict.anchored, name);
    }
}

/* The first entry is FOLDER/MANIFEST.json or, in exports of earlier versions, MANIFEST.json. */
static void take_folder(struct checking *checking, const char *name)
{
    const char *slash = strchr(name, '/');
    size_t len = slash ? (size_t)(slash - name) + 1 : 0;
    if (len < sizeof checking->folder)
        snprintf(checking->folder, sizeof checking->folder, "%.*s", (int)len, name);
}

static bool check_file(const char *name, const void *bytes, size_t len, void *ud)
{
    struct checking *checking = ud;
    char hex[MU_SHA256_HEX];
    if (checking->count == 0)
        take_folder(checking, name);
    size_t folder = strlen(checking->folder);
    name += strncmp(name, checking->folder, folder) == 0 ? folder : 0;
    if (checking->count++ == 0) {
        checking->manifest =
            strcmp(name, "MANIFEST.json") == 0 ? mu_json_parse(bytes, len, NULL) : NULL;
        checking->files = json_copy(json_object_get(checking->manifest, "files"));
        return checking->files != NULL;
    }
    const json_t *told = json_object_get(checking->files, name);
    mu_sha256_hex(bytes, len, hex);
    if (told == NULL)
        bad(checking, name, "the manifest does not name it, or it comes twice");
    else if (strcmp(mu_json_str(told, "sha256", ""), hex) != 0)
        bad(checking, name, "it was changed: its digest is not the one in the manifest");
    const char *head = mu_json_str(told, "head", NULL);
    if (head)
        check_journal(checking, name, bytes, len, head);
    json_object_del(checking->files, name);
    return true;
}

int verify_archive(struct mu_cli *cli, const char *path, const char *anchor)
{
    struct mu_fail fail;
    const char *base = getenv("TMPDIR"), *name;
    json_t *left;
    struct checking checking = {
        .anchor = anchor,
        .dir = mu_xasprintf("%s/muster-verify-XXXXXX", base && base[0] ? base : "/tmp")};
    int code = MU_EXIT_OK;
    if (mkdtemp(checking.dir) == NULL)
        code = mu_cli_fail(cli, "verify", MU_EXIT_USAGE, "%s can't be made", checking.dir);
    else if (archive_each(path, check_file, &checking, &fail) != MU_OK)
        code = mu_cli_fail(cli, "verify", MU_EXIT_USAGE, "%s", fail.text);
    else if (checking.files == NULL)
        code =
            mu_cli_fail(cli, "verify", MU_EXIT_USAGE,
                        "%s: it does not begin with a manifest: this is no export of muster", path);
    if (code == 0)
        json_object_foreach(checking.files, name, left)
        {
            bad(&checking, name, "it is missing");
        }
    if (code == 0 && anchor && checking.anchored == 0)
        bad(&checking, "anchor", "the anchored head is in none of its journals");
    if (code == 0)
        say("%d files, %d journals, %d bad\n", checking.count, checking.journals, checking.bad);
    rmdir(checking.dir);
    free(checking.dir);
    json_decref(checking.manifest);
    json_decref(checking.files);
    return code ? code : checking.bad ? MU_EXIT_FAILED : MU_EXIT_OK;
}
