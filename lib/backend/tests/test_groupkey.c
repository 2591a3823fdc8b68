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
static uint8_t hello[WG_GROUP_FRAME_MAX], nonce[WG_GROUP_NONCE];
static size_t hello_len;

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
	hello_len = wg_group_encode(&m, hello);
	wg_groupkey_random(nonce, sizeof(nonce));
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

static bool believed(const struct wg_groupkey *by, bool listener,
		     unsigned change)
{
	struct wg_group_msg m = {.kind = WG_GROUP_KEEPALIVE, .clock_ms = 7};
	struct wg_groupmac out, in;
	uint8_t frame[WG_GROUP_FRAME_MAX];
	size_t len = wg_group_encode(&m, frame);
	bool good;

	wg_groupmac_begin(key[0], hello, hello_len, nonce, false, &out);
	if (change == 1)
		hello[20]++;
	if (change == 2)
		nonce[0]++;
	wg_groupmac_begin(by, hello, hello_len, nonce, listener, &in);
	if (change == 1)
		hello[20]--;
	if (change == 2)
		nonce[0]--;
	wg_groupmac_sign(&out, frame, len);
	if (change == 3)
		frame[5] ^= 1;
	if (change == 4)
		frame[len - 1] ^= 1;
	good = wg_groupmac_check(&in, frame, len);
	/* not a second time */
	assert_false(good && wg_groupmac_check(&in, frame, len));
	return good;
}

static void test_belief(void **state)
{
	unsigned change;

	assert_true(believed(key[0], false, 0));
	assert_true(believed(same, false, 0));
	assert_false(believed(key[1], false, 0));
	assert_false(believed(key[0], true, 0));
	for (change = 1; change <= 4; change++)
		assert_false(believed(key[0], false, change));
}

static void test_order(void **state)
{
	struct wg_group_msg m = {.kind = WG_GROUP_SNAP_BEGIN};
	uint8_t a[WG_GROUP_FRAME_MAX], b[WG_GROUP_FRAME_MAX];
	size_t len = wg_group_encode(&m, a);
	struct wg_groupmac out, in;

	wg_group_encode(&m, b);
	wg_groupmac_begin(key[0], hello, hello_len, nonce, false, &out);
	in = out;
	wg_groupmac_sign(&out, a, len);
	wg_groupmac_sign(&out, b, len);
	assert_memory_not_equal(a, b, len);
	assert_false(wg_groupmac_check(&in, b, len));
	in.number = 0;
	assert_true(wg_groupmac_check(&in, a, len));
	assert_true(wg_groupmac_check(&in, b, len));
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
		cmocka_unit_test(test_belief),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_no_key),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
