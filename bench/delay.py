#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
An internet with a way: an Ethernet switch that holds each frame for some time.
(netem would do it in the kernel; many kernels have none.)

  delay.py MS PORT...     frames take MS from one port to another; ARP and
                          neighbour discovery, which an internet does not have,
                          take none.  Between two ports that are written -PORT
                          nothing goes: as if NATs were between them that let
                          nobody in

It prints "ready", and ends with its standard input.  It is for some thousand
frames a second.
"""
import collections
import os
import select
import socket
import sys
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 15, 23
HEAD = 10  # of virtio: what is to be summed, and cut, is so by who receives it
TURN = 64  # frames of one port


class Port:
    def __init__(self, name):
        self.is_apart = name.startswith("-")
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.setblocking(False)
        self.socket.bind((name.lstrip("-"), ETH_P_ALL))

    def fileno(self):
        return self.socket.fileno()

    def send(self, frame):
        try:
            self.socket.send(frame)
        except OSError:
            pass  # the queue is full, or the other end is gone: it is lost


def is_neighbours(frame):
    kind = frame[HEAD + 12:HEAD + 14]
    # of ICMPv6 133 to 137
    return kind == b"\x08\x06" or (
        kind == b"\x86\xdd" and frame[HEAD + 20] == 58 and 133 <= frame[HEAD + 54] <= 137)


class Switch:
    def __init__(self, delay, ports):
        self.delay, self.ports = delay, ports
        self.where = {}  # {address: port}
        self.held = collections.deque()  # (when, port, frame), in order

    def hear(self, port):
        for _ in range(TURN):
            try:
                frame = port.socket.recv(65536 + HEAD)
            except OSError:
                return
            if len(frame) < HEAD + 14:
                continue
            to, by = frame[HEAD:HEAD + 6], frame[HEAD + 6:HEAD + 12]
            self.where[by] = port
            known = None if to[0] & 1 else self.where.get(to)
            for other in [known] if known else self.ports:
                if other is port or (other.is_apart and port.is_apart):
                    continue
                if is_neighbours(frame):
                    other.send(frame)
                else:
                    self.held.append((time.monotonic() + self.delay, other, frame))

    def release(self):
        "Send what is due; s until the next one, or None."
        while self.held:
            left = self.held[0][0] - time.monotonic()
            if left > 0:
                return left
            _, port, frame = self.held.popleft()
            port.send(frame)
        return None

    def run(self):
        while True:
            ready = select.select(self.ports + [sys.stdin], [], [], self.release())[0]
            for port in ready:
                if port is not sys.stdin:
                    self.hear(port)
                elif not os.read(0, 1024):
                    return


def main():
    ports = [Port(name) for name in sys.argv[2:]]
    print("ready", flush=True)
    Switch(float(sys.argv[1]) / 1000, ports).run()


if __name__ == "__main__":
    sys.exit(main())
