/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug switches: `debug wireguard <events|routes|device|bfd>`. */
#ifndef WGD_DEBUG_H
#define WGD_DEBUG_H

#include "lib/debug.h"
#include "log.h"

extern struct debug wgd_debug_events_on;
extern struct debug wgd_debug_routes_on;
extern struct debug wgd_debug_device_on;
extern struct debug wgd_debug_bfd_on;

#define wgd_debug_if(which, ...)                                               \
	do {                                                                   \
		if (DEBUG_MODE_CHECK(&wgd_debug_##which##_on, DEBUG_MODE_ALL)) \
			zlog_debug(__VA_ARGS__);                               \
	} while (0)

#define wgd_debug_events(...) wgd_debug_if(events, __VA_ARGS__)
#define wgd_debug_routes(...) wgd_debug_if(routes, __VA_ARGS__)
#define wgd_debug_device(...) wgd_debug_if(device, __VA_ARGS__)
#define wgd_debug_bfd(...)    wgd_debug_if(bfd, __VA_ARGS__)

extern void wgd_debug_init(void);

#endif
