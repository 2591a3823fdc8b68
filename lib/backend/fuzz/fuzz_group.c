/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What members of a gateway group send, message by message (which member, how
 * long, the message as it is sealed), into a group with a few clients.
 * Promises: what is understood is encoded to the same bytes again; whatever is
 * told, the group stays sound, and what it has to say of it comes to an end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/core/wg_group.h"

#define CLIENTS 4

static struct wg_group *group_new(void)
{
	struct wg_group *g = wg_group_new(7);
	struct wg_endpoint e = {{AF_INET, {192, 0, 2, 1}}, 5, 0};
	unsigned i;

	for (i = 0; i < CLIENTS; i++) {
		struct wg_key k = {{1, i}};
		struct wg_client *c = wg_client_new(g, &k, NULL);

		if (i & 1)
			wg_group_seen(g, c, 3000, &e, 1000);
	}
	for (i = 0; i < 2; i++) {
		wg_group_member_add(g, i);
		wg_group_member_id(g, i, 100 + i);
		wg_group_member_ready(g, i, true);
	}
	return g;
}

static void hear(struct wg_group *g, int64_t now)
{
	struct wg_group_msg msg;
	struct wg_client *c;
	unsigned i, n = 0;

	for (i = 0; i < 2; i++)
		while (wg_group_next_msg(g, i, now, &msg))
			CHECK(++n < 100);
	while ((c = wg_group_next_change(g)))
		if (c->removing && (c->key.b[1] & 2))
			wg_group_removed(g, c, now);
	wg_group_tick(g, now);
	wg_group_check(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[WG_GROUP_MSG_MAX];
	struct wg_group *g = group_new();
	struct wg_group_msg msg;
	int64_t now = 5000;

	while (size > 1) {
		unsigned m = data[0] & 1;
		size_t len = data[1];

		now += data[0];
		data += 2, size -= 2;
		if (len > size)
			break;
		if (wg_group_decode(data, len, &msg) == 0) {
			CHECK(wg_group_encode(&msg, again) == len);
			CHECK(memcmp(data, again, len) == 0);
			wg_group_told(g, m, &msg, now);
			hear(g, now);
		}
		data += len;
		size -= len;
	}
	wg_group_delete(&g);
	return 0;
}

size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	size_t len = 0, k;

	if (i >= 16)
		return 0;
	/* one of each kind, and then claims in several orders */
	for (k = 1; k < WG_GROUP_KINDS; k++) {
		struct wg_group_msg m = {.kind = i < 8 ? k : WG_GROUP_CLIENT};

		if (m.kind == WG_GROUP_HELLO)
			m.hello.self = 1;
		if (m.kind == WG_GROUP_BYE)
			m.why = WG_BYE_END;
		if (m.kind == WG_GROUP_ASK)
			m.record.key = (struct wg_key){{1, i % CLIENTS}};
		if (m.kind == WG_GROUP_CLIENT)
			m.record = (struct wg_group_record){
				.key = {{1, (i + k / 2) % CLIENTS}},
				.claim = (i + k) % WG_CLAIMS,
				.serial = k,
				.age_ms =
					(i + k) % WG_CLAIMS == WG_CLAIM_SERVING
						? 10 * i
						: WG_AGE_NONE,
				.endpoint = {{AF_INET, {192, 0, 2, i}}, 9, 0},
			};
		if (len + 2 + WG_GROUP_MSG_MAX > size)
			break;
		buf[len] = i + k;
		buf[len + 1] = wg_group_encode(&m, buf + len + 2);
		len += 2 + buf[len + 1];
	}
	return len;
}
