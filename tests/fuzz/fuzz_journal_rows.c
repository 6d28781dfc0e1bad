/* SPDX-License-Identifier: MIT
 *
 * Rows with any texts, as if the chain and the file were right: what the report makes of them, and
 * replay, which must end with a verdict whatever is recorded.
 *
 *   a row     TYPE TASK SEQ VERB ARGS DIGEST SRC STEP VALUE, each ended by 0x1f; the row by 0x1e
 *             DIGEST "*": the one that fits VERB and ARGS
 *   row 1     the start row of a live run, unless the input begins with "h"
 *
 * The playbook that is replayed has tasks, probes, acts, timers, notes and gates. */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"
#include "base/redact.h"
#include "engine/internal.h"
#include "lua/bind.h"
#include "report/report.h"

#define ROWS_MAX 64
#define CELLS    9
#define CELL_MAX 4000

static const char playbook[] =
    "playbook { name = 'fuzz', version = '1.0.0', owner = 'a', summary = 'b',\n"
    "  may_change = { 'http.post', 'notify' }, params = {}, changelog = { ['1.0.0'] = 'x' } }\n"
    "function main(p, samples)\n"
    "  step 'one'\n"
    "  local got = http.get('http://192.0.2.1/')\n"
    "  evidence('got', got)\n"
    "  if got.ok then http.post('http://192.0.2.1/', { json = { got.status } }) end\n"
    "  step 'two'\n"
    "  local both = parallel { a = function() sleep('1s') return dns.mx('example.com') end,\n"
    "    b = function() return race { function() sleep('2s') return 'slow' end,\n"
    "      function() return http.get('http://192.0.2.2/').json end } end }\n"
    "  local tried = pcall(function() return retry({ times = 2, backoff = '1s..2s' }, function()\n"
    "    return need(http.get('http://192.0.2.3/'), 'none') end) end)\n"
    "  local answer = approve { 'Go?', by = 'ana', deadline = '10m', show = { got, both } }\n"
    "  milestone('answered', answer.at)\n"
    "  finding('high', 'mx', tostring(answer.reason))\n"
    "  finish(answer.how, answer.by and answer.by.name)\n"
    "end\n";

static const char start[] =
    "{\"format\":1,\"incident\":\"INC-1\",\"language\":1,\"may_change\":[\"http.post\",\"notify\"],"
    "\"params\":{},\"playbook\":{\"name\":\"fuzz\",\"owner\":\"a\",\"summary\":\"b\",\"version\":"
    "\"1.0.0\"},\"run\":\"fuzz.1\",\"samples\":[],\"seed\":7,\"stale_after_ms\":900000,\"who\":{"
    "\"name\":\"ana\"},\"world\":\"live\"}";

struct cells {
    char texts[CELLS][CELL_MAX + 1];
};

/* Texts of a journal are UTF-8 without NUL: SQLite and the chain see to that, not the rows. */
static void copy_cell(char *out, const uint8_t *bytes, size_t len)
{
    json_t *text = mu_json_lenient_string((const char *)bytes, len < 1000 ? len : 1000);
    snprintf(out, CELL_MAX + 1, "%s", json_string_value(text));
    json_decref(text);
}

/* One row from the input; how many octets it took. */
static size_t take_row(const uint8_t *bytes, size_t len, struct cells *cells)
{
    size_t at = 0;
    memset(cells, 0, sizeof *cells);
    for (int i = 0; at < len; i++) {
        size_t from = at;
        while (at < len && bytes[at] != 0x1f && bytes[at] != 0x1e)
            at++;
        if (i < CELLS)
            copy_cell(cells->texts[i], bytes + from, at - from);
        if (at < len && bytes[at++] == 0x1e)
            break;
    }
    return at;
}

static void append(struct mu_journal *journal, const struct cells *cells, int64_t ts)
{
    const char(*text)[CELL_MAX + 1] = cells->texts;
    char digest[MU_DIGEST_HEX] = "";
    char type = text[0][0] && strchr("hcion", text[0][0]) ? text[0][0] : 'n';
    bool host = type == 'h';
    if (strcmp(text[5], "*") == 0)
        call_digest(text[3], text[4], strlen(text[4]), digest);
    else
        snprintf(digest, sizeof digest, "%s", text[5]);
    struct mu_row row = {.epoch = 1,
                         .type = type,
                         .task = host ? "" : text[1],
                         .seq = host ? 0 : strtoll(text[2], NULL, 10),
                         .verb = text[3],
                         .args = text[4],
                         .digest = digest,
                         .src = text[6],
                         .step = text[7],
                         .ts = ts,
                         .value = text[8]};
    mu_journal_append(journal, &row);
}

static struct mu_journal *journal_of(const uint8_t *bytes, size_t len)
{
    static struct cells cells;
    struct mu_journal *journal = mu_journal_memory();
    int64_t ts = 1700000000000;
    mu_journal_put_file(journal, "playbook.lua", playbook, sizeof playbook - 1);
    mu_journal_put_file(journal, MU_PRELUDE_CHUNK, mu_prelude_words, mu_prelude_words_len);
    if (len == 0 || bytes[0] != 'h') {
        struct mu_row row = {.epoch = 1,
                             .type = 'h',
                             .task = "",
                             .verb = "start",
                             .args = "",
                             .digest = "",
                             .src = "",
                             .step = "",
                             .ts = ts,
                             .value = start};
        mu_journal_append(journal, &row);
    }
    for (int i = 0; i < ROWS_MAX && len > 0; i++) {
        size_t took = take_row(bytes, len, &cells);
        append(journal, &cells, ts += 100);
        bytes += took;
        len -= took;
    }
    promise(mu_journal_flush(journal, false, NULL) == MU_OK);
    return journal;
}

static void report(struct mu_journal *journal)
{
    struct mu_timeline *timeline;
    struct mu_fail fail = {0};
    enum mu_err err = mu_report_load_journal(journal, NULL, 0, &timeline, &fail);
    promise(err == MU_OK || fail.text[0] != '\0');
    if (err != MU_OK)
        return;
    struct mu_buf text = {.max = 1 << 20};
    mu_report_markdown(timeline, &text);
    mu_buf_reset(&text);
    mu_report_html(timeline, &text);
    promise(strstr(mu_buf_text(&text), "<script") == NULL); /* nothing of a row becomes markup */
    mu_buf_reset(&text);
    mu_report_json(timeline, &text);
    if (!text.full) {
        json_t *json = mu_json_parse(mu_buf_text(&text), text.len, &fail);
        promise(json != NULL);
        json_decref(json);
    }
    mu_buf_free(&text);
    mu_report_free(timeline);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct mu_fail first = {0}, second = {0};
    struct mu_journal *journal = journal_of(bytes, len);
    enum mu_err err = mu_run_verify(journal, NULL, &first);
    promise(err == MU_OK || first.text[0] != '\0');
    promise(mu_run_verify(journal, NULL, &second) ==
            err); /* the same again: nothing is left over */
    promise(strcmp(first.text, second.text) == 0);
    report(journal);
    mu_journal_close(journal);
    mu_redact_clear();
    return 0;
}
