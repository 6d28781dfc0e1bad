#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 at every moment of a change, lost replies, Ctrl-C and closed terminals: the run ends as one that
nobody disturbed, and the change is made exactly once. The proxy in front of the API is the witness."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import sys
import termios
import threading
import time

from muster import DOMAIN, MOVED, MUSTER, TTL, KnotSite, Site, case, main
from servers import wait_until

CASES = []
undisturbed = {}  # label of the site → doings of a run that nobody disturbed


def expected(site):
    """What a run does that nobody disturbs, seen once."""
    if site.authority not in undisturbed:
        run = site.failover()
        run.approve()
        run.ends("failed_over", 0)
        undisturbed[site.authority] = run.doings()
        site.reset()
    return undisturbed[site.authority]


def as_if_nothing_happened(site, run, doings, how="sent"):
    """Ended well, changed once, told once, did the same in the same order."""
    run.ends("failed_over", 0, "finished")
    assert site.mx() == MOVED, site.mx()
    assert run.outcome("zone.set_mx")["how"] == how, run.outcome("zone.set_mx")
    assert run.doings() == doings, difference(run.doings(), doings)
    for words in ("is failing", "works again"):
        assert len(site.told_of(words, to="board")) == 1, site.told("board")
    assert len(site.told_of("asks you", to="ana")) == 1, site.told("ana")


def difference(found, wanted):
    at = next((i for i, pair in enumerate(zip(found, wanted)) if pair[0] != pair[1]), min(len(found), len(wanted)))
    return f"row {at}: {found[at:at + 2]} instead of {wanted[at:at + 2]} ({len(found)} rows, {len(wanted)} undisturbed)"


def resumes(run):
    return len(run.find("h", "resume"))


def request(site, method, count, seconds=20):
    """Waits until so many requests with that method came since the last forget()."""
    wait_until(f"{count} {method}", lambda: site.dns.api.count(method) >= count, seconds)


def ready_to_approve(site):
    """A run whose gate is open; what the API is asked from now on belongs to the change."""
    run = site.failover()
    run.gate()
    site.forget()
    return run


# --- kill -9 around one change. After the approval the API sees: GET (prepare), GET (guard), PATCH, GET (read back).


@case(CASES, "powerdns")
def killed_before_the_intent(site):
    doings = expected(site)
    run = ready_to_approve(site)
    site.dns.api.fault("GET", "delay", seconds=2)
    run.approve()
    request(site, "GET", 1)
    assert not run.find("i", "zone.set_mx")
    run.kill_executor()
    as_if_nothing_happened(site, run, doings)
    assert site.writes_made() == 1 and resumes(run) == 1


@case(CASES, "powerdns")
def killed_after_the_intent(site):
    doings = expected(site)
    run = ready_to_approve(site)
    site.dns.api.fault("GET", "delay", seconds=0)
    site.dns.api.fault("GET", "delay", seconds=2)
    run.approve()
    request(site, "GET", 2)
    assert run.find("i", "zone.set_mx") and not run.find("o", "zone.set_mx")
    run.kill_executor()
    as_if_nothing_happened(site, run, doings)
    assert site.writes_made() == 1 and resumes(run) == 1


@case(CASES, "powerdns")
def killed_during_the_call_that_never_arrives(site):
    doings = expected(site)
    run = ready_to_approve(site)
    site.dns.api.fault("PATCH", "hang")
    run.approve()
    request(site, "PATCH", 1)
    run.kill_executor()
    as_if_nothing_happened(site, run, doings)
    assert site.writes_made() == 1 and site.dns.api.count("PATCH") == 2, site.writes()


@case(CASES, "powerdns")
def killed_during_the_call_that_arrives_late(site):
    """The request is under way in the network and takes effect after the executor has died."""
    doings = expected(site)
    run = ready_to_approve(site)
    site.dns.api.fault("PATCH", "delay", seconds=1.5)
    run.approve()
    request(site, "PATCH", 1)
    run.kill_executor()
    as_if_nothing_happened(site, run, doings, how="readback")
    assert site.writes_made() == 1 and site.dns.api.count("PATCH") == 1, site.writes()


@case(CASES, "powerdns")
def killed_after_the_call(site):
    """The change is made, its reply is still under way."""
    doings = expected(site)
    run = ready_to_approve(site)
    site.dns.api.fault("PATCH", "delay_reply", seconds=3)
    run.approve()
    request(site, "PATCH", 1)
    wait_until("the change", lambda: site.mx_or_none() == MOVED, 10)
    run.kill_executor()
    as_if_nothing_happened(site, run, doings, how="readback")
    assert site.writes_made() == 1 and resumes(run) == 1


@case(CASES, "powerdns")
def killed_while_it_reads_back(site):
    doings = expected(site)
    run = ready_to_approve(site)
    site.dns.api.fault("GET", "delay", seconds=0, times=2)
    site.dns.api.fault("GET", "delay", seconds=2)
    run.approve()
    request(site, "GET", 3)
    assert site.writes_made() == 1
    run.kill_executor()
    as_if_nothing_happened(site, run, doings, how="readback")
    assert site.writes_made() == 1


@case(CASES)
def killed_while_it_waits_for_approval(site):
    doings = expected(site)
    run = site.failover()
    code = run.gate()["code"]
    run.kill_executor()
    run.wait_row("h", "frontier")
    assert run.gate()["code"] == code, "the code that people were told no longer counts"
    run.approve()
    as_if_nothing_happened(site, run, doings)
    assert site.writes_made() == 1 and resumes(run) == 1


@case(CASES, "powerdns")
def killed_while_it_proves_that_mail_flows(site):
    doings = expected(site)
    run = site.failover()
    run.approve()
    run.wait_row("o", "zone.set_mx")
    run.kill_executor()
    as_if_nothing_happened(site, run, doings)
    assert site.writes_made() == 1


@case(CASES, "powerdns")
def killed_again_and_again(site):
    """Twice at the gate, once after the change."""
    doings = expected(site)
    run = site.failover()
    for count in (1, 2):
        run.gate()
        run.kill_executor()
        run.wait_row("h", "frontier", count)
    run.approve()
    run.wait_row("o", "zone.set_mx")
    run.kill_executor()
    as_if_nothing_happened(site, run, doings)
    assert site.writes_made() == 1 and resumes(run) == 3


# --- the same with dynamic updates: an UPDATE carries what has to hold, the second one does nothing


@case(CASES, "knot")
def killed_during_the_update(site):
    doings = expected(site)
    run = site.failover()
    run.gate()
    site.dns.updates.fault("hang")
    run.approve()
    wait_until("the UPDATE", lambda: site.dns.updates.count == 1, 15)
    run.kill_executor()
    as_if_nothing_happened(site, run, doings)
    assert site.writes_made() == 2


@case(CASES, "knot")
def killed_while_the_update_is_under_way(site):
    doings = expected(site)
    run = site.failover()
    run.gate()
    site.dns.updates.fault("delay", seconds=1.5)
    run.approve()
    wait_until("the UPDATE", lambda: site.dns.updates.count == 1, 15)
    run.kill_executor()
    as_if_nothing_happened(site, run, doings, how="readback")
    assert site.writes_made() == 1


@case(CASES, "knot")
def an_update_without_reply_is_read_back(site):
    doings = expected(site)
    run = site.failover()
    run.gate()
    site.dns.updates.fault("drop_reply")
    run.approve()
    as_if_nothing_happened(site, run, doings, how="readback")
    assert site.writes_made() == 1


# --- lost replies, without any crash


@case(CASES, "powerdns")
def a_lost_reply_is_read_back(site):
    doings = expected(site)
    run = ready_to_approve(site)
    site.dns.api.fault("PATCH", "drop_reply")
    run.approve()
    as_if_nothing_happened(site, run, doings, how="readback")
    assert site.writes_made() == 1 and site.dns.api.count("PATCH") == 1 and resumes(run) == 0


@case(CASES, "powerdns")
def a_lost_request_is_sent_again(site):
    doings = expected(site)
    run = ready_to_approve(site)
    site.dns.api.fault("PATCH", "drop_request")
    run.approve()
    as_if_nothing_happened(site, run, doings)
    assert site.writes_made() == 1 and site.dns.api.count("PATCH") == 2


@case(CASES, "powerdns")
def a_busy_api_is_asked_again(site):
    doings = expected(site)
    run = ready_to_approve(site)
    site.dns.api.fault("PATCH", "status", status=429, headers={"Retry-After": "1"})
    run.approve()
    as_if_nothing_happened(site, run, doings)
    assert site.writes_made() == 1 and site.dns.api.count("PATCH") == 2


@case(CASES, "powerdns")
def a_doubt_that_others_caused_parks(site):
    """The reply is lost and a colleague changes the zone at that moment: nobody can tell, a person decides."""
    run = ready_to_approve(site)
    site.dns.api.fault("GET", "delay", seconds=0, times=2)
    site.dns.api.fault("GET", "delay", seconds=1.5)  # the read after the lost reply
    site.dns.api.fault("PATCH", "drop_reply")
    run.approve()
    request(site, "GET", 3)
    theirs = (TTL, ["10 mx9.example.com."])
    site.set_mx(*theirs)
    park = run.wait_row("h", "park")["value"]
    assert park["why"] == "in_doubt" and "mx9.example.com" in park["text"] and any(run.name in way for way in park["next"]), park
    assert site.mx() == theirs and site.dns.api.count("PATCH") == 1
    wait_until("its executor leaves", lambda: run.executor() == 0, 15)
    assert site.told_of("parked"), site.told()


# --- monitor and executor both gone


@case(CASES)
def resumed_by_hand(site):
    doings = expected(site)
    run = site.failover()
    run.gate()
    run.kill()
    done = site.muster("resume", run.name, "--detach")
    assert done.returncode == 0, done.stderr
    run.wait_row("h", "frontier")
    run.approve()
    as_if_nothing_happened(site, run, doings)
    assert site.writes_made() == 1


@case(CASES)
def an_answer_wakes_a_run_that_nobody_executes(site):
    doings = expected(site)
    run = site.failover()
    run.gate()
    run.kill()
    run.approve()
    as_if_nothing_happened(site, run, doings)
    assert site.writes_made() == 1


@case(CASES, "powerdns")
def resumed_by_hand_after_the_call(site):
    doings = expected(site)
    run = ready_to_approve(site)
    site.dns.api.fault("PATCH", "delay_reply", seconds=3)
    run.approve()
    wait_until("the change", lambda: site.mx_or_none() == MOVED, 20)
    run.kill()
    waiting = site.muster("resume", run.name)
    assert waiting.returncode == 0, waiting.stdout + waiting.stderr
    as_if_nothing_happened(site, run, doings, how="readback")
    assert site.writes_made() == 1


@case(CASES, "powerdns")
def two_executors_are_one_too_many(site):
    run = site.failover()
    run.gate()
    done = site.muster("resume", run.name)
    assert done.returncode == 2 and str(run.executor()) in done.stderr, (done.returncode, done.stderr)
    run.answer("deny", "enough seen")
    run.ends("declined", 4)


# --- viewers


class Viewer:
    """`muster run` in a terminal of its own."""

    def __init__(self, site, *words):
        self.text = b""
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(site.folder)
            os.execve(MUSTER, [MUSTER, *words], {**site.environment(), "TERM": "xterm"})
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, b"\x18\x00\x50\x00\x00\x00\x00\x00")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._closing = False
        self._reader.start()

    def _read(self):
        with contextlib.suppress(OSError):
            while not self._closing:
                if select.select([self._terminal], [], [], 0.05)[0]:
                    self.text += os.read(self._terminal, 65536)

    def type(self, data):
        os.write(self._terminal, data)

    def hang_up(self):
        self._closing = True
        self._reader.join()
        os.close(self._terminal)

    def wait(self, seconds=15):
        """Its exit code, or minus the signal that ended it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"the viewer did not end: {self.text[-300:]!r}")


def viewed(site):
    viewer = Viewer(site, "run", "mx-failover", f"domain={DOMAIN}", "every=1s", "settle=20s")
    wait_until("the run", lambda: os.path.isdir(site.state) and site.runs(1), 15)
    run = site.last_run()
    run.gate()
    wait_until("the question on the screen", lambda: b"mx-standby.example.net" in viewer.text, 10)
    return viewer, run


@case(CASES, "powerdns")
def ctrl_c_ends_the_view_only(site):
    doings = expected(site)
    viewer, run = viewed(site)
    executor = run.executor()
    viewer.type(b"\x03")
    code = viewer.wait()
    assert code == 0, (code, viewer.text[-300:])
    wait_until("the last words of the view", lambda: b"the run goes on" in viewer.text, 5)
    assert run.executor() == executor != 0
    run.approve()
    as_if_nothing_happened(site, run, doings)
    assert resumes(run) == 0
    viewer.hang_up()


@case(CASES, "powerdns")
def a_closed_terminal_ends_the_view_only(site):
    doings = expected(site)
    viewer, run = viewed(site)
    executor = run.executor()
    viewer.hang_up()
    viewer.wait()
    assert run.executor() == executor != 0
    run.approve()
    as_if_nothing_happened(site, run, doings)
    assert resumes(run) == 0


@case(CASES, "powerdns")
def answered_in_the_terminal(site):
    """The one who looks on may answer there: yes, and why."""
    viewer, run = viewed(site)
    wait_until("the prompt", lambda: b"Do it?" in viewer.text, 10)
    viewer.type(b"yes DC2 has no power\r")
    assert viewer.wait(40) == 0, viewer.text[-500:]
    run.ends("failed_over", 0)
    assert run.outcome("approve")["value"]["reason"] == "DC2 has no power"
    assert site.mx() == MOVED
    viewer.hang_up()


if __name__ == "__main__":
    sys.exit(main(CASES, {"powerdns": Site, "knot": KnotSite}))
