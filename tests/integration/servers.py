# SPDX-License-Identifier: MIT
"""Real servers on loopback for the integration tests: PowerDNS with its API, Knot with dynamic updates,
Postfix (STARTTLS, real recipient checks), smtp-sink, and a webhook receiver. Standard library only.

    with Range() as range:
        dns = range.powerdns({"example.com": ZONE}, addresses=2)  # dns.api_url, dns.key, dns.addresses
        knot = range.knot({"example.org": ZONE})                  # knot.server, knot.key_name, knot.secret
        mx1 = range.postfix("mx1.example.com", ["example.com"])   # mx1.address, range.smtp_port
        sink = range.smtp_sink()                                  # sink.messages()
        hook = range.webhook()                                    # hook.url, hook.wait(1)

Every server stands on addresses of its own in 127.0.0.0/8; all DNS servers share range.dns_port and all
SMTP hosts range.smtp_port, as muster.lua's dns.port and smtp.port want it. A DNS server here also serves
as resolver for its own zones. Each process is stopped by its pid, at the latest when the range ends (all
but Postfix, which forgets its parent when it changes users, also when this process is killed). Faults:

    dns.api.fault("PATCH", "drop_reply")         the change is made, the caller never hears of it
    dns.api.fault("PATCH", "drop_request")       the request never arrives, the connection ends
    dns.api.fault("GET", "delay", seconds=2)     dns.api.fault("PATCH", "hang")
    dns.api.fault("PATCH", "delay_reply", seconds=2)      made at once, told late
    dns.api.fault("PATCH", "status", status=429, headers={"Retry-After": "1"}, times=2)
    knot.updates.fault("drop_reply")             the same for UPDATE messages
    dns.stop(); dns.start()                      any server, at any time

Run this file to see every server start, work and stop.
"""

import base64
import ctypes
import glob
import http.client
import http.server
import json
import os
import random
import select
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

START_S = 15  # a loaded machine needs seconds for Postfix
PDNS_SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
KNOT_SECRET = base64.b64encode(b"muster-integration-key-32-octets").decode()


class Unavailable(Exception):
    """The program a server needs is not installed, or needs root."""


class Range:
    """A temporary folder, addresses, ports, and everything started on them."""

    def __init__(self):
        # Postfix runs as another user: it must be able to walk through.
        self.folder = tempfile.mkdtemp(prefix="muster-range-")
        os.chmod(self.folder, 0o755)
        self._net = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"
        self._next = 1
        self.dns_port = self._free_port(also_udp=True)
        self.smtp_port = self._free_port()
        self._servers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for server in reversed(self._servers):
            server.stop()
            if server.proxy:  # outlives a stop(): its port stands in muster.lua
                server.proxy.stop()
        self._servers.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self):
        """A loopback address nobody else in this range has."""
        self._next += 1
        return f"{self._net}.{self._next}"

    def subfolder(self, name):
        path = tempfile.mkdtemp(prefix=name + "-", dir=self.folder)
        os.chmod(path, 0o755)
        return path

    def powerdns(self, zones, addresses=1, key="correct-horse-battery"):
        return self._begin(PowerDns(self, zones, addresses, key))

    def knot(self, zones, addresses=1):
        return self._begin(Knot(self, zones, addresses))

    def postfix(self, host, domains, recipients=("postmaster",), tls=True):
        return self._begin(Postfix(self, host, domains, recipients, tls))

    def smtp_sink(self, reject=(), defer=(), busy=()):
        return self._begin(SmtpSink(self, reject, defer, busy))

    def webhook(self):
        return self._begin(Webhook(self))

    def _begin(self, server):
        self._servers.append(server)  # before start(): what fails to come up is stopped too
        server.start()
        return server

    def _free_port(self, also_udp=False):
        while True:
            with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
                tcp.bind((f"{self._net}.1", 0))
                port = tcp.getsockname()[1]
                try:
                    if also_udp:
                        udp.bind((f"{self._net}.1", port))
                    return port
                except OSError:
                    continue


# --- processes --------------------------------------------------------------------------------------


def need(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise Unavailable(f"{program} is not installed")
    return path


def die_with_parent():
    """In the child: SIGTERM when the test program dies, so that nothing is left behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def is_open(address, port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((address, port)) == 0


def wait_until(what, condition, seconds=START_S):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


class Server:
    """One process. Subclasses say what it runs (command) and when it is up (is_up)."""

    proxy = None

    def __init__(self, range_, name):
        self.name = name
        self.folder = range_.subfolder(name)
        self._process = None

    def command(self):
        raise NotImplementedError

    def is_up(self):
        raise NotImplementedError

    @property
    def log_path(self):
        return os.path.join(self.folder, "log")

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    @property
    def pid(self):
        return self._process.pid if self._process else None

    def start(self):
        if self._process:
            return
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             preexec_fn=die_with_parent, start_new_session=True)
        try:
            wait_until(f"{self.name} did not come up", self._up_or_dead)
        except TimeoutError:
            text = self.log()[-2000:]
            self.stop()
            raise TimeoutError(f"{self.name} did not come up:\n{text}") from None

    def _up_or_dead(self):
        if self._process.poll() is not None:
            code, self._process = self._process.returncode, None
            raise RuntimeError(f"{self.name} ended with {code}:\n{self.log()[-2000:]}")
        return self.is_up()

    def stop(self, how=signal.SIGTERM):
        """how=signal.SIGKILL is a crash."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def run(self, *argv, **options):
        return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30, **options).stdout


# --- proxies ----------------------------------------------------------------------------------------


class Faults:
    """What goes wrong next; shared by the two proxies. Faults are used up in the order they were given."""

    def __init__(self):
        self._lock = threading.Lock()
        self._planned = []
        self.released = threading.Event()  # ends every "hang"

    def plan(self, matching, how, times=1, **more):
        with self._lock:
            self._planned.extend([{"matching": matching, "how": how, **more}] * times)

    def take(self, subject):
        with self._lock:
            for i, fault in enumerate(self._planned):
                if fault["matching"] in (None, subject):
                    return self._planned.pop(i)
        return {"how": None}

    def clear(self):
        with self._lock:
            self._planned.clear()


class HttpProxy:
    """In front of an HTTP API: keeps every request in .log as {at, method, path, body, status, fault}."""

    def __init__(self, address, upstream):
        self.upstream = upstream
        self.log = []
        self.faults = Faults()
        self._server = http.server.ThreadingHTTPServer((address, 0), self._handler())
        self._server.daemon_threads = True
        self.url = "http://%s:%d" % self._server.server_address
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def fault(self, method, how, times=1, **more):
        self.faults.plan(method, how, times, **more)

    def count(self, method):
        return sum(1 for entry in self.log if entry["method"] == method)

    def stop(self):
        self.faults.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _forward(self, handler, body):
        connection = http.client.HTTPConnection(*self.upstream, timeout=30)
        headers = {key: value for key, value in handler.headers.items() if key.lower() not in ("connection", "host")}
        try:
            connection.request(handler.command, handler.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except OSError:
            return None
        finally:
            connection.close()

    def _answer(self, handler, body, entry, fault):
        how = fault["how"]
        if how == "delay":
            time.sleep(fault.get("seconds", 1))
        if how == "hang":
            self.faults.released.wait()
        if how in ("hang", "drop_request"):
            return None
        if how == "status":
            return fault["status"], list(fault.get("headers", {}).items()), fault.get("body", "").encode()
        answer = self._forward(handler, body)
        entry["status"] = answer[0] if answer else None
        if how == "delay_reply":
            time.sleep(fault.get("seconds", 1))
        return None if how == "drop_reply" else answer

    def _handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        fault = self.faults.take(handler.command)
        entry = {"at": time.time(), "method": handler.command, "path": handler.path, "body": body.decode(errors="replace"),
                 "status": None, "fault": fault["how"]}
        self.log.append(entry)
        answer = self._answer(handler, body, entry, fault)
        if answer is None:
            handler.close_connection = True
            return
        status, headers, content = answer
        entry["status"] = status
        handler.send_response(status)
        for key, value in headers:
            if key.lower() not in ("connection", "content-length", "transfer-encoding", "date", "server"):
                handler.send_header(key, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _handler(proxy):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                try:
                    proxy._handle(self)
                except OSError:  # the client hung up
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        return Handler


class DnsProxy:
    """In front of a DNS server, TCP only: counts UPDATE messages (RFC 2136) and lets some go wrong."""

    def __init__(self, address, upstream):
        self.upstream = upstream
        self.faults = Faults()
        self.count = 0  # UPDATE messages that came
        self._listener = socket.create_server((address, 0))
        self.server = "%s:%d" % self._listener.getsockname()
        self._stopping = False
        threading.Thread(target=self._accept, daemon=True).start()

    def fault(self, how, times=1, **more):
        self.faults.plan("UPDATE", how, times, **more)

    def stop(self):
        self._stopping = True
        self.faults.released.set()
        self._listener.close()

    def _accept(self):
        while not self._stopping:
            try:
                ready, _, _ = select.select([self._listener], [], [], 0.05)
                if ready:
                    client, _ = self._listener.accept()
                    threading.Thread(target=self._serve, args=(client,), daemon=True).start()
            except (OSError, ValueError):
                return

    def _serve(self, client):
        try:
            with client, socket.create_connection(self.upstream, timeout=10) as server:
                self._relay(client, server)
        except OSError:
            pass

    def _relay(self, client, server):
        fault = {"how": None}
        while not self._stopping:
            ready, _, _ = select.select([client, server], [], [], 0.1)
            if server in ready:
                data = server.recv(65536)
                if not data or fault["how"] == "drop_reply":
                    return
                client.sendall(data)
            if client in ready:
                message = receive_message(client)
                if message is None:
                    return
                if (message[4] >> 3) & 15 == 5:  # opcode UPDATE, behind the length
                    self.count += 1
                    fault = self.faults.take("UPDATE")
                if fault["how"] == "hang":
                    self.faults.released.wait()
                if fault["how"] in ("hang", "drop_request"):
                    return
                if fault["how"] == "delay":
                    time.sleep(fault.get("seconds", 1))
                server.sendall(message)


def receive_message(connection):
    """One DNS message with its length in front; None at the end."""
    data = b""
    while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
        more = connection.recv(2 - len(data) if len(data) < 2 else 2 + int.from_bytes(data[:2], "big") - len(data))
        if not more:
            return None
        data += more
    return data if len(data) >= 14 else None


# --- DNS --------------------------------------------------------------------------------------------


def soa_answers(address, port, zone):
    """True when the server answers authoritatively for the zone."""
    name = b"".join(bytes([len(label)]) + label.encode() for label in zone.split(".")) + b"\0"
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        try:
            probe.connect((address, port))
            probe.send(b"\x12\x34\0\0\0\1\0\0\0\0\0\0" + name + b"\0\6\0\1")
            answer = probe.recv(512)
        except OSError:
            return False
    return len(answer) > 12 and bool(answer[2] & 4) and answer[3] & 15 == 0


def zone_text(text, addresses):
    return text(addresses) if callable(text) else text


class PowerDns(Server):
    """zones: {"example.com": zone file text, or a function of the addresses that gives it}. The API is reached
    through .api (HttpProxy) at .api_url; rrset() and set_rrset() go past it, as a colleague would."""

    def __init__(self, range_, zones, addresses, key):
        super().__init__(range_, "powerdns")
        self._program = need("pdns_server")
        self.key = key
        self.zones = list(zones)
        self.port = range_.dns_port
        self.addresses = [range_.address() for _ in range(addresses)]
        self._api_port = range_._free_port()
        self._configure(range_)
        for zone, text in zones.items():
            self.load_zone(zone, zone_text(text, self.addresses))
        self.api = HttpProxy(self.addresses[0], (self.addresses[0], self._api_port))
        self.api_url = self.api.url
        self.proxy = self.api

    def _configure(self, range_):
        database = os.path.join(self.folder, "zones.db")
        with open(PDNS_SCHEMA) as schema:
            self.run(need("sqlite3"), database, stdin=schema)
        self.write("pdns.conf", f"""launch=gsqlite3
gsqlite3-database={database}
local-address={','.join(self.addresses)}
local-port={self.port}
api=yes
api-key={self.key}
webserver=yes
webserver-address={self.addresses[0]}
webserver-port={self._api_port}
webserver-allow-from=127.0.0.0/8
socket-dir={self.folder}
security-poll-suffix=
zone-cache-refresh-interval=0
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
""")

    def load_zone(self, zone, text):
        """Also while it runs: replaces the zone."""
        path = self.write(zone + ".zone", text)
        self.pdnsutil("load-zone", zone, path)
        self.pdnsutil("set-meta", zone, "SOA-EDIT-API", "DEFAULT")
        self.pdnsutil("set-kind", zone, "primary")

    def pdnsutil(self, *words):
        return self.run(need("pdnsutil"), "--config-dir=" + self.folder, *words)

    def command(self):
        return [self._program, "--config-dir=" + self.folder, "--daemon=no", "--guardian=no"]

    def is_up(self):
        return is_open(self.addresses[0], self._api_port) and all(
            soa_answers(address, self.port, zone) for address in self.addresses for zone in self.zones)

    def request(self, method, path, body=None):
        """One call of the API, past the proxy."""
        url = f"http://{self.addresses[0]}:{self._api_port}/api/v1/servers/localhost{path}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, {"X-API-Key": self.key, "Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def rrset(self, zone, name, kind):
        """(ttl, sorted records), or (None, [])."""
        for rrset in self.request("GET", f"/zones/{zone}.")["rrsets"]:
            if (rrset["name"], rrset["type"]) == (name + ".", kind):
                return rrset["ttl"], sorted(record["content"] for record in rrset["records"])
        return None, []

    def set_rrset(self, zone, name, kind, ttl, records):
        change = {"name": name + ".", "type": kind, "ttl": ttl, "changetype": "REPLACE" if records else "DELETE",
                  "records": [{"content": record, "disabled": False} for record in records]}
        self.request("PATCH", f"/zones/{zone}.", {"rrsets": [change]})


class Knot(Server):
    """zones: as with PowerDns. Dynamic updates with .key_name and .secret (hmac-sha256) go to
    .server, which is a DnsProxy (.updates); queries go to .addresses."""

    key_name = "muster."
    secret = KNOT_SECRET

    def __init__(self, range_, zones, addresses):
        super().__init__(range_, "knot")
        self._program = need("knotd")
        self.zones = list(zones)
        self.port = range_.dns_port
        self.addresses = [range_.address() for _ in range(addresses)]
        for zone, text in zones.items():
            self.write(zone + ".zone", f"$ORIGIN {zone}.\n" + zone_text(text, self.addresses))
        self._configure()
        self.updates = DnsProxy(self.addresses[0], (self.addresses[0], self.port))
        self.server = self.updates.server
        self.proxy = self.updates

    def _configure(self):
        listen = ", ".join(f"{address}@{self.port}" for address in self.addresses)
        zones = "".join(f"  - domain: {zone}\n    storage: {self.folder}\n    file: {zone}.zone\n    acl: change\n"
                        "    zonefile-sync: 0\n    zonefile-load: whole\n    journal-content: none\n" for zone in self.zones)
        self.write("knot.conf", f"""server:
  listen: [{listen}]
  rundir: {self.folder}
database:
  storage: {self.folder}/db
log:
  - target: stderr
    any: info
key:
  - id: {self.key_name}
    algorithm: hmac-sha256
    secret: {self.secret}
acl:
  - id: change
    key: {self.key_name}
    action: [update, transfer]
zone:
{zones}""")

    def command(self):
        return [self._program, "-c", os.path.join(self.folder, "knot.conf")]

    def is_up(self):
        return all(soa_answers(address, self.port, zone) for address in self.addresses for zone in self.zones)

    def rrset(self, _zone, name, kind):
        """(ttl, sorted records), or (None, [])."""
        text = self.run(need("kdig"), f"@{self.addresses[0]}", "-p", str(self.port), "+noall", "+answer", name, kind)
        rows = [line.split(None, 4) for line in text.splitlines() if line and not line.startswith(";")]
        rows = [row for row in rows if row[3] == kind]
        return (int(rows[0][1]), sorted(row[4] for row in rows)) if rows else (None, [])

    def set_rrset(self, zone, name, kind, ttl, records):
        """As a colleague would, past the proxy."""
        lines = [f"server {self.addresses[0]} {self.port}", f"zone {zone}.", f"key hmac-sha256:{self.key_name} {self.secret}",
                 f"del {name}. {kind}", *[f"add {name}. {ttl} {kind} {record}" for record in records], "send"]
        self.run(need("knsupdate"), "-v", input="\n".join(lines) + "\n")


# --- SMTP -------------------------------------------------------------------------------------------


class Postfix(Server):
    """A real MX on range.smtp_port: knows its recipients, offers STARTTLS with a certificate for its name
    (.certificate, self-signed: a ca_file for muster.lua). Mail it takes is discarded; see maillog()."""

    def __init__(self, range_, host, domains, recipients, tls):
        super().__init__(range_, "postfix")
        need("postfix")
        if os.geteuid() != 0:
            raise Unavailable("Postfix is started by root only")
        self._daemons = next((path for path in ("/usr/lib/postfix/sbin", "/usr/libexec/postfix") if os.path.isdir(path)), None)
        self.host = host
        self.address = range_.address()
        self.port = range_.smtp_port
        self.certificate = os.path.join(self.folder, "certificate.pem")
        self._configure(domains, recipients, tls)

    def _configure(self, domains, recipients, tls):
        for name in ("queue", "data"):
            os.mkdir(os.path.join(self.folder, name))
        shutil.chown(os.path.join(self.folder, "data"), "postfix")
        known = ", ".join(f"{{{recipient} = x}}" for recipient in recipients)
        key = os.path.join(self.folder, "key.pem")
        self.run(need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", key, "-out", self.certificate, "-days", "30", "-subj", "/CN=" + self.host,
                 "-addext", "subjectAltName=DNS:" + self.host)
        os.mkdir(os.path.join(self.folder, "conf"))
        self.write("conf/main.cf", f"""compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
command_directory = /usr/sbin
daemon_directory = {self._daemons}
mail_owner = postfix
setgid_group = postdrop
myhostname = {self.host}
mydestination = {', '.join(domains)}
inet_protocols = ipv4
inet_interfaces = loopback-only
local_recipient_maps = inline:{{ {known} }}
alias_maps =
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_tls_security_level = {'may' if tls else 'none'}
smtpd_tls_cert_file = {self.certificate}
smtpd_tls_key_file = {key}
local_transport = discard
default_transport = discard
maillog_file = {self.folder}/maillog
maillog_file_prefixes = {self.folder}
""")
        self.write("conf/master.cf", f"""{self.address}:{self.port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
discard unix - - n - - discard
""")

    def command(self):
        """master(8) itself, not `postfix start`: it shall be our child and end with us."""
        conf = os.path.join(self.folder, "conf")
        self.run(need("postfix"), "-c", conf, "check")
        return [os.path.join(self._daemons, "master"), "-c", conf, "-s"]

    def stop(self, how=signal.SIGTERM):
        """master ends before its smtpd processes do; they hold the port."""
        group = self.pid
        super().stop(how)
        if group:
            try:
                os.killpg(group, how)
            except ProcessLookupError:
                pass
            wait_until("Postfix does not let its port go", lambda: not is_open(self.address, self.port), 5)

    def is_up(self):
        """It greets, and has logged that: else what is not in its log would say nothing."""
        try:
            with socket.create_connection((self.address, self.port), 2) as peer:
                peer.settimeout(5)
                greets = peer.recv(4) == b"220 "
        except OSError:
            return False
        return greets and os.path.exists(os.path.join(self.folder, "maillog"))

    def maillog(self):
        with open(os.path.join(self.folder, "maillog"), errors="replace") as file:
            return file.read()


class SmtpSink(Server):
    """Postfix's smtp-sink: takes everything for everybody, keeps the messages. reject, defer and busy name
    commands ("RCPT", "CONNECT", ".") answered with 5xx, with 4xx, and with 421 and the end of the connection."""

    def __init__(self, range_, reject, defer, busy):
        super().__init__(range_, "sink")
        self._program = need("smtp-sink")
        self.address = range_.address()
        self.port = range_.smtp_port
        self._mail = os.path.join(self.folder, "mail")
        os.mkdir(self._mail)
        self._user = []
        if os.geteuid() == 0:  # it insists on giving root up
            self._user = ["-u", "nobody"]
            shutil.chown(self._mail, "nobody")
        self._options = [option for flag, commands in (("-f", reject), ("-r", defer), ("-Q", busy)) if commands
                         for option in (flag, ",".join(commands))]

    def command(self):
        return [self._program, *self._user, *self._options, "-d", os.path.join(self._mail, "%s."), f"{self.address}:{self.port}", "100"]

    def is_up(self):
        return is_open(self.address, self.port)

    def messages(self):
        """The texts, oldest first, with the envelope in X-... lines on top."""
        texts = []
        for path in sorted(glob.glob(os.path.join(self._mail, "*")), key=os.path.getmtime):
            with open(path, errors="replace") as file:
                texts.append(file.read())
        return [text for text in texts if "X-Mail-Args" in text]


# --- webhook ----------------------------------------------------------------------------------------


class Webhook:
    """Keeps what is posted: .posts = [{at, path, headers, body}]. respond() sets what the next ones get."""

    proxy = None

    def __init__(self, range_):
        self.name = "webhook"
        self.posts = []
        self._answers = []
        self._came = threading.Condition()
        self._address = (range_.address(), range_._free_port())
        self.url = "http://%s:%d/hook" % self._address
        self._server = None

    def start(self):
        if self._server is None:
            self._server = http.server.ThreadingHTTPServer(self._address, self._handler())
            self._server.daemon_threads = True
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        server, self._server = self._server, None
        if server:
            server.shutdown()
            server.server_close()

    def respond(self, status, headers=None, body="", delay=0, times=1):
        self._answers.extend([(status, headers or {}, body, delay)] * times)

    def wait(self, count, seconds=10):
        """The posts, once there are so many."""
        with self._came:
            if not self._came.wait_for(lambda: len(self.posts) >= count, seconds):
                raise TimeoutError(f"{len(self.posts)} of {count} posts came in {seconds} s")
            return list(self.posts)

    def _take(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode(errors="replace")
        with self._came:
            self.posts.append({"at": time.time(), "path": handler.path, "headers": dict(handler.headers.items()), "body": body})
            answer = self._answers.pop(0) if self._answers else (200, {}, "ok", 0)
            self._came.notify_all()
        return answer

    def _handler(hook):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                status, headers, body, delay = hook._take(self)
                time.sleep(delay)
                try:
                    self.send_response(status)
                    for key, value in headers.items():
                        self.send_header(key, value)
                    self.send_header("Content-Length", str(len(body.encode())))
                    self.end_headers()
                    self.wfile.write(body.encode())
                except OSError:  # the client did not wait
                    self.close_connection = True

            do_POST = do_PUT = handle_any

        return Handler


# --- self-test --------------------------------------------------------------------------------------

ZONE = """@ 3600 IN SOA ns1 hostmaster 2026010101 3600 600 604800 60
@ 3600 IN NS ns1
ns1 3600 IN A {address}
@ 3600 IN MX 10 mx1
mx1 3600 IN A 192.0.2.1
"""


def raises(kinds, work):
    try:
        work()
    except kinds:
        return True
    return False


def check_powerdns(range_):
    dns = range_.powerdns({"example.com": "$ORIGIN example.com.\n" + ZONE.format(address="127.0.0.1")}, addresses=2)
    assert dns.rrset("example.com", "example.com", "MX") == (3600, ["10 mx1.example.com."])
    dns.set_rrset("example.com", "example.com", "MX", 300, ["0 mx2.example.com."])
    assert dns.rrset("example.com", "example.com", "MX") == (300, ["0 mx2.example.com."])
    assert dns.api.log == []

    def patch(record):
        body = {"rrsets": [{"name": "example.com.", "type": "MX", "ttl": 60, "changetype": "REPLACE",
                            "records": [{"content": record, "disabled": False}]}]}
        request = urllib.request.Request(dns.api_url + "/api/v1/servers/localhost/zones/example.com.", json.dumps(body).encode(),
                                         {"X-API-Key": dns.key}, method="PATCH")
        with urllib.request.urlopen(request, timeout=3) as answer:
            return answer.status

    lost = (OSError, http.client.HTTPException)
    assert patch("1 a.example.com.") == 204
    dns.api.fault("PATCH", "drop_request")
    assert raises(lost, lambda: patch("2 b.example.com."))
    assert dns.rrset("example.com", "example.com", "MX")[1] == ["1 a.example.com."]
    dns.api.fault("PATCH", "drop_reply")
    assert raises(lost, lambda: patch("3 c.example.com."))
    assert dns.rrset("example.com", "example.com", "MX")[1] == ["3 c.example.com."]
    dns.api.fault("PATCH", "status", status=429, headers={"Retry-After": "1"})
    assert raises(urllib.error.HTTPError, lambda: patch("4 d.example.com."))
    dns.api.fault("PATCH", "delay", seconds=0.2)
    assert patch("5 e.example.com.") == 204
    assert dns.api.count("PATCH") == 5
    pid = dns.pid
    dns.stop(signal.SIGKILL)
    assert not os.path.exists(f"/proc/{pid}") and not is_open(dns.addresses[0], dns.port)
    dns.start()
    assert dns.rrset("example.com", "example.com", "MX")[1] == ["5 e.example.com."]
    return dns


def check_knot(range_):
    knot = range_.knot({"example.org": ZONE.format(address="127.0.0.1")})
    assert knot.rrset("example.org", "example.org", "MX") == (3600, ["10 mx1.example.org."])
    knot.set_rrset("example.org", "example.org", "MX", 300, ["0 mx2.example.org."])
    assert knot.rrset("example.org", "example.org", "MX") == (300, ["0 mx2.example.org."])
    assert knot.updates.count == 0

    def update(record):
        host, port = knot.server.split(":")
        lines = f"server {host} {port}\nzone example.org.\nkey hmac-sha256:{knot.key_name} {knot.secret}\n"
        return subprocess.run([need("knsupdate"), "-v", "-t", "2", "-r", "0"], text=True, capture_output=True, timeout=20,
                              input=lines + f"del example.org. MX\nadd example.org. 60 MX {record}\nsend\n").returncode

    assert update("1 a.example.org.") == 0
    knot.updates.fault("drop_request")
    update("2 b.example.org.")
    assert knot.rrset("example.org", "example.org", "MX")[1] == ["1 a.example.org."]
    knot.updates.fault("drop_reply")
    update("3 c.example.org.")
    wait_until("the update", lambda: knot.rrset("example.org", "example.org", "MX")[1] == ["3 c.example.org."], 2)
    assert knot.updates.count == 3
    knot.stop()
    knot.start()
    return knot


def check_postfix(range_):
    host = range_.postfix("mx1.example.com", ["example.com"])
    with smtplib.SMTP(host.address, host.port, timeout=10) as client:
        context = ssl.create_default_context(cafile=host.certificate)
        client._host = host.host  # the name the certificate is checked against
        assert client.starttls(context=context)[0] == 220
        client.ehlo()
        assert client.mail("probe@example.net")[0] == 250
        assert client.rcpt("postmaster@example.com")[0] == 250
        assert client.rcpt("nobody@example.com")[0] == 550
    host.stop()
    assert not is_open(host.address, host.port)
    host.start()
    return host


def check_smtp_sink(range_):
    sink = range_.smtp_sink()
    with smtplib.SMTP(sink.address, sink.port, timeout=10) as client:
        client.sendmail("a@example.net", ["b@example.com"], "Subject: drill\r\n\r\nhello")
    wait_until("the message", lambda: len(sink.messages()) == 1, 5)
    assert "Subject: drill" in sink.messages()[0]
    refusing = range_.smtp_sink(reject=["RCPT"])
    with smtplib.SMTP(refusing.address, refusing.port, timeout=10) as client:
        client.ehlo()
        client.mail("a@example.net")
        assert client.rcpt("b@example.com")[0] // 100 == 5
    return sink


def check_webhook(range_):
    hook = range_.webhook()
    hook.respond(503)
    post = lambda: urllib.request.urlopen(urllib.request.Request(hook.url, b"{}", {"X-Test": "1"}), timeout=5).status
    assert raises(urllib.error.HTTPError, post)
    assert post() == 200
    assert [entry["body"] for entry in hook.wait(2)] == ["{}", "{}"]
    hook.stop()
    hook.start()
    assert post() == 200
    return hook


def main():
    checks = [check_powerdns, check_knot, check_postfix, check_smtp_sink, check_webhook]
    failed = 0
    for check in checks:
        name, began = check.__name__[6:], time.monotonic()
        try:
            with Range() as range_:
                server = check(range_)
                pid = getattr(server, "pid", None)
            assert not os.path.exists(range_.folder)
            assert pid is None or not os.path.exists(f"/proc/{pid}"), f"{name} still runs as {pid}"
            print(f"ok       {name} ({time.monotonic() - began:.1f} s)")
        except Unavailable as why:
            print(f"skipped  {name}: {why}")
        except Exception as why:  # a self-test tells everything
            failed += 1
            print(f"FAILED   {name}: {type(why).__name__}: {why}")
            if "-v" in sys.argv:
                raise
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
