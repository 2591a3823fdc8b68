/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hellos of a member, datagram by datagram (how long it waited, how long it is,
 * what it is), to us who ask it.  Promises: what is understood is encoded to the
 * same bytes again; whatever comes, the state stays sound, and without an
 * answer to what was asked the member is not alive.
 */
#include <string.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/core/wg_hello.h"

#define FIRST 100

static void ask(struct wg_hello *h, int64_t *now, unsigned ms)
{
	int64_t end = *now + ms;
	struct wg_hello_msg q;
	unsigned n = 0;

	for (; *now <= end; *now = wg_hello_due(h) > end ? end + 1
							 : wg_hello_due(h)) {
		wg_hello_tick(h, *now, &q);
		wg_hello_check(h);
		CHECK(++n < 1000 && wg_hello_due(h) > *now);
	}
	*now = end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t answers = 0;
	int64_t now = 5000;
	struct wg_hello h;

	wg_hello_init(&h, FIRST, now);
	wg_hello_ask(&h, WG_HELLO_OFTEN_MS, now);
	while (size > 1) {
		struct wg_hello_msg msg, answer;
		uint8_t again[WG_HELLO_MAX];
		size_t len = data[1];

		ask(&h, &now, data[0] * 4);
		data += 2, size -= 2;
		if (len > size)
			break;
		if (wg_hello_decode(data, len, &msg) == 0) {
			CHECK(len == wg_hello_encode(&msg, again) &&
			      memcmp(data, again, len) == 0);
			switch (wg_hello_hear(&h, &msg, now, &answer)) {
			case WG_HELLO_QUESTION:
				CHECK(!msg.echo && answer.echo == msg.number);
				break;
			case WG_HELLO_ANSWER:
				/* a number of ours, each once */
				CHECK(msg.echo - FIRST <= h.number - FIRST);
				CHECK(++answers <= h.asked);
				break;
			case WG_HELLO_OTHER:
				CHECK(msg.kind != WG_HELLO_IS_HELLO);
				break;
			default:
				break;
			}
			wg_hello_check(&h);
		}
		data += len;
		size -= len;
	}
	CHECK(h.answered == answers);
	CHECK(answers || h.state == WG_HELLO_UNKNOWN ||
	      h.state == WG_HELLO_IS_LOST);
	return 0;
}

/* Answers to the first questions, questions, and the others, in several orders.
 */
size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	size_t len = 0, k;

	if (i >= 16)
		return 0;
	static const uint8_t kinds[] = {WG_HELLO_IS_HELLO, WG_HELLO_IS_HELLO,
					WG_HELLO_IS_SWITCH, WG_HELLO_IS_HELLO,
					WG_HELLO_IS_IDLE};

	for (k = 0; k < 12 && len + 2 + WG_HELLO_MAX <= size; k++) {
		bool is_hello = kinds[k % 5] == WG_HELLO_IS_HELLO;
		struct wg_hello_msg m = {
			.kind = kinds[k % 5],
			.path = k % WG_HELLO_PATHS,
			.number = 1 + k * (i + 1),
			.echo = is_hello && (k + i) % 3 ? FIRST + 1 + k : 0,
			.sequence = i,
			.place = {{i % 2 ? AF_INET : AF_INET6, {1 + i}}, 1},
		};

		buf[len] = 5 * i;
		buf[len + 1] = wg_hello_encode(&m, buf + len + 2);
		len += 2 + buf[len + 1];
	}
	return len;
}
