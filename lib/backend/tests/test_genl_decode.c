/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink messages of the kernel: decode(encode(x)) == x, split
 * dumps, and dumps that lie.
 */
#include "lib/backend/tests/genl.h"

#include <errno.h>

static int next_all(struct wg_genl_decoder *dec, struct wg_event *ret,
		    size_t *n)
{
	int r;

	while ((r = wg_genl_decode_next(dec, &ret[*n])) > 0)
		(*n)++;
	return r;
}

static void test_round_trip(void **state)
{
	static struct wg_dev_conf dev = { .fwmark = 7 };
	struct wg_peer_conf conf4 = { .keepalive = 25,
		.endpoint = { .addr = { AF_INET, { 192, 0, 2, 1 } },
			      .port = 51820 } };
	struct wg_peer_conf conf6 = {
		.endpoint = { .addr = { AF_INET6, { 0xfe, 0x80, [15] = 1 } },
			      .port = 5, .scope = 3 } };
	struct wg_op ops[] = {
		op_device(&dev), op_peer(&key_a, &conf4),
		op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8"),
		op_prefix(WG_OP_ADD, &key_a, "::/0"),
		op_peer(&key_b, &conf6),
		op_prefix(WG_OP_ADD, &key_b, "255.255.255.255/32"),
	};
	struct wg_genl_decoder dec;
	struct wg_event ev[16];
	size_t len, n = 0;
	char *all;

	for (int psk = 0; psk < 2; psk++) {
		n = 0;
		all = encode(ops, N(ops), true, 8192, psk, &len);
		wg_genl_decode_begin(&dec);
		assert_int_equal(wg_genl_decode(&dec, (void *)all), 0);
		assert_int_equal(next_all(&dec, ev, &n), 0);
		assert_int_equal(n, 6);
		assert_int_equal(ev[0].kind, WG_EV_DEVICE);
		assert_int_equal(ev[0].fwmark, 7);
		assert_int_equal(ev[1].kind, WG_EV_PEER);
		assert_true(wg_key_same(&ev[1].key, &key_a));
		assert_true(wg_endpoint_same(&ev[1].endpoint,
					     &conf4.endpoint));
		assert_int_equal(ev[1].keepalive, 25);
		assert_int_equal(ev[1].has_psk, psk);
		assert_int_equal(ev[2].kind, WG_EV_PREFIX);
		assert_true(wg_prefix_same(&ev[2].prefix, &ops[2].prefix));
		assert_true(wg_prefix_same(&ev[3].prefix, &ops[3].prefix));
		assert_true(wg_key_same(&ev[4].key, &key_b));
		assert_true(wg_endpoint_same(&ev[4].endpoint,
					     &conf6.endpoint));
		assert_true(wg_prefix_same(&ev[5].prefix, &ops[5].prefix));
		/* The next message of a dump goes on with the last peer. */
		assert_int_equal(wg_genl_decode(&dec, (void *)all), 0);
		n = 0;
		assert_int_equal(next_all(&dec, ev, &n), 0);
		assert_int_equal(n, 5);
		assert_int_equal(ev[0].kind, WG_EV_PEER);
		free(all);
	}
}

/* A peer split over messages, as the kernel does it: told once. */
static void test_split_peer(void **state)
{
	struct wg_op one[] = { op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8") };
	struct wg_op two[] = { op_prefix(WG_OP_ADD, &key_a, "11.0.0.0/8"),
			       op_prefix(WG_OP_ADD, &key_b, "12.0.0.0/8") };
	struct wg_genl_decoder dec;
	struct wg_event ev[16];
	size_t len, n = 0;
	char *all;

	wg_genl_decode_begin(&dec);
	all = encode(one, 1, true, 8192, false, &len);
	assert_int_equal(wg_genl_decode(&dec, (void *)all), 0);
	assert_int_equal(next_all(&dec, ev, &n), 0);
	free(all);
	all = encode(two, 2, true, 8192, false, &len);
	assert_int_equal(wg_genl_decode(&dec, (void *)all), 0);
	assert_int_equal(next_all(&dec, ev, &n), 0);
	free(all);
	assert_int_equal(n, 6);
	assert_int_equal(ev[0].kind, WG_EV_DEVICE);
	assert_int_equal(ev[1].kind, WG_EV_PEER);
	assert_int_equal(ev[2].kind, WG_EV_PREFIX);
	assert_int_equal(ev[3].kind, WG_EV_PREFIX);
	assert_int_equal(ev[3].prefix.b[0], 11);
	assert_int_equal(ev[4].kind, WG_EV_PEER);
	assert_int_equal(ev[5].kind, WG_EV_PREFIX);
}

/* The first LEN bytes of a message, or all with BIT of one turned: 0 or
 * -EPROTO. */
static int decode_bad(const char *message, size_t len, size_t at, uint8_t bit)
{
	struct wg_genl_decoder dec;
	struct wg_event ev[64];
	char *copy = malloc(len);
	size_t n = 0;
	int r;

	assert_non_null(copy);
	memcpy(copy, message, len);
	if (!bit)
		((struct nlmsghdr *)copy)->nlmsg_len = len;
	else
		copy[at] ^= bit;
	wg_genl_decode_begin(&dec);
	r = wg_genl_decode(&dec, (void *)copy);
	if (r == 0)
		r = next_all(&dec, ev, &n);
	assert_true(r == 0 || r == -EPROTO);
	free(copy);
	return r;
}

/* Whatever is wrong is -EPROTO, and nothing outside the message is read. */
static void test_malformed(void **state)
{
	struct wg_op ops[8];
	struct wg_key keys[3];
	size_t len, bad = 0;
	char *all;

	for (unsigned i = 0; i < N(keys); i++)
		keys[i] = a_key(i);
	for (unsigned i = 0; i < N(ops); i++)
		ops[i] = op_prefix(WG_OP_ADD, &keys[i / 3], "10.0.0.0/8");
	all = encode(ops, N(ops), true, 8192, false, &len);
	/* Every shorter length of the message. */
	for (size_t cut = sizeof(struct nlmsghdr); cut < len; cut++)
		bad += decode_bad(all, cut, 0, 0) != 0;
	assert_true(bad > len / 2);
	/* Every byte with every bit turned. */
	for (size_t i = sizeof(struct nlmsghdr); i < len; i++)
		for (int bit = 0; bit < 8; bit++)
			decode_bad(all, len, i, 1 << bit);
	free(all);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_split_peer),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
