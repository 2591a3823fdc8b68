#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A WireGuard device that encrypts nothing, and a program that speaks for many
members: so that one machine can have a mesh of thousands, and only wgd's own
work is measured.

  wire.py device SOCKET        answers there as a userspace WireGuard does, for
                               a link that is something else (a veth).  "peers"
                               on stdin prints how many it has, "has KEY" 1 or 0
  wire.py members MEMBERS HUB  connects each of the members (a JSON file) to the
                               hub's address inside, %LINK behind it, and says
                               and prints what bench-mesh2-sync says
  wire.py hellos MEMBERS TO    each of them asks TO, %LINK behind it, every
                               200 ms, and answers, as on a direct path; prints
                               how many questions of the last s were answered
"""
import json
import os
import selectors
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import benchlib

sys.path.insert(0, benchlib.TOP + "/topotests")
import lib_frames as frames
import lib_items as items

KEEPALIVE_S = 5
PORT = 51823


def say(**what):
    print(json.dumps(what), flush=True)


#
# A device
#
class Device:
    "What a WireGuard device knows, and nothing of what it does."

    def __init__(self):
        self.own = {"private_key": "", "listen_port": "51820", "fwmark": "0"}
        self.peers, self.owner = {}, {}

    def get(self):
        now = str(int(time.time()))
        out = ["%s=%s" % x for x in self.own.items() if x[1] not in ("", "0")]
        for key, peer in self.peers.items():
            out += ["public_key=" + key, "preshared_key=" + "0" * 64]
            if peer["endpoint"]:
                out.append("endpoint=" + peer["endpoint"])
            out += ["last_handshake_time_sec=" + now, "last_handshake_time_nsec=0",
                    "tx_bytes=0", "rx_bytes=0",
                    "persistent_keepalive_interval=" + peer["keepalive"]]
            out += ["allowed_ip=" + p for p in peer["allowed"]]
        return "\n".join(out + ["errno=0", "", ""])

    def forget(self, key):
        for p in self.peers.pop(key, {"allowed": ()})["allowed"]:
            del self.owner[p]

    def allow(self, key, prefix):
        before = self.owner.get(prefix)
        if before:
            del self.peers[before]["allowed"][prefix]
        self.owner[prefix] = key
        self.peers[key]["allowed"][prefix] = True

    def set(self, lines):
        key, new = None, False
        for line in lines:
            name, _, value = line.partition("=")
            peer = self.peers.get(key)
            if name in self.own:
                self.own[name] = value
            elif name == "public_key":
                key, new = value, value not in self.peers
                if new:
                    self.peers[key] = {"endpoint": "", "keepalive": "0", "allowed": {}}
            elif name == "remove" or name == "update_only" and new:
                self.forget(key)
            elif name == "allowed_ip" and value[0] == "-":
                return "errno=22\n\n"  # as programs that do not know it
            elif not peer:
                continue
            elif name == "endpoint":
                peer["endpoint"] = value
            elif name == "persistent_keepalive_interval":
                peer["keepalive"] = value
            elif name == "replace_allowed_ips":
                for p in peer["allowed"]:
                    del self.owner[p]
                peer["allowed"] = {}
            elif name == "allowed_ip":
                self.allow(key, value)
        return "errno=0\n\n"

    def serve(self, sock):
        with sock, sock.makefile("rw") as f:
            lines = []
            for line in f:
                if line != "\n":
                    lines.append(line.strip())
                    continue
                f.write(self.get() if lines[0] == "get=1" else self.set(lines[1:]))
                f.flush()
                lines = []


def device(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    there = Device()

    def accept():
        while True:
            threading.Thread(target=there.serve, args=(listener.accept()[0],),
                             daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        word, *args = line.split()
        if word == "roam":
            there.peers[args[0]]["endpoint"] = args[1]
        print(len(there.peers) if word == "peers" else int(args[0] in there.peers), flush=True)


#
# Members
#
class Talk:
    "One member's connection: it says of its map what the hub says of its own."

    def __init__(self, hub, own, number, link):
        self.number, self.inbox, self.list = number, b"", 0
        self.said = None  # HELLO or a keepalive, when
        self.socket = socket.socket(socket.AF_INET6)
        self.socket.bind((own, 0, 0, link))
        self.socket.settimeout(30)
        self.socket.connect((hub, PORT, 0, link))
        self.socket.setblocking(False)

    def send(self, f):
        self.socket.sendall(frames.encode(f))

    def hear(self):
        "The frames that came."
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError("the hub hung up on member %d" % self.number)
        self.inbox += more
        while True:
            f, self.inbox = frames.decode(self.inbox)
            if not f:
                return
            yield f

    def take(self, f):
        if f["kind"] == frames.HELLO:
            self.send({**f, "member": self.number})
            self.said, self.hash = time.monotonic(), f["hash"]
        elif f["kind"] == frames.KEEPALIVE:
            self.hash = f["hash"]
        elif f["kind"] == frames.ITEM and f["item"][3] == items.L:
            self.list = items.version(f["item"])

    def keep(self, now):
        if self.said and now - self.said >= KEEPALIVE_S:
            self.send({"kind": frames.KEEPALIVE, "hash": self.hash})
            self.said = now


def members(path, at):
    hub, name = at.split("%")
    link = socket.if_nametoindex(name)
    with open(path, encoding="ascii") as f:
        who = json.load(f)
    select = selectors.DefaultSelector()
    talks = []
    greeted, lists, last = 0, {}, time.monotonic()
    while True:
        if len(talks) < len(who):
            number, own = who[len(talks)]
            talk = Talk(hub, own, number, link)
            select.register(talk.socket, selectors.EVENT_READ, talk)
            talks.append(talk)
        for key, _ in select.select(0.2 if len(talks) == len(who) else 0):
            talk = key.data
            before = talk.said, talk.list
            for f in talk.hear():
                talk.take(f)
            if not before[0] and talk.said:
                greeted += 1
                if greeted == len(who):
                    say(connected=greeted)
            if talk.list != before[1]:
                lists[talk.list] = lists.get(talk.list, 0) + 1
                if lists[talk.list] == len(who):
                    say(list=talk.list, at=time.monotonic())
        now = time.monotonic()
        if now - last >= 0.1:
            last = now
            for talk in talks:
                talk.keep(now)


#
# Direct paths
#
HELLO = struct.Struct("!BBHIIIQ")
DIRECT = 5  # its state
ASK_S = 0.2


def hellos(path, at):
    to, name = at.split("%")
    link = socket.if_nametoindex(name)
    with open(path, encoding="ascii") as f:
        who = json.load(f)
    select, number, answered = selectors.DefaultSelector(), int(time.time()), 0
    for _, own in who:
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        s.bind((own, PORT, 0, link))
        s.connect((to, PORT, 0, link))
        s.setblocking(False)
        select.register(s, selectors.EVENT_READ)
    socks = [key.fileobj for key in select.get_map().values()]
    due, told, n = time.monotonic(), time.monotonic(), 0
    say(ready=len(socks))
    while True:
        for key, _ in select.select(max(0, due - time.monotonic())):
            try:
                kind, _, _, theirs, echo, ms, seen = HELLO.unpack(key.fileobj.recv(64))
                if kind == 1 and not echo:
                    number += 1
                    key.fileobj.send(HELLO.pack(1, DIRECT, 0, number, theirs, ms, seen))
                answered += kind == 1 and echo != 0
            except (OSError, struct.error):
                pass  # nobody is there yet; another kind
        while time.monotonic() >= due:
            number += 1
            try:
                socks[n % len(socks)].send(HELLO.pack(1, DIRECT, 0, number, 0, 0, 0))
            except OSError:
                pass
            n, due = n + 1, due + ASK_S / len(socks)
        if time.monotonic() - told >= 1:
            say(answered=answered)
            told, answered = time.monotonic(), 0


def main():
    if sys.argv[1] == "device":
        device(sys.argv[2])
    else:
        {"members": members, "hellos": hellos}[sys.argv[1]](sys.argv[2], sys.argv[3])


if __name__ == "__main__":
    main()
