/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder of generic netlink dumps.  The input is the payload of one
 * message; it is decoded twice, as the first and as a later message of a dump.
 * Promises: what it tells is valid and in an order that makes sense, and
 * nothing behind the message is looked at (each is a block of its own).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/backend/wg_genl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = sizeof(struct nlmsghdr) + size;
	bool device = false, peer = false;
	struct wg_genl_decoder dec;
	struct wg_prefix masked;
	struct nlmsghdr *nlh;
	struct wg_event ev;
	int r;

	nlh = malloc(len);
	CHECK(nlh);
	*nlh = (struct nlmsghdr){ .nlmsg_len = len };
	memcpy(nlh + 1, data, size);
	wg_genl_decode_begin(&dec);
	for (int i = 0; i < 2; i++) {
		r = wg_genl_decode(&dec, nlh);
		while (r == 0 && (r = wg_genl_decode_next(&dec, &ev)) > 0) {
			switch (ev.kind) {
			case WG_EV_DEVICE:
				CHECK(!device && !peer);
				device = true;
				break;
			case WG_EV_PEER:
				CHECK(device);
				peer = true;
				break;
			case WG_EV_PREFIX:
				CHECK(peer);
				masked = ev.prefix;
				CHECK(masked.len <=
				      wg_family_bits(masked.family));
				CHECK(!wg_prefix_mask(&masked));
				break;
			default:
				CHECK(!"kind of event");
			}
			r = 0;
		}
		CHECK(r == 0 || r == -EPROTO);
	}
	free(nlh);
	return 0;
}

/* Requests are of the same form as dumps. */
size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	static const struct wg_dev_conf dev = { .fwmark = 7 };
	static const struct wg_peer_conf conf = { .keepalive = 25,
		.endpoint = { .addr = { .family = AF_INET6 }, .port = 1 } };
	static const struct wg_key key[2] = { { { 1 } }, { { 2 } } };
	char message[4096] __attribute__((aligned(4)));
	struct wg_genl_encoder enc = { .family = 28, .ifindex = 5,
				       .can_remove = i & 1 };
	struct wg_op op;
	size_t len;

	if (i >= 6)
		return 0;
	wg_genl_begin(&enc, message, sizeof(message));
	op = (struct wg_op){ .kind = WG_OP_DEVICE_SET, .dev_conf = &dev };
	wg_genl_put(&enc, &op, &key[1]);
	for (size_t p = 0; p < i && p < 2; p++) {
		op = (struct wg_op){ .kind = WG_OP_PEER_SET, .key = &key[p],
				     .peer_conf = &conf };
		wg_genl_put(&enc, &op, &key[1]);
		for (size_t j = 0; j < i; j++) {
			op = (struct wg_op){
				.kind = j == 3 ? WG_OP_REMOVE : WG_OP_ADD,
				.key = &key[p],
				.prefix = { j & 1 ? AF_INET6 : AF_INET, 8,
					    { 10 } },
			};
			wg_genl_put(&enc, &op, NULL);
		}
	}
	len = wg_genl_end(&enc) - sizeof(struct nlmsghdr);
	CHECK(len <= size);
	memcpy(buf, message + sizeof(struct nlmsghdr), len);
	return len;
}
