/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all files of the daemon share: the one instance and its memory types.
 *
 *   wgd_main     start, privileges, signals
 *   wgd_nb*      the configuration, as the northbound gives it
 *   wgd_check    what may not be configured, and why
 *   wgd_cli      the commands that make it, and show it again
 *   wgd_if       one WireGuard interface: its life, its state, its next step
 *   wgd_attach   ... its key, its link, its backend
 *   wgd_device   ... requests to the device, and its answers
 *   wgd_peer     one configured peer: endpoint, filters, what was read last
 *   wgd_live     ... is it up? from BFD and from what the device says
 *   wgd_program  the userspace program: started, watched, found again
 *   wgd_bfd      one session with bfdd
 *   wgd_zebra    routes, next hops and links, from zebra
 *   wgd_announce routes in zebra for peers that are up
 *   wgd_group    gateways with one key: roles of the clients; wgd_member what
 *                is between two of them, wgd_listen who connects, wgd_stray
 *                packets of clients that others serve
 *   wgd_source   one source address for all that an interface sends
 *   wgd_underlay the way to the endpoints: host routes, MTU
 *   wgd_unswept  routes of ours that a killed zebra left in the kernel
 *   wgd_vty      show, clear, generate
 *   wgd_explain  one address explained: wgd_facts gathers what is known of
 *                it, wgd_cause finds what is to be mended first
 *   wgd_debug    debug switches
 *   wgd_log      log files that are moved away
 *
 * All decisions are made in lib/core; here is only glue.
 */
#ifndef WGD_H
#define WGD_H

#include "frr-wgd/wgd_compat.h"

#include "memory.h"
#include "privs.h"

#include "lib/core/wg_core.h"
#include "lib/core/wg_underlay.h"

DECLARE_MGROUP(WGD);
DECLARE_MTYPE(WGD_STR);

/* How long entries of an earlier life stay without a route, in seconds. */
#define WGD_STALE_TIME 120

struct wgd {
	struct event_loop *master;
	struct wg_core *core;
	struct wg_underlay *underlay;
	unsigned stale_time; /* seconds */
	uint16_t group_port; /* TCP, between gateways of a group */
	bool routes_here; /* zebra told all its routes since our start */
};

extern struct wgd wgd;
extern struct zebra_privs_t wgd_privs;

#endif
