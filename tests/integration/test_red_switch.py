#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The red switch, the guard for pipelines and undo item by item, on a real zone: what is frozen is not written,
and what a colleague changes meanwhile is not written over."""

import json
import sys

from muster import DOMAIN, MOVED, MX, TTL, Site, case, main

CASES = []


def muster(site, code, *words):
    done = site.muster(*words)
    said = done.stdout + done.stderr
    assert done.returncode == code, (words, done.returncode, said)
    return said


def frozen_at_the_change(site):
    """A failover that was approved while its domain is frozen."""
    run = site.failover()
    run.gate()
    muster(site, 0, "freeze", DOMAIN, "--reason", "the provider asks us to wait")
    run.approve()
    run.wait_row("h", "frozen")
    return run


@case(CASES)
def a_frozen_zone_is_not_written(site):
    run = frozen_at_the_change(site)
    assert site.mx() == (TTL, MX) and site.writes() == [], site.writes()
    assert f"waits for thaw of {DOMAIN}, frozen by ana: the provider asks us to wait" in muster(site, 0, "runs")
    assert site.told_of("waits for thaw", to="ana"), site.told()
    muster(site, 0, "thaw", DOMAIN, "--reason", "they are done")
    run.ends("failed_over", 0, "finished")
    assert site.mx() == MOVED and site.writes_made() == 1, site.writes()
    assert [row["value"]["reason"] for row in run.find("h", "thawed")] == ["they are done"]


@case(CASES)
def a_colleagues_change_during_the_freeze_stays(site):
    run = frozen_at_the_change(site)
    theirs = (TTL, ["10 mx1.example.com.", "20 mx3.example.com."])
    site.set_mx(*theirs)
    muster(site, 0, "thaw", DOMAIN)
    end = run.ends("error", 1, "failed")
    assert "mx3.example.com" in end["why"], end
    assert site.mx() == theirs and site.writes_made() == 0


@case(CASES)
def the_pipeline_is_held_until_all_is_as_it_was(site):
    assert json.loads(muster(site, 0, "guard", DOMAIN, "--json")) == {"domain": DOMAIN, "free": True, "held": [], "unknown": []}
    run = site.failover()
    run.gate()
    held = json.loads(muster(site, 1, "guard", DOMAIN, "--json"))["held"]
    assert [(item["what"], item["name"]) for item in held] == [("run", run.name)], held
    run.approve()
    run.ends("failed_over", 0)
    said = muster(site, 1, "guard", DOMAIN)  # the push would put the dead MX back
    assert f"{run.name} finished since" in said and "mx-failback has not changed it since" in said, said
    muster(site, 0, "guard", DOMAIN, "--known", run.name)
    muster(site, 0, "undo", run.name)
    assert site.mx() == (TTL, MX)
    muster(site, 0, "guard", DOMAIN)


@case(CASES)
def undo_says_what_became_of_each_change(site):
    run = site.failover()
    run.approve()
    run.ends("failed_over", 0)
    (item,) = [json.loads(line) for line in muster(site, 0, "undo", run.name, "--list", "--json").splitlines()]
    assert (item["state"], item["act"], item["guarded"]) == ("open", "zone.set_mx", True), item
    site.set_mx(300, ["5 mx4.example.com."])
    said = muster(site, 1, "undo", run.name, "--item", "1")
    assert "it is no longer what we set: not touched (the zone is no longer what you saw" in said, said
    assert "left alone" in muster(site, 0, "undo", run.name, "--list")
    site.set_mx(*MOVED)
    muster(site, 0, "undo", run.name)
    assert site.mx() == (TTL, MX)
    (item,) = [json.loads(line) for line in muster(site, 0, "undo", run.name, "--list", "--json").splitlines()]
    assert (item["state"], item["by"]) == ("taken_back", site.last_run().name), item


if __name__ == "__main__":
    sys.exit(main(CASES, sites={"powerdns": Site}))
