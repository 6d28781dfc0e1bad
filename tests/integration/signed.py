# SPDX-License-Identifier: MIT
"""A small tree of signed zones, made by BIND's own tools and served by named: the root, "test", and below it zones that are
signed well, badly, or not at all. named answers for all of them and so can be asked as a resolver is.

    tree = SignedTree(range)              # see TREE for what there is
    tree.anchor                           # the root's DS records, as a zone file has them
    tree.delv("ok.test", "MX")            # BIND's own opinion
"""

import os
import re
import socket
import struct
import subprocess
import sys
import time

from servers import Range, Server, need

SOA = "@ 300 IN SOA ns.test. hostmaster.test. 2026010101 3600 600 604800 60\n@ 300 IN NS ns.test.\n"
PLAIN = "mail 300 IN A 192.0.2.7\n@ 300 IN MX 10 mail\n"


def serial(seconds):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + seconds))


def free_port():
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        return tcp.getsockname()[1]


class Zone:
    """What a zone holds, how it is signed, and what is done to it behind that.

    sign: None, or further arguments of dnssec-signzone. ds: "own", "none", or one line as a zone file has it.
    spoil: a function from the signed file's text to the one that is served."""

    def __init__(self, text=PLAIN, sign=(), ds="own", spoil=None, algorithm="ECDSAP256SHA256"):
        self.text, self.sign, self.ds, self.spoil, self.algorithm = text, sign, ds, spoil, algorithm


def without(pattern):
    """Leaves out the records that match, with what is in their brackets."""
    return lambda text: re.sub(pattern, "", text, flags=re.M)


def record(kind, covered=""):
    """One record as dnssec-signzone -O full writes it, on one line."""
    return rf"^\S+\s+\d+\s+IN\s+{kind}\s+{covered}.*\n"


NSEC3 = ("-3", "aabb", "-H", "0")
TREE = {
    "ok.test": Zone(PLAIN + "deep.ent 300 IN A 192.0.2.8\n*.wild 300 IN TXT \"anybody\"\nthere.wild 300 IN TXT \"me\"\n"
                    "alias 300 IN CNAME mail\nout 300 IN CNAME mail.plain.test.\ngone 300 IN CNAME mail.expired.test.\n"
                    "tree 300 IN DNAME three.test.\ncut 300 IN NS ns.test.\nsigned-cut 300 IN NS ns.test.\n"),
    "three.test": Zone(PLAIN + "deep.ent 300 IN A 192.0.2.8\n*.wild 300 IN TXT \"anybody\"\ncut 300 IN NS ns.test.\n", sign=NSEC3),
    "optout.test": Zone(PLAIN + "cut 300 IN NS ns.test.\n", sign=(*NSEC3, "-A")),
    "plain.test": Zone(sign=None, ds="none"),
    "island.test": Zone(ds="none"),
    "rsa.test": Zone(algorithm="RSASHA256"),
    "ed.test": Zone(algorithm="ED25519"),
    "expired.test": Zone(sign=("-s", serial(-90 * 86400), "-e", serial(-40 * 86400))),
    "early.test": Zone(sign=("-s", serial(40 * 86400), "-e", serial(90 * 86400))),
    "altered.test": Zone(spoil=lambda text: text.replace("192.0.2.7", "192.0.2.66")),
    "stripped.test": Zone(spoil=without(record("RRSIG", "A "))),
    "unproven.test": Zone(spoil=without(r"^mail\S+\s+\d+\s+IN\s+(?:NSEC|RRSIG\s+NSEC )\s*.*\n")),
    "wrongds.test": Zone(ds="{zone}. 300 IN DS 4711 13 2 " + "AB" * 32),
    "strange.test": Zone(ds="{zone}. 300 IN DS 4711 253 2 " + "AB" * 32),
    "undressed.test": Zone(sign=None, ds="{zone}. 300 IN DS 4711 13 2 " + "AB" * 32),
}


class SignedTree(Server):
    """named with TREE below the zones "test" and "."."""

    def __init__(self, range_, tree=None):
        super().__init__(range_, "named")
        self.program = need("named")
        self.tree, self.address, self.port = tree or TREE, "127.0.0.1", free_port()  # named listens on addresses of interfaces only
        self.ds = {}
        self.zones = {}
        for name, zone in self.tree.items():
            self.make(name, zone)
        cuts = "".join(f"{name}. 300 IN NS ns.test.\n{self.delegation(name, zone)}" for name, zone in self.tree.items())
        self.make("test", Zone(f"ns 300 IN A {self.address}\n{cuts}"))
        self.make(".", Zone(f"test. 300 IN NS ns.test.\nns.test. 300 IN A {self.address}\n{self.ds['test']}"))
        self.anchor = self.ds["."].strip().splitlines()

    def delegation(self, name, zone):
        return self.ds[name] if zone.ds == "own" else "" if zone.ds == "none" else zone.ds.format(zone=name) + "\n"

    def make(self, name, zone):
        file = (name if name != "." else "root") + ".zone"
        path = self.write(file, SOA + zone.text)
        if zone.sign is not None:
            path = self.signed(name, file, zone)
        if zone.spoil:
            with open(path) as f:
                before = f.read()
            after = zone.spoil(before)
            assert before != after, f"{name} is as it was"
            self.write(os.path.basename(path), after)
        self.zones[name] = path

    def signed(self, name, file, zone):
        kind = ("-b", "2048") if zone.algorithm.startswith("RSA") else ()
        for flag in ((), ("-f", "KSK")):
            self.run("dnssec-keygen", "-q", "-K", self.folder, "-a", zone.algorithm, *kind, *flag, name)
        self.run("dnssec-signzone", "-q", "-S", "-P", "-K", self.folder, "-d", self.folder, "-O", "full", "-o", name, "-f", file + ".signed",
                 *zone.sign, file, cwd=self.folder)
        with open(os.path.join(self.folder, "dsset-" + (name if name == "." else name + "."))) as f:
            self.ds[name] = re.sub(r"^(\S+)\s+IN", r"\1 300 IN", f.read(), flags=re.M)
        return os.path.join(self.folder, file + ".signed")

    def command(self):
        zones = "".join(f'zone "{name}" {{ type primary; file "{path}"; check-names ignore; }};\n' for name, path in self.zones.items())
        self.write("named.conf", f"""options {{ directory "{self.folder}"; listen-on port {self.port} {{ {self.address}; }}; listen-on-v6 {{ none; }};
  allow-query {{ any; }}; recursion no; pid-file none; session-keyfile none; dnssec-validation no; }};
controls {{ }};
{zones}""")
        return [self.program, "-g", "-n", "1", "-c", os.path.join(self.folder, "named.conf")]

    def is_up(self):
        asked = subprocess.run(["kdig", f"@{self.address}", "-p", str(self.port), "+short", "+timeout=1", "+retry=0", "SOA", "."],
                               capture_output=True, text=True)
        return "hostmaster" in asked.stdout

    def delv(self, name, kind):
        """What BIND's own validator makes of it: "fully validated", "unsigned answer", "negative response, ...", or why not."""
        anchors = "".join('"{}" static-ds {} {} {} "{}";\n'.format(*self.anchor_fields(line)) for line in self.anchor)
        path = self.write("anchors.conf", "trust-anchors {\n" + anchors + "};\n")
        done = subprocess.run(["delv", f"@{self.address}", "-p", str(self.port), "-a", path, name, kind], capture_output=True,
                              text=True, timeout=30)
        said = re.findall(r"^; (fully validated|unsigned answer|negative response, .*|answer not validated)$", done.stdout, re.M)
        failed = re.findall(r"^;; resolution failed: (.*)$", done.stdout + done.stderr, re.M)
        return failed[0] if failed else said[0] if said else done.stdout + done.stderr

    @staticmethod
    def anchor_fields(line):
        owner, _, _, _, tag, algorithm, digest, *text = line.split()
        return owner, tag, algorithm, digest, "".join(text)



def seeds(folder):
    """Answers of this tree, as files for tests/fuzz/fuzz_dnssec.c."""
    questions = [("ok.test", 15, 2, 2), ("ok.test", 48, 2, 0), ("test", 43, 1, 0), ("nothing.ok.test", 1, 2, 1), ("x.wild.ok.test", 16, 2, 3),
                 ("a.b.nothing.three.test", 1, 2, 1), ("x.wild.three.test", 16, 2, 3), ("ent.three.test", 1, 2, 1), ("cut.optout.test", 43, 2, 0),
                 ("mail.tree.ok.test", 1, 2, 1), ("cut.ok.test", 43, 2, 0)]
    os.makedirs(folder, exist_ok=True)
    with Range() as range_:
        tree = range_._begin(SignedTree(range_))
        for name, kind, labels, denied in questions:
            wire = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
            query = struct.pack("!6H", 4660, 0, 1, 0, 0, 1) + wire + struct.pack("!2H", kind, 1) + struct.pack("!BHHIH", 0, 41, 4000, 0x8000, 0)
            with socket.socket(type=socket.SOCK_DGRAM) as asked:
                asked.settimeout(3)
                asked.sendto(query, (tree.address, tree.port))
                with open(os.path.join(folder, f"{name}-{kind}"), "wb") as f:
                    f.write(bytes([labels | denied << 3]) + asked.recv(4096))


if __name__ == "__main__":
    seeds(sys.argv[1])
