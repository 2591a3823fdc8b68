// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/base/wgd_clock.h"
#include "frr-wgd/mesh/wgd_drop.h"

#define LOG_MS 60000

static const struct {
	const char *name;
	bool is_news; /* for the log */
} reasons[WGD_DROPS] = {
	[WGD_DROP_NO_ITEM] = {"no-item", true},
	[WGD_DROP_OTHER_MESH] = {"other-mesh", true},
	[WGD_DROP_UNWANTED] = {"unwanted", false},
	[WGD_DROP_OVER_MAXIMUM] = {"over-maximum-members", true},
	[WGD_DROP_VOID] = {"void", true},
	[WGD_DROP_NO_SIGNER] = {"no-signer", false},
	[WGD_DROP_TOO_OFTEN] = {"too-often", true},
	[WGD_DROP_FORGED] = {"forged", true},
	[WGD_DROP_NO_MEMBER] = {"no-member", true},
	[WGD_DROP_FRAME] = {"frame", true},
	[WGD_DROP_NO_QUESTION] = {"door-no-question", true},
	[WGD_DROP_NOT_FOR_US] = {"door-not-for-us", true},
	[WGD_DROP_NEIGHBOURS] = {"door-neighbours-too-often", true},
	[WGD_DROP_CROWD] = {"door-all-too-often", true},
	[WGD_DROP_BROKEN] = {"door-broken", true},
	[WGD_DROP_NO_FORM] = {"door-no-form", true},
	[WGD_DROP_REFUSED] = {"door-refused", true},
	[WGD_DROP_NO_ANSWER] = {"answer-no-answer", true},
	[WGD_DROP_LIE] = {"answer-lie", true},
	[WGD_DROP_PROBE_NO_FORM] = {"probe-no-form", true},
	[WGD_DROP_PROBE_IN_TUNNEL] = {"probe-in-tunnel", true},
	[WGD_DROP_PROBE_NO_MEMBER] = {"probe-no-member", true},
	[WGD_DROP_PROBE_FORGED] = {"probe-forged", true},
	[WGD_DROP_PROBE_NOT_NOW] = {"probe-not-now", false},
	[WGD_DROP_PROBE_TOO_OFTEN] = {"probe-too-often", true},
	[WGD_DROP_PROBE_NOT_ASKED] = {"probe-not-asked", false},
};

const char *wgd_drop_str(enum wgd_drop reason)
{
	return reasons[reason].name;
}

void wgd_drop(struct wgd_drops *d, enum wgd_drop reason, const char *from,
	      const char *what)
{
	int64_t now = wgd_now_ms();

	d->n[reason]++;
	if (!reasons[reason].is_news)
		return;
	if (d->logged_ms[reason] && now - d->logged_ms[reason] < LOG_MS) {
		d->unlogged[reason]++;
		return;
	}
	zlog_warn("%s: mesh: dropped, from %s: %s: %s (%" PRIu64
		  " more since the last such line)",
		  d->ifname, from, wgd_drop_str(reason), what,
		  d->unlogged[reason]);
	d->logged_ms[reason] = now;
	d->unlogged[reason] = 0;
}
