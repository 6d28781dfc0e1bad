/* SPDX-License-Identifier: MIT
 *
 * The verbs of the tests' world (world.c), as a third party's shared object: tables only, the functions
 * are the program's that loads it. */
#include "module/module.h"

MU_API void world_act(struct mu_call *);
MU_API void world_cancel(struct mu_call *);
MU_API void world_readback(struct mu_call *);
MU_API void world_look(struct mu_call *);
MU_API void world_prepare(struct mu_call *);
MU_API json_t *world_invert(struct mu_call *);
MU_API json_t *world_foresee(struct mu_call *, struct mu_facts *);
MU_API json_t *world_under(struct mu_call *, const struct mu_facts *, json_t *);

#define SLIP                                                                                     \
    {                                                                                            \
        .name = "slip", .type = MU_T_STRING, .flags = MU_F_REQUIRED | MU_F_SHOWN, .doc = "which" \
    }
#define OPTION(id, kind)                                                     \
    {                                                                        \
        .name = id, .type = kind, .flags = MU_F_OPTION, .doc = "see world.c" \
    }

static const struct mu_field act_params[] = {
    SLIP,
    {.name = "value", .type = MU_T_ANY, .flags = MU_F_REQUIRED | MU_F_SHOWN, .doc = "what"},
    OPTION("ms", MU_T_INTEGER),
    OPTION("fail", MU_T_BOOL),
    OPTION("lose", MU_T_BOOL),
    OPTION("halt", MU_T_BOOL),
    {0}};
static const struct mu_field look_params[] = {
    SLIP, OPTION("ms", MU_T_INTEGER), OPTION("fail", MU_T_BOOL), {0}};
static const struct mu_field returns[] = {
    {.name = "value", .type = MU_T_INTEGER, .doc = "how often it was written, or what is on it"},
    {0}};

#define ACT(id)                                                                             \
    .name = id, .kind = MU_ACT, .params = act_params, .returns = returns, .doc = "Writes.", \
    .start = world_act, .cancel = world_cancel, .prepare = world_prepare, .foresee = world_foresee

static const struct mu_verb verbs[] = {
    {ACT("m.put"), .in_doubt = MU_READBACK, .readback = world_readback, .invert = world_invert},
    {ACT("m.ring"), .in_doubt = MU_REPEATABLE},
    {ACT("m.key"), .in_doubt = MU_KEYED, .key_ttl_s = 86400},
    {.name = "m.look",
     .kind = MU_PROBE,
     .params = look_params,
     .returns = returns,
     .doc = "Looks.",
     .start = world_look,
     .cancel = world_cancel,
     .under = world_under},
    {0}};

MU_API extern const struct mu_module muster_module;
const struct mu_module muster_module = {.abi = MU_MODULE_ABI,
                                        .verb_size = sizeof(struct mu_verb),
                                        .name = "m",
                                        .version = "1.0.0",
                                        .doc = "A world for random playbooks.",
                                        .verbs = verbs};
