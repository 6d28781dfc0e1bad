#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The include rules of docs/ARCHITECTURE.md: who may include whom, and which library is used where.
Also: banned functions, SPDX lines, and that cli/ prints with say() alone. Prints every offence as file:line and exits with 1."""
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
RUNTIME = {  # folder: what it may include of the others
    "base": set(),
    "journal": {"base"},
    "store": {"base"},
    "io": {"base"},
    "lua": {"base"},
    "module": {"base"},
    "playbook": {"lua", "base"},
    "engine": {"lua", "io", "module", "journal", "store", "playbook", "base"},
    "report": {"base", "journal"},
    "lab": {"base", "io"},
    "testing": {"lua", "module", "journal", "store", "playbook", "engine", "report", "base"},
    "doc": {"base", "lua", "module", "playbook"},
    "scaffold": {"base", "playbook"},
    "serve": {"base", "io", "journal", "store", "playbook", "engine", "report"},
    "cli": {"testing", "base", "journal", "store", "io", "lua", "module", "playbook", "engine", "report", "serve", "lab", "doc", "scaffold"},
    "main.c": {"base", "cli"},
}
MODULES = {"base", "io", "module"}
LIBRARIES = {  # header prefix: where it may be used
    "uv.h": ("io", "engine", "serve", "lab"),
    "curl/": ("io", "engine", "lab"),
    "ldns/": ("io", "lab", "modules"),
    "sqlite3.h": ("journal", "store"),
    "lua.h": ("lua", "engine/task.c", "playbook"),
    "lauxlib.h": ("lua", "engine/task.c", "playbook"),
    "lualib.h": ("lua",),
    "microhttpd.h": ("lab",),
    "archive.h": ("cli/archive.c",),
    "archive_entry.h": ("cli/archive.c",),
    "libpsl.h": ("base",),
    "openssl/": ("base", "io", "lab", "modules"),
}
BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|atoi|gets|system|popen)\s*\(")
PRINTS = re.compile(r"(?<![\w.>])(?:(?:v?printf|puts|putchar|perror)\s*\(|(?:v?fprintf|putc|fputs|fputc|fwrite)\s*\([^;]*\bstd(?:out|err)\b)")
NOT_CODE = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')
offences = []


def offend(path, number, text):
    offences.append(f"{os.path.relpath(path, ROOT)}:{number}: {text}")


def check_project_include(path, number, place, header):
    first = header.split("/")[0]
    if place[0] == "modules":
        if first == "..":  # inside its own module only
            header = os.path.relpath(os.path.normpath(os.path.join(os.path.dirname(path), header)), os.path.join(ROOT, "modules"))
            first = header.split("/")[0]
        if first in RUNTIME and first not in MODULES:
            offend(path, number, f"a module may not include {header}")
        elif first not in RUNTIME and "/" in header and first != place[1]:
            offend(path, number, f"a module may not include another module's {header}")
        return
    folder = place[1]
    allowed = RUNTIME.get(folder)
    if allowed is None:
        offend(path, number, f"runtime/{folder} is not in the table of tests/lint/includes.py")
    elif first in RUNTIME and first != folder and first not in allowed:
        offend(path, number, f"{folder} may not include {header}: arrows never point up")


def check_library(path, number, place, header):
    where = "modules" if place[0] == "modules" else "/".join(place[1:])
    for prefix, allowed in LIBRARIES.items():
        if header.startswith(prefix) and not any(where == a or where.startswith(a + "/") for a in allowed):
            offend(path, number, f"<{header}> belongs to {', '.join(allowed)}")


def code_of(text):
    """The text with comments, strings and characters blanked out, its lines as they were: a word in
    prose ("a network file system (nfs)") is no call."""
    return NOT_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def check(path):
    place = os.path.relpath(path, ROOT).split(os.sep)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    lines = text.split("\n")
    if not lines or "SPDX-License-Identifier: MIT" not in lines[0]:
        offend(path, 1, "the first line is not the SPDX line")
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found and found.group(1) == '"':
            check_project_include(path, number, place, found.group(2))
        elif found:
            check_library(path, number, place, found.group(2))
    code = code_of(text)
    for call in BANNED.finditer(code):
        offend(path, code.count("\n", 0, call.start()) + 1, f"banned function: {call.group(1)}")
    if place[:2] == ["runtime", "cli"] and place[2] != "say.c":
        for call in PRINTS.finditer(code):
            offend(path, code.count("\n", 0, call.start()) + 1, "only cli/say.c writes on standard streams: texts of strangers pass it")


for top in ("runtime", "modules"):
    for folder, _, names in os.walk(os.path.join(ROOT, top)):
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                check(os.path.join(folder, name))
print("\n".join(offences) or "include rules: no offence")
sys.exit(bool(offences))
