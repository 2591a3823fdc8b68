/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates.
 *
 * A peer with a certificate is a member of a mesh.  Its certificate is a list
 * of prefixes, each with the longest length that a prefix within it may have:
 * 10.1.0.0/16 le 24 lets the member have 10.1.0.0/16 and 10.1.2.0/24, not
 * 10.1.2.0/25.  An entry that contains a prefix and is too short for it says
 * nothing of it; entries may overlap, and the same prefix may come twice with
 * two lengths.
 *
 * The authority of a mesh signs certificates, so what is here was checked, and
 * nobody else can make it long: some dozens of entries.  They are scanned, for
 * each route by the member and for each that it announces.  A peer without
 * certificate costs one look at a pointer.
 *
 * Invariant (wg_check.c): what a member has by routes, wg_cert_around lets it
 * have; what it has of an earlier life, wg_cert_holds.
 */
#include "lib/core/wg_certs.h"

#include <errno.h>

int wg_cert_around(const struct wg_peer *member, const struct wg_prefix *p)
{
	const struct wg_mesh_peer *m = member->mesh;
	int longest = -1;
	size_t i;

	for (i = 0; i < m->n_certified; i++) {
		const struct wg_certified *c = &m->certified[i];

		if (c->prefix.len > longest && p->len <= c->longest &&
		    wg_prefix_covers(&c->prefix, p))
			longest = c->prefix.len;
	}
	return longest;
}

/*
 * Entries that an aggregating device made may be larger than any certified
 * one: then both halves are looked at, as long as there is an entry in them.
 */
static bool holds(const struct wg_mesh_peer *m, struct wg_prefix p)
{
	bool some = false;
	size_t i;

	for (i = 0; i < m->n_certified; i++) {
		const struct wg_prefix *c = &m->certified[i].prefix;

		if (wg_prefix_covers(c, &p))
			return true;
		some |= wg_prefix_covers(&p, c);
	}
	if (!some)
		return false;
	/* an entry is longer, so there is another bit */
	p.len++;
	if (!holds(m, p))
		return false;
	p.b[(p.len - 1) / 8] |= 0x80 >> (p.len - 1) % 8;
	return holds(m, p);
}

bool wg_cert_holds(const struct wg_peer *peer, const struct wg_prefix *p)
{
	return !wg_peer_is_member(peer) || holds(peer->mesh, *p);
}

bool wg_peer_has_certificate(const struct wg_peer *peer)
{
	return wg_peer_is_member(peer);
}

bool wg_peer_is_certified(const struct wg_peer *peer, const struct wg_prefix *p)
{
	return wg_peer_is_member(peer) && wg_cert_around(peer, p) >= 0;
}

/* --- changes */

static bool is_same(const struct wg_mesh_peer *m,
		    const struct wg_certificate *cert)
{
	size_t i;

	if (!cert || !m->member)
		return !cert && !m->member;
	if (m->number != cert->number || m->n_certified != cert->n_certified)
		return false;
	for (i = 0; i < cert->n_certified; i++)
		if (!wg_prefix_same(&m->certified[i].prefix,
				    &cert->certified[i].prefix) ||
		    m->certified[i].longest != cert->certified[i].longest)
			return false;
	return true;
}

int wg_cert_put(struct wg_peer *peer, const struct wg_certificate *cert)
{
	struct wg_mem *mem = &peer->dev->core->mem;
	struct wg_mesh_peer *m = peer->mesh;
	struct wg_certified *copy = NULL;
	size_t n = cert ? cert->n_certified : 0;

	if (is_same(m, cert))
		return 0;
	if (n) {
		copy = wg_mem_try(mem, n * sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		memcpy(copy, cert->certified, n * sizeof(*copy));
	}
	wg_mem_put(mem, m->certified, m->n_certified * sizeof(*m->certified));
	m->certified = copy;
	m->n_certified = n;
	m->member = cert;
	m->number = cert ? cert->number : 0;
	return 1;
}
