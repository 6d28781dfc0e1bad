#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Canary secrets (design J12): 240 of every shape go in through every door a secret has, are used, and come
back from far sides that repeat them in every form they can think of. Then they are looked for in everything
that is kept or shown. They may be where they belong, at the far side, and nowhere else.

    tests/integration/test_secrets.py            seed 1
    SEED=7 tests/integration/test_secrets.py     other texts"""

import base64
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tarfile
import threading

import canaries
from muster import MUSTER, ROOT, Run, Secret, Site, account, case, lua, main, zone
from servers import Knot, need

CASES = []
SEED = int(os.environ.get("SEED", "1"))
PER_PAGE = 12
FROM_FILE, FROM_ENV = 70, 50  # secret parameters; one more comes from stdin
IN_CONFIG = 119               # secret.file and secret.env of muster.lua


class Parrot:
    """An HTTP server that repeats what must not be repeated. /echo/N a page of canaries in all forms; /headers what it was
    sent; /api the DNS host's API, which refuses its key and says which; anything else takes messages."""

    def __init__(self, range_, texts):
        self.texts = texts
        self.seen, self.posts = [], []
        self.address = (range_.address(), range_._free_port())
        self.url = "http://%s:%d" % self.address
        self.server = http.server.ThreadingHTTPServer(self.address, self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def pages(self):
        return (len(self.texts) + PER_PAGE - 1) // PER_PAGE

    def page(self, number):
        lines = []
        for text in self.texts[number * PER_PAGE:(number + 1) * PER_PAGE]:
            for name, form in canaries.forms(text).items():
                lines.append(f"{name}: key={form}")
        last = self.texts[number * PER_PAGE]
        return "\n".join(lines) + "\nAuthorization: " + last[:max(12, len(last) * 3 // 4 + 1)]  # cut off at the end

    def answer(self, path, headers, body):
        if path.startswith("/echo/"):
            return 200, "OK", self.page(int(path.rsplit("/", 1)[1]))
        if path.startswith("/json/"):  # JSON within JSON
            return 200, "OK", json.dumps({"error": json.dumps({"said": self.texts[int(path.rsplit("/", 1)[1])]})})
        if path.startswith("/headers"):
            return 200, "OK", "\n".join(f"{key}: {value}" for key, value in headers.items())
        if path.startswith("/reason/"):
            text = self.texts[int(path.rsplit("/", 1)[1])]
            return 503, "Bad key " + re.sub(r"[^ -~]", "?", text), "denied: " + text
        if path.startswith("/api"):
            key = headers.get("X-API-Key", "")
            said = {"error": f"key {key} ({base64.b64encode(key.encode('latin-1')).decode()}) of {headers.get('Authorization')} refused"}
            return 401, "Unauthorized by " + key, json.dumps(said)
        self.posts.append({"path": path, "body": body, "headers": dict(headers.items())})
        if "refuse" in path:
            return 403, "No", "x" * 90 + f" {path} {percent_all(path)} {headers.get('Authorization')} " + base64.b64encode(path.encode()).decode()
        return 200, "OK", "ok"

    def handler(parrot):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
                parrot.seen.append(self.path + "\n" + "\n".join(f"{k}: {v}" for k, v in self.headers.items()) + "\n" + body)
                status, reason, text = parrot.answer(self.path, self.headers, body)
                octets = text.encode()
                try:
                    self.send_response(status, reason)
                    self.send_header("Content-Length", str(len(octets)))
                    self.send_header("X-Echo", re.sub(r"[^ -~]", "?", text[:200]))
                    self.end_headers()
                    self.wfile.write(octets)
                except OSError:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        return Handler


def percent_all(text):
    return "".join(f"%{octet:02X}" for octet in text.encode())


class Relay:
    """A submission server with STARTTLS and AUTH PLAIN. What it hears it keeps; what it refuses it repeats."""

    def __init__(self, range_, folder, accept):
        self.accept, self.heard, self.letters = accept, [], []
        self.address, self.port = range_.address(), range_._free_port()
        self.certificate, key = os.path.join(folder, "relay.pem"), os.path.join(folder, "relay.key")
        if not os.path.exists(self.certificate):
            subprocess.run([need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-keyout", key, "-out", self.certificate, "-days", "30", "-subj", "/CN=relay.example",
                            "-addext", "subjectAltName=" + ",".join(f"IP:{self.address.rsplit('.', 1)[0]}.{n}" for n in range(1, 60))],
                           check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.listener = socket.create_server((self.address, self.port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        try:
            self.converse(connection)
        except OSError:
            pass

    def converse(self, connection):
        connection.sendall(b"220 relay ESMTP\r\n")
        stream, letter = connection.makefile("rb"), None
        while line := stream.readline():
            word = line.strip().upper()
            if letter is not None:
                letter.append(line)
                if line == b".\r\n":
                    self.letters.append(b"".join(letter))
                    letter = None
                    connection.sendall(b"250 taken from " + self.heard[-1] + b"\r\n")
            elif word.startswith(b"EHLO"):
                tls = isinstance(connection, ssl.SSLSocket)
                connection.sendall(b"250-relay\r\n" + (b"250 AUTH PLAIN LOGIN\r\n" if tls else b"250 STARTTLS\r\n"))
            elif word == b"STARTTLS":
                connection.sendall(b"220 go\r\n")
                connection = self.context.wrap_socket(connection, server_side=True)
                stream = connection.makefile("rb")
            elif word.startswith(b"AUTH PLAIN"):
                said = line.split()[2] if len(line.split()) > 2 else b""
                password = base64.b64decode(said).split(b"\0")[-1]
                self.heard.append(said + b" " + re.sub(rb"[\r\n]", b" ", password))
                connection.sendall(b"235 welcome\r\n" if self.accept else b"535 5.7.8 not " + self.heard[-1] + b" please\r\n")
            elif word == b"DATA":
                letter = []
                connection.sendall(b"354 go on\r\n")
            elif word == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"250 ok\r\n")


class SecretSite(Site):
    """No mail site: the parrot, two relays and a DNS host with TSIG. Every secret is a canary of its own."""

    def __init__(self, range_):
        self.range = range_
        self.folder = range_.subfolder("secrets")
        self.state = os.path.join(self.folder, "state-0")
        self.texts = canaries.make(FROM_FILE + FROM_ENV + 1 + IN_CONFIG, SEED)
        plain = [text for text in self.texts[FROM_FILE + FROM_ENV + 1:] if re.fullmatch(r"[!-~]{8,80}", text) and not re.search(r'["\\\\<>&{}#?/%@:+=\[\]]', text)]
        self.url_password, self.hook_path, self.query, self.api_key = plain[:4]
        self.parrot = Parrot(range_, self.texts)
        Knot.secret = base64.b64encode(("tsig-" + plain[4]).encode()).decode()
        self.dns = range_.knot({"example.com": zone({"mx1": "192.0.2.1"}, ["10 mx1"])})
        self.texts.append(self.dns.secret)
        self.refusing = Relay(range_, self.folder, accept=False)
        self.taking = Relay(range_, self.folder, accept=True)
        self.environment_of_secrets = {}
        self.number = 0
        self.said = []

    # muster.lua: every way a secret gets in there

    def secret(self, text):
        """secret.file or secret.env of muster.lua, in turn."""
        self.number = number = self.number + 1
        if number % 2 or "\n" in text:
            path = os.path.join(self.keys(), f"key-{number}")
            with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
                file.write(text + "\n" * (number % 3))
            return Secret("file", path)
        self.environment_of_secrets[f"CANARY_{number}"] = text
        return Secret("env", f"CANARY_{number}")

    def keys(self):
        path = os.path.join(self.folder, "keys")
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path

    def defaults(self):
        named = self.texts[FROM_FILE + FROM_ENV + 1:FROM_FILE + FROM_ENV + 1 + IN_CONFIG]
        host = self.parrot.url.replace("http://", "")
        used = {"pdns": {"driver": "powerdns", "url": self.parrot.url + "/api", "key": self.secret(self.api_key)},
                "in-url": {"driver": "powerdns", "url": f"http://muster:{self.url_password}@{host}/api", "key": self.secret(self.api_key)},
                "knot": {"driver": "rfc2136", "server": self.dns.server,
                         "tsig": {"name": self.dns.key_name, "algorithm": "hmac-sha256", "secret": self.secret(self.dns.secret)}}}
        unused = {f"p{i}": {"driver": "powerdns", "url": "http://192.0.2.1", "key": self.secret(text)} for i, text in enumerate(named)}
        password = {"refusing": named[4], "taking": named[8]}
        relay = {name: {"kind": "email", "relay": f"{relay.address}:{relay.port}", "from": "muster@oncall.example", "user": "muster",
                        "password": self.secret(password[name]), "tls": "require"}
                 for name, relay in (("refusing", self.refusing), ("taking", self.taking))}
        self.passwords = password
        return {
            "state": os.path.basename(self.state),
            "dns": {"resolvers": [f"{self.dns.addresses[0]}:{self.dns.port}"], "port": self.dns.port, "timeout": "1s"},
            "tls": {"ca_file": self.taking.certificate},
            "domains": {"example.org": {"provider": "pdns", "standby": "mx.example.net"},
                        "example.com": {"provider": "knot", "standby": "mx.example.net"}},
            "providers": {**unused, **used},
            "people": {"ana": {"name": "Ana", "account": account(), "teams": ["lead"], "contact": ["board"]}},
            "channels": {**relay, "board": {"kind": "webhook", "url": self.parrot.url + "/board", "secret": self.secret(named[12])},
                         "hook": {"kind": "webhook", "url": self.secret(f"{self.parrot.url}/refuse/{self.hook_path}?token={self.query}")},
                         "slack": {"kind": "slack", "url": self.secret(f"{self.parrot.url}/refuse/services/{named[0]}")},
                         "push": {"kind": "ntfy", "url": self.parrot.url + "/refuse", "token": self.secret(named[16])}},
            "audiences": {"stakeholders": ["board", "hook", "slack", "push:topic", "refusing:ana@other.example", "taking:ana@other.example"]},
        }

    def environment(self):
        return {**os.environ, **self.environment_of_secrets, "HOME": self.folder, "NO_COLOR": "1"}

    def muster(self, *words, stdin=None, env=None, **options):
        done = subprocess.run([MUSTER, *words], cwd=self.folder, env={**self.environment(), **(env or {})}, input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None,
                              capture_output=True, text=True, errors="backslashreplace", timeout=60, **options)
        self.said.append(("what muster " + " ".join(words[:2]) + " said", (done.stdout + done.stderr).encode()))
        return done

    def reset(self):
        self.state = os.path.join(self.folder, f"state-{int(self.state.rsplit('-', 1)[1]) + 1}")
        self.environment_of_secrets.clear()
        self.said.clear()
        self.parrot.posts.clear()
        self.parrot.seen.clear()
        self.configure()

    # the playbook and its parameters

    def params(self):
        """(words of the command line, what goes to stdin, environment)."""
        words, env = [], {}
        for i in range(FROM_FILE):
            path = os.path.join(self.keys(), f"param-{i}")
            with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
                file.write(self.texts[i])
            words.append(f"s{i}=file:{path}")
        for i in range(FROM_FILE, FROM_FILE + FROM_ENV):
            env[f"PARAM_{i}"] = self.texts[i]
            words.append(f"s{i}=env:PARAM_{i}")
        words.append(f"s{FROM_FILE + FROM_ENV}=-")
        return words, self.texts[FROM_FILE + FROM_ENV] + "\n", env

    def playbook(self):
        count = FROM_FILE + FROM_ENV + 1
        declared = ", ".join(f's{i} = param.secret "A secret"' for i in range(count))
        self.write("playbooks/leaky/playbook.lua", HEADER % declared + PLAYBOOK % {
            "url": self.parrot.url, "secrets": ", ".join(f"p.s{i}" for i in range(count)), "pages": self.parrot.pages(),
            "all": len(self.texts), "dead": lua(f"http://127.0.0.1:1/{'x' * 10}")})
        self.write("playbooks/leaky/templates/told.md", "Subject: {{what}}\n\n{{text}}\n\n{{list}}\n")
        return os.path.join(self.folder, "playbooks/leaky")


HEADER = """playbook { name = "leaky", version = "1.0.0", owner = "ana", summary = "Repeats all it hears",
  changelog = { ["1.0.0"] = "First" }, may_change = { "notify", "zone.*", "http.post" }, params = { %s } }
"""

PLAYBOOK = """
local base = "%(url)s"
function main(p)
  step "Secrets go where they belong"
  local secrets = { %(secrets)s }
  for i, secret in ipairs(secrets) do
    local answer = http.get(base .. "/headers/" .. i, { headers = { ["X-Canary"] = secret } })
    evidence("headers", answer)
    pcall(http.post, base .. "/post/" .. i, { headers = { Authorization = secret }, json = { number = i } })
  end
  step "The DNS hosts refuse, and say what"
  local mx = zone.mx("example.org")
  evidence("refused", mx)
  evidence("knot", zone.mx("example.com"))
  evidence("in the URL", zone.mx("example.net"))
  local fine, why = pcall(zone.set_mx, "example.com", { { preference = 20, host = "mx1.example.com" } })
  evidence("knot set", { fine = fine, why = tostring(why), class = type(why) == "table" and why.class or "" })
  local fine, why = pcall(zone.set_mx, "example.org", { { preference = 10, host = "mx.example.net" } })
  evidence("error object", { why = type(why) == "table" and why.why or tostring(why) })
  finding("warn", "provider", mx.why)
  step "The far side repeats everything"
  for i = 0, %(pages)d - 1 do
    local echo = http.get(base .. "/echo/" .. i)
    evidence("echo", echo)
    finding("warn", "echo", echo.body)
    step(echo.body:sub(-70))
    local fine, why = pcall(error, echo.body)
    evidence("error()", tostring(why))
    pcall(function() notify("stakeholders", "told", { what = echo.body:sub(1, 60), text = echo.body, list = echo.body:sub(-200) }) end)
  end
  for i = 0, %(all)d - 1 do
    local echo = http.get(base .. "/json/" .. i)
    evidence("json", echo)
    local refused = http.get(base .. "/reason/" .. i)
    evidence("reason", { refused.why, refused.body })
  end
  local last = http.get(base .. "/echo/0")
  milestone("echoed")
  local answer = approve { "Shall " .. last.body:sub(1, 80) .. "?", by = "ana", deadline = "5m", show = { last, note = last.body } }
  evidence("answer", answer)
  fail(last.body)
end
"""


def processes_of(site):
    """Monitor and executor of the site's runs: pid → octets of its command line and environment."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.path.realpath(f"/proc/{pid}/exe") != os.path.realpath(MUSTER):
                continue
            if not os.path.realpath(f"/proc/{pid}/fd/1").startswith(site.folder):
                continue
            found[pid] = b"".join(open(f"/proc/{pid}/{name}", "rb").read() for name in ("cmdline", "environ"))
        except OSError:
            continue
    return found


def must_be_clean(site, places):
    places = list(places)
    found = canaries.search(site.texts, places)
    assert not found, f"{len(found)} times:\n" + "\n".join(found[:12])
    return sum(len(octets) for _, octets in places)


def kept(site):
    return [*canaries.files_under(site.state), *site.said]


def start(site):
    words, stdin, env = site.params()
    done = site.muster("run", site.playbook(), *words, "--detach", stdin=stdin, env=env)
    assert done.returncode == 0, done.stderr
    return Run(site, done.stdout.strip())


@case(CASES)
def the_search_is_not_blind(site):
    """Each form of each canary, kept as muster keeps texts, is found where nobody took it out."""
    missed = []
    for text in site.texts:
        rows = [(name, json.dumps({"body": f"key={form};"}, ensure_ascii=False).encode())
                for name, form in canaries.forms(text).items() if name != "json, all escaped"]
        missed += [(name, text) for name, row in rows if not any(needle in row for needle in canaries.needles(text))]
    assert canaries.search(site.texts[:3], [("x", b"-" + site.texts[1].encode() + b"-"), ("y", b"nothing")]), "grep found nothing"
    assert not missed, missed[:5]
    assert len(set(site.texts)) >= 200


@case(CASES)
def no_canary_is_left_anywhere(site):
    run = start(site)
    gate = run.gate(seconds=60)
    alive = processes_of(site)
    assert len(alive) == 2, f"monitor and executor, not {list(alive)}"
    must_be_clean(site, [(f"process {pid}", octets) for pid, octets in alive.items()])
    must_be_clean(site, kept(site))  # with WAL and shm, while it lives
    config = site.texts[FROM_FILE + FROM_ENV + 1:]
    reason = " ".join(form for text in config[5:9] for form in list(canaries.forms(text).values())[:8])
    assert site.muster("note", gate["incident"], "I saw " + config[10] + " and " + reason[:500]).returncode == 0
    assert site.muster("approve", gate["code"], "--reason", reason[:900]).returncode == 0
    end = run.ended(seconds=60)
    assert end["state"] == "failed" and "[secret " in end["why"], end
    for words in (["report", run.name], ["report", run.name, "--html", os.path.join(site.state, "report.html")], ["--json", "report", run.name],
                  ["show", run.name], ["show", run.name, "--wide"], ["--json", "show", run.name, "--wide"], ["runs"], ["pending"], ["doctor"],
                  ["run", site.playbook(), "s0=" + "x" * 9], ["call", "http.get", site.parrot.url + "/echo/11"],
                  ["call", "zone.mx", "example.org"], ["verify", run.name]):
        site.muster(*words)
    archive = os.path.join(site.folder, "export.tar.gz")
    assert site.muster("export", gate["incident"], "--to", archive).returncode == 0, site.said[-1]
    with tarfile.open(archive) as tar:
        exported = [("export: " + member.name, tar.extractfile(member).read()) for member in tar.getmembers()]
    assert len(exported) >= 7, exported
    letters = [("letter", letter) for relay in (site.taking, site.refusing) for letter in relay.letters]
    bodies = [(post["path"], post["body"].encode()) for post in site.parrot.posts]
    size = must_be_clean(site, [*kept(site), *exported, *letters, *bodies])
    assert not [name for name in os.listdir(site.folder) if name.startswith("core")], "a process died with its memory"
    # They were where they belong, and something was taken out.
    seen = "\n".join(site.parrot.seen)
    sent = sum(f"X-Canary: {text}\n" in seen for text in site.texts[:FROM_FILE + FROM_ENV + 1])
    assert sent >= 80, f"only {sent} canaries went out as headers"
    for what in ("api_key", "hook_path", "query"):
        assert getattr(site, what) in seen, f"the far side was not given its {what}: {[row['value'] for row in run.find('n', 'evidence') if row['value'].get('what') in ('refused', 'error object')]}"
    assert any(site.passwords["taking"].encode() in heard for heard in site.taking.heard), site.taking.heard
    assert any(site.passwords["refusing"].encode() in heard for heard in site.refusing.heard), site.refusing.heard
    assert len(letters) > 0 and len(bodies) > 20, (len(letters), len(bodies))
    knot = [row["value"] for row in run.find("n", "evidence") if row["value"].get("what", "").startswith("knot")]
    assert site.dns.updates.count > 0 and knot[1]["value"]["fine"], f"the DNS host was not asked with TSIG: {knot}"
    marks = sum(octets.count(b"[secret ") for _, octets in kept(site))
    print(f"# {len(set(site.texts))} canaries, {size >> 10} KiB searched, {marks} marks, {sent} sent as headers, {len(letters)} letters, {len(bodies)} posts", flush=True)


@case(CASES)
def without_them_the_replay_is_the_same(site):
    """Killed at its gate and resumed by somebody who has not the parameters: it replays to the gate and asks for the missing
    ones; no divergence. With them again it goes on."""
    run = start(site)
    run.gate(seconds=60)
    before = run.doings()
    run.kill()
    done = site.muster("resume", run.name)
    assert done.returncode == 3, (done.returncode, done.stdout, done.stderr)
    park = run.row("h", "park")["value"]
    assert park["why"] == "secret", park
    words, _, env = site.params()
    again = [word for word in words if "=env:" in word]
    done = site.muster("resume", run.name, *again, f"s{FROM_FILE + FROM_ENV}=file:" + stdin_as_file(site), "--detach", env=env)
    assert done.returncode == 0, done.stderr
    gate = run.gate()
    assert run.doings()[:len(before)] == before
    assert site.muster("deny", gate["code"], "--reason", "enough").returncode == 0
    run.ended()
    must_be_clean(site, kept(site))


def stdin_as_file(site):
    path = os.path.join(site.keys(), "stdin")
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(site.texts[FROM_FILE + FROM_ENV])
    return path


if __name__ == "__main__":
    sys.exit(main(CASES, sites={"secrets": SecretSite}))
