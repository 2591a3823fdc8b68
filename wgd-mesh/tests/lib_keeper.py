# SPDX-License-Identifier: GPL-2.0-or-later
"""
Runs wgd-mesh, and looks at what came of it with other eyes: items are decoded
and verified by topotests/lib_items.py, the vault is opened here, and members
that join are played.
"""
import ctypes
import functools
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.environ.get("top_srcdir", HERE + "/../.."))
BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
sys.dont_write_bytecode = True
sys.path.insert(0, TOP + "/topotests")
import lib_items as items  # noqa: E402
from lib_items import A, C, I, L, Q, R, S, W  # noqa: E402

TOOL = BUILD + "/wgd-mesh/wgd-mesh"
FAULTY = BUILD + "/wgd-mesh/tests/wgd-mesh-faulty"
PASSPHRASE = "correct horse battery"
DAY = 86400
YEAR_2020 = 1577836800


class Skip(Exception):
    "Why a test is left out."


class Wrong(list):
    "What a test found."

    def same(self, what, is_, must):
        if is_ != must:
            self.append("%s is %r, not %r" % (what, is_, must))

    def true(self, what, is_):
        if not is_:
            self.append(what)


class Tap:
    "Tests, in the order in which they are written."

    def __init__(self):
        self.tests = []

    def test(self, name):
        "A function that is given a Wrong."
        def keep(function):
            self.tests.append((name, function))
            return function
        return keep

    def main(self, doc):
        if sys.argv[1:]:
            print(doc.strip())
            return
        print("1..%d" % len(self.tests))
        for n, (name, function) in enumerate(self.tests, 1):
            wrong, why = Wrong(), ""
            try:
                function(wrong)
            except Skip as skip:
                why = " # SKIP %s" % skip
            except Exception:  # what was found before is worth more
                wrong.append(traceback.format_exc())
            print("%s %d - %s%s" % ("not ok" if wrong else "ok", n, name, why), flush=True)
            for line in wrong:
                print("# " + str(line).replace("\n", "\n# "))


class Done:
    "What a run said."

    def __init__(self, done):
        self.rc, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __str__(self):
        return "exit %d\n%s%s" % (self.rc, self.out, self.err)


class Place:
    """
    A folder for a keeper's files, which goes with all that is in it.  In memory
    where it can be: each run brings all it writes to the disk, and waits.
    """

    def __init__(self):
        fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.path = tempfile.mkdtemp(prefix="wgd-mesh-", dir=fast)
        self.secret("pass", PASSPHRASE + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def at(self, *names):
        return os.path.join(self.path, *names)

    def secret(self, name, text):
        with open(os.open(self.at(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  "w", encoding="utf-8") as f:
            f.write(text)
        return self.at(name)

    def run(self, *words, tool=TOOL, **more):
        "As it is, without passphrase."
        more = {"stdin": subprocess.DEVNULL, "start_new_session": True, **more}
        return Done(subprocess.run([tool, *map(str, words)], cwd=self.path,
                                   capture_output=True, text=True, timeout=60, **more))

    def keep(self, command, mesh, *words, **more):
        "A command that opens the key."
        return self.run(command, mesh, "--passphrase-file", "pass", *words, **more)

    def good(self, *words, **more):
        done = (self.keep if words[0] in KEYED else self.run)(*words, **more)
        assert done.rc == 0, "%s: %s" % (" ".join(words), done)
        return done.out

    def new(self, mesh="acme"):
        "With a mesh; what it printed.  Cheap, for it is made often."
        return self.good("new", mesh, "--network", "10.99.0.0/16", "--memory", "8")

    def read(self, *names):
        with open(self.at(*names), "rb") as f:
            return f.read()

    def text(self, *names):
        return self.read(*names).decode()

    def write(self, data, *names):
        with open(self.at(*names), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())


KEYED = {"new", "sign", "invite", "revoke", "renew", "authority"}


def paper(text):
    "The two keys that `new` printed: rows of the recovery key, of the mesh."
    rows = [line for line in text.splitlines()
            if len(line) == 17 and line[5] == line[11] == "-"]
    assert len(rows) == 8, text
    return "\n".join(rows[:4]) + "\n", "\n".join(rows[4:]) + "\n"


def bytes_of_paper(rows):
    "Written from the format alone; the check is not looked at."
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    found = b""
    for row in rows.split():
        n = 0
        for c in row.replace("-", ""):
            n = n << 5 | alphabet.index(c)
        found += (n >> 11).to_bytes(8, "big")
    return found


@functools.lru_cache  # argon2 is slow on purpose, and most vaults are the same
def open_vault(data, passphrase=PASSPHRASE):
    "(open bytes, secret) of authority.key."
    sodium = items.sodium
    assert data[:4] == b"WGV1"
    ops, mib = (int.from_bytes(data[at:at + 4], "big") for at in (4, 8))
    salt, nonce = data[12:28], data[28:52]
    head = 54 + int.from_bytes(data[52:54], "big")
    key, out = (ctypes.create_string_buffer(32) for n in range(2))
    word = passphrase.encode()
    assert sodium.crypto_pwhash_argon2id(
        key, ctypes.c_ulonglong(32), word, ctypes.c_ulonglong(len(word)), salt,
        ctypes.c_ulonglong(ops), ctypes.c_size_t(mib << 20), 2) == 0
    length = ctypes.c_ulonglong()
    assert sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, ctypes.byref(length), None, data[head:], ctypes.c_ulonglong(len(data) - head),
        data[:head], ctypes.c_ulonglong(head), nonce, key) == 0, "the seal is broken"
    assert length.value == 32
    return data[54:head], out.raw


class Keys:
    "The public keys of a mesh, as its authority.key has them."

    def __init__(self, data):
        opened, self.seed = open_vault(data)
        self.number = int.from_bytes(opened[:4], "big")
        self.first, self.recovery, self.public = (opened[n:n + 32] for n in (4, 36, 68))
        self.authority = opened[100:]
        self.mesh = items.h(16, "mesh", self.first, self.recovery)


def split_file(data):
    found = []
    while data:
        n = int.from_bytes(data[6:8], "big")
        found.append(data[:n])
        data = data[n:]
    return found


def values(item):
    "{type: value}, of those that there are several of, a list."
    found = {}
    for t, v in items.decode(item)[1]:
        if t in (0x0A, 0x0B, 0x0C, 0x0D, 0x15, 0x16, 0x17, 0x22, 0x35):
            found.setdefault(t, []).append(v)
        else:
            found[t] = v
    return found


def check_update(data, keys):
    "All of it is ours, verified, in order, and the list is last: what is wrong."
    wrong, order, authorities = [], [], {0: keys.first}
    for item in split_file(data):
        kind, v = item[3], values(item)
        order.append("ACWL".index({A: "A", C: "C", W: "W", L: "L"}[kind]))
        if v[1] != keys.mesh:
            wrong.append("another mesh")
        if kind == A:
            authorities[v[0x25]] = v[0x23]
            by = keys.recovery
        elif kind == W:
            continue
        else:
            by = authorities[v.get(0x25, 0)]
        if not items.verify(item, 0x7F, by):
            wrong.append("a signature is wrong: %s" % items.NAMES[kind])
    if order != sorted(order):
        wrong.append("order: %s" % order)
    if order.count(3) != 1 or order[-1] != 3:
        wrong.append("one list, and it is last: %s" % order)
    return wrong


def newest(data, member):
    "The values of the newest certificate of a member, or None."
    found = [v for v in map(values, (i for i in split_file(data) if i[3] == C))
             if v[2] == member]
    return max(found, key=lambda v: (v.get(0x25, 0), v[3])) if found else None


def last_list(data):
    return values(split_file(data)[-1])


def modes(folder):
    "What others may read there."
    return [name for name in os.listdir(folder)
            if stat.S_IMODE(os.lstat(os.path.join(folder, name)).st_mode) & 0o177]


# --- members


def request(seed):
    return items.to_line(items.encode(Q, [(4, items.public(seed))], s7f=seed))


class Invite:
    "The line that a site joins with."

    def __init__(self, line):
        item = items.of_line(line)
        self.kind, self.values = item[3], values(item)
        self.certificate = values(self.values[0x34])
        self.seed = self.values.get(0x33)
        self.doors = self.values.get(0x35, [])
        self.name = self.values.get(0x36)

    def wrong(self, keys):
        "What is wrong with it, as a site would find out."
        c, found = self.certificate, []
        if (self.values[0x31], self.values[0x32]) != (keys.recovery, keys.first):
            found.append("other keys")
        if c[1] != keys.mesh:
            found.append("a certificate of another mesh")
        if not items.verify(self.values[0x34], 0x7F, keys.public):
            found.append("the certificate is not signed")
        if self.kind == I and items.public(self.seed) != c[4]:
            found.append("the seed is another's")
        return found


def succession(invite, identity):
    c = invite.certificate
    return items.encode(S, [(1, c[1]), (2, c[2]), (4, c[4]), (0x24, items.public(identity))],
                        s7e=invite.seed, s7f=identity)


def witness(invite, identity, hub, hub_seed):
    c = invite.certificate
    return items.encode(W, [(1, c[1]), (2, c[2]), (0x1B, hub),
                            (0x26, succession(invite, identity))], s7f=hub_seed)


def record(mesh, member, seed, places):
    "Of a hub or site whose WireGuard key is its identity's, to be short."
    return items.encode(R, [(1, mesh), (2, member), (0x10, int(time.time() * 1000)),
                            (0x12, items.public(seed)), (0x14, 51820), *places],
                        s7c=seed, s7f=seed)


# --- pages of the manual


def samples(page, prompt):
    "[(prompt, command, output)], of a page's samples behind such prompts."
    found, inside = [], False
    with open(os.path.join(TOP, "doc/manual", page), encoding="utf-8") as f:
        for line in f.read().splitlines():
            begin = re.match("    (%s) (.*)" % prompt, line)
            if begin:
                found.append((*begin.groups(), []))
                inside = True
            elif inside and (line.startswith("    ") or not line):
                found[-1][2].append(line[4:])
            else:
                inside = False
    return [(p, command, "\n".join(lines).strip("\n")) for p, command, lines in found]


def pattern(text):
    "One that the output must match: ... are any characters, or lines."
    parts = []
    for line in text.split("\n"):
        parts.append("(?:.*\n)*" if line == "..." else
                     ".*".join(map(re.escape, line.split("..."))) + "\n")
    return re.compile("".join(parts))


# --- tests

HUBS = {"hub1": b"\1" * 32, "hub2": b"\2" * 32}


def mesh_with_hubs(place):
    "A mesh with two hubs that have signed, and four sites."
    rows = paper(place.new())
    for n, (hub, seed) in enumerate(HUBS.items(), 1):
        place.good("add", "acme", hub, "--hub", "198.51.100.%d" % n)
        place.good("sign", "acme", hub, request(seed))
    for n, site in enumerate(("berlin", "oslo", "rome", "paris"), 3):
        place.good("add", "acme", site, "--prefix", "192.168.%d.0/24" % n)
    return rows
