// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The northbound the other way: the operational state of interfaces and peers,
 * and the notification of its changes.
 *
 * An entry of the list `peer` is a struct wgd_peer; the interface above it is
 * libfrr's, which knows nothing of ours.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "if.h"
#include "linklist.h"

#include "frr-wgd/wgd_group.h"
#include "frr-wgd/wgd_if.h"
#include "frr-wgd/wgd_live.h"
#include "frr-wgd/wgd_nb.h"
#include "frr-wgd/wgd_peer.h"
#include "frr-wgd/wgd_vty.h"
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

/* --- the leaves */

struct yang_data *wgd_nb_peer_state(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;

	return yang_data_new_string(
		args->xpath, wg_peer_state_str(wgd_live_core(p->live)->state));
}

struct yang_data *wgd_nb_peer_cause(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;

	return yang_data_new_string(args->xpath,
				    wg_why_str(wgd_live_core(p->live)->why));
}

struct yang_data *wgd_nb_peer_reason(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;
	char why[256];

	return yang_data_new_string(args->xpath,
				    wgd_live_reason(p->live, why, sizeof(why)));
}

struct yang_data *wgd_nb_peer_since(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;
	int64_t ms = wgd_now_ms() - wgd_live_core(p->live)->since;

	return yang_data_new_uint64(args->xpath, MAX(ms, 0) / 1000);
}

struct yang_data *wgd_nb_peer_ups(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;

	return yang_data_new_uint64(args->xpath, wgd_live_core(p->live)->ups);
}

struct yang_data *wgd_nb_peer_downs(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;

	return yang_data_new_uint64(args->xpath, wgd_live_core(p->live)->downs);
}

struct yang_data *wgd_nb_peer_flaps(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;

	return yang_data_new_uint64(args->xpath, wgd_live_core(p->live)->flaps);
}

struct yang_data *wgd_nb_peer_held(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;

	return yang_data_new_uint64(args->xpath, wgd_live_core(p->live)->held);
}

struct yang_data *wgd_nb_peer_endpoint(struct nb_cb_get_elem_args *args)
{
	const struct wg_endpoint *e = wgd_peer_endpoint(args->list_entry);
	char addr[WG_ADDR_STRLEN];

	return e->addr.family ? yang_data_new_string(args->xpath,
						     wg_addr_str(&e->addr,
								 addr))
			      : NULL;
}

struct yang_data *wgd_nb_peer_port(struct nb_cb_get_elem_args *args)
{
	const struct wg_endpoint *e = wgd_peer_endpoint(args->list_entry);

	return e->addr.family ? yang_data_new_uint16(args->xpath, e->port)
			      : NULL;
}

struct yang_data *wgd_nb_peer_handshake(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;
	int64_t age = (int64_t)time(NULL) - p->handshake;

	return p->handshake ? yang_data_new_uint64(args->xpath, MAX(age, 0))
			    : NULL;
}

struct yang_data *wgd_nb_peer_rx(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;

	return yang_data_new_uint64(args->xpath, p->rx_bytes);
}

struct yang_data *wgd_nb_peer_tx(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;

	return yang_data_new_uint64(args->xpath, p->tx_bytes);
}

static struct wg_peer_count count(struct nb_cb_get_elem_args *args)
{
	const struct wgd_peer *p = args->list_entry;
	struct wg_peer_count n;

	wg_peer_count(p->peer, &n);
	return n;
}

struct yang_data *wgd_nb_peer_static(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_uint32(args->xpath, count(args).is_static);
}

struct yang_data *wgd_nb_peer_dynamic(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_uint32(args->xpath, count(args).dynamic);
}

struct yang_data *wgd_nb_peer_installed(struct nb_cb_get_elem_args *args)
{
	return yang_data_new_uint32(args->xpath, count(args).installed);
}

/* --- the interface: nothing where it is none of ours */

struct yang_data *wgd_nb_if_sync_state(struct nb_cb_get_elem_args *args)
{
	struct wgd_if *wif = wif_of(args->list_entry);

	return wif ? yang_data_new_string(args->xpath, wgd_vty_sync_state(wif))
		   : NULL;
}

struct yang_data *wgd_nb_if_public_key(struct nb_cb_get_elem_args *args)
{
	struct wgd_if *wif = wif_of(args->list_entry);
	const struct wg_key *key = wif ? wgd_if_public_key(wif) : NULL;
	char text[WG_KEY_STRLEN];

	return key ? yang_data_new_string(args->xpath, wg_key_str(key, text))
		   : NULL;
}

struct yang_data *wgd_nb_if_listen_port(struct nb_cb_get_elem_args *args)
{
	struct wgd_if *wif = wif_of(args->list_entry);

	return wif ? yang_data_new_uint16(args->xpath, wgd_vty_port(wif))
		   : NULL;
}

struct yang_data *wgd_nb_if_drained(struct nb_cb_get_elem_args *args)
{
	struct wgd_if *wif = wif_of(args->list_entry);

	return wif && wif->group
		       ? yang_data_new_bool(args->xpath,
					    wg_group_is_drained(
						    wif->group->core))
		       : NULL;
}

/* --- the notification */

static void say(struct list *arguments, const char *leaf, const char *value)
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), CHANGED "/%s", leaf);
	listnode_add(arguments, yang_data_new_string(xpath, value));
}

void wgd_nb_state_changed(const struct wgd_peer *p, enum wg_peer_state before,
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
}
