#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drills against real servers: production mail is well and stays so, whatever the scenario says; the MX that moves is the drill
zone's, once, also when everything is killed; what has no other place to go never reaches the API; what people get says DRILL. So
too when muster serve begins them by the clock; and production wins."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys

from muster import DOMAIN, MOVED, MUSTER, MX, PATIENCE_S, TTL, Run, Site, case, main
from servers import wait_until

CASES = []
DRILL_ZONE = "drill.example.net"
FAULT = ("--fault", "smtp_down {domains[domain].primary}", "--every", "1s")


class DrillSite(Site):
    """Production is up."""

    def reset(self):
        super().reset()
        self.primary.start()
        self.dns.set_rrset("example.net", DRILL_ZONE, "MX", TTL, MX)
        self.forget()
        self.places({"zones": {DOMAIN: DRILL_ZONE}, "channels": {"hook": "hook"}})

    def places(self, drill, **sections):
        self.configure(**sections, domains={DOMAIN: {"provider": "dns", "standby": "mx-standby.example.net", "recipient": "sales@example.com",
                                         "primary": ["mx1.example.com", "mx2.example.com"]},
                                DRILL_ZONE: {"provider": "dns"}},
                       drill=drill)

    def drill(self, *words):
        done = self.muster("drill", "mx-failover", f"domain={DOMAIN}", "every=1s", "settle=20s", *FAULT, *words, "--detach")
        assert done.returncode == 0, done.stderr
        return Run(self, done.stdout.strip())

    @contextlib.contextmanager
    def served(self, **schedule):
        """muster serve, with that schedule of a drill of mx-failover."""
        self.places(self.config["drill"], schedules={"often": {"run": "mx-failover", "world": "drill", "look_every": "1s",
                                                               "params": {"domain": DOMAIN, "every": "1s", "settle": "20s"}, **schedule}})
        with open(os.path.join(self.folder, "serve.log"), "a") as log:
            server = subprocess.Popen([MUSTER, "serve"], cwd=self.folder, env=self.environment(), stderr=log)
        try:
            wait_until("muster serve", lambda: self.muster("status").returncode == 0, PATIENCE_S)
            yield
        finally:
            server.terminate()
            server.wait(PATIENCE_S)

    def ticks(self, state=None):
        """[(when, state, run, why)] of the schedule."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.state, "control.db"))) as store:
            rows = store.execute("SELECT at, state, run, why FROM tick WHERE source = 'schedule often' ORDER BY at").fetchall()
        return [row for row in rows if state in (None, row[1])]

    def fired(self, count):
        """The run of the count-th tick that fired."""
        wait_until(f"drill {count} of the schedule", lambda: len(self.ticks("started")) >= count, PATIENCE_S)
        return Run(self, self.ticks("started")[count - 1][2])

    def drill_mx(self):
        answers = [self.ask(address, DRILL_ZONE, "MX") for address in self.dns.addresses]
        assert all(answer == answers[0] for answer in answers), answers
        return answers[0]

    def written(self):
        """Names whose MX was changed at the API."""
        return [rrset["name"] for entry in self.writes() for rrset in json.loads(entry.get("body") or "{}").get("rrsets", [])]


def production_untouched(site):
    assert site.mx() == (TTL, MX), site.mx()
    assert all(name.rstrip(".") == DRILL_ZONE for name in site.written()), site.written()


def all_marked(site):
    unmarked = [post["subject"] for post in site.told() if not post["subject"].startswith("DRILL") or "DRILL" not in post["text"]]
    assert not unmarked and site.told(), unmarked


@case(CASES)
def moves_the_drill_zone_alone(site):
    run = site.drill()
    run.approve()
    run.ends("failed_over", 0, "finished")
    production_untouched(site)
    assert site.drill_mx() == MOVED, site.drill_mx()
    assert site.writes_made() == 1 and site.written() == [DRILL_ZONE + "."], site.writes()
    all_marked(site)
    report = site.muster("report", run.name)
    assert "## Scorecard" in report.stdout and "8 of 8 met" in report.stdout, report.stdout[:3000]
    card = json.loads(site.muster("report", run.name, "--json").stdout)["drills"][-1]
    assert card["good"] and not card["silent"] and card["measures"][0]["ms"] >= 2000, card
    assert "ready" in site.muster("drills").stdout.splitlines()[0]
    site.dns.api.log.clear()
    undone = site.muster("undo", run.name, "--wait")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert site.drill_mx() == (TTL, MX), site.drill_mx()
    production_untouched(site)


@case(CASES)
def again_from_where_the_last_one_left_it(site):
    for _ in range(2):
        run = site.drill()
        run.approve()
        run.ends("failed_over", 0, "finished")
    production_untouched(site)
    assert site.drill_mx() == MOVED
    page = os.path.join(site.folder, "drill.html")
    site.muster("report", run.name, "--html", page)
    with open(page) as file:
        text = file.read()
    assert text.count("<figure>") == 4 and 'class="badge dry">DRILL' in text, len(text)


@case(CASES)
def killed_around_the_change_it_is_made_once(site):
    for count in (1, 2, 3, 4):
        site.dns.set_rrset("example.net", DRILL_ZONE, "MX", TTL, MX)
        run = site.drill()
        run.gate()
        site.forget()
        run.approve()
        wait_until("requests", lambda n=count: len(site.dns.api.log) >= n, 20)  # before, at and behind the PATCH
        run.kill()
        site.muster("resume", run.name, "--detach")
        run.ends("failed_over", 0, "finished")
        assert site.writes_made() == 1, site.writes()
        production_untouched(site)
        assert site.drill_mx() == MOVED
        notified = [row for row in run.find("o", "notify")]
        assert len(notified) == 2, notified


@case(CASES)
def without_a_place_nothing_leaves(site):
    site.places({"zones": {"example.org": "drill.example.org"}, "channels": {"hook": "hook"}})
    run = site.drill()
    run.approve()
    run.ends("error", 1, "failed")
    assert "drill.zones of muster.lua has nothing for example.com" in run.row("h", "end")["value"]["why"]
    assert site.writes() == [], site.writes()
    production_untouched(site)
    for zones, why in (({DOMAIN: DRILL_ZONE, DRILL_ZONE: "other.example.net"}, "which it also lists as production"),
                       ({DOMAIN: f"drill.{DOMAIN}"}, f'in the production zone {DOMAIN}: set domains["drill.{DOMAIN}"].provider'),
                       ({DOMAIN: DRILL_ZONE, f"sub.{DRILL_ZONE}": "other.example.net"}, "lies in that")):
        site.places({"zones": zones, "channels": {"hook": "hook"}})
        run = site.drill()
        run.approve()
        run.ends("error", 1, "failed")
        assert why in run.row("h", "end")["value"]["why"], run.row("h", "end")["value"]["why"]
        assert site.writes() == [], site.writes()


def stands(site, playbook):
    return next(json.loads(line) for line in site.muster("--json", "drills").stdout.splitlines() if f'"{playbook}"' in line)


@case(CASES)
def nobody_is_ready_without_people(site):
    dry = site.drill("--dry-people", "--fault", "person ana yes 1s")
    dry.ends("failed_over", 0, "finished")
    said = site.muster("drill", "mx-failover", f"domain={DOMAIN}", "every=1s", "settle=2s", *FAULT, "--wait", "--yes")
    assert said.returncode == 0 and "met, without people" in said.stdout, said.stdout + said.stderr
    assert " (dry)" in said.stdout.split("DRILL mx-failover")[-1], said.stdout
    found = stands(site, "mx-failover")
    assert found["state"] == "OVERDUE" and found["why"] == "never drilled with people" and found["without_people"] == 2, found
    assert "2 without people" in site.muster("drills").stdout and found["last"] is None
    run = site.drill()
    run.approve()
    run.ends("failed_over", 0, "finished")
    found = stands(site, "mx-failover")
    assert found["state"] == "ready" and found["last"]["people"], found
    page = os.path.join(site.folder, "drill.html")
    assert site.muster("report", run.name, "--html", page).returncode == 0
    with open(page) as f:
        html = f.read()
    assert ' dry" cx=' in html and "Drills without people (dry)" in html and " (dry)" in html
    nothing = site.muster("drill", "standby-check", "domain=example.com", "--every", "1s", "--wait")
    assert "nothing expected: no plan" in nothing.stdout and "0 of 0" not in nothing.stdout, nothing.stdout + nothing.stderr
    found = stands(site, "standby-check")
    assert found["state"] == "no plan" and "nothing was expected" in found["why"], found


@case(CASES)
def dry_people_are_told_nothing(site):
    run = site.drill("--dry-people", "--fault", "person ana yes 1s")
    run.ends("failed_over", 0, "finished")
    assert site.told() == [], site.told()
    assert site.drill_mx() == MOVED
    production_untouched(site)


@case(CASES)
def production_breaks_and_wins(site):
    run = site.drill()
    run.gate()
    site.primary.stop()
    live = site.failover()
    run.ends("cancelled", 5, "cancelled")
    assert f"{live.name} is live" in run.row("h", "end")["value"]["why"]
    assert len(site.told_of(f"{run.name} is over")) >= 1, site.told()
    live.approve()
    live.ends("failed_over", 0, "finished")
    assert site.mx() == MOVED and site.drill_mx() == (TTL, MX)
    assert [post for post in site.told_of("works again") if not post["subject"].startswith("DRILL")], site.told()


@case(CASES)
def begins_by_the_clock_and_is_scored(site):
    with site.served(scenario="primary-silent", every="10s", faults=["at 30m smtp_up mx1.example.com"]):
        run = site.fired(1)
        start = run.row("h", "start")["value"]
        assert start["world"] == "drill" and start["trigger"] == {"kind": "schedule", "name": "often", "at": site.ticks()[0][0]}, start
        assert start["drill"]["scenario"] == "primary-silent" and start["drill"]["said"][-1] == "at 30m smtp_up mx1.example.com", start
        assert start["drill"]["watch"]["every_ms"] == 1000, start["drill"]
        run.approve()
        run.ends("failed_over", 0, "finished")
    production_untouched(site)
    all_marked(site)
    assert site.drill_mx() == MOVED, site.drill_mx()
    assert f"{run.name} " in site.muster("runs").stdout and " DRILL " in site.muster("runs").stdout, site.muster("runs").stdout
    assert "8 of 8 met" in site.muster("report", run.name).stdout
    [stands] = [json.loads(line) for line in site.muster("--json", "drills").stdout.splitlines() if '"mx-failover"' in line]
    assert stands["state"] == "ready" and stands["schedule"] == "often" and stands["last"]["run"] == run.name, stands


@case(CASES)
def production_wins_and_the_clock_goes_on(site):
    with site.served(every="5s"):
        drill = site.fired(1)
        drill.gate()
        wait_until("a tick beside it", lambda: site.ticks("refused"), PATIENCE_S)
        assert drill.name in site.ticks("refused")[0][3], site.ticks()
        site.primary.stop()
        live = site.failover()
        drill.ends("cancelled", 5, "cancelled")
        assert f"{live.name} is live" in drill.row("h", "end")["value"]["why"]
        wait_until("a tick while it is live", lambda: [tick for tick in site.ticks("refused") if f"{live.name} is live" in tick[3]], PATIENCE_S)
        live.answer("deny", "it comes back")
        live.ends("declined", 4)
        site.primary.start()
        again = site.fired(2)
        again.gate()
        assert site.drill_mx() == (TTL, MX), "the drill that was stopped has moved it"
        again.approve()
        again.ends("failed_over", 0, "finished")
    at = [tick[0] for tick in site.ticks()]
    assert at == list(range(at[0], at[-1] + 1, 5000)), f"ticks were lost: {site.ticks()}"
    production_untouched(site)
    assert site.drill_mx() == MOVED
    wait_until("word that it is over", lambda: any(" is over" in post["subject"] for post in site.told()), PATIENCE_S)
    over = [post for post in site.told() if " is over" in post["subject"]]
    assert all("There is nothing to answer." in post["text"] and "Answer as if" not in post["text"] for post in over), over
    stopped = json.loads(site.muster("report", drill.name, "--json").stdout)["drills"][-1]
    assert stopped["stopped"] and not stopped["good"], stopped


if __name__ == "__main__":
    sys.exit(main(CASES, sites={"powerdns": DrillSite}))
