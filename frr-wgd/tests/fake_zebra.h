/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A zebra that does nothing but listen and say what it is told to: messages
 * in, messages out, on a socket of its own.
 */
#ifndef FAKE_ZEBRA_H
#define FAKE_ZEBRA_H

#include "frr-wgd/tests/glue.h"

#include "zclient.h"

#define FAKE_ZEBRA_CLIENTS 8

extern void fake_zebra_start(void);
extern void fake_zebra_stop(void);
/* The next N connections end before the client has said a word. */
extern void fake_zebra_hang_up(unsigned n);
/* Forget what was said so far. */
extern void fake_zebra_forget(void);
/* How many messages of the kind came, of all clients. */
extern unsigned fake_zebra_heard(uint16_t command);
/* The last ZEBRA_ROUTE_ADD or _DELETE. */
extern struct zapi_route fake_zebra_route;
/*
 * Tell all clients of a route out of a link, or of its end.  A client that
 * subscribes later is told of it then.
 */
extern void fake_zebra_tell(uint16_t command, const char *prefix,
			    const char *gateway, uint32_t ifindex);

#endif
