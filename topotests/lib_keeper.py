# SPDX-License-Identifier: GPL-2.0-or-later
"""
A mesh named acme of a Net's sites: the keeper's folder, and how a site gets
what the keeper wrote.  What a member keeps is in a file system of its own.
"""
import json
import os
import shlex
import subprocess

from lib_wgd import wait_for

TOOL = os.path.join(os.environ["WGD_BUILDDIR"], "wgd-mesh/wgd-mesh")
STATE = "/var/lib/frr"
NETWORK = "10.99.0.0/16"


class Keeper:
    "The keeper's folder."

    def __init__(self, folder):
        self.folder = folder
        self.passphrase = folder + ".passphrase"
        with open(os.open(self.passphrase, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as f:
            f.write("correct horse battery staple\n")
        self("new", folder, "--network", NETWORK, "--memory", "64")

    def __call__(self, command, *args):
        secret = [] if command == "add" else ["--passphrase-file", self.passphrase]
        return subprocess.run([TOOL, command, *secret, *args], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def line(self, command, *args):
        return [s for s in self(command, self.folder, *args).splitlines()
                if s.startswith("wgmesh1:")][0]

    def add(self, name, *args):
        self("add", self.folder, name, *args)

    def load(self, site):
        "What the keeper wrote last, at one member."
        with open(self.folder + "/update", "rb") as f:
            text = f.read().hex()
        site.gear.net.cmd_raises("set -e; umask 077; xxd -r -p > %s/update; chown frr:frr %s/update" % (
            STATE, STATE), stdin=text)
        return site.vtysh("wireguard mesh load wg0 file %s/update" % STATE)


def prepare(site):
    "A machine that may be a member, and forwards."
    # as the package makes it: in a folder that all may write to the kernel may
    # refuse root a file of frr's (fs.protected_regular)
    site.run("mkdir -p %s; mount -t tmpfs -o mode=755 none %s; mkdir -m 700 %s/wireguard;"
             "chown frr:frr %s/wireguard" % ((STATE,) * 4))
    site.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")


def bring(site, line):
    "An invite or an answer, as Ansible may bring it: only the lines are missing."
    site.gear.net.cmd_raises("umask 077; cat > %s/wireguard/acme.invite" % STATE, stdin=line + "\n")
    site.run("chown frr:frr %s/wireguard/acme.invite" % STATE)


def tool(site, *words, stdin=""):
    "wgd-mesh, as it is run at a member: (result, output, errors)."
    command = shlex.join((TOOL, *words))
    # the library prints what fails otherwise, and some is to fail
    return site.gear.net.cmd_status(command, stdin=stdin, stderr=subprocess.PIPE, warn=False)


def join(site, line, *more):
    "By that line, and no other one: what the site says of it."
    rc, out, err = tool(site, "join", *more, "wg0", "-", stdin=line + "\n")
    assert rc == 0, "%s: %s%s" % (site.name, out, err)
    return out + err


def make_hub(keeper, site, host):
    "A hub by request and answer; HOST is where it is found."
    keeper.add(site.name, "--hub", host)
    rc, line, err = tool(site, "request", "wg0", "--mesh", "acme")
    assert rc == 0, "%s: %s%s" % (site.name, line, err)
    return join(site, keeper.line("sign", site.name, line.strip()))


def mesh(site, what=""):
    return json.loads(site.vtysh("show wireguard wg0 mesh%s json" % what))["wg0"]


def wait_connected(site):
    wait_for(lambda: mesh(site).get("state") == "connected", site.name + " to be connected")


def learn_key(site):
    "Whose public key it is that a member has made itself, for Site.allowed."
    site.net.owner_of[site.run("wg show wg0 public-key").strip()] = site.name
