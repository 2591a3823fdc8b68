#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
UDP sockets that do what they are told by lines, for tests of NATs.

  udp.py NAME ADDRESS:PORT ...    sockets 0, 1, ... there

Each line of standard input is an object:

  {"send": TEXT, "to": [ADDRESS, PORT], "socket": I}
  {"punch": {NAME: [[ADDRESS, PORT], ...]}, "at": T, "seconds": S}

`punch` is what both ends of each pair do at once: from time T (of the clock that
all processes share) a PING every 50 ms to each place of NAME and to where PINGs
of NAME come from, for S seconds.  A PING is answered where it came from; an
answer counts if it comes from where its PING went.

What is sent is printed, {"sent": TEXT}, and what comes, {"got": TEXT, "from":
[ADDRESS, PORT], "socket": I}, but for PINGs and their answers; at the end {"found":
{NAME: [ADDRESS, PORT]}} of those that have answered.
"""
import json
import select
import socket
import sys
import time

EVERY = 0.05


def say(obj):
    print(json.dumps(obj), flush=True)


def bound(where):
    address, port = where.rsplit(":", 1)
    address = address.strip("[]")
    v6 = ":" in address
    sock = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
    if v6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((address, int(port)))
    sock.setblocking(False)
    return sock


class Punch:
    def __init__(self, tool, places, at, seconds):
        self.tool = tool
        self.places = {name: {tuple(p) for p in some} for name, some in places.items()}
        self.due = at
        self.end = at + seconds
        self.found = {}

    def ping(self, now):
        self.due = now + EVERY
        for name, places in self.places.items():
            for to in places:
                self.tool.send("PING %s %s" % (self.tool.name, json.dumps(to)), to)

    def heard(self, kind, name, rest, source):
        if kind == "PING":
            if name in self.places:
                self.places[name].add(source)
        elif tuple(json.loads(rest)) == source:
            self.found[name] = source


class Tool:
    def __init__(self, name, sockets):
        self.name = name
        self.sockets = sockets
        self.punch = None
        self.text = b""

    def send(self, text, to, which=None):
        if which is None:
            family = socket.AF_INET6 if ":" in to[0] else socket.AF_INET
            families = [s.family for s in self.sockets]
            if family not in families:
                return
            which = families.index(family)
        try:
            self.sockets[which].sendto(text.encode(), tuple(to))
        except OSError:
            pass  # no way there, or an ICMP error of before

    def obey(self, line):
        order = json.loads(line)
        if "send" in order:
            self.send(order["send"], order["to"], order.get("socket"))
            say({"sent": order["send"]})
        else:
            self.punch = Punch(self, order["punch"], order["at"], order["seconds"])

    def receive(self, which):
        try:
            data, source = self.sockets[which].recvfrom(2048)
        except OSError:
            return
        text, source = data.decode(), source[:2]
        kind, _, rest = text.partition(" ")
        if kind not in ("PING", "PONG"):
            say({"got": text, "from": source, "socket": which})
            return
        name, _, rest = rest.partition(" ")
        if self.punch:
            self.punch.heard(kind, name, rest, source)
        if kind == "PING" and self.punch:
            self.send("PONG %s %s" % (self.name, rest), source, which)

    def run(self):
        while True:
            wait = None
            if self.punch:
                wait = max(0, min(self.punch.due, self.punch.end) - time.monotonic())
            ready, _, _ = select.select([sys.stdin] + self.sockets, [], [], wait)
            now = time.monotonic()
            if self.punch and now >= self.punch.end:
                say({"found": self.punch.found})
                self.punch = None
            elif self.punch and now >= self.punch.due:
                self.punch.ping(now)
            for sock in ready[:]:
                if sock is not sys.stdin:
                    self.receive(self.sockets.index(sock))
            if sys.stdin in ready:
                some = sys.stdin.buffer.raw.read(65536)
                if not some:
                    return
                *lines, self.text = (self.text + some).split(b"\n")
                for line in lines:
                    self.obey(line)


def main(argv):
    if len(argv) < 2:
        sys.exit(__doc__)
    tool = Tool(argv[1], [bound(where) for where in argv[2:]])
    say({"ready": tool.name})
    tool.run()


if __name__ == "__main__":
    main(sys.argv)
