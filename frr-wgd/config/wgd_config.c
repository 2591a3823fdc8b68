// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"

#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/config/wgd_check.h"
#include "frr-wgd/config/wgd_cli.h"
#include "frr-wgd/config/wgd_config.h"
#include "frr-wgd/engine/wgd_life.h"

/* `no interface NAME`: the northbound tells only libfrr of it. */
int wgd_config_if_deleted(struct interface *ifp)
{
	struct wgd_if *wif = wgd_if_find(ifp->name);

	if (wif &&
	    !yang_dnode_existsf(running_config->dnode,
				"/frr-interface:lib/interface[name='%s']",
				ifp->name))
		wgd_life_unconfigure(wif);
	return 0;
}

void wgd_config_init(void)
{
	if_cmd_init_default();
	wgd_cli_if_init();
	wgd_cli_group_init();
	wgd_cli_mesh_init();
	wgd_cli_peer_init();
	wgd_exec_init();
}

void wgd_config_finish(void)
{
	wgd_check_forget();
}
