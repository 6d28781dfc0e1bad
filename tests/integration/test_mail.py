#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""muster mail: the picture of a domain on real servers (PowerDNS for the zone, Postfix for its mail hosts), while its mail is down,
when it flows, and as its policies are published one by one."""

import json
import sys

from muster import DOMAIN, MX, TTL, Site, case, main

CASES = []
KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def picture(site, *words, code=0):
    done = site.muster("mail", *words)
    assert done.returncode == code, f"exit code {done.returncode}, not {code}: {done.stdout}{done.stderr}"
    return done.stdout


def states(site, code=0):
    """{part: (state, why)}"""
    row = json.loads(picture(site, DOMAIN, "--json", code=code))
    assert row["domain"] == DOMAIN and set(row["counts"]) == {"pass", "absent", "warn", "unknown", "fail"}, row
    return {part["part"]: (part["state"], part["why"]) for part in row["parts"]}


@case(CASES)
def says_that_mail_is_down(site):
    said = picture(site, DOMAIN, code=1).splitlines()
    assert said[0].startswith(f"{DOMAIN}  fail  "), said
    assert any(line.startswith("  fail     inbound  DOWN: mx1.example.com") for line in said), said
    mx = ", ".join(record.rstrip(".") for record in MX)
    assert f"  pass     mx       {mx}  TTL {TTL}" in said, said
    assert any(line.startswith("  -        mta-sts  no MTA-STS") for line in said), said
    assert len(said) == 9, said
    assert picture(site, "--all", code=1).startswith(f"fail      {DOMAIN}  1 fail, "), "one line a domain"


@case(CASES)
def sees_policies_come(site):
    site.primary.start()
    found = states(site)
    assert found["inbound"][0] == "pass", found["inbound"]
    assert found["spf"] == ("warn", "no SPF record: receivers can't tell who may send for it"), found["spf"]
    assert found["dmarc"][0] == "unknown" and "says REFUSED" in found["dmarc"][1], found["dmarc"]  # of _dmarc.com, by this server
    assert found["dkim"][0] == "unknown" and "name yours" in found["dkim"][1], found["dkim"]

    site.dns.set_rrset(DOMAIN, DOMAIN, "TXT", 300, ['"v=spf1 mx include:_spf.example.com -all"'])
    site.dns.set_rrset(DOMAIN, "_spf.example.com", "TXT", 300, ['"v=spf1 ip4:192.0.2.0/24 ?all"'])
    site.dns.set_rrset(DOMAIN, "_dmarc.example.com", "TXT", 300, ['"v=DMARC1; p=reject; rua=mailto:dmarc@example.com"'])
    site.dns.set_rrset(DOMAIN, "s1._domainkey.example.com", "TXT", 300, [f'"v=DKIM1; k=ed25519; " "p={KEY}"'])
    site.dns.set_rrset(DOMAIN, "_smtp._tls.example.com", "TXT", 300, ['"v=TLSRPTv1; rua=mailto:tls@example.com"'])
    found = states(site)
    assert found["spf"] == ("pass", "well-formed, 2 of 10 lookups"), found["spf"]
    assert found["dmarc"][0] == "pass" and found["dmarc"][1] == f"reject (p= of {DOMAIN})", found["dmarc"]
    assert found["dkim"] == ("pass", "1 valid key"), found["dkim"]
    assert found["tls-rpt"][0] == "pass" and found["bimi"][0] == "absent", found
    assert picture(site, DOMAIN).startswith(f"{DOMAIN}  fine  "), "all is well"

    site.dns.set_rrset(DOMAIN, DOMAIN, "TXT", 300, ['"v=spf1 mx inc1ude:_spf.example.com -all"'])
    site.configure(domains={DOMAIN: {"provider": "dns", "dkim": ["s1", "s2"]}})
    found = states(site, code=1)
    assert found["spf"][0] == "fail" and "inc1ude:_spf.example.com" in found["spf"][1], found["spf"]
    assert found["dkim"][0] == "fail" and "s2: absent" in found["dkim"][1], found["dkim"]
    site.dns.set_rrset(DOMAIN, DOMAIN, "TXT", 300, ['"v=spf1 mx -all"'])
    site.configure()
    site.primary.stop()


@case(CASES)
def looks_at_dns_alone(site):
    said = picture(site, DOMAIN, "--dns")  # nobody answers as mx1, and nobody is asked
    assert "inbound" not in said and "spf" in said, said


@case(CASES)
def refuses_what_is_no_domain(site):
    for words, why in ((["exa mple.com"], "is not a domain name"), ([], "usage"), (["--all", DOMAIN], "usage"),
                       (["--all", "--watch"], "--watch is of one domain")):
        done = site.muster("mail", *words)
        assert done.returncode == 2 and why in done.stderr, f"{words}: {done.returncode} {done.stderr}"


if __name__ == "__main__":
    sys.exit(main(CASES, {"powerdns": Site}))
