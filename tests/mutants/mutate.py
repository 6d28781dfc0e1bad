# SPDX-License-Identifier: MIT
"""Mutants of a playbook: small edits that a person could make by mistake, each of which should make a test fail.
Works on tokens, so that comments and texts are what they are. To add a kind: a generator that yields
(start, end, replacement) over the source, with the decorator @kind("name").

What is never edited, because no test of a run can see it: the header's descriptive keys (name, version, owner,
summary, changelog, followed_by, most of watch), the texts of params, and the bounds of numbers (tests/unit/playbook has
those)."""

import re
from dataclasses import dataclass

TOKEN = re.compile(r"""(?P<comment>--[^\n]*)|(?P<text>"(?:\\.|[^"\\])*")|(?P<name>[A-Za-z_]\w*)|(?P<number>\d+)|
                       (?P<op>\.\.\.?|[=~<>]=|//|[^\s\w])""", re.X)
DURATION = re.compile(r'^"(\d+)([smhd])"$')
OPEN, CLOSE = "({[", ")}]"
UNSEEN = {"name", "version", "owner", "summary", "changelog", "followed_by", "watch", "min", "max"}
SPOKEN = {"step", "evidence", "finding", "milestone"}
ACTS = {"notify", "page", "escalate", "zone", "tell", "trouble", "undo", "sleep"}
SWAPS = {"==": "~=", "~=": "==", "<": ">=", ">": "<=", "<=": ">", ">=": "<", "and": "or", "or": "and", "+": "-", "-": "+", "*": "+",
         "//": "*", "true": "false", "false": "true"}
KINDS = {}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Mutant:
    playbook: str
    kind: str
    line: int
    start: int
    end: int
    new: str

    def apply(self, source):
        return source[:self.start] + self.new + source[self.end:]


def kind(name):
    def add(generator):
        KINDS[name] = generator
        return generator
    return add


def tokens_of(source):
    return [Token(m.lastgroup, m.group(), m.start(), m.end()) for m in TOKEN.finditer(source) if m.lastgroup != "comment"]


class Code:
    """Tokens with what is needed to find one's way."""

    def __init__(self, source):
        self.source, self.tokens = source, tokens_of(source)
        self.unseen = set()
        self.mark_unseen()

    def text(self, i):
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def close_of(self, i):
        depth = 0
        for j in range(i, len(self.tokens)):
            depth += (self.text(j) in OPEN) - (self.text(j) in CLOSE)
            if depth == 0:
                return j
        return len(self.tokens) - 1

    def value_end(self, i):
        """Of the value that begins with token i, in a table or call: the token behind it."""
        depth = 0
        for j in range(i, len(self.tokens)):
            if depth == 0 and self.text(j) in (",", *CLOSE):
                return j
            depth += (self.text(j) in OPEN) - (self.text(j) in CLOSE)
        return len(self.tokens)

    def mark_unseen(self):
        for i, token in enumerate(self.tokens):
            if token.kind == "name" and token.text in UNSEEN and self.text(i + 1) == "=" and self.text(i - 1) in (",", "{"):
                self.unseen.update(range(i, self.value_end(i + 2)))
            if token.text == "param" and self.text(i + 1) == ".":   # param.host "What it is for"
                j = next(k for k in range(i, len(self.tokens)) if self.tokens[k].kind == "text")
                self.unseen.update(range(i, j + 1))

    def seen(self):
        return ((i, token) for i, token in enumerate(self.tokens) if i not in self.unseen)

    def begins_line(self, i):
        return self.source[:self.tokens[i].start].rsplit("\n", 1)[-1].strip() == ""

    def call_end(self, i):
        """The last token of the call that begins with the name i: word "…", word(…), a.b(…), word { … }."""
        while self.text(i + 1) == ".":
            i += 2
        if self.text(i + 1) in ("(", "{"):
            return self.close_of(i + 1)
        return i + 1 if i + 1 < len(self.tokens) and self.tokens[i + 1].kind == "text" else None

    def ends_line(self, i):
        return re.match(r"[ \t]*(--[^\n]*)?(\n|$)", self.source[self.tokens[i].end:]) is not None


def statements(code, names):
    for i, token in code.seen():
        if token.text in names and code.begins_line(i):
            end = code.call_end(i)
            if end is not None and code.ends_line(end):
                yield token.start, code.tokens[end].end, ""


@kind("dropped act")
def dropped_act(code):
    yield from statements(code, ACTS)


@kind("dropped story")
def dropped_story(code):
    yield from statements(code, SPOKEN)


@kind("turned condition")
def turned_condition(code):
    for i, token in code.seen():
        if token.text in ("if", "elseif", "while"):
            j = next(k for k in range(i, len(code.tokens)) if code.text(k) in ("then", "do"))
            start, end = code.tokens[i + 1].start, code.tokens[j - 1].end
            yield start, end, "not (" + code.source[start:end] + ")"


@kind("dropped end")
def dropped_end(code):
    for i, token in code.seen():
        if token.text in ("finish", "fail") and code.text(i + 1) == "(":
            yield token.start, code.tokens[code.close_of(i + 1)].end, "do end"


@kind("dropped option")
def dropped_option(code):
    for i, token in code.seen():
        if token.kind == "name" and code.text(i + 1) == "=" and code.text(i - 1) in (",", "{"):
            end = code.value_end(i + 2)
            last = code.tokens[end].end if code.text(end) == "," else code.tokens[end - 1].end
            yield token.start, last, ""


@kind("other word")
def other_word(code):
    """Whom, what template, which result, which verdict: a text that means something."""
    for _, token in code.seen():
        if token.kind == "text" and re.match(r'^"[\w-]+"$', token.text) and not DURATION.match(token.text):
            yield token.start, token.end, '"other"' if token.text != '"up"' else '"down"'


@kind("somebody else")
def somebody_else(code):
    people = {'"stakeholders"', '"incident-lead"', '"duty-manager"', '"mail-oncall"', '"everyone"', '"mail-platform"'}
    for _, token in code.seen():
        if token.text in people:
            yield token.start, token.end, '"duty-manager"' if token.text != '"duty-manager"' else '"mail-platform"'


@kind("other template")
def other_template(code):
    names = []
    for i, token in code.seen():
        if token.text in ("notify", "page", "escalate", "tell"):
            names += [t for t in code.tokens[i + 1:i + 6] if t.kind == "text" and "-" in t.text and t.text not in ('"duty-manager"', '"mail-oncall"')]
    for one, other in zip(names, names[1:] + names[:1]):
        if one.text != other.text:
            yield one.start, one.end, other.text


@kind("other parameter")
def other_parameter(code):
    pairs = {"domain": "standby", "standby": "domain", "host": "port", "primary": "domain", "audience": "public", "public": "audience",
             "writer": "approver", "approver": "writer", "every": "answer", "answer": "every", "settle": "every", "update": "limit",
             "limit": "update", "ack_within": "target", "target": "ack_within", "ladder": "tell", "tell": "ladder", "well_for": "give_up",
             "give_up": "well_for", "state": "say", "say": "state", "patience": "every", "cert_for": "cached", "cached": "cert_for"}
    known = set(re.findall(r"^ {4}(\w+) +=? *=? *param\.", code.source, re.M)) | set(re.findall(r"^ {4}(\w+) *= param\.", code.source, re.M))
    for i, token in code.seen():
        if token.text == "p" and code.text(i + 1) == "." and code.text(i + 2) in pairs and pairs[code.text(i + 2)] in known:
            yield code.tokens[i + 2].start, code.tokens[i + 2].end, pairs[code.text(i + 2)]


@kind("other time")
def other_time(code):
    for _, token in code.seen():
        found = DURATION.match(token.text)
        if found:
            yield token.start, token.end, f'"{2 * int(found[1])}{found[2]}"'


@kind("other number")
def other_number(code):
    for _, token in code.seen():
        if token.kind == "number":
            yield token.start, token.end, str(int(token.text) + 1)


@kind("other operator")
def other_operator(code):
    for i, token in code.seen():
        if token.text in SWAPS and not (token.text == "-" and code.text(i - 1) in ("(", "=", ",", "return")):
            yield token.start, token.end, SWAPS[token.text]


@kind("dropped not")
def dropped_not(code):
    for _, token in code.seen():
        if token.text == "not":
            yield token.start, token.end, ""


@kind("hasty watch")
def hasty_watch(code):
    """One bad look is an outage."""
    for i, token in enumerate(code.tokens):
        if token.text == "confirm" and code.text(i + 1) == "=":
            yield code.tokens[i + 2].start, code.tokens[i + 2].end, "1"


@kind("sure of nothing")
def sure_of_nothing(code):
    """A look that can't tell says down."""
    found = re.search(r"function detect\(p\) return (.*) end", code.source)
    if found:
        yield found.start(1), found.end(1), f'({{ pcall(function() local r = {found[1]} if r.verdict == "inconclusive" then r.verdict = "down" end return r end) }})[2]'


@kind("now for then")
def now_for_then(code):
    for i, token in code.seen():
        if token.text == "at" and code.text(i - 1) == "." and code.tokens[i - 2].kind == "name":
            start = i - 2
            while code.text(start - 1) == ".":
                start -= 2
            yield code.tokens[start].start, token.end, "now()"


def mutants_of(playbook, source):
    """All of them, each text once, in the order of the source."""
    code, seen, out = Code(source), set(), []
    for name, generator in KINDS.items():
        for start, end, new in generator(code):
            mutant = Mutant(playbook, name, source.count("\n", 0, start) + 1, start, end, new)
            text = mutant.apply(source)
            if text != source and text not in seen:
                seen.add(text)
                out.append(mutant)
    return sorted(out, key=lambda m: (m.start, m.kind))
