# SPDX-License-Identifier: GPL-2.0-or-later
"""
What conftest.py adds to pytest.
"""
import ctypes

import pytest

tries = []


def test_once_more_after_a_halt():
    "This process stands still, for a C function keeps the interpreter's lock."
    tries.append("a try")
    if len(tries) == 1:
        ctypes.PyDLL(None).usleep(1500000)
        pytest.fail("this test, of which a first try is said to have failed, is well")
