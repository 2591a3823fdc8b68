// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Alarms of a mesh: the daemon's one table of them.  What comes and goes has a
 * line in the log and a call of the hook.  Who can cause that, and how often,
 * is in lib/core/wg_alarms.c; which there are is wgd_alarm_look.c.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"
#include "printfrr.h"

#include "frr-wgd/base/wgd_clock.h"
#include "frr-wgd/mesh/wgd_alarm.h"

DEFINE_HOOK(wgd_alarm_changed,
	    (const struct wgd_mesh *m, const struct wg_alarm *alarm,
	     bool raised),
	    (m, alarm, raised));

void wgd_alarm_new(struct wgd_mesh *m)
{
	m->alarms = wg_alarms_new();
}

void wgd_alarm_delete(struct wgd_mesh *m)
{
	wg_alarms_delete(&m->alarms);
}

const struct wg_alarm *wgd_alarm_at(const struct wgd_mesh *m, size_t i)
{
	return wg_alarms_at(m->alarms, i);
}

int64_t wgd_alarm_age_ms(const struct wg_alarm *alarm)
{
	return wgd_now_ms() - alarm->since;
}

static void set(struct wg_alarm *a, enum wg_alarm_kind kind,
		const char *subject, const char *fmt, va_list ap)
{
	memset(a, 0, sizeof(*a));
	a->kind = kind;
	strlcpy(a->subject, subject ?: "", sizeof(a->subject));
	vsnprintfrr(a->text, sizeof(a->text), fmt, ap);
}

void wgd_alarm_happened(struct wgd_mesh *m, enum wg_alarm_kind kind,
			const char *subject, const char *fmt, ...)
{
	struct wg_alarm a;
	va_list ap;

	va_start(ap, fmt);
	set(&a, kind, subject, fmt, ap);
	va_end(ap);
	wg_alarms_happened(m->alarms, &a, wgd_now_ms());
	/* to tell of it: at once if it is news, else not at all */
	wgd_mesh_act_at(m, wg_alarms_due(m->alarms));
}

void wgd_alarm_begin(struct wgd_mesh *m)
{
	wg_alarms_begin(m->alarms);
}

void wgd_alarm_stand(struct wgd_mesh *m, enum wg_alarm_kind kind,
		     const char *subject, const char *fmt, ...)
{
	struct wg_alarm a;
	va_list ap;

	va_start(ap, fmt);
	set(&a, kind, subject, fmt, ap);
	va_end(ap);
	wg_alarms_stand(m->alarms, &a, wgd_now_ms());
}

static void tell(struct wgd_mesh *m)
{
	struct wg_alarm a;
	bool raised;

	while (wg_alarms_next_news(m->alarms, wgd_now_ms(), &a, &raised)) {
		if (raised)
			zlog_warn("%s: mesh %s: alarm %s%s%s: %s", m->wif->name,
				  m->self->name, wg_alarm_kind_str(a.kind),
				  a.subject[0] ? " of " : "", a.subject,
				  a.text);
		else
			zlog_notice("%s: mesh %s: no alarm %s%s%s any more",
				    m->wif->name, m->self->name,
				    wg_alarm_kind_str(a.kind),
				    a.subject[0] ? " of " : "", a.subject);
		hook_call(wgd_alarm_changed, m, &a, raised);
	}
}

void wgd_alarm_end(struct wgd_mesh *m)
{
	wg_alarms_end(m->alarms, wgd_now_ms());
	tell(m);
	wgd_mesh_act_at(m, wg_alarms_due(m->alarms));
}
