#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A constant flow one way: nothing is answered, the receivers count.

  flow.py RATE PORT ADDRESS...    send RATE datagrams a second to each address

Ends when its standard input does and prints {"sent": datagrams to each
address, "seconds": the time it took}.  That is one system call for a
datagram and one for the pause, so that a slow guest keeps up with thousands
a second; answers (see probe.py) would cost it three times as much.

After a pause that was too long it catches up, but with BURST rounds at most:
what the test would lose in a queue that a burst of its own filled tells
nothing.
"""
import json
import select
import socket
import sys
import time

BURST = 40


def main(rate, port, addresses):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    to = [(address, port) for address in addresses]
    data = bytes(64)
    sent = 0
    start = due = time.monotonic()
    print(json.dumps({"sending": addresses}), flush=True)
    while True:
        now = time.monotonic()
        due = max(due, now - BURST / rate)
        while due <= now:
            for address in to:
                sock.sendto(data, address)
            sent += 1
            due += 1 / rate
        ready, _, _ = select.select([sys.stdin], [], [], max(0, due - now))
        if ready:
            break
    seconds = time.monotonic() - start
    print(json.dumps({"sent": sent, "seconds": round(seconds, 3)}), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
