/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking at hubs' doors. */
#ifndef WGD_KNOCK_H
#define WGD_KNOCK_H

#include "frr-wgd/mesh/wgd_mesh.h"

/* It is known who we are: ask, if no hub is known. */
extern void wgd_knock_new(struct wgd_mesh *m);
extern void wgd_knock_delete(struct wgd_mesh *m);
/* A hub answers, or doors are others. */
extern void wgd_knock_look(struct wgd_mesh *m);
/* No question before that, monotonic ms. */
extern void wgd_knock_calm(struct wgd_mesh *m, int64_t until);
/* There is a reason to ask, though a hub may answer. */
extern void wgd_knock_again(struct wgd_mesh *m);
/*
 * Why no door lets us in, in its words, or which ones were asked in vain; NULL:
 * none was asked.  Of the mesh's memory, until the next call.
 */
extern const char *wgd_knock_why(const struct wgd_mesh *m);

/* A door, for people. */
struct wgd_knock_door {
	const char *host;
	uint16_t port;
	uint64_t asked;
	bool answered;	 /* since a hub was heard last */
	const char *why; /* what it said last; NULL: nothing */
};
/* The I-th; false: there are no more. */
extern bool wgd_knock_door(const struct wgd_mesh *m, size_t i,
			   struct wgd_knock_door *ret);
/* For how long no hub was heard, ms. */
extern int64_t wgd_knock_silence(const struct wgd_mesh *m);
/* The word with which doors refuse us; NULL: none says anything. */
extern const char *wgd_knock_refusal(const struct wgd_mesh *m);
/* Is it that we are revoked?  A hub may lie. */
extern bool wgd_knock_is_revoked(const struct wgd_mesh *m);

#endif
