// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stray packets, for wg_group_stray.
 *
 * They are looked for only while there are clients that others serve.  All
 * data packets of our own clients come to the same port, too, so on a busy
 * gateway only some are looked at: as many as RATE a second, by chance.  A
 * client that sends much is found at once all the same.
 *
 * Without CAP_NET_RAW nothing is seen.  Then a client that took another way
 * waits for what it does itself, 15 s after it heard nothing.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "log.h"
#include "privs.h"

#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_stray.h"
#include "lib/backend/wg_fib.h"
#include "lib/backend/wg_stray.h"

DEFINE_MTYPE_STATIC(WGD, WGD_STRAY, "WireGuard stray packets");

#define RATE 1000	/* a second */
#define TURN 64		/* packets, and then it is the others' turn */
#define HANDSHAKE_MS 50 /* is it done then? */
#define SESSION_MS 3
#define ONE_OF_MAX (1u << 20)

struct wgd_stray {
	struct wgd_group *group;
	struct way {
		struct wgd_stray *stray;
		struct wg_stray *s; /* NULL: not looked at */
		struct event *t;
	} way[2];	   /* IPv4, IPv6 */
	uint16_t port;	   /* that is looked at; 0: none */
	uint32_t one_of;   /* so many */
	unsigned seen;	   /* in this second */
	struct wg_addr to; /* where packets went last; each second anew */
	bool to_us;
	char *why;
	struct event *t_second;
};

const char *wgd_stray_why(const struct wgd_stray *s)
{
	return s->why;
}

/* Is it an address of this machine? Others only pass through. */
static bool is_ours(struct wgd_stray *s, const struct wg_addr *addr)
{
	struct wg_fib_query q = {.addr = *addr};
	struct wg_fib fib;

	if (!wg_addr_same(&s->to, addr)) {
		s->to = *addr;
		s->to_us = wg_fib_get(&q, &fib) == 0 && fib.local;
	}
	return s->to_us;
}

static void came(struct event *t)
{
	struct way *way = EVENT_ARG(t);
	struct wgd_stray *s = way->stray;
	struct wg_stray_packet p;
	unsigned n;
	bool act = false;

	for (n = 0; n < TURN && wg_stray_next(way->s, &p) == 1; n++) {
		s->seen++;
		if (!p.data)
			wgd_group_look(s->group, HANDSHAKE_MS);
		else if (is_ours(s, &p.to))
			act |= wg_group_stray(s->group->core, &p.from,
					      wgd_now_ms());
	}
	if (act) {
		/* is it one of a new session already? */
		if (wg_group_count(s->group->core, WG_ROLE_TAKING))
			wgd_group_look(s->group, SESSION_MS);
		wgd_group_act(s->group);
	}
	event_add_read(wgd.master, came, way, wg_stray_fd(way->s), &way->t);
}

static void stop(struct wgd_stray *s)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		event_cancel(&s->way[i].t);
		wg_stray_close(&s->way[i].s);
	}
	s->port = 0;
}

static void start(struct wgd_stray *s, uint16_t port)
{
	int rc = 0;
	unsigned i;

	stop(s);
	for (i = 0; i < 2 && rc == 0; i++) {
		frr_with_privs (&wgd_privs) {
			rc = wg_stray_open(i ? AF_INET6 : AF_INET, port,
					   &s->way[i].s);
		}
		if (rc == 0)
			event_add_read(wgd.master, came, &s->way[i],
				       wg_stray_fd(s->way[i].s), &s->way[i].t);
	}
	s->port = port;
	s->one_of = 1;
	if (rc < 0 && !s->why) {
		s->why = XSTRDUP(MTYPE_WGD_STR,
				 rc == -EPERM ? "CAP_NET_RAW is missing"
					      : safe_strerror(-rc));
		zlog_warn(
			"%s: gateway group: packets of other gateways' clients are not seen: %s",
			s->group->wif->name, s->why);
	} else if (rc == 0)
		XFREE(MTYPE_WGD_STR, s->why);
}

void wgd_stray_look(struct wgd_stray *s)
{
	const struct wgd_if *wif = s->group->wif;
	uint16_t port = wif->port ?: wif->conf.listen_port;

	if (!wg_group_count(s->group->core, WG_ROLE_PASSIVE) &&
	    !wg_group_count(s->group->core, WG_ROLE_TAKING))
		port = 0;
	if (port == s->port)
		return;
	if (port)
		start(s, port);
	else
		stop(s);
}

/* As many as we can bear. */
static void second(struct event *t)
{
	struct wgd_stray *s = EVENT_ARG(t);
	uint32_t one_of = s->one_of;
	unsigned i;

	if (s->seen > RATE && one_of < ONE_OF_MAX)
		one_of *= 2;
	else if (s->seen < RATE / 4 && one_of > 1)
		one_of /= 2;
	s->seen = 0;
	s->to.family = AF_UNSPEC;
	for (i = 0; i < 2 && one_of != s->one_of; i++)
		if (s->way[i].s)
			wg_stray_sample(s->way[i].s, one_of);
	s->one_of = one_of;
	event_add_timer_msec(wgd.master, second, s, 1000, &s->t_second);
}

struct wgd_stray *wgd_stray_new(struct wgd_group *g)
{
	struct wgd_stray *s = XCALLOC(MTYPE_WGD_STRAY, sizeof(*s));

	s->group = g;
	s->one_of = 1;
	s->way[0].stray = s->way[1].stray = s;
	event_add_timer_msec(wgd.master, second, s, 1000, &s->t_second);
	return s;
}

void wgd_stray_delete(struct wgd_stray **stray)
{
	struct wgd_stray *s = *stray;

	*stray = NULL;
	if (!s)
		return;
	stop(s);
	event_cancel(&s->t_second);
	XFREE(MTYPE_WGD_STR, s->why);
	XFREE(MTYPE_WGD_STRAY, s);
}
