/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages about routes, fast: what libfrr does for one route at a time.
 */
#ifndef WGD_ZAPI_H
#define WGD_ZAPI_H

#include "prefix.h"
#include "zclient.h"

/* What wgd wants to know of a route. */
struct wgd_zapi_route {
	uint8_t type;	   /* ZEBRA_ROUTE_* */
	uint16_t instance; /* of the type */
	uint32_t flags;	   /* ZEBRA_FLAG_* */
	uint32_t metric;
	bool has_source;      /* only packets from some sources follow it */
	struct prefix prefix; /* v4 or v6 */
	uint16_t n_nh;
	struct zapi_nexthop nh[MULTIPATH_NUM];
};

/* Decode a message that S stands at; false: malformed. */
extern bool wgd_zapi_route_decode(struct stream *s, struct wgd_zapi_route *ret);

struct wgd_zapi_message {
	uint16_t command;
	vrf_id_t vrf;
	struct stream *s; /* stands behind the header; until the next call */
};

/*
 * Take the next message about a route off the session, if it is there already
 * and nothing else comes before it.  Only for handlers: between two messages
 * libfrr has read nothing of the next one.
 */
extern bool wgd_zapi_route_next(struct zclient *zc,
				struct wgd_zapi_message *ret);

/*
 * The prefixes of the message that was taken last and of those that wait
 * behind it in the same block; up to MAX, as far as they are of the VRF and
 * well formed.
 */
extern size_t wgd_zapi_route_ahead(vrf_id_t vrf, struct prefix *ret,
				   size_t max);

extern void wgd_zapi_finish(void);

#endif
