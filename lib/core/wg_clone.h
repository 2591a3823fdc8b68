/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record of ours in the map that we did not make.  Right after a start that
 * is our own past: the disk is an old one, and we go above it.  Later it is
 * another machine with our identity.  Pure; times are milliseconds of a clock
 * that does not jump.
 */
#ifndef WG_CLONE_H
#define WG_CLONE_H

#include "lib/core/wg_directory.h"

#define WG_CLONE_START_MS 60000	 /* a start is over, if no hub was heard */
#define WG_CLONE_CALM_MS 60000	 /* between two of our records against it */
#define WG_CLONE_STANDS_MS 300000 /* since it was seen: there is one */

struct wg_clone {
	int64_t began; /* the start */
	/* only wg_clone.c writes what follows */
	bool has, is_settled, was_seen, was_answered;
	uint8_t ours[WG_DIRECTORY_HASH]; /* the newest that we made, or had */
	int64_t seen, answered;
};

/* This is ours: it was on disk, or we made it. */
void wg_clone_ours(struct wg_clone *c, const uint8_t hash[WG_DIRECTORY_HASH]);

enum wg_clone_found {
	WG_CLONE_NONE,	/* what the map has of us is ours */
	WG_CLONE_PAST,	/* it is of an earlier life: make one above it */
	WG_CLONE_CLONE, /* there is another one of us: make one above it */
	WG_CLONE_CALM,	/* ... but not yet: say nothing */
};
/*
 * What the map's record of us is.  HASH: NULL: there is none.  IS_SYNCED: the
 * map is that of a hub, so that what we said in an earlier life is in it.
 */
enum wg_clone_found wg_clone_look(struct wg_clone *c, const uint8_t *hash,
				  bool is_synced, int64_t now);
/* CALM: when it is over. */
int64_t wg_clone_due(const struct wg_clone *c);
/* Is there one, as far as was seen lately? */
bool wg_clone_stands(const struct wg_clone *c, int64_t now);

#endif
