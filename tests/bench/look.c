/* SPDX-License-Identifier: MIT
 *
 * What a look of `muster serve` costs: processes forked one after another, each of which looks once with the
 * playbook's detect and ends, as serve's workers do. First from a parent that has read nothing for them, then
 * from one that has (mu_run_warm).
 *   bench.look CONFIG PLAYBOOK COUNT NAME=TEXT...  →  "MS CPU_MS" cold, "MS CPU_MS" warm: medians of a look */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/run.h"
#include "serve/launch.h"

#define COUNT_MOST 1000

static void must(enum mu_err err, const struct mu_fail *fail)
{
    if (err == MU_OK)
        return;
    fprintf(stderr, "%s\n", fail->text);
    exit(1);
}

static void look(const struct mu_config *config, const struct launch_playbook *playbook)
{
    struct mu_fail fail;
    json_t *said = NULL;
    must(mu_run_look(config, playbook->choice.bundle, playbook->header, playbook->params, &said,
                     &fail),
         &fail);
    const char *verdict = json_string_value(json_object_get(said, "verdict"));
    _exit(verdict && strcmp(verdict, "up") == 0 ? 0 : 3);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

static double cpu_ms(const struct rusage *used)
{
    return (double)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1e3 +
           (double)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e3;
}

static void series(const struct mu_config *config, const struct launch_playbook *playbook,
                   int count)
{
    static double wall[COUNT_MOST], cpu[COUNT_MOST];
    for (int i = 0; i < count; i++) {
        struct rusage used;
        int status;
        int64_t began = mu_clock_mono_us();
        pid_t child = fork();
        if (child == 0)
            look(config, playbook);
        if (wait4(child, &status, 0, &used) != child || status != 0) {
            fprintf(stderr, "a look failed: status %d\n", status);
            exit(1);
        }
        wall[i] = (double)(mu_clock_mono_us() - began) / 1e3;
        cpu[i] = cpu_ms(&used);
    }
    printf("%.2f %.2f\n", median(wall, count), median(cpu, count));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct mu_fail fail;
    struct mu_config *config;
    struct mu_store *store;
    struct launch_playbook playbook;
    json_t *params = json_object();
    long count = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
    if (count < 1 || count > COUNT_MOST)
        return 2;
    for (int i = 4; i < argc; i++) {
        char *is = strchr(argv[i], '=');
        if (is == NULL)
            return 2;
        json_object_setn_new(params, argv[i], (size_t)(is - argv[i]), json_string(is + 1));
    }
    must(mu_config_load(argv[1], &config, &fail), &fail);
    must(mu_store_open(mu_config_state_dir(config), &store, &fail), &fail);
    must(launch_load(store, config, argv[2], params, true, &playbook, &fail), &fail);
    mu_store_close(store);
    series(config, &playbook, (int)count);
    must(mu_run_warm(config, &fail), &fail);
    series(config, &playbook, (int)count);
    return 0;
}
