#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""smtp.dane: TLSA records of every kind, right and wrong, in zones signed by BIND's tools (signed.py), against what Postfix shows."""

import hashlib
import json
import os
import subprocess
import sys

from muster import MUSTER, case, lua, main
from signed import SignedTree, Zone, serial

CASES = []
HOST = "mx.dane.test"  # the certificate's


def der(certificate, *what):
    """DER of the certificate, or of its key."""
    pem = subprocess.run(["openssl", "x509", "-in", certificate, *what], check=True, capture_output=True).stdout
    if "-pubkey" not in what:
        return pem
    return subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem, check=True, capture_output=True).stdout


class DaneSite:
    def __init__(self, range_):
        self.range = range_
        self.postfix = range_.postfix(HOST, ["dane.test"])
        self.bare = range_.postfix("bare.dane.test", ["dane.test"], tls=False)
        whole, key = der(self.postfix.certificate, "-outform", "DER"), der(self.postfix.certificate, "-noout", "-pubkey")
        sha256, sha512 = (lambda data: hashlib.sha256(data).hexdigest()), (lambda data: hashlib.sha512(data).hexdigest())
        records = {
            "mx": [f"3 1 1 {sha256(key)}"], "cert256": [f"3 0 1 {sha256(whole)}"], "key512": [f"3 1 2 {sha512(key)}"],
            "cert512": [f"3 0 2 {sha512(whole)}"], "wholecert": [f"3 0 0 {whole.hex()}"], "wholekey": [f"3 1 0 {key.hex()}"],
            "second": ["3 1 1 " + "00" * 32, f"3 1 1 {sha256(key)}"], "wrong": ["3 1 1 " + "00" * 32], "swapped": [f"3 0 1 {sha256(key)}"],
            "pkix": [f"1 1 1 {sha256(key)}"], "anchor": [f"2 0 1 {sha256(whole)}"], "none": [], "bare": ["3 1 1 " + "00" * 32],
        }
        text = "".join(f"{name} 300 IN A {self.bare.address if name == 'bare' else self.postfix.address}\n"
                       + "".join(f"_25._tcp.{name} 300 IN TLSA {record}\n" for record in rrset) for name, rrset in records.items())
        text += f"_25._tcp.mx2 300 IN TLSA 2 0 1 {sha256(whole)}\nmx2 300 IN CNAME mx\nnobody 300 IN A {range_.address()}\n_25._tcp.nobody 300 IN TLSA 3 1 1 {'00' * 32}\n"
        text += f"_25._tcp.mx 300 IN TLSA 2 0 1 {'11' * 32}\n"
        ended = ("-s", serial(-90 * 86400), "-e", serial(-40 * 86400))
        self.tree = range_._begin(SignedTree(range_, {"dane.test": Zone(text), "plain.test": Zone(text, sign=None, ds="none"),
                                                      "three.test": Zone(text, sign=("-3", "aabb", "-H", "0")), "ended.test": Zone(text, sign=ended)}))
        self.folder = range_.subfolder("site")

    def reset(self):
        self.postfix.start()
        with open(os.path.join(self.folder, "muster.lua"), "w") as f:
            f.write("return " + lua({"state": "state", "smtp": {"port": self.range.smtp_port, "connect_timeout": "1s"},
                                     "dns": {"resolvers": [f"{self.tree.address}:{self.tree.port}"], "trust_anchors": self.tree.anchor, "timeout": "1s"}}) + "\n")

    def clean_up(self):
        pass

    def call(self, *words):
        done = subprocess.run([MUSTER, "--config", os.path.join(self.folder, "muster.lua"), "--json", "call", *words],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode in (0, 1), f"exit code {done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)


@case(CASES)
def says_what_senders_do(site):
    wrong = []
    for host, verdict, words in (
            *((f"{name}.{zone}", "ok", "fit what the server shows") for name in ("mx", "cert256", "key512", "cert512", "wholecert", "wholekey", "second")
              for zone in ("dane.test", "three.test")),
            ("wrong.dane.test", "mismatch", "name no certificate or key that the server shows"),
            ("swapped.dane.test", "mismatch", "name no certificate or key that the server shows"),
            ("anchor.dane.test", "mismatch", "the certificate is not of that host"),
            ("pkix.dane.test", "unusable", "none is of a kind that SMTP has"),
            ("none.dane.test", "none", "no TLSA records"),
            ("bare.dane.test", "no-tls", "offers no STARTTLS"),
            ("nobody.dane.test", "unknown", "what the server shows is not known"),
            ("mx.plain.test", "insecure", "its TLSA records count for nobody: plain.test is not signed"),
            ("none.plain.test", "none", "no TLSA records"),
            ("mx.ended.test", "bogus", "the signature of DNSKEY ended.test ended")):
        found = site.call("smtp.dane", host)
        fine = verdict in ("ok", "none", "insecure", "unusable")
        if found["verdict"] != verdict or words not in found["why"] or found["ok"] != fine:
            wrong.append(f"{host}: {found}")
        if not fine and found["class"] != ("net" if verdict == "unknown" else "remote"):
            wrong.append(f"{host}: class {found['class']}")
    assert not wrong, "\n".join(wrong)


@case(CASES)
def takes_what_a_probe_has_seen(site):
    probe = site.call("smtp.probe", HOST, "chain=true")
    certificate = probe["certificate"]
    assert certificate["version"].startswith("TLSv1.") and certificate["cipher"] and len(certificate["chain"]) == 1, certificate
    assert "chain" not in site.call("smtp.probe", HOST)["certificate"], "kept only where it was asked for"
    site.postfix.stop()
    assert site.call("smtp.dane", HOST, "probe=" + json.dumps(probe))["verdict"] == "ok"
    assert site.call("smtp.dane", HOST)["verdict"] == "unknown"


if __name__ == "__main__":
    sys.exit(main(CASES, sites={"dane": DaneSite}))
