/* SPDX-License-Identifier: MIT
 *
 * The negative control: a journal whose barrier does not hold. Durable flushes wait for company and are
 * not synced, as an engine would do it that trusts its luck. The sweep must find doubles and strays. */
#include "journal/journal.h"

#define COMPANY 6 /* rows */

enum mu_err __real_mu_journal_flush(struct mu_journal *, bool durable, struct mu_fail *);
enum mu_err __wrap_mu_journal_flush(struct mu_journal *, bool durable, struct mu_fail *);

enum mu_err __wrap_mu_journal_flush(struct mu_journal *journal, bool durable, struct mu_fail *fail)
{
    if (durable && mu_journal_last_gsn(journal) > 1 && mu_journal_batch(journal) < COMPANY)
        return MU_OK;
    return __real_mu_journal_flush(journal, false, fail);
}
