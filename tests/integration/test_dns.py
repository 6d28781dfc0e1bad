#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dns.delegation and dns.blocklists on real servers: a parent zone and blocklists on Knot, child zones on PowerDNS and on a second
Knot, each delegated well or wrong, and named as the resolver that asks them."""

import json
import os
import subprocess
import sys
import time

from muster import MUSTER, case, lua, main
from servers import Server, need
from signed import free_port

CASES = []
CHILDREN = ["fine.test", "lame.test", "dead.test", "names.test", "skew.test", "glue.test"]
LISTS = ["good.bl", "dead.bl", "shut.bl", "outside.bl", "empty.bl", "names.bl"]


class Resolver(Server):
    """named, which forwards each zone to whom it is said: forward = {zone: (address, port)}."""

    def __init__(self, range_, forward):
        super().__init__(range_, "named")
        self.program, self.port, self.forward = need("named"), free_port(), forward

    def command(self):
        zones = "".join(f'zone "{zone}" {{ type forward; forward only; forwarders {{ {address} port {port}; }}; }};\n'
                        for zone, (address, port) in self.forward.items())
        self.write("named.conf", f"""options {{ directory "{self.folder}"; listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  allow-query {{ any; }}; recursion yes; allow-recursion {{ any; }}; pid-file none; session-keyfile none; dnssec-validation no;
  empty-zones-enable no; resolver-query-timeout 3000; }};
controls {{ }};
zone "." {{ type hint; file "root.hints"; }};
{zones}""")
        self.write("root.hints", ". 3600 IN NS nowhere.invalid.\nnowhere.invalid. 3600 IN A 127.0.0.1\n")
        return [self.program, "-g", "-n", "1", "-c", os.path.join(self.folder, "named.conf")]

    def is_up(self):
        asked = subprocess.run(["kdig", "@127.0.0.1", "-p", str(self.port), "+short", "+timeout=1", "+retry=0", "SOA", "test"],
                               capture_output=True, text=True)
        return "hostmaster" in asked.stdout


def child(name, ns, serial=1, hosts=()):
    lines = [f"@ 300 IN SOA ns1.{name}. hostmaster.{name}. {serial} 3600 600 604800 60"]
    lines += [f"@ 300 IN NS {server}." for server in ns]
    lines += [f"{host}. 300 IN A {address}" for host, address in hosts]
    return f"$ORIGIN {name}.\n" + "\n".join(lines) + "\n"


class DnsSite:
    def __init__(self, range_):
        self.range = range_
        self.nobody, self.stale_glue = range_.address(), range_.address()
        self.other = range_.knot({"skew.test": lambda at: child("skew.test", ["ns1.skew.test", "ns2.skew.test"], 7)})
        self.own = range_.powerdns({name: (lambda at, name=name: self.child_text(name, at)) for name in CHILDREN}, addresses=2)
        self.parent = range_.knot({"test": lambda at: self.parent_text(at), "bl": lambda at: self.lists_text(at)})
        server = (self.parent.addresses[0], self.parent.port)
        own = (self.own.addresses[0], self.own.port)
        self.resolver = range_._begin(Resolver(range_, {"test": server, "bl": server, **{name: own for name in CHILDREN}}))
        self.folder = range_.subfolder("site")

    def ns_of(self, name, at):
        """Host → address, as the zone has it."""
        two = {f"ns1.{name}": at[0], f"ns2.{name}": at[1]}
        return {"dead.test": {f"ns1.{name}": at[0], f"ns2.{name}": self.nobody},
                "skew.test": {f"ns1.{name}": at[0], f"ns2.{name}": self.other.addresses[0]}}.get(name, two)

    def child_text(self, name, at):
        hosts = self.ns_of(name, at)
        names = list(hosts)
        if name == "lame.test":
            names = [f"ns1.{name}", "ns.test"]
        return child(name, names, 1, hosts.items())

    def parent_text(self, at):
        lines = ["@ 300 IN SOA ns hostmaster 1 3600 600 604800 60", "@ 300 IN NS ns", f"ns 300 IN A {at[0]}"]
        for name in CHILDREN:
            hosts = dict(self.ns_of(name, self.own.addresses))
            if name == "names.test":
                hosts[f"ns3.{name}"] = hosts.pop(f"ns2.{name}")
            if name == "glue.test":
                hosts[f"ns2.{name}"] = self.stale_glue
            names = [f"ns1.{name}", "ns.test"] if name == "lame.test" else list(hosts)
            lines += [f"{name}. 300 IN NS {server}." for server in names]
            lines += [f"{host}. 300 IN A {address}" for host, address in hosts.items()]
        return "$ORIGIN test.\n" + "\n".join(lines) + "\n"

    @staticmethod
    def lists_text(at):
        return f"""$ORIGIN bl.
@ 300 IN SOA ns hostmaster 1 3600 600 604800 60
@ 300 IN NS ns
ns 300 IN A {at[0]}
2.0.0.127.good 300 IN A 127.0.0.2
7.2.0.192.good 300 IN A 127.0.0.4
7.2.0.192.good 300 IN A 127.0.0.11
7.2.0.192.good 300 IN TXT "sent to a trap, see https://good.bl/192.0.2.7"
{'.'.join('7' + '0' * 23 + '8bd01002')}.good 300 IN A 127.0.0.3
*.dead 300 IN A 127.0.0.2
*.shut 300 IN A 127.255.255.254
*.shut 300 IN TXT "Error: open resolver"
*.outside 300 IN A 192.0.2.1
ns.empty 300 IN A {at[0]}
test.names 300 IN A 127.0.1.2
spammer.example.names 300 IN A 127.0.1.4
"""

    def reset(self):
        for server in (self.other, self.own, self.parent, self.resolver):
            server.start()
        self.configure()

    def clean_up(self):
        pass

    def configure(self, **dns):
        values = {"resolvers": [f"127.0.0.1:{self.resolver.port}"], "port": self.range.dns_port, "timeout": "500ms", **dns}
        with open(os.path.join(self.folder, "muster.lua"), "w") as f:
            f.write("return " + lua({"state": "state", "dns": values}) + "\n")

    def call(self, *words):
        done = subprocess.run([MUSTER, "--config", os.path.join(self.folder, "muster.lua"), "--json", "call", *words],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode in (0, 1), f"exit code {done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)


def findings(found):
    return {finding["what"]: (finding["severity"], finding["why"]) for finding in found["findings"]}


@case(CASES)
def a_zone_as_it_should_be(site):
    found = site.call("dns.delegation", "mail.fine.test")
    assert found["ok"] and found["zone"] == "fine.test" and found["parent"] == "test", found
    assert set(findings(found)) == {"one-network"}, found["findings"]
    assert found["ns"] == found["parent_ns"] == ["ns1.fine.test", "ns2.fine.test"], found
    assert [server["serial"] for server in found["servers"]] == [1, 1] and len(found["serials"]) == 1, found


@case(CASES)
def each_fault_is_named(site):
    for zone, what, severity, words in (
            ("lame.test", "lame", "high", f"ns.test {site.parent.addresses[0]}"),
            ("dead.test", "silent", "high", f"ns2.dead.test {site.nobody}"),
            ("names.test", "parent-only", "warn", "test delegates names.test to ns3.names.test, which its own NS records do not name"),
            ("names.test", "child-only", "warn", "names.test names ns2.names.test, which test does not delegate it to"),
            ("skew.test", "serial-skew", "warn", f"ns2.skew.test {site.other.addresses[0]}"),
            ("glue.test", "glue", "high", f"test hands out {site.stale_glue} as the address of ns2.glue.test")):
        found = site.call("dns.delegation", zone)
        all_of_it = findings(found)
        assert what in all_of_it and all_of_it[what][0] == severity and words in all_of_it[what][1], f"{zone}: {all_of_it}"
        assert found["ok"] == (severity == "warn"), found
        if severity == "high":
            assert found["why"] == all_of_it[what][1] and found["class"] == "remote", found
    lame = site.call("dns.delegation", "lame.test")
    assert "refers to other servers" in findings(lame)["lame"][1], lame


@case(CASES)
def nobody_answers(site):
    site.own.stop()
    found = site.call("dns.delegation", "fine.test")
    assert not found["ok"] and not any(server["ok"] for server in found["servers"]), found
    assert findings(found)["silent"][0] == "high" and len([f for f in found["findings"] if f["what"] == "silent"]) == 2, found
    site.resolver.stop()
    found = site.call("dns.delegation", "fine.test")
    assert not found["ok"] and found["class"] == "net" and "can't ask who serves fine.test" in found["why"], found


@case(CASES)
def listed_and_why(site):
    found = site.call("dns.blocklists", "192.0.2.7", 'lists=["good.bl"]')
    assert found["verdict"] == "listed" and found["listed"] == 1 and found["class"] == "remote", found
    assert found["lists"][0]["codes"] == ["127.0.0.11", "127.0.0.4"] and "sent to a trap" in found["why"], found
    found = site.call("dns.blocklists", "192.0.2.8", 'lists=["good.bl"]')
    assert found["ok"] and found["verdict"] == "clean" and found["lists"][0]["state"] == "clean", found
    found = site.call("dns.blocklists", "2001:db8::7", 'lists=["good.bl"]')
    assert found["verdict"] == "listed", found
    found = site.call("dns.blocklists", "spammer.example", 'lists=["names.bl"]')
    assert found["verdict"] == "listed" and found["lists"][0]["codes"] == ["127.0.1.4"], found
    found = site.call("dns.blocklists", "honest.example", 'lists=["names.bl"]')
    assert found["verdict"] == "clean", found


@case(CASES)
def what_is_not_believed(site):
    for name, words in (("dead", "lists what no list may list"), ("shut", "refuses our resolver"), ("outside", "outside of 127.0.0.0/8"),
                        ("empty", "does not list what every list must"), ("nowhere", "")):
        found = site.call("dns.blocklists", "192.0.2.8", f'lists=["{name}.bl"]')
        assert found["verdict"] == "unknown" and not found["ok"] and found["class"] == "net" and words in found["why"], f"{name}: {found}"
    site.configure(blocklists={"addresses": ["good.bl", "dead.bl"]})
    found = site.call("dns.blocklists", "192.0.2.7")
    assert found["verdict"] == "listed" and found["unknown"] == 1 and found["why"].startswith("good.bl "), found
    for what in ("no thing", "192.0.2.300"):
        found = site.call("dns.blocklists", what)
        assert not found["ok"] and found["class"] == "usage" and "takes an address or a domain" in found["why"], found


@case(CASES)
def a_change_on_its_way(site):
    site.own.set_rrset("skew.test", "skew.test", "MX", 120, ["10 mx.fine.test."])
    found = site.call("dns.propagation", "skew.test", "MX", 'records=["10 mx.fine.test."]')
    assert not found["ok"] and not found["served"] and found["class"] == "remote", found
    assert "1 of 2 name server addresses" in found["why"] and "not yet: ns2.skew.test" in found["why"], found
    assert [server["has"] for server in found["servers"]] == [True, False] and found["servers"][1]["records"] == [], found

    site.own.set_rrset("fine.test", "mail.fine.test", "A", 200, ["192.0.2.1"])
    assert site.call("dns.query", "mail.fine.test", "A")["records"] == ["192.0.2.1"]  # the resolver holds it now
    site.own.set_rrset("fine.test", "mail.fine.test", "A", 200, ["192.0.2.2"])
    began = time.time()
    found = site.call("dns.propagation", "mail.fine.test", "A", 'records=["192.0.2.2"]')
    assert found["served"] and not found["ok"] and "0 of 1 resolvers" in found["why"], found
    assert began + 150 < found["cached_until"] <= began + 210, found
    assert found["resolvers"][0]["records"] == ["192.0.2.1"], found
    found = site.call("dns.propagation", "mail.fine.test", "A", "resolvers=[]")
    assert found["ok"] and found["records"] == ["192.0.2.2"] and found["resolvers"] == [] and "cached_until" not in found, found


@case(CASES)
def kept_and_compared(site):
    site.own.set_rrset("glue.test", "glue.test", "MX", 60, ["10 mx.glue.test.", "20 mx.elsewhere.test."])
    site.own.set_rrset("glue.test", "mx.glue.test", "A", 60, ["192.0.2.25"])
    site.own.set_rrset("glue.test", "glue.test", "TXT", 60, ['"v=spf1 mx -all"', '"token=1"'])
    site.own.set_rrset("glue.test", "s1._domainkey.glue.test", "CNAME", 60, ["s1.dkim.fine.test."])
    kept = site.call("dns.snapshot", "glue.test", "at=authoritative", 'selectors=["s1"]')
    records = kept["records"]
    assert records["glue.test/MX"] == {"records": ["10 mx.glue.test.", "20 mx.elsewhere.test."]}, records
    assert records["glue.test/TXT"] == {"records": ['"v=spf1 mx -all"']} and records["mx.glue.test/A"] == {"records": ["192.0.2.25"]}, records
    assert records["s1._domainkey.glue.test/TXT"]["alias"] == "s1.dkim.fine.test", records
    assert records["_dmarc.glue.test/TXT"] == {"records": []} and "_25._tcp.mx.glue.test/TLSA" in records, records

    same = site.call("dns.diff", "glue.test", json.dumps(kept), "at=authoritative", 'selectors=["s1"]')
    assert not same["changed"] and same["changes"] == [], same
    site.own.set_rrset("glue.test", "glue.test", "TXT", 60, ['"v=spf1 mx -all"', '"token=2"'])
    site.own.set_rrset("glue.test", "glue.test", "MX", 60, ["20 mx.elsewhere.test.", "10 MX.glue.test."])
    same = site.call("dns.diff", "glue.test", json.dumps(kept), "at=authoritative", 'selectors=["s1"]')
    assert not same["changed"], same  # another order, and a token that proves something to somebody
    site.own.set_rrset("glue.test", "glue.test", "MX", 60, ["10 mx.thief.test."])
    site.own.set_rrset("glue.test", "_dmarc.glue.test", "TXT", 60, ['"v=DMARC1; p=none"'])
    found = site.call("dns.diff", "glue.test", json.dumps({"glue.test/MX": ["10 MX.glue.test.", "20 mx.elsewhere.test"]}), "at=authoritative")
    changes = {(change["name"], change["type"]): change for change in found["changes"]}
    assert found["changed"] and not found["ok"] and found["class"] == "remote", found
    assert changes["glue.test", "MX"]["is"]["records"] == ["10 mx.thief.test."], changes
    assert changes["_dmarc.glue.test", "TXT"].get("was") is None, changes
    site.own.stop()
    found = site.call("dns.diff", "glue.test", json.dumps(kept), "at=authoritative")
    assert not found["ok"] and not found["changed"] and found["class"] == "net" and any(line.startswith("glue.test/MX: ") for line in found["unknown"]), found


if __name__ == "__main__":
    sys.exit(main(CASES, sites={"dns": DnsSite}))
