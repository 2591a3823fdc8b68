// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configured peers: what is between the configuration and the core.
 *
 * An endpoint that is a host name is resolved with FRR's asynchronous
 * resolver, and again when the peer goes silent: we send and nothing comes
 * back for longer than a handshake may take.  Its address may have changed,
 * and WireGuard will not ask.
 *
 * A preshared key that cannot be read makes the peer incomplete.  To go on
 * without it would be to drop a protection that the operator asked for.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "log.h"
#include "monotime.h"
#include "plist.h"
#include "prefix.h"
#include "resolver.h"
#include "sockunion.h"
#include "vrf.h"

#include "frr-wgd/wgd_announce.h"
#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_device.h"
#include "frr-wgd/wgd_group.h"
#include "frr-wgd/wgd_live.h"
#include "frr-wgd/wgd_peer.h"
#include "frr-wgd/wgd_underlay.h"
#include "frr-wgd/wgd_zebra.h"
#include "lib/backend/wg_keys.h"

DEFINE_MTYPE_STATIC(WGD, WGD_PEER, "WireGuard peer");
DEFINE_MTYPE_STATIC(WGD, WGD_QUERY, "WireGuard endpoint query");

#define RESOLVE_AGAIN_S 30

struct wgd_query {
	struct resolver_query q;
	struct wgd_peer *peer; /* NULL: it went while we asked */
};

static void resolve(struct event *t);

/* --- endpoint */

void wgd_peer_push(struct wgd_peer *p)
{
	struct wg_peer_conf conf = {
		.endpoint = p->resolved,
		.keepalive = p->keepalive,
		.psk_file = p->psk_file,
	};

	wgd_group_conf(p, &conf);
	wg_peer_set_conf(p->peer, &conf);
	wgd_underlay_peer(p);
	wgd_if_kick(p->wif);
}

static void resolve_in(struct wgd_peer *p, unsigned s)
{
	event_cancel(&p->t_resolve);
	event_add_timer(wgd.master, resolve, p, s, &p->t_resolve);
}

static void resolved(struct resolver_query *q, const char *err, int n,
		     union sockunion *addr)
{
	struct wgd_query *query = container_of(q, struct wgd_query, q);
	struct wgd_peer *p = query->peer;
	struct wg_endpoint e = {};

	XFREE(MTYPE_WGD_QUERY, query);
	if (!p)
		return;
	p->query = NULL;
	if (n <= 0) {
		zlog_warn("%s: peer %s: endpoint %s: %s; trying again in %u s",
			  p->wif->name, wg_peer_name(p->peer), p->host,
			  err ? err : "no address", RESOLVE_AGAIN_S);
		resolve_in(p, RESOLVE_AGAIN_S);
		return;
	}
	wgd_compat_resolved(addr);
	e.addr.family = sockunion_family(addr);
	e.port = p->port;
	if (e.addr.family == AF_INET)
		memcpy(e.addr.b, &addr->sin.sin_addr, 4);
	else
		memcpy(e.addr.b, &addr->sin6.sin6_addr, 16);
	wgd_debug_events("%s: peer %s: endpoint %s is %pSU", p->wif->name,
			 wg_peer_name(p->peer), p->host, addr);
	p->resolved = e;
	if (p->asked_in_silence)
		wg_peer_resend_endpoint(p->peer);
	p->asked_in_silence = false;
	wgd_peer_push(p);
}

static void resolve(struct event *t)
{
	struct wgd_peer *p = EVENT_ARG(t);

	if (p->query || !p->host)
		return;
	p->query = XCALLOC(MTYPE_WGD_QUERY, sizeof(*p->query));
	p->query->peer = p;
	resolver_resolve(&p->query->q, AF_UNSPEC, VRF_DEFAULT, p->host,
			 resolved);
}

static void forget_query(struct wgd_peer *p)
{
	event_cancel(&p->t_resolve);
	if (p->query)
		p->query->peer = NULL; /* it cannot be called off */
	p->query = NULL;
}

static void set_endpoint(struct wgd_peer *p, const char *host, uint16_t port)
{
	struct wg_addr addr;

	if (p->port == port && host && p->host && strmatch(p->host, host))
		return;
	forget_query(p);
	XFREE(MTYPE_WGD_STR, p->host);
	memset(&p->resolved, 0, sizeof(p->resolved));
	p->port = port;
	if (!host)
		return;
	p->host = XSTRDUP(MTYPE_WGD_STR, host);
	p->resolved_is_literal = wg_addr_parse(host, &addr) == 0;
	if (p->resolved_is_literal) {
		p->resolved.addr = addr;
		p->resolved.port = port;
	} else
		resolve_in(p, 0);
}

/* --- prefix lists */

static bool plist_permits(const void *arg, const struct wg_prefix *p)
{
	struct prefix fp = wgd_zebra_prefix(p);
	struct prefix_list *plist = (struct prefix_list *)arg;

	return prefix_list_apply(plist, &fp) == PREFIX_PERMIT;
}

/*
 * A list that does not exist permits nothing, as in bgpd: it is there to keep
 * a peer from what is not its own, so a name mistyped must not open the door.
 */
static void set_filter(struct wgd_peer *p, int i)
{
	struct wg_filter filter = {};

	if (p->plist[i]) {
		filter.permits = plist_permits;
		filter.arg = prefix_list_lookup(i ? AFI_IP6 : AFI_IP,
						p->plist[i]);
	}
	wg_peer_set_filter(p->peer, i ? AF_INET6 : AF_INET, filter);
}

/* Also when an entry or the list went: the list is out of the table then. */
static void plist_changed(struct prefix_list *plist)
{
	int i = prefix_list_afi(plist) == AFI_IP6;
	struct wg_peer *peer;
	struct wgd_if *wif;
	struct wgd_peer *p;

	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif))
		for (peer = wg_peer_first(wif->dev); peer;
		     peer = wg_peer_next(peer)) {
			p = wg_peer_arg(peer);
			if (!p->plist[i] ||
			    !strmatch(p->plist[i], prefix_list_name(plist)))
				continue;
			set_filter(p, i);
			wgd_if_kick(wif);
		}
}

void wgd_peer_filters_init(void)
{
	prefix_list_init();
	prefix_list_add_hook(plist_changed);
	prefix_list_delete_hook(plist_changed);
}

void wgd_peer_resolver_init(void)
{
	resolver_init(wgd.master);
}

/* --- configuration */

struct wgd_peer *wgd_peer_find(struct wgd_if *wif, const char *name)
{
	struct wg_peer *peer = wg_peer_find(wif->dev, name);

	return peer ? wg_peer_arg(peer) : NULL;
}

struct wgd_peer *wgd_peer_get(struct wgd_if *wif, const char *name)
{
	struct wgd_peer *p = wgd_peer_find(wif, name);

	if (p)
		return p;
	p = XCALLOC(MTYPE_WGD_PEER, sizeof(*p));
	p->wif = wif;
	p->peer = wg_peer_new(wif->dev, name);
	assert(p->peer);
	wg_peer_set_arg(p->peer, p);
	p->live = wgd_live_new(p);
	return p;
}

void wgd_peer_delete(struct wgd_peer *p)
{
	forget_query(p);
	wgd_announce_forget_peer(p);
	wgd_live_delete(&p->live);
	wgd_underlay_forget_peer(p);
	wg_peer_delete(p->peer);
	XFREE(MTYPE_WGD_STR, p->description);
	XFREE(MTYPE_WGD_STR, p->host);
	XFREE(MTYPE_WGD_STR, p->psk_file);
	XFREE(MTYPE_WGD_STR, p->plist[0]);
	XFREE(MTYPE_WGD_STR, p->plist[1]);
	XFREE(MTYPE_WGD_PEER, p->addresses);
	XFREE(MTYPE_WGD_PEER, p->statics);
	XFREE(MTYPE_WGD_PEER, p);
}

static bool has_address(const struct wg_addr *set, size_t n,
			const struct wg_addr *a)
{
	while (n--)
		if (wg_addr_same(&set[n], a))
			return true;
	return false;
}

static bool has_static(const struct wg_prefix *set, size_t n,
		       const struct wg_prefix *a)
{
	while (n--)
		if (wg_prefix_same(&set[n], a))
			return true;
	return false;
}

/* The link-local address that the peer's key gives it. */
static void drop_linklocal(struct wgd_peer *p)
{
	if (p->linklocal.family)
		wg_peer_del_address(p->peer, &p->linklocal);
	p->linklocal.family = AF_UNSPEC;
}

static void set_linklocal(struct wgd_peer *p)
{
	const struct wg_key *key = wg_peer_key(p->peer);

	if (p->linklocal.family || !key || wg_key_is_zero(key))
		return;
	wg_key_linklocal(key, &p->linklocal);
	if (wg_peer_add_address(p->peer, &p->linklocal, NULL) < 0)
		p->linklocal.family = AF_UNSPEC; /* configured by hand */
}

void wgd_peer_withdraw(struct wgd_peer *p, const struct wgd_peer_conf *conf)
{
	const struct wg_key *key = wg_peer_key(p->peer);
	size_t i;

	for (i = 0; i < p->n_addresses; i++)
		if (!has_address(conf->addresses, conf->n_addresses,
				 &p->addresses[i]))
			wg_peer_del_address(p->peer, &p->addresses[i]);
	for (i = 0; i < p->n_statics; i++)
		if (!has_static(conf->statics, conf->n_statics,
				&p->statics[i]))
			wg_peer_del_static(p->peer, &p->statics[i]);
	if (key && !wg_key_is_zero(key) &&
	    (!conf->has_key || !wg_key_same(key, &conf->key))) {
		drop_linklocal(p);
		wg_peer_set_key(p->peer, NULL);
		wgd_group_forget_peer(p);
	}
}

/* The conflicts were checked: what the core refuses now is a bug or a race. */
static void check(struct wgd_peer *p, int rc, const char *what)
{
	if (rc < 0)
		zlog_err("%s: peer %s: %s: %s", p->wif->name,
			 wg_peer_name(p->peer), what, safe_strerror(-rc));
}

void wgd_peer_check_secret(struct wgd_peer *p)
{
	bool was_broken = p->psk_broken;
	struct wg_key psk;
	char err[256];

	p->psk_broken = false;
	if (p->psk_file) {
		p->psk_broken = wg_key_load(p->psk_file, &psk, err,
					    sizeof(err)) < 0;
		wg_key_wipe(&psk);
	}
	if (p->psk_broken && !was_broken)
		zlog_err("%s: peer %s: preshared key: %s; the peer is incomplete",
			 p->wif->name, wg_peer_name(p->peer), err);
	if (p->has_key && !p->psk_broken)
		check(p, wg_peer_set_key(p->peer, &p->key), "public-key");
	else
		wg_peer_set_key(p->peer, NULL);
	wgd_announce_peer(p, false);
	wgd_group_peer(p);
	if (p->psk_broken != was_broken) {
		wgd_live_look(p->live);
		wgd_if_kick(p->wif);
	}
}

static void set_str(char **dst, const char *src)
{
	if (*dst && src && strmatch(*dst, src))
		return;
	XFREE(MTYPE_WGD_STR, *dst);
	if (src)
		*dst = XSTRDUP(MTYPE_WGD_STR, src);
}

void wgd_peer_configure(struct wgd_peer *p, const struct wgd_peer_conf *conf)
{
	size_t i;
	int rc;

	for (i = 0; i < conf->n_addresses; i++)
		if (!has_address(p->addresses, p->n_addresses,
				 &conf->addresses[i])) {
			rc = wg_peer_add_address(p->peer, &conf->addresses[i],
						 NULL);
			if (rc == -EEXIST &&
			    wg_addr_same(&p->linklocal, &conf->addresses[i])) {
				/* from now on it is configured */
				p->linklocal.family = AF_UNSPEC;
				rc = 0;
			}
			check(p, rc, "address");
		}
	for (i = 0; i < conf->n_statics; i++)
		if (!has_static(p->statics, p->n_statics, &conf->statics[i]))
			check(p,
			      wg_peer_add_static(p->peer, &conf->statics[i],
						 NULL),
			      "allowed-ips");
	XFREE(MTYPE_WGD_PEER, p->addresses);
	XFREE(MTYPE_WGD_PEER, p->statics);
	p->n_addresses = conf->n_addresses;
	p->n_statics = conf->n_statics;
	if (p->n_addresses) {
		p->addresses = XCALLOC(MTYPE_WGD_PEER,
				       p->n_addresses * sizeof(*p->addresses));
		memcpy(p->addresses, conf->addresses,
		       p->n_addresses * sizeof(*p->addresses));
	}
	if (p->n_statics) {
		p->statics = XCALLOC(MTYPE_WGD_PEER,
				     p->n_statics * sizeof(*p->statics));
		memcpy(p->statics, conf->statics,
		       p->n_statics * sizeof(*p->statics));
	}

	set_str(&p->description, conf->description);
	set_str(&p->psk_file, conf->psk_file);
	p->keepalive = conf->keepalive;
	set_endpoint(p, conf->host, conf->port);
	for (i = 0; i < 2; i++) {
		set_str(&p->plist[i], conf->plist[i]);
		set_filter(p, i);
	}
	p->announce = conf->announce;
	p->maximum = conf->maximum;
	wg_peer_set_maximum(p->peer, p->maximum);
	wg_peer_set_shutdown(p->peer, conf->shutdown);
	wgd_peer_push(p);
	p->key = conf->key;
	p->has_key = conf->has_key;
	wgd_peer_check_secret(p);
	set_linklocal(p);
	wgd_live_configure(p->live, conf->bfd, conf->bfd_profile);
	wgd_announce_peer(p, true);
	wgd_if_kick(p->wif);
}

/* --- what the device says */

/* In silence its name is asked for again: the address may have changed. */
static void ask_in_silence(struct wgd_peer *p)
{
	const struct wg_liveness *l = wgd_live_core(p->live);
	int64_t now = wgd_now_ms();

	if (l->silent_since < 0)
		return;
	if (p->asked_at < l->silent_since) {
		p->asked_at = l->silent_since;
		p->asked_tx = l->silent_tx;
	}
	if (now - p->asked_at < WG_SILENT_MS || p->tx_bytes == p->asked_tx ||
	    !p->host || p->resolved_is_literal || p->query)
		return;
	wgd_debug_events("%s: peer %s is silent: asking for %s again",
			 p->wif->name, wg_peer_name(p->peer), p->host);
	p->asked_at = now;
	p->asked_tx = p->tx_bytes;
	p->asked_in_silence = true;
	resolve_in(p, 0);
}

static bool is_fresh(int64_t handshake)
{
	return handshake && time(NULL) - handshake < WG_HANDSHAKE_FRESH_S;
}

bool wgd_peer_is_alive(const struct wg_event *ev)
{
	return is_fresh(ev->handshake);
}

bool wgd_peer_in_session(const struct wgd_peer *p)
{
	return is_fresh(p->handshake);
}

void wgd_peer_set_liveness(struct wgd_peer *p, enum wg_peer_state state)
{
	wg_peer_set_liveness(p->peer, state);
	wgd_announce_peer(p, false);
}

/* Does a peer of the interface have that address, in the tunnel? */
static bool is_inner(const struct wgd_if *wif, const struct wg_addr *addr)
{
	struct wg_peer *peer;
	struct wgd_peer *p;

	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer)) {
		p = wg_peer_arg(peer);
		if (has_address(p->addresses, p->n_addresses, addr))
			return true;
	}
	return false;
}

/*
 * Until a route that covers the endpoint has its host route, a userspace
 * program sends its packets into itself.  What comes out at the other end seems
 * to come from within the tunnel, WireGuard takes it for roaming, and then
 * neither end gets a packet out again.  What is under way meanwhile may do so
 * once more, so the device is watched then, and after each new host route.
 */
static bool is_in_itself(const struct wgd_peer *p, const struct wg_endpoint *e)
{
	return p->resolved.addr.family && !p->wif->conf.fwmark &&
	       !wg_addr_same(&e->addr, &p->resolved.addr) &&
	       is_inner(p->wif, &e->addr) &&
	       !is_inner(p->wif, &p->resolved.addr);
}

void wgd_peer_seen(struct wgd_peer *p, const struct wg_event *ev)
{
	p->endpoint = ev->endpoint;
	if (is_in_itself(p, &ev->endpoint)) {
		zlog_notice("%s: peer %s: its endpoint had become an address in the tunnel: as configured again",
			    p->wif->name, wg_peer_name(p->peer));
		p->endpoint = p->resolved;
		wg_peer_resend_endpoint(p->peer);
		wgd_device_watch(p->wif);
		wgd_if_kick(p->wif);
	}
	p->handshake = ev->handshake;
	p->rx_bytes = ev->rx_bytes;
	p->tx_bytes = ev->tx_bytes;
	wgd_live_seen(p->live, ev);
	ask_in_silence(p);
	wgd_underlay_peer(p);
	wgd_group_seen(p, ev);
}

const struct wg_endpoint *wgd_peer_endpoint(const struct wgd_peer *p)
{
	return p->endpoint.addr.family ? &p->endpoint : &p->resolved;
}
