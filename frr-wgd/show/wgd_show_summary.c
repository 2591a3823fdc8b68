// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show wireguard summary: a line for each peer, those first that somebody has
 * to look at, and what they make together.
 *
 * Rates are the means between the last two reads of the device, a few seconds;
 * JSON says how long that was.  "-" is not known: there was one read, or none.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "lib/json.h"
#include "monotime.h"
#include "vty.h"

#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/peer/wgd_peer.h"
#include "frr-wgd/show/wgd_vty.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/show/wgd_show_summary_clippy.c"
#endif

#define TIME_STRLEN 16
#define RATE_STRLEN 16

/* Worst first: what broke, what cannot work, what nobody knows of, what is so
 * by the operator's will. */
static const enum wg_peer_state order[] = {
	WG_PEER_DOWN,	  WG_PEER_INCOMPLETE, WG_PEER_UNKNOWN,
	WG_PEER_SHUTDOWN, WG_PEER_UP,
};

struct totals {
	unsigned peers, of[array_size(order)]; /* as in order */
	uint64_t rx, tx;		       /* bytes a second */
	size_t prefixes;
};

static size_t rank(const struct wgd_peer *p)
{
	size_t i;

	for (i = 0; i < array_size(order); i++)
		if (order[i] == wg_peer_state(p->peer))
			return i;
	assert(!"state");
	return i;
}

/* Of the same state: who was heard of longest ago, or never. */
static int cmp(const void *x, const void *y)
{
	const struct wgd_peer *a = *(struct wgd_peer *const *)x;
	const struct wgd_peer *b = *(struct wgd_peer *const *)y;
	int64_t age_a = wgd_peer_handshake_age(a);
	int64_t age_b = wgd_peer_handshake_age(b);

	if (rank(a) != rank(b))
		return rank(a) < rank(b) ? -1 : 1;
	if (age_a != age_b)
		return age_a < 0 || (age_b >= 0 && age_a > age_b) ? -1 : 1;
	return strcmp(wg_peer_name(a->peer), wg_peer_name(b->peer));
}

/* The peers of an interface, worst first; to be freed. */
static struct wgd_peer **sorted(struct wgd_if *wif, size_t *ret_n)
{
	struct wgd_peer **peers;
	size_t n = 0;

	wgd_each_peer (wif, p)
		n++;
	peers = XCALLOC(MTYPE_TMP, (n + 1) * sizeof(*peers));
	n = 0;
	wgd_each_peer (wif, p)
		peers[n++] = p;
	qsort(peers, n, sizeof(*peers), cmp);
	*ret_n = n;
	return peers;
}

static void add(struct totals *t, const struct wgd_peer *p, size_t prefixes)
{
	t->peers++;
	t->of[rank(p)]++;
	t->rx += p->seen.rate.rx_mean;
	t->tx += p->seen.rate.tx_mean;
	t->prefixes += prefixes;
}

static size_t prefixes_of(const struct wgd_peer *p)
{
	struct wg_peer_count count;

	wg_peer_count(p->peer, &count);
	return (size_t)count.is_static + count.dynamic;
}

static int64_t since_s(const struct wgd_peer *p)
{
	return (wgd_now_ms() - wgd_live_core(p->live)->since) / 1000;
}

/* --- text */

static const char *rate_str(uint64_t rate, char buf[RATE_STRLEN])
{
	static const char units[] = " kMGT";
	size_t unit = 0;
	double n = rate;

	for (; n >= 10000 && units[unit + 1]; unit++)
		n /= 1000;
	if (unit)
		snprintf(buf, RATE_STRLEN, "%.0f%c", n, units[unit]);
	else
		snprintf(buf, RATE_STRLEN, "%" PRIu64, rate);
	return buf;
}

static const char *endpoint_str(const struct wgd_peer *p, char *buf)
{
	const struct wg_endpoint *e = wgd_peer_endpoint(p);

	return e->addr.family ? wg_endpoint_str(e, buf) : "-";
}

static void peer_text(struct vty *vty, const struct wgd_peer *p, int name,
		      int endpoint)
{
	char since[TIME_STRLEN], handshake[TIME_STRLEN] = "never";
	char rx[RATE_STRLEN] = "-", tx[RATE_STRLEN] = "-", buf[64];
	int64_t age = wgd_peer_handshake_age(p);

	frrtime_to_interval(since_s(p), since, sizeof(since));
	if (age >= 0)
		frrtime_to_interval(age, handshake, sizeof(handshake));
	if (p->seen.rate.over_ms) {
		rate_str(p->seen.rate.rx_mean, rx);
		rate_str(p->seen.rate.tx_mean, tx);
	}
	vty_out(vty, "  %-*s  %-10s %9s  %-*s %9s %6s %6s %8zu\n", name,
		wg_peer_name(p->peer),
		wg_peer_state_str(wg_peer_state(p->peer)), since, endpoint,
		endpoint_str(p, buf), handshake, rx, tx, prefixes_of(p));
}

static void if_text(struct vty *vty, struct wgd_if *wif)
{
	int name = strlen("Peer"), endpoint = strlen("Endpoint");
	char rx[RATE_STRLEN], tx[RATE_STRLEN], buf[64];
	struct totals t = {};
	struct wgd_peer **peers;
	size_t i, n;

	peers = sorted(wif, &n);
	for (i = 0; i < n; i++) {
		name = MAX(name, (int)strlen(wg_peer_name(peers[i]->peer)));
		endpoint = MAX(endpoint,
			       (int)strlen(endpoint_str(peers[i], buf)));
		add(&t, peers[i], prefixes_of(peers[i]));
	}
	vty_out(vty, "Interface %s is %s\n", wif->name, wgd_if_sync_state(wif));
	vty_out(vty, "  %-*s  %-10s %9s  %-*s %9s %6s %6s %8s\n", name, "Peer",
		"State", "Since", endpoint, "Endpoint", "Handshake", "Rx/s",
		"Tx/s", "Prefixes");
	for (i = 0; i < n; i++)
		peer_text(vty, peers[i], name, endpoint);
	vty_out(vty, "  %u peers", t.peers);
	for (i = 0, n = 0; i < array_size(order); i++)
		if (t.of[i])
			vty_out(vty, "%s%u %s", n++ ? ", " : ": ", t.of[i],
				wg_peer_state_str(order[i]));
	vty_out(vty,
		"; %s bytes/s received, %s bytes/s sent, %zu prefixes\n",
		rate_str(t.rx, rx), rate_str(t.tx, tx), t.prefixes);
	XFREE(MTYPE_TMP, peers);
}

/* --- JSON */

static json_object *peer_json(const struct wgd_peer *p)
{
	json_object *o = json_object_new_object();
	int64_t age = wgd_peer_handshake_age(p);
	char buf[64];

	json_object_string_add(o, "state",
			       wg_peer_state_str(wg_peer_state(p->peer)));
	json_object_int_add(o, "stateSinceSecs", since_s(p));
	if (wgd_peer_endpoint(p)->addr.family)
		json_object_string_add(o, "endpoint", endpoint_str(p, buf));
	json_object_object_add(o, "lastHandshakeSecs",
			       age < 0 ? NULL : json_object_new_int64(age));
	if (p->seen.rate.over_ms) {
		json_object_int_add(o, "rxBytesPerSec", p->seen.rate.rx_mean);
		json_object_int_add(o, "txBytesPerSec", p->seen.rate.tx_mean);
		json_object_int_add(o, "rateOverMsecs", p->seen.rate.over_ms);
	}
	json_object_int_add(o, "prefixes", prefixes_of(p));
	return o;
}

static json_object *if_json(struct wgd_if *wif)
{
	json_object *o = json_object_new_object();
	json_object *list = json_object_new_object();
	json_object *states = json_object_new_object();
	struct totals t = {};
	struct wgd_peer **peers;
	size_t i, n;

	peers = sorted(wif, &n);
	for (i = 0; i < n; i++) {
		json_object_object_add(list, wg_peer_name(peers[i]->peer),
				       peer_json(peers[i]));
		add(&t, peers[i], prefixes_of(peers[i]));
	}
	for (i = 0; i < array_size(order); i++)
		json_object_int_add(states, wg_peer_state_str(order[i]),
				    t.of[i]);
	json_object_string_add(o, "syncState", wgd_if_sync_state(wif));
	json_object_object_add(o, "peers", list);
	json_object_int_add(o, "totalPeers", t.peers);
	json_object_object_add(o, "totalStates", states);
	json_object_int_add(o, "totalRxBytesPerSec", t.rx);
	json_object_int_add(o, "totalTxBytesPerSec", t.tx);
	json_object_int_add(o, "totalPrefixes", t.prefixes);
	XFREE(MTYPE_TMP, peers);
	return o;
}

DEFPY (show_wireguard_summary,
       show_wireguard_summary_cmd,
       "show wireguard [WG-IFNAME$ifname] summary [json$json]",
       SHOW_STR
       "WireGuard interfaces and peers\n"
       "Name of a WireGuard interface\n"
       "A line for each peer, the worst first\n"
       JSON_STR)
{
	return wgd_vty_show(vty, ifname, !!json, if_json, if_text);
}

void wgd_show_summary_init(void)
{
	install_element(VIEW_NODE, &show_wireguard_summary_cmd);
}
