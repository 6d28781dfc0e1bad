/* SPDX-License-Identifier: MIT
 *
 * Gates of real runs: executors in processes of their own, people who answer at once, late, or within
 * milliseconds of the deadline, executors that are killed or replaced, runs that are cancelled. What
 * everybody was told must be what the run's 'o' row says, and what it ended with.
 *
 *   orders   a random order of up to eight events: approve by A and B, deny by C, withdraw by A, the
 *            deadline (plus or minus some ms), cancel, kill -9, another executor
 *   race     answers, cancels and kills within 5 ms of the deadline
 *   block    the same around the end of within(), behind which nobody waits for the answer
 *   finish   the same around a finish() in another task
 *
 *   gates.runs [--trials N] [--mode orders|race|block|finish|all] [--workers N] [--seed S] [--state FOLDER]
 *
 * Prints one line of figures a worker's sum; exits with 1 on a mismatch. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/run.h"
#include "journal/rows.h"
#include "store/store_internal.h"

enum mode { ORDERS, RACE, BLOCK, FINISH, MODES };
static const char *const mode_names[] = {"orders", "race", "block", "finish"};

enum event { YES_A, YES_B, NO_C, WITHDRAW_A, DEADLINE, CANCEL, KILL, REPLACE, EVENTS };
static const char *const event_names[] = {"A yes",    "B yes",  "C no", "A withdraws",
                                          "deadline", "cancel", "kill", "replace"};
#define ANSWERS DEADLINE /* those before it are people's */

#define PATIENCE_MS 60000
#define AROUND_MS   5

static const char playbook[] =
    "playbook { name = 'gates', version = '1.0.0', owner = 'A', summary = 'A gate', may_change = "
    "{},"
    " params = { quorum = param.integer 'How many', deadline = param.duration 'How long',"
    " next = param.string 'Who then' { default = '' }, block = param.string 'A block around it' {"
    " default = '' }, beside = param.string 'A finish beside it' { default = '' } }, changelog = { "
    "['1.0.0'] = 'First' } }\n"
    "local function asked(p)\n"
    "  return approve { 'Go?', by = 'lead', quorum = p.quorum, deadline = p.deadline, then_ask = "
    "p.next"
    " ~= '' and p.next or nil }\n"
    "end\n"
    "function main(p)\n"
    "  local in_time, answer = true, nil\n"
    "  if p.beside ~= '' then\n"
    "    parallel { a = function() answer = asked(p) end, b = function() sleep(p.beside)"
    " finish('gone_on') end }\n"
    "  elseif p.block ~= '' then in_time, answer = within(p.block, function() return asked(p) "
    "end)\n"
    "  else answer = asked(p) end\n"
    "  finish(in_time and answer.how or 'gone_on')\n"
    "end\n";

/* --- one worker's world --- */

static char folder[4096];
static struct mu_config *config;
static struct mu_bundle *bundle;
static struct mu_header *header;
static json_t *person;
static struct mu_store *store;
static uint64_t random_state;
static int64_t told_count, mismatches, killed, decided_count, in_vain;

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "gates.runs: %s: %s\n", what, why);
    exit(2);
}

/* SplitMix64. */
static uint64_t draw(uint64_t below)
{
    uint64_t x = random_state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (x ^ (x >> 31)) % below;
}

static void sleep_us(int64_t us)
{
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    while (us > 0 && nanosleep(&time, &time) != 0 && errno == EINTR)
        ;
}

static void sleep_until(int64_t wall_ms)
{
    int64_t left;
    while ((left = wall_ms - mu_clock_real_ms()) > 0)
        sleep_us(left > 2 ? (left - 1) * 1000 : 100);
}

static void open_world(void)
{
    struct mu_fail fail;
    char path[4200];
    snprintf(path, sizeof path, "%s/muster.lua", folder);
    FILE *file = fopen(path, "w");
    if (file == NULL || fprintf(file, "return { state = 'state' }\n") < 0 || fclose(file) != 0)
        give_up(path, strerror(errno));
    bundle = mu_bundle_new();
    mu_bundle_add(bundle, "playbook.lua", playbook, sizeof playbook - 1);
    if (mu_config_load(path, &config, &fail) != MU_OK ||
        mu_header_read(bundle, &header, &fail) != MU_OK)
        give_up("the playbook", fail.text);
    snprintf(path, sizeof path, "%s/state", folder);
    if (mu_store_open(path, &store, &fail) != MU_OK)
        give_up("the store", fail.text);
    person = json_pack("{s:s, s:i, s:s, s:s}", "name", "A", "uid", 0, "host", "here", "tty", "");
}

/* --- a trial --- */

struct told {
    bool asked; /* this event happened */
    enum mu_store_vote_result result;
    char text[MU_FAIL_TEXT];
};

struct trial {
    enum mode mode;
    int quorum, deadline_ms;
    bool next;
    enum event order[EVENTS];
    int64_t at[EVENTS]; /* race, block: ms from the deadline */
    int count;
    struct mu_run_created run;
    pid_t executor;   /* 0 = nobody */
    int code;         /* of the last one that ended */
    int64_t deadline; /* wall ms */
    char gate[160];
    struct told told[EVENTS];
    bool cancelled, killed;
    /* what the journal says */
    int outcomes;
    json_t *answer, *end;
};

/* Something else may end the wait: there is a task for it and one for the gate. */
static bool is_beside(const struct trial *trial)
{
    return trial->mode == BLOCK || trial->mode == FINISH;
}

static void mismatch(const struct trial *trial, const char *fmt, ...) MU_PRINTF(2, 3);

static void mismatch(const struct trial *trial, const char *fmt, ...)
{
    char text[2000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    mismatches++;
    printf("MISMATCH %s, quorum %d, %d ms%s, %s:", mode_names[trial->mode], trial->quorum,
           trial->deadline_ms, trial->next ? ", then_ask" : "", trial->run.path);
    for (int i = 0; i < trial->count; i++)
        printf(" %s (%+" PRId64 ") %s;", event_names[trial->order[i]], trial->at[i],
               trial->told[trial->order[i]].text);
    printf(" %s\n", text);
    fflush(stdout);
}

static void execute(struct trial *trial)
{
    fflush(NULL);
    trial->executor = fork();
    if (trial->executor < 0)
        give_up("fork", strerror(errno));
    if (trial->executor != 0)
        return;
    char state[4200], log[4200];
    snprintf(state, sizeof state, "%s/state", folder);
    snprintf(log, sizeof log, "%s.log", trial->run.path);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd >= 0)
        dup2(fd, STDERR_FILENO);
    struct mu_fail fail = {0};
    struct mu_execute how = {.path = trial->run.path,
                             .config = config,
                             .state_dir = state,
                             .who = person,
                             .wake_fd = -1};
    int code = mu_run_execute(&how, &fail);
    if (code == MU_RUN_REFUSED)
        fprintf(stderr, "refused: %s\n", fail.text);
    _exit(code);
}

/* The exit code, or 128 and more when it was killed. */
static int wait_executor(struct trial *trial, int64_t patience_ms)
{
    int status;
    for (int64_t until = mu_clock_mono_ms() + patience_ms; mu_clock_mono_ms() < until;) {
        pid_t pid = waitpid(trial->executor, &status, WNOHANG);
        if (pid == trial->executor) {
            trial->executor = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        sleep_us(500);
    }
    mismatch(trial, "the executor does not end");
    kill(trial->executor, SIGKILL);
    waitpid(trial->executor, &status, 0);
    trial->executor = 0;
    return 128;
}

static bool goes_on(int code)
{
    return code == MU_RUN_TEMPORARY || code > 127;
}

/* False when it came to its end before. */
static bool stop_executor(struct trial *trial, int number)
{
    if (trial->executor == 0)
        return false;
    kill(trial->executor, number);
    trial->code = wait_executor(trial, PATIENCE_MS);
    killed += goes_on(trial->code);
    trial->killed = trial->killed || goes_on(trial->code);
    return goes_on(trial->code);
}

static void begin(struct trial *trial)
{
    struct mu_fail fail;
    json_t *params = NULL;
    char quorum[32], deadline[32], block[32];
    bool blocked = is_beside(trial);
    snprintf(quorum, sizeof quorum, "quorum=%d", trial->quorum);
    snprintf(deadline, sizeof deadline, blocked ? "deadline=%dh" : "deadline=%dms",
             blocked ? 1 : trial->deadline_ms);
    snprintf(block, sizeof block, "%s=%dms", trial->mode == FINISH ? "beside" : "block",
             trial->deadline_ms);
    const char *pairs[] = {quorum, deadline, trial->next ? "next=next" : "next=", block};
    if (mu_params_resolve(header, pairs, MU_COUNT(pairs) - !blocked, config->values, &params,
                          &fail) != MU_OK)
        give_up("parameters", fail.text);
    struct mu_run_request request = {.bundle = bundle,
                                     .header = header,
                                     .params = params,
                                     .config = config,
                                     .world = "live",
                                     .who = person};
    if (mu_run_create(store, &request, &trial->run, &fail) != MU_OK)
        give_up("creating a run", fail.text);
    json_decref(params);
    execute(trial);
}

static bool copy_gate(const struct mu_store_gate *gate, void *ud)
{
    struct trial *trial = ud;
    if (strcmp(gate->run, trial->run.name) != 0)
        return true;
    snprintf(trial->gate, sizeof trial->gate, "%s", gate->id);
    /* The block began a little before its gate was opened. */
    trial->deadline = is_beside(trial) ? gate->opened + trial->deadline_ms - 3 : gate->deadline;
    return false;
}

static bool wait_for_gate(struct trial *trial)
{
    struct mu_fail fail;
    for (int64_t until = mu_clock_mono_ms() + PATIENCE_MS; mu_clock_mono_ms() < until;) {
        char id[160];
        /* By its name, so that one which is over already is found, too. */
        snprintf(id, sizeof id, "%s/%s/1", trial->run.name, is_beside(trial) ? "r.1" : "r");
        if (mu_store_gate_find(store, id, copy_gate, trial, &fail) == MU_OK)
            return true;
        sleep_us(300);
    }
    mismatch(trial, "no gate was opened");
    return false;
}

static void answer(struct trial *trial, enum event event)
{
    static const char *const who[] = {"A", "B", "C", "A"}, *const what[] = {"yes", "yes", "no",
                                                                            "withdraw"};
    struct told *told = &trial->told[event];
    struct mu_fail fail;
    struct mu_store_vote vote = {
        .who = who[event], .from = "test", .answer = what[event], .at = mu_clock_real_ms()};
    if (mu_store_gate_vote(store, trial->gate, &vote, &told->result, told->text, &fail) != MU_OK)
        give_up("answering", fail.text);
    told->asked = true;
    told_count++;
    mu_run_poke(trial->run.path);
}

static void happen(struct trial *trial, enum event event)
{
    struct mu_fail fail;
    switch (event) {
    case DEADLINE:
        sleep_until(trial->deadline + (int64_t)draw(6) - 2);
        break;
    case CANCEL:
        if (mu_store_order_put(store, trial->run.name, "cancel", "{\"name\":\"A\"}", "enough",
                               mu_clock_real_ms(), &fail) != MU_OK)
            give_up("cancelling", fail.text);
        trial->cancelled = true;
        mu_run_poke(trial->run.path);
        break;
    case KILL:
    case REPLACE:
        if (stop_executor(trial, event == KILL ? SIGKILL : SIGTERM))
            execute(trial);
        break;
    default:
        answer(trial, event);
    }
}

/* Until somebody sees it through to its end, as the monitor would. */
static int see_it_through(struct trial *trial)
{
    if (trial->executor != 0)
        trial->code = wait_executor(trial, PATIENCE_MS);
    for (int i = 0; i < 5 && goes_on(trial->code); i++) {
        execute(trial);
        trial->code = wait_executor(trial, PATIENCE_MS);
    }
    return trial->code;
}

/* --- what the journal says --- */

static bool take_row(const struct mu_row *row, void *ud)
{
    struct trial *trial = ud;
    if (row->type == MU_ROW_OUTCOME && strcmp(row->verb, "approve") == 0) {
        json_t *outcome = mu_json_parse(row->value, strlen(row->value), NULL);
        trial->outcomes++;
        json_decref(trial->answer);
        trial->answer = json_incref(json_object_get(outcome, "value"));
        json_decref(outcome);
    }
    if (row->type == MU_ROW_HOST && strcmp(row->verb, "end") == 0) {
        json_decref(trial->end);
        trial->end = mu_json_parse(row->value, strlen(row->value), NULL);
    }
    return true;
}

static void read_journal(struct trial *trial)
{
    struct mu_journal *journal;
    struct mu_fail fail;
    if (mu_journal_open_read(trial->run.path, &journal, &fail) != MU_OK)
        give_up(trial->run.path, fail.text);
    if (mu_journal_each(journal, 0, take_row, trial, &fail) != MU_OK)
        give_up(trial->run.path, fail.text);
    if (mu_run_verify(journal, config, &fail) != MU_OK)
        mismatch(trial, "the offline replay differs: %s", fail.text);
    mu_journal_close(journal);
}

static bool has_vote(const struct trial *trial, enum event event)
{
    static const char *const who[] = {"A", "B", "C", "A"}, *const what[] = {"yes", "yes", "no",
                                                                            "withdraw"};
    size_t i;
    json_t *vote;
    json_array_foreach(json_object_get(trial->answer, "votes"), i, vote)
    {
        if (strcmp(mu_json_str(vote, "who", ""), who[event]) == 0 &&
            strcmp(mu_json_str(vote, "answer", ""), what[event]) == 0)
            return true;
    }
    return false;
}

/* What one person was told, against the 'o' row. */
static void compare_told(const struct trial *trial, enum event event, const char *how)
{
    const struct told *told = &trial->told[event];
    const char *text = told->text;
    bool counts = told->result == MU_VOTE_RECORDED || told->result == MU_VOTE_DECIDED;
    if (counts != has_vote(trial, event))
        mismatch(trial, "%s was told \"%s\", and its votes say otherwise", event_names[event],
                 text);
    if (told->result == MU_VOTE_DECIDED && strcmp(text, how) != 0)
        mismatch(trial, "%s was told \"%s\", the run has \"%s\"", event_names[event], text, how);
    if (told->result != MU_VOTE_TOO_LATE)
        return;
    const char *named = strncmp(text, "too late: it ", 13) == 0 ? text + 13 : text + 10;
    if (strncmp(named, how, strlen(how)) != 0)
        mismatch(trial, "%s was told \"%s\", the run has \"%s\"", event_names[event], text, how);
}

static bool is_told_unused(const struct trial *trial)
{
    int64_t count = 0;
    struct mu_fail fail;
    char dedup[200];
    snprintf(dedup, sizeof dedup, "%s/unused", trial->gate);
    if (store_ask(store, "looking", &fail, &count, 0,
                  "SELECT count(*) FROM message WHERE dedup = ?",
                  STORE_VALUES(STORE_TEXT(dedup))) != MU_OK)
        give_up("looking", fail.text);
    return count == 1;
}

/* The end follows from the decision, or the one who decided was told that it does not. */
static void compare_end(const struct trial *trial, const char *how, bool decided, int code)
{
    static const struct {
        const char *result;
        int code;
    } codes[] = {{"approved", MU_RUN_FINISHED},
                 {"declined", MU_RUN_DECLINED},
                 {"expired", MU_RUN_EXPIRED},
                 {"cancelled", MU_RUN_CANCELLED},
                 {"gone_on", MU_RUN_FINISHED}};
    const char *result = mu_json_str(trial->end, "result", "none");
    bool elsewhere = (strcmp(result, "cancelled") == 0 && trial->cancelled) ||
                     (strcmp(result, "gone_on") == 0 && is_beside(trial));
    if (strcmp(result, how) != 0 && !elsewhere)
        mismatch(trial, "the run has \"%s\" and ended with \"%s\"", how, result);
    /* Killed and then cancelled: whether the playbook had heard of it is not known to anybody. */
    bool unknown = trial->killed && strcmp(result, "cancelled") == 0;
    /* One task may hear of it in the very turn in which another one finishes the run. */
    unknown = unknown || trial->mode == FINISH;
    if (decided && !unknown && (strcmp(result, how) != 0) != is_told_unused(trial))
        mismatch(trial, "it ended with \"%s\", and who decided was %stold that nobody waited",
                 result, is_told_unused(trial) ? "" : "not ");
    for (size_t i = 0; i < MU_COUNT(codes); i++)
        if (strcmp(codes[i].result, result) == 0 && codes[i].code != code)
            mismatch(trial, "it ended with \"%s\" and exit code %d", result, code);
}

static void compare(struct trial *trial, int code)
{
    const char *how = mu_json_str(trial->answer, "how", "none");
    int deciders = 0;
    if (trial->outcomes != 1 || trial->end == NULL) {
        mismatch(trial, "%d outcomes, %s end, exit code %d", trial->outcomes,
                 trial->end ? "an" : "no", code);
        return;
    }
    for (int event = 0; event < ANSWERS; event++) {
        deciders += trial->told[event].asked && trial->told[event].result == MU_VOTE_DECIDED;
        if (trial->told[event].asked)
            compare_told(trial, (enum event)event, how);
    }
    if (code == MU_RUN_REFUSED) /* who was killed behind the end row has no successor */
        code = (int)mu_json_int(trial->end, "exit", -1);
    bool decided = strcmp(how, "approved") == 0 || strcmp(how, "declined") == 0;
    decided_count += decided;
    in_vain += decided && strcmp(how, mu_json_str(trial->end, "result", "")) != 0;
    if (deciders != decided)
        mismatch(trial, "%d people decided it, the run has \"%s\"", deciders, how);
    compare_end(trial, how, decided, code);
}

/* --- all of them --- */

static void plan(struct trial *trial, enum mode mode)
{
    enum event all[EVENTS];
    *trial = (struct trial){.mode = mode,
                            .quorum = mode == ORDERS ? 1 + (int)draw(3) : 1 + (draw(4) == 0),
                            .deadline_ms = 60 + (int)draw(mode == ORDERS ? 100 : 40),
                            .next = mode == ORDERS && draw(2)};
    int kinds = 0;
    for (int i = 0; i < EVENTS; i++)
        if (mode == ORDERS || i != DEADLINE)
            all[kinds++] = (enum event)i;
    trial->count = mode == ORDERS ? 1 + (int)draw(EVENTS) : 1 + (int)draw(4);
    for (int i = 0; i < trial->count; i++) {
        int from = i + (int)draw((uint64_t)(kinds - i));
        trial->order[i] = all[from];
        all[from] = all[i];
        trial->at[i] = mode == ORDERS ? 0 : (int64_t)draw(2 * AROUND_MS + 1) - AROUND_MS;
    }
    for (int i = 1; mode != ORDERS && i < trial->count; i++) /* in the order of their times */
        for (int j = i; j > 0 && trial->at[j] < trial->at[j - 1]; j--) {
            int64_t at = trial->at[j];
            enum event event = trial->order[j];
            trial->at[j] = trial->at[j - 1];
            trial->order[j] = trial->order[j - 1];
            trial->at[j - 1] = at;
            trial->order[j - 1] = event;
        }
}

static void try_one(enum mode mode)
{
    struct trial trial;
    plan(&trial, mode);
    begin(&trial);
    if (wait_for_gate(&trial)) {
        for (int i = 0; i < trial.count; i++) {
            if (mode == ORDERS)
                sleep_us((int64_t)draw(3000));
            else
                sleep_until(trial.deadline + trial.at[i]);
            happen(&trial, trial.order[i]);
        }
        int code = see_it_through(&trial);
        read_journal(&trial);
        compare(&trial, code);
    } else {
        stop_executor(&trial, SIGKILL);
    }
    json_decref(trial.answer);
    json_decref(trial.end);
}

struct figures {
    int64_t told, mismatches, killed, decided, in_vain;
};

static void work(int64_t trials, enum mode mode, int fd)
{
    open_world();
    for (int64_t i = 0; i < trials; i++)
        try_one(mode == MODES ? (enum mode)(i % MODES) : mode);
    struct figures figures = {told_count, mismatches, killed, decided_count, in_vain};
    if (write(fd, &figures, sizeof figures) != sizeof figures)
        give_up("figures", strerror(errno));
    mu_store_close(store);
    json_decref(person);
    mu_header_free(header);
    mu_bundle_free(bundle);
    mu_config_free(config);
    fflush(stdout);
}

struct options {
    int64_t trials, workers;
    uint64_t seed;
    enum mode mode;
    const char *parent;
};

static int parse(int argc, char **argv, struct options *options)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--trials") == 0)
            options->trials = strtoll(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--workers") == 0)
            options->workers = strtoll(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            options->seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--state") == 0)
            options->parent = argv[i + 1];
        else if (strcmp(argv[i], "--mode") == 0)
            for (int mode = 0; mode < MODES; mode++)
                if (strcmp(mode_names[mode], argv[i + 1]) == 0)
                    options->mode = (enum mode)mode;
    }
    if (argc % 2 == 0 || options->workers < 1 || options->workers > 64)
        return fprintf(
                   stderr,
                   "gates.runs [--trials N] [--mode orders|race|block|finish|all] [--workers N] "
                   "[--seed S] [--state FOLDER]\n"),
               2;
    return 0;
}

static bool run_workers(const struct options *options, const char *top, struct figures *sum)
{
    int pipes[2];
    bool good = pipe(pipes) == 0;
    for (int64_t i = 0; good && i < options->workers; i++) {
        fflush(NULL);
        if (fork() != 0)
            continue;
        random_state = options->seed * 1000003 + (uint64_t)i;
        snprintf(folder, sizeof folder, "%s/%" PRId64, top, i);
        if (mkdir(folder, 0700) != 0)
            give_up(folder, strerror(errno));
        work((options->trials + i) / options->workers, options->mode, pipes[1]);
        _exit(0);
    }
    close(pipes[1]);
    int status;
    for (int64_t i = 0; i < options->workers; i++)
        good = wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && good;
    for (struct figures part; read(pipes[0], &part, sizeof part) == sizeof part;) {
        sum->told += part.told;
        sum->mismatches += part.mismatches;
        sum->killed += part.killed;
        sum->decided += part.decided;
        sum->in_vain += part.in_vain;
    }
    close(pipes[0]);
    return good;
}

int main(int argc, char **argv)
{
    struct options options = {.trials = 100,
                              .workers = 4,
                              .seed = 1,
                              .mode = MODES,
                              .parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"};
    struct figures sum = {0};
    char top[4000], command[4200];
    if (parse(argc, argv, &options) != 0)
        return 2;
    snprintf(top, sizeof top, "%s/muster-gates-XXXXXX", options.parent);
    if (mkdtemp(top) == NULL)
        return fprintf(stderr, "gates.runs: %s: %s\n", top, strerror(errno)), 2;
    bool good = run_workers(&options, top, &sum);
    printf("%" PRId64 " runs (%s), %" PRId64 " answers, %" PRId64 " decided (%" PRId64
           " when nobody waited any more), %" PRId64 " executors killed or replaced, %" PRId64
           " mismatches (seed %" PRIu64 ")\n",
           options.trials, options.mode == MODES ? "all" : mode_names[options.mode], sum.told,
           sum.decided, sum.in_vain, sum.killed, sum.mismatches, options.seed);
    if (sum.mismatches == 0 && good) {
        snprintf(command, sizeof command, "rm -rf '%s'", top);
        (void)!system(command); /* NOLINT(cert-env33-c): our own mkdtemp folder */
    } else {
        printf("kept: %s\n", top);
    }
    return sum.mismatches != 0 || !good;
}
