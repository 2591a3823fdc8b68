// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of the northbound: what each node of frr-wireguard.yang calls.
 *
 * Nearly all nodes call the same three functions, which only mark what was
 * touched; wgd_nb_apply then reads the marked parts of the running
 * configuration once per commit.  So a commit is one step for the core,
 * however its changes are ordered.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/config/wgd_nb.h"

#define ROOT "/frr-interface:lib/interface/frr-wireguard:wireguard"

/* A leaf that may be absent, and one with a default. */
#define OPTIONAL(path, show)                                                   \
	{                                                                      \
		.xpath = ROOT path,                                            \
		.cbs = { .modify = wgd_nb_modify,                              \
			 .destroy = wgd_nb_destroy,                            \
			 .cli_show = show },                                   \
	}
#define CHECKED(path, show)                                                    \
	{                                                                      \
		.xpath = ROOT path,                                            \
		.cbs = { .modify = wgd_nb_value_modify,                        \
			 .destroy = wgd_nb_destroy,                            \
			 .cli_show = show },                                   \
	}
#define DEFAULTED(path, change, show)                                          \
	{                                                                      \
		.xpath = ROOT path,                                            \
		.cbs = { .modify = change, .cli_show = show },                 \
	}
#define ENTRY(path, make, show)                                                \
	{                                                                      \
		.xpath = ROOT path,                                            \
		.cbs = { .create = make,                                       \
			 .destroy = wgd_nb_destroy,                            \
			 .cli_show = show },                                   \
	}
#define CREATED(path, show) ENTRY(path, wgd_nb_create, show)

#define STATE(path, get)                                                       \
	{                                                                      \
		.xpath = ROOT path, .cbs = { .get_elem = get },                \
	}

const struct frr_yang_module_info frr_wireguard_info = {
	.name = "frr-wireguard",
	.nodes = {
		{
			.xpath = ROOT,
			.cbs = { .pre_validate = wgd_nb_validate,
				 .apply_finish = wgd_nb_apply },
		},
		DEFAULTED("/enable", wgd_nb_modify, wgd_cli_show_enable),
		CHECKED("/private-key-file", wgd_cli_show_leaf),
		OPTIONAL("/listen-port", wgd_cli_show_leaf),
		OPTIONAL("/fwmark", wgd_cli_show_leaf),
		OPTIONAL("/mtu", wgd_cli_show_leaf),
		DEFAULTED("/implementation", wgd_nb_modify,
			  wgd_cli_show_implementation),
		CHECKED("/program", NULL),
		DEFAULTED("/route-following", wgd_nb_modify,
			  wgd_cli_show_leaf),
		DEFAULTED("/point-to-point", wgd_nb_modify, wgd_cli_show_flag),
		DEFAULTED("/aggregate", wgd_nb_modify, wgd_cli_show_flag),
		OPTIONAL("/announce-table", wgd_cli_show_leaf),
		ENTRY("/gateway-group/member", wgd_nb_member_create,
		      wgd_cli_show_group_member),
		CREATED("/gateway-group/member/bfd", NULL),
		OPTIONAL("/gateway-group/member/bfd/profile", NULL),
		DEFAULTED("/gateway-group/drain", wgd_nb_modify,
			  wgd_cli_show_group_drain),
		CHECKED("/gateway-group/source", wgd_cli_show_group_source),
		CHECKED("/gateway-group/ipv6-source", wgd_cli_show_group_source),
		CHECKED("/mesh/name", wgd_cli_show_mesh_leaf),
		CREATED("/mesh/hub", wgd_cli_show_mesh_hub),
		DEFAULTED("/mesh/hub/door", wgd_nb_modify, NULL),
		ENTRY("/mesh/endpoint", wgd_nb_place_create,
		      wgd_cli_show_mesh_place),
		ENTRY("/mesh/door", wgd_nb_place_create,
		      wgd_cli_show_mesh_place),
		CREATED("/mesh/announce", wgd_cli_show_mesh_leaf),
		DEFAULTED("/mesh/routes", wgd_nb_modify,
			  wgd_cli_show_mesh_routes),
		DEFAULTED("/mesh/maximum-members", wgd_nb_modify,
			  wgd_cli_show_mesh_leaf),
		DEFAULTED("/mesh/direct", wgd_nb_modify,
			  wgd_cli_show_mesh_leaf),
		DEFAULTED("/mesh/idle-timeout", wgd_nb_modify,
			  wgd_cli_show_mesh_leaf),
		DEFAULTED("/mesh/hello-interval", wgd_nb_modify,
			  wgd_cli_show_mesh_leaf),
		{
			.xpath = ROOT "/peer",
			.cbs = { .create = wgd_nb_create,
				 .destroy = wgd_nb_destroy,
				 .get_next = wgd_nb_peer_next,
				 .get_keys = wgd_nb_peer_keys,
				 .lookup_entry = wgd_nb_peer_lookup },
		},
		OPTIONAL("/peer/description", wgd_cli_show_peer_leaf),
		CHECKED("/peer/public-key", wgd_cli_show_peer_leaf),
		CHECKED("/peer/preshared-key-file", wgd_cli_show_peer_leaf),
		CREATED("/peer/endpoint", wgd_cli_show_peer_endpoint),
		DEFAULTED("/peer/endpoint/host", wgd_nb_value_modify, NULL),
		DEFAULTED("/peer/endpoint/port", wgd_nb_modify, NULL),
		OPTIONAL("/peer/persistent-keepalive", wgd_cli_show_peer_leaf),
		ENTRY("/peer/address", wgd_nb_value_create,
		      wgd_cli_show_peer_leaf),
		CREATED("/peer/allowed-ips", wgd_cli_show_peer_allowed_ips),
		CREATED("/peer/exclusive", NULL),
		OPTIONAL("/peer/prefix-list", wgd_cli_show_peer_leaf),
		OPTIONAL("/peer/ipv6-prefix-list", wgd_cli_show_peer_leaf),
		OPTIONAL("/peer/maximum-prefix", wgd_cli_show_peer_leaf),
		CREATED("/peer/bfd", wgd_cli_show_peer_bfd),
		OPTIONAL("/peer/bfd/profile", NULL),
		DEFAULTED("/peer/shutdown", wgd_nb_modify,
			  wgd_cli_show_peer_flag),
		DEFAULTED("/peer/announce", wgd_nb_modify,
			  wgd_cli_show_peer_flag),
		STATE("/peer/state/state", wgd_nb_peer_state),
		STATE("/peer/state/cause", wgd_nb_peer_cause),
		STATE("/peer/state/reason", wgd_nb_peer_reason),
		STATE("/peer/state/since", wgd_nb_peer_since),
		STATE("/peer/state/ups", wgd_nb_peer_ups),
		STATE("/peer/state/downs", wgd_nb_peer_downs),
		STATE("/peer/state/flaps", wgd_nb_peer_flaps),
		STATE("/peer/state/held-down", wgd_nb_peer_held),
		STATE("/peer/state/endpoint-address", wgd_nb_peer_endpoint),
		STATE("/peer/state/endpoint-port", wgd_nb_peer_port),
		STATE("/peer/state/last-handshake", wgd_nb_peer_handshake),
		STATE("/peer/state/rx-bytes", wgd_nb_peer_rx),
		STATE("/peer/state/tx-bytes", wgd_nb_peer_tx),
		STATE("/peer/state/allowed-ips-static", wgd_nb_peer_static),
		STATE("/peer/state/allowed-ips-dynamic", wgd_nb_peer_dynamic),
		STATE("/peer/state/allowed-ips-installed",
		      wgd_nb_peer_installed),
		STATE("/state/sync-state", wgd_nb_if_sync_state),
		STATE("/state/public-key", wgd_nb_if_public_key),
		STATE("/state/listen-port", wgd_nb_if_listen_port),
		STATE("/state/drained", wgd_nb_if_drained),
		STATE("/state/mesh/name", wgd_nb_mesh_name),
		STATE("/state/mesh/state", wgd_nb_mesh_state),
		STATE("/state/mesh/reason", wgd_nb_mesh_reason),
		STATE("/state/mesh/relay-error", wgd_nb_mesh_relay_error),
		STATE("/state/mesh/number", wgd_nb_mesh_number),
		STATE("/state/mesh/role", wgd_nb_mesh_role),
		STATE("/state/mesh/members", wgd_nb_mesh_members),
		STATE("/state/mesh/certificate-until", wgd_nb_mesh_until),
		STATE("/state/mesh/authority-number", wgd_nb_mesh_authority),
		STATE("/state/mesh/list-number", wgd_nb_mesh_list),
		STATE("/state/mesh/list-due", wgd_nb_mesh_list_due),
		STATE("/state/mesh/time-source", wgd_nb_mesh_time_source),
		{
			.xpath = ROOT "/state/mesh/alarm",
			.cbs = { .get_next = wgd_nb_alarm_next },
		},
		STATE("/state/mesh/alarm/kind", wgd_nb_alarm_kind),
		STATE("/state/mesh/alarm/member", wgd_nb_alarm_member),
		STATE("/state/mesh/alarm/text", wgd_nb_alarm_text),
		STATE("/state/mesh/alarm/since", wgd_nb_alarm_since),
		{
			.xpath = ROOT "/state/mesh/member",
			.cbs = { .get_next = wgd_nb_member_next,
				 .get_keys = wgd_nb_member_keys,
				 .lookup_entry = wgd_nb_member_lookup },
		},
		STATE("/state/mesh/member/number", wgd_nb_member_number),
		STATE("/state/mesh/member/name", wgd_nb_member_name),
		STATE("/state/mesh/member/serial", wgd_nb_member_serial),
		STATE("/state/mesh/member/sequence", wgd_nb_member_sequence),
		STATE("/state/mesh/member/hub", wgd_nb_member_hub),
		STATE("/state/mesh/member/live", wgd_nb_member_live),
		STATE("/state/mesh/member/certificate-until",
		      wgd_nb_member_until),
		STATE("/state/mesh/member/relay-hub", wgd_nb_member_relay_hub),
		STATE("/state/mesh/member/path", wgd_nb_member_path),
		STATE("/state/mesh/member/path-reason",
		      wgd_nb_member_path_reason),
		STATE("/state/mesh/member/path-since",
		      wgd_nb_member_path_since),
		STATE("/state/mesh/member/rtt-relay", wgd_nb_member_rtt_relay),
		STATE("/state/mesh/member/rtt-direct",
		      wgd_nb_member_rtt_direct),
		STATE("/state/mesh/member/refused", wgd_nb_member_refused),
		{ .xpath = WGD_RPC_CLEAR, .cbs = { .rpc = wgd_nb_rpc_clear } },
		{ .xpath = WGD_RPC_DRAIN, .cbs = { .rpc = wgd_nb_rpc_drain } },
		{ .xpath = WGD_RPC_MESH_REQUEST,
		  .cbs = { .rpc = wgd_nb_rpc_mesh_request } },
		{ .xpath = WGD_RPC_MESH_LOAD,
		  .cbs = { .rpc = wgd_nb_rpc_mesh_load } },
		{ .xpath = NULL },
	},
};
