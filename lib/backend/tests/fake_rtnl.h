/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink, faked: the functions of libmnl that own a socket are defined here
 * and shadow the library's.  Behind them is a kernel with addresses, routes and
 * rules, kept as the messages that made them, and faults that a real one has
 * rarely: any single request can be refused, its answer lost, a dump be torn.
 */
#ifndef FAKE_RTNL_H
#define FAKE_RTNL_H

#include <stddef.h>
#include <stdint.h>

enum fr_fault {
	FR_NONE,
	FR_REFUSED,  /* an error, and nothing is done */
	FR_LOST,     /* done, and the answer is lost */
	FR_TORN,     /* of a dump: it says that it is torn; else as FR_NONE */
	FR_TORN_ALL, /* ... each from here on */
};

/* A thing: what a message that makes it has behind its netlink header. */
#define FR_THING 512
struct fr_thing {
	uint16_t type; /* RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE */
	uint16_t len;
	char b[FR_THING] __attribute__((aligned(4)));
};

#define FR_THINGS 64
struct fake_rtnl {
	enum fr_fault fault;
	unsigned at; /* in which request, from 0 */
	int error;   /* -errno of FR_REFUSED */
	int no_ipv6; /* -errno to what makes an address or a route; 0: works */

	unsigned requests, changes; /* seen; and of them that made a change */
	struct fr_thing things[FR_THINGS];
	size_t n;
	void (*changed)(void); /* after each single change, may be NULL */
};

extern struct fake_rtnl fr;

#endif
