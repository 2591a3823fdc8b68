/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a member is told, and what it tells. */
#ifndef WGD_TALK_H
#define WGD_TALK_H

#include "frr-wgd/gateway/wgd_member.h"

/* Tell it what there is to tell. */
extern void wgd_talk_tell(struct wgd_member *m);
/* End the connection by which it is told; another one is tried later. */
extern void wgd_talk_stop(struct wgd_member *m, const char *why);
/* Is it alive? */
extern void wgd_talk_judge(struct wgd_member *m);
/* Do what is due; in how many ms the next is. */
extern unsigned wgd_talk_second(struct wgd_member *m);
/* Of what we tell, for people. */
extern const char *wgd_talk_state(const struct wgd_member *m);

/*
 * It connected to us, said this HELLO and sealed this first message: take over
 * the connection.
 */
extern void wgd_talk_adopt(struct wgd_member *m, struct wgd_conn *c,
			   const struct wg_group_msg *hello,
			   const struct wg_group_msg *first);
/* What we say first. */
extern void wgd_talk_hello(struct wgd_group *g, struct wg_group_msg *ret);
extern bool wgd_talk_is_banned(const struct wgd_member *m);

#endif
