// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Start and end of the daemon.
 *
 * wgd leaves its devices as they are when it ends, whatever the reason: packets
 * flow on, and the next start takes them over.
 *
 * It runs as user frr with CAP_NET_ADMIN: enough for netlink, for the links
 * and, handed on, for the userspace program.  CAP_NET_RAW is used only by a
 * gateway of a group, to look at packets (wgd_stray.c), and done without where
 * there is none: in a container, say.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

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
#include "routing_nb.h"
#include "sigevent.h"
#include "vrf.h"

#include "frr-wgd/wgd.h"
#include "frr-wgd/wgd_announce.h"
#include "frr-wgd/wgd_bfd.h"
#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_if.h"
#include "frr-wgd/wgd_leftover.h"
#include "frr-wgd/wgd_log.h"
#include "frr-wgd/wgd_member.h"
#include "frr-wgd/wgd_nb.h"
#include "frr-wgd/wgd_peer.h"
#include "frr-wgd/wgd_program.h"
#include "frr-wgd/wgd_source.h"
#include "frr-wgd/wgd_underlay.h"
#include "frr-wgd/wgd_vty.h"
#include "frr-wgd/wgd_zebra.h"
#include "lib/backend/wg_keys.h"

#define WGD_VTY_PORT 2690

DEFINE_MGROUP(WGD, "wgd");

static zebra_capabilities_t wgd_caps[] = {
	ZCAP_NET_ADMIN,
	ZCAP_NET_RAW, /* the last one: see forgo_raw */
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
	wgd_nb_finish();
	wgd_if_finish();
	wgd_announce_finish();
	wgd_leftover_finish();
	wgd_source_finish();
	wgd_underlay_finish();
	wgd_bfd_finish();
	wgd_zebra_finish();
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
	{ .signal = SIGCHLD, .handler = wgd_program_reap },
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

static const struct option longopts[] = {
	{ "stale-time", required_argument, NULL, OPT_STALE_TIME },
	{ "group-port", required_argument, NULL, OPT_GROUP_PORT },
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
		    "                     (default 51821)\n");
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
		default:
			frr_help_exit(1);
		}
	}

	wgd_program_prepare(wgd_privs.user, wgd_privs.group);
	wgd.master = frr_init();
	if (wg_keys_init() < 0) {
		zlog_err("no source of random numbers");
		exit(1);
	}
	wgd.core = wg_core_new();
	if (!wgd.core) {
		zlog_err("no memory");
		exit(1);
	}
	wgd_leftover_init();
	wgd_underlay_init();
	wgd_source_init();
	wgd_debug_init();
	wgd_zebra_init();
	wgd_bfd_init();
	access_list_init(); /* brings the commands of prefix lists */
	wgd_peer_filters_init();
	wgd_peer_resolver_init();
	wgd_nb_init();
	wgd_cli_init();
	wgd_vty_init();

	frr_config_fork();
	wgd_log_init();
	frr_run(wgd.master);
	return 0;
}
