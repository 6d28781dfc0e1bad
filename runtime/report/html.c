/* SPDX-License-Identifier: MIT
 *
 * The report as one self-contained HTML file: its style inside, no script, nothing fetched, and a
 * Content-Security-Policy that forbids all but that one style by its digest. Every text goes
 * through escape(): what a server said is shown, never obeyed. */
#include "report/document.h"
#include "report/trend.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/plain.h"
#include "report/words.h"

extern const char mu_page_report_css[]; /* report.css, embedded by the build */
extern const size_t mu_page_report_css_len;

static const struct writer_ops ops;
static const char *const tones[] = {
    [TONE_PLAIN] = "plain", [TONE_GOOD] = "good", [TONE_BAD] = "bad",
    [TONE_WARN] = "warn",   [TONE_ACT] = "act",   [TONE_PEOPLE] = "people"};

void mu_report_html(const struct mu_timeline *timeline, struct mu_buf *buf)
{
    struct writer writer = {.ops = &ops, .buf = buf};
    document_write(timeline, &writer);
}

static void escape(struct mu_buf *out, const char *text)
{
    mu_plain_markup(out, text, false);
}

static void element(struct writer *writer, const char *tag, const char *class, const char *text)
{
    mu_buf_addf(writer->buf, class[0] ? "<%s class=\"%s\">" : "<%s>", tag, class);
    escape(writer->buf, text);
    mu_buf_addf(writer->buf, "</%s>", tag);
}

/* <time> with both clocks; the local one is its own line where there is room for none beside. */
static void moment(struct writer *writer, int64_t at)
{
    char when[WORDS_WHEN], utc[MU_TIME_TEXT];
    words_when(at, when);
    char *local = strchr(when, '(');
    mu_buf_addf(writer->buf, "<time datetime=\"%s\">", mu_time_utc(at, utc));
    if (local) {
        local[-1] = '\0';
        local[strlen(local) - 1] = '\0';
        mu_buf_addf(writer->buf, "%s <small>%s</small>", when, local + 1);
    } else {
        mu_buf_adds(writer->buf, when);
    }
    mu_buf_adds(writer->buf, "</time>");
}

/* --- head and end --- */

static void policy(struct writer *writer)
{
    uint8_t digest[MU_SHA256];
    mu_sha256_once(mu_page_report_css, mu_page_report_css_len, digest);
    mu_buf_adds(writer->buf, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                             "'none'; style-src 'sha256-");
    mu_base64_add(writer->buf, digest, sizeof digest);
    mu_buf_adds(writer->buf, "'; base-uri 'none'; form-action 'none'\">\n");
}

static void html_begin(struct writer *writer, const struct masthead *masthead)
{
    mu_buf_adds(writer->buf,
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    policy(writer);
    mu_buf_adds(writer->buf,
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n"
                "<meta name=\"robots\" content=\"noindex\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    escape(writer->buf, masthead->title);
    mu_buf_adds(writer->buf, "</title>\n<style>");
    mu_buf_add(writer->buf, mu_page_report_css, mu_page_report_css_len);
    mu_buf_adds(writer->buf, "</style>\n</head>\n<body>\n<header>\n<p class=\"badges\">");
    element(writer, "strong", masthead->world_tone == TONE_BAD ? "badge live" : "badge dry",
            masthead->world);
    if (masthead->lab)
        element(writer, "strong", "badge lab", "LAB");
    mu_buf_addf(writer->buf, "<span class=\"badge %s\">", tones[masthead->state_tone]);
    escape(writer->buf, masthead->state);
    mu_buf_adds(writer->buf, "</span></p>\n");
    element(writer, "h1", "", masthead->title);
    if (masthead->summary[0])
        element(writer, "p", "summary", masthead->summary);
    mu_buf_adds(writer->buf, "<p class=\"span\">");
    moment(writer, masthead->from);
    mu_buf_adds(writer->buf, " <span>to</span> ");
    moment(writer, masthead->to);
    mu_buf_adds(writer->buf, "</p>\n</header>\n<main>\n");
}

static void html_end(struct writer *writer, const char *colophon)
{
    mu_buf_adds(writer->buf, "</main>\n<footer>");
    escape(writer->buf, colophon);
    mu_buf_adds(writer->buf, "</footer>\n</body>\n</html>\n");
}

static void html_heading(struct writer *writer, int level, const char *text, const char *aside)
{
    mu_buf_addf(writer->buf, "<h%d id=\"s%u\">", level, ++writer->headings);
    escape(writer->buf, text);
    if (aside[0]) {
        mu_buf_adds(writer->buf, " <small>");
        escape(writer->buf, aside);
        mu_buf_adds(writer->buf, "</small>");
    }
    mu_buf_addf(writer->buf, "</h%d>\n", level);
}

static void html_paragraph(struct writer *writer, const char *text)
{
    element(writer, "p", "", text);
    mu_buf_adds(writer->buf, "\n");
}

static void html_banner(struct writer *writer, enum tone tone, const char *text)
{
    mu_buf_addf(writer->buf, "<p class=\"banner %s\">", tones[tone]);
    escape(writer->buf, text);
    mu_buf_adds(writer->buf, "</p>\n");
}

static void html_facts(struct writer *writer, const struct fact *facts, size_t count)
{
    mu_buf_adds(writer->buf, "<dl>\n");
    for (size_t i = 0; i < count; i++) {
        element(writer, "dt", "", facts[i].label);
        mu_buf_adds(writer->buf, "<dd>");
        mu_plain_markup(writer->buf, facts[i].text, true);
        mu_buf_adds(writer->buf, "</dd>\n");
    }
    mu_buf_adds(writer->buf, "</dl>\n");
}

/* --- milestones: a bar over time, and what its numbers mean --- */

#define NEAREST 8 /* per cent of the width between two marks, so that their numbers can be read */

/* Where each reached milestone stands on the bar, in per cent, pushed apart but never past the end.
 */
static size_t place(const struct milestone *milestones, size_t count, int *percent, size_t *order)
{
    size_t n = 0;
    int64_t from = 0, to = 0;
    for (size_t i = 0; i < count && n < 16; i++) {
        if (milestones[i].at == 0)
            continue;
        size_t j = n++;
        for (; j > 0 && milestones[order[j - 1]].at > milestones[i].at; j--)
            order[j] = order[j - 1];
        order[j] = i;
    }
    if (n == 0)
        return 0;
    from = milestones[order[0]].at;
    to = milestones[order[n - 1]].at;
    for (size_t i = 0; i < n; i++) {
        percent[i] =
            3 + (to > from ? (int)(94 * (milestones[order[i]].at - from) / (to - from)) : 0);
        if (i > 0 && percent[i] < percent[i - 1] + NEAREST)
            percent[i] = percent[i - 1] + NEAREST;
    }
    for (size_t i = n, limit = 97; i-- > 0; limit -= NEAREST)
        if (percent[i] > (int)limit)
            percent[i] = (int)limit;
    return n;
}

/* What the time between two milestones was: hurting, about to be mended, or watched. */
static const char *stretch_class(const struct milestone *milestones, int64_t from)
{
    if (milestones[MITIGATED].at != 0 && from >= milestones[MITIGATED].at)
        return "watched";
    if (milestones[DECIDED].at != 0 && from >= milestones[DECIDED].at)
        return "mending";
    return milestones[RESOLVED].at != 0 && from >= milestones[RESOLVED].at ? "over" : "hurting";
}

static void put_bar(struct writer *writer, const struct milestone *milestones, const int *percent,
                    const size_t *order, size_t n)
{
    mu_buf_adds(writer->buf, "<svg class=\"bar\" role=\"img\" width=\"100%\" height=\"44\">"
                             "<title>Milestones over time</title><rect class=\"ground\" x=\"3%\" "
                             "y=\"18\" width=\"94%\" height=\"8\" rx=\"4\"/>");
    for (size_t i = 0; i + 1 < n; i++)
        mu_buf_addf(writer->buf,
                    "<rect class=\"%s\" x=\"%d%%\" y=\"18\" width=\"%d%%\" height=\"8\"/>",
                    stretch_class(milestones, milestones[order[i]].at), percent[i],
                    percent[i + 1] - percent[i]);
    for (size_t i = 0; i < n; i++)
        mu_buf_addf(writer->buf,
                    "<circle class=\"m%zu\" cx=\"%d%%\" cy=\"22\" r=\"12\"/><text x=\"%d%%\" "
                    "y=\"26\" text-anchor=\"middle\">%zu</text>",
                    order[i] < MILESTONES ? order[i] : (size_t)MILESTONES, percent[i], percent[i],
                    i + 1);
    mu_buf_adds(writer->buf, "</svg>\n");
}

static void put_stone(struct writer *writer, const struct milestone *milestone, size_t number,
                      size_t kind, int64_t zero)
{
    char took[MU_TIME_TEXT];
    mu_buf_addf(writer->buf, "<li class=\"%s\"><b class=\"m%zu\">",
                milestone->at ? "there" : "missing", kind);
    if (milestone->at)
        mu_buf_addf(writer->buf, "%zu", number);
    mu_buf_adds(writer->buf, "</b><span class=\"name\">");
    escape(writer->buf, milestone->name);
    mu_buf_adds(writer->buf, "</span>");
    if (milestone->at == 0) {
        mu_buf_adds(writer->buf, "<span class=\"after\">not reached</span></li>\n");
        return;
    }
    if (zero && milestone->at > zero)
        mu_buf_addf(writer->buf, "<span class=\"after\">after %s</span>",
                    mu_duration_text(milestone->at - zero, took));
    else
        mu_buf_adds(writer->buf, "<span class=\"after\">start</span>");
    moment(writer, milestone->at);
    element(writer, "span", "from", milestone->from);
    mu_buf_adds(writer->buf, "</li>\n");
}

static void html_milestones(struct writer *writer, const struct milestone *milestones, size_t count)
{
    int percent[16];
    size_t order[16];
    size_t n = place(milestones, count, percent, order);
    mu_buf_adds(writer->buf, "<section class=\"milestones\">\n");
    if (n > 1)
        put_bar(writer, milestones, percent, order, n);
    mu_buf_adds(writer->buf, "<ol>\n");
    for (size_t i = 0; i < n; i++)
        put_stone(writer, &milestones[order[i]], i + 1,
                  order[i] < MILESTONES ? order[i] : (size_t)MILESTONES, milestones[DETECTED].at);
    for (size_t i = 0; i < MILESTONES; i++)
        if (milestones[i].at == 0)
            put_stone(writer, &milestones[i], 0, i, 0);
    mu_buf_adds(writer->buf, "</ol>\n</section>\n");
}

static void html_trend(struct writer *writer, const json_t *cards)
{
    trend_html(writer->buf, cards);
}

/* --- tables and lists --- */

static void html_table_begin(struct writer *writer, const char *const *columns, size_t count)
{
    writer->columns = columns;
    mu_buf_adds(writer->buf, "<div class=\"wide\"><table>\n<thead><tr>");
    for (size_t i = 0; i < count; i++)
        element(writer, "th", "", columns[i]);
    mu_buf_adds(writer->buf, "</tr></thead>\n<tbody>\n");
}

/* A digest may be broken anywhere; words may not. */
static bool is_long_word(const char *text)
{
    return strcspn(text, " ") > 40;
}

static void html_table_row(struct writer *writer, enum tone tone, const char *const *cells,
                           size_t count)
{
    mu_buf_addf(writer->buf, "<tr class=\"%s\">", tones[tone]);
    for (size_t i = 0; i < count; i++) {
        mu_buf_addf(writer->buf, "<td data-label=\"%s\"%s>", writer->columns[i],
                    is_long_word(cells[i]) ? " class=\"long\"" : "");
        escape(writer->buf, cells[i]);
        mu_buf_adds(writer->buf, "</td>");
    }
    mu_buf_adds(writer->buf, "</tr>\n");
}

static void html_table_end(struct writer *writer)
{
    mu_buf_adds(writer->buf, "</tbody></table></div>\n");
}

static void html_bullets_begin(struct writer *writer)
{
    mu_buf_adds(writer->buf, "<ul>\n");
}

static void html_bullet(struct writer *writer, const char *text)
{
    element(writer, "li", "", text);
    mu_buf_adds(writer->buf, "\n");
}

static void html_bullets_end(struct writer *writer)
{
    mu_buf_adds(writer->buf, "</ul>\n");
}

/* --- entries --- */

static void html_entries_begin(struct writer *writer)
{
    mu_buf_adds(writer->buf, "<ol class=\"entries\">\n");
}

static void html_entry_begin(struct writer *writer, int64_t at, enum tone tone, const char *head,
                             const char *text)
{
    mu_buf_addf(writer->buf, "<li class=\"%s\">", tones[tone]);
    if (at)
        moment(writer, at);
    mu_buf_adds(writer->buf, "<div><p class=\"head\">");
    element(writer, "b", "", head);
    mu_buf_addc(writer->buf, ' ');
    escape(writer->buf, text);
    mu_buf_adds(writer->buf, "</p>\n");
}

static void html_line(struct writer *writer, enum tone tone, const char *text)
{
    mu_buf_addf(writer->buf, "<p class=\"line %s\">", tones[tone]);
    escape(writer->buf, text);
    mu_buf_adds(writer->buf, "</p>\n");
}

static void html_diff(struct writer *writer, const char *lines)
{
    mu_buf_adds(writer->buf, "<pre class=\"diff\">");
    for (const char *p = lines; *p;) {
        size_t len = strcspn(p, "\n");
        char *line = mu_xstrndup(p, len);
        element(writer, *p == '-' ? "del" : *p == '+' ? "ins" : "span", "", line);
        mu_buf_addc(writer->buf, '\n');
        free(line);
        p += len + (p[len] == '\n');
    }
    mu_buf_adds(writer->buf, "</pre>\n");
}

static void html_detail_begin(struct writer *writer, const char *summary)
{
    mu_buf_adds(writer->buf, "<details>");
    element(writer, "summary", "", summary);
    mu_buf_adds(writer->buf, "\n");
}

static void html_block(struct writer *writer, const char *name, const char *text)
{
    if (name[0])
        element(writer, "p", "name", name);
    mu_buf_adds(writer->buf, "<pre>");
    mu_plain_markup(writer->buf, text, true);
    mu_buf_adds(writer->buf, "</pre>\n");
}

static void html_detail_end(struct writer *writer)
{
    mu_buf_adds(writer->buf, "</details>\n");
}

static void html_entry_end(struct writer *writer)
{
    mu_buf_adds(writer->buf, "</div></li>\n");
}

static void html_entries_end(struct writer *writer)
{
    mu_buf_adds(writer->buf, "</ol>\n");
}

static void html_blank(struct writer *writer, const char *prompt)
{
    mu_buf_adds(writer->buf, "<div class=\"blank\"><b>To be written by a person</b> ");
    escape(writer->buf, prompt);
    mu_buf_adds(writer->buf, "</div>\n");
}

static const struct writer_ops ops = {
    .begin = html_begin,
    .end = html_end,
    .heading = html_heading,
    .paragraph = html_paragraph,
    .banner = html_banner,
    .facts = html_facts,
    .milestones = html_milestones,
    .trend = html_trend,
    .table_begin = html_table_begin,
    .table_row = html_table_row,
    .table_end = html_table_end,
    .bullets_begin = html_bullets_begin,
    .bullet = html_bullet,
    .bullets_end = html_bullets_end,
    .entries_begin = html_entries_begin,
    .entry_begin = html_entry_begin,
    .line = html_line,
    .diff = html_diff,
    .detail_begin = html_detail_begin,
    .block = html_block,
    .detail_end = html_detail_end,
    .entry_end = html_entry_end,
    .entries_end = html_entries_end,
    .blank = html_blank,
};
