/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map of a mesh: which items (wg_item.h) a member holds, and what follows
 * from them.  Pure: no clock, no network, no cryptography.  The caller brings
 * an item with its hash, is told which signatures must be verified with which
 * keys, and puts it when they are good.
 *
 * What the map holds depends on the items that it was offered, not on their
 * order: offered all of them again until nothing is put, any two maps of a mesh
 * are the same.
 */
#ifndef WG_DIRECTORY_H
#define WG_DIRECTORY_H

#include "lib/core/wg_item.h"
#include "lib/core/wg_votes.h"

#define WG_DIRECTORY_HASH 16
#define WG_DIRECTORY_ENTRY 29 /* bytes of an entry */

struct wg_directory;

/* What makes a mesh, all of it public. */
struct wg_directory_conf {
	uint8_t mesh[WG_ITEM_MESH_LEN];
	uint8_t recovery[WG_KEY_LEN]; /* key that signs authorities */
	uint8_t first[WG_KEY_LEN];    /* the first authority's key */
	size_t maximum;		      /* members; those of lower number stay */
};

struct wg_directory *wg_directory_new(const struct wg_directory_conf *conf);
void wg_directory_delete(struct wg_directory **dir);

/* --- what comes in */

/* An item of anybody's: its bytes, and their hash (wg_sign_hash). */
struct wg_offer {
	const uint8_t *b;
	size_t len;
	uint8_t hash[WG_DIRECTORY_HASH];
};

/* What becomes of it; those above VERIFY are in the order of the checks. */
enum wg_offered {
	WG_OFFERED_VERIFY, /* put it, if its signatures are good */
	WG_OFFERED_FORM,   /* it is no item, or of a kind that none keeps */
	WG_OFFERED_OTHER_MESH,
	WG_OFFERED_UNWANTED,  /* it is here, or something newer is */
	WG_OFFERED_FULL,      /* too many members */
	WG_OFFERED_VOID,      /* revoked, or of a void authority */
	WG_OFFERED_NO_SIGNER, /* who should have signed it is not here */
	WG_OFFEREDS,
};
const char *wg_offered_str(enum wg_offered offered);

/* That signature of that item must be by that key, else forget the offer. */
struct wg_offer_check {
	const uint8_t *item; /* the offer, or the item within */
	uint8_t type;	     /* WG_ITEM_BY_WG_KEY to WG_ITEM_SIGNATURE */
	const uint8_t *key;  /* 32 bytes; valid until something is put */
};

#define WG_OFFER_CHECKS 3
struct wg_offer_checks {
	size_t n;
	struct wg_offer_check check[WG_OFFER_CHECKS];
};

enum wg_offered wg_directory_offer(const struct wg_directory *dir,
				   const struct wg_offer *offer,
				   struct wg_offer_checks *ret);

/* What the operator should know of a put, bits. */
enum wg_directory_alarm {
	WG_DIRECTORY_CONFLICT = 1, /* two different of one version */
	WG_DIRECTORY_EVICTED = 2,  /* a member left because of the maximum */
};

/*
 * Put an offer which the map, as it is now, answered with VERIFY.  The bytes
 * are copied; what it makes void, unsigned or unwanted leaves.  Returns alarms.
 */
unsigned wg_directory_put(struct wg_directory *dir,
			  const struct wg_offer *offer);

/*
 * A member of which something changed since it was told here last; false:
 * there is none.  It may be gone.  A new list or authority changes those whose
 * items left.
 */
bool wg_directory_next_changed(struct wg_directory *dir, uint32_t *ret_member);

/* --- what is held.  Items are valid until the next put. */

/* The newest list; NULL: none. */
const uint8_t *wg_directory_list(const struct wg_directory *dir);
/* The key of an authority, 0 being the first; NULL: it is not held. */
const uint8_t *wg_directory_authority(const struct wg_directory *dir,
				      uint32_t number);
/*
 * What the list, and authorities that void earlier ones, leave valid: of a
 * member's certificates those from this serial on, of all certificates those by
 * authorities from this number on.
 */
uint32_t wg_directory_least_serial(const struct wg_directory *dir,
				   uint32_t member);
uint32_t wg_directory_least_authority(const struct wg_directory *dir);
/*
 * A witness by that hub (0: the first of any) to that invite key, 32 bytes, of
 * the member; NULL: none.
 */
const uint8_t *wg_directory_witness(const struct wg_directory *dir,
				    uint32_t member, const uint8_t *key,
				    uint32_t hub);
/* Members that have a certificate, in the order of their numbers. */
size_t wg_directory_members(const struct wg_directory *dir);
uint32_t wg_directory_member(const struct wg_directory *dir, size_t i);

/* Who a member is, all NULL or NONE where that is not known. */
struct wg_directory_who {
	const uint8_t *newest;	 /* certificate, with or without identity */
	const uint8_t *present;	 /* the newest that has an identity */
	const uint8_t *identity; /* 32 bytes: of the present one */
	const uint8_t *record;	 /* the newest that this identity signed */
	const uint8_t *hub;	 /* identity of a hub, 32 bytes; NULL: none */
	enum wg_votes votes;	 /* of the newest, where it is an invite's */
};
void wg_directory_who(const struct wg_directory *dir, uint32_t member,
		      struct wg_directory_who *ret);

/* --- entries: which items, without their bytes */

struct wg_directory_entry {
	uint8_t kind;	 /* A, C, W, R or L */
	uint32_t member; /* A, L: 0 */
	uint64_t version;
	uint8_t hash[WG_DIRECTORY_HASH];
};

/* How many items are held. */
size_t wg_directory_count(const struct wg_directory *dir);
/*
 * All entries, sorted, into WG_DIRECTORY_ENTRY bytes for each item.  The map's
 * hash is over them: H16(map; entries), by the caller, who has the hash.
 */
void wg_directory_entries(const struct wg_directory *dir, uint8_t *ret);
void wg_directory_entry_decode(const uint8_t *b,
			       struct wg_directory_entry *ret);
void wg_directory_entry_encode(const struct wg_directory_entry *e, uint8_t *b);
/* Of a checked item that a map may hold; the hash is the caller's to make. */
void wg_directory_entry_of(const uint8_t *item, struct wg_directory_entry *ret);
/* In the order of wg_directory_next: <0, 0, >0. */
int wg_directory_entry_cmp(const struct wg_directory_entry *a,
			   const struct wg_directory_entry *b);
/* Might an item that has this entry be put?  So ask for it. */
bool wg_directory_wants(const struct wg_directory *dir,
			const struct wg_directory_entry *e);

/*
 * Items one by one in the order A C W R L, in which they should be sent; of one
 * kind by member, version, hash.
 */
struct wg_directory_cursor {
	unsigned stage;
	size_t i, k;
};
/* The next from a cursor of zeros; NULL: there are no more. */
const uint8_t *wg_directory_next(const struct wg_directory *dir,
				 struct wg_directory_cursor *cursor,
				 struct wg_directory_entry *ret_entry);

/* Where the first item stands that is not before the entry, held or not. */
void wg_directory_seek(const struct wg_directory *dir,
		       const struct wg_directory_entry *e,
		       struct wg_directory_cursor *ret);
/* The item that has this entry; NULL: it is not held. */
const uint8_t *wg_directory_find(const struct wg_directory *dir,
				 const struct wg_directory_entry *e);

/* Assert the invariants. */
void wg_directory_check(const struct wg_directory *dir);

#endif
