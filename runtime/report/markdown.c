/* SPDX-License-Identifier: MIT
 *
 * The report as Markdown (CommonMark with GitHub's tables), readable as plain text as well. Every
 * text is escaped so that a hostile banner is neither markup nor HTML nor a terminal's command. */
#include "report/document.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/plain.h"
#include "report/words.h"

static const struct writer_ops ops;

void mu_report_markdown(const struct mu_timeline *timeline, struct mu_buf *buf)
{
    struct writer writer = {.ops = &ops, .buf = buf};
    document_write(timeline, &writer);
}

/* One line; what Markdown or HTML would read as markup stands behind a backslash. "_" and "*" only
 * where they could open or close emphasis, so that host names stay readable. */
static void escape(struct mu_buf *out, const char *text)
{
    struct mu_buf clean = {0};
    mu_plain(&clean, text, false);
    const char *from = mu_buf_text(&clean);
    for (const char *p = from; *p; p++) {
        bool inner = p > from && p[1] && p[-1] != ' ' && p[1] != ' ';
        if (strchr("\\`*[]<>|~&", *p) || (*p == '_' && !inner) || (p == from && strchr("#+-=", *p)))
            mu_buf_addc(out, '\\');
        mu_buf_addc(out, *p);
    }
    mu_buf_free(&clean);
}

/* A fence longer than any run of backticks inside. */
static void fenced(struct mu_buf *out, const char *indent, const char *language, const char *text)
{
    struct mu_buf clean = {0};
    size_t run = 0, longest = 2;
    mu_plain(&clean, text, true);
    for (const char *p = mu_buf_text(&clean); *p; p++) {
        run = *p == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    char *fence = mu_xcalloc(longest + 2, 1);
    memset(fence, '`', longest + 1);
    mu_buf_addf(out, "\n%s%s%s\n", indent, fence, language);
    for (const char *p = mu_buf_text(&clean); *p;) {
        size_t len = strcspn(p, "\n");
        mu_buf_adds(out, indent);
        mu_buf_add(out, p, len);
        mu_buf_addc(out, '\n');
        p += len + (p[len] == '\n');
    }
    mu_buf_addf(out, "%s%s\n", indent, fence);
    free(fence);
    mu_buf_free(&clean);
}

static void md_begin(struct writer *writer, const struct masthead *masthead)
{
    char from[WORDS_WHEN];
    mu_buf_adds(writer->buf, "# ");
    escape(writer->buf, masthead->title);
    mu_buf_addf(writer->buf, "\n\n**%s**%s, ", masthead->world, masthead->lab ? " (lab)" : "");
    escape(writer->buf, masthead->state);
    mu_buf_addf(writer->buf, ", began %s\n", words_when(masthead->from, from));
    if (masthead->summary[0]) {
        mu_buf_adds(writer->buf, "\n");
        escape(writer->buf, masthead->summary);
        mu_buf_adds(writer->buf, "\n");
    }
}

static void md_end(struct writer *writer, const char *colophon)
{
    mu_buf_addf(writer->buf, "\n---\n\n%s\n", colophon);
}

static void md_heading(struct writer *writer, int level, const char *text, const char *aside)
{
    mu_buf_addf(writer->buf, "\n%s ", level == 2 ? "##" : "###");
    escape(writer->buf, text);
    mu_buf_adds(writer->buf, "\n");
    if (aside[0]) {
        mu_buf_adds(writer->buf, "\n");
        escape(writer->buf, aside);
        mu_buf_adds(writer->buf, "\n");
    }
}

static void md_paragraph(struct writer *writer, const char *text)
{
    mu_buf_adds(writer->buf, "\n");
    escape(writer->buf, text);
    mu_buf_adds(writer->buf, "\n");
}

static void md_banner(struct writer *writer, enum tone tone, const char *text)
{
    (void)tone;
    mu_buf_adds(writer->buf, "\n> **");
    escape(writer->buf, text);
    mu_buf_adds(writer->buf, "**\n");
}

static void md_facts(struct writer *writer, const struct fact *facts, size_t count)
{
    mu_buf_adds(writer->buf, "\n");
    for (size_t i = 0; i < count; i++) {
        mu_buf_addf(writer->buf, "- **%s:** ", facts[i].label);
        for (const char *p = facts[i].text; *p;) {
            size_t len = strcspn(p, "\n");
            char *line = mu_xstrndup(p, len);
            escape(writer->buf, line);
            free(line);
            p += len + (p[len] == '\n');
            mu_buf_adds(writer->buf, *p ? "; " : "");
        }
        mu_buf_adds(writer->buf, "\n");
    }
}

static void md_table_begin(struct writer *writer, const char *const *columns, size_t count)
{
    mu_buf_adds(writer->buf, "\n|");
    for (size_t i = 0; i < count; i++)
        mu_buf_addf(writer->buf, " %s |", columns[i]);
    mu_buf_adds(writer->buf, "\n|");
    for (size_t i = 0; i < count; i++)
        mu_buf_adds(writer->buf, "---|");
    mu_buf_adds(writer->buf, "\n");
}

static void md_table_row(struct writer *writer, enum tone tone, const char *const *cells,
                         size_t count)
{
    (void)tone;
    mu_buf_adds(writer->buf, "|");
    for (size_t i = 0; i < count; i++) {
        mu_buf_adds(writer->buf, " ");
        escape(writer->buf, cells[i]);
        mu_buf_adds(writer->buf, " |");
    }
    mu_buf_adds(writer->buf, "\n");
}

static void md_nothing(struct writer *writer)
{
    (void)writer;
}

/* A playbook's own ones stand among the others; one that was not reached behind the one before it. */
static size_t *in_time(const struct milestone *milestones, size_t count)
{
    size_t *order = mu_xcalloc(count + 1, sizeof *order);
    for (size_t i = 0; i < count; i++) {
        size_t j = i;
        for (; milestones[i].at && j > 0 && milestones[order[j - 1]].at > milestones[i].at; j--)
            order[j] = order[j - 1];
        order[j] = i;
    }
    return order;
}

static void md_milestones(struct writer *writer, const struct milestone *milestones, size_t count)
{
    static const char *const columns[] = {"Milestone", "When", "From detection", "Known from"};
    int64_t zero = milestones[DETECTED].at;
    size_t *order = in_time(milestones, count);
    md_table_begin(writer, columns, MU_COUNT(columns));
    for (size_t i = 0; i < count; i++) {
        char when[WORDS_WHEN], took[MU_TIME_TEXT];
        const struct milestone *one = &milestones[order[i]];
        const char *cells[] = {
            one->name, one->at ? words_when(one->at, when) : "not reached",
            one->at && zero && one->at > zero ? mu_duration_text(one->at - zero, took) : "",
            one->from};
        md_table_row(writer, TONE_PLAIN, cells, MU_COUNT(cells));
    }
    free(order);
}

static void md_open(struct writer *writer)
{
    mu_buf_adds(writer->buf, "\n");
}

static void md_bullet(struct writer *writer, const char *text)
{
    mu_buf_adds(writer->buf, "- ");
    escape(writer->buf, text);
    mu_buf_adds(writer->buf, "\n");
}

static void md_entry_begin(struct writer *writer, int64_t at, enum tone tone, const char *head,
                           const char *text)
{
    static const char *const marks[] = {
        [TONE_BAD] = "\xE2\x9C\x97 ", [TONE_WARN] = "! ", [TONE_PEOPLE] = ""};
    char when[WORDS_WHEN];
    mu_buf_adds(writer->buf, "- ");
    if (at)
        mu_buf_addf(writer->buf, "%s ", words_when(at, when));
    if ((size_t)tone < MU_COUNT(marks) && marks[tone])
        mu_buf_adds(writer->buf, marks[tone]);
    mu_buf_adds(writer->buf, "**");
    escape(writer->buf, head);
    mu_buf_adds(writer->buf, "** ");
    escape(writer->buf, text);
    mu_buf_adds(writer->buf, "\n");
}

static void md_line(struct writer *writer, enum tone tone, const char *text)
{
    (void)tone;
    mu_buf_adds(writer->buf, "  - ");
    escape(writer->buf, text);
    mu_buf_adds(writer->buf, "\n");
}

static void md_diff(struct writer *writer, const char *lines)
{
    fenced(writer->buf, "  ", "diff", lines);
    mu_buf_adds(writer->buf, "\n");
}

static void md_detail_begin(struct writer *writer, const char *summary)
{
    mu_buf_adds(writer->buf, "\n  <details><summary>");
    escape(writer->buf, summary);
    mu_buf_adds(writer->buf, "</summary>\n");
}

static void md_block(struct writer *writer, const char *name, const char *text)
{
    if (name[0]) {
        mu_buf_adds(writer->buf, "\n  ");
        escape(writer->buf, name);
        mu_buf_adds(writer->buf, "\n");
    }
    fenced(writer->buf, "  ", "", text);
}

static void md_detail_end(struct writer *writer)
{
    mu_buf_adds(writer->buf, "\n  </details>\n\n");
}

static void md_blank(struct writer *writer, const char *prompt)
{
    mu_buf_adds(writer->buf, "\n> **TO BE WRITTEN BY A PERSON:** ");
    escape(writer->buf, prompt);
    mu_buf_adds(writer->buf, "\n>\n> ...\n");
}

static const struct writer_ops ops = {
    .begin = md_begin,
    .end = md_end,
    .heading = md_heading,
    .paragraph = md_paragraph,
    .banner = md_banner,
    .facts = md_facts,
    .milestones = md_milestones,
    .table_begin = md_table_begin,
    .table_row = md_table_row,
    .table_end = md_nothing,
    .bullets_begin = md_open,
    .bullet = md_bullet,
    .bullets_end = md_nothing,
    .entries_begin = md_open,
    .entry_begin = md_entry_begin,
    .line = md_line,
    .diff = md_diff,
    .detail_begin = md_detail_begin,
    .block = md_block,
    .detail_end = md_detail_end,
    .entry_end = md_nothing,
    .entries_end = md_nothing,
    .blank = md_blank,
};
