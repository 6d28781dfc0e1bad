/* SPDX-License-Identifier: MIT
 *
 * `muster mail DOMAIN`: the whole picture of a domain's mail on one screen; of all that muster.lua names, a line each. What is
 * looked at and what it means is the verb mail.picture. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "cli/cli.h"
#include "cli/probe.h"
#include "cli/say.h"

#define WATCH_MS 60000

static const char *const worst_first[] = {"fail", "unknown", "warn", "absent", "pass"};

struct looking {
    const char *domain; /* NULL: all of muster.lua */
    bool quiet;         /* the mail hosts are not talked to */
    int64_t watch_ms;   /* 0: once */
};

/* The worst state that some part has. */
static const char *worst_of(const json_t *picture)
{
    for (size_t i = 0; i < MU_COUNT(worst_first); i++)
        if (mu_json_int(mu_json_get(picture, "counts"), worst_first[i], 0) > 0)
            return worst_first[i];
    return "unknown";
}

static int look_at(struct mu_cli *cli, const char *domain, const struct looking *looking,
                   json_t **picture)
{
    json_t *args = json_pack("[s, {s:b}]", domain, "talk", !looking->quiet);
    int code = probe_once(cli, "mail", "mail.picture", args, picture);
    json_decref(args);
    return code;
}

static int exit_of(const json_t *picture)
{
    return mu_json_bool(picture, "ok", false) ? MU_EXIT_OK : MU_EXIT_FAILED;
}

/* --- one domain --- */

static void print_picture(const char *domain, const json_t *picture)
{
    char at[MU_TIME_TEXT];
    size_t i;
    json_t *part;
    const char *worst = worst_of(picture);
    bool fine = strcmp(worst, "pass") == 0 || strcmp(worst, "absent") == 0;
    say("%s  %s  %s\n", domain, fine ? "fine" : worst, mu_time_local(mu_clock_real_ms(), at));
    json_array_foreach(mu_json_get(picture, "parts"), i, part)
    {
        const char *state = mu_json_str(part, "state", "");
        say_hanging(20, "  %-8s %-8s %s\n", strcmp(state, "absent") == 0 ? "-" : state,
                    mu_json_str(part, "part", ""), mu_json_str(part, "why", ""));
    }
}

static void say_picture(const struct mu_cli *cli, const char *domain, json_t *picture)
{
    if (cli->json) {
        json_object_set_new(picture, "domain", json_string(domain));
        say_json_take(json_incref(picture));
    } else {
        print_picture(domain, picture);
    }
    say_now();
}

/* States and reasons, without what differs from look to look. */
static char *gist_of(const json_t *picture)
{
    json_t *gist = json_array(), *part;
    size_t i;
    json_array_foreach(mu_json_get(picture, "parts"), i, part)
    {
        json_array_append(gist, json_object_get(part, "state"));
        if (strcmp(mu_json_str(part, "part", ""), "mx") != 0) /* whose TTL counts down */
            json_array_append(gist, json_object_get(part, "why"));
    }
    char *text = mu_json_text(gist);
    json_decref(gist);
    return text;
}

static int show(struct mu_cli *cli, const struct looking *looking)
{
    char *before = NULL;
    int code;
    do {
        json_t *picture;
        code = look_at(cli, looking->domain, looking, &picture);
        if (code == 0) {
            char *gist = gist_of(picture);
            if (before == NULL || strcmp(before, gist) != 0)
                say_picture(cli, looking->domain, picture);
            free(before);
            before = gist;
            code = exit_of(picture);
        }
        json_decref(picture);
        if (looking->watch_ms)
            nanosleep(
                &(struct timespec){looking->watch_ms / 1000, looking->watch_ms % 1000 * 1000000},
                NULL);
    } while (looking->watch_ms && before);
    free(before);
    return code;
}

/* --- all of them --- */

static int by_worst(const void *a, const void *b)
{
    const json_t *one = *(json_t *const *)a, *other = *(json_t *const *)b;
    size_t i = 0, k = 0;
    while (strcmp(worst_first[i], worst_of(one)) != 0 && i < MU_COUNT(worst_first) - 1)
        i++;
    while (strcmp(worst_first[k], worst_of(other)) != 0 && k < MU_COUNT(worst_first) - 1)
        k++;
    return i != k ? (i > k) - (i < k)
                  : strcmp(mu_json_str(one, "domain", ""), mu_json_str(other, "domain", ""));
}

static void say_line(const struct mu_cli *cli, json_t *picture)
{
    if (cli->json)
        say_json_take(json_incref(picture));
    else
        say_hanging(10, "%-8s  %s  %s\n", worst_of(picture), mu_json_str(picture, "domain", ""),
                    mu_json_str(picture, "why", ""));
}

static int show_all(struct mu_cli *cli, const struct looking *looking)
{
    const json_t *domains = mu_config_at(cli->config->values, "domains");
    size_t count = 0;
    const char *name;
    json_t *section, **pictures = mu_xcalloc(json_object_size(domains) + 1, sizeof *pictures);
    int code = MU_EXIT_OK;
    if (json_object_size(domains) == 0)
        code = mu_cli_fail(cli, "mail", MU_EXIT_USAGE,
                           "muster.lua names no domain in domains{}: muster mail DOMAIN");
    json_object_foreach((json_t *)domains, name, section)
    {
        json_t *picture;
        if (look_at(cli, name, looking, &picture) == 0) {
            json_object_set_new(picture, "domain", json_string(name));
            pictures[count++] = picture;
        } else {
            code = MU_EXIT_FAILED;
        }
    }
    if (count > 0)
        qsort(pictures, count, sizeof *pictures, by_worst);
    for (size_t i = 0; i < count; i++) {
        say_line(cli, pictures[i]);
        code = code == MU_EXIT_OK ? exit_of(pictures[i]) : code;
        json_decref(pictures[i]);
    }
    free(pictures);
    return code;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct mu_fail fail;
    char domain[MU_NAME_TEXT];
    struct looking looking = {.quiet = mu_cli_option(&argc, argv, "--dns", NULL)};
    bool all = mu_cli_option(&argc, argv, "--all", NULL);
    looking.watch_ms = mu_cli_option(&argc, argv, "--watch", NULL) ? WATCH_MS : 0;
    int code = mu_cli_no_more_options(&mu_command_mail, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_mail, argc, all ? 0 : 1, all ? 0 : 1);
    if (code == 0 && all && looking.watch_ms)
        code = mu_cli_fail(cli, "mail", MU_EXIT_USAGE, "--watch is of one domain");
    if (code == 0 && !all && mu_name_domain(argv[1], domain, &fail) != MU_OK)
        code = mu_cli_fail(cli, "mail", MU_EXIT_USAGE, "%s", fail.text);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code)
        return code;
    looking.domain = all ? NULL : domain;
    return all ? show_all(cli, &looking) : show(cli, &looking);
}

const struct mu_command mu_command_mail = {
    .name = "mail",
    .usage = "mail DOMAIN | --all [--dns] [--watch] [--json]",
    .summary = "the whole picture of a domain's mail",
    .help = "MX, whether mail gets in, SPF, DKIM, DMARC, MTA-STS, TLS-RPT and BIMI, each with what "
            "it means and why. "
            "It only\n"
            "looks, and leaves nothing behind. Exits with 1 when something fails; what could not "
            "be found out is "
            "unknown,\n"
            "and \"-\" is not there and need not be.\n"
            "\n"
            "  --all    of all domains of muster.lua a line, worst first\n"
            "  --dns    only what stands in DNS and in policies: the mail hosts are not talked to\n"
            "  --watch  look again every minute, and say it when something has changed\n",
    .run = run};
