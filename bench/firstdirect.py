#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
How long until packets take the direct path?

  firstdirect.py ADDRESS OUTSIDE [S]
        asks ADDRESS (an echo request each 10 ms, larger than what else a tunnel
        carries), and looks at what leaves by `under` for OUTSIDE, the address
        that the direct path goes to.  When both ways have one it prints
        {"first": ms from the first question to the first one that left for
        there, "answered": ms to when the first one that did so was answered},
        or null after so many s (30)
"""
import json
import os
import socket
import struct
import sys
import time

ETH_P_ALL = 3
EVERY = 0.01
SIZE = 700  # of the question


def checksum(b):
    total = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def question(n):
    body = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xFFFF, n) + bytes(SIZE)
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


def main():
    address, outside = sys.argv[1:3]
    patience = float(sys.argv[3]) if len(sys.argv) > 3 else 30
    far = socket.inet_aton(outside)
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    tap.bind(("under", ETH_P_ALL))
    tap.setblocking(False)
    echo = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    began = time.monotonic()
    due, n, found = began, 0, {}
    while time.monotonic() < began + patience and len(found) < 2:
        if time.monotonic() >= due:
            try:
                echo.sendto(question(n & 0xFFFF), (address, 0))
            except OSError:
                pass  # no way yet
            n, due = n + 1, due + EVERY
        try:
            p = tap.recv(2048)
        except BlockingIOError:
            time.sleep(0.0005)
            continue
        now = 1000 * (time.monotonic() - began)
        if len(p) > SIZE and p[9] == socket.IPPROTO_UDP:
            if p[16:20] == far:
                found.setdefault("first", now)
            elif p[12:16] == far and "first" in found:
                found.setdefault("answered", now)
    print(json.dumps(found if len(found) == 2 else None), flush=True)


if __name__ == "__main__":
    main()
