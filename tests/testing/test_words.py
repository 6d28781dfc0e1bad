#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""muster test: every word of a world and of an expectation does what docs/testing.md says, a test that should fail
does, and what is wrong in a test.lua is one error with its place.

    tests/testing/test_words.py [NAME...]"""
import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.dom.minidom

HERE = os.path.dirname(os.path.abspath(__file__))
MUSTER = os.environ.get("MUSTER", os.path.join(HERE, "..", "..", "build", "release", "muster"))

CONFIG = """config {
  domains = { ["example.com"] = { provider = "dns", standby = "mx-b.example.net" } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = { ana = { teams = { "lead" }, contact = { "push:ana", "chat:ana" } }, bo = { teams = { "lead", "boss" }, contact = { "push:bo" } } },
  audiences = { all = { "ana", "bo" } },
}
"""
HEADER = """playbook {
  name = "%s", version = "1.0.0", owner = "ana", summary = "For a test.", may_change = { "zone.*", "notify", "page", "http.*" },
  params = { %s }, changelog = { ["1.0.0"] = "." },
}
"""
MOVE = """function main()
  step "Move"
  local before = need(zone.mx("example.com"), "no answer")
  undo "Back"
  zone.set_mx("example.com", { { preference = 10, host = "mx-b.example.net" } }, { only_if = before })
  finish("moved")
end
"""
ASK = """function main()
  local answer = approve { "Go?", by = "ana", deadline = "10m", then_ask = "boss" }
  finish(answer.how, answer.reason)
end
"""
HOST = 'world:mail_server("mx1.example.com", "192.0.2.1")'
ZONE = '  world:mx("example.com", "10 mx-a.example.com", 600)\n'


def test(body, name="it"):
    return f'test("{name}", function(world)\n{body}\nend)\n'


def run(playbook, tests, *words, params="", config=CONFIG, files=(), env=None):
    """(exit code, stdout, stderr) of muster test over a playbook p."""
    with tempfile.TemporaryDirectory(prefix="words.") as folder:
        book = os.path.join(folder, "p")
        os.makedirs(os.path.join(book, "templates"))
        for path, text in [("playbook.lua", HEADER % ("p", params) + playbook), ("test.lua", config + tests), *files]:
            with open(os.path.join(book, path), "w") as f:
                f.write(text)
        done = subprocess.run([MUSTER, "test", book, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=120, env={**os.environ, **(env or {})})
        left = [n for n in os.listdir(folder) if n != "p"]
        assert left == [], f"it left {left}"
        return done.returncode, done.stdout, done.stderr


def passes(playbook, tests, *words, **how):
    code, out, err = run(playbook, tests, *words, **how)
    assert code == 0, f"exit {code}\n{out}{err}"
    return out


def fails(playbook, tests, *says, code=1, **how):
    got, out, err = run(playbook, tests, **how)
    assert got == code, f"exit {got}, not {code}\n{out}{err}"
    for pattern in says:
        assert re.search(pattern, out + err), f"it does not say {pattern!r}:\n{out}{err}"
    return out + err


def within(seconds, holds):
    """Waits for so long at most; what must hold then is for the caller to say."""
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)


CASES = []


def case(function):
    CASES.append(function)
    return function


# --- what happens to acts -----------------------------------------------------------------------------


@case
def an_act_changes_the_world_and_can_be_taken_back():
    passes(MOVE, test(ZONE + """
  local run = world:run()
  run:expect_result("moved")
  run:expect_acts { "zone.set_mx example.com 10 mx-b.example.net" }
  run:expect_steps { "Move" }
  run:expect_undo { "Back" }
  local undo = world:undo(run)
  undo:expect_result("undone")
  local again = world:run()
  again:expect_result("moved")
  expect(again.acts[1].value.before.records, { "10 mx-a.example.com." })"""))


@case
def a_lost_reply_is_read_back_and_not_sent_again():
    passes(MOVE, test(ZONE + """
  world:fails("zone.set_mx", "lost", { times = 1 })
  local run = world:run()
  run:expect_result("moved")
  expect(#run.acts, 1)
  expect(run.acts[1].how, "readback")"""))


@case
def a_request_that_did_not_arrive_is_sent_again():
    passes(MOVE, test(ZONE + """
  world:fails("zone.set_mx", "timeout", { times = 1 })
  local run = world:run()
  run:expect_result("moved")
  expect(run.acts[1].how, "sent")
  local again = 0
  for _, row in ipairs(run.rows) do if row.verb == "again" then again = again + 1 end end
  expect(again, 1)"""))


@case
def an_api_that_applies_late_is_waited_for():
    passes(MOVE, test(ZONE + """
  world:fails("zone.set_mx", "late", { times = 1, late = "20s" })
  local run = world:run()
  run:expect_result("moved")
  expect(run.acts[1].how, "readback")
  run:expect_took { at_least = "20s", at_most = "30s" }"""))


@case
def a_refusal_raises():
    passes(MOVE, test(ZONE + """
  world:fails("zone.set_mx", "refused", { why = "403 Forbidden" })
  local run = world:run()
  run:expect_result("error", "403 Forbidden")
  run:expect_acts {}"""))


@case
def what_nobody_can_know_parks():
    passes('function main() http.post("https://x.example.net/hook", { json = { a = 1 } }) finish("done") end', test("""
  world:fails("http.post", "lost")
  local run = world:run()
  run:expect_parked("in_doubt")"""))


@case
def a_fault_of_one_target_leaves_the_others():
    passes('function main() http.post("https://a.example.net/") local ok = pcall(http.post, "https://b.example.net/") finish(tostring(ok)) end', test("""
  world:fails("http.post", "refused", { target = "https://b.example.net/" })
  world:run():expect_result("false")"""))


@case
def an_api_that_lies_says_yes_and_changes_nothing():
    passes("""function main()
  http.post("https://a.example.net/")
  finish("done")
end
""", test("""
  world:fails("http.post", "lies")
  world:run():expect_result("done")"""))
    passes(MOVE, test(ZONE + """
  world:provider("dns", "lies")
  world:run():expect_result("error", "accepted the write but now reads")"""))


@case
def a_dns_host_that_is_busy_recovers():
    for state, says in (("busy", "429"), ("refused", "refused"), ("timeout", "no answer in time")):
        passes(MOVE, test(ZONE + f"""
  world:provider("dns", "{state}")
  world:run():expect_result("failed", "no answer")"""))
    passes("""function main()
  local one = zone.mx("example.com")
  sleep("5m")
  finish(tostring(one.ok) .. tostring(zone.mx("example.com").ok), one.why)
end
""", test(ZONE + """
  world:provider("dns", "busy", { lasts = "3m" })
  world:run():expect_result("falsetrue", "429 Too Many Requests")"""))


@case
def name_servers_lag():
    lag = ZONE + '  world:nameservers("example.com", "ns1.example.org", "ns2.example.org")\n'
    passes(MOVE, test(lag + """
  world:dns_lags("ns2.example.org", "90s")
  local run = world:run()
  run:expect_result("moved")
  run:expect_took { at_least = "90s", at_most = "95s" }"""))
    passes(MOVE, test(lag + """
  world:dns_lags("ns2.example.org", "30m")
  world:run():expect_result("error", "1 of 2 authoritative addresses serve the change; the others: ns2.example.org")"""))


@case
def a_colleague_comes_in_between():
    passes("""function main()
  local before = zone.mx("example.com")
  approve { "Go?", by = "ana", deadline = "10m" }
  zone.set_mx("example.com", { { preference = 10, host = "mx-b.example.net" } }, { only_if = before })
  finish("moved")
end
""", test(ZONE + """
  world:person("ana", { after = "2m" })
  world:at("1m"):mx("example.com", "10 mx-c.example.com", 600)
  world:run():expect_result("error", "the zone is no longer what you saw")"""))


@case
def probes_find_what_is_given():
    passes("""function main()
  local one, two, three = smtp.probe("mx-a.example.com"), http.get("https://s.example.net/"), dns.mx("example.com")
  finish(one.verdict, two.status .. " " .. three.mx[1].host)
end
""", test(ZONE + """
  world:mail_server("mx-a.example.com", "192.0.2.1", "rejecting")
  world:http("GET https://s.example.net/", { status = 503, body = "no" })
  world:run():expect_result("rejecting", "503 mx-a.example.com")
  world:smtp_up("mx-a.example.com")
  world:result("http.get", { ok = true, status = 204 })
  world:run():expect_result("up", "204 mx-a.example.com")"""))


# --- people -------------------------------------------------------------------------------------------


@case
def people_answer():
    for says, result in (("yes", "approved"), ("no", "declined")):
        passes(ASK, test(f"""
  world:person("ana", {{ says = "{says}", after = "90s", why = "because" }})
  local run = world:run()
  run:expect_result("{result}", "because")
  run:expect_asked {{ title = "Go?", who = "ana", how = "{result}" }}
  run:expect_took {{ at_least = "90s", at_most = "91s" }}"""))


@case
def nobody_answers_and_the_next_is_asked():
    passes(ASK, test("""
  world:person("ana", { says = "nothing" })
  local run = world:run()
  run:expect_result("expired")
  run:expect_took { at_least = "20m", at_most = "21m" }
  run:expect_told("ana", "gate")
  run:expect_told("bo", "gate")"""))
    passes(ASK, test("""
  world:person("bo", { after = "1m" })
  local run = world:run()
  run:expect_result("approved")
  run:expect_asked { who = "bo" }
  run:expect_took { at_least = "11m", at_most = "12m" }"""))


@case
def who_was_not_reached_does_not_answer():
    passes(ASK, test("""
  world:person("ana", {})
  world:channel("push", "down")
  world:channel("chat", "down")
  world:run():expect_result("expired")"""))
    passes(ASK, test("""
  world:person("ana", {})
  world:channel("push", "down")
  local run = world:run()
  run:expect_result("approved")"""))
    passes(ASK, test("""
  world:person("ana", { unasked = true })
  world:channel("push", "down")
  world:channel("chat", "down")
  world:run():expect_result("approved")"""))


@case
def a_message_is_tried_again_when_its_channel_is_back():
    passes(ASK, test("""
  world:person("ana", {})
  world:channel("push", "down", { lasts = "3m" })
  world:channel("chat", "down", { lasts = "3m" })
  local run = world:run()
  run:expect_result("approved")
  run:expect_took { at_least = "3m", at_most = "8m" }"""))


@case
def a_question_is_answered_with_a_text():
    passes('function main() local a = ask { "Which?", by = "ana", deadline = "5m", choices = { "x", "y" } } finish(a.text or a.how) end', test("""
  world:person("ana", { says = "y" })
  world:run():expect_result("y")"""))


@case
def a_quorum_needs_two():
    two = 'function main() local a = approve { "Go?", by = "lead", deadline = "5m", quorum = 2 } finish(a.how) end'
    passes(two, test("""
  world:person("ana", {})
  world:run():expect_result("expired")
  world:person("bo", { after = "1m" })
  world:run():expect_result("approved")"""))


@case
def people_change_their_minds_from_run_to_run():
    passes(ASK, test("""
  world:person("ana", { says = "no", times = 1 })
  world:person("ana", { says = "yes" })
  world:run():expect_result("declined")
  world:run():expect_result("approved")"""))


@case
def a_page_is_acknowledged():
    page = 'function main() local a = page("ana", "t", {}, { ack_within = "5m" }) finish(a and a.name or "nobody") end'
    files = [("templates/t.md", "Subject: Wake up\n\nPlease.\n")]
    passes(page, test('  world:person("ana", { after = "2m" })\n  local run = world:run()\n  run:expect_result("ana")\n  run:expect_told("ana", "t")'), files=files)
    passes(page, test('  world:run():expect_result("nobody")'), files=files)


@case
def a_world_that_stands_still_ends():
    passes('function main() approve { "Go?", by = "ana" } finish("x") end', test("""
  local run = world:run()
  run:expect_result("stands_still", "nobody answers, and there is no deadline at playbook.lua:5")"""))


# --- runs ---------------------------------------------------------------------------------------------


@case
def parameters_of_every_kind():
    passes("""function main(p)
  http.post("https://x.example.net/", { headers = { ["X-Token"] = p.token }, json = { a = 1 } })
  finish(p.d .. " " .. p.n .. " " .. tostring(p.b) .. " " .. table.concat(p.l, "+"))
end
""", test("""
  local run = world:run { d = "15m", n = 7, b = true, l = { "a", "b" }, token = "sesame-open-sesame" }
  run:expect_result("15m 7 true a+b")"""),
           params='d = param.duration "D", n = param.integer "N", b = param.boolean "B", l = param.list(param.string) "L", token = param.secret "T"')


@case
def thirty_days_take_no_time():
    passes('function main() for i = 1, 30 do sleep("1d") end finish("late") end', test("""
  local run = world:run()
  run:expect_result("late")
  run:expect_took { at_least = "30d", at_most = "30d" }"""))


@case
def time_begins_on_a_monday_and_is_the_same_everywhere():
    out = passes('function main() finish(tostring(now())) end', test('  world:run():expect_result("1767603600")'), env={"TZ": "Asia/Tokyo"})
    assert "1 passed, 0 failed" in out, out


@case
def locks_and_incidents_are_as_in_real_life():
    passes('function main() finish("done") end', test("""
  local one, two = world:run(), world:run()
  expect(one.name, "p.1")
  expect(two.name, "p.2")
  expect(one.rows[1].value.incident, "INC-1")"""))


@case
def every_test_begins_with_an_ordinary_day():
    passes(MOVE, "ordinary(function(world)\n" + ZONE + "end)\n" + test('  world:run():expect_result("moved")') +
           test('  world:mx("example.com", "10 mx-b.example.net", 600)\n  local run = world:run()\n  expect(run.acts[1].value.changed, false)', "other"))


def by_hand(playbook, tests, *words, stdin=None):
    with tempfile.TemporaryDirectory(prefix="words.") as folder:
        os.makedirs(os.path.join(folder, "p"))
        for path, text in [("playbook.lua", HEADER % ("p", "") + playbook)] + ([("test.lua", CONFIG + tests)] if tests else []):
            with open(os.path.join(folder, "p", path), "w") as f:
                f.write(text)
        done = subprocess.run([MUSTER, "run", "./p", "--world", "sim", *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        assert os.listdir(folder) == ["p"], os.listdir(folder)
        return done.returncode, done.stdout + done.stderr


@case
def a_run_is_played_by_hand():
    day = "ordinary(function(world)\n" + ZONE + "end)\n"
    code, said = by_hand(MOVE, day)
    assert code == 0 and "SIMULATED" in said and "END        moved" in said, said
    code, said = by_hand(MOVE, day, "--fault", "fails zone.set_mx refused")
    assert code == 1 and "the far side refuses it" in said, said
    code, said = by_hand(ASK, "")
    assert code == 6 and "END        expired" in said, said
    code, said = by_hand(ASK, day, "--yes")
    assert code == 0 and "END        approved" in said, said
    code, said = by_hand(ASK, day, "--fault", "person ana no 90s")
    assert code == 4 and "1m30s  END        declined" in said, said
    code, said = by_hand("function main() sleep('10m') finish(tostring(dns.mx('example.com').ok)) end", "", "--fault", "at 5m mx example.com 10 a.example.com")
    assert code == 0 and "END        true" in said, said
    code, said = by_hand(MOVE, day, "--fault", "smtp_dwn x")
    assert code == 2 and '"smtp_dwn x" begins with no word of a world' in said, said
    code, said = by_hand(MOVE, day, "--fault", "fails zone.set_mx refused often")
    assert code == 2 and "times takes a number, 1 or more, got often" in said, said


@case
def a_run_becomes_a_test_and_is_rehearsed():
    playbook = """function main(p)
  step "Look"
  local seen = http.get("http://127.0.0.1:1/", { timeout = "1s" })
  local answer = approve { "Go?", by = "ana", deadline = "5m" }
  local sent = pcall(notify, "ana", "t", {})
  finish(answer.how, seen.why)
end
"""
    with tempfile.TemporaryDirectory(prefix="words.") as folder:
        def muster(*words):
            return subprocess.run([MUSTER, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)

        with open(os.path.join(folder, "muster.lua"), "w") as f:
            f.write('return { state = "state", people = { ana = { account = "root", contact = { "push:ana" } } },\n'
                    '  channels = { push = { kind = "webhook", url = "http://127.0.0.1:1/" } } }\n')
        renamed = playbook.replace("function main(p)", "function main(p)\n  if p.votes ~= 3 then finish('other') end")
        for version, text in (("old", playbook), ("renamed", renamed), ("new", playbook.replace('step "Look"', 'step "Look better"').replace('"ana", deadline', '"ana", quorum = 1, deadline'))):
            os.makedirs(os.path.join(folder, version, "templates"))
            with open(os.path.join(folder, version, "playbook.lua"), "w") as f:
                f.write(HEADER % (version, 'votes = param.integer "V"' if version == "renamed" else 'quorum = param.integer "Q"') + text)
            with open(os.path.join(folder, version, "templates", "t.md"), "w") as f:
                f.write("Subject: x\n\ny\n")
        done = muster("run", "./old", "quorum=2", "--wait", "--yes")
        assert done.returncode == 0, done.stdout
        done = muster("fixture", "last", "--into", "old/test.lua")
        assert done.returncode == 0 and "one more test" in done.stdout, done.stdout
        assert "config of its own" not in done.stdout, done.stdout
        done = muster("test", "./old")
        assert done.returncode == 0 and "ok      as in old.1" in done.stdout, done.stdout
        with open(os.path.join(folder, "own.lua"), "w") as f:
            f.write("config { people = {} }\n")
        done = muster("fixture", "last", "--into", "own.lua")
        assert "own.lua has a config of its own, and the run had that of the folder" in done.stdout, done.stdout
        with open(os.path.join(folder, "old", "test.lua")) as f:
            before = f.read()
        done = muster("fixture", "last", "--into", "old/test.lua")
        assert done.returncode == 2 and "old/test.lua has a test of this run already" in done.stdout, done.stdout
        with open(os.path.join(folder, "old", "test.lua")) as f:
            assert f.read() == before
        for words, code, says in (((), 2, "renamed 1.0.0 has no parameter quorum, which the run had: add quorum= to leave it out"),
                                  (("quorum=",), 2, "renamed 1.0.0 needs a parameter votes, which the run had not: add votes=VALUE"),
                                  (("quorum=", "vots=3"), 2, "renamed 1.0.0 has no parameter vots: did you mean votes?"),
                                  (("quorum=", "votes=many"), 1, "parameter votes (V) takes an integer"),
                                  (("quorum", "votes=3"), 2, '"quorum" is no parameter: key=value'),
                                  (("quorum=", "votes=3"), 0, "it does the same"),
                                  (("quorum=", "votes=4"), 1, "+ other")):
            done = muster("rehearse", "last", *words, "--with", "./renamed")
            assert done.returncode == code and says in done.stdout and "test.lua:" not in done.stdout, (words, done)
        done = muster("rehearse", "last", "--with", "./old")
        assert done.returncode == 0 and "it does the same" in done.stdout, done.stdout
        done = muster("rehearse", "last", "--with", "./new")
        assert done.returncode == 1 and "- Look\n" in done.stdout and "+ Look better\n" in done.stdout, done.stdout
        for name, change, says in (("asker", ('  local answer = approve { "Go?", by = "ana", deadline = "5m" }', '  local answer = { how = "approved" }'), "- approve ana: Go? => approved"), ("silent", ('"Go?"', '"Coffee?"'), "+ approve ana: Coffee? => "),
                                   ("teller", ("Subject: x", "Subject: all is lost"), "+ ana: all is lost")):
            shutil.copytree(os.path.join(folder, "old"), os.path.join(folder, name))
            for path, text in (("playbook.lua", HEADER % (name, 'quorum = param.integer "Q"') + playbook), ("templates/t.md", "Subject: x\n\ny\n")):
                with open(os.path.join(folder, name, path), "w") as f:
                    f.write(text.replace(*change))
            done = muster("rehearse", "last", "--with", f"./{name}")
            assert done.returncode == 1 and says in done.stdout, (name, done.stdout)
        for words, says in ((["rehearse", "last"], "which playbook"), (["rehearse", "last", "--with", "./nosuch"], "nosuch"), (["fixture", "nosuch.7"], "nosuch.7")):
            done = muster(*words)
            assert done.returncode == 2 and says in done.stdout, done.stdout
        muster("run", "./old", "quorum=2", "--wait", "--dry-run")
        done = muster("fixture", "old.2")
        assert done.returncode == 2 and "is a dry run" in done.stdout, done.stdout


# --- what must not pass -------------------------------------------------------------------------------


@case
def expectations_can_fail():
    wrong = {
        'run:expect_result("other")': "- other.*\\+ moved",
        'run:expect_acts {}': r"\+ zone.set_mx example.com",
        'run:expect_acts { "zone.set_mx example.org" }': r"- zone.set_mx example.org",
        'run:expect_acts { "zone.set_mx example.c" }': r"- zone.set_mx example.c\n +\+ zone.set_mx example.com",
        'run:expect_acts { "zone.set" }': r"- zone.set\n",
        'run:expect_acts { "" }': r"\+ zone.set_mx example.com",
        'run:expect_steps { "Move", "More" }': "- More",
        'run:expect_undo {}': r"\+ Back",
        'run:expect_told("ana")': "ana was not told",
        'run:expect_asked { title = "Go?" }': "nobody was asked like that",
        'run:expect_took { at_least = "1h" }': "- 1h to ever",
        'run:expect_parked()': "- parked: anyhow",
        'run:expect_finding("warn")': "no such finding",
        'run:expect_milestones { "detected" }': "- detected",
        'expect(1, 2, "the number")': "the number is not as expected",
    }
    for line, says in wrong.items():
        said = fails(MOVE, test(ZONE + "  local run = world:run()\n  " + line), "(?s)" + says, r"test\.lua:11: ")
        assert "NOT OK" in said and "ACT        zone.set_mx" in said, said  # what the run did
    fails(ASK, test('  world:person("ana", {})\n  world:run():expect_not_asked()'), "somebody was asked")
    fails(ASK, test('  world:person("ana", {})\n  world:run():expect_not_told("ana")'), "ana was told")


@case
def an_act_is_named_in_whole_words():
    drill = 'drill = { scenarios = { bad = { faults = { "fails smtp.probe timeout" }, acts = { "zone.set_mx %s" } } } },\n  params'
    for named, is_met in (("example.com", True), ("example.com 10", True), ("{d}", True), ("example.c", False), ("example.com 1", False)):
        header = (HEADER % ("p", 'd = param.domain "D" { default = "example.com" }')).replace("params", drill % named, 1)
        passes("", test(ZONE + f"""  local run = world:drill({{}}, {{ scenario = "bad" }})
  run:expect_scorecard {{ "zone.set_mx {named.replace('{d}', 'example.com')}{'' if is_met else ': MISS'}" }}"""), files=[("playbook.lua", header + MOVE)])


@case
def every_failure_of_a_test_is_told():
    said = fails(MOVE, test(ZONE + '  local run = world:run()\n  run:expect_result("a")\n  run:expect_steps {}'), "- a", r"\+ Move")
    assert "0 passed, 1 failed" in said, said


@case
def a_test_that_breaks_off_leaves_the_others():
    said = fails(MOVE, test("  error('oops')", "bad") + test("  local x = nil + 1", "worse") + test(ZONE + '  world:run():expect_result("moved")', "good"),
                 "it broke off: test.lua:9: oops", "it broke off: .*arithmetic on a nil", "ok      good")
    assert "1 passed, 2 failed" in said, said


@case
def what_is_wrong_in_a_test_file_is_one_error():
    good = test(ZONE + "  world:run()")
    for tests, says in {
        "test(": r"test.lua:\d+:",
        'tset("x", function() end)': r'test.lua:8: unknown name "tset": did you mean test',
        'test("x")': r"test.lua:8: test takes a name and a function",
        good + good: r'test.lua:\d+: there is a test "it" already, in line 8',
        'test("b\\255d", function() end)': r"test.lua:8: the name of a test is UTF-8.* octet 2 of this one",
        "": r"there is no test in it",
        'config { domains = {} }': "config stands here twice",
    }.items():
        fails(MOVE, tests, says, code=2)
    fails(MOVE, good, r"test.lua: config: unknown key domians: did you mean domains\?", code=2, config="config { domians = {} }\n")
    for body, says in {
        'world:fact("dns.rset", "x", {})': 'test.lua:9: there is no fact "dns.rset"',
        'world:fails("zone.set_mx", "often")': 'test.lua:9: "often" is no way to fail',
        'world:smtp("mx", "away")': "test.lua:9: smtp takes a host and up, refused",
        'world:person("ana", { say = "yes" })': 'test.lua:9: person has no key "say"',
        'world:at("soon"):smtp_up("x")': "test.lua:9: at takes a duration",
        'world:at("1m", 7)': "test.lua:9: at takes a duration, and a function",
        'world:provider("dns", "refusd")': "test.lua:9: provider takes up, refused.*got refusd: did you mean refused",
        'world:channel("push", "dwon")': "test.lua:9: channel takes up, down.*got dwon",
        'world:child("q", { state = "fine" })': "test.lua:9: child takes finished.*got fine",
        'world:run():expect_took {}': "test.lua:9: expect_took takes at_least, at_most or both",
        'world:run { nosuch = 1 }': "test.lua:9: .*nosuch",
        'world:run({}, { playbook = "nosuch" })': "test.lua:9: .*nosuch",
        'world:fails("zone.set_mx", "refused", { class = "x" })': 'test.lua:9: "x" is no class of errors',
    }.items():
        fails(MOVE, test("  " + body), "it broke off: " + says)


@case
def values_are_compared_as_they_are():
    for got, wanted in (('"3"', "3"), ("nil", '"null"'), ("{ 1, nil, 3 }", "{ 1, nil, 4 }"), ("{ a = 1 }", "{ a = 1, b = 2 }"), ("true", '"true"'),
                        ("{ world:run() }", "{ world:run() }")):
        said = fails(MOVE, test(f"{ZONE}  expect({got}, {wanted})"))
        assert "is not as expected" in said, said
    said = fails(MOVE, test(f"{ZONE}  expect({{ 1, nil, {{ a = 3 }} }}, {{ 1, nil, {{ a = 4 }} }})"))
    assert "- it[3].a = 4" in said and "+ it[3].a = 3" in said, said
    assert '- 3 (number)' in fails(MOVE, test('  expect("3", 3)')) and '+ "3" (a text)' in fails(MOVE, test('  expect("3", 3)'))
    passes(MOVE, test('  expect({ 1, { a = "x" } }, { 1, { a = "x" } })\n  expect(1, 1.0)\n  expect(nil, nil)'))


@case
def detect_only_looks():
    """As under muster serve: a watch that is dead there has no green tests."""
    book = """function detect() notify("ana", "moved", {}) return { verdict = "down" } end
function main() finish("x") end
"""
    files = [("templates/moved.md", "Subject: Moved\\n\\nMoved\\n")]
    for word in ("run", "drill"):
        fails(book, test(f"  world:{word} {{}}"), "notify changes something, and detect only looks: move it to main", files=files)


@case
def several_things_happen_at_once_later():
    passes(looks_at("mx1.example.com"), test('  world:mail_server("mx1.example.com", "192.0.2.1", "timeout")\n  world:at("3m", function(later)\n    later:smtp_up("mx1.example.com")\n'
                                             '  end)\n  local run = world:run()\n  run:expect_result("up")\n  run:expect_took { at_least = "3m", at_most = "4m" }'))


def looks_at(host):
    return f"""function main()
  while smtp.probe("{host}").verdict ~= "up" do sleep("1m") end
  finish("up")
end
"""


@case
def names_that_nobody_has_are_errors():
    tell = """function main()
  notify("all", "down", {})
  smtp.probe("mx1.example.com")
  finish("told")
end
"""
    files = [("templates/down.md", "Subject: d\n\nIt is down\n")]
    played = "world:run():"
    for body, says in {
        'world:channel("psh", "down")': 'there is no channel "psh" .*: did you mean push',
        'world:at("5m"):channel("psh", "down")': 'there is no channel "psh" .*: did you mean push',
        'world:provider("dsn", "lies")': 'there is no provider "dsn" .*: did you mean dns',
        'world:fact("provider", "dsn", { state = "lies" })': 'there is no provider "dsn"',
        'world:person("anna", { says = "yes" })': 'there is no person "anna" .*: did you mean ana',
        'world:command("nosuch", { exit_code = 1 })': 'there is no command "nosuch"',
        'world:fails("notifi", "lies")': 'there is no verb "notifi" .*: did you mean notify',
        'world:result("smtp.prob", { ok = true })': 'there is no verb "smtp.prob" .*: did you mean smtp.probe',
        'world:fails("smtp.probe", "lies")': 'smtp.probe only looks, so "lies" is no way for it to fail',
        'world:fails("notify", "refused", { target = "al" })': '"al" is no audience.*; did you mean "all"',
        played + 'expect_not_told("al")': '"al" is no audience.*; did you mean "all"',
        played + 'expect_told("al")': '"al" is no audience.*; did you mean "all"',
        played + 'expect_not_told("all", "dwon")': 'there is no template "dwon" .*: did you mean down',
        played + 'expect_not_told("all", "restored")': 'there is no template "restored"',
        'world:smtp_down("mx1.example.com")': r"this world has no host mx1.example.com: ordinary\(\)",
        'world:mail_server("mx1.example.com", "192.0.2.1"):smtp_up("mx1.exmaple.com")': r"this world has no host mx1.exmaple.com: did you mean mx1.example.com\?",
        'world:address("a.example", "192.0.2.1"):address("b.example", "192.0.2.2"):smtp_down("a.example", "b.example")': "smtp_down takes one host: b.example",
        'world:nameservers("example.com", "ns1.example.net"):dns_lags("ns2.example.org", "1m")': "this world has no name server ns2.example.org: did you mean ns1.example.net",
        'world:nameservers("example.com", "ns1.example.net"):dns_silent("resolvr")': "this world has no name server resolvr",
        'world:fact("provider", "dns", { stat = "lies" })': 'the fact provider has no key "stat": it is one of state.why; did you mean state',
        'world:http("GET https://a.example/", { staus = 500 })': 'http has no key "staus"',
        'world:result("smtp.probe", { verdict = "dwon" })': 'smtp.probe never gives the verdict "dwon".*; did you mean down',
        HOST + ':smtp("mx1.exmaple.com", "timeout")': r"this world has no host mx1.exmaple.com: did you mean mx1.example.com\?",
        HOST + ':fact("smtp.host", "mx1.exmaple.com", { state = "timeout" })': "this world has no host mx1.exmaple.com: did you mean",
        HOST + ':smtp("mx1.example.com", "up", { certificate = { days_lft = 1 } })': 'certificate has no key "days_lft"',
        HOST + ':mx("example.com", "10 a.example.net", 300, { at = "resovler" })': r"this world has no name server resovler: did you mean resolver\?",
        'world:nameservers("example.com", "ns1.example.net"):rrset("example.com", "MX", {}, 300, { at = "ns2.example.net" })': "this world has no name server ns2.example.net: did you mean ns1",
        'world:dns_lags("ns7.example.org", "10m")': r"this world has no name server ns7.example.org: world:nameservers\(",
        'world:dns_silent("ns7.example.org")': "this world has no name server ns7.example.org: ",
        'world:smtp("mx 1", "up")': 'smtp: "mx 1" is not an owner name: a space',
        'world:fact("dns.rrset", "example.com", {})': "the key of the fact dns.rrset is NAME/TYPE",
        'world:fact("provider", "dns", { state = "busi" })': 'the fact provider has no state "busi": .*did you mean busy',
        'world:fact("child", "q", { state = "fine" })': 'the fact child has no state "fine"',
        'world:fails("notify", "refused", { times = "none" })': "times takes a number, 1 or more, got none",
        'world:person("ana", { times = 0 })': "times takes a number, 1 or more, got 0",
        'world:result("smtp.probe", { ok = true }, { times = 1.5 })': "times takes a number",
        'world:result("smtp.probe", { ok = true }, { target = "mx1.exmaple.com" }) ' + played + 'expect_result("told")':
            r'no call of smtp.probe had the target "mx1.exmaple.com": did you mean mx1.example.com\?',
        'test("never played", function() end)': "test stands inside a test",
        "ordinary(function() end)": "ordinary stands inside a test",
    }.items():
        fails(tell, test("  " + body), r"it broke off: test\.lua:9: " + says, files=files)
    fails(tell, test("  world:run()"), r"it broke off: test\.lua:8: this test expects nothing", files=files)
    fails(MOVE, test(ZONE + '  world:fails("zone.set_mx", "refused", { target = "example.com MX" })\n  world:run():expect_result("moved")'),
          'test.lua:10: no call of zone.set_mx had the target "example.com MX": did you mean example.com')
    # What may look like one: a part of what is said, somebody with an account, a refusal of a probe.
    passes(tell, test("""  world:person("root", { says = "yes", unasked = true })
  world:fails("smtp.probe", "timeout")
  world:nameservers("example.com", "ns1.example.net"):dns_silent("resolver"):dns_silent("ns1.example.net."):dns_lags("ns1.example.net", "1m")
  world:address("mx1.example.com", "192.0.2.1"):smtp_down("192.0.2.1"):smtp_down("mx1.example.com.", "it is off")
  local run = world:run()
  run:expect_told("all", "down")
  run:expect_told("ana", "It is")
  run:expect_not_told("boss", "down")
  run:expect_not_told("ana", "another thing")"""), files=files)


@case
def whoever_was_made_by_any_word_is_there():
    ask = """function main()
  local r = mail.inbound("example.com")
  finish(r.verdict, r.why)
end
"""
    made = {
        'world:rrset("mx1.example.com", "A", { "192.0.2.77" }):rrset("mx1.example.com", "AAAA", {})': "mx1.example.com",
        'world:rrset("MX1.example.com.", "a", { "192.0.2.77" }):address("mx1.example.com", "192.0.2.77")': "Mx1.Example.com.",
        'world:fact("dns.rrset", "mx1.example.com/A", { ttl = 300, records = { "192.0.2.77" } }):rrset("mx1.example.com", "AAAA", {})': "MX1.example.com",
        'world:address("mx1.example.com", "2001:db8::7")': "2001:DB8:0:0::7",
        'world:mail_server("mx1.example.com", "192.0.2.77")': "192.0.2.77:25",
    }
    for words, host in made.items():
        for fault, result in ((f'smtp_down("{host}")', "down"), (f'smtp("{host}", "timeout")', "down"), (f'smtp_up("{host}")', "up")):
            passes(ask, test(f"""  world:mx("example.com", "10 mx1.example.com")
  {words}
  world:{fault}
  world:run():expect_result("{result}")"""))
    # A world of mail servers alone, which a playbook asks by name; one that an MX alone names; servers that are asked by address.
    passes(looks_at("mx1.example.com"), test("""  world:smtp("mx2.example.com", "up"):smtp("mx1.example.com", "timeout"):at("5m"):smtp_up("MX1.example.com")
  world:mx("example.com", "10 mx9.example.com"):smtp_down("mx9.example.com")
  world:dns_silent("192.0.2.53"):mx("example.com", "10 mx1.example.com", 300, { at = "192.0.2.54" })
  world:run():expect_took { at_least = "5m", at_most = "6m" }"""))
    # A target is compared as a name; one that other tests or the playbook name may meet nothing.
    passes(MOVE, test(ZONE + """  world:fails("zone.set_mx", "refused", { target = "Example.COM." })
  world:result("smtp.probe", { ok = true, verdict = "up" }, { target = "mx-c.example.com" })
  world:run():expect_result("error")"""))
    look = 'function main()\n  if false then smtp.probe("mx-b.example.com") end\n  finish(smtp.probe("mx-a.example.com").verdict)\nend\n'
    passes(look, test("""  world:result("smtp.probe", { ok = true, verdict = "up" }, { target = "mx-a.example.com" })
  world:result("smtp.probe", { ok = true, verdict = "down" }, { target = "mx-b.example.com" })
  world:run():expect_result("up")"""))


@case
def a_playbook_without_tests_is_told():
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "p"))
        with open(os.path.join(folder, "p", "playbook.lua"), "w") as f:
            f.write(HEADER % ("p", "") + MOVE)
        done = subprocess.run([MUSTER, "test", "./p"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 2 and "there is no test.lua" in done.stderr, done


@case
def nothing_is_played_that_was_not_meant():
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "relay"))
        open(os.path.join(folder, "relay", "x.lua"), "w").close()
        for words, says in (([], "there are no playbooks with a test.lua here: name one, or go where playbooks/ is"), (["./rellay"], r'no playbook "./rellay": there is no such folder \(did you mean ./relay\?\)\n'),
                            (["./relay/x.lua"], "that is a file, and a playbook is the folder in which its playbook.lua is"), (["relay/test.lua"], "relay/playbook.lua"),
                            ([folder + "/nosuch/"], 'nosuch/": there is no such folder\n'), (["relay", "--tap", "--json"], "--tap or --json, not both")):
            done = subprocess.run([MUSTER, "test", *words], cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 2 and " ok " not in done.stdout and re.search(says, done.stdout + done.stderr), done


@case
def a_test_can_t_reach_the_host():
    for body in ('io.open("/etc/passwd")', 'os.execute("true")', 'require("x")', 'load("return 1")()'):
        fails(MOVE, test("  " + body), "it broke off: test.lua:9: ")


@case
def a_test_that_hangs_is_ended():
    fails(MOVE, test("  while true do end"), "it broke off: .*still computing")


@case
def nothing_stays_of_one_that_is_ended():
    endless = "function main()\n  while true do end\nend\n"
    ways = [(["test", "./p"], number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)]
    ways += [(["run", "./p", "--world", "sim"], number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)]
    for words, number in ways:
        with tempfile.TemporaryDirectory(prefix="words.") as folder:
            os.makedirs(os.path.join(folder, "p"))
            os.makedirs(os.path.join(folder, "tmp"))
            for path, text in [("playbook.lua", HEADER % ("p", "") + endless), ("test.lua", CONFIG + test("  world:run()") + test("  world:run()", "two"))]:
                with open(os.path.join(folder, "p", path), "w") as f:
                    f.write(text)

            def left():
                """State folders, and processes that were started here: muster, its tests and what removes their folders."""
                found = os.listdir(os.path.join(folder, "tmp"))
                for pid in filter(str.isdigit, os.listdir("/proc")):
                    try:
                        here = os.readlink(f"/proc/{pid}/cwd") == folder and open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
                    except OSError:  # it has just ended
                        here = False
                    found += [f"process {pid}"] if here else []
                return found

            process = subprocess.Popen(["env", "--default-signal=INT", MUSTER, *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env={**os.environ, "TMPDIR": os.path.join(folder, "tmp"), "MUSTER_STATE": os.path.join(folder, "state")})
            within(10, lambda: any("muster-test" in one for one in left()))
            process.send_signal(number)
            assert process.wait(timeout=10) == -number, (words, number, process.returncode)
            within(3, lambda: left() == [])  # a test computes for five seconds, and none may go on for so long
            assert left() == [], f"{words[0]}, {number.name}: {left()} stays"


# --- how it is told -----------------------------------------------------------------------------------


@case
def machines_can_read_it():
    tests = test(ZONE + '  world:run():expect_result("moved")', "a <good> & #1") + test(ZONE + '  world:run():expect_result("x")', "bad")
    with tempfile.NamedTemporaryFile(suffix=".xml") as junit:
        code, out, err = run(MOVE, tests, "--tap", "--junit", junit.name)
        assert code == 1, err
        assert out.startswith("TAP version 14\nok 1 - p: a <good> & \\#1\n"), out
        assert re.search(r"^not ok 2 - p: bad\n  ---\n  duration_ms: \d+\n  message: \|2\n    test.lua:14: the run ended otherwise$", out, re.M), out
        assert re.search(r"^  transcript: \|2\n    p.1\n +0ms  RUN  (?s:.*)ACT +zone.set_mx example.com", out, re.M), out
        assert out.endswith("1..2\n"), out
        suite = xml.dom.minidom.parse(junit.name).getElementsByTagName("testsuite")[0]
        assert (suite.getAttribute("tests"), suite.getAttribute("failures")) == ("2", "1")
        assert [c.getAttribute("name") for c in suite.getElementsByTagName("testcase")] == ["a <good> & #1", "bad"]
        assert "ACT        zone.set_mx example.com" in suite.getElementsByTagName("failure")[0].firstChild.data
    code, out, err = run(MOVE, test(ZONE + '  world:run():expect_result("a\\27[31m\\1z")'), "--tap")
    assert code == 1 and "    - a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}z" in out.replace("      -", "    -"), out
    assert not re.search("[\0-\x09\x0b-\x1f\x7f]", out), out  # YAML holds no such character
    with tempfile.NamedTemporaryFile(suffix=".xml") as junit:
        strange = '\\u{FFFE}\\u{FFFF}'
        code, out, err = run(f'function main() step "{strange}" finish("up", "{strange}") end', test(f'  world:run():expect_result("down{strange}")', f"a{strange}"), "--tap", "--junit", junit.name)
        assert code == 1 and not re.search("[\ufffe\uffff]", out) and "a\N{REPLACEMENT CHARACTER}" in out, out
        assert len(xml.dom.minidom.parse(junit.name).getElementsByTagName("failure")) == 1
    code, out, err = run(MOVE, tests, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["ok"] for row in rows] == [True, False] and rows[0]["runs"][0]["rows"][0]["verb"] == "start", out


@case
def a_long_run_has_a_result_and_what_differs_is_found_in_it():
    noisy = """function main()
  for i = 1, 300 do evidence("page " .. i, string.rep("x", 60000)) sleep("1m") end
  finish("done")
end
"""
    out = passes(noisy, test('  local run = world:run()\n  run:expect_result("done")\n  expect(#run.evidence, 300)\n  expect(run.rows[1].verb, "start")'), "--json")
    assert len(out) > 17_000_000 and json.loads(out)["ok"], out[:300]  # no buffer of 16 MiB cuts it
    looks = """function main()
  step "Look"
  for i = 1, 1440 do
    local found = smtp.probe("mx1.example.com")
    evidence("look " .. i, "x")
    if found.verdict == "up" then milestone("mitigated") end
    sleep("1m")
  end
  finish("done")
end
"""
    world = '  world:mail_server("mx1.example.com", "192.0.2.1", "timeout")\n  world:at("700m"):smtp_up("mx1.example.com")\n  world:at("701m"):smtp_down("mx1.example.com")\n'
    said = fails(looks, test(world + '  world:run():expect_result("x")'))
    run = [line.split() for line in said[said.index("STEP") :].splitlines()[1:13]]
    assert [" ".join(words[:4]) for words in run] == [
        "0ms probe smtp.probe: down", "0ms evidence look 1", "... 699 more like", "11h40m probe smtp.probe: down", "11h40m evidence look 701",
        "11h41m probe smtp.probe: up", "11h41m evidence look 702", "11h41m milestone mitigated at", "11h42m probe smtp.probe: down",
        "11h42m evidence look 703", "... 736 more like", "23h59m probe smtp.probe: down"], said
    assert "699 more like these 2 lines, until 11h39m" in said and "look 1440" in said and " END " in said, said
    assert len(said.splitlines()) < 30, said


@case
def what_can_t_be_read_is_a_failed_test_and_the_others_are_played():
    good = "function main()\n  finish('done')\nend\n"
    with tempfile.TemporaryDirectory() as folder:
        for name, playbook, tests in (("a", good, ""), ("b", good, "{\n"), ("c", good + "}\n", "")):
            book = os.path.join(folder, "playbooks", name)
            os.makedirs(book)
            with open(os.path.join(book, "playbook.lua"), "w") as f:
                f.write(HEADER % (name, "") + playbook)
            with open(os.path.join(book, "test.lua"), "w") as f:
                f.write(CONFIG + test('  world:run():expect_result("done")') + tests)

        def muster(*words):
            done = subprocess.run([MUSTER, "test", *words], cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 2, done
            return done.stdout

        for words in ((), ("a", "b", "c")):
            out = muster(*words)
            assert "ok      it" in out and "1 passed, 2 failed" in out, out
            assert re.search(r"NOT OK  can be read .*\n +it can't be read: \S*playbooks/b/test.lua:12: ", out), out
            assert re.search(r"it can't be read: \S*playbooks/c/playbook.lua:8: ", out), out
        os.makedirs(os.path.join(folder, "playbooks", "d"))
        with open(os.path.join(folder, "playbooks", "d", "playbook.lua"), "w") as f:
            f.write(HEADER % ("d", "") + good)
        done = subprocess.run([MUSTER, "test"], cwd=folder, capture_output=True, text=True, check=False)
        assert "muster test: without a test.lua: d\n" in done.stderr and "without" not in done.stdout, done
        out = muster("--tap", "--junit", "out.xml")
        assert re.search(r"^ok 1 - a: it\n(?s:.*)^not ok 2 - \S*b: can be read\n(?s:.*)^not ok 3 - \S*c: can be read\n(?s:.*)^ok 4 - d: has tests # SKIP there is no test.lua\n(?s:.*)^1\.\.4$", out, re.M), out
        suites = xml.dom.minidom.parse(os.path.join(folder, "out.xml")).getElementsByTagName("testsuite")
        assert [tuple(suite.getAttribute(key) for key in ("errors", "failures", "skipped")) for suite in suites] == [("0", "0", "0"), ("1", "0", "0"), ("1", "0", "0"), ("0", "0", "1")]
        assert suites[3].getElementsByTagName("skipped")[0].getAttribute("message") == "there is no test.lua"
        assert muster("--tap", "d") == "TAP version 14\nBail out! stderr says why\n"
        assert "playbooks/b/test.lua:12: " in suites[1].getElementsByTagName("error")[0].getAttribute("message")


@case
def coverage_names_what_nobody_reached():
    playbook = """function main()
  step "One"
  local n = 0
  for i = 1, 3 do if i > 1 then n = n + i end end
  if n == 5 then n = 6 else n = 0 end
  local f = function() return n end
  while n < 0 do n = 1 end
  if n == 0 then
    step "Two"
    return finish("never")
  elseif n == 1 then n = 2
  end
  repeat local g = function() return 1 end until g() == 1
  finish("done")
end
"""
    out = passes(playbook, test('  world:run():expect_result("done")'), "--coverage")
    assert "reached 1 of 2 steps, 7 of 12 branches" in out, out
    missed = re.findall(r"playbook\.lua:(\d+): (.*)", out)
    assert missed == [("9", "the condition was never false"), ("10", "the function was never called"), ("11", "the loop's body was never entered"),
                      ("12", "the condition was never true"), ("13", 'step "Two" was never reached'), ("15", "the condition was never true")], missed


@case
def only_some_are_played():
    tests = "".join(test(ZONE + '  world:run():expect_result("moved")', name) for name in ("one", "two"))
    out = passes(MOVE, tests, "--only", "tw")
    assert "1 passed" in out and "  one  " not in out, out
    code, out, err = run(MOVE, tests, "--only", "three")
    assert code == 2 and 'no test has "three" in its name' in err, err


@case
def what_the_documentation_plays_by_hand():
    """Its lines about shipped playbooks, as they stand; and no shipped playbook lacks the world that it looks at."""
    with open(os.path.join(HERE, "..", "..", "docs", "testing.md")) as f:
        lines = [line.strip() for line in f if line.startswith("muster run ") and "--world sim" in line]
    shipped = [shlex.split(line)[1:] for line in lines if not line.startswith("muster run ./")]
    ends = {words[1]: quietly(*words) for words in shipped}
    assert ends["mx-failover"][0] == 0 and "failed_over: " in ends["mx-failover"][1], ends
    assert ends["smtp-outage"][0] == 0 and "restored: " in ends["smtp-outage"][1], ends
    params = {"mx-failover": ["domain=example.com"], "mx-failback": ["domain=example.com"], "smtp-outage": ["host=mx1.example.com"],
              "standby-check": ["domain=example.com"], "mx-failover-drill": ["domain=drill.example.net"], "oncall-reachability-drill": [],
              "stakeholder-broadcast": ["domain=example.com", "what=Mail is late"], "blocklisted": ["domain=example.com"],
              "dns-drift": ["domain=example.com"]}
    results = {"mx-failover": "no_action", "mx-failback": "failed_back", "smtp-outage": "no_action", "standby-check": "fit",
               "mx-failover-drill": "met", "oncall-reachability-drill": "all_answered", "stakeholder-broadcast": "resolved",
               "blocklisted": "clean", "dns-drift": "as_kept"}
    assert sorted(params) == sorted(os.listdir(os.path.join(HERE, "..", "..", "playbooks")))
    for name, words in params.items():
        team = {"standby-check": ["ana"], "mx-failover-drill": ["ana"], "blocklisted": ["ana"], "dns-drift": ["ana"]}.get(name, ["ana", "bo", "cleo"])
        says = "resolved" if name == "stakeholder-broadcast" else "yes"
        people = [word for who in team for word in ("--fault", f"person {who} {says} 1m")]
        code, said = quietly("run", name, *words, "--world", "sim", *people)
        assert results[name] + ": " in said and "knows nothing" not in said, (name, code, said)


def quietly(*words):
    done = subprocess.run([MUSTER, *words], cwd=os.path.join(HERE, "..", ".."), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


@case
def a_fault_on_a_name_nobody_knows_is_an_error():
    day = 'ordinary(function(world) world:mail_server("mx-a.example.com", "192.0.2.1") end)'
    for fault, words in [("smtp_down mx-aa.example.com", "has no host mx-aa.example.com: did you mean mx-a.example.com?"),
                         ("at 5m smtp_up mx-aa.example.com", "no host mx-aa.example.com"), ("person anna yes", "did you mean ana?"),
                         ("provider dsn lies", "did you mean dns?"), ("channel pusch down", "did you mean push?")]:
        code, said = by_hand(ASK, day, "--fault", fault)
        assert code == 2 and words in said, (code, said)
    code, said = by_hand(ASK, "", "--fault", "smtp_down x.example.com")
    assert code == 2 and "ordinary() of test.lua makes its hosts" in said, said
    code, said = by_hand(ASK, day, "--dry-run")
    assert code == 2 and "--world sim or --dry-run, not both" in said, said
    code, said = by_hand(ASK, day, *["--fault", "smtp_down mx-a.example.com"] * 33)
    assert code == 2 and "more than 32 times --fault" in said, said
    code, said = by_hand(ASK, day, "--reason", "x")
    assert code == 2 and "--reason does not go with the other options here" in said, said


@case
def whoever_plays_by_hand_sees_what_is_asked():
    show = ASK.replace('by = "ana"', 'by = "ana", show = { ["if we wait"] = "senders retry" }')
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "p"))
        for path, text in [("playbook.lua", HEADER % ("p", "") + show), ("test.lua", CONFIG)]:
            with open(os.path.join(folder, "p", path), "w") as f:
                f.write(text)
        pid, screen = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execv(os.path.abspath(MUSTER), ["muster", "run", "./p", "--world", "sim"])
        said, answers = "", [b"maybe\n", b"yes: DC2 lost power\n"]
        try:
            while True:
                said += os.read(screen, 65536).decode()
                if answers and said.count(" > ") == 3 - len(answers):
                    os.write(screen, answers.pop(0))
        except OSError:  # it has ended
            pass
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, said
        os.close(screen)
    assert "senders retry" in said.split(" > ")[0] and "Please say yes or no" in said and "approved: DC2 lost power" in said, said


@case
def what_can_not_be_written_is_no_success():
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "p"))
        for path, text in [("playbook.lua", HEADER % ("p", "") + MOVE), ("test.lua", CONFIG + test(ZONE + '  world:run():expect_result("moved")'))]:
            with open(os.path.join(folder, "p", path), "w") as f:
                f.write(text)
        for words in (["test", "./p", "--tap"], ["check", "./p"], ["doc", "--luacats"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([MUSTER, *words], cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True)
            assert done.returncode == 1 and "could not be written" in done.stderr, (words, done)


@case
def watching_plays_again():
    with tempfile.TemporaryDirectory() as folder:
        book = os.path.join(folder, "p")
        os.makedirs(book)
        with open(os.path.join(book, "playbook.lua"), "w") as f:
            f.write(HEADER % ("p", "") + MOVE)
        path = os.path.join(book, "test.lua")
        with open(path, "w") as f:
            f.write(CONFIG + test(ZONE + '  world:run():expect_result("moved")'))
        process = subprocess.Popen([MUSTER, "test", "./p", "--watch"], cwd=folder, stdout=subprocess.PIPE, text=True)
        try:
            said = iter(process.stdout.readline, "")
            assert any("1 passed, 0 failed" in line for line in said)
            assert "waiting for a change" in next(said)
            with open(path, "a") as f:
                f.write(test(ZONE + '  world:run():expect_result("other")', "new"))
            assert any("1 passed, 1 failed" in line for line in said)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=10) == 0


def main():
    failed = 0
    for one in CASES:
        name = one.__name__
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        began = time.monotonic()
        try:
            one()
            print(f"ok testing {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception as trouble:  # every case is told
            failed += 1
            print(f"NOT OK testing {name}: {trouble if isinstance(trouble, AssertionError) else repr(trouble)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
