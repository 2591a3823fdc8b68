/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing buffer for what may hold secrets: whatever it was given is wiped
 * before the memory goes back, also where it moves because it grows.
 */
#ifndef WG_SECBUF_H
#define WG_SECBUF_H

#include <stddef.h>

struct wg_secbuf {
	char *b;
	size_t len; /* bytes in use */
	size_t size; /* bytes there are */
};

/* Room for MORE bytes behind len.  0 or -ENOMEM (all stays as it was). */
int wg_secbuf_reserve(struct wg_secbuf *s, size_t more);

/* Wipe the contents; keep at most KEEP bytes of memory for the next time. */
void wg_secbuf_reset(struct wg_secbuf *s, size_t keep);

#endif
