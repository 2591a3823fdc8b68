/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hub sees is what a NAT on the way has made of us; another site has to
 * send there, if the NAT gives us one port for all that we send to (RFC 4787:
 * endpoint-independent mapping, "cone" for short).  Whether it does shows only
 * to who asks two hubs.  One hub alone is believed: it costs a few probes in
 * vain.
 *
 * A hub that lies about where we come from has us tell others a wrong place.
 * They then send probes there, some 60 each, and stay with the relay.
 *
 * A hub in our own network sees our own address and not the NAT's: it has no
 * part in what the NAT does.
 */
#include "lib/core/wg_observed.h"

#include <assert.h>

#define AGAIN_MS 1000 /* a hub that did not answer; then twice as long, ... */

const char *wg_nat_str(enum wg_nat nat)
{
	static const char *const names[] = {
		[WG_NAT_UNKNOWN] = "unknown",
		[WG_NAT_NONE] = "none",
		[WG_NAT_CONE] = "cone",
		[WG_NAT_SYMMETRIC] = "symmetric",
	};

	return names[nat];
}

static bool is_among(const struct wg_endpoint *v, size_t n,
		     const struct wg_endpoint *one)
{
	while (n--)
		if (wg_endpoint_same(&v[n], one))
			return true;
	return false;
}

/* --- asking */

static struct wg_observed_by *by(const struct wg_observed *o, uint8_t hub,
				 uint8_t family)
{
	assert(hub >= 1 && hub <= WG_RELAY_HUBS);
	return (struct wg_observed_by *)&o->by[hub - 1][family == AF_INET6];
}

void wg_observed_own(struct wg_observed *o, const struct wg_endpoint *own,
		     size_t n)
{
	size_t i;

	n = n < WG_OBSERVED_OWN ? n : WG_OBSERVED_OWN;
	for (i = 0; n == o->n_own && i < n; i++)
		if (!is_among(o->own, n, &own[i]))
			break;
	if (n == o->n_own && i == n)
		return;
	*o = (struct wg_observed){.n_own = n};
	memcpy(o->own, own, n * sizeof(*own));
}

bool wg_observed_ask(struct wg_observed *o, uint8_t hub, uint8_t family,
		     int64_t now)
{
	struct wg_observed_by *b = by(o, hub, family);
	int64_t again = (int64_t)AGAIN_MS << b->tries;

	if (now < b->due_ms)
		return false;
	b->due_ms = now + (again < WG_OBSERVED_EVERY_MS ? again
							: WG_OBSERVED_EVERY_MS);
	if (again < WG_OBSERVED_EVERY_MS)
		b->tries++;
	return true;
}

int64_t wg_observed_due(const struct wg_observed *o, uint8_t hub,
			uint8_t family)
{
	return by(o, hub, family)->due_ms;
}

void wg_observed_pong(struct wg_observed *o, uint8_t hub, uint8_t family,
		      const struct wg_endpoint *seen, int64_t now)
{
	struct wg_observed_by *b = by(o, hub, family);

	b->seen = *seen;
	b->seen_ms = now;
	b->tries = 0;
	b->due_ms = now + WG_OBSERVED_EVERY_MS;
}

/* --- what it means */

static bool is_fresh(const struct wg_observed_by *b, int64_t now)
{
	return b->seen_ms && now - b->seen_ms < WG_OBSERVED_FRESH_MS;
}

static enum wg_nat nat_of(const struct wg_observed *o, uint8_t family,
			  int64_t now)
{
	const struct wg_endpoint *first = NULL;
	bool is_ours = false;
	unsigned n = 0;
	uint8_t hub;

	for (hub = 1; hub <= WG_RELAY_HUBS; hub++) {
		const struct wg_observed_by *b = by(o, hub, family);

		if (!is_fresh(b, now))
			continue;
		if (is_among(o->own, o->n_own, &b->seen)) {
			is_ours = true;
			continue;
		}
		if (first && !wg_endpoint_same(first, &b->seen))
			return WG_NAT_SYMMETRIC;
		first = &b->seen;
		n++;
	}
	if (n)
		return n > 1 ? WG_NAT_CONE : WG_NAT_UNKNOWN;
	return is_ours ? WG_NAT_NONE : WG_NAT_UNKNOWN;
}

enum wg_nat wg_observed_nat(const struct wg_observed *o, int64_t now)
{
	uint8_t hub;

	for (hub = 1; hub <= WG_RELAY_HUBS; hub++)
		if (is_fresh(by(o, hub, AF_INET), now))
			return nat_of(o, AF_INET, now);
	return nat_of(o, AF_INET6, now);
}

size_t wg_observed_seen(const struct wg_observed *o, int64_t now,
			struct wg_endpoint ret[2 * WG_RELAY_HUBS])
{
	size_t hub, family, n = 0;

	for (family = 0; family < 2; family++)
		for (hub = 0; hub < WG_RELAY_HUBS; hub++) {
			const struct wg_observed_by *b = &o->by[hub][family];

			if (is_fresh(b, now) && !is_among(ret, n, &b->seen))
				ret[n++] = b->seen;
		}
	return n;
}

/* --- candidates */

struct list {
	struct wg_endpoint *v;
	size_t n;
};

/* Up to LIMIT of those that are not there yet, while there is room. */
static void add(struct list *to, const struct wg_endpoint *v, size_t n,
		size_t limit)
{
	size_t i;

	for (i = 0; i < n && limit && to->n < WG_CANDIDATES; i++) {
		if (is_among(to->v, to->n, &v[i]))
			continue;
		to->v[to->n++] = v[i];
		limit--;
	}
}

size_t wg_observed_candidates(const struct wg_observed *o,
			      const struct wg_endpoint *published, size_t n,
			      int64_t now,
			      struct wg_endpoint ret[WG_CANDIDATES])
{
	struct wg_endpoint seen[2 * WG_RELAY_HUBS];
	struct wg_endpoint global[WG_OBSERVED_OWN], local[WG_OBSERVED_OWN];
	size_t n_seen = wg_observed_seen(o, now, seen);
	size_t i, n_global = 0, n_local = 0, limit;
	struct list all = {.v = ret};

	for (i = 0; i < o->n_own; i++)
		if (wg_addr_is_private(&o->own[i].addr))
			local[n_local++] = o->own[i];
		else
			global[n_global++] = o->own[i];
	/* some of each, then what there is room for */
	for (limit = 2; limit <= WG_CANDIDATES; limit += WG_CANDIDATES - 2) {
		add(&all, published, n, limit);
		add(&all, seen, n_seen, limit);
		add(&all, global, n_global, limit);
		add(&all, local, n_local, limit);
	}
	return all.n;
}
