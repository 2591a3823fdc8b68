/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UAPI text: golden requests, requests cut at every size, replies fed in
 * every way, and replies that lie.
 */
#include "lib/backend/wg_uapi.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/backend/tests/ops.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

#define A "4100010000000000000000000000000000000000000000000000000000000001"
#define B "4200020000000000000000000000000000000000000000000000000000000001"
#define T "7777777777777777777777777777777777777777777777777777777777777777"
#define S "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
#define Z "0000000000000000000000000000000000000000000000000000000000000000"

static struct wg_key key_a, key_b, secret;

static struct wg_uapi_encoder encoder(bool can_remove)
{
	struct wg_uapi_encoder enc = { .can_remove = can_remove };

	memset(&enc.throwaway, 0x77, sizeof(enc.throwaway));
	return enc;
}

/* Encode all into requests of at most `size`, one behind the other. */
static char *encode(const struct wg_op *ops, size_t n, bool can_remove,
		    size_t size, bool with_secret)
{
	struct wg_uapi_encoder enc = encoder(can_remove);
	size_t len = 0, i = 0;
	char *all = NULL;

	while (i < n) {
		size_t before = i;

		all = realloc(all, len + size + 1);
		assert_non_null(all);
		wg_uapi_begin(&enc, all + len, size);
		while (i < n && wg_uapi_put(&enc, &ops[i],
					    with_secret ? &secret : NULL) == 0)
			i++;
		assert_true(i > before);
		len += wg_uapi_end(&enc);
		assert_true(enc.len <= size);
		all[len] = '\0';
	}
	return all;
}

static void test_golden(void **state)
{
	struct wg_dev_conf dev = { .fwmark = 4711 };
	struct wg_peer_conf bare = { .keepalive = 25 };
	struct wg_peer_conf v4 = { .endpoint = { .addr = { .family = AF_INET,
				   .b = { 192, 0, 2, 1 } }, .port = 7 } };
	struct wg_peer_conf v6 = { .endpoint = { .addr = { .family = AF_INET6,
				   .b = { 0xfe, 0x80, [15] = 1 } },
				   .port = 65535, .scope = 3 } };
	struct wg_op device[] = { op_device(&dev), op_port(51820) };
	struct wg_op peers[] = { op_peer(&key_a, &bare), op_peer(&key_b, &v4),
				 op_peer(&key_b, &v6), op_peer_remove(&key_a) };
	struct wg_op adds[] = {
		op_peer(&key_a, &bare),
		op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8"),
		op_prefix(WG_OP_ADD, &key_a, "2001:db8::/32"),
		op_prefix(WG_OP_ADD, &key_b, "0.0.0.0/0"),
		op_prefix(WG_OP_ADD, &key_b, "::/0"),
		op_prefix(WG_OP_ADD, &key_a, "255.255.255.255/32"),
	};
	struct wg_op removes[] = {
		op_prefix(WG_OP_ADD, &key_a, "10.0.0.0/8"),
		op_prefix(WG_OP_REMOVE, &key_a, "10.1.0.0/16"),
		op_prefix(WG_OP_REMOVE, &key_a, "10.2.0.0/16"),
		op_prefix(WG_OP_REMOVE, &key_b, "10.3.0.0/16"),
		op_prefix(WG_OP_ADD, &key_b, "10.4.0.0/16"),
	};
	struct wg_op end_removes[] = {
		op_prefix(WG_OP_REMOVE, &key_a, "fe80::1/128"),
		op_peer_remove(&key_b),
		op_prefix(WG_OP_REMOVE, &key_a, "10.2.0.0/16"),
	};
	const struct {
		const char *name;
		const struct wg_op *ops;
		size_t n;
		bool can_remove, secret;
		const char *want;
	} table[] = {
		{ "device", device, 2, true, false,
		  "set=1\nfwmark=4711\n\nset=1\nlisten_port=51820\n\n" },
		{ "device with a key", device, 1, true, true,
		  "set=1\nprivate_key=" S "\nfwmark=4711\n\n" },
		{ "peers", peers, 4, true, false,
		  "set=1\n"
		  "public_key=" A "\npreshared_key=" Z "\n"
		  "persistent_keepalive_interval=25\n"
		  "public_key=" B "\npreshared_key=" Z "\n"
		  "endpoint=192.0.2.1:7\npersistent_keepalive_interval=0\n"
		  "public_key=" B "\npreshared_key=" Z "\n"
		  "endpoint=[fe80::1%3]:65535\n"
		  "persistent_keepalive_interval=0\n"
		  "public_key=" A "\nremove=true\n\n" },
		{ "a preshared key", peers, 1, true, true,
		  "set=1\n"
		  "public_key=" A "\npreshared_key=" S "\n"
		  "persistent_keepalive_interval=25\n\n" },
		{ "adds share a section", adds, N(adds), true, false,
		  "set=1\n"
		  "public_key=" A "\npreshared_key=" Z "\n"
		  "persistent_keepalive_interval=25\n"
		  "allowed_ip=10.0.0.0/8\nallowed_ip=2001:db8::/32\n"
		  "public_key=" B "\nallowed_ip=0.0.0.0/0\nallowed_ip=::/0\n"
		  "public_key=" A "\nallowed_ip=255.255.255.255/32\n\n" },
		{ "removes by flag", removes, N(removes), true, false,
		  "set=1\n"
		  "public_key=" A "\nallowed_ip=10.0.0.0/8\n"
		  "public_key=" A "\nupdate_only=true\n"
		  "allowed_ip=-10.1.0.0/16\nallowed_ip=-10.2.0.0/16\n"
		  "public_key=" B "\nupdate_only=true\n"
		  "allowed_ip=-10.3.0.0/16\n"
		  "public_key=" B "\nallowed_ip=10.4.0.0/16\n\n" },
		{ "removes thrown away", removes, N(removes), false, false,
		  "set=1\n"
		  "public_key=" A "\nallowed_ip=10.0.0.0/8\n"
		  "public_key=" T "\nallowed_ip=10.1.0.0/16\n"
		  "allowed_ip=10.2.0.0/16\nallowed_ip=10.3.0.0/16\n"
		  "public_key=" T "\nremove=true\n"
		  "public_key=" B "\nallowed_ip=10.4.0.0/16\n\n" },
		{ "thrown away at the end", end_removes, N(end_removes), false,
		  false,
		  "set=1\n"
		  "public_key=" T "\nallowed_ip=fe80::1/128\n"
		  "public_key=" T "\nremove=true\n"
		  "public_key=" B "\nremove=true\n"
		  "public_key=" T "\nallowed_ip=10.2.0.0/16\n"
		  "public_key=" T "\nremove=true\n\n" },
	};

	for (size_t i = 0; i < N(table); i++) {
		char *have = encode(table[i].ops, table[i].n,
				    table[i].can_remove, 8192, table[i].secret);

		if (strcmp(have, table[i].want) != 0)
			print_error("%s:\n", table[i].name);
		assert_string_equal(have, table[i].want);
		free(have);
	}
}

/* A line of the device never stands below a peer's. */
static void test_device_first(void **state)
{
	struct wg_dev_conf dev = { .fwmark = 1 };
	struct wg_op ops[] = { op_peer_remove(&key_a), op_device(&dev),
			       op_port(1) };
	char *have = encode(ops, 3, true, 8192, false);

	assert_string_equal(have,
			    "set=1\npublic_key=" A "\nremove=true\n\n"
			    "set=1\nfwmark=1\n\n"
			    "set=1\nlisten_port=1\n\n");
	free(have);
}

/* --- what a program makes of requests */

enum { MAX_DONE = 8192 };

struct done {
	char text[320];
};

/*
 * Read requests as a program does and write down what happens, one line an
 * effect, in order, independent of sections and cuts.
 */
static size_t carry_out(const char *text, struct done *done)
{
	char copy[256], peer[65] = "", *eol;
	bool in_throw = false, fresh = true, update_only = false;
	size_t n = 0;

	while (*text) {
		eol = strchr(text, '\n');
		assert_non_null(eol);
		assert_true(eol - text < (int)sizeof(copy));
		snprintf(copy, eol - text + 1, "%s", text);
		text = eol + 1;
		if (fresh) {
			assert_string_equal(copy, "set=1");
			fresh = false;
			peer[0] = '\0';
			update_only = false;
		} else if (!copy[0]) {
			/* No throw-away peer survives a request. */
			assert_false(in_throw);
			fresh = true;
		} else if (strncmp(copy, "public_key=", 11) == 0) {
			memcpy(peer, copy + 11, 65);
			update_only = false;
		} else if (strcmp(copy, "update_only=true") == 0) {
			update_only = true;
		} else if (strcmp(copy, "remove=true") == 0 &&
			   strcmp(peer, T) == 0) {
			in_throw = false;
		} else if (strncmp(copy, "allowed_ip=-", 12) == 0) {
			assert_true(update_only);
			sprintf(done[n++].text, "remove %s", copy + 12);
		} else if (strncmp(copy, "allowed_ip=", 11) == 0 &&
			   strcmp(peer, T) == 0) {
			in_throw = true;
			sprintf(done[n++].text, "remove %s", copy + 11);
		} else {
			assert_false(update_only);
			sprintf(done[n++].text, "%.2s %s", peer, copy);
		}
		assert_true(n < MAX_DONE);
	}
	assert_true(fresh);
	return n;
}

/* Cut at every size: the effects and their order stay the same. */
static void test_cuts(void **state)
{
	static struct done want[MAX_DONE], have[MAX_DONE];
	struct wg_op ops[80];
	size_t n_want, n_have;
	char *all;

	random_ops(ops, N(ops));
	for (int flag = 0; flag < 2; flag++) {
		all = encode(ops, N(ops), flag, 1 << 20, true);
		n_want = carry_out(all, want);
		free(all);
		for (size_t size = WG_UAPI_MIN; size < 8000;
		     size += size < WG_UAPI_MIN + 130 ? 1 : 211) {
			all = encode(ops, N(ops), flag, size, true);
			n_have = carry_out(all, have);
			assert_int_equal(n_have, n_want);
			for (size_t i = 0; i < n_want; i++)
				assert_string_equal(have[i].text, want[i].text);
			free(all);
		}
	}
}

/* The longest op and the longest closing stay below WG_UAPI_OP_MAX. */
static void test_longest(void **state)
{
	struct wg_peer_conf conf = { .keepalive = 65535,
		.endpoint = { .port = 65535, .scope = UINT32_MAX } };
	struct wg_dev_conf dev = {
				   .fwmark = UINT32_MAX };
	struct wg_op first = op_prefix(WG_OP_REMOVE, &key_a,
				       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
				       "/128");
	struct wg_op then[] = { op_peer(&key_a, &conf), op_device(&dev), first,
				op_prefix(WG_OP_ADD, &key_a, "::/0") };
	struct wg_uapi_encoder enc;
	char buf[4096];
	size_t before;

	conf.endpoint.addr.family = AF_INET6;
	memset(conf.endpoint.addr.b, 0xfe, 16);
	for (size_t i = 0; i < N(then); i++) {
		for (int flag = 0; flag < 2; flag++) {
			enc = encoder(flag);
			wg_uapi_begin(&enc, buf, sizeof(buf));
			if (then[i].kind != WG_OP_DEVICE_SET)
				assert_int_equal(wg_uapi_put(&enc, &first,
							     NULL),
						 0);
			before = enc.len;
			assert_int_equal(wg_uapi_put(&enc, &then[i], &secret),
					 0);
			wg_uapi_end(&enc);
			assert_true(enc.len - before <= WG_UAPI_OP_MAX);
		}
	}
}

static void test_probe(void **state)
{
	char buf[WG_UAPI_PROBE_LEN + 1];
	size_t n;

	n = wg_uapi_probe(WG_UAPI_PROBE, &key_a, buf);
	buf[n] = '\0';
	assert_string_equal(buf, "set=1\npublic_key=" A "\nupdate_only=true\n"
				 "allowed_ip=-192.0.2.0/24\n\n");
	n = wg_uapi_probe(WG_UAPI_PROBE_BAD, &key_a, buf);
	buf[n] = '\0';
	assert_string_equal(buf, "set=1\npublic_key=" A "\nupdate_only=true\n"
				 "allowed_ip=--192.0.2.0/99\n\n");
}

/* --- replies */

static char *event_text(const struct wg_event *ev, char *buf)
{
	char a[64], b[WG_ENDPOINT_STRLEN];

	switch (ev->kind) {
	case WG_EV_DEVICE:
		sprintf(buf, "device %02x%02x %u %u\n", ev->key.b[0],
			ev->key.b[31], ev->listen_port, ev->fwmark);
		break;
	case WG_EV_PEER:
		sprintf(buf, "peer %02x %s %u %d %lld %llu %llu\n",
			ev->key.b[0], wg_endpoint_str(&ev->endpoint, b),
			ev->keepalive, ev->has_psk, (long long)ev->handshake,
			(unsigned long long)ev->rx_bytes,
			(unsigned long long)ev->tx_bytes);
		break;
	case WG_EV_PREFIX:
		sprintf(buf, "%s\n", wg_prefix_str(&ev->prefix, a));
		break;
	case WG_EV_END:
		sprintf(buf, "end\n");
		break;
	default:
		sprintf(buf, "?\n");
	}
	return buf;
}

/* Feed in pieces of `piece` bytes; the events as text; the result. */
static int feed(const char *reply, size_t len, size_t piece, bool get,
		char *ret_events)
{
	struct wg_uapi_parser p;
	struct wg_event ev;
	size_t at = 0, used, give;
	char text[256];
	int r;

	ret_events[0] = '\0';
	wg_uapi_parse_begin(&p, get);
	for (;;) {
		give = len - at < piece ? len - at : piece;
		r = wg_uapi_parse(&p, reply + at, give, &used, &ev);
		assert_true(used <= give);
		at += used;
		if (r > 0)
			strcat(ret_events, event_text(&ev, text));
		if (r < 0)
			break;
		if (r == 0 && at == len)
			break;
	}
	if (r == -EPROTO && !p.ended)
		assert_non_null(p.why);
	wg_uapi_parse_end(&p);
	assert_int_equal(p.line[0], 0);
	return r < 0 ? r : p.ended ? 1 : 0;
}

/* RFC 7748's Alice, whose public key begins 85 and ends 6a. */
#define ALICE "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"

static void test_replies(void **state)
{
	static const struct {
		const char *name;
		bool get;
		const char *reply, *events;
		int want; /* 1 ended, 0 more is needed, or an error */
	} table[] = {
		{ "set", false, "errno=0\n\n", "end\n", 1 },
		{ "set refused", false, "errno=22\n\n", "", -EINVAL },
		{ "set refused by wireguard-go", false, "errno=-98\n\n", "",
		  -EADDRINUSE },
		{ "set cut", false, "errno=0\n", "", 0 },
		{ "nothing", false, "", "", 0 },
		{ "set that tells", false, "listen_port=1\nerrno=0\n\n", "",
		  -EPROTO },
		{ "set without errno", false, "\n", "", -EPROTO },
		{ "errno twice", false, "errno=0\nerrno=0\n\n", "", -EPROTO },
		{ "errno is text", false, "errno=ok\n\n", "", -EPROTO },
		{ "errno is nothing", false, "errno=\n\n", "", -EPROTO },
		{ "errno too high", false, "errno=4096\n\n", "", -EPROTO },
		{ "empty device", true, "errno=0\n\n", "device 0000 0 0\nend\n",
		  1 },
		{ "zero, written oddly", true, "errno=-00\n\n",
		  "device 0000 0 0\nend\n", 1 },
		{ "get refused", true, "errno=1\n\n", "", -EPERM },
		{ "get refused late", true, "listen_port=1\nerrno=5\n\n", "",
		  -EIO },
		{ "device", true,
		  "private_key=" ALICE "\nlisten_port=51820\nfwmark=7\n"
		  "errno=0\n\n", "device 856a 51820 7\nend\n", 1 },
		{ "zero private key", true,
		  "private_key=" Z "\nerrno=0\n\n", "device 0000 0 0\nend\n",
		  1 },
		{ "wireguard-go's order", true,
		  "private_key=" ALICE "\nlisten_port=51820\n"
		  "public_key=" A "\npreshared_key=" S "\n"
		  "protocol_version=1\nendpoint=[2001:db8::1]:1\n"
		  "last_handshake_time_sec=1700000000\n"
		  "last_handshake_time_nsec=5\ntx_bytes=18446744073709551615\n"
		  "rx_bytes=2\npersistent_keepalive_interval=25\n"
		  "allowed_ip=10.0.0.0/8\nallowed_ip=::/0\n"
		  "public_key=" B "\npreshared_key=" Z "\n"
		  "errno=0\n\n",
		  "device 856a 51820 0\n"
		  "peer 41 [2001:db8::1]:1 25 1 1700000000 2 "
		  "18446744073709551615\n10.0.0.0/8\n::/0\n"
		  "peer 42 none 0 0 0 0 0\nend\n", 1 },
		{ "counters behind the prefixes", true,
		  "public_key=" A "\nendpoint=192.0.2.1:5\n"
		  "allowed_ip=10.0.0.0/8\nrx_bytes=3\nerrno=0\n\n",
		  "device 0000 0 0\npeer 41 192.0.2.1:5 0 0 0 0 0\n"
		  "10.0.0.0/8\npeer 41 192.0.2.1:5 0 0 0 3 0\nend\n", 1 },
		{ "zone by number", true,
		  "public_key=" A "\nendpoint=[fe80::1%3]:5\nerrno=0\n\n",
		  "device 0000 0 0\npeer 41 [fe80::1%3]:5 0 0 0 0 0\nend\n",
		  1 },
		{ "zone by name", true,
		  "public_key=" A "\nendpoint=[fe80::1%lo]:5\nerrno=0\n\n",
		  "device 0000 0 0\npeer 41 [fe80::1%1]:5 0 0 0 0 0\nend\n",
		  1 },
		{ "host bits", true,
		  "public_key=" A "\nallowed_ip=10.1.2.3/8\nerrno=0\n\n",
		  "device 0000 0 0\npeer 41 none 0 0 0 0 0\n10.0.0.0/8\nend\n",
		  1 },
		{ "unknown keys", true,
		  "jitter=1\npublic_key=" A "\nmood=good\nerrno=0\n\n",
		  "device 0000 0 0\npeer 41 none 0 0 0 0 0\nend\n", 1 },
		{ "no key=value", true, "hello\n", "", -EPROTO },
		{ "empty line", true, "listen_port=1\n\n", "", -EPROTO },
		{ "port too high", true, "listen_port=65536\n", "", -EPROTO },
		{ "negative mark", true, "fwmark=-1\n", "", -EPROTO },
		{ "short private key", true, "private_key=77\n", "", -EPROTO },
		{ "long private key", true, "private_key=" ALICE "0\n", "",
		  -EPROTO },
		{ "a prefix of nobody", true, "allowed_ip=10.0.0.0/8\n",
		  "device 0000 0 0\n", -EPROTO },
		{ "a counter of nobody", true, "rx_bytes=1\n",
		  "device 0000 0 0\n", -EPROTO },
		{ "a key of nobody", true, "preshared_key=" S "\n",
		  "device 0000 0 0\n", -EPROTO },
		{ "port below a peer", true,
		  "public_key=" A "\nlisten_port=1\n",
		  "device 0000 0 0\npeer 41 none 0 0 0 0 0\n", -EPROTO },
		{ "bad prefix", true, "public_key=" A "\nallowed_ip=10/8\n",
		  "device 0000 0 0\npeer 41 none 0 0 0 0 0\n", -EPROTO },
		{ "prefix without length", true,
		  "public_key=" A "\nallowed_ip=10.0.0.0\n",
		  "device 0000 0 0\npeer 41 none 0 0 0 0 0\n", -EPROTO },
		{ "length too high", true,
		  "public_key=" A "\nallowed_ip=10.0.0.0/33\n",
		  "device 0000 0 0\npeer 41 none 0 0 0 0 0\n", -EPROTO },
		{ "endpoint without port", true,
		  "public_key=" A "\nendpoint=192.0.2.1\n",
		  "device 0000 0 0\n", -EPROTO },
		{ "endpoint without brackets", true,
		  "public_key=" A "\nendpoint=2001:db8::1:\n",
		  "device 0000 0 0\n", -EPROTO },
		{ "endpoint of brackets", true,
		  "public_key=" A "\nendpoint=[]:1\n",
		  "device 0000 0 0\n", -EPROTO },
		{ "counter too high", true,
		  "public_key=" A "\nrx_bytes=18446744073709551616\n",
		  "device 0000 0 0\n", -EPROTO },
		{ "more than one reply", false, "errno=0\n\nerrno=0\n\n",
		  "end\n", -EPROTO },
		{ "a line after errno", true, "errno=0\nlisten_port=1\n\n",
		  "device 0000 0 0\n", -EPROTO },
	};
	char events[4096];
	int r;

	for (size_t i = 0; i < N(table); i++) {
		size_t len = strlen(table[i].reply);

		for (size_t piece = 1; piece <= len + 1; piece++) {
			r = feed(table[i].reply, len, piece, table[i].get,
				 events);
			if (r != table[i].want ||
			    strcmp(events, table[i].events) != 0)
				fail_msg("%s, by %zu: %d, events:\n%s",
					 table[i].name, piece, r, events);
		}
	}
}

static void test_long_and_binary(void **state)
{
	char line[600], events[64];

	memset(line, 'a', sizeof(line));
	for (size_t n = 1; n < sizeof(line); n++)
		assert_int_equal(feed(line, n, 64, true, events),
				 n < WG_UAPI_LINE_MAX ? 0 : -EPROTO);
	assert_int_equal(feed("listen\0port=1\n", 14, 64, true, events),
			 -EPROTO);
	assert_int_equal(feed("listen_port=1\0\n", 15, 64, true, events),
			 -EPROTO);
}

/* Every truncation of a good reply needs more, none is taken for whole. */
static void test_truncated(void **state)
{
	static const char good[] =
		"private_key=" ALICE "\nlisten_port=51820\npublic_key=" A "\n"
		"endpoint=192.0.2.1:5\nallowed_ip=10.0.0.0/8\nerrno=0\n\n";
	char events[1024];

	for (size_t n = 0; n < sizeof(good) - 1; n++)
		assert_int_equal(feed(good, n, 1000, true, events), 0);
	assert_int_equal(feed(good, sizeof(good) - 1, 1000, true, events), 1);
}

static int setup(void **state)
{
	key_a = a_key(1);
	key_b = a_key(2);
	memset(&secret, 0x5a, sizeof(secret));
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_device_first),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_long_and_binary),
		cmocka_unit_test(test_truncated),
	};

	print_message("seed %u\n", seed);
	return cmocka_run_group_tests(tests, setup, NULL);
}
