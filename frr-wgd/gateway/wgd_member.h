/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One other gateway of a group: what it is told, what it tells, and whether it
 * is alive.
 */
#ifndef WGD_MEMBER_H
#define WGD_MEMBER_H

#include "frr-wgd/gateway/wgd_conn.h"
#include "frr-wgd/gateway/wgd_group.h"
#include "frr-wgd/zebra/wgd_bfd.h"

enum wgd_telling {
	WGD_TELL_WAITING, /* to connect again */
	WGD_TELL_CONNECTING,
	WGD_TELL_GREETING, /* our HELLO is out, theirs is not here */
	WGD_TELL_UP,
};

/* Frames that may still pass, in thousandths. */
struct wgd_tokens {
	int64_t n, ms;
};

struct wgd_member {
	struct wgd_group *group;
	unsigned index; /* in the core */
	struct wg_addr addr;
	bool wants_bfd;
	char *profile;

	struct wgd_bfd *bfd;
	struct wg_addr local; /* of ours, that it knows us by; of the session */
	bool dead;
	int64_t lost_ms; /* since when there is no connection; 0: there is */
	bool silent;	 /* the last attempt to connect got no answer at all */

	/* we tell */
	struct wgd_conn to;
	enum wgd_telling telling;
	uint8_t hello[WG_GROUP_HELLO_LEN]; /* what we said first */
	unsigned retry_ms;
	int64_t since_ms; /* of the state */
	struct event *t_second;
	struct wgd_tokens tokens_to;
	struct event *t_tell; /* tell on, when there are tokens again */

	/* it tells; at most one connection */
	struct wgd_conn from;
	int64_t heard_ms;
	struct wgd_tokens tokens_from;
	int64_t banned_ms; /* cut off, until then; 0: not */
	unsigned ban_ms;   /* how long the next time */

	uint64_t id;
	bool drained;
	bool clock_warned;
	int64_t clock[8]; /* its clock less ours, as the last messages say */
	unsigned n_clock; /* how many there were */
	int64_t clock_ms; /* the best of them */
	uint64_t told, heard, cut_off; /* frames; times */
	char *reason; /* of the last end of a connection; NULL */
};

extern struct wgd_member *wgd_member_new(struct wgd_group *g, unsigned index,
					 const struct wg_addr *addr);
extern void wgd_member_delete(struct wgd_member **m);
extern void wgd_member_configure(struct wgd_member *m, bool bfd,
				 const char *profile);
/* Our key is another: begin anew. */
extern void wgd_member_reset(struct wgd_member *m, const char *why);
/* --- wgd_listen.c: who connects to us */
extern void wgd_listen_start(void);
extern void wgd_listen_stop(void);
/* Members or tunnels are others: who may reach the port. */
extern void wgd_listen_guard(void);

#endif
