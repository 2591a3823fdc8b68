# SPDX-License-Identifier: GPL-2.0-or-later
"""
Makes FRR's topotest library, used by path from its own source ($TOPOTESTS),
run the tests of this folder: a daemon it does not know, a kernel that may
have no modules, and no change to the machine outside our namespaces.

The library is adapted by replacing some of its attributes here, before its
own conftest (whose hooks and fixtures become ours) is loaded; its files stay
as they are.
"""
import glob
import importlib.util
import os
import re
import sys
import threading
import time

import pytest
from _pytest.runner import runtestprotocol

TOPOTESTS = os.environ["TOPOTESTS"]
sys.path.insert(0, TOPOTESTS)
sys.path.insert(1, os.path.dirname(os.path.abspath(__file__)))

from lib import topogen, topotest  # noqa: E402  (FRR's, not ours)
import lib_shell  # noqa: E402

#
# The machine
#
if not os.path.exists("/proc/modules"):
    topotest.module_present = lambda module, load=True: False


def _host_limits():
    "Only limits of our own processes; the original changes global sysctls."
    import resource

    topotest.rlimit_atleast(resource.RLIMIT_NOFILE, 16 * 1024)


topotest.fix_host_limits = _host_limits

_netns_limits = topotest.fix_netns_limits


def _one_sysctl(ns):
    """
    The library runs sixty programs for the limits of a namespace, one for each
    look and each change.  In an emulated machine that is most of what it takes
    to start a net; so its list becomes the arguments of one.
    """
    wanted = {}

    def note(_, variable, value, raises=False):
        some = value if isinstance(value, (list, tuple)) else [value]
        wanted[variable] = " ".join(str(x) for x in some)

    saved = topotest.sysctl_atleast, topotest.sysctl_assure
    topotest.sysctl_atleast = topotest.sysctl_assure = note
    try:
        _netns_limits(ns)
    finally:
        topotest.sysctl_atleast, topotest.sysctl_assure = saved
    ns.cmd_status(["sysctl", "-e", "-w"] + ["%s=%s" % x for x in wanted.items()])


topotest.fix_netns_limits = _one_sysctl


def _diagnose(rundir):
    "topotests/run looked already; the original wants daemons we do not use."
    os.makedirs(rundir, exist_ok=True)
    return True


topogen.diagnose_env = _diagnose

#
# The namespaces
#
# FRR 10's library starts a node with nsenter, which enters the namespaces of
# the whole net and becomes the program that makes the node's own.  It waits
# for namespaces that are not the net's, which is also true of ours, before
# nsenter has entered any; then it mounts and sets addresses in the wrong ones.
#
try:
    from munet import base as munet_base
except ImportError:
    from lib import micronet  # FRR 8
    munet_base = None


def _popen(self, cmd, **kwargs):
    process = _munet_popen(self, cmd, **kwargs)
    if isinstance(cmd, list) and any("--unshare-flags" in str(s) for s in cmd):
        pids = ("self", getattr(self, "pid", "self"))
        others = [os.readlink("/proc/%s/ns/mnt" % p) for p in pids]
        path = "/proc/%d/ns/mnt" % process.pid
        deadline = time.monotonic() + 30
        while process.poll() is None and os.readlink(path) in others:
            assert time.monotonic() < deadline, "no namespaces for %s" % cmd
            time.sleep(0.01)
    return process


if munet_base:
    _munet_popen = munet_base.Commander.popen
    munet_base.Commander.popen = _popen
else:
    lib_shell.adopt(micronet)

#
# The daemon
#
_router_init = topotest.Router.__init__


def _init(self, name, **params):
    _router_init(self, name, **params)
    self.daemons["wgd"] = 0


topotest.Router.__init__ = _init
_router_cmd = topotest.Router.cmd


def _cmd(self, cmd, *args, **kwargs):
    "FRR 10.7 waits for each daemon's client of zebra, by the daemon's name."
    text = _router_cmd(self, cmd, *args, **kwargs)
    if isinstance(cmd, str) and "show zebra client summary" in cmd:
        text = re.sub(r"^hsls\b", "wgd (hsls)", text, flags=re.M)
    return text


topotest.Router.cmd = _cmd
topogen.TopoRouter.RD_WGD = 90
topogen.TopoRouter.RD[90] = "wgd"
# One /run/wireguard for all namespaces would mix the sockets of equal names;
# /var/tmp/frr is where FRR leaves crash logs.
topogen.TopoRouter.PRIVATE_DIRS = topogen.TopoRouter.PRIVATE_DIRS + [
    "/run/wireguard",
    "/var/tmp/frr",
]

_spec = importlib.util.spec_from_file_location(
    "frr_topotests_conftest", os.path.join(TOPOTESTS, "conftest.py")
)
_frr = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_frr)
globals().update({k: v for k, v in vars(_frr).items() if not k.startswith("__")})
# FRR 10's collects from all daemons at each failure, and ends the run where one
# has nothing to collect from.
globals().pop("pytest_exception_interact", None)

import lib_wgd  # noqa: E402

net = lib_wgd.net_fixture


def pytest_terminal_summary(terminalreporter):
    "Remember the counts for the last line."
    stats = terminalreporter.stats
    failed = len(stats.get("failed", [])) + len(stats.get("error", []))
    terminalreporter.config.wgd_counts = "%d passed, %d failed, %d skipped" % (
        len(stats.get("passed", [])),
        failed,
        len(stats.get("skipped", [])),
    )


def pytest_unconfigure(config):
    if hasattr(config, "wgd_counts"):
        print(config.wgd_counts, flush=True)


# After that many failures the rest of a module would mostly wait in vain.
GIVE_UP = 4
_failures = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if outcome.get_result().failed:
        _failures[item.module] = _failures.get(item.module, 0) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    os.environ["PYTEST_TOPOTEST_SCRIPTDIR"] = os.path.dirname(item.module.__file__)
    if time.time() > float(os.environ.get("WGD_UNTIL") or "inf"):
        pytest.skip("no time is left for it (--until)")
    if _failures.get(item.module, 0) >= GIVE_UP:
        pytest.fail("given up: %d failures before" % GIVE_UP, pytrace=False)


#
# A machine that stands still
#
# Some are halted for a second, or for twenty, and then all timers have run out:
# sessions fall, and that says nothing about wgd.  Who sees it does nothing but
# sleep.  A test that failed meanwhile is run once more, and says so.
#
STOOD_STILL = 1.0  # s; BFD that is relaxed needs 1.2


class Sleeper(threading.Thread):
    longest = 0  # s that it slept too long, since somebody set it to 0

    def __init__(self):
        super().__init__(daemon=True)
        self.start()

    def run(self):
        last = time.monotonic()
        while True:
            time.sleep(0.05)
            now = time.monotonic()
            self.longest = max(self.longest, now - last - 0.05)
            last = now


_sleeper = Sleeper()


def _cpu_s():
    """
    Processor time of all processes that this run had until now, in seconds:
    its pid namespace has no other, and whoever is waited for left what it
    took with the process that waited.
    """
    ticks = 0
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat, encoding="ascii", errors="replace") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue  # ended since
        ticks += sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    _sleeper.longest = 0
    before = _cpu_s()
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    stood, failed = _sleeper.longest, [r for r in reports if r.failed]
    if stood >= STOOD_STILL and [r.when for r in failed] == ["call"]:
        item.warn(pytest.PytestWarning(
            "once more, for this machine stood still for %.1f s: %s"
            % (stood, failed[0].longreprtext.splitlines()[-1])))
        _failures[item.module] -= 1
        item._initrequest()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    # for costs.py, in the JUnit report
    reports[-1].user_properties.append(("cpu_s", "%.2f" % (_cpu_s() - before)))
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
