/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink messages for the kernel: golden bytes (checked by hand
 * against linux/wireguard.h and linux/netlink.h), and messages cut at every
 * size.
 */
#include "lib/backend/tests/genl.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>

#include "lib/backend/tests/ops.h"

/* --- golden bytes */

#define HEAD(len) len " 1c00 0500 00000000 00000000 01010000 0800 0100 05000000"
#define KEY_A "4100010000000000000000000000000000000000000000000000000000000001"
#define KEY_B "4200020000000000000000000000000000000000000000000000000000000001"
#define KEY_T "7777777777777777777777777777777777777777777777777777777777777777"
#define KEY_S "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
#define KEY_0 "0000000000000000000000000000000000000000000000000000000000000000"
/* WGALLOWEDIP_A_FAMILY 1, _IPADDR 2, _CIDR_MASK 3, _FLAGS 4 */
#define V4(addr, len)                                                          \
	"0600 0100 0200 0000  0800 0200 " addr " 0500 0300 " len " 000000 "
#define V6(addr, len)                                                          \
	"0600 0100 0a00 0000  1400 0200 " addr " 0500 0300 " len " 000000 "
#define REMOVE_ME "0800 0400 01000000 "

static void test_golden(void **state)
{
	struct wg_dev_conf dev = { .fwmark = 4711 };
	struct wg_peer_conf conf4 = { .keepalive = 25,
		.endpoint = { .addr = { AF_INET, { 192, 0, 2, 1 } },
			      .port = 51820 } };
	struct wg_peer_conf conf6 = {
		.endpoint = { .addr = { AF_INET6, { 0xfe, 0x80, [15] = 1 } },
			      .port = 5, .scope = 3 } };
	struct wg_op device[] = { op_device(&dev), op_port(51820) };
	struct wg_op add[] = { op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8") };
	struct wg_op adds[] = {
		op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8"),
		op_prefix(WG_OP_ADD, &key_a, "2001:db8::/32"),
		op_prefix(WG_OP_ADD, &key_b, "0.0.0.0/0"),
	};
	struct wg_op set4[] = { op_peer(&key_a, &conf4),
				op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8") };
	struct wg_op set6[] = { op_peer(&key_a, &conf6) };
	struct wg_op gone[] = { op_peer_remove(&key_a) };
	struct wg_op removes[] = {
		op_prefix(WG_OP_REMOVE, &key_a, "10.1.0.0/16"),
		op_prefix(WG_OP_REMOVE, &key_a, "2001:db8::/32"),
	};
	struct wg_op mixed[] = {
		op_prefix(WG_OP_REMOVE, &key_a, "10.1.0.0/16"),
		op_prefix(WG_OP_REMOVE, &key_b, "10.2.0.0/16"),
		op_prefix(WG_OP_ADD, &key_b, "10.3.0.0/16"),
	};
	const struct {
		const char *name;
		const struct wg_op *ops;
		size_t n;
		bool can_remove, secret;
		const char *want;
	} table[] = {
		/* WGDEVICE_A_PRIVATE_KEY 3, _LISTEN_PORT 6, _FWMARK 7 */
		{ "device, and its port alone", device, 2, true, false,
		  HEAD("24000000")
		  "0800 0700 67120000"
		  HEAD("24000000")
		  "0600 0600 6cca 0000" },
		{ "device with a key", device, 1, true, true,
		  HEAD("48000000")
		  "2400 0300" KEY_S
		  "0800 0700 67120000" },
		/* WGDEVICE_A_PEERS 8, WGPEER_A_PUBLIC_KEY 1, _ALLOWEDIPS 9 */
		{ "add", add, 1, true, false,
		  HEAD("68000000")
		  "4c00 0880  4800 0080  2400 0100" KEY_A
		  "2000 0980  1c00 0080" V4("0a000000", "08") },
		{ "adds share a nest", adds, 3, true, false,
		  HEAD("d8000000")
		  "bc00 0880"
		  "7000 0080  2400 0100" KEY_A
		  "4800 0980"
		  "1c00 0080" V4("0a000000", "08")
		  "2800 0080" V6("20010db8000000000000000000000000", "20")
		  "4800 0080  2400 0100" KEY_B
		  "2000 0980  1c00 0080" V4("00000000", "00") },
		/* _PRESHARED_KEY 2, _ENDPOINT 4, _PERSISTENT_KEEPALIVE 5 */
		{ "peer, then add", set4, 2, true, false,
		  HEAD("a8000000")
		  "8c00 0880  8800 0080  2400 0100" KEY_A
		  "2400 0200" KEY_0
		  "1400 0400 0200 ca6c c0000201 0000000000000000"
		  "0600 0500 1900 0000"
		  "2000 0980  1c00 0080" V4("0a000000", "08") },
		{ "peer with secret and scope", set6, 1, true, true,
		  HEAD("94000000")
		  "7800 0880  7400 0080  2400 0100" KEY_A
		  "2400 0200" KEY_S
		  "2000 0400 0a00 0005 00000000"
		  "fe800000000000000000000000000001 03000000"
		  "0600 0500 0000 0000" },
		/* WGPEER_A_FLAGS 3: REMOVE_ME 1, UPDATE_ONLY 4 */
		{ "peer removed", gone, 1, true, false,
		  HEAD("50000000")
		  "3400 0880  3000 0080  2400 0100" KEY_A
		  "0800 0300 01000000" },
		{ "removes by flag", removes, 2, true, false,
		  HEAD("a8000000")
		  "8c00 0880  8800 0080  2400 0100" KEY_A "0800 0300 04000000"
		  "5800 0980"
		  "2400 0080" V4("0a010000", "10") REMOVE_ME
		  "3000 0080" V6("20010db8000000000000000000000000", "20")
		  REMOVE_ME },
		{ "removes thrown away", mixed, 3, false, false,
		  HEAD("fc000000")
		  "e000 0880"
		  "6400 0080  2400 0100" KEY_T
		  "3c00 0980"
		  "1c00 0080" V4("0a010000", "10")
		  "1c00 0080" V4("0a020000", "10")
		  "3000 0080  2400 0100" KEY_T "0800 0300 01000000"
		  "4800 0080  2400 0100" KEY_B
		  "2000 0980  1c00 0080" V4("0a030000", "10") },
	};

	if (__BYTE_ORDER != __LITTLE_ENDIAN) {
		print_message("SKIP: the golden bytes are little-endian\n");
		skip();
	}
	for (size_t i = 0; i < N(table); i++) {
		uint8_t want[512];
		size_t n = 0, len;
		char *have = encode(table[i].ops, table[i].n,
				    table[i].can_remove, 8192, table[i].secret,
				    &len);

		for (const char *s = table[i].want; *s;) {
			if (*s == ' ') {
				s++;
				continue;
			}
			assert_int_equal(sscanf(s, "%2hhx", &want[n++]), 1);
			s += 2;
		}
		if (n != len || memcmp(have, want, n) != 0)
			print_error("%s:\n", table[i].name);
		assert_int_equal(len, n);
		assert_memory_equal(have, want, n);
		free(have);
	}
}

static void test_probes(void **state)
{
	char buf[WG_GENL_PROBE_LEN] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = (void *)buf;

	assert_int_equal(wg_genl_probe(WG_GENL_PROBE, buf, 28, 5, &key_a),
			 16 + 4 + 8 + 4 + 4 + 36 + 4 + 36 + 48);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(wg_genl_probe(WG_GENL_PROBE_UNDO, buf, 28, 5, &key_a),
			 16 + 4 + 8 + 4 + 48);
	assert_int_equal(wg_genl_get(buf, 28, 5), 16 + 4 + 8);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
}

/* --- what the kernel makes of messages */

enum { MAX_DONE = 4096 };
static char want_done[MAX_DONE][96], have_done[MAX_DONE][96];

static uint32_t u32(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u32(attr) : 0;
}

static void fetch(const struct nlattr *nest, const struct nlattr **tb)
{
	const struct nlattr *a;
	int total = 4;

	memset(tb, 0, 16 * sizeof(*tb));
	mnl_attr_for_each_nested (a, nest) {
		assert_true(mnl_attr_get_type(a) < 16);
		tb[mnl_attr_get_type(a)] = a;
		total += MNL_ALIGN(mnl_attr_get_len(a));
	}
	/* All bytes of the nest are attributes. */
	assert_int_equal(total, mnl_attr_get_len(nest));
}

/*
 * Work through messages as drivers/net/wireguard/netlink.c does and write
 * down what happens, in order, independent of nests and cuts.
 */
static size_t carry_out(const char *all, size_t len,
			char (*done)[sizeof(want_done[0])])
{
	const struct nlattr *dev[16], *peer[16], *tb[16], *p, *ip;
	const struct nlmsghdr *nlh = (const void *)all;
	int left = len;
	size_t n = 0;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		bool thrown = false;
		int total = 20;

		memset(dev, 0, sizeof(dev));
		mnl_attr_for_each (p, nlh, 4) {
			dev[mnl_attr_get_type(p)] = p;
			total += MNL_ALIGN(mnl_attr_get_len(p));
		}
		assert_int_equal(total, nlh->nlmsg_len);
		assert_int_equal(u32(dev[WGDEVICE_A_IFINDEX]), 5);
		assert_null(dev[WGDEVICE_A_FLAGS]); /* no peers replaced */
		if (dev[WGDEVICE_A_FWMARK])
			sprintf(done[n++], "device %u",
				u32(dev[WGDEVICE_A_FWMARK]));
		if (!dev[WGDEVICE_A_PEERS])
			continue;
		mnl_attr_for_each_nested (p, dev[WGDEVICE_A_PEERS]) {
			const uint8_t *key;
			uint32_t flags;
			bool throw;

			fetch(p, peer);
			key = mnl_attr_get_payload(peer[WGPEER_A_PUBLIC_KEY]);
			flags = u32(peer[WGPEER_A_FLAGS]);
			throw = key[0] == 0x77;
			assert_false(flags & WGPEER_F_REPLACE_ALLOWEDIPS);
			if (throw && flags == WGPEER_F_REMOVE_ME) {
				assert_true(thrown);
				thrown = false;
				continue;
			}
			if (flags == WGPEER_F_REMOVE_ME)
				sprintf(done[n++], "%02x removed", key[0]);
			if (peer[WGPEER_A_PRESHARED_KEY])
				sprintf(done[n++], "%02x set %u", key[0],
					mnl_attr_get_u16(peer
					[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]
					));
			if (!peer[WGPEER_A_ALLOWEDIPS])
				continue;
			mnl_attr_for_each_nested (
				ip, peer[WGPEER_A_ALLOWEDIPS]) {
				struct wg_prefix prefix = { 0 };
				char text[WG_PREFIX_STRLEN];
				bool remove;

				fetch(ip, tb);
				prefix.family = mnl_attr_get_u16(
					tb[WGALLOWEDIP_A_FAMILY]);
				prefix.len = mnl_attr_get_u8(
					tb[WGALLOWEDIP_A_CIDR_MASK]);
				memcpy(prefix.b,
				       mnl_attr_get_payload(
					       tb[WGALLOWEDIP_A_IPADDR]),
				       wg_family_bytes(prefix.family));
				remove = u32(tb[4]) == 1;
				assert_int_equal(remove,
						 flags ==
						 WGPEER_F_UPDATE_ONLY);
				wg_prefix_str(&prefix, text);
				if (remove || throw)
					sprintf(done[n++], "remove %s", text);
				else
					sprintf(done[n++], "%02x add %s",
						key[0], text);
				thrown |= throw;
			}
		}
		/* No throw-away peer survives a message. */
		assert_false(thrown);
		assert_true(n < MAX_DONE - 100);
	}
	assert_int_equal(left, 0);
	return n;
}

/* Cut at every size: the effects and their order stay the same. */
static void test_cuts(void **state)
{
	struct wg_op ops[120];
	size_t n_want, n_have, len;
	char *all;

	for (int round = 0; round < 4; round++) {
		bool flag = round & 1;

		random_ops(ops, N(ops));
		all = encode(ops, N(ops), flag, WG_GENL_MAX, true, &len);
		n_want = carry_out(all, len, want_done);
		assert_int_equal(n_want, N(ops));
		free(all);
		for (size_t size = WG_GENL_MIN; size < 3000; size++) {
			all = encode(ops, N(ops), flag, size, true, &len);
			n_have = carry_out(all, len, have_done);
			free(all);
			assert_int_equal(n_have, n_want);
			for (size_t i = 0; i < n_want; i++)
				assert_string_equal(have_done[i],
						    want_done[i]);
		}
	}
}

/* The greatest message: its nests' lengths still have 16 bits. */
static void test_largest(void **state)
{
	enum { MANY = 6000 };
	struct wg_op *ops = calloc(MANY, sizeof(*ops));
	size_t len, n = 0, messages = 0;
	int left;
	char *all;

	assert_non_null(ops);
	for (int kind = 0; kind < 3; kind++) {
		for (unsigned i = 0; i < MANY; i++) {
			ops[i] = op_prefix(kind ? WG_OP_REMOVE : WG_OP_ADD,
					   &key_a, i & 1 ? "10.0.0.0/32"
							 : "2001:db8::/64");
			ops[i].prefix.b[2] = i >> 8;
			ops[i].prefix.b[3] = i;
		}
		all = encode(ops, MANY, kind == 1, 1 << 20, false, &len);
		left = len;
		n = 0;
		messages = 0;
		for (const struct nlmsghdr *nlh = (void *)all;
		     mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			messages++;
			assert_true(nlh->nlmsg_len <= WG_GENL_MAX);
			if ((size_t)left > nlh->nlmsg_len) /* full */
				assert_true(nlh->nlmsg_len >
					    WG_GENL_MAX - WG_GENL_OP_MAX - 100);
			n += nlh->nlmsg_len;
		}
		assert_int_equal(n, len);
		assert_in_range(messages, 4, 6);
		free(all);
	}
	free(ops);
}

/* The longest op and the longest closing stay below WG_GENL_OP_MAX. */
static void test_longest(void **state)
{
	static struct wg_peer_conf conf = {
		.endpoint = { .addr = { .family = AF_INET6 }, .port = 1 } };
	static struct wg_dev_conf dev;
	struct wg_op first = op_prefix(WG_OP_REMOVE, &key_a, "::/128");
	struct wg_op then[] = { op_peer(&key_a, &conf), op_device(&dev), first,
				op_prefix(WG_OP_ADD, &key_a, "::/0"),
				op_peer_remove(&key_a) };
	char buf[4096] __attribute__((aligned(4)));

	for (size_t i = 0; i < N(then); i++) {
		for (int flag = 0; flag < 2; flag++) {
			struct wg_genl_encoder enc = encoder(flag);
			size_t before;

			wg_genl_begin(&enc, buf, sizeof(buf));
			if (then[i].kind != WG_OP_DEVICE_SET)
				assert_int_equal(wg_genl_put(&enc, &first,
							     NULL),
						 0);
			before = enc.nlh->nlmsg_len;
			assert_int_equal(wg_genl_put(&enc, &then[i], &secret),
					 0);
			wg_genl_end(&enc);
			assert_true(enc.nlh->nlmsg_len - before <=
				    WG_GENL_OP_MAX);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),	cmocka_unit_test(test_probes),
		cmocka_unit_test(test_cuts),	cmocka_unit_test(test_largest),
		cmocka_unit_test(test_longest),
	};

	print_message("seed %u\n", seed);
	return cmocka_run_group_tests(tests, setup, NULL);
}
