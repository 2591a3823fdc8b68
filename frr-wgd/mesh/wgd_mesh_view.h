/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mesh as users see it: what show commands, the northbound's state and
 * metrics all say is made here, once.
 */
#ifndef WGD_MESH_VIEW_H
#define WGD_MESH_VIEW_H

#include "frr-wgd/mesh/wgd_mesh.h"

/* Valid until the map or the mesh changes.  Without a map all but reason is 0.
 */
struct wgd_mesh_view {
	const char *reason; /* why it is not as it should be; NULL: it is */
	uint64_t until;	    /* our certificate's end, s since 1970; 0: none */
	uint32_t authority; /* number of the newest authority; 0: the first */
	bool has_list;
	uint32_t list;	   /* its number */
	uint64_t list_due; /* when there should be a newer one, s since 1970 */
	const char *time_source;
	size_t items;	   /* held */
	size_t hubs, connected_hubs; /* without us */
};
extern void wgd_mesh_view(const struct wgd_mesh *m, struct wgd_mesh_view *ret);

/*
 * Why nothing is relayed by this machine, as a word for programs or a sentence;
 * NULL: it is, or has no mesh.  At a hub the kernel is asked: "forwarding-off"
 * if it forwards no IPv6.
 */
extern const char *wgd_mesh_relay_error(const struct wgd_mesh *m);
/* "site" or "hub". */
extern const char *wgd_mesh_role_str(const struct wgd_mesh *m);
/*
 * What is probably not meant, a sentence for people; NULL: nothing.  BUF is for
 * it.
 */
#define WGD_MESH_WARNING 256
extern const char *wgd_mesh_warning(const struct wgd_mesh *m,
				    char buf[WGD_MESH_WARNING]);

#endif
