/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paths to other sites: one machine a pair (lib/core/wg_path.h), which a
 * member has from the first data or CALL on; until then it is relayed.
 *
 * Here is what happens to paths, and what others ask of them.  What paths want
 * to be done is wgd_path_do.h.
 */
#ifndef WGD_PATH_H
#define WGD_PATH_H

#include "frr-wgd/mesh/wgd_probe.h"
#include "lib/core/wg_frame.h"
#include "lib/core/wg_path.h"

/* The path to a member, which is a site and a peer of ours: a site's. */
struct wgd_path {
	struct wg_path core;
	struct wgd_path *next;
	struct wgd_mesh_member *member;
	bool asks;	   /* HELLOs, every conf.mesh.hello_ms */
	bool watches;	   /* what leaves for its relay address */
	uint64_t sequence; /* of the record whose places were looked at */
};

/* So often since the mesh began. */
struct wgd_path_counts {
	uint64_t attempts; /* to become direct */
	uint64_t switches; /* that settled */
	uint64_t losses;   /* of direct paths */
};

struct wgd_paths {
	struct wgd_path *first;
	struct wg_endpoint
		candidates[WG_CANDIDATES]; /* of ours, as looked at */
	size_t n_candidates;
	struct wgd_path_counts ended; /* of paths that are no more */
	struct event *t_act;
	void (*act)(struct event *t); /* wgd_path_do.c */
};

/* Nothing happens before wgd_path_new, or at a hub. */
extern void wgd_path_new(struct wgd_mesh *m, void (*act)(struct event *t));
extern void wgd_path_delete(struct wgd_mesh *m);
/* Look at all paths, in this turn of the loop, or then: monotonic ms. */
extern void wgd_path_act_at(struct wgd_mesh *m, int64_t at_ms);

/* The member's, made if it has none.  NULL: it can have none. */
extern struct wgd_path *wgd_path_get(struct wgd_mesh *m,
				     struct wgd_mesh_member *member);
/* What is configured, as it is now. */
extern struct wg_path_conf wgd_path_conf(const struct wgd_mesh *m,
					 const struct wgd_mesh_member *member);
/* Its peer goes. */
extern void wgd_path_forget(struct wgd_mesh *m, struct wgd_mesh_member *member);

/* --- what happens */

/* N data packets left for it. */
extern void wgd_path_data(struct wgd_mesh *m, struct wgd_mesh_member *member,
			  unsigned n);
/* Something sealed left for its relay address. */
extern void wgd_path_relayed(struct wgd_mesh *m,
			     struct wgd_mesh_member *member);
/* A CALL for us, which a hub brought. */
extern void wgd_path_called(struct wgd_mesh *m,
			    const struct wg_frame_call *call);
/* A message from its tunnel that counts; IS_ANSWER: one to a HELLO of ours. */
extern void wgd_path_heard(struct wgd_mesh *m, struct wgd_mesh_member *member,
			   const struct wg_hello_msg *msg, bool is_answer);
/* HELLOs were lost: WG_HELLO_LOST in a row, and each one after that. */
extern void wgd_path_lost(struct wgd_mesh *m, struct wgd_mesh_member *member);
/* The device was read. */
extern void wgd_path_read(struct wgd_mesh *m, struct wgd_mesh_member *member);
/* It has another key now. */
extern void wgd_path_new_key(struct wgd_mesh *m,
			     struct wgd_mesh_member *member);

/* --- what is */

/* For wgd_probe_set_path. */
extern const struct wgd_probe_path *wgd_path_probes(void);
/* Of a member without one: relay. */
extern enum wg_path_state wgd_path_state(const struct wgd_mesh_member *member);
/* Of all that are or were. */
extern struct wgd_path_counts wgd_path_counts(const struct wgd_mesh *m);
/* Why it is not direct. */
extern enum wg_path_why wgd_path_why(const struct wgd_mesh_member *member);
/* Is the direct path proven, and in use at both ends? */
extern bool wgd_path_is_direct(const struct wgd_mesh_member *member);
/* May the device have the member there, though it is no relay address? */
extern bool wgd_path_allows(const struct wgd_mesh_member *member,
			    const struct wg_endpoint *at);
/* How often it is to be asked by HELLOs, ms; 0: not at all. */
extern unsigned wgd_path_hello_ms(const struct wgd_mesh *m,
				  const struct wgd_mesh_member *member);

#endif
