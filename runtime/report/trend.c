/* SPDX-License-Identifier: MIT
 *
 * The picture of drills over time, for pages: a small chart a measure, drills from left to right, how long it took
 * upwards, the target as a dashed line. Numbers only go in: nothing here comes from a journal's texts. */
#include "report/trend.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "report/scorecard.h"

#define WIDTH  340
#define HEIGHT 150
#define LEFT   14
#define RIGHT  58 /* room for the last value */
#define TOP    22
#define BOTTOM 26

struct chart {
    struct mu_buf *out;
    const json_t *cards;
    const char *name;
    size_t count;
    int64_t most_ms; /* at the top */
};

static const json_t *measure_at(const struct chart *chart, size_t i)
{
    size_t k;
    json_t *measure;
    json_array_foreach(mu_json_get(json_array_get(chart->cards, i), "measures"), k, measure)
    {
        if (strcmp(mu_json_str(measure, "name", ""), chart->name) == 0)
            return measure;
    }
    return NULL;
}

static int x_of(const struct chart *chart, size_t i)
{
    return chart->count < 2 ? LEFT : LEFT + (int)((WIDTH - LEFT - RIGHT) * i / (chart->count - 1));
}

static int y_of(const struct chart *chart, int64_t ms)
{
    return HEIGHT - BOTTOM - (int)((HEIGHT - TOP - BOTTOM) * ms / chart->most_ms);
}

static void find_most(struct chart *chart)
{
    chart->most_ms = 1000;
    for (size_t i = 0; i < chart->count; i++) {
        const json_t *measure = measure_at(chart, i);
        int64_t values[] = {mu_json_int(measure, "ms", 0), mu_json_int(measure, "target_ms", 0)};
        for (size_t k = 0; k < MU_COUNT(values); k++)
            if (values[k] > chart->most_ms)
                chart->most_ms = values[k];
    }
    chart->most_ms += chart->most_ms / 10;
}

/* Steps where it was changed between two drills. */
static void put_target(const struct chart *chart)
{
    char text[MU_TIME_TEXT];
    int64_t last = 0;
    mu_buf_adds(chart->out, "<path class=\"target\" d=\"");
    for (size_t i = 0; i < chart->count; i++) {
        int64_t target = mu_json_int(measure_at(chart, i), "target_ms", 0);
        if (target)
            mu_buf_addf(chart->out, "%s%d %d", last ? "L" : "M", x_of(chart, i),
                        y_of(chart, target));
        last = target;
    }
    mu_buf_adds(chart->out, "\"/>");
    if (last)
        mu_buf_addf(chart->out, "<text class=\"target\" x=\"%d\" y=\"%d\">target %s</text>", LEFT,
                    y_of(chart, last) - 5, mu_duration_text(last, text));
}

static void put_line(const struct chart *chart)
{
    bool drawn = false;
    mu_buf_adds(chart->out, "<path class=\"took\" d=\"");
    for (size_t i = 0; i < chart->count; i++) {
        const json_t *ms = mu_json_get(measure_at(chart, i), "ms");
        if (ms)
            mu_buf_addf(chart->out, "%s%d %d", drawn ? "L" : "M", x_of(chart, i),
                        y_of(chart, json_integer_value(ms)));
        drawn = ms != NULL; /* a gap where it was not reached */
    }
    mu_buf_adds(chart->out, "\"/>");
}

static void put_point(const struct chart *chart, size_t i)
{
    char took[MU_TIME_TEXT];
    const json_t *measure = measure_at(chart, i), *ms = mu_json_get(measure, "ms");
    const char *tone = mu_json_bool(measure, "ok", false) ? "good" : "bad";
    bool people = mu_json_bool(json_array_get(chart->cards, i), "people", false);
    int x = x_of(chart, i), y = ms ? y_of(chart, json_integer_value(ms)) : TOP;
    bool last = i + 1 == chart->count;
    if (ms)
        mu_buf_addf(chart->out, "<circle class=\"%s%s\" cx=\"%d\" cy=\"%d\" r=\"%d\"/>", tone,
                    people ? "" : " dry", x, y, last ? 5 : 3);
    else
        mu_buf_addf(chart->out, "<path class=\"%s\" d=\"M%d %dl8 8m0-8l-8 8\"/>", tone, x - 4,
                    y - 4);
    if (last)
        mu_buf_addf(chart->out, "<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>", tone, x + 9,
                    y + 4, ms ? mu_scorecard_took(measure, took) : "never");
}

static void put_dates(const struct chart *chart)
{
    char when[MU_TIME_TEXT];
    size_t ends[] = {0, chart->count - 1};
    mu_buf_addf(chart->out, "<path class=\"ground\" d=\"M%d %dH%d\"/>", LEFT, HEIGHT - BOTTOM,
                WIDTH - RIGHT);
    for (size_t k = 0; k < MU_COUNT(ends); k++)
        mu_buf_addf(
            chart->out, "<text class=\"date\" x=\"%d\" y=\"%d\"%s>%.10s</text>",
            x_of(chart, ends[k]), HEIGHT - 8, k ? " text-anchor=\"end\"" : "",
            mu_time_utc(mu_json_int(json_array_get(chart->cards, ends[k]), "started_ms", 0), when));
}

static void put_chart(struct chart *chart)
{
    find_most(chart);
    mu_buf_addf(chart->out,
                "<figure><figcaption>Time to %s</figcaption><svg role=\"img\" viewBox=\"0 0 %d "
                "%d\"><title>Time to %s, %zu drills</title>",
                chart->name, WIDTH, HEIGHT, chart->name, chart->count);
    put_dates(chart);
    put_target(chart);
    put_line(chart);
    for (size_t i = 0; i < chart->count; i++)
        put_point(chart, i);
    mu_buf_adds(chart->out, "</svg></figure>\n");
}

void trend_html(struct mu_buf *out, const json_t *cards)
{
    struct chart chart = {.out = out, .cards = cards, .count = json_array_size(cards)};
    if (chart.count == 0)
        return;
    mu_buf_adds(out, "<section class=\"trend\">\n");
    for (size_t i = 0; i < MU_SCORECARD_MEASURES; i++) {
        chart.name = mu_scorecard_measures[i];
        put_chart(&chart);
    }
    mu_buf_adds(out, "</section>\n");
}
