/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same promises (wg_backend.h), kept by real devices: wireguard-go, and
 * the kernel where it has WireGuard: what a device is told, it has.
 */
#include "lib/backend/tests/live_world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/backend/tests/border.h"
#include "lib/backend/tests/hidden.h"
#include "lib/backend/wg_keys.h"

static void test_device(void **state)
{
	struct world *w = *state;
	struct wg_dev_conf conf = { .private_key_file = private_file,
				    .fwmark = 7 };

	read_now(w);
	assert_int_equal(w->pic.n_peers, 0);
	assert_true(wg_key_is_zero(&w->pic.device.key));
	assert_applied(w, op_device(&conf), op_port(4711));
	read_now(w);
	assert_true(wg_key_same(&w->pic.device.key, &own));
	assert_int_equal(w->pic.device.listen_port, 4711);
	assert_int_equal(w->pic.device.fwmark, 7);

	/* Without a file the key is left alone. */
	conf = (struct wg_dev_conf){ 0 };
	assert_applied(w, op_device(&conf), op_port(4712));
	read_now(w);
	assert_true(wg_key_same(&w->pic.device.key, &own));
	assert_int_equal(w->pic.device.listen_port, 4712);
	assert_int_equal(w->pic.device.fwmark, 0);
}

static void test_peers(void **state)
{
	struct world *w = *state;
	struct wg_peer_conf one = { .keepalive = 25, .psk_file = psk_file,
		.endpoint = { .addr = { AF_INET, { 192, 0, 2, 1 } },
			      .port = 1 } };
	struct wg_peer_conf two = {
		.endpoint = { .addr = { AF_INET6,
					{ 0x20, 1, 0xd, 0xb8, [15] = 1 } },
			      .port = 65535 } };
	struct wg_peer_conf bare = { 0 };
	struct live_peer *p;

	assert_applied(w, op_peer(&key[0], &one), op_peer(&key[1], &two),
		       op_prefix(WG_OP_ADD, &key[0], "10.0.0.0/8"),
		       op_prefix(WG_OP_ADD, &key[1], "::/0"));
	read_now(w);
	assert_int_equal(w->pic.n_peers, 2);
	p = live_find(&w->pic, &key[0]);
	assert_non_null(p);
	assert_true(p->ev.has_psk);
	assert_int_equal(p->ev.keepalive, 25);
	assert_int_equal(p->ev.handshake, 0);
	assert_true(wg_endpoint_same(&p->ev.endpoint, &one.endpoint));
	p = live_find(&w->pic, &key[1]);
	assert_non_null(p);
	assert_false(p->ev.has_psk);
	assert_true(wg_endpoint_same(&p->ev.endpoint, &two.endpoint));

	/* Updated in place: psk cleared, endpoint left, prefixes left. */
	assert_applied(w, op_peer(&key[0], &bare));
	read_now(w);
	p = live_find(&w->pic, &key[0]);
	assert_false(p->ev.has_psk);
	assert_int_equal(p->ev.keepalive, 0);
	assert_true(wg_endpoint_same(&p->ev.endpoint, &one.endpoint));
	assert_true(live_has(&w->pic, &key[0], "10.0.0.0/8"));

	assert_applied(w, op_peer_remove(&key[0]), op_peer_remove(&key[2]));
	read_now(w);
	assert_int_equal(w->pic.n_peers, 1);
	assert_true(live_has(&w->pic, &key[1], "::/0"));
	assert_int_equal(live_prefixes(&w->pic), 1);
}

static struct hidden hidden[4]; /* of the files */

/* Take in the secret of a file, hidden, and of a seed the key, too. */
static int hide(const char *path, struct hidden *ret)
{
	struct wg_key key;

	if (wg_key_load(path, &key, NULL, 0))
		return -1;
	hidden_of(&key, ret);
	if (wg_seed_load(path, &key, NULL, 0) == 0)
		hidden_of(&key, ret + 1);
	wg_key_wipe(&key);
	return 0;
}

/*
 * After a secret went to the device and came back, nothing of it is here; but
 * on the stack, where libsodium may leave what is not ours to wipe.
 */
static void test_no_secret_rests(void **state)
{
	struct world *w = *state;
	struct wg_dev_conf dev = { .private_key_file = private_file };
	struct wg_peer_conf conf = { .psk_file = psk_file };
	struct wg_key pub;

	hidden_check_search();
	assert_applied(w, op_device(&dev), op_peer(&key[0], &conf));
	read_now(w);
	assert_true(live_find(&w->pic, &key[0])->ev.has_psk);
	assert_true(wg_key_same(&w->pic.device.key, &own));
	dev.private_key_file = seed_file;
	assert_applied(w, op_device(&dev));
	read_now(w);
	assert_int_equal(wg_key_load_public(seed_file, &pub, NULL, 0), 0);
	assert_true(wg_key_same(&w->pic.device.key, &pub));
	for (size_t i = 0; i < N(hidden); i++)
		assert_false(hidden_rests(&hidden[i], HIDDEN_OTHERS));
}

/*
 * A scope is an index on the way out and back; wireguard-go swallowed it
 * until 2023.
 */
static void test_scope(void **state)
{
	struct world *w = *state;
	struct wg_peer_conf conf = {
		.endpoint = { .addr = { AF_INET6, { 0xfe, 0x80, [15] = 1 } },
			      .port = 5, .scope = 1 /* lo */ } };

	assert_applied(w, op_peer(&key[0], &conf));
	read_now(w);
	if (w->kind == WG_BACKEND_USERSPACE &&
	    !live_find(&w->pic, &key[0])->ev.endpoint.scope)
		conf.endpoint.scope = 0;
	assert_true(wg_endpoint_same(&live_find(&w->pic, &key[0])->ev.endpoint,
				     &conf.endpoint));
}

static void test_prefixes(void **state)
{
	struct world *w = *state;
	struct wg_peer_conf conf = { 0 };
	static const char *const texts[] = {
		"0.0.0.0/0", "::/0", "10.0.0.0/8", "10.0.0.0/9", "10.0.0.1/32",
		"255.255.255.255/32", "2001:db8::/32",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
		"fe80::/64", "ff02::5/128", "224.0.0.5/32",
	};
	struct wg_op ops[1 + N(texts)];

	ops[0] = op_peer(&key[0], &conf);
	for (size_t i = 0; i < N(texts); i++)
		ops[1 + i] = op_prefix(WG_OP_ADD, &key[0], texts[i]);
	assert_int_equal(drive_apply(w->be, ops, N(ops)), 0);
	read_now(w);
	assert_int_equal(live_prefixes(&w->pic), N(texts));
	for (size_t i = 0; i < N(texts); i++)
		assert_true(live_has(&w->pic, &key[0], texts[i]));

	/* A move is one ADD; ADD makes a peer that is missing. */
	for (size_t i = 0; i < N(texts); i++)
		ops[i] = op_prefix(WG_OP_ADD, &key[1 + i % 2], texts[i]);
	assert_int_equal(drive_apply(w->be, ops, N(texts)), 0);
	read_now(w);
	assert_int_equal(w->pic.n_peers, 3);
	assert_int_equal(live_prefixes(&w->pic), N(texts));
	for (size_t i = 0; i < N(texts); i++)
		assert_true(live_has(&w->pic, &key[1 + i % 2], texts[i]));

	for (size_t i = 0; i < N(texts); i++)
		ops[i] = op_prefix(WG_OP_REMOVE, &key[1 + i % 2], texts[i]);
	assert_int_equal(drive_apply(w->be, ops, N(texts)), 0);
	read_now(w);
	assert_int_equal(w->pic.n_peers, 3);
	assert_int_equal(live_prefixes(&w->pic), 0);
}

/* What is not there is removed without a trace of anything new. */
static void test_remove_absent(void **state)
{
	struct world *w = *state;
	struct wg_peer_conf conf = { 0 };

	assert_applied(w, op_peer(&key[0], &conf),
		       op_prefix(WG_OP_ADD, &key[0], "10.0.0.0/8"));
	assert_applied(w, op_prefix(WG_OP_REMOVE, &key[0], "10.0.0.0/9"),
		       op_prefix(WG_OP_REMOVE, &key[1], "10.2.0.0/16"),
		       op_prefix(WG_OP_REMOVE, &key[1], "::/0"),
		       op_peer_remove(&key[2]));
	read_now(w);
	assert_int_equal(w->pic.n_peers, 1);
	assert_int_equal(live_prefixes(&w->pic), 1);
	assert_true(live_has(&w->pic, &key[0], "10.0.0.0/8"));
	/* By its own flag the wrong peer's name removes nothing. */
	if (wg_backend_can_remove(w->be)) {
		assert_applied(w,
			       op_prefix(WG_OP_REMOVE, &key[1], "10.0.0.0/8"));
		read_now(w);
		assert_int_equal(w->pic.n_peers, 1);
		assert_true(live_has(&w->pic, &key[0], "10.0.0.0/8"));
	}
}

/* The order of the ops is the order of their effects, also in one batch. */
static void test_order(void **state)
{
	struct world *w = *state;
	struct wg_peer_conf conf = { 0 };

	assert_applied(w, op_peer(&key[0], &conf), op_peer(&key[1], &conf),
		       op_prefix(WG_OP_ADD, &key[0], "10.0.0.0/8"),
		       op_prefix(WG_OP_ADD, &key[1], "10.0.0.0/8"),
		       op_prefix(WG_OP_REMOVE, &key[1], "10.0.0.0/8"),
		       op_prefix(WG_OP_ADD, &key[0], "10.1.0.0/16"),
		       op_prefix(WG_OP_ADD, &key[1], "10.2.0.0/16"),
		       op_prefix(WG_OP_REMOVE, &key[0], "10.1.0.0/16"),
		       op_prefix(WG_OP_ADD, &key[0], "10.1.0.0/16"),
		       op_peer_remove(&key[1]), op_peer(&key[1], &conf),
		       op_prefix(WG_OP_ADD, &key[1], "10.3.0.0/16"));
	read_now(w);
	assert_int_equal(w->pic.n_peers, 2);
	assert_int_equal(live_prefixes(&w->pic), 2);
	assert_true(live_has(&w->pic, &key[0], "10.1.0.0/16"));
	assert_true(live_has(&w->pic, &key[1], "10.3.0.0/16"));
}

/* Thousands of everything in one apply: cut, and nothing lost. */
static void test_many(void **state)
{
	enum { MANY = 30000 };
	struct world *w = *state;
	struct wg_op *ops = calloc(MANY, sizeof(*ops));
	size_t want = 0;

	assert_non_null(ops);
	for (unsigned i = 0; i < MANY; i++) {
		ops[i] = op_prefix(WG_OP_ADD, &key[i / 7 % 4], "10.0.0.0/32");
		memcpy(ops[i].prefix.b + 1,
		       (uint8_t[]){ i >> 16, i >> 8, i }, 3);
		if (i % 3 == 0) {
			ops[i].prefix.family = AF_INET6;
			ops[i].prefix.len = 128;
			ops[i].prefix.b[15] = 1;
		}
	}
	assert_int_equal(drive_apply(w->be, ops, MANY), 0);
	read_now(w);
	assert_int_equal(live_prefixes(&w->pic), MANY);
	for (unsigned i = 0; i < MANY; i++) {
		if (i % 5)
			want++;
		else
			ops[i].kind = WG_OP_REMOVE;
		/* The others move. */
		if (i % 5)
			ops[i].key = &key[4 + i % 3];
	}
	assert_int_equal(drive_apply(w->be, ops, MANY), 0);
	read_now(w);
	assert_int_equal(live_prefixes(&w->pic), want);
	for (int i = 0; i < 4; i++)
		assert_int_equal(live_find(&w->pic, &key[i])->n, 0);
	for (unsigned i = 0; i < MANY; i += 97) {
		char text[WG_PREFIX_STRLEN];

		wg_prefix_str(&ops[i].prefix, text);
		assert_int_equal(live_has(&w->pic, ops[i].key, text),
				 ops[i].kind == WG_OP_ADD);
	}
	free(ops);
}

/* What a list makes of the device, prefix by prefix. */
static void model(const struct wg_op *ops, size_t n, const struct wg_key **owner)
{
	for (size_t i = 0; i < n; i++) {
		if (ops[i].kind == WG_OP_ADD)
			owner[ops[i].node] = ops[i].key;
		else if (ops[i].kind == WG_OP_REMOVE)
			owner[ops[i].node] = NULL;
		for (size_t j = 0; j < BORDER_IDS; j++)
			if (ops[i].kind == WG_OP_PEER_REMOVE &&
			    owner[j] == ops[i].key)
				owner[j] = NULL;
	}
}

static void one_border(struct world *w, const struct border *b)
{
	static struct wg_op ops[BORDER_MAX + 32], before[BORDER_MAX];
	const struct wg_key *owner[BORDER_IDS] = { 0 };
	size_t n = border_ops(b, key, ops), n_before = 0, n_owned = 0;

	before[n_before++] = border_op(WG_OP_ADD, &key[2], BORDER_GONE);
	before[n_before++] = border_op(WG_OP_ADD, &key[2], BORDER_GONE6);
	before[n_before++] = border_op(WG_OP_ADD, &key[3], BORDER_LEFT);
	for (size_t i = 0; i < n && b->remove; i++)
		if (ops[i].kind == WG_OP_REMOVE && ops[i].key == &key[0])
			before[n_before++] = border_op(WG_OP_ADD, &key[0],
						       ops[i].node);
	assert_int_equal(drive_apply(w->be, before, n_before), 0);
	assert_int_equal(drive_apply(w->be, ops, n), 0);
	read_now(w);
	model(before, n_before, owner);
	model(ops, n, owner);
	for (size_t i = 0; i < BORDER_IDS; i++) {
		char text[WG_PREFIX_STRLEN];
		struct wg_prefix p = border_prefix(i);

		if (!owner[i])
			continue;
		n_owned++;
		wg_prefix_str(&p, text);
		if (!live_has(&w->pic, owner[i], text))
			fail_msg("pair %u step %u shift %u: no %s", b->pair,
				 b->step, b->shift, text);
	}
	assert_int_equal(live_prefixes(&w->pic), n_owned);
	assert_int_equal(w->pic.n_peers, 3);
	assert_true(live_find(&w->pic, &key[1])->ev.has_psk);
	assert_int_equal(live_find(&w->pic, &key[2])->ev.keepalive, 65535);
	assert_int_equal(w->pic.device.fwmark, 0x12345678);
}

/* The end of a message on every offset, and some of all pairs of ops there. */
static void test_border(void **state)
{
	struct world *w = *state;
	struct border b = { .psk_file = psk_file };
	unsigned n = 0;

	read_now(w); /* a program has been probed then */
	b.flag = wg_backend_can_remove(w->be);
	for (int kind = 0; kind < 2; kind++) {
		b.remove = kind;
		for (b.step = 0; b.step < BORDER_STEPS; b.step++)
			for (b.shift = 0; b.shift < border_shifts(&b);
			     b.shift++, n++) {
				b.pair = n * 37 % BORDER_PAIRS;
				b.bare = n & 1;
				assert_applied(w, op_peer_remove(&key[0]),
					       op_peer_remove(&key[1]),
					       op_peer_remove(&key[2]));
				one_border(w, &b);
			}
	}
}

/* The device's own key as a peer is ignored, not an error and not a peer. */
static void test_own_key(void **state)
{
	struct world *w = *state;
	struct wg_dev_conf dev = { .private_key_file = private_file };
	struct wg_peer_conf conf = { 0 };

	assert_applied(w, op_device(&dev), op_peer(&own, &conf),
		       op_prefix(WG_OP_ADD, &own, "10.0.0.0/8"),
		       op_prefix(WG_OP_ADD, &key[0], "10.1.0.0/16"));
	read_now(w);
	assert_int_equal(w->pic.n_peers, 1);
	assert_int_equal(live_prefixes(&w->pic), 1);
}

/* Nothing of the keys is left in memory but what finds them. */
static int setup(void **state)
{
	return live_setup(state) || hide(private_file, &hidden[0]) ||
	       hide(psk_file, &hidden[1]) || hide(seed_file, &hidden[2]);
}

#define CASES(X)                                                               \
	X(device) X(peers) X(no_secret_rests) X(scope) X(prefixes)             \
	X(remove_absent) X(order) X(many) X(border) X(own_key)
CASES(CASE)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASES(USERSPACE) CASES(KERNEL)
	};

	return cmocka_run_group_tests(tests, setup, live_teardown);
}
