/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asked of the device itself, the kernel's or a program's: a peer that `wg set`
 * made stands in no configuration, and would lose us all the same.
 */
#include "wgd-mesh/mesh_device.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>

#include "lib/backend/wg_backend.h"

/* The same key comes again where a peer has many prefixes. */
static int count(struct wg_backend *be, size_t *ret)
{
	struct wg_key last = {0};
	struct wg_event ev = {0};
	struct pollfd p;
	int rc = wg_backend_read(be);

	*ret = 0;
	while (!rc && ev.kind != WG_EV_END) {
		rc = wg_backend_next(be, &ev);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			p = (struct pollfd){wg_backend_fd(be),
					    wg_backend_events(be), 0};
			poll(&p, 1, wg_backend_timeout(be));
			continue;
		}
		rc = 0;
		if (ev.kind == WG_EV_AGAIN) {
			*ret = 0;
			last = (struct wg_key){{0}};
		}
		if (ev.kind == WG_EV_PEER && !wg_key_same(&ev.key, &last)) {
			last = ev.key;
			++*ret;
		}
	}
	return rc;
}

int mesh_device_peers(const char *ifname, size_t *ret, struct mesh_why *why)
{
	struct wg_backend *be = NULL;
	size_t n = 0;
	int rc = 0;

	if (if_nametoindex(ifname)) {
		rc = wg_backend_open_kernel(ifname, &be);
		if (rc == -EOPNOTSUPP)
			rc = wg_backend_open_userspace(ifname, NULL, &be);
		if (rc == -ENOENT)
			return mesh_because(
				why, -EINVAL,
				"%s: is no WireGuard interface, or its program does not run",
				ifname);
		if (!rc)
			rc = count(be, &n);
		wg_backend_close(&be);
	}
	if (rc)
		return mesh_because(why, rc, "%s: %s", ifname, strerror(-rc));
	*ret = n;
	return 0;
}
