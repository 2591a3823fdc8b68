// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who connects to us, until it is known who that is.
 *
 * A stranger costs little: there are at most CALLERS of them, each for at most
 * CALLER_MS, and the oldest makes room for the next, so that who fills all
 * places keeps no member out: a member needs one for two round trips.  It says a HELLO, which names the group by
 * a hash of the public key and has a nonce; we answer with ours, signed; its
 * next frame is signed, too, and only then it is a member, and takes the place
 * of an earlier connection of the same one.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "log.h"
#include "network.h"
#include "sockopt.h"

#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_member.h"

DEFINE_MTYPE_STATIC(WGD, WGD_CALLER, "WireGuard gateway group caller");

#define CALLERS 64
#define CALLER_MS 5000

struct caller {
	struct caller *next;
	struct wgd_conn conn;
	struct wg_addr addr;
	struct wgd_group *group; /* NULL: no HELLO yet */
	struct wgd_member *member;
	struct wg_group_msg hello;
	struct event *t_end;
};

static struct caller *callers;
static unsigned n_callers;
static struct listener {
	int fd;
	struct event *t;
} listeners[2] = {{.fd = -1}, {.fd = -1}};

static void caller_end(struct caller *c)
{
	struct caller **at = &callers;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	n_callers--;
	event_cancel(&c->t_end);
	wgd_conn_close(&c->conn);
	XFREE(MTYPE_WGD_CALLER, c);
}

static void too_late(struct event *t)
{
	caller_end(EVENT_ARG(t));
}

static void refuse(struct caller *c, enum wg_group_bye why)
{
	struct wg_group_msg bye = {.kind = WG_GROUP_BYE, .why = why};
	char text[WG_ADDR_STRLEN];

	wgd_debug_events("gateway group: %s: %s", wg_addr_str(&c->addr, text),
			 wg_bye_str(why));
	wgd_conn_put(&c->conn, &bye, false);
	wgd_conn_write(&c->conn);
	caller_end(c);
}

/* By its address, or by the name that it gave itself when we connected. */
static struct wgd_member *member_of(struct wgd_group *g, const struct caller *c,
				    const struct wg_group_msg *hello)
{
	unsigned m;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m] && wg_addr_same(&g->member[m]->addr, &c->addr))
			return g->member[m];
	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m] && g->member[m]->id == hello->hello.self)
			return g->member[m];
	return NULL;
}

/* True: it goes on. */
static bool greeted(struct caller *c, const uint8_t *frame, size_t len,
		    const struct wg_group_msg *msg)
{
	struct wg_group_msg hello;
	struct wgd_group *g;

	if (msg->kind != WG_GROUP_HELLO) {
		refuse(c, WG_BYE_PROTOCOL);
		return false;
	}
	if (msg->hello.version != WG_GROUP_VERSION) {
		refuse(c, WG_BYE_VERSION);
		return false;
	}
	g = wgd_group_find(msg->hello.group);
	if (!g) {
		refuse(c, WG_BYE_KEY);
		return false;
	}
	c->member = member_of(g, c, msg);
	if (!c->member || wgd_member_is_banned(c->member)) {
		refuse(c, c->member ? WG_BYE_FLOOD : WG_BYE_STRANGER);
		return false;
	}
	c->group = g;
	c->hello = *msg;
	wgd_member_hello(g, &hello);
	wg_groupmac_begin(g->key, frame, len, hello.hello.nonce, true,
			  &c->conn.mac);
	if (wgd_conn_put(&c->conn, &hello, true) < 0 ||
	    wgd_conn_write(&c->conn) < 0) {
		caller_end(c);
		return false;
	}
	wg_groupmac_begin(g->key, frame, len, hello.hello.nonce, false,
			  &c->conn.mac);
	return true;
}

static void called(struct event *t)
{
	struct caller *c = EVENT_ARG(t);
	struct wg_group_msg msg;
	int rc = wgd_conn_read(&c->conn), len;
	struct wg_groupmac mac;

	while (rc >= 0) {
		len = wg_group_frame(c->conn.in, c->conn.in_len);
		if (len == 0)
			break;
		if (len < 0 || wg_group_decode(c->conn.in, len, &msg) < 0) {
			refuse(c, WG_BYE_PROTOCOL);
			return;
		}
		if (!c->group) {
			if (!greeted(c, c->conn.in, len, &msg))
				return;
			wgd_conn_take(&c->conn, len);
			continue;
		}
		/* the member looks at it once more */
		mac = c->conn.mac;
		if (!wg_groupmac_check(&mac, c->conn.in, len)) {
			refuse(c, WG_BYE_KEY);
			return;
		}
		wg_groupmac_wipe(&mac);
		/* the group may have ended meanwhile */
		if (wgd_group_find(c->hello.hello.group) == c->group &&
		    member_of(c->group, c, &c->hello) == c->member)
			wgd_member_adopt(c->member, &c->conn, &c->hello);
		c->conn.fd = -1;
		caller_end(c);
		return;
	}
	if (rc < 0)
		caller_end(c);
	else
		event_add_read(wgd.master, called, c, c->conn.fd,
			       &c->conn.t_read);
}

static void make_room(void)
{
	struct caller *c = callers;

	if (n_callers < CALLERS)
		return;
	while (c->next)
		c = c->next;
	caller_end(c);
}

static void accepted(struct event *t)
{
	struct listener *l = EVENT_ARG(t);
	struct caller *c;
	int fd = accept(l->fd, NULL, NULL);

	event_add_read(wgd.master, accepted, l, l->fd, &l->t);
	if (fd < 0)
		return;
	if (set_nonblocking(fd) < 0) {
		close(fd);
		return;
	}
	make_room();
	c = XCALLOC(MTYPE_WGD_CALLER, sizeof(*c));
	wgd_conn_open(&c->conn, fd);
	wgd_conn_address(fd, true, &c->addr);
	c->next = callers;
	callers = c;
	n_callers++;
	event_add_timer_msec(wgd.master, too_late, c, CALLER_MS, &c->t_end);
	event_add_read(wgd.master, called, c, fd, &c->conn.t_read);
}

static void open_one(struct listener *l, int family)
{
	struct wg_addr any = {.family = family};
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
	if (bind(l->fd, &su.sa, wgd_conn_sockaddr(&any, wgd.group_port, &su)) <
		    0 ||
	    listen(l->fd, CALLERS) < 0 || set_nonblocking(l->fd) < 0) {
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
	for (i = 0; i < 2; i++) {
		event_cancel(&listeners[i].t);
		if (listeners[i].fd >= 0)
			close(listeners[i].fd);
		listeners[i].fd = -1;
	}
}
