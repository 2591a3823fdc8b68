/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The northbound: YANG module frr-wireguard. */
#ifndef WGD_NB_H
#define WGD_NB_H

#include "northbound.h"

#include "frr-wgd/config/wgd_config.h"
#include "lib/core/wg_dev.h"

#define WGD_XPATH "./frr-wireguard:wireguard"

/* Reading the tree child by child: no xpath in a loop over peers. */
#define wgd_nb_each_child(parent, child)                                       \
	LY_LIST_FOR (lyd_child(parent), child)

static inline bool wgd_nb_is(const struct lyd_node *node, const char *name)
{
	return strmatch(node->schema->name, name);
}

/* A node below, by its path there, or NULL.  libyang hashes keys. */
static inline const struct lyd_node *wgd_nb_below(const struct lyd_node *node,
						  const char *path)
{
	struct lyd_node *match;

	return lyd_find_path(node, path, 0, &match) == LY_SUCCESS ? match
								  : NULL;
}

/* The peer of that name, or NULL. */
static inline const struct lyd_node *
wgd_nb_peer(const struct lyd_node *wireguard, const char *name)
{
	char path[128]; /* a name has at most 63 characters */

	snprintf(path, sizeof(path), "peer[name='%s']", name);
	return wgd_nb_below(wireguard, path);
}

/* The key of a list entry (keys come first), the first of them. */
static inline const char *wgd_nb_key(const struct lyd_node *list_entry)
{
	return lyd_get_value(lyd_child(list_entry));
}

/* What the interface is configured with, or NULL. */
static inline const struct lyd_node *
wgd_nb_wireguard(const struct lyd_node *interface)
{
	return wgd_nb_below(interface, "frr-wireguard:wireguard");
}

/* Is anything but defaults in this container? */
static inline bool wgd_nb_is_configured(const struct lyd_node *container)
{
	const struct lyd_node *child;

	wgd_nb_each_child (container, child)
		if (lysc_is_np_cont(child->schema)
			    ? wgd_nb_is_configured(child)
			    : !lyd_is_default(child))
			return true;
	return false;
}

/* How lines name the entry: by its key, or HOST port PORT if it has two. */
#define WGD_NB_ENTRY_STRLEN 320
static inline const char *wgd_nb_entry(const struct lyd_node *list_entry,
				       char *buf)
{
	const struct lyd_node *key = lyd_child(list_entry), *more = key->next;
	bool has_two = more && lysc_is_key(more->schema);

	snprintf(buf, WGD_NB_ENTRY_STRLEN, "%s%s%s", lyd_get_value(key),
		 has_two ? " port " : "", has_two ? lyd_get_value(more) : "");
	return buf;
}

/* wgd_nb_config.c */
extern int wgd_nb_create(struct nb_cb_create_args *args);
extern int wgd_nb_modify(struct nb_cb_modify_args *args);
extern int wgd_nb_destroy(struct nb_cb_destroy_args *args);
extern int wgd_nb_value_create(struct nb_cb_create_args *args); /* checked */
extern int wgd_nb_member_create(struct nb_cb_create_args *args);
extern int wgd_nb_place_create(struct nb_cb_create_args *args);
extern int wgd_nb_value_modify(struct nb_cb_modify_args *args);
extern int wgd_nb_validate(struct nb_cb_pre_validate_args *args);
extern void wgd_nb_apply(struct nb_cb_apply_finish_args *args);

/* wgd_nb_state.c */
extern const void *wgd_nb_peer_next(struct nb_cb_get_next_args *args);
extern int wgd_nb_peer_keys(struct nb_cb_get_keys_args *args);
extern const void *wgd_nb_peer_lookup(struct nb_cb_lookup_entry_args *args);
extern struct yang_data *wgd_nb_peer_state(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_cause(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_reason(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_since(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_ups(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_downs(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_flaps(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_held(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_endpoint(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_port(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_peer_handshake(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_rx(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_tx(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_static(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_peer_dynamic(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_peer_installed(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_if_sync_state(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_if_public_key(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_if_listen_port(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_if_drained(struct nb_cb_get_elem_args *args);

/* wgd_nb_mesh.c */
extern struct yang_data *wgd_nb_mesh_name(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_mesh_state(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_mesh_reason(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_mesh_relay_error(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_mesh_number(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_mesh_role(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_mesh_members(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_mesh_until(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_mesh_authority(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_mesh_list(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_mesh_list_due(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_mesh_time_source(struct nb_cb_get_elem_args *args);
extern const void *wgd_nb_alarm_next(struct nb_cb_get_next_args *args);
extern struct yang_data *wgd_nb_alarm_kind(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_alarm_member(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_alarm_text(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_alarm_since(struct nb_cb_get_elem_args *args);
extern const void *wgd_nb_member_next(struct nb_cb_get_next_args *args);
extern int wgd_nb_member_keys(struct nb_cb_get_keys_args *args);
extern const void *wgd_nb_member_lookup(struct nb_cb_lookup_entry_args *args);
extern struct yang_data *wgd_nb_member_number(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_member_name(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_member_serial(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_member_sequence(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_member_hub(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_member_live(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_member_until(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_member_relay_hub(struct nb_cb_get_elem_args *args);
extern struct yang_data *wgd_nb_member_path(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_member_path_reason(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_member_path_since(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_member_rtt_relay(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_member_rtt_direct(struct nb_cb_get_elem_args *args);
extern struct yang_data *
wgd_nb_member_refused(struct nb_cb_get_elem_args *args);

/* wgd_nb_rpc.c */
#define WGD_RPC_CLEAR "/frr-wireguard:clear"
#define WGD_RPC_DRAIN "/frr-wireguard:drain"
#define WGD_RPC_MESH_REQUEST "/frr-wireguard:mesh-request"
#define WGD_RPC_MESH_LOAD "/frr-wireguard:mesh-load"
extern int wgd_nb_rpc_clear(struct nb_cb_rpc_args *args);
extern int wgd_nb_rpc_drain(struct nb_cb_rpc_args *args);
extern int wgd_nb_rpc_mesh_request(struct nb_cb_rpc_args *args);
extern int wgd_nb_rpc_mesh_load(struct nb_cb_rpc_args *args);

/* wgd_cli*.c: a line of configuration for each node */
extern void wgd_cli_show_enable(struct vty *, const struct lyd_node *, bool);
extern void wgd_cli_show_leaf(struct vty *, const struct lyd_node *, bool);
extern void wgd_cli_show_implementation(struct vty *, const struct lyd_node *,
					bool);
extern void wgd_cli_show_flag(struct vty *, const struct lyd_node *,
				   bool);
extern void wgd_cli_show_group_member(struct vty *, const struct lyd_node *,
				      bool);
extern void wgd_cli_show_group_drain(struct vty *, const struct lyd_node *,
				     bool);
extern void wgd_cli_show_peer_leaf(struct vty *, const struct lyd_node *,
				   bool);
extern void wgd_cli_show_peer_allowed_ips(struct vty *, const struct lyd_node *,
					  bool);
extern void wgd_cli_show_peer_endpoint(struct vty *, const struct lyd_node *,
				       bool);
extern void wgd_cli_show_peer_bfd(struct vty *, const struct lyd_node *, bool);
extern void wgd_cli_show_peer_flag(struct vty *, const struct lyd_node *,
				   bool);
extern void wgd_cli_show_group_source(struct vty *, const struct lyd_node *,
				      bool);
extern void wgd_cli_show_mesh_leaf(struct vty *, const struct lyd_node *,
				   bool);
extern void wgd_cli_show_mesh_hub(struct vty *, const struct lyd_node *, bool);
extern void wgd_cli_show_mesh_place(struct vty *, const struct lyd_node *,
				    bool);
extern void wgd_cli_show_mesh_routes(struct vty *, const struct lyd_node *,
				     bool);

#endif
