// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gateway room without another gateway: which peers are clients, what a
 * role makes of a peer, and what is left when the group ends.
 */
#include "frr-wgd/tests/fake_device.h"

#include "vrf.h"

#include "frr-wgd/gateway/wgd_gateway.h"
#include "frr-wgd/gateway/wgd_member.h"
#include "frr-wgd/gateway/wgd_stray.h"
#include "frr-wgd/gateway/wgd_talk.h"
#include "frr-wgd/peer/wgd_peer_conf.h"
#include "frr-wgd/zebra/wgd_table.h"

#define SOON 5 /* ms */

static struct wgd_if *wif;
static unsigned n_members, n_listening, n_guarded;

/* --- what is around it */

struct wgd_member *wgd_member_new(struct wgd_group *g, unsigned index,
				  const struct wg_addr *addr)
{
	struct wgd_member *m = calloc(1, sizeof(*m));

	m->group = g;
	m->index = index;
	m->addr = *addr;
	wg_group_member_add(g->core, index);
	n_members++;
	return m;
}

void wgd_member_delete(struct wgd_member **m)
{
	if (!*m)
		return;
	wg_group_member_del((*m)->group->core, (*m)->index);
	n_members--;
	free(*m);
	*m = NULL;
}

void wgd_member_configure(struct wgd_member *m, bool bfd, const char *profile)
{
}

void wgd_member_reset(struct wgd_member *m, const char *why)
{
}

void wgd_talk_tell(struct wgd_member *m)
{
}

void wgd_listen_start(void)
{
	n_listening++;
}

void wgd_listen_stop(void)
{
	n_listening--;
}

void wgd_listen_guard(void)
{
	n_guarded++;
}

struct wgd_stray *wgd_stray_new(struct wgd_group *g)
{
	return NULL;
}

void wgd_stray_delete(struct wgd_stray **s)
{
}

void wgd_stray_look(struct wgd_stray *s)
{
}

void wgd_table_claim(struct wgd_claim *c, uint8_t instance, vrf_id_t vrf,
		     const struct wg_prefix *p, uint32_t ifindex)
{
}

void wgd_table_release(struct wgd_claim *c)
{
}

/* --- the room */

static struct wgd_peer *peer_new(const char *name, unsigned key)
{
	struct wgd_peer_conf conf = {
		.key = glue_key(key),
		.has_key = key,
		.host = "192.0.2.1",
		.port = 51820,
		.keepalive = 25,
	};
	struct wgd_peer *p = wgd_peer_get(wif, name);

	wgd_peer_configure(p, &conf);
	wgd_gateway_peer(p);
	return p;
}

static int setup(void **state)
{
	glue_setup(state);
	fake_device_reset();
	n_members = n_listening = n_guarded = 0;
	wif = wgd_if_new("wg0");
	wgd_device_new(wif);
	wgd_attach_new(wif);
	wgd_underlay_new_if(wif);
	wif->conf.group.n_members = 1;
	wif->conf.group.members[0].addr = addr_of("198.51.100.2");
	return 0;
}

static int teardown(void **state)
{
	struct wgd_peer *p;

	wgd_gateway_delete(wif);
	assert_null(wgd_group_first());
	assert_int_equal(n_members, 0);
	assert_int_equal(n_listening, 0);
	while ((p = wgd_peer_first(wif)))
		wgd_peer_delete(p);
	wgd_underlay_forget_if(wif);
	wgd_device_delete(wif);
	wgd_attach_delete(wif);
	wgd_if_delete(wif);
	return glue_teardown(state);
}

static uint16_t keepalive(const struct wgd_peer *p)
{
	return wg_peer_conf(p->peer)->keepalive;
}

/* Configured before the group or behind it: who has a key is a client. */
static void test_clients(void **state)
{
	struct wgd_peer *a = peer_new("a", 1), *none = peer_new("none", 0), *b;

	assert_null(a->group.client);
	wgd_gateway_configure(wif);
	assert_int_equal(n_members, 1);
	assert_int_equal(n_listening, 1);
	assert_true(n_guarded > 0);
	b = peer_new("b", 2);
	assert_non_null(a->group.client);
	assert_non_null(b->group.client);
	assert_null(none->group.client);
	assert_false(none->instead.on);
	glue_run(SOON);
	assert_true(a->instead.on && !a->instead.serves);
	assert_int_equal(keepalive(a), 0);
	assert_int_equal(wg_peer_conf(a->peer)->endpoint.addr.family,
			 AF_UNSPEC);
	/* its key goes: it is as configured */
	wgd_gateway_forget_peer(a);
	assert_false(a->instead.on);
	wgd_peer_push(a);
	assert_int_equal(keepalive(a), 25);
	/* ... and comes back */
	wgd_gateway_peer(a);
	assert_true(a->instead.on);
	/* no group, no clients */
	wif->conf.group.n_members = 0;
	wgd_gateway_configure(wif);
	assert_null(wif->group);
	assert_false(a->instead.on || b->instead.on);
	assert_int_equal(keepalive(b), 25);
}

static void seen(struct wgd_peer *p, int64_t ago)
{
	struct wg_event ev = {
		.endpoint = {.addr = addr_of("203.0.113.9"), .port = 7},
		.handshake = time(NULL) - ago,
		.rx_bytes = 100,
		.tx_bytes = 100,
	};

	wgd_peer_seen(p, &ev);
	wgd_gateway_seen(p, &ev);
	wgd_gateway_read(wif);
	glue_run(SOON);
}

/* Who had a handshake with us is ours. */
static void test_serving(void **state)
{
	struct wgd_peer *a = peer_new("a", 1), *b = peer_new("b", 2);

	wgd_gateway_configure(wif);
	glue_run(SOON);
	seen(a, 1);
	assert_int_equal(a->group.client->role, WG_ROLE_SERVING);
	assert_true(a->instead.serves);
	assert_int_equal(keepalive(a), 25);
	assert_int_equal(b->group.client->role, WG_ROLE_PASSIVE);
	assert_int_equal(keepalive(b), 0);
	/* drained it is not given away while there is nobody to take it */
	wgd_gateway_drain(wif, true);
	glue_run(SOON);
	assert_true(wg_group_is_drained(wif->group->core));
	assert_int_equal(a->group.client->role, WG_ROLE_SERVING);
}

/* That there is no way is a mark; who is ready to takes the client. */
static void test_paths(void **state)
{
	struct wgd_peer *a = peer_new("a", 1);

	wgd_gateway_configure(wif);
	glue_run(SOON);
	seen(a, 1);
	a->way.path = WG_REACH_NONE;
	wgd_gateway_paths(); /* not marked: nobody looks */
	assert_null(wif->group->t_act);
	wif->under->no_way = true;
	wgd_gateway_paths();
	assert_false(wif->under->no_way);
	assert_non_null(wif->group->t_act);
	glue_run(SOON);
	assert_int_equal(a->group.client->role, WG_ROLE_SERVING);
	/* until now nobody could */
	wg_group_member_id(wif->group->core, 0, 8);
	wg_group_member_ready(wif->group->core, 0, true);
	wgd_gateway_paths();
	glue_run(SOON);
	assert_int_equal(a->group.client->role, WG_ROLE_SERVING);
	wif->under->no_way = true;
	wgd_gateway_paths();
	assert_int_equal(a->group.client->role, WG_ROLE_PASSIVE);
	glue_run(SOON);
	assert_int_equal(a->group.client->role, WG_ROLE_PASSIVE);
	assert_false(a->instead.serves);
}

static void test_members(void **state)
{
	struct wg_addr two = addr_of("198.51.100.2"),
		       three = addr_of("198.51.100.3");
	struct wgd_member *kept;

	wgd_gateway_configure(wif);
	kept = wgd_group_member(wif->group, &two);
	assert_non_null(kept);
	wif->conf.group.members[1].addr = three;
	wif->conf.group.n_members = 2;
	wgd_gateway_configure(wif);
	assert_int_equal(n_members, 2);
	assert_ptr_equal(wgd_group_member(wif->group, &two), kept);
	wif->conf.group.members[0].addr = three;
	wif->conf.group.n_members = 1;
	wgd_gateway_configure(wif);
	assert_int_equal(n_members, 1);
	assert_null(wgd_group_member(wif->group, &two));
	assert_non_null(wgd_group_member(wif->group, &three));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_clients, setup, teardown),
		cmocka_unit_test_setup_teardown(test_serving, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_members, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
