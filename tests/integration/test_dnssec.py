#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dns.dnssec on a tree of zones signed well, badly and not at all by BIND's tools and served by named (signed.py). What delv, BIND's
own validator, makes of the same question is the second opinion: on every question, and on many drawn at random (DRAWS=150: so many)."""

import json
import os
import random
import re
import subprocess
import sys

from muster import MUSTER, case, lua, main
from signed import TREE, SignedTree

CASES = []

VERDICTS = [
    # name, type, verdict, rcode, why
    ("ok.test", "MX", "secure", "NOERROR", ""),
    ("ok.test", "TXT", "secure", "NOERROR", ""),
    ("ok.test", "DS", "secure", "NOERROR", ""),
    ("ok.test", "DNSKEY", "secure", "NOERROR", ""),
    ("nothing.ok.test", "A", "secure", "NXDOMAIN", "does not exist"),
    ("mail.ok.test", "TLSA", "secure", "NOERROR", ""),
    ("ent.ok.test", "A", "secure", "NOERROR", ""),  # nothing stands there, something below
    ("deep.ent.ok.test", "A", "secure", "NOERROR", ""),
    ("x.wild.ok.test", "TXT", "secure", "NOERROR", ""),
    ("x.wild.ok.test", "A", "secure", "NOERROR", ""),
    ("there.wild.ok.test", "TXT", "secure", "NOERROR", ""),
    ("alias.ok.test", "A", "secure", "NOERROR", ""),
    ("mail.tree.ok.test", "A", "secure", "NOERROR", ""),  # DNAME into a zone with NSEC3
    ("out.ok.test", "A", "insecure", "NOERROR", r"plain\.test is not signed: test has no DS for it"),
    ("gone.ok.test", "A", "bogus", "NOERROR", r"the signature of DNSKEY expired\.test ended 20"),
    ("x.cut.ok.test", "A", "insecure", "NOERROR", r"cut\.ok\.test is not signed"),
    ("mail.three.test", "A", "secure", "NOERROR", ""),
    ("mail.three.test", "AAAA", "secure", "NOERROR", ""),
    ("a.b.nothing.three.test", "A", "secure", "NXDOMAIN", "does not exist"),
    ("ent.three.test", "A", "secure", "NOERROR", ""),
    ("deep.ent.three.test", "A", "secure", "NOERROR", ""),
    ("x.wild.three.test", "TXT", "secure", "NOERROR", ""),
    ("x.wild.three.test", "A", "secure", "NOERROR", ""),
    ("x.cut.three.test", "A", "insecure", "NOERROR", r"cut\.three\.test is not signed"),
    ("mail.optout.test", "A", "secure", "NOERROR", ""),
    ("x.cut.optout.test", "A", "insecure", "NOERROR", r"cut\.optout\.test is not signed"),
    ("nothing.optout.test", "A", "insecure", "NXDOMAIN", ""),
    ("mail.rsa.test", "A", "secure", "NOERROR", ""),
    ("mail.ed.test", "A", "secure", "NOERROR", ""),
    ("mail.plain.test", "A", "insecure", "NOERROR", r"plain\.test is not signed: test has no DS for it"),
    ("plain.test", "DS", "secure", "NOERROR", ""),
    ("nothing.plain.test", "A", "insecure", "NXDOMAIN", ""),
    ("mail.island.test", "A", "insecure", "NOERROR", r"island\.test is not signed"),
    ("strange.test", "MX", "insecure", "NOERROR", "algorithm and a digest that are known here"),
    ("expired.test", "MX", "bogus", "NOERROR", r"the signature of DNSKEY expired\.test ended 20"),
    ("early.test", "MX", "bogus", "NOERROR", r"begins 20.* only \(or this host's clock is wrong\)"),
    ("altered.test", "MX", "secure", "NOERROR", ""),  # it is another record that was altered
    ("mail.altered.test", "A", "bogus", "NOERROR", r"the signature of A mail\.altered\.test with key \d+ does not fit"),
    ("mail.stripped.test", "A", "bogus", "NOERROR", r"A mail\.stripped\.test is not signed, though stripped\.test is"),
    ("nothing.unproven.test", "A", "bogus", "NXDOMAIN", r"unproven\.test does not prove that there is no DS nothing\.unproven\.test"),
    ("wrongds.test", "MX", "bogus", "NOERROR", r"no key of wrongds\.test \(.*\) is one that its DS names \(4711\)"),
    ("undressed.test", "MX", "bogus", "NOERROR", r"has a DS for undressed\.test \(4711\), and it has no keys"),
    ("nowhere", "MX", "secure", "NXDOMAIN", "does not exist"),
]


class SignedSite:
    def __init__(self, range_):
        self.range = range_
        self.tree = range_._begin(SignedTree(range_))
        self.folder = range_.subfolder("site")

    def reset(self):
        self.tree.start()
        self.configure()

    def clean_up(self):
        pass

    def configure(self, **dns):
        values = {"resolvers": [f"{self.tree.address}:{self.tree.port}"], "trust_anchors": self.tree.anchor, "timeout": "1s", **dns}
        with open(os.path.join(self.folder, "muster.lua"), "w") as f:
            f.write("return " + lua({"state": "state", "dns": {k: v for k, v in values.items() if v is not None}}) + "\n")

    def muster(self, *words):
        return subprocess.run([MUSTER, "--config", os.path.join(self.folder, "muster.lua"), *words], capture_output=True, text=True, timeout=60)

    def call(self, *words, code=(0, 1)):
        done = self.muster("--json", "call", "dns.dnssec", *words)
        assert done.returncode in code, f"exit code {done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)


def second_opinion(tree, name, kind):
    """The verdicts that agree with delv's."""
    said = tree.delv(name, kind)
    if said.startswith("ncache") or "negative response" in said:
        return {"secure", "insecure"}, said
    if "fully validated" in said or "unsigned answer" in said:
        # delv says of a chain of aliases what its first record is.
        return {"secure", "insecure"} if "fully" in said else {"insecure"}, said
    if said == "failure":  # of names that are delegated to a server that does not know them
        return {"insecure", "indeterminate"}, said
    return {"bogus"}, said


@case(CASES)
def says_what_each_is(site):
    wrong = []
    for name, kind, verdict, rcode, why in VERDICTS:
        found = site.call(name, kind)
        if (found["verdict"], found.get("rcode")) != (verdict, rcode) or not re.search(why, found.get("why", "")):
            wrong.append(f"{name} {kind}: {found['verdict']} {found.get('rcode')} {found.get('why')}")
        agrees, said = second_opinion(site.tree, name, kind)
        if verdict not in agrees:
            wrong.append(f"{name} {kind}: {verdict}, and delv says {said}")
        if found["ok"] != (verdict in ("secure", "insecure") and rcode == "NOERROR"):
            wrong.append(f"{name} {kind}: ok is {found['ok']}")
        if (verdict == "secure") != (all(link["state"] == "secure" for link in found["links"]) and not why.startswith("the zone")):
            wrong.append(f"{name} {kind}: {found['links']}")
    assert not wrong, "\n".join(wrong)


@case(CASES)
def agrees_with_delv_on_many(site):
    draw = random.Random(7)
    labels = ["mail", "x", "deep", "ent", "wild", "there", "alias", "out", "gone", "tree", "a", "nothing"]
    wrong = []
    for _ in range(int(os.environ.get("DRAWS", "40"))):
        zone = draw.choice(list(TREE))
        name = ".".join([draw.choice(labels) for _ in range(draw.randint(0, 3))] + [zone])
        kind = draw.choice(["A", "AAAA", "MX", "TXT", "NS", "SOA", "TLSA", "DS", "CNAME"])
        found = site.call(name, kind)
        agrees, said = second_opinion(site.tree, name, kind)
        if found["verdict"] not in agrees:
            wrong.append(f"{name} {kind}: {found['verdict']} ({found.get('why')}), and delv says {said}")
    assert not wrong, "\n".join(wrong)


@case(CASES)
def begins_at_its_anchors(site):
    site.configure(trust_anchors=[line for line in site.tree.ds["ok.test"].splitlines()])
    found = site.call("ok.test", "MX")
    assert found["verdict"] == "secure" and [link["zone"] for link in found["links"]] == ["ok.test"], found
    found = site.call("mail.three.test", "A")
    assert found["verdict"] == "indeterminate" and "no trust anchor at or above mail.three.test" in found["why"], found
    assert found["class"] == "net" and found["records"] == [], found

    site.configure(trust_anchors=[". IN DS 4711 13 2 " + "AB" * 32])
    found = site.call("ok.test", "MX")
    assert found["verdict"] == "bogus" and re.search(r"no key of \. \(.*\) is one that its DS names \(4711\)", found["why"]), found

    site.configure(trust_anchors=None)  # the root's own keys are not those of this root
    found = site.call("ok.test", "MX")
    assert found["verdict"] == "bogus" and "20326, 38696" in found["why"], found

    site.configure(trust_anchors=[". IN DS 4711 13"])
    found = site.call("ok.test", "MX")
    assert not found["ok"] and found["class"] == "usage" and "dns.trust_anchors[1] is no DS and no DNSKEY record" in found["why"], found
    done = site.muster("doctor")
    assert re.search(r"trust anchors.*dns.trust_anchors\[1\] is no DS", done.stdout), done.stdout


@case(CASES)
def cannot_tell(site):
    site.configure(trust_anchors=["plain.test. IN DS 4711 13 2 " + "AB" * 32])  # its server has no signatures to hand on
    found = site.call("plain.test", "MX")
    assert found["verdict"] == "indeterminate" and "hands on no signatures" in found["why"], found
    site.tree.stop()
    site.configure()
    found = site.call("ok.test", "MX")
    assert found["verdict"] == "indeterminate" and "DNSKEY . can't be had" in found["why"] and found["class"] == "net", found


if __name__ == "__main__":
    sys.exit(main(CASES, sites={"bind": SignedSite}))
