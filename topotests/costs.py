#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What tests cost: `topotests/costs.py NAME=FOLDER...` reads the JUnit reports
below each folder and prints a line a folder, and the ten tests that took most
processor time.  A test's first figure is how long it took, its second what all
processes of its namespaces worked meanwhile (conftest.py), a module's network
counted with its first and its last test.
"""
import glob
import os
import sys
import xml.etree.ElementTree as xml

MOST = 10


def read(name, folder):
    "[(cpu s, s, what)] of all tests of all reports below that folder."
    found = []
    for path in glob.glob(os.path.join(folder, "**/topotests.xml"), recursive=True):
        for case in xml.parse(path).iter("testcase"):
            cpu = case.find("properties/property[@name='cpu_s']")
            if cpu is not None:
                what = "%s: %s.%s" % (name, case.get("classname"), case.get("name"))
                found.append((float(cpu.get("value")), float(case.get("time")), what))
    return found


def main(args):
    tests = []
    for arg in args:
        name, folder = arg.split("=", 1)
        some = read(name, folder)
        if some:
            print("%7.0f s %7.0f s cpu  %s: %d tests" % (
                sum(t[1] for t in some), sum(t[0] for t in some), name, len(some)))
        tests += some
    for cpu, took, what in sorted(tests, reverse=True)[:MOST]:
        print("%7.1f s %7.1f s cpu  %s" % (took, cpu, what))


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__.strip())
    main(sys.argv[1:])
