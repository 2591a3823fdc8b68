// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way to the endpoints: what is held and let go of, which way it is, and
 * the mark for who has none.
 */
#include "frr-wgd/tests/glue.h"

#include "vrf.h"

#include "frr-wgd/underlay/wgd_policy.h"
#include "frr-wgd/underlay/wgd_underlay.h"

#define TUNNEL 7 /* ifindex */
#define OUTSIDE 3

static struct wgd_if *wif;
static struct wgd_endpoint a, b;
static bool is_on; /* our rules route what is encrypted */
static unsigned written;
static struct interface outside;

struct interface *if_lookup_by_index(ifindex_t ifindex, vrf_id_t vrf_id)
{
	return ifindex == OUTSIDE ? &outside : NULL;
}

bool wgd_policy_is_on(const struct wgd_if *i, uint8_t family)
{
	return is_on;
}

void wgd_policy_route(const struct wg_underlay_route *route)
{
	written++;
}

void wgd_policy_link_changed(void)
{
}

static int setup(void **state)
{
	glue_setup(state);
	is_on = true;
	written = 0;
	memset(&outside, 0, sizeof(outside));
	wif = wgd_if_new("wg0");
	wgd_underlay_new_if(wif);
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	wgd_underlay_add(&a, wif, "a");
	wgd_underlay_add(&b, wif, "b");
	wg_dev_set_link(wif->dev, VRF_DEFAULT, TUNNEL);
	return 0;
}

static int teardown(void **state)
{
	wgd_underlay_remove(&a);
	wgd_underlay_remove(&b);
	assert_null(wif->under->endpoints);
	wgd_underlay_forget_if(wif);
	wgd_if_delete(wif);
	return glue_teardown(state);
}

/* The next wish to track or to forget; NULL: none. */
static const char *wish(void)
{
	static char text[64];
	struct wg_gateway_want want;
	char addr[WG_ADDR_STRLEN];

	if (!wg_gateway_next(wgd.core, &want))
		return NULL;
	snprintf(text, sizeof(text), "%s %s", want.want ? "track" : "forget",
		 wg_addr_str(&want.gateway, addr));
	return text;
}

static bool is_forgotten(void)
{
	const char *text;
	bool forgotten = false;

	while ((text = wish()))
		forgotten |= *text == 'f';
	return forgotten;
}

static struct wg_endpoint at(const char *addr)
{
	return (struct wg_endpoint){.addr = addr_of(addr), .port = 51820};
}

/* zebra says how the address is reached. */
static void way_is(const char *addr, const char *prefix, uint32_t ifindex)
{
	struct wg_nexthop nh = {.ifindex = ifindex};
	struct wg_way way = {
		.prefix = prefix_of(prefix), .nh = &nh, .n_nh = 1};
	struct wg_addr to = addr_of(addr);

	wg_underlay_route(wgd.underlay, &way.prefix, &nh, 1);
	wg_underlay_told(wgd.underlay, &to, &way);
	wgd_underlay_settle();
}

static void test_held(void **state)
{
	struct wg_endpoint none = {}, one = at("192.0.2.1"),
			   two = at("192.0.2.2");

	wgd_underlay_at(&a, &none, &one);
	assert_string_equal(wish(), "track 192.0.2.1");
	/* it roamed: both are held */
	wgd_underlay_at(&a, &two, &one);
	assert_string_equal(wish(), "track 192.0.2.2");
	assert_null(wish());
	/* two peers, one address: once */
	wgd_underlay_at(&b, &one, &none);
	assert_false(is_forgotten());
	wgd_underlay_at(&a, &two, &none);
	assert_false(is_forgotten());
	wgd_underlay_at(&b, &none, &none);
	assert_string_equal(wish(), "forget 192.0.2.1");
	wgd_underlay_expect(&b, &one);
	assert_string_equal(wish(), "track 192.0.2.1");
	wgd_underlay_expect(&b, NULL);
	assert_string_equal(wish(), "forget 192.0.2.1");
	/* the operator's rules route it: it is nobody's business here */
	is_on = false;
	wgd_underlay_if(wif);
	assert_string_equal(wish(), "forget 192.0.2.2");
	is_on = true;
	wgd_underlay_if(wif);
	assert_string_equal(wish(), "track 192.0.2.2");
}

static void test_members(void **state)
{
	wif->conf.group.n_members = 1;
	wif->conf.group.members[0].addr = addr_of("198.51.100.2");
	wgd_underlay_if(wif);
	assert_string_equal(wish(), "track 198.51.100.2");
	wif->conf.group.n_members = 0;
	wgd_underlay_if(wif);
	assert_string_equal(wish(), "forget 198.51.100.2");
}

static void test_path(void **state)
{
	static const struct wg_way nowhere;
	struct wg_endpoint none = {}, one = at("192.0.2.1");

	wgd_underlay_at(&a, &one, &none);
	assert_int_equal(a.path, WG_REACH_UNKNOWN);
	wg_underlay_told(wgd.underlay, &one.addr, &nowhere);
	wgd_underlay_settle();
	assert_int_equal(a.path, WG_REACH_NONE);
	assert_true(wif->under->no_way);
	wif->under->no_way = false;
	way_is("192.0.2.1", "192.0.2.0/24", OUTSIDE);
	assert_int_equal(a.path, WG_REACH_OUTSIDE);
	assert_true(written > 0);
	assert_false(wif->under->no_way);
	/* a better route leads into the tunnel: by the table, as before */
	way_is("192.0.2.1", "192.0.2.1/32", TUNNEL);
	assert_int_equal(a.path, WG_REACH_MARKED);
	assert_false(a.inside);
}

static void test_inside(void **state)
{
	struct wg_endpoint none = {}, one = at("192.0.2.1");
	const struct interface *link;

	wgd_underlay_settle();
	wgd_underlay_at(&a, &one, &none);
	way_is("192.0.2.1", "192.0.2.0/24", TUNNEL);
	assert_int_equal(a.path, WG_REACH_INSIDE);
	assert_true(a.inside);
	assert_int_equal(wgd_underlay_mtu(wif, &link), WGD_MTU_DEFAULT);
	assert_null(link);
}

/* A packet fits into one envelope, and in a mesh into two. */
static void test_mtu(void **state)
{
	static const struct {
		int outside;
		unsigned wanted, in_mesh;
	} links[] = {
		{9000, 1420, 1340}, {1500, 1420, 1340}, {1499, 1419, 1339},
		{1492, 1412, 1332}, {1440, 1360, 1280}, {1439, 1359, 1280},
		{1360, 1280, 1280}, {1280, 1280, 1280},
	};
	struct wg_endpoint none = {}, one = at("192.0.2.1");
	const struct interface *link;
	unsigned i, in_mesh, mtu;

	wgd_underlay_settle();
	wgd_underlay_at(&a, &one, &none);
	way_is("192.0.2.1", "192.0.2.0/24", OUTSIDE);
	for (in_mesh = 0; in_mesh < 2; in_mesh++) {
		wgd_str_set(&wif->conf.mesh.name, in_mesh ? "acme" : NULL);
		for (i = 0; i < array_size(links); i++) {
			outside.mtu = links[i].outside;
			mtu = in_mesh ? links[i].in_mesh : links[i].wanted;
			assert_int_equal(wgd_underlay_mtu(wif, &link), mtu);
			assert_ptr_equal(link, outside.mtu < 1500 ? &outside
								  : NULL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_members, setup, teardown),
		cmocka_unit_test_setup_teardown(test_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mtu, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
