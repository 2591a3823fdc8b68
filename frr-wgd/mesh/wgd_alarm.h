/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alarms of a mesh (lib/core/wg_alarms.h), their log lines and their hook. */
#ifndef WGD_ALARM_H
#define WGD_ALARM_H

#include "hook.h"

#include "frr-wgd/mesh/wgd_mesh.h"
#include "lib/core/wg_alarms.h"

extern void wgd_alarm_new(struct wgd_mesh *m);
extern void wgd_alarm_delete(struct wgd_mesh *m);

/*
 * It happened now; it stands for a day.  SUBJECT: a member's name, NULL: the
 * mesh itself.
 */
extern void wgd_alarm_happened(struct wgd_mesh *m, enum wg_alarm_kind kind,
			       const char *subject, const char *fmt, ...)
	PRINTFRR(4, 5);
/*
 * A round: what is so is stated between its begin and its end, which tells what
 * came and went since the last.
 */
extern void wgd_alarm_begin(struct wgd_mesh *m);
extern void wgd_alarm_stand(struct wgd_mesh *m, enum wg_alarm_kind kind,
			    const char *subject, const char *fmt, ...)
	PRINTFRR(4, 5);
extern void wgd_alarm_end(struct wgd_mesh *m);

/* The I-th that stands; NULL: there are no more. */
extern const struct wg_alarm *wgd_alarm_at(const struct wgd_mesh *m, size_t i);
/* How long it has stood, ms. */
extern int64_t wgd_alarm_age_ms(const struct wg_alarm *alarm);

/*
 * An alarm came (or has another text: RAISED again) or went; with its line in
 * the log, so no more often.
 */
DECLARE_HOOK(wgd_alarm_changed,
	     (const struct wgd_mesh *m, const struct wg_alarm *alarm,
	      bool raised),
	     (m, alarm, raised));

#endif
