/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counted memory over calloc.  The count is of what was asked for; malloc's
 * own overhead does not show at the sizes that matter (slabs of nodes).
 */
#include "lib/core/wg_mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void *wg_mem_try(struct wg_mem *mem, size_t size)
{
	void *ptr;

	if (mem->fail_in && --mem->fail_in == 0)
		return NULL;
	ptr = calloc(1, size);
	if (ptr)
		mem->used += size;
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
