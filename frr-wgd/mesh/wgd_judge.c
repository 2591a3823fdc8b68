// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A member's own items, a list, and the clock.
 *
 * Most verdicts change only with the member's items, or with the first list of
 * revocations, for which all sites wait.  One does not: time alone ends a
 * certificate, and a clock that was set right begins it again.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_judge.h"

enum wgd_mesh_refused wgd_judge(const struct wgd_mesh *m,
				const struct wgd_mesh_member *member,
				const struct wg_directory_who *who)
{
	struct wg_wall wall = wgd_mesh_wall(m);

	if (!who->present)
		return who->votes == WG_VOTES_DISPUTED ? WGD_MESH_NOT_AGREED
						       : WGD_MESH_NOT_REDEEMED;
	if (wg_wall_end(&wall, member->until) == WG_WALL_OVER)
		return WGD_MESH_OUT_OF_TIME;
	if (!who->record && !member->door_record)
		return WGD_MESH_NO_RECORD;
	/* it may be revoked for all we know; hubs know, and relay */
	if (!m->is_hub && !member->hub &&
	    !wg_directory_list(wgd_map_directory(m->map)))
		return WGD_MESH_NO_LIST;
	return WGD_MESH_PEER;
}

enum wgd_mesh_refused wgd_judge_gone(const struct wgd_mesh *m,
				     const struct wgd_mesh_member *member)
{
	return member->serial < wg_directory_least_serial(
					wgd_map_directory(m->map),
					member->number)
		       ? WGD_MESH_IS_REVOKED
		       : WGD_MESH_NOT_REDEEMED;
}

bool wgd_judge_differs(const struct wgd_mesh_member *member,
		       const struct wg_wall *wall)
{
	bool is_over = wg_wall_end(wall, member->until) == WG_WALL_OVER;

	switch (member->refused) {
	case WGD_MESH_NOT_REDEEMED:
	case WGD_MESH_NOT_AGREED:
	case WGD_MESH_IS_REVOKED:
		return false;
	case WGD_MESH_OUT_OF_TIME:
		return !is_over;
	default:
		return is_over;
	}
}
