/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys: known vectors, every kind of bad text and file, and agreement with
 * wg(8) where it is installed.
 */
#include "lib/backend/wg_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/backend/tests/tempdir.h"


static char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static char *put_file(const char *name, const char *text, mode_t mode)
{
	char *path = path_of(name);
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static void from_hex(const char *hex, struct wg_key *ret)
{
	for (int i = 0; i < WG_KEY_LEN; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &ret->b[i]), 1);
}

/* RFC 7748 section 6.1: Alice's and Bob's keys. */
static void test_rfc7748(void **state)
{
	static const char *const pair[][2] = {
		{ "77076d0a7318a57d3c16c17251b26645"
		  "df4c2f87ebc0992ab177fba51db92c2a",
		  "8520f0098930a754748b7ddcb43ef75a"
		  "0dbf3a0d26381af4eba4a98eaa9b4e6a" },
		{ "5dab087e624a8a4b79e17f8b83800ee6"
		  "6f3bb1292618b6fd1c2f8b27ff88e0eb",
		  "de9edb7d7b7dc1b4d35b61c2ece43537"
		  "3f8343c85b78674dadfc7e146f882b4f" },
	};
	struct wg_key secret, want, have;

	for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		from_hex(pair[i][0], &secret);
		from_hex(pair[i][1], &want);
		wg_key_public(&secret, &have);
		assert_memory_equal(have.b, want.b, WG_KEY_LEN);
	}
	memset(&secret, 0, sizeof(secret));
	wg_key_public(&secret, &have);
	assert_true(wg_key_is_zero(&have));
}

#define GOOD "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="

static void test_parse(void **state)
{
	static const struct {
		const char *name, *text;
		int want;
	} table[] = {
		{ "good", GOOD, 0 },
		{ "highest",
		  "//////////////////////////////////////////8=", 0 },
		{ "empty", "", -EINVAL },
		{ "one short", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LC=",
		  -EINVAL },
		{ "no padding", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo",
		  -EINVAL },
		{ "one more", GOOD "=", -EINVAL },
		{ "a newline", GOOD "\n", -EINVAL },
		{ "a space inside",
		  "dwdtCnMYpX08 sFyUbJmRd9ML4frwJkqsXf7pR25LCo=", -EINVAL },
		{ "loose bits", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCp=",
		  -EINVAL },
		{ "url alphabet",
		  "-_dtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=", -EINVAL },
		/* libsodium 1.0.18 takes them, and makes a key of them */
		{ "a byte beyond ASCII",
		  "dwdtCnMYpX08\xc3" "sFyUbJmRd9ML4frwJkqsXf7pR25LCo=",
		  -EINVAL },
		{ "the last byte",
		  "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LC\xef=",
		  -EINVAL },
		{ "33 bytes", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCoA",
		  -EINVAL },
		{ "31 bytes", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LA==",
		  -EINVAL },
		{ "zero", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		  -EINVAL },
	};
	struct wg_key key, untouched;
	char text[WG_KEY_STRLEN];

	memset(&untouched, 0x5a, sizeof(untouched));
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		key = untouched;
		if (wg_key_parse(table[i].text, &key) != table[i].want)
			fail_msg("%s: wrong result", table[i].name);
		if (table[i].want)
			assert_true(wg_key_same(&key, &untouched));
		else
			assert_string_equal(wg_key_str(&key, text),
					    table[i].text);
	}
}

static void test_parse_seed(void **state)
{
	static const struct {
		const char *text;
		int want;
	} table[] = {
		{ "ed25519:" GOOD, 0 },
		{ GOOD, -EINVAL },
		{ "", -EINVAL },
		{ "ed25519:", -EINVAL },
		{ "ed25519", -EINVAL },
		{ "ed25519::" GOOD, -EINVAL },
		{ "Ed25519:" GOOD, -EINVAL },
		{ " ed25519:" GOOD, -EINVAL },
		{ "ed25519: " GOOD, -EINVAL },
		{ "ed25519:" GOOD "\n", -EINVAL },
		{ "ed25519:" GOOD "=", -EINVAL },
		{ "ed25519:ed25519:" GOOD, -EINVAL },
		{ "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		  -EINVAL },
	};
	struct wg_key seed, untouched, want;
	char text[WG_SEED_STRLEN];

	assert_int_equal(wg_key_parse(GOOD, &want), 0);
	memset(&untouched, 0x5a, sizeof(untouched));
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		seed = untouched;
		if (wg_seed_parse(table[i].text, &seed) != table[i].want)
			fail_msg("%s: wrong result", table[i].text);
		assert_true(wg_key_same(&seed,
					table[i].want ? &untouched : &want));
	}
	assert_string_equal(wg_seed_str(&want, text), "ed25519:" GOOD);
	assert_int_equal(strlen(text) + 1, sizeof(text));
	/* a seed is nobody's key, and not taken for one that was pasted */
	assert_int_equal(wg_key_parse(text, &seed), -EINVAL);
	assert_int_equal(wg_key_public_of(text, &seed), -EINVAL);
}

/* GOOD is Alice's private key, as somebody pasted it. */
static void test_public_of(void **state)
{
	struct wg_key want, have;

	from_hex("8520f0098930a754748b7ddcb43ef75a"
		 "0dbf3a0d26381af4eba4a98eaa9b4e6a",
		 &want);
	assert_int_equal(wg_key_public_of(GOOD, &have), 0);
	assert_true(wg_key_same(&have, &want));
	assert_int_equal(wg_key_public_of(GOOD "=", &have), -EINVAL);
	assert_true(wg_key_same(&have, &want));
}

static void test_load(void **state)
{
	static const struct {
		const char *name, *text;
		mode_t mode;
		int want;
	} table[] = {
		{ "good", GOOD "\n", 0600, 0 },
		{ "no-newline", GOOD, 0600, 0 },
		{ "read-only", GOOD "\n", 0400, 0 },
		{ "group", GOOD "\n", 0640, -EPERM },
		{ "others", GOOD "\n", 0604, -EPERM },
		{ "others-write", GOOD "\n", 0602, -EPERM },
		{ "empty", "", 0600, -EINVAL },
		{ "short", "dwdt\n", 0600, -EINVAL },
		{ "two-newlines", GOOD "\n\n", 0600, -EINVAL },
		{ "two-keys", GOOD "\n" GOOD "\n", 0600, -EINVAL },
		{ "crlf", GOOD "\r\n", 0600, -EINVAL },
		{ "blank-first", " " GOOD "\n", 0600, -EINVAL },
		{ "text", "this is not a key at all, whatever it may look like",
		  0600, -EINVAL },
	};
	struct wg_key key, zero = { 0 };
	char err[256], text[WG_KEY_STRLEN];
	const char *path;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		path = put_file(table[i].name, table[i].text, table[i].mode);
		memset(&key, 0x5a, sizeof(key));
		err[0] = '\0';
		if (wg_key_load(path, &key, err, sizeof(err)) != table[i].want)
			fail_msg("%s: wrong result: %s", table[i].name, err);
		if (table[i].want) {
			assert_true(wg_key_same(&key, &zero));
			assert_non_null(strstr(err, path));
			assert_null(strstr(err, "dwdt"));
		} else {
			assert_string_equal(wg_key_str(&key, text), GOOD);
		}
	}
	/* of a seed, as which key it goes to a device */
	path = put_file("seed", "ed25519:" GOOD "\n", 0600);
	assert_int_equal(wg_seed_load(path, &key, err, sizeof(err)), 0);
	assert_string_equal(wg_key_str(&key, text), GOOD);
	assert_int_equal(wg_key_load(path, &key, err, sizeof(err)), 0);
	assert_string_not_equal(wg_key_str(&key, text), GOOD);
	path = put_file("key", GOOD "\n", 0600);
	assert_int_equal(wg_seed_load(path, &key, err, sizeof(err)), -EINVAL);
	assert_true(wg_key_same(&key, &zero));
	assert_non_null(strstr(err, path));
	assert_null(strstr(err, "dwdt"));
	assert_int_equal(wg_key_load(path_of("absent"), &key, err, sizeof(err)),
			 -ENOENT);
	assert_non_null(strstr(err, "absent"));
	assert_int_equal(wg_key_load(path_of("absent"), &key, NULL, 0),
			 -ENOENT);
	assert_int_equal(wg_key_load(dir, &key, err, sizeof(err)), -EPERM);
	/* A FIFO without a writer must not hold us. */
	path = path_of("fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(wg_key_load(path, &key, err, sizeof(err)), -EPERM);
}

static void test_generate(void **state)
{
	struct wg_key key, again, pub, want;
	char err[256], *path;
	struct stat st;
	mode_t old;

	for (int private = 0; private < 2; private++) {
		path = path_of(private ? "made.key" : "made.psk");
		old = umask(0);
		assert_int_equal(wg_key_generate(path, private, err,
						 sizeof(err)),
				 0);
		umask(old);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(st.st_nlink, 1);
		assert_int_equal(st.st_size, 45);
		assert_int_equal(wg_key_load(path, &key, err, sizeof(err)), 0);
		if (private) {
			assert_int_equal(key.b[0] & 7, 0);
			assert_int_equal(key.b[31] & 0xc0, 0x40);
			assert_int_equal(wg_key_load_public(path, &pub, NULL,
							    0),
					 0);
			wg_key_public(&key, &want);
			assert_true(wg_key_same(&pub, &want));
		}
		/* Never overwritten, and the old one stays. */
		assert_int_equal(wg_key_generate(path, private, err,
						 sizeof(err)),
				 -EEXIST);
		assert_non_null(strstr(err, path));
		assert_int_equal(wg_key_load(path, &again, NULL, 0), 0);
		assert_true(wg_key_same(&key, &again));
	}
	assert_int_equal(wg_key_generate(path_of("no/such/key"), true, err,
					 sizeof(err)),
			 -ENOENT);
	/* The folder is made, for its owner alone. */
	assert_int_equal(wg_key_generate(path_of("new/key"), true, err,
					 sizeof(err)),
			 0);
	assert_int_equal(stat(path_of("new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(unlink(path_of("new/key")), 0);
	assert_int_equal(rmdir(path_of("new")), 0);
}

/* Nothing but what was asked for stays in the folder. */
static void test_no_rests(void **state)
{
	char command[256];
	FILE *f;
	int n = -1;

	snprintf(command, sizeof(command), "ls -A %s | grep -c '\\.key\\|psk'",
		 dir);
	f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &n), 1);
	pclose(f);
	assert_int_equal(n, 2);
}

static void test_linklocal(void **state)
{
	struct wg_addr a, b;
	struct wg_key key;

	assert_int_equal(wg_key_parse(GOOD, &key), 0);
	wg_key_linklocal(&key, &a);
	wg_key_linklocal(&key, &b);
	assert_true(wg_addr_same(&a, &b));
	assert_int_equal(a.family, AF_INET6);
	assert_memory_equal(a.b, "\xfe\x80\0\0\0\0\0\0", 8);
	/* `base64 -d | b2sum -l 256` of GOOD begins with these 8. */
	assert_memory_equal(a.b + 8, "\x88\x56\x63\x7b\xc7\x5f\x23\xd2",
			    8);
	for (int i = 0; i < 256; i++) {
		key.b[0] = i;
		wg_key_linklocal(&key, &a);
		assert_int_equal(a.b[8] & 2, 0);
	}
}

static void test_wg_agrees(void **state)
{
	char command[256], want[64] = "", have[WG_KEY_STRLEN];
	struct wg_key pub;
	FILE *f;

	if (system("command -v wg >/dev/null 2>&1")) {
		print_message("SKIP: wg(8) is not installed\n");
		skip();
	}
	assert_int_equal(wg_key_load_public(path_of("made.key"), &pub, NULL, 0),
			 0);
	snprintf(command, sizeof(command), "wg pubkey < %s",
		 path_of("made.key"));
	f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%63s", want), 1);
	pclose(f);
	assert_string_equal(wg_key_str(&pub, have), want);

	snprintf(command, sizeof(command),
		 "umask 077; wg genkey > %s/g.key.wg && "
		 "wg pubkey < %s/g.key.wg", dir, dir);
	f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%63s", want), 1);
	pclose(f);
	assert_int_equal(wg_key_load_public(path_of("g.key.wg"), &pub, NULL, 0),
			 0);
	assert_string_equal(wg_key_str(&pub, have), want);
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
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc7748),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_seed),
		cmocka_unit_test(test_public_of),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_generate),
		cmocka_unit_test(test_no_rests),
		cmocka_unit_test(test_linklocal),
		cmocka_unit_test(test_wg_agrees),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
