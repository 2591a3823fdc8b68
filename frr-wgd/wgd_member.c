// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other gateways of a group.
 *
 * There are two connections with each, one in each direction: who connects
 * tells, the other only listens (wgd_listen.c).  So there is nothing to be
 * agreed about who connects, and each end begins with a snapshot of its own.
 *
 * A member is dead when BFD says so.  Without BFD it is when there has been no
 * connection for LOST_MS, and when nothing answered to attempts to make one:
 * a connection that is refused shows a machine that lives, and only its wgd
 * does not.  The end of a connection is no death.
 *
 * Who sends what makes no sense, too much, or what cannot be true is cut off:
 * its connection is closed with the reason, and it stays out for a time that
 * doubles with each repetition.  What it is told goes on: it may be right about
 * us.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "if.h"
#include "log.h"
#include "network.h"
#include "sockunion.h"
#include "vrf.h"

#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_member.h"
#include "lib/backend/wg_fib.h"

DEFINE_MTYPE_STATIC(WGD, WGD_MEMBER, "WireGuard gateway group member");

#define CONNECT_MS 3000
#define RETRY_MIN_MS 250
#define RETRY_MAX_MS 5000
#define UNHEARD_MS 5000 /* a keepalive comes each second */
#define LOST_MS 5000
#define BAN_MIN_MS 1000
#define BAN_MAX_MS 60000
#define CLOCK_WARN_MS 1000
#define CLOCK_SURE 4 /* messages, and then it is believed */

static const char *name(const struct wgd_member *m)
{
	static char text[WG_ADDR_STRLEN];

	return wg_addr_str(&m->addr, text);
}

const char *wgd_member_state(const struct wgd_member *m)
{
	static const char *const names[] = {"waiting", "connecting", "greeting",
					    "connected"};

	return names[m->telling];
}

static void set_reason(struct wgd_member *m, const char *why)
{
	if (m->reason && why && strmatch(m->reason, why))
		return;
	XFREE(MTYPE_WGD_STR, m->reason);
	if (why)
		m->reason = XSTRDUP(MTYPE_WGD_STR, why);
}

/* --- alive or dead */

static bool is_connected(const struct wgd_member *m)
{
	return m->telling == WGD_TELL_UP || m->from.fd >= 0;
}

static void judge(struct wgd_member *m)
{
	int64_t now = wgd_now_ms();
	const char *why = "BFD";
	bool dead = false;

	if (is_connected(m))
		m->lost_ms = 0;
	else if (!m->lost_ms)
		m->lost_ms = now;
	switch (m->bfd ? wgd_bfd_status(m->bfd) : WGD_BFD_NONE) {
	case WGD_BFD_DOWN:
		dead = true;
		break;
	case WGD_BFD_UP:
	case WGD_BFD_ADMIN_DOWN:
		break;
	case WGD_BFD_NONE:
		why = "no connection";
		dead = m->lost_ms && m->silent && now - m->lost_ms >= LOST_MS;
		break;
	}
	if (dead != m->dead) {
		m->dead = dead;
		if (dead)
			zlog_warn("%s: gateway %s is dead (%s)",
				  m->group->wif->name, name(m), why);
		else
			zlog_notice("%s: gateway %s is alive again",
				    m->group->wif->name, name(m));
	}
	wg_group_member_dead(m->group->core, m->index, dead, now);
	wgd_group_act(m->group);
}

static void bfd_changed(void *arg, enum wgd_bfd_status status)
{
	judge(arg);
}

/* The link if the member is on it; false: it is further away, or nowhere. */
static bool link_of(const struct wg_addr *addr, struct wg_fib *ret)
{
	struct wg_fib_query q = {.addr = *addr};

	return wg_fib_get(&q, ret) == 0 && !ret->gateway.family && !ret->local;
}

/* Which of our addresses does routing use to it? */
static void local_of(const struct wg_addr *addr, struct wg_addr *ret)
{
	int fd = socket(addr->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union sockunion su;

	*ret = (struct wg_addr){};
	if (fd < 0)
		return;
	if (connect(fd, &su.sa, wgd_conn_sockaddr(addr, 9, &su)) == 0)
		wgd_conn_address(fd, false, ret);
	close(fd);
}

static void look_at_bfd(struct wgd_member *m)
{
	struct wg_addr local = {};
	struct wg_fib fib;

	if (m->wants_bfd)
		local_of(&m->addr, &local);
	/* one that is there outlives the way to it */
	if (m->wants_bfd && (!local.family || wg_addr_same(&local, &m->local)))
		return;
	wgd_bfd_delete(&m->bfd);
	m->local = local;
	if (!m->wants_bfd)
		return;
	m->bfd = wgd_bfd_new(VRF_DEFAULT, &m->addr, &local,
			     link_of(&m->addr, &fib) ? fib.ifname : NULL,
			     m->profile, bfd_changed, m);
}

/* --- how much may be said */

#define TOKENS_MS 20
/* shares */
#define LISTENER 1
#define TELLER 2

/*
 * Some thousand at once, for a snapshot, and then some for each client.  Who
 * tells keeps to half of what who listens allows: what was held up on its way
 * must not look like a flood.
 */
static bool has_token(const struct wgd_member *m, struct wgd_tokens *t, int who)
{
	struct wg_group *core = m->group->core;
	int64_t now = wgd_now_ms(), clients, most;

	clients = wg_group_count(core, WG_ROLE_PASSIVE) +
		  wg_group_count(core, WG_ROLE_TAKING) +
		  wg_group_count(core, WG_ROLE_SERVING);
	most = (2000 + 4 * clients) * 1000 / who;
	t->n += (now - t->ms) * (500 + 2 * clients) / who;
	t->n = MIN(t->n, most);
	t->ms = now;
	return t->n >= 1000;
}

/* --- we tell */

static void stop_telling(struct wgd_member *m, const char *why)
{
	if (m->telling == WGD_TELL_UP)
		zlog_info("%s: gateway %s: connection ended: %s",
			  m->group->wif->name, name(m), why);
	wgd_conn_close(&m->to);
	m->telling = WGD_TELL_WAITING;
	m->since_ms = wgd_now_ms();
	m->retry_ms =
		m->retry_ms ? MIN(m->retry_ms * 2, RETRY_MAX_MS) : RETRY_MIN_MS;
	set_reason(m, why);
	wg_group_member_ready(m->group->core, m->index, false);
	judge(m);
}

static void state_of(struct wgd_group *g, struct wg_group_msg *msg)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	msg->clock_ms = tv.tv_sec * INT64_C(1000) + tv.tv_usec / 1000;
	msg->drained = wg_group_is_drained(g->core);
}

void wgd_member_hello(struct wgd_group *g, struct wg_group_msg *ret)
{
	*ret = (struct wg_group_msg){.kind = WG_GROUP_HELLO};
	ret->hello.version = WG_GROUP_VERSION;
	memcpy(ret->hello.group, g->name, sizeof(g->name));
	wg_groupkey_random(ret->hello.nonce, sizeof(ret->hello.nonce));
	ret->hello.self = wg_group_self(g->core);
	state_of(g, ret);
}

static void tell_more(struct event *t)
{
	wgd_member_tell(EVENT_ARG(t));
}

/* Write; wait if not all could be. */
static bool flush(struct wgd_member *m)
{
	int rc = wgd_conn_write(&m->to);

	if (rc < 0) {
		stop_telling(m, safe_strerror(-rc));
		return false;
	}
	if (m->to.out_len)
		event_add_write(wgd.master, tell_more, m, m->to.fd,
				&m->to.t_write);
	return !m->to.out_len;
}

void wgd_member_tell(struct wgd_member *m)
{
	struct wg_group_msg msg;

	if (m->telling != WGD_TELL_UP)
		return;
	while (flush(m)) {
		while (m->to.out_len + WG_GROUP_FRAME_MAX <= WGD_CONN_OUT_MAX &&
		       has_token(m, &m->tokens_to, TELLER) &&
		       wg_group_next_msg(m->group->core, m->index, wgd_now_ms(),
					 &msg)) {
			wgd_conn_put(&m->to, &msg, true);
			m->tokens_to.n -= 1000;
			m->told++;
		}
		if (!m->to.out_len)
			break;
	}
	if (m->telling == WGD_TELL_UP && !has_token(m, &m->tokens_to, TELLER))
		event_add_timer_msec(wgd.master, tell_more, m, TOKENS_MS,
				     &m->t_tell);
}

static void tell_state(struct wgd_member *m)
{
	struct wg_group_msg msg = {.kind = WG_GROUP_KEEPALIVE};

	state_of(m->group, &msg);
	if (wgd_conn_put(&m->to, &msg, true) == 0)
		flush(m);
}

static void learn(struct wgd_member *m, const struct wg_group_msg *msg)
{
	struct wg_group_msg ours;
	unsigned i;

	state_of(m->group, &ours);
	m->clock[m->n_clock++ % array_size(m->clock)] =
		msg->clock_ms - ours.clock_ms;
	/* a message that was under way for long makes it look slow */
	m->clock_ms = m->clock[0];
	for (i = 1; i < MIN(m->n_clock, array_size(m->clock)); i++)
		m->clock_ms = MAX(m->clock_ms, m->clock[i]);
	if (llabs(m->clock_ms) > CLOCK_WARN_MS && !m->clock_warned &&
	    m->n_clock >= CLOCK_SURE)
		zlog_warn(
			"%s: the clock of gateway %s differs from ours by %" PRId64
			" ms: clients may refuse the handshakes of who is behind",
			m->group->wif->name, name(m), m->clock_ms);
	m->clock_warned =
		llabs(m->clock_ms) > CLOCK_WARN_MS && m->n_clock >= CLOCK_SURE;
	m->drained = msg->drained;
	wg_group_member_drained(m->group->core, m->index, msg->drained);
}

/* The listener's HELLO: it has the key. */
static void greeted(struct wgd_member *m, int len,
		    const struct wg_group_msg *msg)
{
	struct wgd_group *g = m->group;

	wg_groupmac_begin(g->key, m->hello, m->hello_len, msg->hello.nonce,
			  true, &m->to.mac);
	if (!wg_groupmac_check(&m->to.mac, m->to.in, len)) {
		stop_telling(m, wg_bye_str(WG_BYE_KEY));
		return;
	}
	if (msg->hello.self == wg_group_self(g->core)) {
		stop_telling(m, "that is this gateway itself");
		return;
	}
	wg_groupmac_begin(g->key, m->hello, m->hello_len, msg->hello.nonce,
			  false, &m->to.mac);
	m->id = msg->hello.self;
	m->telling = WGD_TELL_UP;
	m->since_ms = wgd_now_ms();
	m->retry_ms = 0;
	m->silent = false;
	set_reason(m, NULL);
	zlog_info("%s: gateway %s: connected", g->wif->name, name(m));
	wg_group_member_id(g->core, m->index, m->id);
	learn(m, msg);
	wg_group_member_ready(g->core, m->index, true);
	tell_state(m);
	judge(m);
}

static void answered(struct event *t)
{
	struct wgd_member *m = EVENT_ARG(t);
	int rc = wgd_conn_read(&m->to), len;
	struct wg_group_msg msg;

	while (rc > 0 && (len = wg_group_frame(m->to.in, m->to.in_len)) > 0) {
		if (wg_group_decode(m->to.in, len, &msg) < 0) {
			rc = -EPROTO;
			break;
		}
		if (msg.kind == WG_GROUP_BYE) {
			/* nobody vouches for it; but it is not worth a lie */
			stop_telling(m, wg_bye_str(msg.why));
			return;
		}
		if (msg.kind != WG_GROUP_HELLO ||
		    m->telling != WGD_TELL_GREETING) {
			rc = -EPROTO;
			break;
		}
		greeted(m, len, &msg);
		if (m->telling != WGD_TELL_UP)
			return;
		wgd_conn_take(&m->to, len);
	}
	if (rc >= 0 && wg_group_frame(m->to.in, m->to.in_len) < 0)
		rc = -EPROTO;
	if (rc < 0)
		stop_telling(m, safe_strerror(-rc));
	else
		event_add_read(wgd.master, answered, m, m->to.fd,
			       &m->to.t_read);
}

static void made(struct event *t)
{
	struct wgd_member *m = EVENT_ARG(t);
	struct wg_group_msg hello;
	socklen_t len = sizeof(int);
	int error = 0;

	getsockopt(m->to.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	m->silent = error == ETIMEDOUT || error == EHOSTUNREACH ||
		    error == ENETUNREACH;
	if (error) {
		stop_telling(m, safe_strerror(error));
		return;
	}
	wgd_member_hello(m->group, &hello);
	wgd_conn_put(&m->to, &hello, false);
	m->hello_len = m->to.out_len;
	memcpy(m->hello, m->to.out, m->hello_len);
	m->telling = WGD_TELL_GREETING;
	event_add_read(wgd.master, answered, m, m->to.fd, &m->to.t_read);
	flush(m);
}

static void call(struct wgd_member *m)
{
	union sockunion su;
	int fd, rc;

	if (!m->group->key || !m->group->read)
		return; /* what we would claim is not known yet */
	m->since_ms = wgd_now_ms();
	fd = socket(m->addr.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || set_nonblocking(fd) < 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	wgd_conn_open(&m->to, fd);
	m->telling = WGD_TELL_CONNECTING;
	rc = connect(fd, &su.sa,
		     wgd_conn_sockaddr(&m->addr, wgd.group_port, &su));
	if (rc < 0 && errno != EINPROGRESS) {
		m->silent = errno == ENETUNREACH || errno == EHOSTUNREACH;
		stop_telling(m, safe_strerror(errno));
		return;
	}
	event_add_write(wgd.master, made, m, fd, &m->to.t_write);
}

/* --- it tells */

static void stop_listening(struct wgd_member *m)
{
	wgd_conn_close(&m->from);
	judge(m);
}

static void cut_off(struct wgd_member *m, enum wg_group_bye why)
{
	struct wg_group_msg bye = {.kind = WG_GROUP_BYE, .why = why};
	int64_t now = wgd_now_ms();

	if (m->banned_ms && now - m->banned_ms > BAN_MAX_MS)
		m->ban_ms = 0;
	m->ban_ms = m->ban_ms ? MIN(m->ban_ms * 2, BAN_MAX_MS) : BAN_MIN_MS;
	m->banned_ms = now + m->ban_ms;
	m->cut_off++;
	zlog_warn("%s: gateway %s: %s: not listening to it for %u ms",
		  m->group->wif->name, name(m), wg_bye_str(why), m->ban_ms);
	set_reason(m, wg_bye_str(why));
	wgd_conn_put(&m->from, &bye, false);
	wgd_conn_write(&m->from);
	stop_listening(m);
	if (why == WG_BYE_LIE)
		wg_group_member_lied(m->group->core, m->index, now);
}

bool wgd_member_is_banned(const struct wgd_member *m)
{
	return wgd_now_ms() < m->banned_ms;
}

/* One frame; 0 or why it is cut off; it may have ended by itself. */
static enum wg_group_bye heard(struct wgd_member *m, int len)
{
	struct wg_group_msg msg;

	if (!wg_groupmac_check(&m->from.mac, m->from.in, len))
		return WG_BYE_KEY;
	if (wg_group_decode(m->from.in, len, &msg) < 0)
		return WG_BYE_PROTOCOL;
	if (!has_token(m, &m->tokens_from, LISTENER))
		return WG_BYE_FLOOD;
	m->tokens_from.n -= 1000;
	m->heard++;
	m->heard_ms = wgd_now_ms();
	wg_group_member_heard(m->group->core, m->index, m->heard_ms);
	switch ((enum wg_group_kind)msg.kind) {
	case WG_GROUP_HELLO:
	case WG_GROUP_KINDS:
		return WG_BYE_PROTOCOL;
	case WG_GROUP_KEEPALIVE:
		learn(m, &msg);
		return 0;
	case WG_GROUP_BYE:
		stop_listening(m);
		return 0;
	default:
		break;
	}
	if (wg_group_told(m->group->core, m->index, &msg, m->heard_ms) < 0)
		return WG_BYE_LIE;
	return 0;
}

static void take_in(struct wgd_member *m)
{
	enum wg_group_bye why = 0;
	int len = 0;

	while (m->from.fd >= 0 && !why &&
	       (len = wg_group_frame(m->from.in, m->from.in_len)) > 0) {
		why = heard(m, len);
		if (m->from.fd >= 0)
			wgd_conn_take(&m->from, len);
	}
	if (!why && len < 0)
		why = WG_BYE_PROTOCOL;
	if (why)
		cut_off(m, why);
	wgd_group_act(m->group);
}

static void came(struct event *t)
{
	struct wgd_member *m = EVENT_ARG(t);
	int rc = wgd_conn_read(&m->from);

	if (rc < 0) {
		stop_listening(m);
		return;
	}
	event_add_read(wgd.master, came, m, m->from.fd, &m->from.t_read);
	take_in(m);
}

void wgd_member_adopt(struct wgd_member *m, struct wgd_conn *c,
		      const struct wg_group_msg *hello)
{
	event_cancel(&c->t_read);
	wgd_conn_close(&m->from);
	m->from = *c;
	m->from.t_read = m->from.t_write = NULL;
	*c = (struct wgd_conn){.fd = -1};
	m->heard_ms = wgd_now_ms();
	m->id = hello->hello.self;
	wg_group_member_id(m->group->core, m->index, m->id);
	learn(m, hello);
	/* it is there: no need to wait longer */
	if (m->telling == WGD_TELL_WAITING)
		call(m);
	event_add_read(wgd.master, came, m, m->from.fd, &m->from.t_read);
	judge(m);
	take_in(m);
}

/* --- life */

static void second(struct event *t)
{
	struct wgd_member *m = EVENT_ARG(t);
	int64_t now = wgd_now_ms();
	unsigned ms = 1000;

	look_at_bfd(m);
	if (m->from.fd >= 0 && now - m->heard_ms > UNHEARD_MS)
		stop_listening(m);
	switch (m->telling) {
	case WGD_TELL_WAITING:
		if (now - m->since_ms >= m->retry_ms)
			call(m);
		ms = RETRY_MIN_MS;
		break;
	case WGD_TELL_CONNECTING:
	case WGD_TELL_GREETING:
		if (now - m->since_ms >= CONNECT_MS) {
			m->silent = m->telling == WGD_TELL_CONNECTING;
			stop_telling(m, safe_strerror(ETIMEDOUT));
		}
		ms = RETRY_MIN_MS;
		break;
	case WGD_TELL_UP:
		tell_state(m);
		break;
	}
	judge(m);
	event_add_timer_msec(wgd.master, second, m, ms, &m->t_second);
}

void wgd_member_reset(struct wgd_member *m, const char *why)
{
	if (m->telling != WGD_TELL_WAITING)
		stop_telling(m, why);
	m->retry_ms = 0;
	wgd_conn_close(&m->from);
	judge(m);
}

void wgd_member_configure(struct wgd_member *m, bool bfd, const char *profile)
{
	bool same = m->wants_bfd == bfd && !m->profile == !profile &&
		    (!profile || strmatch(m->profile, profile));

	if (same)
		return;
	m->wants_bfd = bfd;
	XFREE(MTYPE_WGD_STR, m->profile);
	if (profile)
		m->profile = XSTRDUP(MTYPE_WGD_STR, profile);
	wgd_bfd_delete(&m->bfd);
	m->local = (struct wg_addr){};
	look_at_bfd(m);
}

struct wgd_member *wgd_member_new(struct wgd_group *g, unsigned index,
				  const struct wg_addr *addr)
{
	struct wgd_member *m = XCALLOC(MTYPE_WGD_MEMBER, sizeof(*m));

	m->group = g;
	m->index = index;
	m->addr = *addr;
	m->to.fd = m->from.fd = -1;
	m->tokens_to = m->tokens_from =
		(struct wgd_tokens){INT32_MAX, wgd_now_ms()};
	wg_group_member_add(g->core, index);
	event_add_timer_msec(wgd.master, second, m, 10, &m->t_second);
	return m;
}

void wgd_member_delete(struct wgd_member **member)
{
	struct wg_group_msg bye = {.kind = WG_GROUP_BYE, .why = WG_BYE_END};
	struct wgd_member *m = *member;

	*member = NULL;
	if (!m)
		return;
	event_cancel(&m->t_second);
	event_cancel(&m->t_tell);
	wgd_bfd_delete(&m->bfd);
	if (m->telling == WGD_TELL_UP) {
		wgd_conn_put(&m->to, &bye, true);
		wgd_conn_write(&m->to);
	}
	wgd_conn_close(&m->to);
	wgd_conn_close(&m->from);
	wg_group_member_del(m->group->core, m->index);
	XFREE(MTYPE_WGD_STR, m->profile);
	XFREE(MTYPE_WGD_STR, m->reason);
	XFREE(MTYPE_WGD_MEMBER, m);
}
