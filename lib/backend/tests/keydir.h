/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder for files with keys, which root alone writes, and files in it. */
#ifndef KEYDIR_H
#define KEYDIR_H

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/backend/tests/tempdir.h"
#include "lib/backend/wg_keyfile.h"
#include "lib/backend/wg_keys.h"

#define OTHER 65533 /* somebody's uid */

static char folder[80];

/* For cmocka's groups. */
static inline int keydir_setup(void **state)
{
	if (tempdir_make() || wg_keys_init())
		return -1;
	snprintf(folder, sizeof(folder), "%s/keys", dir);
	return mkdir(folder, 0700);
}

static inline int keydir_teardown(void **state)
{
	return tempdir_remove();
}

/* The path of a file in it; good for the next three. */
static inline char *path_of(const char *name)
{
	static char path[4][400];
	static unsigned n;
	char *at = path[n++ % 4];

	snprintf(at, sizeof(path[0]), "%s/%s", folder, name);
	return at;
}

static inline void put(const char *name, const char *text, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* The folder, and files that were user OTHER's in earlier versions. */
static inline struct wg_keyfile_rules rules(void)
{
	return (struct wg_keyfile_rules){{folder}, 1, geteuid(), OTHER};
}

#endif
