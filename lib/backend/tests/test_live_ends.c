/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same promises (wg_backend.h), kept by real devices: wireguard-go, and
 * the kernel where it has WireGuard: what ends, hangs, or
 * changes meanwhile.
 */
#include "lib/backend/tests/live_world.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/backend/wg_backend_priv.h"
#include "lib/backend/wg_link.h"

/* Opening, with its probes, leaves no trace. */
static void test_open_again(void **state)
{
	struct world *w = *state;
	struct wg_backend *other = NULL;
	bool can = wg_backend_can_remove(w->be);

	read_now(w);
	can |= wg_backend_can_remove(w->be);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(w->kind == WG_BACKEND_KERNEL
					 ? wg_backend_open_kernel(IFNAME,
								  &other)
					 : wg_backend_open_userspace(
						   IFNAME, NULL, &other),
				 0);
		live_forget(&w->pic);
		assert_int_equal(live_read(other, &w->pic), 0);
		assert_int_equal(w->pic.n_peers, 0);
		assert_int_equal(wg_backend_can_remove(other), can);
		wg_backend_close(&other);
	}
	print_message("%s\n", can ? "removes by its own flag"
				  : "removes by a throw-away peer");
	assert_int_equal(wg_backend_open_kernel("absent0", &other), -ENODEV);
	assert_int_equal(wg_backend_open_userspace("absent0", NULL, &other),
			 -ENOENT);
}

static void test_gone(void **state)
{
	struct world *w = *state;
	struct wg_op add = op_prefix(WG_OP_ADD, &key[0], "10.0.0.0/8");
	struct wg_link link;

	assert_applied(w, add);
	assert_int_equal(wg_link_get(IFNAME, &link), 0);
	if (w->kind == WG_BACKEND_KERNEL) {
		assert_int_equal(wg_link_delete(link.ifindex), 0);
		assert_int_equal(drive_apply(w->be, &add, 1), -ENODEV);
		assert_int_equal(live_read(w->be, &w->pic), -ENODEV);
		assert_non_null(strstr(wg_backend_error(w->be), IFNAME));
		/* Another device of the same name is not ours. */
		assert_null(live_kernel(IFNAME));
		assert_int_equal(drive_apply(w->be, &add, 1), -ENODEV);
	} else {
		live_signal(SIGKILL);
		assert_int_equal(drive_apply(w->be, &add, 1), -ECONNREFUSED);
		/* The next one is empty, and an apply must not fill it. */
		assert_null(live_userspace("wireguard-go", IFNAME));
		assert_int_equal(drive_apply(w->be, &add, 1), -EPIPE);
		read_now(w);
		assert_int_equal(w->pic.n_peers, 0);
		assert_int_equal(drive_apply(w->be, &add, 1), 0);
	}
}

/* A stopped program costs the time limit and nothing else. */
static void test_stopped(void **state)
{
	struct world *w = *state;
	struct wg_op add = op_prefix(WG_OP_ADD, &key[0], "10.0.0.0/8");
	struct wg_backend *other = NULL;

	read_now(w);
	live_signal(SIGSTOP);
	assert_int_equal(wg_backend_apply(w->be, &add, 1), 0);
	wg_backend_allow(w->be, 100);
	assert_int_equal(drive(w->be, NULL, NULL), -ETIMEDOUT);
	assert_int_equal(wg_backend_open_userspace(IFNAME, NULL, &other), 0);
	assert_int_equal(wg_backend_read(other), 0);
	wg_backend_allow(other, 100);
	assert_int_equal(drive(other, NULL, NULL), -ETIMEDOUT);
	live_signal(SIGCONT);
	read_now(w);
	assert_int_equal(drive_apply(w->be, &add, 1), 0);
	wg_backend_close(&other);
}

/* Up to the first prefix of a dump that is longer than a datagram. */
static void begin_long_read(struct world *w)
{
	enum { MANY = 30000 };
	struct wg_op *ops = calloc(MANY, sizeof(*ops));
	struct wg_event ev = { 0 };
	struct pollfd p;

	assert_non_null(ops);
	for (unsigned i = 0; i < MANY; i++) {
		ops[i] = op_prefix(WG_OP_ADD, &key[i * 4 / MANY],
				   "10.0.0.0/32");
		ops[i].prefix.b[2] = i >> 8;
		ops[i].prefix.b[3] = i;
	}
	assert_int_equal(drive_apply(w->be, ops, MANY), 0);
	free(ops);
	assert_int_equal(wg_backend_read(w->be), 0);
	while (ev.kind != WG_EV_PREFIX) {
		p.fd = wg_backend_fd(w->be);
		p.events = wg_backend_events(w->be);
		assert_int_equal(poll(&p, 1, wg_backend_timeout(w->be)), 1);
		assert_true(wg_backend_next(w->be, &ev) >= 0);
	}
}

static void count_kinds(const struct wg_event *ev, void *arg)
{
	size_t *n = arg;

	if (ev->kind == WG_EV_AGAIN)
		memset(n, 0, WG_EV_AGAIN * sizeof(*n));
	n[ev->kind]++;
}

/* The device changes within a dump: the read says so and starts anew. */
static void test_torn(void **state)
{
	struct world *w = *state;
	struct wg_op change[] = {
		op_prefix(WG_OP_ADD, &key[7], "192.168.0.0/16"),
		op_peer_remove(&key[0]),
	};
	struct wg_backend *other = NULL;
	size_t n[8] = { 0 };

	assert_int_equal(wg_backend_open_kernel(IFNAME, &other), 0);
	begin_long_read(w);
	assert_int_equal(drive_apply(other, change, N(change)), 0);
	assert_int_equal(drive(w->be, count_kinds, n), 0);
	assert_true(n[WG_EV_AGAIN] >= 1);
	assert_int_equal(n[WG_EV_DEVICE], 1);
	assert_int_equal(n[WG_EV_PEER], 4);
	assert_int_equal(n[WG_EV_PREFIX], 30000 * 3 / 4 + 1);
	assert_int_equal(n[WG_EV_END], 1);
	wg_backend_close(&other);
}

/* Somebody makes and removes a peer all the time: its end is a signal. */
static pid_t change_all_the_time(void)
{
	struct wg_backend *be = NULL;
	struct wg_op ops[11];
	pid_t pid = fork();

	if (pid)
		return pid;
	for (unsigned i = 0; i < 10; i++) {
		ops[i] = op_prefix(WG_OP_ADD, &key[7], "192.168.0.0/24");
		ops[i].prefix.b[2] = i;
	}
	ops[10] = op_peer_remove(&key[7]);
	if (wg_backend_open_kernel(IFNAME, &be) == 0)
		while (drive_apply(be, ops, 10) == 0 &&
		       drive_apply(be, &ops[10], 1) == 0)
			;
	_exit(1);
}

/*
 * What a read ends with is of one moment: the peer that comes and goes is
 * there with all its prefixes or not at all, the others are always complete.
 */
static void test_changing(void **state)
{
	struct world *w = *state;
	unsigned good = 0, agains = 0, given_up = 0;
	struct live_peer *p;
	pid_t pid;
	int r;

	begin_long_read(w);
	assert_int_equal(drive(w->be, NULL, NULL), 0);
	pid = change_all_the_time();
	assert_true(pid > 0);
	for (unsigned i = 0; i < 60; i++) {
		live_forget(&w->pic);
		r = live_read(w->be, &w->pic);
		agains += w->pic.agains;
		if (r == -EAGAIN) {
			given_up++;
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(w->pic.ends, 1);
		good++;
		p = live_find(&w->pic, &key[7]);
		assert_true(!p || p->n == 10);
		assert_int_equal(live_prefixes(&w->pic), p ? 30010 : 30000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	print_message("%u reads, %u given up, %u times anew\n", good, given_up,
		      agains);
	read_now(w);
}

/* A port that somebody else has costs the device nothing but that port. */
static void test_port_in_use(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(4713) };
	struct wg_dev_conf conf = { .private_key_file = private_file };
	struct wg_op port = op_port(4713);
	struct world *w = *state;
	struct wg_link link;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (void *)&sin, sizeof(sin)), 0);
	assert_int_equal(wg_link_get(IFNAME, &link), 0);
	assert_int_equal(wg_link_setup(link.ifindex, 0, true), 0);
	assert_applied(w, op_device(&conf),
		       op_prefix(WG_OP_ADD, &key[0], "10.0.0.0/8"));
	assert_int_equal(drive_apply(w->be, &port, 1), -EADDRINUSE);
	read_now(w);
	assert_true(w->pic.device.listen_port);
	assert_int_not_equal(w->pic.device.listen_port, 4713);
	assert_true(wg_key_same(&w->pic.device.key, &own));
	assert_true(live_has(&w->pic, &key[0], "10.0.0.0/8"));
	close(fd);
	assert_int_equal(drive_apply(w->be, &port, 1), 0);
	read_now(w);
	assert_int_equal(w->pic.device.listen_port, 4713);
}

/*
 * A read that is not finished holds the device, and deleting its link waits
 * for that; closing the backend lets go.
 */
static void test_close_reading(void **state)
{
	struct world *w = *state;
	struct wg_link link;

	begin_long_read(w);
	wg_backend_close(&w->be);
	assert_int_equal(wg_link_get(IFNAME, &link), 0);
	assert_int_equal(wg_link_delete(link.ifindex), 0);
	assert_int_equal(wg_link_get(IFNAME, &link), -ENODEV);
}

CASE(open_again)
CASE(gone)
CASE(stopped)
CASE(torn)
CASE(changing)
CASE(port_in_use)
CASE(close_reading)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		USERSPACE(open_again) USERSPACE(gone) USERSPACE(stopped)
		KERNEL(open_again) KERNEL(gone) KERNEL(torn) KERNEL(changing)
		KERNEL(port_in_use) KERNEL(close_reading)
	};

	return cmocka_run_group_tests(tests, live_setup, live_teardown);
}
