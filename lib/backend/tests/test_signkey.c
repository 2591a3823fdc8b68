/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A member's key signs and agrees as its seed does, goes into a file and comes
 * back, and leaves nothing behind: not in memory, and not in what is said.
 */
#include "lib/backend/wg_signkey.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "lib/backend/tests/hidden.h"
#include "lib/backend/tests/tempdir.h"
#include "lib/backend/wg_keyproc.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_sign.h"
#include "lib/core/tests/items.h"

static uint8_t item[WG_ITEM_MAX];

static const char *path_of(const char *name)
{
	static char path[4][128];
	static unsigned n;
	char *at = path[n++ % 4];

	snprintf(at, sizeof(path[0]), "%s/%s", dir, name);
	return at;
}

static struct wg_signkey *key_of(uint8_t n)
{
	const uint8_t seed[WG_KEY_LEN] = {n, 2, 3};
	struct wg_signkey *key;

	assert_int_equal(wg_signkey_of_seed(seed, &key), 0);
	return key;
}

/* RFC 8032 7.1, test 1. */
static void test_seed(void **state)
{
	static const char seed[] =
		"9d61b19deffd5a60ba844af492ec2cc4"
		"4449c5697b326919703bac031cae7f60";
	static const char pub[] =
		"d75a980182b10ab7d54bfed3c964073a"
		"0ee172f3daa62325af021a68f707511a";
	uint8_t b[WG_KEY_LEN] = {0};
	char hex[2 * WG_KEY_LEN + 1];
	struct wg_signkey *key = NULL;

	assert_int_equal(wg_signkey_of_seed(b, &key), -EINVAL);
	assert_null(key);
	wg_signkey_free(&key);
	sodium_hex2bin(b, sizeof(b), seed, 64, NULL, NULL, NULL);
	assert_int_equal(wg_signkey_of_seed(b, &key), 0);
	sodium_bin2hex(hex, sizeof(hex), wg_signkey_public(key), WG_KEY_LEN);
	assert_string_equal(hex, pub);
	wg_signkey_free(&key);
	assert_null(key);
}

/* The X25519 key is that of the secret one and that of the public one. */
static void test_x25519(void **state)
{
	struct wg_signkey *key;
	struct wg_key want;
	unsigned n;

	for (n = 0; n < 100; n++) {
		key = key_of(n);
		assert_int_equal(wg_sign_x25519(wg_signkey_public(key), &want),
				 0);
		assert_true(wg_key_same(wg_signkey_x25519(key), &want));
		wg_signkey_free(&key);
	}
}

/* Every signature of every kind, and by no other key. */
static void test_sign(void **state)
{
	struct wg_signkey *key = key_of(1), *other = key_of(2);
	const uint8_t *pub = wg_signkey_public(key);
	unsigned kind, type, n = 0;

	for (kind = 0; kind < WG_ITEM_KINDS; kind++) {
		if (!wg_item_kind_str(kind))
			continue;
		items_make(kind, ITEMS_MOST, item);
		for (type = WG_ITEM_BY_WG_KEY; type <= WG_ITEM_SIGNATURE;
		     type++) {
			if (!wg_item_bytes(item, type))
				continue;
			assert_int_equal(wg_sign_verify(item, type, pub),
					 -EBADMSG);
			wg_signkey_sign(key, item, type);
			assert_int_equal(wg_sign_verify(item, type, pub), 0);
			assert_int_equal(
				wg_sign_verify(item, type,
					       wg_signkey_public(other)),
				-EBADMSG);
			n++;
		}
	}
	/* all but I and J have one, D and S two, R three */
	assert_int_equal(n, 8 + 4);
	wg_signkey_free(&key);
	wg_signkey_free(&other);
}

/* What an invite brings to S: it vouches for the identity that follows. */
static void test_succession(void **state)
{
	struct wg_signkey *invite = key_of(3), *identity = key_of(4);
	static const uint8_t mesh[WG_ITEM_MESH_LEN] = {1};
	struct wg_item_writer w;

	wg_item_begin(&w, WG_ITEM_IS_SUCCESSION, item, sizeof(item));
	wg_item_add_bytes(&w, WG_ITEM_MESH, mesh, sizeof(mesh));
	wg_item_add_number(&w, WG_ITEM_MEMBER, 7);
	wg_item_add_bytes(&w, WG_ITEM_KEY, wg_signkey_public(invite),
			  WG_KEY_LEN);
	wg_item_add_bytes(&w, WG_ITEM_IDENTITY, wg_signkey_public(identity),
			  WG_KEY_LEN);
	assert_int_equal(wg_item_end(&w, NULL), 0);
	wg_signkey_sign(invite, item, WG_ITEM_BY_INVITE);
	wg_signkey_sign(identity, item, WG_ITEM_SIGNATURE);
	assert_int_equal(wg_sign_verify_own(item), 0);
	/* the other way round neither is believed */
	wg_signkey_sign(identity, item, WG_ITEM_BY_INVITE);
	wg_signkey_sign(invite, item, WG_ITEM_SIGNATURE);
	assert_int_equal(wg_sign_verify_own(item), -EBADMSG);
	wg_signkey_free(&invite);
	wg_signkey_free(&identity);
}

static void test_agree(void **state)
{
	/* of small order: 0, 1, p - 1, p, p + 1, and two of order 8 */
	static const char *const nobodys[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	};
	struct wg_signkey *a = key_of(5), *b = key_of(6);
	struct wg_key ab, ba, secret, pub;
	size_t i;

	assert_int_equal(wg_signkey_agree(a, wg_signkey_x25519(b), &ab), 0);
	assert_int_equal(wg_signkey_agree(b, wg_signkey_x25519(a), &ba), 0);
	assert_true(wg_key_same(&ab, &ba));
	assert_int_equal(wg_signkey_agree(a, wg_signkey_x25519(a), &ba), 0);
	assert_false(wg_key_same(&ab, &ba));
	/* with a key that signs nothing, as the door's questions have it */
	wg_key_new(true, &secret);
	wg_key_public(&secret, &pub);
	assert_int_equal(wg_signkey_agree(a, &pub, &ab), 0);
	assert_int_equal(
		crypto_scalarmult(ba.b, secret.b, wg_signkey_x25519(a)->b), 0);
	assert_true(wg_key_same(&ab, &ba));
	for (i = 0; i < sizeof(nobodys) / sizeof(nobodys[0]); i++) {
		sodium_hex2bin(pub.b, sizeof(pub.b), nobodys[i], 64, NULL, NULL,
			       NULL);
		if (wg_signkey_agree(a, &pub, &ab) != -EINVAL)
			fail_msg("%s", nobodys[i]);
		assert_true(wg_key_same(&ab, &ba));
	}
	wg_signkey_free(&a);
	wg_signkey_free(&b);
}

/* --- files */

static void test_file(void **state)
{
	const char *path = path_of("mesh/acme/identity.key");
	struct wg_signkey *key = key_of(7), *again = NULL;
	char err[256];

	assert_int_equal(wg_signkey_load(path, &again, err, sizeof(err)),
			 -ENOENT);
	assert_null(again);
	assert_int_equal(wg_signkey_save(key, path, err, sizeof(err)), 0);
	assert_int_equal(wg_signkey_load(path, &again, err, sizeof(err)), 0);
	assert_memory_equal(wg_signkey_public(key), wg_signkey_public(again),
			    WG_KEY_LEN);
	wg_signkey_free(&again);
	/* never over one that is there */
	wg_signkey_free(&key);
	key = key_of(8);
	assert_int_equal(wg_signkey_save(key, path, err, sizeof(err)), -EEXIST);
	assert_non_null(strstr(err, path));
	assert_int_equal(wg_signkey_load(path, &again, err, sizeof(err)), 0);
	assert_memory_not_equal(wg_signkey_public(key),
				wg_signkey_public(again), WG_KEY_LEN);
	wg_signkey_free(&again);
	wg_signkey_free(&key);
	/* a WireGuard key is no seed */
	path = path_of("plain.key");
	assert_int_equal(wg_key_generate(path, true, err, sizeof(err)), 0);
	assert_int_equal(wg_signkey_load(path, &again, err, sizeof(err)),
			 -EINVAL);
	assert_null(again);
	assert_non_null(strstr(err, "a seed"));
}

/* A WireGuard key whose file is a seed: both speak of one key. */
static void test_wireguard_key(void **state)
{
	const char *path = path_of("mesh/acme/wg.key");
	struct wg_signkey *key;
	struct wg_key secret, pub, want;
	char err[256];

	assert_int_equal(wg_seed_generate(path, err, sizeof(err)), 0);
	assert_int_equal(wg_signkey_load(path, &key, err, sizeof(err)), 0);
	assert_int_equal(wg_key_load_public(path, &pub, err, sizeof(err)), 0);
	assert_true(wg_key_same(&pub, wg_signkey_x25519(key)));
	assert_int_equal(wg_sign_x25519(wg_signkey_public(key), &want), 0);
	assert_true(wg_key_same(&pub, &want));
	assert_int_equal(wg_key_load(path, &secret, err, sizeof(err)), 0);
	wg_key_public(&secret, &want);
	assert_true(wg_key_same(&pub, &want));
	assert_int_equal(secret.b[0] & 7, 0);
	assert_int_equal(secret.b[31] >> 6, 1);
	wg_signkey_free(&key);
}

/* A new key beside the old one, then one rename. */
static void test_replaced(void **state)
{
	const char *path = path_of("mesh/acme/turn.key");
	const char *next = path_of("mesh/acme/turn.key.next");
	struct wg_signkey *key[3];
	struct stat st;

	assert_int_equal(wg_seed_generate(path, NULL, 0), 0);
	assert_int_equal(wg_seed_generate(next, NULL, 0), 0);
	assert_int_equal(wg_signkey_load(path, &key[0], NULL, 0), 0);
	assert_int_equal(wg_signkey_load(next, &key[1], NULL, 0), 0);
	assert_int_equal(rename(next, path), 0);
	assert_int_equal(wg_signkey_load(path, &key[2], NULL, 0), 0);
	assert_memory_equal(wg_signkey_public(key[2]),
			    wg_signkey_public(key[1]), WG_KEY_LEN);
	assert_memory_not_equal(wg_signkey_public(key[2]),
				wg_signkey_public(key[0]), WG_KEY_LEN);
	/* what was loaded stays, and signs */
	items_make(WG_ITEM_IS_REQUEST, ITEMS_TYPICAL, item);
	wg_signkey_sign(key[0], item, WG_ITEM_SIGNATURE);
	assert_int_equal(wg_sign_verify(item, WG_ITEM_SIGNATURE,
					wg_signkey_public(key[0])),
			 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_nlink, 1);
	for (size_t i = 0; i < 3; i++)
		wg_signkey_free(&key[i]);
}

/* --- what stays behind */

/* All that a seed is and becomes, hidden. */
static void hide(const char *path, struct hidden ret[3])
{
	uint8_t b[crypto_hash_sha512_BYTES];
	struct wg_key seed;

	assert_int_equal(wg_seed_load(path, &seed, NULL, 0), 0);
	hidden_of(&seed, &ret[0]);
	crypto_hash_sha512(b, seed.b, sizeof(seed.b));
	/* what its nonces are made of */
	memcpy(seed.b, b + WG_KEY_LEN, WG_KEY_LEN);
	hidden_of(&seed, &ret[1]);
	assert_int_equal(wg_key_load(path, &seed, NULL, 0), 0);
	hidden_of(&seed, &ret[2]);
	wg_key_wipe(&seed);
	sodium_memzero(b, sizeof(b));
	sodium_stackzero(1 << 16);
}

/*
 * On a part of the stack that nothing overwrites after it, so that what was
 * left there is found.
 */
static void __attribute__((noinline)) deep(void (*act)(void))
{
	volatile char between[1 << 17] __attribute__((unused));

	between[0] = 0;
	act();
	between[1] = 0;
}

static struct wg_signkey *key;
static const char *from, *to;

static void make(void)
{
	assert_int_equal(wg_seed_generate(from, NULL, 0), 0);
}

static void load(void)
{
	assert_int_equal(wg_signkey_load(from, &key, NULL, 0), 0);
}

static void use(void)
{
	struct wg_key shared;

	items_make(WG_ITEM_IS_RECORD, ITEMS_TYPICAL, item);
	wg_signkey_sign(key, item, WG_ITEM_SIGNATURE);
	assert_int_equal(wg_signkey_agree(key, wg_signkey_x25519(key), &shared),
			 0);
	wg_key_wipe(&shared);
}

static void save(void)
{
	assert_int_equal(wg_signkey_save(key, to, NULL, 0), 0);
}

static void save_again(void)
{
	assert_int_equal(wg_signkey_save(key, to, NULL, 0), -EEXIST);
}

static void as_wireguard_key(void)
{
	struct wg_key secret;

	assert_int_equal(wg_key_load_public(from, &secret, NULL, 0), 0);
	assert_int_equal(wg_key_check(from, NULL, 0), 0);
	assert_int_equal(wg_key_load(from, &secret, NULL, 0), 0);
	wg_key_wipe(&secret);
}

/* Without what is wiped above it. */
static void as_seed(void)
{
	struct wg_key seed;

	assert_int_equal(wg_seed_load(from, &seed, NULL, 0), 0);
	assert_int_equal(wg_seed_save(to, &seed, NULL, 0), -EEXIST);
	wg_key_wipe(&seed);
}

static uint32_t kind;

/* In the key process, which wipes the stack when it has served. */
static void serve(void)
{
	struct wg_keyproc_request r = {.kind = kind};
	struct wg_keyproc_answer a;
	bool taken;

	snprintf(r.path, sizeof(r.path), "%s", from);
	wg_keyproc_serve(NULL, &r, sizeof(r), &a, &taken);
	assert_int_equal(a.error, 0);
	sodium_memzero(&a, sizeof(a));
}

static void serve_put(void)
{
	struct wg_keyproc_request r = {.kind = WG_KEYPROC_PUT_SEED};
	struct wg_keyproc_answer a;
	bool taken;

	unlink(to);
	snprintf(r.path, sizeof(r.path), "%s", to);
	assert_int_equal(wg_seed_load(from, &r.seed, NULL, 0), 0);
	wg_keyproc_serve(NULL, &r, sizeof(r), &a, &taken);
	assert_int_equal(a.error, 0);
	sodium_memzero(&r, sizeof(r));
}

static void end(void)
{
	wg_signkey_free(&key);
}

static void test_nothing_rests(void **state)
{
	static const struct {
		void (*act)(void);
		uint32_t kind;
	} acts[] = {
		{load},
		{use},
		{save},
		{save_again},
		{as_wireguard_key},
		{as_seed},
		{serve, WG_KEYPROC_SECRET},
		{serve, WG_KEYPROC_PUBLIC},
		{serve, WG_KEYPROC_CHECK},
		{serve, WG_KEYPROC_SEED},
		{serve_put},
		{end},
	};
	struct hidden hidden[3];
	size_t i, j;

	from = path_of("rest.key");
	to = path_of("copy.key");
	hidden_check_search();
	deep(make);
	hide(from, hidden);
	for (i = 0; i < 3; i++)
		assert_false(hidden_rests(&hidden[i], HIDDEN_STACK));
	for (j = 0; j < sizeof(acts) / sizeof(acts[0]); j++) {
		kind = acts[j].kind;
		deep(acts[j].act);
		for (i = 0; i < 3; i++)
			if (hidden_rests(&hidden[i], HIDDEN_STACK))
				fail_msg("on the stack: %zu after %zu", i, j);
		/* what lives is found: seed and key, and never as a text */
		for (i = 0; i < 3 && key; i++) {
			assert_int_equal(hidden_is_found(hidden[i].bytes,
							 WG_KEY_LEN,
							 HIDDEN_OTHERS),
					 i != 1);
			assert_false(hidden_is_found(hidden[i].base64,
						     sizeof(hidden[i].base64),
						     HIDDEN_OTHERS));
		}
	}
	assert_null(key);
	for (i = 0; i < 3; i++)
		assert_false(hidden_rests(&hidden[i], HIDDEN_OTHERS));
}

/* The kernel's flags of the memory that is at this address. */
static void flags_of(const void *at, char *ret, size_t len)
{
	unsigned long from, to, address = (unsigned long)at;
	FILE *f = fopen("/proc/self/smaps", "r");
	bool here = false;
	char line[512];

	*ret = '\0';
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from <= address && address < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(ret, len, "%s", line + 8);
	}
	fclose(f);
}

/* Neither swapped out nor in a core file. */
static void test_locked(void **state)
{
	struct wg_signkey *k = key_of(10);
	struct rlimit limit;
	char flags[512];

	flags_of(wg_signkey_public(k), flags, sizeof(flags));
	if (!*flags)
		skip(); /* a kernel that does not tell */
	assert_non_null(strstr(flags, " dd"));
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
#ifndef __SANITIZE_ADDRESS__ /* with it mlock(2) does nothing */
	if (geteuid() == 0 || limit.rlim_cur >= 1 << 16)
		assert_non_null(strstr(flags, " lo"));
#endif
	wg_signkey_free(&k);
}

static bool no_memory;

void *__real_sodium_malloc(size_t len);
void *__wrap_sodium_malloc(size_t len);
void *__wrap_sodium_malloc(size_t len)
{
	return no_memory ? NULL : __real_sodium_malloc(len);
}

static void load_in_vain(void)
{
	no_memory = true;
	assert_int_equal(wg_signkey_load(from, &key, NULL, 0), -ENOMEM);
	no_memory = false;
}

static void test_no_memory(void **state)
{
	struct hidden hidden[3];
	size_t i;

	from = path_of("memory.key");
	make();
	hide(from, hidden);
	key = NULL;
	deep(load_in_vain);
	assert_null(key);
	for (i = 0; i < 3; i++)
		assert_false(
			hidden_rests(&hidden[i], HIDDEN_STACK | HIDDEN_OTHERS));
}

/* Memory that nobody has cause to write is not written. */
static void test_read_only(void **state)
{
	struct wg_signkey *key = key_of(9);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile uint8_t *)wg_signkey_public(key) ^= 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	wg_signkey_free(&key);
}

static int setup(void **state)
{
	return tempdir_make() || wg_keys_init();
}

static int teardown(void **state)
{
	return tempdir_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_x25519),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_succession),
		cmocka_unit_test(test_agree),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_wireguard_key),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_nothing_rests),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_read_only),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
