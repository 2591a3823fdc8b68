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
 * of each (lib/backend/wg_demand.h), so where much leaves only some are: of
 * each SLOT the first BUDGET packets, behind which the socket pauses.  So at
 * most some 1,000 packets a second are cloned and read, however many there are.
 * Slots are of random length: a window that opens by the clock would never see
 * what is sent by the same clock.  A packet that is seen stands for as many as
 * the share of the time says that the window was open in the slot before.
 *
 * Designs that were measured and not taken: a socket that is always open costs
 * its clone, 200 to 300 ns of some 1,800 that a packet takes to a tun device;
 * one that is closed, or unbound, in between costs the daemon 10 to 20 ms each
 * time, in which the kernel waits for all processors.
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

DEFINE_MTYPE_STATIC(WGD, WGD_DEMAND, "WireGuard mesh demand");

DEFINE_HOOK(wgd_demand_data,
	    (struct wgd_mesh *m, struct wgd_mesh_member *member, unsigned n),
	    (m, member, n));
DEFINE_HOOK(wgd_demand_relayed,
	    (struct wgd_mesh *m, struct wgd_mesh_member *member), (m, member));

#define SLOT_MS 50   /* on average */
#define BUDGET 50    /* packets of a slot */
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
	/* the slot */
	int64_t began_us, opened_us;
	unsigned seen;
	unsigned weight; /* packets that each seen one stands for */
	struct owned {	 /* whose an address is, looked up in this slot */
		struct wg_addr to; /* AF_UNSPEC: nothing was */
		uint32_t member;   /* 0: nobody's */
	} owned[OWNERS];
	struct event *t_data, *t_slot, *t_relayed;
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
	struct wgd_mesh_member *member = NULL;
	unsigned same = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (i && wg_addr_same(&to[i], &to[i - 1])) {
			same++;
			continue;
		}
		if (member)
			tell(d->m, member, same * d->weight);
		member = owner(d, &to[i]);
		same = 1;
	}
	if (member)
		tell(d->m, member, same * d->weight);
}

static int read_some(struct wgd_demand *d)
{
	struct wg_addr to[WG_DEMAND_TURN];
	size_t n;
	int rc = wg_demand_next(d->data, to, &n);

	if (rc == 1) {
		d->seen += n;
		tell_all(d, to, n);
	}
	return rc;
}

/* --- slots */

static void left(struct event *t);

static void begin(struct wgd_demand *d)
{
	d->began_us = d->opened_us = wgd_now_us();
	d->seen = 0;
	memset(d->owned, 0, sizeof(d->owned));
}

static void slot_is_over(struct event *t)
{
	struct wgd_demand *d = EVENT_ARG(t);

	begin(d);
	wg_demand_pause(d->data, false);
	event_add_read(wgd.master, left, d, wg_demand_fd(d->data), &d->t_data);
}

/* The budget is spent: the rest of the slot nothing is seen. */
static void pause_now(struct wgd_demand *d)
{
	unsigned slot_ms = SLOT_MS / 2 + frr_weak_random() % SLOT_MS, i;
	int64_t open_us = MAX(wgd_now_us() - d->opened_us, 1);

	wg_demand_pause(d->data, true);
	for (i = 0; i < LEFT_MAX && read_some(d) == 1; i++)
		;
	d->weight = MAX(1, slot_ms * 1000 / open_us);
	event_add_timer_msec(wgd.master, slot_is_over, d,
			     MAX(slot_ms - MIN(open_us / 1000, slot_ms), 1),
			     &d->t_slot);
}

static void left(struct event *t)
{
	struct wgd_demand *d = EVENT_ARG(t);

	if (wgd_now_us() - d->began_us >= SLOT_MS * 1000) {
		begin(d);
		d->weight = 1;
	}
	read_some(d);
	if (d->seen >= BUDGET)
		pause_now(d);
	else
		event_add_read(wgd.master, left, d, wg_demand_fd(d->data),
			       &d->t_data);
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
	event_cancel(&d->t_slot);
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
		d->weight = 1;
		if (d->data) {
			begin(d);
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
