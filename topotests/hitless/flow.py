#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A constant flow one way: nothing is answered, the receivers count.

  flow.py RATE PORT ADDRESS/BYTES...  send RATE datagrams a second to each
                                      address, with so many bytes

Ends when its standard input does and prints {"sent": datagrams to each
address, "seconds": the time it took, "pause": the longest time in which it
sent nothing, in seconds}.

Five rounds go out together, all addresses with one system call, for a slow
guest would spend its time on those.  A pause is made up for with CATCH_UP
rounds at most: what is lost in a queue that the test itself filled tells
nothing.  Answers (see probe.py) would cost three times as much.
"""
import ctypes
import json
import os
import select
import socket
import struct
import sys
import time

TOGETHER = 5
CATCH_UP = 50


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_char_p), ("len", ctypes.c_size_t)]


class Msghdr(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("namelen", ctypes.c_uint32),
        ("iov", ctypes.POINTER(Iovec)),
        ("iovlen", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("controllen", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class Mmsghdr(ctypes.Structure):
    _fields_ = [("hdr", Msghdr), ("len", ctypes.c_uint)]


def batch(port, addresses):
    "What sendmmsg(2) wants, for TOGETHER rounds."
    vector = (Mmsghdr * (len(addresses) * TOGETHER))()
    for i, message in enumerate(vector):
        address, size = addresses[i % len(addresses)].split("/")
        name = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(port),
                           socket.inet_aton(address))
        message.hdr.name = name
        message.hdr.namelen = len(name)
        message.hdr.iov = ctypes.pointer(Iovec(bytes(int(size)), int(size)))
        message.hdr.iovlen = 1
    return vector


def send(libc, sock, vector):
    """
    All of it.  An error is about the first datagram that is left, and about
    where an earlier one went if the network told: so it is tried twice.
    """
    done, again = 0, True
    while done < len(vector):
        n = libc.sendmmsg(
            sock.fileno(), ctypes.byref(vector, done * ctypes.sizeof(Mmsghdr)),
            len(vector) - done, 0
        )
        if n > 0:
            done, again = done + n, True
        elif again:
            again = False
        else:
            raise OSError(ctypes.get_errno(), "sendmmsg")


def go_first():
    "Before what may take long, and in a session of its own, for Linux asks."
    if os.getpid() != os.getsid(0):
        os.setsid()
    os.nice(-15)
    try:
        with open("/proc/self/autogroup", "w", encoding="ascii") as f:
            f.write("-15")
    except OSError:
        pass  # not every kernel has these


def main(rate, port, addresses):
    libc = ctypes.CDLL(None, use_errno=True)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    vector = batch(port, addresses)
    every = TOGETHER / rate
    sent, pause = 0, 0.0
    go_first()
    print(json.dumps({"sending": addresses}), flush=True)
    start = due = last = time.monotonic()
    while True:
        send(libc, sock, vector)
        sent += TOGETHER
        now = time.monotonic()
        pause = max(pause, now - last)
        last = now
        due = max(due + every, now - CATCH_UP / rate)
        ready, _, _ = select.select([sys.stdin], [], [], max(0, due - now))
        if ready:
            break
    seconds = time.monotonic() - start
    said = {"sent": sent, "seconds": round(seconds, 3), "pause": round(pause, 3)}
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
