#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Who answers, and since when: at a node, by echo requests.

  echoes.py first ADDRESS          asks every 10 ms; prints when the first
                                   answer came (monotonic s)
  echoes.py watch RATE ADDRESS...  asks each so often a second; "mark" on
                                   standard input, then its end: prints for each
                                   address the longest time in ms between two
                                   questions that were answered, of those that
                                   ended after the mark, or null: none was
                                   answered after it

Both print "begun" first.
"""
import json
import os
import select
import socket
import struct
import sys
import time


class Echo:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.setblocking(False)
        self.id = os.getpid() & 0xFFFF

    def ask(self, address):
        "The time goes along, and comes back."
        at = time.monotonic()
        body = struct.pack("!BBHHHd", 8, 0, 0, self.id, 1, at)
        total = sum(struct.unpack("!8H", body))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        try:
            self.socket.sendto(body[:2] + struct.pack("!H", ~total & 0xFFFF) + body[4:],
                               (address, 0))
        except OSError:
            pass  # no route yet
        return at

    def answers(self, wait):
        "[(address, when it was asked)], as soon as there are any."
        select.select([self.socket], [], [], max(0, wait))
        found = []
        try:
            while True:
                data, sender = self.socket.recvfrom(2048)
                if data[20] == 0 and data[24:26] == struct.pack("!H", self.id):
                    found.append((sender[0], struct.unpack("!d", data[28:36])[0]))
        except OSError:
            return found


def first(address):
    echo = Echo()
    print("begun", flush=True)
    while True:
        at = echo.ask(address)
        if echo.answers(0.01):
            print(time.monotonic(), flush=True)
            return
        time.sleep(max(0, at + 0.01 - time.monotonic()))


def watch(rate, addresses):
    echo, every = Echo(), 1 / rate / len(addresses)
    answered = {a: [] for a in addresses}
    mark, due, n = None, time.monotonic(), 0
    print("begun", flush=True)
    while True:
        for address, at in echo.answers(due - time.monotonic()):
            if address in answered:
                answered[address].append(at)
        while time.monotonic() >= due:
            echo.ask(addresses[n % len(addresses)])
            n += 1
            due = max(due + every, time.monotonic() - 0.1)
        if select.select([sys.stdin], [], [], 0)[0]:
            if not os.read(0, 100):
                break
            mark = time.monotonic()
    result = {}
    for address, times in answered.items():
        times.sort()
        gaps = [1000 * (b - a) for a, b in zip(times, times[1:]) if b >= mark]
        result[address] = max(gaps, default=None)
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "first":
        first(sys.argv[2])
    else:
        watch(float(sys.argv[2]), sys.argv[3:])
