/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files with keys: what is read and made where and for whom, and in which form.
 */
#include "lib/backend/wg_keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/backend/tests/keydir.h"
#include "lib/backend/wg_keys.h"

#define GOOD "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
#define SEED "ed25519:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="

#define N(a) (sizeof(a) / sizeof((a)[0]))

static struct wg_keyfile_secret secret_of(const char *text)
{
	struct wg_keyfile_secret s = {.is_seed = *text == 'e'};

	assert_int_equal(s.is_seed ? wg_seed_parse(text, &s.key)
				   : wg_key_parse(text, &s.key),
			 0);
	return s;
}

static bool is_zero(const struct wg_keyfile_secret *s)
{
	return wg_key_is_zero(&s->key) && !s->is_seed;
}

/* Anything of a secret, and be it some characters of its text? */
static bool tells(const char *text)
{
	return strstr(text, "dwdt") || strstr(text, "nWGx") ||
	       strstr(text, "LCo") || strstr(text, "uf2A");
}

static void test_rules(void **state)
{
	static const struct {
		const char *path; /* %s: the folder */
		int want;
		const char *why;
	} table[] = {
		{"%s/good", 0, NULL},
		{"%s//good", 0, NULL},
		{"%s/sub/good", 0, NULL},
		{"%s/absent", -ENOENT, "No such file"},
		{"%s/sub/absent/x", -ENOENT, "there is no folder"},
		{"%s/link", -EPERM, "symbolic link"},
		{"%s/linked/good", -EPERM, "symbolic link"},
		{"%s/good/x", -EPERM, "no folder"},
		{"%s/fifo", -EPERM, "regular"},
		{"%s/sub", -EPERM, "regular"},
		{"%s/open", -EPERM, "0640"},
		{"%s/text", -EINVAL, "base64"},
		{"%s/../outside", -EINVAL, "plain path"},
		{"%s/./good", -EINVAL, "plain path"},
		{"%s/", -EINVAL, "plain path"},
		{"%s", -EPERM, "--key-folder"},
		{"%sx/good", -EPERM, "--key-folder"},
		{"/etc/passwd", -EPERM, "--key-folder"},
		{"good", -EINVAL, "absolute"},
	};
	struct wg_keyfile_rules r = rules();
	char path[256], err[WG_KEYFILE_ERR], text[WG_KEY_STRLEN];
	struct wg_keyfile_secret key;
	bool taken;
	size_t i;
	int rc;

	put("good", GOOD "\n", 0600);
	put("open", GOOD "\n", 0640);
	put("text", "a text\n", 0600);
	mkdir(path_of("sub"), 0700);
	put("sub/good", GOOD, 0400);
	assert_int_equal(symlink("good", path_of("link")), 0);
	assert_int_equal(symlink("sub", path_of("linked")), 0);
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(path, sizeof(path), table[i].path, folder);
		memset(&key, 0x5a, sizeof(key));
		rc = wg_keyfile_read(&r, path, &key, &taken, err, sizeof(err));
		if (rc != table[i].want ||
		    (rc && !(strstr(err, table[i].why) && strstr(err, path))))
			fail_msg("%s: %d, %s", path, rc, err);
		if (rc)
			assert_true(is_zero(&key));
		else
			assert_string_equal(wg_key_str(&key.key, text), GOOD);
	}
}

static void test_taken_over(void **state)
{
	struct wg_keyfile_rules r = rules();
	char err[WG_KEYFILE_ERR];
	struct wg_keyfile_secret key;
	struct stat st;
	bool taken;

	if (geteuid() != 0)
		skip();
	put("former", GOOD "\n", 0600);
	assert_int_equal(chown(path_of("former"), OTHER, OTHER), 0);
	assert_int_equal(wg_keyfile_read(&r, path_of("former"), &key, &taken,
					 err, sizeof(err)),
			 0);
	assert_true(taken);
	assert_int_equal(stat(path_of("former"), &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(wg_keyfile_read(&r, path_of("former"), &key, &taken,
					 err, sizeof(err)),
			 0);
	assert_false(taken);
	/* not what is no key, has another name, or is a third one's */
	put("former-text", "a text\n", 0600);
	assert_int_equal(chown(path_of("former-text"), OTHER, OTHER), 0);
	assert_int_equal(wg_keyfile_read(&r, path_of("former-text"), &key,
					 &taken, err, sizeof(err)),
			 -EINVAL);
	assert_int_equal(stat(path_of("former-text"), &st), 0);
	assert_int_equal(st.st_uid, OTHER);
	put("third", GOOD "\n", 0600);
	assert_int_equal(chown(path_of("third"), OTHER + 1, OTHER), 0);
	assert_int_equal(wg_keyfile_read(&r, path_of("third"), &key, &taken,
					 err, sizeof(err)),
			 -EPERM);
	assert_non_null(strstr(err, "belongs to uid"));
}

static void test_folder_of_others(void **state)
{
	static const char *const leave_nothing[] = {
		"wide/none/x", "none/",	 "none/..",
		"none/.",      "none//", "none/none/x",
	};
	struct wg_keyfile_rules r = rules();
	struct wg_keyfile_secret key = secret_of(GOOD);
	char err[WG_KEYFILE_ERR], path[600];
	size_t i;

	mkdir(path_of("wide"), 0700);
	assert_int_equal(chmod(path_of("wide"), 0770), 0);
	assert_int_equal(
		wg_keyfile_make(&r, path_of("wide/x"), &key, err, sizeof(err)),
		-EPERM);
	assert_int_equal(
		wg_keyfile_make(&r, path_of("new/x"), &key, err, sizeof(err)),
		0);
	assert_int_equal(
		wg_keyfile_make(&r, path_of("new/x"), &key, err, sizeof(err)),
		-EEXIST);
	assert_int_equal(wg_keyfile_make(&r, "/etc/x", &key, err, sizeof(err)),
			 -EPERM);
	for (i = 0; i < sizeof(leave_nothing) / sizeof(leave_nothing[0]); i++)
		if (wg_keyfile_make(&r, path_of(leave_nothing[i]), &key, err,
				    sizeof(err)) == 0 ||
		    access(path_of("none"), F_OK) == 0 ||
		    access(path_of("wide/none"), F_OK) == 0)
			fail_msg("%s", leave_nothing[i]);
	/* too long for the name that it has until it is whole */
	snprintf(path, sizeof(path), "%s/%0250d", path_of("none"), 0);
	assert_int_not_equal(wg_keyfile_make(&r, path, &key, err, sizeof(err)),
			     0);
	assert_int_not_equal(access(path_of("none"), F_OK), 0);
}

/* --- in which form */

static void test_forms(void **state)
{
	static const struct {
		const char *name, *text;
		const char *want; /* of the secret in it, or NULL */
	} table[] = {
		{"key", GOOD "\n", GOOD},
		{"seed", SEED "\n", SEED},
		{"seed, no newline", SEED, SEED},
		{"two newlines", SEED "\n\n", NULL},
		{"two seeds", SEED "\n" SEED "\n", NULL},
		{"seed and key", SEED "\n" GOOD "\n", NULL},
		{"crlf", SEED "\r\n", NULL},
		{"a space",
		 "ed25519: nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2=\n",
		 NULL},
		{"no padding",
		 "ed25519:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\n", NULL},
		{"loose bits",
		 "ed25519:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2B=\n",
		 NULL},
		{"zero",
		 "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		 NULL},
		{"nothing", "ed25519:\n", NULL},
		{"great letters",
		 "ED25519:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n",
		 NULL},
		{"another word",
		 "ed25518:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n",
		 NULL},
		{"no word",
		 "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=nWGxne/9\n",
		 NULL},
		{"a newline", "\n", NULL},
	};
	struct wg_keyfile_rules r = rules();
	struct wg_keyfile_secret s, want;
	char err[WG_KEYFILE_ERR];
	bool taken;
	size_t i;
	int rc;

	for (i = 0; i < N(table); i++) {
		put("form", table[i].text, 0600);
		memset(&s, 0x5a, sizeof(s));
		rc = wg_keyfile_read(&r, path_of("form"), &s, &taken, err,
				     sizeof(err));
		if (rc != (table[i].want ? 0 : -EINVAL))
			fail_msg("%s: %d", table[i].name, rc);
		if (rc) {
			assert_true(is_zero(&s));
			assert_false(tells(err));
			continue;
		}
		want = secret_of(table[i].want);
		assert_true(wg_key_same(&s.key, &want.key));
		assert_int_equal(s.is_seed, want.is_seed);
	}
}

/* A secret in its file, byte by byte. */
static void test_written(void **state)
{
	static const char *const texts[] = {GOOD, SEED};
	struct wg_keyfile_rules r = rules();
	struct wg_keyfile_secret s;
	char have[100] = "", want[100];
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < N(texts); i++) {
		s = secret_of(texts[i]);
		assert_int_equal(wg_keyfile_make(&r, path_of(texts[i] + 40), &s,
						 NULL, 0),
				 0);
		fd = open(path_of(texts[i] + 40), O_RDONLY);
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(st.st_uid, geteuid());
		assert_int_equal(st.st_nlink, 1);
		assert_int_equal(read(fd, have, sizeof(have) - 1),
				 strlen(texts[i]) + 1);
		close(fd);
		snprintf(want, sizeof(want), "%s\n", texts[i]);
		assert_string_equal(have, want);
	}
}

/* Two folders for a seed, one for a key; what is refused leaves nothing. */
static void test_folders(void **state)
{
	static const struct {
		const char *path;
		const char *text;
		int want;
		const char *made[2];
	} table[] = {
		{"f1/k", GOOD, 0, {"f1"}},
		{"f2/a/k", GOOD, -ENOENT, {}},
		{"f3/a/k", SEED, 0, {"f3", "f3/a"}},
		{"f3/b/k", SEED, 0, {"f3/b"}},
		{"f3//a///k2", SEED, 0, {}},
		{"f3/a/k", SEED, -EEXIST, {}},
		{"f3/a/k", GOOD, -EEXIST, {}},
		{"f4/a/b/k", SEED, -ENOENT, {}},
		{"f5/a/", SEED, -EINVAL, {}},
		{"f5/../k", SEED, -EINVAL, {}},
		{"f5/./k", SEED, -EINVAL, {}},
		{"f5/a/..", SEED, -EINVAL, {}},
		{"wide5/a/k", SEED, -EPERM, {}},
		{"wide5/k", SEED, -EPERM, {}},
	};
	struct wg_keyfile_rules r = rules();
	struct wg_keyfile_secret s;
	char err[WG_KEYFILE_ERR];
	struct stat st;
	size_t i, j;
	int rc;

	assert_int_equal(mkdir(path_of("wide5"), 0700), 0);
	assert_int_equal(chmod(path_of("wide5"), 0770), 0);
	for (i = 0; i < N(table); i++) {
		s = secret_of(table[i].text);
		rc = wg_keyfile_make(&r, path_of(table[i].path), &s, err,
				     sizeof(err));
		if (rc != table[i].want &&
		    !(rc < 0 && table[i].want == -EINVAL))
			fail_msg("%s: %d, %s", table[i].path, rc, err);
		for (j = 0; j < 2 && table[i].made[j]; j++) {
			assert_int_equal(stat(path_of(table[i].made[j]), &st),
					 0);
			assert_int_equal(st.st_mode & 07777, 0700);
			assert_int_equal(st.st_uid, geteuid());
		}
	}
	assert_int_not_equal(access(path_of("f2"), F_OK), 0);
	assert_int_not_equal(access(path_of("f4"), F_OK), 0);
	assert_int_not_equal(access(path_of("f5"), F_OK), 0);
	assert_int_not_equal(access(path_of("wide5/a"), F_OK), 0);
}

/* Where somebody else's folder stands in the way, nothing is made in it. */
static void test_folder_of_user(void **state)
{
	struct wg_keyfile_secret s = secret_of(SEED);
	struct wg_keyfile_rules r = rules();
	char err[WG_KEYFILE_ERR];

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(path_of("theirs"), 0700), 0);
	assert_int_equal(chown(path_of("theirs"), OTHER, OTHER), 0);
	assert_int_equal(wg_keyfile_make(&r, path_of("theirs/acme/k"), &s, err,
					 sizeof(err)),
			 -EPERM);
	assert_non_null(strstr(err, "folder belongs to uid"));
	assert_int_equal(
		wg_keyfile_make(&r, path_of("theirs/k"), &s, err, sizeof(err)),
		-EPERM);
	assert_int_equal(rmdir(path_of("theirs")), 0);
	assert_int_equal(symlink("/tmp", path_of("theirs")), 0);
	assert_int_equal(wg_keyfile_make(&r, path_of("theirs/acme/k"), &s, err,
					 sizeof(err)),
			 -EPERM);
	assert_int_equal(unlink(path_of("theirs")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_taken_over),
		cmocka_unit_test(test_folder_of_others),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_folder_of_user),
	};

	return cmocka_run_group_tests(tests, keydir_setup, keydir_teardown);
}
