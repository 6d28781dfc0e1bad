/* SPDX-License-Identifier: MIT
 *
 * Random playbooks, run by the engine and by the reference model; every difference is kept as a file.
 *
 *   test.model.programs COUNT SEED JOBS [FOUND]     programs SEED .. SEED + COUNT - 1
 *   test.model.programs FILE...                     those of the files, as kept
 *   test.model.programs show SEED                   the playbook
 *
 * Each program: a live run against the model; its offline replay; a crash behind a row drawn at random, from
 * which the run goes on to the same end; and for every other one a dry run against the model. Prints one line a failure, and
 * at last how many there were of everything. $MODEL_MODULE: another place of model.so. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "compare.h"
#include "world.h"

struct tally {
    int64_t programs, skipped, replays, dry, cuts, rows, effects, failures;
};

static const char *now_at = "start"; /* for a crash of this program itself */
static uint64_t now_seed;

static void on_abort(int number)
{
    char text[120];
    int len = snprintf(text, sizeof text, "NOT OK program %" PRIu64 ": signal %d at %s\n", now_seed,
                       number, now_at);
    (void)!write(STDOUT_FILENO, text, (size_t)len);
    _exit(1);
}

/* --- one program --- */

static char *playbook_of(struct program *program)
{
    struct mu_buf text = {0};
    program_emit(program, &text);
    char *playbook = mu_xstrdup(mu_buf_text(&text));
    mu_buf_free(&text);
    return playbook;
}

static void say_where(struct verdict *verdict, const char *where)
{
    char what[sizeof verdict->what];
    memcpy(what, verdict->what, sizeof what);
    snprintf(verdict->what, sizeof verdict->what, "%s: %.3900s", where, what);
}

/* A run and what it did to the world. */
struct whole {
    struct engine_run *run;
    struct world_effect *effects;
    size_t count;
};

static struct verdict check_cut(const struct expectation *model, const struct whole *whole,
                                uint64_t *draw, struct tally *tally)
{
    int64_t row = 1 + program_dice(draw, (int)whole->run->count);
    size_t between = 0;
    for (size_t i = 0; i < whole->count; i++)
        between += whole->effects[i].gsn == row;
    size_t more = between ? (size_t)program_dice(draw, (int)between + 1) : 0;
    world_cut(whole->effects, whole->count, row, more, whole->run->rows[row - 1].ts);
    struct engine_run *resumed = engine_resume(whole->run, row, NULL);
    struct verdict verdict = compare(model, resumed, false, true);
    if (!verdict.same) {
        char where[80];
        snprintf(where, sizeof where, "resumed after row %" PRId64 " of %zu (%zu of %zu effects)",
                 row, whole->run->count, more, between);
        say_where(&verdict, where);
    }
    engine_run_free(resumed);
    tally->cuts++;
    tally->replays++;
    return verdict;
}

static struct verdict check_cuts(const struct expectation *model, struct engine_run *run,
                                 uint64_t *draw, struct tally *tally)
{
    struct verdict verdict = {.same = true};
    struct whole whole = {run, mu_xcalloc(world.count + 1, sizeof *whole.effects), world.count};
    memcpy(whole.effects, world.effects, world.count * sizeof *whole.effects);
    now_at = "cut";
    for (int i = 1 + (program_dice(draw, 4) == 0); i > 0 && verdict.same; i--)
        verdict = check_cut(model, &whole, draw, tally);
    free(whole.effects);
    return verdict;
}

static struct verdict check_live(struct program *program, const char *playbook, uint64_t *draw,
                                 struct tally *tally)
{
    struct expectation *model = reference_run(program, false, ENGINE_START_MS);
    struct verdict verdict = {.same = true};
    if (model->endless) {
        tally->skipped++;
        expectation_free(model);
        return verdict;
    }
    world_reset(ENGINE_START_MS);
    now_at = "live";
    struct engine_run *run = engine_run(playbook, "live", program->seed);
    verdict = compare(model, run, false, false);
    tally->rows += (int64_t)run->count;
    tally->effects += (int64_t)world.count;
    tally->replays++;
    if (!verdict.same)
        say_where(&verdict, "live");
    else if (!model->tied)
        verdict = check_cuts(model, run, draw, tally);
    engine_run_free(run);
    expectation_free(model);
    return verdict;
}

static struct verdict check_dry(struct program *program, const char *playbook, struct tally *tally)
{
    struct expectation *model = reference_run(program, true, ENGINE_START_MS);
    struct verdict verdict = {.same = true};
    if (!model->endless) {
        world_reset(ENGINE_START_MS);
        now_at = "dry";
        struct engine_run *run = engine_run(playbook, "dry-run", program->seed);
        verdict = compare(model, run, true, false);
        if (!verdict.same)
            say_where(&verdict, "dry run");
        engine_run_free(run);
        tally->dry++;
        tally->replays++;
    }
    expectation_free(model);
    return verdict;
}

static struct verdict check(struct program *program, uint64_t seed, struct tally *tally)
{
    uint64_t draw = seed ^ 0x6a09e667f3bcc909u;
    char *playbook = playbook_of(program);
    struct verdict verdict = check_live(program, playbook, &draw, tally);
    if (verdict.same && program_dice(&draw, 2) == 0)
        verdict = check_dry(program, playbook, tally);
    free(playbook);
    return verdict;
}

/* --- making a failing one smaller: statements are left out, blocks give way to what is in them --- */

static bool still_fails(struct program *program)
{
    struct tally ignored = {0};
    for (uint64_t seed = 0; seed < 4; seed++)
        if (!check(program, seed, &ignored).same)
            return true;
    return false;
}

static bool shrink(struct program *program, struct node *node)
{
    bool smaller = false;
    for (int i = 0; node->op == OP_BLOCK && i < node->count; i++) {
        struct node *gone = node->kids[i];
        memmove(node->kids + i, node->kids + i + 1, (size_t)(node->count - i - 1) * sizeof gone);
        node->count--;
        if (still_fails(program)) {
            node_free(gone);
            smaller = true;
            i--;
            continue;
        }
        memmove(node->kids + i + 1, node->kids + i, (size_t)(node->count - i) * sizeof gone);
        node->kids[i] = gone;
        node->count++;
    }
    for (int i = 0; i < node->count; i++)
        smaller = shrink(program, node->kids[i]) || smaller;
    return smaller;
}

static void keep(struct program *program, uint64_t seed, const struct verdict *verdict,
                 const char *folder)
{
    struct verdict last = *verdict;
    struct tally ignored = {0};
    while (still_fails(program) && shrink(program, program->root))
        continue;
    for (uint64_t draw = 0; draw < 4; draw++) {
        last = check(program, draw, &ignored);
        if (!last.same)
            break;
    }
    struct mu_buf tree = {0};
    program_print(program, &tree);
    char path[4096], *playbook = playbook_of(program), *line, *rest = playbook;
    snprintf(path, sizeof path, "%s/%" PRIu64 ".model", folder, seed);
    FILE *file = fopen(path, "w");
    if (file) {
        fprintf(file, "# %s\n#\n", last.same ? verdict->what : last.what);
        while ((line = strtok_r(rest, "\n", &rest)))
            fprintf(file, "# %s\n", line);
        fputs(mu_buf_text(&tree), file);
        fclose(file);
    }
    printf("  kept as %s\n", path);
    free(playbook);
    mu_buf_free(&tree);
}

/* --- many --- */

static struct tally run_share(uint64_t seed, uint64_t count, uint64_t from, uint64_t step,
                              const char *found)
{
    struct tally tally = {0};
    for (uint64_t i = from; i < count; i += step) {
        now_seed = seed + i;
        struct program *program = program_generate(seed + i);
        struct verdict verdict = check(program, seed + i, &tally);
        tally.programs++;
        if (!verdict.same) {
            tally.failures++;
            printf("NOT OK program %" PRIu64 ": %s\n", seed + i, verdict.what);
            if (found)
                keep(program, seed + i, &verdict, found);
            fflush(stdout);
        }
        program_free(program);
        if (tally.failures >= 20)
            break;
    }
    return tally;
}

static void add(struct tally *sum, const struct tally *part)
{
    sum->programs += part->programs;
    sum->skipped += part->skipped;
    sum->replays += part->replays;
    sum->dry += part->dry;
    sum->cuts += part->cuts;
    sum->rows += part->rows;
    sum->effects += part->effects;
    sum->failures += part->failures;
}

static pid_t start_job(uint64_t seed, uint64_t count, int job, int jobs, const char *found, int out)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct tally tally = run_share(seed, count, (uint64_t)job, (uint64_t)jobs, found);
    bool told = write(out, &tally, sizeof tally) == (ssize_t)sizeof tally;
    fflush(stdout);
    _exit(told ? 0 : 1);
}

static int run_many(uint64_t count, uint64_t seed, int jobs, const char *found)
{
    struct tally sum = {0}, part;
    int ends[2], dead = 0, status;
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    if (pipe(ends) != 0)
        return 1;
    for (int job = 0; job < jobs; job++)
        start_job(seed, count, job, jobs, found, ends[1]);
    close(ends[1]);
    while (read(ends[0], &part, sizeof part) == (ssize_t)sizeof part)
        add(&sum, &part);
    while (wait(&status) > 0)
        dead += status != 0;
    clock_gettime(CLOCK_MONOTONIC, &ended);
    bool good = sum.failures == 0 && dead == 0 && sum.programs > 0;
    printf("%s programs: %" PRId64 " from seed %" PRIu64 " in %ld s, %" PRId64 " rows, %" PRId64
           " effects; %" PRId64 " dry runs, %" PRId64 " crashes gone on from, %" PRId64
           " replays; %" PRId64 " too long, %" PRId64 " differ, %d died\n",
           good ? "ok" : "NOT OK", sum.programs, seed, (long)(ended.tv_sec - began.tv_sec),
           sum.rows, sum.effects, sum.dry, sum.cuts, sum.replays, sum.skipped, sum.failures, dead);
    return good ? 0 : 1;
}

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "r");
    struct mu_buf text = {0};
    char part[4096];
    size_t len;
    while (file && (len = fread(part, 1, sizeof part, file)) > 0)
        mu_buf_add(&text, part, len);
    if (file)
        fclose(file);
    char *all = mu_xstrdup(mu_buf_text(&text));
    mu_buf_free(&text);
    return all;
}

static int run_file(const char *path)
{
    struct tally tally = {0};
    char *text = file_text(path);
    struct program *program = program_parse(text);
    struct verdict verdict = {.same = program != NULL, .what = "no program"};
    for (uint64_t draw = 0; draw < 8 && verdict.same; draw++)
        verdict = check(program, draw, &tally);
    printf("%s %s%s%s\n", verdict.same ? "ok" : "NOT OK", path, verdict.same ? "" : ": ",
           verdict.same ? "" : verdict.what);
    program_free(program);
    free(text);
    return !verdict.same;
}

static int show(uint64_t seed)
{
    struct program *program = program_generate(seed);
    char *playbook = playbook_of(program);
    printf("%s-- seed of the run: %" PRIu32 ", %d nodes\n", playbook, program->seed,
           node_size(program->root));
    free(playbook);
    program_free(program);
    return 0;
}

int main(int argc, char **argv)
{
    int code = 0;
    signal(SIGABRT, on_abort);
    signal(SIGSEGV, on_abort);
    engine_open(getenv("MODEL_MODULE") ? getenv("MODEL_MODULE") : MODEL_MODULE);
    if (argc == 3 && strcmp(argv[1], "show") == 0)
        code = show(strtoull(argv[2], NULL, 10));
    else if (argc >= 4 && argv[1][0] >= '0' && argv[1][0] <= '9')
        code = run_many(strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10),
                        (int)strtol(argv[3], NULL, 10), argc > 4 ? argv[4] : NULL);
    else
        for (int i = 1; i < argc; i++)
            code |= run_file(argv[i]);
    engine_close();
    return code;
}
