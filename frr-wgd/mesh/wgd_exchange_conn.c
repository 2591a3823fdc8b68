// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_exchange_conn.h"

DEFINE_MTYPE_STATIC(WGD, WGD_EXCHANGE_CONN, "WireGuard mesh connection");

struct wgd_mesh_member *wgd_exchange_member(const struct conn *c)
{
	return wgd_mesh_member(c->of->m, c->member);
}

const char *wgd_exchange_name(const struct conn *c)
{
	const struct wgd_mesh_member *member = wgd_exchange_member(c);

	return member ? member->name : "a former member";
}

void wgd_exchange_hang_up(struct conn *c, unsigned away_ms)
{
	if (c->x && wg_exchange_is_up(c->x))
		c->lost_ms = wgd_now_ms();
	event_cancel(&c->t_read);
	event_cancel(&c->t_write);
	event_cancel(&c->t_due);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (c->x)
		c->of->n_connected--;
	wg_exchange_delete(&c->x);
	wgd_outbox_clear(&c->out);
	c->not_before_ms = wgd_now_ms() + away_ms;
}

void wgd_exchange_forget(struct conn *c)
{
	wgd_exchange_hang_up(c, 0);
	conns_del(&c->of->conns, c);
	XFREE(MTYPE_WGD_EXCHANGE_CONN, c);
}

struct conn *wgd_exchange_find(const struct wgd_exchange *x, uint32_t member)
{
	struct conn key = {.member = member};

	return (struct conn *)conns_const_find(&x->conns, &key);
}

struct conn *wgd_exchange_get(struct wgd_exchange *x, uint32_t member)
{
	struct conn *c = wgd_exchange_find(x, member);

	if (c)
		return c;
	c = XCALLOC(MTYPE_WGD_EXCHANGE_CONN, sizeof(*c));
	c->of = x;
	c->member = member;
	c->fd = -1;
	conns_add(&x->conns, c);
	return c;
}
