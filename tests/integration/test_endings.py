#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How runs end when the world or the people are not as hoped: what is not an outage is no reason to act, and
every ending has its exit code."""

import socket
import sys
import threading

from muster import DOMAIN, MX, TTL, Site, case, main
from servers import wait_until

CASES = []


class Servfail:
    """A resolver that answers everything with SERVFAIL."""

    def __init__(self, address, port):
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self.asked = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                query, sender = self._socket.recvfrom(4096)
            except OSError:
                return
            if len(query) < 12:
                return  # stop() woke us
            self.asked += 1
            self._socket.sendto(query[:2] + bytes([0x80 | query[2] & 1, 0x82]) + query[4:6] + bytes(6) + question(query), sender)

    def stop(self):
        self._socket.sendto(b"", self._socket.getsockname())
        self._socket.close()


def question(query):
    end = 12
    while query[end]:
        end += 1 + query[end]
    return query[12:end + 5]


def nothing_done(site):
    assert site.writes() == [], site.writes()
    assert site.mx() == (TTL, MX)
    assert site.told() == [], site.told()


# --- no reason to act --------------------------------------------------------------------------------


def answered_by(site, sink):
    site.set_host("mx1.example.com", sink.address)
    site.set_mx(TTL, ["10 mx1.example.com."])
    site.forget()


def inconclusive(site, run, words):
    end = run.ends("no_action", 0, "finished")
    verdicts = {row["value"]["verdict"] for row in run.find("c", "mail.inbound")}
    assert verdicts == {"inconclusive"}, verdicts
    assert words in end["why"], end["why"]
    assert site.writes() == [] and site.told() == []


@case(CASES)
def busy_is_inconclusive(site):
    """421 at the greeting says that the server is busy, or does not like us."""
    busy = site.range.smtp_sink(busy=["CONNECT"])
    try:
        answered_by(site, busy)
        inconclusive(site, site.failover(), "421")
    finally:
        busy.stop()


@case(CASES)
def deferring_is_inconclusive(site):
    deferring = site.range.smtp_sink(defer=["RCPT"])
    try:
        answered_by(site, deferring)
        inconclusive(site, site.failover(), "45")
    finally:
        deferring.stop()


@case(CASES)
def a_dead_resolver_is_inconclusive(site):
    resolver = Servfail(site.range.address(), site.dns.port)
    try:
        site.configure(dns={"resolvers": ["%s:%d" % resolver._socket.getsockname()], "port": site.dns.port, "timeout": "1s"})
        inconclusive(site, site.failover(), "SERVFAIL")
        assert resolver.asked > 0
    finally:
        resolver.stop()


@case(CASES)
def our_own_outage_is_inconclusive(site):
    """Neither the domain nor the control target can be reached: it is us."""
    site.control.stop()
    inconclusive(site, site.failover(), "control")
    nothing_done(site)


@case(CASES)
def without_control_targets_down_is_down(site):
    site.configure(smtp={"control": []})
    run = site.failover()
    run.answer("deny", "enough seen")
    run.ends("declined", 4)


# --- rejecting ---------------------------------------------------------------------------------------


@case(CASES)
def a_refused_recipient_is_rejecting(site):
    """The primary is up and answers 550 for the mailbox that is known to be good: mail is lost, not late."""
    refusing = site.range.postfix("mx1.example.com", [DOMAIN], recipients=("somebody-else",))
    try:
        answered_by(site, refusing)
        run = site.failover()
        gate = run.gate()
        assert {row["value"]["verdict"] for row in run.find("c", "mail.inbound")} == {"rejecting"}
        told = site.told_of("is failing", to="board")
        assert len(told) == 1 and "bounces" in told[0]["text"] and "late, not lost" not in told[0]["text"], told
        shown = run.row("i", "approve")["value"]["show"]
        assert "lost" in shown["if we wait"], shown
        assert gate["kind"] == "approve"
        run.approve()
        run.ends("failed_over", 0)
    finally:
        refusing.stop()


# --- people ------------------------------------------------------------------------------------------


@case(CASES)
def silence_asks_the_next_and_expires(site):
    run = site.failover("answer=2s")
    assert run.gate()["by"] == "incident-lead"
    wait_until("the duty manager is asked", lambda: any(gate["by"] == "duty-manager" for gate in run.gates()), 10)
    run.ends("expired", 6, "finished")
    assert len(site.told_of("asks you", to="ana")) == 1 and len(site.told_of("asks you", to="bo")) == 1, site.told()
    assert site.mx() == (TTL, MX) and site.writes() == []


@case(CASES)
def too_late_is_said(site):
    run = site.failover("answer=1s")
    code = run.gate()["code"]
    run.ends("expired", 6)
    late = site.muster("approve", code)
    assert late.returncode == 2 and late.stderr.count("\n") == 1, (late.returncode, late.stdout, late.stderr)
    assert site.writes() == []


@case(CASES)
def no_is_declined(site):
    run = site.failover()
    run.answer("deny", "the primary is back in a minute")
    end = run.ends("declined", 4, "finished")
    assert "the primary is back in a minute" in end["why"], end
    assert site.mx() == (TTL, MX) and site.writes() == []


@case(CASES)
def only_those_who_are_asked_may_answer(site):
    """People and teams are who may answer; here nobody who can log in is of incident-lead."""
    site.configure(people={"ana": {"name": "Ana Ruiz", "account": "nobody-either", "teams": ["incident-lead"], "contact": ["hook:ana"]}})
    run = site.failover()
    refused = site.muster("approve", run.gate()["code"])
    assert refused.returncode == 2 and "incident-lead" in refused.stderr, refused.stderr
    assert run.gate() and site.writes() == []


@case(CASES)
def cancelled_by_a_person(site):
    run = site.failover()
    run.gate()
    done = site.muster("cancel", run.name, "--reason", "wrong domain")
    assert done.returncode == 0, done.stderr
    end = run.ends("cancelled", 5, "cancelled")
    assert "wrong domain" in end["why"], end
    assert site.muster("--json", "pending").stdout == "", "the gate of a cancelled run still waits"
    assert site.writes() == []


# --- what was hoped for does not come ----------------------------------------------------------------


@case(CASES)
def an_unfit_standby_is_escalated(site):
    site.standby.stop()
    run = site.failover()
    end = run.ends("failed", 1, "failed") if run.ended()["result"] == "failed" else run.ended()
    assert end["exit"] == 1 and end["state"] == "failed", end
    assert not run.find("i", "approve"), "somebody was asked to move the MX to a dead standby"
    for person in ("ana", "bo"):
        assert len(site.told_of("primary and standby MX both unfit", to=person)) == 1, site.told(person)
    assert site.mx() == (TTL, MX) and site.writes() == []


@case(CASES)
def a_page_that_is_taken_ends_the_ladder(site):
    site.standby.stop()
    site.configure(ladders={"mail-oncall": [{"page": "ana", "ack_within": "30s"}, {"page": "bo", "ack_within": "30s"}]})
    run = site.failover()
    assert run.gate()["kind"] == "ack"
    run.answer("ack", "on my way")
    end = run.ended()
    assert end["exit"] == 1, end
    assert site.told_of("both unfit", to="ana") and not site.told_of("both unfit", to="bo"), site.told()


@case(CASES)
def no_mail_after_the_move_fails(site):
    """The standby dies between pre-flight and change: wait_until runs out, people are told, the MX stays moved."""
    run = site.start("mx-failover", f"domain={DOMAIN}", "every=1s", "settle=3s")
    run.gate()
    site.standby.stop()
    run.approve()
    end = run.ended()
    assert end["exit"] == 1 and end["state"] == "failed" and "no mail after 3s" in end["why"], end
    assert len(site.told_of("still fails", to="board")) == 1, site.told()
    assert site.mx()[1] == ["10 mx-standby.example.net."]
    assert site.muster("undo", run.name).returncode == 0
    assert site.mx() == (TTL, MX)


@case(CASES)
def an_error_of_the_api_is_an_error_of_the_run(site):
    run = site.failover()
    run.gate()
    site.dns.api.fault("PATCH", "status", status=422, body='{"error": "RRset example.com. IN MX: refused by a rule"}')
    run.approve()
    end = run.ends("error", 1, "failed")
    assert "422" in end["why"] or "refused by a rule" in end["why"], end
    assert site.mx() == (TTL, MX)


@case(CASES)
def a_channel_that_is_down_is_said(site):
    """Nobody can be told: the run fails where it tells, before anything is changed."""
    site.hook.respond(500, times=50)
    site.configure(channels={"hook": {"kind": "webhook", "url": site.hook.url, "deadline": "2s"}})
    try:
        run = site.failover()
        end = run.ended()
        assert end["exit"] == 1 and end["state"] == "failed" and "notify" in end["why"], end
        assert site.writes() == []
    finally:
        site.hook._answers.clear()


# --- started by hand ---------------------------------------------------------------------------------


@case(CASES)
def started_by_hand_it_looks_first(site):
    run = site.failover()
    run.answer("deny", "enough seen")
    run.ends("declined", 4)
    rows = run.rows()
    assert rows[0]["verb"] == "start" and not rows[0]["value"]["samples"], rows[0]
    first = next(row for row in rows if row["type"] == "c")
    assert (first["step"], first["verb"], first["value"]["verdict"]) == ("First look", "mail.inbound", "down"), first
    detected = [row["value"] for row in rows if row["verb"] == "milestone" and row["value"]["name"] == "detected"]
    assert len(detected) == 1 and abs(detected[0]["at"] - site.runs(1)[0]["started"]) < 20000, detected


@case(CASES)
def smtp_outage_finds_an_owner_and_tells_until_it_is_back(site):
    site.configure(ladders={"mail-oncall": [{"page": "ana", "ack_within": "30s"}]})
    run = site.start("smtp-outage", f"host={site.primary.address}", f"port={site.range.smtp_port}", "every=1s", "update=1s")
    run.answer("ack", "mine")
    wait_until("stakeholders are told who owns it", lambda: site.told_of("is on it", to="board"), 15)
    site.primary.start()
    end = run.ends("restored", 0, "finished")
    assert "ana" in end["why"], end
    assert len(site.told_of("accepts mail again", to="board")) == 1, site.told()


@case(CASES)
def smtp_outage_ends_at_once_when_the_host_answers(site):
    site.primary.start()
    site.start("smtp-outage", f"host={site.primary.address}", f"port={site.range.smtp_port}").ends("no_action", 0)
    assert site.told() == []


@case(CASES)
def smtp_outage_nobody_takes(site):
    run = site.start("smtp-outage", f"host={site.primary.address}", f"port={site.range.smtp_port}", "every=1s")
    end = run.ended()
    assert end["exit"] == 1 and "nobody took it" in end["why"], end
    assert site.told_of("nobody has taken it", to="board"), site.told()


if __name__ == "__main__":
    sys.exit(main(CASES, {"powerdns": Site}))
