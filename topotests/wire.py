#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What goes over a wire, for the topotests.

  wire.py capture INTERFACE      prints `ready`; when its standard input ends,
                                 all packets since, in hex, one a line, from
                                 the network layer on
  wire.py serve ADDRESS PORT     prints `ready`, takes one TCP connection, then
                                 prints how many bytes came, and their SHA-256
  wire.py send ADDRESS PORT N    sends N bytes there and prints their SHA-256
"""
import hashlib
import random
import select
import socket
import sys

ETH_P_ALL = 3
SO_RCVBUFFORCE = 33


def capture(ifname):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    sock.bind((ifname, ETH_P_ALL))
    print("ready", flush=True)
    found = []
    while True:
        ready, _, _ = select.select([sock, sys.stdin], [], [])
        if sock in ready:
            found.append(sock.recv(1 << 16))
        elif not sys.stdin.buffer.raw.read(64):
            break
    for packet in found:
        print(packet.hex())


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(address, port):
    with socket.create_server((address, port), family=family(address)) as server:
        print("ready", flush=True)
        connection, _ = server.accept()
    whole, n = hashlib.sha256(), 0
    while True:
        some = connection.recv(1 << 16)
        if not some:
            break
        n += len(some)
        whole.update(some)
    print(n, whole.hexdigest())


def send(address, port, n):
    data = random.randbytes(n)
    with socket.create_connection((address, port)) as connection:
        connection.sendall(data)
    print(n, hashlib.sha256(data).hexdigest())


def main(argv):
    what = argv[1] if len(argv) > 1 else ""
    if what == "capture" and len(argv) == 3:
        capture(argv[2])
    elif what == "serve" and len(argv) == 4:
        serve(argv[2], int(argv[3]))
    elif what == "send" and len(argv) == 5:
        send(argv[2], int(argv[3]), int(argv[4]))
    else:
        sys.exit(__doc__.strip())


if __name__ == "__main__":
    main(sys.argv)
