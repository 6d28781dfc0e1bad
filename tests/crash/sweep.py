#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kill -9 at random moments, resume, compare: every act exactly once, offline replay identical.

    tests/crash/sweep.py [RUNS]          prints `ok ...` or `NOT OK ...`, and the counts"""
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MUSTER = os.environ.get("MUSTER", os.path.join(HERE, "..", "..", "build", "release", "muster"))
LEDGER = os.path.join(os.path.dirname(os.path.abspath(MUSTER)), "ledger.so")
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
count = collections.Counter()


def muster(folder, *args):
    return subprocess.run([MUSTER, "--config", os.path.join(folder, "muster.lua"), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def executor_of(folder, run):
    """The pid written in the lock file, if somebody holds the lock."""
    try:
        with open(os.path.join(folder, "state", "runs", run + ".run.lock")) as f:
            return int(f.read().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return 0


def rows_of(folder, run):
    return [json.loads(line) for line in muster(folder, "--json", "show", run).stdout.splitlines()]


def play(folder, number):
    result = muster(folder, "run", "mixed", "--detach")
    run = result.stdout.strip()
    if result.returncode != 0:
        return f"did not start: {result.stderr}"
    kills = 0
    deadline = time.time() + 60
    while time.time() < deadline:
        time.sleep(random.uniform(0.0, 0.03))
        state = muster(folder, "--json", "runs", "--limit", "1").stdout
        last = json.loads(state.splitlines()[0]) if state else {}
        if last.get("ended"):
            break
        if last.get("state") == "parked":  # killed three times before the frontier: a person says go on
            count["poisoned"] += 1
            muster(folder, "resume", run, "--detach", "--go-on", "--reason", "the killer was us")
            continue
        pid = executor_of(folder, run)
        if pid and kills < 5 and random.random() < 0.8:
            try:
                os.kill(pid, signal.SIGKILL)
                kills += 1
            except ProcessLookupError:
                pass
    count["kills"] += kills
    rows = rows_of(folder, run)
    count["rows"] += len(rows)
    count["resumes"] += sum(r["verb"] == "resume" for r in rows)
    ends = [r for r in rows if r["verb"] == "end"]
    if not ends:
        return "did not end: " + "; ".join(f'{r["verb"]}: {r["value"]}' for r in rows if r["type"] == "h")[-500:]
    with open(os.path.join(folder, "ledger.txt")) as f:
        lines = f.read().splitlines()
    doubled = [line for line, n in collections.Counter(line.split()[0] for line in lines).items() if n > 1]
    intents = {r["value"]["key"] for r in rows if r["type"] == "i"}
    strays = [line for line in lines if line.split()[0] not in intents]
    lost = intents - {line.split()[0] for line in lines}
    os.unlink(os.path.join(folder, "ledger.txt"))
    count["acts"] += len(lines)
    if doubled or strays or lost or ends[-1]["value"]["result"] != "done":
        return f"doubled {doubled} strays {strays} lost {lost} end {ends[-1]['value']}"
    verified = muster(folder, "verify", run)
    if verified.returncode != 0:
        return verified.stdout + verified.stderr
    with open(os.path.join(folder, "state", "runs", run + ".run.log")) as f:
        text = f.read()
    if "differs" in text or "AddressSanitizer" in text or "runtime error" in text:
        return text
    return None


folder = tempfile.mkdtemp(prefix="muster-crash.")
shutil.copytree(os.path.join(HERE, "playbooks"), os.path.join(folder, "playbooks"))
with open(os.path.join(folder, "muster.lua"), "w") as f:
    f.write(f'return {{ state = "state", modules = {{ "{LEDGER}" }}, ledger = {{ file = "ledger.txt", delay_ms = 2 }} }}\n')
bad = 0
for number in range(RUNS):
    trouble = play(folder, number)
    if trouble:
        bad += 1
        print(f"  run {number}: {trouble}")
print(f'{"NOT OK" if bad else "ok"} crash sweep: {RUNS} runs, ' + ", ".join(f"{n} {what}" for what, n in sorted(count.items())) + f", {bad} wrong")
if bad:
    print("  kept:", folder)
else:
    shutil.rmtree(folder)
sys.exit(bool(bad))
