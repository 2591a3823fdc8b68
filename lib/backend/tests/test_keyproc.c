/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key process: what it does when asked, under its filter of system calls,
 * and that its end is seen.
 */
#include "lib/backend/wg_keyproc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/backend/tests/keydir.h"
#include "lib/backend/wg_confine.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_launch.h"
#include "lib/backend/wg_sign.h"

#define GOOD "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
#define SEED "ed25519:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="

/* --- requests */

static struct wg_keyproc_request request(uint32_t kind, const char *name)
{
	struct wg_keyproc_request r = {.kind = kind};

	if (kind == WG_KEYPROC_PUT_SEED)
		assert_int_equal(wg_seed_parse(SEED, &r.seed), 0);
	snprintf(r.path, sizeof(r.path), "%s", path_of(name));
	return r;
}

static int serve(const struct wg_keyproc_request *r, size_t len)
{
	const struct wg_keyfile_rules rule = rules();
	struct wg_keyproc_answer a;
	bool taken;

	wg_keyproc_serve(&rule, r, len, &a, &taken);
	assert_false(strstr(a.text, "nWGx"));
	assert_true(!a.error || wg_key_is_zero(&a.key));
	return a.error;
}

/* What is no request makes and reads nothing. */
static void test_requests(void **state)
{
	struct wg_keyproc_request r;
	unsigned kind;

	for (kind = 0; kind <= WG_KEYPROC_KINDS + 1; kind++) {
		bool is_kind = kind && kind < WG_KEYPROC_KINDS;
		bool makes = is_kind && kind != WG_KEYPROC_SECRET &&
			     kind != WG_KEYPROC_PUBLIC &&
			     kind != WG_KEYPROC_CHECK &&
			     kind != WG_KEYPROC_SEED;

		r = request(kind, "request");
		assert_int_equal(serve(&r, sizeof(r) - 1), -EPROTO);
		assert_int_equal(serve(&r, 0), -EPROTO);
		/* with a seed what brings none, without what brings one */
		r.seed.b[31] ^= 0x20 ^ r.seed.b[31];
		if (kind == WG_KEYPROC_PUT_SEED)
			memset(&r.seed, 0, sizeof(r.seed));
		assert_int_equal(serve(&r, sizeof(r)), -EPROTO);
		r = request(kind, "request");
		r.path[sizeof(r.path) - 1] = 'x';
		assert_int_equal(serve(&r, sizeof(r)), -EPROTO);
		memset(r.path, 0, sizeof(r.path));
		assert_int_equal(serve(&r, sizeof(r)), -EPROTO);
		assert_int_not_equal(access(path_of("request"), F_OK), 0);
		r = request(kind, "request");
		assert_int_equal(serve(&r, sizeof(r)), !is_kind ? -EPROTO
						       : makes	? 0
								: -ENOENT);
		assert_int_equal(access(path_of("request"), F_OK) == 0, makes);
		unlink(path_of("request"));
	}
}

/*
 * The key of a seed is that of its secret key and that of its public one:
 * WireGuard and who checks signatures speak of the same.
 */
static void test_key_of_seed(void **state)
{
	struct wg_key seed, secret, pub, want;
	struct wg_sign_key sign;
	char err[WG_KEYFILE_ERR];
	unsigned i;

	for (i = 0; i < 50; i++) {
		assert_int_equal(
			wg_seed_generate(path_of("of-seed"), err, sizeof(err)),
			0);
		assert_int_equal(
			wg_seed_load(path_of("of-seed"), &seed, NULL, 0), 0);
		assert_int_equal(
			wg_key_load(path_of("of-seed"), &secret, NULL, 0), 0);
		assert_int_equal(
			wg_key_load_public(path_of("of-seed"), &pub, NULL, 0),
			0);
		assert_int_equal(wg_key_check(path_of("of-seed"), NULL, 0), 0);
		wg_key_public(&secret, &want);
		assert_true(wg_key_same(&pub, &want));
		wg_sign_of_seed(seed.b, &sign);
		assert_int_equal(wg_sign_x25519(wg_sign_public(&sign), &want),
				 0);
		assert_true(wg_key_same(&pub, &want));
		unlink(path_of("of-seed"));
	}
	/* RFC 8032 7.1, test 1: SHA-512 of the seed, clamped */
	put("of-seed", SEED "\n", 0600);
	assert_int_equal(wg_key_load(path_of("of-seed"), &secret, NULL, 0), 0);
	assert_memory_equal(secret.b,
			    "\x30\x7c\x83\x86\x4f\x28\x33\xcb\x42\x7a\x2e\xf1"
			    "\xc0\x0a\x01\x3c\xfd\xff\x27\x68\xd9\x80\xc0\xa3"
			    "\xa5\x20\xf0\x06\x90\x4d\xe9\x4f",
			    WG_KEY_LEN);
}

/* --- the process */

/* Seeds, where the process has its filter and its two capabilities. */
static void seeds(int notices)
{
	char err[WG_KEYFILE_ERR], text[WG_SEED_STRLEN];
	struct wg_key seed, want, pub;
	struct wg_sign_key sign;
	struct wg_notice notice;
	struct stat st;

	assert_int_equal(wg_seed_parse(SEED, &want), 0);
	assert_int_equal(wg_seed_save(path_of("mesh/acme/identity.key"), &want,
				      err, sizeof(err)),
			 0);
	assert_int_equal(wg_seed_load(path_of("mesh/acme/identity.key"), &seed,
				      err, sizeof(err)),
			 0);
	assert_string_equal(wg_seed_str(&seed, text), SEED);
	assert_int_equal(wg_seed_save(path_of("mesh/acme/identity.key"), &want,
				      err, sizeof(err)),
			 -EEXIST);
	assert_null(strstr(err, "nWGx"));
	assert_int_equal(
		wg_seed_generate(path_of("mesh/acme/wg.key"), err, sizeof(err)),
		0);
	assert_int_equal(stat(path_of("mesh"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(stat(path_of("mesh/acme/wg.key"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(wg_seed_load(path_of("mesh/acme/wg.key"), &seed, err,
				      sizeof(err)),
			 0);
	assert_int_equal(wg_key_load_public(path_of("mesh/acme/wg.key"), &pub,
					    err, sizeof(err)),
			 0);
	wg_sign_of_seed(seed.b, &sign);
	assert_int_equal(wg_sign_x25519(wg_sign_public(&sign), &want), 0);
	assert_true(wg_key_same(&pub, &want));
	/* a key is no seed; nothing of it is told */
	memset(&seed, 0x5a, sizeof(seed));
	assert_int_equal(wg_seed_load(path_of("good"), &seed, err, sizeof(err)),
			 -EINVAL);
	assert_true(wg_key_is_zero(&seed));
	assert_null(strstr(err, "dwdt"));
	if (geteuid() != 0)
		return;
	/* what the log hears of one that is taken over */
	assert_int_equal(chown(path_of("mesh/acme/wg.key"), OTHER, OTHER), 0);
	assert_int_equal(wg_seed_load(path_of("mesh/acme/wg.key"), &seed, err,
				      sizeof(err)),
			 0);
	assert_int_equal(wg_notice_next(notices, &notice), 1);
	assert_non_null(strstr(notice.text, "mesh/acme/wg.key: belonged to"));
	wg_key_str(&seed, text);
	assert_false(memmem(&notice, sizeof(notice), text, 8));
	assert_false(memmem(&notice, sizeof(notice), seed.b, sizeof(seed.b)));
	assert_int_equal(wg_notice_next(notices, &notice), 0);
}

static void test_process(void **state)
{
	struct wg_keyfile_rules r = rules();
	char err[WG_KEYFILE_ERR], text[WG_KEY_STRLEN], large[2048];
	struct wg_key key, pub;
	struct pollfd waiting = {.events = POLLIN};
	struct wg_confinement c;
	int fd[2];

	put("good", GOOD "\n", 0600);
	assert_int_equal(wg_notice_open(fd), 0);
	assert_int_equal(wg_keyproc_start(&r, fd[1]), 0);
	assert_int_equal(wg_key_load(path_of("good"), &key, err, sizeof(err)),
			 0);
	assert_string_equal(wg_key_str(&key, text), GOOD);
	assert_int_equal(
		wg_key_load_public(path_of("good"), &pub, err, sizeof(err)), 0);
	wg_key_public(&key, &key);
	assert_true(wg_key_same(&key, &pub));
	assert_int_equal(wg_key_check("/etc/passwd", err, sizeof(err)), -EPERM);
	assert_int_equal(
		wg_key_generate(path_of("fresh"), true, err, sizeof(err)), 0);
	assert_int_equal(wg_key_check(path_of("fresh"), err, sizeof(err)), 0);
	/* not of the right size: an error, and it goes on */
	memset(large, 1, sizeof(large));
	assert_int_equal(send(wg_keyproc()->fd, large, sizeof(large), 0),
			 sizeof(large));
	assert_int_equal(send(wg_keyproc()->fd, large, 1, 0), 1);
	assert_int_equal(wg_key_check(path_of("fresh"), err, sizeof(err)), 0);
	seeds(fd[0]);
	assert_int_equal(wg_confine_read(wg_keyproc()->pid, &c), 0);
	assert_true(c.no_new_privs);
	assert_false(wg_helper_ended(wg_keyproc()));
	kill(wg_keyproc()->pid, SIGKILL);
	assert_int_equal(waitpid(wg_keyproc()->pid, NULL, 0),
			 wg_keyproc()->pid);
	/* a request finds it first: who waits for input hears of it, too */
	waiting.fd = wg_keyproc()->fd;
	memset(&key, 0x5a, sizeof(key));
	assert_int_equal(wg_key_load(path_of("good"), &key, err, sizeof(err)),
			 -EPIPE);
	assert_true(wg_key_is_zero(&key));
	assert_non_null(strstr(err, "restart wgd"));
	assert_int_equal(poll(&waiting, 1, 0), 1);
	assert_true(waiting.revents & POLLIN);
	assert_int_equal(wg_key_check(path_of("good"), err, sizeof(err)),
			 -EPIPE);
	assert_true(wg_helper_ended(wg_keyproc()));
	assert_int_equal(poll(&waiting, 1, 0), 1);
	assert_int_equal(waiting.revents, POLLNVAL);
	assert_int_equal(wg_key_check(path_of("good"), err, sizeof(err)),
			 -EPIPE);
	close(fd[0]);
	close(fd[1]);
}

/* --- the launcher's requests */

static void test_launch_requests(void **state)
{
	static const struct {
		uint32_t kind;
		const char *ifname;
		bool want;
	} table[] = {
		{WG_LAUNCH_CHECK, "", true},
		{WG_LAUNCH_CHECK, "wg0", false},
		{WG_LAUNCH_START, "wg0", true},
		{WG_LAUNCH_START, "", false},
		{WG_LAUNCH_START, "-v", false},
		{WG_LAUNCH_CONNECT, "..", false},
		{WG_LAUNCH_CONNECT, "a/b", false},
		{WG_LAUNCH_CONNECT, "a b", false},
		{WG_LAUNCH_END, "wg0", true},
		{WG_LAUNCH_KINDS, "wg0", false},
		{0, "wg0", false},
	};
	struct wg_launch_request r;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		memset(&r, 0, sizeof(r));
		r.kind = table[i].kind;
		strcpy(r.ifname, table[i].ifname);
		if (wg_launch_is_well_formed(&r, sizeof(r)) != table[i].want)
			fail_msg("row %zu", i);
	}
	r = (struct wg_launch_request){0, WG_LAUNCH_START, "wg0", ""};
	assert_false(wg_launch_is_well_formed(&r, sizeof(r) - 1));
	memset(r.program, 'x', sizeof(r.program));
	assert_false(wg_launch_is_well_formed(&r, sizeof(r)));
}

/* Of root's programs not any: many run what their arguments say. */
static void test_launch_permits(void **state)
{
	static const struct wg_launch_rules r = {
		.programs = {"/opt/wg/mine", "/opt/wg/other"},
		.n_programs = 1,
	};
	static const struct {
		const char *path;
		bool want;
	} table[] = {
		{"/usr/bin/wireguard-go", true},
		{"/opt/a/boringtun", true},
		{"/opt/a/boringtun-cli", true},
		{"/wireguard-go", true},
		{"/usr/bin/amneziawg-go", true},
		{"/opt/wg/mine", true},
		{"/opt/wg/other", false}, /* beyond the end */
		{"/opt/wg/mine2", false},
		{"/usr/bin/mine", false},
		{"/opt/wg/mine/x", false},
		{"/usr/bin/setsid", false},
		{"/usr/bin/wireguard-go2", false},
		{"/usr/bin/my-wireguard-go", false},
		{"/opt/wireguard-go/sh", false},
		{"wireguard-go", false}, /* is no path */
		{"", false},
	};
	char path[WG_LAUNCH_ERR], why[WG_LAUNCH_ERR];
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (wg_launch_permits(&r, table[i].path) != table[i].want)
			fail_msg("%s", table[i].path);
	assert_int_equal(
		wg_launch_look("/bin/sh", path, sizeof(path), why, sizeof(why)),
		-EPERM);
	assert_non_null(strstr(why, "sh: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_key_of_seed),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_launch_requests),
		cmocka_unit_test(test_launch_permits),
	};

	return cmocka_run_group_tests(tests, keydir_setup, keydir_teardown);
}
