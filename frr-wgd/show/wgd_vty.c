// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "vty.h"

#include "frr-wgd/engine/wgd_request.h"
#include "frr-wgd/show/wgd_vty.h"

int wgd_vty_no_such(struct vty *vty, const char *ifname, bool json)
{
	if (!ifname || wgd_if_find(ifname))
		return CMD_SUCCESS;
	if (json)
		vty_out(vty, "{}\n");
	else
		vty_out(vty, "%% %s is not a WireGuard interface\n", ifname);
	return WGD_CMD_NOTHING;
}

int wgd_vty_show(struct vty *vty, const char *ifname, bool json,
		 json_object *(*to_json)(struct wgd_if *wif),
		 void (*to_text)(struct vty *vty, struct wgd_if *wif))
{
	json_object *o;

	if (wgd_vty_no_such(vty, ifname, json) != CMD_SUCCESS)
		return WGD_CMD_NOTHING;
	o = json ? json_object_new_object() : NULL;
	wg_core_settle(wgd.core);
	wgd_vty_each_if (wif, ifname) {
		wgd_request_refresh(wif);
		if (json)
			json_object_object_add(o, wif->name, to_json(wif));
		else
			to_text(vty, wif);
	}
	return json ? vty_json(vty, o) : CMD_SUCCESS;
}

static void complete(vector names, struct cmd_token *token)
{
	wgd_each_if (wif)
		vector_set(names, XSTRDUP(MTYPE_COMPLETION, wif->name));
}

void wgd_vty_complete_init(void)
{
	static const struct cmd_variable_handler handlers[] = {
		{ .tokenname = "WG-IFNAME", .completions = complete },
		{ .completions = NULL },
	};

	cmd_variable_handler_register(handlers);
}

void wgd_vty_ratio(struct vty *vty, struct wgd_if *wif)
{
	struct wg_count count;

	if (!wg_dev_aggregate(wif->dev))
		return;
	wg_dev_count(wif->dev, &count);
	vty_out(vty, "  Aggregated: %zu prefixes in %zu entries, %zu %%\n",
		count.entries, count.targets,
		count.entries ? count.targets * 100 / count.entries : 100);
}
