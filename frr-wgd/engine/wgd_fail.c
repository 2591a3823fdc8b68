// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/engine/wgd_fail.h"
#include "frr-wgd/gateway/wgd_gateway.h"
#include "frr-wgd/peer/wgd_peer_conf.h"

#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 10000

void wgd_fail_check_secrets(struct wgd_if *wif, bool failed)
{
	wgd_each_peer (wif, p) {
		if (!p->conf.psk_file || !(failed || p->psk_broken))
			continue;
		wgd_peer_check_secret(p);
		wgd_gateway_peer(p);
	}
}

/* What names the object comes from the backend or the caller. */
void wgd_fail(struct wgd_if *wif, int rc, const char *doing)
{
	const char *about =
		wif->device->be ? wg_backend_error(wif->device->be) : "";
	unsigned ms, max = MAX(RETRY_MAX_MS, wgd_device_failed(wif));
	char why[512];

	snprintf(why, sizeof(why), "%s: %s%s%s", doing, about,
		 *about ? ": " : "", safe_strerror(-rc));
	ms = wif->retry_ms ? MIN(wif->retry_ms * 2, max) : RETRY_MIN_MS;
	if (wif->state == WGD_IF_ABSENT && wif->reason &&
	    strmatch(wif->reason, why))
		; /* said already */
	else
		zlog_warn("%s: %s; trying again in %u ms", wif->name, why, ms);
	wgd_fail_check_secrets(wif, true);
	wgd_device_detach(wif);
	wgd_if_set_state(wif, WGD_IF_ABSENT, why);
	wgd_if_back_off(wif, ms);
}
