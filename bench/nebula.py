# SPDX-License-Identifier: GPL-2.0-or-later
"""
Nebula beside us in a lab: hosts of it at a demo's nodes (tools/lib_demo.py), as
its Debian package has it.

  network = nebula.Network(FOLDER)
  relay = network.add(NODE, "relay", "10.97.0.1", at="198.51.100.2")
  a = network.add(NODE, "a", "10.97.0.2")
  network.start() ... a.answers("10.97.0.3") ... network.stop()

Whoever has an AT, a public address, is a lighthouse and a relay for all that
are added later; hosts report to all lighthouses.  Where nothing else is said
all settings are those of its example configuration.
"""
import json
import os
import subprocess
import tempfile
import time

import lib_demo as demo

PORT = 4242
BITS = 16  # of the network inside
CERT, PROGRAM = "nebula-cert", "/usr/bin/nebula"


def version():
    "As its package says; None: it is not here."
    try:
        out = subprocess.run([PROGRAM, "-version"], text=True, stdout=subprocess.PIPE,
                             check=True).stdout
    except OSError:
        return None
    return "nebula " + out.split()[-1]


class Host:
    def __init__(self, network, node, name, address, at):
        self.network, self.node, self.name = network, node, name
        self.address, self.at = address, at
        self.relays = [h for h in network.hosts if h.at]  # those before it
        self.process = None

    def config(self):
        "It reads YAML, and JSON is that."
        public = self.at is not None
        return json.dumps({
            "pki": {x: "/run/nebula/" + f for x, f in
                    (("ca", "ca.crt"), ("cert", "host.crt"), ("key", "host.key"))},
            "static_host_map": {r.address: ["%s:%d" % (r.at, PORT)] for r in self.relays},
            "lighthouse": {"am_lighthouse": public, "interval": 60,
                           "hosts": [] if public else [r.address for r in self.relays]},
            "listen": {"host": "0.0.0.0", "port": PORT if public else 0},
            "punchy": {"punch": True, "respond": True},
            "relay": {"am_relay": public, "use_relays": not public,
                      "relays": [] if public else [r.address for r in self.relays]},
            "tun": {"dev": "nebula", "mtu": 1300},
            "logging": {"level": "info", "format": "text"},
            "firewall": {x: [{"port": "any", "proto": "any", "host": "any"}]
                         for x in ("outbound", "inbound")},
        })

    def bring(self):
        "Sign its certificate, and copy that, its key and its configuration there."
        crt, key = self.network.sign(self.name, self.address)
        self.node.sh("mkdir -p -m 700 /run/nebula")
        for file, text in (("ca.crt", self.network.ca), ("host.crt", crt), ("host.key", key),
                           ("config.yml", self.config())):
            self.node.write("/run/nebula/" + file, text, owner="root:root")

    def start(self):
        "As its service does; what it says is in the node's /var/log/frr/nebula.log."
        self.process = self.node.popen(
            "sh", "-c", "exec %s -config /run/nebula/config.yml >>/var/log/frr/nebula.log 2>&1"
            % PROGRAM)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def answers(self, address, patience=1.0):
        "Does that address inside answer a ping from here?"
        p = subprocess.run(
            self.node.enter + ["ping", "-n", "-q", "-c", "1", "-W", str(patience), address],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return p.returncode == 0

    def wait_for(self, address, timeout=60):
        "s until it answers."
        began = time.monotonic()
        demo.wait_for(lambda: self.answers(address, 0.2), "an answer of %s to %s" % (
            address, self.name), "its log is nebula.log", timeout, 0.01)
        return time.monotonic() - began


class Network:
    "An authority, and the hosts whose certificates it signed."

    def __init__(self, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="nebula-")
        self.hosts = []
        demo.run([CERT, "ca", "-name", "bench", "-out-crt", self.path("ca.crt"),
                  "-out-key", self.path("ca.key")])
        self.ca = self.read("ca.crt")

    def path(self, file):
        return os.path.join(self.folder, file)

    def read(self, file):
        with open(self.path(file), encoding="ascii") as f:
            return f.read()

    def sign(self, name, address):
        "(certificate, key) of a host."
        out = [self.path(name + x) for x in (".crt", ".key")]
        demo.run([CERT, "sign", "-name", name, "-ip", "%s/%d" % (address, BITS),
                  "-ca-crt", self.path("ca.crt"), "-ca-key", self.path("ca.key"),
                  "-out-crt", out[0], "-out-key", out[1]])
        return self.read(name + ".crt"), self.read(name + ".key")

    def add(self, node, name, address, at=None):
        host = Host(self, node, name, address, at)
        self.hosts.append(host)
        return host

    def start(self):
        "All that do not run yet."
        for host in self.hosts:
            if not host.process:
                host.bring()
                host.start()

    def stop(self):
        for host in self.hosts:
            host.stop()
