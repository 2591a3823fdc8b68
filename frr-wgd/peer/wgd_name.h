/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses of a host name, by FRR's asynchronous resolver. */
#ifndef WGD_NAME_H
#define WGD_NAME_H

#include "lib/core/wg_types.h"

#define WGD_NAME_ADDRS 8 /* no more are taken of an answer */

struct wgd_name_query;

/*
 * What came of a question: N addresses, at least one, to which packets may be
 * sent; or none, and why not.
 */
typedef void wgd_named(void *arg, const struct wg_addr *addrs, size_t n,
		       const char *why);

/*
 * Ask for HOST, of all addresses.  *AT is the question until it is answered,
 * which may be before this returns, and NULL from then on.
 */
extern void wgd_name_ask(struct wgd_name_query **at, const char *host,
			 wgd_named *tell, void *arg);
/* Nobody is told any more; a question cannot be called off. */
extern void wgd_name_forget(struct wgd_name_query **at);

#endif
