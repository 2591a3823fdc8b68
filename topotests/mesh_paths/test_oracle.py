# SPDX-License-Identifier: GPL-2.0-or-later
"""
The oracle of direct paths, and what the manual says, against the pairs that are known from the books, and
for all kinds of NATs against NATs that are played, packet by packet.
"""
import csv
import dataclasses
import itertools
import os
import re

import pytest

from lib_nat import KIND, place

from lib_oracle import ADDRESS, INDEPENDENT, PORT, Nat, Place, verdict

pytestmark = pytest.mark.once  # no network

FULL = Nat()
BY_ADDRESS = Nat(INDEPENDENT, ADDRESS)
BY_PORT = Nat(INDEPENDENT, PORT)
SYMMETRIC = Nat(PORT, PORT)
NO_HAIRPIN = Nat(INDEPENDENT, PORT, joined=False)
CARRIER = Nat(hairpin=True)
BOTH = frozenset((4, 6))


NAMES = itertools.count()


def behind(*nats, families=frozenset((4,)), shared=0):
    "By gateways of its own, but for the last ones."
    own = len(nats) - shared
    names = ["shared"] * len(nats)
    names[:own] = [str(next(NAMES)) for _ in range(own)]
    return Place(tuple(zip(names, nats)), families)


PUBLIC = behind()
SIX = behind(families=frozenset((6,)))


@pytest.mark.parametrize("a, b, direct, why", [
    (PUBLIC, PUBLIC, True, "cone"),
    (PUBLIC, behind(SYMMETRIC), True, "symmetric-one"),
    (behind(FULL), behind(BY_PORT), True, "cone"),
    (behind(BY_PORT), behind(BY_ADDRESS), True, "cone"),
    (behind(SYMMETRIC), behind(FULL), True, "symmetric-one"),
    (behind(SYMMETRIC), behind(BY_ADDRESS), True, "symmetric-one"),
    (behind(SYMMETRIC), behind(BY_PORT), False, "symmetric-and-port"),
    (behind(SYMMETRIC), behind(Nat(ADDRESS, INDEPENDENT)), False, "symmetric-both"),
    # in a row the strictest counts
    (behind(BY_PORT, SYMMETRIC), behind(BY_PORT), False, "symmetric-and-port"),
    (behind(FULL, BY_PORT), behind(SYMMETRIC), False, "symmetric-and-port"),
    (behind(BY_PORT, CARRIER), behind(BY_PORT), True, "cone"),
    # one NAT for both
    (behind(BY_PORT, shared=1), behind(BY_PORT, shared=1), True, "local"),
    (behind(SYMMETRIC, shared=1), behind(SYMMETRIC, shared=1), True, "local"),
    (behind(NO_HAIRPIN, shared=1), behind(NO_HAIRPIN, shared=1), False, "no-hairpin"),
    (behind(BY_PORT, CARRIER, shared=1), behind(FULL, CARRIER, shared=1), True, "hairpin"),
    (behind(SYMMETRIC, CARRIER, shared=1), behind(BY_PORT, CARRIER, shared=1), False, "symmetric-and-port"),
    # families
    (SIX, behind(FULL), False, "family"),
    (SIX, behind(families=BOTH), True, "ipv6"),
    (SIX, SIX, True, "ipv6"),
    (behind(Nat(only_hubs=True)), PUBLIC, False, "firewall"),
])
def test_known_pairs(a, b, direct, why):
    assert verdict(a, b) == (direct, why)
    assert verdict(b, a) == (direct, why)


class Played:
    "A NAT with one site behind it, at one outside address."

    def __init__(self, address, nat):
        self.address = address
        self.nat = nat
        self.ports = {}  # by what the mapping depends on
        self.sent = set()  # (outside port, address and port sent to)

    def out(self, to):
        "The outside (address, port) of a packet to that (address, port)."
        depends = (None, to[0], to)[self.nat.mapping]
        port = self.ports.setdefault(depends, 1000 + len(self.ports))
        self.sent.add((port, to))
        return self.address, port

    def lets_in(self, port, source):
        for mapped, to in self.sent:
            if mapped == port and (self.nat.filtering == INDEPENDENT
                                   or to[0] == source[0] and self.nat.filtering == ADDRESS
                                   or to == source):
                return True
        return False


def played(a, b):
    "Do they find each other?"
    ends = Played("a", a), Played("b", b)
    # what two hubs see of them
    places = [{end.out((hub, 1)) for hub in "hk"} for end in ends]
    for _ in range(4):
        for i in 0, 1:
            end, other = ends[i], ends[1 - i]
            for to in sorted(places[1 - i]):
                source = end.out(to)
                if not other.lets_in(to[1], source):
                    continue
                places[i].add(source)
                # the answer, to where it came from
                back = other.out(source)
                if end.lets_in(source[1], back) and back == to:
                    return True
    return False


@pytest.mark.parametrize("a, b", itertools.combinations_with_replacement(
    itertools.product(range(3), range(3)), 2))
def test_all_kinds(a, b):
    a, b = Nat(*a), Nat(*b)
    one, other = Place((("a", a),)), Place((("b", b),))
    assert verdict(one, other)[0] == played(a, b)


def test_manual():
    "Its table, of two sites that are not behind the same gateway."
    path = os.path.join(os.path.dirname(__file__), "../../doc/manual/paths.rst")
    with open(path, encoding="utf-8") as f:
        lines = [s.strip() for s in f if re.match(r' +"', s)]
    head, *rows = csv.reader(lines, skipinitialspace=True)
    assert [row[0] for row in rows] == head[1:]
    of_kind = {kind: site for site, kind in KIND.items()}
    for row in rows:
        for kind, told in zip(head[1:], row[1:]):
            one = place(of_kind[row[0]])
            other = place(of_kind[kind])
            apart = tuple(("other " + name, nat) for name, nat in other.way)
            direct, why = verdict(one, dataclasses.replace(other, way=apart))
            assert told == ("direct" if direct else "relay"), (row[0], kind, why)
