#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seeds that are too much work by hand: small sealed journals (pages of 512 octets, a right chain)
for journal_file, rows for journal_rows. The corpora hold them already, minimised; this is for a change of
the formats.

    tests/fuzz/seeds.py FOLDER      into FOLDER/journal_file and FOLDER/journal_rows"""

import hashlib
import os
import sqlite3
import struct
import sys

SCHEMA = (
    "CREATE TABLE row (gsn INTEGER PRIMARY KEY, epoch INTEGER NOT NULL,"
    " type TEXT NOT NULL CHECK (type IN ('h', 'c', 'i', 'o', 'n')),"
    " task TEXT NOT NULL, seq INTEGER NOT NULL, verb TEXT NOT NULL, args TEXT NOT NULL,"
    " digest TEXT NOT NULL, src TEXT NOT NULL, step TEXT NOT NULL, ts INTEGER NOT NULL,"
    " value TEXT NOT NULL, chain BLOB NOT NULL CHECK (length(chain) = 32)) STRICT",
    "CREATE TABLE blob (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
    "CREATE TABLE file (path TEXT PRIMARY KEY, blob TEXT NOT NULL) STRICT",
)
START = ('{"format":1,"incident":"INC-1","language":1,"may_change":["http.post"],"params":{},"playbook":{"name":"a",'
         '"owner":"b","summary":"c","version":"1.0.0"},"run":"a.1","samples":[],"seed":7,"stale_after_ms":1000,'
         '"who":{"name":"ana"},"world":"live"}')
END = '{"counts":{"acts":1,"gates":1,"probes":1},"exit":0,"result":"done","state":"finished","took_ms":9,"why":"x"}'
INTENT = '{"args":{"url":"http://192.0.2.1/"},"key":"00","shown":"http.post","target":"POST x","undo":null}'
ANSWER = '{"headers":{},"json":{"a":1},"ok":true,"body":"{}","ms":1,"server":"","status":200}'
GATE = ('{"by":"ana","deadline_ms":1700000600000,"digest":"00","gate":"a.1/r/3","kind":"approve","no_self":false,'
        '"quorum":1,"show":{"change":null,"items":[]},"then_ask":"","title":"Go?","within_ms":600000}')
VOTES = ('{"how":"person","ok":true,"value":{"at":1700000001,"by":{"name":"ana"},"how":"approved","reason":"yes","votes":'
         '[{"answer":"yes","at":1700000001000,"from":"tty","reason":"","who":"ana"}],"yes":true}}')
ERROR = '{"error":{"class":"net","in_doubt":true,"src":"playbook.lua:7","verb":"http.post","why":"lost"},"how":"sent","ok":false}'
GET = '["http://192.0.2.1/"]'

# (type, task, seq, verb, args, src, step, value)
NOTES = [("n", "r", 1, "step", '["one"]', "playbook.lua:4", "one", '{"title":"one"}'),
         ("n", "r", 3, "evidence", '["got",{}]', "playbook.lua:6", "one", '{"value":{},"what":"got"}'),
         ("n", "r", 4, "finding", "[]", "playbook.lua:17", "one", '{"message":"m","severity":"high","what":"mx"}'),
         ("n", "r", 5, "milestone", "[]", "playbook.lua:16", "one", '{"at":1700000000000,"name":"detected"}'),
         ("n", "r", 6, "undo", "[]", "playbook.lua:16", "one", '{"title":"Put it back"}')]
HOSTS = [("h", "", 0, verb, "", "", "", value) for verb, value in (
    ("resume", '{"down_ms":5000,"epoch":2,"host":"a","pid":1,"who":{"name":"ana"}}'), ("frontier", '{"ms":1,"rows":2}'),
    ("gate", '{"code":"4417","gate":"a.1/r/3","kind":"approve"}'), ("told", '{"kind":"gate","ok":true,"sent":[],"to":"ana","why":""}'),
    ("park", '{"text":"t","why":"stale"}'), ("unpark", '{"reason":"r","who":{"name":"ana"}}'), ("comment", '{"text":"t","who":{}}'),
    ("progress", '{"seq":2,"task":"r","text":"t","verb":"v"}'), ("cancel", '{"reason":"r","who":{"name":"ana"}}'), ("end", END))]
CALLS = [("c", "r", 2, "http.get", GET, "playbook.lua:5", "one", ANSWER),
         ("c", "r.1.1", 1, "sleep", "[1000]", "playbook.lua:9", "two", '{"at":1700000001000}'),
         ("i", "r", 4, "http.post", '["http://192.0.2.1/",{"json":[200]}]', "playbook.lua:7", "one", INTENT),
         ("o", "r", 4, "http.post", "", "playbook.lua:7", "one", '{"how":"sent","ok":true,"value":' + ANSWER + "}"),
         ("o", "r", 4, "http.post", "", "playbook.lua:7", "one", ERROR),
         ("i", "r", 3, "approve", '[{"title":"Go?"}]', "playbook.lua:15", "two", GATE),
         ("o", "r", 3, "approve", "", "playbook.lua:15", "two", VOTES)]


def text(value):
    data = value.encode()
    return struct.pack(">Q", len(data)) + data


def number(value):
    return struct.pack(">Qq", 8, value)


def digest_of(verb, args):
    return hashlib.sha256(verb.encode() + b"\0" + args.encode()).hexdigest()[:32]


def journal(path, rows, files=(), big=False):
    if os.path.exists(path):
        os.unlink(path)
    db = sqlite3.connect(path)
    db.executescript("PRAGMA page_size = 512; PRAGMA application_id = 0x6d757374; PRAGMA user_version = 1;")
    for sql in SCHEMA:
        db.execute(sql)
    chain = bytes(32)
    start = START
    if files:  # as runtime/playbook/bundle.c counts it
        listed = "".join(f"{hashlib.sha256(content.encode()).hexdigest()} {name}\n" for name, content in sorted(files))
        start = START.replace('{"format"', '{"bundle":"%s","format"' % hashlib.sha256(listed.encode()).hexdigest())
    rows = [("h", "", 0, "start", "", "", "", start)] + list(rows)
    for gsn, (kind, task, seq, verb, args, src, step, value) in enumerate(rows, 1):
        digest, ts = "" if kind == "h" else digest_of(verb, args), 1700000000000 + gsn
        if big and gsn == len(rows):
            blob = hashlib.sha256(value.encode()).hexdigest()
            db.execute("INSERT OR IGNORE INTO blob VALUES (?, ?)", (blob, value.encode()))
            value = "blob:" + blob
        data = (number(gsn) + number(1) + text(kind) + text(task) + number(seq) + text(verb) + text(args) + text(digest) +
                text(src) + text(step) + number(ts) + text(value))
        chain = hashlib.sha256(chain + data).digest()
        db.execute("INSERT INTO row VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                   (gsn, 1, kind, task, seq, verb, args, digest, src, step, ts, value, chain))
    for name, content in files:
        blob = hashlib.sha256(content.encode()).hexdigest()
        db.execute("INSERT OR IGNORE INTO blob VALUES (?, ?)", (blob, content.encode()))
        db.execute("INSERT INTO file VALUES (?, ?)", (name, blob))
    db.commit()
    db.execute("VACUUM")
    db.close()


def rows_of(rows, start=False):
    """As journal_rows reads them."""
    rows = ([("h", "", 0, "start", "", "", "", START)] if start else []) + list(rows)
    return b"\x1e".join(b"\x1f".join(cell.encode() for cell in (kind, task, str(seq), verb, args, "" if kind == "h" else "*", src, step, value))
                        for kind, task, seq, verb, args, src, step, value in rows)


def main():
    files, rows = (os.path.join(sys.argv[1], name) for name in ("journal_file", "journal_rows"))
    for folder in (files, rows):
        os.makedirs(folder, exist_ok=True)
    bundle = [("playbook.lua", "function main() end"), ("muster/words.lua", "return {}"), ("templates/a.md", "x")]
    sets = {"start": [], "notes": NOTES, "hosts": HOSTS, "calls": CALLS, "all": NOTES + CALLS + HOSTS, "end": [HOSTS[-1]]}
    for name, some in sets.items():
        journal(os.path.join(files, name), some)
        journal(os.path.join(files, name + "-bundle"), some, bundle)
        with open(os.path.join(rows, name), "wb") as file:
            file.write(rows_of(some))
        with open(os.path.join(rows, name + "-start"), "wb") as file:
            file.write(rows_of(some, start=True))
    journal(os.path.join(files, "blob"), CALLS, bundle, big=True)
    for i, row in enumerate(NOTES + CALLS + HOSTS):
        with open(os.path.join(rows, f"row-{i}"), "wb") as file:
            file.write(rows_of([row]))


if __name__ == "__main__":
    main()
