/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process gives up, for good: capabilities, new privileges by exec,
 * being looked into by others of its uid, and system calls.
 */
#ifndef WG_CONFINE_H
#define WG_CONFINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * No new privileges, an empty bounding set, no ambient capabilities: nothing
 * that it executes has more than it has.  What it has stays.  Without
 * CAP_SETPCAP (not root's process) the bounding set stays as it is, which no
 * new privileges makes harmless.
 */
void wg_confine_bounds(void);

/*
 * The same; and it keeps these of the capabilities that it has (a mask, bit
 * 1 << CAP_...) and no other.  AMBIENT: what it executes has them too, and its
 * uid brings no more.  0 or -errno.
 */
int wg_confine_caps(uint64_t keep, bool ambient);

enum wg_confine_filter {
	/* The daemon: a list of what it calls; see wg_confine.c. */
	WG_FILTER_DAEMON,
	/* The key process: a short list; everything else ends it. */
	WG_FILTER_KEYS,
	/*
	 * The userspace program: everything but what changes the machine or
	 * looks into other processes.
	 */
	WG_FILTER_PROGRAM,
	/* Who starts it: the same, and mounts, for wg_confine_run. */
	WG_FILTER_LAUNCHER,
};

/*
 * For all threads of the process and what they start.  0 or -errno: a kernel
 * without seccomp, -EINVAL.  What is not on the daemon's list raises SIGSYS in
 * the thread that called it; see wg_confine_refused.
 */
int wg_confine_filter(enum wg_confine_filter which);

/*
 * In a mount namespace of its own, the process sees nothing of /run (and of
 * /var/run, if that is no link to it) but FOLDER, which is in /run and the same
 * as outside: services listen there for root, and Landlock says nothing of
 * connect(2).  Before wg_confine_files, under which nothing is mounted.  0 or
 * -errno, and all is as before: -EPERM without CAP_SYS_ADMIN.
 */
int wg_confine_run(const char *folder);

/*
 * The process is about to become PROGRAM: it and what it executes can read and
 * execute programs and libraries, and write to TUN devices and in FOLDER, and
 * reach no other file.  0 or -errno: -ENOSYS, -EOPNOTSUPP a kernel without
 * Landlock.
 */
int wg_confine_files(const char *program, const char *folder);

/*
 * In a handler of SIGSYS: the number of the system call that was refused, which
 * fails with ENOSYS when the handler returns; -1: no way to do so on this
 * architecture.
 */
int wg_confine_refused(const void *siginfo, void *ucontext);

/* Its name, or NULL; to be freed.  Not in a handler. */
char *wg_confine_call_name(int number);

/* What the kernel says of a process. */
struct wg_confinement {
	uid_t uid;
	uint64_t permitted, bounding; /* capabilities, as above */
	bool no_new_privs;
	bool seccomp; /* a filter */
};

/* 0 or -errno: -ESRCH, -EACCES where /proc hides others'. */
int wg_confine_read(pid_t pid, struct wg_confinement *ret);

#endif
