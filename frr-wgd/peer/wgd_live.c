// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Liveness of peers: between BFD, the device and the core.
 *
 * A peer has one BFD session, to its first address, or where it has none to
 * the link-local address that its key gives it.  The session lives as long as
 * the peer could be reached at all: not while it is shut down or has no key.
 *
 * WireGuard's own signs need packets.  A peer that they found dead may have
 * lost all its prefixes to another one, and if it has nothing to say, either,
 * nobody would ever know that it is back.  So it gets an empty datagram to the
 * discard port (RFC 863) of its address every PROBE_MS: WireGuard makes a
 * handshake for it, and answers what it received.  Not where there are
 * keepalives, which do the same, and only where an endpoint is configured: who
 * roams calls by himself.
 *
 * Whatever happens is told to the core, and then there is one place that looks
 * at what has become of it: acted().
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"
#include "sockunion.h"

#include "frr-wgd/base/wgd_convert.h"
#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/peer/wgd_announce.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/peer/wgd_peer.h"

DEFINE_MTYPE_STATIC(WGD, WGD_LIVE, "WireGuard peer liveness");
DEFINE_HOOK(wgd_live_changed,
	    (const struct wgd_peer *p, enum wg_peer_state before,
	     const char *reason),
	    (p, before, reason));

#define PROBE_MS 10000
#define DISCARD_PORT 9

struct wgd_live {
	struct wgd_peer *p;
	struct wg_liveness core;
	struct event *t_again; /* wg_liveness_next */
	struct event *t_probe;

	bool want_bfd; /* as configured */
	char *profile; /* NULL: bfdd's default */

	struct wgd_bfd *bfd; /* with ... */
	struct wg_addr address;
	vrf_id_t vrf;
};

/* --- what became of it */

const struct wg_liveness *wgd_live_core(const struct wgd_live *l)
{
	return &l->core;
}

const char *wgd_live_reason(const struct wgd_live *l, char *buf, size_t len)
{
	const struct wgd_peer *p = l->p;
	const struct wg_key *key = wg_peer_key(p->peer);
	int64_t age = wgd_peer_handshake_age(p);
	int64_t now = wgd_now_ms();

	switch (l->core.why) {
	case WG_WHY_INCOMPLETE:
		if (p->psk_broken)
			strlcpy(buf, "preshared key not readable", len);
		else if (key && !wg_key_is_zero(key))
			strlcpy(buf, "public key is our own", len);
		else
			strlcpy(buf, "no public key", len);
		break;
	case WG_WHY_SHUTDOWN:
		strlcpy(buf, "administratively down", len);
		break;
	case WG_WHY_NEVER:
		strlcpy(buf,
			p->conf.host && !p->resolved.is.addr.family
				? "endpoint not resolved"
				: "no handshake yet",
			len);
		break;
	case WG_WHY_OLD:
		snprintf(buf, len, "last handshake %" PRId64 " s ago", age);
		break;
	case WG_WHY_FRESH:
		strlcpy(buf, "handshake is fresh", len);
		break;
	case WG_WHY_BFD_UP:
		strlcpy(buf, "BFD is up", len);
		break;
	case WG_WHY_BFD_DOWN:
		strlcpy(buf, "BFD went down", len);
		break;
	case WG_WHY_BFD_LOST:
		strlcpy(buf, "BFD went down, then ended; no sign of life since",
			len);
		break;
	case WG_WHY_SILENT:
		snprintf(buf, len,
			 "sent, and nothing received for %" PRId64 " s",
			 wg_liveness_silence(&l->core, now) / 1000);
		break;
	case WG_WHY_DEAF:
		snprintf(buf, len,
			 "it calls, and takes none of our answers for %" PRId64
			 " s",
			 wg_liveness_silence(&l->core, now) / 1000);
		break;
	case WG_WHY_OLD_KEEPALIVE:
		snprintf(buf, len,
			 "last handshake %" PRId64
			 " s ago, in spite of keepalives",
			 age);
		break;
	case WG_WHY_HELD:
		snprintf(buf, len,
			 "it flaps: held down for another %" PRId64 " ms",
			 MAX(wg_liveness_next(&l->core) - now, 0));
		break;
	}
	return buf;
}

/* --- knocking at the dead */

static bool is_probed(const struct wgd_live *l)
{
	return l->core.state == WG_PEER_DOWN && l->p->conf.host &&
	       !l->p->conf.keepalive &&
	       (l->core.why == WG_WHY_SILENT || l->core.why == WG_WHY_DEAF ||
		l->core.why == WG_WHY_BFD_LOST);
}

/* What it sends is lost in any case but one, so errors are nothing to say. */
static void knock(const struct wgd_live *l)
{
	const struct wg_addr *to = l->p->conf.n_addresses
					   ? &l->p->conf.addresses[0]
					   : &l->p->conf.linklocal;
	const char *ifname = l->p->wif->name;
	union sockunion su;
	socklen_t len;
	int fd;

	if (!to->family)
		return;
	len = wgd_convert_sockaddr(to, DISCARD_PORT, &su);
	if (to->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&su.sin6.sin6_addr))
		su.sin6.sin6_scope_id = wg_dev_ifindex(l->p->wif->dev);
	fd = socket(to->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname,
		       strlen(ifname)) == 0)
		sendto(fd, "", 0, 0, &su.sa, len);
	close(fd);
}

static void probe(struct event *t)
{
	struct wgd_live *l = EVENT_ARG(t);

	if (!is_probed(l))
		return;
	wgd_debug_events("%s: peer %s: is it back?", l->p->wif->name,
			 wg_peer_name(l->p->peer));
	knock(l);
	event_add_timer_msec(wgd.master, probe, l, PROBE_MS, &l->t_probe);
}

static void again(struct event *t);

/* The one setter of a peer's liveness: its routes follow it. */
static void set_liveness(struct wgd_peer *p, enum wg_peer_state state)
{
	wg_peer_set_liveness(p->peer, state);
	wgd_announce_peer(p, false);
}

static void acted(struct wgd_live *l, enum wg_peer_state before)
{
	enum wg_peer_state state = l->core.state;
	int64_t next = wg_liveness_next(&l->core);
	struct wgd_peer *p = l->p;
	char why[256];

	event_cancel(&l->t_again);
	if (next >= 0)
		event_add_timer_msec(wgd.master, again, l,
				     MAX(next - wgd_now_ms(), 0), &l->t_again);
	if (is_probed(l) && !l->t_probe)
		event_add_timer_msec(wgd.master, probe, l, PROBE_MS,
				     &l->t_probe);
	if (state == before)
		return;
	if (state >= WG_PEER_DOWN)
		set_liveness(p, state);
	wgd_if_kick(p->wif);
	wgd_live_reason(l, why, sizeof(why));
	/* sessions come and go with traffic; a death is another matter */
	zlog(state == WG_PEER_DOWN || before == WG_PEER_DOWN ? LOG_NOTICE
							     : LOG_INFO,
	     "%s: peer %s: %s -> %s: %s", p->wif->name, wg_peer_name(p->peer),
	     wg_peer_state_str(before), wg_peer_state_str(state), why);
	hook_call(wgd_live_changed, p, before, why);
}

static void again(struct event *t)
{
	struct wgd_live *l = EVENT_ARG(t);
	enum wg_peer_state before = l->core.state;

	wg_liveness_tick(&l->core, wgd_now_ms());
	acted(l, before);
}

/* --- BFD */

static enum wg_liveness_bfd to_core(enum wgd_bfd_status status)
{
	static const enum wg_liveness_bfd map[] = {
		[WGD_BFD_NONE] = WG_LIVENESS_BFD_NONE,
		[WGD_BFD_DOWN] = WG_LIVENESS_BFD_DOWN,
		[WGD_BFD_UP] = WG_LIVENESS_BFD_UP,
		[WGD_BFD_ADMIN_DOWN] = WG_LIVENESS_BFD_ADMIN_DOWN,
	};

	assert(status < array_size(map));
	return map[status];
}

static void bfd_changed(void *arg, enum wgd_bfd_status status)
{
	struct wgd_live *l = arg;
	enum wg_peer_state before = l->core.state;

	wg_liveness_set_bfd(&l->core, wgd_now_ms(), to_core(status));
	acted(l, before);
}

/* Where the session should lead to; AF_UNSPEC: there should be none. */
static struct wg_addr bfd_address(const struct wgd_live *l)
{
	const struct wgd_peer *p = l->p;
	enum wg_peer_state state = wg_peer_state(p->peer);

	if (!l->want_bfd || state == WG_PEER_INCOMPLETE ||
	    state == WG_PEER_SHUTDOWN)
		return (struct wg_addr){};
	return p->conf.n_addresses ? p->conf.addresses[0] : p->conf.linklocal;
}

static void set_bfd(struct wgd_live *l, bool anew)
{
	struct wg_addr address = bfd_address(l);
	vrf_id_t vrf = wg_dev_vrf(l->p->wif->dev);

	if (!anew && wg_addr_same(&address, &l->address) &&
	    (!l->bfd || l->vrf == vrf))
		return;
	if (l->bfd) {
		wgd_bfd_delete(&l->bfd);
		wg_liveness_forget_bfd(&l->core, wgd_now_ms());
	}
	l->address = address;
	l->vrf = vrf;
	if (address.family)
		l->bfd = wgd_bfd_new(vrf, &address, NULL, l->p->wif->name,
				     l->profile, bfd_changed, l);
}

bool wgd_live_bfd(const struct wgd_live *l, struct wgd_live_bfd *ret)
{
	if (!l->bfd)
		return false;
	*ret = (struct wgd_live_bfd){
		.address = l->address,
		.profile = l->profile,
		.status = wgd_bfd_status(l->bfd),
	};
	return true;
}

/* --- life */

struct wgd_live *wgd_live_new(struct wgd_peer *p)
{
	struct wgd_live *l = XCALLOC(MTYPE_WGD_LIVE, sizeof(*l));

	l->p = p;
	wg_liveness_init(&l->core, wgd_now_ms());
	return l;
}

void wgd_live_delete(struct wgd_live **at)
{
	struct wgd_live *l = *at;

	*at = NULL;
	event_cancel(&l->t_again);
	event_cancel(&l->t_probe);
	wgd_bfd_delete(&l->bfd);
	XFREE(MTYPE_WGD_STR, l->profile);
	XFREE(MTYPE_WGD_LIVE, l);
}

/* What the operator says, and what BFD is to be for that. */
static void look(struct wgd_live *l, bool anew)
{
	enum wg_peer_state before = l->core.state;
	enum wg_peer_state admin = wg_peer_state(l->p->peer);

	if (admin >= WG_PEER_DOWN)
		admin = WG_PEER_UNKNOWN;
	set_bfd(l, anew);
	if (admin != l->core.admin)
		wg_liveness_set_admin(&l->core, wgd_now_ms(), admin);
	acted(l, before);
}

void wgd_live_configure(struct wgd_live *l, bool bfd, const char *profile)
{
	bool anew = wgd_str_set(&l->profile, profile);

	l->want_bfd = bfd;
	look(l, anew);
}

void wgd_live_look(struct wgd_live *l)
{
	look(l, false);
}

void wgd_live_seen(struct wgd_live *l, const struct wg_event *ev)
{
	enum wg_peer_state before = l->core.state;
	struct wg_liveness_read r = {
		.rx = ev->rx_bytes,
		.tx = ev->tx_bytes,
		.handshake_age = wgd_peer_handshake_age(l->p),
		.keepalive = l->p->conf.keepalive,
	};

	wg_liveness_set_read(&l->core, wgd_now_ms(), &r);
	acted(l, before);
}
