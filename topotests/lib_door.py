# SPDX-License-Identifier: GPL-2.0-or-later
"""
A hub's door and who asks at it, once more: written from the format alone, for
tests, to compare with lib/core/wg_door.c and lib/backend/wg_seal.c, and to
knock as nobody should.

Seal and MAC are of classes Asked (who asks) and Door (who answers); Hub is what
the door's hub knows, and whom it lets in.
"""
import ctypes
import hashlib
import os
import struct

import lib_items as items
from lib_items import C, D, S, W, decode, h, need, sodium

REGISTER, COOKIE, WELCOME, REFUSED = 1, 2, 3, 4
WHY = [None, "invite-used", "invite-expired", "revoked", "superseded",
       "disputed", "unknown-member", "unknown-mesh", "full", "busy",
       "old-sequence"]
TEXT = 1092
DAY = 86400


# --- crypto


def x25519(secret, public):
    shared = ctypes.create_string_buffer(32)
    if sodium.crypto_scalarmult(shared, secret, public):
        raise items.Refused("small order")
    return shared.raw


def base(secret):
    public = ctypes.create_string_buffer(32)
    sodium.crypto_scalarmult_base(public, secret)
    return public.raw


def montgomery(public):
    "The X25519 form of a public key."
    found = ctypes.create_string_buffer(32)
    need(not sodium.crypto_sign_ed25519_pk_to_curve25519(found, public), "key")
    return found.raw


def aead(name, data, more, nonce, key, size):
    found = ctypes.create_string_buffer(max(size, 1))
    n = ctypes.c_ulonglong
    call = getattr(sodium, "crypto_aead_xchacha20poly1305_ietf_" + name)
    args = ([found, None, data, n(len(data)), more, n(len(more)), None, nonce]
            if name == "encrypt" else
            [found, None, None, data, n(len(data)), more, n(len(more)), nonce])
    if call(*args, key):
        raise items.Refused("seal")
    return found.raw[:size]


def seal(key, head, text, nonce, more=b""):
    return head + nonce + aead("encrypt", text, head + more, nonce, key,
                               len(text) + 16)


def unseal(key, datagram, at, end, more=b""):
    "What is sealed behind a nonce at AT, up to END."
    need(end - at >= 24 + 16, "length")
    return aead("decrypt", datagram[at + 24:end], datagram[:at] + more,
                datagram[at:at + 24], key, end - at - 24 - 16)


def mac(key, data):
    return hashlib.blake2b(data, digest_size=16, key=key).digest()


# --- texts


def question(sequence, *some):
    text = struct.pack(">Q", sequence) + b"".join(some)
    return text + bytes(TEXT - len(text))


def items_of(text):
    "Items one after another, and what is behind them."
    found = []
    while text[:3] == b"WGM":
        need(len(text) >= 8, "cut")
        n = int.from_bytes(text[6:8], "big")
        need(8 <= n <= len(text), "cut")
        decode(text[:n])
        found.append(text[:n])
        text = text[n:]
    return found, text


def values(item):
    return dict(decode(item)[1])


def read_question(text):
    "(sequence, C, S or W or None, D), or Refused."
    need(len(text) == TEXT, "length")
    found, rest = items_of(text[8:])
    need(not any(rest), "rest")
    kinds = [item[3] for item in found]
    need(kinds in ([C, D], [C, S, D], [C, W, D]), "kinds %s" % kinds)
    all_ = [values(item) for item in found]
    need(bool(all_[0][8] & 2) == (len(found) == 3), "proof")
    need(len({(v[1], v[2]) for v in all_}) == 1, "member")
    if len(found) == 3:
        need(values(succession(found[1]))[4] == all_[0][4], "invite")
    return (int.from_bytes(text[:8], "big"), found[0],
            found[1] if len(found) == 3 else None, found[-1])


def succession(proof):
    return values(proof)[0x26] if proof[3] == W else proof


def refused(why, sequence=0):
    return struct.pack(">BQ", WHY.index(why), sequence)


# --- who asks


class Asked:
    "A question, and what its answers are read with."

    def __init__(self, hub, text, cookie=bytes(16), ephemeral=None,
                 nonce=None):
        secret = ephemeral or os.urandom(32)
        public = base(secret)
        keys = h(64, "seal", x25519(secret, montgomery(hub)), public, hub)
        self.hub, self.reply = hub, keys[32:]
        b = seal(keys[:32], b"\1\1\0\0" + public, text, nonce or os.urandom(24))
        b += cookie
        self.mac = mac(h(32, "door", hub), b)
        self.datagram = b + self.mac
        assert len(self.datagram) == 1200

    def read(self, b):
        "(kind, text), or Refused."
        need(len(b) >= 44 and b[0] == 1 and b[2:4] == b"\0\0", "head")
        need(b[1] in (COOKIE, WELCOME, REFUSED), "kind")
        if b[1] == COOKIE:
            text = unseal(h(32, "cookie", self.hub), b, 4, len(b), self.mac)
            need(len(text) == 16, "length")
        else:
            text = unseal(self.reply, b, 4, len(b))
        return b[1], text


# --- the door


class Door:
    """The door of the hub with this seed.  hear() returns (what, value): silent
    and why, cookie and the answer, question and (text, key of the answer)."""

    def __init__(self, seed, cookie_key=None):
        self.hub = items.public(seed)
        self.secret = items.x25519(seed)[0]
        self.cookie_key = cookie_key or os.urandom(32)

    def cookie(self, ip, port):
        b = ip.packed if ip.version == 6 else b"\0" * 10 + b"\xff\xff" + ip.packed
        return mac(self.cookie_key, b + struct.pack(">H", port))

    def hear(self, b, ip, port, nonce=None):
        if len(b) != 1200 or b[:4] != b"\1\1\0\0":
            return "silent", "foreign"
        if mac(h(32, "door", self.hub), b[:1184]) != b[1184:]:
            return "silent", "stranger"
        if self.cookie(ip, port) != b[1168:1184]:
            return "cookie", seal(h(32, "cookie", self.hub), b"\1\2\0\0",
                                  self.cookie(ip, port),
                                  nonce or os.urandom(24), b[1184:])
        try:
            keys = h(64, "seal", x25519(self.secret, b[4:36]), b[4:36],
                     self.hub)
            text = unseal(keys[:32], b, 36, 1168)
        except items.Refused:
            return "silent", "broken"
        try:
            read_question(text)
        except items.Refused:
            return "silent", "no-form"
        return "question", (text, keys[32:])

    @staticmethod
    def answer(key, kind, text, nonce=None):
        return seal(key, bytes([1, kind, 0, 0]), text, nonce or os.urandom(24))


class Hub:
    "What a hub knows of a mesh, and whom it lets in."

    def __init__(self, member, seed, mesh, authorities):
        self.member, self.seed, self.mesh = member, seed, mesh
        self.authorities = authorities  # number: public key
        self.items, self.records, self.revoked = [], {}, {}
        self.settled, self.clock_bad, self.disk_fails = True, False, False
        self.now, self.maximum, self.void_below = 1000, 0, 0
        self.sequence = 0

    def is_void(self, c):
        return (c[3] < self.revoked.get(c[2], 0) or
                c.get(0x25, 0) < self.void_below)

    def offer(self, item):
        if item not in self.items and not (
                item[3] == C and self.is_void(values(item))):
            self.items.append(item)

    def of(self, kind):
        return [(item, values(item)) for item in self.items if item[3] == kind]

    def hub_key(self, member):
        keys = [c[4] for _, c in self.of(C)
                if c[2] == member and c[8] == 1 and not self.is_void(c)]
        return keys[-1] if keys else None

    def witnesses(self, c):
        "{hub: identities that it saw with the invite of these values}"
        found = {}
        for _, w in self.of(W):
            s = values(w[0x26])
            if (s[2], s[4]) == (c[2], c[4]):
                found.setdefault(w[0x1B], set()).add(s[0x24])
        return found

    def counts(self, c):
        "The identity that counts, False for a dispute, None for nothing."
        seen = self.witnesses(c)
        votes = [list(who)[0] for hub, who in seen.items()
                 if len(who) == 1 and self.hub_key(hub)]
        if not seen:
            return None
        best = sorted(set(votes), key=votes.count)[-2:]
        if not best or (len(best) == 2 and
                        votes.count(best[0]) == votes.count(best[1])):
            return False
        return best[-1]

    def identity(self, c):
        return self.counts(c) or None if c[8] & 2 else c[4]

    def newest(self, member, with_identity):
        found = [(items.version(item), -n, item)
                 for n, (item, c) in enumerate(self.of(C))
                 if c[2] == member and not self.is_void(c) and
                 (self.identity(c) or not with_identity)]
        return max(found)[2] if found else None

    def check(self, c, proof):
        "Before anything is kept."
        cv = values(c)
        later = "unknown-member" if self.settled else "busy"
        if cv[1] != self.mesh or not self.hub_key(self.member):
            return "unknown-mesh"
        if cv[2] == self.member:
            return "disputed"
        authority = self.authorities.get(cv.get(0x25, 0))
        if not authority:
            return later
        if not items.verify(c, 0x7F, authority):
            return "unknown-member"
        why = self.check_time(c)
        if why or not proof:
            return why
        if proof[3] == W:
            hub = self.hub_key(values(proof)[0x1B])
            if not hub:
                return later
            if not items.verify(proof, 0x7F, hub):
                return "unknown-member"
        s = succession(proof)
        sv = values(s)
        if not (items.verify(s, 0x7E, sv[4]) and
                items.verify(s, 0x7F, sv[0x24])):
            return "unknown-member"
        return None

    def check_time(self, c):
        top = values(self.top(c))
        if self.is_void(top):
            return "revoked"
        if not self.clock_bad and self.now < top[6]:
            return "busy"
        if not self.clock_bad and self.now > top[7] + 30 * DAY:
            return "invite-expired"
        return None

    def top(self, c):
        present = self.newest(values(c)[2], True)
        if present and items.version(present) >= items.version(c):
            return present
        return c

    def first_use(self, c, proof):
        cv = values(c)
        newest = self.newest(cv[2], False)
        if newest and items.version(newest) > items.version(c):
            return "superseded"
        if proof[3] == W:
            return "unknown-member" if self.settled else "busy"
        if 0x0E not in cv or self.now > cv[0x0E]:
            return "invite-expired"
        return None if self.settled else "busy"

    def judge(self, sequence, c, proof, d):
        "(None, 0), or the word and a sequence."
        cv, dv = values(c), values(d)
        why = self.check(c, proof)
        known = {v[2] for _, v in self.of(C)}
        if not why and (self.maximum and cv[2] not in known and
                        len(known) >= self.maximum):
            why = "full"
        if why:
            return why, 0
        self.offer(c)
        if proof and proof[3] == W:
            self.offer(proof)
        # by now another one may be present
        why = self.check_time(c)
        if why:
            return why, 0
        top, counts = self.top(c), None
        here = values(top)
        if proof:
            successor = values(succession(proof))[0x24]
            counts = self.counts(cv)
        present = self.identity(here) if top in self.items else None
        identity = present or (successor if proof else cv[4])
        if not items.verify(d, 0x7C, dv[0x12]):
            return "unknown-member", 0
        if not items.verify(d, 0x7F, identity):
            if top != c:
                return "superseded", 0
            # who is known by it is another one
            return ("invite-used" if proof and counts else
                    "unknown-member"), 0
        if proof and top == c:
            if counts is False:
                return "disputed", 0
            if counts and counts != successor:
                return "invite-used", 0
            why = self.first_use(c, proof) if counts is None else None
            if why:
                return why, 0
        # of the present identity; there may be none, or another one
        before = self.newest(cv[2], True)
        present = self.identity(values(before)) if before else None
        last = self.records.get(cv[2])
        if last and not (present == identity and
                         items.verify(last, 0x7F, identity)):
            last = None
        ours = values(last)[0x10] if last else 0
        if not (dv[0x10] > ours or (dv[0x10] and d == last)):
            return "old-sequence", ours
        return self.keep(sequence, (c, proof, d), proof and top == c, counts)

    def keep(self, sequence, brought, is_redeeming, counts):
        c, proof, d = brought
        mine = self.witnesses(values(c)).get(self.member)
        if is_redeeming and not mine and (self.settled or counts is None):
            if not self.disk_fails:
                s = succession(proof)
                self.offer(items.encode(W, [
                    (1, self.mesh), (2, values(c)[2]), (0x1B, self.member),
                    (0x26, s)], s7f=self.seed))
            elif counts is None:
                return "busy", 0
        self.records[values(c)[2]] = d
        if self.sequence < sequence < min(self.sequence + (1 << 20),
                                          (1 << 64) - 1):
            self.sequence = sequence + 1
        return None, 0
