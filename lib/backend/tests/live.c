/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/backend/tests/live.h"

#include <assert.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/backend/tests/drive.h"
#include "lib/backend/wg_link.h"

static pid_t program_pid;

const char *live_enter(void)
{
	if (geteuid() != 0)
		return "not root";
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
		return "no namespaces of its own";
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return "no private mounts";
	mkdir(WG_UAPI_DIR, 0755);
	if (mount("none", WG_UAPI_DIR, "tmpfs", 0, "mode=0755") != 0)
		return "no tmpfs over " WG_UAPI_DIR;
	return NULL;
}

const char *live_kernel(const char *ifname)
{
	int error = wg_link_create(ifname);

	if (error == -EOPNOTSUPP)
		return "this kernel has no WireGuard";
	return error ? strerror(-error) : NULL;
}

const char *live_userspace(const char *program, const char *ifname)
{
	char path[128], command[256];
	struct timespec tick = { .tv_nsec = 5000000 };
	int null;

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1",
		 program);
	if (system(command) != 0)
		return "the program is not installed";
	if (access("/dev/net/tun", R_OK | W_OK) != 0)
		return "no /dev/net/tun";
	assert(program_pid == 0);
	program_pid = fork();
	if (program_pid < 0) {
		program_pid = 0;
		return "fork";
	}
	if (program_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		execlp(program, program, "-f", ifname, (char *)NULL);
		_exit(127);
	}
	/* Its socket is the sign that it is ready, its end that it is not. */
	snprintf(path, sizeof(path), "%s/%s.sock", WG_UAPI_DIR, ifname);
	for (int i = 0; i < 2000; i++) {
		struct wg_backend *be;

		if (wg_backend_open_userspace(ifname, NULL, &be) == 0) {
			wg_backend_close(&be);
			return NULL;
		}
		if (waitpid(program_pid, NULL, WNOHANG) == program_pid) {
			program_pid = 0;
			return "the program ended at once";
		}
		nanosleep(&tick, NULL);
	}
	live_stop();
	return "the program opened no socket";
}

void live_signal(int sig)
{
	if (!program_pid)
		return;
	kill(program_pid, sig);
	if (sig == SIGKILL) {
		waitpid(program_pid, NULL, 0);
		program_pid = 0;
	} else if (sig == SIGSTOP) {
		waitpid(program_pid, NULL, WUNTRACED);
	}
}

void live_stop(void)
{
	live_signal(SIGKILL);
}

/* --- pictures */

struct live_peer *live_find(struct live_picture *pic, const struct wg_key *key)
{
	for (size_t i = 0; i < pic->n_peers; i++)
		if (wg_key_same(&pic->peers[i].ev.key, key))
			return &pic->peers[i];
	return NULL;
}

static void take(const struct wg_event *ev, void *arg)
{
	static struct live_peer *last;
	struct live_picture *pic = arg;

	switch (ev->kind) {
	case WG_EV_DEVICE:
		pic->device = *ev;
		break;
	case WG_EV_PEER:
		last = live_find(pic, &ev->key);
		if (!last) {
			assert(pic->n_peers < LIVE_PEERS);
			last = &pic->peers[pic->n_peers++];
		}
		last->ev = *ev;
		break;
	case WG_EV_PREFIX:
		if ((last->n & (last->n - 1)) == 0) {
			last->prefixes = realloc(last->prefixes,
						 (last->n ? last->n * 2 : 1) *
							 sizeof(ev->prefix));
			assert(last->prefixes);
		}
		last->prefixes[last->n++] = ev->prefix;
		break;
	case WG_EV_AGAIN:
		pic->agains++;
		for (size_t i = 0; i < pic->n_peers; i++)
			free(pic->peers[i].prefixes);
		memset(pic->peers, 0, sizeof(pic->peers));
		pic->n_peers = 0;
		break;
	case WG_EV_END:
		pic->ends++;
		break;
	case WG_EV_APPLIED:
		break;
	}
}

static int compare(const void *a, const void *b)
{
	return wg_prefix_cmp(a, b);
}

int live_read(struct wg_backend *be, struct live_picture *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	r = wg_backend_read(be);
	if (r == 0)
		r = drive(be, take, ret);
	for (size_t i = 0; i < ret->n_peers; i++)
		if (ret->peers[i].n)
			qsort(ret->peers[i].prefixes, ret->peers[i].n,
			      sizeof(struct wg_prefix), compare);
	return r;
}

void live_forget(struct live_picture *pic)
{
	for (size_t i = 0; i < pic->n_peers; i++)
		free(pic->peers[i].prefixes);
	memset(pic, 0, sizeof(*pic));
}

bool live_has(struct live_picture *pic, const struct wg_key *key,
	      const char *prefix)
{
	struct live_peer *peer = live_find(pic, key);
	struct wg_prefix p = a_prefix(prefix);

	return peer && peer->n &&
	       bsearch(&p, peer->prefixes, peer->n, sizeof(p), compare);
}

size_t live_prefixes(const struct live_picture *pic)
{
	size_t n = 0;

	for (size_t i = 0; i < pic->n_peers; i++)
		n += pic->peers[i].n;
	return n;
}
