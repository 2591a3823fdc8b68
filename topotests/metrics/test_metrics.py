# SPDX-License-Identifier: GPL-2.0-or-later
"""
Metrics over HTTP by the module wgd_prometheus: they are what show commands
say, promtool finds nothing to say about them, and a Prometheus scrapes them.
"""
import json
import os
import re
import shutil
import subprocess

import pytest

from lib_wgd import wait_for

pytestmark = pytest.mark.once  # how numbers are told

MODULE = os.path.join(os.environ["WGD_BUILDDIR"], "frr-wgd", "wgd_prometheus.so")
CONTRIB = os.path.join(os.path.dirname(__file__), "..", "..", "contrib")
PORT = 9586
TOPOLOGY = {"sites": "ab", "options": {"wgd": "-M %s" % MODULE}}
OPENMETRICS = "application/openmetrics-text"
ASK = """
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", %d, timeout=10)
c.request(sys.argv[1], sys.argv[2], headers={"Accept": sys.argv[3]})
r = c.getresponse()
print(r.status, r.getheader("Content-Type"))
sys.stdout.write(r.read().decode())
""" % PORT
GARBAGE = """
import socket, sys
s = socket.create_connection(("127.0.0.1", %d), 10)
s.sendall(bytes(range(256)) * 400)
s.close()
""" % PORT


def get(site, path="/metrics", accept="text/plain", method="GET"):
    "(status, content type, body)"
    out = site.run(["python3", "-c", ASK, method, path, accept])
    head, _, body = out.partition("\n")
    status, _, kind = head.partition(" ")
    return int(status), kind, body


def samples(body):
    "{(name, frozenset of labels): value}"
    found = {}
    for line in body.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
        key = name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels or ""))
        assert key not in found, line
        found[key] = float(value)
    return found


def sample(found, name, **labels):
    return found[name, frozenset(labels.items())]


@pytest.fixture(scope="module", autouse=True)
def settled(net):
    net["a"].wait_allowed({"192.168.50.0/24": "b", "192.168.60.0/25": "b"})
    wait_for(lambda: net["a"].ping("10.99.0.2"), "answer")
    wait_for(lambda: net["a"].show()["peers"]["b"]["rxBytes"] > 0, "counters")


def test_same_as_show(net):
    a = net["a"]
    status, kind, body = get(a)
    assert status == 200 and kind.startswith("text/plain; version=0.0.4")
    found = samples(body)
    shown, stats = a.show(), a.json("show wireguard statistics")["wg0"]
    for name, peer in shown["peers"].items():
        me = {"interface": "wg0", "peer": name}
        for state in "incomplete", "shutdown", "down", "unknown", "up":
            expected = float(state == peer["state"])
            assert sample(found, "wgd_peer_state", state=state, **me) == expected, name
        assert sample(found, "wgd_peer_allowed_ips", source="static", **me) == \
            peer["allowedIpsStatic"]
        assert sample(found, "wgd_peer_allowed_ips", source="route", **me) == \
            peer["allowedIpsDynamic"]
        assert sample(found, "wgd_peer_allowed_ips_installed", **me) == \
            peer["allowedIpsInstalled"]
    b = {"interface": "wg0", "peer": "b"}
    assert 0 < sample(found, "wgd_peer_received_bytes_total", **b) <= \
        shown["peers"]["b"]["rxBytes"]
    assert sample(found, "wgd_peer_last_handshake_timestamp_seconds", **b) > 1.6e9
    assert ("wgd_peer_last_handshake_timestamp_seconds",
            frozenset({"interface": "wg0", "peer": "d"}.items())) not in found
    device = {"interface": "wg0"}
    assert sample(found, "wgd_device_synced", **device) == 1
    assert sample(found, "wgd_device_routes", **device) == stats["routes"]
    for state, key in ("decided", "entries"), ("installed", "installed"), \
            ("pending", "pending"):
        assert sample(found, "wgd_device_allowed_ips", state=state, **device) == stats[key]


def test_histogram(net):
    a, name, device = net["a"], "wgd_route_to_device_seconds", {"interface": "wg0"}
    before = samples(get(a)[2])
    a.configure("ip route 192.168.77.0/24 10.99.0.2")
    a.wait_allowed({"192.168.77.0/24": "b"})

    def grown():
        found = samples(get(a)[2])
        return sample(found, name + "_count", **device) > \
            sample(before, name + "_count", **device) and found

    after = wait_for(grown, "another burst")
    assert sample(after, name + "_sum", **device) > sample(before, name + "_sum", **device)
    bounds = {dict(labels)["le"]: v for (n, labels), v in after.items() if n == name + "_bucket"}
    ordered = [bounds[le] for le in sorted(bounds, key=float)]
    assert ordered == sorted(ordered) and len(ordered) == 14
    assert bounds["+Inf"] == sample(after, name + "_count", **device)


def test_names_are_escaped(net):
    "An interface may have a quotation mark or a backslash in its name."
    a = net["a"]
    a.configure('interface w"x\\y\nwireguard listen-port 51899\n'
                "wireguard peer q public-key " + net.make_key("z", "wg9"))
    odd = wait_for(lambda: [s for s in get(a)[2].splitlines() if '="w' in s and '="wg0' not in s],
                   "its series")
    for line in odd:
        assert '{interface="w\\"x\\\\y"' in line, line
    assert len(odd) > 20
    a.configure('interface w"x\\y\nno wireguard all')


MANY = """
import http.client, time
begin = time.monotonic()
for n in range(40):
    c = http.client.HTTPConnection("127.0.0.1", %d, timeout=10)
    c.request("GET", "/metrics")
    text = c.getresponse().read().decode()
print(time.monotonic() - begin)
print(text)
""" % PORT


def test_once_a_second(net):
    "Whoever asks: 40 questions are no 40 texts."
    a, name = net["a"], "wgd_metrics_composed_total"
    before = sample(samples(get(a)[2]), name)
    took, _, body = a.run(["python3", "-c", MANY]).partition("\n")
    made = sample(samples(body.strip()), name) - before
    assert made <= float(took) + 1, (made, took)
    wait_for(lambda: sample(samples(get(a)[2]), name) > before + made, "a new text")


def test_names_of_others(net):
    "What dashboards for WireGuard query, with the labels that they sort by."
    a, found = net["a"], samples(get(net["a"])[2])
    b = {"interface": "wg0", "public_key": net.keys["b", "wg0"][1], "friendly_name": "b"}
    mine = {"interface": "wg0", "peer": "b"}
    for theirs, ours in ("latest_handshake_seconds", "last_handshake_timestamp_seconds"), \
            ("received_bytes_total",) * 2, ("sent_bytes_total",) * 2:
        assert sample(found, "wireguard_" + theirs, **b) == \
            sample(found, "wgd_peer_" + ours, **mine) > 0
    c = {"interface": "wg0", "public_key": net.keys["c", "wg0"][1], "friendly_name": "c"}
    assert sample(found, "wireguard_latest_handshake_seconds", **c) == 0
    # one without a key is not on the device
    names = {dict(labels)["friendly_name"] for name, labels in found
             if name.startswith("wireguard_")}
    assert names == {n for n, p in a.show()["peers"].items() if "publicKey" in p}


def test_endpoint_changes(net):
    "... are counted."
    a, b = net["a"], net["b"]
    me = {"interface": "wg0", "peer": "b"}
    before = a.show()["peers"]["b"]["endpointChanges"]
    b.configure("interface wg0\nwireguard listen-port 51899")
    try:
        def moved():
            b.ping("10.99.0.1")
            shown = a.show()["peers"]["b"]
            assert shown["endpoint"] == "10.255.2.2:51899"
            return shown["endpointChanges"] == before + 1

        wait_for(moved, "the new endpoint")
        wait_for(lambda: sample(samples(get(a)[2]), "wgd_peer_endpoint_changes_total", **me)
                 == before + 1, "the counter")
        assert ", changed %d times" % (before + 1) in a.vtysh("show wireguard")
    finally:
        b.configure("interface wg0\nwireguard listen-port 51820")


ALERT = """
rule_files: [%s]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series:
  - {series: 'wgd_peer_endpoint_changes_total{instance="r",interface="wg0",peer="b"}', values: 0+1x40}
  - {series: 'wgd_peer_endpoint_changes_total{instance="r",interface="wg0",peer="c"}', values: 0 0 5x40}
  alert_rule_test:
  - eval_time: 20m
    alertname: WgdEndpointMoves
    exp_alerts:
    - exp_labels: {instance: r, interface: wg0, peer: b, severity: warning}
      exp_annotations:
        summary: "r: the endpoint of peer b of wg0 keeps changing"
        description: "Two machines may have its key, or a translation of addresses loses its state."
"""


MESH_ALERT = """
rule_files: [%s]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series:
  - {series: 'wgd_mesh_state{instance="r",interface="wg0",mesh="acme",state="isolated"}', values: 0 1x20}
  - {series: 'wgd_mesh_alarms{instance="r",interface="wg0",mesh="acme",alarm="expiry"}', values: 0x9 2x20}
  alert_rule_test:
  - eval_time: 5m
    alertname: WgdMeshNoHub
    exp_alerts:
    - exp_labels: {instance: r, interface: wg0, mesh: acme, state: isolated, severity: critical}
      exp_annotations:
        summary: "r: no hub of mesh acme answers"
        description: "show wireguard wg0 mesh says why."
  - eval_time: 5m
    alertname: WgdMeshAlarm
  - eval_time: 15m
    alertname: WgdMeshAlarm
    exp_alerts:
    - exp_labels: {instance: r, interface: wg0, mesh: acme, alarm: expiry, severity: warning}
      exp_annotations:
        summary: "r: mesh acme has 2 alarms expiry"
        description: "show wireguard wg0 mesh has them in words."
"""


@pytest.mark.parametrize("rules", [ALERT, MESH_ALERT], ids=["endpoint", "mesh"])
def test_alerts(rules, tmp_path):
    if not shutil.which("promtool"):
        pytest.skip("promtool is missing: apt-get install prometheus")
    path = tmp_path / "test.yml"
    path.write_text(rules % os.path.abspath(os.path.join(CONTRIB, "prometheus", "wgd.rules.yml")))
    done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_openmetrics(net):
    status, kind, body = get(net["a"], accept=OPENMETRICS + ";version=1.0.0,text/plain;q=0.5")
    assert status == 200 and kind.startswith(OPENMETRICS + "; version=1.0.0")
    assert body.endswith("\n# EOF\n")
    counters = re.findall(r"^# TYPE (\w+) counter$", body, re.M)
    assert counters and not [c for c in counters if c.endswith("_total")]
    for name in counters:
        if name.startswith("wgd_mesh_"):
            continue  # there is no mesh
        assert re.search(r"^%s_total[{ ]" % name, body, re.M), name


def test_nothing_else(net):
    a = net["a"]
    assert get(a, "/")[0] == 404
    assert get(a, method="POST")[0] == 405
    a.run(["python3", "-c", GARBAGE], check=False)
    assert get(a)[0] == 200
    listening = [s.split()[3] for s in a.run("ss -Hltn").splitlines()
                 if s.split()[3].endswith(":%d" % PORT)]
    assert listening == ["127.0.0.1:%d" % PORT]


def test_promtool(net):
    if not shutil.which("promtool"):
        pytest.skip("promtool is missing: apt-get install prometheus")
    body = get(net["a"])[2]
    rc, out, err = net["a"].gear.net.cmd_status("promtool check metrics", stdin=body)
    assert rc == 0 and not out.strip() and not err.strip(), (out, err)


def exprs():
    "Every expression of the dashboard and of the alerts, variables filled in."
    with open(os.path.join(CONTRIB, "grafana", "wgd.json"), encoding="utf-8") as f:
        found = [t["expr"] for p in json.load(f)["panels"] for t in p["targets"]]
    with open(os.path.join(CONTRIB, "prometheus", "wgd.rules.yml"), encoding="utf-8") as f:
        found += re.findall(r"^ +expr: (.*)$", f.read(), re.M)
    return [e.replace("$__rate_interval", "1m").replace("$instance", ".*")
            .replace("$interface", ".*") for e in found]


def test_dashboard_and_alerts(net):
    "They speak of metrics that there are, with labels that these have."
    body = get(net["a"])[2]
    labels = {}
    for name, has in samples(body):
        labels.setdefault(name, set()).update(k for k, _ in has)
    assert len(exprs()) > 10
    for expr in exprs():
        for name, selector in re.findall(r"\b(wgd_\w+)(?:\{([^}]*)\})?", expr):
            if name.startswith("wgd_mesh_"):  # of which there is none here: see ../mesh
                assert "# TYPE %s " % name in body, (name, expr)
                continue
            assert name in labels, (name, expr)
            wanted = set(re.findall(r"(\w+)=", selector)) - {"instance"}
            assert wanted <= labels[name], expr
    if shutil.which("promtool"):
        net["a"].run(["promtool", "check", "rules",
                      os.path.join(CONTRIB, "prometheus", "wgd.rules.yml")])


def test_prometheus_scrapes(net, tmp_path):
    if not shutil.which("prometheus"):
        pytest.skip("prometheus is missing: apt-get install prometheus")
    a = net["a"]
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n"
        "- job_name: wgd\n  static_configs: [{targets: ['127.0.0.1:%d']}]\n" % PORT)
    server = a.popen(["prometheus", "--config.file=%s" % config,
                      "--storage.tsdb.path=%s" % (tmp_path / "data"),
                      "--web.listen-address=127.0.0.1:9090"])
    ask = ("python3 -c \"import urllib.request as u;"
           "print(u.urlopen('http://127.0.0.1:9090/api/v1/query?query=%s').read().decode())\"")

    def value(query):
        rc, out, _ = a.gear.net.cmd_status(ask % query, warn=False)
        assert rc == 0, out
        result = json.loads(out)["data"]["result"]
        return float(result[0]["value"][1])

    try:
        wait_for(lambda: value("up") == 1, "a scrape")
        wait_for(lambda: value("wgd_peer_state{peer='b',state='up'}".replace("'", "%22")) == 1,
                 "the peer's state")
    finally:
        server.terminate()
        server.wait()
