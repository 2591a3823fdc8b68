/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An underlay and its routes in short texts. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "lib/core/tests/underlay.h"

struct wg_underlay *u;

static size_t hops(const int *links, struct wg_nexthop *nh)
{
	size_t n;

	for (n = 0; links[n] >= 0; n++) {
		nh[n] = (struct wg_nexthop){.ifindex = links[n]};
		nh[n].gateway.family = AF_INET;
		nh[n].gateway.b[3] = links[n];
	}
	return n;
}

void told(const char *addr, const char *prefix, const int *links)
{
	struct wg_addr a = addr_of(addr);
	struct wg_nexthop nh[4];
	struct wg_way way = {.prefix = prefix_of(prefix), .nh = nh};

	way.n_nh = hops(links, nh);
	wg_underlay_told(u, &a, &way);
	wg_underlay_check(u);
}

void route(const char *prefix, const int *links)
{
	struct wg_prefix p = prefix_of(prefix);
	struct wg_nexthop nh[4];

	wg_underlay_route(u, &p, nh, hops(links, nh));
	wg_underlay_check(u);
}

void found(const char *prefix, const int *links)
{
	struct wg_prefix p = prefix_of(prefix);
	struct wg_nexthop nh[4];

	wg_underlay_found(u, &p, nh, hops(links, nh));
	wg_underlay_check(u);
}

void hold(const char *addr)
{
	struct wg_addr a = addr_of(addr);

	wg_underlay_hold(u, &a);
	wg_underlay_check(u);
}

void release(const char *addr)
{
	struct wg_addr a = addr_of(addr);

	wg_underlay_release(u, &a);
	wg_underlay_check(u);
}

static size_t print(char *to, const struct wg_underlay_route *r)
{
	char prefix[WG_PREFIX_STRLEN];
	size_t len = 0, i;

	len += sprintf(to, "%s%s", wg_prefix_str(&r->prefix, prefix),
		       r->n_nh ? ">" : "-");
	for (i = 0; i < r->n_nh; i++)
		len += sprintf(to + len, "%s%u", i ? "," : "",
			       r->nh[i].ifindex);
	return len;
}

const char *changes(void)
{
	static char text[512];
	struct wg_underlay_route r;
	size_t len = 0;

	text[0] = '\0';
	while (wg_underlay_next(u, &r)) {
		if (len)
			text[len++] = ' ';
		len += print(text + len, &r);
		wg_underlay_check(u);
	}
	return text;
}

const char *table(void)
{
	static char text[512];
	struct wg_underlay_route r;
	size_t len = 0, at = 0;

	text[0] = '\0';
	while (wg_underlay_walk(u, &at, &r)) {
		assert_true(wg_underlay_has(u, &r.prefix));
		if (len)
			text[len++] = ' ';
		len += print(text + len, &r);
	}
	return text;
}

const char *path(const char *addr)
{
	static char text[32];
	struct wg_addr a = addr_of(addr);
	uint32_t link;
	enum wg_reach p = wg_underlay_path(u, &a, &link);

	snprintf(text, sizeof(text), "%s %u", wg_reach_str(p), link);
	return text;
}

int setup(void **state)
{
	u = wg_underlay_new();
	wg_underlay_set_tunnel(u, TUN, true);
	return 0;
}

int teardown(void **state)
{
	wg_underlay_check(u);
	wg_underlay_delete(&u);
	assert_null(u);
	wg_underlay_delete(&u);
	return 0;
}
