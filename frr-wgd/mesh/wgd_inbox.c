// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whoever may write into our folder brings an invite, and waits for what comes
 * of it: so the kernel tells us of files that are renamed to there, or closed.
 * What else lies there we write ourselves.
 *
 * This only saves time: what is brought is also looked for every few seconds,
 * where the folder came later than we did or cannot be watched.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <sys/inotify.h>

#include "frr-wgd/mesh/wgd_inbox.h"
#include "frr-wgd/mesh/wgd_mesh.h"

static int fd = -1;
static struct event *t_read;

/* NAME.invite is mesh NAME's. */
static void tell(const char *file)
{
	const char *end = strrchr(file, '.');

	if (!end || !strmatch(end, ".invite"))
		return;
	wgd_each_mesh (m)
		if (strlen(m->self->name) == (size_t)(end - file) &&
		    strncmp(m->self->name, file, end - file) == 0)
			wgd_mesh_act(m);
}

/* The folder itself may be gone: then it is watched anew, when it is there. */
static void came(struct event *t)
{
	union {
		struct inotify_event first; /* for its alignment */
		char b[4096];
	} buf;
	const struct inotify_event *e;
	ssize_t n = read(fd, buf.b, sizeof(buf.b)), at;
	bool lost = n < 0 && errno != EAGAIN && errno != EINTR;

	for (at = 0; at < n; at += sizeof(*e) + e->len) {
		e = (const struct inotify_event *)(buf.b + at);
		lost |= !!(e->mask & IN_IGNORED);
		if (e->len)
			tell(e->name);
	}
	if (lost)
		wgd_inbox_finish();
	else
		event_add_read(wgd.master, came, NULL, fd, &t_read);
}

void wgd_inbox_watch(void)
{
	char path[PATH_MAX];

	if (fd >= 0)
		return;
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0)
		return;
	wgd_self_folder(path, sizeof(path));
	if (inotify_add_watch(fd, path, IN_MOVED_TO | IN_CLOSE_WRITE) < 0) {
		wgd_inbox_finish();
		return;
	}
	event_add_read(wgd.master, came, NULL, fd, &t_read);
}

void wgd_inbox_finish(void)
{
	event_cancel(&t_read);
	if (fd >= 0)
		close(fd);
	fd = -1;
}
