/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is put here is read by wgd, which runs as user frr and owns the folder.
 * So the folder's owner becomes the file's: whoever that is could read it
 * anyway, and nobody else can, for a folder that lets others in is refused.
 * The file is theirs and 0600 before it has a byte.
 *
 * Its name is a mesh's: no slash, no dot in front (WG_ITEM_MESH_NAME).  The
 * folder is entered once, not through a symbolic link, and all else is done
 * relative to it.  Its owner may change what is in it under our hands; the
 * worst that comes of that is a refusal.
 */
#include "wgd-mesh/mesh_state.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/backend/wg_vault.h"

#define USER "frr"
#define SUFFIX_MAX 16

/* --- the folder */

static int say(struct mesh_why *why, int rc, const char *path)
{
	return mesh_because(why, rc, "%s: %s", path, strerror(-rc));
}

static int enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* May we put a file there that is its owner's? */
static int check(int fd, const char *path, struct mesh_user *ret,
		 struct mesh_why *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return say(why, -errno, path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return mesh_because(
			why, -EPERM,
			"%s: mode %04o lets others in, 0700 is needed", path,
			st.st_mode & 07777);
	if (geteuid() != 0 && geteuid() != st.st_uid)
		return mesh_because(why, -EPERM,
				    "%s: is another user's; this wants root",
				    path);
	*ret = (struct mesh_user){st.st_uid, st.st_gid};
	return 0;
}

static int find_user(struct mesh_user *ret, struct mesh_why *why)
{
	const struct passwd *pw = getpwnam(USER);

	if (!pw)
		return mesh_because(why, -ENOENT,
				    "there is no user " USER
				    ": is FRR installed here?");
	*ret = (struct mesh_user){pw->pw_uid, pw->pw_gid};
	return 0;
}

/* One folder, theirs; one that is there stays as it is. */
static int make(const char *path, mode_t mode, const struct mesh_user *user)
{
	int fd, rc = 0;

	if (mkdir(path, mode) < 0)
		return errno == EEXIST ? 0 : -errno;
	fd = enter(path);
	if (fd < 0)
		return fd;
	/* whatever the umask */
	if (fchmod(fd, mode) < 0 || fchown(fd, user->uid, user->gid) < 0)
		rc = -errno;
	close(fd);
	if (rc)
		rmdir(path);
	return rc;
}

static int parent_of(const char *path, char ret[PATH_MAX])
{
	size_t n = strlen(path);
	const char *slash;

	while (n > 1 && path[n - 1] == '/')
		n--;
	slash = memrchr(path, '/', n);
	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!slash) {
		strcpy(ret, ".");
		return 0;
	}
	n = slash == path ? 1 : slash - path;
	memcpy(ret, path, n);
	ret[n] = '\0';
	return 0;
}

static int make_all(const char *path, struct mesh_why *why)
{
	struct mesh_user user;
	char parent[PATH_MAX];
	int rc = parent_of(path, parent);

	if (rc)
		return say(why, rc, path);
	rc = find_user(&user, why);
	if (rc)
		return rc;
	rc = make(parent, 0755, &user);
	if (!rc)
		rc = make(path, S_IRWXU, &user);
	return rc ? say(why, rc, path) : 0;
}

int mesh_state_open(const char *path, struct mesh_state *ret,
		    struct mesh_why *why)
{
	struct mesh_state s = {.folder.path = path};
	int rc = 0, fd = enter(path);

	if (fd == -ENOENT) {
		rc = make_all(path, why);
		if (rc)
			return rc;
		fd = enter(path);
	}
	if (fd < 0)
		return say(why, fd, path);
	rc = check(fd, path, &s.user, why);
	if (!rc && flock(fd, LOCK_EX | LOCK_NB) < 0)
		rc = mesh_because(why, -errno, "%s: %s", path,
				  errno == EWOULDBLOCK
					  ? "another wgd-mesh is at work here"
					  : strerror(errno));
	if (rc) {
		close(fd);
		return rc;
	}
	s.folder.fd = fd;
	*ret = s;
	return 0;
}

void mesh_state_close(struct mesh_state *s)
{
	mesh_folder_close(&s->folder);
}

int mesh_state_check(const char *path, struct mesh_why *why)
{
	struct mesh_user user;
	int fd = enter(path), rc;

	if (fd == -ENOENT) {
		rc = find_user(&user, why);
		if (!rc && geteuid() != 0)
			rc = mesh_because(why, -EPERM,
					  "%s: is not there; this wants root",
					  path);
		return rc;
	}
	if (fd < 0)
		return say(why, fd, path);
	rc = check(fd, path, &user, why);
	close(fd);
	return rc;
}

/* --- what is in it */

static const char *file_of(const char *name, const char *suffix,
			   char ret[WG_ITEM_NAME_MAX + SUFFIX_MAX])
{
	assert(strlen(name) <= WG_ITEM_NAME_MAX && !strchr(name, '/'));
	snprintf(ret, WG_ITEM_NAME_MAX + SUFFIX_MAX, "%s.%s", name, suffix);
	return ret;
}

/* The mesh of a line, by its keys. */
static int mesh_of_line(const struct mesh_bytes *bytes,
			uint8_t ret[WG_ITEM_MESH_LEN])
{
	uint8_t *item = wg_vault_alloc(WG_LINE_ITEM_MAX);
	struct wg_line_error error;
	size_t len;
	int rc = wg_line_get(bytes->b, item, &len, &error);

	if (!rc && !wg_item_bytes(item, WG_ITEM_FIRST_KEY))
		rc = -EINVAL;
	if (!rc)
		wg_sign_mesh(wg_item_bytes(item, WG_ITEM_FIRST_KEY),
			     wg_item_bytes(item, WG_ITEM_RECOVERY_KEY), ret);
	wg_vault_free((void **)&item);
	return rc;
}

/* The mesh of a file of items, by the first. */
static int mesh_of_items(const struct mesh_bytes *bytes,
			 uint8_t ret[WG_ITEM_MESH_LEN])
{
	const uint8_t *b = (const uint8_t *)bytes->b, *mesh;
	size_t n = wg_item_split(b, bytes->len);

	if (!n || wg_item_check(b, n))
		return -EINVAL;
	mesh = wg_item_bytes(b, WG_ITEM_MESH);
	if (!mesh)
		return -EINVAL;
	memcpy(ret, mesh, WG_ITEM_MESH_LEN);
	return 0;
}

int mesh_state_find(const char *path, const char *name,
		    uint8_t ret_mesh[WG_ITEM_MESH_LEN])
{
	static const struct {
		const char *suffix;
		int (*mesh_of)(const struct mesh_bytes *bytes, uint8_t *ret);
	} files[] = {{"mesh", mesh_of_line},
		     {"items", mesh_of_items},
		     {"invite", mesh_of_line}};
	char file[WG_ITEM_NAME_MAX + SUFFIX_MAX];
	struct mesh_folder folder = {.fd = enter(path), .path = path};
	struct mesh_bytes bytes;
	struct mesh_why why;
	size_t i;
	int rc = -ENOENT;

	if (folder.fd < 0)
		return -ENOENT;
	for (i = 0; rc && i < sizeof(files) / sizeof(*files); i++) {
		rc = mesh_file_read(&folder,
				    file_of(name, files[i].suffix, file),
				    &bytes, &why);
		if (rc)
			continue;
		rc = files[i].mesh_of(&bytes, ret_mesh);
		mesh_bytes_free(&bytes);
	}
	mesh_folder_close(&folder);
	return rc ? -ENOENT : 0;
}

int mesh_state_certificate(const char *path, const char *name, uint8_t *ret)
{
	char file[WG_ITEM_NAME_MAX + SUFFIX_MAX];
	struct mesh_folder folder = {.fd = enter(path), .path = path};
	uint8_t item[WG_LINE_ITEM_MAX]; /* wgd took its seed out */
	const uint8_t *c = NULL;
	struct wg_line_error error;
	struct mesh_bytes bytes;
	struct mesh_why why;
	size_t len;

	if (folder.fd < 0)
		return -ENOENT;
	if (!mesh_file_read(&folder, file_of(name, "mesh", file), &bytes,
			    &why)) {
		if (!wg_line_get(bytes.b, item, &len, &error))
			c = wg_item_bytes(item, WG_ITEM_CERTIFICATE);
		mesh_bytes_free(&bytes);
	}
	if (c)
		memcpy(ret, c, wg_item_len(c));
	mesh_folder_close(&folder);
	return c ? 0 : -ENOENT;
}

int mesh_state_put(const struct mesh_state *s, const char *name,
		   const uint8_t *item, struct mesh_why *why)
{
	struct mesh_folder folder = s->folder;
	char file[WG_ITEM_NAME_MAX + SUFFIX_MAX];
	char *line = wg_vault_alloc(WG_LINE_STRLEN + 1);
	struct mesh_bytes text;
	int rc = wg_line_put(item, line);

	assert(!rc);
	strcat(line, "\n");
	text = (struct mesh_bytes){line, strlen(line)};
	folder.user = s->user.uid == geteuid() ? NULL : &s->user;
	rc = mesh_file_write(&folder, file_of(name, "invite", file), &text,
			     why);
	wg_vault_free((void **)&line);
	return rc;
}

void mesh_state_take_back(const struct mesh_state *s, const char *name)
{
	char file[WG_ITEM_NAME_MAX + SUFFIX_MAX];

	unlinkat(s->folder.fd, file_of(name, "invite", file), 0);
}

bool mesh_state_is_read(const struct mesh_state *s, const char *name)
{
	char file[WG_ITEM_NAME_MAX + SUFFIX_MAX];

	return faccessat(s->folder.fd, file_of(name, "invite", file), F_OK,
			 AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}
