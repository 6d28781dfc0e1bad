#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mx-failover from the outage to the undo, on real servers: once with PowerDNS and its API as the zone's
DNS host, once with Knot, dynamic updates and TSIG. What was changed is asked of every authoritative address."""

import os
import sys

from muster import DOMAIN, MOVED, MX, STANDBY, TTL, KnotSite, Site, case, main

CASES = []


@case(CASES, "powerdns")
def stays_when_mail_flows(site):
    site.primary.start()
    site.failover().ends("no_action", 0, "finished")
    assert site.writes() == [] and site.told() == []
    assert site.mx() == (TTL, MX)


@case(CASES)
def moves_the_mx_and_puts_it_back(site):
    run = site.failover()
    gate = run.gate()
    assert (gate["by"], gate["then_ask"], gate["mine"]) == ("incident-lead", "duty-manager", True), gate
    assert site.mx() == (TTL, MX) and site.writes() == [], "something was changed before anybody was asked"
    assert site.told_of(gate["code"], to="ana"), "ana was not told how to answer"
    run.approve()
    run.ends("failed_over", 0, "finished")
    assert site.mx() == MOVED and site.writes_made() == 1, site.writes()
    assert len(site.told_of("is failing", to="board")) == 1 and len(site.told_of("works again", to="board")) == 1, site.told()

    undone = site.muster("undo", run.name)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert site.mx() == (TTL, MX) and site.writes_made() == 2
    site.last_run().ends("undone", 0, "finished")


@case(CASES)
def keeps_what_was_known_of_the_change(site):
    """The intent holds the before-image, the outcome every address, the gate who said yes and why."""
    run = site.failover()
    run.approve("DC2 has no power")
    run.ends("failed_over", 0)
    before = run.row("i", "zone.set_mx")["value"]["before"]
    assert (before["ttl"], sorted(record.rstrip(".") for record in before["records"])) == (TTL, [record.rstrip(".") for record in MX]), before
    done = run.outcome("zone.set_mx")
    assert done["ok"] and done["how"] == "sent" and done["value"]["changed"] and done["value"]["confirmed"], done
    served = {server["address"].rsplit(":", 1)[0] for server in done["value"]["servers"] if server["ok"]}
    assert served == set(site.dns.addresses), done["value"]["servers"]
    answer = run.outcome("approve")["value"]
    assert (answer["how"], answer["by"]["name"], answer["reason"]) == ("approved", "ana", "DC2 has no power"), answer


@case(CASES)
def leaves_a_colleagues_change_alone(site):
    """The zone changes while the gate is open: what was approved is no longer what would be done."""
    run = site.failover()
    run.gate()
    theirs = (TTL, ["10 mx1.example.com.", "20 mx3.example.com."])
    site.set_mx(*theirs)
    run.approve()
    end = run.ends("error", 1, "failed")
    assert "zone.set_mx" in end["why"] and "mx3.example.com" in end["why"], end
    assert site.mx() == theirs and site.writes_made() == 0


@case(CASES)
def sees_a_change_of_the_ttl_alone(site):
    run = site.failover()
    run.gate()
    site.set_mx(60, MX)
    run.approve()
    run.ends("error", 1, "failed")
    assert site.mx() == (60, MX) and site.writes_made() == 0


@case(CASES)
def undo_leaves_a_later_change_alone(site):
    run = site.failover()
    run.approve()
    run.ends("failed_over", 0)
    theirs = (300, ["5 mx4.example.com."])
    site.set_mx(*theirs)
    undone = site.muster("undo", run.name)
    assert undone.returncode != 0 and "mx4.example.com" in undone.stdout + undone.stderr, (undone.returncode, undone.stdout, undone.stderr)
    assert site.mx() == theirs and site.writes_made() == 1


@case(CASES)
def adds_the_standby_before_the_others(site):
    run = site.failover("how=add")
    run.approve()
    run.ends("failed_over", 0)
    ttl, records = site.mx()
    added = [record for record in records if STANDBY in record]
    others = [record for record in records if STANDBY not in record]
    assert len(added) == 1 and len(others) == len(MX), records
    assert all(int(added[0].split()[0]) < int(other.split()[0]) for other in others), records
    assert ttl == 300
    assert site.muster("undo", run.name).returncode == 0
    assert site.mx() == (TTL, MX)


@case(CASES, "powerdns")
def goes_home_with_failback(site):
    run = site.failover()
    run.approve()
    run.ends("failed_over", 0)
    site.primary.start()
    back = site.start("mx-failback", f"domain={DOMAIN}", "primary=mx1.example.com", "every=1s", "well_for=2s", f"ttl={TTL}")
    back.approve("the power is back")
    back.ends("failed_back", 0, "finished")
    assert site.mx() == (TTL, ["10 mx1.example.com."])


@case(CASES, "powerdns")
def one_run_for_a_domain_at_a_time(site):
    run = site.failover()
    run.gate()
    second = site.muster("run", "mx-failover", f"domain={DOMAIN}", "--detach")
    assert second.returncode == 2 and run.name in second.stderr, (second.returncode, second.stderr)
    assert len(site.unended()) == 1
    run.answer("deny", "only a test")
    run.ends("declined", 4)
    site.failover().answer("deny", "the lock is free again")


@case(CASES, "powerdns")
def is_reported_and_verified(site):
    run = site.failover()
    run.approve("DC2 has no power")
    run.ends("failed_over", 0)
    page = os.path.join(site.folder, "report.html")
    done = site.muster("report", run.name, "--html", page)
    assert done.returncode == 0, done.stderr
    with open(page) as file:
        html = file.read()
    for words in (run.name, "mx1.example.com", STANDBY, "DC2 has no power", "Ana Ruiz" if "Ana Ruiz" in html else "ana", str(TTL)):
        assert words in html, f"the report does not say {words}"
    assert "<script" not in html and site.dns_secret() not in html
    text = site.muster("report", run.name)
    assert text.returncode == 0 and "failed_over" in text.stdout or "Failed over" in text.stdout, text.stdout[:500]
    verdict = site.muster("verify", run.name)
    assert verdict.returncode == 0 and "holds" in verdict.stdout and "sealed" in verdict.stdout, verdict.stdout


@case(CASES)
def tells_no_secret(site):
    """The provider's key stands in no file of the state folder, nor in what was sent."""
    run = site.failover()
    run.approve()
    run.ends("failed_over", 0)
    secret = site.dns_secret().encode()
    for folder, _, names in os.walk(site.state):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                assert secret not in file.read(), f"{name} holds the provider's key"
    assert not any(site.dns_secret() in str(post) for post in site.told())


if __name__ == "__main__":
    sys.exit(main(CASES, {"powerdns": Site, "knot": KnotSite}))
