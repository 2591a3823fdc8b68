// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another daemon is asked: it answers in pieces, too much, nothing, or it is
 * away, and nobody waits longer than is said.
 */
#include "frr-wgd/tests/glue.h"

#include <pthread.h>

#include "libfrr.h"

#include "frr-wgd/base/wgd_ask.h"
#include "frr-wgd/base/wgd_clock.h"

static char folder[] = "/tmp/test_ask.XXXXXX";
static char path[sizeof(folder) + sizeof("/other.vty")];
static const char *piece[4]; /* what it says, one after the other */
static size_t length[4];
static bool hangs;
static char heard[64];

static void *serve(void *arg)
{
	int fd = accept(*(int *)arg, NULL, NULL), i;

	assert_true(recv(fd, heard, sizeof(heard) - 1, 0) > 0);
	for (i = 0; i < 4 && piece[i]; i++) {
		assert_int_equal(send(fd, piece[i], length[i], MSG_NOSIGNAL),
				 length[i]);
		usleep(1000);
	}
	/* until the other one has enough of it */
	while (hangs && recv(fd, heard, 1, 0) > 0)
		;
	close(fd);
	return NULL;
}

static bool ask(char *buf, size_t len)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pthread_t thread;
	bool ok;

	strlcpy(at.sun_path, path, sizeof(at.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, serve, &fd), 0);
	ok = wgd_ask("other", "show it", buf, len);
	assert_int_equal(pthread_join(thread, NULL), 0);
	close(fd);
	unlink(path);
	return ok;
}

static int setup(void **state)
{
	memset(piece, 0, sizeof(piece));
	memset(heard, 0, sizeof(heard));
	hangs = false;
	return 0;
}

static void test_pieces(void **state)
{
	char buf[64];

	piece[0] = "one ";
	piece[1] = "two\0\0";
	piece[2] = "\0\0";
	length[0] = 4;
	length[1] = 5;
	length[2] = 2;
	hangs = true;
	assert_true(ask(buf, sizeof(buf)));
	assert_string_equal(buf, "one two");
	assert_string_equal(heard, "show it");
}

static void test_too_much(void **state)
{
	char buf[8];

	piece[0] = "0123456789\0\0\0";
	length[0] = 14;
	assert_true(ask(buf, sizeof(buf)));
	assert_string_equal(buf, "0123456");
}

static void test_ends_early(void **state)
{
	char buf[64];

	piece[0] = "one";
	length[0] = 3;
	assert_false(ask(buf, sizeof(buf)));
}

static void test_hangs(void **state)
{
	int64_t before = wgd_now_ms();
	char buf[64];

	piece[0] = "one";
	length[0] = 3;
	hangs = true;
	assert_false(ask(buf, sizeof(buf)));
	assert_true(wgd_now_ms() - before >= WGD_ASK_MS);
	/* one for each of many interfaces does not add up: nobody listens */
	setup(state);
	assert_false(wgd_ask("other", "show it", buf, sizeof(buf)));
	assert_false(*heard);
}

static void test_away(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char buf[64];

	assert_false(wgd_ask_is_there("other"));
	assert_false(wgd_ask("other", "show it", buf, sizeof(buf)));
	/* it was killed: its socket stays */
	strlcpy(at.sun_path, path, sizeof(at.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_true(wgd_ask_is_there("other"));
	close(fd);
	assert_false(wgd_ask_is_there("other"));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pieces, setup),
		cmocka_unit_test_setup(test_too_much, setup),
		cmocka_unit_test_setup(test_ends_early, setup),
		cmocka_unit_test_setup(test_hangs, setup),
		cmocka_unit_test_setup(test_away, setup),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/other.vty", folder);
	snprintf(frr_zclientpath, sizeof(frr_zclientpath), "%s/zserv.api",
		 folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
