#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""muster new: what it makes of every kind passes muster check and muster test, with and without a muster.lua, whatever the
answers are; its tests notice when an act is dropped; it asks on a terminal only; it writes over nothing and leaves nothing half
done. Prints ok and NOT OK lines."""
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
MUSTER = os.path.abspath(os.environ.get("MUSTER", os.path.join(ROOT, "build", "release", "muster")))
CASES = []
SITE = """return {
  domains = { ["shop.example"] = { provider = "dns", standby = "mx.elsewhere.example", primary = { "mx.shop.example" } } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" } },
  people = { cleo = { teams = { "postmasters" }, contact = { "push:cleo" } }, dev = { teams = { "leads" }, contact = { "push:dev" } } },
  audiences = { staff = { "cleo", "dev" } },
}
"""


def case(function):
    CASES.append(function)
    return function


def muster(*args, cwd, code=0, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([MUSTER, *args], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120,
                          env=dict(os.environ, HOME=cwd, NO_COLOR="1"), **options)
    assert code is None or done.returncode == code, f"muster {' '.join(args)}: {done.returncode}: {done.stdout}{done.stderr}"
    return done


def kinds():
    said = muster("new", "x", cwd="/", code=2).stderr
    return re.search(r"--kind ([a-z|]+)", said).group(1).split("|")


def files(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


def passes(folder, *names):
    """check without a warning, and the tests of each: at least five."""
    said = muster("check", "--strict", cwd=folder).stdout
    assert f"{len(names)} playbook{'s' * (len(names) > 1)}: 0 errors, 0 warnings" in said, said
    for name in names:
        lines = muster("test", f"./playbooks/{name}", "--json", cwd=folder).stdout.splitlines()
        tests = [json.loads(line) for line in lines]
        assert len(tests) >= 5 and all(test["ok"] for test in tests), f"{name}: {lines}"


@case
def every_kind_passes_without_a_muster_lua(folder):
    for kind in kinds():
        said = muster("new", f"a-{kind}", "--kind", kind, cwd=folder).stdout
        for line in re.findall(r"^  (\./\S+)$", said, re.M):
            assert os.path.isfile(os.path.join(folder, line)), line
        with open(os.path.join(folder, "playbooks", f"a-{kind}", "playbook.lua")) as f:
            assert 'changelog = { ["1.0.0"] = ' in f.read()
    passes(folder, *[f"a-{kind}" for kind in kinds()])


@case
def every_kind_passes_with_the_words_of_a_muster_lua(folder):
    with open(os.path.join(folder, "muster.lua"), "w") as f:
        f.write(SITE)
    for kind in kinds():
        muster("new", f"b-{kind}", "--kind", kind, "--yes", cwd=folder)
    passes(folder, *[f"b-{kind}" for kind in kinds()])
    text = open(os.path.join(folder, "playbooks", "b-failover", "playbook.lua")).read()
    for word in ("shop.example", "postmasters", "staff"):
        assert f'"{word}"' in text, word


ANSWERS = [  # names of the tests' own people, one word for all, words that need care in Lua
    {"owner": "ana", "ask": "bo", "tell": "cleo", "ladder": "dev", "summary": 'It says "go" \\ and {{x}} @name@'},
    {"owner": "all", "ask": "all", "tell": "all", "ladder": "all", "domain": "xn--mnchen-3ya.example", "host": "mx.a.example"},
    {"owner": 'a "team"', "ask": "the lead's", "tell": "push:board", "ladder": "on call", "domain": "Example.ORG."},
]


def takes(folder, kind, key, value):
    """Does the kind take this option?"""
    try:
        return muster("new", "x", "--kind", kind, "--in", "never", f"--{key}", value, cwd=folder, code=None).returncode == 0
    finally:
        shutil.rmtree(os.path.join(folder, "never"), ignore_errors=True)


@case
def every_kind_passes_whatever_the_answers(folder):
    names = []
    for kind in kinds():
        for i, answers in enumerate(ANSWERS):
            words = sum(([f"--{key}", value] for key, value in answers.items() if takes(folder, kind, key, value)), [])
            assert "--owner" in words and len(words) >= 4, f"{kind}: {words}"
            names.append(f"c-{kind}-{i}")
            muster("new", names[-1], "--kind", kind, *words, cwd=folder)
    passes(folder, *names)


@case
def its_tests_notice_a_dropped_act(folder):
    survivors, tried = [], 0
    for kind in kinds():
        muster("new", "d", "--kind", kind, "--in", "playbooks", cwd=folder)
        path = os.path.join(folder, "playbooks", "d", "playbook.lua")
        text = open(path).read()
        for line in re.findall(r"^ +(?:notify|zone\.set_mx|fail|milestone)\(.*$|^ +milestone .*$", text, re.M):
            with open(path, "w") as f:
                f.write(text.replace(line, "", 1))
            tried += 1
            if muster("test", "./playbooks/d", cwd=folder, code=None).returncode == 0:
                survivors.append(f"{kind}: {line.strip()}")
        shutil.rmtree(os.path.join(folder, "playbooks", "d"))
    assert tried >= 25, tried
    assert len(survivors) <= tried // 10, survivors


@case
def nothing_is_written_over(folder):
    muster("new", "one", "--kind", "check", cwd=folder)
    place = os.path.join(folder, "playbooks")
    with open(os.path.join(place, "one", "playbook.lua"), "a") as f:
        f.write("-- mine\n")
    with open(os.path.join(place, "two"), "w") as f:
        f.write("a file")
    os.symlink("one", os.path.join(place, "three"))
    before = {name: open(os.path.join(place, name)).read() for name in files(place)}
    for name in ("one", "two", "three"):
        said = muster("new", name, "--kind", "notify", cwd=folder, code=2).stderr
        assert "is there already, and nothing is written over" in said, said
    assert before == {name: open(os.path.join(place, name)).read() for name in files(place)}
    assert sorted(os.listdir(place)) == ["one", "three", "two"], os.listdir(place)


@case
def of_many_at_once_one_makes_it(folder):
    for _ in range(5):
        jobs = [subprocess.Popen([MUSTER, "new", "race", "--kind", kind], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE) for kind in kinds() * 2]
        codes = [job.wait(timeout=60) for job in jobs]
        for job in jobs:
            job.communicate()
        assert sorted(codes) == [0] + [2] * (len(jobs) - 1), codes
        assert os.listdir(os.path.join(folder, "playbooks")) == ["race"], os.listdir(os.path.join(folder, "playbooks"))
        passes(folder, "race")
        shutil.rmtree(os.path.join(folder, "playbooks"))


@case
def a_full_disk_leaves_nothing(folder):
    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # templates fit, playbook.lua and test.lua do not

    done = muster("new", "big", "--kind", "failover", cwd=folder, code=None, preexec_fn=limited)
    assert done.returncode not in (0, 70) and "can't be written" in done.stderr, done
    assert os.listdir(folder) == [], files(folder)


@case
def answers_that_can_not_be_leave_nothing(folder):
    wrong = [(("x", "--kind", "chek"), "did you mean check"), (("x",), "--kind check|"), (("x", "--kind", "check", "--host", "a"), "takes none"),
             (("x", "--kind", "check", "--domain", "a b"), "--domain"), (("../x", "--kind", "check"), "can't be a playbook's name"),
             (("X", "--kind", "check"), "can't be a playbook's name"), (("x", "--kind", "check", "--owner", ""), "--owner"),
             (("x", "--kind", "check", "--owner", "a\nb"), "one line"), (("x", "--kind", "check", "--sumary", "y"), "--summary"),
             (("x", "y", "--kind", "check"), "too many words"), ((), "something is missing")]
    for words, says in wrong:
        said = muster("new", *words, cwd=folder, code=2)
        assert says in said.stderr and said.stdout == "", f"{words}: {said}"
    with open(os.path.join(folder, "muster.lua"), "w") as f:
        f.write(SITE)
    said = muster("new", "x", "--kind", "notify", "--tell", "stuff", cwd=folder, code=2).stderr
    assert "unknown-recipient" in said and "nothing was made" in said, said
    assert files(folder) == ["muster.lua"] and os.listdir(folder) == ["muster.lua"], files(folder)


@case
def beside_muster_lua_from_below(folder):
    with open(os.path.join(folder, "muster.lua"), "w") as f:
        f.write("return {}")
    below = os.path.join(folder, "docs", "old")
    os.makedirs(below)
    muster("new", "x", "--kind", "check", cwd=below)
    assert os.path.isfile(os.path.join(folder, "playbooks", "x", "playbook.lua"))
    assert os.listdir(below) == []


# --- on a terminal ---


def at_a_terminal(folder, lines, *words):
    """Types each line when nothing more is said; (what was said, exit code)."""
    child, fd = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(NO_COLOR="1", HOME=folder)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # who runs us in the background ignores it
        os.execv(MUSTER, ["muster", "new", *words])
    said, lines, quiet = "", list(lines), time.monotonic()
    while time.monotonic() - quiet < 60:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                part = os.read(fd, 4096)
            except OSError:
                break
            if not part:
                break
            said += part.decode()
            quiet = time.monotonic()
        elif lines and said.rstrip("\r\n ").endswith("]:"):
            os.write(fd, lines.pop(0).encode())
            said += " "
    else:
        os.kill(child, signal.SIGKILL)  # it waits for what nobody types
    _, status = os.waitpid(child, 0)
    os.close(fd)
    return said.replace("\r", ""), os.waitstatus_to_exitcode(status)


@case
def a_terminal_is_asked(folder):
    said, code = at_a_terminal(folder, ["failovr\n", "failover\n", "exa mple\n", "example.org\n", "\n", "leads\n", "\n", "What we do.\n"], "asked")
    assert code == 0, said
    for part in ("There is no kind", "is not a domain name", "Which domain? [example.com]", "Who is asked?", "Made asked@1.0.0"):
        assert part in said, f"{part}: {said}"
    assert "Which mail host?" not in said, said
    text = open(os.path.join(folder, "playbooks", "asked", "playbook.lua")).read()
    for part in ('default = "example.org"', 'by = "leads"', 'summary = "What we do."', 'owner = "mail-platform"'):
        assert part in text, part
    passes(folder, "asked")
    wide = [line for line in said.splitlines() if len(line) > 80]
    assert not wide, wide


@case
def what_an_option_says_is_not_asked(folder):
    said, code = at_a_terminal(folder, ["\n", "\n"], "half", "--kind", "check", "--domain", "example.org")
    assert code == 0 and "Kind" not in said and "Which domain" not in said and "Whose is it?" in said, said
    said, code = at_a_terminal(folder, [], "none", "--kind", "check", "--yes")
    assert code == 0 and "?" not in said, said


@case
def who_leaves_leaves_nothing(folder):
    for typed in (["\x04"], ["check\n", "\x04"], ["check\n", "\n", "\x03"]):
        said, code = at_a_terminal(folder, typed, "gone")
        assert code in (5, -signal.SIGINT), f"{code}: {said}"
        assert os.listdir(folder) == [], files(folder)


@case
def elsewhere_it_never_asks(folder):
    said = muster("new", "x", cwd=folder, code=2, stdin=subprocess.PIPE).stdout
    assert said == "", said
    said = muster("new", "x", "--kind", "check", cwd=folder, stdin=subprocess.PIPE).stdout
    assert "?" not in said, said


def main():
    failed = 0
    for function in CASES:
        name = function.__name__.replace("_", " ")
        with tempfile.TemporaryDirectory(prefix="muster-new.") as folder:
            try:
                function(folder)
                print(f"ok      new: {name}", flush=True)
            except Exception as why:  # pylint: disable=broad-except
                failed += 1
                print(f"NOT OK  new: {name}: {type(why).__name__}: {why}", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
