/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three filters of system calls, because three processes have different work:
 *
 *  - The daemon parses what strangers, peers and other daemons say.  Its list
 *    is what all topotests make it call, with libyang, c-ares and libfrr.  What
 *    is not on it is of two kinds.  What takes over a machine (NEVER) ends the
 *    process at once: no release of any library will need it, and who calls it
 *    is not us.  All else is refused with ENOSYS and a line in the log, and the
 *    daemon goes on.  A new libc may try a new call and knows what to do where
 *    there is none; were the answer death, watchfrr would start a daemon that
 *    dies of the same call again, and again, at three in the morning, and the
 *    routes would go without it.  ENOSYS and not EPERM: "there is no such call"
 *    is what libraries expect to hear, "you may not" is not.
 *
 *  - The key process reads and writes small files and one socket.
 *
 *  - A program that somebody else wrote gets all but NEVER_PROGRAM; who starts
 *    it needs three of those until then.
 *
 * Names and not numbers: libseccomp knows the architecture's, and those that it
 * does not know, or the architecture has not, are left out.
 */
#include "lib/backend/wg_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <linux/landlock.h>
#include <linux/securebits.h>
#include <seccomp.h>

/* --- capabilities */

void wg_confine_bounds(void)
{
	unsigned cap;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

static int set_caps(uint64_t keep, bool inheritable)
{
	cap_t have = cap_get_proc(), caps = cap_init();
	cap_flag_value_t has;
	cap_value_t cap;
	int rc = -1;

	if (!have || !caps)
		goto out;
	for (cap = 0; cap < 64; cap++) {
		if (!(keep >> cap & 1) ||
		    cap_get_flag(have, cap, CAP_PERMITTED, &has) < 0 ||
		    has != CAP_SET)
			continue;
		cap_set_flag(caps, CAP_PERMITTED, 1, &cap, CAP_SET);
		cap_set_flag(caps, CAP_EFFECTIVE, 1, &cap, CAP_SET);
		if (inheritable)
			cap_set_flag(caps, CAP_INHERITABLE, 1, &cap, CAP_SET);
	}
	rc = cap_set_proc(caps);
out:
	rc = rc < 0 ? -errno : 0;
	cap_free(have);
	cap_free(caps);
	return rc;
}

int wg_confine_caps(uint64_t keep, bool ambient)
{
	unsigned cap;
	int rc;

	/* what is in no bounding set any more cannot become inheritable */
	if (ambient && (rc = set_caps(keep | 1ULL << CAP_SETPCAP, true)) < 0)
		return rc;
	wg_confine_bounds();
	/* uid 0 gets no capabilities by exec.  Where it may not be set, there
	 * is no uid 0 to speak of. */
	if (ambient)
		prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED,
		      0, 0, 0);
	rc = set_caps(keep, ambient);
	if (rc < 0)
		return rc;
	for (cap = 0; ambient && cap < 64; cap++)
		if (keep >> cap & 1)
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

/* --- system calls */

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* clang-format off */

/* Memory, time, descriptors, threads: what any process needs. */
static const char *const basics[] = {
	"brk", "mmap", "mmap2", "munmap", "mremap", "madvise", "mprotect",
	"read", "pread64", "readv", "write", "writev", "close", "fstat",
	"fstat64", "newfstatat", "fstatat64", "statx", "lseek", "_llseek",
	"openat", "fcntl", "fcntl64", "futex", "futex_time64", "clock_gettime",
	"clock_gettime64", "gettimeofday", "time", "clock_nanosleep",
	"clock_nanosleep_time64", "nanosleep", "getrandom", "getpid", "gettid",
	"getppid", "getuid", "geteuid", "getgid", "getegid", "getuid32",
	"geteuid32", "getgid32", "getegid32", "rt_sigaction", "rt_sigprocmask",
	"rt_sigreturn", "sigreturn", "sigaltstack", "tgkill", "poll", "ppoll",
	"ppoll_time64", "recvfrom", "recv", "recvmsg", "sendto", "send",
	"sendmsg", "restart_syscall", "sched_yield", "set_robust_list", "rseq",
	"exit", "exit_group",
};

/* What the sanitizers do beside: stacks, and at the end the search for leaks. */
static const char *const sanitizers[] = {
	"clone", "ptrace", "wait4", "prctl", "readlink", "readlinkat",
	"getdents64", "open", "stat", "lstat", "access", "sched_getaffinity",
	"getrlimit", "prlimit64", "pipe2", "ioctl", "kill", "dup", "dup2",
	"arch_prctl", "process_vm_readv", "mincore",
};

static const char *const keys[] = {
	"fchown", "fchown32", "fchmod", "fsync", "linkat", "unlinkat",
	"mkdirat",
};

static const char *const daemon_calls[] = {
	/* files: logs, configuration, pid, dynamic libraries, YANG */
	"open", "creat", "access", "faccessat", "faccessat2", "stat", "stat64",
	"lstat", "lstat64", "statfs", "statfs64", "fstatfs", "fstatfs64",
	"readlink", "readlinkat", "getdents", "getdents64", "getcwd", "chdir",
	"dup", "dup2", "dup3", "ftruncate", "ftruncate64", "fsync", "fdatasync",
	"fallocate", "flock", "rename", "renameat", "renameat2", "link",
	"linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "chmod",
	"fchmod", "fchmodat", "fchmodat2", "chown", "chown32", "fchown",
	"fchown32", "lchown", "lchown32", "fchownat", "umask", "utimensat",
	"pwrite64", "preadv", "pwritev", "ioctl", "inotify_init1",
	"inotify_add_watch", "inotify_rm_watch", "close_range", "fadvise64",
	/* sockets; which is said of `socket` alone */
	"bind", "listen", "accept", "accept4", "connect", "getsockname",
	"getpeername", "getsockopt", "setsockopt", "shutdown", "socketpair",
	"sendmmsg", "recvmmsg", "recvmmsg_time64", "socketcall", "pipe",
	"pipe2", "eventfd2", "select", "_newselect", "pselect6",
	"pselect6_time64", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "timerfd_create", "timerfd_settime",
	/* itself */
	"capget", "capset", "prctl", "arch_prctl", "getgroups", "getgroups32",
	"getresuid", "getresgid", "getresuid32", "getresgid32", "getrlimit",
	"ugetrlimit", "prlimit64", "setrlimit", "getrusage", "times", "uname",
	"adjtimex", "clock_adjtime", "clock_adjtime64", "sysinfo", "alarm",
	"setitimer", "pause", "rt_sigtimedwait",
	"rt_sigpending", "rt_sigsuspend", "sched_getaffinity",
	"sched_setaffinity", "sched_getparam", "sched_getscheduler",
	"set_tid_address", "getcpu", "clock_getres", "clock_getres_time64",
	"membarrier", "mincore", "mlock", "mlock2", "munlock", "msync", "wait4",
	"waitid", "getpgrp", "getpgid", "getsid", "setsid",
};

static const int families[] = {
	AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET,
};

/* What changes the machine, or looks into others: for no one of us. */
static const char *const never_program[] = {
	"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
	"kcmp", "bpf", "perf_event_open", "userfaultfd", "init_module",
	"finit_module", "delete_module", "create_module", "kexec_load",
	"kexec_file_load", "umount", "pivot_root", "chroot", "move_mount",
	"open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr",
	"setns", "open_by_handle_at", "keyctl", "add_key",
	"request_key", "reboot", "swapon", "swapoff", "sethostname",
	"setdomainname", "settimeofday", "stime", "clock_settime",
	"clock_settime64", 	"iopl", "ioperm", "acct", "quotactl", "quotactl_fd", "syslog",
	"lookup_dcookie", "vhangup", "uselib", "nfsservctl", "mknod", "mknodat",
	"personality",
};

/* Nor these: but the launcher, before there is a program. */
static const char *const mounts[] = {"mount", "umount2", "unshare"};

/* The daemon, too, executes nothing and stays who it is. */
static const char *const never[] = {
	"execve", "execveat", "fork", "vfork", "setuid", "setuid32", "setgid",
	"setgid32", "setreuid", "setreuid32", "setregid", "setregid32",
	"setresuid", "setresuid32", "setresgid", "setresgid32", "setfsuid",
	"setfsuid32", "setfsgid", "setfsgid32", "setgroups", "setgroups32",
	"io_uring_setup", "io_uring_enter", "io_uring_register",
	"name_to_handle_at", "modify_ldt", "memfd_secret", "vmsplice", "kill",
	"tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal",
	"pidfd_open",
};

/* clang-format on */

#define N(list) (sizeof(list) / sizeof((list)[0]))

static int add(scmp_filter_ctx ctx, uint32_t action, const char *const *names,
	       size_t n)
{
	size_t i;
	int number, rc;

	for (i = 0; i < n; i++) {
		number = seccomp_syscall_resolve_name(names[i]);
		if (number < 0)
			continue;
		rc = seccomp_rule_add(ctx, action, number, 0);
		/* -EEXIST: another list has it, too */
		if (rc < 0 && rc != -EEXIST)
			return rc;
	}
	return 0;
}

/* Those of NAMES that the sanitizers' list has not. */
static int forbid(scmp_filter_ctx ctx, const char *const *names, size_t n)
{
	size_t i, j;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		for (j = 0; SANITIZED && j < N(sanitizers); j++)
			if (strcmp(names[i], sanitizers[j]) == 0)
				break;
		if (SANITIZED && j < N(sanitizers))
			continue;
		rc = add(ctx, SCMP_ACT_KILL_PROCESS, names + i, 1);
	}
	return rc;
}

static int daemon_rules(scmp_filter_ctx ctx)
{
	size_t i;
	int rc = 0;

	/* threads; clone3 hides what it is for, and libc then takes clone */
	if (!SANITIZED)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD,
					      CLONE_THREAD));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
				      SCMP_SYS(clone3), 0);
	for (i = 0; i < N(families) && rc == 0; i++)
		rc = seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	if (rc == 0)
		rc = add(ctx, SCMP_ACT_ALLOW, daemon_calls, N(daemon_calls));
	if (rc == 0)
		rc = forbid(ctx, never, N(never));
	if (rc == 0)
		rc = forbid(ctx, never_program, N(never_program));
	if (rc == 0)
		rc = forbid(ctx, mounts, N(mounts));
	return rc;
}

static int program_rules(scmp_filter_ctx ctx, bool may_mount)
{
	int rc = add(ctx, SCMP_ACT_ERRNO(EPERM), never_program,
		     N(never_program));

	if (rc == 0 && !may_mount)
		rc = add(ctx, SCMP_ACT_ERRNO(EPERM), mounts, N(mounts));
	else if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM),
				      SCMP_SYS(unshare), 1,
				      SCMP_A0(SCMP_CMP_NE, CLONE_NEWNS));
	return rc;
}

int wg_confine_filter(enum wg_confine_filter which)
{
	static const uint32_t others[] = {
		[WG_FILTER_DAEMON] = SCMP_ACT_TRAP,
		[WG_FILTER_KEYS] = SCMP_ACT_KILL_PROCESS,
		[WG_FILTER_PROGRAM] = SCMP_ACT_ALLOW,
		[WG_FILTER_LAUNCHER] = SCMP_ACT_ALLOW,
	};
	bool of_ours = which == WG_FILTER_DAEMON || which == WG_FILTER_KEYS;
	scmp_filter_ctx ctx = seccomp_init(others[which]);
	int rc;

	if (!ctx)
		return -ENOMEM;
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0 && !of_ours)
		rc = program_rules(ctx, which == WG_FILTER_LAUNCHER);
	else if (rc == 0)
		rc = add(ctx, SCMP_ACT_ALLOW, basics, N(basics));
	if (rc == 0 && which == WG_FILTER_DAEMON)
		rc = daemon_rules(ctx);
	if (rc == 0 && which == WG_FILTER_KEYS)
		rc = add(ctx, SCMP_ACT_ALLOW, keys, N(keys));
	if (rc == 0 && of_ours && SANITIZED)
		rc = add(ctx, SCMP_ACT_ALLOW, sanitizers, N(sanitizers));
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}

/* --- files */

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RUN (READ | LANDLOCK_ACCESS_FS_EXECUTE)
#define DEVICE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)
/* of the first version */
#define ALL ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define OF_FILES (DEVICE | LANDLOCK_ACCESS_FS_EXECUTE)

/* What is not there needs no rule. */
static int allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access};
	struct stat st;
	int rc = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return 0;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		    &rule, 0) < 0)
		rc = -errno;
	close(rule.parent_fd);
	return rc;
}

/* An empty folder in the place of RUN, and in it the one that KEPT is. */
static int cover(const char *run, int kept, const char *name)
{
	char at[PATH_MAX], from[32];
	int rc;

	if (mount("wgd", run, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "mode=0755,size=64k") < 0)
		return -errno;
	snprintf(at, sizeof(at), "%s/%s", run, name);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", kept);
	if (mkdir(at, 0755) == 0 && mount(from, at, NULL, MS_BIND, NULL) == 0)
		return 0;
	rc = -errno;
	umount2(run, MNT_DETACH);
	return rc;
}

static bool is_same(const char *a, const char *b)
{
	struct stat s, t;

	return stat(a, &s) < 0 || stat(b, &t) < 0 ||
	       (s.st_dev == t.st_dev && s.st_ino == t.st_ino);
}

int wg_confine_run(const char *folder)
{
	const char *name = strrchr(folder, '/') + 1;
	int kept, rc;

	/* Nothing of ours goes out.  What is unmounted outside goes here, too:
	 * a program lives long, and would keep disks busy. */
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	/* in the new namespace: of another one it could not be bound */
	kept = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (kept < 0)
		return -errno;
	rc = cover("/run", kept, name);
	if (rc == 0 && !is_same("/run", "/var/run")) {
		rc = cover("/var/run", kept, name);
		if (rc < 0)
			umount2("/run", MNT_DETACH);
	}
	close(kept);
	return rc;
}

int wg_confine_files(const char *program, const char *folder)
{
	static const struct {
		const char *path;
		uint64_t access;
	} paths[] = {
		{"/usr", RUN},
		{"/bin", RUN},
		{"/lib", RUN},
		{"/lib64", RUN},
		{"/etc/ld.so.cache", READ},
		{"/proc", READ},
		{"/sys", READ},
		{"/dev/null", DEVICE},
		{"/dev/urandom", READ},
		{"/dev/net/tun", DEVICE},
	};
	struct landlock_ruleset_attr attr = {.handled_access_fs = ALL};
	int ruleset =
		syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	char copy[PATH_MAX];
	size_t i;
	int rc = 0;

	if (ruleset < 0)
		return -errno;
	for (i = 0; i < N(paths) && rc == 0; i++)
		rc = allow(ruleset, paths[i].path, paths[i].access);
	snprintf(copy, sizeof(copy), "%s", program);
	if (rc == 0)
		rc = allow(ruleset, dirname(copy), RUN);
	if (rc == 0)
		rc = allow(ruleset, folder, ALL);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		rc = -errno;
	close(ruleset);
	return rc;
}

/* --- in a handler, and after it */

int wg_confine_refused(const void *siginfo, void *ucontext)
{
	const siginfo_t *si = siginfo;
	ucontext_t *uc = ucontext;

#if defined(__x86_64__)
	uc->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
#elif defined(__i386__)
	uc->uc_mcontext.gregs[REG_EAX] = -ENOSYS;
#elif defined(__aarch64__)
	uc->uc_mcontext.regs[0] = -ENOSYS;
#else
	(void)uc;
	return -1;
#endif
	return si->si_syscall;
}

char *wg_confine_call_name(int number)
{
	return seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
}

/* --- to look at */

int wg_confine_read(pid_t pid, struct wg_confinement *ret)
{
	struct wg_confinement c = {0};
	char path[64], line[256];
	unsigned n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Uid: %*u %u", &n) == 1)
			c.uid = n;
		else if (sscanf(line, "CapPrm: %" SCNx64, &c.permitted) == 1 ||
			 sscanf(line, "CapBnd: %" SCNx64, &c.bounding) == 1)
			continue;
		else if (sscanf(line, "NoNewPrivs: %u", &n) == 1)
			c.no_new_privs = n;
		else if (sscanf(line, "Seccomp: %u", &n) == 1)
			c.seccomp = n == 2;
	}
	fclose(f);
	*ret = c;
	return 0;
}
