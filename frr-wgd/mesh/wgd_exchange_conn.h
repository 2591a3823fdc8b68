/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection of a mesh's member, and all of them by the other end's number;
 * private to the files of the exchange.
 */
#ifndef WGD_EXCHANGE_CONN_H
#define WGD_EXCHANGE_CONN_H

#include "frr-wgd/mesh/wgd_exchange.h"
#include "frr-wgd/mesh/wgd_outbox.h"
#include "frr-wgd/mesh/wgd_tcp.h"

PREDECL_RBTREE_UNIQ(conns);
struct conn {
	struct conns_item item;
	struct wgd_exchange *of;
	uint32_t member;
	struct wg_exchange *x;		  /* NULL: not connected yet */
	int fd;				  /* -1: none */
	int64_t not_before_ms, let_in_ms; /* to connect, or be let in; last */
	unsigned call_ms;		  /* how long the last call may take */
	int64_t lost_ms;		  /* when it was up last */
	bool is_live;			  /* so we say, to others as well */
	struct wgd_outbox out;
	struct event *t_read, *t_write, *t_due;
};

static inline int conn_cmp(const struct conn *a, const struct conn *b)
{
	return numcmp(a->member, b->member);
}
DECLARE_RBTREE_UNIQ(conns, struct conn, item, conn_cmp);

struct wgd_exchange {
	struct wgd_mesh *m;
	struct conns_head conns;
	unsigned n_connected;
	int fd;			   /* that listens; -1: none */
	struct wgd_tcp own;	   /* our end */
	bool has_news;		   /* that connections are still to send */
	uint8_t buf[WG_FRAME_MAX]; /* of who says something */
	struct event *t_accept, *t_look;
};

/* Its member, and what to call it; NULL: it is none any more. */
extern struct wgd_mesh_member *wgd_exchange_member(const struct conn *c);
extern const char *wgd_exchange_name(const struct conn *c);
/* NULL: there is none. */
extern struct conn *wgd_exchange_find(const struct wgd_exchange *x,
				      uint32_t member);
/* ... one that is not connected yet. */
extern struct conn *wgd_exchange_get(struct wgd_exchange *x, uint32_t member);
/* Close it, and do not connect again for so long. */
extern void wgd_exchange_hang_up(struct conn *c, unsigned away_ms);
extern void wgd_exchange_forget(struct conn *c);

#endif
