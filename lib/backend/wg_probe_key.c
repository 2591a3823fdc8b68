/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it protects: who has the key can say at a member that an address is the
 * other's, for a path on which WireGuard seals as ever.  So it opens nothing,
 * and stands in plain memory, one of 32 bytes for each member that is met;
 * locked pages would be some 16 KB each.
 *
 * Both ends have one key, so each could be told its own words: a message names
 * who sent it, and nobody takes his own number from another.
 */
#include "lib/backend/wg_probe_key.h"

#include <errno.h>
#include <stdlib.h>

#include <sodium.h>

#include "lib/backend/wg_sign.h"

struct wg_probe_key {
	uint8_t b[WG_KEY_LEN];
};

/* The shared secret is hashed with what it is for. */
static void derive(const struct wg_probe_pair *pair,
		   const struct wg_key *shared, struct wg_probe_key *ret)
{
	uint32_t low = pair->members[0], high = pair->members[1];
	uint8_t members[8];

	if (low > high) {
		low = pair->members[1];
		high = pair->members[0];
	}
	wg_item_put(members, low, 4);
	wg_item_put(members + 4, high, 4);
	wg_hash(&(struct wg_hash_of){"probe",
				     {{shared->b, WG_KEY_LEN},
				      {pair->mesh, WG_ITEM_MESH_LEN},
				      {members, sizeof(members)}}},
		ret->b, sizeof(ret->b));
}

int wg_probe_key_new(const struct wg_probe_pair *pair,
		     struct wg_probe_key **ret)
{
	struct wg_probe_key *key;
	struct wg_key pub, shared;

	if (wg_sign_x25519(pair->identity, &pub) < 0 ||
	    wg_signkey_agree(pair->own, &pub, &shared) < 0)
		return -EINVAL;
	key = malloc(sizeof(*key));
	if (key)
		derive(pair, &shared, key);
	sodium_memzero(&shared, sizeof(shared));
	if (!key)
		return -ENOMEM;
	*ret = key;
	return 0;
}

void wg_probe_key_free(struct wg_probe_key **key)
{
	if (*key)
		sodium_memzero(*key, sizeof(**key));
	free(*key);
	*key = NULL;
}

static void mac(const struct wg_probe_key *key, const uint8_t *b,
		uint8_t ret[WG_PROBE_MAC_LEN])
{
	crypto_generichash(ret, WG_PROBE_MAC_LEN, b, WG_PROBE_MAC_AT, key->b,
			   sizeof(key->b));
}

void wg_probe_sign(const struct wg_probe_key *key, uint8_t b[WG_PROBE_LEN])
{
	mac(key, b, b + WG_PROBE_MAC_AT);
}

bool wg_probe_verify(const struct wg_probe_key *key,
		     const uint8_t b[WG_PROBE_LEN])
{
	uint8_t is[WG_PROBE_MAC_LEN];

	mac(key, b, is);
	return sodium_memcmp(is, b + WG_PROBE_MAC_AT, sizeof(is)) == 0;
}

uint64_t wg_probe_random(void)
{
	uint64_t r;

	randombytes_buf(&r, sizeof(r));
	return r;
}
