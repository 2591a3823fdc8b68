# SPDX-License-Identifier: GPL-2.0-or-later
"""
A mesh of real members, each in a namespace of its own: zebra, wgd, WireGuard.
Sites do not hear each other on the underlay, as if each were behind a NAT that
lets nobody in; hubs hear all.
"""
import base64
import json
import os
import re
import socket
import sys
import time

import benchlib
import lib_demo as demo
import meshlab
from benchlib import BUILD, HERE, Failed

items = meshlab.items

TOOL = BUILD + "/wgd-mesh/wgd-mesh"
STATE = "/var/lib/frr/wireguard"
DAEMONS = demo.present("zebra") + ["wgd"]


def key_hex(text):
    "A key as WireGuard's programs write it to each other."
    return base64.b64decode(text).hex()


def under(number):
    return "198.18.%d.%d" % (number >> 8, number & 255)  # what is private is tried on a LAN only


class Site(demo.Node):
    "A machine, and what it is in the mesh."

    def __init__(self, lab, number, hub=0):
        self.number, self.hub = number, hub
        self.nick = ("hub%d" if hub else "s%d") % (hub or number)
        super().__init__(self.nick)
        self.port = "u-" + self.nick
        self.inner = meshlab.address(number)
        self.join_underlay(lab)
        self.sh("install -d -o frr -g frr -m 700 %s;"
                "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding" % STATE)

    def join_underlay(self, lab):
        demo.link(lab.u, self.port, self, "under")
        self.sh("ip addr add %s/16 dev under" % under(self.number))

    def bring(self, name, data):
        path = STATE + "/" + name
        self.run("sh", "-c", "umask 077; xxd -r -p >%s; chown frr:frr %s" % (path, path),
                 input=data.hex())
        return path

    def ask(self, command):
        return benchlib.ask("/proc/%d/root/run/frr/wgd.vty" % self.holder.pid, command)

    def members(self):
        return json.loads(self.ask("show wireguard wg0 mesh members json")).get("wg0", {})

    def public_key(self):
        return self.run("wg", "show", "wg0", "public-key").strip()

    def peers(self):
        "Keys that the device has, in hex; of a program it is asked without another one."
        try:
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(10)
            s.connect("/proc/%d/root/run/wireguard/wg0.sock" % self.holder.pid)
        except OSError:
            return {key_hex(x) for x in self.run("wg", "show", "wg0", "peers").split()}
        s.sendall(b"get=1\n\n")
        text = b""
        while not text.endswith(b"\n\n"):
            text += s.recv(65536)
        s.close()
        return set(re.findall(r"public_key=([0-9a-f]{64})", text.decode()))

    def relays(self):
        "{hub number: sites that the device reaches by it}."
        found = {}
        for hub in re.findall(r"\[fd[0-9a-f:]*?:(\d)::[0-9a-f]+\]",
                              self.run("wg", "show", "wg0", "endpoints")):
            found[int(hub)] = found.get(int(hub), 0) + 1
        return found

    def processor_s(self):
        "What its programs used so far."
        net, used = os.readlink("/proc/%d/ns/net" % self.holder.pid), 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink("/proc/%s/ns/net" % pid) == net:
                    used += benchlib.cpu_seconds(int(pid))
            except OSError:
                pass
        return used


class Lab:
    "KIND of WireGuard; MS from one machine to another, 0: none."

    def __init__(self, kind, ms=0):
        self.kind, self.ms = kind, ms
        self.u = demo.Node("u")
        self.mesh = meshlab.Mesh()
        self.hubs, self.sites, self.last = [], [], 0

    # --- machines

    def make(self, hubs, sites):
        "Machines that are no members yet; all there will be."
        for i in range(1, hubs + 1):
            self.hubs.append(Site(self, i, i))
        for i in range(hubs + 1, hubs + sites + 1):
            self.sites.append(Site(self, i))
        if self.ms:
            self.switch = self.u.popen(
                sys.executable, "-B", HERE + "/delay.py", str(self.ms),
                *[("" if x.hub else "-") + x.port for x in self.all()])
            if self.switch.stdout.readline() != "ready\n":
                raise Failed("no switch")
            return
        self.u.sh("ip link add name br0 type bridge mcast_snooping 0; ip link set dev br0 up")
        for x in self.all():
            self.u.sh("ip link set %s master br0" % x.port)
            if not x.hub:
                self.u.sh("bridge link set dev %s isolated on" % x.port)

    def all(self):
        return self.hubs + self.sites

    def kill(self, site):
        "From one packet to the next; its own link stays."
        self.u.sh("ip link set dev %s down" % site.port)

    def start(self, site, *lines):
        first = [" wireguard implementation userspace"] if self.kind == "userspace" else []
        lines = ["interface wg0", *first, *[" " + x for x in lines], "exit"]
        benchlib.start_daemons(site, lines if lines[1:-1] else [], DAEMONS)

    # --- members

    def hub_keys(self):
        return [(h.key, under(h.number)) for h in self.hubs if hasattr(h, "key")]

    def start_hub(self, hub):
        self.start(hub, "ip address %s/16" % hub.inner, "wireguard mesh name acme",
                   "wireguard mesh hub", "wireguard listen-port 51820",
                   "wireguard mesh endpoint %s port 51820" % under(hub.number))
        line = hub.ask("wireguard mesh request wg0").split()[-1]
        key = dict(items.decode(items.of_line(line))[1])[4]
        answer = self.mesh.answer(self.mesh.certificate(hub.number, hub.nick, key, hub=hub.hub),
                                  self.hub_keys())
        hub.key = key
        hub.bring("acme.invite", answer.encode())
        if hub is self.hubs[0]:
            self.wait(lambda: '"connected"' in hub.ask("show wireguard wg0 mesh json"), "a hub")
            self.load(hub)
        else:
            self.wait(lambda: self.hubs[0].members().get(hub.nick, {}).get("live"), "hubs")

    def invite(self, site):
        "Newer than the hubs' certificates: the first hub need not wait for others."
        return self.mesh.invite(site.number, site.nick, *self.hub_keys()[0], serial=2)

    def start_site(self, site):
        "A member, by its lines."
        site.bring("acme.invite", self.invite(site).encode())
        self.start(site, "ip address %s/16" % site.inner, "wireguard mesh name acme",
                   "wireguard mesh routes")

    def load(self, member, revoked=()):
        "The next list, by which these are no members; when the command was given."
        self.last += 1
        path = member.bring("update", self.mesh.list(
            self.last, [(x.number, 3) for x in revoked]))
        began = time.monotonic()
        out = member.ask("wireguard mesh load wg0 file " + path)
        if "applied" not in out:
            raise Failed(out)
        return began

    def wait(self, check, what, timeout=120, every=0.05):
        end = time.monotonic() + timeout
        while not check():
            if time.monotonic() > end:
                raise Failed("%s: not in %d s" % (what, timeout))
            time.sleep(every)

    def wait_for_all(self, sites, members):
        "Until each of the sites has all these on its device, and hears that they live."
        nicks = {x.nick for x in members}

        def left():
            for x in sites:
                have = x.members()
                if not all(have.get(n, {}).get("live") for n in nicks - {x.nick}):
                    return False
            return True
        self.wait(left, "all members at all", 300, 0.5)
