// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <fcntl.h>

#include "frr-wgd/mesh/wgd_file.h"

int wgd_file_begin(struct wgd_file *f, const char *path)
{
	f->path = path;
	snprintf(f->beside, sizeof(f->beside), "%s.new", path);
	f->fd = open(f->beside,
		     O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		     0600);
	return f->fd < 0 ? -errno : 0;
}

int wgd_file_write(struct wgd_file *f, const void *b, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(f->fd, b, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		b = (const char *)b + n;
		len -= n;
	}
	return 0;
}

/* The name has to be on disk, too. */
static int sync_folder(const char *file)
{
	char path[PATH_MAX];
	int fd, rc;

	strlcpy(path, file, sizeof(path));
	*strrchr(path, '/') = '\0';
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

int wgd_file_end(struct wgd_file *f, int rc)
{
	if (rc == 0 && fsync(f->fd) < 0)
		rc = -errno;
	if (close(f->fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(f->beside, f->path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(f->beside);
	return rc < 0 ? rc : sync_folder(f->path);
}
