#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
datagrams.py ADDRESS PORT N: sends the datagrams of its standard input, in
hexadecimal, one a line, from one socket.  When its input ends and N answers
came, prints one JSON list of its own port and all answers.
"""
import json
import socket
import sys

PATIENCE_S = 60


def main(address, port, n):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((address, int(port)))
    for line in iter(sys.stdin.readline, ""):
        s.send(bytes.fromhex(line))
    answers = []
    while True:
        s.settimeout(PATIENCE_S if len(answers) < int(n) else 0.01)
        try:
            answers.append(s.recv(2048).hex())
        except socket.timeout:
            break
    print(json.dumps([s.getsockname()[1], answers]))


main(*sys.argv[1:])
