// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections between members.
 *
 * Who can send this: who holds the WireGuard key that a link-local address
 * belongs to, for WireGuard lets nothing else come from it; so the address says
 * who the member is, and a connection needs no proof.  An address that is no
 * member's is closed before it has said anything.  Each member has one
 * connection: a new one takes the place of the old one, which TCP may not know
 * to be dead, once in AGAIN_MS.  It costs what lib/core/wg_exchange.c says, and a
 * line in the log.  In one turn of the loop TURN items of one are taken at most,
 * and TURN signatures of all verified, so that a flood of one is not the others'
 * silence.  Who sent no sense is not heard for AWAY_MS.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/mesh/wgd_exchange_conn.h"
#include "frr-wgd/mesh/wgd_hubs.h"
#include "frr-wgd/mesh/wgd_path.h"

DEFINE_MTYPE_STATIC(WGD, WGD_EXCHANGE, "WireGuard mesh connections");

#define TURN 100      /* items, and signatures, in one turn of the loop */
#define AGAIN_MS 1000 /* to connect */
#define FIRST_MS 100  /* ... at first, then doubled */
#define AWAY_MS 60000
#define TICK_MS 250 /* what is not due soon is so with others: one wake-up */

static void tell_all(struct wgd_exchange *x, uint32_t member, bool connected);

/* --- a connection */

/* It ends, and something may follow from that. */
static void lose(struct conn *c, unsigned away_ms)
{
	wgd_exchange_hang_up(c, away_ms);
	wgd_mesh_act(c->of->m);
}

/* --- out */

static void writable(struct event *t);

/* All share one buffer: nothing is made before the socket can take it. */
static void send_some(struct conn *c)
{
	struct wgd_exchange *x = c->of;
	size_t len;
	int rc;

	wgd_map_hash(x->m->map, x->m->shared.hash);
	rc = wgd_outbox_flush(&c->out, c->fd);
	while (rc > 0) {
		len = wg_exchange_say(c->x, wgd_now_ms(), x->buf,
				      sizeof(x->buf));
		if (!len)
			return;
		rc = wgd_outbox_send(&c->out, c->fd, x->buf, len);
	}
	if (rc < 0)
		lose(c, AGAIN_MS);
	else if (!c->t_write)
		event_add_write(wgd.master, writable, c, c->fd, &c->t_write);
}

static void writable(struct event *t)
{
	send_some(EVENT_ARG(t));
}

/* --- in */

static void readable(struct event *t);
static void due(struct event *t);

static void arm(struct conn *c, bool at_once)
{
	int64_t now = wgd_now_ms(), ms = MAX(wg_exchange_due(c->x) - now, 1);

	/* what is due cannot be said while nothing can be sent */
	if (c->t_write)
		ms = MAX(ms, WG_EXCHANGE_KEEPALIVE_MS);
	if (ms > 4 * TICK_MS)
		ms += TICK_MS - (now + ms) % TICK_MS;
	event_cancel(&c->t_due);
	event_add_timer_msec(wgd.master, due, c, at_once ? 0 : ms, &c->t_due);
	if (!c->t_read && !at_once)
		event_add_read(wgd.master, readable, c, c->fd, &c->t_read);
}

/* What was put goes to all but who brought it. */
static void spread(struct wgd_exchange *x)
{
	struct wg_directory_entry entry;
	const void *source = NULL;
	const uint8_t *item;
	struct conn *c;

	while ((item = wgd_map_next_put(x->m->map, &source))) {
		wg_directory_entry_of(item, &entry);
		wg_sign_hash(item, entry.hash);
		frr_each (conns, &x->conns, c)
			if (c->x && c != source)
				wg_exchange_pass(c->x, &entry);
		x->has_news = true;
	}
}

/* Records that came too early, and whose time has come. */
static void take_waited(struct wgd_exchange *x)
{
	struct wgd_map *map = x->m->map;
	uint64_t until = wgd_map_verified(map) + TURN;
	enum wg_exchange_judgement j;
	uint32_t from;
	struct conn *c;

	while (wgd_map_verified(map) < until &&
	       wgd_map_next_waited(map, &j, &from)) {
		c = wgd_exchange_find(x, from);
		if (c && c->x)
			wg_exchange_judged(c->x, j);
	}
	wgd_mesh_act_at(x->m, wgd_map_due(map));
}

static void take_item(struct conn *c, const struct wg_span *b)
{
	struct wgd_map_item item = {.b = b->b,
				    .len = b->len,
				    .source = c,
				    .from = wgd_exchange_name(c),
				    .member = c->member};
	enum wg_exchange_judgement j = wgd_map_take(c->of->m->map, &item);

	wg_exchange_judged(c->x, j);
	if (j == WG_EXCHANGE_PUT)
		spread(c->of);
}

/* A hub says of a site that it has it, or has it no more. */
static void take_state(struct conn *c, const struct wg_exchange_heard *heard)
{
	const struct wgd_mesh_member *hub = wgd_exchange_member(c);
	struct wgd_mesh_member *of = wgd_mesh_member(c->of->m, heard->member);

	if (hub && hub->hub && of && !of->hub)
		wgd_hubs_told(c->of->m, hub, of, heard->connected);
}

bool wgd_exchange_call(struct wgd_exchange *x, uint32_t by,
		       const struct wg_frame_call *call)
{
	struct conn *c = wgd_exchange_find(x, by);

	if (!c || !c->x || !wg_exchange_call(c->x, call))
		return false;
	if (!c->t_write)
		send_some(c);
	return true;
}

/*
 * A hub passes on what a member says for itself, to whom it is for, if that is
 * connected.  Nobody calls a hub, and nobody but a hub brings a call.
 */
static void take_call(struct conn *c, const struct wg_frame_call *call)
{
	const struct wgd_mesh_member *by = wgd_exchange_member(c);
	struct wgd_mesh *m = c->of->m;

	if (m->is_hub && call->from == c->member && call->to != c->member)
		wgd_exchange_call(c->of, call->to, call);
	else if (!m->is_hub && by && by->hub && call->to == m->self->number)
		wgd_path_called(m, call);
	else
		wgd_debug_events(
			"%s: mesh: %s: a call of member %u to %u is not taken",
			m->wif->name, wgd_exchange_name(c), call->from,
			call->to);
}

static void is_up(struct conn *c)
{
	struct wgd_mesh_member *member = wgd_exchange_member(c);
	struct conn *other;

	zlog_info("%s: mesh: connected to %s", c->of->m->wif->name,
		  wgd_exchange_name(c));
	if (member && member->hub)
		wgd_hubs_up(c->of->m, member);
	c->is_live = true;
	tell_all(c->of, c->member, true);
	/* a hub says whom it has */
	frr_each (conns, &c->of->conns, other)
		if (c->of->m->is_hub && other != c && other->is_live)
			wg_exchange_tell(c->x, other->member, true,
					 wgd_now_ms());
	wgd_mesh_act(c->of->m);
}

static void work(struct conn *c)
{
	/* what all may have verified before the others have their turn */
	uint64_t until = wgd_map_verified(c->of->m->map) +
			 MAX(TURN / c->of->n_connected, 1u);
	struct wg_exchange_heard heard;
	unsigned items = 0;

	for (;;) {
		switch (wg_exchange_next(c->x, wgd_now_ms(), &heard)) {
		case WG_EXCHANGE_NOTHING:
			send_some(c);
			if (c->x)
				arm(c, false);
			if (items) /* a keepalive changes nothing */
				wgd_mesh_act(c->of->m);
			return;
		case WG_EXCHANGE_UP:
			is_up(c);
			break;
		case WG_EXCHANGE_ITEM:
			take_item(c, &heard.item);
			if (++items < TURN &&
			    wgd_map_verified(c->of->m->map) < until)
				break;
			arm(c, true);
			wgd_mesh_act(c->of->m);
			return;
		case WG_EXCHANGE_STATE:
			take_state(c, &heard);
			break;
		case WG_EXCHANGE_CALL:
			take_call(c, &heard.call);
			break;
		case WG_EXCHANGE_END:
			if (heard.is_bad)
				wgd_drop(&c->of->m->drops, WGD_DROP_FRAME,
					 wgd_exchange_name(c), heard.why);
			else
				wgd_debug_events(
					"%s: mesh: %s: %s", c->of->m->wif->name,
					wgd_exchange_name(c), heard.why);
			lose(c, heard.is_bad ? AWAY_MS : AGAIN_MS);
			return;
		}
	}
}

static void due(struct event *t)
{
	work(EVENT_ARG(t));
}

static void readable(struct event *t)
{
	struct conn *c = EVENT_ARG(t);
	uint8_t *space;
	size_t room;
	ssize_t n;

	space = wg_exchange_space(c->x, &room);
	n = read(c->fd, space, room);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		lose(c, AGAIN_MS);
		return;
	}
	wg_exchange_filled(c->x, n < 0 ? 0 : n);
	work(c);
}

static void begin(struct conn *c)
{
	struct wg_exchange_conf conf = {
		.map = &c->of->m->shared,
		.self = c->of->m->self->number,
		.other = c->member,
	};

	wgd_tcp_begin(c->fd);
	c->call_ms = 0;
	c->x = wg_exchange_new(&conf, wgd_now_ms());
	c->of->n_connected++;
	work(c);
}

/* --- connecting */

static void connected(struct event *t)
{
	struct conn *c = EVENT_ARG(t);
	socklen_t len = sizeof(int);
	int error = 0;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		wgd_exchange_hang_up(c, AGAIN_MS);
		return;
	}
	event_cancel(&c->t_due);
	begin(c);
}

static void gave_up(struct event *t)
{
	struct conn *c = EVENT_ARG(t);

	wgd_exchange_hang_up(c, 0);
	wgd_exchange_look(c->of);
}

static void call(struct conn *c, const struct wgd_mesh_member *member)
{
	c->fd = wgd_tcp_connect(&c->of->own, &member->linklocal);
	if (c->fd < 0) {
		wgd_exchange_hang_up(c, AGAIN_MS);
		return;
	}
	/* the first packet is lost where a device has no such peer yet */
	c->call_ms = c->call_ms ? MIN(2 * c->call_ms, AGAIN_MS) : FIRST_MS;
	event_add_timer_msec(wgd.master, gave_up, c, c->call_ms, &c->t_due);
	event_add_write(wgd.master, connected, c, c->fd, &c->t_write);
}

/* --- being called */

static void accepted(struct event *t)
{
	struct wgd_exchange *x = EVENT_ARG(t);
	struct wgd_mesh_member *member;
	char text[WG_ADDR_STRLEN];
	int64_t now = wgd_now_ms();
	struct wg_addr from;
	struct conn *c;
	int fd = wgd_tcp_accept(x->fd, &from);

	if (fd == -EMFILE || fd == -ENFILE) { /* it waits, and would wake us */
		zlog_warn("%s: mesh: no room for another connection: %s (MAX_FDS in /etc/frr/daemons)",
			  x->m->wif->name, safe_strerror(-fd));
		event_add_timer(wgd.master, accepted, x, 10, &x->t_accept);
		return;
	}
	event_add_read(wgd.master, accepted, x, x->fd, &x->t_accept);
	if (fd < 0)
		return;
	member = wgd_mesh_by_linklocal(x->m, &from);
	c = member ? wgd_exchange_get(x, member->number) : NULL;
	if (!c)
		wgd_drop(&x->m->drops, WGD_DROP_NO_MEMBER,
			 wg_addr_str(&from, text), "a connection");
	if (!c || now - c->let_in_ms < AGAIN_MS ||
	    (c->fd < 0 && c->not_before_ms - now > AGAIN_MS)) {
		close(fd);
		return;
	}
	wgd_exchange_hang_up(c, 0);
	c->let_in_ms = now;
	c->fd = fd;
	begin(c);
}

static void deafen(struct wgd_exchange *x)
{
	event_cancel(&x->t_accept);
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
}

static void look_again(struct event *t)
{
	wgd_exchange_look(EVENT_ARG(t));
}

/* Only hubs are called. */
static void listen_at(struct wgd_exchange *x)
{
	deafen(x);
	if (!x->m->is_hub)
		return;
	x->fd = wgd_tcp_listen(&x->own);
	if (x->fd >= 0) /* else the address is not there yet */
		event_add_read(wgd.master, accepted, x, x->fd, &x->t_accept);
}

/* --- all of them */

static void tell_all(struct wgd_exchange *x, uint32_t member, bool connected)
{
	struct conn *c;

	if (!x->m->is_hub)
		return;
	frr_each (conns, &x->conns, c)
		if (c->x && c->member != member && wg_exchange_is_up(c->x)) {
			wg_exchange_tell(c->x, member, connected, wgd_now_ms());
			arm(c, false);
		}
}

struct wgd_exchange *wgd_exchange_new(struct wgd_mesh *m)
{
	struct wgd_exchange *x = XCALLOC(MTYPE_WGD_EXCHANGE, sizeof(*x));

	x->m = m;
	x->fd = -1;
	conns_init(&x->conns);
	wgd_map_hash(m->map, m->shared.hash);
	return x;
}

void wgd_exchange_delete(struct wgd_exchange **at)
{
	struct wgd_exchange *x = *at;
	struct conn *c;

	if (!x)
		return;
	while ((c = conns_first(&x->conns)))
		wgd_exchange_forget(c);
	conns_fini(&x->conns);
	deafen(x);
	event_cancel(&x->t_look);
	XFREE(MTYPE_WGD_EXCHANGE, *at);
}

/*
 * A member whose wgd is away goes on as long as its tunnel does: what it
 * announces stays its own, for it forwards.
 */
static void look_live(struct conn *c)
{
	const struct wgd_mesh_member *member = wgd_exchange_member(c);
	bool live = (c->x && wg_exchange_is_up(c->x)) ||
		    wgd_now_ms() - c->lost_ms < WG_EXCHANGE_DEAD_MS ||
		    (member && member->peer &&
		     wg_peer_state(member->peer->peer) == WG_PEER_UP);

	if (!c->is_live || live)
		return; /* it becomes so when it is connected */
	c->is_live = false;
	tell_all(c->of, c->member, false);
	wgd_mesh_act(c->of->m);
}

/* Which link, with which address. */
static void follow_link(struct wgd_exchange *x)
{
	struct wgd_tcp own = wgd_tcp_own(x->m->wif);
	struct conn *c;

	if (own.ifindex == x->own.ifindex &&
	    wg_addr_same(&own.addr, &x->own.addr))
		return;
	x->own = own;
	frr_each (conns, &x->conns, c)
		wgd_exchange_hang_up(c, 0);
	deafen(x);
}

void wgd_exchange_look(struct wgd_exchange *x)
{
	const struct wgd_mesh_member *member;
	int64_t now = wgd_now_ms();
	struct conn *c;
	size_t i;

	event_cancel(&x->t_look);
	event_add_timer_msec(wgd.master, look_again, x, AGAIN_MS, &x->t_look);
	follow_link(x);
	frr_each_safe (conns, &x->conns, c) {
		member = wgd_exchange_member(c);
		if (!member || member->refused)
			wgd_exchange_forget(c);
		else
			look_live(c);
	}
	if (!x->own.ifindex || !x->own.addr.family)
		return;
	if (x->fd < 0)
		listen_at(x);
	for (i = 0; i < x->m->n_members; i++) {
		member = x->m->members[i];
		if (!wgd_mesh_calls(x->m, member))
			continue;
		c = wgd_exchange_get(x, member->number);
		if (c->fd < 0 && now >= c->not_before_ms)
			call(c, member);
	}
}

void wgd_exchange_flush(struct wgd_exchange *x)
{
	struct conn *c;

	take_waited(x);
	spread(x);
	if (!x->has_news)
		return;
	x->has_news = false;
	frr_each (conns, &x->conns, c)
		if (c->x && !c->t_write)
			send_some(c);
}

bool wgd_exchange_is_up(const struct wgd_exchange *x, uint32_t member)
{
	const struct conn *c = wgd_exchange_find(x, member);

	return c && c->x && wg_exchange_is_up(c->x);
}

bool wgd_exchange_is_live(const struct wgd_exchange *x, uint32_t member)
{
	const struct conn *c = wgd_exchange_find(x, member);

	return c && c->is_live;
}

static bool has_hub(const struct wgd_exchange *x,
		    bool (*is)(const struct wg_exchange *x))
{
	const struct conn *c;

	const struct wgd_mesh_member *member;

	frr_each (conns_const, &x->conns, c) {
		member = wgd_exchange_member(c);
		if (c->x && is(c->x) && member && member->hub)
			return true;
	}
	return false;
}

bool wgd_exchange_has_hub(const struct wgd_exchange *x)
{
	return has_hub(x, wg_exchange_is_up);
}

bool wgd_exchange_is_synced(const struct wgd_exchange *x)
{
	return has_hub(x, wg_exchange_is_same);
}

bool wgd_exchange_has_all(const struct wgd_exchange *x)
{
	return has_hub(x, wg_exchange_has_theirs);
}
