/* SPDX-License-Identifier: MIT
 *
 * A report from journals as the engine writes them: one incident with a crash in the middle, an
 * approval and a change; one dry run. What must be in it, what a hostile server must not achieve.
 * With a folder as its argument the program also leaves the documents there, to be looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "report/report.h"

#define BEGIN 1795402267000LL /* 2026-11-23T02:51:07Z */
#define HOSTILE                                                                           \
    "220 <script>alert('mx')</script> & \\\"quotes\\\" | `code` **bold** \\u001b[31mred " \
    "\\u202egnp.exe"

struct sample {
    int s; /* since BEGIN */
    char type;
    const char *task;
    int seq;
    const char *verb, *args, *step, *value;
};

#define ONE   "Is inbound mail really down?"
#define TWO   "Is the standby fit to take it now?"
#define THREE "Ask, then move the MX"
#define FOUR  "Prove that mail flows"

#define WHO "{\"name\":\"ana\",\"uid\":1001,\"host\":\"jump1\",\"tty\":\"pts/3\"}"
#define DOWN                                                                                    \
    "{\"broken\":true,\"ms\":10342,\"ok\":true,\"verdict\":\"down\",\"why\":\"mx1.example.com " \
    "192.0.2.10, "                                                                              \
    "2001:db8::10: connect timeout; control targets "                                           \
    "fine\",\"hosts\":[{\"address\":\"192.0.2.10\",\"verdict\":"                                \
    "\"down\",\"why\":\"connect timeout after "                                                 \
    "10s\"},{\"address\":\"198.51.100.7\",\"transcript\":\"S: " HOSTILE                         \
    "\\r\\nC: EHLO probe.example.net\\r\\nS: 250-mx1.example.com\\r\\nS: 250 STARTTLS\\r\\nC: " \
    "QUIT\\r\\nS: 221 2.0.0 Bye\\r\\n\","                                                       \
    "\"verdict\":\"up\"}]}"
#define UP                                                                                     \
    "{\"ms\":212,\"ok\":true,\"verdict\":\"up\",\"why\":\"mx-standby.example.net: 250 in "     \
    "0.2s\",\"hosts\":[{\"address\":"                                                          \
    "\"203.0.113.25\",\"code\":250,\"transcript\":\"S: 220 mx-standby.example.net ESMTP\\nC: " \
    "EHLO probe.example.net\\nS: 250 "                                                         \
    "STARTTLS\\nC: QUIT\\nS: 221 Bye\\n\",\"verdict\":\"up\"}]}"
#define BEFORE                                                                                 \
    "{\"mx\":[{\"host\":\"mx1.example.com\",\"preference\":10},{\"host\":\"mx2.example.com\"," \
    "\"preference\":20}],\"ttl\":3600}"
#define AFTER "{\"mx\":[{\"host\":\"mx-standby.example.net\",\"preference\":10}],\"ttl\":300}"
#define TO    "[{\"host\":\"mx-standby.example.net\",\"preference\":10,\"ttl\":300}]"
#define SHOW                                                           \
    "{\"items\":[" DOWN ",{\"ok\":true,\"why\":\"9 pass, 1 warn (TTL " \
    "3600)\",\"verdict\":\"go\"}],\"change\":{\"from\":" BEFORE ",\"to\":" TO "}}"

static const struct sample incident[] = {
    {0, 'h', "", 0, "start", "", "",
     "{\"format\":1,\"language\":1,\"run\":\"mx-failover.12\",\"incident\":\"INC-118\",\"world\":"
     "\"live\",\"seed\":7,\"build\":"
     "\"0.1.0\",\"lua\":\"5.4.4\",\"bundle\":"
     "\"6b0c9d1f1e0f6d6a8e5b2f5d9b1a0f2c3d4e5f60718293a4b5c6d7e8f9000001\",\"playbook\":"
     "{\"name\":\"mx-failover\",\"version\":\"3.0.0\",\"summary\":\"Move inbound mail to the "
     "standby MX when the primary stops "
     "accepting mail.\",\"owner\":\"mail-platform\",\"changelog_line\":\"Rejecting and "
     "inconclusive are verdicts of their own\"},"
     "\"params\":{\"domain\":\"example.com\",\"standby\":\"mx-standby.example.net\",\"how\":"
     "\"swap\",\"settle\":\"15m\"},\"samples\":"
     "[{\"at\":1795402087,\"verdict\":\"down\"}],\"who\":" WHO
     ",\"reason\":\"Nagios: mx1 down, DC2 has no power\",\"locks\":"
     "[\"mx:example.com\"],\"may_change\":[\"zone.set_mx:example.com\",\"notify\"],\"stale_after_"
     "ms\":900000,\"followed_by\":"
     "\"mx-failback\",\"config\":\"/etc/muster/muster.lua\",\"journal\":\"x\",\"lab\":false}"},
    {0, 'n', "r", 1, "step", "", "", "{\"title\":\"" ONE "\"}"},
    {1, 'c', "r", 2, "zone.mx", "[\"example.com\"]", ONE,
     "{\"ms\":40,\"ok\":true,\"mx\":[{\"host\":\"mx1.example.com\",\"preference\":10},{\"host\":"
     "\"mx2.example.com\",\"preference\":"
     "20}],\"ttl\":3600}"},
    {12, 'c', "r", 3, "mail.inbound", "[\"example.com\",{\"mx\":" BEFORE "}]", ONE, DOWN},
    {12, 'n', "r", 4, "milestone", "", ONE, "{\"name\":\"detected\",\"at\":1795402087000}"},
    {12, 'n', "r", 5, "finding", "", ONE,
     "{\"severity\":\"high\",\"what\":\"mx1 and mx2 share DC2\",\"message\":\"both primaries went "
     "down with one power feed\"}"},
    {12, 'i', "r", 6, "notify", "[\"stakeholders\",\"mail-failing\",{\"domain\":\"example.com\"}]",
     ONE,
     "{\"args\":{},\"shown\":\"notify stakeholders "
     "mail-failing\",\"key\":\"00\",\"undo\":null,\"recipients\":[{\"to\":\"status\","
     "\"channel\":\"slack\"},{\"to\":\"board@other.example\",\"channel\":\"relay\"}],\"subject\":"
     "\"Mail for example.com is late\"}"},
    {14, 'o', "r", 6, "notify", "", ONE,
     "{\"how\":\"sent\",\"ok\":true,\"value\":{\"ok\":true,\"recipients\":[{\"to\":\"status\","
     "\"channel\":\"slack\",\"ok\":true},{"
     "\"to\":\"board@other.example\",\"channel\":\"relay\",\"ok\":false,\"why\":\"550 5.7.1 "
     "<b>relay</b> access denied\"}]}}"},
    {14, 'n', "r", 7, "step", "", TWO, "{\"title\":\"" TWO "\"}"},
    {18, 'c', "r", 8, "mail.preflight", "[\"example.com\"]", TWO,
     "{\"ms\":3900,\"ok\":true,\"verdict\":\"go\",\"why\":\"9 pass, 1 warn (TTL "
     "3600)\",\"checks\":[{\"what\":\"STARTTLS\",\"ok\":true},{"
     "\"what\":\"RCPT "
     "postmaster@example.com\",\"ok\":true},{\"what\":\"TTL\",\"ok\":false,\"why\":\"3600: caches "
     "last an hour\"}]}"},
    {18, 'n', "r", 9, "step", "", THREE, "{\"title\":\"" THREE "\"}"},
    {18, 'i', "r", 10, "approve", "[{}]", THREE,
     "{\"gate\":\"mx-failover.12/r/10\",\"kind\":\"approve\",\"title\":\"Point example.com at "
     "mx-standby.example.net?\",\"by\":"
     "\"incident-lead\",\"quorum\":1,\"deadline_ms\":1795402885000,\"within_ms\":600000,\"then_"
     "ask\":\"duty-manager\",\"no_self\":false,"
     "\"digest\":\"9f31c2\",\"show\":" SHOW "}"},
    {18, 'h', "", 0, "gate", "", "", "{\"gate\":\"mx-failover.12/r/10\",\"code\":\"4417\"}"},
    {20, 'h', "", 0, "told", "", "",
     "{\"kind\":\"gate\",\"to\":\"incident-lead\",\"ok\":true,\"why\":\"\",\"sent\":[{\"to\":"
     "\"ana\",\"channel\":\"push\",\"ok\":true}]}"},
    {260, 'h', "", 0, "resume", "", "",
     "{\"epoch\":2,\"pid\":4711,\"host\":\"jump1\",\"who\":" WHO ",\"down_ms\":41000}"},
    {260, 'h', "", 0, "frontier", "", "", "{\"rows\":14,\"ms\":6}"},
    {380, 'o', "r", 10, "approve", "", THREE,
     "{\"how\":\"person\",\"ok\":true,\"value\":{\"at\":1795402647,\"by\":{\"name\":\"ana\"},"
     "\"how\":\"approved\",\"reason\":\"DC2 power, "
     "ETA 4 h\",\"votes\":[{\"answer\":\"yes\",\"at\":1795402647000,\"from\":\"ana@jump1 "
     "pts/3\",\"reason\":\"DC2 power, ETA 4 h\",\"who\":"
     "\"ana\"}],\"yes\":true}}"},
    {381, 'n', "r", 11, "undo", "", THREE, "{\"title\":\"Put the old MX rrset back\"}"},
    {382, 'i', "r", 12, "zone.set_mx", "[\"example.com\",[{\"preference\":10}]]", THREE,
     "{\"after\":" AFTER ",\"args\":{\"domain\":\"example.com\"},\"before\":" BEFORE
     ",\"key\":\"0123456789abcdef0123456789abcdef\","
     "\"shown\":\"zone.set_mx example.com 10 mx-standby.example.net\",\"target\":\"powerdns-prod, "
     "example.com MX\",\"undo\":{\"args\":["
     "\"example.com\"],\"title\":\"Put the old MX rrset "
     "back\",\"verb\":\"zone.set_mx\"},\"witness\":\"2026112301\"}"},
    {383, 'h', "", 0, "progress", "", "",
     "{\"task\":\"r\",\"seq\":12,\"verb\":\"zone.set_mx\",\"text\":\"the API reads it back\"}"},
    {419, 'h', "", 0, "progress", "", "",
     "{\"task\":\"r\",\"seq\":12,\"verb\":\"zone.set_mx\",\"text\":\"4/4 authoritative addresses "
     "serve it\"}"},
    {419, 'o', "r", 12, "zone.set_mx", "", THREE,
     "{\"how\":\"readback\",\"ok\":true,\"value\":{\"cached_until\":1795406200,\"servers\":[{"
     "\"server\":\"ns1.example.com\",\"ok\":true},{"
     "\"server\":\"ns2.example.com\",\"ok\":true}]}}"},
    {419, 'n', "r", 13, "step", "", FOUR, "{\"title\":\"" FOUR "\"}"},
    {430, 'c', "r.1", 1, "mail.inbound", "[\"example.com\"]", FOUR, DOWN},
    {431, 'c', "r.1", 2, "sleep", "[30000]", FOUR, "{\"at\":1795402728000}"},
    {470, 'c', "r.1", 3, "mail.inbound", "[\"example.com\"]", FOUR, DOWN},
    {500, 'c', "r.1", 4, "sleep", "[30000]", FOUR, "{\"at\":1795402758000}"},
    {501, 'c', "r.1", 5, "mail.inbound", "[\"example.com\"]", FOUR, UP},
    {502, 'n', "r.1", 6, "tell", "", FOUR, "{\"text\":\"mail up, stable 1/3\"}"},
    {531, 'c', "r.1", 7, "sleep", "[30000]", FOUR, "{\"at\":1795402788000}"},
    {532, 'c', "r.1", 8, "mail.inbound", "[\"example.com\"]", FOUR, UP},
    {562, 'c', "r.1", 9, "mail.inbound", "[\"example.com\"]", FOUR, UP},
    {563, 'i', "r", 14, "notify", "[\"stakeholders\",\"mail-restored\"]", FOUR,
     "{\"args\":{},\"shown\":\"notify stakeholders "
     "mail-restored\",\"undo\":null,\"recipients\":[{\"to\":\"status\",\"channel\":\"slack\"}]}"},
    {564, 'o', "r", 14, "notify", "", FOUR,
     "{\"how\":\"sent\",\"ok\":true,\"value\":{\"ok\":true,\"recipients\":[{\"to\":\"status\","
     "\"channel\":\"slack\",\"ok\":true}]}}"},
    {564, 'n', "r", 15, "finish", "", FOUR,
     "{\"result\":\"failed_over\",\"why\":\"via mx-standby.example.net\"}"},
    {564, 'h', "", 0, "comment", "", "", "{\"who\":" WHO ",\"text\":\"Provider ticket DC-881\"}"},
    {565, 'h', "", 0, "end", "", "",
     "{\"state\":\"finished\",\"result\":\"failed_over\",\"why\":\"via "
     "mx-standby.example.net\",\"exit\":0,\"took_ms\":565000,\"counts\":{"
     "\"probes\":8,\"acts\":3,\"gates\":1}}"},
};

static const struct sample dry_run[] = {
    {0, 'h', "", 0, "start", "", "",
     "{\"run\":\"mx-failover.13\",\"incident\":\"\",\"world\":\"dry-run\",\"playbook\":{\"name\":"
     "\"mx-failover\",\"version\":\"3.0.0\","
     "\"summary\":\"Move inbound mail to the standby "
     "MX.\"},\"params\":{\"domain\":\"example.com\"},\"samples\":null,\"who\":" WHO ","
     "\"reason\":\"\",\"bundle\":"
     "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}"}, /* of no files */
    {0, 'n', "r", 1, "step", "", "", "{\"title\":\"" THREE "\"}"},
    {1, 'i', "r", 2, "approve", "[{}]", THREE,
     "{\"gate\":\"mx-failover.13/r/2\",\"kind\":\"approve\",\"title\":\"Point "
     "it?\",\"by\":\"incident-lead\",\"quorum\":1,\"show\":" SHOW ",\"foreseen\":true}"},
    {1, 'o', "r", 2, "approve", "", THREE,
     "{\"how\":\"foreseen\",\"ok\":true,\"value\":{\"yes\":true,\"how\":\"approved\",\"foreseen\":"
     "true}}"},
    {2, 'i', "r", 3, "zone.set_mx", "[\"example.com\"]", THREE,
     "{\"after\":" AFTER ",\"before\":" BEFORE
     ",\"shown\":\"zone.set_mx example.com 10 mx-standby.example.net\",\"target\":"
     "\"powerdns-prod\",\"undo\":null,\"foreseen\":true}"},
    {2, 'o', "r", 3, "zone.set_mx", "", THREE, "{\"how\":\"foreseen\",\"ok\":true,\"value\":{}}"},
    {3, 'h', "", 0, "end", "", "",
     "{\"state\":\"finished\",\"result\":\"dry_run_ended\",\"why\":\"\",\"exit\":0,\"took_ms\":"
     "3000,\"counts\":{\"probes\":0,\"acts\":1,"
     "\"gates\":1},\"outlook\":{\"would_change\":[{\"verb\":\"zone.set_mx\",\"src\":\"playbook.lua:"
     "42\",\"step\":\"x\",\"shown\":"
     "\"zone.set_mx example.com 10 "
     "mx-standby.example.net\",\"target\":\"powerdns-prod\",\"before\":" BEFORE ",\"after\":" AFTER
     "}],\"would_tell\":[{\"verb\":\"notify\",\"src\":\"playbook.lua:30\",\"shown\":\"notify "
     "stakeholders mail-failing\",\"recipients\":["
     "\"status\"],\"subject\":\"Mail is late\",\"text\":\"Mail for example.com is late.\\nNext "
     "update in 30m.\"}],\"would_ask\":[{\"kind\":"
     "\"approve\",\"src\":\"playbook.lua:38\",\"title\":\"Point "
     "it?\",\"by\":\"incident-lead\"}],\"cannot_foresee\":[{\"verb\":\"wait\",\"src\":"
     "\"playbook.lua:44\"}]}}"},
};

static struct mu_journal *journal_of(const struct sample *rows, size_t count)
{
    struct mu_journal *journal = mu_journal_memory();
    static const char playbook[] =
        "step \"" THREE
        "\"\n-- step \"never\"\nif x then step 'Prove it' end\nlocal footstep = \"no\"\n";
    mu_journal_put_file(journal, "playbook.lua", playbook, sizeof playbook - 1);
    for (size_t i = 0; i < count; i++) {
        struct mu_row row = {.epoch = 1,
                             .type = rows[i].type,
                             .task = rows[i].task,
                             .seq = rows[i].seq,
                             .verb = rows[i].verb,
                             .args = rows[i].args,
                             .digest = "",
                             .src = rows[i].type == 'h' ? "" : "playbook.lua:17",
                             .step = rows[i].step,
                             .ts = BEGIN + rows[i].s * 1000LL,
                             .value = rows[i].value};
        if (rows[i].value[0]) {
            struct mu_fail fail;
            json_t *value = mu_json_parse(rows[i].value, strlen(rows[i].value), &fail);
            if (value == NULL)
                fail_msg("sample row %zu: %s", i + 1, fail.text);
            json_decref(value);
        }
        mu_journal_append(journal, &row);
    }
    return journal;
}

typedef void render(const struct mu_timeline *, struct mu_buf *);

static char *rendered(const struct sample *rows, size_t count, render *write)
{
    static const struct mu_report_note notes[] = {
        {"bo", "Told the provider by phone <ticket DC-881>", BEGIN + 300000}};
    struct mu_timeline *timeline;
    struct mu_fail fail;
    struct mu_buf buf = {0};
    struct mu_journal *journal = journal_of(rows, count);
    assert_int_equal(mu_report_load_journal(journal, notes, rows == incident, &timeline, &fail),
                     MU_OK);
    write(timeline, &buf);
    mu_report_free(timeline);
    mu_journal_close(journal);
    assert_false(buf.full);
    return mu_buf_take(&buf);
}

static void expect_all(const char *text, const char *const *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, wanted[i]) == NULL)
            fail_msg("not in the report: %s\n%s", wanted[i], text);
}

/* What stands in code fences is no markup. */
static void drop_fences(char *text)
{
    for (char *fence = strstr(text, "\n  ```"); fence; fence = strstr(fence, "\n  ```")) {
        char *end = strstr(fence + 1, "\n  ```\n");
        assert_non_null(end);
        memmove(fence, end + 6, strlen(end + 6) + 1);
    }
}

static void markdown_tells_the_incident(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "# INC-118 \xC2\xB7 example.com\n\n**LIVE**, finished: failed_over, began 2026-11-23 "
        "02:51:07Z\n",
        "| detected | 2026-11-23 02:48:07Z |  | said by the playbook |",
        "| decided | 2026-11-23 02:57:27Z | 9m20s | the gate was decided |",
        "| mitigated | 2026-11-23 02:58:06Z | 9m59s | first change of the zone that took effect |",
        "| resolved | 2026-11-23 03:00:32Z | 12m25s | the last run finished |",
        "## Cause\n\n- high: mx1 and mx2 share DC2: both primaries went down with one power feed\n",
        "> **TO BE WRITTEN BY A PERSON:** What broke, and why?",
        "- From detection to mitigation: 9m59s\n",
        "- **Playbook:** mx-failover@3.0.0\n",
        "- **Parameters:** domain = example.com; how = swap; ",
        "- **Started by:** ana, on jump1, pts/3\n",
        "- **Outcome:** finished: failed_over (exit 0); via mx-standby.example.net\n",
        "- **Did:** 8 probes, 3 acts, 1 gate\n",
        "### 3. Ask, then move the MX\n\n2026-11-23 02:51:25Z, took 6m41s\n",
        "**zone.mx** example.com\n  - 10 mx1.example.com, 20 mx2.example.com (TTL 3600)\n",
        "**resumed** the executor died without a word; resumed on jump1 after 41s\n",
        "  - asked incident-lead, until 2026-11-23 03:01:25Z, then duty-manager\n",
        "  - ana answered \"yes\" from ana@jump1 pts/3, 2026-11-23 02:57:27Z: DC2 power, ETA 4 h\n",
        "  - approved by ana after 6m02s: DC2 power, ETA 4 h\n",
        "  - 3600 MX 10 mx1.example.com.\n",
        "  + 300 MX 10 mx-standby.example.net.\n",
        "  - took effect after 37s, known from reading it back\n",
        "  - board@other.example over relay was NOT told: 550 5.7.1 \\<b\\>relay\\</b\\> access "
        "denied\n  - status over slack was told\n",
        "  - 02:58:06Z 4/4 authoritative addresses serve it\n",
        "  - the old answer may be cached until 2026-11-23 03:56:40Z\n",
        "  - undo recorded: Put the old MX rrset back\n",
        "**mail.inbound** example.com \xC3\x97"
        "5 in 2m12s\n  - down at 02:58:17Z, then up at 02:59:28Z\n  - last: up: ",
        "| 2026-11-23 02:51:21Z | board@other.example | relay | notify stakeholders mail-failing | "
        "FAILED: 550 5.7.1 \\<b\\>relay\\</b\\> access denied |",
        "| 2026-11-23 02:51:27Z | ana | push | the host's own message: gate | arrived |",
        "**bo** Told the provider by phone \\<ticket DC-881\\>\n",
        "- Still in place, can be taken back: Put the old MX rrset back (muster undo "
        "mx-failover.12)\n",
        "- mx-failover.12 is followed by mx-failback\n",
        "| mx-failover.12 | chain not checked, 37 rows |",
    };
    char *text = rendered(incident, MU_COUNT(incident), mu_report_markdown);
    expect_all(text, wanted, MU_COUNT(wanted));
    assert_null(strchr(text, '\x1b'));
    assert_null(strstr(text, "\xE2\x80\xAE")); /* right-to-left override */
    const char *gate = strstr(text, "**asked to approve**"), *act = strstr(text, "**zone.set_mx**");
    const char *moved = strstr(gate, "  + 300 MX 10 mx-standby.example.net.\n");
    assert_true(gate < moved && moved < act); /* shown as a list there, as a set in the act */
    assert_non_null(strstr(act, "  + 300 MX 10 mx-standby.example.net.\n"));
    drop_fences(text);
    assert_null(strstr(text, "<script"));
    free(text);
}

/* A playbook's own milestone stands where it belongs in time. */
static void milestones_stand_in_order(void **state)
{
    struct sample rows[MU_COUNT(incident)];
    (void)state;
    memcpy(rows, incident, sizeof rows);
    for (size_t i = 0; i < MU_COUNT(rows); i++)
        if (strcmp(rows[i].verb, "finding") == 0) {
            rows[i].verb = "milestone";
            rows[i].value = "{\"name\":\"confirmed\",\"at\":1795402387000}";
        }
    char *text = rendered(rows, MU_COUNT(rows), mu_report_markdown);
    const char *detected = strstr(text, "| detected |"), *confirmed = strstr(text, "| confirmed |"),
               *decided = strstr(text, "| decided |");
    assert_non_null(confirmed);
    assert_true(detected < confirmed && confirmed < decided);
    free(text);
}

static void html_obeys_no_server(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "default-src 'none'; style-src 'sha256-",
        "S: 220 &lt;script&gt;alert(&#39;mx&#39;)&lt;/script&gt; &amp; &quot;quotes&quot;",
        "<strong class=\"badge live\">LIVE</strong>",
        "<del>- 3600 MX 10 mx1.example.com.</del>",
        "<svg class=\"bar\"",
        "FAILED: 550 5.7.1 &lt;b&gt;relay&lt;/b&gt; access denied",
        "<details><summary>Evidence: down",
    };
    char *text = rendered(incident, MU_COUNT(incident), mu_report_html);
    expect_all(text, wanted, MU_COUNT(wanted));
    static const char *const forbidden[] = {"<script",  "\x1b",   "\xE2\x80\xAE", "http://",
                                            "https://", "src=",   "url(",         "onload",
                                            "style=\"", "<ticket"};
    for (size_t i = 0; i < MU_COUNT(forbidden); i++)
        if (strstr(text, forbidden[i]))
            fail_msg("in the report: %s", forbidden[i]);
    free(text);
}

static void a_dry_run_says_what_it_would_do(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "**DRY-RUN**, finished: dry_run_ended",
        "> **Nothing was changed and nobody was told.",
        "## Would change\n\n- **zone.set_mx** example.com 10 ",
        "  - at powerdns-prod\n",
        "## Would tell\n\n- **notify** stakeholders mail-failing\n  - to: status\n",
        "  Mail for example.com is late.\n  Next update in 30m.\n",
        "## Would ask\n\n- **approve** Point it?\n  - asked: incident-lead\n",
        "## Can't foresee\n\n- **wait** \n  - playbook.lua:44\n",
        "## Not reached\n\n- Prove it\n",
        "nobody was asked: the dry run assumed a yes",
    };
    char *text = rendered(dry_run, MU_COUNT(dry_run), mu_report_markdown);
    expect_all(text, wanted, MU_COUNT(wanted));
    assert_null(strstr(text, "- never"));
    assert_null(strstr(text, "## Cause"));
    assert_null(strstr(text, "Who was told"));
    free(text);
}

static void json_is_for_programs(void **state)
{
    (void)state;
    struct mu_fail fail;
    char *text = rendered(incident, MU_COUNT(incident), mu_report_json);
    json_t *report = mu_json_parse(text, strlen(text) - 1, &fail), *run;
    assert_non_null(report);
    assert_string_equal(mu_json_str(report, "incident", ""), "INC-118");
    run = json_array_get(json_object_get(report, "runs"), 0);
    assert_int_equal(json_array_size(json_object_get(run, "steps")), 4);
    assert_int_equal(json_array_size(json_object_get(run, "told")), 4);
    assert_int_equal(mu_json_int(json_array_get(json_object_get(report, "milestones"), 2),
                                 "after_detection_ms", 0),
                     599000);
    json_decref(report);
    free(text);
}

/* Truncated, unknown or odd rows: whatever a journal holds, there is a report. */
static void odd_rows_do_no_harm(void **state)
{
    (void)state;
    static const struct sample odd[] = {
        {0, 'h', "", 0, "start", "", "", "{}"},
        {1, 'o', "r", 1, "zone.set_mx", "", "", "{\"ok\":false}"},
        {2, 'i', "r", 2, "zone.set_mx", "5", "x",
         "{\"undo\":7,\"before\":3,\"after\":[1,[2]],\"recipients\":{\"a\":1}}"},
        {3, 'i', "r", 3, "approve", "", "x", "{\"gate\":5,\"show\":[1,\"a\",null]}"},
        {3, 'c', "r", 4, "dns.mx", "not json", "x",
         "{\"ok\":\"maybe\",\"mx\":[5,{\"host\":7}],\"records\":{}}"},
        {4, 'n', "r", 5, "milestone", "", "x", "{\"name\":7,\"at\":\"soon\"}"},
        {4, 'n', "r", 6, "evidence", "", "x", "{\"what\":\"w\",\"value\":[[[\"deep\\nblock\"]]]}"},
        {4, 'h', "", 0, "told", "", "", "{}"},
        {4, 'h', "", 0, "progress", "", "", "{\"task\":\"q\",\"seq\":9}"},
        {4, 'h', "", 0, "brandnew", "", "", "{\"a\":1}"},
        {5, 'x', "r", 7, "", "", "", ""},
        {5, 'h', "", 0, "start", "", "", "{\"run\":\"again\"}"},
        {5, 'h', "", 0, "end", "", "", "{\"result\":\"a\"}"},
        {5, 'h', "", 0, "end", "", "",
         "{\"result\":\"b\"}"}, /* the first executor was killed behind it */
        {6, 'h', "", 0, "park", "", "", "{\"why\":\"in_doubt\",\"text\":\"look at the far side\"}"},
    };
    render *const writers[] = {mu_report_markdown, mu_report_html, mu_report_json};
    for (size_t i = 0; i < MU_COUNT(writers); i++) {
        char *text = rendered(odd, MU_COUNT(odd), writers[i]);
        assert_non_null(strstr(text, "look at the far side"));
        free(text);
    }
    struct mu_journal *empty = mu_journal_memory();
    struct mu_timeline *timeline;
    struct mu_fail fail;
    assert_int_equal(mu_report_load_journal(empty, NULL, 0, &timeline, &fail), MU_STORAGE);
    assert_null(timeline);
    mu_journal_close(empty);
}

/* From a file the chain is checked; a changed octet is told on the first page. */
static void a_damaged_journal_is_told(void **state)
{
    (void)state;
    char dir[] = "/tmp/muster-report-XXXXXX", path[128];
    struct mu_fail fail;
    struct mu_journal *journal;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/one.run", dir);
    assert_int_equal(mu_journal_create(path, &journal, &fail), MU_OK);
    for (size_t i = 0; i < MU_COUNT(dry_run); i++) {
        struct mu_row row = {.epoch = 1,
                             .type = dry_run[i].type,
                             .task = dry_run[i].task,
                             .seq = dry_run[i].seq,
                             .verb = dry_run[i].verb,
                             .args = dry_run[i].args,
                             .digest = "",
                             .src = "",
                             .step = dry_run[i].step,
                             .ts = BEGIN + dry_run[i].s * 1000LL,
                             .value = dry_run[i].value};
        mu_journal_append(journal, &row);
    }
    assert_int_equal(mu_journal_seal(journal, &fail), MU_OK);
    mu_journal_close(journal);
    for (int damaged = 0; damaged < 2; damaged++) {
        struct mu_timeline *timeline;
        struct mu_buf buf = {0};
        const char *paths[] = {path};
        assert_int_equal(mu_report_load(paths, 1, NULL, 0, &timeline, &fail), MU_OK);
        mu_report_markdown(timeline, &buf);
        assert_non_null(
            strstr(mu_buf_text(&buf), damaged ? "DAMAGED: " : "| chain holds, 7 rows |"));
        assert_int_equal(strstr(mu_buf_text(&buf), "can't be relied on") != NULL, damaged);
        mu_report_free(timeline);
        mu_buf_free(&buf);
        char *content = mu_xcalloc(1 << 20, 1);
        chmod(path, 0600);
        FILE *file = fopen(path, "r+b");
        size_t len = fread(content, 1, 1 << 20, file);
        for (size_t i = 0; i + 9 < len; i++)
            if (memcmp(content + i, "Point it?", 9) == 0) {
                fseek(file, (long)i, SEEK_SET);
                fputc('p', file);
            }
        fclose(file);
        free(content);
    }
    unlink(path);
    char lock[160];
    snprintf(lock, sizeof lock, "%s.lock", path);
    unlink(lock);
    assert_int_equal(rmdir(dir), 0);
}

static void leave(const char *dir, const char *name, char *text_take)
{
    char *path = mu_xasprintf("%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    if (file) {
        fputs(text_take, file);
        fclose(file);
    }
    free(path);
    free(text_take);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown_tells_the_incident),
        cmocka_unit_test(milestones_stand_in_order),
        cmocka_unit_test(html_obeys_no_server),
        cmocka_unit_test(a_dry_run_says_what_it_would_do),
        cmocka_unit_test(json_is_for_programs),
        cmocka_unit_test(odd_rows_do_no_harm),
        cmocka_unit_test(a_damaged_journal_is_told),
    };
    if (argc > 1) {
        leave(argv[1], "incident.html", rendered(incident, MU_COUNT(incident), mu_report_html));
        leave(argv[1], "incident.md", rendered(incident, MU_COUNT(incident), mu_report_markdown));
        leave(argv[1], "dry-run.html", rendered(dry_run, MU_COUNT(dry_run), mu_report_html));
    } else {
        setenv("TZ", "UTC", 1);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
