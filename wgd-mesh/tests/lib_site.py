# SPDX-License-Identifier: GPL-2.0-or-later
"""
A site for tests of wgd-mesh request and join: a temporary folder with a vtysh
that records how it was called, keeps a configuration, and plays zebra and wgd.

What it plays is in frr.json there, and a test may change any of it:

  daemons     those that it reaches
  running     {block: lines}
  refuse      lines that are refused
  warn        {line: a warning with which it is taken}
  die         the number of a configuration line, from 1, at which it ends
  write       why `write memory` fails
  request     the line that wgd prints
  show        what wgd says, one after another, once it has read the invite;
              before that it says `joining`.  Text is printed as it is
  reads       does wgd read the invite?
"""
import json
import os
import stat

import lib_keeper as lib
from lib_keeper import HUBS, Place, items

VTYSH = '''#!/usr/bin/python3
import json, os, sys
sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
with open(here + "/frr.json") as f:
    frr = json.load(f)
commands = sys.argv[2::2]
with open(here + "/calls", "a") as f:
    f.write(json.dumps([sys.argv[1:], dict(os.environ), sys.stdin.read()]) + "\\n")


def keep():
    with open(here + "/frr.json.new", "w") as f:
        json.dump(frr, f)
    os.rename(here + "/frr.json.new", here + "/frr.json")


def end(words):
    keep()
    print(words)
    sys.exit(1)


def mesh_of(ifname):
    for line in frr["running"].get("interface " + ifname, []):
        if line.startswith("wireguard mesh name "):
            return line.split()[3]


def text():
    out = "".join("!\\n%s\\n%s%s" % (
        block, "".join(" %s\\n" % line for line in lines),
        "exit\\n" if block.startswith("interface") else "")
        if block else "".join(line + "\\n" for line in lines)
        for block, lines in frr["running"].items())
    return "Building configuration...\\n\\nCurrent configuration:\\n!\\n" + out + "!\\nend\\n"


def read_invite(ifname):
    "As wgd does, with the lines that are there by now."
    mesh = mesh_of(ifname)
    path = "%s/state/%s.invite" % (here, mesh)
    if mesh and frr["reads"] and os.path.exists(path):
        st = os.stat(path)
        with open(path) as f:
            frr["read"].append([f.read(), st.st_mode & 0o7777, st.st_uid,
                                frr["running"]["interface " + ifname]])
        os.unlink(path)


def configure(commands):
    block = ""
    for n, line in enumerate(commands, 1):
        if n - 1 == frr["die"]:
            sys.exit(1)
        if line in frr["refuse"]:
            end("% Configuration failed.\\n\\nError type: validation\\nsecond line")
        if line in frr["warn"]:
            print("Warning: interface wg0: " + frr["warn"][line])
        if line.startswith("interface "):
            block = line
            frr["running"].setdefault(block, [])
        elif line not in frr["running"][block]:
            frr["running"][block].append(line)
        keep()


if commands[0] == "configure terminal":
    configure(commands[1:])
else:
    (command,) = commands
    words = command.split()
    if command == "show daemons":
        print(" " + " ".join(frr["daemons"]))
    elif command == "show running-config":
        print(text())
    elif command == "write memory":
        if frr["write"]:
            end(frr["write"])
        with open(here + "/frr.conf", "w") as f:
            f.write(text())
        print("Note: this version of vtysh never writes vtysh.conf\\n[OK]")
    elif command.startswith("wireguard mesh request "):
        if not mesh_of(words[3]) or not frr["request"]:
            end("% no mesh")
        print(frr["request"])
    elif command.startswith("show wireguard ") and command.endswith(" mesh json"):
        read_invite(words[2])
        answer = {words[2]: {"mesh": mesh_of(words[2]), "state": "joining"}}
        if frr["read"]:
            answer = frr["show"][0]
            frr["show"] = frr["show"][1:] or frr["show"]
        print(answer if isinstance(answer, str) else json.dumps(answer, indent=2))
    else:
        end("% Unknown command: " + command)
keep()
'''


class Site(Place):
    "With a keeper beside it, whose mesh has two hubs and four sites."

    def __init__(self):
        super().__init__()
        with open(os.open(self.at("vtysh"), os.O_WRONLY | os.O_CREAT, 0o755), "w",
                  encoding="utf-8") as f:
            f.write(VTYSH)
        os.mkdir(self.at("state"), 0o700)
        if os.geteuid() == 0:
            os.chown(self.at("state"), 65534, 65534)
        self.frr = {
            "daemons": ["zebra", "wgd", "watchfrr"],
            "running": {"": ["frr version 8.4.4", "hostname site"],
                        "interface eth0": ["description uplink"]},
            "refuse": [], "warn": {}, "die": -1, "write": "",
            "request": "", "reads": True, "read": [], "show": [],
        }
        self.save_frr()
        self.write("hostname site\n!\ninterface eth0\n description uplink\n", "frr.conf")

    def save_frr(self, **more):
        self.frr.update(more)
        self.write(json.dumps(self.frr), "frr.json")

    def again(self, *lines, **more):
        "As at first, but for these lines under wg0, which are saved."
        self.save_frr(read=[], running={
            "": ["frr version 8.4.4", "hostname site"],
            "interface eth0": ["description uplink"],
            **({"interface wg0": list(lines)} if lines else {})}, **more)
        self.write("hostname site\n!\ninterface eth0\n description uplink\n" + (
            "interface wg0\n" + "".join(" %s\n" % line for line in lines)), "frr.conf")

    def load_frr(self):
        self.frr = json.loads(self.text("frr.json"))
        return self.frr

    def lines(self, ifname="wg0"):
        return self.load_frr()["running"].get("interface " + ifname, [])

    def connected(self, number, ifname="wg0", **more):
        "What wgd says when all is well."
        return {ifname: {"mesh": "acme", "name": "x", "number": number, "role": "site",
                         "state": "connected", "members": 41, **more}}

    def calls(self):
        "[(arguments, environment, standard input)]"
        if not os.path.exists(self.at("calls")):
            return []
        return [json.loads(line) for line in self.text("calls").splitlines()]

    def commands(self):
        return [args[1::2] for args, _, _ in self.calls()]

    def join(self, *words, **more):
        return self.run("join", "--vtysh", self.at("vtysh"), "--state", self.at("state"),
                        "--config", self.at("frr.conf"), *words, **more)

    def request(self, *words, **more):
        return self.run("request", "--vtysh", self.at("vtysh"), "--config",
                        self.at("frr.conf"), *words, **more)

    def invite(self, name="berlin", *words):
        return self.good("invite", "acme", name, *words).strip()

    def answer(self, name, seed, *words):
        return self.good("sign", "acme", name, lib.request(seed), *words).strip()

    def snapshot(self):
        "All of it that a refusal must not change."
        found = {name: (self.read("state", name),
                        stat.S_IMODE(os.lstat(self.at("state", name)).st_mode))
                 for name in os.listdir(self.at("state"))} if os.path.isdir(
                     self.at("state")) else None
        return found, self.load_frr()["running"], self.text("frr.conf")

    def leaks(self, secrets):
        "Where what is secret stands, but for the state's own files of 0600."
        found = []
        for args, env, text in self.calls():
            found += ["vtysh: %s" % args for s in secrets
                      if s in " ".join(args) or s in str(env) or s in text]
        for folder, _, names in os.walk(self.path):
            if "/acme" in folder:
                continue
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    data = f.read()
                if name == "frr.json" or os.path.basename(folder) == "invites":
                    continue  # what was read, in the game; and the keeper's own
                if any(s.encode() in data for s in secrets):
                    mode = stat.S_IMODE(os.lstat(path).st_mode)
                    if mode != 0o600 or os.path.basename(folder) != "state":
                        found.append("%s: %04o" % (path, mode))
        return found


def certified(place, seed=b"\5" * 32, **change):
    "The certificate of berlin, its authority's seed at hand: changed and signed."
    keys = lib.Keys(place.read("acme", "authority.key"))
    invite = lib.Invite(place.invite())
    c = {t: v for t, v in items.decode(invite.values[0x34])[1]}
    c[4] = items.public(seed)
    c.update({int(t[1:], 16): v for t, v in change.items()})
    values = [(t, v) for t, v in c.items() if v is not None and t != 0x7F]
    return invite, keys, items.encode(items.C, values, s7f=keys.seed)


def forged(place, kind=items.I, seed=b"\5" * 32, **change):
    "A line whose certificate is like berlin's, but for what is changed."
    invite, keys, c = certified(place, seed, **change)
    return items.to_line(items.encode(kind, [
        (0x31, keys.recovery), (0x32, keys.first), (0x34, c), (0x36, "acme"),
        *([(0x33, seed)] if kind == items.I else []),
        *[(0x35, d) for d in invite.doors]]))


__all__ = ["HUBS", "Site", "certified", "forged", "items", "lib"]
