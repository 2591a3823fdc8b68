// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The northbound the other way: the operational state of peers, and the
 * notification of its changes.
 *
 * An entry of the list `peer` is a struct wgd_peer; the interface above it is
 * libfrr's, which knows nothing of ours.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "if.h"
#include "linklist.h"

#include "frr-wgd/wgd_if.h"
#include "frr-wgd/wgd_live.h"
#include "frr-wgd/wgd_nb.h"
#include "frr-wgd/wgd_peer.h"

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
