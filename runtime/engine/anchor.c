/* SPDX-License-Identifier: MIT
 *
 * The journal's head, noted where nobody who can write the journal can change it: in the messages that
 * people get. Every message of the host carries row number and head at its foot; and with
 * anchor { to, every } in muster.lua a message of its own goes to an audience when the run parks and
 * ends, and every so often while it lives. `muster verify RUN --head HEX` compares.
 *
 *   barrier ─▶ h anchor {row, head} ─▶ barrier ─▶ outbox ─▶ channel
 *
 * A head is told only when its row is on disk: one that a power cut can still take back would look like
 * tampering. That of the end has no row of its own, it would stand behind the end; the outbox keeps it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"

static bool head_of(struct run *run, int64_t *row, char hex[2 * MU_SHA256 + 1])
{
    uint8_t head[MU_SHA256];
    if (run->journal == NULL || run->path == NULL || !record_barrier(run))
        return false;
    *row = mu_journal_last_gsn(run->journal);
    mu_journal_head(run->journal, head);
    mu_hex(head, MU_SHA256, hex);
    return true;
}

char *anchor_foot(struct run *run)
{
    char hex[2 * MU_SHA256 + 1];
    int64_t row;
    return head_of(run, &row, hex)
               ? mu_xasprintf("\n-- \njournal row %lld, head %s\n", (long long)row, hex)
               : mu_xstrdup("");
}

static void tell(struct run *run, const char *to, int64_t row, const char *hex)
{
    char *subject = mu_xasprintf("%s%s%s: journal row %lld", run->incident,
                                 run->incident[0] ? " " : "", run->name, (long long)row);
    char *body = mu_xasprintf("The journal of %s has %lld rows; the head of its chain is\n\n%s\n\n"
                              "Keep this message. To compare: muster verify %s --head %.16s\n",
                              run->name, (long long)row, hex, run->name, hex);
    char *dedup = mu_xasprintf("%s/anchor/%lld", run->name, (long long)row);
    outbox_put_plain(run, "anchor", to, subject, body, dedup);
    free(subject);
    free(body);
    free(dedup);
}

/* NULL: nobody is told. */
static const char *audience(const struct run *run)
{
    const char *to = mu_json_str(mu_config_at(run->config->values, "anchor"), "to", NULL);
    return run->world->sends && run->store && run->path && to && to[0] ? to : NULL;
}

void anchor_now(struct run *run)
{
    char hex[2 * MU_SHA256 + 1];
    int64_t row;
    const char *to = audience(run);
    if (to == NULL || !head_of(run, &row, hex) || row == run->anchored_row)
        return;
    record_host(run, "anchor",
                json_pack("{s:I, s:s, s:s}", "row", (json_int_t)row, "head", hex, "to", to));
    if (!record_barrier(run))
        return;
    run->anchored_row = mu_journal_last_gsn(run->journal); /* nothing but this row since */
    tell(run, to, row, hex);
}

void anchor_end(struct run *run)
{
    char hex[2 * MU_SHA256 + 1];
    int64_t row;
    const char *to = audience(run);
    if (to == NULL || !head_of(run, &row, hex))
        return;
    run->sealing = true; /* what becomes of the message is kept by the outbox */
    tell(run, to, row, hex);
    end_farewell(run);
}

void anchor_poll(struct run *run)
{
    int64_t every = 0, now = mu_clock_boot_ms();
    const char *text = mu_json_str(mu_config_at(run->config->values, "anchor"), "every", NULL);
    if (text == NULL || !mu_duration_parse(text, &every) || every <= 0)
        return;
    if (run->anchor_due_ms == 0)
        run->anchor_due_ms = now + every;
    if (now < run->anchor_due_ms)
        return;
    run->anchor_due_ms = now + every;
    anchor_now(run);
}
