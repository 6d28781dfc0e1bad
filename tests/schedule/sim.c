/* SPDX-License-Identifier: MIT
 *
 * Schedules on a virtual clock: the looks of a supervisor at the wall times of a script, with the real control
 * store and the real way from a tick to its run, where a run is a line in a log. It kills itself where the
 * script says so; tests/schedule/run starts it again, and knows by its own calendar what must be in the log.
 *
 *   test.schedule.sim FOLDER CONFIG.json SCRIPT LINE    looks from that line on; exit 0: the script is over
 *     script: "WALL_MS PLACE N"     PLACE 0 no kill, 1 before it looks, 2 tick N is taken, 3 its run is made,
 *                                   4 behind the look
 *   test.schedule.sim zone NAME FROM TO                 "INSTANT OFFSET" of every change between
 *   test.schedule.sim next CONFIG.json NAME FROM TO     every tick between, in ms */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "serve/turn.h"

#define TAIL 8192 /* of the log: only a tick that was just taken can be there already */

enum place { NOWHERE, BEFORE, TAKEN, MADE, BEHIND };
struct look {
    long long wall;
    int place, tick; /* of this look */
};
struct sim {
    const char *schedule;
    int log, progress;
    const struct look *look;
    long line;
    int ticks, which,
        taken;       /* of this look, so far: in all; the schedule it is at, and ticks of that */
    bool recovering; /* ticks of somebody who died: neither counted nor died at */
};

/* How far it is, for who has to know what a killed look had done. */
static void note_progress(const struct sim *sim)
{
    char text[64];
    int len = snprintf(text, sizeof text, "%-20ld %-8d %-8d", sim->line, sim->which, sim->taken);
    if (pwrite(sim->progress, text, (size_t)len, 0) != len)
        abort();
}

static void die_at(enum place place, const struct look *look)
{
    if (look->place == (int)place)
        raise(SIGKILL);
}

static void must(enum mu_err err, const struct mu_fail *fail)
{
    if (err == MU_OK)
        return;
    fprintf(stderr, "%s\n", fail->text);
    exit(1);
}

static bool is_made(const struct sim *sim, const char *run)
{
    char tail[TAIL + 1], word[200];
    off_t size = lseek(sim->log, 0, SEEK_END);
    ssize_t got = pread(sim->log, tail, TAIL, size > TAIL ? size - TAIL : 0);
    tail[got > 0 ? got : 0] = '\0';
    snprintf(word, sizeof word, " %s ", run);
    return strstr(tail, word) != NULL;
}

/* A run that is there already is not made twice: as a journal that lies at the run's path. */
static enum mu_err make(const struct mu_store_taken *taken, int64_t tick, void *ud,
                        struct mu_fail *fail)
{
    struct sim *sim = ud;
    char line[400];
    (void)fail;
    bool here = !sim->recovering && sim->ticks++ == sim->look->tick;
    sim->taken += !sim->recovering;
    note_progress(sim);
    if (here)
        die_at(TAKEN, sim->look);
    int len = snprintf(line, sizeof line, "%s %s %lld %lld\n", sim->schedule, taken->run,
                       (long long)tick, sim->look->wall);
    if (!is_made(sim, taken->run) && write(sim->log, line, (size_t)len) != len)
        abort();
    if (here)
        die_at(MADE, sim->look);
    return MU_OK;
}

static void look(struct sim *sim, struct mu_store *store, const struct mu_schedules *schedules)
{
    struct mu_fail fail;
    sim->ticks = sim->which = sim->taken = 0;
    note_progress(sim);
    die_at(BEFORE, sim->look);
    for (size_t i = 0; i < schedules->count; i++) {
        sim->schedule = schedules->items[i].name;
        struct mu_store_run run = {.playbook = "sim", .version = "1", .world = "live", .who = "x"};
        struct mu_maker maker = {
            .run = &run, .make = make, .ud = sim, .schedule = &schedules->items[i], .owner = "ops"};
        char source[MU_SOURCE_TEXT];
        sim->which = (int)i;
        sim->taken = 0;
        sim->recovering = true;
        mu_schedule_source(&schedules->items[i], source);
        must(mu_turn_finish(&store, source, &maker, &fail), &fail);
        sim->recovering = false;
        note_progress(sim);
        must(mu_turn_schedule(&store, &schedules->items[i], sim->look->wall, &maker, &fail), &fail);
    }
    sim->which++;
    note_progress(sim);
    die_at(BEHIND, sim->look);
}

static json_t *read_config(const char *path)
{
    json_error_t error;
    json_t *config = json_load_file(path, 0, &error);
    if (config == NULL) {
        fprintf(stderr, "%s: %s\n", path, error.text);
        exit(1);
    }
    return config;
}

static struct mu_schedules schedules_of(const char *path)
{
    struct mu_fail fail;
    struct mu_schedules schedules;
    json_t *config = read_config(path);
    must(mu_schedules_read(config, &schedules, &fail), &fail);
    json_decref(config);
    return schedules;
}

static int play(char **argv)
{
    struct mu_fail fail;
    struct mu_store *store;
    struct mu_schedules schedules = schedules_of(argv[2]);
    char line[200], *log = mu_xasprintf("%s/log", argv[1]),
                    *progress = mu_xasprintf("%s/line", argv[1]);
    struct sim sim = {.log = open(log, O_RDWR | O_CREAT | O_APPEND, 0600),
                      .progress = open(progress, O_WRONLY | O_CREAT, 0600)};
    FILE *script = fopen(argv[3], "r");
    must(mu_store_open(argv[1], &store, &fail), &fail);
    long first = strtol(argv[4], NULL, 10);
    for (long n = 0; script && fgets(line, sizeof line, script); n++) {
        struct look next;
        if (n < first || sscanf(line, "%lld %d %d", &next.wall, &next.place, &next.tick) != 3)
            continue;
        sim.line = n;
        sim.look = &next;
        look(&sim, store, &schedules);
    }
    mu_store_close(store);
    return 0;
}

static int print_zone(char **argv)
{
    struct mu_fail fail;
    struct mu_timezone *zone;
    must(mu_timezone_load(argv[2], &zone, &fail), &fail);
    int64_t at = strtoll(argv[3], NULL, 10), to = strtoll(argv[4], NULL, 10);
    for (; at < to; at = mu_timezone_next_change(zone, at))
        printf("%lld %d\n", (long long)at, (int)mu_timezone_offset(zone, at, NULL));
    return 0;
}

static int print_next(char **argv)
{
    struct mu_schedules schedules = schedules_of(argv[2]);
    const struct mu_schedule *schedule = mu_schedule_named(&schedules, argv[3]);
    int64_t at = strtoll(argv[4], NULL, 10), to = strtoll(argv[5], NULL, 10);
    while ((at = mu_schedule_next(schedule, at)) <= to)
        printf("%lld\n", (long long)at);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "zone") == 0)
        return print_zone(argv);
    if (argc == 6 && strcmp(argv[1], "next") == 0)
        return print_next(argv);
    return argc == 5 ? play(argv) : 2;
}
