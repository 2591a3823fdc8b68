/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process cannot do any more when it has given it up. */
#include "lib/backend/wg_confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/backend/tests/tempdir.h"

/* --- system calls */

static volatile int refused_number;

static void refused(int sig, siginfo_t *info, void *context)
{
	refused_number = wg_confine_refused(info, context);
}

static int in_child(int what)
{
	struct sigaction sa = {.sa_sigaction = refused, .sa_flags = SA_SIGINFO};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		sigaction(SIGSYS, &sa, NULL);
		wg_confine_bounds();
		if (wg_confine_filter(WG_FILTER_DAEMON) < 0)
			_exit(77);
		if (what == 0)
			_exit(!(getppid() > 0));
		if (what == 1)
			_exit(!(getpriority(PRIO_PROCESS, 0) == -1 &&
				errno == ENOSYS &&
				refused_number == SYS_getpriority));
		sethostname("x", 1);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* no seccomp here */
	return status;
}

static void test_filter(void **state)
{
	int status;

	assert_int_equal(in_child(0), 0);
	/* not on the list: fails, is told, and life goes on */
	assert_int_equal(in_child(1), 0);
	/* what takes over a machine */
	status = in_child(2);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/*
 * The key process's filter: what makes a file never over another one, and what
 * could move one there, or do anything else, ends it.
 */
static int keys_child(int what)
{
	char from[256], to[256];
	int status, fd;
	pid_t pid;

	snprintf(from, sizeof(from), "%s/filter", dir);
	snprintf(to, sizeof(to), "%s/filter2", dir);
	pid = fork();
	if (pid == 0) {
		wg_confine_bounds();
		if (wg_confine_filter(WG_FILTER_KEYS) < 0)
			_exit(77);
		fd = openat(AT_FDCWD, from, O_WRONLY | O_CREAT, 0600);
		if (fd < 0 || fsync(fd) < 0)
			_exit(1);
		switch (what) {
		case 0:
			if (linkat(AT_FDCWD, from, AT_FDCWD, to, 0) < 0 ||
			    unlinkat(AT_FDCWD, from, 0) < 0 ||
			    unlinkat(AT_FDCWD, to, 0) < 0 ||
			    mkdirat(AT_FDCWD, to, 0700) < 0 ||
			    unlinkat(AT_FDCWD, to, AT_REMOVEDIR) < 0)
				_exit(2);
			_exit(0);
		case 1:
			rename(from, to);
			break;
		case 2:
			socket(AF_INET, SOCK_STREAM, 0);
			break;
		case 3:
			execl("/bin/true", "true", NULL);
			break;
		case 4:
			truncate(from, 0);
			break;
		}
		_exit(3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* no seccomp here */
	return status;
}

static void test_keys_filter(void **state)
{
	int what, status;

	assert_int_equal(keys_child(0), 0);
	for (what = 1; what <= 4; what++) {
		status = keys_child(what);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%d: status %#x", what, status);
	}
}

/* --- files of a program */

static void test_files(void **state)
{
	char path[256], key[256];
	int status, fd;
	pid_t pid;

	snprintf(key, sizeof(key), "%s/key", dir);
	fd = open(key, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/sockets", dir);
	mkdir(path, 0700);
	pid = fork();
	if (pid == 0) {
		wg_confine_bounds();
		if (wg_confine_files("/bin/true", path) < 0)
			_exit(77);
		if (open(key, O_RDONLY) >= 0 || errno != EACCES)
			_exit(1);
		if (open("/etc/passwd", O_RDONLY) >= 0 ||
		    open("/etc/x", O_WRONLY | O_CREAT, 0600) >= 0)
			_exit(2);
		strcat(path, "/x");
		fd = open(path, O_WRONLY | O_CREAT, 0600);
		if (fd < 0 || unlink(path) < 0)
			_exit(3);
		execl("/bin/true", "true", NULL);
		_exit(4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* no Landlock here */
	assert_int_equal(status, 0);
}

/* Of /run a program sees one folder, and we see the whole still. */
static void test_run(void **state)
{
	char path[300] = "";
	struct dirent *d;
	DIR *run = opendir("/run");
	int status, n = 0;
	pid_t pid;

	assert_non_null(run);
	while ((d = readdir(run)))
		if (d->d_type == DT_DIR && *d->d_name != '.')
			snprintf(path, sizeof(path), "/run/%s", d->d_name);
	closedir(run);
	if (!*path)
		skip();
	pid = fork();
	if (pid == 0) {
		if (wg_confine_run(path) < 0)
			_exit(77);
		run = opendir("/run");
		while (run && (d = readdir(run)))
			n += *d->d_name != '.';
		_exit(n != 1 || access(path, F_OK) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* no mounts here */
	assert_int_equal(status, 0);
	assert_int_equal(access("/run/.", F_OK), 0);
}

/* The launcher's filter: mount namespaces, and none of another kind. */
static void test_mounts_filter(void **state)
{
	static const struct {
		enum wg_confine_filter which;
		int flags;
		bool want;
	} table[] = {
		{WG_FILTER_LAUNCHER, CLONE_NEWNS, true},
		{WG_FILTER_LAUNCHER, CLONE_NEWNET, false},
		{WG_FILTER_LAUNCHER, CLONE_NEWNS | CLONE_NEWNET, false},
		{WG_FILTER_PROGRAM, CLONE_NEWNS, false},
	};
	size_t i;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		pid = fork();
		if (pid == 0) {
			if (unshare(CLONE_NEWNS) < 0)
				_exit(77);
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			if (wg_confine_filter(table[i].which) < 0)
				_exit(77);
			_exit((unshare(table[i].flags) == 0) != table[i].want);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			skip();
		if (status)
			fail_msg("row %zu", i);
	}
}

static int setup(void **state)
{
	return tempdir_make();
}

static int teardown(void **state)
{
	return tempdir_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_keys_filter),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_mounts_filter),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
