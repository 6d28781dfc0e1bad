/* SPDX-License-Identifier: MIT
 *
 * What a run may use up before a person is asked: acts, journal rows, output in them, CPU time. Ceilings come
 * from limits.h or, lower, from `budget` in the playbook's header (row 1). Everything counts since the last
 * time a person said "go on" (h unpark), across all executors; CPU time for each executor by itself. Memory
 * is watched by lua/vm.c, one slice's CPU time by task.c and watchdog.c. */
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/limits.h"
#include "engine/internal.h"

enum { ACTS, ROWS, OUTPUT, CPU };

static const struct {
    const char *key, *what;
    int64_t limit, unit; /* limit and `budget` in units */
} kinds[MU_BUDGETS] = {
    [ACTS] = {"acts", "acts", MU_LIMIT_ACTS, 1},
    [ROWS] = {"rows", "journal rows", MU_LIMIT_ROWS, 1},
    [OUTPUT] = {"output_kb", "KiB of journal values", MU_LIMIT_OUTPUT_KB, 1024},
    [CPU] = {"cpu_s", "seconds of CPU time", MU_LIMIT_CPU_S, 1000},
};

static int64_t cpu_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void count_row(struct run *run, const char *value)
{
    run->spent[ROWS]++;
    run->spent[OUTPUT] += (int64_t)strlen(value);
}

static bool is_act(const struct run *run, const struct mu_row *row)
{
    const struct mu_module *module;
    return row->type == MU_ROW_INTENT && mu_registry_find(run->registry, row->verb, &module);
}

static bool recount(const struct mu_row *row, void *ud)
{
    struct run *run = ud;
    if (row->type == MU_ROW_HOST && strcmp(row->verb, "unpark") == 0)
        budget_renew(run);
    else if (row->type != MU_ROW_HOST)
        count_row(run, row->value);
    run->spent[ACTS] += is_act(run, row);
    return true;
}

void budget_open(struct run *run)
{
    const json_t *own = json_object_get(run->start, "budget");
    for (size_t i = 0; i < MU_BUDGETS; i++) {
        int64_t asked = mu_json_int(own, kinds[i].key, kinds[i].limit);
        run->budget[i] = (asked < kinds[i].limit ? asked : kinds[i].limit) * kinds[i].unit;
    }
    cursor_each(run->cursor, recount, run);
}

void budget_renew(struct run *run)
{
    memset(run->spent, 0, sizeof run->spent);
    run->cpu_before_ms = cpu_ms();
}

static void park(struct run *run, size_t kind)
{
    run_park(run, "budget", "the playbook has used up its budget of %lld %s%s",
             (long long)(run->budget[kind] / kinds[kind].unit), kinds[kind].what,
             kind == ACTS ? "; the next act was not sent" : "");
}

/* Every row on its way into the journal; an executor that replays counted its rows when it began. */
void budget_row(struct run *run, char type, const char *value)
{
    if (type == MU_ROW_HOST)
        return;
    count_row(run, value);
    for (size_t i = ROWS; i <= OUTPUT; i++)
        if (run->spent[i] > run->budget[i])
            park(run, i);
}

/* Before an act is prepared; it is counted then. */
bool budget_allows_act(struct run *run)
{
    if (run->spent[ACTS]++ < run->budget[ACTS])
        return true;
    park(run, ACTS);
    return false;
}

/* Every so many instructions of Lua. */
void budget_cpu(struct run *run)
{
    if (cpu_ms() - run->cpu_before_ms > run->budget[CPU])
        park(run, CPU);
}

/* The playbook's own, within what any may have. */
int64_t budget_memory_mb(const struct run *run)
{
    int64_t own =
        mu_json_int(json_object_get(run->start, "budget"), "memory_mb", MU_LIMIT_LUA_SOFT >> 20);
    return own < MU_LIMIT_LUA_SOFT >> 20 ? own : MU_LIMIT_LUA_SOFT >> 20;
}
