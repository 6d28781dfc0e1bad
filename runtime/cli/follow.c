/* SPDX-License-Identifier: MIT
 *
 * Looking at a run while it goes on; see follow.h.
 *
 *   executor ─ one byte per flush ─▶ poll() ─▶ new rows ─▶ line_of() ─▶ plain | json | terminal
 *                                      ▲ stdin: an answer at the prompt (prompt.h)                 */
#include "cli/follow.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/lines.h"
#include "cli/prompt.h"
#include "engine/run.h"
#include "journal/rows.h"
#include "cli/say.h"
#include "cli/verdict.h"
#include "cli/vote.h"

#define LOOK_MS \
    250 /* between looks at a file nobody wakes us for, and of the clock in the status line */

struct view;
struct view_ops {
    void (*row)(struct view *, const struct mu_row *);
    void (*idle)(struct view *);  /* nothing new; NULL = nothing to do, also of the next */
    void (*ready)(struct view *); /* before it waits */
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
    struct prompt *prompt; /* NULL elsewhere */
    char *step, *detail, *last_probe;
    int64_t step_since;
    bool status_shown;
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
    if (view->step == NULL || prompt_waits(view->prompt))
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
    prompt_clear(view->prompt);
    if (is_passing(view, row, &line)) {
        keep(&view->detail, mu_buf_text(&line.text));
    } else {
        mu_time_hms(row->ts, when);
        if (line.kind == LINE_STEP)
            say("\n");
        say("%s%.8s  %-10s ", mu_cli_color(line_color(line.kind)), when, line.tag);
        say_hanging(21, "%s\n", mu_buf_text(&line.text));
        say("%s", mu_cli_color("reset"));
    }
    prompt_row(view->prompt, row);
    mu_buf_free(&line.text);
}

static void terminal_ready(struct view *view)
{
    prompt_show(view->prompt);
}

static void terminal_close(struct view *view)
{
    clear_status(view);
    if (!interrupted) /* else ^C stands there, and a word about it comes below */
        prompt_clear(view->prompt);
}

static const struct view_ops terminal_ops = {
    .row = terminal_row, .idle = draw_status, .ready = terminal_ready, .close = terminal_close};

/* --- answering by --yes --- */

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
    bool mine = vote_is_asked(exercise->config, gate->by, gate->before, exercise->me);
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
    if (exercise.answer) {
        struct mu_store_vote ballot = {
            .answer = exercise.answer, .text = exercise.text, .reason = MU_REASON_YES};
        enum mu_store_vote_result result = prompt_vote(view->cli, view->what->path, gate, &ballot);
        counts = result == MU_VOTE_RECORDED || result == MU_VOTE_DECIDED;
    }
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
    struct pollfd fds[2] = {{.fd = view->wake_fd, .events = POLLIN},
                            {.fd = view->prompt ? prompt_fd(view->prompt) : -1, .events = POLLIN}};
    if (poll(fds, 2, LOOK_MS) < 0)
        return true;
    if (fds[1].revents & (POLLHUP | POLLERR | POLLNVAL) ||
        (fds[1].revents & POLLIN && !prompt_read(view->prompt)))
        interrupted = 1; /* as by SIGHUP, which only the terminal's own session gets */
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
    prompt_free(view->prompt);
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
    if (view.ops == &terminal_ops)
        view.prompt = prompt_new(cli, what->path);
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
        if (view.ops->ready)
            view.ops->ready(&view);
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
