// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which alarms a mesh has.
 *
 * Each follows from what is: items that are held, the clock, the file.  So in
 * each turn of the mesh all are found anew, and what is not found any more has
 * gone.  Some are not facts but events (an invite that was used twice, two
 * different items of one version, a clone); these are told where they happen.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_alarm.h"
#include "frr-wgd/mesh/wgd_alarm_look.h"
#include "frr-wgd/mesh/wgd_knock.h"
#include "lib/core/wg_door_msg.h"

/* --- the clock */

static const char *day(uint64_t at, char buf[static 16])
{
	time_t t = at;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, 16, "%Y-%m-%d", &tm))
		strlcpy(buf, "?", 16);
	return buf;
}

static void look_clock(struct wgd_mesh *m, const struct wg_wall *w)
{
	char buf[16];

	switch (wg_wall_source(w)) {
	case WG_WALL_CLOCK:
		break;
	case WG_WALL_UNSYNCHRONISED:
		wgd_alarm_stand(
			m, WG_ALARM_CLOCK, NULL,
			"nothing sets the clock, as the kernel says: no certificate expires");
		break;
	case WG_WALL_BELOW_FLOOR:
		wgd_alarm_stand(
			m, WG_ALARM_CLOCK, NULL,
			"the clock is behind %s, when the authority signed something: no certificate expires",
			day(w->floor, buf));
		break;
	}
}

/* NAME: NULL: it is our own. */
static void look_end(struct wgd_mesh *m, const struct wg_wall *w,
		     const char *name, uint64_t until)
{
	static const char *const says[] = {
		[WG_WALL_MONTH] = "ends in less than 30 days",
		[WG_WALL_WEEK] = "ends in less than 7 days",
		[WG_WALL_DAY] = "ends in less than a day",
		[WG_WALL_PAST] =
			"has ended; the member is left out after 30 days",
		[WG_WALL_OVER] = "ended over 30 days ago",
	};
	enum wg_wall_end end = wg_wall_end(w, until);
	char buf[16];

	if (end != WG_WALL_FAR)
		wgd_alarm_stand(m, WG_ALARM_EXPIRY, name, "%s certificate %s (%s)",
				name ? "the" : "our", says[end],
				day(until, buf));
}

static void look_expiry(struct wgd_mesh *m, const struct wg_wall *w)
{
	const uint8_t *c = wgd_mesh_certificate(m);
	size_t i;

	look_end(m, w, NULL, wg_item_number(c, WG_ITEM_UNTIL));
	for (i = 0; i < m->n_members; i++)
		if (m->members[i]->serial)
			look_end(m, w, m->members[i]->name,
				 m->members[i]->until);
}

static void look_list(struct wgd_mesh *m, const struct wg_wall *w)
{
	const uint8_t *l = wg_directory_list(wgd_map_directory(m->map));
	uint64_t due = l ? wg_item_number(l, WG_ITEM_DUE) : 0;
	char buf[16];

	if (l && wg_wall_least(w) > due)
		wgd_alarm_stand(
			m, WG_ALARM_LIST_OVERDUE, NULL,
			"a list of revocations newer than number %u was due on %s",
			(unsigned)wg_item_number(l, WG_ITEM_LIST),
			day(due, buf));
}

/* --- the map */

static const char *name_of(const struct wgd_mesh *m, uint32_t number, char *buf,
			   size_t len)
{
	const struct wgd_mesh_member *member = wgd_mesh_member(m, number);

	if (!number)
		return NULL;
	if (member && member->name[0])
		return member->name;
	if (number == m->self->number)
		return wgd_mesh_own_name(m, buf);
	snprintf(buf, len, "member %u", number);
	return buf;
}

static void look_map(struct wgd_mesh *m)
{
	const struct wg_directory *dir = wgd_map_directory(m->map);
	char buf[WG_ALARM_SUBJECT];
	struct wgd_map_conflict found;

	if (wg_directory_members(dir) >= m->self->mesh.maximum)
		wgd_alarm_stand(
			m, WG_ALARM_OVER_MAXIMUM, NULL,
			"there are as many members as may be, %zu: others are left out",
			m->self->mesh.maximum);
	while (wgd_map_next_conflict(m->map, &found))
		wgd_alarm_happened(
			m, WG_ALARM_CONFLICT,
			name_of(m, found.member, buf, sizeof(buf)),
			"two different items of one version are signed, %s: somebody else has the key",
			wg_item_kind_str(found.kind));
}

static void look_disk(struct wgd_mesh *m)
{
	const char *why = wgd_map_trouble(m->map) ?: wgd_map_torn(m->map);

	if (why)
		wgd_alarm_stand(m, WG_ALARM_DISK, NULL, "%s", why);
}

/* Who was to join with it comes too late, and is told at once. */
static void look_invite(struct wgd_mesh *m)
{
	const char *why = wgd_knock_why(m);
	char name[WG_ITEM_NAME_MAX + 1];

	if (why && strmatch(why, wg_door_why_str(WG_DOOR_INVITE_USED)))
		wgd_alarm_stand(
			m, WG_ALARM_INVITE_USED, wgd_mesh_own_name(m, name),
			"somebody else came with our invite, as a door says");
}

/* A hub has its sites' addresses in it, and those of others beside. */
static void look_neighbours(struct wgd_mesh *m)
{
	unsigned most = wgd_mesh_neighbours();

	if (m->is_hub && most && most < 4 * m->n_members)
		wgd_alarm_stand(
			m, WG_ALARM_NEIGHBOUR_TABLE, NULL,
			"net.ipv6.neigh.default.gc_thresh3 is %u, less than four times the members",
			most);
}

/* --- all */

void wgd_alarm_look(struct wgd_mesh *m)
{
	struct wg_wall w;

	wgd_alarm_begin(m);
	if (m->map) {
		w = wgd_mesh_wall(m);
		look_clock(m, &w);
		look_expiry(m, &w);
		look_list(m, &w);
		look_map(m);
		look_disk(m);
		look_invite(m);
		look_neighbours(m);
	}
	wgd_alarm_end(m);
}
