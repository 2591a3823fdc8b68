#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a benchmark asks of a site's kernel, in a process of its own there, so
that its clock is not held up by other work.

  routewatch.py watch           count the changes of routes
  routewatch.py move CONSOLE ZEBRA
                                move a prefix to and fro by static routes, at
                                the console that takes them, and time it: in the kernel, in what
                                zebra (its socket) tells another client, and
                                on the wire
"""
import ctypes
import json
import os
import select
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import benchlib

MOVING = "198.18.255.0/24"  # between the sites p1 and p2, ...
PROBED = "198.18.255.1"  # ... at both of which this address echoes
HOPS = "10.99.0.1", "10.99.0.2"
SO_RCVBUFFORCE, SO_ATTACH_FILTER = 33, 26
ETH_P_ALL = 3
PROTO_STATIC = 196  # RTPROT_ZSTATIC
UNDERLAY = "under"
# Seconds between two probes.  Each is work for all who share the machine, and
# goes before theirs: one for each wake-up took half a processor.
PROBE_EVERY = 0.001
ECHO_EVERY = 0.02  # once the first was seen to leave to the new peer
SIZE = 1000  # of a probe; no other packet in a tunnel is of its size
# WireGuard: 16 bytes of header, the packet to 16 bytes padded, a tag of 16
OUTER = 20 + 8 + 16 + (20 + 8 + SIZE + 15) // 16 * 16 + 16
ENDPOINTS = "10.255.1.2", "10.255.2.2"  # of the two, in the underlay
FRR10 = os.path.exists("/usr/lib/frr/mgmtd")
GROUP4, GROUP6 = 0x40, 0x400  # of rtnetlink: routes


def attach_filter(sock, *code):
    "struct sock_fprog, of (code, jump if true, jump if false, k)."
    keep = bytearray(b"".join(struct.pack("=HBBI", *i) for i in code))
    address = ctypes.addressof(ctypes.c_char.from_buffer(keep))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack("HxxxxxxQ", len(code), address))


def route_socket(groups, room, protocol=None):
    "A socket that hears of the kernel's routes."
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, room)
    if protocol is not None:
        # accept where rtm_protocol is that
        attach_filter(sock, (0x30, 0, 0, 16 + 5), (0x15, 0, 1, protocol),
                      (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0))
    sock.bind((0, groups))
    return sock


def watch():
    """
    Count the kernel's changes of routes; each line on standard input is
    answered with the count, the times of the first and of the last, and
    begins a new count.
    """
    sock = route_socket(GROUP4 | GROUP6, 512 << 20)
    buf = bytearray(65536)
    count, first, last, lost = 0, 0, 0, 0
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    poll.register(0, select.POLLIN)
    while True:
        ready = dict(poll.poll())
        if sock.fileno() in ready:
            for _ in range(1000):
                try:
                    sock.recv_into(buf, 65536, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                except OSError:
                    lost += 1
                    break
                count += 1
            last = time.monotonic()
            first = first or last
        if 0 in ready:
            word = os.read(0, 64)
            if not word:
                return
            print(json.dumps({"count": count, "first": first, "last": last,
                              "lost": lost}), flush=True)
            if word == b"begin\n":
                count, first, last = 0, 0, 0


def wire():
    "A socket that hears of probes that leave, in their outer packets."
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    attach_filter(sock, (0x28, 0, 0, 2), (0x15, 0, 1, OUTER),
                  (0x06, 0, 0, 64), (0x06, 0, 0, 0))
    sock.bind((UNDERLAY, ETH_P_ALL))  # what leaves is told to those of all only
    return sock


class Told:
    """
    Another client of zebra, which hears of static routes only: the clock of
    what wgd can know.  (lib/zclient.h of FRR: header, hello, redistribute; of
    10.3, and of 8.4.)
    """
    HELLO, REDISTRIBUTE, ROUTE_ADD = (19, 12, 31) if FRR10 else (18, 11, 30)
    SHARP, STATIC = 24, 4 if FRR10 else 3

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)
        self.say(self.HELLO, struct.pack("!BHIBB", self.SHARP, 0, 0, 0, 0))
        self.say(self.REDISTRIBUTE, struct.pack("!BBH", 1, self.STATIC, 0))
        self.rest = b""

    def say(self, command, body):
        self.sock.sendall(struct.pack(
            "!HBBIH", 10 + len(body), 0xFE, 6, 0, command) + body)

    def hear(self):
        "How many routes it told."
        self.rest += self.sock.recv(65536)
        n = 0
        while len(self.rest) >= 10:
            size, _, _, _, command = struct.unpack("!HBBIH", self.rest[:10])
            if len(self.rest) < size:
                break
            n += command == self.ROUTE_ADD
            self.rest = self.rest[size:]
        return n


def move(console_path, zebra_path):
    """
    Move MOVING to and fro, and say for each time how many seconds it took from
    the kernel's route until zebra had told it (`told`), until a packet left to
    the new peer (`sent`) and until the answer came (`after`); and how long at
    most the machine itself held up this program, which does nothing but wait.
    """
    # the clock does not queue with what it measures
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    console = benchlib.Console(console_path)
    for line in "enable", "configure terminal":
        console.ask(line)
    routes = route_socket(GROUP4, 8 << 20, PROTO_STATIC)
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.setblocking(False)
    outer, zebra = wire(), Told(zebra_path)
    poll = select.poll()
    for s in routes, probe, outer, zebra.sock:
        poll.register(s, select.POLLIN)
    poll.register(0, select.POLLIN)
    seq, there = 0, False
    # one distance is always there, the other and better one comes and goes
    console.ask("ip route %s %s 20" % (MOVING, HOPS[0]))
    while True:
        there = not there
        name, since = "p2" if there else "p1", seq
        endpoint = socket.inet_aton(ENDPOINTS[there])
        command = "ip route %s %s 10" % (MOVING, HOPS[1])
        console.ask(command if there else "no " + command)
        asked, routed, told, sent, arrived = time.monotonic(), None, None, None, None
        stall, due = 0, 0
        while not arrived:
            now = time.monotonic()
            if now - asked > 30:
                print(json.dumps({"lost": name}), flush=True)
                break
            if now >= due:
                try:
                    probe.sendto(struct.pack("!Q", seq).ljust(SIZE, b"\0"), (PROBED, 7000))
                except OSError:
                    pass
                seq += 1
                due = now + (ECHO_EVERY if sent else PROBE_EVERY)
            began = time.monotonic()
            ready = dict(poll.poll(1))
            now = time.monotonic()
            stall = max(stall, now - began - 0.001)
            if routes.fileno() in ready:
                routes.recv(65536)
                routed = now
            if zebra.sock.fileno() in ready and zebra.hear():
                told = now
            if outer.fileno() in ready:
                data, (_, _, kind, _, _) = outer.recvfrom(64)
                if kind == socket.PACKET_OUTGOING and data[16:20] == endpoint:
                    sent = sent or now
            if probe.fileno() in ready:
                try:
                    data = probe.recv(SIZE + 64)
                    if data.endswith(name.encode()) and \
                            struct.unpack("!Q", data[:8])[0] >= since:
                        arrived = now
                except OSError:
                    pass
            if 0 in ready:
                return
        if arrived:
            shown = {"at": arrived, "stall": stall}
            if routed:
                for word, t in ("told", told), ("sent", sent), ("after", arrived):
                    if t:
                        shown[word] = t - routed
            print(json.dumps(shown), flush=True)
        if select.select([0], [], [], 0.02)[0]:
            return
        # what was on its way
        while True:
            late = select.select([routes, probe, outer, zebra.sock], [], [], 0)[0]
            if not late:
                break
            for s in late:
                try:
                    if s is zebra.sock:
                        zebra.hear()
                    else:
                        s.recv(65536, socket.MSG_DONTWAIT)
                except OSError:
                    pass


if __name__ == "__main__":
    watch() if sys.argv[1] == "watch" else move(*sys.argv[2:])
