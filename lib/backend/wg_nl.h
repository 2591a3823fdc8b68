/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question to the kernel by netlink, and its answer, inside one call: for
 * rtnetlink and for what a backend asks when it is opened.  The kernel works
 * inside the system call, so that the answer is there when it returns; the
 * time-out is for what should never happen.
 */
#ifndef WG_NL_H
#define WG_NL_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "lib/core/wg_types.h"

#define WG_NL_BUF 65536 /* the kernel makes no message of a dump longer */
#define WG_NL_TIMEOUT_MS 5000

/* For buffers on the stack that messages are made in. */
#define NL_ALIGNED __attribute__((aligned(MNL_ALIGNTO)))

/*
 * A bound, non-blocking socket with extended acknowledgements.
 * BUS: NETLINK_ROUTE, NETLINK_GENERIC.  0 or -errno.
 */
int wg_nl_open(int bus, struct mnl_socket **ret);
void wg_nl_close(struct mnl_socket **nl);

/*
 * Send NLH and hand every message of the answer to CB (may be NULL), until
 * the ack, the end of the dump or an error.  Sets the flags REQUEST and ACK
 * (not for a dump) and the sequence number.  0 or -errno: the kernel's,
 * -EBADMSG where CB returned MNL_CB_ERROR, -ETIMEDOUT, -EINTR a dump was torn
 * (ask again).
 */
int wg_nl_talk(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
	       void *data);

/* One such question to rtnetlink, with a socket of its own. */
int wg_nl_route(struct nlmsghdr *nlh, mnl_cb_t cb, void *data);

/*
 * What a message of type NLMSG_ERROR or NLMSG_DONE says: 0 (ack) or -errno.
 * The kernel's own words, where there are any, go to text ("" else).
 */
int wg_nl_error(const struct nlmsghdr *nlh, char *text, size_t len);

/* --- attributes, as rtnetlink has them */

void wg_nl_put_addr(struct nlmsghdr *nlh, uint16_t type,
		    const struct wg_addr *addr);
/* An address of the family; untouched where it is none. */
void wg_nl_addr(const struct nlattr *attr, uint8_t family, struct wg_addr *ret);
/* RTA_VIA: an IPv6 gateway of a route that is not; untouched likewise. */
void wg_nl_via(const struct nlattr *attr, struct wg_addr *ret);
/* 0 where it is no such number. */
uint32_t wg_nl_u32(const struct nlattr *attr);

#endif
