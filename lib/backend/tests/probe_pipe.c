/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes on the standard input, one question a line, and an answer a line: for
 * tests/check-probes, which has a second implementation to compare with.
 *
 *   pair SEED IDENTITY MESH MEMBERS	the key of what follows; ok
 *   sign MESSAGE			the message with its MAC
 *   verify MESSAGE			1 or 0
 *   read MESSAGE			the same from its values, without a MAC;
 *					none
 *
 * All are hexadecimal, in lower case; MEMBERS are 8 bytes.
 */
#include "lib/backend/tests/pipe.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_probe_key.h"

static struct wg_probe_key *key;

static void pair(void)
{
	struct wg_signkey *own;
	const uint8_t *m = read_hex(4);
	struct wg_probe_pair pair = {
		.identity = read_hex(2),
		.mesh = read_hex(3),
		.members = {(uint32_t)m[0] << 24 | m[1] << 16 | m[2] << 8 |
				    m[3],
			    (uint32_t)m[4] << 24 | m[5] << 16 | m[6] << 8 |
				    m[7]},
	};

	if (wg_signkey_of_seed(read_hex(1), &own) < 0)
		exit(1);
	pair.own = own;
	wg_probe_key_free(&key);
	if (wg_probe_key_new(&pair, &key) < 0)
		exit(1);
	wg_signkey_free(&own);
	printf("ok\n");
}

static void sign(void)
{
	read_hex(1);
	wg_probe_sign(key, bytes[1]);
	say_hex(bytes[1], WG_PROBE_LEN);
}

static void verify(void)
{
	printf("%d\n", wg_probe_verify(key, read_hex(1)));
}

static void read_it(void)
{
	uint8_t again[WG_PROBE_LEN];
	struct wg_probe_msg m;

	read_hex(1);
	if (wg_probe_decode(bytes[1], lens[1], &m) < 0) {
		printf("none\n");
		return;
	}
	wg_probe_encode(&m, again);
	say_hex(again, WG_PROBE_MAC_AT);
}

int main(void)
{
	static const struct pipe_question questions[] = {
		{"pair", pair},
		{"sign", sign},
		{"verify", verify},
		{"read", read_it},
	};
	int rc;

	if (wg_keys_init() < 0)
		return 1;
	rc = pipe_serve(questions, sizeof(questions) / sizeof(questions[0]));
	wg_probe_key_free(&key);
	return rc;
}
