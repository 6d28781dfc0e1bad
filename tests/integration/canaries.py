# SPDX-License-Identifier: MIT
"""Canary secrets: texts of every shape, the forms they come back in, and the search for what is left of
them. The search reads a form back its own way (Python's codecs), it shares nothing with muster's."""

import base64
import html
import json
import os
import quopri
import random
import re
import subprocess
import tempfile
import urllib.parse

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MIXED = LETTERS + LETTERS.upper() + "0123456789"

SHAPES = [  # name, and what is put around a random core of 12 characters
    ("letters", lambda core: "".join(LETTERS[ord(c) % 26] for c in core)),
    ("digits", lambda core: "".join(str(ord(c) * 7 % 10) for c in core + core)),
    ("shortest", lambda core: core[:8]),
    ("long", lambda core: (core * 17)[:200]),
    ("spaces", lambda core: f"{core[:5]} {core[5:9]}  {core[9:]}"),
    ("quotes", lambda core: f"{core[:4]}\"{core[4:8]}'{core[8:]}\""),
    ("backslashes", lambda core: f"{core[:3]}\\{core[3:6]}\\\\{core[6:]}\\"),
    ("umlauts", lambda core: f"{core[:4]}\u00fc\u20ac{core[4:]}\u00df"),
    ("beyond the plane", lambda core: f"{core[:6]}\U0001d11e{core[6:]}"),
    ("base64 signs", lambda core: f"{core[:4]}+/{core[4:8]}/+{core[8:]}=="),
    ("json escapes", lambda core: f"{core[:4]}\\n{core[4:8]}\\u0041{core[8:]}"),
    ("percent signs", lambda core: f"{core[:4]}%41%2f{core[4:]}%"),
    ("url", lambda core: f"https://{core[:6]}.example/{core[6:]}?t={core}&x=1#y"),
    ("hex", lambda core: core.encode().hex()),
    ("brackets", lambda core: f"<{core[:5]}>&{{{core[5:]}}}[$]"),
    ("control", lambda core: f"{core[:6]}\t{core[6:]}"),
]


def make(count, seed):
    """Distinct texts, each shape in turn; every tenth also as a longer one that contains it."""
    chance = random.Random(seed)
    texts = []
    while len(texts) < count:
        core = "".join(chance.choice(MIXED) for _ in range(12))
        texts.append(SHAPES[len(texts) % len(SHAPES)][1](core))
        if len(texts) % 10 == 0:
            texts.append(texts[-1] + "-and-more")
    return texts[:count]


def percent(text, safe=""):
    return urllib.parse.quote(text, safe=safe)


def forms(text):
    """What a far side makes of it: name → text."""
    raw = text.encode()
    encoded = {f"base64 after {n}": base64.b64encode(b"user:\0"[:n] + raw).decode() for n in (0, 1, 2)}
    return {
        "raw": text, **encoded,
        "url-safe base64": base64.urlsafe_b64encode(raw).decode(),
        "base64 in a URL": percent(base64.b64encode(b"u:" + raw).decode()),
        "percent": percent(text), "percent, lower case": "".join(f"%{o:02x}" for o in raw),
        "form": urllib.parse.quote_plus(text),
        "json": json.dumps(text, ensure_ascii=False)[1:-1], "json, ascii": json.dumps(text)[1:-1],
        "json, all escaped": "".join(f"\\u{ord(c):04X}" if ord(c) < 0x10000 else json.dumps(c)[1:-1] for c in text),
        "hex": raw.hex(), "HEX": raw.hex().upper(), "hex, with colons": raw.hex(":"), "hex, as od": raw.hex(" ", -2),
        **elsewhere(text), **broken(text),
    }


def elsewhere(text):
    """Pages, mails, C and shells."""
    page = html.escape(text)
    return {
        "html": page, "html, twice": html.escape(page), "html in JSON": json.dumps(page)[1:-1].replace("&", "\\u0026"),
        "html, numbers": "".join(c if c.isascii() and c.isalnum() else f"&#{ord(c)};" for c in text),
        "html, hex": "".join(f"&#x{ord(c):x};" for c in text),
        "percent, twice": percent(percent(text)),
        "quoted-printable": quopri.encodestring(text.encode(), quotetabs=True).decode(),
        "c": "".join(chr(o) if chr(o).isascii() and chr(o).isalnum() else f"\\x{o:02x}" for o in text.encode()),
        "octal": "".join(chr(o) if chr(o).isascii() and chr(o).isalnum() else f"\\{o:03o}" for o in text.encode()),
        "shell": re.sub(r"([^\w\n])", r"\\\1", text, flags=re.ASCII),
    }


def broken(text):
    """Over lines: in the middle, and as base64 of mails is, there the characters that the secret alone decides."""
    raw = text.encode()
    lines = base64.encodebytes(b"x" * 50 + raw).decode()
    core = lines[(50 * 8 + 5) // 6:((50 + len(raw)) * 8 // 6) * 77 // 76]
    return {"broken": text[:len(text) // 2] + "\n" + text[len(text) // 2:], "base64, broken": core, "base64, broken in JSON": json.dumps(core)[1:-1]}


def needles(text):
    """Octets that must be nowhere. Of base64, the characters that the secret alone decides."""
    raw = text.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), percent(text).encode(),
             urllib.parse.quote_plus(text).encode(), "".join(f"%{o:02x}" for o in raw).encode(),
             json.dumps(text, ensure_ascii=False)[1:-1].encode(), json.dumps(text)[1:-1].encode(),
             raw.hex(":").encode(), raw.hex(" ", -2).encode(), *(form.encode() for form in {**elsewhere(text), **broken(text)}.values())}
    # kept in a JSON string, a JSON escape is escaped once more
    found |= {json.dumps(each.decode(), ensure_ascii=False)[1:-1].encode() for each in set(found)}
    for before in (0, 1, 2):
        whole = base64.b64encode(b"\0" * before + raw)
        first, last = (before * 8 + 5) // 6, (before + len(raw)) * 8 // 6
        core = whole[first:last]
        found |= {core, core.replace(b"+", b"-").replace(b"/", b"_"), percent(core.decode()).encode()}
    if len(raw) >= 24:  # a part that was cut off
        found |= {raw[:len(raw) * 3 // 4], raw[len(raw) // 4:]} if len(set(raw)) > 6 else set()
    # grep takes one pattern a line, and muster keeps nothing else: a break is "\\n" there
    return {each for each in found if len(each) >= 8 and b"\n" not in each}


def files_under(*folders):
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                if os.path.isfile(path):
                    try:
                        with open(path, "rb") as file:
                            yield path, file.read()
                    except FileNotFoundError:  # a side file that sealing has removed
                        pass


def search(texts, places):
    """places: (name, octets). Lines "CANARY in PLACE" for all that is found. grep turns away what is clean."""
    wanted = [(text, needles(text)) for text in texts]
    with tempfile.NamedTemporaryFile() as patterns:
        patterns.write(b"\n".join(sorted({needle for _, each in wanted for needle in each})) + b"\n")
        patterns.flush()
        places = list(places)
        grep = subprocess.run(["grep", "-aqF", "-f", patterns.name], input=b"\n".join(octets for _, octets in places), env={"LC_ALL": "C"}, check=False)
    if grep.returncode == 1:
        return []
    found = []
    for place, octets in places:
        for text, each in wanted:
            for needle in each:
                at = octets.find(needle)
                if at >= 0:
                    found.append(f"{text[:60]!r} as {needle[:60]!r} in {place}: ...{octets[max(0, at - 80):at + 20]!r}")
                    break
    return found
