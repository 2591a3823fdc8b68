# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the topotests know of this machine and of this run, and how they wait.
"""
import os
import re
import signal
import subprocess
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
BACKEND = os.environ.get("WGD_BACKEND", "userspace")
PYTHON = "/usr/bin/python3"
# Tests may take an hour.
HEAVY = os.environ.get("WGD_HEAVY") == "1"
with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
    # ten times slower than others
    EMULATED = "QEMU TCG" in cpuinfo.read()
FRR = tuple(
    map(int, re.search(
        r"version (\d+)\.(\d+)",
        subprocess.check_output(["/usr/lib/frr/zebra", "--version"], text=True),
    ).groups())
)
FRR10 = FRR >= (10, 0)
# bgpd has "redistribute table" over IPv6
TABLE6 = FRR < (10, 5)

# The longest that anything a test waits for may take: BGP, BFD and OSPF come
# up within a few seconds, a client finds a restarted zebra within ten.
PATIENCE = int(os.environ.get("WGD_PATIENCE", "30"))
# How much longer things take here that a test has a bound for.
SLOW = PATIENCE / 30
# BFD's intervals where things take longer (Net.relax_bfd).
RELAXED_MS = 400


def wait_for(check, what, timeout=PATIENCE, every=None):
    """
    Call check() until it returns something true and return that.  An
    AssertionError or KeyError in it means "not yet"; its text, or the last
    false value, is what the failure shows.

    Unless the caller says how often, looks become rarer the longer it takes: a
    look is a vtysh mostly, and in a guest that is what takes the processor.
    """
    begin = time.monotonic()
    end = begin + timeout
    last = None
    while True:
        try:
            last = check()
            if last:
                return last
        except (AssertionError, KeyError, IndexError) as e:
            last = "%s: %s" % (type(e).__name__, e)
        if time.monotonic() >= end:
            pytest.fail("no %s in %d s; last: %s" % (what, timeout, last))
        time.sleep(every or min(max(0.1, (time.monotonic() - begin) / 10), 0.5))


def holds(check, seconds, what, every=0.1):
    "check() stays true for that long (for what must not happen)."
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert check(), "%s did not last" % what
        time.sleep(every)


def kernel_has(links):
    "Can such links be made here?"
    return not subprocess.call(["unshare", "-n", "sh", "-c", links], stderr=subprocess.DEVNULL)


HAVE_VRF = kernel_has("ip link add vrf-probe type vrf table 1001")


def signal_to(pid, sig=signal.SIGKILL):
    """
    A signal to a process that was looked for.  0 is none, and would be all of
    our own process group, which ends the whole test run without a word.
    """
    assert pid > 0, "there is no such process"
    os.kill(pid, sig)
