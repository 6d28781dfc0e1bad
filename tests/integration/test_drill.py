#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drills against real servers: production mail is well and stays so, whatever the scenario says; the MX that moves is the drill
zone's, once, also when everything is killed; what has no other place to go never reaches the API; what people get says DRILL."""

import json
import os
import sys

from muster import DOMAIN, MOVED, MX, TTL, Run, Site, case, main
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

    def places(self, drill):
        self.configure(domains={DOMAIN: {"provider": "dns", "standby": "mx-standby.example.net", "recipient": "sales@example.com",
                                         "primary": ["mx1.example.com", "mx2.example.com"]},
                                DRILL_ZONE: {"provider": "dns"}},
                       drill=drill)

    def drill(self, *words):
        done = self.muster("drill", "mx-failover", f"domain={DOMAIN}", "every=1s", "settle=20s", *FAULT, *words, "--detach")
        assert done.returncode == 0, done.stderr
        return Run(self, done.stdout.strip())

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
    site.places({"zones": {DOMAIN: DRILL_ZONE, DRILL_ZONE: "other.example.net"}, "channels": {"hook": "hook"}})
    run = site.drill()
    run.approve()
    run.ends("error", 1, "failed")
    assert "which it also lists as production" in run.row("h", "end")["value"]["why"]
    assert site.writes() == [], site.writes()


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


if __name__ == "__main__":
    sys.exit(main(CASES, sites={"powerdns": DrillSite}))
