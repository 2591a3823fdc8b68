/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counted memory.  Sizes are given back by the caller, so that nothing is
 * spent on remembering them: a bytes-per-route figure that leaves something
 * out would be worth nothing.
 *
 * There are two tempers.  wg_mem_try fails and says so: everything on the way
 * of a route uses it, a table that outgrows the machine must not take the
 * router with it.  wg_mem_get aborts: what the operator configures is small,
 * and half a peer is worse than none.
 */
#ifndef WG_MEM_H
#define WG_MEM_H

#include <stddef.h>

struct wg_mem {
	size_t used;	/* bytes */
	void *reserve;	/* for who cannot fail; goes with the last byte */
	size_t fail_in; /* tests: the n-th wg_mem_try from now fails; 0: none */
};

/* Zeroed memory; NULL when there is none. */
void *wg_mem_try(struct wg_mem *mem, size_t size);
/* Zeroed memory. */
void *wg_mem_get(struct wg_mem *mem, size_t size);
/* NULL is fine. */
void wg_mem_put(struct wg_mem *mem, void *ptr, size_t size);

/*
 * An array that doubles: room for at least NEED elements of SIZE bytes, the
 * new ones zeroed.  Returns the array, moved perhaps, and the new *cap, or
 * NULL (and the old array stays valid) when there is no memory.
 */
void *wg_mem_room(struct wg_mem *mem, void *array, size_t size, size_t need,
		  size_t *cap);

/* A counted copy of a string; NULL stays NULL. */
char *wg_mem_str(struct wg_mem *mem, const char *s);
void wg_mem_put_str(struct wg_mem *mem, char *s);

#endif
