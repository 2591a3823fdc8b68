// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gateway groups: from the core's roles to peers, and back from what the device
 * says.
 *
 * A role is made by what the peer is told to be (instead) and by making
 * it anew (wg_peer_renew): everything goes through the one plan, so it is as
 * safe against errors and restarts as prefixes are.  What a read says counts
 * only when nothing of it is still to be done.
 *
 * Handshakes are seen by reading the device, so it is read more often than
 * others: each second, and while a client is being taken, every TAKING_MS; as
 * always at most for a share of the processor.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/gateway/wgd_gateway.h"
#include "frr-wgd/gateway/wgd_stray.h"
#include "frr-wgd/gateway/wgd_talk.h"
#include "frr-wgd/peer/wgd_announce.h"
#include "frr-wgd/underlay/wgd_underlay.h"

DEFINE_MTYPE_STATIC(WGD, WGD_GROUP, "WireGuard gateway group");

#define IDLE_MS 1000
#define IDLE_SHARE 50
#define TAKING_MS 10
#define NOT_NOW_MS 5
#define KEEPALIVE_BYTES 32

/* --- the private key */

static void say_why(struct wgd_group *g, const char *why)
{
	if (wgd_str_set(&g->why, why) && why)
		zlog_warn("%s: gateway group: %s", g->wif->name, why);
}

/* The private key is there, or is another. */
static void load_key(struct wgd_group *g)
{
	const struct wg_key *pub = wgd_key_public(g->wif);
	char path[PATH_MAX], why[512];
	unsigned m;

	if (g->key && pub && wg_key_same(pub, &g->pub))
		return;
	wg_groupkey_free(&g->key);
	if (!wgd_key_file(g->wif, path, sizeof(path)))
		say_why(g,
			"the interface existed before, and its key is not known: 'wireguard private-key file' names one");
	else if (!pub)
		say_why(g, "no private key yet");
	else if (wg_groupkey_load(path, &g->key, why, sizeof(why)) < 0)
		say_why(g, why);
	else {
		say_why(g, NULL);
		g->pub = *pub;
		wg_groupkey_name(pub, g->name);
	}
	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m])
			wgd_member_reset(g->member[m], "another private key");
}

/* --- acting */

/* What the peer is to be on the device, instead of what is configured. */
static void set_instead(struct wgd_peer *p)
{
	p->instead.on = p->group.client;
	p->instead.serves =
		p->group.client && p->group.client->role == WG_ROLE_SERVING;
	p->instead.calls =
		p->group.client && wg_client_is_called(p->group.client);
	p->instead.endpoint = p->group.taken;
}

static void peer_act(struct wgd_group *g, struct wg_client *c)
{
	const struct wg_endpoint *where = &c->last.endpoint;
	struct wgd_peer *p = c->arg;

	wgd_debug_events("%s: client %s: %s%s, serial %" PRIu64, g->wif->name,
			 wg_peer_name(p->peer), wg_role_str(c->role),
			 c->removing ? ", made anew" : "", c->serial);
	if (c->removing)
		wg_peer_renew(p->peer);
	if (wg_client_is_called(c))
		p->group.taken = *where;
	else if (c->role != WG_ROLE_SERVING)
		p->group.taken = (struct wg_endpoint){};
	/* before it is needed: its packets have to leave from our source */
	wgd_underlay_expect(&p->way, where->addr.family ? where : NULL);
	wgd_underlay_expect(&p->way,
			    &p->group.taken); /* before the first packet */
	set_instead(p);
	wgd_peer_push(p);
	wgd_announce_peer(p, false);
}

static void find_removed(struct wgd_group *g)
{
	struct wg_client *c, *next;

	for (c = wg_client_busy(g->core, NULL); c; c = next) {
		next = wg_client_busy(g->core, c);
		if (c->removing &&
		    !wg_peer_is_renewing(((struct wgd_peer *)c->arg)->peer))
			wg_group_removed(g->core, c, wgd_now_ms());
	}
}

static void tick(struct event *t);

static void arm(struct wgd_group *g)
{
	int64_t due = wg_group_due(g->core), now = wgd_now_ms();

	event_cancel(&g->t_tick);
	if (due != INT64_MAX)
		event_add_timer_msec(wgd.master, tick, g, MAX(due - now, 0),
				     &g->t_tick);
	if (wg_group_count(g->core, WG_ROLE_TAKING))
		wgd_group_look_in(g, TAKING_MS);
	wgd_stray_look(g->stray);
}

static void act(struct event *t)
{
	struct wgd_group *g = EVENT_ARG(t);
	bool changed = false;
	struct wg_client *c;
	unsigned m;

	do {
		while ((c = wg_group_next_change(g->core))) {
			peer_act(g, c);
			changed = true;
		}
		find_removed(g);
	} while (wg_group_has_change(g->core));
	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m])
			wgd_talk_tell(g->member[m]);
	/* these are rare, and somebody waits for them */
	if (changed && g->wif->device->be)
		wgd_if_kick_in(g->wif, 0);
	arm(g);
}

static void tick(struct event *t)
{
	struct wgd_group *g = EVENT_ARG(t);

	wg_group_tick(g->core, wgd_now_ms());
	wgd_group_act(g);
}

/* --- the device */

static unsigned look_ms(struct wgd_group *g)
{
	int64_t us = g->wif->device->read_cpu_us;

	if (wg_group_count(g->core, WG_ROLE_TAKING))
		return MAX(TAKING_MS, us * WGD_GROUP_TAKING_SHARE / 1000);
	return MAX(IDLE_MS, us * IDLE_SHARE / 1000);
}

static void look(struct event *t)
{
	struct wgd_group *g = EVENT_ARG(t);
	struct wgd_if *wif = g->wif;
	unsigned ms = NOT_NOW_MS;

	/* what is to be written comes first */
	if (wif->device->busy == WGD_IDLE && !wg_plan_pending(wif->dev)) {
		wif->want_read = wif->device->be && wif->state == WGD_IF_SYNCED;
		wgd_if_kick(wif);
		ms = look_ms(g);
	}
	event_add_timer_msec(wgd.master, look, g, ms, &g->t_poll);
}

/*
 * Is it silent? What we sent since it spoke last wants an answer, unless it is
 * keepalives: ours, and one for what came.
 */
static bool is_silent(struct wgd_peer *p, const struct wg_event *ev)
{
	int64_t now = wgd_now_ms(), s;
	uint64_t keepalives;

	if (ev->rx_bytes != p->group.rx || ev->tx_bytes < p->group.tx) {
		p->group.rx = ev->rx_bytes;
		p->group.tx = ev->tx_bytes;
		p->group.quiet_ms = now;
		return false;
	}
	s = now - p->group.quiet_ms;
	keepalives =
		1 + (p->conf.keepalive ? s / 1000 / p->conf.keepalive + 1 : 0);
	if (ev->tx_bytes - p->group.tx > keepalives * KEEPALIVE_BYTES)
		return s >= WG_GROUP_SILENT_MS;
	if (!p->conf.keepalive)
		p->group.quiet_ms = now; /* nothing was asked yet */
	return false;
}

void wgd_gateway_seen(struct wgd_peer *p, const struct wg_event *ev)
{
	int64_t now = wgd_now_ms(),
		age = wg_handshake_age(&p->seen.handshake, now);

	if (!p->group.client)
		return;
	wg_group_seen(p->wif->group->core, p->group.client,
		      age < 0 ? WG_AGE_NONE : MIN(age, INT32_MAX),
		      &ev->endpoint, now);
	if (is_silent(p, ev))
		wg_group_silent(p->wif->group->core, p->group.client);
}

void wgd_gateway_read(struct wgd_if *wif)
{
	if (!wif->group)
		return;
	load_key(wif->group); /* now it is known */
	wif->group->read = true;
	wgd_group_act(wif->group);
}

void wgd_gateway_applied(struct wgd_if *wif)
{
	if (wif->group)
		wgd_group_act(wif->group);
}

/* --- peers */

void wgd_gateway_forget_peer(struct wgd_peer *p)
{
	if (!p->group.client)
		return;
	wg_client_delete(p->wif->group->core, p->group.client);
	p->group.client = NULL;
	set_instead(p);
}

void wgd_gateway_peer(struct wgd_peer *p)
{
	const struct wg_key *key = wg_peer_key(p->peer);
	struct wgd_group *g = p->wif->group;

	if (p->group.client && wg_key_same(&p->group.client->key, key))
		return;
	wgd_gateway_forget_peer(p);
	if (!g || wg_key_is_zero(key))
		return;
	p->group.client = wg_client_new(g->core, key, p);
	set_instead(p);
	wgd_group_act(g);
}

void wgd_gateway_paths(void)
{
	struct wgd_group *g;

	for (g = wgd_group_first(); g; g = g->next) {
		if (!g->wif->under->no_way)
			continue;
		g->wif->under->no_way = false;
		wgd_each_peer (g->wif, p) {
			if (p->group.client && p->way.path == WG_REACH_NONE)
				wg_group_unreachable(g->core, p->group.client);
		}
		wgd_group_act(g);
	}
}

/* --- life */

static bool is_configured(const struct wgd_group_conf *conf,
			  const struct wg_addr *addr)
{
	size_t i;

	for (i = 0; i < conf->n_members; i++)
		if (wg_addr_same(&conf->members[i].addr, addr))
			return true;
	return false;
}

static void set_members(struct wgd_group *g, const struct wgd_group_conf *conf)
{
	struct wgd_member *member;
	unsigned m;
	size_t i;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m] && !is_configured(conf, &g->member[m]->addr))
			wgd_member_delete(&g->member[m]);
	for (i = 0; i < conf->n_members; i++) {
		member = wgd_group_member(g, &conf->members[i].addr);
		for (m = 0; !member && m < WG_GROUP_MEMBERS; m++)
			if (!g->member[m])
				member = g->member[m] = wgd_member_new(
					g, m, &conf->members[i].addr);
		if (member)
			wgd_member_configure(member, conf->members[i].bfd,
					     conf->members[i].profile);
	}
	wgd_listen_guard();
}

static struct wgd_group *group_new(struct wgd_if *wif)
{
	struct wgd_group *g = XCALLOC(MTYPE_WGD_GROUP, sizeof(*g));
	uint64_t self = 0;

	while (!self)
		wg_groupkey_random(&self, sizeof(self));
	if (!wgd_group_first())
		wgd_listen_start();
	g->wif = wif;
	g->core = wg_group_new(self);
	g->stray = wgd_stray_new(g);
	g->act = act;
	g->look = look;
	wgd_group_add(g);
	wif->group = g;
	wgd_each_peer (wif, p)
		wgd_gateway_peer(p);
	event_add_timer_msec(wgd.master, look, g, IDLE_MS, &g->t_poll);
	return g;
}

void wgd_gateway_delete(struct wgd_if *wif)
{
	struct wgd_group *g = wif->group;
	unsigned m;

	if (!g)
		return;
	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		wgd_member_delete(&g->member[m]);
	wgd_each_peer (wif, p) {
		wgd_gateway_forget_peer(p);
		wgd_peer_push(p);
	}
	wgd_group_remove(g);
	wgd_stray_delete(&g->stray);
	event_cancel(&g->t_act);
	event_cancel(&g->t_tick);
	event_cancel(&g->t_poll);
	wg_group_delete(&g->core);
	wg_groupkey_free(&g->key);
	XFREE(MTYPE_WGD_STR, g->why);
	XFREE(MTYPE_WGD_GROUP, g);
	wif->group = NULL;
	if (wgd_group_first())
		wgd_listen_guard();
	else
		wgd_listen_stop();
}

void wgd_gateway_configure(struct wgd_if *wif)
{
	const struct wgd_group_conf *conf = &wif->conf.group;
	struct wgd_group *g;

	if (!conf->n_members) {
		wgd_gateway_delete(wif);
		return;
	}
	g = wif->group ?: group_new(wif);
	load_key(g);
	set_members(g, conf);
	wg_group_drain(g->core, conf->drain || wif->drained, wgd_now_ms());
	wgd_group_act(g);
}

void wgd_gateway_drain(struct wgd_if *wif, bool drained)
{
	wif->drained = drained;
	wgd_gateway_configure(wif);
}
