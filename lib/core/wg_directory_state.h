/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the map share; private to them.  From below:
 * wg_directory_rules.c, wg_directory_slots.c, wg_directory_entries.c,
 * wg_directory.c.
 */
#ifndef WG_DIRECTORY_STATE_H
#define WG_DIRECTORY_STATE_H

#include "lib/core/wg_directory.h"
#include "lib/core/wg_mem.h"

/* An item that is held. */
struct wg_held {
	uint8_t *b; /* ours */
	uint64_t version;
	uint8_t hash[WG_DIRECTORY_HASH];
	uint8_t signer[WG_KEY_LEN]; /* whose signature 7f it has */
};

/* Several of one kind. */
struct wg_helds {
	struct wg_held *at;
	size_t n;
	size_t cap;
};

struct wg_mapped {
	uint32_t number;
	bool is_changed;
	struct wg_helds certificates; /* by version, the newest last */
	struct wg_helds witnesses;    /* by version, the hub; then by hash */
	struct wg_held record;	      /* b NULL: none */
};

struct wg_directory {
	struct wg_mem mem;
	struct wg_directory_conf conf;
	struct wg_helds authorities; /* by number */
	struct wg_held list;	     /* b NULL: none */
	struct wg_mapped **member;   /* by number; each has a certificate */
	size_t n;
	size_t cap;
	/* members that are gone, and nobody was told */
	uint32_t *gone;
	size_t n_gone;
	size_t cap_gone;
};

/* --- wg_directory_rules.c: what follows from what is held */

/* The index of the first member that is not below the number. */
size_t wg_directory_first(const struct wg_directory *dir, uint32_t number);
struct wg_mapped *wg_directory_get(const struct wg_directory *dir,
				   uint32_t number);

/* The key that must have signed it, 7f; NULL: it is not here. */
const uint8_t *wg_directory_signer(const struct wg_directory *dir,
				   const uint8_t *item);
/* A certificate that a list, or an authority, made void? */
bool wg_directory_is_void(const struct wg_directory *dir,
			  const uint8_t *certificate);
/* The newest certificate that names its identity itself, or NULL. */
const struct wg_held *wg_directory_certain(const struct wg_mapped *m);
/* Identity of a hub: NULL: the member is none. */
const uint8_t *wg_directory_hub(const struct wg_directory *dir,
				uint32_t number);
/* Is there a certificate with this invite key? */
bool wg_directory_is_invited(const struct wg_mapped *m, const uint8_t *key);
/* The identity of a held certificate: WG_VOTES_COUNT, and which. */
enum wg_votes wg_directory_identity(const struct wg_mapped *m,
				    const struct wg_held *certificate,
				    const uint8_t **ret);
/* The newest certificate with an identity, or NULL. */
const struct wg_held *wg_directory_present(const struct wg_mapped *m,
					   const uint8_t **ret_identity);

/* The invite key and the new identity that a witness is about. */
static inline const uint8_t *wg_witness_key(const uint8_t *item)
{
	return wg_item_bytes(wg_item_bytes(item, WG_ITEM_SUCCESSION),
			     WG_ITEM_KEY);
}

static inline const uint8_t *wg_witness_identity(const uint8_t *item)
{
	return wg_item_bytes(wg_item_bytes(item, WG_ITEM_SUCCESSION),
			     WG_ITEM_IDENTITY);
}

static inline bool wg_key_eq(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, WG_KEY_LEN) == 0;
}

static inline int wg_hash_cmp(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, WG_DIRECTORY_HASH);
}

/* --- wg_directory_slots.c: what is held, and what leaves */

/* A copy of the offer's bytes, for a slot. */
struct wg_held wg_directory_hold(struct wg_directory *dir,
				 const struct wg_offer *offer,
				 const uint8_t *signer);
/* Free it, where there is one. */
void wg_directory_drop(struct wg_directory *dir, struct wg_held *h);
void wg_directory_drop_at(struct wg_directory *dir, struct wg_helds *s,
			  size_t i);
/* By version, and of one version by hash. */
void wg_directory_insert(struct wg_directory *dir, struct wg_helds *s,
			 struct wg_held h);
/* ... and of one version only this.  Was there another one? */
bool wg_directory_replace(struct wg_directory *dir, struct wg_helds *s,
			  struct wg_held h);
/* The member, a new one if there was none. */
struct wg_mapped *wg_directory_enter(struct wg_directory *dir, uint32_t number);

/* What no longer stands leaves: of one member, or of all; returns alarms. */
void wg_directory_sweep_record(struct wg_directory *dir, struct wg_mapped *m);
void wg_directory_sweep_member(struct wg_directory *dir, struct wg_mapped *m);
unsigned wg_directory_sweep_all(struct wg_directory *dir);

#endif
