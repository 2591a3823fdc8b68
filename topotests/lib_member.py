# SPDX-License-Identifier: GPL-2.0-or-later
"""
A member of a gateway group that is not wgd: anycast/member.py, written from
doc/gateway-group.md, in the place of the second site's wgd.
"""
import json
import subprocess
import threading

from lib_run import HERE, PYTHON

# the first site and the second one
A, B = "10.255.1.2", "10.255.2.2"


class Member:
    "The program, and what it said."

    def __init__(self, net):
        first, second = net.names[:2]
        self.process = net[second].popen(
            [PYTHON, HERE + "/anycast/member.py", B, A, *net.keys[first, "wg0"]],
            stdin=subprocess.PIPE)
        self.events = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def do(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        error = self.process.stderr.read()
        assert not error, error
