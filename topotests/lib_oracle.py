# SPDX-License-Identifier: GPL-2.0-or-later
"""
Which pairs of sites can talk directly, said from what NATs do (RFC 4787, RFC
5780), and not from what wgd does: what the tests of paths compare with.

A NAT is two answers.  Its mapping: does one socket have one outside port for
all it talks to (endpoint independent), one for each address, or one for each
address and port?  Its filtering: who may send to that port, once it is there:
all; addresses that the socket has sent to; or these addresses with the port it
has sent to?

Both ends send to what the hubs saw of the other one, again and again, and to
where the other one's packets come from.  So:

  - an end with one port for all is found at what the hubs saw of it;
  - an end with other ports is found only where its own packets come from: these
    must get through to the other end, which has sent to its address, but to
    another port;
  - two ends with other ports do not find each other, unless their NATs let in
    nearly all, which is not seen in real ones.

Behind the same outermost NAT both are seen with one address: they use their
local addresses, if these reach each other; else that NAT must send back what is
for its own address (hairpin).
"""
from dataclasses import dataclass

INDEPENDENT, ADDRESS, PORT = range(3)  # of mapping and of filtering
WORDS = ("endpoint independent", "by address", "by address and port")


@dataclass(frozen=True)
class Nat:
    "What a gateway does with UDP."

    mapping: int = INDEPENDENT
    filtering: int = INDEPENDENT
    hairpin: bool = False
    joined: bool = True  # what is behind it reaches each other
    only_hubs: bool = False  # UDP goes to hubs alone


@dataclass(frozen=True)
class Place:
    """
    Where a site is: what is between it and the Internet, as (name of the
    gateway, Nat), the closest first; its families.
    """

    way: tuple = ()
    families: frozenset = frozenset((4,))


def composed(way):
    "Gateways in a row are as one with the strictest of each."
    nats = [nat for _, nat in way]
    return (max([n.mapping for n in nats], default=INDEPENDENT),
            max([n.filtering for n in nats], default=INDEPENDENT))


def across(one, other):
    "Of two ends by their composed (mapping, filtering)."
    changing = [end for end in (one, other) if end[0] != INDEPENDENT]
    if not changing:
        return True, "cone"
    if len(changing) == 2:
        # a port for each address is at least the same for each packet to the
        # other end, which learns it if the first one gets in
        lax = sorted(end[1] for end in changing)
        stable = any(end[0] == ADDRESS for end in changing)
        learned = stable and lax[0] == INDEPENDENT and lax[1] != PORT
        return learned, "symmetric-both"
    strict = other if changing[0] is one else one
    if strict[1] == PORT:
        return False, "symmetric-and-port"
    return True, "symmetric-one"


def verdict(a, b):
    "(is the pair direct, the reason in a word)."
    common = a.families & b.families
    if not common:
        return False, "family"
    if any(nat.only_hubs for place in (a, b) for _, nat in place.way):
        return False, "firewall"
    if 6 in common:
        # gateways translate no IPv6: firewalls that let answers in
        return True, "ipv6"
    shared = [x for x in a.way if x in b.way]
    if not shared:
        return across(composed(a.way), composed(b.way))
    first = shared[0]
    if a.way[0] == b.way[0] and first[1].joined:
        return True, "local"
    if not first[1].hairpin:
        return False, "no-hairpin"
    # up to that NAT's outside and back
    direct, why = across(*(composed(x.way[:x.way.index(first) + 1]) for x in (a, b)))
    return direct, "hairpin" if direct else why
