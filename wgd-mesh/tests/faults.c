/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tool with a fault in it, for check-keeper-faults and check-join-faults:
 * linked with --wrap, so that what it does to files, and each program that it
 * runs, goes through here.  WGD_MESH_FAULT is
 *
 *   error:N   the N-th such call fails: the disk is full
 *   end:N     the program ends within it, as by a cut of the power
 *
 * A write(2) has written half by then.  "FAULT" on the standard error says that
 * it came to that.  WGD_MESH_TIME is what the clock says, in seconds since
 * 1970.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int __real_openat(int dir, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *b, size_t len);
int __real_fsync(int fd);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to,
		     unsigned flags);
int __real_unlinkat(int dir, const char *path, int flags);
int __real_mkdir(const char *path, mode_t mode);
char *__real_mkdtemp(char *path);
int __real_fchown(int fd, uid_t uid, gid_t gid);
int __real_posix_spawnp(pid_t *pid, const char *file,
			const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attributes, char *const argv[],
			char *const env[]);

int __wrap_openat(int dir, const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *b, size_t len);
int __wrap_fsync(int fd);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to,
		     unsigned flags);
int __wrap_unlinkat(int dir, const char *path, int flags);
int __wrap_mkdir(const char *path, mode_t mode);
char *__wrap_mkdtemp(char *path);
time_t __wrap_time(time_t *ret);
int __wrap_fchown(int fd, uid_t uid, gid_t gid);
int __wrap_posix_spawnp(pid_t *pid, const char *file,
			const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attributes, char *const argv[],
			char *const env[]);

/* Is it the turn of this call?  An end is made here, after half of a write. */
static bool is_due(int fd, const void *b, size_t half)
{
	const char *fault = getenv("WGD_MESH_FAULT");
	static long calls;
	const char *n = fault ? strchr(fault, ':') : NULL;

	if (!n || ++calls != atol(n + 1))
		return false;
	fprintf(stderr, "FAULT\n");
	if (half)
		(void)!__real_write(fd, b, half);
	if (*fault == 'e' && fault[1] == 'n')
		_exit(70);
	errno = ENOSPC;
	return true;
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
		if (is_due(-1, NULL, 0))
			return -1;
	}
	return __real_openat(dir, path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *b, size_t len)
{
	return is_due(fd, b, len / 2) ? -1 : __real_write(fd, b, len);
}

int __wrap_fsync(int fd)
{
	return is_due(-1, NULL, 0) ? -1 : __real_fsync(fd);
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return is_due(-1, NULL, 0)
		       ? -1
		       : __real_renameat(from_dir, from, to_dir, to);
}

int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to,
		     unsigned flags)
{
	return is_due(-1, NULL, 0)
		       ? -1
		       : __real_renameat2(from_dir, from, to_dir, to, flags);
}

int __wrap_unlinkat(int dir, const char *path, int flags)
{
	return is_due(-1, NULL, 0) ? -1 : __real_unlinkat(dir, path, flags);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	return is_due(-1, NULL, 0) ? -1 : __real_mkdir(path, mode);
}

char *__wrap_mkdtemp(char *path)
{
	return is_due(-1, NULL, 0) ? NULL : __real_mkdtemp(path);
}

time_t __wrap_time(time_t *ret)
{
	const char *text = getenv("WGD_MESH_TIME");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (text)
		now.tv_sec = atoll(text);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

int __wrap_fchown(int fd, uid_t uid, gid_t gid)
{
	return is_due(-1, NULL, 0) ? -1 : __real_fchown(fd, uid, gid);
}

int __wrap_posix_spawnp(pid_t *pid, const char *file,
			const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attributes, char *const argv[],
			char *const env[])
{
	return is_due(-1, NULL, 0) ? errno
				   : __real_posix_spawnp(pid, file, actions,
							 attributes, argv, env);
}
