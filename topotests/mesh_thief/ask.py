#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Ask at a door: ask.py ADDRESS PORT HUB TEXT..., the hub's key and the texts of
the questions in hexadecimal.  Prints one JSON list, of [kind, answer in
hexadecimal] for each; kind 0: there was no answer.
"""
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import lib_door as door  # noqa: E402 pylint: disable=wrong-import-position

NEAR_S = 1 / 5  # a neighbourhood may ask so often


def answer(s, asked):
    s.send(asked.datagram)
    try:
        return asked.read(s.recv(2048))
    except socket.timeout:
        return 0, b""


def main(address, port, hub, *texts):
    hub = bytes.fromhex(hub)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect((address, int(port)))
    kind, cookie = answer(s, door.Asked(hub, bytes.fromhex(texts[0])))
    assert kind == door.COOKIE, kind
    said = []
    for text in texts:
        time.sleep(NEAR_S)
        kind, words = answer(s, door.Asked(hub, bytes.fromhex(text), cookie))
        said.append([kind, words.hex()])
    print(json.dumps(said))


main(*sys.argv[1:])
