/* SPDX-License-Identifier: MIT
 *
 * One point: the template is copied, then executor after executor is forked, each with its plan, until
 * the run has ended; where it parks, people do what people do. What is left is judged. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "crash.h"
#include "../model/stress.h"
#include "engine/run.h"

#define MOST_LIVES 24
#define PATIENCE_S 60

static const struct crash_plan no_plan = {.kind = PLAN_NONE};

static void log_to(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
}

static void limit_files(int64_t most)
{
    struct rlimit limit = {.rlim_cur = (rlim_t)most, .rlim_max = (rlim_t)most};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        _exit(72);
}

static MU_NORETURN void be_executor(const struct crash_case *subject, const struct crash_plan *plan)
{
    struct mu_fail fail = {.class = MU_OK};
    json_t *who = json_pack("{s:s}", "name", "eve");
    struct mu_execute how = {.path = crash_path(subject->run_path),
                             .config = crash_config,
                             .state_dir = crash_path("state"),
                             .who = who,
                             .wake_fd = -1};
    alarm(PATIENCE_S);
    log_to(crash_path("log"));
    crash_arm(plan);
    if (plan->kind == PLAN_FILES)
        limit_files(plan->at);
    int code = mu_run_execute(&how, &fail);
    if (code == MU_RUN_REFUSED || code == MU_RUN_TEMPORARY)
        fprintf(stderr, "crash: left with %d: %s\n", code, fail.text);
    fflush(stderr);
    if (plan->kind == PLAN_FAULT && plan->cut)
        power_cut(plan->seed, true);
    _exit(code);
}

static int live(const struct crash_case *subject, const struct crash_plan *plan)
{
    int status;
    crash_tally_reset();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        be_executor(subject, plan);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        perror("crash: fork");
        exit(70);
    }
    return status;
}

/* Where the zeros that are laid out ahead begin. */
static off_t written(const char *wal)
{
    FILE *file = fopen(wal, "r");
    off_t at = 0, end = 0;
    for (int octet; file && (octet = getc(file)) != EOF; at++)
        if (octet != 0)
            end = at + 1;
    if (file)
        fclose(file);
    return end;
}

/* A file system that lost what it had promised: any prefix of the WAL may be what is left. */
static void cut_tail(const struct crash_case *subject, uint64_t seed)
{
    char wal[CRASH_PATH * 2], shm[CRASH_PATH * 2];
    snprintf(wal, sizeof wal, "%s-wal", crash_path(subject->run_path));
    snprintf(shm, sizeof shm, "%s-shm", crash_path(subject->run_path));
    unlink(shm);
    off_t end = written(wal);
    if (end > 0 && truncate(wal, (off_t)(crash_random(&seed) % (uint64_t)end)) != 0)
        perror("crash: truncating");
}

/* --- what a person finds --- */

struct parked {
    char why[32];
};

static bool last_park(const struct mu_row *row, void *ud)
{
    struct parked *parked = ud;
    if (row->type != 'h' || strcmp(row->verb, "park") != 0)
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    snprintf(parked->why, sizeof parked->why, "%s", mu_json_str(value, "why", "?"));
    json_decref(value);
    return true;
}

static void why_parked(const struct crash_case *subject, struct parked *parked)
{
    struct mu_journal *journal;
    parked->why[0] = '\0';
    if (mu_journal_open_read(crash_path(subject->run_path), &journal, NULL) != MU_OK)
        return;
    (void)!mu_journal_each(journal, 0, last_park, parked, NULL);
    mu_journal_close(journal);
}

static bool help(const struct crash_case *subject, struct crash_counts *counts, char *why,
                 size_t size)
{
    struct parked parked;
    why_parked(subject, &parked);
    if (strcmp(parked.why, "poisoned") == 0) {
        counts->unparked++;
        return people_unpark(subject->run);
    }
    if (strcmp(parked.why, "in_doubt") == 0) {
        counts->decided++;
        if (people_decide(subject))
            return true;
    }
    snprintf(why, size, "parked: %s", parked.why);
    return false;
}

/* --- life after life --- */

/* Finished was said, and then the power went: the end must be on disk. */
static bool end_is_kept(const struct crash_case *subject, char *why, size_t size)
{
    bool has_end;
    free(verdict_end(crash_path(subject->run_path), &has_end));
    if (!has_end)
        snprintf(why, size, "it said that it had ended, and its end is not on disk");
    return has_end;
}

enum verdict { GO_ON, ENDED, WRONG };

/* What it had on disk is lost: parking and refusing are ends as good as any. */
static bool is_torn(const struct crash_point *point)
{
    return point->plan_count > 0 && point->plans[0].kind == PLAN_TAIL;
}

static enum verdict after_exit(const struct crash_point *point, const struct crash_plan *plan,
                               int code, struct crash_counts *counts, char *why, size_t size)
{
    bool has_end;
    switch (code) {
    case MU_RUN_TEMPORARY:
    case MU_RUN_STORAGE:
        return GO_ON;
    case MU_RUN_PARKED:
        if (is_torn(point))
            return ENDED;
        return help(point->subject, counts, why, size) ? GO_ON : WRONG;
    case MU_RUN_CANTOPEN:
    case MU_RUN_REFUSED: /* it had ended and was sealed before it died, or could not start */
        free(verdict_end(crash_path(point->subject->run_path), &has_end));
        if (has_end)
            return ENDED;
        if ((plan->kind == PLAN_FAULT && crash_tally()->faults > 0) || plan->kind == PLAN_FILES)
            return GO_ON;
        if (is_torn(point)) /* its first row is gone, too: it says so and does nothing */
            return ENDED;
        snprintf(why, size, "refused to start");
        return WRONG;
    case MU_RUN_INTERNAL:
    case MU_RUN_STUCK:
        snprintf(why, size, "left with %d", code);
        return WRONG;
    default:
        if (plan->kind != PLAN_FAULT && plan->kind != PLAN_FILES)
            return ENDED;
        if (!end_is_kept(point->subject, why, size))
            return WRONG;
        return verdict_needs_care(point->subject) ? GO_ON : ENDED;
    }
}

static void count_life(const struct crash_plan *plan, int status, struct crash_counts *counts)
{
    const struct crash_tally *tally = crash_tally();
    counts->lives++;
    counts->effects += tally->effects;
    counts->undone += tally->undone;
    counts->agains += tally->agains;
    counts->faults += tally->faults;
    bool died = WIFSIGNALED(status);
    if (plan->kind == PLAN_KILL)
        died ? counts->kills++ : counts->missed++;
    else if (plan->kind == PLAN_TAIL)
        died ? counts->tails++ : counts->missed++;
    else if (plan->kind == PLAN_FILES)
        counts->limits++;
    else if (plan->kind == PLAN_HELD)
        tally->held_at ? counts->held++ : counts->missed++;
    else if (plan->kind == PLAN_POWER)
        died ? counts->cuts++ : counts->missed++;
    else if (plan->kind == PLAN_FAULT && tally->faults == 0)
        counts->missed++;
}

static enum verdict after_life(const struct crash_point *point, const struct crash_plan *plan,
                               int status, struct crash_counts *counts, char *why, size_t size)
{
    bool by_plan = plan->kind == PLAN_KILL || plan->kind == PLAN_POWER || plan->kind == PLAN_TAIL ||
                   plan->kind == PLAN_HELD;
    count_life(plan, status, counts);
    if (crash_tally()->after_fail > 0) {
        snprintf(why, size, "%lld acts left after the journal had failed",
                 (long long)crash_tally()->after_fail);
        return WRONG;
    }
    if (WIFSIGNALED(status) && by_plan && WTERMSIG(status) == SIGKILL) {
        if (plan->kind == PLAN_TAIL)
            cut_tail(point->subject, plan->seed);
        return GO_ON;
    }
    if (WIFSIGNALED(status)) {
        snprintf(why, size, "died by signal %d", WTERMSIG(status));
        return WRONG;
    }
    return after_exit(point, plan, WEXITSTATUS(status), counts, why, size);
}

static void begin(const struct crash_point *point)
{
    corpus_place(point->subject);
    warp_start();
}

static enum verdict live_on(const struct crash_point *point, int life, struct crash_counts *counts,
                            char *why, size_t size)
{
    const struct crash_plan *plan = life < point->plan_count ? &point->plans[life] : &no_plan;
    return after_life(point, plan, live(point->subject, plan), counts, why, size);
}

int point_watch(const struct crash_point *point)
{
    struct crash_counts counts = {0};
    char why[1600];
    enum verdict verdict = GO_ON;
    begin(point);
    for (int life = 0; verdict == GO_ON && life < CRASH_LIVES; life++) {
        verdict = live_on(point, life, &counts, why, sizeof why);
        if (life >= point->plan_count && crash_tally()->agains > 0)
            return life;
    }
    return -1;
}

/* Which of its workers takes the next item is a matter of time, and a sync that is held for long changes it: each item
 * is worked on once all the same, by another. */
static bool workers_change(const struct crash_point *point)
{
    for (int i = 0; i < point->plan_count; i++)
        if (point->plans[i].kind == PLAN_HELD && strcmp(point->subject->name, "parallel") == 0)
            return true;
    return false;
}

bool point_execute(const struct crash_point *point, struct crash_counts *counts, char *why,
                   size_t size)
{
    enum verdict verdict = GO_ON;
    why[0] = '\0';
    begin(point);
    counts->points++;
    for (int life = 0; verdict == GO_ON && life < MOST_LIVES; life++)
        verdict = live_on(point, life, counts, why, size);
    if (verdict == GO_ON)
        snprintf(why, size, "not ended after %d executors", MOST_LIVES);
    bool steady = point->plans[0].kind == PLAN_STEADY;
    if (steady) /* in a worker of its own: its states are nobody else's */
        stress_lua(1 + (enum stress_gc)(counts->steady++ % 2), true);
    if (verdict == ENDED && is_torn(point))
        return verdict_no_harm(point->subject, why, size);
    return verdict == ENDED && end_is_kept(point->subject, why, size) &&
           verdict_judge(point->subject,
                         steady || point->plans[0].kind == PLAN_FILES || workers_change(point),
                         counts, why, size);
}
