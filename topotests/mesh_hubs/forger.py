#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A user of the machine, without any privilege, who says hellos in a hub's name.

  forger.py INTERFACE OWN-LINK-LOCAL HUB-LINK-LOCAL SECONDS

Its numbers are above all of the hub's, so that what the hub says is old.  Says
"said" after so many seconds, and goes on until its input ends.
"""
import os
import select
import socket
import struct
import sys
import time

PORT = 51823
IPV6_FREEBIND = 78
NOBODY = 65534


def main(ifname, own, hub, seconds):
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    link = socket.if_nametoindex(ifname)
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    s.bind((hub, PORT, 0, link))
    number = int(time.time() * 1000 / 64 + 2 ** 30) % 2 ** 32
    end = time.monotonic() + float(seconds)
    while not select.select([sys.stdin], [], [], 0.1)[0]:
        number = number % (2 ** 32 - 1) + 1
        # of no question: echo 1
        s.sendto(struct.pack(">BBHIIIQ", 1, 1, 0, number, 1, 0, 0), (own, PORT, 0, link))
        if end and time.monotonic() > end:
            print("said", flush=True)
            end = 0


if __name__ == "__main__":
    main(*sys.argv[1:])
