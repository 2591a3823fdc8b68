/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * realloc(3) is of no use here: it may leave the old copy behind.
 *
 * Only what lies below len is wiped: who fills the room behind it (an encoder
 * at work) must move len before anything else happens.
 */
#include "lib/backend/wg_secbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

int wg_secbuf_reserve(struct wg_secbuf *s, size_t more)
{
	size_t size = s->size;
	char *b;

	if (s->size - s->len >= more)
		return 0;
	while (size - s->len < more)
		size = size ? size * 2 : 4096;
	b = malloc(size);
	if (!b)
		return -ENOMEM;
	if (s->len)
		memcpy(b, s->b, s->len);
	if (s->b) {
		sodium_memzero(s->b, s->len);
		free(s->b);
	}
	s->b = b;
	s->size = size;
	return 0;
}

void wg_secbuf_reset(struct wg_secbuf *s, size_t keep)
{
	if (s->b)
		sodium_memzero(s->b, s->len);
	s->len = 0;
	if (s->size > keep) {
		free(s->b);
		s->b = NULL;
		s->size = 0;
	}
}
