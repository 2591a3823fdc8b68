// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a change of the configuration means to each room, and in which order.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/engine/wgd_life.h"
#include "frr-wgd/gateway/wgd_gateway.h"
#include "frr-wgd/mesh/wgd_mesh_life.h"
#include "frr-wgd/peer/wgd_announce.h"
#include "frr-wgd/peer/wgd_peer_conf.h"
#include "frr-wgd/underlay/wgd_policy.h"
#include "frr-wgd/underlay/wgd_relay.h"
#include "frr-wgd/underlay/wgd_underlay.h"
#include "frr-wgd/zebra/wgd_table.h"

struct wgd_if *wgd_life_get(const char *name)
{
	struct wgd_if *wif = wgd_if_find(name);

	if (wif)
		return wif;
	wif = wgd_if_new(name);
	wgd_device_new(wif);
	wgd_attach_new(wif);
	wgd_underlay_new_if(wif);
	return wif;
}

static bool same_str(const char *a, const char *b)
{
	return a == b || (a && b && strmatch(a, b));
}

static void drop_link(struct wgd_if *wif)
{
	wgd_attach_drop(wif);
	wgd_announce_if(wif);
	wgd_if_set_state(wif, WGD_IF_ABSENT, "not configured so");
}

void wgd_life_configure(struct wgd_if *wif, struct wgd_if_conf *conf)
{
	bool moved = wif->conf.userspace != conf->userspace ||
		     !same_str(wif->conf.program, conf->program);
	bool other_key = !same_str(wif->conf.key_file, conf->key_file) ||
			 !same_str(wif->conf.mesh.name, conf->mesh.name);
	bool again = wif->conf.mtu != conf->mtu || other_key ||
		     wgd_mtu_default(&wif->conf) != wgd_mtu_default(conf);

	wgd_if_conf_clear(&wif->conf);
	wif->conf = *conf;
	if (moved && (wif->link->known || wif->state == WGD_IF_STARTING))
		drop_link(wif);
	else if (again && wif->device->be)
		wgd_device_detach(wif); /* and attach with the new key or MTU */
	/* at once, so that the answer can tell of a new identity */
	if (other_key && wgd_key_public(wif))
		wgd_key_load(wif);
	wgd_policy_configure(wif);
	wgd_attach_set_conf(wif, wgd_policy_mark(wif));
	wgd_gateway_configure(wif);
	wgd_mesh_configure(wif);
	wgd_underlay_if(wif);
	wgd_announce_if(wif);
	if (moved || again)
		wgd_if_try_now(wif);
	wgd_if_kick(wif);
}

/*
 * What the peer is to be: its lines and, of a member, what the map says.  That
 * is borrowed from there, so it is asked for again in each step.  False: it
 * goes.
 */
static bool complete(const struct wgd_life_peer *work,
		     struct wgd_peer_conf *ret)
{
	*ret = work->conf;
	return wgd_members_complete(work->p, ret) || !work->gone;
}

void wgd_life_peers(const struct wgd_life_peer *work, size_t n)
{
	struct wgd_peer_conf conf;
	size_t i;

	/* a client is forgotten before its key is another peer's */
	for (i = 0; i < n; i++) {
		work[i].p->lined = !work[i].gone;
		complete(&work[i], &conf);
		if (wgd_peer_withdraw(work[i].p, &conf))
			wgd_gateway_forget_peer(work[i].p);
	}
	for (i = 0; i < n; i++) {
		if (!complete(&work[i], &conf)) {
			wgd_peer_delete(work[i].p);
			continue;
		}
		wgd_peer_configure(work[i].p, &conf);
		wgd_gateway_peer(work[i].p);
		wgd_announce_peer(work[i].p, false);
	}
}

static void forget(struct wgd_if *wif)
{
	struct wg_peer *peer;

	wgd_gateway_delete(wif);
	wgd_mesh_delete(wif);
	while ((peer = wg_peer_first(wif->dev)))
		wgd_peer_delete(wg_peer_arg(peer));
	wgd_underlay_forget_if(wif);
	wgd_device_delete(wif);
	wgd_attach_delete(wif);
	wgd_if_delete(wif);
}

void wgd_life_unconfigure(struct wgd_if *wif)
{
	drop_link(wif);
	wgd_relay_forget_if(wif, false);
	wgd_policy_forget_if(wif, false);
	forget(wif);
	wgd_table_settle();
}

void wgd_life_finish(void)
{
	struct wgd_if *wif;

	wgd_mesh_finish();
	while ((wif = wgd_if_first())) {
		wgd_device_detach(wif);
		wgd_relay_forget_if(wif, true);
		wgd_policy_forget_if(wif, true);
		forget(wif);
	}
}
