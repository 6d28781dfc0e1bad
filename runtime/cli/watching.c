/* SPDX-License-Identifier: MIT
 *
 * Looks at the files a few times a second: names, sizes and times. That works on every file system, and through every
 * editor's way of saving. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "cli/watching.h"

#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "cli/say.h"

#define LOOK_MS   250
#define SETTLE    2 /* looks without a change, before it is done again: an editor writes in parts */
#define MOST_OPEN 16

static volatile sig_atomic_t interrupted;
static uint64_t seen; /* nftw() hands nothing on */

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

/* FNV-1a, 64 bit: only to tell one state from the next. */
static void mix(const void *bytes, size_t len)
{
    for (const unsigned char *p = bytes; len > 0; p++, len--)
        seen = (seen ^ *p) * 0x100000001b3ULL;
}

static int look_at(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)ftw;
    if (type == FTW_F) {
        mix(path, strlen(path));
        mix(&stat->st_size, sizeof stat->st_size);
        mix(&stat->st_mtim.tv_sec, sizeof stat->st_mtim.tv_sec);
        mix(&stat->st_mtim.tv_nsec, sizeof stat->st_mtim.tv_nsec);
    }
    return 0;
}

static void look_into(const char *folder, const char *name)
{
    char *path = mu_xasprintf("%s/%s", folder, name);
    nftw(path, look_at, MOST_OPEN, FTW_PHYS);
    free(path);
}

static uint64_t look(struct mu_cli *cli, int count, char **playbooks)
{
    seen = 0xcbf29ce484222325ULL;
    for (const char *const *path = mu_cli_playbook_path(cli); *path; path++) {
        look_into(*path, count == 0 ? "." : "lib");
        for (int i = 0; i < count; i++)
            look_into(*path, playbooks[i]);
    }
    for (int i = 0; i < count; i++) {
        look_into(".", playbooks[i]);
        look_into(playbooks[i], "../lib"); /* what it shares with others */
    }
    return seen;
}

static void wait_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
}

/* False: it was interrupted. */
static bool wait_for_change(struct mu_cli *cli, int count, char **playbooks, uint64_t *was)
{
    int still = 0;
    uint64_t now = *was, first = *was;
    while (!interrupted && (now == first || still < SETTLE)) {
        wait_a_little();
        uint64_t next = look(cli, count, playbooks);
        still = next == now ? still + 1 : 0;
        now = next;
    }
    *was = now;
    return !interrupted;
}

int watching(struct mu_cli *cli, int count, char **playbooks, void (*again)(void *ud), void *ud)
{
    struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGINT, &action, NULL);
    uint64_t was;
    do {
        was = look(cli, count, playbooks);
        again(ud);
        say("waiting for a change; Ctrl-C ends\n");
        say_now();
    } while (wait_for_change(cli, count, playbooks, &was));
    return MU_EXIT_OK;
}
