#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Probe traffic with exact accounting, for the topotests and the demo.

  probe.py echo ADDRESS PORT NAME     answer every probe, signed with NAME
  probe.py send ADDRESS PORT RATE [SOURCE | %DEVICE]
                                      send RATE probes a second
  probe.py bfd INTERFACE ADDRESS      a line for each BFD packet from ADDRESS

A probe is a UDP datagram with its sequence number; the answer repeats it and
adds the name of the responder, so that the sender knows which of several
replicas of one address answered.  The sender keeps to its timetable by the
clock: probe n leaves at start + n / RATE, late ones at once.  If it is far
behind it begins a new one.

`send` prints {"responder": NAME, "seq": N} when another responder answers
than before, and ends when its standard input does: it waits for stragglers
and prints one object:

  sent, answered, lost, duplicates, errors (by errno name; of sendto),
  outageMs   the longest time between the sending of two probes that were
             answered, with none answered in between; 0 when none was lost
  holes      [[first sequence number lost, count], ...]
  responders {NAME: answers}

`echo` prints on SIGTERM how many probes it got: what the sender misses is
then known to be lost on the way there or on the way back.

Only the standard library: the demo runs on a bare machine.
"""
import errno
import json
import select
import signal
import socket
import struct
import sys
import time

LATE = 0.05  # seconds behind its timetable at which a sender begins a new one
LINGER = 2  # seconds of silence until nobody waits for stragglers any more
SO_RCVBUFFORCE = 33


def say(obj):
    print(json.dumps(obj), flush=True)


def udp(address):
    v6 = ":" in address
    sock = socket.socket(
        socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM
    )
    # as root more than net.core.rmem_max
    for option in (socket.SO_RCVBUF, SO_RCVBUFFORCE):
        try:
            sock.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
        except PermissionError:
            pass
    return sock


def echo(address, port, name):
    sock = udp(address)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    count = 0

    def stop(*_):
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    say({"listening": name})
    try:
        while True:
            data, peer = sock.recvfrom(2048)
            count += 1
            try:
                sock.sendto(data[:8] + name.encode(), peer)
            except OSError:
                pass  # no way back: the sender counts it
    finally:
        say({"received": count})


class Sender:
    def __init__(self, address, port, rate, source=None):
        self.sock = udp(address)
        if source and source.startswith("%"):
            self.sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_BINDTODEVICE, source[1:].encode()
            )
        elif source:
            self.sock.bind((source, 0))
        self.sock.setblocking(False)
        self.to = (address, port)
        self.interval = 1.0 / rate
        self.sent_at = []  # by sequence number
        self.answered = bytearray()
        self.n_answered = 0
        self.duplicates = 0
        self.errors = {}
        self.responder = None
        self.responders = {}

    def send(self, now):
        seq = len(self.sent_at)
        self.sent_at.append(now)
        self.answered.append(0)
        try:
            self.sock.sendto(struct.pack("!Q", seq), self.to)
        except OSError as e:
            name = errno.errorcode.get(e.errno, str(e.errno))
            self.errors[name] = self.errors.get(name, 0) + 1

    def receive(self):
        while True:
            try:
                data = self.sock.recv(2048)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error: the probe counts as lost
            (seq,) = struct.unpack("!Q", data[:8])
            name = data[8:].decode()
            if self.answered[seq]:
                self.duplicates += 1
                continue
            self.answered[seq] = 1
            self.n_answered += 1
            self.responders[name] = self.responders.get(name, 0) + 1
            if name != self.responder:
                self.responder = name
                say({"responder": name, "seq": seq})

    def run(self):
        start = time.monotonic()
        due = start
        while True:
            now = time.monotonic()
            # a machine that stood still gets no flood, which would be lost
            if now - due > LATE:
                start += now - due
                due = now
            while due <= now:
                self.send(now)
                due = start + len(self.sent_at) * self.interval
            ready, _, _ = select.select(
                [self.sock, sys.stdin], [], [], max(0, due - now)
            )
            if self.sock in ready:
                self.receive()
            if sys.stdin in ready and not sys.stdin.buffer.raw.read(64):
                break
        while self.n_answered < len(self.sent_at):
            if not select.select([self.sock], [], [], LINGER)[0]:
                break
            self.receive()

    def result(self):
        holes = []
        outage = 0.0
        last = None
        for seq, ok in enumerate(self.answered):
            if not ok:
                if not holes or sum(holes[-1]) != seq:
                    holes.append([seq, 0])
                holes[-1][1] += 1
                continue
            if last is not None and seq != last + 1:
                outage = max(outage, self.sent_at[seq] - self.sent_at[last])
            last = seq
        sent = len(self.sent_at)
        if last is None or last != sent - 1:  # silent to the end
            since = self.sent_at[last if last is not None else 0]
            outage = max(outage, self.sent_at[-1] - since)
        return {
            "sent": sent,
            "answered": self.n_answered,
            "lost": sent - self.n_answered,
            "duplicates": self.duplicates,
            "errors": self.errors,
            "outageMs": round(outage * 1000, 1),
            "holes": holes,
            "responders": self.responders,
        }


def bfd(interface, address):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    sock.bind((interface, 0x0800))
    source = socket.inet_aton(address)
    while True:
        data = sock.recv(256)
        if len(data) < 28 or data[9] != 17 or data[12:16] != source:
            continue
        ihl = (data[0] & 15) * 4
        if struct.unpack("!H", data[ihl + 2 : ihl + 4])[0] == 3784:
            print(time.monotonic(), flush=True)


def main(argv):
    what = argv[1] if len(argv) > 1 else ""
    if what == "echo" and len(argv) == 5:
        echo(argv[2], int(argv[3]), argv[4])
    elif what == "send" and len(argv) in (5, 6):
        sender = Sender(argv[2], int(argv[3]), float(argv[4]), *argv[5:])
        sender.run()
        say(sender.result())
    elif what == "bfd" and len(argv) == 4:
        bfd(argv[2], argv[3])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv)
    except BrokenPipeError:
        pass  # nobody wants to know any more
