// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands that show: the short ones; those of the nouns are in wgd_show_*.c.
 * Each fills a JSON object or prints text from the same calls into the core,
 * walking it with a cursor.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "lib/json.h"
#include "vty.h"
#include "zclient.h"

#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/device/wgd_guard.h"
#include "frr-wgd/show/wgd_explain.h"
#include "frr-wgd/show/wgd_vty.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/show/wgd_show_clippy.c"
#endif

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
	size_t i;

	wg_core_settle(wgd.core);
	wgd_each_if (wif) {
		const struct wgd_device *d = wif->device;

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
			{ "events", "Route events", d->stats.events },
			{ "batches", "Batches acknowledged",
			  d->stats.batches },
			{ "operations", "Operations acknowledged",
			  d->stats.ops },
			{ "ackUsecsAgo", "Last acknowledgement (us ago)",
			  d->acked_us ? wgd_now_us() - d->acked_us : 0 },
			{ "lastUsecs", "Route to device, last (us)",
			  d->stats.last_us },
			{ "worstUsecs", "Route to device, worst (us)",
			  d->stats.worst_us },
			{ "reads", "Reads of the device", d->stats.reads },
			{ "lastReadMsecs", "Read of the device, last (ms)",
			  d->read_took_ms },
			{ "resyncs", "Resyncs", d->stats.resyncs },
			{ "errors", "Errors", d->stats.errors },
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

void wgd_show_init(void)
{
	wgd_vty_complete_init();
	wgd_show_device_init();
	wgd_show_entries_init();
	wgd_show_summary_init();
	wgd_group_vty_init();
	wgd_mesh_vty_init();
	wgd_export_init();
	wgd_graph_init();
	wgd_guard_vty_init();
	install_element(VIEW_NODE, &show_wireguard_explain_cmd);
	install_element(VIEW_NODE, &show_wireguard_statistics_cmd);
}
