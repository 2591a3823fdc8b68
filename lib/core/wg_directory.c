/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map: what is wanted, and what becomes of it.
 *
 * Slots:
 *
 *   authorities	each, by its number
 *   list		the newest
 *   certificates	by member: the newest that names its identity itself,
 *			and all newer ones, which are invites'.  One of these
 *			may get its identity late, when another hub's witness
 *			comes; who dropped it meanwhile would never want that
 *			witness, and differ from the others for good
 *   witnesses		by member, invite key and hub: the two lowest hashes;
 *			two are the proof that the hub lies
 *   record		by member: the newest of the present identity
 *
 * Of two different items of one version the lower hash stays, so that all
 * members choose alike.
 *
 * What comes is from anybody who is connected: from hubs that lie, that keep
 * things back, that repeat old ones.  An offer costs a pass over its bytes and
 * a few look-ups, and nothing is stored before the caller verified what it was
 * told to.  What is kept is bounded by the slots, the members by a maximum of
 * which the lower numbers stay; only the authority can add a member or a
 * certificate.  A liar can never make an item held that its signer did not
 * make, nor one leave that stands, but by a newer one of the right signer.
 */
#include "lib/core/wg_directory.h"

#include <assert.h>

#include "lib/core/wg_directory_state.h"

/* --- what is wanted */

/* Is there the same, or what is preferred to it? */
static bool is_beaten(const struct wg_held *h, uint64_t version,
		      const uint8_t *hash)
{
	return h->b &&
	       (h->version > version ||
		(h->version == version && wg_hash_cmp(h->hash, hash) <= 0));
}

static bool is_beaten_in(const struct wg_helds *s, uint64_t version,
			 const uint8_t *hash)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->at[i].version == version)
			return is_beaten(&s->at[i], version, hash);
	return false;
}

static bool is_older(const struct wg_mapped *m, uint64_t version)
{
	const struct wg_held *certain = wg_directory_certain(m);

	return certain && version < certain->version;
}

static bool has_room(const struct wg_directory *dir, uint32_t member)
{
	return wg_directory_get(dir, member) || dir->n < dir->conf.maximum ||
	       (dir->n && member < dir->member[dir->n - 1]->number);
}

static bool has_hash(const struct wg_helds *s, const uint8_t *hash)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (wg_hash_cmp(s->at[i].hash, hash) == 0)
			return true;
	return false;
}

bool wg_directory_wants(const struct wg_directory *dir,
			const struct wg_directory_entry *e)
{
	const struct wg_mapped *m = wg_directory_get(dir, e->member);

	switch (e->kind) {
	case WG_ITEM_IS_AUTHORITY:
		return !is_beaten_in(&dir->authorities, e->version, e->hash);
	case WG_ITEM_IS_LIST:
		return !is_beaten(&dir->list, e->version, e->hash);
	case WG_ITEM_IS_CERTIFICATE:
		return m ? !is_older(m, e->version) &&
				       !is_beaten_in(&m->certificates,
						     e->version, e->hash)
			 : has_room(dir, e->member);
	case WG_ITEM_IS_WITNESS:
		return m ? !has_hash(&m->witnesses, e->hash)
			 : has_room(dir, e->member);
	case WG_ITEM_IS_RECORD:
		return m ? !is_beaten(&m->record, e->version, e->hash)
			 : has_room(dir, e->member);
	default:
		return false;
	}
}

/* Of one hub, about one invite key: indices of those, two at most. */
static size_t rivals(const struct wg_mapped *m, uint64_t hub,
		     const uint8_t *key, size_t ret[3])
{
	size_t i, n = 0;

	for (i = 0; i < m->witnesses.n; i++)
		if (m->witnesses.at[i].version == hub &&
		    wg_key_eq(wg_witness_key(m->witnesses.at[i].b), key)) {
			assert(n < 3);
			ret[n++] = i;
		}
	return n;
}

/* A witness that the entry cannot tell all of. */
static bool is_witness_wanted(const struct wg_mapped *m,
			      const struct wg_offer *offer)
{
	const uint8_t *key = wg_witness_key(offer->b);
	size_t at[3], n;

	if (!m || !wg_directory_is_invited(m, key))
		return false;
	n = rivals(m, wg_item_version(offer->b), key, at);
	return n < 2 ||
	       wg_hash_cmp(offer->hash, m->witnesses.at[at[1]].hash) < 0;
}

static struct wg_directory_entry entry_of(const struct wg_offer *offer)
{
	struct wg_directory_entry e;

	wg_directory_entry_of(offer->b, &e);
	memcpy(e.hash, offer->hash, sizeof(e.hash));
	return e;
}

/* --- taking in */

const char *wg_offered_str(enum wg_offered offered)
{
	static const char *const names[WG_OFFEREDS] = {
		[WG_OFFERED_VERIFY] = "wanted",
		[WG_OFFERED_FORM] = "no-item",
		[WG_OFFERED_OTHER_MESH] = "other-mesh",
		[WG_OFFERED_UNWANTED] = "unwanted",
		[WG_OFFERED_FULL] = "over-maximum-members",
		[WG_OFFERED_VOID] = "void",
		[WG_OFFERED_NO_SIGNER] = "no-signer",
	};

	assert(offered < WG_OFFEREDS);
	return names[offered];
}

static void must(struct wg_offer_checks *c, const uint8_t *item, uint8_t type,
		 const uint8_t *key)
{
	assert(c->n < WG_OFFER_CHECKS);
	c->check[c->n++] = (struct wg_offer_check){item, type, key};
}

/* Every signature that there is, in it and in what is within. */
static void must_all(const uint8_t *item, const uint8_t *signer,
		     struct wg_offer_checks *c)
{
	const uint8_t *inner = wg_item_bytes(item, WG_ITEM_SUCCESSION);
	const uint8_t *key;
	uint8_t type;

	c->n = 0;
	must(c, item, WG_ITEM_SIGNATURE, signer);
	for (type = WG_ITEM_BY_WG_KEY; type < WG_ITEM_SIGNATURE; type++) {
		key = wg_item_own_key(item, type);
		if (key && wg_item_bytes(item, type))
			must(c, item, type, key);
	}
	if (!inner)
		return;
	must(c, inner, WG_ITEM_BY_INVITE, wg_item_bytes(inner, WG_ITEM_KEY));
	must(c, inner, WG_ITEM_SIGNATURE,
	     wg_item_bytes(inner, WG_ITEM_IDENTITY));
}

static bool is_kept(uint8_t kind)
{
	return kind == WG_ITEM_IS_AUTHORITY || kind == WG_ITEM_IS_LIST ||
	       kind == WG_ITEM_IS_CERTIFICATE || kind == WG_ITEM_IS_WITNESS ||
	       kind == WG_ITEM_IS_RECORD;
}

enum wg_offered wg_directory_offer(const struct wg_directory *dir,
				   const struct wg_offer *offer,
				   struct wg_offer_checks *ret)
{
	struct wg_directory_entry e;
	const uint8_t *signer;
	bool wants;

	if (wg_item_check(offer->b, offer->len) ||
	    !is_kept(wg_item_kind(offer->b)))
		return WG_OFFERED_FORM;
	if (memcmp(wg_item_bytes(offer->b, WG_ITEM_MESH), dir->conf.mesh,
		   WG_ITEM_MESH_LEN) != 0)
		return WG_OFFERED_OTHER_MESH;
	e = entry_of(offer);
	if (!has_room(dir, e.member) && e.member)
		return WG_OFFERED_FULL;
	wants = wg_directory_wants(dir, &e);
	if (e.kind == WG_ITEM_IS_WITNESS)
		wants = wants &&
			is_witness_wanted(wg_directory_get(dir, e.member),
					  offer);
	if (!wants)
		return WG_OFFERED_UNWANTED;
	if (e.kind == WG_ITEM_IS_CERTIFICATE &&
	    wg_directory_is_void(dir, offer->b))
		return WG_OFFERED_VOID;
	signer = wg_directory_signer(dir, offer->b);
	if (!signer)
		return WG_OFFERED_NO_SIGNER;
	must_all(offer->b, signer, ret);
	return WG_OFFERED_VERIFY;
}

static unsigned put_certificate(struct wg_directory *dir, uint32_t member,
				struct wg_held h)
{
	struct wg_mapped *m = wg_directory_enter(dir, member);
	const uint8_t *hub = wg_directory_hub(dir, member), *now;
	uint8_t was[WG_KEY_LEN] = {};
	unsigned alarms = 0;

	if (hub)
		memcpy(was, hub, sizeof(was));
	if (wg_directory_replace(dir, &m->certificates, h))
		alarms |= WG_DIRECTORY_CONFLICT;
	m->is_changed = true;
	wg_directory_sweep_member(dir, m);
	now = wg_directory_hub(dir, member);
	/* a hub more or less, or a hub's other key: its witnesses */
	if (!hub != !now || (now && !wg_key_eq(now, was)) ||
	    dir->n > dir->conf.maximum)
		alarms |= wg_directory_sweep_all(dir);
	return alarms;
}

static unsigned put_witness(struct wg_directory *dir, struct wg_mapped *m,
			    struct wg_held h)
{
	size_t at[3], n;

	wg_directory_insert(dir, &m->witnesses, h);
	n = rivals(m, h.version, wg_witness_key(h.b), at);
	if (n > 2)
		wg_directory_drop_at(dir, &m->witnesses, at[2]);
	m->is_changed = true;
	wg_directory_sweep_record(dir, m);
	return n > 1 ? WG_DIRECTORY_CONFLICT : 0;
}

/* Instead of what was there.  Was it another one of this version? */
static unsigned put_one(struct wg_directory *dir, struct wg_held *slot,
			struct wg_held h)
{
	bool is_conflict = slot->b && slot->version == h.version;

	wg_directory_drop(dir, slot);
	*slot = h;
	return is_conflict ? WG_DIRECTORY_CONFLICT : 0;
}

unsigned wg_directory_put(struct wg_directory *dir,
			  const struct wg_offer *offer)
{
	uint32_t member = wg_item_number(offer->b, WG_ITEM_MEMBER);
	struct wg_offer_checks checks;
	struct wg_mapped *m;
	unsigned alarms = 0;
	struct wg_held h;

	assert(wg_directory_offer(dir, offer, &checks) == WG_OFFERED_VERIFY);
	h = wg_directory_hold(dir, offer, checks.check[0].key);
	m = wg_directory_get(dir, member);
	switch (wg_item_kind(offer->b)) {
	case WG_ITEM_IS_AUTHORITY:
		if (wg_directory_replace(dir, &dir->authorities, h))
			alarms = WG_DIRECTORY_CONFLICT;
		return alarms | wg_directory_sweep_all(dir);
	case WG_ITEM_IS_LIST:
		alarms = put_one(dir, &dir->list, h);
		return alarms | wg_directory_sweep_all(dir);
	case WG_ITEM_IS_CERTIFICATE:
		return put_certificate(dir, member, h);
	case WG_ITEM_IS_WITNESS:
		return put_witness(dir, m, h);
	default:
		m->is_changed = true;
		return put_one(dir, &m->record, h);
	}
}
