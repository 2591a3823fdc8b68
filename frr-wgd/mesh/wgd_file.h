/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of a mesh in place of the one before: by rename, so that there is the
 * old one or the new one, whole and on disk.
 */
#ifndef WGD_FILE_H
#define WGD_FILE_H

#include <limits.h>
#include <stddef.h>

struct wgd_file {
	const char *path; /* the caller's */
	char beside[PATH_MAX]; /* the new one until it is whole */
	int fd;
};

/* 0 or -errno: nothing was begun. */
extern int wgd_file_begin(struct wgd_file *f, const char *path);
extern int wgd_file_write(struct wgd_file *f, const void *b, size_t len);
/*
 * RC: what came of writing.  0: the new one is there; else RC, or -errno: the
 * old one is, or none.
 */
extern int wgd_file_end(struct wgd_file *f, int rc);

#endif
