/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink, faked: the functions of libmnl that own a socket are defined here
 * and shadow the library's, so that the kernel backend runs as it is, against
 * a device that does what kernels do rarely: a dump is torn, an answer is
 * lost, nothing comes at all.
 *
 * The device has FN_PEERS peers with FN_PREFIXES prefixes each.  A dump is
 * FN_MESSAGES messages, one a datagram: the peers' nests are cut without
 * regard to peers, so that most are split.
 */
#ifndef FAKE_NETLINK_H
#define FAKE_NETLINK_H

#include "lib/backend/wg_backend.h"

#define FN_IFNAME "wgfake0"
#define FN_PEERS 5
#define FN_PREFIXES 9
#define FN_CUT 7 /* prefixes in a message */
#define FN_MESSAGES ((FN_PEERS * FN_PREFIXES + FN_CUT - 1) / FN_CUT)

enum fn_fault {
	FN_NONE,
	FN_TORN, /* the device changed: this message says so */
	FN_TORN_DONE, /* ... only the end of the dump does */
	FN_NOBUFS, /* this and all that was queued is lost */
	FN_SILENT, /* nothing comes any more */
	FN_EINTR, /* a signal, then the message */
	FN_STRANGE, /* an answer to somebody else's question before it */
	FN_CUT_SHORT, /* the message ends inside an attribute */
};

struct fake_netlink {
	bool can_remove; /* knows WGALLOWEDIP_F_REMOVE_ME */

	/* faults of the reads that come */
	enum fn_fault fault;
	unsigned at; /* in which message of the dump, from 0 */
	unsigned times; /* in so many dumps, then no more */

	/* faults of the changes that come */
	enum fn_fault set_fault;
	int set_error; /* refuse with that */
	unsigned set_at; /* the so many-th message, from 0 */

	/* what was seen */
	unsigned opened, closed, dumps, sets;
	uint8_t generation; /* goes into every prefix of a dump */
};

extern struct fake_netlink fn;

#endif
