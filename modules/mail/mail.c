/* SPDX-License-Identifier: MIT
 *
 * Module mail: the table of the mail.* verbs. They judge the mail service of a domain as a whole
 * and look only through other probes (dns.mx, dns.query, dns.raw, http.get, smtp.probe), so that they see every
 * world as it is. Flow: inbound.c, preflight.c, look.c, spf/check.c, sts/look.c, dmarc/look.c, dkim/look.c, picture.c. Judgement, pure: judge.c, report.c,
 * points.c, mx_set.c, spf/record.c, spf/macro.c, sts/policy.c, dmarc/record.c, dkim/key.c, presence.c, parts.c, txt.c. */
#include "base/mem.h"
#include "dkim.h"
#include "dmarc.h"
#include "inbound.h"
#include "module/module.h"
#include "picture.h"
#include "preflight.h"
#include "presence.h"
#include "spf.h"
#include "sts.h"

/* clang-format off: tables are read by column */
#define REQUIRED (MU_F_REQUIRED | MU_F_SHOWN)
#define OPTION   (MU_F_OPTION | MU_F_SHOWN)

#define DIALOGUE                                                                              \
    {                                                                                         \
        "port",                                                                               \
        MU_T_INTEGER,                                                                         \
        MU_F_OPTION,                                                                          \
        NULL,                                                                                 \
        NULL,                                                                                 \
        NULL,                                                                                 \
        "else smtp.port of muster.lua, else 25"},                                             \
    {                                                                                         \
        "recipient", MU_T_MAILBOX, MU_F_OPTION, NULL, NULL, NULL,                             \
            "a mailbox that must be accepted; else domains[domain].recipient of muster.lua; " \
            "without one the dialogue ends after EHLO"                                        \
    }

static const struct mu_field inbound_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "whose incoming mail is judged"},
    {"mx", MU_T_MX, MU_F_OPTION, NULL, NULL, NULL,
     "the MX set to look at (a list, or what zone.mx or dns.mx returned); else dns.mx is asked"},
    DIALOGUE,
    {0}};

static const struct mu_field inbound_returns[] = {
    {"verdict", MU_T_CHOICE, 0, NULL, NULL, "up|down|rejecting|inconclusive",
     "up: mail gets in. down: nobody can be reached, senders retry. rejecting: mail bounces now. "
     "inconclusive: nothing to act on"},
    {"broken", MU_T_BOOL, 0, NULL, NULL, NULL, "down or rejecting"},
    {"mx", MU_T_LIST, MU_F_ITEMS, NULL, NULL, NULL,
     "{ preference, host }: the set that was looked at"},
    {"hosts", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "{ host, preference, verdict, addresses = { { address, verdict, why, code, phase, ms, "
     "transcript } } }"},
    {"control", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "\"is it me?\": { target, verdict, why }; asked only when nothing gets through"},
    {0}};

static const struct mu_field preflight_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "whose mail shall move"},
    {"mx", MU_T_MX, OPTION | MU_F_REQUIRED, NULL, NULL, NULL, "the hosts that shall take it"},
    {"how", MU_T_CHOICE, OPTION, NULL, "\"swap\"", "swap|add",
     "replace the present set, or stand before it"},
    DIALOGUE,
    {0}};

static const struct mu_field preflight_returns[] = {
    {"points", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "{ point, host, address, state, why }; state is pass, warn, fail or unknown"},
    {"counts", MU_T_OBJECT, 0, NULL, NULL, NULL, "{ pass, warn, fail, unknown }"},
    {"mx", MU_T_MX, 0, NULL, NULL, NULL, "the set to write: { preference, host, ttl }"},
    {"ttl", MU_T_INTEGER, 0, "s", NULL, NULL,
     "of the set to write: 300, or the present TTL if that is lower"},
    {"ttl_now", MU_T_INTEGER, 0, "s", NULL, NULL,
     "of the present set, at the authoritative servers"},
    {"cached_until", MU_T_TIME, 0, "s", NULL, NULL,
     "Unix time until which caches may hold the present set, if it is changed now"},
    {0}};

static const struct mu_field spf_params[] = {
    {"sender", MU_T_STRING, REQUIRED, NULL, NULL, NULL,
     "the envelope sender, or a domain alone; \"\" stands for postmaster@HELO"},
    {"ip", MU_T_ADDRESS, OPTION, NULL, NULL, NULL,
     "the client that sends. Without it nothing matches, and everything that the record leads to "
     "is read"},
    {"helo", MU_T_STRING, OPTION, NULL, NULL, NULL, "what the client called itself"},
    {"receiver", MU_T_STRING, MU_F_OPTION, NULL, NULL, NULL,
     "who asks, for the explanation (%{r}); else \"unknown\""},
    {0}};

static const struct mu_field spf_returns[] = {
    {"result", MU_T_CHOICE, 0, NULL, NULL, "none|neutral|pass|fail|softfail|temperror|permerror",
     "RFC 7208, 2.6; temperror (nobody could tell) and permerror (the policy is broken) are not "
     "ok. Without ip: neutral when all of it is "
     "well-formed"},
    {"matched", MU_T_STRING, 0, NULL, NULL, NULL,
     "the term of the sender's own record that decided, \"include:_spf.example.net\"; nil: none "
     "did"},
    {"record", MU_T_STRING, 0, NULL, NULL, NULL, "of the sender's domain; nil: there is none"},
    {"explanation", MU_T_STRING, 0, NULL, NULL, NULL,
     "what a domain that says fail wants the sender to be told (exp=); it is theirs, not ours"},
    {"lookups", MU_T_INTEGER, 0, NULL, NULL, NULL, "terms that cost one, ten are allowed (4.6.4)"},
    {"void_lookups", MU_T_INTEGER, 0, NULL, NULL, NULL, "that found nothing; two are allowed"},
    {"trace", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "{ domain, term, said }: what was read and what each term came to, in this order"},
    {0}};

static const struct mu_field sts_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "whose policy is read"},
    {"mx", MU_T_MX, MU_F_OPTION, NULL, NULL, NULL,
     "the hosts that it should cover, such as those a failover would move to; else dns.mx is "
     "asked"},
    {0}};

static const struct mu_field sts_returns[] = {
    {"mode", MU_T_CHOICE, 0, NULL, NULL, "enforce|testing|none|absent",
     "absent: the domain has no MTA-STS; nil: it could not be read, or is broken"},
    {"id", MU_T_STRING, 0, NULL, NULL, NULL,
     "of the record: a new one tells senders to fetch the policy again"},
    {"max_age", MU_T_INTEGER, 0, "s", NULL, NULL, "senders may keep the policy so long"},
    {"patterns", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL,
     "its mx lines, \"mx1.example.com\", \"*.example.net\"; the star stands for one label"},
    {"hosts", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "{ host, covered }: the MX set that was looked at"},
    {"uncovered", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL, "hosts of it that no pattern covers"},
    {0}};

static const struct mu_field dmarc_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "as in From:"}, {0}};

static const struct mu_field dmarc_returns[] = {
    {"policy", MU_T_CHOICE, 0, NULL, NULL, "absent|none|quarantine|reject",
     "what receivers are asked to do with mail that fails; nil: it could not be found out"},
    {"tag", MU_T_STRING, 0, NULL, NULL, NULL,
     "where that stands: p, sp, or np (the domain does not exist)"},
    {"domain", MU_T_STRING, 0, NULL, NULL, NULL, "whose record is applied; nil: nobody's"},
    {"record", MU_T_STRING, 0, NULL, NULL, NULL, "the record"},
    {"org_domain", MU_T_STRING, 0, NULL, NULL, NULL,
     "the organizational domain, which relaxed alignment compares; nil: a name above can't be "
     "looked up"},
    {"testing", MU_T_BOOL, 0, NULL, NULL, NULL, "t=y: receivers apply the next weaker policy"},
    {"adkim", MU_T_STRING, 0, NULL, NULL, NULL, "alignment of DKIM: r(elaxed) or s(trict)"},
    {"aspf", MU_T_STRING, 0, NULL, NULL, NULL, "alignment of SPF"},
    {"rua", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL, "where aggregate reports go"},
    {"ruf", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL, "where failure reports go"},
    {"problems", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL,
     "what is ignored or obsolete, and who does not say that they take the reports"},
    {"walk", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "{ domain, record }: what was asked, upwards"},
    {"rfc7489", MU_T_OBJECT, 0, NULL, NULL, NULL,
     "{ org_domain, policy }: what receivers find that still go by RFC 7489 and the public suffix "
     "list"},
    {0}};

static const struct mu_field dkim_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "the signing domain, d="},
    {"selectors", MU_T_LIST, OPTION, NULL, NULL, NULL,
     "which keys, by their s=; else domains[domain].dkim of muster.lua, else those that are "
     "common"},
    {0}};

static const struct mu_field dkim_returns[] = {
    {"keys", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "{ selector, state, type, bits, testing, strict, delegated_to, why }; state is valid, weak, "
     "revoked, broken, absent or "
     "unknown. Common selectors that have no key are left out"},
    {"named", MU_T_BOOL, 0, NULL, NULL, NULL,
     "the selectors were given; when not, a key that was not found may be there all the same"},
    {0}};

static const struct mu_field tls_rpt_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "whose senders shall report"}, {0}};

static const struct mu_field tls_rpt_returns[] = {
    {"present", MU_T_BOOL, 0, NULL, NULL, NULL, "there is such a record"},
    {"record", MU_T_STRING, 0, NULL, NULL, NULL, "the record"},
    {"rua", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL, "where reports go: mailto: and https:"},
    {0}};

static const struct mu_field bimi_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "whose logo"},
    {"selector", MU_T_HOST, OPTION, NULL, "\"default\"", NULL, "as in BIMI-Selector:"},
    {0}};

static const struct mu_field bimi_returns[] = {
    {"present", MU_T_BOOL, 0, NULL, NULL, NULL, "there is such a record"},
    {"record", MU_T_STRING, 0, NULL, NULL, NULL, "the record"},
    {"logo", MU_T_STRING, 0, NULL, NULL, NULL, "l=, the address of the picture; nil: none"},
    {"certificate", MU_T_STRING, 0, NULL, NULL, NULL,
     "a=, the address of its mark certificate; nil: none"},
    {0}};

static const struct mu_field picture_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "whose mail"},
    {"talk", MU_T_BOOL, MU_F_OPTION, NULL, "true", NULL,
     "talk to the mail hosts, too; false: only what stands in DNS and in policies"},
    {0}};

static const struct mu_field picture_returns[] = {
    {"parts", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "{ part, state, why, result }: mx, inbound, spf, dkim, dmarc, mta-sts, tls-rpt, bimi; state "
     "is pass, absent (and need "
     "not be there), warn, unknown or fail; result is that of the part's own verb"},
    {"counts", MU_T_OBJECT, 0, NULL, NULL, NULL, "{ pass, absent, warn, unknown, fail }"},
    {0}};
/* clang-format on */

static const struct mu_verb verbs[] = {
    {.name = "mail.inbound",
     .kind = MU_PROBE,
     .params = inbound_params,
     .returns = inbound_returns,
     .doc = "Does the domain receive mail? Talks to every address of every MX host, best "
            "preference first in the judgement; when nothing gets through, the control targets "
            "tell whether it is our own network.",
     .example = "local inbound = mail.inbound(\"example.com\")",
     .start = mu_mail_inbound_start,
     .cancel = mu_mail_inbound_cancel,
     .composite = true},
    {.name = "mail.preflight",
     .kind = MU_PROBE,
     .params = preflight_params,
     .returns = preflight_returns,
     .doc = "Is a candidate MX set fit to take the mail of a domain now? A list of points, and "
            "the set to write. Ok when nothing fails and every candidate answers; what was not "
            "looked at is unknown, never pass.",
     .example = "local ready = mail.preflight(\"example.com\", { mx = { { preference = 10, host = "
                "\"mx2.example.net\" } } })",
     .start = mu_mail_preflight_start,
     .cancel = mu_mail_preflight_cancel,
     .composite = true},
    {.name = "mail.spf",
     .kind = MU_PROBE,
     .params = spf_params,
     .returns = spf_returns,
     .doc = "May this client send mail for this domain (SPF, RFC 7208)? The whole of check_host(): "
            "limits, macros, "
            "redirect, include, explanation; it says which term decided.",
     .example = "local spf = mail.spf(\"bounces@example.com\", { ip = \"192.0.2.25\", helo = "
                "\"mx1.example.net\" })",
     .start = mu_mail_spf_start,
     .cancel = mu_mail_spf_cancel,
     .composite = true},
    {.name = "mail.dkim",
     .kind = MU_PROBE,
     .params = dkim_params,
     .returns = dkim_returns,
     .doc = "Which DKIM keys does the domain publish, and do receivers take them (RFC 6376, 8301, "
            "8463)? Type and bits, "
            "testing, revoked, delegated by CNAME.",
     .example = "local dkim = mail.dkim(\"example.com\", { selectors = { \"google\" } })",
     .start = mu_mail_dkim_start,
     .cancel = mu_mail_dkim_cancel,
     .composite = true},
    {.name = "mail.dmarc",
     .kind = MU_PROBE,
     .params = dmarc_params,
     .returns = dmarc_returns,
     .doc = "Which DMARC policy applies to mail of this domain (RFC 9989)? Walks up the tree as "
            "receivers do, and says what "
            "those find that still go by RFC 7489.",
     .example = "local dmarc = mail.dmarc(\"example.com\")",
     .start = mu_mail_dmarc_start,
     .cancel = mu_mail_dmarc_cancel,
     .composite = true},
    {.name = "mail.mta_sts",
     .kind = MU_PROBE,
     .params = sts_params,
     .returns = sts_returns,
     .doc = "Do senders that honour MTA-STS deliver to these hosts (RFC 8461)? Reads the record "
            "and fetches the policy as "
            "they do; says which hosts it covers, and what to publish, and how long to wait, where "
            "it does not.",
     .example = "local sts = mail.mta_sts(\"example.com\", { mx = { { preference = 10, host = "
                "\"mx2.example.net\" } } })",
     .start = mu_mail_sts_start,
     .cancel = mu_mail_sts_cancel,
     .composite = true},
    {.name = "mail.tls_rpt",
     .kind = MU_PROBE,
     .params = tls_rpt_params,
     .returns = tls_rpt_returns,
     .doc = "Are senders asked to report failures of TLS (RFC 8460)?",
     .example = "local reports = mail.tls_rpt(\"example.com\")",
     .start = mu_mail_tls_rpt_start,
     .cancel = mu_mail_presence_cancel,
     .composite = true},
    {.name = "mail.bimi",
     .kind = MU_PROBE,
     .params = bimi_params,
     .returns = bimi_returns,
     .doc =
         "Is a logo published for mail programs that show one (BIMI)? The picture is not fetched.",
     .example = "local bimi = mail.bimi(\"example.com\")",
     .start = mu_mail_bimi_start,
     .cancel = mu_mail_presence_cancel,
     .composite = true},
    {.name = "mail.picture",
     .kind = MU_PROBE,
     .params = picture_params,
     .returns = picture_returns,
     .doc = "All that concerns the mail of a domain, each part with a state and a reason. Not ok "
            "when something fails; what "
            "could not be found out is unknown, never pass.",
     .example = "local picture = mail.picture(\"example.com\")",
     .start = mu_mail_picture_start,
     .cancel = mu_mail_picture_cancel,
     .composite = true},
    {0}};

extern const struct mu_module mu_module_mail;
const struct mu_module mu_module_mail = {
    .abi = MU_MODULE_ABI,
    .verb_size = sizeof(struct mu_verb),
    .name = "mail",
    .version = "1.0.0",
    .doc = "Judging the mail service of a domain as a whole.",
    .verbs = verbs,
};
