// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wireguard mesh routes: of each prefix the route that zebra has is by the live
 * member with the lowest number, at its present address, whatever happened
 * before; and each change is told once.
 */
#include "frr-wgd/tests/glue.h"

#include "vrf.h"

#include "frr-wgd/mesh/wgd_mesh_routes.h"
#include "frr-wgd/zebra/wgd_graceful.h"
#include "frr-wgd/zebra/wgd_zebra.h"

#define IFINDEX 5
#define MEMBERS 2

static struct wgd_if *wif;
static struct wgd_link link_;
static struct wgd_mesh mesh;
static struct wgd_mesh_member members[MEMBERS];
static struct wgd_mesh_member *in_order[MEMBERS];
static struct wgd_peer peers[MEMBERS];

/* zebra: one route a prefix and VRF; another next hop replaces the former. */
static struct route {
	struct wgd_zebra_route is;
	struct wg_nexthop nh;
	bool there;
} routes[8];
static unsigned told;

struct zclient *wgd_zebra_client(void)
{
	return (struct zclient *)routes;
}

bool wgd_zebra_is_away(void)
{
	return false;
}

void wgd_graceful_keep(struct zclient *zc, vrf_id_t vrf)
{
}

void wgd_zebra_route(struct zclient *zc, const struct wgd_zebra_route *r,
		     const struct wg_nexthop *nh, size_t n)
{
	size_t i;

	for (i = 0;
	     routes[i].is.distance && (routes[i].is.vrf != r->vrf ||
				       !wg_prefix_same(&routes[i].is.prefix,
						       &r->prefix));
	     i++)
		assert_true(i + 1 < array_size(routes));
	assert_true(n || routes[i].there);
	routes[i] = (struct route){.is = *r, .nh = *nh, .there = n};
	told++;
}

/* zebra has the route by that gateway; NULL: has none.  N were told since. */
static void expect_in(vrf_id_t vrf, const char *prefix, const char *gateway,
		      unsigned n)
{
	struct wg_prefix p = prefix_of(prefix);
	const struct route *r;
	struct wg_addr gw;

	wgd_mesh_routes(&mesh);
	assert_int_equal(told, n);
	for (r = routes; r < routes + array_size(routes); r++) {
		if (!r->there || r->is.vrf != vrf ||
		    !wg_prefix_same(&r->is.prefix, &p))
			continue;
		assert_non_null(gateway);
		gw = addr_of(gateway);
		assert_true(wg_addr_same(&r->nh.gateway, &gw));
		assert_int_equal(r->nh.ifindex, link_.ifindex);
		assert_int_equal(r->is.type, ZEBRA_ROUTE_HSLS);
		told = 0;
		return;
	}
	assert_null(gateway);
	told = 0;
}

static void expect(const char *prefix, const char *gateway, unsigned n)
{
	expect_in(VRF_DEFAULT, prefix, gateway, n);
}

static void announces(unsigned i, const char *prefix)
{
	XFREE(MTYPE_TMP, members[i].announced);
	members[i].n_announced = prefix ? 1 : 0;
	if (!prefix)
		return;
	members[i].announced = XCALLOC(MTYPE_TMP, sizeof(struct wg_prefix));
	*members[i].announced = prefix_of(prefix);
}

/* Certified for all of 192.168.0.0/16. */
static void add(unsigned i)
{
	struct wg_certified one = {prefix_of("192.168.0.0/16"), 24};
	struct wg_certificate cert = {i + 1, &one, 1};
	char name[] = {'a' + i, '\0'};
	struct wg_key key = glue_key(i + 1);

	memset(&members[i], 0, sizeof(members[i]));
	peers[i].peer = wg_peer_new(wif->dev, name);
	assert_int_equal(wg_peer_set_key(peers[i].peer, &key), 0);
	assert_int_equal(wg_peer_set_certificate(peers[i].peer, &cert), 0);
	members[i].number = i + 1;
	members[i].peer = &peers[i];
	members[i].connected = true;
	members[i].addresses[members[i].n_addresses++] =
		(struct wg_addr){AF_INET, {10, 99, 0, i + 1}};
	in_order[i] = &members[i];
}

static int setup(void **state)
{
	unsigned i;

	glue_setup(state);
	memset(routes, 0, sizeof(routes));
	told = 0;
	wif = wgd_if_new("wg0");
	link_ = (struct wgd_link){.ifindex = IFINDEX};
	wif->link = &link_;
	wif->conf.mesh.routes = true;
	wg_dev_set_link(wif->dev, VRF_DEFAULT, IFINDEX);
	for (i = 0; i < MEMBERS; i++)
		add(i);
	mesh = (struct wgd_mesh){
		.wif = wif,
		.members = in_order,
		.n_members = MEMBERS,
	};
	return 0;
}

static int teardown(void **state)
{
	unsigned i;

	wgd_mesh_routes_end(&mesh);
	for (i = 0; i < array_size(routes); i++)
		assert_false(routes[i].there);
	for (i = 0; i < MEMBERS; i++)
		announces(i, NULL);
	wif->link = NULL;
	wgd_if_delete(wif);
	return glue_teardown(state);
}

static void test_told_once(void **state)
{
	announces(0, "192.168.1.0/24");
	expect("192.168.1.0/24", "10.99.0.1", 1);
	expect("192.168.1.0/24", "10.99.0.1", 0);
	announces(0, "192.168.2.0/24");
	expect("192.168.2.0/24", "10.99.0.1", 2);
	expect("192.168.1.0/24", NULL, 0);
	announces(0, "10.1.0.0/16"); /* not certified */
	expect("10.1.0.0/16", NULL, 1);
}

static void test_another_address(void **state)
{
	announces(0, "192.168.1.0/24");
	expect("192.168.1.0/24", "10.99.0.1", 1);
	members[0].addresses[0].b[3] = 33;
	expect("192.168.1.0/24", "10.99.0.33", 1);
	members[0].n_addresses = 0;
	expect("192.168.1.0/24", NULL, 1);
}

/* Two are certified for one prefix, in either order of coming and going. */
static void test_two_announce(void **state)
{
	unsigned i;

	for (i = 0; i < MEMBERS; i++)
		announces(i, "192.168.1.0/24");
	expect("192.168.1.0/24", "10.99.0.1", 1);
	members[0].connected = false;
	expect("192.168.1.0/24", "10.99.0.2", 1);
	members[0].connected = true;
	expect("192.168.1.0/24", "10.99.0.1", 1);
	members[1].connected = false;
	expect("192.168.1.0/24", "10.99.0.1", 0);
	members[0].connected = false;
	expect("192.168.1.0/24", NULL, 1);
	members[1].connected = true;
	expect("192.168.1.0/24", "10.99.0.2", 1);
}

static void test_another_link(void **state)
{
	announces(0, "192.168.1.0/24");
	expect("192.168.1.0/24", "10.99.0.1", 1);
	link_.ifindex++;
	wg_dev_set_link(wif->dev, VRF_DEFAULT, link_.ifindex);
	expect("192.168.1.0/24", "10.99.0.1", 1);
	wg_dev_set_link(wif->dev, VRF_DEFAULT + 7, link_.ifindex);
	expect("192.168.1.0/24", NULL, 2);
	expect_in(VRF_DEFAULT + 7, "192.168.1.0/24", "10.99.0.1", 0);
	link_.ifindex = 0;
	expect_in(VRF_DEFAULT + 7, "192.168.1.0/24", NULL, 1);
}

/* zebra went, and has nothing. */
static void test_lost(void **state)
{
	announces(0, "192.168.1.0/24");
	expect("192.168.1.0/24", "10.99.0.1", 1);
	wgd_mesh_routes_lost(&mesh);
	memset(routes, 0, sizeof(routes));
	expect("192.168.1.0/24", "10.99.0.1", 1);
	wif->conf.mesh.routes = false;
	expect("192.168.1.0/24", NULL, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_told_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_another_address, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_two_announce, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_another_link, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
