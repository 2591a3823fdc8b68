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
  {"alive": {}}               from now on a keepalive each second
  {"flood": NUMBER}           so many keepalives, as fast as they go
  {"raw": HEX}                these bytes
  {"end": {}}                 of the connection
  {"replay": NUMBER}          the last HELLO again, each in a connection of its
                              own, and what followed it
  {"hold": NUMBER}            so many connections with HELLO; they are told
  {"held_speak": {}}          ... something, and closed

  {"up": true} {"refused": "..."} {"told": {record}} {"asked": KEY}
  {"snapshot": NUMBER} {"bye": REASON} {"ended": true} {"flooded": NUMBER}
  {"replayed": ANSWERS} {"held": NUMBER} {"spoke": true}
"""
import base64
import ctypes
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
VERSION = 2
HELLO, SNAP_BEGIN, CLIENT, SNAP_END, ASK, KEEPALIVE, BYE = range(1, 8)
DOMAIN = b"frr-wgd gateway-group 2 "
HELLO_LEN, MAC, HEADER, SEAL = 89, 16, 24, 17
NO_HANDSHAKE = 0xFFFFFFFF

sodium = ctypes.CDLL("libsodium.so.23")
assert sodium.sodium_init() >= 0


def blake2b(data, key=b"", size=32):
    return hashlib.blake2b(data, key=key, digest_size=size).digest()


def clock(ahead=0):
    return int(time.time() * 1000) + ahead


def message(kind, body=b""):
    return struct.pack("!BB", kind, 0) + body


def packed(address):
    "As it is in the proof of a HELLO."
    found = ipaddress.ip_address(address)
    return struct.pack("!B", found.version) + found.packed.ljust(16, b"\0")


class Stream:
    "One direction of a connection: libsodium's secretstream."

    def __init__(self, group_key, hello, answer=b""):
        self.key = blake2b(DOMAIN + (b"C" if answer else b"L") + hello + answer, group_key)
        self.state = ctypes.create_string_buffer(
            sodium.crypto_secretstream_xchacha20poly1305_statebytes())

    def begin(self):
        "Its header, by who sends."
        header = ctypes.create_string_buffer(HEADER)
        sodium.crypto_secretstream_xchacha20poly1305_init_push(self.state, header, self.key)
        return header.raw

    def join(self, header):
        sodium.crypto_secretstream_xchacha20poly1305_init_pull(self.state, header, self.key)

    def seal(self, plain):
        "The next frame."
        sealed = ctypes.create_string_buffer(len(plain) + SEAL)
        sodium.crypto_secretstream_xchacha20poly1305_push(
            self.state, sealed, None, plain, ctypes.c_ulonglong(len(plain)),
            None, ctypes.c_ulonglong(0), ctypes.c_ubyte(0))
        return struct.pack("!H", 2 + len(sealed)) + sealed.raw

    def open(self, frame):
        "The message in it; None: nobody vouches for it."
        plain = ctypes.create_string_buffer(max(len(frame) - 2 - SEAL, 1))
        tag = ctypes.c_ubyte()
        rc = sodium.crypto_secretstream_xchacha20poly1305_pull(
            self.state, plain, None, ctypes.byref(tag), frame[2:],
            ctypes.c_ulonglong(len(frame) - 2), None, ctypes.c_ulonglong(0))
        return None if rc or tag.value else plain.raw[:len(frame) - 2 - SEAL]


class Frames:
    "What comes in over a connection."

    def __init__(self, sock):
        self.sock, self.data = sock, b""
        self.stream = None  # of what comes in
        self.joined = False

    def read(self):
        "More of it; False: the connection ended."
        try:
            more = self.sock.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.data += more
        return bool(more)

    def take(self, length):
        found, self.data = self.data[:length], self.data[length:]
        return found

    def messages(self):
        "Those that are complete, opened; None: one that is not sealed with our key."
        while len(self.data) >= 2:
            length = struct.unpack("!H", self.data[:2])[0]
            if len(self.data) < length:
                break
            yield self.stream.open(self.take(length))


class Member:
    def __init__(self, local, remote, private, public):
        self.local, self.remote = local, remote
        self.name = int.from_bytes(os.urandom(8), "big") | 1
        self.key = blake2b(DOMAIN + b"key", base64.b64decode(private))
        self.group = blake2b(DOMAIN + b"name" + base64.b64decode(public))
        self.to = self.out = self.hello = None
        self.callers = []  # Frames
        self.again = {}  # key -> what is told each time
        self.held = []  # (socket, HELLO)
        self.listener = socket.create_server((local, PORT))
        self.told = 0
        self.alive = None  # when the last keepalive was, if there are any

    def say(self, **what):
        print(json.dumps(what), flush=True)

    def body_of_hello(self):
        return (b"wg" + struct.pack("!H", VERSION) + self.group + os.urandom(16)
                + struct.pack("!QQB", self.name, clock(), 0))

    def readable_hello(self):
        hello = struct.pack("!H", HELLO_LEN) + message(HELLO, self.body_of_hello())
        return hello + blake2b(
            DOMAIN + b"H" + packed(self.local) + packed(self.remote) + hello, self.key, MAC)

    # --- we tell

    def call(self):
        return socket.create_connection((self.remote, PORT), 5, (self.local, 0))

    def connect(self):
        self.end()
        try:
            sock = self.call()
        except OSError:
            self.say(ended=True)
            return
        sock.settimeout(5)
        self.to = Frames(sock)
        self.hello = self.readable_hello()
        self.to.stream = Stream(self.key, self.hello)
        self.put(self.hello)

    def end(self):
        if self.to:
            self.to.sock.close()
            self.say(ended=True)
        self.to = self.out = None

    def put(self, data):
        try:
            self.to.sock.sendall(data)
            return True
        except OSError:
            return False

    def tell(self, kind, body=b""):
        return self.put(self.out.seal(message(kind, body)))

    def answered(self):
        "REMOTE says something on the connection that we made."
        if not self.to.read():
            self.end()
            return
        if not self.to.joined:
            if len(self.to.data) < HEADER:
                return
            header = self.to.take(HEADER)
            self.to.stream.join(header)
            self.to.joined = True
            self.out = Stream(self.key, self.hello, header)
            self.put(self.out.begin())
        for plain in self.to.messages():
            if plain and plain[0] == BYE:
                self.say(bye=plain[2])
                self.end()
                return
            if not plain or plain[0] != HELLO:
                self.say(refused="its HELLO is not sealed with our key")
                self.end()
                return
            self.tell(SNAP_BEGIN)
            self.tell(SNAP_END)
            self.say(up=True)

    def replay(self, number):
        answers = 0
        for _ in range(number):
            self.stay_alive()  # the gateway takes its time for callers
            sock = self.call()
            sock.settimeout(5)
            try:
                sock.sendall(self.hello)
                answers += len(sock.recv(1000)) > HEADER
                sock.sendall(os.urandom(HEADER) + struct.pack("!H", 30) + os.urandom(28))
            except OSError:
                pass  # it was closed
            sock.close()
        self.say(replayed=answers)

    def hold(self, number):
        for _ in range(number):
            sock, hello = self.call(), self.readable_hello()
            sock.settimeout(5)
            sock.sendall(hello)
            self.held.append((sock, hello))
        time.sleep(0.5)  # answers are on their way
        self.say(held=number)

    def held_speak(self):
        for sock, hello in self.held:
            try:
                out = Stream(self.key, hello, sock.recv(1000)[:HEADER])
                sock.sendall(out.begin() + out.seal(message(SNAP_BEGIN)))
            except OSError:
                pass  # another one took its place
            sock.close()
        self.held = []
        self.say(spoke=True)

    def client(self, what):
        address = what.get("address")
        packed = ipaddress.ip_address(address).packed if address else b""
        self.tell(CLIENT, base64.b64decode(what["key"]) + struct.pack(
            "!BQQIB", what["claim"], what.get("serial", 1), what.get("heir", 0),
            what.get("age", NO_HANDSHAKE), {0: 0, 4: 4, 16: 6}[len(packed)],
        ) + packed.ljust(16, b"\0") + struct.pack(
            "!HII", what.get("port", 0), *what.get("indices", (0, 0))))

    def flood(self, number):
        for n in range(number):
            if not self.tell(KEEPALIVE, struct.pack("!QB", clock(), 0)):
                break
        self.say(flooded=n + 1)

    # --- it tells

    def heard(self, caller):
        if not caller.read():
            caller.sock.close()
            self.callers.remove(caller)
            return
        if not caller.stream:
            if len(caller.data) < HELLO_LEN:
                return
            hello = caller.take(HELLO_LEN)
            proof = blake2b(DOMAIN + b"H" + packed(self.remote) + packed(self.local)
                            + hello[:-MAC], self.key, MAC)
            if proof != hello[-MAC:]:
                self.say(refused="its HELLO proves nothing")
                caller.sock.close()
                self.callers.remove(caller)
                return
            out = Stream(self.key, hello)
            header = out.begin()
            caller.stream = Stream(self.key, hello, header)
            caller.sock.sendall(header + out.seal(message(HELLO, self.body_of_hello())))
        if not caller.joined:
            if len(caller.data) < HEADER:
                return
            caller.stream.join(caller.take(HEADER))
            caller.joined = True
        for plain in caller.messages():
            if plain is None:
                self.say(refused="a frame that is not sealed with our key")
            else:
                self.take_in(plain[0], plain[2:])

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
                "port": struct.unpack("!H", body[70:72])[0],
                "indices": struct.unpack("!II", body[72:80])})
            self.repeat(key, serial)

    def repeat(self, key, serial):
        if key in self.again and self.out:
            what = self.again[key]
            what["serial"] = max(what["serial"], serial) + 1
            self.client(what)

    def stay_alive(self):
        now = time.monotonic()
        if self.out and self.alive is not None and now - self.alive >= 1:
            self.alive = now
            self.tell(KEEPALIVE, struct.pack("!QB", clock(), 0))

    # --- what is to be done

    def do(self, line):
        for verb, what in json.loads(line).items():
            if verb == "connect":
                self.connect()
            elif verb == "alive":
                self.alive = 0
            elif verb == "end":
                self.end()
            elif verb == "hold":
                self.hold(what)
            elif verb == "held_speak":
                self.held_speak()
            elif not self.to:
                self.say(ended=True)
            elif verb == "raw":
                self.put(bytes.fromhex(what))
            elif verb == "replay":
                self.replay(what)
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
                watched + [c.sock for c in self.callers], [], [],
                None if self.alive is None else 0.2)[0]
            self.stay_alive()
            for caller in [c for c in self.callers if c.sock in readable]:
                self.heard(caller)
            if self.to and self.to.sock in readable:
                self.answered()
            if self.listener in readable:
                sock = self.listener.accept()[0]
                sock.settimeout(5)
                self.callers.append(Frames(sock))
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
