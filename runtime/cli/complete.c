/* SPDX-License-Identifier: MIT
 *
 * `muster complete -- WORD ...`: what may stand where the last word is begun, a candidate, a tab and a description
 * a line; ":files" alone: any file. Shells ask it at every TAB (completion.c), so it must be fast and silent:
 * what can't be had in HALF_SECOND, or not at all, is nothing. It never makes a store where there is none.
 *
 * What a word may be stands in the command's usage line: "CODE|RUN" is an open question or a run. To complete
 * another kind of word, add its name to `kinds`. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/plain.h"
#include "cli/cli.h"
#include "cli/playbooks.h"
#include "cli/say.h"
#include "cli/usage.h"
#include "engine/run.h"
#include "lua/words.h"
#include "module/registry.h"
#include "playbook/header.h"
#include "scaffold/scaffold.h"

#define MOST_RUNS   50 /* newest first: nobody completes an old one */
#define HALF_SECOND 500000

struct asked {
    struct mu_cli *cli;
    const struct mu_command *command;
    int argc; /* words behind the command, the one that is begun included */
    char **argv;
    const char *prefix; /* that one */
    struct mu_buf out;
};

static void offer(struct asked *asked, const char *name, const char *doc)
{
    char line[200];
    snprintf(line, sizeof line, "\n%.190s\t", name);
    const char *there = mu_buf_text(&asked->out), *sentence = strstr(doc, ". ");
    if (strncmp(name, asked->prefix, strlen(asked->prefix)) != 0 || strstr(there, line) ||
        strncmp(there, line + 1, strlen(line + 1)) == 0)
        return;
    char *first = sentence ? mu_xstrndup(doc, (size_t)(sentence - doc)) : mu_xstrdup(doc);
    mu_plain(&asked->out, name, false); /* playbooks and questions are named by others */
    mu_buf_addc(&asked->out, '\t');
    mu_plain(&asked->out, first, false);
    mu_buf_addc(&asked->out, '\n');
    free(first);
}

/* --- kinds of words --- */

static bool offer_run(const struct mu_store_run *run, void *ud)
{
    char doc[400];
    snprintf(doc, sizeof doc, "%s %s", run->state, run->subject);
    offer(ud, run->name, doc);
    return true;
}

static bool offer_incident(const struct mu_store_run *run, void *ud)
{
    struct asked *asked = ud;
    char line[64];
    snprintf(line, sizeof line, "%s\t", run->incident);
    if (run->incident[0] && strstr(mu_buf_text(&asked->out), line) == NULL)
        offer(asked, run->incident, run->subject);
    return true;
}

/* Only questions that the command answers: deny takes all that can be declined. */
static bool offer_gate(const struct mu_store_gate *gate, void *ud)
{
    struct asked *asked = ud;
    const struct mu_gate_kind *kind = mu_gate_kind(gate->kind);
    const char *name = asked->command->name;
    bool any = strcmp(name, "withdraw") == 0;
    bool fits = kind && (strcmp(kind->command, name) == 0 ||
                         (kind->refuse && strcmp(kind->refuse, name) == 0));
    if (any || fits)
        offer(asked, gate->code, gate->title);
    return true;
}

/* A store that is there: a TAB makes none. */
static bool has_store(struct asked *asked)
{
    struct mu_fail fail;
    if (mu_config_look(asked->cli->config_path, &asked->cli->config, &fail) != MU_OK)
        return false;
    char *dir = mu_cli_state_dir(asked->cli), *file = mu_xasprintf("%s/control.db", dir);
    bool there = access(file, R_OK | W_OK) == 0;
    free(file);
    free(dir);
    return there && mu_cli_open_store(asked->cli, &fail) == MU_OK;
}

static void runs(struct asked *asked)
{
    if (asked->cli->store)
        (void)!mu_store_runs(asked->cli->store, NULL, MOST_RUNS, offer_run, asked, NULL);
    offer(asked, "last", "the newest live run");
}

static void incidents(struct asked *asked)
{
    if (asked->cli->store)
        (void)!mu_store_runs(asked->cli->store, NULL, MOST_RUNS, offer_incident, asked, NULL);
}

static void codes(struct asked *asked)
{
    if (asked->cli->store)
        (void)!mu_store_gates_open(asked->cli->store, offer_gate, asked, NULL);
}

static bool offer_playbook(const char *name, void *ud)
{
    offer(ud, name, "");
    return true;
}

static void playbooks(struct asked *asked)
{
    if (strpbrk(asked->prefix, "./")) {
        mu_buf_adds(&asked->out, ":files\t\n");
        return;
    }
    if (asked->cli->config)
        playbooks_each(mu_cli_playbook_path(asked->cli), offer_playbook, asked);
}

static bool offer_verb(const struct mu_module *module, const struct mu_verb *verb, void *ud)
{
    (void)module;
    offer(ud, verb->name, verb->doc);
    return true;
}

static void verbs(struct asked *asked)
{
    struct mu_registry *registry;
    struct mu_fail fail;
    (void)!mu_run_registry(asked->cli->config, &registry, &fail);
    mu_registry_each(registry, offer_verb, asked);
    mu_registry_free(registry);
}

static bool offer_command(const struct mu_command *command, void *ud)
{
    offer(ud, command->name, command->summary);
    return true;
}

/* Of everything that has a page: for doc and help alone; other commands mean other names. */
static void names(struct asked *asked)
{
    if (strcmp(asked->command->name, "doc") != 0 && strcmp(asked->command->name, "help") != 0)
        return;
    mu_command_each(offer_command, asked);
    verbs(asked);
    for (const struct mu_word *word = mu_words_all; word->name; word++)
        offer(asked, word->name, word->doc);
    offer(asked, "muster.lua", "its keys");
}

static void domains(struct asked *asked)
{
    const char *name;
    json_t *domain;
    const json_t *all =
        asked->cli->config ? mu_config_at(asked->cli->config->values, "domains") : NULL;
    json_object_foreach((json_t *)all, name, domain)
    {
        offer(asked, name, mu_json_str(domain, "provider", ""));
    }
}

static void files(struct asked *asked)
{
    mu_buf_reset(&asked->out);
    mu_buf_adds(&asked->out, ":files\t\n");
}

/* Of the playbook that stands in front; NULL: there is none. */
static struct mu_header *header_asked(struct asked *asked)
{
    struct mu_bundle *bundle = NULL;
    struct mu_header *header = NULL;
    struct mu_fail fail;
    if (asked->cli->config &&
        mu_bundle_load(asked->argv[0], mu_cli_playbook_path(asked->cli), &bundle, &fail) == MU_OK)
        (void)!mu_header_read(bundle, &header, &fail);
    mu_bundle_free(bundle);
    return header;
}

static void params(struct asked *asked)
{
    struct mu_header *header = header_asked(asked);
    for (size_t i = 0; header && i < header->param_count; i++) {
        char *key = mu_xasprintf("%s=", header->params[i].name);
        offer(asked, key, header->params[i].doc);
        free(key);
    }
    mu_header_free(header);
}

static void scenarios(struct asked *asked)
{
    struct mu_header *header = header_asked(asked);
    const char *name;
    json_t *scenario;
    json_object_foreach(mu_json_get(header ? header->drill : NULL, "scenarios"), name, scenario)
    {
        offer(asked, name, mu_json_str(mu_json_get(scenario, "expect"), "result", ""));
    }
    mu_header_free(header);
}

static void scaffold_kinds(struct asked *asked)
{
    for (const struct mu_scaffold_kind *kind = mu_scaffold_kinds; kind->name; kind++)
        offer(asked, kind->name, kind->doc);
}

static void options_of_verb(struct asked *asked)
{
    struct mu_registry *registry;
    struct mu_fail fail;
    (void)!mu_run_registry(asked->cli->config, &registry, &fail);
    const struct mu_verb *verb = mu_registry_find(registry, asked->argv[0], NULL);
    for (const struct mu_field *field = verb ? verb->params : NULL; field && field->name; field++) {
        char *key = mu_xasprintf("%s=", field->name);
        if (field->flags & MU_F_OPTION)
            offer(asked, key, field->doc ? field->doc : "");
        free(key);
    }
    mu_registry_free(registry);
}

static const struct {
    const char *word; /* of a usage line */
    void (*complete)(struct asked *);
} kinds[] = {{"RUN", runs},
             {"CODE", codes},
             {"INC-n", incidents},
             {"PLAYBOOK", playbooks},
             {"VERB", verbs},
             {"COMMAND", names},
             {"NAME", names},
             {"DOMAIN", domains},
             {"ZONE", domains},
             {"FILE", files},
             {"DIR", files},
             {"EXPORT.tar.gz", files},
             {"FILE.tar.gz", files},
             {"KIND", scaffold_kinds},
             {"SCENARIO", scenarios},
             {"key=value", params},
             {"option=value", options_of_verb}};

/* --- where the word stands --- */

/* "CODE|RUN", "running|parked": its kinds, else the texts themselves. */
static void alternatives(struct asked *asked, const char *text)
{
    char one[80];
    for (size_t n = 0; usage_alternative(text, n, one); n++) {
        size_t k = 0;
        while (k < MU_COUNT(kinds) && strcmp(kinds[k].word, one) != 0)
            k++;
        bool run_for_code = n > 0 && strncmp(text, "CODE", 4) == 0 && asked->prefix[0] == '\0';
        if (k < MU_COUNT(kinds) &&
            !run_for_code) /* the codes are what is meant, if nothing is typed */
            kinds[k].complete(asked);
        else if (one[0] >= 'a' && one[0] <= 'z')
            offer(asked, one, "");
    }
}

/* The option whose value the word is; "" when it is none. */
static bool value_of_option(const struct asked *asked, struct usage_option *out)
{
    const char *before = asked->argc > 1 ? asked->argv[asked->argc - 2] : "";
    for (size_t n = 0; usage_option(asked->command->usage, n, out); n++)
        if (out->value[0] && strcmp(out->name, before) == 0)
            return true;
    return strcmp(before, "--config") == 0 || strcmp(before, "--socket") == 0;
}

static void offer_options(struct asked *asked)
{
    struct usage_option option;
    for (size_t n = 0; usage_option(asked->command->usage, n, &option); n++)
        offer(asked, option.name, option.value);
}

/* Words in front of this one that are neither options nor their values. */
static int position(const struct asked *asked, const char **first)
{
    int count = 0;
    for (int i = 0; i + 1 < asked->argc; i++) {
        struct asked upto = *asked;
        struct usage_option option;
        upto.argc = i + 1;
        if (asked->argv[i][0] == '-' || value_of_option(&upto, &option))
            continue;
        *first = count++ == 0 ? asked->argv[i] : *first;
    }
    return count;
}

/* "lab [up | break HOST [HOW]]": the words of its own that begin such a form, and what follows one. */
static void positional(struct asked *asked)
{
    const char *usage = asked->command->usage, *first = "";
    char word[80], last[80] = "";
    bool repeats = false;
    int at = position(asked, &first), n = 0, from = 0;
    for (; usage_word(usage, (size_t)n, word, &repeats); n++) {
        bool literal = word[0] >= 'a' && word[0] <= 'z' && strpbrk(word, "=|") == NULL;
        if (at == 0 && (literal || n == 0))
            alternatives(asked, word);
        if (literal && strcmp(word, first) == 0)
            from = n;
        if (repeats)
            snprintf(last, sizeof last, "%s", word);
    }
    if (at > 0 && usage_word(usage, (size_t)(from + at), word, &repeats))
        alternatives(asked, word);
    else if (at > 0)
        alternatives(asked, last);
}

static void complete(struct asked *asked)
{
    struct usage_option option = {.value = "FILE"};
    if (asked->command == NULL) {
        mu_command_each(offer_command, asked);
        return;
    }
    (void)has_store(asked);
    if (value_of_option(asked, &option))
        alternatives(asked, option.value[0] ? option.value : "FILE");
    else if (asked->prefix[0] == '-')
        offer_options(asked);
    else
        positional(asked);
}

/* --- silence --- */

static void too_late(int signal)
{
    (void)signal;
    _exit(MU_EXIT_OK);
}

static void be_quick(void)
{
    struct itimerval limit = {.it_value = {.tv_usec = HALF_SECOND}};
    signal(SIGALRM, too_late);
    setitimer(ITIMER_REAL, &limit, NULL);
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing >= 0)
        dup2(nothing, STDERR_FILENO);
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    int skip = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
    struct asked asked = {.cli = cli, .argc = argc - skip - 1, .argv = argv + skip + 1};
    be_quick();
    if (argc <= skip)
        return MU_EXIT_OK;
    if (argc == skip + 1)
        asked.prefix = argv[skip];
    else
        asked.prefix = argv[argc - 1];
    if (asked.argc > 0 && (asked.command = mu_command_find(argv[skip])) == NULL)
        return MU_EXIT_OK;
    complete(&asked);
    (void)!say_document(&asked.out);
    mu_buf_free(&asked.out);
    return MU_EXIT_OK;
}

const struct mu_command mu_command_complete = {
    .name = "complete",
    .usage = "complete -- [WORD ...]",
    .summary = "what may stand where the last word is begun",
    .help = "For the scripts of muster doc --completion: a candidate, a tab and a description a "
            "line.\n",
    .run = run,
    .without_secrets = true,
    .hidden = true};
