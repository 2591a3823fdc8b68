# SPDX-License-Identifier: GPL-2.0-or-later
"""
What users see: the JSON objects have the keys that are promised, their
values are those of the device, and the text says the same.
"""
import json
import shutil
import subprocess

import pytest

from lib_wgd import BACKEND, wait_for

TOPOLOGY = {"sites": "ab"}
DEVICE_KEYS = {
    "implementation", "publicKey", "listenPort", "mtu", "fwmark", "underlay", "syncState", "peers",
}
PEER_KEYS = {
    "publicKey", "state", "stateReason", "endpoint", "addresses",
    "lastHandshakeSecs", "rxBytes", "txBytes", "allowedIpsStatic",
    "allowedIpsDynamic", "allowedIpsInstalled",
}


@pytest.fixture(scope="module", autouse=True)
def settled(net):
    net["a"].wait_allowed({"192.168.50.0/24": "b", "192.168.60.0/25": "b"})
    wait_for(lambda: net["a"].ping("10.99.0.2"), "answer")
    wait_for(lambda: net["a"].show()["peers"]["b"]["rxBytes"] > 0, "statistics")


def test_device(net):
    a = net["a"]
    shown = a.show()
    assert set(shown) >= DEVICE_KEYS
    assert shown["implementation"] == BACKEND
    assert shown["publicKey"] == net.keys["a", "wg0"][1]
    assert shown["listenPort"] == 51820 and shown["mtu"] == 1420
    assert shown["fwmark"] == 0x77670000 and shown["syncState"] == "synced"
    assert set(shown["peers"]) == set("bcd")


def test_peer(net):
    a = net["a"]
    peers = a.show()["peers"]
    b = peers["b"]
    assert set(b) >= PEER_KEYS
    assert b["publicKey"] == net.keys["b", "wg0"][1]
    assert b["endpoint"] == "10.255.2.2:51820"
    assert b["addresses"] == ["10.99.0.2"]
    assert 0 <= b["lastHandshakeSecs"] < 600
    assert b["rxBytes"] > 0 and b["txBytes"] > 0
    assert b["allowedIpsStatic"] >= 2 and b["allowedIpsDynamic"] == 2
    assert b["allowedIpsInstalled"] == b["allowedIpsStatic"] + b["allowedIpsDynamic"]
    assert peers["c"]["state"] == "shutdown"
    assert peers["d"]["state"] == "incomplete" and peers["d"]["stateReason"]


def test_allowed_ips(net):
    shown = net["a"].show(what="allowed-ips")
    assert shown["192.168.60.0/24"] == {
        "peer": "b", "source": "static", "state": "installed",
    }
    assert shown["192.168.50.0/24"]["peer"] == "b"
    assert shown["192.168.50.0/24"]["state"] == "installed"
    assert shown["10.99.0.2/32"]["source"] == "static"
    assert not [p for p, e in shown.items() if e["peer"] != "b"]
    # what is said to be installed is what the device has
    installed = {p for p, e in shown.items() if e["state"] == "installed"}
    assert installed == set(net["a"].allowed())


def test_routes(net):
    shown = net["a"].show(what="routes")
    route = shown["192.168.50.0/24"]
    assert set(route) >= {"protocol", "nexthops", "owner", "verdict"}
    assert route["protocol"] == "static" and route["owner"] == "b"
    assert route["verdict"] == "accepted"
    (hop,) = route["nexthops"]
    assert (hop["address"], hop["peer"], hop["usable"]) == ("10.99.0.2", "b", True)
    assert shown["192.168.51.0/24"]["verdict"] == "peer-down"
    assert shown["192.168.51.0/24"]["nexthops"][0]["peer"] == "c"
    assert shown["192.168.51.0/24"]["nexthops"][0]["usable"] is False
    assert shown["192.168.52.0/24"]["verdict"] == "no-peer-for-nexthop"


def test_left_over(net):
    "What the device cannot remove and need not, if it cannot, is not pending."
    a = net["a"]
    before = a.json("show wireguard statistics")["wg0"]["routes"]
    a.configure("no ip route 192.168.60.0/25 10.99.0.2")
    try:
        def settled():
            stats = a.json("show wireguard statistics")["wg0"]
            assert (stats["routes"], stats["pending"]) == (before - 1, 0)
            entry = a.show(what="allowed-ips").get("192.168.60.0/25")
            assert ("192.168.60.0/25" in a.allowed()) == bool(entry)
            assert stats["redundant"] == bool(entry)
            return entry in (None, {"peer": "b", "source": "none", "state": "redundant"})

        wait_for(settled, "its end")
    finally:
        a.configure("ip route 192.168.60.0/25 10.99.0.2")


def test_all_interfaces(net):
    a = net["a"]
    for what in "", " allowed-ips", " routes":
        assert set(a.json("show wireguard" + what)) == {"wg0"}


def test_statistics(net):
    shown = net["a"].json("show wireguard statistics")["wg0"]
    for key in "events", "batches", "operations", "resyncs", "errors":
        assert isinstance(shown[key], int), shown
    assert shown["batches"] >= 1 and shown["operations"] >= shown["batches"]
    assert shown["resyncs"] >= 1
    assert shown["ackUsecsAgo"] > 0
    assert 0 < shown["lastUsecs"] <= shown["worstUsecs"] < 10 * 1000 * 1000
    text = net["a"].vtysh("show wireguard statistics")
    for value in shown["batches"], shown["operations"], shown["worstUsecs"]:
        assert str(value) in text, text


def test_summary(net):
    "A line a peer, the worst first; its numbers are those of show wireguard."
    a = net["a"]

    def has_rates():
        a.ping("10.99.0.2")
        found = a.show(what="summary")
        assert found["peers"]["b"]["rxBytesPerSec"] > 0
        return found

    shown, peers = wait_for(has_rates, "rates of what is sent now"), a.show()["peers"]
    assert list(shown["peers"]) == ["d", "c", "b"]
    for name, line in shown["peers"].items():
        assert line["state"] == peers[name]["state"]
        assert line.get("endpoint") == peers[name].get("endpoint")
        assert line["prefixes"] == \
            peers[name]["allowedIpsStatic"] + peers[name]["allowedIpsDynamic"]
    assert shown["peers"]["d"]["lastHandshakeSecs"] is None
    b = shown["peers"]["b"]
    assert b["lastHandshakeSecs"] < 600 and b["stateSinceSecs"] >= 0
    assert b["rateOverMsecs"] >= 1000 and "rateOverMsecs" not in shown["peers"]["d"]
    assert shown["syncState"] == "synced" and shown["totalPeers"] == 3
    assert shown["totalStates"] == {
        "down": 0, "incomplete": 1, "unknown": 0, "shutdown": 1, "up": 1}
    assert shown["totalPrefixes"] == b["prefixes"]
    assert shown["totalRxBytesPerSec"] == b["rxBytesPerSec"]
    lines = a.vtysh("show wireguard summary").splitlines()
    assert lines[0] == "Interface wg0 is synced"
    assert lines[1].split() == ["Peer", "State", "Since", "Endpoint", "Handshake", "Rx/s",
                                "Tx/s", "Prefixes"]
    assert lines[2].split()[:2] + lines[2].split()[3:] == [
        "d", "incomplete", "-", "never", "-", "-", "0"]
    assert lines[4].split()[:2] == ["b", "up"] and lines[4].split()[3] == "10.255.2.2:51820"
    assert lines[5].startswith("  3 peers: 1 incomplete, 1 shutdown, 1 up; ")
    assert lines[5].endswith("bytes/s sent, 5 prefixes") and len(lines) == 6


def test_summary_of_many(net):
    "62 peers are 65 lines."
    a, names = net["a"], ["m%d" % n for n in range(59)]
    a.configure("interface wg0\n" + "".join(
        "wireguard peer %s description x\n" % name for name in names))
    try:
        lines = a.vtysh("show wireguard wg0 summary").splitlines()
        assert len(lines) == 65 and max(len(line) for line in lines) <= 100
    finally:
        a.configure("interface wg0\n" + "".join(
            "no wireguard peer %s\n" % name for name in names))


def explain(site, address):
    shown = site.json("show wireguard explain " + address)
    text = site.vtysh("show wireguard explain " + address)
    return shown, text


@pytest.mark.parametrize("address,words", [
    ("192.168.50.9", ["192.168.50.0/24", "10.99.0.2", "b"]),
    ("192.168.60.200", ["192.168.60.0/24", "b"]),
    ("192.168.51.9", ["192.168.51.0/24", "peer-down", "c"]),
    ("192.168.52.9", ["192.168.52.0/24", "no-peer-for-nexthop"]),
    ("10.99.0.2", ["10.99.0.2/32", "b"]),
])
def test_explain(net, address, words):
    shown, text = explain(net["a"], address)
    for word in words:
        assert word in json.dumps(shown), shown
        assert word in text, text


def test_explain_drop(net):
    "It says that, and why, a packet would be dropped."
    for address in "192.168.51.9", "192.168.52.9", "203.0.113.1":
        _, text = explain(net["a"], address)
        assert "drop" in text.lower() or "no " in text.lower(), text


def leaves(value):
    if isinstance(value, dict):
        for key, child in value.items():
            yield from leaves(child)
            yield key
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child)
    else:
        yield value


@pytest.mark.parametrize("what", ["allowed-ips", "routes"])
def test_text_has_the_data(net, what):
    "Every string of the object stands in the text."
    shown = net["a"].show(what=what)
    text = net["a"].vtysh("show wireguard wg0 " + what)
    names = {"peer", "source", "state", "protocol", "nexthops", "address", "usable",
             "owner", "verdict"}
    for leaf in leaves(shown):
        if isinstance(leaf, str) and leaf not in names:
            assert leaf in text, (leaf, text)


def test_text_of_the_device(net):
    a = net["a"]
    shown, text = a.show(), a.vtysh("show wireguard")
    for word in ("wg0", shown["publicKey"], "51820", BACKEND, "synced"):
        assert word in text, text
    for name, peer in shown["peers"].items():
        assert name in text and peer["state"] in text
        if peer.get("publicKey"):
            assert peer["publicKey"] in text
    assert "10.255.2.2:51820" in text


GRAPH = """\
graph wireguard {
  graph [rankdir=LR];
  node [shape=ellipse, fontname="sans-serif"];
  edge [fontname="sans-serif", fontsize=10];
  "this" [shape=box, style=bold, label="a"];
  "interface wg0" [shape=box, label="wg0\\nsynced"];
  "this" -- "interface wg0";
  "peer wg0 b" [label="b\\n10.99.0.2", color="#2e7d32", penwidth=2];
  "interface wg0" -- "peer wg0 b" [label="up\\n3 static, 2 dynamic", color="#2e7d32", penwidth=2];
  "peer wg0 c" [label="c\\n10.99.0.3", color="#9e9e9e", style=dotted];
  "interface wg0" -- "peer wg0 c" [label="shutdown\\n0 static, 0 dynamic", color="#9e9e9e", style=dotted];
  "peer wg0 d" [label="d\\n10.99.0.4", color="#9e9e9e", style=dotted];
  "interface wg0" -- "peer wg0 d" [label="incomplete\\n0 static, 0 dynamic", color="#9e9e9e", style=dotted];
}
"""


def test_graph(net):
    "The picture, and no key in it."
    a = net["a"]
    assert a.vtysh("show wireguard graph") == GRAPH
    assert a.vtysh("show wireguard wg0 graph") == GRAPH
    peers = a.show()["peers"].values()
    for secret in [p["publicKey"] for p in peers if "publicKey" in p]:
        assert secret not in GRAPH


def drawn(site):
    "Graphviz reads what is printed; the names of its nodes."
    text = site.vtysh("show wireguard graph")
    out = subprocess.run(["dot", "-Tplain"], input=text, text=True, check=True,
                         capture_output=True)
    assert not out.stderr, out.stderr
    subprocess.run(["dot", "-Tsvg"], input=text, text=True, check=True,
                   stdout=subprocess.DEVNULL)
    return [line for line in out.stdout.splitlines() if line.startswith("node ")]


@pytest.mark.skipif(not shutil.which("dot"), reason="no dot: apt-get install graphviz")
def test_graph_is_drawn(net):
    a = net["a"]
    assert len(drawn(a)) == 5
    # a name that the kernel takes, and that would end a string
    name = 'w"g\\&amp;'
    a.configure("interface %s\n wireguard peer x.y:z@-_ address 10.98.0.2" % name)
    try:
        nodes = "\n".join(drawn(a))
        for part in ('w\\"g\\', "peer", "x.y:z@-_"):
            assert part in nodes, nodes
        assert len(nodes.splitlines()) == 7, nodes
    finally:
        a.configure("interface %s\n no wireguard peer x.y:z@-_" % name)
        a.configure("no interface %s" % name, check=False)


def operational(site):
    "What `show yang operational-data` has of frr-wireguard, by interface."
    out = site.vtysh("show yang operational-data /frr-interface:lib wgd")
    found = {}
    for interface in json.loads(out)["frr-interface:lib"]["interface"]:
        ours = interface.get("frr-wireguard:wireguard")
        if ours:
            found[interface["name"]] = ours
    return found


def test_operational_data(net):
    "NETCONF's view is that of show wireguard json."
    a = net["a"]

    def compared():
        shown, (name, data) = a.show(), *operational(a).items()
        assert name == "wg0"
        assert data["state"] == {
            "sync-state": shown["syncState"],
            "public-key": shown["publicKey"],
            "listen-port": shown["listenPort"],
        }
        peers = {p["name"]: p["state"] for p in data["peer"]}
        assert set(peers) == set(shown["peers"])
        for peer, state in peers.items():
            other = shown["peers"][peer]
            for leaf, key in (
                ("state", "state"), ("cause", "stateCause"),
                ("reason", "stateReason"), ("allowed-ips-static", "allowedIpsStatic"),
                ("allowed-ips-dynamic", "allowedIpsDynamic"),
                ("allowed-ips-installed", "allowedIpsInstalled"),
            ):
                assert state[leaf] == other[key], (peer, leaf)
            # 64 bits are strings in JSON (RFC 7951)
            assert state["rx-bytes"] == str(other["rxBytes"])
            assert state["tx-bytes"] == str(other["txBytes"])
        b = peers["b"]
        assert b["endpoint-address"] == "10.255.2.2" and b["endpoint-port"] == 51820
        assert int(b["last-handshake"]) < 600
        assert "last-handshake" not in peers["d"] and "endpoint-address" not in peers["d"]
        return True

    # a reading of the device may come in between, and seconds pass
    wait_for(compared, "the same data")


def test_clear(net):
    "The command is the RPC."
    a = net["a"]
    a.vtysh("debug northbound callbacks rpc", "debug wireguard device",
            "clear wireguard wg0", "no debug northbound", "no debug wireguard device")
    log = a.log()
    assert "northbound RPC: /frr-wireguard:clear" in log
    assert log.count("wg0: resync: clear") == 1
    out = a.vtysh("clear wireguard nonsense")
    assert "nonsense is not a WireGuard interface" in out


def test_drain(net):
    "... and drain: it is no line of configuration, and outlives changes of that."
    a = net["a"]

    def drained():
        shown = a.json("show wireguard gateway-group")["wg0"]["drained"]
        assert operational(a)["wg0"]["state"]["drained"] is shown
        return shown

    out = a.vtysh("wireguard gateway-group drain wg0")
    assert "wg0 has no gateway group" in out
    a.configure("interface wg0\nwireguard gateway-group member 10.255.2.2")
    try:
        before = a.running_wireguard()
        assert not drained()
        a.vtysh("wireguard gateway-group drain wg0")
        assert drained() and a.running_wireguard() == before
        a.configure("interface wg0\nwireguard peer d description x")
        assert drained()
        a.vtysh("no wireguard gateway-group drain wg0")
        assert not drained()
        a.configure("interface wg0\nwireguard gateway-group drain")
        a.vtysh("no wireguard gateway-group drain wg0")
        assert drained()  # the configuration says so
    finally:
        a.configure("""interface wg0
            no wireguard gateway-group drain
            no wireguard gateway-group member 10.255.2.2
            no wireguard peer d description""")


def test_unknown_interface(net):
    "Says so, {} in JSON, and vtysh ends with an error."
    for what in ("", "allowed-ips", "routes", "gateway-group", "graph", "summary",
                 "export wg-quick"):
        rc, out = net["a"].vtysh_status("show wireguard nonsense " + what)
        assert rc == 1 and out == "% nonsense is not a WireGuard interface\n", what
    for what in "", "allowed-ips", "routes", "gateway-group", "summary":
        rc, out = net["a"].vtysh_status("show wireguard nonsense %s json" % what)
        assert rc == 1 and json.loads(out) == {}, what


def test_completion(net):
    "vtysh knows the commands."
    out = net["a"].run("vtysh -c 'list' | grep wireguard")
    for command in ("show wireguard", "clear wireguard", "debug wireguard",
                    "wireguard generate"):
        assert command in out, out


def test_completion_of_interfaces(net):
    "`?` offers those of WireGuard, and no others, as the daemons answer to vtysh."
    a = net["a"]
    for command in "show wireguard ", "clear wireguard ", "wireguard gateway-group drain ":
        assert "WG-IFNAME " in a.vtysh(command + "?")
    offered = [a.ask(daemon, "autocomplete 4 WG-IFNAME ifname").split()
               for daemon in ("zebra", "staticd", "wgd")]
    assert offered == [[], [], ["wg0"]]


def test_all_lines_go_at_once(net):
    "An interface with more peers than one command may change, and then its name."
    a = net["a"]
    a.configure(net.expand(
        "interface wg8\n@implementation@\nwireguard listen-port 51888\nwireguard point-to-point\n"
        "no wireguard point-to-point\n"
        + "".join("wireguard peer n%d address 10.97.0.%d\nwireguard peer n%d bfd\n" % (i, i, i)
                  for i in range(1, 40))))
    wait_for(lambda: a.show("wg8")["syncState"] == "synced", "wg8")
    a.configure("interface wg8\nno wireguard all")
    wait_for(lambda: "wg8" not in a.run("ip -o link"), "no link")
    assert "wg8" not in a.json("show wireguard")
    assert "no wireguard lines" in a.configure("interface wg8\nno wireguard all")
    wait_for(lambda: a.vtysh_status("configure terminal", "no interface wg8")[0] == 0, "no wg8")
    assert "wg8" not in a.running()
    a.wait_allowed({"192.168.50.0/24": "b"})


def test_kernel_without_wireguard(net):
    "The reason says what to do."
    a = net["a"]
    if a.status("ip link add probe type wireguard && ip link del probe")[0] == 0:
        pytest.skip("this kernel has WireGuard")
    a.configure("interface wg8\nwireguard")
    wait_for(lambda: "wireguard implementation userspace" in a.vtysh("show wireguard wg8"),
             "what to do")
    a.configure("interface wg8\nno wireguard all")
