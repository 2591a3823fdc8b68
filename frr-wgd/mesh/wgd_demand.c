// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whom a site sends data to.
 *
 * A packet socket on the device shows where what leaves goes to; whose it is
 * the device's AllowedIPs say, so demand is for the member for which WireGuard
 * seals the packet, whatever route it came by.
 *
 * Who can send this: whoever may send through this machine into the mesh.  It
 * costs a look into a table for each packet that is read, and it makes a member
 * worth a direct path; no packet takes another way by it than the path's own
 * machine allows.
 *
 * While little leaves, each packet is seen, at once.  The kernel makes a clone
 * of each (lib/backend/wg_demand.h), so where much leaves only some are: the
 * socket pauses in between, as lib/core/wg_sampler.h has it, and some 500 a
 * second are cloned and read, however many there are.
 *
 * Designs that were measured and not taken (bench/demand.c): a socket that is
 * always open costs a third of what a packet to a tun device costs at all; one
 * that is closed, or unbound, in between costs the daemon 10 to 20 ms each time,
 * in which the kernel waits for all processors.  To look at nothing while all
 * pairs with data are direct would hide what begins beside them.
 *
 * Without CAP_NET_RAW nothing is seen, and then probes cannot be sent either.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "jhash.h"
#include "lib/network.h"
#include "log.h"
#include "privs.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/mesh/wgd_demand.h"
#include "lib/backend/wg_demand.h"
#include "lib/core/wg_sampler.h"

DEFINE_MTYPE_STATIC(WGD, WGD_DEMAND, "WireGuard mesh demand");

DEFINE_HOOK(wgd_demand_data,
	    (struct wgd_mesh *m, struct wgd_mesh_member *member, unsigned n),
	    (m, member, n));
DEFINE_HOOK(wgd_demand_relayed,
	    (struct wgd_mesh *m, struct wgd_mesh_member *member), (m, member));

#define LEFT_MAX 16  /* turns, to empty the buffer after the pause */
#define NEW_MS 10000 /* demand that begins anew, for the log */
#define RELAYED_MS 5 /* between two looks */
#define OWNERS 32

struct wgd_demand {
	struct wgd_mesh *m;
	uint32_t ifindex; /* 0: nothing is looked at */
	struct wg_demand *data, *relayed;
	bool watch;
	char *why;
	struct wg_sampler sampler;
	struct owned { /* whose an address is, as looked up in this turn */
		struct wg_addr to; /* AF_UNSPEC: nothing was */
		uint32_t member;   /* 0: nobody's */
	} owned[OWNERS];
	struct event *t_data, *t_pause, *t_relayed;
};

const char *wgd_demand_why(const struct wgd_mesh *m)
{
	return m->demand ? m->demand->why : NULL;
}

/* --- what leaves */

static uint32_t look_up(const struct wgd_mesh *m, const struct wg_addr *to)
{
	const struct wgd_mesh_member *member;
	const struct wgd_peer *p;
	struct wg_entry e;

	if (!wg_entry_lookup(m->wif->dev, to, true, &e))
		return 0;
	p = wg_peer_arg(e.acked); /* NULL: of an earlier life */
	member = p ? wgd_mesh_member_of(p) : NULL;
	return member ? member->number : 0;
}

static struct wgd_mesh_member *owner(struct wgd_demand *d,
				     const struct wg_addr *to)
{
	struct owned *at = &d->owned[jhash(to->b, sizeof(to->b), 0) % OWNERS];

	if (!wg_addr_same(&at->to, to)) {
		at->to = *to;
		at->member = look_up(d->m, to);
	}
	return at->member ? wgd_mesh_member(d->m, at->member) : NULL;
}

static void tell(struct wgd_mesh *m, struct wgd_mesh_member *member, unsigned n)
{
	int64_t now = wgd_now_ms();

	if (!member->demand_ms || now - member->demand_ms >= NEW_MS)
		wgd_debug_events("%s: mesh: data for %s", m->wif->name,
				 member->name);
	member->demand += n;
	member->demand_ms = now;
	hook_call(wgd_demand_data, m, member, n);
}

static void tell_all(struct wgd_demand *d, const struct wg_addr *to, size_t n)
{
	unsigned weight = wg_sampler_weight(&d->sampler);
	struct wgd_mesh_member *member = NULL;
	unsigned same = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (i && wg_addr_same(&to[i], &to[i - 1])) {
			same++;
			continue;
		}
		if (member)
			tell(d->m, member, same * weight);
		member = owner(d, &to[i]);
		same = 1;
	}
	if (member)
		tell(d->m, member, same * weight);
}

/* True: so many in a short time that it is time for a pause. */
static bool read_some(struct wgd_demand *d, unsigned turns)
{
	struct wg_addr to[WG_DEMAND_TURN];
	bool spent = false;
	size_t n;

	memset(d->owned, 0, sizeof(d->owned));
	while (turns-- && wg_demand_next(d->data, to, &n) == 1) {
		spent = wg_sampler_seen(&d->sampler, n, wgd_now_us());
		tell_all(d, to, n);
	}
	return spent;
}

static void left(struct event *t);

static void pause_is_over(struct event *t)
{
	struct wgd_demand *d = EVENT_ARG(t);

	wg_sampler_resume(&d->sampler, wgd_now_us());
	wg_demand_pause(d->data, false);
	event_add_read(wgd.master, left, d, wg_demand_fd(d->data), &d->t_data);
}

static void left(struct event *t)
{
	struct wgd_demand *d = EVENT_ARG(t);
	unsigned ms;

	if (!read_some(d, 1)) {
		event_add_read(wgd.master, left, d, wg_demand_fd(d->data),
			       &d->t_data);
		return;
	}
	wg_demand_pause(d->data, true);
	ms = wg_sampler_pause(&d->sampler, frr_weak_random(), wgd_now_us());
	read_some(d, LEFT_MAX); /* what is there still is of this slot */
	event_add_timer_msec(wgd.master, pause_is_over, d, ms, &d->t_pause);
}

/* --- what leaves for a relay */

static void look_at_relayed(struct event *t);

static void relayed(struct event *t)
{
	struct wgd_demand *d = EVENT_ARG(t);
	struct wg_addr to[WG_DEMAND_TURN];
	struct wgd_mesh_member *member;
	uint32_t number, last = 0;
	unsigned turn;
	uint8_t hub;
	size_t i, n;

	for (turn = 0; turn < LEFT_MAX; turn++) {
		if (wg_demand_next(d->relayed, to, &n) != 1)
			break;
		for (i = 0; i < n; i++) {
			if (wg_relay_find(d->m->relay_hash, &to[i], &hub,
					  &number) < 0 ||
			    number == last)
				continue;
			last = number;
			member = wgd_mesh_member(d->m, number);
			if (member)
				hook_call(wgd_demand_relayed, d->m, member);
			if (!d->relayed)
				return; /* that was all that was to be known */
		}
	}
	event_add_timer_msec(wgd.master, look_at_relayed, d, RELAYED_MS,
			     &d->t_relayed);
}

static void look_at_relayed(struct event *t)
{
	struct wgd_demand *d = EVENT_ARG(t);

	event_add_read(wgd.master, relayed, d, wg_demand_fd(d->relayed),
		       &d->t_relayed);
}

/* --- the sockets */

static void say_why(struct wgd_demand *d, int rc)
{
	const char *why = rc == 0	 ? NULL
			  : rc == -EPERM ? "CAP_NET_RAW is missing"
					 : safe_strerror(-rc);

	if (wgd_str_set(&d->why, why) && why)
		zlog_warn("%s: mesh: data packets are not seen: %s",
			  d->m->wif->name, why);
}

static struct wg_demand *open_one(struct wgd_demand *d,
				  enum wg_demand_kind kind)
{
	struct wg_demand_conf conf = {
		.kind = kind,
		.ifindex = d->ifindex,
		.relay = wg_relay_net(d->m->relay_hash),
	};
	struct wg_demand *ret = NULL;
	int rc;

	frr_with_privs (&wgd_privs) {
		rc = wg_demand_open(&conf, &ret);
	}
	if (rc != -ENODEV) /* it goes just now */
		say_why(d, rc);
	return ret;
}

static void stop_relayed(struct wgd_demand *d)
{
	event_cancel(&d->t_relayed);
	wg_demand_close(&d->relayed);
}

static void stop(struct wgd_demand *d)
{
	event_cancel(&d->t_data);
	event_cancel(&d->t_pause);
	wg_demand_close(&d->data);
	stop_relayed(d);
}

static void start_relayed(struct wgd_demand *d)
{
	if (d->relayed || !d->watch || !d->ifindex)
		return;
	d->relayed = open_one(d, WG_DEMAND_RELAYED);
	if (d->relayed)
		event_add_read(wgd.master, relayed, d, wg_demand_fd(d->relayed),
			       &d->t_relayed);
}

void wgd_demand_watch_relay(struct wgd_mesh *m, bool on)
{
	struct wgd_demand *d = m->demand;

	d->watch = on;
	if (on)
		start_relayed(d);
	else
		stop_relayed(d);
}

void wgd_demand_look(struct wgd_mesh *m)
{
	struct wgd_demand *d = m->demand;
	uint32_t ifindex = m->is_hub ? 0 : m->wif->link->ifindex;

	if (ifindex != d->ifindex)
		stop(d);
	d->ifindex = ifindex;
	if (!ifindex)
		return;
	if (!d->data) {
		d->data = open_one(d, WG_DEMAND_DATA);
		if (d->data) {
			d->sampler = (struct wg_sampler){};
			event_add_read(wgd.master, left, d,
				       wg_demand_fd(d->data), &d->t_data);
		}
	}
	start_relayed(d);
}

/* --- life */

void wgd_demand_new(struct wgd_mesh *m)
{
	m->demand = XCALLOC(MTYPE_WGD_DEMAND, sizeof(*m->demand));
	m->demand->m = m;
}

void wgd_demand_delete(struct wgd_mesh *m)
{
	if (!m->demand)
		return;
	stop(m->demand);
	XFREE(MTYPE_WGD_STR, m->demand->why);
	XFREE(MTYPE_WGD_DEMAND, m->demand);
}
