/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path is walked name by name from the folder that the rules allow, with a
 * descriptor of each: no link is followed, no `..` climbed, and what was looked
 * at is what is opened, whatever others do to the names meanwhile.
 *
 * The folder itself is the operator's word and may be a link.  It may also be
 * somebody else's, as /etc/frr is user frr's, who can put another folder in the
 * place of ours.  That gains nothing: who owns no file of root's can only take
 * keys away, not read one, and new keys are made where root alone writes.
 *
 * A file is made beside what it is to replace, and whoever may write in the
 * folder moves it there by one rename(2): each reading opens the name anew, so
 * it finds the old secret or the new one, and never none.
 *
 * A file of an earlier version (user frr's) is taken over if it has a key in
 * it and no second name.  Who had it open before keeps what he knew.
 *
 * Reasons that are handed out name the path, never a byte of what is in it.
 */
#include "lib/backend/wg_keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "lib/backend/wg_helper.h"
#include "lib/backend/wg_keys.h"

#define TMP_LEN 9 /* of what a name has more until the file is whole */
/* of those that the file is in, how many are made where they are missing */
#define FOLDERS_OF_KEY 1
#define FOLDERS_OF_SEED 2 /* mesh/NAME/ */

void wg_keyfile_wipe(struct wg_keyfile_secret *secret)
{
	sodium_memzero(secret, sizeof(*secret));
}

/* --- to the file's folder */

/* The allowed folder that the path is below. */
static const char *allowed(const struct wg_keyfile_rules *rules,
			   const char *path)
{
	unsigned i;

	for (i = 0; i < rules->n_folders; i++) {
		size_t len = strlen(rules->folders[i]);

		if (strncmp(path, rules->folders[i], len) == 0 &&
		    path[len] == '/')
			return rules->folders[i];
	}
	return NULL;
}

static int not_allowed(const struct wg_keyfile_rules *rules, const char *path,
		       char *err, size_t errlen)
{
	char list[256] = "";
	unsigned i;
	size_t n = 0;

	for (i = 0; i < rules->n_folders && n < sizeof(list); i++)
		n += snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "",
			      rules->folders[i]);
	return wg_reason(
		-EPERM, err, errlen,
		"%s: keys may be below %s; wgd's option --key-folder allows another folder",
		path, list);
}

/* May new keys, and folders for them, lie here? */
static int check_folder(const struct wg_keyfile_rules *rules, int dir,
			const char *path, char *err, size_t errlen)
{
	struct stat st;

	if (!rules)
		return 0;
	if (fstat(dir, &st) < 0)
		return wg_reason(-errno, err, errlen, "%s: %s", path,
				 strerror(errno));
	if (st.st_uid != rules->owner)
		return wg_reason(
			-EPERM, err, errlen,
			"%s: its folder belongs to uid %u; a new key is made only where uid %u alone writes",
			path, st.st_uid, rules->owner);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return wg_reason(
			-EPERM, err, errlen,
			"%s: others may write in its folder, mode %04o", path,
			st.st_mode & 07777);
	return 0;
}

/* Is what P begins with, up to the next slash, a name and no way elsewhere? */
static bool is_plain(const char *p, size_t n)
{
	return n > 0 && n <= NAME_MAX && strncmp(p, ".", n) != 0 &&
	       strncmp(p, "..", n) != 0;
}

/* Is the rest of a path a file that can be made, in so many folders at most? */
static bool is_file(const char *rest, unsigned folders)
{
	size_t n;

	for (;; folders--) {
		rest += strspn(rest, "/");
		n = strcspn(rest, "/");
		if (!is_plain(rest, n))
			return false;
		if (!rest[n])
			return n <= NAME_MAX - TMP_LEN;
		if (folders == 0)
			return false;
		rest += n;
	}
}

/* Make the entry in the folder last over a power cut, where that is known. */
static void sync_folder(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/*
 * A descriptor of the folder that the file is in, and the file's name there.
 * MAKE: so many of the last folders are made if they are missing, where a new
 * key might lie, too: what is refused leaves nothing.
 */
static int walk(const struct wg_keyfile_rules *rules, const char *path,
		unsigned make, char name[NAME_MAX + 1], char *err,
		size_t errlen)
{
	const char *from = rules ? allowed(rules, path) : "", *p = path;
	int fd, next, error;
	struct stat st;
	size_t n;

	if (*path != '/')
		return wg_reason(-EINVAL, err, errlen,
				 "%s: not an absolute path", path);
	if (!from)
		return not_allowed(rules, path, err, errlen);
	p += strlen(from);
	fd = open(*from ? from : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return wg_reason(-errno, err, errlen, "%s: %s: %s", path, from,
				 strerror(errno));
	for (;;) {
		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (!is_plain(p, n)) {
			close(fd);
			return wg_reason(-EINVAL, err, errlen,
					 "%s: not a plain path of a file",
					 path);
		}
		memcpy(name, p, n);
		name[n] = '\0';
		p += n;
		if (!*p)
			return fd;
		if (make && is_file(p, make - 1) &&
		    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			error = check_folder(rules, fd, path, err, errlen);
			if (error) {
				close(fd);
				return error;
			}
			/* or the next says why */
			if (mkdirat(fd, name, S_IRWXU) == 0)
				sync_folder(fd);
		}
		next = openat(fd, name,
			      O_PATH | O_DIRECTORY | O_CLOEXEC |
				      (rules ? O_NOFOLLOW : 0));
		error = next < 0 ? -errno : 0;
		close(fd);
		if (error == -ENOTDIR && rules)
			return wg_reason(
				-EPERM, err, errlen,
				"%s: %.*s is no folder, or a symbolic link",
				path, (int)(p - path), path);
		if (error == -ENOENT)
			return wg_reason(error, err, errlen,
					 "%s: there is no folder %.*s", path,
					 (int)(p - path), path);
		if (error)
			return wg_reason(error, err, errlen, "%s: %s", path,
					 strerror(-error));
		fd = next;
	}
}

/* --- reading */

/* Up to len bytes, over short reads.  The number or -errno. */
static ssize_t read_all(int fd, char *buf, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = read(fd, buf + have, len - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += n;
	}
	return have;
}

static int read_key(int fd, const char *path, struct wg_keyfile_secret *ret,
		    char *err, size_t errlen)
{
	char text[WG_SEED_STRLEN + 2]; /* seed, newline, one too many, and 0 */
	bool is_seed;
	ssize_t n = read_all(fd, text, sizeof(text) - 1);
	int error = n;

	if (n < 0) {
		wg_reason(error, err, errlen, "%s: %s", path, strerror(-error));
		goto out;
	}
	if (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	is_seed = n == WG_SEED_STRLEN - 1;
	error = -EINVAL;
	if (is_seed)
		error = wg_seed_parse(text, &ret->key);
	else if (n == WG_KEY_STRLEN - 1)
		error = wg_key_parse(text, &ret->key);
	if (error)
		wg_reason(
			error, err, errlen,
			"%s: not one line with a base64 key of 32 bytes, or with ed25519: and one",
			path);
	else
		ret->is_seed = is_seed;
out:
	sodium_memzero(text, sizeof(text));
	return error;
}

/* Is it a file that may have a key in it?  RET_TAKE: if it can be taken over.
 */
static int check(const struct wg_keyfile_rules *rules, const struct stat *st,
		 const char *path, bool *ret_take, char *err, size_t errlen)
{
	if (!S_ISREG(st->st_mode))
		return wg_reason(-EPERM, err, errlen, "%s: is no regular file",
				 path);
	if (st->st_mode & (S_IRWXG | S_IRWXO))
		return wg_reason(-EPERM, err, errlen,
				 "%s: mode %04o lets others in, 0600 is needed",
				 path, st->st_mode & 07777);
	*ret_take = rules && st->st_uid != rules->owner;
	if (*ret_take && (st->st_uid != rules->former || st->st_nlink != 1))
		return wg_reason(-EPERM, err, errlen,
				 "%s: belongs to uid %u%s, uid %u is needed",
				 path, st->st_uid,
				 st->st_uid == rules->former
					 ? " and has more than one name"
					 : "",
				 rules->owner);
	return 0;
}

int wg_keyfile_read(const struct wg_keyfile_rules *rules, const char *path,
		    struct wg_keyfile_secret *ret_secret, bool *ret_taken,
		    char *err, size_t errlen)
{
	char name[NAME_MAX + 1];
	struct stat st;
	bool take;
	int fd, dir, error;

	wg_keyfile_wipe(ret_secret);
	dir = walk(rules, path, 0, name, err, errlen);
	if (dir < 0)
		return dir;
	/* O_NONBLOCK: a FIFO must not hold us before we see that it is one. */
	fd = openat(dir, name,
		    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
			    (rules ? O_NOFOLLOW : 0));
	error = fd < 0 ? -errno : 0;
	close(dir);
	if (error == -ELOOP && rules)
		return wg_reason(-EPERM, err, errlen, "%s: is a symbolic link",
				 path);
	if (error)
		return wg_reason(error, err, errlen, "%s: %s", path,
				 strerror(-error));
	if (fstat(fd, &st) < 0)
		error = wg_reason(-errno, err, errlen, "%s: cannot be examined",
				  path);
	if (!error)
		error = check(rules, &st, path, &take, err, errlen);
	if (!error)
		error = read_key(fd, path, ret_secret, err, errlen);
	if (!error && take && fchown(fd, rules->owner, -1) < 0)
		error = wg_reason(
			-errno, err, errlen,
			"%s: belongs to uid %u, and cannot be given to uid %u: %s",
			path, st.st_uid, rules->owner, strerror(errno));
	close(fd);
	if (error)
		wg_keyfile_wipe(ret_secret);
	else if (ret_taken)
		*ret_taken = take;
	return error;
}

/* --- making */

static int write_all(int fd, const char *buf, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, buf, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf += n;
		len -= n;
	}
	return 0;
}

static int make_in(int dir, const char *name,
		   const struct wg_keyfile_secret *secret)
{
	char text[WG_SEED_STRLEN], tmp[NAME_MAX + 1];
	size_t len;
	int fd, error;

	if (snprintf(tmp, sizeof(tmp), "%s.%08x", name, randombytes_random()) >=
	    (int)sizeof(tmp))
		return -ENAMETOOLONG;
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    S_IRUSR | S_IWUSR);
	if (fd < 0)
		return -errno;
	if (secret->is_seed)
		wg_seed_str(&secret->key, text);
	else
		wg_key_str(&secret->key, text);
	len = strlen(text);
	text[len] = '\n';
	error = fchmod(fd, S_IRUSR | S_IWUSR) < 0 ? -errno : 0;
	if (!error)
		error = write_all(fd, text, len + 1);
	if (!error && fsync(fd) < 0)
		error = -errno;
	sodium_memzero(text, sizeof(text));
	if (close(fd) < 0 && !error)
		error = -errno;
	/* link(2) and not rename(2): what is there is never overwritten. */
	if (!error && linkat(dir, tmp, dir, name, 0) < 0)
		error = -errno;
	unlinkat(dir, tmp, 0);
	return error;
}

int wg_keyfile_make(const struct wg_keyfile_rules *rules, const char *path,
		    const struct wg_keyfile_secret *secret, char *err,
		    size_t errlen)
{
	unsigned folders = secret->is_seed ? FOLDERS_OF_SEED : FOLDERS_OF_KEY;
	char name[NAME_MAX + 1];
	int dir = walk(rules, path, folders, name, err, errlen), error;

	if (dir < 0)
		return dir;
	error = check_folder(rules, dir, path, err, errlen);
	if (!error) {
		error = make_in(dir, name, secret);
		if (error)
			wg_reason(error, err, errlen, "%s: %s", path,
				  strerror(-error));
		else
			sync_folder(dir);
	}
	close(dir);
	return error;
}

int wg_keyfile_folder(const struct wg_keyfile_rules *rules, const char *path)
{
	struct stat st;
	int fd, rc = 0;

	if (mkdir(path, S_IRWXU) == 0)
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (st.st_uid == rules->former && rules->former != rules->owner)
		rc = fchown(fd, rules->owner, 0) < 0 || fchmod(fd, S_IRWXU) < 0
			     ? -errno
			     : 1;
	close(fd);
	return rc;
}
