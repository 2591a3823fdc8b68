/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who can say what to the launcher: the daemon, and so whoever has found a hole
 * in it.  He can have a program that root installed run for an interface, with
 * CAP_NET_ADMIN, which he has himself, and get connections to the sockets of
 * such programs, which he needs for his work.  He can run nothing of his own:
 * root alone can write the program and every folder above it.  That is also
 * why the check cannot be overtaken: whoever could change what was looked at
 * needs no launcher.  Nor can he run just any of root's, for many do what their
 * arguments say (`setsid -f NAME` runs NAME): it is one that is known to speak
 * WireGuard, by its name, or one that root named when wgd started.  That list
 * is in the launcher's memory since then, and no request changes it.
 *
 * A program outlives us (a crash of wgd leaves traffic flowing), so it gets a
 * session and no pipe of ours, and after a restart it is found again by its
 * socket and its link, not by its pid.  That is from the first connection on:
 * before it the link may have no mark, and the next life would take it for
 * somebody else's.  So a program that the daemon has not met ends with it.
 *
 * It runs with root's uid: its socket answers with the private key, and is open
 * to its uid.  It talks to strangers, so nothing else of root's is left to it:
 * one capability, CAP_NET_ADMIN, as an ambient one; its uid brings no other
 * (securebits); some system calls are gone; and of root's files it reads
 * programs and libraries, and writes to its device and to the sockets' folder
 * (Landlock, in kernels since 5.13).  Landlock says nothing of connect(2), and
 * who is root to systemd or to a container engine is root: so of /run it sees
 * that folder alone, in a mount namespace of its own.  To make it the launcher
 * keeps CAP_SYS_ADMIN, which ends before the program begins; where it has none
 * (in a container), wgd says what the program can reach.  Not kept from it are
 * sockets elsewhere in the file system that let root in, and abstract ones of
 * its network namespace.  A uid of its own was rejected: it would have to be
 * made on each machine, and own the sockets' folder.
 *
 * The sockets' folder has to be root's alone, for a false socket would be
 * given the private key.
 */
#include "lib/backend/wg_launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/backend/wg_backend.h"
#include "lib/backend/wg_confine.h"

#define TUN_DEVICE "/dev/net/tun"
#define PROGRAMS_MAX 1024

/* Their own names, whatever the links to them are called. */
static const char *const known[] = {
	WG_LAUNCH_DEFAULT,
	"boringtun",
	"boringtun-cli",
	"amneziawg-go",
};

/* The launcher has copies, from its start. */
static struct wg_launch_rules rules;
static int notices = -1;
static struct wg_helper launcher = {.name = "wgd-launch", .fd = -1};

/* --- which program may run */

/* Can nobody but root change it? */
static int check_owner(const char *path, const struct stat *st, char *err,
		       size_t errlen)
{
	if (st->st_uid != 0)
		return wg_reason(-EPERM, err, errlen,
				 "%s: belongs to uid %u, and has to be root's",
				 path, st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return wg_reason(-EPERM, err, errlen,
				 "%s: mode %04o, and only root may write there",
				 path, st->st_mode & 07777);
	return 0;
}

/* A path without links, and all folders above it. */
static int check_path(char *path, char *err, size_t errlen)
{
	struct stat st;
	char *end, *p;
	int rc = 0;

	if (lstat(path, &st) < 0)
		return wg_reason(-errno, err, errlen, "%s: %s", path,
				 strerror(errno));
	if (!S_ISREG(st.st_mode) ||
	    !(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
		return wg_reason(-EACCES, err, errlen, "%s: is no program",
				 path);
	rc = check_owner(path, &st, err, errlen);
	end = path + strlen(path);
	while (rc == 0 && (p = memrchr(path, '/', end - path))) {
		char c = p == path ? p[1] : *p;

		end = p;
		p[p == path] = '\0';
		if (lstat(path, &st) < 0)
			rc = wg_reason(-errno, err, errlen, "%s: %s", path,
				       strerror(errno));
		else
			rc = check_owner(path, &st, err, errlen);
		p[p == path] = c;
	}
	return rc;
}

bool wg_launch_permits(const struct wg_launch_rules *r, const char *real)
{
	const char *name = strrchr(real, '/');
	size_t i;

	for (i = 0; name && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name + 1, known[i]) == 0)
			return true;
	for (i = 0; i < r->n_programs; i++)
		if (strcmp(real, r->programs[i]) == 0)
			return true;
	return false;
}

int wg_launch_look(const char *program, char *ret, size_t len, char *err,
		   size_t errlen)
{
	static const char *const folders[] = {
		"/usr/local/bin",
		"/usr/bin",
		"/usr/local/sbin",
		"/usr/sbin",
	};
	char path[PATH_MAX], real[PATH_MAX];
	size_t i, n = sizeof(folders) / sizeof(folders[0]);
	int rc;

	if (!program || !*program)
		program = WG_LAUNCH_DEFAULT;
	if (*program == '/') {
		snprintf(path, sizeof(path), "%s", program);
	} else if (strchr(program, '/')) {
		return wg_reason(-EINVAL, err, errlen,
				 "%s: neither a name nor an absolute path",
				 program);
	} else {
		for (i = 0; i < n; i++) {
			snprintf(path, sizeof(path), "%s/%s", folders[i],
				 program);
			if (access(path, F_OK) == 0)
				break;
		}
		if (i == n)
			return wg_reason(
				-ENOENT, err, errlen,
				"%s: No such file in /usr/local/bin, /usr/bin, /usr/local/sbin, /usr/sbin",
				program);
	}
	if (!realpath(path, real))
		return wg_reason(-errno, err, errlen, "%s: %s", path,
				 strerror(errno));
	rc = check_path(real, err, errlen);
	if (rc < 0)
		return rc;
	if (!wg_launch_permits(&rules, real))
		return wg_reason(
			-EPERM, err, errlen,
			"%s: is none of wireguard-go, boringtun, boringtun-cli, amneziawg-go, and wgd's option --userspace-program does not name it",
			real);
	if (strncmp(real, "/run/", 5) == 0)
		return wg_reason(
			-EACCES, err, errlen,
			"%s: of /run, programs see " WG_UAPI_DIR " only", real);
	if (strlen(real) >= len)
		return wg_reason(-ENAMETOOLONG, err, errlen, "%s: too long",
				 real);
	strcpy(ret, real);
	return 0;
}

/* --- in the launcher */

static struct program {
	pid_t pid;
	bool is_met; /* the daemon has connected to it */
	char ifname[WG_IFNAME_LEN];
} programs[PROGRAMS_MAX];

static struct program *find(const char *ifname)
{
	size_t i;

	for (i = 0; i < PROGRAMS_MAX; i++)
		if (programs[i].pid && strcmp(programs[i].ifname, ifname) == 0)
			return &programs[i];
	return NULL;
}

/* 0: one that is not used. */
static struct program *find_pid(pid_t pid)
{
	size_t i;

	for (i = 0; i < PROGRAMS_MAX; i++)
		if (programs[i].pid == pid)
			return &programs[i];
	return NULL;
}

/* The program starts without, as where kernel or container have it not. */
static void lacks(const char *ifname, enum wg_launch_lack what, int error)
{
	static const char *const texts[] = {
		[WG_LAUNCH_LACKS_RUN] =
			"the program can connect to root's sockets in /run: mount namespace",
		[WG_LAUNCH_LACKS_FILES] =
			"the program can reach root's files: Landlock",
	};
	struct wg_notice notice = {
		.kind = WG_NOTICE_LACK,
		.pid = getpid(),
		.status = what,
	};

	snprintf(notice.text, sizeof(notice.text), "%s: %s: %s", ifname,
		 texts[what], strerror(-error));
	wg_notice_say(notices, &notice);
}

static void __attribute__((noreturn))
child(const char *path, const char *ifname)
{
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
		"LOG_LEVEL=error",
		NULL,
	};
	const char *const argv[] = {path, "-f", ifname, NULL};
	sigset_t none;
	int rc;

	setsid();
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(STDIN_FILENO, STDERR_FILENO);
	rc = wg_confine_run(WG_UAPI_DIR);
	if (rc < 0)
		lacks(ifname, WG_LAUNCH_LACKS_RUN, rc);
	if (wg_confine_caps(1ULL << CAP_NET_ADMIN, true) < 0)
		_exit(126);
	wg_confine_filter(WG_FILTER_PROGRAM);
	rc = wg_confine_files(path, WG_UAPI_DIR);
	if (rc < 0)
		lacks(ifname, WG_LAUNCH_LACKS_FILES, rc);
	close_range(3, ~0U, 0);
	execve(path, (char *const *)argv, (char *const *)env);
	_exit(127);
}

static int start(const struct wg_launch_request *r, struct wg_launch_answer *a)
{
	struct program *p;
	char path[WG_LAUNCH_ERR];
	pid_t pid;
	int rc;

	rc = wg_launch_look(r->program, path, sizeof(path), a->text,
			    sizeof(a->text));
	if (rc < 0)
		return rc;
	/* it would say so where nobody reads it */
	if (access(TUN_DEVICE, R_OK | W_OK) < 0)
		return wg_reason(
			-errno, a->text, sizeof(a->text),
			TUN_DEVICE
			": %s; the program has to open it, for reading and writing",
			strerror(errno));
	mkdir(WG_UAPI_DIR, 0755); /* it may not make it itself */
	if (find(r->ifname))
		return wg_reason(-EEXIST, a->text, sizeof(a->text),
				 "%s: a program runs already", r->ifname);
	p = find_pid(0);
	pid = p ? fork() : -1;
	if (pid == 0)
		child(path, r->ifname);
	if (pid < 0)
		return wg_reason(p ? -errno : -ENFILE, a->text, sizeof(a->text),
				 "%s: %s", path,
				 p ? strerror(errno) : "too many programs");
	p->pid = pid;
	p->is_met = false;
	memcpy(p->ifname, r->ifname, sizeof(p->ifname));
	a->pid = pid;
	snprintf(a->text, sizeof(a->text), "%s", path);
	return 0;
}

static int end(const struct wg_launch_request *r)
{
	struct program *p = find(r->ifname);

	if (!p)
		return -ESRCH;
	kill(p->pid, SIGKILL);
	p->pid = 0; /* the next one may start at once */
	return 0;
}

/* The daemon is gone. */
static void end_unmet(void)
{
	size_t i;

	for (i = 0; i < PROGRAMS_MAX; i++)
		if (programs[i].pid && !programs[i].is_met)
			kill(programs[i].pid, SIGKILL);
}

static int dial(const char *ifname, int *ret)
{
	struct program *p;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	struct stat st;
	int fd, rc = 0;

	if (lstat(WG_UAPI_DIR, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode) ||
	    (st.st_uid != 0 && st.st_uid != geteuid()) ||
	    st.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	snprintf(addr.sun_path, sizeof(addr.sun_path), WG_UAPI_DIR "/%s.sock",
		 ifname);
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		rc = -errno;
	else if (cred.uid != geteuid())
		rc = -EACCES;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	p = find(ifname);
	if (p)
		p->is_met = true;
	*ret = fd;
	return 0;
}

static bool ends_in_zeros(const char *s, size_t size)
{
	const char *end = memchr(s, '\0', size);

	if (!end)
		return false;
	while (end < s + size)
		if (*end++)
			return false;
	return true;
}

/* A name that the kernel takes, and no program for an option. */
static bool is_ifname(const char *s)
{
	return *s && *s != '-' && *s != '.' && !s[strcspn(s, "/ \t\n\v\f\r")];
}

bool wg_launch_is_well_formed(const void *request, size_t len)
{
	const struct wg_launch_request *r = request;

	return len == sizeof(*r) && r->kind && r->kind < WG_LAUNCH_KINDS &&
	       ends_in_zeros(r->ifname, sizeof(r->ifname)) &&
	       ends_in_zeros(r->program, sizeof(r->program)) &&
	       (r->kind == WG_LAUNCH_CHECK ? !*r->ifname
					   : is_ifname(r->ifname));
}

static void serve(int to, const struct wg_launch_request *r, size_t len)
{
	struct wg_launch_answer a = {0};
	char path[WG_LAUNCH_ERR];
	int fd = -1;

	if (!wg_launch_is_well_formed(r, len)) {
		a.error = wg_reason(-EPROTO, a.text, sizeof(a.text),
				    "not a request");
		wg_helper_answer(to, &a, sizeof(a), -1);
		return;
	}
	a.serial = r->serial;
	switch ((enum wg_launch_kind)r->kind) {
	case WG_LAUNCH_CHECK:
		a.error = wg_launch_look(r->program, path, sizeof(path), a.text,
					 sizeof(a.text));
		if (!a.error)
			memcpy(a.text, path, sizeof(path));
		break;
	case WG_LAUNCH_START:
		a.error = start(r, &a);
		break;
	case WG_LAUNCH_END:
		a.error = end(r);
		break;
	case WG_LAUNCH_CONNECT:
		a.error = dial(r->ifname, &fd);
		break;
	case WG_LAUNCH_KINDS:
		break;
	}
	wg_helper_answer(to, &a, sizeof(a), fd);
	if (fd >= 0)
		close(fd);
}

static void reap(void)
{
	struct wg_notice notice = {.kind = WG_NOTICE_PROGRAM};
	struct program *p;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		p = find_pid(pid);
		if (!p)
			continue;
		notice.pid = pid;
		notice.status = status;
		memcpy(notice.text, p->ifname, sizeof(p->ifname));
		p->pid = 0;
		wg_notice_say(notices, &notice);
	}
}

static void ignore(int sig)
{
	(void)sig;
}

static void run(int fd, const void *arg)
{
	struct wg_launch_request request;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct sigaction sa = {.sa_handler = ignore};
	sigset_t set, none;
	ssize_t n;

	if (wg_confine_caps(1ULL << CAP_NET_ADMIN | 1ULL << CAP_SYS_ADMIN,
			    true) < 0)
		return;
	/* for us, and nothing that is executed */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_SYS_ADMIN, 0, 0);
	wg_confine_filter(WG_FILTER_LAUNCHER);
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigaction(SIGCHLD, &sa, NULL);
	for (;;) {
		reap();
		/* SIGCHLD comes here and nowhere else */
		if (ppoll(&p, 1, NULL, &none) <= 0)
			continue;
		n = wg_helper_receive(fd, &request, sizeof(request));
		if (n == 0 || (n < 0 && n != -EINTR)) {
			end_unmet();
			return;
		}
		if (n > 0)
			serve(fd, &request, n);
	}
}

/*
 * Earlier versions gave the folder to the daemon's user, or let its group write
 * there.
 */
static bool take_folder(uid_t former)
{
	struct stat st;
	bool taken = false;
	int fd = open(WG_UAPI_DIR,
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && geteuid() == 0 &&
	    (st.st_uid == former || st.st_mode & (S_IWGRP | S_IWOTH)))
		taken = fchown(fd, 0, 0) == 0 && fchmod(fd, 0755) == 0;
	close(fd);
	return taken;
}

/* --- in the daemon */

int wg_launch_start(const struct wg_launch_rules *r, int to)
{
	bool taken = take_folder(r->former);
	int rc;

	rules = *r;
	notices = to;
	rc = wg_helper_start(&launcher, notices, run, NULL);
	return rc < 0 ? rc : taken;
}

struct wg_helper *wg_launch(void)
{
	return &launcher;
}

static int ask(enum wg_launch_kind kind, const char *ifname,
	       const char *program, struct wg_launch_answer *ret, int *ret_fd)
{
	struct wg_launch_request request = {.kind = kind};
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (program && strlen(program) >= sizeof(request.program))
		return wg_reason(-ENAMETOOLONG, ret->text, sizeof(ret->text),
				 "name too long");
	if (program)
		memcpy(request.program, program, strlen(program));
	if (ifname)
		memcpy(request.ifname, ifname,
		       strnlen(ifname, sizeof(request.ifname) - 1));
	rc = wg_helper_ask(&launcher, &request, sizeof(request), ret,
			   sizeof(*ret), ret_fd);
	if (rc < 0)
		return wg_reason(
			rc, ret->text, sizeof(ret->text),
			rc == -ETIMEDOUT
				? "the launcher does not answer"
				: "the launcher has ended; restart wgd, the devices forward meanwhile");
	ret->text[sizeof(ret->text) - 1] = '\0';
	return ret->error > 0 ? -EPROTO : ret->error;
}

int wg_launch_check(const char *program, char *ret, size_t len, char *err,
		    size_t errlen)
{
	struct wg_launch_answer a;
	int rc;

	if (!launcher.pid)
		return wg_launch_look(program, ret, len, err, errlen);
	rc = ask(WG_LAUNCH_CHECK, NULL, program, &a, NULL);
	if (rc < 0)
		return wg_reason(rc, err, errlen, "%s", a.text);
	snprintf(ret, len, "%s", a.text);
	return 0;
}

int wg_launch_program(const char *ifname, const char *program, char *err,
		      size_t errlen)
{
	struct wg_launch_answer a;
	int rc = ask(WG_LAUNCH_START, ifname, program, &a, NULL);

	wg_reason(0, err, errlen, "%s", a.text);
	return rc < 0 ? rc : a.pid;
}

void wg_launch_end(const char *ifname)
{
	struct wg_launch_answer a;

	ask(WG_LAUNCH_END, ifname, NULL, &a, NULL);
}

int wg_launch_connect(const char *ifname)
{
	struct wg_launch_answer a;
	int fd = -1, rc = ask(WG_LAUNCH_CONNECT, ifname, NULL, &a, &fd);

	if (rc < 0 && fd >= 0)
		close(fd);
	return rc < 0 ? rc : fd < 0 ? -EPROTO : fd;
}
