/* SPDX-License-Identifier: MIT
 *
 * Asking and answering at the prompt; see prompt.h. Questions are known from the journal's rows alone (asked
 * by an intent, given its code by `h gate`, gone with its outcome); whether this person may answer one, the
 * control store says.
 *
 *   row i ─▶ question, written ─▶ row h gate: code, may I? ─▶ its turn: prompt ─▶ vote ─▶ row o: gone   */
#include "cli/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/people.h"
#include "cli/lines.h"
#include "cli/say.h"
#include "cli/vote.h"
#include "engine/run.h"
#include "journal/rows.h"

#define DECIDED_MS \
    1000 /* the row of what was decided comes by then; the next one is asked below it */

struct question {
    char *task, *gate, *digest;
    char *title, *shown; /* as its line says it; what was shown with it, in lines */
    char *code;          /* NULL: not in the store yet, as far as we know */
    int64_t seq;
    const struct manner *manner; /* NULL: not answered at a prompt */
    bool mine, said;             /* this person may answer; has answered */
    int64_t decided_ms;          /* 0: nothing is known of that */
    struct question *next;
};

struct prompt {
    struct mu_cli *cli;
    const char *path;
    struct question *questions;            /* in the order in which they were asked */
    const struct question *holder, *above; /* has the prompt; stands last on the screen */
    bool heard; /* stdin is a terminal: else it is the lines of a loop, a file, nothing */
    bool stands;
    char typed[MU_GATE_ANSWER + 100]; /* of a line that is not whole yet; full: it is too long */
    size_t typed_len;
};

/* --- the manners of asking --- */

static bool take_yes_or_no(struct prompt *, struct question *, char *line);
static bool take_text(struct prompt *, struct question *, char *line);

/* How a kind of gate is asked and answered at the prompt; a page is not. */
static const struct manner {
    const char *kind, *prompt, *again, *yes;
    bool (*take)(struct prompt *, struct question *, char *line); /* false: it made no sense */
} manners[] = {
    {"approve", "Do it? [yes/no, then why]", "Please say yes or no.", "yes", take_yes_or_no},
    {"todo", "Done? [done/no, then a remark]", "Please say done, or no when it can't be done.",
     "done", take_yes_or_no},
    {"ask", "Your answer:", "Please give an answer.", NULL, take_text},
};

static const struct manner *manner_of(const char *kind)
{
    for (size_t i = 0; i < MU_COUNT(manners); i++)
        if (strcmp(manners[i].kind, kind) == 0)
            return &manners[i];
    return NULL;
}

/* --- questions --- */

static void question_free(struct question *question)
{
    free(question->task);
    free(question->gate);
    free(question->digest);
    free(question->title);
    free(question->shown);
    free(question->code);
    free(question);
}

/* Below its title. */
static void write_shown(const struct question *question)
{
    char *text = mu_xstrdup(question->shown), *rest = NULL;
    say("%s", mu_cli_color("bold"));
    for (char *part = strtok_r(text, "\n", &rest); part; part = strtok_r(NULL, "\n", &rest))
        say_hanging(6, "%s\n", part);
    say("%s", mu_cli_color("reset"));
    free(text);
}

static void ask(struct prompt *prompt, const struct mu_row *row)
{
    struct line line;
    struct mu_buf text = {0};
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    struct question *question = MU_NEW(struct question), **end = &prompt->questions;
    line_of(row, &line);
    line_asked(value, &text); /* the title is its first line */
    *question = (struct question){
        .task = mu_xstrdup(row->task),
        .seq = row->seq,
        .gate = mu_xstrdup(mu_json_str(value, "gate", "")),
        .digest = mu_xstrdup(mu_json_str(value, "digest", "")),
        .title = mu_xstrdup(mu_buf_text(&line.text)),
        .shown = mu_xstrdup(mu_buf_text(&text) + strcspn(mu_buf_text(&text), "\n")),
        .manner = manner_of(row->verb)};
    write_shown(question);
    if (mu_json_bool(value, "foreseen", false)) {
        question_free(question);
    } else {
        while (*end)
            end = &(*end)->next;
        *end = question;
        prompt->above = question;
    }
    mu_buf_free(&line.text);
    mu_buf_free(&text);
    json_decref(value);
}

struct asked {
    const json_t *config, *who;
    bool mine;
};

static bool is_mine(const struct mu_store_gate *gate, void *ud)
{
    struct asked *asked = ud;
    char uid[MU_PEOPLE_UID];
    const char *me = mu_json_str(asked->who, "name", "");
    bool own = gate->no_self && mu_store_same_person(me, mu_people_uid(asked->who, uid),
                                                     gate->starter, gate->starter_uid);
    asked->mine = strcmp(gate->state, "open") == 0 && !own &&
                  vote_is_asked(asked->config, gate->by, gate->before, me);
    return false;
}

/* It has a code, or the next one is asked. */
static void look_up(struct prompt *prompt, const struct mu_row *row)
{
    struct mu_fail fail;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL),
           *who = mu_cli_who(prompt->cli);
    struct asked asked = {.config = prompt->cli->config->values, .who = who};
    const char *gate = mu_json_str(value, "gate", "");
    struct question *question = prompt->questions;
    while (question && strcmp(question->gate, gate) != 0)
        question = question->next;
    if (question) {
        free(question->code);
        question->code = mu_xstrdup(mu_json_str(value, "code", ""));
        if (question->manner && mu_cli_store(prompt->cli) == 0)
            (void)!mu_store_gate_find(prompt->cli->store, gate, is_mine, &asked, &fail);
        question->mine = asked.mine;
    }
    json_decref(value);
    json_decref(who);
}

static void forget(struct prompt *prompt, const struct mu_row *row)
{
    struct question **at = &prompt->questions;
    while (*at && ((*at)->seq != row->seq || strcmp((*at)->task, row->task) != 0))
        at = &(*at)->next;
    struct question *gone = *at;
    if (gone == NULL)
        return;
    *at = gone->next;
    if (prompt->holder == gone)
        prompt->holder = NULL;
    if (prompt->above == gone)
        prompt->above = NULL;
    question_free(gone);
}

void prompt_row(struct prompt *prompt, const struct mu_row *row)
{
    if (row->type == MU_ROW_INTENT && mu_gate_kind(row->verb))
        ask(prompt, row);
    else if (row->type == MU_ROW_HOST && strcmp(row->verb, "gate") == 0)
        look_up(prompt, row);
    else if (row->type == MU_ROW_OUTCOME)
        forget(prompt, row);
}

bool prompt_waits(const struct prompt *prompt)
{
    return prompt->questions != NULL;
}

/* --- the prompt --- */

/* The question whose turn it is. None while something is about to be written that belongs above the prompt: the
 * code of a question, or the row of what was just decided. */
static struct question *turn(const struct prompt *prompt)
{
    for (const struct question *item = prompt->questions; item; item = item->next)
        if (item->code == NULL)
            return NULL;
    for (struct question *item = prompt->questions; item; item = item->next) {
        if (item->decided_ms && mu_clock_real_ms() < item->decided_ms + DECIDED_MS)
            return NULL;
        if (item->mine && !item->said)
            return item;
    }
    return NULL;
}

/* Is what is typed there meant for us? Not out of the background, where reading would stop us: that is the shell's. */
static bool is_ours(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO); /* -1: it is not the one that controls us */
    return foreground < 0 || foreground == getpgrp();
}

/* What was typed before is no answer to a question that comes now. It is read as octets, so that all of it that
 * is not in `typed` is still the terminal's. */
static void forget_typed(struct prompt *prompt)
{
    prompt->typed_len = 0;
    fflush(stdout);
    if (is_ours())
        tcflush(STDIN_FILENO, TCIFLUSH);
}

/* Another question stands below it, or what became of one: once more, so that nobody answers the wrong one. */
static void recall(const struct question *question)
{
    say("%s", mu_cli_color("bold"));
    say_hanging(6, "  %s is still open: %s\n", question->code, question->title);
    write_shown(question);
}

void prompt_show(struct prompt *prompt)
{
    struct question *question = turn(prompt);
    bool several = prompt->questions && prompt->questions->next;
    if (question == NULL || prompt->stands || !prompt->heard) {
        fflush(stdout);
        return;
    }
    if (question != prompt->above)
        recall(question);
    if (question != prompt->holder || question != prompt->above)
        forget_typed(prompt); /* before the prompt: who waits for that has not begun */
    prompt->holder = prompt->above = question;
    say("  %s%s%s%s%s ", mu_cli_color("blue"), several ? question->code : "", several ? ": " : "",
        question->manner->prompt, mu_cli_color("reset"));
    fflush(stdout);
    prompt->stands = true;
}

void prompt_clear(struct prompt *prompt)
{
    if (prompt->stands)
        say("\r\033[2K");
    prompt->stands = false;
}

int prompt_fd(const struct prompt *prompt)
{
    return prompt->stands && is_ours() ? STDIN_FILENO : -1;
}

/* --- answering --- */

enum mu_store_vote_result prompt_vote(struct mu_cli *cli, const char *path, const char *gate,
                                      struct mu_store_vote *ballot)
{
    char text[MU_FAIL_TEXT] = "", uid[MU_PEOPLE_UID];
    struct mu_fail fail;
    enum mu_store_vote_result result = MU_VOTE_REFUSED;
    json_t *who = mu_cli_who(cli);
    ballot->who = mu_json_str(who, "name", "");
    ballot->uid = mu_people_uid(who, uid);
    ballot->from = "prompt";
    ballot->at = mu_clock_real_ms();
    if (mu_cli_store(cli) == 0) {
        if (mu_store_gate_vote(cli->store, gate, ballot, &result, text, &fail) != MU_OK)
            snprintf(text, sizeof text, "%s", fail.text);
        say_err("  %s\n", text);
        mu_run_poke(path);
    }
    json_decref(who);
    return result;
}

/* Only a text that is refused may be said in another way. */
static void vote(struct prompt *prompt, struct question *question, const char *answer,
                 const char *text, const char *reason)
{
    struct mu_store_vote ballot = {
        .answer = answer, .text = text, .reason = reason, .digest = question->digest};
    enum mu_store_vote_result result =
        prompt_vote(prompt->cli, prompt->path, question->gate, &ballot);
    question->said = result != MU_VOTE_REFUSED || text == NULL;
    if (result == MU_VOTE_DECIDED || result == MU_VOTE_TOO_LATE)
        question->decided_ms = mu_clock_real_ms();
}

static bool take_yes_or_no(struct prompt *prompt, struct question *question, char *line)
{
    const char *reason;
    enum vote_word word = vote_typed(line, question->manner->yes, &reason);
    if (word == VOTE_NEITHER)
        return false;
    char *said = mu_cli_said(prompt->cli, reason);
    vote(prompt, question, word == VOTE_AGREES ? "yes" : "no", NULL, said);
    free(said);
    return true;
}

static bool take_text(struct prompt *prompt, struct question *question, char *line)
{
    char *said = mu_cli_said(prompt->cli, line);
    vote(prompt, question, "yes", said, NULL);
    free(said);
    return true;
}

static void say_again(struct prompt *prompt, const char *why)
{
    forget_typed(prompt); /* what came with it, as the rest of a pasted text */
    say("  %s\n", why);
    prompt->stands = false;
}

/* A whole line, in its own time: of one that is too long nothing is the answer. */
static void take_line(struct prompt *prompt, struct question *question)
{
    char why[100];
    bool too_long = prompt->typed_len >= sizeof prompt->typed;
    prompt->typed[too_long ? 0 : prompt->typed_len] = '\0';
    prompt->typed_len = 0;
    prompt->stands = false;
    if (too_long) {
        snprintf(why, sizeof why, "The answer is longer than %d octets: say it shorter.",
                 MU_GATE_ANSWER);
        say_again(prompt, why);
    } else if (prompt->typed[0] == '\0' ||
               !question->manner->take(prompt, question, prompt->typed)) {
        say_again(prompt, question->manner->again);
    }
}

/* Adds what was typed; true when the line is whole. What does not fit is counted and dropped. */
static bool add_typed(struct prompt *prompt, const char *octets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (octets[i] == '\n' || octets[i] == '\r')
            return true;
        if (prompt->typed_len < sizeof prompt->typed)
            prompt->typed[prompt->typed_len++] = octets[i];
    }
    return false;
}

bool prompt_read(struct prompt *prompt)
{
    char octets[512];
    struct question *question = turn(prompt);
    ssize_t count = read(STDIN_FILENO, octets, sizeof octets);
    if (count < 0)
        return errno == EINTR || errno == EAGAIN;
    if (question == NULL)
        return true;
    if (count == 0) { /* Ctrl-D: the terminal is there, and so is the question */
        say("\n");
        say_again(prompt, question->manner->again);
        say("  Ctrl-C ends the view, never the run.\n");
    } else if (add_typed(prompt, octets, (size_t)count)) {
        say_returned();
        take_line(prompt, question);
    }
    return true;
}

/* --- */

struct prompt *prompt_new(struct mu_cli *cli, const char *path)
{
    struct prompt *prompt = MU_NEW(struct prompt);
    *prompt = (struct prompt){.cli = cli, .path = path, .heard = isatty(STDIN_FILENO)};
    return prompt;
}

void prompt_free(struct prompt *prompt)
{
    while (prompt && prompt->questions) {
        struct question *next = prompt->questions->next;
        question_free(prompt->questions);
        prompt->questions = next;
    }
    free(prompt);
}
