# SPDX-License-Identifier: MIT
"""What the integration tests share: a mail site on real servers with the muster.lua for it, the command
line, runs (their rows, gates and processes), and the frame every test program is put in.

    CASES = []

    @case(CASES)
    def moves_the_mx(site):
        run = site.start("mx-failover", "every=1s")      # detached
        run.approve()                                    # waits for the gate
        assert run.ended()["exit"] == 0

    if __name__ == "__main__":
        sys.exit(main(CASES, sites={"powerdns": Site}))

A case passes, fails by an exception, or is skipped by Unavailable. It gets the site as new: the zone as it
was, the primary stopped, nothing planned, nothing received. $MUSTER names the binary."""

import contextlib
import fcntl
import inspect
import json
import os
import re
import signal
import subprocess
import sys
import time

from servers import Range, Unavailable, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MUSTER = os.path.abspath(os.environ.get("MUSTER", os.path.join(ROOT, "build", "release", "muster")))
PATIENCE_S = 40  # for a run to end, on two busy cores


# --- a site -----------------------------------------------------------------------------------------

DOMAIN, STANDBY = "example.com", "mx-standby.example.net"
TTL, MX = 7200, ["10 mx1.example.com.", "30 mx2.example.com."]  # what the zone holds at first
RECIPIENTS = ("postmaster", "sales")  # Postfix takes mail for postmaster whatever the list says
MOVED = (300, ["10 mx-standby.example.net."])  # what a failover writes


def zone(hosts, mx=()):
    """The zone file as a function of its servers' addresses: each is an NS of its own."""

    def text(addresses):
        lines = ["@ 3600 IN SOA ns1 hostmaster 2026010101 3600 600 604800 60"]
        for i, address in enumerate(addresses, 1):
            lines += [f"@ 3600 IN NS ns{i}", f"ns{i} 3600 IN A {address}"]
        lines += [f"@ {TTL} IN MX {record}" for record in mx]
        lines += [f"{host} 300 IN A {address}" for host, address in hosts.items()]
        return "\n".join(lines) + "\n"

    return text


class Site:
    """example.com with its primary and standby MX, its DNS host (two authoritative addresses), a webhook as
    channel, a control target, and a folder with muster.lua. The primary is stopped at first."""

    authority = "powerdns"

    def __init__(self, range_):
        self.range = range_
        self.primary = range_.postfix("mx1.example.com", [DOMAIN], RECIPIENTS)
        self.primary.stop()
        self.standby = range_.postfix(STANDBY, [DOMAIN], RECIPIENTS)
        self.control = range_.smtp_sink()
        self.hook = range_.webhook()
        hosts = {"mx1": self.primary.address, "mx2": range_.address()}  # nobody ever answers as mx2
        zones = {DOMAIN: zone(hosts, MX), "example.net": zone({"mx-standby": self.standby.address})}
        self.dns = getattr(range_, self.authority)({name: self._absolute(name, text) for name, text in zones.items()}, addresses=2)
        self.folder = range_.subfolder("site")
        self.state = os.path.join(self.folder, "state-0")
        self.config = {}
        self.configure()

    @staticmethod
    def _absolute(name, text):
        return lambda addresses: f"$ORIGIN {name}.\n" + text(addresses)

    # The provider as muster.lua has it, and what it was asked to change so far.

    def provider(self):
        return {"driver": "powerdns", "url": self.dns.api_url, "key": Secret("env", "TEST_DNS_KEY")}

    def dns_secret(self):
        return self.dns.key

    def writes(self):
        """Requests for a change that reached the provider and were answered well, or were only asked."""
        return [entry for entry in self.dns.api.log if entry["method"] != "GET"]

    def writes_made(self):
        return sum(1 for entry in self.writes() if entry["status"] == 204)

    def forget(self):
        self.dns.api.faults.clear()
        self.dns.api.log.clear()

    # muster.lua

    def defaults(self):
        return {
            "state": os.path.basename(self.state),
            "playbooks": [os.path.join(ROOT, "playbooks")],
            "dns": {"resolvers": [f"{self.dns.addresses[0]}:{self.dns.port}"], "port": self.dns.port, "timeout": "1s"},
            "smtp": {"port": self.range.smtp_port, "helo": "probe.example.org", "from": "probe@example.org",
                     "control": [f"{self.control.address}:{self.control.port}"], "connect_timeout": "2s", "phase_timeout": "5s"},
            "tls": {"ca_file": self.standby.certificate},
            "domains": {DOMAIN: {"provider": "dns", "standby": STANDBY, "recipient": "sales@example.com"}},
            "providers": {"dns": self.provider()},
            "people": {
                "ana": {"name": "Ana Ruiz", "account": account(), "teams": ["incident-lead", "mail-platform"], "contact": ["hook:ana"]},
                "bo": {"name": "Bo Lind", "account": "nobody-logs-in-so", "teams": ["duty-manager"], "contact": ["hook:bo"]},
            },
            "channels": {"hook": {"kind": "webhook", "url": self.hook.url}},
            "audiences": {"stakeholders": ["hook:board"], "everyone": ["hook:board", "ana", "bo"]},
            "ladders": {"mail-oncall": [{"page": "ana", "ack_within": "1s"}, {"page": "bo", "ack_within": "1s"}]},
        }

    def configure(self, **sections):
        """Writes muster.lua anew; a section given here is merged over the usual one, None leaves it out."""
        self.config = self.defaults()
        for name, values in sections.items():
            if values is None:
                del self.config[name]
            elif isinstance(values, dict):
                self.config[name] = {**self.config.get(name, {}), **values}
            else:
                self.config[name] = values
        self.write("muster.lua", "return " + lua(self.config) + "\n")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    # The zone

    def set_mx(self, ttl, records):
        """As a colleague would."""
        self.dns.set_rrset(DOMAIN, DOMAIN, "MX", ttl, records)

    def set_host(self, name, address):
        self.dns.set_rrset(DOMAIN, name, "A", 300, [address])

    def mx(self):
        """What every authoritative address answers: one (ttl, records) when they agree."""
        answers = [self.ask(address, DOMAIN, "MX") for address in self.dns.addresses]
        assert all(answer == answers[0] for answer in answers), f"the authoritative addresses differ: {answers}"
        return answers[0]

    def mx_or_none(self):
        """None while the addresses differ."""
        with contextlib.suppress(AssertionError):
            return self.mx()

    def ask(self, address, name, kind):
        text = subprocess.run(["kdig", f"@{address}", "-p", str(self.dns.port), "+norec", "+noall", "+answer", name, kind], check=True,
                              capture_output=True, text=True, timeout=20).stdout
        rows = [line.split(None, 4) for line in text.splitlines() if line and not line.startswith(";")]
        return (int(rows[0][1]), sorted(row[4] for row in rows)) if rows else (None, [])

    # The command line

    def muster(self, *words, cwd=None, timeout=60):
        return subprocess.run([MUSTER, *words], cwd=cwd or self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="backslashreplace", timeout=timeout)

    def environment(self):
        return {**os.environ, "TEST_DNS_KEY": self.dns_secret(), "HOME": self.folder, "NO_COLOR": "1"}

    def start(self, playbook, *words):
        """A detached run."""
        done = self.muster("run", playbook, *words, "--detach")
        assert done.returncode == 0, f"muster run {playbook} exits with {done.returncode}: {done.stderr.strip()}"
        return Run(self, done.stdout.strip())

    def failover(self, *words):
        """mx-failover with waits for the impatient."""
        return self.start("mx-failover", f"domain={DOMAIN}", "every=1s", "settle=20s", *words)

    def last_run(self):
        return Run(self, self.runs(1)[0]["run"])

    def runs(self, limit=1000):
        done = self.muster("--json", "runs", "--limit", str(limit))
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def told(self, to=None):
        """Texts that came in at the webhook, for one contact."""
        posts = [json.loads(post["body"]) for post in list(self.hook.posts)]
        return [post for post in posts if to in (None, post.get("to"))]

    def told_of(self, words, to=None):
        return [post for post in self.told(to) if words in post["subject"] + "\n" + post["text"]]

    # Between cases

    def reset(self):
        """As new, and a state folder of its own: no run of a former case holds a lock here."""
        self.state = os.path.join(self.folder, f"state-{int(self.state.rsplit('-', 1)[1]) + 1}")
        self.forget()
        self.primary.stop()
        self.dns.start()
        self.standby.start()
        self.control.start()
        self.configure()
        self.set_mx(TTL, MX)
        self.set_host("mx1.example.com", self.primary.address)
        self.forget()
        self.hook.posts.clear()

    def unended(self):
        if not os.path.exists(os.path.join(self.state, "runs")):
            return []
        return [Run(self, row["run"]) for row in self.runs() if not row["ended"]]

    def clean_up(self):
        """Leaves no process behind."""
        for run in self.unended():
            run.kill()


class KnotSite(Site):
    """The same with Knot and dynamic updates as the zone's DNS host."""

    authority = "knot"

    def provider(self):
        return {"driver": "rfc2136", "server": self.dns.server,
                "tsig": {"name": self.dns.key_name, "algorithm": "hmac-sha256", "secret": Secret("env", "TEST_DNS_KEY")}}

    def dns_secret(self):
        return self.dns.secret

    def writes(self):
        return list(range(self.dns.updates.count))

    def writes_made(self):
        return self.dns.updates.count

    def forget(self):
        self.dns.updates.faults.clear()
        self.dns.updates.count = 0


class Secret:
    """secret.env "NAME" or secret.file "PATH" in muster.lua."""

    def __init__(self, kind, name):
        self.text = f'secret.{kind} "{name}"'


def lua(value):
    """A Python value as Lua source."""
    if isinstance(value, Secret):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"[{lua(str(key))}] = {lua(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "{ " + ", ".join(lua(item) for item in value) + " }"
    return json.dumps(value)


def account():
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


# --- a run ------------------------------------------------------------------------------------------


class Run:
    """One run by name: what its journal says, who executes it, answers for its gates."""

    def __init__(self, site, name):
        self.site = site
        self.name = name
        self.path = os.path.join(site.state, "runs", name + ".run")

    # the journal, through the command line as everybody reads it

    def rows(self):
        done = self.site.muster("--json", "show", self.name, "--wide")
        assert done.returncode == 0, f"muster show {self.name}: {done.stderr.strip()}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    def find(self, kind=None, verb=None):
        return [row for row in self.rows() if kind in (None, row["type"]) and verb in (None, row["verb"])]

    def row(self, kind, verb):
        """The newest such row."""
        rows = self.find(kind, verb)
        assert rows, f"{self.name} has no row {kind} {verb}; it has:\n{self.story()}"
        return rows[-1]

    def wait_row(self, kind, verb, count=1, seconds=PATIENCE_S):
        self._wait(f"{kind} {verb}", lambda: len(self.find(kind, verb)) >= count, seconds)
        return self.row(kind, verb)

    def _wait(self, what, condition, seconds):
        try:
            wait_until(what, condition, seconds)
        except TimeoutError:
            raise AssertionError(f"{what} did not come in {seconds} s; {self.name} has:\n{self.story()}") from None

    def story(self, last=14):
        """The end of the run in lines, for the message of a failed case."""
        lines = self.site.muster("show", self.name, "--wide").stdout.splitlines()[-last:]
        return "\n".join("      | " + line for line in lines) + "\n      | log: " + self.log()[-400:].strip()

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.path + ".log", errors="replace") as file:
                return file.read()
        return ""

    def ended(self, seconds=PATIENCE_S):
        """The value of its end row: {state, result, why, exit, ...}. Also checks what must hold of every run that has
        ended: its journal verifies, nothing differed when it was replayed, and it is sealed."""
        self._wait("its end", lambda: self.find("h", "end"), seconds)
        self._wait("its seal", lambda: not os.path.exists(self.path + ".lock") or "not sealed" in self.log(), 10)
        verdict = self.site.muster("verify", self.name)
        assert verdict.returncode == 0, f"verify {self.name}: {verdict.stdout}{verdict.stderr}"
        assert "differs" not in self.log() and "not sealed" not in self.log(), self.log()
        return self.row("h", "end")["value"]

    def ends(self, result, code, state=None):
        """Asserts how it ends; returns the end."""
        end = self.ended()
        wanted = {"result": result, "exit": code, **({"state": state} if state else {})}
        is_ = {key: end.get(key) for key in wanted}
        assert is_ == wanted, f"{self.name} ended as {is_} instead of {wanted}: {end.get('why')}\n{self.story()}"
        return end

    def outcome(self, verb):
        return self.row("o", verb)["value"]

    def doings(self):
        """What it did, without the host's rows, times and task numbers: the same for a run that was killed."""
        return [(row["type"], row["verb"], row["src"], row["step"]) for row in self.rows() if row["type"] != "h"]

    # gates

    def gates(self):
        done = self.site.muster("--json", "pending")
        assert done.returncode == 0, done.stderr
        gates = [json.loads(line) for line in done.stdout.splitlines()]
        return [gate for gate in gates if gate["run"] == self.name]

    def gate(self, seconds=PATIENCE_S):
        """Its open gate, once there is one."""
        self._wait("an open gate", self.gates, seconds)
        return self.gates()[0]

    def answer(self, command, reason):
        done = self.site.muster(command, self.gate()["code"], "--reason", reason)
        assert done.returncode == 0, f"muster {command}: {done.stderr.strip()}"
        return done

    def approve(self, reason="DC2 has no power"):
        return self.answer("approve", reason)

    # processes

    def executor(self):
        """The process that holds its lock, 0 when nobody does."""
        try:
            with open(self.path + ".lock") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return 0
        except FileNotFoundError:
            return 0
        except BlockingIOError:
            with open(self.path + ".lock") as file:
                return int(file.readline().strip().replace("-", "") or 0)

    def monitor(self):
        pid = self.executor()
        return parent_of(pid) if pid else 0

    def kill_executor(self):
        pid = self.executor()
        assert pid, f"nobody executes {self.name}:\n{self.story()}"
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill(self):
        """Monitor first, so that nobody starts another executor. Does nothing when it is over."""
        for pid in (self.monitor(), self.executor()):
            if pid > 1 and is_muster(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        wait_until(f"the end of {self.name}'s executor", lambda: self.executor() == 0, 5)


def parent_of(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    return 0


def is_muster(pid):
    with contextlib.suppress(OSError):
        return os.path.realpath(f"/proc/{pid}/exe") == os.path.realpath(MUSTER)
    return False


# --- the frame --------------------------------------------------------------------------------------


def case(cases, *sites):
    """Decorator: adds a case, for each of the named kinds of site (all of the program's, when none is named)."""

    def add(function):
        cases.append((function, sites))
        return function

    return add


def say(what, name, why=""):
    text = re.sub(r"\s*\n", "\n    ", str(why)).rstrip()
    print(f"{what} {name}" + (f": {text}" if text else ""), flush=True)


def run_case(function, site, name):
    """True unless it failed."""
    try:
        site.reset()
        try:
            function(site)
        finally:
            site.clean_up()
        say("ok", name)
    except Unavailable as why:
        say("SKIPPED", name, why)
    except Exception as why:  # a test program tells everything
        at = [frame for frame in inspect.getinnerframes(why.__traceback__) if frame.filename == inspect.getfile(function)]
        where = f"line {at[-1].lineno}" if at else "frame"
        source = (at[-1].code_context or [""])[0].strip() if at else ""
        say("NOT OK", name, f"{where}, {type(why).__name__}: {why or source}")
        return False
    return True


def run_site(label, kind, cases, wanted):
    """The number of cases that failed."""
    chosen = [(function, f"{label}.{function.__name__}") for function, sites in cases if not sites or label in sites]
    chosen = [(function, name) for function, name in chosen if not wanted or any(word in name for word in wanted)]
    if not chosen:
        return 0
    try:
        with Range() as range_:
            site = kind(range_)
            return sum(not run_case(function, site, name) for function, name in chosen)
    except Unavailable as why:
        for _, name in chosen:
            say("SKIPPED", name, why)
        return 0
    except Exception as why:
        say("NOT OK", label, f"the servers did not come up: {type(why).__name__}: {why}")
        return 1


def main(cases, sites):
    """Words on the command line choose cases by parts of their names."""
    if not os.access(MUSTER, os.X_OK):
        say("NOT OK", "binary", f"{MUSTER} is not there: build it, or set $MUSTER")
        return 1
    began = time.monotonic()
    failed = sum(run_site(label, kind, cases, sys.argv[1:]) for label, kind in sites.items())
    print(f"# {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failed else 0
