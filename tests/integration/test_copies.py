#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`muster verify` on copies of a run's file: of a live run and of an ended one, with and without the WAL beside
it, read-only, in a folder nobody may write, by another account, and without any configuration."""
import glob
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MUSTER = os.path.abspath(os.environ.get("MUSTER", os.path.join(ROOT, "build", "release", "muster")))

PLAYBOOK = """playbook { name = "copy", version = "1.0.0", owner = "ana", summary = "A copy", may_change = {},
  params = { wait = param.duration "How long" }, changelog = { ["1.0.0"] = "." } }
function main(p)
  for i = 1, 50 do evidence("row", i) end
  sleep(p.wait)
  finish("done")
end
"""


class Copies:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(f"{folder}/playbooks/copy")
        with open(f"{folder}/playbooks/copy/playbook.lua", "w") as f:
            f.write(PLAYBOOK)
        with open(f"{folder}/muster.lua", "w") as f:
            f.write('return { state = "state" }\n')
        os.chmod(folder, 0o755)

    def muster(self, *words):
        done = subprocess.run([MUSTER, "--config", f"{self.folder}/muster.lua", *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, f"{words}: {done.stdout}"
        return done.stdout

    def start(self, wait):
        run = self.muster("run", "copy", f"wait={wait}", "--detach").split()[-1]
        path = f"{self.folder}/state/runs/{run}.run"
        until = time.time() + 30
        while "row" not in self.muster("show", run, "--wide") and time.time() < until:
            time.sleep(0.1)
        time.sleep(0.3)  # the group commit is over: the WAL holds every row
        return run, path

    def copy(self, path, name, *suffixes):
        """The file as FOLDER/NAME/copy.run, with these of its side files."""
        place = os.path.join(self.folder, name)
        os.makedirs(place)
        for suffix in ("", *suffixes):
            shutil.copy(path + suffix, f"{place}/copy.run{suffix}")
        return f"{place}/copy.run"


def verify(path, *words, account=None):
    command = [MUSTER, "verify", path, *words]
    if account:
        entry = pwd.getpwnam(account)
        command = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--", *command]
    return subprocess.run(command, cwd="/", env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def holds(path, rows, **how):
    before = sorted(os.listdir(os.path.dirname(path)))
    done = verify(path, **how)
    found = next((int(word) for line in done.stdout.splitlines() if line.startswith("holds") for word in line.split() if word.isdigit()), 0)
    assert done.returncode == 0 and found >= rows, f"{found} rows: {done.stdout}"
    assert sorted(os.listdir(os.path.dirname(path))) == before, "verify left files behind"


def of_a_live_run(copies):
    run, path = copies.start("1h")
    holds(path, 51)  # the live file itself
    whole = copies.copy(path, "live", "-wal")
    holds(whole, 51)
    head = next(line.split()[1] for line in verify(whole).stdout.splitlines() if line.startswith("head"))
    assert "this journal's head" in verify(whole, "--head", head).stdout
    # Without its WAL the copy is what was checkpointed: nothing, or less; never a story of its own.
    bare = verify(copies.copy(path, "bare"))
    assert bare.returncode == 2 or "holds" in bare.stdout, bare.stdout
    assert verify(f"{copies.folder}/bare/copy.run", "--head", head).returncode != 0
    copies.muster("cancel", run)


def of_an_ended_run(copies):
    _, path = copies.start("100ms")
    until = time.time() + 30
    while stat.S_IMODE(os.stat(path).st_mode) != 0o400 and time.time() < until:
        time.sleep(0.1)
    holds(copies.copy(path, "ended"), 53)


def that_nobody_may_write(copies):
    for path in glob.glob(f"{copies.folder}/*/copy.run"):
        if "/bare/" in path:
            continue
        os.chmod(path, 0o444)
        for side in glob.glob(path + "-*"):
            os.chmod(side, 0o444)
        os.chmod(os.path.dirname(path), 0o555)
        holds(path, 51)
        if os.getuid() == 0:
            holds(path, 51, account="nobody")
        os.chmod(os.path.dirname(path), 0o755)


CASES = (of_a_live_run, of_an_ended_run, that_nobody_may_write)


def main():
    bad = 0
    with tempfile.TemporaryDirectory(prefix="muster-copies.") as folder:
        copies = Copies(folder)
        for test in CASES:
            try:
                test(copies)
                print(f"ok copies {test.__name__}", flush=True)
            except AssertionError as trouble:
                bad += 1
                print(f"NOT OK copies {test.__name__}: {trouble}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
