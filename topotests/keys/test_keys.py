# SPDX-License-Identifier: GPL-2.0-or-later
"""
Secrets: kept in root's files of mode 0600, made when absent, read only where
nobody else can read them, and never seen in the configuration, in show commands, in
logs, or in memory that a core file would keep.
"""
import base64
import hashlib
import os
import re
import stat

import pytest

from lib_wgd import BACKEND, KEYDIR, wait_for

pytestmark = pytest.mark.once  # files and what is said of them

TOPOLOGY = {"sites": "ab"}
SHOW = [
    "show running-config",
    "show wireguard",
    "show wireguard json",
    "show wireguard wg0 allowed-ips json",
    "show wireguard wg0 routes json",
    "show wireguard statistics json",
    "show wireguard explain 10.99.0.2 json",
]


def read(site, path):
    return site.run("cat " + path).strip()


def mode(site, path):
    return site.run("stat -c '%a %U' " + path).split()


def key_of_seed(seed):
    "The WireGuard key, in base64, of the seed of an Ed25519 key."
    key = bytearray(hashlib.sha512(base64.b64decode(seed)).digest()[:32])
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    return base64.b64encode(key).decode()


def spellings(secret):
    "base64, and the hex that the userspace protocol has; of a seed its key, too."
    words = [secret]
    if secret.startswith("ed25519:"):
        words = [secret[8:], key_of_seed(secret[8:])]
    return words + [base64.b64decode(w).hex() for w in words]


def test_traffic(net):
    wait_for(lambda: net["a"].ping("10.99.0.2"), "answer")


def test_private_key_made_if_absent(net):
    a = net["a"]
    a.configure("interface wg1\nwireguard\n" + net.expand("@implementation@"))
    path = KEYDIR + "/wg1.key"
    wait_for(lambda: a.run("ls " + path, check=False), "a new key file")
    assert mode(a, path) == ["600", "root"]
    private = read(a, path)
    public = a.run("wg pubkey <" + path).strip()
    wait_for(lambda: a.show("wg1")["publicKey"] == public, "its public key")
    assert a.run("wg show wg1 public-key").strip() == public
    # kept, not made anew
    a.kill("wgd")
    a.run("vtysh -c 'show version' >/dev/null")
    a.start("wgd")
    assert read(a, path) == private


def test_private_key_in_a_place_of_ones_own(net):
    a = net["a"]
    a.run("install -d -m 700 /etc/frr/elsewhere")
    out = a.vtysh("wireguard generate private-key file /etc/frr/elsewhere/mine")
    assert mode(a, "/etc/frr/elsewhere/mine") == ["600", "root"]
    a.configure(
        "interface wg2\nwireguard private-key file /etc/frr/elsewhere/mine\n"
        + net.expand("@implementation@")
    )
    wait_for(lambda: "Public key: " + a.show("wg2")["publicKey"] in out, "its public key")
    assert not a.run("ls %s/wg2.key" % KEYDIR, check=False)


def test_seed(net):
    "A file with a seed is a key's file; what it had is found nowhere later."
    a, path = net["a"], KEYDIR + "/mesh/acme/wg.key"
    seed = base64.b64encode(os.urandom(32)).decode()
    a.run("install -d -m 700 %s/mesh %s/mesh/acme" % (KEYDIR, KEYDIR))
    a.run("install -m 600 /dev/null " + path)
    a.gear.net.cmd_raises("cat > " + path, stdin="ed25519:" + seed + "\n")
    public = a.gear.net.cmd_raises("wg pubkey", stdin=key_of_seed(seed)).strip()
    a.configure("interface wg4\nwireguard private-key file %s\n" % path
                + net.expand("@implementation@"))
    wait_for(lambda: a.show("wg4")["publicKey"] == public, "its public key")
    wait_for(lambda: a.run("wg show wg4 public-key").strip() == public, "it on the device")


@pytest.mark.parametrize("path,why", [
    (KEYDIR + "/typo.key", "No such file"),
    (KEYDIR + "/nowhere/wg2.key", "there is no folder %s/nowhere" % KEYDIR),
])
def test_named_file_must_be_there(net, path, why):
    "A typo makes no new identity."
    a = net["a"]
    before, key = a.running(), a.show("wg2")["publicKey"]
    message = a.refused("interface wg2\nwireguard private-key file " + path)
    for words in "interface wg2", path, why, "wireguard generate private-key file " + path:
        assert words in message, message
    assert not a.run("ls -d " + path, check=False)
    assert a.running() == before and a.show("wg2")["publicKey"] == key


def test_change_of_identity(net):
    "Another key is another identity: the answer says so, and show does."
    a = net["a"]
    old = a.show("wg2")["publicKey"]
    out = a.vtysh("wireguard generate private-key file %s/second.key" % KEYDIR)
    new = re.search("Public key: (.*)", out)[1]
    out = a.configure("interface wg2\nwireguard private-key file %s/second.key" % KEYDIR)
    assert "interface wg2: public key is %s now, and was %s" % (new, old) in out, out
    wait_for(lambda: a.show("wg2")["publicKey"] == new, "its new public key")
    assert a.show("wg2")["formerPublicKey"] == old
    assert "public key is %s now, and was %s" % (new, old) in a.vtysh("show wireguard wg2")
    wait_for(lambda: a.run("wg show wg2 public-key").strip() == new, "it on the device")
    # undone: all peers have that one, and nothing is left to be said
    out = a.configure("interface wg2\nwireguard private-key file /etc/frr/elsewhere/mine")
    assert "Warning" not in out, out
    wait_for(lambda: a.run("wg show wg2 public-key").strip() == old, "the old one again")
    assert "formerPublicKey" not in a.show("wg2")
    assert "public key is" not in a.vtysh("show wireguard wg2")


def test_file_gone_at_boot(net):
    "No line is lost and no identity made; what needs the file waits for it."
    a, psk = net["a"], KEYDIR + "/gone.psk"
    key, saved = a.show("wg2")["publicKey"], a.run("cat /etc/frr/frr.conf")
    a.vtysh("wireguard generate preshared-key file " + psk)
    a.configure("interface wg2\nwireguard peer z public-key %s\n"
                "wireguard peer z preshared-key file %s" % (net.make_key("z", "wg2"), psk))
    a.vtysh("write memory")
    before = a.running()
    for path in "/etc/frr/elsewhere/mine", psk:
        a.run("mv %s %s.away" % (path, path))
    a.kill("wgd")
    a.start("wgd")
    assert a.running() == before
    reason = wait_for(lambda: a.show("wg2").get("syncReason"), "a reason")
    assert "/etc/frr/elsewhere/mine: No such file" in reason, reason
    assert "/etc/frr/elsewhere/mine: No such file" in a.log()
    assert a.show("wg2")["peers"]["z"]["state"] == "incomplete"
    for path in "/etc/frr/elsewhere/mine", KEYDIR + "/wg2.key":
        assert not a.run("ls " + path, check=False)
    for path in "/etc/frr/elsewhere/mine", psk:
        a.run("mv %s.away %s" % (path, path))
    wait_for(lambda: a.show("wg2")["syncState"] == "synced", "wg2 in sync")
    assert a.show("wg2")["publicKey"] == key
    wait_for(lambda: a.show("wg2")["peers"]["z"]["state"] != "incomplete", "z complete")
    a.gear.net.cmd_raises("cat > /etc/frr/frr.conf", stdin=saved)


def test_of_an_earlier_version(net):
    "A key of user frr's goes on working, and is root's from then on."
    a = net["a"]
    key = net.make_key("a", "wg3")
    path = KEYDIR + "/wg3.key"
    a.run("chown frr:frr " + path)
    a.configure("interface wg3\nwireguard\n" + net.expand("@implementation@"))
    wait_for(lambda: a.show("wg3")["publicKey"] == key, "its public key")
    assert mode(a, path) == ["600", "root"]
    wait_for(lambda: path + ": belonged to uid" in a.log(), "a line in the log")


def test_generate_private_key(net):
    a = net["a"]
    path = KEYDIR + "/generated.key"
    out = a.vtysh("wireguard generate private-key file " + path)
    assert mode(a, path) == ["600", "root"]
    secret = read(a, path)
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}=", secret)
    for spelling in spellings(secret):
        assert spelling not in out


def test_generate_does_not_overwrite(net):
    a = net["a"]
    path = KEYDIR + "/generated.key"
    before = read(a, path)
    _, out = a.vtysh_status("wireguard generate private-key file " + path)
    assert path in out
    assert read(a, path) == before


def test_generate_says_why_not(net):
    for path, why in (
        ("/etc/frr/no/where/key", "there is no folder /etc/frr/no"),
        ("/nowhere/key", "--key-folder"),
        ("/etc/frr/../key", "plain path"),
        ("/etc/frr/key", "folder belongs to uid"),
    ):
        _, out = net["a"].vtysh_status("wireguard generate private-key file " + path)
        assert path in out and why in out, out


def test_preshared_key(net):
    "Both ends get it and talk; one end without it does not."
    a, b = net["a"], net["b"]
    path = KEYDIR + "/ab.psk"
    out = a.vtysh("wireguard generate preshared-key file " + path)
    assert mode(a, path) == ["600", "root"]
    secret = read(a, path)
    for spelling in spellings(secret):
        assert spelling not in out
    b.run("install -m 600 /dev/null " + path)
    b.gear.net.cmd_raises("cat > " + path, stdin=secret + "\n")
    for site, peer in ((a, "b"), (b, "a")):
        site.configure(
            "interface wg0\nwireguard peer %s preshared-key file %s" % (peer, path)
        )
    for site in a, b:
        wait_for(lambda: secret in site.run("wg show wg0 preshared-keys"), "the secret")
    wait_for(lambda: a.ping("10.99.0.2"), "answer")
    b.configure("interface wg0\nno wireguard peer a preshared-key file " + path)
    wait_for(lambda: "(none)" in b.run("wg show wg0 preshared-keys"), "no secret")
    b.configure("interface wg0\nwireguard peer a preshared-key file " + path)
    wait_for(lambda: secret in b.run("wg show wg0 preshared-keys"), "the secret again")


def test_preshared_key_lost(net):
    "Its peer is incomplete until the file is back; nobody else is held up."
    a = net["a"]
    path = KEYDIR + "/ab.psk"
    a.run("chmod 644 " + path)
    a.configure("interface wg0\nwireguard peer b persistent-keepalive 20")
    wait_for(lambda: a.show()["peers"]["b"]["state"] == "incomplete", "incomplete b")
    reason = a.show()["peers"]["b"]["stateReason"]
    assert "preshared key" in reason, reason
    key = net.make_key("z", "wg0")
    a.configure("interface wg0\nwireguard peer z public-key " + key)
    wait_for(lambda: list(a.handshakes()) == ["z"], "z alone on the device")
    a.run("chmod 600 " + path)
    wait_for(lambda: set(a.handshakes()) == {"b", "z"}, "b again")
    wait_for(lambda: a.ping("10.99.0.2"), "answer")
    a.configure(
        "interface wg0\nno wireguard peer z\nno wireguard peer b persistent-keepalive"
    )


@pytest.mark.parametrize("bits", ["640", "604", "660"])
def test_too_open_file(net, bits):
    a = net["a"]
    path = "%s/open-%s" % (KEYDIR, bits)
    a.run("wg genkey >%s; chmod %s %s" % (path, bits, path))
    message = a.refused("interface wg0\nwireguard peer b preshared-key file " + path)
    assert path in message and "0" + bits in message, message


def all_secrets(net):
    out = []
    for name in "ab":
        site = net[name]
        for path in site.run("find /etc/frr -name '*.key' -o -name '*.psk' -o -name mine"
                             " -o -name 'open-*'").split():
            out += [(path, s) for s in spellings(read(site, path))]
    assert len(out) >= 10
    return out


@pytest.mark.parametrize("command", SHOW)
def test_not_shown(net, command):
    for name in "ab":
        out = net[name].vtysh(command)
        for path, secret in all_secrets(net):
            assert secret not in out, "%s: %s shows %s" % (name, command, path)


def test_not_logged(net):
    "Also with all debugging on."
    a = net["a"]
    for what in "events", "routes", "device":
        a.vtysh("debug wireguard " + what)
    a.vtysh("clear wireguard wg0")
    a.configure("interface wg0\nno wireguard peer b preshared-key")
    a.configure("interface wg0\nwireguard peer b preshared-key file %s/ab.psk" % KEYDIR)
    wait_for(lambda: "(none)" not in a.run("wg show wg0 preshared-keys"), "the secret")
    for name in "ab":
        folder = os.path.join(net[name].gear.logdir, name)
        for file in os.listdir(folder):
            with open(os.path.join(folder, file), encoding="utf-8", errors="replace") as f:
                text = f.read()
            for path, secret in all_secrets(net):
                assert secret not in text, "%s/%s has %s" % (name, file, path)
    for what in "events", "routes", "device":
        a.vtysh("no debug wireguard " + what)


def test_not_in_memory(net):
    "A secret is in the daemon's memory only while it is handed over."
    a = net["a"]
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    secrets = [(p, s.encode()) for p, s in all_secrets(net)]
    secrets += [(p, base64.b64decode(s)) for p, s in secrets if len(s) == 44]
    for pid in a.pid("wgd"), a.helper_pid("wgd-keys"), a.helper_pid("wgd-launch"):
        assert not found_in(pid, secrets)


def found_in(pid, secrets):
    found = []
    with open("/proc/%d/maps" % pid, encoding="ascii") as maps, \
            open("/proc/%d/mem" % pid, "rb") as mem:
        for line in maps:
            f = line.split()
            if "rw" not in f[1] or (len(f) > 5 and f[5] in ("[vvar]", "[vsyscall]")):
                continue
            start, end = (int(x, 16) for x in f[0].split("-"))
            if end - start > 1 << 30:
                continue  # what a sanitizer reserves
            try:
                mem.seek(start)
                data = mem.read(end - start)
            except OSError:
                continue
            found += [p for p, s in secrets if s in data]
    return found


def privileges(site, pid, user):
    "Capabilities of a process of that user: {effective, permitted, ambient}."
    status = dict(
        line.split(":\t", 1)
        for line in site.run("cat /proc/%d/status" % pid).splitlines()
        if ":\t" in line
    )
    uid = int(site.run("id -u " + user))
    assert [int(x) for x in status["Uid"].split()] == [uid] * 4
    return {k: int(status["Cap" + k], 16) for k in ("Eff", "Prm", "Amb")}


def test_privileges(net):
    """
    User frr with CAP_NET_ADMIN, and CAP_NET_RAW for gateway groups and meshes,
    raised only when needed; the program has the former, who starts it CAP_SYS_ADMIN beside,
    for mounts, and the key process what it needs for files that are not root's
    yet.
    """
    net_admin, sys_admin, chown, search = 1 << 12, 1 << 21, 1 << 0, 1 << 2
    a = net["a"]
    assert privileges(a, a.pid("wgd"), "frr") == {
        "Eff": 0, "Prm": net_admin | 1 << 13, "Amb": 0}
    assert privileges(a, a.helper_pid("wgd-keys"), "root") == {
        "Eff": chown | search, "Prm": chown | search, "Amb": 0}
    program = {"Eff": net_admin, "Prm": net_admin, "Amb": net_admin}
    assert privileges(a, a.helper_pid("wgd-launch"), "root") == {
        "Eff": net_admin | sys_admin, "Prm": net_admin | sys_admin, "Amb": net_admin}
    if BACKEND == "userspace":
        assert privileges(a, a.userspace_pid(), "root") == program


def test_no_core_file(net):
    "Its core would hold what is being handed over: it makes none."
    pid = net["a"].pid("wgd")
    with open("/proc/%d/limits" % pid, encoding="ascii") as f:
        limit = [s for s in f if s.startswith("Max core file size")][0].split()[4]
    # a process that may not be dumped belongs to root in /proc
    owner = os.stat("/proc/%d/status" % pid).st_uid
    assert limit == "0" or owner == 0, (limit, owner)


def test_key_folder(net):
    "A folder that wgd made is its own alone."
    out = net["a"].run("stat -c '%a' " + KEYDIR).strip()
    assert stat.S_IMODE(int(out, 8)) & 0o077 == 0


def test_file_whose_private_key_a_peer_has(net):
    "Pasted as a public key before the file was named: then the file is refused."
    a, path = net["a"], KEYDIR + "/second.key"
    secret = a.run("umask 077; wg genkey | tee " + path).strip()
    a.configure("interface wg0\nwireguard peer leak public-key " + secret)
    message = a.refused("interface wg0\nwireguard private-key file " + path)
    assert "peer leak" in message and "private key" in message and secret not in message
    a.configure("interface wg0\nno wireguard peer leak")
    a.run("rm " + path)


@pytest.mark.parametrize("ifname", ["wg0", "wg2"])
def test_own_private_key_as_a_peers_public_key(net, ifname):
    """
    Of this interface or another one: refused, and not to be read anywhere.  The
    last test: what was typed is in the terminal's own memory for a while.
    """
    a = net["a"]
    secret, before = read(a, KEYDIR + "/wg0.key"), a.running()
    message = a.refused("interface %s\nwireguard peer z public-key %s" % (ifname, secret))
    assert "peer z" in message and "private key of interface wg0" in message, message
    assert secret not in message
    assert a.running() == before
    # nor from a file
    a.gear.net.cmd_raises("cat > /tmp/pasted.conf", stdin=(
        "interface %s\n wireguard peer z public-key %s\n" % (ifname, secret)))
    a.run("vtysh -f /tmp/pasted.conf", check=False)
    assert a.running() == before
