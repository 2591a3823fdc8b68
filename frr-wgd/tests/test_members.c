// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Members of a mesh become peers: as soon as all is there that they need, in
 * whatever order it came, and as soon as nothing is in their way any more.
 */
#include "frr-wgd/tests/fake_device.h"

#include "vrf.h"

#include "frr-wgd/mesh/wgd_members.h"
#include "frr-wgd/peer/wgd_announce.h"
#include "frr-wgd/peer/wgd_peer_conf.h"
#include "frr-wgd/zebra/wgd_table.h"
#include "lib/backend/wg_keys.h"
#include "lib/core/wg_item_writer.h"
#include "lib/core/wg_relay.h"

/* Who has a key, beside the members with their numbers. */
enum { AUTHORITY = 200, RECOVERY, WG = 100 /* and the member's number */ };

#define OURS 9

static struct wgd_mesh mesh;
static struct wgd_self self;
static struct wgd_if *wif;
static uint8_t item[WG_ITEM_MAX];
static struct wg_item_writer w;

/* --- what is below */

void wgd_table_claim(struct wgd_claim *c, uint8_t instance, vrf_id_t vrf,
		     const struct wg_prefix *p, uint32_t ifindex)
{
}

void wgd_table_release(struct wgd_claim *c)
{
}

/* --- items */

static void key_of(uint8_t who, struct wg_sign_key *ret)
{
	const uint8_t seed[WG_KEY_LEN] = {who, 1};

	wg_sign_of_seed(seed, ret);
}

static void add_key(uint8_t type, uint8_t who)
{
	struct wg_sign_key key;

	key_of(who, &key);
	wg_item_add_bytes(&w, type, wg_sign_public(&key), WG_KEY_LEN);
}

static void sign(uint8_t type, uint8_t who)
{
	struct wg_sign_key key;

	key_of(who, &key);
	wg_sign_item(item, type, &key);
}

static void begin(uint8_t kind)
{
	wg_item_begin(&w, kind, item, sizeof(item));
	wg_item_add_bytes(&w, WG_ITEM_MESH, self.mesh.mesh, WG_ITEM_MESH_LEN);
}

/* The authority or a member signs it, and it comes to us. */
static bool come(uint8_t who)
{
	const struct wgd_map_item in = {
		.b = item, .len = w.len, .from = "a test"};

	sign(WG_ITEM_SIGNATURE, who);
	return wgd_map_take(mesh.map, &in) == WG_EXCHANGE_PUT;
}

/* Of a member whose identity is IDENTITY; HUB: its number as one. */
static void certificate(uint8_t member, uint32_t serial, uint8_t identity,
			uint8_t hub)
{
	const struct wg_item_value address = {
		.type = WG_ITEM_ADDRESS4,
		.address = {{AF_INET, {10, 99, 0, member}}, 16}};
	const struct wg_item_value prefix = {
		.type = WG_ITEM_PREFIX4,
		.prefix = {{AF_INET, 24, {192, 168, member}}, 24}};
	const uint8_t name[] = {'m', '0' + member};

	begin(WG_ITEM_IS_CERTIFICATE);
	wg_item_add_number(&w, WG_ITEM_MEMBER, member);
	wg_item_add_number(&w, WG_ITEM_SERIAL, serial);
	add_key(WG_ITEM_KEY, identity);
	wg_item_add_bytes(&w, WG_ITEM_NAME, name, sizeof(name));
	wg_item_add_number(&w, WG_ITEM_FROM, 0);
	wg_item_add_number(&w, WG_ITEM_UNTIL, (uint64_t)1 << 40);
	wg_item_add_number(&w, WG_ITEM_FLAGS, hub ? WG_ITEM_FLAG_HUB : 0);
	if (hub)
		wg_item_add_number(&w, WG_ITEM_HUB_NUMBER, hub);
	wg_item_add(&w, &address);
	wg_item_add(&w, &prefix);
	wg_item_add_number(&w, WG_ITEM_LIST, 0);
	assert_int_equal(wg_item_end(&w, NULL), 0);
	assert_true(come(AUTHORITY));
}

/* Beside that: where nobody can be, in the record that is made next. */
static bool says_nonsense;

/* KEY: of WireGuard.  HOST: where it is, the last byte; 0: it does not say. */
static void record_by(uint8_t member, uint64_t sequence, uint8_t identity,
		      uint8_t key, uint8_t host)
{
	const struct wg_item_value relay = {
		.type = WG_ITEM_ENDPOINT6,
		.endpoint = {.port = 51820,
			     .addr = wg_relay_addr(mesh.relay_hash, 1,
						   member)}};
	static const char crowd[] = "224.0.0.1";
	const struct wg_item_value name = {
		.type = WG_ITEM_ENDPOINT_NAME,
		.endpoint = {.port = 51820,
			     .host = {(const uint8_t *)crowd,
				      sizeof(crowd) - 1}}};
	const struct wg_item_value at = {
		.type = WG_ITEM_ENDPOINT4,
		.endpoint = {.port = 51820,
			     .addr = {AF_INET, {198, 51, 100, host}}}};
	const struct wg_item_value announced = {
		.type = WG_ITEM_ANNOUNCED4,
		.announced.prefix = {AF_INET, 24, {192, 168, member}}};

	begin(WG_ITEM_IS_RECORD);
	wg_item_add_number(&w, WG_ITEM_MEMBER, member);
	wg_item_add_number(&w, WG_ITEM_SEQUENCE, sequence);
	add_key(WG_ITEM_WG_KEY, key);
	wg_item_add_number(&w, WG_ITEM_PORT, 51820);
	if (host)
		wg_item_add(&w, &at);
	if (says_nonsense) {
		wg_item_add(&w, &relay);
		wg_item_add(&w, &name);
	}
	says_nonsense = false;
	wg_item_add(&w, &announced);
	assert_int_equal(wg_item_end(&w, NULL), 0);
	sign(WG_ITEM_BY_WG_KEY, key);
	assert_true(come(identity));
}

static void record(uint8_t member, uint64_t sequence, uint8_t identity,
		   uint8_t host)
{
	record_by(member, sequence, identity, WG + identity, host);
}

static void list(uint32_t number)
{
	begin(WG_ITEM_IS_LIST);
	wg_item_add_number(&w, WG_ITEM_TIME, 1000);
	wg_item_add_number(&w, WG_ITEM_LIST, number);
	wg_item_add_number(&w, WG_ITEM_DUE, 2000);
	assert_int_equal(wg_item_end(&w, NULL), 0);
	assert_true(come(AUTHORITY));
}

/* At the door of a hub: where it let us in. */
static void door(uint8_t member, uint64_t sequence, uint8_t identity,
		 const char *host)
{
	struct wgd_mesh_at at = {.port = 51820};

	begin(WG_ITEM_IS_DOOR_RECORD);
	wg_item_add_number(&w, WG_ITEM_MEMBER, member);
	wg_item_add_number(&w, WG_ITEM_SEQUENCE, sequence);
	add_key(WG_ITEM_WG_KEY, WG + identity);
	wg_item_add_number(&w, WG_ITEM_PORT, 51820);
	assert_int_equal(wg_item_end(&w, NULL), 0);
	sign(WG_ITEM_BY_WG_KEY, WG + identity);
	sign(WG_ITEM_SIGNATURE, identity);
	strlcpy(at.host, host, sizeof(at.host));
	wgd_members_met(&mesh, member, item, &at);
}

/* --- */

static int setup(void **state)
{
	struct wg_sign_key key;

	glue_setup(state);
	fake_device_reset();
	assert_int_equal(wg_keys_init(), 0);
	wif = wgd_if_new("wg0");
	wgd_device_new(wif);
	wgd_attach_new(wif);
	wgd_underlay_new_if(wif);
	wg_dev_set_link(wif->dev, VRF_DEFAULT, 5);
	memset(&self, 0, sizeof(self));
	self.number = OURS;
	self.mesh.maximum = 100;
	memset(self.mesh.mesh, 0xd0, sizeof(self.mesh.mesh));
	key_of(AUTHORITY, &key);
	memcpy(self.mesh.first, wg_sign_public(&key), WG_KEY_LEN);
	key_of(RECOVERY, &key);
	memcpy(self.mesh.recovery, wg_sign_public(&key), WG_KEY_LEN);
	memset(&mesh, 0, sizeof(mesh));
	mesh.wif = wif;
	mesh.self = &self;
	mesh.map = wgd_map_new("/nonexistent/items", &self.mesh, &mesh.drops);
	wif->mesh = &mesh;
	return 0;
}

static int teardown(void **state)
{
	wgd_members_finish(&mesh);
	wgd_map_delete(&mesh.map);
	wif->mesh = NULL;
	while (wgd_peer_first(wif))
		wgd_peer_delete(wgd_peer_first(wif));
	wgd_underlay_forget_if(wif);
	wgd_device_delete(wif);
	wgd_attach_delete(wif);
	wgd_if_delete(wif);
	return glue_teardown(state);
}

static enum wgd_mesh_refused refused(uint8_t member)
{
	wgd_members_update(&mesh);
	return wgd_mesh_member(&mesh, member)->refused;
}

static bool is_peer(const char *name)
{
	struct wgd_peer *p = wgd_peer_find(wif, name);

	return p && p->conf.has_key;
}

/* Lists come last, and what came before them waits for one. */
static void test_list_last(void **state)
{
	certificate(1, 10, 1, 0);
	record(1, 1, 1, 0);
	assert_int_equal(refused(1), WGD_MESH_NO_LIST);
	assert_false(is_peer("m1"));
	list(1);
	assert_int_equal(refused(1), WGD_MESH_PEER);
	assert_true(is_peer("m1"));
}

/* A name that the operator has for another peer, and then no more. */
static void test_name_given_back(void **state)
{
	struct wgd_peer_conf conf = {.has_key = true, .key = glue_key(7)};
	struct wgd_peer *p = wgd_peer_get(wif, "m1");

	wgd_peer_configure(p, &conf);
	list(1);
	certificate(1, 10, 1, 0);
	record(1, 1, 1, 0);
	assert_int_equal(refused(1), WGD_MESH_NAME_IN_USE);
	wgd_peer_delete(p);
	assert_int_equal(refused(1), WGD_MESH_PEER);
	assert_true(is_peer("m1"));
}

/* A member that is no peer does not stand before one with its key. */
static void test_same_key(void **state)
{
	struct wgd_mesh_member *second;

	list(1);
	certificate(1, 10, 1, 0);
	record(1, 1, 1, 0);
	certificate(2, 11, 2, 0);
	record_by(2, 1, 2, WG + 1, 0);
	assert_int_equal(refused(1), WGD_MESH_PEER);
	assert_int_equal(refused(2), WGD_MESH_KEY_IN_USE);
	certificate(1, 12, 3, 0); /* another identity, which said nothing */
	assert_int_equal(refused(1), WGD_MESH_NO_RECORD);
	assert_int_equal(refused(2), WGD_MESH_PEER);
	second = wgd_mesh_member(&mesh, 2);
	assert_ptr_equal(wgd_mesh_by_linklocal(&mesh, &second->linklocal),
			 second);
}

/* What an earlier identity said of itself is nobody's. */
static void test_other_identity(void **state)
{
	struct wgd_mesh_member *hub;

	list(1);
	certificate(1, 10, 1, 1);
	record(1, 5, 1, 1);
	assert_int_equal(refused(1), WGD_MESH_PEER);
	hub = wgd_mesh_member(&mesh, 1);
	assert_string_equal(hub->peer->conf.host, "198.51.100.1");
	certificate(1, 11, 2, 1);
	assert_int_equal(refused(1), WGD_MESH_NO_RECORD);
	door(1, 1, 2, "198.51.100.2");
	assert_int_equal(refused(1), WGD_MESH_PEER);
	assert_string_equal(hub->peer->conf.host, "198.51.100.2");
	assert_int_equal(hub->n_announced, 0);
	assert_int_equal(hub->sequence, 0);
	record(1, 2, 2, 3);
	assert_int_equal(refused(1), WGD_MESH_PEER);
	assert_string_equal(hub->peer->conf.host, "198.51.100.3");
	assert_int_equal(hub->n_announced, 1);
}

/*
 * A hub says that it is where what is sealed for it is sealed for it once more,
 * and so on, and at a crowd's address: it is nowhere, or where else it says.
 */
static void test_nonsense_places(void **state)
{
	struct wgd_mesh_member *hub;

	list(1);
	certificate(1, 10, 1, 1);
	says_nonsense = true;
	record(1, 1, 1, 0);
	assert_int_equal(refused(1), WGD_MESH_PEER);
	hub = wgd_mesh_member(&mesh, 1);
	assert_null(hub->peer->conf.host);
	assert_int_equal(hub->n_places, 0); /* no door either */
	says_nonsense = true;
	record(1, 2, 1, 4);
	assert_int_equal(refused(1), WGD_MESH_PEER);
	assert_string_equal(hub->peer->conf.host, "198.51.100.4");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_list_last),
		TEST(test_name_given_back),
		TEST(test_same_key),
		TEST(test_other_identity),
		TEST(test_nonsense_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
