# SPDX-License-Identifier: GPL-2.0-or-later
"""
A whole table in the small: bench-fulltable with 20,000 prefixes.  How fast it
was is no matter here; what counts is that after the load, after the death of
a peer, and after a time of changes the device agreed with the kernel's routes
on every address that was asked for.
"""
import json
import os
import random
import shutil
import subprocess
import sys

import pytest

import lib_wgd

BENCH = os.path.join(os.path.dirname(lib_wgd.HERE), "bench")
sys.path.append(BENCH)

import oracle  # noqa: E402

# some prefixes that say little of each other, and many that are nested
SPACE = {4: 0x0A000000, 6: 0x20010DB8 << 96}


def random_table(r):
    table = {}
    for _ in range(r.randrange(1, 40)):
        family = r.choice((4, 6))
        length = r.randrange(8, 17)
        host = oracle.BITS[family] - length
        value = SPACE[family] | r.getrandbits(16) << oracle.BITS[family] - 16
        table[family, value >> host << host, length] = r.choice("abc")
    return table


def test_the_oracle_sees_one_wrong_entry():
    r = random.Random(1)
    for _ in range(200):
        expected = random_table(r)
        prefixes = list(expected)
        assert oracle.disagreement(expected, expected, prefixes, 200, 1) is None
        # a longest prefix: nothing hides it
        wrong = max(prefixes, key=lambda p: (p[0], p[2]))
        for owner in None, "d":
            device = dict(expected)
            if owner:
                device[wrong] = owner
            else:
                del device[wrong]
                if oracle.Lengths(device).owner(*wrong[:2]) == expected[wrong]:
                    continue  # what covers it has the same owner
            assert oracle.disagreement(expected, device, prefixes, 0, 1)


@pytest.mark.skipif(not shutil.which("bird"), reason="bird is missing: apt-get install bird2")
def test_20000_prefixes():
    run = subprocess.run(
        [lib_wgd.PYTHON, BENCH + "/bench-fulltable", lib_wgd.BACKEND,
         "--prefixes", "20000", "--minutes", "0.1", "--addresses", "200000"],
        env=dict(os.environ, top_builddir=os.environ["WGD_BUILDDIR"], WGD_TABLE=""),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
    )
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert {x["bench"].rsplit(".", 1)[0] for x in lines} == {
        "fulltable.lag", "fulltable.cpu", "fulltable.latency", "fulltable.churn",
        "memory", "peerdeath.lag",
    }, said
    assert all(x["value"] is not None for x in lines), said
    for phase in "load", "death of a peer", "changes":
        assert "after the %s: " % phase in run.stderr, said
