#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Many IPv4 routes at once.

  routes.py INTERFACE <lines        "PREFIX NEXTHOP": replace that route
                                    "PREFIX -": delete it

`ip -batch` makes two system calls for each route; this makes two for two
hundred, which is what a slow guest can do while it carries traffic.
"""
import socket
import struct
import sys

NEWROUTE, DELROUTE, ERROR = 24, 25, 2
REQUEST, ACK, REPLACE, CREATE = 0x1, 0x4, 0x100, 0x400
DST, OIF, GATEWAY = 1, 4, 5
MAIN, BOOT, UNICAST = 254, 3, 1
TOGETHER = 200


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data


def message(line, ifindex, seq, flags):
    prefix, nexthop = line.split()
    address, length = prefix.split("/")
    kind, body = DELROUTE, attribute(DST, socket.inet_aton(address))
    if nexthop != "-":
        kind, flags = NEWROUTE, flags | REPLACE | CREATE
        body += attribute(GATEWAY, socket.inet_aton(nexthop))
        body += attribute(OIF, struct.pack("=I", ifindex))
    body = struct.pack(
        "=BBBBBBBBI", socket.AF_INET, int(length), 0, 0, MAIN, BOOT, 0, UNICAST, 0
    ) + body
    return struct.pack("=IHHII", 16 + len(body), kind, REQUEST | flags, seq, 0) + body


def main(interface):
    ifindex = socket.if_nametoindex(interface)
    lines = sys.stdin.read().splitlines()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        for i in range(0, len(lines), TOGETHER):
            some = lines[i : i + TOGETHER]
            last = len(some) - 1
            sock.send(
                b"".join(
                    message(line, ifindex, n, ACK if n == last else 0)
                    for n, line in enumerate(some)
                )
            )
            seq = -1
            while seq != last:
                answer = sock.recv(65536)
                _, kind, _, seq, _ = struct.unpack_from("=IHHII", answer)
                assert kind == ERROR, kind
                code = struct.unpack_from("=i", answer, 16)[0]
                if code:
                    sys.exit("%s: error %d" % (some[seq], -code))


if __name__ == "__main__":
    main(sys.argv[1])
