// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets for the group's core: which session each handshake message that this
 * machine sends begins (wg_group_sent), and data packets of clients that
 * another gateway serves (wg_group_stray).
 *
 * Anybody can send a data packet, and what names a client is only its receiver
 * index, so a packet costs a look into a hash.  All data packets of our own
 * clients come to the same port, too.  So only some are looked at, by chance:
 * about RATE a second.  Where suddenly more come, the rest of the second they
 * wait and what does not fit is dropped by the kernel: LIMIT packets a second
 * are about a hundredth of a processor.  A client that sends much is found at
 * once all the same; one that sends little, while somebody floods the port with
 * what looks like data, may have to wait for its own handshake.  Data packets
 * are looked for only while there are clients that others serve.
 *
 * Handshake messages of our own are few, and nobody else can send them.  They
 * also show a client that called, sooner than the next read of the device
 * would.
 *
 * Without CAP_NET_RAW nothing is seen.  Then a client that took another way
 * waits for what it does itself, 15 s after it heard nothing.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"
#include "privs.h"

#include "frr-wgd/gateway/wgd_stray.h"
#include "lib/backend/wg_fib.h"
#include "lib/backend/wg_stray.h"

DEFINE_MTYPE_STATIC(WGD, WGD_STRAY, "WireGuard stray packets");

#define RATE 1000	/* a second */
#define LIMIT 2000	/* a second: behind that nothing is read in it */
#define TURN 64		/* packets, and then it is the others' turn */
#define HANDSHAKE_MS 50 /* is it done then? */
#define SESSION_MS 3
#define ONE_OF_MAX (1u << 20)

struct wgd_stray {
	struct wgd_group *group;
	struct way {
		struct wgd_stray *stray;
		struct wg_stray_conf conf; /* port 0: not to be looked at */
		struct wg_stray *s;	   /* NULL: not looked at */
		struct event *t;
	} way[WG_STRAY_KINDS];
	uint32_t one_of;   /* data packets are sampled */
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

/* --- what comes */

/* It has our mark; where a rule marks what is forwarded, that is not enough. */
static bool sent(struct wgd_stray *s, const struct wg_stray_packet *p)
{
	if (!is_ours(s, &p->near))
		return false;
	if (wg_group_sent(s->group->core, &p->far, p->index, wgd_now_ms()))
		wgd_group_look(s->group, HANDSHAKE_MS);
	return true;
}

static bool arrived(struct wgd_stray *s, const struct wg_stray_packet *p)
{
	struct wg_group *core = s->group->core;
	int64_t now = wgd_now_ms();

	if (!wg_group_knows(core, p->index, now) || !is_ours(s, &p->near) ||
	    !wg_group_stray(core, &p->far, p->index, now))
		return false;
	/* is it one of a new session already? */
	if (wg_group_count(core, WG_ROLE_TAKING))
		wgd_group_look(s->group, SESSION_MS);
	return true;
}

static void sample(struct wgd_stray *s, uint32_t one_of)
{
	unsigned kind;

	s->one_of = MAX(1, MIN(one_of, ONE_OF_MAX));
	for (kind = 0; kind < WG_STRAY_SENT; kind++)
		if (s->way[kind].s)
			wg_stray_sample(s->way[kind].s, s->one_of);
}

static void came(struct event *t)
{
	struct way *way = EVENT_ARG(t);
	struct wgd_stray *s = way->stray;
	bool data = way->conf.kind != WG_STRAY_SENT, act = false;
	struct wg_stray_packet p;
	unsigned n;
	int rc;

	for (n = 0; n < TURN; n++) {
		rc = wg_stray_next(way->s, &p);
		if (rc != 1 && rc != -EBADMSG)
			break;
		if (data)
			s->seen++;
		if (rc == 1)
			act |= data ? arrived(s, &p) : sent(s, &p);
	}
	if (act)
		wgd_group_act(s->group);
	if (data && s->seen >= LIMIT)
		sample(s, s->one_of * 8); /* and on when it is over */
	else
		event_add_read(wgd.master, came, way, wg_stray_fd(way->s),
			       &way->t);
}

/* As many as we can bear. */
static void second(struct event *t)
{
	struct wgd_stray *s = EVENT_ARG(t);
	unsigned kind;

	if (s->seen > RATE && s->seen < LIMIT)
		sample(s, s->one_of * 2);
	else if (s->seen < RATE / 4 && s->one_of > 1)
		sample(s, s->one_of / 2);
	s->seen = 0;
	s->to.family = AF_UNSPEC;
	for (kind = 0; kind < WG_STRAY_KINDS; kind++)
		if (s->way[kind].s)
			event_add_read(wgd.master, came, &s->way[kind],
				       wg_stray_fd(s->way[kind].s),
				       &s->way[kind].t);
	event_add_timer_msec(wgd.master, second, s, 1000, &s->t_second);
}

/* --- what is looked at */

static void say_why(struct wgd_stray *s, const char *why)
{
	if (wgd_str_set(&s->why, why) && why)
		zlog_warn(
			"%s: gateway group: packets of other gateways' clients are not seen: %s",
			s->group->wif->name, why);
}

static void stop(struct way *way)
{
	event_cancel(&way->t);
	wg_stray_close(&way->s);
	way->conf.port = 0;
}

/* Once: what cannot be opened is tried again when the wish is another one. */
static void open_way(struct way *way, const struct wg_stray_conf *conf)
{
	int rc;

	if (way->conf.port == conf->port && way->conf.mark == conf->mark)
		return;
	stop(way);
	way->conf = *conf;
	if (!conf->port)
		return;
	frr_with_privs (&wgd_privs) {
		rc = wg_stray_open(conf, &way->s);
	}
	if (rc < 0) {
		say_why(way->stray, rc == -EPERM ? "CAP_NET_RAW is missing"
						 : safe_strerror(-rc));
		return;
	}
	if (conf->kind != WG_STRAY_SENT)
		wg_stray_sample(way->s, way->stray->one_of);
	event_add_read(wgd.master, came, way, wg_stray_fd(way->s), &way->t);
}

void wgd_stray_look(struct wgd_stray *s)
{
	const struct wgd_if *wif = s->group->wif;
	uint16_t port = wif->port ?: wif->conf.listen_port;
	uint32_t mark = wg_dev_conf(wif->dev)->fwmark;
	bool others = wg_group_count(s->group->core, WG_ROLE_PASSIVE) ||
		      wg_group_count(s->group->core, WG_ROLE_TAKING);
	struct wg_stray_conf conf[WG_STRAY_KINDS] = {
		{WG_STRAY_DATA4, others ? port : 0},
		{WG_STRAY_DATA6, others ? port : 0},
		{WG_STRAY_SENT, mark ? port : 0, mark},
	};
	bool all = true;
	unsigned kind;

	for (kind = 0; kind < WG_STRAY_KINDS; kind++) {
		open_way(&s->way[kind], &conf[kind]);
		all &= !conf[kind].port || s->way[kind].s;
	}
	if (all)
		say_why(s,
			port && !mark ? "the interface has no fwmark" : NULL);
}

/* --- life */

struct wgd_stray *wgd_stray_new(struct wgd_group *g)
{
	struct wgd_stray *s = XCALLOC(MTYPE_WGD_STRAY, sizeof(*s));
	unsigned kind;

	s->group = g;
	s->one_of = 1;
	for (kind = 0; kind < WG_STRAY_KINDS; kind++)
		s->way[kind].stray = s;
	event_add_timer_msec(wgd.master, second, s, 1000, &s->t_second);
	return s;
}

void wgd_stray_delete(struct wgd_stray **stray)
{
	struct wgd_stray *s = *stray;
	unsigned kind;

	*stray = NULL;
	if (!s)
		return;
	for (kind = 0; kind < WG_STRAY_KINDS; kind++)
		stop(&s->way[kind]);
	event_cancel(&s->t_second);
	XFREE(MTYPE_WGD_STR, s->why);
	XFREE(MTYPE_WGD_STRAY, s);
}
