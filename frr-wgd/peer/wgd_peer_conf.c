// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configured peers: what is between the configuration and the core.
 *
 * A preshared key that cannot be read makes the peer incomplete.  To go on
 * without it would be to drop a protection that the operator asked for.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/peer/wgd_announce.h"
#include "frr-wgd/peer/wgd_filter.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/peer/wgd_peer_conf.h"
#include "frr-wgd/peer/wgd_resolve.h"
#include "lib/backend/wg_keys.h"

DEFINE_MTYPE_STATIC(WGD, WGD_PEER, "WireGuard peer");

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
	wgd_underlay_add(&p->way, wif, wg_peer_name(p->peer));
	return p;
}

void wgd_peer_delete(struct wgd_peer *p)
{
	wgd_resolve_forget(p);
	wgd_announce_forget_peer(p);
	wgd_live_delete(&p->live);
	wgd_underlay_remove(&p->way);
	wg_peer_delete(p->peer);
	XFREE(MTYPE_WGD_STR, p->conf.description);
	XFREE(MTYPE_WGD_STR, p->conf.host);
	XFREE(MTYPE_WGD_STR, p->conf.psk_file);
	XFREE(MTYPE_WGD_STR, p->doubted);
	XFREE(MTYPE_WGD_STR, p->conf.plist[0]);
	XFREE(MTYPE_WGD_STR, p->conf.plist[1]);
	XFREE(MTYPE_WGD_PEER, p->conf.addresses);
	XFREE(MTYPE_WGD_PEER, p->conf.statics);
	XFREE(MTYPE_WGD_PEER, p->conf.exclusives);
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

/* The link-local address that the peer's key gives it. */
static void drop_linklocal(struct wgd_peer *p)
{
	if (p->conf.linklocal.family)
		wg_peer_del_address(p->peer, &p->conf.linklocal);
	p->conf.linklocal.family = AF_UNSPEC;
}

static void set_linklocal(struct wgd_peer *p)
{
	const struct wg_key *key = wg_peer_key(p->peer);

	if (p->conf.linklocal.family || !key || wg_key_is_zero(key))
		return;
	wg_key_linklocal(key, &p->conf.linklocal);
	if (wg_peer_add_address(p->peer, &p->conf.linklocal, NULL) < 0)
		p->conf.linklocal.family = AF_UNSPEC; /* configured by hand */
}

bool wgd_peer_withdraw(struct wgd_peer *p, const struct wgd_peer_conf *conf)
{
	const struct wg_key *key = wg_peer_key(p->peer);
	size_t i;

	for (i = 0; i < p->conf.n_addresses; i++)
		if (!has_address(conf->addresses, conf->n_addresses,
				 &p->conf.addresses[i]))
			wg_peer_del_address(p->peer, &p->conf.addresses[i]);
	for (i = 0; i < p->conf.n_exclusives; i++)
		if (!wg_prefix_among(&p->conf.exclusives[i], conf->exclusives,
				     conf->n_exclusives))
			wg_peer_set_exclusive(p->peer, &p->conf.exclusives[i],
					      false);
	for (i = 0; i < p->conf.n_statics; i++)
		if (!wg_prefix_among(&p->conf.statics[i], conf->statics,
				     conf->n_statics))
			wg_peer_del_static(p->peer, &p->conf.statics[i]);
	if (!key || wg_key_is_zero(key) ||
	    (conf->has_key && wg_key_same(key, &conf->key)))
		return false;
	drop_linklocal(p);
	wg_peer_set_key(p->peer, NULL);
	return true;
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
	char err[512];
	int rc = p->conf.psk_file
			 ? wg_key_check(p->conf.psk_file, err, sizeof(err))
			 : 0;

	/* without a key process nothing is known, and nothing changes */
	if (rc != -EPIPE && rc != -ETIMEDOUT)
		p->psk_broken = rc < 0;
	if (p->psk_broken && !was_broken)
		zlog_err(
			"%s: peer %s: preshared key: %s; the peer is incomplete",
			p->wif->name, wg_peer_name(p->peer), err);
	if (p->conf.has_key && !p->psk_broken)
		check(p, wg_peer_set_key(p->peer, &p->conf.key), "public-key");
	else
		wg_peer_set_key(p->peer, NULL);
	wgd_announce_peer(p, false);
	if (p->psk_broken != was_broken) {
		wgd_live_look(p->live);
		wgd_if_kick(p->wif);
	}
}

/* A copy of SRC in place of DST; NULL where it has nothing. */
static void *copy(void *dst, const void *src, size_t len)
{
	XFREE(MTYPE_WGD_PEER, dst);
	if (!len)
		return NULL;
	dst = XMALLOC(MTYPE_WGD_PEER, len);
	memcpy(dst, src, len);
	return dst;
}

void wgd_peer_configure(struct wgd_peer *p, const struct wgd_peer_conf *conf)
{
	size_t i;
	int rc;

	for (i = 0; i < conf->n_addresses; i++)
		if (!has_address(p->conf.addresses, p->conf.n_addresses,
				 &conf->addresses[i])) {
			rc = wg_peer_add_address(p->peer, &conf->addresses[i],
						 NULL);
			if (rc == -EEXIST &&
			    wg_addr_same(&p->conf.linklocal,
					 &conf->addresses[i])) {
				/* from now on it is configured */
				p->conf.linklocal.family = AF_UNSPEC;
				rc = 0;
			}
			check(p, rc, "address");
		}
	for (i = 0; i < conf->n_statics; i++)
		if (!wg_prefix_among(&conf->statics[i], p->conf.statics,
				     p->conf.n_statics))
			check(p,
			      wg_peer_add_static(p->peer, &conf->statics[i],
						 NULL),
			      "allowed-ips");
	for (i = 0; i < conf->n_exclusives; i++)
		wg_peer_set_exclusive(p->peer, &conf->exclusives[i], true);
	p->conf.n_addresses = conf->n_addresses;
	p->conf.n_statics = conf->n_statics;
	p->conf.n_exclusives = conf->n_exclusives;
	p->conf.addresses =
		copy(p->conf.addresses, conf->addresses,
		     p->conf.n_addresses * sizeof(*p->conf.addresses));
	p->conf.statics = copy(p->conf.statics, conf->statics,
			       p->conf.n_statics * sizeof(*p->conf.statics));
	p->conf.exclusives =
		copy(p->conf.exclusives, conf->exclusives,
		     p->conf.n_exclusives * sizeof(*p->conf.exclusives));

	wgd_str_set(&p->conf.description, conf->description);
	wgd_str_set(&p->conf.psk_file, conf->psk_file);
	p->conf.keepalive = conf->keepalive;
	wgd_resolve_set(p, conf->host, conf->port);
	for (i = 0; i < 2; i++) {
		wgd_str_set(&p->conf.plist[i], conf->plist[i]);
		wgd_filter_set(p, i);
	}
	p->conf.announce = conf->announce;
	p->conf.maximum = conf->maximum;
	wg_peer_set_maximum(p->peer, p->conf.maximum);
	p->conf.shutdown = conf->shutdown;
	wg_peer_set_shutdown(p->peer, p->conf.shutdown);
	wgd_peer_push(p);
	p->conf.key = conf->key;
	p->conf.has_key = conf->has_key;
	wgd_peer_check_secret(p);
	set_linklocal(p);
	wgd_live_configure(p->live, conf->bfd, conf->bfd_profile);
	wgd_announce_peer(p, true);
	wgd_if_kick(p->wif);
}
