#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad input: each is answered by one clear error and exit code 2, and nothing is created. And a journal that
somebody edits by hand."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys

from muster import DOMAIN, MOVED, MX, TTL, Site, case, main
from servers import Unavailable, need, wait_until

CASES = []

HEADER = """playbook {
  name = "%s", version = "1.0.0", owner = "mail-platform", summary = "For a test.",
  may_change = { "notify" },
  params = { domain = param.domain "A domain" },
  changelog = { ["1.0.0"] = "First" },
}
"""
GOOD = 'function main(p)\n  step "One"\n  finish("done")\nend\n'


def created(site):
    """Everything a run would leave: files of runs, rows in the control store."""
    files = [name for _, _, names in os.walk(site.state) for name in names if ".run" in name]
    control = [os.path.join(folder, name) for folder, _, names in os.walk(site.state) for name in names if name.endswith(".db")]
    rows = 0
    for path in control:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            rows += sum(store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("run", "incident"))
    return files, rows


def refused(site, words, says, code=2, **options):
    """Runs it; exactly one error, which says all of that; nothing is created."""
    before = created(site)
    done = site.muster(*words, **options)
    what = f"muster {' '.join(map(repr, words))}"
    assert done.returncode == code, f"{what} exits with {done.returncode}: {done.stdout}{done.stderr}"
    assert done.stdout == "", f"{what} prints {done.stdout!r}"
    lines = done.stderr.splitlines()
    errors = [line for line in lines if not line.startswith("usage: ") and "nothing was started" not in line]
    assert len(errors) == 1 and len(lines) <= 2, f"{what} gives {len(errors)} errors: {done.stderr}"
    for text in [says] if isinstance(says, str) else says:
        assert text in errors[0], f"{what} does not say {text!r}: {done.stderr}"
    assert "[C]" not in done.stderr and "stack traceback" not in done.stderr, done.stderr
    assert created(site) == before, f"{what} left {created(site)}"


def run_words(*words):
    return ["run", "mx-failover", *words]


def write_playbook(site, name, body, header=HEADER):
    site.write(f"playbooks/{name}/playbook.lua", header % name + body)
    return ["run", name, f"domain={DOMAIN}"]


# --- parameters --------------------------------------------------------------------------------------


@case(CASES)
def unknown_parameter(site):
    refused(site, run_words(f"domain={DOMAIN}", "standy=mx.example.net"), ["standy", "standby"])


@case(CASES)
def missing_parameter(site):
    refused(site, run_words(), "domain")


@case(CASES)
def bad_domain(site):
    for domain in ("exa mple.com", "example..com", "-", "a" * 64 + ".com", "example.com/../x", "", ".", "a." * 130 + "com", "ex\x01ample.com"):
        refused(site, run_words(f"domain={domain}"), "domain")


@case(CASES)
def bad_host_duration_and_choice(site):
    good = f"domain={DOMAIN}"
    refused(site, run_words(good, "standby=mx standby.example.net"), "standby")
    refused(site, run_words(good, "settle=soon"), ["settle", "soon"])
    refused(site, run_words(good, "settle=-5s"), "settle")
    refused(site, run_words(good, "settle=99999999999999999d"), "settle")
    refused(site, run_words(good, "how=swop"), ["how", "swap"])
    refused(site, ["run", "smtp-outage", "host=mx1.example.com", "port=65536"], ["port", "65535"])
    refused(site, ["run", "smtp-outage", "host=mx1.example.com", "port=2 5"], "port")


@case(CASES)
def a_word_without_a_value(site):
    refused(site, run_words(DOMAIN), DOMAIN)
    refused(site, run_words(f"domain={DOMAIN}", "domain=example.org"), "domain")


@case(CASES)
def bytes_that_are_no_text(site):
    refused(site, [os.fsencode("run"), b"mx-failover", b"domain=ex\xff\xfeample.com"], "domain")


# --- the command line ---------------------------------------------------------------------------------


@case(CASES)
def unknown_command_option_and_playbook(site):
    refused(site, ["rum", "mx-failover"], "run")
    refused(site, run_words(f"domain={DOMAIN}", "--dryrun"), ["--dryrun", "--dry-run"])
    refused(site, ["run", "mx-failovr", f"domain={DOMAIN}"], ["mx-failovr", "mx-failover"])
    refused(site, ["run", "../../etc/passwd"], "passwd")
    refused(site, ["run"], "missing")
    refused(site, ["--config"], "--config")


@case(CASES)
def unknown_run_code_and_incident(site):
    site.muster("runs")  # the state folder is there
    for words in (["show", "77"], ["watch", "mx-failover.77"], ["resume", "77"], ["undo", "77"], ["cancel", "77"], ["report", "77"], ["verify", "77"]):
        refused(site, words, "77")
    for words in (["approve", "0000"], ["deny", "0000"], ["ack", "0000"]):
        refused(site, words, "0000")
    refused(site, run_words(f"domain={DOMAIN}", "--incident", "INC-999"), "INC-999")


@case(CASES)
def a_verb_that_acts_needs_a_run_or_consent(site):
    """`muster call` of something that is not there, or with arguments it does not take."""
    refused(site, ["call", "zone.set_mxx", DOMAIN], ["zone.set_mxx", "zone.set_mx"])
    refused(site, ["call", "dns.mx"], "domain")
    refused(site, ["call", "dns.mx", "exa mple.com"], "domain")


# --- playbooks ---------------------------------------------------------------------------------------


@case(CASES)
def syntax_error(site):
    refused(site, write_playbook(site, "broken", 'function main(p)\n  step "One"\n  if p.domain then\nend\n'), "playbook.lua:")


@case(CASES)
def bytecode(site):
    words = write_playbook(site, "compiled", GOOD)
    path = os.path.join(site.folder, "playbooks", "compiled", "playbook.lua")
    with open(path + ".c", "wb") as file:
        file.write(b"\x1bLuaT\x00\x19\x93\r\n\x1a\n")
    try:
        subprocess.run([need("luac5.4"), "-o", path + ".c", path], check=True)
    except Unavailable:
        pass  # the signature alone has to do
    os.replace(path + ".c", path)
    refused(site, words, "playbook.lua")


@case(CASES)
def unknown_verb(site):
    refused(site, write_playbook(site, "unknown-verb", 'function main(p)\n  step "One"\n  zone.get_mx(p.domain)\nend\n'), ["playbook.lua:9", "zone.get_mx"])
    refused(site, write_playbook(site, "unknown-word", 'function main(p)\n  step "One"\n  notfy("stakeholders", "x", {})\nend\n'), ["playbook.lua:9", "notfy", "notify"])


@case(CASES)
def act_outside_may_change(site):
    body = 'function main(p)\n  step "One"\n  zone.set_mx(p.domain, { { preference = 10, host = "mx.example.net" } })\nend\n'
    refused(site, write_playbook(site, "overreach", body), ["playbook.lua:9", "may_change", "zone.set_mx"])


@case(CASES)
def missing_template(site):
    refused(site, write_playbook(site, "no-template", 'function main(p)\n  notify("stakeholders", "nothing-there", {})\nend\n'), "nothing-there")


@case(CASES)
def bad_headers(site):
    refused(site, write_playbook(site, "no-header", GOOD, header="-- %s\n"), "playbook")
    refused(site, write_playbook(site, "odd-key", GOOD, HEADER.replace("owner =", "ower =")), ["ower", "owner"])
    refused(site, write_playbook(site, "bad-version", GOOD, HEADER.replace('"1.0.0", owner', '"one", owner')), "version")
    refused(site, write_playbook(site, "no-main", "local x = 1\n"), "main")
    refused(site, write_playbook(site, "side-effect", GOOD + 'notify("stakeholders", "x", {})\n'), "playbook.lua")
    refused(site, write_playbook(site, "out-of-it", GOOD + 'os.execute("touch /tmp/never")\n'), "os")
    refused(site, write_playbook(site, "endless", "while true do end\n" + GOOD), "playbook.lua")


@case(CASES)
def a_folder_without_a_playbook(site):
    os.makedirs(os.path.join(site.folder, "playbooks", "empty"))
    refused(site, ["run", "empty"], "empty")
    refused(site, ["run", "./playbooks/empty"], "empty")


# --- muster.lua ---------------------------------------------------------------------------------------


def good_words():
    return run_words(f"domain={DOMAIN}")


@case(CASES)
def broken_configuration(site):
    path = os.path.join(site.folder, "muster.lua")
    with open(path) as file:
        good = file.read()
    for text, says in (
        ("return {\n  state = \n}\n", "muster.lua:3"),
        (good.replace('["providers"]', '["provders"]'), ["muster.lua", "provders", "providers"]),
        (good.replace('["resolvers"]', '["resolver"]'), ["dns.resolver", "did you mean resolvers"]),
        (good.replace('"1s"', "1"), ["dns.timeout", "duration"]),
        ("return 7\n", "muster.lua"),
        ("", "muster.lua"),
        ('return { state = io.open("/etc/passwd"):read() }\n', "muster.lua:1"),
        ("while true do end\n", "muster.lua"),
        ("\x1bLua", "muster.lua"),
    ):
        site.write("muster.lua", text)
        refused(site, good_words(), says)


@case(CASES)
def configuration_set_twice(site):
    site.write("muster.d/more.lua", 'return { state = "elsewhere" }\n')
    try:
        refused(site, good_words(), ["state", "muster.lua", "more.lua"])
    finally:
        shutil.rmtree(os.path.join(site.folder, "muster.d"))


@case(CASES)
def configuration_that_is_not_there(site):
    refused(site, ["--config", "nowhere.lua", *good_words()], "nowhere.lua")
    refused(site, ["--config", site.folder, *good_words()], os.path.basename(site.folder))


@case(CASES)
def secrets_that_can_not_be_read(site):
    path = os.path.join(site.folder, "muster.lua")
    with open(path) as file:
        good = file.read()
    site.write("key", "correct-horse-battery\n")
    os.chmod(os.path.join(site.folder, "key"), 0o644)
    for source, says in (('secret.env "NOT_SET_ANYWHERE"', "NOT_SET_ANYWHERE"), ('secret.file "nowhere"', "nowhere"), ('secret.file "key"', "key")):
        site.write("muster.lua", good.replace('secret.env "TEST_DNS_KEY"', source))
        refused(site, good_words(), says)


@case(CASES)
def a_domain_nobody_configured(site):
    """Needs no run to be known: the standby has no default for it."""
    refused(site, run_words("domain=unheard.example"), "standby")


@case(CASES)
def unreachable_state_folder(site):
    file = site.write("a-file", "")
    for place, named in (("/proc/nowhere/state", "/proc/nowhere"), (os.path.join(file, "state"), file), (file, file)):
        site.configure(state=place)
        refused(site, good_words(), named)


# --- the journal ------------------------------------------------------------------------------------


def finished_run(site):
    words = write_playbook(site, "short", 'function main(p)\n  step "One"\n  evidence("the domain", { name = p.domain })\n'
                           '  step "Two"\n  milestone "half-way"\n  finish("done", "all well")\nend\n')
    done = site.muster(*words)
    assert done.returncode == 0, done.stderr
    run = site.last_run()
    run.ends("done", 0)
    return run


def edit(run, statement):
    """As somebody with a shell and an interest in another story would."""
    copy = run.path + ".edited"
    shutil.copy(run.path, copy)
    os.chmod(copy, 0o644)
    subprocess.run([need("sqlite3"), copy, statement], check=True, capture_output=True, text=True, timeout=20)
    return copy


def damaged(site, typed, row, path=None):
    done = site.muster("verify", typed)
    assert done.returncode == 1 and "DAMAGED" in done.stdout and str(row) in done.stdout, (typed, done.returncode, done.stdout, done.stderr)
    verdict = site.muster("--json", "verify", typed)
    assert f'"bad_gsn":{row}' in verdict.stdout.replace(" ", ""), verdict.stdout


@case(CASES)
def a_journal_edited_in_place(site):
    run = finished_run(site)
    target = run.row("n", "evidence")["gsn"]
    assert site.muster("verify", run.name).returncode == 0
    os.chmod(run.path, 0o600)
    subprocess.run([need("sqlite3"), run.path, f"UPDATE row SET value = replace(value, '{DOMAIN}', 'example.org') WHERE gsn = {target}"],
                   check=True, capture_output=True, timeout=20)
    damaged(site, run.name, target)
    report = site.muster("report", run.name)
    assert "is damaged" in report.stdout and f"row {target} " in report.stdout, "the report does not say that its source was edited"


@case(CASES)
def undo_of_an_edited_journal(site):
    """What was there before the change was edited: it must not come into the zone."""
    run = site.failover()
    run.approve()
    run.ends("failed_over", 0)
    target = run.row("i", "zone.set_mx")["gsn"]
    os.chmod(run.path, 0o600)
    subprocess.run([need("sqlite3"), run.path, f"UPDATE row SET value = replace(value, 'mx1.example.com', 'mx6.example.com') WHERE gsn = {target}"],
                   check=True, capture_output=True, timeout=20)
    site.forget()
    refused(site, ["undo", run.name], ["damaged", f"row {target} "])
    assert site.writes() == [] and site.mx() == MOVED


@case(CASES)
def resume_of_an_edited_journal(site):
    """A result was edited while nobody executed the run: it must not be acted upon."""
    run = site.failover()
    run.gate()
    target = run.find("c", "mail.inbound")[0]["gsn"]  # nothing that comes later repeats what it says
    run.kill()
    subprocess.run([need("sqlite3"), run.path, f"UPDATE row SET value = replace(value, 'DOWN: ', 'FINE: ') WHERE gsn = {target}"],
                   check=True, capture_output=True, timeout=20)
    site.muster("resume", run.name, "--detach")
    site.muster("approve", run.gate()["code"])
    wait_until("its executor leaves", lambda: run.executor() == 0, 20)
    assert site.writes() == [] and site.mx() == (TTL, MX)
    assert f"row {target} " in run.log(), run.story()


@case(CASES)
def journals_edited_in_any_place(site):
    run = finished_run(site)
    rows = run.rows()
    target = rows[len(rows) // 2]["gsn"]
    for column, value in (("ts", "ts + 1"), ("verb", "'other'"), ("src", "'playbook.lua:1'"), ("step", "'Three'"), ("seq", "seq + 1"), ("task", "'r.9'"), ("epoch", "epoch + 1")):
        damaged(site, edit(run, f"UPDATE row SET {column} = {value} WHERE gsn = {target}"), target)
    damaged(site, edit(run, f"DELETE FROM row WHERE gsn = {target}"), target)


@case(CASES)
def a_journal_cut_short(site):
    """The last rows are gone, which no chain tells: but only what has ended is sealed."""
    run = finished_run(site)
    last = run.rows()[-1]["gsn"]
    for count in (1, 3):
        damaged(site, edit(run, f"DELETE FROM row WHERE gsn > {last - count}"), last - count + 1)


@case(CASES)
def files_that_are_no_journal(site):
    run = finished_run(site)
    noise = site.write("noise.run", "not a journal at all\n" * 50)
    refused(site, ["verify", noise], "noise.run")
    refused(site, ["verify", "/dev/null"], "/dev/null")
    refused(site, ["report", noise], "noise.run")
    whole = open(run.path, "rb").read()
    for seed in range(12):
        random.seed(seed)
        data = bytearray(whole)
        if seed % 2:
            del data[random.randrange(100, len(data)):]
        else:
            for _ in range(20):
                data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        path = os.path.join(site.folder, f"torn-{seed}.run")
        with open(path, "wb") as file:
            file.write(data)
        done = site.muster("verify", path)
        assert done.returncode in (0, 1, 2), f"verify of {path} exits with {done.returncode}: {done.stderr[-300:]}"
        assert done.returncode or bytes(data) != whole or seed == -1
        os.unlink(path)


if __name__ == "__main__":
    sys.exit(main(CASES, {"site": Site}))
