/* SPDX-License-Identifier: MIT
 *
 * How far the journal stands above its floor, in one folder on one disk:
 *
 *   rows/s      probe rows appended and flushed in batches of 256, not durable
 *   commits/s   one row and a durable flush at a time (an act takes two)
 *   floor       append of as many octets and fdatasync, without any database
 *   run         opening the control store and creating a run
 *
 * usage: journal_floor FOLDER        build it with optimisation and without sanitizers */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "journal/journal.h"
#include "store/store.h"

#define ROWS    200000
#define COMMITS 4000
#define ROUNDS  40

static char path[4096];
static struct mu_fail fail;

static void must(enum mu_err err)
{
    if (err == MU_OK)
        return;
    fprintf(stderr, "journal_floor: %s\n", fail.text);
    exit(1);
}

static void append(struct mu_journal *journal, int64_t n)
{
    struct mu_row row = {
        .epoch = 1,
        .type = 'c',
        .task = "r.2.1",
        .seq = n,
        .verb = "smtp.probe",
        .args = "[\"mx1.example.com\",{\"port\":25}]",
        .digest = "0123456789abcdef0123456789abcdef",
        .src = "playbook.lua:17",
        .step = "Is inbound mail really down?",
        .ts = 1795400000000 + n,
        .value = "{\"code\":220,\"enhanced_code\":\"2.0.0\",\"ms\":12,\"ok\":true,\"transcript\":"
                 "\"220 mx1.example.com ESMTP\\r\\nEHLO probe.example.net\\r\\n250 PIPELINING"
                 "\\r\\nQUIT\\r\\n221 bye\\r\\n\",\"verdict\":\"up\"}"};
    mu_journal_append(journal, &row);
}

static double per_second(int64_t count, int64_t since_us)
{
    return (double)count * 1e6 / (double)(mu_clock_mono_us() - since_us);
}

static void measure_rows(struct mu_journal *journal)
{
    int64_t start = mu_clock_mono_us(), worst = 0;
    for (int64_t n = 1; n <= ROWS; n++) {
        append(journal, n);
        if (n % MU_LIMIT_BATCH_ROWS != 0)
            continue;
        int64_t before = mu_clock_mono_us();
        must(mu_journal_flush(journal, false, &fail));
        int64_t took = mu_clock_mono_us() - before;
        worst = took > worst ? took : worst;
    }
    printf("rows       %10.0f /s   (worst flush of %d rows %.1f ms)\n", per_second(ROWS, start),
           MU_LIMIT_BATCH_ROWS, (double)worst / 1e3);
}

static void commit_some(struct mu_journal *journal)
{
    for (int64_t n = 1; n <= COMMITS / ROUNDS; n++) {
        append(journal, n);
        must(mu_journal_flush(journal, true, &fail));
    }
}

static void sync_some(int fd)
{
    static const char bytes[4120]; /* a WAL frame */
    for (int n = 0; n < COMMITS / ROUNDS; n++)
        if (write(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fdatasync(fd) != 0)
            exit(1);
}

/* In turns, so that what else the disk does meets both. */
static void measure_commits(struct mu_journal *journal, const char *folder)
{
    int64_t journal_us = 0, floor_us = 0;
    snprintf(path, sizeof path, "%s/floor", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = mu_clock_mono_us();
        commit_some(journal);
        int64_t middle = mu_clock_mono_us();
        sync_some(fd);
        journal_us += middle - start;
        floor_us += mu_clock_mono_us() - middle;
    }
    printf("commits    %10.0f /s\nfloor      %10.0f /s   (ratio %.2f)\n",
           COMMITS * 1e6 / (double)journal_us, COMMITS * 1e6 / (double)floor_us,
           (double)floor_us / (double)journal_us);
    close(fd);
    unlink(path);
}

static void measure_run(const char *folder)
{
    struct mu_store *store = NULL;
    char name[128], file[4096];
    for (int i = 0; i < 2; i++) {
        int64_t start = mu_clock_mono_us();
        must(mu_store_open(folder, &store, &fail));
        int64_t opened = mu_clock_mono_us();
        must(mu_store_run_create(store, &(struct mu_store_run){.playbook = "bench"}, name, file,
                                 &fail));
        int64_t created = mu_clock_mono_us();
        struct mu_journal *journal = NULL;
        must(mu_journal_create(file, &journal, &fail));
        append(journal, 1);
        must(mu_journal_flush(journal, true, &fail));
        int64_t written = mu_clock_mono_us();
        must(mu_journal_seal(journal, &fail));
        int64_t sealed = mu_clock_mono_us();
        printf("run %s   open store %.2f ms, create run %.2f ms, journal with row 1 durable %.2f "
               "ms, seal %.2f ms\n",
               i ? "again" : "first", (double)(opened - start) / 1e3,
               (double)(created - opened) / 1e3, (double)(written - created) / 1e3,
               (double)(sealed - written) / 1e3);
        mu_journal_close(journal);
        mu_store_close(store);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: journal_floor FOLDER\n");
        return 2;
    }
    struct mu_journal *journal = NULL;
    measure_run(argv[1]);
    snprintf(path, sizeof path, "%s/rows.run", argv[1]);
    must(mu_journal_create(path, &journal, &fail));
    measure_rows(journal);
    mu_journal_close(journal);
    snprintf(path, sizeof path, "%s/commits.run", argv[1]);
    must(mu_journal_create(path, &journal, &fail));
    measure_commits(journal, argv[1]);
    mu_journal_close(journal);
    return 0;
}
