/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map of a mesh (lib/core/wg_directory.h) with what the core leaves out:
 * hashes, signatures, a file, and a line in the log.
 */
#ifndef WGD_MAP_H
#define WGD_MAP_H

#include "frr-wgd/base/wgd.h"
#include "frr-wgd/mesh/wgd_drop.h"
#include "lib/backend/wg_sign.h"
#include "lib/core/wg_exchange.h"

struct wgd_map;

/*
 * An empty map of that mesh, with its items in FILE.  What it does not take is
 * counted in DROPS, which stays the caller's.
 */
extern struct wgd_map *wgd_map_new(const char *file,
				   const struct wg_directory_conf *conf,
				   struct wgd_drops *drops);
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
 * -errno.  -ESTALE: its list is older than ours, of the number *RET; -EPERM: it
 * is newer, and forgets that the member *RET is revoked, which is taken only with
 * FORCE.  In both cases nothing was put.
 */
extern int wgd_map_load_from(struct wgd_map *map, const char *file, bool force,
			     uint32_t *ret);
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
 * An item from somewhere, and what became of it.  SOURCE: who brought it, for wgd_map_next_put;
 * FROM: the same for the log.  MEMBER: the same again, by its number; records
 * that others bring come once in a while only (lib/core/wg_bounds.h), what we
 * and the operator bring, 0, at once.
 */
struct wgd_map_item {
	const uint8_t *b;
	size_t len;
	const void *source; /* NULL: nobody of whom items are passed on to */
	const char *from;
	uint32_t member;
};
extern enum wg_exchange_judgement
wgd_map_take(struct wgd_map *map, const struct wgd_map_item *item);
/*
 * One of the records that waited, if its time has come: what became of it, and
 * the member that had brought it.  False: there is none.
 */
extern bool wgd_map_next_waited(struct wgd_map *map,
				enum wg_exchange_judgement *ret,
				uint32_t *ret_from);
/* When there will be one, monotonic ms; INT64_MAX: nothing waits. */
extern int64_t wgd_map_due(const struct wgd_map *map);
/* How many signatures were verified since it was new: what it cost. */
extern uint64_t wgd_map_verified(const struct wgd_map *map);

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
