// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What two gateways of a group say to each other.
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
 * Who can send what is heard here: who has the key, and who can put bytes into
 * its TCP connection.  What the seal of a frame does not vouch for may be of
 * the latter: the connection is closed, a new one is made within a second, and
 * the member is not blamed.  That is all that it costs, as a forged RST would;
 * and who only listens on the path learns when gateways speak and how much.
 *
 * A member that itself sends what makes no sense, too much, or what cannot be
 * true is cut off: its connection is closed with the reason, and it stays out
 * for a time that doubles with each repetition.  What it is told goes on: it
 * may be right about us.  It can never make us do more than
 * doc/gateway-group.md allows a member, nor read what is told to another one.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"
#include "network.h"
#include "sockunion.h"

#include "frr-wgd/base/wgd_convert.h"
#include "frr-wgd/gateway/wgd_talk.h"
#include "lib/backend/wg_tcp.h"

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

const char *wgd_talk_state(const struct wgd_member *m)
{
	static const char *const names[] = {"waiting", "connecting", "greeting",
					    "connected"};

	return names[m->telling];
}

/* --- alive or dead */

static bool is_connected(const struct wgd_member *m)
{
	return m->telling == WGD_TELL_UP || m->from.fd >= 0;
}

void wgd_talk_judge(struct wgd_member *m)
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

void wgd_talk_stop(struct wgd_member *m, const char *why)
{
	if (m->telling == WGD_TELL_UP)
		zlog_info("%s: gateway %s: connection ended: %s",
			  m->group->wif->name, name(m), why);
	wgd_conn_close(&m->to);
	m->telling = WGD_TELL_WAITING;
	m->since_ms = wgd_now_ms();
	m->retry_ms =
		m->retry_ms ? MIN(m->retry_ms * 2, RETRY_MAX_MS) : RETRY_MIN_MS;
	wgd_str_set(&m->reason, why);
	wg_group_member_ready(m->group->core, m->index, false);
	wgd_talk_judge(m);
}

static void state_of(struct wgd_group *g, struct wg_group_msg *msg)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	msg->clock_ms = tv.tv_sec * INT64_C(1000) + tv.tv_usec / 1000;
	msg->drained = wg_group_is_drained(g->core);
}

void wgd_talk_hello(struct wgd_group *g, struct wg_group_msg *ret)
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
	wgd_talk_tell(EVENT_ARG(t));
}

/* Write; wait if not all could be. */
static bool flush(struct wgd_member *m)
{
	int rc = wgd_conn_write(&m->to);

	if (rc < 0) {
		wgd_talk_stop(m, safe_strerror(-rc));
		return false;
	}
	if (m->to.out_len)
		event_add_write(wgd.master, tell_more, m, m->to.fd,
				&m->to.t_write);
	return !m->to.out_len;
}

void wgd_talk_tell(struct wgd_member *m)
{
	struct wg_group_msg msg;

	if (m->telling != WGD_TELL_UP)
		return;
	while (flush(m)) {
		while (m->to.out_len + WG_GROUP_FRAME_MAX <= WGD_CONN_OUT_MAX &&
		       has_token(m, &m->tokens_to, TELLER) &&
		       wg_group_next_msg(m->group->core, m->index, wgd_now_ms(),
					 &msg)) {
			wgd_conn_put(&m->to, &msg);
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
	if (wgd_conn_put(&m->to, &msg) == 0)
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

/* The listener's HELLO, sealed with what we said: it has the key, now. */
static void greeted(struct wgd_member *m, const struct wg_group_msg *msg)
{
	uint8_t header[WG_GROUP_HEADER];
	struct wgd_group *g = m->group;

	if (msg->hello.self == wg_group_self(g->core)) {
		wgd_talk_stop(m, "that is this gateway itself");
		return;
	}
	wg_groupstream_key(g->key, m->hello, m->to.header, &m->to.sent);
	wgd_conn_begin(&m->to, header);
	m->id = msg->hello.self;
	m->telling = WGD_TELL_UP;
	m->since_ms = wgd_now_ms();
	m->retry_ms = 0;
	m->silent = false;
	wgd_str_set(&m->reason, NULL);
	zlog_info("%s: gateway %s: connected", g->wif->name, name(m));
	wg_group_member_id(g->core, m->index, m->id);
	learn(m, msg);
	wg_group_member_ready(g->core, m->index, true);
	tell_state(m);
	wgd_talk_judge(m);
}

/* What version 1 answers to a HELLO of another one: readable, and the end. */
static bool is_version_1(const struct wgd_conn *c)
{
	static const uint8_t bye[21] = {0, 21, WG_GROUP_BYE, 0, WG_BYE_VERSION};

	return c->in_len == sizeof(bye) && memcmp(c->in, bye, sizeof(bye)) == 0;
}

/* It closed the connection before it showed who it is. */
static void not_greeted(struct wgd_member *m)
{
	const char *version = wg_bye_str(WG_BYE_VERSION);

	if (!is_version_1(&m->to)) {
		wgd_talk_stop(
			m,
			"no answer to our HELLO: another private key, or a NAT between");
		return;
	}
	/* each attempt finds the same, and one line is enough */
	if (!m->reason || !strmatch(m->reason, version))
		zlog_warn("%s: gateway %s: %s (this gateway has version %u)",
			  m->group->wif->name, name(m), version,
			  WG_GROUP_VERSION);
	wgd_talk_stop(m, version);
}

static void answered(struct event *t)
{
	struct wgd_member *m = EVENT_ARG(t);
	int rc = wgd_conn_read(&m->to), next;
	struct wg_group_msg msg;

	if (rc < 0 && m->telling == WGD_TELL_GREETING && !m->to.joined) {
		not_greeted(m);
		return;
	}
	while (rc > 0 && (next = wgd_conn_next(&m->to, &msg)) != 0) {
		if (next < 0) {
			rc = next;
			break;
		}
		if (msg.kind == WG_GROUP_BYE) {
			wgd_talk_stop(m, wg_bye_str(msg.why));
			return;
		}
		if (msg.kind != WG_GROUP_HELLO ||
		    m->telling != WGD_TELL_GREETING) {
			rc = -EPROTO;
			break;
		}
		greeted(m, &msg);
		if (m->telling != WGD_TELL_UP)
			return;
	}
	if (rc < 0)
		wgd_talk_stop(m, rc == -EBADMSG ? "what came is not of a member"
						: safe_strerror(-rc));
	else
		event_add_read(wgd.master, answered, m, m->to.fd,
			       &m->to.t_read);
}

static void say_hello(struct wgd_member *m)
{
	struct wg_group_msg hello;
	struct wg_addr local;

	wgd_conn_address(m->to.fd, false, &local);
	wgd_talk_hello(m->group, &hello);
	wg_group_hello_encode(&hello, m->hello);
	wg_groupkey_prove(m->group->key, &local, &m->addr, m->hello);
	wgd_conn_put_hello(&m->to, m->hello);
	wg_groupstream_key(m->group->key, m->hello, NULL, &m->to.heard);
	m->telling = WGD_TELL_GREETING;
	event_add_read(wgd.master, answered, m, m->to.fd, &m->to.t_read);
	flush(m);
}

static void made(struct event *t);

/*
 * Both ways: an answer of ICMP is an error that can be read, and a wait for
 * writing alone ends with it again and again.
 */
static void wait_made(struct wgd_member *m)
{
	event_add_read(wgd.master, made, m, m->to.fd, &m->to.t_read);
	event_add_write(wgd.master, made, m, m->to.fd, &m->to.t_write);
}

static void made(struct event *t)
{
	struct wgd_member *m = EVENT_ARG(t);
	int rc = wg_tcp_made(m->to.fd);

	event_cancel(&m->to.t_read);
	event_cancel(&m->to.t_write);
	if (rc == 0) {
		wait_made(m);
		return;
	}
	m->silent =
		rc == -ETIMEDOUT || rc == -EHOSTUNREACH || rc == -ENETUNREACH;
	if (rc < 0)
		wgd_talk_stop(m, safe_strerror(-rc));
	else
		say_hello(m);
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
		     wgd_convert_sockaddr(&m->addr, wgd.group_port, &su));
	if (rc < 0 && errno != EINPROGRESS) {
		m->silent = errno == ENETUNREACH || errno == EHOSTUNREACH;
		wgd_talk_stop(m, safe_strerror(errno));
		return;
	}
	wait_made(m);
}

/* --- it tells */

static void stop_listening(struct wgd_member *m)
{
	wgd_conn_close(&m->from);
	wgd_talk_judge(m);
}

/* Nobody knows who sent that: no reason to ban anybody. */
static void end_forged(struct wgd_member *m)
{
	static const char why[] = "what came is not of a member";

	zlog_info("%s: gateway %s: connection ended: %s", m->group->wif->name,
		  name(m), why);
	wgd_str_set(&m->reason, why);
	stop_listening(m);
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
	wgd_str_set(&m->reason, wg_bye_str(why));
	wgd_conn_put(&m->from, &bye);
	wgd_conn_write(&m->from);
	stop_listening(m);
	if (why == WG_BYE_LIE)
		wg_group_member_lied(m->group->core, m->index, now);
}

bool wgd_talk_is_banned(const struct wgd_member *m)
{
	return wgd_now_ms() < m->banned_ms;
}

/* One message; 0 or why it is cut off; it may have ended by itself. */
static enum wg_group_bye heard(struct wgd_member *m,
			       const struct wg_group_msg *msg)
{
	if (!has_token(m, &m->tokens_from, LISTENER))
		return WG_BYE_FLOOD;
	m->tokens_from.n -= 1000;
	m->heard++;
	m->heard_ms = wgd_now_ms();
	wg_group_member_heard(m->group->core, m->index, m->heard_ms);
	switch ((enum wg_group_kind)msg->kind) {
	case WG_GROUP_HELLO:
	case WG_GROUP_KINDS:
		return WG_BYE_PROTOCOL;
	case WG_GROUP_KEEPALIVE:
		learn(m, msg);
		return 0;
	case WG_GROUP_BYE:
		stop_listening(m);
		return 0;
	default:
		break;
	}
	if (wg_group_told(m->group->core, m->index, msg, m->heard_ms) < 0)
		return WG_BYE_LIE;
	return 0;
}

/* FIRST, if it is not NULL, and then what is there. */
static void take_in(struct wgd_member *m, const struct wg_group_msg *first)
{
	enum wg_group_bye why = first ? heard(m, first) : 0;
	struct wg_group_msg msg;
	int rc = 0;

	while (!why && m->from.fd >= 0 &&
	       (rc = wgd_conn_next(&m->from, &msg)) != 0)
		if (rc == -EBADMSG) {
			end_forged(m);
			break;
		} else
			why = rc < 0 ? WG_BYE_PROTOCOL : heard(m, &msg);
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
	take_in(m, NULL);
}

void wgd_talk_adopt(struct wgd_member *m, struct wgd_conn *c,
		    const struct wg_group_msg *hello,
		    const struct wg_group_msg *first)
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
	wgd_talk_judge(m);
	take_in(m, first);
}

/* --- time */

unsigned wgd_talk_second(struct wgd_member *m)
{
	int64_t now = wgd_now_ms();
	unsigned ms = 1000;

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
			wgd_talk_stop(m, safe_strerror(ETIMEDOUT));
		}
		ms = RETRY_MIN_MS;
		break;
	case WGD_TELL_UP:
		tell_state(m);
		break;
	}
	wgd_talk_judge(m);
	return ms;
}
