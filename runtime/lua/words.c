/* SPDX-License-Identifier: MIT
 *
 * The words of the language as data; see words.h. */
#include "lua/words.h"

#include <string.h>

#include "base/attr.h"

/* clang-format off */
#define FIELDS(...)                     ((const struct mu_word_field[]){__VA_ARGS__, {0}})
#define NOTHING                         ((const struct mu_word_field[]){{0}})
#define TAKES(name, type, doc)          {name, type, NULL, 0, doc}
#define MAY_TAKE(name, type, doc)       {name, type, NULL, MU_W_OPTIONAL, doc}
#define OPTION(name, type, value, doc)  {name, type, value, MU_W_OPTIONAL | MU_W_OPTION, doc}
#define NEEDS(name, type, doc)          {name, type, NULL, MU_W_OPTION, doc}
#define GIVES(name, type, doc)          {name, type, NULL, 0, doc}
#define MAY_GIVE(name, type, doc)       {name, type, NULL, MU_W_OPTIONAL, doc}

#define VARS MAY_TAKE("vars", "table<string, any>", "what the template's {{names}} stand for")
#define TEMPLATE TAKES("template", "string", "templates/NAME.md or NAME.txt of the playbook")

#define GATE(question)                                                                             \
    TAKES("question", "string", question),                                                         \
    NEEDS("by", "string", "the person or team who is asked"),                                      \
    OPTION("deadline", "duration", NULL, "how long they have; without one it may wait for ever"),  \
    OPTION("then_ask", "string", NULL,                                                             \
           "who is asked when the deadline passes, for as long again; who was asked first may still answer"), \
    OPTION("remind", "duration|false", NULL,                                                       \
           "every how long they are reminded, from \"1s\"; else at half and four fifths of a deadline of 2 minutes or more; false: never"), \
    OPTION("show", "muster.show", NULL, "what they see with it: results, texts by name, and a change")

#define PARAM_OPTIONS(type)                                                                        \
    OPTION("default", type, NULL, "its value when none is given"),                                 \
    OPTION("from", "string", NULL, "where in muster.lua a value is found: \"domains[domain].standby\"")
#define PARAM_BOUNDS(type)                                                                         \
    OPTION("min", type, NULL, "the least it may be"), OPTION("max", type, NULL, "the most it may be")
/* Methods of a test's world, and of a run it asked for. */
#define THE_WORLD FIELDS(GIVES("world", "muster.world", "this one, to go on with"))
#define HOLDS     FIELDS(GIVES("holds", "boolean", "false: it was told, and the test goes on"))
#define WORLD(method, says, example_, ...)                                                         \
    {.name = "world:" method, .theme = MU_THEME_TEST, .params = FIELDS(__VA_ARGS__),               \
     .returns = THE_WORLD, .doc = says, .example = example_}
#define PLAYS(method, says, example_, ...)                                                         \
    {.name = "world:" method, .theme = MU_THEME_TEST, .params = FIELDS(__VA_ARGS__),               \
     .returns = FIELDS(GIVES("run", "muster.run", "at its end")), .doc = says, .example = example_}
#define EXPECT(method, says, example_, ...)                                                        \
    {.name = "run:expect_" method, .theme = MU_THEME_TEST, .params = FIELDS(__VA_ARGS__),          \
     .returns = HOLDS, .doc = says, .example = example_}
#define EXPECT_OF(method, says, example_, ...)                                                     \
    {.name = "run:expect_" method, .theme = MU_THEME_TEST, .one_table = true,                      \
     .params = FIELDS(__VA_ARGS__), .returns = HOLDS, .doc = says, .example = example_}
#define LASTS OPTION("lasts", "duration", NULL, "for so long; else from now on")
#define BY_WHOM                                                                                    \
    OPTION("by", "string", NULL, "who begins it"), OPTION("reason", "string", NULL, "their words")

#define PARAM_WORD(kind, gives, example_, ...)                                                     \
    {.name = "param." kind, .theme = MU_THEME_HEADER,                                              \
     .params = FIELDS(TAKES("doc", "string", "what it is for: people read it"), __VA_ARGS__),      \
     .returns = FIELDS(GIVES("param", "muster.param", "for params { } of the header")),            \
     .doc = gives, .example = example_}
/* clang-format on */

/* --- what has fields of its own ------------------------------------------------------------------ */

/* clang-format off */
const struct mu_word_type mu_word_types[] = {
    {"muster.result", "What a probe gives. Never raises: look at ok.",
     FIELDS(GIVES("ok", "boolean", "it could find out, and nothing is wrong"),
            GIVES("why", "string", "in words; of one that is not ok, what happened"),
            GIVES("ms", "integer", "how long it took, in milliseconds"),
            MAY_GIVE("class", "string", "when not ok: usage, config, refused, net, proto, remote"))},
    {"muster.failure", "What an act raises when it fails: pcall hands it over.",
     FIELDS(GIVES("verb", "string", "the verb that failed"),
            GIVES("class", "string", "usage, config, refused, net, proto, remote, conflict, storage, cancelled, internal or resources"),
            GIVES("why", "string", "what happened, in words"),
            GIVES("in_doubt", "boolean", "it may have taken effect all the same"),
            MAY_GIVE("done", "boolean", "true: it took effect, and what should have followed did not; undo knows it"),
            GIVES("src", "string", "the line of the playbook: \"playbook.lua:12\""))},
    {"muster.person", "Somebody who answered.", FIELDS(GIVES("name", "string", "as in people of muster.lua"))},
    {"muster.vote", "One answer of one person, also one that was withdrawn.",
     FIELDS(GIVES("who", "string", "the person"), GIVES("from", "string", "account, host and terminal"),
            GIVES("at", "integer", "when, in milliseconds since 1970"), GIVES("answer", "string", "yes, no, ack or withdraw"),
            GIVES("reason", "string", "their words"))},
    {"muster.answer", "What people said to approve, ask or todo.",
     FIELDS(GIVES("yes", "boolean", "approved, answered or done"),
            GIVES("how", "string", "approved, answered or done; declined; expired: nobody decided in time"),
            GIVES("reason", "string", "the words of who decided, \"\" without any"),
            MAY_GIVE("text", "string", "of ask: the choice or what was typed; its default when it expired"),
            MAY_GIVE("by", "muster.person", "who decided; nil when nobody did"),
            GIVES("at", "time", "when it was decided"),
            GIVES("votes", "muster.vote[]", "every answer, in order"))},
    {"muster.change", "Before and after, shown line by line.",
     FIELDS(GIVES("from", "any", "what is there: a result of zone.mx or zone.get"), GIVES("to", "any", "what shall be there"))},
    {"muster.show", "A list of results, and texts by name: [\"if we wait\"] = \"late, not lost\".",
     FIELDS(MAY_GIVE("change", "muster.change", "what the act behind the question would write"),
            GIVES("[integer]", "any", "results whose `why` and `verdict` are shown"),
            GIVES("[string]", "any", "anything else, by the name it is shown under"))},
    {"muster.meanwhile", "Done again and again beside a wait: { every = \"30m\", tell }.",
     FIELDS(GIVES("every", "duration", "how often"),
            GIVES("[1]", "fun()", "what; an error in it is told, and the wait goes on"))},
    {"muster.sample", "One look of detect: its result, and when it was taken.",
     FIELDS(GIVES("ok", "boolean", "as detect returned it"), MAY_GIVE("why", "string", "likewise"),
            MAY_GIVE("verdict", "string", "likewise: up, down, rejecting, inconclusive"), GIVES("at", "time", "when"),
            GIVES("[string]", "any", "whatever else detect returned"))},
    {"muster.samples", "The looks that started the run; never empty.",
     FIELDS(GIVES("first", "muster.sample", "the oldest"), GIVES("last", "muster.sample", "the newest"),
            GIVES("[integer]", "muster.sample", "all, oldest first"))},
    {"muster.world", "The simulated world of a test: muster doc world lists its methods. It knows what it is told, nothing else.", NOTHING},
    {"muster.run", "A run that a test asked for, at its end. Its methods expect; what they expect may be looked at, too.",
     FIELDS(GIVES("name", "string", "its name, for world:undo"), GIVES("state", "string", "finished, failed, cancelled or parked"),
            GIVES("result", "string", "the word it ended with; of one that is parked, why: in_doubt, stale ..."),
            GIVES("why", "string", "in words"), GIVES("exit", "integer", "the exit code muster run would have"),
            GIVES("took_ms", "integer", "in its world"),
            GIVES("acts", "table[]", "every act: verb, shown, src, step, target, at, args, ok, how, value, why, undo, audience, subject, text"),
            GIVES("told", "table[]", "every message: to, who, ok, kind, subject, text, template, at"),
            GIVES("asked", "table[]", "every question: kind, title, by, who, how, yes, text, reason, votes, at, answered"),
            GIVES("steps", "string[]", "their headings"), GIVES("milestones", "string[]", "their names"),
            GIVES("findings", "table[]", "severity, what, message"), GIVES("evidence", "table[]", "what evidence{} was given"),
            GIVES("undo", "string[]", "what can be taken back, the latest first"),
            MAY_GIVE("parked", "table", "of one that waits for a person: why"), MAY_GIVE("scorecard", "table", "of a drill"),
            GIVES("rows", "table[]", "its whole journal"))},
    {"muster.param", "A parameter of the header: what param.* gives.",
     FIELDS(GIVES("doc", "string", "what it is for"))},
    {0}};

/* --- the words ---------------------------------------------------------------------------------- */

const struct mu_word mu_words_all[] = {
    /* header */
    {.name = "playbook", .theme = MU_THEME_HEADER, .one_table = true,
     .params = FIELDS(TAKES("header", "muster.header", "its keys: muster doc playbook")), .returns = NOTHING,
     .doc = "The header: what the playbook is called, what it may change, and what it takes. It stands once, at the top of "
            "playbook.lua, and is read without running main.",
     .example = "playbook {\n  name = \"relay-check\", version = \"1.0.0\", owner = \"mail-platform\",\n"
                "  summary = \"Tell the team when the relay does not answer.\",\n  may_change = { \"notify\" },\n"
                "  params = { host = param.host \"The relay\" },\n  changelog = { [\"1.0.0\"] = \"First version\" },\n}"},
    {.name = "main", .theme = MU_THEME_HEADER, .yours = true,
     .params = FIELDS(TAKES("p", "table<string, any>", "the parameters by name, checked and normalised"),
                      MAY_TAKE("samples", "muster.samples", "what detect saw; a run started by hand looks once itself")),
     .returns = NOTHING,
     .doc = "What the playbook does. You write it; the run ends where it returns, or at finish or fail.",
     .example = "function main(p, samples)\n  step \"Is it really down?\"\nend"},
    {.name = "detect", .theme = MU_THEME_HEADER, .yours = true,
     .params = FIELDS(TAKES("p", "table<string, any>", "the parameters by name")),
     .returns = FIELDS(GIVES("result", "table", "the result of a probe, or a table with a verdict")),
     .doc = "One look, whose verdicts `watch` turns into runs. You write it; it may only look. Needed when the header has watch.",
     .example = "function detect(p) return mail.inbound(p.domain) end"},
    PARAM_WORD("domain", "A domain. Normalised: lower case, A-labels, no final dot.",
               "domain = param.domain \"Domain whose inbound mail is failing\"", PARAM_OPTIONS("string")),
    PARAM_WORD("host", "A host's name or address.", "standby = param.host \"Standby MX\" { from = \"domains[domain].standby\" }",
               PARAM_OPTIONS("string")),
    PARAM_WORD("mailbox", "An address like postmaster@example.com.", "rcpt = param.mailbox \"A known good recipient\"",
               PARAM_OPTIONS("string")),
    PARAM_WORD("duration", "A duration like \"15m\".", "settle = param.duration \"How long to watch\" { default = \"15m\" }",
               PARAM_OPTIONS("duration"), PARAM_BOUNDS("duration")),
    PARAM_WORD("integer", "A whole number.", "port = param.integer \"Its port\" { default = 25, min = 1, max = 65535 }",
               PARAM_OPTIONS("integer"), PARAM_BOUNDS("integer")),
    PARAM_WORD("number", "A number.", "share = param.number \"Share of recipients\" { default = 0.5 }", PARAM_OPTIONS("number"),
               PARAM_BOUNDS("number")),
    PARAM_WORD("string", "A text.", "ticket = param.string \"The provider's ticket\" { default = \"none\" }",
               PARAM_OPTIONS("string")),
    PARAM_WORD("boolean", "true or false.", "loud = param.boolean \"Tell everyone\" { default = false }", PARAM_OPTIONS("boolean")),
    PARAM_WORD("choice", "One of the texts listed.", "how = param.choice \"Replace the set, or add to it\" { \"swap\", \"add\", default = \"swap\" }",
               NEEDS("[integer]", "string", "the texts there are to choose from"), PARAM_OPTIONS("string")),
    PARAM_WORD("secret", "A secret, given as file:PATH, env:NAME or - (standard input), never as its text. It is never shown.",
               "token = param.secret \"Key of the status page\" { from = \"status_key\" }", OPTION("from", "string", NULL,
               "where in muster.lua it is found")),
    {.name = "param.list", .theme = MU_THEME_HEADER,
     .params = FIELDS(TAKES("kind", "fun(doc: string): muster.param", "what it is a list of: param.domain, param.host ...; not param.secret"),
                      TAKES("doc", "string", "what it is for, behind the call: param.list(param.host) \"The hosts\""), PARAM_OPTIONS("any[]")),
     .returns = FIELDS(GIVES("param", "muster.param", "for params { } of the header")),
     .doc = "Several values of one kind, given as a,b,c.",
     .example = "primary = param.list(param.host) \"The primary MX hosts\" { from = \"domains[domain].primary\" }"},

    {.name = "use", .theme = MU_THEME_HEADER,
     .params = FIELDS(TAKES("name", "string", "\"lib/NAME\", written out")),
     .returns = FIELDS(GIVES("library", "table", "what lib/NAME.lua returned")),
     .doc = "A library: lib/NAME.lua of the playbook, else of the folder it lies in. It stands at the top of a file; runs once, in the same "
            "sandbox, with a scope of its own; and is part of the bundle: a run keeps the text it began with.",
     .example = "local relay = use \"lib/relay\"\n\nfunction main(p)\n  relay.tell(p.domain)\nend"},

    /* story */
    {.name = "step", .theme = MU_THEME_STORY, .params = FIELDS(TAKES("title", "string", "the heading")), .returns = NOTHING,
     .doc = "Begins a step. A heading, not a block: it names everything until the next one, in journal, screen and report.",
     .example = "step \"Is inbound mail really down?\""},
    {.name = "evidence", .theme = MU_THEME_STORY,
     .params = FIELDS(TAKES("what", "string", "what it shows"), MAY_TAKE("value", "any", "a result, a table or a text")),
     .returns = NOTHING, .doc = "Keeps a value for the report, under a name of yours.",
     .example = "evidence(\"pre-flight of \" .. p.standby, ready)"},
    {.name = "finding", .theme = MU_THEME_STORY,
     .params = FIELDS(TAKES("severity", "\"info\"|\"warn\"|\"high\"|\"critical\"", "how bad it is"),
                      TAKES("what", "string", "what it is about"), MAY_TAKE("message", "any", "what was found")),
     .returns = NOTHING, .doc = "Something a person should look after, for the report.",
     .example = "finding(\"warn\", \"spf\", \"the record has 11 lookups\")"},
    {.name = "milestone", .theme = MU_THEME_STORY,
     .params = FIELDS(TAKES("name", "string", "detected, decided, mitigated and resolved are measured in the report"),
                      MAY_TAKE("at", "time", "when; else now")),
     .returns = NOTHING, .doc = "A moment of the incident.", .example = "milestone(\"detected\", samples.first.at)"},
    {.name = "finish", .theme = MU_THEME_STORY, .ends_run = true,
     .params = FIELDS(TAKES("result", "string", "in a word: failed_over, no_action"), MAY_TAKE("why", "any", "in a sentence")),
     .returns = NOTHING, .doc = "Ends the run, finished, wherever it stands: also inside a function or a block. Exit code 0; with the result "
     "declined it is 4, with expired 6, when that is how the last question ended.",
     .example = "finish(\"failed_over\", \"via \" .. p.standby)"},
    {.name = "fail", .theme = MU_THEME_STORY, .ends_run = true, .params = FIELDS(MAY_TAKE("why", "any", "what went wrong")),
     .returns = NOTHING, .doc = "Ends the run, failed, wherever it stands. The owner is told; exit code 1.",
     .example = "fail(\"MX moved, no mail after \" .. p.settle)"},
    {.name = "need", .theme = MU_THEME_STORY,
     .params = FIELDS(TAKES("result", "T", "of a probe"), MAY_TAKE("why", "any", "said before the result's own why")),
     .returns = FIELDS(GIVES("result", "T", "the same, and it is ok")),
     .doc = "The result, if it is ok; else the run fails with its why.",
     .example = "local before = need(zone.mx(p.domain), \"DNS provider does not answer\")"},

    /* people */
    {.name = "approve", .theme = MU_THEME_PEOPLE, .one_table = true,
     .params = FIELDS(GATE("what they say yes or no to"),
                      OPTION("quorum", "integer", "1", "how many people must say yes"),
                      OPTION("no_self", "boolean", "false", "who started the run may not answer")),
     .returns = FIELDS(GIVES("answer", "muster.answer", "how: approved, declined, expired")),
     .doc = "Asks for a yes or a no, and waits. What is shown is on disk before anybody is asked; expired is not declined.",
     .example = "local answer = approve { \"Point \" .. p.domain .. \" at \" .. p.standby .. \"?\",\n"
                "  by = \"incident-lead\", deadline = \"10m\", then_ask = \"duty-manager\",\n"
                "  show = { inbound, ready, change = { from = before, to = ready.mx } } }\n"
                "if not answer.yes then finish(answer.how, answer.reason) end"},
    {.name = "ask", .theme = MU_THEME_PEOPLE, .one_table = true,
     .params = FIELDS(GATE("what they are asked"),
                      OPTION("choices", "string[]", NULL, "2 to 20 texts of at most 200 octets; else any text is an answer"),
                      OPTION("default", "string", NULL, "answer.text when it expires; needs a deadline")),
     .returns = FIELDS(GIVES("answer", "muster.answer", "text is the answer; how: answered, declined, expired")),
     .doc = "Asks for one of several choices, or for any text, and waits.",
     .example = "local which = ask { \"Which standby?\", by = \"incident-lead\", deadline = \"10m\", choices = { \"mx-a\", \"mx-b\" }, default = \"mx-a\" }"},
    {.name = "todo", .theme = MU_THEME_PEOPLE, .one_table = true, .params = FIELDS(GATE("what they shall do")),
     .returns = FIELDS(GIVES("answer", "muster.answer", "reason is their remark; how: done, declined (it can't be done), expired")),
     .doc = "A step that a person does; waits until they say so.",
     .example = "local called = todo { \"Call the provider and open a ticket\", by = \"incident-lead\", deadline = \"30m\" }"},
    {.name = "page", .theme = MU_THEME_PEOPLE,
     .params = FIELDS(TAKES("who", "string", "a person or a team"), TEMPLATE, VARS,
                      OPTION("ack_within", "duration", NULL, "wait so long until one of them takes it")),
     .returns = FIELDS(MAY_GIVE("taken", "muster.person", "with ack_within: who took it, nil when nobody did")),
     .doc = "Pages a person or a team, with high priority. With ack_within it waits until one of them takes it (muster ack).",
     .raises = "a muster.failure when nobody could be reached",
     .example = "local owner = page(\"incident-lead\", \"smtp-down\", { host = p.host }, { ack_within = \"5m\" })"},
    {.name = "escalate", .theme = MU_THEME_PEOPLE,
     .params = FIELDS(TAKES("ladder", "string", "a ladder, person or team of muster.lua"), TEMPLATE, VARS),
     .returns = FIELDS(MAY_GIVE("taken", "muster.person", "who took it, nil when nobody did")),
     .doc = "Pages one rung of a ladder after the other until somebody takes it. A rung that can't be reached is told and passed over.",
     .example = "local owner = escalate(\"mail-oncall\", \"smtp-down\", { host = p.host })"},

    /* time */
    {.name = "sleep", .theme = MU_THEME_TIME, .params = FIELDS(TAKES("d", "duration", "how long")), .returns = NOTHING,
     .doc = "Waits. The wait outlives a crash: what is left of it is waited for.", .example = "sleep \"30s\""},
    {.name = "now", .theme = MU_THEME_TIME, .params = NOTHING, .returns = FIELDS(GIVES("t", "time", "Unix seconds")),
     .doc = "The time. It stands still between two calls, and a resumed run sees the same.", .example = "local began = now()"},
    {.name = "started", .theme = MU_THEME_TIME, .params = NOTHING, .returns = FIELDS(GIVES("t", "time", "Unix seconds")),
     .doc = "When the run started.", .example = "evidence(\"started\", started())"},
    {.name = "seconds", .theme = MU_THEME_TIME, .params = FIELDS(TAKES("d", "duration", "like \"30m\"")),
     .returns = FIELDS(GIVES("n", "integer", "so many seconds")), .doc = "A duration as a number, to count with.",
     .example = "notify(\"stakeholders\", \"still-down\", { next_update = now() + seconds(p.update) })"},
    {.name = "ago", .theme = MU_THEME_TIME, .params = FIELDS(TAKES("t", "time", "Unix seconds")),
     .returns = FIELDS(GIVES("text", "string", "like \"1h4m\"")), .doc = "How long that is ago, as a text for people.",
     .example = "notify(\"stakeholders\", \"smtp-restored\", { outage = ago(samples.first.at) })"},

    /* flow */
    {.name = "parallel", .theme = MU_THEME_FLOW, .params = FIELDS(TAKES("functions", "table<any, fun(): any>", "each is run as a task")),
     .returns = FIELDS(GIVES("results", "table<any, any>", "what they returned, under the same keys")),
     .doc = "Runs functions at the same time and waits for all. The first error cancels the rest and is raised.",
     .raises = "what one of them raised",
     .example = "local seen = parallel { dns = function() return dns.mx(p.domain) end, host = function() return zone.mx(p.domain) end }"},
    {.name = "race", .theme = MU_THEME_FLOW, .params = FIELDS(TAKES("functions", "table<any, fun(): any>", "each is run as a task")),
     .returns = FIELDS(GIVES("key", "any", "of the one that ended first"), GIVES("value", "any", "what it returned")),
     .doc = "Runs functions at the same time; the first that ends cancels the others. An act that is out is not called back.",
     .raises = "what the first one raised", .example = "local who, value = race { function() return 1 end, function() sleep \"5m\" end }"},
    {.name = "each", .theme = MU_THEME_FLOW,
     .params = FIELDS(TAKES("list", "any[]", "what it is done for"), OPTION("limit", "integer", "8", "how many at the same time"),
                      TAKES("fn", "fun(item: any, i: integer): any", "what is done")),
     .returns = FIELDS(GIVES("results", "any[]", "in the list's order; true where fn returned nothing")),
     .doc = "Does something for each item of a list, several at a time. The first error cancels the rest and is raised.",
     .raises = "what fn raised", .example = "local looks = each(hosts, { limit = 4 }, function(host) return smtp.probe(host) end)"},
    {.name = "within", .theme = MU_THEME_FLOW,
     .params = FIELDS(TAKES("d", "duration", "how long it may take"), TAKES("fn", "fun(): any", "what is done")),
     .returns = FIELDS(GIVES("done", "boolean", "it ended in time"), MAY_GIVE("value", "any", "what it returned")),
     .doc = "Does something, but for no longer than that. An act that is out is not called back.", .raises = "what fn raised",
     .example = "local done, reply = within(\"1m\", function() return http.get(url) end)"},
    {.name = "wait_until", .theme = MU_THEME_FLOW,
     .params = FIELDS(TAKES("d", "duration", "how long to wait at most"), OPTION("every", "duration", "\"30s\"", "how often to test"),
                      OPTION("stable", "integer", "1", "how many tests in a row must be good"),
                      OPTION("meanwhile", "muster.meanwhile", NULL, "what is done beside it: { every = \"30m\", tell }"),
                      TAKES("condition", "fun(): any", "good when it returns something but nil or false")),
     .returns = FIELDS(GIVES("value", "any", "what the condition returned; false when the time passed")),
     .doc = "Tests until it is good, and waits in between. It tests once more at the deadline.", .raises = "what the condition raised",
     .example = "local flows = wait_until(p.settle, { every = \"30s\", stable = 3 }, function() return mail.inbound(p.domain).verdict == \"up\" end)"},
    {.name = "retry", .theme = MU_THEME_FLOW,
     .params = FIELDS(OPTION("times", "integer", "3", "how often at most"),
                      OPTION("backoff", "string", "\"1s..30s\"", "how long to wait in between: it doubles from the first to the last"),
                      TAKES("fn", "fun(attempt: integer): any", "what is tried")),
     .returns = FIELDS(GIVES("value", "any", "what fn returned")),
     .doc = "Tries until it raises no error. The options' table must be there: retry({}, fn).", .raises = "what the last try raised",
     .example = "retry({ times = 3, backoff = \"10s..2m\" }, function() http.post(url, { json = body }) end)"},

    /* changes */
    {.name = "undo", .theme = MU_THEME_CHANGES,
     .params = FIELDS(TAKES("title", "string", "what a person reads in muster undo"),
                      MAY_TAKE("verb", "function", "instead of the act's own undo: a verb such as zone.set"),
                      MAY_TAKE("...", "any", "its arguments")),
     .returns = NOTHING,
     .doc = "Names the undo that the next act records by itself; with a verb, replaces it. Undo is offered to a person, never automatic.",
     .example = "undo \"Put the old MX rrset back\"\nzone.set_mx(p.domain, ready.mx, { only_if = before })"},

    /* configuration */
    {.name = "secret.file", .theme = MU_THEME_CONFIG, .params = FIELDS(TAKES("path", "string", "relative to muster.lua; readable by its owner only")),
     .returns = FIELDS(GIVES("secret", "muster.secret", "for a key that takes a secret")),
     .doc = "A secret that stands in a file. One of fewer than 8 characters is refused.", .example = "key = secret.file \"keys/pdns\""},
    {.name = "secret.env", .theme = MU_THEME_CONFIG, .params = FIELDS(TAKES("name", "string", "of an environment variable")),
     .returns = FIELDS(GIVES("secret", "muster.secret", "for a key that takes a secret")),
     .doc = "A secret that stands in the environment; it is wiped there.", .example = "token = secret.env \"NTFY_TOKEN\""},

    /* test.lua */
    {.name = "config", .theme = MU_THEME_TEST, .params = FIELDS(TAKES("values", "table<string, any>", "as muster.lua returns it")),
     .returns = NOTHING, .doc = "The configuration that the tests of this file play with.",
     .example = "config { smtp = { control = { \"mx.control.example\" } } }"},
    {.name = "ordinary", .theme = MU_THEME_TEST,
     .params = FIELDS(TAKES("body", "fun(world: muster.world)", "sets it up")), .returns = NOTHING,
     .doc = "The world as it is on an ordinary day. Every test begins with it, and so does muster run --world sim.",
     .example = "ordinary(function(world)\n  world:mail_server(\"mx1.example.com\", \"192.0.2.10\")\nend)"},
    {.name = "test", .theme = MU_THEME_TEST,
     .params = FIELDS(TAKES("name", "string", "what it shows"), TAKES("body", "fun(world: muster.world)", "sets the world up, runs, expects")),
     .returns = NOTHING, .doc = "A test. It has a process, a world and a time of its own, nothing of which is real.",
     .example = "test(\"touches nothing while mail flows\", function(world)\n  local run = world:run { domain = \"example.com\" }\n"
                "  run:expect_result(\"no_action\")\nend)"},
    {.name = "expect", .theme = MU_THEME_TEST,
     .params = FIELDS(TAKES("got", "any", "a value"), TAKES("wanted", "any", "what it must be"), MAY_TAKE("what", "string", "what it is, for the failure")),
     .returns = FIELDS(GIVES("same", "boolean", "")), .doc = "Compares two values; one that differs is told, and the test goes on.",
     .example = "expect(#run.acts, 2, \"acts\")"},
    WORLD("mx", "The MX of a domain.", "world:mx(\"example.com\", { \"10 mx1.example.com\", \"20 mx2.example.com\" })",
          TAKES("domain", "string", "its name"), TAKES("list", "string|any[]", "\"10 mx1.example.com\", or a host alone, which is 10; a list of those, or of { preference, host }"),
          MAY_TAKE("ttl", "integer", "seconds; else 3600"),
          OPTION("at", "string", NULL, "what only this name server says, or \"resolver\" out of its cache"), LASTS),
    WORLD("mail_server", "A mail server: its address, and how it takes mail.", "world:mail_server(\"mx1.example.com\", \"192.0.2.10\")",
          TAKES("host", "string", "its name"), TAKES("address", "string", "IPv4 or IPv6"),
          MAY_TAKE("state", "\"up\"|\"refused\"|\"timeout\"|\"busy\"|\"rejecting\"", "else up; busy: 421; rejecting: 550 to a known recipient"),
          OPTION("why", "string", NULL, "what it says"), OPTION("starttls", "boolean", NULL, "whether it offers it"),
          OPTION("certificate", "table", NULL, "{ days_left, host_matches, verified }"), LASTS),
    WORLD("smtp", "How a mail server takes mail from now on.", "world:smtp(\"mx1.example.com\", \"busy\", { lasts = \"10m\" })",
          TAKES("host", "string", "its name"),
          TAKES("state", "\"up\"|\"refused\"|\"timeout\"|\"busy\"|\"rejecting\"", "busy: 421; rejecting: 550 to a known recipient"),
          OPTION("why", "string", NULL, "what it says; a text in place of the table is this"), OPTION("starttls", "boolean", NULL, "whether it offers it"),
          OPTION("certificate", "table", NULL, "{ days_left, host_matches, verified }"), LASTS),
    WORLD("smtp_down", "It lets connections time out.", "world:smtp_down(\"mx1.example.com\")", TAKES("host", "string", "its name"),
          OPTION("why", "string", NULL, "in words"), LASTS),
    WORLD("smtp_up", "It takes mail again.", "world:at(\"12m\"):smtp_up(\"mx1.example.com\")", TAKES("host", "string", "its name"), LASTS),
    WORLD("address", "The addresses of a host.", "world:address(\"relay.example.com\", \"192.0.2.25\", \"2001:db8::25\")",
          TAKES("host", "string", "its name"), MAY_TAKE("...", "string", "IPv4 or IPv6")),
    WORLD("nameservers", "The name servers of a domain.", "world:nameservers(\"example.com\", \"ns1.example.net\", \"ns2.example.net\")",
          TAKES("domain", "string", "its name"), MAY_TAKE("...", "string", "a name server")),
    WORLD("rrset", "Any record set.", "world:rrset(\"_dmarc.example.com\", \"TXT\", { '\"v=DMARC1; p=none\"' })",
          TAKES("name", "string", "its owner"), TAKES("type", "string", "\"TXT\""), TAKES("records", "string[]", "rdata as in a zone file; {}: there is none"),
          MAY_TAKE("ttl", "integer", "seconds; else 3600"),
          OPTION("at", "string", NULL, "what only this name server says, or \"resolver\" out of its cache"), LASTS),
    WORLD("dns_lags", "A name server serves changes so much later.", "world:dns_lags(\"ns2.example.net\", \"10m\")",
          TAKES("server", "string", "of world:nameservers"), TAKES("by", "duration", "how much later")),
    WORLD("resolver_caches", "The resolver goes on with what it has.", "world:resolver_caches(\"1h\")", TAKES("by", "duration", "for so long after a change")),
    WORLD("dns_silent", "A name server gives no answer.", "world:dns_silent(\"ns1.example.net\", { lasts = \"5m\" })",
          TAKES("server", "string", "its name, or \"resolver\""), OPTION("why", "string", NULL, "in words"), LASTS),
    WORLD("host_sleeps", "The machine stands still, and nobody executes the run; between two runs: time passes.", "world:at(\"5m\"):host_sleeps(\"20m\")",
          TAKES("for_how_long", "duration", "so long")),
    WORLD("provider", "How an entry of `providers` answers.", "world:provider(\"pdns\", \"busy\", { lasts = \"10m\" })", TAKES("name", "string", "of muster.lua"),
          TAKES("state", "\"up\"|\"refused\"|\"timeout\"|\"busy\"|\"lies\"", "busy: 429; lies: it says yes and changes nothing"),
          OPTION("why", "string", NULL, "in words"), LASTS),
    WORLD("channel", "Whether an entry of `channels` takes messages.", "world:channel(\"push\", \"down\")", TAKES("name", "string", "of muster.lua"),
          TAKES("state", "\"up\"|\"down\"", ""), OPTION("why", "string", NULL, "in words"), LASTS),
    WORLD("command", "What an entry of `commands` ends with. Without it one of command.run ends with 0 and says nothing.",
          "world:command(\"queue\", { exit_code = 1, stderr = \"no such queue\" })", TAKES("name", "string", "of muster.lua"),
          OPTION("exit_code", "integer", "0", "what it ends with"), OPTION("stdout", "string", NULL, "what it says"), OPTION("stderr", "string", NULL, "what it complains of"),
          OPTION("ms", "integer", "0", "how long it takes, in milliseconds"), LASTS),
    WORLD("child", "How a run that `start` begins ends. The other playbook is not played: it has tests of its own. Without it: finished, at once.",
          "world:child(\"stakeholder-broadcast\", { state = \"failed\", why = \"nobody was reached\" })", TAKES("playbook", "string", "its name"),
          OPTION("state", "string", "\"finished\"", "finished, failed, cancelled or parked"), OPTION("result", "string", NULL, "the word it ends with"),
          OPTION("why", "string", NULL, "in words"), OPTION("after", "duration", NULL, "how long it takes"), LASTS),
    WORLD("http", "What a web server answers.", "world:http(\"GET https://status.example.org/\", { status = 200, body = \"ok\" })",
          TAKES("request", "string", "method and URL"), TAKES("answer", "table", "{ status, body }")),
    WORLD("fails", "An act goes wrong; of a probe: refused and timeout only.", "world:fails(\"zone.set_mx\", \"lost\", { times = 1 })", TAKES("verb", "string", "its name"),
          TAKES("how", "\"refused\"|\"timeout\"|\"lost\"|\"late\"|\"lies\"", "refused: nothing happened; timeout: likewise, and nobody knows; lost: it happened, the reply did not come"),
          OPTION("target", "string", NULL, "only this one: its first argument"), OPTION("times", "integer", NULL, "so often, then it works"),
          OPTION("why", "string", NULL, "in words"), OPTION("class", "string", NULL, "of the failure"), OPTION("late", "duration", NULL, "of late: by how much")),
    WORLD("result", "What a probe finds, or an act returns; for verbs of your own modules.", "world:result(\"rack.power\", { on = false })", TAKES("verb", "string", "its name"),
          TAKES("value", "table", "as the verb returns it"), OPTION("target", "string", NULL, "only this one: its first argument"),
          OPTION("times", "integer", NULL, "so often")),
    WORLD("fact", "One entry of the fact table, runtime/module/facts.def.", "world:fact(\"channel\", \"push\", { state = \"down\" })", TAKES("fact", "string", "its name"),
          TAKES("key", "string", "whose"), TAKES("value", "any", "as the table says"), LASTS),
    WORLD("person", "How somebody answers what they were told about. Whoever is not spoken of never answers.",
          "world:person(\"ana\", { says = \"yes\", after = \"2m\", why = \"DC2 lost power\" })", TAKES("name", "string", "of people in muster.lua"),
          OPTION("says", "string", "\"yes\"", "yes, no, nothing, withdraw, or the text of an answer"), OPTION("after", "duration", NULL, "how long they take"),
          OPTION("why", "string", NULL, "their reason"), OPTION("unasked", "boolean", NULL, "also without having been told"),
          OPTION("times", "integer", NULL, "so often, then the next world:person of that name counts"),
          OPTION("later", "table", NULL, "what they say to the same question afterwards: { says, after, why, later }")),
    {.name = "world:at", .theme = MU_THEME_TEST, .params = FIELDS(TAKES("when", "duration", "since the test began"), MAY_TAKE("body", "fun(world: muster.world)", "says several of them")), .returns = FIELDS(GIVES("world", "muster.world", "as it will be then")),
     .doc = "The same words, at that time.", .example = "world:at(\"12m\"):smtp_up(\"mx1.example.com\")"},
    PLAYS("run", "Plays the playbook to its end. The world stays as it left it.", "local run = world:run { domain = \"example.com\" }",
          MAY_TAKE("params", "table<string, any>", "its parameters"), OPTION("playbook", "string", NULL, "another one, by name"), BY_WHOM),
    PLAYS("drill", "Plays it as a drill: the faults come over this world, it is detected as `muster serve` would, and scored.",
          "local run = world:drill({ domain = \"example.com\" }, { scenario = \"both-mx-silent\" })", MAY_TAKE("params", "table<string, any>", "its parameters"),
          OPTION("scenario", "string", NULL, "of drill in the header"), OPTION("faults", "string[]", NULL, "in place of the scenario's"),
          OPTION("playbook", "string", NULL, "another one, by name"), BY_WHOM),
    PLAYS("undo", "Takes back what a run changed.", "local back = world:undo(run)", TAKES("run", "muster.run", "whose acts"),
          OPTION("item", "integer", NULL, "only this one of muster undo --list"), BY_WHOM),

    EXPECT("result", "It ended like that.", "run:expect_result(\"failed_over\", \"approved by ana\")", TAKES("result", "string", "the whole word"), MAY_TAKE("why", "string", "a part of the reason")),
    EXPECT("parked", "It waits for a person.", "run:expect_parked(\"in_doubt\")", MAY_TAKE("why", "string", "in_doubt, stale, budget ...")),
    EXPECT("acts", "Exactly these took effect, in this order.", "run:expect_acts { \"zone.set_mx example.com\" }", TAKES("acts", "string[]", "how each begins, in whole words")),
    EXPECT("steps", "Exactly these steps were taken, in this order.", "run:expect_steps { \"Is it really down?\" }", TAKES("steps", "string[]", "their headings")),
    EXPECT("questions", "Exactly these questions were asked, in this order, and ended so.", "run:expect_questions { \"approve incident-lead: Move the MX? => approved\" }",
           TAKES("lines", "string[]", "kind, who is asked, what, and how it ended")),
    EXPECT("messages", "Exactly these messages were sent by the playbook, in this order.", "run:expect_messages { \"stakeholders: Mail of example.com is failing\" }",
           TAKES("lines", "string[]", "how each begins: audience and subject")),
    EXPECT("milestones", "Exactly these were reached, in this order.", "run:expect_milestones { \"mitigated\" }", TAKES("milestones", "string[]", "their names")),
    EXPECT("undo", "Exactly this can be taken back, the latest first.", "run:expect_undo { \"MX of example.com back\" }", TAKES("titles", "string[]", "as muster undo --list says it")),
    EXPECT("told", "An audience or a person was reached.", "run:expect_told(\"team\", \"mail-failing\")", TAKES("who", "string", "of audiences or people"),
           MAY_TAKE("what", "string", "a template, or a part of subject or text")),
    EXPECT("not_told", "Nobody of them was reached with that.", "run:expect_not_told(\"stakeholders\")", TAKES("who", "string", "of audiences or people"),
           MAY_TAKE("what", "string", "a template, or a part of subject or text")),
    EXPECT_OF("asked", "Such a question was asked, and ended so.", "run:expect_asked { title = \"Move the MX\", who = \"ana\", how = \"approved\" }",
              OPTION("title", "string", NULL, "a part of it"), OPTION("by", "string", NULL, "who was asked"), OPTION("who", "string", NULL, "who decided"),
              OPTION("how", "string", NULL, "approved, declined, expired, answered or done"), OPTION("kind", "string", NULL, "approve, ask or todo"),
              OPTION("text", "string", NULL, "of ask: the answer"), OPTION("reason", "string", NULL, "their words")),
    {.name = "run:expect_not_asked", .theme = MU_THEME_TEST, .params = NOTHING, .returns = HOLDS, .doc = "No question was asked.", .example = "run:expect_not_asked()"},
    EXPECT("finding", "There is such a finding.", "run:expect_finding(\"warning\", \"STARTTLS\")", TAKES("severity", "string", "as finding was given it"),
           MAY_TAKE("part", "string", "of what it says")),
    EXPECT_OF("took", "It took so long, in its world.", "run:expect_took { at_least = \"10m\", at_most = \"30m\" }", OPTION("at_least", "duration", NULL, "no less"),
              OPTION("at_most", "duration", NULL, "no more")),
    EXPECT("scorecard", "Of a drill: exactly this is judged, in this order, and came out so.", "run:expect_scorecard { \"result failed_over\", \"detect within 4m\" }",
           TAKES("lines", "string[]", "what is expected, then the targets; what was not so ends in \": MISS\""), MAY_TAKE("every", "string", "what drill.every of the header says")),

    /* Lua, as its manual has it but for what is said here */
#define LUA(name_, params_, returns_, doc_) {.name = name_, .theme = MU_THEME_LUA, .params = params_, .returns = returns_, .doc = doc_}
#define VALUE(name_, type, doc_) {.name = name_, .theme = MU_THEME_LUA, .returns = FIELDS(GIVES("value", type, "")), .doc = doc_}
#define ONE(name, type) FIELDS(TAKES(name, type, ""))
#define GIVE(type) FIELDS(GIVES("", type, ""))
#define S TAKES("s", "string", "")
#define REST(type) MAY_TAKE("...", type, "")
    LUA("assert", FIELDS(TAKES("v", "T", ""), MAY_TAKE("message", "any", "what is raised instead"), REST("any")),
        FIELDS(GIVES("v", "T", ""), MAY_GIVE("...", "any", "")), "Raises an error when v is nil or false."),
    LUA("error", FIELDS(TAKES("message", "any", ""), MAY_TAKE("level", "integer", "1")), NOTHING, "Raises an error."),
    LUA("ipairs", ONE("t", "T[]"), FIELDS(GIVES("", "fun(t: T[], i: integer): integer, T", ""), GIVES("", "T[]", ""), GIVES("", "integer", "")),
        "Walks a list: for i, value in ipairs(list)."),
    LUA("pairs", ONE("t", "table<K, V>"), FIELDS(GIVES("", "fun(t: table<K, V>, k: K): K, V", ""), GIVES("", "table<K, V>", "")),
        "Walks a table, keys in sorted order: booleans, numbers, texts."),
    LUA("pcall", FIELDS(TAKES("fn", "function", ""), REST("any")), FIELDS(GIVES("ok", "boolean", ""), MAY_GIVE("...", "any", "results, or the error")),
        "Calls a function and catches its error. A stop of muster is not caught."),
    LUA("select", FIELDS(TAKES("n", "integer|\"#\"", ""), REST("any")), FIELDS(MAY_GIVE("...", "any", "")), "What stands from the n-th argument on, or how many there are."),
    LUA("tonumber", FIELDS(TAKES("v", "any", ""), MAY_TAKE("base", "integer", "")), FIELDS(MAY_GIVE("", "number", "nil when it is none")), "A number from a text."),
    LUA("tostring", ONE("v", "any"), GIVE("string"), "A text from a value. Of a table or function it is the name of its type, no address."),
    LUA("type", ONE("v", "any"), GIVE("\"nil\"|\"boolean\"|\"number\"|\"string\"|\"table\"|\"function\"|\"userdata\"|\"thread\""), "The name of a value's type."),
    LUA("string.byte", FIELDS(S, MAY_TAKE("i", "integer", ""), MAY_TAKE("j", "integer", "")), FIELDS(MAY_GIVE("...", "integer", "")), "Octets of a text as numbers."),
    LUA("string.char", FIELDS(REST("integer")), GIVE("string"), "A text from octets."),
    LUA("string.find", FIELDS(S, TAKES("pattern", "string", ""), MAY_TAKE("init", "integer", ""), MAY_TAKE("plain", "boolean", "")),
        FIELDS(MAY_GIVE("from", "integer", "nil when not found"), MAY_GIVE("to", "integer", ""), MAY_GIVE("...", "any", "captures")), "Where a pattern is found. Patterns have at most 500 octets."),
    LUA("string.format", FIELDS(TAKES("format", "string", ""), REST("any")), GIVE("string"), "Like printf. There is no %p."),
    LUA("string.gmatch", FIELDS(S, TAKES("pattern", "string", ""), MAY_TAKE("init", "integer", "")), GIVE("fun(): string, ..."), "Walks what matches: for word in string.gmatch(s, \"%a+\")."),
    LUA("string.gsub", FIELDS(S, TAKES("pattern", "string", ""), TAKES("repl", "string|table|function", ""), MAY_TAKE("n", "integer", "")),
        FIELDS(GIVES("", "string", ""), GIVES("count", "integer", "")), "Replaces what matches. A function in it can't call verbs or wait."),
    LUA("string.len", FIELDS(S), GIVE("integer"), "How many octets it has."),
    LUA("string.lower", FIELDS(S), GIVE("string"), "In lower case (ASCII)."),
    LUA("string.match", FIELDS(S, TAKES("pattern", "string", ""), MAY_TAKE("init", "integer", "")), FIELDS(MAY_GIVE("", "any", "nil when nothing matches"), MAY_GIVE("...", "any", "")), "What a pattern captures."),
    LUA("string.rep", FIELDS(S, TAKES("n", "integer", ""), MAY_TAKE("sep", "string", "")), GIVE("string"), "A text, n times. The result is bounded."),
    LUA("string.reverse", FIELDS(S), GIVE("string"), "Its octets, last first."),
    LUA("string.sub", FIELDS(S, TAKES("i", "integer", ""), MAY_TAKE("j", "integer", "")), GIVE("string"), "The part from i to j; negative ones count from the end."),
    LUA("string.upper", FIELDS(S), GIVE("string"), "In upper case (ASCII)."),
    LUA("table.concat", FIELDS(TAKES("list", "table", ""), MAY_TAKE("sep", "string", ""), MAY_TAKE("i", "integer", ""), MAY_TAKE("j", "integer", "")), GIVE("string"), "The texts of a list in one, sep in between."),
    LUA("table.insert", FIELDS(TAKES("list", "table", ""), TAKES("pos", "any", "left out: at the end"), MAY_TAKE("value", "any", "")), NOTHING, "Puts a value into a list: table.insert(list, value)."),
    LUA("table.pack", FIELDS(REST("any")), GIVE("table"), "A list of the arguments, with their number as n."),
    LUA("table.remove", FIELDS(TAKES("list", "table", ""), MAY_TAKE("pos", "integer", "else the last")), GIVE("any"), "Takes a value out of a list."),
    LUA("table.sort", FIELDS(TAKES("list", "table", ""), MAY_TAKE("less", "fun(a: any, b: any): boolean", "")), NOTHING, "Sorts a list; equal ones keep their order. The function in it can't call verbs or wait."),
    LUA("table.unpack", FIELDS(TAKES("list", "table", ""), MAY_TAKE("i", "integer", ""), MAY_TAKE("j", "integer", "")), FIELDS(MAY_GIVE("...", "any", "")), "The items of a list as values."),
#define FLOAT(name, doc) LUA("math." name, ONE("x", "number"), GIVE("number"), doc)
    LUA("math.abs", ONE("x", "number"), GIVE("number"), "Without its sign."),
    FLOAT("acos", "Arc cosine."), FLOAT("asin", "Arc sine."),
    LUA("math.atan", FIELDS(TAKES("y", "number", ""), MAY_TAKE("x", "number", "")), GIVE("number"), "Arc tangent of y/x."),
    LUA("math.ceil", ONE("x", "number"), GIVE("integer"), "The least integer that is not below it."),
    FLOAT("cos", "Cosine."), FLOAT("deg", "Degrees from radians."), FLOAT("exp", "e to the power of x."),
    LUA("math.floor", ONE("x", "number"), GIVE("integer"), "The greatest integer that is not above it."),
    LUA("math.fmod", FIELDS(TAKES("x", "number", ""), TAKES("y", "number", "")), GIVE("number"), "The rest of a division, rounded towards zero."),
    VALUE("math.huge", "number", "More than any number."),
    LUA("math.log", FIELDS(TAKES("x", "number", ""), MAY_TAKE("base", "number", "")), GIVE("number"), "Logarithm, natural without a base."),
    LUA("math.max", FIELDS(TAKES("x", "number", ""), REST("number")), GIVE("number"), "The greatest."),
    VALUE("math.maxinteger", "integer", "The greatest integer."),
    LUA("math.min", FIELDS(TAKES("x", "number", ""), REST("number")), GIVE("number"), "The least."),
    VALUE("math.mininteger", "integer", "The least integer."),
    LUA("math.modf", ONE("x", "number"), FIELDS(GIVES("whole", "number", ""), GIVES("rest", "number", "")), "Whole and fractional part."),
    VALUE("math.pi", "number", "The ratio of a circle's circumference to its diameter."),
    FLOAT("rad", "Radians from degrees."),
    LUA("math.random", FIELDS(MAY_TAKE("m", "integer", ""), MAY_TAKE("n", "integer", "")), GIVE("number"), "A random number, seeded by the run: a resumed run gets the same ones."),
    FLOAT("sin", "Sine."), FLOAT("sqrt", "Square root."), FLOAT("tan", "Tangent."),
    LUA("math.tointeger", ONE("x", "any"), FIELDS(MAY_GIVE("", "integer", "nil when it is none")), "As an integer, if it is one."),
    LUA("math.type", ONE("x", "any"), FIELDS(MAY_GIVE("", "\"integer\"|\"float\"", "nil when it is no number")), "Which kind of number it is."),
    LUA("math.ult", FIELDS(TAKES("m", "integer", ""), TAKES("n", "integer", "")), GIVE("boolean"), "Whether m is below n, unsigned."),
    LUA("utf8.char", FIELDS(REST("integer")), GIVE("string"), "A text from code points."),
    VALUE("utf8.charpattern", "string", "A pattern that matches one character."),
    LUA("utf8.codepoint", FIELDS(S, MAY_TAKE("i", "integer", ""), MAY_TAKE("j", "integer", ""), MAY_TAKE("lax", "boolean", "")), FIELDS(MAY_GIVE("...", "integer", "")), "Code points of a text."),
    LUA("utf8.codes", FIELDS(S, MAY_TAKE("lax", "boolean", "")), GIVE("fun(s: string, at: integer): integer, integer"), "Walks the characters: for at, code in utf8.codes(s)."),
    LUA("utf8.len", FIELDS(S, MAY_TAKE("i", "integer", ""), MAY_TAKE("j", "integer", ""), MAY_TAKE("lax", "boolean", "")), FIELDS(MAY_GIVE("", "integer", "nil when it is not UTF-8"), MAY_GIVE("at", "integer", "")), "How many characters it has."),
    LUA("utf8.offset", FIELDS(S, TAKES("n", "integer", ""), MAY_TAKE("i", "integer", "")), FIELDS(MAY_GIVE("", "integer", "")), "At which octet the n-th character begins."),
    {0}};
/* clang-format on */

const char *mu_theme_title(enum mu_theme theme)
{
    static const char *const titles[] = {
#define X(id, name, title) [id] = title,
        MU_THEMES(X)
#undef X
    };
    return (size_t)theme < MU_COUNT(titles) ? titles[theme] : "";
}

const struct mu_word *mu_word_find(const char *name)
{
    for (const struct mu_word *word = mu_words_all; word->name; word++)
        if (strcmp(word->name, name) == 0)
            return word;
    return NULL;
}
