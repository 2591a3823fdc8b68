/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of files come into reasons only where a checker has seen that they are
 * printable (mesh_inventory.c, mesh_ledger.c); all else is quoted there.
 */
#include "wgd-mesh/mesh_why.h"

#include <stdarg.h>
#include <stdio.h>

int mesh_because(struct mesh_why *why, int rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return rc;
}

void mesh_say(const char *fmt, ...)
{
	va_list ap;

	fputs("wgd-mesh: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
