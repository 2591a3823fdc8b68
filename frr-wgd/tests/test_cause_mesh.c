// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rungs about meshes of the ladder of causes, one by one, on facts that the
 * test makes: which applies, and in which words.
 *
 * We are a site; h is a hub, b another site, which is peer b.
 */
#include "frr-wgd/tests/glue.h"

#include "frr-wgd/mesh/wgd_hubs.h"
#include "frr-wgd/mesh/wgd_knock.h"
#include "frr-wgd/mesh/wgd_mesh_view.h"
#include "frr-wgd/mesh/wgd_own.h"
#include "frr-wgd/show/wgd_cause.h"

static struct wgd_if *wif;
static struct wgd_mesh mesh;
static struct wgd_self self;
static struct wgd_mesh_member h, b, *members[] = {&h, &b};
static struct wgd_peer peer_b, peer_h;
static struct wg_peer *peer;
static struct wgd_facts f;
static struct wgd_words w;
static struct wgd_cause c;

/* --- what the rooms below say */

static struct wgd_knock_door doors[6];
static size_t n_doors;
static const char *door_why;
static bool is_revoked, is_void, is_silent;

bool wgd_knock_door(const struct wgd_mesh *m, size_t i,
		    struct wgd_knock_door *ret)
{
	if (i < n_doors)
		*ret = doors[i];
	return i < n_doors;
}

int64_t wgd_knock_silence(const struct wgd_mesh *m)
{
	return 42500;
}

bool wgd_knock_is_revoked(const struct wgd_mesh *m)
{
	return is_revoked;
}

const char *wgd_knock_refusal(const struct wgd_mesh *m)
{
	return door_why;
}

bool wgd_own_is_void(const struct wgd_mesh *m)
{
	return is_void;
}

bool wgd_cause_is_silent(const struct wgd_peer *p)
{
	return is_silent;
}

const struct wgd_mesh_member *wgd_hubs_of(const struct wgd_mesh *m,
					  const struct wgd_mesh_member *member)
{
	return member->hub ? NULL : &h;
}

void wgd_mesh_view(const struct wgd_mesh *m, struct wgd_mesh_view *ret)
{
	*ret = (struct wgd_mesh_view){.has_list = true, .list = 218};
}

static int setup(void **state)
{
	static char map; /* there is one; nobody looks into it */
	struct wg_key key = glue_key(2);

	glue_setup(state);
	wif = wgd_if_new("wg0");
	wif->port = 51820;
	self = (struct wgd_self){.name = (char *)"acme"};
	h = (struct wgd_mesh_member){.number = 1,
				     .hub = 1,
				     .name = "h",
				     .connected = true,
				     .peer = &peer_h,
				     .n_addresses = 1,
				     .addresses = {addr_of("10.99.0.1")}};
	b = (struct wgd_mesh_member){
		.number = 3, .name = "b", .said = 1, .peer = &peer_b};
	mesh = (struct wgd_mesh){.wif = wif,
				 .self = &self,
				 
				 .map = (struct wgd_map *)&map,
				 .state = WGD_MESH_CONNECTED,
				 .reach = WGD_MESH_CONNECTED,
				 .members = members,
				 .n_members = 2};
	wif->mesh = &mesh;
	f = (struct wgd_facts){.addr = addr_of("10.99.0.3"), .wif = wif};
	peer = wg_peer_new(wif->dev, "b");
	assert_int_equal(wg_peer_set_key(peer, &key), 0);
	f.owner = peer;
	f.peer = &peer_b;
	f.member = &b;
	f.has_entry = true;
	f.way.known = true;
	w = (struct wgd_words){.ifname = "wg0", .owner = "b"};
	c = (struct wgd_cause){.dropped = true};
	n_doors = 0;
	door_why = NULL;
	is_revoked = is_void = is_silent = false;
	return 0;
}

static int teardown(void **state)
{
	wif->mesh = NULL;
	wgd_if_delete(wif);
	return glue_teardown(state);
}

static void is(bool applies, const char *name, const char *reason)
{
	assert_true(applies);
	assert_string_equal(c.name, name);
	assert_string_equal(c.reason, reason);
	assert_true(c.n_tries > 0);
}

/* --- 3. */

static void test_revoked(void **state)
{
	struct wgd_gone_member gone = {.number = 3, .name = "b"};

	assert_false(wgd_cause_member_revoked(&f, &w, &c));
	f.gone = &gone;
	f.gone_prefix = prefix_of("10.99.0.3/32");
	f.gone_from = &mesh;
	is(wgd_cause_member_revoked(&f, &w, &c), "member-revoked",
	   "10.99.0.3/32 was member b's of mesh acme, which list 218 revoked: it is no peer of wg0 any more");
	assert_true(c.dropped);
	/* by another link it may be somebody else's */
	f.way.there = true;
	f.way.fib.ifindex = 77;
	assert_false(wgd_cause_member_revoked(&f, &w, &c));
}

/* --- 4. */

static void test_no_invite(void **state)
{
	mesh.state = mesh.reach = WGD_MESH_JOINING;
	mesh.map = NULL;
	f.has_entry = false;
	is(wgd_cause_not_let_in(&f, &w, &c), "no-hub",
	   "wg0 is not in mesh acme yet: no invite or answer was brought");
}

static void test_no_door_answers(void **state)
{
	mesh.state = mesh.reach = WGD_MESH_JOINING;
	f.has_entry = false;
	is(wgd_cause_not_let_in(&f, &w, &c), "no-door-answers",
	   "no door of mesh acme has been asked yet");
	c.n_tries = 0;
	doors[0] = (struct wgd_knock_door){"192.0.2.1", 51822, 7, false, NULL};
	doors[1] = (struct wgd_knock_door){"hub2.example", 443, 6, false, NULL};
	n_doors = 2;
	is(wgd_cause_not_let_in(&f, &w, &c), "no-door-answers",
	   "no hub of mesh acme was heard for 42 s, and none of 2 doors answers: 192.0.2.1 port 51822 (asked 7 times), hub2.example port 443 (asked 6 times)");
	assert_true(strstr(c.unknown, "firewall"));
	/* what has an owner is explained by that */
	f.has_entry = true;
	assert_false(wgd_cause_not_let_in(&f, &w, &c));
}

static void test_many_doors(void **state)
{
	static char host[65];

	memset(host, 'h', 64);
	mesh.state = mesh.reach = WGD_MESH_JOINING;
	f.has_entry = false;
	for (n_doors = 0; n_doors < 6; n_doors++)
		doors[n_doors] = (struct wgd_knock_door){
			host, 65535, UINT64_MAX, false, NULL};
	assert_true(wgd_cause_not_let_in(&f, &w, &c));
	assert_true(strstr(c.reason, "none of 6 doors"));
}

static void test_door_refuses(void **state)
{
	mesh.state = mesh.reach = WGD_MESH_JOINING;
	f.has_entry = false;
	doors[0] = (struct wgd_knock_door){"192.0.2.1", 51822, 2, true,
					   "invite-used"};
	n_doors = 1;
	door_why = "invite-used";
	is(wgd_cause_not_let_in(&f, &w, &c), "door-refuses",
	   "we are not let into mesh acme: invite-used, say its hubs' doors: 192.0.2.1 port 51822 (asked 2 times: invite-used)");
	assert_string_equal(c.unknown, "whether that is so: a hub may lie");
}

/* The door lets us in; WireGuard's port is shut. */
static void test_not_in_the_tunnel(void **state)
{
	mesh.state = mesh.reach = WGD_MESH_JOINING;
	f.has_entry = false;
	doors[0] = (struct wgd_knock_door){"192.0.2.1", 51822, 2, true, NULL};
	n_doors = 1;
	is(wgd_cause_not_let_in(&f, &w, &c), "no-hub",
	   "no hub of mesh acme answers in the tunnel for 42 s (we are joining), though doors do: 192.0.2.1 port 51822 (asked 2 times)");
	assert_string_equal(c.tries[0],
			    "show wireguard explain 10.99.0.1: hub h");
}

/* --- 11. */

static void test_no_hub(void **state)
{
	assert_false(wgd_cause_no_hub(&f, &w, &c));
	mesh.state = mesh.reach = WGD_MESH_ISOLATED;
	doors[0] = (struct wgd_knock_door){"192.0.2.1", 51822, 3, false, NULL};
	n_doors = 1;
	is(wgd_cause_no_hub(&f, &w, &c), "no-hub",
	   "no hub of mesh acme answers in the tunnel for 42 s (we are isolated), nor at its door: 192.0.2.1 port 51822 (asked 3 times)");
	assert_false(c.dropped); /* nothing was lost yet */
	/* the hub's kernel may go on */
	wg_peer_set_liveness(peer, WG_PEER_UP);
	assert_false(wgd_cause_no_hub(&f, &w, &c));
	wg_peer_set_liveness(peer, WG_PEER_DOWN);
	c = (struct wgd_cause){.dropped = true};
	assert_true(wgd_cause_no_hub(&f, &w, &c));
	assert_true(c.dropped);
	/* a hub is a peer as any other, */
	f.member = &h;
	assert_false(wgd_cause_no_hub(&f, &w, &c));
	/* ... unless its door says why it is silent */
	c = (struct wgd_cause){.dropped = true};
	is_revoked = doors[0].answered = true;
	door_why = doors[0].why = "revoked";
	is(wgd_cause_no_hub(&f, &w, &c), "member-revoked",
	   "we are not let into mesh acme: revoked, say its hubs' doors: 192.0.2.1 port 51822 (asked 3 times: revoked)");
	mesh.is_hub = true;
	assert_false(wgd_cause_no_hub(&f, &w, &c));
}

/* As our own map has it. */
static void test_we_are_revoked(void **state)
{
	mesh.state = WGD_MESH_REVOKED;
	mesh.reach = WGD_MESH_ISOLATED;
	f.has_entry = false;
	is_void = true;
	is(wgd_cause_not_let_in(&f, &w, &c), "member-revoked",
	   "we are no member of mesh acme any more: list 218, or a later authority, made our certificate void");
	c = (struct wgd_cause){.dropped = true};
	f.member = &h;
	assert_true(wgd_cause_no_hub(&f, &w, &c));
	assert_string_equal(c.name, "member-revoked");
}

/* A door says so, and no list that we have: it may lie. */
static void test_a_door_says_revoked(void **state)
{
	mesh.state = WGD_MESH_REVOKED;
	mesh.reach = WGD_MESH_ISOLATED;
	f.has_entry = false;
	doors[0] = (struct wgd_knock_door){"192.0.2.1", 51822, 3, true,
					   "revoked"};
	n_doors = 1;
	door_why = "revoked";
	is_revoked = true;
	is(wgd_cause_not_let_in(&f, &w, &c), "member-revoked",
	   "we are not let into mesh acme: revoked, say its hubs' doors: 192.0.2.1 port 51822 (asked 3 times: revoked)");
	assert_string_equal(c.unknown, "whether that is so: a hub may lie");
}

/* --- 14. */

static void test_relay(void **state)
{
	assert_false(wgd_cause_relay(&f, &w, &c));
	is_silent = true;
	is(wgd_cause_relay(&f, &w, &c), "relay-dead",
	   "member b does not answer by the relay of hub h, though the hub answers us and says that it is connected");
	assert_true(strstr(c.tries[0], "fd00::/48"));
	c = (struct wgd_cause){.dropped = true};
	b.said = 0;
	is(wgd_cause_relay(&f, &w, &c), "member-away",
	   "member b does not answer, and hub h says that it is not connected");
	h.connected = false; /* then that is what is wrong */
	assert_false(wgd_cause_relay(&f, &w, &c));
	h.connected = true;
	f.member = &h; /* nobody relays it */
	assert_false(wgd_cause_relay(&f, &w, &c));
}

/* --- 19. */

static void test_relays_not(void **state)
{
	assert_false(wgd_cause_relays_not(&f, &w, &c));
	f.relays_not = true;
	is(wgd_cause_relays_not(&f, &w, &c), "forwarding-off",
	   "this hub forwards no IPv6, which is what it relays: its own packets reach b, those of other sites do not");
	assert_false(c.dropped);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_revoked),	    CASE(test_no_invite),
		CASE(test_no_door_answers), CASE(test_many_doors),
		CASE(test_door_refuses),    CASE(test_not_in_the_tunnel),
		CASE(test_no_hub),	    CASE(test_relay),
		CASE(test_relays_not),	    CASE(test_we_are_revoked),
		CASE(test_a_door_says_revoked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
