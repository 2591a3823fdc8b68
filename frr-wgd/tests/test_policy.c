// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules for what is encrypted: after each single one that comes or goes, a
 * marked packet still has the way outside that it has before and afterwards.
 */
#include "frr-wgd/tests/glue.h"

#include <sys/eventfd.h>

#include "frr-wgd/underlay/wgd_policy_priv.h"
#include "frr-wgd/underlay/wgd_underlay.h"

#define ROOM 64
#define SOON 10	   /* ms */
#define NEVER 3600 /* s */

static struct wg_rule rules[ROOM]; /* the kernel's, all of them ours */
static size_t n_rules;
static bool looked; /* rules were read: an audit */
static int fd;
static struct wgd_if *wif;
static struct wgd_link link_;

static size_t find(const struct wg_rule *r)
{
	size_t i;

	for (i = 0; i < n_rules; i++)
		if (!memcmp(&rules[i], r, sizeof(*r)))
			break;
	return i;
}

/* By main and by the table of ours: before "unreachable", or none of them. */
static void ways_are_there(const struct wg_rule *unreachable)
{
	unsigned ways = 0;
	size_t i;

	for (i = 0; i < n_rules; i++)
		ways += rules[i].table && rules[i].mark == unreachable->mark &&
			rules[i].family == unreachable->family &&
			rules[i].pref < unreachable->pref;
	assert_int_equal(ways, 2);
}

int wg_policy_set_rule(struct wg_policy_bus *bus, const struct wg_rule *rule,
		       bool there)
{
	size_t i = find(rule);

	if (there == (i < n_rules))
		return 0;
	if (there)
		rules[n_rules++] = *rule;
	else
		rules[i] = rules[--n_rules];
	for (i = 0; i < n_rules; i++)
		if (!rules[i].table)
			ways_are_there(&rules[i]);
	return 0;
}

int wg_policy_read_rules(struct wg_policy_bus *bus, uint8_t family,
			 struct wg_rule_seen **ret, size_t *ret_n)
{
	size_t i;

	*ret = calloc(ROOM, sizeof(**ret));
	*ret_n = 0;
	looked = true;
	for (i = 0; i < n_rules; i++)
		if (rules[i].family == family)
			(*ret)[(*ret_n)++] = (struct wg_rule_seen){
				.rule = rules[i], .ours = true};
	return 0;
}

int wg_policy_open(struct wg_policy_bus **ret)
{
	*ret = (struct wg_policy_bus *)rules;
	return 0;
}

void wg_policy_close(struct wg_policy_bus **bus)
{
	*bus = NULL;
}

int wg_policy_fd(const struct wg_policy_bus *bus)
{
	return fd;
}

int wg_policy_watch(struct wg_policy_bus *bus, const uint32_t *tables, size_t n)
{
	return 0;
}

bool wg_policy_drain(struct wg_policy_bus *bus)
{
	return false;
}

int wg_policy_set_route(struct wg_policy_bus *bus,
			const struct wg_policy_route *route)
{
	return 0;
}

int wg_policy_read_routes(struct wg_policy_bus *bus, uint8_t family,
			  uint32_t table, struct wg_route_seen **ret,
			  size_t *ret_n)
{
	*ret = NULL;
	*ret_n = 0;
	return 0;
}

int wg_policy_read_local(struct wg_policy_bus *bus, uint32_t group,
			 struct wg_addr *ret, size_t max, size_t *ret_n,
			 uint32_t *ret_strict)
{
	*ret_n = 0;
	*ret_strict = 0;
	return 0;
}

static int setup(void **state)
{
	glue_setup(state);
	fd = eventfd(0, 0);
	n_rules = 0;
	looked = false;
	wgd.stale_time = NEVER;
	wgd_policy_init();
	wif = wgd_if_new("wg0");
	memset(&link_, 0, sizeof(link_));
	wif->link = &link_;
	wgd_underlay_new_if(wif);
	return 0;
}

/* The daemon ends, and all of it stays in the kernel. */
static void end(void)
{
	wgd_policy_forget_if(wif, true);
	wgd_policy_finish();
}

static int teardown(void **state)
{
	wgd_underlay_forget_if(wif);
	wif->link = NULL;
	wgd_if_delete(wif);
	close(fd);
	return glue_teardown(state);
}

static void sweep(void)
{
	looked = false;
	wgd.stale_time = 0;
	wgd_policy_init();
	glue_run(SOON);
	assert_true(looked);
}

static void test_come_and_go(void **state)
{
	wgd_policy_configure(wif);
	assert_int_equal(n_rules, 6);
	/* a source makes a mark of its own; the former stays until it is set */
	wif->conf.source[0] = addr_of("192.0.2.1");
	wgd_policy_configure(wif);
	assert_true(n_rules > 6);
	wgd_policy_settled(wif);
	wif->conf.source[0] = (struct wg_addr){};
	wgd_policy_configure(wif);
	wgd_policy_settled(wif);
	assert_int_equal(n_rules, 6);
	wgd_policy_forget_if(wif, false);
	assert_int_equal(n_rules, 0);
	wgd_policy_finish();
}

/*
 * The device has had its mark since an earlier life, and is in use: nothing of
 * it is lost when the configuration comes after the stale time, or not at all.
 */
static void test_earlier_life(void **state)
{
	wgd_policy_configure(wif);
	end();
	assert_int_equal(n_rules, 6);
	sweep();
	assert_int_equal(n_rules, 0);
	wif->under->ending = false;
	wgd_policy_configure(wif);
	assert_int_equal(n_rules, 6);
	end();
	/* and where it is here before, all of it stays */
	wif->under->ending = false;
	wgd_policy_configure(wif);
	sweep();
	assert_int_equal(n_rules, 6);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_come_and_go, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_earlier_life, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
