#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is said about muster, and what shells and editors are told: pages fit 80 columns, docs/reference is what the
tables say, man pages have no warnings, usage lines name every option that is read, completions work in the real
bash and zsh, and a real lua-language-server finds no fault with the shipped playbooks and every fault of a bad one.
Prints ok, NOT OK and SKIPPED lines."""
import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
MUSTER = os.path.abspath(os.environ.get("MUSTER", os.path.join(ROOT, "build", "release", "muster")))
CASES = []


class Skip(Exception):
    pass


def case(function):
    CASES.append(function)
    return function


def muster(*args, cwd="/", env=None, check=True):
    result = subprocess.run([MUSTER, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, env=env, timeout=60)
    assert not check or result.returncode == 0, f"muster {' '.join(args)}: {result.returncode}: {result.stderr}"
    return result


def names():
    return re.findall(r"^  ([a-z_.0-9]+) ", muster("doc").stdout, re.M)


def commands():
    return re.findall(r"^  ([a-z]+) +\S", muster("help").stdout.split("\nmuster help COMMAND")[0], re.M)


# --- pages ---


@case
def pages_fit_80_columns(folder):
    topics = names() + commands() + ["muster.lua", "playbook", "zone", "param", "string", "math.floor", "string.rep"]
    assert len(topics) > 80 and "zone.set_mx" in topics and "wait_until" in topics and "undo" in topics, topics
    texts = {topic: muster("doc", topic).stdout for topic in topics}
    texts["(index)"] = muster("doc").stdout
    wide = [f"{topic}: {line}" for topic, text in texts.items() for line in text.splitlines() if len(line) > 80]
    assert not wide, wide
    assert all(text.count("\n") > 2 for text in texts.values())


@case
def a_page_says_all_of_it(folder):
    page = muster("doc", "zone.set_mx").stdout
    for part in ("zone.set_mx(domain, mx, { only_if?", "default \"2m\"", "race_window_ms", "in_doubt", "may_change = { \"zone.set_mx:",
                 "Undo", "In a dry run", "Example"):
        assert part in page, part
    assert "Never raises" in muster("doc", "dns.mx").stdout
    assert muster("help", "zone.set_mx").stdout == page
    missing = muster("doc", "zone.setmx", check=False)
    assert missing.returncode == 2 and "zone.set_mx" in missing.stderr, missing.stderr


@case
def every_option_that_is_read_stands_in_the_usage_line(folder):
    files = {name: open(os.path.join(ROOT, "runtime/cli", f"{name}.c")).read() for name in commands()}
    read = {name: set(re.findall(r'mu_cli_option\(&argc, argv, "(--[a-z-]+)"', text)) for name, text in files.items()}
    assert sum(map(len, read.values())) > 30
    wrong = [f"{name}: {option}" for name, options in read.items() for option in options
             if option not in re.sub(r"\s+", " ", muster("help", name).stdout.split("What it does")[0])]
    assert not wrong, wrong


@case
def the_reference_is_what_the_tables_say(folder):
    muster("doc", "--markdown", folder)
    committed = os.path.join(ROOT, "docs", "reference")
    assert sorted(os.listdir(folder)) == sorted(os.listdir(committed)), "pages came or went: muster doc --markdown docs/reference"
    _, differ, _ = filecmp.cmpfiles(folder, committed, os.listdir(folder), shallow=False)
    assert not differ, f"{differ} differ: muster doc --markdown docs/reference"
    text = "".join(open(os.path.join(folder, name)).read() for name in os.listdir(folder))
    for name in names() + [f"muster {command}" for command in commands()]:
        assert f"## {name}\n" in text or f"- `{name}(" in text or f"- `{name}`" in text, f"{name} stands in no page"


@case
def man_pages_have_no_warnings(folder):
    if shutil.which("man") is None or shutil.which("groff") is None:
        raise Skip("man and groff are not installed")
    muster("doc", "--man", folder)
    pages = [os.path.join(at, name) for at, _, found in os.walk(folder) for name in found]
    assert len(pages) == len(commands()) + 4, pages
    for page in pages:
        result = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env=dict(os.environ, MANWIDTH="80", LC_ALL="C.UTF-8"))
        assert result.returncode == 0 and not result.stderr, f"{page}: {result.stderr}"
        text = re.sub(".\x08", "", result.stdout)
        assert "NAME" in text and len(text) > 200, page
    bad = os.path.join(folder, "bad.1")
    with open(bad, "w") as f:
        f.write('.TH x 1\n.SH NAME\nx\n.nosuchmacro\n')
    result = subprocess.run(["man", "--warnings", "-l", "-Tutf8", bad], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "nosuchmacro" in result.stderr, "man --warnings warns of nothing"


# --- editors ---

BAD = """playbook {
  name = "bad", version = "1.0.0", owner = 7, summary = "x", may_change = {}, changelog = {},
  params = { a = param.domian "A" },
}
function main(p)
  local r = dns.mxx("example.com")
  zone.set_mx("example.com")
  os.execute("x")
  local a = aprove { "x", by = "y" }
  local q = approve { "x" }
  sleep(true)
  string.dump(main)
  local v = dns.mx("a.example").verdictt
end
"""
FAULTS = {2: "assign-type-mismatch", 3: "undefined-field", 6: "undefined-field", 7: "missing-parameter", 8: "undefined-global",
          9: "undefined-global", 10: "missing-fields", 11: "param-type-mismatch", 12: "undefined-field", 13: "undefined-field"}


@case
def definitions_are_lua(folder):
    text = muster("doc", "--luacats").stdout
    path = os.path.join(folder, "muster.lua")
    with open(path, "w") as f:
        f.write(text)
    if shutil.which("luac5.4"):
        subprocess.run(["luac5.4", "-p", path], check=True)
    for name in names():
        if name not in ("main", "detect"):
            called = re.search(rf"\n---@overload fun\(.*\n{name} = {{}}", text)  # a namespace, too
            assert called or f"\nfunction {name}(" in text or f"\n{name} = nil" in text, f"{name} is not defined"
    assert "---@class muster.result.zone.mx: muster.result, muster.mx_holder" in text
    lines = [line for line in text.splitlines() if line.startswith("---@")]
    known = r"---@(meta muster|class [\w.]+(: [\w., ]+)?|alias \w[\w.]* .+|field (\[\w+\]|\w+)\??( .+)|param (\w+\??|\.\.\.) .+|return .+|overload fun\(.*\).*|generic [A-Z](, [A-Z])*|type .+)$"
    odd = [line for line in lines if not re.match(known, line)]
    assert len(lines) > 500 and not odd, odd[:5]
    classes, used = set(re.findall(r"---@class ([\w.]+)", text)), set(re.findall(r"\bmuster\.[a-z_.]+[a-z_]", "\n".join(
        line for line in lines if not line.startswith("---@class"))))
    aliases = set(re.findall(r"---@alias ([\w.]+)", text))
    unknown = {name for name in used if name not in classes | aliases and name not in ("muster.lua", "muster.lua's")}
    assert not unknown, unknown


@case
def an_editors_settings_are_kept(folder):
    with open(os.path.join(folder, ".luarc.json"), "w") as f:
        json.dump({"hint.enable": True, "diagnostics.globals": ["mine"]}, f)
    for _ in range(2):
        muster("doc", "--install-editor", folder)
        settings = json.load(open(os.path.join(folder, ".luarc.json")))
        assert settings["hint.enable"] is True and settings["diagnostics.globals"] == ["mine", "main", "detect"], settings
        assert settings["workspace.library"] == [".muster/library"], settings
    with open(os.path.join(folder, ".luarc.json"), "w") as f:
        f.write("{ // a comment\n}")
    refused = muster("doc", "--install-editor", folder, check=False)
    assert refused.returncode == 2 and ".luarc.json:1" in refused.stderr, refused.stderr
    assert open(os.path.join(folder, ".luarc.json")).read() == "{ // a comment\n}"


@case
def examples_for_editors_hold(folder):
    examples = os.path.join(ROOT, "examples", "editor")
    json.load(open(os.path.join(examples, "vscode", "extensions.json")))
    task = json.load(open(os.path.join(examples, "vscode", "tasks.json")))["tasks"][0]
    os.mkdir(os.path.join(folder, "bad"))
    with open(os.path.join(folder, "bad", "playbook.lua"), "w") as f:
        f.write(BAD)
    said = muster("check", "./bad", cwd=folder, check=False).stdout
    assert re.search(task["problemMatcher"]["pattern"]["regexp"], said, re.M), said
    if shutil.which("luac5.4"):
        subprocess.run(["luac5.4", "-p", os.path.join(examples, "neovim", "muster.lua")], check=True)


def diagnose(server, folder):
    out = os.path.join(folder, "said.json")
    subprocess.run([server, "--check", folder, "--checklevel=Information", "--check_format=json", f"--check_out_path={out}",
                    f"--logpath={folder}/log"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    found = json.load(open(out))
    os.unlink(out)
    return [(path, item["range"]["start"]["line"] + 1, item["code"], item["message"]) for path, items in dict(found).items() for item in items]


@case
def a_language_server_understands_playbooks(folder):
    server = os.environ.get("LUA_LANGUAGE_SERVER") or shutil.which("lua-language-server")
    if server is None:
        raise Skip("there is no lua-language-server in $PATH nor in $LUA_LANGUAGE_SERVER")
    shutil.copytree(os.path.join(ROOT, "playbooks"), os.path.join(folder, "playbooks"))
    muster("doc", "--install-editor", os.path.join(folder, "playbooks"))
    found = diagnose(server, os.path.join(folder, "playbooks"))
    assert not found, f"the shipped playbooks: {found}"
    os.mkdir(os.path.join(folder, "playbooks", "bad"))
    with open(os.path.join(folder, "playbooks", "bad", "playbook.lua"), "w") as f:
        f.write(BAD)
    found = diagnose(server, os.path.join(folder, "playbooks"))
    assert all(path.endswith("bad/playbook.lua") for path, *_ in found), found
    missed = {line: code for line, code in FAULTS.items() if not any(at == line and what == code for _, at, what, _ in found)}
    assert not missed, f"missed {missed} in {found}"


# --- completions ---

ASKER = """playbook { name = "asker", version = "1.0.0", owner = "me", summary = "Asks.", may_change = {},
  changelog = { ["1.0.0"] = "x" }, params = { host = param.host "The relay" { default = "a.example" } } }
function main(p)
  step "s"
  local a = approve { "Really $(touch pwned)?", by = "x", deadline = "10m" }
  finish("done", a.how)
end
"""


class Desk:
    """A folder with a playbook, a run that asks, and a muster in $PATH."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(os.path.join(folder, "playbooks", "asker"))
        os.symlink(MUSTER, os.path.join(folder, "muster"))
        with open(os.path.join(folder, "muster.lua"), "w") as f:
            f.write('return { state = "%s/state", domains = { ["example.com"] = { provider = "x" } } }' % folder)
        with open(os.path.join(folder, "playbooks", "asker", "playbook.lua"), "w") as f:
            f.write(ASKER)
        self.env = dict(os.environ, PATH=folder + ":" + os.environ["PATH"], HOME=folder)

    def ask(self):
        muster("run", "asker", "--detach", cwd=self.folder)
        until = time.monotonic() + 20
        while not (pending := muster("--json", "pending", cwd=self.folder).stdout):
            assert time.monotonic() < until, "nothing is asked"
            time.sleep(0.1)
        return json.loads(pending)["code"]

    def close(self):
        muster("cancel", "asker.1", "--reason", "the test ends", cwd=self.folder, check=False)
        until = time.monotonic() + 20
        while "running" in muster("runs", cwd=self.folder).stdout and time.monotonic() < until:
            time.sleep(0.1)


LINES = [  # what is typed, what must be offered, what must not
    ("muster app", ["approve"], ["deny", "complete"]),
    ("muster run a", ["asker"], ["mx-failover"]),
    ("muster run asker ", ["host="], []),
    ("muster run asker --de", ["--detach"], []),
    ("muster show ", ["asker.1", "last"], []),
    ("muster approve ", ["CODE"], ["asker.1"]),
    ("muster ack ", [], ["CODE"]),
    ("muster runs --state p", ["parked"], ["running"]),
    ("muster doc zone.set", ["zone.set", "zone.set_mx"], ["zone.mx"]),
    ("muster call dns.mx x at", ["at="], []),
    ("muster lab ", ["up", "break"], []),
    ("muster new x --kind ", ["failover", "check"], ["zone.set"]),
    ("muster freeze ex", ["example.com"], []),
]

BASH = """
source <(muster doc --completion bash)
while IFS= read -r line; do
    COMP_LINE=$line COMP_POINT=${#line}
    read -r -a COMP_WORDS <<<"$line"
    case $line in *' ') COMP_WORDS+=('') ;; esac
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    _muster muster "${COMP_WORDS[COMP_CWORD]}" ''
    printf '%s' "$line>"; printf ' %s' "${COMPREPLY[@]}"; echo
done
"""

# A shell with a terminal: what the completion hands to zle's compadd.
ZSH = r"""
zmodload zsh/zpty
zpty shell 'zsh -f -i'
drain() { local part; while zpty -r -t shell part; do :; done; }
until_there() { local i; for i in {1..100}; do [[ -e $HOME/$1 ]] && return; sleep 0.05; drain; done; print "no $1" >&2; }
zpty -w shell 'stty cols 200; PS1=; autoload -Uz compinit; compinit -u -D; LISTMAX=1000; source <(muster doc --completion zsh)'
zpty -w shell 'compadd() { local -a got; builtin compadd -O got "$@"; print -rl -- $got >>$HOME/offered; builtin compadd "$@"; }; : >$HOME/set'
until_there set
while IFS= read -r line; do
    rm -f $HOME/offered
    zpty -n -w shell "$line"$'\t'
    repeat 30; do [[ -s $HOME/offered ]] && break; sleep 0.05; drain; done
    sleep 0.2
    offered=()
    [[ -e $HOME/offered ]] && offered=(${(f)"$(<$HOME/offered)"})
    print -r -- "$line> $offered"
    zpty -n -w shell $'\C-u'
    drain
done
zpty -d shell
"""


def completes(folder, shell, script):
    desk = Desk(folder)
    code = desk.ask()
    try:
        lines = [line for line, *_ in LINES]
        result = subprocess.run(shell + [script], input="\n".join(lines) + "\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                cwd=folder, env=desk.env, timeout=120)
        offered = dict(line.split(">", 1) for line in result.stdout.splitlines() if ">" in line)
        for line, wanted, not_wanted in LINES:
            words = offered.get(line, "(nothing was said)").replace("\\:", ":").split()
            for word in wanted:
                assert word.replace("CODE", code) in words, f"{line!r} offers {words}, not {word}: {result.stderr[-300:]}"
            for word in not_wanted:
                assert word.replace("CODE", code) not in words, f"{line!r} offers {word}"
        assert not os.path.exists(os.path.join(folder, "pwned")), "a question was executed"
    finally:
        desk.close()


@case
def bash_completes(folder):
    completes(folder, ["bash", "--norc", "-c"], BASH)


@case
def zsh_completes(folder):
    if shutil.which("zsh") is None:
        raise Skip("zsh is not installed")
    completes(folder, ["zsh", "-f", "-c"], ZSH)


@case
def completion_is_quiet_and_quick(folder):
    desk = Desk(folder)
    began = time.monotonic()
    for words in (["run", ""], ["show", ""], ["approve", ""], ["nonsense", ""], [""], []):
        result = muster("complete", "--", *words, cwd=folder)
        assert not result.stderr
    assert not os.path.exists(os.path.join(folder, "state")), "a TAB made a store"
    with open(os.path.join(folder, "muster.lua"), "w") as f:
        f.write("while true do end")
    for words in (["show", ""], ["run", "x", ""]):
        result = muster("complete", "--", *words, cwd=folder)
        assert not result.stderr, result.stderr
    assert time.monotonic() - began < 8
    _ = desk


def main():
    failed = 0
    for function in CASES:
        name = function.__name__.replace("_", " ")
        with tempfile.TemporaryDirectory(prefix="muster-doc.") as folder:
            try:
                function(folder)
                print(f"ok      {name}", flush=True)
            except Skip as why:
                print(f"SKIPPED {name}: {why}", flush=True)
            except Exception as why:  # pylint: disable=broad-except
                failed += 1
                print(f"NOT OK  {name}: {type(why).__name__}: {why}", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
