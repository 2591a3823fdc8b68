// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who connects to us, until it is known who that is.
 *
 * Who can send this: everybody whose packets get here.  The kernel drops what
 * is not from a member's address, or comes in by a tunnel of ours, before TCP
 * looks at it (lib/backend/wg_tcp.h): a stranger gets no answer, takes no
 * place, and costs us nothing.  The same is looked at once more here, where a
 * connection may be older than the last change of the members.
 *
 * Who has a member's address and not the key (its other users, or who is on the
 * path) gets a connection and not one byte: who connects speaks first, and its
 * HELLO proves that it has the key, between the two addresses in use
 * (lib/backend/wg_groupkey.h).  Only that is answered, and only once: the last
 * SEEN of them are remembered.  A HELLO that somebody recorded before that is
 * answered, too, but nothing can follow it: the first frame is sealed with what
 * we answered, and only with it the connection becomes the member's, in place
 * of an earlier one.
 *
 * What it costs: callers without a proof have UNPROVEN places for each address
 * of a member, those with one PROVEN, for CALLER_MS; the oldest *of the same
 * kind and address* makes room for the next.  So who has no key takes no place
 * of who has, and none of another member.  Who has a proof has SPEAK_MS for its
 * first frame before it makes room: till then the next one has to come again,
 * as recorded HELLOs must not push out who is about to say more.  One read is made of a caller without
 * a proof, of at most a HELLO.  All of it together may use one SHARE-th of a
 * processor: who was accepted for longer waits in the kernel's queue.  One line
 * is logged in LOG_MS, with the number of those that had none; another version
 * of the protocol has a line of its own.
 *
 * What it can never do: push out a member, or one that is about to become one,
 * ban it, be told anything, or be heard.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "log.h"
#include "network.h"
#include "vrf.h"

#include "frr-wgd/base/wgd_convert.h"
#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/gateway/wgd_talk.h"
#include "lib/backend/wg_tcp.h"

DEFINE_MTYPE_STATIC(WGD, WGD_CALLER, "WireGuard gateway group caller");

#define UNPROVEN 16
#define PROVEN 16
#define SEEN 256 /* HELLOs: as many as come in minutes, if they fail */
#define CALLER_MS 5000
#define SPEAK_MS 1000
#define QUEUE 512    /* in the kernel */
#define TURN 32	     /* accepted in one turn of the loop */
#define SHARE 10     /* of a processor: one of so many parts */
#define BURST_US 500 /* of a processor, used at once */
#define NO_ROOM_MS 1000
#define LOG_MS 60000

struct caller {
	struct caller *next;
	struct wg_addr from, to;
	uint8_t hello[WG_GROUP_HELLO_LEN];
	size_t hello_len;
	struct wg_group_msg said; /* in it, once it is proven */
	int64_t proven_ms; /* when; 0: it is not */
	struct wgd_conn conn;
	struct event *t_end;
};

static struct caller *callers; /* the newest first */
static struct listener {
	int fd;
	struct event *t;
} listeners[2] = {{.fd = -1}, {.fd = -1}};

static int64_t spent_us; /* of the processor, since the last pause */
/* Lines that may be wanted very often; the last one, and how many were not. */
static struct notes {
	int64_t ms;
	uint64_t n;
} strangers, other_version;

static void caller_end(struct caller *c)
{
	struct caller **at = &callers;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	event_cancel(&c->t_end);
	wgd_conn_close(&c->conn);
	XFREE(MTYPE_WGD_CALLER, c);
}

static void too_late(struct event *t)
{
	caller_end(EVENT_ARG(t));
}

/* Somebody is sent away without an answer; it may be one of very many. */
static void note(struct notes *notes, const struct wg_addr *from,
		 const char *why)
{
	int64_t now = wgd_now_ms();
	char text[WG_ADDR_STRLEN];

	if (notes->ms && now - notes->ms < LOG_MS) {
		notes->n++;
		return;
	}
	zlog_info("gateway group: closed a connection from %s: %s (%" PRIu64
		  " more since the last such line)",
		  wg_addr_str(from, text), why, notes->n);
	notes->ms = now;
	notes->n = 0;
}

/* --- who may come this far */

/* In how many groups is a member with this address? */
static unsigned groups_of(const struct wg_addr *addr)
{
	struct wgd_group *g;
	unsigned n = 0;

	for (g = wgd_group_first(); g; g = g->next)
		n += wgd_group_member(g, addr) != NULL;
	return n;
}

/* Is it an address of tunnels of ours, and of nothing else? */
static bool is_of_tunnel(const struct wg_addr *addr)
{
	struct vrf *vrf = vrf_lookup_by_id(VRF_DEFAULT);
	struct listnode *node __attribute__((unused));
	bool found = false;
	struct interface *ifp;
	struct connected *c;

	FOR_ALL_INTERFACES (vrf, ifp)
		wgd_compat_each_connected (ifp, node, c) {
			if (c->address->family != addr->family ||
			    memcmp(&c->address->u.prefix, addr->b,
				   wg_family_bytes(addr->family)) != 0)
				continue;
			if (!wgd_if_find_index(ifp->ifindex))
				return false;
			found = true;
		}
	return found;
}

/* TCP's filters want CAP_NET_ADMIN on newer kernels (6.18; others did not). */
static int guard_one(int fd, uint8_t family, const struct wg_tcp_guard *guard)
{
	int rc = 0;

	frr_with_privs (&wgd_privs) {
		rc = wg_tcp_guard(fd, family, guard);
	}
	return rc;
}

/* The oldest of the same kind and address makes room, if it is time. */
static bool make_room(const struct wg_addr *from, bool proven)
{
	unsigned n = 0, places = groups_of(from) * (proven ? PROVEN : UNPROVEN);
	struct caller *c, *oldest = NULL;

	for (c = callers; c; c = c->next)
		if ((c->proven_ms != 0) == proven &&
		    wg_addr_same(&c->from, from)) {
			if (!oldest || c->proven_ms <= oldest->proven_ms)
				oldest = c;
			n++;
		}
	if (!n || n < places)
		return true;
	if (proven && wgd_now_ms() - oldest->proven_ms < SPEAK_MS)
		return false;
	caller_end(oldest);
	return true;
}

void wgd_listen_guard(void)
{
	static const uint8_t families[2] = {AF_INET, AF_INET6};
	struct wg_tcp_guard guard = {};
	struct wg_addr *from = NULL;
	uint32_t *not_by = NULL;
	struct wgd_group *g;
	unsigned m, i;
	int rc;

	if (listeners[0].fd < 0 && listeners[1].fd < 0)
		return;
	for (g = wgd_group_first(); g; g = g->next)
		for (m = 0; m < WG_GROUP_MEMBERS; m++) {
			if (!g->member[m])
				continue;
			from = XREALLOC(MTYPE_WGD_CALLER, from,
					(guard.n_from + 1) * sizeof(*from));
			from[guard.n_from++] = g->member[m]->addr;
		}
	wgd_each_if (wif) {
		if (!wif->link->ifindex)
			continue;
		not_by = XREALLOC(MTYPE_WGD_CALLER, not_by,
				  (guard.n_not_by + 1) * sizeof(*not_by));
		not_by[guard.n_not_by++] = wif->link->ifindex;
	}
	guard.from = from;
	guard.not_by = not_by;
	for (i = 0; i < array_size(listeners); i++) {
		if (listeners[i].fd < 0)
			continue;
		rc = guard_one(listeners[i].fd, families[i], &guard);
		if (rc < 0)
			zlog_warn(
				"gateway group: strangers reach TCP port %u, and are sent away only then: %s",
				wgd.group_port, safe_strerror(-rc));
	}
	XFREE(MTYPE_WGD_CALLER, from);
	XFREE(MTYPE_WGD_CALLER, not_by);
}

/* --- it has proved that it has the key */

static void spoke(struct event *t)
{
	struct caller *c = EVENT_ARG(t);
	struct wg_group_msg msg;
	struct wgd_member *m;
	struct wgd_group *g;
	int rc = wgd_conn_read(&c->conn);

	if (rc >= 0)
		rc = wgd_conn_next(&c->conn, &msg);
	if (rc == 0) {
		event_add_read(wgd.master, spoke, c, c->conn.fd,
			       &c->conn.t_read);
		return;
	}
	/* group, key or member may be others meanwhile */
	g = wgd_group_find(c->said.hello.group);
	m = g ? wgd_group_member(g, &c->from) : NULL;
	if (rc == 1 && m)
		wgd_talk_adopt(m, &c->conn, &c->said, &msg);
	caller_end(c);
}

static void answer(struct caller *c, struct wgd_group *g, bool banned)
{
	struct wg_group_msg msg = {.kind = WG_GROUP_BYE, .why = WG_BYE_FLOOD};
	uint8_t header[WG_GROUP_HEADER];
	int fd = c->conn.fd, one = 1;

	if (!make_room(&c->from, true)) {
		note(&strangers, &c->from, "too many at once have a HELLO");
		caller_end(c);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
	c->proven_ms = wgd_now_ms();
	wgd_conn_open(&c->conn, fd);
	wg_groupstream_key(g->key, c->hello, NULL, &c->conn.sent);
	wgd_conn_begin(&c->conn, header);
	wg_groupstream_key(g->key, c->hello, header, &c->conn.heard);
	if (!banned)
		wgd_talk_hello(g, &msg);
	wgd_conn_put(&c->conn, &msg);
	if (wgd_conn_write(&c->conn) < 0 || banned)
		caller_end(c);
	else
		event_add_read(wgd.master, spoke, c, fd, &c->conn.t_read);
}

/* --- nobody vouches for it yet */

/* Do all groups that have this member have their keys? */
static bool has_keys(const struct wg_addr *addr)
{
	struct wgd_group *g = wgd_group_first();

	while (g && (g->key || !wgd_group_member(g, addr)))
		g = g->next;
	return !g;
}

/* A recorded HELLO would take the place of who is about to say more. */
static bool is_seen(const struct wg_group_hello *hello)
{
	static uint8_t seen[SEEN][WG_GROUP_NONCE];
	static unsigned next;
	unsigned i;

	for (i = 0; i < SEEN; i++)
		if (!memcmp(seen[i], hello->nonce, WG_GROUP_NONCE))
			return true;
	memcpy(seen[next++ % SEEN], hello->nonce, WG_GROUP_NONCE);
	return false;
}

/* NULL: it is right. */
static const char *wrong(struct caller *c, struct wgd_group **ret)
{
	const struct wg_group_hello *hello = &c->said.hello;

	*ret = wgd_group_find(hello->group);
	if (!*ret)
		return has_keys(&c->from)
			       ? "it has another private key"
			       : "our own private key is not known yet";
	if (!wgd_group_member(*ret, &c->from))
		return "it is no member of the group that it names";
	if (!wg_groupkey_is_proof((*ret)->key, &c->from, &c->to, c->hello))
		return "it does not prove that it has the private key";
	if (is_seen(hello))
		return "its HELLO came before";
	return NULL;
}

/* All of its HELLO is here. */
static void judge(struct caller *c)
{
	struct wgd_group *g = NULL;
	const char *why;
	char text[80];

	if (wg_group_hello_decode(c->hello, &c->said) < 0) {
		why = "it does not speak the protocol of gateway groups";
	} else if (c->said.hello.version != WG_GROUP_VERSION) {
		snprintf(
			text, sizeof(text),
			"it speaks version %u of the protocol, this gateway version %u",
			c->said.hello.version, WG_GROUP_VERSION);
		note(&other_version, &c->from, text);
		caller_end(c);
		return;
	} else {
		why = wrong(c, &g);
	}
	if (!why) {
		answer(c, g, wgd_talk_is_banned(wgd_group_member(g, &c->from)));
		return;
	}
	note(&strangers, &c->from, why);
	caller_end(c);
}

static void called(struct event *t);

static void hear(struct caller *c)
{
	ssize_t n = read(c->conn.fd, c->hello + c->hello_len,
			 sizeof(c->hello) - c->hello_len);

	if (n > 0)
		c->hello_len += n;
	if (c->hello_len == sizeof(c->hello)) {
		judge(c);
	} else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		note(&strangers, &c->from, "it said nothing");
		caller_end(c);
	} else {
		event_add_read(wgd.master, called, c, c->conn.fd,
			       &c->conn.t_read);
	}
}

static void called(struct event *t)
{
	int64_t began = wgd_cpu_us();

	hear(EVENT_ARG(t));
	spent_us += wgd_cpu_us() - began;
}

static void arrived(int fd)
{
	int whole = WG_GROUP_HELLO_LEN;
	struct wg_addr from, to;
	struct caller *c;
	const char *why = NULL;

	wgd_conn_address(fd, true, &from);
	wgd_conn_address(fd, false, &to);
	if (!groups_of(&from))
		why = "no member has that address";
	else if (is_of_tunnel(&to))
		why = "it is to an address in a tunnel";
	if (why) {
		note(&strangers, &from, why);
		close(fd);
		return;
	}
	/* one event for all of it */
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &whole, sizeof(whole));
	make_room(&from, false);
	c = XCALLOC(MTYPE_WGD_CALLER, sizeof(*c));
	c->conn.fd = fd;
	c->from = from;
	c->to = to;
	c->next = callers;
	callers = c;
	event_add_timer_msec(wgd.master, too_late, c, CALLER_MS, &c->t_end);
	hear(c);
}

/* --- the door */

static void accepted(struct event *t)
{
	struct listener *l = EVENT_ARG(t);
	int64_t began = wgd_cpu_us();
	int fd = -1, error = 0;
	unsigned i, ms = 0;

	for (i = 0; i < TURN; i++) {
		fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			error = errno;
			break;
		}
		arrived(fd);
	}
	spent_us += wgd_cpu_us() - began;
	if (error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM) {
		zlog_warn("gateway group: nobody is let in for %u ms: %s",
			  NO_ROOM_MS, safe_strerror(error));
		ms = NO_ROOM_MS;
	}
	if (spent_us >= BURST_US) {
		ms = MAX(ms, spent_us * (SHARE - 1) / 1000);
		spent_us = 0;
	}
	if (ms)
		event_add_timer_msec(wgd.master, accepted, l, ms, &l->t);
	else
		event_add_read(wgd.master, accepted, l, l->fd, &l->t);
}

static void open_one(struct listener *l, int family)
{
	struct wg_addr any = {.family = family};
	struct wg_tcp_guard nobody = {};
	union sockunion su;
	int one = 1;

	if (l->fd >= 0)
		return;
	l->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return; /* no IPv6 here, perhaps */
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	guard_one(l->fd, family, &nobody); /* until there are members */
	if (bind(l->fd, &su.sa,
		 wgd_convert_sockaddr(&any, wgd.group_port, &su)) < 0 ||
	    listen(l->fd, QUEUE) < 0 || set_nonblocking(l->fd) < 0) {
		zlog_err("gateway group: TCP port %u: %s", wgd.group_port,
			 safe_strerror(errno));
		close(l->fd);
		l->fd = -1;
		return;
	}
	event_add_read(wgd.master, accepted, l, l->fd, &l->t);
}

void wgd_listen_start(void)
{
	open_one(&listeners[0], AF_INET);
	open_one(&listeners[1], AF_INET6);
}

void wgd_listen_stop(void)
{
	unsigned i;

	while (callers)
		caller_end(callers);
	for (i = 0; i < array_size(listeners); i++) {
		event_cancel(&listeners[i].t);
		if (listeners[i].fd >= 0)
			close(listeners[i].fd);
		listeners[i].fd = -1;
	}
}
