// SPDX-License-Identifier: GPL-2.0-or-later
#include "frr-wgd/tests/fake_relay.h"

struct fake_relay fake_relay;

static bool is_shut(const struct wg_prefix *net)
{
	unsigned to = 0, from = 0;
	size_t i;

	for (i = 0; i < fake_relay.n_rules; i++) {
		const struct wg_rule *r = &fake_relay.rules[i].rule;

		if (!r->prohibit)
			continue;
		to += wg_prefix_same(&r->to, net);
		from += wg_prefix_same(&r->from, net) && r->iif[0];
	}
	return to && from;
}

static void changed(void)
{
	struct wg_prefix net;
	size_t i;

	fake_relay.changes++;
	for (i = 0; i < fake_relay.n_rules; i++)
		if (fake_relay.rules[i].ours &&
		    fake_relay.rules[i].rule.table &&
		    !fake_relay.rules[i].rule.mark)
			assert_true(is_shut(&fake_relay.rules[i].rule.to));
	for (i = 0; i < fake_relay.n_things; i++) {
		net = fake_relay.things[i].route.prefix;
		net.len = 48;
		wg_prefix_mask(&net);
		assert_true(is_shut(&net));
	}
}

static bool fails(void)
{
	return fake_relay.calls++ == fake_relay.fail_at;
}

int wg_policy_set_rule(struct wg_policy_bus *bus, const struct wg_rule *rule,
		       bool there)
{
	size_t i;

	if (fails())
		return -ENOBUFS;
	for (i = 0; i < fake_relay.n_rules; i++)
		if (!memcmp(&fake_relay.rules[i].rule, rule, sizeof(*rule)))
			break;
	if (there == (i < fake_relay.n_rules))
		return 0;
	if (there)
		fake_relay.rules[fake_relay.n_rules++] =
			(struct wg_rule_seen){.rule = *rule, .ours = true};
	else
		fake_relay.rules[i] = fake_relay.rules[--fake_relay.n_rules];
	changed();
	return 0;
}

int wg_policy_read_rules(struct wg_policy_bus *bus, uint8_t family,
			 struct wg_rule_seen **ret, size_t *ret_n)
{
	struct wg_rule_seen *v;
	size_t i, n = 0;

	if (fails())
		return -ENOBUFS;
	v = calloc(FAKE_ROOM, sizeof(*v));
	for (i = 0; i < fake_relay.n_rules; i++)
		if (fake_relay.rules[i].rule.family == family)
			v[n++] = fake_relay.rules[i];
	*ret = v;
	*ret_n = n;
	return 0;
}

static struct fake_thing planned(const struct wg_relay_plan *plan, size_t i)
{
	struct fake_thing t;

	memset(&t, 0, sizeof(t));
	t.table = plan->table;
	t.ifindex = plan->ifindex;
	memcpy(&t.route, &plan->routes[i], sizeof(t.route));
	return t;
}

/* In its place, or where a new one goes. */
static size_t place_of(const struct fake_thing *t)
{
	size_t i;

	for (i = 0; i < fake_relay.n_things; i++)
		if (fake_relay.things[i].ifindex == t->ifindex &&
		    wg_prefix_same(&fake_relay.things[i].route.prefix,
				   &t->route.prefix))
			break;
	return i;
}

int wg_policy_set_relay(struct wg_policy_bus *bus,
			const struct wg_relay_plan *plan)
{
	struct fake_thing t;
	size_t i, at;

	if (fails())
		return -ENOBUFS;
	if (fake_relay.error)
		return fake_relay.error;
	for (i = 0; i < plan->n_routes; i++) {
		t = planned(plan, i);
		at = place_of(&t);
		if (at < fake_relay.n_things &&
		    !memcmp(&fake_relay.things[at], &t, sizeof(t)))
			continue;
		fake_relay.things[at] = t;
		fake_relay.n_things += at == fake_relay.n_things;
		changed();
	}
	return 0;
}

static bool has(const struct wg_relay_plan *plan, const struct fake_thing *t)
{
	struct fake_thing p;
	size_t i;

	for (i = 0; i < plan->n_routes; i++) {
		p = planned(plan, i);
		if (p.ifindex == t->ifindex &&
		    wg_prefix_same(&p.route.prefix, &t->route.prefix))
			return true;
	}
	return false;
}

int wg_policy_trim_relay(struct wg_policy_bus *bus,
			 const struct wg_relay_plan *plan,
			 const struct wg_relay_plan *was)
{
	size_t i;

	if (fails())
		return -ENOBUFS;
	for (i = fake_relay.n_things; i--;) {
		const struct fake_thing *t = &fake_relay.things[i];

		if (!wg_prefix_covers(&plan->net, &t->route.prefix) ||
		    has(plan, t) || (was && !has(was, t)))
			continue;
		fake_relay.things[i] = fake_relay.things[--fake_relay.n_things];
		changed();
	}
	return 0;
}

int wg_policy_open(struct wg_policy_bus **ret)
{
	*ret = (struct wg_policy_bus *)&fake_relay;
	return 0;
}

void wg_policy_close(struct wg_policy_bus **bus)
{
	*bus = NULL;
}

int wg_policy_fd(const struct wg_policy_bus *bus)
{
	return fake_relay.fd;
}

int wg_policy_watch(struct wg_policy_bus *bus, const uint32_t *tables, size_t n)
{
	fake_relay.watched = n ? tables[n - 1] : 0;
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
	*ret = calloc(1, sizeof(**ret));
	*ret_n = fake_relay.foreign && table == fake_relay.foreign;
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

/* --- what is looked at */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *fake_relay_str(void)
{
	static char text[1024], words[2 * FAKE_ROOM][64];
	char *order[2 * FAKE_ROOM];
	struct wg_addr a = {.family = AF_INET6};
	size_t i, n = 0;

	for (i = 0; i < fake_relay.n_rules; i++)
		if (fake_relay.rules[i].ours &&
		    fake_relay.rules[i].rule.family == AF_INET6 &&
		    !fake_relay.rules[i].rule.mark)
			snprintf(words[n++], 64, "%03u",
				 fake_relay.rules[i].rule.pref);
	for (i = 0; i < fake_relay.n_things; i++) {
		char addr[WG_ADDR_STRLEN];

		memcpy(a.b, fake_relay.things[i].route.prefix.b, sizeof(a.b));
		snprintf(words[n++], 64, "%s@%u/%u", wg_addr_str(&a, addr),
			 fake_relay.things[i].ifindex,
			 fake_relay.things[i].route.mtu);
	}
	for (i = 0; i < n; i++)
		order[i] = words[i];
	if (n)
		qsort(order, n, sizeof(*order), by_text);
	text[0] = '\0';
	for (i = 0; i < n; i++) {
		strlcat(text, i ? " " : "", sizeof(text));
		strlcat(text, order[i], sizeof(text));
	}
	return text;
}
