/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures that a ladder of checks wants to be verified, one at a time and
 * only when it comes to that: the ladder is pure, who calls it has libsodium.
 *
 *   wg_proofs_tell(&p, wg_sign_verify(p.wanted.item, p.wanted.type,
 *                                     p.wanted.key) == 0);
 */
#ifndef WG_PROOFS_H
#define WG_PROOFS_H

#include <assert.h>

#include "lib/core/wg_item.h"

struct wg_signature {
	const uint8_t *item; /* a checked one, with a signature of the type */
	uint8_t type;
	const uint8_t *key; /* 32 bytes: who shall have signed */
};

/* All zeros: nothing is known.  Bits are the ladder's own. */
struct wg_proofs {
	struct wg_signature wanted;
	uint8_t pending; /* the bit of that; 0: nothing is wanted */
	uint8_t proven;
	uint8_t refuted;
};

enum wg_proof { WG_PROOF_REFUTED, WG_PROOF_PROVEN, WG_PROOF_WANTED };

/* Is it known?  If not it is wanted now. */
static inline enum wg_proof wg_proofs_need(struct wg_proofs *p, uint8_t bit,
					   struct wg_signature s)
{
	assert(!p->pending);
	if (p->proven & bit)
		return WG_PROOF_PROVEN;
	if (p->refuted & bit)
		return WG_PROOF_REFUTED;
	p->pending = bit;
	p->wanted = s;
	return WG_PROOF_WANTED;
}

/* What came of it. */
static inline void wg_proofs_tell(struct wg_proofs *p, bool is_signed)
{
	assert(p->pending);
	*(is_signed ? &p->proven : &p->refuted) |= p->pending;
	p->pending = 0;
}

#endif
