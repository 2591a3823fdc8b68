/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files with keys: one line, 44 characters of base64 (RFC 4648, padded) of 32
 * bytes, as `wg genkey` prints it; or `ed25519:` and the same of the seed of an
 * Ed25519 key.
 *
 * Who asks may be in other hands than ours (wg_keyproc.h), so rules say where a
 * file may be and whose.
 */
#ifndef WG_KEYFILE_H
#define WG_KEYFILE_H

#include <sys/types.h>

#include "lib/core/wg_types.h"

#define WG_KEYFILE_FOLDERS 8
#define WG_KEYFILE_ERR 512 /* room for a reason */

struct wg_keyfile_rules {
	/* Where files may be, and below; absolute.  Only these. */
	const char *folders[WG_KEYFILE_FOLDERS];
	unsigned n_folders;
	uid_t owner; /* whose files and, for new ones, folders must be */
	/*
	 * Whose files are taken over by owner: those of an earlier version.
	 * The same as owner: nobody's.
	 */
	uid_t former;
};

/* What a file has.  SECRET. */
struct wg_keyfile_secret {
	struct wg_key key;
	bool is_seed;
};

void wg_keyfile_wipe(struct wg_keyfile_secret *secret);

/*
 * Read a secret.  The file is a regular one, reached by no symbolic link, and
 * neither group nor others may read or write it.  RULES NULL: any file that
 * the caller can open, links followed.  RET_TAKEN (may be NULL): the file was
 * the former owner's and is the owner's now.  The secret is wiped on failure.
 * Errors: those of open(2); -EPERM against the rules; -EINVAL not one key.  The
 * reason, which names the path, goes to ERR (may be NULL).
 */
int wg_keyfile_read(const struct wg_keyfile_rules *rules, const char *path,
		    struct wg_keyfile_secret *ret_secret, bool *ret_taken,
		    char *err, size_t errlen);

/*
 * A secret in a new file, mode 0600, whole or not at all (a temporary name in
 * the same folder, linked).  -EEXIST where there is one: never overwritten.
 * The folder is made where there is none, mode 0700; for a seed also the one
 * above it (mesh/NAME/); not those above these.  With rules each one, and what
 * it is made in, must be the owner's, and nobody else may write there.
 */
int wg_keyfile_make(const struct wg_keyfile_rules *rules, const char *path,
		    const struct wg_keyfile_secret *secret, char *err,
		    size_t errlen);

/*
 * As root: the folder for keys is made, or taken over from the former owner,
 * with mode 0700.  1: it was taken over, 0: nothing to do, or -errno.
 */
int wg_keyfile_folder(const struct wg_keyfile_rules *rules, const char *path);

#endif
