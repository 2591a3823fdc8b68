/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map of a mesh (lib/core/wg_directory.h) with what the core leaves out:
 * hashes, signatures, a file, and a line in the log.
 */
#ifndef WGD_MAP_H
#define WGD_MAP_H

#include "frr-wgd/base/wgd.h"
#include "lib/backend/wg_sign.h"
#include "lib/core/wg_directory.h"

/* Signatures that were wrong are counted behind the core's verdicts. */
#define WGD_MAP_FORGED WG_OFFEREDS
#define WGD_MAP_RESULTS (WG_OFFEREDS + 1)

struct wgd_map;

/*
 * An empty map of that mesh, with its items in FILE.  IFNAME is for the log.
 */
extern struct wgd_map *wgd_map_new(const char *ifname, const char *file,
				   const struct wg_directory_conf *conf);
/* What was not written yet is written. */
extern void wgd_map_delete(struct wgd_map **map);

extern const struct wg_directory *wgd_map_directory(const struct wgd_map *map);

/*
 * Take what the file has.  0, also where there is no file; -errno, or -EBADMSG:
 * from some place on it has no items; what stands before is taken.
 */
extern int wgd_map_load(struct wgd_map *map);
/*
 * Take what another file has, for others as well.  How many were put, or
 * -errno.
 */
extern int wgd_map_load_from(struct wgd_map *map, const char *file);
/*
 * Write the file now, whatever was changed.  0 or -errno: the file is as it
 * was before.
 */
extern int wgd_map_save(struct wgd_map *map);
/* Why the file could not be written last; NULL: it could. */
extern const char *wgd_map_trouble(const struct wgd_map *map);
/* What was wrong with the file when it was read, for a day; NULL: nothing. */
extern const char *wgd_map_torn(const struct wgd_map *map);

/*
 * An item from somewhere.  SOURCE: who brought it, for wgd_map_next_put;
 * FROM: the same for the log.  True: it was put.
 */
struct wgd_map_item {
	const uint8_t *b;
	size_t len;
	const void *source; /* NULL: nobody of whom items are passed on to */
	const char *from;
};
extern bool wgd_map_take(struct wgd_map *map, const struct wgd_map_item *item);
/* How often an offer had that result: enum wg_offered, or WGD_MAP_FORGED. */
extern uint64_t wgd_map_count(const struct wgd_map *map, unsigned result);
/* Two different items of one version were seen since; false: none. */
struct wgd_map_conflict {
	uint8_t kind;
	uint32_t member; /* of an authority or a list: 0 */
};
extern bool wgd_map_next_conflict(struct wgd_map *map,
				  struct wgd_map_conflict *ret);
/*
 * The newest time that an authority signed, s since 1970: it is not earlier
 * now.  0: none.
 */
extern uint64_t wgd_map_floor(const struct wgd_map *map);

/*
 * The next item that was put since, in the order of putting; NULL: none.
 * Valid until the next call.
 */
extern const uint8_t *wgd_map_next_put(struct wgd_map *map,
				       const void **ret_source);
/* A member of which something changed since; false: none. */
extern bool wgd_map_next_changed(struct wgd_map *map, uint32_t *ret_member);
/* The hash of all that is held. */
extern void wgd_map_hash(struct wgd_map *map, uint8_t ret[WG_DIRECTORY_HASH]);

#endif
