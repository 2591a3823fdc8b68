/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why something is refused, and what is said on the standard error: always one
 * line, never a secret.
 */
#ifndef MESH_WHY_H
#define MESH_WHY_H

struct mesh_why {
	char text[512];
};

/* Fill in the reason; returns RC. */
int mesh_because(struct mesh_why *why, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "wgd-mesh: ..." and a newline. */
void mesh_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
