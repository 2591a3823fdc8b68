// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Log files that somebody moves away.
 *
 * FRR's rule for logrotate renames all logs, makes new ones and sends SIGUSR1
 * to daemons that it names.  wgd is not among them, and a rule of our own for
 * the same files would be an error to logrotate.  So wgd looks after the files
 * that it writes itself: inotify tells when one is moved, and then, as soon as
 * there is a new one of its name, all are opened again.  Not before: logrotate
 * makes that file, and moves away what it finds in its place.
 *
 * libfrr does not tell what it logs to.  The files are those that this process
 * has open for appending, by the names that they had when they were first seen
 * here; a new `log file` is seen within LOOK_SECS, and compared then, so that
 * a lost message of inotify delays things and breaks nothing.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "log.h"

#include "frr-wgd/base/wgd.h"
#include "frr-wgd/base/wgd_log.h"

#define LOOK_SECS 1
#define WAIT_MSECS 20 /* between two looks for the new file */
#define WAIT_MAX 100  /* of them: who moved it makes none */
#define MAX_FILES 8   /* libfrr has three */

struct file {
	dev_t dev;
	ino_t ino;
	char name[PATH_MAX];
};

static struct file files[MAX_FILES];
static unsigned n_files;
static int notify = -1;
static unsigned waited;
static struct event *t_look, *t_wait, *t_notify;

static void look(struct event *event);

static const struct file *find(const struct stat *st)
{
	for (unsigned i = 0; i < n_files; i++) {
		if (files[i].dev == st->st_dev && files[i].ino == st->st_ino)
			return &files[i];
	}
	return NULL;
}

/* Is this a log?  Then what is known of it, or what is seen now. */
static bool read_fd(int fd, struct file *ret)
{
	char path[32];
	struct stat st;
	const struct file *known;
	ssize_t n;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || !(flags & O_APPEND) || fstat(fd, &st) < 0 ||
	    !S_ISREG(st.st_mode))
		return false;
	known = find(&st);
	if (known) {
		*ret = *known;
		return true;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, ret->name, sizeof(ret->name) - 1);
	if (n < 0 || !st.st_nlink)
		return false;
	ret->name[n] = '\0';
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	if (notify >= 0)
		inotify_add_watch(notify, path, IN_MOVE_SELF | IN_ATTRIB);
	return true;
}

static void read_files(void)
{
	static struct file found[MAX_FILES];
	unsigned n = 0;
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!dir)
		return;
	while (n < MAX_FILES && (entry = readdir(dir))) {
		if (*entry->d_name != '.' &&
		    read_fd(atoi(entry->d_name), &found[n]))
			n++;
	}
	closedir(dir);
	memcpy(files, found, n * sizeof(*found));
	n_files = n;
}

/* Its name is another file's, or (*ret_gone) nobody's. */
static bool is_moved(const struct file *f, bool *ret_gone)
{
	struct stat st;

	if (stat(f->name, &st) < 0) {
		*ret_gone = true;
		return true;
	}
	return st.st_dev != f->dev || st.st_ino != f->ino;
}

void wgd_log_rotate(void)
{
	zlog_rotate();
	/* What could not be opened anew is known by its present name. */
	n_files = 0;
	read_files();
}

static void look(struct event *event)
{
	bool moved = false, gone = false;

	for (unsigned i = 0; i < n_files; i++)
		moved |= is_moved(&files[i], &gone);
	if (gone && waited++ < WAIT_MAX) {
		event_add_timer_msec(wgd.master, look, NULL, WAIT_MSECS,
				     &t_wait);
		return;
	}
	waited = 0;
	if (moved)
		wgd_log_rotate();
	else
		read_files();
	event_cancel(&t_look);
	event_add_timer(wgd.master, look, NULL, LOOK_SECS, &t_look);
}

static void told(struct event *event)
{
	char buf[1024];

	/* Which one does not matter: all are compared. */
	while (read(notify, buf, sizeof(buf)) > 0)
		;
	event_add_read(wgd.master, told, NULL, notify, &t_notify);
	if (!event_is_scheduled(t_wait))
		look(NULL);
}

void wgd_log_init(void)
{
	notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (notify >= 0)
		event_add_read(wgd.master, told, NULL, notify, &t_notify);
	look(NULL);
}

void wgd_log_finish(void)
{
	event_cancel(&t_notify);
	event_cancel(&t_wait);
	event_cancel(&t_look);
	if (notify >= 0)
		close(notify);
	notify = -1;
}
