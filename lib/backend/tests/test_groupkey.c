/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has the private key is believed, nobody else, and each frame once. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <unistd.h>

#include "lib/backend/wg_groupkey.h"
#include "lib/backend/wg_keys.h"

static char dir[] = "/tmp/wg-groupkey-XXXXXX";
static char path[2][64];
static struct wg_groupkey *key[2], *same;
static uint8_t hello[WG_GROUP_HELLO_LEN];
static const struct wg_addr from = {AF_INET, {192, 0, 2, 1}};
static const struct wg_addr to = {AF_INET, {192, 0, 2, 2}};

static int setup(void **state)
{
	struct wg_group_msg m = {.kind = WG_GROUP_HELLO};
	unsigned i;

	assert_int_equal(wg_keys_init(), 0);
	assert_non_null(mkdtemp(dir));
	for (i = 0; i < 2; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%u", dir, i);
		assert_int_equal(wg_key_generate(path[i], true, NULL, 0), 0);
		assert_int_equal(wg_groupkey_load(path[i], &key[i], NULL, 0),
				 0);
	}
	assert_int_equal(wg_groupkey_load(path[0], &same, NULL, 0), 0);
	m.hello.self = 5;
	wg_groupkey_random(m.hello.nonce, sizeof(m.hello.nonce));
	wg_group_hello_encode(&m, hello);
	return 0;
}

static int teardown(void **state)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		wg_groupkey_free(&key[i]);
		unlink(path[i]);
	}
	wg_groupkey_free(&same);
	rmdir(dir);
	return 0;
}

static void test_proof(void **state)
{
	const struct wg_addr four = {AF_INET, {0x20, 1, 13, 184}};
	const struct wg_addr six = {AF_INET6, {0x20, 1, 13, 184}};
	uint8_t mac[WG_GROUP_MAC];
	size_t i;

	assert_false(wg_groupkey_is_proof(key[0], &from, &to, hello));
	wg_groupkey_prove(key[0], &from, &to, hello);
	assert_true(wg_groupkey_is_proof(same, &from, &to, hello));
	assert_false(wg_groupkey_is_proof(key[1], &from, &to, hello));
	/* from elsewhere, to elsewhere, sent back to who sent it */
	assert_false(wg_groupkey_is_proof(key[0], &four, &to, hello));
	assert_false(wg_groupkey_is_proof(key[0], &from, &four, hello));
	assert_false(wg_groupkey_is_proof(key[0], &to, &from, hello));
	for (i = 0; i < sizeof(hello); i++) {
		hello[i] ^= 1;
		assert_false(wg_groupkey_is_proof(key[0], &from, &to, hello));
		hello[i] ^= 1;
	}
	memcpy(mac, hello + sizeof(hello) - sizeof(mac), sizeof(mac));
	wg_groupkey_prove(key[0], &four, &to, hello);
	assert_false(wg_groupkey_is_proof(key[0], &six, &to, hello));
	wg_groupkey_prove(key[0], &from, &to, hello);
	assert_memory_equal(mac, hello + sizeof(hello) - sizeof(mac),
			    sizeof(mac));
}

/* Both directions of a connection, ours first. */
struct end {
	struct wg_groupstream out, in;
};

/* BY connected, OF listens; what went between them may be changed. */
static void meet(const struct wg_groupkey *by, const struct wg_groupkey *of,
		 unsigned change, struct end ret[2])
{
	uint8_t header[2][WG_GROUP_HEADER];

	wg_groupstream_key(by, hello, NULL, &ret[0].in);
	if (change == 1)
		hello[20]++;
	wg_groupstream_key(of, hello, NULL, &ret[1].out);
	wg_groupstream_begin(&ret[1].out, header[0]);
	wg_groupstream_key(of, hello, header[0], &ret[1].in);
	if (change == 1)
		hello[20]--;
	if (change == 2)
		header[0][3]++;
	wg_groupstream_join(&ret[0].in, header[0]);
	wg_groupstream_key(by, hello, header[0], &ret[0].out);
	wg_groupstream_begin(&ret[0].out, header[1]);
	if (change == 3)
		header[1][3]++;
	wg_groupstream_join(&ret[1].in, header[1]);
}

static const uint8_t text[] = "one message";

/* Is what the one seals opened by the other? */
static bool goes(struct wg_groupstream *out, struct wg_groupstream *in,
		 int change)
{
	uint8_t frame[WG_GROUP_FRAME_MAX], msg[WG_GROUP_MSG_MAX];
	size_t len = wg_groupstream_seal(out, text, sizeof(text), frame);
	int n;

	assert_int_equal(len, WG_GROUP_LEN + sizeof(text) + WG_GROUP_SEAL);
	assert_int_equal(wg_group_frame(frame, len), len);
	if (change >= 0)
		frame[WG_GROUP_LEN + change] ^= 1;
	n = wg_groupstream_open(in, frame, len, msg);
	if (n < 0) {
		assert_int_equal(n, -EBADMSG);
		return false;
	}
	assert_int_equal(n, sizeof(text));
	assert_memory_equal(msg, text, sizeof(text));
	/* not a second time */
	assert_int_equal(wg_groupstream_open(in, frame, len, msg), -EBADMSG);
	return true;
}

static void test_streams(void **state)
{
	struct end e[2];
	unsigned i;

	meet(key[0], same, 0, e);
	for (i = 0; i < 3; i++) {
		assert_true(goes(&e[0].out, &e[1].in, -1));
		assert_true(goes(&e[1].out, &e[0].in, -1));
	}
	/* not to where it came from */
	assert_false(goes(&e[0].out, &e[0].in, -1));
	/* another key */
	meet(key[0], key[1], 0, e);
	assert_false(goes(&e[0].out, &e[1].in, -1));
	assert_false(goes(&e[1].out, &e[0].in, -1));
	/* another HELLO, another answer, another header */
	meet(key[0], same, 1, e);
	assert_false(goes(&e[0].out, &e[1].in, -1));
	assert_false(goes(&e[1].out, &e[0].in, -1));
	meet(key[0], same, 2, e);
	assert_false(goes(&e[0].out, &e[1].in, -1));
	assert_false(goes(&e[1].out, &e[0].in, -1));
	meet(key[0], same, 3, e);
	assert_false(goes(&e[0].out, &e[1].in, -1));
	assert_true(goes(&e[1].out, &e[0].in, -1));
	/* each byte counts */
	for (i = 0; i < sizeof(text) + WG_GROUP_SEAL; i++) {
		meet(key[0], same, 0, e);
		assert_false(goes(&e[0].out, &e[1].in, i));
	}
}

/* The same HELLO once more: what followed it then does not follow now. */
static void test_replay(void **state)
{
	uint8_t frame[WG_GROUP_FRAME_MAX], msg[WG_GROUP_MSG_MAX];
	struct end then[2], now[2];
	size_t len;

	meet(key[0], same, 0, then);
	meet(key[0], same, 0, now);
	len = wg_groupstream_seal(&then[0].out, text, sizeof(text), frame);
	assert_int_equal(wg_groupstream_open(&now[1].in, frame, len, msg),
			 -EBADMSG);
	assert_int_equal(wg_groupstream_open(&then[1].in, frame, len, msg),
			 sizeof(text));
}

static void test_order(void **state)
{
	uint8_t a[WG_GROUP_FRAME_MAX], b[WG_GROUP_FRAME_MAX];
	uint8_t msg[WG_GROUP_MSG_MAX];
	struct end e[2];
	size_t len;

	meet(key[0], same, 0, e);
	len = wg_groupstream_seal(&e[0].out, text, sizeof(text), a);
	wg_groupstream_seal(&e[0].out, text, sizeof(text), b);
	assert_memory_not_equal(a, b, len);
	assert_int_equal(wg_groupstream_open(&e[1].in, b, len, msg), -EBADMSG);
	assert_true(wg_groupstream_open(&e[1].in, a, len, msg) > 0);
	assert_true(wg_groupstream_open(&e[1].in, b, len, msg) > 0);
}

static void test_name(void **state)
{
	struct wg_key pub[2];
	uint8_t name[3][WG_KEY_LEN];
	unsigned i;

	for (i = 0; i < 2; i++) {
		wg_key_load_public(path[i], &pub[i], NULL, 0);
		wg_groupkey_name(&pub[i], name[i]);
	}
	wg_groupkey_name(&pub[0], name[2]);
	assert_memory_equal(name[0], name[2], WG_KEY_LEN);
	assert_memory_not_equal(name[0], name[1], WG_KEY_LEN);
	assert_memory_not_equal(name[0], pub[0].b, WG_KEY_LEN);
}

static void test_no_key(void **state)
{
	struct wg_groupkey *none = NULL;
	char err[128];

	assert_int_equal(
		wg_groupkey_load("/nowhere/key", &none, err, sizeof(err)),
		-ENOENT);
	assert_null(none);
	assert_non_null(strstr(err, "/nowhere/key"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proof),  cmocka_unit_test(test_streams),
		cmocka_unit_test(test_replay), cmocka_unit_test(test_order),
		cmocka_unit_test(test_name),   cmocka_unit_test(test_no_key),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
