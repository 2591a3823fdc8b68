// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands that show, and what those of the nouns (wgd_show_*.c) share; the
 * short ones are here.  Each fills a JSON object or prints text from the same
 * calls into the core, walking it with a cursor.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "command.h"
#include "lib/json.h"
#include "vty.h"
#include "zclient.h"

#include "frr-wgd/wgd_explain.h"
#include "frr-wgd/wgd_vty.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/wgd_vty_clippy.c"
#endif

int wgd_vty_no_such(struct vty *vty, const char *ifname, bool json)
{
	if (!ifname || wgd_if_find(ifname))
		return CMD_SUCCESS;
	if (json)
		vty_out(vty, "{}\n");
	else
		vty_out(vty, "%% %s is not a WireGuard interface\n", ifname);
	return CMD_WARNING;
}

const char *wgd_vty_sync_state(struct wgd_if *wif)
{
	if (wif->state == WGD_IF_SYNCED &&
	    (wg_plan_pending(wif->dev) || wg_sync_is_busy(wif->dev)))
		return "pending";
	return wgd_if_state_str(wif->state);
}

/* Prefixes decided and entries for them, where these are not the same. */
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

/* --- show wireguard explain */

DEFPY (show_wireguard_explain,
       show_wireguard_explain_cmd,
       "show wireguard explain <A.B.C.D|X:X::X:X>$addr [vrf NAME$vrf] [json$json]",
       SHOW_STR
       "WireGuard interfaces and peers\n"
       "What happens to packets to and from an address\n"
       "IPv4 address\n"
       "IPv6 address\n"
       VRF_CMD_HELP_STR
       JSON_STR)
{
	struct wg_addr a;

	if (wg_addr_parse(addr_str, &a) < 0)
		return CMD_WARNING;
	return wgd_explain(vty, &a, vrf, !!json);
}

/* --- show wireguard statistics */

DEFPY (show_wireguard_statistics,
       show_wireguard_statistics_cmd,
       "show wireguard statistics [json$json]",
       SHOW_STR
       "WireGuard interfaces and peers\n"
       "Counters and times\n"
       JSON_STR)
{
	json_object *o = json ? json_object_new_object() : NULL, *t;
	struct wg_count count;
	struct wgd_if *wif;
	size_t i;

	wg_core_settle(wgd.core);
	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif)) {
		wg_dev_count(wif->dev, &count);

		const struct {
			const char *key, *text;
			uint64_t value;
		} rows[] = {
			{ "routes", "Routes followed", count.routes },
			{ "entries", "AllowedIPs decided", count.entries },
			{ "targets", "AllowedIPs for them, aggregated",
			  count.targets },
			{ "spare", "... more than the fewest, for now",
			  count.spare },
			{ "installed", "AllowedIPs installed",
			  count.installed },
			{ "pending", "AllowedIPs pending", count.pending },
			{ "redundant", "AllowedIPs redundant",
			  count.redundant },
			{ "events", "Route events", wif->stats.events },
			{ "batches", "Batches acknowledged",
			  wif->stats.batches },
			{ "operations", "Operations acknowledged",
			  wif->stats.ops },
			{ "ackUsecsAgo", "Last acknowledgement (us ago)",
			  wif->acked_us ? wgd_now_us() - wif->acked_us : 0 },
			{ "lastUsecs", "Route to device, last (us)",
			  wif->stats.last_us },
			{ "worstUsecs", "Route to device, worst (us)",
			  wif->stats.worst_us },
			{ "reads", "Reads of the device", wif->stats.reads },
			{ "lastReadMsecs", "Read of the device, last (ms)",
			  wif->read_took_ms },
			{ "resyncs", "Resyncs", wif->stats.resyncs },
			{ "errors", "Errors", wif->stats.errors },
		};

		t = json ? json_object_new_object() : NULL;
		if (!json)
			vty_out(vty, "Interface %s\n", wif->name);
		for (i = 0; i < array_size(rows); i++)
			if (json)
				json_object_int_add(t, rows[i].key,
						    rows[i].value);
			else
				vty_out(vty, "  %-28s %" PRIu64 "\n",
					rows[i].text, rows[i].value);
		if (json)
			json_object_object_add(o, wif->name, t);
	}
	return json ? vty_json(vty, o) : CMD_SUCCESS;
}

void wgd_vty_init(void)
{
	wgd_show_device_init();
	wgd_show_entries_init();
	wgd_group_vty_init();
	wgd_export_init();
	wgd_graph_init();
	wgd_exec_init();
	install_element(VIEW_NODE, &show_wireguard_explain_cmd);
	install_element(VIEW_NODE, &show_wireguard_statistics_cmd);
}
