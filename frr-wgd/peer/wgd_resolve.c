// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An endpoint that is a host name is resolved with FRR's asynchronous
 * resolver, and again when the peer goes silent: we send and nothing comes
 * back for longer than a handshake may take.  Its address may have changed,
 * and WireGuard will not ask.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"
#include "resolver.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/peer/wgd_name.h"
#include "frr-wgd/peer/wgd_peer.h"
#include "frr-wgd/peer/wgd_resolve.h"

#define RESOLVE_AGAIN_S 30

static void resolve(struct event *t);

static void resolve_in(struct wgd_peer *p, unsigned s)
{
	event_cancel(&p->resolved.t);
	event_add_timer(wgd.master, resolve, p, s, &p->resolved.t);
}

static void resolved(void *arg, const struct wg_addr *addrs, size_t n,
		     const char *why)
{
	struct wgd_peer *p = arg;
	char text[WG_ADDR_STRLEN];

	if (!n) {
		zlog_warn("%s: peer %s: endpoint %s: %s; trying again in %u s",
			  p->wif->name, wg_peer_name(p->peer), p->conf.host,
			  why, RESOLVE_AGAIN_S);
		wgd_str_set(&p->resolved.error, why);
		resolve_in(p, RESOLVE_AGAIN_S);
		return;
	}
	wgd_str_set(&p->resolved.error, NULL);
	wgd_debug_events("%s: peer %s: endpoint %s is %s", p->wif->name,
			 wg_peer_name(p->peer), p->conf.host,
			 wg_addr_str(&addrs[0], text));
	p->resolved.is.addr = addrs[0];
	p->resolved.is.port = p->conf.port;
	if (p->resolved.in_silence)
		wg_peer_resend_endpoint(p->peer);
	p->resolved.in_silence = false;
	wgd_peer_push(p);
}

static void resolve(struct event *t)
{
	struct wgd_peer *p = EVENT_ARG(t);

	if (!p->resolved.query && p->conf.host)
		wgd_name_ask(&p->resolved.query, p->conf.host, resolved, p);
}

void wgd_resolve_forget(struct wgd_peer *p)
{
	event_cancel(&p->resolved.t);
	wgd_name_forget(&p->resolved.query);
	wgd_str_set(&p->resolved.error, NULL);
}

void wgd_resolve_set(struct wgd_peer *p, const char *host, uint16_t port)
{
	struct wg_addr addr;

	if (p->conf.port == port && host && p->conf.host &&
	    strmatch(p->conf.host, host))
		return;
	wgd_resolve_forget(p);
	XFREE(MTYPE_WGD_STR, p->conf.host);
	memset(&p->resolved.is, 0, sizeof(p->resolved.is));
	p->conf.port = port;
	if (!host)
		return;
	p->conf.host = XSTRDUP(MTYPE_WGD_STR, host);
	p->resolved.is_literal = wg_addr_parse(host, &addr) == 0;
	if (p->resolved.is_literal) {
		p->resolved.is.addr = addr;
		p->resolved.is.port = port;
	} else
		resolve_in(p, 0);
}

void wgd_resolve_in_silence(struct wgd_peer *p)
{
	const struct wg_liveness *l = wgd_live_core(p->live);
	int64_t now = wgd_now_ms();

	if (l->silent_since < 0)
		return;
	if (p->resolved.asked_at < l->silent_since) {
		p->resolved.asked_at = l->silent_since;
		p->resolved.asked_tx = l->silent_tx;
	}
	if (now - p->resolved.asked_at < WG_SILENT_MS ||
	    p->seen.tx_bytes == p->resolved.asked_tx || !p->conf.host ||
	    p->resolved.is_literal || p->resolved.query)
		return;
	wgd_debug_events("%s: peer %s is silent: asking for %s again",
			 p->wif->name, wg_peer_name(p->peer), p->conf.host);
	p->resolved.asked_at = now;
	p->resolved.asked_tx = p->seen.tx_bytes;
	p->resolved.in_silence = true;
	resolve_in(p, 0);
}

void wgd_resolve_init(void)
{
	resolver_init(wgd.master);
}
