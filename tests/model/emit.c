/* SPDX-License-Identifier: MIT
 *
 * A tree as a playbook, one statement a line; see program.h. */
#include <inttypes.h>

#include "program.h"

struct writer {
    struct mu_buf *out;
    int line;
};

static void block(struct writer *, struct node *);

static void end_line(struct writer *w)
{
    mu_buf_adds(w->out, "\n");
    w->line++;
}

static void expression(struct writer *w, const struct node *node)
{
    switch (node->op) {
    case OP_INT:
        mu_buf_addf(w->out, "%" PRId64, node->n[0]);
        break;
    case OP_VAR:
        mu_buf_addf(w->out, "v%" PRId64, node->n[0]);
        break;
    case OP_SUM:
        mu_buf_addf(w->out, "v%" PRId64 " + %" PRId64, node->n[0], node->n[1]);
        break;
    case OP_RANDOM:
        mu_buf_addf(w->out, "math.random(%" PRId64 ")", node->n[0]);
        break;
    case OP_LESS:
        mu_buf_addf(w->out, "v%" PRId64 " < %" PRId64, node->n[0], node->n[1]);
        break;
    case OP_EVEN:
        mu_buf_addf(w->out, "v%" PRId64 " %% 2 == 0", node->n[0]);
        break;
    case OP_CHANCE:
        mu_buf_addf(w->out, "math.random(%" PRId64 ") <= %" PRId64, node->n[0], node->n[1]);
        break;
    default: /* OP_SEES */
        mu_buf_addf(w->out, "m.look(\"%s\", { ms = %" PRId64 " }).value > %" PRId64,
                    program_slips[node->n[0]], node->n[1], node->n[2]);
    }
}

/* function() ... return EXPRESSION end: the keyword `function` stands on the line of its statement. */
static void function(struct writer *w, struct node *body, const char *params, const char *before)
{
    mu_buf_addf(w->out, "function(%s)%s", params, before);
    end_line(w);
    block(w, body->kids[0]);
    mu_buf_adds(w->out, "return ");
    body->line = w->line;
    expression(w, body->kids[1]);
    end_line(w);
    mu_buf_adds(w->out, "end");
}

static void options(struct writer *w, int64_t ms, const char *fault)
{
    mu_buf_addf(w->out, "{ ms = %" PRId64, ms);
    if (fault[0])
        mu_buf_addf(w->out, ", %s = true", fault);
    mu_buf_adds(w->out, " }");
}

static void act(struct writer *w, const struct node *node)
{
    const char *verb = program_verbs[node->n[0]], *slip = program_slips[node->n[1]];
    if (node->n[4])
        mu_buf_addf(w->out, "do local ok, e = pcall(%s, \"%s\", ", verb, slip);
    else
        mu_buf_addf(w->out, "v%" PRId64 " = %s(\"%s\", ", node->n[5], verb, slip);
    expression(w, node->kids[0]);
    mu_buf_adds(w->out, ", ");
    options(w, node->n[2], program_faults[node->n[3]]);
    if (node->n[4])
        mu_buf_addf(w->out,
                    ") v%" PRId64 " = ok and e.value or -2 "
                    "evidence(\"act\", { ok = ok, e = not ok and txt(e) or nil }) end",
                    node->n[5]);
    else
        mu_buf_adds(w->out, ").value");
}

static void note(struct writer *w, const struct node *node)
{
    int64_t number = node->n[1];
    switch (node->n[0]) {
    case NOTE_EVIDENCE:
        mu_buf_addf(w->out, "evidence(\"e%" PRId64 "\", ", number);
        expression(w, node->kids[0]);
        mu_buf_adds(w->out, ")");
        break;
    case NOTE_STEP:
        mu_buf_addf(w->out, "step \"s%" PRId64 "\"", number);
        break;
    case NOTE_FINDING:
        mu_buf_addf(w->out, "finding(\"warn\", \"f%" PRId64 "\", ", number);
        expression(w, node->kids[0]);
        mu_buf_adds(w->out, ")");
        break;
    case NOTE_MILESTONE:
        mu_buf_addf(w->out, "milestone \"m%" PRId64 "\"", number);
        break;
    case NOTE_UNDO:
        mu_buf_addf(w->out, "undo \"u%" PRId64 "\"", number);
        break;
    default: /* NOTE_UNDO_BY */
        mu_buf_addf(w->out, "undo(\"u%" PRId64 "\", m.ring, \"off\", ", number);
        expression(w, node->kids[0]);
        mu_buf_adds(w->out, ")");
    }
}

static void pairs(struct writer *w, const struct node *node)
{
    int64_t keys[8], values[8];
    int count = program_pairs(node, keys, values);
    mu_buf_adds(w->out, "for k, x in pairs({ ");
    for (int i = 0; i < count; i++)
        if (keys[i] >= 1000)
            mu_buf_addf(w->out, "%s = %" PRId64 ", ", program_keys[keys[i] - 1000], values[i]);
        else
            mu_buf_addf(w->out, "[%" PRId64 "] = %" PRId64 ", ", keys[i], values[i]);
    mu_buf_addf(w->out,
                "}) do v%" PRId64 " = (v%" PRId64 " * 7 + x) %% 1000 evidence(\"key\", k) end",
                node->n[0], node->n[0]);
}

static void bodies(struct writer *w, const struct node *node)
{
    for (int i = 0; i < node->count; i++) {
        end_line(w);
        if (node->n[0])
            mu_buf_addf(w->out, "%s = ", program_keys[i]);
        function(w, node->kids[i], "", "");
        mu_buf_adds(w->out, ",");
    }
    end_line(w);
}

static void wait(struct writer *w, const struct node *node)
{
    mu_buf_addf(w->out,
                "do local x = wait_until(\"%" PRId64 "ms\", { every = \"%" PRId64
                "ms\", stable = %" PRId64 ", ",
                node->n[0], node->n[1], node->n[2]);
    if (node->n[3]) {
        mu_buf_addf(w->out, "meanwhile = { every = \"%" PRId64 "ms\", ", node->n[3]);
        function(w, node->kids[2], "", "");
        mu_buf_adds(w->out, " } ");
    }
    mu_buf_adds(w->out, "}, function()");
    end_line(w);
    block(w, node->kids[0]);
    mu_buf_adds(w->out, "return ");
    node->kids[1]->line = w->line;
    expression(w, node->kids[1]);
    end_line(w);
    mu_buf_adds(w->out, "end) evidence(\"wait\", x) end");
}

static void compound(struct writer *w, struct node *node)
{
    switch (node->op) {
    case OP_PCALL:
        mu_buf_adds(w->out, "do local ok, e = pcall(");
        function(w, node->kids[0], "", "");
        mu_buf_adds(w->out, ") evidence(\"pcall\", { ok = ok, e = txt(e) }) end");
        break;
    case OP_PARALLEL:
        mu_buf_adds(w->out, "do local r = parallel {");
        bodies(w, node);
        mu_buf_adds(w->out, "} evidence(\"parallel\", r) end");
        break;
    case OP_RACE:
        mu_buf_adds(w->out, "do local k, x = race {");
        bodies(w, node);
        mu_buf_adds(w->out, "} evidence(\"race\", { k = k, x = x }) end");
        break;
    case OP_EACH:
        mu_buf_adds(w->out, "do local r = each({ ");
        for (int64_t i = 1; i <= node->n[0]; i++)
            mu_buf_addf(w->out, "%" PRId64 ", ", i * 10);
        mu_buf_addf(w->out, "}, { limit = %" PRId64 " }, ", node->n[1]);
        char before[48];
        snprintf(before, sizeof before, " v%" PRId64 " = x + i", node->n[2]);
        function(w, node->kids[0], "x, i", before);
        mu_buf_adds(w->out, ") evidence(\"each\", r) end");
        break;
    case OP_WITHIN:
        mu_buf_addf(w->out, "do local ok, x = within(\"%" PRId64 "ms\", ", node->n[0]);
        function(w, node->kids[0], "", "");
        mu_buf_adds(w->out, ") evidence(\"within\", { ok = ok, x = x }) end");
        break;
    default: /* OP_RETRY */
        mu_buf_addf(w->out,
                    "do local x = retry({ times = %" PRId64 ", backoff = \"%" PRId64 "ms..%" PRId64
                    "ms\" }, ",
                    node->n[0], node->n[1], node->n[2]);
        function(w, node->kids[0], "n", " v0 = n");
        mu_buf_adds(w->out, ") evidence(\"retry\", x) end");
    }
}

static void control(struct writer *w, struct node *node)
{
    if (node->op == OP_IF) {
        mu_buf_adds(w->out, "if ");
        expression(w, node->kids[0]);
        mu_buf_adds(w->out, " then");
        end_line(w);
        block(w, node->kids[1]);
        mu_buf_adds(w->out, "else");
        end_line(w);
        block(w, node->kids[2]);
    } else {
        mu_buf_addf(w->out, "for i = 1, %" PRId64 " do", node->n[0]);
        end_line(w);
        block(w, node->kids[0]);
    }
    mu_buf_adds(w->out, "end");
}

static void error(struct writer *w, const struct node *node)
{
    static const char *const before[] = {"\"boom", "\"boom", "{ why = \"boom"}, *const after[] = {
                                                                                    "\"", "\", 0",
                                                                                    "\" }"};
    mu_buf_addf(w->out, "do error(%s%" PRId64 "%s) end", before[node->n[0]], node->n[1],
                after[node->n[0]]);
}

static void probe(struct writer *w, const struct node *node)
{
    if (node->op == OP_LOOK)
        mu_buf_addf(w->out, "v%" PRId64 " = ", node->n[3]);
    mu_buf_addf(w->out, "%sm.look(\"%s\", ", node->op == OP_NEED ? "need(" : "",
                program_slips[node->n[0]]);
    options(w, node->n[1], node->n[2] ? "fail" : "");
    mu_buf_adds(w->out, node->op == OP_NEED ? "), \"needed\")" : ").value or -1");
}

static void statement(struct writer *w, struct node *node)
{
    node->line = w->line;
    switch (node->op) {
    case OP_SET:
        mu_buf_addf(w->out, "v%" PRId64 " = ", node->n[0]);
        expression(w, node->kids[0]);
        break;
    case OP_ACT:
        act(w, node);
        break;
    case OP_LOOK:
    case OP_NEED:
        probe(w, node);
        break;
    case OP_NOTE:
        note(w, node);
        break;
    case OP_SLEEP:
        mu_buf_addf(w->out, "sleep \"%" PRId64 "ms\"", node->n[0]);
        break;
    case OP_IF:
    case OP_FOR:
        control(w, node);
        break;
    case OP_PAIRS:
        pairs(w, node);
        break;
    case OP_ERROR:
        error(w, node);
        break;
    case OP_FINISH:
        mu_buf_addf(w->out, "finish(\"r%" PRId64 "\", \"w%" PRId64 "\")", node->n[0], node->n[0]);
        break;
    case OP_FAIL:
        mu_buf_addf(w->out, "fail \"w%" PRId64 "\"", node->n[0]);
        break;
    case OP_RETURN:
        mu_buf_adds(w->out, "do return ");
        expression(w, node->kids[0]);
        mu_buf_adds(w->out, " end");
        break;
    case OP_WAIT:
        wait(w, node);
        break;
    default:
        compound(w, node);
    }
    end_line(w);
}

static void block(struct writer *w, struct node *node)
{
    for (int i = 0; i < node->count; i++)
        statement(w, node->kids[i]);
}

void program_emit(struct program *program, struct mu_buf *out)
{
    struct writer w = {out, 1};
    mu_buf_adds(out, "playbook { name = \"model\", version = \"1.0.0\", owner = \"ana\", summary = "
                     "\"s\", may_change = { \"m.*\" }, "
                     "params = {}, changelog = { [\"1.0.0\"] = \".\" } }");
    end_line(&w);
    mu_buf_adds(out, "local v0, v1, v2, v3, v4, v5 = 0, 1, 2, 3, 4, 5");
    end_line(&w);
    mu_buf_adds(out, "local function txt(e) if type(e) == \"table\" then return (e.src or \"\") .. "
                     "\"|\" .. tostring(e.why) end return e end");
    end_line(&w);
    mu_buf_adds(out, "main = ");
    function(&w, program->root, "", "");
    end_line(&w);
}
