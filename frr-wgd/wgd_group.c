// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gateway groups: from the core's roles to peers, and back from what the device
 * says.
 *
 * A role is made by what the peer is told to be (wgd_group_conf) and by making
 * it anew (wg_peer_renew): everything goes through the one plan, so it is as
 * safe against errors and restarts as prefixes are.  What a read says counts
 * only when nothing of it is still to be done.
 *
 * Handshakes are seen by reading the device, so it is read more often than
 * others: each second, and while a client is being taken, every TAKING_MS; as
 * always at most for a share of the processor.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "log.h"

#include "frr-wgd/wgd_announce.h"
#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_group.h"
#include "frr-wgd/wgd_member.h"
#include "frr-wgd/wgd_stray.h"
#include "frr-wgd/wgd_underlay.h"
#include "lib/backend/wg_keys.h"

DEFINE_MTYPE_STATIC(WGD, WGD_GROUP, "WireGuard gateway group");

#define IDLE_MS 1000
#define IDLE_SHARE 50
#define TAKING_MS 10
#define TAKING_SHARE 4
#define NOT_NOW_MS 5
#define KEEPALIVE_BYTES 32

static struct wgd_group *groups;

struct wgd_group *wgd_group_first(void)
{
	return groups;
}

struct wgd_group *wgd_group_find(const uint8_t name[WG_KEY_LEN])
{
	struct wgd_group *g = groups;

	while (g && (!g->key || memcmp(g->name, name, sizeof(g->name)) != 0))
		g = g->next;
	return g;
}

/* --- the private key */

static void say_why(struct wgd_group *g, const char *why)
{
	if (why && !(g->why && strmatch(g->why, why)))
		zlog_warn("%s: gateway group: %s", g->wif->name, why);
	XFREE(MTYPE_WGD_STR, g->why);
	if (why)
		g->why = XSTRDUP(MTYPE_WGD_STR, why);
}

/* The private key is there, or is another. */
static void load_key(struct wgd_group *g)
{
	const struct wg_key *pub = wgd_if_public_key(g->wif);
	char path[PATH_MAX], why[512];
	unsigned m;

	if (g->key && pub && wg_key_same(pub, &g->pub))
		return;
	wg_groupkey_free(&g->key);
	if (!wgd_if_key_file(g->wif, path, sizeof(path)))
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

static void peer_act(struct wgd_group *g, struct wg_client *c)
{
	const struct wg_endpoint *where;
	struct wgd_peer *p = c->arg;

	wgd_debug_events("%s: client %s: %s%s, serial %" PRIu64, g->wif->name,
			 wg_peer_name(p->peer), wg_role_str(c->role),
			 c->removing ? ", made anew" : "", c->serial);
	if (c->removing)
		wg_peer_renew(p->peer);
	if (wg_client_is_called(c))
		p->taken = c->target;
	else if (c->role != WG_ROLE_SERVING)
		p->taken = (struct wg_endpoint){};
	/* before it is needed: its packets have to leave from our source */
	where = c->role == WG_ROLE_TAKING ? &c->target : &c->last.endpoint;
	wgd_underlay_expect(p, where->addr.family ? where : NULL);
	wgd_underlay_expect(p, &p->taken); /* before the first packet */
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
static void look(struct event *t);

/* ... or sooner, if it is to be. */
static void look_in(struct wgd_group *g, unsigned ms)
{
	if (event_timer_remain_msec(g->t_poll) <= ms)
		return;
	event_cancel(&g->t_poll);
	event_add_timer_msec(wgd.master, look, g, ms, &g->t_poll);
}

void wgd_group_look(struct wgd_group *g, unsigned ms)
{
	look_in(g, MAX(ms, g->wif->read_cpu_us * TAKING_SHARE / 1000));
}

static void arm(struct wgd_group *g)
{
	int64_t due = wg_group_due(g->core), now = wgd_now_ms();

	event_cancel(&g->t_tick);
	if (due != INT64_MAX)
		event_add_timer_msec(wgd.master, tick, g, MAX(due - now, 0),
				     &g->t_tick);
	if (wg_group_count(g->core, WG_ROLE_TAKING))
		look_in(g, TAKING_MS);
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
			wgd_member_tell(g->member[m]);
	/* these are rare, and somebody waits for them */
	if (changed && g->wif->be)
		wgd_if_kick_in(g->wif, 0);
	arm(g);
}

void wgd_group_act(struct wgd_group *g)
{
	if (!g->t_act)
		event_add_event(wgd.master, act, g, 0, &g->t_act);
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
	int64_t us = g->wif->read_cpu_us;

	if (wg_group_count(g->core, WG_ROLE_TAKING))
		return MAX(TAKING_MS, us * TAKING_SHARE / 1000);
	return MAX(IDLE_MS, us * IDLE_SHARE / 1000);
}

static void look(struct event *t)
{
	struct wgd_group *g = EVENT_ARG(t);
	struct wgd_if *wif = g->wif;
	unsigned ms = NOT_NOW_MS;

	/* what is to be written comes first */
	if (wif->busy == WGD_IDLE && !wg_plan_pending(wif->dev)) {
		wif->want_read = wif->be && wif->state == WGD_IF_SYNCED;
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

	if (ev->rx_bytes != p->group_rx || ev->tx_bytes < p->group_tx) {
		p->group_rx = ev->rx_bytes;
		p->group_tx = ev->tx_bytes;
		p->group_quiet_ms = now;
		return false;
	}
	s = now - p->group_quiet_ms;
	keepalives = 1 + (p->keepalive ? s / 1000 / p->keepalive + 1 : 0);
	if (ev->tx_bytes - p->group_tx > keepalives * KEEPALIVE_BYTES)
		return s >= WG_GROUP_SILENT_MS;
	if (!p->keepalive)
		p->group_quiet_ms = now; /* nothing was asked yet */
	return false;
}

void wgd_group_seen(struct wgd_peer *p, const struct wg_event *ev)
{
	int64_t age;

	if (!p->client)
		return;
	age = MAX((int64_t)time(NULL) - ev->handshake, 0) * 1000;
	wg_group_seen(p->wif->group->core, p->client,
		      ev->handshake ? MIN(age, INT32_MAX) : WG_AGE_NONE,
		      &ev->endpoint, wgd_now_ms());
	if (is_silent(p, ev))
		wg_group_silent(p->wif->group->core, p->client);
}

void wgd_group_read(struct wgd_if *wif)
{
	if (!wif->group)
		return;
	load_key(wif->group); /* now it is known */
	wif->group->read = true;
	wgd_group_act(wif->group);
}

void wgd_group_applied(struct wgd_if *wif)
{
	if (wif->group)
		wgd_group_act(wif->group);
}

/* --- peers */

void wgd_group_conf(struct wgd_peer *p, struct wg_peer_conf *conf)
{
	if (!p->client)
		return;
	conf->endpoint = p->taken;
	if (p->client->role != WG_ROLE_SERVING)
		conf->keepalive = wg_client_is_called(p->client);
}

void wgd_group_path(struct wgd_peer *p, enum wg_path path)
{
	if (!p->client || path != WG_PATH_NONE)
		return;
	wg_group_unreachable(p->wif->group->core, p->client);
	wgd_group_act(p->wif->group);
}

bool wgd_group_is_up(const struct wgd_peer *p)
{
	enum wg_peer_state state = wg_peer_state(p->peer);

	if (!p->client || state == WG_PEER_SHUTDOWN ||
	    state == WG_PEER_INCOMPLETE)
		return state == WG_PEER_UP;
	return p->client->role == WG_ROLE_SERVING;
}

void wgd_group_forget_peer(struct wgd_peer *p)
{
	if (!p->client)
		return;
	wg_client_delete(p->wif->group->core, p->client);
	p->client = NULL;
}

void wgd_group_peer(struct wgd_peer *p)
{
	const struct wg_key *key = wg_peer_key(p->peer);
	struct wgd_group *g = p->wif->group;

	if (p->client && wg_key_same(&p->client->key, key))
		return;
	wgd_group_forget_peer(p);
	if (!g || wg_key_is_zero(key))
		return;
	p->client = wg_client_new(g->core, key, p);
	wgd_group_act(g);
}

/* --- life */

static struct wgd_member *member_of(struct wgd_group *g,
				    const struct wg_addr *addr)
{
	unsigned m;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m] && wg_addr_same(&g->member[m]->addr, addr))
			return g->member[m];
	return NULL;
}

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
		member = member_of(g, &conf->members[i].addr);
		for (m = 0; !member && m < WG_GROUP_MEMBERS; m++)
			if (!g->member[m])
				member = g->member[m] = wgd_member_new(
					g, m, &conf->members[i].addr);
		if (member)
			wgd_member_configure(member, conf->members[i].bfd,
					     conf->members[i].profile);
	}
}

static struct wgd_group *group_new(struct wgd_if *wif)
{
	struct wgd_group *g = XCALLOC(MTYPE_WGD_GROUP, sizeof(*g));
	struct wg_peer *peer;
	uint64_t self = 0;

	while (!self)
		wg_groupkey_random(&self, sizeof(self));
	if (!groups)
		wgd_listen_start();
	g->wif = wif;
	g->core = wg_group_new(self);
	g->stray = wgd_stray_new(g);
	g->next = groups;
	groups = g;
	wif->group = g;
	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer))
		wgd_group_peer(wg_peer_arg(peer));
	event_add_timer_msec(wgd.master, look, g, IDLE_MS, &g->t_poll);
	return g;
}

void wgd_group_delete(struct wgd_if *wif)
{
	struct wgd_group *g = wif->group, **at = &groups;
	struct wg_peer *peer;
	unsigned m;

	if (!g)
		return;
	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		wgd_member_delete(&g->member[m]);
	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer)) {
		wgd_group_forget_peer(wg_peer_arg(peer));
		wgd_peer_push(wg_peer_arg(peer));
	}
	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	wgd_stray_delete(&g->stray);
	event_cancel(&g->t_act);
	event_cancel(&g->t_tick);
	event_cancel(&g->t_poll);
	wg_group_delete(&g->core);
	wg_groupkey_free(&g->key);
	XFREE(MTYPE_WGD_STR, g->why);
	XFREE(MTYPE_WGD_GROUP, g);
	wif->group = NULL;
	if (!groups)
		wgd_listen_stop();
}

void wgd_group_configure(struct wgd_if *wif)
{
	const struct wgd_group_conf *conf = &wif->conf.group;
	struct wgd_group *g;

	if (!conf->n_members) {
		wgd_group_delete(wif);
		return;
	}
	g = wif->group ?: group_new(wif);
	load_key(g);
	set_members(g, conf);
	wg_group_drain(g->core, conf->drain || wif->drained, wgd_now_ms());
	wgd_group_act(g);
}
