// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The northbound the other way: the operational state of interfaces and peers,
 * and the notification of its changes.
 *
 * An entry of the list `peer` is a struct wgd_peer; the interface above it is
 * libfrr's, which knows nothing of ours.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "linklist.h"

#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/config/wgd_nb.h"
#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/gateway/wgd_group.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/peer/wgd_peer.h"
#include "lib/backend/wg_keys.h"

#define CHANGED "/frr-wireguard:peer-state-change"

/* --- the list */

static struct wgd_if *wif_of(const void *interface)
{
	const struct interface *ifp = interface;

	return ifp ? wgd_if_find(ifp->name) : NULL;
}

const void *wgd_nb_peer_next(struct nb_cb_get_next_args *args)
{
	const struct wgd_peer *p = args->list_entry;
	struct wgd_if *wif = wif_of(args->parent_list_entry);
	struct wg_peer *peer;

	if (p)
		peer = wg_peer_next(p->peer);
	else
		peer = wif ? wg_peer_first(wif->dev) : NULL;
	return peer ? wg_peer_arg(peer) : NULL;
}

int wgd_nb_peer_keys(struct nb_cb_get_keys_args *args)
{
	const struct wgd_peer *p = args->list_entry;

	args->keys->num = 1;
	strlcpy(args->keys->key[0], wg_peer_name(p->peer),
		sizeof(args->keys->key[0]));
	return NB_OK;
}

const void *wgd_nb_peer_lookup(struct nb_cb_lookup_entry_args *args)
{
	struct wgd_if *wif = wif_of(args->parent_list_entry);

	return wif ? wgd_peer_find(wif, args->keys->key[0]) : NULL;
}

/* --- the leaves: nothing where VALUE is not known */

#define PEER_LEAF(name, type, known, value)                                    \
	struct yang_data *wgd_nb_peer_##name(struct nb_cb_get_elem_args *args) \
	{                                                                      \
		const struct wgd_peer *p = args->list_entry;                   \
                                                                               \
		return (known) ? yang_data_new_##type(args->xpath, (value))    \
			       : NULL;                                         \
	}

static int64_t since_s(const struct wgd_peer *p)
{
	int64_t ms = wgd_now_ms() - wgd_live_core(p->live)->since;

	return MAX(ms, 0) / 1000;
}

static const char *reason(const struct wgd_peer *p)
{
	static char why[256];

	return wgd_live_reason(p->live, why, sizeof(why));
}

static struct wg_peer_count count(const struct wgd_peer *p)
{
	struct wg_peer_count n;

	wg_peer_count(p->peer, &n);
	return n;
}

static const char *endpoint(const struct wgd_peer *p)
{
	static char addr[WG_ADDR_STRLEN];

	return wg_addr_str(&wgd_peer_endpoint(p)->addr, addr);
}

#define HAS_ENDPOINT (wgd_peer_endpoint(p)->addr.family)

PEER_LEAF(state, string, true, wg_peer_state_str(wgd_live_core(p->live)->state))
PEER_LEAF(cause, string, true, wg_why_str(wgd_live_core(p->live)->why))
PEER_LEAF(reason, string, true, reason(p))
PEER_LEAF(since, uint64, true, since_s(p))
PEER_LEAF(ups, uint64, true, wgd_live_core(p->live)->ups)
PEER_LEAF(downs, uint64, true, wgd_live_core(p->live)->downs)
PEER_LEAF(flaps, uint64, true, wgd_live_core(p->live)->flaps)
PEER_LEAF(held, uint64, true, wgd_live_core(p->live)->held)
PEER_LEAF(endpoint, string, HAS_ENDPOINT, endpoint(p))
PEER_LEAF(port, uint16, HAS_ENDPOINT, wgd_peer_endpoint(p)->port)
PEER_LEAF(handshake, uint64, wgd_peer_handshake_age(p) >= 0,
	  wgd_peer_handshake_age(p))
PEER_LEAF(rx, uint64, true, p->seen.rx_bytes)
PEER_LEAF(tx, uint64, true, p->seen.tx_bytes)
PEER_LEAF(static, uint32, true, count(p).is_static)
PEER_LEAF(dynamic, uint32, true, count(p).dynamic)
PEER_LEAF(installed, uint32, true, count(p).installed)

/* --- the interface: nothing where it is none of ours */

#define IF_LEAF(name, type, known, value)                                      \
	struct yang_data *wgd_nb_if_##name(struct nb_cb_get_elem_args *args)   \
	{                                                                      \
		struct wgd_if *wif = wif_of(args->list_entry);                 \
                                                                               \
		return wif && (known)                                          \
			       ? yang_data_new_##type(args->xpath, (value))    \
			       : NULL;                                         \
	}

static const char *public_key(struct wgd_if *wif)
{
	static char text[WG_KEY_STRLEN];

	return wg_key_str(wgd_key_public(wif), text);
}

IF_LEAF(sync_state, string, true, wgd_if_sync_state(wif))
IF_LEAF(public_key, string, wgd_key_public(wif), public_key(wif))
IF_LEAF(listen_port, uint16, true, wgd_device_port(wif))
IF_LEAF(drained, bool, wif->group, wg_group_is_drained(wif->group->core))

/* --- the notification */

static void say(struct list *arguments, const char *leaf, const char *value)
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), CHANGED "/%s", leaf);
	listnode_add(arguments, yang_data_new_string(xpath, value));
}

int wgd_nb_state_changed(const struct wgd_peer *p, enum wg_peer_state before,
			 const char *reason)
{
	const struct wg_liveness *l = wgd_live_core(p->live);
	struct list *arguments = yang_data_list_new();

	say(arguments, "interface", p->wif->name);
	say(arguments, "peer", wg_peer_name(p->peer));
	say(arguments, "previous-state", wg_peer_state_str(before));
	say(arguments, "state", wg_peer_state_str(l->state));
	say(arguments, "cause", wg_why_str(l->why));
	say(arguments, "reason", reason);
	nb_notification_send(CHANGED, arguments);
	return 0;
}
