/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key by which two members of a mesh know each other's probes
 * (lib/core/wg_probe_msg.h): H32(probe; X25519 of both identities, mesh, lower
 * member, higher member).  wg_keys_init comes first (wg_keys.h).
 */
#ifndef WG_PROBE_KEY_H
#define WG_PROBE_KEY_H

#include "lib/backend/wg_signkey.h"
#include "lib/core/wg_item.h"
#include "lib/core/wg_probe_msg.h"

struct wg_probe_key; /* a secret of the pair; wiped */

struct wg_probe_pair {
	const struct wg_signkey *own; /* our identity */
	const uint8_t *identity;      /* the other's: 32 bytes */
	const uint8_t *mesh;	      /* WG_ITEM_MESH_LEN bytes */
	uint32_t members[2];	      /* both, in any order */
};

/*
 * Costs an X25519: it is to be kept.  0; -EINVAL: that identity is no key;
 * -ENOMEM.
 */
int wg_probe_key_new(const struct wg_probe_pair *pair,
		     struct wg_probe_key **ret);
/* NULL stays NULL. */
void wg_probe_key_free(struct wg_probe_key **key);

/* Put the MAC into a message. */
void wg_probe_sign(const struct wg_probe_key *key, uint8_t b[WG_PROBE_LEN]);
/* Is its MAC of that pair?  Either of the two may have made it. */
bool wg_probe_verify(const struct wg_probe_key *key,
		     const uint8_t b[WG_PROBE_LEN]);

/* 64 bits that nobody can guess, for an id. */
uint64_t wg_probe_random(void);

#endif
