/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One device, one fake kernel.
 */
#include "lib/core/tests/scene.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/core/wg_check.h"

struct wg_core *core;
struct wg_dev *dev;
struct fake_kernel fk;
struct wg_op ops[MAX_OPS];

struct wg_addr gateway(unsigned i)
{
	return (struct wg_addr){AF_INET, {10, 99, 0, i}};
}

struct wg_prefix prefix(const char *text)
{
	struct wg_prefix p = {};

	assert_int_equal(wg_prefix_parse(text, &p), 0);
	return p;
}

struct wg_key key_of(unsigned i)
{
	return (struct wg_key){{i}};
}

/* Peer number 1 is a, with key 1 and address 10.99.0.1. */
struct wg_peer *peer_new(unsigned i)
{
	struct wg_peer *peer = wg_peer_new(dev, (char[]){'a' + i - 1, 0});
	struct wg_key key = key_of(i);
	struct wg_addr gw = gateway(i);

	assert_int_equal(wg_peer_set_key(peer, &key), 0);
	assert_int_equal(wg_peer_add_address(peer, &gw, NULL), 0);
	return peer;
}

void route(const char *text, unsigned via)
{
	struct wg_nexthop nh = {gateway(via), IFINDEX, 1};
	struct wg_prefix p = prefix(text);

	if (via)
		assert_int_equal(wg_route_update(core, 0, &p, 1, &nh, 1), 0);
	else
		wg_route_delete(core, 0, &p);
}

void run(void)
{
	fk_run(&fk, dev, MAX_OPS);
	wg_check_dev(dev);
}

size_t plan(void)
{
	wg_core_settle(core);
	return wg_plan_next(dev, ops, MAX_OPS);
}

int setup(void **state)
{
	memset(&fk, 0, sizeof(fk));
	fk.can_remove = true;
	core = wg_core_new();
	dev = wg_dev_new(core, "wg0");
	wg_dev_set_can_remove(dev, true);
	wg_dev_set_link(dev, 0, IFINDEX);
	return 0;
}

int teardown(void **state)
{
	wg_core_delete(&core);
	return 0;
}

/* Which peer has it on the fake device, by its key; 0: nobody. */
unsigned has(const char *text)
{
	struct wg_prefix p = prefix(text);
	struct fk_entry *e = fk_entry_find(&fk, &p);

	return e ? e->key.b[0] : 0;
}

struct wg_entry entry(const char *text)
{
	struct wg_prefix p = prefix(text);
	struct wg_prefix at = {};
	struct wg_entry e = {};
	bool more = wg_entry_next(dev, NULL, &e);

	while (more && !wg_prefix_same(&e.prefix, &p)) {
		at = e.prefix;
		more = wg_entry_next(dev, &at, &e);
	}
	return more ? e : (struct wg_entry){};
}
