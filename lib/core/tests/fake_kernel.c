/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arrays and linear scans: too simple to be wrong in the same way as the
 * core.
 */
#include "lib/core/tests/fake_kernel.h"

#include <assert.h>
#include <errno.h>

struct wg_key fk_key_of_file(const char *file)
{
	struct wg_key key = {};

	memcpy(key.b, file, strnlen(file, WG_KEY_LEN));
	key.b[31] = 0x7f;
	return key;
}

struct fk_peer *fk_peer_find(struct fake_kernel *fk, const struct wg_key *key)
{
	size_t i;

	for (i = 0; i < fk->n_peers; i++)
		if (wg_key_same(&fk->peers[i].key, key))
			return &fk->peers[i];
	return NULL;
}

struct fk_peer *fk_peer_add(struct fake_kernel *fk, const struct wg_key *key)
{
	struct fk_peer *peer = fk_peer_find(fk, key);

	if (!peer) {
		assert(fk->n_peers < FK_PEERS);
		peer = &fk->peers[fk->n_peers++];
		*peer = (struct fk_peer){.key = *key};
	}
	return peer;
}

void fk_peer_remove(struct fake_kernel *fk, const struct wg_key *key)
{
	struct fk_peer *peer = fk_peer_find(fk, key);
	size_t i = 0;

	if (!peer)
		return;
	while (i < fk->n_entries)
		if (wg_key_same(&fk->entries[i].key, key))
			fk->entries[i] = fk->entries[--fk->n_entries];
		else
			i++;
	*peer = fk->peers[--fk->n_peers];
}

struct fk_entry *fk_entry_find(struct fake_kernel *fk,
			       const struct wg_prefix *p)
{
	size_t i;

	for (i = 0; i < fk->n_entries; i++)
		if (wg_prefix_same(&fk->entries[i].prefix, p))
			return &fk->entries[i];
	return NULL;
}

void fk_entry_set(struct fake_kernel *fk, const struct wg_prefix *p,
		  const struct wg_key *key)
{
	struct fk_entry *e = fk_entry_find(fk, p);

	if (!e) {
		assert(fk->n_entries < FK_ENTRIES);
		e = &fk->entries[fk->n_entries++];
		e->prefix = *p;
	}
	e->key = *key;
}

void fk_entry_remove(struct fake_kernel *fk, const struct wg_prefix *p)
{
	struct fk_entry *e = fk_entry_find(fk, p);

	if (e)
		*e = fk->entries[--fk->n_entries];
}

static int carry_out(struct fake_kernel *fk, const struct wg_op *op)
{
	struct fk_peer *peer;
	struct fk_entry *e;

	switch ((enum wg_op_kind)op->kind) {
	case WG_OP_DEVICE_SET:
		if (op->dev_conf->private_key_file) {
			fk->pub =
				fk_key_of_file(op->dev_conf->private_key_file);
			fk_peer_remove(fk, &fk->pub);
		}
		fk->fwmark = op->dev_conf->fwmark;
		return 0;
	case WG_OP_PORT_SET:
		if (op->port && op->port == fk->port_in_use) {
			if (fk->closes_port)
				fk->listen_port = 0;
			return -EADDRINUSE;
		}
		fk->listen_port = op->port ?: 60000;
		return 0;
	case WG_OP_PEER_SET:
		if (wg_key_same(op->key, &fk->pub))
			return 0; /* silently ignored */
		peer = fk_peer_add(fk, op->key);
		if (op->peer_conf->endpoint.addr.family != AF_UNSPEC)
			peer->endpoint = op->peer_conf->endpoint;
		peer->keepalive = op->peer_conf->keepalive;
		peer->has_psk = op->peer_conf->psk_file != NULL;
		return 0;
	case WG_OP_ADD:
		if (!fk_peer_find(fk, op->key))
			return -ENOENT;
		fk_entry_set(fk, &op->prefix, op->key);
		return 0;
	case WG_OP_REMOVE:
		e = fk_entry_find(fk, &op->prefix);
		if (e && (!fk->can_remove || wg_key_same(&e->key, op->key)))
			fk_entry_remove(fk, &op->prefix);
		return 0;
	case WG_OP_PEER_REMOVE:
		fk_peer_remove(fk, op->key);
		return 0;
	}
	assert(!"an op of no kind");
	return -EINVAL;
}

void fk_copy(struct fake_kernel *to, const struct fake_kernel *from)
{
	memcpy(to, from,
	       offsetof(struct fake_kernel, entries) +
		       from->n_entries * sizeof(from->entries[0]));
}

int fk_op(struct fake_kernel *fk, const struct wg_op *op)
{
	if (fk->fail_at && --fk->fail_at == 0) {
		fk->fail_at = fk->fail_every;
		if (fk->fail_after)
			carry_out(fk, op);
		return -EIO;
	}
	fk->n_ops++;
	return carry_out(fk, op);
}

int fk_ops(struct fake_kernel *fk, const struct wg_op *ops, size_t n,
	   size_t *ret_done)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < n && ret == 0; i++)
		ret = fk_op(fk, &ops[i]);
	*ret_done = ret < 0 ? i - 1 : i;
	return ret;
}

const struct wg_key *fk_lookup(const struct fake_kernel *fk,
			       const struct wg_addr *addr)
{
	struct wg_prefix host = wg_prefix_host(addr);
	const struct fk_entry *best = NULL;
	size_t i;

	for (i = 0; i < fk->n_entries; i++) {
		const struct fk_entry *e = &fk->entries[i];

		if (wg_prefix_covers(&e->prefix, &host) &&
		    (!best || e->prefix.len > best->prefix.len))
			best = e;
	}
	return best ? &best->key : NULL;
}

void fk_tell(const struct fake_kernel *fk, struct wg_dev *dev, size_t from,
	     size_t upto, size_t half)
{
	size_t i, j;
	int ret;

	for (i = from; i < upto; i++) {
		const struct fk_peer *p = &fk->peers[i];
		struct wg_sync_peer sp = {p->key, p->endpoint, p->keepalive,
					  p->has_psk, p->alive};

		ret = wg_sync_peer(dev, &sp);
		assert(ret == 0);
		for (j = half; j < fk->n_entries; j += 2)
			if (wg_key_same(&fk->entries[j].key, &p->key)) {
				ret = wg_sync_prefix(dev,
						     &fk->entries[j].prefix);
				assert(ret == 0);
			}
	}
}

void fk_steps(struct wg_dev *dev)
{
	while (wg_sync_step(dev, 5))
		;
}

size_t fk_read(const struct fake_kernel *fk, struct wg_dev *dev,
	       bool keep_stale)
{
	wg_sync_begin(dev, keep_stale);
	fk_steps(dev);
	wg_sync_device(dev, &fk->pub, fk->listen_port, fk->fwmark);
	/* a dump may split a peer: here every peer comes twice */
	fk_tell(fk, dev, 0, fk->n_peers, 0);
	fk_tell(fk, dev, 0, fk->n_peers, 1);
	wg_sync_end(dev);
	fk_steps(dev);
	return wg_sync_differences(dev);
}

void fk_run(struct fake_kernel *fk, struct wg_dev *dev, size_t max)
{
	struct wg_op ops[64];
	unsigned turns = 0;
	size_t n;
	size_t done;
	int ret;

	assert(max <= 64);
	wg_core_settle(wg_dev_core(dev));
	while ((n = wg_plan_next(dev, ops, max))) {
		assert(++turns < 10000);
		assert(wg_plan_pending(dev));
		ret = fk_ops(fk, ops, n, &done);
		if (ret < 0) {
			if (fk->ack_part)
				wg_plan_commit(dev, ops, done);
			wg_sync_lost(dev);
			assert(!wg_plan_pending(dev));
			fk_read(fk, dev, false);
		} else {
			wg_plan_commit(dev, ops, n);
			fk_steps(dev);
		}
	}
	assert(!wg_plan_pending(dev));
}
