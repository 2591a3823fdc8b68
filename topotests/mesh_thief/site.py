#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A site's keys in other hands: a tunnel to a hub, and what is said in it.  In a
mount namespace of its own.  One JSON object on standard input:

    seed    of its WireGuard key, in hexadecimal
    member  its number
    hub     the hub's WireGuard key, in base64
    at      the hub's endpoint
    say     frames behind HELLO, in hexadecimal
    times   to connect

Prints one JSON list: for each connection, how many frames came before the hub
closed it, or before QUIET_S without one.
"""
import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import lib_frames as frames  # noqa: E402 pylint: disable=wrong-import-position
import lib_items as items  # noqa: E402 pylint: disable=wrong-import-position

NAME = "wgt"
PORT = 51823
QUIET_S = 1
PATIENCE_S = 20


def link_local(key):
    b = bytearray(hashlib.blake2b(key, digest_size=32).digest()[:8])
    b[0] &= ~2
    return socket.inet_ntop(socket.AF_INET6, b"\xfe\x80" + bytes(6) + bytes(b))


def run(text, stdin=None):
    subprocess.run(text, shell=True, check=True, input=stdin, text=True)


def tunnel(task):
    "The hub's address in it."
    secret, public = items.x25519(bytes.fromhex(task["seed"]))
    hub = link_local(base64.b64decode(task["hub"]))
    run("wg set %s private-key /dev/stdin" % NAME, base64.b64encode(secret).decode())
    run("wg set %s peer %s endpoint %s persistent-keepalive 1 allowed-ips %s/128" % (
        NAME, task["hub"], task["at"], hub))
    run("ip link set %s addrgenmode none; ip link set %s up;"
        "ip addr add %s/64 dev %s nodad" % (NAME, NAME, link_local(public), NAME))
    return hub


def connect(hub):
    "Until the tunnel stands."
    end = time.monotonic() + PATIENCE_S
    while True:
        s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        s.settimeout(2)
        try:
            s.connect((hub, PORT, 0, socket.if_nametoindex(NAME)))
            return s
        except OSError:
            s.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def talk(hub, task):
    "How many frames came."
    n, rest = 0, b""
    with connect(hub) as s:
        s.settimeout(QUIET_S)
        try:
            s.sendall(frames.encode({
                "kind": frames.HELLO, "version": 1, "member": task["member"], "hash": bytes(16)}))
            for frame in task["say"]:
                s.sendall(bytes.fromhex(frame))
            while True:
                more = s.recv(65536)
                if not more:
                    break
                rest += more
                while rest:
                    frame, rest = frames.decode(rest)
                    if not frame:
                        break
                    n += 1
                if n and not task["say"]:
                    break
        except OSError:
            pass
    return n


def main():
    task = json.load(sys.stdin)
    run("mkdir -p /run/wireguard; mount -t tmpfs none /run/wireguard")
    with subprocess.Popen(["wireguard-go", "-f", NAME], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as program:
        try:
            end = time.monotonic() + PATIENCE_S
            while not os.path.exists("/run/wireguard/%s.sock" % NAME):
                assert time.monotonic() < end
                time.sleep(0.05)
            hub = tunnel(task)
            print(json.dumps([talk(hub, task) for _ in range(task["times"])]))
        finally:
            program.terminate()


main()
