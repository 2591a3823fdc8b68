/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network interface under a device, by rtnetlink: made, found, set up,
 * put back, deleted.  Calls are synchronous: the kernel answers inside the
 * system call.
 */
#ifndef WG_LINK_H
#define WG_LINK_H

#include "lib/core/wg_types.h"

/*
 * The mark of a link that we made: its IFLA_IFALIAS.  The kernel keeps it
 * over our death, so that a restart knows what it may delete.
 */
#define WG_LINK_ALIAS "made by frr wgd"

struct wg_link {
	uint32_t ifindex;
	unsigned flags; /* IFF_* */
	uint32_t mtu; /* bytes */
	uint32_t group; /* IFLA_GROUP; 0: the one of all others */
	bool wireguard; /* IFLA_INFO_KIND is "wireguard": the kernel's own */
	bool ours; /* carries WG_LINK_ALIAS */
	/*
	 * Packets that were thrown away because their source is not their
	 * peer's (rx_frame_errors, as the kernel's WireGuard counts them; a
	 * userspace program tells nobody).
	 */
	uint64_t refused;
	uint32_t vrf; /* ifindex of the VRF device that it is in; 0: in none */
	char name[WG_IFNAME_LEN];
};

/* By name, or by index.  0, -ENODEV or another errno. */
int wg_link_get(const char *ifname, struct wg_link *ret);
int wg_link_get_index(uint32_t ifindex, struct wg_link *ret);

/* A kernel device, marked as ours.  -EEXIST, -EOPNOTSUPP no WireGuard. */
int wg_link_create(const char *ifname);

/*
 * 0, -ENODEV.  Close the device's backend first: a read that is not finished
 * holds a kernel device, and the kernel would wait for its end inside this
 * call.
 */
int wg_link_delete(uint32_t ifindex);

/* Mark as ours a link that a program made on our behalf. */
int wg_link_mark(uint32_t ifindex);

/* Put a link into a device group (ip-link(8), ip-rule(8)). */
int wg_link_set_group(uint32_t ifindex, uint32_t group);

/*
 * Give a link another name.  -EEXIST, -ENODEV; -EBUSY: a kernel before 6.2
 * renames no link that is up.
 */
int wg_link_rename(uint32_t ifindex, const char *ifname);

/*
 * Put a link into a VRF, by the index of its device.  The kernel takes the link
 * down and up for it.  -ENODEV; -EINVAL: that is no VRF.
 */
int wg_link_set_vrf(uint32_t ifindex, uint32_t vrf);

/*
 * Make a link ready: no automatic link-local address (IFLA_INET6_ADDR_GEN_MODE
 * none), MTU in bytes (0: leave), IFF_MULTICAST on and IFF_UP as told.
 */
int wg_link_setup(uint32_t ifindex, uint32_t mtu, bool up);

/*
 * Have exactly this link-local address (prefix length 64, noprefixroute not
 * set) among those that begin with fe80::/64: add it, remove others.
 */
int wg_link_set_linklocal(uint32_t ifindex, const struct wg_addr *ll);

#endif
