/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle on certificates: rules 2 and 2b as they are written, over arrays
 * of all peers and all prefixes.
 */
#include "lib/core/tests/oracle.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

struct o_mesh_seen o_mesh_seen;

/* Does the certificate cover the prefix? */
static bool covers(const struct o_peer *op, unsigned p)
{
	unsigned i;

	for (i = 0; op->member && i < op->n_certified; i++)
		if (wg_prefix_covers(&op->certified[i].prefix, &prefixes[p]) &&
		    prefixes[p].len <= op->certified[i].longest)
			return true;
	return false;
}

/* Is it an announcer of P, by the announced prefix A? */
static bool announces(const struct o_dev *od, const struct o_peer *op,
		      unsigned a, unsigned p)
{
	return op->peer && o_usable(od, op) && op->live && op->announced[a] &&
	       covers(op, a) && covers(op, p) &&
	       wg_prefix_covers(&prefixes[a], &prefixes[p]);
}

bool o_is_certified(const struct o_dev *od, const struct o_peer *op, unsigned p)
{
	unsigned i, a, longest = 0;

	if (!op->member)
		return true;
	if (!covers(op, p)) {
		o_mesh_seen.not_covered++;
		return false;
	}
	for (i = 0; i < op->n_certified; i++)
		if (wg_prefix_covers(&op->certified[i].prefix, &prefixes[p]) &&
		    prefixes[p].len <= op->certified[i].longest &&
		    op->certified[i].prefix.len > longest)
			longest = op->certified[i].prefix.len;
	for (i = 0; i < N_PEERS; i++)
		for (a = 0; a < N_PREFIXES; a++)
			if (&od->peers[i] != op &&
			    announces(od, &od->peers[i], a, p) &&
			    prefixes[a].len > longest) {
				o_mesh_seen.another_is_longer++;
				return false;
			}
	return true;
}

struct o_peer *o_announcer(struct o_dev *od, unsigned p)
{
	struct o_peer *best = NULL;
	unsigned i, a, len = 0;

	for (a = 0; a < N_PREFIXES; a++)
		for (i = 0; i < N_PEERS; i++) {
			struct o_peer *op = &od->peers[i];

			if (!announces(od, op, a, p))
				continue;
			if (best && prefixes[a].len < len)
				continue;
			if (best && prefixes[a].len == len &&
			    op->number > best->number)
				continue;
			best = op;
			len = prefixes[a].len;
		}
	o_mesh_seen.given += best != NULL;
	return best;
}

/* Whose prefix is in the peer's certificate, wherever. */
static bool is_in_certificate(const struct o_peer *op, struct wg_addr *addr)
{
	struct wg_prefix host = wg_prefix_host(addr);
	unsigned i;

	for (i = 0; i < op->n_certified; i++)
		if (wg_prefix_covers(&op->certified[i].prefix, &host))
			return true;
	return false;
}

static struct o_peer *o_peer_called(struct o_dev *od,
				    const struct wg_peer *peer)
{
	unsigned i;

	for (i = 0; i < N_PEERS; i++)
		if (od->peers[i].peer == peer)
			return &od->peers[i];
	return NULL;
}

void o_check_sealed(struct o_dev *od)
{
	unsigned p, last;

	/* the first and the last address of each prefix */
	for (p = 0; p < N_PREFIXES; p++)
		for (last = 0; last < 2; last++) {
			struct wg_addr addr = {.family = prefixes[p].family};
			unsigned bit = prefixes[p].len;
			struct o_peer *op;
			struct wg_entry e;

			memcpy(addr.b, prefixes[p].b, sizeof(addr.b));
			for (; last && bit < wg_family_bits(addr.family); bit++)
				addr.b[bit / 8] |= 0x80 >> bit % 8;
			if (!wg_entry_lookup(od->dev, &addr, false, &e) ||
			    (e.source != WG_SOURCE_ROUTE &&
			     e.source != WG_SOURCE_STALE))
				continue;
			op = o_peer_called(od, e.decided);
			if (op && op->member) {
				assert_true(is_in_certificate(op, &addr));
				o_mesh_seen.sealed++;
			}
		}
}
