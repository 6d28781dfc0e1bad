#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`muster guard` over a real PowerDNS: a domain is free when what follows has changed the same record, by whatever verb, or
found it as it was to be; not when it changed another record of the zone.

    tests/integration/test_guard.py [CASE...]"""
import sys

from muster import DOMAIN, MX, TTL, Site, case, main
from test_input import write_playbook

CASES = []
HEADER = """playbook {
  name = "%%s", version = "1.0.0", owner = "ana", summary = "For a test", may_change = { "zone.*" },%s
  params = { domain = param.domain "Domain" }, changelog = { ["1.0.0"] = "First version" },
}
"""
MOVE = 'function main(p) zone.set_mx(p.domain, { { preference = 10, host = "mx-standby.example.net" } }, { only_if = zone.mx(p.domain) }) end\n'
PUT_BACK = """function main(p)
  zone.set_mx(p.domain, { { preference = 10, host = "mx1.example.com" }, { preference = 30, host = "mx2.example.com" } }, { only_if = zone.mx(p.domain) })
end
"""
AS_RRSET = 'function main(p) zone.set(p.domain, "@", "mx", { "10 mx1.example.com." }, { only_if = zone.get(p.domain, "@", "MX") }) end\n'
TEXT = 'function main(p) zone.set(p.domain, "%s", "TXT", { "\\"%s\\"" }) end\n'


def play(site, name, body, followed_by=""):
    words = write_playbook(site, name, body, header=HEADER % (f' followed_by = "{followed_by}",' if followed_by else ""))
    done = site.muster(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return site.last_run().name


def guard(site, *known):
    done = site.muster("guard", DOMAIN, *[word for name in known for word in ("--known", name)])
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return "free" if done.returncode == 0 else "held"


@case(CASES)
def the_same_record_by_another_verb(site):
    play(site, "move", MOVE, followed_by="back")
    assert guard(site) == "held"
    assert guard(site, play(site, "back", AS_RRSET)) == "free"


@case(CASES)
def another_record_of_the_zone(site):
    play(site, "move", TEXT % ("_mta-sts", "new"), followed_by="back")
    other = play(site, "back", TEXT % ("_dmarc", "new"))
    assert guard(site, other) == "held"
    assert guard(site, other, play(site, "back", TEXT % ("_mta-sts", "old"))) == "free"


@case(CASES)
def a_colleague_put_it_back(site):
    play(site, "move", MOVE, followed_by="back")
    site.set_mx(TTL, MX)
    assert guard(site, play(site, "back", PUT_BACK)) == "free"


if __name__ == "__main__":
    sys.exit(main(CASES, sites={"powerdns": Site}))
