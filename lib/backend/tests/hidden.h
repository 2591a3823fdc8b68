/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a secret rest in this process's memory, freed memory included?  The one
 * that looks for it has it with all bits turned, lest it finds its own.
 */
#ifndef HIDDEN_H
#define HIDDEN_H

#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "lib/backend/wg_keys.h"

/*
 * From gcc 13 on the sanitizer has another stack by itself, which is none of
 * those that are looked at.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

/* A secret as bytes, and as text in hex and base64; all bits turned. */
struct hidden {
	uint8_t bytes[WG_KEY_LEN], hex[2 * WG_KEY_LEN], base64[44];
};

static inline void hidden_of(const struct wg_key *secret, struct hidden *ret)
{
	uint8_t *b = (uint8_t *)ret;
	char text[2 * WG_KEY_LEN + 1];
	size_t i;

	memcpy(ret->bytes, secret->b, sizeof(ret->bytes));
	sodium_bin2hex(text, sizeof(text), secret->b, sizeof(secret->b));
	memcpy(ret->hex, text, sizeof(ret->hex));
	wg_key_str(secret, text);
	memcpy(ret->base64, text, sizeof(ret->base64));
	for (i = 0; i < sizeof(*ret); i++)
		b[i] = ~b[i];
	sodium_memzero(text, sizeof(text));
}

enum hidden_where { HIDDEN_STACK = 1, HIDDEN_OTHERS = 2 };

/*
 * TURNED: what is looked for, all bits turned.  Left out are great regions,
 * which are the sanitizers' shadows.
 */
static inline bool hidden_is_found(const uint8_t *turned, size_t len,
				   enum hidden_where where)
{
	static uint8_t chunk[1 << 20];
	char line[512];
	unsigned long from, to;
	const uint8_t *at;
	bool found = false;
	size_t j;
	FILE *maps;
	ssize_t n;
	int mem;

	maps = fopen("/proc/self/maps", "r");
	mem = open("/proc/self/mem", O_RDONLY);
	assert_true(maps && mem >= 0);
	while (!found && fgets(line, sizeof(line), maps)) {
		/* what is not written now may have been before */
		if (sscanf(line, "%lx-%lx", &from, &to) != 2 ||
		    !strstr(line, " r") || to - from > 64ul << 20 ||
		    strstr(line, "[v") ||
		    !(where &
		      (strstr(line, "[stack]") ? HIDDEN_STACK : HIDDEN_OTHERS)))
			continue;
		for (; from < to && !found; from += n - len) {
			n = to - from < sizeof(chunk) ? to - from
						      : sizeof(chunk);
			n = pread(mem, chunk, n, from);
			if (n <= (ssize_t)len)
				break;
			for (at = chunk;
			     (at = memchr(at, turned[0] ^ 0xff,
					  chunk + n - len + 1 - at));
			     at++) {
				for (j = 0; j < len; j++)
					if ((at[j] ^ turned[j]) != 0xff)
						break;
				found |= j == len;
			}
		}
	}
	fclose(maps);
	close(mem);
	sodium_memzero(chunk, sizeof(chunk));
	return found;
}

/* In any of its forms? */
static inline bool hidden_rests(const struct hidden *h, enum hidden_where where)
{
	return hidden_is_found(h->bytes, sizeof(h->bytes), where) ||
	       hidden_is_found(h->hex, sizeof(h->hex), where) ||
	       hidden_is_found(h->base64, sizeof(h->base64), where);
}

/* What finds nothing must be able to find. */
static inline void hidden_check_search(void)
{
	uint8_t turned[WG_KEY_LEN], here[WG_KEY_LEN];
	uint8_t *copy = malloc(sizeof(turned));
	size_t i;

	assert_non_null(copy);
	randombytes_buf(turned, sizeof(turned));
	for (i = 0; i < sizeof(turned); i++)
		copy[i] = ~turned[i];
	assert_true(hidden_is_found(turned, sizeof(turned), HIDDEN_OTHERS));
	assert_false(hidden_is_found(turned, sizeof(turned), HIDDEN_STACK));
	memcpy(here, copy, sizeof(here));
	sodium_memzero(copy, sizeof(turned));
	assert_true(hidden_is_found(turned, sizeof(turned), HIDDEN_STACK));
	assert_false(hidden_is_found(turned, sizeof(turned), HIDDEN_OTHERS));
	sodium_memzero(here, sizeof(here));
	free(copy);
}

#endif
