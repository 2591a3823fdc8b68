#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What is sent to the port of the gateways' protocol by who should not, and a way
that takes its time.  Each runs until its standard input ends.

  proto.py flood TO RATE     RATE connections a second to TO, that say nothing;
                             prints how many were begun, and how many were made
  proto.py slow TUN MS       what is routed into TUN comes out of it MS later
  proto.py inject FROM TO    the next segment with data from FROM to TO is
                             followed by one that FROM never sent, as whoever
                             is on the path can do it; prints its port
"""
import collections
import fcntl
import os
import select
import socket
import struct
import sys
import time

PORT = 51821
HELD = 2000  # connections that a flood keeps open
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
ETH_P_IP = 0x0800
PSH_ACK = 0x18


def ended():
    return bool(select.select([0], [], [], 0)[0])


def is_made(sock):
    try:
        sock.getpeername()
        return True
    except OSError:
        return False


def flood(to, rate):
    held, begun, made = collections.deque(), 0, 0
    start = time.monotonic()
    print("begun", flush=True)
    while not ended():
        while begun < (time.monotonic() - start) * rate:
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex((to, PORT))
            held.append(sock)
            begun += 1
            if len(held) > HELD:
                oldest = held.popleft()
                made += is_made(oldest)
                oldest.close()
        time.sleep(0.005)
    made += sum(map(is_made, held))
    print(begun, made)


def slow(name, ms):
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    print("begun", flush=True)
    queue = collections.deque()
    while not ended():
        now = time.monotonic()
        while queue and queue[0][0] <= now:
            os.write(tun, queue.popleft()[1])
        wait = max(queue[0][0] - now, 0) if queue else 0.1
        if select.select([0, tun], [], [], wait)[0]:
            try:
                queue.append((time.monotonic() + ms / 1000, os.read(tun, 65536)))
            except BlockingIOError:
                pass


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def inject(source, to):
    addresses = socket.inet_aton(source) + socket.inet_aton(to)
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    print("begun", flush=True)
    while True:
        packet = sniffer.recv(65536)
        head = (packet[0] & 15) * 4
        total = struct.unpack("!H", packet[2:4])[0]
        if packet[9] != socket.IPPROTO_TCP or packet[12:20] != addresses:
            continue
        tcp = packet[head:total]
        sport, dport, seq, ack, offset = struct.unpack("!HHIIB", tcp[:13])
        data = tcp[(offset >> 4) * 4:]
        # not the HELLO: what follows it belongs to a member
        if dport == PORT and data and data[4:6] != b"wg":
            break
    # well formed in both versions of the protocol, and nobody vouches for it
    forged = struct.pack("!HBB", 29, 6, 0) + os.urandom(25)
    segment = struct.pack("!HHIIBBHHH", sport, dport, (seq + len(data)) & 0xFFFFFFFF, ack,
                          5 << 4, PSH_ACK, 512, 0, 0) + forged
    pseudo = addresses + struct.pack("!HH", socket.IPPROTO_TCP, len(segment))
    segment = segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]
    raw.sendto(struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_TCP, 0)
               + addresses + segment, (to, 0))
    print(sport)


if __name__ == "__main__":
    if sys.argv[1] == "flood":
        flood(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1] == "slow":
        slow(sys.argv[2], int(sys.argv[3]))
    else:
        inject(*sys.argv[2:])
