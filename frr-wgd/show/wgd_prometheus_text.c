// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/show/wgd_prometheus.h"

void wgd_metrics_put(struct wgd_metrics *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	for (;;) {
		va_start(ap, fmt);
		n = vsnprintf(t->s + t->len, t->room - t->len, fmt, ap);
		va_end(ap);
		if (n < 0)
			return;
		if (t->len + n < t->room)
			break;
		t->room = (t->len + n + 1) * 2;
		t->s = realloc(t->s, t->room);
		assert(t->s);
	}
	t->len += n;
}

void wgd_metrics_family(struct wgd_metrics *t, const char *name,
			enum wgd_metrics_kind kind, const char *unit,
			const char *help)
{
	static const char *const kinds[] = {"counter", "gauge", "histogram"};
	const char *total =
		kind == WGD_COUNTER && !t->openmetrics ? "_total" : "";

	wgd_metrics_put(t, "# HELP %s%s %s\n", name, total, help);
	wgd_metrics_put(t, "# TYPE %s%s %s\n", name, total, kinds[kind]);
	if (unit && t->openmetrics)
		wgd_metrics_put(t, "# UNIT %s %s\n", name, unit);
}

const char *wgd_metrics_label(const struct wgd_if *wif, char *buf)
{
	const char *s;
	char *to = buf;

	for (s = wif->name; *s; s++) {
		if (strchr("\\\"\n", *s))
			*to++ = '\\';
		*to++ = *s == '\n' ? 'n' : *s;
	}
	*to = '\0';
	return buf;
}
