/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The WireGuard interface as it is on this machine, whoever configured it. */
#ifndef MESH_DEVICE_H
#define MESH_DEVICE_H

#include <stddef.h>

#include "wgd-mesh/mesh_why.h"

/*
 * How many peers it has; 0 as well where there is no such interface, which wgd
 * will make.  -EPERM, -EACCES: we may not look; -EINVAL: there is one, and it
 * is no WireGuard interface; others: it does not answer.
 */
int mesh_device_peers(const char *ifname, size_t *ret, struct mesh_why *why);

#endif
