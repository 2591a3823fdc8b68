/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device with the semantics of WireGuard in the kernel, without crypto and
 * without haste: one owner for each exact prefix, adding moves, a removal
 * acts only where the named peer is the owner, a peer takes its prefixes with
 * it.  What came before an error stays.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include "lib/core/wg_core.h"

#define FK_PEERS 64
#define FK_ENTRIES 4096

struct fk_peer {
	struct wg_key key;
	struct wg_endpoint endpoint;
	uint16_t keepalive;
	bool has_psk;
	bool alive; /* in a session, for the read */
};

struct fk_entry {
	struct wg_prefix prefix;
	struct wg_key key;
};

struct fake_kernel {
	bool can_remove; /* else REMOVE goes through a throw-away peer */
	struct wg_key pub;
	uint16_t listen_port;
	uint16_t port_in_use; /* by somebody else; 0: none */
	bool closes_port; /* ... before it sees that */
	uint32_t fwmark;
	struct fk_peer peers[FK_PEERS];
	size_t n_peers;
	size_t n_entries;
	size_t n_ops;	   /* carried out, ever */
	size_t fail_at;	   /* that many more and the next one fails; 0: never */
	size_t fail_every; /* after a failure, fail_at is this again */
	bool fail_after;   /* the failing op is carried out all the same */
	bool ack_part;	   /* what came before a failing op is acknowledged */
	struct fk_entry entries[FK_ENTRIES]; /* last, see fk_copy */
};

/* The public key of a private key file: for tests, made of its name. */
struct wg_key fk_key_of_file(const char *file);

struct fk_peer *fk_peer_find(struct fake_kernel *fk, const struct wg_key *key);
struct fk_peer *fk_peer_add(struct fake_kernel *fk, const struct wg_key *key);
void fk_peer_remove(struct fake_kernel *fk, const struct wg_key *key);
struct fk_entry *fk_entry_find(struct fake_kernel *fk,
			       const struct wg_prefix *p);
void fk_entry_set(struct fake_kernel *fk, const struct wg_prefix *p,
		  const struct wg_key *key);
void fk_entry_remove(struct fake_kernel *fk, const struct wg_prefix *p);

/* TO becomes FROM: without the entries that are not in use, 200 KB of them. */
void fk_copy(struct fake_kernel *to, const struct fake_kernel *from);

/* One operation: 0 or -EIO by fail_at, -ENOENT for an ADD to no peer. */
int fk_op(struct fake_kernel *fk, const struct wg_op *op);
/* Several ops, up to an error; *ret_done of them were acknowledged. */
int fk_ops(struct fake_kernel *fk, const struct wg_op *ops, size_t n,
	   size_t *ret_done);
/* Whose is the address? NULL: nobody's. */
const struct wg_key *fk_lookup(const struct fake_kernel *fk,
			       const struct wg_addr *addr);
/* Tell peers FROM to UPTO with their prefixes, one half of them (0, 1). */
void fk_tell(const struct fake_kernel *fk, struct wg_dev *dev, size_t from,
	     size_t upto, size_t half);
/* Do all the steps that are left. */
void fk_steps(struct wg_dev *dev);
/* Read it back into the core: begin, everything, end. */
size_t fk_read(const struct fake_kernel *fk, struct wg_dev *dev,
	       bool keep_stale);
/*
 * Settle, and apply plans in batches of MAX until nothing is pending; an
 * error is answered by reading back.  Asserts that this comes to an end.
 */
void fk_run(struct fake_kernel *fk, struct wg_dev *dev, size_t max);

#endif
