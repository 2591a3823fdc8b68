/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a mesh says of a peer: a certificate makes it a member, and then it
 * announces prefixes and lives, or does not.
 *
 * The three come from three places (the authority, the member, whoever hears
 * it), each at its own time, and each is kept while another is missing: a
 * record may come before the certificate that gives it a meaning.  A peer of
 * which no mesh says anything has no memory for it.
 *
 * All of this came over the network.  So, other than what the operator
 * configures, it may be more than there is memory for: then the former state
 * stays, and the caller hears of it.
 *
 * What follows for the prefixes is marked, and decided at the next settle:
 * the routes by the peer (its certificate is half of rule 2), and what it
 * announces (the other half, and rule 2b).
 */
#include "lib/core/wg_mesh_peers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/core/wg_announced.h"
#include "lib/core/wg_certs.h"
#include "lib/core/wg_peers.h"

/* Room for what a mesh says of the peer; false: no memory. */
static bool has_mesh(struct wg_peer *peer)
{
	assert(peer->name);
	if (!peer->mesh)
		peer->mesh =
			wg_mem_try(&peer->dev->core->mem, sizeof(*peer->mesh));
	return peer->mesh;
}

int wg_peer_set_certificate(struct wg_peer *peer,
			    const struct wg_certificate *cert)
{
	struct wg_dev *dev = peer->dev;
	size_t n = dev->n_again;
	int ret;

	if (!cert && !peer->mesh)
		return 0;
	if (!has_mesh(peer))
		return -ENOMEM;
	/* what it announces; if it counts from now on, the settle looks at it */
	wg_announced_mark(peer);
	ret = wg_cert_put(peer, cert);
	if (ret <= 0) {
		dev->n_again = n;
		return ret;
	}
	wg_peer_mark(peer);
	/* what it keeps of an earlier life may not be certified */
	if (dev->n_stale)
		dev->marked_all = true;
	return 0;
}

int wg_peer_set_announced(struct wg_peer *peer, const struct wg_prefix *p,
			  size_t n)
{
	if (!n && !peer->mesh)
		return 0;
	return has_mesh(peer) ? wg_announced_put(peer, p, n) : -ENOMEM;
}

void wg_peer_set_live(struct wg_peer *peer, bool live)
{
	if (peer->mesh_live == live)
		return;
	/* one of them marks */
	wg_announced_mark(peer);
	peer->mesh_live = live;
	wg_announced_mark(peer);
}

void wg_mesh_peer_drop(struct wg_peer *peer)
{
	/* to announce nothing takes no memory */
	if (peer->mesh && wg_announced_put(peer, NULL, 0) < 0)
		abort();
	wg_mesh_peer_free(peer);
	peer->mesh_live = false;
}

void wg_mesh_peer_free(struct wg_peer *peer)
{
	struct wg_mem *mem = &peer->dev->core->mem;
	struct wg_mesh_peer *m = peer->mesh;

	if (!m)
		return;
	wg_mem_put(mem, m->certified, m->n_certified * sizeof(*m->certified));
	wg_mem_put(mem, m->announced, m->n_announced * sizeof(*m->announced));
	wg_mem_put(mem, m, sizeof(*m));
	peer->mesh = NULL;
}
