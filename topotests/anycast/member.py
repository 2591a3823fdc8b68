#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A gateway of a group, written from doc/gateway-group.md and nothing else, that
does what it is told to: also what no gateway should.

  member.py LOCAL REMOTE PRIVATE-KEY PUBLIC-KEY

It listens and connects as the document says.  Each line of standard input is
one thing to do, in JSON; each line of standard output one that happened:

  {"connect": {}}             a new connection to REMOTE, with HELLO
  {"client": {"key": BASE64, "claim": 2, ...}}   tell that
  {"again": {...}}            tell that, and again for each time that REMOTE
                              tells of the same client or asks for it
  {"keepalive": {"ahead": MS}}                   with that clock
  {"flood": NUMBER}           so many keepalives, as fast as they go
  {"raw": HEX}                these bytes

  {"up": true} {"refused": "..."} {"told": {record}} {"asked": KEY}
  {"snapshot": NUMBER} {"bye": REASON} {"ended": true} {"flooded": NUMBER}
"""
import base64
import hashlib
import ipaddress
import json
import os
import select
import socket
import struct
import sys
import time

PORT = 51821
HELLO, SNAP_BEGIN, CLIENT, SNAP_END, ASK, KEEPALIVE, BYE = range(1, 8)
DOMAIN = b"frr-wgd gateway-group 1 "
NO_HANDSHAKE = 0xFFFFFFFF


def blake2b(data, key=b"", size=32):
    return hashlib.blake2b(data, key=key, digest_size=size).digest()


def clock(ahead=0):
    return int(time.time() * 1000) + ahead


def frame(kind, body=b"", mac=bytes(16)):
    return struct.pack("!HBB", 4 + len(body) + 16, kind, 0) + body + mac


class Mac:
    "What signs the frames of one direction, each with its number."

    def __init__(self, group_key, direction, hello, nonce):
        self.key = blake2b(DOMAIN + direction + hello + nonce, key=group_key)
        self.number = 0

    def of(self, unsigned):
        mac = blake2b(struct.pack("!Q", self.number) + unsigned, self.key, 16)
        self.number += 1
        return mac


class Frames:
    "What comes in over a connection, by frames."

    def __init__(self, sock):
        self.sock, self.data = sock, b""

    def read(self):
        "Frames that are complete; None: the connection ended."
        try:
            more = self.sock.recv(65536)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not more:
            return None
        self.data += more
        found = []
        while len(self.data) >= 4:
            length = struct.unpack("!H", self.data[:2])[0]
            if len(self.data) < length:
                break
            found.append(self.data[:length])
            self.data = self.data[length:]
        return found


class Member:
    def __init__(self, local, remote, private, public):
        self.local, self.remote = local, remote
        self.name = int.from_bytes(os.urandom(8), "big") | 1
        self.key = blake2b(DOMAIN + b"key", base64.b64decode(private))
        self.group = blake2b(DOMAIN + b"name" + base64.b64decode(public))
        self.to = self.mac = self.hello = None
        self.callers = {}  # Frames -> None, or the Mac that it has to sign with
        self.again = {}  # key -> what is told each time
        self.listener = socket.create_server((local, PORT))
        self.told = 0

    def say(self, **what):
        print(json.dumps(what), flush=True)

    def body_of_hello(self, nonce):
        return (b"wg" + struct.pack("!H", 1) + self.group + nonce
                + struct.pack("!QQB", self.name, clock(), 0))

    # --- we tell

    def connect(self):
        self.end()
        sock = socket.create_connection((self.remote, PORT), 5, (self.local, 0))
        sock.settimeout(5)
        self.to, self.mac = Frames(sock), None
        self.hello = frame(HELLO, self.body_of_hello(os.urandom(16)))
        self.put(self.hello)

    def end(self):
        if self.to:
            self.to.sock.close()
            self.say(ended=True)
        self.to = self.mac = None

    def put(self, data):
        try:
            self.to.sock.sendall(data)
            return True
        except OSError:
            return False

    def tell(self, kind, body=b""):
        unsigned = frame(kind, body, b"")
        return self.put(unsigned + self.mac.of(unsigned))

    def answered(self):
        "REMOTE says something on the connection that we made."
        frames = self.to.read()
        if frames is None:
            self.end()
            return
        for data in frames:
            if data[2] == BYE:
                self.say(bye=data[4])
                self.end()
                return
            nonce = data[4 + 36:4 + 52]
            theirs = Mac(self.key, b"L", self.hello, nonce)
            if data[2] != HELLO or theirs.of(data[:-16]) != data[-16:]:
                self.say(refused="its HELLO is not signed with our key")
                self.end()
                return
            self.mac = Mac(self.key, b"C", self.hello, nonce)
            self.tell(SNAP_BEGIN)
            self.tell(SNAP_END)
            self.say(up=True)

    def client(self, what):
        address = what.get("address")
        packed = ipaddress.ip_address(address).packed if address else b""
        self.tell(CLIENT, base64.b64decode(what["key"]) + struct.pack(
            "!BQQIB", what["claim"], what.get("serial", 1), what.get("heir", 0),
            what.get("age", NO_HANDSHAKE), {0: 0, 4: 4, 16: 6}[len(packed)],
        ) + packed.ljust(16, b"\0") + struct.pack("!H", what.get("port", 0)))

    def flood(self, number):
        for n in range(number):
            if not self.tell(KEEPALIVE, struct.pack("!QB", clock(), 0)):
                break
        self.say(flooded=n + 1)

    # --- it tells

    def heard(self, caller):
        frames = caller.read()
        if frames is None:
            caller.sock.close()
            del self.callers[caller]
            return
        for data in frames:
            mac = self.callers[caller]
            if data[2] == HELLO:
                nonce = os.urandom(16)
                unsigned = frame(HELLO, self.body_of_hello(nonce), b"")
                signed = Mac(self.key, b"L", data, nonce).of(unsigned)
                caller.sock.sendall(unsigned + signed)
                self.callers[caller] = Mac(self.key, b"C", data, nonce)
            elif not mac or mac.of(data[:-16]) != data[-16:]:
                self.say(refused="wrong MAC")
            else:
                self.take_in(data[2], data[4:-16])

    def take_in(self, kind, body):
        if kind == SNAP_BEGIN:
            self.told = 0
        elif kind == SNAP_END:
            self.say(snapshot=self.told)
        elif kind == ASK:
            key = base64.b64encode(body).decode()
            self.say(asked=key)
            self.repeat(key, 0)
        elif kind == CLIENT:
            self.told += 1
            claim, serial, heir, age, version = struct.unpack("!BQQIB", body[32:54])
            size = {0: 0, 4: 4, 6: 16}[version]
            key = base64.b64encode(body[:32]).decode()
            self.say(told={
                "key": key, "claim": claim, "serial": serial, "heir": heir, "age": age,
                "address": size and str(ipaddress.ip_address(body[54:54 + size])),
                "port": struct.unpack("!H", body[70:72])[0]})
            self.repeat(key, serial)

    def repeat(self, key, serial):
        if key in self.again and self.mac:
            what = self.again[key]
            what["serial"] = max(what["serial"], serial) + 1
            self.client(what)

    # --- what is to be done

    def do(self, line):
        for verb, what in json.loads(line).items():
            if verb == "connect":
                self.connect()
            elif not self.to:
                self.say(ended=True)
            elif verb == "raw":
                self.put(bytes.fromhex(what))
            elif verb == "client":
                self.client(what)
            elif verb == "again":
                self.again[what["key"]] = what
                self.client(what)
            elif verb == "flood":
                self.flood(what)
            elif verb == "keepalive":
                self.tell(KEEPALIVE, struct.pack("!QB", clock(what["ahead"]), 0))

    def run(self):
        commands = b""
        while True:
            watched = [0, self.listener] + ([self.to.sock] if self.to else [])
            readable = select.select(
                watched + [c.sock for c in self.callers], [], [])[0]
            for caller in [c for c in self.callers if c.sock in readable]:
                self.heard(caller)
            if self.to and self.to.sock in readable:
                self.answered()
            if self.listener in readable:
                sock = self.listener.accept()[0]
                sock.settimeout(5)
                self.callers[Frames(sock)] = None
            if 0 in readable:
                more = os.read(0, 65536)
                if not more:
                    return
                commands += more
                *lines, commands = commands.split(b"\n")
                for line in lines:
                    self.do(line)


if __name__ == "__main__":
    Member(*sys.argv[1:]).run()
