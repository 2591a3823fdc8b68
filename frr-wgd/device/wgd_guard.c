// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All of FRR's daemons have one uid, so a hole in one of them is a hole in
 * whatever that uid may read or look into.  Three things are therefore not that
 * uid's:
 *
 *  - files with keys: root's, read by the key process (wg_keyproc.c);
 *  - the userspace programs, which have the keys: root's, started by the
 *    launcher (wg_launch.c), with sockets that root alone can open;
 *  - this process, as far as it goes: it has the uid, and secrets on their way
 *    to a device; it may not be looked into (not dumpable).
 *
 * The other way round, what a hole in wgd can do to the machine: no new
 * privileges, no capability but CAP_NET_ADMIN and CAP_NET_RAW, and the system
 * calls that it makes anyway (wg_confine.c, which also says what happens to the
 * others).
 *
 * One way is not ours to close: the kernel tells private keys to whoever has
 * CAP_NET_ADMIN, which zebra and bgpd have, too.
 *
 * The order: helpers are started while we are root; then the bounding set goes,
 * which takes root; frr_init gives up the uid; and the filter comes last, for
 * whatever only the start needs.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "command.h"
#include "lib/json.h"
#include "libfrr.h"
#include "log.h"
#include "vty.h"

#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/device/wgd_guard.h"
#include "frr-wgd/device/wgd_program.h"
#include "frr-wgd/show/wgd_vty.h"
#include "lib/backend/wg_confine.h"
#include "lib/backend/wg_keyproc.h"
#include "lib/backend/wg_launch.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/device/wgd_guard_clippy.c"
#endif

#define CALLS 1024 /* numbers of system calls below this are said once */

static struct wg_keyfile_rules rules;
static struct wg_launch_rules launch_rules;
static char folder[PATH_MAX]; /* the first of the rules */
static int notices = -1;
static bool by_root;
static bool keys_taken, sockets_taken; /* the folder, from an earlier version */
static const char *trouble;
static bool lacking[WG_LAUNCH_LACKS]; /* the programs of this life */
static struct event *t_keys, *t_launch, *t_notice;

/* --- before privileges go */

bool wgd_guard_key_folder(const char *path)
{
	/* two are ours */
	if (*path != '/' || !path[1] ||
	    rules.n_folders >= WG_KEYFILE_FOLDERS - 2)
		return false;
	rules.folders[rules.n_folders++] = path;
	return true;
}

bool wgd_guard_program(const char *path)
{
	if (*path != '/' || launch_rules.n_programs >= WG_LAUNCH_NAMED)
		return false;
	launch_rules.programs[launch_rules.n_programs++] = path;
	return true;
}

/* A log is not there yet. */
static void __attribute__((noreturn)) give_up(const char *what, int rc)
{
	fprintf(stderr, "wgd: %s: %s\n", what, safe_strerror(-rc));
	exit(1);
}

void wgd_guard_prepare(const struct zebra_privs_t *privs)
{
	const struct passwd *pw = getpwnam(privs->user);
	char keys[PATH_MAX + 16];
	int fd[2], rc;
	size_t len;

	strlcpy(folder, frr_sysconfdir, sizeof(folder));
	len = strlen(folder);
	while (len > 1 && folder[len - 1] == '/')
		folder[--len] = '\0';
	rules.folders[rules.n_folders++] = folder;
	rules.folders[rules.n_folders++] = "/etc/wireguard";
	rules.owner = geteuid();
	by_root = rules.owner == 0;
	rules.former = by_root && pw ? pw->pw_uid : rules.owner;
	if (by_root) {
		snprintf(keys, sizeof(keys), "%s/wireguard", folder);
		keys_taken = wg_keyfile_folder(&rules, keys) > 0;
	}
	rc = wg_notice_open(fd);
	if (rc < 0)
		give_up("notices", rc);
	notices = fd[0];
	launch_rules.former = rules.former;
	rc = wg_launch_start(&launch_rules, fd[1]);
	if (rc < 0)
		give_up("launcher", rc);
	sockets_taken = rc > 0;
	rc = wg_keyproc_start(&rules, fd[1]);
	if (rc < 0)
		give_up("key process", rc);
	close(fd[1]);
	wg_confine_bounds();
}

/* --- the helpers' lives */

static void say_ended(struct wg_helper *h, const char *what)
{
	trouble = what;
	zlog_err("the %s (pid %d) has ended: %s", h->name, (int)h->pid, what);
}

static void keys_heard(struct event *event)
{
	if (wg_helper_ended(wg_keyproc()))
		say_ended(
			wg_keyproc(),
			"keys can be neither read nor made until wgd is restarted; the devices forward, now and meanwhile");
	else
		event_add_read(wgd.master, keys_heard, NULL, wg_keyproc()->fd,
			       &t_keys);
}

static void launch_heard(struct event *event)
{
	if (wg_helper_ended(wg_launch()))
		say_ended(
			wg_launch(),
			"userspace programs can be neither started nor spoken to until wgd is restarted; the devices forward, now and meanwhile");
	else
		event_add_read(wgd.master, launch_heard, NULL, wg_launch()->fd,
			       &t_launch);
}

static void say_lack(const struct wg_notice *notice)
{
	if (notice->status >= 0 && notice->status < WG_LAUNCH_LACKS)
		lacking[notice->status] = true;
	zlog_warn("%s", notice->text);
}

static void notice_heard(struct event *event)
{
	struct wg_notice notice;

	while (wg_notice_next(notices, &notice)) {
		if (notice.kind == WG_NOTICE_PROGRAM)
			wgd_program_ended(notice.text, notice.pid,
					  notice.status);
		else if (notice.kind == WG_NOTICE_LACK)
			say_lack(&notice);
		else
			zlog_notice("%s", notice.text);
	}
	/* both helpers gone: nobody else writes there */
	if (wg_keyproc()->fd >= 0 || wg_launch()->fd >= 0)
		event_add_read(wgd.master, notice_heard, NULL, notices,
			       &t_notice);
}

void wgd_guard_reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

void wgd_guard_init(void)
{
	if (sockets_taken)
		zlog_notice(
			WG_UAPI_DIR
			": others could write there: it is root's now, mode 0755");
	if (keys_taken)
		zlog_notice(
			"%s/wireguard: belonged to uid %u, as an earlier version made it: it is root's now, mode 0700",
			folder, rules.former);
	if (!by_root)
		zlog_warn(
			"not started by root: keys, programs and wgd itself are within reach of whatever else runs as uid %u, and keys of root's are not read",
			rules.owner);
	event_add_read(wgd.master, keys_heard, NULL, wg_keyproc()->fd, &t_keys);
	event_add_read(wgd.master, launch_heard, NULL, wg_launch()->fd,
		       &t_launch);
	event_add_read(wgd.master, notice_heard, NULL, notices, &t_notice);
}

const char *wgd_guard_trouble(void)
{
	return trouble;
}

/* --- system calls */

/* In the thread that called; nothing but what a handler may do. */
static void refused(int sig, siginfo_t *info, void *context)
{
	static uint8_t said[CALLS];
	char text[96];
	int n = wg_confine_refused(info, context), error = errno;

	if (n < 0) {
		/* it cannot be made to fail: libfrr says where it was */
		signal(SIGSYS, SIG_DFL);
		return;
	}
	if (n < CALLS && !said[n]) {
		said[n] = 1;
		snprintfrr(text, sizeof(text),
			   "seccomp: system call %d was refused, with ENOSYS",
			   n);
		zlog_sigsafe(text, strlen(text));
	}
	errno = error;
}

void wgd_guard_close(void)
{
	struct sigaction sa = {.sa_sigaction = refused, .sa_flags = SA_SIGINFO};
	int rc;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	sigfillset(&sa.sa_mask);
	sigaction(SIGSYS, &sa, NULL);
	rc = wg_confine_filter(WG_FILTER_DAEMON);
	if (rc < 0)
		zlog_warn("system calls are not filtered: seccomp: %s",
			  safe_strerror(-rc));
}

/* --- show */

struct view {
	struct vty *vty;
	json_object *json; /* NULL: text */
};

static void show_process(struct view *v, const char *key, const char *text,
			 pid_t pid, uid_t uid, bool runs)
{
	json_object *o = v->json ? json_object_new_object() : NULL;
	struct wg_confinement c = {};
	bool known = runs && wg_confine_read(pid, &c) == 0;

	if (!known)
		c.uid = uid;
	if (!v->json && !known)
		vty_out(v->vty, "%-20s pid %d, uid %u, %s\n", text, (int)pid,
			uid, runs ? "more is not known" : "has ended");
	else if (!v->json)
		vty_out(v->vty,
			"%-20s pid %d, uid %u, capabilities %#" PRIx64
			", %s new privileges, %s bounding set, system calls %s\n",
			text, (int)pid, c.uid, c.permitted,
			c.no_new_privs ? "no" : "may get",
			c.bounding ? "some" : "empty",
			c.seccomp ? "filtered" : "not filtered");
	if (!v->json)
		return;
	json_object_int_add(o, "pid", pid);
	json_object_int_add(o, "uid", c.uid);
	json_object_boolean_add(o, "runs", runs);
	if (known) {
		json_object_int_add(o, "capabilities", c.permitted);
		json_object_int_add(o, "boundingSet", c.bounding);
		json_object_boolean_add(o, "noNewPrivileges", c.no_new_privs);
		json_object_boolean_add(o, "seccomp", c.seccomp);
	}
	json_object_object_add(v->json, key, o);
}

/* JSON: names in the row of the launcher. */
static void show_lacking(struct view *v)
{
	static const struct {
		const char *key, *text;
	} names[] = {
		/* in the order of enum wg_launch_lack */
		{"mountNamespace",
		 "programs can connect to root's sockets in /run: no mount namespace of their own"},
		{"landlock", "programs can reach root's files: no Landlock"},
	};
	json_object *row = NULL, *list = NULL;
	size_t i;

	for (i = 0; i < WG_LAUNCH_LACKS; i++) {
		if (!lacking[i])
			continue;
		if (!v->json) {
			vty_out(v->vty, "%s\n", names[i].text);
			continue;
		}
		if (!list) {
			list = json_object_new_array();
			json_object_object_get_ex(v->json, "launcher", &row);
			json_object_object_add(row, "lacks", list);
		}
		json_array_string_add(list, names[i].key);
	}
}

DEFPY(show_wireguard_protection, show_wireguard_protection_cmd,
      "show wireguard protection [json$json]",
      SHOW_STR
      "WireGuard interfaces and peers\n"
      "What keeps keys and machine out of reach\n" JSON_STR)
{
	struct view v = {vty, json ? json_object_new_object() : NULL};
	struct view programs = {vty, json ? json_object_new_object() : NULL};
	char text[32];
	pid_t pid;
	uid_t uid;

	show_process(&v, "wgd", "wgd", getpid(), getuid(), true);
	show_process(&v, "keyProcess", "key process", wg_keyproc()->pid,
		     rules.owner, wg_keyproc()->fd >= 0);
	show_process(&v, "launcher", "launcher", wg_launch()->pid, rules.owner,
		     wg_launch()->fd >= 0);
	show_lacking(&v);
	wgd_each_if (wif) {
		if (!wif->device->be || !wg_backend_process(wif->device->be, &pid, &uid))
			continue;
		snprintf(text, sizeof(text), "program of %s", wif->name);
		show_process(&programs, wif->name, text, pid, uid, true);
	}
	if (!json) {
		if (trouble)
			vty_out(vty, "%s\n", trouble);
		return CMD_SUCCESS;
	}
	json_object_object_add(v.json, "programs", programs.json);
	return vty_json(vty, v.json);
}

void wgd_guard_vty_init(void)
{
	install_element(VIEW_NODE, &show_wireguard_protection_cmd);
}
