# SPDX-License-Identifier: GPL-2.0-or-later
"""
Where the run folder is does not matter: below one that only root can enter, as
root's home is, below a path with a space, or a long one.  User frr writes its
logs there all the same, and they are there afterwards.
"""
import glob
import os
import subprocess

import pytest

from lib_wgd import BACKEND, HERE, PATIENCE

pytestmark = pytest.mark.once  # of the runner itself


@pytest.mark.parametrize("below", ["root", "a path/that is " + 12 * "very " + "long"])
def test_run_folder(below):
    closed = os.path.join(os.environ["WGD_RUNDIR"], "closed")
    os.makedirs(closed, mode=0o700, exist_ok=True)
    rundir = os.path.join(closed, below, "run")
    p = subprocess.run(
        [HERE + "/run", "--builddir", os.environ["WGD_BUILDDIR"],
         "--backend", BACKEND, "--patience", str(PATIENCE),
         "--rundir", rundir, "endpoint_name", "-k", "at_start"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert p.returncode == 0, p.stdout
    for daemon in "wgd", "zebra":
        logs = glob.glob(glob.escape(rundir) + "/**/%s.log" % daemon, recursive=True)
        assert logs and all(os.path.getsize(f) for f in logs), p.stdout
