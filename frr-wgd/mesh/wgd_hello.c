// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hellos.
 *
 * A site asks all hubs: the one that relays data for it every
 * WG_HELLO_OFTEN_MS, any other every WG_HELLO_SELDOM_MS.  It asks another site
 * only when it moved it to another hub, CALLS times or until an answer comes,
 * so that the other end learns the way; and as often as its path wants.  Hubs
 * ask nobody.
 *
 * Who can send this: who holds the WireGuard key that a link-local address
 * belongs to, for WireGuard lets nothing else come from it, the socket hears
 * nothing but the tunnels (wgd_tcp.c), and only a member that is a peer is
 * heard. It costs what lib/core/wg_hello.h lets in of each; in one turn of the
 * loop TURN datagrams are read. What it says it says of itself only: that it is
 * there.
 *
 * Is there data?  The device counts what goes to and comes from each peer, and
 * is read every few seconds; handshakes and hellos to the peer count, too.  So
 * it may take a reading until a hub that begins to relay is asked often.
 *
 * Only who is asked is looked at when a question is due: with 50 direct paths
 * that is 250 times a second, and there may be a thousand members.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/mesh/wgd_hello.h"
#include "frr-wgd/mesh/wgd_path.h"
#include "frr-wgd/mesh/wgd_tcp.h"

DEFINE_MTYPE_STATIC(WGD, WGD_HELLO, "WireGuard mesh hellos");

DECLARE_DLIST(wgd_askeds, struct wgd_mesh_member, asked);

#define TURN 64
#define AGAIN_MS 1000 /* to open the socket, and to look for data */
#define DATA_MS 15000
#define CALLS 5
#define CALL_IN_MS 20 /* the device has the new endpoint then */
#define NUMBER_MS 64  /* of the wall's clock: more than we ever say */

struct wgd_hello {
	struct wgd_mesh *m;
	struct wgd_tcp own;
	int fd; /* -1: none */
	int64_t counted_ms, looked_ms;
	struct wgd_askeds_head askeds; /* of whom something is due */
	struct event *t_read, *t_due;
};

/* --- what is known of a member */

void wgd_hello_met(struct wgd_mesh_member *member)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	wg_hello_init(&member->hello,
		      (tv.tv_sec * UINT64_C(1000) + tv.tv_usec / 1000) /
			      NUMBER_MS,
		      wgd_now_ms());
}

bool wgd_hello_has_data(const struct wgd_mesh_member *member)
{
	return member->data_ms && wgd_now_ms() - member->data_ms < DATA_MS;
}

static void arm(struct wgd_hello *h, int64_t due);

/* Something is due with it, or not any more. */
static void note(struct wgd_hello *h, struct wgd_mesh_member *member)
{
	int64_t due = wg_hello_due(&member->hello);
	bool is_asked = wgd_askeds_anywhere(member);

	if (due >= 0 && !is_asked)
		wgd_askeds_add_tail(&h->askeds, member);
	else if (due < 0 && is_asked)
		wgd_askeds_del(&h->askeds, member);
	if (due >= 0)
		arm(h, due);
}

void wgd_hello_forget(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	if (m->hello && wgd_askeds_anywhere(member))
		wgd_askeds_del(&m->hello->askeds, member);
}

void wgd_hello_moved(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	if (!m->hello || !member->peer ||
	    !(wgd_hello_has_data(member) || wgd_peer_in_session(member->peer)))
		return;
	wg_hello_call(&member->hello, CALLS, CALL_IN_MS, wgd_now_ms());
	note(m->hello, member);
}

/*
 * Sites whose counters moved, and by which hubs they are relayed: the device may
 * have another one than ours, since the other end chooses, too.
 */
static uint8_t count(struct wgd_mesh *m)
{
	uint8_t busy = 0;
	size_t i;

	for (i = 0; i < m->n_members; i++) {
		struct wgd_mesh_member *member = m->members[i];
		uint64_t bytes;
		uint8_t hub;
		bool down;

		if (member->hub || !member->peer)
			continue;
		down = wg_peer_state(member->peer->peer) == WG_PEER_DOWN;
		if (down != member->is_down)
			wgd_mesh_act(m); /* it may be dead, or no more */
		member->is_down = down;
		bytes = member->peer->seen.rx_bytes +
			member->peer->seen.tx_bytes;
		if (bytes != member->bytes)
			member->data_ms = wgd_now_ms();
		member->bytes = bytes;
		hub = wgd_mesh_hub_at(m, member) ?: member->relay;
		if (hub && wgd_hello_has_data(member) &&
		    !wgd_path_is_direct(member))
			busy |= wg_relay_bit(hub);
	}
	return busy;
}

static unsigned every_ms(const struct wgd_mesh *m,
			 const struct wgd_mesh_member *member)
{
	if (m->is_hub || !member->peer)
		return 0;
	if (!member->hub)
		return wgd_path_hello_ms(m, member);
	if (member->hello.state == WG_HELLO_IS_LOST ||
	    (member->hello.state == WG_HELLO_ALIVE &&
	     !(m->busy & wg_relay_bit(member->hub))))
		return WG_HELLO_SELDOM_MS;
	return WG_HELLO_OFTEN_MS;
}

static void tell_change(struct wgd_mesh *m,
			const struct wgd_mesh_member *member,
			enum wg_hello_state before)
{
	enum wg_hello_state state = member->hello.state;

	if (state == before || !member->hub)
		return;
	if (wg_hello_is_news(before, state))
		zlog(state == WG_HELLO_IS_LOST ? LOG_NOTICE : LOG_INFO,
		     "%s: mesh: hub %s: %s, was %s%s", m->wif->name,
		     member->name, wg_hello_state_str(state),
		     wg_hello_state_str(before),
		     state == WG_HELLO_IS_LOST ? ": it does not answer" : "");
	wgd_mesh_act(m);
}

/* --- in and out */

static void say(struct wgd_hello *h, const struct wgd_mesh_member *member,
		struct wg_hello_msg *msg)
{
	struct sockaddr_in6 to = wgd_tcp_sockaddr(&h->own, &member->linklocal,
						  WG_HELLO_PORT);
	uint8_t b[WG_HELLO_MAX];
	size_t len;

	msg->path = h->m->is_hub || member->hub ? WG_HELLO_START
						: wgd_path_state(member);
	msg->sequence = member->sequence;
	len = wg_hello_encode(msg, b);
	/* what it does not take is lost */
	sendto(h->fd, b, len, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to));
}

static void hear(struct wgd_hello *h, const uint8_t *b, size_t len,
		 const struct sockaddr_in6 *from)
{
	struct wgd_mesh_member *member;
	struct wg_hello_msg msg, answer;
	struct wg_addr at = {.family = AF_INET6};
	enum wg_hello_state before;
	enum wg_hello_news news;

	memcpy(at.b, &from->sin6_addr, sizeof(from->sin6_addr));
	member = wgd_mesh_by_linklocal(h->m, &at);
	if (!member || !member->peer || ntohs(from->sin6_port) != WG_HELLO_PORT ||
	    wg_hello_decode(b, len, &msg) < 0)
		return;
	before = member->hello.state;
	news = wg_hello_hear(&member->hello, &msg, wgd_now_ms(), &answer);
	if (news >= WG_HELLO_QUESTION)
		wgd_path_heard(h->m, member, &msg, news == WG_HELLO_ANSWER);
	if (news == WG_HELLO_QUESTION)
		say(h, member, &answer);
	tell_change(h->m, member, before);
}

static void hear_all(struct wgd_hello *h)
{
	uint8_t b[WG_HELLO_MAX + 1];
	struct sockaddr_in6 from;
	socklen_t len;
	unsigned i;
	ssize_t n;

	for (i = 0; i < TURN; i++) {
		len = sizeof(from);
		n = recvfrom(h->fd, b, sizeof(b), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len);
		if (n < 0)
			return;
		hear(h, b, n, &from);
	}
}

static void readable(struct event *t)
{
	struct wgd_hello *h = EVENT_ARG(t);

	hear_all(h);
	event_add_read(wgd.master, readable, h, h->fd, &h->t_read);
}

/* --- the socket */

static void shut(struct wgd_hello *h)
{
	event_cancel(&h->t_read);
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

static void open_at(struct wgd_hello *h, const struct wgd_tcp *own)
{
	if (h->fd >= 0 && own->ifindex == h->own.ifindex &&
	    wg_addr_same(&own->addr, &h->own.addr))
		return;
	shut(h);
	h->own = *own;
	if (!own->ifindex || !own->addr.family)
		return;
	h->fd = wgd_tcp_datagrams(own, WG_HELLO_PORT);
	if (h->fd < 0)
		h->fd = -1; /* the address is not there yet */
	else
		event_add_read(wgd.master, readable, h, h->fd, &h->t_read);
}

/* --- time */

/* On a direct path a lost answer is found out in less than half an interval. */
static void ask(struct wgd_hello *h, struct wgd_mesh_member *member,
		int64_t now)
{
	unsigned ms = every_ms(h->m, member);

	wg_hello_ask(&member->hello, ms, now);
	if (!member->hub && ms)
		wg_hello_hurry(&member->hello, ms / 2);
}

static void tick_one(struct wgd_hello *h, struct wgd_mesh_member *member,
		     int64_t now)
{
	enum wg_hello_state before = member->hello.state;
	uint64_t lost = member->hello.lost;
	struct wg_hello_msg msg;

	ask(h, member, now);
	if (wg_hello_tick(&member->hello, now, &msg))
		say(h, member, &msg);
	tell_change(h->m, member, before);
	if (member->hello.lost != lost &&
	    member->hello.state == WG_HELLO_IS_LOST)
		wgd_path_lost(h->m, member);
	note(h, member);
}

/* Who is asked may be another now, of all members. */
static void tick_all(struct wgd_hello *h)
{
	struct wgd_mesh *m = h->m;
	size_t i;

	h->looked_ms = wgd_now_ms();
	for (i = 0; h->fd >= 0 && i < m->n_members; i++)
		tick_one(h, m->members[i], h->looked_ms);
	arm(h, h->looked_ms + AGAIN_MS);
}

static void tick(struct wgd_hello *h)
{
	int64_t now = wgd_now_ms();
	struct wgd_mesh_member *member;

	frr_each_safe (wgd_askeds, &h->askeds, member)
		tick_one(h, member, now);
	arm(h, h->looked_ms + AGAIN_MS);
}

static void is_due(struct event *t)
{
	struct wgd_hello *h = EVENT_ARG(t);

	if (h->fd >= 0)
		hear_all(h); /* before anything is lost */
	if (h->fd < 0 || wgd_now_ms() - h->looked_ms >= AGAIN_MS)
		wgd_hello_look(h->m);
	else
		tick(h);
}

static void arm(struct wgd_hello *h, int64_t due)
{
	int64_t ms = MAX(due - wgd_now_ms(), 1);

	if (h->t_due && event_timer_remain_msec(h->t_due) <= (unsigned long)ms)
		return;
	event_cancel(&h->t_due);
	event_add_timer_msec(wgd.master, is_due, h, ms, &h->t_due);
}

/* --- for paths */

void wgd_hello_asks(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	ask(m->hello, member, wgd_now_ms());
	note(m->hello, member);
}

void wgd_hello_say(struct wgd_mesh *m, struct wgd_mesh_member *member,
		   uint8_t kind, const struct wg_endpoint *place)
{
	struct wg_hello_msg msg;

	if (m->hello->fd < 0)
		return;
	wg_hello_say(&member->hello, kind, wgd_now_ms(), &msg);
	if (place)
		msg.place = *place;
	say(m->hello, member, &msg);
}

/* --- life */

void wgd_hello_new(struct wgd_mesh *m)
{
	m->hello = XCALLOC(MTYPE_WGD_HELLO, sizeof(*m->hello));
	m->hello->m = m;
	m->hello->fd = -1;
	wgd_askeds_init(&m->hello->askeds);
}

void wgd_hello_delete(struct wgd_mesh *m)
{
	if (!m->hello)
		return;
	event_cancel(&m->hello->t_due);
	shut(m->hello);
	wgd_askeds_fini(&m->hello->askeds);
	XFREE(MTYPE_WGD_HELLO, m->hello);
}

void wgd_hello_look(struct wgd_mesh *m)
{
	struct wgd_hello *h = m->hello;
	struct wgd_tcp own = wgd_tcp_own(m->wif);
	int64_t now = wgd_now_ms();

	open_at(h, &own);
	if (!m->is_hub && now - h->counted_ms >= AGAIN_MS) {
		m->busy = count(m);
		h->counted_ms = now;
	}
	tick_all(h);
}
