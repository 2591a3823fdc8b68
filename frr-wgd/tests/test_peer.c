// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The peer room: addresses and keys that move between peers, what a peer is on
 * the device, and which of them are announced.
 */
#include "frr-wgd/tests/fake_device.h"

#include "vrf.h"

#include "frr-wgd/peer/wgd_announce.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/peer/wgd_peer_conf.h"
#include "frr-wgd/zebra/wgd_table.h"

static struct wgd_if *wif;
static int claims; /* of all prefixes */

void wgd_table_claim(struct wgd_claim *c, uint8_t instance, vrf_id_t vrf,
		     const struct wg_prefix *p, uint32_t ifindex)
{
	claims++;
}

void wgd_table_release(struct wgd_claim *c)
{
	claims--;
}

void wgd_table_keep(uint8_t instance, vrf_id_t vrf)
{
}

void wgd_table_settle(void)
{
}

bool wgd_table_next_ripe(uint8_t *ret_instance)
{
	return false;
}

void wgd_table_delete(uint8_t instance, vrf_id_t vrf, const struct wg_prefix *p)
{
}

void wgd_table_drop_old(uint8_t instance)
{
}

static int setup(void **state)
{
	glue_setup(state);
	fake_device_reset();
	claims = 0;
	wif = wgd_if_new("wg0");
	wgd_device_new(wif);
	wgd_attach_new(wif);
	wgd_underlay_new_if(wif);
	wif->conf.announce_table = 7;
	wg_dev_set_link(wif->dev, VRF_DEFAULT, 5);
	return 0;
}

static int teardown(void **state)
{
	struct wgd_peer *p;

	while ((p = wgd_peer_first(wif)))
		wgd_peer_delete(p);
	assert_int_equal(claims, 0);
	wgd_underlay_forget_if(wif);
	wgd_device_delete(wif);
	wgd_attach_delete(wif);
	wgd_if_delete(wif);
	return glue_teardown(state);
}

struct want {
	unsigned key; /* 0: none */
	const char *address;
};

/* All peers become what is wanted, in one commit. */
static void commit(const struct want *want, size_t n)
{
	static const char *const names[] = {"a", "b", "c"};
	struct wgd_peer_conf conf[3] = {};
	struct wg_addr addr[3];
	size_t i;

	for (i = 0; i < n; i++) {
		conf[i].has_key = want[i].key;
		conf[i].key = glue_key(want[i].key);
		conf[i].announce = true;
		conf[i].keepalive = 25;
		conf[i].host = "192.0.2.1";
		conf[i].port = 51820;
		conf[i].addresses = &addr[i];
		conf[i].n_addresses = want[i].address != NULL;
		if (want[i].address)
			addr[i] = addr_of(want[i].address);
	}
	for (i = 0; i < n; i++)
		wgd_peer_withdraw(wgd_peer_find(wif, names[i])
					  ?: wgd_peer_get(wif, names[i]),
				  &conf[i]);
	for (i = 0; i < n; i++)
		wgd_peer_configure(wgd_peer_find(wif, names[i]), &conf[i]);
}

static bool is(const char *name, unsigned key, const char *address)
{
	struct wgd_peer *p = wgd_peer_find(wif, name);
	struct wg_key want = glue_key(key);
	struct wg_addr addr;

	if (key ? !wg_key_same(wg_peer_key(p->peer), &want)
		: !wg_key_is_zero(wg_peer_key(p->peer)))
		return false;
	if (!address)
		return p->conf.n_addresses == 0;
	addr = addr_of(address);
	return p->conf.n_addresses == 1 && wg_addr_same(&p->conf.addresses[0], &addr);
}

/* Keys and addresses change hands, in each order of three peers. */
static void test_moves(void **state)
{
	const struct want from[3] = {
		{1, "10.0.0.1"}, {2, "10.0.0.2"}, {3, "10.0.0.3"}};
	static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static const char *const names[] = {"a", "b", "c"};
	struct want to[3];
	size_t i, k;

	for (i = 0; i < array_size(orders); i++) {
		commit(from, 3);
		for (k = 0; k < 3; k++)
			to[k] = from[orders[i][k]];
		commit(to, 3);
		for (k = 0; k < 3; k++)
			assert_true(is(names[k], to[k].key, to[k].address));
	}
	/* a key that is given up and not taken by another */
	to[0] = (struct want){0, NULL};
	commit(to, 1);
	assert_true(is("a", 0, NULL));
}

static void test_secret(void **state)
{
	struct wg_addr addr = addr_of("10.0.0.1");
	struct wgd_peer_conf conf = {.key = glue_key(1),
				     .has_key = true,
				     .psk_file = "/etc/frr/psk",
				     .addresses = &addr,
				     .n_addresses = 1};
	struct wgd_peer *p = wgd_peer_get(wif, "a");

	fake_device.key = -EACCES;
	wgd_peer_configure(p, &conf);
	assert_true(p->psk_broken);
	assert_true(is("a", 0, "10.0.0.1"));
	assert_int_equal(wg_peer_state(p->peer), WG_PEER_INCOMPLETE);
	wgd_peer_check_secret(p);
	assert_false(p->psk_broken);
	assert_true(is("a", 1, "10.0.0.1"));
}

static void shakes_hands(struct wgd_peer *p)
{
	struct wg_event ev = {.rx_bytes = p->seen.rx_bytes + 100,
			      .tx_bytes = p->seen.tx_bytes + 100,
			      .handshake = time(NULL)};

	wgd_peer_seen(p, &ev);
	wgd_live_seen(p->live, &ev);
}

static void test_announced(void **state)
{
	const struct want one = {1, "10.0.0.1"};
	struct wgd_peer *p;

	commit(&one, 1);
	p = wgd_peer_find(wif, "a");
	assert_int_equal(claims, 0);
	shakes_hands(p);
	assert_int_equal(wg_peer_state(p->peer), WG_PEER_UP);
	assert_int_equal(claims, 1);
	assert_int_equal(wgd_announce_count(p), 1);
	/* a gateway group says who serves it, whatever its state is */
	p->instead.on = true;
	wgd_announce_peer(p, false);
	assert_int_equal(claims, 0);
	p->instead.serves = true;
	wgd_announce_peer(p, false);
	assert_int_equal(claims, 1);
	/* the link is gone */
	wg_dev_set_link(wif->dev, VRF_DEFAULT, 0);
	wgd_announce_if(wif);
	assert_int_equal(claims, 0);
}

static void test_instead(void **state)
{
	const struct want one = {1, "10.0.0.1"};
	const struct wg_peer_conf *conf;
	struct wgd_peer *p;

	commit(&one, 1);
	p = wgd_peer_find(wif, "a");
	conf = wg_peer_conf(p->peer);
	assert_int_equal(conf->keepalive, 25);
	assert_int_equal(conf->endpoint.port, 51820);
	p->instead.on = true;
	wgd_peer_push(p);
	conf = wg_peer_conf(p->peer);
	assert_int_equal(conf->keepalive, 0);
	assert_int_equal(conf->endpoint.addr.family, AF_UNSPEC);
	p->instead.calls = true;
	wgd_peer_push(p);
	assert_int_equal(wg_peer_conf(p->peer)->keepalive, 1);
	p->instead.serves = true;
	wgd_peer_push(p);
	assert_int_equal(wg_peer_conf(p->peer)->keepalive, 25);
}

/* The only peer that may be meant to stay so: in a mesh others come. */
static void test_alone(void **state)
{
	static const struct want one = {1, "10.0.0.1"};

	assert_null(wgd_peer_alone(wif));
	commit(&one, 1);
	assert_ptr_equal(wgd_peer_alone(wif), wgd_peer_find(wif, "a"));
	wgd_str_set(&wif->conf.mesh.name, "acme");
	assert_null(wgd_peer_alone(wif));
	wgd_str_set(&wif->conf.mesh.name, NULL);
	wgd_peer_get(wif, "b");
	assert_null(wgd_peer_alone(wif));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(test_announced, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_instead, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
