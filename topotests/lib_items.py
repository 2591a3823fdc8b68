# SPDX-License-Identifier: GPL-2.0-or-later
"""
Signed items of a mesh, once more: written from the format alone, for tests, to
compare with lib/core/wg_item.c and to forge what wgd must refuse.

An item is a kind and a list of (type, value); a value is a number, bytes, a
text, or what ipaddress has.  A row of the format is a regular expression over
the types, in hexadecimal.
"""
import base64
import ctypes
import hashlib
import ipaddress
import re
import struct

C, S, W, R, L, I, A, Q, J, D = 1, 2, 3, 4, 5, 7, 8, 9, 10, 11
NAMES = {
    C: "certificate", S: "succession", W: "witness", R: "record", L: "list",
    I: "invite", A: "authority", Q: "request", J: "answer", D: "door-record",
}
# kind: (types, least, most); ~ stands for those of later versions
ROWS = {
    A: ("01 08 11 23 25 7f", 154, 154),
    L: ("01 11 20 21 (22){0,4096} 25? ~ 7f", 123, 45186),
    C: ("01 02 03 04 05 06 07 08 09? (0a|0b){1,4} 0c* 0d* 0e? 20 25? ~ 7f",
        191, 512),
    S: ("01 02 04 24 7e 7f", 238, 238),
    W: ("01 02 1b 26 7f", 349, 349),
    R: ("01 02 10 12 13? 14 (15|16|17){0,8} 18* 19* 1c? ~ 7c 7d? 7f",
        219, 1400),
    D: ("01 02 10 12 14 7c 7f", 219, 219),
    I: ("31 32 33 34 (35){0,4} 36?", 307, 1098),
    J: ("31 32 34 (35){0,4} 36?", 272, 1063),
    Q: ("04 7f", 110, 110),
}


def pattern(row):
    return re.compile("".join(
        "(?:6[0-9a-f]|7[0-9ab])*" if word == "~" else
        word if word[0] == "(" else "(?:%s)%s" % (word[:2], word[2:])
        for word in row.split()))


PATTERNS = {kind: pattern(row[0]) for kind, row in ROWS.items()}
# type: bytes of a number, and its range where not all are allowed
NUMBERS = {
    0x02: (4, 1), 0x03: (4, 0), 0x06: (8, 0), 0x07: (8, 0), 0x08: (4, 0),
    0x09: (1, 1, 8), 0x0E: (8, 0), 0x10: (8, 0), 0x11: (8, 0), 0x14: (2, 1),
    0x1B: (4, 1), 0x1C: (2, 1), 0x20: (4, 0), 0x21: (8, 0), 0x25: (4, 1),
}
# type: so many bytes
BYTES = {
    0x01: 16, 0x04: 32, 0x12: 32, 0x13: 32, 0x23: 32, 0x24: 32, 0x26: 238,
    0x31: 32, 0x32: 32, 0x33: 32, 0x7C: 64, 0x7D: 64, 0x7E: 64, 0x7F: 64,
}
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,62}")
MESH_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:-]{0,63}")
FLAGS = {C: 1 | 2, A: 4}
SIGNATURES = (0x7C, 0x7D, 0x7E, 0x7F)
HEAD, TLV = 8, 3


class Refused(Exception):
    "These bytes are no item."


def need(condition, why):
    if not condition:
        raise Refused(why)


# --- values


def read_host(pattern, b):
    text = b.decode("latin-1")
    need(pattern.fullmatch(text), "text %r" % text)
    return text


def read_port(b):
    need(len(b) == 2 and b != b"\0\0", "port")
    return int.from_bytes(b, "big")


def read_prefix(size, length, b):
    need(len(b) == size and length <= 8 * size, "prefix")
    try:
        # its host bits are zero, or this complains
        return ipaddress.ip_network((b, length))
    except ValueError as e:
        raise Refused(str(e)) from e


def size_of(kind):
    "Of the address in a type: IPv4's is the lower one of two."
    return {0x0A: 4, 0x0B: 16, 0x0C: 4, 0x0D: 16, 0x15: 4, 0x16: 16, 0x18: 4,
            0x19: 16}[kind]


def read_value(t, b):
    if t in NUMBERS:
        size, least, *most = NUMBERS[t]
        n = int.from_bytes(b, "big")
        need(len(b) == size and n >= least, "number")
        need(not most or n <= most[0], "number")
        return n
    if t in BYTES:
        need(len(b) == BYTES[t], "size")
        return b
    if 0x60 <= t <= 0x7B:
        return b
    if t == 0x05:
        return read_host(NAME, b)
    if t == 0x36:
        return read_host(MESH_NAME, b)
    if t == 0x34:
        need(191 <= len(b) <= 512, "size")
        return b
    if t in (0x0A, 0x0B):
        need(len(b) == 1 + size_of(t) and b[0] <= 8 * size_of(t), "address")
        return ipaddress.ip_interface((b[1:], b[0]))
    if t in (0x0C, 0x0D):
        need(len(b) > 2 and b[0] <= b[1] <= 8 * size_of(t), "longest")
        return read_prefix(size_of(t), b[0], b[2:]), b[1]
    if t in (0x18, 0x19):
        end = 1 + size_of(t)
        need(end <= len(b) <= end + 1, "size")
        return (read_prefix(size_of(t), b[0], b[1:end]),
                b[end] if b[end:] else None)
    if t in (0x15, 0x16):
        need(len(b) == 2 + size_of(t), "size")
        return read_port(b[:2]), ipaddress.ip_address(b[2:])
    if t == 0x17:
        return read_port(b[:2]), read_host(HOST, b[2:])
    if t == 0x22:
        need(len(b) == 8 and b[:4] != b"\0" * 4, "revoked")
        return struct.unpack(">LL", b)
    if t == 0x35:
        return b[:32], read_port(b[32:34]), read_host(HOST, b[34:])
    raise Refused("type %02x" % t)


def write_value(t, v):
    if t in NUMBERS:
        return v.to_bytes(NUMBERS[t][0], "big")
    if t in (0x05, 0x36):
        return v.encode()
    if t in (0x0A, 0x0B):
        return bytes([v.network.prefixlen]) + v.ip.packed
    if t in (0x0C, 0x0D):
        return (bytes([v[0].prefixlen, v[1]]) + v[0].network_address.packed)
    if t in (0x18, 0x19):
        return (bytes([v[0].prefixlen]) + v[0].network_address.packed
                + (b"" if v[1] is None else bytes([v[1]])))
    if t in (0x15, 0x16):
        return struct.pack(">H", v[0]) + v[1].packed
    if t == 0x17:
        return struct.pack(">H", v[0]) + v[1].encode()
    if t == 0x22:
        return struct.pack(">LL", *v)
    if t == 0x35:
        return v[0] + struct.pack(">H", v[1]) + v[2].encode()
    return v


# --- items


def split(item):
    "[(type, bytes)] of what follows the header."
    found, at = [], HEAD
    while at < len(item):
        need(at + TLV <= len(item), "cut")
        t, n = struct.unpack(">BH", item[at:at + TLV])
        at += TLV + n
        need(at <= len(item), "cut")
        found.append((t, item[at - n:at]))
    return found


def decode(item):
    "(kind, [(type, value)]), or Refused."
    need(len(item) >= HEAD and item[:3] == b"WGM", "magic")
    kind = item[3]
    need(kind in ROWS and item[4:6] == b"\1\0", "kind, version")
    types, least, most = ROWS[kind]
    need(int.from_bytes(item[6:8], "big") == len(item), "length")
    need(least <= len(item) <= most, "size")
    pairs = split(item)
    need(PATTERNS[kind].fullmatch("".join("%02x" % t for t, b in pairs)),
         "not of the row " + types)
    need(pairs == sorted(set(pairs)), "order")
    values = [(t, read_value(t, b)) for t, b in pairs]
    one = dict(values)
    need(not one.get(8, 0) & ~FLAGS.get(kind, 0), "flags")
    need(bool(one.get(8, 0) & 1) == (9 in one), "hub and number")
    need((0x13 in one) == (0x7D in one), "next key and proof")
    if 0x26 in one:
        need(one[0x26][3] == S, "kind within")
        inner = dict(decode(one[0x26])[1])
        need((inner[1], inner[2]) == (one[1], one[2]), "another's")
    if 0x34 in one:
        need(one[0x34][3] == C, "kind within")
        decode(one[0x34])
    return kind, values


def join(kind, pairs):
    "An item of (type, bytes) as they are, right or wrong."
    body = b"".join(struct.pack(">BH", t, len(b)) + b for t, b in pairs)
    return struct.pack(">3sBBBH", b"WGM", kind, 1, 0, HEAD + len(body)) + body


def encode(kind, values, **keys):
    """
    The item, signed by what is given as `s7f=seed` and so on: seeds of 32
    bytes.  Signatures that are among the values stay.
    """
    pairs = [(t, write_value(t, v)) for t, v in values]
    pairs += [(int(name[1:], 16), bytes(64)) for name in keys]
    item = join(kind, sorted(pairs))
    for name, seed in sorted(keys.items()):
        item = sign(item, int(name[1:], 16), seed)
    return item


def version(item):
    kind, values = decode(item)
    one = dict(values)
    if kind == A:
        return one[0x25]
    if kind in (L, C):
        return one.get(0x25, 0) << 32 | one[0x20 if kind == L else 3]
    return one.get({W: 0x1B, R: 0x10, D: 0x10}.get(kind), 0)


# --- crypto

sodium = ctypes.CDLL("libsodium.so.23")
assert sodium.sodium_init() >= 0


def h(size, word, *parts):
    text = b"frr-wgd mesh 1 " + word.encode() + b"\0" + b"".join(parts)
    return hashlib.blake2b(text, digest_size=size).digest()


def public(seed):
    pub, secret = (ctypes.create_string_buffer(n) for n in (32, 64))
    assert sodium.crypto_sign_seed_keypair(pub, secret, seed) == 0
    return pub.raw


def secret_of(seed):
    return seed + public(seed)


def x25519(seed):
    "The X25519 forms of a key: (secret, public)."
    secret, pub = (ctypes.create_string_buffer(32) for n in range(2))
    sodium.crypto_sign_ed25519_sk_to_curve25519(secret, secret_of(seed))
    assert not sodium.crypto_sign_ed25519_pk_to_curve25519(pub, public(seed))
    return secret.raw, pub.raw


def signed(item, t):
    "Where the signature begins, and what it is over."
    at = HEAD
    for found, b in split(item):
        if found == t:
            text = b"frr-wgd mesh 1 item\0" + bytes([t]) + item[:at]
            return at + TLV, text
        at += TLV + len(b)
    raise KeyError("no signature %02x" % t)


def sign(item, t, seed):
    at, text = signed(item, t)
    signature = ctypes.create_string_buffer(64)
    sodium.crypto_sign_detached(signature, None, text,
                                ctypes.c_ulonglong(len(text)), secret_of(seed))
    return item[:at] + signature.raw + item[at + 64:]


def verify(item, t, pub):
    at, text = signed(item, t)
    return sodium.crypto_sign_verify_detached(
        item[at:at + 64], text, ctypes.c_ulonglong(len(text)), pub) == 0


# --- lines


def to_line(item):
    head = {I: "wgmesh1:", J: "wgmesh1:", Q: "wgreq1:"}[item[3]]
    data = item + h(16, "line", item)[:4]
    return head + base64.urlsafe_b64encode(data).decode().rstrip("=")


def of_line(line):
    head, _, text = "".join(line.split()).partition(":")
    need(head in ("wgmesh1", "wgreq1"), "head")
    need(re.fullmatch("[A-Za-z0-9_-]*", text), "character")
    need(len(text) % 4 != 1, "lost")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    item = data[:-4]
    need(h(16, "line", item)[:4] == data[-4:], "changed")
    need(to_line(item) == head + ":" + text, "bits left over")
    decode(item)
    return item
