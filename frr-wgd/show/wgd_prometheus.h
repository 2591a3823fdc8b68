/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module wgd_prometheus within itself: the text of metrics, and who writes
 * which part of it.
 */
#ifndef WGD_PROMETHEUS_H
#define WGD_PROMETHEUS_H

#include "frr-wgd/base/wgd_if.h"

struct wgd_metrics {
	char *s; /* by malloc: libmicrohttpd frees it */
	size_t len, room;
	bool openmetrics; /* else the older text format */
};

extern void wgd_metrics_put(struct wgd_metrics *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

enum wgd_metrics_kind { WGD_COUNTER, WGD_GAUGE, WGD_HISTOGRAM };

/*
 * The head of a family.  The unit is the end of the name, as OpenMetrics wants
 * it; NULL: none.
 */
extern void wgd_metrics_family(struct wgd_metrics *t, const char *name,
			       enum wgd_metrics_kind kind, const char *unit,
			       const char *help);

/* Room for the name of an interface, each byte with a backslash. */
#define WGD_LABEL_LEN (2 * WG_IFNAME_LEN)
/*
 * The interface's name as the value of a label, which both formats escape
 * alike.  It may have a quotation mark or a backslash; those of peers and
 * meshes may not.  BUF: WGD_LABEL_LEN.
 */
extern const char *wgd_metrics_label(const struct wgd_if *wif, char *buf);

/* All about meshes. */
extern void wgd_metrics_mesh(struct wgd_metrics *t);

#endif
