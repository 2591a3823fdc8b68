// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a hub's connections make of those that talk nonsense, and of many items
 * at once.  TCP is a pair of sockets here.
 */
#include "frr-wgd/tests/mesh_map.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/mesh/wgd_exchange.h"
#include "frr-wgd/mesh/wgd_tcp.h"
#include "lib/core/wg_frame.h"

#define MEMBERS 20 /* numbers 10 to 29, fe80::10 to fe80::29 */

static struct wgd_mesh_member member[MEMBERS], *members[MEMBERS];
static struct wgd_link device;
static int bell[2]; /* it rings: somebody calls */
static struct {
	int fd;
	struct wg_addr from;
} caller;

/* --- in place of the daemon's */

const struct wg_key *wgd_key_public(struct wgd_if *wif)
{
	static const struct wg_key key = {.b = {1}};

	return &key;
}

int wgd_tcp_listen(const struct wgd_tcp *own)
{
	return dup(bell[0]);
}

int wgd_tcp_accept(int fd, struct wg_addr *ret_from)
{
	char c;

	assert_int_equal(read(fd, &c, 1), 1);
	*ret_from = caller.from;
	return caller.fd;
}

void wgd_tcp_begin(int fd)
{
}

/* Of which member the items are that were verified, one after another. */
static uint32_t verified[1000];

int wg_sign_verify(const uint8_t *item, uint8_t type,
		   const uint8_t pub[WG_KEY_LEN])
{
	verified[mesh_verified++] = wg_item_number(item, WG_ITEM_MEMBER);
	return mesh_is_by(item, pub) ? 0 : -EBADMSG;
}

/* --- the other end */

static const char *address(unsigned i)
{
	static char text[16];

	snprintf(text, sizeof(text), "fe80::%u", 10 + i);
	return text;
}

static int setup(void **state)
{
	struct wg_addr at;
	unsigned i;

	mesh_setup(state);
	assert_int_equal(pipe(bell), 0);
	mesh->is_hub = true;
	mesh->wif->state = WGD_IF_SYNCED;
	mesh->wif->link = &device;
	device.ifindex = 1;
	for (i = 0; i < MEMBERS; i++) {
		member[i] = (struct wgd_mesh_member){
			.number = 10 + i, .serial = 1, .name = "berlin"};
		wg_addr_parse(address(i), &at);
		wgd_mesh_set_linklocal(mesh, &member[i], &at);
		members[i] = &member[i];
	}
	mesh->members = members;
	mesh->n_members = MEMBERS;
	mesh->exchange = wgd_exchange_new(mesh);
	wgd_exchange_look(mesh->exchange);
	return 0;
}

static int teardown(void **state)
{
	wgd_exchange_delete(&mesh->exchange);
	close(bell[0]);
	close(bell[1]);
	mesh->wif->link = NULL;
	return mesh_teardown(state);
}

/* Somebody calls from there; our end of it. */
static int call(const char *from)
{
	int fd[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(wg_addr_parse(from, &caller.from), 0);
	caller.fd = fd[0];
	assert_int_equal(write(bell[1], "!", 1), 1);
	glue_run(2);
	return fd[1];
}

static bool is_closed(int fd)
{
	char b[4096];
	ssize_t n;

	glue_run(2);
	while ((n = read(fd, b, sizeof(b))) > 0)
		;
	return n == 0 || errno == ECONNRESET;
}

static void say(int fd, const struct wg_frame *f)
{
	static uint8_t b[WG_FRAME_MAX];
	size_t len = wg_frame_encode(f, b);

	assert_int_equal(write(fd, b, len), len);
}

static void hello(int fd, uint32_t number)
{
	struct wg_frame f = {
		.kind = WG_FRAME_HELLO,
		.hello = {.version = WG_FRAME_VERSION, .member = number}};

	say(fd, &f);
}

static void send_item(int fd, const struct wg_offer *o)
{
	struct wg_frame f = {.kind = WG_FRAME_ITEM, .item = {o->b, o->len}};

	say(fd, &f);
}

static uint64_t dropped(enum wgd_drop why)
{
	return mesh->drops.n[why];
}

/* --- */

static void test_no_member(void **state)
{
	int fd = call("fe80::99");

	assert_true(is_closed(fd));
	assert_int_equal(dropped(WGD_DROP_NO_MEMBER), 1);
	close(fd);
}

static void test_refused_member(void **state)
{
	int fd;

	member[0].refused = WGD_MESH_OUT_OF_TIME;
	fd = call("fe80::10");
	assert_true(is_closed(fd));
	close(fd);
}

/* Each is cut, counted once, and kept away for a minute. */
static void is_cut(const void *b, size_t len)
{
	uint64_t before = dropped(WGD_DROP_FRAME);
	int fd = call("fe80::10"), again;

	hello(fd, 10);
	assert_false(is_closed(fd));
	assert_int_equal(write(fd, b, len), len);
	assert_true(is_closed(fd));
	assert_int_equal(dropped(WGD_DROP_FRAME), before + 1);
	again = call("fe80::10");
	assert_true(is_closed(again));
	assert_int_equal(dropped(WGD_DROP_FRAME), before + 1);
	close(again);
	close(fd);
	mesh_now_ms += 60000;
}

static void test_nonsense(void **state)
{
	static const uint8_t no_kind[] = {0, 4, 99, 0}, /* by its kind */
		short_[] = {0, 3, 5, 0},		/* by its length */
		oversized[] = {0xff, 0xff, 4, 0},
			     no_item[] = {0,   12, 4, 0, 'W', 'G',
					  'M', 1,  1, 0, 0,   8};

	is_cut(no_kind, sizeof(no_kind));
	is_cut(short_, sizeof(short_));
	is_cut(oversized, sizeof(oversized));
	is_cut(no_item, sizeof(no_item));
}

/* Who speaks for another member than the address belongs to. */
static void test_another_name(void **state)
{
	int fd = call("fe80::10");

	hello(fd, 11);
	assert_true(is_closed(fd));
	assert_int_equal(dropped(WGD_DROP_FRAME), 1);
	close(fd);
}

static void test_a_forger(void **state)
{
	struct mesh_certificate c = {.serial = 1, .key = 3, .signer = 99};
	int fd = call("fe80::10");
	unsigned i;

	hello(fd, 10);
	for (i = 0; i < WG_EXCHANGE_FORGED; i++) {
		c.member = 100 + i;
		send_item(fd, mesh_certificate(&items, c));
		if (i % 50 == 0)
			glue_run(2);
	}
	glue_run(20);
	assert_true(is_closed(fd));
	assert_int_equal(dropped(WGD_DROP_FORGED), WG_EXCHANGE_FORGED);
	assert_int_equal(dropped(WGD_DROP_FRAME), 1);
	assert_int_equal(wg_directory_count(mesh->shared.dir), 0);
	close(fd);
}

/* Of 20 that are connected two send much: each has five, and then the other. */
static void test_signatures_are_shared(void **state)
{
	struct mesh_certificate c = {.serial = 1, .key = 3};
	unsigned i, run = 1, longest = 1;
	int fd[MEMBERS];

	for (i = 0; i < MEMBERS; i++) {
		fd[i] = call(address(i));
		hello(fd[i], 10 + i);
	}
	glue_run(5);
	for (i = 0; i < 80; i++) {
		c.member = (i % 2 ? 100 : 300) + i / 2;
		send_item(fd[i % 2], mesh_certificate(&items, c));
	}
	glue_run(50);
	assert_int_equal(mesh_verified, 80);
	for (i = 1; i < mesh_verified; i++) {
		run = verified[i] / 200 == verified[i - 1] / 200 ? run + 1 : 1;
		longest = MAX(longest, run);
	}
	assert_in_range(longest, 1, 100 / MEMBERS);
	for (i = 0; i < MEMBERS; i++)
		close(fd[i]);
}

/* A frame that came; kind 0: none. */
static struct wg_frame next_frame(int fd)
{
	static uint8_t b[WG_FRAME_MAX];
	struct wg_frame f = {0};
	ssize_t n;

	glue_run(2);
	n = read(fd, b, sizeof(b));
	if (n > 0)
		wg_frame_decode(b, n, &f);
	return f;
}

/* A hub passes on what a member says for itself. */
static void test_call(void **state)
{
	struct wg_frame f = {.kind = WG_FRAME_CALL,
			     .call = {.to = 11, .from = 10, .id = 7}},
			came;
	int a = call("fe80::10"), b = call("fe80::11");

	hello(a, 10);
	hello(b, 11);
	assert_false(is_closed(a));
	assert_false(is_closed(b));
	say(a, &f);
	came = next_frame(b);
	assert_int_equal(came.kind, WG_FRAME_CALL);
	assert_int_equal(came.call.to, 11);
	assert_int_equal(came.call.from, 10);
	assert_true(came.call.id == 7);
	/* not for another, not to oneself, not to who is not connected */
	f.call.from = 12;
	say(a, &f);
	f.call.from = f.call.to = 10;
	say(a, &f);
	f.call.to = 13;
	say(a, &f);
	f.call.to = 999;
	say(a, &f);
	assert_int_equal(next_frame(b).kind, 0);
	assert_int_equal(next_frame(a).kind, 0);
	assert_false(is_closed(a));
	close(a);
	close(b);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_no_member), CASE(test_refused_member),
		CASE(test_nonsense),  CASE(test_another_name),
		CASE(test_a_forger),  CASE(test_signatures_are_shared),
		CASE(test_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
