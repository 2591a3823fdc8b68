// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device room on a machine that is made up: which links are ours, what is
 * waited for, what became of an attempt, and when the next may come.
 */
#include "frr-wgd/tests/fake_device.h"

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/zebra/wgd_replay.h"
#include "frr-wgd/zebra/wgd_zebra.h"

static struct wgd_if *wif;

/* There is no zebra here. */
bool wgd_replay_is_telling(void)
{
	return false;
}

struct interface *wgd_zebra_link(const char *name)
{
	return NULL;
}

bool wgd_zebra_knows(const char *name, uint32_t ifindex)
{
	return true;
}

static int setup(void **state)
{
	glue_setup(state);
	fake_device_reset();
	wif = wgd_if_new("wg0");
	wgd_device_new(wif);
	wgd_attach_new(wif);
	return 0;
}

static int teardown(void **state)
{
	wgd_device_delete(wif);
	wgd_attach_delete(wif);
	wgd_if_delete(wif);
	return glue_teardown(state);
}

static int attach(void)
{
	struct wgd_attaching a = {};
	int rc = wgd_attach_link(wif, &a);

	if (rc == 0)
		rc = wgd_attach_setup(wif, &a, 1400);
	if (rc == 0)
		wgd_if_set_state(wif, WGD_IF_UNSYNCED, "attached");
	return rc;
}

static void link_is(uint32_t ifindex, bool ours)
{
	fake_device.link = (struct wg_link){
		.ifindex = ifindex,
		.wireguard = true,
		.ours = ours,
		.mtu = 1420,
	};
	strlcpy(fake_device.link.name, "wg0", sizeof(fake_device.link.name));
}

static void test_made(void **state)
{
	assert_int_equal(attach(), 0);
	assert_int_equal(fake_device.made, 1);
	assert_false(wif->link->adopted);
	assert_true(fake_device.link.flags & IFF_UP);
	assert_int_equal(fake_device.link.mtu, 1400);
	assert_int_equal(fake_device.link.group, WGD_ATTACH_GROUP);
	assert_int_equal(wg_dev_ifindex(wif->dev), 1);
	/* gone with it */
	wgd_attach_drop(wif);
	assert_int_equal(fake_device.link.ifindex, 0);
	assert_null(wif->device->be);
}

static void test_adopted(void **state)
{
	link_is(5, false);
	assert_int_equal(attach(), 0);
	assert_true(wif->link->adopted);
	assert_int_equal(fake_device.made, 0);
	/* it goes, and may come back: it is waited for, and none is made */
	fake_device.link.ifindex = 0;
	assert_int_equal(wgd_attach_keep(wif, 0, NULL), WGD_ATTACH_GONE);
	wgd_device_detach(wif);
	assert_true(attach() > 0);
	assert_int_equal(fake_device.made, 0);
	link_is(6, false);
	assert_int_equal(attach(), 0);
	assert_int_equal(wif->link->ifindex, 6);
	/* what others made stays */
	wgd_attach_drop(wif);
	assert_int_equal(fake_device.link.ifindex, 6);
}

static void test_kept(void **state)
{
	assert_int_equal(attach(), 0);
	assert_int_equal(wgd_attach_keep(wif, 1400, NULL), WGD_ATTACH_SAME);
	/* its mark was taken, and its MTU changed */
	fake_device.link.ours = false;
	fake_device.link.mtu = 1300;
	assert_int_equal(wgd_attach_keep(wif, 1400, NULL), WGD_ATTACH_SAME);
	assert_true(fake_device.link.ours);
	assert_int_equal(fake_device.link.mtu, 1400);
	fake_device.link.vrf = 9;
	assert_int_equal(wgd_attach_keep(wif, 1400, NULL), WGD_ATTACH_MOVED);
	assert_int_equal(wg_dev_vrf(wif->dev), 9);
	assert_int_equal(wgd_attach_keep(wif, 1400, NULL), WGD_ATTACH_SAME);
	fake_device.link.ifindex = 7;
	assert_int_equal(wgd_attach_keep(wif, 1400, NULL), WGD_ATTACH_GONE);
	/* made again by somebody, in no VRF: ours, where ours was */
	wgd_device_detach(wif);
	link_is(8, false);
	assert_int_equal(attach(), 0);
	assert_true(fake_device.link.ours);
	assert_int_equal(fake_device.link.vrf, 9);
}

static void test_errors(void **state)
{
	char path[PATH_MAX];

	fake_device.create = -EPERM;
	assert_int_equal(attach(), -EPERM);
	fake_device.open = -EIO;
	assert_int_equal(attach(), -EIO);
	assert_null(wif->device->be);
	assert_int_equal(attach(), 0);
	fake_device.key = -EACCES;
	assert_int_equal(wgd_key_load(wif), -EACCES);
	assert_int_equal(wif->state, WGD_IF_ABSENT);
	assert_non_null(strstr(wif->reason, "as the test wants it"));
	assert_int_equal(wgd_key_load(wif), 0);
	assert_non_null(wgd_key_public(wif));
	assert_non_null(wgd_key_file(wif, path, sizeof(path)));
}

static void read_all(void)
{
	wg_sync_begin(wif->dev, false);
	wg_sync_device(wif->dev, wg_dev_key(wif->dev), 0, 0);
	wg_sync_end(wif->dev);
	while (wgd_device_sweep(wif))
		;
}

static void plan_one(unsigned n)
{
	struct wg_key key = glue_key(1);
	struct wg_peer *peer = wg_peer_find(wif->dev, "a");
	struct wg_prefix p = {.family = AF_INET, .len = 32};

	if (!peer) {
		peer = wg_peer_new(wif->dev, "a");
		wg_peer_set_key(peer, &key);
	}
	for (; n; n--) {
		p.b[2] = n >> 8;
		p.b[3] = n;
		wg_peer_add_static(peer, &p, NULL);
	}
	wg_core_settle(wgd.core);
}

static void test_pauses(void **state)
{
	assert_int_equal(attach(), 0);
	read_all();
	assert_int_equal(wgd_device_apply(wif), 0); /* nothing to do */
	plan_one(1);
	assert_int_equal(wgd_device_apply(wif), 1);
	assert_int_equal(wif->device->busy, WGD_APPLYING);
	/* in a burst the next one waits */
	assert_true(wif->not_before_ms > wif->device->last_apply_ms);
	wgd_if_kick(wif);
	assert_true(wif->due_ms >= wif->not_before_ms);
	wgd_if_kick_in(wif, 0);
	wgd_if_kick(wif); /* not later than it was */
	assert_true(wif->due_ms <= wgd_now_ms());
	wgd_device_applied(wif);
	assert_int_equal(wif->device->busy, WGD_IDLE);
	assert_int_equal(wif->device->stats.batches, 1);
	/* but not behind a full one */
	plan_one(2000);
	assert_int_equal(wgd_device_apply(wif), 1);
	assert_int_equal(wif->device->n_ops, WG_BACKEND_BATCH);
	assert_true(wif->not_before_ms > 0);
	wgd_device_applied(wif);
	assert_int_equal(wif->not_before_ms, 0);
	/* backing off */
	wgd_if_back_off(wif, 1000);
	wgd_if_kick(wif);
	assert_true(wif->due_ms >= wif->not_before_ms);
	wgd_if_try_now(wif);
	wgd_if_kick(wif);
	assert_true(wif->due_ms <= wgd_now_ms());
	glue_steps = 0;
	glue_run(5);
	assert_int_equal(glue_steps, 1);
}

/* A port that somebody else has: all else is followed. */
static void test_refused(void **state)
{
	wif->conf.listen_port = 51820;
	assert_int_equal(attach(), 0);
	assert_int_equal(wgd_key_load(wif), 0);
	wgd_attach_set_conf(wif, 0);
	read_all();
	wg_core_settle(wgd.core);
	do {
		assert_int_equal(wgd_device_apply(wif), 1);
		if (wif->device->ops[0].kind == WG_OP_PORT_SET)
			break;
		wgd_device_applied(wif);
	} while (true);
	assert_false(wgd_device_refused(wif, -EPIPE));
	assert_true(wgd_device_refused(wif, -EADDRINUSE));
	assert_int_equal(wif->device->busy, WGD_IDLE);
	assert_non_null(strstr(wgd_device_refusal(wif), "listen-port 51820"));
	wif->port = 1234;
	assert_int_equal(wgd_device_port(wif), 1234);
}

/* Another key is a warning until the one that was before is back. */
static void test_key_change(void **state)
{
	struct wg_key a = glue_key(1), b = glue_key(2);
	char change[256];

	wgd_key_set(wif, &a);
	assert_false(wgd_key_change(wif, change, sizeof(change)));
	wgd_key_set(wif, &b);
	assert_true(wgd_key_change(wif, change, sizeof(change)));
	wgd_key_set(wif, &b); /* read again */
	assert_true(wgd_key_change(wif, change, sizeof(change)));
	wgd_key_set(wif, &a);
	assert_false(wgd_key_change(wif, change, sizeof(change)));
	/* the next change is one again */
	wgd_key_set(wif, &b);
	assert_true(wgd_key_change(wif, change, sizeof(change)));
	assert_true(wg_key_same(&wif->link->former_key, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made, setup, teardown),
		cmocka_unit_test_setup_teardown(test_adopted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pauses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_key_change, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
