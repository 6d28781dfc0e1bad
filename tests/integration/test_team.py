#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The team's socket: the supervisor runs as one account, people have their own and no right to the state folder.
They answer, decide, cancel, look and start over the socket, as who the kernel says they are; nobody else does, and a
peer that floods, stalls or lies keeps nobody out. Needs root, to be several accounts. Prints `ok NAME` or
`NOT OK NAME: why`."""
import grp
import json
import os
import pwd
import random
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

from serving import MUSTER, PATIENCE_S, SLOW, case, wait_for

HOST, GROUP = "mail", "mail"  # who serves, and whose socket it is: accounts of every Debian
ANA, BO, CY, EVE, OUT = "daemon", "bin", "sys", "games", "nobody"  # three people, a member who is nobody, a stranger
CASES = []

GATE = """playbook { name = "gate", version = "1.0.0", owner = "lead", summary = "Asks.", may_change = {},
  params = { word = param.string "Any" { default = "x" } }, changelog = { ["1.0.0"] = "First" } }
function main()
  step "Ask"
  local answer = approve { "Go?", by = "lead", quorum = 2, deadline = "5m", no_self = true }
  finish(answer.how, answer.by and answer.by.name)
end
"""
LARGE = """playbook { name = "large", version = "1.0.0", owner = "lead", summary = "Says much.", may_change = {}, params = {},
  changelog = { ["1.0.0"] = "First" } }
function main()
  step "Say much"
  for i = 1, 10 do evidence("part " .. i, { text = string.rep("x", 50000) }) end
  finish("said")
end
"""
DOUBT = """playbook { name = "doubt", version = "1.0.0", owner = "lead", summary = "Loses a reply.", may_change = { "http.post" },
  params = { url = param.string "Where" }, changelog = { ["1.0.0"] = "First" } }
function main(p)
  step "Post"
  local answer = http.post(p.url, { json = { 1 } })
  finish("posted", answer.skipped and "skipped" or "answered")
end
"""


def become(account, groups):
    return {"user": account, "group": account if account != OUT else "nogroup", "extra_groups": groups}


class Team:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="muster-team.")
        os.chmod(self.folder, 0o755)
        for name, mode in (("state", 0o700), ("run", 0o750), ("etc", 0o755), ("etc/keys", 0o700)):
            os.mkdir(self.path(name), mode)
            os.chmod(self.path(name), mode)
        for name, text in (("gate", GATE), ("doubt", DOUBT), ("large", LARGE)):
            os.makedirs(self.path("etc/playbooks", name))
            with open(self.path("etc/playbooks", name, "playbook.lua"), "w") as f:
                f.write(text)
        with open(self.path("etc/keys/hook"), "w") as f:
            f.write("a-secret-of-the-host\n")
        os.chmod(self.path("etc/keys/hook"), 0o600)
        people = ", ".join('%s = { account = "%s", teams = { "lead" }, contact = { "hook:%s" } }' % (name, account, name)
                           for name, account in (("ana", ANA), ("bo", BO), ("cy", CY)))
        with open(self.path("etc/muster.lua"), "w") as f:
            f.write('return { state = "%s", serve = { socket = "%s", group = "%s" }, people = { %s }, '
                    'channels = { hook = { kind = "webhook", url = "http://127.0.0.1:9/", secret = secret.file "keys/hook" } } }\n'
                    % (self.path("state"), self.path("run/serve.sock"), GROUP, people))
        for top, dirs, files in os.walk(self.folder):
            for name in dirs + files:
                shutil.chown(os.path.join(top, name), HOST, GROUP)
        self.socket = self.path("run/serve.sock")
        self.log = open(self.path("serve.log"), "w")
        self.server = subprocess.Popen([MUSTER, "--config", self.path("etc/muster.lua"), "serve"], cwd="/", stderr=self.log,
                                       **become(HOST, []))
        wait_for("the socket", lambda: os.path.exists(self.socket) and self.answers())

    def path(self, *words):
        return os.path.join(self.folder, *words)

    def answers(self):
        return self.muster(BO, "status")[0] == 0

    def muster(self, account, *args, member=True, env=None, config=None):
        groups = [grp.getgrnam(GROUP).gr_gid] if member else []
        done = subprocess.run([MUSTER, "--config", config or self.path("etc/muster.lua"), *args], cwd="/", capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL, env=dict(os.environ, **(env or {})), **become(account, groups))
        return done.returncode, done.stdout, done.stderr

    def ok(self, account, *args, **how):
        code, out, err = self.muster(account, *args, **how)
        assert code == 0, f"{account}: {args}: {code} {out} {err}"
        return out

    def refused(self, account, *args, says, code=2, **how):
        got, out, err = self.muster(account, *args, **how)
        assert got == code and says in err, f"{account}: {args}: {got} {out} {err}"

    def start(self, account, *args):
        return json.loads(self.ok(account, "--json", "run", *args).splitlines()[0])["run"]

    def gate(self, account, run):
        gates = [json.loads(line) for line in self.ok(account, "--json", "pending").splitlines()]
        return next((gate for gate in gates if gate["run"] == run), None)

    def run(self, name):
        runs = [json.loads(line) for line in self.ok(BO, "--json", "runs").splitlines()]
        return next(run for run in runs if run["run"] == name)

    def ended(self, name):
        return wait_for(f"the end of {name}", lambda: self.run(name)["state"] not in ("running", "parked") and self.run(name))

    def rows(self, name):
        with sqlite3.connect(f"file:{self.path('state/runs', name)}.run?mode=ro", uri=True) as journal:
            return [(verb, json.loads(value)) for verb, value in journal.execute("SELECT verb, value FROM row ORDER BY gsn") if value]

    def end(self):
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(60)
        self.log.close()
        shutil.rmtree(self.folder)


@case(CASES)
def people_answer_without_a_right_to_the_folder(team):
    run = team.start(ANA, "gate")
    gate = wait_for("the question", lambda: team.gate(BO, run))
    assert gate["mine"] and not team.gate(ANA, run)["mine"], gate
    for account in (ANA, BO, CY):  # nothing of the folder is for them
        probe = subprocess.run(["ls", team.path("state")], capture_output=True, **become(account, [grp.getgrnam(GROUP).gr_gid]))
        assert probe.returncode != 0
    team.refused(ANA, "approve", gate["code"], says="you started")
    assert "1 of 2" in team.ok(BO, "approve", gate["code"], "--reason", "seen it", "--seen", gate["digest"][:6])
    team.refused(BO, "approve", "0000", says="0000")
    team.refused(BO, "approve", gate["code"], says="it stands at 1 of 2")  # the same person counts once
    assert "approved, on disk, as cy" in team.ok(CY, "approve", gate["code"])
    assert team.ended(run)["result"].startswith("approved"), team.run(run)
    votes = json.dumps(team.rows(run))
    assert '"bo"' in votes and '"cy"' in votes and f"{BO}@" in votes and "by the socket" in votes and "seen it" in votes
    assert "started" in team.ok(BO, "show", run) and "by ana" in team.ok(BO, "show", run)


@case(CASES)
def who_one_is_says_the_kernel(team):
    run = team.start(BO, "gate")
    gate = wait_for("the question", lambda: team.gate(CY, run))
    team.refused(EVE, "approve", gate["code"], says=f"the account {EVE} is nobody in people")
    for command in (["cancel", run], ["run", "gate"], ["freeze", "--all", "--reason", "x"], ["note", run, "x"], ["decide", run]):
        team.refused(EVE, *command, says="is nobody in people")
    assert run in team.ok(EVE, "runs") and "Go?" in team.ok(EVE, "show", run)
    team.refused(OUT, "runs", says="is not for you", member=False)
    other = team.path("etc/mine.lua")  # a configuration of one's own names the socket, and nobody
    with open(other, "w", encoding="utf-8") as f:
        f.write('return { state = "%s", serve = { socket = "%s" }, people = { cy = { account = "%s" } } }' % (team.path("state"), team.socket, EVE))
    team.refused(EVE, "approve", gate["code"], says="is nobody in people", config=other)
    team.refused(EVE, "approve", gate["code"], says="is nobody in people", env={"USER": CY, "LOGNAME": CY, "SUDO_USER": CY})
    said = ask_as(team, EVE, json.dumps({"ask": "command", "argv": ["approve", gate["code"]], "uid": 3, "who": "cy", "peer": {"uid": 0}}))
    assert said["code"] == 2 and "is nobody in people" in said["err"], said
    said = ask_as(team, CY, json.dumps({"ask": "command", "argv": ["--config", other, "approve", gate["code"]]}))
    assert said["code"] == 2 and "no such command" in said["err"], said
    assert team.gate(CY, run)["agreed"] == 0
    assert "is told to stop" in team.ok(CY, "cancel", run, "--reason", "it was a test")
    assert team.ended(run)["state"] == "cancelled"


@case(CASES)
def words_that_name_files_are_refused(team):
    team.refused(BO, "run", "./gate", says="is started by its name")
    team.refused(BO, "run", "/etc/gate", says="is started by its name")
    team.refused(BO, "run", "gate", "word=file:/etc/shadow", says="no secret can be given")
    team.refused(BO, "run", "gate", "--world", "sim", says="--world")
    for command in (["report", "last", "--html", "/tmp/x"], ["publish", "gate"], ["serve"], ["call", "dns.mx", "x"], ["verify", "last"]):
        said = ask_as(team, BO, json.dumps({"ask": "command", "argv": command}))
        assert said["code"] == 2 and "needs the state folder itself" in said["err"], said
    assert "is for root" in ask_as(team, BO, '{"ask":"reload"}')["error"]


@case(CASES)
def an_act_in_doubt_is_decided(team):
    lost = socket.create_server(("127.0.0.1", 0))

    def lose():
        while True:
            try:
                peer = lost.accept()[0]
            except OSError:
                return
            peer.recv(4096)
            peer.close()
    threading.Thread(target=lose, daemon=True).start()
    run = team.start(ANA, "doubt", f"url=http://127.0.0.1:{lost.getsockname()[1]}/")
    wait_for("in doubt", lambda: team.run(run)["state"] == "parked")
    assert "in doubt" in team.ok(BO, "decide", run) or "http.post" in team.ok(BO, "decide", run)
    team.ok(BO, "decide", run, "skip", "--reason", "looked at the far side")
    assert "skipped" in json.dumps(team.ended(run))
    assert "looked at the far side" in json.dumps(team.rows(run))
    lost.close()


@case(CASES)
def the_answer_fits_the_terminal_of_who_asks(team):
    wide = ask_as(team, BO, json.dumps({"ask": "command", "argv": ["runs"], "columns": 80, "color": True}))["out"]
    plain = ask_as(team, BO, json.dumps({"ask": "command", "argv": ["runs"]}))["out"]
    assert "\033[" in wide and "\033[" not in plain, (wide, plain)
    assert all(json.loads(line) for line in ask_as(team, BO, json.dumps({"ask": "command", "argv": ["runs"], "json": True}))["out"].splitlines())


# --- hostile peers ---

def as_account(account, function):
    """What function() returns in a process of that account; its result as text."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            entry = pwd.getpwnam(account)
            os.setgroups([grp.getgrnam(GROUP).gr_gid])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            os.write(theirs, function().encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said.decode()


def ask_as(team, account, line):
    def ask():
        peer, said = connect(team), b""
        peer.sendall(line.encode() + b"\n")
        while got := peer.recv(65536):
            said += got
        return said.decode()
    return json.loads(as_account(account, ask))


def flood(team, line, seconds):
    """As many connections as there can be; some say half of a question, some all of it, none listens."""
    held, until = [], time.time() + seconds
    while time.time() < until:
        try:
            peer = connect(team)
            peer.sendall(line)
            held.append(peer)
        except OSError:
            pass
        if len(held) > 200:
            held.pop(0).close()
    return "flooded"


def kept(team):
    """(descriptors, KiB) of the supervisor."""
    with open(f"/proc/{team.server.pid}/smaps_rollup") as f:
        dirty = next(int(line.split()[1]) for line in f if line.startswith("Private_Dirty:"))
    return len(os.listdir(f"/proc/{team.server.pid}/fd")), dirty


def connect(team):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(60)
    peer.connect(team.socket)
    return peer


def closed(peer):
    try:
        return peer.recv(65536) == b""
    except (ConnectionError, BrokenPipeError):
        return True


@case(CASES)
def nonsense_is_answered_or_dropped(team):
    rng = random.Random(4)
    for line in ("", "{}", "[]", '{"ask":1}', '{"ask":"command"}', '{"ask":"command","argv":[]}', '{"ask":"command","argv":[1]}',
                 '{"ask":"command","argv":["a\\u0000b"]}', json.dumps({"ask": "command", "argv": ["x"] * 65}), "[" * 9000, "\x00\x01"):
        assert "does not know what was asked" in ask_as(team, BO, line)["error"], line
    assert "no such command" in ask_as(team, BO, '{"ask":"command","argv":[""]}')["err"]
    for _ in range(300):  # whatever comes: an answer or the end, and no wait
        peer = connect(team)
        bytes_ = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 400)))
        peer.sendall(bytes_ + b"\n")
        assert peer.recv(65536)
        peer.close()


@case(CASES)
def too_long_slow_and_silent_ones_are_dropped(team):
    before = kept(team)
    long = connect(team)
    try:
        long.sendall(b"x" * (1 << 20))
    except (ConnectionError, BrokenPipeError):
        pass
    assert closed(long)
    began = time.monotonic()
    silent, half, drip = connect(team), connect(team), connect(team)
    half.sendall(b'{"ask":')
    while time.monotonic() - began < 8 * SLOW:  # an octet at a time does not buy more time
        try:
            drip.sendall(b" ")
        except (ConnectionError, BrokenPipeError):
            break
        time.sleep(0.2)
    assert 4 < time.monotonic() - began < 7 * SLOW, time.monotonic() - began
    assert closed(silent) and closed(half)
    wait_for("descriptors as before", lambda: kept(team)[0] <= before[0])


@case(CASES)
def who_does_not_take_the_answer_is_dropped(team):
    run = team.start(BO, "large")
    team.ended(run)
    assert len(team.ok(BO, "--json", "show", run, "--wide")) > 400000  # more than the socket takes
    before = kept(team)
    deaf = [connect(team) for _ in range(3)]
    for peer in deaf:
        peer.sendall(json.dumps({"ask": "command", "argv": ["show", run, "--wide"], "json": True}).encode() + b"\n")
    time.sleep(1)
    assert kept(team)[0] > before[0]
    team.ok(BO, "pending")
    wait_for("descriptors as before, while the peers are there", lambda: kept(team)[0] <= before[0], 40 * SLOW)
    for peer in deaf:
        peer.close()


@case(CASES)
def a_flood_of_one_account_keeps_nobody_out(team):
    before = kept(team)
    run = team.start(BO, "gate")
    gate = wait_for("the question", lambda: team.gate(CY, run))
    lines = (b'{"ask":"comm', b'{"ask":"command","argv":["runs"]}\n', b'{"ask":"status"}\n')
    floods = [threading.Thread(target=as_account, args=(EVE, lambda line=line: flood(team, line, 6 * SLOW))) for line in lines]
    for one in floods:
        one.start()
    time.sleep(1)
    took = []
    for account in (CY, ANA, CY):
        began = time.monotonic()
        team.ok(account, "pending")
        took.append(time.monotonic() - began)
    began = time.monotonic()
    assert "1 of 2" in team.ok(ANA, "approve", gate["code"])
    took.append(time.monotonic() - began)
    for one in floods:
        one.join()
    assert max(took) < 5 * SLOW, took
    wait_for("descriptors as before", lambda: kept(team)[0] <= before[0] + 1)
    assert kept(team)[1] < before[1] + 4096 * SLOW, (before, kept(team))
    team.ok(CY, "cancel", run)
    print(f"   answers during a flood took {max(took) * 1000:.0f} ms at most; memory {before[1]} KiB before, {kept(team)[1]} KiB behind it")


@case(CASES)
def a_peer_that_leaves_leaves_its_command(team):
    run = team.start(BO, "gate")
    gate = wait_for("the question", lambda: team.gate(CY, run))
    peer = connect(team)  # root, who is nobody here: but the command is begun, and its peer is gone
    peer.sendall(json.dumps({"ask": "command", "argv": ["approve", gate["code"]]}).encode() + b"\n")
    peer.close()
    team.ok(CY, "approve", gate["code"])
    assert team.gate(CY, run)["agreed"] == 1
    team.ok(CY, "cancel", run)


def main():
    if os.geteuid() != 0:
        print("SKIPPED the team's socket needs root, to be several accounts")
        return 0
    wanted, failed = sys.argv[1:], 0
    team = Team()
    try:
        for function in CASES:
            if wanted and function.__name__ not in wanted:
                continue
            name = "team: " + function.__name__.replace("_", " ")
            try:
                function(team)
                print(f"ok {name}", flush=True)
            except Exception as why:  # pylint: disable=broad-except
                failed += 1
                print(f"NOT OK {name}: {why}", flush=True)
                traceback.print_exc()
        assert team.server.poll() is None, "the supervisor has ended"
    finally:
        if failed:
            with open(team.path("serve.log")) as f:
                print(f.read()[-3000:])
        team.end()
    return failed > 0


sys.exit(main())
