#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
One session with wgd, as a vtysh has it: a command a line on standard input,
what wgd says to it on standard output.  The session ends with its input.
"""
import socket
import sys

with socket.socket(socket.AF_UNIX) as vty:
    vty.connect("/var/run/frr/wgd.vty")
    for command in sys.stdin:
        vty.sendall(command.strip().encode() + b"\0")
        reply = b""
        # three NULs and the command's result
        while b"\0\0\0" not in reply[:-1]:
            part = vty.recv(65536)
            assert part, "wgd ended the session"
            reply += part
        print(reply.split(b"\0\0\0")[0].decode(), flush=True)
