// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interfaces by their names, what state each is in, and when it is looked
 * at next (wgd_step.c does that).
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/base/wgd_if.h"

DEFINE_MTYPE_STATIC(WGD, WGD_IF, "WireGuard interface");

const char *wgd_if_state_str(enum wgd_if_state state)
{
	static const char *const names[] = {
		[WGD_IF_ABSENT] = "absent",
		[WGD_IF_STARTING] = "starting",
		[WGD_IF_UNSYNCED] = "unsynced",
		[WGD_IF_SYNCED] = "synced",
	};

	assert(state < array_size(names));
	return names[state];
}

const char *wgd_if_sync_state(const struct wgd_if *wif)
{
	if (wif->state == WGD_IF_SYNCED &&
	    (wg_plan_pending(wif->dev) || wg_sync_is_busy(wif->dev)))
		return "pending";
	return wgd_if_state_str(wif->state);
}

void wgd_if_set_state(struct wgd_if *wif, enum wgd_if_state state,
		      const char *why)
{
	if (wif->state != state)
		zlog_info("%s: %s -> %s%s%s", wif->name,
			  wgd_if_state_str(wif->state), wgd_if_state_str(state),
			  why ? ": " : "", why ? why : "");
	wif->state = state;
	wgd_str_set(&wif->reason, why);
}

/* --- when it is looked at */

void wgd_if_kick_in(struct wgd_if *wif, unsigned ms)
{
	event_cancel(&wif->t_run);
	wif->due_ms = wgd_now_ms() + ms;
	if (ms)
		event_add_timer_msec(wgd.master, wgd.step, wif, ms,
				     &wif->t_run);
	else
		event_add_event(wgd.master, wgd.step, wif, 0, &wif->t_run);
}

void wgd_if_kick(struct wgd_if *wif)
{
	int64_t now = wgd_now_ms(), due = MAX(now, wif->not_before_ms);

	if (!wif->t_run || wif->due_ms > due)
		wgd_if_kick_in(wif, due - now);
}

void wgd_if_back_off(struct wgd_if *wif, unsigned ms)
{
	wif->retry_ms = ms;
	wif->not_before_ms = wgd_now_ms() + ms;
	wgd_if_kick_in(wif, ms);
}

void wgd_if_try_now(struct wgd_if *wif)
{
	wif->retry_ms = 0;
	wif->not_before_ms = 0;
}

void wgd_if_kick_all(void)
{
	wgd_each_if (wif)
		wgd_if_kick(wif);
}

void wgd_if_resync(struct wgd_if *wif, const char *why)
{
	wgd_debug_device("%s: resync: %s", wif->name, why);
	wg_plan_retry(wif->dev);
	wif->want_read = true;
	wgd_if_try_now(wif);
	wgd_if_kick(wif);
}

void wgd_if_link_changed(const char *name)
{
	struct wgd_if *wif = wgd_if_find(name);

	if (!wif)
		return;
	wif->want_look = true;
	wgd_if_try_now(wif);
	wgd_if_kick(wif);
}

/* --- by their names */

struct wgd_if *wgd_if_find(const char *name)
{
	struct wg_dev *dev = wg_dev_find(wgd.core, name);

	return dev ? wg_dev_arg(dev) : NULL;
}

struct wgd_if *wgd_if_first(void)
{
	struct wg_dev *dev = wg_dev_first(wgd.core);

	return dev ? wg_dev_arg(dev) : NULL;
}

struct wgd_if *wgd_if_next(struct wgd_if *wif)
{
	struct wg_dev *dev = wg_dev_next(wif->dev);

	return dev ? wg_dev_arg(dev) : NULL;
}

struct wgd_if *wgd_if_find_index(uint32_t ifindex)
{
	struct wgd_if *wif = wgd_if_first();

	while (wif && wg_dev_ifindex(wif->dev) != ifindex)
		wif = wgd_if_next(wif);
	return wif;
}

struct wgd_if *wgd_if_new(const char *name)
{
	struct wgd_if *wif = XCALLOC(MTYPE_WGD_IF, sizeof(*wif));

	strlcpy(wif->name, name, sizeof(wif->name));
	wif->dev = wg_dev_new(wgd.core, name);
	assert(wif->dev);
	wg_dev_set_arg(wif->dev, wif);
	return wif;
}

void wgd_if_conf_clear(struct wgd_if_conf *conf)
{
	size_t i;

	for (i = 0; i < conf->group.n_members; i++)
		XFREE(MTYPE_WGD_STR, conf->group.members[i].profile);
	for (i = 0; i < conf->mesh.n_endpoints; i++)
		XFREE(MTYPE_WGD_STR, conf->mesh.endpoints[i].host);
	for (i = 0; i < conf->mesh.n_doors; i++)
		XFREE(MTYPE_WGD_STR, conf->mesh.doors[i].host);
	XFREE(MTYPE_WGD_STR, conf->mesh.name);
	XFREE(MTYPE_WGD_STR, conf->program);
	XFREE(MTYPE_WGD_STR, conf->key_file);
}

void wgd_if_delete(struct wgd_if *wif)
{
	event_cancel(&wif->t_run);
	wg_dev_delete(wif->dev);
	wgd_if_conf_clear(&wif->conf);
	XFREE(MTYPE_WGD_STR, wif->reason);
	XFREE(MTYPE_WGD_STR, wif->doubted);
	XFREE(MTYPE_WGD_IF, wif);
}
