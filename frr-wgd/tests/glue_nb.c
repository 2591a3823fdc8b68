// SPDX-License-Identifier: GPL-2.0-or-later
#include "frr-wgd/tests/glue_nb.h"

#include "command.h"
#include "if.h"

#include "frr-wgd/config/wgd_nb.h"

int glue_nb_setup(void **state)
{
	static const struct frr_yang_module_info *const modules[] = {
		&frr_interface_info,
		&frr_wireguard_info,
	};
	static bool begun;

	if (begun)
		return glue_setup(state);
	begun = true;
	cmd_init(0); /* the northbound and VRFs have commands */
	glue_setup(state);
#if FRR_VER >= 100200
	extern void debug_init(void); /* in a header that is not installed */

	debug_init(); /* the northbound has switches */
	nb_init(wgd.master, modules, array_size(modules), false, false);
#else
	nb_init(wgd.master, modules, array_size(modules), false);
#endif
	return 0;
}
