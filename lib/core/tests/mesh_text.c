/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a mesh says, written as text. */
#include "lib/core/tests/mesh_text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define MANY 8

void peers_new(unsigned n)
{
	unsigned i;

	for (i = 1; i <= n; i++)
		peer_new(i);
	wg_core_settle(core);
}

struct wg_peer *peer_of(char name)
{
	struct wg_peer *peer = wg_peer_find(dev, (char[]){name, 0});

	assert_non_null(peer);
	return peer;
}

void route_by(const char *text, const char *nexthops)
{
	struct wg_prefix p = prefix(text);
	struct wg_nexthop nh[MANY];
	size_t n = 0;

	for (; *nexthops; nexthops += nexthops[2] ? 3 : 2)
		nh[n++] = (struct wg_nexthop){
			.gateway = gateway(nexthops[0] - 'a' + 1),
			.ifindex = IFINDEX,
			.weight = nexthops[1] - '0',
		};
	if (n)
		assert_int_equal(wg_route_update(core, 0, &p, 1, nh, n), 0);
	else
		wg_route_delete(core, 0, &p);
}

void mesh_tell(const char *text)
{
	struct wg_peer *peer = peer_of(text[0]);
	struct wg_certified certified[MANY];
	struct wg_prefix announced[MANY];
	struct wg_certificate cert = {.certified = certified};
	bool member = text[1] >= '0' && text[1] <= '9';
	size_t n_announced = 0;
	bool behind = false, live = true;
	char copy[256], *at, *save, *dash;

	snprintf(copy, sizeof(copy), "%s", text + 1);
	if (member)
		cert.number = strtoul(copy, &at, 10);
	else
		at = copy;
	if (*at == '-') {
		live = false;
		at++;
	}
	at = strtok_r(at, " ", &save);
	for (; at; at = strtok_r(NULL, " ", &save)) {
		if (*at == '>') {
			behind = true;
		} else if (behind) {
			announced[n_announced++] = prefix(at);
		} else {
			struct wg_certified *c = &certified[cert.n_certified++];

			dash = strchr(at, '-');
			assert_non_null(dash);
			*dash = 0;
			c->prefix = prefix(at);
			c->longest = atoi(dash + 1);
		}
	}
	assert_int_equal(wg_peer_set_announced(peer, announced, n_announced),
			 0);
	assert_int_equal(wg_peer_set_certificate(peer, member ? &cert : NULL),
			 0);
	wg_peer_set_live(peer, live);
}
