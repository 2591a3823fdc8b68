/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the relay of a mesh in this network namespace, for check-relay:
 *
 *   relay_apply HASH HUB HUBS MEMBER IFNAME
 *
 * HASH: ten hexadecimal digits; HUB: our hub number, 0: a site; HUBS: bits, the
 * lowest for hub 1.  The MTU is the device's.
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/backend/wg_link.h"
#include "lib/backend/wg_policy.h"

static const struct wg_relay_place place = {.pref = 480, .table = 30568};

static int parse(char *argv[], struct wg_relay *own)
{
	struct wg_link link;
	unsigned i, byte;
	int error;

	for (i = 0; i < WG_RELAY_HASH_LEN; i++) {
		if (sscanf(argv[1] + 2 * i, "%2x", &byte) != 1)
			return -1;
		own->hash[i] = byte;
	}
	own->hub = strtoul(argv[2], NULL, 10);
	own->hubs = strtoul(argv[3], NULL, 10);
	own->member = strtoul(argv[4], NULL, 10);
	snprintf(own->ifname, sizeof(own->ifname), "%s", argv[5]);
	error = wg_link_get(own->ifname, &link);
	own->ifindex = link.ifindex;
	own->mtu = link.mtu;
	return error;
}

static int apply(const struct wg_relay_plan *plan)
{
	struct wg_policy_bus *bus;
	int error = wg_policy_open(&bus);
	size_t i;

	if (error)
		return error;
	for (i = 0; i < plan->n_rules && !error; i++)
		error = wg_policy_set_rule(bus, &plan->rules[i], true);
	if (!error)
		error = wg_policy_set_relay(bus, plan);
	wg_policy_close(&bus);
	return error;
}

int main(int argc, char *argv[])
{
	struct wg_relay own = {.mtu = 0};
	struct wg_relay_plan plan;
	int error;

	if (argc != 6 || strlen(argv[1]) != 2 * WG_RELAY_HASH_LEN ||
	    parse(argv, &own) != 0) {
		fprintf(stderr, "usage: %s HASH HUB HUBS MEMBER IFNAME\n",
			argv[0]);
		return 2;
	}
	error = wg_relay_plan(&own, &place, &plan);
	if (!error)
		error = apply(&plan);
	if (error)
		fprintf(stderr, "%s: %s\n", argv[0], strerror(-error));
	return error ? 1 : 0;
}
