# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the benchmarks of a mesh share: an authority that makes any number of
members, without a keeper, and one of whom a real wgd joins by an invite or an
answer.  Items are made by topotests/lib_items.py.
"""
import ipaddress
import os
import sys
import time

import benchlib

sys.path.insert(0, benchlib.TOP + "/topotests")
import lib_items as items
from lib_door import montgomery

YEAR = 365 * 86400


def link_local(key):
    "The address that belongs to a WireGuard key, as lib/backend has it."
    b = bytearray(16)
    b[:2] = b"\xfe\x80"
    b[8:] = items.hashlib.blake2b(key, digest_size=32).digest()[:8]
    b[8] &= ~2
    return str(ipaddress.IPv6Address(bytes(b)))


class Member:
    "Whose identity and WireGuard key we have."

    def __init__(self, mesh, number):
        self.number = number
        self.identity, self.wg = os.urandom(32), os.urandom(32)
        self.key = montgomery(items.public(self.wg))
        self.items = [mesh.certificate(number, "m%d" % number, items.public(self.identity)),
                      mesh.record(self)]


class Mesh:
    "The authority, and what it says."

    def __init__(self):
        self.authority, self.recovery = os.urandom(32), os.urandom(32)
        self.first = items.public(self.authority)
        self.hash = items.h(16, "mesh", self.first, items.public(self.recovery))
        self.now = int(time.time())

    def certificate(self, number, name, key, hub=0, invite=False, prefixes=(), serial=1):
        values = [
            (1, self.hash), (2, number), (3, serial), (4, key), (5, name),
            (6, self.now - 3600), (7, self.now + YEAR), (8, (1 if hub else 0) | (2 if invite else 0)),
            (0x0A, ipaddress.ip_interface("%s/16" % address(number))), (0x20, 1),
        ] + [(0x0C, (ipaddress.ip_network(p), 24)) for p in prefixes]
        if hub:
            values.append((9, hub))
        if invite:
            values.append((0x0E, self.now + 86400))
        return items.encode(items.C, values, s7f=self.authority)

    def record(self, member, sequence=1):
        return items.encode(items.R, [
            (1, self.hash), (2, member.number), (0x10, sequence),
            (0x12, items.public(member.wg)), (0x14, 51820),
            (0x18, (ipaddress.ip_network(lan(member.number)), None)),
        ], s7c=member.wg, s7f=member.identity)

    def list(self, number, revoked=()):
        return items.encode(items.L, [
            (1, self.hash), (0x11, self.now), (0x20, number), (0x21, self.now + YEAR),
        ] + [(0x22, r) for r in revoked], s7f=self.authority)

    def answer(self, certificate, doors=()):
        "The line for a member that asked; a hub.  DOORS: (identity, host) of others."
        return items.to_line(items.join(items.J, [
            (0x31, items.public(self.recovery)), (0x32, self.first), (0x34, certificate)] +
            [(0x35, items.write_value(0x35, (hub, 51822, host))) for hub, host in doors]))

    def invite(self, number, name, hub, host, serial=1):
        "A line by which a site joins; HUB: its identity."
        seed = os.urandom(32)
        certificate = self.certificate(number, name, items.public(seed), invite=True,
                                       serial=serial)
        return items.to_line(items.join(items.I, [
            (0x31, items.public(self.recovery)), (0x32, self.first), (0x33, seed),
            (0x34, certificate), (0x35, items.write_value(0x35, (hub, 51822, host)))]))


def address(number):
    return "10.99.%d.%d" % (number >> 8, number & 255)


def lan(number):
    return "10.%d.%d.0/24" % (100 + (number >> 8), number & 255)
