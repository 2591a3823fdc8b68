// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rungs about certificates (6. and 10. of the ladder of causes), on facts
 * that the core says: which of them applies, and in which words.  The others
 * are shown on routers.
 *
 * Peer a is a hub that is certified for nothing and the next hop of all; b and
 * c are members.
 */
#include "frr-wgd/tests/fake_device.h"

#include "vrf.h"

#include "frr-wgd/show/wgd_cause.h"

#define IFINDEX 5

static struct wgd_if *wif;
static struct fake_kernel kernel;

static struct wg_peer *member(const char *name, uint8_t n, const char *certified,
			      const char *announced)
{
	struct wg_peer *peer = wg_peer_new(wif->dev, name);
	struct wg_addr addr = {AF_INET, {10, 99, 0, n}};
	struct wg_key key = glue_key(n);
	struct wg_certified one = {};
	struct wg_certificate cert = {n, &one, certified ? 1 : 0};
	struct wg_prefix p = {};

	assert_int_equal(wg_peer_set_key(peer, &key), 0);
	assert_int_equal(wg_peer_add_address(peer, &addr, NULL), 0);
	if (certified)
		one = (struct wg_certified){prefix_of(certified), 24};
	assert_int_equal(wg_peer_set_certificate(peer, &cert), 0);
	if (announced)
		p = prefix_of(announced);
	assert_int_equal(wg_peer_set_announced(peer, &p, announced ? 1 : 0), 0);
	wg_peer_set_live(peer, true);
	return peer;
}

static void route(const char *prefix, uint8_t via)
{
	struct wg_nexthop nh = {{AF_INET, {10, 99, 0, via}}, IFINDEX, 1};
	struct wg_prefix p = prefix_of(prefix);

	assert_int_equal(wg_route_update(wgd.core, VRF_DEFAULT, &p,
					 ZEBRA_ROUTE_BGP, &nh, 1),
			 0);
}

static int setup(void **state)
{
	glue_setup(state);
	memset(&kernel, 0, sizeof(kernel));
	kernel.can_remove = true;
	wif = wgd_if_new("wg0");
	wif->state = WGD_IF_SYNCED;
	wg_dev_set_can_remove(wif->dev, true);
	wg_dev_set_link(wif->dev, VRF_DEFAULT, IFINDEX);
	member("a", 1, NULL, NULL);
	fk_read(&kernel, wif->dev, false);
	return 0;
}

static int teardown(void **state)
{
	wgd_if_delete(wif);
	return glue_teardown(state);
}

/* The first rung up to 10 that applies to the address; false: none. */
static bool find(const char *address, bool run, struct wgd_cause *ret)
{
	struct wgd_words w = {.ifname = "wg0", .owner = ""};
	struct wgd_facts f = {.addr = addr_of(address), .wif = wif};
	const wgd_rung *rung = wgd_cause_route_rungs;

	wg_core_settle(wgd.core);
	if (run)
		fk_run(&kernel, wif->dev, 64);
	f.has_link = f.way.known = f.way.there = true;
	f.link.flags = IFF_UP;
	f.way.fib.ifindex = IFINDEX;
	f.has_route = wg_route_lookup(wif->dev, &f.addr, &f.route);
	f.has_entry = wg_entry_lookup(wif->dev, &f.addr, true, &f.entry);
	f.has_decided = wg_entry_lookup(wif->dev, &f.addr, false, &f.decided);
	if (f.has_entry) {
		f.owner = f.entry.acked;
		w.owner = wg_peer_name(f.owner);
		wg_prefix_str(&f.entry.prefix, w.entry);
	}
	wg_addr_str(&f.addr, w.addr);
	wg_prefix_str(&f.route.prefix, w.route);
	memset(ret, 0, sizeof(*ret));
	ret->dropped = true;
	while (*rung && !(*rung)(&f, &w, ret))
		rung++;
	return *rung;
}

static void test_of_nobody(void **state)
{
	struct wgd_cause c;

	member("b", 2, "10.1.0.0/16", NULL);
	route("10.1.0.0/16", 1);
	assert_true(find("10.1.2.3", true, &c));
	assert_string_equal(c.name, "denied-by-certificate");
	assert_string_equal(c.reason,
			    "10.1.0.0/16 leads to peer a, whose certificate does not cover it, and no live member that is certified for it announces it");
	assert_true(c.dropped);
	assert_int_equal(c.n_tries, 2);
	assert_string_equal(c.tries[0],
			    "which member has 10.1.0.0/16? Is it there, does it announce that, and does its certificate have it, and one so long?");
	assert_string_equal(c.tries[1],
			    "show ip route 10.1.2.3: if no member has it, who announces it?");
}

/* What covers it is certified as well: packets arrive. */
static void test_falls(void **state)
{
	struct wgd_cause c;

	member("b", 2, "10.1.0.0/16", "10.1.0.0/16");
	route("10.1.0.0/16", 1);
	route("10.1.2.128/25", 1);
	assert_false(find("10.1.2.3", true, &c));
	assert_true(find("10.1.2.129", true, &c));
	assert_string_equal(c.name, "denied-by-certificate");
	assert_string_equal(c.reason,
			    "10.1.2.128/25 leads to peer a, whose certificate does not cover it, and no live member that is certified for it announces it; packets fall to peer b, which has 10.1.0.0/16");
	assert_false(c.dropped);
}

/* That the next hop is not the owner is no fault where certificates say so. */
static void test_given(void **state)
{
	struct wgd_cause c;

	member("b", 2, "10.1.0.0/16", "10.1.0.0/16");
	route("10.1.0.0/16", 1);
	assert_true(find("10.1.2.3", false, &c));
	assert_string_equal(c.name, "pending");
	assert_false(find("10.1.2.3", true, &c));
}

static bool permits_none(const void *arg, const struct wg_prefix *p)
{
	return false;
}

static void test_announcer_is_filtered(void **state)
{
	struct wg_filter filter = {permits_none, NULL};
	struct wgd_cause c;

	wg_peer_set_filter(member("b", 2, "10.1.0.0/16", "10.1.0.0/16"),
			   AF_INET, filter);
	member("c", 3, "10.0.0.0/8", NULL);
	route("10.1.0.0/16", 3);
	assert_true(find("10.1.2.3", true, &c));
	assert_string_equal(c.name, "denied-by-certificate");
	assert_string_equal(c.reason,
			    "10.1.0.0/16 leads to peer c, though another member announces a longer prefix, and peer b, which announces it, may not have it by its own prefix-list or maximum-prefix");
	assert_int_equal(c.n_tries, 1);
	assert_string_equal(c.tries[0],
			    "interface wg0: prefix-list and maximum-prefix of peer b");
}

/* A static that has what the next hop should have is one, as ever. */
static void test_static(void **state)
{
	struct wg_prefix p = prefix_of("10.1.2.0/24");
	struct wgd_cause c;

	member("b", 2, "10.1.0.0/16", "10.1.0.0/16");
	assert_int_equal(wg_peer_add_static(member("c", 3, NULL, NULL), &p,
					    NULL),
			 0);
	route("10.1.0.0/16", 1);
	assert_true(find("10.1.2.3", true, &c));
	assert_string_equal(c.name, "owned-by-another-peer");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_of_nobody),
		CASE(test_falls),
		CASE(test_given),
		CASE(test_announcer_is_filtered),
		CASE(test_static),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
