/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay of a mesh, with a fault at each single request: what is done until
 * then opens nothing, and the next try makes it whole.
 */
#include "lib/backend/wg_policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "lib/backend/tests/fake_rtnl.h"
#include "lib/core/tests/text.h"

static struct wg_policy_bus *bus;
static struct wg_relay_plan site, hub, other, none;

static void make_plans(void)
{
	static const struct wg_relay_place place = {.pref = 480,
						    .table = 30568};
	struct wg_relay own = {
		.hash = {0x6d, 0x65, 0x73, 0x68, 0x01},
		.hubs = 5,
		.member = 7,
		.mtu = 1340,
		.ifindex = 4,
		.ifname = "wg0",
	};

	assert_int_equal(wg_relay_plan(&own, &place, &site), 0);
	own.member = 8;
	own.mtu = 1300;
	own.hubs = 12;
	assert_int_equal(wg_relay_plan(&own, &place, &other), 0);
	own.hub = 3;
	assert_int_equal(wg_relay_plan(&own, &place, &hub), 0);
	none = site;
	none.n_routes = 0;
}

static unsigned count(uint16_t type, int action)
{
	const struct fib_rule_hdr *frh;
	unsigned n = 0;
	size_t i;

	for (i = 0; i < fr.n; i++) {
		frh = (const void *)fr.things[i].b;
		n += fr.things[i].type == type &&
		     (type != RTM_NEWRULE || frh->action == action);
	}
	return n;
}

/* Nothing leads into the relay, or is in it, without what closes it. */
static void is_closed(void)
{
	if (count(RTM_NEWRULE, FR_ACT_TO_TBL) || count(RTM_NEWADDR, 0) ||
	    count(RTM_NEWROUTE, 0))
		assert_int_equal(count(RTM_NEWRULE, FR_ACT_PROHIBIT), 2);
}

static void reset(void)
{
	fr = (struct fake_rtnl){.changed = is_closed};
}

/* --- what is done in a row, until something fails */

static int come(const struct wg_relay_plan *plan)
{
	size_t i;
	int error = 0;

	for (i = 0; i < plan->n_rules && !error; i++)
		error = wg_policy_set_rule(bus, &plan->rules[i], true);
	if (!error)
		error = wg_policy_set_relay(bus, plan);
	return error ? error : wg_policy_trim_relay(bus, plan, NULL);
}

static int go(const struct wg_relay_plan *plan)
{
	int error = wg_policy_trim_relay(bus, &none, NULL);
	size_t i;

	for (i = plan->n_rules; i-- && !error;)
		error = wg_policy_set_rule(bus, &plan->rules[i], false);
	return error;
}

struct way {
	const char *name;
	const struct wg_relay_plan *before; /* NULL: nothing was there */
	int (*act)(const struct wg_relay_plan *);
	const struct wg_relay_plan *plan;
};

static void begin(const struct way *w)
{
	reset();
	if (w->before)
		assert_int_equal(come(w->before), 0);
	fr.requests = fr.changes = 0;
}

static bool same_things(const struct fr_thing *v, size_t n)
{
	bool found = n == fr.n;
	size_t i, k;

	for (i = 0; i < n && found; i++)
		for (k = 0, found = false; k < fr.n && !found; k++)
			found = !memcmp(&v[i], &fr.things[k], sizeof(v[i]));
	return found;
}

/* The fault at the at-th request.  False: there are less. */
static bool one(const struct way *w, enum fr_fault fault, unsigned at,
		const struct fake_rtnl *good)
{
	int error;

	begin(w);
	fr.fault = fault;
	fr.at = at;
	fr.error = -EPERM;
	error = w->act(w->plan);
	if (fr.requests <= at) {
		assert_int_equal(error, 0);
		return false;
	}
	if (fault == FR_REFUSED)
		assert_int_equal(error, -EPERM);
	else if (fault == FR_LOST)
		assert_int_equal(error, -ENOBUFS);
	else if (fault == FR_TORN)
		assert_int_equal(error, 0);
	else if (error)
		assert_int_equal(error, -EAGAIN);
	fr.fault = FR_NONE;
	error = w->act(w->plan);
	if (error || !same_things(good->things, good->n))
		fail_msg("%s, fault %d at %u: %d, then not as it is without",
			 w->name, fault, at, error);
	return true;
}

static void test_each_request(void **state)
{
	const struct way ways[] = {
		{"a site comes", NULL, come, &site},
		{"a hub comes", NULL, come, &hub},
		{"a site again", &site, come, &site},
		{"another number, another hub", &site, come, &other},
		{"a site goes", &site, go, &site},
		{"a hub goes", &hub, go, &hub},
	};
	static struct fake_rtnl good;
	unsigned at, faults = 0;
	enum fr_fault fault;
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		begin(&ways[i]);
		assert_int_equal(ways[i].act(ways[i].plan), 0);
		good = fr;
		assert_int_equal(good.n, ways[i].act == go	? 0
					 : ways[i].plan == &hub ? 3 + 1
								: 3 + 2 + 2);
		for (fault = FR_REFUSED; fault <= FR_TORN_ALL; fault++)
			for (at = 0; one(&ways[i], fault, at, &good); at++)
				faults++;
	}
	print_message("%u faults\n", faults);
	assert_true(faults > 100);
}

/* What is as it is to be is not written again. */
static void test_nothing_to_do(void **state)
{
	const struct wg_relay_plan *plans[] = {&site, &hub};
	size_t i;

	for (i = 0; i < 2; i++) {
		reset();
		assert_int_equal(come(plans[i]), 0);
		fr.changes = 0;
		assert_int_equal(come(plans[i]), 0);
		assert_int_equal(fr.changes, 0);
	}
}

static void test_no_ipv6(void **state)
{
	static const int errors[] = {-EOPNOTSUPP, -EACCES};
	const struct wg_relay_plan *plans[] = {&site, &hub};
	size_t i, k;

	for (i = 0; i < 2; i++)
		for (k = 0; k < 2; k++) {
			reset();
			fr.no_ipv6 = errors[k];
			assert_int_equal(come(plans[i]), -EAFNOSUPPORT);
			/* all is tried: the rules are there */
			assert_int_equal(fr.n, 3);
			fr.no_ipv6 = 0;
			assert_int_equal(come(plans[i]), 0);
		}
	/* without any IPv6 the first rule says so */
	reset();
	fr.fault = FR_REFUSED;
	fr.error = -EAFNOSUPPORT;
	assert_int_equal(come(&site), -EAFNOSUPPORT);
	assert_int_equal(fr.n, 0);
}

static int setup(void **state)
{
	make_plans();
	return wg_policy_open(&bus);
}

static int teardown(void **state)
{
	wg_policy_close(&bus);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_request),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_no_ipv6),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
