/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs that fill the core share: chance, processor time, and a
 * table of prefixes in a file. */
#ifndef TABLE_H
#define TABLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/core/wg_types.h"

static inline uint64_t rnd(void)
{
	static uint64_t seed = 0x9e3779b97f4a7c15;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Of this process: other programs are not what is measured.  ns. */
static inline double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* Room for one more of N things of that size, which are at V. */
static inline void *table_room(void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap ? 2 * *cap : 1 << 16;
	v = realloc(v, *cap * size);
	if (!v)
		abort();
	return v;
}

/*
 * The lines of a file (.gz: by zcat) that begin with a prefix: each goes to
 * LINE with what follows the prefix (""; nothing does).  False: it cannot be
 * read.
 */
static inline bool table_read(const char *path,
			      void (*line)(void *arg, const struct wg_prefix *p,
					   const char *rest),
			      void *arg)
{
	size_t len = strlen(path), n;
	bool gz = len > 3 && strcmp(path + len - 3, ".gz") == 0;
	char cmd[1024], text[256];
	struct wg_prefix p;
	const char *rest;
	FILE *f;

	if (strchr(path, '\'') || len > sizeof(cmd) - 16)
		return false;
	snprintf(cmd, sizeof(cmd), "zcat -- '%s'", path);
	f = gz ? popen(cmd, "r") : fopen(path, "r");
	if (!f)
		return false;
	while (fgets(text, sizeof(text), f)) {
		n = strcspn(text, " \t\r\n");
		rest = text[n] ? text + n + 1 : "";
		text[n] = '\0';
		if (wg_prefix_parse(text, &p) < 0)
			continue;
		wg_prefix_mask(&p);
		line(arg, &p, rest);
	}
	return (gz ? pclose(f) : fclose(f)) == 0;
}

#endif
