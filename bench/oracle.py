# SPDX-License-Identifier: GPL-2.0-or-later
"""
Whose is an address?  Asked of the kernel's routes and of the device, which
must agree.  Neither of the two shares code with wgd, nor with the other:

  Lengths    a dictionary for each prefix length, longest first; for routes
  Intervals  the address space cut where the owner changes; for the device

A table is {(family, address, length): owner}, addresses being integers.  An
owner is any object; nobody is None.
"""
import bisect
import random
import re
import socket

BITS = {4: 32, 6: 128}


def number(text):
    "(family, integer) of an address."
    if ":" in text:
        return 6, int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
    return 4, int.from_bytes(socket.inet_aton(text), "big")


def parse(text):
    "A prefix; one address without a length."
    address, slash, length = text.partition("/")
    family, value = number(address)
    length = int(length) if slash else BITS[family]
    host = BITS[family] - length
    return family, value >> host << host, length


def text_of(family, value):
    data = value.to_bytes(BITS[family] // 8, "big")
    return socket.inet_ntop(socket.AF_INET if family == 4 else socket.AF_INET6, data)


class Lengths:
    def __init__(self, table):
        self.by = {4: {}, 6: {}}
        for (family, value, length), owner in table.items():
            host = BITS[family] - length
            self.by[family].setdefault(host, {})[value >> host] = owner
        for family, by in self.by.items():
            self.by[family] = sorted(by.items())

    def owner(self, family, value):
        for host, owners in self.by[family]:
            found = owners.get(value >> host)
            if found is not None:
                return found
        return None


class Intervals:
    def __init__(self, table):
        self.starts, self.owners = {4: [], 6: []}, {4: [], 6: []}
        for family in BITS:
            self._cut(family, sorted(
                (value, length, owner)
                for (f, value, length), owner in table.items() if f == family
            ))

    def _cut(self, family, prefixes):
        starts, owners = self.starts[family], self.owners[family]

        def at(start, owner):
            if starts and starts[-1] == start:
                owners[-1] = owner
            else:
                starts.append(start)
                owners.append(owner)

        around = []  # (end, owner) of the prefixes that we are in
        at(0, None)
        for value, length, owner in prefixes:
            while around and around[-1][0] <= value:
                end, _ = around.pop()
                at(end, around[-1][1] if around else None)
            at(value, owner)
            around.append((value + (1 << (BITS[family] - length)), owner))
        while around:
            end, _ = around.pop()
            at(end, around[-1][1] if around else None)

    def owner(self, family, value):
        return self.owners[family][bisect.bisect_right(self.starts[family], value) - 1]


VIA = re.compile(
    r"^(?:unicast )?(\S+) .*?\bvia (?:inet6? )?(\S+) dev (\S+)", re.MULTILINE
)


def routes(text, ifname):
    "The table that `ip -4 route` or `ip -6 route` prints: {prefix: gateway}."
    return {
        parse(m[1]): m[2] for m in VIA.finditer(text)
        if m[3] == ifname and m[1] != "default"
    }


def allowed_ips(text):
    "The table that `wg show IF allowed-ips` prints: {prefix: public key}."
    table = {}
    for line in text.splitlines():
        key, prefixes = line.split("\t")
        for prefix in prefixes.split():
            if prefix != "(none)":
                table[parse(prefix)] = key
    return table


def addresses(prefixes, n, seed):
    "n random addresses, every second one inside one of the prefixes."
    r = random.Random(seed)
    families = sorted({p[0] for p in prefixes})
    for i in range(n):
        if i & 1:
            family, value, length = r.choice(prefixes)
            yield family, value | r.getrandbits(BITS[family] - length)
        elif r.choice(families) == 4:
            yield 4, r.getrandbits(32)
        else:
            yield 6, 1 << 125 | r.getrandbits(125)  # 2000::/3


def disagreement(expected, device, prefixes, n, seed):
    """
    None, or the first of n random addresses (and of all the prefixes' own first
    addresses) that the two tables give to different owners, in words.
    """
    one, other = Lengths(expected), Intervals(device)
    for some in addresses(prefixes, n, seed), ((f, v) for f, v, _ in prefixes):
        for family, value in some:
            want, have = one.owner(family, value), other.owner(family, value)
            if want != have:
                return "%s is %s's and the device has it at %s" % (
                    text_of(family, value), want, have)
    return None
