#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A hub's wgd that lies, in the place of the true one, whose tunnels it has.

  liar.py INTERFACE OWN-LINK-LOCAL OWN-NUMBER ITEMS NUMBER

It answers hellos as it should, and to each site that connects it says: member
NUMBER is connected, and has another WireGuard key, in a record that is that of
ITEMS, changed and signed by the wrong identity.
"""
import os
import selectors
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib_frames as frames  # noqa: E402
import lib_items as items  # noqa: E402

PORT = 51823
IDENTITY, WG = bytes([7]) * 32, bytes([8]) * 32


def forged(path, member):
    "Its record, later, with our key."
    with open(path, "rb") as f:
        rest = f.read()
    while rest:
        size = int.from_bytes(rest[6:8], "big")
        item, rest = rest[:size], rest[size:]
        kind, values = items.decode(item)
        if kind == items.R and dict(values)[0x02] == member:
            break
    else:
        raise SystemExit("no record of member %d in %s" % (member, path))
    values = [(t, v) for t, v in values if t not in (0x7C, 0x7D, 0x7F, 0x13)]
    changed = {0x10: dict(values)[0x10] + 1000, 0x12: items.public(WG)}
    return items.encode(items.R, [(t, changed.get(t, v)) for t, v in values],
                        s7c=WG, s7f=IDENTITY)


def main(ifname, address, own, path, member):
    here = (address, PORT, 0, socket.if_nametoindex(ifname))
    record = forged(path, int(member))
    talk = [
        {"kind": frames.HELLO, "version": 1, "member": int(own), "hash": bytes(16)},
        {"kind": frames.STATE, "member": int(member), "connected": 1},
        {"kind": frames.ITEM, "item": record},
    ]
    alive = [{"kind": frames.KEEPALIVE, "hash": bytes(16)}, talk[1]]
    listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(here)
    listener.listen()
    hellos = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    hellos.bind(here)
    select = selectors.DefaultSelector()
    for sock in listener, hellos, sys.stdin:
        select.register(sock, selectors.EVENT_READ)
    number, sites, due = 1 << 20, [], 0
    print("lying", flush=True)
    while True:
        ready = [key.fileobj for key, _ in select.select(1)]
        if sys.stdin in ready:
            return
        if hellos in ready:
            data, far = hellos.recvfrom(100)
            number += 1
            hellos.sendto(data[:4] + struct.pack(">L", number) + data[4:8] + data[12:], far)
        if listener in ready:
            site, _ = listener.accept()
            sites.append(site)
            site.sendall(b"".join(map(frames.encode, talk)))
        if time.monotonic() < due:
            continue
        due = time.monotonic() + 1
        for site in list(sites):
            try:
                site.sendall(b"".join(map(frames.encode, alive)))
                site.recv(1 << 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                pass  # it said nothing
            except OSError:
                sites.remove(site)


main(*sys.argv[1:])
