/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The userspace backend against a program of straw that stalls, truncates,
 * lies and hangs up.  Time limits are shortened once a request is under way;
 * nothing sleeps.
 */
#include "lib/backend/wg_backend.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/backend/tests/drive.h"
#include "lib/backend/tests/fake_uapi.h"
#include "lib/backend/tests/tempdir.h"
#include "lib/backend/wg_backend_priv.h"
#include "lib/backend/wg_keys.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define A "4100010000000000000000000000000000000000000000000000000000000001"

static struct wg_key key_a;

static struct wg_backend *open_fake(void)
{
	struct wg_backend *be = NULL;

	assert_int_equal(wg_backend_open_userspace("wgf0", dir, &be), 0);
	assert_int_equal(wg_backend_kind(be), WG_BACKEND_USERSPACE);
	assert_int_equal(wg_backend_timeout(be), -1);
	assert_int_equal(wg_backend_events(be), 0);
	return be;
}

static void count(const struct wg_event *ev, void *arg)
{
	unsigned *n = arg;

	n[ev->kind]++;
}

static void test_open(void **state)
{
	struct wg_backend *be = NULL;
	char long_dir[200];
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int waiting[8], n = 0, r = 0, fd;

	assert_int_equal(wg_backend_open_userspace("wgf0", dir, &be), -ENOENT);
	snprintf(long_dir, sizeof(long_dir), "%0199d", 0);
	assert_int_equal(wg_backend_open_userspace("wgf0", long_dir, &be),
			 -ENAMETOOLONG);
	/* What kill -9 leaves: a socket file that nobody listens on. */
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/wgf0.sock", dir);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(wg_backend_open_userspace("wgf0", dir, &be),
			 -ECONNREFUSED);
	if (geteuid() == 0) { /* somebody else's is not spoken to */
		assert_false(seteuid(65533) || listen(fd, 0) || seteuid(0));
		assert_int_equal(wg_backend_open_userspace("wgf0", dir, &be),
				 -EPERM);
	}
	/* It listens and does not accept, and others wait already. */
	assert_int_equal(listen(fd, 0), 0);
	while (n < 8 && r == 0) {
		waiting[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		r = connect(waiting[n++], (struct sockaddr *)&un, sizeof(un));
	}
	assert_int_equal(r, -1);
	assert_int_equal(wg_backend_open_userspace("wgf0", dir, &be), -EAGAIN);
	while (n)
		close(waiting[--n]);
	close(fd);
	unlink(un.sun_path);
	assert_null(be);
	wg_backend_close(&be);
}

/* One connection for everything, the probe once, requests as encoded. */
static void test_requests(void **state)
{
	struct wg_op add = op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8");
	struct wg_op remove = op_prefix(WG_OP_REMOVE, &key_a, "10.0.0.0/8");

	for (int flag = 0; flag < 2; flag++) {
		struct fake_uapi *f = fake_uapi_start(dir, "wgf0", flag, NULL,
						      0);
		struct wg_backend *be = open_fake();
		unsigned n[8] = { 0 };
		char *log;

		assert_false(wg_backend_can_remove(be));
		assert_int_equal(wg_backend_read(be), 0);
		assert_int_equal(wg_backend_read(be), -EBUSY);
		assert_int_equal(wg_backend_apply(be, &add, 1), -EBUSY);
		assert_true(wg_backend_timeout(be) > 0);
		assert_int_equal(drive(be, count, n), 0);
		assert_int_equal(n[WG_EV_DEVICE], 1);
		assert_int_equal(n[WG_EV_END], 1);
		assert_int_equal(wg_backend_can_remove(be), flag);
		assert_int_equal(drive_apply(be, &add, 1), 0);
		assert_int_equal(drive_apply(be, &remove, 1), 0);
		assert_int_equal(drive_apply(be, NULL, 0), 0);
		assert_int_equal(wg_backend_timeout(be), -1);
		/* After the refused probe a new connection is made. */
		assert_int_equal(fake_uapi_connections(f), 2);
		wg_backend_close(&be);
		assert_null(be);
		log = fake_uapi_stop(f);
		if (flag)
			assert_string_equal(
				log, "get=1\n\n"
				     "set=1\npublic_key=" A "\n"
				     "allowed_ip=10.0.0.0/8\n\n"
				     "set=1\npublic_key=" A "\n"
				     "update_only=true\n"
				     "allowed_ip=-10.0.0.0/8\n\n");
		else
			assert_non_null(strstr(log, "remove=true\n\n"));
		free(log);
	}
}

/* An apply may be the first request, and may have no ops. */
static void test_apply_first(void **state)
{
	struct wg_op remove = op_prefix(WG_OP_REMOVE, &key_a, "10.0.0.0/8");

	for (size_t n = 0; n < 2; n++) {
		struct fake_uapi *f = fake_uapi_start(dir, "wgf0", true, NULL,
						      0);
		struct wg_backend *be = open_fake();
		char *log;

		assert_int_equal(drive_apply(be, &remove, n), 0);
		assert_true(wg_backend_can_remove(be));
		wg_backend_close(&be);
		log = fake_uapi_stop(f);
		/* Encoded before the probe was answered. */
		assert_int_equal(strstr(log, "remove=true\n\n") != NULL, n);
		free(log);
	}
}

/* Bad answers: the error, and the next request works again. */
static void test_lies(void **state)
{
	static const struct {
		const char *name;
		bool get;
		struct fake_step step;
		int want;
	} table[] = {
		{ "set closed", false, { FAKE_CLOSE, NULL, 0 }, -EPIPE },
		{ "get closed", true, { FAKE_CLOSE, NULL, 0 }, -EPIPE },
		{ "set cut", false, { FAKE_CLOSE, "errno=0\n", 0 }, -EPROTO },
		{ "set cut in a word", false, { FAKE_CLOSE, "err", 0 },
		  -EPROTO },
		{ "get cut", true, { FAKE_CLOSE, "listen_port=1\npubl", 0 },
		  -EPROTO },
		{ "get cut behind a peer", true,
		  { FAKE_CLOSE, "public_key=" A "\n", 0 }, -EPROTO },
		{ "set refused", false, { FAKE_REPLY, "errno=-22\n\n", 0 },
		  -EINVAL },
		{ "get refused", true, { FAKE_REPLY, "errno=1\n\n", 0 },
		  -EPERM },
		{ "refused with EPROTO", true,
		  { FAKE_REPLY, "errno=-71\n\n", 0 }, -EPROTO },
		{ "set answered with a device", false,
		  { FAKE_REPLY, "listen_port=1\nerrno=0\n\n", 0 }, -EPROTO },
		{ "two replies", false,
		  { FAKE_REPLY, "errno=0\n\nerrno=0\n\n", 0 }, -EPROTO },
		{ "noise", true, { FAKE_REPLY, "\xff\xfe\n\n\n", 0 }, -EPROTO },
		{ "an endless line", true,
		  { FAKE_REPLY, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    7 }, -EPROTO },
		{ "bad prefix", true,
		  { FAKE_REPLY, "public_key=" A "\nallowed_ip=x\n", 0 },
		  -EPROTO },
	};
	struct wg_op add = op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8");

	for (size_t i = 0; i < N(table); i++) {
		/* A good one first, lest it all be about the first. */
		struct fake_step steps[] = {
			{ FAKE_REPLY, "errno=0\n\n", 0 },
			table[i].step,
		};
		struct fake_uapi *f = fake_uapi_start(dir, "wgf0", true, steps,
						      2);
		struct wg_backend *be = open_fake();
		int r;

		assert_int_equal(drive_apply(be, &add, 1), 0);
		r = table[i].get ? wg_backend_read(be)
				 : wg_backend_apply(be, &add, 1);
		assert_int_equal(r, 0);
		r = drive(be, NULL, NULL);
		if (r != table[i].want)
			fail_msg("%s: %d: %s", table[i].name, r,
				 wg_backend_error(be));
		assert_non_null(strstr(wg_backend_error(be), "wgf0"));
		assert_int_equal(wg_backend_timeout(be), -1);
		assert_int_equal(wg_backend_events(be), 0);
		assert_int_equal(wg_backend_read(be), 0);
		assert_int_equal(drive(be, NULL, NULL), 0);
		assert_string_equal(wg_backend_error(be), "");
		wg_backend_close(&be);
		free(fake_uapi_stop(f));
	}
}

/* Byte by byte is slow, not wrong. */
static void test_drip(void **state)
{
	static const struct fake_step steps[] = {
		{ FAKE_REPLY, "listen_port=7\npublic_key=" A "\n"
			      "allowed_ip=10.0.0.0/8\nerrno=0\n\n", 1 },
		{ FAKE_REPLY, "errno=0\n\n", 1 },
	};
	struct wg_op add = op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8");
	struct fake_uapi *f = fake_uapi_start(dir, "wgf0", true, steps, 2);
	struct wg_backend *be = open_fake();
	unsigned n[8] = { 0 };

	assert_int_equal(wg_backend_read(be), 0);
	assert_int_equal(drive(be, count, n), 0);
	assert_int_equal(n[WG_EV_DEVICE], 1);
	assert_int_equal(n[WG_EV_PEER], 1);
	assert_int_equal(n[WG_EV_PREFIX], 1);
	assert_int_equal(drive_apply(be, &add, 1), 0);
	wg_backend_close(&be);
	free(fake_uapi_stop(f));
}

/* A program that stops answering, at each place, costs its time limit. */
static void test_stalls(void **state)
{
	static const struct fake_step table[] = {
		{ FAKE_STALL, NULL, 0 }, /* does not even read */
		{ FAKE_MUTE, NULL, 0 },
	};
	static const struct fake_step begun[] = {
		{ FAKE_REPLY, "errno=0\n", 0 },
		{ FAKE_REPLY, "public_key=" A "\n", 0 },
	};
	struct wg_op add = op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8");

	for (int i = 0; i < 6; i++) {
		bool get = i & 1;
		const struct fake_step *step = i < 4 ? &table[i / 2]
						     : &begun[i & 1];
		struct fake_uapi *f = fake_uapi_start(dir, "wgf0", true, step,
						      1);
		struct wg_backend *be = open_fake();
		int left, limit = WG_BACKEND_APPLY_MS;

		if (i >= 2 && get)
			limit = WG_BACKEND_READ_MS;
		assert_int_equal(get ? wg_backend_read(be)
				     : wg_backend_apply(be, &add, 1), 0);
		left = wg_backend_timeout(be);
		assert_true(left > 0 && left <= limit);
		if (i >= 2) {
			/* Past the probes. */
			struct wg_event ev;
			struct pollfd p;

			while (!wg_backend_can_remove(be)) {
				p.fd = wg_backend_fd(be);
				p.events = wg_backend_events(be);
				assert_int_equal(poll(&p, 1, 5000), 1);
				assert_int_equal(wg_backend_next(be, &ev), 0);
			}
		}
		left = wg_backend_timeout(be);
		assert_true(left > limit - 2000 && left <= limit);
		wg_backend_allow(be, 150);
		if (i < 4 || !get) {
			assert_int_equal(drive(be, NULL, NULL), -ETIMEDOUT);
			assert_non_null(strstr(wg_backend_error(be),
					       "does not answer"));
		} else {
			/* What comes in gives it its time again. */
			struct wg_event ev;
			struct pollfd p = { .fd = wg_backend_fd(be),
					    .events = POLLIN };

			assert_int_equal(poll(&p, 1, 5000), 1);
			assert_int_equal(wg_backend_next(be, &ev), 1);
			assert_int_equal(ev.kind, WG_EV_DEVICE);
			assert_int_equal(wg_backend_next(be, &ev), 0);
			assert_true(wg_backend_timeout(be) > 5000);
			wg_backend_allow(be, 0);
			assert_int_equal(drive(be, NULL, NULL), -ETIMEDOUT);
		}
		assert_int_equal(wg_backend_timeout(be), -1);
		wg_backend_close(&be);
		free(fake_uapi_stop(f));
	}
}

static struct wg_op *many(size_t n, const struct wg_key *key)
{
	struct wg_op *ops = calloc(n, sizeof(*ops));

	assert_non_null(ops);
	for (size_t i = 0; i < n; i++) {
		ops[i] = op_prefix(WG_OP_ADD, key, "10.0.0.0/32");
		ops[i].prefix.b[1] = i >> 16;
		ops[i].prefix.b[2] = i >> 8;
		ops[i].prefix.b[3] = i;
	}
	return ops;
}

/* More than the socket's buffer holds, to a program that does not read. */
static void test_stalled_reader(void **state)
{
	static const struct fake_step steps[] = {
		{ FAKE_REPLY, "errno=0\n\n", 0 },
		{ FAKE_STALL, NULL, 0 },
	};
	struct wg_op *ops = many(40000, &key_a);
	struct fake_uapi *f = fake_uapi_start(dir, "wgf0", true, steps, 2);
	struct wg_backend *be = open_fake();
	char *log;

	assert_int_equal(drive_apply(be, ops, 1), 0);
	assert_int_equal(wg_backend_apply(be, ops, 40000), 0);
	assert_true(wg_backend_events(be) & POLLOUT);
	wg_backend_allow(be, 150);
	assert_int_equal(drive(be, NULL, NULL), -ETIMEDOUT);
	assert_non_null(strstr(wg_backend_error(be), "does not read"));
	wg_backend_close(&be);
	free(fake_uapi_stop(f));

	/* The same to one that does, in several requests. */
	f = fake_uapi_start(dir, "wgf0", true, NULL, 0);
	be = open_fake();
	assert_int_equal(drive_apply(be, ops, 40000), 0);
	wg_backend_close(&be);
	log = fake_uapi_stop(f);
	size_t n_ops = 0, n_requests = 0;

	for (char *at = log; *at; at = strchr(at, '\n') + 1) {
		n_ops += strncmp(at, "allowed_ip=", 11) == 0;
		n_requests += strncmp(at, "set=1\n", 6) == 0;
	}
	assert_int_equal(n_ops, 40000);
	assert_in_range(n_requests, 2, 10);
	free(log);
	free(ops);
}

/*
 * It refuses a long request while we still send: the errno is what counts,
 * not the broken pipe.  And a good reply before the end is a lie.
 */
static void test_early_reply(void **state)
{
	static const char *const replies[] = { "errno=-22\n\n",
					       "errno=0\n\n" };
	static const int want[] = { -EINVAL, -EPROTO };
	struct wg_op *ops = many(40000, &key_a);

	for (int i = 0; i < 2; i++) {
		struct fake_step steps[] = {
			{ FAKE_REPLY, "errno=0\n\n", 0 },
			{ FAKE_EARLY, replies[i], 0 },
		};
		struct fake_uapi *f = fake_uapi_start(dir, "wgf0", true, steps,
						      2);
		struct wg_backend *be = open_fake();

		assert_int_equal(drive_apply(be, ops, 1), 0);
		assert_int_equal(drive_apply(be, ops, 40000), want[i]);
		wg_backend_close(&be);
		free(fake_uapi_stop(f));
	}
	free(ops);
}

/* It speaks while nothing was asked: what comes is no answer to the next. */
static void test_chatter(void **state)
{
	static const struct fake_step steps[] = {
		{ FAKE_REPLY, "errno=0\n\n", 0 },
		{ FAKE_CHATTER, "errno=0\n\n", 0 },
	};
	struct wg_op add = op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8");
	struct fake_uapi *f = fake_uapi_start(dir, "wgf0", true, steps, 2);
	struct wg_backend *be = open_fake();
	struct pollfd p = { .events = POLLIN };
	int r;

	/* Fast chatter comes in with the answer to the first. */
	r = drive_apply(be, &add, 1);
	if (r == 0) {
		p.fd = wg_backend_fd(be);
		assert_int_equal(poll(&p, 1, 5000), 1);
		r = drive_apply(be, &add, 1);
	}
	assert_int_equal(r, -EPROTO);
	assert_int_equal(wg_backend_read(be), 0);
	assert_int_equal(drive(be, NULL, NULL), 0);
	wg_backend_close(&be);
	free(fake_uapi_stop(f));
}

/* A program that closes after each reply: same process, nothing is lost. */
static void test_closing_habit(void **state)
{
	static const struct fake_step steps[] = {
		{ FAKE_CLOSE, "errno=0\n\n", 0 },
		{ FAKE_CLOSE, "errno=0\n\n", 0 },
		{ FAKE_CLOSE, "errno=0\n\n", 0 },
	};
	struct wg_op add = op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8");
	struct fake_uapi *f = fake_uapi_start(dir, "wgf0", true, steps, 3);
	struct wg_backend *be = open_fake();
	struct pollfd p = { .events = POLLRDHUP };

	for (int i = 0; i < 3; i++) {
		assert_int_equal(drive_apply(be, &add, 1), 0);
		p.fd = wg_backend_fd(be);
		assert_int_equal(poll(&p, 1, 5000), 1);
	}
	/* The first one was for the probes. */
	assert_int_equal(fake_uapi_connections(f), 4);
	wg_backend_close(&be);
	free(fake_uapi_stop(f));
}

/*
 * Another process took the socket over: an apply was meant for the device
 * that is gone, a read looks at the new one.
 */
static void test_other_process(void **state)
{
	struct wg_op add = op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8");

	for (int get = 0; get < 2; get++) {
		struct fake_uapi *f = fake_uapi_start(dir, "wgf0", true, NULL,
						      0);
		struct wg_backend *be = open_fake();
		int ready[2], quit[2], status;
		pid_t child;
		char c;

		assert_int_equal(drive_apply(be, &add, 1), 0);
		free(fake_uapi_stop(f));
		if (!get) {
			/* Nobody is there at all. */
			assert_int_equal(wg_backend_apply(be, &add, 1), 0);
			assert_int_equal(wg_backend_timeout(be), 0);
			assert_int_equal(drive(be, NULL, NULL), -ENOENT);
		}
		assert_int_equal(pipe(ready), 0);
		assert_int_equal(pipe(quit), 0);
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			close(quit[1]);
			f = fake_uapi_start(dir, "wgf0", true, NULL, 0);
			_exit(f && write(ready[1], "", 1) == 1 &&
			      read(quit[0], &c, 1) == 0 ? 0 : 1);
		}
		assert_int_equal(read(ready[0], &c, 1), 1);
		if (get) {
			assert_int_equal(wg_backend_read(be), 0);
			assert_int_equal(drive(be, NULL, NULL), 0);
		} else {
			assert_int_equal(drive_apply(be, &add, 1), -EPIPE);
			assert_non_null(strstr(wg_backend_error(be),
					       "another program"));
			assert_int_equal(wg_backend_read(be), 0);
			assert_int_equal(drive(be, NULL, NULL), 0);
		}
		assert_int_equal(drive_apply(be, &add, 1), 0);
		close(quit[0]);
		close(quit[1]);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		close(ready[0]);
		close(ready[1]);
		wg_backend_close(&be);
	}
}

/* A secret that cannot be read: nothing is sent, the reason names the file. */
static void test_secrets(void **state)
{
	char good[96], bad[96], text[WG_KEY_STRLEN];
	struct wg_peer_conf peer = { .psk_file = bad };
	struct wg_dev_conf dev = { .private_key_file = bad };
	struct wg_op ops[] = { op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8"),
			       op_peer(&key_a, &peer) };
	struct wg_op device = op_device(&dev);
	struct fake_uapi *f = fake_uapi_start(dir, "wgf0", true, NULL, 0);
	struct wg_backend *be = open_fake();
	struct wg_key secret;
	char *log;

	snprintf(bad, sizeof(bad), "%s/bad", dir);
	snprintf(good, sizeof(good), "%s/good", dir);
	assert_int_equal(wg_backend_apply(be, ops, 2), -ENOENT);
	assert_non_null(strstr(wg_backend_error(be), bad));
	assert_non_null(strstr(wg_backend_error(be),
			       wg_key_str(&key_a, text)));
	assert_int_equal(wg_backend_apply(be, &device, 1), -ENOENT);
	assert_non_null(strstr(wg_backend_error(be), "private key"));
	assert_int_equal(wg_backend_timeout(be), -1);

	assert_int_equal(wg_key_generate(good, true, NULL, 0), 0);
	peer.psk_file = dev.private_key_file = good;
	assert_int_equal(drive_apply(be, ops, 2), 0);
	assert_int_equal(drive_apply(be, &device, 1), 0);
	assert_int_equal(chmod(good, 0644), 0);
	assert_int_equal(wg_backend_apply(be, &device, 1), -EPERM);
	wg_backend_close(&be);
	log = fake_uapi_stop(f);
	assert_int_equal(chmod(good, 0600), 0);
	assert_int_equal(wg_key_load(good, &secret, NULL, 0), 0);
	char hex[65];

	for (int i = 0; i < WG_KEY_LEN; i++)
		sprintf(hex + 2 * i, "%02x", secret.b[i]);
	assert_non_null(strstr(log, hex));
	assert_null(strstr(log, "errno"));
	free(log);
	unlink(good);
}

/* Close in the middle of everything. */
static void test_close_busy(void **state)
{
	struct wg_op *ops = many(40000, &key_a);

	for (int i = 0; i < 2; i++) {
		struct fake_uapi *f = fake_uapi_start(dir, "wgf0", true, NULL,
						      0);
		struct wg_backend *be = open_fake();

		assert_int_equal(i ? wg_backend_read(be)
				   : wg_backend_apply(be, ops, 40000), 0);
		wg_backend_close(&be);
		free(fake_uapi_stop(f));
	}
	free(ops);
}

static int setup(void **state)
{
	key_a = a_key(1);
	signal(SIGPIPE, SIG_DFL); /* a write to a dead socket must not kill */
	return tempdir_make() || wg_keys_init();
}

static int teardown(void **state)
{
	return tempdir_remove();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_apply_first),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_drip),
		cmocka_unit_test(test_stalls),
		cmocka_unit_test(test_stalled_reader),
		cmocka_unit_test(test_early_reply),
		cmocka_unit_test(test_chatter),
		cmocka_unit_test(test_closing_habit),
		cmocka_unit_test(test_other_process),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_close_busy),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
