/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames: each as bytes, what is none, and what is cut. */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "lib/core/tests/text.h"
#include "lib/core/wg_frame.h"

#define HASH "000102030405060708090a0b0c0d0e0f"
#define ENTRY "04" "00000007" "0000000000000009" HASH

static const struct {
	const char *name, *hex;
} good[] = {
	{"HELLO", "001a0100" "0001" "00000007" HASH},
	{"HELLO of a later version", "001a0100" "ffff" "ffffffff" HASH},
	{"HAVE of none", "00040200"},
	{"HAVE", "00210200" ENTRY},
	{"WANT", "003e0300" ENTRY ENTRY},
	{"ITEM", "000c0400" "57474d0400000000"},
	{"KEEPALIVE", "00140500" HASH},
	{"BYE", "00040600"},
	{"CALL for nowhere",
	 "00180700" "00000007" "00000008" "1122334455667788" "ffff" "00" "00"},
	{"CALL",
	 "003c0700" "00000007" "00000008" "1122334455667788" "0014" "01" "02"
	 "ca6c" "00000000000000000000ffffc6336401"
	 "0001" "20010db8000000000000000000000007"},
	{"STATE", "00090800" "00000007" "01"},
	{"STATE of who left", "00090800" "ffffffff" "00"},
};

static const struct {
	const char *name, *hex;
} bad[] = {
	{"shorter than its head", "00030600"},
	{"of no length", "00000600"},
	{"longer than any", "c0010200"},
	{"of no kind", "00040000"},
	{"of a later kind", "00040900"},
	{"reserved byte", "00040601"},
	{"HELLO too short", "00190100"},
	{"HELLO too long", "001b0100"},
	{"HELLO of nobody", "001a0100" "0001" "00000000" HASH},
	{"HAVE of part of an entry", "00220200"},
	{"WANT of part of an entry", "00200300"},
	{"ITEM shorter than an item's head", "000b0400"},
	{"ITEM longer than any item", "b0870400"},
	{"KEEPALIVE too short", "00130500"},
	{"BYE with a body", "00050600"},
	{"CALL too short", "00170700"},
	{"CALL of part of a place", "00190700"},
	{"CALL of nine places", "00ba0700"},
	{"CALL with fewer places than it says",
	 "00180700" "00000007" "00000008" "1122334455667788" "0000" "00" "01"},
	{"CALL that is half an answer",
	 "00180700" "00000007" "00000008" "1122334455667788" "0000" "02" "00"},
	{"CALL to nobody",
	 "00180700" "00000000" "00000008" "1122334455667788" "0000" "00" "00"},
	{"CALL from nobody",
	 "00180700" "00000007" "00000000" "1122334455667788" "0000" "00" "00"},
	{"STATE too short", "00080800"},
	{"STATE of nobody", "00090800" "00000000" "01"},
	{"STATE that is neither", "00090800" "00000007" "02"},
};

static uint8_t bytes[WG_FRAME_MAX], again[WG_FRAME_MAX];

static size_t bytes_of(const char *hex)
{
	size_t n = 0;
	unsigned b;

	for (; *hex; hex += 2) {
		assert_int_equal(sscanf(hex, "%2x", &b), 1);
		bytes[n++] = b;
	}
	return n;
}

static void test_good(void **state)
{
	size_t i, n, cut;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct wg_frame f = {};
		uint8_t *b;

		print_message("# %s\n", good[i].name);
		n = bytes_of(good[i].hex);
		assert_int_equal(wg_frame_decode(bytes, n, &f), n);
		assert_string_equal(wg_frame_kind_str(f.kind),
				    wg_frame_kind_str(bytes[2]));
		assert_int_equal(wg_frame_len(&f), n);
		assert_int_equal(wg_frame_encode(&f, again), n);
		assert_memory_equal(bytes, again, n);
		/* more may follow, and less is not all */
		assert_int_equal(wg_frame_decode(bytes, n + 9, &f), n);
		for (cut = 0; cut < n; cut++) {
			struct wg_frame untouched = {.kind = 99};

			b = malloc(cut + 1);
			memcpy(b + 1, bytes, cut);
			assert_int_equal(
				wg_frame_decode(b + 1, cut, &untouched), 0);
			assert_int_equal(untouched.kind, 99);
			free(b);
		}
	}
}

static void test_bad(void **state)
{
	struct wg_frame untouched = {.kind = 99};
	size_t i, n;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		print_message("# %s\n", bad[i].name);
		n = bytes_of(bad[i].hex);
		assert_int_equal(wg_frame_decode(bytes, n, &untouched),
				 -EBADMSG);
		assert_int_equal(untouched.kind, 99);
	}
}

static void test_values(void **state)
{
	struct wg_addr v4 = addr_of("198.51.100.1");
	struct wg_addr v6 = addr_of("2001:db8::7");
	struct wg_directory_entry e;
	struct wg_frame f = {};

	wg_frame_decode(bytes, bytes_of(good[0].hex), &f);
	assert_int_equal(f.hello.version, WG_FRAME_VERSION);
	assert_int_equal(f.hello.member, 7);
	assert_int_equal(f.hello.hash[15], 15);
	wg_frame_decode(bytes, bytes_of(good[4].hex), &f);
	assert_int_equal(f.entries.n, 2);
	wg_directory_entry_decode(f.entries.b + WG_DIRECTORY_ENTRY, &e);
	assert_int_equal(e.kind, WG_ITEM_IS_RECORD);
	assert_int_equal(e.member, 7);
	assert_int_equal(e.version, 9);
	wg_frame_decode(bytes, bytes_of(good[5].hex), &f);
	assert_int_equal(f.item.len, 8);
	assert_ptr_equal(f.item.b, bytes + WG_FRAME_HEAD);
	wg_frame_decode(bytes, bytes_of(good[9].hex), &f);
	assert_int_equal(f.call.to, 7);
	assert_int_equal(f.call.from, 8);
	assert_int_equal(f.call.id, 0x1122334455667788);
	assert_int_equal(f.call.start_ms, 20);
	assert_true(f.call.is_answer);
	assert_int_equal(f.call.n, 2);
	assert_true(wg_addr_same(&f.call.place[0].addr, &v4));
	assert_int_equal(f.call.place[0].port, 51820);
	assert_true(wg_addr_same(&f.call.place[1].addr, &v6));
	wg_frame_decode(bytes, bytes_of(good[11].hex), &f);
	assert_int_equal(f.state.member, UINT32_MAX);
	assert_false(f.state.connected);
}

/* The longest of each kind that may be long. */
static void test_longest(void **state)
{
	static uint8_t entries[WG_FRAME_MAX];
	struct wg_frame f = {.kind = WG_FRAME_HAVE};

	f.entries.b = entries;
	f.entries.n = WG_FRAME_ENTRIES;
	assert_int_equal(wg_frame_encode(&f, bytes), 4 + 1694 * 29);
	assert_int_equal(wg_frame_decode(bytes, sizeof(bytes), &f),
			 4 + 1694 * 29);
	f = (struct wg_frame){.kind = WG_FRAME_ITEM,
			      .item = {entries, WG_ITEM_MAX}};
	assert_int_equal(wg_frame_encode(&f, bytes), 4 + WG_ITEM_MAX);
	f = (struct wg_frame){.kind = WG_FRAME_CALL,
			      .call = {.to = 1, .from = 2, .n = 8}};
	for (f.call.n = 0; f.call.n < 8; f.call.n++)
		f.call.place[f.call.n].addr.family = AF_INET6;
	assert_int_equal(wg_frame_encode(&f, bytes), 4 + 20 + 8 * 18);
	assert_null(wg_frame_kind_str(0));
	assert_null(wg_frame_kind_str(WG_FRAME_KINDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
