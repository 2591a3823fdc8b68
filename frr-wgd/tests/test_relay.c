// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The relay of a mesh: after each single change of the kernel's, whatever
 * failed before, nothing leads into the relay or is in it that is not closed;
 * and in the end all is as planned.
 */
#include "frr-wgd/tests/fake_relay.h"

#include <sys/eventfd.h>

#include "frr-wgd/underlay/wgd_policy_priv.h"
#include "frr-wgd/underlay/wgd_relay.h"
#include "frr-wgd/underlay/wgd_underlay.h"

#define NEVER 3600 /* s */
#define R 30568

#define NET_A "fd0a:0:0"
#define NET_B "fd0b:0:0"

static struct wgd_if *wif[2];
static struct wgd_link link_[2];

static struct wg_relay mesh(char net, uint8_t hub, uint8_t hubs)
{
	struct wg_relay own = {
		.hash = {net},
		.hub = hub,
		.hubs = hubs,
		.member = 7,
		.mtu = 1340,
		.ifindex = 4,
		.ifname = "wg0",
	};

	return own;
}

static struct wg_relay on_wg1(struct wg_relay own)
{
	own.ifindex = 5;
	strlcpy(own.ifname, "wg1", sizeof(own.ifname));
	return own;
}

static int set(unsigned i, const struct wg_relay own)
{
	return wgd_relay_set(wif[i], &own);
}

static void audit(void)
{
	policy.audit(NULL);
}

/* --- lives of the daemon */

static void start(void)
{
	unsigned i;

	wgd.stale_time = NEVER;
	policy.sweeping = false;
	wgd_policy_init();
	wgd_relay_init();
	for (i = 0; i < 2; i++) {
		wif[i] = wgd_if_new(i ? "wg1" : "wg0");
		memset(&link_[i], 0, sizeof(link_[i]));
		wif[i]->link = &link_[i];
		wgd_underlay_new_if(wif[i]);
		wgd_policy_configure(wif[i]);
	}
}

/* All of it stays in the kernel. */
static void end(void)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		wgd_relay_forget_if(wif[i], true);
		wgd_policy_forget_if(wif[i], true);
	}
	wgd_relay_finish();
	wgd_policy_finish();
	for (i = 0; i < 2; i++) {
		wgd_underlay_forget_if(wif[i]);
		wif[i]->link = NULL;
		wgd_if_delete(wif[i]);
	}
}

static void stale_time_over(void)
{
	policy.sweeping = true;
	audit();
}

static void new_machine(void)
{
	fake_relay =
		(struct fake_relay){.fail_at = UINT_MAX, .fd = fake_relay.fd};
	policy.mark = 0; /* numbers are chosen anew */
}

static int setup(void **state)
{
	glue_setup(state);
	fake_relay.fd = eventfd(0, 0);
	new_machine();
	start();
	return 0;
}

static int teardown(void **state)
{
	end();
	close(fake_relay.fd);
	return glue_teardown(state);
}

/* --- tests */

#define SITE "480 490 491 "
#define A1 "fd0a:0:0:1::@4/1420"
#define A2 "fd0a:0:0:2::@4/1420"

static void test_come_and_go(void **state)
{
	struct wg_addr in = addr_of(NET_A ":1::7"), out = addr_of("fd00::1");
	struct wg_relay own = mesh(0x0a, 0, 1);
	struct wgd_relay_view view;

	assert_false(wgd_relay_view(wif[0], &view));
	assert_false(wgd_relay_covers(&in));
	assert_int_equal(set(0, own), 0);
	assert_string_equal(fake_relay_str(), SITE A1);
	assert_null(wgd_relay_error(wif[0]));
	assert_int_equal(fake_relay.watched, R);
	assert_true(wgd_relay_covers(&in));
	assert_false(wgd_relay_covers(&out));
	assert_true(wgd_relay_view(wif[0], &view));
	assert_int_equal(view.pref, 480);
	assert_int_equal(view.plan->n_routes, 1);
	/* the same again is nothing */
	fake_relay.calls = 0;
	assert_int_equal(set(0, own), 0);
	assert_int_equal(fake_relay.calls, 0);
	/* hubs come and go, the device is another one, and away */
	assert_int_equal(set(0, mesh(0x0a, 0, 3)), 0);
	assert_string_equal(fake_relay_str(), SITE A1 " " A2);
	assert_int_equal(set(0, mesh(0x0a, 0, 2)), 0);
	assert_string_equal(fake_relay_str(), SITE A2);
	own.ifindex = 9;
	own.mtu = 1300;
	assert_int_equal(set(0, own), 0);
	assert_string_equal(fake_relay_str(), SITE "fd0a:0:0:1::@9/1380");
	own.ifindex = 0;
	assert_int_equal(set(0, own), 0);
	assert_string_equal(fake_relay_str(), "480 490 491");
	/* a hub, and none of it */
	assert_int_equal(set(0, mesh(0x0a, 1, 3)), 0);
	assert_string_equal(fake_relay_str(),
			    "481 490 491 fd0a:0:0:1::@4/9000");
	assert_int_equal(wgd_relay_set(wif[0], NULL), 0);
	assert_string_equal(fake_relay_str(), "");
	assert_false(wgd_relay_covers(&in));
	assert_int_not_equal(fake_relay.watched, R);
}

static void test_two_meshes(void **state)
{
	assert_int_equal(set(0, mesh(0x0a, 0, 1)), 0);
	assert_int_equal(set(1, on_wg1(mesh(0x0b, 2, 0))), 0);
	assert_string_equal(fake_relay_str(), "480 481 490 490 491 491 " A1
					      " fd0b:0:0:2::@5/9000");
	/* a mesh is on one interface, and may move */
	assert_int_equal(set(1, on_wg1(mesh(0x0a, 0, 1))), -EEXIST);
	assert_string_equal(fake_relay_str(), "480 481 490 490 491 491 " A1
					      " fd0b:0:0:2::@5/9000");
	assert_int_equal(wgd_relay_set(wif[0], NULL), 0);
	assert_int_equal(set(1, on_wg1(mesh(0x0a, 0, 1))), 0);
	assert_string_equal(fake_relay_str(), SITE "fd0a:0:0:1::@5/1420");
}

static void test_refused(void **state)
{
	struct wg_relay own = mesh(0x0a, 0, 1);

	assert_int_equal(set(0, own), 0);
	own.mtu = 1279;
	assert_int_equal(set(0, own), -ERANGE);
	own.member = 0;
	assert_int_equal(set(0, own), -EINVAL);
	assert_string_equal(fake_relay_str(), SITE A1);
}

static void test_repair(void **state)
{
	static struct fake_relay good;
	size_t i;

	assert_int_equal(set(0, mesh(0x0a, 0, 3)), 0);
	good = fake_relay;
	for (i = 0; i < good.n_rules; i++) {
		if (good.rules[i].rule.mark)
			continue;
		/* nothing is in it while it is open */
		fake_relay.n_things = 0;
		fake_relay.rules[i] = fake_relay.rules[--fake_relay.n_rules];
		audit();
		assert_string_equal(fake_relay_str(), SITE A1 " " A2);
		fake_relay = good;
	}
	fake_relay.things[0] = fake_relay.things[--fake_relay.n_things];
	audit();
	assert_string_equal(fake_relay_str(), SITE A1 " " A2);
	fake_relay.changes = 0;
	audit();
	assert_int_equal(fake_relay.changes, 0);
}

/* Somebody else has rules or routes where ours would be. */
static void test_numbers(void **state)
{
	static const struct {
		uint32_t pref;
		bool table;
		const char *seen;
		uint32_t number;
	} cases[] = {
		{479, false, "480 490 491 " A1, 30568},
		{480, false, "460 470 471 " A1, 30568},
		{485, false, "470 480 481 " A1, 30568},
		{491, false, "470 480 481 " A1, 30568},
		{492, false, "480 490 491 " A1, 30568},
		/* all of ours are elsewhere */
		{500, false, "470 480 481 " A1, 30568},
		{400, true, "480 490 491 " A1, 30569},
	};
	struct wg_rule_seen other = {.rule = {.family = AF_INET6, .table = 77}};
	struct wgd_relay_view view;
	size_t i;

	for (i = 0; i < array_size(cases); i++) {
		end();
		new_machine();
		other.rule.pref = cases[i].pref;
		fake_relay.rules[fake_relay.n_rules++] = other;
		fake_relay.foreign = cases[i].table ? R : 0;
		start();
		assert_int_equal(set(0, mesh(0x0a, 0, 1)), 0);
		assert_string_equal(fake_relay_str(), cases[i].seen);
		assert_true(wgd_relay_view(wif[0], &view));
		assert_int_equal(view.plan->table, cases[i].number);
	}
}

static void test_earlier_life(void **state)
{
	static const struct {
		const char *what;
		struct wg_relay own;
		const char *before, *after;
	} cases[] = {
		{"the same",
		 {.hash = {0x0a},
		  .hubs = 3,
		  .member = 7,
		  .mtu = 1340,
		  .ifindex = 4,
		  .ifname = "wg0"},
		 SITE A1 " " A2,
		 SITE A1 " " A2},
		{"a hub less",
		 {.hash = {0x0a},
		  .hubs = 2,
		  .member = 7,
		  .mtu = 1340,
		  .ifindex = 4,
		  .ifname = "wg0"},
		 SITE A1 " " A2,
		 SITE A2},
		{"another mesh",
		 {.hash = {0x0b},
		  .hubs = 1,
		  .member = 7,
		  .mtu = 1340,
		  .ifindex = 4,
		  .ifname = "wg0"},
		 "480 480 490 490 491 491 " A1 " " A2 " fd0b:0:0:1::@4/1420",
		 SITE "fd0b:0:0:1::@4/1420"},
		{"none", {.mtu = 0}, SITE A1 " " A2, ""},
	};
	unsigned changes;
	size_t i;

	for (i = 0; i < array_size(cases); i++) {
		end();
		new_machine();
		start();
		assert_int_equal(set(0, mesh(0x0a, 0, 3)), 0);
		end();
		assert_string_equal(fake_relay_str(), SITE A1 " " A2);
		changes = fake_relay.changes;
		start();
		if (cases[i].own.mtu)
			assert_int_equal(set(0, cases[i].own), 0);
		if (strcmp(fake_relay_str(), cases[i].before))
			fail_msg("%s: %s", cases[i].what, fake_relay_str());
		/* a change of this life leaves it alone, too */
		if (cases[i].own.mtu) {
			struct wg_relay more = cases[i].own;

			more.hubs |= 0x80;
			assert_int_equal(set(0, more), 0);
			assert_int_equal(set(0, cases[i].own), 0);
			if (strcmp(fake_relay_str(), cases[i].before))
				fail_msg("%s: %s", cases[i].what,
					 fake_relay_str());
		}
		stale_time_over();
		if (strcmp(fake_relay_str(), cases[i].after))
			fail_msg("%s: %s", cases[i].what, fake_relay_str());
		if (!i) /* taken over: but for the hub 8 there and back */
			assert_int_equal(fake_relay.changes, changes + 2);
	}
}

static void test_no_ipv6(void **state)
{
	fake_relay.error = -EAFNOSUPPORT;
	assert_int_equal(set(0, mesh(0x0a, 0, 1)), 0);
	assert_string_equal(wgd_relay_error(wif[0]), "no-ipv6");
	assert_string_equal(fake_relay_str(), "480 490 491");
	fake_relay.error = 0;
	audit();
	assert_null(wgd_relay_error(wif[0]));
	assert_string_equal(fake_relay_str(), SITE A1);
	/* a link that is about to go is no error */
	fake_relay.error = -ENODEV;
	assert_int_equal(set(0, mesh(0x0a, 0, 3)), 0);
	assert_null(wgd_relay_error(wif[0]));
}

/* A life with a fault at one call. */
static void live(void)
{
	set(0, mesh(0x0a, 0, 1));
	set(0, mesh(0x0a, 0, 3));
	set(1, on_wg1(mesh(0x0b, 1, 0)));
	set(0, mesh(0x0a, 2, 0));
	set(0, mesh(0x0c, 0, 1));
	wgd_relay_set(wif[1], NULL);
	audit();
}

static void test_each_call(void **state)
{
	static const char *const want = SITE "fd0c:0:0:1::@4/1420";
	unsigned at, n;

	live();
	assert_string_equal(fake_relay_str(), want);
	for (at = 0;; at++) {
		end();
		new_machine();
		start();
		n = fake_relay.calls;
		fake_relay.fail_at = n + at;
		live();
		if (fake_relay.calls <= n + at)
			break;
		fake_relay.fail_at = UINT_MAX;
		stale_time_over();
		audit();
		if (strcmp(fake_relay_str(), want) || wgd_relay_error(wif[0]))
			fail_msg("fault at %u: %s", at, fake_relay_str());
	}
	print_message("%u faults\n", at);
	assert_true(at > 30);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_come_and_go), TEST(test_two_meshes),
		TEST(test_refused),	TEST(test_repair),
		TEST(test_numbers),	TEST(test_earlier_life),
		TEST(test_no_ipv6),	TEST(test_each_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
