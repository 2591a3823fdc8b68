/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the keeper: read whole, written by rename, mode 0600.
 */
#ifndef MESH_FILE_H
#define MESH_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "wgd-mesh/mesh_why.h"

/* A file's bytes, and a final 0 behind them that does not count. */
struct mesh_bytes {
	char *b;
	size_t len;
};

/* A folder that is held. */
struct mesh_folder {
	int fd;
	const char *path;	      /* the caller's, for reasons */
	bool is_new;		      /* mesh_folder_make made it */
	const struct mesh_user *user; /* whose files there are; NULL: ours */
};
struct mesh_user {
	uid_t uid;
	gid_t gid;
};

/*
 * Open a folder, and keep others out of it until it is closed; SHARED: keep
 * out those who do not share.  -EBUSY: another one is at work there.
 */
int mesh_folder_open(const char *path, bool shared, struct mesh_folder *ret,
		     struct mesh_why *why);
/* Make it, mode 0700, where there is none, and open it. */
int mesh_folder_make(const char *path, struct mesh_folder *ret,
		     struct mesh_why *why);
void mesh_folder_close(struct mesh_folder *folder);

/* -ENOENT: there is none (and a reason that says so); -EFBIG. */
int mesh_file_read(const struct mesh_folder *folder, const char *name,
		   struct mesh_bytes *ret, struct mesh_why *why);
/* ... of any path, a pipe as well. */
int mesh_path_read(const char *path, struct mesh_bytes *ret,
		   struct mesh_why *why);
/* ... of a descriptor, which is closed. */
int mesh_fd_read(int fd, const char *name, struct mesh_bytes *ret,
		 struct mesh_why *why);
/* Wipes what it frees. */
void mesh_bytes_free(struct mesh_bytes *bytes);

/*
 * All of it or nothing: on any failure, and on an end at any moment, the old
 * file is there as it was.  When this returns 0, the new one is on the disk.
 */
int mesh_file_write(const struct mesh_folder *folder, const char *name,
		    const struct mesh_bytes *bytes, struct mesh_why *why);

#endif
