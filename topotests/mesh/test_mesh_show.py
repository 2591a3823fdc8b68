# SPDX-License-Identifier: GPL-2.0-or-later
"""
What users see of a mesh: show commands, YANG's state, metrics and graph say
the same, and `show wireguard explain` names what is wrong.  A hub h, sites a
and b.
"""
import json
import os
import re

import pytest

from lib_keeper import Keeper, bring, make_hub, mesh, prepare, wait_connected
from lib_wgd import BACKEND, HERE, PATIENCE, wait_for

MODULE = os.path.join(os.environ["WGD_BUILDDIR"], "frr-wgd", "wgd_prometheus.so")
TOPOLOGY = {"sites": "abh", "options": {"wgd": "-M %s" % MODULE}}
HUB = "10.255.3.2"
A, B = "10.99.0.2", "10.99.0.3"
SILENCE = 2 * PATIENCE  # an answer is missed after 15 s at the earliest
PRINTED = {}  # text of each cause


@pytest.fixture(scope="module", name="keeper", autouse=True)
def keeper_fixture(net, tmp_path_factory):
    for name in "abh":
        prepare(net[name])
    keeper = Keeper(str(tmp_path_factory.mktemp("keeper") / "acme"))
    make_hub(keeper, net["h"], HUB)
    wait_connected(net["h"])
    keeper.load(net["h"])
    return keeper


def join(net, keeper, name, address, *more):
    keeper.add(name, *more)
    bring(net[name], keeper.line("invite", name))
    net[name].configure("interface wg0\nip address %s/16\nwireguard mesh name acme\n"
                        "wireguard mesh routes\nwireguard mesh direct never" % address)


def wait_cause(site, address, cause, dropped=True, traffic=lambda: None):
    "Until that is the cause; the JSON object, whose words are also in the text."

    def check():
        traffic()
        shown = site.json("show wireguard explain " + address)
        assert (shown.get("cause"), shown["dropped"]) == (cause, dropped), shown
        return shown

    shown = wait_for(check, cause, SILENCE)
    text = site.vtysh("show wireguard explain " + address)
    assert "(%s): " % cause in text and shown["try"][0] in text, text
    PRINTED[cause] = text
    return shown


def firewall(site, hook, rule):
    site.run("nft 'table inet fw { chain c { type filter hook %s priority 0; %s; }; }'"
             % (hook, rule))


def test_door_is_shut(net, keeper):
    "By a firewall at the hub: a says which doors it asked, and how often."
    a = net["a"]
    firewall(net["h"], "input", "udp dport 51822 drop")
    join(net, keeper, "a", A)
    wait_for(lambda: "of 1 doors answers: %s port 51822 (asked" % HUB
             in wait_cause(a, B, "no-door-answers")["reason"], "the door")
    assert mesh(a)["state"] == "joining"
    net["h"].run("nft delete table inet fw")
    wait_connected(a)


def test_shown(net, keeper):
    "... as JSON has it."
    a = net["a"]
    join(net, keeper, "b", B, "--prefix", "192.168.2.0/24 le 26")
    wait_connected(net["b"])
    members = wait_for(lambda: mesh(a, " members").get("b", {}).get("live") and
                       mesh(a, " members"), "b")
    shown = mesh(a)
    assert (shown["role"], shown["number"], shown["members"]) == ("site", 2, 3)
    assert list(shown["hubs"]) == ["h"] and shown["hubs"]["h"]["state"] == "connected"
    assert shown["authorityNumber"] == 0
    # nothing may set the clock of a machine that runs tests
    assert {alarm["alarm"] for alarm in shown["alarms"]} <= {"clock"}
    assert 2e9 > shown["listDue"] > shown["listNumber"] > 0
    assert 2e9 > shown["certificateUntil"] > 1.8e9
    assert re.match(r"fd[0-9a-f:]+::/48$", shown["relay"]), shown
    assert members["b"]["addresses"] == [B] and members["b"]["relayHub"] == "h"
    assert members["b"]["prefixes"] == ["192.168.2.0/24 le 26"]
    assert members["b"]["announced"] == ["192.168.2.0/24"]
    assert members["h"]["hub"] and "relayHub" not in members["h"]
    assert members["b"]["path"] == "relay" and members["b"]["pathReason"] == "never", members
    assert members["b"]["endpoint"].startswith("[fd"), members
    assert members["h"]["endpoint"] == HUB + ":51820" and "path" not in members["h"], members
    text = a.vtysh("show wireguard mesh") + a.vtysh("show wireguard mesh members")
    for words in (shown["relay"], "Member 2, site, of 3; 1 of 1 hubs connected",
                  "number %d" % shown["listNumber"], "relayed by h, never"):
        assert words in text, text


def test_relayed(net):
    "Nothing is wrong, and explain says why it is not direct, and how it would be."
    shown = net["a"].json("show wireguard explain " + B)
    assert not shown["dropped"] and "cause" not in shown, shown
    assert (shown["path"], shown["pathReason"]) == ("relay", "never"), shown
    assert shown["pathTry"] == ["interface wg0: no wireguard mesh direct"], shown
    text = net["a"].vtysh("show wireguard explain " + B)
    for words in ("Path: relay (never): " + shown["pathText"], "To be direct: " + shown["pathTry"][0]):
        assert words in text, text
    assert "path" not in net["a"].json("show wireguard explain 10.99.0.1")


def test_warning(net):
    "A version of wireguard-go relays nothing by a hub that it reaches over IPv4."
    warned = "hub h is reached over IPv4" in mesh(net["a"]).get("warning", "")
    assert warned == (BACKEND == "userspace")
    assert ("Warning: hub h" in net["a"].vtysh("show wireguard mesh")) == warned
    assert "warning" not in mesh(net["h"])
    log = net["a"].log()
    assert log.count("mesh: hub h is reached over IPv4") == warned


def operational(site):
    out = site.vtysh("show yang operational-data /frr-interface:lib wgd")
    for interface in json.loads(out)["frr-interface:lib"]["interface"]:
        if interface["name"] == "wg0":
            return interface["frr-wireguard:wireguard"]["state"]["mesh"]
    raise AssertionError(out)


LEAVES = {"certificateUntil": "certificate-until", "authorityNumber": "authority-number",
          "listNumber": "list-number", "listDue": "list-due", "timeSource": "time-source",
          "mesh": "name", "relayHub": "relay-hub", "pathReason": "path-reason",
          "rttRelayMsecs": "rtt-relay", "rttDirectMsecs": "rtt-direct"}
ONLY_SHOWN = {"hubs", "invite", "relay", "alarms", "dropped", "warning", "addresses", "prefixes", "announced",
              "nat", "observedEndpoints", "demand", "endpoint", "pathSinceMsecs"}


def as_yang(shown):
    "64 bits are strings (RFC 7951)."
    found = {LEAVES.get(k, k): v for k, v in shown.items() if k not in ONLY_SHOWN}
    for wide in "certificate-until", "list-due", "sequence":
        if wide in found:
            found[wide] = str(found[wide])
    return found


def test_operational_data(net):
    "NETCONF's view is that of show wireguard mesh json."
    a = net["a"]

    def same():
        state, members = operational(a), mesh(a, " members")
        found = {m.pop("name"): m for m in state.pop("member")}
        for member in found.values():
            member.pop("path-since", None)  # seconds go by
        alarms = [(m["kind"], m["text"]) for m in state.pop("alarm", [])]
        assert alarms == [(m["alarm"], m["text"]) for m in mesh(a)["alarms"]]
        assert found == {name: as_yang(m) for name, m in members.items()}
        assert state == as_yang(mesh(a))
        return True

    wait_for(same, "the same data")


ASK = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9586/metrics').read().decode())"


def metrics(site):
    "{(name, labels): value} of the mesh."
    found = {}
    for line in site.run(["python3", "-c", ASK]).splitlines():
        match = re.fullmatch(r"(wgd_mesh_\w+)\{interface=\"wg0\",mesh=\"acme\"(.*)\} (\S+)", line)
        if match:
            found[match[1], match[2]] = float(match[3])
    return found


def test_metrics(net):
    "... and Prometheus's."
    a = net["a"]
    shown = mesh(a)

    def same():
        found = metrics(a)
        assert found["wgd_mesh_state", ',state="connected"'] == 1
        assert found["wgd_mesh_state", ',state="joining"'] == 0
        assert [found["wgd_mesh_members", ',state="%s"' % s]
                for s in ("live", "away", "refused")] == [2, 0, 0]
        assert found["wgd_mesh_hubs", ""] == found["wgd_mesh_connected_hubs", ""] == 1
        assert found["wgd_mesh_items", ""] >= 7  # 3 certificates and records, a list
        assert found["wgd_mesh_certificate_until_timestamp_seconds", ""] == \
            shown["certificateUntil"]
        assert found["wgd_mesh_list_due_timestamp_seconds", ""] == shown["listDue"]
        assert found["wgd_mesh_list_number", ""] == shown["listNumber"]
        assert found["wgd_mesh_paths", ',state="relay"'] == 1
        assert found["wgd_mesh_paths", ',state="direct"'] == 0
        assert found["wgd_mesh_path_attempts_total", ""] == 0
        assert found["wgd_mesh_path_losses_total", ""] == 0
        assert found["wgd_mesh_alarms", ',alarm="expiry"'] == 0
        assert found["wgd_mesh_dropped_total", ',reason="forged"'] == 0
        return found

    have = {name for name, _ in wait_for(same, "the same numbers")}
    for path in "grafana/wgd.json", "prometheus/wgd.rules.yml":
        with open(os.path.join(HERE, "../contrib", path), encoding="utf-8") as f:
            assert set(re.findall(r"\bwgd_mesh_\w+", f.read())) <= have


def test_graph(net):
    "b hangs on the hub that relays it; at the hub all hang on the interface."
    text = net["a"].vtysh("show wireguard graph")
    assert '"peer wg0 h" -- "peer wg0 b" [label="' in text and ", relayed" in text, text
    assert re.search(r'-- "peer wg0 b" .*relayed.*style=dashed', text), text
    assert '"interface wg0" -- "peer wg0 h"' in text and "dashed line: relayed" in text, text
    text = net["h"].vtysh("show wireguard graph")
    assert '"interface wg0" -- "peer wg0 b"' in text and "relayed" not in text, text
    assert "legend" not in text, text


def pings(net):
    wait_for(lambda: net["a"].ping(B), "answer of b to a")


def test_hub_does_not_forward(net):
    "The hub knows, and says so."
    h = net["h"]
    pings(net)
    h.run("sysctl -qw net.ipv6.conf.all.forwarding=0")
    wait_cause(h, B, "forwarding-off", dropped=False)
    assert mesh(h)["relayError"] == "forwarding-off"
    h.run("sysctl -qw net.ipv6.conf.all.forwarding=1")
    wait_for(lambda: "relayError" not in mesh(h), "relay")
    pings(net)


def test_relay_is_dead(net):
    "A firewall at the hub drops what it forwards: the hub is there, and says that b is."
    a, b = net["a"], net["b"]
    pings(net)
    firewall(net["h"], "forward", "drop")
    shown = wait_cause(a, B, "relay-dead", traffic=lambda: a.ping(B))
    assert mesh(a)["relay"] in "".join(shown["try"]), shown
    assert a.ping("10.99.0.1") and mesh(b)["state"] == "connected"
    net["h"].run("nft delete table inet fw")
    pings(net)


def test_revoked(net, keeper):
    "Who had the address is told by name; also that it is to be invited anew."
    a = net["a"]
    keeper("revoke", keeper.folder, "b")
    assert "applied" in keeper.load(a)
    shown = wait_cause(a, B, "member-revoked")
    assert "member b's of mesh acme" in shown["reason"], shown
    assert "wgd-mesh invite acme b" in "".join(shown["try"]), shown


def masked(text):
    "Without what differs each time."
    text = re.sub(r"^( *Peer: ).*", r"\1", text, flags=re.M)
    text = re.sub(r"fd[0-9a-f:]+::", "RELAY", text)
    return [re.sub(r"[0-9]+", "N", line.strip()) for line in text.strip().splitlines()]


def test_samples_of_the_manual():
    "... are what was printed above."
    with open(os.path.join(HERE, "../doc/manual/explain.rst"), encoding="utf-8") as f:
        text = f.read()
    for cause, printed in PRINTED.items():
        shown = ["\n".join(s.strip() for s in sample.splitlines() if s.strip())
                 for sample in re.findall(r"^(   Address .*\n(?:     .*\n)+)", text, re.M)
                 if "(%s): " % cause in sample]
        assert masked(printed) in [masked(s) for s in shown], printed
