/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file is written under another name, brought to the disk, and renamed.  The
 * folder is brought to the disk as well: who reads on the screen that an
 * invite is made may switch the machine off.
 *
 * The other name is a fixed one, ".NAME.new": what an interrupted run left is
 * overwritten by the next one.  There is no next one meanwhile, for the folder
 * is locked (flock(2) on the folder itself: no file is left behind, and the
 * kernel gives the lock back whatever happens to us).
 *
 * Everything is made with mode 0600, whatever the umask was (main sets it).
 */
#include "wgd-mesh/mesh_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/backend/wg_secbuf.h"

/* 100,000 members with certificate, list and witnesses are less. */
#define FILE_MAX ((size_t)256 << 20)

int mesh_folder_open(const char *path, bool shared, struct mesh_folder *ret,
		     struct mesh_why *why)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return mesh_because(why, -errno, "%s: %s", path,
				    strerror(errno));
	if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0) {
		int error = errno == EWOULDBLOCK ? EBUSY : errno;

		close(fd);
		return mesh_because(why, -error, "%s: %s", path,
				    error == EBUSY
					    ? "another wgd-mesh is at work here"
					    : strerror(error));
	}
	*ret = (struct mesh_folder){.fd = fd, .path = path};
	return 0;
}

int mesh_folder_make(const char *path, struct mesh_folder *ret,
		     struct mesh_why *why)
{
	bool is_new = mkdir(path, S_IRWXU) == 0;
	int rc;

	if (!is_new && errno != EEXIST)
		return mesh_because(why, -errno, "%s: %s", path,
				    strerror(errno));
	rc = mesh_folder_open(path, false, ret, why);
	if (!rc)
		ret->is_new = is_new;
	return rc;
}

void mesh_folder_close(struct mesh_folder *folder)
{
	close(folder->fd);
	folder->fd = -1;
}

/* --- reading */

/* To the end of it; closes it. */
static int take(int fd, struct mesh_bytes *ret)
{
	struct wg_secbuf s = {0};
	ssize_t n = 1;
	int rc = 0;

	while (!rc && n > 0) {
		rc = wg_secbuf_reserve(&s, 65536);
		n = rc ? 0 : read(fd, s.b + s.len, s.size - s.len - 1);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			rc = -errno;
		else
			s.len += n;
		if (s.len > FILE_MAX)
			rc = -EFBIG;
	}
	close(fd);
	if (rc) {
		wg_secbuf_reset(&s, 0);
		return rc;
	}
	s.b[s.len] = '\0';
	ret->b = s.b;
	ret->len = s.len;
	return 0;
}

int mesh_file_read(const struct mesh_folder *folder, const char *name,
		   struct mesh_bytes *ret, struct mesh_why *why)
{
	int fd = openat(folder->fd, name,
			O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc = fd < 0 ? -errno : take(fd, ret);

	if (rc)
		return mesh_because(why, rc, "%s/%s: %s", folder->path, name,
				    strerror(-rc));
	return 0;
}

int mesh_fd_read(int fd, const char *name, struct mesh_bytes *ret,
		 struct mesh_why *why)
{
	int rc = fd < 0 ? -errno : take(fd, ret);

	if (rc)
		return mesh_because(why, rc, "%s: %s", name, strerror(-rc));
	return 0;
}

int mesh_path_read(const char *path, struct mesh_bytes *ret,
		   struct mesh_why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int rc = fd < 0 ? -errno : take(fd, ret);

	if (rc)
		return mesh_because(why, rc, "%s: %s", path, strerror(-rc));
	return 0;
}

void mesh_bytes_free(struct mesh_bytes *bytes)
{
	struct wg_secbuf s = {bytes->b, bytes->len, bytes->len};

	wg_secbuf_reset(&s, 0);
	free(s.b);
	*bytes = (struct mesh_bytes){0};
}

/* --- writing */

static int write_all(int fd, const char *b, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, b, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		b += n;
		len -= n;
	}
	return 0;
}

int mesh_file_write(const struct mesh_folder *folder, const char *name,
		    const struct mesh_bytes *bytes, struct mesh_why *why)
{
	char tmp[NAME_MAX + 1];
	int fd, rc;

	if (snprintf(tmp, sizeof(tmp), ".%s.new", name) >= (int)sizeof(tmp))
		return mesh_because(why, -ENAMETOOLONG, "%s/%s: %s",
				    folder->path, name, strerror(ENAMETOOLONG));
	/* not truncated: a file with other eyes on it stays theirs */
	unlinkat(folder->fd, tmp, 0);
	fd = openat(folder->fd, tmp,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		    S_IRUSR | S_IWUSR);
	rc = fd < 0 || fchmod(fd, S_IRUSR | S_IWUSR) < 0 ? -errno : 0;
	if (!rc && folder->user &&
	    fchown(fd, folder->user->uid, folder->user->gid) < 0)
		rc = -errno;
	if (!rc)
		rc = write_all(fd, bytes->b, bytes->len);
	if (!rc && fsync(fd) < 0)
		rc = -errno;
	if (fd >= 0 && close(fd) < 0 && !rc)
		rc = -errno;
	if (!rc && renameat(folder->fd, tmp, folder->fd, name) < 0)
		rc = -errno;
	if (rc) {
		unlinkat(folder->fd, tmp, 0);
		return mesh_because(why, rc, "%s/%s: %s", folder->path, name,
				    strerror(-rc));
	}
	if (fsync(folder->fd) < 0)
		return mesh_because(why, -errno, "%s: %s", folder->path,
				    strerror(errno));
	return 0;
}
