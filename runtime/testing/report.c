/* SPDX-License-Identifier: MIT
 *
 * TAP and JUnit; see report.h. */
#include "testing/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/plain.h"

void mu_test_why(const json_t *result, const char *indent, struct mu_buf *out)
{
    size_t i, j;
    json_t *failure, *line;
    const char *broke = mu_json_str(result, "broke", NULL);
    if (broke)
        mu_buf_addf(out, "%s%s: %s\n", indent,
                    mu_json_bool(result, "unread", false) ? "it can't be read" : "it broke off",
                    broke);
    json_array_foreach(json_object_get(result, "failures"), i, failure)
    {
        mu_buf_addf(out, "%s%s: %s\n", indent, mu_json_str(failure, "src", ""),
                    mu_json_str(failure, "what", ""));
        json_array_foreach(mu_json_get(failure, "diff"), j, line)
        {
            mu_buf_addf(out, "%s  %s\n", indent, json_string_value(line));
        }
    }
}

/* --- TAP --- */

void mu_tap_begin(struct mu_buf *out)
{
    mu_buf_adds(out, "TAP version 14\n");
}

/* "#" begins a directive, "\" escapes it; a description is one line. */
static void add_description(struct mu_buf *out, const char *text)
{
    struct mu_buf clean = {0};
    mu_plain(&clean, text, false);
    for (const char *p = mu_buf_text(&clean); *p; p++) {
        if (*p == '#' || *p == '\\')
            mu_buf_addc(out, '\\');
        mu_buf_addc(out, *p);
    }
    mu_buf_free(&clean);
}

/* A literal block of YAML: its lines are what they are, without what YAML can't hold or a terminal obeys. The digit
 * says how far in the text begins, since its first line may begin with blanks of its own. */
static void add_block(struct mu_buf *out, const char *key, const char *text)
{
    mu_buf_addf(out, "  %s: |2\n", key);
    while (*text) {
        size_t len = strcspn(text, "\n");
        char *line = mu_xstrndup(text, len);
        mu_buf_adds(out, "    ");
        mu_plain(out, line, false);
        mu_buf_adds(out, "\n");
        free(line);
        text += text[len] ? len + 1 : len;
    }
}

void mu_tap_point(const char *playbook, const json_t *result, int number, struct mu_buf *out)
{
    bool ok = mu_json_bool(result, "ok", false);
    mu_buf_addf(out, "%s %d - ", ok ? "ok" : "not ok", number);
    add_description(out, playbook);
    mu_buf_adds(out, ": ");
    add_description(out, mu_json_str(result, "name", ""));
    if (mu_json_str(result, "skipped", NULL))
        mu_buf_addf(out, " # SKIP %s", mu_json_str(result, "skipped", ""));
    mu_buf_addf(out, "\n  ---\n  duration_ms: %lld\n",
                (long long)mu_json_int(result, "took_ms", 0));
    if (!ok) {
        struct mu_buf why = {0};
        mu_test_why(result, "", &why);
        add_block(out, "message", mu_buf_text(&why));
        mu_buf_free(&why);
    }
    if (!ok && mu_json_str(result, "transcript", NULL))
        add_block(out, "transcript", mu_json_str(result, "transcript", ""));
    mu_buf_adds(out, "  ...\n");
}

void mu_tap_end(int count, struct mu_buf *out)
{
    mu_buf_addf(out, "1..%d\n", count);
}

void mu_tap_bail(struct mu_buf *out, const char *why)
{
    mu_buf_addf(out, "Bail out! %s\n", why);
}

/* --- JUnit --- */

static void add_xml(struct mu_buf *out, const char *text)
{
    mu_plain_markup(out, text, true);
}

static void add_seconds(struct mu_buf *out, int64_t ms)
{
    mu_buf_addf(out, " time=\"%lld.%03lld\"", (long long)ms / 1000, (long long)ms % 1000);
}

static void add_case(struct mu_buf *out, const char *playbook, const char *file,
                     const json_t *result)
{
    mu_buf_adds(out, "    <testcase classname=\"");
    add_xml(out, playbook);
    mu_buf_adds(out, "\" name=\"");
    add_xml(out, mu_json_str(result, "name", ""));
    mu_buf_adds(out, "\" file=\"");
    add_xml(out, file);
    mu_buf_addf(out, "\" line=\"%d\"", (int)mu_json_int(result, "line", 0));
    add_seconds(out, mu_json_int(result, "took_ms", 0));
    if (mu_json_str(result, "skipped", NULL)) {
        mu_buf_adds(out, ">\n      <skipped message=\"");
        add_xml(out, mu_json_str(result, "skipped", ""));
        mu_buf_adds(out, "\"/>\n    </testcase>\n");
        return;
    }
    if (mu_json_bool(result, "ok", false)) {
        mu_buf_adds(out, "/>\n");
        return;
    }
    struct mu_buf why = {0}, first = {0};
    mu_test_why(result, "", &why);
    bool broke = mu_json_get(result, "broke") != NULL;
    mu_buf_addf(out, ">\n      <%s message=\"", broke ? "error" : "failure");
    mu_buf_add(&first, mu_buf_text(&why), strcspn(mu_buf_text(&why), "\n"));
    add_xml(out, mu_buf_text(&first));
    mu_buf_adds(out, "\">");
    add_xml(out, mu_buf_text(&why));
    add_xml(out, mu_json_str(result, "transcript", ""));
    mu_buf_addf(out, "</%s>\n    </testcase>\n", broke ? "error" : "failure");
    mu_buf_free(&first);
    mu_buf_free(&why);
}

static void add_suite(struct mu_buf *out, const json_t *suite)
{
    size_t i;
    json_t *result;
    const json_t *results = json_object_get(suite, "results");
    int failures = 0, errors = 0, skipped = 0;
    int64_t ms = 0;
    json_array_foreach(results, i, result)
    {
        bool ok = mu_json_bool(result, "ok", false), broke = mu_json_get(result, "broke") != NULL;
        errors += !ok && broke;
        failures += !ok && !broke;
        skipped += mu_json_get(result, "skipped") != NULL;
        ms += mu_json_int(result, "took_ms", 0);
    }
    mu_buf_adds(out, "  <testsuite name=\"");
    add_xml(out, mu_json_str(suite, "playbook", ""));
    mu_buf_adds(out, mu_json_str(suite, "version", "")[0] ? " " : "");
    add_xml(out, mu_json_str(suite, "version", ""));
    mu_buf_addf(out, "\" tests=\"%zu\" failures=\"%d\" errors=\"%d\" skipped=\"%d\"",
                json_array_size(results), failures, errors, skipped);
    add_seconds(out, ms);
    mu_buf_adds(out, ">\n");
    json_array_foreach(results, i, result)
    {
        add_case(out, mu_json_str(suite, "playbook", ""), mu_json_str(suite, "file", ""), result);
    }
    mu_buf_adds(out, "  </testsuite>\n");
}

void mu_junit(const json_t *suites, struct mu_buf *out)
{
    size_t i;
    json_t *suite;
    mu_buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    json_array_foreach(suites, i, suite)
    {
        add_suite(out, suite);
    }
    mu_buf_adds(out, "</testsuites>\n");
}
