#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The golden journals of earlier releases (tests/golden/): this muster verifies and replays every one, and
goes on with those that have not ended, from the control store they were left with."""
import glob
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MUSTER = os.path.abspath(os.environ.get("MUSTER", os.path.join(ROOT, "build", "release", "muster")))
DRAWER = os.path.join(os.path.dirname(MUSTER), "drawer.so")


class Release:
    """A copy of what a release left, moved to a folder of its own."""

    def __init__(self, archive, folder):
        self.folder = folder
        with tarfile.open(archive) as tar:
            tar.extractall(folder)
        os.chmod(f"{folder}/state", 0o700)
        with open(f"{folder}/muster.lua", "w") as f:
            f.write(f'return {{ state = "state", modules = {{ "{DRAWER}" }} }}\n')
        for path in self.files():
            os.chmod(path, 0o600)
        with sqlite3.connect(f"{folder}/state/control.db") as store:  # the folder has moved
            for name, path in store.execute("SELECT name, path FROM run").fetchall():
                store.execute("UPDATE run SET path = ? WHERE name = ?", (f"{folder}/state/runs/{os.path.basename(path)}", name))

    def files(self):
        return sorted(glob.glob(f"{self.folder}/state/runs/*.run"))

    def muster(self, *words):
        return subprocess.run([MUSTER, "--config", f"{self.folder}/muster.lua", *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120)

    def rows(self, run):
        return [json.loads(line) for line in self.muster("--json", "show", run).stdout.splitlines()]

    def acts(self):
        with open(f"{self.folder}/drawer/acts") as f:
            return f.read().splitlines()

    def go_on(self, run):
        """A person goes on with it, whatever it asks: it may have been away for months."""
        answers = {"stale": ("resume", run, "--go-on", "--reason", "of course"),
                   "in_doubt": ("decide", run, "applied", "--reason", "seen on the slip")}
        said = ""
        for _ in range(4):
            rows = self.rows(run)
            if any(row["verb"] == "end" for row in rows):
                break
            parks = [row["value"]["why"] for row in rows if row["verb"] == "park"]
            said = self.muster(*(answers.get(parks[-1], ("resume", run)) if parks else ("resume", run))).stdout
        ends = [row["value"] for row in self.rows(run) if row["verb"] == "end"]
        assert len(ends) == 1 and ends[0]["state"] == "finished", f"{run}: {ends}: {said}"
        replayed = self.muster("replay", run)
        assert replayed.returncode == 0, replayed.stdout


def knows_who_takes_back(release):
    """Which run an undo run takes back is read from its lock. One that has ended has none: until the index is made again
    from the run files (tests/scenario/undo-resume.scene) it is not known."""
    with sqlite3.connect(f"{release.folder}/state/control.db") as store:
        assert "undoes" not in [row[1] for row in store.execute("PRAGMA table_info(run)")]
        for undo, state in (("undo.1", "running"), ("undo.2", "finished")):
            store.execute("CREATE TEMP TABLE one AS SELECT * FROM run WHERE name = 'values.1'")
            store.execute("UPDATE one SET id = NULL, name = ?, playbook = 'undo', state = ?, ended = ?", (undo, state, state == "finished"))
            store.execute("INSERT INTO run SELECT * FROM one")
            store.execute("DROP TABLE one")
        store.executemany("INSERT INTO lock VALUES ('live', ?, ?, 1)", [("undo:doubt.1", "undo.1"), ("another", "undo.1"), ("a slip", "waits.1")])
    done = release.muster("runs")
    assert done.returncode == 0, done.stdout
    with sqlite3.connect(f"{release.folder}/state/control.db") as store:
        found = store.execute("SELECT name, undoes FROM run WHERE undoes <> '' OR playbook = 'undo' ORDER BY name").fetchall()
        assert found == [("undo.1", "doubt.1"), ("undo.2", "")], found
        assert store.execute("SELECT DISTINCT reached, reached_head FROM run").fetchall() == [(0, "")]
    done = release.muster("resume", "doubt.1")
    assert done.returncode == 3 and "undo.1 takes back what this run did, and has not ended" in done.stdout, done.stdout
    with sqlite3.connect(f"{release.folder}/state/control.db") as store:
        store.execute("DELETE FROM run WHERE playbook = 'undo'")
        store.execute("DELETE FROM lock")


def holds_and_replays(release):
    assert len(release.files()) >= 8, release.files()
    for path in release.files():
        for command in ("verify", "replay", "report"):
            done = release.muster(command, path)
            assert done.returncode == 0, f"{command} {os.path.basename(path)}: {done.stdout}"


def goes_on_with_an_open_gate(release):
    """Its deadline, where it has one, may be over since long: then that is what the person hears and the run does."""
    before = release.acts()
    said = release.muster("approve", "gate.2", "--reason", "still good")
    assert said.returncode == 0 or "too late" in said.stdout, said.stdout
    release.go_on("gate.2")
    assert release.acts() == before + ["put g yes" if said.returncode == 0 else "put g no"], said.stdout + str(release.acts())


def goes_on_with_an_act_in_doubt(release):
    before = release.acts()
    release.go_on("doubt.1")
    assert release.acts() == before + ["ring bell behind it"], release.acts()


def takes_back(release):
    done = release.muster("undo", "values.1")
    assert done.returncode == 0 and release.acts()[-1].startswith("put v"), done.stdout


def cancels(release):
    done = release.muster("cancel", "waits.1", "--reason", "nobody waits for it any more")
    assert done.returncode == 0, done.stdout
    assert any(row["verb"] == "end" for row in release.rows("waits.1"))


CASES = (knows_who_takes_back, holds_and_replays, goes_on_with_an_open_gate, goes_on_with_an_act_in_doubt, takes_back, cancels)


def main():
    bad = 0
    for archive in sorted(glob.glob(os.path.join(ROOT, "tests", "golden", "*.tar.xz"))):
        label = os.path.basename(archive)[: -len(".tar.xz")]
        with tempfile.TemporaryDirectory(prefix="muster-upgrade.") as folder:
            release = Release(archive, folder)
            for test in CASES:
                try:
                    test(release)
                    print(f"ok golden {label}: {test.__name__}", flush=True)
                except AssertionError as trouble:
                    bad += 1
                    print(f"NOT OK golden {label}: {test.__name__}: {trouble}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
