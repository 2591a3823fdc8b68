/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a message on every offset of every op (border.h), read by a
 * decoder that shares nothing with the encoder: bytes, lengths as they are,
 * no libmnl.  An op that came to the wrong side of a cut, a nest longer than
 * its 16 bits can say, a throw-away peer that outlives its message: all show
 * as a difference between what was put and what is read.
 */
#include "lib/backend/wg_genl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/backend/tests/border.h"

static struct wg_key keys[BORDER_KEYS], throwaway, secret;

/* What a message does, one by one. */
struct effect {
	uint8_t kind; /* enum wg_op_kind */
	uint8_t family, len, addr[16]; /* ADD, REMOVE */
	uint8_t key[WG_KEY_LEN]; /* all but DEVICE_SET, REMOVE */
	uint8_t psk[WG_KEY_LEN], endpoint[16]; /* PEER_SET */
	uint16_t number; /* its keepalive */
	uint32_t mark; /* DEVICE_SET */
};

/* Lengths that a message had before an op of each kind did not fit. */
static uint8_t ended[1 + WG_OP_PEER_REMOVE][WG_GENL_MAX / 4 + 1];

static struct effect want[BORDER_MAX + 32], have[BORDER_MAX + 32];

static void expect(const struct wg_op *op, struct effect *e)
{
	memset(e, 0, sizeof(*e));
	e->kind = op->kind;
	if (op->kind == WG_OP_ADD || op->kind == WG_OP_REMOVE) {
		e->family = op->prefix.family;
		e->len = op->prefix.len;
		memcpy(e->addr, op->prefix.b, sizeof(e->addr));
	}
	if (op->kind == WG_OP_DEVICE_SET)
		e->mark = op->dev_conf->fwmark;
	else if (op->kind != WG_OP_REMOVE)
		memcpy(e->key, op->key->b, sizeof(e->key));
	if (op->kind != WG_OP_PEER_SET)
		return;
	e->number = op->peer_conf->keepalive;
	memcpy(e->endpoint, op->peer_conf->endpoint.addr.b, 16);
	if (op->peer_conf->psk_file)
		memcpy(e->psk, secret.b, sizeof(e->psk));
}

/* --- the decoder: attributes of len and type, padded to 4 bytes */

struct attr {
	unsigned type;
	const uint8_t *p; /* payload */
	unsigned len;
};

/* The attribute at *at, which moves behind it. */
static bool next(const uint8_t **at, const uint8_t *end, struct attr *ret)
{
	unsigned len;

	if (*at == end)
		return false;
	assert_true(end - *at >= 4);
	len = (*at)[0] | (*at)[1] << 8;
	ret->type = ((*at)[2] | (*at)[3] << 8) & 0x7fff;
	ret->p = *at + 4;
	ret->len = len - 4;
	assert_true(len >= 4);
	assert_true(end - *at >= (len + 3) / 4 * 4);
	*at += (len + 3) / 4 * 4;
	return true;
}

static uint32_t number(const struct attr *a)
{
	uint32_t n = 0;

	assert_true(a->len <= 4);
	for (unsigned i = 0; i < a->len; i++)
		n |= (uint32_t)a->p[i] << 8 * i;
	return n;
}

static void read_prefix(const struct attr *nest, struct effect *e)
{
	const uint8_t *at = nest->p, *end = nest->p + nest->len;
	struct attr a;

	e->kind = WG_OP_ADD;
	while (next(&at, end, &a)) {
		if (a.type == 1)
			e->family = number(&a);
		else if (a.type == 2)
			memcpy(e->addr, a.p, a.len);
		else if (a.type == 3)
			e->len = number(&a);
		else if (a.type == 4 && number(&a) == 1)
			e->kind = WG_OP_REMOVE;
	}
}

static size_t read_peer(const struct attr *nest, struct effect *e,
			bool *thrown)
{
	const uint8_t *at = nest->p, *end = nest->p + nest->len;
	struct effect peer = { .kind = WG_OP_PEER_SET };
	struct attr a, ips = { 0 };
	bool set = false, throw;
	unsigned flags = 0;
	size_t n = 0;

	while (next(&at, end, &a)) {
		if (a.type == 1)
			memcpy(peer.key, a.p, a.len);
		else if (a.type == 2)
			memcpy(peer.psk, a.p, a.len), set = true;
		else if (a.type == 3)
			flags = number(&a);
		else if (a.type == 4) /* sockaddr_in, sockaddr_in6 */
			memcpy(peer.endpoint, a.p + (a.len == 16 ? 4 : 8),
			       a.len == 16 ? 4 : 16);
		else if (a.type == 5)
			peer.number = number(&a);
		else if (a.type == 9)
			ips = a;
	}
	throw = memcmp(peer.key, throwaway.b, WG_KEY_LEN) == 0;
	if (throw && flags == 1) {
		*thrown = false;
		return 0;
	}
	if (flags == 1)
		peer.kind = WG_OP_PEER_REMOVE;
	if (set || flags == 1)
		e[n++] = peer;
	*thrown |= throw;
	at = ips.p;
	while (ips.p && next(&at, ips.p + ips.len, &a)) {
		memset(&e[n], 0, sizeof(*e));
		read_prefix(&a, &e[n]);
		if (throw)
			e[n].kind = WG_OP_REMOVE;
		if (e[n].kind == WG_OP_ADD)
			memcpy(e[n].key, peer.key, WG_KEY_LEN);
		n++;
	}
	return n;
}

static size_t read_message(const uint8_t *msg, size_t len, struct effect *e)
{
	const uint8_t *at = msg + 20, *p, *end;
	struct attr a, peer, peers = { 0 };
	bool thrown = false;
	size_t n = 0;

	while (next(&at, msg + len, &a))
		if (a.type == 7)
			e[n++] = (struct effect){ .kind = WG_OP_DEVICE_SET,
						  .mark = number(&a) };
		else if (a.type == 8)
			peers = a;
	p = peers.p;
	end = peers.p + peers.len;
	while (peers.p && next(&p, end, &peer))
		n += read_peer(&peer, e + n, &thrown);
	assert_false(thrown);
	return n;
}

/* --- */

/* Put all ops, and read each message as soon as it is complete. */
static void check(const struct wg_op *ops, size_t n, bool can_remove)
{
	static char buf[WG_GENL_MAX] __attribute__((aligned(4)));
	struct wg_genl_encoder enc = { .can_remove = can_remove,
				       .throwaway = throwaway };
	size_t i = 0, n_have = 0, len;

	while (i < n) {
		wg_genl_begin(&enc, buf, sizeof(buf));
		while (i < n &&
		       wg_genl_put(&enc, &ops[i],
				   ops[i].kind == WG_OP_PEER_SET &&
						   ops[i].peer_conf->psk_file
					   ? &secret
					   : NULL) == 0)
			i++;
		len = wg_genl_end(&enc);
		assert_true(len <= WG_GENL_MAX);
		if (i < n)
			ended[ops[i].kind][len / 4] = 1;
		n_have += read_message((uint8_t *)buf, len, have + n_have);
		assert_true(n_have <= n);
	}
	assert_int_equal(n_have, n);
	for (i = 0; i < n; i++)
		expect(&ops[i], &want[i]);
	assert_memory_equal(have, want, n * sizeof(*want));
}

static void every_offset(bool remove, bool can_remove)
{
	static struct wg_op ops[BORDER_MAX + 32];
	struct border b = { .remove = remove, .flag = can_remove,
			    .psk_file = "psk" };
	size_t n;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		skip();
	for (b.pair = 0; b.pair < BORDER_PAIRS; b.pair++)
		for (b.step = 0; b.step < BORDER_STEPS; b.step++)
			for (b.shift = 0; b.shift < border_shifts(&b); b.shift++) {
				b.bare = (b.pair ^ b.step) & 1;
				n = border_ops(&b, keys, ops);
				assert_in_range(n, 1000, BORDER_MAX);
				check(ops, n, can_remove);
			}
}

/*
 * The tests above met what they promise: an op of each kind, put where any
 * number of bytes below WG_GENL_OP_MAX was left, as far as one op can reach
 * below it.
 */
static void test_met(void **state)
{
	for (unsigned kind = WG_OP_PEER_SET; kind <= WG_OP_PEER_REMOVE; kind++)
		for (size_t used = 4; used <= 128; used += 4)
			assert_true(ended[kind][(WG_GENL_MAX - WG_GENL_OP_MAX +
						 used) / 4]);
}

static void test_add(void **state)
{
	every_offset(false, true);
}

static void test_remove_by_flag(void **state)
{
	every_offset(true, true);
}

static void test_remove_by_throwing_away(void **state)
{
	every_offset(true, false);
}

static int setup(void **state)
{
	for (unsigned i = 0; i < BORDER_KEYS; i++)
		keys[i] = a_key(i);
	memset(&throwaway, 0x77, sizeof(throwaway));
	memset(&secret, 0x5a, sizeof(secret));
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_remove_by_flag),
		cmocka_unit_test(test_remove_by_throwing_away),
		cmocka_unit_test(test_met),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
