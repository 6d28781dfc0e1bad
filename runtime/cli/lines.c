/* SPDX-License-Identifier: MIT
 *
 * Journal rows as lines for people; see lines.h. One function a kind of row, found by a table. */
#include "cli/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/plain.h"
#include "base/rrset.h"
#include "cli/vote.h"
#include "journal/rows.h"

#define MOST_TEXT 300

/* Text of strangers (a banner, an error), as much of it as a line needs. say() makes every text plain; here
 * it must not break the lines of a question. */
static void add_clean(struct mu_buf *buf, const char *text)
{
    size_t len = strnlen(text, MOST_TEXT);
    bool cut = text[len] != '\0';
    while (cut && len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
        len--;
    char *part = mu_xstrndup(text, len);
    mu_plain(buf, part, false);
    mu_buf_adds(buf, cut ? "..." : "");
    free(part);
}

static void add_rrset(struct mu_buf *buf, const json_t *value)
{
    struct mu_buf text = {0};
    mu_rrset_text(value, &text);
    mu_plain(buf, mu_buf_text(&text), false);
    mu_buf_free(&text);
}

/* The plain values of an argument list, as a person would say the call. */
static void add_args(struct mu_buf *buf, const char *args)
{
    json_t *list = mu_json_parse(args, strlen(args), NULL), *item;
    size_t i;
    json_array_foreach(list, i, item)
    {
        if (json_is_string(item)) {
            mu_buf_addc(buf, ' ');
            add_clean(buf, json_string_value(item));
        } else if (json_is_integer(item)) {
            mu_buf_addf(buf, " %lld", (long long)json_integer_value(item));
        }
    }
    json_decref(list);
}

static void completion(const struct mu_row *row, const json_t *value, struct line *line)
{
    if (strcmp(row->verb, "sleep") == 0 || !json_is_object(value))
        return;
    line->kind = LINE_PROBE;
    line->tag = "probe";
    mu_buf_adds(&line->text, row->verb);
    add_args(&line->text, row->args);
    const char *verdict = mu_json_str(value, "verdict", NULL), *why = mu_json_str(value, "why", "");
    if (verdict)
        mu_buf_addf(&line->text, ": %s", verdict);
    else
        mu_buf_adds(&line->text, mu_json_bool(value, "ok", true) ? ": ok" : ": FAILED");
    if (why[0]) {
        mu_buf_adds(&line->text, " - ");
        add_clean(&line->text, why);
    } else if (mu_json_get(value, "mx")) {
        mu_buf_adds(&line->text, " - ");
        mu_rrset_text(value, &line->text);
    }
}

static bool is_gate(const struct mu_row *row)
{
    return mu_gate_kind(row->verb) != NULL;
}

/* ": mx1.example.com | mx2.example.com" */
static void add_choices(struct mu_buf *buf, const json_t *choices)
{
    size_t i;
    json_t *choice;
    json_array_foreach(choices, i, choice)
    {
        mu_buf_adds(buf, i ? " | " : ": ");
        add_clean(buf, json_string_value(choice));
    }
}

static void intent(const struct mu_row *row, const json_t *value, struct line *line)
{
    char when[MU_TIME_TEXT];
    bool foreseen = mu_json_bool(value, "foreseen", false);
    if (is_gate(row)) {
        line->kind = LINE_ASK;
        line->tag = foreseen ? "would ask" : "ASK";
        add_clean(&line->text, mu_json_str(value, "title", ""));
        mu_buf_addf(&line->text, "  (%s as %s", row->verb, mu_json_str(value, "by", "?"));
        int64_t deadline = mu_json_int(value, "deadline_ms", 0);
        if (deadline && !foreseen)
            mu_buf_addf(&line->text, ", until %s", mu_time_hms(deadline, when));
        mu_buf_adds(&line->text, ")");
        add_choices(&line->text, mu_json_get(value, "choices"));
        return;
    }
    line->kind = LINE_ACT;
    line->tag = foreseen ? (mu_json_get(value, "recipients") ? "would tell" : "would do") : "ACT";
    add_clean(&line->text, mu_json_str(value, "shown", row->verb));
    if (mu_json_get(value, "target")) {
        mu_buf_adds(&line->text, "  at ");
        add_clean(&line->text, mu_json_str(value, "target", ""));
    }
}

static void add_reached(struct mu_buf *buf, const json_t *sent)
{
    size_t i;
    json_t *item;
    json_array_foreach(sent, i, item)
    {
        mu_buf_addf(buf, "%s%s %s%s%s", i ? "; " : "", mu_json_str(item, "recipient", "?"),
                    mu_json_bool(item, "ok", false) ? "via " : "NOT REACHED: ",
                    mu_json_bool(item, "ok", false) ? mu_json_str(item, "channel", "?") : "",
                    mu_json_bool(item, "ok", false) ? "" : mu_json_str(item, "why", ""));
    }
}

/* "  served by 4/4 authoritative addresses" */
static void add_servers(struct mu_buf *buf, const json_t *servers)
{
    size_t i, good = 0;
    json_t *server;
    json_array_foreach(servers, i, server)
    {
        good += mu_json_bool(server, "ok", false);
    }
    if (json_array_size(servers))
        mu_buf_addf(buf, "  served by %zu/%zu authoritative addresses", good,
                    json_array_size(servers));
}

static void gate_outcome(const json_t *answer, struct line *line)
{
    line->kind = LINE_ANSWER;
    line->tag = "answer";
    mu_buf_adds(&line->text, mu_json_str(answer, "how", "?"));
    if (mu_json_str(answer, "text", "")[0]) {
        mu_buf_adds(&line->text, mu_json_bool(answer, "yes", false) ? ": \"" : ", taken as \"");
        add_clean(&line->text, mu_json_str(answer, "text", ""));
        mu_buf_adds(&line->text, "\"");
    }
    const char *by = mu_json_str(mu_json_get(answer, "by"), "name", NULL),
               *reason = mu_json_str(answer, "reason", "");
    if (by)
        mu_buf_addf(&line->text, " by %s", by);
    if (reason[0]) {
        mu_buf_adds(&line->text, ": ");
        add_clean(&line->text, reason);
    }
}

static void outcome(const struct mu_row *row, const json_t *value, struct line *line)
{
    const json_t *error = mu_json_get(value, "error"), *result = mu_json_get(value, "value");
    if (error) {
        line->kind = LINE_TROUBLE;
        line->tag = "FAILED";
        mu_buf_addf(&line->text, "%s: ", row->verb);
        add_clean(&line->text, mu_json_str(error, "why", ""));
        return;
    }
    if (is_gate(row)) {
        gate_outcome(result, line);
        return;
    }
    const char *how = mu_json_str(value, "how", "sent");
    line->kind = LINE_DONE;
    line->tag = strcmp(how, "foreseen") == 0 ? "foreseen" : "done";
    mu_buf_adds(&line->text, row->verb);
    if (strcmp(how, "readback") == 0)
        mu_buf_adds(&line->text, " (its reply was lost; read back: it had taken effect)");
    else if (strcmp(how, "person") == 0)
        mu_buf_addf(&line->text, " (%s, says %s)",
                    mu_json_bool(result, "skipped", false) ? "gone on without it"
                                                           : "it took effect",
                    mu_json_str(mu_json_get(value, "who"), "name", "?"));
    if (mu_json_get(result, "sent")) {
        mu_buf_adds(&line->text, ": ");
        add_reached(&line->text, mu_json_get(result, "sent"));
    } else if (mu_json_get(result, "after")) {
        mu_buf_adds(&line->text, ": ");
        mu_rrset_text(mu_json_get(result, "after"), &line->text);
        add_servers(&line->text, mu_json_get(result, "servers"));
    }
}

/* --- notes and host rows, by verb --- */

static void note_step(const json_t *value, struct line *line)
{
    line->kind = LINE_STEP;
    line->tag = "STEP";
    add_clean(&line->text, mu_json_str(value, "title", ""));
}

static void note_finding(const json_t *value, struct line *line)
{
    line->kind = LINE_TROUBLE;
    line->tag = "finding";
    mu_buf_addf(&line->text, "%s: ", mu_json_str(value, "severity", ""));
    add_clean(&line->text, mu_json_str(value, "what", ""));
    mu_buf_adds(&line->text, ": ");
    add_clean(&line->text, mu_json_str(value, "message", ""));
}

static void note_text(const json_t *value, struct line *line)
{
    line->kind = LINE_DETAIL;
    line->tag = "";
    add_clean(&line->text, mu_json_str(value, "text", ""));
}

static void host_anchor(const json_t *value, struct line *line)
{
    line->kind = LINE_DETAIL;
    line->tag = "anchor";
    mu_buf_addf(&line->text, "head of row %lld, %.16s..., to ",
                (long long)mu_json_int(value, "row", 0), mu_json_str(value, "head", ""));
    add_clean(&line->text, mu_json_str(value, "to", ""));
}

static void note_evidence(const json_t *value, struct line *line)
{
    line->kind = LINE_DETAIL;
    line->tag = "evidence";
    add_clean(&line->text, mu_json_str(value, "what", ""));
}

static void note_milestone(const json_t *value, struct line *line)
{
    char when[MU_TIME_TEXT];
    line->kind = LINE_DETAIL;
    line->tag = "milestone";
    mu_buf_addf(&line->text, "%s at %s", mu_json_str(value, "name", ""),
                mu_time_local(mu_json_int(value, "at", 0), when));
}

const char *line_world(const char *world)
{
    static const struct {
        const char *world, *said;
    } worlds[] = {{"live", "LIVE"},
                  {"drill", "DRILL: production is not touched"},
                  {"dry-run", "DRY RUN: nothing is changed, nobody is told"},
                  {"sim", "SIMULATED: nothing of it is real"}};
    for (size_t i = 0; i < MU_COUNT(worlds); i++)
        if (strcmp(worlds[i].world, world) == 0)
            return worlds[i].said;
    return world;
}

static void host_start(const json_t *value, struct line *line)
{
    const json_t *playbook = mu_json_get(value, "playbook");
    line->kind = LINE_HOST;
    line->tag = "RUN";
    mu_buf_addf(&line->text, "%s  %s@%s  %s", mu_json_str(value, "run", ""),
                mu_json_str(playbook, "name", ""), mu_json_str(playbook, "version", ""),
                line_world(mu_json_str(value, "world", "")));
    if (mu_json_str(value, "incident", "")[0])
        mu_buf_addf(&line->text, "  %s", mu_json_str(value, "incident", ""));
    const char *why = mu_json_str(mu_json_get(value, "source"), "why", NULL);
    if (why) {
        mu_buf_adds(&line->text, "  ");
        add_clean(&line->text, why);
    }
}

static void host_resume(const json_t *value, struct line *line)
{
    char away[MU_TIME_TEXT];
    line->kind = LINE_HOST;
    line->tag = "resumed";
    mu_buf_addf(&line->text, "by process %lld after %s", (long long)mu_json_int(value, "pid", 0),
                mu_duration_text(mu_json_int(value, "down_ms", 0), away));
    if (mu_json_get(value, "stopped")) {
        mu_buf_adds(&line->text, "; nothing could be written before: ");
        add_clean(&line->text, mu_json_str(value, "stopped", ""));
    }
}

static void host_park(const json_t *value, struct line *line)
{
    line->kind = LINE_TROUBLE;
    line->tag = "PARKED";
    mu_buf_addf(&line->text, "(%s) ", mu_json_str(value, "why", ""));
    add_clean(&line->text, mu_json_str(value, "text", ""));
}

static void host_told(const json_t *value, struct line *line)
{
    line->kind = LINE_DETAIL;
    line->tag = "told";
    mu_buf_addf(&line->text, "%s (%s)%s", mu_json_str(value, "to", ""),
                mu_json_str(value, "kind", ""),
                mu_json_bool(value, "ok", false) ? "" : " FAILED: ");
    if (!mu_json_bool(value, "ok", false))
        add_clean(&line->text, mu_json_str(value, "why", ""));
}

static void host_gate(const json_t *value, struct line *line)
{
    line->kind = LINE_DETAIL;
    line->tag = "gate";
    const char *kind = mu_json_str(value, "kind", "");
    if (mu_json_get(value, "silent"))
        mu_buf_addf(&line->text, "%s did not answer; now %s is asked",
                    mu_json_str(value, "silent", ""), mu_json_str(value, "asks", ""));
    else {
        mu_buf_adds(&line->text, strcmp(kind, "ack") == 0 ? "take it with: " : "answer with: ");
        vote_commands(kind, mu_json_str(value, "code", ""), &line->text);
    }
}

static void host_cancel(const json_t *value, struct line *line)
{
    line->kind = LINE_TROUBLE;
    line->tag = "cancel";
    mu_buf_addf(&line->text, "by %s: ", mu_json_str(mu_json_get(value, "who"), "name", "?"));
    add_clean(&line->text, mu_json_str(value, "reason", ""));
}

static void host_unpark(const json_t *value, struct line *line)
{
    line->kind = LINE_ANSWER;
    line->tag = "go on";
    mu_buf_addf(&line->text, "said by %s: ", mu_json_str(mu_json_get(value, "who"), "name", "?"));
    add_clean(&line->text, mu_json_str(value, "reason", ""));
}

static void host_refused(const json_t *value, struct line *line)
{
    line->kind = LINE_TROUBLE;
    line->tag = "refused";
    mu_buf_addf(&line->text, "\"go on\" of %s does not count: %s",
                mu_json_str(mu_json_get(value, "who"), "name", "?"), mu_json_str(value, "why", ""));
}

static void host_doubt(const json_t *value, struct line *line)
{
    line->kind = LINE_TROUBLE;
    line->tag = "in doubt";
    mu_buf_addf(&line->text, "%s: ", mu_json_str(value, "verb", ""));
    add_clean(&line->text, mu_json_str(value, "why", ""));
}

static void host_again(const json_t *value, struct line *line)
{
    line->kind = LINE_ACT;
    line->tag = "again";
    mu_buf_addf(&line->text, "%s is sent again: ", mu_json_str(value, "verb", ""));
    add_clean(&line->text, mu_json_str(value, "why", ""));
}

static void host_unsent(const json_t *value, struct line *line)
{
    line->kind = LINE_TROUBLE;
    line->tag = "not sent";
    mu_buf_addf(&line->text, "%s: ", mu_json_str(value, "verb", ""));
    add_clean(&line->text, mu_json_str(value, "why", ""));
    if (mu_json_bool(value, "repeated", false))
        mu_buf_addf(&line->text, "; an earlier sending is in doubt as before");
}

static void host_clock(const json_t *value, struct line *line)
{
    char by[MU_TIME_TEXT];
    int64_t jump_ms = mu_json_int(value, "jump_ms", 0);
    line->kind = LINE_HOST;
    line->tag = "clock";
    mu_buf_addf(
        &line->text, "the wall clock jumped by %s %s; waits and deadlines last as long as before",
        mu_duration_text(jump_ms < 0 ? -jump_ms : jump_ms, by), jump_ms < 0 ? "back" : "ahead");
}

static void host_decide(const json_t *value, struct line *line)
{
    line->kind = LINE_ANSWER;
    line->tag = "decided";
    mu_buf_addf(&line->text, "%s: %s, says %s: ", mu_json_str(value, "verb", ""),
                mu_json_str(value, "decision", ""),
                mu_json_str(mu_json_get(value, "who"), "name", "?"));
    add_clean(&line->text, mu_json_str(value, "reason", ""));
    if (mu_json_get(value, "refused"))
        mu_buf_addf(&line->text, "  (without effect: %s)", mu_json_str(value, "refused", ""));
}

static void host_lock(const json_t *value, struct line *line)
{
    const char *taker = mu_json_str(value, "taker", "");
    bool lost = strcmp(mu_json_str(value, "event", ""), "lost") == 0;
    line->kind = lost ? LINE_TROUBLE : LINE_HOST;
    line->tag = "lock";
    add_clean(&line->text, mu_json_str(value, "lock", ""));
    if (lost)
        mu_buf_addf(&line->text, " was taken by %s%s%s",
                    mu_json_str(mu_json_get(value, "who"), "name", "?"), taker[0] ? " for " : "",
                    taker);
    else
        mu_buf_adds(&line->text, " is this run's");
    mu_buf_adds(&line->text, ": ");
    add_clean(&line->text, mu_json_str(value, "reason", ""));
}

static void add_zone(struct mu_buf *text, const json_t *value)
{
    const char *zone = mu_json_str(value, "zone", "");
    add_clean(text, zone[0] ? zone : "everything");
}

static void host_frozen(const json_t *value, struct line *line)
{
    line->kind = LINE_TROUBLE;
    line->tag = "FROZEN";
    mu_buf_addf(&line->text, "%s waits for thaw of ", mu_json_str(value, "verb", ""));
    add_zone(&line->text, value);
    mu_buf_addf(&line->text, ", frozen by %s: ", mu_json_str(value, "who", "?"));
    add_clean(&line->text, mu_json_str(value, "reason", ""));
}

static void host_thawed(const json_t *value, struct line *line)
{
    char waited[MU_TIME_TEXT];
    const char *reason = mu_json_str(value, "reason", "");
    line->kind = LINE_HOST;
    line->tag = "thawed";
    add_zone(&line->text, value);
    mu_buf_addf(&line->text, " by %s%s", mu_json_str(value, "who", "?"), reason[0] ? ": " : "");
    add_clean(&line->text, reason);
    mu_buf_addf(&line->text, "; %s waited %s", mu_json_str(value, "verb", ""),
                mu_duration_text(mu_json_int(value, "waited_ms", 0), waited));
}

static void host_comment(const json_t *value, struct line *line)
{
    line->kind = LINE_DETAIL;
    line->tag = "note";
    mu_buf_addf(&line->text, "%s: ", mu_json_str(mu_json_get(value, "who"), "name", "?"));
    add_clean(&line->text, mu_json_str(value, "text", ""));
}

static void host_end(const json_t *value, struct line *line)
{
    char took[MU_TIME_TEXT];
    line->kind = LINE_END;
    line->tag = mu_json_get(value, "outlook") ? "WOULD END" : "END";
    mu_buf_addf(&line->text, "%s", mu_json_str(value, "result", ""));
    if (mu_json_str(value, "why", "")[0]) {
        mu_buf_adds(&line->text, ": ");
        add_clean(&line->text, mu_json_str(value, "why", ""));
    }
    mu_buf_addf(&line->text, "  (%s, %s)", mu_json_str(value, "state", ""),
                mu_duration_text(mu_json_int(value, "took_ms", 0), took));
}

static const struct {
    char type;
    const char *verb;
    void (*say)(const json_t *, struct line *);
} sayings[] = {
    {'n', "step", note_step},           {'n', "finding", note_finding},
    {'n', "tell", note_text},           {'n', "evidence", note_evidence},
    {'n', "milestone", note_milestone}, {'h', "start", host_start},
    {'h', "resume", host_resume},       {'h', "park", host_park},
    {'h', "told", host_told},           {'h', "progress", note_text},
    {'h', "gate", host_gate},           {'h', "cancel", host_cancel},
    {'h', "comment", host_comment},     {'h', "end", host_end},
    {'h', "unpark", host_unpark},       {'h', "doubt", host_doubt},
    {'h', "refused", host_refused},     {'h', "again", host_again},
    {'h', "unsent", host_unsent},       {'h', "decide", host_decide},
    {'h', "lock", host_lock},           {'h', "frozen", host_frozen},
    {'h', "thawed", host_thawed},       {'h', "clock", host_clock},
    {'h', "anchor", host_anchor},
};

void line_of(const struct mu_row *row, struct line *line)
{
    *line = (struct line){.kind = LINE_NONE, .tag = ""};
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    if (row->type == MU_ROW_COMPLETION)
        completion(row, value, line);
    else if (row->type == MU_ROW_INTENT)
        intent(row, value, line);
    else if (row->type == MU_ROW_OUTCOME)
        outcome(row, value, line);
    for (size_t i = 0; i < MU_COUNT(sayings); i++)
        if (sayings[i].type == row->type && strcmp(sayings[i].verb, row->verb) == 0)
            sayings[i].say(value, line);
    json_decref(value);
}

const char *line_color(enum line_kind kind)
{
    static const char *const colors[] = {
        [LINE_STEP] = "bold", [LINE_ACT] = "yellow",  [LINE_DONE] = "green", [LINE_TROUBLE] = "red",
        [LINE_ASK] = "blue",  [LINE_ANSWER] = "blue", [LINE_DETAIL] = "dim", [LINE_PROBE] = "dim",
        [LINE_HOST] = "bold", [LINE_END] = "bold",
    };
    return kind < MU_COUNT(colors) && colors[kind] ? colors[kind] : "reset";
}

void line_question(const struct mu_row *row, struct mu_buf *out)
{
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    line_asked(value, out);
    json_decref(value);
}

void line_asked(const json_t *value, struct mu_buf *out)
{
    json_t *show = mu_json_get(value, "show"), *item;
    size_t i;
    add_clean(out, mu_json_str(value, "title", ""));
    mu_buf_adds(out, "\n");
    json_array_foreach(json_object_get(show, "items"), i, item)
    {
        if (mu_json_str(item, "why", "")[0] == '\0')
            continue;
        mu_buf_adds(out, "    ");
        add_clean(out, mu_json_str(item, "why", ""));
        mu_buf_adds(out, "\n");
    }
    const char *key;
    json_object_foreach(show, key, item)
    {
        if (json_is_string(item)) { /* { show = { ["if we wait"] = "senders retry 4-5 days" } } */
            mu_buf_adds(out, "    ");
            add_clean(out, key);
            for (int at = mu_plain_columns(key); at < 14; at++)
                mu_buf_addc(out, ' ');
            add_clean(out, json_string_value(item));
            mu_buf_adds(out, "\n");
        }
    }
    const json_t *change = mu_json_get(show, "change");
    if (change) {
        mu_buf_adds(out, "    - ");
        add_rrset(out, json_object_get(change, "from"));
        mu_buf_adds(out, "\n    + ");
        add_rrset(out, json_object_get(change, "to"));
        mu_buf_adds(out, "\n");
    }
}
