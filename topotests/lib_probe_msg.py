# SPDX-License-Identifier: GPL-2.0-or-later
"""
Probes of a mesh, once more: written from the format alone, for tests, to
compare with lib/core/wg_probe_msg.c and lib/backend/wg_probe_key.c, and to say
what wgd must not believe.
"""
import hashlib
import ipaddress

import lib_door as door
import lib_items as items

LEN = 54
PING, PONG = 1, 2


def pair_key(seed, identity, mesh, one, other):
    "The MAC key of two members: ours by its seed, the other's by its public key."
    secret, _ = items.x25519(seed)
    shared = door.x25519(secret, door.montgomery(identity))
    low, high = sorted((one, other))
    return items.h(32, "probe", shared, mesh, low.to_bytes(4, "big") + high.to_bytes(4, "big"))


def mac(key, data):
    return hashlib.blake2b(data, key=key, digest_size=16).digest()


def encode(key, kind, sender, to, number, seen=None):
    "SEEN, of a PONG: (address, port)."
    b = b"WMP" + bytes([kind]) + sender.to_bytes(4, "big") + to.to_bytes(4, "big") + number.to_bytes(8, "big")
    if seen:
        address = ipaddress.ip_address(seen[0])
        packed = address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed
        b += seen[1].to_bytes(2, "big") + packed
    b = b.ljust(LEN - 16, b"\0")
    return b + mac(key, b)


def decode(b):
    "(kind, sender, to, number, seen or None); None: it is none."
    if len(b) != LEN or b[:3] != b"WMP" or b[3] not in (PING, PONG):
        return None
    sender, to, number, port = (int.from_bytes(b[i:j], "big") for i, j in (
        (4, 8), (8, 12), (12, 20), (20, 22)))
    if not sender or not to or sender == to:
        return None
    if b[3] == PING:
        return None if any(b[20:38]) else (PING, sender, to, number, None)
    address = ipaddress.IPv6Address(b[22:38])
    address = address.ipv4_mapped or address
    if not port or not int(address) or address.is_multicast:
        return None
    return PONG, sender, to, number, (str(address), port)


def is_by(key, b):
    return mac(key, b[:-16]) == b[-16:]
