// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The userspace program of an interface.
 *
 * It outlives us, and after a restart of wgd it is found again by its socket
 * and its link, not by its pid.  Its death is seen as the link's death, which
 * takes every case: ours or inherited, killed or crashed.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <sys/wait.h>

#include "log.h"

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_program.h"
#include "lib/backend/wg_launch.h"

int wgd_program_start(struct wgd_if *wif, const char **ret_why)
{
	static char text[WG_LAUNCH_ERR];
	int rc = wg_launch_program(wif->name, wif->conf.program, text,
				   sizeof(text));

	if (rc < 0) {
		*ret_why = text;
		return rc;
	}
	wif->link->program = rc;
	zlog_info("%s: started %s, pid %d", wif->name, text, rc);
	return 0;
}

bool wgd_program_runs(const struct wgd_if *wif)
{
	return wif->link->program != 0;
}

bool wgd_program_lingers(const struct wgd_if *wif)
{
	struct wg_backend *be = NULL;
	int rc;

	if (wgd_program_runs(wif))
		return true;
	rc = wg_backend_open_userspace(wif->name, NULL, &be);
	wg_backend_close(&be);
	return rc == 0 || rc == -EAGAIN;
}

void wgd_program_end(struct wgd_if *wif)
{
	if (wif->link->program)
		wg_launch_end(wif->name);
}

void wgd_program_ended(const char *ifname, pid_t pid, int status)
{
	struct wgd_if *wif = wgd_if_find(ifname);

	if (!wif || wif->link->program != pid)
		return; /* of an interface that is configured no more */
	if (WIFSIGNALED(status))
		zlog_warn("%s: the program (pid %d) died of signal %d",
			  wif->name, (int)pid, WTERMSIG(status));
	else
		zlog_warn("%s: the program (pid %d) ended with status %d",
			  wif->name, (int)pid, WEXITSTATUS(status));
	wif->link->program = 0;
	if (wif->state == WGD_IF_STARTING)
		wgd_if_kick(wif); /* an error like any other */
	else
		wgd_if_link_changed(wif->name);
}
