// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Start and end of the daemon.
 *
 * wgd leaves its devices as they are when it ends, whatever the reason: packets
 * flow on, and the next start takes them over.
 *
 * It runs as user frr with CAP_NET_ADMIN: enough for netlink and for the links.
 * CAP_NET_RAW is used only to look at packets, by a gateway of a group
 * (wgd_stray.c) and by a site of a mesh (wgd_demand.c), and for probes of a mesh
 * (wgd_probe.c), and done without where there is none: in a container, say.
 * What else root is needed for, helpers do (wgd_guard.c).
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <sys/capability.h>
#include <sys/prctl.h>

#include "lib/version.h"
#include "command.h"
#include "filter.h"
#include "getopt.h"
#include "if.h"
#include "libfrr.h"
#include "log.h"
#include "plist.h"
#include "privs.h"
#include "sigevent.h"
#include "vrf.h"

#include "frr-wgd/base/wgd.h"
#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/base/wgd_log.h"
#include "frr-wgd/config/wgd_config.h"
#include "frr-wgd/device/wgd_guard.h"
#include "frr-wgd/engine/wgd_life.h"
#include "frr-wgd/engine/wgd_step.h"
#include "frr-wgd/engine/wgd_zebra_events.h"
#include "frr-wgd/mesh/wgd_alarm.h"
#include "frr-wgd/mesh/wgd_path_do.h"
#include "frr-wgd/peer/wgd_filter.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/peer/wgd_resolve.h"
#include "frr-wgd/show/wgd_vty.h"
#include "frr-wgd/underlay/wgd_policy.h"
#include "frr-wgd/underlay/wgd_relay.h"
#include "frr-wgd/underlay/wgd_underlay.h"
#include "frr-wgd/zebra/wgd_bfd.h"
#include "frr-wgd/zebra/wgd_leftover.h"
#include "frr-wgd/zebra/wgd_replay.h"
#include "frr-wgd/zebra/wgd_table.h"
#include "frr-wgd/zebra/wgd_unswept.h"
#include "frr-wgd/zebra/wgd_zebra.h"
#include "lib/backend/wg_keys.h"

#define WGD_VTY_PORT 2690

static struct frr_daemon_info wgd_di;

static void sighup(void)
{
	zlog_info("SIGHUP: reading the configuration again");
	vty_read_config(NULL, wgd_di.config_file, config_default);
}

static void __attribute__((noreturn)) sigint(void)
{
	zlog_notice("terminating on signal; the devices stay as they are");
	wgd_log_finish();
	hook_unregister(if_del, wgd_config_if_deleted);
	hook_unregister(wgd_live_changed, wgd_nb_state_changed);
	hook_unregister(wgd_mesh_member_changed, wgd_nb_member_changed);
	hook_unregister(wgd_path_changed, wgd_nb_path_changed);
	hook_unregister(wgd_alarm_changed, wgd_nb_alarm_changed);
	wgd_config_finish();
	wgd_life_finish();
	wgd_path_finish();
	wgd_table_finish();
	wgd_leftover_finish();
	wgd_relay_finish();
	wgd_policy_finish();
	wgd_underlay_finish();
	wgd_bfd_finish();
	wgd_replay_finish();
	wgd_unswept_forget();
	wgd_zebra_finish();
	event_cancel(&wgd.t_turn);
	/* these delete interfaces and lists, which are looked up */
	vrf_terminate();
	access_list_reset();
	prefix_list_reset();
	wg_core_delete(&wgd.core);
	frr_fini();
	exit(0);
}

static struct frr_signal_t wgd_signals[] = {
	{ .signal = SIGHUP, .handler = sighup },
	{ .signal = SIGUSR1, .handler = wgd_log_rotate },
	{ .signal = SIGINT, .handler = sigint },
	{ .signal = SIGTERM, .handler = sigint },
	{ .signal = SIGCHLD, .handler = wgd_guard_reap },
};

static const struct frr_yang_module_info *const wgd_yang_modules[] = {
	&frr_filter_info,
	&frr_interface_info,
	&frr_vrf_info,
	&frr_wireguard_info,
};

FRR_DAEMON_INFO(wgd, WGD, .vty_port = WGD_VTY_PORT,
		.proghelp = "WireGuard interfaces as routed links.",
		.signals = wgd_signals,
		.n_signals = array_size(wgd_signals),
		.privs = &wgd_privs,
		.yang_modules = wgd_yang_modules,
		.n_yang_modules = array_size(wgd_yang_modules),
);

#define OPT_STALE_TIME 2001
#define OPT_GROUP_PORT 2002
#define OPT_KEY_FOLDER 2003
#define OPT_PROGRAM 2004

static const struct option longopts[] = {
	{ "stale-time", required_argument, NULL, OPT_STALE_TIME },
	{ "group-port", required_argument, NULL, OPT_GROUP_PORT },
	{ "key-folder", required_argument, NULL, OPT_KEY_FOLDER },
	{ "userspace-program", required_argument, NULL, OPT_PROGRAM },
	{ 0 },
};

static unsigned number(const char *option, const char *arg, unsigned max)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (*arg < '0' || *arg > '9' || *end || n < 1 || n > max) {
		fprintf(stderr, "wgd: %s %s: not 1 to %u\n", option, arg, max);
		exit(1);
	}
	return n;
}

/* libfrr does not start without what it was asked for. */
static void forgo_raw(void)
{
	if (prctl(PR_CAPBSET_READ, CAP_NET_RAW) == 0)
		wgd_privs.cap_num_p--;
}

int main(int argc, char **argv)
{
	int opt;

	forgo_raw();
	frr_preinit(&wgd_di, argc, argv);
	frr_opt_add("", longopts,
		    "      --stale-time   Seconds that AllowedIPs of an earlier life stay\n"
		    "                     without a route (default 120)\n"
		    "      --group-port   TCP port between gateways of a group\n"
		    "                     (default 51821)\n"
		    "      --key-folder   Keys may be below this folder, too; several\n"
		    "                     times\n"
		    "      --userspace-program   This program may run an interface, too;\n"
		    "                     several times\n");
	while ((opt = frr_getopt(argc, argv, NULL)) != EOF) {
		switch (opt) {
		case 0:
			break;
		case OPT_STALE_TIME:
			wgd.stale_time =
				number("--stale-time", optarg, 86400);
			break;
		case OPT_GROUP_PORT:
			wgd.group_port = number("--group-port", optarg, 65535);
			break;
		case OPT_KEY_FOLDER:
			if (wgd_guard_key_folder(optarg))
				break;
			fprintf(stderr,
				"wgd: --key-folder %s: not absolute, or too many\n",
				optarg);
			exit(1);
		case OPT_PROGRAM:
			if (wgd_guard_program(optarg))
				break;
			fprintf(stderr,
				"wgd: --userspace-program %s: not absolute, or too many\n",
				optarg);
			exit(1);
		default:
			frr_help_exit(1);
		}
	}

	if (wg_keys_init() < 0) {
		fprintf(stderr, "wgd: no source of random numbers\n");
		exit(1);
	}
	wgd_guard_prepare(&wgd_privs);
	wgd.master = frr_init();
	wgd.core = wg_core_new();
	if (!wgd.core) {
		zlog_err("no memory");
		exit(1);
	}
	wgd_step_init();
	wgd_guard_init();
	wgd_leftover_init();
	wgd_underlay_init();
	wgd_policy_init();
	wgd_relay_init();
	wgd_debug_init();
	wgd_zebra_events_init();
	wgd_bfd_init();
	access_list_init(); /* brings the commands of prefix lists */
	wgd_filter_init();
	wgd_resolve_init();
	wgd_path_init();
	hook_register(if_del, wgd_config_if_deleted);
	hook_register(wgd_live_changed, wgd_nb_state_changed);
	hook_register(wgd_mesh_member_changed, wgd_nb_member_changed);
	hook_register(wgd_path_changed, wgd_nb_path_changed);
	hook_register(wgd_alarm_changed, wgd_nb_alarm_changed);
	wgd_config_init();
	wgd_show_init();

	frr_config_fork();
	wgd_log_init();
	wgd_guard_close();
	frr_run(wgd.master);
	return 0;
}
