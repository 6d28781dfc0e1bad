/* SPDX-License-Identifier: MIT
 *
 * The same again: each playbook runs 50 times live, with latencies drawn anew, and each of these runs is
 * replayed offline; then one recorded run is replayed 50 times while Lua collects garbage all the time, in
 * its incremental and in its generational mode. Every Lua state has another hash seed: what a playbook does
 * may depend on its journal alone.
 *
 *   test.model.determinism COUNT SEED     edits.lua and the random programs SEED .. SEED + COUNT - 1 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine.h"
#include "stress.h"
#include "world.h"

#define TIMES 50

static long replays, failures;

static void differs(const char *name, const char *when, int time, const struct engine_run *run)
{
    failures++;
    printf("NOT OK determinism %s: %s, time %d: exit %d, %s\n", name, when, time, run->exit,
           run->why);
}

static void run_again(const char *name, const char *playbook, uint32_t seed)
{
    world.shuffled = true;
    for (int time = 0; time < TIMES; time++) {
        world.draw = (uint64_t)time * 7919 + seed;
        stress_lua(time % 3 == 1 ? STRESS_GC_INCREMENTAL : STRESS_GC_USUAL, true);
        world_reset(ENGINE_START_MS);
        struct engine_run *run = engine_run(playbook, "live", seed);
        json_t *end = engine_host_row(run, "end");
        if (end == NULL || !run->replays)
            differs(name, "with other latencies", time, run);
        json_decref(end);
        engine_run_free(run);
        replays++;
    }
    world.shuffled = false;
    stress_lua(STRESS_GC_USUAL, true);
}

static void replay_again(const char *name, const char *playbook, uint32_t seed)
{
    world_reset(ENGINE_START_MS);
    struct engine_run *run = engine_run(playbook, "live", seed);
    for (int time = 0; time < TIMES; time++) {
        stress_lua(time % 2 ? STRESS_GC_INCREMENTAL : STRESS_GC_GENERATIONAL, true);
        if (!engine_replays(run))
            differs(name, time % 2 ? "incremental" : "generational", time, run);
        replays++;
    }
    stress_lua(STRESS_GC_USUAL, true);
    engine_run_free(run);
}

static void check(const char *name, const char *playbook, uint32_t seed)
{
    run_again(name, playbook, seed);
    replay_again(name, playbook, seed);
}

static void check_file(void)
{
    FILE *file = fopen(MODEL_SOURCE "/edits.lua", "r");
    char text[8192] = "";
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    if (len > 0)
        check("edits.lua", text, 7);
    else
        failures++;
}

static bool check_program(uint64_t seed)
{
    char name[32];
    struct program *program = program_generate(seed);
    struct expectation *model = reference_run(program, false, ENGINE_START_MS);
    bool good = !model->endless && model->row_count > 8; /* something to differ in */
    if (good) {
        struct mu_buf text = {0};
        program_emit(program, &text);
        snprintf(name, sizeof name, "program %" PRIu64, seed);
        check(name, mu_buf_text(&text), program->seed);
        mu_buf_free(&text);
    }
    expectation_free(model);
    program_free(program);
    return good;
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, at = seed;
    stress_lua(STRESS_GC_USUAL, true);
    engine_open(getenv("MODEL_MODULE") ? getenv("MODEL_MODULE") : MODEL_MODULE);
    for (long done = 0; done < count && failures < 20; at++)
        done += check_program(at);
    engine_store();
    check_file();
    engine_close();
    printf(
        "%s determinism: %ld playbooks, %ld replays, %ld Lua states each with its own hash seed, "
        "%ld differ\n",
        failures ? "NOT OK" : "ok", count + 1, replays, stress_states(), failures);
    return failures != 0;
}
