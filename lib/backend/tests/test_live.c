/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same promises (wg_backend.h), kept by real devices: wireguard-go, and
 * the kernel where it has WireGuard.  Each test gets a fresh device.  Where a
 * device cannot be had, its tests are skipped with the reason.
 */
#include "lib/backend/tests/live.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/backend/tests/border.h"
#include "lib/backend/wg_backend_priv.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_link.h"

#define IFNAME "wglive0"
#define N(a) (sizeof(a) / sizeof((a)[0]))

static const char *no_namespace;
static char dir[64], private_file[96], psk_file[96];
static struct wg_key own, key[8];

/* What every test is given. */
struct world {
	enum wg_backend_kind kind;
	struct wg_backend *be;
	struct live_picture pic;
};

static void read_now(struct world *w)
{
	live_forget(&w->pic);
	assert_int_equal(live_read(w->be, &w->pic), 0);
	assert_int_equal(w->pic.ends, 1);
}

#define assert_applied(w, ...)                                                 \
	do {                                                                   \
		struct wg_op ops_[] = { __VA_ARGS__ };                         \
		int r_ = drive_apply((w)->be, ops_, N(ops_));                  \
		if (r_)                                                        \
			fail_msg("%d: %s", r_, wg_backend_error((w)->be));     \
	} while (0)

static void test_device(void **state)
{
	struct world *w = *state;
	struct wg_dev_conf conf = { .private_key_file = private_file,
				    .fwmark = 7 };

	read_now(w);
	assert_int_equal(w->pic.n_peers, 0);
	assert_true(wg_key_is_zero(&w->pic.device.key));
	assert_applied(w, op_device(&conf), op_port(4711));
	read_now(w);
	assert_true(wg_key_same(&w->pic.device.key, &own));
	assert_int_equal(w->pic.device.listen_port, 4711);
	assert_int_equal(w->pic.device.fwmark, 7);

	/* Without a file the key is left alone. */
	conf = (struct wg_dev_conf){ 0 };
	assert_applied(w, op_device(&conf), op_port(4712));
	read_now(w);
	assert_true(wg_key_same(&w->pic.device.key, &own));
	assert_int_equal(w->pic.device.listen_port, 4712);
	assert_int_equal(w->pic.device.fwmark, 0);
}

static void test_peers(void **state)
{
	struct world *w = *state;
	struct wg_peer_conf one = { .keepalive = 25, .psk_file = psk_file,
		.endpoint = { .addr = { AF_INET, { 192, 0, 2, 1 } },
			      .port = 1 } };
	struct wg_peer_conf two = {
		.endpoint = { .addr = { AF_INET6,
					{ 0x20, 1, 0xd, 0xb8, [15] = 1 } },
			      .port = 65535 } };
	struct wg_peer_conf bare = { 0 };
	struct live_peer *p;

	assert_applied(w, op_peer(&key[0], &one), op_peer(&key[1], &two),
		       op_prefix(WG_OP_ADD, &key[0], "10.0.0.0/8"),
		       op_prefix(WG_OP_ADD, &key[1], "::/0"));
	read_now(w);
	assert_int_equal(w->pic.n_peers, 2);
	p = live_find(&w->pic, &key[0]);
	assert_non_null(p);
	assert_true(p->ev.has_psk);
	assert_int_equal(p->ev.keepalive, 25);
	assert_int_equal(p->ev.handshake, 0);
	assert_true(wg_endpoint_same(&p->ev.endpoint, &one.endpoint));
	p = live_find(&w->pic, &key[1]);
	assert_non_null(p);
	assert_false(p->ev.has_psk);
	assert_true(wg_endpoint_same(&p->ev.endpoint, &two.endpoint));

	/* Updated in place: psk cleared, endpoint left, prefixes left. */
	assert_applied(w, op_peer(&key[0], &bare));
	read_now(w);
	p = live_find(&w->pic, &key[0]);
	assert_false(p->ev.has_psk);
	assert_int_equal(p->ev.keepalive, 0);
	assert_true(wg_endpoint_same(&p->ev.endpoint, &one.endpoint));
	assert_true(live_has(&w->pic, &key[0], "10.0.0.0/8"));

	assert_applied(w, op_peer_remove(&key[0]), op_peer_remove(&key[2]));
	read_now(w);
	assert_int_equal(w->pic.n_peers, 1);
	assert_true(live_has(&w->pic, &key[1], "::/0"));
	assert_int_equal(live_prefixes(&w->pic), 1);
}

/*
 * Is the secret in this process's memory, as bytes or as text in hex or
 * base64?  `not` is the secret with all bits turned, lest we find that.
 * Left out are the stack, where libsodium leaves what is not ours to wipe, and
 * great regions, which are the sanitizers' shadows.
 */
static bool in_memory(const uint8_t *not, size_t len)
{
	static uint8_t chunk[1 << 20];
	char line[512], *name;
	unsigned long from, to;
	const uint8_t *at;
	bool found = false;
	size_t j;
	FILE *maps;
	ssize_t n;
	int mem;

	maps = fopen("/proc/self/maps", "r");
	mem = open("/proc/self/mem", O_RDONLY);
	assert_true(maps && mem >= 0);
	while (!found && fgets(line, sizeof(line), maps)) {
		name = strchr(line, '[');
		if (sscanf(line, "%lx-%lx rw", &from, &to) != 2 ||
		    !strstr(line, " rw") || to - from > 64ul << 20 ||
		    (name && strncmp(name, "[heap]", 6) != 0))
			continue;
		for (; from < to && !found; from += n - len) {
			n = to - from < sizeof(chunk) ? to - from
						      : sizeof(chunk);
			n = pread(mem, chunk, n, from);
			if (n <= (ssize_t)len)
				break;
			for (at = chunk;
			     (at = memchr(at, not[0] ^ 0xff,
					  chunk + n - len + 1 - at));
			     at++) {
				for (j = 0; j < len; j++)
					if ((at[j] ^ not[j]) != 0xff)
						break;
				found |= j == len;
			}
		}
	}
	fclose(maps);
	close(mem);
	return found;
}

static struct {
	uint8_t bytes[WG_KEY_LEN], hex[2 * WG_KEY_LEN], base64[44];
} hidden[2];

/* Take in the secret of a file, hidden. */
static int hide(const char *path, int i)
{
	static const char digit[] = "0123456789abcdef";
	struct wg_key key;
	int fd;

	if (wg_key_load(path, &key, NULL, 0))
		return -1;
	for (int j = 0; j < WG_KEY_LEN; j++) {
		hidden[i].bytes[j] = ~key.b[j];
		hidden[i].hex[2 * j] = ~digit[key.b[j] >> 4];
		hidden[i].hex[2 * j + 1] = ~digit[key.b[j] & 15];
	}
	wg_key_wipe(&key);
	fd = open(path, O_RDONLY);
	for (int j = 0; j < 44; j++) {
		char c;

		if (read(fd, &c, 1) != 1)
			return -1;
		hidden[i].base64[j] = ~c;
	}
	close(fd);
	return 0;
}

/* After a secret went to the device and came back, nothing of it is here. */
static void test_no_secret_rests(void **state)
{
	static const char witness[] = "the witness of the search itself";
	struct world *w = *state;
	struct wg_dev_conf dev = { .private_key_file = private_file };
	struct wg_peer_conf conf = { .psk_file = psk_file };
	uint8_t not[sizeof(witness)];
	char *volatile copy = strdup(witness); /* compilers see through it */

	for (size_t i = 0; i < sizeof(not); i++)
		not[i] = ~witness[i];
	assert_true(in_memory(not, sizeof(not)));
	free(copy);

	assert_applied(w, op_device(&dev), op_peer(&key[0], &conf));
	read_now(w);
	assert_true(live_find(&w->pic, &key[0])->ev.has_psk);
	assert_true(wg_key_same(&w->pic.device.key, &own));
	for (int i = 0; i < 2; i++) {
		assert_false(in_memory(hidden[i].bytes, WG_KEY_LEN));
		assert_false(in_memory(hidden[i].hex, 2 * WG_KEY_LEN));
		assert_false(in_memory(hidden[i].base64, 44));
	}
}

/*
 * A scope is an index on the way out and back; wireguard-go swallowed it
 * until 2023.
 */
static void test_scope(void **state)
{
	struct world *w = *state;
	struct wg_peer_conf conf = {
		.endpoint = { .addr = { AF_INET6, { 0xfe, 0x80, [15] = 1 } },
			      .port = 5, .scope = 1 /* lo */ } };

	assert_applied(w, op_peer(&key[0], &conf));
	read_now(w);
	if (w->kind == WG_BACKEND_USERSPACE &&
	    !live_find(&w->pic, &key[0])->ev.endpoint.scope)
		conf.endpoint.scope = 0;
	assert_true(wg_endpoint_same(&live_find(&w->pic, &key[0])->ev.endpoint,
				     &conf.endpoint));
}

static void test_prefixes(void **state)
{
	struct world *w = *state;
	struct wg_peer_conf conf = { 0 };
	static const char *const texts[] = {
		"0.0.0.0/0", "::/0", "10.0.0.0/8", "10.0.0.0/9", "10.0.0.1/32",
		"255.255.255.255/32", "2001:db8::/32",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
		"fe80::/64", "ff02::5/128", "224.0.0.5/32",
	};
	struct wg_op ops[1 + N(texts)];

	ops[0] = op_peer(&key[0], &conf);
	for (size_t i = 0; i < N(texts); i++)
		ops[1 + i] = op_prefix(WG_OP_ADD, &key[0], texts[i]);
	assert_int_equal(drive_apply(w->be, ops, N(ops)), 0);
	read_now(w);
	assert_int_equal(live_prefixes(&w->pic), N(texts));
	for (size_t i = 0; i < N(texts); i++)
		assert_true(live_has(&w->pic, &key[0], texts[i]));

	/* A move is one ADD; ADD makes a peer that is missing. */
	for (size_t i = 0; i < N(texts); i++)
		ops[i] = op_prefix(WG_OP_ADD, &key[1 + i % 2], texts[i]);
	assert_int_equal(drive_apply(w->be, ops, N(texts)), 0);
	read_now(w);
	assert_int_equal(w->pic.n_peers, 3);
	assert_int_equal(live_prefixes(&w->pic), N(texts));
	for (size_t i = 0; i < N(texts); i++)
		assert_true(live_has(&w->pic, &key[1 + i % 2], texts[i]));

	for (size_t i = 0; i < N(texts); i++)
		ops[i] = op_prefix(WG_OP_REMOVE, &key[1 + i % 2], texts[i]);
	assert_int_equal(drive_apply(w->be, ops, N(texts)), 0);
	read_now(w);
	assert_int_equal(w->pic.n_peers, 3);
	assert_int_equal(live_prefixes(&w->pic), 0);
}

/* What is not there is removed without a trace of anything new. */
static void test_remove_absent(void **state)
{
	struct world *w = *state;
	struct wg_peer_conf conf = { 0 };

	assert_applied(w, op_peer(&key[0], &conf),
		       op_prefix(WG_OP_ADD, &key[0], "10.0.0.0/8"));
	assert_applied(w, op_prefix(WG_OP_REMOVE, &key[0], "10.0.0.0/9"),
		       op_prefix(WG_OP_REMOVE, &key[1], "10.2.0.0/16"),
		       op_prefix(WG_OP_REMOVE, &key[1], "::/0"),
		       op_peer_remove(&key[2]));
	read_now(w);
	assert_int_equal(w->pic.n_peers, 1);
	assert_int_equal(live_prefixes(&w->pic), 1);
	assert_true(live_has(&w->pic, &key[0], "10.0.0.0/8"));
	/* By its own flag the wrong peer's name removes nothing. */
	if (wg_backend_can_remove(w->be)) {
		assert_applied(w,
			       op_prefix(WG_OP_REMOVE, &key[1], "10.0.0.0/8"));
		read_now(w);
		assert_int_equal(w->pic.n_peers, 1);
		assert_true(live_has(&w->pic, &key[0], "10.0.0.0/8"));
	}
}

/* The order of the ops is the order of their effects, also in one batch. */
static void test_order(void **state)
{
	struct world *w = *state;
	struct wg_peer_conf conf = { 0 };

	assert_applied(w, op_peer(&key[0], &conf), op_peer(&key[1], &conf),
		       op_prefix(WG_OP_ADD, &key[0], "10.0.0.0/8"),
		       op_prefix(WG_OP_ADD, &key[1], "10.0.0.0/8"),
		       op_prefix(WG_OP_REMOVE, &key[1], "10.0.0.0/8"),
		       op_prefix(WG_OP_ADD, &key[0], "10.1.0.0/16"),
		       op_prefix(WG_OP_ADD, &key[1], "10.2.0.0/16"),
		       op_prefix(WG_OP_REMOVE, &key[0], "10.1.0.0/16"),
		       op_prefix(WG_OP_ADD, &key[0], "10.1.0.0/16"),
		       op_peer_remove(&key[1]), op_peer(&key[1], &conf),
		       op_prefix(WG_OP_ADD, &key[1], "10.3.0.0/16"));
	read_now(w);
	assert_int_equal(w->pic.n_peers, 2);
	assert_int_equal(live_prefixes(&w->pic), 2);
	assert_true(live_has(&w->pic, &key[0], "10.1.0.0/16"));
	assert_true(live_has(&w->pic, &key[1], "10.3.0.0/16"));
}

/* Thousands of everything in one apply: cut, and nothing lost. */
static void test_many(void **state)
{
	enum { MANY = 30000 };
	struct world *w = *state;
	struct wg_op *ops = calloc(MANY, sizeof(*ops));
	size_t want = 0;

	assert_non_null(ops);
	for (unsigned i = 0; i < MANY; i++) {
		ops[i] = op_prefix(WG_OP_ADD, &key[i / 7 % 4], "10.0.0.0/32");
		memcpy(ops[i].prefix.b + 1,
		       (uint8_t[]){ i >> 16, i >> 8, i }, 3);
		if (i % 3 == 0) {
			ops[i].prefix.family = AF_INET6;
			ops[i].prefix.len = 128;
			ops[i].prefix.b[15] = 1;
		}
	}
	assert_int_equal(drive_apply(w->be, ops, MANY), 0);
	read_now(w);
	assert_int_equal(live_prefixes(&w->pic), MANY);
	for (unsigned i = 0; i < MANY; i++) {
		if (i % 5)
			want++;
		else
			ops[i].kind = WG_OP_REMOVE;
		/* The others move. */
		if (i % 5)
			ops[i].key = &key[4 + i % 3];
	}
	assert_int_equal(drive_apply(w->be, ops, MANY), 0);
	read_now(w);
	assert_int_equal(live_prefixes(&w->pic), want);
	for (int i = 0; i < 4; i++)
		assert_int_equal(live_find(&w->pic, &key[i])->n, 0);
	for (unsigned i = 0; i < MANY; i += 97) {
		char text[WG_PREFIX_STRLEN];

		wg_prefix_str(&ops[i].prefix, text);
		assert_int_equal(live_has(&w->pic, ops[i].key, text),
				 ops[i].kind == WG_OP_ADD);
	}
	free(ops);
}

/* What a list makes of the device, prefix by prefix. */
static void model(const struct wg_op *ops, size_t n, const struct wg_key **owner)
{
	for (size_t i = 0; i < n; i++) {
		if (ops[i].kind == WG_OP_ADD)
			owner[ops[i].node] = ops[i].key;
		else if (ops[i].kind == WG_OP_REMOVE)
			owner[ops[i].node] = NULL;
		for (size_t j = 0; j < BORDER_IDS; j++)
			if (ops[i].kind == WG_OP_PEER_REMOVE &&
			    owner[j] == ops[i].key)
				owner[j] = NULL;
	}
}

static void one_border(struct world *w, const struct border *b)
{
	static struct wg_op ops[BORDER_MAX + 32], before[BORDER_MAX];
	const struct wg_key *owner[BORDER_IDS] = { 0 };
	size_t n = border_ops(b, key, ops), n_before = 0, n_owned = 0;

	before[n_before++] = border_op(WG_OP_ADD, &key[2], BORDER_GONE);
	before[n_before++] = border_op(WG_OP_ADD, &key[2], BORDER_GONE6);
	before[n_before++] = border_op(WG_OP_ADD, &key[3], BORDER_LEFT);
	for (size_t i = 0; i < n && b->remove; i++)
		if (ops[i].kind == WG_OP_REMOVE && ops[i].key == &key[0])
			before[n_before++] = border_op(WG_OP_ADD, &key[0],
						       ops[i].node);
	assert_int_equal(drive_apply(w->be, before, n_before), 0);
	assert_int_equal(drive_apply(w->be, ops, n), 0);
	read_now(w);
	model(before, n_before, owner);
	model(ops, n, owner);
	for (size_t i = 0; i < BORDER_IDS; i++) {
		char text[WG_PREFIX_STRLEN];
		struct wg_prefix p = border_prefix(i);

		if (!owner[i])
			continue;
		n_owned++;
		wg_prefix_str(&p, text);
		if (!live_has(&w->pic, owner[i], text))
			fail_msg("pair %u step %u shift %u: no %s", b->pair,
				 b->step, b->shift, text);
	}
	assert_int_equal(live_prefixes(&w->pic), n_owned);
	assert_int_equal(w->pic.n_peers, 3);
	assert_true(live_find(&w->pic, &key[1])->ev.has_psk);
	assert_int_equal(live_find(&w->pic, &key[2])->ev.keepalive, 65535);
	assert_int_equal(w->pic.device.fwmark, 0x12345678);
}

/* The end of a message on every offset, and some of all pairs of ops there. */
static void test_border(void **state)
{
	struct world *w = *state;
	struct border b = { .psk_file = psk_file };
	unsigned n = 0;

	read_now(w); /* a program has been probed then */
	b.flag = wg_backend_can_remove(w->be);
	for (int kind = 0; kind < 2; kind++) {
		b.remove = kind;
		for (b.step = 0; b.step < BORDER_STEPS; b.step++)
			for (b.shift = 0; b.shift < border_shifts(&b);
			     b.shift++, n++) {
				b.pair = n * 37 % BORDER_PAIRS;
				b.bare = n & 1;
				assert_applied(w, op_peer_remove(&key[0]),
					       op_peer_remove(&key[1]),
					       op_peer_remove(&key[2]));
				one_border(w, &b);
			}
	}
}

/* The device's own key as a peer is ignored, not an error and not a peer. */
static void test_own_key(void **state)
{
	struct world *w = *state;
	struct wg_dev_conf dev = { .private_key_file = private_file };
	struct wg_peer_conf conf = { 0 };

	assert_applied(w, op_device(&dev), op_peer(&own, &conf),
		       op_prefix(WG_OP_ADD, &own, "10.0.0.0/8"),
		       op_prefix(WG_OP_ADD, &key[0], "10.1.0.0/16"));
	read_now(w);
	assert_int_equal(w->pic.n_peers, 1);
	assert_int_equal(live_prefixes(&w->pic), 1);
}

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

/* --- devices */

static int begin(void **state, enum wg_backend_kind kind)
{
	static struct world world;
	const char *why;
	int r;

	world = (struct world){ .kind = kind };
	*state = NULL;
	why = no_namespace;
	if (!why)
		why = kind == WG_BACKEND_KERNEL
			      ? live_kernel(IFNAME)
			      : live_userspace("wireguard-go", IFNAME);
	if (why) {
		print_message("SKIP: %s\n", why);
		return 0;
	}
	r = kind == WG_BACKEND_KERNEL
		    ? wg_backend_open_kernel(IFNAME, &world.be)
		    : wg_backend_open_userspace(IFNAME, NULL, &world.be);
	if (r) {
		print_error("cannot be opened: %s\n", strerror(-r));
		return -1;
	}
	*state = &world;
	return 0;
}

static int begin_kernel(void **state)
{
	return begin(state, WG_BACKEND_KERNEL);
}

static int begin_userspace(void **state)
{
	return begin(state, WG_BACKEND_USERSPACE);
}

static int end(void **state)
{
	struct world *w = *state;
	struct wg_link link;

	if (w) {
		live_forget(&w->pic);
		wg_backend_close(&w->be);
	}
	live_stop();
	if (!no_namespace && wg_link_get(IFNAME, &link) == 0)
		wg_link_delete(link.ifindex);
	return 0;
}

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/wg_liveXXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir) || wg_keys_init() != 0)
		return -1;
	snprintf(private_file, sizeof(private_file), "%s/private", dir);
	snprintf(psk_file, sizeof(psk_file), "%s/psk", dir);
	if (wg_key_generate(private_file, true, NULL, 0) ||
	    wg_key_generate(psk_file, false, NULL, 0) ||
	    wg_key_load_public(private_file, &own, NULL, 0) ||
	    hide(private_file, 0) || hide(psk_file, 1))
		return -1;
	for (unsigned i = 0; i < N(key); i++)
		key[i] = a_key(i);
	no_namespace = live_enter();
	return 0;
}

static int teardown(void **state)
{
	unlink(private_file);
	unlink(psk_file);
	return rmdir(dir);
}

/* Skipping is not allowed in a setup. */
#define CASE(name)                                                             \
	static void on_##name(void **state)                                  \
	{                                                                      \
		if (!*state)                                                   \
			skip();                                                \
		test_##name(state);                                            \
	}
#define CASES(X)                                                               \
	X(device) X(peers) X(no_secret_rests) X(scope) X(prefixes)             \
	X(remove_absent) X(order) X(many) X(border) X(own_key) X(open_again)      \
	X(gone)
CASES(CASE)
CASE(stopped)
CASE(torn)
CASE(changing)
CASE(port_in_use)
CASE(close_reading)

#define USERSPACE(name)                                                        \
	{ "wireguard_go_" #name, on_##name, begin_userspace, end, NULL },
#define KERNEL(name) { "kernel_" #name, on_##name, begin_kernel, end, NULL },

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASES(USERSPACE) USERSPACE(stopped)
		CASES(KERNEL) KERNEL(torn) KERNEL(changing)
		KERNEL(port_in_use) KERNEL(close_reading)
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
