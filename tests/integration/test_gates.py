#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What people are told about their answers is what the run does, always.

    tests/integration/test_gates.py                       the cut for CI, under 40 s
    tests/integration/test_gates.py --long [--seed N]     every order of eight events in the store (half an hour),
                                                          and 10,000 runs whose answers meet the deadline

Three drivers: build/*/tests/gates.orders (tests/gates/orders.c: the store against a model), gates.runs
(tests/gates/runs.c: real executors, killed and replaced), and `muster approve` itself, here."""

import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MUSTER = os.path.abspath(os.environ.get("MUSTER", os.path.join(HERE, "..", "..", "build", "release", "muster")))
DRIVERS = os.path.join(os.path.dirname(MUSTER), "tests")
PATIENCE_S = 60

PLAYBOOK = """playbook { name = "race", version = "1.0.0", owner = "ana", summary = "A race", may_change = {}, params = {},
  changelog = { ["1.0.0"] = "First" } }
function main()
  local answer = approve { "Go?", by = "ana", deadline = "600ms" }
  finish(answer.how)
end
"""
CONFIG = 'return { state = "state", people = { ana = { account = "%s" } } }\n'


def driver(name, *args):
    """The driver's last line; it ends with 1 on a mismatch."""
    result = subprocess.run([os.path.join(DRIVERS, name), *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = result.stdout.strip().splitlines() or ["it said nothing"]
    if result.returncode != 0:
        raise AssertionError(f"exit {result.returncode}: " + " | ".join(lines[-8:]))
    return lines[-1]


# --- muster approve within milliseconds of the deadline -------------------------------------------------


class Race:
    """One run in a state folder of its own; somebody approves close to its deadline."""

    def __init__(self, folder, offset_s):
        self.folder, self.offset_s, self.trouble = folder, offset_s, None
        os.makedirs(os.path.join(folder, "race"))
        account = subprocess.run(["id", "-un"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        for path, text in (("muster.lua", CONFIG % account), ("race/playbook.lua", PLAYBOOK)):
            with open(os.path.join(folder, path), "w") as file:
                file.write(text)

    def muster(self, *words):
        env = {k: v for k, v in os.environ.items() if not k.startswith("MUSTER")}
        return subprocess.run([MUSTER, *words], cwd=self.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True)

    def ask(self, path, statement):
        """One row, None while there is none."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                with sqlite3.connect(f"file:{self.folder}/state/{path}?mode=ro", uri=True, timeout=5) as db:
                    row = db.execute(statement).fetchone()
                db.close()
                if row:
                    return row
            except sqlite3.OperationalError:  # it is being made, or sealed
                pass
            time.sleep(0.005)
        raise AssertionError(f"waited in vain: {statement}")

    def play(self):
        self.muster("run", "./race", "--detach")
        code, deadline = self.ask("control.db", "SELECT code, deadline FROM gate")
        time.sleep(max(0, deadline / 1000 + self.offset_s - time.time()))
        answer = self.muster("approve", code)
        end = json.loads(self.ask("runs/race.1.run", "SELECT value FROM row WHERE type = 'h' AND verb = 'end'")[0])
        how = json.loads(self.ask("runs/race.1.run", "SELECT value FROM row WHERE type = 'o'")[0])["value"]["how"]
        said = answer.stdout.strip()
        told = "approved" if answer.returncode == 0 and ": approved, on disk" in said else \
            "expired" if answer.returncode == 2 and "too late: it expired" in said else f"{answer.returncode}: {said}"
        if not (told == how == end["result"]) or end["exit"] != {"approved": 0, "expired": 6}[how]:
            raise AssertionError(f"told {said!r} ({answer.returncode}), the run has {how}, ended {end['result']} ({end['exit']})")
        self.told = told

    def run(self):
        try:
            self.play()
        except Exception as trouble:  # pylint: disable=broad-except
            self.trouble = trouble


def approve_races(count, seed):
    draw = random.Random(seed)
    told = {"approved": 0, "expired": 0}
    with tempfile.TemporaryDirectory(prefix="muster-gates.") as folder:
        for first in range(0, count, 4):
            # A command needs some ms to its transaction: the answers land on both sides.
            races = [Race(os.path.join(folder, str(i)), draw.uniform(-0.120, 0.010)) for i in range(first, min(first + 4, count))]
            threads = [threading.Thread(target=race.run) for race in races]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for race in races:
                if race.trouble:
                    raise race.trouble
                told[race.told] += 1
    return f"{count} answers of muster approve: {told['approved']} in time, {told['expired']} too late, 0 mismatches"


def main():
    long = "--long" in sys.argv
    seed = sys.argv[sys.argv.index("--seed") + 1] if "--seed" in sys.argv else "1"
    cases = [
        ("gates.orders", lambda: driver("gates.orders", "--seed", seed, *(("--clocks", "one") if long else ("--every", "400")))),
        ("gates.runs", lambda: driver("gates.runs", "--seed", seed, "--trials", "10000" if long else "150", "--workers", "4")),
        ("gates.approve", lambda: approve_races(400 if long else 16, int(seed))),
    ]
    bad = 0
    for name, play in cases:
        try:
            print(f"ok {name} ({play()})", flush=True)
        except (AssertionError, OSError, subprocess.SubprocessError) as trouble:
            bad += 1
            print(f"NOT OK {name}: {re.sub(chr(10), ' ', str(trouble))}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
