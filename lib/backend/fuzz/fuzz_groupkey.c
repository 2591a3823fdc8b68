/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may arrive at the port of the gateways' protocol.  First a HELLO: what
 * is understood is encoded to the same bytes again, and none of it proves
 * anything.  Then a stream, whose frames are left alone, changed, cut, left
 * out, repeated, or made up: exactly what was sealed is opened, in its order,
 * until the first frame that was not.
 */
#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/backend/wg_groupkey.h"
#include "lib/backend/wg_keys.h"

static struct wg_groupkey *key(void)
{
	static char path[] = "/tmp/fuzz-groupkey-XXXXXX";
	static struct wg_groupkey *found;
	char name[64];

	if (found)
		return found;
	CHECK(wg_keys_init() == 0 && mkdtemp(path));
	snprintf(name, sizeof(name), "%s/key", path);
	CHECK(wg_key_generate(name, true, NULL, 0) == 0);
	CHECK(wg_groupkey_load(name, &found, NULL, 0) == 0);
	unlink(name);
	rmdir(path);
	return found;
}

static void say_hello(const uint8_t *hello)
{
	const struct wg_addr a = {AF_INET, {192, 0, 2, 1}};
	uint8_t again[WG_GROUP_HELLO_LEN];
	struct wg_group_msg msg;

	if (wg_group_hello_decode(hello, &msg) == 0 &&
	    msg.hello.version == WG_GROUP_VERSION) {
		wg_group_hello_encode(&msg, again);
		CHECK(memcmp(hello, again, WG_GROUP_HELLO_LEN - WG_GROUP_MAC) ==
		      0);
	}
	CHECK(!wg_groupkey_is_proof(key(), &a, &a, hello));
}

/* Both ends of one direction. */
static void meet(const uint8_t *hello, struct wg_groupstream *out,
		 struct wg_groupstream *in)
{
	uint8_t header[WG_GROUP_HEADER];

	wg_groupstream_key(key(), hello, NULL, out);
	*in = *out;
	wg_groupstream_begin(out, header);
	wg_groupstream_join(in, header);
}

/* Bytes of which nobody knows a length yet; the message, or -1. */
static int arrive(struct wg_groupstream *in, const uint8_t *frame, size_t len,
		  uint8_t *msg)
{
	int n = wg_group_frame(frame, len);

	CHECK(n <= (int)len && n <= WG_GROUP_FRAME_MAX);
	return n > 0 ? wg_groupstream_open(in, frame, n, msg) : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t frame[WG_GROUP_FRAME_MAX], msg[WG_GROUP_MSG_MAX];
	struct wg_groupstream out, in;
	bool good = true;

	if (size < WG_GROUP_HELLO_LEN)
		return 0;
	say_hello(data);
	meet(data, &out, &in);
	data += WG_GROUP_HELLO_LEN;
	size -= WG_GROUP_HELLO_LEN;
	while (good && size >= 4) {
		/* what is done, where, and what is said */
		uint8_t what = data[0] % 8, at = data[1], to = data[2];
		size_t n = 2 + data[3] % (WG_GROUP_MSG_MAX - 1), len;
		int rc;

		data += 4;
		size -= 4;
		if (n > size)
			break;
		len = wg_groupstream_seal(&out, data, n, frame);
		if (what == 1) { /* changed */
			frame[at % len] ^= to;
			good = !to;
		} else if (what == 2) { /* left out */
			wg_groupstream_seal(&out, data, n, frame);
			good = false;
		} else if (what == 3) { /* cut, and another length */
			len = at % len;
			wg_group_put_len(frame, len);
			good = false;
		} else if (what == 4) { /* made up */
			len = n < sizeof(frame) ? n : sizeof(frame);
			memcpy(frame, data, len);
			good = false;
		}
		rc = arrive(&in, frame, len, msg);
		CHECK(good ? rc == (int)n && memcmp(msg, data, n) == 0
			   : rc < 0);
		if (what == 5) { /* repeated */
			CHECK(arrive(&in, frame, len, msg) < 0);
			good = false;
		}
		data += n;
		size -= n;
	}
	return 0;
}

size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	struct wg_group_msg m = {.kind = WG_GROUP_HELLO};
	size_t len = WG_GROUP_HELLO_LEN, k;

	if (i >= 8 || size < 1024)
		return 0;
	m.hello.version = WG_GROUP_VERSION;
	m.hello.self = 1 + i;
	wg_group_hello_encode(&m, buf);
	/* some frames as they are, then one of each kind of change */
	for (k = 0; k < 8; k++) {
		memcpy(buf + len, (uint8_t[]){k == 7 ? i : 0, 5 * i, 1, 10 * k},
		       4);
		memset(buf + len + 4, k, 2 + 10 * k);
		len += 4 + 2 + 10 * k;
	}
	return len;
}
