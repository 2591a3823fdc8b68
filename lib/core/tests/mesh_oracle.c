/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map by definition: of all items at once, kind by kind, each kind from
 * those before it.  Loops over all items, and nothing is remembered.
 */
#include "lib/core/tests/mesh.h"

struct world {
	const struct mesh *m;
	size_t maximum;
	bool *in;
};

static const uint8_t *item(const struct world *w, size_t i)
{
	return w->m->item[i].b;
}

static bool is(const struct world *w, size_t i, uint8_t kind)
{
	return wg_item_kind(item(w, i)) == kind;
}

static uint64_t num(const struct world *w, size_t i, uint8_t type)
{
	return wg_item_number(item(w, i), type);
}

/* Newer, or of the same version and lower: is k in and better than i? */
static bool beats(const struct world *w, size_t k, size_t i, bool newer)
{
	uint64_t vi = wg_item_version(item(w, i));
	uint64_t vk = wg_item_version(item(w, k));
	int diff = memcmp(w->m->item[k].hash, w->m->item[i].hash, 16);

	return (newer && vk > vi) || (vk == vi && diff < 0);
}

/* Those that are in, and whom one of the same subject beats, go. */
static void best(struct world *w, uint8_t kind, bool newer)
{
	bool out[MESH_ITEMS] = {};
	size_t i, k;

	for (i = 0; i < w->m->n; i++)
		for (k = 0; k < w->m->n; k++)
			if (is(w, i, kind) && is(w, k, kind) && w->in[i] &&
			    w->in[k] &&
			    num(w, i, WG_ITEM_MEMBER) ==
				    num(w, k, WG_ITEM_MEMBER))
				out[i] |= beats(w, k, i, newer);
	for (i = 0; i < w->m->n; i++)
		w->in[i] &= !out[i];
}

static const uint8_t *authority(const struct world *w, uint64_t number)
{
	static struct wg_directory_conf conf;
	size_t i;

	conf = mesh_conf(1);
	for (i = 0; i < w->m->n; i++)
		if (w->in[i] && is(w, i, WG_ITEM_IS_AUTHORITY) &&
		    num(w, i, WG_ITEM_AUTHORITY_NUMBER) == number)
			return wg_item_bytes(item(w, i), WG_ITEM_AUTHORITY_KEY);
	return number ? NULL : conf.first;
}

static bool is_void(const struct world *w, size_t c)
{
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t i, k, at;

	for (i = 0; i < w->m->n; i++) {
		if (!w->in[i] || !is(w, i, WG_ITEM_IS_LIST))
			continue;
		wg_item_each (item(w, i), at, tlv) {
			wg_item_value_get(&tlv, &v);
			if (v.type == WG_ITEM_REVOKED &&
			    v.revoked.member == num(w, c, WG_ITEM_MEMBER) &&
			    num(w, c, WG_ITEM_SERIAL) < v.revoked.serial)
				return true;
		}
		for (k = 0; k < w->m->n; k++)
			if (w->in[k] && is(w, k, WG_ITEM_IS_AUTHORITY) &&
			    num(w, k, WG_ITEM_FLAGS) &&
			    num(w, k, WG_ITEM_AUTHORITY_NUMBER) <=
				    num(w, i, WG_ITEM_AUTHORITY_NUMBER) &&
			    num(w, c, WG_ITEM_AUTHORITY_NUMBER) <
				    num(w, k, WG_ITEM_AUTHORITY_NUMBER))
				return true;
	}
	return false;
}

/* The newest certificate of a member that is in, of two sorts. */
static size_t newest(const struct world *w, uint64_t member, bool certain)
{
	size_t i, found = w->m->n;

	for (i = 0; i < w->m->n; i++)
		if (w->in[i] && is(w, i, WG_ITEM_IS_CERTIFICATE) &&
		    num(w, i, WG_ITEM_MEMBER) == member &&
		    (!certain || !(num(w, i, WG_ITEM_FLAGS) & 2)) &&
		    (found == w->m->n ||
		     wg_item_version(item(w, i)) >
			     wg_item_version(item(w, found))))
			found = i;
	return found;
}

static void certificates(struct world *w)
{
	bool out[MESH_ITEMS] = {};
	size_t i, k, lower;

	for (i = 0; i < w->m->n; i++)
		if (is(w, i, WG_ITEM_IS_CERTIFICATE))
			w->in[i] = mesh_is_by(item(w, i),
					      authority(w, num(w, i, 0x25))) &&
				   !is_void(w, i);
	best(w, WG_ITEM_IS_CERTIFICATE, false);
	for (i = 0; i < w->m->n; i++) {
		if (!w->in[i] || !is(w, i, WG_ITEM_IS_CERTIFICATE))
			continue;
		k = newest(w, num(w, i, WG_ITEM_MEMBER), true);
		out[i] = k < w->m->n && wg_item_version(item(w, i)) <
						wg_item_version(item(w, k));
		/* members of a lower number */
		for (k = 1, lower = 0; k < num(w, i, WG_ITEM_MEMBER); k++)
			lower += newest(w, k, false) < w->m->n;
		out[i] |= lower >= w->maximum;
	}
	for (i = 0; i < w->m->n; i++)
		w->in[i] &= !out[i];
}

static const uint8_t *hub(const struct world *w, uint64_t member)
{
	size_t c = newest(w, member, true);

	return c < w->m->n && num(w, c, WG_ITEM_FLAGS) == 1
		       ? wg_item_bytes(item(w, c), WG_ITEM_KEY)
		       : NULL;
}

static const uint8_t *succession(const struct world *w, size_t i, uint8_t type)
{
	return wg_item_bytes(wg_item_bytes(item(w, i), WG_ITEM_SUCCESSION),
			     type);
}

static bool is_about(const struct world *w, size_t i, uint64_t member,
		     const uint8_t *key)
{
	return is(w, i, WG_ITEM_IS_WITNESS) && w->in[i] &&
	       num(w, i, WG_ITEM_MEMBER) == member &&
	       memcmp(succession(w, i, WG_ITEM_KEY), key, WG_KEY_LEN) == 0;
}

static void witnesses(struct world *w)
{
	bool out[MESH_ITEMS] = {};
	size_t i, k, lower;

	for (i = 0; i < w->m->n; i++) {
		if (!is(w, i, WG_ITEM_IS_WITNESS))
			continue;
		if (!mesh_is_by(item(w, i), hub(w, num(w, i, WG_ITEM_HUB))) ||
		    !mesh_is_own(item(w, i)))
			continue;
		for (k = 0; k < w->m->n; k++)
			w->in[i] |=
				is(w, k, WG_ITEM_IS_CERTIFICATE) && w->in[k] &&
				(num(w, k, WG_ITEM_FLAGS) & 2) &&
				num(w, k, WG_ITEM_MEMBER) ==
					num(w, i, WG_ITEM_MEMBER) &&
				memcmp(wg_item_bytes(item(w, k), WG_ITEM_KEY),
				       succession(w, i, WG_ITEM_KEY),
				       WG_KEY_LEN) == 0;
	}
	for (i = 0; i < w->m->n; i++) {
		if (!w->in[i] || !is(w, i, WG_ITEM_IS_WITNESS))
			continue;
		for (k = lower = 0; k < w->m->n; k++)
			lower += is_about(w, k, num(w, i, WG_ITEM_MEMBER),
					  succession(w, i, WG_ITEM_KEY)) &&
				 num(w, k, WG_ITEM_HUB) ==
					 num(w, i, WG_ITEM_HUB) &&
				 beats(w, k, i, false);
		out[i] = lower >= 2;
	}
	for (i = 0; i < w->m->n; i++)
		w->in[i] &= !out[i];
}

/* Votes for an identity, by hubs that say one thing. */
static size_t votes(const struct world *w, size_t c, const uint8_t *identity)
{
	const uint8_t *key = wg_item_bytes(item(w, c), WG_ITEM_KEY);
	uint64_t member = num(w, c, WG_ITEM_MEMBER);
	size_t i, k, said, n = 0;

	for (i = 0; i < w->m->n; i++) {
		if (!is_about(w, i, member, key))
			continue;
		for (k = said = 0; k < w->m->n; k++)
			said += is_about(w, k, member, key) &&
				num(w, k, WG_ITEM_HUB) ==
					num(w, i, WG_ITEM_HUB);
		n += said == 1 && memcmp(succession(w, i, WG_ITEM_IDENTITY),
					 identity, WG_KEY_LEN) == 0;
	}
	return n;
}

static const uint8_t *identity_of(const struct world *w, size_t c)
{
	const uint8_t *key = wg_item_bytes(item(w, c), WG_ITEM_KEY);
	const uint8_t *one, *found = NULL;
	size_t i, k;

	if (!(num(w, c, WG_ITEM_FLAGS) & 2))
		return key;
	/* who has more than each other one */
	for (i = 0; i < w->m->n; i++) {
		if (!is_about(w, i, num(w, c, WG_ITEM_MEMBER), key))
			continue;
		one = succession(w, i, WG_ITEM_IDENTITY);
		found = one;
		for (k = 0; k < w->m->n; k++)
			if (is_about(w, k, num(w, c, WG_ITEM_MEMBER), key) &&
			    memcmp(one, succession(w, k, WG_ITEM_IDENTITY),
				   WG_KEY_LEN) != 0 &&
			    votes(w, c, one) <=
				    votes(w, c,
					  succession(w, k, WG_ITEM_IDENTITY)))
				found = NULL;
		if (found && votes(w, c, one))
			return one;
	}
	return NULL;
}

static const uint8_t *identity(const struct world *w, uint64_t member)
{
	const uint8_t *found = NULL;
	uint64_t version = 0;
	size_t i;

	for (i = 0; i < w->m->n; i++)
		if (w->in[i] && is(w, i, WG_ITEM_IS_CERTIFICATE) &&
		    num(w, i, WG_ITEM_MEMBER) == member &&
		    wg_item_version(item(w, i)) >= version &&
		    identity_of(w, i)) {
			version = wg_item_version(item(w, i));
			found = identity_of(w, i);
		}
	return found;
}

void mesh_oracle(const struct mesh *m, size_t maximum, bool *ret)
{
	struct world w = {m, maximum, ret};
	struct wg_directory_conf conf = mesh_conf(1);
	size_t i;

	memset(ret, 0, m->n * sizeof(*ret));
	for (i = 0; i < m->n; i++)
		ret[i] = is(&w, i, WG_ITEM_IS_AUTHORITY) &&
			 mesh_is_by(item(&w, i), conf.recovery);
	best(&w, WG_ITEM_IS_AUTHORITY, false);
	for (i = 0; i < m->n; i++)
		if (is(&w, i, WG_ITEM_IS_LIST))
			ret[i] = mesh_is_by(item(&w, i),
					    authority(&w, num(&w, i, 0x25)));
	best(&w, WG_ITEM_IS_LIST, true);
	certificates(&w);
	witnesses(&w);
	for (i = 0; i < m->n; i++)
		if (is(&w, i, WG_ITEM_IS_RECORD))
			ret[i] =
				mesh_is_by(item(&w, i),
					   identity(&w, num(&w, i,
							    WG_ITEM_MEMBER))) &&
				mesh_is_own(item(&w, i));
	best(&w, WG_ITEM_IS_RECORD, true);
}
