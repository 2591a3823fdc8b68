// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Start and end of the daemon.
 *
 * wgd leaves its devices as they are when it ends, whatever the reason: packets
 * flow on, and the next start takes them over.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

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

#define WGD_VTY_PORT 2690

DEFINE_MGROUP(WGD, "wgd");

static zebra_capabilities_t wgd_caps[] = {
	ZCAP_NET_ADMIN,
};

struct zebra_privs_t wgd_privs = {
	.user = FRR_USER,
	.group = FRR_GROUP,
	.vty_group = VTY_GROUP,
	.caps_p = wgd_caps,
	.cap_num_p = array_size(wgd_caps),
	.cap_num_i = 0,
};

struct event_loop *wgd_loop;

static struct frr_daemon_info wgd_di;

static void sighup(void)
{
	zlog_info("SIGHUP: reading the configuration again");
	vty_read_config(NULL, wgd_di.config_file, config_default);
}

static void sigusr1(void)
{
	zlog_rotate();
}

static void __attribute__((noreturn)) sigint(void)
{
	zlog_notice("terminating on signal; the devices stay as they are");
	vrf_terminate();
	frr_fini();
	exit(0);
}

static struct frr_signal_t wgd_signals[] = {
	{ .signal = SIGHUP, .handler = sighup },
	{ .signal = SIGUSR1, .handler = sigusr1 },
	{ .signal = SIGINT, .handler = sigint },
	{ .signal = SIGTERM, .handler = sigint },
};

static const struct frr_yang_module_info *const wgd_yang_modules[] = {
	&frr_filter_info,
	&frr_interface_info,
	&frr_vrf_info,
};

FRR_DAEMON_INFO(wgd, WGD, .vty_port = WGD_VTY_PORT,
		.proghelp = "WireGuard interfaces as routed links.",
		.signals = wgd_signals,
		.n_signals = array_size(wgd_signals),
		.privs = &wgd_privs,
		.yang_modules = wgd_yang_modules,
		.n_yang_modules = array_size(wgd_yang_modules),
);

int main(int argc, char **argv)
{
	int opt;

	frr_preinit(&wgd_di, argc, argv);

	while ((opt = frr_getopt(argc, argv, NULL)) != EOF)
		if (opt)
			frr_help_exit(1);

	wgd_loop = frr_init();
	vrf_init(NULL, NULL, NULL, NULL);
	prefix_list_init();
	wgd_cli_init();

	frr_config_fork();
	frr_run(wgd_loop);
	return 0;
}
