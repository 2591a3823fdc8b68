#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a benchmark asks of a site's kernel, in a process of its own there, so
that its clock is not held up by other work.

  routewatch.py watch           count the changes of routes
  routewatch.py move CONSOLE    move a prefix to and fro through staticd's
                                console, and time it
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
PROTO_STATIC = 196  # RTPROT_ZSTATIC
GROUP4, GROUP6 = 0x40, 0x400  # of rtnetlink: routes


def route_socket(groups, room, protocol=None):
    "A socket that hears of the kernel's routes."
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, room)
    if protocol is not None:
        # struct sock_fprog: accept where rtm_protocol is that
        code = b"".join(struct.pack("=HBBI", *i) for i in (
            (0x30, 0, 0, 16 + 5), (0x15, 0, 1, protocol),
            (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)))
        keep = bytearray(code)
        address = ctypes.addressof(ctypes.c_char.from_buffer(keep))
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                        struct.pack("HxxxxxxQ", 4, address))
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


def move(console_path):
    """
    Move MOVING to and fro, and say for each time how many seconds after the
    kernel's route an answer came from its new place, and how long at most the
    machine itself held up this program, which does nothing but wait.
    """
    console = benchlib.Console(console_path)
    for line in "enable", "configure terminal":
        console.ask(line)
    routes = route_socket(GROUP4, 8 << 20, PROTO_STATIC)
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.setblocking(False)
    poll = select.poll()
    for s in routes, probe:
        poll.register(s, select.POLLIN)
    poll.register(0, select.POLLIN)
    seq, there = 0, False
    # one distance is always there, the other and better one comes and goes
    console.ask("ip route %s %s 20" % (MOVING, HOPS[0]))
    while True:
        there = not there
        name, since = "p2" if there else "p1", seq
        command = "ip route %s %s 10" % (MOVING, HOPS[1])
        console.ask(command if there else "no " + command)
        asked, routed, arrived, stall = time.monotonic(), None, None, 0
        while not arrived:
            now = time.monotonic()
            if now - asked > 30:
                print(json.dumps({"lost": name}), flush=True)
                break
            try:
                probe.sendto(struct.pack("!Q", seq), (PROBED, 7000))
            except OSError:
                pass
            seq += 1
            began = time.monotonic()
            ready = dict(poll.poll(1))
            now = time.monotonic()
            stall = max(stall, now - began - 0.001)
            if routes.fileno() in ready:
                routes.recv(65536)
                routed = now
            if probe.fileno() in ready:
                try:
                    data = probe.recv(64)
                    if data[8:] == name.encode() and \
                            struct.unpack("!Q", data[:8])[0] >= since:
                        arrived = now
                except OSError:
                    pass
            if 0 in ready:
                return
        if arrived:
            print(json.dumps({"at": arrived, "after": arrived - (routed or arrived),
                              "asked": asked, "stall": stall}), flush=True)
        if select.select([0], [], [], 0.02)[0]:
            return
        # what was on its way
        while select.select([routes, probe], [], [], 0)[0]:
            for s in routes, probe:
                try:
                    s.recv(65536, socket.MSG_DONTWAIT)
                except OSError:
                    pass


if __name__ == "__main__":
    watch() if sys.argv[1] == "watch" else move(sys.argv[2])
