// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer: what it is to be on the device, and what the device says of it.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "zclient.h"

#include "frr-wgd/peer/wgd_peer.h"
#include "frr-wgd/underlay/wgd_relay.h"
#include "lib/core/wg_liveness.h"

struct wgd_peer *wgd_peer_find(struct wgd_if *wif, const char *name)
{
	struct wg_peer *peer = wg_peer_find(wif->dev, name);

	return peer ? wg_peer_arg(peer) : NULL;
}

struct wgd_peer *wgd_peer_first(struct wgd_if *wif)
{
	struct wg_peer *peer = wg_peer_first(wif->dev);

	return peer ? wg_peer_arg(peer) : NULL;
}

struct wgd_peer *wgd_peer_next(const struct wgd_peer *p)
{
	struct wg_peer *peer = wg_peer_next(p->peer);

	return peer ? wg_peer_arg(peer) : NULL;
}

struct wgd_peer *wgd_peer_alone(struct wgd_if *wif)
{
	struct wgd_peer *p = wgd_peer_first(wif);

	if (!p || wgd_peer_next(p) || wif->conf.mesh.name ||
	    wg_dev_is_point_to_point(wif->dev))
		return NULL;
	return p;
}

bool wgd_peer_hint(struct wgd_if *wif, char *buf, size_t len)
{
	char route[WG_PREFIX_STRLEN], gateway[WG_ADDR_STRLEN];
	const struct wg_addr *via;
	const struct wgd_peer *p = wgd_peer_alone(wif);
	struct wg_entry e;

	if (!p || !wg_route_of_nobody(wif->dev, ZEBRA_ROUTE_CONNECT, &e))
		return false;
	via = &e.nexthops[0].gateway;
	snprintf(buf, len,
		 "%s has %s%s, which is no address of %s, the only peer; if it shall stay the only one: wireguard point-to-point",
		 wg_prefix_str(&e.prefix, route),
		 via->family ? "next hop " : "no next hop",
		 via->family ? wg_addr_str(via, gateway) : "",
		 wg_peer_name(p->peer));
	return true;
}

void wgd_peer_way(struct wgd_peer *p)
{
	const struct wg_endpoint *is = wgd_relay_covers(&p->resolved.is.addr)
					       ? &p->resolved.is
					       : &p->seen.endpoint;

	wgd_underlay_at(&p->way, is, &p->resolved.is);
}

void wgd_peer_push(struct wgd_peer *p)
{
	struct wg_peer_conf conf = {
		.endpoint = p->instead.on	    ? p->instead.endpoint
			    : p->placed.addr.family ? p->placed
						    : p->resolved.is,
		.keepalive = p->conf.keepalive,
		.psk_file = p->conf.psk_file,
	};

	if (p->instead.on && !p->instead.serves)
		conf.keepalive = p->instead.calls;
	wg_peer_set_conf(p->peer, &conf);
	wgd_peer_way(p);
	wgd_if_kick(p->wif);
}

int64_t wgd_peer_handshake_age(const struct wgd_peer *p)
{
	int64_t ms = wg_handshake_age(&p->seen.handshake, wgd_now_ms());

	return ms < 0 ? -1 : ms / 1000;
}

bool wgd_peer_in_session(const struct wgd_peer *p)
{
	int64_t age = wgd_peer_handshake_age(p);

	return age >= 0 && age < WG_HANDSHAKE_FRESH_S;
}

static void note_handshake(struct wgd_peer *p, int64_t stamp)
{
	struct wg_clocks now = {.mono = wgd_now_ms()};
	struct timeval tv;

	gettimeofday(&tv, NULL);
	now.wall = tv.tv_sec * INT64_C(1000) + tv.tv_usec / 1000;
	wg_handshake_read(&p->seen.handshake, stamp, now);
}

const struct wg_endpoint *wgd_peer_endpoint(const struct wgd_peer *p)
{
	return p->seen.endpoint.addr.family ? &p->seen.endpoint
					    : &p->resolved.is;
}

void wgd_peer_seen(struct wgd_peer *p, const struct wg_event *ev)
{
	if (p->seen.endpoint.addr.family && ev->endpoint.addr.family &&
	    !wg_endpoint_same(&p->seen.endpoint, &ev->endpoint))
		p->seen.moves++;
	p->seen.endpoint = ev->endpoint;
	note_handshake(p, ev->handshake);
	p->seen.rx_bytes = ev->rx_bytes;
	p->seen.tx_bytes = ev->tx_bytes;
	wg_rate_read(&p->seen.rate, ev->rx_bytes, ev->tx_bytes, wgd_now_ms());
}
