/* SPDX-License-Identifier: MIT
 *
 * One entry of the timeline in words: what was done or seen, how it is known, and the evidence
 * behind it. One function a kind of entry; the table stands at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "report/document.h"
#include "report/words.h"

#define EVIDENCE_MOST \
    8 /* results of one folded probe that are shown whole; the journal has all \
       */

static int64_t in_ms(int64_t at)
{
    return at < 100000000000LL ? at * 1000 : at; /* the words of the language count seconds */
}

/* --- evidence --- */

static void put_block(const char *name, const char *text, void *ud)
{
    struct writer *writer = ud;
    writer->ops->block(writer, name, text);
}

static bool worth_showing(const json_t *value)
{
    return json_object_size(value) > 1 || json_array_size(value) > 0 ||
           json_string_length(value) > 0;
}

static void put_evidence(struct writer *writer, const char *summary, const json_t *value)
{
    if (!worth_showing(value))
        return;
    char *outline = words_outline(value);
    writer->ops->detail_begin(writer, summary);
    if (outline[0])
        writer->ops->block(writer, "", outline);
    words_blocks(value, put_block, writer);
    writer->ops->detail_end(writer);
    free(outline);
}

/* --- probes --- */

static enum tone tone_of(const json_t *value, bool ok)
{
    static const struct {
        const char *verdict;
        enum tone tone;
    } tones[] = {{"up", TONE_GOOD},       {"ok", TONE_GOOD},          {"pass", TONE_GOOD},
                 {"go", TONE_GOOD},       {"down", TONE_BAD},         {"fail", TONE_BAD},
                 {"rejecting", TONE_BAD}, {"no-go", TONE_BAD},        {"warn", TONE_WARN},
                 {"busy", TONE_WARN},     {"inconclusive", TONE_WARN}};
    const char *verdict = mu_json_str(value, "verdict", NULL);
    for (size_t i = 0; verdict && i < MU_COUNT(tones); i++)
        if (strcmp(tones[i].verdict, verdict) == 0)
            return tones[i].tone;
    return ok ? TONE_PLAIN : TONE_BAD;
}

/* "down 02:51:07Z, up 03:01:12Z" */
static void put_changes(struct writer *writer, const struct entry *entry)
{
    struct mu_buf buf = {0};
    for (size_t i = 0; i < entry->change_count; i++) {
        char when[MU_TIME_TEXT];
        mu_time_utc(entry->changes[i].at, when);
        const char *hour = strchr(when, 'T');
        mu_buf_addf(&buf, "%s%s at %s", i ? ", then " : "", entry->changes[i].text,
                    hour ? hour + 1 : when);
    }
    if (entry->changes_dropped)
        mu_buf_addf(&buf, ", and %u more changes", entry->changes_dropped);
    if (entry->change_count > 1)
        writer->ops->line(writer, TONE_PLAIN, mu_buf_text(&buf));
    mu_buf_free(&buf);
}

static void put_probe_evidence(struct writer *writer, const struct entry *entry)
{
    size_t most = entry->change_count < EVIDENCE_MOST ? entry->change_count : EVIDENCE_MOST;
    for (size_t i = 0; i < most; i++) {
        char when[WORDS_WHEN];
        struct mu_buf summary = {0};
        mu_buf_addf(&summary, "Evidence: %s", entry->changes[i].text);
        if (entry->change_count > 1)
            mu_buf_addf(&summary, ", %s", words_when(entry->changes[i].at, when));
        put_evidence(writer, mu_buf_text(&summary), entry->changes[i].value);
        mu_buf_free(&summary);
    }
}

static void put_probe(struct writer *writer, const struct entry *entry)
{
    char *args = words_args(entry->args), *result = words_result(entry->value), took[MU_TIME_TEXT];
    struct mu_buf text = {0};
    mu_buf_adds(&text, args);
    if (entry->count > 1)
        mu_buf_addf(&text, " \xC3\x97%u in %s", entry->count,
                    mu_duration_text(entry->until - entry->at, took));
    writer->ops->entry_begin(writer, entry->at, tone_of(entry->value, entry->ok), entry->verb,
                             mu_buf_text(&text));
    put_changes(writer, entry);
    document_line(writer, tone_of(entry->value, entry->ok), "%s%s",
                  entry->count > 1 ? "last: " : "", result);
    put_probe_evidence(writer, entry);
    writer->ops->entry_end(writer);
    mu_buf_free(&text);
    free(result);
    free(args);
}

static void put_wait(struct writer *writer, const struct entry *entry)
{
    char text[120], took[MU_TIME_TEXT];
    if (entry->count > 1)
        snprintf(text, sizeof text, "%u times within %s", entry->count,
                 mu_duration_text(entry->until - entry->at, took));
    else
        text[0] = '\0';
    writer->ops->entry_begin(writer, entry->at, TONE_PLAIN, "waited", text);
    writer->ops->entry_end(writer);
}

/* --- acts --- */

static const char *known_from(const char *how)
{
    static const char *const words[][2] = {{"sent", "known from the reply"},
                                           {"readback", "known from reading it back"},
                                           {"person", "known from a person"},
                                           {"foreseen", "not sent, foreseen"},
                                           {"not sent", "it never left"}};
    for (size_t i = 0; i < MU_COUNT(words); i++)
        if (strcmp(words[i][0], how) == 0)
            return words[i][1];
    return how;
}

static void put_outcome(struct writer *writer, const struct entry *entry)
{
    char took[MU_TIME_TEXT];
    mu_duration_text(entry->until - entry->at, took);
    if (!entry->done)
        writer->ops->line(writer, TONE_WARN,
                          "outcome not recorded: whether it took effect is in doubt");
    else if (strcmp(entry->how, "foreseen") == 0)
        writer->ops->line(writer, TONE_PLAIN, "not sent: this is a dry run");
    else if (entry->ok)
        document_line(writer, TONE_GOOD, "took effect after %s, %s", took, known_from(entry->how));
    else if (mu_json_bool(entry->value, "in_doubt", false))
        document_line(writer, TONE_WARN,
                      "IN DOUBT after %s, whether it took effect is not known: %s", took,
                      mu_json_str(entry->value, "why", "no reason given"));
    else if (mu_json_bool(entry->value, "done", false))
        document_line(writer, TONE_WARN, "took effect, and after %s failed (%s): %s", took,
                      mu_json_str(entry->value, "class", "error"),
                      mu_json_str(entry->value, "why", "no reason given"));
    else
        document_line(writer, TONE_BAD, "failed after %s (%s), %s: %s", took,
                      mu_json_str(entry->value, "class", "error"), known_from(entry->how),
                      mu_json_str(entry->value, "why", "no reason given"));
}

/* What a change of DNS data says about the time after it. */
static void put_aftermath(struct writer *writer, const json_t *value)
{
    char when[WORDS_WHEN];
    int64_t cached_until = mu_json_int(value, "cached_until", 0);
    if (json_is_false(mu_json_get(value, "confirmed")))
        writer->ops->line(writer, TONE_WARN, "not every authoritative server was seen to serve it");
    if (cached_until > 0)
        document_line(writer, TONE_PLAIN, "the old answer may be cached until %s",
                      words_when(in_ms(cached_until), when));
}

static void put_progress(struct writer *writer, const struct entry *entry)
{
    size_t i;
    json_t *item;
    json_array_foreach(entry->progress, i, item)
    {
        char when[MU_TIME_TEXT];
        mu_time_utc(mu_json_int(item, "at", 0), when);
        const char *hour = strchr(when, 'T');
        document_line(writer, TONE_PLAIN, "%s %s", hour ? hour + 1 : when,
                      mu_json_str(item, "text", ""));
    }
}

static void put_diff(struct writer *writer, const json_t *before, const json_t *after)
{
    if (before == NULL && after == NULL)
        return;
    char *diff = words_diff(before, after);
    if (diff[0])
        writer->ops->diff(writer, diff);
    free(diff);
}

#define TOLD_MOST 12 /* lines of one message's recipients; "Who was told" has all */

static void put_told_line(struct writer *writer, const json_t *item)
{
    bool ok = mu_json_bool(item, "ok", false);
    const char *over = mu_json_str(item, "over", ""), *why = mu_json_str(item, "why", "");
    document_line(writer, ok ? TONE_GOOD : TONE_BAD, "%s%s%s %s%s%s", mu_json_str(item, "to", "?"),
                  over[0] ? " over " : "", over, ok ? "was told" : "was NOT told",
                  why[0] ? ": " : "", why);
}

/* Those who were not told first: there is something to do about them. */
static void put_told_by(struct writer *writer, const struct entry *entry)
{
    json_t *told = told_by(entry), *item;
    size_t i, shown = 0;
    for (int good = 0; good < 2; good++)
        json_array_foreach(told, i, item)
        {
            if (mu_json_bool(item, "ok", false) == good && shown++ < TOLD_MOST)
                put_told_line(writer, item);
        }
    if (shown > TOLD_MOST)
        document_line(writer, TONE_PLAIN, "and %zu more", shown - TOLD_MOST);
    json_decref(told);
}

static void put_recipients(struct writer *writer, const json_t *list)
{
    struct mu_buf buf = {0};
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *to = json_is_string(item)
                             ? json_string_value(item)
                             : mu_json_str(item, "recipient", mu_json_str(item, "to", "?"));
        mu_buf_addf(&buf, "%s%s", i ? ", " : "to: ", to);
    }
    if (buf.len)
        writer->ops->line(writer, TONE_PEOPLE, mu_buf_text(&buf));
    mu_buf_free(&buf);
}

static void put_message(struct writer *writer, const json_t *intent)
{
    const char *text = mu_json_str(intent, "text", NULL),
               *subject = mu_json_str(intent, "subject", "");
    if (text == NULL)
        return;
    char *summary = mu_xasprintf("Message%s%s", subject[0] ? ": " : "", subject);
    writer->ops->detail_begin(writer, summary);
    writer->ops->block(writer, "", text);
    writer->ops->detail_end(writer);
    free(summary);
}

/* What an intent holds beyond what the entry shows already. */
static json_t *rest_of_intent(const json_t *intent)
{
    static const char *const shown[] = {"shown",      "before",   "after", "target",  "undo",
                                        "recipients", "foreseen", "key",   "subject", "text"};
    json_t *rest = intent ? json_copy((json_t *)intent) : json_object();
    for (size_t i = 0; i < MU_COUNT(shown); i++)
        json_object_del(rest, shown[i]);
    return rest;
}

static void put_act_evidence(struct writer *writer, const struct entry *entry)
{
    json_t *intent = rest_of_intent(entry->intent);
    put_message(writer, entry->intent);
    put_evidence(writer, "What was intended", intent);
    if (entry->ok)
        put_evidence(writer, "What came back", entry->value);
    json_decref(intent);
}

static void put_act(struct writer *writer, const struct entry *entry)
{
    const char *shown = mu_json_str(entry->intent, "shown", NULL),
               *target = mu_json_str(entry->intent, "target", NULL);
    const json_t *undo = mu_json_get(entry->intent, "undo");
    char *args = words_args(entry->args);
    size_t verb_len = strlen(entry->verb);
    if (shown && strncmp(shown, entry->verb, verb_len) == 0)
        shown += verb_len + (shown[verb_len] == ' ');
    writer->ops->entry_begin(writer, entry->at, entry->done && !entry->ok ? TONE_BAD : TONE_ACT,
                             entry->verb, shown ? shown : args);
    if (target)
        document_line(writer, TONE_PLAIN, "at %s", target);
    put_diff(writer, mu_json_get(entry->intent, "before"), mu_json_get(entry->intent, "after"));
    put_progress(writer, entry);
    put_outcome(writer, entry);
    if (entry->ok)
        put_aftermath(writer, entry->value);
    if (strcmp(entry->how, "foreseen") == 0)
        put_recipients(writer, mu_json_get(entry->intent, "recipients"));
    else
        put_told_by(writer, entry);
    if (undo)
        document_line(writer, TONE_PLAIN, "undo recorded: %s",
                      mu_json_str(undo, "title", entry->verb));
    put_act_evidence(writer, entry);
    writer->ops->entry_end(writer);
    free(args);
}

void document_foreseen(struct writer *writer, int64_t at, const json_t *item)
{
    const char *verb = mu_json_str(item, "verb", mu_json_str(item, "kind", "")),
               *target = mu_json_str(item, "target", NULL);
    const char *shown = mu_json_str(item, "shown", mu_json_str(item, "title", "")),
               *text = mu_json_str(item, "text", NULL);
    size_t verb_len = strlen(verb);
    if (strncmp(shown, verb, verb_len) == 0 && shown[verb_len] == ' ')
        shown += verb_len + 1;
    writer->ops->entry_begin(writer, at, TONE_ACT, verb, shown);
    if (target)
        document_line(writer, TONE_PLAIN, "at %s", target);
    if (mu_json_str(item, "by", NULL))
        document_line(writer, TONE_PEOPLE, "asked: %s", mu_json_str(item, "by", ""));
    put_recipients(writer, mu_json_get(item, "recipients"));
    put_diff(writer, mu_json_get(item, "before"), mu_json_get(item, "after"));
    if (text) {
        struct mu_buf message = {0};
        if (mu_json_str(item, "subject", NULL))
            mu_buf_addf(&message, "%s\n\n", mu_json_str(item, "subject", ""));
        mu_buf_adds(&message, text);
        writer->ops->block(writer, "", mu_buf_text(&message));
        mu_buf_free(&message);
    }
    if (mu_json_str(item, "src", "")[0])
        writer->ops->line(writer, TONE_PLAIN, mu_json_str(item, "src", ""));
    writer->ops->entry_end(writer);
}

/* --- gates --- */

static void put_choices(struct mu_buf *buf, const json_t *choices)
{
    size_t i;
    json_t *choice;
    json_array_foreach(choices, i, choice)
    {
        mu_buf_addf(buf, "%s\"%s\"", i ? ", " : ", to choose from ", json_string_value(choice));
    }
}

static void put_asked(struct writer *writer, const json_t *gate)
{
    char when[WORDS_WHEN];
    struct mu_buf buf = {0};
    int64_t quorum = mu_json_int(gate, "quorum", 1), deadline = mu_json_int(gate, "deadline_ms", 0);
    const char *then_ask = mu_json_str(gate, "then_ask", "");
    mu_buf_addf(&buf, "asked %s", mu_json_str(gate, "by", "nobody"));
    if (quorum > 1)
        mu_buf_addf(&buf, ", %lld people needed", (long long)quorum);
    if (deadline)
        mu_buf_addf(&buf, ", until %s", words_when(deadline, when));
    if (then_ask[0])
        mu_buf_addf(&buf, ", then %s", then_ask);
    put_choices(&buf, mu_json_get(gate, "choices"));
    writer->ops->line(writer, TONE_PEOPLE, mu_buf_text(&buf));
    mu_buf_free(&buf);
}

static void put_shown(struct writer *writer, const json_t *show)
{
    const json_t *items = mu_json_get(show, "items"), *change = mu_json_get(show, "change");
    size_t i;
    json_t *item;
    json_array_foreach(items ? items : show, i, item)
    {
        char *text = words_result(item);
        document_line(writer, TONE_PLAIN, "shown: %s", text);
        free(text);
    }
    put_diff(writer, mu_json_get(change, "from"), mu_json_get(change, "to"));
}

static void put_votes(struct writer *writer, const json_t *votes)
{
    size_t i;
    json_t *vote;
    json_array_foreach(votes, i, vote)
    {
        char when[WORDS_WHEN];
        const char *reason = mu_json_str(vote, "reason", ""), *from = mu_json_str(vote, "from", "");
        const char *answer = mu_json_str(vote, "answer", "?");
        bool taken_back = strcmp(answer, "withdraw") == 0;
        document_line(
            writer, TONE_PEOPLE, "%s %s%s%s%s%s, %s%s%s", mu_json_str(vote, "who", "somebody"),
            taken_back ? "took the answer back" : "answered \"",
            taken_back ? "" : mu_json_str(vote, "text", answer), taken_back ? "" : "\"",
            from[0] ? " from " : "", from, words_when(in_ms(mu_json_int(vote, "at", 0)), when),
            reason[0] ? ": " : "", reason);
    }
}

static void put_assumed(struct writer *writer, const struct entry *entry)
{
    const char *text = mu_json_str(entry->value, "text", NULL);
    if (text)
        document_line(writer, TONE_PLAIN, "nobody was asked: the dry run assumed \"%s\"", text);
    else
        writer->ops->line(writer, TONE_PLAIN, "nobody was asked: the dry run assumed a yes");
}

static void put_decided(struct writer *writer, const struct entry *entry)
{
    char took[MU_TIME_TEXT];
    const char *how = mu_json_str(entry->value, "how", "decided"),
               *reason = mu_json_str(entry->value, "reason", ""),
               *text = mu_json_str(entry->value, "text", NULL);
    const char *by = mu_json_str(mu_json_get(entry->value, "by"), "name", "");
    bool yes = mu_json_bool(entry->value, "yes", false);
    document_line(writer, yes ? TONE_GOOD : TONE_BAD, "%s%s%s%s%s%s after %s%s%s", how,
                  by[0] ? " by " : "", by, text ? (yes ? ", \"" : ", taken as \"") : "",
                  text ? text : "", text ? "\"" : "",
                  mu_duration_text(entry->until - entry->at, took), reason[0] ? ": " : "", reason);
}

static void put_decision(struct writer *writer, const struct entry *entry)
{
    if (!entry->done)
        writer->ops->line(writer, TONE_WARN, "not decided");
    else if (strcmp(entry->how, "foreseen") == 0)
        put_assumed(writer, entry);
    else if (!entry->ok)
        document_line(writer, TONE_BAD, "could not be asked: %s",
                      mu_json_str(entry->value, "why", "no reason given"));
    else
        put_decided(writer, entry);
}

static void put_gate(struct writer *writer, const struct entry *entry)
{
    static const char *const heads[][2] = {{"approve", "asked to approve"},
                                           {"ask", "asked"},
                                           {"todo", "asked to do"},
                                           {"ack", "asked to acknowledge"}};
    const char *head = entry->verb;
    for (size_t i = 0; i < MU_COUNT(heads); i++)
        if (strcmp(heads[i][0], entry->verb) == 0)
            head = heads[i][1];
    writer->ops->entry_begin(writer, entry->at, TONE_PEOPLE, head,
                             mu_json_str(entry->intent, "title", ""));
    put_asked(writer, entry->intent);
    put_shown(writer, mu_json_get(entry->intent, "show"));
    put_progress(writer, entry);
    put_votes(writer, mu_json_get(entry->value, "votes"));
    put_decision(writer, entry);
    put_evidence(writer, "All that was shown", mu_json_get(entry->intent, "show"));
    writer->ops->entry_end(writer);
}

/* --- notes --- */

static void put_finding(struct writer *writer, const struct entry *entry)
{
    const char *severity = mu_json_str(entry->value, "severity", "info"),
               *what = mu_json_str(entry->value, "what", "");
    bool bad = strcmp(severity, "high") == 0 || strcmp(severity, "critical") == 0;
    enum tone tone = bad ? TONE_BAD : strcmp(severity, "info") == 0 ? TONE_PLAIN : TONE_WARN;
    char *head = mu_xasprintf("finding (%s)", severity);
    writer->ops->entry_begin(writer, entry->at, tone, head, what);
    if (mu_json_str(entry->value, "message", "")[0])
        writer->ops->line(writer, tone, mu_json_str(entry->value, "message", ""));
    writer->ops->entry_end(writer);
    free(head);
}

static void put_evidence_note(struct writer *writer, const struct entry *entry)
{
    char *line = words_value(mu_json_get(entry->value, "value"), 120);
    writer->ops->entry_begin(writer, entry->at, TONE_PLAIN, "evidence",
                             mu_json_str(entry->value, "what", ""));
    if (!worth_showing(mu_json_get(entry->value, "value")) ||
        json_is_string(mu_json_get(entry->value, "value")))
        writer->ops->line(writer, TONE_PLAIN, line);
    else
        put_evidence(writer, "Evidence", mu_json_get(entry->value, "value"));
    writer->ops->entry_end(writer);
    free(line);
}

static void put_milestone(struct writer *writer, const struct entry *entry)
{
    char when[WORDS_WHEN];
    int64_t at = in_ms(mu_json_int(entry->value, "at", entry->at));
    writer->ops->entry_begin(writer, entry->at, TONE_GOOD, "milestone",
                             mu_json_str(entry->value, "name", ""));
    if (at / 1000 != entry->at / 1000)
        document_line(writer, TONE_PLAIN, "at %s", words_when(at, when));
    writer->ops->entry_end(writer);
}

static void put_tell(struct writer *writer, const struct entry *entry)
{
    writer->ops->entry_begin(writer, entry->at, TONE_PLAIN, "progress",
                             mu_json_str(entry->value, "text", ""));
    writer->ops->entry_end(writer);
}

static void put_end(struct writer *writer, const struct entry *entry)
{
    bool failed = strcmp(entry->verb, "fail") == 0;
    const char *why = mu_json_str(entry->value, "why", "");
    writer->ops->entry_begin(writer, entry->at, failed ? TONE_BAD : TONE_GOOD,
                             failed ? "failed" : "finished",
                             failed ? why : mu_json_str(entry->value, "result", ""));
    if (!failed && why[0])
        writer->ops->line(writer, TONE_PLAIN, why);
    writer->ops->entry_end(writer);
}

static void put_comment(struct writer *writer, const struct entry *entry)
{
    char *who = words_who(mu_json_get(entry->value, "who"));
    writer->ops->entry_begin(writer, entry->at, TONE_PEOPLE, who,
                             mu_json_str(entry->value, "text", ""));
    writer->ops->entry_end(writer);
    free(who);
}

/* --- the host --- */

static void host_resumed(const json_t *value, struct mu_buf *out)
{
    char down[MU_TIME_TEXT];
    const char *stopped = mu_json_str(value, "stopped", "");
    if (stopped[0])
        mu_buf_addf(out, "nothing could be written, so nothing more was done: %s", stopped);
    else
        mu_buf_adds(out, mu_json_bool(value, "died", false)
                             ? "the executor died without a word"
                             : "the executor had left in good order");
    mu_buf_addf(out, "; resumed on %s after %s", mu_json_str(value, "host", "?"),
                mu_duration_text(mu_json_int(value, "down_ms", 0), down));
}

static void host_parked(const json_t *value, struct mu_buf *out)
{
    mu_buf_addf(out, "%s: %s", mu_json_str(value, "why", "?"), mu_json_str(value, "text", ""));
}

static void host_by_person(const json_t *value, struct mu_buf *out)
{
    char *who = words_who(mu_json_get(value, "who"));
    const char *reason = mu_json_str(value, "reason", "");
    mu_buf_addf(out, "by %s%s%s", who, reason[0] ? ": " : "", reason);
    free(who);
}

static void host_decided(const json_t *value, struct mu_buf *out)
{
    mu_buf_addf(out, "%s: %s, ", mu_json_str(value, "verb", ""),
                mu_json_str(value, "decision", ""));
    host_by_person(value, out);
    if (mu_json_get(value, "refused"))
        mu_buf_addf(out, " (without effect: %s)", mu_json_str(value, "refused", ""));
}

static void host_lock(const json_t *value, struct mu_buf *out)
{
    char *who = words_who(mu_json_get(value, "who"));
    const char *taker = mu_json_str(value, "taker", "");
    mu_buf_adds(out, mu_json_str(value, "lock", "?"));
    if (strcmp(mu_json_str(value, "event", ""), "lost") == 0)
        mu_buf_addf(out, " was taken from this run by %s%s%s", who, taker[0] ? " for " : "", taker);
    else
        mu_buf_adds(out, " is this run's");
    mu_buf_addf(out, ": %s", mu_json_str(value, "reason", ""));
    free(who);
}

static const char *zone_name(const json_t *value)
{
    const char *zone = mu_json_str(value, "zone", "");
    return zone[0] ? zone : "everything";
}

static void host_frozen(const json_t *value, struct mu_buf *out)
{
    mu_buf_addf(out, "%s waits for the thaw of %s, frozen by %s: %s",
                mu_json_str(value, "verb", ""), zone_name(value), mu_json_str(value, "who", "?"),
                mu_json_str(value, "reason", ""));
}

static void host_thawed(const json_t *value, struct mu_buf *out)
{
    char waited[MU_TIME_TEXT];
    const char *reason = mu_json_str(value, "reason", "");
    mu_buf_addf(out, "%s by %s%s%s; %s waited %s", zone_name(value), mu_json_str(value, "who", "?"),
                reason[0] ? ": " : "", reason, mu_json_str(value, "verb", ""),
                mu_duration_text(mu_json_int(value, "waited_ms", 0), waited));
}

static void host_refused(const json_t *value, struct mu_buf *out)
{
    char *who = words_who(mu_json_get(value, "who"));
    mu_buf_addf(out, "\"go on\" of %s does not count: %s", who, mu_json_str(value, "why", ""));
    free(who);
}

static void host_stale(const json_t *value, struct mu_buf *out)
{
    char down[MU_TIME_TEXT];
    mu_buf_addf(out, "for %s nothing was executed; a person is asked before the next act",
                mu_duration_text(mu_json_int(value, "down_ms", 0), down));
}

static void host_unsent(const json_t *value, struct mu_buf *out)
{
    mu_buf_addf(
        out, "%s: %s%s", mu_json_str(value, "verb", ""), mu_json_str(value, "why", ""),
        mu_json_bool(value, "repeated", false) ? "; an earlier sending is in doubt as before" : "");
}

static void host_clock(const json_t *value, struct mu_buf *out)
{
    char by[MU_TIME_TEXT];
    int64_t jump_ms = mu_json_int(value, "jump_ms", 0);
    mu_buf_addf(out, "by %s %s; the times here go on as before, those of other logs do not",
                mu_duration_text(jump_ms < 0 ? -jump_ms : jump_ms, by),
                jump_ms < 0 ? "back" : "ahead");
}

static void host_other(const json_t *value, struct mu_buf *out)
{
    mu_buf_adds(out, mu_json_str(value, "text", ""));
}

static const struct {
    const char *verb, *head;
    enum tone tone;
    void (*words)(const json_t *, struct mu_buf *);
} host_words[] = {
    {"resume", "resumed", TONE_WARN, host_resumed},
    {"park", "parked, a person is needed", TONE_WARN, host_parked},
    {"unpark", "let go on", TONE_PEOPLE, host_by_person},
    {"cancel", "cancelled", TONE_PEOPLE, host_by_person},
    {"decide", "decided", TONE_PEOPLE, host_decided},
    {"clock", "the wall clock jumped", TONE_WARN, host_clock},
    {"stop", "executor left", TONE_PLAIN, host_other},
    {"lock", "lock", TONE_PEOPLE, host_lock},
    {"frozen", "frozen", TONE_WARN, host_frozen},
    {"refused", "refused", TONE_WARN, host_refused},
    {"stale", "stood still", TONE_WARN, host_stale},
    {"unsent", "held back, not sent", TONE_WARN, host_unsent},
    {"thawed", "thawed", TONE_PEOPLE, host_thawed},
};

static void put_host(struct writer *writer, const struct entry *entry)
{
    struct mu_buf text = {0};
    size_t i = 0;
    while (i < MU_COUNT(host_words) && strcmp(host_words[i].verb, entry->verb) != 0)
        i++;
    bool known = i < MU_COUNT(host_words);
    (known ? host_words[i].words : host_other)(entry->value, &text);
    writer->ops->entry_begin(writer, entry->at, known ? host_words[i].tone : TONE_PLAIN,
                             known ? host_words[i].head : entry->verb, mu_buf_text(&text));
    writer->ops->entry_end(writer);
    mu_buf_free(&text);
}

static void put_told(struct writer *writer, const struct entry *entry)
{
    bool ok = mu_json_bool(entry->value, "ok", false);
    char *text = mu_xasprintf("%s (%s)", mu_json_str(entry->value, "to", "?"),
                              mu_json_str(entry->value, "kind", "message"));
    writer->ops->entry_begin(writer, entry->at, ok ? TONE_PEOPLE : TONE_BAD,
                             ok ? "told" : "could not tell", text);
    put_told_by(writer, entry);
    writer->ops->entry_end(writer);
    free(text);
}

static void (*const putters[])(struct writer *, const struct entry *) = {
    [ENTRY_PROBE] = put_probe,
    [ENTRY_WAIT] = put_wait,
    [ENTRY_ACT] = put_act,
    [ENTRY_GATE] = put_gate,
    [ENTRY_FINDING] = put_finding,
    [ENTRY_EVIDENCE] = put_evidence_note,
    [ENTRY_MILESTONE] = put_milestone,
    [ENTRY_TELL] = put_tell,
    [ENTRY_HOST] = put_host,
    [ENTRY_TOLD] = put_told,
    [ENTRY_COMMENT] = put_comment,
    [ENTRY_END] = put_end,
};

void document_entry(struct writer *writer, const struct entry *entry)
{
    putters[entry->kind](writer, entry);
}

void document_section(struct writer *writer, const struct section *section, unsigned number)
{
    char when[WORDS_WHEN], took[MU_TIME_TEXT];
    char *title = mu_xasprintf("%u. %s", number,
                               section->title[0] ? section->title : "Before the first step");
    char *aside = mu_xasprintf("%s, took %s", words_when(section->start, when),
                               mu_duration_text(section->end - section->start, took));
    writer->ops->heading(writer, 3, title, aside);
    writer->ops->entries_begin(writer);
    for (size_t i = 0; i < section->count; i++)
        document_entry(writer, &section->entries[i]);
    writer->ops->entries_end(writer);
    free(aside);
    free(title);
}
