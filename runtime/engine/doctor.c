/* SPDX-License-Identifier: MIT
 *
 * Asking every module how it is; see doctor.h. A run without playbook, journal or store: only the
 * services, and calls of the host itself. */
#include "engine/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"
#include "engine/internal.h"

struct exam {
    struct run *run;
    json_t *checks;
};

struct patient {
    struct exam *exam;
    const char *module; /* or, for a probe, NULL */
    const char *what;
};

static void add_check(struct exam *exam, const char *module, const char *what, bool ok,
                      const char *why)
{
    json_array_append_new(exam->checks,
                          mu_redact_json(json_pack("{s:s, s:s, s:b, s:s}", "module", module, "what",
                                                   what, "ok", ok, "why", why)));
}

static void module_answered(struct run *run, const json_t *result, void *ud)
{
    struct patient *patient = ud;
    const json_t *checks = mu_json_get(result, "checks");
    size_t i;
    json_t *check;
    (void)run;
    json_array_foreach(checks, i, check)
    {
        add_check(patient->exam, patient->module, mu_json_str(check, "what", ""),
                  mu_json_bool(check, "ok", false), mu_json_str(check, "why", ""));
    }
    if (checks == NULL)
        add_check(patient->exam, patient->module, "module", false,
                  mu_json_str(result, "why", "no answer"));
    free(patient);
}

static void probe_answered(struct run *run, const json_t *result, void *ud)
{
    struct patient *patient = ud;
    (void)run;
    add_check(patient->exam, "probe", patient->what, mu_json_bool(result, "ok", false),
              mu_json_str(result, "why", ""));
    free(patient);
}

static struct patient *patient_new(struct exam *exam, const char *module, const char *what)
{
    struct patient *patient = MU_NEW(struct patient);
    *patient = (struct patient){exam, module, what};
    return patient;
}

static bool ask_module(const struct mu_module *module, void *ud)
{
    struct exam *exam = ud;
    struct mu_fail fail;
    void *state = NULL;
    if (module->doctor == NULL)
        return true;
    if (mu_registry_open(exam->run->registry, module, &exam->run->host, &state, &fail) != MU_OK)
        add_check(exam, module->name, "configuration", false, fail.text);
    else
        sub_host_doctor(exam->run, module, state, module_answered,
                        patient_new(exam, module->name, ""));
    return true;
}

static void ask_probes(struct exam *exam, const json_t *asked)
{
    size_t i;
    json_t *item;
    json_array_foreach(asked, i, item)
    {
        sub_host_call(exam->run, mu_json_str(item, "verb", ""),
                      json_incref(json_object_get(item, "args")), "doctor", false, probe_answered,
                      patient_new(exam, NULL, mu_json_str(item, "what", "")));
    }
}

enum mu_err mu_doctor(const struct mu_config *config, const json_t *asked, json_t **out,
                      struct mu_fail *fail)
{
    struct run *run = MU_NEW(struct run);
    struct exam exam = {run, json_array()};
    run->config = config;
    run->wake_fd = -1;
    run->name = mu_xstrdup("doctor");
    run->incident = mu_xstrdup("");
    run->world_name = mu_xstrdup("live");
    run->world = &mu_world_live;
    enum mu_err err = mu_run_registry(config, &run->registry, fail);
    if (err == MU_OK)
        err = host_open(run, fail);
    if (err == MU_OK) {
        mu_registry_each_module(run->registry, ask_module, &exam);
        ask_probes(&exam, asked);
        while (sub_host_busy(run)) {
            sub_deliver(run);
            if (sub_host_busy(run))
                mu_loop_turn(run->loop, run->subs_done.head == NULL);
        }
    }
    run_unload(run);
    free(run);
    *out = exam.checks;
    return err;
}
