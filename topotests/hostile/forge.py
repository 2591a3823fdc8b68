#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
UDP packets with a forged source, as a stranger sends them: raw IP, so neither
the source's address nor its port has to be the sender's.  IPv4 and IPv6.

  forge.py FROM TO [PAYLOAD] [--count N] [--interval SECONDS] [--random A:B]...

FROM and TO are ADDRESS:PORT or [ADDRESS]:PORT; port 0 can be sent, too.  PAYLOAD
is hexadecimal.  Bytes A to B (without B) of it are random in each packet.  A
count of 0 goes on until standard input ends.  The last line of the output is the
number of packets.  Tests run it in the namespace of the stranger:

  net["c2"].run(forge.command("198.51.100.11:4242", "192.0.2.1:51820", "04000000"))
"""
import argparse
import ipaddress
import os
import select
import shlex
import socket
import struct
import sys
import time

IPPROTO_RAW = 255


def command(source, to, payload="", count=1, interval=0.0, random=()):
    "The command line that sends these packets."
    return " ".join(
        ["/usr/bin/python3", os.path.abspath(__file__), shlex.quote(source), shlex.quote(to),
         payload or "''", "--count %d --interval %g" % (count, interval)]
        + ["--random " + part for part in random])


def endpoint(text):
    "(ip_address, port) of ADDRESS:PORT or [ADDRESS]:PORT."
    address, port = text.rsplit(":", 1)
    return ipaddress.ip_address(address.strip("[]")), int(port)


def checksum(data):
    "Of the Internet, RFC 1071."
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet(source, to, payload):
    "A whole IP packet from SOURCE to TO, both as endpoint() has them."
    length = 8 + len(payload)
    udp = struct.pack("!HHHH", source[1], to[1], length, 0) + payload
    addresses = source[0].packed + to[0].packed
    pseudo = addresses + struct.pack("!IxxxB", length, socket.IPPROTO_UDP)
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp) or 0xffff) + payload
    if to[0].version == 6:
        return struct.pack("!IHBB", 6 << 28, length, socket.IPPROTO_UDP, 64) + addresses + udp
    # the kernel fills in the length, an identification and the checksum
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, socket.IPPROTO_UDP,
                       0) + addresses + udp


def randomize(payload, parts):
    "PAYLOAD with random bytes in those places."
    data = bytearray(payload)
    for first, end in parts:
        data[first:end] = os.urandom(end - first)
    return bytes(data)


class Stranger:
    "A socket that sends from wherever it likes."

    def __init__(self, version=4):
        family = socket.AF_INET6 if version == 6 else socket.AF_INET
        # of both families this protocol means: the header comes with the packet
        self.socket = socket.socket(family, socket.SOCK_RAW, IPPROTO_RAW)

    def send(self, source, to, payload):
        self.socket.sendto(packet(source, to, payload), (str(to[0]), 0))


def wait(until):
    "True when standard input ended before that time."
    left = max(until - time.monotonic(), 0)
    return bool(select.select([0], [], [], left)[0]) and not os.read(0, 4096)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=endpoint)
    parser.add_argument("to", type=endpoint)
    parser.add_argument("payload", type=bytes.fromhex, nargs="?", default=b"")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--interval", type=float, default=0.0)
    parser.add_argument("--random", action="append", default=[],
                        type=lambda text: tuple(map(int, text.split(":"))))
    args = parser.parse_args()
    stranger = Stranger(args.to[0].version)
    sent, begin = 0, time.monotonic()
    while not args.count or sent < args.count:
        due = begin + sent * args.interval
        if args.count:
            time.sleep(max(due - time.monotonic(), 0))
        elif wait(due):
            break
        stranger.send(args.source, args.to, randomize(args.payload, args.random))
        sent += 1
    print(sent)


if __name__ == "__main__":
    sys.exit(main())
