// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other gateways of a group: how each is watched, by BFD and by what it
 * says (wgd_talk.c).
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "sockunion.h"
#include "vrf.h"

#include "frr-wgd/base/wgd_convert.h"
#include "frr-wgd/gateway/wgd_member.h"
#include "frr-wgd/gateway/wgd_talk.h"
#include "lib/backend/wg_fib.h"

DEFINE_MTYPE_STATIC(WGD, WGD_MEMBER, "WireGuard gateway group member");

static void bfd_changed(void *arg, enum wgd_bfd_status status)
{
	wgd_talk_judge(arg);
}

/* The link if the member is on it; false: it is further away, or nowhere. */
static bool link_of(const struct wg_addr *addr, struct wg_fib *ret)
{
	struct wg_fib_query q = {.addr = *addr};

	return wg_fib_get(&q, ret) == 0 && !ret->gateway.family && !ret->local;
}

/* Which of our addresses does routing use to it? */
static void local_of(const struct wg_addr *addr, struct wg_addr *ret)
{
	int fd = socket(addr->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union sockunion su;

	*ret = (struct wg_addr){};
	if (fd < 0)
		return;
	if (connect(fd, &su.sa, wgd_convert_sockaddr(addr, 9, &su)) == 0)
		wgd_conn_address(fd, false, ret);
	close(fd);
}

static void look_at_bfd(struct wgd_member *m)
{
	struct wg_addr local = {};
	struct wg_fib fib;

	if (m->wants_bfd)
		local_of(&m->addr, &local);
	/* one that is there outlives the way to it */
	if (m->wants_bfd && (!local.family || wg_addr_same(&local, &m->local)))
		return;
	wgd_bfd_delete(&m->bfd);
	m->local = local;
	if (!m->wants_bfd)
		return;
	m->bfd = wgd_bfd_new(VRF_DEFAULT, &m->addr, &local,
			     link_of(&m->addr, &fib) ? fib.ifname : NULL,
			     m->profile, bfd_changed, m);
}

/* --- life */

static void second(struct event *t)
{
	struct wgd_member *m = EVENT_ARG(t);

	look_at_bfd(m);
	event_add_timer_msec(wgd.master, second, m, wgd_talk_second(m),
			     &m->t_second);
}

void wgd_member_reset(struct wgd_member *m, const char *why)
{
	if (m->telling != WGD_TELL_WAITING)
		wgd_talk_stop(m, why);
	m->retry_ms = 0;
	wgd_conn_close(&m->from);
	wgd_talk_judge(m);
}

void wgd_member_configure(struct wgd_member *m, bool bfd, const char *profile)
{
	if (!wgd_str_set(&m->profile, profile) && m->wants_bfd == bfd)
		return;
	m->wants_bfd = bfd;
	wgd_bfd_delete(&m->bfd);
	m->local = (struct wg_addr){};
	look_at_bfd(m);
}

struct wgd_member *wgd_member_new(struct wgd_group *g, unsigned index,
				  const struct wg_addr *addr)
{
	struct wgd_member *m = XCALLOC(MTYPE_WGD_MEMBER, sizeof(*m));

	m->group = g;
	m->index = index;
	m->addr = *addr;
	m->to.fd = m->from.fd = -1;
	m->tokens_to = m->tokens_from =
		(struct wgd_tokens){INT32_MAX, wgd_now_ms()};
	wg_group_member_add(g->core, index);
	event_add_timer_msec(wgd.master, second, m, 10, &m->t_second);
	return m;
}

void wgd_member_delete(struct wgd_member **member)
{
	struct wg_group_msg bye = {.kind = WG_GROUP_BYE, .why = WG_BYE_END};
	struct wgd_member *m = *member;

	*member = NULL;
	if (!m)
		return;
	event_cancel(&m->t_second);
	event_cancel(&m->t_tell);
	wgd_bfd_delete(&m->bfd);
	if (m->telling == WGD_TELL_UP) {
		wgd_conn_put(&m->to, &bye);
		wgd_conn_write(&m->to);
	}
	wgd_conn_close(&m->to);
	wgd_conn_close(&m->from);
	wg_group_member_del(m->group->core, m->index);
	XFREE(MTYPE_WGD_STR, m->profile);
	XFREE(MTYPE_WGD_STR, m->reason);
	XFREE(MTYPE_WGD_MEMBER, m);
}
