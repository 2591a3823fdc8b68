/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key process: what it reads and makes for whom, that its end is seen, and
 * what a filter of system calls does.
 */
#include "lib/backend/wg_keyproc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
#include "lib/backend/wg_confine.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_launch.h"

#define GOOD "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
#define OTHER 65533 /* somebody's uid */

static char folder[80];

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static struct wg_keyfile_rules rules(void)
{
	return (struct wg_keyfile_rules){{folder}, 1, geteuid(), OTHER};
}

/* --- files */

static void test_rules(void **state)
{
	static const struct {
		const char *path; /* %s: the folder */
		int want;
		const char *why;
	} table[] = {
		{"%s/good", 0, NULL},
		{"%s//good", 0, NULL},
		{"%s/sub/good", 0, NULL},
		{"%s/absent", -ENOENT, "No such file"},
		{"%s/sub/absent/x", -ENOENT, "there is no folder"},
		{"%s/link", -EPERM, "symbolic link"},
		{"%s/linked/good", -EPERM, "symbolic link"},
		{"%s/good/x", -EPERM, "no folder"},
		{"%s/fifo", -EPERM, "regular"},
		{"%s/sub", -EPERM, "regular"},
		{"%s/open", -EPERM, "0640"},
		{"%s/text", -EINVAL, "base64"},
		{"%s/../outside", -EINVAL, "plain path"},
		{"%s/./good", -EINVAL, "plain path"},
		{"%s/", -EINVAL, "plain path"},
		{"%s", -EPERM, "--key-folder"},
		{"%sx/good", -EPERM, "--key-folder"},
		{"/etc/passwd", -EPERM, "--key-folder"},
		{"good", -EINVAL, "absolute"},
	};
	struct wg_keyfile_rules r = rules();
	char path[256], err[WG_KEYFILE_ERR], text[WG_KEY_STRLEN];
	struct wg_key key;
	bool taken;
	size_t i;
	int rc;

	put("good", GOOD "\n", 0600);
	put("open", GOOD "\n", 0640);
	put("text", "a text\n", 0600);
	mkdir(path_of("sub"), 0700);
	put("sub/good", GOOD, 0400);
	assert_int_equal(symlink("good", path_of("link")), 0);
	assert_int_equal(symlink("sub", path_of("linked")), 0);
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(path, sizeof(path), table[i].path, folder);
		memset(&key, 0x5a, sizeof(key));
		rc = wg_keyfile_read(&r, path, &key, &taken, err, sizeof(err));
		if (rc != table[i].want ||
		    (rc && !(strstr(err, table[i].why) && strstr(err, path))))
			fail_msg("%s: %d, %s", path, rc, err);
		if (rc)
			assert_true(wg_key_is_zero(&key));
		else
			assert_string_equal(wg_key_str(&key, text), GOOD);
	}
}

static void test_taken_over(void **state)
{
	struct wg_keyfile_rules r = rules();
	char err[WG_KEYFILE_ERR];
	struct wg_key key;
	struct stat st;
	bool taken;

	if (geteuid() != 0)
		skip();
	put("former", GOOD "\n", 0600);
	assert_int_equal(chown(path_of("former"), OTHER, OTHER), 0);
	assert_int_equal(wg_keyfile_read(&r, path_of("former"), &key, &taken,
					 err, sizeof(err)),
			 0);
	assert_true(taken);
	assert_int_equal(stat(path_of("former"), &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(wg_keyfile_read(&r, path_of("former"), &key, &taken,
					 err, sizeof(err)),
			 0);
	assert_false(taken);
	/* not what is no key, has another name, or is a third one's */
	put("former-text", "a text\n", 0600);
	assert_int_equal(chown(path_of("former-text"), OTHER, OTHER), 0);
	assert_int_equal(wg_keyfile_read(&r, path_of("former-text"), &key,
					 &taken, err, sizeof(err)),
			 -EINVAL);
	assert_int_equal(stat(path_of("former-text"), &st), 0);
	assert_int_equal(st.st_uid, OTHER);
	put("third", GOOD "\n", 0600);
	assert_int_equal(chown(path_of("third"), OTHER + 1, OTHER), 0);
	assert_int_equal(wg_keyfile_read(&r, path_of("third"), &key, &taken,
					 err, sizeof(err)),
			 -EPERM);
	assert_non_null(strstr(err, "belongs to uid"));
}

static void test_folder_of_others(void **state)
{
	static const char *const leave_nothing[] = {
		"wide/none/x", "none/", "none/..", "none/.", "none//", "none/none/x",
	};
	struct wg_keyfile_rules r = rules();
	char err[WG_KEYFILE_ERR], path[600];
	size_t i;

	mkdir(path_of("wide"), 0700);
	assert_int_equal(chmod(path_of("wide"), 0770), 0);
	assert_int_equal(
		wg_keyfile_make(&r, path_of("wide/x"), true, err, sizeof(err)),
		-EPERM);
	assert_int_equal(
		wg_keyfile_make(&r, path_of("new/x"), true, err, sizeof(err)),
		0);
	assert_int_equal(
		wg_keyfile_make(&r, path_of("new/x"), true, err, sizeof(err)),
		-EEXIST);
	assert_int_equal(wg_keyfile_make(&r, "/etc/x", true, err, sizeof(err)),
			 -EPERM);
	for (i = 0; i < sizeof(leave_nothing) / sizeof(leave_nothing[0]); i++)
		if (wg_keyfile_make(&r, path_of(leave_nothing[i]), true, err,
				    sizeof(err)) == 0 ||
		    access(path_of("none"), F_OK) == 0 ||
		    access(path_of("wide/none"), F_OK) == 0)
			fail_msg("%s", leave_nothing[i]);
	/* too long for the name that it has until it is whole */
	snprintf(path, sizeof(path), "%s/%0250d", path_of("none"), 0);
	assert_int_not_equal(
		wg_keyfile_make(&r, path, true, err, sizeof(err)), 0);
	assert_int_not_equal(access(path_of("none"), F_OK), 0);
}

/* --- the process */

static void test_process(void **state)
{
	struct wg_keyfile_rules r = rules();
	char err[WG_KEYFILE_ERR], text[WG_KEY_STRLEN], large[2048];
	struct wg_key key, pub;
	struct pollfd waiting = {.events = POLLIN};
	struct wg_confinement c;
	int fd[2];

	put("good", GOOD "\n", 0600);
	assert_int_equal(wg_notice_open(fd), 0);
	assert_int_equal(wg_keyproc_start(&r, fd[1]), 0);
	assert_int_equal(wg_key_load(path_of("good"), &key, err, sizeof(err)),
			 0);
	assert_string_equal(wg_key_str(&key, text), GOOD);
	assert_int_equal(
		wg_key_load_public(path_of("good"), &pub, err, sizeof(err)), 0);
	wg_key_public(&key, &key);
	assert_true(wg_key_same(&key, &pub));
	assert_int_equal(wg_key_check("/etc/passwd", err, sizeof(err)), -EPERM);
	assert_int_equal(
		wg_key_generate(path_of("fresh"), true, err, sizeof(err)), 0);
	assert_int_equal(wg_key_check(path_of("fresh"), err, sizeof(err)), 0);
	/* not of the right size: an error, and it goes on */
	memset(large, 1, sizeof(large));
	assert_int_equal(send(wg_keyproc()->fd, large, sizeof(large), 0),
			 sizeof(large));
	assert_int_equal(send(wg_keyproc()->fd, large, 1, 0), 1);
	assert_int_equal(wg_key_check(path_of("fresh"), err, sizeof(err)), 0);
	assert_int_equal(wg_confine_read(wg_keyproc()->pid, &c), 0);
	assert_true(c.no_new_privs);
	assert_false(wg_helper_ended(wg_keyproc()));
	kill(wg_keyproc()->pid, SIGKILL);
	assert_int_equal(waitpid(wg_keyproc()->pid, NULL, 0),
			 wg_keyproc()->pid);
	/* a request finds it first: who waits for input hears of it, too */
	waiting.fd = wg_keyproc()->fd;
	memset(&key, 0x5a, sizeof(key));
	assert_int_equal(wg_key_load(path_of("good"), &key, err, sizeof(err)),
			 -EPIPE);
	assert_true(wg_key_is_zero(&key));
	assert_non_null(strstr(err, "restart wgd"));
	assert_int_equal(poll(&waiting, 1, 0), 1);
	assert_true(waiting.revents & POLLIN);
	assert_int_equal(wg_key_check(path_of("good"), err, sizeof(err)),
			 -EPIPE);
	assert_true(wg_helper_ended(wg_keyproc()));
	assert_int_equal(poll(&waiting, 1, 0), 1);
	assert_int_equal(waiting.revents, POLLNVAL);
	assert_int_equal(wg_key_check(path_of("good"), err, sizeof(err)),
			 -EPIPE);
	close(fd[0]);
	close(fd[1]);
}

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

/* --- files of a program */

static void test_files(void **state)
{
	char path[256];
	int status, fd;
	pid_t pid;

	put("good", GOOD "\n", 0600);
	snprintf(path, sizeof(path), "%s/sockets", dir);
	mkdir(path, 0700);
	pid = fork();
	if (pid == 0) {
		wg_confine_bounds();
		if (wg_confine_files("/bin/true", path) < 0)
			_exit(77);
		if (open(path_of("good"), O_RDONLY) >= 0 || errno != EACCES)
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

/* --- the launcher's requests */

static void test_launch_requests(void **state)
{
	static const struct {
		uint32_t kind;
		const char *ifname;
		bool want;
	} table[] = {
		{WG_LAUNCH_CHECK, "", true},
		{WG_LAUNCH_CHECK, "wg0", false},
		{WG_LAUNCH_START, "wg0", true},
		{WG_LAUNCH_START, "", false},
		{WG_LAUNCH_START, "-v", false},
		{WG_LAUNCH_CONNECT, "..", false},
		{WG_LAUNCH_CONNECT, "a/b", false},
		{WG_LAUNCH_CONNECT, "a b", false},
		{WG_LAUNCH_END, "wg0", true},
		{WG_LAUNCH_KINDS, "wg0", false},
		{0, "wg0", false},
	};
	struct wg_launch_request r;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		memset(&r, 0, sizeof(r));
		r.kind = table[i].kind;
		strcpy(r.ifname, table[i].ifname);
		if (wg_launch_is_well_formed(&r, sizeof(r)) != table[i].want)
			fail_msg("row %zu", i);
	}
	r = (struct wg_launch_request){0, WG_LAUNCH_START, "wg0", ""};
	assert_false(wg_launch_is_well_formed(&r, sizeof(r) - 1));
	memset(r.program, 'x', sizeof(r.program));
	assert_false(wg_launch_is_well_formed(&r, sizeof(r)));
}

/* Of root's programs not any: many run what their arguments say. */
static void test_launch_permits(void **state)
{
	static const struct wg_launch_rules r = {
		.programs = {"/opt/wg/mine", "/opt/wg/other"},
		.n_programs = 1,
	};
	static const struct {
		const char *path;
		bool want;
	} table[] = {
		{"/usr/bin/wireguard-go", true},
		{"/opt/a/boringtun", true},
		{"/opt/a/boringtun-cli", true},
		{"/wireguard-go", true},
		{"/usr/bin/amneziawg-go", true},
		{"/opt/wg/mine", true},
		{"/opt/wg/other", false}, /* beyond the end */
		{"/opt/wg/mine2", false},
		{"/usr/bin/mine", false},
		{"/opt/wg/mine/x", false},
		{"/usr/bin/setsid", false},
		{"/usr/bin/wireguard-go2", false},
		{"/usr/bin/my-wireguard-go", false},
		{"/opt/wireguard-go/sh", false},
		{"wireguard-go", false}, /* is no path */
		{"", false},
	};
	char path[WG_LAUNCH_ERR], why[WG_LAUNCH_ERR];
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (wg_launch_permits(&r, table[i].path) != table[i].want)
			fail_msg("%s", table[i].path);
	assert_int_equal(wg_launch_look("/bin/sh", path, sizeof(path), why,
					sizeof(why)),
			 -EPERM);
	assert_non_null(strstr(why, "sh: "));
}

static int setup(void **state)
{
	if (tempdir_make() || wg_keys_init())
		return -1;
	snprintf(folder, sizeof(folder), "%s/keys", dir);
	return mkdir(folder, 0700);
}

static int teardown(void **state)
{
	return tempdir_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_taken_over),
		cmocka_unit_test(test_folder_of_others),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_mounts_filter),
		cmocka_unit_test(test_launch_requests),
		cmocka_unit_test(test_launch_permits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
