// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub's door: what is dropped is counted by its reason, the operator hears of
 * an invite that was used, which facts a question is judged by, and who is
 * welcome is told so when the device has it.  Seals and verdicts are the test's:
 * lib/backend and lib/core have tests of their own.
 */
#include "frr-wgd/tests/mesh_map.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "frr-wgd/mesh/wgd_door.h"
#include "frr-wgd/mesh/wgd_lobby.h"
#include "frr-wgd/mesh/wgd_members.h"
#include "frr-wgd/underlay/wgd_policy.h"
#include "lib/backend/wg_seal.h"
#include "lib/core/wg_door.h"

static enum wg_seal_heard heard;
static enum wg_door_why why;
static struct wg_door_facts facts; /* of the last question */
static unsigned questions;
static int fd;
static unsigned answers;
static struct wg_door_answer answered; /* the last */
static struct wgd_mesh_member guest = {.number = 3};
static struct wgd_mesh_member *guests[] = {&guest};
static struct wgd_peer guest_peer;

/* --- in place of the daemon's */

int setsockopt(int s, int level, int name, const void *value, socklen_t len)
{
	return 0; /* a mark needs a capability */
}

uint32_t wgd_policy_mark(const struct wgd_if *wif)
{
	return 0;
}

struct wg_seal_door *wg_signkey_door(const struct wg_signkey *k,
				     struct wg_limit *limit)
{
	return NULL;
}

void wg_seal_door_free(struct wg_seal_door **door)
{
}

static const struct wg_offer *certificate(uint32_t member, uint8_t flags)
{
	return mesh_certificate(&items,
				(struct mesh_certificate){.member = member,
							  .serial = 1,
							  .key = member,
							  .mark = 100,
							  .flags = flags,
							  .until = 90000000});
}

enum wg_seal_heard wg_seal_hear(struct wg_seal_door *door,
				const struct wg_seal_datagram *in,
				struct wg_seal_question *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (heard == WG_SEAL_QUESTION)
		ret->question.certificate = certificate(3, 0)->b;
	return heard;
}

size_t wg_seal_answer(struct wg_seal_door *door, struct wg_seal_question *q,
		      const struct wg_door_answer *answer,
		      uint8_t ret[WG_DOOR_ANSWER_MAX])
{
	answers++;
	answered = *answer;
	return 1;
}

int wgd_self_door_record(const struct wgd_self *self, uint64_t sequence,
			 uint16_t port, struct wgd_self_item *ret)
{
	return 0;
}

/* The member is known, and its peer is to come. */
void wgd_members_met(struct wgd_mesh *m, uint32_t number, const uint8_t *record,
		     const struct wgd_mesh_at *at)
{
	assert_int_equal(number, guest.number);
	guest.key = glue_key(3);
	m->members = guests;
	m->n_members = 1;
}

enum wg_door_next wg_door_judge(struct wg_door_case *c)
{
	facts = c->facts;
	questions++;
	c->why = why;
	return WG_DOOR_NEXT_ANSWER;
}

const uint8_t *wg_signkey_public(const struct wg_signkey *k)
{
	static const uint8_t key[WG_KEY_LEN] = {MESH_SELF};

	return key;
}

/* --- */

static int setup(void **state)
{
	mesh_setup(state);
	mesh->is_hub = true;
	mesh->wif->conf.mesh.door = 20000 + getpid() % 10000;
	wgd_door_new(mesh);
	wgd_door_look(mesh);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	mesh_take(certificate(MESH_SELF, WG_ITEM_FLAG_HUB), 0);
	heard = WG_SEAL_QUESTION;
	why = WG_DOOR_BUSY;
	questions = 0;
	return 0;
}

static int teardown(void **state)
{
	wgd_door_delete(mesh);
	close(fd);
	return mesh_teardown(state);
}

static void knock(void)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6,
				  .sin6_port = htons(mesh->wif->conf.mesh.door),
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	assert_int_equal(
		sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	glue_run(3);
}

static void test_each_class(void **state)
{
	static const struct {
		enum wg_seal_heard heard;
		enum wgd_drop why;
	} cases[] = {
		{WG_SEAL_FOREIGN, WGD_DROP_NO_QUESTION},
		{WG_SEAL_STRANGER, WGD_DROP_NOT_FOR_US},
		{WG_SEAL_TOO_OFTEN_NEAR, WGD_DROP_NEIGHBOURS},
		{WG_SEAL_TOO_OFTEN, WGD_DROP_CROWD},
		{WG_SEAL_BROKEN, WGD_DROP_BROKEN},
		{WG_SEAL_NO_FORM, WGD_DROP_NO_FORM},
		{WG_SEAL_QUESTION, WGD_DROP_REFUSED},
	};
	enum wgd_drop w;
	size_t i;

	for (i = 0; i < array_size(cases); i++) {
		memset(mesh->drops.n, 0, sizeof(mesh->drops.n));
		heard = cases[i].heard;
		knock();
		for (w = 0; w < WGD_DROPS; w++)
			assert_int_equal(mesh->drops.n[w], w == cases[i].why);
	}
}

static void test_invite_used(void **state)
{
	why = WG_DOOR_INVITE_USED;
	knock();
	assert_string_equal(mesh_alarms(), "invite-used member 3");
}

/* A clock that is behind does not make an old invite good. */
static void test_floor_of_time(void **state)
{
	mesh_wall.now = 50;
	knock();
	assert_int_equal(facts.now, 100);
	assert_true(facts.clock_is_bad);
	mesh_wall.now = 150;
	knock();
	assert_int_equal(facts.now, 150);
	assert_false(facts.clock_is_bad);
	mesh_wall.unsynchronised = true;
	knock();
	assert_true(facts.clock_is_bad);
}

static void test_void_below(void **state)
{
	knock();
	assert_int_equal(facts.void_below, 0);
	mesh_take(mesh_authority(
			  &items,
			  (struct mesh_authority){.number = 4,
						  .key = 90,
						  .flags = WG_ITEM_FLAG_VOID}),
		  0);
	mesh_take(mesh_list(&items, (struct mesh_list){.authority = 4,
						       .number = 1,
						       .signer = 90}),
		  0);
	knock();
	assert_int_equal(facts.void_below, 4);
}

/* Alone after a start: a minute. */
static void test_settling(void **state)
{
	knock();
	assert_false(facts.is_settled);
	mesh_now_ms += WG_DOOR_SETTLE_MS - 1;
	knock();
	assert_false(facts.is_settled);
	mesh_now_ms += 1;
	knock();
	assert_true(facts.is_settled);
}

static void test_settled_by_a_hub(void **state)
{
	mesh_synced = true;
	knock();
	assert_true(facts.is_settled);
}

/* The first hub of a mesh waits for nobody. */
static void test_first_hub(void **state)
{
	mesh->self->is_new = true;
	knock();
	assert_true(facts.is_settled);
	mesh->self->n_doors = 1; /* the keeper told of another one */
	mesh->self->doors[0].identity[0] = 9;
	knock();
	assert_false(facts.is_settled);
	mesh->self->doors[0].identity[0] = MESH_SELF; /* our own */
	knock();
	assert_true(facts.is_settled);
}

/* --- who is welcome */

/* What the map says goes to the device, and is acknowledged. */
static void give_peer(uint8_t key)
{
	struct wg_dev *dev = mesh->wif->dev;
	struct wg_key k = glue_key(key);
	struct wg_op ops[16];
	size_t n;

	guest_peer.peer = wg_peer_find(dev, "m3") ?: wg_peer_new(dev, "m3");
	guest.peer = &guest_peer;
	wg_peer_set_key(guest_peer.peer, &k);
	wg_core_settle(wgd.core);
	while ((n = wg_plan_next(dev, ops, 16)))
		wg_plan_commit(dev, ops, n);
	wgd_door_applied(mesh);
}

static int setup_lobby(void **state)
{
	struct wg_dev *dev;

	setup(state);
	dev = mesh->wif->dev;
	guest.peer = NULL;
	mesh->wif->port = 51820;
	wg_dev_set_link(dev, 0, 5);
	wg_sync_begin(dev, false);
	while (wg_sync_step(dev, 16))
		;
	wg_sync_end(dev);
	while (wg_sync_step(dev, 16))
		;
	why = 0;
	answers = 0;
	return 0;
}

static int teardown_lobby(void **state)
{
	mesh->members = NULL;
	mesh->n_members = 0;
	return teardown(state);
}

/* WireGuard drops the first handshake of who comes before its peer. */
static void test_welcome_waits(void **state)
{
	knock();
	assert_int_equal(answers, 0);
	give_peer(2); /* an earlier key */
	assert_int_equal(answers, 0);
	give_peer(3);
	assert_int_equal(answers, 1);
	assert_int_equal(answered.kind, WG_DOOR_WELCOME);
	wgd_door_applied(mesh);
	assert_int_equal(answers, 1);
	knock(); /* it has the peer already */
	assert_int_equal(answers, 2);
	assert_int_equal(answered.kind, WG_DOOR_WELCOME);
}

static void test_device_away(void **state)
{
	knock();
	mesh_now_ms += WGD_LOBBY_MS - 1;
	wgd_door_look(mesh);
	assert_int_equal(answers, 0);
	mesh_now_ms += 1;
	wgd_door_look(mesh);
	assert_int_equal(answers, 1);
	assert_int_equal(answered.kind, WG_DOOR_REFUSED);
	assert_int_equal(answered.refused.why, WG_DOOR_BUSY);
}

/* Its last question alone is answered. */
static void test_asked_again(void **state)
{
	knock();
	knock();
	give_peer(3);
	assert_int_equal(answers, 1);
}

/* Its door ends, and nobody is told. */
static void test_door_ends(void **state)
{
	knock();
	wgd_door_delete(mesh);
	wgd_door_new(mesh);
	give_peer(3);
	assert_int_equal(answers, 0);
}

#define LOBBY(f) cmocka_unit_test_setup_teardown(f, setup_lobby, teardown_lobby)
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_each_class),	  CASE(test_invite_used),
		CASE(test_floor_of_time), CASE(test_void_below),
		CASE(test_settling),	  CASE(test_settled_by_a_hub),
		CASE(test_first_hub),
		LOBBY(test_welcome_waits), LOBBY(test_device_away),
		LOBBY(test_asked_again),   LOBBY(test_door_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
