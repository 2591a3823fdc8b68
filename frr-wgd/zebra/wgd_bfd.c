// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions with bfdd, through zebra.
 *
 * zebra hands BFD messages only to clients of types that it has in a list, and
 * the type that wgd has with it is not there.  So this is a second session with
 * zebra, of type PIM, with an identity of its own: no route in zebra is of that
 * type, so nothing is deleted when it ends.  It begins after the first one has,
 * which is the one that is told of VRFs and wants to act on that.
 *
 * libfrr's bfd.c writes the requests, and writes them again when bfdd asks for
 * that (a replay: it was started, or zebra was).  What it makes of the answers
 * is not used: it hands on changes only, and cannot tell a change from what it
 * remembers of an earlier life of bfdd.  zebra sends the status of every
 * session to every client; which of ours it is about is told by its addresses
 * and its link, where it has them: bfdd compares in the same way, so a session
 * of bgpd with the same neighbour is the same session.
 *
 * Nobody says that bfdd has gone.  But it answers a repeated registration with
 * the status: so one session is registered again every WATCH_MS, another one
 * each time.  MISSED_MAX of them without a word of bfdd, and it is away.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "bfd.h"
#include "if.h"
#include "prefix.h"
#include "stream.h"
#include "typesafe.h"
#include "zclient.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/zebra/wgd_bfd.h"
#include "frr-wgd/zebra/wgd_zebra.h"

DEFINE_MTYPE_STATIC(WGD, WGD_BFD, "WireGuard BFD session");

#define SESSION_ID 51820 /* there may be a pimd, with 0 */
#define HOPS_ANY 254
#define WATCH_MS 2000
#define MISSED_MAX 3

PREDECL_DLIST(sessions);

struct wgd_bfd {
	struct sessions_item item;
	struct bfd_session_params *params;
	struct wg_addr peer, local; /* local AF_UNSPEC: any */
	vrf_id_t vrf;
	char ifname[WG_IFNAME_LEN]; /* "": any */
	enum wgd_bfd_status status;
	void (*changed)(void *arg, enum wgd_bfd_status status);
	void *arg;
};

DECLARE_DLIST(sessions, struct wgd_bfd, item);

/* The status of one session, as bfdd says it. */
struct told {
	ifindex_t ifindex; /* 0: of no link */
	struct wg_addr peer, local;
	uint32_t status; /* BFD_STATUS_* */
};

static struct sessions_head sessions[1];
static struct zclient *zclient;
static bool started;	/* the session with zebra was begun */
static unsigned missed; /* registrations since we heard of bfdd */
static struct event *t_watch;

/* --- status */

const char *wgd_bfd_status_str(enum wgd_bfd_status status)
{
	static const char *const names[] = {
		[WGD_BFD_NONE] = "not known",
		[WGD_BFD_DOWN] = "down",
		[WGD_BFD_UP] = "up",
		[WGD_BFD_ADMIN_DOWN] = "administratively down",
	};

	assert(status < array_size(names));
	return names[status];
}

static void set_status(struct wgd_bfd *b, enum wgd_bfd_status status,
		       const char *why)
{
	char buf[WG_ADDR_STRLEN];

	if (b->status == status)
		return;
	wgd_debug_bfd("BFD to %s%s%s vrf %u: %s -> %s: %s",
		      wg_addr_str(&b->peer, buf), *b->ifname ? " on " : "",
		      b->ifname, b->vrf, wgd_bfd_status_str(b->status),
		      wgd_bfd_status_str(status), why);
	b->status = status;
	b->changed(b->arg, status);
}

static void forget_all(const char *why)
{
	struct wgd_bfd *b;

	frr_each_safe (sessions, sessions, b)
		set_status(b, WGD_BFD_NONE, why);
}

static void take(struct wgd_bfd *b, uint32_t status)
{
	switch (status) {
	case BFD_STATUS_UP:
		set_status(b, WGD_BFD_UP, "bfdd says so");
		break;
	case BFD_STATUS_ADMIN_DOWN:
		set_status(b, WGD_BFD_ADMIN_DOWN, "bfdd says so");
		break;
	case BFD_STATUS_DOWN:
		if (b->status == WGD_BFD_UP || b->status == WGD_BFD_DOWN)
			set_status(b, WGD_BFD_DOWN, "bfdd says so");
		else
			set_status(b, WGD_BFD_NONE, "not established");
		break;
	default:
		set_status(b, WGD_BFD_NONE, "bfdd does not know");
		break;
	}
}

/* --- what zebra hands on from bfdd */

static bool get_addr(struct stream *s, struct wg_addr *ret)
{
	uint8_t len;

	memset(ret, 0, sizeof(*ret));
	STREAM_GETC(s, ret->family);
	if (ret->family != AF_INET && ret->family != AF_INET6)
		return false;
	STREAM_GET(ret->b, s, wg_family_bytes(ret->family));
	STREAM_GETC(s, len);
	return len == wg_family_bits(ret->family);
stream_failure:
	return false;
}

static bool get_told(struct stream *s, struct told *ret)
{
	STREAM_GETL(s, ret->ifindex);
	if (!get_addr(s, &ret->peer))
		return false;
	STREAM_GETL(s, ret->status);
	return get_addr(s, &ret->local);
stream_failure:
	return false;
}

static bool is_unset(const struct wg_addr *a)
{
	static const uint8_t zero[sizeof(a->b)];

	return !a->family || !memcmp(a->b, zero, sizeof(zero));
}

static bool is_about(const struct told *t, vrf_id_t vrf,
		     const struct wgd_bfd *b)
{
	struct interface *ifp;

	if (b->vrf != vrf || !wg_addr_same(&b->peer, &t->peer))
		return false;
	if (!is_unset(&t->local) && b->local.family &&
	    !wg_addr_same(&b->local, &t->local))
		return false;
	if (!t->ifindex || !*b->ifname)
		return true;
	ifp = if_lookup_by_index(t->ifindex, vrf);
	return ifp && strmatch(ifp->name, b->ifname);
}

static void register_all(void)
{
	struct wgd_bfd *b;

	frr_each (sessions, sessions, b)
		bfd_sess_install(b->params);
}

static int status_told(ZAPI_CALLBACK_ARGS)
{
	struct wgd_bfd *b;
	struct told t;

	if (missed > MISSED_MAX)
		register_all(); /* it only slept: what is all the rest now? */
	missed = 0;
	/* libfrr has read it before us */
	stream_set_getp(zclient->ibuf, ZEBRA_HEADER_SIZE);
	if (!get_told(zclient->ibuf, &t)) {
		zlog_err("malformed BFD message from zebra (vrf %u): ignored",
			 vrf_id);
		return 0;
	}
	frr_each_safe (sessions, sessions, b)
		if (is_about(&t, vrf_id, b))
			take(b, t.status);
	return 0;
}

/* bfdd was started.  libfrr has registered all sessions again. */
static int replay_wanted(ZAPI_CALLBACK_ARGS)
{
	missed = 0;
	forget_all("bfdd was started");
	return 0;
}

/* --- watching */

static void watch(struct event *t)
{
	struct wgd_bfd *b = sessions_first(sessions);

	if (!b)
		return;
	event_add_timer_msec(wgd.master, watch, NULL, WATCH_MS, &t_watch);
	if (!started || zclient->sock < 0) {
		missed = MISSED_MAX;
		forget_all("no session with zebra");
		return;
	}
	if (missed == MISSED_MAX)
		forget_all("bfdd does not answer");
	if (missed <= MISSED_MAX)
		missed++;
	sessions_del(sessions, b);
	sessions_add_tail(sessions, b);
	bfd_sess_install(b->params);
}

/* --- sessions */

static void params_changed(struct bfd_session_params *params,
			   const struct bfd_session_status *status, void *arg)
{
}

static void zebra_up(struct zclient *zc)
{
	if (wgd_zebra_is_lost(zc))
		return;
	wgd_debug_bfd("connected to zebra for BFD");
	missed = 0;
	forget_all("a new session with zebra");
	/* libfrr asks for links; one session that tells of them is enough */
	zclient_send_dereg_requests(zc, VRF_DEFAULT);
	bfd_client_sendmsg(zc, ZEBRA_BFD_CLIENT_REGISTER, VRF_DEFAULT);
	register_all();
}

static void start(void)
{
	if (started || !wgd_zebra_client() || !sessions_count(sessions))
		return;
	started = true;
	zclient_init(zclient, ZEBRA_ROUTE_PIM, 0, &wgd_privs);
	zclient->session_id = SESSION_ID;
}

void wgd_bfd_zebra_up(void)
{
	start();
}

static void set_addresses(struct wgd_bfd *b)
{
	struct in6_addr peer = {}, local = {};
	bool has_local = b->local.family;

	memcpy(&peer, b->peer.b, sizeof(peer));
	memcpy(&local, b->local.b, sizeof(local));
	if (b->peer.family == AF_INET)
		bfd_sess_set_ipv4_addrs(
			b->params, has_local ? (struct in_addr *)&local : NULL,
			(struct in_addr *)&peer);
	else
		bfd_sess_set_ipv6_addrs(b->params, has_local ? &local : NULL,
					&peer);
}

struct wgd_bfd *wgd_bfd_new(vrf_id_t vrf, const struct wg_addr *peer,
			    const struct wg_addr *local, const char *ifname,
			    const char *profile,
			    void (*changed)(void *, enum wgd_bfd_status),
			    void *arg)
{
	struct wgd_bfd *b = XCALLOC(MTYPE_WGD_BFD, sizeof(*b));

	assert(ifname || local);
	b->vrf = vrf;
	b->peer = *peer;
	if (local)
		b->local = *local;
	if (ifname)
		strlcpy(b->ifname, ifname, sizeof(b->ifname));
	b->changed = changed;
	b->arg = arg;
	b->params = bfd_sess_new(params_changed, b);
	bfd_sess_set_vrf(b->params, vrf);
	set_addresses(b);
	if (ifname)
		bfd_sess_set_interface(b->params, ifname);
	else
		bfd_sess_set_hop_count(b->params, HOPS_ANY);
	bfd_sess_set_profile(b->params, profile);
	sessions_add_tail(sessions, b);
	start();
	if (started && zclient->sock >= 0)
		bfd_sess_install(b->params);
	if (!t_watch)
		event_add_timer_msec(wgd.master, watch, NULL, WATCH_MS,
				     &t_watch);
	return b;
}

void wgd_bfd_delete(struct wgd_bfd **at)
{
	struct wgd_bfd *b = *at;

	if (!b)
		return;
	*at = NULL;
	bfd_sess_free(&b->params);
	sessions_del(sessions, b);
	XFREE(MTYPE_WGD_BFD, b);
}

enum wgd_bfd_status wgd_bfd_status(const struct wgd_bfd *b)
{
	return b->status;
}

static zclient_handler *const handlers[] = {
	[ZEBRA_INTERFACE_BFD_DEST_UPDATE] = status_told,
	[ZEBRA_BFD_DEST_REPLAY] = replay_wanted,
};

void wgd_bfd_init(void)
{
	static struct zclient_options options;

	sessions_init(sessions);
	zclient = zclient_new(wgd.master, &options, handlers,
			      array_size(handlers));
	zclient->sock = -1; /* not begun yet */
	zclient->zebra_connected = zebra_up;
	bfd_protocol_integration_init(zclient, wgd.master);
}

void wgd_bfd_finish(void)
{
	struct wgd_bfd *b;

	while ((b = sessions_first(sessions)))
		wgd_bfd_delete(&b);
	event_cancel(&t_watch);
	if (started)
		zclient_stop(zclient);
	zclient_free(zclient);
	sessions_fini(sessions);
}
