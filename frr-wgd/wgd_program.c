// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The userspace program.
 *
 * It must outlive us (a crash of wgd leaves traffic flowing), so it gets a
 * session and no pipe of ours, and after a restart of wgd it is found again by
 * its socket and its link, not by its pid.  Its death is seen as the link's
 * death, which takes every case: ours or inherited, killed or crashed.
 *
 * It gets one capability, CAP_NET_ADMIN, as an ambient one: enough for a TUN
 * device and the firewall mark.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "log.h"

#include "frr-wgd/wgd_program.h"

#define TUN_DEVICE "/dev/net/tun"

static const char *const folders[] = {
	"/usr/local/bin", "/usr/bin", "/usr/local/sbin", "/usr/sbin",
};

int wgd_program_find(const char *program, char *ret, size_t len)
{
	char path[PATH_MAX];
	struct stat st;
	size_t i;

	program = program ?: WGD_PROGRAM_DEFAULT;
	if (strchr(program, '/')) {
		if (stat(program, &st) < 0)
			return -errno;
		if (!S_ISREG(st.st_mode) || access(program, X_OK) < 0)
			return -EACCES;
		strlcpy(ret, program, len);
		return 0;
	}
	for (i = 0; i < array_size(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], program);
		if (access(path, X_OK) == 0) {
			strlcpy(ret, path, len);
			return 0;
		}
	}
	return -ENOENT;
}

/* In the child: keep CAP_NET_ADMIN over the exec, and nothing else. */
static int keep_net_admin(void)
{
	cap_value_t cap = CAP_NET_ADMIN;
	cap_t caps = cap_init();
	int rc = -1;

	if (!caps)
		return -1;
	if (cap_set_flag(caps, CAP_PERMITTED, 1, &cap, CAP_SET) == 0 &&
	    cap_set_flag(caps, CAP_EFFECTIVE, 1, &cap, CAP_SET) == 0 &&
	    cap_set_flag(caps, CAP_INHERITABLE, 1, &cap, CAP_SET) == 0 &&
	    cap_set_proc(caps) == 0)
		rc = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
	cap_free(caps);
	return rc;
}

static void __attribute__((noreturn)) child(const char *path, const char *name)
{
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
		"LOG_LEVEL=error",
		NULL,
	};
	const char *const argv[] = { path, "-f", name, NULL };
	sigset_t none;
	int fd, max = sysconf(_SC_OPEN_MAX);

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fd = open("/dev/null", O_RDWR);
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	for (fd = 3; fd < MIN(max, 65536); fd++)
		close(fd);
	if (chdir("/") < 0 || keep_net_admin() < 0)
		_exit(126);
	execve(path, (char *const *)argv, (char *const *)env);
	_exit(127);
}

int wgd_program_start(struct wgd_if *wif)
{
	char path[PATH_MAX];
	int rc = wgd_program_find(wif->conf.program, path, sizeof(path));
	pid_t pid;

	if (rc < 0) {
		zlog_err("%s: program %s: %s", wif->name,
			 wif->conf.program ?: WGD_PROGRAM_DEFAULT,
			 safe_strerror(-rc));
		return rc;
	}
	/* it would say so where nobody reads it */
	if (access(TUN_DEVICE, R_OK | W_OK) < 0) {
		rc = -errno;
		if (!wif->reason)
			zlog_err("%s: " TUN_DEVICE ": %s; the program runs as the same user as wgd and has to open it, for reading and writing",
				 wif->name, safe_strerror(-rc));
		return rc;
	}
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(path, wif->name);
	wif->program = pid;
	zlog_info("%s: started %s, pid %d", wif->name, path, (int)pid);
	return 0;
}

bool wgd_program_runs(const struct wgd_if *wif)
{
	return wif->program && kill(wif->program, 0) == 0;
}

bool wgd_program_lingers(const struct wgd_if *wif)
{
	struct wg_backend *be = NULL;
	int rc;

	if (wgd_program_runs(wif))
		return true;
	rc = wg_backend_open_userspace(wif->name, NULL, &be);
	wg_backend_close(&be);
	return rc == 0 || rc == -EAGAIN;
}

void wgd_program_end(struct wgd_if *wif)
{
	if (wif->program)
		kill(wif->program, SIGKILL);
}

static struct wgd_if *whose(pid_t pid)
{
	struct wgd_if *wif;

	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif))
		if (wif->program == pid)
			return wif;
	return NULL; /* of an interface that is configured no more */
}

void wgd_program_reap(void)
{
	struct wgd_if *wif;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		wif = whose(pid);
		if (!wif)
			continue;
		if (WIFSIGNALED(status))
			zlog_warn("%s: the program (pid %d) died of signal %d",
				  wif->name, (int)pid, WTERMSIG(status));
		else
			zlog_warn("%s: the program (pid %d) ended with status %d",
				  wif->name, (int)pid, WEXITSTATUS(status));
		wif->program = 0;
		if (wif->state == WGD_IF_STARTING)
			wgd_if_kick(wif); /* an error like any other */
		else
			wgd_if_link_changed(wif->name);
	}
}

/*
 * The sockets' folder belongs to root where wg-quick or somebody else made it.
 * Rather than hold CAP_DAC_OVERRIDE for ever we let our group write there.
 */
void wgd_program_prepare(const char *user, const char *group)
{
	const struct passwd *pw = getpwnam(user);
	const struct group *gr = getgrnam(group);
	struct stat st;

	if (geteuid() != 0 || !pw || !gr)
		return;
	if (mkdir(WG_UAPI_DIR, 0750) == 0) {
		if (chown(WG_UAPI_DIR, pw->pw_uid, gr->gr_gid) < 0)
			fprintf(stderr, "wgd: %s: %s\n", WG_UAPI_DIR,
				strerror(errno));
		return;
	}
	if (lstat(WG_UAPI_DIR, &st) < 0 || !S_ISDIR(st.st_mode) ||
	    st.st_uid == pw->pw_uid)
		return;
	if (chown(WG_UAPI_DIR, -1, gr->gr_gid) < 0 ||
	    chmod(WG_UAPI_DIR, (st.st_mode & 0755) | 0770) < 0)
		fprintf(stderr, "wgd: %s: %s\n", WG_UAPI_DIR, strerror(errno));
}
