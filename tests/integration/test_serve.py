#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The supervisor: watches with hysteresis, wedged and failing looks, schedules, runs that get another executor,
reloads, heartbeat, what systemd is told, and how it ends. Real processes, an SMTP host whose answer is chosen, a
state folder of its own for each case; words behind it choose cases. Prints `ok NAME` or `NOT OK NAME: why`."""
import errno
import hashlib
import http.server
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from serving import MUSTER, PATIENCE_S, case, wait_for

CASES = []

WATCHED = """playbook { name = "watched", version = "1.0.0", owner = "ops", summary = "Port 25 is gone.", may_change = { "http.post" },
  exclusive = "port:{port}", watch = { every = "1s", confirm = 3, clear = 2, again_after = "30m" },
  params = { port = param.integer "Which" }, changelog = { ["1.0.0"] = "First" } }
function detect(p) return smtp.probe("127.0.0.1", { port = p.port }) end
function main(p, samples)
  step "What was seen"
  evidence("row", { count = #samples, first = samples.first.verdict, last = samples.last.verdict, at = samples.first.at })
  finish("seen", samples.last.why)
end
"""
WEDGED = """playbook { name = "wedged", version = "1.0.0", owner = "ops", summary = "Never answers.", may_change = {},
  watch = { every = "1s", confirm = 1, clear = 1 }, params = {}, changelog = { ["1.0.0"] = "First" } }
function detect() sleep "1h" return { verdict = "down" } end
function main() finish("x") end
"""
LAME = WEDGED.replace('name = "wedged"', 'name = "lame"').replace("params = {}", 'params = { n = param.integer "Which" }')
ACTING = """playbook { name = "acting", version = "1.0.0", owner = "ops", summary = "Acts in detect.", may_change = { "http.post" },
  watch = { every = "1s", confirm = 1, clear = 1 }, params = { url = param.string "Where" }, changelog = { ["1.0.0"] = "First" } }
function detect(p) http.post(p.url, { json = { 1 } }) return { verdict = "down" } end
function main() finish("x") end
"""
SHORT = """playbook { name = "short", version = "1.0.0", owner = "ops", summary = "A drill.", may_change = {},
  exclusive = "short:{what}", params = { what = param.string "What" { default = "x" }, nap = param.duration "How long" { default = "1ms" } },
  changelog = { ["1.0.0"] = "First" } }
function main(p) step "Nap" sleep(p.nap) finish("done", p.what) end
"""
HOLDER = SHORT.replace('name = "short"', 'name = "holder"').replace("short:{what}", "port:{what}")
QUICK = SHORT.replace('name = "short"', 'name = "quick"').replace('exclusive = "short:{what}",', "")


class Host:
    """An SMTP host: up (220), busy (421), or refuse (the port is closed)."""

    def __init__(self):
        self.answer, self.listener = "", None
        probe = socket.create_server(("127.0.0.1", 0))
        self.port = probe.getsockname()[1]
        probe.close()
        self.set("up")

    def set(self, state):
        self.answer = {"up": "220 host ESMTP", "busy": "421 4.3.2 later"}.get(state)
        if self.answer and not self.listener:
            self.listener = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        elif not self.answer and self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None

    def accept(self, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer, self.answer), daemon=True).start()

    @staticmethod
    def talk(peer, answer):
        with peer, peer.makefile("rw", newline="\r\n") as stream:
            try:
                stream.write((answer or "421 gone") + "\n")
                stream.flush()
                for line in stream:
                    stream.write("221 bye\n" if line.upper().startswith("QUIT") else "250 host\n")
                    stream.flush()
            except OSError:
                pass


class Heart(http.server.BaseHTTPRequestHandler):
    beats, status = 0, 200

    def do_GET(self):
        Heart.beats += 1
        self.send_response(Heart.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps what is told to people."""
    heard = []

    def do_POST(self):
        Hook.heard.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

    @staticmethod
    def about(*words):
        return [text for text in Hook.heard if all(word in text for word in words)]


class Place:
    """A folder with muster.lua and playbooks, and the supervisor in it."""

    def __init__(self):
        self.folder, self.server, self.notified = tempfile.mkdtemp(prefix="muster-serve."), None, []
        for name, text in (("watched", WATCHED), ("wedged", WEDGED), ("lame", LAME), ("acting", ACTING), ("short", SHORT), ("quick", QUICK), ("holder", HOLDER)):
            os.makedirs(os.path.join(self.folder, "playbooks", name))
            with open(os.path.join(self.folder, "playbooks", name, "playbook.lua"), "w") as f:
                f.write(text)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(os.path.join(self.folder, "notify"))
        self.notify.setblocking(False)

    def configure(self, text):
        with open(os.path.join(self.folder, "muster.lua"), "w") as f:
            f.write('return { state = "state", smtp = { helo = "probe.example", connect_timeout = "1s", phase_timeout = "1s" }, %s }\n' % text)

    def serve(self, text=None):
        if text:
            self.configure(text)
        env = dict(os.environ, NOTIFY_SOCKET=os.path.join(self.folder, "notify"), WATCHDOG_USEC="1000000")
        self.log = open(os.path.join(self.folder, "serve.log"), "a")
        self.server = subprocess.Popen([MUSTER, "serve"], cwd=self.folder, stderr=self.log, env=env)
        wait_for("READY=1", lambda: self.heard("READY=1"))
        return self

    def heard(self, what):
        try:
            while True:
                self.notified.append(self.notify.recv(1000).decode())
        except BlockingIOError:
            pass
        return what in self.notified

    def said(self):
        with open(os.path.join(self.folder, "serve.log")) as f:
            return f.read()

    def muster(self, *args):
        done = subprocess.run([MUSTER, *args], cwd=self.folder, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def json(self, *args):
        code, out, err = self.muster("--json", *args)
        assert code == 0, err
        return [json.loads(line) for line in out.splitlines()]

    def runs(self, playbook):
        return [run for run in self.json("runs", "--limit", "1000") if run["playbook"] == playbook]

    def watch(self, name):
        return next(w for w in self.json("status")[0]["watches"] if w["watch"].startswith(name))

    def rows(self, run):
        with sqlite3.connect(f"file:{run['path']}?mode=ro", uri=True) as journal:
            return [(verb, json.loads(value)) for verb, value in journal.execute("SELECT verb, value FROM row ORDER BY gsn") if value]

    def store(self, sql):
        with sqlite3.connect(os.path.join(self.folder, "state", "control.db")) as store:
            return store.execute(sql).fetchall()

    def kill(self):
        self.server.kill()
        self.server.wait()

    def end(self):
        if self.server and self.server.poll() is None:
            self.server.terminate()
            self.server.wait(60)


@case(CASES)
def an_outage_starts_one_run_with_what_was_seen(place, host):
    place.serve("watched = { watched = { { port = %d } } }" % host.port)
    wait_for("up", lambda: place.watch("watched")["verdict"] == "up")
    host.set("busy")
    wait_for("inconclusive", lambda: place.watch("watched")["verdict"] == "inconclusive")
    time.sleep(5)
    assert not place.runs("watched"), "an inconclusive verdict started a run"
    host.set("refuse")
    run = wait_for("a run", lambda: [r for r in place.runs("watched") if r["state"] == "finished"])[0]
    seen = dict((v["what"], v["value"]) for verb, v in place.rows(run) if verb == "evidence")["row"]
    assert seen["first"] == seen["last"] == "down" and seen["count"] >= 3, seen
    start = place.rows(run)[0][1]
    assert start["trigger"]["kind"] == "watch" and start["who"]["name"].startswith("watch:watched port="), start
    time.sleep(4)
    assert len(place.runs("watched")) == 1, "a second run of one outage"
    place.kill()  # and what was seen is not forgotten with it
    place.serve()
    time.sleep(4)
    assert len(place.runs("watched")) == 1, "a restart started it again"
    host.set("up")
    wait_for("armed again", lambda: not place.watch("watched")["fired"])
    host.set("refuse")
    wait_for("a second run", lambda: len(place.runs("watched")) == 2)


@case(CASES)
def a_wedged_look_is_killed_and_stops_nobody(place, host):
    place.serve('watched = { wedged = { {} }, watched = { { port = %d } } }, serve = { workers = 2, look_timeout = "2s" }' % host.port)
    wait_for("killed", lambda: place.watch("wedged")["no_answer"] >= 2)
    assert place.watch("watched")["verdict"] == "up" and place.watch("watched")["looks"] >= 3
    assert place.watch("wedged")["verdict"] == "inconclusive" and not place.runs("wedged")
    code, out, _ = place.muster("status")
    assert code == 0 and "killed" in out and all(len(line) <= 100 for line in out.splitlines()), out


@case(CASES)
def slow_looks_leave_others_their_turn(place, host):
    """Three wedged ones in front of it and one worker: it is looked at all the same, and that all are late is said."""
    place.serve('watched = { lame = { { n = 1 }, { n = 2 }, { n = 3 } }, watched = { { port = %d } } }, serve = { workers = 1, look_timeout = "1s" }' % host.port)
    wait_for("its turns", lambda: place.watch("watched")["looks"] >= 3)
    assert place.watch("watched")["verdict"] == "up" and all(place.watch(f"lame n={n}")["no_answer"] >= 1 for n in (1, 2, 3))
    code, out, _ = place.muster("status")
    assert code == 0 and "looked at late, by up to" in out and "all 1 workers busy" in out, out


@case(CASES)
def an_act_in_detect_is_refused(place, host):
    heart = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Heart)
    threading.Thread(target=heart.serve_forever, daemon=True).start()
    Heart.beats = 0
    place.serve('watched = { acting = { { url = "http://127.0.0.1:%d/" } } }' % heart.server_port)
    wait_for("looks", lambda: place.watch("acting")["looks"] >= 2)
    assert Heart.beats == 0 and "detect only looks" in place.watch("acting")["why"], place.watch("acting")
    assert not place.runs("acting")


@case(CASES)
def schedules_fire_once_and_say_what_was_refused(place, _):
    place.serve('schedules = { tick = { run = "quick", every = "1s" }, held = { run = "short", every = "1s", params = { what = "held", nap = "1h" } } }')
    wait_for("five ticks", lambda: len([r for r in place.runs("quick") if r["state"] == "finished"]) >= 5)
    wait_for("a refused one", lambda: place.store("SELECT 1 FROM tick WHERE source = 'schedule held' AND state = 'refused'"))
    for _ in range(3):
        place.kill()
        time.sleep(0.7)
        place.serve()
    time.sleep(2)
    place.end()
    at = [row[0] for row in place.store("SELECT at FROM tick WHERE source = 'schedule tick' ORDER BY at")]
    assert at == list(range(at[0], at[-1] + 1, 1000)), "ticks were left out"
    runs = [row[0] for row in place.store("SELECT run FROM tick WHERE source = 'schedule tick'")]
    assert len(set(runs)) == len(runs) and not place.store("SELECT 1 FROM tick WHERE state = 'taken'")
    by_name = {r["run"]: r for r in place.runs("quick")}
    for tick, run in place.store("SELECT at, run FROM tick WHERE source = 'schedule tick'"):
        assert place.rows(by_name[run])[0][1]["trigger"] == {"kind": "schedule", "name": "tick", "at": tick}
    code, out, _ = place.muster("schedules", "held")
    assert code == 0 and "refused" in out and "is held by" in out, out
    held = [r for r in place.runs("short") if r["state"] != "finished"]
    assert len(held) == 1 and len(place.store("SELECT name FROM incident")) == len(by_name) + 1, "incidents without runs"
    place.muster("cancel", held[0]["run"], "--reason", "over")


@case(CASES)
def owners_hear_once_why_nothing_starts(place, _):
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    Hook.heard = []
    playbook = os.path.join(place.folder, "playbooks", "quick", "playbook.lua")

    def edit(text):
        with open(playbook + ".new", "w") as f:
            f.write(text)
        os.rename(playbook + ".new", playbook)

    def refused():
        return place.store("SELECT count(*) FROM tick WHERE source = 'schedule tick' AND state = 'refused'")[0][0]

    def troubles(name):
        return next(s for s in place.json("status")[0]["schedules"] if s["schedule"] == name)["troubles"]

    place.serve("""people = { ana = { contact = { "hook:ana" }, teams = { "ops" } }, bo = { contact = { "hook:bo" } } },
      channels = { hook = { kind = "webhook", url = "http://127.0.0.1:%d/" } },
      schedules = { tick = { run = "quick", every = "1s" }, held = { run = "short", every = "1s", owner = "bo", params = { nap = "1h" } },
        dark = { run = "quick", every = "1s", blackout = { "00:00 - 24:00" } }, late = { run = "quick", every = "10m", misfire = "skip" } }""" % hook.server_port)
    wait_for("a run", lambda: place.runs("quick"))
    edit("this is no Lua")
    wait_for("word of it", lambda: Hook.about("Schedule tick", "was not started"))
    count = refused()
    wait_for("more refused ticks", lambda: refused() >= count + 3)
    assert len(Hook.about("Schedule tick")) == 1, Hook.heard
    (trouble,) = troubles("tick")
    assert trouble["kind"] == "refused" and trouble["count"] >= 4 and "playbook.lua" in trouble["why"], trouble
    code, out, _ = place.muster("status")
    assert code == 0 and "    refused, " in out and "The tick of" in out, out
    edit(QUICK.replace("params = {", "params = { more = param.string \"What\","))
    wait_for("word of another reason", lambda: len(Hook.about("Schedule tick")) == 2)
    edit(QUICK)
    wait_for("no trouble", lambda: troubles("tick") == [])
    place.kill()  # what was said is not forgotten with it
    place.serve()
    wait_for("an answer", lambda: place.muster("status")[0] == 0)
    edit("this is no Lua")
    wait_for("that it came back", lambda: len(Hook.about("Schedule tick")) == 3)
    (lock,) = wait_for("word of the lock", lambda: Hook.about("Schedule held"))
    assert "is held by" in lock and "bo" in lock, lock
    (dark,) = wait_for("word of the blackout", lambda: Hook.about("Schedule dark"))
    assert "in a blackout" in dark and troubles("dark")[0]["kind"] == "blackout"
    edit(QUICK)  # with a playbook that does not load it would not start
    place.kill()
    place.store("UPDATE schedule SET upto = upto - 7200000 WHERE name = 'schedule late'")
    place.serve()
    (late,) = wait_for("word of missed ticks", lambda: Hook.about("Schedule late"))
    assert "nobody looked in time" in late and re.search("1[12] ticks from", late), late  # a tenth minute may begin meanwhile
    time.sleep(3)
    assert [len(Hook.about("Schedule " + name)) for name in ("tick", "held", "dark", "late")] == [3, 1, 1, 1], Hook.heard
    place.muster("cancel", next(r["run"] for r in place.runs("short") if r["state"] != "finished"), "--reason", "over")


@case(CASES)
def owners_hear_of_an_outage_that_starts_nothing(place, host):
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    Hook.heard = []

    def refused():
        return len(place.store("SELECT 1 FROM tick WHERE source LIKE 'watch %' AND state = 'refused'"))

    place.configure("")
    assert place.muster("run", "holder", f"what={host.port}", "nap=1h", "--detach")[0] == 0
    host.set("refuse")
    place.serve("""people = { ana = { contact = { "hook:ana" }, teams = { "ops" } } },
      channels = { hook = { kind = "webhook", url = "http://127.0.0.1:%d/" } },
      watched = { watched = { { port = %d } } }""" % (hook.server_port, host.port))
    wait_for("three refused", lambda: refused() >= 3)
    (word,) = wait_for("word of it", lambda: Hook.about("Outage, and nothing started"))
    assert "down: " in word and "is held by holder.1" in word, word
    place.kill()  # what was said is not forgotten with it
    place.serve()
    count = refused()
    wait_for("another refused one", lambda: refused() > count)
    assert len(Hook.about("Outage")) == 1, Hook.heard
    code, out, _ = place.muster("status")
    assert code == 0 and "    refused, " in out and "is held by" in out, out
    place.muster("cancel", "holder.1", "--reason", "over")
    wait_for("a run", lambda: place.runs("watched"))
    wait_for("no trouble", lambda: place.watch("watched")["troubles"] == [] and place.watch("watched")["fired"])


@case(CASES)
def ticks_are_spread_and_fire_once_all_the_same(place, _):
    place.serve('schedules = { %s }' % ", ".join('s%d = { run = "quick", every = "4s", spread = "3500ms" }' % i for i in range(3)))
    enough = lambda: all(len(place.store("SELECT at FROM tick WHERE source = 'schedule s%d'" % i)) >= 4 for i in range(3))
    wait_for("two ticks", lambda: len(place.store("SELECT at FROM tick")) >= 6)
    place.kill()
    place.serve()
    wait_for("four ticks of each", enough, PATIENCE_S * 2)
    place.end()
    for i in range(3):
        rows = place.store("SELECT at, taken, run FROM tick WHERE source = 'schedule s%d' ORDER BY at" % i)
        at = [row[0] for row in rows]
        assert at == list(range(at[0], at[-1] + 1, 4000)) and len({row[2] for row in rows}) == len(rows), f"left out or doubled: {rows}"
        due = [tick + int.from_bytes(hashlib.sha256(b"s%d %d" % (i, tick)).digest()[:8], "big") % 3500 for tick in at]
        assert all(taken >= when for when, (_, taken, _) in zip(due, rows)), f"before it was due: {rows}"


@case(CASES)
def a_run_that_nobody_executes_is_resumed(place, _):
    place.serve("schedules = {}")
    code, out, err = place.muster("run", "short", "nap=8s", "--detach")
    assert code == 0, err
    name = out.split()[0]
    pid = wait_for("alive", lambda: next((r["pid"] for r in place.json("status")[0]["runs"] if r["run"] == name), 0))
    with open(f"/proc/{pid}/stat") as f:
        monitor = int(f.read().split(")")[1].split()[1])
    os.kill(monitor, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    wait_for("its end", lambda: [r for r in place.runs("short") if r["state"] == "finished"], PATIENCE_S + 20)
    assert "nobody executes it" in place.said()


@case(CASES)
def a_reload_is_all_or_nothing(place, _):
    place.serve('schedules = { a = { run = "short", every = "1h" } }')
    place.configure('schedules = { a = { run = "short", cron = "99 * * * *" } }')
    code, out, err = place.muster("serve", "--reload")
    assert code == 2 and '"99" is no minute' in err, (code, out, err)
    status = place.json("status")[0]
    assert "no minute" in status["reload_refused"] and status["schedules"][0]["schedule"] == "a"
    place.configure('schedules = { a = { run = "short", every = "1h" }, b = { run = "no-such-playbook", every = "1h" } }')
    assert place.muster("serve", "--reload")[0] == 2
    place.configure('schedules = { b = { run = "short", every = "1h" } }')
    place.server.send_signal(signal.SIGHUP)
    wait_for("b", lambda: place.json("status")[0]["schedules"][0]["schedule"] == "b")
    assert place.json("status")[0]["reload_refused"] == ""
    assert place.muster("serve")[0] == 2, "two supervisors in one state folder"


@case(CASES)
def what_is_wrong_is_said_with_its_file(place, _):
    people = 'people = { ana = { contact = { "hook:ana" } } }, channels = { hook = { kind = "webhook", url = "http://127.0.0.1:1/" } }'
    os.mkdir(os.path.join(place.folder, "muster.d"))

    def more(text):
        with open(os.path.join(place.folder, "muster.d", "u.lua"), "w") as f:
            f.write("return { %s }" % text)

    place.configure(people + ', schedules = { ok = { run = "quick", every = "1h", owner = "ana" } }')
    for text, words in [('schedules = { x = { run = "quick", every = "1h", owner = "anna" } }', 'schedules["x"]: owner: "anna" is no audience, person, team or channel in muster.lua; did you mean "ana"?'),
                        ('schedules = { x = { run = "quick", cron = "99 * * * *" } }', 'schedules["x"]: '),
                        ("watched = { quick = { 3 } }", 'watched["quick"][1]: a target is a table')]:
        more(text)
        code, _, err = place.muster("serve")
        assert code == 2 and "muster.d/u.lua: " + words in err, err
        if "schedules" in text:
            code, _, err = place.muster("schedules")
            assert code == 2 and "muster.d/u.lua: " + words in err, err
    more("")
    place.configure('schedules = { x = { run = "quick", cron = "99 * * * *" } }')
    assert "muster.lua: schedules" in place.muster("serve")[2]


@case(CASES)
def what_does_not_load_at_the_start_costs_only_itself(place, host):
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    Hook.heard = []
    watched, yearly = [os.path.join(place.folder, "playbooks", name, "playbook.lua") for name in ("watched", "short")]

    def edit(path, text):
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)

    def schedule(name):
        return next(s for s in place.json("status")[0]["schedules"] if s["schedule"] == name)

    text = """people = { ana = { contact = { "hook:ana" }, teams = { "ops" } }, bo = { contact = { "hook:bo" } } },
      channels = { hook = { kind = "webhook", url = "http://127.0.0.1:%d/" } },
      watched = { watched = { { port = %d } } },
      schedules = { often = { run = "quick", every = "1s" }, yearly = { run = "short", cron = "0 0 1 1 *" },%%s }""" % (hook.server_port, host.port)
    place.serve(text % "")
    name = place.muster("run", "holder", "nap=1h", "--detach")[1].split()[0]
    wait_for("looks", lambda: place.watch("watched")["looks"])
    place.kill()
    edit(watched, WATCHED + "x = = 1\n")  # somebody saves half an edit, and the machine restarts
    edit(yearly, SHORT + "x = = 1\n")
    place.configure(text % ' gone = { run = "no-such", every = "1s", owner = "bo" }, wants = { run = "acting", every = "1h" }, broken = { run = "watched", every = "1h" }')
    count = len(place.runs("quick"))
    place.serve()
    wait_for("the others go on", lambda: len(place.runs("quick")) > count)
    wait_for("runs are looked after", lambda: [r for r in place.json("status")[0]["runs"] if r["run"] == name and r["pid"]])
    for source in ("Schedule yearly", "Schedule gone", "Schedule wants", "Schedule broken", "Not watched: watched"):
        wait_for("word of " + source, lambda: Hook.about(source))
    assert "ana" in Hook.about("Schedule yearly")[0] and "bo" in Hook.about("Schedule gone")[0], Hook.heard
    wait_for("a refused tick", lambda: place.store("SELECT 1 FROM tick WHERE source = 'schedule gone' AND state = 'refused'"))
    time.sleep(1.5)
    assert len(Hook.about("Schedule gone")) == 1, Hook.heard  # its tick says nothing that was not said
    code, out, _ = place.muster("status")
    assert code == 0 and "not looked    watched port=" in out and out.count("    unread since ") == 5, out
    assert "playbook.lua:10" in out and "nobody looks until its playbook loads" in place.said(), out
    code, _, err = place.muster("serve", "--reload")  # which is all or nothing, also now
    assert code == 2 and "the old configuration stays" in err, (code, err)
    place.kill()
    place.serve()
    time.sleep(1.5)
    assert [len(Hook.about(s)) for s in ("Schedule yearly", "Not watched")] == [1, 1], Hook.heard
    edit(watched, WATCHED)
    edit(yearly, SHORT)
    looks = place.watch("watched")["looks"]
    wait_for("it looks again", lambda: place.watch("watched")["looks"] > looks and not place.watch("watched")["unread"])
    wait_for("the schedule is fine", lambda: not schedule("yearly")["unread"] and schedule("yearly")["troubles"] == [])
    assert place.watch("watched")["troubles"] == [] and schedule("gone")["unread"]
    place.configure(text % "")
    assert place.muster("serve", "--reload")[0] == 0
    place.muster("cancel", name, "--reason", "over")


@case(CASES)
def the_heartbeat_and_what_systemd_hears(place, _):
    heart = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Heart)
    threading.Thread(target=heart.serve_forever, daemon=True).start()
    Heart.beats, Heart.status = 0, 200
    place.serve('serve = { heartbeat = { url = "http://127.0.0.1:%d/ping", every = "1s" } }' % heart.server_port)
    wait_for("beats", lambda: Heart.beats >= 2)
    assert place.json("status")[0]["heartbeat"]["arrived"] > 0
    Heart.status = 500
    wait_for("that it fails", lambda: place.json("status")[0]["heartbeat"]["failing"] > 0)
    assert "it answered 500" in place.said() and "does not arrive" in place.muster("status")[1]
    Heart.status = 200
    wait_for("that it arrives again", lambda: place.json("status")[0]["heartbeat"]["failing"] == 0)
    wait_for("WATCHDOG=1", lambda: place.heard("WATCHDOG=1"))
    place.end()
    assert place.server.returncode == 0 and place.heard("STOPPING=1")
    code, _, err = place.muster("status")
    assert code == 1 and "no muster serve runs" in err, err


def remove(folder):
    """False: a run that was cancelled is being sealed, and makes side files and takes them away meanwhile."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
            raise
        return False
    return True


def main():
    failed = 0
    for function in CASES:
        if not all(word in function.__name__ for word in sys.argv[1:]):
            continue
        place, name = Place(), function.__name__
        host = Host()
        try:
            function(place, host)
            print(f"ok serve: {name.replace('_', ' ')}", flush=True)
            place.end()
            wait_for("its folder to go", lambda: remove(place.folder))
        except Exception as error:  # a case that breaks is a case that failed
            failed += 1
            place.end()
            print(f"NOT OK serve: {name.replace('_', ' ')}: {error} ({place.folder})", flush=True)
            traceback.print_exc()
        finally:
            host.set("refuse")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
