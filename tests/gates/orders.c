/* SPDX-License-Identifier: MIT
 *
 * Every order of eight events at one gate, in the control store, against a small model that knows
 * nothing of SQL: approve by A, approve by B, deny by C, withdraw by A, the deadline, cancel, a crash
 * in the middle of a transaction, another executor that takes over. 8! orders, each looked at after
 * every event, so that each order of any subset is among them as a beginning; for a quorum of 1, 2
 * and 3, with and without a next one to ask, and with four clocks:
 *
 *   passing   events a millisecond apart, the deadline between the fourth and the fifth
 *   sudden    everything before the poll is in time by milliseconds, everything behind it is late
 *   slow      answers given in time and written whenever
 *   back      the wall clock jumps back behind the poll
 *
 *   gates.orders [--every N] [--clocks one] [--seed S] [--state FOLDER]
 *
 * --every N takes one order in N, --clocks one of the four clocks for each; others for another seed. What each caller was told is compared with
 * the model at once, and with the gate's end. Prints one line of figures; exits with 1 on a mismatch. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "store/store.h"
#include "store/store_internal.h"

enum event { YES_A, YES_B, NO_C, WITHDRAW_A, EXPIRE, CANCEL, CRASH, TAKE_OVER, EVENTS };
static const char *const event_names[] = {"A yes",  "B yes",  "C no",  "A withdraws",
                                          "expire", "cancel", "crash", "take over"};

enum clock { PASSING, SUDDEN, SLOW, BACK, CLOCKS };
static const char *const clock_names[] = {"passing", "sudden", "slow", "back"};

#define WITHIN_MS 3                       /* of the next one: over within the same eight events */
#define DAY_MS    (25 * 60 * 60 * 1000ll) /* codes rest for a day: every order has one of its own */
#define FRESH     4000                    /* orders after which the store is made anew */

struct setting {
    int quorum;
    bool next;
    enum clock clock;
};

/* --- the model --- */

enum state { OPEN, APPROVED, DECLINED, EXPIRED, CANCELLED };
static const char *const state_names[] = {"open", "approved", "declined", "expired", "cancelled"};

struct model {
    enum state state;
    int quorum;
    bool next, a, b;
    int64_t deadline;
};

static void model_time(struct model *model, int64_t at)
{
    if (model->state != OPEN || at < model->deadline)
        return;
    if (model->next)
        model->deadline = at + WITHIN_MS;
    else
        model->state = EXPIRED;
    model->next = false;
}

static enum mu_store_vote_result model_yes(struct model *model, bool *mine)
{
    if (*mine)
        return MU_VOTE_REFUSED;
    *mine = true;
    if (model->a + model->b < model->quorum)
        return MU_VOTE_RECORDED;
    model->state = APPROVED;
    return MU_VOTE_DECIDED;
}

static enum mu_store_vote_result model_answer(struct model *model, enum event event, int64_t at)
{
    model_time(model, at);
    if (model->state != OPEN)
        return MU_VOTE_TOO_LATE;
    if (event == YES_A)
        return model_yes(model, &model->a);
    if (event == YES_B)
        return model_yes(model, &model->b);
    if (event == WITHDRAW_A) {
        bool had = model->a;
        model->a = false;
        return had ? MU_VOTE_RECORDED : MU_VOTE_REFUSED;
    }
    model->state = DECLINED;
    return MU_VOTE_DECIDED;
}

/* --- the store --- */

struct told {
    enum mu_store_vote_result result;
    char text[MU_FAIL_TEXT];
};

struct trial {
    struct setting setting;
    enum event order[EVENTS];
    int64_t number, base; /* base: the deadline */
    char id[48], code[8];
    struct model model;
    struct told told[EVENTS]; /* by event; result -1 = nobody was told anything */
    int recorded;             /* answers that must stand among the votes */
};

static char folder[4096];
static struct mu_store *people, *executor;
static int64_t trials, answers, mismatches;

static void give_up(const char *what, const struct mu_fail *fail)
{
    fprintf(stderr, "gates.orders: %s: %s\n", what, fail->text);
    exit(2);
}

static struct mu_store *open_store(void)
{
    struct mu_store *store;
    struct mu_fail fail;
    if (mu_store_open(folder, &store, &fail) != MU_OK)
        give_up("opening", &fail);
    return store;
}

static void mismatch(const struct trial *trial, int upto, const char *fmt, ...) MU_PRINTF(3, 4);

static void mismatch(const struct trial *trial, int upto, const char *fmt, ...)
{
    va_list ap;
    if (++mismatches > 20)
        return;
    printf("MISMATCH quorum %d, %s, %s clock:", trial->setting.quorum,
           trial->setting.next ? "then_ask" : "no then_ask", clock_names[trial->setting.clock]);
    for (int i = 0; i <= upto && i < EVENTS; i++)
        printf(" %s;", event_names[trial->order[i]]);
    printf(" ");
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

static void open_gate(struct mu_store *store, struct trial *trial)
{
    struct mu_fail fail;
    char code[8];
    struct mu_store_gate gate = {.id = trial->id,
                                 .run = "orders.1",
                                 .world = "live",
                                 .kind = "approve",
                                 .title = "Go?",
                                 .by = "lead",
                                 .then_ask = trial->setting.next ? "next" : "",
                                 .digest = "9f31c2",
                                 .quorum = trial->setting.quorum,
                                 .opened = trial->base - 1000,
                                 .deadline = trial->base,
                                 .within_ms = WITHIN_MS};
    if (mu_store_gate_open(store, &gate, code, &fail) != MU_OK)
        give_up("opening a gate", &fail);
    if (trial->code[0] && strcmp(trial->code, code) != 0)
        mismatch(trial, EVENTS, "the code changed from %s to %s", trial->code, code);
    memcpy(trial->code, code, sizeof code);
}

static int64_t time_of(const struct trial *trial, int position, bool late)
{
    bool answer = trial->order[position] < EXPIRE;
    switch (trial->setting.clock) {
    case SUDDEN:
        return trial->base + (late ? position : position - EVENTS);
    case SLOW:
        return trial->base + (answer || !late ? position - EVENTS : position);
    case BACK:
        return trial->base + (trial->order[position] == EXPIRE ? 0 : position - 100);
    case PASSING:
    case CLOCKS:
        break;
    }
    return trial->base + position - EVENTS / 2;
}

static void answer(struct trial *trial, int position, int64_t at)
{
    static const char *const who[] = {"A", "B", "C", "A"}, *const what[] = {"yes", "yes", "no",
                                                                            "withdraw"};
    enum event event = trial->order[position];
    struct told *told = &trial->told[event];
    struct mu_fail fail;
    struct mu_store_vote vote = {
        .who = who[event], .from = "test", .answer = what[event], .digest = "9f31c2", .at = at};
    if (mu_store_gate_vote(people, trial->id, &vote, &told->result, told->text, &fail) != MU_OK)
        give_up("answering", &fail);
    enum mu_store_vote_result expected = model_answer(&trial->model, event, at);
    answers++;
    trial->recorded += expected == MU_VOTE_RECORDED || expected == MU_VOTE_DECIDED;
    if (told->result != expected)
        mismatch(trial, position, "told \"%s\" (%d), expected %d", told->text, told->result,
                 expected);
}

/* An executor that dies within its transaction: half of it is written, and none of it counts. */
static void crash(struct trial *trial)
{
    struct mu_fail fail;
    if (store_begin(executor, STORE_TRUTH, "dying", &fail) != MU_OK ||
        store_exec(executor, "dying", &fail,
                   "UPDATE gate SET state = 'declined', asked = 'nobody', decided = 1 WHERE id = ?",
                   STORE_VALUES(STORE_TEXT(trial->id))) != MU_OK)
        give_up("dying", &fail);
    mu_store_close(executor); /* without COMMIT */
    executor = open_store();
}

static void take_over(struct trial *trial)
{
    mu_store_close(executor);
    executor = open_store();
    open_gate(executor, trial);
}

static void happen(struct trial *trial, int position, bool late)
{
    struct mu_fail fail;
    int64_t at = time_of(trial, position, late);
    enum mu_err err = MU_OK;
    switch (trial->order[position]) {
    case EXPIRE:
        err = mu_store_gate_expire(executor, trial->id, at, 0, &fail);
        model_time(&trial->model, at);
        break;
    case CANCEL:
        err = mu_store_gate_cancel(executor, trial->id, at, "the run has ended", &fail);
        if (trial->model.state == OPEN)
            trial->model.state = CANCELLED;
        break;
    case CRASH:
        crash(trial);
        break;
    case TAKE_OVER:
        take_over(trial);
        break;
    default:
        answer(trial, position, at);
    }
    if (err != MU_OK)
        give_up(event_names[trial->order[position]], &fail);
}

/* --- looking --- */

struct look {
    struct trial *trial;
    int position;
};

static bool compare(const struct mu_store_gate *gate, void *ud)
{
    const struct look *look = ud;
    struct trial *trial = look->trial;
    const struct model *model = &trial->model;
    if (strcmp(gate->state, state_names[model->state]) != 0)
        mismatch(trial, look->position, "it is %s, expected %s", gate->state,
                 state_names[model->state]);
    if (model->state == OPEN && gate->deadline != model->deadline)
        mismatch(trial, look->position, "the deadline is %+" PRId64 ", expected %+" PRId64,
                 gate->deadline - trial->base, model->deadline - trial->base);
    if (gate->votes_yes != model->a + model->b && model->state != DECLINED)
        mismatch(trial, look->position, "%d agree, expected %d", gate->votes_yes,
                 model->a + model->b);
    if ((gate->decided != 0) != (model->state != OPEN))
        mismatch(trial, look->position, "decided at %" PRId64, gate->decided);
    return true;
}

static void look(struct trial *trial, int position)
{
    struct look look = {trial, position};
    struct mu_fail fail;
    if (mu_store_gate_find(executor, trial->id, compare, &look, &fail) != MU_OK)
        give_up("looking", &fail);
}

static bool count_vote(const struct mu_store_vote *vote, void *ud)
{
    (void)vote;
    ++*(int *)ud;
    return true;
}

/* What each was told, against what the gate became: by words alone, without the model's help. */
static void compare_words(struct trial *trial)
{
    const char *end = state_names[trial->model.state];
    int deciders = 0, votes = 0;
    struct mu_fail fail;
    for (int event = 0; event < EXPIRE; event++) {
        const struct told *told = &trial->told[event];
        const char *named = told->result == MU_VOTE_DECIDED                 ? told->text
                            : strncmp(told->text, "too late: it ", 13) == 0 ? told->text + 13
                            : strncmp(told->text, "too late: ", 10) == 0    ? told->text + 10
                                                                            : NULL;
        deciders += told->result == MU_VOTE_DECIDED;
        if (named && strncmp(named, end, strlen(end)) != 0)
            mismatch(trial, EVENTS, "%s was told \"%s\", and it became %s", event_names[event],
                     told->text, end);
    }
    bool decided = trial->model.state == APPROVED || trial->model.state == DECLINED;
    if (deciders != decided)
        mismatch(trial, EVENTS, "%d people decided it, it became %s", deciders, end);
    if (mu_store_votes(executor, trial->id, count_vote, &votes, &fail) != MU_OK)
        give_up("reading answers", &fail);
    if (votes != trial->recorded)
        mismatch(trial, EVENTS, "%d answers are kept, %d were told so", votes, trial->recorded);
}

static void start_again(void)
{
    char command[4200];
    mu_store_close(people);
    mu_store_close(executor);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) /* NOLINT(cert-env33-c): our own mkdtemp folder */
        exit(2);
    people = open_store();
    executor = open_store();
}

static void try_order(const enum event order[EVENTS], struct setting setting)
{
    struct trial trial = {.setting = setting, .number = trials++};
    memcpy(trial.order, order, sizeof trial.order);
    trial.base = 1795400000000 + (trial.number % FRESH) * DAY_MS;
    trial.model =
        (struct model){.quorum = setting.quorum, .next = setting.next, .deadline = trial.base};
    for (int i = 0; i < EVENTS; i++)
        trial.told[i].result = (enum mu_store_vote_result) - 1;
    snprintf(trial.id, sizeof trial.id, "orders.1/r/%" PRId64, trial.number);
    if (trial.number % FRESH == 0)
        start_again();
    open_gate(executor, &trial);
    bool late = false;
    for (int position = 0; position < EVENTS; position++) {
        late = late || order[position] == EXPIRE;
        happen(&trial, position, late);
        look(&trial, position);
    }
    if (trial.model.state == OPEN) {
        struct mu_fail fail;
        if (mu_store_gate_cancel(executor, trial.id, trial.base + 1000, "", &fail) != MU_OK)
            give_up("clearing away", &fail);
        trial.model.state = CANCELLED;
    }
    compare_words(&trial);
}

/* --- all of them --- */

static uint64_t seed = 1, every = 1;

/* SplitMix64: which orders a seed takes. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t considered;
static bool one_clock;

static bool is_taken(int clock)
{
    uint64_t number = considered++;
    if (one_clock && mix(seed + number / CLOCKS) % CLOCKS != (uint64_t)clock)
        return false;
    return mix(seed ^ mix(number)) % every == 0;
}

static void in_every_setting(const enum event order[EVENTS])
{
    for (int quorum = 1; quorum <= 3; quorum++)
        for (int next = 0; next < 2; next++)
            for (int clock = 0; clock < CLOCKS; clock++)
                if (is_taken(clock))
                    try_order(order, (struct setting){quorum, next, (enum clock)clock});
}

static void permute(enum event order[EVENTS], int from)
{
    if (from == EVENTS) {
        in_every_setting(order);
        return;
    }
    for (int i = from; i < EVENTS; i++) {
        enum event kept = order[from];
        order[from] = order[i];
        order[i] = kept;
        permute(order, from + 1);
        order[i] = order[from];
        order[from] = kept;
    }
}

int main(int argc, char **argv)
{
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    enum event order[EVENTS];
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--every") == 0)
            every = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--clocks") == 0)
            one_clock = strcmp(argv[i + 1], "one") == 0;
        else if (strcmp(argv[i], "--state") == 0)
            parent = argv[i + 1];
        else
            return fprintf(stderr, "gates.orders [--every N] [--clocks one] [--seed S] [--state "
                                   "FOLDER]\n"),
                   2;
    }
    if (every == 0)
        every = 1;
    snprintf(folder, sizeof folder, "%s/muster-orders-XXXXXX", parent);
    if (mkdtemp(folder) == NULL)
        return fprintf(stderr, "gates.orders: %s: %s\n", folder, strerror(errno)), 2;
    people = open_store();
    executor = open_store();
    for (int i = 0; i < EVENTS; i++)
        order[i] = (enum event)i;
    permute(order, 0);
    mu_store_close(people);
    mu_store_close(executor);
    char command[4200];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    (void)!system(command); /* NOLINT(cert-env33-c): our own mkdtemp folder */
    printf("%" PRId64 " orders of 8 events, %" PRId64 " answers, %" PRId64
           " mismatches (every %" PRIu64 ", seed %" PRIu64 ")\n",
           trials, answers, mismatches, every, seed);
    return mismatches != 0;
}
