/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel backend when the kernel's answers are torn, late, lost or
 * nonsense (fake_netlink.h).  Whatever happens: a read that ends well is of
 * one moment and complete, one that does not ends in an error, and the next
 * request works.
 */
#include "lib/backend/tests/fake_netlink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/backend/tests/drive.h"
#include "lib/backend/wg_backend_priv.h"
#include "lib/backend/wg_keys.h"

/* A read, as far as it came. */
struct seen {
	unsigned agains, devices, ends;
	unsigned peers, prefixes; /* since the last AGAIN */
	unsigned of_peer[FN_PEERS];
	uint8_t generation;
	unsigned peer; /* the last one */
};

static void see(const struct wg_event *ev, void *arg)
{
	struct seen *s = arg;
	unsigned n;

	switch (ev->kind) {
	case WG_EV_AGAIN:
		*s = (struct seen){ .agains = s->agains + 1 };
		break;
	case WG_EV_DEVICE:
		s->devices++;
		s->generation = ev->fwmark;
		break;
	case WG_EV_PEER:
		s->peers++;
		s->peer = ev->key.b[2];
		assert_in_range(s->peer, 0, FN_PEERS - 1);
		/* The first message of a peer tells what the peer is. */
		assert_int_equal(ev->rx_bytes, s->peer * FN_PREFIXES + 1);
		break;
	case WG_EV_PREFIX:
		n = s->prefixes++;
		s->of_peer[s->peer]++;
		assert_int_equal(ev->prefix.b[1], s->generation);
		assert_int_equal(ev->prefix.b[2], s->peer);
		assert_int_equal(ev->prefix.b[3], n);
		break;
	case WG_EV_END:
		s->ends++;
		break;
	case WG_EV_APPLIED:
		fail();
	}
}

static int read_now(struct wg_backend *be, struct seen *ret)
{
	*ret = (struct seen){ 0 };
	assert_int_equal(wg_backend_read(be), 0);
	return drive(be, see, ret);
}

static void assert_whole(const struct seen *s, unsigned agains)
{
	assert_int_equal(s->agains, agains);
	assert_int_equal(s->devices, 1);
	assert_int_equal(s->ends, 1);
	assert_int_equal(s->peers, FN_PEERS);
	assert_int_equal(s->prefixes, FN_PEERS * FN_PREFIXES);
	for (unsigned i = 0; i < FN_PEERS; i++)
		assert_int_equal(s->of_peer[i], FN_PREFIXES);
	assert_int_equal(s->generation, fn.generation);
}

static void assert_reads(struct wg_backend *be)
{
	struct seen s;

	assert_int_equal(read_now(be, &s), 0);
	assert_whole(&s, 0);
}

static void test_open(void **state)
{
	struct wg_backend *be = NULL;

	for (int can = 0; can < 2; can++) {
		fn = (struct fake_netlink){ .can_remove = can };
		assert_int_equal(wg_backend_open_kernel(FN_IFNAME, &be), 0);
		assert_int_equal(wg_backend_can_remove(be), can);
		wg_backend_close(&be);
		assert_int_equal(fn.opened, fn.closed);
	}
}

/* A peer that is split over messages is told once, with all it has. */
static void test_split(void **state)
{
	assert_reads(*state);
}

/* Torn at every message: the whole is read again. */
static void test_torn(void **state)
{
	struct wg_backend *be = *state;
	struct seen s;

	for (unsigned i = 0; i < FN_MESSAGES; i++)
		for (int done = 0; done < 2; done++)
			for (unsigned times = 1; times <= 10; times += 3) {
				fn.fault = done ? FN_TORN_DONE : FN_TORN;
				fn.at = i;
				fn.times = times;
				assert_int_equal(read_now(be, &s), 0);
				assert_whole(&s, times);
			}
}

/* Torn for ever: an end, and an error that says why. */
static void test_torn_for_ever(void **state)
{
	struct wg_backend *be = *state;
	struct seen s;

	fn.fault = FN_TORN;
	fn.at = 2;
	fn.times = 1000;
	assert_int_equal(read_now(be, &s), -EAGAIN);
	assert_int_equal(s.ends, 0);
	assert_in_range(fn.dumps, 2, 20);
	assert_non_null(strstr(wg_backend_error(be), "changes all the time"));
	fn.times = 3;
	assert_int_equal(read_now(be, &s), 0);
	assert_whole(&s, 3);
}

/*
 * The socket's buffer ran over: what was lost nobody knows.  The rest of that
 * dump must not be taken for the next one's.
 */
static void test_lost(void **state)
{
	struct wg_backend *be = *state;
	struct seen s;

	assert_reads(be);
	for (unsigned i = 0; i < FN_MESSAGES; i++) {
		unsigned opened = fn.opened;

		fn.fault = FN_NOBUFS;
		fn.at = i;
		fn.times = 1;
		assert_int_equal(read_now(be, &s), -ENOBUFS);
		assert_int_equal(s.ends, 0);
		assert_non_null(strstr(wg_backend_error(be), "receive"));
		assert_int_equal(wg_backend_timeout(be), -1);
		assert_reads(be);
		assert_int_equal(fn.opened, opened + 1);
	}
}

static void test_silent(void **state)
{
	struct wg_backend *be = *state;
	struct wg_event ev;
	int r;

	for (unsigned i = 0; i < FN_MESSAGES; i++) {
		fn.fault = FN_SILENT;
		fn.at = i;
		fn.times = 1;
		assert_int_equal(wg_backend_read(be), 0);
		for (unsigned n = 0; n < i; n++) /* each renews the time */
			while (wg_backend_next(be, &ev) > 0)
				;
		while ((r = wg_backend_next(be, &ev)) > 0)
			;
		assert_int_equal(r, 0);
		assert_in_range(wg_backend_timeout(be), 1, WG_BACKEND_READ_MS);
		wg_backend_allow(be, 0);
		assert_int_equal(wg_backend_next(be, &ev), -ETIMEDOUT);
		assert_reads(be);
	}
}

/* A signal, and answers to questions that nobody asked, change nothing. */
static void test_passed_over(void **state)
{
	struct wg_backend *be = *state;

	for (unsigned i = 0; i < FN_MESSAGES; i++) {
		fn.at = i;
		fn.fault = FN_EINTR;
		fn.times = 1;
		assert_reads(be);
		fn.fault = FN_STRANGE;
		fn.times = 1;
		assert_reads(be);
	}
}

static void test_cut_short(void **state)
{
	struct wg_backend *be = *state;
	struct seen s;

	for (unsigned i = 0; i < FN_MESSAGES; i++) {
		fn.fault = FN_CUT_SHORT;
		fn.at = i;
		fn.times = 1;
		assert_int_equal(read_now(be, &s), -EPROTO);
		assert_reads(be);
	}
}

/* --- changes: of three messages each is lost, refused, or said late */

static int apply_three(struct wg_backend *be)
{
	enum { N = 6000 }; /* of 28 bytes: three messages */
	struct wg_op *ops = calloc(N, sizeof(*ops));
	struct wg_key key = a_key(1);
	int r;

	assert_non_null(ops);
	for (unsigned i = 0; i < N; i++) {
		ops[i] = op_prefix(WG_OP_ADD, &key, "10.0.0.0/32");
		ops[i].prefix.b[2] = i >> 8;
		ops[i].prefix.b[3] = i;
	}
	fn.sets = 0;
	r = wg_backend_apply(be, ops, N);
	free(ops);
	if (r == 0)
		r = drive(be, NULL, NULL);
	return r;
}

static void test_apply(void **state)
{
	struct wg_backend *be = *state;

	for (unsigned i = 0; i < 3; i++) {
		fn.set_at = i;
		fn.set_error = 0;
		fn.set_fault = FN_NOBUFS;
		assert_int_equal(apply_three(be), -ENOBUFS);
		assert_int_equal(fn.sets, i + 1);
		assert_reads(be);

		fn.set_fault = FN_EINTR;
		assert_int_equal(apply_three(be), 0);
		assert_int_equal(fn.sets, 3);

		/* The messages behind a refused one are not sent. */
		fn.set_fault = FN_NONE;
		fn.set_error = -EINVAL;
		assert_int_equal(apply_three(be), -EINVAL);
		assert_int_equal(fn.sets, i + 1);
		assert_non_null(strstr(wg_backend_error(be), "refused"));
		assert_reads(be);
		fn.set_error = 0;
	}
	assert_int_equal(apply_three(be), 0);
}

static void test_apply_silent(void **state)
{
	struct wg_key key = a_key(1);
	struct wg_op op = op_prefix(WG_OP_ADD, &key, "10.0.0.0/8");
	struct wg_backend *be = *state;
	struct wg_event ev;

	fn.set_fault = FN_SILENT;
	fn.set_at = fn.sets = 0;
	assert_int_equal(wg_backend_apply(be, &op, 1), 0);
	assert_int_equal(wg_backend_next(be, &ev), 0);
	wg_backend_allow(be, 0);
	assert_int_equal(wg_backend_next(be, &ev), -ETIMEDOUT);
	assert_reads(be);
}

static int begin(void **state)
{
	struct wg_backend *be = NULL;

	fn = (struct fake_netlink){ .can_remove = true };
	if (wg_backend_open_kernel(FN_IFNAME, &be) != 0)
		return -1;
	fn.set_at = -1;
	*state = be;
	return 0;
}

static int end(void **state)
{
	struct wg_backend *be = *state;

	wg_backend_close(&be);
	return fn.opened == fn.closed ? 0 : -1;
}

static int setup(void **state)
{
	return wg_keys_init();
}

#define CASE(name)                                                             \
	{ #name, test_##name, begin, end, NULL }

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		CASE(split),
		CASE(torn),
		CASE(torn_for_ever),
		CASE(lost),
		CASE(silent),
		CASE(passed_over),
		CASE(cut_short),
		CASE(apply),
		CASE(apply_silent),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
