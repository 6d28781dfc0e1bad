#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Processes that are frozen, killed while they wait, without descriptors, and clocks that jump or stand
still: never poisoned, never an act without asking, nothing lost, no wait shorter or longer than it says.

The playbooks and the world are those of tests/scenario (the module drawer); a case is a function over its
Scene. Clocks jump by tests/harness/clock_shim.c under the live processes and every command.

    tests/integration/test_frozen.py [PART OF A NAME ...]"""

import concurrent.futures
import importlib.machinery
import importlib.util
import inspect
import json
import mmap
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIO = os.path.join(HERE, "..", "scenario", "run")
loader = importlib.machinery.SourceFileLoader("scenario", SCENARIO)
scenario = importlib.util.module_from_spec(importlib.util.spec_from_loader("scenario", loader))
loader.exec_module(scenario)
Wrong = scenario.Wrong

STALE = 'header = { stale_after = "2s" }'
PEOPLE = ('people = { ana = { account = "root", contact = { "hook:ana" } }, bo = { account = "nobody-here", contact = { "hook:bo" } } }, '
          'channels = { hook = { kind = "webhook", url = "{inbox}" } },')
AWAY_S = 3.6  # longer than stale_after and a poll
CASES = []


def case(*playbooks, stale="2s", config=PEOPLE):
    """A case with its playbook's main(); the function gets the scene, set up."""

    def add(function):
        CASES.append((function, playbooks[0], stale, config))
        return function

    return add


class Stage(scenario.Scene):
    """A scene whose play is a function."""

    def __init__(self, function, playbook, stale, config):
        main = "function main()\n" + inspect.cleandoc(playbook) + "\nend\n"
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, function.__name__ + ".scene")
            with open(path, "w") as file:
                file.write(f'--- header\nstale_after = "{stale}"\n\n--- muster.lua\n{config}\n\n--- playbook\n{main}\n--- play\n')
            super().__init__(path)
        self.function, self.clocks = function, None

    def play(self):
        self.set_up()
        self.inbox.handle_error = lambda *_: None  # who posted was killed
        try:
            self.function(self)
            self.never()
        except Exception as why:  # a test program tells everything
            at = [frame for frame in traceback.extract_tb(why.__traceback__) if frame.filename == __file__]
            if os.environ.get("KEEP"):
                shutil.copytree(self.dir, os.path.join(os.environ["KEEP"], self.name), dirs_exist_ok=True)
            return "NOT OK", f"line {at[-1].lineno if at else '?'}: {type(why).__name__}: {why}"
        finally:
            self.tear_down()
        return "ok", ""

    # --- freezing ---

    def freeze(self, away=AWAY_S, monitor=False, meanwhile=None):
        pids = ([self.monitor()] if monitor else []) + [self.executor()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        if meanwhile:
            meanwhile()
        time.sleep(max(0, away - (time.monotonic() - began)))
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)

    def asks_before(self, line):
        """Parked as stale before the act in that line, and goes on when a person says so."""
        self.step_parked("stale", f"before drawer.* at playbook.lua:{line} it asks a person")
        self.step_muster("show", "{run}")
        self.step_says("resume.*--go-on")

    def goes_on(self, *acts):
        self.step_alone()
        self.step_resume("--go-on", "--reason", "still wanted")
        self.step_acts(*acts)
        self.step_norow("h #0 park .*poisoned")

    # --- clocks ---

    def with_clocks(self):
        path = os.path.join(self.dir, "clocks")
        with open(path, "wb") as file:
            file.write(bytes(24))
        with open(path, "r+b") as file:
            self.clocks = mmap.mmap(file.fileno(), 24)
        self.env = self.preloaded("clock_shim.so", CLOCK_SHIM=path)

    def jump(self, hours=0.0, ms=0):
        """The wall clock, and it alone."""
        now = struct.unpack_from("q", self.clocks, 0)[0]
        struct.pack_into("q", self.clocks, 0, now + int(hours * 3600000) + ms)

    def suspend(self, ms):
        """The machine slept: wall clock and boot clock went on, the monotonic one did not."""
        for at in (0, 8):
            struct.pack_into("q", self.clocks, at, struct.unpack_from("q", self.clocks, at)[0] + ms)


    def reboot(self):
        """Whoever executed it is gone, and what comes is of another boot."""
        self.step_kill("all")
        with open(os.path.join(self.dir, "clocks.boot"), "w") as file:
            file.write(str(uuid.uuid4()) + "\n")


# --- a frozen executor, in every kind of waiting ------------------------------------------------------


@case("""
  drawer.ring("a")
  sleep("1s")
  drawer.ring("b")""")
def frozen_in_a_sleep(s):
    s.step_start()
    s.step_until("o r#1 ")
    s.freeze()
    s.asks_before(4)
    s.step_acts("ring bell a")
    s.goes_on("ring bell a", "ring bell b")


@case("""
  sleep("1s")
  drawer.ring("b")""")
def frozen_with_its_monitor(s):
    s.step_start()
    s.wait_for(s.executor, "its executor")
    s.freeze(monitor=True)
    s.asks_before(3)
    s.goes_on("ring bell b")


@case("""
  local answer = approve { "Go?", by = "ana", deadline = "10m" }
  drawer.ring(answer.how)""")
def frozen_at_a_gate_and_answered_meanwhile(s):
    s.step_start()
    s.step_until("h #0 told ")  # not within a transaction: a frozen process would keep its lock

    def answer():
        s.step_muster("approve", "{gate}")

    s.freeze(meanwhile=answer)
    s.asks_before(3)
    s.step_row("o r#1 approve .*approved")
    s.goes_on("ring bell approved")


@case("""
  local answer = approve { "Go?", by = "ana", deadline = "10m" }
  drawer.ring(answer.how)""")
def an_old_answer_is_downtime(s):
    """Nobody froze: the answer lay in the store for longer than stale_after before it was read."""
    s.step_start()
    s.step_until("h #0 gate ")
    s.step_kill("all")
    s.step_sql("UPDATE gate SET state = 'approved', decided = (SELECT opened FROM gate) - 60000")
    s.step_resume(code=3)
    s.asks_before(3)
    s.goes_on("ring bell approved")


@case("""
  drawer.wait(1500)
  drawer.ring("b")""")
def frozen_with_a_probe_in_flight(s):
    s.step_start()
    s.wait_for(s.executor, "its executor")
    s.freeze()
    s.asks_before(3)
    s.step_row("c r#1 drawer.wait")
    s.goes_on("ring bell b")


@case("""
  drawer.put("a", "1", { ms = 1500 })
  drawer.ring("b")""")
def frozen_with_an_act_in_flight(s):
    """What is out is out, and is waited for; the next one asks."""
    s.step_start()
    s.step_until("i r#1 ")
    s.freeze()
    s.asks_before(3)
    s.step_row("o r#1 drawer.put .*true")
    s.goes_on("put a 1", "ring bell b")


@case("""
  retry({ times = 3, backoff = "1s..1s" }, function() return drawer.ring("a", { fail = "no" }) end)""")
def frozen_in_a_retrys_pause(s):
    s.step_start()
    s.step_until("o r.*#1 ")
    s.freeze()
    s.asks_before(2)
    s.step_acts()


@case("""
  drawer.put("a", "1", { halt = true, ms = 1500 })
  drawer.ring("b")""")
def frozen_in_doubt(s):
    """Read back after it woke: not done, and not sent again without asking."""
    s.step_start()
    s.step_until("i r#1 ")
    s.freeze()
    s.step_parked("stale", "before drawer.put at playbook.lua:2 it asks a person")
    s.step_acts()


@case("""
  parallel {
    a = function() sleep("1s") drawer.ring("a") end,
    b = function() drawer.wait(1200) drawer.put("b", "1") end,
    c = function() approve { "Go?", by = "ana", deadline = "10m" } end,
  }""")
def frozen_in_all_of_them(s):
    s.step_start()
    s.step_until("h #0 gate ")
    s.freeze()
    s.step_parked("stale")
    s.step_acts()


@case("""
  drawer.ring("a")
  sleep("1s")
  drawer.ring("b")""", stale="30s")
def frozen_for_less_than_stale_after(s):
    s.step_start()
    s.step_until("o r#1 ")
    s.freeze(2)
    s.step_end("finished", "done")
    s.step_acts("ring bell a", "ring bell b")


# --- four kills -9 while it waits ---------------------------------------------------------------------


def four_kills(s, waits_for, before=()):
    s.step_start()
    s.step_until(waits_for)
    for count in range(1, 5):
        s.step_kill("executor")
        s.wait_for(lambda: sum("h #0 frontier" in row for row in s.rows()) >= count, f"frontier {count}")
    s.step_rows(4, "h #0 resume")
    s.step_norow("h #0 park")
    s.step_acts(*before)


@case("""
  drawer.ring("a")
  sleep("4s")
  drawer.ring("b")""", stale="30s")
def killed_four_times_in_a_sleep(s):
    four_kills(s, "o r#1 ", ["ring bell a"])
    s.step_end("finished", "done")
    s.step_acts("ring bell a", "ring bell b")


@case("""
  local answer = approve { "Go?", by = "ana", deadline = "10m" }
  drawer.ring(answer.how)""", stale="30s")
def killed_four_times_at_a_gate(s):
    four_kills(s, "h #0 gate ")
    s.step_muster("approve", "{gate}")
    s.step_end("finished", "done")
    s.step_acts("ring bell approved")


@case("""
  drawer.ring("a")
  sleep("3s")
  drawer.ring("b")""", stale="30s")
def killed_four_times_while_stopped(s):
    """SIGKILL reaches a stopped process, too."""
    s.step_start()
    s.step_until("o r#1 ")
    for count in range(1, 5):
        os.kill(s.executor(), signal.SIGSTOP)
        s.step_kill("executor")
        s.wait_for(lambda: sum("h #0 frontier" in row for row in s.rows()) >= count, f"frontier {count}")
    s.step_end("finished", "done")
    s.step_acts("ring bell a", "ring bell b")


# --- the wall clock jumps -----------------------------------------------------------------------------

JUMPS = {"an_hour_ahead": 1, "an_hour_back": -1, "a_day_ahead": 24, "a_day_back": -24}


def for_each_jump(playbook, name, stale="2s", config=PEOPLE):
    def add(function):
        for label, hours in JUMPS.items():
            def play(s, hours=hours):
                s.with_clocks()
                function(s, hours)
                s.step_row('h #0 clock .*"jump_ms":%s' % ("-" if hours < 0 else r"\\d"[1:]))
                s.step_norow("h #0 park")
            play.__name__ = f"{name}_{label}"
            CASES.append((play, playbook, stale, config))
        return function

    return add


@for_each_jump("""
  local began = now()
  drawer.ring("a")
  sleep("3s")
  drawer.ring("b")
  finish("done", tostring(now() - began < 60))""", "a_sleep_with_the_clock")
def jump_in_a_sleep(s, hours):
    s.step_start()
    s.step_until("o r#1 ")
    began = time.monotonic()
    s.jump(hours)
    s.step_end("finished", "done", "true")
    if time.monotonic() - began < 2:
        raise Wrong("the sleep was cut short")
    s.step_acts("ring bell a", "ring bell b")


@for_each_jump("""
  local began = now()
  local there = wait_until("5s", { every = "500ms" }, function() return drawer.read("x").value == "yes" end)
  drawer.ring(there and "came" or "late")
  finish("done", tostring(now() - began < 60))""", "a_wait_until_with_the_clock")
def jump_in_a_wait(s, hours):
    s.step_start()
    s.step_until("c r.* drawer.read")
    s.jump(hours)
    s.step_until("h #0 clock ")
    s.step_norow("o r.* drawer.ring")
    s.step_write("x", "yes")
    s.step_end("finished", "done", "true")
    s.step_acts("ring bell came")


@for_each_jump("""
  local answer = approve { "Go?", by = "ana", deadline = "10m" }
  finish(answer.how)""", "a_gate_with_the_clock")
def jump_at_a_gate(s, hours):
    """Ten minutes stay ten minutes, for the run and for who answers; the answer is not too late."""
    s.step_start()
    s.step_until("h #0 gate ")
    s.jump(hours)
    s.step_muster("approve", "{gate}")  # at once: before the run has noticed
    s.step_end("finished", "approved")


@for_each_jump("""
  local answer = approve { "Go?", by = "ana", deadline = "4s" }
  finish(answer.how)""", "an_expiry_with_the_clock")
def jump_before_an_expiry(s, hours):
    s.step_start()
    s.step_until("h #0 gate ")
    began = time.monotonic()
    s.jump(hours)
    s.step_until("h #0 clock ")
    s.step_muster("pending")
    s.step_says(r"[1-4]s left")
    s.step_end("finished", "expired")
    if time.monotonic() - began < 2:
        raise Wrong("it expired too early")


@for_each_jump("""
  approve { "Go?", by = "ana", deadline = "10m" }""", "the_outbox_with_the_clock", config=PEOPLE.replace("{inbox}", "http://127.0.0.1:9/"))
def jump_in_the_outbox(s, hours):
    """A message that could not be sent is tried again after as long as without the jump."""
    s.step_start()
    s.step_until("h #0 told .*false")

    def due():
        s.step_sql("SELECT max(not_before) - CAST(strftime('%s', 'now') AS INTEGER) * 1000 FROM message WHERE sent = 0")
        return int(s.out)

    before = due()
    s.jump(hours)
    s.step_until("h #0 clock ")
    moved = due() - before
    if abs(moved - hours * 3600000) > 60000:
        raise Wrong(f"the next try moved by {moved} ms")
    s.step_muster("cancel", "{run}", "--reason", "seen")
    s.wait_for(lambda: s.host_row("end"), "its end")


@case("""
  drawer.ring("a")
  approve { "Go?", by = "ana", deadline = "10m" }
  drawer.ring("b")""", stale="20s")
def the_clock_goes_back_while_nobody_executes_it(s):
    """Down for longer than stale_after by the boot clock, though the wall clock says it was not."""
    s.with_clocks()
    s.step_start()
    s.step_until("h #0 gate ")
    s.step_kill("all")
    s.jump(-1)
    struct.pack_into("q", s.clocks, 8, 60000)
    s.jump(ms=60000)
    s.step_muster("approve", "{gate}")
    s.asks_before(4)
    s.step_acts("ring bell a")


@case("""
  drawer.ring("a")
  approve { "Go?", by = "ana", deadline = "10m" }
  drawer.ring("b")""", stale="20s")
def the_clock_goes_ahead_while_nobody_executes_it(s):
    """It was down for a moment: neither stale, nor is the gate too late."""
    s.with_clocks()
    s.step_start()
    s.step_until("h #0 gate ")
    s.step_kill("all")
    s.jump(1)
    s.step_muster("approve", "{gate}")
    s.step_end("finished", "done")
    s.step_row("h #0 clock ")
    s.step_acts("ring bell a", "ring bell b")


@case("""
  drawer.ring("a")
  sleep("1s")
  drawer.ring("b")""", stale="1h")
def a_reboot_with_the_clock_behind(s):
    """The clock is behind the journal's own rows: nobody knows for how long it was down, so a person is asked; also by
    who comes behind an executor that died before it asked."""
    s.with_clocks()
    s.step_start()
    s.step_until("o r#1 ")
    s.reboot()
    s.jump(-24)
    s.step_resume("--detach")
    s.step_until("h #0 resume .*away_unknown")
    s.step_kill("all")
    s.step_resume(code=3)
    s.asks_before(4)
    s.step_acts("ring bell a")
    s.goes_on("ring bell a", "ring bell b")


@case("""
  drawer.pay("a", "1", { ms = 1000 })""", stale="1h")
def a_key_behind_a_reboot_with_the_clock_behind(s):
    """How old its idempotency key is can't be known: it is not sent again with it, whatever is said about the downtime."""
    s.with_clocks()
    s.step_start()
    s.step_until("i r#1 drawer.pay")
    s.reboot()
    s.jump(-24)
    unknown = "the clock was behind after a reboot, so nobody knows how old its idempotency key is"
    s.step_resume(code=3)
    s.step_parked("in_doubt", unknown)
    s.step_alone()
    s.step_resume("--go-on", "--reason", "down for a minute", code=3)
    s.step_parked("in_doubt", unknown)
    s.step_norow("h #0 again ")
    s.step_acts()
    s.step_alone()
    s.step_muster("decide", "{run}", "not-applied", "--reason", "not in their books", code=1)
    s.step_acts()


@case("""
  drawer.ring("a")
  sleep("1s")
  drawer.pay("b", "2", { ms = 1000 })""", stale="1h")
def a_key_of_after_that_reboot(s):
    """It is as old as it says."""
    s.with_clocks()
    s.step_start()
    s.step_until("o r#1 ")
    s.reboot()
    s.jump(-24)
    s.step_resume(code=3)
    s.asks_before(4)
    s.step_alone()
    s.step_resume("--go-on", "--reason", "down for a minute", "--detach")
    s.step_until("i r#3 drawer.pay")
    s.step_kill("all")
    s.step_resume()
    s.step_row("h #0 again .*the same key")
    s.step_acts("ring bell a", "pay b 2 again")


# --- the machine sleeps -------------------------------------------------------------------------------


@case("""
  drawer.ring("a")
  sleep("10m")
  drawer.ring("b")""", stale="5m")
def asleep_in_a_sleep(s):
    """What became due meanwhile is due; the act after it asks."""
    s.with_clocks()
    s.step_start()
    s.step_until("o r#1 ")
    s.suspend(3600000)
    s.asks_before(4)
    s.step_norow("h #0 clock")
    s.step_acts("ring bell a")
    s.goes_on("ring bell a", "ring bell b")


@case("""
  local answer = approve { "Go?", by = "ana", deadline = "10m" }
  finish(answer.how)""", stale="5m")
def asleep_past_a_deadline(s):
    s.with_clocks()
    s.step_start()
    s.step_until("h #0 gate ")
    s.suspend(3600000)
    s.step_end("finished", "expired")


@case("""
  drawer.ring("a")
  sleep("2s")
  drawer.ring("b")""", stale="5m")
def asleep_for_a_minute(s):
    s.with_clocks()
    s.step_start()
    s.step_until("o r#1 ")
    s.suspend(60000)
    s.step_end("finished", "done")
    s.step_acts("ring bell a", "ring bell b")


# --- no descriptor left -------------------------------------------------------------------------------


@case("""
  drawer.ring("a")
  sleep("1500ms")
  local got = http.get("{inbox}/")
  local done, why = pcall(function() drawer.put("b", "1") end)
  evidence("put", { done = done })
  sleep("3s")
  drawer.put("b", "2")
  finish("done", got.why)""", stale="1m")
def without_descriptors(s):
    """A probe that gets none fails as data, an act stops the run before it leaves, and the journal goes on; with
    descriptors again the run is resumed, and nothing is lost or done twice."""
    s.step_start()
    s.step_until("o r#1 ")
    victim = s.executor()
    most = resource.prlimit(victim, resource.RLIMIT_NOFILE)[1]
    used = max(int(fd) for fd in os.listdir(f"/proc/{victim}/fd"))
    free = [fd for fd in range(used + 1) if not os.path.lexists(f"/proc/{victim}/fd/{fd}")]
    limit = free[0] if free else used + 1
    resource.prlimit(victim, resource.RLIMIT_NOFILE, (limit, most))
    s.step_parked("resources", "no file descriptor left")
    s.step_row('c r.* http.get .*"ok":false')
    s.step_acts("ring bell a")
    s.step_resume()
    s.step_end("finished", "done")
    s.step_row('n r.* evidence .*"done":true')
    s.step_acts("ring bell a", "put b 1", "put b 2")


def main():
    wanted = [entry for entry in CASES if not sys.argv[1:] or any(word in entry[0].__name__ for word in sys.argv[1:])]
    bad, began = 0, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        for entry, (word, why) in zip(wanted, pool.map(lambda entry: Stage(*entry).play(), wanted)):
            bad += word == "NOT OK"
            print(word, entry[0].__name__ + (f": {why}" if why else ""), flush=True)
    print(f"# {time.monotonic() - began:.0f} s", flush=True)
    return 1 if bad or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
