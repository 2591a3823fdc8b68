/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/core/tests/mesh.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/core/wg_item_writer.h"

static void key_of(uint8_t id, uint8_t ret[WG_KEY_LEN])
{
	memset(ret, id, WG_KEY_LEN);
}

static uint64_t sum(const uint8_t *b, size_t len, uint64_t h)
{
	while (len--)
		h = (h ^ *b++) * 0x100000001b3;
	return h;
}

struct wg_directory_conf mesh_conf(size_t maximum)
{
	struct wg_directory_conf conf = {.mesh = {7}, .maximum = maximum};

	key_of(MESH_RECOVERY, conf.recovery);
	key_of(MESH_FIRST, conf.first);
	return conf;
}

void mesh_free(struct mesh *m)
{
	while (m->n)
		free((void *)m->item[--m->n].b);
}

/* --- signatures */

static void sign(uint8_t *item, uint8_t type, uint8_t id)
{
	uint8_t signature[WG_ITEM_SIGNATURE_LEN] = {};
	struct wg_span s = wg_item_signed(item, type);

	key_of(id, signature);
	wg_item_put(signature + WG_KEY_LEN, sum(s.b, s.len, type), 8);
	wg_item_set_signature(item, type, signature);
}

static bool is_by(const uint8_t *item, uint8_t type, const uint8_t *key)
{
	struct wg_span s = wg_item_signed(item, type);
	const uint8_t *signature = wg_item_bytes(item, type);

	return memcmp(signature, key, WG_KEY_LEN) == 0 &&
	       wg_item_get(signature + WG_KEY_LEN, 8) == sum(s.b, s.len, type);
}

bool mesh_is_by(const uint8_t *item, const uint8_t *key)
{
	return key && is_by(item, WG_ITEM_SIGNATURE, key);
}

bool mesh_is_own(const uint8_t *item)
{
	const uint8_t *inner = wg_item_bytes(item, WG_ITEM_SUCCESSION);

	if (wg_item_kind(item) == WG_ITEM_IS_RECORD)
		return is_by(item, WG_ITEM_BY_WG_KEY,
			     wg_item_bytes(item, WG_ITEM_WG_KEY));
	return !inner || (is_by(inner, WG_ITEM_BY_INVITE,
				wg_item_bytes(inner, WG_ITEM_KEY)) &&
			  is_by(inner, WG_ITEM_SIGNATURE,
				wg_item_bytes(inner, WG_ITEM_IDENTITY)));
}

enum wg_offered mesh_offer(struct wg_directory *dir,
			   const struct wg_offer *offer, unsigned *ret_alarms)
{
	struct wg_offer_checks c;
	enum wg_offered offered = wg_directory_offer(dir, offer, &c);
	unsigned alarms;
	size_t i;

	if (offered != WG_OFFERED_VERIFY)
		return offered;
	for (i = 0; i < c.n; i++)
		if (!is_by(c.check[i].item, c.check[i].type, c.check[i].key))
			return MESH_FORGED;
	alarms = wg_directory_put(dir, offer);
	wg_directory_check(dir);
	if (ret_alarms)
		*ret_alarms = alarms;
	return offered;
}

/* --- items */

static uint8_t work[WG_ITEM_MAX];

static void begin(struct wg_item_writer *w, uint8_t kind)
{
	struct wg_directory_conf conf = mesh_conf(1);

	wg_item_begin(w, kind, work, sizeof(work));
	if (kind != WG_ITEM_IS_REQUEST)
		wg_item_add_bytes(w, WG_ITEM_MESH, conf.mesh, WG_ITEM_MESH_LEN);
}

static void add_key(struct wg_item_writer *w, uint8_t type, uint8_t id)
{
	uint8_t key[WG_KEY_LEN];

	key_of(id, key);
	wg_item_add_bytes(w, type, key, sizeof(key));
}

static void finish(struct wg_item_writer *w)
{
	if (wg_item_end(w, NULL) < 0)
		abort();
}

static void set_hash(struct wg_offer *o)
{
	wg_item_put(o->hash, sum(o->b, o->len, 99), 8);
	/* differs from it, so that no order is by chance the other one's */
	wg_item_put(o->hash + 8, sum(o->b, o->len, 98), 8);
}

/* One that was made before is the same. */
static struct wg_offer *take(struct mesh *m, const struct wg_item_writer *w)
{
	struct wg_offer *o;
	uint8_t *b;

	for (o = m->item; o < m->item + m->n; o++)
		if (o->len == w->len && memcmp(o->b, w->buf, w->len) == 0)
			return o;
	b = malloc(w->len);
	assert(++m->n <= MESH_ITEMS && b);
	memcpy(b, w->buf, w->len);
	*o = (struct wg_offer){b, w->len};
	set_hash(o);
	return o;
}

void mesh_spoil(struct wg_offer *offer)
{
	((uint8_t *)offer->b)[offer->len - 30] ^= 1;
	set_hash(offer);
}

struct wg_offer *mesh_certificate(struct mesh *m, struct mesh_certificate c)
{
	static const uint8_t address[] = {10, 0, 0, 1};
	struct wg_item_value v = {.type = WG_ITEM_ADDRESS4,
				  .address = {{AF_INET}, 24}};
	struct wg_item_writer w;

	begin(&w, WG_ITEM_IS_CERTIFICATE);
	wg_item_add_number(&w, WG_ITEM_MEMBER, c.member);
	wg_item_add_number(&w, WG_ITEM_SERIAL, c.serial);
	add_key(&w, WG_ITEM_KEY, c.key);
	wg_item_add_bytes(&w, WG_ITEM_NAME, "name", 4);
	wg_item_add_number(&w, WG_ITEM_FROM, c.mark);
	wg_item_add_number(&w, WG_ITEM_UNTIL, c.until);
	wg_item_add_number(&w, WG_ITEM_FLAGS, c.flags);
	if (c.flags & WG_ITEM_FLAG_HUB)
		wg_item_add_number(&w, WG_ITEM_HUB_NUMBER, 1);
	memcpy(v.address.addr.b, address, sizeof(address));
	wg_item_add(&w, &v);
	wg_item_add_number(&w, WG_ITEM_LIST, 0);
	if (c.authority)
		wg_item_add_number(&w, WG_ITEM_AUTHORITY_NUMBER, c.authority);
	finish(&w);
	sign(work, WG_ITEM_SIGNATURE, c.signer ? c.signer : MESH_FIRST);
	return take(m, &w);
}

struct wg_offer *mesh_authority(struct mesh *m, struct mesh_authority a)
{
	struct wg_item_writer w;

	begin(&w, WG_ITEM_IS_AUTHORITY);
	wg_item_add_number(&w, WG_ITEM_FLAGS, a.flags);
	wg_item_add_number(&w, WG_ITEM_TIME, 0);
	add_key(&w, WG_ITEM_AUTHORITY_KEY, a.key);
	wg_item_add_number(&w, WG_ITEM_AUTHORITY_NUMBER, a.number);
	finish(&w);
	sign(work, WG_ITEM_SIGNATURE, a.signer ? a.signer : MESH_RECOVERY);
	return take(m, &w);
}

struct wg_offer *mesh_list(struct mesh *m, struct mesh_list l)
{
	struct wg_item_value v = {.type = WG_ITEM_REVOKED};
	struct wg_item_writer w;
	size_t i;

	begin(&w, WG_ITEM_IS_LIST);
	wg_item_add_number(&w, WG_ITEM_TIME, l.mark);
	wg_item_add_number(&w, WG_ITEM_LIST, l.number);
	wg_item_add_number(&w, WG_ITEM_DUE, l.due);
	for (i = 0; i < 4 && l.revoked[i][0]; i++) {
		v.revoked.member = l.revoked[i][0];
		v.revoked.serial = l.revoked[i][1];
		wg_item_add(&w, &v);
	}
	if (l.authority)
		wg_item_add_number(&w, WG_ITEM_AUTHORITY_NUMBER, l.authority);
	finish(&w);
	sign(work, WG_ITEM_SIGNATURE, l.signer ? l.signer : MESH_FIRST);
	return take(m, &w);
}

struct wg_offer *mesh_witness(struct mesh *m, struct mesh_witness x)
{
	struct wg_item_writer w;
	uint8_t s[238];

	begin(&w, WG_ITEM_IS_SUCCESSION);
	wg_item_add_number(&w, WG_ITEM_MEMBER, x.member);
	add_key(&w, WG_ITEM_KEY, x.invite);
	add_key(&w, WG_ITEM_IDENTITY, x.identity);
	finish(&w);
	sign(work, WG_ITEM_BY_INVITE, x.by_invite ? x.by_invite : x.invite);
	sign(work, WG_ITEM_SIGNATURE,
	     x.by_identity ? x.by_identity : x.identity);
	memcpy(s, work, sizeof(s));
	begin(&w, WG_ITEM_IS_WITNESS);
	wg_item_add_number(&w, WG_ITEM_MEMBER, x.member);
	wg_item_add_number(&w, WG_ITEM_HUB, x.hub);
	wg_item_add_bytes(&w, WG_ITEM_SUCCESSION, s, sizeof(s));
	finish(&w);
	sign(work, WG_ITEM_SIGNATURE, x.signer);
	return take(m, &w);
}

struct wg_offer *mesh_record(struct mesh *m, struct mesh_record r)
{
	struct wg_item_writer w;

	begin(&w, WG_ITEM_IS_RECORD);
	wg_item_add_number(&w, WG_ITEM_MEMBER, r.member);
	wg_item_add_number(&w, WG_ITEM_SEQUENCE, r.sequence);
	add_key(&w, WG_ITEM_WG_KEY, r.wg_key);
	wg_item_add_number(&w, WG_ITEM_PORT, 1 + r.mark);
	finish(&w);
	sign(work, WG_ITEM_BY_WG_KEY, r.by_wg_key ? r.by_wg_key : r.wg_key);
	sign(work, WG_ITEM_SIGNATURE, r.identity);
	return take(m, &w);
}
