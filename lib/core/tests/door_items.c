/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/core/tests/door_items.h"

#include <stdio.h>
#include <stdlib.h>

#define MESH 0xd0

/* --- a signature that says who, and what */

static void toy_public(unsigned who, uint8_t ret[WG_KEY_LEN])
{
	memset(ret, 0xee, WG_KEY_LEN);
	wg_item_put(ret, who, 4);
}

static void toy_signature(const uint8_t *item, uint8_t type, const uint8_t *key,
			  uint8_t ret[WG_ITEM_SIGNATURE_LEN])
{
	struct wg_span over = wg_item_signed(item, type);
	uint64_t sum = 0xcbf29ce484222325 + type;
	size_t i;

	for (i = 0; i < over.len; i++)
		sum = (sum ^ over.b[i]) * 0x100000001b3;
	memset(ret, 0, WG_ITEM_SIGNATURE_LEN);
	memcpy(ret, key, WG_KEY_LEN);
	wg_item_put(ret + WG_KEY_LEN, sum, 8);
}

static void toy_sign(uint8_t *item, uint8_t type, unsigned who)
{
	uint8_t key[WG_KEY_LEN], signature[WG_ITEM_SIGNATURE_LEN];

	toy_public(who, key);
	toy_signature(item, type, key, signature);
	wg_item_set_signature(item, type, signature);
}

static bool toy_verify(const uint8_t *item, uint8_t type, const uint8_t *key)
{
	uint8_t want[WG_ITEM_SIGNATURE_LEN];

	toy_signature(item, type, key, want);
	return memcmp(wg_item_bytes(item, type), want, sizeof(want)) == 0;
}

const struct door_crypto door_toy = {toy_public, toy_sign, toy_verify};
const struct door_crypto *door_crypto = &door_toy;

/* --- items */

static void begin(struct wg_item_writer *w, uint8_t kind, uint8_t mesh,
		  uint8_t *ret)
{
	uint8_t name[WG_ITEM_MESH_LEN];

	memset(name, mesh ? mesh : MESH, sizeof(name));
	wg_item_begin(w, kind, ret, WG_ITEM_MAX);
	wg_item_add_bytes(w, WG_ITEM_MESH, name, sizeof(name));
}

static void add_key(struct wg_item_writer *w, uint8_t type, unsigned who)
{
	uint8_t key[WG_KEY_LEN];

	door_crypto->public_of(who, key);
	wg_item_add_bytes(w, type, key, sizeof(key));
}

static size_t end(struct wg_item_writer *w)
{
	enum wg_item_fault fault = WG_ITEM_OK;

	if (wg_item_end(w, &fault) < 0) {
		fprintf(stderr, "%s\n", wg_item_fault_str(fault));
		abort();
	}
	return w->len;
}

size_t door_certificate(const struct door_certificate *c, uint8_t *ret)
{
	const struct wg_item_value address = {
		.type = WG_ITEM_ADDRESS4,
		.address = {{AF_INET, {10, 99, 0, c->member}}, 16}};
	struct wg_item_writer w;

	begin(&w, WG_ITEM_IS_CERTIFICATE, c->mesh, ret);
	wg_item_add_number(&w, WG_ITEM_MEMBER, c->member);
	wg_item_add_number(&w, WG_ITEM_SERIAL, c->serial);
	add_key(&w, WG_ITEM_KEY, c->key);
	wg_item_add_bytes(&w, WG_ITEM_NAME, "berlin", 6);
	wg_item_add_number(&w, WG_ITEM_FROM, c->from);
	wg_item_add_number(&w, WG_ITEM_UNTIL, c->until ? c->until : 1u << 31);
	wg_item_add_number(&w, WG_ITEM_FLAGS, c->flags);
	if (c->flags & WG_ITEM_FLAG_HUB)
		wg_item_add_number(&w, WG_ITEM_HUB_NUMBER,
				   1 + (c->member - 1) % 8);
	wg_item_add(&w, &address);
	if (c->redeem_by)
		wg_item_add_number(&w, WG_ITEM_REDEEM_BY, c->redeem_by);
	wg_item_add_number(&w, WG_ITEM_LIST, 0);
	if (c->authority)
		wg_item_add_number(&w, WG_ITEM_AUTHORITY_NUMBER, c->authority);
	end(&w);
	door_crypto->sign(ret, WG_ITEM_SIGNATURE,
			  c->by ? c->by : DOOR_AUTHORITY);
	return w.len;
}

size_t door_succession(const struct door_succession *s, uint8_t *ret)
{
	struct wg_item_writer w;

	begin(&w, WG_ITEM_IS_SUCCESSION, 0, ret);
	wg_item_add_number(&w, WG_ITEM_MEMBER, s->member);
	add_key(&w, WG_ITEM_KEY, s->key);
	add_key(&w, WG_ITEM_IDENTITY, s->identity);
	end(&w);
	door_crypto->sign(ret, WG_ITEM_BY_INVITE,
			  s->by_key ? s->by_key : s->key);
	door_crypto->sign(ret, WG_ITEM_SIGNATURE,
			  s->by_identity ? s->by_identity : s->identity);
	return w.len;
}

size_t door_witness(uint32_t hub, unsigned by, const uint8_t *succession,
		    uint8_t *ret)
{
	struct wg_item_writer w;

	begin(&w, WG_ITEM_IS_WITNESS, 0, ret);
	wg_item_add_number(&w, WG_ITEM_MEMBER,
			   wg_item_number(succession, WG_ITEM_MEMBER));
	wg_item_add_number(&w, WG_ITEM_HUB, hub);
	wg_item_add_bytes(&w, WG_ITEM_SUCCESSION, succession,
			  wg_item_len(succession));
	end(&w);
	door_crypto->sign(ret, WG_ITEM_SIGNATURE, by);
	return w.len;
}

size_t door_record(const struct door_record *r, uint8_t *ret)
{
	struct wg_item_writer w;

	begin(&w, WG_ITEM_IS_DOOR_RECORD, 0, ret);
	wg_item_add_number(&w, WG_ITEM_MEMBER, r->member);
	wg_item_add_number(&w, WG_ITEM_SEQUENCE, r->sequence);
	add_key(&w, WG_ITEM_WG_KEY, r->key);
	wg_item_add_number(&w, WG_ITEM_PORT, 51820);
	end(&w);
	door_crypto->sign(ret, WG_ITEM_BY_WG_KEY,
			  r->by_key ? r->by_key : r->key);
	door_crypto->sign(ret, WG_ITEM_SIGNATURE, r->identity);
	return w.len;
}

size_t door_authority(uint32_t number, unsigned who, unsigned by, uint8_t *ret)
{
	struct wg_item_writer w;

	begin(&w, WG_ITEM_IS_AUTHORITY, 0, ret);
	wg_item_add_number(&w, WG_ITEM_FLAGS, 0);
	wg_item_add_number(&w, WG_ITEM_TIME, 1);
	add_key(&w, WG_ITEM_AUTHORITY_KEY, who);
	wg_item_add_number(&w, WG_ITEM_AUTHORITY_NUMBER, number);
	end(&w);
	door_crypto->sign(ret, WG_ITEM_SIGNATURE, by);
	return w.len;
}
