/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the operator of a mesh should know: alarms that stand, and news of those
 * that came or went.  Pure: what is alarming is decided elsewhere; times are
 * milliseconds of a clock that does not jump.
 *
 * An alarm is one of two sorts.  One that is so is stated anew in each round,
 * and goes with the first round in which it is not:
 *
 *   wg_alarms_begin(a);
 *   wg_alarms_stand(a, &alarm, now);
 *   wg_alarms_end(a, now);
 *
 * One that happened stands for WG_ALARM_HELD_MS from the last time:
 *
 *   wg_alarms_happened(a, &alarm, now);
 */
#ifndef WG_ALARMS_H
#define WG_ALARMS_H

#include "lib/core/wg_types.h"

#define WG_ALARM_HELD_MS 86400000 /* a day */
#define WG_ALARM_QUIET_MS 60000	  /* news of a kind that others can cause */
#define WG_ALARMS_OF_A_KIND 16	  /* more of members are counted */

enum wg_alarm_kind {
	WG_ALARM_INVITE_USED,	 /* somebody came with an invite once more */
	WG_ALARM_CONFLICT,	 /* two different items of one version */
	WG_ALARM_CLONED,	 /* another one has our identity */
	WG_ALARM_CLOCK,		 /* it is not to be relied on: nothing expires */
	WG_ALARM_EXPIRY,	 /* of a certificate, 30, 7 and 1 days before */
	WG_ALARM_LIST_OVERDUE,	 /* no newer list of revocations came in time */
	WG_ALARM_OVER_MAXIMUM,	 /* members are left out */
	WG_ALARM_DISK,		 /* what is known is not on disk */
	WG_ALARM_NEIGHBOUR_TABLE, /* a hub's is too small */
	WG_ALARM_RELAY_OPEN,	 /* services can be reached at relay addresses */
	WG_ALARMS,
};
const char *wg_alarm_kind_str(enum wg_alarm_kind kind);

#define WG_ALARM_SUBJECT 64
#define WG_ALARM_TEXT 192

/* Kind and subject are its key: one alarm of a kind for a subject. */
struct wg_alarm {
	enum wg_alarm_kind kind;
	char subject[WG_ALARM_SUBJECT]; /* a member's name; "": the mesh's, or ours */
	char text[WG_ALARM_TEXT];	/* another text is news */
	int64_t since;			/* ms; wg_alarms.c writes it */
};

struct wg_alarms;

struct wg_alarms *wg_alarms_new(void);
void wg_alarms_delete(struct wg_alarms **a);

void wg_alarms_begin(struct wg_alarms *a);
void wg_alarms_stand(struct wg_alarms *a, const struct wg_alarm *alarm,
		     int64_t now);
void wg_alarms_end(struct wg_alarms *a, int64_t now);
void wg_alarms_happened(struct wg_alarms *a, const struct wg_alarm *alarm,
			int64_t now);

/* The I-th that stands, by kind and subject; NULL: there are no more. */
const struct wg_alarm *wg_alarms_at(const struct wg_alarms *a, size_t i);
/* How many of that kind stand beside those, for which there was no room. */
size_t wg_alarms_left_out(const struct wg_alarms *a, enum wg_alarm_kind kind);

/*
 * The next that came, or went, or has another text, since it was told here;
 * false: none.  Of a kind that others can cause there is one in
 * WG_ALARM_QUIET_MS; what came and went before its turn is never told.
 */
bool wg_alarms_next_news(struct wg_alarms *a, int64_t now, struct wg_alarm *ret,
			 bool *ret_raised);
/* When there may be news without anything done; INT64_MAX: never. */
int64_t wg_alarms_due(const struct wg_alarms *a);

#endif
