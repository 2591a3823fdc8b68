/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An underlay and its routes in short texts, for tests of wg_underlay. */
#ifndef UNDERLAY_H
#define UNDERLAY_H

#include "lib/core/tests/text.h"
#include "lib/core/wg_underlay.h"

#define OUT 1 /* links */
#define OUT2 2
#define TUN 7
#define REC 0 /* recursive: no link */

/* Next hops are links, each with a gateway of its own. */
#define LINKS(...) ((const int[]){__VA_ARGS__, -1})
#define NONE ((const int[]){-1})

extern struct wg_underlay *u; /* TUN is a tunnel of it */
int setup(void **state);
int teardown(void **state);

/* What wg_underlay.h has, each followed by its check. */
void told(const char *addr, const char *prefix, const int *links);
void route(const char *prefix, const int *links);
void found(const char *prefix, const int *links);
void hold(const char *addr);
void release(const char *addr);

/* All that changes now: "10.0.0.0/8>1 0.0.0.0/0-"; the whole table. */
const char *changes(void);
const char *table(void);
/* The way to an address, and its link: "marked 1" */
const char *path(const char *addr);

#endif
