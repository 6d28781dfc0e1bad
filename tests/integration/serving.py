# SPDX-License-Identifier: MIT
"""What the tests of muster serve share: the binary, how patient one is with it, waiting, and the list of cases.

    CASES = []

    @case(CASES)
    def it_ends(place): wait_for("its end", lambda: place.over())    # what was found; AssertionError: in vain
"""
import os
import time

MUSTER = os.path.abspath(os.environ.get("MUSTER", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "release", "muster")))
with open(MUSTER, "rb") as binary:
    SLOW = 4 if b"__asan_init" in binary.read() else 1
PATIENCE_S = 20 * SLOW


def case(cases):
    def add(function):
        cases.append(function)
        return function

    return add


def wait_for(what, found, patience=PATIENCE_S):
    until = time.monotonic() + patience
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"in vain: {what}")
        time.sleep(0.05)
