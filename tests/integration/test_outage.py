#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The outage is ours: muster in a network namespace of its own where only loopback is up: no default route,
no resolver that answers (resolv.conf names a dead address), the mail site down, the first channel of
everybody out of reach. Every command works, and soon; the run goes by pinned addresses and reaches the second
channel. With a resolver that says SERVFAIL, one that accepts and never answers, or port 25 blocked, the
verdict is "inconclusive", and nothing is changed.

The program starts itself again inside `unshare --net --mount`; where that is not allowed it is skipped. What
every command took stands in lines that begin with "#"."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

from muster import DOMAIN, MOVED, MX, TTL, Site, case, main
from test_endings import Servfail

CASES = []
INSIDE = "MUSTER_TEST_OUTAGE"
HANGS_S = 10  # a command that takes longer waits for something that does not come
DEAD = "192.0.2.53"  # RFC 5737: nobody there, and no way to it


# --- the namespace ------------------------------------------------------------------------------------


def enter():
    """Runs this program again inside; only returns when that can't be done."""
    for flags in (["--net", "--mount"], ["--net", "--mount", "--map-root-user"]):
        if subprocess.run(["unshare", *flags, "true"], capture_output=True, check=False).returncode == 0:
            os.execvpe("unshare", ["unshare", *flags, sys.executable, os.path.abspath(__file__), *sys.argv[1:]], {**os.environ, INSIDE: "1"})


def furnish():
    """Loopback up, and a resolv.conf that leads nowhere."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    resolv = tempfile.NamedTemporaryFile("w", suffix=".resolv", delete=False)
    with resolv:
        resolv.write(f"nameserver {DEAD}\noptions timeout:30 attempts:5\n")
    os.chmod(resolv.name, 0o644)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", resolv.name, os.path.realpath("/etc/resolv.conf")], check=True)
    os.unlink(resolv.name)
    routes = subprocess.run(["ip", "-o", "route"], check=True, capture_output=True, text=True).stdout
    assert "default" not in routes, routes


class Outage(Site):
    """Everybody's first channel is an address without a route, the second the webhook."""

    def __init__(self, range_):
        super().__init__(range_)
        self.times = []

    def defaults(self):
        config = super().defaults()
        for person in config["people"].values():
            person["contact"] = ["gone:" + person["contact"][0].split(":")[1], *person["contact"]]
        config["audiences"] = {"stakeholders": [["gone:board", "hook:board"]], "everyone": [["gone:board", "hook:board"], "ana", "bo"]}
        config["channels"]["gone"] = {"kind": "webhook", "url": f"http://{DEAD}:8080/", "deadline": "2s"}
        return config

    def muster(self, *words, cwd=None, timeout=60):
        began = time.monotonic()
        done = super().muster(*words, cwd=cwd, timeout=timeout)
        took = time.monotonic() - began
        self.times.append((took, words))
        assert took < HANGS_S, f"muster {' '.join(words)} hung for {took:.1f} s: {done.stderr.strip()}"
        return done

    def tell_times(self):
        """The longest of every command in this case."""
        longest = {}
        for took, words in self.times:
            name = " ".join(word for word in words if not word.startswith("--") or word == "--dry-run")[:60].split(f" {DOMAIN}")[0]
            name = name.split()[0] if name.split()[0] in ("show", "runs", "pending", "verify") else name
            longest[name] = max(took, longest.get(name, 0))
        for name, took in sorted(longest.items(), key=lambda entry: -entry[1]):
            print(f"# {took:5.2f} s  muster {name}", flush=True)
        self.times = []

    def works(self, *words, code=0):
        done = self.muster(*words)
        assert done.returncode == code, f"muster {' '.join(words)} exits with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def lookups_at(self, address, port):
        self.configure(dns={"resolvers": [f"{address}:{port}"]})


class Silent:
    """A resolver that takes every question, over UDP and TCP, and never says a word."""

    def __init__(self, address, port):
        self._udp = socket.socket(type=socket.SOCK_DGRAM)
        self._udp.bind((address, port))
        self._tcp = socket.create_server((address, port))
        self._taken = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                self._taken.append(self._tcp.accept()[0])

    def stop(self):
        self._tcp.shutdown(socket.SHUT_RDWR)
        for one in (self._tcp, self._udp, *self._taken):
            one.close()


def stays_calm(site, *reasons):
    """A failover that finds only our own trouble ends without an act, and says why."""
    run = site.failover()
    end = run.ended()
    assert end["state"] == "finished" and end["result"] == "no_action" or end["state"] == "failed", end
    assert end["counts"]["acts"] == 0, end
    assert not run.find("i", "zone.set_mx") and not run.find("i", "approve"), run.story()
    said = run.story(40)
    assert any(reason in said for reason in reasons), f"none of {reasons} in:\n{said}"
    assert site.writes() == []
    asked = site.muster("--json", "call", "mail.inbound", DOMAIN)
    assert asked.returncode == 1 and '"verdict":"inconclusive"' in asked.stdout.replace(" ", ""), asked.stdout + asked.stderr
    assert asked.stderr == "", asked.stderr


# --- with nothing but loopback ------------------------------------------------------------------------


@case(CASES)
def every_command_works(site):
    """From the outage to the report, over a dead executor; the second channel is reached."""
    with contextlib.suppress(OSError):
        socket.create_connection((DEAD, 53), 1)
        raise AssertionError("there is a way out of the namespace")
    run = site.failover()
    code = run.gate()["code"]
    site.works("runs")
    assert code in site.works("pending")
    assert run.name in site.works("show", run.name)
    posts = site.hook.wait(2)
    assert any(code in post["body"] for post in posts), "ana was not reached through her second channel"
    sent = run.wait_row("h", "told")["value"]["sent"][0]
    assert sent["ok"] and sent["channel"] == "hook", sent
    run.kill()
    site.works("resume", run.name, "--detach")
    run.wait_row("h", "frontier")
    site.works("note", run.name, "the line to the provider is down")
    site.works("approve", code, "--reason", "our own uplink is gone too")
    run.ends("failed_over", 0, "finished")
    assert site.mx() == MOVED and site.writes_made() == 1
    assert "our own uplink" in site.works("report", run.name)
    site.works("verify", run.name)
    site.works("show", run.name, "--wide")
    told = run.outcome("notify")["value"]
    assert told["ok"], told
    site.works("undo", run.name)
    assert site.mx() == (TTL, MX)
    site.tell_times()


@case(CASES)
def doctor_says_what_is_out_of_reach(site):
    site.configure(dns={"resolvers": [DEAD]})
    text = site.muster("doctor")
    said = text.stdout + text.stderr
    assert text.returncode != 0, said
    assert DEAD in said, said
    lines = [line for line in said.splitlines() if DEAD in line]
    assert any("resolver" in line.lower() or "dns" in line.lower() for line in lines), said
    site.tell_times()


@case(CASES)
def a_dead_resolver_is_inconclusive(site):
    site.configure(dns={"resolvers": [DEAD]})
    stays_calm(site, "unreachable", "resolver", "no answer")
    site.works("runs")
    site.works("pending")
    site.tell_times()


@case(CASES)
def the_systems_resolver_is_never_waited_for(site):
    """Without resolvers in muster.lua those of resolv.conf count, with our timeout and not with theirs."""
    site.configure(dns=None)
    stays_calm(site, "unreachable", "resolver", "no answer", "inconclusive")
    site.tell_times()


# --- a resolver that is no help -----------------------------------------------------------------------


@case(CASES)
def servfail_is_inconclusive(site):
    address = site.range.address()
    resolver = Servfail(address, site.dns.port)
    try:
        site.lookups_at(address, site.dns.port)
        stays_calm(site, "SERVFAIL", "inconclusive")
        assert resolver.asked > 0
    finally:
        resolver.stop()
    site.tell_times()


@case(CASES)
def a_silent_resolver_is_inconclusive(site):
    address = site.range.address()
    resolver = Silent(address, site.dns.port)
    try:
        site.lookups_at(address, site.dns.port)
        stays_calm(site, "no answer", "inconclusive", "resolver")
    finally:
        resolver.stop()
    site.tell_times()


# --- port 25 does not leave the house -----------------------------------------------------------------


@contextlib.contextmanager
def rule(*words):
    """A routing rule before the one for local addresses, which must step back for it."""
    ip = lambda *argv: subprocess.run(["ip", *argv], check=True, capture_output=True, text=True)
    ip("rule", "add", "pref", "100", "table", "local")
    ip("rule", "del", "pref", "0")
    ip("rule", "add", "pref", "50", *words)
    try:
        yield
    finally:
        ip("rule", "del", "pref", "50")
        ip("rule", "add", "pref", "0", "table", "local")
        ip("rule", "del", "pref", "100")


@case(CASES)
def port_25_refused_by_a_firewall_is_inconclusive(site):
    with rule("ipproto", "tcp", "dport", str(site.range.smtp_port), "prohibit"):
        stays_calm(site, "control", "inconclusive")
    site.tell_times()


class Hole:
    """A listener whose queue is full: the kernel drops every further SYN and says nothing, as a firewall does."""

    def __init__(self, address, port):
        self._sockets = [socket.create_server((address, port), backlog=0)]
        for _ in range(8):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((address, port))
            self._sockets.append(one)

    def stop(self):
        for one in self._sockets:
            one.close()


@case(CASES)
def port_25_dropped_by_a_firewall_is_inconclusive(site):
    """Nobody refuses, nobody answers, the control target no more than the primary."""
    addresses = [site.range.address() for _ in range(3)]
    holes = [Hole(address, site.range.smtp_port) for address in addresses]
    try:
        site.configure(smtp={"control": [f"{addresses[0]}:{site.range.smtp_port}"], "connect_timeout": "1s"})
        for host, address in zip(("mx1.example.com", "mx2.example.com"), addresses[1:]):
            site.dns.set_rrset(DOMAIN, host, "A", 300, [address])
        site.forget()
        stays_calm(site, "control")
    finally:
        for hole in holes:
            hole.stop()
    site.tell_times()


if __name__ == "__main__":
    if INSIDE not in os.environ:
        enter()
        print("SKIPPED test_outage: no network namespace can be made here (needs root, or unprivileged user namespaces)", flush=True)
        sys.exit(0)
    furnish()
    sys.exit(main(CASES, {"outage": Outage}))
