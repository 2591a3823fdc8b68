/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder for a test's files, which goes with all that is in it. */
#ifndef TEMPDIR_H
#define TEMPDIR_H

#include <stdio.h>
#include <stdlib.h>

static char dir[64];

/* 0 or -1. */
static inline int tempdir_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/wg_testXXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static inline int tempdir_remove(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

#endif
