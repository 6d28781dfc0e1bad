/* SPDX-License-Identifier: MIT
 *
 * Looking at a run while it goes on; see follow.h.
 *
 *   executor ─ one byte per flush ─▶ poll() ─▶ new rows ─▶ line_of() ─▶ plain | json | terminal
 *                                      ▲ stdin: an answer to the gate that is shown                */
#include "cli/follow.h"

#include <poll.h>
#include <signal.h>
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
#include "engine/run.h"
#include "journal/rows.h"
#include "cli/say.h"
#include "cli/verdict.h"

#define LOOK_MS \
    250 /* between looks at a file nobody wakes us for, and of the clock in the status line */

struct view;
struct view_ops {
    void (*row)(struct view *, const struct mu_row *);
    void (*idle)(struct view *); /* nothing new; NULL = nothing to do */
    void (*close)(struct view *);
};

struct view {
    struct mu_cli *cli;
    const struct follow *what;
    const struct view_ops *ops;
    struct mu_journal *journal;
    int64_t seen;
    int wake_fd; /* of the executor that we started; -1: none, or it has left */
    int exit;    /* of the run, -1 while it goes on */
    bool over, settled;
    int64_t offset_ms; /* rows of a dry run are ahead of the wall clock; the status line is not */
    /* terminal */
    char *step, *detail, *last_probe, *gate_id, *gate_digest, *gate_kind;
    int64_t step_since;
    bool status_shown, may_answer;
    int told_monitor; /* what its monitor waits for, as it was said last; 0 = nothing */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

/* --- plain lines --- */

static void plain_row(struct view *view, const struct mu_row *row)
{
    struct line line;
    char when[MU_TIME_TEXT];
    (void)view;
    line_of(row, &line);
    if (line.kind != LINE_NONE) {
        mu_time_hms(row->ts, when);
        say("%.8s  %-10s %s\n", when, line.tag, mu_buf_text(&line.text));
    }
    mu_buf_free(&line.text);
}

static const struct view_ops plain_ops = {.row = plain_row};

/* --- one JSON event a line --- */

static json_t *parsed(const char *text)
{
    return text[0] ? mu_json_parse(text, strlen(text), NULL) : NULL;
}

static void json_row(struct view *view, const struct mu_row *row)
{
    char type[2] = {row->type, 0}, when[MU_TIME_TEXT];
    json_t *event =
        json_pack("{s:I, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:o?, s:o?}", "gsn",
                  (json_int_t)row->gsn, "at", mu_time_utc(row->ts, when), "type", type, "task",
                  row->task, "seq", (json_int_t)row->seq, "verb", row->verb, "src", row->src,
                  "step", row->step, "args", parsed(row->args), "value", parsed(row->value));
    json_object_set_new(event, "run", json_string(view->what->run));
    say_json_take(event);
}

static const struct view_ops json_ops = {.row = json_row};

static void quiet_row(struct view *view, const struct mu_row *row)
{
    (void)view;
    (void)row;
}

static const struct view_ops quiet_ops = {.row = quiet_row};

/* --- the terminal --- */

static void keep(char **slot, const char *text)
{
    free(*slot);
    *slot = text ? mu_xstrdup(text) : NULL;
}

static void clear_status(struct view *view)
{
    if (view->status_shown)
        say("\r\033[2K");
    view->status_shown = false;
}

static void draw_status(struct view *view)
{
    char took[MU_TIME_TEXT];
    if (view->step == NULL || view->gate_id)
        return;
    char *text = mu_xasprintf("  ... %s  %s  %s", view->step,
                              mu_duration_text(mu_clock_real_ms() - view->step_since, took),
                              view->detail ? view->detail : "");
    clear_status(view);
    say("%s", mu_cli_color("dim"));
    say_cut(mu_cli_columns() - 2, text);
    say("%s", mu_cli_color("reset"));
    fflush(stdout);
    free(text);
    view->status_shown = true;
}

struct view;
static bool take_yes_or_no(struct view *, char *line, const char *yes);
static bool take_approval(struct view *view, char *line)
{
    return take_yes_or_no(view, line, "yes");
}
static bool take_done(struct view *view, char *line)
{
    return take_yes_or_no(view, line, "done");
}
static bool take_text(struct view *, char *line);

/* How a kind of gate is asked and answered at the prompt; a page is not. */
static const struct manner {
    const char *kind, *prompt, *again;
    bool (*take)(struct view *, char *line); /* false: it made no sense */
} manners[] = {
    {"approve", "Do it? [yes/no, then why]", "Please say yes or no.", take_approval},
    {"todo", "Done? [done/no, then a remark]", "Please say done, or no when it can't be done.",
     take_done},
    {"ask", "Your answer:", "Please give an answer.", take_text},
};

static const struct manner *manner_of(const struct view *view)
{
    for (size_t i = 0; view->gate_kind && i < MU_COUNT(manners); i++)
        if (strcmp(manners[i].kind, view->gate_kind) == 0)
            return &manners[i];
    return NULL;
}

/* What was typed before a question stood on the screen is no answer to it: nobody had read it then. Stdin
 * has no buffer (follow_run()), so that all of it is still the terminal's. Out of the background a flush
 * would stop us, and what is typed there is the shell's. */
static void forget_typed(void)
{
    pid_t foreground =
        tcgetpgrp(STDIN_FILENO); /* -1: no terminal, or not the one that controls us */
    fflush(stdout);
    if (isatty(STDIN_FILENO) && (foreground < 0 || foreground == getpgrp()))
        tcflush(STDIN_FILENO, TCIFLUSH);
}

/* A gate of ours: the question, then the prompt. */
static void ask_here(struct view *view, const struct mu_row *row)
{
    struct mu_buf question = {0};
    json_t *value = parsed(row->value);
    json_t *who = mu_cli_who(view->cli);
    const char *by = mu_json_str(value, "by", "");
    if (!mu_json_bool(value, "foreseen", false)) {
        keep(&view->gate_id, mu_json_str(value, "gate", ""));
        keep(&view->gate_digest, mu_json_str(value, "digest", ""));
        keep(&view->gate_kind, row->verb);
        view->may_answer =
            mu_run_may_answer(view->cli->config->values, mu_json_str(who, "name", ""), by) &&
            manner_of(view) != NULL;
    }
    line_question(row, &question);
    say("%s", mu_cli_color("bold"));
    char *rest = NULL;
    strtok_r(question.data, "\n", &rest); /* the title stands above already */
    for (const char *part; (part = strtok_r(NULL, "\n", &rest)) != NULL;)
        say_hanging(6, "%s\n", part);
    say("%s", mu_cli_color("reset"));
    forget_typed(); /* before the prompt: who waits for that has not begun */
    mu_buf_free(&question);
    json_decref(value);
    json_decref(who);
}

static void prompt(const struct view *view)
{
    if (view->gate_id && view->may_answer)
        say("  %s%s%s ", mu_cli_color("blue"), manner_of(view)->prompt, mu_cli_color("reset"));
    fflush(stdout);
}

/* Progress and a probe that says the same as before stay in the status line only. */
static bool is_passing(struct view *view, const struct mu_row *row, const struct line *line)
{
    const char *text = mu_buf_text(&line->text);
    bool progress = row->type == MU_ROW_HOST && strcmp(row->verb, "progress") == 0;
    bool tell = row->type == MU_ROW_NOTE && strcmp(row->verb, "tell") == 0;
    if (line->kind != LINE_PROBE)
        return progress || tell;
    bool again = view->last_probe && strcmp(view->last_probe, text) == 0;
    keep(&view->last_probe, text);
    return again;
}

static void terminal_row(struct view *view, const struct mu_row *row)
{
    struct line line;
    char when[MU_TIME_TEXT];
    line_of(row, &line);
    if (line.kind == LINE_STEP) {
        keep(&view->step, mu_buf_text(&line.text));
        keep(&view->detail, NULL);
        view->step_since = mu_clock_real_ms();
    }
    if (line.kind == LINE_NONE) {
        mu_buf_free(&line.text);
        return;
    }
    clear_status(view);
    if (view->gate_id && view->may_answer)
        say("\r\033[2K"); /* the prompt is written again below */
    bool gate_row = row->type == MU_ROW_HOST && strcmp(row->verb, "gate") == 0;
    if (is_passing(view, row, &line)) {
        keep(&view->detail, mu_buf_text(&line.text));
    } else if (!(gate_row && view->may_answer)) {
        mu_time_hms(row->ts, when);
        if (line.kind == LINE_STEP)
            say("\n");
        say("%s%.8s  %-10s ", mu_cli_color(line_color(line.kind)), when, line.tag);
        say_hanging(21, "%s\n", mu_buf_text(&line.text));
        say("%s", mu_cli_color("reset"));
    }
    if (line.kind == LINE_ANSWER) {
        keep(&view->gate_id, NULL);
        view->may_answer = false;
    }
    if (line.kind == LINE_ASK)
        ask_here(view, row);
    if (view->gate_id)
        prompt(view);
    mu_buf_free(&line.text);
}

static void terminal_close(struct view *view)
{
    clear_status(view);
}

static const struct view_ops terminal_ops = {
    .row = terminal_row, .idle = draw_status, .close = terminal_close};

/* --- answering --- */

/* False when it does not count. */
static bool vote(struct view *view, const char *gate, const char *digest, const char *answer,
                 const char *said, const char *reason)
{
    char text[MU_FAIL_TEXT] = "", uid[MU_PEOPLE_UID];
    struct mu_fail fail;
    enum mu_store_vote_result result = MU_VOTE_REFUSED;
    json_t *who = mu_cli_who(view->cli);
    struct mu_store_vote ballot = {.who = mu_json_str(who, "name", ""),
                                   .uid = mu_people_uid(who, uid),
                                   .from = "prompt",
                                   .answer = answer,
                                   .text = said,
                                   .reason = reason,
                                   .digest = digest,
                                   .at = mu_clock_real_ms()};
    if (mu_cli_store(view->cli) == 0) {
        if (mu_store_gate_vote(view->cli->store, gate, &ballot, &result, text, &fail) != MU_OK)
            snprintf(text, sizeof text, "%s", fail.text);
        say_err("  %s\n", text);
        mu_run_poke(view->what->path);
    }
    json_decref(who);
    return result == MU_VOTE_RECORDED || result == MU_VOTE_DECIDED;
}

/* "yes DC2 has no power", "n", "no: wait for Bo", "done ticket 881". */
static bool take_yes_or_no(struct view *view, char *line, const char *yes)
{
    char *reason = line + strcspn(line, " :,");
    size_t word = (size_t)(reason - line);
    reason += strspn(reason, " :,");
    bool agrees = word > 0 && word <= strlen(yes) && strncmp(line, yes, word) == 0,
         refuses = word > 0 && word <= 2 && strncmp(line, "no", word) == 0;
    if (!agrees && !refuses)
        return false;
    char *said = mu_cli_said(view->cli, reason);
    vote(view, view->gate_id, view->gate_digest, agrees ? "yes" : "no", NULL, said);
    free(said);
    return true;
}

/* Refused, it may be typed again: a choice that is none. */
static bool take_text(struct view *view, char *line)
{
    char *said = mu_cli_said(view->cli, line);
    bool counts = vote(view, view->gate_id, view->gate_digest, "yes", said, NULL);
    free(said);
    if (!counts)
        prompt(view);
    return true;
}

static void take_answer(struct view *view)
{
    char line[MU_GATE_ANSWER + 100];
    if (fgets(line, sizeof line, stdin) == NULL || view->gate_id == NULL || !view->may_answer)
        return;
    say_returned();
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] == '\0' || !manner_of(view)->take(view, line)) {
        say("  %s\n", manner_of(view)->again);
        prompt(view);
    }
}

/* What --yes says to a gate. */
struct exercise {
    const json_t *config;
    const char *me, *answer;
    char *text;
};

static bool answer_for(const struct mu_store_gate *gate, void *ud)
{
    struct exercise *exercise = ud;
    const struct mu_gate_kind *kind = mu_gate_kind(gate->kind);
    bool mine =
        mu_run_may_answer(exercise->config, exercise->me, gate->by) ||
        (gate->before[0] && mu_run_may_answer(exercise->config, exercise->me, gate->before));
    json_t *choices = mu_json_parse(gate->choices, strlen(gate->choices), NULL);
    const char *first = json_string_value(json_array_get(choices, 0));
    exercise->answer = mine && kind ? kind->agree : NULL;
    if (strcmp(gate->kind, "ask") == 0)
        exercise->text = mu_xstrdup(first ? first : MU_REASON_YES);
    json_decref(choices);
    return false;
}

/* --yes: the answer of an exercise, said as such, where this person is asked; of several choices the
 * first. True when it counts. */
static bool answer_yes(struct view *view, const struct mu_row *row)
{
    bool counts = false;
    if (!view->what->yes || row->type != MU_ROW_HOST || strcmp(row->verb, "gate") != 0 ||
        mu_cli_store(view->cli) != 0)
        return false;
    fflush(stdout); /* the question stands above its answer, which goes to stderr */
    json_t *value = parsed(row->value), *who = mu_cli_who(view->cli);
    const char *gate = mu_json_str(value, "gate", "");
    struct exercise exercise = {.config = view->cli->config->values,
                                .me = mu_json_str(who, "name", "")};
    struct mu_fail fail;
    (void)!mu_store_gate_find(view->cli->store, gate, answer_for, &exercise, &fail);
    if (exercise.answer)
        counts = vote(view, gate, NULL, exercise.answer, exercise.text, MU_REASON_YES);
    free(exercise.text);
    json_decref(value);
    json_decref(who);
    return counts;
}

/* --- following --- */

static bool take_row(const struct mu_row *row, void *ud)
{
    struct view *view = ud;
    view->seen = row->gsn;
    view->told_monitor = 0;
    /* How to answer is of no use once it is answered; programs get every row. */
    if (!answer_yes(view, row) || view->cli->json)
        view->ops->row(view, row);
    if (row->type != MU_ROW_HOST)
        return true;
    if (strcmp(row->verb, "end") == 0) {
        json_t *value = parsed(row->value);
        view->exit = (int)mu_json_int(value, "exit", MU_EXIT_INTERNAL);
        view->over = true;
        json_decref(value);
    } else if (strcmp(row->verb, "park") == 0) {
        view->exit = MU_EXIT_PARKED;
        view->over = true;
    } else if (strcmp(row->verb, "resume") == 0 || strcmp(row->verb, "unpark") == 0) {
        view->over = false;
    }
    return true;
}

static bool read_rows(struct view *view)
{
    int64_t before = view->seen;
    struct mu_fail fail;
    if (view->journal == NULL &&
        mu_journal_open_read(view->what->path, &view->journal, &fail) != MU_OK)
        return false;
    (void)!mu_journal_each(view->journal, view->seen, take_row, view, NULL);
    fflush(stdout);
    return view->seen != before;
}

/* Nobody executes it for the moment: why, and when it goes on, once for each cause. */
static void tell_monitor(struct view *view, const struct mu_monitor *monitor)
{
    char words[600];
    if (view->what->quiet || monitor->what == MU_MONITOR_STARTS ||
        view->told_monitor == (int)monitor->what)
        return;
    view->told_monitor = (int)monitor->what;
    mu_monitor_words(monitor, view->what->path, words, sizeof words);
    if (view->ops->close)
        view->ops->close(view); /* the status line: what it shows does not go on */
    fflush(stdout);
    say_err("%s: %s.  See: muster show %s\n", view->what->run, words, view->what->run);
}

/* Is anybody left who executes it, now or later? */
static bool is_alive(struct view *view)
{
    struct mu_monitor monitor;
    int holder = mu_journal_lock_holder(view->what->path);
    bool waits = mu_monitor_waits(view->what->path, holder, &monitor);
    if (waits)
        tell_monitor(view, &monitor);
    return waits || holder > 0;
}

/* False when everybody who could write has gone. */
static bool wait_for_news(struct view *view)
{
    bool prompting = view->gate_id && view->may_answer;
    struct pollfd fds[2] = {{.fd = view->wake_fd, .events = POLLIN},
                            {.fd = prompting ? STDIN_FILENO : -1, .events = POLLIN}};
    if (poll(fds, 2, LOOK_MS) < 0)
        return true;
    if (fds[1].revents & POLLIN)
        take_answer(view);
    if (fds[0].revents & POLLIN) {
        char bytes[256];
        ssize_t got = read(view->wake_fd, bytes, sizeof bytes);
        view->settled = view->settled || (got > 0 && memchr(bytes, MU_WAKE_SETTLED, (size_t)got));
        if (got > 0)
            return true;
    }
    if (fds[0]
            .revents) /* ours has left: another, of serve or of a colleague, may have been faster */
        view->wake_fd = -1;
    bool alive = is_alive(view);
    return view->wake_fd >= 0 || alive;
}

static const struct view_ops *ops_for(const struct mu_cli *cli, const struct follow *what)
{
    if (what->quiet)
        return &quiet_ops;
    if (cli->json)
        return &json_ops;
    return isatty(STDOUT_FILENO) ? &terminal_ops : &plain_ops;
}

static int leave(struct view *view, bool alive)
{
    if (view->ops->close)
        view->ops->close(view);
    mu_journal_close(view->journal);
    free(view->step);
    free(view->detail);
    free(view->last_probe);
    free(view->gate_id);
    free(view->gate_digest);
    free(view->gate_kind);
    if (interrupted) {
        say_err("\nThe view ended; the run goes on.  Look again: muster watch %s   Stop it: muster "
                "cancel %s\n",
                view->what->run, view->what->run);
        return MU_EXIT_OK;
    }
    if (view->exit < 0 && !alive) {
        char why[700];
        verdict_of_log(view->what->path, why, sizeof why);
        return mu_cli_fail(
            view->cli, "watch", MU_EXIT_TEMPORARY,
            "nobody executes %s any more and it has not ended: muster resume %s (log: %s.log%s%s)",
            view->what->run, view->what->run, view->what->path, why[0] ? "; it ends with: " : "",
            why);
    }
    return view->exit;
}

int follow_run(struct mu_cli *cli, const struct follow *what)
{
    struct view view = {.cli = cli,
                        .what = what,
                        .wake_fd = what->wake_fd,
                        .exit = -1,
                        .seen = what->after,
                        .ops = ops_for(cli, what)};
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action,
              NULL); /* also under nohup: without its terminal the view is of no use */
    setvbuf(stdin, NULL, _IONBF, 0);
    bool alive = true;
    while (!interrupted) {
        bool news = read_rows(&view);
        bool gone = view.settled || view.wake_fd < 0 ||
                    !alive; /* a command typed next finds locks and store in order */
        if ((view.over && gone) || (!alive && !news))
            break;
        if (!alive)
            continue;
        if (!news && view.ops->idle)
            view.ops->idle(&view);
        alive = wait_for_news(&view);
    }
    return leave(&view, alive);
}

int show_rows(struct mu_cli *cli, const char *run, const char *path)
{
    struct follow what = {.run = run, .path = path, .wake_fd = -1};
    struct view view = {
        .cli = cli, .what = &what, .exit = MU_EXIT_OK, .ops = cli->json ? &json_ops : &plain_ops};
    read_rows(&view);
    mu_journal_close(view.journal);
    return MU_EXIT_OK;
}
