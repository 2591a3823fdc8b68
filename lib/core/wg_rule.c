/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of rules.  It is total, so that a sorted list of them is searched
 * by it, too.
 */
#include "lib/core/wg_rule.h"

static int stage(const struct wg_rule *r)
{
	return r->table ? 1 : r->prohibit ? 0 : 2;
}

int wg_rule_cmp(const void *rule_a, const void *rule_b)
{
	const struct wg_rule *a = rule_a, *b = rule_b;
	int by;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (stage(a) != stage(b))
		return stage(a) - stage(b);
#define BY(field)                                                              \
	if (a->field != b->field)                                              \
	return a->field < b->field ? -1 : 1
	BY(pref);
	BY(mark);
	BY(table);
	BY(not_group);
	BY(udp_sport);
	BY(from.family);
	BY(to.family);
#undef BY
	by = memcmp(a->iif, b->iif, sizeof(a->iif));
	if (!by)
		by = wg_prefix_cmp(&a->from, &b->from);
	return by ? by : wg_prefix_cmp(&a->to, &b->to);
}
