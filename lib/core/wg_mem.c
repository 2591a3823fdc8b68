/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counted memory over calloc.  The count is of what was asked for; malloc's
 * own overhead does not show at the sizes that matter (slabs of nodes).
 *
 * Not all that shares the process can fail: libfrr aborts when it gets no
 * memory for a command.  So a table that outgrows the machine stops before the
 * end: a reserve is held, never touched, and given up when there is nothing
 * else.  Until it can be had again every try fails, and leaves it to others.
 */
#include "lib/core/wg_mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RESERVE ((size_t)16 << 20) /* what a long answer to a command takes */

static void drop_reserve(struct wg_mem *mem)
{
	free(mem->reserve);
	mem->reserve = NULL;
}

void *wg_mem_try(struct wg_mem *mem, size_t size)
{
	void *ptr;

	if (mem->fail_in && --mem->fail_in == 0)
		return NULL;
	if (!mem->reserve)
		mem->reserve = malloc(RESERVE);
	if (!mem->reserve)
		return NULL;
	ptr = calloc(1, size);
	if (ptr)
		mem->used += size;
	else
		drop_reserve(mem);
	return ptr;
}

void *wg_mem_get(struct wg_mem *mem, size_t size)
{
	void *ptr = calloc(1, size);

	if (!ptr)
		abort();
	mem->used += size;
	return ptr;
}

void wg_mem_put(struct wg_mem *mem, void *ptr, size_t size)
{
	if (!ptr)
		return;
	assert(mem->used >= size);
	mem->used -= size;
	free(ptr);
	if (!mem->used)
		drop_reserve(mem);
}

void *wg_mem_room(struct wg_mem *mem, void *array, size_t size, size_t need,
		  size_t *cap)
{
	size_t want = *cap ? *cap : 8;
	void *new;

	if (array && need <= *cap)
		return array;
	while (want < need)
		want *= 2;
	new = wg_mem_try(mem, want * size);
	if (!new)
		return NULL;
	if (array)
		memcpy(new, array, *cap * size);
	wg_mem_put(mem, array, *cap * size);
	*cap = want;
	return new;
}

char *wg_mem_str(struct wg_mem *mem, const char *s)
{
	return s ? strcpy(wg_mem_get(mem, strlen(s) + 1), s) : NULL;
}

void wg_mem_put_str(struct wg_mem *mem, char *s)
{
	if (s)
		wg_mem_put(mem, s, strlen(s) + 1);
}
