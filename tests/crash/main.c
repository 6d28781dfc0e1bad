/* SPDX-License-Identifier: MIT
 *
 * crash: kills, power cuts and faults over the corpus. tests/crash/run says with which sizes.
 *
 *   crash --playbooks DIR --world SO [--kills N] [--cuts N] [--limits N] [--tails N] [--steady TIMES] [--repeats N] [--holds N] [--faults FROM-TO] [--share PERCENT] [--seed N] [--jobs N] [--seconds N]
 *         [--only CASE] [--point SPEC] [--list] [--quiet]
 *
 * Prints "ok ..." or "NOT OK ..." for each part, with its counts, and exits with 1 if one was not. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/run.h"
#include "lua/vm.h"
#include "playbook/config.h"
#include "sweep.h"

const struct mu_config *crash_config;

struct options {
    const char *playbooks, *world, *only, *point;
    size_t steady, repeats, holds, kills, cuts, limits, tails, fault_from, fault_to;
    uint64_t seed;
    int jobs, seconds; /* of each part, at most */
    unsigned share;    /* of the faults, in percent */
    bool list, quiet;
};

/* Everything of this process, but what went wrong. */
static void clean_up(void)
{
    char path[CRASH_PATH];
    snprintf(path, sizeof path, "%.400s.lua", crash_place.root);
    unlink(path);
    corpus_drop();
}

static int usage(const char *what)
{
    fprintf(stderr, "crash: %s; see the head of tests/crash/main.c\n", what);
    return 2;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    *o = (struct options){.seed = 1, .jobs = 2, .share = 100, .seconds = 24 * 3600};
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        o->list = o->list || strcmp(name, "--list") == 0;
        o->quiet = o->quiet || strcmp(name, "--quiet") == 0;
        if (strcmp(name, "--list") == 0 || strcmp(name, "--quiet") == 0)
            continue;
        i++;
        if (strcmp(name, "--playbooks") == 0)
            o->playbooks = value;
        else if (strcmp(name, "--world") == 0)
            o->world = value;
        else if (strcmp(name, "--only") == 0)
            o->only = value;
        else if (strcmp(name, "--point") == 0)
            o->point = value;
        else if (strcmp(name, "--kills") == 0)
            o->kills = strtoull(value, NULL, 10);
        else if (strcmp(name, "--cuts") == 0)
            o->cuts = strtoull(value, NULL, 10);
        else if (strcmp(name, "--limits") == 0)
            o->limits = strtoull(value, NULL, 10);
        else if (strcmp(name, "--tails") == 0)
            o->tails = strtoull(value, NULL, 10);
        else if (strcmp(name, "--steady") == 0)
            o->steady = strtoull(value, NULL, 10);
        else if (strcmp(name, "--repeats") == 0)
            o->repeats = strtoull(value, NULL, 10);
        else if (strcmp(name, "--holds") == 0)
            o->holds = strtoull(value, NULL, 10);
        else if (strcmp(name, "--faults") == 0)
            sscanf(value, "%zu-%zu", &o->fault_from, &o->fault_to);
        else if (strcmp(name, "--seed") == 0)
            o->seed = strtoull(value, NULL, 10);
        else if (strcmp(name, "--share") == 0)
            o->share = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(name, "--seconds") == 0)
            o->seconds = (int)strtol(value, NULL, 10);
        else if (strcmp(name, "--jobs") == 0)
            o->jobs = (int)strtol(value, NULL, 10);
        else
            return false;
    }
    return o->playbooks && o->world && o->jobs >= 1 && o->jobs <= SWEEP_JOBS;
}

static bool configure(const struct options *o)
{
    struct mu_fail fail;
    struct mu_config *config;
    char path[CRASH_PATH];
    snprintf(path, sizeof path, "%.400s.lua", crash_place.root);
    FILE *out = fopen(path, "we");
    bool ok = out && fprintf(out, "return { modules = { \"%s\" } }\n", o->world) > 0;
    if (out)
        ok = fclose(out) == 0 && ok;
    if (!ok || mu_config_load(path, &config, &fail) != MU_OK) {
        fprintf(stderr, "crash: %s: %s\n", path, ok ? fail.text : "can't be written");
        return false;
    }
    crash_config = config;
    return true;
}

static bool report(const char *what, const struct crash_counts *c, double seconds)
{
    printf("%s crash %s: %" PRId64 " points, %" PRId64 " kills, %" PRId64 " power cuts (%" PRId64
           " writes and names taken back), %" PRId64 " faults, %" PRId64 " limits, %" PRId64
           " tails, %" PRId64 " replayed under stress, %" PRId64 " executors, %" PRId64
           " acts, %" PRId64 " sent again, %" PRId64 " syncs held, %" PRId64 " unparked, %" PRId64
           " decided, %" PRId64 " doubles, %" PRId64 " strays, %" PRId64 " differences, %" PRId64
           " wrong, %" PRId64 " plans met nothing, %.0f s\n",
           c->wrong ? "NOT OK" : "ok", what, c->points, c->kills, c->cuts, c->undone, c->faults,
           c->limits, c->tails, c->steady, c->lives, c->acts, c->agains, c->held, c->unparked,
           c->decided, c->doubles, c->strays, c->differences, c->wrong, c->missed, seconds);
    fflush(stdout);
    return c->wrong == 0;
}

static double now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool part(const char *what, struct crash_points *points, const struct options *o)
{
    double begin = now_s();
    if (points->count == 0)
        return true;
    struct crash_counts counts = sweep(points, o->jobs, o->quiet, o->seconds);
    free(points->at);
    *points = (struct crash_points){0};
    return report(what, &counts, now_s() - begin);
}

static int one_point(const struct options *o, const struct crash_corpus *corpus)
{
    struct crash_point point;
    struct crash_counts counts = {0};
    char why[1600];
    if (!point_parse(o->point, corpus->cases, corpus->count, &point))
        return usage("no such case");
    bool ok = point_execute(&point, &counts, why, sizeof why);
    printf("%s %s [%s]\n", ok ? "ok" : "NOT OK", ok ? "" : why, crash_place.root);
    return ok ? 0 : 1;
}

static int list(const struct crash_corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        int64_t sorts[EVENT_AFTER + 1] = {0};
        const struct crash_baseline *base = &corpus->cases[i].base;
        for (int64_t n = 0; n < base->events && n < CRASH_EVENTS; n++)
            sorts[base->sort[n]]++;
        printf("%-20s %5" PRId64 " events: %" PRId64 " writes, %" PRId64 " syncs, %" PRId64
               " opens, %" PRId64 " names, %" PRId64 " acts; ends %s",
               corpus->cases[i].name, base->events, sorts[EVENT_WRITE], sorts[EVENT_SYNC],
               sorts[EVENT_OPEN], sorts[EVENT_NAME], sorts[EVENT_BEFORE], base->end);
    }
    return 0;
}

static int play(const struct options *o, const struct crash_corpus *corpus)
{
    struct crash_points points = {0};
    bool ok = true;
    if (o->kills)
        points_of_kills(corpus, o->kills, o->seed, &points);
    ok = part("kills", &points, o) && ok;
    points_of_cuts(corpus, o->cuts, o->seed, &points);
    ok = part("power cuts", &points, o) && ok;
    points_of_repeats(corpus, o->repeats, o->seed, &points);
    ok = part("sent again", &points, o) && ok;
    points_of_holds(corpus, o->holds, o->seed, &points);
    ok = part("held syncs", &points, o) && ok;
    if (o->fault_from)
        points_of_faults(corpus, o->fault_from, o->fault_to, o->share, o->seed, &points);
    ok = part("faults", &points, o) && ok;
    points_of_limits(corpus, o->limits, o->seed, &points);
    ok = part("too few descriptors", &points, o) && ok;
    points_of_tails(corpus, o->tails, o->seed, &points);
    ok = part("torn tails", &points, o) && ok;
    points_of_steady(corpus, o->steady, o->seed, &points);
    ok = part("other latencies", &points, o) && ok;
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct options options;
    struct crash_corpus corpus;
    if (argc == 4 && strcmp(argv[1], "--thaw") == 0)
        return holds_thaw(argv[2], strtoll(argv[3], NULL, 10));
    if (!read_options(argc, argv, &options))
        return usage("unknown option");
    setenv("CRASH_TOKEN", "correct horse battery staple", 1);
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(crash_place.root, sizeof crash_place.root, "%s/muster-crash.%ld", base,
             (long)getpid());
    vfs_register();
    if (!mu_vm_self_test()) /* once for all the children */
        return 70;
    if (!configure(&options))
        return 70;
    corpus.count =
        corpus_load(options.playbooks, options.only ? options.only : options.point, &corpus.cases);
    if (corpus.count == 0)
        return usage("no playbook of that name");
    int code = options.list    ? list(&corpus)
               : options.point ? one_point(&options, &corpus)
                               : play(&options, &corpus);
    if (!options.point)
        clean_up();
    corpus_free(corpus.cases, corpus.count);
    return code;
}
