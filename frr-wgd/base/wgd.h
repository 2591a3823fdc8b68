/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon has rooms, and each is a floor.  A file calls its own room and the
 * floors below, nothing else; the head of each room's main header says what the
 * room owns:
 *
 *   wgd_main.c   start, privileges, signals
 *   config/      what the operator says           show/  what the operator sees
 *   engine/      all order: what follows in one room from news of another
 *   gateway/     gateways with one key      mesh/  sites that find each other
 *   peer/        configured peers: where they are, whether they are up
 *   underlay/    the way to the endpoints
 *   device/      link, key, backend, requests to the device
 *   zebra/       sessions with zebra and bfdd, and what was asked of them
 *   base/        this one, which calls nothing but libfrr and the core: the
 *                one instance, an interface as all know it (wgd_if), clock,
 *                conversion, debug switches, log files
 *
 * What is found out below and has consequences above is returned, written into
 * what belongs to the room above, or marked: wgd_if_kick for an interface,
 * wgd_turn_mark for what is no interface's.  lib/core makes all decisions.
 */
#ifndef WGD_H
#define WGD_H

#include "frr-wgd/base/wgd_compat.h"

#include "memory.h"
#include "privs.h"

#include "lib/core/wg_core.h"
#include "lib/core/wg_underlay.h"

DECLARE_MGROUP(WGD);
DECLARE_MTYPE(WGD_STR);

/* How long entries of an earlier life stay without a route, in seconds. */
#define WGD_STALE_TIME 120
#define WGD_GROUP_PORT 51821 /* TCP; option --group-port */

struct wgd {
	struct event_loop *master;
	struct wg_core *core;
	struct wg_underlay *underlay;
	unsigned stale_time; /* seconds */
	uint16_t group_port; /* TCP, between gateways of a group */
	bool routes_here;    /* zebra told all its routes since our start */
	/* what marks call; engine/ hands it in */
	void (*step)(struct event *t); /* of an interface (wgd_if_kick) */
	void (*turn)(struct event *t); /* of what is nobody's alone */
	struct event *t_turn;
};

extern struct wgd wgd;

/* Set a string of ours (NULL: none) to what may be the same; true: it is not.
 */
extern bool wgd_str_set(char **at, const char *to);
extern struct zebra_privs_t wgd_privs;

/* Something may be to do that is no interface's: soon. */
extern void wgd_turn_mark(void);

#endif
