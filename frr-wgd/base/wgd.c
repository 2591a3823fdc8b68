// SPDX-License-Identifier: GPL-2.0-or-later
/* The one instance, its privileges and the memory that all files share. */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/base/wgd.h"

DEFINE_MGROUP(WGD, "wgd");
DEFINE_MTYPE(WGD, WGD_STR, "WireGuard string");

static zebra_capabilities_t wgd_caps[] = {
	ZCAP_NET_ADMIN,
	ZCAP_NET_RAW, /* the last one: see forgo_raw in wgd_main.c */
};

struct zebra_privs_t wgd_privs = {
	.user = FRR_USER,
	.group = FRR_GROUP,
	.vty_group = VTY_GROUP,
	.caps_p = wgd_caps,
	.cap_num_p = array_size(wgd_caps),
	.cap_num_i = 0,
};

struct wgd wgd = {
	.stale_time = WGD_STALE_TIME,
	.group_port = WGD_GROUP_PORT,
};

void wgd_turn_mark(void)
{
	event_add_event(wgd.master, wgd.turn, NULL, 0, &wgd.t_turn);
}

bool wgd_str_set(char **at, const char *to)
{
	if (*at == to || (*at && to && strmatch(*at, to)))
		return false;
	XFREE(MTYPE_WGD_STR, *at);
	*at = to ? XSTRDUP(MTYPE_WGD_STR, to) : NULL;
	return true;
}
