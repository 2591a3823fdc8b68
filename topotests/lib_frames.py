# SPDX-License-Identifier: GPL-2.0-or-later
"""
What members of a mesh say to each other, once more: frames of a stream, written
from the format alone, for tests, to compare with lib/core/wg_frame.c and to say
what no wgd would say.

A frame is a dict: its "kind", and what stands in it by name.  Places are
(port, address) as ipaddress has them; entries are (kind, member, version,
hash).
"""
import ipaddress
import struct

HELLO, HAVE, WANT, ITEM, KEEPALIVE, BYE, CALL, STATE = range(1, 9)
NAMES = {
    HELLO: "HELLO", HAVE: "HAVE", WANT: "WANT", ITEM: "ITEM",
    KEEPALIVE: "KEEPALIVE", BYE: "BYE", CALL: "CALL", STATE: "STATE",
}
MOST = 49152
ITEM_MOST = 45186
ENTRY = struct.Struct(">BLQ16s")
PLACE = struct.Struct(">H16s")
CALLS = struct.Struct(">LLQHBB")
# kind: how long a body may be
LENGTHS = {
    HELLO: range(22, 23), HAVE: range(0, MOST - 3, ENTRY.size),
    WANT: range(0, MOST - 3, ENTRY.size), ITEM: range(8, ITEM_MOST + 1),
    KEEPALIVE: range(16, 17), BYE: range(1),
    CALL: range(CALLS.size, CALLS.size + 8 * PLACE.size + 1, PLACE.size),
    STATE: range(5, 6),
}


class Refused(Exception):
    "These bytes are no frame."


def need(condition, why):
    if not condition:
        raise Refused(why)


def to_place(b):
    port, address = PLACE.unpack(b)
    address = ipaddress.IPv6Address(address)
    return port, address.ipv4_mapped or address


def of_place(place):
    port, address = place
    if address.version == 4:
        address = ipaddress.IPv6Address("::ffff:%s" % address)
    return PLACE.pack(port, address.packed)


def parts(b, size):
    return [b[at:at + size] for at in range(0, len(b), size)]


def decode_body(kind, b):
    if kind == HELLO:
        version, member, map_hash = struct.unpack(">HL16s", b)
        need(member, "nobody")
        return {"version": version, "member": member, "hash": map_hash}
    if kind in (HAVE, WANT):
        return {"entries": [ENTRY.unpack(e) for e in parts(b, ENTRY.size)]}
    if kind == ITEM:
        return {"item": b}
    if kind == KEEPALIVE:
        return {"hash": b}
    if kind == BYE:
        return {}
    if kind == CALL:
        to, who, number, start, answer, n = CALLS.unpack(b[:CALLS.size])
        places = parts(b[CALLS.size:], PLACE.size)
        need(to and who, "nobody")
        need(answer < 2 and n == len(places), "CALL")
        return {"to": to, "from": who, "id": number, "start": start,
                "answer": answer, "places": [to_place(p) for p in places]}
    member, connected = struct.unpack(">LB", b)
    need(member and connected < 2, "STATE")
    return {"member": member, "connected": connected}


def decode(b):
    "(frame, bytes behind it); (None, b): it is not whole yet; or Refused."
    if len(b) < 4:
        return None, b
    length, kind, zero = struct.unpack(">HBB", b[:4])
    need(zero == 0 and length - 4 in LENGTHS.get(kind, ()), "head")
    if len(b) < length:
        return None, b
    return {"kind": kind, **decode_body(kind, b[4:length])}, b[length:]


def encode_body(f):
    kind = f["kind"]
    if kind == HELLO:
        return struct.pack(">HL16s", f["version"], f["member"], f["hash"])
    if kind in (HAVE, WANT):
        return b"".join(ENTRY.pack(*e) for e in f["entries"])
    if kind == ITEM:
        return f["item"]
    if kind == KEEPALIVE:
        return f["hash"]
    if kind == CALL:
        return CALLS.pack(
            f["to"], f["from"], f["id"], f["start"], f["answer"],
            len(f["places"])) + b"".join(of_place(p) for p in f["places"])
    if kind == STATE:
        return struct.pack(">LB", f["member"], f["connected"])
    return b""


def encode(f):
    body = encode_body(f)
    return struct.pack(">HBB", 4 + len(body), f["kind"], 0) + body
