# SPDX-License-Identifier: GPL-2.0-or-later
"""
The data path of a mesh, made by hand with `wg` and `ip` as the daemon is to
make it: a hub with relay addresses, and sites whose endpoints for each other
are relay addresses, routed into the same device, to the hub's peer.

A mesh is made of the plain sites of a Net (lib_wgd.py, `plain=True`).
"""
import re
import subprocess
import threading

from lib_run import BACKEND, HERE, PATIENCE, PYTHON, wait_for

MTU = 1340  # of the interface: a whole packet twice in WireGuard fits into 1500
PORT = 51820
MARK = 0x77670000  # what is encrypted
GROUP = 30567  # the tunnels
HOSTS = 30567  # the table of the endpoints' host routes
RELAYS = 30568  # the table of the hubs' relay routes
NET = "fd6d:6573:6801"  # all relay addresses
NET48 = NET + "::/48"
OVERHEAD = 80  # of WireGuard over IPv6


def _underlay():
    """
    4, unless wireguard-go is one that sends to a wrong IPv6 address when it has
    an endpoint of each family (20231211 at least; WireGuard/wireguard-go, pull
    request 135).  What it says of its version is older than it is.
    """
    if BACKEND == "kernel":
        return 4
    text = subprocess.check_output(["wireguard-go", "--version"], text=True)
    return 6 if int(re.search(r"v0\.0\.(\d+)", text)[1]) > 20220316 else 4


UNDERLAY = _underlay()  # the family of endpoints that are no relay addresses


class Member:
    "A site or a hub: its number, its underlay addresses, what it owns."

    def __init__(self, net, name, number, prefixes):
        self.site = net[name]
        self.name = name
        self.number = number
        i = net.names.index(name) + 1
        self.outer = {4: "10.255.%d.2" % i, 6: "fd00:255:%d::2" % i}
        self.router = {4: "10.255.%d.1" % i, 6: "fd00:255:%d::1" % i}
        self.inner = {4: "10.99.0.%d" % number, 6: "fd99::%d" % number}
        self.link_local = "fe80::%d" % number
        own = [self.inner[4] + "/32", self.inner[6] + "/128", self.link_local + "/128"]
        self.prefixes = own + list(prefixes)
        self.public = net.make_key(name, "wg0")

    def run(self, text, check=True):
        return self.site.run(text, check)


class Mesh:
    """
    One hub, number 1 of the hubs, and its sites.  Each step of what a member
    has is a method of its own, so that a test can leave it out, or undo it.
    """

    def __init__(self, net, hub, sites, prefixes):
        self.net = net
        self.hub = Member(net, hub, 9, [])
        self.sites = [
            Member(net, name, number, prefixes.get(name, ()))
            for number, name in enumerate(sites, 1)
        ]
        self.members = self.sites + [self.hub]
        for member in self.members:
            setattr(self, member.name, member)

    def relay(self, member):
        "A site's relay address at the hub."
        return "%s:1::%x" % (NET, member.number)

    # --- what a member has

    def underlay(self, member):
        """
        All that is outside is reached by the default routes.  ICMP errors are
        not limited: one that does not come was not sent.
        """
        member.run(
            "ip route del 10.255.0.0/16; ip -6 route del fd00:255::/32;"
            "ip route add default via %s metric 20;"
            "ip -6 route add default via %s metric 20;"
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
            " net.ipv6.icmp.ratelimit=0"
            " net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.under.rp_filter=0"
            % (member.router[4], member.router[6]))

    def device(self, member):
        "wg0, without peers."
        how = "ip link add wg0 type wireguard"
        if BACKEND == "userspace":
            how = "wireguard-go wg0 >/dev/null 2>&1 </dev/null"
        # wireguard-go leaves a child, which sets an MTU of its own before it
        # answers: ours comes after
        member.run(
            how + " &&"
            "wg set wg0 private-key /etc/frr/wireguard/wg0.key listen-port %d fwmark %d &&"
            "ip link set wg0 addrgenmode none mtu %d group %d && ip link set wg0 up &&"
            "ip addr add %s/16 dev wg0 && ip addr add %s/64 dev wg0 nodad &&"
            "ip addr add %s/64 dev wg0 nodad"
            % (PORT, MARK, MTU, GROUP, member.inner[4], member.inner[6], member.link_local))

    def rules(self, member):
        """
        What keeps encrypted packets out of tunnels, and lets the relayed ones
        in: a site's own, and what the hub hands on.  The hub itself sends none.
        """
        way = "rule add pref 480 iif lo to %s lookup %d" % (NET48, RELAYS)
        if member is self.hub:
            way = "rule add pref 481 iif wg0 from %s to %s lookup %d" % (NET48, NET48, RELAYS)
        marked = "".join(
            "rule add pref 500 fwmark %(m)d lookup main suppress_ifgroup %(g)d\n"
            "rule add pref 501 fwmark %(m)d lookup %(t)d\n"
            "rule add pref 502 fwmark %(m)d unreachable\n"
            % {"m": MARK, "g": GROUP, "t": HOSTS})
        member.run("ip -batch - <<X\n%sX\nip -6 -batch - <<X\n%s\n"
                   "rule add pref 490 to %s prohibit\n"
                   "rule add pref 491 from %s iif wg0 prohibit\n%sX\n"
                   % (marked, way, NET48, NET48, marked))

    def relay_address(self, member):
        "A site's own one, which is the source of nothing else."
        if member is not self.hub:
            member.run("ip addr add %s/128 dev wg0 preferred_lft 0 nodad" % self.relay(member))

    def relay_route(self, member, lock=True):
        """
        The way to the relay addresses.  What a site sends there is whole; what
        the hub forwards must not be too big for its device, which sends it in
        as many pieces as the underlay wants.
        """
        source, mtu = "src " + self.relay(member), MTU + OVERHEAD
        if member is self.hub:
            source, mtu = "", 9000
        member.run("ip -6 route replace %s:1::/64 dev wg0 %s table %d %s" % (
            NET, source, RELAYS, "mtu lock %d" % mtu if lock else ""))

    def host_routes(self, member):
        "Where the hub is when the main table leads into the mesh."
        if member is not self.hub:
            member.run("ip route replace %s via %s dev under table %d;"
                       "ip -6 route replace %s via %s dev under table %d" % (
                           self.hub.outer[4], member.router[4], HOSTS,
                           self.hub.outer[6], member.router[6], HOSTS))

    def hub_peers(self, remembered=False):
        "The hub's: each site; remembered: with the endpoints that they had."
        for site in self.sites:
            where = ""
            if remembered:
                where = " persistent-keepalive 1 endpoint %s" % self.where(
                    site.outer[UNDERLAY])
            self.hub.run("wg set wg0 peer %s%s allowed-ips %s" % (
                site.public, where, ",".join(site.prefixes + [self.relay(site) + "/128"])))

    def hub_peer(self, site, family=UNDERLAY, more=""):
        "A site's: the hub."
        site.run("wg set wg0 peer %s persistent-keepalive 25 endpoint %s allowed-ips %s" % (
            self.hub.public, self.where(self.hub.outer[family]),
            ",".join(self.hub.prefixes + [NET + ":1::/64"] + ([more] if more else []))))

    def hub_by(self, site, family=UNDERLAY, more=""):
        """
        The same while they talk.  Each end takes the other's endpoint from what
        comes, so a packet that was under way may undo it: until both have it.
        """
        def both():
            self.hub_peer(site, family, more)
            site.site.ping(self.hub.inner[4])
            return [self.endpoint(site, self.hub), self.endpoint(self.hub, site)] == [
                self.where(self.hub.outer[family]), self.where(site.outer[family])]

        wait_for(both, "%s and its hub use IPv%d" % (site.name, family), PATIENCE, 0.05)

    def site_peer(self, site, other, more=""):
        "A site's: another site, by the relay."
        site.run("wg set wg0 peer %s endpoint %s allowed-ips %s" % (
            other.public, self.where(self.relay(other)),
            ",".join(other.prefixes + ([more] if more else []))))

    def site_peers(self, site):
        "A site's: the other sites, and the routes to what is behind them."
        for other in self.sites:
            if other is not site:
                self.site_peer(site, other)
                for prefix in other.prefixes[3:]:
                    if not prefix.endswith("/0"):
                        site.run("ip route replace %s dev wg0" % prefix)

    def make(self):
        for member in self.members:
            self.underlay(member)
            self.device(member)
            self.rules(member)
            self.relay_address(member)
            self.relay_route(member)
            self.host_routes(member)
        self.hub_peers()
        for site in self.sites:
            self.hub_peer(site)
        # a nested handshake before that is lost, and sent again after 5 s
        for site in self.sites:
            self.wait_answer(site, self.hub)
        for site in self.sites:
            self.site_peers(site)

    # --- what is seen

    @staticmethod
    def where(address, port=PORT):
        return "[%s]:%d" % (address, port) if ":" in address else "%s:%d" % (address, port)

    def wait_answer(self, member, other):
        wait_for(lambda: member.site.ping(other.inner[4]),
                 "answer of %s to %s" % (other.name, member.name), PATIENCE, 0.05)

    def endpoint(self, member, other):
        "Where a member's device has the other one, as `wg` prints it."
        for line in member.run("wg show wg0 endpoints").splitlines():
            key, where = line.split("\t")
            if key == other.public:
                return where
        return None

    def is_relayed(self, member, other):
        return self.endpoint(member, other) == self.where(self.relay(other))

    def bytes(self, member, other):
        "(received, sent) of a member's peer."
        return member.site.handshakes()[other.name][1:]

    def set_endpoints(self, one, other, addresses, times=10, every=0.01):
        """
        Both ends set each other's endpoint, that often, at the same time;
        addresses(member) is where the member is.
        """
        def script(end, far):
            end.run("for i in $(seq %d); do wg set wg0 peer %s endpoint %s; sleep %s; done" % (
                times, far.public, self.where(addresses(far)), every))

        threads = [threading.Thread(target=script, args=x)
                   for x in ((one, other), (other, one))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()


def full_size(member, address, mtu=MTU, count=3, interface=None):
    """
    How many of that many echo requests come back that fill the MTU and must
    not be fragmented, and what ping says.
    """
    size = mtu - (48 if ":" in address else 28)
    _, out, err = member.status("ping -n -M do -c %d -i 0.05 -W 1 -s %d %s%s" % (
        count, size, "-I %s " % interface if interface else "", address))
    received = [s for s in out.splitlines() if " received" in s]
    return int(received[0].split()[3]) if received else 0, out + err


def counters(node):
    "{name: value} of the kernel's counters of IP, ICMP, UDP and TCP, of both families."
    found = {}
    for line in node.run("cat /proc/net/snmp6").splitlines():
        name, value = line.split()
        found[name] = int(value)
    lines = node.run("cat /proc/net/snmp /proc/net/netstat").splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        group = names.split(":")[0]
        for name, value in zip(names.split()[1:], values.split()[1:]):
            found[group + name] = int(value)
    return found


class Capture:
    "All packets of a node's interface from now on (see wire.py)."

    def __init__(self, node, ifname="wg0"):
        self.process = node.popen(
            [PYTHON, HERE + "/wire.py", "capture", ifname], stdin=-1)
        node.net.probes.append(self)
        assert "ready" in self.process.stdout.readline(), self.process.stderr.read()

    def end(self):
        "[bytes of each packet]."
        self.process.stdin.close()
        found = [bytes.fromhex(s) for s in self.process.stdout.read().split()]
        self.process.wait()
        return found

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
