# SPDX-License-Identifier: GPL-2.0-or-later
"""
Probe traffic (probe.py), and what answers it.
"""
import json
import subprocess
import threading

from lib_run import HERE, PATIENCE, PYTHON, SLOW, wait_for


class Probe:
    """
    Probe traffic from a node to an address (see probe.py).  result() stops
    it and returns the accounting.  A slow machine gets fewer packets a second.
    """

    def __init__(self, node, address, port=7000, rate=200, source=None):
        rate /= max(SLOW, 1)
        cmd = [PYTHON, HERE + "/probe.py", "send", address, port, rate]
        self.process = node.popen(
            cmd + ([source] if source else []),
            stdin=subprocess.PIPE,
        )
        self.responder = None
        self.last = None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            if "responder" in event:
                self.responder = event["responder"]
            else:
                self.last = event

    def wait_responder(self, name, timeout=PATIENCE):
        "Until replica `name` answers."
        wait_for(
            lambda: self.responder == name,
            "answer from %s (now %s)" % (name, self.responder),
            timeout,
            0.01,
        )

    def result(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.reader.join(timeout=10)
        assert self.last, "probe failed: %s" % self.process.stderr.read()
        return self.last

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Echo:
    "What answers probes; received() stops it and tells how many it got."

    def __init__(self, node, address, port):
        self.process = node.popen(
            [PYTHON, HERE + "/probe.py", "echo", address, port, node.name]
        )
        line = self.process.stdout.readline()
        assert "listening" in line, self.process.stderr.read()

    def received(self):
        # The process is nsenter, which became python: the signal arrives.
        self.process.terminate()
        line = self.process.stdout.readline()
        self.process.wait(timeout=10)
        return json.loads(line)["received"]

    kill = Probe.kill
