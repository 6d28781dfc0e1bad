/* SPDX-License-Identifier: MIT
 *
 * What nobody knows the outcome of, from rows: every way into doubt and out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "journal/doubts.h"
#include "journal/rows.h"

#define INTENT "i{\"shown\":\"post a\"}"
#define DOUBT  "hdoubt {\"seq\":1,\"task\":\"r\",\"why\":\"no reply\"}"
#define AGAIN  "hagain {\"seq\":1,\"task\":\"r\"}"
#define DECIDE \
    "hdecide {\"decision\":\"retry\",\"seq\":1,\"task\":\"r\",\"who\":{\"name\":\"ana\"}}"
#define REFUSED \
    "hdecide {\"decision\":\"applied\",\"refused\":\"no\",\"seq\":1,\"task\":\"r\",\"who\":{}}"
#define FROZEN "hfrozen {\"seq\":1,\"task\":\"r\"}"
#define UNSENT "hunsent {\"seq\":1,\"task\":\"r\",\"why\":\"frozen\"}"
#define DONE   "o{\"ok\":true}"
#define ABORT  "o{\"error\":{\"in_doubt\":true,\"why\":\"cancelled\"},\"ok\":false}"
#define FAILED "o{\"error\":{\"in_doubt\":false,\"why\":\"no\"},\"ok\":false}"
#define END    "hend {}"
#define RESUME "Rresume {}" /* of the next executor */

static const struct {
    const char *rows[8];
    bool alive;
    const char *open; /* state, round, why, who decided; "" = none is open */
    size_t settled;
} cases[] = {
    {{INTENT}, true, "in_flight 0 its outcome is not known yet ", 0},
    {{INTENT}, false, "in_doubt 0 its outcome is not known yet ", 0},
    {{INTENT, RESUME}, true, "in_doubt 0 its outcome is not known yet ", 0},
    {{INTENT, DOUBT}, true, "in_doubt 0 no reply ", 0},
    {{INTENT, DOUBT, DECIDE}, true, "in_doubt 0 no reply ana", 0},
    {{INTENT, DOUBT, REFUSED}, true, "in_doubt 0 no reply ", 0},
    {{INTENT, DOUBT, DECIDE, AGAIN}, true, "in_flight 1 no reply ", 0},
    {{INTENT, DOUBT, DECIDE, FROZEN}, true, "in_doubt 1 no reply ", 0},
    {{INTENT, UNSENT}, true, "unsent 0 frozen ", 0},
    {{INTENT, DONE}, true, "", 0},
    {{INTENT, FAILED}, true, "", 0},
    {{INTENT, DOUBT, DECIDE, DONE}, true, "", 1},
    {{INTENT, ABORT, END}, false, "in_doubt 0 cancelled ", 0},
    {{INTENT, END}, true, "in_doubt 0 its outcome is not known yet ", 0},
    {{"i{\"gate\":\"x\"}"}, true, "", 0},
    {{"i{\"foreseen\":true}"}, true, "", 0},
};

/* The longest there is. */
static void deep_path(char path[MU_LIMIT_TASK_PATH], int last)
{
    size_t len = (size_t)snprintf(path, MU_LIMIT_TASK_PATH, "r");
    for (int i = 1; i <= MU_LIMIT_TASK_DEPTH; i++)
        len += (size_t)snprintf(path + len, MU_LIMIT_TASK_PATH - len, ".%d",
                                i == MU_LIMIT_TASK_DEPTH ? last : INT_MAX);
    assert_in_range(len, 1, MU_LIMIT_TASK_PATH - 1);
}

/* Two acts whose names differ at the very end are two acts. */
static void deep_tasks(void **state)
{
    (void)state;
    struct mu_fail fail;
    struct mu_doubts doubts;
    struct mu_journal *journal = mu_journal_memory();
    for (int i = 1; i <= 3; i++) {
        char path[MU_LIMIT_TASK_PATH];
        deep_path(path, i == 2 ? INT_MAX - 1 : INT_MAX);
        struct mu_row row = {.epoch = 1,
                             .type = i == 3 ? MU_ROW_OUTCOME : MU_ROW_INTENT,
                             .task = path,
                             .seq = INT64_MAX,
                             .verb = "post",
                             .value = i == 3 ? "{\"ok\":true}" : "{\"shown\":\"post a\"}"};
        mu_journal_append(journal, &row);
    }
    assert_int_equal(mu_doubts_of(journal, false, &doubts, &fail), MU_OK);
    assert_int_equal(json_array_size(doubts.open), 1);
    mu_doubts_fini(&doubts);
    mu_journal_close(journal);
}

static void add(struct mu_journal *journal, const char *text, int64_t *epoch)
{
    char verb[20] = "post";
    bool host = text[0] == 'h' || text[0] == 'R';
    size_t len = host ? strcspn(text, " ") : 1;
    *epoch += text[0] == 'R';
    if (host)
        snprintf(verb, sizeof verb, "%.*s", (int)len - 1, text + 1);
    struct mu_row row = {.epoch = *epoch,
                         .type = host ? MU_ROW_HOST : text[0],
                         .task = host ? "" : "r",
                         .seq = host ? 0 : 1,
                         .verb = verb,
                         .args = "",
                         .digest = "",
                         .src = "",
                         .step = "",
                         .value = text + len};
    mu_journal_append(journal, &row);
}

static void every_way_into_doubt(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        struct mu_fail fail;
        struct mu_doubts doubts;
        struct mu_buf said = {0};
        int64_t epoch = 1;
        struct mu_journal *journal = mu_journal_memory();
        for (size_t j = 0; j < MU_COUNT(cases[i].rows) && cases[i].rows[j]; j++)
            add(journal, cases[i].rows[j], &epoch);
        assert_int_equal(mu_doubts_of(journal, cases[i].alive, &doubts, &fail), MU_OK);
        const json_t *act = json_array_get(doubts.open, 0);
        if (act)
            mu_buf_addf(&said, "%s %lld %s %s", mu_json_str(act, "state", ""),
                        (long long)mu_json_int(act, "round", -1), mu_json_str(act, "why", ""),
                        mu_json_str(mu_json_get(act, "decided"), "who", ""));
        if (strcmp(mu_buf_text(&said), cases[i].open) != 0)
            fail_msg("case %zu: \"%s\", not \"%s\"", i, mu_buf_text(&said), cases[i].open);
        assert_int_equal(json_array_size(doubts.settled), cases[i].settled);
        mu_buf_free(&said);
        mu_doubts_fini(&doubts);
        mu_journal_close(journal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_way_into_doubt),
                                       cmocka_unit_test(deep_tasks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
