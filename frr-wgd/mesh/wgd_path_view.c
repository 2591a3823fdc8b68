// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_path_view.h"

/*
 * HELLOs go by the direct path as long as it is there, and say how it is now;
 * the PONG that proved it is older, and was the fastest.
 */
static int64_t direct_rtt(const struct wgd_mesh_member *member)
{
	if (!wgd_path_is_direct(member))
		return -1;
	return member->hello.state == WG_HELLO_ALIVE
		       ? member->hello.rtt_ms
		       : member->path->core.rtt_ms;
}

bool wgd_path_view(const struct wgd_mesh_member *member,
		   struct wgd_path_view *ret)
{
	const struct wgd_mesh *m =
		member->peer ? member->peer->wif->mesh : NULL;
	const struct wg_path *p = member->path ? &member->path->core : NULL;
	int64_t now = wgd_now_ms();

	if (!m || m->is_hub || member->hub)
		return false;
	*ret = (struct wgd_path_view){
		.state = wgd_path_state(member),
		.why = wgd_path_why(member),
		.since_ms = p ? now - p->since_ms : -1,
		.relay_rtt_ms = p && p->relay_rtt_ms ? (int64_t)p->relay_rtt_ms : -1,
		.direct_rtt_ms = direct_rtt(member),
		.held_ms = p && p->state == WG_PATH_RELAY
				   ? MAX(p->hold_ms - now, 0)
				   : 0,
	};
	return true;
}
