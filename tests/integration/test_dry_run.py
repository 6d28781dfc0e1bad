#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A dry run of a real incident against real servers: it looks, goes to the end on what it foresees, says what it
would do, and nothing leaves. The proxy, the webhook and the mail servers are the witnesses; that they are
not blind is shown by the same run done live."""

import sys

from muster import DOMAIN, MOVED, MX, TTL, KnotSite, Site, case, main

CASES = []


def dry(site, playbook, *words):
    done = site.muster("run", playbook, *words, "--dry-run")
    return done, site.last_run()


def dry_failover(site, *words):
    return dry(site, "mx-failover", f"domain={DOMAIN}", "every=1s", "settle=20s", *words)


def nothing_left(site, letters=()):
    assert site.writes() == [], f"a request for a change left: {site.writes()}"
    assert site.told() == [], f"somebody was told: {site.told()}"
    assert all(sink.messages() == [] for sink in (site.control, *letters)), "a mail was sent"
    assert "status=" not in site.standby.maillog() and "status=" not in site.primary.maillog(), "a mail was delivered"
    assert site.mx() == (TTL, MX), site.mx()


def with_letters(site):
    """Stakeholders are also told by e-mail, through a relay of their own."""
    relay = site.range.smtp_sink()
    site.configure(
        channels={"relay": {"kind": "email", "relay": f"{relay.address}:{relay.port}", "from": "muster@oncall.example", "tls": "none"}},
        audiences={"stakeholders": ["hook:board", "relay:board@other.example"]})
    return relay


def part(text, title, following):
    """What stands under one title of the outlook."""
    assert title in text, f"the outlook does not say {title!r}:\n{text[-1500:]}"
    rest = text.split(title, 1)[1]
    return rest.split(following, 1)[0] if following else rest


@case(CASES)
def goes_to_the_end_and_nothing_leaves(site):
    relay = with_letters(site)
    try:
        done, run = dry_failover(site)
        assert done.returncode == 0, (done.returncode, done.stderr, run.story())
        end = run.ends("failed_over", 0, "finished")
        nothing_left(site, [relay])
        looked = [row for row in run.find("c", "mail.inbound") if row["step"] == "Prove that mail flows"]
        assert len(looked) == 3 and all(row["value"]["verdict"] == "up" for row in looked), looked
        intents = run.find("i")
        assert intents and all(row["value"].get("foreseen") or row["verb"] == "approve" for row in intents), intents
        assert run.outcome("zone.set_mx")["how"] == "foreseen"
        assert end["outlook"]["would_change"][0]["verb"] == "zone.set_mx", end

        live = site.failover()
        live.approve()
        live.ends("failed_over", 0)
        assert site.writes_made() == 1 and site.mx() == MOVED and len(site.told(to="board")) == 2
        assert len(relay.messages()) == 2, relay.messages()
    finally:
        relay.stop()


@case(CASES)
def says_what_it_would_do(site):
    done, run = dry_failover(site)
    text = done.stdout
    change, tell = part(text, "Would change", "Would tell"), part(text, "Would tell", "Would ask")
    ask, unknown = part(text, "Would ask", "Can't foresee"), part(text, "Can't foresee", None)
    assert DOMAIN in change and "10 mx1.example.com" in change and "10 mx-standby.example.net" in change, change
    assert str(TTL) in change and "300" in change, change
    assert "stakeholders" in tell and "hook:board" in tell and "late, not lost" in tell and "accepted again, by mx-standby" in tell, tell
    assert "incident-lead" in ask and "Point example.com at mx-standby.example.net?" in ask, ask
    assert "nothing" in unknown, unknown
    page = site.muster("report", run.name)
    assert page.returncode == 0 and "dry" in page.stdout.lower(), page.stdout[:300]


@case(CASES, "powerdns")
def takes_no_lock_and_opens_no_incident(site):
    live = site.failover()
    live.gate()
    site.hook.posts.clear()
    done, run = dry_failover(site)
    assert done.returncode == 0, done.stderr
    nothing_left(site)
    assert [gate["run"] for gate in live.gates()] == [live.name] and run.gates() == []
    assert run.row("h", "start")["value"]["incident"] == ""
    live.answer("deny", "enough seen")
    live.ends("declined", 4)


@case(CASES, "powerdns")
def no_outage_is_foreseen_as_no_action(site):
    site.primary.start()
    done, run = dry_failover(site)
    assert done.returncode == 0, done.stderr
    run.ends("no_action", 0)
    assert "nothing" in part(done.stdout, "Would change", "Would tell") and "nobody" in part(done.stdout, "Would tell", "Would ask")
    nothing_left(site)


@case(CASES, "powerdns")
def an_unfit_standby_is_told_to_nobody(site):
    site.standby.stop()
    done, run = dry_failover(site)
    assert done.returncode == 1, (done.returncode, run.story())
    assert "ana" in part(done.stdout, "Would tell", "Would ask"), done.stdout[-1500:]
    nothing_left(site)


@case(CASES, "powerdns")
def a_long_wait_ends_it(site):
    """smtp-outage waits until the host is back; when it will be can't be foreseen, and that is said."""
    done, run = dry(site, "smtp-outage", f"host={site.primary.address}", f"port={site.range.smtp_port}")
    assert done.returncode == 0, (done.returncode, done.stderr, run.story())
    run.ends("dry_run_ended", 0)
    assert "nothing" not in part(done.stdout, "Can't foresee", None), done.stdout[-600:]
    nothing_left(site)


@case(CASES)
def undo_foreseen(site):
    run = site.failover()
    run.approve()
    run.ends("failed_over", 0)
    site.forget()
    site.hook.posts.clear()
    done = site.muster("undo", run.name, "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 mx1.example.com" in part(done.stdout, "Would change", "Would tell"), done.stdout
    assert site.writes() == [] and site.mx() == MOVED and site.told() == []
    assert site.muster("undo", run.name).returncode == 0
    assert site.mx() == (TTL, MX)


@case(CASES)
def is_refused_where_the_live_run_would_be(site):
    """Policy is the same code: an act outside may_change is no more possible in a dry run."""
    site.write("playbooks/overreach/playbook.lua", """playbook {
  name = "overreach", version = "1.0.0", owner = "mail-platform", summary = "Reaches for another domain.",
  may_change = { "zone.set_mx:{domain}" },
  params = { domain = param.domain "The domain it may change" },
  changelog = { ["1.0.0"] = "First" },
}
function main(p)
  step "Reach"
  local other = string.gsub(p.domain, "com$", "net")
  zone.set_mx(other, { { preference = 10, host = "mx.example.com" } })
end
""")
    for words in (["--dry-run"], []):
        done = site.muster("run", "overreach", f"domain={DOMAIN}", *words)
        assert done.returncode == 1, (words, done.returncode, done.stdout, done.stderr)
        end = site.last_run().ends("error", 1)
        assert "may_change" in end["why"] and "example.net" in end["why"], end
    assert site.writes() == []


if __name__ == "__main__":
    sys.exit(main(CASES, {"powerdns": Site, "knot": KnotSite}))
