/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a mesh may not be configured, and why: a part of wgd_check.h, which
 * says when it is asked and what it returns.
 */
#ifndef WGD_CHECK_MESH_H
#define WGD_CHECK_MESH_H

#include "frr-wgd/config/wgd_value.h"

/* A new value against what is there, of the interface and of others. */
extern int wgd_check_mesh_conflict(const struct lyd_node *interface,
				   const struct wgd_value *v, char *err,
				   size_t len);

/* A whole interface. */
extern int wgd_check_mesh(const struct lyd_node *wireguard, const char *ifname,
			  char *err, size_t len);

#endif
